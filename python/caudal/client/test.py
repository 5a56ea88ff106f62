# SPDX-License-Identifier: Apache-2.0
"""Testing: contents of `tf.test`."""

import os
import sys
import tempfile
import unittest
from unittest import mock

from caudal.client.test_case import TestCase
from caudal.framework.absent import module_getattr as _module_getattr

__all__ = [
    "StubOutForTesting",
    "TestCase",
    "compute_gradient",
    "compute_gradient_error",
    "get_temp_dir",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_built_with_gpu_support",
    "is_built_with_rocm",
    "is_gpu_available",
    "main",
    "mock",
    "test_src_dir_path",
]

_temp_dir = None


def main(argv=None):
    """Runs all tests of the program."""
    unittest.main(argv=sys.argv if argv is None else argv)


def get_temp_dir():
    """A directory for files of tests; the same one for the whole process."""
    global _temp_dir
    if _temp_dir is None:
        _temp_dir = tempfile.mkdtemp(prefix="caudal_test_")
    return _temp_dir


def _devices():
    from caudal.client import session
    from caudal.framework import ops

    with ops.Graph().as_default(), session.Session() as sess:
        return [getattr(d, "name", d) for d in sess.list_devices()]


def gpu_device_name():
    """The name of the first GPU ("/device:GPU:0"), or ""."""
    for name in _devices():
        if "GPU:" in name:
            return "/device:GPU:" + name.rsplit(":", 1)[1]
    return ""


def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    """Whether a session can use a GPU."""
    return bool(gpu_device_name())


def is_built_with_cuda():
    """Whether this build has kernels for CUDA."""
    from caudal.framework import build_info

    return build_info.has_kernels("GPU", "MatMul")


is_built_with_gpu_support = is_built_with_cuda


def is_built_with_rocm():
    """Whether this build has kernels for ROCm: no."""
    return False


def test_src_dir_path(relative_path):
    """The path of a file of the package, given from the package's directory."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.path.join(package, relative_path)


test_src_dir_path.__test__ = False


class StubOutForTesting:
    """Replaces attributes and puts the old ones back, also at the end of a `with`."""

    def __init__(self):
        self._replaced = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.CleanUp()

    def CleanUp(self):
        self.SmartUnsetAll()
        self.UnsetAll()

    def Set(self, parent, child_name, new_child):
        """Replaces the attribute `child_name` of `parent`."""
        own = vars(parent).get(child_name) if isinstance(parent, type) else None
        old = own if isinstance(own, (staticmethod, classmethod)) else getattr(parent, child_name)
        self._replaced.append((parent, child_name, old))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def UnsetAll(self):
        while self._replaced:
            setattr(*self._replaced.pop())

    SmartUnsetAll = UnsetAll


def compute_gradient(
    x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None, extra_feed_dict=None
):
    """(theoretical, numerical) Jacobian of `y` by `x`, as arrays [elements of x, elements of y].

    Args:
      x: Tensor or list of Tensors.
      x_shape: shape or list of shapes.
      y: Tensor.
      y_shape: shape of `y`.
      x_init_value: where to take it; default: random values.
      delta: step of the central differences.
      init_targets: operations to run before.
      extra_feed_dict: more feeds.
    """
    from caudal.client import gradient_checker

    return gradient_checker.compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )


def compute_gradient_error(
    x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None, extra_feed_dict=None
):
    """The largest difference between the two Jacobians of `compute_gradient`."""
    from caudal.client import gradient_checker

    return gradient_checker.compute_gradient_error(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )


def assert_equal_graph_def(actual, expected, checkpoint_v2=False, hash_table_shared_name=False):
    """Fails unless two GraphDefs have the same nodes, in whatever order.

    Args:
      actual, expected: GraphDef messages.
      checkpoint_v2: leaves out the names of temporary files of sharded checkpoints.
      hash_table_shared_name: leaves out shared names that tables made up.

    Raises:
      AssertionError: naming the nodes that differ.
      TypeError: for what is no GraphDef.
    """
    from caudal import proto

    nodes = []
    for which, message in (("actual", actual), ("expected", expected)):
        if not hasattr(message, "node"):
            raise TypeError("Expected tf.GraphDef for %s, got %s" % (which, type(message).__name__))
        copy = proto.GraphDef()
        copy.CopyFrom(proto.of(proto.GraphDef, message))
        for node in copy.node:
            if checkpoint_v2 and node.op == "Const" and "StringJoin" in node.name:
                node.attr["value"].tensor.string_val[:] = []
            if hash_table_shared_name and node.op in ("HashTable", "HashTableV2"):
                node.attr["shared_name"].s = b""
        nodes.append({node.name: node for node in copy.node})
    different = [
        "%s:\n  %s\n  %s" % (name, *(str(n.get(name, "missing")).strip() for n in nodes))
        for name in sorted({*nodes[0], *nodes[1]})
        if nodes[0].get(name) != nodes[1].get(name)
    ]
    if different:
        raise AssertionError("the graphs differ in\n" + "\n".join(different))


_later = {"caudal.client.benchmark": "Benchmark benchmark_config"}
__getattr__ = _module_getattr("test", _later, home=__name__)
