# SPDX-License-Identifier: Apache-2.0
"""Distributions over real numbers."""

import math

import numpy as np

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, check_ops, math_ops, random_ops
from caudal.ops.distributions import kullback_leibler, special_math
from caudal.ops.distributions.distribution import FULLY_REPARAMETERIZED
from caudal.ops.distributions.util import (
    ScalarBatch,
    gen_new_seed,
    nan_unless_above,
    positive,
    scope_of,
)


def _gamma(shape, alpha, seed, beta=None):
    from caudal.ops import sampling_ops

    return sampling_ops.random_gamma(
        shape=shape, alpha=alpha, beta=beta, dtype=alpha.dtype, seed=seed
    )


class Normal(ScalarBatch):
    """The normal distribution.

    Args:
      loc: float tensor, the mean.
      scale: float tensor, the standard deviation.
    """

    _parameter_names = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Normal"):
        parameters = dict(locals())
        with scope_of(name, [loc, scale]) as name:
            (self._scale,) = positive(validate_args, ops.convert_to_tensor(scale, name="scale"))
            self._loc = array_ops.identity(
                ops.convert_to_tensor(loc, dtype=self._scale.dtype, name="loc"), name="loc"
            )
            check_ops.assert_same_float_dtype([self._loc, self._scale])
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale],
            name=name,
        )

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _z(self, x):
        with ops.name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale

    def _sample_n(self, n, seed=None):
        sampled = random_ops.random_normal(
            shape=self._draws(n), mean=0.0, stddev=1.0, dtype=self.loc.dtype, seed=seed
        )
        return sampled * self.scale + self.loc

    def _log_prob(self, x):
        constant = 0.5 * math.log(2.0 * math.pi) + math_ops.log(self.scale)
        return -0.5 * math_ops.square(self._z(x)) - constant

    def _log_cdf(self, x):
        return special_math.log_ndtr(self._z(x))

    def _cdf(self, x):
        return special_math.ndtr(self._z(x))

    def _log_survival_function(self, x):
        return special_math.log_ndtr(-self._z(x))

    def _survival_function(self, x):
        return special_math.ndtr(-self._z(x))

    def _quantile(self, p):
        return special_math.ndtri(p) * self.scale + self.loc

    def _entropy(self):
        scale = self._full(self.scale)
        return 0.5 * math.log(2.0 * math.pi * math.e) + math_ops.log(scale)

    def _mean(self):
        return self._full(self.loc)

    def _stddev(self):
        return self._full(self.scale)

    def _mode(self):
        return self._mean()


class NormalWithSoftplusScale(Normal):
    """Normal with softplus(scale) as standard deviation."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True,
                 name="NormalWithSoftplusScale"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[scale]) as name:
            super().__init__(
                loc, apply("Softplus", scale, name="softplus_scale"), validate_args,
                allow_nan_stats, name)  # fmt: skip
        self._parameters = parameters


class Uniform(ScalarBatch):
    """The uniform distribution on [low, high).

    Args:
      low, high: float tensors.
    """

    _parameter_names = ("low", "high")

    def __init__(self, low=0.0, high=1.0, validate_args=False, allow_nan_stats=True,
                 name="Uniform"):  # fmt: skip
        parameters = dict(locals())
        with scope_of(name, [low, high]) as name:
            low = ops.convert_to_tensor(low, name="low")
            high = ops.convert_to_tensor(high, name="high")
            checks = []
            if validate_args:
                checks = [
                    check_ops.assert_less(
                        low, high, message="uniform not defined when low >= high."
                    )
                ]
            with ops.control_dependencies(checks):
                self._low = array_ops.identity(low, name="low")
                self._high = array_ops.identity(high, name="high")
            check_ops.assert_same_float_dtype([self._low, self._high])
        super().__init__(
            dtype=self._low.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._low, self._high],
            name=name,
        )

    low = property(lambda self: self._low)
    high = property(lambda self: self._high)

    def range(self, name="range"):
        """high - low."""
        with self._name_scope(name):
            return self.high - self.low

    def _sample_n(self, n, seed=None):
        samples = random_ops.random_uniform(shape=self._draws(n), dtype=self.dtype, seed=seed)
        return self.low + self.range() * samples

    def _prob(self, x):
        x += array_ops.zeros(self.batch_shape_tensor(), dtype=x.dtype)
        outside = math_ops.logical_or(x < self.low, x >= self.high)
        inside = array_ops.ones_like(x) / self.range()
        density = array_ops.where(outside, array_ops.zeros_like(x), inside)
        return array_ops.where(math_ops.is_nan(x), x, density)

    def _cdf(self, x):
        x += array_ops.zeros(self.batch_shape_tensor(), dtype=x.dtype)
        share = (x - self.low) / self.range()
        below = array_ops.where(x < self.low, array_ops.zeros_like(x), share)
        return array_ops.where(x >= self.high, array_ops.ones_like(x), below)

    def _entropy(self):
        return math_ops.log(self.range())

    def _mean(self):
        return (self.low + self.high) / 2.0

    def _variance(self):
        return math_ops.square(self.range()) / 12.0

    def _stddev(self):
        return self.range() / math.sqrt(12.0)


class Laplace(ScalarBatch):
    """The Laplace distribution: exponential on both sides of `loc`.

    Args:
      loc: float tensor.
      scale: float tensor, above 0.
    """

    _parameter_names = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Laplace"):
        parameters = dict(locals())
        with scope_of(name, [loc, scale]) as name:
            (self._scale,) = positive(validate_args, ops.convert_to_tensor(scale, name="scale"))
            self._loc = array_ops.identity(
                ops.convert_to_tensor(loc, dtype=self._scale.dtype, name="loc"), name="loc"
            )
        super().__init__(
            dtype=self._loc.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale],
            name=name,
        )

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _z(self, x):
        return (x - self.loc) / self.scale

    def _sample_n(self, n, seed=None):
        number = self.dtype.as_numpy_dtype
        uniform = random_ops.random_uniform(
            shape=self._draws(n),
            minval=np.nextafter(number(-1.0), number(0.0)),
            maxval=1.0,
            dtype=self.dtype,
            seed=seed,
        )
        size = math_ops.log1p(-math_ops.abs(uniform))
        return self.loc - self.scale * math_ops.sign(uniform) * size

    def _log_prob(self, x):
        return -math_ops.abs(self._z(x)) - (math.log(2.0) + math_ops.log(self.scale))

    def _cdf(self, x):
        z = self._z(x)
        return 0.5 + 0.5 * math_ops.sign(z) * (1.0 - math_ops.exp(-math_ops.abs(z)))

    def _log_cdf(self, x):
        z = self._z(x)
        upper = math_ops.log1p(-0.5 * math_ops.exp(-math_ops.abs(z)))
        return array_ops.where(z < 0.0, z - math.log(2.0), upper)

    def _log_survival_function(self, x):
        z = self._z(x)
        lower = math_ops.log1p(-0.5 * math_ops.exp(-math_ops.abs(z)))
        return array_ops.where(z < 0.0, lower, -z - math.log(2.0))

    def _entropy(self):
        scale = self.scale + array_ops.zeros_like(self.loc)
        return math.log(2.0) + 1.0 + math_ops.log(scale)

    def _mean(self):
        return self.loc + array_ops.zeros_like(self.scale)

    def _stddev(self):
        return math.sqrt(2.0) * self.scale + array_ops.zeros_like(self.loc)

    def _mode(self):
        return self._mean()


class Gamma(ScalarBatch):
    """The gamma distribution.

    Args:
      concentration: float tensor, above 0.
      rate: float tensor, above 0.
    """

    _parameter_names = ("concentration", "rate")

    def __init__(self, concentration, rate, validate_args=False, allow_nan_stats=True,
                 name="Gamma"):  # fmt: skip
        parameters = dict(locals())
        with scope_of(name, [concentration, rate]) as name:
            concentration = ops.convert_to_tensor(concentration, name="concentration")
            self._concentration, self._rate = positive(
                validate_args,
                concentration,
                ops.convert_to_tensor(rate, dtype=concentration.dtype, name="rate"),
            )
            check_ops.assert_same_float_dtype([self._concentration, self._rate])
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._concentration, self._rate],
            name=name,
        )

    concentration = property(lambda self: self._concentration)
    rate = property(lambda self: self._rate)

    def _sample_n(self, n, seed=None):
        return _gamma([n], self._full(self.concentration), seed, beta=self.rate)

    def _log_prob(self, x):
        x = self._support_value(x)
        normalization = math_ops.lgamma(self.concentration) - self.concentration * math_ops.log(
            self.rate
        )
        return apply("Xlogy", self.concentration - 1.0, x) - self.rate * x - normalization

    def _cdf(self, x):
        x = self._support_value(x)
        return apply("Igamma", *_alike(self.concentration, self.rate * x))

    def _entropy(self):
        c = self.concentration
        return c - math_ops.log(self.rate) + math_ops.lgamma(c) + (1.0 - c) * math_ops.digamma(c)

    def _mean(self):
        return self.concentration / self.rate

    def _variance(self):
        return self.concentration / math_ops.square(self.rate)

    def _stddev(self):
        return math_ops.sqrt(self.concentration) / self.rate

    def _mode(self):
        mode = (self.concentration - 1.0) / self.rate
        return nan_unless_above(
            self,
            mode,
            1.0,
            [self.concentration],
            ["mode not defined when any concentration <= 1"],
        )


class GammaWithSoftplusConcentrationRate(Gamma):
    """Gamma with softplus of both parameters."""

    def __init__(self, concentration, rate, validate_args=False, allow_nan_stats=True,
                 name="GammaWithSoftplusConcentrationRate"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[concentration, rate]) as name:
            super().__init__(
                apply("Softplus", concentration, name="softplus_concentration"),
                apply("Softplus", rate, name="softplus_rate"),
                validate_args,
                allow_nan_stats,
                name,
            )
        self._parameters = parameters


class Exponential(Gamma):
    """The exponential distribution.

    Args:
      rate: float tensor, above 0.
    """

    _parameter_names = ("rate",)

    def __init__(self, rate, validate_args=False, allow_nan_stats=True, name="Exponential"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[rate]) as name:
            rate = ops.convert_to_tensor(rate, name="rate")
            super().__init__(
                array_ops.ones([], dtype=rate.dtype), rate, validate_args, allow_nan_stats, name
            )
        self._parameters = parameters

    def _sample_n(self, n, seed=None):
        sampled = random_ops.random_uniform(
            self._draws(n),
            minval=np.finfo(self.dtype.as_numpy_dtype).tiny,
            maxval=1.0,
            seed=seed,
            dtype=self.dtype,
        )
        return -math_ops.log(sampled) / self.rate


class Beta(ScalarBatch):
    """The beta distribution on (0, 1).

    Args:
      concentration1, concentration0: float tensors, above 0.
    """

    _parameter_names = ("concentration1", "concentration0")

    def __init__(self, concentration1=None, concentration0=None, validate_args=False,
                 allow_nan_stats=True, name="Beta"):  # fmt: skip
        parameters = dict(locals())
        with scope_of(name, [concentration1, concentration0]) as name:
            one = ops.convert_to_tensor(concentration1, name="concentration1")
            zero = ops.convert_to_tensor(concentration0, dtype=one.dtype, name="concentration0")
            self._concentration1, self._concentration0 = positive(
                validate_args,
                one,
                zero,
                message="Concentration parameter must be positive.",
            )
            check_ops.assert_same_float_dtype([self._concentration1, self._concentration0])
            self._total_concentration = self._concentration1 + self._concentration0
        super().__init__(
            dtype=self._total_concentration.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._concentration1, self._concentration0, self._total_concentration],
            name=name,
        )

    concentration1 = property(lambda self: self._concentration1)
    concentration0 = property(lambda self: self._concentration0)
    total_concentration = property(lambda self: self._total_concentration)

    def _sample_n(self, n, seed=None):
        one = _gamma([n], self._full(self.concentration1), seed)
        zero = _gamma([n], self._full(self.concentration0), gen_new_seed(seed, "beta"))
        return one / (one + zero)

    def _log_normalization(self):
        return (
            math_ops.lgamma(self.concentration1)
            + math_ops.lgamma(self.concentration0)
            - math_ops.lgamma(self.total_concentration)
        )

    def _inside(self, x):
        if not self.validate_args:
            return x
        checks = [
            check_ops.assert_positive(x, message="sample must be positive"),
            check_ops.assert_less(
                x, array_ops.ones([], self.dtype), message="sample must be less than `1`."
            ),
        ]
        with ops.control_dependencies(checks):
            return array_ops.identity(x)

    def _log_prob(self, x):
        x = self._inside(x)
        return (
            apply("Xlogy", self.concentration1 - 1.0, x)
            + (self.concentration0 - 1.0) * math_ops.log1p(-x)
            - self._log_normalization()
        )

    def _cdf(self, x):
        return apply("Betainc", *_alike(self.concentration1, self.concentration0, x))

    def _entropy(self):
        return (
            self._log_normalization()
            - (self.concentration1 - 1.0) * math_ops.digamma(self.concentration1)
            - (self.concentration0 - 1.0) * math_ops.digamma(self.concentration0)
            + (self.total_concentration - 2.0) * math_ops.digamma(self.total_concentration)
        )

    def _mean(self):
        return self.concentration1 / self.total_concentration

    def _variance(self):
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)

    def _mode(self):
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        return nan_unless_above(
            self,
            mode,
            1.0,
            [self.concentration1, self.concentration0],
            [
                "Mode undefined for concentration1 <= 1.",
                "Mode undefined for concentration0 <= 1.",
            ],
        )


class StudentT(ScalarBatch):
    """Student's t-distribution.

    Args:
      df: float tensor, degrees of freedom.
      loc, scale: float tensors.
    """

    _parameter_names = ("df", "loc", "scale")

    def __init__(self, df, loc, scale, validate_args=False, allow_nan_stats=True,
                 name="StudentT"):  # fmt: skip
        parameters = dict(locals())
        with scope_of(name, [df, loc, scale]) as name:
            df = ops.convert_to_tensor(df, name="df")
            (self._df,) = positive(validate_args, df)
            self._loc = array_ops.identity(
                ops.convert_to_tensor(loc, dtype=df.dtype, name="loc"), name="loc"
            )
            self._scale = array_ops.identity(
                ops.convert_to_tensor(scale, dtype=df.dtype, name="scale"), name="scale"
            )
            check_ops.assert_same_float_dtype([self._df, self._loc, self._scale])
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._df, self._loc, self._scale],
            name=name,
        )

    df = property(lambda self: self._df)
    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _sample_n(self, n, seed=None):
        normal = random_ops.random_normal(self._draws(n), dtype=self.dtype, seed=seed)
        df = self._full(self.df)
        chi = _gamma(
            [n], 0.5 * df, gen_new_seed(seed, "student_t"), beta=0.5 * array_ops.ones_like(df)
        )
        return normal * math_ops.rsqrt(chi / df) * self.scale + self.loc

    def _log_prob(self, x):
        y = (x - self.loc) / self.scale
        normalization = (
            math_ops.log(math_ops.abs(self.scale))
            + 0.5 * math_ops.log(self.df)
            + 0.5 * np.log(np.pi)
            + math_ops.lgamma(0.5 * self.df)
            - math_ops.lgamma(0.5 * (self.df + 1.0))
        )
        return -0.5 * (self.df + 1.0) * math_ops.log1p(y**2.0 / self.df) - normalization

    def _cdf(self, x):
        y = (x - self.loc) / math_ops.abs(self.scale)
        half = array_ops.ones_like(y) * 0.5
        tail = 0.5 * apply("Betainc", *_alike(0.5 * self.df, half, self.df / (y**2.0 + self.df)))
        return array_ops.where(y < 0.0, tail, 1.0 - tail)

    def _entropy(self):
        v = array_ops.ones(self.batch_shape_tensor(), dtype=self.dtype) * self.df
        a, b = 0.5 * (v + 1.0), 0.5 * v
        beta = math_ops.lgamma(b) + math.lgamma(0.5) - math_ops.lgamma(a)
        return (
            math_ops.log(math_ops.abs(self.scale))
            + 0.5 * math_ops.log(v)
            + beta
            + a * (math_ops.digamma(a) - math_ops.digamma(b))
        )

    def _mean(self):
        mean = self._full(self.loc)
        return nan_unless_above(
            self, mean, 1.0, [self.df], ["mean not defined for components of df <= 1"]
        )

    def _variance(self):
        df = self._full(self.df)
        variance = math_ops.square(self._full(self.scale)) * df / (df - 2.0)
        infinity = array_ops.ones_like(df) * np.array(np.inf, self.dtype.as_numpy_dtype)
        variance = array_ops.where(df > 2.0, variance, infinity)
        return nan_unless_above(
            self, variance, 1.0, [self.df], ["variance not defined for components of df <= 1"]
        )

    def _mode(self):
        return array_ops.identity(self.loc)


def _alike(*tensors):
    """The tensors in their common shape, for ops that do not broadcast."""
    zero = tensors[0] * 0.0
    for t in tensors[1:]:
        zero = zero + t * 0.0
    return [t + zero for t in tensors]


@kullback_leibler.RegisterKL(Normal, Normal)
def _kl_normal_normal(a, b, name=None):
    with ops.name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        ratio = math_ops.square(a.scale) / math_ops.square(b.scale)
        shift = math_ops.square(a.loc - b.loc) / (2.0 * math_ops.square(b.scale))
        return shift + 0.5 * (ratio - 1.0 - math_ops.log(ratio))


@kullback_leibler.RegisterKL(Gamma, Gamma)
def _kl_gamma_gamma(a, b, name=None):
    with ops.name_scope(name, "kl_gamma_gamma", [a.concentration, b.concentration]):
        return (
            (a.concentration - b.concentration) * math_ops.digamma(a.concentration)
            + math_ops.lgamma(b.concentration)
            - math_ops.lgamma(a.concentration)
            + b.concentration * math_ops.log(a.rate)
            - b.concentration * math_ops.log(b.rate)
            + a.concentration * (b.rate / a.rate - 1.0)
        )


@kullback_leibler.RegisterKL(Beta, Beta)
def _kl_beta_beta(a, b, name=None):
    with ops.name_scope(name, "kl_beta_beta", [a.concentration1, b.concentration1]):
        one = (a.concentration1 - b.concentration1) * math_ops.digamma(a.concentration1)
        zero = (a.concentration0 - b.concentration0) * math_ops.digamma(a.concentration0)
        total = (b.total_concentration - a.total_concentration) * math_ops.digamma(
            a.total_concentration
        )
        return b._log_normalization() - a._log_normalization() + one + zero + total


__all__ = [
    "Beta",
    "Exponential",
    "Gamma",
    "GammaWithSoftplusConcentrationRate",
    "Laplace",
    "Normal",
    "NormalWithSoftplusScale",
    "StudentT",
    "Uniform",
]
