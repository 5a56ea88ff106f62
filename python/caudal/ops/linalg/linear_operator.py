# SPDX-License-Identifier: Apache-2.0
"""The base of linear operators: batches of matrices known by what they do.

A subclass defines `_shape`, `_shape_tensor` and `_to_dense` or `_matmul`; everything else follows,
and is overridden where the operator knows a shorter way.
"""

from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import (
    array_ops,
    check_ops,
    linalg_impl,
    linalg_ops,
    math_ops,
    shape_ops,
    space_ops,
)


def as_dtype(value, default=dtypes.float32):
    return default if value is None else dtypes.as_dtype(value)


class LinearOperator:
    """A batch of matrices [B1,...,Bb, M, N].

    Args:
      dtype: dtype of the matrices.
      graph_parents: tensors that the operator is made of.
      is_non_singular, is_self_adjoint, is_positive_definite, is_square: what the caller promises;
        None: not known.
      name: name of the operator; scope of its nodes.
    """

    def __init__(
        self, dtype, graph_parents=None, is_non_singular=None, is_self_adjoint=None,
        is_positive_definite=None, is_square=None, name=None,
    ):  # fmt: skip
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        for flag, what in (
            (is_non_singular, "non-singular"),
            (is_self_adjoint, "self-adjoint"),
        ):
            if flag and is_square is False:
                raise ValueError("A %s matrix is always square." % what)
            is_square = True if flag else is_square
        self._dtype = dtypes.as_dtype(dtype).base_dtype if dtype else dtype
        self._graph_parents = list(graph_parents or [])
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._is_square_set_or_implied_by_hints = is_square
        self._name = name or type(self).__name__

    def _scope(self, what, values=()):
        return ops.name_scope(None, "%s/%s" % (self._name.rstrip("/"), what), list(values))

    # -- What it is --------------------------------------------------------------------------------

    @property
    def dtype(self):
        return self._dtype

    @property
    def name(self):
        return self._name

    @property
    def graph_parents(self):
        return self._graph_parents

    @property
    def is_non_singular(self):
        return self._is_non_singular

    @property
    def is_self_adjoint(self):
        return self._is_self_adjoint

    @property
    def is_positive_definite(self):
        return self._is_positive_definite

    @property
    def is_square(self):
        rows, columns = self.range_dimension, self.domain_dimension
        known = rows.value is not None and columns.value is not None
        hint = self._is_square_set_or_implied_by_hints
        if not known:
            return hint
        if hint is False and rows.value == columns.value:
            raise ValueError("User set is_square hint to False, but the operator was square.")
        return rows.value == columns.value if hint is None else hint

    @property
    def shape(self):
        return self._shape()

    def shape_tensor(self, name="shape_tensor"):
        with self._scope(name):
            if self.shape.is_fully_defined():
                return ops.convert_to_tensor(self.shape.as_list(), dtypes.int32)
            return self._shape_tensor()

    @property
    def batch_shape(self):
        return self.shape[:-2]

    def batch_shape_tensor(self, name="batch_shape_tensor"):
        return self.shape_tensor(name)[:-2]

    @property
    def tensor_rank(self):
        return self.shape.rank

    def tensor_rank_tensor(self, name="tensor_rank_tensor"):
        return shape_ops.size(self.shape_tensor(name))

    @property
    def domain_dimension(self):
        if self.shape.rank is None:
            return tensor_shape.Dimension(None)
        return tensor_shape.Dimension(self.shape.as_list()[-1])

    @property
    def range_dimension(self):
        if self.shape.rank is None:
            return tensor_shape.Dimension(None)
        return tensor_shape.Dimension(self.shape.as_list()[-2])

    def domain_dimension_tensor(self, name="domain_dimension_tensor"):
        return self.shape_tensor(name)[-1]

    def range_dimension_tensor(self, name="range_dimension_tensor"):
        return self.shape_tensor(name)[-2]

    # -- Products ----------------------------------------------------------------------------------

    def _converted(self, x, name):
        loose = isinstance(x, (list, tuple, int, float, complex))
        x = ops.convert_to_tensor(x, dtype=self.dtype if loose else None, name=name)
        if self.dtype is not None and x.dtype.base_dtype != self.dtype:
            raise TypeError(
                "Expected argument to have dtype %s.  Found: %s in tensor %s"
                % (self.dtype, x.dtype, x)
            )
        return x

    def _check_rows(self, x, adjoint, axis):
        """The axis `axis` of `x` is as long as the operator's columns (or, adjoint, its rows)."""
        if x.shape.rank is not None and x.shape.rank >= -axis:
            own = self.range_dimension if adjoint else self.domain_dimension
            own.assert_is_compatible_with(x.shape[axis])

    def matmul(self, x, adjoint=False, adjoint_arg=False, name="matmul"):
        """The product with a matrix [..., N, R], or with another operator: a composition."""
        if isinstance(x, LinearOperator):
            from caudal.ops.linalg import algebra
            from caudal.ops.linalg.combined_operators import LinearOperatorComposition

            left = self.adjoint() if adjoint else self
            right = x.adjoint() if adjoint_arg else x
            a, b = left.domain_dimension.value, right.range_dimension.value
            if None not in (a, b) and a != b:
                raise ValueError(
                    "Operators are incompatible. Expected `x` to have dimension %d but got %d."
                    % (a, b)
                )
            with self._scope(name):
                simple = algebra.product(left, right)
                return simple if simple is not None else LinearOperatorComposition([left, right])
        with self._scope(name, [x]):
            x = self._converted(x, "x")
            if (x.shape.rank or 2) < 2:
                raise ValueError("Shape %s must have rank at least 2" % x.shape)
            self._check_rows(x, adjoint, -1 if adjoint_arg else -2)
            return self._matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def __matmul__(self, other):
        return self.matmul(other)

    def matvec(self, x, adjoint=False, name="matvec"):
        """The product with a vector [..., N]."""
        with self._scope(name, [x]):
            x = self._converted(x, "x")
            self._check_rows(x, adjoint, -1)
            return self._matvec(x, adjoint=adjoint)

    def _matvec(self, x, adjoint=False):
        column = array_ops.expand_dims(x, -1)
        return array_ops.squeeze(self._matmul(column, adjoint=adjoint), [-1])

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return math_ops.matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def to_dense(self, name="to_dense"):
        """The matrices as one tensor."""
        with self._scope(name):
            dense = self._to_dense()
            dense.set_shape(self.shape)
            return dense

    def _to_dense(self):
        unit = linalg_ops.eye(self.domain_dimension_tensor(), dtype=self.dtype)
        return self._matmul(unit)

    def add_to_tensor(self, x, name="add_to_tensor"):
        """x + the matrices."""
        with self._scope(name, [x]):
            return self._add_to_tensor(self._converted(x, "x"))

    def _add_to_tensor(self, x):
        return x + self._to_dense()

    # -- Equations ---------------------------------------------------------------------------------

    def _need(self, what):
        for flag, known in ((self.is_non_singular, "singular"), (self.is_square, "not be square")):
            if flag is False:
                raise NotImplementedError(
                    "%s not implemented for an operator that is expected to %s%s."
                    % (what, "be " if known == "singular" else "", known)
                )

    def solve(self, rhs, adjoint=False, adjoint_arg=False, name="solve"):
        """X with operator X = rhs, for a matrix [..., M, R] or an operator."""
        self._need("Exact solve")
        if isinstance(rhs, LinearOperator):
            from caudal.ops.linalg import algebra
            from caudal.ops.linalg.combined_operators import LinearOperatorComposition

            left = self.adjoint() if adjoint else self
            right = rhs.adjoint() if adjoint_arg else rhs
            a, b = left.range_dimension.value, right.range_dimension.value
            if None not in (a, b) and a != b:
                raise ValueError(
                    "Operators are incompatible. Expected `rhs` to have dimension %d but got %d."
                    % (a, b)
                )
            with self._scope(name):
                simple = algebra.quotient(left, right)
                if simple is not None:
                    return simple
                return LinearOperatorComposition([left.inverse(), right])
        with self._scope(name, [rhs]):
            rhs = self._converted(rhs, "rhs")
            self._check_rows(rhs, not adjoint, -1 if adjoint_arg else -2)
            return self._solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def solvevec(self, rhs, adjoint=False, name="solve"):
        """x with operator x = rhs, for a vector [..., M]."""
        self._need("Exact solve")
        with self._scope(name, [rhs]):
            rhs = self._converted(rhs, "rhs")
            self._check_rows(rhs, not adjoint, -1)
            return self._solvevec(rhs, adjoint=adjoint)

    def _solvevec(self, rhs, adjoint=False):
        column = array_ops.expand_dims(rhs, -1)
        return array_ops.squeeze(self._solve(column, adjoint=adjoint), [-1])

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        if adjoint_arg:
            rhs = linalg_ops.adjoint(rhs)
        dense = self._to_dense()
        dense, rhs = broadcast_batches(dense, rhs)
        if self.is_positive_definite and self.is_self_adjoint:
            return linalg_impl.cholesky_solve(linalg_impl.cholesky(dense), rhs)
        return linalg_impl.matrix_solve(dense, rhs, adjoint=adjoint)

    def inverse(self, name="inverse"):
        """The inverse as operator."""
        if self.is_square is False:
            raise ValueError(
                "Cannot take the Inverse: This operator represents a non square matrix."
            )
        if self.is_non_singular is False:
            raise ValueError("Cannot take the Inverse: This operator represents a singular matrix.")
        from caudal.ops.linalg.combined_operators import LinearOperatorInversion

        return LinearOperatorInversion(self)

    def adjoint(self, name="adjoint"):
        """The conjugate transpose as operator."""
        if self.is_self_adjoint:
            return self
        from caudal.ops.linalg.combined_operators import LinearOperatorAdjoint

        return LinearOperatorAdjoint(self)

    H = property(adjoint, None)

    def cholesky(self, name="cholesky"):
        """The Cholesky factor as operator."""
        from caudal.ops.linalg.plain_operators import LinearOperatorLowerTriangular

        if not (self.is_positive_definite and self.is_self_adjoint):
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint "
                "matrix."
            )
        with self._scope(name):
            return LinearOperatorLowerTriangular(
                linalg_impl.cholesky(self._to_dense()), is_non_singular=True
            )

    # -- Numbers -----------------------------------------------------------------------------------

    def determinant(self, name="det"):
        self._need_square("Determinant")
        with self._scope(name):
            return self._determinant()

    def log_abs_determinant(self, name="log_abs_det"):
        self._need_square("Determinant")
        with self._scope(name):
            return self._log_abs_determinant()

    def _need_square(self, what):
        if self.is_square is False:
            raise NotImplementedError(
                "%s not implemented for an operator that is expected to not be square." % what
            )

    def _determinant(self):
        return linalg_impl.matrix_determinant(self._to_dense())

    def _log_abs_determinant(self):
        return linalg_impl.slogdet(self._to_dense()).log_abs_determinant

    def diag_part(self, name="diag_part"):
        """The diagonals [..., min(M, N)]."""
        with self._scope(name):
            return self._diag_part()

    def _diag_part(self):
        return space_ops.matrix_diag_part(self._to_dense())

    def trace(self, name="trace"):
        with self._scope(name):
            result = self._trace()
            result.set_shape(self.batch_shape)
            return result

    def _trace(self):
        return math_ops.reduce_sum(self.diag_part(), axis=-1)

    # -- Checks ------------------------------------------------------------------------------------

    def assert_non_singular(self, name="assert_non_singular"):
        """An op that fails if a singular value is (nearly) zero."""
        with self._scope(name):
            return self._assert_non_singular()

    def _assert_non_singular(self):
        s = linalg_impl.svd(self._to_dense(), compute_uv=False)
        real = s.dtype.as_numpy_dtype
        least = math_ops.reduce_max(s, -1) * (1e-6 if s.dtype is dtypes.float32 else 1e-13)
        return check_ops.assert_less(
            least + real(0),
            math_ops.reduce_min(s, -1),
            message="Singular matrix up to precision epsilon.",
        )

    def assert_positive_definite(self, name="assert_positive_definite"):
        """An op that fails if the Hermitian part has an eigenvalue that is not positive."""
        with self._scope(name):
            return self._assert_positive_definite()

    def _assert_positive_definite(self):
        dense = self._to_dense()
        part = (dense + linalg_ops.adjoint(dense)) / 2
        values = math_ops.real(linalg_impl.self_adjoint_eigvals(part))
        return check_ops.assert_positive(values, message="Matrix was not positive definite.")

    def assert_self_adjoint(self, name="assert_self_adjoint"):
        with self._scope(name):
            return self._assert_self_adjoint()

    def _assert_self_adjoint(self):
        dense = self._to_dense()
        return check_ops.assert_equal(
            dense, linalg_ops.adjoint(dense), message="Matrix was not equal to its adjoint."
        )


def check_rank(tensor, rank, name):
    """The argument `name` has at least `rank` dimensions, if that is known."""
    if tensor.shape.rank is not None and tensor.shape.rank < rank:
        raise ValueError(
            "Argument %s must have at least %d dimension%s.  Found: %s"
            % (name, rank, "" if rank == 1 else "s", tensor)
        )


def check_numbers(tensor, name):
    """The argument `name` has a dtype of matrices."""
    allowed = (
        dtypes.float16, dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128,
    )  # fmt: skip
    if tensor.dtype not in allowed:
        raise TypeError(
            "Argument %s must have dtype in %s.  Found: %s"
            % (name, [d.name for d in allowed], tensor.dtype)
        )


def assert_no_zeros(tensor, message):
    """An op that fails if an element is zero."""
    size = math_ops.abs(tensor)
    return check_ops.assert_less(array_ops.zeros([], size.dtype), size, message=message)


def assert_real(tensor, message):
    """An op that fails if an element has an imaginary part."""
    if not tensor.dtype.is_complex:
        from caudal.ops import control_flow_ops

        return control_flow_ops.no_op()
    part = math_ops.imag(tensor)
    return check_ops.assert_equal(array_ops.zeros([], part.dtype), part, message=message)


def broadcast_batches(a, b):
    """Two batches of matrices with one batch shape."""
    if a.shape.rank is not None and b.shape.rank is not None:
        x, y = a.shape[:-2], b.shape[:-2]
        if x.is_fully_defined() and y.is_fully_defined() and x.as_list() == y.as_list():
            return a, b
        if a.shape.rank == b.shape.rank == 2:
            return a, b
    sa, sb = shape_ops.shape(a), shape_ops.shape(b)
    batch = shape_ops.broadcast_dynamic_shape(sa[:-2], sb[:-2])
    static = tensor_shape.TensorShape(None)
    if a.shape.rank is not None and b.shape.rank is not None:
        static = tensor_shape.as_shape(shape_ops.broadcast_static_shape(a.shape[:-2], b.shape[:-2]))
    results = []
    for matrices, sizes in ((a, sa), (b, sb)):
        result = array_ops.broadcast_to(matrices, array_ops.concat([batch, sizes[-2:]], 0))
        if static.rank is not None:
            result.set_shape(static.concatenate(matrices.shape[-2:]))
        results.append(result)
    return tuple(results)
