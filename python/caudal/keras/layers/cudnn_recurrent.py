# SPDX-License-Identifier: Apache-2.0
"""CuDNNLSTM and CuDNNGRU: the weights and the arithmetic of cuDNN's networks, on any device."""

from caudal.keras.layers.recurrent_cell import (
    RecurrentCell,
    add_bias,
    dot,
    forget_bias,
    gate_properties,
    of_cell,
    split_last,
    weight_options_config,
)
from caudal.keras.layers.recurrent_gru import gru_gates
from caudal.keras.layers.recurrent_lstm import lstm_gates
from caudal.keras.layers.recurrent_rnn import CellLayer
from caudal.ops import array_ops, math_ops, nn_ops


def _matrix(kernel, gates):
    """The matrix that multiplies inputs from the right.

    Each gate's columns hold the numbers of its matrix [units, size], row after row.
    """
    size, columns = kernel.shape.as_list()
    rows = [
        array_ops.reshape(block, [columns // gates, size]) for block in split_last(kernel, gates)
    ]
    return array_ops.transpose(array_ops.concat(rows, 0))


class _Cell(RecurrentCell):
    """The weights of a cuDNN network. Its gates are sigmoids, there is no dropout."""

    def _bias_shape(self, columns):
        return (2 * columns,)  # of the inputs, then of the state

    def recurrence(self, inputs, training=None):
        kernel = _matrix(self.kernel, self._blocks)
        recurrent_kernel = _matrix(self.recurrent_kernel, self._blocks)
        columns = self._blocks * self.units
        biases = self.bias[:columns], self.bias[columns:]
        return self._parts(kernel, recurrent_kernel, *biases)

    def options_config(self):
        return {"units": self.units, **weight_options_config(self)}


@gate_properties("ifco")
class _LSTMCell(_Cell):
    _blocks = 4
    _states = 2

    def __init__(self, units, unit_forget_bias, **kwargs):
        super().__init__(units, **kwargs)
        self.unit_forget_bias = unit_forget_bias

    def _bias_start(self):
        if not self.unit_forget_bias:
            return self.bias_initializer
        return forget_bias(self.bias_initializer, self.units, 5, 2)

    def _parts(self, kernel, recurrent_kernel, input_bias, recurrent_bias):
        bias = input_bias + recurrent_bias

        def step(x, states):
            gates = x + dot(states[0], recurrent_kernel)
            h, c = lstm_gates(gates, states[1], math_ops.tanh, math_ops.sigmoid)
            return h, [h, c]

        return lambda x: add_bias(dot(x, kernel), bias), step

    def options_config(self):
        return {**super().options_config(), "unit_forget_bias": self.unit_forget_bias}


@gate_properties("zrh")
class _GRUCell(_Cell):
    _blocks = 3

    def _parts(self, kernel, recurrent_kernel, input_bias, recurrent_bias):
        def step(x, states):
            inner = nn_ops.bias_add(dot(states[0], recurrent_kernel), recurrent_bias)
            h = gru_gates(x, inner, states[0], math_ops.tanh, math_ops.sigmoid)
            return h, [h]

        return lambda x: add_bias(dot(x, kernel), input_bias), step


class _CuDNNRNN(CellLayer):
    """What CuDNNLSTM and CuDNNGRU share."""

    def __init__(self, make_cell, arguments):
        if "unroll" in arguments["kwargs"]:
            raise TypeError("Keyword argument not understood:", "unroll")
        super().__init__(make_cell, arguments)
        self.supports_masking = False

    @property
    def cell(self):
        """What has the weights and `state_size`."""
        return self._cell

    @cell.setter
    def cell(self, cell):
        self._cell = cell

    def call(self, inputs, mask=None, training=None, initial_state=None):
        if any(m is not None for m in (mask if isinstance(mask, list) else [mask])):
            raise ValueError(
                "Masking is not supported for CuDNN RNNs. Layer %s got the mask %s"
                % (self.name, mask)
            )
        return super().call(inputs, training=training, initial_state=initial_state)

    def _flags(self):
        flags = super()._flags()
        del flags["unroll"]
        return flags


_ARGS = """

    Inputs [batch, time, size]; output [batch, units], or [batch, time, units] with
    `return_sequences`. Masks are not supported. The layer computes with ordinary operations, so it
    needs no GPU; weights go to and from files as those of the layer of this name.

    Args:
      units: size of the output and of each state.
      kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
        recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
        bias_constraint: of the variables "kernel" [size, %s], "recurrent_kernel" [units, %s] and
        "bias" [%s], where inputs and state have biases of their own.
      activity_regularizer: function from the output to a loss.
      return_sequences, return_state, go_backwards, stateful: see RNN.
    """


@of_cell("kernel", "recurrent_kernel", "bias")
class CuDNNGRU(_CuDNNRNN):
    __doc__ = (
        "A GRU as cuDNN has it: GRU with `reset_after`, sigmoid gates, no dropout."
        + _ARGS % ("3 units", "3 units", "6 units")
    )

    def __init__(self, units, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, recurrent_constraint=None,
                 bias_constraint=None, return_sequences=False, return_state=False,
                 stateful=False, **kwargs):  # fmt: skip
        super().__init__(_GRUCell, locals())


@of_cell("kernel", "recurrent_kernel", "bias")
class CuDNNLSTM(_CuDNNRNN):
    __doc__ = (
        "An LSTM as cuDNN has it: sigmoid gates, no dropout. `unit_forget_bias`: whether the bias "
        "of the forget gate starts at one." + _ARGS % ("4 units", "4 units", "8 units")
    )

    def __init__(self, units, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, return_sequences=False,
                 return_state=False, stateful=False, **kwargs):  # fmt: skip
        super().__init__(_LSTMCell, locals())


__all__ = ["CuDNNGRU", "CuDNNLSTM"]
