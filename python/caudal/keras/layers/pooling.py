# SPDX-License-Identifier: Apache-2.0
"""Pools over windows, and over whole sequences, images and volumes."""

from caudal.framework.tensor_shape import as_shape
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.layers import common_pooling

_ARGS = """

    Args:
      pool_size: int, or one for each dimension.
      strides: int, or one for each dimension; None: like `pool_size`.
      padding: "valid" or "same".
      data_format: "channels_last" for inputs [batch, sizes..., channels], "channels_first" for
        [batch, channels, sizes...]; None: `K.image_data_format()`.
    """


class MaxPooling1D(common_pooling.MaxPooling1D, Layer):
    __doc__ = common_pooling.MaxPooling1D.__doc__ + _ARGS


class AveragePooling1D(common_pooling.AveragePooling1D, Layer):
    __doc__ = common_pooling.AveragePooling1D.__doc__ + _ARGS


class MaxPooling2D(common_pooling.MaxPooling2D, Layer):
    __doc__ = common_pooling.MaxPooling2D.__doc__ + _ARGS


class AveragePooling2D(common_pooling.AveragePooling2D, Layer):
    __doc__ = common_pooling.AveragePooling2D.__doc__ + _ARGS


class MaxPooling3D(common_pooling.MaxPooling3D, Layer):
    __doc__ = common_pooling.MaxPooling3D.__doc__ + _ARGS


class AveragePooling3D(common_pooling.AveragePooling3D, Layer):
    __doc__ = common_pooling.AveragePooling3D.__doc__ + _ARGS


class _GlobalPooling(Layer):
    """A pool over all places, [batch, channels]."""

    rank = None

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self):
        return self.data_format == "channels_first"

    @property
    def _axes(self):
        start = 2 if self._first else 1
        return list(range(start, start + self.rank))

    def compute_output_shape(self, input_shape):
        shape = as_shape(input_shape).as_list()
        return (shape[0], shape[1 if self._first else -1])

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}


class _GlobalPooling1D(_GlobalPooling):
    rank = 1

    def __init__(self, data_format="channels_last", **kwargs):
        super().__init__(data_format, **kwargs)


class _GlobalPooling2D(_GlobalPooling):
    rank = 2


class _GlobalPooling3D(_GlobalPooling):
    rank = 3


_GLOBAL_ARGS = """

    Args:
      data_format: "channels_last" for inputs [batch, sizes..., channels], "channels_first" for
        [batch, channels, sizes...]; None: `K.image_data_format()`.
    """


class GlobalMaxPooling1D(_GlobalPooling1D):
    __doc__ = "The largest value of each channel of sequences." + _GLOBAL_ARGS

    def call(self, inputs):
        return K.max(inputs, axis=self._axes)


class GlobalMaxPooling2D(_GlobalPooling2D):
    __doc__ = "The largest value of each channel of images." + _GLOBAL_ARGS

    def call(self, inputs):
        return K.max(inputs, axis=self._axes)


class GlobalMaxPooling3D(_GlobalPooling3D):
    __doc__ = "The largest value of each channel of volumes." + _GLOBAL_ARGS

    def call(self, inputs):
        return K.max(inputs, axis=self._axes)


class GlobalAveragePooling1D(_GlobalPooling1D):
    __doc__ = (
        "The mean of each channel of sequences, over the steps that the mask keeps." + _GLOBAL_ARGS
    )

    def __init__(self, data_format="channels_last", **kwargs):
        super().__init__(data_format, **kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return K.mean(inputs, axis=self._axes)
        kept = K.expand_dims(K.cast(mask, K.dtype(inputs)), axis=1 if self._first else 2)
        return K.sum(inputs * kept, axis=self._axes) / K.sum(kept, axis=self._axes)

    def compute_mask(self, inputs, mask=None):
        return None


class GlobalAveragePooling2D(_GlobalPooling2D):
    __doc__ = "The mean of each channel of images." + _GLOBAL_ARGS

    def call(self, inputs):
        return K.mean(inputs, axis=self._axes)


class GlobalAveragePooling3D(_GlobalPooling3D):
    __doc__ = "The mean of each channel of volumes." + _GLOBAL_ARGS

    def call(self, inputs):
        return K.mean(inputs, axis=self._axes)


AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
