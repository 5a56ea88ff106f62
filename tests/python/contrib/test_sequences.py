# SPDX-License-Identifier: Apache-2.0
"""Sequence models of contrib against enumeration and against each other."""

import itertools

import numpy as np
import pytest

import caudal as tf

rnn = tf.contrib.rnn
s2s = tf.contrib.seq2seq
crf = tf.contrib.crf


def test_field_sums_over_all_sequences():
    rng = np.random.RandomState(0)
    scores, moves = rng.normal(size=(1, 4, 3)), rng.normal(size=(3, 3))

    def score(tags):
        own = sum(scores[0, t, tag] for t, tag in enumerate(tags))
        return own + sum(moves[a, b] for a, b in zip(tags, tags[1:]))

    everything = {tags: score(tags) for tags in itertools.product(range(3), repeat=4)}
    best = max(everything, key=everything.get)
    norm = crf.crf_log_norm(tf.constant(scores), [4], tf.constant(moves))
    likelihood, _ = crf.crf_log_likelihood(
        tf.constant(scores), tf.constant([best]), [4], tf.constant(moves)
    )
    decoded = crf.crf_decode(tf.constant(scores), tf.constant(moves), [4])
    with tf.Session() as session:
        total, chosen, (tags, value) = session.run([norm, likelihood, decoded])
    wanted = np.log(sum(np.exp(v) for v in everything.values()))
    np.testing.assert_allclose(total, [wanted])
    np.testing.assert_allclose(chosen, [everything[best] - wanted])
    assert tuple(tags[0]) == best
    np.testing.assert_allclose(value, [everything[best]])
    assert tuple(crf.viterbi_decode(scores[0], moves)[0]) == best


class Markov(rnn.RNNCell):
    """Logits that depend on the last symbol only."""

    def __init__(self, table):
        super().__init__()
        self.table = tf.constant(table)

    state_size = 1
    output_size = 4

    def call(self, inputs, state):
        return tf.matmul(inputs, self.table), state + 1.0


def test_beam_search_finds_the_best_sequence():
    rng = np.random.RandomState(1)
    table = rng.normal(size=(4, 4)).astype(np.float32) * 2
    logs = table - np.log(np.exp(table).sum(1, keepdims=True))
    end, steps = 3, 3

    def value(path):
        total, last = 0.0, 0
        for symbol in path:
            total += logs[last, symbol]
            last = symbol
        return total

    paths = [
        p
        for n in range(1, steps + 1)
        for p in itertools.product(range(4), repeat=n)
        if end not in p[:-1] and (n == steps or p[-1] == end)
    ]
    best = max(paths, key=value)
    cell = Markov(table)
    decoder = s2s.BeamSearchDecoder(
        cell, lambda ids: tf.one_hot(ids, 4), [0], end, cell.zero_state(16, tf.float32), 16
    )
    outputs, state, _ = s2s.dynamic_decode(decoder, maximum_iterations=steps)
    with tf.Session() as session:
        ids, log_probs = session.run([outputs.predicted_ids, state.log_probs])
    found = ids[0, :, 0].tolist()
    assert found[: len(best)] == list(best) and all(s == end for s in found[len(best) :])
    np.testing.assert_allclose(log_probs[0, 0], value(best), rtol=1e-5)


def test_a_beam_of_one_is_greedy():
    table = np.random.RandomState(2).normal(size=(4, 4)).astype(np.float32)
    cell = Markov(table)

    def embed(ids):
        return tf.one_hot(ids, 4)

    greedy = s2s.BasicDecoder(
        cell, s2s.GreedyEmbeddingHelper(embed, [0, 1], 3), cell.zero_state(2, tf.float32)
    )
    beam = s2s.BeamSearchDecoder(cell, embed, [0, 1], 3, cell.zero_state(2, tf.float32), 1)
    one, _, n = s2s.dynamic_decode(greedy, maximum_iterations=6)
    other, _, m = s2s.dynamic_decode(beam, maximum_iterations=6)
    with tf.Session() as session:
        ids, lengths, beams, beam_lengths = session.run([one.sample_id, n, other.predicted_ids, m])
    for row in range(2):
        np.testing.assert_array_equal(
            ids[row, : lengths[row]], beams[row, : beam_lengths[row, 0], 0]
        )


def test_attention_ignores_what_lies_beyond():
    memory = np.random.RandomState(3).normal(size=(2, 5, 4)).astype(np.float32)
    other = memory.copy()
    other[0, 3:] = 7.0
    lengths = [3, 5]
    results = []
    for m in (memory, other):
        with tf.variable_scope("a", reuse=tf.AUTO_REUSE, initializer=tf.ones_initializer()):
            mechanism = s2s.BahdanauAttention(4, m, lengths)
            cell = s2s.AttentionWrapper(rnn.GRUCell(3), mechanism)
            output, state = cell(tf.ones([2, 2]), cell.zero_state(2, tf.float32))
            results.append((output, state.alignments))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        (a, weights), (b, _) = session.run(results)
    np.testing.assert_allclose(a, b, atol=1e-6)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    assert not weights[0, 3:].any()


def test_blocks_compute_what_plain_cells_do():
    data = np.random.RandomState(4).normal(size=(3, 2, 4)).astype(np.float32)
    lengths = [3, 1]
    a, state_a = rnn.LSTMBlockFusedCell(3)(
        tf.constant(data), dtype=tf.float32, sequence_length=lengths
    )
    b, state_b = tf.nn.dynamic_rnn(
        rnn.BasicLSTMCell(3), tf.constant(data), lengths, dtype=tf.float32, time_major=True
    )
    fused, plain = tf.trainable_variables()[:2], tf.trainable_variables()[2:]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([tf.assign(p, f) for p, f in zip(plain, fused)])
        for x, y in zip(*session.run([[a, *state_a], [b, *state_b]])):
            np.testing.assert_allclose(x, y, atol=1e-6)


def test_what_cannot_be_done_says_so():
    with pytest.raises(NotImplementedError, match="XLA"):
        rnn.CompiledWrapper(rnn.GRUCell(2))
    with pytest.raises(ValueError, match="must be a scalar"):
        cell = rnn.GRUCell(3)
        helper = s2s.TrainingHelper(tf.zeros([2, 4, 3]), [4, 2])
        decoder = s2s.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32))
        s2s.dynamic_decode(decoder, maximum_iterations=[3])
    memory = tf.zeros([2, 3, 4])
    wrapper = s2s.AttentionWrapper(rnn.GRUCell(2), s2s.LuongAttention(2, memory))
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="tile_batch"):
        wrapper.zero_state(6, tf.float32)


def test_cells_take_the_initializer_of_the_scope():
    for cell in (
        rnn.GridLSTMCell(3, feature_size=2, frequency_skip=1, num_frequency_blocks=[3]),
        rnn.CoupledInputForgetGateLSTMCell(3),
    ):
        with tf.Graph().as_default(), tf.Session() as sess:
            with tf.variable_scope("all", initializer=tf.constant_initializer(0.25)):
                cell(tf.ones([2, 4]), cell.zero_state(2, tf.float32))
            weights = [v for v in tf.trainable_variables() if v.shape.ndims == 2]
            sess.run(tf.global_variables_initializer())
            assert weights and all(np.all(sess.run(w) == 0.25) for w in weights)
