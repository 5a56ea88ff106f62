# SPDX-License-Identifier: Apache-2.0
"""GRU and its cell."""

from caudal.keras import activations
from caudal.keras.layers.recurrent_cell import (
    RecurrentCell,
    add_bias,
    dot,
    gate_properties,
    masked_product,
    of_cell,
    shared_arguments,
    split_last,
)
from caudal.keras.layers.recurrent_rnn import CellLayer


def gru_gates(x, inner, h, activation, recurrent_activation):
    """The new state of a GRU that resets after the product.

    Args:
      x, inner: what the inputs and the state give to z, r and the candidate, side by side.
      h: the old state.
    """
    xz, xr, xh = split_last(x, 3)
    hz, hr, hh = split_last(inner, 3)
    z = recurrent_activation(xz + hz)
    r = recurrent_activation(xr + hr)
    return z * h + (1 - z) * activation(xh + r * hh)


@gate_properties("zrh")
class GRUCell(RecurrentCell):
    """One step of a GRU (Cho et al., 2014).

    z, r = recurrent_activation(x K + h R + b), the candidate g = activation(x K + (r * h) R + b);
    the state becomes z * h + (1 - z) * g.

    Args:
      units: size of the output and of the state.
      activation: of the candidate; None: the identity.
      recurrent_activation: of both gates.
      use_bias: whether there is a bias.
      kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
        recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
        bias_constraint: of the variables "kernel" [input, 3 units], "recurrent_kernel"
        [units, 3 units] and "bias" [3 units]; columns: update z, reset r, candidate.
      dropout: share of the inputs that is dropped while training.
      recurrent_dropout: share of the state that is dropped while training.
      implementation: 1: each gate has its own masks of dropout; 2: all gates share them, and what
        is dropped of the state is not carried on either.
      reset_after: g = activation(x K + b + r * (h R + c)) instead, as cuDNN has it; "bias" is then
        [2, 3 units], b and c.
    """

    _blocks = 3
    _options = ("recurrent_activation", "implementation", "reset_after")

    def __init__(self, units, activation="tanh", recurrent_activation="hard_sigmoid",
                 use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None,
                 kernel_constraint=None, recurrent_constraint=None, bias_constraint=None,
                 dropout=0.0, recurrent_dropout=0.0, implementation=1, reset_after=False,
                 **kwargs):  # fmt: skip
        super().__init__(**shared_arguments(locals()), **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.implementation = implementation
        self.reset_after = reset_after

    def _bias_shape(self, columns):
        return (2, columns) if self.reset_after else (columns,)

    @property
    def input_bias(self):
        """The bias of the inputs."""
        return self.bias[0] if self.use_bias and self.reset_after else self.bias

    @property
    def recurrent_bias(self):
        """With `reset_after`, the bias of the state; else None."""
        return self.bias[1] if self.use_bias and self.reset_after else None

    def _mask_count(self):
        return 3 if self.implementation == 1 else 1

    def _projected(self, x):
        return add_bias(x, self.input_bias) if self.use_bias else x

    def _stepper(self, masks):
        return self._reset_after(masks) if self.reset_after else self._reset_before(masks)

    def _reset_after(self, masks):
        kernel, bias = self.recurrent_kernel, self.recurrent_bias
        if masks and len(masks) > 1:
            kernel = split_last(kernel, 3)

        def step(x, states):
            h, used = self._dropped(states[0], masks)
            inner = masked_product(dot, h, kernel, used)
            if bias is not None:
                inner = add_bias(inner, bias)
            h = gru_gates(x, inner, h, self.activation, self.recurrent_activation)
            return h, [h]

        return step

    def _reset_before(self, masks):
        units = self.units
        gates_kernel = self.recurrent_kernel[:, : 2 * units]
        kernel = self.recurrent_kernel[:, 2 * units :]
        if masks and len(masks) > 1:
            gates_kernel = split_last(gates_kernel, 2)

        def step(x, states):
            h, used = self._dropped(states[0], masks)
            inner = masked_product(dot, h, gates_kernel, used and used[:2])
            gates = self.recurrent_activation(x[:, : 2 * units] + inner)
            z, r = split_last(gates, 2)
            kept = r * (h * used[2] if used else h)
            h = z * h + (1 - z) * self.activation(x[:, 2 * units :] + dot(kept, kernel))
            return h, [h]

        return step

    @staticmethod
    def _dropped(h, masks):
        """(state, masks that are left to apply): one shared mask is applied at once."""
        return (h * masks[0], None) if masks and len(masks) == 1 else (h, masks)


@of_cell()
class GRU(CellLayer):
    """Gated recurrent unit over a sequence (Cho et al., 2014).

    Inputs [batch, time, size]; output [batch, units], or [batch, time, units] with
    `return_sequences`. State: [batch, units].

    Args:
      units, activation, recurrent_activation, use_bias, kernel_initializer, ...,
        implementation, reset_after: see GRUCell.
      activity_regularizer: function from the output to a loss.
      return_sequences, return_state, go_backwards, stateful, unroll: see RNN.
    """

    def __init__(self, units, activation="tanh", recurrent_activation="hard_sigmoid",
                 use_bias=True, kernel_initializer="glorot_uniform",
                 recurrent_initializer="orthogonal", bias_initializer="zeros",
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, recurrent_constraint=None,
                 bias_constraint=None, dropout=0.0, recurrent_dropout=0.0, implementation=1,
                 return_sequences=False, return_state=False, go_backwards=False, stateful=False,
                 unroll=False, reset_after=False, **kwargs):  # fmt: skip
        super().__init__(GRUCell, locals())


__all__ = ["GRU", "GRUCell"]
