# SPDX-License-Identifier: Apache-2.0
"""Xception: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions",
arXiv:1610.02357."""

from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


def _separable(x, filters, name):
    x = layers.SeparableConv2D(filters, (3, 3), padding="same", use_bias=False, name=name)(x)
    return common.norm(x, name=name + "_bn")


def _stem(x, filters, name, **options):
    x = layers.Conv2D(filters, (3, 3), use_bias=False, name=name, **options)(x)
    return common.relu(common.norm(x, name=name + "_bn"), name=name + "_act")


def _shrinking_block(x, number, filters, first_relu=True):
    """Two separable convolutions and a pooling, beside a convolution of stride 2."""
    y = layers.Conv2D(filters[1], (1, 1), strides=(2, 2), padding="same", use_bias=False)(x)
    y = common.norm(y)
    for i, count in enumerate(filters, 1):
        name = "block%d_sepconv%d" % (number, i)
        if first_relu or i > 1:
            x = common.relu(x, name=name + "_act")
        x = _separable(x, count, name)
    x = layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same", name="block%d_pool" % number)(x)
    return layers.add([x, y])


def Xception(
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """Separable convolutions; images from 71 x 71, 299 x 299 with the top.

    Args: those of all networks, see `applications.common`.
    """
    image = common.first_image(locals(), default_size=299, min_size=71)
    x = _stem(image, 32, "block1_conv1", strides=(2, 2))
    x = _stem(x, 64, "block1_conv2")
    x = _shrinking_block(x, 2, (128, 128), first_relu=False)
    x = _shrinking_block(x, 3, (256, 256))
    x = _shrinking_block(x, 4, (728, 728))
    for number in range(5, 13):
        y = x
        for i in (1, 2, 3):
            name = "block%d_sepconv%d" % (number, i)
            x = _separable(common.relu(x, name=name + "_act"), 728, name)
        x = layers.add([x, y])
    x = _shrinking_block(x, 13, (728, 1024))
    for i, filters in ((1, 1536), (2, 2048)):
        name = "block14_sepconv%d" % i
        x = common.relu(_separable(x, filters, name), name=name + "_act")
    x = common.head(x, include_top, pooling, classes)
    top = "" if include_top else "_notop"
    file = "xception_weights_tf_dim_ordering_tf_kernels%s.h5" % top
    file_hash = (
        "0a58e3b7378bc2990ea3b43d5981f1f6" if include_top else "b0042744bf5b25fce3cb969f33bebb97"
    )
    url = common.FIRST_WEIGHTS % 4 + file
    return common.finish(image, x, "xception", weights, file, url, file_hash)
