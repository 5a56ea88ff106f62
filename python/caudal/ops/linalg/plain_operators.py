# SPDX-License-Identifier: Apache-2.0
"""Operators that stand on one tensor, or on none."""

from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.ops import array_ops, linalg_impl, linalg_ops, math_ops, shape_ops, space_ops
from caudal.ops.linalg.linear_operator import LinearOperator, as_dtype, broadcast_batches


def _diagonal(vector, x):
    """diag(vector) x."""
    return array_ops.expand_dims(vector, -1) * x


class LinearOperatorFullMatrix(LinearOperator):
    """A stored matrix [..., M, N]."""

    def __init__(
        self, matrix, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name="LinearOperatorFullMatrix",
    ):  # fmt: skip
        with ops.name_scope(name, values=[matrix]):
            self._matrix = ops.convert_to_tensor(matrix, name="matrix")
            self._matrix.shape.with_rank_at_least(2)
            super().__init__(
                self._matrix.dtype, [self._matrix], is_non_singular, is_self_adjoint,
                is_positive_definite, is_square, name,
            )  # fmt: skip

    def _shape(self):
        return self._matrix.shape

    def _shape_tensor(self):
        return shape_ops.shape(self._matrix)

    def _to_dense(self):
        return self._matrix


class LinearOperatorLowerTriangular(LinearOperator):
    """The lower triangle of a stored matrix."""

    def __init__(
        self, tril, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name="LinearOperatorLowerTriangular",
    ):  # fmt: skip
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with ops.name_scope(name, values=[tril]):
            tril = ops.convert_to_tensor(tril, name="tril")
            self._tril = array_ops.matrix_band_part(tril, -1, 0)
            super().__init__(
                self._tril.dtype, [self._tril], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip

    def _shape(self):
        return self._tril.shape

    def _shape_tensor(self):
        return shape_ops.shape(self._tril)

    def _to_dense(self):
        return self._tril

    def _diag_part(self):
        return space_ops.matrix_diag_part(self._tril)

    def _determinant(self):
        return math_ops.reduce_prod(self._diag_part(), axis=[-1])

    def _log_abs_determinant(self):
        return math_ops.reduce_sum(math_ops.log(math_ops.abs(self._diag_part())), axis=[-1])

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        if adjoint_arg:
            rhs = linalg_ops.adjoint(rhs)
        tril, rhs = broadcast_batches(self._tril, rhs)
        return linalg_impl.matrix_triangular_solve(tril, rhs, lower=True, adjoint=adjoint)


class LinearOperatorDiag(LinearOperator):
    """A diagonal matrix of the vectors [..., N]."""

    def __init__(
        self, diag, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name="LinearOperatorDiag",
    ):  # fmt: skip
        with ops.name_scope(name, values=[diag]):
            self._diag = ops.convert_to_tensor(diag, name="diag")
            self._diag.shape.with_rank_at_least(1)
            if not self._diag.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("Only square diagonal operators currently supported.")
            super().__init__(
                self._diag.dtype, [self._diag], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip

    @property
    def diag(self):
        return self._diag

    def _shape(self):
        return self._diag.shape.concatenate(self._diag.shape[-1:])

    def _shape_tensor(self):
        dims = shape_ops.shape(self._diag)
        return array_ops.concat([dims, dims[-1:]], 0)

    def _to_dense(self):
        return space_ops.matrix_diag(self._diag)

    def _diag_part(self):
        return self._diag

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        return _diagonal(math_ops.conj(self._diag) if adjoint else self._diag, x)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = linalg_ops.adjoint(rhs) if adjoint_arg else rhs
        return rhs / array_ops.expand_dims(math_ops.conj(self._diag) if adjoint else self._diag, -1)

    def _determinant(self):
        return math_ops.reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self):
        size = math_ops.reduce_sum(math_ops.log(math_ops.abs(self._diag)), axis=[-1])
        return math_ops.cast(size, self.dtype)

    def adjoint(self, name="adjoint"):
        if self.is_self_adjoint:
            return self
        return LinearOperatorDiag(math_ops.conj(self._diag), self.is_non_singular)

    def inverse(self, name="inverse"):
        super().inverse()  # its checks
        return LinearOperatorDiag(
            1.0 / self._diag, self.is_non_singular, self.is_self_adjoint, self.is_positive_definite
        )


class _Sized(LinearOperator):
    """An operator made from a number of rows (and columns) and a batch shape."""

    def _set_size(self, rows, columns, batch_shape):
        def number(value):
            known = tensor_util.constant_value(ops.convert_to_tensor(value, dtypes.int32))
            if known is not None and known < 0:
                raise ValueError("%s must be non-negative" % value)
            return None if known is None else int(known)

        self._rows, self._columns = rows, rows if columns is None else columns
        self._batch = batch_shape
        batch = [] if batch_shape is None else batch_shape
        known = tensor_util.constant_value_as_shape(ops.convert_to_tensor(batch, dtypes.int32))
        self._static = known.concatenate(
            tensor_shape.TensorShape([number(self._rows), number(self._columns)])
        )

    def _shape(self):
        return self._static

    def _shape_tensor(self):
        batch = ops.convert_to_tensor([] if self._batch is None else self._batch, dtypes.int32)
        return array_ops.concat([batch, [self._rows, self._columns]], 0)

    def _over_batches(self, x):
        """`x` repeated for the operator's batch shape."""
        if self._batch is None:
            return x
        dims = shape_ops.shape(x)
        batch = shape_ops.broadcast_dynamic_shape(dims[:-2], self.batch_shape_tensor())
        return array_ops.broadcast_to(x, array_ops.concat([batch, dims[-2:]], 0))


class LinearOperatorIdentity(_Sized):
    """The identity."""

    def __init__(
        self, num_rows, batch_shape=None, dtype=None, is_non_singular=True, is_self_adjoint=True,
        is_positive_definite=True, is_square=True, assert_proper_shapes=False,
        name="LinearOperatorIdentity",
    ):  # fmt: skip
        for flag, what in (
            (is_self_adjoint, "self adjoint"), (is_square, "square"),
            (is_non_singular, "non-singular"), (is_positive_definite, "positive-definite"),
        ):  # fmt: skip
            if not flag:
                raise ValueError("An identity operator is always %s." % what)
        with ops.name_scope(name):
            super().__init__(as_dtype(dtype), [], True, True, True, True, name)
            self._set_size(num_rows, None, batch_shape)

    def _to_dense(self):
        return linalg_ops.eye(self._rows, batch_shape=self._batch, dtype=self.dtype)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._over_batches(linalg_ops.adjoint(x) if adjoint_arg else x)

    _solve = _matmul

    def _diag_part(self):
        return array_ops.ones(self.shape_tensor()[:-1], dtype=self.dtype)

    def _determinant(self):
        return array_ops.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def inverse(self, name="inverse"):
        return self

    def cholesky(self, name="cholesky"):
        return self


class LinearOperatorScaledIdentity(_Sized):
    """Identities times the numbers `multiplier` [...]."""

    def __init__(
        self, num_rows, multiplier, is_non_singular=None, is_self_adjoint=None,
        is_positive_definite=None, is_square=True, assert_proper_shapes=False,
        name="LinearOperatorScaledIdentity",
    ):  # fmt: skip
        if not is_square:
            raise ValueError("A ScaledIdentity operator is always square.")
        with ops.name_scope(name, values=[multiplier]):
            self._multiplier = ops.convert_to_tensor(multiplier, name="multiplier")
            if not self._multiplier.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            super().__init__(
                self._multiplier.dtype, [self._multiplier], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip
            static = self._multiplier.shape
            known = static.is_fully_defined()
            self._set_size(
                num_rows, None, static.as_list() if known else shape_ops.shape(self._multiplier)
            )
            if not known:
                self._static = static.concatenate(self._static[-2:])

    @property
    def multiplier(self):
        return self._multiplier

    def _factor(self, adjoint):
        factor = math_ops.conj(self._multiplier) if adjoint else self._multiplier
        return factor[..., array_ops.newaxis, array_ops.newaxis]

    def _to_dense(self):
        return self._factor(False) * linalg_ops.eye(self._rows, dtype=self.dtype)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return (linalg_ops.adjoint(x) if adjoint_arg else x) * self._factor(adjoint)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        return (linalg_ops.adjoint(rhs) if adjoint_arg else rhs) / self._factor(adjoint)

    def _count(self, dtype):
        return math_ops.cast(self.domain_dimension_tensor(), dtype)

    def _determinant(self):
        return self._multiplier ** self._count(self.dtype)

    def _log_abs_determinant(self):
        size = math_ops.abs(self._multiplier)
        log = math_ops.log(size) * self._count(size.dtype)
        return math_ops.cast(log, self.dtype)

    def _diag_part(self):
        ones = array_ops.ones([self.domain_dimension_tensor()], dtype=self.dtype)
        return self._multiplier[..., array_ops.newaxis] * ones

    def inverse(self, name="inverse"):
        super().inverse()  # its checks
        return LinearOperatorScaledIdentity(
            self._rows, 1.0 / self._multiplier, self.is_non_singular, self.is_self_adjoint,
            self.is_positive_definite,
        )  # fmt: skip


class LinearOperatorZeros(_Sized):
    """Zeros."""

    def __init__(
        self, num_rows, num_columns=None, batch_shape=None, dtype=None, is_non_singular=False,
        is_self_adjoint=True, is_positive_definite=False, is_square=True,
        assert_proper_shapes=False, name="LinearOperatorZeros",
    ):  # fmt: skip
        if is_self_adjoint and num_columns not in (None, num_rows):
            is_self_adjoint = None
        if is_non_singular:
            raise ValueError("A zero operator is always singular.")
        if is_positive_definite:
            raise ValueError("A zero operator is always not positive-definite.")
        if num_columns not in (None, num_rows):
            is_square = False
        with ops.name_scope(name):
            super().__init__(as_dtype(dtype), [], False, is_self_adjoint, False, is_square, name)
            self._set_size(num_rows, num_columns, batch_shape)

    def _to_dense(self):
        return array_ops.zeros(self.shape_tensor(), dtype=self.dtype)

    def _determinant(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)


class LinearOperatorHouseholder(LinearOperator):
    """Reflections at the planes orthogonal to the vectors [..., N]."""

    def __init__(
        self, reflection_axis, is_non_singular=None, is_self_adjoint=None,
        is_positive_definite=None, is_square=None, name="LinearOperatorHouseholder",
    ):  # fmt: skip
        if is_positive_definite:
            raise ValueError("A Householder operator is not positive definite.")
        if is_square is False or is_self_adjoint is False or is_non_singular is False:
            raise ValueError("A Householder operator is square, self adjoint and non-singular.")
        with ops.name_scope(name, values=[reflection_axis]):
            self._axis = ops.convert_to_tensor(reflection_axis, name="reflection_axis")
            super().__init__(
                self._axis.dtype, [self._axis], True, True, is_positive_definite, True, name
            )

    @property
    def reflection_axis(self):
        return self._axis

    def _shape(self):
        return self._axis.shape.concatenate(self._axis.shape[-1:])

    def _shape_tensor(self):
        dims = shape_ops.shape(self._axis)
        return array_ops.concat([dims, dims[-1:]], 0)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        size = math_ops.sqrt(math_ops.reduce_sum(
            self._axis * math_ops.conj(self._axis), axis=-1, keepdims=True
        ))  # fmt: skip
        v = array_ops.expand_dims(self._axis / size, -1)
        return x - 2 * v * math_ops.matmul(v, x, adjoint_a=True)

    _solve = _matmul

    def _determinant(self):
        return -array_ops.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)
