# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
arXiv:1801.04381."""

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions
from caudal.keras.applications.mobilenet import default_size, image_sides, weights_size

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

_WEIGHTS = "https://github.com/JonathanCMitchell/mobilenet_v2_keras/releases/download/v1.1/"
_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.50, 0.75, 1.0, 1.3, 1.4)
# (filters, strides of the blocks) of groups of blocks.
_GROUPS = (
    (16, (1,)),
    (24, (2, 1)),
    (32, (2, 1, 1)),
    (64, (2, 1, 1, 1)),
    (96, (1, 1, 1)),
    (160, (2, 1, 1)),
    (320, (1,)),
)
_EXPANSION = 6


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


def _eights(count):
    """The multiple of 8 next to `count`, but not below 90 % of it."""
    nearest = max(8, int(count + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * count else nearest


def _norm(x, name):
    return common.norm(x, name=name, epsilon=1e-3, momentum=0.999)


def _relu(x, name):
    return layers.ReLU(6.0, name=name)(x)


def _pointwise(x, filters, name):
    return layers.Conv2D(filters, kernel_size=1, padding="same", use_bias=False, name=name)(x)


def _block(x, number, filters, stride):
    """Widen, depthwise convolution, narrow; with a bypass where the shapes agree."""
    channels = K.int_shape(x)[common.channel_axis()]
    y = x
    prefix = "expanded_conv_"
    if number:
        prefix = "block_%d_" % number
        y = _pointwise(y, _EXPANSION * channels, prefix + "expand")
        y = _relu(_norm(y, prefix + "expand_BN"), prefix + "expand_relu")
    if stride == 2:
        y = layers.ZeroPadding2D(common.correct_pad(y, (3, 3)), name=prefix + "pad")(y)
    y = layers.DepthwiseConv2D(
        kernel_size=3,
        strides=stride,
        use_bias=False,
        padding="same" if stride == 1 else "valid",
        name=prefix + "depthwise",
    )(y)
    y = _relu(_norm(y, prefix + "depthwise_BN"), prefix + "depthwise_relu")
    y = _norm(_pointwise(y, filters, prefix + "project"), prefix + "project_BN")
    if channels == filters and stride == 1:
        return layers.Add(name=prefix + "add")([x, y])
    return y


def _check_agreement(input_shape, input_tensor):
    """The shape to go by, when there is an input tensor."""
    if not K.is_keras_tensor(input_tensor):
        if input_shape is not None:
            raise ValueError("input_tensor specified: %s is not a keras tensor" % (input_tensor,))
        return None
    shape = K.int_shape(input_tensor)[1:]
    if input_shape is not None and image_sides(shape)[1] != image_sides(input_shape)[1]:
        raise ValueError(
            "input_shape: %s and input_tensor: %s do not meet the same shape requirements"
            % (input_shape, input_tensor)
        )
    return shape


def MobileNetV2(
    input_shape=None,
    alpha=1.0,
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    pooling=None,
    classes=1000,
):
    """Seventeen blocks of inverted residuals; images from 32 x 32, 224 x 224 by default.

    Args:
      alpha: factor of the filters of all layers.
      others: those of all networks, see `applications.common`.
    """
    common.check_weights(weights, include_top, classes)
    known_shape = input_shape
    if input_tensor is not None:
        known_shape = _check_agreement(input_shape, input_tensor)
    input_shape = imagenet_utils._obtain_input_shape(
        input_shape,
        default_size=default_size(input_shape or known_shape, _SIZES),
        min_size=32,
        data_format=K.image_data_format(),
        require_flatten=include_top,
        weights=weights,
    )
    rows, cols = image_sides(input_shape)
    if weights == "imagenet":
        if alpha not in _ALPHAS:
            raise ValueError(
                "If imagenet weights are being loaded, alpha can be one of `0.35`, `0.50`, `0.75`, "
                "`1.0`, `1.3` or `1.4` only."
            )
        rows = weights_size(rows, cols, _SIZES)
    image = common.open_image(input_tensor, input_shape)
    x = layers.ZeroPadding2D(common.correct_pad(image, (3, 3)), name="Conv1_pad")(image)
    x = layers.Conv2D(
        _eights(32 * alpha),
        kernel_size=3,
        strides=(2, 2),
        padding="valid",
        use_bias=False,
        name="Conv1",
    )(x)
    x = _relu(_norm(x, "bn_Conv1"), "Conv1_relu")
    blocks = [(filters, stride) for filters, strides in _GROUPS for stride in strides]
    for number, (filters, stride) in enumerate(blocks):
        x = _block(x, number, _eights(int(filters * alpha)), stride)
    last = _eights(1280 * alpha) if alpha > 1.0 else 1280
    x = layers.Conv2D(last, kernel_size=1, use_bias=False, name="Conv_1")(x)
    x = _relu(_norm(x, "Conv_1_bn"), "out_relu")
    x = common.head(x, include_top, pooling, classes, name="Logits", avg_name=None)
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_%s_%s%s.h5" % (
        alpha,
        rows,
        "" if include_top else "_no_top",
    )
    name = "mobilenetv2_%0.2f_%s" % (alpha, rows)
    return common.finish(image, x, name, weights, file, _WEIGHTS + file)
