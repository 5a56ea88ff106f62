# SPDX-License-Identifier: Apache-2.0
"""Variables: their nodes, values, assignments and lists."""

import numpy as np
import pytest

import caudal as tf


def _nodes(graph):
    return {op.name: op.type for op in graph.get_operations()}


def test_three_nodes_and_an_initial_value():
    with tf.Graph().as_default() as graph:
        v = tf.Variable([1.0, 2.0], name="v")
        assert list(_nodes(graph).items()) == [
            ("v/initial_value", "Const"),
            ("v", "VariableV2"),
            ("v/Assign", "Assign"),
            ("v/read", "Identity"),
        ]
        assert v.op.name == "v" and v.name == "v:0" and v.initializer.name == "v/Assign"
        assert v.value().op.name == "v/read" and v.initial_value.op.name == "v/initial_value"
        assert v.dtype.base_dtype == tf.float32 and v.shape.as_list() == [2]
        assert repr(v) == "<tf.Variable 'v:0' shape=(2,) dtype=float32_ref>"
        assert v.graph is graph
        assign = v.initializer
        assert assign.get_attr("use_locking") is True
        assert assign.get_attr("validate_shape") is True
        assert v.value().op.get_attr("_class") == [b"loc:@v"]
        w = tf.Variable(tf.constant([1.0], name="c"), name="v")
        assert w.op.name == "v_1"
        assert [n for n in _nodes(graph)][-4:] == ["c", "v_1", "v_1/Assign", "v_1/read"]


def test_initial_value_from_a_function():
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        v = tf.Variable(lambda: tf.zeros([2]), name="lam")
        w = tf.Variable(lambda: 3, name="typed", dtype=tf.float64)
        assert "lam/Initializer/zeros" in _nodes(graph)
        assert "typed/Initializer/initial_value" in _nodes(graph)
        assert v.op.get_attr("_class") == [b"loc:@lam"]
        assert v.initial_value.op.get_attr("_class") == [b"loc:@lam"]
        sess.run(tf.global_variables_initializer())
        assert sess.run(w) == 3.0 and w.dtype.base_dtype == tf.float64


@pytest.mark.parametrize(
    "value,dtype",
    [
        (5, "int32"),
        (5.5, "float32"),
        (True, "bool"),
        (np.float64(2), "float64"),
        (np.arange(3, dtype=np.int64), "int64"),
        (np.zeros((0, 2), np.float32), "float32"),
        (np.array([1, 2], np.uint8), "uint8"),
    ],
)
def test_values_and_types(value, dtype):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(value)
        assert v.dtype.base_dtype.name == dtype
        sess.run(v.initializer)
        got = sess.run(v)
        assert got.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(got, value)


def test_string_variable():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(["a", "bc"])
        sess.run(v.initializer)
        assert sess.run(v).tolist() == [b"a", b"bc"]
        assert sess.run(v.assign(["x", "y"])).tolist() == [b"x", b"y"]


def test_assignments():
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        v = tf.Variable([1.0, 2.0], name="v")
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(v.assign([3.0, 4.0])), [3, 4])
        np.testing.assert_array_equal(sess.run(v.assign_add([1.0, 1.0])), [4, 5])
        np.testing.assert_array_equal(sess.run(v.assign_sub([0.5, 0.5])), [3.5, 4.5])
        np.testing.assert_array_equal(v.eval(sess), [3.5, 4.5])
        op = v.assign([0.0, 0.0], read_value=False)
        assert op.type == "Assign" and sess.run(op) is None
        v.load([7.0, 8.0], sess)
        with sess.as_default():
            np.testing.assert_array_equal(v.eval(), [7, 8])
        assert "Assign/value" in _nodes(graph)
        with pytest.raises(ValueError, match="Dimension|shape"):
            v.assign([1.0, 2.0, 3.0])
        with pytest.raises(TypeError):
            v.assign(tf.constant([1, 2]))
        with pytest.raises(ValueError):
            v.load([1.0, 2.0, 3.0], sess)


def test_scatter_methods():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(np.zeros((3, 2), np.float32))
        sess.run(v.initializer)
        delta = tf.IndexedSlices(tf.ones([3, 2]), tf.constant([0, 2, 2]))
        np.testing.assert_array_equal(sess.run(v.scatter_add(delta)), [[1, 1], [0, 0], [2, 2]])
        np.testing.assert_array_equal(sess.run(v.scatter_sub(delta)), np.zeros((3, 2)))
        one = tf.IndexedSlices(tf.fill([1, 2], 5.0), tf.constant([1]))
        np.testing.assert_array_equal(sess.run(v.scatter_update(one))[1], [5, 5])
        np.testing.assert_array_equal(sess.run(v.scatter_mul(one))[1], [25, 25])
        np.testing.assert_array_equal(sess.run(v.scatter_div(one))[1], [5, 5])
        np.testing.assert_array_equal(sess.run(v.scatter_max(one))[1], [5, 5])
        np.testing.assert_array_equal(sess.run(v.scatter_nd_update([[0, 1]], [9.0]))[0], [0, 9])
        np.testing.assert_array_equal(sess.run(v.scatter_nd_add([[0, 1]], [1.0]))[0], [0, 10])
        with pytest.raises(TypeError, match="is not IndexedSlices"):
            v.scatter_add(3)


def test_count_up_to():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(0)
        sess.run(v.initializer)
        step = v.count_up_to(2)
        assert [sess.run(step), sess.run(step)] == [0, 1]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            sess.run(step)


def test_operators_read_the_value():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        n = tf.Variable([5, 7])
        a = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
        sess.run(tf.global_variables_initializer())
        pairs = [
            (v + 1.0, a + 1),
            (1.0 - v, 1 - a),
            (v * v, a * a),
            (2.0 / v, 2 / a),
            (v**2.0, a**2),
            (-v, -a),
            (abs(-v), a),
            (v @ v, a @ a),
            (v < 2.5, a < 2.5),
            (v >= 2.0, a >= 2),
            (a * v, a * a),
            (np.float32(2) + v, a + 2),
            (n // 2, [2, 3]),
            (n % 2, [1, 1]),
            (v[0], a[0]),
            (v[:, 1], a[:, 1]),
            (v[..., tf.newaxis], a[..., None]),
        ]
        for got, want in pairs:
            assert isinstance(got, tf.Tensor)
            np.testing.assert_allclose(sess.run(got), want, rtol=1e-6)
        assert (v == v) is True and hash(v) == hash(v) and v in [n, v] and bool(v)
        assert {v: 1}[v] == 1
        with pytest.raises(TypeError, match="'Variable' object is not iterable"):
            list(v)


def test_reads_and_conversions():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([1.0, 2.0], name="v")
        sess.run(v.initializer)
        assert tf.convert_to_tensor(v) is v.value()
        assert v.read_value().op.name == "read"
        with pytest.raises(
            ValueError,
            match="Incompatible type conversion requested to type "
            "'int32' for variable of type 'float32_ref'",
        ):
            tf.convert_to_tensor(v, tf.int32)
        np.testing.assert_array_equal(sess.run(v + 1.0, {v.value(): [9.0, 9.0]}), [10, 10])
        np.testing.assert_array_equal(sess.run(v, {v: [9.0, 9.0]}), [9, 9])
        write = v.assign([5.0, 6.0])
        with tf.control_dependencies([write]):
            after = v.read_value()
        np.testing.assert_array_equal(sess.run(after), [5, 6])


def test_uses_after_control_dependencies_see_the_writes():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0, name="v")
        before = v * 10.0
        with tf.control_dependencies([v.assign_add(1.0)]):
            after = v * 10.0
            same = tf.identity(v)
            branch = tf.cond(tf.constant(True), lambda: v + 0.0, lambda: 0.0)
        outside = v * 10.0
        assert outside.op.inputs[0] is v.value() is before.op.inputs[0]
        assert after.op.inputs[0].op.name == "v/read_1" == same.op.inputs[0].op.name
        sess.run(v.initializer)
        assert sess.run([after, same, branch]) == [20.0, 2.0, 2.0]
        assert sess.run(outside) == 20.0
        (grad,) = tf.gradients(after + before, [v])
        assert sess.run(grad) == 20.0


def test_initialized_value():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(2.0)
        value = v.initialized_value()
        assert sess.run(value) == 2.0
        sess.run(v.initializer)
        sess.run(v.assign(5.0))
        assert sess.run(value) == 5.0


def test_variables_from_other_variables():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(2.0)
        w = tf.Variable(v.initialized_value() * 2.0)
        u = tf.Variable(v * 3.0)
        sess.run(tf.global_variables_initializer())
        assert sess.run([v, w, u]) == [2.0, 4.0, 6.0]


def test_unknown_shapes():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32)
        with pytest.raises(ValueError, match="initial_value must have a shape specified"):
            tf.Variable(x)
        v = tf.Variable(x, validate_shape=False)
        assert v.shape.ndims is None
        sess.run(v.initializer, {x: [[1.0, 2.0]]})
        np.testing.assert_array_equal(sess.run(v), [[1, 2]])
        grow = tf.assign(v, [1.0, 2.0, 3.0], validate_shape=False)
        np.testing.assert_array_equal(sess.run(grow), [1, 2, 3])
        np.testing.assert_array_equal(sess.run(v), [1, 2, 3])


def test_collections():
    with tf.Graph().as_default():
        a = tf.Variable(1.0, name="a")
        b = tf.Variable(1.0, name="b", trainable=False)
        c = tf.Variable(1.0, name="c", collections=["mine"])
        d = tf.Variable(1.0, name="d", trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES])
        assert tf.global_variables() == [a, b] == tf.all_variables()
        assert tf.trainable_variables() == [a, c]
        assert tf.local_variables() == [d] and tf.get_collection("mine") == [c]
        assert tf.trainable_variables("c") == [c] and tf.model_variables() == []
        assert (a.trainable, b.trainable) == (True, False)
        assert tf.global_variables_initializer().name == "init"
        assert [i.name for i in tf.global_variables_initializer().control_inputs] == [
            "a/Assign",
            "b/Assign",
        ]
        assert tf.variables_initializer([c], name="vi").name == "vi"
        assert tf.variables_initializer([]).type == "NoOp"
        with pytest.raises(ValueError, match="must be a list, tuple, or set. Got x of type"):
            tf.Variable(1.0, collections="x")


def test_uninitialized():
    with tf.Graph().as_default(), tf.Session() as sess:
        v, w = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="w")
        report = tf.report_uninitialized_variables()
        check = tf.assert_variables_initialized()
        known = tf.is_variable_initialized(v)
        with pytest.raises(
            tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value v"
        ):
            sess.run(v)
        assert sess.run(report).tolist() == [b"v", b"w"] and not sess.run(known)
        sess.run(v.initializer)
        assert sess.run(report).tolist() == [b"w"] and sess.run(known)
        with pytest.raises(tf.errors.FailedPreconditionError):
            sess.run(check)
        sess.run(w.initializer)
        assert sess.run(report).tolist() == []
        sess.run(check)
        assert sess.run(tf.report_uninitialized_variables([])).tolist() == []


def test_errors():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="initial_value must be specified"):
            tf.Variable()
        with pytest.raises(ValueError, match="`constraint` argument must be a callable"):
            tf.Variable(1.0, constraint=3)
        with pytest.raises(TypeError):
            tf.Variable(1.0, dtype=tf.int32)


def test_sessions_have_their_own_values():
    with tf.Graph().as_default():
        v = tf.Variable(1.0)
        one, two = tf.Session(), tf.Session()
        one.run(v.initializer)
        two.run(v.initializer)
        one.run(v.assign(5.0))
        assert (one.run(v), two.run(v)) == (5.0, 1.0)


def test_made_outside_of_control_dependencies_and_branches():
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        p = tf.placeholder(tf.bool, [])
        wait = tf.no_op()
        with tf.control_dependencies([wait]):
            v = tf.Variable(3.0, name="v")
        assert v.initializer.control_inputs == [] and v.initial_value.op.control_inputs == []

        def branch():
            u = tf.get_variable("u", [], initializer=tf.ones_initializer())
            return u + 1.0

        y = tf.cond(p, branch, lambda: tf.constant(0.0))
        assert [x.op.name for x in tf.global_variables()] == ["v", "u"]
        assert tf.global_variables()[1].graph is graph
        sess.run(tf.global_variables_initializer())
        assert sess.run(y, {p: True}) == 2.0 and sess.run(y, {p: False}) == 0.0


def test_initial_value_from_inside_of_a_branch():
    with tf.Graph().as_default():

        def branch():
            with pytest.raises(ValueError, match="is from inside a control-flow construct"):
                tf.Variable(tf.ones([2]))
            return tf.Variable(lambda: tf.ones([2])) + 0.0

        tf.cond(tf.constant(True), branch, lambda: tf.zeros([2]))


def test_creator_scope():
    seen = []

    def creator(next_creator, **kwargs):
        seen.append(sorted(kwargs))
        kwargs["name"] = "made"
        return next_creator(**kwargs)

    with tf.Graph().as_default():
        with tf.variable_creator_scope(creator):
            v = tf.Variable(1.0)
        assert v.op.name == "made" and tf.Variable(1.0).op.name == "Variable"
    assert seen == [
        [
            "aggregation",
            "caching_device",
            "collections",
            "constraint",
            "dtype",
            "expected_shape",
            "import_scope",
            "initial_value",
            "name",
            "shape",
            "synchronization",
            "trainable",
            "use_resource",
            "validate_shape",
            "variable_def",
        ]
    ]
