# SPDX-License-Identifier: Apache-2.0
"""Inception-ResNet v2: Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning", arXiv:1602.07261."""

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

# A branch is a tuple of convolutions (filters, size); a third entry 2 is the stride of one with
# padding "valid".
_MIXED_5B = ((96, 1),), ((48, 1), (64, 5)), ((64, 1), (96, 3), (96, 3))
_MIXED_6A = ((384, 3, 2),), ((256, 1), (256, 3), (384, 3, 2))
_MIXED_7A = (
    ((256, 1), (384, 3, 2)),
    ((256, 1), (288, 3, 2)),
    ((256, 1), (288, 3), (320, 3, 2)),
)
_RESIDUAL = {
    "block35": (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))),
    "block17": (((192, 1),), ((128, 1), (160, [1, 7]), (192, [7, 1]))),
    "block8": (((192, 1),), ((192, 1), (224, [1, 3]), (256, [3, 1]))),
}


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


def _conv(x, filters, size, stride=1, padding=None, name=None):
    padding = padding or ("valid" if stride == 2 else "same")
    x = layers.Conv2D(filters, size, strides=stride, padding=padding, use_bias=False, name=name)(x)
    x = common.norm(x, scale=False, name=name and name + "_bn")
    return common.relu(x, name=name and name + "_ac")


def _branches(x, table):
    results = []
    for convolutions in table:
        y = x
        for convolution in convolutions:
            y = _conv(y, *convolution)
        results.append(y)
    return results


def _half(x):
    return layers.MaxPooling2D(3, strides=2)(x)


def _residual_block(x, kind, number, scale, last=False):
    """x + scale * (branches, brought to the channels of x by a convolution)."""
    name = "%s_%d" % (kind, number)
    mixed = common.concat(_branches(x, _RESIDUAL[kind]), name=name + "_mixed")
    channels = K.int_shape(x)[common.channel_axis()]
    up = layers.Conv2D(channels, 1, padding="same", name=name + "_conv")(mixed)
    x = layers.Lambda(
        lambda inputs, scale: inputs[0] + inputs[1] * scale,
        output_shape=K.int_shape(x)[1:],
        arguments={"scale": scale},
        name=name,
    )([x, up])
    return x if last else common.relu(x, name=name + "_ac")


def InceptionResNetV2(
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """Residual blocks of branches; images from 75 x 75, 299 x 299 with the top.

    Args: those of all networks, see `applications.common`.
    """
    image = common.first_image(locals(), default_size=299, min_size=75)
    x = _conv(image, 32, 3, 2)
    x = _conv(x, 32, 3, padding="valid")
    x = _half(_conv(x, 64, 3))
    x = _conv(x, 80, 1, padding="valid")
    x = _half(_conv(x, 192, 3, padding="valid"))
    branches = _branches(x, _MIXED_5B)
    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    x = common.concat([*branches, _conv(pooled, 64, 1)], name="mixed_5b")
    for number in range(1, 11):
        x = _residual_block(x, "block35", number, 0.17)
    x = common.concat([*_branches(x, _MIXED_6A), _half(x)], name="mixed_6a")
    for number in range(1, 21):
        x = _residual_block(x, "block17", number, 0.1)
    x = common.concat([*_branches(x, _MIXED_7A), _half(x)], name="mixed_7a")
    for number in range(1, 10):
        x = _residual_block(x, "block8", number, 0.2)
    x = _residual_block(x, "block8", 10, 1.0, last=True)
    x = _conv(x, 1536, 1, name="conv_7b")
    x = common.head(x, include_top, pooling, classes)
    top = "" if include_top else "_notop"
    file = "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels%s.h5" % top
    file_hash = (
        "e693bd0210a403b3192acc6073ad2e96" if include_top else "d19885ff4a710c122648d3b5c3b684e4"
    )
    url = common.FIRST_WEIGHTS % 7 + file
    return common.finish(image, x, "inception_resnet_v2", weights, file, url, file_hash)
