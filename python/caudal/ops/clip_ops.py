# SPDX-License-Identifier: Apache-2.0
"""Limiting values and norms of tensors."""

import collections.abc

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import math_ops


def _sliced(t):
    """(the dense tensor of t, a function that puts a new one back)."""
    if isinstance(t, ops.IndexedSlices):
        return t.values, lambda values: ops.IndexedSlices(values, t.indices, t.dense_shape)
    return ops.convert_to_tensor(t, name="t"), lambda values: values


def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """Each element moved into [clip_value_min, clip_value_max]. Ops: Minimum, Maximum.

    Args:
      t: a tensor of numbers, or IndexedSlices, of which the values are clipped.
      clip_value_min, clip_value_max: numbers or tensors that broadcast to the shape of t.

    Raises:
      ValueError: if broadcasting would make the result larger than t.
    """
    with ops.name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values, wrap = _sliced(t)
        low = math_ops.minimum(values, clip_value_max)
        values.shape.merge_with(low.shape)
        high = math_ops.maximum(low, clip_value_min, name=scope)
        values.shape.merge_with(high.shape)
        return wrap(high)


def clip_by_norm(t, clip_norm, axes=None, name=None):
    """Scales t so that its Euclidean norm is at most `clip_norm`.

    Args:
      t: a float tensor or IndexedSlices.
      clip_norm: a positive number or scalar.
      axes: the axes over which the norm is taken, each slice by itself; None: all.
    """
    with ops.name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values, wrap = _sliced(t)
        squares = math_ops.reduce_sum(values * values, axes, keepdims=True)
        # The square root sees 1 instead of 0, so that its gradient stays finite.
        positive = squares > 0
        one = ops.convert_to_tensor(1, dtype=squares.dtype.base_dtype, name="Const")
        ones = apply("Fill", apply("Shape", squares), one, name="ones_like")
        root = math_ops.sqrt(apply("Select", positive, squares, ones))
        norm = apply("Select", positive, root, squares)
        scaled = values * clip_norm
        values.shape.merge_with(scaled.shape)
        return wrap(apply("Identity", scaled / math_ops.maximum(norm, clip_norm), name=scope))


def clip_by_average_norm(t, clip_norm, name=None):
    """Scales t so that its Euclidean norm divided by its number of elements is at most
    `clip_norm`."""
    with ops.name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = ops.convert_to_tensor(t, name="t")
        count = math_ops.cast(apply("Size", t), dtypes.float32)
        inverse = math_ops.rsqrt(math_ops.reduce_sum(t * t))
        scaled = t * clip_norm
        ratio = inverse * count
        one = ops.convert_to_tensor(1.0, name="Const")
        factor = math_ops.minimum(ratio, one / clip_norm)
        return apply("Identity", scaled * factor, name=scope)


def _tensor_list(t_list, name):
    if not isinstance(t_list, collections.abc.Sequence) or isinstance(t_list, (str, bytes)):
        raise TypeError("t_list should be a sequence")
    return [
        t
        if t is None or isinstance(t, ops.IndexedSlices)
        else ops.convert_to_tensor(t, name="%s_%d" % (name, i))
        for i, t in enumerate(t_list)
    ]


def global_norm(t_list, name=None):
    """The Euclidean norm of all tensors of a list together. Op: L2Loss for each.

    Args:
      t_list: a sequence of float tensors, IndexedSlices or None, which counts as zero.

    Raises:
      TypeError: if t_list is not a sequence.
    """
    with ops.name_scope(name, "global_norm", None):
        halves = []
        for t in _tensor_list(t_list, "t"):
            if t is None:
                continue
            values = t.values if isinstance(t, ops.IndexedSlices) else t
            with ops.colocate_with(values):
                halves.append(apply("L2Loss", values))
        stacked = apply("Pack", halves, axis=0, name="stack") if halves else []
        total = math_ops.reduce_sum(stacked)
        two = ops.convert_to_tensor(2.0, dtype=total.dtype, name="Const")
        return math_ops.sqrt(total * two, name="global_norm")


def clip_by_global_norm(t_list, clip_norm, use_norm=None, name=None):
    """Scales all tensors of a list by one factor, so that their norm together is at most
    `clip_norm`.

    Args:
      t_list: a sequence of float tensors, IndexedSlices or None, which stays None.
      clip_norm: a positive number or scalar.
      use_norm: the norm of t_list if it is known; `global_norm(t_list)` when None.

    Returns:
      (list of scaled tensors, the norm before scaling). If that is not finite, the tensors are
      filled with NaN.
    """
    t_list = _tensor_list(t_list, "t")
    if use_norm is None:
        use_norm = global_norm(t_list)
    with ops.name_scope(name, "clip_by_global_norm", [use_norm, clip_norm]) as scope:
        use_norm = ops.convert_to_tensor(use_norm, name="use_norm")
        one = ops.convert_to_tensor(1.0, dtype=use_norm.dtype, name="Const")
        smaller = math_ops.minimum(1.0 / use_norm, one / clip_norm)
        factor = clip_norm * smaller
        nan = ops.convert_to_tensor(float("nan"), dtype=use_norm.dtype, name="Const")
        factor = apply("Select", math_ops.is_finite(use_norm), factor, nan)
        clipped = []
        for i, t in enumerate(t_list):
            if t is None:
                clipped.append(None)
                continue
            values, wrap = _sliced(t)
            with ops.colocate_with(values):
                scaled = apply("Identity", values * factor, name="%s_%d" % (scope, i))
            clipped.append(wrap(scaled))
        return clipped, use_norm


__all__ = [
    "clip_by_average_norm",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "global_norm",
]
