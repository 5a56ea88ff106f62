# SPDX-License-Identifier: Apache-2.0
"""Operators made of other operators, and those that Fourier transforms diagonalise."""

import functools

from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import array_ops, fourier_ops, linalg_ops, math_ops, shape_ops
from caudal.ops.linalg.linear_operator import LinearOperator


def _same_dtype(operators):
    operators = list(operators)
    if not operators:
        raise ValueError("Expected a non-empty list of operators.")
    for operator in operators:
        if operator.dtype != operators[0].dtype:
            raise TypeError(
                "Expected all operators to have one dtype, got %s"
                % ", ".join("%s: %s" % (o.name, o.dtype.name) for o in operators)
            )
    return operators


def _static_batch(operators):
    batch = operators[0].batch_shape
    for operator in operators[1:]:
        if batch.rank is None or operator.batch_shape.rank is None:
            return tensor_shape.TensorShape(None)
        batch = tensor_shape.TensorShape(
            shape_ops.broadcast_static_shape(batch, operator.batch_shape)
        )
    return batch


def _batch_tensor(operators):
    return functools.reduce(
        shape_ops.broadcast_dynamic_shape, [o.batch_shape_tensor() for o in operators]
    )


def _all(operators, attribute):
    return True if all(getattr(o, attribute) for o in operators) else None


def _hint(operators, given, attribute):
    return _all(operators, attribute) if given is None else given


class LinearOperatorComposition(LinearOperator):
    """The product of operators, the last one applied first."""

    def __init__(
        self, operators, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        self._operators = _same_dtype(operators)
        if is_non_singular is None:
            is_non_singular = _all(self._operators, "is_non_singular")
        parents = [p for o in self._operators for p in o.graph_parents]
        name = name or "_o_".join(o.name for o in self._operators)
        super().__init__(
            self._operators[0].dtype, parents, is_non_singular, is_self_adjoint,
            is_positive_definite, is_square, name,
        )  # fmt: skip
        for left, right in zip(self._operators, self._operators[1:]):
            left.domain_dimension.assert_is_compatible_with(right.range_dimension)

    @property
    def operators(self):
        return self._operators

    def _shape(self):
        matrix = [self._operators[0].range_dimension, self._operators[-1].domain_dimension]
        return _static_batch(self._operators).concatenate(tensor_shape.TensorShape(matrix))

    def _shape_tensor(self):
        first, last = self._operators[0], self._operators[-1]
        matrix = [first.range_dimension_tensor(), last.domain_dimension_tensor()]
        return array_ops.concat([_batch_tensor(self._operators), matrix], 0)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        for operator in self._operators if adjoint else self._operators[::-1]:
            x = operator.matmul(x, adjoint=adjoint)
        return x

    def _to_dense(self):
        dense = self._operators[-1].to_dense()
        for operator in self._operators[-2::-1]:
            dense = operator.matmul(dense)
        return dense

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        if not all(o.is_square for o in self._operators):
            return super()._solve(rhs, adjoint, adjoint_arg)
        x = linalg_ops.adjoint(rhs) if adjoint_arg else rhs
        for operator in self._operators[::-1] if adjoint else self._operators:
            x = operator.solve(x, adjoint=adjoint)
        return x

    def _determinant(self):
        if not all(o.is_square for o in self._operators):
            return super()._determinant()
        return functools.reduce(math_ops.multiply, [o.determinant() for o in self._operators])

    def _log_abs_determinant(self):
        if not all(o.is_square for o in self._operators):
            return super()._log_abs_determinant()
        return functools.reduce(math_ops.add, [o.log_abs_determinant() for o in self._operators])


class _Wrapped(LinearOperator):
    """An operator that turns another one."""

    _suffix = ""

    def __init__(
        self, operator, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        self._operator = operator

        def hint(given, attribute):
            return getattr(operator, attribute) if given is None else given

        super().__init__(
            operator.dtype, operator.graph_parents, hint(is_non_singular, "is_non_singular"),
            hint(is_self_adjoint, "is_self_adjoint"),
            hint(is_positive_definite, "is_positive_definite"), hint(is_square, "is_square"),
            name or operator.name + self._suffix,
        )  # fmt: skip

    @property
    def operator(self):
        return self._operator


class LinearOperatorAdjoint(_Wrapped):
    """The conjugate transpose of an operator."""

    _suffix = "_adjoint"

    def _shape(self):
        shape = self._operator.shape
        if shape.rank is None:
            return shape
        dims = shape.as_list()
        return tensor_shape.TensorShape([*dims[:-2], dims[-1], dims[-2]])

    def _shape_tensor(self):
        dims = self._operator.shape_tensor()
        return array_ops.concat([dims[:-2], dims[-1:], dims[-2:-1]], 0)

    def adjoint(self, name="adjoint"):
        return self._operator

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._operator.matmul(x, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        return self._operator.solve(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _to_dense(self):
        return linalg_ops.adjoint(self._operator.to_dense())

    def _determinant(self):
        return math_ops.conj(self._operator.determinant())

    def _log_abs_determinant(self):
        return self._operator.log_abs_determinant()


class LinearOperatorInversion(_Wrapped):
    """The inverse of an operator."""

    _suffix = "_inv"

    def __init__(
        self, operator, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        if is_non_singular is False or operator.is_non_singular is False:
            raise ValueError("The inverse of a singular operator does not exist.")
        super().__init__(operator, True, is_self_adjoint, is_positive_definite, is_square, name)

    def _shape(self):
        return self._operator.shape

    def _shape_tensor(self):
        return self._operator.shape_tensor()

    def inverse(self, name="inverse"):
        return self._operator

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._operator.solve(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        return self._operator.matmul(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _determinant(self):
        return 1.0 / self._operator.determinant()

    def _log_abs_determinant(self):
        return -1.0 * self._operator.log_abs_determinant()


class LinearOperatorBlockDiag(LinearOperator):
    """Operators along the diagonal, zeros elsewhere."""

    def __init__(
        self, operators, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=True, name=None,
    ):  # fmt: skip
        self._operators = _same_dtype(operators)

        super().__init__(
            self._operators[0].dtype, [p for o in self._operators for p in o.graph_parents],
            _hint(self._operators, is_non_singular, "is_non_singular"),
            _hint(self._operators, is_self_adjoint, "is_self_adjoint"),
            _hint(self._operators, is_positive_definite, "is_positive_definite"), is_square,
            name or "_ds_".join(o.name for o in self._operators),
        )  # fmt: skip

    @property
    def operators(self):
        return self._operators

    def _shape(self):
        def total(attribute):
            sizes = [getattr(o, attribute).value for o in self._operators]
            return None if None in sizes else sum(sizes)

        matrix = tensor_shape.TensorShape([total("range_dimension"), total("domain_dimension")])
        return _static_batch(self._operators).concatenate(matrix)

    def _shape_tensor(self):
        rows = math_ops.add_n([o.range_dimension_tensor() for o in self._operators])
        columns = math_ops.add_n([o.domain_dimension_tensor() for o in self._operators])
        return array_ops.concat([_batch_tensor(self._operators), [rows, columns]], 0)

    def _by_blocks(self, x, adjoint, adjoint_arg, method, sizes):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        known = [getattr(o, sizes).value for o in self._operators]
        if None in known:
            known = array_ops.stack([getattr(o, sizes + "_tensor")() for o in self._operators])
        parts = array_ops.split(x, known, axis=-2, num=len(self._operators))
        done = [getattr(o, method)(p, adjoint=adjoint) for o, p in zip(self._operators, parts)]
        batch = [shape_ops.shape(d)[:-2] for d in done]
        batch = functools.reduce(shape_ops.broadcast_dynamic_shape, batch)
        if any(d.shape.rank != done[0].shape.rank or d.shape.rank > 2 for d in done):
            done = [
                array_ops.broadcast_to(d, array_ops.concat([batch, shape_ops.shape(d)[-2:]], 0))
                for d in done
            ]
        return array_ops.concat(done, axis=-2)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        sizes = "range_dimension" if adjoint else "domain_dimension"
        return self._by_blocks(x, adjoint, adjoint_arg, "matmul", sizes)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        sizes = "domain_dimension" if adjoint else "range_dimension"
        return self._by_blocks(rhs, adjoint, adjoint_arg, "solve", sizes)

    def _determinant(self):
        return functools.reduce(math_ops.multiply, [o.determinant() for o in self._operators])

    def _log_abs_determinant(self):
        return functools.reduce(math_ops.add, [o.log_abs_determinant() for o in self._operators])


class LinearOperatorKronecker(LinearOperator):
    """The Kronecker product of operators; it is computed as a stored matrix."""

    def __init__(
        self, operators, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        self._operators = _same_dtype(operators)
        super().__init__(
            self._operators[0].dtype, [p for o in self._operators for p in o.graph_parents],
            _hint(self._operators, is_non_singular, "is_non_singular"),
            _hint(self._operators, is_self_adjoint, "is_self_adjoint"),
            is_positive_definite, is_square, name or "_x_".join(o.name for o in self._operators),
        )  # fmt: skip

    @property
    def operators(self):
        return self._operators

    def _shape(self):
        def total(attribute):
            sizes = [getattr(o, attribute).value for o in self._operators]
            return None if None in sizes else functools.reduce(lambda a, b: a * b, sizes)

        matrix = tensor_shape.TensorShape([total("range_dimension"), total("domain_dimension")])
        return _static_batch(self._operators).concatenate(matrix)

    def _shape_tensor(self):
        sizes = [
            functools.reduce(math_ops.multiply, [getattr(o, name)() for o in self._operators])
            for name in ("range_dimension_tensor", "domain_dimension_tensor")
        ]
        return array_ops.concat([_batch_tensor(self._operators), sizes], 0)

    def _to_dense(self):
        product = self._operators[0].to_dense()
        for operator in self._operators[1:]:
            factor = operator.to_dense()
            a = product[..., :, None, :, None]
            outer = a * factor[..., None, :, None, :]
            dims, p, f = shape_ops.shape(outer), shape_ops.shape(product), shape_ops.shape(factor)
            sizes = array_ops.concat([dims[:-4], p[-2:] * f[-2:]], 0)
            product = array_ops.reshape(outer, sizes)
        return product


class LinearOperatorLowRankUpdate(LinearOperator):
    """base + u diag(diag_update) v^H, with few columns in u and v."""

    def __init__(
        self, base_operator, u, diag_update=None, v=None, is_diag_update_positive=None,
        is_non_singular=None, is_self_adjoint=None, is_positive_definite=None, is_square=None,
        name="LinearOperatorLowRankUpdate",
    ):  # fmt: skip
        with ops.name_scope(name):
            dtype = base_operator.dtype
            self._base_operator = base_operator
            self._u = ops.convert_to_tensor(u, dtype=dtype, name="u")
            self._v = self._u if v is None else ops.convert_to_tensor(v, dtype=dtype, name="v")
            self._diag_update = None
            parents = [*base_operator.graph_parents, self._u, self._v]
            if diag_update is not None:
                self._diag_update = ops.convert_to_tensor(diag_update, dtype=dtype)
                parents.append(self._diag_update)
            else:
                is_diag_update_positive = True
            self._is_diag_update_positive = is_diag_update_positive
            if v is None and is_diag_update_positive:
                if is_self_adjoint is None and base_operator.is_self_adjoint:
                    is_self_adjoint = True
                if is_positive_definite is None and base_operator.is_positive_definite:
                    is_positive_definite = True
            super().__init__(
                dtype, parents, is_non_singular, is_self_adjoint, is_positive_definite,
                base_operator.is_square if is_square is None else is_square, name,
            )  # fmt: skip

    base_operator = property(lambda self: self._base_operator)
    u = property(lambda self: self._u)
    v = property(lambda self: self._v)
    diag_update = property(lambda self: self._diag_update)
    is_diag_update_positive = property(lambda self: self._is_diag_update_positive)

    def _shape(self):
        base = self._base_operator
        if base.shape.rank is None or self._u.shape.rank is None:
            return tensor_shape.TensorShape(None)
        batch = shape_ops.broadcast_static_shape(base.batch_shape, self._u.shape[:-2])
        return tensor_shape.TensorShape(batch).concatenate(base.shape[-2:])

    def _shape_tensor(self):
        base = self._base_operator.shape_tensor()
        batch = shape_ops.broadcast_dynamic_shape(base[:-2], shape_ops.shape(self._u)[:-2])
        return array_ops.concat([batch, base[-2:]], 0)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        inner = math_ops.matmul(right, x, adjoint_a=True)
        if self._diag_update is not None:
            d = math_ops.conj(self._diag_update) if adjoint else self._diag_update
            inner = array_ops.expand_dims(d, -1) * inner
        return self._base_operator.matmul(x, adjoint=adjoint) + math_ops.matmul(left, inner)

    def _to_dense(self):
        scaled = self._u if self._diag_update is None else self._u * self._diag_update[..., None, :]
        update = math_ops.matmul(scaled, self._v, adjoint_b=True)
        return self._base_operator.to_dense() + update


class _Circulant(LinearOperator):
    """Diagonal between a Fourier transform of some dimensions and its inverse."""

    _dimensions = 1

    def __init__(
        self, spectrum, input_output_dtype, is_non_singular, is_self_adjoint,
        is_positive_definite, is_square, name,
    ):  # fmt: skip
        if not is_square:
            raise ValueError("A circulant operator is always square.")
        with ops.name_scope(name, values=[spectrum]):
            self._spectrum = ops.convert_to_tensor(spectrum, name="spectrum")
            self._spectrum.shape.with_rank_at_least(self._dimensions)
            if not self._spectrum.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError(
                        "A real spectrum always corresponds to a self-adjoint operator."
                    )
                is_self_adjoint = True
            super().__init__(
                input_output_dtype, [self._spectrum], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip

    spectrum = property(lambda self: self._spectrum)
    block_depth = property(lambda self: self._dimensions)

    @property
    def block_shape(self):
        return self._spectrum.shape[-self._dimensions :]

    def block_shape_tensor(self):
        return shape_ops.shape(self._spectrum)[-self._dimensions :]

    def _shape(self):
        if self._spectrum.shape.rank is None:
            return tensor_shape.TensorShape(None)
        n = self.block_shape.num_elements()
        return self._spectrum.shape[: -self._dimensions].concatenate(
            tensor_shape.TensorShape([n, n])
        )

    def _shape_tensor(self):
        n = math_ops.reduce_prod(self.block_shape_tensor())
        return array_ops.concat([shape_ops.shape(self._spectrum)[: -self._dimensions], [n, n]], 0)

    def _turn(self, x, spectrum, divide):
        """Applies the operator to matrices [..., N, R]."""
        double = self.dtype in (dtypes.float64, dtypes.complex128)
        whole = dtypes.complex128 if double else dtypes.complex64
        forward, back = {
            1: (fourier_ops.fft, fourier_ops.ifft),
            2: (fourier_ops.fft2d, fourier_ops.ifft2d),
            3: (fourier_ops.fft3d, fourier_ops.ifft3d),
        }[self._dimensions]
        rows = array_ops.matrix_transpose(math_ops.cast(x, whole))
        dims = shape_ops.shape(rows)
        blocks = array_ops.reshape(
            rows, array_ops.concat([dims[:-1], self.block_shape_tensor()], 0)
        )
        axis = -self._dimensions - 1
        weights = array_ops.expand_dims(math_ops.cast(spectrum, whole), axis)
        turned = forward(blocks)
        turned = back(turned / weights if divide else turned * weights)
        sizes = array_ops.concat([shape_ops.shape(turned)[: -self._dimensions], dims[-1:]], 0)
        return math_ops.cast(
            array_ops.matrix_transpose(array_ops.reshape(turned, sizes)), self.dtype
        )

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        return self._turn(x, math_ops.conj(self._spectrum) if adjoint else self._spectrum, False)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = linalg_ops.adjoint(rhs) if adjoint_arg else rhs
        return self._turn(rhs, math_ops.conj(self._spectrum) if adjoint else self._spectrum, True)

    def _over(self, function, x):
        return function(x, axis=list(range(-self._dimensions, 0)))

    def _determinant(self):
        return math_ops.cast(self._over(math_ops.reduce_prod, self._spectrum), self.dtype)

    def _log_abs_determinant(self):
        sizes = math_ops.log(math_ops.abs(self._spectrum))
        return math_ops.cast(self._over(math_ops.reduce_sum, sizes), self.dtype)


class LinearOperatorCirculant(_Circulant):
    """Circulant matrices with these eigenvalues [..., N]."""

    def __init__(
        self, spectrum, input_output_dtype=dtypes.complex64, is_non_singular=None,
        is_self_adjoint=None, is_positive_definite=None, is_square=True,
        name="LinearOperatorCirculant",
    ):  # fmt: skip
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip


class LinearOperatorCirculant2D(_Circulant):
    """Block circulant matrices with these eigenvalues [..., N0, N1]."""

    _dimensions = 2

    def __init__(
        self, spectrum, input_output_dtype=dtypes.complex64, is_non_singular=None,
        is_self_adjoint=None, is_positive_definite=None, is_square=True,
        name="LinearOperatorCirculant2D",
    ):  # fmt: skip
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip


class LinearOperatorCirculant3D(_Circulant):
    """Nested block circulant matrices with these eigenvalues [..., N0, N1, N2]."""

    _dimensions = 3

    def __init__(
        self, spectrum, input_output_dtype=dtypes.complex64, is_non_singular=None,
        is_self_adjoint=None, is_positive_definite=None, is_square=True,
        name="LinearOperatorCirculant3D",
    ):  # fmt: skip
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip


class LinearOperatorToeplitz(LinearOperator):
    """Matrices that are constant along diagonals: first column `col`, first row `row` [..., N]."""

    def __init__(
        self, col, row, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name="LinearOperatorToeplitz",
    ):  # fmt: skip
        if is_square is False:
            raise ValueError("Only square Toeplitz operators currently supported.")
        with ops.name_scope(name, values=[row, col]):
            self._row = ops.convert_to_tensor(row, name="row")
            self._col = ops.convert_to_tensor(col, name="col")
            super().__init__(
                self._row.dtype, [self._row, self._col], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip

    col = property(lambda self: self._col)
    row = property(lambda self: self._row)

    def _shape(self):
        batch = shape_ops.broadcast_static_shape(self._row.shape, self._col.shape)
        batch = tensor_shape.TensorShape(batch)
        return batch.concatenate(batch[-1:])

    def _shape_tensor(self):
        dims = shape_ops.broadcast_dynamic_shape(
            shape_ops.shape(self._row), shape_ops.shape(self._col)
        )
        return array_ops.concat([dims, dims[-1:]], 0)

    def _to_dense(self):
        dims = self.shape_tensor()[:-1]
        row, col = array_ops.broadcast_to(self._row, dims), array_ops.broadcast_to(self._col, dims)
        n = dims[-1]
        # [col reversed, row without its first]: entry n - 1 + j - i is the element (i, j).
        line = array_ops.concat([array_ops.reverse(col, [-1]), row[..., 1:]], -1)
        count = array_ops.range(n)
        places = n - 1 + count[None, :] - count[:, None]
        return array_ops.gather(line, places, axis=-1)
