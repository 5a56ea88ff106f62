# SPDX-License-Identifier: Apache-2.0
"""Convolutions, with the arguments that `tf.keras.layers` gives them."""

from caudal.framework import dtypes, tensor_shape
from caudal.framework.constant_op import constant
from caudal.layers import volumes
from caudal.layers.engine import Layer
from caudal.layers.input_spec import InputSpec
from caudal.layers.utils import (
    conv_output_length,
    convert_data_format,
    normalize_padding,
    normalize_tuple,
)
from caudal.ops import array_ops, nn_ops


class Conv(Layer):
    """activation(convolution(inputs, kernel) + bias) over `rank` dimensions.

    Args:
      rank: 1, 2 or 3.
      filters: number of output channels.
      kernel_size, strides, dilation_rate: int, or one for each dimension.
      padding: "valid", "same", or for sequences "causal".
      data_format: "channels_last" or "channels_first".
      activation: function or its name; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        kernel_constraint, bias_constraint: of the variables "kernel" and "bias".
      activity_regularizer: function from the output to a loss.
    """

    def __init__(self, rank, filters, kernel_size, strides=1, padding="valid", data_format=None,
                 dilation_rate=1, activation=None, use_bias=True,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, trainable=True, name=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            trainable=trainable,
            name=name,
            activity_regularizer=self._lookup.regularizer(activity_regularizer),
            **kwargs,
        )
        self.rank = rank
        self.filters = int(filters) if isinstance(filters, float) else filters
        self.kernel_size = normalize_tuple(kernel_size, rank, "kernel_size")
        self.strides = normalize_tuple(strides, rank, "strides")
        self.padding = normalize_padding(padding)
        if self.padding == "causal" and rank != 1:
            raise ValueError(
                "Causal padding is only supported for `Conv1D` and ``SeparableConv1D`."
            )
        self.data_format = self._lookup.data_format(data_format)
        self.dilation_rate = normalize_tuple(dilation_rate, rank, "dilation_rate")
        self.activation = self._lookup.activation(activation)
        self.use_bias = use_bias
        self._take_weight_options(locals(), "kernel", "bias")
        self.input_spec = InputSpec(ndim=rank + 2)

    @property
    def _first(self):
        return self.data_format == "channels_first"

    def _input_channels(self, input_shape):
        shape = tensor_shape.as_shape(input_shape).as_list()
        channels = shape[1 if self._first else -1]
        if channels is None:
            raise ValueError(
                "The channel dimension of the inputs%s should be defined. Found `None`. (layer %s, "
                "input shape %s)" % (self._inputs_of, self.name, tuple(shape))
            )
        return channels

    # How messages speak of the inputs: "" or " to `Layer`".
    _inputs_of = ""

    def _output_channels(self, input_channels):
        return self.filters

    def _bias_weight(self, *shape):
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=shape or (self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                trainable=True,
                dtype=self.dtype,
            )

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=self._kernel_shape(channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
            dtype=self.dtype,
        )
        self._bias_weight()
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={1 if self._first else -1: channels})
        if any(s > 1 for s in self.strides) and any(d > 1 for d in self.dilation_rate):
            raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
        # For the same number of nodes as in TensorFlow, which decides later seeds.
        constant(self.dilation_rate, dtypes.int32, name="dilation_rate")
        self.built = True

    def _kernel_shape(self, channels):
        return (*self.kernel_size, channels, self.filters)

    def _convolution(self, inputs):
        if self.padding == "causal":
            left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            pads = [[0, 0], [0, 0], [left, 0]] if self._first else [[0, 0], [left, 0], [0, 0]]
            inputs = array_ops.pad(inputs, pads)
        return self._convolution_op(inputs, self.kernel)

    def _convolution_op(self, inputs, kernel):
        """The convolution with a kernel of the caller's, for subclasses."""
        layout = convert_data_format(self.data_format, self.rank + 2)
        padding = "VALID" if self.padding == "causal" else self.padding.upper()
        if self.rank == 1:
            return nn_ops.conv1d(
                inputs, kernel, self.strides[0], padding, data_format=layout,
                dilations=self.dilation_rate[0],
            )  # fmt: skip
        if self.rank == 2:
            return nn_ops.conv2d(
                inputs, kernel, list(self.strides), padding, data_format=layout,
                dilations=list(self.dilation_rate),
            )  # fmt: skip
        return volumes.conv3d(inputs, kernel, self.strides, padding, layout, self.dilation_rate)

    def call(self, inputs):
        return self._finish(self._convolution(inputs))

    def _finish(self, outputs):
        """Adds the bias and applies the activation."""
        if self.use_bias:
            if self._first and self.rank == 1:
                outputs = outputs + array_ops.reshape(self.bias, (1, self.filters, 1))
            else:
                outputs = nn_ops.bias_add(
                    outputs, self.bias, data_format="NCHW" if self._first else "NHWC"
                )
        return outputs if self.activation is self._lookup.linear else self.activation(outputs)

    def _output_length(self, length, i):
        return conv_output_length(
            length, self.kernel_size[i], self.padding, self.strides[i], self.dilation_rate[i]
        )

    def compute_output_shape(self, input_shape):
        shape = tensor_shape.as_shape(input_shape).as_list()
        spatial = shape[2:] if self._first else shape[1:-1]
        new = [self._output_length(n, i) for i, n in enumerate(spatial)]
        channels = self._output_channels(shape[1 if self._first else -1])
        if self._first:
            return self._lookup.shape([shape[0], channels, *new])
        return self._lookup.shape([shape[0], *new, channels])

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            **self._kernel_config(),
        }


class Conv1D(Conv):
    """Convolution of sequences, see `Conv`."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid",
                 data_format="channels_last", dilation_rate=1, activation=None, use_bias=True,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            1, filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


class Conv2D(Conv):
    """Convolution of images, see `Conv`."""

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1), activation=None, use_bias=True,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            2, filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


class Conv3D(Conv):
    """Convolution of volumes, see `Conv`."""

    def __init__(self, filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1, 1), activation=None, use_bias=True,
                 kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            3, filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


class SeparableConv(Conv):
    """A convolution of each channel for itself, then one of size 1 over all channels.

    Args:
      depth_multiplier: how many outputs the first step has for each channel.
      depthwise_initializer, pointwise_initializer, ...: of the variables "depthwise_kernel" and
        "pointwise_kernel".
      Others: see `Conv`.
    """

    def __init__(self, rank, filters, kernel_size, strides=1, padding="valid", data_format=None,
                 dilation_rate=1, depth_multiplier=1, activation=None, use_bias=True,
                 depthwise_initializer="glorot_uniform", pointwise_initializer="glorot_uniform",
                 bias_initializer="zeros", depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None,
                 trainable=True, name=None, **kwargs):  # fmt: skip
        super().__init__(
            rank, filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            use_bias, bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint,
            trainable=trainable, name=name, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self._take_weight_options(locals(), "depthwise", "pointwise")

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={1 if self._first else -1: channels})
        for kind, shape in (
            ("depthwise", (*self.kernel_size, channels, self.depth_multiplier)),
            ("pointwise", (*[1] * self.rank, self.depth_multiplier * channels, self.filters)),
        ):
            kernel = self.add_weight(
                name=kind + "_kernel",
                shape=shape,
                initializer=getattr(self, kind + "_initializer"),
                regularizer=getattr(self, kind + "_regularizer"),
                constraint=getattr(self, kind + "_constraint"),
                trainable=True,
                dtype=self.dtype,
            )
            setattr(self, kind + "_kernel", kernel)
        self._bias_weight()
        self.built = True

    def call(self, inputs):
        if self.rank == 2:
            strides = [1, 1, *self.strides] if self._first else [1, *self.strides, 1]
            outputs = nn_ops.separable_conv2d(
                inputs, self.depthwise_kernel, self.pointwise_kernel, strides,
                self.padding.upper(), list(self.dilation_rate),
                data_format=convert_data_format(self.data_format, 4),
            )  # fmt: skip
            return self._finish(outputs)
        return self._finish_sequence(inputs)

    def _finish_sequence(self, inputs):
        """A sequence is an image of height 1."""
        if self.padding == "causal":
            left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            pads = [[0, 0], [0, 0], [left, 0]] if self._first else [[0, 0], [left, 0], [0, 0]]
            inputs = array_ops.pad(inputs, pads)
        axis = 2 if self._first else 1
        stride = self.strides[0]
        outputs = nn_ops.separable_conv2d(
            array_ops.expand_dims(inputs, axis),
            array_ops.expand_dims(self.depthwise_kernel, 0),
            array_ops.expand_dims(self.pointwise_kernel, 0),
            [1, 1, stride, stride] if self._first else [1, stride, stride, 1],
            "VALID" if self.padding == "causal" else self.padding.upper(),
            [1, self.dilation_rate[0]],
            data_format="NCHW" if self._first else "NHWC",
        )
        if self.use_bias:
            outputs = nn_ops.bias_add(
                outputs, self.bias, data_format="NCHW" if self._first else "NHWC"
            )
        outputs = array_ops.squeeze(outputs, [axis])
        return outputs if self.activation is self._lookup.linear else self.activation(outputs)

    def get_config(self):
        config = super().get_config()
        config["depth_multiplier"] = self.depth_multiplier
        for kind in ("initializer", "regularizer", "constraint"):
            del config["kernel_" + kind]
            for part in ("depthwise", "pointwise"):
                config[part + "_" + kind] = self._lookup.serialized(
                    getattr(self, part + "_" + kind)
                )
        return config


class SeparableConv1D(SeparableConv):
    """Separable convolution of sequences, see `SeparableConv`."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None,
                 dilation_rate=1, depth_multiplier=1, activation=None, use_bias=True,
                 depthwise_initializer="glorot_uniform", pointwise_initializer="glorot_uniform",
                 bias_initializer="zeros", depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            1, filters, kernel_size, strides, padding, data_format, dilation_rate,
            depth_multiplier, activation, use_bias, depthwise_initializer, pointwise_initializer,
            bias_initializer, depthwise_regularizer, pointwise_regularizer, bias_regularizer,
            activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint,
            **kwargs,
        )  # fmt: skip


class SeparableConv2D(SeparableConv):
    """Separable convolution of images, see `SeparableConv`."""

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1), depth_multiplier=1, activation=None, use_bias=True,
                 depthwise_initializer="glorot_uniform", pointwise_initializer="glorot_uniform",
                 bias_initializer="zeros", depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None,
                 **kwargs):  # fmt: skip
        super().__init__(
            2, filters, kernel_size, strides, padding, data_format, dilation_rate,
            depth_multiplier, activation, use_bias, depthwise_initializer, pointwise_initializer,
            bias_initializer, depthwise_regularizer, pointwise_regularizer, bias_regularizer,
            activity_regularizer, depthwise_constraint, pointwise_constraint, bias_constraint,
            **kwargs,
        )  # fmt: skip


__all__ = ["Conv", "Conv1D", "Conv2D", "Conv3D", "SeparableConv", "SeparableConv1D",
           "SeparableConv2D"]  # fmt: skip
