# SPDX-License-Identifier: Apache-2.0
"""Structures, effects, variables and derivatives in branches, loops and TensorArrays."""

import collections

import numpy as np

import caudal as tf

Pair = collections.namedtuple("Pair", ["a", "b"])
CASES = []


def case(function):
    CASES.append(function)
    return function


def run(fetches, feed=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feed)


def either(*arguments, **keywords):
    """Results of a cond for both values of its predicate."""
    pred = tf.placeholder(tf.bool, [])
    result = tf.cond(pred, *arguments, **keywords)
    if isinstance(result, tf.SparseTensor):
        result = tf.sparse.to_dense(result)
    elif isinstance(result, tf.IndexedSlices):
        result = tf.convert_to_tensor(result)
    return [run(result, {pred: p}) for p in (True, False)]


def none_or(value):
    return [None if v is None else run(v) for v in value]


@case
def higher_derivatives_of_cond():
    pred, x = tf.placeholder(tf.bool, []), tf.placeholder_with_default(1.5, [])
    y = tf.cond(pred, lambda: tf.cond(x > 1.0, lambda: x**4, lambda: x), lambda: tf.sin(x)) * x
    fetches = [y]
    for _ in range(3):
        fetches.append(tf.gradients(fetches[-1], x)[0])
    return [run(fetches, {pred: p}) for p in (True, False)]


@case
def hessian_of_cond():
    pred, x = tf.placeholder(tf.bool, []), tf.constant([1.0, 2.0])
    y = tf.cond(pred, lambda: tf.reduce_sum(x**3), lambda: tf.reduce_prod(x) * x[0])
    hessian = tf.hessians(y, x)[0]
    return [run(hessian, {pred: p}) for p in (True, False)]


@case
def unreached_by_gradients():
    x, c, z = tf.constant(2.0), tf.constant(3.0), tf.constant(4.0)
    _, y, w = tf.while_loop(
        lambda i, y, w: i < 3,
        lambda i, y, w: (i + 1, y * 2.0 + tf.stop_gradient(c), w * y),
        [0, x, z],
    )
    branch = tf.cond(x > 1.0, lambda: x * 2.0, lambda: x + tf.stop_gradient(c))
    return none_or(
        tf.gradients(y, [x, c, z]) + tf.gradients(w, [x, z]) + tf.gradients(branch, [x, c])
    )


@case
def slices_stay_slices():
    pred = tf.placeholder(tf.bool, [])
    v = tf.Variable(np.arange(6.0).reshape(3, 2))
    y = tf.cond(pred, lambda: tf.gather(v, [1, 1]) * 2.0, lambda: tf.gather(v, [2, 0]))
    grad = tf.gradients(y, v)[0]
    step = tf.train.MomentumOptimizer(1.0, 0.5).minimize(tf.reduce_sum(y))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        out = [type(grad).__name__]
        for p in (True, False, True):
            sess.run(step, {pred: p})
            out.append(sess.run(v))
        return out


@case
def results_of_cond():
    f = {
        "nested": lambda k: Pair(tf.constant(k), {"x": tf.constant(k + 1), "y": [k, (k,)]}),
        "sparse": lambda k: tf.SparseTensor([[0, k]], [1.0 * k], [2, 3]),
        "slices": lambda k: tf.IndexedSlices(
            tf.constant([[1.0 * k]]),
            tf.constant([k], tf.int32 if k == 1 else tf.int64),
            tf.constant([3, 1]),
        ),
        "constants": lambda k: [k, "text%d" % k, k == 1, [1.0 * k, 2.0]],
    }
    return [(name, either(lambda g=g: g(1), lambda g=g: g(2))) for name, g in sorted(f.items())]


@case
def sparse_and_slices_as_loop_variables():
    def grow(i, s):
        indices = tf.concat([s.indices, s.indices[-1:] + 1], 0)
        values = tf.concat([s.values, s.values[-1:] * 2], 0)
        return i + 1, tf.SparseTensor(indices, values, s.dense_shape)

    start = tf.SparseTensor([[0]], [1.0], [4])
    _, sparse = tf.while_loop(lambda i, s: i < 3, grow, [0, start])
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]), tf.constant([4, 1]))
    _, moved = tf.while_loop(
        lambda i, s: i < 3,
        lambda i, s: (i + 1, tf.IndexedSlices(s.values * 2, s.indices + 1, s.dense_shape)),
        [0, slices],
    )
    return run([tf.sparse.to_dense(sparse), tf.convert_to_tensor(moved)])


@case
def loops_of_structures():
    def body(i, s):
        return i + 1, Pair(s.a + 1, {"k": s.b["k"] * 2.0})

    pair = tf.while_loop(lambda i, s: i < 3, body, [0, Pair(tf.constant(0), {"k": 1.0})])
    limit = tf.placeholder(tf.int32, [])
    limited = tf.while_loop(lambda i: i < 10, lambda i: i + 1, [0], maximum_iterations=limit)
    text = tf.while_loop(
        lambda i, s, b: i < 3,
        lambda i, s, b: (i + 1, tf.string_join([s, "x"]), tf.logical_not(b)),
        [0, "a", True],
    )
    return run(pair), [run(limited, {limit: n}) for n in (0, 3, 100)], run(text)


@case
def training_inside():
    v = tf.Variable(3.0)
    descent = tf.train.GradientDescentOptimizer(0.1)

    def body(i):
        with tf.control_dependencies([descent.minimize(v * v)]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 3, body, [0])
    pred = tf.placeholder(tf.bool, [])
    once = tf.cond(pred, lambda: tf.group(descent.minimize(v * v)), tf.no_op)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(loop)
        out = [sess.run(v)]
        for p in (True, False):
            sess.run(once, {pred: p})
            out.append(sess.run(v))
        return out


@case
def only_wanted_effects_happen():
    v, w = tf.Variable(0), tf.Variable(0)

    def body(i):
        tf.assign_add(w, 1)
        change = tf.cond(
            tf.equal(i % 2, 0), lambda: tf.assign_add(v, 10), lambda: tf.assign_add(v, 1)
        )
        with tf.control_dependencies([change]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 5, body, [0])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(loop), sess.run([v, w])


@case
def variables_made_inside():
    def branch():
        return tf.get_variable("a", [2], initializer=tf.ones_initializer()) * 2.0

    def body(i, y):
        return i + 1, y * tf.get_variable("b", [2], initializer=tf.constant_initializer(3.0))

    pred = tf.placeholder_with_default(True, [])
    y = tf.cond(pred, branch, lambda: tf.Variable(lambda: tf.ones([2]) * 4.0))
    _, z = tf.while_loop(lambda i, y: i < 3, body, [0, y])
    fed = []

    def with_placeholder():
        fed.append(tf.placeholder(tf.float32, []))
        return fed[0] * 2.0

    f = tf.cond(pred, with_placeholder, lambda: tf.constant(3.0))
    names = [v.op.name for v in tf.global_variables()[:2]]
    return names, run([y, z, *tf.gradients(z, tf.global_variables()[:1])]), run(f, {fed[0]: 4.0})


@case
def initial_values_from_variables():
    v = tf.Variable(2.0)
    u = tf.Variable(v * 2.0 + 1.0)
    with tf.Session() as sess:
        sess.run(u.initializer)
        return sess.run(u)


@case
def cases_and_switches():
    i = tf.placeholder(tf.int32, [])
    chosen = tf.case([(i < 1, lambda: 10), (i < 2, lambda: 11)], default=lambda: 12)
    last = tf.case([(i < 1, lambda: 10), (i < 2, lambda: 11)])
    switch = tf.switch_case(i, {1: lambda: 21, 0: lambda: 20})
    one = tf.case([(tf.equal(i, 0), lambda: 1), (tf.equal(i, 1), lambda: 2)], exclusive=True)
    return [run([chosen, switch], {i: k}) for k in (0, 1, 2)], run([last, one], {i: 1})


@case
def arrays_in_loops():
    v = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    source = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(v)

    def body(i, out, state):
        more = tf.cond(i > 0, lambda: source.read(i) * source.read(i - 1), lambda: source.read(i))
        return i + 1, out.write(i, state + more), state + more

    out = tf.TensorArray(tf.float32, 0, dynamic_size=True)
    _, out, state = tf.while_loop(lambda i, *_: i < 3, body, [0, out, tf.ones([2])])
    stacked = out.stack()
    return run([stacked, state, *tf.gradients([stacked, state], v)])


@case
def arrays_of_parts():
    v = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    parts = tf.TensorArray(tf.float32, 2, infer_shape=False).split(v, [1, 2])
    joined = parts.concat()
    some = tf.TensorArray(tf.float32, 5).scatter([1, 3], v[:2])
    sources = tf.TensorArray(tf.float32, 2)
    a, b = sources.grad("a").write(0, 1.0).write(0, 10.0), sources.grad("b").write(0, 5.0)
    return run([joined, *tf.gradients(joined * joined, v), some.stack(), a.read(0), b.read(0)])


@case
def loops_in_loops():
    def body(i, s):
        def row(r):
            inner = tf.while_loop(lambda j, t: j < 2, lambda j, t: (j + 1, t + r * s[0]), [0, r])
            return r * 2 + tf.to_float(i) + inner[1]

        return i + 1, tf.map_fn(row, s)

    x = tf.constant([1.0, 2.0])
    y = tf.while_loop(lambda i, s: i < 2, body, [0, x])[1]
    return run([y, *tf.gradients(y, x)])


def plain(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, dict):
        return sorted((k, plain(v)) for k, v in value.items())
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


for function in CASES:
    with tf.Graph().as_default():
        print(function.__name__, plain(function()))
