# SPDX-License-Identifier: Apache-2.0
import warnings

import numpy as np
import pytest

import caudal as tf
from caudal.framework import gradients_impl


def run(fetches, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feeds)


def test_results_and_names():
    x, z = tf.placeholder(tf.float32, [2], name="x"), tf.constant(1.0)
    y = x * x + 3.0 * x
    dx, dz = tf.gradients(y, [x, z])
    assert dz is None and dx.name.startswith("gradients/") and dx.shape.as_list() == [2]
    np.testing.assert_allclose(run(dx, {x: [1, 2]}), [5, 7])
    assert tf.gradients(y, x)[0].name.startswith("gradients_1/")
    second = tf.gradients(dx, x)[0]
    np.testing.assert_allclose(run(second, {x: [1, 2]}), [2, 2])
    assert tf.gradients([], x) == [None] and tf.gradients(y, []) == []
    zero = tf.gradients(y, [z], unconnected_gradients="zero")[0]
    assert run(zero) == 0


def test_grad_ys_and_stop_gradients():
    x = tf.placeholder(tf.float32, [2])
    a = x * 2.0
    y = a * x
    np.testing.assert_allclose(
        run(tf.gradients(y, x, grad_ys=[[1.0, 10.0]])[0], {x: [1, 1]}), [4, 40]
    )
    np.testing.assert_allclose(run(tf.gradients(y, x, stop_gradients=[a])[0], {x: [1, 2]}), [2, 4])
    np.testing.assert_allclose(run(tf.gradients([y, a], x)[0], {x: [1, 2]}), [6, 10])


def test_partial_derivatives():
    a = tf.constant(2.0)
    b = a * 3.0
    partial = tf.gradients(a + 2.0 * b, [a, b], stop_gradients=[a, b])
    assert run(partial, {}) == [1.0, 2.0]
    assert run(tf.gradients(b, a, stop_gradients=a)[0], {}) == 3.0
    assert tf.gradients(b * b, a, stop_gradients=b) == [None]


def test_errors():
    x = tf.placeholder(tf.float32, [2])
    y = x * x
    with pytest.raises(ValueError, match="Passed 2 grad_ys for 1 ys"):
        tf.gradients(y, x, grad_ys=[x, x])
    with pytest.raises(TypeError):
        tf.gradients(y, x, grad_ys=tf.ones([2], tf.float64))
    with pytest.raises(ValueError, match="Invalid aggregation_method"):
        tf.gradients(y, x, aggregation_method=99)
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tf.gradients(y, x, unconnected_gradients="some")
    with pytest.raises(LookupError, match="No gradient defined"):
        tf.gradients(tf.unique(x)[0], x)
    with tf.Graph().as_default():
        z = tf.constant(1.0)
    with pytest.raises(ValueError, match="same graph"):
        tf.gradients(y, z)


def test_of_variables_and_gathers():
    v = tf.Variable([[1.0], [2.0], [3.0]])
    g = tf.gradients(tf.gather(v, [0, 0, 2]), v)[0]
    assert isinstance(g, tf.IndexedSlices)
    got = run(g)
    assert got.indices.tolist() == [0, 0, 2] and got.dense_shape.tolist() == [3, 1]
    dense = run(tf.convert_to_tensor(tf.gradients(tf.gather(v, [0, 0, 2]) * 2.0, v)[0]))
    np.testing.assert_array_equal(dense, [[4], [0], [2]])


def test_hessians():
    x = tf.constant([1.0, 2.0])
    h = tf.hessians(tf.reduce_sum(x * x * x), x)[0]
    np.testing.assert_allclose(run(h), [[6, 0], [0, 12]])


def test_registered_gradient_by_override_map():
    @tf.RegisterGradient("TripleFlipped")
    def _(op, grad):
        assert op.type == "Identity"
        return -3.0 * grad

    g = tf.get_default_graph()
    x = tf.constant(2.0)
    with g.gradient_override_map({"Identity": "TripleFlipped"}):
        y = tf.identity(x)
    assert run(tf.gradients(y * 5.0, x)[0]) == -15
    assert run(tf.gradients(tf.identity(x), x)[0]) == 1
    with pytest.raises(KeyError):
        tf.RegisterGradient("TripleFlipped")(lambda op, g: g)
    with pytest.raises(KeyError):
        tf.RegisterGradient("MatMul")(lambda op, g: g)
    with pytest.raises(TypeError):
        tf.RegisterGradient(3)
    with pytest.raises(TypeError):
        g.gradient_override_map({1: 2})


def test_wrong_number_of_gradients():
    tf.RegisterGradient("TooMany")(lambda op, grad: [grad, grad])
    x = tf.constant(2.0)
    with tf.get_default_graph().gradient_override_map({"Identity": "TooMany"}):
        y = tf.identity(x)
    with pytest.raises(ValueError, match="Num gradients 2"):
        tf.gradients(y, x)


def test_exceptions_of_gradient_functions_reach_the_user():
    @tf.RegisterGradient("Angry")
    def _(op, grad):
        raise KeyError("mine")

    x = tf.constant(2.0)
    with tf.get_default_graph().gradient_override_map({"Identity": "Angry"}):
        y = tf.identity(x)
    with pytest.raises(KeyError, match="mine"):
        tf.gradients(y, x)


def test_custom_gradient():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    x = tf.constant(100.0)
    y = log1pexp(x)
    assert run(tf.gradients(y, x)[0]) == 1.0  # the plain gradient is NaN

    @tf.custom_gradient
    def two(a, b):
        return (a + b, a * b), lambda da, db: (10.0 * da, 100.0 * db)

    a, b = tf.constant(2.0), tf.constant(3.0)
    s, p = two(a, b)
    assert run([s, p]) == [5, 6]
    assert run(tf.gradients(s + p, [a, b])) == [10, 100]
    with pytest.raises(ValueError, match="expected to return 2 gradients"):
        bad = tf.custom_gradient(lambda a, b: (a, lambda d: d))(a, b)
        tf.gradients(bad, a)


def test_new_nodes_follow_open_scopes():
    x = tf.constant(2.0)
    y = x * x
    first = tf.no_op(name="first")
    with tf.control_dependencies([first]), tf.device("/cpu:0"), tf.name_scope("outer"):
        dx = tf.gradients(y, x)[0]
    assert dx.name.startswith("outer/gradients/")
    assert dx.device == "/device:CPU:0"
    seen, todo = set(), [dx.op]
    while todo:
        op = todo.pop()
        if op not in seen:
            seen.add(op)
            todo += [t.op for t in op.inputs] + list(op.control_inputs)
    assert first in seen


def test_nodes_of_gradients_know_what_they_derive():
    a = tf.constant([[1.0, 2.0]], name="a")
    with tf.variable_scope("outer_grad"):
        one = tf.matmul(a, tf.ones([2, 3]), name="one")
    two = tf.matmul(a, tf.ones([2, 3]), name="two")
    grad = tf.gradients(one, a)[0]
    assert grad.op._original_op is one.op or grad.op._original_op == one.op
    assert one.op._original_op is None
    grad = tf.gradients(one, a, colocate_gradients_with_ops=True)[0]
    assert grad.op.colocation_groups() == one.op.colocation_groups()
    total = tf.gradients(one + two, a, colocate_gradients_with_ops=True)[0]
    assert total.op.type == "AddN"
    assert total.op.colocation_groups() == one.op.colocation_groups()


def test_products_of_second_derivatives():
    matrix = np.arange(9.0).reshape([3, 3])
    x, v = (
        tf.constant([[1.0], [2.0], [-1.0]], tf.float64),
        tf.constant([[0.5], [1.0], [2.0]], tf.float64),
    )
    y = tf.matmul(x, tf.matmul(matrix, x), transpose_a=True)
    product = gradients_impl._hessian_vector_product(y, [x], [v])
    with tf.Session() as sess:
        want = (matrix + matrix.T) @ sess.run(v)
        np.testing.assert_allclose(sess.run(product[0]), want)
    with pytest.raises(ValueError, match="same length"):
        gradients_impl._hessian_vector_product(y, [x], [])


def test_dense_slices_are_warned_of():
    values, indices = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    for sizes, what in (
        (tf.constant([10**4, 10**4]), "with 100000000 elements"),
        (indices, "unknown"),
    ):
        with pytest.warns(UserWarning, match=what):
            tf.convert_to_tensor(tf.IndexedSlices(values, indices, sizes))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tf.convert_to_tensor(tf.IndexedSlices(values, indices, tf.constant([10, 10])))


def test_a_custom_gradient_takes_the_variables_that_are_read():
    @tf.custom_gradient
    def scaled(x):
        with tf.variable_scope("s", reuse=tf.AUTO_REUSE, use_resource=True):
            w = tf.get_variable("w", [], initializer=tf.ones_initializer())

        def grad(dy, variables=None):
            return 3.0 * dy, [tf.reduce_sum(dy) * 5.0 for _ in variables]

        return x * w, grad

    x = tf.constant([1.0, 2.0])
    scaled(x)
    again = scaled(x)
    w = tf.trainable_variables()[0]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(tf.gradients(again, w)[0]) == 10.0

    @tf.custom_gradient
    def by_reference(x):
        return x * tf.get_variable("r", [], use_resource=False), lambda dy, variables: (dy, [dy])

    with pytest.raises(TypeError, match="must be `ResourceVariable`s"):
        by_reference(x)
