# SPDX-License-Identifier: Apache-2.0
"""Records graphs with TensorFlow 1's control flow and what they compute: tests/data/control_flow.

Run with a Python that has TensorFlow 1.15: python record_control_flow.py [CASE ...]
A file holds the graph, and runs in one session: what is fetched and fed, and the results.
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data" / "control_flow"
CASES = {}


def case(build):
    """`build` makes a graph and returns runs: (fetches, feeds)."""
    CASES[build.__name__] = build
    return build


R = np.random.RandomState(0)


def arr(*s):
    return (R.rand(*s) * 2 - 1).astype(np.float32)


@case
def while_grad():
    x = tf.placeholder(tf.float32, [3], name="x")
    w = tf.placeholder(tf.float32, [3], name="w")
    i, y = tf.while_loop(
        lambda i, y: i < 5, lambda i, y: (i + 1, tf.tanh(y * w) + x), [tf.constant(0), x]
    )
    g = tf.gradients(y, [x, w])
    f = {x: arr(3), w: arr(3)}
    return [([i, y] + g, f), ([y], f)]


@case
def while_nested():
    x = tf.placeholder(tf.float32, [2, 2], name="x")

    def outer(i, a):
        _, b = tf.while_loop(
            lambda j, b: j < i + 1,
            lambda j, b: (j + 1, tf.sin(tf.matmul(b, x) + a)),
            [tf.constant(0), a],
        )
        return i + 1, b

    _, y = tf.while_loop(lambda i, a: i < 3, outer, [tf.constant(0), x])
    return [([y] + tf.gradients(y, [x]), {x: arr(2, 2)})]


@case
def cond_nested():
    x = tf.placeholder(tf.float32, [3], name="x")
    p = tf.placeholder(tf.bool, [], name="p")
    q = tf.placeholder(tf.bool, [], name="q")
    y, z = tf.cond(
        p,
        lambda: tf.cond(q, lambda: (x * x, x), lambda: (x * 3, tf.sin(x) + 2)),
        lambda: (tf.exp(x), tf.cond(q, lambda: x * 5, lambda: tf.zeros([3]))),
    )
    g = tf.gradients(y * z, x)
    a = arr(3)
    return [([y, z] + g, {x: a, p: u, q: v}) for u in (True, False) for v in (True, False)]


@case
def cond_in_while_dynamic():
    x = tf.placeholder(tf.float32, [None], name="x")
    w = tf.placeholder(tf.float32, [None], name="w")

    def body(i, y):
        y = tf.cond(
            tf.equal(i % 2, 0),
            lambda: y * w + tf.cond(i > 2, lambda: w * y, lambda: y),
            lambda: tf.sin(y) + x,
        )
        return i + 1, y

    _, y = tf.while_loop(lambda i, y: i < 6, body, [tf.constant(0), x])
    g = tf.gradients(y, [x, w])
    return [([y] + g, {x: arr(4), w: arr(4)})]


@case
def while_in_cond():
    x = tf.placeholder(tf.float32, [None], name="x")
    w = tf.placeholder(tf.float32, [None], name="w")
    p = tf.placeholder(tf.bool, [], name="p")

    def t():
        _, y = tf.while_loop(
            lambda i, y: i < 4, lambda i, y: (i + 1, tf.tanh(y * w)), [tf.constant(0), x]
        )
        return y

    y = tf.cond(p, t, lambda: x * w)
    g = tf.gradients(y, [x, w])
    f = {x: arr(4), w: arr(4)}
    return [([y] + g, {x: f[x], w: f[w], p: v}) for v in (True, False)]


@case
def while_in_cond_in_while():
    x = tf.placeholder(tf.float32, [None], name="x")
    w = tf.placeholder(tf.float32, [None], name="w")

    def t(y):
        _, y = tf.while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y * w)), [tf.constant(0), y]
        )
        return y

    _, y = tf.while_loop(
        lambda i, y: i < 5,
        lambda i, y: (i + 1, tf.cond(tf.equal(i % 2, 1), lambda: t(y), lambda: y * w + x)),
        [tf.constant(0), x],
    )
    g = tf.gradients(y, [x, w])
    return [([y] + g, {x: arr(4), w: arr(4)})]


def train_rnn(cell, steps=3, seqlen=True, **kw):
    x = tf.placeholder(tf.float32, [None, None, 4], name="x")
    l = tf.placeholder(tf.int32, [None], name="len")
    tf.get_variable_scope().set_initializer(tf.constant_initializer(0.07))
    o, s = tf.nn.dynamic_rnn(cell, x, sequence_length=l if seqlen else None, dtype=tf.float32, **kw)
    flat = tf.nest.flatten(s)
    loss = tf.reduce_sum(tf.square(o - 0.3)) + tf.add_n([tf.reduce_sum(v) for v in flat])
    tr = tf.train.AdamOptimizer(0.05).minimize(loss)
    f = {x: arr(3, 5, 4), l: np.array([5, 2, 3], np.int32)}
    f2 = {x: arr(2, 7, 4), l: np.array([5, 7], np.int32)}
    return (
        [([tf.global_variables_initializer()], {})]
        + [([loss, tr], f)] * steps
        + [([o] + flat, f), ([loss], f2)]
    )


@case
def lstm():
    return train_rnn(tf.nn.rnn_cell.LSTMCell(3))


@case
def gru_timemajor_swap():
    return train_rnn(tf.nn.rnn_cell.GRUCell(3), swap_memory=True)


@case
def raw_rnn():
    x = tf.placeholder(tf.float32, [5, 2, 3], name="x")
    tf.get_variable_scope().set_initializer(tf.constant_initializer(0.1))
    ta = tf.TensorArray(tf.float32, 5).unstack(x)
    cell = tf.nn.rnn_cell.GRUCell(3)

    def loop_fn(t, o, s, ls):
        fin = t >= tf.constant([5, 3])
        n = cell.zero_state(2, tf.float32) if o is None else s
        return (
            fin,
            tf.cond(tf.reduce_all(fin), lambda: tf.zeros([2, 3]), lambda: ta.read(t)),
            n,
            o,
            None,
        )

    o, s, _ = tf.nn.raw_rnn(cell, loop_fn)
    o = o.stack()
    g = tf.gradients(tf.reduce_sum(o * o), x)
    return [([tf.global_variables_initializer()], {}), ([o, s] + g, {x: arr(5, 2, 3)})]


@case
def map_scan_fold():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    a = tf.map_fn(lambda v: v * tf.reduce_sum(v), x)
    b = tf.scan(lambda s, v: tf.sin(s * v) + v, x)
    c = tf.foldl(lambda s, v: s * v + 1, x)
    d = tf.foldr(lambda s, v: s + v * v, x)
    g = tf.gradients(tf.reduce_sum(a) + tf.reduce_sum(b) + tf.reduce_sum(c * d), x)
    return [([a, b, c, d] + g, {x: arr(4, 3)})]


@case
def tf_case():
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case(
        [(x < 1, lambda: x * 2), (x < 2, lambda: x * 3), (x < 3, lambda: tf.constant(7.0))],
        default=lambda: -x,
        exclusive=False,
    )
    z = tf.case(
        [
            (tf.logical_and(x >= 0, x < 1), lambda: x * 2),
            (tf.logical_and(x >= 1, x < 2), lambda: x * 3),
        ],
        default=lambda: -x,
        exclusive=True,
    )
    g = tf.gradients(y + z, x)
    return [([y, z] + g, {x: np.float32(v)}) for v in (0.5, 1.5, 2.5, 3.5)]


@case
def cond_assign():
    p = tf.placeholder(tf.bool, [], name="p")
    v = tf.Variable([1.0, 2.0], name="v")
    r = tf.get_variable("r", initializer=[3.0, 4.0], use_resource=True)

    def t():
        a = tf.assign_add(v, [1.0, 1.0])
        with tf.control_dependencies([a, r.assign_add([10.0, 10.0])]):
            return tf.constant(1)

    def f():
        with tf.control_dependencies([tf.assign(v, v * 2.0)]):
            return tf.constant(2)

    o = tf.cond(p, t, f)
    g = tf.cond(p, lambda: tf.group(tf.assign(v, [9.0, 9.0])), lambda: tf.no_op())
    c = tf.cond(p, lambda: tf.assign_add(v, [0.5, 0.5]), lambda: v)
    return [
        ([tf.global_variables_initializer()], {}),
        ([o], {p: True}),
        ([v, r], {}),
        ([o], {p: False}),
        ([v, r], {}),
        ([g], {p: False}),
        ([v], {}),
        ([c], {p: True}),
        ([c], {p: False}),
        ([g], {p: True}),
        ([v], {}),
        ([v], {}),
    ]


@case
def batchnorm():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    p = tf.placeholder(tf.bool, [], name="training")
    tf.get_variable_scope().set_initializer(tf.constant_initializer(0.2))
    h = tf.layers.dense(x, 5)
    h = tf.layers.batch_normalization(h * tf.range(5, dtype=tf.float32), training=p)
    h = tf.nn.relu(h + 0.1)
    h = tf.layers.dropout(h, 0.0, training=p)
    h = tf.layers.batch_normalization(
        tf.layers.dense(h, 3) * tf.range(3, dtype=tf.float32) + h[:, :3], training=p, momentum=0.5
    )
    o = tf.layers.dense(h, 2)
    loss = tf.reduce_mean(tf.square(o - y))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tr = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    mm = [v for v in tf.global_variables() if "moving" in v.name]
    a, b = arr(6, 4), arr(6, 2)
    return (
        [([tf.global_variables_initializer()], {})]
        + [([loss, tr], {x: a, y: b, p: True})] * 3
        + [(mm, {}), ([o], {x: a, p: False})]
    )


@case
def partial_feed():
    p = tf.placeholder(tf.bool, [], name="p")
    a = tf.placeholder(tf.float32, [], name="a")
    b = tf.placeholder(tf.float32, [], name="b")
    y = tf.cond(p, lambda: a * 2, lambda: a * 3)
    z = tf.cond(p, lambda: b * 2, lambda: b * 3)
    u, w = tf.cond(p, lambda: (a * 2, b), lambda: (a * 3, b + 1))
    return [
        ([y], {p: True, a: 2.0}),
        ([z], {p: False, b: 2.0}),
        ([u], {p: False, a: 2.0}),
        ([w], {p: False, b: 2.0}),
    ]


@case
def invariants():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    i, y = tf.while_loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, tf.concat([y, y[:1] * 2], 0)),
        [tf.constant(0), x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 2])],
    )
    g = tf.gradients(tf.reduce_sum(y * y), x)
    return [([y] + g, {x: arr(2, 2)}), ([y], {x: arr(1, 2)})]


@case
def second_order():
    x = tf.placeholder(tf.float32, [3], name="x")
    p = tf.placeholder(tf.bool, [], name="p")
    y = tf.cond(p, lambda: x * x * x, lambda: tf.exp(x))
    g = tf.gradients(y, x)[0]
    h = tf.gradients(g * g, x)
    a = arr(3)
    return [([y, g] + h, {x: a, p: v}) for v in (True, False)]


@case
def ta_grad():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.shape(x)[0]
    ta = tf.TensorArray(tf.float32, n).unstack(x)
    out = tf.TensorArray(tf.float32, n, dynamic_size=True)

    def body(i, s, o):
        v = ta.read(i)
        s = tf.tanh(s + v)
        return i + 1, s, o.write(i, s * v)

    _, s, o = tf.while_loop(lambda i, s, o: i < n, body, [0, tf.zeros([2]), out])
    y = o.stack()
    g = tf.gradients(tf.reduce_sum(y * y), x)
    return [([y, s] + g, {x: arr(4, 2)})]


@case
def contrib_bn():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    p = tf.placeholder(tf.bool, [], name="training")
    h = tf.contrib.layers.batch_norm(
        x,
        is_training=p,
        decay=0.5,
        zero_debias_moving_mean=True,
        updates_collections=None,
        scale=True,
    )
    loss = tf.reduce_sum(tf.square(h - 0.3))
    tr = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    mm = tf.global_variables()
    a = arr(5, 4)
    return [
        ([tf.global_variables_initializer()], {}),
        ([loss, tr], {x: a, p: True}),
        ([loss, tr], {x: a, p: True}),
        ([h], {x: a, p: False}),
        (mm, {}),
    ]


@case
def seq2seq_beam():
    from tensorflow.contrib import seq2seq as S

    tf.get_variable_scope().set_initializer(tf.constant_initializer(0.1))
    emb = tf.constant(arr(6, 3))
    n = 2
    bw = 3
    cell = tf.nn.rnn_cell.GRUCell(4)
    proj = tf.layers.Dense(6, kernel_initializer=tf.constant_initializer(arr(4, 6)))
    st = tf.placeholder(tf.float32, [n, 4], name="st")
    dec = S.BeamSearchDecoder(
        cell, emb, tf.fill([n], 1), 2, S.tile_batch(st, bw), bw, output_layer=proj
    )
    o, s, ln = S.dynamic_decode(dec, maximum_iterations=6)
    return [([tf.global_variables_initializer()], {}), ([o.predicted_ids, ln], {st: arr(n, 4)})]


@case
def functional_rnn_defun():
    from tensorflow.python.framework import function

    @function.Defun(tf.float32)
    def f(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x - 1)

    x = tf.placeholder(tf.float32, [3], name="x")
    return [([f(x)], {x: arr(3)})]


def record(name, build):
    graph = tf.Graph()
    arrays, runs = {}, []
    with graph.as_default():
        R.seed(1)
        steps = build()
        with tf.Session(graph=graph) as session:
            arrays["graph"] = np.frombuffer(graph.as_graph_def().SerializeToString(), np.uint8)
            for k, (fetches, feeds) in enumerate(steps):
                values = session.run(fetches, feeds)
                names = [graph.as_graph_element(f).name for f in fetches]
                runs.append([names, [t.name for t in feeds]])
                for i, (tensor, value) in enumerate(feeds.items()):
                    arrays["feed_%d_%d" % (k, i)] = np.asarray(value, tensor.dtype.as_numpy_dtype)
                for i, value in enumerate(values):
                    if value is not None:
                        arrays["value_%d_%d" % (k, i)] = np.asarray(value)
    arrays["runs"] = np.frombuffer(json.dumps(runs).encode(), np.uint8)
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(str(FOLDER / (name + ".npz")), **arrays)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or sorted(CASES):
        record(wanted, CASES[wanted])
