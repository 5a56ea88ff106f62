# SPDX-License-Identifier: Apache-2.0
"""Metrics: what a model reports beside its loss.

Functions give one value per sample, and the model averages them over the batches. Objects keep
their state in variables over the batches of an epoch.
"""

from caudal.keras.losses import (  # noqa: F401
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_proximity,
    hinge,
    kullback_leibler_divergence,
    logcosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from caudal.keras.metric_functions import *  # noqa: F403
from caudal.keras.metric_objects import *  # noqa: F403
from caudal.keras.metric_objects import Metric  # noqa: F401
from caudal.keras.utils.generic_utils import deserialize_keras_object, serialize_keras_object

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_similarity = cosine_proximity


def serialize(metric):
    """The name of a metric function, or {"class_name", "config"} of an object."""
    return serialize_keras_object(metric)


def deserialize(config, custom_objects=None):
    """The metric of a name or configuration."""
    return deserialize_keras_object(
        config,
        module_objects=globals(),
        custom_objects=custom_objects,
        printable_module_name="metric function",
    )


def get(identifier):
    """A metric from its name, a configuration, or a function or object.

    Raises:
      ValueError: for unknown names and other types.
    """
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ValueError("Could not interpret metric function identifier: %r" % (identifier,))
