# SPDX-License-Identifier: Apache-2.0
"""Linear-chain conditional random fields: scores, likelihoods, the best tags."""

import numpy as np

from caudal.framework import dtypes, ops
from caudal.layers import rnn
from caudal.layers.rnn_cell_base import RNNCell
from caudal.ops import array_ops, control_flow_ops, math_ops, variable_scope


def _if_one_step(steps, one, more):
    """`one()` for sequences of a single step, `more()` for others."""
    if isinstance(steps, int):
        return one() if steps == 1 else more()
    return control_flow_ops.cond(math_ops.equal(steps, 1), one, more)


def _steps(x):
    known = x.get_shape()[1].value
    return array_ops.shape(x)[1] if known is None else known


def _rows_with_steps(lengths, values):
    """`values` where the length is positive, zeros elsewhere."""
    return array_ops.where(
        math_ops.less_equal(lengths, array_ops.zeros_like(lengths)),
        array_ops.zeros_like(values),
        values,
    )


def _mask(lengths, like, dtype):
    return array_ops.sequence_mask(lengths, maxlen=array_ops.shape(like)[1], dtype=dtype)


class _TransitionCell(RNNCell):
    """A cell whose state and output are a number for each tag."""

    def __init__(self, transition_params):
        super().__init__()
        self._transition_params = array_ops.expand_dims(transition_params, 0)
        self._num_tags = _number_of_tags(transition_params)

    @property
    def state_size(self):
        return self._num_tags

    @property
    def output_size(self):
        return self._num_tags


class CrfForwardRnnCell(_TransitionCell):
    """A step of the forward algorithm: the state is the log of the summed scores by last tag.

    Args:
      transition_params: [tags, tags]: scores from tag to tag.
    """

    def __call__(self, inputs, state, scope=None):
        """Returns the new state twice."""
        scores = array_ops.expand_dims(state, 2) + self._transition_params
        new_alphas = inputs + math_ops.reduce_logsumexp(scores, [1])
        return new_alphas, new_alphas


def _number_of_tags(transition_params):
    return transition_params.get_shape()[0].value


def crf_unary_score(tag_indices, sequence_lengths, inputs):
    """Sum of the scores of given tags by themselves.

    Args:
      tag_indices: int [batch, time].
      sequence_lengths: int vector [batch].
      inputs: [batch, time, tags].

    Returns:
      A vector [batch].
    """
    shape = array_ops.shape(inputs)
    batch_size, steps, tags = shape[0], shape[1], shape[2]
    flat = array_ops.reshape(inputs, [-1])
    offsets = array_ops.expand_dims(array_ops.range(batch_size) * steps * tags, 1)
    offsets = offsets + array_ops.expand_dims(array_ops.range(steps) * tags, 0)
    if tag_indices.dtype == dtypes.int64:
        offsets = math_ops.cast(offsets, dtypes.int64)
    index = array_ops.reshape(offsets + tag_indices, [-1])
    scores = array_ops.reshape(array_ops.gather(flat, index), [batch_size, steps])
    return math_ops.reduce_sum(scores * _mask(sequence_lengths, tag_indices, scores.dtype), 1)


def crf_binary_score(tag_indices, sequence_lengths, transition_params):
    """Sum of the scores of the transitions between given tags.

    Args:
      tag_indices: int [batch, time].
      sequence_lengths: int vector [batch].
      transition_params: [tags, tags].

    Returns:
      A vector [batch].
    """
    tags = transition_params.get_shape()[0].value
    moves = array_ops.shape(tag_indices)[1] - 1
    first = array_ops.slice(tag_indices, [0, 0], [-1, moves])
    second = array_ops.slice(tag_indices, [0, 1], [-1, moves])
    scores = array_ops.gather(array_ops.reshape(transition_params, [-1]), first * tags + second)
    mask = _mask(sequence_lengths, tag_indices, scores.dtype)
    return math_ops.reduce_sum(scores * array_ops.slice(mask, [0, 1], [-1, -1]), 1)


def crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params):
    """Score of given tags: their own and those of the transitions.

    Args:
      inputs: [batch, time, tags].
      tag_indices: int [batch, time].
      sequence_lengths: int vector [batch].
      transition_params: [tags, tags].

    Returns:
      A vector [batch].
    """
    tag_indices = ops.convert_to_tensor(tag_indices)
    sequence_lengths = ops.convert_to_tensor(sequence_lengths)

    def one():
        tags = array_ops.shape(inputs)[2]
        rows = array_ops.range(array_ops.shape(inputs)[0])
        column = array_ops.reshape(array_ops.slice(tag_indices, [0, 0], [-1, 1]), [-1])
        flat = array_ops.reshape(inputs, [-1])
        index = math_ops.cast(rows * tags, column.dtype) + column
        return _rows_with_steps(sequence_lengths, array_ops.gather(flat, index))

    def more():
        unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return _if_one_step(_steps(inputs), one, more)


def crf_multitag_sequence_score(inputs, tag_bitmap, sequence_lengths, transition_params):
    """Log of the summed scores of all sequences of allowed tags.

    Args:
      inputs: [batch, time, tags].
      tag_bitmap: bool [batch, time, tags]: which tags are allowed.
      sequence_lengths: int vector [batch].
      transition_params: [tags, tags].

    Returns:
      A vector [batch].
    """
    tag_bitmap = ops.convert_to_tensor(tag_bitmap, dtypes.bool)
    sequence_lengths = ops.convert_to_tensor(sequence_lengths)
    filtered = array_ops.where(
        tag_bitmap, inputs, array_ops.fill(array_ops.shape(inputs), float("-inf"))
    )

    def one():
        only = array_ops.squeeze(array_ops.slice(filtered, [0, 0, 0], [-1, 1, -1]), [1])
        return _rows_with_steps(sequence_lengths, math_ops.reduce_logsumexp(only, [1]))

    def more():
        return crf_log_norm(filtered, sequence_lengths, transition_params)

    return _if_one_step(_steps(inputs), one, more)


def crf_log_norm(inputs, sequence_lengths, transition_params):
    """Log of the summed scores of all sequences of tags.

    Args:
      inputs: [batch, time, tags].
      sequence_lengths: int vector [batch].
      transition_params: [tags, tags].

    Returns:
      A vector [batch].
    """
    sequence_lengths = ops.convert_to_tensor(sequence_lengths)
    first = array_ops.squeeze(array_ops.slice(inputs, [0, 0, 0], [-1, 1, -1]), [1])

    def one():
        return _rows_with_steps(sequence_lengths, math_ops.reduce_logsumexp(first, [1]))

    def more():
        rest = array_ops.slice(inputs, [0, 1, 0], [-1, -1, -1])
        less_one = math_ops.maximum(
            ops.convert_to_tensor(0, dtype=sequence_lengths.dtype), sequence_lengths - 1
        )
        _, alphas = rnn.dynamic_rnn(
            cell=CrfForwardRnnCell(transition_params),
            inputs=rest,
            sequence_length=less_one,
            initial_state=first,
            dtype=inputs.dtype,
        )
        return _rows_with_steps(sequence_lengths, math_ops.reduce_logsumexp(alphas, [1]))

    return _if_one_step(_steps(inputs), one, more)


def crf_log_likelihood(inputs, tag_indices, sequence_lengths, transition_params=None):
    """Log likelihood of given tags.

    Args:
      inputs: [batch, time, tags]: scores of tags by themselves.
      tag_indices: int [batch, time].
      sequence_lengths: int vector [batch].
      transition_params: [tags, tags]; default a new variable `transitions`.

    Returns:
      (vector [batch], transition_params).
    """
    inputs = ops.convert_to_tensor(inputs)
    num_tags = inputs.get_shape()[2].value
    sequence_lengths = ops.convert_to_tensor(sequence_lengths)
    if transition_params is None:
        transition_params = variable_scope.get_variable("transitions", [num_tags, num_tags])
    scores = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    norm = crf_log_norm(inputs, sequence_lengths, transition_params)
    return scores - norm, transition_params


def viterbi_decode(score, transition_params):
    """The best tags of one sequence, in NumPy.

    Args:
      score: array [time, tags].
      transition_params: array [tags, tags].

    Returns:
      (list of tags, their score).
    """
    best = np.zeros_like(score)
    pointers = np.zeros_like(score, dtype=np.int32)
    best[0] = score[0]
    for t in range(1, score.shape[0]):
        moves = np.expand_dims(best[t - 1], 1) + transition_params
        best[t] = score[t] + np.max(moves, 0)
        pointers[t] = np.argmax(moves, 0)
    tags = [np.argmax(best[-1])]
    for row in reversed(pointers[1:]):
        tags.append(row[tags[-1]])
    return tags[::-1], np.max(best[-1])


class CrfDecodeForwardRnnCell(_TransitionCell):
    """A step of the Viterbi algorithm: outputs are the best last tags, the state their scores.

    Args:
      transition_params: [tags, tags].
    """

    def __call__(self, inputs, state, scope=None):
        """Returns (int32 back pointers, scores)."""
        scores = array_ops.expand_dims(state, 2) + self._transition_params
        new_state = inputs + math_ops.reduce_max(scores, [1])
        pointers = math_ops.cast(math_ops.argmax(scores, 1), dtype=dtypes.int32)
        return pointers, new_state


class CrfDecodeBackwardRnnCell(RNNCell):
    """A step back along the pointers: output and state are the tag before.

    Args:
      num_tags: int.
    """

    def __init__(self, num_tags):
        super().__init__()
        self._num_tags = num_tags

    @property
    def state_size(self):
        return 1

    @property
    def output_size(self):
        return 1

    def __call__(self, inputs, state, scope=None):
        """Returns the tag [batch, 1] twice."""
        tag = array_ops.squeeze(state, axis=[1])
        rows = array_ops.range(array_ops.shape(inputs)[0])
        before = array_ops.gather_nd(inputs, array_ops.stack([rows, tag], axis=1))
        before = array_ops.expand_dims(before, axis=-1)
        return before, before


def crf_decode(potentials, transition_params, sequence_length):
    """The best tags of each sequence.

    Args:
      potentials: [batch, time, tags].
      transition_params: [tags, tags].
      sequence_length: int vector [batch].

    Returns:
      (int32 tags [batch, time], scores [batch]).
    """
    potentials = ops.convert_to_tensor(potentials)
    sequence_length = ops.convert_to_tensor(sequence_length)
    transition_params = ops.convert_to_tensor(transition_params)
    first = array_ops.squeeze(array_ops.slice(potentials, [0, 0, 0], [-1, 1, -1]), axis=[1])

    def one():
        tags = math_ops.cast(array_ops.expand_dims(math_ops.argmax(first, axis=1), 1), dtypes.int32)
        return tags, math_ops.reduce_max(first, axis=1)

    def more():
        num_tags = potentials.get_shape()[2].value
        rest = array_ops.slice(potentials, [0, 1, 0], [-1, -1, -1])
        less_one = math_ops.maximum(
            ops.convert_to_tensor(0, dtype=sequence_length.dtype), sequence_length - 1
        )
        pointers, last_score = rnn.dynamic_rnn(
            CrfDecodeForwardRnnCell(transition_params),
            inputs=rest,
            sequence_length=less_one,
            initial_state=first,
            time_major=False,
            dtype=dtypes.int32,
        )
        pointers = array_ops.reverse_sequence(pointers, less_one, seq_axis=1)
        last_tag = math_ops.cast(math_ops.argmax(last_score, axis=1), dtype=dtypes.int32)
        last_tag = array_ops.expand_dims(last_tag, axis=-1)
        before, _ = rnn.dynamic_rnn(
            CrfDecodeBackwardRnnCell(num_tags),
            inputs=pointers,
            sequence_length=less_one,
            initial_state=last_tag,
            time_major=False,
            dtype=dtypes.int32,
        )
        tags = array_ops.concat([last_tag, array_ops.squeeze(before, axis=[2])], axis=1)
        tags = array_ops.reverse_sequence(tags, sequence_length, seq_axis=1)
        return tags, math_ops.reduce_max(last_score, axis=1)

    return _if_one_step(_steps(potentials), one, more)
