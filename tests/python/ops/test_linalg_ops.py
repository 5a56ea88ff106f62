# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

import caudal as tf


def run(fetches, feeds=None):
    return tf.Session().run(fetches, feeds)


def test_eye():
    assert tf.eye(2).name == "eye/diag:0"
    np.testing.assert_array_equal(run(tf.eye(2)), np.eye(2))
    wide = tf.eye(2, 3, batch_shape=[4], dtype=tf.int32)
    assert wide.shape.as_list() == [4, 2, 3]
    np.testing.assert_array_equal(run(wide)[3], np.eye(2, 3))
    n = tf.placeholder(tf.int32, [])
    np.testing.assert_array_equal(run(tf.eye(n), {n: 3}), np.eye(3))
    np.testing.assert_array_equal(run(tf.eye(n, 2, batch_shape=[n]), {n: 3})[1], np.eye(3, 2))


@pytest.mark.parametrize("order", ["euclidean", 1, 2, np.inf, 3])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_vector_norms(order, axis):
    x = np.array([[3.0, -4.0, 0.5], [1.0, 2.0, -2.0]])
    numpy_order = 2 if order == "euclidean" else order
    want = np.linalg.norm(x.ravel() if axis is None else x, numpy_order, axis)
    np.testing.assert_allclose(run(tf.norm(x, order, axis)), want)
    assert run(tf.norm(x, order, axis, keepdims=True)).ndim == 2


@pytest.mark.parametrize("order", ["fro", 1, np.inf])
@pytest.mark.parametrize("axis", [(0, 1), [1, 2], (-1, 0)])
def test_matrix_norms(order, axis):
    x = np.random.RandomState(0).randn(2, 3, 4)
    np.testing.assert_allclose(run(tf.norm(x, order, axis)), np.linalg.norm(x, order, tuple(axis)))


def test_norm_errors():
    x = tf.constant([[1.0]])
    for order, axis in (("fro", None), ("foo", 0), (-1, 0), (3, (0, 1)), (1, (0, 0)), (1, "a")):
        with pytest.raises(ValueError):
            tf.norm(x, order, axis)
    with pytest.raises(NotImplementedError):
        tf.norm(x, 2, (0, 1))
