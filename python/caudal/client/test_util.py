# SPDX-License-Identifier: Apache-2.0
"""What tests of TensorFlow decorate themselves with, and helpers for their data."""

import contextlib
import functools
import gc
import itertools
import unittest

import numpy as np

from caudal.client import test
from caudal.client.test_case import TestCase
from caudal.framework import ops

TensorFlowTestCase = TestCase


def _in_graph(function):
    """Runs a test in the graph of its own that TestCase gives it."""

    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        return function(self, *args, **kwargs)

    return wrapper


def _plain_or_called(function=None, **unused):
    """A decorator that is written with or without a call, and runs its test as it is: graphs are
    the only mode."""
    return _in_graph(function) if callable(function) else _in_graph


def run_deprecated_v1(func=None):
    return _plain_or_called(func)


def run_in_graph_and_eager_modes(
    func=None, config=None, use_gpu=True, reset_test=True, assert_no_eager_garbage=False
):
    return _plain_or_called(func)


def deprecated_graph_mode_only(func=None):
    return _plain_or_called(func)


def assert_no_new_tensors(f):
    """Fails a test after which more graphs' tensors live than before."""

    @functools.wraps(f)
    def wrapper(self, *args, **kwargs):
        def alive():
            return {id(o) for o in gc.get_objects() if isinstance(o, ops.Tensor)}

        before = alive()
        with ops.Graph().as_default():
            result = f(self, *args, **kwargs)
        gc.collect()
        new = alive() - before
        self.assertEqual(len(new), 0, "tensors that outlive the test")
        return result

    return wrapper


def assert_no_garbage_created(f):
    """Fails a test that leaves objects which only the garbage collector can free."""

    @functools.wraps(f)
    def wrapper(self, *args, **kwargs):
        gc.collect()
        flags, known = gc.get_debug(), len(gc.garbage)
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            result = f(self, *args, **kwargs)
            gc.collect()
            self.assertEqual(len(gc.garbage), known)
        finally:
            gc.set_debug(flags)
            del gc.garbage[known:]
        return result

    return wrapper


def run_v1_only(reason=None, func=None):
    """Tests of behaviour that only TensorFlow 1 has run here."""
    if callable(reason):
        return reason
    return func if func is not None else lambda thing: thing


def run_v2_only(func=None):
    return unittest.skip("for TensorFlow 2 alone")(func)


def run_gpu_only(func=None):
    return unittest.skipUnless(test.is_gpu_available(), "needs a GPU")(func)


run_cuda_only = run_gpu_only


def skip_if(condition):
    """Skips a test when the condition, a bool or a function, holds."""

    def decorate(function):
        @functools.wraps(function)
        def wrapper(self, *args, **kwargs):
            holds = condition() if callable(condition) else condition
            return None if holds else function(self, *args, **kwargs)

        return wrapper

    return decorate


def for_all_test_methods(decorator, *args, **kwargs):
    """A class decorator that decorates every test."""

    def decorate(cls):
        for name in dir(cls):
            value = getattr(cls, name)
            if name.startswith(unittest.TestLoader.testMethodPrefix) and callable(value):
                if name != "test_session":
                    setattr(cls, name, decorator(*args, **kwargs)(value))
        return cls

    return decorate


def _same(thing):
    return thing


def disable_xla(description):
    return _same


def disable_all_xla(description):
    return _same


def enable_control_flow_v2(fn):
    return fn


def disable_control_flow_v2(unused_msg):
    return _same


def enable_all_control_flow_v2(cls):
    return cls


with_control_flow_v2 = enable_all_control_flow_v2
run_all_in_graph_and_eager_modes = run_all_in_deprecated_graph_mode_only = _same
also_run_as_tf_function = _same


@contextlib.contextmanager
def use_gpu():
    """A block on a GPU if there is one."""
    with ops.device(test.gpu_device_name() or "/device:CPU:0"):
        yield


force_gpu = use_gpu


@contextlib.contextmanager
def force_cpu():
    with ops.device("/device:CPU:0"):
        yield


@contextlib.contextmanager
def device(use_gpu):  # noqa: A002
    with ops.device((use_gpu and test.gpu_device_name()) or "/device:CPU:0"):
        yield


def gpu_device_name():
    return test.gpu_device_name()


def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    return test.is_gpu_available(cuda_only, min_cuda_compute_capability)


def IsMklEnabled():
    return False


def GpuSupportsHalfMatMulAndConv():
    return test.is_gpu_available()


def NHWCToNCHW(input_tensor):
    """A shape, array or tensor of rank 4 or 5 with its channels moved to dimension 1."""
    return _permuted(input_tensor, {4: [0, 3, 1, 2], 5: [0, 4, 1, 2, 3]})


def NCHWToNHWC(input_tensor):
    """A shape, array or tensor of rank 4 or 5 with its channels moved to the end."""
    return _permuted(input_tensor, {4: [0, 2, 3, 1], 5: [0, 2, 3, 4, 1]})


def _permuted(value, orders):
    if isinstance(value, ops.Tensor):
        from caudal.ops import array_ops

        return array_ops.transpose(value, orders[value.shape.ndims])
    if isinstance(value, np.ndarray) and value.ndim > 1:
        return np.transpose(value, orders[value.ndim])
    return [value[i] for i in orders[len(value)]]


def generate_combinations_with_testcase_name(**kwargs):
    """Dictionaries with every combination of the values, each with a name for absl's tests."""
    out = []
    for values in itertools.product(*kwargs.values()):
        case = dict(zip(kwargs, values))
        parts = [
            "_%s_%s" % ("".join(filter(str.isalnum, str(k))), _word(v)) for k, v in case.items()
        ]
        out.append({**case, "testcase_name": "_test" + "".join(parts)})
    return out


def _word(value):
    return "".join(filter(str.isalnum, str(value)))
