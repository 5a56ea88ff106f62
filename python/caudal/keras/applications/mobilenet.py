# SPDX-License-Identifier: Apache-2.0
"""MobileNet: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", arXiv:1704.04861."""

import warnings

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

_SIZES = (128, 160, 192, 224)
_ALPHAS = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}
# (filters, stride) of the thirteen blocks.
_BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


def image_sides(shape):
    """(rows, columns) of the shape of one image."""
    return shape[1:] if K.image_data_format() == "channels_first" else shape[:2]


def default_size(shape, sizes):
    """The side of a square image with one of these `sizes`, else 224."""
    if shape is None:
        return 224
    rows, cols = image_sides(shape)
    return rows if rows == cols and rows in sizes else 224


def weights_size(rows, cols, sizes):
    """The size of image whose ImageNet weights are taken."""
    if rows == cols and rows in sizes:
        return rows
    warnings.warn(
        "`input_shape` is undefined or non-square, or `rows` is not in %s. Weights for input "
        "shape (224, 224) will be loaded as the default." % (list(sizes),)
    )
    return 224


def _norm_relu(x, name):
    return layers.ReLU(6.0, name=name + "_relu")(common.norm(x, name=name + "_bn"))


def _block(x, filters, stride, depth_multiplier, number):
    if stride == 2:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="conv_pad_%d" % number)(x)
    name = "conv_dw_%d" % number
    x = layers.DepthwiseConv2D(
        (3, 3),
        padding="same" if stride == 1 else "valid",
        depth_multiplier=depth_multiplier,
        strides=(stride, stride),
        use_bias=False,
        name=name,
    )(x)
    x = _norm_relu(x, name)
    name = "conv_pw_%d" % number
    x = layers.Conv2D(filters, (1, 1), padding="same", use_bias=False, name=name)(x)
    return _norm_relu(x, name)


def _top(x, filters, dropout, classes):
    shape = (filters, 1, 1) if K.image_data_format() == "channels_first" else (1, 1, filters)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Reshape(shape, name="reshape_1")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Conv2D(classes, (1, 1), padding="same", name="conv_preds")(x)
    x = layers.Reshape((classes,), name="reshape_2")(x)
    return layers.Activation("softmax", name="act_softmax")(x)


def MobileNet(
    input_shape=None,
    alpha=1.0,
    depth_multiplier=1,
    dropout=1e-3,
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    pooling=None,
    classes=1000,
):
    """Thirteen depthwise separable blocks; images from 32 x 32, 224 x 224 by default.

    Args:
      alpha: factor of the filters of all layers.
      depth_multiplier: filters by channel of the depthwise convolutions.
      dropout: rate before the last layer.
      others: those of all networks, see `applications.common`.
    """
    common.check_weights(weights, include_top, classes)
    input_shape = imagenet_utils._obtain_input_shape(
        input_shape,
        default_size=default_size(input_shape, _SIZES),
        min_size=32,
        data_format=K.image_data_format(),
        require_flatten=include_top,
        weights=weights,
    )
    rows, cols = image_sides(input_shape)
    if weights == "imagenet":
        if depth_multiplier != 1:
            raise ValueError("If imagenet weights are being loaded, depth multiplier must be 1")
        if alpha not in _ALPHAS:
            raise ValueError(
                "If imagenet weights are being loaded, alpha can be one of `0.25`, `0.50`, `0.75` "
                "or `1.0` only."
            )
        rows = weights_size(rows, cols, _SIZES)
    image = common.open_image(input_tensor, input_shape)
    x = layers.ZeroPadding2D(padding=((0, 1), (0, 1)), name="conv1_pad")(image)
    x = layers.Conv2D(
        int(32 * alpha), (3, 3), padding="valid", use_bias=False, strides=(2, 2), name="conv1"
    )(x)
    x = _norm_relu(x, "conv1")
    for number, (filters, stride) in enumerate(_BLOCKS, 1):
        x = _block(x, int(filters * alpha), stride, depth_multiplier, number)
    if include_top:
        x = _top(x, int(1024 * alpha), dropout, classes)
    else:
        x = common.pool(x, pooling)
    top = "" if include_top else "_no_top"
    file = "mobilenet_%s_%s_tf%s.h5" % (_ALPHAS.get(alpha), rows, top)
    name = "mobilenet_%0.2f_%s" % (alpha, rows)
    return common.finish(image, x, name, weights, file, common.FIRST_WEIGHTS % 6 + file)
