# SPDX-License-Identifier: Apache-2.0
"""word2vec: skip-grams and noise-contrastive estimation put words of one topic side by side.

Each made-up text stays with one topic, whose words occur near each other; the network is not told
the topics. python word2vec.py [--steps N]
"""

import argparse
import math

import numpy as np

import caudal as tf

TOPICS, WORDS_PER_TOPIC, COMMON = 12, 25, 30
VOCABULARY = TOPICS * WORDS_PER_TOPIC + COMMON
SIZE, BATCH, WINDOW, SAMPLED = 32, 256, 2, 16


def corpus(rng, texts=2500, length=40):
    """Rows of word numbers; the first COMMON words occur in every topic."""
    topic = rng.randint(0, TOPICS, (texts, 1))
    own = COMMON + topic * WORDS_PER_TOPIC + rng.randint(0, WORDS_PER_TOPIC, (texts, length))
    common = rng.randint(0, COMMON, (texts, length))
    return np.where(rng.rand(texts, length) < 0.3, common, own).astype(np.int32)


def skip_grams(rng, texts):
    """Batches of (word, word near it)."""
    length = texts.shape[1]
    while True:
        row = rng.randint(0, len(texts), BATCH)
        at = rng.randint(WINDOW, length - WINDOW, BATCH)
        shift = rng.randint(1, WINDOW + 1, BATCH) * rng.choice([-1, 1], BATCH)
        yield texts[row, at], texts[row, at + shift][:, None]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6000)
    arguments = parser.parse_args()
    rng = np.random.RandomState(0)
    batches = skip_grams(rng, corpus(rng))

    tf.set_random_seed(1)
    inputs = tf.placeholder(tf.int32, [BATCH])
    labels = tf.placeholder(tf.int32, [BATCH, 1])
    embeddings = tf.Variable(tf.random_uniform([VOCABULARY, SIZE], -1.0, 1.0))
    nce_weights = tf.Variable(tf.truncated_normal([VOCABULARY, SIZE], stddev=1 / math.sqrt(SIZE)))
    nce_biases = tf.Variable(tf.zeros([VOCABULARY]))
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            weights=nce_weights,
            biases=nce_biases,
            labels=labels,
            inputs=tf.nn.embedding_lookup(embeddings, inputs),
            num_sampled=SAMPLED,
            num_classes=VOCABULARY,
        )
    )
    train_op = tf.train.AdagradOptimizer(1.0).minimize(loss)
    normalized = tf.nn.l2_normalize(embeddings, 1)
    similarity = tf.matmul(normalized, normalized, transpose_b=True)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        total = 0.0
        for step in range(1, arguments.steps + 1):
            words, near = next(batches)
            value, _ = sess.run([loss, train_op], {inputs: words, labels: near})
            total += value
            if step % 1000 == 0:
                print("step %5d: loss %.3f" % (step, total / 1000))
                total = 0.0
        near = sess.run(similarity)
    np.fill_diagonal(near, -1)
    words = np.arange(COMMON, VOCABULARY)
    nearest = near[words].argmax(1)
    topic = (words - COMMON) // WORDS_PER_TOPIC
    same = (nearest >= COMMON) & ((nearest - COMMON) // WORDS_PER_TOPIC == topic)
    print("nearest word is of the same topic: %.1f %%" % (100 * same.mean()))


if __name__ == "__main__":
    main()
