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


def summarize_tensor(tensor, tag=None):
    """A scalar summary of a scalar, a histogram of other tensors; None for strings and bools.

    Args:
      tensor: Tensor or Variable.
      tag: name of the summary; default: that of the tensor and "_summary".
    """
    if tensor.dtype.base_dtype in (dtypes.string, dtypes.bool):
        return None
    tag = tag or "%s_summary" % tensor.op.name
    if tensor.get_shape().ndims == 0:
        return summary_lib.scalar(tag, tensor)
    return summary_lib.histogram(tag, tensor)


def summarize_activation(op):
    """Summaries of an activation: how many are zero, for rectifiers; and a histogram.

    Args:
      op: Tensor.
    """
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        before = op.op.inputs[0]
        small = math_ops.less(before, math_ops.cast(1e-6, before.dtype))
        share = math_ops.reduce_mean(math_ops.to_float(small))
        summary_lib.scalar("%s/zeros" % op.op.name, share)
    if op.op.type == "Relu6":
        large = math_ops.greater(before, math_ops.cast(6.0 - 1e-6, before.dtype))
        share = math_ops.reduce_mean(math_ops.to_float(large))
        summary_lib.scalar("%s/sixes" % op.op.name, share)
    return summary_lib.histogram("%s/activation" % op.op.name, op)


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
