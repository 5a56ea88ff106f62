# SPDX-License-Identifier: Apache-2.0
"""Cells that run over a whole time-major sequence in one call."""

from caudal.layers import rnn
from caudal.ops import array_ops


class FusedRNNCell:
    """Interface: `cell(inputs [time, batch, size], initial_state, dtype, sequence_length, scope)`
    returns (outputs [time, batch, ...], last state)."""

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        """Runs the cell; `inputs` may be a list of matrices, and outputs are one then."""
        raise NotImplementedError


class FusedRNNCellAdaptor(FusedRNNCell):
    """An RNNCell as a FusedRNNCell.

    Args:
      cell: an RNNCell.
      use_dynamic_rnn: whether to loop, instead of unrolling.
    """

    def __init__(self, cell, use_dynamic_rnn=False):
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        """Runs the cell, see FusedRNNCell."""
        is_list = isinstance(inputs, list)
        if self._use_dynamic_rnn:
            if is_list:
                inputs = array_ops.stack(inputs)
            outputs, state = rnn.dynamic_rnn(
                self._cell,
                inputs,
                sequence_length=sequence_length,
                initial_state=initial_state,
                dtype=dtype,
                time_major=True,
                scope=scope,
            )
            return array_ops.unstack(outputs) if is_list else outputs, state
        if not is_list:
            inputs = array_ops.unstack(inputs)
        outputs, state = rnn.static_rnn(
            self._cell,
            inputs,
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return outputs if is_list else array_ops.stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A FusedRNNCell that runs from the end of the sequences.

    Args:
      cell: a FusedRNNCell.
    """

    def __init__(self, cell):
        self._cell = cell

    @staticmethod
    def _reverse(t, lengths):
        """Reverses time: a list, or a tensor, up to `lengths` in each row."""
        if lengths is not None:
            return array_ops.reverse_sequence(t, lengths, 0, 1)
        if isinstance(t, list):
            return list(reversed(t))
        return array_ops.reverse(t, [0])

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        """Runs the cell, see FusedRNNCell."""
        inputs = self._reverse(inputs, sequence_length)
        outputs, state = self._cell(
            inputs,
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return self._reverse(outputs, sequence_length), state
