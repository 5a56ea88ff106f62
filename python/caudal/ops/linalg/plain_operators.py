# SPDX-License-Identifier: Apache-2.0
"""Operators that stand on one tensor, or on none."""

from caudal.framework import dtypes, errors, ops, tensor_shape, tensor_util
from caudal.ops import (
    array_ops,
    check_ops,
    control_flow_ops,
    linalg_impl,
    linalg_ops,
    math_ops,
    shape_ops,
    space_ops,
)
from caudal.ops.linalg.linear_operator import (
    LinearOperator,
    as_dtype,
    assert_no_zeros,
    assert_real,
    broadcast_batches,
    check_numbers,
    check_rank,
)


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
            check_rank(self._matrix, 2, "matrix")
            check_numbers(self._matrix, "matrix")
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

    def _assert_positive_definite(self):
        if not self.is_self_adjoint:
            return super()._assert_positive_definite()
        factor = linalg_impl.cholesky(self._matrix)
        return check_ops.assert_positive(
            math_ops.real(space_ops.matrix_diag_part(factor)),
            message="Matrix was not positive definite.",
        )


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
            check_rank(tril, 2, "tril")
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

    def _assert_non_singular(self):
        return assert_no_zeros(
            self._diag_part(), "Singular operator:  Diagonal contained zero values."
        )

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
            check_rank(self._diag, 1, "diag")
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

    def _add_to_tensor(self, x):
        result = x + self._to_dense()
        result.set_shape(x.shape if self._diag.shape.rank is None else result.shape)
        return result

    def _assert_non_singular(self):
        return assert_no_zeros(self._diag, "Singular operator:  Diagonal contained zero values.")

    def _assert_positive_definite(self):
        if self.dtype.is_complex:
            message = (
                "Diagonal operator had diagonal entries with non-positive real part, thus was "
                "not positive definite."
            )
        else:
            message = (
                "Real diagonal operator had non-positive diagonal entries, thus was not positive "
                "definite."
            )
        return check_ops.assert_positive(math_ops.real(self._diag), message=message)

    def _assert_self_adjoint(self):
        return assert_real(
            self._diag,
            "This diagonal operator contained non-zero imaginary values.  Thus it was not "
            "self-adjoint.",
        )

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

    def cholesky(self, name="cholesky"):
        if not (self.is_positive_definite and self.is_self_adjoint):
            return super().cholesky()  # its complaint
        return LinearOperatorDiag(
            math_ops.sqrt(self._diag), is_self_adjoint=True, is_positive_definite=True
        )

    def inverse(self, name="inverse"):
        super().inverse()  # its checks
        return LinearOperatorDiag(
            1.0 / self._diag, self.is_non_singular, self.is_self_adjoint, self.is_positive_definite
        )


class _Sized(LinearOperator):
    """An operator made from a number of rows (and columns) and a batch shape."""

    def _set_size(self, rows, columns, batch_shape, assert_proper_shapes=False):
        self._asserts = assert_proper_shapes
        self._rows = self._size(rows, "num_rows", 0)
        self._columns = self._rows if columns is None else self._size(columns, "num_columns", 0)
        self._batch = None if batch_shape is None else self._size(batch_shape, "batch_shape", 1)
        batch = [] if batch_shape is None else self._batch
        known = tensor_util.constant_value_as_shape(ops.convert_to_tensor(batch, dtypes.int32))

        def number(value):
            static = tensor_util.constant_value(value)
            return None if static is None else int(static)

        self._static = known.concatenate(
            tensor_shape.TensorShape([number(self._rows), number(self._columns)])
        )

    def _size(self, value, name, rank):
        """A number (rank 0) or vector (rank 1) of sizes, checked, as int32 tensor."""
        empty = isinstance(value, (list, tuple)) and not value
        dtype = dtypes.int32 if empty else None
        value = ops.convert_to_tensor(value, dtype=dtype, name=name)
        if not value.dtype.is_integer:
            raise TypeError("Argument %s must be integer type.  Found: %s" % (name, value))
        wrong = "Argument %s must be a %d-D Tensor." % (name, rank)
        negative = "Argument %s must be non-negative." % name
        static = tensor_util.constant_value(value)
        if value.shape.rank not in (None, rank):
            raise ValueError("%s  Found: %s" % (wrong, value if static is None else static))
        if static is not None:
            if (static < 0).any():
                raise ValueError("%s  Found: %s" % (negative, static))
        elif self._asserts:
            checks = [
                check_ops.assert_rank(value, rank, message=wrong),
                check_ops.assert_non_negative(value, message=negative),
            ]
            value = control_flow_ops.with_dependencies(checks, value)
            # Fits what follows, so that the assertion is what a wrong rank meets first.
            value = array_ops.reshape(value, [-1] if rank else [])
        return math_ops.cast(value, dtypes.int32)

    @property
    def rows(self):
        return self._rows

    def _proper(self, x):
        """`x`, behind an assertion that it has as many rows as the operator, if asked for."""
        if not self._asserts:
            return x
        check = check_ops.assert_equal(
            shape_ops.shape(x)[-2],
            self._rows,
            message="Dimensions are not compatible.  Incompatible matrix dimensions: shape[-2] of "
            "argument must be the same as this operator's",
        )
        return control_flow_ops.with_dependencies([check], x)

    def _shape(self):
        return self._static

    def _shape_tensor(self):
        batch = ops.convert_to_tensor([] if self._batch is None else self._batch, dtypes.int32)
        return array_ops.concat([batch, array_ops.stack([self._rows, self._columns])], 0)

    def _over_batches(self, x):
        """`x` repeated for the operator's batch shape."""
        if self._batch is None:
            return x
        dims = shape_ops.shape(x)
        batch = shape_ops.broadcast_dynamic_shape(dims[:-2], self.batch_shape_tensor())
        result = array_ops.broadcast_to(x, array_ops.concat([batch, dims[-2:]], 0))
        if x.shape.rank is not None and self.batch_shape.rank is not None:
            static = shape_ops.broadcast_static_shape(x.shape[:-2], self.batch_shape)
            result.set_shape(tensor_shape.TensorShape(static).concatenate(x.shape[-2:]))
        return result


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
            self._set_size(num_rows, None, batch_shape, assert_proper_shapes)

    def _to_dense(self):
        return linalg_ops.eye(self._rows, batch_shape=self._batch, dtype=self.dtype)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._over_batches(self._proper(linalg_ops.adjoint(x) if adjoint_arg else x))

    _solve = _matmul

    def _diag_part(self):
        return array_ops.ones(self.shape_tensor()[:-1], dtype=self.dtype)

    def _assert_non_singular(self):
        return control_flow_ops.no_op("assert_non_singular")

    def _assert_positive_definite(self):
        return control_flow_ops.no_op("assert_positive_definite")

    def _assert_self_adjoint(self):
        return control_flow_ops.no_op("assert_self_adjoint")

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
                self._multiplier.dtype, [], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip
            static = self._multiplier.shape
            known = static.is_fully_defined()
            self._set_size(
                num_rows,
                None,
                static.as_list() if known else shape_ops.shape(self._multiplier),
                assert_proper_shapes,
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
        x = self._proper(linalg_ops.adjoint(x) if adjoint_arg else x)
        return x * self._factor(adjoint)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = self._proper(linalg_ops.adjoint(rhs) if adjoint_arg else rhs)
        return rhs / self._factor(adjoint)

    def _add_to_tensor(self, x):
        result = x + self._to_dense()
        result.set_shape(x.shape if self._multiplier.shape.rank is None else result.shape)
        return result

    def _assert_non_singular(self):
        return check_ops.assert_positive(
            math_ops.abs(self._multiplier), message="LinearOperator was singular"
        )

    def _assert_positive_definite(self):
        return check_ops.assert_positive(
            math_ops.real(self._multiplier), message="LinearOperator was not positive definite."
        )

    def _assert_self_adjoint(self):
        return assert_real(self._multiplier, "LinearOperator was not self-adjoint")

    def _count(self, dtype):
        return math_ops.cast(self.domain_dimension_tensor(), dtype)

    def _determinant(self):
        return self._multiplier ** self._count(self.dtype)

    def _log_abs_determinant(self):
        size = math_ops.abs(self._multiplier)
        return math_ops.log(size) * self._count(size.dtype)

    def _diag_part(self):
        ones = array_ops.ones([self.domain_dimension_tensor()], dtype=self.dtype)
        return self._multiplier[..., array_ops.newaxis] * ones

    def adjoint(self, name="adjoint"):
        if self.is_self_adjoint:
            return self
        return LinearOperatorScaledIdentity(
            self._rows,
            math_ops.conj(self._multiplier),
            self.is_non_singular,
            None,
            self.is_positive_definite,
        )

    def cholesky(self, name="cholesky"):
        if not (self.is_positive_definite and self.is_self_adjoint):
            return super().cholesky()  # its complaint
        return LinearOperatorScaledIdentity(
            self._rows,
            math_ops.sqrt(self._multiplier),
            is_non_singular=True,
            is_self_adjoint=True,
            is_positive_definite=True,
        )

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
        if is_non_singular:
            raise ValueError("A zero operator is always singular.")
        if is_positive_definite:
            raise ValueError("A zero operator is always not positive-definite.")
        if not is_self_adjoint and is_square:
            raise ValueError("A zero operator is always self adjoint.")
        with ops.name_scope(name):
            super().__init__(as_dtype(dtype), [], False, is_self_adjoint, False, is_square, name)
            self._set_size(num_rows, num_columns, batch_shape, assert_proper_shapes)
            rows, columns = self._static.as_list()[-2:]
            if is_square and None not in (rows, columns) and rows != columns:
                raise ValueError(
                    "LinearOperatorZeros initialized as is_square=True, but got num_rows(%d) != "
                    "num_columns(%d)" % (rows, columns)
                )

    def adjoint(self, name="adjoint"):
        if self.is_square:
            return self
        return LinearOperatorZeros(
            self._columns, self._rows, self._batch, self.dtype,
            is_self_adjoint=self.is_self_adjoint, is_square=self.is_square,
        )  # fmt: skip

    def _assert_non_singular(self):
        raise errors.InvalidArgumentError(None, None, "Zero operators are always non-invertible.")

    def _assert_positive_definite(self):
        raise errors.InvalidArgumentError(
            None, None, "Zero operators are always non-positive definite."
        )

    def _assert_self_adjoint(self):
        return control_flow_ops.no_op("assert_self_adjoint")

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
            raise ValueError("A Householder operator is always non-positive definite.")
        if is_self_adjoint is False:
            raise ValueError("A Householder operator is always self adjoint.")
        if is_square is False:
            raise ValueError("A Householder operator is always square.")
        with ops.name_scope(name, values=[reflection_axis]):
            self._axis = ops.convert_to_tensor(reflection_axis, name="reflection_axis")
            check_rank(self._axis, 1, "reflection_axis")
            super().__init__(
                self._axis.dtype, [self._axis], is_non_singular, True, False, True, name
            )

    def _assert_positive_definite(self):
        raise errors.InvalidArgumentError(
            None, None, "Householder operators are always non-positive definite."
        )

    def _assert_non_singular(self):
        return control_flow_ops.no_op("assert_non_singular")

    def _assert_self_adjoint(self):
        return control_flow_ops.no_op("assert_self_adjoint")

    def inverse(self, name="inverse"):
        return self

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
