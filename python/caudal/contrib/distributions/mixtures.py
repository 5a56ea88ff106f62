# SPDX-License-Identifier: Apache-2.0
"""Mixtures, rounded distributions, other shapes of batches, chains of draws."""

import math

from caudal.contrib.distributions.bijectors.elementwise import checked
from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.ops import array_ops, check_ops, math_ops, nn_ops
from caudal.ops.distributions.discrete import Categorical
from caudal.ops.distributions.distribution import (
    NOT_REPARAMETERIZED,
    Distribution,
)
from caudal.ops.distributions.util import gen_new_seed

__all__ = [
    "Autoregressive",
    "BatchReshape",
    "Mixture",
    "MixtureSameFamily",
    "QuantizedDistribution",
]


class Mixture(Distribution):
    """A sample of one of several distributions, which a class decides.

    Args:
      cat: Categorical over the components.
      components: list of Distributions of one dtype and shape.
      use_static_graph: whether all components are drawn and one is chosen.

    Raises:
      TypeError, ValueError: for components that do not fit.
    """

    def __init__(self, cat, components, validate_args=False, allow_nan_stats=True,
                 use_static_graph=False, name="Mixture"):  # fmt: skip
        parameters = dict(locals())
        if not isinstance(cat, Categorical):
            raise TypeError("cat must be a Categorical distribution, but saw: %s" % cat)
        if not components:
            raise ValueError("components must be a non-empty list or tuple")
        if not isinstance(components, (list, tuple)):
            raise TypeError("components must be a list or tuple, but saw: %s" % components)
        if not all(isinstance(c, Distribution) for c in components):
            raise TypeError(
                "all entries in components must be Distribution instances but saw: %s" % components
            )
        dtype = components[0].dtype
        if not all(d.dtype == dtype for d in components):
            raise TypeError("All components must have the same dtype, but saw dtypes: %s"
                            % [(d.name, d.dtype) for d in components])  # fmt: skip
        event_shape, batch_shape = components[0].event_shape, cat.batch_shape
        for c in components[1:]:
            if event_shape.ndims is not None and c.event_shape.ndims is not None and (
                event_shape.ndims != c.event_shape.ndims
            ):  # fmt: skip
                raise ValueError("Expected event_shapes to agree, saw %s and %s"
                                 % (event_shape, c.event_shape))  # fmt: skip
            event_shape = event_shape.merge_with(c.event_shape)
        for c in components:
            batch_shape = batch_shape.merge_with(c.batch_shape)
        known = tensor_util.constant_value(ops.convert_to_tensor(cat.event_size))
        if known is not None and int(known) != len(components):
            raise ValueError(
                "cat.num_classes != len(components): %d vs. %d" % (known, len(components))
            )
        self._cat, self._components = cat, list(components)
        self._num_components = len(components)
        self._use_static_graph = use_static_graph
        self._static_event_shape, self._static_batch_shape = event_shape, batch_shape
        if use_static_graph and not (
            event_shape.is_fully_defined() and batch_shape.is_fully_defined()
        ):
            use_static_graph = False
        self._checks = []
        with ops.name_scope(name) as name:
            if validate_args:
                message = "components batch shape does not match cat batch shape"
                shape = cat.batch_shape_tensor()
                self._checks = [
                    check_ops.assert_equal(shape, c.batch_shape_tensor(), message=message)
                    for c in components
                ]
        super().__init__(
            dtype=dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=cat._graph_parents + [t for c in components for t in c._graph_parents],
            name=name,
        )

    cat = property(lambda self: self._cat)
    components = property(lambda self: self._components)
    num_components = property(lambda self: self._num_components)

    def _batch_shape(self):
        return self._static_batch_shape

    def _batch_shape_tensor(self):
        return self.cat.batch_shape_tensor()

    def _event_shape(self):
        return self._static_event_shape

    def _event_shape_tensor(self):
        return self.components[0].event_shape_tensor()

    def _cat_probs(self, log_probs):
        of = nn_ops.log_softmax if log_probs else nn_ops.softmax
        probs = array_ops.unstack(of(self.cat.logits), num=self.num_components, axis=-1)
        ones = array_ops.ones([self.event_shape.ndims or 0], dtypes.int32)
        return probs, ones

    def _over_event(self, p):
        """A weight of the batch in the rank of the event."""
        for _ in range(self.event_shape.ndims or 0):
            p = array_ops.expand_dims(p, -1)
        return p

    def _valid(self, x):
        return checked(x, self._checks) if self._checks else x

    def _mean(self):
        probs, _ = self._cat_probs(log_probs=False)
        parts = [self._over_event(p) * c.mean() for p, c in zip(probs, self.components)]
        return self._valid(math_ops.add_n(parts))

    def _variance(self):
        probs, _ = self._cat_probs(log_probs=False)
        mean = self._mean()
        parts = [
            self._over_event(p) * (c.variance() + math_ops.square(c.mean()))
            for p, c in zip(probs, self.components)
        ]
        return self._valid(math_ops.add_n(parts) - math_ops.square(mean))

    def _stddev(self):
        return math_ops.sqrt(self._variance())

    def _log_prob(self, x):
        x = ops.convert_to_tensor(x, name="x")
        logs, _ = self._cat_probs(log_probs=True)
        parts = [p + c.log_prob(self._valid(x)) for p, c in zip(logs, self.components)]
        return math_ops.reduce_logsumexp(array_ops.stack(parts, axis=0), [0])

    def _log_cdf(self, x):
        logs, _ = self._cat_probs(log_probs=True)
        parts = [p + c.log_cdf(self._valid(x)) for p, c in zip(logs, self.components)]
        return math_ops.reduce_logsumexp(array_ops.stack(parts, axis=0), [0])

    def _sample_n(self, n, seed=None):
        chosen = self.cat.sample(n, seed=seed)
        mask = array_ops.one_hot(chosen, self.num_components, on_value=True, off_value=False,
                                 dtype=dtypes.bool)  # fmt: skip
        mask.set_shape([None, *[None] * (self.batch_shape.ndims or 0), self.num_components])
        ndims = self.event_shape.ndims or 0
        result = None
        for k, c in enumerate(self.components):
            seed = gen_new_seed(seed, "mixture")
            x = self._valid(c.sample(n, seed=seed))
            if result is None:
                result = x
                continue
            here = mask[..., k]
            for _ in range(ndims):
                here = array_ops.expand_dims(here, -1)
            here = math_ops.logical_and(here, array_ops.ones_like(x, dtypes.bool))
            result = array_ops.where(here, x, result)
        return result

    def entropy_lower_bound(self, name="entropy_lower_bound"):
        """A number that the entropy is not below: the mean entropy of the components."""
        with self._name_scope(name, values=[self.cat.logits]):
            probs, _ = self._cat_probs(log_probs=False)
            return self._valid(
                math_ops.add_n([p * c.entropy() for p, c in zip(probs, self.components)])
            )


class MixtureSameFamily(Distribution):
    """A sample of one of several distributions, which are the last axis of a batch.

    Args:
      mixture_distribution: Categorical over the components.
      components_distribution: Distribution with batch shape [..., components].

    Raises:
      ValueError: for distributions that do not fit.
    """

    def __init__(self, mixture_distribution, components_distribution, validate_args=False,
                 allow_nan_stats=True, name="MixtureSameFamily"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name) as name:
            self._mixture_distribution = mixture_distribution
            self._components_distribution = components_distribution
            self._checks = []
            count = components_distribution.batch_shape.with_rank_at_least(1)[-1].value
            self._num_components = count
            if not mixture_distribution.dtype.is_integer:
                raise ValueError(
                    "`mixture_distribution.dtype` (%s) is not over integers"
                    % mixture_distribution.dtype.name
                )
            own = mixture_distribution.batch_shape
            other = components_distribution.batch_shape.with_rank_at_least(1)[:-1]
            if own.ndims is not None and own.ndims != 0 and other.is_fully_defined() and (
                own.is_fully_defined() and own != other
            ):  # fmt: skip
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({own}) is not compatible with "
                    f"`components_distribution.batch_shape` ({other})"
                )
            classes = mixture_distribution.logits.shape.with_rank_at_least(1)[-1].value
            if classes is not None and count is not None and classes != count:
                raise ValueError(
                    f"`mixture_distribution components` ({classes}) does not equal "
                    f"`components_distribution.batch_shape[-1]` ({count})"
                )
        super().__init__(
            dtype=components_distribution.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=(
                mixture_distribution._graph_parents + components_distribution._graph_parents
            ),
            name=name,
        )

    mixture_distribution = property(lambda self: self._mixture_distribution)
    components_distribution = property(lambda self: self._components_distribution)

    def _batch_shape(self):
        return self.components_distribution.batch_shape.with_rank_at_least(1)[:-1]

    def _batch_shape_tensor(self):
        return self.components_distribution.batch_shape_tensor()[:-1]

    def _event_shape(self):
        return self.components_distribution.event_shape

    def _event_shape_tensor(self):
        return self.components_distribution.event_shape_tensor()

    def _event_ndims(self):
        return self.event_shape.ndims

    def _axis(self):
        return -1 - self._event_ndims()

    def _probs(self):
        """The weights of the components, with the rank of a batch of events."""
        probs = nn_ops.softmax(self.mixture_distribution.logits)
        for _ in range(self._event_ndims()):
            probs = array_ops.expand_dims(probs, -1)
        return probs

    def _padded(self, x):
        return array_ops.expand_dims(x, self._axis())

    def _sample_n(self, n, seed=None):
        x = self.components_distribution.sample(n, seed=seed)
        count = self._num_components
        if count is None:
            count = self.components_distribution.batch_shape_tensor()[-1]
        chosen = self.mixture_distribution.sample(n, seed=gen_new_seed(seed, "MixtureSameFamily"))
        # A scalar mixture serves the whole batch with one draw each.
        if self.mixture_distribution.batch_shape.ndims == 0:
            shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
            batch = math_ops.reduce_prod(self.batch_shape_tensor())
            chosen = self.mixture_distribution.sample(
                n * batch, seed=gen_new_seed(seed, "MixtureSameFamily")
            )
            chosen = array_ops.reshape(chosen, shape)
        mask = array_ops.one_hot(chosen, count, dtype=x.dtype)
        for _ in range(self._event_ndims()):
            mask = array_ops.expand_dims(mask, -1)
        return math_ops.reduce_sum(x * mask, axis=self._axis())

    def _log_prob(self, x):
        logs = self.components_distribution.log_prob(self._padded(x))
        weights = nn_ops.log_softmax(self.mixture_distribution.logits, axis=-1)
        return math_ops.reduce_logsumexp(logs + weights, axis=-1)

    def _log_cdf(self, x):
        logs = self.components_distribution.log_cdf(self._padded(x))
        weights = nn_ops.log_softmax(self.mixture_distribution.logits, axis=-1)
        return math_ops.reduce_logsumexp(logs + weights, axis=-1)

    def _mean(self):
        means = self.components_distribution.mean()
        return math_ops.reduce_sum(self._probs() * means, axis=self._axis())

    def _variance(self):
        probs = self._probs()
        mean = self._padded(self._mean())
        within = math_ops.reduce_sum(
            probs * self.components_distribution.variance(), axis=self._axis()
        )
        between = math_ops.reduce_sum(
            probs * math_ops.squared_difference(self.components_distribution.mean(), mean),
            axis=self._axis(),
        )
        return within + between

    def _covariance(self):
        if self._event_ndims() != 1:
            raise NotImplementedError("covariance is not implemented for event_ndims != 1")
        probs = nn_ops.softmax(self.mixture_distribution.logits)
        probs = probs[..., array_ops.newaxis, array_ops.newaxis]
        within = math_ops.reduce_sum(probs * self.components_distribution.covariance(), axis=-3)
        off = self.components_distribution.mean() - self._padded(self._mean())
        outer = off[..., array_ops.newaxis] * off[..., array_ops.newaxis, :]
        return within + math_ops.reduce_sum(probs * outer, axis=-3)


def _log_minus(big, small):
    """log(exp(big) - exp(small)) for big >= small."""
    return big + math_ops.log1p(-math_ops.exp(small - big))


class QuantizedDistribution(Distribution):
    """Samples of a distribution, rounded up to whole numbers.

    Args:
      distribution: Distribution of numbers with a cdf.
      low: the smallest value, or None; what lies below becomes it.
      high: the largest value, or None; what lies above high - 1 becomes it.

    Raises:
      TypeError: if `distribution` is no Distribution.
    """

    def __init__(self, distribution, low=None, high=None, validate_args=False,
                 name="QuantizedDistribution"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=distribution._graph_parents + [low, high]) as name:
            self._dist = distribution
            self._low = self._high = None
            if low is not None:
                self._low = ops.convert_to_tensor(low, name="low", dtype=distribution.dtype)
            if high is not None:
                self._high = ops.convert_to_tensor(high, name="high", dtype=distribution.dtype)
            bounds = [t for t in (self._low, self._high) if t is not None]
            for t in bounds:
                if not t.dtype.is_floating:
                    raise TypeError("low and high must be of a floating type")
            if validate_args:
                checks = [
                    check_ops.assert_equal(
                        t, math_ops.round(t), message="%s has non-integer components" % t.op.name)
                    for t in bounds
                ]  # fmt: skip
                if len(bounds) == 2:
                    message = "low must be strictly less than high."
                    checks.append(check_ops.assert_less(self._low, self._high, message=message))
                if self._low is not None:
                    self._low = checked(self._low, checks)
                if self._high is not None:
                    self._high = checked(self._high, checks)
        super().__init__(
            dtype=distribution.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=distribution.allow_nan_stats,
            parameters=parameters,
            graph_parents=distribution._graph_parents
            + [t for t in (self._low, self._high) if t is not None],
            name=name,
        )

    distribution = property(lambda self: self._dist)
    low = property(lambda self: self._low)
    high = property(lambda self: self._high)

    def _batch_shape(self):
        return self.distribution.batch_shape

    def _batch_shape_tensor(self):
        return self.distribution.batch_shape_tensor()

    def _event_shape(self):
        return self.distribution.event_shape

    def _event_shape_tensor(self):
        return self.distribution.event_shape_tensor()

    def _sample_n(self, n, seed=None):
        x = math_ops.ceil(self.distribution.sample(n, seed=seed))
        ones = array_ops.ones_like(x)
        if self._low is not None:
            x = array_ops.where(x < self._low, self._low * ones, x)
        if self._high is not None:
            x = array_ops.where(x > self._high, self._high * ones, x)
        return x

    def _valid(self, y):
        if not self.validate_args:
            return y
        message = "value has non-integer components"
        return checked(y, [check_ops.assert_equal(y, math_ops.round(y), message=message)])

    def _log_prob(self, y):
        y = self._valid(y)
        # The side with the smaller logarithms loses less.
        upper, lower = self.log_survival_function(y - 1.0), self.log_survival_function(y)
        above, below = self.log_cdf(y), self.log_cdf(y - 1.0)
        right = lower < above
        big = array_ops.where(right, upper, above)
        small = array_ops.where(right, lower, below)
        return _log_minus(big, small)

    def _prob(self, y):
        y = self._valid(y)
        from_survival = self.survival_function(y - 1.0) - self.survival_function(y)
        from_cdf = self.cdf(y) - self.cdf(y - 1.0)
        return array_ops.where(self.survival_function(y) < self.cdf(y), from_survival, from_cdf)

    def _ends(self, y, result, below, above):
        ones = array_ops.ones_like(result)
        if self._low is not None:
            result = array_ops.where(y < self._low, below * ones, result)
        if self._high is not None:
            result = array_ops.where(y >= self._high, above * ones, result)
        return result

    def _log_cdf(self, y):
        j = math_ops.floor(y)
        return self._ends(j, self.distribution.log_cdf(j), -math.inf, 0.0)

    def _cdf(self, y):
        j = math_ops.floor(y)
        return self._ends(j, self.distribution.cdf(j), 0.0, 1.0)

    def _log_survival_function(self, y):
        j = math_ops.ceil(y)
        return self._ends(j, self.distribution.log_survival_function(j), 0.0, -math.inf)

    def _survival_function(self, y):
        j = math_ops.ceil(y)
        return self._ends(j, self.distribution.survival_function(j), 1.0, 0.0)


class BatchReshape(Distribution):
    """A distribution with its batch in another shape.

    Args:
      distribution: Distribution.
      batch_shape: int vector; at most one -1.

    Raises:
      ValueError: for shapes of another size.
    """

    def __init__(self, distribution, batch_shape, validate_args=False, allow_nan_stats=True,
                 name=None):  # fmt: skip
        parameters = dict(locals())
        name = name or "BatchReshape" + distribution.name
        with ops.name_scope(name, values=[batch_shape]) as name:
            self._wanted = ops.convert_to_tensor(
                batch_shape, dtype=dtypes.int32, name="batch_shape_unexpanded"
            )
            self._distribution = distribution
            self._static = self._filled_static()
            size = math_ops.reduce_prod(distribution.batch_shape_tensor())
            known = math_ops.maximum(1, -math_ops.reduce_prod(self._wanted))
            self._filled = array_ops.where(
                math_ops.less(self._wanted, 0), size // known * array_ops.ones_like(self._wanted),
                self._wanted,
            )  # fmt: skip
            if self._static.is_fully_defined():
                self._filled = ops.convert_to_tensor(self._static.as_list(), dtypes.int32)
            elif validate_args:
                message = "`batch_shape` size must match `distribution.batch_shape` size."
                total = math_ops.reduce_prod(self._filled)
                self._filled = checked(
                    self._filled, [check_ops.assert_equal(total, size, message=message)]
                )
        super().__init__(
            dtype=distribution.dtype,
            reparameterization_type=distribution.reparameterization_type,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._wanted] + distribution._graph_parents,
            name=name,
        )

    def _filled_static(self):
        if self._wanted.shape.ndims is not None and self._wanted.shape.ndims != 1:
            raise ValueError(
                "`batch_shape` must be a vector (saw rank: %d)." % self._wanted.shape.ndims
            )
        known = tensor_util.constant_value(self._wanted)
        size = self._distribution.batch_shape.num_elements()
        if known is not None:
            if (known < -1).any():
                raise ValueError("`batch_shape` elements must be >=-1.")
            if (known == -1).sum() > 1:
                raise ValueError("`batch_shape` must have at most one -1.")
            if size is not None:
                given = int(abs(known[known != -1]).prod()) if known.size else 1
                sizes = [int(n) for n in known]
                if -1 in sizes:
                    if given and size % given == 0:
                        sizes[sizes.index(-1)] = size // given
                        given = size
                if given != size:
                    raise ValueError(
                        "`batch_shape` size (%d) must match `distribution.batch_shape` size (%d)."
                        % (given, size)
                    )
                return tensor_shape.TensorShape(sizes)
        return tensor_util.constant_value_as_shape(self._wanted)

    distribution = property(lambda self: self._distribution)

    def _batch_shape(self):
        return self._static

    def _batch_shape_tensor(self):
        return self._filled

    def _event_shape(self):
        return self.distribution.event_shape

    def _event_shape_tensor(self):
        return self.distribution.event_shape_tensor()

    def _with_event(self, lead, shape):
        return array_ops.concat([lead, shape, self.event_shape_tensor()], 0)

    def _sample_n(self, n, seed=None):
        x = self.distribution.sample(n, seed=seed)
        x = array_ops.reshape(x, self._with_event([n], self._filled))
        return x

    def _split(self, x):
        """How many axes of `x` come before batch and event."""
        ndims = self.event_shape.ndims
        if ndims is None:
            ndims = array_ops.size(self.event_shape_tensor())
        batch = self._static.ndims
        if batch is None:
            batch = array_ops.size(self._filled)
        return array_ops.rank(x) - batch - ndims

    def _call(self, method, x):
        x = ops.convert_to_tensor(x)
        if self.validate_args or x.shape.is_fully_defined():
            self._fits(x)
        lead = array_ops.shape(x)[: self._split(x)]
        inner = array_ops.reshape(x, self._with_event(lead, self.distribution.batch_shape_tensor()))
        if x.shape.ndims is not None and self.event_shape.ndims is not None and (
            self._static.ndims is not None
        ):  # fmt: skip
            before = x.shape[: x.shape.ndims - self._static.ndims - self.event_shape.ndims]
            static = before.concatenate(self.distribution.batch_shape)
            inner.set_shape(static.concatenate(self.event_shape))
            result_static = before.concatenate(self._static)
        else:
            result_static = None
        result = array_ops.reshape(
            getattr(self.distribution, method)(inner), array_ops.concat([lead, self._filled], 0)
        )
        if result_static is not None:
            result.set_shape(result_static)
        return result

    def _fits(self, x):
        own = self._static.concatenate(self.event_shape)
        if x.shape.ndims is None or own.ndims is None:
            return
        if x.shape.ndims < own.ndims:
            raise ValueError("Broadcasting is not supported; too few batch and event dims "
                             f"(expected at least {own.ndims}, saw {x.shape.ndims}).")  # fmt: skip
        last = x.shape[x.shape.ndims - own.ndims :]
        if not last.is_compatible_with(own):
            raise ValueError("Broadcasting is not supported; unexpected batch and event shape "
                             f"(expected {own}, saw {last}).")  # fmt: skip

    def _log_prob(self, x):
        return self._call("log_prob", x)

    def _prob(self, x):
        return self._call("prob", x)

    def _log_cdf(self, x):
        return self._call("log_cdf", x)

    def _cdf(self, x):
        return self._call("cdf", x)

    def _log_survival_function(self, x):
        return self._call("log_survival_function", x)

    def _survival_function(self, x):
        return self._call("survival_function", x)

    def _of(self, method, *more):
        x = getattr(self.distribution, method)()
        x = array_ops.reshape(x, array_ops.concat([self._filled, *more], 0))
        static = self._static
        for _ in more:
            static = static.concatenate(self.event_shape)
        x.set_shape(static)
        return x

    def _entropy(self):
        return self._of("entropy")

    def _mean(self):
        return self._of("mean", self.event_shape_tensor())

    def _mode(self):
        return self._of("mode", self.event_shape_tensor())

    def _stddev(self):
        return self._of("stddev", self.event_shape_tensor())

    def _variance(self):
        return self._of("variance", self.event_shape_tensor())

    def _covariance(self):
        event = self.event_shape_tensor()
        return self._of("covariance", event, event)


class Autoregressive(Distribution):
    """Vectors each of whose elements depends on the elements before.

    Args:
      distribution_fn: function of a sample to a Distribution of the next.
      sample0: the sample to begin with; default: one of distribution_fn() made without.
      num_steps: how often the function is called; default: size of an event.

    Raises:
      ValueError: for fewer than one step.
    """

    def __init__(self, distribution_fn, sample0=None, num_steps=None, validate_args=False,
                 allow_nan_stats=True, name="Autoregressive"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name) as name:
            self._distribution_fn = distribution_fn
            self._sample0 = sample0
            self._distribution0 = (
                distribution_fn() if sample0 is None else distribution_fn(sample0)
            )  # fmt: skip
            if num_steps is None:
                num_steps = self._distribution0.event_shape.num_elements()
                if num_steps is None:
                    raise ValueError("distribution_fn must generate a distribution with fully "
                                     "known `event_shape`.")  # fmt: skip
            if num_steps < 1:
                raise ValueError(
                    f"num_steps ({num_steps}) must be at least 1."
                )  # fmt: skip
            self._num_steps = num_steps
        super().__init__(
            dtype=self._distribution0.dtype,
            reparameterization_type=self._distribution0.reparameterization_type,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=self._distribution0._graph_parents,
            name=name,
        )

    distribution_fn = property(lambda self: self._distribution_fn)
    sample0 = property(lambda self: self._sample0)
    num_steps = property(lambda self: self._num_steps)
    distribution0 = property(lambda self: self._distribution0)

    def _batch_shape(self):
        return self.distribution0.batch_shape

    def _batch_shape_tensor(self):
        return self.distribution0.batch_shape_tensor()

    def _event_shape(self):
        return self.distribution0.event_shape

    def _event_shape_tensor(self):
        return self.distribution0.event_shape_tensor()

    def _sample_n(self, n, seed=None):
        seed = gen_new_seed(seed, "Autoregressive")
        x = self.distribution0.sample(n, seed=seed)
        for _ in range(self.num_steps):
            x = self.distribution_fn(x).sample(seed=seed)
        return x

    def _log_prob(self, value):
        return self.distribution_fn(value).log_prob(value)

    def _prob(self, value):
        return self.distribution_fn(value).prob(value)
