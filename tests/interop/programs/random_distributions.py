# SPDX-License-Identifier: Apache-2.0
"""Gamma and Poisson numbers, bounded normal ones, and draws from given seeds: exact streams."""

import numpy as np

import caudal as tf


def show(name, value):
    value = np.asarray(value)
    print(name, value.dtype, value.shape, *value.ravel().tolist())


with tf.Graph().as_default():
    fetches = {}
    for kind in (tf.float32, tf.float64):
        alpha = tf.constant([0.5, 1.0, 3.0], kind)
        gamma = tf.random_gamma([4], alpha, seed=3, dtype=kind)
        fetches["gamma", kind.name] = gamma
        fetches["gamma beta", kind.name] = tf.random.gamma([2], 2.0, [[1.0], [4.0]], kind, seed=4)
        fetches["gamma gradient", kind.name] = tf.gradients(gamma, alpha)[0]
        bounded = tf.raw_ops.ParameterizedTruncatedNormal
        for low, high in ((-2.0, 2.0), (3.0, 5.0), (0.1, 0.2), (2.0, np.inf)):
            fetches["bounded", low, high, kind.name] = bounded(
                shape=[6], means=tf.constant(0.0, kind), stdevs=tf.constant(1.0, kind),
                minvals=tf.constant(low, kind), maxvals=tf.constant(high, kind), seed=3, seed2=4,
            )  # fmt: skip
    for kind in (tf.float32, tf.float64, tf.int32, tf.int64):
        fetches["poisson", kind.name] = tf.random_poisson([0.5, 5.0, 30.0], [5], kind, seed=3)
    for kind in (tf.float16, tf.float32, tf.float64):
        seed = tf.constant([1, -2], tf.int64)
        fetches["uniform", kind.name] = tf.random.stateless_uniform([5], seed, 1, 3, kind)
        fetches["normal", kind.name] = tf.random.stateless_normal([5], seed, 1.0, 2.0, kind)
        fetches["truncated", kind.name] = tf.random.stateless_truncated_normal(
            [9], seed, dtype=kind
        )
    for kind in (tf.int32, tf.int64):
        fetches["integers", kind.name] = tf.random.stateless_uniform([5], [7, 8], -9, 1000, kind)
        logits = tf.constant([[0.1, 0.3, 0.5], [1.0, 0.0, 3.0]])
        fetches["classes", kind.name] = tf.random.stateless_categorical(logits, 6, [1, 2], kind)
        fetches["multinomial", kind.name] = tf.random.stateless_multinomial(
            logits, 4, [5, 6], output_dtype=kind
        )
    with tf.Session() as sess:
        for _ in range(2):
            for name, tensor in fetches.items():
                show(" ".join(map(str, name)), sess.run(tensor))
