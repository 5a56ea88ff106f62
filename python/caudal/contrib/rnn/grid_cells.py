# SPDX-License-Identifier: Apache-2.0
"""LSTMs that run over frequencies as well as over time (Li et al. 2015, Kalchbrenner et al.)."""

import collections

from caudal.contrib.rnn.lstm_cells import sharded_variable
from caudal.layers.rnn_cell_base import RNNCell
from caudal.ops import (
    array_ops,
    clip_ops,
    init_ops,
    math_ops,
    matmul_ops,
    nn_ops,
    variable_scope,
)
from caudal.platform import tf_logging as logging


def _input_size(inputs):
    size = inputs.get_shape().with_rank(2)[-1].value
    if size is None:
        raise ValueError("Cannot infer input_size from static shape inference.")
    return size


def _zeros(like, size):
    batch = like.get_shape()[0].value
    if batch is None:
        batch = array_ops.shape(like)[0]
    return array_ops.zeros([batch, size], like.dtype)


class TimeFreqLSTMCell(RNNCell):
    """LSTM that runs over the features of a step, in slices, from low to high.

    Args:
      num_units: size of the output for each slice.
      use_peepholes: whether the gates see the memory.
      cell_clip: if given, the memory is clipped to [-cell_clip, cell_clip].
      initializer: of the weights.
      num_unit_shards: number of variables that the weights are divided among.
      forget_bias: added to the forget gate.
      feature_size: size of a slice.
      frequency_skip: distance of slices.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None,
                 num_unit_shards=1, forget_bias=1.0, feature_size=None, frequency_skip=1,
                 reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip

    @property
    def output_size(self):
        return self._num_units

    @property
    def state_size(self):
        return 2 * self._num_units

    def call(self, inputs, state):
        sigmoid, tanh, n = math_ops.sigmoid, math_ops.tanh, self._num_units
        slices = self._slices(inputs)
        dtype = inputs.dtype
        depth = slices[0].get_shape().as_list()[1]
        if self._initializer is not None:
            variable_scope.get_variable_scope().set_initializer(self._initializer)
        weights = sharded_variable("W", [depth + 2 * n, 4 * n], dtype, self._num_unit_shards)
        bias = variable_scope.get_variable(
            "B", shape=[4 * n], initializer=init_ops.zeros_initializer(), dtype=dtype
        )
        if self._use_peepholes:
            w_f, w_i, w_o = (
                variable_scope.get_variable(name, shape=[n], dtype=dtype)
                for name in ("W_F_diag", "W_I_diag", "W_O_diag")
            )
        lower = _zeros(inputs, n)
        states, outputs = [], []
        for number, x in enumerate(slices):
            c = array_ops.slice(state, [0, 2 * number * n], [-1, n])
            h = array_ops.slice(state, [0, (2 * number + 1) * n], [-1, n])
            joined = array_ops.concat([x, h, lower], 1)
            gates = nn_ops.bias_add(matmul_ops.matmul(joined, weights), bias)
            i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=1)
            if self._use_peepholes:
                c = sigmoid(f + self._forget_bias + w_f * c) * c + sigmoid(i + w_i * c) * tanh(j)
            else:
                c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * tanh(j)
            if self._cell_clip is not None:
                c = clip_ops.clip_by_value(c, -self._cell_clip, self._cell_clip)
            lower = sigmoid(o + w_o * c if self._use_peepholes else o) * tanh(c)
            states += [c, lower]
            outputs.append(lower)
        new_state = array_ops.concat(states, 1)
        return array_ops.concat(outputs, 1), new_state

    def _slices(self, inputs):
        size = _input_size(inputs)
        if self._feature_size is None or self._frequency_skip is None:
            raise TypeError("TimeFreqLSTMCell needs feature_size and frequency_skip")
        count = (size - self._feature_size) // self._frequency_skip + 1
        return [
            array_ops.slice(inputs, [0, f * self._frequency_skip], [-1, self._feature_size])
            for f in range(count)
        ]


class _Weights:
    """The variables of one block of frequencies."""

    def __init__(self, cell, block, depth, dtype):
        n = cell._num_units
        gates = 3 if cell._couple_input_forget_gates else 4
        get = variable_scope.get_variable

        def layer(kind):
            return (
                sharded_variable(
                    "W_%s_%d" % (kind, block),
                    [depth + 2 * n, gates * n],
                    dtype,
                    cell._num_unit_shards,
                ),
                get(
                    "B_%s_%d" % (kind, block),
                    shape=[gates * n],
                    initializer=init_ops.zeros_initializer(),
                    dtype=dtype,
                ),
            )

        shared = cell._share_time_frequency_weights
        self.frequency = layer("f")
        self.time = self.frequency if shared else layer("t")
        self.peepholes = None
        if cell._use_peepholes:
            names = ["I", "O"] if cell._couple_input_forget_gates else ["F", "I", "O"]

            def diagonals(kind):
                return {
                    gate: tuple(
                        get("W_%s_diag_%s%s_%d" % (gate, kind, towards, block), shape=[n],
                            dtype=dtype)
                        for towards in "ft"
                    )
                    for gate in names
                }  # fmt: skip

            of_frequency = diagonals("freq")
            self.peepholes = (of_frequency, of_frequency if shared else diagonals("time"))


class GridLSTMCell(RNNCell):
    """LSTM over a grid of time and frequencies, with a memory along each.

    Args:
      num_units: size of each memory.
      use_peepholes: whether the gates see both memories.
      share_time_frequency_weights: whether both directions use the same weights.
      cell_clip: if given, memories are clipped to [-cell_clip, cell_clip].
      initializer: of the weights.
      num_unit_shards: number of variables that the weights are divided among.
      forget_bias: added to the forget gates.
      feature_size: size of a slice of features.
      frequency_skip: distance of slices.
      num_frequency_blocks: list: number of slices in each block; blocks have weights of their own.
      start_freqindex_list, end_freqindex_list: lists: where the blocks begin and end.
      couple_input_forget_gates: whether forget gates are 1 - input gates.
      state_is_tuple: True: the state is a namedtuple; False: all in one tensor.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, use_peepholes=False, share_time_frequency_weights=False,
                 cell_clip=None, initializer=None, num_unit_shards=1, forget_bias=1.0,
                 feature_size=None, frequency_skip=None, num_frequency_blocks=None,
                 start_freqindex_list=None, end_freqindex_list=None,
                 couple_input_forget_gates=False, state_is_tuple=True, reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        if not state_is_tuple:
            logging.warning("%s: Using a concatenated state is slower.", self)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._share_time_frequency_weights = share_time_frequency_weights
        self._couple_input_forget_gates = couple_input_forget_gates
        self._state_is_tuple = state_is_tuple
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip
        self._start_freqindex_list = start_freqindex_list
        self._end_freqindex_list = end_freqindex_list
        self._num_frequency_blocks = num_frequency_blocks
        self._total_blocks = 0
        self._reuse = reuse
        if self._num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        self._total_blocks = sum(int(count) for count in num_frequency_blocks)
        self._output_size = 2 * num_units * self._total_blocks
        if state_is_tuple:
            kind = collections.namedtuple("GridLSTMStateTuple", self._state_names("state"))
            self._state_tuple_type = kind
            self._state_size = kind(*([num_units] * (2 * self._total_blocks)))
        else:
            self._state_tuple_type = None
            self._state_size = 2 * num_units * self._total_blocks

    def _state_names(self, prefix):
        return [
            "%s_f%02d_b%02d_%s" % (prefix, f, block, part)
            for block, count in enumerate(self._num_frequency_blocks)
            for f in range(int(count))
            for part in "cm"
        ]

    @property
    def output_size(self):
        return self._output_size

    @property
    def state_size(self):
        return self._state_size

    @property
    def state_tuple_type(self):
        return self._state_tuple_type

    def call(self, inputs, state):
        slices = self._slices(inputs)
        outputs, states = self._run(slices, inputs, state, "state")
        if self._state_is_tuple:
            new_state = self._state_tuple_type(*states)
        else:
            new_state = array_ops.concat(states, 1)
        return array_ops.concat(outputs, 1), new_state

    def _run(self, slices, inputs, state, prefix):
        """Outputs and new states of all blocks."""
        if self._initializer is not None:
            variable_scope.get_variable_scope().set_initializer(self._initializer)
        outputs, states = [], []
        for block, block_inputs in enumerate(slices):
            block_outputs, block_states = self._block(block_inputs, block, inputs, state, prefix)
            outputs += block_outputs
            states += block_states
        return outputs, states

    def _previous(self, state, block, f, prefix):
        """(memory, output) of the last step at one frequency."""
        if self._state_is_tuple:
            name = "%s_f%02d_b%02d" % (prefix, f, block)
            return getattr(state, name + "_c"), getattr(state, name + "_m")
        n = self._num_units
        # As in TensorFlow, the parts of one tensor are counted anew in each block.
        first = 2 * n * f
        return (
            array_ops.slice(state, [0, first], [-1, n]),
            array_ops.slice(state, [0, first + n], [-1, n]),
        )

    def _gates(self, x, layer):
        weights, bias = layer
        values = nn_ops.bias_add(matmul_ops.matmul(x, weights), bias)
        if self._couple_input_forget_gates:
            i, j, o = array_ops.split(value=values, num_or_size_splits=3, axis=1)
            return i, j, None, o
        return array_ops.split(value=values, num_or_size_splits=4, axis=1)

    @staticmethod
    def _see(gate, diagonals, name, c_frequency, c_time):
        if diagonals is None:
            return gate
        of_frequency, of_time = diagonals[name]
        return gate + of_frequency * c_frequency + of_time * c_time

    def _memory(self, gates, diagonals, c_frequency, c_time, own):
        """The next memory along one direction, from `own`, the last one."""
        i, j, f, _ = gates
        input_gate = math_ops.sigmoid(self._see(i, diagonals, "I", c_frequency, c_time))
        if self._couple_input_forget_gates:
            forget_gate = 1.0 - input_gate
        else:
            forget_gate = math_ops.sigmoid(
                self._see(f + self._forget_bias, diagonals, "F", c_frequency, c_time)
            )
        c = forget_gate * own + input_gate * math_ops.tanh(j)
        if self._cell_clip is not None:
            c = clip_ops.clip_by_value(c, -self._cell_clip, self._cell_clip)
        return c

    def _block(self, slices, block, inputs, state, prefix):
        n = self._num_units
        depth = slices[0].get_shape().as_list()[1]
        weights = _Weights(self, block, depth, inputs.dtype)
        of_frequency, of_time = weights.peepholes or (None, None)
        h_frequency, c_frequency = _zeros(inputs, n), _zeros(inputs, n)
        outputs, states = [], []
        for f, x in enumerate(slices):
            c_time, h_time = self._previous(state, block, f, prefix)
            joined = array_ops.concat([x, h_time, h_frequency], 1)
            gates_f = self._gates(joined, weights.frequency)
            gates_t = gates_f
            if not self._share_time_frequency_weights:
                gates_t = self._gates(joined, weights.time)
            new_f = self._memory(gates_f, of_frequency, c_frequency, c_time, c_frequency)
            new_t = self._memory(gates_t, of_time, c_frequency, c_time, c_time)
            c_frequency = new_f
            h_frequency = math_ops.sigmoid(
                self._see(gates_f[3], of_frequency, "O", new_f, new_t)
            ) * math_ops.tanh(new_f)
            h_time = math_ops.sigmoid(
                self._see(gates_t[3], of_time, "O", new_f, new_t)
            ) * math_ops.tanh(new_t)
            states += [new_t, h_time]
            outputs += [h_time, h_frequency]
        return outputs, states

    def _slices(self, inputs, offset=0):
        """Slices of the features, by block."""
        size = _input_size(inputs)
        if offset > 0:
            # Frequencies that the offset moves beyond the end are zero.
            inputs = array_ops.pad(inputs, [[0, 0], [0, offset]])
        elif offset < 0:
            inputs = array_ops.pad(inputs, [[0, 0], [-offset, 0]])
            offset = 0
        if not self._start_freqindex_list:
            if len(self._num_frequency_blocks) != 1:
                raise ValueError(
                    "Length of num_frequency_blocks is not 1, but instead is %d"
                    % len(self._num_frequency_blocks)
                )
            blocks = [(0, size)]
        else:
            starts, ends = self._start_freqindex_list, self._end_freqindex_list
            if len(starts) != len(ends):
                raise ValueError(
                    "Length of start and end freqindex_list does not match %d %d"
                    % (len(starts), len(ends))
                )
            if len(self._num_frequency_blocks) != len(starts):
                raise ValueError(
                    "Length of num_frequency_blocks is not equal to start_freqindex_list %d %d"
                    % (len(self._num_frequency_blocks), len(starts))
                )
            blocks = list(zip(starts, ends))
        slices = []
        for block, (start, end) in enumerate(blocks):
            count = int((end - start - self._feature_size) / self._frequency_skip) + 1
            if count != self._num_frequency_blocks[block]:
                raise ValueError(
                    "Invalid num_frequency_blocks, requires %d but gets %d, please check the "
                    "input size and filter config are correct."
                    % (self._num_frequency_blocks[block], count)
                )
            slices.append(
                [
                    array_ops.slice(
                        inputs,
                        [0, start + offset + f * self._frequency_skip],
                        [-1, self._feature_size],
                    )
                    for f in range(count)
                ]
            )
        return slices


class BidirectionalGridLSTMCell(GridLSTMCell):
    """GridLSTMCell that runs over the frequencies in both directions.

    Args:
      backward_slice_offset: how far slices are moved for the way back.
      Others: as for GridLSTMCell.
    """

    def __init__(self, num_units, use_peepholes=False, share_time_frequency_weights=False,
                 cell_clip=None, initializer=None, num_unit_shards=1, forget_bias=1.0,
                 feature_size=None, frequency_skip=None, num_frequency_blocks=None,
                 start_freqindex_list=None, end_freqindex_list=None,
                 couple_input_forget_gates=False, backward_slice_offset=0,
                 reuse=None):  # fmt: skip
        super().__init__(
            num_units, use_peepholes, share_time_frequency_weights, cell_clip, initializer,
            num_unit_shards, forget_bias, feature_size, frequency_skip, num_frequency_blocks,
            start_freqindex_list, end_freqindex_list, couple_input_forget_gates, True, reuse,
        )  # fmt: skip
        self._backward_slice_offset = int(backward_slice_offset)
        self._state_tuple_type = collections.namedtuple(
            "BidirectionalGridLSTMStateTuple",
            self._state_names("fwd_state") + self._state_names("bwd_state"),
        )
        self._state_size = self._state_tuple_type(*([num_units] * (4 * self._total_blocks)))
        self._output_size = 2 * num_units * self._total_blocks * 2

    def call(self, inputs, state):
        forward = self._slices(inputs)
        backward = forward
        if self._backward_slice_offset:
            backward = self._slices(inputs, self._backward_slice_offset)
        backward = [list(reversed(block)) for block in backward]
        with variable_scope.variable_scope("fwd"):
            outputs_f, states_f = self._run(forward, inputs, state, "fwd_state")
        with variable_scope.variable_scope("bwd"):
            outputs_b, states_b = self._run(backward, inputs, state, "bwd_state")
        return (
            array_ops.concat(outputs_f + outputs_b, 1),
            self._state_tuple_type(*(states_f + states_b)),
        )
