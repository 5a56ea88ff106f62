# SPDX-License-Identifier: Apache-2.0
"""VGG16: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", arXiv:1409.1556."""

from caudal.keras.applications.imagenet_utils import decode_predictions, preprocess_input
from caudal.keras.applications.vgg_common import vgg

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

_HASHES = {True: "64373286793e3c8b2b4e3219cbf3544b", False: "6d6bbae143d832006294945121d1f1fc"}


def VGG16(
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """Thirteen convolutions and three dense layers; images from 32 x 32, 224 x 224 with the top.

    Args: those of all networks, see `applications.common`.
    """
    return vgg(
        "vgg16",
        (2, 2, 3, 3, 3),
        _HASHES,
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
    )
