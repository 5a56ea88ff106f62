# SPDX-License-Identifier: Apache-2.0
"""Ragged tensors from nested lists, of ranges, and functions of their values."""

import numpy as np

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops
from caudal.ops.ragged.ragged_tensor import RaggedTensor, RaggedTensorValue, is_ragged


def _is_list(x):
    return isinstance(x, (list, tuple))


def _depth(x):
    """How deep lists are nested; None for lists without an element below."""
    if not _is_list(x):
        return np.ndim(x)
    found = [d for d in map(_depth, x) if d is not None]
    if not found:
        return None
    if any(d != found[0] for d in found):
        raise ValueError("all scalar values must have the same nesting depth")
    return found[0] + 1


def _list_depth(x):
    """How deep lists are nested, lists without elements included."""
    return 1 + max(map(_list_depth, x), default=0) if _is_list(x) else np.ndim(x)


def _build(pylist, dtype, ragged_rank, inner_shape, splits_dtype, make, array):
    if not _is_list(pylist):
        if ragged_rank:
            raise ValueError("Invalid pylist=%r: incompatible with ragged_rank=%d"
                             % (pylist, ragged_rank))  # fmt: skip
        if inner_shape:
            raise ValueError("Invalid pylist=%r: incompatible with inner_shape=%s"
                             % (pylist, inner_shape))  # fmt: skip
        return array(pylist, dtype, ())
    scalar, deepest = _depth(pylist), _list_depth(pylist)
    if scalar is not None and deepest > scalar:
        raise ValueError("Invalid pylist=%r: empty list nesting is greater than scalar value "
                         "nesting" % (pylist,))  # fmt: skip
    depth = deepest
    if inner_shape is not None:
        inner_shape = tuple(inner_shape)
        expected = len(inner_shape)
        if ragged_rank is None:
            ragged_rank = max(1, depth - 1 - expected) if depth - 1 - expected > 0 else 0
        if ragged_rank + 1 + expected != depth and scalar is not None:
            raise ValueError("Invalid pylist=%r: incompatible with ragged_rank=%d and dim(inner_"
                             "shape)=%d" % (pylist, ragged_rank, expected))  # fmt: skip
    if ragged_rank is None:
        ragged_rank = depth - 1
    if ragged_rank >= depth and scalar is not None:
        raise ValueError(
            "pylist has scalar values depth %d, but ragged_rank=%d requires scalar value depth "
            "greater than %d" % (depth, ragged_rank, ragged_rank)
        )
    nested, values = [], pylist
    for _ in range(ragged_rank):
        splits = [0]
        for row in values:
            splits.append(splits[-1] + len(row))
        nested.append(np.array(splits, splits_dtype.as_numpy_dtype))
        values = [item for row in values for item in row]
    if inner_shape is None:
        inner = np.asarray(values, object if not values else None)
        inner_shape = inner.shape[1:] if values else ()
    result = array(values, dtype, (len(values), *inner_shape))
    for splits in reversed(nested):
        result = make(result, splits)
    return result


def constant(pylist, dtype=None, ragged_rank=None, inner_shape=None, name=None,
             row_splits_dtype=dtypes.int64):  # fmt: skip
    """A constant RaggedTensor of nested lists; a Tensor without ragged dimensions.

    Args:
      pylist: nested lists, tuples or arrays; all elements at one depth.
      dtype: of the values.
      ragged_rank: number of ragged dimensions, by default all but the innermost values' own.
      inner_shape: shape of the values below the ragged dimensions.
      name: prefix of the nodes.
      row_splits_dtype: int32 or int64.
    """
    with ops.name_scope(name, "RaggedConstant"):

        def array(values, dtype, shape):
            if not values and dtype is None and shape:
                dtype = dtypes.float32
            return array_ops.constant(values, dtype=dtype, shape=shape)

        return _build(
            pylist, dtype, ragged_rank, inner_shape, dtypes.as_dtype(row_splits_dtype),
            lambda v, s: RaggedTensor.from_row_splits(v, s, validate=False), array,
        )  # fmt: skip


def constant_value(pylist, dtype=None, ragged_rank=None, inner_shape=None,
                   row_splits_dtype="int64"):  # fmt: skip
    """`constant` as a RaggedTensorValue, or an array without ragged dimensions."""
    if dtype is not None and isinstance(dtype, dtypes.DType):
        dtype = dtype.as_numpy_dtype

    def array(values, dtype, shape):
        values = np.array(values, dtype=dtype)
        return values.reshape(shape) if shape else values

    return _build(
        pylist, dtype, ragged_rank, inner_shape, dtypes.as_dtype(row_splits_dtype),
        RaggedTensorValue, array,
    )  # fmt: skip


def placeholder(dtype, ragged_rank, value_shape=None, name=None):
    """A RaggedTensor of placeholders, fed with RaggedTensorValues."""
    if ragged_rank == 0:
        return array_ops.placeholder(dtype, value_shape, name)
    with ops.name_scope(name, "RaggedPlaceholder"):
        shape = None if value_shape is None else [None, *value_shape]
        result = array_ops.placeholder(dtype, shape, "flat_values")
        for i in reversed(range(ragged_rank)):
            splits = array_ops.placeholder(dtypes.int64, [None], "row_splits_%d" % i)
            result = RaggedTensor.from_row_splits(result, splits, validate=False)
        return result


def map_flat_values(op, *args, **kwargs):
    """`op` of the innermost values of all ragged arguments, which have the same rows."""
    ragged = [a for a in [*args, *kwargs.values()] if is_ragged(a)]

    def flat(value):
        return value.flat_values if is_ragged(value) else value

    if not ragged:
        return op(*args, **kwargs)
    ranks = {len(r.nested_row_splits) for r in ragged}
    if len(ranks) > 1:
        raise ValueError("All ragged inputs must have the same ragged_rank.")
    result = op(*map(flat, args), **{k: flat(v) for k, v in kwargs.items()})
    return ragged[0].with_flat_values(result)


def ragged_range(starts, limits=None, deltas=1, dtype=None, name=None,
                 row_splits_dtype=dtypes.int64):  # fmt: skip
    """One row from each start up to its limit."""
    splits_dtype = dtypes.as_dtype(row_splits_dtype)
    if limits is None:
        starts, limits = 0, starts
    with ops.name_scope(name, "RaggedRange", [starts, limits, deltas]):
        starts = ops.convert_to_tensor(starts, dtype=dtype, name="starts")
        limits = ops.convert_to_tensor(limits, dtype=dtype, name="limits")
        deltas = ops.convert_to_tensor(deltas, dtype=dtype or limits.dtype, name="deltas")
        if dtype is None:
            starts = math_ops.cast(starts, limits.dtype)
        starts, limits, deltas = (array_ops.reshape(t, [-1]) for t in (starts, limits, deltas))
        spans = limits - starts + array_ops.zeros_like(deltas)
        exact = math_ops.cast(spans, dtypes.float64) / math_ops.cast(deltas, dtypes.float64)
        lengths = math_ops.cast(math_ops.maximum(math_ops.ceil(exact), 0.0), splits_dtype)
        rows = RaggedTensor.from_row_lengths(
            array_ops.zeros([math_ops.reduce_sum(lengths)]), lengths, validate=False
        )
        ids = rows.value_rowids()
        places = array_ops.range(rows.row_splits[-1]) - array_ops.gather(rows.row_splits, ids)
        starts, deltas = (t + array_ops.zeros_like(spans) for t in (starts, deltas))
        values = array_ops.gather(starts, ids) + math_ops.cast(
            places, starts.dtype
        ) * array_ops.gather(deltas, ids)
        return rows.with_values(values)


def row_splits_to_segment_ids(splits, name=None, out_type=None):
    """The row of each value."""
    with ops.name_scope(name, "RaggedSplitsToSegmentIds"):
        rows = RaggedTensor.from_row_splits(array_ops.zeros([0]), splits, validate=False)
        ids = rows.value_rowids()
        return ids if out_type is None else math_ops.cast(ids, out_type)


def segment_ids_to_row_splits(segment_ids, num_segments=None, out_type=None, name=None):
    """Where rows begin, from the row of each value."""
    out_type = dtypes.int64 if out_type is None else dtypes.as_dtype(out_type)
    with ops.name_scope(name, "SegmentIdsToRaggedSplits"):
        ids = ops.convert_to_tensor(segment_ids, name="segment_ids")
        ids.shape.assert_has_rank(1)
        ids = math_ops.cast(ids, out_type)
        if num_segments is None:
            num_segments = math_ops.maximum(math_ops.reduce_max(ids) + 1, 0)
        num_segments = math_ops.cast(num_segments, out_type)
        lengths = apply("UnsortedSegmentSum", array_ops.ones_like(ids), ids, num_segments)
        return array_ops.concat([array_ops.zeros([1], out_type), math_ops.cumsum(lengths)], 0)
