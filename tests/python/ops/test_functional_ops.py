# SPDX-License-Identifier: Apache-2.0
"""TensorArray in Python, and the loops over rows: map_fn, scan, foldl, foldr."""

import numpy as np
import pytest

import caudal as tf


def run(fetches, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


def test_map_over_rows_and_its_gradient():
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.map_fn(lambda row: row * tf.reduce_sum(row), x)
    assert y.shape.as_list() == [None, 3] and y.op.name.startswith("map/")
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    got, grad = run([y, tf.gradients(y, x)[0]], {x: value})
    np.testing.assert_allclose(got, value * value.sum(1, keepdims=True))
    np.testing.assert_allclose(grad, np.repeat(2 * value.sum(1, keepdims=True), 3, 1))


def test_map_of_structures():
    numbers, names = tf.constant([1, 2, 3]), tf.constant(["a", "b", "c"])
    doubled, joined = tf.map_fn(
        lambda pair: (2 * tf.cast(pair[0], tf.float32), tf.string_join([pair[1], "!"])),
        (numbers, names),
        dtype=(tf.float32, tf.string),
    )
    got = run([doubled, joined])
    assert got[0].tolist() == [2, 4, 6] and got[1].tolist() == [b"a!", b"b!", b"c!"]


def test_map_over_nothing():
    x = tf.placeholder(tf.float32, [None, 2])
    assert run(tf.map_fn(lambda row: row + 1, x), {x: np.zeros((0, 2))}).shape == (0, 2)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_with_and_without_a_start(reverse):
    value = np.arange(1, 7, dtype=np.float64).reshape(3, 2)
    x = tf.constant(value)
    plain = tf.scan(lambda total, row: total + row, x, reverse=reverse)
    started = tf.scan(
        lambda total, row: total * row, x, initializer=np.ones(2) * 2, reverse=reverse
    )
    order = value[::-1] if reverse else value
    sums, products = np.cumsum(order, 0), 2 * np.cumprod(order, 0)
    if reverse:
        sums, products = sums[::-1], products[::-1]
    got = run([plain, started, tf.gradients(started, x)[0]])
    np.testing.assert_allclose(got[0], sums)
    np.testing.assert_allclose(got[1], products)
    # d(sum of products)/dx is the sum of the products from there on, over x.
    onward = np.cumsum(products if reverse else products[::-1], 0)
    onward = onward if reverse else onward[::-1]
    np.testing.assert_allclose(got[2], onward / value)


def test_scan_of_a_structure():
    fibonacci = tf.scan(
        lambda state, _: (state[1], state[0] + state[1]), tf.range(6), initializer=(0, 1)
    )
    assert run(fibonacci)[0].tolist() == [1, 1, 2, 3, 5, 8]


def test_folds():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    left = tf.foldl(lambda a, row: a - row, x)
    right = tf.foldr(lambda a, row: a - row, x)
    started = tf.foldl(lambda a, row: a + tf.reduce_sum(row), x, initializer=100.0)
    got = run([left, right, started, tf.gradients(left, x)[0]])
    assert got[0].tolist() == [-7, -8] and got[1].tolist() == [1, 0] and got[2] == 121
    assert got[3].tolist() == [[1, 1], [-1, -1], [-1, -1]]


def test_nested_maps_and_variables():
    w = tf.get_variable("w", initializer=[[1.0, 2.0], [3.0, 4.0]])
    x = tf.constant(np.arange(8.0).reshape(2, 2, 2), tf.float32)
    y = tf.map_fn(lambda m: tf.map_fn(lambda row: tf.reduce_sum(row * w), m), x)
    got, grad = run([y, tf.gradients(y, w)[0]])
    np.testing.assert_allclose(
        got, (np.arange(8).reshape(2, 2, 1, 2) * [[1, 2], [3, 4]]).sum((2, 3))
    )
    np.testing.assert_allclose(grad, [[12, 16], [12, 16]])


def test_wrong_arguments():
    x = tf.constant([1.0, 2.0])
    for loop in (tf.map_fn, tf.scan, tf.foldl, tf.foldr):
        with pytest.raises(TypeError, match="callable"):
            loop(3, x)
    for loop in (lambda f, e: tf.map_fn(lambda v: v, e), tf.scan, tf.foldl, tf.foldr):
        with pytest.raises(ValueError, match="scalar"):
            loop(lambda a, e: a, tf.constant(1.0))
    with pytest.raises((ValueError, TypeError)):
        tf.map_fn(lambda v: (v, v), x)


def test_tensor_array_arguments():
    with pytest.raises(ValueError, match="Size must be provided"):
        tf.TensorArray(tf.float32)
    array = tf.TensorArray(tf.float32, 3)
    with pytest.raises(ValueError, match="both a handle and size"):
        tf.TensorArray(tf.float32, 3, handle=array.handle, flow=array.flow)
    with pytest.raises(TypeError, match="Handle must be a Tensor"):
        tf.TensorArray(tf.float32, handle=3)
    with pytest.raises(ValueError, match="flow must not be None"):
        tf.TensorArray(tf.float32, handle=array.handle)
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="trying to write dtype string"):
            session.run(tf.TensorArray(tf.float32, 3).write(0, "text").flow)
    unstacked = array.unstack(tf.zeros([3, 4]))
    assert unstacked.element_shape.as_list() == [4]
    assert unstacked.read(0).shape.as_list() == [4]
    assert unstacked.stack().shape.as_list() == [None, 4]
    assert unstacked.concat().shape.as_list() == [None]
    with pytest.raises(ValueError, match="Inconsistent shapes"):
        unstacked.write(0, tf.zeros([5]))


def test_an_element_is_read_once_unless_told_otherwise():
    array = tf.TensorArray(tf.float32, 1).write(0, 1.0)
    first = array.read(0)
    with tf.control_dependencies([first]):
        second = array.read(0)
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="clear_after_read"):
            session.run(second)
    kept = tf.TensorArray(tf.float32, 1, clear_after_read=False).write(0, 1.0)
    assert run([kept.read(0), kept.read(0)]) == [1.0, 1.0]


def test_two_calls_of_gradients_keep_their_arrays_apart():
    x = tf.constant([1.0, 2.0, 3.0])
    array = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(x)
    total = tf.reduce_sum(tf.square(array.stack()))
    first, second = tf.gradients(total, x)[0], tf.gradients(3.0 * total, x)[0]
    got = run([first, second])
    np.testing.assert_allclose(got, [[2, 4, 6], [6, 12, 18]])
    y = tf.map_fn(lambda e: e * e * e, x)
    one = tf.gradients(y, x)[0]
    two = tf.gradients(tf.map_fn(lambda e: e * e, x) + y, x)[0]
    np.testing.assert_allclose(run([one, two]), [[3, 12, 27], [5, 16, 33]])


def test_an_array_as_loop_variable_of_its_own():
    _, squares = tf.while_loop(
        lambda i, _: i < 4,
        lambda i, array: (i + 1, array.write(i, tf.cast(i * i, tf.float32))),
        (0, tf.TensorArray(tf.float32, 4)),
    )
    assert run(squares.stack()).tolist() == [0, 1, 4, 9]
    flag = tf.placeholder(tf.bool, [])
    array = tf.TensorArray(tf.float32, 1)
    chosen = tf.cond(flag, lambda: array.write(0, 1.0), lambda: array.write(0, 2.0))
    assert run(chosen.read(0), {flag: False}) == 2.0
