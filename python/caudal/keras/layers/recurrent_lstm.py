# SPDX-License-Identifier: Apache-2.0
"""LSTM and its cell."""

from caudal.keras import activations
from caudal.keras.layers.recurrent_cell import (
    RecurrentCell,
    dot,
    forget_bias,
    gate_properties,
    masked_product,
    of_cell,
    shared_arguments,
    split_last,
)
from caudal.keras.layers.recurrent_rnn import CellLayer


def lstm_gates(gates, c, activation, recurrent_activation, axis=-1):
    """(output, new memory) from the four gates i, f, c, o side by side along an axis."""
    i, f, candidate, o = split_last(gates, 4, axis)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(candidate)
    return recurrent_activation(o) * activation(c), c


@gate_properties("ifco")
class LSTMCell(RecurrentCell):
    """One step of an LSTM (Hochreiter and Schmidhuber, 1997).

    i, f, o = recurrent_activation(x K + h R + b) and g = activation(x K + h R + b), each with its
    own columns; the memory becomes f * c + i * g, the output o * activation(c).

    Args:
      units: size of the output and of both states.
      activation: of the candidate and of the output; None: the identity.
      recurrent_activation: of the three gates.
      use_bias: whether there is a bias.
      kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
        recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
        bias_constraint: of the variables "kernel" [input, 4 units], "recurrent_kernel"
        [units, 4 units] and "bias" [4 units]; columns: input, forget, candidate, output.
      unit_forget_bias: whether the bias of the forget gate starts at one.
      dropout: share of the inputs that is dropped while training.
      recurrent_dropout: share of the state that is dropped while training.
      implementation: 1: each gate has its own masks of dropout; 2: all gates share them.
    """

    _blocks = 4
    _states = 2
    _options = ("recurrent_activation", "unit_forget_bias", "implementation")

    def __init__(self, units, activation="tanh", recurrent_activation="hard_sigmoid",
                 use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, kernel_constraint=None, recurrent_constraint=None,
                 bias_constraint=None, dropout=0.0, recurrent_dropout=0.0, implementation=1,
                 **kwargs):  # fmt: skip
        super().__init__(**shared_arguments(locals()), **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.implementation = implementation

    def _bias_start(self):
        if not self.unit_forget_bias:
            return self.bias_initializer
        return forget_bias(self.bias_initializer, self.units, 1, 2)

    def _mask_count(self):
        return 4 if self.implementation == 1 else 1

    def _stepper(self, masks):
        kernel = self.recurrent_kernel
        if masks and len(masks) > 1:
            kernel = split_last(kernel, 4)

        def step(x, states):
            gates = x + masked_product(dot, states[0], kernel, masks)
            h, c = lstm_gates(gates, states[1], self.activation, self.recurrent_activation)
            return h, [h, c]

        return step


@of_cell()
class LSTM(CellLayer):
    """Long short-term memory over a sequence (Hochreiter and Schmidhuber, 1997).

    Inputs [batch, time, size]; output [batch, units], or [batch, time, units] with
    `return_sequences`. States: output and memory, [batch, units] each.

    Args:
      units, activation, recurrent_activation, use_bias, kernel_initializer, ...,
        implementation: see LSTMCell.
      activity_regularizer: function from the output to a loss.
      return_sequences, return_state, go_backwards, stateful, unroll: see RNN.
    """

    def __init__(self, units, activation="tanh", recurrent_activation="hard_sigmoid",
                 use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 unit_forget_bias=True, kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, dropout=0.0,
                 recurrent_dropout=0.0, implementation=1, return_sequences=False,
                 return_state=False, go_backwards=False, stateful=False, unroll=False,
                 **kwargs):  # fmt: skip
        super().__init__(LSTMCell, locals())


__all__ = ["LSTM", "LSTMCell"]
