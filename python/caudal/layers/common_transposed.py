# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions, with the arguments that `tf.keras.layers` gives them."""

from caudal.framework import tensor_shape
from caudal.layers import volumes
from caudal.layers.common_convolutional import Conv
from caudal.layers.input_spec import InputSpec
from caudal.layers.utils import convert_data_format, deconv_output_length, normalize_tuple
from caudal.ops import array_ops, nn_ops


class ConvTranspose(Conv):
    """The transpose (gradient) of a convolution over `rank` dimensions.

    Args:
      output_padding: int, or one for each dimension: what is added to the size of the output.
      Others: see `Conv`.
    """

    def __init__(self, rank, filters, kernel_size, output_padding=None, **kwargs):
        Conv.__init__(self, rank, filters, kernel_size, **kwargs)
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = normalize_tuple(output_padding, rank, "output_padding")
            for stride, extra in zip(self.strides, self.output_padding):
                if stride <= extra:
                    raise ValueError(
                        "Stride "
                        + str(self.strides)
                        + " must be greater than output padding "
                        + str(self.output_padding)
                    )

    def build(self, input_shape):
        shape = tensor_shape.as_shape(input_shape)
        if shape.ndims != self.rank + 2:
            raise ValueError(
                "Inputs should have rank %d. Received input shape: %s" % (self.rank + 2, shape)
            )
        channels = self._input_channels(input_shape)
        axis = 1 if self._first else -1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, self.filters, channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
            dtype=self.dtype,
        )
        self._bias_weight()
        self.built = True

    def _output_length(self, length, i):
        return deconv_output_length(
            length,
            self.kernel_size[i],
            self.padding,
            self.strides[i],
            None if self.output_padding is None else self.output_padding[i],
            self.dilation_rate[i] if self.rank == 2 else 1,
        )

    def call(self, inputs):
        # Tensors even where the sizes are known: as many nodes as TensorFlow makes.
        sizes = array_ops.shape(inputs)
        batch = sizes[0]
        start = 2 if self._first else 1
        lengths = [sizes[start + i] for i in range(self.rank)]
        spatial = [self._output_length(n, i) for i, n in enumerate(lengths)]
        if self._first:
            output_shape = (batch, self.filters, *spatial)
        else:
            output_shape = (batch, *spatial, self.filters)
        output_shape = array_ops.stack(output_shape)
        layout = convert_data_format(self.data_format, self.rank + 2)
        padding = self.padding.upper()
        if self.rank == 2:
            output_shape[0]  # one more of TensorFlow's nodes
            outputs = nn_ops.conv2d_transpose(
                inputs, self.kernel, output_shape, list(self.strides), padding, layout,
                dilations=list(self.dilation_rate),
            )  # fmt: skip
        else:
            outputs = volumes.conv3d_transpose(
                inputs, self.kernel, output_shape, self.strides, padding, layout
            )
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return self._finish(outputs)

    def get_config(self):
        return {**super().get_config(), "output_padding": self.output_padding}


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution of images, see `ConvTranspose`."""

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", output_padding=None,
                 data_format=None, dilation_rate=(1, 1), activation=None, use_bias=True,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            2, filters, kernel_size, output_padding, strides=strides, padding=padding,
            data_format=data_format, dilation_rate=dilation_rate, activation=activation,
            use_bias=use_bias, kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint, bias_constraint=bias_constraint, **kwargs,
        )  # fmt: skip


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution of volumes, see `ConvTranspose`."""

    def __init__(self, filters, kernel_size, strides=(1, 1, 1), padding="valid",
                 output_padding=None, data_format=None, activation=None, use_bias=True,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            3, filters, kernel_size, output_padding, strides=strides, padding=padding,
            data_format=data_format, activation=activation, use_bias=use_bias,
            kernel_initializer=kernel_initializer, bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint, **kwargs,
        )  # fmt: skip

    def get_config(self):
        config = super().get_config()
        del config["dilation_rate"]
        return config
