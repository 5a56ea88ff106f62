# SPDX-License-Identifier: Apache-2.0
"""The state of optimizers in files, of Keras and of tf.keras."""

import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.utils.io_utils import as_names


def optimizer_state(optimizer):
    """(names as bytes, arrays) of the variables of an optimizer."""
    from caudal.keras.engine.saving_weights import unique_names

    variables = optimizer.weights
    values = K.batch_get_value(variables) if variables else []
    return unique_names(variables), [np.asarray(v) for v in values]


def _from_tf_keras(optimizer, names, values):
    """Arrays of an optimizer of tf.keras in the order that the optimizer here has.

    tf.keras counts steps for all optimizers, keeps what depends on that, and has only the slots
    that are used.
    """
    count, values = values[0], list(values[1:])
    later = [(optimizer.iterations, count)]
    if len(names) > 1 and names[1].split("/")[-1].startswith("momentum_cache"):
        later.append((optimizer.m_schedule, values.pop(0)))
    own = list(optimizer.weights)
    if any(w is optimizer.iterations for w in own):
        values.insert(0, count)
    for variable in own[len(values) :]:
        values.append(np.zeros(K.int_shape(variable), K.dtype(variable)))
    return values, later


def set_optimizer_state(optimizer, group):
    """Sets the variables of an optimizer to those of an H5Dict; warns where they do not fit."""
    try:
        names = as_names(group["weight_names"])
        values = [group[name] for name in names]
        later = []
        if names and names[0].split("/")[-1].startswith("iter:"):
            values, later = _from_tf_keras(optimizer, names, values)
        optimizer.set_weights(values)
        K.batch_set_value(later)
    except ValueError as error:
        warnings.warn(
            "Error in loading the saved optimizer state. As a result, your model is starting with "
            "a freshly initialized optimizer. (%s)" % error,
            stacklevel=4,
        )
