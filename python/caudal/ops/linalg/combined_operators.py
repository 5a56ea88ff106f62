# SPDX-License-Identifier: Apache-2.0
"""Operators made of other operators."""

import functools

from caudal.framework import ops, tensor_shape
from caudal.ops import (
    array_ops,
    control_flow_ops,
    linalg_ops,
    math_ops,
    shape_ops,
)
from caudal.ops.linalg.linear_operator import (
    LinearOperator,
)


def _same_dtype(operators, wanted="a non-empty list of operators"):
    operators = list(operators)
    if not operators:
        raise ValueError("Expected %s. Found: %s" % (wanted, operators))
    for operator in operators:
        if operator.dtype != operators[0].dtype:
            raise TypeError(
                "Expected all operators to have the same dtype.  Found %s"
                % ", ".join(str((o.name, o.dtype.name)) for o in operators)
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


def _hint(operators, given, attribute, what=None):
    implied = _all(operators, attribute)
    if what and implied and given is False:
        word = _WORDS[attribute]
        raise ValueError("The %s of %s operators is always %s." % (what, word, word))
    return implied if given is None else given


_WORDS = {
    "is_non_singular": "non-singular",
    "is_self_adjoint": "self-adjoint",
    "is_positive_definite": "positive-definite",
    "is_square": "square",
}


class LinearOperatorComposition(LinearOperator):
    """The product of operators, the last one applied first."""

    def __init__(
        self, operators, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        self._operators = _same_dtype(operators)
        is_non_singular = _hint(self._operators, is_non_singular, "is_non_singular", "composition")
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
    _kind = ""

    def __init__(
        self, operator, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        self._operator = operator

        def hint(given, attribute):
            own = getattr(operator, attribute)
            if None not in (given, own) and given != own:
                raise ValueError(
                    "An operator is %s if and only if its %s is %s."
                    % (_WORDS[attribute], self._kind, _WORDS[attribute])
                )
            return own if given is None else given

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
    _kind = "adjoint"

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

    def _assert_non_singular(self):
        return self._operator.assert_non_singular()

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
    _kind = "inverse"

    def __init__(
        self, operator, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name=None,
    ):  # fmt: skip
        for attribute, given in (("is_square", is_square), ("is_non_singular", is_non_singular)):
            own = getattr(operator, attribute)
            if False in (own, given):
                raise ValueError(
                    "operator and supplied hints must have `%s` equal to `True` or `None`.  "
                    "Found %s, %s" % (attribute, own, given)
                )
        super().__init__(operator, True, is_self_adjoint, is_positive_definite, is_square, name)

    def _shape(self):
        return self._operator.shape

    def _shape_tensor(self):
        return self._operator.shape_tensor()

    def inverse(self, name="inverse"):
        return self._operator

    def _assert_non_singular(self):
        return self._operator.assert_non_singular()

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._operator.solve(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        return self._operator.matmul(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _determinant(self):
        return 1.0 / self._operator.determinant()

    def _log_abs_determinant(self):
        return -1.0 * self._operator.log_abs_determinant()


def _in_one_batch(tensors, inner):
    """The tensors broadcast to one batch shape; the last `inner` axes are no batch."""
    batches = [t.shape[:-inner] for t in tensors]
    known = all(b.is_fully_defined() for b in batches)
    if known and all(b.as_list() == batches[0].as_list() for b in batches):
        return tensors
    shapes = [shape_ops.shape(t) for t in tensors]
    batch = functools.reduce(shape_ops.broadcast_dynamic_shape, [s[:-inner] for s in shapes])
    results = []
    for t, s in zip(tensors, shapes):
        result = array_ops.broadcast_to(t, array_ops.concat([batch, s[-inner:]], 0))
        if all(b.rank is not None for b in batches):
            static = functools.reduce(shape_ops.broadcast_static_shape, batches)
            static = tensor_shape.as_shape(static)
            result.set_shape(static.concatenate(t.shape[-inner:]))
        results.append(result)
    return results


class LinearOperatorBlockDiag(LinearOperator):
    """Operators along the diagonal, zeros elsewhere."""

    def __init__(
        self, operators, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=True, name=None,
    ):  # fmt: skip
        self._operators = _same_dtype(operators)
        if is_square is False or any(o.is_square is False for o in self._operators):
            raise ValueError("Can only represent a block diagonal of square matrices.")
        what = "direct sum"
        super().__init__(
            self._operators[0].dtype, [p for o in self._operators for p in o.graph_parents],
            _hint(self._operators, is_non_singular, "is_non_singular", what),
            _hint(self._operators, is_self_adjoint, "is_self_adjoint", what),
            _hint(self._operators, is_positive_definite, "is_positive_definite", what), True,
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
        return array_ops.concat(_in_one_batch(done, 2), axis=-2)

    def adjoint(self, name="adjoint"):
        if self.is_self_adjoint:
            return self
        return LinearOperatorBlockDiag(
            [o.adjoint() for o in self._operators], is_non_singular=self.is_non_singular
        )

    def inverse(self, name="inverse"):
        super().inverse()  # its checks
        return LinearOperatorBlockDiag(
            [o.inverse() for o in self._operators],
            is_non_singular=self.is_non_singular,
            is_self_adjoint=self.is_self_adjoint,
            is_positive_definite=self.is_positive_definite,
        )

    def cholesky(self, name="cholesky"):
        if not (self.is_positive_definite and self.is_self_adjoint):
            return super().cholesky()  # its complaint
        return LinearOperatorBlockDiag(
            [o.cholesky() for o in self._operators], is_non_singular=True
        )

    def _diag_part(self):
        parts = [o.diag_part() for o in self._operators]
        return array_ops.concat(_in_one_batch(parts, 1), -1)

    def _trace(self):
        return functools.reduce(math_ops.add, [o.trace() for o in self._operators])

    def _assert_non_singular(self):
        return control_flow_ops.group(*[o.assert_non_singular() for o in self._operators])

    def _assert_self_adjoint(self):
        return control_flow_ops.group(*[o.assert_self_adjoint() for o in self._operators])

    def _assert_positive_definite(self):
        return control_flow_ops.group(*[o.assert_positive_definite() for o in self._operators])

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
        self._operators = _same_dtype(operators, "a list of >=1 operators")
        what = "Kronecker product"
        super().__init__(
            self._operators[0].dtype, [p for o in self._operators for p in o.graph_parents],
            _hint(self._operators, is_non_singular, "is_non_singular", what),
            _hint(self._operators, is_self_adjoint, "is_self_adjoint", what),
            _hint(self._operators, is_positive_definite, "is_positive_definite", what),
            is_square, name or "_x_".join(o.name for o in self._operators),
        )  # fmt: skip

    def _rebuilt(self, method, **hints):
        return LinearOperatorKronecker([getattr(o, method)() for o in self._operators], **hints)

    def adjoint(self, name="adjoint"):
        if self.is_self_adjoint:
            return self
        return self._rebuilt("adjoint", is_non_singular=self.is_non_singular)

    def inverse(self, name="inverse"):
        super().inverse()  # its checks
        return self._rebuilt(
            "inverse",
            is_non_singular=self.is_non_singular,
            is_self_adjoint=self.is_self_adjoint,
            is_positive_definite=self.is_positive_definite,
        )

    def cholesky(self, name="cholesky"):
        if not (self.is_positive_definite and self.is_self_adjoint):
            return super().cholesky()  # its complaint
        return self._rebuilt("cholesky", is_non_singular=True)

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
            implied = (
                v is None
                and is_diag_update_positive
                and base_operator.is_self_adjoint
                and base_operator.is_positive_definite
            )
            if implied:
                if is_self_adjoint is False or is_positive_definite is False:
                    raise ValueError(
                        "Arguments imply this is self-adjoint positive-definite operator."
                    )
                is_self_adjoint = is_positive_definite = True
            self._check_sizes()
            super().__init__(
                dtype, parents, is_non_singular, is_self_adjoint, is_positive_definite,
                is_square, name,
            )  # fmt: skip

    def _check_sizes(self):
        """What is known of the shapes of u, v and the diagonal must agree."""
        u, v, d = self._u.shape, self._v.shape, self._diag_update
        if u.rank is not None:
            self._base_operator.range_dimension.assert_is_compatible_with(u[-2])
            self._base_operator.domain_dimension.assert_is_compatible_with(
                u[-2] if v.rank is None else v[-2]
            )
        if u.rank is not None and v.rank is not None:
            u[-1].assert_is_compatible_with(v[-1])
        if d is not None and d.shape.rank is not None and u.rank is not None:
            u[-1].assert_is_compatible_with(d.shape[-1])

    @property
    def diag_operator(self):
        """The operator of the diagonal in the middle."""
        from caudal.ops.linalg.plain_operators import LinearOperatorDiag, LinearOperatorIdentity

        if self._diag_update is not None:
            return LinearOperatorDiag(
                self._diag_update, is_positive_definite=self._is_diag_update_positive
            )
        columns = self._u.shape[-1].value if self._u.shape.rank is not None else None
        columns = shape_ops.shape(self._u)[-1] if columns is None else columns
        return LinearOperatorIdentity(columns, dtype=self.dtype)

    def adjoint(self, name="adjoint"):
        if self.is_self_adjoint:
            return self
        diagonal = self._diag_update
        return LinearOperatorLowRankUpdate(
            self._base_operator.adjoint(),
            self._v,
            None if diagonal is None else math_ops.conj(diagonal),
            self._u,
            self._is_diag_update_positive,
            self.is_non_singular,
            self.is_self_adjoint,
            self.is_positive_definite,
            self.is_square,
        )

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
