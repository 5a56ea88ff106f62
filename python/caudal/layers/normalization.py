# SPDX-License-Identifier: Apache-2.0
"""tf.layers: batch normalization."""

from caudal.layers import base, common_normalization
from caudal.layers.utils import redefined
from caudal.ops import init_ops

__all__ = ["BatchNorm", "BatchNormalization", "batch_norm", "batch_normalization"]


class BatchNormalization(common_normalization.BatchNormalization, base.Layer):
    __doc__ = common_normalization.BatchNormalization.__doc__
    __init__ = redefined(
        common_normalization.BatchNormalization.__init__,
        beta_initializer=init_ops.zeros_initializer(),
        gamma_initializer=init_ops.ones_initializer(),
        moving_mean_initializer=init_ops.zeros_initializer(),
        moving_variance_initializer=init_ops.ones_initializer(),
    )

    def call(self, inputs, training=False):
        return super().call(inputs, training=training)


def batch_normalization(inputs, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True,
                        beta_initializer=init_ops.zeros_initializer(),  # noqa: B008
                        gamma_initializer=init_ops.ones_initializer(),  # noqa: B008
                        moving_mean_initializer=init_ops.zeros_initializer(),  # noqa: B008
                        moving_variance_initializer=init_ops.ones_initializer(),  # noqa: B008
                        beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                        gamma_constraint=None, training=False, trainable=True, name=None,
                        reuse=None, renorm=False, renorm_clipping=None, renorm_momentum=0.99,
                        fused=None, virtual_batch_size=None, adjustment=None):  # fmt: skip
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta.

    While training, mean and variance are those of the batch. The updates of their moving averages
    are in GraphKeys.UPDATE_OPS: let the training step depend on them.

    Args:
      inputs: Tensor; the sizes of the axes in `axis` must be known.
      training: bool or bool Tensor; False uses the moving averages.
      name: of the variable scope; default: "batch_normalization", made unique.
      reuse: whether the variables must exist.
      Others: see `BatchNormalization`.

    Raises:
      ValueError: for axes and sizes that do not fit.
    """
    layer = BatchNormalization(
        axis=axis, momentum=momentum, epsilon=epsilon, center=center, scale=scale,
        beta_initializer=beta_initializer, gamma_initializer=gamma_initializer,
        moving_mean_initializer=moving_mean_initializer,
        moving_variance_initializer=moving_variance_initializer,
        beta_regularizer=beta_regularizer, gamma_regularizer=gamma_regularizer,
        beta_constraint=beta_constraint, gamma_constraint=gamma_constraint, renorm=renorm,
        renorm_clipping=renorm_clipping, renorm_momentum=renorm_momentum, fused=fused,
        trainable=trainable, virtual_batch_size=virtual_batch_size, adjustment=adjustment,
        name=name, _reuse=reuse, _scope=name,
    )  # fmt: skip
    return layer.apply(inputs, training=training)


BatchNorm = BatchNormalization
batch_norm = batch_normalization
