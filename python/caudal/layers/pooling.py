# SPDX-License-Identifier: Apache-2.0
"""tf.layers: pools over sequences, images and volumes."""

from caudal.layers import base, common_pooling
from caudal.layers.utils import layer_function

_DOC = """%s

    Args:
      %spool_size: int, or one for each dimension.
      strides: int, or one for each dimension.
      padding: "valid" or "same".
      data_format: "channels_last" or "channels_first".
      name: of the operations.
    """


def _class(common):
    """The tf.layers class of a pool."""

    class Pool(common, base.Layer):
        __doc__ = _DOC % (common.__doc__, "")

        def __init__(self, pool_size, strides, padding="valid", data_format="channels_last",
                     name=None, **kwargs):  # fmt: skip
            if strides is None:
                raise ValueError("Argument `strides` must not be None.")
            super().__init__(
                pool_size=pool_size, strides=strides, padding=padding, data_format=data_format,
                name=name, **kwargs,
            )  # fmt: skip

    Pool.__name__ = Pool.__qualname__ = common.__name__
    return Pool


def _function(cls, name):
    inputs = "inputs: Tensor [batch, sizes..., channels], or channels second.\n      "
    return layer_function(cls, name, _DOC % (cls.__mro__[1].__doc__, inputs), reuse=False)


MaxPooling1D = _class(common_pooling.MaxPooling1D)
MaxPooling2D = _class(common_pooling.MaxPooling2D)
MaxPooling3D = _class(common_pooling.MaxPooling3D)
AveragePooling1D = _class(common_pooling.AveragePooling1D)
AveragePooling2D = _class(common_pooling.AveragePooling2D)
AveragePooling3D = _class(common_pooling.AveragePooling3D)

max_pooling1d = _function(MaxPooling1D, "max_pooling1d")
max_pooling2d = _function(MaxPooling2D, "max_pooling2d")
max_pooling3d = _function(MaxPooling3D, "max_pooling3d")
average_pooling1d = _function(AveragePooling1D, "average_pooling1d")
average_pooling2d = _function(AveragePooling2D, "average_pooling2d")
average_pooling3d = _function(AveragePooling3D, "average_pooling3d")

# Old names.
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
max_pool2d, avg_pool2d = max_pooling2d, average_pooling2d
