# SPDX-License-Identifier: Apache-2.0
"""Distributions over counts and classes, points, and what lies between classes and numbers."""

import numpy as np

from caudal.contrib.distributions.bijectors.elementwise import Exp, Sigmoid, checked
from caudal.contrib.distributions.real import Logistic
from caudal.contrib.distributions.transformed import TransformedDistribution
from caudal.framework import dtypes, ops
from caudal.ops import (
    array_ops,
    check_ops,
    math_ops,
    nn_ops,
    random_ops,
    sampling_ops,
    special_math_ops,
)
from caudal.ops.distributions import kullback_leibler
from caudal.ops.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
)
from caudal.ops.distributions.util import ScalarBatch, gen_new_seed, get_logits_and_probs

__all__ = [
    "Binomial",
    "Deterministic",
    "ExpRelaxedOneHotCategorical",
    "NegativeBinomial",
    "OneHotCategorical",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "VectorDeterministic",
]


def _whole(x, message):
    return check_ops.assert_equal(x, math_ops.floor(x), message=message)


class _Counts(ScalarBatch):
    """Distributions of counts with a total count and a probability."""

    def _build(self, total_count, logits, probs, validate_args, name):
        self._logits, self._probs = get_logits_and_probs(
            logits, probs, validate_args=validate_args, name=name
        )
        self._total_count = ops.convert_to_tensor(
            total_count, dtype=self._probs.dtype, name="total_count"
        )

    total_count = property(lambda self: self._total_count)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _arguments(self):
        return [self._total_count, self._probs]


class Binomial(_Counts):
    """How many of total_count draws succeed.

    Args:
      total_count: float tensor of natural numbers.
      logits or probs: float tensor: log-odds or probability of success.
    """

    def __init__(self, total_count, logits=None, probs=None, validate_args=False,
                 allow_nan_stats=True, name="Binomial"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[total_count, logits, probs]) as name:
            self._build(total_count, logits, probs, validate_args, name)
            if validate_args:
                self._total_count = checked(self._total_count, [
                    check_ops.assert_non_negative(
                        self._total_count, message="total_count must be non-negative."),
                    _whole(self._total_count, "total_count cannot contain fractional components."),
                ])  # fmt: skip
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._logits, self._probs],
            name=name,
        )

    def _valid(self, counts):
        if not self.validate_args:
            return counts
        return checked(counts, [
            check_ops.assert_non_negative(counts, message="counts must be non-negative."),
            _whole(counts, "counts cannot contain fractional components."),
            check_ops.assert_less_equal(
                counts, self.total_count,
                message="counts are not less than or equal to n."),
        ])  # fmt: skip

    def _sample_n(self, n, seed=None):
        # Sums of draws of single successes: each of the most total counts.
        totals = self._full(self.total_count)
        most = math_ops.cast(math_ops.reduce_max(totals), dtypes.int32)
        probs = self._full(self.probs)
        shape = array_ops.concat([[n], array_ops.shape(probs), [most]], 0)
        share = random_ops.random_uniform(shape, dtype=self.dtype, seed=seed)
        hits = math_ops.cast(share < probs[..., array_ops.newaxis], self.dtype)
        used = array_ops.sequence_mask(math_ops.cast(totals, dtypes.int32), most, dtype=self.dtype)
        return math_ops.reduce_sum(hits * used, axis=-1)

    def _log_prob(self, counts):
        counts = self._valid(counts)
        free = math_ops.xlogy(counts, self.probs) if hasattr(math_ops, "xlogy") else (
            counts * math_ops.log(self.probs))  # fmt: skip
        free = free + (self.total_count - counts) * math_ops.log1p(-self.probs)
        return free - (
            math_ops.lgamma(1.0 + self.total_count - counts) + math_ops.lgamma(1.0 + counts)
            - math_ops.lgamma(1.0 + self.total_count)
        )  # fmt: skip

    def _prob(self, counts):
        return math_ops.exp(self._log_prob(counts))

    def _cdf(self, counts):
        counts = self._valid(counts)
        probs, counts = self._common(self.probs, counts)
        total = self.total_count + array_ops.zeros_like(counts)
        inside = counts < total
        safe = array_ops.where(inside, total - counts, array_ops.ones_like(counts))
        below = special_math_ops.betainc(safe, counts + 1.0, 1.0 - probs)
        return array_ops.where(inside, below, array_ops.ones_like(below))

    @staticmethod
    def _common(a, b):
        return a + array_ops.zeros_like(b), b + array_ops.zeros_like(a)

    def _mean(self):
        return self._full(self.total_count * self.probs)

    def _variance(self):
        return self._mean() * (1 - self.probs)

    def _mode(self):
        return math_ops.floor((1.0 + self.total_count) * self.probs)


class NegativeBinomial(_Counts):
    """How many successes come before total_count failures.

    Args:
      total_count: float tensor > 0.
      logits or probs: float tensor: log-odds or probability of success.
    """

    def __init__(self, total_count, logits=None, probs=None, validate_args=False,
                 allow_nan_stats=True, name="NegativeBinomial"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[total_count, logits, probs]) as name:
            self._build(total_count, logits, probs, validate_args, name)
            if validate_args:
                self._total_count = checked(
                    self._total_count, [check_ops.assert_positive(self._total_count)]
                )
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._probs, self._logits],
            name=name,
        )

    def _valid(self, x):
        if not self.validate_args:
            return x
        return checked(
            x, [check_ops.assert_non_negative(x), _whole(x, "x has fractional components.")]
        )  # fmt: skip

    def _sample_n(self, n, seed=None):
        # A Poisson number whose rate is gamma distributed.
        rate = sampling_ops.random_gamma(
            [n], self._full(self.total_count), self._full(math_ops.exp(-self.logits)),
            dtype=self.dtype, seed=seed,
        )  # fmt: skip
        return sampling_ops.random_poisson(
            rate, [], dtype=self.dtype, seed=gen_new_seed(seed, "NegativeBinom")
        )

    def _cdf(self, x):
        x = self._valid(x)
        total, below = Binomial._common(self.total_count, 1.0 + x)
        probs = 1.0 - self.probs + array_ops.zeros_like(below)
        return special_math_ops.betainc(total, below, probs)

    def _log_prob(self, x):
        x = self._valid(x)
        unnormalized = self.total_count * math_ops.log_sigmoid(-self.logits)
        unnormalized = unnormalized + x * math_ops.log_sigmoid(self.logits)
        return unnormalized - (
            -math_ops.lgamma(self.total_count + x) + math_ops.lgamma(1.0 + x)
            + math_ops.lgamma(self.total_count)
        )  # fmt: skip

    def _mean(self):
        return self.total_count * math_ops.exp(self.logits)

    def _mode(self):
        adjusted = array_ops.where(
            1.0 < self._full(self.total_count), self._full(self.total_count - 1.0),
            array_ops.zeros_like(self._full(self.total_count)),
        )  # fmt: skip
        return math_ops.floor(adjusted * math_ops.exp(self.logits))

    def _variance(self):
        return self._mean() / math_ops.sigmoid(-self.logits)


class OneHotCategorical(Distribution):
    """One of several classes, as a vector with a 1 at its place.

    Args:
      logits or probs: float tensor [..., classes].
      dtype: dtype of the samples.
    """

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False,
                 allow_nan_stats=True, name="OneHotCategorical"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(
                name=name, logits=logits, probs=probs, validate_args=validate_args,
                multidimensional=True,
            )  # fmt: skip
            with ops.name_scope("event_size"):
                known = self._logits.shape.with_rank_at_least(1)[-1].value
                self._event_size = (
                    array_ops.shape(self._logits)[-1] if known is None
                    else ops.convert_to_tensor(known, dtypes.int32)
                )  # fmt: skip
        super().__init__(
            dtype=dtypes.as_dtype(dtype),
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    event_size = property(lambda self: self._event_size)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _batch_shape(self):
        return self.logits.shape.with_rank_at_least(1)[:-1]

    def _batch_shape_tensor(self):
        return array_ops.shape(self.logits)[:-1]

    def _event_shape(self):
        return self.logits.shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self):
        return array_ops.shape(self.logits)[-1:]

    def _sample_n(self, n, seed=None):
        flat = array_ops.reshape(self.logits, [-1, self.event_size])
        draws = array_ops.transpose(random_ops.multinomial(flat, n, seed=seed))
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        return array_ops.one_hot(array_ops.reshape(draws, shape), self.event_size, dtype=self.dtype)

    def _valid(self, x):
        if not self.validate_args:
            return x
        total = math_ops.reduce_sum(x, -1)
        return checked(x, [
            check_ops.assert_non_positive(
                x - array_ops.ones([], x.dtype), message="sample has elements above 1"),
            check_ops.assert_near(
                math_ops.cast(total, self.logits.dtype),
                array_ops.ones([], self.logits.dtype), message="sample does not sum to 1"),
        ])  # fmt: skip

    def _log_prob(self, x):
        x = self._valid(x)
        # A product with the logarithm 0 of an impossible class must not be NaN.
        logs = nn_ops.log_softmax(self.logits)
        x = math_ops.cast(x, self.logits.dtype)
        logs = logs + array_ops.zeros_like(x)
        x = x + array_ops.zeros_like(logs)
        zeros = array_ops.zeros_like(logs)
        return math_ops.reduce_sum(
            array_ops.where(math_ops.equal(x, 0), zeros, x * logs), axis=-1
        )  # fmt: skip

    def _prob(self, x):
        return math_ops.exp(self._log_prob(x))

    def _entropy(self):
        return -math_ops.reduce_sum(nn_ops.log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self):
        best = math_ops.argmax(self.logits, axis=-1)
        mode = array_ops.one_hot(best, self.event_size, dtype=self.dtype)
        mode.set_shape(self.logits.shape)
        return mode

    def _mean(self):
        return self.probs

    def _covariance(self):
        p = self.probs
        outer = -math_ops.matmul(p[..., array_ops.newaxis], p[..., array_ops.newaxis, :])
        return array_ops.matrix_set_diag(outer, self._variance())

    def _variance(self):
        return self.probs * (1.0 - self.probs)


@kullback_leibler.RegisterKL(OneHotCategorical, OneHotCategorical)
def _kl_one_hot(a, b, name=None):
    with ops.name_scope(name, "kl_categorical_categorical", values=[a.logits, b.logits]):
        difference = nn_ops.log_softmax(a.logits) - nn_ops.log_softmax(b.logits)
        return math_ops.reduce_sum(nn_ops.softmax(a.logits) * difference, axis=-1)


class _Points(Distribution):
    """Distributions that always give the same value.

    Args:
      loc: tensor: the value.
      atol, rtol: tensors >= 0: how far a value may be from it to count as equal.
    """

    def __init__(self, loc, atol, rtol, vector, validate_args, allow_nan_stats, name, parameters):
        with ops.name_scope(name, values=[loc, atol, rtol]) as name:
            loc = ops.convert_to_tensor(loc, name="loc")
            if vector and validate_args:
                message = "Argument loc must be at least rank 1."
                if loc.shape.ndims is not None and loc.shape.ndims < 1:
                    raise ValueError(message)
                loc = checked(
                    loc, [check_ops.assert_rank_at_least(loc, 1, message=message)]
                )  # fmt: skip
            self._loc = loc
            self._atol = self._tolerance(atol, "atol", validate_args)
            self._rtol = self._tolerance(rtol, "rtol", validate_args)
            slack = self._atol
            if rtol is not None:
                slack = slack + self._rtol * math_ops.abs(loc)
            self._slack = slack
        super().__init__(
            dtype=self._loc.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._atol, self._rtol],
            name=name,
        )

    def _tolerance(self, given, which, validate_args):
        t = ops.convert_to_tensor(
            0 if given is None else given, dtype=self._loc.dtype, name=which
        )  # fmt: skip
        if given is not None and validate_args:
            message = "Argument 'tol' must be non-negative"
            t = checked(t, [check_ops.assert_non_negative(t, message=message)])
        return t

    loc = property(lambda self: self._loc)
    atol = property(lambda self: self._atol)
    rtol = property(lambda self: self._rtol)

    def _entropy(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _mean(self):
        return array_ops.identity(self.loc)

    _mode = _mean

    def _variance(self):
        return array_ops.zeros_like(self.loc)

    _stddev = _variance

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat([[n], array_ops.shape(self.loc)], 0)
        return array_ops.broadcast_to(self.loc, shape)


class Deterministic(_Points):
    """Numbers that are always the same.

    Args:
      loc: tensor: the value.
      atol, rtol: tensors >= 0: how far a value may be from it to count as equal.
    """

    def __init__(self, loc, atol=None, rtol=None, validate_args=False, allow_nan_stats=True,
                 name="Deterministic"):  # fmt: skip
        parameters = dict(locals())
        super().__init__(
            loc, atol, rtol, False, validate_args, allow_nan_stats, name, parameters
        )  # fmt: skip

    def _batch_shape(self):
        return self.loc.shape

    def _batch_shape_tensor(self):
        return array_ops.shape(self.loc)

    def _prob(self, x):
        return math_ops.cast(math_ops.abs(x - self.loc) <= self._slack, self.dtype)

    def _cdf(self, x):
        return math_ops.cast(x >= self.loc - self._slack, self.dtype)


class VectorDeterministic(_Points):
    """Vectors that are always the same.

    Args:
      loc: tensor [..., n]: the value.
      atol, rtol: tensors >= 0: how far each element may be from it to count as equal.
    """

    def __init__(self, loc, atol=None, rtol=None, validate_args=False, allow_nan_stats=True,
                 name="VectorDeterministic"):  # fmt: skip
        parameters = dict(locals())
        super().__init__(
            loc, atol, rtol, True, validate_args, allow_nan_stats, name, parameters
        )  # fmt: skip

    def _batch_shape(self):
        return self.loc.shape[:-1]

    def _batch_shape_tensor(self):
        return array_ops.shape(self.loc)[:-1]

    def _event_shape(self):
        return self.loc.shape[-1:]

    def _event_shape_tensor(self):
        return array_ops.shape(self.loc)[-1:]

    def _prob(self, x):
        if self.validate_args:
            size = array_ops.shape(self.loc)[-1]
            x = checked(x, [
                check_ops.assert_rank_at_least(x, 1),
                check_ops.assert_equal(
                    size, array_ops.shape(x)[-1],
                    message="Argument x not defined in the same space R^k as this distribution"),
            ])  # fmt: skip
        near = math_ops.abs(x - self.loc) <= self._slack
        return math_ops.cast(math_ops.reduce_all(near, axis=-1), self.dtype)


@kullback_leibler.RegisterKL(_Points, Distribution)
def _kl_point(a, b, name=None):
    with ops.name_scope(name, "kl_deterministic_distribution", [a.loc]):
        return -b.log_prob(a.loc)


class RelaxedBernoulli(TransformedDistribution):
    """Numbers in (0, 1) that lie near 0 or 1 for small temperatures.

    Args:
      temperature: float tensor > 0.
      logits or probs: float tensor.
    """

    def __init__(self, temperature, logits=None, probs=None, validate_args=False,
                 allow_nan_stats=True, name="RelaxedBernoulli"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[logits, probs, temperature]) as name:
            temperature = ops.convert_to_tensor(temperature)
            if validate_args:
                temperature = checked(temperature, [check_ops.assert_positive(temperature)])
            self._temperature = array_ops.identity(temperature)
            self._logits, self._probs = get_logits_and_probs(
                logits=logits, probs=probs, validate_args=validate_args
            )
            super().__init__(
                distribution=Logistic(
                    self._logits / self._temperature, 1.0 / self._temperature,
                    validate_args=validate_args, allow_nan_stats=allow_nan_stats,
                    name=name + "/Logistic",
                ),
                bijector=Sigmoid(validate_args=validate_args), validate_args=validate_args,
                name=name,
            )  # fmt: skip
        self._parameters = parameters

    temperature = property(lambda self: self._temperature)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)


class ExpRelaxedOneHotCategorical(Distribution):
    """Logarithms of the samples of `RelaxedOneHotCategorical`.

    Args:
      temperature: float scalar > 0.
      logits or probs: float tensor [..., classes].
      dtype: of the samples; default: that of logits.
    """

    def __init__(self, temperature, logits=None, probs=None, dtype=None, validate_args=False,
                 allow_nan_stats=True, name="ExpRelaxedOneHotCategorical"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[logits, probs, temperature]) as name:
            self._logits, self._probs = get_logits_and_probs(
                name=name, logits=logits, probs=probs, validate_args=validate_args,
                multidimensional=True,
            )  # fmt: skip
            dtype = self._logits.dtype if dtype is None else dtypes.as_dtype(dtype)
            temperature = ops.convert_to_tensor(
                temperature, dtype=self._logits.dtype, name="temperature"
            )
            if validate_args:
                temperature = checked(temperature, [check_ops.assert_positive(temperature)])
            self._temperature = array_ops.identity(temperature)
            self._event_size = array_ops.shape(self._logits)[-1]
        super().__init__(
            dtype=dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs, self._temperature],
            name=name,
        )

    event_size = property(lambda self: self._event_size)
    temperature = property(lambda self: self._temperature)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _lead(self):
        shape = self.logits.shape.with_rank_at_least(1)
        return array_ops.broadcast_static_shape(self.temperature.shape, shape[:-1])

    def _batch_shape(self):
        return self._lead()

    def _batch_shape_tensor(self):
        return array_ops.broadcast_dynamic_shape(
            array_ops.shape(self.temperature), array_ops.shape(self.logits)[:-1]
        )

    def _event_shape(self):
        return self.logits.shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self):
        return array_ops.shape(self.logits)[-1:]

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat(
            [[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0
        )  # fmt: skip
        tiny = np.finfo(self.dtype.as_numpy_dtype).tiny
        share = random_ops.random_uniform(
            shape, minval=tiny, maxval=1.0, dtype=self.dtype, seed=seed
        )  # fmt: skip
        gumbel = -math_ops.log(-math_ops.log(share))
        noisy = math_ops.div(gumbel + self.logits, self.temperature[..., array_ops.newaxis])
        return nn_ops.log_softmax(noisy)

    def _log_prob(self, x):
        if self.validate_args:
            total = math_ops.reduce_logsumexp(x, axis=-1)
            x = checked(x, [
                check_ops.assert_non_positive(x),
                check_ops.assert_near(array_ops.zeros([], x.dtype), total),
            ])  # fmt: skip
        k = math_ops.cast(self.event_size, x.dtype)
        temperature = self.temperature
        norm = math_ops.lgamma(k) + (k - 1.0) * math_ops.log(temperature)
        spread = x * temperature[..., array_ops.newaxis]
        logs = nn_ops.log_softmax(self.logits - spread)
        return math_ops.reduce_sum(logs, axis=-1) + norm

    def _prob(self, x):
        return math_ops.exp(self._log_prob(x))


class RelaxedOneHotCategorical(TransformedDistribution):
    """Vectors of sum 1 that lie near a corner for small temperatures.

    Args:
      temperature: float scalar > 0.
      logits or probs: float tensor [..., classes].
      dtype: of the samples; default: that of logits.
    """

    def __init__(self, temperature, logits=None, probs=None, dtype=None, validate_args=False,
                 allow_nan_stats=True, name="RelaxedOneHotCategorical"):  # fmt: skip
        parameters = dict(locals())
        base = ExpRelaxedOneHotCategorical(
            temperature, logits=logits, probs=probs, dtype=dtype, validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
        )  # fmt: skip
        super().__init__(base, bijector=Exp(validate_args=validate_args), name=name)
        self._parameters = parameters

    temperature = property(lambda self: self.distribution.temperature)
    event_size = property(lambda self: self.distribution.event_size)
    logits = property(lambda self: self.distribution.logits)
    probs = property(lambda self: self.distribution.probs)
