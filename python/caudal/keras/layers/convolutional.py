# SPDX-License-Identifier: Apache-2.0
"""Convolutions of sequences, images and volumes, and what changes the sizes of those."""

from caudal.keras.engine.base_layer import Layer
from caudal.keras.layers.convolutional_sizes import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from caudal.keras.layers.keras1 import (
    AtrousConv1D,
    AtrousConv2D,
    AtrousConvolution1D,
    AtrousConvolution2D,
)
from caudal.keras.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from caudal.layers import common_convolutional, common_transposed
from caudal.layers.input_spec import InputSpec
from caudal.layers.utils import convert_data_format, redefined
from caudal.ops import nn_ops

_ARGS = """

    Args:
      filters: number of output channels.
      kernel_size, strides, dilation_rate: int, or one for each dimension. Strides and dilations
        cannot both be above 1.
      padding: %s.
      data_format: "channels_last" for inputs [batch, sizes..., channels], "channels_first" for
        [batch, channels, sizes...]; None: `K.image_data_format()`.
      activation: function or its name; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        kernel_constraint, bias_constraint: of the weights "kernel" and "bias".
      activity_regularizer: function from the output to a loss.

    Raises:
      ValueError: for inputs of another rank, or with an unknown number of channels.
    """
_PADDING = '"valid" or "same"'


class Conv1D(common_convolutional.Conv1D, Layer):
    __doc__ = "Convolution of sequences." + _ARGS % (_PADDING + ', or "causal": only from the past')


class Conv2D(common_convolutional.Conv2D, Layer):
    __doc__ = "Convolution of images." + _ARGS % _PADDING


class Conv3D(common_convolutional.Conv3D, Layer):
    __doc__ = "Convolution of volumes." + _ARGS % _PADDING


_TRANSPOSED = """The transpose of a convolution of %s, which makes them larger.

    `output_padding` (int, or one for each dimension) chooses among the sizes of which a convolution
    would have made the size of the input; default: the largest for "valid", size * stride for
    "same"."""


class Conv2DTranspose(common_transposed.Conv2DTranspose, Conv2D):
    __doc__ = _TRANSPOSED % "images" + _ARGS % _PADDING


class Conv3DTranspose(common_transposed.Conv3DTranspose, Conv3D):
    __doc__ = _TRANSPOSED % "volumes" + _ARGS % _PADDING


_SEPARABLE = """A convolution of each channel for itself, then one of size 1 over all channels.

    `depth_multiplier` is the number of outputs of the first step for each channel. The weights are
    "depthwise_kernel", "pointwise_kernel" and "bias"."""


class SeparableConv1D(common_convolutional.SeparableConv1D, Layer):
    __doc__ = _SEPARABLE + _ARGS % (_PADDING + ' or "causal"')
    __init__ = redefined(common_convolutional.SeparableConv1D.__init__, data_format="channels_last")


class SeparableConv2D(common_convolutional.SeparableConv2D, Layer):
    __doc__ = _SEPARABLE + _ARGS % _PADDING


class DepthwiseConv2D(Conv2D):
    """A convolution of each channel of images for itself.

    Args:
      depth_multiplier: number of outputs for each channel.
      depthwise_initializer, depthwise_regularizer, depthwise_constraint: of the weight
        "depthwise_kernel".
      Others: see `Conv2D`.
    """

    _inputs_of = " to `DepthwiseConv2D`"

    def __init__(self, kernel_size, strides=(1, 1), padding="valid", depth_multiplier=1,
                 data_format=None, activation=None, use_bias=True,
                 depthwise_initializer="glorot_uniform", bias_initializer="zeros",
                 depthwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, bias_constraint=None, **kwargs):  # fmt: skip
        super().__init__(
            filters=None, kernel_size=kernel_size, strides=strides, padding=padding,
            data_format=data_format, activation=activation, use_bias=use_bias,
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = self._lookup.initializer(depthwise_initializer)
        self.depthwise_regularizer = self._lookup.regularizer(depthwise_regularizer)
        self.depthwise_constraint = self._lookup.constraint(depthwise_constraint)

    def _output_channels(self, input_channels):
        return None if input_channels is None else input_channels * self.depth_multiplier

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self._bias_weight(channels * self.depth_multiplier)
        self.input_spec = InputSpec(ndim=4, axes={1 if self._first else 3: channels})
        self.built = True

    def call(self, inputs, training=None):
        outputs = nn_ops.depthwise_conv2d(
            inputs,
            self.depthwise_kernel,
            [1, 1, *self.strides] if self._first else [1, *self.strides, 1],
            self.padding.upper(),
            rate=list(self.dilation_rate),
            data_format=convert_data_format(self.data_format, 4),
        )
        return self._finish(outputs)

    def get_config(self):
        config = super().get_config()
        del config["filters"]
        config["depth_multiplier"] = self.depth_multiplier
        for kind in ("initializer", "regularizer", "constraint"):
            del config["kernel_" + kind]
            name = "depthwise_" + kind
            config[name] = self._lookup.serialized(getattr(self, name))
        return config


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
Convolution2DTranspose = Deconvolution2D = Deconv2D = Conv2DTranspose
Deconvolution3D = Deconv3D = Conv3DTranspose

__all__ = [
    "AtrousConv1D", "AtrousConv2D", "AtrousConvolution1D", "AtrousConvolution2D",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "Conv1D", "Conv2D",
    "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Convolution1D", "Convolution2D",
    "Convolution2DTranspose", "Convolution3D", "Cropping1D", "Cropping2D", "Cropping3D",
    "Deconv2D", "Deconv3D", "Deconvolution2D", "Deconvolution3D", "DepthwiseConv2D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "SeparableConv1D", "SeparableConv2D",
    "SeparableConvolution1D", "SeparableConvolution2D", "UpSampling1D", "UpSampling2D",
    "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
]  # fmt: skip
