# SPDX-License-Identifier: Apache-2.0
"""ConvLSTM2D and its cell."""

from caudal.keras import activations
from caudal.keras import backend as K
from caudal.keras.layers.convolutional_recurrent_base import ConvRNN2D
from caudal.keras.layers.recurrent_cell import (
    WEIGHTS,
    SteppedCell,
    forget_bias,
    gate_properties,
    in_order,
    masked_product,
    of_cell,
    split_last,
    weight_options_config,
)
from caudal.keras.layers.recurrent_lstm import lstm_gates
from caudal.keras.layers.recurrent_rnn import CellLayer
from caudal.keras.utils import conv_utils
from caudal.ops import array_ops


@gate_properties("ifco")
class ConvLSTM2DCell(SteppedCell):
    """One step of an LSTM whose products are convolutions (Shi et al., 2015).

    Args:
      filters: number of channels of the output and of both states.
      kernel_size, strides, dilation_rate: int, or one for rows and one for columns, of the
        convolution of the inputs. That of the state has the same kernel_size and keeps the size.
      padding: "valid" or "same", of the convolution of the inputs.
      data_format: "channels_last", "channels_first" or None: `K.image_data_format()`.
      activation: of the candidate and of the output; None: the identity.
      recurrent_activation: of the three gates.
      use_bias: whether there is a bias.
      kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
        recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
        bias_constraint: of the variables "kernel" [rows, columns, channels, 4 filters],
        "recurrent_kernel" [rows, columns, filters, 4 filters] and "bias" [4 filters]; channels:
        input, forget, candidate, output.
      unit_forget_bias: whether the bias of the forget gate starts at one.
      dropout, recurrent_dropout: shares of inputs and state that are dropped while training.
    """

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1), activation="tanh", recurrent_activation="hard_sigmoid",
                 use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, kernel_constraint=None, recurrent_constraint=None,
                 bias_constraint=None, dropout=0.0, recurrent_dropout=0.0, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = conv_utils.normalize_tuple(kernel_size, 2, "kernel_size")
        self.strides = conv_utils.normalize_tuple(strides, 2, "strides")
        self.padding = conv_utils.normalize_padding(padding)
        self.data_format = K.normalize_data_format(data_format)
        self.dilation_rate = conv_utils.normalize_tuple(dilation_rate, 2, "dilation_rate")
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = use_bias
        self._take_weight_options(locals(), *WEIGHTS)
        self.unit_forget_bias = unit_forget_bias
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.state_size = (filters, filters)

    def build(self, input_shape):
        channels = input_shape[self._channel_axis()]
        if channels is None:
            raise ValueError(
                "The channel dimension of the inputs should be defined. Found `None`. Layer %s "
                "got inputs of shape %s" % (self.name, tuple(input_shape))
            )
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, 4 * self.filters))
        self.recurrent_kernel = self._weight(
            "recurrent", (*self.kernel_size, self.filters, 4 * self.filters)
        )
        self.bias = self._weight("bias", (4 * self.filters,)) if self.use_bias else None
        self.built = True

    def _channel_axis(self):
        return 1 if self.data_format == "channels_first" else -1

    def _weight(self, options, shape):
        initializer = getattr(self, options + "_initializer")
        if options == "bias" and self.unit_forget_bias:
            initializer = forget_bias(initializer, self.filters, 1, 2)
        return self.add_weight(
            name="recurrent_kernel" if options == "recurrent" else options,
            shape=shape,
            initializer=initializer,
            regularizer=getattr(self, options + "_regularizer"),
            constraint=getattr(self, options + "_constraint"),
        )

    def input_conv(self, x, w, b=None, padding="valid"):
        """The convolution of the inputs of a step."""
        y = K.conv2d(
            x,
            w,
            strides=self.strides,
            padding=padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return y if b is None else K.bias_add(y, b, data_format=self.data_format)

    def recurrent_conv(self, x, w):
        """The convolution of the state, which keeps its size."""
        return K.conv2d(x, w, strides=(1, 1), padding="same", data_format=self.data_format)

    def recurrence(self, inputs, training=None):
        axis = self._channel_axis()
        masks, state_masks = self._masks(inputs, lambda: self._ones_like_state(inputs), 4, training)
        kernel = split_last(self.recurrent_kernel, 4) if state_masks else self.recurrent_kernel

        def conv(x, w):
            return _with_time(lambda image: self.input_conv(image, w, padding=self.padding), x)

        def plain(x):
            return conv(x, self.kernel)

        def masked(x):
            # Channels come last of all where there is a time axis, too.
            return masked_product(conv, x, self.kernel, masks, K.ndim(x) - 4 + axis % 4)

        def project(x):
            if masks is None:
                y = plain(x)
            else:
                y = K.in_train_phase(lambda: masked(x), lambda: plain(x), training=training)
            return y if self.bias is None else y + self._spread(self.bias)

        def step(x, states):
            gates = x + masked_product(self.recurrent_conv, states[0], kernel, state_masks, axis)
            h, c = lstm_gates(gates, states[1], self.activation, self.recurrent_activation, axis)
            return h, [h, c]

        return project, step

    def _spread(self, bias):
        """The bias in a shape that broadcasts against images."""
        return K.reshape(bias, (-1, 1, 1)) if self.data_format == "channels_first" else bias

    def _ones_like_state(self, inputs):
        kernel = array_ops.zeros(
            (*self.kernel_size, K.int_shape(inputs)[self._channel_axis()], self.filters),
            self.kernel.dtype.base_dtype,
        )
        return K.ones_like(self.input_conv(inputs, kernel, padding=self.padding))

    def options_config(self):
        """The arguments of the constructor beyond those of every layer."""
        return {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "use_bias": self.use_bias,
            "unit_forget_bias": self.unit_forget_bias,
            **weight_options_config(self),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }

    def get_config(self):
        return {**super().get_config(), **in_order(self.options_config())}


def _with_time(function, x):
    """`function` of images, for images with or without a time axis in front of the batch."""
    if K.ndim(x) == 4:
        return function(x)
    sizes, known = K.shape(x), K.int_shape(x)
    flat = array_ops.reshape(x, array_ops.concat([[-1], sizes[2:]], 0))
    flat.set_shape((None, *known[2:]))
    y = function(flat)
    shaped = array_ops.reshape(y, array_ops.concat([sizes[:2], K.shape(y)[1:]], 0))
    shaped.set_shape((*known[:2], *K.int_shape(y)[1:]))
    return shaped


@of_cell()
class ConvLSTM2D(CellLayer, ConvRNN2D):
    """Long short-term memory over a sequence of images (Shi et al., 2015).

    Inputs [batch, time, rows, columns, channels], or with `data_format` "channels_first"
    [batch, time, channels, rows, columns]. Output: [batch, rows, columns, filters] and the like,
    with time after the batch for `return_sequences`. States: output and memory.

    Args:
      filters, kernel_size, ..., recurrent_dropout: see ConvLSTM2DCell.
      activity_regularizer: function from the output to a loss.
      return_sequences, go_backwards, stateful, return_state: see RNN.
    """

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1), activation="tanh", recurrent_activation="hard_sigmoid",
                 use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, return_sequences=False,
                 go_backwards=False, stateful=False, dropout=0.0, recurrent_dropout=0.0,
                 **kwargs):  # fmt: skip
        super().__init__(ConvLSTM2DCell, locals())


__all__ = ["ConvLSTM2D", "ConvLSTM2DCell"]
