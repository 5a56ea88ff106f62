# SPDX-License-Identifier: Apache-2.0
"""Summaries of tensors, by their names and ranks."""

import functools
import re

from caudal import summary as summary_lib
from caudal.framework import dtypes, ops
from caudal.ops import math_ops

__all__ = [
    "summarize_activation",
    "summarize_activations",
    "summarize_biases",
    "summarize_collection",
    "summarize_tensor",
    "summarize_tensors",
    "summarize_variables",
    "summarize_weights",
]


def _once(function, tensor, tag):
    """The summary of a tag, made unless the graph has it."""
    for summary in ops.get_collection(ops.GraphKeys.SUMMARIES):
        if summary.op.name == tag or summary.op.name.endswith("/" + tag):
            return None
    return function(tag, tensor)


def summarize_tensor(tensor, tag=None):
    """A scalar summary of a scalar, a histogram of other tensors.

    Args:
      tensor: Tensor or Variable.
      tag: name of the summary; default: that of the tensor.
    """
    tag = tag or tensor.op.name
    if tensor.get_shape().ndims == 0:
        return _once(summary_lib.scalar, tensor, tag)
    return _once(summary_lib.histogram, tensor, tag)


def summarize_activation(op):
    """Summaries of an activation: how many are zero, for rectifiers; and a histogram.

    Args:
      op: Tensor.
    """
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        small = math_ops.less(op, math_ops.cast(1e-6, op.dtype))
        share = math_ops.reduce_mean(math_ops.cast(small, dtypes.float32))
        _once(summary_lib.scalar, share, "%s/zeros" % op.op.name)
    if op.op.type == "Relu6":
        large = math_ops.greater(op, math_ops.cast(6.0 - 1e-6, op.dtype))
        share = math_ops.reduce_mean(math_ops.cast(large, dtypes.float32))
        _once(summary_lib.scalar, share, "%s/sixes" % op.op.name)
    return _once(summary_lib.histogram, op, "%s/activation" % op.op.name)


def summarize_tensors(tensors, summarizer=summarize_tensor):
    """The summaries of several tensors, in a list."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(collection, name_filter=None, summarizer=summarize_tensor):
    """The summaries of the tensors of a collection.

    Args:
      collection: its name.
      name_filter: regular expression for the start of the names.
      summarizer: function of a tensor.
    """
    tensors = [
        t
        for t in ops.get_collection(collection)
        if name_filter is None or re.match(name_filter, t.op.name)
    ]
    return summarize_tensors(tensors, summarizer)


summarize_variables = functools.partial(summarize_collection, ops.GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, ops.GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, ops.GraphKeys.BIASES)


def summarize_activations(name_filter=None, summarizer=summarize_activation):
    """The summaries of GraphKeys.ACTIVATIONS."""
    return summarize_collection(ops.GraphKeys.ACTIVATIONS, name_filter, summarizer)
