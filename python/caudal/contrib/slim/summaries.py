# SPDX-License-Identifier: Apache-2.0
"""Summaries of tensors, one or many, by their names."""

from caudal import summary as summary_lib
from caudal.framework import ops
from caudal.ops import logging_ops, nn_impl

__all__ = [
    "add_histogram_summaries",
    "add_histogram_summary",
    "add_image_summaries",
    "add_image_summary",
    "add_scalar_summaries",
    "add_scalar_summary",
    "add_zero_fraction_summaries",
    "add_zero_fraction_summary",
]


def _name(tensor, name, prefix, postfix=None):
    name = name or tensor.op.name
    if prefix:
        name = prefix + "/" + name
    return name + "/" + postfix if postfix else name


def add_histogram_summary(tensor, name=None, prefix=None):
    """A histogram of a tensor, under `prefix`/`name`."""
    return summary_lib.histogram(_name(tensor, name, prefix), tensor)


def add_image_summary(tensor, name=None, prefix=None, print_summary=False):
    """Images of a tensor, under `prefix`/`name`; printed as well, if wanted."""
    summary_name = _name(tensor, name, prefix)
    summary = summary_lib.image(summary_name, tensor, collections=_unless(print_summary))
    return _printed(summary, tensor, summary_name, print_summary)


def add_scalar_summary(tensor, name=None, prefix=None, print_summary=False):
    """A scalar, under `prefix`/`name`; printed as well, if wanted."""
    summary_name = _name(tensor, name, prefix)
    summary = summary_lib.scalar(summary_name, tensor, _unless(print_summary))
    return _printed(summary, tensor, summary_name, print_summary)


def add_zero_fraction_summary(tensor, name=None, prefix=None, print_summary=False):
    """The share of zeros in a tensor, under `prefix`/`name`."""
    summary_name = _name(tensor, name, prefix, "Fraction_of_Zero_Values")
    share = nn_impl.zero_fraction(tensor)
    summary = summary_lib.scalar(summary_name, share, _unless(print_summary))
    return _printed(summary, share, summary_name, print_summary)


def _unless(printed):
    """The collections of a summary: its printing form is in them, if there is one."""
    return [] if printed else None


def _printed(summary, tensor, name, wanted):
    if not wanted:
        return summary
    summary = logging_ops.Print(summary, [tensor], name)
    ops.add_to_collection(ops.GraphKeys.SUMMARIES, summary)
    return summary


def add_histogram_summaries(tensors, prefix=None):
    """`add_histogram_summary` of each."""
    return [add_histogram_summary(t, prefix=prefix) for t in tensors]


def add_image_summaries(tensors, prefix=None):
    """`add_image_summary` of each."""
    return [add_image_summary(t, prefix=prefix) for t in tensors]


def add_scalar_summaries(tensors, prefix=None, print_summary=False):
    """`add_scalar_summary` of each."""
    return [add_scalar_summary(t, prefix=prefix, print_summary=print_summary) for t in tensors]


def add_zero_fraction_summaries(tensors, prefix=None):
    """`add_zero_fraction_summary` of each."""
    return [add_zero_fraction_summary(t, prefix=prefix) for t in tensors]
