# SPDX-License-Identifier: Apache-2.0
"""Identity matrices and norms."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops, space_ops


def eye(num_rows, num_columns=None, batch_shape=None, dtype=dtypes.float32, name=None):
    """Identity matrices of shape batch_shape + [num_rows, num_columns]. Op: MatrixDiag.

    Args:
      num_rows: int or int32 scalar tensor.
      num_columns: as `num_rows`, by default the same number.
      batch_shape: list of ints or int32 vector.
      dtype: dtype of the result.
      name: name scope.
    """
    square = num_columns is None
    with ops.name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        batch = [] if batch_shape is None else batch_shape
        columns = num_rows if square else num_columns
        fixed = not any(map(tensor_util.is_tensor, (num_rows, columns, batch)))
        if fixed and not any(map(tensor_util.is_tensor, batch)):
            batch = [int(n) for n in batch]
            rows, columns = int(num_rows), int(columns)
            diagonal, full = batch + [min(rows, columns)], batch + [rows, columns]
        else:
            batch = ops.convert_to_tensor(batch, dtypes.int32, name="shape")
            smaller = num_rows if square else math_ops.minimum(num_rows, columns)
            diagonal = array_ops.concat([batch, [smaller]], 0)
            front = tensor_util.constant_value_as_shape(batch)
            full = None if square else array_ops.concat([batch, [num_rows, columns]], 0)
        ones = array_ops.ones(diagonal, dtype=dtype)
        if square:
            result = space_ops.matrix_diag(ones)
        else:
            result = space_ops.matrix_set_diag(array_ops.zeros(full, dtype=dtype), ones)
        if not isinstance(diagonal, list):
            result.set_shape(front.concatenate([None, None]))
        return result


def adjoint(matrix, name=None):
    """The conjugate transpose of the last two axes. Op: Transpose."""
    with ops.name_scope(name, "adjoint", [matrix]):
        return array_ops.matrix_transpose(
            ops.convert_to_tensor(matrix, name="matrix"), conjugate=True
        )


def normalize(tensor, ord="euclidean", axis=None, name=None):  # noqa: A002
    """(`tensor` divided by its norm, that norm); see `norm` for the arguments."""
    with ops.name_scope(name, "normalize", [tensor]):
        tensor = ops.convert_to_tensor(tensor)
        size = norm(tensor, ord, axis, keepdims=True)
        size = math_ops.cast(size, tensor.dtype)
        return tensor / size, size


def norm(tensor, ord="euclidean", axis=None, keepdims=None, name=None, keep_dims=None):  # noqa: A002
    """The norm of vectors or matrices.

    Args:
      tensor: float or complex tensor.
      ord: "euclidean", "fro" (matrices), 1, 2 (vectors), np.inf, or a positive number (vectors).
      axis: None for all elements as one vector, an int for vectors, a pair of ints for matrices.
      keepdims: keep the reduced axes as axes of size 1.
      name: name scope.
      keep_dims: old name of `keepdims`.
    """
    keepdims = bool(keep_dims if keepdims is None else keepdims)
    matrices = isinstance(axis, (tuple, list)) and len(axis) == 2
    if matrices:
        axis = tuple(axis)
        if not all(isinstance(a, (int, np.integer)) for a in axis):
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
        if axis[0] == axis[1]:
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
        if ord not in ("euclidean", "fro", 1, 2, np.inf):
            raise ValueError(
                "'ord' must be a supported matrix norm in "
                "['euclidean', 'fro', 1, 2, inf], got %s" % (ord,)
            )
    else:
        if axis is not None and not isinstance(axis, (int, np.integer)):
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
        number = isinstance(ord, (int, float, np.number)) and ord > 0
        if ord != "euclidean" and not number:
            raise ValueError("'ord' must be a supported vector norm, got %s" % (ord,))
    with ops.name_scope(name, "norm", [tensor]):
        tensor = ops.convert_to_tensor(tensor)
        axes = list(axis) if matrices else axis

        def total(x, over):
            return math_ops.reduce_sum(x, over, keepdims=True)

        if ord == 2 and matrices:
            result = _spectral_norm(tensor, axes)
        elif ord in ("euclidean", "fro", 2):
            # Of complex numbers the result is complex, too, as TensorFlow's.
            result = math_ops.sqrt(total(tensor * math_ops.conj(tensor), axes))
        else:
            result = math_ops.abs(tensor)
            if ord == 1:
                result = total(result, axes[0] if matrices else axes)
                if matrices:
                    result = math_ops.reduce_max(result, axes[1], keepdims=True)
            elif ord == np.inf:
                if matrices:
                    result = total(result, axes[1])
                result = math_ops.reduce_max(result, axes[0] if matrices else axes, keepdims=True)
            else:
                result = math_ops.pow(total(math_ops.pow(result, ord), axes), 1.0 / ord)
        return result if keepdims else array_ops.squeeze(result, axes)


def _spectral_norm(tensor, axes):
    """The largest singular value of the matrices in two axes, which stay as axes of size 1."""
    rank = tensor.shape.rank
    if rank is None:
        return _spectral_norm_of_unknown_rank(tensor, axes)
    axes = [a + rank if a < 0 else a for a in axes]
    order = [i for i in range(rank) if i not in axes] + axes
    s = apply("Svd", array_ops.transpose(tensor, order), compute_uv=False)[0]
    s = math_ops.real(s)
    result = math_ops.reduce_max(math_ops.abs(s), axis=-1)[..., None, None]
    return array_ops.transpose(result, [order.index(i) for i in range(rank)])


def _spectral_norm_of_unknown_rank(tensor, axes):
    rank = array_ops.rank(tensor)
    axes = math_ops.floormod(array_ops.constant(axes), rank)
    everything = array_ops.range(rank)
    others = apply("ListDiff", everything, axes)[0]
    order = array_ops.concat([others, axes], 0)
    s = apply("Svd", array_ops.transpose(tensor, order), compute_uv=False)[0]
    result = math_ops.reduce_max(math_ops.abs(math_ops.real(s)), axis=-1, keepdims=True)
    back = array_ops.invert_permutation(order)
    return array_ops.transpose(array_ops.expand_dims(result, -1), back)


def qr(input, full_matrices=False, name=None):
    """QR decompositions of the last two dimensions. Op: Qr.

    Args:
      input: float or complex tensor [..., m, n].
      full_matrices: whether q is [..., m, m] and r [..., m, n]; else with p = min(m, n) q is
        [..., m, p] and r [..., p, n].
      name: name of the op.

    Returns:
      A named tuple (q, r): q has orthonormal columns, r is upper triangular.
    """
    return apply("Qr", input, full_matrices=full_matrices, name=name)
