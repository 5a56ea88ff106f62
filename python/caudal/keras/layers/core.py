# SPDX-License-Identifier: Apache-2.0
"""Dense, Activation, Masking, Dropout, Lambda, and layers that give tensors another shape."""

from caudal.keras import activations, regularizers
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.keras.layers.core_dropout import (
    Dropout,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from caudal.keras.layers.core_lambda import Lambda
from caudal.keras.layers.core_shape import Flatten, Permute, RepeatVector, Reshape
from caudal.layers import common_core
from caudal.layers.utils import real_number

__all__ = [
    "Activation", "ActivityRegularization", "Dense", "Dropout", "Flatten", "Lambda", "Masking",
    "Permute", "RepeatVector", "Reshape", "SpatialDropout1D", "SpatialDropout2D",
    "SpatialDropout3D",
]  # fmt: skip


class Masking(Layer):
    """Masks the steps of a sequence in which every feature has one value, and sets them to 0.

    Args:
      mask_value: that value.

    Input and output: (batch, steps, features); further axes are allowed.
    """

    def __init__(self, mask_value=0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.mask_value = real_number(self, "mask_value", mask_value)

    def compute_mask(self, inputs, mask=None):
        return K.any(K.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs):
        kept = K.any(K.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * K.cast(kept, K.dtype(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "mask_value": self.mask_value}


class Activation(Layer):
    """Applies a function to each element.

    Args:
      activation: function or its name.
    """

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs):
        return self.activation(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Dense(common_core.Dense, Layer):
    __doc__ = common_core.Dense.__doc__

    def build(self, input_shape):
        if len(input_shape) < 2:
            raise ValueError(
                "Layer %s expects inputs of rank 2 or more, got the shape %s"
                % (self.name, input_shape)
            )
        super().build(input_shape)

    def call(self, inputs):
        if not K.is_sparse(inputs) and K.ndim(inputs) is not None:
            return super().call(inputs)
        outputs = K.dot(inputs, self.kernel)
        return self.activation(K.bias_add(outputs, self.bias) if self.use_bias else outputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)


class ActivityRegularization(Layer):
    """Returns its input and adds a loss that depends on it.

    Args:
      l1: factor of the sum of absolute values.
      l2: factor of the sum of squares.
    """

    def __init__(self, l1=0.0, l2=0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.l1 = real_number(self, "l1", l1)
        self.l2 = real_number(self, "l2", l2)
        self.activity_regularizer = regularizers.L1L2(l1=l1, l2=l2)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
