# SPDX-License-Identifier: Apache-2.0
"""Functions from a weight or an output to a loss."""

from caudal.keras import backend as K
from caudal.keras.utils.generic_utils import (
    deserialize_keras_object,
    get_keras_object,
    serialize_keras_object,
)


class Regularizer:
    """Base of regularizers: called with a tensor, it returns a scalar loss; this one 0."""

    def __call__(self, x):
        return 0.0

    @classmethod
    def from_config(cls, config):
        """The regularizer that `get_config` described."""
        return cls(**config)


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    Args:
      l1, l2: factors.
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = K.cast_to_floatx(l1)
        self.l2 = K.cast_to_floatx(l2)

    def __call__(self, x):
        loss = 0.0
        if self.l1:
            loss += K.sum(self.l1 * K.abs(x))
        if self.l2:
            loss += K.sum(self.l2 * K.square(x))
        return loss

    def get_config(self):
        """{"l1", "l2"}."""
        return {"l1": float(self.l1), "l2": float(self.l2)}


def l1(l=0.01):
    """The sum of absolute values, times `l`."""
    return L1L2(l1=l)


def l2(l=0.01):
    """The sum of squares, times `l`."""
    return L1L2(l2=l)


def l1_l2(l1=0.01, l2=0.01):
    """l1 * sum(|x|) + l2 * sum(x^2)."""
    return L1L2(l1=l1, l2=l2)


def serialize(regularizer):
    """A plain description of a regularizer."""
    return serialize_keras_object(regularizer)


def deserialize(config, custom_objects=None):
    """The regularizer that `serialize` described. Raises: ValueError for an unknown one."""
    return deserialize_keras_object(
        config,
        module_objects=globals(),
        custom_objects=custom_objects,
        printable_module_name="regularizer",
    )


def get(identifier):
    """The regularizer that `identifier` is, names or describes; None stays None.

    Raises:
      ValueError: for anything else.
    """
    return get_keras_object(identifier, deserialize, "regularizer")
