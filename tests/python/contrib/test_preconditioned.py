# SPDX-License-Identifier: Apache-2.0
"""Shampoo against its formula; Adams by the global step against Adam."""

import numpy as np
import pytest

import caudal as tf

opt = tf.contrib.opt


@pytest.mark.parametrize("limit", [768, 1])
@pytest.mark.parametrize("resource", [False, True])
def test_shampoo(limit, resource):
    rng = np.random.RandomState(0)
    start, grad = rng.randn(3, 2), rng.randn(3, 2)
    v = tf.get_variable("v", initializer=tf.constant(start), use_resource=resource)
    step = tf.train.get_or_create_global_step()
    optimizer = opt.ShampooOptimizer(step, max_matrix_size=limit, learning_rate=0.1)
    update = optimizer.apply_gradients([(tf.constant(grad), v)], global_step=step)
    left, right, wanted = np.zeros((3, 3)), np.zeros((2, 2)), start.copy()

    def root(m):
        if limit == 1:
            m = np.diag(np.diag(m))
        values, vectors = np.linalg.eigh(m + 1e-4 * np.eye(len(m)))
        return vectors @ np.diag(values**-0.25) @ vectors.T

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(update)
            left, right = left + grad @ grad.T, right + grad.T @ grad
            wanted -= 0.1 * root(left) @ grad @ root(right)
        np.testing.assert_allclose(sess.run(v), wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", ["AdamGSOptimizer", "LazyAdamGSOptimizer"])
def test_adam_by_global_step(kind):
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])
    grad = tf.constant([0.3, -0.2])
    step = tf.train.get_or_create_global_step()
    ours = getattr(opt, kind)(step, 0.1).apply_gradients([(grad, a)], global_step=step)
    plain = tf.train.AdamOptimizer(0.1).apply_gradients([(grad, b)])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(4):
            sess.run([ours, plain])
        np.testing.assert_allclose(*sess.run([a, b]), rtol=1e-5)
