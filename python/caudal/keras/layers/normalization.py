# SPDX-License-Identifier: Apache-2.0
"""Batch normalization, and the layer normalization of tf.keras."""

import math

from caudal.keras import backend as K
from caudal.keras import constraints, initializers, regularizers
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.utils.generic_utils import serialize_keras_object, to_list
from caudal.layers.utils import constant_value, real_number, smart_cond, whole_number
from caudal.ops import nn_impl

__all__ = ["BatchNormalization", "LayerNormalization"]

# Arguments that tf.keras has besides.
_TF_KERAS = ("renorm", "renorm_clipping", "virtual_batch_size", "adjustment")


def _parameter(layer, name, shape):
    """The weight beta or gamma of a layer that normalizes."""
    return layer.add_weight(
        name=name,
        shape=shape,
        initializer=getattr(layer, name + "_initializer"),
        regularizer=getattr(layer, name + "_regularizer"),
        constraint=getattr(layer, name + "_constraint"),
    )


def _serialized_parameters(layer):
    """What a configuration says of beta and gamma, and of averages that start somewhere."""
    names = ["beta_initializer", "gamma_initializer"]
    names += [
        n for n in ("moving_mean_initializer", "moving_variance_initializer") if n in vars(layer)
    ]
    names += ["%s_%s" % (w, k) for k in ("regularizer", "constraint") for w in ("beta", "gamma")]
    return {name: serialize_keras_object(getattr(layer, name)) for name in names}


class BatchNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta.

    While training, mean and variance are those of the batch, and moving averages of them are kept;
    otherwise they are these averages.

    Args:
      axis: int: the axis of the features, each of which has statistics of its own.
      momentum: share of the moving averages that an update keeps.
      epsilon: what is added to the variance.
      center, scale: whether there are beta and gamma.
      beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer,
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of the weights.

    Source: Ioffe and Szegedy 2015, arXiv 1502.03167.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True,
                 beta_initializer="zeros", gamma_initializer="ones",
                 moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, **kwargs):  # fmt: skip
        refused = [name for name in _TF_KERAS if kwargs.pop(name, None)]
        for name in ("fused", "renorm_momentum"):  # nothing that the inputs do not decide
            kwargs.pop(name, None)
        super().__init__(**kwargs)
        if refused:
            raise ValueError(
                "Layer %s does not know %s; tf.layers.BatchNormalization does"
                % (self.name, ", ".join("`%s`" % name for name in refused))
            )
        self.supports_masking = True
        if isinstance(axis, (list, tuple)):
            # tf.keras saves the axis as a list.
            if len(axis) != 1:
                raise ValueError("Layer %s: `axis` must be one int, got %s" % (self.name, axis))
            axis = axis[0]
        self.axis = whole_number(self, "axis", axis)
        self.momentum = real_number(self, "momentum", momentum)
        self.epsilon = real_number(self, "epsilon", epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    # Building -----------------------------------------------------------------------------------

    def build(self, input_shape):
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ValueError(
                "Layer %s: axis %d does not exist in inputs of the shape %s"
                % (self.name, self.axis, input_shape)
            )
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(
                "Axis %d of input tensor should have a defined dimension but the layer %s received "
                "an input with shape %s." % (self.axis, self.name, input_shape)
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})
        self.gamma = _parameter(self, "gamma", (size,)) if self.scale else None
        self.beta = _parameter(self, "beta", (size,)) if self.center else None
        self.moving_mean = self._statistic("moving_mean", size)
        self.moving_variance = self._statistic("moving_variance", size)
        self.built = True

    def _statistic(self, name, size):
        return self.add_weight(
            name=name,
            shape=(size,),
            initializer=getattr(self, name + "_initializer"),
            trainable=False,
        )

    # Calling ------------------------------------------------------------------------------------

    def call(self, inputs, training=None):
        phase = K.learning_phase() if training is None else training
        # The branch of training hands out its statistics, so that they are only computed where it
        # is taken; the other hands out the averages themselves, which an update leaves as they are.
        trains = constant_value(phase)
        if training is None and trains is False:
            # A learning phase that was set to 0 says how to compute; a fit moves the averages.
            outputs = self._of_averages(inputs)
            _, mean, variance = self._of_batch(inputs)
        else:
            outputs, mean, variance = smart_cond(
                phase,
                lambda: self._of_batch(inputs),
                lambda: [self._of_averages(inputs), self._kept("mean"), self._kept("variance")],
            )
        if training is None and K.is_tensor(phase):
            outputs._uses_learning_phase = True
        if training is None or trains is not False:
            self.add_update(
                [
                    K.moving_average_update(self.moving_mean, mean, self.momentum),
                    K.moving_average_update(self.moving_variance, variance, self.momentum),
                ],
                inputs,
            )
        return outputs

    def _kept(self, name):
        return K.identity(getattr(self, "moving_" + name))

    def _reduced_axes(self, inputs):
        rank = K.ndim(inputs)
        return [axis for axis in range(rank) if axis != self.axis % rank]

    def _of_batch(self, inputs):
        """[outputs, mean, variance] by the statistics of the inputs."""
        axes = self._reduced_axes(inputs)
        outputs, mean, variance = K.normalize_batch_in_training(
            inputs, self.gamma, self.beta, axes, epsilon=self.epsilon
        )
        shape = K.int_shape(inputs)
        known = math.prod(shape[axis] for axis in axes if shape[axis] is not None)
        sizes = K.shape(inputs)
        count = K.constant(known, dtype=K.dtype(variance))
        for axis in axes:
            if shape[axis] is None:
                count *= K.cast(sizes[axis], K.dtype(variance))
        # The variance of a sample becomes an estimate of that of all examples.
        variance *= count / (count - (1.0 + self.epsilon))
        kind = K.dtype(self.moving_mean)
        return [outputs, K.cast(mean, kind), K.cast(variance, kind)]

    def _of_averages(self, inputs):
        rank = K.ndim(inputs)
        weights = [self.moving_mean, self.moving_variance, self.beta, self.gamma]
        if self.axis % rank != rank - 1:
            spread = [1] * rank
            spread[self.axis] = K.int_shape(self.moving_mean)[0]
            weights = [None if w is None else K.reshape(w, spread) for w in weights]
        return K.batch_normalization(inputs, *weights, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **_serialized_parameters(self),
        }


class LayerNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the statistics of each example.

    Args:
      axis: int or list of int: the axes that mean and variance go over.
      epsilon: what is added to the variance.
      center, scale: whether there are beta and gamma.
      beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
        gamma_constraint: of the weights.

    Source: Ba and others 2016, arXiv 1607.06450.
    """

    def __init__(self, axis=-1, epsilon=0.001, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None,
                 beta_constraint=None, gamma_constraint=None, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        if not all(isinstance(a, int) for a in to_list(self.axis)):
            raise TypeError(
                "Layer %s: expected an int or a list/tuple of ints for the argument 'axis', but "
                "received instead: %s" % (self.name, axis)
            )
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape):
        rank = len(input_shape)
        axes = to_list(self.axis)
        if not all(-rank <= axis < rank for axis in axes):
            raise ValueError(
                "Layer %s: invalid axis: %s for inputs of the shape %s"
                % (self.name, self.axis, input_shape)
            )
        axes = [axis % rank for axis in axes]
        if len(set(axes)) != len(axes):
            raise ValueError("Layer %s: duplicate axis: %s" % (self.name, tuple(axes)))
        sizes = [input_shape[axis] for axis in axes]
        if None in sizes:
            raise ValueError(
                "Layer %s: the axes %s of the input must have known sizes, its shape is %s"
                % (self.name, self.axis, input_shape)
            )
        self.gamma = _parameter(self, "gamma", sizes) if self.scale else None
        self.beta = _parameter(self, "beta", sizes) if self.center else None
        self.input_spec = InputSpec(ndim=rank, axes=dict(zip(axes, sizes)))
        self.built = True

    def call(self, inputs):
        rank = K.ndim(inputs)
        axes = [axis % rank for axis in to_list(self.axis)]
        mean, variance = nn_impl.moments(inputs, axes, keep_dims=True)
        spread = [K.int_shape(inputs)[i] if i in axes else 1 for i in range(rank)]
        beta, gamma = (
            w if w is None or axes == [rank - 1] else K.reshape(w, spread)
            for w in (self.beta, self.gamma)
        )
        outputs = nn_impl.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **_serialized_parameters(self),
        }
