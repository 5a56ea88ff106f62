# SPDX-License-Identifier: Apache-2.0
"""Cells around other cells: projections, embeddings, highways, attention over past states."""

import math

from caudal.contrib.rnn.linear import Linear
from caudal.framework import nest, ops
from caudal.layers import lookup
from caudal.layers.rnn_cell_base import RNNCell, assert_like_rnncell
from caudal.ops import (
    array_ops,
    embedding_ops,
    init_ops,
    math_ops,
    nn_ops,
    variable_scope,
)
from caudal.platform import tf_logging as logging


def _activation(activation):
    return lookup.activation(activation) if activation else None


class _Wrapper(RNNCell):
    """A cell with the sizes and the first state of the cell in it, `_cell`."""

    @property
    def state_size(self):
        return self._cell.state_size

    @property
    def output_size(self):
        return self._cell.output_size

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


class EmbeddingWrapper(_Wrapper):
    """A cell whose inputs are ids: it gets their rows of a table.

    Args:
      cell: an RNNCell.
      embedding_classes, embedding_size: sizes of the table.
      initializer: of the table; default that of the scope, else uniform.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, cell, embedding_classes, embedding_size, initializer=None, reuse=None):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: %d, %d."
                % (embedding_classes, embedding_size)
            )
        self._cell = cell
        self._embedding_classes = embedding_classes
        self._embedding_size = embedding_size
        self._initializer = initializer

    def call(self, inputs, state):
        with ops.device("/cpu:0"):
            initializer = self._initializer or variable_scope.get_variable_scope().initializer
            if not initializer:
                # Rows of variance 1.
                bound = math.sqrt(3)
                initializer = init_ops.random_uniform_initializer(-bound, bound)
            table = variable_scope.get_variable(
                "embedding",
                [self._embedding_classes, self._embedding_size],
                initializer=initializer,
                dtype=(state[0] if isinstance(state, tuple) else state).dtype,
            )
            rows = embedding_ops.embedding_lookup(table, array_ops.reshape(inputs, [-1]))
            return self._cell(rows, state)


class InputProjectionWrapper(_Wrapper):
    """A cell whose inputs go through a linear map first.

    Args:
      cell: an RNNCell.
      num_proj: size of the projected inputs.
      activation: function or its name; default none.
      input_size: not used.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, cell, num_proj, activation=None, input_size=None, reuse=None):
        super().__init__(_reuse=reuse)
        if input_size is not None:
            logging.warning("%s: The input_size parameter is deprecated.", self)
        assert_like_rnncell("cell", cell)
        self._cell = cell
        self._num_proj = num_proj
        self._activation = _activation(activation)
        self._linear = None

    def call(self, inputs, state):
        if self._linear is None:
            self._linear = Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        if self._activation:
            projected = self._activation(projected)
        return self._cell(projected, state)


class OutputProjectionWrapper(_Wrapper):
    """A cell whose outputs go through a linear map.

    Args:
      cell: an RNNCell.
      output_size: size of the projected outputs.
      activation: function or its name; default none.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, cell, output_size, activation=None, reuse=None):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if output_size < 1:
            raise ValueError("Parameter output_size must be > 0: %d." % output_size)
        self._cell = cell
        self._output_size = output_size
        self._activation = _activation(activation)
        self._linear = None

    @property
    def output_size(self):
        return self._output_size

    def call(self, inputs, state):
        output, new_state = self._cell(inputs, state)
        if self._linear is None:
            self._linear = Linear(output, self._output_size, True)
        projected = self._linear(output)
        if self._activation:
            projected = self._activation(projected)
        return projected, new_state


class HighwayWrapper(_Wrapper):
    """A cell whose outputs are mixed with its inputs by gates (Srivastava et al. 2015).

    Args:
      cell: an RNNCell whose outputs have the size of its inputs.
      couple_carry_transform_gates: whether the transform gate is 1 - carry gate.
      carry_bias_init: the carry gate's bias at first.
    """

    def __init__(self, cell, couple_carry_transform_gates=True, carry_bias_init=1.0):
        super().__init__()
        self._cell = cell
        self._couple_carry_transform_gates = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    def _gate(self, name, inputs, bias):
        size = inputs.get_shape().with_rank(2)[1].value
        if size is None:
            raise ValueError("linear expects shape[1] to be provided, but saw an unknown size")
        weights = variable_scope.get_variable(name + "_w", [size, size])
        biases = variable_scope.get_variable(
            name + "_b", [size], initializer=init_ops.constant_initializer(bias)
        )
        return math_ops.sigmoid(nn_ops.xw_plus_b(inputs, weights, biases))

    def _highway(self, inputs, outputs):
        carry = self._gate("carry", inputs, self._carry_bias_init)
        if self._couple_carry_transform_gates:
            transform = 1 - carry
        else:
            transform = self._gate("transform", inputs, -self._carry_bias_init)
        return inputs * carry + outputs * transform

    def __call__(self, inputs, state, scope=None):
        """Runs one step, see RNNCell; the variables lie in the scope around the call."""
        outputs, new_state = self._cell(inputs, state, scope=scope)
        nest.assert_same_structure(inputs, outputs)
        nest.map_structure(
            lambda a, b: a.get_shape().assert_is_compatible_with(b.get_shape()), inputs, outputs
        )
        return nest.map_structure(self._highway, inputs, outputs), new_state


class AttentionCellWrapper(RNNCell):
    """A cell that attends over its own last states (Bahdanau et al. 2014).

    Args:
      cell: an RNNCell.
      attn_length: number of states that it attends over.
      attn_size: size of an attended vector; default the output size of the cell.
      attn_vec_size: size of the hidden layer; default `attn_size`.
      input_size: size of the projected inputs; default that of the inputs.
      state_is_tuple: True: the state is (state of the cell, attention, attended states).
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, cell, attn_length, attn_size=None, attn_vec_size=None, input_size=None,
                 state_is_tuple=True, reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if nest.is_sequence(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size "
                "is: %s" % str(cell.state_size)
            )
        if attn_length <= 0:
            raise ValueError("attn_length should be greater than zero, got %s" % str(attn_length))
        if not state_is_tuple:
            logging.warning("%s: Using a concatenated state is slower.", self)
        self._cell = cell
        self._attn_length = attn_length
        self._attn_size = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._input_size = input_size
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self):
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        return self._attn_size

    def call(self, inputs, state):
        if self._state_is_tuple:
            state, attention, past = state
        else:
            whole, size, width = state, self._cell.state_size, self._attn_size
            state = array_ops.slice(whole, [0, 0], [-1, size])
            attention = array_ops.slice(whole, [0, size], [-1, width])
            past = array_ops.slice(whole, [0, size + width], [-1, width * self._attn_length])
        past = array_ops.reshape(past, [-1, self._attn_length, self._attn_size])
        input_size = self._input_size
        if input_size is None:
            input_size = inputs.get_shape().as_list()[1]
        mixed = Linear([inputs, attention], input_size, True)([inputs, attention])
        cell_output, new_state = self._cell(mixed, state)
        if self._state_is_tuple:
            query = array_ops.concat(nest.flatten(new_state), 1)
        else:
            query = new_state
        new_attention, kept = self._attend(query, past)
        with variable_scope.variable_scope("attn_output_projection"):
            both = [cell_output, new_attention]
            output = Linear(both, self._attn_size, True)(both)
        past = array_ops.concat([kept, array_ops.expand_dims(output, 1)], 1)
        past = array_ops.reshape(past, [-1, self._attn_length * self._attn_size])
        if self._state_is_tuple:
            return output, (new_state, new_attention, past)
        return output, array_ops.concat([new_state, new_attention, past], 1)

    def _attend(self, query, past):
        """(the attended vector, the past states without the oldest)."""
        length, size, hidden = self._attn_length, self._attn_size, self._attn_vec_size
        with variable_scope.variable_scope("attention"):
            k = variable_scope.get_variable("attn_w", [1, 1, size, hidden])
            v = variable_scope.get_variable("attn_v", [hidden])
            states = array_ops.reshape(past, [-1, length, 1, size])
            features = nn_ops.conv2d(states, k, [1, 1, 1, 1], "SAME")
            y = array_ops.reshape(Linear(query, hidden, True)(query), [-1, 1, 1, hidden])
            scores = math_ops.reduce_sum(v * math_ops.tanh(features + y), [2, 3])
            weights = array_ops.reshape(nn_ops.softmax(scores), [-1, length, 1, 1])
            attended = math_ops.reduce_sum(weights * states, [1, 2])
            attended = array_ops.reshape(attended, [-1, size])
            return attended, array_ops.slice(past, [0, 1, 0], [-1, -1, -1])


class CompiledWrapper(RNNCell):
    """Not supported: there is no just-in-time compiler of cells."""

    def __init__(self, cell, compile_stateful=False):
        raise NotImplementedError(
            "CompiledWrapper asks for XLA, which caudal does not have; use the cell itself: plans "
            "are fused without it"
        )
