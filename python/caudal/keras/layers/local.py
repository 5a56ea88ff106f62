# SPDX-License-Identifier: Apache-2.0
"""Layers like convolutions whose weights differ from place to place."""

import math

from caudal.framework.tensor_shape import as_shape
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.layers import common_convolutional


class _LocallyConnected(common_convolutional.Conv, Layer):
    def __init__(self, rank, *args, **kwargs):
        super().__init__(rank, *args, **kwargs)
        if self.padding != "valid":
            raise ValueError(
                'Invalid border mode for %s (only "valid" is supported): %s'
                % (type(self).__name__, self.padding)
            )

    def _places(self, input_shape):
        """Sizes of the output for a shape of the inputs."""
        shape = self.compute_output_shape(input_shape)
        return shape[2:] if self._first else shape[1:-1]

    def build(self, input_shape):
        input_shape = as_shape(input_shape).as_list()
        sizes = self._places(input_shape)
        channels = input_shape[1 if self._first else -1]
        if None in sizes or channels is None or min(sizes) < 1:
            raise ValueError(
                "Layer %s (%s): all sizes of the inputs but that of the batch should be "
                "fully-defined and no smaller than the kernel %s; the inputs have the shape %s"
                % (self.name, type(self).__name__, self.kernel_size, tuple(input_shape))
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(math.prod(sizes), math.prod(self.kernel_size) * channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._bias_weight(*sizes, self.filters)
        axis = 1 if self._first else self.rank + 1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self.built = True

    def _products(self, inputs):
        """The products of the windows of the inputs with their kernels."""
        raise NotImplementedError

    def call(self, inputs):
        outputs = self._products(inputs)
        if self.use_bias:
            outputs = K.bias_add(outputs, self.bias, data_format=self.data_format)
        return self.activation(outputs)

    def get_config(self):
        config = super().get_config()
        del config["dilation_rate"]
        return config


_ARGS = """

    Args:
      filters: number of output channels.
      kernel_size, strides: int, or one for each dimension.
      padding: "valid".
      data_format: %s
      activation: function or its name; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        kernel_constraint, bias_constraint: of the weights "kernel" [places, window * channels,
        filters] and "bias" [sizes..., filters].
      activity_regularizer: function from the output to a loss.

    Raises:
      ValueError: for inputs of another rank, or of unknown sizes.
    """


class LocallyConnected1D(_LocallyConnected):
    __doc__ = (
        "Like a convolution of sequences, with other weights at every step."
        + _ARGS % 'None or "channels_last".'
    )

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        if data_format is not None and K.normalize_data_format(data_format) == "channels_first":
            raise ValueError('LocallyConnected1D takes only sequences with "channels_last"')
        super().__init__(
            1, filters, kernel_size, strides, padding, "channels_last", 1, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip

    def _products(self, inputs):
        return K.local_conv1d(inputs, self.kernel, self.kernel_size, self.strides)

    def get_config(self):
        config = super().get_config()
        del config["data_format"]
        return config


class LocallyConnected2D(_LocallyConnected):
    __doc__ = (
        "Like a convolution of images, with other weights at every place."
        + _ARGS % '"channels_last" or "channels_first"; None: `K.image_data_format()`.'
    )

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            2, filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip

    def _products(self, inputs):
        sizes = self._places(K.int_shape(inputs))
        return K.local_conv2d(
            inputs, self.kernel, self.kernel_size, self.strides, sizes, self.data_format
        )
