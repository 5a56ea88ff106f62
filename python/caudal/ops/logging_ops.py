# SPDX-License-Identifier: Apache-2.0
"""Printing and assertions in graphs."""

import itertools
import os
import sys

from caudal.framework import dtypes, nest, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.tensor import Tensor
from caudal.ops import string_ops

_LEVELS = {"info": 20, "warning": 30, "warn": 30, "error": 40}
_LOGS = {20: "log(info)", 30: "log(warning)", 40: "log(error)"}


def Assert(condition, data, summarize=None, name=None):  # noqa: N802 - TensorFlow's name
    """An operation that fails when `condition` is false. Op: Assert.

    Nothing runs it by itself: use `tf.control_dependencies`.

    Args:
      condition: bool scalar.
      data: list of tensors for the error's text.
      summarize: elements shown of each; default 3, -1: all.
      name: name of the scope.

    Raises:
      InvalidArgumentError: when run with a false condition.
      TypeError: if `data` is not a list.
    """
    if tensor_util.is_tensor(data) or not isinstance(data, (list, tuple)):
        raise TypeError("Expected list for 'data' argument to 'Assert' Op, not %s." % (data,))
    with ops.name_scope(name, "Assert", [condition, list(data)]):
        plain = all(
            x.dtype.base_dtype in (dtypes.string, dtypes.int32)
            for x in ops.convert_n_to_tensor(data)
        )
        if plain:
            return apply("Assert", condition, list(data), summarize=summarize)
        # The values are looked at only when the assertion fails, so no branch guards the node.
        with ops.name_scope("AssertGuard"):
            return apply("Assert", condition, list(data), summarize=summarize)


def Print(input_, data, message=None, first_n=None, summarize=None, name=None):  # noqa: N802
    """`input_`, which prints `data` to the log whenever it is computed. Op: Print.

    Args:
      input_: Tensor.
      data: list of tensors.
      message: text in front.
      first_n: how many times to print; default: always.
      summarize: elements shown of each; default 3, -1: all.
      name: name of the node.
    """
    return apply("Print", input_, data, message=message, first_n=first_n, summarize=summarize,
                 name=name)  # fmt: skip


class _Place:
    """Stands for a tensor inside of a printed structure."""

    def __init__(self, marker):
        self._marker = marker

    def __repr__(self):
        return self._marker


def print_v2(*inputs, **kwargs):
    """An operation that prints its inputs. Ops: StringFormat, PrintV2.

    Args:
      *inputs: tensors, Python values, and structures of both.
      output_stream: sys.stderr (the default), sys.stdout, tf.logging.info, .warning, .error, or
        "file://" and a path.
      summarize: elements shown at both ends of each dimension; default 3, -1: all.
      sep: between the inputs, default a space.
      end: behind them, default a newline.
      name: name of the printing node.

    Raises:
      ValueError: for other keywords and streams.
    """
    stream = kwargs.pop("output_stream", sys.stderr)
    name = kwargs.pop("name", None)
    summarize = kwargs.pop("summarize", 3)
    separator = kwargs.pop("sep", " ")
    end = kwargs.pop("end", os.linesep)
    if kwargs:
        raise ValueError("Unrecognized keyword arguments for tf.print: %s" % kwargs)
    format_name = name + "_format" if name else None
    if len(inputs) == 1 and _is_string_scalar(inputs[0]):
        text = inputs[0]
    else:
        tensors = []
        marker = "{}"
        literal = repr([x for x in nest.flatten(list(inputs)) if not tensor_util.is_tensor(x)])
        for number in itertools.count(1):
            if marker not in literal:
                break
            marker = "{%d}" % number
        parts = []
        for item in inputs:
            if isinstance(item, str):
                parts.append(item)
                continue
            leaves = []
            for leaf in nest.flatten(item):
                if tensor_util.is_tensor(leaf):
                    tensors.append(ops.convert_to_tensor(leaf))
                    leaf = _Place(marker)
                leaves.append(leaf)
            import pprint

            parts.append(pprint.pformat(nest.pack_sequence_as(item, leaves)))
        text = string_ops.string_format(separator.join(parts), tensors, marker, summarize,
                                        format_name)  # fmt: skip
    return apply("PrintV2", text, output_stream=_stream_name(stream), end=end, name=name)


def _is_string_scalar(x):
    return isinstance(x, Tensor) and x.dtype.base_dtype == dtypes.string and x.shape.ndims == 0


def _stream_name(stream):
    for known, text in ((sys.stdout, "stdout"), (sys.stderr, "stderr"),
                        (sys.__stdout__, "stdout"), (sys.__stderr__, "stderr")):  # fmt: skip
        if stream is known or stream == text:
            return text
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    level = stream
    if callable(stream):  # tf.logging.info and its like
        level = _LEVELS.get(getattr(stream, "__name__", None))
    elif isinstance(stream, str):
        level = _LEVELS.get(stream.replace("tf.logging.", "").replace("log(", "").rstrip(")"))
    if level in _LOGS:
        return _LOGS[level]
    raise ValueError(
        "Unsupported output stream, logging level, or file.%s. Supported streams are sys.stdout, "
        "sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File needs to be in "
        "the form of 'file://<filepath>'." % (stream,)
    )


def timestamp(name=None):
    """Seconds since the epoch when run, float64 scalar. Op: Timestamp."""
    return apply("Timestamp", name=name)
