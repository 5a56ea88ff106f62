# SPDX-License-Identifier: Apache-2.0
"""Variables that are changed by elementwise expressions, some of which are written in place."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import caudal as tf

SHAPES = [(5, 7), (5, 7), (5, 7), (7,), (1, 7), ()]
UNARY = ("square", "tanh", "negative", "abs")
BINARY = ("add", "multiply", "subtract", "maximum")

STEP = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 5)),
    st.tuples(st.just("unary"), st.sampled_from(UNARY), st.integers(0, 30)),
    st.tuples(st.just("binary"), st.sampled_from(BINARY), st.integers(0, 30), st.integers(0, 30)),
    st.tuples(st.just("binary"), st.sampled_from(BINARY), st.integers(0, 30), st.integers(0, 30)),
    st.tuples(st.just("assign"), st.integers(0, 5), st.integers(0, 30)),
    st.tuples(st.just("assign"), st.integers(0, 5), st.integers(0, 30)),
    st.tuples(st.just("add_to"), st.integers(0, 5), st.integers(0, 30)),
)


@settings(max_examples=60)
@given(st.lists(STEP, min_size=4, max_size=28), st.lists(st.integers(0, 30), max_size=3))
def test_reads_and_writes_happen_in_the_order_in_which_they_were_made(steps, fetched):
    random = np.random.RandomState(len(steps))
    start = [random.uniform(-1, 1, shape).astype("f") for shape in SHAPES]
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.Variable(value) for value in start]
        session.run(tf.global_variables_initializer())
        state = [value.copy() for value in start]
        values = [(v.read_value(), s.copy()) for v, s in zip(variables, state)]
        writes = []

        def write(index, source, adds):
            tensor, expected = source
            if expected.shape != SHAPES[index]:
                return
            change = tf.assign_add if adds else tf.assign
            writes.append(change(variables[index], tensor).op)
            state[index] = state[index] + expected if adds else expected.copy()

        for step in steps:
            operands = [values[k % len(values)] for k in step[2:]]
            if step[0] == "read":
                values.append((variables[step[1]].read_value(), state[step[1]].copy()))
            elif step[0] in ("assign", "add_to"):
                write(step[1], operands[0], step[0] == "add_to")
            else:
                computed = getattr(np, step[1])(*[expected for _, expected in operands])
                made = getattr(tf, step[1])(*[tensor for tensor, _ in operands])
                values.append((made, np.asarray(computed, "f")))
        wanted = [values[k % len(values)] for k in fetched]
        # Fetches of what is merely read show the end of the run: these are computed with.
        results, _ = session.run([[tensor * 1.0 for tensor, _ in wanted], writes])
        for result, (_, expected) in zip(results, wanted):
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
        for variable, expected in zip(variables, state):
            np.testing.assert_allclose(session.run(variable), expected, rtol=1e-5, atol=1e-5)


def test_a_failed_check_keeps_the_variable():
    value = tf.placeholder(tf.float32, [3])
    variable = tf.Variable(tf.ones([3]))
    new = tf.tanh(variable * 2.0 + value)
    with tf.control_dependencies([tf.check_numerics(new, "not a number")]):
        update = tf.assign(variable, new)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        try:
            session.run(update.op, {value: [0.0, np.nan, 0.0]})
        except tf.errors.InvalidArgumentError:
            pass
        assert session.run(variable).tolist() == [1.0, 1.0, 1.0]
        session.run(update.op, {value: [0.0, 0.0, 0.0]})
        np.testing.assert_allclose(session.run(variable), np.tanh([2.0] * 3), rtol=1e-6)


def test_an_optimizer_step_copies_nothing():
    """Means of gradient and square and the variable itself, as one step."""
    p, m, v = (tf.Variable(tf.random_uniform([40, 30]), name=n) for n in "pmv")
    g = tf.placeholder(tf.float32, [40, 30])
    new_m = 0.9 * m + 0.1 * g
    new_v = 0.99 * v + 0.01 * tf.square(g)
    new_p = p - 0.1 * new_m / (tf.sqrt(new_v) + 1e-3)
    step = tf.group(tf.assign(m, new_m), tf.assign(v, new_v), tf.assign(p, new_p))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([p, m, v])
        gradient = np.random.RandomState(1).randn(40, 30).astype("f")
        metadata = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        session.run(step, {g: gradient}, options=options, run_metadata=metadata)
        ran = [n.timeline_label for d in metadata.step_stats.dev_stats for n in d.node_stats]
        assert not [label for label in ran if "Assign" in label]
        em = 0.9 * before[1] + 0.1 * gradient
        ev = 0.99 * before[2] + 0.01 * gradient**2
        expected = [before[0] - 0.1 * em / (np.sqrt(ev) + 1e-3), em, ev]
        for got, want in zip(session.run([p, m, v]), expected):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
