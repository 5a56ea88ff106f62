# SPDX-License-Identifier: Apache-2.0
"""Sorting along an axis, by way of TopKV2."""

from caudal.framework import ops, tensor_util
from caudal.ops import array_ops, math_ops, nn_ops


def sort(values, axis=-1, direction="ASCENDING", name=None):
    """The entries along an axis in order. Op: TopKV2.

    Args:
      values: a numeric tensor of rank at least 1.
      axis: a Python int.
      direction: "ASCENDING" or "DESCENDING".

    Raises:
      ValueError: for another direction, or an axis that is no constant.
    """
    with ops.name_scope(name, "sort"):
        return _sorted(values, axis, direction, 0)


def argsort(values, axis=-1, direction="ASCENDING", stable=False, name=None):
    """Indices (int32) that put the entries along an axis in order, equal ones as they stand.
    Op: TopKV2.

    Args:
      values: a numeric tensor of rank at least 1.
      axis: a Python int.
      direction: "ASCENDING" or "DESCENDING".
      stable: has no effect: the order is always stable.
    """
    with ops.name_scope(name, "argsort"):
        return _sorted(values, axis, direction, 1)


def _swap_with_last(rank, at):
    """The permutation, a tensor, that swaps an axis with the last one."""
    each = array_ops.range(rank)
    at = at if at >= 0 else rank + at
    swapped = array_ops.where(
        math_ops.equal(each, at), array_ops.ones_like(each) * (rank - 1), each
    )
    return array_ops.where(math_ops.equal(each, rank - 1), array_ops.ones_like(each) * at, swapped)


def _sorted(values, axis, direction, which):
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError("direction should be one of ASCENDING, DESCENDING, got %r" % (direction,))
    at = tensor_util.constant_value(ops.convert_to_tensor(axis, name="axis"))
    if at is None or at.ndim:
        raise ValueError("axis must be a constant scalar, got %r" % (axis,))
    values = ops.convert_to_tensor(values, name="values")
    rank = values.shape.rank
    at = int(at)
    if rank is not None and not -rank <= at < rank:
        raise ValueError("axis %d is out of range for values of rank %d" % (at, rank))
    swap = None
    if at != -1 and at + 1 != rank:
        if rank is None:
            swap = _swap_with_last(array_ops.rank(values), at)
        else:
            swap = list(range(rank))
            swap[at], swap[-1] = swap[-1], swap[at]
        values = array_ops.transpose(values, swap)
    ascending = direction == "ASCENDING"
    keys = values
    if ascending:
        # The complement keeps the order of integers without overflow.
        integer = values.dtype.is_integer
        top = values.dtype.max if values.dtype.is_unsigned else -1
        top = array_ops.constant(top, dtype=values.dtype) if integer else None
        keys = math_ops.subtract(top, values) if integer else -values
    found = nn_ops.top_k(keys, array_ops.shape(keys)[-1])[which]
    if ascending and which == 0:
        found = math_ops.subtract(top, found) if integer else -found
    return found if swap is None else array_ops.transpose(found, swap)
