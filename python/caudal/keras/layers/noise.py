# SPDX-License-Identifier: Apache-2.0
"""Layers that disturb their inputs while training."""

import numpy as np

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.layers.utils import real_number

__all__ = ["AlphaDropout", "GaussianDropout", "GaussianNoise"]


class GaussianNoise(Layer):
    """Adds normal noise while training.

    Args:
      stddev: of the noise.
    """

    def __init__(self, stddev, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.stddev = real_number(self, "stddev", stddev)

    def call(self, inputs, training=None):
        def noised():
            return inputs + K.random_normal(
                K.shape(inputs), mean=0.0, stddev=self.stddev, dtype=K.dtype(inputs)
            )

        return K.in_train_phase(noised, lambda: inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


class GaussianDropout(Layer):
    """Multiplies with normal noise of mean 1 while training.

    Args:
      rate: as for Dropout: the noise has the variance rate / (1 - rate).

    Source: Srivastava and others 2014, "Dropout".
    """

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.rate = real_number(self, "rate", rate)

    def call(self, inputs, training=None):
        if not 0 < self.rate < 1:
            return inputs

        def noised():
            stddev = np.sqrt(self.rate / (1.0 - self.rate))
            return inputs * K.random_normal(
                K.shape(inputs), mean=1.0, stddev=stddev, dtype=K.dtype(inputs)
            )

        return K.in_train_phase(noised, lambda: inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


class AlphaDropout(Layer):
    """Dropout that keeps mean and variance, for networks with the activation selu.

    Args:
      rate: share that is dropped, between 0 and 1.
      noise_shape: shape of the decisions, which broadcasts against the inputs.
      seed: integer.

    Source: Klambauer and others 2017, arXiv 1706.02515.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = real_number(self, "rate", rate)
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _get_noise_shape(self, inputs):
        return self.noise_shape if self.noise_shape else K.shape(inputs)

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0:
            return inputs
        # What a dropped element becomes: the limit of selu towards minus infinity.
        floor = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
        scale = ((1 - self.rate) * (1 + self.rate * floor**2)) ** -0.5
        shift = -scale * floor * self.rate

        def dropped():
            drawn = K.random_uniform(self._get_noise_shape(inputs), seed=self.seed)
            kept = K.cast(K.greater_equal(drawn, self.rate), K.dtype(inputs))
            return scale * (inputs * kept + floor * (1 - kept)) + shift

        return K.in_train_phase(dropped, lambda: inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
