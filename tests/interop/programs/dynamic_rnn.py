# SPDX-License-Identifier: Apache-2.0
"""Cells over sequences: dynamic, raw, static and bidirectional, with gradients."""

import numpy as np

import caudal as tf

cells = tf.nn.rnn_cell
data = np.sin(np.arange(3 * 5 * 2) * 0.4).reshape(3, 5, 2).astype(np.float32)
lengths = np.array([5, 2, 0], np.int32)


def flat(structure):
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flat(part)]
    return [structure]


def run(title, build):
    """Builds with fed inputs; prints names, shapes, results and gradients."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 5, 2], name="x")
    n = tf.placeholder(tf.int32, [None], name="n")
    outputs, state = build(x, n)
    results = flat(outputs) + flat(state)
    print(title, type(outputs).__name__, type(state).__name__)
    print([(t.name, str(t.get_shape())) for t in results])
    print([(v.name, str(v.get_shape())) for v in tf.trainable_variables()])
    loss = sum(tf.reduce_sum(tf.square(t) * 0.5 + t) for t in results if t.dtype == tf.float32)
    gradients = tf.gradients(loss, [x] + tf.trainable_variables())
    with tf.Session() as session:
        for number, v in enumerate(tf.trainable_variables()):
            size = int(np.prod(v.get_shape().as_list()))
            v.load(0.5 * np.cos(np.arange(size) + number).reshape(v.get_shape().as_list()), session)
        feed = {x: data, n: lengths}
        for value in session.run(results, feed):
            print("value", value.shape, *value.ravel())
        for g in session.run(gradients, feed):
            print("gradient", g.shape, np.abs(g).sum(), *g.ravel()[:9])


def lstm():
    return cells.BasicLSTMCell(3)


def stack():
    return cells.MultiRNNCell([cells.GRUCell(3), cells.LSTMCell(2, use_peepholes=True)])


f32 = tf.float32
run("dynamic", lambda x, n: tf.nn.dynamic_rnn(lstm(), x, dtype=f32))
run("lengths", lambda x, n: tf.nn.dynamic_rnn(lstm(), x, sequence_length=n, dtype=f32))
run("long lengths", lambda x, n: tf.nn.dynamic_rnn(stack(), x, tf.to_int64(n), dtype=f32))
run(
    "time major",
    lambda x, n: tf.nn.dynamic_rnn(
        cells.GRUCell(3), tf.transpose(x, [1, 0, 2]), n, dtype=f32, time_major=True, scope="mine"
    ),
)
run(
    "initial state",
    lambda x, n: tf.nn.dynamic_rnn(
        cells.BasicRNNCell(2), x, initial_state=x[:, 0] * 2.0, swap_memory=True
    ),
)
run(
    "residual",
    lambda x, n: tf.nn.dynamic_rnn(
        cells.ResidualWrapper(cells.GRUCell(2)), x, n, dtype=f32, parallel_iterations=1
    ),
)
run(
    "both directions",
    lambda x, n: tf.nn.bidirectional_dynamic_rnn(
        cells.GRUCell(3), cells.BasicLSTMCell(2), x, dtype=f32
    ),
)
run(
    "both directions, lengths",
    lambda x, n: tf.nn.bidirectional_dynamic_rnn(lstm(), lstm(), x, n, dtype=f32, scope="two"),
)
run("static", lambda x, n: tf.nn.static_rnn(lstm(), tf.unstack(x, axis=1), dtype=f32))


def static_with_lengths(x, n):
    return tf.nn.static_rnn(
        stack(), tf.unstack(x, axis=1), dtype=f32, sequence_length=n, scope="unrolled"
    )


def values_only(build):
    """Without the names, which in TensorFlow lie in branches of conditionals."""

    def with_plain_names(x, n):
        outputs, state = build(x, n)
        return [tf.identity(t, name="out") for t in flat(outputs)], [
            tf.identity(t, name="state") for t in flat(state)
        ]

    return with_plain_names


run("static lengths", values_only(static_with_lengths))


def static_both(x, n):
    outputs, fw, bw = tf.nn.static_bidirectional_rnn(
        lstm(), cells.GRUCell(2), tf.unstack(x, axis=1), dtype=f32
    )
    return outputs, (fw, bw)


def static_both_lengths(x, n):
    outputs, fw, bw = tf.nn.static_bidirectional_rnn(
        lstm(), cells.GRUCell(2), tf.unstack(x, axis=1), dtype=f32, sequence_length=n
    )
    return outputs, (fw, bw)


run("static both", static_both)
run("static both, lengths", values_only(static_both_lengths))


def raw(x, n):
    """dynamic_rnn by hand, with a loop state that counts."""
    inputs = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))
    cell = cells.BasicRNNCell(3)

    def step(time, output, state, count):
        next_state = cell.zero_state(tf.shape(x)[0], f32) if output is None else state
        finished = time >= n
        done = tf.reduce_all(finished)
        current = tf.cond(
            done, lambda: tf.zeros([tf.shape(x)[0], 2]), lambda: inputs.read(tf.minimum(time, 4))
        )
        current.set_shape([None, 2])
        count = tf.constant(10) if count is None else count + 1
        return finished, current, next_state, output, count

    arrays, state, count = tf.nn.raw_rnn(cell, step)
    return arrays.stack(), (state, tf.cast(count, f32))


run("raw", values_only(raw))


def attempt(title, function):
    tf.reset_default_graph()
    try:
        function()
        print(title, "went well")
    except (ValueError, TypeError) as error:
        print(title, type(error).__name__, str(error).split("\n")[0][:70])


x = np.zeros([2, 3, 4], np.float32)
attempt("no dtype", lambda: tf.nn.dynamic_rnn(lstm(), x))
attempt("no cell", lambda: tf.nn.dynamic_rnn(None, x, dtype=f32))
attempt("rank", lambda: tf.nn.dynamic_rnn(lstm(), x[0, 0], dtype=f32))
attempt("length rank", lambda: tf.nn.dynamic_rnn(lstm(), x, [[1, 2]], dtype=f32))
attempt("empty list", lambda: tf.nn.static_rnn(lstm(), [], dtype=f32))
attempt("no list", lambda: tf.nn.static_rnn(lstm(), tf.zeros([2, 2]), dtype=f32))
attempt(
    "depth",
    lambda: tf.nn.dynamic_rnn(lstm(), tf.placeholder(f32, [2, 3, None]), dtype=f32),
)
attempt("loop", lambda: tf.nn.raw_rnn(lstm(), 3))
attempt(
    "unknown sizes",
    lambda: tf.nn.dynamic_rnn(lstm(), tf.placeholder(f32, [None, None, 4]), dtype=f32),
)
tf.reset_default_graph()
wrong, _ = tf.nn.dynamic_rnn(lstm(), x, tf.placeholder_with_default([1, 2, 3], [None]), dtype=f32)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    try:
        session.run(wrong)
    except tf.errors.InvalidArgumentError as error:
        print("batch", "Expected shape for Tensor rnn/sequence_length:0 is" in str(error))


class Nested(cells.RNNCell):
    """Two inputs, a nested state, two outputs."""

    @property
    def state_size(self):
        return {"a": 2, "b": (tf.TensorShape([1, 2]),)}

    @property
    def output_size(self):
        return (2, tf.TensorShape([2, 2]))

    def call(self, inputs, state):
        u, (v,) = inputs
        w = tf.get_variable("w", [2, 2])
        a = tf.tanh(tf.matmul(u, w) + state["a"])
        b = state["b"][0] * 0.5 + tf.expand_dims(v, 1)
        return (a, tf.concat([b, b], 1)), {"a": a, "b": (b,)}


def nested(x, n):
    (first, second), state = tf.nn.dynamic_rnn(Nested(), (x, (x * 2.0,)), n, dtype=f32)
    return [first, second], [state["a"], state["b"][0]]


run("nested", nested)


class Saver:
    """Keeps states in variables."""

    def __init__(self):
        self.value = tf.get_variable("saved", [3, 3], trainable=False)

    def state(self, name):
        return self.value

    def save_state(self, name, value):
        return tf.assign(self.value, value)


tf.reset_default_graph()
saver = Saver()
outputs, state = tf.nn.static_state_saving_rnn(
    cells.BasicRNNCell(3), [tf.constant(data[:, 0])] * 2, saver, "s"
)
with tf.Session() as session:
    for number, v in enumerate(tf.global_variables()):
        size = int(np.prod(v.get_shape().as_list()))
        v.load(0.5 * np.cos(np.arange(size) + number).reshape(v.get_shape().as_list()), session)
    for _ in range(2):
        for value in session.run([outputs[-1], state]):
            print("saved", *value.ravel())
    print("saved", *session.run(saver.value).ravel())
