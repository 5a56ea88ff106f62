# SPDX-License-Identifier: Apache-2.0
"""Bijectors made of others, and those that rearrange vectors."""

import numpy as np

from caudal.contrib.distributions import util
from caudal.contrib.distributions.bijectors.base import Bijector
from caudal.contrib.distributions.bijectors.elementwise import checked
from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.ops import array_ops, check_ops, math_ops, nn_ops

__all__ = [
    "Chain",
    "FillTriangular",
    "Invert",
    "Ordered",
    "Permute",
    "Reshape",
    "SoftmaxCentered",
    "TransformDiagonal",
]


class Invert(Bijector):
    """The inverse of a bijector.

    Args:
      bijector: Bijector.
    """

    def __init__(self, bijector, validate_args=False, name=None):
        if not bijector._is_injective:
            raise NotImplementedError("Invert is not implemented for non-injective bijectors.")
        self._bijector = bijector
        super().__init__(
            graph_parents=bijector.graph_parents,
            forward_min_event_ndims=bijector.inverse_min_event_ndims,
            inverse_min_event_ndims=bijector.forward_min_event_ndims,
            is_constant_jacobian=bijector.is_constant_jacobian, validate_args=validate_args,
            dtype=bijector.dtype, name=name or "_".join(["invert", bijector.name]),
        )  # fmt: skip

    bijector = property(lambda self: self._bijector)

    def _forward_event_shape(self, input_shape):
        return self.bijector._inverse_event_shape(input_shape)

    def _forward_event_shape_tensor(self, input_shape):
        return self.bijector._inverse_event_shape_tensor(input_shape)

    def _inverse_event_shape(self, output_shape):
        return self.bijector._forward_event_shape(output_shape)

    def _inverse_event_shape_tensor(self, output_shape):
        return self.bijector._forward_event_shape_tensor(output_shape)

    def _forward(self, x, **kwargs):
        return self.bijector._inverse(x, **kwargs)

    def _inverse(self, y, **kwargs):
        return self.bijector._forward(y, **kwargs)

    def _inverse_log_det_jacobian(self, y, **kwargs):
        return self.bijector.forward_log_det_jacobian(
            y, self.bijector.forward_min_event_ndims, **kwargs
        )

    def _forward_log_det_jacobian(self, x, **kwargs):
        return self.bijector.inverse_log_det_jacobian(
            x, self.bijector.inverse_min_event_ndims, **kwargs
        )


def _chain_ndims(bijectors, before, after):
    """The smallest rank of an argument of some bijectors one after another."""
    least = 0
    rank = 0
    for b in bijectors:
        need = before(b)
        if rank < need:
            least += need - rank
            rank = need
        rank += after(b) - need
    return least


class Chain(Bijector):
    """Bijectors one after another; the last of the list is applied first.

    Args:
      bijectors: list of Bijectors; empty: the identity.
    """

    def __init__(self, bijectors=None, validate_args=False, name=None):
        bijectors = () if bijectors is None else bijectors
        self._bijectors = bijectors
        for b in bijectors:
            if not b._is_injective:
                raise NotImplementedError(
                    f"Invert is not implemented for non-injective bijector ({b.name})"
                )
        found = sorted({b.dtype.base_dtype for b in bijectors if b.dtype is not None},
                       key=lambda d: d.name)  # fmt: skip
        if len(found) > 1:
            raise ValueError("incompatible dtypes: %s" % found)
        forward = _chain_ndims(
            list(reversed(bijectors)), lambda b: b.forward_min_event_ndims,
            lambda b: b.inverse_min_event_ndims,
        )  # fmt: skip
        inverse = _chain_ndims(
            bijectors, lambda b: b.inverse_min_event_ndims, lambda b: b.forward_min_event_ndims
        )
        super().__init__(
            graph_parents=[t for b in bijectors for t in b.graph_parents],
            forward_min_event_ndims=forward, inverse_min_event_ndims=inverse,
            is_constant_jacobian=all(b.is_constant_jacobian for b in bijectors),
            validate_args=validate_args, dtype=found[0] if found else None,
            name=name or ("identity" if not bijectors else
                          "_of_".join(["chain"] + [b.name for b in bijectors])),
        )  # fmt: skip

    bijectors = property(lambda self: self._bijectors)

    def _through(self, method, shape, order):
        for b in order:
            shape = getattr(b, method)(shape)
        return shape

    def _forward_event_shape(self, input_shape):
        return self._through("forward_event_shape", input_shape, reversed(self.bijectors))

    def _forward_event_shape_tensor(self, input_shape):
        return self._through("forward_event_shape_tensor", input_shape, reversed(self.bijectors))

    def _inverse_event_shape(self, output_shape):
        return self._through("inverse_event_shape", output_shape, self.bijectors)

    def _inverse_event_shape_tensor(self, output_shape):
        return self._through("inverse_event_shape_tensor", output_shape, self.bijectors)

    def _forward(self, x, **kwargs):
        for b in reversed(self.bijectors):
            x = b.forward(x, **kwargs.get(b.name, {}))
        return x

    def _inverse(self, y, **kwargs):
        for b in self.bijectors:
            y = b.inverse(y, **kwargs.get(b.name, {}))
        return y

    def _sum(self, value, order, kwargs, least, log_det, follow, shapes):
        total = ops.convert_to_tensor(0.0, dtype=value.dtype, name="log_det_jacobian")
        ndims = least
        for b in order:
            mine = kwargs.get(b.name, {})
            total += getattr(b, log_det)(value, event_ndims=ndims, **mine)
            rank = value.shape.ndims
            if rank is not None:
                ndims = getattr(b, shapes)(value.shape[rank - ndims :]).ndims
            else:
                ndims += (
                    b.inverse_min_event_ndims - b.forward_min_event_ndims
                    if follow == "forward"
                    else b.forward_min_event_ndims - b.inverse_min_event_ndims
                )
            value = getattr(b, follow)(value, **mine)
        return total

    def _inverse_log_det_jacobian(self, y, **kwargs):
        return self._sum(
            y, self.bijectors, kwargs, self.inverse_min_event_ndims, "inverse_log_det_jacobian",
            "inverse", "inverse_event_shape",
        )  # fmt: skip

    def _forward_log_det_jacobian(self, x, **kwargs):
        return self._sum(
            x, list(reversed(self.bijectors)), kwargs, self.forward_min_event_ndims,
            "forward_log_det_jacobian", "forward", "forward_event_shape",
        )  # fmt: skip


class Permute(Bijector):
    """The elements of vectors in another order.

    Args:
      permutation: int vector: where each element comes from.
    """

    def __init__(self, permutation, validate_args=False, name=None):
        with ops.name_scope(name, "permute", values=[permutation]):
            permutation = ops.convert_to_tensor(permutation, name="permutation")
            if not permutation.dtype.is_integer:
                raise TypeError(
                    f"permutation.dtype ({permutation.dtype.name}) should be `int`-like."
                )
            known = tensor_util.constant_value(permutation)
            message = "Permutation over `d` must contain exactly one of each of `{0, 1, ..., d}`."
            if known is not None:
                if not np.array_equal(np.sort(known), np.arange(known.size)):
                    raise ValueError(message)
            elif validate_args:
                found, _ = nn_ops.top_k(-permutation, k=array_ops.shape(permutation)[-1])
                wanted = array_ops.range(0, array_ops.size(permutation))
                permutation = checked(
                    permutation, [check_ops.assert_equal(wanted, -found, message=message)]
                )
            self._permutation = permutation
        super().__init__(
            forward_min_event_ndims=1, is_constant_jacobian=True, validate_args=validate_args,
            name=name or "permute",
        )  # fmt: skip

    permutation = property(lambda self: self._permutation)

    def _forward(self, x):
        return array_ops.gather(x, self.permutation, axis=-1)

    def _inverse(self, y):
        return array_ops.gather(y, array_ops.invert_permutation(self.permutation), axis=-1)

    def _inverse_log_det_jacobian(self, y):
        return ops.convert_to_tensor(0.0, dtype=y.dtype.base_dtype)

    _forward_log_det_jacobian = _inverse_log_det_jacobian


class Reshape(Bijector):
    """Events in another shape.

    Args:
      event_shape_out, event_shape_in: shapes; at most one -1 each.
    """

    def __init__(self, event_shape_out, event_shape_in=(-1,), validate_args=False, name=None):
        with ops.name_scope(name, "reshape", values=[event_shape_out, event_shape_in]):
            shapes = []
            for shape, which in (
                (event_shape_out, "event_shape_out"), (event_shape_in, "event_shape_in")
            ):  # fmt: skip
                shape = ops.convert_to_tensor(shape, name=which, preferred_dtype=dtypes.int32)
                shapes.append(self._valid_shape(shape, validate_args))
            self._out, self._in = shapes
        super().__init__(
            forward_min_event_ndims=0, is_constant_jacobian=True, validate_args=validate_args,
            name=name or "reshape",
        )  # fmt: skip

    @staticmethod
    def _valid_shape(shape, validate_args):
        if not shape.dtype.is_integer:
            raise TypeError("%s dtype (%s) should be `int`-like." % (shape, shape.dtype.name))
        if shape.shape.ndims is not None and shape.shape.ndims > 1:
            raise ValueError(f"`{shape}` rank should be <= 1.")
        known = tensor_util.constant_value(shape)
        if known is not None and validate_args:
            if (known == -1).sum() > 1:
                raise ValueError(f"`{shape}` must have at most one unknown.")
            if (known < -1).any():
                raise ValueError(f"`{shape}` elements must be either positive integers or `-1`."
                                 )  # fmt: skip
        elif known is None and validate_args:
            unknown = math_ops.reduce_sum(math_ops.cast(math_ops.equal(shape, -1), dtypes.int32))
            shape = checked(shape, [
                check_ops.assert_rank(shape, 1, message="rank should be <= 1."),
                check_ops.assert_less_equal(unknown, 1, message="must have at most one unknown."),
                check_ops.assert_greater_equal(
                    shape, -1, message="elements must be either positive integers or `-1`."),
            ])  # fmt: skip
        return shape

    def _reshaped(self, x, shape_from, shape_to):
        ndims = array_ops.size(shape_from)
        shape = array_ops.shape(x)
        rank = array_ops.rank(x)
        if self.validate_args:
            event = shape[rank - ndims :]
            unknown = math_ops.equal(shape_from, -1)
            wanted = array_ops.where(unknown, event, shape_from)
            message = "Input `event_shape` does not match `event_shape_in`."
            x = checked(x, [check_ops.assert_equal(wanted, event, message=message)])
        batch = shape[: rank - ndims]
        result = array_ops.reshape(x, array_ops.concat([batch, shape_to], 0))
        static = self._static(x.shape, shape_from, shape_to)
        if static is not None:
            result.set_shape(result.shape.merge_with(static))
        return result

    def _static(self, shape, shape_from, shape_to):
        known_from = tensor_util.constant_value(shape_from)
        known_to = tensor_util.constant_value(shape_to)
        ndims = shape_from.shape.num_elements()
        if shape.ndims is None or ndims is None:
            return None
        if shape.ndims < ndims:
            raise ValueError(
                "Invalid input `event_shape`: rank %d, but the bijector's is %d."
                % (shape.ndims, ndims)
            )
        batch, event = shape[: shape.ndims - ndims], shape[shape.ndims - ndims :]
        if known_from is not None:
            for have, want in zip(event.as_list(), known_from):
                if have is not None and want != -1 and have != want:
                    raise ValueError(
                        "`event_shape` static size does not match: %s vs. %s"
                        % (event, list(known_from))
                    )
        if known_to is None:
            ndims_to = shape_to.shape.num_elements()
            return None if ndims_to is None else batch.concatenate([None] * ndims_to)
        sizes = [None if n == -1 else int(n) for n in known_to]
        elements = event.num_elements()
        if elements is None and known_from is not None and (known_from != -1).all():
            elements = int(np.prod(known_from))
        if None in sizes and elements is not None:
            rest = int(np.prod([n for n in sizes if n is not None]))
            if rest and elements % rest == 0:
                sizes[sizes.index(None)] = elements // rest
        elif None not in sizes and elements is not None and elements != np.prod(sizes):
            raise ValueError("Input shape %s cannot be reshaped to %s" % (event, sizes))
        return batch.concatenate(sizes)

    def _forward(self, x):
        return self._reshaped(x, self._in, self._out)

    def _inverse(self, y):
        return self._reshaped(y, self._out, self._in)

    def _inverse_log_det_jacobian(self, y):
        return ops.convert_to_tensor(0.0, dtype=y.dtype)

    _forward_log_det_jacobian = _inverse_log_det_jacobian

    def _event_shape_tensor(self, shape, shape_from, shape_to):
        ndims = array_ops.size(shape_from)
        split = array_ops.size(shape) - ndims
        batch, event = shape[:split], shape[split:]
        rest = math_ops.reduce_prod(event) // math_ops.maximum(
            1, math_ops.reduce_prod(math_ops.abs(shape_to))
        )
        filled = array_ops.where(
            math_ops.equal(shape_to, -1), array_ops.ones_like(shape_to) * rest, shape_to
        )
        return array_ops.concat([batch, filled], 0)

    def _forward_event_shape(self, shape):
        if shape.ndims is None:
            return tensor_shape.unknown_shape()
        found = self._static(shape, self._in, self._out)
        return tensor_shape.unknown_shape() if found is None else found

    def _inverse_event_shape(self, shape):
        if shape.ndims is None:
            return tensor_shape.unknown_shape()
        found = self._static(shape, self._out, self._in)
        return tensor_shape.unknown_shape() if found is None else found

    def _forward_event_shape_tensor(self, shape):
        return self._event_shape_tensor(shape, self._in, self._out)

    def _inverse_event_shape_tensor(self, shape):
        return self._event_shape_tensor(shape, self._out, self._in)


class FillTriangular(Bijector):
    """Vectors as triangular matrices, see `fill_triangular`."""

    def __init__(self, upper=False, validate_args=False, name="fill_triangular"):
        self._upper = upper
        super().__init__(
            forward_min_event_ndims=1, inverse_min_event_ndims=2, validate_args=validate_args,
            name=name,
        )  # fmt: skip

    def _forward(self, x):
        return util.fill_triangular(x, upper=self._upper)

    def _inverse(self, y):
        return util.fill_triangular_inverse(y, upper=self._upper)

    def _forward_log_det_jacobian(self, x):
        return array_ops.zeros_like(x[..., 0])

    def _inverse_log_det_jacobian(self, y):
        return array_ops.zeros_like(y[..., 0, 0])

    def _forward_event_shape(self, input_shape):
        batch, d = input_shape[:-1], input_shape.with_rank_at_least(1)[-1].value
        n = None if d is None else util._matrix_size(d)
        return batch.concatenate([n, n])

    def _inverse_event_shape(self, output_shape):
        batch, matrix = output_shape[:-2], output_shape.with_rank_at_least(2)[-2:]
        if not matrix[0].is_compatible_with(matrix[1]):
            raise ValueError("Matrix must be square. (saw {} x {})".format(*matrix.as_list()))
        n = matrix[0].value
        return batch.concatenate([None if n is None else n * (n + 1) // 2])

    def _forward_event_shape_tensor(self, shape):
        d = math_ops.cast(shape[-1], dtypes.float64)
        n = math_ops.cast(math_ops.sqrt(0.25 + 2.0 * d) - 0.5 + 1e-6, dtypes.int32)
        return array_ops.concat([shape[:-1], [n, n]], axis=0)

    def _inverse_event_shape_tensor(self, shape):
        n = shape[-1]
        if self.validate_args:
            message = "Matrix must be square."
            n = checked(n, [check_ops.assert_equal(shape[-2], n, message=message)])
        return array_ops.concat([shape[:-2], [n * (n + 1) // 2]], axis=0)


class TransformDiagonal(Bijector):
    """Matrices whose diagonals go through a bijector.

    Args:
      diag_bijector: Bijector.
    """

    def __init__(self, diag_bijector, validate_args=False, name="transform_diagonal"):
        self._diag_bijector = diag_bijector
        super().__init__(
            forward_min_event_ndims=2, inverse_min_event_ndims=2, validate_args=validate_args,
            name=name,
        )  # fmt: skip

    def _forward(self, x):
        diag = self._diag_bijector.forward(array_ops.matrix_diag_part(x))
        return array_ops.matrix_set_diag(x, diag)

    def _inverse(self, y):
        diag = self._diag_bijector.inverse(array_ops.matrix_diag_part(y))
        return array_ops.matrix_set_diag(y, diag)

    def _forward_log_det_jacobian(self, x):
        return self._diag_bijector.forward_log_det_jacobian(
            array_ops.matrix_diag_part(x), event_ndims=1
        )

    def _inverse_log_det_jacobian(self, y):
        return self._diag_bijector.inverse_log_det_jacobian(
            array_ops.matrix_diag_part(y), event_ndims=1
        )


class Ordered(Bijector):
    """Increasing vectors as any vectors: the first element, then logarithms of the steps."""

    def __init__(self, validate_args=False, name="ordered"):
        super().__init__(forward_min_event_ndims=1, validate_args=validate_args, name=name)

    def _forward_event_shape(self, shape):
        if shape.ndims is None or shape[-1].value is None:
            return shape
        return tensor_shape.TensorShape([shape[-1].value])

    _inverse_event_shape = _forward_event_shape

    def _forward_event_shape_tensor(self, shape):
        return shape[-1:]

    _inverse_event_shape_tensor = _forward_event_shape_tensor

    def _valid(self, x):
        if not self.validate_args:
            return x
        steps = x[..., 1:] - x[..., :-1]
        message = "Forward transformation input must be strictly increasing."
        return checked(x, [check_ops.assert_positive(steps, message=message)])

    def _forward(self, x):
        x = self._valid(x)
        steps = math_ops.log(x[..., 1:] - x[..., :-1])
        return array_ops.concat([x[..., :1], steps], axis=-1)

    def _inverse(self, y):
        first = y[..., :1]
        return array_ops.concat(
            [first, first + math_ops.cumsum(math_ops.exp(y[..., 1:]), axis=-1)], axis=-1
        )

    def _inverse_log_det_jacobian(self, y):
        return math_ops.reduce_sum(y[..., 1:], axis=-1)

    def _forward_log_det_jacobian(self, x):
        x = self._valid(x)
        return -math_ops.reduce_sum(math_ops.log(x[..., 1:] - x[..., :-1]), axis=-1)


class SoftmaxCentered(Bijector):
    """The softmax of vectors with a further element 0."""

    def __init__(self, validate_args=False, name="softmax_centered"):
        super().__init__(forward_min_event_ndims=1, validate_args=validate_args, name=name)

    def _forward_event_shape(self, shape):
        if shape.ndims is None or shape[-1].value is None:
            return shape
        return tensor_shape.TensorShape([shape[-1].value + 1])

    def _inverse_event_shape(self, shape):
        if shape.ndims is None or shape[-1].value is None:
            return shape
        if shape[-1].value <= 1:
            raise ValueError("output_shape[-1] = %d <= 1" % shape[-1].value)
        return tensor_shape.TensorShape([shape[-1].value - 1])

    def _forward_event_shape_tensor(self, shape):
        return shape[-1:] + 1

    def _inverse_event_shape_tensor(self, shape):
        last = shape[-1:]
        if self.validate_args:
            message = "Need last dimension greater than 1."
            last = checked(last, [check_ops.assert_greater(last, 1, message=message)])
        return last - 1

    def _forward(self, x):
        y = array_ops.concat([x, array_ops.zeros_like(x[..., :1])], axis=-1)
        if x.shape.ndims is not None:
            shape = [*x.shape.as_list()[:-1], (x.shape[-1].value or 0) + 1]
            if x.shape[-1].value is not None:
                y.set_shape(shape)
        return nn_ops.softmax(y)

    def _inverse(self, y):
        logs = math_ops.log(y)
        return logs[..., :-1] - logs[..., -1:]

    def _inverse_log_det_jacobian(self, y):
        # The determinant of diag(p) - p p' is the product of p and of the element left out.
        return -math_ops.reduce_sum(math_ops.log(y), axis=-1)

    def _forward_log_det_jacobian(self, x):
        n = math_ops.cast(array_ops.shape(x)[-1] + 1, x.dtype)
        total = nn_ops.softplus(math_ops.reduce_logsumexp(x, axis=-1))
        return math_ops.reduce_sum(x, axis=-1) - n * total
