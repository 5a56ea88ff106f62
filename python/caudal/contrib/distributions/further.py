# SPDX-License-Identifier: Apache-2.0
"""Further distributions over numbers, and forms of others whose parameters pass a softplus."""

from caudal.contrib.distributions import bijectors
from caudal.contrib.distributions.bijectors.elementwise import checked
from caudal.contrib.distributions.real import Chi2
from caudal.contrib.distributions.transformed import TransformedDistribution
from caudal.contrib.distributions.util import nan_where
from caudal.framework import ops
from caudal.ops import array_ops, check_ops, math_ops, nn_ops, sampling_ops, special_math_ops
from caudal.ops.distributions.distribution import NOT_REPARAMETERIZED
from caudal.ops.distributions.scalars import (
    Beta,
    Exponential,
    Laplace,
    Normal,
    StudentT,
    Uniform,
)
from caudal.ops.distributions.util import ScalarBatch, positive

__all__ = [
    "BetaWithSoftplusConcentration",
    "Chi2WithAbsDf",
    "ExponentialWithSoftplusRate",
    "InverseGamma",
    "InverseGammaWithSoftplusConcentrationRate",
    "Kumaraswamy",
    "LaplaceWithSoftplusScale",
    "SinhArcsinh",
    "StudentTWithAbsDfSoftplusScale",
]


class InverseGamma(ScalarBatch):
    """1 / x for gamma distributed x.

    Args:
      concentration, rate: float tensors > 0.
    """

    def __init__(self, concentration, rate, validate_args=False, allow_nan_stats=True,
                 name="InverseGamma"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[concentration, rate]) as name:
            concentration = ops.convert_to_tensor(concentration, name="concentration")
            rate = ops.convert_to_tensor(rate, name="rate")
            check_ops.assert_same_float_dtype([concentration, rate])
            self._concentration, self._rate = positive(validate_args, concentration, rate)
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._concentration, self._rate],
            name=name,
        )

    concentration = property(lambda self: self._concentration)
    rate = property(lambda self: self._rate)

    def _valid(self, x):
        return checked(x, [check_ops.assert_positive(x)]) if self.validate_args else x

    def _sample_n(self, n, seed=None):
        return 1.0 / sampling_ops.random_gamma(
            [n], self.concentration, beta=self.rate, dtype=self.dtype, seed=seed
        )

    def _log_prob(self, x):
        x = self._valid(x)
        unnormalized = -(1.0 + self.concentration) * math_ops.log(x) - self.rate / x
        norm = math_ops.lgamma(self.concentration)
        return unnormalized - (norm - self.concentration * math_ops.log(self.rate))

    def _cdf(self, x):
        x = self._valid(x)
        concentration = self.concentration + array_ops.zeros_like(self.rate / x)
        return special_math_ops.igammac(concentration, self.rate / x + 0.0 * concentration)

    def _entropy(self):
        a = self.concentration
        return a + math_ops.log(self.rate) + math_ops.lgamma(a) - (1.0 + a) * math_ops.digamma(a)

    def _mean(self):
        return nan_where(
            self, self._full(self.concentration) <= 1.0, self.rate / (self.concentration - 1.0),
            "mean undefined when any concentration <= 1",
        )  # fmt: skip

    def _variance(self):
        a = self.concentration
        variance = math_ops.square(self.rate) / math_ops.square(a - 1.0) / (a - 2.0)
        return nan_where(
            self, self._full(a) <= 2.0, variance,
            "variance undefined when any concentration <= 2",
        )  # fmt: skip

    def _mode(self):
        return self.rate / (1.0 + self.concentration)


class InverseGammaWithSoftplusConcentrationRate(InverseGamma):
    """InverseGamma with softplus(concentration) and softplus(rate)."""

    def __init__(self, concentration, rate, validate_args=False, allow_nan_stats=True,
                 name="InverseGammaWithSoftplusConcentrationRate"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[concentration, rate]) as name:
            super().__init__(
                nn_ops.softplus(concentration, name="softplus_concentration"),
                nn_ops.softplus(rate, name="softplus_rate"), validate_args, allow_nan_stats, name,
            )  # fmt: skip
        self._parameters = parameters


class BetaWithSoftplusConcentration(Beta):
    """Beta with softplus of both concentrations."""

    def __init__(self, concentration1, concentration0, validate_args=False, allow_nan_stats=True,
                 name="BetaWithSoftplusConcentration"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[concentration1, concentration0]) as name:
            super().__init__(
                nn_ops.softplus(concentration1, name="softplus_concentration1"),
                nn_ops.softplus(concentration0, name="softplus_concentration0"), validate_args,
                allow_nan_stats, name,
            )  # fmt: skip
        self._parameters = parameters


class ExponentialWithSoftplusRate(Exponential):
    """Exponential with softplus(rate)."""

    def __init__(self, rate, validate_args=False, allow_nan_stats=True,
                 name="ExponentialWithSoftplusRate"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[rate]) as name:
            super().__init__(
                nn_ops.softplus(rate, name="softplus_rate"), validate_args, allow_nan_stats, name
            )
        self._parameters = parameters


class LaplaceWithSoftplusScale(Laplace):
    """Laplace with softplus(scale)."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True,
                 name="LaplaceWithSoftplusScale"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale]) as name:
            super().__init__(
                loc, nn_ops.softplus(scale, name="softplus_scale"), validate_args,
                allow_nan_stats, name,
            )  # fmt: skip
        self._parameters = parameters


class StudentTWithAbsDfSoftplusScale(StudentT):
    """StudentT with floor(|df|) and softplus(scale)."""

    def __init__(self, df, loc, scale, validate_args=False, allow_nan_stats=True,
                 name="StudentTWithAbsDfSoftplusScale"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[df, scale]) as name:
            super().__init__(
                math_ops.floor(math_ops.abs(df)), loc,
                nn_ops.softplus(scale, name="softplus_scale"), validate_args, allow_nan_stats,
                name,
            )  # fmt: skip
        self._parameters = parameters


class Chi2WithAbsDf(Chi2):
    """Chi2 with floor(|df|)."""

    def __init__(self, df, validate_args=False, allow_nan_stats=True, name="Chi2WithAbsDf"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[df]) as name:
            super().__init__(
                math_ops.floor(math_ops.abs(df, name="abs_df"), name="floor_abs_df"),
                validate_args, allow_nan_stats, name,
            )  # fmt: skip
        self._parameters = parameters


class Kumaraswamy(TransformedDistribution):
    """Numbers in (0, 1) with density a b x^(a - 1) (1 - x^a)^(b - 1).

    Args:
      concentration1, concentration0: a and b, float tensors > 0.
    """

    def __init__(self, concentration1=None, concentration0=None, validate_args=False,
                 allow_nan_stats=True, name="Kumaraswamy"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[concentration1, concentration0]) as name:
            concentration1 = ops.convert_to_tensor(concentration1, name="concentration1")
            concentration0 = ops.convert_to_tensor(
                concentration0, name="concentration0", dtype=concentration1.dtype
            )
        shape = array_ops.zeros_like(concentration1 + concentration0)
        super().__init__(
            distribution=Uniform(
                low=shape, high=shape + 1.0, allow_nan_stats=allow_nan_stats
            ),
            bijector=bijectors.Kumaraswamy(
                concentration1=concentration1, concentration0=concentration0,
                validate_args=validate_args,
            ),
            validate_args=validate_args, name=name,
        )  # fmt: skip
        self._parameters = parameters
        self._allow_nan_stats = allow_nan_stats

    concentration1 = property(lambda self: self.bijector.concentration1)
    concentration0 = property(lambda self: self.bijector.concentration0)

    def _entropy(self):
        a, b = self.concentration1, self.concentration0
        harmonic = math_ops.digamma(b + 1.0) + 0.5772156649015329
        return (1 - 1.0 / a) + (1 - 1.0 / b) * harmonic + math_ops.log(a) + math_ops.log(b)

    def _moment(self, n):
        b = self.concentration0
        ratio = 1.0 + n / self.concentration1
        logs = math_ops.lgamma(ratio) + math_ops.lgamma(b) - math_ops.lgamma(ratio + b)
        return math_ops.exp(math_ops.log(b) + logs)

    def _mean(self):
        return self._moment(1)

    def _variance(self):
        return self._moment(2) - math_ops.square(self._moment(1))

    def _stddev(self):
        return math_ops.sqrt(self._variance())

    def _mode(self):
        a, b = self.concentration1, self.concentration0
        inside = math_ops.logical_and(
            a + array_ops.zeros_like(b) > 1.0, b + array_ops.zeros_like(a) > 1.0
        )
        mode = ((a - 1) / (a * b - 1)) ** (1.0 / a)
        return nan_where(
            self, math_ops.logical_not(inside), mode,
            "Mode undefined for concentration1 <= 1 or concentration0 <= 1.",
        )  # fmt: skip


class SinhArcsinh(TransformedDistribution):
    """loc + scale sinh((arcsinh(x) + skewness) tailweight) 2 / its value at x = 2.

    Args:
      loc, scale: float tensors.
      skewness, tailweight: float tensors; defaults 0 and 1.
      distribution: of x; default: standard normal.
    """

    def __init__(self, loc, scale, skewness=None, tailweight=None, distribution=None,
                 validate_args=False, allow_nan_stats=True, name="SinhArcsinh"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale, skewness, tailweight]) as name:
            loc = ops.convert_to_tensor(loc, name="loc")
            dtype = loc.dtype
            scale = ops.convert_to_tensor(scale, name="scale", dtype=dtype)
            tailweight = 1.0 if tailweight is None else tailweight
            skewness = 0.0 if skewness is None else skewness
            tailweight = ops.convert_to_tensor(tailweight, name="tailweight", dtype=dtype)
            skewness = ops.convert_to_tensor(skewness, name="skewness", dtype=dtype)
            batch = loc + scale + skewness + tailweight
            if distribution is None:
                distribution = Normal(
                    loc=array_ops.zeros_like(batch), scale=array_ops.ones([], dtype),
                    allow_nan_stats=allow_nan_stats,
                )  # fmt: skip
            shape = bijectors.SinhArcsinh(skewness=skewness, tailweight=tailweight)
            symmetric = bijectors.SinhArcsinh(
                skewness=array_ops.zeros([], dtype), tailweight=tailweight
            )
            widening = 2.0 / symmetric.forward(ops.convert_to_tensor(2.0, dtype=dtype))
            affine = bijectors.AffineScalar(
                shift=loc, scale=scale * widening, validate_args=validate_args
            )
            bijector = bijectors.Chain([affine, shape])
            super().__init__(
                distribution=distribution, bijector=bijector, validate_args=validate_args,
                name=name,
            )  # fmt: skip
        self._parameters = parameters
        self._loc, self._scale = loc, scale
        self._tailweight, self._skewness = tailweight, skewness

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)
    tailweight = property(lambda self: self._tailweight)
    skewness = property(lambda self: self._skewness)
