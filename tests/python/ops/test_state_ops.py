# SPDX-License-Identifier: Apache-2.0
"""Ops on variables through the public API: names, colocation, errors; update rules over time."""

import gc
import weakref

import numpy as np
import pytest

import caudal as tf
from caudal.framework.op_factory import apply
from caudal.ops import state_ops


def test_assign_names_and_results():
    with tf.Graph().as_default() as graph:
        v = tf.Variable([1.0, 2.0], name="v")
        a = tf.assign(v, [3.0, 4.0], name="a")
        assert (a.op.type, a.name, a.dtype) == ("Assign", "a:0", tf.float32._as_ref)
        assert graph.get_operation_by_name("a/value").type == "Const"
        assert tf.assign(v, [3.0, 4.0]).op.name == "Assign"
        assert tf.assign_add(v, [3.0, 4.0]).op.name == "AssignAdd"
        assert tf.is_variable_initialized(v).name == "IsVariableInitialized:0"


def test_wrong_values_are_refused_while_building():
    with tf.Graph().as_default():
        v = tf.Variable([1.0, 2.0])
        with pytest.raises(ValueError, match="must be equal"):
            tf.assign(v, [1.0])
        with pytest.raises(ValueError):
            tf.assign_add(v, 1.0)
        with pytest.raises(TypeError):
            tf.assign(v, tf.constant([1, 2]))
        with pytest.raises(TypeError):
            tf.assign(v, "text")
        with pytest.raises(ValueError):
            tf.scatter_add(v, [0, 1], [1.0])
        with pytest.raises(ValueError):
            tf.scatter_nd_add(v, [[0, 0]], [1.0])
        with pytest.raises(ValueError, match="rank 0"):
            tf.count_up_to(tf.Variable([1, 2]), 3)
        with pytest.raises(ValueError):
            apply("ApplyGradientDescent", v, 0.1, [1.0])
        with pytest.raises(ValueError, match="rank 0"):
            apply("ApplyGradientDescent", v, [0.1], [1.0, 1.0])
        with pytest.raises(ValueError):
            apply("SparseApplyAdagrad", v, tf.Variable([1.0, 1.0]), 0.1, [1.0, 2.0], [0])


def test_validate_shape_off():
    with tf.Graph().as_default():
        v = tf.Variable([1.0, 2.0])
        grown = tf.assign(v, [1.0, 2.0, 3.0], validate_shape=False)
        assert grown.shape.as_list() == [3]
        with tf.Session() as sess:
            sess.run(grown)
            np.testing.assert_array_equal(sess.run(v.op.outputs[0]), [1, 2, 3])


def test_uninitialised_slots_are_refused():
    with tf.Graph().as_default():
        v, slot = tf.Variable([1.0]), tf.Variable([0.0])
        step = apply("ApplyMomentum", v, slot, 0.1, [1.0], 0.9)
        with tf.Session() as sess:
            sess.run(v.initializer)
            with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
                sess.run(step)


def test_gradient_that_is_the_variable_itself():
    with tf.Graph().as_default():
        v = tf.Variable(np.arange(5.0))
        step = apply("ApplyGradientDescent", v, 0.5, v)
        with tf.Session() as sess:
            sess.run(v.initializer)
            sess.run(step)
            np.testing.assert_array_equal(sess.run(v), np.arange(5.0) / 2)


def test_string_variable():
    with tf.Graph().as_default():
        v = tf.Variable(["a", "b"])
        fed = tf.placeholder(tf.string)
        with tf.Session() as sess:
            sess.run(v.initializer)
            assert sess.run(v).tolist() == [b"a", b"b"]
            sess.run(tf.assign(v, fed), {fed: ["long enough not to be inline", "d"]})
            sess.run(tf.scatter_update(v, [1], ["e"]))
            assert sess.run(v).tolist() == [b"long enough not to be inline", b"e"]


def test_bool_variable():
    with tf.Graph().as_default():
        v = tf.Variable([True, False])
        with tf.Session() as sess:
            sess.run(v.initializer)
            assert sess.run(tf.scatter_update(v, [1], [True])).tolist() == [True, True]


def test_batch_scatter_update():
    with tf.Graph().as_default():
        v = tf.Variable(np.zeros([2, 3, 2], np.float32))
        done = tf.batch_scatter_update(v, [[0, 2], [1, 0]], np.arange(8.0).reshape(2, 2, 2))
        with tf.Session() as sess:
            sess.run(v.initializer)
            expected = [[[0, 1], [0, 0], [2, 3]], [[6, 7], [4, 5], [0, 0]]]
            np.testing.assert_array_equal(sess.run(done), expected)


def test_variable_op():
    with tf.Graph().as_default():
        ref = state_ops.variable_op_v2([2], tf.int32, name="w", shared_name="s")
        assert ref.op.type == "VariableV2" and ref.op.get_attr("shared_name") == b"s"
        init = state_ops.init_variable(ref, [5, 6])
        assert init.op.name == "w/init"
        with tf.Session() as sess:
            sess.run(init)
            assert sess.run(ref).tolist() == [5, 6]


def test_py_func_lives_with_its_graph():
    class Doubler:
        def __call__(self, x):
            return x * 2

    function = Doubler()
    alive = weakref.ref(function)
    graph = tf.Graph()
    with graph.as_default():
        y = tf.py_func(function, [tf.constant(3.0)], tf.float32)
        del function
        gc.collect()
        with tf.Session() as sess:
            assert sess.run(y) == 6
    del y, graph, sess
    gc.collect()
    assert alive() is None


def test_py_func_shapes_and_lists():
    with tf.Graph().as_default() as graph:
        y = tf.py_func(lambda x: np.zeros([int(x), 2], np.float32), [tf.constant(3)], tf.float32)
        assert y.shape.ndims is None
        total = tf.reduce_sum(y + 1)
        nothing = tf.py_func(lambda: None, [], [])
        assert nothing.type == "PyFunc"
        (one,) = tf.py_func(lambda: 1, [], [tf.int64])
        x = tf.constant(1.0)
        assert tf.gradients(tf.py_func(lambda a: a, [x], tf.float32), [x]) == [None]
        with tf.Session(graph=graph) as sess:
            assert sess.run(total) == 6
            assert sess.run(nothing) is None
            assert sess.run(one) == 1


def test_py_func_scalars_and_errors():
    with tf.Graph().as_default():
        kinds = []

        def look(x, word):
            kinds.append((type(x), type(word)))
            raise ValueError("bad value")

        y = tf.py_func(look, [tf.constant(1.0), tf.constant("w")], tf.float32)
        with tf.Session() as sess:
            with pytest.raises(tf.errors.InvalidArgumentError, match="ValueError: bad value"):
                sess.run(y)
        assert kinds == [(np.float32, bytes)]
