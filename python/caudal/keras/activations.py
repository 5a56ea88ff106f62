# SPDX-License-Identifier: Apache-2.0
"""Functions that layers apply to each element of their outputs, and their names."""

import warnings

from caudal.keras import backend as K
from caudal.keras.utils.generic_utils import deserialize_keras_object
from caudal.ops import nn_ops


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along an axis.

    Args:
      x: Tensor of rank 2 or more.
      axis: int.

    Raises:
      ValueError: for lower ranks.
    """
    if K.ndim(x) < 2:
        raise ValueError(
            "Cannot apply softmax to a tensor that is %dD. Received input: %s" % (K.ndim(x), x)
        )
    return K.softmax(x, axis=axis)


def elu(x, alpha=1.0):
    """x where it is positive, else alpha * (exp(x) - 1)."""
    return K.elu(x, alpha)


def selu(x):
    """elu with the scale and alpha that keep mean 0 and variance 1 (arXiv 1706.02515)."""
    return nn_ops.selu(x)


def softplus(x):
    """log(exp(x) + 1)."""
    return K.softplus(x)


def softsign(x):
    """x / (|x| + 1)."""
    return K.softsign(x)


def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """x from `threshold` to `max_value`, alpha * (x - threshold) below.

    Args:
      x: Tensor.
      alpha: slope below the threshold.
      max_value: the largest output; None: no limit.
      threshold: float.
    """
    return K.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def tanh(x):
    """Hyperbolic tangent."""
    return K.tanh(x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return K.sigmoid(x)


def hard_sigmoid(x):
    """0.2 x + 0.5, kept between 0 and 1."""
    return K.hard_sigmoid(x)


def exponential(x):
    """exp(x)."""
    return K.exp(x)


def linear(x):
    """x itself."""
    return x


def serialize(activation):
    """The name of an activation function. Raises: ValueError for an object without one."""
    name = getattr(activation, "__name__", None)
    if name is None:
        raise ValueError("Cannot serialize the activation", activation)
    return name


def deserialize(name, custom_objects=None):
    """The function of a name. Raises: ValueError for an unknown one."""
    return deserialize_keras_object(
        name,
        module_objects=globals(),
        custom_objects=custom_objects,
        printable_module_name="activation function",
    )


def get(identifier):
    """The activation function that `identifier` is or names; None is the identity.

    Raises:
      ValueError: for anything that is neither a name nor a function.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return deserialize(identifier)
    if callable(identifier):
        from caudal.keras.engine.base_layer import Layer

        if isinstance(identifier, Layer):
            warnings.warn(
                "Do not pass a layer instance (such as %s) as the activation argument of another "
                "layer. Instead, advanced activation layers should be used just like any other "
                "layer in a model." % type(identifier).__name__
            )
        return identifier
    raise ValueError("Could not interpret activation function identifier:", identifier)
