# SPDX-License-Identifier: Apache-2.0
"""Generalized divisive normalization."""

from caudal.framework import constant_op
from caudal.framework.custom_gradient import custom_gradient
from caudal.layers import base
from caudal.layers.input_spec import InputSpec
from caudal.ops import array_ops, linalg_ops, math_ops, nn_ops

__all__ = ["GDN", "gdn"]


@custom_gradient
def _lower_bound(x, bound):
    """max(x, bound); a gradient that would raise x passes although it lies below the bound."""

    def gradient(dy):
        passes = math_ops.logical_or(x >= bound, dy < 0)
        return math_ops.cast(passes, dy.dtype) * dy, None

    return math_ops.maximum(x, bound), gradient


class GDN(base.Layer):
    """x / sqrt(beta + sum gamma x^2), over channels; or times the root, for the inverse.

    Args:
      inverse: whether to multiply.
      beta_min: smallest beta.
      gamma_init: of the diagonal of gamma.
      reparam_offset: small number that keeps parameters off zero.
      data_format: "channels_last" or "channels_first".
      activity_regularizer: function from the output to a loss.
      trainable: whether the variables are for optimizers.
      name: of the variable scope.
    """

    def __init__(self, inverse=False, beta_min=1e-6, gamma_init=0.1, reparam_offset=2**-18,
                 data_format="channels_last", activity_regularizer=None, trainable=True, name=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs
        )
        self.inverse = inverse
        self._beta_min = beta_min
        self._gamma_init = gamma_init
        self._reparam_offset = reparam_offset
        if data_format not in ("channels_first", "channels_last"):
            raise ValueError(f"Unknown data format: '{data_format}'.")
        self.data_format = data_format
        self.input_spec = InputSpec(min_ndim=3, max_ndim=5)

    def _channel_axis(self):
        return 1 if self.data_format == "channels_first" else -1

    def build(self, input_shape):
        channels = input_shape.as_list()[self._channel_axis()]
        if channels is None:
            raise ValueError("The channel dimension of the inputs to `GDN` must be defined.")
        rank = input_shape.ndims
        self.input_spec = InputSpec(ndim=rank, axes={self._channel_axis(): channels})
        offset = float(self._reparam_offset)
        pedestal = constant_op.constant(offset**2, self.dtype)
        beta_bound = constant_op.constant((self._beta_min + offset**2) ** 0.5, self.dtype)
        gamma_bound = constant_op.constant(offset, self.dtype)

        def start_beta(shape, dtype=None, partition_info=None):
            return math_ops.sqrt(array_ops.ones(shape, dtype=dtype) + offset**2)

        def start_gamma(shape, dtype=None, partition_info=None):
            eye = linalg_ops.eye(shape[0], shape[1], dtype=dtype)
            return math_ops.sqrt(self._gamma_init * eye + offset**2)

        beta = self.add_variable("reparam_beta", shape=[channels], initializer=start_beta)
        self.beta = math_ops.square(_lower_bound(beta, beta_bound)) - pedestal
        gamma = self.add_variable(
            "reparam_gamma", shape=[channels, channels], initializer=start_gamma
        )
        self.gamma = math_ops.square(_lower_bound(gamma, gamma_bound)) - pedestal
        self.built = True

    def call(self, inputs):
        rank = inputs.shape.ndims
        channels = inputs.shape.as_list()[self._channel_axis()]
        first = self.data_format == "channels_first"
        spatial = "DHW"[5 - rank :]
        kernel = array_ops.reshape(self.gamma, [1] * (rank - 2) + [channels, channels])
        pool = nn_ops.convolution(
            math_ops.square(inputs),
            kernel,
            padding="VALID",
            data_format="NC" + spatial if first else "N" + spatial + "C",
        )
        if first:
            pool = pool + array_ops.reshape(self.beta, [channels] + [1] * (rank - 2))
        else:
            pool = nn_ops.bias_add(pool, self.beta)
        pool = math_ops.sqrt(pool)
        outputs = inputs * pool if self.inverse else inputs / pool
        outputs.set_shape(inputs.get_shape())
        return outputs

    def compute_output_shape(self, input_shape):
        return input_shape


def gdn(inputs, inverse=False, beta_min=1e-6, gamma_init=0.1, reparam_offset=2**-18,
        data_format="channels_last", activity_regularizer=None, trainable=True, name=None,
        reuse=None):  # fmt: skip
    """The output of a GDN layer, see there."""
    layer = GDN(
        inverse=inverse, beta_min=beta_min, gamma_init=gamma_init,
        reparam_offset=reparam_offset, data_format=data_format,
        activity_regularizer=activity_regularizer, trainable=trainable, name=name,
        dtype=inputs.dtype.base_dtype, _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer.apply(inputs)
