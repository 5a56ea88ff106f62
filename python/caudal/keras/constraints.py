# SPDX-License-Identifier: Apache-2.0
"""Functions that bring a weight back into its limits after an update."""

from caudal.keras import backend as K
from caudal.keras.utils.generic_utils import (
    deserialize_keras_object,
    get_keras_object,
    serialize_keras_object,
)


def _norms(w, axis):
    return K.sqrt(K.sum(K.square(w), axis=axis, keepdims=True))


class Constraint:
    """Base of constraints: called with a weight, it returns the allowed weight; this one `w`."""

    def __call__(self, w):
        return w

    def get_config(self):
        """The arguments of the constraint."""
        return {}


class MaxNorm(Constraint):
    """Scales down the vectors along an axis whose norm is too large.

    Args:
      max_value: largest norm.
      axis: int or list of int: the axes that make a vector: 0 for the incoming weights of each
        unit of a Dense layer, [0, 1, 2] for those of each filter of a Conv2D layer.

    Source: Srivastava and others 2014, "Dropout".
    """

    def __init__(self, max_value=2, axis=0):
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        return w * (K.clip(norms, 0, self.max_value) / (K.epsilon() + norms))

    def get_config(self):
        """{"max_value", "axis"}."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Sets negative weights to 0."""

    def __call__(self, w):
        return w * K.cast(K.greater_equal(w, 0.0), K.dtype(w))


class UnitNorm(Constraint):
    """Scales the vectors along an axis to norm 1.

    Args:
      axis: as for MaxNorm.
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (K.epsilon() + _norms(w, self.axis))

    def get_config(self):
        """{"axis"}."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Moves the norms of the vectors along an axis towards an interval.

    Args:
      min_value, max_value: the interval.
      rate: share of the way that an update goes; 1: all of it.
      axis: as for MaxNorm.
    """

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        clipped = K.clip(norms, self.min_value, self.max_value)
        wanted = self.rate * clipped + (1 - self.rate) * norms
        return w * (wanted / (K.epsilon() + norms))

    def get_config(self):
        """{"min_value", "max_value", "rate", "axis"}."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm


def serialize(constraint):
    """A plain description of a constraint."""
    return serialize_keras_object(constraint)


def deserialize(config, custom_objects=None):
    """The constraint that `serialize` described. Raises: ValueError for an unknown one."""
    return deserialize_keras_object(
        config,
        module_objects=globals(),
        custom_objects=custom_objects,
        printable_module_name="constraint",
    )


def get(identifier):
    """The constraint that `identifier` is, names or describes; None stays None.

    Raises:
      ValueError: for anything else.
    """
    return get_keras_object(identifier, deserialize, "constraint")
