# SPDX-License-Identifier: Apache-2.0
"""Beam search: the best sequences are extended side by side."""

import collections

import numpy as np

from caudal.contrib.seq2seq import decoder
from caudal.contrib.seq2seq.attention_wrapper import AttentionWrapperState
from caudal.contrib.seq2seq.basic_decoder import layer_output_size
from caudal.contrib.seq2seq.helper import _as_embedding
from caudal.framework import dtypes, nest, ops, tensor_shape, tensor_util
from caudal.framework.op_functions import public
from caudal.layers import engine
from caudal.layers.rnn_cell_base import as_sizes, assert_like_rnncell
from caudal.ops import (
    array_ops,
    control_flow_ops,
    math_ops,
    nn_ops,
    tensor_array_ops,
)
from caudal.platform import tf_logging as logging

gather_tree = public("GatherTree")

BeamSearchDecoderState = collections.namedtuple(
    "BeamSearchDecoderState",
    ("cell_state", "log_probs", "finished", "lengths", "accumulated_attention_probs"),
)
BeamSearchDecoderState.__doc__ = "State of a BeamSearchDecoder; tensors are [batch, beam, ...]."

BeamSearchDecoderOutput = collections.namedtuple(
    "BeamSearchDecoderOutput", ("scores", "predicted_ids", "parent_ids")
)
BeamSearchDecoderOutput.__doc__ = "What one step puts out for each beam: [batch, beam]."

FinalBeamSearchDecoderOutput = collections.namedtuple(
    "FinalBeamSearchDecoderOutput", ("predicted_ids", "beam_search_decoder_output")
)
FinalBeamSearchDecoderOutput.__doc__ = "Whole sequences, best beam first, and the steps' outputs."


def _static_product(*sizes):
    return None if None in sizes else int(np.prod(sizes))


def _known(value):
    return tensor_util.constant_value(ops.convert_to_tensor(value))


def _tile_one(t, multiplier):
    t = ops.convert_to_tensor(t, name="t")
    shape = t.shape
    if shape.ndims is None:
        raise ValueError("t must have statically known rank")
    sizes = array_ops.shape(t)
    tiled = array_ops.tile(array_ops.expand_dims(t, 1), [1, multiplier] + [1] * (shape.ndims - 1))
    tiled = array_ops.reshape(tiled, array_ops.concat(([sizes[0] * multiplier], sizes[1:]), 0))
    known = tensor_util.constant_value(multiplier) if isinstance(multiplier, ops.Tensor) else (
        multiplier
    )  # fmt: skip
    batch = _static_product(shape[0].value, None if known is None else int(known))
    tiled.set_shape(tensor_shape.TensorShape([batch]).concatenate(shape[1:]))
    return tiled


def tile_batch(t, multiplier, name=None):
    """Repeats each row of tensors `multiplier` times, as beam search needs of memories and states.

    Args:
      t: tensor [batch, ...], or nested.
      multiplier: int.
      name: name scope.

    Returns:
      Tensors [batch * multiplier, ...].
    """
    with ops.name_scope(name, "tile_batch", nest.flatten(t) + [multiplier]):
        return nest.map_structure(lambda x: _tile_one(x, multiplier), t)


def gather_tree_from_array(t, parent_ids, sequence_length):
    """What a TensorArray gathered in beams, in the order of the final beams.

    Args:
      t: [time, batch, beam, ...] (or with batch and beam joined).
      parent_ids: [time, batch, beam].
      sequence_length: [batch, beam].

    Returns:
      A tensor like `t`.
    """
    steps = parent_ids.shape[0].value or array_ops.shape(parent_ids)[0]
    batch = parent_ids.shape[1].value or array_ops.shape(parent_ids)[1]
    beams = parent_ids.shape[2].value or array_ops.shape(parent_ids)[2]
    own = array_ops.reshape(array_ops.range(beams), [1, 1, -1])
    own = array_ops.tile(own, [steps, batch, 1])
    longest = math_ops.cast(math_ops.reduce_max(sequence_length, axis=1), dtypes.int32)
    order = gather_tree(
        step_ids=own,
        parent_ids=parent_ids,
        max_sequence_lengths=longest,
        end_token=beams + 1,
    )
    inside = array_ops.transpose(
        array_ops.sequence_mask(sequence_length, maxlen=steps), perm=[2, 0, 1], name="inside"
    )
    order = array_ops.where(inside, x=order, y=own)
    time_index = array_ops.tile(
        array_ops.reshape(array_ops.range(steps), [-1, 1, 1]), [1, batch, beams]
    )
    batch_index = array_ops.tile(
        array_ops.reshape(array_ops.range(batch), [1, -1, 1]), [steps, 1, beams]
    )
    indices = array_ops.stack([time_index, batch_index, order], -1)
    sizes = array_ops.shape(t)
    split = array_ops.reshape(t, array_ops.concat(([steps, batch, beams], [-1]), 0))
    ordered = array_ops.reshape(array_ops.gather_nd(split, indices), sizes)
    ordered.set_shape(t.shape)
    return ordered


class BeamSearchDecoder(decoder.Decoder):
    """Keeps the `beam_width` best sequences of each row.

    Args:
      cell: an RNNCell; its memories and states must have been through `tile_batch`.
      embedding: table, or function from ids to vectors.
      start_tokens: int32 vector [batch].
      end_token: int32 scalar.
      initial_state: tiled state of the cell.
      beam_width: int.
      output_layer: a layer for the outputs, or None.
      length_penalty_weight: float; 0 for none.
      coverage_penalty_weight: float; 0 for none; needs an AttentionWrapper.
      reorder_tensor_arrays: whether TensorArrays in the last state are put in the order of the
        beams.
    """

    def __init__(self, cell, embedding, start_tokens, end_token, initial_state, beam_width,
                 output_layer=None, length_penalty_weight=0.0, coverage_penalty_weight=0.0,
                 reorder_tensor_arrays=True):  # fmt: skip
        assert_like_rnncell("cell", cell)
        if output_layer is not None and not isinstance(output_layer, engine.Layer):
            raise TypeError("output_layer must be a Layer, received: %s" % type(output_layer))
        self._cell = cell
        self._output_layer = output_layer
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._embedding_fn = _as_embedding(embedding)
        self._start_tokens = ops.convert_to_tensor(
            start_tokens, dtype=dtypes.int32, name="start_tokens"
        )
        if self._start_tokens.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = ops.convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = array_ops.size(self._start_tokens)
        self._beam_width = beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._initial_cell_state = nest.map_structure(
            self._split_state, initial_state, cell.state_size
        )
        tokens = array_ops.tile(array_ops.expand_dims(self._start_tokens, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(tokens)
        # Only the first beam is alive at first: the others would be copies of it.
        self._finished = self._first_beam(False, True, dtypes.bool)

    def _first_beam(self, first, others, dtype):
        return array_ops.one_hot(
            array_ops.zeros([self._batch_size], dtype=dtypes.int32),
            depth=self._beam_width,
            on_value=ops.convert_to_tensor(first, dtype=dtype),
            off_value=ops.convert_to_tensor(others, dtype=dtype),
            dtype=dtype,
        )

    @property
    def batch_size(self):
        return self._batch_size

    def _rnn_output_size(self):
        return layer_output_size(self._output_layer, self._cell.output_size)

    @property
    def tracks_own_finished(self):
        """True: beams are reordered, and finished ones with them."""
        return True

    @property
    def output_size(self):
        shape = tensor_shape.TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(scores=shape, predicted_ids=shape, parent_ids=shape)

    @property
    def output_dtype(self):
        return BeamSearchDecoderOutput(
            scores=nest.flatten(self._initial_cell_state)[0].dtype,
            predicted_ids=dtypes.int32,
            parent_ids=dtypes.int32,
        )

    def initialize(self, name=None):
        """Returns (finished, first inputs, BeamSearchDecoderState)."""
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        attention = _attention_probs(self._initial_cell_state, self._coverage_penalty_weight)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=self._first_beam(0.0, -np.inf, dtype),
            finished=self._finished,
            lengths=array_ops.zeros([self._batch_size, self._beam_width], dtype=dtypes.int64),
            accumulated_attention_probs=() if attention is None else attention,
        )
        return self._finished, self._start_inputs, state

    # Tensors are [batch * beam, ...] for the cell and [batch, beam, ...] elsewhere.

    def _merge(self, t, size):
        """[batch, beam] + size -> [batch * beam] + size."""
        if isinstance(size, ops.Tensor):
            size = tensor_shape.as_shape(tensor_util.constant_value(size))
        size = as_sizes(size)
        t = ops.convert_to_tensor(t, name="t")
        shape = array_ops.concat(
            ([self._batch_size * self._beam_width], array_ops.shape(t)[2:]), axis=0
        )
        merged = array_ops.reshape(t, shape)
        batch = _known(self._batch_size)
        merged.set_shape(
            tensor_shape.TensorShape(
                [_static_product(None if batch is None else int(batch), self._beam_width)]
            ).concatenate(size)
        )
        return merged

    def _split(self, t, size):
        """[batch * beam] + size -> [batch, beam] + size."""
        if isinstance(size, ops.Tensor):
            known = tensor_util.constant_value(size)
            size = t.shape[1:] if known is None else known.tolist()
        size = as_sizes(size)
        t = ops.convert_to_tensor(t, name="t")
        shape = array_ops.concat(
            ([self._batch_size, self._beam_width], array_ops.shape(t)[1:]), axis=0
        )
        split = array_ops.reshape(t, shape)
        batch = _known(self._batch_size)
        expected = tensor_shape.TensorShape(
            [None if batch is None else int(batch), self._beam_width]
        ).concatenate(size)
        if not split.shape.is_compatible_with(expected):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size: split into "
                "(batch_size, beam_width, ...) the tensor has shape %s, not %s. The first state "
                "of the cell needs batch_size * beam_width rows" % (split.shape, expected)
            )
        split.set_shape(expected)
        return split

    def _merge_state(self, t, size):
        if isinstance(t, tensor_array_ops.TensorArray) or t.shape.ndims == 0:
            return t
        _check_rank(t)
        return self._merge(t, size)

    def _split_state(self, t, size):
        if isinstance(t, tensor_array_ops.TensorArray) or t.shape.ndims == 0:
            return t
        _check_rank(t)
        return self._split(t, size)

    def step(self, time, inputs, state, name=None):
        """Returns (BeamSearchDecoderOutput, next state, next inputs, finished)."""
        with ops.name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = nest.map_structure(lambda x: self._merge(x, x.shape[2:]), inputs)
            cell_state = nest.map_structure(
                self._merge_state, state.cell_state, self._cell.state_size
            )
            outputs, next_cell_state = self._cell(inputs, cell_state)
            outputs = nest.map_structure(lambda x: self._split(x, x.shape[1:]), outputs)
            next_cell_state = nest.map_structure(
                self._split_state, next_cell_state, self._cell.state_size
            )
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            output, next_state = self._extend(outputs, next_cell_state, state)
            finished = next_state.finished
            next_inputs = control_flow_ops.cond(
                math_ops.reduce_all(finished),
                lambda: self._start_inputs,
                lambda: self._embedding_fn(output.predicted_ids),
            )
        return output, next_state, next_inputs, finished

    def _extend(self, logits, next_cell_state, state):
        """The best beams among all continuations of all beams."""
        beams = self._beam_width
        not_finished = math_ops.logical_not(state.finished)
        step_log_probs = nn_ops.log_softmax(logits)
        step_log_probs = _only_end(step_log_probs, self._end_token, state.finished)
        total = array_ops.expand_dims(state.log_probs, 2) + step_log_probs
        vocabulary = logits.shape[-1].value or array_ops.shape(logits)[-1]
        # Ending does not make a sequence longer.
        longer = array_ops.one_hot(
            array_ops.fill([self._batch_size, beams], self._end_token),
            vocabulary,
            on_value=np.int64(0),
            off_value=np.int64(1),
            dtype=dtypes.int64,
        )
        longer = longer * array_ops.expand_dims(math_ops.cast(not_finished, dtypes.int64), 2)
        lengths = longer + array_ops.expand_dims(state.lengths, 2)
        attention = _attention_probs(next_cell_state, self._coverage_penalty_weight)
        accumulated = None
        if attention is not None:
            alive = math_ops.cast(not_finished, attention.dtype)
            attention = attention * array_ops.expand_dims(alive, 2)
            accumulated = state.accumulated_attention_probs + attention
        scores = self._scores(total, lengths, state.finished, accumulated)
        flat = array_ops.reshape(scores, [self._batch_size, -1])
        best_scores, best = nn_ops.top_k(flat, k=beams)
        best_scores.set_shape([_int_or_none(_known(self._batch_size)), beams])
        best.set_shape(best_scores.shape)
        log_probs = _pick(array_ops.reshape(total, [self._batch_size, -1]), best)
        word_ids = math_ops.cast(math_ops.mod(best, vocabulary), dtypes.int32)
        parents = math_ops.cast(math_ops.floordiv(best, vocabulary), dtypes.int32)
        was_finished = _pick(state.finished, parents)
        finished = math_ops.logical_or(was_finished, math_ops.equal(word_ids, self._end_token))
        next_lengths = _pick(state.lengths, parents) + math_ops.cast(
            math_ops.logical_not(was_finished), dtypes.int64
        )

        def reordered(t, size):
            if isinstance(t, tensor_array_ops.TensorArray) or t.shape.ndims == 0:
                return t
            return _pick(t, parents)

        next_cell_state = nest.map_structure(reordered, next_cell_state, self._cell.state_size)
        next_state = BeamSearchDecoderState(
            cell_state=next_cell_state,
            log_probs=log_probs,
            finished=finished,
            lengths=next_lengths,
            accumulated_attention_probs=(
                () if accumulated is None else _pick(accumulated, parents)
            ),
        )
        return (
            BeamSearchDecoderOutput(scores=best_scores, predicted_ids=word_ids, parent_ids=parents),
            next_state,
        )

    def _scores(self, log_probs, lengths, finished, accumulated):
        """Log probabilities over the length penalty, less what coverage lacks."""
        scores = log_probs / _length_penalty(lengths, self._length_penalty_weight)
        weight = ops.convert_to_tensor(
            self._coverage_penalty_weight, name="coverage_penalty_weight"
        )
        if weight.shape.ndims != 0:
            raise ValueError("coverage_penalty_weight should be a scalar, but saw shape: %s"
                             % weight.shape)  # fmt: skip
        if accumulated is None:
            return scores
        # What is masked was never attended to, and does not count.
        accumulated = array_ops.where(
            math_ops.equal(accumulated, 0.0), array_ops.ones_like(accumulated), accumulated
        )
        coverage = math_ops.reduce_sum(math_ops.log(math_ops.minimum(accumulated, 1.0)), axis=2)
        coverage = coverage * math_ops.cast(finished, scores.dtype)
        return scores + array_ops.expand_dims(coverage * weight, 2)

    def finalize(self, outputs, final_state, sequence_lengths):
        """Returns (FinalBeamSearchDecoderOutput, last state)."""
        longest = math_ops.cast(math_ops.reduce_max(final_state.lengths, axis=1), dtypes.int32)
        predicted_ids = gather_tree(
            outputs.predicted_ids,
            outputs.parent_ids,
            max_sequence_lengths=longest,
            end_token=self._end_token,
        )
        if self._reorder_tensor_arrays:

            def ordered(t):
                return self._ordered(t, outputs.parent_ids, final_state.lengths)

            final_state = final_state._replace(
                cell_state=nest.map_structure(ordered, final_state.cell_state)
            )
        return (
            FinalBeamSearchDecoderOutput(
                beam_search_decoder_output=outputs, predicted_ids=predicted_ids
            ),
            final_state,
        )

    def _ordered(self, t, parent_ids, lengths):
        if not isinstance(t, tensor_array_ops.TensorArray):
            return t
        element = t._shape_box[0]
        if element.ndims is None or element.ndims < 1:
            logging.warning(
                "The TensorArray %s in the cell state is left unsorted after the beam search: "
                "its elements need a known rank of at least 1, and their shape is %s",
                t.handle.name,
                element,
            )
            return t
        if not self._fits(element):
            logging.warning(
                "A TensorArray in the cell state is left unsorted after the beam search: its "
                "elements do not split into (%s, %d, ...), their shape is %s. With "
                "reorder_tensor_arrays=False none is sorted",
                _known(self._batch_size),
                self._beam_width,
                element,
            )
            return t
        return gather_tree_from_array(t.stack(), parent_ids, lengths)

    def _fits(self, element):
        """Whether elements of this shape are put in order, as TensorFlow 1.15 decides.

        Elements whose first two sizes are known it leaves alone, unless there is one beam.
        """
        batch, sizes = _known(self._batch_size), element.as_list()
        if batch is None or sizes[0] is None:
            return True
        if len(sizes) >= 2 and sizes[1] is not None:
            return sizes[:2] == [batch, self._beam_width] and self._beam_width == 1
        return sizes[0] == batch * self._beam_width


def _int_or_none(value):
    return None if value is None else int(value)


def _check_rank(t):
    if t.shape.ndims is None:
        raise ValueError("Expected tensor (%s) to have known rank, but ndims == None." % t)


def _pick(t, indices):
    """t[b, indices[b, i]] for each row b."""
    rows = array_ops.shape(indices)[0]
    index = array_ops.stack(
        [array_ops.tile(array_ops.expand_dims(array_ops.range(rows), 1), [1, array_ops.shape(
            indices)[1]]), math_ops.cast(indices, dtypes.int32)],
        -1,
    )  # fmt: skip
    picked = array_ops.gather_nd(t, index)
    picked.set_shape(indices.shape.concatenate(t.shape[2:]))
    return picked


def _only_end(log_probs, end_token, finished):
    """Finished beams can only go on with the end token, at no cost."""
    vocabulary = log_probs.shape[-1].value or array_ops.shape(log_probs)[-1]
    row = array_ops.one_hot(
        end_token,
        vocabulary,
        dtype=log_probs.dtype,
        on_value=ops.convert_to_tensor(0.0, dtype=log_probs.dtype),
        off_value=log_probs.dtype.min,
    )
    shape = array_ops.shape(log_probs)
    rows = array_ops.tile(array_ops.reshape(row, [1, 1, -1]), array_ops.concat([shape[:2], [1]], 0))
    mask = array_ops.tile(array_ops.expand_dims(finished, 2), [1, 1, vocabulary])
    return array_ops.where(mask, rows, log_probs)


def _length_penalty(lengths, factor):
    """((5 + length) / 6) ^ factor."""
    factor = ops.convert_to_tensor(factor, name="penalty_factor")
    if factor.shape.ndims != 0:
        raise ValueError("penalty_weight should be a scalar, but saw shape: %s" % factor.shape)
    known = tensor_util.constant_value(factor)
    if known is not None and known == 0:
        return 1.0
    return math_ops.div(
        (5.0 + math_ops.cast(lengths, factor.dtype)) ** factor, (5.0 + 1.0) ** factor
    )


def _attention_probs(cell_state, coverage_penalty_weight):
    """The alignments of all attention in a state, averaged; None where they are not needed."""
    known = tensor_util.constant_value(ops.convert_to_tensor(coverage_penalty_weight))
    if known is not None and known == 0:
        return None
    found = []
    states = [cell_state] if isinstance(cell_state, AttentionWrapperState) else cell_state
    for state in states if isinstance(states, (list, tuple)) else ():
        if isinstance(state, AttentionWrapperState):
            alignments = state.alignments
            found.append(alignments if not isinstance(alignments, tuple) else _mean(alignments))
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return _mean(found)


def _mean(tensors):
    if len(tensors) == 1:
        return tensors[0]
    joined = array_ops.concat([array_ops.expand_dims(t, -1) for t in tensors], -1)
    return math_ops.reduce_mean(joined, -1)
