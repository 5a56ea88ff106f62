# SPDX-License-Identifier: Apache-2.0
"""Dropout of elements and of whole feature maps."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.layers import common_core
from caudal.layers.utils import real_number

__all__ = ["Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class Dropout(common_core.Dropout, Layer):
    """While training, sets a share of the inputs to 0 and scales up the others.

    Args:
      rate: share that is dropped, between 0 and 1.
      noise_shape: shape of the decisions, which broadcasts against the inputs; None in it stands
        for the size of the inputs.
      seed: integer.

    Source: Srivastava and others 2014, "Dropout".
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)
        self.rate = min(1.0, max(0.0, real_number(self, "rate", rate)))

    def _get_noise_shape(self, inputs):
        if self.noise_shape is None:
            return None
        sizes = K.shape(inputs)
        return tuple(sizes[i] if n is None else n for i, n in enumerate(self.noise_shape))

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0:
            return inputs

        def dropped():
            return K.dropout(inputs, self.rate, self._get_noise_shape(inputs), seed=self.seed)

        return K.in_train_phase(dropped, lambda: inputs, training=training)


class _SpatialDropout(Dropout):
    """Drops all of a channel of an example, or nothing of it."""

    def __init__(self, rate, rank, data_format, **kwargs):
        super().__init__(rate, **kwargs)
        self.data_format = K.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank)

    def _get_noise_shape(self, inputs):
        sizes = K.shape(inputs)
        ones = (1,) * (self.input_spec.ndim - 2)
        if self.data_format == "channels_first":
            return (sizes[0], sizes[1], *ones)
        return (sizes[0], *ones, sizes[len(ones) + 1])


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features of sequences.

    Args:
      rate: share that is dropped, between 0 and 1.

    Input and output: (batch, steps, features).
    Source: Tompson and others 2015, arXiv 1411.4280.
    """

    def __init__(self, rate, **kwargs):
        super().__init__(rate, 3, "channels_last", **kwargs)


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole feature maps of images.

    Args:
      rate: share that is dropped, between 0 and 1.
      data_format: "channels_last" for (batch, rows, columns, channels), "channels_first" for
        (batch, channels, rows, columns); default: `K.image_data_format()`.

    Source: Tompson and others 2015, arXiv 1411.4280.
    """

    def __init__(self, rate, data_format=None, **kwargs):
        super().__init__(rate, 4, data_format, **kwargs)


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole feature maps of volumes.

    Args:
      rate: share that is dropped, between 0 and 1.
      data_format: "channels_last" for (batch, three spatial axes, channels), "channels_first" for
        (batch, channels, three spatial axes); default: `K.image_data_format()`.

    Source: Tompson and others 2015, arXiv 1411.4280.
    """

    def __init__(self, rate, data_format=None, **kwargs):
        super().__init__(rate, 5, data_format, **kwargs)
