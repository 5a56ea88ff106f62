# SPDX-License-Identifier: Apache-2.0
"""What a training loop leaves in a folder: summaries, checkpoints, traces."""

import os
import time

from caudal import summary as summary_lib
from caudal.framework import ops
from caudal.platform import tf_logging
from caudal.train import checkpoint_management, training_util
from caudal.train import saver as saver_lib

_NAME = "model.ckpt"


class _Clock:
    """True once, and again whenever `seconds` have passed since; never for 0."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._due = 0 if seconds else None

    def is_due(self):
        now = time.monotonic()
        if self._due is None or now < self._due:
            return False
        self._due = now + self._seconds
        return True


class Progress:
    """Writes summaries and checkpoints while a loop runs.

    Args:
      logdir: the folder; None: nothing is written.
      graph: the graph; what has to be added to it is added now.
      saver: a Saver; None: one of all variables.
      summary_op: a string tensor; None: no summaries.
      summary_writer: a FileWriter; None: no summaries; "default": one for `logdir`.
      save_summaries_secs, save_interval_secs: how often to write; 0: never.
    """

    def __init__(self, logdir, graph, global_step, saver=None, summary_op=None,
                 summary_writer="default", save_summaries_secs=600,
                 save_interval_secs=600):  # fmt: skip
        self._logdir = logdir
        self._step = global_step
        self._saver = None
        self.writer = None
        if not logdir:
            return
        self._saver = saver or saver_lib.Saver()
        self._summary_op = summary_op
        self._own_writer = summary_writer == "default"
        self.writer = summary_lib.FileWriter(logdir) if self._own_writer else summary_writer
        self._summary_clock = _Clock(save_summaries_secs)
        self._save_clock = _Clock(save_interval_secs)
        if self.writer is not None:
            self.writer.add_graph(graph)

    def restore(self, session):
        """Restores the last checkpoint of the folder; False if there is none."""
        found = self._saver and checkpoint_management.latest_checkpoint(self._logdir)
        if found:
            self._saver.restore(session, found)
        return bool(found)

    def step(self, session):
        """To be called before each step: writes what is due."""
        if not self._logdir:
            return
        if self.writer is not None and self._summary_op is not None:
            if self._summary_clock.is_due():
                self._summarize(session)
        if self._save_clock.is_due():
            self._save(session)

    def end(self, session):
        """To be called after the last step."""
        if not self._logdir:
            return
        tf_logging.info("Finished training! Saving model to disk.")
        self._save(session)
        if self.writer is not None:
            if self._summary_op is not None:
                self._summarize(session)
            self.close()

    def close(self):
        """Closes a writer of its own."""
        if self.writer is not None:
            self.writer.flush()
            if self._own_writer:
                self.writer.close()

    def _summarize(self, session):
        step = training_util.global_step(session, self._step)
        self.writer.add_summary(session.run(self._summary_op), step)

    def _save(self, session):
        step = training_util.global_step(session, self._step)
        self._saver.save(session, os.path.join(self._logdir, _NAME), global_step=step)


def default_summary_op(graph):
    """All summaries of a graph merged, made once; None if there are none."""
    collection = graph.get_collection_ref(ops.GraphKeys.SUMMARY_OP)
    if not collection:
        with graph.as_default():
            merged = summary_lib.merge_all()
        if merged is None:
            return None
        collection.append(merged)
    return collection[0]


def write_trace(metadata, logdir, step, writer=None):
    """Writes the trace of a step for Chrome's viewer, and for TensorBoard if there is a writer."""
    from caudal.client import timeline

    path = os.path.join(logdir, "tf_trace-%d.json" % step)
    tf_logging.info("Writing trace to %s", path)
    with open(path, "w") as file:
        file.write(timeline.Timeline(metadata.step_stats).generate_chrome_trace_format())
    if writer is not None:
        writer.add_run_metadata(metadata, "run_metadata-%d" % step)
