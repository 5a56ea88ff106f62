# SPDX-License-Identifier: Apache-2.0
"""`tf.test.Benchmark`: measures how long operations take, and reports it."""

import sys
import time

import numpy as np

from caudal.framework import ops


def benchmark_config():
    """The `tf.ConfigProto` to measure with."""
    from caudal import proto

    return proto.ConfigProto()


class Benchmark:
    """Base class: each method whose name begins with "benchmark" measures something."""

    @classmethod
    def is_abstract(cls):
        return cls is Benchmark

    def _name(self, name):
        if name is not None:
            return "%s.%s" % (type(self).__name__, name)
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_name.startswith("benchmark"):
                return "%s.%s" % (type(self).__name__, frame.f_code.co_name)
            frame = frame.f_back
        raise ValueError("Unable to determine calling Benchmark class.")

    def report_benchmark(
        self, iters=None, cpu_time=None, wall_time=None, throughput=None, extras=None, name=None,
        metrics=None
    ):  # fmt: skip
        """Prints one result.

        Args:
          iters: number of repetitions.
          cpu_time, wall_time: seconds for one.
          throughput: MB per second.
          extras: dict of further values.
          name: default: the name of the calling method.
          metrics: list of dicts with the keys "name", "value", "min_value", "max_value".
        """
        values = {
            "name": self._name(name),
            "iters": iters,
            "cpu_time": cpu_time,
            "wall_time": wall_time,
            "throughput": throughput,
            "extras": extras,
            "metrics": metrics,
        }
        parts = ["%s: %r" % item for item in values.items() if item[1] is not None]
        print("entry { %s }" % ", ".join(parts), file=sys.stderr)

    def run_op_benchmark(
        self, sess, op_or_tensor, feed_dict=None, burn_iters=2, min_iters=10, store_trace=False,
        store_memory_usage=True, name=None, extras=None, mbs=0
    ):  # fmt: skip
        """Runs something again and again and reports the median time.

        Args:
          sess: the session.
          op_or_tensor: what to run.
          feed_dict: as in `Session.run`.
          burn_iters: runs before those that count.
          min_iters: runs that count.
          store_trace, store_memory_usage: accepted as in TensorFlow.
          name, extras: as in `report_benchmark`.
          mbs: megabytes that one run moves.

        Returns:
          A dict with "name", "iters", "wall_time", "throughput" and "extras".
        """
        target = op_or_tensor.op if hasattr(op_or_tensor, "op") else op_or_tensor
        for _ in range(burn_iters):
            sess.run(target, feed_dict)
        times = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(target, feed_dict)
            times.append(time.perf_counter() - start)
        extras = dict(extras or {})
        for q in (0, 25, 50, 75, 100):
            extras["wall_time_%d" % q] = float(np.percentile(times, q)) if times else 0.0
        median = float(np.median(times)) if times else 0.0
        throughput = mbs / median if median else 0.0
        self.report_benchmark(min_iters, None, median, throughput, extras, name)
        return {
            "name": self._name(name),
            "iters": min_iters,
            "wall_time": median,
            "throughput": throughput,
            "extras": extras,
        }

    def evaluate(self, tensors):
        """The values of a structure of tensors, in the default session."""
        sess = ops.get_default_session()
        if sess is None:
            from caudal.client import session

            with session.Session() as sess:
                return sess.run(tensors)
        return sess.run(tensors)
