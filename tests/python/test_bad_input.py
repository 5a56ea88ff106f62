# SPDX-License-Identifier: Apache-2.0
"""Bad input: the exception class of TensorFlow 1, words that help, the user's own line."""

import re

import numpy as np
import pytest

import caudal as tf

E = tf.errors
INVALID = E.InvalidArgumentError

# While the graph is built: (code, exception class, fragments of its text).
BUILDING = [
    ("tf.matmul(tf.ones([2, 3]), tf.ones([4, 2]))", ValueError, "3 and 4|'MatMul'|[2,3], [4,2]"),
    ("tf.matmul(tf.ones([3]), tf.ones([3, 2]))", ValueError, "rank 2 but is rank 1"),
    ("tf.ones([2, 3]) + tf.ones([4])", ValueError, "3 and 4|[2,3], [4]"),
    ("tf.constant(1) + 1.5", TypeError, "AddV2|float32|int32"),
    ("tf.sqrt(tf.constant([1]))", TypeError, "Sqrt|int32"),
    ("tf.reduce_sum(tf.ones([2, 3]), 2)", ValueError, "reduction dimension 2"),
    ("tf.placeholder(tf.float32, [-1, 2])", ValueError, "Dimension -1 must be >= 0"),
    ("tf.placeholder(tf.float32, [2.5])", ValueError, "2.5"),
    ("tf.placeholder('foo')", TypeError, "foo"),
    ("tf.constant(1.0, name='%bad')", ValueError, "%bad"),
    ("tf.zeros([-1])", ValueError, "must be >= 0|'zeros'"),
    ("tf.fill([-3], 1.0)", ValueError, "must be >= 0"),
    ("tf.range(0, 5, 0)", ValueError, "delta"),
    ("tf.reshape(tf.ones([6]), [4])", ValueError, "6 elements|[4]"),
    ("tf.reshape(tf.ones([6]), [2.0, 3.0])", TypeError, "shape|float32"),
    ("tf.pad(tf.ones([2]), [[-1, 0]])", ValueError, "non-negative"),
    ("tf.split(tf.ones([7]), 3)", ValueError, "divisible by 3 but is 7"),
    ("tf.concat([tf.ones([2]), tf.ones([2, 2])], 0)", ValueError, "rank 1 but is rank 2"),
    ("tf.concat([tf.ones([2]), tf.ones([2], tf.int32)], 0)", TypeError, "float32, int32"),
    ("tf.nn.conv2d(IMAGE, FILTER, [1, 0, 0, 1], 'SAME')", ValueError, "Stride must be > 0"),
    ("tf.nn.conv2d(IMAGE, tf.ones([5, 5, 1, 1]), [1] * 4, 'VALID')", ValueError, "5 from 4"),
    ("tf.nn.conv2d(IMAGE, FILTER, [1] * 4, 'FULL')", ValueError, "padding|FULL"),
    ("tf.nn.max_pool(IMAGE, [1, 5, 5, 1], [1] * 4, 'VALID')", ValueError, "5 from 4"),
    ("tf.nn.softmax(tf.ones([2]), 3)", INVALID, "(3)|[-1, 1)"),
    ("tf.one_hot([1.5], 3)", TypeError, "indices|float32"),
    ("tf.nn.softmax_cross_entropy_with_logits(tf.ones([2]), tf.ones([2]))", ValueError, "named"),
    ("tf.ensure_shape(tf.ones([2]), [3])", ValueError, "3 and 2"),
    ("tf.constant([[1.0], [1.0, 2.0]])", ValueError, "dense"),
    ("tf.constant(1.5, tf.int32)", TypeError, "Expected int32, got 1.5"),
    ("tf.convert_to_tensor(None)", ValueError, "None values not supported"),
    ("tf.add(foreign(), tf.constant(1.0))", ValueError, "same graph"),
    ("tf.while_loop(lambda i: i < 3, lambda i: (i, i), [tf.constant(0)])", ValueError, ""),
    ("recurse(0)", RecursionError, ""),
    ("tf.cond(PRED, lambda: tf.constant(1), lambda: tf.constant(1.0))", ValueError, "same type"),
    ("bool(tf.constant(1.0))", TypeError, "tf.Tensor"),
    ("tf.get_default_graph().finalize() or tf.constant(1.0)", RuntimeError, "finalized"),
    ("tf.train.AdamOptimizer().minimize(tf.constant(1.0))", ValueError, "No gradients"),
    ("tf.Variable(tf.placeholder(tf.float32))", ValueError, "shape"),
    ("tf.constant(1.0).eval()", ValueError, "No default session"),
    ("tf.mul", AttributeError, "tf.mul was renamed tf.multiply in TensorFlow 1.0"),
    ("tf.train.MonitoredSession", AttributeError, "tf.train.MonitoredSession yet"),
    ("tf.nonsense", AttributeError, "no attribute 'nonsense'"),
]

# While it runs: (fetch, value of the placeholder X, exception class, fragments).
RUNNING = [
    ("tf.square(X, name='s')", None, INVALID, "must feed a value|'x'"),
    ("X * tf.ones([2, 3])", np.ones(4), INVALID, "(op: Mul)|[2,3]"),
    ("tf.matmul(X, tf.ones([2, 3]))", np.ones([4, 3]), INVALID, "3 and 2"),
    ("tf.reshape(X, [4])", np.ones(6), INVALID, "6 values|has 4"),
    ("tf.ensure_shape(X, [2, None])", np.ones(2), INVALID, "[2]|[2,?]"),
    ("tf.check_numerics(tf.log(X), 'oops')", -1.0, INVALID, "oops|NaN"),
    ("tf.verify_tensor_all_finite(1 / X, 'oops')", 0.0, INVALID, "oops"),
    ("tf.Assert(X > 5, ['what', X])", 1.0, INVALID, "assertion failed|what"),
    ("tf.constant([4]) // I", [0], INVALID, "division by zero"),
    ("tf.gather([1.0, 2.0], I)", [5], INVALID, "indices[0] = 5 is not in [0, 2)"),
    ("tf.gather_nd(tf.ones([2, 2]), I)", [[0, 7]], INVALID, "[0, 7]"),
    ("tf.scatter_nd(I, [1.0], [3])", [[4]], INVALID, "4"),
    ("tf.nn.embedding_lookup(tf.ones([3, 2]), I)", [7], INVALID, "indices[0] = 7"),
    ("tf.one_hot([1], I)", -2, INVALID, "-2"),
    ("tf.zeros(I)", [-1], INVALID, "must be >= 0"),
    ("tf.tile(tf.ones([2]), I)", [-1], INVALID, "multiples[0] >= 0, but got -1"),
    ("tf.fill(L, 1.0)", [2**40, 2**40], INVALID, ""),
    ("tf.exp(tf.fill(L, 1.0))[0]", [2**45], E.ResourceExhaustedError, ""),
    ("tf.reduce_sum(tf.range(L))", 2**62, E.ResourceExhaustedError, "shape[4611686018427387904]"),
    ("tf.exp(tf.tile(tf.ones([4]), L))[0]", [2**60], E.ResourceExhaustedError, "OOM"),
    ("tf.split(X, 3)", np.ones(7), INVALID, "size = 7"),
    ("tf.segment_sum(tf.ones([3]), I)", [0, 2, 1], INVALID, "not increasing"),
    (
        "tf.while_loop(lambda i: i < 3, lambda i: i + 1 // tf.reshape(I, []), [0])",
        0,
        INVALID,
        "division by zero",
    ),
    ("tf.cond(X > 0, lambda: tf.gather([1], I), lambda: [1])", ([4], 1.0), INVALID, "= 4 is not"),
    ("tf.py_func(fails, [X], tf.float32)", 1.0, E.UnknownError, "inside of mine"),
    ("tf.py_func(lambda x: x.astype(int), [X], tf.float32)", 1.0, INVALID, "int64"),
    ("late + 1", 1.0, E.FailedPreconditionError, "uninitialized value late"),
    ("tf.scatter_add(late, [0], [1.0])", 1.0, E.FailedPreconditionError, "value late"),
    ("on('/gpu:0')", 1.0, INVALID, "/device:GPU:0|available devices"),
    ("on('/job:ps/task:3')", 1.0, INVALID, "/job:ps/task:3|available devices"),
]

# Fetches and feeds: (code, exception class, fragments).
CALLING = [
    ("SESS.run(None)", TypeError, "None"),
    ("SESS.run([X, 3])", TypeError, "3"),
    ("SESS.run('nothing:0')", ValueError, "nothing:0"),
    ("SESS.run(foreign())", ValueError, "not an element of this graph"),
    ("SESS.run(X, {'nothing:0': 1})", TypeError, "nothing:0"),
    ("SESS.run(X, {foreign(): 1})", TypeError, "not an element of this graph"),
    ("SESS.run(X, {X: 'a'})", ValueError, "a"),
    ("SESS.run(X, {X: object()})", TypeError, "object"),
    ("SESS.run(X, {X: [[1.0], [1.0, 2.0]]})", ValueError, "sequence"),
    ("SESS.run(X, {X: tf.constant(1.0)})", TypeError, "tf.Tensor"),
    ("SESS.run(I, {I: 2**40})", TypeError, "int32"),
    ("SESS.run(P2, {P2: np.ones([3, 2])})", ValueError, "(3, 2)|(2, 3)"),
    ("SESS.close() or SESS.run(X, {X: 1})", RuntimeError, "closed Session"),
]


def names():
    """What the codes use."""
    x = tf.placeholder(tf.float32, name="x")

    def foreign():
        with tf.Graph().as_default():
            return tf.constant(1.0)

    def recurse(i):
        return tf.while_loop(lambda i: i < 3, recurse, [i])

    def on(device):
        with tf.device(device):
            return tf.constant(1.0) + x

    def fails(value):
        raise RuntimeError("inside of mine")

    return dict(
        tf=tf, np=np, foreign=foreign, recurse=recurse, on=on, fails=fails, X=x,
        I=tf.placeholder(tf.int32), L=tf.placeholder(tf.int64), P2=tf.placeholder("float", [2, 3]),
        PRED=tf.placeholder(tf.bool, []), IMAGE=tf.ones([1, 4, 4, 1]), FILTER=tf.ones([2, 2, 1, 1]),
        late=tf.Variable([1.0], name="late"), SESS=tf.Session(),
    )  # fmt: skip


def evaluate(code, scope):
    return eval(compile("\n\n" + code, "program_of_a_user.py", "eval"), scope)


def check(error, fragments):
    for fragment in filter(None, fragments.split("|")):
        assert fragment in str(error.value), str(error.value)


def ids(table):
    return [pytest.param(*row, id=f"{i}-{re.sub('[^a-z_.]+', '-', row[0])[:40]}")
            for i, row in enumerate(table)]  # fmt: skip


@pytest.mark.parametrize("code, kind, fragments", ids(BUILDING))
def test_building(code, kind, fragments):
    with pytest.raises(kind) as error:
        evaluate(code, names())
    check(error, fragments)
    if "(op: '" in str(error.value):
        assert "program_of_a_user.py:3" in str(error.value)


@pytest.mark.parametrize("code, value, kind, fragments", ids(RUNNING))
def test_running(code, value, kind, fragments):
    scope = names()
    fetch = evaluate(code, scope)
    feeds = {}
    if isinstance(value, tuple):
        feeds = {scope["I"]: value[0], scope["X"]: value[1]}
    elif value is not None:
        key = next((k for k in "IL" if re.search(rf"\b{k}\b", code)), "X")
        feeds = {scope[key]: value}
    with pytest.raises(kind) as error:
        scope["SESS"].run(fetch, feeds)
    check(error, fragments)
    if value is not None and not code.startswith(("late", "on(")):
        assert "program_of_a_user.py:3" in str(error.value), str(error.value)


@pytest.mark.parametrize("code, kind, fragments", ids(CALLING))
def test_calling(code, kind, fragments):
    with pytest.raises(kind) as error:
        evaluate(code, names())
    check(error, fragments)
