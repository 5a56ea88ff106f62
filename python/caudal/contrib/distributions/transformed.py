# SPDX-License-Identifier: Apache-2.0
"""Distributions of what a bijector makes of samples."""

from caudal.contrib.distributions.bijectors.elementwise import Identity
from caudal.framework import dtypes, ops, tensor_util
from caudal.ops import array_ops, math_ops
from caudal.ops.distributions.distribution import Distribution

__all__ = [
    "ConditionalDistribution",
    "ConditionalTransformedDistribution",
    "TransformedDistribution",
]


class TransformedDistribution(Distribution):
    """bijector(x) for samples x of a distribution.

    Args:
      distribution: Distribution of x.
      bijector: Bijector; default: the identity.
      batch_shape: int vector: the batch, if that of `distribution` is scalar.
      event_shape: int vector: the event, if that of `distribution` is scalar.
      validate_args: whether arguments are checked when run.
      name: default: names of bijector and distribution.

    Raises:
      ValueError: for shapes that are given although the distribution has some.
    """

    def __init__(self, distribution, bijector=None, batch_shape=None, event_shape=None,
                 validate_args=False, name=None):  # fmt: skip
        parameters = dict(locals())
        name = name or (("" if bijector is None else bijector.name) + distribution.name)
        with ops.name_scope(name, values=[event_shape, batch_shape]) as name:
            self._override_batch = self._override(batch_shape, "batch_shape")
            self._override_event = self._override(event_shape, "event_shape")
            for override, own, what in (
                (self._override_batch, distribution.batch_shape, "batch"),
                (self._override_event, distribution.event_shape, "event"),
            ):
                if override is not None and own.ndims is not None and own.ndims > 0:
                    raise ValueError("base distribution not scalar: its %s shape is %s"
                                     % (what, own))  # fmt: skip
            self._distribution = distribution
            self._bijector = Identity(validate_args=validate_args) if bijector is None else bijector
        super().__init__(
            dtype=distribution.dtype,
            reparameterization_type=distribution.reparameterization_type,
            validate_args=validate_args,
            allow_nan_stats=distribution.allow_nan_stats,
            parameters=parameters,
            graph_parents=distribution._graph_parents + list(self._bijector.graph_parents),
            name=name,
        )

    @staticmethod
    def _override(shape, name):
        if shape is None:
            return None
        if not tensor_util.is_tensor(shape):
            shape = ops.convert_to_tensor(list(shape), dtypes.int32, name=name)
        shape = ops.convert_to_tensor(shape, name=name)
        if not shape.dtype.is_integer:
            raise TypeError("shape override must be an integer")
        if shape.shape.ndims is not None and shape.shape.ndims != 1:
            raise ValueError("shape override must be a vector")
        known = tensor_util.constant_value(shape)
        if known is not None:
            if (known < 0).any():
                raise ValueError("shape override must have non-negative elements")
            if known.size == 0:
                return None
        return math_ops.cast(shape, dtypes.int32)

    distribution = property(lambda self: self._distribution)
    bijector = property(lambda self: self._bijector)

    # Shapes ------------------------------------------------------------------------------------

    def _base_event_shape(self):
        if self._override_event is not None:
            return tensor_util.constant_value_as_shape(self._override_event)
        return self.distribution.event_shape

    def _base_event_shape_tensor(self):
        if self._override_event is not None:
            return self._override_event
        return self.distribution.event_shape_tensor()

    def _event_shape(self):
        return self.bijector.forward_event_shape(self._base_event_shape())

    def _event_shape_tensor(self):
        return self.bijector.forward_event_shape_tensor(self._base_event_shape_tensor())

    def _batch_shape(self):
        if self._override_batch is not None:
            return tensor_util.constant_value_as_shape(self._override_batch)
        return self.distribution.batch_shape

    def _batch_shape_tensor(self):
        if self._override_batch is not None:
            return self._override_batch
        return self.distribution.batch_shape_tensor()

    def _event_ndims(self):
        ndims = self.event_shape.ndims
        return array_ops.size(self.event_shape_tensor()) if ndims is None else ndims

    def _given_event_ndims(self):
        """The rank of the event that was given, whose axes the distribution does not know."""
        return 0 if self._override_event is None else self._override_event.shape[0].value

    # Samples -----------------------------------------------------------------------------------

    def _samples(self, n, seed, kwargs):
        own, rotate = [], 0
        if self._override_event is not None:
            own = [self._override_event]
            rotate = self._given_event_ndims()
        batch = [] if self._override_batch is None else [self._override_batch]
        lead = ops.convert_to_tensor([n]) if not tensor_util.is_tensor(n) else array_ops.reshape(
            n, [1])  # fmt: skip
        # Independent of each other, so that the event may be drawn before the batch.
        shape = array_ops.concat([*own, lead, *batch], 0)
        x = self.distribution.sample(shape, seed=seed, **kwargs)
        if rotate:
            rank = array_ops.rank(x)
            order = array_ops.concat([array_ops.range(rotate, rank), array_ops.range(rotate)], 0)
            static = x.shape
            x = array_ops.transpose(x, order)
            if static.ndims is not None:
                x.set_shape(static[rotate:].concatenate(static[:rotate]))
        return x

    def _sample_n(self, n, seed=None, bijector_kwargs=None, distribution_kwargs=None):
        x = self._samples(n, seed, distribution_kwargs or {})
        return self.bijector.forward(x, **(bijector_kwargs or {}))

    def sample(self, sample_shape=(), seed=None, name="sample", **kwargs):
        """See `Distribution.sample`."""
        with self._name_scope(name, values=[sample_shape]):
            if isinstance(sample_shape, (tuple, list)) and not len(sample_shape):
                sample_shape = ops.convert_to_tensor([], dtypes.int32)
            sample_shape = ops.convert_to_tensor(
                sample_shape, dtype=dtypes.int32, name="sample_shape"
            )
            sample_shape = array_ops.reshape(sample_shape, [-1])
            x = self._samples(
                math_ops.reduce_prod(sample_shape), seed, kwargs.pop("distribution_kwargs", {})
            )
            shape = array_ops.concat([sample_shape, array_ops.shape(x)[1:]], 0)
            x = array_ops.reshape(x, shape)
            static = tensor_util.constant_value_as_shape(sample_shape)
            known = static.concatenate(self.batch_shape).concatenate(self._base_event_shape())
            if x.shape.is_compatible_with(known):
                x.set_shape(x.shape.merge_with(known))
            # Reshaped before, so that the bijector knows its own results.
            y = self.bijector.forward(x, **kwargs.pop("bijector_kwargs", {}))
            known = static.concatenate(self.batch_shape).concatenate(self.event_shape)
            if y.shape.is_compatible_with(known):
                y.set_shape(y.shape.merge_with(known))
            return y

    # Densities ---------------------------------------------------------------------------------

    def _base_log_prob(self, x, kwargs):
        ndims = self._given_event_ndims()
        if not ndims:
            return self.distribution.log_prob(x, **kwargs)
        batch = self.distribution.batch_shape
        if self._override_batch is None and (batch.ndims is None or batch.ndims > 0):
            # The distribution does not know the last axes: its batch must come last.
            rank = array_ops.rank(x)
            order = array_ops.concat([array_ops.range(rank - ndims, rank),
                                      array_ops.range(rank - ndims)], 0)  # fmt: skip
            static = x.shape
            x = array_ops.transpose(x, order)
            if static.ndims is not None:
                split = static.ndims - ndims
                x.set_shape(static[split:].concatenate(static[:split]))
            return math_ops.reduce_sum(
                self.distribution.log_prob(x, **kwargs), axis=list(range(ndims))
            )
        log_prob = self.distribution.log_prob(x, **kwargs)
        return math_ops.reduce_sum(log_prob, axis=[-1 - i for i in range(ndims)])

    def _log_prob(self, y, bijector_kwargs=None, distribution_kwargs=None):
        bijector_kwargs, distribution_kwargs = bijector_kwargs or {}, distribution_kwargs or {}
        x = self.bijector.inverse(y, **bijector_kwargs)
        ildj = self.bijector.inverse_log_det_jacobian(
            y, event_ndims=self._event_ndims(), **bijector_kwargs
        )
        if self.bijector._is_injective:
            result = self._base_log_prob(x, distribution_kwargs) + ildj
        else:
            parts = [
                self._base_log_prob(part, distribution_kwargs) + log_det
                for part, log_det in zip(x, ildj)
            ]
            result = math_ops.reduce_logsumexp(array_ops.stack(parts), axis=0)
        ndims = self.event_shape.ndims
        if ndims is not None and y.shape.ndims is not None:
            shape = y.shape[: y.shape.ndims - ndims]
            try:
                result.set_shape(array_ops.broadcast_static_shape(shape, self.batch_shape))
            except ValueError:
                pass
        return result

    def _prob(self, y, **kwargs):
        return math_ops.exp(self._log_prob(y, **kwargs))

    def _through(self, method, y, bijector_kwargs=None, distribution_kwargs=None):
        if self._override_event is not None:
            raise NotImplementedError("%s is not implemented when overriding event_shape" % method)
        if not self.bijector._is_injective:
            raise NotImplementedError("%s is not implemented when bijector is not injective."
                                      % method)  # fmt: skip
        x = self.bijector.inverse(y, **(bijector_kwargs or {}))
        return getattr(self.distribution, method)(x, **(distribution_kwargs or {}))

    def _log_cdf(self, y, **kwargs):
        return self._through("log_cdf", y, **kwargs)

    def _cdf(self, y, **kwargs):
        return self._through("cdf", y, **kwargs)

    def _log_survival_function(self, y, **kwargs):
        return self._through("log_survival_function", y, **kwargs)

    def _survival_function(self, y, **kwargs):
        return self._through("survival_function", y, **kwargs)

    def _quantile(self, value, bijector_kwargs=None, distribution_kwargs=None):
        if self._override_event is not None:
            raise NotImplementedError("quantile is not implemented when overriding event_shape")
        if not self.bijector._is_injective:
            raise NotImplementedError(
                "quantile is not implemented when bijector is not injective."
            )  # fmt: skip
        x = self.distribution.quantile(value, **(distribution_kwargs or {}))
        return self.bijector.forward(x, **(bijector_kwargs or {}))

    # Statistics --------------------------------------------------------------------------------

    def _mean(self, bijector_kwargs=None, distribution_kwargs=None):
        if not self.bijector.is_constant_jacobian:
            raise NotImplementedError("mean is not implemented for non-affine bijectors")
        x = self.distribution.mean(**(distribution_kwargs or {}))
        if self._override_batch is not None or self._override_event is not None:
            shape = array_ops.concat(
                [self.batch_shape_tensor(), self._base_event_shape_tensor()], 0
            )
            x = array_ops.broadcast_to(
                array_ops.reshape(x, array_ops.concat(
                    [array_ops.shape(x), array_ops.ones([self._given_event_ndims()],
                                                        dtypes.int32)], 0)), shape
            )  # fmt: skip
        y = self.bijector.forward(x, **(bijector_kwargs or {}))
        known = self.batch_shape.concatenate(self.event_shape)
        if y.shape.is_compatible_with(known):
            y.set_shape(known)
        return y

    def _entropy(self, bijector_kwargs=None, distribution_kwargs=None):
        if not self.bijector.is_constant_jacobian:
            raise NotImplementedError("entropy is not implemented")
        if not self.bijector._is_injective:
            raise NotImplementedError(
                "entropy is not implemented when bijector is not injective."
            )  # fmt: skip
        entropy = self.distribution.entropy(**(distribution_kwargs or {}))
        if self._override_event is not None:
            elements = math_ops.reduce_prod(self._override_event)
            entropy *= math_ops.cast(elements, entropy.dtype)
        if self._override_batch is not None:
            entropy = array_ops.broadcast_to(entropy, self._override_batch)
        dummy = array_ops.zeros(
            array_ops.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0), self.dtype
        )
        ndims = self._event_ndims()
        entropy -= self.bijector.inverse_log_det_jacobian(
            dummy, event_ndims=ndims, **(bijector_kwargs or {})
        )
        entropy.set_shape(self.batch_shape)
        return entropy


def _conditional(method):
    """A method of Distribution that hands further arguments to its implementation."""

    def call(self, value, name=method, **condition_kwargs):
        with self._value_scope(name, value) as value:
            own = "_" + method
            other = "_" + method[4:] if method.startswith("log_") else "_log_" + method
            try:
                return getattr(self, own)(value, **condition_kwargs)
            except NotImplementedError:
                found = getattr(self, other)(value, **condition_kwargs)
            return math_ops.log(found) if method.startswith("log_") else math_ops.exp(found)

    call.__name__ = method
    call.__doc__ = "See `Distribution.%s`; further arguments are for the subclass." % method
    return call


class ConditionalDistribution(Distribution):
    """A distribution whose methods take further arguments, by name, for its subclass."""

    def sample(self, sample_shape=(), seed=None, name="sample", **condition_kwargs):
        """See `Distribution.sample`; further arguments are for the subclass."""
        if not condition_kwargs:
            return super().sample(sample_shape, seed, name)
        with self._name_scope(name, values=[sample_shape]):
            if isinstance(sample_shape, (tuple, list)) and not len(sample_shape):
                sample_shape = ops.convert_to_tensor([], dtypes.int32)
            sample_shape = ops.convert_to_tensor(sample_shape, dtypes.int32, name="sample_shape")
            sample_shape = array_ops.reshape(sample_shape, [-1])
            n = math_ops.reduce_prod(sample_shape)
            samples = self._sample_n(n, seed, **condition_kwargs)
            shape = array_ops.concat([sample_shape, array_ops.shape(samples)[1:]], 0)
            samples = array_ops.reshape(samples, shape)
            known = tensor_util.constant_value_as_shape(sample_shape)
            known = known.concatenate(self.batch_shape).concatenate(self.event_shape)
            samples.set_shape(samples.shape.merge_with(known))
            return samples

    log_prob = _conditional("log_prob")
    prob = _conditional("prob")
    log_cdf = _conditional("log_cdf")
    cdf = _conditional("cdf")
    log_survival_function = _conditional("log_survival_function")
    survival_function = _conditional("survival_function")


class ConditionalTransformedDistribution(ConditionalDistribution, TransformedDistribution):
    """A TransformedDistribution whose methods take `bijector_kwargs` and `distribution_kwargs`."""

    sample = TransformedDistribution.sample
