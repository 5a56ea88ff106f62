# SPDX-License-Identifier: Apache-2.0
"""Groups that read parts of split tensors and write parts of joined ones; cut products."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import caudal as tf

pytestmark = pytest.mark.no_graph
BOTH = (True, False)


def run_both(build, feeds):
    """What `build` computes with the plan's optimizations and without, and the optimized plan."""
    results, plan = [], ""
    for level in BOTH:
        graph = tf.Graph()
        with graph.as_default():
            placeholders = [tf.placeholder(f.dtype, f.shape) for f in feeds]
            fetches = build(*placeholders)
        options = tf.OptimizerOptions(
            opt_level=tf.OptimizerOptions.L1 if level else tf.OptimizerOptions.L0
        )
        config = tf.ConfigProto(graph_options=tf.GraphOptions(optimizer_options=options))
        with tf.Session(graph=graph, config=config) as session:
            results.append(session.run(fetches, dict(zip(placeholders, feeds))))
            if level:
                core = session._session
                signature = core.prepare(
                    [p._key for p in placeholders], [f._key for f in fetches], []
                )
                plan = core.plan_text(signature, list(feeds))
    for ours, plain in zip(*results):
        np.testing.assert_allclose(ours, plain, rtol=2e-6, atol=2e-6)
    return results[0], plan


def values(rng, *shape, dtype=np.float32):
    return np.asarray(rng.uniform(-2, 2, shape), dtype)


@settings(max_examples=60)
@given(
    rows=st.integers(0, 5),
    width=st.sampled_from([1, 3, 64, 70, 128, 600]),
    depth=st.integers(1, 3),
    axis=st.integers(0, 2),
    dtype=st.sampled_from([np.float32, np.float64, np.int32]),
    seed=st.integers(0, 99),
)
def test_split_compute_join(rows, width, depth, axis, dtype, seed):
    rng = np.random.default_rng(seed)
    shape = [rows, depth, width]
    whole = list(shape)
    whole[axis] *= 3
    x, y, bias = values(rng, *whole, dtype=dtype), values(rng, *shape, dtype=dtype), None
    bias = values(rng, width, dtype=dtype)

    def build(x, y, bias):
        a, b, c = tf.split(x, 3, axis=axis)
        p = (a * b + y) * bias
        q = tf.maximum(c, p) - b
        return [tf.concat([q, p + a, q * y], axis=axis), tf.reduce_sum(c), p * c]

    run_both(build, [x, y, bias])


def test_lstm_cell_has_no_copies():
    rng = np.random.default_rng(1)

    def build(gates, c, dh):
        i, j, f, o = tf.split(gates, 4, axis=1)
        new_c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(new_c) * tf.sigmoid(o)
        return [h, new_c, *tf.gradients(h, [gates, c], grad_ys=[dh])]

    feeds = [values(rng, 9, 512), values(rng, 9, 128), values(rng, 9, 128)]
    _, plan = run_both(build, feeds)
    assert "Split" not in plan and "ConcatV2" not in plan
    assert " joined" in plan


@pytest.mark.parametrize("threads", [1, 2])
def test_results_do_not_depend_on_threads(threads):
    rng = np.random.default_rng(2)
    x = values(rng, 300, 4 * 96)
    with tf.Graph().as_default():
        a, b, c, d = tf.split(tf.constant(x), 4, axis=1)
        joined = tf.concat([tf.tanh(a) * b, tf.exp(c) + b, d - a], axis=1)
        config = tf.ConfigProto(intra_op_parallelism_threads=threads)
        with tf.Session(config=config) as session:
            ours = session.run(joined)
    a, b, c, d = np.split(x, 4, axis=1)
    wanted = np.concatenate([np.tanh(a) * b, np.exp(c) + b, d - a], axis=1)
    np.testing.assert_allclose(ours, wanted, rtol=2e-6, atol=1e-6)


def test_a_part_of_a_variable_is_read_before_it_is_written():
    with tf.Graph().as_default():
        v = tf.Variable(np.ones((4, 256), np.float32), use_resource=False)
        a, b = tf.split(v.read_value(), 2, axis=1)
        with tf.control_dependencies([a, b]):
            write = v.assign(tf.zeros_like(v))
        with tf.control_dependencies([write]):
            late = tf.identity(a) * 2.0 + b
        with tf.Session() as session:
            session.run(v.initializer)
            np.testing.assert_array_equal(session.run(late), np.full((4, 128), 3.0))


@pytest.mark.parametrize("transpose_b", BOTH)
@pytest.mark.parametrize("first, size", [(0, 40), (28, 128), (155, 1), (0, 156), (10, 0)])
def test_columns_of_a_product(transpose_b, first, size):
    rng = np.random.default_rng(3)
    a = values(rng, 33, 80)
    b = values(rng, 156, 80) if transpose_b else values(rng, 80, 156)

    def build(a, b):
        product = tf.matmul(a, b, transpose_b=transpose_b)
        return [tf.slice(product, [0, first], [-1, size])]

    (ours,), _ = run_both(build, [a, b])
    wanted = (a @ (b.T if transpose_b else b))[:, first : first + size]
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5)


def test_a_cut_product_takes_no_step_of_its_own():
    rng = np.random.default_rng(4)
    _, plan = run_both(
        lambda a, b: [tf.slice(tf.matmul(a, b, transpose_b=True), [0, 28], [-1, 128])],
        [values(rng, 128, 512), values(rng, 156, 512)],
    )
    assert "MatMul+Slice" in plan
