# SPDX-License-Identifier: Apache-2.0
"""Bidirectional layers one above the other."""

from caudal.layers import rnn
from caudal.ops import array_ops, variable_scope


def _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
    if not cells_fw:
        raise ValueError("Must specify at least one fw cell for BidirectionalRNN.")
    if not cells_bw:
        raise ValueError("Must specify at least one bw cell for BidirectionalRNN.")
    if not isinstance(cells_fw, list):
        raise ValueError("cells_fw must be a list of RNNCells (one per layer).")
    if not isinstance(cells_bw, list):
        raise ValueError("cells_bw must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for which, states in (("fw", initial_states_fw), ("bw", initial_states_bw)):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells_fw)):
            raise ValueError(
                "initial_states_%s must be a list of state tensors (one per layer)." % which
            )


def _stack(run, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope):
    """Runs `run(cells, inputs, states, scope)` -> (outputs, fw state, bw state) layer by layer."""
    states_fw, states_bw = [], []
    with variable_scope.variable_scope(scope or "stack_bidirectional_rnn"):
        for i, cells in enumerate(zip(cells_fw, cells_bw)):
            states = [s and s[i] for s in (initial_states_fw, initial_states_bw)]
            with variable_scope.variable_scope("cell_%d" % i) as cell_scope:
                inputs, state_fw, state_bw = run(cells, inputs, states, cell_scope)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)


def stack_bidirectional_rnn(cells_fw, cells_bw, inputs, initial_states_fw=None,
                            initial_states_bw=None, dtype=None, sequence_length=None,
                            scope=None):  # fmt: skip
    """static_bidirectional_rnn in layers: outputs of both directions feed the next layer.

    Args:
      cells_fw, cells_bw: lists of RNNCells, one for each layer.
      inputs: list of tensors [batch, size].
      initial_states_fw, initial_states_bw: lists of states, one for each layer.
      dtype: needed without initial states.
      sequence_length: int vector [batch].
      scope: VariableScope or name; default "stack_bidirectional_rnn".

    Returns:
      (list of outputs, tuple of last forward states, tuple of last backward states).
    """
    _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw)

    def run(cells, inputs, states, cell_scope):
        return rnn.static_bidirectional_rnn(
            *cells,
            inputs,
            *states,
            sequence_length=sequence_length,
            dtype=dtype,
            scope=cell_scope,
        )

    return _stack(run, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope)


def stack_bidirectional_dynamic_rnn(cells_fw, cells_bw, inputs, initial_states_fw=None,
                                    initial_states_bw=None, dtype=None, sequence_length=None,
                                    parallel_iterations=None, time_major=False, scope=None,
                                    swap_memory=False):  # fmt: skip
    """bidirectional_dynamic_rnn in layers: outputs of both directions feed the next layer.

    Args:
      cells_fw, cells_bw: lists of RNNCells, one for each layer.
      inputs: tensor [batch, time, size] ([time, batch, size] if `time_major`).
      initial_states_fw, initial_states_bw: lists of states, one for each layer.
      dtype: needed without initial states.
      sequence_length: int vector [batch].
      scope: VariableScope or name; default "stack_bidirectional_rnn".

    Returns:
      (outputs [batch, time, size], tuple of last forward states, tuple of last backward states).
    """
    _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw)

    def run(cells, inputs, states, _):
        outputs, (state_fw, state_bw) = rnn.bidirectional_dynamic_rnn(
            *cells,
            inputs,
            initial_state_fw=states[0],
            initial_state_bw=states[1],
            sequence_length=sequence_length,
            parallel_iterations=parallel_iterations,
            dtype=dtype,
            swap_memory=swap_memory,
            time_major=time_major,
        )
        return array_ops.concat(outputs, 2), state_fw, state_bw

    return _stack(run, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope)
