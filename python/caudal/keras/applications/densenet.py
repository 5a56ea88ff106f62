# SPDX-License-Identifier: Apache-2.0
"""DenseNets: Huang et al., "Densely Connected Convolutional Networks", arXiv:1608.06993."""

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions

__all__ = ["DenseNet", "DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions",
           "preprocess_input"]  # fmt: skip

_WEIGHTS = "https://github.com/keras-team/keras-applications/releases/download/densenet/"
_EPSILON = 1.001e-5
_GROWTH = 32
# By blocks of the four stages: name, hashes of the weights with and without the top.
_KNOWN = {
    (6, 12, 24, 16): (
        "densenet121",
        "9d60b8095a5708f2dcce2bca79d332c7",
        "30ee3e1110167f948a6b9946edeeb738",
    ),
    (6, 12, 32, 32): (
        "densenet169",
        "d699b8f76981ab1b30698df4c175e90b",
        "b8c4d4c20dd625c148057b9ff1c1176b",
    ),
    (6, 12, 48, 32): (
        "densenet201",
        "1ceb130c1ea1b78c3bf6114dbdfd8807",
        "c13680b51ded0fb44dff2d8f86ac8bb1",
    ),
}


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "torch"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="torch")


def _norm_relu(x, name):
    return common.relu(common.norm(x, name=name + "bn", epsilon=_EPSILON), name=name + "relu")


def _conv(x, filters, size, name, **options):
    return layers.Conv2D(filters, size, use_bias=False, name=name, **options)(x)


def _dense_stage(x, blocks, name):
    for number in range(1, blocks + 1):
        block = "%s_block%d" % (name, number)
        y = _conv(_norm_relu(x, block + "_0_"), 4 * _GROWTH, 1, block + "_1_conv")
        y = _conv(_norm_relu(y, block + "_1_"), _GROWTH, 3, block + "_2_conv", padding="same")
        x = common.concat([x, y], name=block + "_concat")
    return x


def _transition(x, name):
    filters = K.int_shape(x)[common.channel_axis()] // 2
    x = _conv(_norm_relu(x, name + "_"), filters, 1, name + "_conv")
    return layers.AveragePooling2D(2, strides=2, name=name + "_pool")(x)


def DenseNet(
    blocks,
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """A DenseNet with so many blocks in each of four stages; images from 32 x 32.

    Args: `blocks`, and those of all networks, see `applications.common`.
    """
    name, *hashes = _KNOWN.get(tuple(blocks), ("densenet",))
    if weights == "imagenet" and not hashes:
        raise ValueError("There are no ImageNet weights for a DenseNet of blocks %s" % (blocks,))
    image = common.first_image(locals(), default_size=224, min_size=32)
    x = layers.ZeroPadding2D(padding=((3, 3), (3, 3)))(image)
    x = _conv(x, 64, 7, "conv1/conv", strides=2)
    x = _norm_relu(x, "conv1/")
    x = layers.ZeroPadding2D(padding=((1, 1), (1, 1)))(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, count in enumerate(blocks, 2):
        if stage > 2:
            x = _transition(x, "pool%d" % (stage - 1))
        x = _dense_stage(x, count, "conv%d" % stage)
    x = _norm_relu(x, "")
    if include_top:
        x = common.head(x, include_top, pooling, classes, name="fc1000")
    else:
        x = common.pool(x, pooling, avg_name="avg_pool", max_name="max_pool")
    top = "" if include_top else "_notop"
    file = "%s_weights_tf_dim_ordering_tf_kernels%s.h5" % (name, top)
    file_hash = hashes[0 if include_top else 1] if hashes else None
    return common.finish(image, x, name, weights, file, _WEIGHTS + file, file_hash)


def _variant(number, blocks):
    def build(
        include_top=True,
        weights="imagenet",
        input_tensor=None,
        input_shape=None,
        pooling=None,
        classes=1000,
    ):
        return DenseNet(blocks, include_top, weights, input_tensor, input_shape, pooling, classes)

    build.__name__ = build.__qualname__ = "DenseNet%d" % number
    build.__doc__ = (
        """DenseNet with %d layers; images from 32 x 32, 224 x 224 with the top.

    Args: those of all networks, see `applications.common`.
    """
        % number
    )
    return build


DenseNet121 = _variant(121, [6, 12, 24, 16])
DenseNet169 = _variant(169, [6, 12, 32, 32])
DenseNet201 = _variant(201, [6, 12, 48, 32])
