# SPDX-License-Identifier: Apache-2.0
"""Candidate samplers draw the same classes for a seed; losses over the samples."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(7)
classes = tf.constant([[1, 2], [3, 4], [0, 7]], tf.int64)
samplers = {
    "uniform": lambda unique: tf.nn.uniform_candidate_sampler(classes, 2, 6, unique, 20, seed=5),
    "log": lambda unique: tf.nn.log_uniform_candidate_sampler(classes, 2, 6, unique, 30, seed=6),
    "learned": lambda unique: tf.nn.learned_unigram_candidate_sampler(
        classes, 2, 6, unique, 20, seed=7
    ),
    "fixed": lambda unique: tf.nn.fixed_unigram_candidate_sampler(
        classes, 2, 5, unique, 9, unigrams=list(range(1, 9)), distortion=0.75, num_reserved_ids=1,
        seed=8,
    ),
    "shard": lambda unique: tf.nn.fixed_unigram_candidate_sampler(
        classes % 4, 2, 3, unique, 4, unigrams=list(range(1, 9)), num_shards=2, shard=1, seed=9
    ),
    "all": lambda unique: tf.nn.all_candidate_sampler(classes % 4, 2, 4, unique, seed=1),
}  # fmt: skip
for name, make in samplers.items():
    for unique in (False, True):
        node = make(unique)
        with tf.Session() as sess:
            for run in range(3):
                ids, true_count, sampled_count = sess.run(node)
                print(name, unique, run, *ids)
                print("  expected", *true_count.ravel(), *sampled_count)

vocabulary, width = 40, 6
start = rng.normal(size=(vocabulary, width)).astype(np.float32)
inputs = rng.normal(size=(3, width)).astype(np.float32)
offsets = rng.normal(size=vocabulary).astype(np.float32)


def train(name, loss_of, optimizer):
    weights, biases = tf.Variable(start), tf.Variable(offsets)
    samples = tf.nn.log_uniform_candidate_sampler(classes, 2, 8, True, vocabulary, seed=11)
    loss = loss_of(weights, biases, samples)
    gradient = tf.gradients(loss, weights)[0]
    step = optimizer.minimize(tf.reduce_mean(loss))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        print(name, type(gradient).__name__, *sess.run(loss))
        for _ in range(4):
            sess.run(step)
        print("  after", *sess.run(tf.reduce_sum(weights, 1))[:12], *sess.run(biases)[:12])


for hits in (False, True):
    for optimizer in (tf.train.GradientDescentOptimizer(0.3), tf.train.AdagradOptimizer(0.3)):
        train(
            "nce %s" % hits,
            lambda w, b, s, hits=hits: tf.nn.nce_loss(
                w, b, classes, inputs, 8, vocabulary, 2, s, hits
            ),
            optimizer,
        )
        train(
            "softmax %s" % hits,
            lambda w, b, s, hits=hits: tf.nn.sampled_softmax_loss(
                w, b, classes, inputs, 8, vocabulary, 2, s, hits
            ),
            optimizer,
        )

parts = [tf.Variable(start[i::3]) for i in range(3)]
samples = tf.nn.uniform_candidate_sampler(classes[:, :1], 1, 8, True, vocabulary, seed=12)
loss = tf.nn.nce_loss(
    parts, tf.constant(offsets), classes[:, :1], inputs, 8, vocabulary, sampled_values=samples
)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("divided", *sess.run(loss))

rows, ids, weights = tf.nn.compute_accidental_hits(classes, np.int64([7, 2, 9, 3, 3]), 2)
with tf.Session() as sess:
    print("hits", *[v.tolist() for v in sess.run([rows, ids])], sess.run(weights)[0] < -1e38)
