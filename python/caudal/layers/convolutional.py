# SPDX-License-Identifier: Apache-2.0
"""tf.layers: convolutions of sequences, images and volumes."""

from caudal.layers import base, common_convolutional, common_transposed
from caudal.layers.utils import layer_function, redefined
from caudal.ops import init_ops

_DOC = """%s

    Args:
      %sfilters: number of output channels.
      kernel_size, strides, dilation_rate: int, or one for each dimension. Strides and dilations
        cannot both be above 1.
      padding: "valid" or "same".
      data_format: "channels_last" or "channels_first".
      depth_multiplier: of a separable convolution: outputs of the first step for each channel.
      activation: function; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, bias_initializer, ...: of the variables; those of a separable convolution
        are "depthwise_kernel", "pointwise_kernel", "bias", of others "kernel", "bias".
      activity_regularizer: function from the output to a loss.
      trainable: whether the variables go to GraphKeys.TRAINABLE_VARIABLES.
      name: of the variable scope; default: from the name of the layer, made unique.
      %s
    Raises:
      ValueError: for inputs of the wrong rank, or an unknown number of channels.
    """


def _class(common, title, drop=(), **defaults):
    """The tf.layers class of a convolution."""

    class Convolution(common, base.Layer):
        __doc__ = _DOC % (title, "", "")
        __init__ = redefined(
            common.__init__,
            drop=drop,
            data_format="channels_last",
            bias_initializer=init_ops.zeros_initializer(),
            **defaults,
            trainable=True,
            name=None,
        )

    Convolution.__name__ = Convolution.__qualname__ = common.__name__
    return Convolution


def _function(cls, name, title):
    inputs = "inputs: Tensor [batch, sizes..., channels], or channels second.\n      "
    reuse = "reuse: whether the variables must exist.\n"
    return layer_function(cls, name, _DOC % (title, inputs, reuse))


_SEPARABLE = {"depthwise_initializer": None, "pointwise_initializer": None}
_TITLES = {
    "Conv1D": "Convolution of sequences.",
    "Conv2D": "Convolution of images.",
    "Conv3D": "Convolution of volumes.",
    "SeparableConv1D": "Depthwise convolution of sequences, then one of size 1.",
    "SeparableConv2D": "Depthwise convolution of images, then one of size 1.",
    "Conv2DTranspose": "Transposed convolution of images.",
    "Conv3DTranspose": "Transposed convolution of volumes.",
}

Conv1D = _class(common_convolutional.Conv1D, _TITLES["Conv1D"], kernel_initializer=None)
Conv2D = _class(common_convolutional.Conv2D, _TITLES["Conv2D"], kernel_initializer=None)
Conv3D = _class(common_convolutional.Conv3D, _TITLES["Conv3D"], kernel_initializer=None)
SeparableConv1D = _class(
    common_convolutional.SeparableConv1D, _TITLES["SeparableConv1D"], **_SEPARABLE
)
SeparableConv2D = _class(
    common_convolutional.SeparableConv2D, _TITLES["SeparableConv2D"], **_SEPARABLE
)
Conv2DTranspose = _class(
    common_transposed.Conv2DTranspose,
    _TITLES["Conv2DTranspose"],
    drop=("output_padding", "dilation_rate"),
    kernel_initializer=None,
)
Conv3DTranspose = _class(
    common_transposed.Conv3DTranspose,
    _TITLES["Conv3DTranspose"],
    drop=("output_padding",),
    kernel_initializer=None,
)

conv1d = _function(Conv1D, "conv1d", _TITLES["Conv1D"])
conv2d = _function(Conv2D, "conv2d", _TITLES["Conv2D"])
conv3d = _function(Conv3D, "conv3d", _TITLES["Conv3D"])
separable_conv1d = _function(SeparableConv1D, "separable_conv1d", _TITLES["SeparableConv1D"])
separable_conv2d = _function(SeparableConv2D, "separable_conv2d", _TITLES["SeparableConv2D"])
conv2d_transpose = _function(Conv2DTranspose, "conv2d_transpose", _TITLES["Conv2DTranspose"])
conv3d_transpose = _function(Conv3DTranspose, "conv3d_transpose", _TITLES["Conv3DTranspose"])

# Old names.
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
SeparableConvolution2D = SeparableConv2D
Convolution2DTranspose, Convolution3DTranspose = Conv2DTranspose, Conv3DTranspose
Deconvolution2D, Deconv2D = Conv2DTranspose, Conv2DTranspose
Deconvolution3D, Deconv3D = Conv3DTranspose, Conv3DTranspose
convolution1d, convolution2d, convolution3d = conv1d, conv2d, conv3d
separable_convolution2d = separable_conv2d
convolution2d_transpose, deconvolution2d, deconv2d = (conv2d_transpose,) * 3
convolution3d_transpose, deconvolution3d, deconv3d = (conv3d_transpose,) * 3
