# SPDX-License-Identifier: Apache-2.0
"""Distributions over classes and counts."""

from caudal.framework import dtypes, ops
from caudal.ops import array_ops, check_ops, math_ops, nn_impl, nn_ops, random_ops, shape_ops
from caudal.ops.distributions import kullback_leibler
from caudal.ops.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
)
from caudal.ops.distributions.scalars import _gamma
from caudal.ops.distributions.util import (
    ScalarBatch,
    counting,
    gen_new_seed,
    get_logits_and_probs,
    nan_unless_above,
)


class Bernoulli(ScalarBatch):
    """0 or 1.

    Args:
      logits: float tensor, log-odds of 1; or
      probs: float tensor, probabilities of 1.
      dtype: dtype of the samples.
    """

    _parameter_names = ("logits",)

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False,
                 allow_nan_stats=True, name="Bernoulli"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits=logits, probs=probs, validate_args=validate_args
            )
        super().__init__(
            dtype=dtypes.as_dtype(dtype),
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _arguments(self):
        return [self._logits]

    def _sample_n(self, n, seed=None):
        uniform = random_ops.random_uniform(self._draws(n), seed=seed, dtype=self.probs.dtype)
        return math_ops.cast(math_ops.less(uniform, self.probs), self.dtype)

    def _log_prob(self, event):
        if self.validate_args:
            one = array_ops.ones([], event.dtype)
            checks = [
                check_ops.assert_non_negative(event, message="Elements must be non-negative."),
                check_ops.assert_less_equal(event, one, message="Elements cannot exceed 1."),
            ]
            if event.dtype.is_floating:
                checks.append(
                    check_ops.assert_equal(
                        event,
                        math_ops.round(event),
                        message="Elements must be bool-equivalent.",
                    )
                )
            with ops.control_dependencies(checks):
                event = array_ops.identity(event)
        event = math_ops.cast(event, self.logits.dtype)
        logits = self.logits + array_ops.zeros_like(event)
        event = event + array_ops.zeros_like(logits)
        return -nn_impl.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self):
        return -self.logits * (math_ops.sigmoid(self.logits) - 1) + nn_ops.softplus(-self.logits)

    def _mean(self):
        return array_ops.identity(self.probs)

    def _variance(self):
        return self._mean() * (1.0 - self.probs)

    def _mode(self):
        return math_ops.cast(self.probs > 0.5, self.dtype)


class Categorical(Distribution):
    """One of several classes, by number.

    Args:
      logits: float tensor [..., classes], unnormalised log-probabilities; or
      probs: float tensor [..., classes].
      dtype: dtype of the samples.
    """

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False,
                 allow_nan_stats=True, name="Categorical"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits=logits, probs=probs, validate_args=validate_args, multidimensional=True
            )
            shape = self._logits.get_shape().with_rank_at_least(1)
            classes = shape[-1].value
            with ops.name_scope("event_size"):
                if classes is None:
                    self._event_size = array_ops.shape(self._logits)[-1]
                else:
                    self._event_size = ops.convert_to_tensor(classes, dtype=dtypes.int32)
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

    def _batch_shape_tensor(self):
        return array_ops.shape(self.logits)[:-1]

    def _batch_shape(self):
        return self.logits.get_shape()[:-1]

    def _sample_n(self, n, seed=None):
        flat = array_ops.reshape(self.logits, [-1, self.event_size])
        draws = random_ops.multinomial(flat, n, seed=seed, output_dtype=_draw_dtype(self.dtype))
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        return math_ops.cast(array_ops.reshape(array_ops.transpose(draws), shape), self.dtype)

    def _of_event(self, k, logits):
        """Classes and logits in a common batch shape."""
        k = math_ops.cast(k, dtypes.int32) if not k.dtype.is_integer else k
        batch = logits.get_shape()[:-1]
        known = k.get_shape().is_fully_defined() and batch.is_fully_defined()
        if not known or k.get_shape() != batch:
            shape = shape_ops.broadcast_dynamic_shape(
                array_ops.shape(k), array_ops.shape(logits)[:-1]
            )
            k = k * array_ops.ones(shape, dtype=k.dtype)
            ones = array_ops.ones(array_ops.concat([shape, [1]], 0), dtype=logits.dtype)
            logits = logits * ones
        return k, logits

    def _log_prob(self, k):
        k, logits = self._of_event(k, self.logits)
        return -nn_impl.sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _cdf(self, k):
        k, probs = self._of_event(k, self.probs)
        below = array_ops.sequence_mask(k, self.event_size, dtype=probs.dtype)
        return math_ops.reduce_sum(probs * below, axis=-1)

    def _entropy(self):
        return -math_ops.reduce_sum(nn_ops.log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self):
        mode = math_ops.cast(math_ops.argmax(self.logits, axis=-1), self.dtype)
        mode.set_shape(self.batch_shape)
        return mode


def _draw_dtype(dtype):
    return dtypes.int64 if dtype == dtypes.int64 else dtypes.int32


class _Vectors(Distribution):
    """Distributions over vectors whose last axis is that of a parameter."""

    def _batch_shape_tensor(self):
        return array_ops.shape(self._total())[:-1]

    def _batch_shape(self):
        return self._total().get_shape().with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self):
        return array_ops.shape(self._total())[-1:]

    def _event_shape(self):
        return self._total().get_shape().with_rank_at_least(1)[-1:]


def _log_combinations(n, counts):
    """log of how many orders give these counts."""
    lost = math_ops.reduce_sum(math_ops.lgamma(counts + 1.0), axis=-1)
    return math_ops.lgamma(n + 1.0) - lost


def _checked_counts(dist, counts, message="counts must sum to `self.total_count`"):
    if not dist.validate_args:
        return counts
    counts = counting(True, counts)
    total = math_ops.reduce_sum(counts, -1)
    check = check_ops.assert_equal(dist.total_count, total, message=message)
    with ops.control_dependencies([check]):
        return array_ops.identity(counts)


def _count_draws(logits, total_count, n, dtype, seed):
    """Counts of `total_count` draws from each row of logits: [n] + batch + [classes]."""
    shape = array_ops.shape(logits)
    classes = shape[-1]
    totals = math_ops.cast(array_ops.ones_like(logits[..., 0]) * total_count, dtypes.int32)
    most = math_ops.reduce_max(totals)
    flat = array_ops.reshape(logits, [-1, classes])
    draws = random_ops.multinomial(flat, n * most, seed=seed)
    draws = array_ops.reshape(draws, [-1, n, most])
    used = array_ops.sequence_mask(array_ops.reshape(totals, [-1]), most, dtype=dtype)
    hits = array_ops.one_hot(draws, depth=classes, dtype=dtype)
    counts = math_ops.reduce_sum(hits * used[:, array_ops.newaxis, :, array_ops.newaxis], axis=2)
    counts = array_ops.transpose(counts, [1, 0, 2])
    return array_ops.reshape(counts, array_ops.concat([[n], shape], 0))


class Multinomial(_Vectors):
    """How often each class came in `total_count` draws.

    Args:
      total_count: float tensor, the number of draws.
      logits, probs: as for Categorical.
    """

    def __init__(self, total_count, logits=None, probs=None, validate_args=False,
                 allow_nan_stats=True, name="Multinomial"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[total_count, logits, probs]) as name:
            total_count = ops.convert_to_tensor(total_count, name="total_count")
            self._total_count = counting(validate_args, total_count)
            self._logits, self._probs = get_logits_and_probs(
                logits=logits, probs=probs, multidimensional=True, validate_args=validate_args
            )
            self._mean_val = self._total_count[..., array_ops.newaxis] * self._probs
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._logits, self._probs],
            name=name,
        )

    total_count = property(lambda self: self._total_count)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _total(self):
        return self._mean_val

    def _sample_n(self, n, seed=None):
        logits = self.logits + array_ops.zeros_like(self._mean_val)
        return _count_draws(logits, self.total_count, n, self.dtype, seed)

    def _log_prob(self, counts):
        counts = _checked_counts(self, counts)
        logs = math_ops.reduce_sum(counts * nn_ops.log_softmax(self.logits), -1)
        return logs + _log_combinations(self.total_count, counts)

    def _mean(self):
        return array_ops.identity(self._mean_val)

    def _covariance(self):
        p = self.probs * array_ops.ones_like(self.total_count)[..., array_ops.newaxis]
        outer = -math_ops.matmul(
            self._mean_val[..., array_ops.newaxis], p[..., array_ops.newaxis, :]
        )
        return _set_diagonal(outer, self._variance())

    def _variance(self):
        p = self.probs * array_ops.ones_like(self.total_count)[..., array_ops.newaxis]
        return self._mean_val - self._mean_val * p


def _set_diagonal(matrix, diagonal):
    from caudal.ops import space_ops

    return space_ops.matrix_set_diag(matrix, diagonal)


def _checked_concentration(checked, concentration):
    if not checked:
        return array_ops.identity(concentration)
    checks = [
        check_ops.assert_positive(
            concentration, message="Concentration parameter must be positive."
        ),
        check_ops.assert_rank_at_least(
            concentration, 1, message="Concentration parameter must have >=1 dimensions."
        ),
        check_ops.assert_less(
            1,
            array_ops.shape(concentration)[-1],
            message="Concentration parameter must have event_size >= 2.",
        ),
    ]
    with ops.control_dependencies(checks):
        return array_ops.identity(concentration)


class Dirichlet(_Vectors):
    """Vectors of shares that sum to 1.

    Args:
      concentration: float tensor [..., classes], above 0.
    """

    def __init__(self, concentration, validate_args=False, allow_nan_stats=True,
                 name="Dirichlet"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[concentration]) as name:
            concentration = ops.convert_to_tensor(concentration, name="concentration")
            if not concentration.dtype.is_floating:
                raise TypeError("Concentration parameter must be float.")
            self._concentration = _checked_concentration(validate_args, concentration)
            self._total_concentration = math_ops.reduce_sum(self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._concentration, self._total_concentration],
            name=name,
        )

    concentration = property(lambda self: self._concentration)
    total_concentration = property(lambda self: self._total_concentration)

    def _total(self):
        return self._concentration

    def _sample_n(self, n, seed=None):
        gamma = _gamma([n], self.concentration, seed)
        return gamma / math_ops.reduce_sum(gamma, -1, keepdims=True)

    def _log_prob(self, x):
        if self.validate_args:
            checks = [
                check_ops.assert_positive(x, message="samples must be positive"),
                check_ops.assert_near(
                    array_ops.ones([], dtype=self.dtype),
                    math_ops.reduce_sum(x, -1),
                    message="sample last-dimension must sum to `1`",
                ),
            ]
            with ops.control_dependencies(checks):
                x = array_ops.identity(x)
        logs = math_ops.reduce_sum(math_ops.xlogy(self.concentration - 1.0, x), -1)
        return logs - math_ops.lbeta(self.concentration)

    def _entropy(self):
        k = math_ops.cast(self.event_shape_tensor()[0], self.dtype)
        return (
            math_ops.lbeta(self.concentration)
            + (self.total_concentration - k) * math_ops.digamma(self.total_concentration)
            - math_ops.reduce_sum(
                (self.concentration - 1.0) * math_ops.digamma(self.concentration), axis=-1
            )
        )

    def _mean(self):
        return self.concentration / self.total_concentration[..., array_ops.newaxis]

    def _scale(self):
        total = self.total_concentration[..., array_ops.newaxis]
        return math_ops.rsqrt(1.0 + total)

    def _covariance(self):
        x = self._scale() * self._mean()
        outer = -math_ops.matmul(x[..., array_ops.newaxis], x[..., array_ops.newaxis, :])
        return _set_diagonal(outer, self._variance())

    def _variance(self):
        scale = self._scale()
        x = scale * self._mean()
        return x * (scale - x)

    def _mode(self):
        k = math_ops.cast(self.event_shape_tensor()[0], self.dtype)
        mode = (self.concentration - 1.0) / (self.total_concentration[..., array_ops.newaxis] - k)
        least = math_ops.reduce_min(self.concentration, axis=-1, keepdims=True)
        parameter = least if self.allow_nan_stats else self.concentration
        message = "Mode undefined when any concentration <= 1"
        return nan_unless_above(self, mode, 1.0, [parameter], [message])


class DirichletMultinomial(_Vectors):
    """Counts of draws from classes whose probabilities are Dirichlet themselves.

    Args:
      total_count: float tensor, the number of draws.
      concentration: float tensor [..., classes], above 0.
    """

    def __init__(self, total_count, concentration, validate_args=False, allow_nan_stats=True,
                 name="DirichletMultinomial"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[total_count, concentration]) as name:
            total_count = ops.convert_to_tensor(total_count, name="total_count")
            self._total_count = counting(validate_args, total_count)
            concentration = ops.convert_to_tensor(concentration, name="concentration")
            self._concentration = _checked_concentration(validate_args, concentration)
            self._total_concentration = math_ops.reduce_sum(self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._concentration],
            name=name,
        )

    total_count = property(lambda self: self._total_count)
    concentration = property(lambda self: self._concentration)
    total_concentration = property(lambda self: self._total_concentration)

    def _total(self):
        return self._concentration

    def _sample_n(self, n, seed=None):
        n_draws = math_ops.cast(self.total_count, dtypes.int32)
        batch = (
            self.concentration
            + array_ops.zeros_like(math_ops.cast(n_draws, self.dtype))[..., array_ops.newaxis]
        )
        shares = _gamma([n], batch, seed)
        totals = math_ops.cast(n_draws, self.dtype)
        draws = _count_draws(
            math_ops.log(shares), totals, 1, self.dtype, gen_new_seed(seed, "dirichlet_multinomial")
        )
        return array_ops.reshape(draws, array_ops.shape(shares))

    def _log_prob(self, counts):
        counts = _checked_counts(
            self, counts, "counts last-dimension must sum to `self.total_count`"
        )
        ordered = math_ops.lbeta(self.concentration + counts) - math_ops.lbeta(self.concentration)
        return ordered + _log_combinations(self.total_count, counts)

    def _mean(self):
        return self.total_count[..., array_ops.newaxis] * (
            self.concentration / self.total_concentration[..., array_ops.newaxis]
        )

    def _spread(self):
        total = self.total_concentration[..., array_ops.newaxis]
        n = self.total_count[..., array_ops.newaxis]
        return math_ops.sqrt((1.0 + total / n) / (1.0 + total))

    def _covariance(self):
        x = self._spread() * self._mean()
        outer = -math_ops.matmul(
            x[..., array_ops.newaxis],
            (x / self.total_count[..., array_ops.newaxis])[..., array_ops.newaxis, :],
        )
        # The square of the spread times n enters once.
        n = self.total_count[..., array_ops.newaxis, array_ops.newaxis]
        return _set_diagonal(outer * n, self._variance())

    def _variance(self):
        scale = self._spread()
        x = scale * self._mean()
        return x * (self.total_count[..., array_ops.newaxis] * scale - x)


@kullback_leibler.RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(a, b, name=None):
    with ops.name_scope(name, "kl_bernoulli_bernoulli", [a.logits, b.logits]):
        one = nn_ops.softplus(-b.logits) - nn_ops.softplus(-a.logits)
        zero = nn_ops.softplus(b.logits) - nn_ops.softplus(a.logits)
        return math_ops.sigmoid(a.logits) * one + math_ops.sigmoid(-a.logits) * zero


@kullback_leibler.RegisterKL(Categorical, Categorical)
def _kl_categorical_categorical(a, b, name=None):
    with ops.name_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        difference = nn_ops.log_softmax(a.logits) - nn_ops.log_softmax(b.logits)
        return math_ops.reduce_sum(nn_ops.softmax(a.logits) * difference, axis=-1)


@kullback_leibler.RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(a, b, name=None):
    with ops.name_scope(name, "kl_dirichlet", [a.concentration, b.concentration]):
        total = math_ops.digamma(math_ops.reduce_sum(a.concentration, axis=-1, keepdims=True))
        difference = math_ops.digamma(a.concentration) - total
        mean = math_ops.reduce_sum((a.concentration - b.concentration) * difference, -1)
        return mean - math_ops.lbeta(a.concentration) + math_ops.lbeta(b.concentration)


__all__ = [
    "Bernoulli",
    "Categorical",
    "Dirichlet",
    "DirichletMultinomial",
    "Multinomial",
]
