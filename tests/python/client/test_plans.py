# SPDX-License-Identifier: Apache-2.0
"""What a plan may not change: order, aliasing, errors, interruption; and random programs, planned
in several ways, against each other."""

import os
import random
import signal
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import caudal as tf
from caudal import _core


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def three_devices():
    return tf.Session(config=tf.ConfigProto(device_count={"CPU": 3}))


def initialised():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def endless_loop():
    return tf.while_loop(lambda i: i < 10**9, lambda i: i + 1, [0])


def test_an_activation_behind_a_control_edge_is_not_absorbed():
    a = tf.placeholder(tf.float32, [2, 2])
    product = tf.matmul(a, a)
    with tf.control_dependencies([product]):
        r = tf.nn.relu(a)
    with tf.Session() as s:
        np.testing.assert_array_equal(s.run(r, {a: np.full((2, 2), 3.0)}), np.full((2, 2), 3.0))


def test_a_product_with_a_variable_does_not_move_past_a_write():
    x = tf.placeholder(tf.float32, [2, 2])
    v = tf.Variable(np.ones((2, 2), np.float32))
    product = tf.matmul(x, tf.assign(v, np.ones((2, 2), np.float32)))
    later = tf.assign_add(v, np.full((2, 2), 100, np.float32))
    r = product + tf.constant([0.0, 0.0])
    with initialised() as s:
        got = s.run([r, later.op], {x: np.ones((2, 2))})[0]
        np.testing.assert_array_equal(got, np.full((2, 2), 2.0))


def test_a_variable_fetched_with_its_initializer_has_its_value():
    v = tf.Variable(np.full(3, 7, np.float32))
    with tf.Session() as s:
        np.testing.assert_array_equal(s.run([v.initializer, v])[1], [7, 7, 7])


def test_fetched_variables_show_what_the_run_left():
    """As TensorFlow, whose fetches share the variable's memory."""
    v = tf.Variable([1.0, 2.0])
    step = tf.train.get_or_create_global_step()
    loss = tf.reduce_sum(tf.square(v))
    train = tf.train.GradientDescentOptimizer(0.25).minimize(loss, global_step=step)
    column, doubled = tf.reshape(v, [2, 1]), v * 2.0
    with initialised() as s:
        got = s.run([step, v, column, loss, train, doubled])
        assert got[0] == 1 and got[3] == 5.0
        np.testing.assert_array_equal(got[1], [0.5, 1.0])
        np.testing.assert_array_equal(got[2], [[0.5], [1.0]])
        np.testing.assert_array_equal(got[5], [2.0, 4.0])  # computed, so from what it read


def test_fetched_variables_show_what_several_segments_left():
    v = tf.Variable([1.0])
    total = tf.reduce_sum(tf.unique(tf.placeholder_with_default([1.0, 2.0], [None]))[0])
    first = tf.assign_add(v, [1.0])
    early = tf.identity(first)
    late = tf.assign_add(v, [total])
    with initialised() as s:
        assert s.run([v, early, late.op, late]) == [[5.0], [5.0], None, [5.0]]


def test_variable_set_from_a_value_of_data_dependent_shape():
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(tf.unique(x)[0], validate_shape=False)
    with tf.Session() as s:
        got = s.run([v.initializer, v], {x: [1, 2, 2]})[1]
        np.testing.assert_array_equal(got, [1, 2])


def test_a_string_read_before_a_write_stays():
    v = tf.Variable(["old"])
    read = tf.identity(v)
    view = tf.reshape(read, [])
    write = tf.assign(v, ["new"])
    with tf.control_dependencies([write]):
        joined = [tf.string_join([t, "x"]) for t in (read, view, v.read_value())]
    with initialised() as s:
        assert s.run(joined) == [[b"oldx"], b"oldx", [b"newx"]]
        s.run(v.initializer)
        assert s.run([joined[0], view, read, v, write]) == [
            [b"oldx"], b"old", [b"old"], [b"old"], [b"new"]
        ]  # fmt: skip


def test_constants_hand_on_their_control_inputs_across_devices():
    with tf.device("/cpu:1"):
        v = tf.Variable(0.0)
        noise = tf.random_uniform([300, 300])
        write = tf.assign(v, tf.reduce_sum(tf.matmul(noise, noise)) * 0 + 5)
    with tf.control_dependencies([write]):
        c = tf.constant(1.0)
    flag = []
    with tf.device("/cpu:2"), tf.control_dependencies([c]):
        r = tf.py_func(lambda: np.float32(flag.append(0) or 2), [], tf.float32)
    with tf.control_dependencies([c]):
        r = r + v.read_value()
    with three_devices() as s:
        s.run(v.initializer)
        for _ in range(20):
            assert s.run(r) == 7


def test_a_failing_device_stops_the_others_and_the_session_goes_on():
    x = tf.placeholder(tf.int32, [])
    parts = []
    for d in range(3):
        with tf.device("/cpu:%d" % d):
            y = tf.cast(x, tf.float32)
            for k in range(8):
                y = tf.tanh(y + k)
            parts.append(y)
    with tf.device("/cpu:1"):
        parts.append(tf.gather(tf.constant([1.0, 2.0]), x) + parts[0])
    with tf.device("/cpu:2"):
        parts.append(parts[3] * parts[2])
    with three_devices() as s:
        for k in range(60):
            if k % 3 < 2:
                s.run(parts, {x: k % 3})
            else:
                with pytest.raises(tf.errors.InvalidArgumentError, match="indices"):
                    s.run(parts, {x: k % 3})


def test_shapes_beyond_memory_are_errors():
    dims = tf.placeholder(tf.int64, [2])
    r = tf.reduce_sum(tf.fill(dims, 1.0) * tf.random_uniform([]))
    with tf.Session() as s:
        for bad in ([1 << 31, 1 << 31], [1 << 40, 1 << 21], [1 << 30, 1 << 20], [1 << 62, 2]):
            with pytest.raises(tf.errors.OpError):
                s.run(r, {dims: bad})


def test_a_shape_taken_from_a_ref_is_an_error_and_does_not_hang():
    x = tf.placeholder(tf.float32, [6])
    shape = tf.Variable([2, 3])
    r = tf.reshape(x, tf.assign(shape, [3, 2]))
    with initialised() as s, pytest.raises(tf.errors.UnimplementedError, match="tf.identity"):
        s.run(r, {x: np.arange(6.0)})


def test_feeds_may_be_temporaries_but_not_doubled():
    x = tf.placeholder(tf.float32, [200000])
    y = x * 2
    session = tf.Session()
    s = session._session
    signature = s.prepare([x._key], [y._key], [])
    got = s.run(signature, (np.ones(200000, np.float32) for _ in range(1)))[0]
    assert (got == 2).all()
    with pytest.raises(_core.Error, match="fed more than once"):
        s.prepare([x._key, x._key], [y._key], [])


def test_attrs_that_fix_the_node_cannot_be_changed():
    x = tf.constant([1.0])
    total = tf.add_n([x, x])
    core = total.graph._core
    for name, value in (("T", 3), ("N", 5)):
        with pytest.raises(_core.Error, match="cannot be changed"):
            core.set_attr(total.op._id, name, value)
    core.set_attr(total.op._id, "_mark", "here")
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.Session(config=tf.ConfigProto(device_count={"CPU": 100000}))


def test_the_log_sink_may_run_the_session():
    x = tf.placeholder(tf.float32, [None])
    y = x * 2
    s = tf.Session()
    lines = []

    def sink(text):
        lines.append(text)
        s.run(y, {x: [1.0]})

    _core.set_log_sink(sink)
    try:
        for n in range(1, 40):
            s.run(y, {x: np.ones(n)})
    finally:
        _core.set_log_sink(None)
    assert len(lines) == 1 and "keeps changing" in lines[0]


def test_placement_is_logged_once_per_node():
    with tf.device("/cpu:1"):
        x = tf.placeholder_with_default(np.ones(2, np.float32), [None], name="x")
    y = tf.negative(x, name="y")
    lines = []
    config = tf.ConfigProto(log_device_placement=True, device_count={"CPU": 2})
    _core.set_log_sink(lines.append)
    try:
        with tf.Session(config=config) as s:
            s.run(y)
            s.run(y, {x: np.ones(5)})
    finally:
        _core.set_log_sink(None)
    prefix = "/job:localhost/replica:0/task:0/device:CPU:"
    assert "y: (Neg): %s0" % prefix in lines
    assert "x: (PlaceholderWithDefault): %s1" % prefix in lines
    assert len(lines) == len(set(lines))


def on_device_two(make):
    with tf.device("/cpu:2"):
        value = make()
    return value + 1


@pytest.fixture
def interrupts():
    """Python's own handling of Ctrl-C, also where the test runner's parent ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("devices", [1, 3])
def test_ctrl_c_ends_a_loop_and_the_session_stays_usable(devices, interrupts):
    loop = on_device_two(endless_loop) if devices == 3 else endless_loop()
    one = tf.constant(1)
    with three_devices() if devices == 3 else tf.Session() as s:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            s.run(loop)
        timer.join()
        assert s.run(one) == 1


def long_chain():
    x = tf.random_uniform([700, 700])
    for _ in range(60):
        x = tf.matmul(x, x) * 1e-3
    return tf.reduce_sum(x)


def test_timeouts():
    chain, loop, far = long_chain(), endless_loop(), on_device_two(endless_loop)
    options = tf.RunOptions(timeout_in_ms=30)
    with three_devices() as s:
        for fetch in (chain, loop, far):
            with pytest.raises(tf.errors.DeadlineExceededError):
                s.run(fetch, options=options)
        assert s.run(tf.constant(2), options=tf.RunOptions(timeout_in_ms=2**62)) == 2


def test_ctrl_c_between_long_steps(interrupts):
    chain = long_chain()
    with tf.Session() as s:
        s.run(chain)
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            while True:
                s.run(chain)
        timer.join()
        assert np.isfinite(s.run(tf.constant(1.0)))


@pytest.mark.parametrize("devices", [1, 3])
def test_close_cancels_a_run_of_another_thread(devices):
    loop = on_device_two(endless_loop) if devices == 3 else endless_loop()
    s = three_devices() if devices == 3 else tf.Session()
    threading.Timer(0.2, s.close).start()
    with pytest.raises(tf.errors.CancelledError, match="closed"):
        s.run(loop)


def test_a_fused_group_reads_a_view_of_what_it_could_overwrite():
    x = tf.placeholder(tf.float32, [3, 4])
    a = tf.matmul(x, tf.constant(np.eye(4, dtype=np.float32)))
    view = tf.reshape(a, [3, 4])
    first = view * 2.0 - view
    kept = tf.nn.relu(first)
    r = first + a
    with tf.Session() as s:
        value = np.arange(-6.0, 6.0).reshape(3, 4)
        got = s.run([tf.reduce_sum(kept), tf.reduce_sum(r * kept)], {x: value})
        positive = value.clip(0)
        np.testing.assert_allclose(got, [positive.sum(), (2 * value * positive).sum()])


class Programs:
    """A random program: elementwise, products, views, writes and reads of variables, control flow,
    values of data-dependent shape and control edges, spread over three devices."""

    def __init__(self, seed, devices):
        self.rnd = random.Random(seed)
        self.devices = devices
        self.data = np.random.RandomState(seed)
        x = tf.placeholder(tf.float32, [None, 4])
        rows = self.rnd.choice([1, 3, 4])
        self.feeds = {x: self.data.randn(rows, 4).astype(np.float32)}
        start = [self.data.randn(4, 4).astype(np.float32) for _ in range(2)]
        self.variables = [tf.Variable(v) for v in start]
        self.matrices = [x, x * 0.5]
        self.squares = [tf.identity(self.variables[0]), tf.constant(np.eye(4, dtype=np.float32))]
        self.scalars = [tf.constant(0.25), tf.reduce_mean(x)]
        self.vectors = [tf.constant([1.0, -1.0, 0.5, 2.0])]
        self.made = []

    def pick(self, values):
        return values[self.rnd.randrange(max(0, len(values) - 6), len(values))]

    def variable(self):
        return self.rnd.choice(self.variables)

    def build(self, steps):
        for _ in range(steps):
            device = "/cpu:%d" % self.rnd.randrange(3)
            edges = [self.rnd.choice(self.made)] if self.made and self.rnd.random() < 0.25 else []
            with tf.device(device if self.devices > 1 else None), tf.control_dependencies(edges):
                self.made.append(self.step())
        return [self.rnd.choice(self.made) for _ in range(6)] + self.variables

    def step(self):
        m, q = self.pick(self.matrices), self.pick(self.squares)
        other, b, s = self.pick(self.matrices), self.pick(self.vectors), self.pick(self.scalars)
        kind = self.rnd.randrange(20)
        matrix = {
            0: lambda: m + other,
            1: lambda: tf.tanh(m),
            2: lambda: tf.nn.relu(m),
            3: lambda: tf.tanh(tf.matmul(m, q)),
            4: lambda: tf.nn.relu(tf.nn.bias_add(tf.matmul(m, q), b)),
            5: lambda: tf.matmul(m, q) + b,
            6: lambda: tf.reshape(tf.reshape(m, [-1]), [-1, 4]),
            7: lambda: tf.concat([m[:, :2], other[:, 2:]], 1),
            8: lambda: m * s - other,
            9: lambda: tf.nn.softmax(m),
            10: lambda: self.branch(m, q, s),
            11: lambda: self.loop(m, q, s),
        }
        square = {
            12: lambda: tf.tanh(tf.identity(self.variable())),
            13: lambda: tf.identity(self.variable()),
            14: lambda: tf.assign(self.variable(), tf.tanh(q)),
            15: lambda: tf.identity(tf.assign_add(self.variable(), q * 0.1)),
            16: lambda: tf.assign_add(self.variable(), q * 0.1),
        }
        for makers, values in ((matrix, self.matrices), (square, self.squares)):
            if kind in makers:
                values.append(makers[kind]())
                return values[-1]
        if kind == 17:
            self.vectors.append(q[1] * 1.0)
            return self.vectors[-1]
        if kind == 18:
            self.scalars.append(tf.reduce_sum(tf.boolean_mask(m, other[:, 0] > 0)) * 0.01)
            return self.scalars[-1]
        return tf.group(m, s)

    def branch(self, m, q, s):
        v, z = self.variable(), self.rnd.random()

        def no():
            with tf.control_dependencies([tf.assign_add(v, q * 0.1)] if z < 0.3 else []):
                return tf.tanh(m)

        return tf.cond(s > 0, lambda: tf.matmul(m, q) if z < 0.5 else m, no)

    def loop(self, m, q, s):
        v, z = self.variable(), self.rnd.random()

        def body(i, y):
            if z < 0.5:
                return i + 1, tf.tanh(tf.matmul(y, v if z < 0.3 else q))
            return i + 1, y if z < 0.7 else y * 0.9 + s

        return tf.while_loop(lambda i, _: i < 3, body, [0, m])[1]


def run_program(seed, devices, optimize, poison):
    tf.reset_default_graph()
    program = Programs(seed, devices)
    fetches = program.build(30)
    config = tf.ConfigProto(device_count={"CPU": devices})
    config.graph_options.rewrite_options.disable_meta_optimizer = not optimize
    values = []
    session_type = type("TestedSession", (tf.Session,), {"_core_options": {"poison_arena": poison}})
    with session_type(config=config) as s:
        s.run(tf.global_variables_initializer())
        for _ in range(2):
            values += [v for v in s.run(fetches, program.feeds) if v is not None]
        values += s.run(program.variables)
    return values


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**31))
def test_all_ways_to_run_a_program_agree(seed):
    expected = run_program(seed, 1, optimize=False, poison=False)
    for devices, optimize, poison in ((1, True, True), (3, True, True), (3, False, False)):
        got = run_program(seed, devices, optimize, poison)
        assert len(got) == len(expected)
        for e, g in zip(expected, got):
            np.testing.assert_allclose(g, e, 2e-3, 2e-3)
