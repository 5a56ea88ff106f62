# SPDX-License-Identifier: Apache-2.0
"""Images read between their pixels."""

import numpy as np
import pytest

import caudal as tf

RNG = np.random.default_rng(3)


def sample(image, x, y):
    total = np.zeros(image.shape[-1])
    for row in (int(np.floor(y)), int(np.floor(y)) + 1):
        for column in (int(np.floor(x)), int(np.floor(x)) + 1):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                total += (1 - abs(x - column)) * (1 - abs(y - row)) * image[row, column]
    return total


@pytest.mark.parametrize("shape", [(2, 7, 2), (2, 3, 2, 2), (2, 2)])
def test_values(shape):
    data = RNG.normal(size=(2, 4, 5, 3))
    warp = RNG.uniform(-2, 7, shape)
    with tf.Session() as session:
        result = tf.contrib.resampler.resampler(tf.constant(data), tf.constant(warp))
        assert result.shape == shape[:-1] + (3,)
        ours = session.run(result)
    for i in range(2):
        points = warp[i].reshape(-1, 2)
        wanted = [sample(data[i], x, y) for x, y in points]
        np.testing.assert_allclose(ours[i].reshape(-1, 3), wanted, rtol=1e-12)


def test_far_points_are_zero():
    warp = np.array([[[np.nan, 0], [1e30, 1], [-1e30, 1], [np.inf, 0]]], np.float32)
    with tf.Session() as session:
        result = session.run(tf.contrib.resampler.resampler(np.ones((1, 3, 3, 1), "f"), warp))
    np.testing.assert_array_equal(result, np.zeros((1, 4, 1)))


def test_gradients():
    data = tf.constant(RNG.normal(size=(1, 4, 5, 2)))
    warp = tf.constant(RNG.uniform(0.1, 2.9, (1, 6, 2)))
    result = tf.contrib.resampler.resampler(data, warp)
    with tf.Session():
        for x in (data, warp):
            assert tf.test.compute_gradient_error(x, x.shape, result, result.shape) < 1e-6


def test_bad_shapes():
    with pytest.raises(ValueError):
        tf.contrib.resampler.resampler(tf.zeros([2, 3, 4]), tf.zeros([2, 5, 2]))
    with pytest.raises(ValueError):
        tf.contrib.resampler.resampler(tf.zeros([2, 3, 4, 1]), tf.zeros([2, 5, 3]))
    with pytest.raises(ValueError):
        tf.contrib.resampler.resampler(tf.zeros([2, 3, 4, 1]), tf.zeros([3, 5, 2]))
