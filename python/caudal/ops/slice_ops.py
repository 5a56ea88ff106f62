# SPDX-License-Identifier: Apache-2.0
"""`tensor[...]`: NumPy's basic indexing as one StridedSlice node."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape
from caudal.framework.op_factory import apply

newaxis = None

_INDEX_TEXT = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices, got %r"
)


def _check_index(index):
    if isinstance(index, (int, np.integer, tensor_shape.Dimension)) and not isinstance(index, bool):
        return
    dtype = getattr(index, "dtype", None)
    if dtype is None or isinstance(index, np.ndarray) and index.shape != ():
        raise TypeError(_INDEX_TEXT % (index,))
    try:
        kind = dtypes.as_dtype(dtype).base_dtype
    except TypeError:
        raise TypeError(_INDEX_TEXT % (index,)) from None
    rank = index.shape.rank if isinstance(index, ops.Tensor) else None
    if kind not in (dtypes.int32, dtypes.int64) or rank not in (None, 0):
        raise TypeError(_INDEX_TEXT % (index,))


def _is_mask(spec):
    if isinstance(spec, (bool, np.bool_)):
        return True
    dtype = getattr(spec, "dtype", None)
    if dtype is None:
        return False
    return dtype == np.bool_ if isinstance(spec, np.ndarray) else dtypes.bool == dtype


def slice_helper(tensor, slice_spec, var=None):
    """What `tensor[slice_spec]` means. Op: StridedSlice.

    Args:
      tensor: a tensor.
      slice_spec: ints, slices with steps of either sign, `...`, None (a new axis), scalar int
        tensors, or a tuple of these; a boolean tensor selects as `tf.boolean_mask`.
      var: the variable behind `tensor`, for assignments to slices.

    Raises:
      TypeError: for anything else.
      ValueError: for indices that are out of range.
    """
    if _is_mask(slice_spec):
        from caudal.ops import array_ops

        return array_ops.boolean_mask(tensor, slice_spec)
    if not isinstance(slice_spec, (list, tuple)):
        slice_spec = (slice_spec,)
    begin, end, strides = [], [], []
    begin_mask = end_mask = ellipsis_mask = new_axis_mask = shrink_axis_mask = 0
    for i, s in enumerate(slice_spec):
        bit = 1 << i
        if isinstance(s, slice):
            for part in (s.start, s.stop, s.step):
                if part is not None:
                    _check_index(part)
            begin.append(0 if s.start is None else s.start)
            end.append(0 if s.stop is None else s.stop)
            strides.append(1 if s.step is None else s.step)
            begin_mask |= bit if s.start is None else 0
            end_mask |= bit if s.stop is None else 0
            continue
        if s is Ellipsis:
            ellipsis_mask |= bit
        elif s is None:
            new_axis_mask |= bit
        else:
            _check_index(s)
            begin.append(s)
            end.append(s + 1)
            strides.append(1)
            shrink_axis_mask |= bit
            continue
        begin.append(0)
        end.append(0)
        strides.append(1)
    with ops.name_scope(None, "strided_slice", [tensor] + begin + end + strides) as scope:
        if begin:
            packed = [_vector(v) for v in (begin, end, strides)]
            if any(p.dtype == dtypes.int64 for p in packed):
                packed = [
                    p if p.dtype == dtypes.int64 else apply("Cast", p, DstT=dtypes.int64)
                    for p in packed
                ]
        else:
            packed = [ops.convert_to_tensor([], dtype=dtypes.int32, name="Const")] * 3
        return strided_slice(
            tensor,
            *packed,
            begin_mask=begin_mask,
            end_mask=end_mask,
            ellipsis_mask=ellipsis_mask,
            new_axis_mask=new_axis_mask,
            shrink_axis_mask=shrink_axis_mask,
            var=var,
            name=scope,
        )


def _vector(items):
    if any(isinstance(v, ops.Tensor) and v.dtype.base_dtype == dtypes.int64 for v in items):
        items = [
            apply("Cast", v, DstT=dtypes.int64)
            if isinstance(v, ops.Tensor) and v.dtype.base_dtype != dtypes.int64
            else v
            for v in items
        ]
    items = [v.value if isinstance(v, tensor_shape.Dimension) else v for v in items]
    return ops.convert_to_tensor(items, name="stack")


def strided_slice(
    input_,
    begin,
    end,
    strides=None,
    begin_mask=0,
    end_mask=0,
    ellipsis_mask=0,
    new_axis_mask=0,
    shrink_axis_mask=0,
    var=None,
    name=None,
):
    """Every `strides`-th element from `begin` up to `end`, along each axis. Op: StridedSlice.

    Args:
      input_: a tensor.
      begin, end, strides: int vectors, an entry for each axis; strides default to ones.
      begin_mask, end_mask: bit i: entry i of begin or end is ignored, the slice goes to the edge.
      ellipsis_mask: the bit of the entry that stands for all axes not named.
      new_axis_mask: bit i: entry i makes a new axis of size 1.
      shrink_axis_mask: bit i: entry i takes one element and drops the axis.
      var: the variable behind `input_`, which the method `assign` of the result writes.

    Returns:
      A tensor of the dtype of `input_`.
    """
    if strides is None:
        from caudal.ops import array_ops

        strides = array_ops.ones_like(begin)
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    parent = name or "StridedSlice"
    result = apply("StridedSlice", input_, begin, end, strides, name=parent, **masks)

    def assign(val, name=None):
        """Writes `val` into this slice of the variable. Op: StridedSliceAssign."""
        if var is None:
            raise ValueError("Sliced assignment is only supported for variables")
        write = getattr(var, "_strided_slice_assign", None)
        arguments = (begin, end, strides, val)
        scope = name or parent + "_assign"
        if write is not None:
            return write(*arguments, name=scope, **masks)
        return apply("StridedSliceAssign", var._ref(), *arguments, name=scope, **masks)

    result.assign = assign
    return result


def slice_helper_var(var, slice_spec):
    """What `variable[slice_spec]` means."""
    return slice_helper(ops.convert_to_tensor(var), slice_spec, var)


ops.Tensor._override_operator("__getitem__", slice_helper)
