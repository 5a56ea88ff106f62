# SPDX-License-Identifier: Apache-2.0
"""Layers like convolutions whose weights differ from place to place."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.utils import conv_utils


class _LocallyConnected(Layer):
    rank = None

    def __init__(self, filters, kernel_size, strides, padding, data_format, activation, use_bias,
                 kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                 activity_regularizer, kernel_constraint, bias_constraint, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = conv_utils.normalize_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = conv_utils.normalize_tuple(strides, self.rank, "strides")
        self.padding = conv_utils.normalize_padding(padding)
        if self.padding != "valid":
            raise ValueError(
                'Invalid border mode for %s (only "valid" is supported): %s'
                % (type(self).__name__, padding)
            )
        self.data_format = K.normalize_data_format(data_format)
        self.activation = self._lookup.activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = self._lookup.initializer(kernel_initializer)
        self.bias_initializer = self._lookup.initializer(bias_initializer)
        self.kernel_regularizer = self._lookup.regularizer(kernel_regularizer)
        self.bias_regularizer = self._lookup.regularizer(bias_regularizer)
        self.activity_regularizer = self._lookup.regularizer(activity_regularizer)
        self.kernel_constraint = self._lookup.constraint(kernel_constraint)
        self.bias_constraint = self._lookup.constraint(bias_constraint)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _places(self, input_shape):
        """(sizes of the output, number of input channels), as far as they are known."""
        first = self.data_format == "channels_first"
        sizes = input_shape[2:] if first else input_shape[1:-1]
        new = tuple(
            conv_utils.conv_output_length(n, window, self.padding, stride)
            for n, window, stride in zip(sizes, self.kernel_size, self.strides)
        )
        return new, input_shape[1 if first else -1]

    def build(self, input_shape):
        sizes, channels = self._places(input_shape)
        if None in sizes or channels is None or min(sizes) < 1:
            raise ValueError(
                "Layer %s (%s): all sizes of the inputs but that of the batch should be "
                "fully-defined and no smaller than the kernel %s; the inputs have the shape %s"
                % (self.name, type(self).__name__, self.kernel_size, tuple(input_shape))
            )
        places, window = 1, channels
        for n, k in zip(sizes, self.kernel_size):
            places, window = places * n, window * k
        self.kernel = self.add_weight(
            name="kernel",
            shape=(places, window, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*sizes, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        axis = 1 if self.data_format == "channels_first" else self.rank + 1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self.built = True

    def compute_output_shape(self, input_shape):
        sizes, _ = self._places(input_shape)
        if self.data_format == "channels_first":
            return (input_shape[0], self.filters, *sizes)
        return (input_shape[0], *sizes, self.filters)

    def _products(self, inputs):
        """The products of the windows of the inputs with their kernels."""
        raise NotImplementedError

    def call(self, inputs):
        outputs = self._products(inputs)
        if self.use_bias:
            outputs = K.bias_add(outputs, self.bias, data_format=self.data_format)
        return self.activation(outputs)

    def get_config(self):
        parts = ("kernel_initializer", "bias_initializer", "kernel_regularizer",
                 "bias_regularizer", "activity_regularizer", "kernel_constraint",
                 "bias_constraint")  # fmt: skip
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": self._lookup.activation_name(self.activation),
            "use_bias": self.use_bias,
            **{name: self._lookup.serialized(getattr(self, name)) for name in parts},
        }


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

    rank = 1

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        if data_format is not None and K.normalize_data_format(data_format) == "channels_first":
            raise ValueError('LocallyConnected1D takes only sequences with "channels_last"')
        super().__init__(
            filters, kernel_size, strides, padding, "channels_last", activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip

    def _products(self, inputs):
        return K.local_conv1d(inputs, self.kernel, self.kernel_size, self.strides)


class LocallyConnected2D(_LocallyConnected):
    __doc__ = (
        "Like a convolution of images, with other weights at every place."
        + _ARGS % '"channels_last" or "channels_first"; None: `K.image_data_format()`.'
    )

    rank = 2

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip

    def _products(self, inputs):
        sizes, _ = self._places(K.int_shape(inputs))
        return K.local_conv2d(
            inputs, self.kernel, self.kernel_size, self.strides, sizes, self.data_format
        )

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}
