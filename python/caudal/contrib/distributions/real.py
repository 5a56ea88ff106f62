# SPDX-License-Identifier: Apache-2.0
"""Further distributions over real numbers."""

import math

import numpy as np

from caudal.framework import ops
from caudal.ops import array_ops, math_ops, nn_ops, random_ops
from caudal.ops.distributions.distribution import FULLY_REPARAMETERIZED
from caudal.ops.distributions.scalars import Gamma
from caudal.ops.distributions.util import ScalarBatch, positive


class _LocationScale(ScalarBatch):
    """Distributions with a location and a scale.

    Args:
      loc, scale: float tensors.
    """

    def __init__(self, loc, scale, validate_args, allow_nan_stats, name):
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale]) as name:
            (self._scale,) = positive(validate_args, ops.convert_to_tensor(scale, name="scale"))
            loc = ops.convert_to_tensor(loc, dtype=self._scale.dtype, name="loc")
            self._loc = array_ops.identity(loc, name="loc")
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
        return (x - self.loc) / self.scale

    def _share(self, n, seed):
        """Uniform numbers strictly between 0 and 1."""
        tiny = np.finfo(self.dtype.as_numpy_dtype).tiny
        return random_ops.random_uniform(
            self._draws(n), minval=tiny, maxval=1.0, dtype=self.dtype, seed=seed
        )

    def _mode(self):
        return self._full(self.loc)


class Logistic(_LocationScale):
    """The logistic distribution."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Logistic"):
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)

    def _sample_n(self, n, seed=None):
        u = self._share(n, seed)
        return (math_ops.log(u) - math_ops.log1p(-1.0 * u)) * self.scale + self.loc

    def _log_prob(self, x):
        z = self._z(x)
        return -z - 2.0 * nn_ops.softplus(-z) - math_ops.log(self.scale)

    def _cdf(self, x):
        return math_ops.sigmoid(self._z(x))

    def _log_cdf(self, x):
        return -nn_ops.softplus(-self._z(x))

    def _survival_function(self, x):
        return math_ops.sigmoid(-self._z(x))

    def _log_survival_function(self, x):
        return -nn_ops.softplus(self._z(x))

    def _entropy(self):
        return 2.0 + math_ops.log(self._full(self.scale))

    def _mean(self):
        return self._full(self.loc)

    def _stddev(self):
        return self._full(self.scale) * math.pi / math.sqrt(3.0)


class Cauchy(_LocationScale):
    """The Cauchy distribution, which has no mean."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Cauchy"):
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)

    def _sample_n(self, n, seed=None):
        return self._quantile(self._share(n, seed))

    def _log_prob(self, x):
        normalization = math.log(math.pi) + math_ops.log(self.scale)
        return -math_ops.log1p(math_ops.square(self._z(x))) - normalization

    def _cdf(self, x):
        return math_ops.atan(self._z(x)) / math.pi + 0.5

    def _quantile(self, p):
        return self.loc + self.scale * math_ops.tan(math.pi * (p - 0.5))

    def _entropy(self):
        return math.log(4.0 * math.pi) + math_ops.log(self._full(self.scale))

    def _nothing(self):
        if not self.allow_nan_stats:
            raise ValueError("The Cauchy distribution has no mean or variance")
        return self._full(self.loc) * np.array(np.nan, self.dtype.as_numpy_dtype)

    def _mean(self):
        return self._nothing()

    def _stddev(self):
        return self._nothing()


class HalfNormal(ScalarBatch):
    """The absolute value of a normal distribution around 0.

    Args:
      scale: float tensor, above 0.
    """

    def __init__(self, scale, validate_args=False, allow_nan_stats=True, name="HalfNormal"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[scale]) as name:
            (self._scale,) = positive(validate_args, ops.convert_to_tensor(scale, name="scale"))
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._scale],
            name=name,
        )

    scale = property(lambda self: self._scale)

    def _sample_n(self, n, seed=None):
        normal = random_ops.random_normal(self._draws(n), dtype=self.dtype, seed=seed)
        return math_ops.abs(normal * self.scale)

    def _prob(self, x):
        density = math.sqrt(2.0 / math.pi) / self.scale
        density *= math_ops.exp(-0.5 * math_ops.square(x / self.scale))
        return density * math_ops.cast(x >= 0, self.dtype)

    def _cdf(self, x):
        return math_ops.erf(nn_ops.relu(x) / self.scale / math.sqrt(2.0))

    def _entropy(self):
        return 0.5 * math_ops.log(math.pi * self.scale**2.0 / 2.0) + 0.5

    def _mean(self):
        return self.scale * math.sqrt(2.0 / math.pi)

    def _mode(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _variance(self):
        return self.scale**2.0 * (1.0 - 2.0 / math.pi)


class Chi2(Gamma):
    """The sum of the squares of `df` standard normal numbers.

    Args:
      df: float tensor, above 0.
    """

    def __init__(self, df, validate_args=False, allow_nan_stats=True, name="Chi2"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[df]) as name:
            (self._df,) = positive(validate_args, ops.convert_to_tensor(df, name="df"))
            half = ops.convert_to_tensor(0.5, dtype=self._df.dtype)
            super().__init__(0.5 * self._df, half, validate_args, allow_nan_stats, name)
        self._parameters = parameters

    df = property(lambda self: self._df)
