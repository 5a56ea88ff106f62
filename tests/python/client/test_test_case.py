# SPDX-License-Identifier: Apache-2.0
"""tf.test: sessions and comparisons of TestCase, gradient checks."""

import numpy as np
import pytest

import caudal as tf


class TestCaseTest(tf.test.TestCase):
    def test_fresh_graph_and_seed(self):
        assert not tf.get_default_graph().get_operations()
        assert tf.get_default_graph().seed == 87654321

    def test_cached_session_keeps_values(self):
        with self.test_session() as one:
            v = tf.Variable(3.0)
            v.initializer.run()
        with self.test_session() as two:
            assert one is two and v.eval() == 3.0
        assert self.evaluate(v) == 3.0

    def test_sessions_of_graphs(self):
        with tf.Graph().as_default() as graph:
            x = tf.constant([1, 2])
        with self.session(graph=graph) as sess:
            self.assertAllEqual(sess.run(x), [1, 2])
            self.assertAllEqual(x, (1, 2))

    def test_comparisons(self):
        self.assertAllClose([1.0, 2.0], [1.0, 2.0 + 1e-7])
        self.assertAllClose({"a": [1.0], "b": (2.0, [3.0])}, {"a": [1.0], "b": (2.0, [3.0])})
        self.assertAllClose(np.float32([1.0, np.nan]), [1.0, np.nan])
        self.assertAllEqual([b"a", b"b"], ["a", "b"])
        self.assertNotAllClose([1.0], [1.1])
        self.assertNear(1.0, 1.05, 0.1)
        self.assertArrayNear([1.0, 2.0], [1.05, 2.05], 0.1)
        self.assertAllInRange([1, 2], 1, 2)
        self.assertAllInSet([1, 2, 2], {1, 2})
        self.assertShapeEqual(np.zeros((2, 3)), tf.zeros([2, 3]))
        self.assertAllCloseAccordingToType(np.float16([1.0]), np.float16([1.0005]))
        self.assertStartsWith("abc", "ab")
        for bad in (
            lambda: self.assertAllClose([1.0], [1.1]),
            lambda: self.assertAllClose([1.0], [1.0, 1.0]),
            lambda: self.assertAllEqual([1], [2]),
            lambda: self.assertNear(1.0, 2.0, 0.1),
            lambda: self.assertAllInRange([1, 3], 1, 2),
        ):
            with pytest.raises(AssertionError):
                bad()

    def test_errors(self):
        with self.cached_session():
            bad = tf.gather([1, 2], tf.placeholder_with_default([5], [None]))
            with self.assertRaisesOpError(r"indices\[0\] = 5 is not in \[0, 2\)"):
                bad.eval()
        with pytest.raises(AssertionError):
            with self.assertRaisesWithPredicateMatch(ValueError, "no match"):
                raise ValueError("something else")

    def test_temporary_directories(self):
        assert self.get_temp_dir() == self.get_temp_dir() != tf.test.get_temp_dir()


def test_gradient_checks():
    with tf.Graph().as_default(), tf.Session():
        x = tf.placeholder(tf.float64, [2, 3])
        w = tf.Variable(np.arange(6.0).reshape(3, 2))
        y = tf.tanh(tf.matmul(x, w) * 0.1)
        theory, numbers = tf.test.compute_gradient(
            x, [2, 3], y, [2, 2], x_init_value=np.ones((2, 3)), init_targets=[w.initializer]
        )
        assert theory.shape == numbers.shape == (6, 4)
        np.testing.assert_allclose(theory, numbers, atol=1e-6)
        assert tf.test.compute_gradient_error(x, [2, 3], y, [2, 2], delta=1e-4) < 1e-6
        z = tf.placeholder(tf.float64, [2])
        pairs = tf.test.compute_gradient([x, z], [[2, 3], [2]], y + z, [2, 2])
        assert len(pairs) == 2 and pairs[1][0].shape == (2, 4)


def test_devices():
    assert isinstance(tf.test.is_gpu_available(), bool)
    assert tf.test.is_built_with_cuda() in (True, False)
    assert tf.test.gpu_device_name() in ("", "/device:GPU:0")
