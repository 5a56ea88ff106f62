# SPDX-License-Identifier: Apache-2.0
"""Run-time checks, conditionals, loops over values, feeds and fetches of every form."""

import numpy as np

import caudal as tf


def plain(value):
    """Values as Python's own, numbers with six digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def show(*values):
    print(*[plain(v) for v in values])


def attempt(f):
    try:
        show(f())
    except Exception as e:
        text = str(getattr(e, "message", e)).split("Originally")[0].split(" (made")[0]
        show(type(e).__name__, text.replace("\n", " ").split("\t [[")[0].strip(" .")[:24])


s = tf.InteractiveSession()
x = tf.placeholder(tf.float32, [None, 2], name="x")
n = tf.placeholder(tf.int32, [], name="n")
fd = {x: [[1.0, 2.0], [3.0, 4.0]], n: 3}
for c in [
    lambda: tf.assert_equal(n, 4),
    lambda: tf.assert_equal(n, 4, message="custom", name="ae"),
    lambda: tf.assert_positive(x - 1),
    lambda: tf.assert_less(x, 4.0, data=[n], summarize=2),
    lambda: tf.assert_rank(x, 3),
    lambda: tf.assert_rank_at_least(x, 1),
    lambda: tf.assert_non_negative(-n),
    lambda: tf.assert_greater_equal(n, [1, 9]),
    lambda: tf.assert_type(x, tf.int32),
    lambda: tf.assert_integer(x),
    lambda: tf.assert_none_equal(n, 3),
    lambda: tf.assert_near(x, x + 0.1),
    lambda: tf.assert_scalar(x),
    lambda: tf.Assert(n > 5, ["n was", n, x], summarize=3),
    lambda: tf.Assert(False, ["stat"]),
    lambda: tf.assert_rank_in(x, [1, 3]),
    lambda: tf.assert_same_float_dtype([x, tf.constant(1.0, tf.float64)]),
    lambda: tf.assert_negative(n),
    lambda: tf.assert_non_positive(n),
    lambda: tf.assert_proper_iterable(x),
    lambda: tf.assert_equal(1, 2),
    lambda: tf.assert_less_equal([1, 3], [2, 2]),
]:
    attempt(lambda c=c: s.run(c(), fd))
with tf.control_dependencies([tf.assert_equal(tf.shape(x)[0], n, message="rows")]):
    y = tf.identity(x)
attempt(lambda: s.run(y, fd))
attempt(lambda: s.run(tf.Print(n, [n, x], message="dbg: ", first_n=1, summarize=2, name="pr"), fd))
attempt(
    lambda: s.run(
        tf.show("hello", n, {"k": x}, output_stream="file:///dev/null") if 0 else tf.no_op(), fd
    )
)
attempt(
    lambda: (
        tf.is_numeric_tensor(x),
        tf.is_non_decreasing([1, 1]).eval(),
        tf.is_strictly_increasing([1, 1]).eval(),
    )
)
# control flow
a = tf.Variable(1.0, name="a")
s.run(a.initializer)
c1 = tf.cond(
    n > 2, lambda: tf.assign_add(a, 10.0), lambda: a.read_value() if hasattr(a, "read_value") else a
)
attempt(lambda: (c1, s.run(c1, fd), s.run(c1, {n: 0}), s.run(a)))
attempt(lambda: tf.cond(n > 2, lambda: 1, lambda: 2.0))
attempt(lambda: tf.cond(n > 2, lambda: (1, 2), lambda: 2))
attempt(lambda: tf.cond(n, lambda: 1, lambda: 2))
attempt(lambda: tf.cond(True, lambda: 1, lambda: 2))
attempt(lambda: tf.cond(n > 2, 1, 2))
attempt(
    lambda: s.run(
        tf.cond(n > 2, true_fn=lambda: {"k": x}, false_fn=lambda: {"k": x * 2}, name="cc"), fd
    )
)
attempt(lambda: s.run(tf.cond(n > 2, fn1=lambda: x, fn2=lambda: 2 * x, strict=True), fd))
attempt(
    lambda: s.run(
        tf.case(
            [(n > 5, lambda: tf.constant(1)), (n > 2, lambda: tf.constant(2))],
            default=lambda: tf.constant(3),
            exclusive=False,
            name="cs",
        ),
        fd,
    )
)
attempt(
    lambda: s.run(
        tf.case(
            {n > 5: lambda: 1, n > 2: lambda: 2, n > 1: lambda: 4},
            default=lambda: 3,
            exclusive=True,
        ),
        fd,
    )
)
i, t = tf.while_loop(
    lambda i, t: i < n,
    lambda i, t: (i + 1, tf.concat([t, [i]], 0)),
    [0, tf.zeros([0], tf.int32)],
    shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
    name="grow",
)
attempt(lambda: (i.name, t, s.run([i, t], fd)))
attempt(
    lambda: tf.while_loop(
        lambda i, t: i < n,
        lambda i, t: (i + 1, tf.concat([t, [i]], 0)),
        [0, tf.zeros([0], tf.int32)],
    )
)
attempt(lambda: tf.while_loop(lambda i: i < 3, lambda i: (i, i), [0]))
attempt(lambda: tf.while_loop(lambda i: tf.stack([i < 3, True]), lambda i: i, [0]))
attempt(lambda: tf.while_loop(3, lambda i: i, [0]))
attempt(lambda: tf.while_loop(lambda: True, lambda: (), []))
attempt(lambda: s.run(tf.while_loop(lambda i: True, lambda i: i * 2, [1], maximum_iterations=5)))
Wv = tf.Variable(2.0)
s.run(Wv.initializer)
_, yv = tf.while_loop(lambda i, y: i < 4, lambda i, y: [i + 1, y * Wv], [0, 1.0])
attempt(lambda: s.run(tf.gradients(yv, Wv)))
fact = tf.while_loop(lambda i, p: i > 0, lambda i, p: (i - 1, p * i), (n, 1))[1]
attempt(lambda: s.run(fact, {n: 6}))
attempt(
    lambda: s.run(
        tf.map_fn(lambda r: (r[0] * 2, tf.reduce_sum(r)), x, dtype=(tf.float32, tf.float32)), fd
    )
)
attempt(
    lambda: s.run(
        [
            tf.map_fn(lambda z: z + 1, x, parallel_iterations=2, infer_shape=False),
            tf.scan(lambda a, r: a + r, x, initializer=tf.zeros([2])),
            tf.foldl(lambda a, r: a * r, x),
            tf.foldr(lambda a, r: a - r, x),
            tf.scan(lambda a, r: r, x, reverse=True),
        ],
        fd,
    )
)
attempt(lambda: tf.map_fn(lambda z: (z, z), x))
attempt(lambda: tf.map_fn(3, x))
ta = tf.TensorArray(tf.float32, 3, clear_after_read=False, element_shape=[2])
ta = (
    ta.unstack(tf.ones([3, 2])).write(1, [5.0, 6.0])
    if 0
    else tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    .write(0, [1.0, 2.0])
    .write(2, [5.0, 6.0])
)
attempt(lambda: s.run([ta.size(), ta.read(2)]))
attempt(lambda: s.run(tf.TensorArray(tf.float32, 2).read(0)))
attempt(
    lambda: s.run(
        [
            ta.gather([0]) if 0 else tf.TensorArray(tf.int32, 3).unstack([7, 8, 9]).gather([2, 0]),
            tf.TensorArray(tf.float32, 2, infer_shape=False)
            .split([1.0, 2.0, 3.0], [1, 2])
            .concat(),
        ]
    )
)
g1 = tf.group(a.assign(3.0), name="grp")
tp = tf.tuple([a + 1, n], control_inputs=[g1])
attempt(lambda: (s.run(g1), s.run(tp, fd), tp[0].name))
# fetch/feed corners
P = tf.placeholder_with_default([1.0, 2.0], [2], name="P")
attempt(lambda: s.run(P))
attempt(lambda: s.run(P + 1, {P: [5, 6]}))
attempt(lambda: s.run(n + 1, {n + 0: 3}))
attempt(lambda: s.run([]))
attempt(lambda: s.run({}))
attempt(lambda: s.run(()))
attempt(lambda: s.run(None))
attempt(lambda: s.run(3))
attempt(lambda: s.run(["x:0"], {"x:0": [[1, 2]]}))
attempt(lambda: s.run("grp"))
attempt(lambda: s.run([a, a, "a:0"]))
attempt(lambda: s.run(x, {x: [1, 2]}))
attempt(lambda: s.run(n, {n: 2.5}))
attempt(lambda: s.run(n, {n: 2**40}))
attempt(lambda: s.run(n, {"zz:0": 1}))
attempt(lambda: s.run(tf.constant([[True]]) & True))
h = s.partial_run_setup([n + 1], [n]) if hasattr(s, "partial_run_setup") and 0 else None
cb = s.make_callable([a + 1, n * 2], feed_list=[n])
attempt(lambda: cb(4))
attempt(lambda: a.eval() + tf.constant(2.0).eval())
attempt(lambda: s.run(tf.get_default_session() is s or n))
attempt(lambda: tf.placeholder(tf.float32, [2]).eval())
attempt(lambda: a.load(7.0, s) or s.run(a))
