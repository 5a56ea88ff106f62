# SPDX-License-Identifier: Apache-2.0
"""Losses: functions `(y_true, y_pred) -> one value per sample` and classes that hold options.

A function takes two tensors of one shape `(batch, ..., channels)` and reduces the last axis. The
model averages what is left, after masks and sample weights.
"""

from caudal.framework import ops, tensor_util
from caudal.keras import backend as K
from caudal.keras.utils.generic_utils import deserialize_keras_object, serialize_keras_object
from caudal.ops import math_ops


def mean_squared_error(y_true, y_pred):
    """Mean of (y_pred - y_true)^2 over the last axis."""
    return K.mean(K.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true, y_pred):
    """Mean of |y_pred - y_true| over the last axis."""
    return K.mean(K.abs(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true, y_pred):
    """Mean of 100 |y_true - y_pred| / |y_true|, with |y_true| at least `K.epsilon()`."""
    size = K.clip(K.abs(y_true), K.epsilon(), None)
    return 100.0 * K.mean(K.abs((y_true - y_pred) / size), axis=-1)


def mean_squared_logarithmic_error(y_true, y_pred):
    """Mean squared difference of log(1 + y), with y at least `K.epsilon()`."""

    def log1p(y):
        return K.log(K.clip(y, K.epsilon(), None) + 1.0)

    return K.mean(K.square(log1p(y_pred) - log1p(y_true)), axis=-1)


def squared_hinge(y_true, y_pred):
    """Mean of max(1 - y_true y_pred, 0)^2; `y_true` is -1 or 1."""
    return K.mean(K.square(K.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1)


def hinge(y_true, y_pred):
    """Mean of max(1 - y_true y_pred, 0); `y_true` is -1 or 1."""
    return K.mean(K.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)


def _signs(y_true):
    """-1 and 1 for labels that are all 0 or 1; others as they are."""
    is_binary = K.all(math_ops.logical_or(K.equal(y_true, 0), K.equal(y_true, 1)))
    return K.switch(is_binary, lambda: 2.0 * y_true - 1.0, lambda: K.identity(y_true))


def hinge_of_signs(y_true, y_pred):
    """As `hinge`, for labels that may also be 0 and 1."""
    return hinge(_signs(y_true), y_pred)


def squared_hinge_of_signs(y_true, y_pred):
    """As `squared_hinge`, for labels that may also be 0 and 1."""
    return squared_hinge(_signs(y_true), y_pred)


def categorical_hinge(y_true, y_pred):
    """max(0, 1 + highest wrong score - score of the class); `y_true` is one-hot."""
    right = K.sum(y_true * y_pred, axis=-1)
    wrong = K.max((1.0 - y_true) * y_pred, axis=-1)
    return K.maximum(0.0, wrong - right + 1.0)


def logcosh(y_true, y_pred):
    """Mean of log(cosh(y_pred - y_true)): quadratic near zero, linear far from it."""
    x = y_pred - y_true
    return K.mean(x + K.softplus(-2.0 * x) - K.log(2.0), axis=-1)


def huber_loss(y_true, y_pred, delta=1.0):
    """Mean over all elements: quadratic for errors up to `delta`, linear above."""
    error = K.abs(y_pred - y_true)
    inner = K.minimum(error, delta)
    return K.mean(0.5 * K.square(inner) + delta * (error - inner), axis=-1)


def _smoothed(y_true, label_smoothing, classes):
    if not tensor_util.is_tensor(label_smoothing) and not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0):
    """-sum(y_true log(y_pred)) over the last axis.

    Args:
      y_true: one-hot or distributions, `(..., classes)`.
      y_pred: probabilities, or logits with `from_logits`.
      label_smoothing: how much of the label is spread evenly over all classes.
    """
    y_true = _smoothed(y_true, label_smoothing, K.cast(K.shape(y_pred)[-1], K.dtype(y_pred)))
    return K.categorical_crossentropy(y_true, y_pred, from_logits=from_logits)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, axis=-1):
    """-log(y_pred[label]); `y_true` holds the numbers of the classes, `(...)` or `(..., 1)`."""
    return K.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0):
    """Mean over the last axis of -log of the probability of the label, 0 or 1."""
    y_true = _smoothed(y_true, label_smoothing, 2.0)
    return K.mean(K.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=-1)


def kullback_leibler_divergence(y_true, y_pred):
    """sum(y_true log(y_true / y_pred)), both kept between `K.epsilon()` and 1."""
    y_true = K.clip(y_true, K.epsilon(), 1)
    y_pred = K.clip(y_pred, K.epsilon(), 1)
    return K.sum(y_true * K.log(y_true / y_pred), axis=-1)


def poisson(y_true, y_pred):
    """Mean of y_pred - y_true log(y_pred)."""
    return K.mean(y_pred - y_true * K.log(y_pred + K.epsilon()), axis=-1)


def cosine_proximity(y_true, y_pred, axis=-1):
    """Minus the cosine of the angle between both: -1 for the same direction."""
    y_true = K.l2_normalize(y_true, axis=axis)
    y_pred = K.l2_normalize(y_pred, axis=axis)
    return -K.sum(y_true * y_pred, axis=axis)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_similarity = cosine_proximity


class Reduction:
    """What a Loss object does with the values of the samples."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls):
        return (cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE)

    @classmethod
    def validate(cls, key):
        if key not in cls.all():
            raise ValueError("Invalid Reduction Key %s." % key)


class Loss:
    """A loss with options; subclasses define `call(y_true, y_pred)`.

    Args:
      reduction: see Reduction; AUTO is SUM_OVER_BATCH_SIZE, the mean.
      name: string.
    """

    def __init__(self, reduction=Reduction.AUTO, name=None):
        Reduction.validate(reduction)
        self.reduction = reduction
        self.name = name

    def call(self, y_true, y_pred):
        """One value per sample."""
        raise NotImplementedError("Must be implemented in subclasses.")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss.

        Args:
          sample_weight: None, a scalar, or as many leading axes as the values of the samples.
        """
        with ops.name_scope(self.name or type(self).__name__):
            y_pred = ops.convert_to_tensor(y_pred)
            values = self.call(ops.convert_to_tensor(y_true), y_pred)
            return reduced(values, sample_weight, self.reduction)

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def get_config(self):
        return {"reduction": self.reduction, "name": self.name}


def weighted_values(values, sample_weight):
    """values * weights; weights get or lose axes of length one at the end to fit."""
    if sample_weight is None:
        return values
    weights = K.cast(ops.convert_to_tensor(sample_weight), K.dtype(values))
    rank, wanted = K.ndim(weights), K.ndim(values)
    if rank is not None and wanted is not None and rank:
        if rank == wanted + 1 and K.int_shape(weights)[-1] in (1, None):
            weights = K.squeeze(weights, -1)
        for _ in range(wanted - rank):
            weights = K.expand_dims(weights, -1)
    return values * weights


def reduced(values, sample_weight=None, reduction=Reduction.SUM_OVER_BATCH_SIZE):
    """The weighted values of samples, reduced as a Loss object does it."""
    values = weighted_values(values, sample_weight)
    if reduction == Reduction.NONE:
        return values
    return K.sum(values) if reduction == Reduction.SUM else K.mean(values)


class LossFunctionWrapper(Loss):
    """A Loss object of a function and its options."""

    def __init__(self, fn, reduction=Reduction.AUTO, name=None, **kwargs):
        super().__init__(reduction=reduction, name=name)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true, y_pred):
        if y_true.dtype.base_dtype != y_pred.dtype.base_dtype:
            y_true = K.cast(y_true, y_pred.dtype.base_dtype.name)
        if self.fn is not sparse_categorical_crossentropy:
            rank, wanted = K.ndim(y_true), K.ndim(y_pred)
            if rank is not None and rank + 1 == wanted and K.int_shape(y_pred)[-1] == 1:
                y_true = K.expand_dims(y_true, -1)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self):
        options = {
            k: K.eval(v) if tensor_util.is_tensor(v) else v for k, v in self._fn_kwargs.items()
        }
        return {**super().get_config(), **options}


def _wrapper(class_name, function, name, **defaults):
    """A class `class_name(<defaults>, reduction, name)` around a function."""

    def __init__(self, *args, **kwargs):
        given = dict(zip([*defaults, "reduction", "name"], args))
        if len(args) > len(defaults) + 2 or given.keys() & kwargs.keys():
            raise TypeError("%s got too many arguments" % class_name)
        options = {"reduction": Reduction.AUTO, "name": name, **defaults, **given, **kwargs}
        unknown = options.keys() - defaults.keys() - {"reduction", "name"}
        if unknown:
            raise TypeError("%s takes no argument %s" % (class_name, ", ".join(sorted(unknown))))
        LossFunctionWrapper.__init__(self, function, **options)

    document = "Loss object of `%s`; options: %s." % (
        function.__name__,
        ", ".join([*defaults, "reduction", "name"]),
    )
    members = {"__init__": __init__, "__doc__": document, "__module__": __name__}
    return type(class_name, (LossFunctionWrapper,), members)


MeanSquaredError = _wrapper("MeanSquaredError", mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _wrapper("MeanAbsoluteError", mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _wrapper(
    "MeanAbsolutePercentageError", mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _wrapper(
    "MeanSquaredLogarithmicError", mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
BinaryCrossentropy = _wrapper(
    "BinaryCrossentropy", binary_crossentropy, "binary_crossentropy",
    from_logits=False, label_smoothing=0,
)  # fmt: skip
CategoricalCrossentropy = _wrapper(
    "CategoricalCrossentropy", categorical_crossentropy, "categorical_crossentropy",
    from_logits=False, label_smoothing=0,
)  # fmt: skip
SparseCategoricalCrossentropy = _wrapper(
    "SparseCategoricalCrossentropy", sparse_categorical_crossentropy,
    "sparse_categorical_crossentropy", from_logits=False,
)  # fmt: skip
Hinge = _wrapper("Hinge", hinge_of_signs, "hinge")
SquaredHinge = _wrapper("SquaredHinge", squared_hinge_of_signs, "squared_hinge")
CategoricalHinge = _wrapper("CategoricalHinge", categorical_hinge, "categorical_hinge")
Poisson = _wrapper("Poisson", poisson, "poisson")
LogCosh = _wrapper("LogCosh", logcosh, "logcosh")
KLDivergence = _wrapper("KLDivergence", kullback_leibler_divergence, "kullback_leibler_divergence")
CosineSimilarity = _wrapper("CosineSimilarity", cosine_proximity, "cosine_similarity", axis=-1)
Huber = _wrapper("Huber", huber_loss, "huber_loss", delta=1.0)


def serialize(loss):
    """The name of a loss function, or {"class_name", "config"} of an object."""
    return serialize_keras_object(loss)


def deserialize(name, custom_objects=None):
    """The loss of a name or configuration."""
    return deserialize_keras_object(
        name,
        module_objects=globals(),
        custom_objects=custom_objects,
        printable_module_name="loss function",
    )


def get(identifier):
    """A loss from its name, a configuration, or a function; None stays None.

    Raises:
      ValueError: for unknown names and other types.
    """
    if identifier is None or (callable(identifier) and not isinstance(identifier, str)):
        return identifier
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise ValueError("Could not interpret loss function identifier: %r" % (identifier,))
