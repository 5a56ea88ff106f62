# SPDX-License-Identifier: Apache-2.0
"""Sequence-to-sequence models unrolled in the graph."""

import copy

from caudal.contrib.legacy_seq2seq.decoders import (
    argmax_and_embed,
    check_projection,
    embedding_attention_decoder,
    embedding_rnn_decoder,
    rnn_decoder,
)
from caudal.contrib.rnn.wrappers import EmbeddingWrapper, OutputProjectionWrapper
from caudal.framework import dtypes, nest, ops
from caudal.layers import rnn
from caudal.ops import (
    array_ops,
    control_flow_ops,
    embedding_ops,
    math_ops,
    nn_impl,
    variable_scope,
)


def basic_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, dtype=dtypes.float32, scope=None):
    """An encoder, whose last state a decoder with weights of its own begins with.

    Args:
      encoder_inputs, decoder_inputs: lists of tensors [batch, size].
      cell: an RNNCell; the encoder runs a copy.
      dtype: of the encoder's first state.
      scope: VariableScope or name; default "basic_rnn_seq2seq".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = rnn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, loop_function=None,
                     dtype=dtypes.float32, scope=None):  # fmt: skip
    """`basic_rnn_seq2seq` whose encoder and decoder share weights.

    Args:
      encoder_inputs, decoder_inputs: lists of tensors [batch, size].
      cell: an RNNCell.
      loop_function: as for rnn_decoder.
      dtype: of the first state.
      scope: VariableScope or name; default "tied_rnn_seq2seq".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = rnn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        variable_scope.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


def _either(feed_previous, decode, num_outputs, state_like):
    """`decode(feed_previous)`, by a conditional where `feed_previous` is a tensor."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous)

    def branch(value):
        # The branch that is built second finds the variables of the first one.
        with variable_scope.variable_scope(
            variable_scope.get_variable_scope(), reuse=None if value else True
        ):
            outputs, state = decode(value)
        return list(outputs) + nest.flatten(state)

    flat = control_flow_ops.cond(feed_previous, lambda: branch(True), lambda: branch(False))
    state = flat[num_outputs:]
    if nest.is_sequence(state_like):
        state = nest.pack_sequence_as(structure=state_like, flat_sequence=state)
    else:
        state = state[0]
    return flat[:num_outputs], state


def _set_dtype(scope, dtype):
    if dtype is None:
        return scope.dtype
    scope.set_dtype(dtype)
    return dtype


def embedding_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, num_encoder_symbols,
                          num_decoder_symbols, embedding_size, output_projection=None,
                          feed_previous=False, dtype=None, scope=None):  # fmt: skip
    """`basic_rnn_seq2seq` from symbols to symbols.

    Args:
      encoder_inputs, decoder_inputs: lists of int vectors [batch].
      cell: an RNNCell.
      num_encoder_symbols, num_decoder_symbols, embedding_size: sizes of the tables.
      output_projection: (weights, biases) from outputs to symbols; without it outputs are
        projected here.
      feed_previous: bool or scalar bool tensor: whether symbols are fed back.
      dtype: of the first state; default that of the scope.
      scope: VariableScope or name; default "embedding_rnn_seq2seq".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope(scope or "embedding_rnn_seq2seq") as opened:
        dtype = _set_dtype(opened, dtype)
        encoder = EmbeddingWrapper(
            copy.deepcopy(cell),
            embedding_classes=num_encoder_symbols,
            embedding_size=embedding_size,
        )
        _, encoder_state = rnn.static_rnn(encoder, encoder_inputs, dtype=dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feed):
            return embedding_rnn_decoder(
                decoder_inputs,
                encoder_state,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection=output_projection,
                feed_previous=feed,
            )

        return _either(feed_previous, decode, len(decoder_inputs), encoder_state)


def embedding_tied_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, num_symbols, embedding_size,
                               num_decoder_symbols=None, output_projection=None,
                               feed_previous=False, dtype=None, scope=None):  # fmt: skip
    """`tied_rnn_seq2seq` from symbols to symbols, with one table for both.

    Args:
      encoder_inputs, decoder_inputs: lists of int vectors [batch].
      cell: an RNNCell.
      num_symbols, embedding_size: sizes of the table.
      num_decoder_symbols: number of symbols that are put out; default `num_symbols`.
      output_projection, feed_previous, dtype: as for embedding_rnn_seq2seq.
      scope: VariableScope or name; default "embedding_tied_rnn_seq2seq".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope(
        scope or "embedding_tied_rnn_seq2seq", dtype=dtype
    ) as opened:
        dtype = opened.dtype
        output_symbols = num_symbols if num_decoder_symbols is None else num_decoder_symbols
        if output_projection is not None:
            check_projection(output_projection, output_symbols, dtype)
        embedding = variable_scope.get_variable(
            "embedding", [num_symbols, embedding_size], dtype=dtype
        )
        encoder_rows = [embedding_ops.embedding_lookup(embedding, x) for x in encoder_inputs]
        decoder_rows = [embedding_ops.embedding_lookup(embedding, x) for x in decoder_inputs]
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, output_symbols)

        def decode(feed):
            loop = argmax_and_embed(embedding, output_projection) if feed else None
            return tied_rnn_seq2seq(
                encoder_rows, decoder_rows, cell, loop_function=loop, dtype=dtype
            )

        return _either(feed_previous, decode, len(decoder_inputs), cell.state_size)


def embedding_attention_seq2seq(encoder_inputs, decoder_inputs, cell, num_encoder_symbols,
                                num_decoder_symbols, embedding_size, num_heads=1,
                                output_projection=None, feed_previous=False, dtype=None,
                                scope=None, initial_state_attention=False):  # fmt: skip
    """`embedding_rnn_seq2seq` whose decoder attends over the outputs of the encoder.

    Args:
      num_heads: number of independent attentions.
      initial_state_attention: as for attention_decoder.
      Others: as for embedding_rnn_seq2seq.
      scope: VariableScope or name; default "embedding_attention_seq2seq".

    Returns:
      (list of outputs, last state).
    """
    with variable_scope.variable_scope(
        scope or "embedding_attention_seq2seq", dtype=dtype
    ) as opened:
        dtype = opened.dtype
        encoder = EmbeddingWrapper(
            copy.deepcopy(cell),
            embedding_classes=num_encoder_symbols,
            embedding_size=embedding_size,
        )
        outputs, encoder_state = rnn.static_rnn(encoder, encoder_inputs, dtype=dtype)
        states = [array_ops.reshape(e, [-1, 1, cell.output_size]) for e in outputs]
        attention_states = array_ops.concat(states, 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(feed):
            return embedding_attention_decoder(
                decoder_inputs,
                encoder_state,
                attention_states,
                cell,
                num_decoder_symbols,
                embedding_size,
                num_heads=num_heads,
                output_size=output_size,
                output_projection=output_projection,
                feed_previous=feed,
                initial_state_attention=initial_state_attention,
            )

        return _either(feed_previous, decode, len(decoder_inputs), encoder_state)


def one2many_rnn_seq2seq(encoder_inputs, decoder_inputs_dict, enc_cell, dec_cells_dict,
                         num_encoder_symbols, num_decoder_symbols_dict, embedding_size,
                         feed_previous=False, dtype=None, scope=None):  # fmt: skip
    """One encoder with a decoder for each of several tasks (Luong et al. 2016).

    Args:
      encoder_inputs: list of int vectors [batch].
      decoder_inputs_dict: {name: list of int vectors [batch]}.
      enc_cell: RNNCell of the encoder.
      dec_cells_dict: {name: RNNCell}.
      num_encoder_symbols: number of symbols.
      num_decoder_symbols_dict: {name: number of symbols}.
      embedding_size: size of the embeddings.
      feed_previous, dtype: as for embedding_rnn_seq2seq.
      scope: VariableScope or name; default "one2many_rnn_seq2seq".

    Returns:
      ({name: list of outputs}, {name: last state}).
    """
    outputs_dict, state_dict = {}, {}
    with variable_scope.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as opened:
        dtype = opened.dtype
        encoder = EmbeddingWrapper(
            enc_cell, embedding_classes=num_encoder_symbols, embedding_size=embedding_size
        )
        _, encoder_state = rnn.static_rnn(encoder, encoder_inputs, dtype=dtype)
        for name, decoder_inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with variable_scope.variable_scope("one2many_decoder_" + str(name)):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)

                def decode(feed, inputs=decoder_inputs, cell=cell, symbols=symbols):
                    return embedding_rnn_decoder(
                        inputs, encoder_state, cell, symbols, embedding_size, feed_previous=feed
                    )

                outputs_dict[name], state_dict[name] = _either(
                    feed_previous, decode, len(decoder_inputs), encoder_state
                )
    return outputs_dict, state_dict


def sequence_loss_by_example(logits, targets, weights, average_across_timesteps=True,
                             softmax_loss_function=None, name=None):  # fmt: skip
    """Weighted cross-entropy of each row of lists of logits.

    Args:
      logits: list of tensors [batch, classes].
      targets: list of int vectors [batch].
      weights: list of vectors [batch].
      average_across_timesteps: whether to divide by the sum of the weights.
      softmax_loss_function: function (labels, logits) -> loss.
      name: name scope.

    Returns:
      A vector [batch].
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same %d, %d, %d."
            % (len(logits), len(weights), len(targets))
        )
    with ops.name_scope(
        name, "sequence_loss_by_example", list(logits) + list(targets) + list(weights)
    ):
        losses = []
        for logit, target, weight in zip(logits, targets, weights):
            if softmax_loss_function is None:
                target = array_ops.reshape(target, [-1])
                loss = nn_impl.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total = math_ops.add_n(losses)
        if average_across_timesteps:
            # Never exactly zero.
            total = total / (math_ops.add_n(weights) + 1e-12)
    return total


def sequence_loss(logits, targets, weights, average_across_timesteps=True,
                  average_across_batch=True, softmax_loss_function=None, name=None):  # fmt: skip
    """`sequence_loss_by_example`, added up or averaged over the batch: a scalar."""
    with ops.name_scope(name, "sequence_loss", list(logits) + list(targets) + list(weights)):
        cost = math_ops.reduce_sum(
            sequence_loss_by_example(
                logits,
                targets,
                weights,
                average_across_timesteps=average_across_timesteps,
                softmax_loss_function=softmax_loss_function,
            )
        )
        if average_across_batch:
            return cost / math_ops.cast(array_ops.shape(targets[0])[0], cost.dtype)
        return cost


def model_with_buckets(encoder_inputs, decoder_inputs, targets, weights, buckets, seq2seq,
                       softmax_loss_function=None, per_example_loss=False, name=None):  # fmt: skip
    """One model for each of several lengths, all with the same variables.

    Args:
      encoder_inputs, decoder_inputs: lists of inputs, long enough for the last bucket.
      targets, weights: lists of vectors [batch].
      buckets: list of (encoder length, decoder length), from short to long.
      seq2seq: function (encoder inputs, decoder inputs) -> (outputs, state).
      softmax_loss_function: function (labels, logits) -> loss.
      per_example_loss: whether losses are vectors [batch].
      name: name scope.

    Returns:
      (list of outputs, list of losses), one for each bucket.

    Raises:
      ValueError: if a list is shorter than the last bucket.
    """
    for what, items, needed in (
        ("encoder_inputs", encoder_inputs, buckets[-1][0]),
        ("targets", targets, buckets[-1][1]),
        ("weights", weights, buckets[-1][1]),
    ):
        if len(items) < needed:
            raise ValueError(
                "Length of %s (%d) must be at least that of last bucket (%d)."
                % (what, len(items), needed)
            )
    all_inputs = list(encoder_inputs) + list(decoder_inputs) + list(targets) + list(weights)
    loss_function = sequence_loss_by_example if per_example_loss else sequence_loss
    losses, outputs = [], []
    with ops.name_scope(name, "model_with_buckets", all_inputs):
        for number, (encoder_size, decoder_size) in enumerate(buckets):
            with variable_scope.variable_scope(
                variable_scope.get_variable_scope(), reuse=True if number > 0 else None
            ):
                made, _ = seq2seq(encoder_inputs[:encoder_size], decoder_inputs[:decoder_size])
                outputs.append(made)
                losses.append(
                    loss_function(
                        made,
                        targets[:decoder_size],
                        weights[:decoder_size],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return outputs, losses
