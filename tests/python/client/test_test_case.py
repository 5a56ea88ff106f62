# SPDX-License-Identifier: Apache-2.0
"""tf.test: sessions and comparisons of TestCase, gradient checks."""

import tempfile

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

    def test_the_cached_session_is_asked_for_in_one_way(self):
        with self.cached_session():
            pass
        with self.assertRaisesRegex(ValueError, "The graph used to get the cached session"):
            with self.cached_session(graph=tf.Graph()):
                pass
        with self.assertRaisesRegex(TypeError, "must be a Numpy"):
            self.assertShapeEqual([1], tf.zeros([1]))

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


class AssertionsTest(tf.test.TestCase):
    def test_what_holds(self):
        self.assertEqual(1, 1)
        self.assertItemsEqual([1, 2, 2], [2, 1, 2])
        self.assertLen("ab", 2)
        self.assertBetween(1, 1, 2)
        self.assertSameElements([1, 1, 2], [2, 1])
        self.assertContainsSubset({1}, [2, 1])
        self.assertNoCommonElements([1], [2])
        self.assertContainsSubsequence([1, 2, 3], [1, 3])
        self.assertContainsExactSubsequence([1, 2, 3], [2, 3])
        self.assertContainsInOrder(["a", "c"], "abc")
        self.assertSequenceStartsWith([1], [1, 2])
        self.assertSequenceAlmostEqual([1.0], [1.0 + 1e-9])
        self.assertTotallyOrdered([1, 1], [2], [3])
        self.assertStartsWith("abc", "a")
        self.assertEndsWith("abc", "c")
        self.assertNotStartsWith("abc", "c")
        self.assertNotEndsWith("abc", "a")
        self.assertRegexMatch("abc", ["z", "b."])
        self.assertJsonEqual('{"a": [1]}', '{"a":[1]}')
        self.assertProtoEquals("allow_growth: true", tf.GPUOptions(allow_growth=True))
        with self.assertRaisesWithLiteralMatch(ValueError, "a"):
            raise ValueError("a")
        with self.assertRaisesRegex(ValueError, "b"):
            raise ValueError("abc")

    def test_what_does_not_hold(self):
        for name, *arguments in (
            ("Len", [1], 2),
            ("Between", 3, 1, 2),
            ("SameElements", [1], [1, 2]),
            ("ContainsSubset", {3}, [1]),
            ("NoCommonElements", [1], [1]),
            ("ContainsSubsequence", [1, 2], [2, 1]),
            ("ContainsExactSubsequence", [1, 2, 3], [1, 3]),
            ("ContainsInOrder", ["b", "a"], "ab"),
            ("SequenceStartsWith", [2], [1, 2]),
            ("TotallyOrdered", [1], [1]),
            ("EndsWith", "ab", "a"),
            ("RegexMatch", "abc", ["z"]),
        ):
            with self.assertRaises(AssertionError):
                getattr(self, "assert" + name)(*arguments)

    def test_threads_and_output(self):
        thread = self.checkedThread(target=lambda a, b: a / b, args=(1, 0))
        thread.start()
        with self.assertRaisesRegex(AssertionError, "checkedThread"):
            thread.join()
        assert not thread.is_alive()
        with tempfile.TemporaryFile("w") as stream:
            with self.captureWritesToStream(stream) as captured:
                stream.write("one")
                assert captured.contents() == "one"
                stream.write(" two")
            stream.write(" three")
            assert captured.contents() == "one two"


class Measured(tf.test.Benchmark):
    def benchmark_addition(self):
        with tf.Session() as sess:
            return self.run_op_benchmark(sess, tf.constant(1.0) + 1.0, min_iters=3, mbs=1)


def test_benchmarks_report(capsys):
    result = Measured().benchmark_addition()
    assert result["name"] == "Measured.benchmark_addition" and result["iters"] == 3
    assert result["throughput"] > 0 and "wall_time_50" in result["extras"]
    assert "name: 'Measured.benchmark_addition'" in capsys.readouterr().err
    assert tf.test.Benchmark.is_abstract() and not Measured.is_abstract()
    assert Measured().evaluate([tf.constant(1), tf.constant(2)]) == [1, 2]


def test_stubs_are_taken_out_again():
    class Home:
        @staticmethod
        def name():
            return "old"

    with tf.test.StubOutForTesting() as stubs:
        stubs.Set(Home, "name", lambda: "new")
        stubs.Set(Home, "name", lambda: "newer")
        assert Home.name() == "newer"
    assert Home.name() == "old" and Home().name() == "old"
