# SPDX-License-Identifier: Apache-2.0
"""Dense, Dropout and Flatten, with the arguments that `tf.keras.layers` gives them."""

import numpy as np

from caudal.framework import dtypes, tensor_shape
from caudal.layers.engine import Layer
from caudal.layers.input_spec import InputSpec
from caudal.layers.utils import normalize_data_format, smart_cond, whole_number
from caudal.ops import array_ops, math_ops, matmul_ops, nn_ops


class Dense(Layer):
    """activation(inputs @ kernel + bias); the last axis of the inputs is multiplied.

    Args:
      units: size of the output's last axis.
      activation: function or its name; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        kernel_constraint, bias_constraint: of the variables "kernel" and "bias".
      activity_regularizer: function from the output to a loss.
    """

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            activity_regularizer=self._lookup.regularizer(activity_regularizer), **kwargs
        )
        self.units = whole_number(self, "units", units, 0)
        self.activation = self._lookup.activation(activation)
        self.use_bias = use_bias
        self._take_weight_options(locals(), "kernel", "bias")
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        dtype = dtypes.as_dtype(self.dtype or dtypes.float32)
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError(
                "Unable to build `Dense` layer with non-floating point dtype %s" % (dtype,)
            )
        shape = tensor_shape.as_shape(input_shape)
        last = shape.as_list()[-1] if shape.ndims is not None else None
        if last is None:
            raise ValueError(
                "The last dimension of the inputs to `Dense` should be defined. Found `None`."
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: last})
        self.kernel = self.add_weight(
            "kernel",
            shape=[last, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            dtype=self.dtype,
            trainable=True,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                shape=[self.units],
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                dtype=self.dtype,
                trainable=True,
            )
        self.built = True

    def call(self, inputs):
        if inputs.shape.ndims is not None and inputs.shape.ndims > 2:
            outputs = matmul_ops.tensordot(inputs, self.kernel, [[inputs.shape.ndims - 1], [0]])
            known = inputs.shape.as_list()[:-1] + [self.units]
            outputs.set_shape(known)
        else:
            if inputs.dtype.base_dtype != self.kernel.dtype.base_dtype:
                inputs = math_ops.cast(inputs, self.kernel.dtype.base_dtype)
            outputs = matmul_ops.matmul(inputs, self.kernel)
        if self.use_bias:
            outputs = nn_ops.bias_add(outputs, self.bias)
        return outputs if self.activation is self._lookup.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape):
        shape = tensor_shape.as_shape(input_shape).with_rank_at_least(2)
        if shape.as_list()[-1] is None:
            raise ValueError(
                "The innermost dimension of input_shape must be defined, but saw: %s" % shape
            )
        return shape[:-1].concatenate(self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            **self._kernel_config(),
        }


class Dropout(Layer):
    """While training, sets a share of the inputs to 0 and scales up the others.

    Args:
      rate: share that is dropped, in [0, 1].
      noise_shape: shape of the decisions, which broadcasts against the inputs.
      seed: integer.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _get_noise_shape(self, inputs):
        if self.noise_shape is None or not isinstance(self.noise_shape, (list, tuple)):
            return self.noise_shape
        sizes = array_ops.shape(inputs)
        return [sizes[i] if value is None else value for i, value in enumerate(self.noise_shape)]

    def call(self, inputs, training=None):
        if training is None:
            training = False

        def dropped():
            return nn_ops.dropout(
                inputs, noise_shape=self._get_noise_shape(inputs), seed=self.seed, rate=self.rate
            )

        return smart_cond(training, dropped, lambda: array_ops.identity(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


class Flatten(Layer):
    """Makes a matrix of the inputs: one row per element of the batch.

    Args:
      data_format: "channels_first" puts channels last before flattening.
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs):
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = array_ops.transpose(inputs, [0, *range(2, rank), 1])
        out_shape = self.compute_output_shape(inputs.shape)
        if out_shape.is_fully_defined():
            return array_ops.reshape(inputs, out_shape.as_list())
        columns = out_shape.as_list()[1]
        if columns is None:
            columns = -1
        outputs = array_ops.reshape(inputs, (array_ops.shape(inputs)[0], columns))
        outputs.set_shape(out_shape)
        return outputs

    def compute_output_shape(self, input_shape):
        shape = tensor_shape.as_shape(input_shape).with_rank_at_least(1).as_list()
        rest = shape[1:]
        columns = int(np.prod(rest)) if all(rest) else (0 if 0 in rest else None)
        if columns == 0 and None in rest:
            columns = None
        return tensor_shape.TensorShape([shape[0], columns])

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}
