# SPDX-License-Identifier: Apache-2.0
"""Bijectors of single numbers."""

import math

import numpy as np

from caudal.contrib.distributions import util
from caudal.contrib.distributions.bijectors.base import Bijector
from caudal.framework import ops
from caudal.ops import array_ops, check_ops, control_flow_ops, math_ops, nn_ops

__all__ = [
    "AbsoluteValue",
    "AffineScalar",
    "Exp",
    "Gumbel",
    "Identity",
    "Inline",
    "Kumaraswamy",
    "PowerTransform",
    "Sigmoid",
    "SinhArcsinh",
    "Softplus",
    "Softsign",
    "Square",
    "Weibull",
]


def checked(x, checks):
    """`x` behind assertions."""
    return control_flow_ops.with_dependencies(checks, x) if checks else x


class Identity(Bijector):
    """x itself."""

    def __init__(self, validate_args=False, name="identity"):
        super().__init__(
            forward_min_event_ndims=0, is_constant_jacobian=True, validate_args=validate_args,
            name=name,
        )  # fmt: skip

    def _forward(self, x):
        return x

    def _inverse(self, y):
        return y

    def _inverse_log_det_jacobian(self, y):
        return ops.convert_to_tensor(0.0, dtype=y.dtype)

    def _forward_log_det_jacobian(self, x):
        return ops.convert_to_tensor(0.0, dtype=x.dtype)


class Inline(Bijector):
    """A bijector of functions.

    Args:
      forward_fn, inverse_fn, ...: the functions; what is missing raises NotImplementedError.
      Others: see `Bijector`.
    """

    def __init__(self, forward_fn=None, inverse_fn=None, inverse_log_det_jacobian_fn=None,
                 forward_log_det_jacobian_fn=None, forward_event_shape_fn=None,
                 forward_event_shape_tensor_fn=None, inverse_event_shape_fn=None,
                 inverse_event_shape_tensor_fn=None, is_constant_jacobian=False,
                 validate_args=False, forward_min_event_ndims=None, inverse_min_event_ndims=None,
                 name="inline"):  # fmt: skip
        super().__init__(
            is_constant_jacobian=is_constant_jacobian, validate_args=validate_args,
            forward_min_event_ndims=forward_min_event_ndims,
            inverse_min_event_ndims=inverse_min_event_ndims, name=name,
        )  # fmt: skip
        self._given = {
            "forward": forward_fn,
            "inverse": inverse_fn,
            "inverse_log_det_jacobian": inverse_log_det_jacobian_fn,
            "forward_log_det_jacobian": forward_log_det_jacobian_fn,
        }
        for name_, function in (
            ("_forward_event_shape", forward_event_shape_fn),
            ("_forward_event_shape_tensor", forward_event_shape_tensor_fn),
            ("_inverse_event_shape", inverse_event_shape_fn),
            ("_inverse_event_shape_tensor", inverse_event_shape_tensor_fn),
        ):
            if function is not None:
                setattr(self, name_, function)

    def _call(self, which, x, kwargs):
        function = self._given[which]
        if not callable(function):
            raise NotImplementedError("%s_fn is not a callable function." % which)
        return function(x, **kwargs)

    def _forward(self, x, **kwargs):
        return self._call("forward", x, kwargs)

    def _inverse(self, y, **kwargs):
        return self._call("inverse", y, kwargs)

    def _inverse_log_det_jacobian(self, y, **kwargs):
        return self._call("inverse_log_det_jacobian", y, kwargs)

    def _forward_log_det_jacobian(self, x, **kwargs):
        return self._call("forward_log_det_jacobian", x, kwargs)


class AffineScalar(Bijector):
    """scale * x + shift.

    Args:
      shift, scale: tensors, or None.
    """

    def __init__(self, shift=None, scale=None, validate_args=False, name="affine_scalar"):
        self._shift = self._scale = None
        parents = []
        with ops.name_scope(name, values=[scale, shift]):
            if shift is not None:
                self._shift = ops.convert_to_tensor(shift, name="shift")
                parents.append(self._shift)
            if scale is not None:
                dtype = None if shift is None else self._shift.dtype
                scale = ops.convert_to_tensor(scale, dtype=dtype, name="scale")
                if validate_args:
                    zero = array_ops.zeros([], scale.dtype)
                    scale = checked(scale, [check_ops.assert_none_equal(scale, zero)])
                self._scale = scale
                parents.append(scale)
        super().__init__(
            forward_min_event_ndims=0, is_constant_jacobian=True, validate_args=validate_args,
            name=name,
        )  # fmt: skip

    shift = property(lambda self: self._shift)
    scale = property(lambda self: self._scale)

    def _forward(self, x):
        y = array_ops.identity(x)
        if self.scale is not None:
            y = y * self.scale
        return y if self.shift is None else y + self.shift

    def _inverse(self, y):
        x = array_ops.identity(y)
        if self.shift is not None:
            x = x - self.shift
        return x if self.scale is None else x / self.scale

    def _forward_log_det_jacobian(self, x):
        if self.scale is None:
            return ops.convert_to_tensor(0.0, dtype=x.dtype.base_dtype)
        return math_ops.log(math_ops.abs(self.scale))


class PowerTransform(Bijector):
    """(1 + power x)^(1 / power); exp(x) for power 0.

    Args:
      power: float >= 0.
    """

    def __init__(self, power=0.0, validate_args=False, name="power_transform"):
        with ops.name_scope(name, values=[power]):
            power = util.static_value(power)
        if power is None or power < 0:
            raise ValueError("`power` must be a non-negative TF constant.")
        self._power = float(power)
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    power = property(lambda self: self._power)

    def _valid(self, x, least, message):
        if not self.validate_args:
            return x
        return checked(x, [check_ops.assert_positive(x - least, message=message)])

    def _forward(self, x):
        if self.power == 0.0:
            return math_ops.exp(x)
        x = self._valid(x * self.power, -1.0, "Forward transformation input must be at least "
                        f"{-1.0 / self.power}.")  # fmt: skip
        return (1.0 + x) ** (1.0 / self.power)

    def _inverse(self, y):
        y = self._valid(y, 0.0, "Inverse transformation input must be greater than 0.")
        if self.power == 0.0:
            return math_ops.log(y)
        # Near y = 1 the power minus 1 would lose what matters.
        return math_ops.expm1(math_ops.log(y) * self.power) / self.power

    def _inverse_log_det_jacobian(self, y):
        y = self._valid(y, 0.0, "Inverse transformation input must be greater than 0.")
        return (self.power - 1.0) * math_ops.log(y)

    def _forward_log_det_jacobian(self, x):
        if self.power == 0.0:
            return x
        return (1.0 / self.power - 1.0) * math_ops.log1p(x * self.power)


class Exp(PowerTransform):
    """exp(x)."""

    def __init__(self, validate_args=False, name="exp"):
        super().__init__(validate_args=validate_args, name=name)


class AbsoluteValue(Bijector):
    """|x|, whose inverse is (-y, y)."""

    def __init__(self, validate_args=False, name="absolute_value"):
        super().__init__(
            forward_min_event_ndims=0, is_constant_jacobian=True, validate_args=validate_args,
            name=name,
        )  # fmt: skip

    def _valid(self, y):
        if not self.validate_args:
            return y
        return checked(
            y, [check_ops.assert_non_negative(y, message="Argument y was negative")]
        )  # fmt: skip

    def _forward(self, x):
        return math_ops.abs(x)

    def _inverse(self, y):
        y = self._valid(y)
        return -y, y

    def _inverse_log_det_jacobian(self, y):
        zero = array_ops.zeros([], y.dtype)
        if self.validate_args:
            message = "Argument y was negative"
            zero = checked(zero, [check_ops.assert_non_negative(y, message=message)])
        return zero, zero

    @property
    def _is_injective(self):
        return False


class Sigmoid(Bijector):
    """1 / (1 + exp(-x))."""

    def __init__(self, validate_args=False, name="sigmoid"):
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    def _forward(self, x):
        return math_ops.sigmoid(x)

    def _inverse(self, y):
        return math_ops.log(y) - math_ops.log1p(-y)

    def _inverse_log_det_jacobian(self, y):
        return -math_ops.log(y) - math_ops.log1p(-y)

    def _forward_log_det_jacobian(self, x):
        return -nn_ops.softplus(-x) - nn_ops.softplus(x)


class Softplus(Bijector):
    """c log(1 + exp(x / c)).

    Args:
      hinge_softness: c, a tensor that is not 0; default 1.
    """

    def __init__(self, hinge_softness=None, validate_args=False, name="softplus"):
        with ops.name_scope(name, values=[hinge_softness]):
            self._c = None
            if hinge_softness is not None:
                c = ops.convert_to_tensor(hinge_softness, name="hinge_softness")
                if validate_args:
                    zero = array_ops.zeros([], c.dtype)
                    message = "hinge_softness must be non-zero"
                    c = checked(c, [check_ops.assert_none_equal(zero, c, message=message)])
                self._c = c
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    hinge_softness = property(lambda self: self._c)

    def _scaled(self, x):
        return x if self._c is None else x / math_ops.cast(self._c, x.dtype)

    def _forward(self, x):
        y = nn_ops.softplus(self._scaled(x))
        return y if self._c is None else math_ops.cast(self._c, x.dtype) * y

    def _inverse(self, y):
        x = util.softplus_inverse(self._scaled(y))
        return x if self._c is None else math_ops.cast(self._c, y.dtype) * x

    def _inverse_log_det_jacobian(self, y):
        return -math_ops.log(-math_ops.expm1(-self._scaled(y)))

    def _forward_log_det_jacobian(self, x):
        return -nn_ops.softplus(-self._scaled(x))


class Softsign(Bijector):
    """x / (1 + |x|)."""

    def __init__(self, validate_args=False, name="softsign"):
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    def _valid(self, y):
        if not self.validate_args:
            return y
        one = ops.convert_to_tensor(1.0, dtype=y.dtype)
        return checked(y, [
            check_ops.assert_greater(
                y, -one, message="Inverse transformation input must be greater than -1."),
            check_ops.assert_less(
                y, one, message="Inverse transformation input must be less than 1."),
        ])  # fmt: skip

    def _forward(self, x):
        return x / (1.0 + math_ops.abs(x))

    def _inverse(self, y):
        y = self._valid(y)
        return y / (1.0 - math_ops.abs(y))

    def _forward_log_det_jacobian(self, x):
        return -2.0 * math_ops.log1p(math_ops.abs(x))

    def _inverse_log_det_jacobian(self, y):
        return -2.0 * math_ops.log1p(-math_ops.abs(self._valid(y)))


class Square(Bijector):
    """x^2 of numbers >= 0."""

    def __init__(self, validate_args=False, name="square"):
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    def _valid(self, x):
        if not self.validate_args:
            return x
        message = "All elements must be non-negative."
        return checked(x, [check_ops.assert_non_negative(x, message=message)])

    def _forward(self, x):
        return math_ops.square(self._valid(x))

    def _inverse(self, y):
        return math_ops.sqrt(self._valid(y))

    def _forward_log_det_jacobian(self, x):
        return math.log(2.0) + math_ops.log(self._valid(x))


class Gumbel(Bijector):
    """exp(-exp(-(x - loc) / scale)).

    Args:
      loc, scale: float tensors, scale > 0.
    """

    def __init__(self, loc=0.0, scale=1.0, validate_args=False, name="gumbel"):
        with ops.name_scope(name, values=[loc, scale]):
            self._loc = ops.convert_to_tensor(loc, name="loc")
            scale = ops.convert_to_tensor(scale, name="scale")
            if validate_args:
                message = "Argument scale was not positive"
                scale = checked(scale, [check_ops.assert_positive(scale, message=message)])
            self._scale = scale
        super().__init__(
            validate_args=validate_args, forward_min_event_ndims=0,
            graph_parents=[self._loc, self._scale], name=name,
        )  # fmt: skip

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _valid(self, y):
        if not self.validate_args:
            return y
        one = ops.convert_to_tensor(1.0, y.dtype.base_dtype)
        return checked(y, [
            check_ops.assert_non_negative(
                y, message="Inverse transformation input must be greater than 0."),
            check_ops.assert_less_equal(
                y, one, message="Inverse transformation input must be less than or equal to 1."),
        ])  # fmt: skip

    def _forward(self, x):
        return math_ops.exp(-math_ops.exp(-(x - self.loc) / self.scale))

    def _inverse(self, y):
        return self.loc - self.scale * math_ops.log(-math_ops.log(self._valid(y)))

    def _inverse_log_det_jacobian(self, y):
        y = self._valid(y)
        return math_ops.log(self.scale / (-math_ops.log(y) * y))

    def _forward_log_det_jacobian(self, x):
        z = (x - self.loc) / self.scale
        return -z - math_ops.exp(-z) - math_ops.log(self.scale)


class Weibull(Bijector):
    """1 - exp(-(x / scale)^concentration) of numbers >= 0.

    Args:
      scale, concentration: float tensors > 0.
    """

    def __init__(self, scale=1.0, concentration=1.0, validate_args=False, name="weibull"):
        with ops.name_scope(name, values=[scale, concentration]):
            scale = ops.convert_to_tensor(scale, name="scale")
            concentration = ops.convert_to_tensor(concentration, name="concentration")
            if validate_args:
                scale, concentration = (
                    checked(t, [check_ops.assert_positive(
                        t, message="Argument %s was not positive" % n)])
                    for t, n in ((scale, "scale"), (concentration, "concentration"))
                )  # fmt: skip
            self._scale, self._concentration = scale, concentration
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    scale = property(lambda self: self._scale)
    concentration = property(lambda self: self._concentration)

    def _valid_x(self, x):
        if not self.validate_args:
            return x
        message = f"Forward transformation input must be at least {0}."
        return checked(x, [check_ops.assert_non_negative(x, message=message)])

    def _valid_y(self, y):
        if not self.validate_args:
            return y
        one = ops.convert_to_tensor(1.0, y.dtype.base_dtype)
        return checked(y, [
            check_ops.assert_non_negative(
                y, message="Inverse transformation input must be greater than 0."),
            check_ops.assert_less_equal(
                y, one, message="Inverse transformation input must be less than or equal to 1."),
        ])  # fmt: skip

    def _forward(self, x):
        x = self._valid_x(x)
        return -math_ops.expm1(-((x / self.scale) ** self.concentration))

    def _inverse(self, y):
        y = self._valid_y(y)
        return self.scale * (-math_ops.log1p(-y)) ** (1 / self.concentration)

    def _inverse_log_det_jacobian(self, y):
        y = self._valid_y(y)
        tail = -math_ops.log1p(-y)
        return (
            tail + (1 / self.concentration - 1) * math_ops.log(tail)
            + math_ops.log(self.scale / self.concentration)
        )  # fmt: skip

    def _forward_log_det_jacobian(self, x):
        x = self._valid_x(x)
        return (
            -((x / self.scale) ** self.concentration)
            + (self.concentration - 1) * math_ops.log(x)
            + math_ops.log(self.concentration)
            - self.concentration * math_ops.log(self.scale)
        )


class Kumaraswamy(Bijector):
    """(1 - (1 - x)^(1 / b))^(1 / a) of numbers in [0, 1].

    Args:
      concentration1, concentration0: a and b, float tensors > 0.
    """

    def __init__(self, concentration1=None, concentration0=None, validate_args=False,
                 name="kumaraswamy"):  # fmt: skip
        with ops.name_scope(name, values=[concentration1, concentration0]):
            self._a, self._b = (
                self._valid_parameter(ops.convert_to_tensor(c, name=n), validate_args)
                for c, n in (
                    (concentration1, "concentration1"), (concentration0, "concentration0"))
            )  # fmt: skip
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    concentration1 = property(lambda self: self._a)
    concentration0 = property(lambda self: self._b)

    @staticmethod
    def _valid_parameter(c, validate_args):
        if c is None or not validate_args:
            return c
        message = "Concentration parameter must be positive."
        return checked(c, [check_ops.assert_positive(c, message=message)])

    def _valid(self, x):
        if not self.validate_args:
            return x
        one = array_ops.ones([], self.concentration0.dtype)
        return checked(x, [
            check_ops.assert_positive(x, message="sample must be positive"),
            check_ops.assert_less(x, one, message="sample must be less than `1`."),
        ])  # fmt: skip

    def _forward(self, x):
        x = self._valid(x)
        inner = math_ops.log1p(-x) / self._b
        return math_ops.exp(math_ops.log1p(-math_ops.exp(inner)) / self._a)

    def _inverse(self, y):
        y = self._valid(y)
        return math_ops.exp(
            math_ops.log1p(-math_ops.exp(math_ops.log1p(-(y**self._a)) * self._b))
        )  # fmt: skip

    def _inverse_log_det_jacobian(self, y):
        y = self._valid(y)
        return (
            math_ops.log(self._a) + math_ops.log(self._b)
            + (self._a - 1) * math_ops.log(y)
            + (self._b - 1) * math_ops.log1p(-(y**self._a))
        )  # fmt: skip


class SinhArcsinh(Bijector):
    """sinh((arcsinh(x) + skewness) tailweight).

    Args:
      skewness: float tensor; default 0.
      tailweight: float tensor > 0; default 1.
    """

    def __init__(self, skewness=None, tailweight=None, validate_args=False, name="SinhArcsinh"):
        with ops.name_scope(name, values=[skewness, tailweight]):
            tailweight = 1.0 if tailweight is None else tailweight
            skewness = 0.0 if skewness is None else skewness
            self._skewness = ops.convert_to_tensor(skewness, name="skewness")
            self._tailweight = ops.convert_to_tensor(
                tailweight, name="tailweight", dtype=self._skewness.dtype
            )
            if validate_args:
                message = "Argument tailweight was not positive"
                self._tailweight = checked(
                    self._tailweight,
                    [check_ops.assert_positive(self._tailweight, message=message)],
                )
        super().__init__(forward_min_event_ndims=0, validate_args=validate_args, name=name)

    skewness = property(lambda self: self._skewness)
    tailweight = property(lambda self: self._tailweight)

    def _forward(self, x):
        return math_ops.sinh((math_ops.asinh(x) + self.skewness) * self.tailweight)

    def _inverse(self, y):
        return math_ops.sinh(math_ops.asinh(y) / self.tailweight - self.skewness)

    def _log_cosh(self, x):
        x = math_ops.abs(x)
        return x + nn_ops.softplus(-2.0 * x) - np.log(2.0).astype(x.dtype.as_numpy_dtype)

    def _inverse_log_det_jacobian(self, y):
        return (
            self._log_cosh(math_ops.asinh(y) / self.tailweight - self.skewness)
            - 0.5 * util.log1psquare(y) - math_ops.log(self.tailweight)
        )  # fmt: skip

    def _forward_log_det_jacobian(self, x):
        return (
            self._log_cosh((math_ops.asinh(x) + self.skewness) * self.tailweight)
            - 0.5 * util.log1psquare(x) + math_ops.log(self.tailweight)
        )  # fmt: skip
