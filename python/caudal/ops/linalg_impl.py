# SPDX-License-Identifier: Apache-2.0
"""Equations, decompositions and functions of matrices in the last two axes of tensors."""

import numpy as np

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply, public
from caudal.ops import array_ops, control_flow_ops, linalg_ops, math_ops, shape_ops, space_ops

# -- One op each -----------------------------------------------------------------------------------

cholesky = public("Cholesky")
cholesky_grad = public("CholeskyGrad")
log_matrix_determinant = slogdet = public("LogMatrixDeterminant", "slogdet")
lu = public("Lu", order=("input", "output_idx_type"))
matrix_determinant = det = public("MatrixDeterminant")
matrix_exponential = public("MatrixExponential")
matrix_inverse = inv = public("MatrixInverse", order=("input", "adjoint"))
matrix_logarithm = logm = public("MatrixLogarithm", "logm")
matrix_solve = solve = public("MatrixSolve", order=("matrix", "rhs", "adjoint"))
matrix_square_root = sqrtm = public("MatrixSquareRoot", "sqrtm")
matrix_triangular_solve = triangular_solve = public(
    "MatrixTriangularSolve", order=("matrix", "rhs", "lower", "adjoint")
)


def cholesky_solve(chol, rhs, name=None):
    """Solves A X = rhs with the Cholesky factor of A. Ops: MatrixTriangularSolve.

    Args:
      chol: [..., m, m] lower triangular, as from `cholesky`.
      rhs: [..., m, k].
    """
    with ops.name_scope(name, "cholesky_solve", [chol, rhs]):
        y = matrix_triangular_solve(chol, rhs, adjoint=False, lower=True)
        return matrix_triangular_solve(chol, y, adjoint=True, lower=True)


def self_adjoint_eig(tensor, name=None):
    """Eigenvalues [..., n] in ascending order and eigenvectors [..., n, n] (columns) of Hermitian
    matrices, of which the lower triangle is read. Op: SelfAdjointEigV2."""
    e, v = apply("SelfAdjointEigV2", tensor, compute_v=True, name=name)
    return e, v


def self_adjoint_eigvals(tensor, name=None):
    """Eigenvalues [..., n] of Hermitian matrices in ascending order. Op: SelfAdjointEigV2."""
    return apply("SelfAdjointEigV2", tensor, compute_v=False, name=name)[0]


def svd(tensor, full_matrices=False, compute_uv=True, name=None):
    """Singular value decompositions: tensor = u diag(s) adjoint(v). Op: Svd.

    Args:
      tensor: [..., m, n].
      full_matrices: whether u and v are square.
      compute_uv: False for the singular values alone.

    Returns:
      (s, u, v) with s of the real dtype, in descending order; or s.
    """
    s, u, v = apply("Svd", tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    if compute_uv:
        return math_ops.real(s), u, v
    return math_ops.real(s)


eigh, eigvalsh = self_adjoint_eig, self_adjoint_eigvals


# -- Least squares ---------------------------------------------------------------------------------


def matrix_solve_ls(matrix, rhs, l2_regularizer=0.0, fast=True, name=None):
    """Least-squares solutions of matrix X = rhs.

    Args:
      matrix: [..., m, n].
      rhs: [..., m, k].
      l2_regularizer: weight of the squared norm of the solution.
      fast: solve the normal equations with Cholesky factors; False: a complete decomposition, which
        takes matrices of deficient rank, ignores `l2_regularizer` and has no gradient.

    Returns:
      [..., n, k].
    """
    with ops.name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]) as scope:
        matrix = ops.convert_to_tensor(matrix, name="matrix")
        if not fast:
            return apply("MatrixSolveLs", matrix, rhs, l2_regularizer, fast=False, name=scope)
        rhs = ops.convert_to_tensor(rhs, dtype=matrix.dtype.base_dtype, name="rhs")

        def factor(first):
            gram = math_ops.matmul(matrix, matrix, adjoint_a=first, adjoint_b=not first)
            if not (isinstance(l2_regularizer, (int, float)) and l2_regularizer == 0):
                weight = math_ops.cast(l2_regularizer, matrix.dtype)
                diagonal = space_ops.matrix_diag_part(gram)
                gram = space_ops.matrix_set_diag(gram, diagonal + weight)
            return cholesky(gram)

        def over():
            return cholesky_solve(factor(True), math_ops.matmul(matrix, rhs, adjoint_a=True))

        def under():
            return math_ops.matmul(matrix, cholesky_solve(factor(False), rhs), adjoint_a=True)

        rank = matrix.shape.rank
        sizes = [None, None] if rank is None else matrix.shape.as_list()[-2:]
        if None not in sizes:
            return over() if sizes[0] >= sizes[1] else under()
        dynamic = shape_ops.shape(matrix)[-2:]
        return control_flow_ops.cond(math_ops.greater_equal(dynamic[0], dynamic[1]), over, under)


lstsq = matrix_solve_ls


# -- Determinants, ranks, pseudo-inverses ----------------------------------------------------------


def logdet(matrix, name=None):
    """log(det(matrix)) of Hermitian positive definite matrices. Op: Cholesky."""
    with ops.name_scope(name, "logdet", [matrix]):
        factor = cholesky(matrix)
        diagonal = math_ops.real(space_ops.matrix_diag_part(factor))
        return 2.0 * math_ops.reduce_sum(math_ops.log(diagonal), axis=[-1])


def _checked_matrix(a, validate_args):
    """`a` after the checks that pinv and matrix_rank have."""
    from caudal.ops import check_ops

    if not a.dtype.is_floating:
        raise TypeError("Input `a` must have `float`-like `dtype` (saw %s)." % a.dtype.name)
    if a.shape.rank is not None:
        if a.shape.rank < 2:
            raise ValueError("Input `a` must have at least 2 dimensions (saw: %d)." % a.shape.rank)
    elif validate_args:
        check = check_ops.assert_rank_at_least(
            a, rank=2, message="Input `a` must have at least 2 dimensions."
        )
        with ops.control_dependencies([check]):
            return array_ops.identity(a)
    return a


def _largest_size(a):
    """max(m, n) of matrices, in a's dtype: a number where known."""
    if a.shape.rank is not None and None not in a.shape.as_list()[-2:]:
        return float(max(a.shape.as_list()[-2:]))
    return math_ops.cast(math_ops.reduce_max(shape_ops.shape(a)[-2:]), a.dtype)


def matrix_rank(a, tol=None, validate_args=False, name=None):
    """The number of singular values above a threshold.

    Args:
      a: float tensor [..., m, n].
      tol: the threshold, by default max(m, n) * (largest singular value) * eps.
      validate_args: whether to check the rank of `a` in the run where it is not known.

    Returns:
      int32 tensor [...].
    """
    with ops.name_scope(name or "matrix_rank"):
        a = _checked_matrix(ops.convert_to_tensor(a, dtype_hint=dtypes.float32, name="a"),
                            validate_args)  # fmt: skip
        s = svd(a, compute_uv=False)
        if tol is None:
            eps = np.finfo(a.dtype.as_numpy_dtype).eps
            tol = eps * _largest_size(a) * math_ops.reduce_max(s, axis=-1, keepdims=True)
        return math_ops.reduce_sum(math_ops.cast(s > tol, dtypes.int32), axis=-1)


def pinv(a, rcond=None, validate_args=False, name=None):
    """Moore-Penrose pseudo-inverses of matrices.

    Args:
      a: float tensor [..., m, n].
      rcond: singular values up to rcond * (largest one) count as zero; by default
        10 * max(m, n) * eps.
      validate_args: whether to check the rank of `a` in the run where it is not known.

    Returns:
      A tensor [..., n, m].
    """
    with ops.name_scope(name or "pinv"):
        a = _checked_matrix(ops.convert_to_tensor(a, name="a"), validate_args)
        dtype = a.dtype.as_numpy_dtype
        if rcond is None:
            rcond = float(10 * np.finfo(dtype).eps) * _largest_size(a)
        rcond = ops.convert_to_tensor(rcond, dtype=a.dtype.base_dtype, name="rcond")
        s, left, right = svd(a, full_matrices=False, compute_uv=True)
        cutoff = rcond * math_ops.reduce_max(s, axis=-1)
        kept = s > array_ops.expand_dims(cutoff, -1)
        s = array_ops.where_v2(kept, s, np.array(np.inf, dtype))
        inverse = math_ops.matmul(right / array_ops.expand_dims(s, -2), left, adjoint_b=True)
        if a.shape.rank is not None:
            dims = a.shape.as_list()
            inverse.set_shape([*dims[:-2], dims[-1], dims[-2]])
        return inverse


# -- The exponential -------------------------------------------------------------------------------

# Coefficients of the diagonal Pade approximants, and the norms up to which they are exact.
_PADE = {
    7: ((17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1), 3.925724783138660),
    13: (
        (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800,
         129060195264000, 10559470521600, 670442572800, 33522128640, 1323241920, 40840800,
         960960, 16380, 182, 1),
        5.371920351148152,
    ),
}  # fmt: skip


def expm(input, name=None):  # noqa: A002
    """Matrix exponentials, by scaling, a Pade approximant and squaring; differentiable.

    Args:
      input: float or complex tensor [..., n, n].

    Returns:
      A tensor of the same shape.

    Raises:
      ValueError: if the matrices are not square.
      InvalidArgumentError: when run, for matrices that are not finite.
    """
    with ops.name_scope(name, "matrix_exponential", [input]):
        x = ops.convert_to_tensor(input, name="input")
        if x.shape.rank is not None and x.shape.rank < 2:
            raise ValueError("matrices must have rank at least 2, got shape %s" % x.shape)
        if x.shape.rank is not None:
            x.shape[-2].assert_is_compatible_with(x.shape[-1])
            if 0 in x.shape.as_list():
                return x
        real = x.dtype.real_dtype if x.dtype.is_complex else x.dtype.base_dtype
        order = 13 if real is dtypes.float64 else 7
        numbers, most = _PADE[order]
        norm = math_ops.reduce_max(math_ops.reduce_sum(math_ops.abs(x), axis=-2), axis=-1)
        norm = array_ops.stop_gradient(norm)[..., array_ops.newaxis, array_ops.newaxis]
        ratio = math_ops.log(norm / np.array(most, real.as_numpy_dtype)) / np.log(2.0)
        finite = math_ops.is_finite(norm)
        squarings = array_ops.where_v2(finite, math_ops.ceil(ratio), array_ops.zeros_like(ratio))
        squarings = math_ops.maximum(squarings, array_ops.zeros_like(ratio))
        scaled = x / math_ops.cast(math_ops.pow(real.as_numpy_dtype(2.0), squarings), x.dtype)
        even, odd = _pade_halves(scaled, numbers)
        result = matrix_solve(even - odd, even + odd)
        last = math_ops.reduce_max(squarings)

        def square(i, y):
            more = math_ops.cast(math_ops.less(i, squarings), y.dtype)
            return i + 1, more * math_ops.matmul(y, y) + (1 - more) * y

        zero = ops.convert_to_tensor(0.0, dtype=real)
        _, result = control_flow_ops.while_loop(
            lambda i, _: math_ops.less(i, last), square, [zero, result],
            shape_invariants=[zero.shape, result.shape],
        )  # fmt: skip
        result.set_shape(x.shape)
        return result


def _pade_halves(x, numbers):
    """The even and the odd part of the polynomial with these coefficients, in a matrix."""
    unit = linalg_ops.eye(shape_ops.shape(x)[-1], dtype=x.dtype.base_dtype)
    square = math_ops.matmul(x, x)
    powers = [unit]
    even = odd = None
    for k in range(0, len(numbers), 2):
        if k:
            powers.append(square if k == 2 else math_ops.matmul(powers[-1], square))
        term = powers[-1] * float(numbers[k])
        even = term if even is None else even + term
        term = powers[-1] * float(numbers[k + 1])
        odd = term if odd is None else odd + term
    return even, math_ops.matmul(x, odd)
