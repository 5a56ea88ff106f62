# SPDX-License-Identifier: Apache-2.0
"""Gamma and Poisson numbers and draws from given seeds: TensorFlow's streams and errors."""

import numpy as np
import pytest

import caudal as tf


def run(fetches):
    with tf.Session() as sess:
        return sess.run(fetches)


def test_stateless_draws_follow_their_seed():
    a, b = (tf.random.stateless_uniform([4], [1, s]) for s in (2, 3))
    with tf.Session() as sess:
        x, y, z = sess.run(a), sess.run(a), sess.run(b)
    np.testing.assert_array_equal(x, y)
    assert (x != z).any()


def test_stateless_uniform_checks_its_dtype():
    with pytest.raises(ValueError, match="Must specify maxval for integer dtype"):
        tf.random.stateless_uniform([2], [1, 2], dtype=tf.int32)
    with pytest.raises(ValueError, match="Invalid dtype"):
        tf.random.stateless_uniform([2], [1, 2], dtype=tf.bool)
    with pytest.raises(ValueError):
        tf.random.stateless_uniform([2], [1, 2, 3])
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="minval < maxval"):
        run(tf.random.stateless_uniform([2], [1, 2], 5, 5, tf.int32))


def test_gamma_shapes_and_gradient():
    alpha = tf.constant([[0.5], [2.0]])
    drawn = tf.random_gamma([3], alpha, tf.constant([1.0, 2.0, 4.0]), seed=1)
    assert drawn.shape.as_list() == [3, 2, 3]
    value, g = run([drawn, tf.gradients(drawn, alpha)[0]])
    assert (value > 0).all() and g.shape == (2, 1) and (g > 0).all()


def test_poisson_shapes_and_dtypes():
    drawn = tf.random.poisson([[1.0], [50.0]], [4], dtype=tf.int32, seed=1)
    assert drawn.shape.as_list() == [4, 2, 1] and drawn.dtype == tf.int32
    assert (run(drawn) >= 0).all()
    assert run(tf.random_poisson([np.inf, 0.0], [], seed=1)).tolist() == [np.inf, 0]


def test_streams_go_on_in_a_session():
    drawn = tf.random_gamma([8], 2.0, seed=5)
    with tf.Session() as sess:
        first, second = sess.run(drawn), sess.run(drawn)
    assert (first != second).all()
    np.testing.assert_array_equal(run(drawn), first)


def test_contrib_has_stateless_draws():
    from caudal.contrib import stateless

    drawn = (
        stateless.stateless_random_uniform([3], [1, 2]),
        tf.random.stateless_uniform([3], [1, 2]),
    )
    np.testing.assert_array_equal(*run(drawn))
