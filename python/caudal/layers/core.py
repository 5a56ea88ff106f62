# SPDX-License-Identifier: Apache-2.0
"""tf.layers: dense, dropout, flatten."""

from caudal.layers import base, common_core
from caudal.layers.utils import layer_function, redefined
from caudal.ops import init_ops

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]


class Dense(common_core.Dense, base.Layer):
    __doc__ = common_core.Dense.__doc__
    __init__ = redefined(
        common_core.Dense.__init__,
        kernel_initializer=None,
        bias_initializer=init_ops.zeros_initializer(),
        trainable=True,
        name=None,
    )


class Dropout(common_core.Dropout, base.Layer):
    __doc__ = common_core.Dropout.__doc__

    def __init__(self, rate=0.5, noise_shape=None, seed=None, name=None, **kwargs):
        super().__init__(rate=rate, noise_shape=noise_shape, seed=seed, name=name, **kwargs)

    def call(self, inputs, training=False):
        return super().call(inputs, training=training)


class Flatten(common_core.Flatten, base.Layer):
    __doc__ = common_core.Flatten.__doc__


dense = layer_function(
    Dense,
    "dense",
    """activation(inputs @ kernel + bias).

    Args:
      inputs: Tensor of rank 2 or more, floating type; its last axis must be known.
      units: size of the output's last axis.
      activation: function; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        kernel_constraint, bias_constraint: of the variables "kernel" and "bias".
      activity_regularizer: function from the output to a loss.
      trainable: whether the variables go to GraphKeys.TRAINABLE_VARIABLES.
      name: of the variable scope; default: "dense", made unique.
      reuse: whether the variables must exist.

    Raises:
      ValueError, TypeError: for inputs of unknown size or of an integer type.
    """,
)


def dropout(inputs, rate=0.5, noise_shape=None, seed=None, training=False, name=None):
    """While training, sets a share of the inputs to 0 and scales up the others.

    Args:
      inputs: Tensor of a floating type.
      rate: share that is dropped.
      noise_shape: shape of the decisions, which broadcasts against `inputs`.
      seed: integer.
      training: bool or bool Tensor; False returns the inputs.
      name: of the operations.
    """
    layer = Dropout(rate, noise_shape=noise_shape, seed=seed, name=name)
    return layer.apply(inputs, training=training)


def flatten(inputs, name=None, data_format="channels_last"):
    """Makes a matrix of `inputs`: one row per element of the batch.

    Args:
      inputs: Tensor of rank 1 or more.
      name: of the operations.
      data_format: "channels_first" puts channels last before flattening.
    """
    return Flatten(name=name, data_format=data_format).apply(inputs)
