# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.layers`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.layers.base import InputSpec, Layer

__getattr__ = _module_getattr(
    "layers",
    {
        "caudal.layers.core": "Dense Dropout Flatten dense dropout flatten",
        "caudal.layers.convolutional": """
            Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose SeparableConv1D SeparableConv2D
            conv1d conv2d conv2d_transpose conv3d conv3d_transpose separable_conv1d
            separable_conv2d
        """,
        "caudal.layers.pooling": """
            AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D
            MaxPooling3D average_pooling1d average_pooling2d average_pooling3d max_pooling1d
            max_pooling2d max_pooling3d
        """,
        "caudal.layers.normalization": "BatchNormalization batch_normalization",
    },
)

__all__ = ["InputSpec", "Layer", *__getattr__.names]
