# SPDX-License-Identifier: Apache-2.0
"""Cells and sequences against NumPy; training; what stays the same in all ways to run a cell."""

import numpy as np
import pytest

import caudal as tf

cells = tf.nn.rnn_cell


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, kernel, bias, lengths=None, forget_bias=1.0):
    """Outputs [batch, time, units] and the last (c, h)."""
    batch, steps, _ = x.shape
    units = bias.size // 4
    c, h = np.zeros((2, batch, units))
    outputs = np.zeros((batch, steps, units))
    for t in range(steps):
        i, j, f, o = np.split(np.concatenate([x[:, t], h], 1) @ kernel + bias, 4, 1)
        new_c = sigmoid(f + forget_bias) * c + sigmoid(i) * np.tanh(j)
        new_h = np.tanh(new_c) * sigmoid(o)
        alive = np.ones((batch, 1), bool) if lengths is None else (t < lengths)[:, None]
        c, h = np.where(alive, new_c, c), np.where(alive, new_h, h)
        outputs[:, t] = np.where(alive, new_h, 0)
    return outputs, c, h


def gru(x, gates, gates_bias, candidate, candidate_bias):
    h = np.zeros((x.shape[0], candidate_bias.size))
    outputs = []
    for t in range(x.shape[1]):
        r, u = np.split(sigmoid(np.concatenate([x[:, t], h], 1) @ gates + gates_bias), 2, 1)
        new = np.tanh(np.concatenate([x[:, t], r * h], 1) @ candidate + candidate_bias)
        h = u * h + (1 - u) * new
        outputs.append(h)
    return np.stack(outputs, 1)


@pytest.mark.parametrize("given", ["none", "int32", "int64"])
def test_lstm_is_what_numpy_computes(given):
    x = tf.placeholder(tf.float64, [None, None, 3])
    n = None if given == "none" else tf.placeholder(given, [None])
    outputs, (c, h) = tf.nn.dynamic_rnn(
        cells.BasicLSTMCell(4), x, sequence_length=n, dtype=tf.float64
    )
    kernel, bias = tf.trainable_variables()
    rng = np.random.RandomState(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        bias.load(rng.normal(size=16), session)
        weights = session.run([kernel, bias])
        for batch, steps in ((2, 5), (3, 1), (1, 7)):
            data = rng.normal(size=(batch, steps, 3))
            lengths = None if n is None else rng.randint(0, steps + 1, batch)
            feed = {x: data} if n is None else {x: data, n: lengths}
            for ours, wanted in zip(
                session.run([outputs, c, h], feed), lstm(data, *weights, lengths)
            ):
                np.testing.assert_allclose(ours, wanted, atol=1e-12)


def test_gru_is_what_numpy_computes():
    data = np.random.RandomState(1).normal(size=(2, 6, 3))
    outputs, state = tf.nn.dynamic_rnn(cells.GRUCell(4), tf.constant(data), dtype=tf.float64)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        wanted = gru(data, *session.run(tf.trainable_variables()))
        ours, last = session.run([outputs, state])
    np.testing.assert_allclose(ours, wanted, atol=1e-12)
    np.testing.assert_allclose(last, wanted[:, -1], atol=1e-12)


MAKERS = {
    "basic": lambda: cells.BasicRNNCell(3),
    "gru": lambda: cells.GRUCell(3),
    "peepholes": lambda: cells.LSTMCell(3, use_peepholes=True, num_proj=2),
    "stack": lambda: cells.MultiRNNCell([cells.GRUCell(2), cells.BasicLSTMCell(3)]),
    "residual": lambda: cells.ResidualWrapper(cells.BasicLSTMCell(2)),
}


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_gradients_match_differences(kind):
    data = np.random.RandomState(2).normal(size=(2, 3, 2))
    x = tf.placeholder(tf.float64, [2, 3, 2])
    outputs, state = tf.nn.dynamic_rnn(MAKERS[kind](), x, [3, 2], dtype=tf.float64)
    loss = tf.reduce_sum(tf.sin(outputs)) + sum(
        tf.reduce_sum(t * t) for t in tf.nest.flatten(state)
    )
    targets = [x, *tf.trainable_variables()]
    gradients = tf.gradients(loss, targets)
    step = 1e-6
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        wanted = session.run(gradients, {x: data})
        for target, gradient in zip(targets, wanted):
            start = data if target is x else session.run(target)
            flat = np.argmax(np.abs(gradient))
            values = []
            for sign in (1, -1):
                moved = start.copy()
                moved.flat[flat] += sign * step
                if target is x:
                    values.append(session.run(loss, {x: moved}))
                else:
                    target.load(moved, session)
                    values.append(session.run(loss, {x: data}))
                    target.load(start, session)
            difference = (values[0] - values[1]) / (2 * step)
            np.testing.assert_allclose(gradient.flat[flat], difference, rtol=1e-5)


def test_static_dynamic_and_raw_agree():
    data = np.random.RandomState(3).normal(size=(2, 4, 3)).astype(np.float32)
    cell = cells.LSTMCell(3, initializer=tf.random_normal_initializer(seed=4))
    lengths = [4, 2]
    with tf.variable_scope("rnn", reuse=tf.AUTO_REUSE) as scope:
        dynamic, last = tf.nn.dynamic_rnn(
            cell, tf.constant(data), lengths, dtype=tf.float32, scope=scope
        )
        static, static_last = tf.nn.static_rnn(
            cell, tf.unstack(tf.constant(data), axis=1), None, tf.float32, lengths, scope=scope
        )
        inputs = tf.TensorArray(tf.float32, 4, clear_after_read=False).unstack(
            data.transpose(1, 0, 2)
        )

        def loop(time, output, state, _):
            if output is None:
                state = cell.zero_state(2, tf.float32)
            current = inputs.read(tf.minimum(time, 3))
            current.set_shape([2, 3])
            return time >= lengths, current, state, output, None

        raw, raw_last, _ = tf.nn.raw_rnn(cell, loop, scope=scope)
    assert len(tf.trainable_variables()) == 2
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        a, b, c = session.run([dynamic, tf.stack(static, 1), tf.transpose(raw.stack(), [1, 0, 2])])
        states = session.run([last, static_last, raw_last])
    np.testing.assert_allclose(a, b, atol=1e-6)
    np.testing.assert_allclose(a, c, atol=1e-6)
    assert not a[1, 2:].any()
    for other in states[1:]:
        np.testing.assert_allclose(states[0], other, atol=1e-6)


def test_a_sequence_is_learnt():
    """The first of four bits, when all have passed."""
    rng = np.random.RandomState(5)
    x = tf.placeholder(tf.float32, [None, None, 1])
    y = tf.placeholder(tf.float32, [None])
    tf.set_random_seed(1)
    _, state = tf.nn.dynamic_rnn(cells.GRUCell(8), x, dtype=tf.float32)
    logits = tf.squeeze(tf.layers.dense(state, 1), 1)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.AdamOptimizer(0.03).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(200):
            bits = rng.randint(0, 2, (32, 4, 1))
            _, last = session.run([train, loss], {x: bits, y: bits[:, 0, 0]})
    assert last < 0.2


def test_wrapped_dropout_keeps_the_expectation():
    x = tf.ones([1, 1])
    cell = cells.DropoutWrapper(cells.BasicRNNCell(2000), output_keep_prob=0.25, seed=3)
    plain = cell.cell
    output, _ = cell(x, cell.zero_state(1, tf.float32))
    reference, _ = plain(x, plain.zero_state(1, tf.float32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        dropped, full = session.run([output, reference])
    kept = dropped != 0
    assert 0.2 < kept.mean() < 0.3
    np.testing.assert_allclose(dropped[kept], full[kept] * 4, rtol=1e-5)


def test_variational_masks_stay():
    x = tf.ones([3, 4, 5])
    cell = cells.DropoutWrapper(
        cells.BasicRNNCell(50), output_keep_prob=0.5, variational_recurrent=True, dtype=tf.float32
    )
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, second = (session.run(outputs) != 0 for _ in range(2))
    for mask in (first, second):
        assert (mask == mask[:1, :1]).all()
    assert (first[0, 0] != second[0, 0]).any()


def test_cells_have_configurations():
    for cell in (
        cells.BasicRNNCell(3),
        cells.GRUCell(3),
        cells.BasicLSTMCell(3),
        cells.LSTMCell(3),
    ):
        again = type(cell).from_config(cell.get_config())
        assert again.state_size == cell.state_size and again.name == cell.name


def test_what_is_no_cell_says_why():
    with pytest.raises(TypeError, match="is not an RNNCell: 'output_size' property is missing"):
        tf.nn.dynamic_rnn(object(), tf.zeros([1, 2, 3]), dtype=tf.float32)
    with pytest.raises(ValueError, match="must be a vector"):
        tf.nn.static_rnn(cells.GRUCell(2), [tf.zeros([3, 4])], dtype=tf.float32, sequence_length=4)
    with pytest.raises(ValueError, match="already exists"):
        with tf.variable_scope("a"):
            cells.GRUCell(2, name="g")(tf.zeros([1, 2]), tf.zeros([1, 2]))
        with tf.variable_scope("a"):
            cells.GRUCell(2, name="g")(tf.zeros([1, 2]), tf.zeros([1, 2]))


def test_a_getter_that_freezes():
    def frozen(getter, *args, **kwargs):
        kwargs["trainable"] = False
        return getter(*args, **kwargs)

    with tf.variable_scope("root", custom_getter=frozen):
        cell = cells.BasicRNNCell(2)
        cell(tf.zeros([1, 2]), tf.zeros([1, 2]))
    assert not cell.trainable_variables and len(cell.non_trainable_variables) == 2
