# SPDX-License-Identifier: Apache-2.0
"""ResNet50: He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385."""

import warnings

from caudal.keras import layers
from caudal.keras.applications import common
from caudal.keras.applications.imagenet_utils import decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

# (blocks, filters inside, stride of the first block) of stages 2 to 5.
_STAGES = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))


def _conv_norm(x, filters, size, name, **options):
    """Layers res<name> and bn<name>."""
    x = layers.Conv2D(filters, size, kernel_initializer="he_normal", name="res" + name, **options)(
        x
    )
    return common.norm(x, name="bn" + name)


def _block(x, filters, name, stride, has_projection):
    name += "_branch"
    y = common.relu(_conv_norm(x, filters, (1, 1), name + "2a", strides=(stride, stride)))
    y = common.relu(_conv_norm(y, filters, (3, 3), name + "2b", padding="same"))
    y = _conv_norm(y, 4 * filters, (1, 1), name + "2c")
    if has_projection:
        x = _conv_norm(x, 4 * filters, (1, 1), name + "1", strides=(stride, stride))
    return common.relu(layers.add([y, x]))


def ResNet50(
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """Sixteen residual blocks; images from 32 x 32, 224 x 224 with the top.

    Args: those of all networks, see `applications.common`.
    """
    image = common.first_image(locals(), default_size=224, min_size=32)
    x = layers.ZeroPadding2D(padding=(3, 3), name="conv1_pad")(image)
    x = layers.Conv2D(
        64,
        (7, 7),
        strides=(2, 2),
        padding="valid",
        kernel_initializer="he_normal",
        name="conv1",
    )(x)
    x = common.relu(common.norm(x, name="bn_conv1"))
    x = layers.ZeroPadding2D(padding=(1, 1), name="pool1_pad")(x)
    x = layers.MaxPooling2D((3, 3), strides=(2, 2))(x)
    for stage, (blocks, filters, stride) in enumerate(_STAGES, 2):
        for number in range(blocks):
            name = "%d%s" % (stage, "abcdef"[number])
            x = _block(x, filters, name, 1 if number else stride, has_projection=number == 0)
    if not include_top and pooling not in ("avg", "max"):
        warnings.warn(
            "The output shape of `ResNet50(include_top=False)` has been changed since Keras 2.2.0."
        )
    x = common.head(x, include_top, pooling, classes, name="fc1000")
    top = "" if include_top else "_notop"
    file = "resnet50_weights_tf_dim_ordering_tf_kernels%s.h5" % top
    file_hash = (
        "a7b3fe01876f51b976af0dea6bc144eb" if include_top else "a268eb855778b3df3c7506639542a6af"
    )
    url = common.FIRST_WEIGHTS % 2 + file
    return common.finish(image, x, "resnet50", weights, file, url, file_hash)
