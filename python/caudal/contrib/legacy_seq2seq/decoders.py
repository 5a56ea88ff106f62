# SPDX-License-Identifier: Apache-2.0
"""Decoders unrolled in the graph: plain, with embeddings, with attention."""

from caudal.contrib.rnn.linear import Linear
from caudal.framework import nest, ops
from caudal.ops import (
    array_ops,
    embedding_ops,
    math_ops,
    nn_ops,
    variable_scope,
)


def argmax_and_embed(embedding, output_projection=None, update_embedding=True):
    """A loop function that feeds the row of the most likely symbol of the last output back."""

    def loop_function(prev, _):
        if output_projection is not None:
            prev = nn_ops.xw_plus_b(prev, output_projection[0], output_projection[1])
        symbol = math_ops.argmax(prev, 1)
        row = embedding_ops.embedding_lookup(embedding, symbol)
        return row if update_embedding else array_ops.stop_gradient(row)

    return loop_function


def check_projection(output_projection, num_symbols, dtype, with_weights=True):
    """ValueError if (weights, biases) do not project to `num_symbols`."""
    weights, biases = (ops.convert_to_tensor(p, dtype=dtype) for p in output_projection)
    if with_weights:
        weights.get_shape().assert_is_compatible_with([None, num_symbols])
    biases.get_shape().assert_is_compatible_with([num_symbols])


def rnn_decoder(decoder_inputs, initial_state, cell, loop_function=None, scope=None):
    """Runs a cell over a list of inputs.

    Args:
      decoder_inputs: list of tensors [batch, size].
      initial_state: state of the cell to begin with.
      cell: an RNNCell.
      loop_function: function (last output, step) -> input, used from the second step on.
      scope: VariableScope or name; default "rnn_decoder".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope(scope or "rnn_decoder"):
        state, outputs, last = initial_state, [], None
        for step, x in enumerate(decoder_inputs):
            if loop_function is not None and last is not None:
                with variable_scope.variable_scope("loop_function", reuse=True):
                    x = loop_function(last, step)
            if step > 0:
                variable_scope.get_variable_scope().reuse_variables()
            output, state = cell(x, state)
            outputs.append(output)
            if loop_function is not None:
                last = output
    return outputs, state


def embedding_rnn_decoder(decoder_inputs, initial_state, cell, num_symbols, embedding_size,
                          output_projection=None, feed_previous=False,
                          update_embedding_for_previous=True, scope=None):  # fmt: skip
    """`rnn_decoder` on rows of a table of embeddings.

    Args:
      decoder_inputs: list of int vectors [batch].
      initial_state: state of the cell to begin with.
      cell: an RNNCell.
      num_symbols, embedding_size: sizes of the table.
      output_projection: (weights, biases) from outputs to symbols, for `feed_previous`.
      feed_previous: whether only the first input is used and symbols are fed back.
      update_embedding_for_previous: whether gradients flow to the rows that are fed back.
      scope: VariableScope or name; default "embedding_rnn_decoder".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope(scope or "embedding_rnn_decoder") as opened:
        if output_projection is not None:
            check_projection(output_projection, num_symbols, opened.dtype)
        embedding = variable_scope.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = argmax_and_embed(
                embedding, output_projection, update_embedding_for_previous
            )
        rows = [embedding_ops.embedding_lookup(embedding, i) for i in decoder_inputs]
        return rnn_decoder(rows, initial_state, cell, loop_function=loop_function)


class _Heads:
    """Attention over states [batch, length, size] with weights of its own for each head."""

    def __init__(self, states, num_heads):
        shape = states.get_shape()
        self.length = shape[1].value
        if self.length is None:
            self.length = array_ops.shape(states)[1]
        self.size = shape[2].value
        self.hidden = array_ops.reshape(states, [-1, self.length, 1, self.size])
        self.features, self.v = [], []
        for head in range(num_heads):
            k = variable_scope.get_variable("AttnW_%d" % head, [1, 1, self.size, self.size])
            self.features.append(nn_ops.conv2d(self.hidden, k, [1, 1, 1, 1], "SAME"))
            self.v.append(variable_scope.get_variable("AttnV_%d" % head, [self.size]))

    def attend(self, query):
        """What each head attends to: list of [batch, size]."""
        if nest.is_sequence(query):
            query = array_ops.concat(nest.flatten(query), 1)
        found = []
        for head, (features, v) in enumerate(zip(self.features, self.v)):
            with variable_scope.variable_scope("Attention_%d" % head):
                y = Linear(query, self.size, True)(query)
                y = array_ops.reshape(y, [-1, 1, 1, self.size])
                scores = math_ops.reduce_sum(v * math_ops.tanh(features + y), [2, 3])
                weights = array_ops.reshape(nn_ops.softmax(scores), [-1, self.length, 1, 1])
                mixed = math_ops.reduce_sum(weights * self.hidden, [1, 2])
                found.append(array_ops.reshape(mixed, [-1, self.size]))
        return found


def attention_decoder(decoder_inputs, initial_state, attention_states, cell, output_size=None,
                      num_heads=1, loop_function=None, dtype=None, scope=None,
                      initial_state_attention=False):  # fmt: skip
    """Runs a cell that attends over the states of an encoder (Vinyals et al. 2014).

    Args:
      decoder_inputs: list of tensors [batch, size].
      initial_state: state of the cell to begin with.
      attention_states: [batch, length, size].
      cell: an RNNCell.
      output_size: size of the outputs; default that of the cell.
      num_heads: number of independent attentions.
      loop_function: as for rnn_decoder.
      dtype: of the variables; default that of the scope.
      scope: VariableScope or name; default "attention_decoder".
      initial_state_attention: whether the first step sees attention of the initial state instead
        of zeros.

    Returns:
      (list of outputs, last state).

    Raises:
      ValueError: without inputs, heads or a known size of the states.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.get_shape()[2].value is None:
        raise ValueError(
            "Shape[2] of attention_states must be known: %s" % attention_states.get_shape()
        )
    if output_size is None:
        output_size = cell.output_size
    with variable_scope.variable_scope(scope or "attention_decoder", dtype=dtype) as opened:
        dtype = opened.dtype
        batch_size = array_ops.shape(decoder_inputs[0])[0]
        heads = _Heads(attention_states, num_heads)
        state, outputs, last = initial_state, [], None
        attended = []
        for _ in range(num_heads):
            zeros = array_ops.zeros(array_ops.stack([batch_size, heads.size]), dtype=dtype)
            zeros.set_shape([None, heads.size])
            attended.append(zeros)
        if initial_state_attention:
            attended = heads.attend(initial_state)
        for step, x in enumerate(decoder_inputs):
            if step > 0:
                variable_scope.get_variable_scope().reuse_variables()
            if loop_function is not None and last is not None:
                with variable_scope.variable_scope("loop_function", reuse=True):
                    x = loop_function(last, step)
            input_size = x.get_shape().with_rank(2)[1].value
            if input_size is None:
                raise ValueError("Could not infer input size from input: %s" % x.name)
            joined = [x] + attended
            cell_output, state = cell(Linear(joined, input_size, True)(joined), state)
            if step == 0 and initial_state_attention:
                with variable_scope.variable_scope(variable_scope.get_variable_scope(), reuse=True):
                    attended = heads.attend(state)
            else:
                attended = heads.attend(state)
            with variable_scope.variable_scope("AttnOutputProjection"):
                joined = [cell_output] + attended
                output = Linear(joined, output_size, True)(joined)
            if loop_function is not None:
                last = output
            outputs.append(output)
    return outputs, state


def embedding_attention_decoder(decoder_inputs, initial_state, attention_states, cell,
                                num_symbols, embedding_size, num_heads=1, output_size=None,
                                output_projection=None, feed_previous=False,
                                update_embedding_for_previous=True, dtype=None, scope=None,
                                initial_state_attention=False):  # fmt: skip
    """`attention_decoder` on rows of a table of embeddings; see there and embedding_rnn_decoder."""
    if output_size is None:
        output_size = cell.output_size
    if output_projection is not None:
        biases = ops.convert_to_tensor(output_projection[1])
        biases.get_shape().assert_is_compatible_with([num_symbols])
    with variable_scope.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = variable_scope.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = argmax_and_embed(
                embedding, output_projection, update_embedding_for_previous
            )
        rows = [embedding_ops.embedding_lookup(embedding, i) for i in decoder_inputs]
        return attention_decoder(
            rows,
            initial_state,
            attention_states,
            cell,
            output_size=output_size,
            num_heads=num_heads,
            loop_function=loop_function,
            initial_state_attention=initial_state_attention,
        )
