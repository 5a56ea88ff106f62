# SPDX-License-Identifier: Apache-2.0
import collections

import numpy as np
import pytest

import caudal as tf

P = collections.namedtuple("P", ["a", "b"])
loop = tf.while_loop


def run(fetches, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feeds)


def test_group_tuple_and_order():
    v = tf.Variable(0.0)
    a, b = tf.assign_add(v, 1.0), tf.assign_add(v, 10.0)
    both = tf.group(a, b)
    assert both.type == "NoOp" and set(both.control_inputs) == {a.op, b.op}
    assert tf.group().type == "NoOp" and tf.group([a, (b,)], name="g").name == "g"
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(both) is None and sess.run(v) == 11
    x, none, y = tf.tuple([tf.constant(1), None, tf.constant(2)], control_inputs=[a])
    assert none is None and x.name == "tuple/control_dependency:0" and run([x, y]) == [1, 2]
    with pytest.raises(TypeError, match="tf.group"):
        tf.group(3)
    with pytest.raises(ValueError, match="at least one"):
        tf.tuple([])
    with pytest.raises(ValueError, match="Unknown keyword"):
        tf.group(a, foo=1)


@pytest.mark.parametrize("p", [True, False])
def test_cond_structures(p):
    pred, s = tf.placeholder(tf.bool, []), tf.placeholder(tf.int32, [])
    feed = {pred: p, s: 5}
    r = tf.cond(pred, lambda: s + 1, lambda: s * 2)
    assert r.name == "cond/Merge:0" and run(r, feed) == (6 if p else 10)
    one = tf.cond(pred, lambda: [s], lambda: [s + 1])
    assert isinstance(one, tf.Tensor)
    assert isinstance(tf.cond(pred, lambda: (s,), lambda: s), tf.Tensor)
    assert isinstance(tf.cond(pred, lambda: [s], lambda: [s], strict=True), list)
    nested = tf.cond(pred, lambda: P(s, {"k": [1, s]}), lambda: P(s, {"k": [2, s]}))
    assert run(nested, feed) == P(5, {"k": [1 if p else 2, 5]})
    done = tf.cond(pred, tf.no_op, tf.no_op)
    assert done.dtype is tf.bool and run(done, feed) == p
    inner = tf.cond(pred, lambda: tf.cond(s > 3, lambda: s, lambda: -s), lambda: tf.constant(0))
    assert run(inner, feed) == (5 if p else 0)


def test_cond_shapes_merge():
    pred = tf.placeholder(tf.bool, [])
    r = tf.cond(pred, lambda: tf.zeros([2, 3]), lambda: tf.zeros([2, 4]))
    assert r.shape.as_list() == [2, None]
    assert run(r, {pred: False}).shape == (2, 4)


def test_only_the_chosen_branch_writes():
    pred = tf.placeholder(tf.bool, [])
    v, w = tf.Variable(1.0), tf.Variable(1.0)
    r = tf.cond(pred, lambda: tf.assign(v, 5.0), lambda: tf.assign_add(w, 7.0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(r, {pred: False}) == 8 and sess.run([v, w]) == [1, 8]
        assert sess.run(r, {pred: True}) == 5 and sess.run([v, w]) == [5, 8]


def test_variables_made_in_branches_and_dependencies_on_outer_ops():
    pred = tf.placeholder(tf.bool, [])
    v = tf.Variable(0.0)
    outer = tf.assign_add(v, 1.0)

    def branch():
        with tf.control_dependencies([outer]):
            return tf.constant(2.0)

    r = tf.cond(pred, branch, lambda: tf.constant(3.0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(r, {pred: True}) == 2 and sess.run(v) == 1


@pytest.mark.parametrize("p, expected", [(True, 6.0), (False, 1.0)])
def test_cond_gradient(p, expected):
    pred = tf.placeholder(tf.bool, [])
    x, c = tf.constant(3.0), tf.constant(1.0)
    y = tf.cond(pred, lambda: x * x, lambda: x + c)
    assert run(tf.gradients(y, x)[0], {pred: p}) == expected


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda p, s: tf.cond(True, lambda: s, lambda: s), TypeError, "Python bool"),
        (lambda p, s: tf.cond(p, 1, lambda: s), TypeError, "true_fn must be callable"),
        (lambda p, s: tf.cond(p, lambda: s), TypeError, "false_fn argument required"),
        (lambda p, s: tf.cond(p, lambda: s, lambda: 1.5), ValueError, "must have the same type"),
        (lambda p, s: tf.cond(p, lambda: [s, s], lambda: s), ValueError, "nested structure"),
        (lambda p, s: tf.cond(p, lambda: {"a": s}, lambda: {"b": s}), ValueError, "set of keys"),
        (lambda p, s: tf.cond(p, lambda: None, lambda: s), ValueError, "return value"),
        (lambda p, s: tf.cond(p, lambda: [], lambda: []), ValueError, "at least one result"),
        (lambda p, s: tf.cond(s, lambda: s, lambda: s), TypeError, "expected type of bool"),
        (lambda p, s: tf.cond([p], lambda: s, lambda: s), ValueError, "Shape must be rank 0"),
        (lambda p, s: loop(1, lambda i: i, [s]), TypeError, "cond must be callable"),
        (lambda p, s: loop(lambda i: p, lambda i: i, []), ValueError, "No loop variables"),
        (lambda p, s: loop(lambda i: i, lambda i: i, [s]), TypeError, "type of bool"),
        (lambda p, s: loop(lambda i: [p], lambda i: i, [s]), ValueError, "rank 0"),
        (lambda p, s: loop(lambda i: p, lambda i: [i, i], [s]), ValueError, "nested structure"),
        (lambda p, s: loop(lambda i: p, lambda i: tf.to_float(i), [s]), TypeError, "float32"),
        (lambda p, s: loop(lambda i: p, lambda i: None, [s]), ValueError, "None"),
        (lambda p, s: loop(lambda i: p, lambda i: tf.stack([i, i]), [s]), ValueError,
         "shape_invariants"),
        (lambda p, s: loop(lambda i: p, lambda i: i, [s], shape_invariants=[tf.TensorShape([2])]),
         ValueError, "shape invariant specified"),
        (lambda p, s: loop(lambda i: p, lambda i: i, [s], parallel_iterations=0), TypeError,
         "positive integer"),
        (lambda p, s: tf.case([(True, lambda: s)]), TypeError, "pred must be a Tensor"),
        (lambda p, s: tf.case([(p, s)]), TypeError, "must be callable"),
        (lambda p, s: tf.case(3), TypeError, "list, tuple, or dict"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(tf.placeholder(tf.bool, []), tf.placeholder(tf.int32, []))


def test_while_loops():
    n = tf.placeholder(tf.int32, [])
    r = tf.while_loop(lambda i: i < n, lambda i: i + 1, [0])
    assert r.name == "while/Exit:0" and run(r, {n: 7}) == 7 and run(r, {n: -1}) == 0
    pair = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + i), [0, 0])
    assert isinstance(pair, tuple) and run(pair, {n: 5}) == (5, 10)
    assert run(tf.while_loop(lambda i: True, lambda i: i + 1, [0], maximum_iterations=3)) == 3
    same = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], return_same_structure=True)
    assert run(same) == [3]
    d = tf.while_loop(
        lambda i, d: i < 3, lambda i, d: (i + 1, {"a": d["a"] * 2.0}), [0, {"a": 1.0}]
    )
    assert run(d) == (3, {"a": 8.0})
    x = tf.placeholder(tf.float32, [None])
    grown = tf.while_loop(
        lambda i, t: i < 3, lambda i, t: (i + 1, tf.concat([t, x], 0)), [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])  # fmt: skip
    assert run(grown[1], {x: [1.0, 2.0]}).tolist() == [1, 2] * 4


def test_loops_nest_and_write_variables():
    v = tf.Variable(0.0)

    def body(i):
        with tf.control_dependencies([tf.assign_add(v, 2.0)]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 4, body, [0])
    inner = lambda i, a: tf.while_loop(lambda j, a: j < i, lambda j, a: (j + 1, a + 1), [0, a])[1]
    triangle = tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, inner(i, a)), [0, 0])
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(loop) == 4 and sess.run(v) == 8
        assert sess.run(triangle) == (5, 10)


def test_while_gradient():
    x = tf.constant(2.0)
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, 1.0])[1]
    assert run(tf.gradients(y, x)[0]) == 12
    stopped = tf.while_loop(
        lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, 1.0], back_prop=False
    )[1]
    assert tf.gradients(stopped, x) == [None]


def test_case():
    i = tf.placeholder(tf.int32, [])
    pairs = [(tf.equal(i, 0), lambda: 10), (tf.less(i, 2), lambda: 11)]
    r = tf.case(pairs, default=lambda: 12)
    assert [run(r, {i: k}) for k in (0, 1, 2)] == [10, 11, 12]
    assert run(tf.case(pairs), {i: 1}) == 11
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.case(pairs), {i: 2})
    exclusive = tf.case(pairs, default=lambda: 12, exclusive=True)
    assert run(exclusive, {i: 1}) == 11
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(exclusive, {i: 0})


def test_tensors_of_a_branch_do_not_leak():
    kept = []
    pred = tf.placeholder(tf.bool, [])
    tf.cond(pred, lambda: kept.append(tf.constant(1.0) + 1.0) or kept[0], lambda: tf.constant(1.0))
    with pytest.raises(ValueError, match="graph"):
        _ = kept[0] + tf.constant(1.0)
    with pytest.raises(ValueError, match="not an element of this graph"):
        tf.Session().run(kept[0])


def test_random_ops_and_placeholders_inside_loops():
    tf.set_random_seed(1)
    total = tf.while_loop(
        lambda i, s: i < 3, lambda i, s: (i + 1, s + tf.random_uniform([])), [0, 0.0]
    )
    got = run(total)[1]
    assert 0 < got < 3
    x = tf.placeholder(tf.float32, [None, 2])
    rows = tf.while_loop(
        lambda i, s: i < tf.shape(x)[0], lambda i, s: (i + 1, s + x[i, 1]), [0, 0.0]
    )[1]
    assert run(rows, {x: np.arange(6).reshape(3, 2)}) == 9


def test_gradients_inside_of_a_body():
    w = tf.Variable(3.0)
    inner = tf.while_loop(
        lambda i, a: i < 2,
        lambda i, a: (i + 1, a + tf.gradients(w * w * a, w)[0]),
        [0, 1.0],
    )[1]
    assert run(inner) == 49  # a grows by 2 * w * a
    descent = tf.while_loop(
        lambda i, a: i < 3, lambda i, a: (i + 1, a - 0.25 * tf.gradients(a * a, a)[0]), [0, 8.0]
    )[1]
    assert run(descent) == 1


def test_reads_that_wait_for_a_write_see_it():
    pred, v = tf.placeholder(tf.bool, []), tf.Variable(1.0)
    with tf.control_dependencies([tf.assign_add(v, 5.0)]):
        doubled = v * 2.0

    def branch():
        with tf.control_dependencies([tf.assign(v, 10.0)]):
            return v + 1.0

    r = tf.cond(pred, branch, lambda: v + 0.0)
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(doubled) == 12
        assert sess.run(r, {pred: True}) == 11 and sess.run(v) == 10


def test_custom_gradients_and_python_functions_inside_of_loops():
    @tf.custom_gradient
    def clipped(a):
        return tf.identity(a), lambda d: tf.clip_by_value(d, -1.0, 1.0)

    c = tf.constant(3.0)
    y = tf.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, clipped(a * c) * 2.0), [0, 1.0])[1]
    assert run(tf.gradients(y, c)[0]) == 7
    counted = tf.while_loop(
        lambda i: i < 3,
        lambda i: tf.reshape(tf.py_func(lambda k: np.int32(k + 1), [i], tf.int32), []),
        [0],
    )
    assert run(counted) == 3


def test_an_inner_tensor_is_refused_around_its_loop():
    kept = []

    def body(i):
        kept.append(i * 2)
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [0])
    with pytest.raises(ValueError, match="in a branch or a while loop"):
        _ = kept[0] + 1
    with pytest.raises(ValueError, match="in a branch or a while loop"):
        tf.identity(kept[0])
    with pytest.raises(ValueError, match="not fetchable"):
        tf.Session().run(kept[0])


def test_a_placeholder_of_a_branch_is_fed():
    fed = []

    def branch():
        fed.append(tf.placeholder(tf.float32, []))
        return fed[0] * 2.0

    y = tf.cond(tf.constant(True), branch, lambda: tf.constant(3.0))
    assert run(y, {fed[0]: 4.0}) == 8


def test_initial_values_made_from_variables():
    v = tf.Variable(2.0)
    u = tf.Variable(tf.stack([v * 2.0, 1.0]))
    with tf.Session() as sess:
        sess.run(u.initializer)
        assert sess.run(u).tolist() == [4, 1]
        sess.run([v.assign(5.0)])
        sess.run(u.initializer)
        assert sess.run(u).tolist() == [10, 1]


@pytest.mark.parametrize("use_resource", [False, True])
def test_training_in_a_body(use_resource):
    v = tf.get_variable("v", initializer=3.0, use_resource=use_resource)

    def body(i):
        with tf.control_dependencies([tf.train.GradientDescentOptimizer(0.1).minimize(v * v)]):
            return i + 1

    r = tf.while_loop(lambda i: i < 3, body, [0])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(r)
        assert sess.run(v) == pytest.approx(1.536)


def test_effects_that_no_result_needs_do_not_happen():
    v = tf.Variable(0)

    def body(i):
        tf.assign_add(v, 1)
        return i + 1

    r = tf.while_loop(lambda i: i < 4, body, [0])
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(r) == 4 and sess.run(v) == 0


@pytest.mark.parametrize(
    "functions, error, text",
    [
        (3, TypeError, "list, tuple, or dict"),
        ([], ValueError, "at least one item"),
        ({"a": lambda: 1}, TypeError, "key must be a Python `int`"),
        ({0: 3}, TypeError, "fn for key 0 must be callable"),
        ([(0, lambda: 1), (0, lambda: 2)], ValueError, "contiguous range"),
        ([(5, lambda: 1)], ValueError, "contiguous range"),
    ],
)
def test_errors_of_switch_case(functions, error, text):
    with pytest.raises(error, match=text):
        tf.switch_case(tf.constant(0), functions)


@pytest.mark.parametrize("resource", [False, True])
def test_a_body_that_makes_and_writes_variables(resource):
    """That the variables are written is known only when they have been read."""

    def body(i, total):
        with tf.variable_scope("s", use_resource=resource):
            v = tf.get_variable("v", [], initializer=tf.ones_initializer())
            w = tf.get_variable("w", [], initializer=tf.ones_initializer())
        unnamed = [tf.Variable(lambda k=k: float(k), use_resource=resource) for k in (10, 20)]
        double = v * 2.0 + w + unnamed[0] + unnamed[1]
        tf.add_to_collection("doubles", double)
        with tf.control_dependencies([double]):
            changed = [v.assign_add(1.0), unnamed[1].assign_sub(1.0)]
        with tf.control_dependencies(changed):
            return i + 1, total + double

    end = tf.while_loop(lambda i, t: i < 3, body, [0, 0.0], parallel_iterations=1)
    names = [v.name for v in tf.global_variables()]
    assert len(names) == 4 and names[:2] == ["s/v:0", "s/w:0"]
    assert len(tf.get_collection("doubles")) == 1
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(end) == (3, 33 + 34 + 35)


def test_streams_of_metrics_and_moving_averages_in_a_loop():
    def body(i, last):
        mean = tf.metrics.mean(tf.cast(i, tf.float32))[1]
        y = tf.layers.batch_normalization(tf.ones([2, 2]), training=True, name="bn", momentum=0.5)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            return i + 1, mean + tf.reduce_sum(y)

    end = tf.while_loop(lambda i, t: i < 4, body, [0, 0.0], parallel_iterations=1)
    assert len(tf.local_variables()) == 2 and len(tf.global_variables()) == 4
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        assert sess.run(end)[1] == 1.5
        moving = [v for v in tf.global_variables() if v.op.name.endswith("moving_mean")]
        np.testing.assert_allclose(sess.run(moving[0]), 1 - 0.5**4)


def test_names_around_a_branch_are_found_inside():
    tf.constant(3.0, name="around")

    def branch():
        graph = tf.get_default_graph()
        with pytest.raises(KeyError):
            graph.get_tensor_by_name("nowhere:0")
        return graph.get_tensor_by_name("around:0") + 1.0

    y = tf.cond(tf.placeholder_with_default(True, []), branch, lambda: 0.0)
    with tf.Session() as sess:
        assert sess.run(y) == 4
