# SPDX-License-Identifier: Apache-2.0
"""Streams of random ops: numbers known from TensorFlow, seeds, node names, threads."""

import numpy as np
import pytest

import caudal as tf
from caudal.framework import random_seed


def _run(make, runs=1):
    with tf.Graph().as_default():
        tensor = make()
        with tf.Session() as sess:
            return [sess.run(tensor) for _ in range(runs)]


# First values with op seed 42 (runs one and two), computed by TensorFlow 1.15.
KNOWN = {
    "uniform": (
        lambda: tf.random_uniform([3], seed=42),
        [
            [0.9522714614868164, 0.6774077415466309, 0.7953182458877563],
            [0.18126988410949707, 0.2636922597885132, 0.1588040590286255],
        ],
    ),
    "normal": (
        lambda: tf.random_normal([3], seed=42),
        [
            [-0.2807750701904297, -0.13775210082530975, -0.6763296127319336],
            [1.8412818908691406, -0.15879929065704346, -1.060792088508606],
        ],
    ),
    "truncated": (
        lambda: tf.truncated_normal([3], seed=42),
        [
            [-0.2807750701904297, -0.13775210082530975, -0.6763296127319336],
            [1.8412818908691406, -0.15879929065704346, -1.060792088508606],
        ],
    ),
    "uniform64": (
        lambda: tf.random_uniform([3], dtype=tf.float64, seed=42),
        [
            [0.6181726095777149, 0.36254602252651336, 0.8076457653772362],
            [0.4501597178423633, 0.27043256518756675, 0.47520519199618416],
        ],
    ),
    "int32": (
        lambda: tf.random_uniform([4], -5, 100, tf.int32, seed=42),
        [[57, 44, 68, 14], [84, 32, 35, 1]],
    ),
    "int64": (
        lambda: tf.random_uniform([4], -5, 2**40, tf.int64, seed=42),
        [
            [329322738298, 503435716935, 103144773695, 701087417946],
            [188345861362, 160440418862, 1047677347121, 464959858093],
        ],
    ),
    "shuffle": (
        lambda: tf.random_shuffle(list(range(8)), seed=42),
        [[0, 1, 3, 7, 5, 2, 6, 4], [1, 0, 4, 7, 5, 3, 2, 6]],
    ),
    "multinomial": (
        lambda: tf.multinomial(np.log([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]), 7, seed=42),
        [
            [[2, 2, 2, 2, 2, 2, 2], [0, 0, 0, 1, 2, 1, 0]],
            [[1, 1, 2, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0, 0]],
        ],
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_numbers_are_those_of_tensorflow(name):
    make, expected = KNOWN[name]
    got = _run(make, 2)
    for a, b in zip(got, expected):
        np.testing.assert_allclose(a, b, rtol=0 if name == "uniform" else 1e-6)


def test_a_prefix_of_a_longer_tensor_is_the_same():
    long = _run(lambda: tf.random_normal([5003], seed=3))[0]
    short = _run(lambda: tf.random_normal([7], seed=3))[0]
    np.testing.assert_array_equal(long[:7], short)


@pytest.mark.parametrize("function", [tf.random_uniform, tf.random_normal, tf.truncated_normal])
def test_threads_do_not_matter(function):
    values = []
    for threads in (1, 2, 3):
        with tf.Graph().as_default():
            x = function([300, 501], seed=5)
            config = tf.ConfigProto(intra_op_parallelism_threads=threads)
            with tf.Session(config=config) as sess:
                values.append(sess.run(x))
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_array_equal(values[0], values[2])


def test_seed_pairs():
    with tf.Graph().as_default() as graph:
        assert random_seed.get_seed(None) == (None, None)
        assert random_seed.get_seed(3) == (87654321, 3)
        assert random_seed.get_seed(-1) == (87654321, 2**31 - 2)
        tf.set_random_seed(0)
        assert random_seed.get_seed(0) == (0, 2**31 - 1)
        tf.set_random_seed(7)
        tf.constant(1), tf.constant(2)
        assert random_seed.get_seed(None) == (7, 2)
        tf.random_uniform([2])
        node = graph.get_operation_by_name("random_uniform/RandomUniform")
        assert (node.get_attr("seed"), node.get_attr("seed2")) == (7, 5)


def test_graph_seed_makes_different_repeatable_ops():
    def values():
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            pair = [tf.random_normal([4]), tf.random_normal([4])]
            with tf.Session() as sess:
                return sess.run(pair)

    (a, b), (c, d) = values(), values()
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(a, c)
    np.testing.assert_array_equal(b, d)


def test_node_names():
    with tf.Graph().as_default() as graph:
        tf.random_uniform([2, 3])
        tf.random_uniform([2], 0, 5, tf.int32)
        tf.truncated_normal([2])
        names = [(op.name, op.type) for op in graph.get_operations()]
    assert names == [
        ("random_uniform/shape", "Const"),
        ("random_uniform/min", "Const"),
        ("random_uniform/max", "Const"),
        ("random_uniform/RandomUniform", "RandomUniform"),
        ("random_uniform/sub", "Sub"),
        ("random_uniform/mul", "Mul"),
        ("random_uniform", "Add"),
        ("random_uniform_1/shape", "Const"),
        ("random_uniform_1/min", "Const"),
        ("random_uniform_1/max", "Const"),
        ("random_uniform_1", "RandomUniformInt"),
        ("truncated_normal/shape", "Const"),
        ("truncated_normal/mean", "Const"),
        ("truncated_normal/stddev", "Const"),
        ("truncated_normal/TruncatedNormal", "TruncatedNormal"),
        ("truncated_normal/mul", "Mul"),
        ("truncated_normal", "Add"),
    ]


def test_shapes():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3])
        size = tf.placeholder(tf.int32)
        assert tf.random_uniform([]).shape == []
        assert tf.random_uniform((2, 3)).shape.as_list() == [2, 3]
        assert tf.random_uniform(tf.shape(x)).shape.as_list() == [None, 3]
        by_feed = tf.random_normal(size)
        by_shape = tf.random_normal(tf.shape(x))
        assert by_feed.shape.ndims is None
        with tf.Session() as sess:
            assert sess.run(by_feed, {size: [4, 2]}).shape == (4, 2)
            assert sess.run(by_feed, {size: [3]}).shape == (3,)
            assert sess.run(by_shape, {x: np.zeros([5, 3])}).shape == (5, 3)


def test_bad_arguments():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="Must specify maxval for integer dtype"):
            tf.random_uniform([2], dtype=tf.int32)
        with pytest.raises(ValueError, match="Invalid dtype"):
            tf.random_uniform([2], dtype=tf.bool)
        with pytest.raises(ValueError, match="-2"):
            tf.random_uniform([-2])
        with pytest.raises(ValueError, match="rank 1 but is rank 0"):
            tf.random_uniform(3)
        with pytest.raises(ValueError, match="rank 2 but is rank 1"):
            tf.multinomial([1.0], 3)
        with pytest.raises(TypeError):
            tf.random_uniform([2], seed="x")


def test_random_crop():
    value = np.arange(200).reshape(10, 20)
    with tf.Graph().as_default():
        crop = tf.random_crop(value, [3, 4], seed=2)
        too_big = tf.random_crop(tf.placeholder_with_default(value, [None, None]), [11, 4])
        assert crop.shape.as_list() == [3, 4]
        corners = set()
        with tf.Session() as sess:
            for _ in range(20):
                got = sess.run(crop)
                row, column = divmod(int(got[0, 0]), 20)
                np.testing.assert_array_equal(got, value[row : row + 3, column : column + 4])
                corners.add((row, column))
            with pytest.raises(tf.errors.InvalidArgumentError, match="Need value.shape >= size"):
                sess.run(too_big)
        assert len(corners) > 5


def test_no_gradient_through_shuffle():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [3])
        with pytest.raises(LookupError):
            tf.gradients(tf.random_shuffle(x), [x])
        low = tf.constant(1.0)
        assert tf.gradients(tf.random_uniform([3], low, 2.0), [low])[0] is not None
