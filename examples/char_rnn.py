# SPDX-License-Identifier: Apache-2.0
"""A GRU learns to write, character by character, sentences of a small language.

The language is made by the grammar below, so one can count how many of the words and sentences
that the network invents belong to it. python char_rnn.py [--steps N]
"""

import argparse
import random
import re

import numpy as np

import caudal as tf

THINGS = "river boat bridge stone heron miller storm valley".split()
VERBS = "carries follows crosses hides wakes remembers".split()
QUALITIES = "old quiet green wide restless".split()
UNITS, LENGTH, BATCH = 128, 48, 32


def sentence(chance):
    def thing():
        quality = chance.choice(QUALITIES) + " " if chance.random() < 0.4 else ""
        return "the " + quality + chance.choice(THINGS)

    return "%s %s %s." % (thing(), chance.choice(VERBS), thing())


def belongs(text):
    quality = "(?:(?:%s) )?" % "|".join(QUALITIES)
    thing = "the %s(?:%s)" % (quality, "|".join(THINGS))
    return re.fullmatch("%s (?:%s) %s" % (thing, "|".join(VERBS), thing), text) is not None


class Model:
    def __init__(self, vocabulary):
        self.inputs = tf.placeholder(tf.int32, [None, None], name="inputs")
        self.targets = tf.placeholder(tf.int32, [None, None], name="targets")
        cell = tf.nn.rnn_cell.GRUCell(UNITS)
        embedding = tf.get_variable("embedding", [vocabulary, 24])
        self.state = cell.zero_state(tf.shape(self.inputs)[0], tf.float32)
        outputs, self.final_state = tf.nn.dynamic_rnn(
            cell, tf.nn.embedding_lookup(embedding, self.inputs), initial_state=self.state
        )
        self.logits = tf.layers.dense(outputs, vocabulary)
        self.loss = tf.contrib.seq2seq.sequence_loss(
            self.logits, self.targets, tf.ones_like(self.targets, tf.float32)
        )
        optimizer = tf.train.AdamOptimizer(0.01)
        gradients, variables = zip(*optimizer.compute_gradients(self.loss))
        clipped, _ = tf.clip_by_global_norm(gradients, 5.0)
        self.train_op = optimizer.apply_gradients(zip(clipped, variables))


def write(sess, model, letters, start, count, seed):
    """`count` characters after `start`, each drawn from what the network expects."""
    draw = np.random.RandomState(seed)
    index = {letter: i for i, letter in enumerate(letters)}
    text, state = start, None
    ids = [[index[c] for c in start]]
    for _ in range(count):
        feed = {model.inputs: ids}
        if state is not None:
            feed[model.state] = state
        logits, state = sess.run([model.logits, model.final_state], feed)
        p = np.exp(1.5 * (logits[0, -1] - logits[0, -1].max()).astype(np.float64))
        letter = draw.choice(len(letters), p=p / p.sum())
        text += letters[letter]
        ids = [[letter]]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    chance = random.Random(7)
    text = " ".join(sentence(chance) for _ in range(3000))
    letters = sorted(set(text))
    data = np.array([letters.index(c) for c in text], np.int32)
    print("%d characters of %d kinds" % (len(data), len(letters)))

    tf.set_random_seed(3)
    model = Model(len(letters))
    starts = np.random.RandomState(5)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, arguments.steps + 1):
            at = starts.randint(0, len(data) - LENGTH - 1, BATCH)
            rows = np.stack([data[i : i + LENGTH + 1] for i in at])
            feed = {model.inputs: rows[:, :-1], model.targets: rows[:, 1:]}
            loss, _ = sess.run([model.loss, model.train_op], feed)
            if step % 100 == 0:
                print("step %4d: %.3f nats per character" % (step, loss))
        invented = write(sess, model, letters, "the ", 600, seed=11)
    sentences = [s.strip() for s in invented.split(".")[:-1]]
    print("\n".join("  " + s for s in sentences[:5]))
    good = sum(belongs(s) for s in sentences)
    print("sentences of the language: %.0f %%" % (100 * good / len(sentences)))


if __name__ == "__main__":
    main()
