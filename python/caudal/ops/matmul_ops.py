# SPDX-License-Identifier: Apache-2.0
"""Products of matrices and of tensors along axes."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.ops import array_ops


def _conjugate(x, wanted):
    return apply("Conj", x) if wanted and x.dtype.is_complex else x


def matmul(
    a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False,
    a_is_sparse=False, b_is_sparse=False, name=None,
):  # fmt: skip
    """Product of matrices, or of batches of matrices in the last two axes. Ops: MatMul,
    BatchMatMulV2.

    Args:
      a, b: tensors of one dtype and rank at least 2; leading axes broadcast.
      transpose_a, transpose_b: transpose the factor first.
      adjoint_a, adjoint_b: also conjugate it.
      a_is_sparse, b_is_sparse: hints, without effect on the result.

    Raises:
      ValueError: if a factor is to be transposed and adjoint, or the shapes do not fit.
    """
    with ops.name_scope(name, "MatMul", [a, b]) as scope:
        if transpose_a and adjoint_a:
            raise ValueError("Only one of transpose_a and adjoint_a can be True.")
        if transpose_b and adjoint_b:
            raise ValueError("Only one of transpose_b and adjoint_b can be True.")
        a = ops.convert_to_tensor(a, name="a")
        b = ops.convert_to_tensor(b, dtype_hint=a.dtype.base_dtype, name="b")
        ranks = a.shape.rank, b.shape.rank
        batched = any(r is None or r > 2 for r in ranks)
        if batched and not a_is_sparse and not b_is_sparse:
            a = _conjugate(a, transpose_a)
            b = _conjugate(b, transpose_b)
            return apply(
                "BatchMatMulV2", a, b, adj_x=bool(transpose_a or adjoint_a),
                adj_y=bool(transpose_b or adjoint_b), name=scope,
            )  # fmt: skip
        a = _conjugate(a, adjoint_a)
        b = _conjugate(b, adjoint_b)
        kinds = a.dtype.base_dtype, b.dtype.base_dtype
        narrow = (dtypes.bfloat16, dtypes.float32)
        if kinds[0] != kinds[1] and all(k in narrow for k in kinds):
            return sparse_matmul(
                a, b, bool(transpose_a or adjoint_a), bool(transpose_b or adjoint_b), a_is_sparse,
                b_is_sparse, name=scope,
            )  # fmt: skip
        return apply(
            "MatMul", a, b, transpose_a=bool(transpose_a or adjoint_a),
            transpose_b=bool(transpose_b or adjoint_b), name=scope,
        )  # fmt: skip


def matvec(
    a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, b_is_sparse=False, name=None
):
    """Product of matrices and vectors: [..., m, n] and [..., n] give [..., m]. Ops: MatMul,
    BatchMatMulV2."""
    with ops.name_scope(name, "MatVec", [a, b]):
        column = array_ops.expand_dims(b, -1)
        product = matmul(
            a, column, transpose_a=transpose_a, adjoint_a=adjoint_a, a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )  # fmt: skip
        return array_ops.squeeze(product, [-1])


def sparse_matmul(
    a, b, transpose_a=False, transpose_b=False, a_is_sparse=False, b_is_sparse=False, name=None
):
    """Product of two matrices that may hold many zeros, as float32. Op: SparseMatMul.

    Args:
      a, b: matrices of float32 or bfloat16.
      transpose_a, transpose_b: transpose the factor first.
      a_is_sparse, b_is_sparse: hints, without effect on the result.
    """
    return apply(
        "SparseMatMul", a, b, transpose_a=transpose_a, transpose_b=transpose_b,
        a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=name,
    )  # fmt: skip


def batch_matmul(x, y, adj_x=False, adj_y=False, name=None):
    """`matmul` of batches. Op: BatchMatMulV2."""
    return apply("BatchMatMulV2", x, y, adj_x=adj_x, adj_y=adj_y, name=name)


def trace(x, name=None):
    """Sum of the main diagonal of each matrix in the last two axes."""
    with ops.name_scope(name, "Trace", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        return apply("Sum", apply("MatrixDiagPart", x, name="diag_part"), [-1], name=scope)


def _contracted(axes):
    """(axes of a, axes of b) of tensordot: ints or lists, or int tensors."""
    if isinstance(axes, (int, np.integer)):
        count = int(axes)
        if count < 0:
            raise ValueError("'axes' must be at least 0.")
        return count, count
    if isinstance(axes, (list, tuple, np.ndarray)) and len(axes) == 2:
        pair = []
        for part in axes:
            listed = hasattr(part, "__len__")
            pair.append([int(i) for i in part] if listed else [int(part)])
        if len(pair[0]) != len(pair[1]):
            raise ValueError(
                "Different number of contraction axes 'a' and 'b', %d != %d."
                % (len(pair[0]), len(pair[1]))
            )
        return tuple(pair)
    if isinstance(axes, (list, tuple)):
        raise ValueError("'axes' must be an integer or have length 2.")
    known = tensor_util.constant_value(ops.convert_to_tensor(axes, dtypes.int32, name="axes"))
    if known is None:
        pair = ops.convert_to_tensor(axes, dtypes.int32)
        return pair[0], pair[1]
    return _contracted(int(known) if known.ndim == 0 else known)


def _as_matrix(x, axes, contracted_last):
    """(x as a matrix, its free dimensions as ints or None, the shape tensor of the free ones)."""
    rank = x.shape.rank
    axes = [i + rank if i < 0 else i for i in axes]
    if any(not 0 <= i < rank for i in axes):
        raise ValueError("'axes' out of bounds for a Tensor of shape %s." % x.shape)
    free = [i for i in range(rank) if i not in axes]
    order = free + axes if contracted_last else axes + free
    if order != list(range(rank)):
        x = apply("Transpose", x, order, name="transpose")
    sizes = x.shape.as_list()
    count = len(free)
    free_sizes = sizes[:count] if contracted_last else sizes[rank - count :]
    inner = sizes[count:] if contracted_last else sizes[: rank - count]
    if None not in sizes:
        ends = int(np.prod(free_sizes)), int(np.prod(inner))
        shape = list(ends if contracted_last else ends[::-1])
        return apply("Reshape", x, shape), free_sizes, None
    dims = apply("Shape", x)
    first = apply("Slice", dims, [0], [count if contracted_last else rank - count])
    second = apply("Slice", dims, [count if contracted_last else rank - count], [-1])
    shape = apply("Pack", [apply("Prod", first, [0]), apply("Prod", second, [0])], axis=0)
    matrix = apply("Reshape", x, shape)
    known = [None if None in part else int(np.prod(part)) for part in (free_sizes, inner)]
    matrix.set_shape(known if contracted_last else known[::-1])
    return matrix, free_sizes, first if contracted_last else second


def _split_at(x, count, from_end):
    """(x as a matrix whose last or first `count` axes are contracted, its free sizes), where the
    rank of x is known only in the run."""
    dims = apply("Shape", x)
    at = apply("Sub", apply("Size", dims), count) if from_end else count
    first = apply("Slice", dims, [0], apply("Pack", [at], axis=0))
    second = apply("Slice", dims, apply("Pack", [at], axis=0), [-1])
    shape = apply("Pack", [apply("Prod", first, [0]), apply("Prod", second, [0])], axis=0)
    return apply("Reshape", x, shape), first if from_end else second


def _matrix_in_the_run(x, axes, contracted_last):
    """`_as_matrix` where the rank of x, or the axes, are known only in the run."""
    dims, count = apply("Shape", x), apply("Rank", x)
    axes = apply("Reshape", ops.convert_to_tensor(axes, dtypes.int32), [-1])
    axes = apply("FloorMod", axes, count)
    free = apply("ListDiff", apply("Range", 0, count, 1), axes)[0]
    order = [free, axes] if contracted_last else [axes, free]
    moved = apply("Transpose", x, apply("ConcatV2", order, 0, name="concat"))
    sizes = apply("GatherV2", dims, free, 0), apply("GatherV2", dims, axes, 0)
    ends = [apply("Prod", s, [0]) for s in (sizes if contracted_last else sizes[::-1])]
    return apply("Reshape", moved, apply("Pack", ends, axis=0)), sizes[0]


def tensordot(a, b, axes, name=None):
    """Sum of products over pairs of axes of two tensors.

    Args:
      a, b: tensors of one dtype; lists of axes need tensors of known rank.
      axes: n: the last n axes of a with the first n of b; or two lists (or ints): the axes of a
        and of b.

    Returns:
      A tensor with the free axes of a, then those of b.

    Raises:
      ValueError: for axes that do not exist or sizes that differ.
    """
    with ops.name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = ops.convert_to_tensor(a, name="a")
        b = ops.convert_to_tensor(b, dtype_hint=a.dtype.base_dtype, name="b")
        a_axes, b_axes = _contracted(axes)
        open_axes = isinstance(a_axes, ops.Tensor)
        if open_axes or a.shape.rank is None or b.shape.rank is None:
            split = _split_at if isinstance(a_axes, int) else _matrix_in_the_run
            left, left_sizes = split(a, a_axes, True)
            right, right_sizes = split(b, b_axes, False)
            shape = apply("ConcatV2", [left_sizes, right_sizes], 0, name="concat")
            return apply("Reshape", matmul(left, right), shape, name=scope)
        if isinstance(a_axes, int):
            if a_axes > a.shape.rank:
                raise ValueError(
                    "'axes' must not be larger than the number of dimensions of tensor %s." % a
                )
            a_axes = list(range(a.shape.rank - a_axes, a.shape.rank))
            b_axes = list(range(b_axes))
        left, left_sizes, left_dims = _as_matrix(a, a_axes, True)
        right, right_sizes, right_dims = _as_matrix(b, b_axes, False)
        product = matmul(left, right)
        sizes = left_sizes + right_sizes
        if None not in sizes:
            return apply("Reshape", product, np.array(sizes, np.int32), name=scope)
        parts = [
            np.array(known, np.int32) if dims is None else dims
            for known, dims in ((left_sizes, left_dims), (right_sizes, right_dims))
        ]
        result = apply("Reshape", product, apply("ConcatV2", parts, 0, name="concat"), name=scope)
        result.set_shape(sizes)
        return result
