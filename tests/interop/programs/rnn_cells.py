# SPDX-License-Identifier: Apache-2.0
"""Cells of tf.nn.rnn_cell: variables, outputs, states and gradients of one and two steps."""

import numpy as np

import caudal as tf

cells = tf.nn.rnn_cell


def fill(session):
    """Gives every variable values that do not depend on random numbers."""
    for number, v in enumerate(tf.global_variables()):
        size = int(np.prod(v.get_shape().as_list()))
        values = np.sin(np.arange(size) * 0.7 + number).reshape(v.get_shape().as_list()) * 0.6
        v.load(values.astype(v.dtype.as_numpy_dtype), session)


def flat(structure):
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flat(part)]
    return [structure]


def show(title, make, size=3, dtype=tf.float32):
    tf.reset_default_graph()
    x = tf.placeholder(dtype, [None, size], name="x")
    cell = make()
    state = cell.zero_state(2, dtype)
    print(title, type(cell).__name__, cell.state_size, cell.output_size)
    print([t.name for t in flat(state)])
    first, middle = cell(x, state)
    output, last = cell(x * 0.5, middle)
    print(output.name, output.dtype.name, [t.name for t in flat(last)])
    for v in tf.global_variables():
        print(v.name, v.get_shape(), v.dtype.base_dtype.name, v in tf.trainable_variables())
    print([v.name for v in cell.trainable_variables], len(cell.weights), cell.built)
    loss = tf.reduce_sum(tf.square(output)) + sum(
        tf.reduce_sum(t * t) for t in [first] + flat(last)
    )
    targets = [x] + tf.trainable_variables()
    gradients = tf.gradients(loss, targets)
    with tf.Session() as session:
        fill(session)
        data = np.cos(np.arange(2 * size)).reshape(2, size)
        results = session.run([output] + flat(last), {x: data})
        for value in results:
            print("value", value.shape, *value.ravel())
        for value in session.run(gradients, {x: data}):
            print("gradient", value.shape, np.abs(value).sum(), *value.ravel()[:7])


show("basic", lambda: cells.BasicRNNCell(4))
show("basic relu", lambda: cells.BasicRNNCell(4, activation=tf.nn.relu, name="mine"))
show("gru", lambda: cells.GRUCell(4))
show(
    "gru initializers",
    lambda: cells.GRUCell(
        3,
        kernel_initializer=tf.constant_initializer(0.3),
        bias_initializer=tf.constant_initializer(0.1),
    ),
)
show("lstm", lambda: cells.BasicLSTMCell(4))
show("lstm double", lambda: cells.BasicLSTMCell(2, forget_bias=0.0), dtype=tf.float64)
show("lstm joined", lambda: cells.BasicLSTMCell(4, state_is_tuple=False, activation="relu"))
show("full lstm", lambda: cells.LSTMCell(4))
show(
    "peepholes",
    lambda: cells.LSTMCell(
        4, use_peepholes=True, cell_clip=0.4, num_proj=3, proj_clip=0.3, forget_bias=0.5
    ),
)
show("projected, joined", lambda: cells.LSTMCell(4, num_proj=2, state_is_tuple=False))
show("stack", lambda: cells.MultiRNNCell([cells.GRUCell(4), cells.BasicLSTMCell(3)]))
show(
    "joined stack",
    lambda: cells.MultiRNNCell(
        [cells.GRUCell(4), cells.BasicLSTMCell(3, state_is_tuple=False)], state_is_tuple=False
    ),
)
show("residual", lambda: cells.ResidualWrapper(cells.BasicRNNCell(3)))
show("residual function", lambda: cells.ResidualWrapper(cells.GRUCell(3), lambda i, o: i * 2 - o))
show("no dropout", lambda: cells.DropoutWrapper(cells.BasicLSTMCell(4), output_keep_prob=1.0))
show("device", lambda: cells.DeviceWrapper(cells.BasicRNNCell(2), "/cpu:0"))


def dropout(seed, graph_seed, **kwargs):
    tf.reset_default_graph()
    tf.set_random_seed(graph_seed)
    wrapped = cells.DropoutWrapper(cells.BasicLSTMCell(3), seed=seed, **kwargs)
    x = tf.ones([4, 3])
    state = wrapped.zero_state(4, tf.float32)
    output, state = wrapped(x, state)
    output, state = wrapped(x, state)
    with tf.Session() as session:
        fill(session)
        for value in session.run([output] + flat(state)):
            print("dropout", *value.ravel())


dropout(3, 7, input_keep_prob=0.5, output_keep_prob=0.6, state_keep_prob=0.7)
dropout(5, 1, output_keep_prob=0.5, state_keep_prob=0.8, input_keep_prob=0.9,
        variational_recurrent=True, input_size=3, dtype=tf.float32)  # fmt: skip
dropout(5, 2, state_keep_prob=0.5, dropout_state_filter_visitor=lambda s: True)


def attempt(title, function):
    tf.reset_default_graph()
    try:
        function()
        print(title, "went well")
    except (ValueError, TypeError, NotImplementedError, AttributeError) as error:
        print(title, type(error).__name__, str(error).split("\n")[0][:60])


def call(cell, size=3, **kwargs):
    return cell(tf.zeros([2, size]), cell.zero_state(2, tf.float32), **kwargs)


attempt("empty", lambda: cells.MultiRNNCell([]))
attempt("no list", lambda: cells.MultiRNNCell("cells"))
attempt("states", lambda: cells.MultiRNNCell([cells.BasicLSTMCell(2)], state_is_tuple=False))
attempt("probability", lambda: cells.DropoutWrapper(cells.GRUCell(2), input_keep_prob=1.5))
attempt("dtype", lambda: cells.DropoutWrapper(cells.GRUCell(2), variational_recurrent=True))
attempt("no cell", lambda: cells.DropoutWrapper("cell"))
attempt("abstract", lambda: cells.RNNCell().state_size)


def unknown_depth():
    cell = cells.GRUCell(2)
    cell(tf.placeholder(tf.float32, [2, None]), cell.zero_state(2, tf.float32))


def reused():
    with tf.variable_scope("a"):
        call(cells.GRUCell(2))
    with tf.variable_scope("a", reuse=True):
        call(cells.GRUCell(2))
    call(cells.GRUCell(2), scope="other")
    call(cells.MultiRNNCell([cells.GRUCell(2)] * 2), size=2, scope="shared")
    with tf.variable_scope("a", reuse=True):
        call(cells.GRUCell(2, reuse=True))
    print([v.name for v in tf.global_variables()])


attempt("unknown depth", unknown_depth)
attempt("rank", lambda: cells.GRUCell(2)(tf.zeros([2, 3, 4]), tf.zeros([2, 2])))
attempt("integers", lambda: cells.GRUCell(2, dtype=tf.int32))
attempt("reuse", reused)


class Minimal(cells.RNNCell):
    """A user's cell that makes its variables in call."""

    @property
    def state_size(self):
        return 2

    @property
    def output_size(self):
        return 2

    def call(self, inputs, state):
        w = tf.get_variable("w", [3, 2])
        new = tf.tanh(tf.matmul(inputs, w) + state)
        return new, new


show("own", Minimal)
