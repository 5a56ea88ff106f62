# SPDX-License-Identifier: Apache-2.0
"""SimpleRNN and its cell."""

from caudal.keras.layers.recurrent_cell import RecurrentCell, dot, masked_product, of_cell
from caudal.keras.layers.recurrent_rnn import CellLayer


class SimpleRNNCell(RecurrentCell):
    __doc__ = """One step of a fully connected network whose output is fed back.

    output = state = activation(x kernel + state recurrent_kernel + bias).
    """ + RecurrentCell.__doc__.split("\n", 1)[1]

    def _stepper(self, masks):
        kernel = self.recurrent_kernel

        def step(x, states):
            output = self.activation(x + masked_product(dot, states[0], kernel, masks))
            return output, [output]

        return step


@of_cell()
class SimpleRNN(CellLayer):
    """A fully connected network over a sequence, whose output is fed back.

    Inputs [batch, time, size]; output [batch, units], or [batch, time, units] with
    `return_sequences`. State: [batch, units].

    Args:
      units, activation, use_bias, kernel_initializer, ..., recurrent_dropout: see SimpleRNNCell.
      activity_regularizer: function from the output to a loss.
      return_sequences, return_state, go_backwards, stateful, unroll: see RNN.
    """

    def __init__(self, units, activation="tanh", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal",
                 bias_initializer="zeros", kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 recurrent_constraint=None, bias_constraint=None, dropout=0.0,
                 recurrent_dropout=0.0, return_sequences=False, return_state=False,
                 go_backwards=False, stateful=False, unroll=False, **kwargs):  # fmt: skip
        kwargs.pop("implementation", None)
        super().__init__(SimpleRNNCell, locals())


__all__ = ["SimpleRNN", "SimpleRNNCell"]
