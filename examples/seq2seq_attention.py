# SPDX-License-Identifier: Apache-2.0
"""Sequence to sequence with attention: reverse a sequence of letters.

An encoder reads, a decoder writes and looks back through Luong's attention; at the end it writes
on its own, greedily and with a beam. python seq2seq_attention.py [--steps N]
"""

import argparse

import numpy as np

import caudal as tf
from caudal.contrib import seq2seq

LETTERS = "abcdefghijklmnop"
START, END = len(LETTERS), len(LETTERS) + 1
VOCABULARY, LENGTH, UNITS, BATCH, BEAM = len(LETTERS) + 2, 8, 64, 64, 3


def batch(rng, count):
    lengths = rng.randint(3, LENGTH + 1, count).astype(np.int32)
    sources = np.full((count, LENGTH), END, np.int32)
    targets = np.full((count, LENGTH + 1), END, np.int32)
    for i, n in enumerate(lengths):
        sources[i, :n] = rng.randint(0, len(LETTERS), n)
        targets[i, :n] = sources[i, :n][::-1]
    return sources, lengths, targets


class Model:
    def __init__(self):
        self.sources = tf.placeholder(tf.int32, [None, LENGTH])
        self.lengths = tf.placeholder(tf.int32, [None])
        self.targets = tf.placeholder(tf.int32, [None, LENGTH + 1])
        self.embedding = tf.get_variable("embedding", [VOCABULARY, 32])
        self.outputs, self.state = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(UNITS),
            tf.nn.embedding_lookup(self.embedding, self.sources),
            sequence_length=self.lengths,
            dtype=tf.float32,
        )
        self.count = tf.shape(self.sources)[0]
        self.projection = tf.layers.Dense(VOCABULARY, use_bias=False, name="projection")
        self.train()
        self.greedy()
        self.beam()

    def decode(self, make_decoder, outputs, state, lengths, count):
        with tf.variable_scope("decoder", reuse=tf.AUTO_REUSE):
            attention = seq2seq.LuongAttention(UNITS, outputs, memory_sequence_length=lengths)
            cell = seq2seq.AttentionWrapper(
                tf.nn.rnn_cell.GRUCell(UNITS), attention, attention_layer_size=UNITS
            )
            start = cell.zero_state(count, tf.float32).clone(cell_state=state)
            return seq2seq.dynamic_decode(make_decoder(cell, start), maximum_iterations=LENGTH + 1)[
                0
            ]

    def train(self):
        begin = tf.fill([self.count, 1], START)
        shifted = tf.concat([begin, self.targets[:, :-1]], 1)
        helper = seq2seq.TrainingHelper(
            tf.nn.embedding_lookup(self.embedding, shifted),
            tf.fill([self.count], LENGTH + 1),
        )
        logits = self.decode(
            lambda cell, start: seq2seq.BasicDecoder(cell, helper, start, self.projection),
            self.outputs, self.state, self.lengths, self.count,
        ).rnn_output  # fmt: skip
        ends = tf.sequence_mask(self.lengths + 1, LENGTH + 1, tf.float32)
        self.loss = seq2seq.sequence_loss(logits, self.targets, ends)
        self.train_op = tf.train.AdamOptimizer(0.004).minimize(self.loss)

    def greedy(self):
        helper = seq2seq.GreedyEmbeddingHelper(self.embedding, tf.fill([self.count], START), END)
        self.written = self.decode(
            lambda cell, start: seq2seq.BasicDecoder(cell, helper, start, self.projection),
            self.outputs, self.state, self.lengths, self.count,
        ).sample_id  # fmt: skip

    def beam(self):
        def decoder(cell, start):
            return seq2seq.BeamSearchDecoder(
                cell, self.embedding, tf.fill([self.count], START), END, start, BEAM,
                self.projection,
            )  # fmt: skip

        tiled = [
            seq2seq.tile_batch(t, BEAM) for t in (self.outputs, self.state, self.lengths)
        ]  # fmt: skip
        self.beams = self.decode(decoder, *tiled, self.count * BEAM).predicted_ids


def right(written, targets, lengths):
    """How many rows are written without a mistake, END included."""
    good = 0
    for row, target, n in zip(written, targets, lengths):
        good += len(row) > n and np.array_equal(row[: n + 1], target[: n + 1])
    return good / len(targets)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=700)
    arguments = parser.parse_args()
    tf.set_random_seed(2)
    model = Model()
    rng = np.random.RandomState(0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, arguments.steps + 1):
            sources, lengths, targets = batch(rng, BATCH)
            feed = {model.sources: sources, model.lengths: lengths, model.targets: targets}
            loss, _ = sess.run([model.loss, model.train_op], feed)
            if step % 100 == 0:
                print("step %4d: loss %.4f" % (step, loss))
        sources, lengths, targets = batch(rng, 500)
        feed = {model.sources: sources, model.lengths: lengths}
        written, beams = sess.run([model.written, model.beams], feed)
    for source, n, row in list(zip(sources, lengths, written))[:3]:
        shown = "".join((LETTERS + "^.")[i] for i in row).split(".")[0]
        print("  %-8s -> %s" % ("".join(LETTERS[i] for i in source[:n]), shown))
    print("greedy, without a mistake: %.1f %%" % (100 * right(written, targets, lengths)))
    print("beam, without a mistake: %.1f %%" % (100 * right(beams[:, :, 0], targets, lengths)))


if __name__ == "__main__":
    main()
