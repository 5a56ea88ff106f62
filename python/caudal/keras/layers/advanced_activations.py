# SPDX-License-Identifier: Apache-2.0
"""Activations with parameters, as layers."""

from caudal.keras import activations, constraints, initializers, regularizers
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.utils.generic_utils import to_list
from caudal.layers.utils import real_number, whole_number

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]


class _Elementwise(Layer):
    """A function of each element."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape


class LeakyReLU(_Elementwise):
    """x where it is positive, else alpha * x.

    Args:
      alpha: slope for negative inputs.

    Source: Maas and others 2013, "Rectifier Nonlinearities Improve Neural Network Acoustic Models".
    """

    def __init__(self, alpha=0.3, **kwargs):
        super().__init__(**kwargs)
        self.alpha = K.cast_to_floatx(real_number(self, "alpha", alpha))

    def call(self, inputs):
        return K.relu(inputs, alpha=self.alpha)

    def get_config(self):
        return {**super().get_config(), "alpha": float(self.alpha)}


class PReLU(_Elementwise):
    """x where it is positive, else alpha * x with a learned alpha.

    Args:
      alpha_initializer, alpha_regularizer, alpha_constraint: of the weight "alpha", which has the
        shape of an example.
      shared_axes: int or list of int: axes along which there is only one alpha: [1, 2] for one
        per channel of images.

    Source: He and others 2015, arXiv 1502.01852.
    """

    def __init__(self, alpha_initializer="zeros", alpha_regularizer=None, alpha_constraint=None,
                 shared_axes=None, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None:
            axes = to_list(shared_axes, allow_tuple=True)
            shared_axes = [whole_number(self, "shared_axes", axis, 1) for axis in axes]
        self.shared_axes = shared_axes

    def build(self, input_shape):
        sizes = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if axis > len(sizes):
                raise ValueError(
                    "Layer %s: there is no axis %d in inputs of the shape %s"
                    % (self.name, axis, input_shape)
                )
            sizes[axis - 1] = 1
        if None in sizes:
            raise ValueError(
                "Layer %s needs the sizes of all axes that are not in `shared_axes`; the input has "
                "the shape %s, shared_axes is %s" % (self.name, input_shape, self.shared_axes)
            )
        self.alpha = self.add_weight(
            shape=tuple(sizes),
            name="alpha",
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        shared = set(self.shared_axes or ())
        axes = {i: input_shape[i] for i in range(1, len(input_shape)) if i not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)
        self.built = True

    def call(self, inputs, mask=None):
        return K.relu(inputs) + -self.alpha * K.relu(-inputs)

    def get_config(self):
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


class ELU(_Elementwise):
    """x where it is positive, else alpha * (exp(x) - 1).

    Args:
      alpha: float.

    Source: Clevert and others 2015, arXiv 1511.07289.
    """

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = K.cast_to_floatx(real_number(self, "alpha", alpha))

    def call(self, inputs):
        return K.elu(inputs, self.alpha)

    def get_config(self):
        return {**super().get_config(), "alpha": float(self.alpha)}


class ThresholdedReLU(_Elementwise):
    """x where it is larger than theta, else 0.

    Args:
      theta: float, not negative.

    Source: Konda and others 2014, arXiv 1402.3337.
    """

    def __init__(self, theta=1.0, **kwargs):
        super().__init__(**kwargs)
        self.theta = K.cast_to_floatx(real_number(self, "theta", theta))

    def call(self, inputs, mask=None):
        return inputs * K.cast(K.greater(inputs, self.theta), K.dtype(inputs))

    def get_config(self):
        return {**super().get_config(), "theta": float(self.theta)}


class Softmax(_Elementwise):
    """exp(x) / sum(exp(x)) along an axis.

    Args:
      axis: int.
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs):
        return activations.softmax(inputs, axis=self.axis)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}


class ReLU(_Elementwise):
    """x from `threshold` to `max_value`, negative_slope * (x - threshold) below.

    Args:
      max_value: largest output, not negative; None: no limit.
      negative_slope: slope below the threshold, not negative.
      threshold: float.

    Raises:
      ValueError: for a negative `max_value` or `negative_slope`.
    """

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        if max_value is not None and real_number(self, "max_value", max_value) < 0.0:
            raise ValueError(
                "max_value of ReLU layer %s cannot be negative value: %s" % (self.name, max_value)
            )
        if real_number(self, "negative_slope", negative_slope) < 0.0:
            raise ValueError(
                "negative_slope of ReLU layer %s cannot be negative value: %s"
                % (self.name, negative_slope)
            )
        self.max_value = None if max_value is None else K.cast_to_floatx(max_value)
        self.negative_slope = K.cast_to_floatx(negative_slope)
        self.threshold = K.cast_to_floatx(real_number(self, "threshold", threshold))

    def call(self, inputs):
        return K.relu(
            inputs,
            alpha=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "max_value": None if self.max_value is None else float(self.max_value),
            "negative_slope": float(self.negative_slope),
            "threshold": float(self.threshold),
        }
