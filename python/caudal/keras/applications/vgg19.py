# SPDX-License-Identifier: Apache-2.0
"""VGG19: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", arXiv:1409.1556."""

from caudal.keras.applications.imagenet_utils import decode_predictions, preprocess_input
from caudal.keras.applications.vgg_common import vgg

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

_HASHES = {True: "cbe5617147190e668d6c5d5026f83318", False: "253f8cb515780f3b799900260a226db6"}


def VGG19(
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
):
    """Sixteen convolutions and three dense layers; images from 32 x 32, 224 x 224 with the top.

    Args: those of all networks, see `applications.common`.
    """
    return vgg(
        "vgg19",
        (2, 2, 4, 4, 4),
        _HASHES,
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
    )
