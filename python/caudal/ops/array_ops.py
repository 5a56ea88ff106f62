# SPDX-License-Identifier: Apache-2.0
"""Making, reshaping, joining, slicing and indexing tensors."""

import builtins

import numpy as np

from caudal.framework import dtypes, nest, ops, tensor_shape, tensor_util
from caudal.framework.constant_op import constant
from caudal.framework.op_factory import apply, public
from caudal.ops.shape_ops import (  # noqa: F401 - part of this module's API
    broadcast_dynamic_shape,
    broadcast_static_shape,
    expand_dims,
    expand_dims_v2,
    one_of,
    rank,
    rank_internal,
    shape,
    shape_internal,
    shape_n,
    shape_v2,
    size,
    size_internal,
    size_v2,
    squeeze,
)
from caudal.ops.slice_ops import (  # noqa: F401 - part of this module's API
    newaxis,
    slice_helper,
    slice_helper_var,
    strided_slice,
)

_range = builtins.range  # `range` and `slice` are also functions of the API
_slice = builtins.slice
_slice_helper = slice_helper
_SliceHelperVar = slice_helper_var

# -- One op each -----------------------------------------------------------------------------------

bitcast = public("Bitcast")
broadcast_to = public("BroadcastTo")
diag = public("Diag")
diag_part = public("DiagPart")
dynamic_partition = public("DynamicPartition")
dynamic_stitch = public("DynamicStitch")
fill = public("Fill")
identity = public("Identity")
identity_n = public("IdentityN")
invert_permutation = public("InvertPermutation")
matrix_band_part = public("MatrixBandPart")
parallel_dynamic_stitch = public("ParallelDynamicStitch")
prevent_gradient = public("PreventGradient")
reshape = public("Reshape")
reverse = reverse_v2 = public("ReverseV2", "reverse")
scatter_nd = public("ScatterNd")
segment_sum = public("SegmentSum")
setdiff1d = public("ListDiff", "setdiff1d", rename={"out_idx": "index_dtype"})
listdiff = public("ListDiff", "listdiff")
slice = public("Slice", rename={"input": "input_"})  # noqa: A001 - TensorFlow's name
stop_gradient = public("StopGradient")
tensor_scatter_add = tensor_scatter_nd_add = public("TensorScatterAdd")
tensor_scatter_sub = tensor_scatter_nd_sub = public("TensorScatterSub")
tensor_scatter_update = tensor_scatter_nd_update = public("TensorScatterUpdate")
tile = public("Tile")
unique = public("Unique")
unique_with_counts = public("UniqueWithCounts")
unsorted_segment_sum = public("UnsortedSegmentSum")


# -- Sources ---------------------------------------------------------------------------------------


def placeholder(dtype, shape=None, name=None):
    """A tensor whose value each run is given through `feed_dict`. Op: Placeholder.

    Args:
      dtype: dtype of the values.
      shape: static shape; None, or None for a dimension, means that any will do.

    Returns:
      A tensor; running what depends on it without a feed raises InvalidArgumentError.
    """
    if ops.get_default_graph().outer_graph is None:
        return apply("Placeholder", dtype=dtype, shape=shape, name=name)
    with ops.init_scope():  # a run can feed tensors of the outermost graph only
        return apply("Placeholder", dtype=dtype, shape=shape, name=name)


def placeholder_with_default(input, shape, name=None):  # noqa: A002
    """`input`, unless a run feeds another value. Op: PlaceholderWithDefault.

    Args:
      input: the default.
      shape: static shape of what may be fed; the default's shape must be compatible.
    """
    return apply("PlaceholderWithDefault", input, shape=shape, name=name)


def _filled(op_name, value, shape, dtype, name):
    """A constant if it is small, else a Fill node."""
    with ops.name_scope(name, op_name, [shape]) as scope:
        if not isinstance(shape, ops.Tensor):
            try:
                known = tensor_shape.TensorShape(shape)
                if not known.is_fully_defined():
                    raise ValueError("partially known")
            except (TypeError, ValueError):
                shape = ops.convert_to_tensor(shape, dtype=dtypes.int32)
            else:
                if known.num_elements() < 1000 and not isinstance(shape, int):
                    return constant(value, dtype=dtype, shape=known.as_list(), name=scope)
                shape = ops.convert_to_tensor(known, name="shape_as_tensor")
        if shape.shape.rank == 0:
            shape = reshape(shape, [-1])  # a scalar is the size of a vector
        return fill(shape, constant(value, dtype=dtype), name=scope)


def zeros(shape, dtype=dtypes.float32, name=None):
    """A tensor of zeros (False, empty strings).

    Args:
      shape: a list of ints, a TensorShape, or an int32 or int64 vector.
      dtype: dtype of the result.
    """
    dtype = dtypes.as_dtype(dtype).base_dtype
    value = False if dtype == dtypes.bool else "" if dtype == dtypes.string else 0
    return _filled("zeros", value, shape, dtype, name)


def ones(shape, dtype=dtypes.float32, name=None):
    """A tensor of ones (True).

    Args:
      shape: a list of ints, a TensorShape, or an int32 or int64 vector.
      dtype: dtype of the result.
    """
    dtype = dtypes.as_dtype(dtype).base_dtype
    return _filled("ones", True if dtype == dtypes.bool else 1, shape, dtype, name)


def zeros_like(tensor, dtype=None, name=None, optimize=True):
    """Zeros in the shape of `tensor`; a constant when the shape is known and `optimize` is true.

    Args:
      tensor: a tensor.
      dtype: dtype of the result, by default the tensor's.
    """
    with ops.name_scope(name, "zeros_like", [tensor]) as scope:
        tensor = ops.convert_to_tensor(tensor, name="tensor")
        kind = tensor.dtype.base_dtype if dtype is None else dtypes.as_dtype(dtype).base_dtype
        if optimize and tensor.shape.is_fully_defined() and kind != dtypes.variant:
            return zeros(tensor.shape, dtype=kind, name=scope)
        if kind != tensor.dtype.base_dtype and kind != dtypes.variant:
            return zeros(shape_internal(tensor, optimize=optimize), dtype=kind, name=scope)
        return apply("ZerosLike", tensor, name=scope)


def ones_like(tensor, dtype=None, name=None, optimize=True):
    """Ones in the shape of `tensor`.

    Args:
      tensor: a tensor.
      dtype: dtype of the result, by default the tensor's.
      optimize: whether a known shape may become a constant.
    """
    with ops.name_scope(name, "ones_like", [tensor]) as scope:
        tensor = ops.convert_to_tensor(tensor, name="tensor")
        sizes = shape_internal(tensor, optimize=optimize)
        result = ones(sizes, dtype=tensor.dtype if dtype is None else dtype, name=scope)
        result.set_shape(tensor.shape)
        return result


def zeros_like_v2(input, dtype=None, name=None):  # noqa: A002
    """`zeros_like` with TF 2's argument names."""
    return zeros_like(input, dtype, name)


def ones_like_v2(input, dtype=None, name=None):  # noqa: A002
    """`ones_like` with TF 2's argument names."""
    return ones_like(input, dtype, name)


def range(start, limit=None, delta=1, dtype=None, name="range"):  # noqa: A001
    """Numbers from `start` in steps of `delta` up to, not including, `limit`. Op: Range.

    Args:
      start: a scalar; with `limit` None it is the limit, and counting begins at 0.
      limit, delta: scalars.
      dtype: dtype of the result, by default the widest among the arguments' of int32, int64,
        float32, float64.
    """
    if limit is None:
        start, limit = 0, start
    with ops.name_scope(name, "Range", [start, limit, delta]) as scope:
        parts = [
            ops.convert_to_tensor(value, dtype=dtype if not _is_tensor(value) else None, name=part)
            for value, part in ((start, "start"), (limit, "limit"), (delta, "delta"))
        ]
        order = [dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64]
        if dtype is None:
            for p in parts:
                if p.dtype.base_dtype not in order:
                    raise TypeError("tf.range does not take values of dtype %s" % p.dtype.name)
            dtype = max((p.dtype.base_dtype for p in parts), key=order.index)
        dtype = dtypes.as_dtype(dtype).base_dtype
        parts = [p if p.dtype.base_dtype == dtype else apply("Cast", p, DstT=dtype) for p in parts]
        return apply("Range", *parts, name=scope)


def _is_tensor(value):
    return tensor_util.is_tensor(value)


def one_hot(indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None):
    """Vectors with `on_value` at the index and `off_value` elsewhere. Op: OneHot.

    Args:
      indices: a tensor of uint8, int32 or int64; indices out of [0, depth) give only `off_value`.
      depth: an int32 scalar, the size of the new axis.
      on_value, off_value: scalars, by default 1 and 0.
      axis: where the new axis goes, by default last.
      dtype: dtype of the result, by default that of the given values, else float32.

    Raises:
      TypeError: if dtypes of the values and `dtype` do not agree.
    """
    with ops.name_scope(
        name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]
    ) as scope:
        if dtype is not None:
            dtype = dtypes.as_dtype(dtype).base_dtype
        given, kinds = {}, []
        for part, value in (("on_value", on_value), ("off_value", off_value)):
            if value is not None:
                given[part] = value
                kind = ops.convert_to_tensor(value).dtype.base_dtype
                kinds.append(kind)
                if dtype is not None and kind != dtype:
                    raise TypeError(
                        "dtype %s of %s does not match dtype parameter %s" % (kind, part, dtype)
                    )
        if len(kinds) == 2 and kinds[0] != kinds[1]:
            raise TypeError(
                "dtype %s of on_value does not match dtype %s of off_value" % (kinds[0], kinds[1])
            )
        if dtype is None:
            dtype = kinds[0] if kinds else dtypes.float32
        for part, value in (("on_value", 1), ("off_value", 0)):
            if part not in given:
                given[part] = ops.convert_to_tensor(
                    value if dtype != dtypes.bool else bool(value), dtype, name=part
                )
        return apply(
            "OneHot",
            indices,
            depth,
            given["on_value"],
            given["off_value"],
            axis=-1 if axis is None else axis,
            T=dtype,
            name=scope,
        )


def sequence_mask(lengths, maxlen=None, dtype=dtypes.bool, name=None):
    """True for the first `lengths[i]` entries of row i.

    Args:
      lengths: an int tensor of any shape.
      maxlen: an int scalar, the size of the new last axis; by default the largest length.
      dtype: dtype of the result.
    """
    with ops.name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = ops.convert_to_tensor(lengths)
        if maxlen is None:
            if lengths.shape.rank is None:
                axes = range(0, rank(lengths))
            else:
                axes = constant(np.arange(lengths.shape.rank), dtypes.int32)
            maxlen = apply("Max", lengths, axes)
            maxlen = apply("Maximum", constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = ops.convert_to_tensor(maxlen)
        if maxlen.shape.rank not in (None, 0):
            raise ValueError("maxlen must be scalar for sequence_mask")
        row = apply("Range", constant(0, maxlen.dtype), maxlen, constant(1, maxlen.dtype))
        matrix = apply("Cast", expand_dims(lengths, -1), DstT=maxlen.dtype)
        result = apply("Less", row, matrix)
        if dtype is None or dtypes.as_dtype(dtype).base_dtype == dtypes.bool:
            return result
        return apply("Cast", result, DstT=dtype)


def meshgrid(*args, **kwargs):
    """Grids of coordinates, one for each of the given vectors.

    Args:
      *args: vectors.
      indexing: "xy" (the first two axes swapped, as in plots) or "ij".
      name: scope of the nodes.

    Returns:
      A list of tensors of equal shape.
    """
    indexing = kwargs.pop("indexing", "xy")
    name = kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with ops.name_scope(name, "meshgrid", list(args)):
        count = len(args)
        if count == 0:
            return []
        grids = []
        for i, x in enumerate(args):
            grids.append(reshape(stack(x), (1,) * i + (-1,) + (1,) * (count - i - 1)))
        sizes = [size(x) for x in args]
        kind = ops.convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            grids[0] = reshape(grids[0], (1, -1) + (1,) * (count - 2))
            grids[1] = reshape(grids[1], (-1, 1) + (1,) * (count - 2))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        spread = ones(sizes, dtype=kind)
        return [apply("Mul", grid, spread, name="mul") for grid in grids]


# -- Order and joining -----------------------------------------------------------------------------


def transpose(a, perm=None, name="transpose", conjugate=False):
    """Permutes axes: axis i of the result is axis `perm[i]` of `a`. Op: Transpose.

    Args:
      a: a tensor.
      perm: an int vector; None reverses the axes.
      conjugate: also conjugate complex numbers.
    """
    op_name = "ConjugateTranspose" if conjugate else "Transpose"
    with ops.name_scope(name, "transpose", [a]) as scope:
        if perm is None:
            a = ops.convert_to_tensor(a, name="a")
            if a.shape.rank is None:
                count = apply("Rank", a)
                perm = (count - 1) - apply("Range", 0, count, 1)
            else:
                perm = np.arange(a.shape.rank, dtype=np.int32)[::-1].copy()
        return apply(op_name, a, perm, name=scope)


def matrix_transpose(a, name="matrix_transpose", conjugate=False):
    """Swaps the last two axes.

    Raises:
      ValueError: if the rank is known to be below 2.
    """
    with ops.name_scope(name, values=[a]):
        a = ops.convert_to_tensor(a, name="a")
        count = a.shape.rank
        if count is not None:
            if count < 2:
                raise ValueError(
                    "Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: %s" % a.shape
                )
            perm = list(_range(count - 2)) + [count - 1, count - 2]
        else:
            count = rank(a)
            perm = concat(
                (apply("Range", 0, count - 2, 1), [count - 1, count - 2]), 0, name="concat"
            )
        return transpose(a, perm, conjugate=conjugate)


def concat(values, axis, name="concat"):
    """Joins tensors along an existing axis. Op: ConcatV2.

    Args:
      values: a list of tensors that agree in all other dimensions.
      axis: an int scalar; negative ones count from the end.
    """
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        with ops.name_scope(name):
            axis = ops.convert_to_tensor(axis, dtype=dtypes.int32, name="concat_dim")
            axis.shape.assert_has_rank(0)
            return identity(values[0], name=name)
    return apply("ConcatV2", list(values), axis, name=name)


def stack(values, axis=0, name="stack"):
    """Joins tensors of one shape along a new axis. Op: Pack, or Const for a list of numbers.

    Args:
      values: a list of tensors of equal shape and dtype.
      axis: where the new axis goes, in [-rank - 1, rank].
    """
    # A list of arrays keeps their dtype; numbers become what tf.constant makes of them.
    if axis == 0 and not any(isinstance(v, np.ndarray) and v.ndim for v in nest.flatten(values)):
        try:
            return ops.convert_to_tensor(values, name=name)
        except (TypeError, ValueError):
            pass
    count = ops.convert_to_tensor(values[0], name=name).shape.rank
    if count is not None and not -count - 1 <= axis <= count:
        raise ValueError("axis = %d not in [%d, %d)" % (axis, -count - 1, count + 1))
    return apply("Pack", list(values), axis=axis, name=name)


def parallel_stack(values, name="parallel_stack"):
    """`stack` along axis 0 for tensors of fully known shape. Op: ParallelConcat."""
    with ops.name_scope(name):
        first = ops.convert_to_tensor(values[0])
        whole = tensor_shape.TensorShape([len(values)]).concatenate(first.shape)
        return apply("ParallelConcat", [expand_dims(v, 0) for v in values], shape=whole)


def unstack(value, num=None, axis=0, name="unstack"):
    """The slices of a tensor along an axis, without that axis. Op: Unpack.

    Args:
      value: a tensor.
      num: number of slices; needed when the size of the axis is not known.
      axis: in [-rank, rank).

    Returns:
      A list of tensors.

    Raises:
      ValueError: if `num` is None and cannot be inferred, or `axis` is out of range.
    """
    if num is None:
        value = ops.convert_to_tensor(value)
        count = value.shape.rank
        if count is not None:
            if not -count <= axis < count:
                raise ValueError("axis = %d not in [%d, %d)" % (axis, -count, count))
            num = value.shape.as_list()[axis]
        if num is None:
            raise ValueError("Cannot infer num from shape %s" % value.shape)
    return apply("Unpack", value, num=num, axis=axis, name=name)


def split(value, num_or_size_splits, axis=0, num=None, name="split"):
    """Cuts a tensor along an axis. Op: Split, or SplitV for given sizes.

    Args:
      value: a tensor.
      num_or_size_splits: an int: the number of equal parts; or a list or int vector of sizes, one
        of which may be -1.
      axis: an int scalar.
      num: number of sizes, when it cannot be inferred.

    Returns:
      A list of tensors.
    """
    sizes = ops.convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, (int, np.integer, tensor_shape.Dimension)):
        return apply("Split", axis, value, num_split=num_or_size_splits, name=name)
    if sizes.shape.rank == 0:
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            "Argument provided: %s" % (num_or_size_splits,)
        )
    if num is None:
        num = sizes.shape.as_list()[0] if sizes.shape.rank else None
        if num is None:
            raise ValueError("Cannot infer num from shape %s" % (num_or_size_splits,))
    return apply("SplitV", value, sizes, axis, num_split=num, name=name)


def pad(tensor, paddings, mode="CONSTANT", name=None, constant_values=0):
    """Puts a border around a tensor. Op: Pad, PadV2 or MirrorPad.

    Args:
      tensor: a tensor of rank n.
      paddings: an int tensor of shape [n, 2]: sizes before and after each axis.
      mode: "CONSTANT", "REFLECT" (without the edge) or "SYMMETRIC" (with it); any case.
      constant_values: a scalar, the border's value in mode CONSTANT.
    """
    mode = mode.upper()
    if mode == "CONSTANT":
        if (
            not _is_tensor(constant_values)
            and np.ndim(constant_values) == 0
            and (constant_values == 0)
        ):
            result = apply("Pad", tensor, paddings, name=name)
        else:
            result = apply("PadV2", tensor, paddings, constant_values, name=name)
    elif mode in ("REFLECT", "SYMMETRIC"):
        result = apply("MirrorPad", tensor, paddings, mode=mode, name=name)
    else:
        raise ValueError("Unknown padding mode: %s" % mode)
    if not result.shape.is_fully_defined():
        result.set_shape(_padded_shape(*result.op.inputs[:2]))
    return result


def _padded_shape(tensor, paddings):
    """The shape behind paddings of which some may be known."""
    rows = tensor_util.constant_value(paddings, partial=True)
    if tensor.shape.ndims is None or rows is None or len(rows) != tensor.shape.ndims:
        return None
    sizes = []
    for row, length in zip(rows, tensor.shape.as_list()):
        known = row is not None and length is not None and all(n is not None for n in row)
        sizes.append(length + int(row[0]) + int(row[1]) if known else None)
    return sizes


def reverse_sequence(
    input,  # noqa: A002
    seq_lengths,
    seq_axis=None,
    batch_axis=None,
    name=None,
    seq_dim=None,
    batch_dim=None,
):
    """Reverses the first `seq_lengths[i]` elements of batch entry i. Op: ReverseSequence.

    Args:
      input: a tensor.
      seq_lengths: an int vector as long as the batch axis.
      seq_axis: the axis to reverse.
      batch_axis: the axis of the batch, by default 0.
      seq_dim, batch_dim: old names.
    """
    seq_axis = one_of("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = one_of("batch_axis", batch_axis, "batch_dim", batch_dim)
    return apply(
        "ReverseSequence", input, seq_lengths, seq_dim=seq_axis, batch_dim=batch_axis, name=name
    )


# -- Indexing --------------------------------------------------------------------------------------


def gather(params, indices, validate_indices=None, name=None, axis=None, batch_dims=0):
    """Picks slices by index along an axis. Op: GatherV2.

    Args:
      params: a tensor or variable; the gradient towards a variable is IndexedSlices if axis is 0.
      indices: an int32 or int64 tensor.
      validate_indices: not used; indices are always checked.
      axis: an int scalar, by default `batch_dims`.
      batch_dims: number of leading axes that params and indices share.

    Raises:
      InvalidArgumentError: at run time, for an index out of range.
    """
    if axis is None:
        axis = batch_dims
    return apply("GatherV2", params, indices, axis, batch_dims=batch_dims, name=name)


def gather_v2(params, indices, validate_indices=None, axis=None, batch_dims=0, name=None):
    """`gather` with TF 2's argument order."""
    return gather(params, indices, validate_indices, name, axis, batch_dims)


def batch_gather(params, indices, name=None):
    """`gather` in which all but the last axis of `indices` are batch axes."""
    with ops.name_scope(name, "BatchGather", [params, indices]) as scope:
        indices = ops.convert_to_tensor(indices, name="indices")
        if indices.shape.rank is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return gather(params, indices, batch_dims=indices.shape.rank - 1, name=scope)


def gather_nd(params, indices, name=None, batch_dims=0):
    """Picks slices by tuples of indices. Op: GatherNd.

    Args:
      params: a tensor.
      indices: an int tensor of shape [..., k]; each k-tuple names a slice of `params`.
      batch_dims: number of leading axes that params and indices share.
    """
    if batch_dims == 0:
        return apply("GatherNd", params, indices, name=name)
    with ops.name_scope(name, "gather_nd", [params, indices]) as scope:
        indices = ops.convert_to_tensor(indices, name="indices")
        count = indices.shape.rank
        if count is None or count < batch_dims + 1:
            raise ValueError(
                "batch_dims = %d must be less than rank(indices) = %s" % (batch_dims, count)
            )
        sizes = shape(indices)
        coordinates = []
        for d in _range(batch_dims):
            line = apply("Cast", range(sizes[d]), DstT=indices.dtype)
            line = reshape(line, [1] * d + [-1] + [1] * (count - 1 - d))
            coordinates.append(broadcast_to(line, concat([sizes[:-1], [1]], 0)))
        return apply("GatherNd", params, concat(coordinates + [indices], -1), name=scope)


def where(condition, x=None, y=None, name=None):
    """Elements of `x` where `condition` holds, else of `y`; or the indices of true elements.

    Args:
      condition: a bool tensor.
      x, y: tensors of one shape, or both None. With `x` of higher rank, a vector selects rows.

    Returns:
      A tensor like `x` (op Select), or an int64 tensor [count, rank] (op Where).
    """
    return _where("Select", condition, x, y, name)


def where_v2(condition, x=None, y=None, name=None):
    """`where` in which condition, x and y broadcast. Op: SelectV2, or Where."""
    return _where("SelectV2", condition, x, y, name)


def _where(select, condition, x, y, name):
    if x is None and y is None:
        with ops.name_scope(name, "Where", [condition]) as scope:
            condition = ops.convert_to_tensor(
                condition, preferred_dtype=dtypes.bool, name="condition"
            )
            return apply("Where", condition, name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return apply(select, condition, x, y, name=name)


def boolean_mask(tensor, mask, name="boolean_mask", axis=None):
    """The slices of `tensor` for which `mask` is true.

    Args:
      tensor: a tensor.
      mask: a bool tensor whose shape matches the axes of `tensor` from `axis` on.
      axis: where the mask begins, by default 0.

    Returns:
      A tensor in which one axis replaces the axes of the mask.
    """
    with ops.name_scope(name, values=[tensor, mask]):
        tensor = ops.convert_to_tensor(tensor, name="tensor")
        mask = ops.convert_to_tensor(mask, name="mask")
        count = mask.shape.rank
        if count == 0:
            raise ValueError("mask cannot be scalar.")
        if count is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None: "
                "shape=[None] says it, shape=None does not"
            )
        axis = 0 if axis is None else axis
        known_axis = tensor_util.constant_value(axis)
        if known_axis is not None:
            axis = int(known_axis)
        static = tensor.shape
        if not isinstance(axis, ops.Tensor):
            static[axis : axis + count].assert_is_compatible_with(mask.shape)
        leading = apply("Prod", shape(tensor)[axis : axis + count], [0])
        tensor = reshape(
            tensor,
            concat([shape(tensor)[:axis], [leading], shape(tensor)[axis + count :]], 0),
        )
        if not isinstance(axis, ops.Tensor) and static.rank is not None:
            first = static[axis : axis + count].num_elements()
            tensor.set_shape(static[:axis].concatenate([first]).concatenate(static[axis + count :]))
        indices = squeeze(where(reshape(mask, [-1])), axis=[1])
        return gather(tensor, indices, axis=axis)


def boolean_mask_v2(tensor, mask, axis=None, name="boolean_mask"):
    """`boolean_mask` with TF 2's argument order."""
    return boolean_mask(tensor, mask, name, axis)


from caudal.ops.space_ops import (  # noqa: E402, F401 - part of this module's API
    batch_to_space,
    batch_to_space_nd,
    depth_to_space,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
    required_space_to_batch_paddings,
    space_to_batch,
    space_to_batch_nd,
    space_to_depth,
)
