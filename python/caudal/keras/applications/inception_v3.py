# SPDX-License-Identifier: Apache-2.0
"""InceptionV3: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
arXiv:1512.00567."""

from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]

# A branch is a tuple of convolutions (filters, rows, columns); "/2" in front halves the size in the
# last one, and "pool" stands for a pooling.
_SAME_35 = ((64, 1, 1),), ((48, 1, 1), (64, 5, 5)), ((64, 1, 1), (96, 3, 3), (96, 3, 3))


def _at_35(pooled):
    return (*_SAME_35, ("pool", (pooled, 1, 1)))


def _at_17(narrow):
    return (
        ((192, 1, 1),),
        ((narrow, 1, 1), (narrow, 1, 7), (192, 7, 1)),
        (
            (narrow, 1, 1),
            (narrow, 7, 1),
            (narrow, 1, 7),
            (narrow, 7, 1),
            (192, 1, 7),
        ),
        ("pool", (192, 1, 1)),
    )


_MIXED = (
    _at_35(32),
    _at_35(64),
    _at_35(64),
    (("/2", (384, 3, 3)), ("/2", (64, 1, 1), (96, 3, 3), (96, 3, 3)), ("/2", "pool")),
    _at_17(128),
    _at_17(160),
    _at_17(160),
    _at_17(192),
    (
        ("/2", (192, 1, 1), (320, 3, 3)),
        ("/2", (192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3)),
        ("/2", "pool"),
    ),
)


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


def _conv(x, filters, rows, cols, padding="same", strides=(1, 1)):
    x = layers.Conv2D(filters, (rows, cols), strides=strides, padding=padding, use_bias=False)(x)
    return common.relu(common.norm(x, scale=False))


def _mean(x):
    return layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same")(x)


def _half(x):
    return layers.MaxPooling2D((3, 3), strides=(2, 2))(x)


def _branch(x, parts):
    halves = parts[0] == "/2"
    parts = parts[halves:]
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == "pool":
            x = _half(x) if halves else _mean(x)
        elif halves and last:
            x = _conv(x, *part, padding="valid", strides=(2, 2))
        else:
            x = _conv(x, *part)
    return x


def _wide_block(x, number):
    """The last two blocks: branches that fork."""
    branches = [_conv(x, 320, 1, 1)]
    for parts, name in (((384, 1, 1),), "mixed9_%d" % number), (((448, 1, 1), (384, 3, 3)), None):
        y = _branch(x, parts)
        branches.append(common.concat([_conv(y, 384, 1, 3), _conv(y, 384, 3, 1)], name=name))
    branches.append(_conv(_mean(x), 192, 1, 1))
    return common.concat(branches, name="mixed%d" % (9 + number))


def InceptionV3(
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """Blocks of branches of convolutions; images from 75 x 75, 299 x 299 with the top.

    Args: those of all networks, see `applications.common`.
    """
    image = common.first_image(locals(), default_size=299, min_size=75)
    x = _conv(image, 32, 3, 3, strides=(2, 2), padding="valid")
    x = _conv(x, 32, 3, 3, padding="valid")
    x = _half(_conv(x, 64, 3, 3))
    x = _conv(x, 80, 1, 1, padding="valid")
    x = _half(_conv(x, 192, 3, 3, padding="valid"))
    for number, branches in enumerate(_MIXED):
        x = common.concat([_branch(x, parts) for parts in branches], name="mixed%d" % number)
    for number in range(2):
        x = _wide_block(x, number)
    x = common.head(x, include_top, pooling, classes)
    top = "" if include_top else "_notop"
    file = "inception_v3_weights_tf_dim_ordering_tf_kernels%s.h5" % top
    file_hash = (
        "9a0d58056eeedaa3f26cb7ebd46da564" if include_top else "bcbd6486424b2319ff4ef7d526e38f63"
    )
    url = common.FIRST_WEIGHTS % 5 + file
    return common.finish(image, x, "inception_v3", weights, file, url, file_hash)
