# SPDX-License-Identifier: Apache-2.0
"""The base class of distributions."""

import contextlib

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.ops import array_ops, math_ops

__all__ = [
    "Distribution",
    "FULLY_REPARAMETERIZED",
    "NOT_REPARAMETERIZED",
    "ReparameterizationType",
]


class ReparameterizationType:
    """Whether gradients pass from samples to parameters."""

    def __init__(self, rep_type):
        self._rep_type = rep_type

    def __repr__(self):
        return "<Reparameteriation Type: %s>" % self._rep_type

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """Distributions of one kind, one for each element of the batch.

    A subclass implements what it can of `_sample_n`, `_log_prob` or `_prob`, `_cdf`, `_mean`,
    `_variance` and so on; what it leaves out raises NotImplementedError, or follows from the rest.

    Args:
      dtype: dtype of the samples.
      reparameterization_type: FULLY_REPARAMETERIZED or NOT_REPARAMETERIZED.
      validate_args: whether parameters and values are checked when run.
      allow_nan_stats: whether statistics that do not exist are NaN; False makes them errors.
      parameters: dict of the constructor's arguments, for `copy`.
      graph_parents: tensors that the distribution depends on.
      name: name of the scope of its operations.
    """

    def __init__(self, dtype, reparameterization_type, validate_args, allow_nan_stats,
                 parameters=None, graph_parents=None, name=None):  # fmt: skip
        for i, t in enumerate(graph_parents or []):
            if t is None or not tensor_util.is_tensor(t):
                raise ValueError("Graph parent item %d is not a Tensor; %s." % (i, t))
        if not name or name[-1] != "/":
            with ops.name_scope(name or type(self).__name__) as scope:
                name = scope
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._allow_nan_stats = allow_nan_stats
        self._validate_args = validate_args
        self._parameters = dict(parameters or {})
        self._graph_parents = [] if graph_parents is None else graph_parents
        self._name = name

    # What it is --------------------------------------------------------------------------------

    @property
    def name(self):
        return self._name

    @property
    def dtype(self):
        return self._dtype

    @property
    def parameters(self):
        """The constructor's arguments."""
        hidden = ("self", "__class__")
        return {k: v for k, v in self._parameters.items() if k not in hidden}

    @property
    def reparameterization_type(self):
        return self._reparameterization_type

    @property
    def allow_nan_stats(self):
        return self._allow_nan_stats

    @property
    def validate_args(self):
        return self._validate_args

    @classmethod
    def param_shapes(cls, sample_shape, name="DistributionParamShapes"):
        """Shapes of the parameters, by name, with which `sample()` has this shape."""
        with ops.name_scope(name, values=[sample_shape]):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape):
        """`param_shapes` as TensorShapes, for a shape that is known."""
        if isinstance(sample_shape, tensor_shape.TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        static = {}
        for name, shape in cls.param_shapes(sample_shape).items():
            known = tensor_util.constant_value(shape)
            if known is None:
                raise ValueError("sample_shape must be a fully-defined TensorShape or list/tuple")
            static[name] = tensor_shape.TensorShape(known)
        return static

    _parameter_names = None  # of those that have the shape of a sample

    @classmethod
    def _param_shapes(cls, sample_shape):
        if cls._parameter_names is None:
            raise NotImplementedError("_param_shapes not implemented")
        shape = ops.convert_to_tensor(sample_shape, dtype=dtypes.int32)
        return {name: shape for name in cls._parameter_names}

    def copy(self, **override_parameters_kwargs):
        """A distribution of the same class with some arguments replaced."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    def __repr__(self):
        return "<tfp.distributions.%s '%s' batch_shape=%s event_shape=%s dtype=%s>" % (
            type(self).__name__,
            self.name,
            self.batch_shape,
            self.event_shape,
            self.dtype.name,
        )

    def __str__(self):
        shapes = "".join(
            ", %s=%s" % (what, shape)
            for what, shape in (
                ("batch_shape", self.batch_shape),
                ("event_shape", self.event_shape),
            )
            if shape.ndims is not None
        )
        return 'tfp.distributions.%s("%s"%s, dtype=%s)' % (
            type(self).__name__,
            self.name,
            shapes,
            self.dtype.name,
        )

    # Shapes ------------------------------------------------------------------------------------

    @property
    def batch_shape(self):
        """The static shape of the batch."""
        return tensor_shape.as_shape(self._batch_shape())

    @property
    def event_shape(self):
        """The static shape of one sample of one distribution."""
        return tensor_shape.as_shape(self._event_shape())

    def batch_shape_tensor(self, name="batch_shape_tensor"):
        """The shape of the batch, an int32 vector."""
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                return ops.convert_to_tensor(
                    self.batch_shape.as_list(), dtype=dtypes.int32, name="batch_shape"
                )
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name="event_shape_tensor"):
        """The shape of one sample, an int32 vector."""
        with self._name_scope(name):
            if self.event_shape.is_fully_defined():
                return ops.convert_to_tensor(
                    self.event_shape.as_list(), dtype=dtypes.int32, name="event_shape"
                )
            return self._event_shape_tensor()

    def is_scalar_event(self, name="is_scalar_event"):
        with self._name_scope(name):
            return _is_scalar(self.event_shape, self.event_shape_tensor, "is_scalar_event")

    def is_scalar_batch(self, name="is_scalar_batch"):
        with self._name_scope(name):
            return _is_scalar(self.batch_shape, self.batch_shape_tensor, "is_scalar_batch")

    # Samples -----------------------------------------------------------------------------------

    def sample(self, sample_shape=(), seed=None, name="sample"):
        """Samples of shape sample_shape + batch shape + event shape.

        Args:
          sample_shape: int or int vector.
          seed: Python int.
        """
        with self._name_scope(name, values=[sample_shape]):
            sample_shape = ops.convert_to_tensor(
                np.array(sample_shape, np.int32)
                if isinstance(sample_shape, (tuple, list)) and not len(sample_shape)
                else sample_shape,
                dtype=dtypes.int32,
                name="sample_shape",
            )
            if (sample_shape.shape.rank or 0) > 1:
                raise ValueError("Input is neither scalar nor vector.")
            sample_shape = array_ops.reshape(sample_shape, [-1])
            samples = self._sample_n(math_ops.reduce_prod(sample_shape), seed)
            shape = array_ops.concat([sample_shape, array_ops.shape(samples)[1:]], 0)
            samples = array_ops.reshape(samples, shape)
            static = tensor_util.constant_value_as_shape(sample_shape)
            known = static.concatenate(self.batch_shape).concatenate(self.event_shape)
            samples.set_shape(samples.shape.merge_with(known))
            return samples

    # Densities and statistics ------------------------------------------------------------------

    def log_prob(self, value, name="log_prob"):
        """The logarithm of the density (or probability) at `value`."""
        with self._value_scope(name, value) as value:
            return _either(lambda: self._log_prob(value), lambda: math_ops.log(self._prob(value)))

    def prob(self, value, name="prob"):
        """The density (or probability) at `value`."""
        with self._value_scope(name, value) as value:
            return _either(lambda: self._prob(value), lambda: math_ops.exp(self._log_prob(value)))

    def log_cdf(self, value, name="log_cdf"):
        """The logarithm of the probability of a sample <= `value`."""
        with self._value_scope(name, value) as value:
            return _either(lambda: self._log_cdf(value), lambda: math_ops.log(self._cdf(value)))

    def cdf(self, value, name="cdf"):
        """The probability of a sample <= `value`."""
        with self._value_scope(name, value) as value:
            return _either(lambda: self._cdf(value), lambda: math_ops.exp(self._log_cdf(value)))

    def log_survival_function(self, value, name="log_survival_function"):
        """The logarithm of the probability of a sample > `value`."""
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._log_survival_function(value),
                lambda: math_ops.log1p(-self.cdf(value)),
            )

    def survival_function(self, value, name="survival_function"):
        """The probability of a sample > `value`."""
        with self._value_scope(name, value) as value:
            return _either(lambda: self._survival_function(value), lambda: 1.0 - self.cdf(value))

    def quantile(self, value, name="quantile"):
        """The point below which a share `value` of the samples lies."""
        with self._value_scope(name, value) as value:
            return self._quantile(value)

    def entropy(self, name="entropy"):
        """Shannon's entropy in nats."""
        with self._name_scope(name):
            return self._entropy()

    def mean(self, name="mean"):
        with self._name_scope(name):
            return self._mean()

    def variance(self, name="variance"):
        with self._name_scope(name):
            return _either(self._variance, lambda: math_ops.square(self._stddev()))

    def stddev(self, name="stddev"):
        """The standard deviation."""
        with self._name_scope(name):
            return _either(self._stddev, lambda: math_ops.sqrt(self._variance()))

    def covariance(self, name="covariance"):
        """The covariance matrix of vectors."""
        with self._name_scope(name):
            return self._covariance()

    def mode(self, name="mode"):
        with self._name_scope(name):
            return self._mode()

    def cross_entropy(self, other, name="cross_entropy"):
        """-E[log other(x)] for samples x of this distribution."""
        from caudal.ops.distributions import kullback_leibler

        with self._name_scope(name):
            return kullback_leibler.cross_entropy(self, other, self._allow_nan_stats)

    def kl_divergence(self, other, name="kl_divergence"):
        """E[log self(x) - log other(x)] for samples x of this distribution."""
        from caudal.ops.distributions import kullback_leibler

        with self._name_scope(name):
            return kullback_leibler.kl_divergence(self, other, self._allow_nan_stats)

    # For subclasses ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def _name_scope(self, name=None, values=None):
        with ops.name_scope(self.name):
            with ops.name_scope(name, values=(values or []) + self._graph_parents) as scope:
                yield scope

    @contextlib.contextmanager
    def _value_scope(self, name, value):
        with self._name_scope(name, values=[value]):
            yield ops.convert_to_tensor(value, name="value", preferred_dtype=self.dtype)

    def _batch_shape(self):
        return tensor_shape.unknown_shape()

    def _event_shape(self):
        return tensor_shape.TensorShape([])

    def _batch_shape_tensor(self):
        raise NotImplementedError("batch_shape_tensor is not implemented: %s" % type(self).__name__)

    def _event_shape_tensor(self):
        return ops.convert_to_tensor(np.zeros([0], np.int32))


def _either(first, second):
    """What `first` gives, or what `second` does if a method is missing."""
    try:
        return first()
    except NotImplementedError as missing:
        try:
            return second()
        except NotImplementedError:
            raise missing from None


def _is_scalar(static, dynamic, name):
    if static.ndims is not None:
        return ops.convert_to_tensor(static.ndims == 0, name=name)
    return math_ops.equal(array_ops.size(dynamic()), 0, name=name)


def _missing(name):
    def method(self, *args, **kwargs):
        raise NotImplementedError(
            "%s is not implemented: %s" % (name.lstrip("_"), type(self).__name__)
        )

    method.__name__ = name
    return method


for _name in (
    "_sample_n", "_log_prob", "_prob", "_log_cdf", "_cdf", "_log_survival_function",
    "_survival_function", "_quantile", "_entropy", "_mean", "_variance", "_stddev",
    "_covariance", "_mode",
):  # fmt: skip
    setattr(Distribution, _name, _missing(_name))
