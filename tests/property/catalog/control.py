# SPDX-License-Identifier: Apache-2.0
"""Control flow: results and gradients of branches and loops, and what their gradients stand on."""

import numpy as np
import pytest

from caudal.framework.op_factory import apply
from property.catalog import control

_REAL = "float32 float64"


def _close(got, want, dtype):
    tolerance = 1e-5 if dtype == "float32" else 1e-11
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def _branches(tf, x, pred):
    """x * x * x or sin(x) + 2 x, by way of an If."""
    scale = tf.constant(2.0, x.dtype)
    return tf.cond(pred, lambda: x * x * x, lambda: tf.sin(x) + scale * x)


def _if(tf, session, dtype):
    x = tf.placeholder(dtype, [None])
    pred = tf.placeholder(tf.bool, [])
    y = _branches(tf, x, pred)
    grad = tf.gradients(y, x)[0]
    value = np.array([0.5, -1.5, 3.0], dtype)
    with session() as sess:
        for taken, want, slope in (
            (True, value**3, 3 * value**2),
            (False, np.sin(value) + 2 * value, np.cos(value) + 2),
        ):
            got = sess.run([y, grad], {x: value, pred: taken})
            _close(got[0], want, dtype)
            _close(got[1], slope, dtype)
        empty = sess.run([y, grad], {x: value[:0], pred: True})
        assert [e.shape for e in empty] == [(0,), (0,)]


def _subgraph(inputs, build, name):
    """A subgraph over placeholders of (dtype number, shape); `build(graph, keys)` gives outputs."""
    from caudal import _core

    made = _core.Subgraph(name)
    keys = [
        made.graph.add("Placeholder", "x", [], {"dtype": d, "shape": s}) << 16 for d, s in inputs
    ]
    made.set_inputs(keys)
    made.set_outputs(build(made.graph, keys))
    return made


def _stateless_if(tf, session, dtype):
    number = tf.as_dtype(dtype).as_datatype_enum
    x = tf.placeholder(dtype, [2])
    pred = tf.placeholder(tf.bool, [])

    def branch(op):
        return _subgraph([(number, (2,))], lambda g, k: [g.add(op, op, k) << 16], op)

    y = apply(
        "StatelessIf", pred, [x], Tout=[tf.as_dtype(dtype)],
        then_branch=branch("Square"), else_branch=branch("Neg"), output_shapes=[],
    )  # fmt: skip
    y = y[0] if isinstance(y, (list, tuple)) else y
    grad = tf.gradients(y, x)[0]
    value = np.array([1.5, -2.0], dtype)
    with session() as sess:
        for taken, want, slope in ((True, value**2, 2 * value), (False, -value, -np.ones(2))):
            got = sess.run([y, grad], {x: value, pred: taken})
            _close(got[0], want, dtype)
            _close(got[1], slope, dtype)


def _power(tf, x, n):
    """x ** n by a loop over n."""
    return tf.while_loop(
        lambda i, p: i < n, lambda i, p: (i + 1, p * x), [tf.constant(0), tf.ones_like(x)]
    )[1]


def _while(tf, session, dtype):
    x = tf.placeholder(dtype, [None])
    n = tf.placeholder(tf.int32, [])
    y = _power(tf, x, n)
    grad = tf.gradients(y, x)[0]
    value = np.array([0.5, -1.25, 2.0], dtype)
    with session() as sess:
        for times in (0, 1, 5):
            got = sess.run([y, grad], {x: value, n: times})
            _close(got[0], value**times, dtype)
            _close(got[1], times * value ** max(times - 1, 0), dtype)


def _stateless_while(tf, session, dtype):
    number = tf.as_dtype(dtype).as_datatype_enum
    x = tf.placeholder(dtype, [2])

    def sum_below(g, keys):
        total = g.add("Sum", "s", [keys[0], axes(g)], {"keep_dims": False}) << 16
        limit = g.add("Const", "l", [], {"dtype": number, "value": np.array(100, dtype)}) << 16
        return [g.add("Less", "c", [total, limit]) << 16]

    def axes(g):
        return g.add("Const", "a", [], {"dtype": 3, "value": np.array([0], np.int32)}) << 16

    shapes = [(number, (2,))]
    y = apply(
        "StatelessWhile", [x], cond=_subgraph(shapes, sum_below, "cond"),
        body=_subgraph(shapes, lambda g, k: [g.add("AddV2", "d", [k[0], k[0]]) << 16], "body"),
        output_shapes=[], parallel_iterations=10,
    )  # fmt: skip
    y = y[0] if isinstance(y, (list, tuple)) else y
    grad = tf.gradients(y, x)[0]
    with session() as sess:
        got = sess.run([y, grad], {x: np.array([1, 3], dtype)})
        _close(got[0], [32, 96], dtype)
        _close(got[1], [32, 32], dtype)


def _tape(tf, session, dtype):
    """Loops in branches and branches in loops: every intermediate comes back from a tape."""
    x = tf.placeholder(dtype, [])

    def body(i, a):
        bent = tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(a), lambda: _power(tf, a, 3))
        return i + 1, bent * x

    y = tf.while_loop(lambda i, a: i < 4, body, [tf.constant(0), x + 1])[1]
    grad = tf.gradients(y, x)[0]

    def f(v):
        a = v + 1
        for i in range(4):
            a = (np.sin(a) if i % 2 == 0 else a**3) * v
        return a

    with session() as sess:
        for v in (0.7, 1.1):
            got = sess.run([y, grad], {x: v})
            slope = (f(v + 1e-6) - f(v - 1e-6)) / 2e-6
            np.testing.assert_allclose(got, [f(v), slope], rtol=1e-4)
    kinds = {op.type for op in tf.get_default_graph().get_operations()}
    assert "TapeSize" in kinds


def _captured_ref(tf, session, dtype):
    """A variable written inside of a branch and of a loop."""
    v = tf.Variable(np.array(1, dtype))
    pred = tf.placeholder(tf.bool, [])
    once = tf.cond(pred, lambda: tf.assign_add(v, np.array(2, dtype)), lambda: tf.identity(v))

    def body(i):
        with tf.control_dependencies([tf.assign_add(v, np.array(1, dtype))]):
            return tf.identity(i) + 1

    loop = tf.while_loop(lambda i: i < 3, body, [tf.constant(0)])
    with session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(once, {pred: False})
        assert sess.run(v) == 1
        sess.run(once, {pred: True})
        assert sess.run(v) == 3
        assert sess.run(loop) == 3
        assert sess.run(v) == 6


def _second_order(tf, session, dtype):
    """The second derivative of a loop around a branch goes through gradients of tapes."""
    x = tf.placeholder(dtype, [])

    def body(i, a):
        return i + 1, tf.cond(a > 1, lambda: tf.sin(a) * x, lambda: _power(tf, a, 3))

    y = tf.while_loop(lambda i, a: i < 3, body, [tf.constant(0), x + 1])[1]
    first = tf.gradients(y, x)[0]
    second = tf.gradients(first, x)[0]
    with session() as sess:
        for v in (0.3, 0.8):
            up, down = (sess.run(first, {x: v + s}) for s in (1e-3, -1e-3))
            got = sess.run(second, {x: v})
            np.testing.assert_allclose(got, (up - down) / 2e-3, rtol=2e-2, atol=2e-2)


def _abort(tf, session, dtype):
    with session() as sess:
        with pytest.raises(tf.errors.AbortedError, match="enough"):
            sess.run(tf.raw_ops.Abort(error_msg="enough"))


def _control_trigger(tf, session, dtype):
    with tf.control_dependencies([tf.raw_ops.ControlTrigger()]):
        after = tf.constant(1, dtype)
    with session() as sess:
        assert sess.run(after) == 1


def _no_op(tf, session, dtype):
    v = tf.Variable(np.array(0, dtype))
    both = tf.group(tf.assign_add(v, np.array(1, dtype)), tf.no_op())
    with session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(both) is None
        assert sess.run(v) == 1


control("If", _if, _REAL, checks_gradient=True)
control("StatelessIf", _stateless_if, _REAL, checks_gradient=True)
control("While", _while, _REAL, checks_gradient=True)
control("StatelessWhile", _stateless_while, _REAL, checks_gradient=True)
control("TapeRead", _tape, _REAL, checks_gradient=True)
control("TapeSize", _tape, _REAL)
control("CapturedRef", _captured_ref, "float32 int32")
control("NoOp", _no_op, "float32")
for _op in ("TapeEntry", "TapeEntryRead", "TapeSum"):
    control(_op, _second_order, _REAL, checks_gradient=True)
control("TapeEmpty", _second_order, _REAL)
control("Abort", _abort, "float32")
control("ControlTrigger", _control_trigger, "float32")
