# SPDX-License-Identifier: Apache-2.0
"""Derivatives of all orders through branches, loops and TensorArrays, against differences."""

import numpy as np
import pytest

import caudal as tf

loop = tf.while_loop


def _branches(x):
    pred = x[0] > 0.6
    return tf.cond(pred, lambda: tf.cond(pred, lambda: x**3, lambda: x), lambda: tf.exp(x)) * x


def _loop(x):
    return loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * y * x + tf.sin(x)), [0, x])[1]


def _branch_in_loop(x):
    def body(i, y):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(y) * x, lambda: y * y)

    return loop(lambda i, y: i < 4, body, [0, x])[1]


def _loop_in_branch(x):
    def taken():
        return loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * x), [0, x])[1]

    return tf.cond(x[0] > 0, taken, lambda: x)


def _loop_in_loop(x):
    def body(i, y):
        inner = loop(lambda j, z: j < 2, lambda j, z: (j + 1, tf.sin(z) * x + y), [0, y])
        return i + 1, inner[1]

    return loop(lambda i, y: i < 2, body, [0, x])[1]


def _gradients_in_loop(x):
    def body(i, y):
        return i + 1, tf.gradients(tf.sin(y) * x, y)[0]

    return loop(lambda i, y: i < 2, body, [0, x])[1]


def _array(x):
    a = tf.TensorArray(x.dtype, 2).unstack(x)
    a = a.read(0) * a.read(1)
    b = tf.TensorArray(x.dtype, 2, clear_after_read=False).write(0, a * a).write(1, tf.sin(a))
    return b.stack() * b.read(0)


FUNCTIONS = {
    "branches": _branches,
    "loop": _loop,
    "no iterations": lambda x: loop(lambda y: y[0] > 99, lambda y: y * y, [x * x]),
    "branch in loop": _branch_in_loop,
    "loop in branch": _loop_in_branch,
    "loop in loop": _loop_in_loop,
    "gradients in loop": _gradients_in_loop,
    "array": _array,
    "map": lambda x: tf.map_fn(lambda r: r**3 * x[0], x),
    "scan": lambda x: tf.scan(lambda a, r: a * r * tf.sin(a), x),
    "fold": lambda x: tf.foldr(lambda a, r: a * r * tf.sin(a), x),
}


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_three_derivatives(name):
    x = tf.placeholder(tf.float64, [2])
    direction, step = np.array([1.0, 2.0]), 1e-4
    orders = [tf.reduce_sum(FUNCTIONS[name](x))]
    for _ in range(3):
        orders.append(tf.reduce_sum(tf.gradients(orders[-1], x)[0] * direction))
    with tf.Session() as sess:
        for start in (np.array([0.5, 1.2]), np.array([0.7, -0.3])):
            got = sess.run(orders[1:], {x: start})
            up = sess.run(orders[:-1], {x: start + step * direction})
            down = sess.run(orders[:-1], {x: start - step * direction})
            slopes = (np.array(up) - np.array(down)) / (2 * step)
            np.testing.assert_allclose(got, slopes, rtol=1e-4, atol=1e-6)


def test_what_gradients_do_not_reach_is_none():
    x, c, z = tf.constant(2.0), tf.constant(3.0), tf.constant(4.0)
    _, y, w = loop(
        lambda i, y, w: i < 3,
        lambda i, y, w: (i + 1, y * 2.0 + tf.stop_gradient(c), w * y),
        [0, x, z],
    )
    assert [g is None for g in tf.gradients(y, [x, c, z])] == [False, True, True]
    assert [g is None for g in tf.gradients(w, [x, c, z])] == [False, True, False]
    pred = tf.placeholder_with_default(True, [])
    y = tf.cond(pred, lambda: x * 2.0, lambda: x + tf.stop_gradient(c))
    assert tf.gradients(y, c)[0] is None


def test_penalty_on_a_gradient_of_a_recurrent_network():
    x = tf.placeholder(tf.float64, [1, 3, 2])
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    y = tf.reduce_sum(tf.nn.dynamic_rnn(cell, x, dtype=tf.float64)[0])
    penalty = tf.reduce_sum(tf.gradients(y, x)[0] ** 2)
    slope = tf.reduce_sum(tf.gradients(penalty, x)[0])
    start, step = np.array([[[0.5, 1.2], [0.3, 0.2], [0.1, 0.7]]]), 1e-5
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        up, down = (sess.run(penalty, {x: start + s}) for s in (step, -step))
        got = sess.run(slope, {x: start})
        assert got == pytest.approx((up - down) / (2 * step), rel=1e-5)
        weights = tf.gradients(penalty, tf.trainable_variables())
        assert all(np.isfinite(v).all() for v in sess.run(weights, {x: start}))


def test_what_is_reached_through_stop_gradient_only_is_zero():
    x, y, z = tf.constant(3.0), tf.constant(2.0), tf.constant(1.0)
    _, end, _, _ = loop(
        lambda i, x, y, z: i < 2,
        lambda i, x, y, z: (i + 1, x * x + tf.stop_gradient(y), y * 2.0, z * 2.0),
        [0, x, y, z],
    )
    grads = tf.gradients(end, [x, y, z])
    assert grads[2] is None
    with tf.Session() as sess:
        assert sess.run(grads[:2]) == [2 * 3 * 2 * 11, 0]


def test_rows_that_a_branch_reads():
    v = tf.Variable(np.ones((4, 2), np.float32), use_resource=True)
    pred = tf.placeholder_with_default(True, [])
    y = tf.cond(pred, lambda: tf.reduce_sum(v.sparse_read([1, 1, 2])), lambda: 0.0)
    grad = tf.convert_to_tensor(tf.gradients(y, v)[0])
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(grad).tolist() == [[0, 0], [2, 2], [1, 1], [0, 0]]
        assert not sess.run(grad, {pred: False}).any()


def test_inputs_of_all_operations_around_a_gradient():
    x = tf.constant(2.0)
    end = loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * x), [0, x])[1]
    tf.gradients(end, x)
    for op in tf.get_default_graph().get_operations():
        assert all(t in t.op.outputs for t in op.inputs)


def test_only_what_the_result_needs_is_waited_for():
    unfed, one = tf.placeholder(tf.float32, []), tf.constant(1)

    def branch(use):
        with tf.control_dependencies([unfed]):
            waits = one + 1
        return waits if use else one + 2

    with tf.Session() as sess:
        assert sess.run(tf.cond(one > 0, lambda: branch(False), lambda: one)) == 3
        with pytest.raises(tf.errors.InvalidArgumentError, match="must feed a value"):
            sess.run(tf.cond(one > 0, lambda: branch(True), lambda: one))


def test_gradient_of_an_array_that_grows_after_a_split():
    x = tf.constant([1.0, 2.0, 3.0])
    array = tf.TensorArray(tf.float32, size=3, dynamic_size=True).split(x, [1, 1, 1])
    (grad,) = tf.gradients(array.write(3, [4.0]).concat(), x)
    counts = tf.TensorArray(tf.int32, size=1).grad("g").write(0, 2).write(0, 3).read(0)
    with tf.Session() as sess:
        assert sess.run(grad).tolist() == [1, 1, 1]
        assert sess.run(counts) == 5


def _rows(y, x):
    """The Jacobian, row by row."""
    count = y.shape[0].value
    return tf.map_fn(lambda i: tf.gradients(y[i], x)[0], tf.range(count), dtype=tf.float32)


def test_rows_of_a_jacobian_of_what_is_around_the_loop():
    x = tf.constant([1.0, 2.0, 3.0])
    kept = tf.nn.dropout(x, keep_prob=0.5)
    with tf.Session() as sess:
        got = sess.run(_rows(x * x * x[0], x))
        assert got.tolist() == [[3, 0, 0], [4, 4, 0], [9, 0, 6]]
        got = sess.run(_rows(tf.gradients(x**3, x)[0], x))
        np.testing.assert_allclose(got, np.diag([6, 12, 18]), rtol=1e-6)
        values, got = sess.run([kept, _rows(kept, x)])
        np.testing.assert_array_equal(got @ [1, 2, 3], values)  # the same units are kept
        got = sess.run(_rows(tf.gather(x, [2, 2]), x))
        assert got.tolist() == [[0, 0, 1], [0, 0, 1]]
        y = tf.square(x)
        pairs = tf.map_fn(lambda i: _rows(y * y[i], x), tf.range(3), dtype=tf.float32)
        want = [[[2 * a * b**2 * (k == i) + 2 * b * a**2 * (k == j) for k, _ in enumerate("xyz")]
                 for j, b in enumerate((1, 2, 3))] for i, a in enumerate((1, 2, 3))]  # fmt: skip
        np.testing.assert_allclose(sess.run(pairs), want)


@pytest.mark.parametrize("resource", [False, True])
def test_rows_of_a_jacobian_by_a_variable(resource):
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    y = tf.tanh(v * v[1])
    with tf.Session() as sess:
        sess.run(v.initializer)
        slope = 1 - np.tanh([2.0, 4.0]) ** 2
        want = [[2 * slope[0], slope[0]], [0, 4 * slope[1]]]
        np.testing.assert_allclose(sess.run(_rows(y, v)), want, rtol=1e-4)


def test_gradient_in_a_branch_by_ways_inside_and_around():
    x = tf.constant(3.0)
    around = x * x
    y = tf.cond(x > 0, lambda: tf.gradients(around * x + around, x)[0], lambda: 0.0)
    stopped = tf.stop_gradient(around)
    z = tf.cond(x > 0, lambda: tf.gradients(stopped * x, x)[0], lambda: 0.0)
    with tf.Session() as sess:
        assert sess.run([y, z]) == [33, 9]


def test_gradients_that_would_leave_a_loop():
    x = tf.placeholder(tf.float32, [], name="x")
    with pytest.raises(ValueError, match="inside while loop with respect to op 'x'.*initial"):
        loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.gradients(y * 2.0, x)[0]), [0, x + 1.0])
    end = loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, x])[1]
    with pytest.raises(NotImplementedError, match="cannot be made again inside"):
        tf.cond(x > 0, lambda: tf.gradients(end * x, x)[0], lambda: 0.0)


@pytest.mark.parametrize("resource", [False, True])
def test_optimizers_with_state_work_in_loops_and_branches(resource):
    def steps(run):
        with tf.Graph().as_default(), tf.Session() as sess:
            v = tf.Variable([1.0, 2.0], use_resource=resource)
            optimizer = tf.train.AdamOptimizer(0.1)

            def step():
                return optimizer.minimize(tf.reduce_sum(v * v))

            run(sess, step)
            names = [s.name for s in optimizer.variables()]
            return sess.run(v), names

    def plain(sess, step):
        train = step()
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(train)

    def looped(sess, step):
        def body(i):
            with tf.control_dependencies([step()]):
                return i + 1

        end = tf.while_loop(lambda i: i < 3, body, [0], parallel_iterations=1)
        sess.run(tf.global_variables_initializer())
        sess.run(end)

    def chosen(sess, step):
        pred = tf.placeholder(tf.bool, [])
        train = tf.cond(pred, step, tf.no_op)
        sess.run(tf.global_variables_initializer())
        for value in (True, False, True, True):
            sess.run(train, {pred: value})

    want, names = steps(plain)
    for run in (looped, chosen):
        got, others = steps(run)
        np.testing.assert_allclose(got, want, rtol=1e-6)
        assert len(others) == len(names) == 4
