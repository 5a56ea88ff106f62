# SPDX-License-Identifier: Apache-2.0
"""Distributions over whole numbers."""

import numpy as np

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops, random_ops
from caudal.ops.distributions.distribution import NOT_REPARAMETERIZED
from caudal.ops.distributions.util import ScalarBatch, get_logits_and_probs


class Poisson(ScalarBatch):
    """The Poisson distribution; samples are floats.

    Args:
      rate: float tensor, the mean; or
      log_rate: its logarithm.
    """

    def __init__(self, rate=None, log_rate=None, validate_args=False, allow_nan_stats=True,
                 name="Poisson"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[rate, log_rate]) as name:
            if (rate is None) == (log_rate is None):
                raise ValueError("Must specify exactly one of `rate` and `log_rate`.")
            if log_rate is None:
                self._rate = ops.convert_to_tensor(rate, name="rate")
                self._log_rate = math_ops.log(self._rate, name="log_rate")
            else:
                self._log_rate = ops.convert_to_tensor(log_rate, name="log_rate")
                self._rate = math_ops.exp(self._log_rate, name="rate")
            if not self._rate.dtype.is_floating:
                raise TypeError("rate.dtype (%s) is a not a float-type." % self._rate.dtype.name)
        super().__init__(
            dtype=self._rate.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._rate],
            name=name,
        )

    rate = property(lambda self: self._rate)
    log_rate = property(lambda self: self._log_rate)

    def _sample_n(self, n, seed=None):
        from caudal.ops import sampling_ops

        return sampling_ops.random_poisson(self.rate, [n], dtype=self.dtype, seed=seed)

    def _log_prob(self, x):
        logs = self.log_rate * x - math_ops.lgamma(1.0 + x) - self.rate
        nothing = array_ops.ones_like(logs) * np.array(-np.inf, self.dtype.as_numpy_dtype)
        return array_ops.where(x + array_ops.zeros_like(logs) < 0.0, nothing, logs)

    def _cdf(self, x):
        safe = math_ops.maximum(x, 0.0)
        below = apply("Igammac", 1.0 + safe, self.rate + array_ops.zeros_like(safe))
        return array_ops.where(
            x + array_ops.zeros_like(below) < 0.0, array_ops.zeros_like(below), below
        )

    def _mean(self):
        return array_ops.identity(self.rate)

    def _variance(self):
        return array_ops.identity(self.rate)

    def _mode(self):
        return math_ops.floor(self.rate)


class Geometric(ScalarBatch):
    """How many draws fail before the first success.

    Args:
      logits, probs: of success, see Bernoulli.
    """

    def __init__(self, logits=None, probs=None, validate_args=False, allow_nan_stats=True,
                 name="Geometric"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits, probs, validate_args=validate_args
            )
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._probs, self._logits],
            name=name,
        )

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _arguments(self):
        return [self._probs]

    def _sample_n(self, n, seed=None):
        tiny = np.finfo(self.dtype.as_numpy_dtype).tiny
        uniform = random_ops.random_uniform(
            self._draws(n), minval=tiny, maxval=1.0, dtype=self.dtype, seed=seed
        )
        return math_ops.floor(math_ops.log(uniform) / math_ops.log1p(-self.probs))

    def _log_prob(self, x):
        return apply("Xlogy", x + array_ops.zeros_like(self.probs), 1.0 - self.probs) + (
            math_ops.log(self.probs)
        )

    def _cdf(self, x):
        below = x + array_ops.zeros_like(self.probs)
        share = -math_ops.expm1((1.0 + math_ops.floor(below)) * math_ops.log1p(-self.probs))
        return array_ops.where(below < 0.0, array_ops.zeros_like(share), share)

    def _entropy(self):
        p = self.probs
        return -(apply("Xlogy", 1.0 - p, 1.0 - p) + apply("Xlogy", p, p)) / p

    def _mean(self):
        return math_ops.exp(-self.logits)

    def _variance(self):
        return self._mean() / self.probs

    def _mode(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)
