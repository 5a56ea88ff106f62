# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on sparse tensors: sums, reductions, products with dense tensors."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor, is_sparse
from caudal.ops import array_ops, math_ops
from caudal.ops.sparse_ops import as_sparse, parts


def sparse_add(a, b, threshold=None, thresh=None):
    """a + b of two sparse tensors, or of a sparse and a dense one. Ops: SparseAdd,
    SparseTensorDenseAdd.

    Args:
      a, b: tensors of one dtype and shape; at least one SparseTensor.
      threshold: sums of smaller magnitude are dropped; for two sparse tensors only.
      thresh: old name.

    Raises:
      TypeError: if both are dense.
    """
    threshold = math_ops.deprecated_argument_lookup("threshold", threshold, "thresh", thresh)
    if not (is_sparse(a) or is_sparse(b)):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if is_sparse(a) and is_sparse(b):
        a, b = as_sparse(a), as_sparse(b)
        a.shape.assert_is_compatible_with(b.shape)
        threshold = 0 if threshold is None else threshold
        threshold = ops.convert_to_tensor(
            threshold, dtype=a.values.dtype.real_dtype.base_dtype, name="thresh"
        )
        out = apply("SparseAdd", *parts(a), *parts(b), threshold)
        out.sum_indices.shape.assert_is_compatible_with([None, None])
        rank = (a.dense_shape.shape.merge_with(b.dense_shape.shape))[0].value
        out.sum_indices.set_shape([None, rank])
        return SparseTensor(*out)
    if is_sparse(b):
        a, b = b, a
    a = as_sparse(a)
    return apply("SparseTensorDenseAdd", *parts(a), b)


def sparse_add_v2(a, b, threshold=0):
    """`sparse_add` whose threshold is named `threshold`."""
    return sparse_add(a, b, threshold)


def sparse_dense_cwise_add(sp_t, dense_t):
    """Adds a dense tensor, broadcast, to the elements that the sparse one has."""
    sp_t = as_sparse(sp_t)
    result = apply("SparseDenseCwiseAdd", *parts(sp_t), dense_t)
    return SparseTensor(sp_t.indices, result, sp_t.dense_shape)


def _reduce(op_name, sp_input, axis, keepdims, reduction_axes, keep_dims):
    keepdims = math_ops.deprecated_argument_lookup("keepdims", keepdims, "keep_dims", keep_dims)
    axis = math_ops.deprecated_argument_lookup("axis", axis, "reduction_axes", reduction_axes)
    sp_input = as_sparse(sp_input)
    keepdims = bool(keepdims)
    if axis is None:
        rank = sp_input.dense_shape.shape[0].value
        if rank is not None:
            axis = array_ops.constant(list(range(rank)), dtype=dtypes.int32, shape=[rank])
        else:
            axis = array_ops.range(array_ops.size(sp_input.dense_shape))
    return apply(op_name, *parts(sp_input), axis, keep_dims=keepdims)


def sparse_reduce_sum(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """Sums of elements along axes, as a dense tensor. Op: SparseReduceSum."""
    return _reduce("SparseReduceSum", sp_input, axis, keepdims, reduction_axes, keep_dims)


def sparse_reduce_sum_sparse(
    sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None
):
    """Sums of elements along axes, as a sparse tensor. Op: SparseReduceSumSparse."""
    return SparseTensor(
        *_reduce("SparseReduceSumSparse", sp_input, axis, keepdims, reduction_axes, keep_dims)
    )


def sparse_reduce_max(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """Largest elements along axes, dense; 0 where there is none. Op: SparseReduceMax."""
    return _reduce("SparseReduceMax", sp_input, axis, keepdims, reduction_axes, keep_dims)


def sparse_reduce_max_sparse(
    sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None
):
    """Largest elements along axes, as a sparse tensor. Op: SparseReduceMaxSparse."""
    return SparseTensor(
        *_reduce("SparseReduceMaxSparse", sp_input, axis, keepdims, reduction_axes, keep_dims)
    )


def sparse_reduce_max_v2(sp_input, axis=None, keepdims=None, output_is_sparse=False, name=None):
    """The maximum over axes, dense or sparse. Ops: SparseReduceMax, SparseReduceMaxSparse."""
    with ops.name_scope(name, "SparseReduceMax", [sp_input]):
        reduce = sparse_reduce_max_sparse if output_is_sparse else sparse_reduce_max
        return reduce(sp_input, axis, keepdims)


def sparse_reduce_sum_v2(sp_input, axis=None, keepdims=None, output_is_sparse=False, name=None):
    """The sum over axes, dense or sparse. Ops: SparseReduceSum, SparseReduceSumSparse."""
    with ops.name_scope(name, "SparseReduceSum", [sp_input]):
        reduce = sparse_reduce_sum_sparse if output_is_sparse else sparse_reduce_sum
        return reduce(sp_input, axis, keepdims)


def sparse_softmax(sp_input, name=None):
    """Softmax over the elements present in each last dimension. Op: SparseSoftmax."""
    with ops.name_scope(name, "SparseSoftmax", [sp_input]) as scope:
        sp_input = as_sparse(sp_input)
        values = apply("SparseSoftmax", *parts(sp_input), name=scope)
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def _extreme(op_name, sp_a, sp_b, name):
    with ops.name_scope(name, op_name, [sp_a, sp_b]) as scope:
        sp_a, sp_b = as_sparse(sp_a), as_sparse(sp_b)
        indices, values = apply(op_name, *parts(sp_a), *parts(sp_b), name=scope)
        return SparseTensor(indices, values, sp_a.dense_shape)


def sparse_maximum(sp_a, sp_b, name=None):
    """The larger of two sparse tensors, element by element. Op: SparseSparseMaximum."""
    return _extreme("SparseSparseMaximum", sp_a, sp_b, name)


def sparse_minimum(sp_a, sp_b, name=None):
    """The smaller of two sparse tensors, element by element. Op: SparseSparseMinimum."""
    return _extreme("SparseSparseMinimum", sp_a, sp_b, name)


def sparse_tensor_dense_matmul(sp_a, b, adjoint_a=False, adjoint_b=False, name=None):
    """Sparse matrix times dense matrix; either may be the sparse one. Op: SparseTensorDenseMatMul.

    Args:
      sp_a: SparseTensor [m, k] (or dense, when `b` is sparse).
      b: dense [k, n].
      adjoint_a, adjoint_b: use the conjugate transpose.
      name: name of the node.
    """
    if is_sparse(b):
        # a b = (b' a')'
        product = sparse_tensor_dense_matmul(
            b, sp_a, adjoint_a=not adjoint_b, adjoint_b=not adjoint_a
        )
        return array_ops.transpose(product)
    sp_a = as_sparse(sp_a)
    with ops.name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        b = ops.convert_to_tensor(b, name="b")
        return apply(
            "SparseTensorDenseMatMul", *parts(sp_a), b, adjoint_a=adjoint_a, adjoint_b=adjoint_b
        )


sparse_dense_matmul = sparse_tensor_dense_matmul
