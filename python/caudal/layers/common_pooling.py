# SPDX-License-Identifier: Apache-2.0
"""Pools over sequences, images and volumes, with the arguments of `tf.keras.layers`."""

from caudal.framework import tensor_shape
from caudal.layers import volumes
from caudal.layers.engine import Layer
from caudal.layers.input_spec import InputSpec
from caudal.layers.utils import (
    conv_output_length,
    convert_data_format,
    normalize_padding,
    normalize_tuple,
)
from caudal.ops import array_ops, nn_ops


class Pooling(Layer):
    """A pool over `rank` dimensions.

    Args:
      rank: 1, 2 or 3.
      function: the op, called as function(inputs, ksize, strides, padding, data_format).
      pool_size, strides: int or one for each dimension; `strides` None: like `pool_size`.
      padding: "valid" or "same".
      data_format: "channels_last" or "channels_first".
    """

    def __init__(self, rank, function, pool_size, strides, padding="valid", data_format=None,
                 name=None, **kwargs):  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.rank = rank
        self.pool_function = function
        self.data_format = self._lookup.data_format(data_format)
        strides = pool_size if strides is None else strides
        self.pool_size = normalize_tuple(pool_size, rank, "pool_size")
        self.strides = normalize_tuple(strides, rank, "strides")
        self.padding = normalize_padding(padding)
        self.input_spec = InputSpec(ndim=rank + 2)

    def call(self, inputs):
        first = self.data_format == "channels_first"
        window, strides = list(self.pool_size), list(self.strides)
        padding = self.padding.upper()
        if self.rank == 1:
            # An image of height 1, or of width 1 where channels come first.
            axis = 3 if first else 2
            image = array_ops.expand_dims(inputs, axis)
            layout = "NCHW" if first else "NHWC"
            result = self.pool_function(
                image, self._full(window + [1]), self._full(strides + [1]), padding, layout
            )
            return array_ops.squeeze(result, [axis])
        if self.rank == 3 and first:
            volume = array_ops.transpose(inputs, (0, 2, 3, 4, 1))
            result = self.pool_function(volume, [1, *window, 1], [1, *strides, 1], padding, "NDHWC")
            return array_ops.transpose(result, (0, 4, 1, 2, 3))
        layout = convert_data_format(self.data_format, self.rank + 2)
        return self.pool_function(inputs, self._full(window), self._full(strides), padding, layout)

    def _full(self, sizes):
        first = self.data_format == "channels_first"
        return [1, 1, *sizes] if first else [1, *sizes, 1]

    def compute_output_shape(self, input_shape):
        shape = tensor_shape.as_shape(input_shape).as_list()
        start = 2 if self.data_format == "channels_first" else 1
        for i, (window, stride) in enumerate(zip(self.pool_size, self.strides), start):
            shape[i] = conv_output_length(shape[i], window, self.padding, stride)
        return self._lookup.shape(shape)

    def get_config(self):
        # In the order in which files have them.
        first = ("strides", "pool_size", "padding", "data_format")
        names = first if self.rank == 1 else ("pool_size", "padding", "strides", "data_format")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _max_pool(value, ksize, strides, padding, data_format):
    return nn_ops.max_pool(value, ksize, strides, padding, data_format)


def _avg_pool(value, ksize, strides, padding, data_format):
    return nn_ops.avg_pool(value, ksize, strides, padding, data_format)


class MaxPooling1D(Pooling):
    """The largest values of windows of sequences."""

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format="channels_last",
                 **kwargs):  # fmt: skip
        super().__init__(1, _max_pool, pool_size, strides, padding, data_format, **kwargs)


class AveragePooling1D(Pooling):
    """The means of windows of sequences."""

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format="channels_last",
                 **kwargs):  # fmt: skip
        super().__init__(1, _avg_pool, pool_size, strides, padding, data_format, **kwargs)


class MaxPooling2D(Pooling):
    """The largest values of windows of images."""

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(2, _max_pool, pool_size, strides, padding, data_format, **kwargs)


class AveragePooling2D(Pooling):
    """The means of windows of images."""

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(2, _avg_pool, pool_size, strides, padding, data_format, **kwargs)


class MaxPooling3D(Pooling):
    """The largest values of windows of volumes."""

    def __init__(self, pool_size=(2, 2, 2), strides=None, padding="valid", data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(3, volumes.max_pool3d, pool_size, strides, padding, data_format, **kwargs)


class AveragePooling3D(Pooling):
    """The means of windows of volumes."""

    def __init__(self, pool_size=(2, 2, 2), strides=None, padding="valid", data_format=None,
                 **kwargs):  # fmt: skip
        super().__init__(3, volumes.avg_pool3d, pool_size, strides, padding, data_format, **kwargs)
