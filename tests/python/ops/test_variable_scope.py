# SPDX-License-Identifier: Apache-2.0
"""Variable scopes: names, reuse, defaults, getters, templates."""

import numpy as np
import pytest

import caudal as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def _const():
    return tf.constant(1).op.name


def test_names_of_variables_and_operations():
    with tf.variable_scope("a") as scope:
        v = tf.get_variable("v", [1])
        assert v.name == "a/v:0" and scope.name == "a" and scope.original_name_scope == "a/"
        assert (v + 1.0).op.name == "a/add"
        with tf.variable_scope("b"):
            assert tf.get_variable("v", [1]).name == "a/b/v:0"
            assert _const() == "a/b/Const"
            assert tf.Variable(1.0).name == "a/b/Variable:0"
        with tf.name_scope("n"):
            assert tf.get_variable("w", [1]).name == "a/w:0"
            assert _const() == "a/n/Const"
            assert tf.Variable(1.0).name == "a/n/Variable:0"
    with tf.variable_scope("a", reuse=True):
        assert tf.get_variable("v", [1]) is v
        assert _const() == "a_1/Const" and tf.Variable(1.0).name == "a_1/Variable:0"
        with tf.variable_scope("b"):
            assert tf.get_variable("v", [1]).name == "a/b/v:0"
            assert _const() == "a_1/b/Const" and tf.get_variable_scope().reuse is True
    with tf.variable_scope(scope):
        assert _const() == "a_2/Const"
        assert tf.get_variable_scope().name == "a"
        assert tf.get_variable_scope().original_name_scope == "a/"
    with tf.variable_scope(scope, auxiliary_name_scope=False):
        assert _const() == "Const" and tf.get_variable_scope().original_name_scope == "a/"
    with tf.name_scope("outer"):
        with tf.variable_scope("vv") as inner:
            assert _const() == "outer/vv/Const"
            assert tf.get_variable("x", [1]).name == "vv/x:0"
            assert inner.original_name_scope == "outer/vv/"
        with tf.variable_scope(inner):
            assert _const() == "outer/vv_1/Const"
        with tf.variable_scope(scope):
            assert _const() == "outer/a/Const"


def test_default_names_are_unique():
    with tf.variable_scope(None, "def") as one:
        assert one.name == "def" and tf.get_variable("x", [1]).name == "def/x:0"
    with tf.variable_scope(None, "def") as two:
        assert tf.get_variable("x", [1]).name == "def_1/x:0" and _const() == "def_1/Const"
        with tf.variable_scope(None, "def") as inner:
            assert inner.name == "def_1/def"
    assert two.name == "def_1"
    with tf.variable_scope("def") as scope:
        assert scope.name == "def" and _const() == "def_2/Const"
    with tf.variable_scope(None, "def") as scope:
        assert scope.name == "def_2"
    with tf.variable_scope("named", "def") as scope:
        assert scope.name == "named"


def test_top_and_path_scopes():
    with tf.variable_scope(""):
        assert _const() == "Const" and tf.get_variable_scope().name == ""
    with tf.variable_scope(tf.get_variable_scope()):
        assert _const() == "Const_1"
    with tf.variable_scope("a/b"):
        assert tf.get_variable("z", [1]).name == "a/b/z:0" and _const() == "a/b/Const"
    assert tf.get_variable("a//b", [1]).name == "a//b:0"


def test_reuse():
    v = tf.get_variable("a/v", [1])
    with pytest.raises(
        ValueError,
        match=r"Variable a/v already exists, disallowed. Did you mean "
        r"to set reuse=True or reuse=tf.AUTO_REUSE in VarScope\? "
        r"Originally defined at:",
    ):
        tf.get_variable("a/v", [1])
    with tf.variable_scope("a", reuse=True):
        assert tf.get_variable("v") is v
        with pytest.raises(
            ValueError,
            match=r"Variable a/no does not exist, or was not created "
            r"with tf.get_variable\(\). Did you mean to set "
            r"reuse=tf.AUTO_REUSE in VarScope\?",
        ):
            tf.get_variable("no", [1])
        with pytest.raises(
            ValueError,
            match=r"Trying to share variable a/v, but specified shape "
            r"\(2,\) and found shape \(1,\).",
        ):
            tf.get_variable("v", [2])
        with pytest.raises(
            ValueError,
            match="Trying to share variable a/v, but specified dtype "
            "int32 and found dtype float32_ref.",
        ):
            tf.get_variable("v", [1], tf.int32)
        with tf.variable_scope("in", reuse=False):
            assert tf.get_variable_scope().reuse is True
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE) as auto:
        assert auto.reuse is tf.AUTO_REUSE
        assert tf.get_variable("v", [1]) is v
        assert tf.get_variable("new", [1]) is tf.get_variable("new", [1])
    with tf.variable_scope(auto, reuse=False):
        assert tf.get_variable_scope().reuse is tf.AUTO_REUSE
    with tf.variable_scope("b"):
        w = tf.get_variable("w", [1])
        tf.get_variable_scope().reuse_variables()
        assert tf.get_variable("w", [1]) is w
    assert tf.get_variable_scope().reuse is False
    with pytest.raises(ValueError, match="reuse parameter must be True or False or None"):
        with tf.variable_scope("x", reuse=5):
            pass
    with pytest.raises(ValueError):
        with tf.variable_scope(None, "x", reuse=True):
            pass


def test_defaults_of_scopes():
    with tf.variable_scope(
        "a", initializer=tf.constant_initializer(3.0), regularizer=tf.nn.l2_loss
    ):
        v = tf.get_variable("v", [2])
        tf.get_variable("w", [2], regularizer=tf.no_regularizer)
        with tf.variable_scope("b", regularizer=tf.no_regularizer):
            tf.get_variable("v", [2])
        with tf.variable_scope("c", dtype=tf.float64):
            assert tf.get_variable("v", [2]).dtype.base_dtype == tf.float64
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [x.op.name for x in losses] == ["a/v/Regularizer/L2Loss", "a/c/v/Regularizer/L2Loss"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(v), [3, 3])
        np.testing.assert_allclose(sess.run(losses), [9, 9])
    with tf.variable_scope("d", constraint=tf.abs) as scope:
        assert tf.get_variable("v", [1]).constraint is tf.abs
        assert scope.global_variables() == scope.trainable_variables()
        assert [v.op.name for v in scope.global_variables()] == ["d/v"]


def test_initializers_of_get_variable():
    assert tf.get_variable("t", initializer=tf.constant([1.0, 2.0])).shape.as_list() == [2]
    assert tf.get_variable("l", initializer=[1, 2]).dtype.base_dtype == tf.int32
    assert tf.get_variable("s", initializer=2.5).shape.as_list() == []
    assert tf.get_variable("f", initializer=lambda: tf.ones([3])).shape.as_list() == [3]
    assert tf.get_variable("c", [2, 2], initializer=tf.zeros_initializer).shape.as_list() == [2, 2]
    two = tf.get_variable("two", [2], initializer=lambda shape, dtype: tf.ones(shape, dtype))
    assert two.initial_value.op.name == "two/Initializer/ones"
    three = tf.get_variable(
        "three", 3, initializer=lambda shape, dtype, partition_info: tf.ones(shape, dtype)
    )
    assert three.shape.as_list() == [3]
    assert tf.get_variable("i", [2], tf.int32).initial_value.op.name == "i/Initializer/zeros"
    assert tf.get_variable("g", [2]).initial_value.op.name == "g/Initializer/random_uniform"
    with pytest.raises(ValueError, match="If initializer is a constant, do not specify shape"):
        tf.get_variable("x", [2], initializer=tf.constant([1.0, 2.0]))
    with pytest.raises(ValueError, match="don't match"):
        tf.get_variable("x", initializer=[1, 2], dtype=tf.float64)
    with pytest.raises(ValueError, match="The initializer passed is not valid"):
        tf.get_variable("x")
    with pytest.raises(ValueError, match="The initializer passed is not valid"):
        tf.get_variable("x", [None, 2])
    with pytest.raises(ValueError):
        tf.get_variable("bad name", [3])
    with pytest.raises(ValueError):
        tf.get_variable("", [3])
    with pytest.raises(TypeError):
        tf.get_variable(3, [3])


def test_custom_getters_nest():
    calls = []

    def outer(getter, name, *args, **kwargs):
        calls.append("outer " + name)
        return getter(name + "_o", *args, **kwargs)

    def inner(getter, name, *args, **kwargs):
        calls.append("inner " + name)
        return getter(name, *args, **kwargs) * 2.0

    with tf.variable_scope("cg", custom_getter=outer):
        assert tf.get_variable("v", [2]).name == "cg/v_o:0"
        with tf.variable_scope("in", custom_getter=inner):
            assert tf.get_variable("v", [2]).op.type == "Mul"
            tf.get_variable("z", [2], custom_getter=inner)
    assert calls == ["outer cg/v", "inner cg/in/v", "outer cg/in/v", "inner cg/in/z"]
    assert [v.op.name for v in tf.global_variables()] == ["cg/v_o", "cg/in/v_o", "cg/in/z"]


def test_local_variables():
    v = tf.get_local_variable("l", [2])
    assert tf.local_variables() == [v] and not tf.global_variables()
    assert not tf.trainable_variables()


def test_arguments():
    with pytest.raises(TypeError, match="must be a string or VariableScope"):
        with tf.variable_scope(3):
            pass
    with pytest.raises(TypeError, match="If default_name is None then name_or_scope is required"):
        tf.variable_scope(None)
    other = tf.Graph()
    with other.as_default():
        x = tf.constant(1.0)
    with tf.variable_scope("s", values=[x]):
        assert tf.get_default_graph() is other
    with tf.variable_op_scope([], None, "old") as scope:
        assert scope.name == "old"


def test_template():
    def layer(x, scale=1.0):
        w = tf.get_variable("w", [1], initializer=tf.ones_initializer())
        return x * w * scale

    t = tf.make_template("t", layer, scale=2.0)
    one, two = t(1.0), t(2.0)
    assert t.name == "t" and t.variable_scope.name == "t"
    assert [v.op.name for v in t.variables] == ["t/w"] == [v.op.name for v in t.trainable_variables]
    assert one.op.name == "t/mul_1" and two.op.name == "t_1/mul_1"
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([one, two]) == [[2.0], [4.0]]
    other = tf.make_template("t", layer)
    other(1.0)
    assert other.variables[0].op.name == "t_1/w"
    assert tf.make_template("now", layer, create_scope_now_=True).variable_scope.name == "now"
    shared = tf.make_template("u", layer, unique_name_="t")
    shared(1.0)
    assert len(tf.global_variables()) == 2
    bad = tf.make_template("b", lambda: tf.Variable(1.0))
    bad()
    with pytest.raises(ValueError, match="Trainable variable created when calling a template"):
        bad()
    with pytest.raises(ValueError, match="name cannot be None"):
        tf.make_template(None, layer)
