# SPDX-License-Identifier: Apache-2.0
"""Layers of Keras 1 that Keras 2 kept for old programs."""

import warnings

from caudal.keras import activations, constraints, initializers, regularizers
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.layers.recurrent import RNN
from caudal.keras.utils import conv_utils


def _deprecated(name):
    warnings.warn(
        "The `%s` layer is deprecated and will be removed after 06/2017." % name, stacklevel=3
    )


class _OldDense(Layer):
    """What `MaxoutDense` and `Highway` share: the names of their arguments."""

    def __init__(self, init="glorot_uniform", weights=None, W_regularizer=None,
                 b_regularizer=None, activity_regularizer=None, W_constraint=None,
                 b_constraint=None, bias=True, input_dim=None, **kwargs):  # fmt: skip
        if input_dim:
            kwargs["input_shape"] = (input_dim,)
        super().__init__(weights=weights, **kwargs)
        self.init = initializers.get(init)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        self.input_dim = input_dim
        self.input_spec = InputSpec(ndim=2)

    def _make(self, kernel_shape, bias_shape):
        self.W = self.add_weight(
            name="W",
            shape=kernel_shape,
            initializer=self.init,
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        self.b = None
        if self.bias:
            self.b = self.add_weight(
                name="b",
                shape=bias_shape,
                initializer="zeros",
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )

    def get_config(self):
        config = {
            "init": initializers.serialize(self.init),
            "W_regularizer": regularizers.serialize(self.W_regularizer),
            "b_regularizer": regularizers.serialize(self.b_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "W_constraint": constraints.serialize(self.W_constraint),
            "b_constraint": constraints.serialize(self.b_constraint),
            "bias": self.bias,
            "input_dim": self.input_dim,
        }
        return {**super().get_config(), **config}


class MaxoutDense(_OldDense):
    """The largest of several affine functions, element by element (arXiv 1302.4389).

    Args:
      output_dim: size of the output.
      nb_feature: number of affine functions.
      init, W_regularizer, b_regularizer, W_constraint, b_constraint, bias: as of Keras 1's `Dense`.
    """

    def __init__(self, output_dim, nb_feature=4, init="glorot_uniform", weights=None,
                 W_regularizer=None, b_regularizer=None, activity_regularizer=None,
                 W_constraint=None, b_constraint=None, bias=True, input_dim=None,
                 **kwargs):  # fmt: skip
        _deprecated("MaxoutDense")
        super().__init__(init, weights, W_regularizer, b_regularizer, activity_regularizer,
                         W_constraint, b_constraint, bias, input_dim, **kwargs)  # fmt: skip
        self.output_dim = output_dim
        self.nb_feature = nb_feature

    def build(self, input_shape):
        size = input_shape[1]
        self._make((self.nb_feature, size, self.output_dim), (self.nb_feature, self.output_dim))
        self.built = True

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

    def call(self, x):
        output = K.dot(x, self.W)
        if self.bias:
            output += self.b
        return K.max(output, axis=1)

    def get_config(self):
        config = {"output_dim": self.output_dim, "nb_feature": self.nb_feature}
        return {**super().get_config(), **config}


class Highway(_OldDense):
    """A dense layer that lets part of its input pass (arXiv 1505.00387).

    Args:
      init: initializer of the kernels.
      activation: of the dense part.
      W_regularizer, b_regularizer, W_constraint, b_constraint, bias: as of `Dense` in Keras 1.
    """

    def __init__(self, init="glorot_uniform", activation=None, weights=None, W_regularizer=None,
                 b_regularizer=None, activity_regularizer=None, W_constraint=None,
                 b_constraint=None, bias=True, input_dim=None, **kwargs):  # fmt: skip
        _deprecated("Highway")
        if kwargs.pop("transform_bias", None) is not None:
            warnings.warn(
                "`transform_bias` argument is deprecated and has been removed.", stacklevel=2
            )
        super().__init__(init, weights, W_regularizer, b_regularizer, activity_regularizer,
                         W_constraint, b_constraint, bias, input_dim, **kwargs)  # fmt: skip
        self.activation = activations.get(activation)

    def build(self, input_shape):
        size = input_shape[1]
        # The order of the weights is that of old files.
        self.W = self.add_weight(
            name="W",
            shape=(size, size),
            initializer=self.init,
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        self.W_carry = self.add_weight(name="W_carry", shape=(size, size), initializer=self.init)
        self.b = self.b_carry = None
        if self.bias:
            self.b = self.add_weight(
                name="b",
                shape=(size,),
                initializer="zeros",
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )
            self.b_carry = self.add_weight(name="b_carry", shape=(size,), initializer="ones")
        self.built = True

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, x):
        y, carry = K.dot(x, self.W), K.dot(x, self.W_carry)
        if self.bias:
            y, carry = y + self.b, carry + self.b_carry
        share = K.sigmoid(carry)
        return self.activation(y) * share + (1.0 - share) * x

    def get_config(self):
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Merge:
    """Refused: Keras 2 joins tensors with functions.

    Raises:
      NotImplementedError: always.
    """

    def __init__(self, layers=None, mode="sum", **kwargs):
        raise NotImplementedError(
            "The `Merge` layer of Keras 1 is gone: connect the layers with the functional API and "
            "`keras.layers.%s`"
            % {"sum": "add", "mul": "multiply", "concat": "concatenate", "ave": "average",
               "max": "maximum", "dot": "dot", "cos": "dot"}.get(mode, "add")
        )  # fmt: skip


def AtrousConvolution1D(*args, **kwargs):
    """`Conv1D` with `atrous_rate` for `dilation_rate`."""
    return _atrous("Conv1D", args, kwargs)


def AtrousConvolution2D(*args, **kwargs):
    """`Conv2D` with `atrous_rate` for `dilation_rate`."""
    return _atrous("Conv2D", args, kwargs)


AtrousConv1D = AtrousConvolution1D
AtrousConv2D = AtrousConvolution2D


def _atrous(name, args, kwargs):
    from caudal.keras import layers

    kwargs["dilation_rate"] = kwargs.pop("atrous_rate", 1)
    warnings.warn(
        "The `%s` layer  has been deprecated. Use instead the `%s` layer with the `dilation_rate` "
        "argument." % (name.replace("Conv", "AtrousConvolution"), name),
        stacklevel=3,
    )
    return getattr(layers, name)(*args, **kwargs)


class _OwnStep:
    """The `step` of a `Recurrent` layer as a cell."""

    def __init__(self, layer):
        self.layer = layer

    @property
    def state_size(self):
        layer = self.layer
        return (layer.__dict__.get("units"),) * len(layer.__dict__.get("_old_states", [None]))

    def call(self, inputs, states):
        return self.layer.step(inputs, states)


class Recurrent(RNN):
    """Base of recurrent layers as Keras had them before cells.

    A subclass sets `units` and, in `build`, `states` (a list of None, one for each state), and has

    - `step(inputs, states + constants)` -> (output, list of new states), and optionally
    - `get_constants(inputs, training)` -> list of tensors for each step,
    - `preprocess_input(inputs, training)` -> what is cut into steps.

    Args: as of `RNN`, without the cell; `implementation` is kept for subclasses.
    """

    def __init__(self, return_sequences=False, return_state=False, go_backwards=False,
                 stateful=False, unroll=False, implementation=0, **kwargs):  # fmt: skip
        super().__init__(
            _OwnStep(self),
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )
        self._old_states = [None]
        self.implementation = implementation
        self.supports_masking = True
        self.dropout = 0
        self.recurrent_dropout = 0

    @property
    def states(self):
        """The variables of a stateful layer; a list of None otherwise."""
        return self.__dict__.get("_old_states", [None])

    @states.setter
    def states(self, states):
        self._old_states = list(states)
        self._states = self._old_states if any(s is not None for s in states) else None

    def build(self, input_shape):
        self.built = True

    def step(self, inputs, states):
        """One step; see the class."""
        raise NotImplementedError("%s has no method step" % type(self).__name__)

    def get_constants(self, inputs, training=None):
        """Tensors for each step, behind the states."""
        return []

    def preprocess_input(self, inputs, training=None):
        """What the steps are cut from."""
        return inputs

    def get_initial_state(self, inputs):
        """Zeros for each state, [batch, units]."""
        zeros = K.expand_dims(K.sum(K.zeros_like(inputs), axis=(1, 2)))
        return [K.tile(zeros, [1, self.units]) for _ in self.states]

    def _run(self, inputs, initial_state, constants, mask, training):
        last, outputs, states = K.rnn(
            self.step,
            self.preprocess_input(inputs, training=None),
            initial_state,
            go_backwards=self.go_backwards,
            mask=mask,
            constants=self.get_constants(inputs, training=None),
            unroll=self.unroll,
            input_length=K.int_shape(inputs)[1],
        )
        return last, outputs, states, self.dropout + self.recurrent_dropout > 0

    def get_config(self):
        config = Layer.get_config(self)
        for name in ("return_sequences", "return_state", "go_backwards", "stateful", "unroll",
                     "implementation"):  # fmt: skip
            config[name] = getattr(self, name)
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


class ConvRecurrent2D(Recurrent):
    """Base of convolutional recurrent layers as Keras had them before cells.

    Args:
      filters, kernel_size, strides, padding, data_format, dilation_rate: as of `Conv2D`.
      return_sequences, go_backwards, stateful: as of `RNN`.
    """

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1), return_sequences=False, go_backwards=False, stateful=False,
                 **kwargs):  # fmt: skip
        super().__init__(
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
        self.filters = filters
        self.kernel_size = conv_utils.normalize_tuple(kernel_size, 2, "kernel_size")
        self.strides = conv_utils.normalize_tuple(strides, 2, "strides")
        self.padding = conv_utils.normalize_padding(padding)
        self.data_format = K.normalize_data_format(data_format)
        self.dilation_rate = conv_utils.normalize_tuple(dilation_rate, 2, "dilation_rate")
        self.input_spec = [InputSpec(ndim=5)]

    def compute_output_shape(self, input_shape):
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        first = self.data_format == "channels_first"
        sizes = tuple(
            conv_utils.conv_output_length(size, k, padding=self.padding, stride=s, dilation=d)
            for size, k, s, d in zip(
                shape[3:5] if first else shape[2:4],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
            )
        )
        state = (shape[0], self.filters, *sizes) if first else (shape[0], *sizes, self.filters)
        output = (state[0], shape[1], *state[1:]) if self.return_sequences else state
        return [output, state, state] if self.return_state else output

    def get_config(self):
        config = super().get_config()
        for name in ("filters", "kernel_size", "strides", "padding", "data_format",
                     "dilation_rate"):  # fmt: skip
            config[name] = getattr(self, name)
        return config
