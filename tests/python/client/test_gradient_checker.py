# SPDX-License-Identifier: Apache-2.0
"""Jacobians from gradients and from differences."""

import numpy as np
import pytest

import caudal as tf

check, error = tf.test.compute_gradient, tf.test.compute_gradient_error


@pytest.fixture(autouse=True)
def session():
    with tf.Graph().as_default(), tf.Session() as sess:
        yield sess


@pytest.mark.parametrize("kind", [np.complex64, np.complex128])
def test_complex_numbers_are_pairs(kind):
    start = np.array([0.3 + 0.4j, -1 + 2j], kind)
    x = tf.constant(start)
    real = start.real.dtype
    for y, columns in ((x * x, 4), (tf.conj(x), 4), (tf.real(x), 2), (tf.abs(x), 2)):
        theory, numbers = check(x, [2], y, [2], x_init_value=start, delta=1e-2)
        assert theory.shape == numbers.shape == (4, columns)
        assert theory.dtype == numbers.dtype == real
        np.testing.assert_allclose(theory, numbers, atol=2e-3)
    np.testing.assert_allclose(
        check(x, [2], x * x, [2], x_init_value=start)[0][:2, :2], [[0.6, 0.8], [-0.8, 0.6]], 1e-6
    )
    part = tf.constant(start.real)
    theory, numbers = check(part, [2], tf.complex(part, 2 * part), [2])
    np.testing.assert_allclose(theory, [[1, 2, 0, 0], [0, 0, 1, 2]])
    np.testing.assert_allclose(theory, numbers, atol=1e-3)


def test_nan_is_an_error_of_its_own():
    x = tf.constant([1.0, 2.0])
    assert np.isnan(error(x, [2], tf.sqrt(x - 1.5), [2], x_init_value=np.array([1.0, 2.0])))


def test_nothing_has_no_error():
    x = tf.zeros([0, 3])
    theory, numbers = check(x, [0, 3], tf.exp(x), [0, 3])
    assert theory.shape == numbers.shape == (0, 0)
    assert error(x, [0, 3], tf.exp(x), [0, 3]) == 0


def test_what_cannot_be_checked():
    x = tf.constant([1.0, 2.0])
    with pytest.raises(AssertionError, match="init_data shape"):
        check(x, [2], x * x, [2], x_init_value=np.ones([3]))
    with pytest.raises(AssertionError, match="no gradient towards"):
        check(x, [2], tf.constant([1.0, 2.0]), [2])


def test_several_inputs_and_feeds():
    a, b, factor = (
        tf.constant([[1.0, 2.0]]),
        tf.constant([[3.0], [4.0]]),
        tf.placeholder(tf.float32),
    )
    pairs = check(
        [a, b], [[1, 2], [2, 1]], factor * tf.matmul(a, b), [1, 1], extra_feed_dict={factor: 2.0}
    )
    for theory, numbers in pairs:
        np.testing.assert_allclose(theory, numbers, atol=5e-3)
