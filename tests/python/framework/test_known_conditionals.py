# SPDX-License-Identifier: Apache-2.0
"""Conditionals whose predicate a plan knows become part of it; nothing else may change.

Every model is run twice: with a fed bool, which plans know, and with a fed vector whose element it
is, which they do not. The two run the same sequence of predicates and must agree.
"""

import random
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import caudal as tf
from caudal import _core
from caudal.framework.op_factory import apply

SEQUENCE = (True, False, True, True, False)
X = np.linspace(-1.0, 2.0, 12).astype(np.float32).reshape(3, 4)


def plan_text(session, fetches, feeds):
    tensors = [f._key for f in fetches if isinstance(f, tf.Tensor)]
    targets = [f._id for f in fetches if isinstance(f, tf.Operation)]
    core = session._session
    signature = core.prepare([t._key for t in feeds], tensors, targets)
    values = [np.asarray(v, t.dtype.as_numpy_dtype) for t, v in feeds.items()]
    return core.plan_text(signature, values)


def history(model, known, sequence=SEQUENCE, **options):
    """What a model gives and leaves behind, run by run; errors as their texts."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        vector = tf.placeholder(tf.bool, [1], name="training")
        p = vector[0]
        fed = p if known else vector
        fetches = model(x, p)
        state = tf.global_variables()
        out = []
        config = tf.ConfigProto(device_count={"CPU": options.get("devices", 1)})
        with tf.Session(config=config) as session:
            session.run(tf.global_variables_initializer())
            for training in sequence:
                feeds = {x: X, fed: training if known else [training]}
                try:
                    out.append(session.run(fetches, feeds))
                except tf.errors.OpError as e:
                    out.append("%s of %s" % (type(e).__name__, e.op.name if e.op else None))
                out.append(session.run(state))
            if known and not options.get("general") and not isinstance(out[-2], str):
                tensors = [t for t in graph.get_operations() if t.type == "If"]
                assert tensors, "the model has no conditional"
                text = plan_text(session, tf.nest.flatten(fetches), {x: X, fed: sequence[-1]})
                head = text.split("in cond")[0]
                assert not re.search(r"^\d+  If", head, re.M), text
    return out


def agree(model, **options):
    got, want = history(model, True, **options), history(model, False, **options)
    for a, b in zip(tf.nest.flatten(got), tf.nest.flatten(want)):
        if isinstance(b, str):
            assert a == b
        elif isinstance(b, np.ndarray) and b.dtype == object or isinstance(b, bytes):
            np.testing.assert_array_equal(a, b)
        elif b is not None:
            np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)
    return got


def dense(x, units, name):
    w = tf.get_variable(name, [int(x.shape[-1]), units], initializer=tf.ones_initializer())
    return tf.matmul(x, w)


def train(loss):
    return [loss, tf.train.GradientDescentOptimizer(0.01).minimize(loss)]


def dropout(x, p):
    return tf.cond(p, lambda: tf.nn.dropout(x, keep_prob=0.5), lambda: tf.identity(x))


# -- models ----------------------------------------------------------------------------------------


def dropout_network(x, p):
    h = dropout(tf.nn.relu(dense(x, 5, "a")), p)
    h = dropout(tf.nn.relu(dense(h, 5, "b")), p)
    return train(tf.reduce_mean(tf.square(h)))


def batch_normalization(x, p):
    h = tf.layers.batch_normalization(dense(x, 3, "a"), training=p)
    loss = tf.reduce_mean(tf.square(h - 1.0))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return [h] + train(loss)


def fused_batch_normalization(x, p):
    h = tf.reshape(tf.layers.dense(x, 4), [-1, 2, 1, 2])
    h = tf.layers.batch_normalization(h, training=p, fused=True)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return [h] + train(tf.reduce_mean(tf.square(h - 1.0)))


def layers_dropout(x, p):
    return train(tf.reduce_sum(tf.layers.dropout(tf.layers.dense(x, 3), 0.3, training=p)))


def nested(x, p):
    inner = tf.logical_not(p)

    def first():
        y = tf.cond(inner, lambda: x * 5.0, lambda: x * x * 3.0)
        return y + tf.cond(p, lambda: tf.sin(y), lambda: tf.cos(y))

    y = tf.cond(p, first, lambda: tf.cond(inner, lambda: tf.exp(x), lambda: x))
    return [y] + tf.gradients(y, x)


def nested_unknown(x, p):
    """A conditional on data within one that is known."""

    def first():
        return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.square(x) * x, lambda: tf.exp(x))

    y = tf.cond(p, first, lambda: -x)
    z = tf.cond(tf.reduce_sum(x) > 0, lambda: dropout(tf.square(y), p), lambda: y)
    g = tf.gradients(z, x)
    return [y, z] + g


def second_derivatives(x, p):
    y = tf.cond(p, lambda: x * x * tf.sin(x), lambda: tf.exp(x) * x)
    (g,) = tf.gradients(y, x)
    (h,) = tf.gradients(g * g, x)
    return [y, g, h] + tf.gradients(h, x)


def second_derivatives_nested(x, p):
    y = tf.cond(p, lambda: tf.cond(p, lambda: x * x * x, lambda: x), lambda: tf.exp(x) * x)
    (g,) = tf.gradients(y, x)
    return [g] + tf.gradients(g * g, x)


def gradient_of_gradient_only(x, p):
    y = tf.cond(p, lambda: x * x * tf.sin(x), lambda: tf.exp(x) * x)
    return tf.gradients(tf.gradients(y, x)[0], x)


def gradient_inside(x, p):
    def first():
        y = tf.cond(p, lambda: x * x * x, lambda: x)
        return tf.gradients(y, x)[0]

    y = tf.cond(p, first, lambda: x * 2.0)
    return [y] + tf.gradients(y, x)


def writes(x, p):
    v = tf.get_variable("v", [4], initializer=tf.zeros_initializer(), use_resource=True)
    before = v.read_value()

    def first():
        a = v.assign_add(x[0])
        with tf.control_dependencies([a]):
            b = v.read_value() * 2.0
        with tf.control_dependencies([b]):
            with tf.control_dependencies([v.assign_add(x[1])]):
                return b + v.read_value()

    def second():
        with tf.control_dependencies([v.assign_sub(x[2])]):
            return v.read_value()

    with tf.control_dependencies([before]):
        y = tf.cond(p, first, second)
    with tf.control_dependencies([y]):
        after = v.read_value()
        last = v.assign(after * 0.5)
    return [before, y, after, last]


def reference_writes(x, p):
    v = tf.get_variable("v", [3, 4], initializer=tf.zeros_initializer(), use_resource=False)
    y = tf.cond(p, lambda: tf.assign_add(v, x), lambda: tf.identity(v))
    z = tf.cond(p, lambda: tf.identity(v), lambda: v + 1.0)
    later = tf.assign_add(v, x * 10.0)
    return [y, z, later]


def variable_handed_out(x, p):
    """What a branch gave stays what it was, though the variable goes on."""
    v = tf.get_variable("v", [3, 4], initializer=tf.ones_initializer(), use_resource=False)
    y = tf.cond(p, lambda: v.read_value(), lambda: x)
    with tf.control_dependencies([y]):
        later = tf.assign_add(v, x)
    return [y, later.op, y + 0.0]


def effect_in_branch(x, p):
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer())

    def first():
        with tf.control_dependencies([tf.assign_add(v, 1.0)]):
            return tf.no_op()

    step = tf.cond(p, first, tf.no_op)
    with tf.control_dependencies([step]):
        return [tf.identity(v), tf.group(step)]


def random_streams(x, p):
    outer = tf.random_uniform([3])
    y = tf.cond(p, lambda: tf.random_normal([3]) + outer, lambda: tf.random_uniform([3], seed=3))
    z = tf.cond(p, lambda: tf.random_uniform([3]), lambda: tf.zeros([3]))
    return [outer, y, z, tf.random_normal([2])]


def dynamic_shapes(x, p):
    def first():
        kept = tf.boolean_mask(x, x[:, 0] > -0.5)
        return tf.reduce_sum(kept * tf.cast(tf.shape(kept)[0], tf.float32)) * x

    y = tf.cond(p, first, lambda: tf.square(x))
    return [y, y + 1.0] + tf.gradients(y * y, x)


def dynamic_results(x, p):
    y = tf.cond(p, lambda: tf.boolean_mask(x, x[:, 0] > 0), lambda: tf.concat([x, x], 0))
    return [y, tf.reduce_sum(y, 0), tf.shape(y)] + tf.gradients(y * y, x)


def dynamic_results_twice(x, p):
    def first():
        kept = tf.boolean_mask(x, x[:, 0] > 0)
        return kept, kept, tf.identity(kept)

    a, b, c = tf.cond(p, first, lambda: (x, x, x))
    return [a, b, c, tf.reduce_sum(a * b + c), tf.as_string(a)]


def dynamic_inputs(x, p):
    kept = tf.boolean_mask(x, x[:, 0] > -0.5)
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer(), use_resource=True)

    def first():
        with tf.control_dependencies([v.assign_add(tf.reduce_sum(kept))]):
            return tf.square(kept) * v.read_value()

    y = tf.cond(p, first, lambda: tf.identity(kept))
    with tf.control_dependencies([y]):
        after = v.read_value()
    return [kept, y, after] + tf.gradients(y, x)


def effects_after_data(x, p):
    """Writes in a branch that wait for a shape, and writes behind the conditional."""
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer(), use_resource=True)

    def first():
        n = tf.size(tf.unique(tf.reshape(tf.round(x), [-1]))[0])
        with tf.control_dependencies([v.assign_add(tf.reduce_sum(tf.ones([n])))]):
            return v.read_value()

    y = tf.cond(p, first, lambda: tf.constant(0.0))
    with tf.control_dependencies([y]):
        z = v.assign(v.read_value() * 2.0)
    return [y, z]


def loops(x, p):
    def first():
        return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), (0, x))[1]

    y = tf.cond(p, first, lambda: x)
    z = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, dropout(a, p) * x), (0, y))[1]
    return [y, z] + tf.gradients(y, x) + tf.gradients(z, x)


def constant_in_loop(x, p):
    """The tape of the inner conditional is kept by that of the loop."""

    def body(i, a):
        return i + 1, tf.cond(tf.constant(True), lambda: a * a * x, lambda: a)

    z = tf.while_loop(lambda i, a: i < 2, body, (0, x))[1]
    y = tf.cond(p, lambda: z * 2.0, lambda: x)
    return [y] + tf.gradients(y, x)


def conditional_around_a_loop(x, p):
    def first():
        step = lambda i, a: (i + 1, tf.cond(p, lambda: a * x, lambda: a))  # noqa: E731
        return tf.while_loop(lambda i, a: i < 2, step, (0, tf.sin(x)))[1]

    y = tf.cond(p, first, lambda: x)
    (g,) = tf.gradients(y, x)
    return [y, g] + tf.gradients(g * g, x)


def writes_around_an_error(x, p):
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer(), use_resource=True)
    first = v.assign_add(1.0)
    i = tf.cast(tf.reduce_sum(x), tf.int32)
    with tf.control_dependencies([first]):
        y = tf.cond(p, lambda: tf.gather([1.0, 2.0], i, name="pick"), lambda: tf.constant(1.0))
    with tf.control_dependencies([y]):
        return [v.assign_add(10.0)]


def slices(x, p):
    table = tf.get_variable("t", [6, 2], initializer=tf.ones_initializer())
    ids = tf.constant([1, 3, 1])
    y = tf.cond(p, lambda: tf.nn.embedding_lookup(table, ids), lambda: tf.zeros([3, 2]) + table[0])
    return train(tf.reduce_sum(tf.square(y)))


def strings(x, p):
    name = tf.cond(p, lambda: tf.constant(["a", "b"]) + "!", lambda: tf.as_string(tf.shape(x)))
    return [name, tf.string_join([name, name])]


def assertions(x, p):
    def first():
        with tf.control_dependencies([tf.assert_less(x, 1.0, name="small")]):
            return tf.identity(x)

    return tf.cond(p, first, lambda: x * 2.0)


def kernel_errors(x, p):
    i = tf.cast(tf.reduce_sum(x), tf.int32)
    return tf.cond(p, lambda: tf.gather([1.0, 2.0], i, name="pick"), lambda: tf.reduce_sum(x))


def shape_errors(x, p):
    y = tf.slice(x, [0, 0], [tf.size(x) - 10, 4])
    return tf.cond(p, lambda: tf.add(x, y, name="mismatch"), lambda: x)


def uninitialised(x, p):
    v = tf.Variable([1.0], collections=["none"], name="never")
    return tf.cond(p, lambda: tf.identity(v), lambda: x[0])


def several_results(x, p):
    a, b, c = tf.cond(p, lambda: (x, x * 2.0, x), lambda: (x + 1.0, x, tf.zeros_like(x)))
    loss = tf.reduce_sum(a * b * c)
    return [a, c, b, x] + tf.gradients(loss, [x, a])


def cases(x, p):
    q = tf.logical_and(p, tf.constant(True))
    y = tf.case([(q, lambda: x * 2.0), (tf.logical_not(p), lambda: x * 3.0)], default=lambda: x)
    return [y] + tf.gradients(y, x)


def tensor_arrays(x, p):
    def first():
        a = tf.TensorArray(tf.float32, 3).unstack(x)
        return a.read(1) * a.read(2)

    y = tf.cond(p, first, lambda: x[0])
    return [y] + tf.gradients(y, x)


def python_functions(x, p):
    y = tf.cond(p, lambda: tf.py_func(np.sin, [x], tf.float32), lambda: x)
    y.set_shape([None, 4])
    return [y, tf.reduce_sum(y)]


MODELS = [
    dropout_network, batch_normalization, fused_batch_normalization, layers_dropout, nested,
    nested_unknown, second_derivatives, second_derivatives_nested, gradient_of_gradient_only,
    gradient_inside, writes, reference_writes, variable_handed_out, effect_in_branch,
    random_streams, dynamic_shapes, dynamic_results, dynamic_results_twice, dynamic_inputs,
    effects_after_data, loops, constant_in_loop,
    conditional_around_a_loop, writes_around_an_error,
    slices, strings, assertions, kernel_errors, shape_errors, uninitialised, several_results, cases,
    tensor_arrays, python_functions,
]  # fmt: skip


@pytest.mark.parametrize("model", [pytest.param(m, id=m.__name__) for m in MODELS])
def test_known_and_unknown_predicates_agree(model):
    agree(model, general=model in (nested_unknown, constant_in_loop))


@pytest.mark.parametrize("model", [dropout_network, writes, effect_in_branch, batch_normalization])
def test_the_same_on_several_devices(model):
    def spread(x, p):
        with tf.device("/cpu:1"):
            y = tf.exp(x)
        with tf.device("/cpu:2"):
            return [y, model(y, p)]

    agree(spread, devices=3)


# -- what is known, and what it saves --------------------------------------------------------------


def steps(session, fetches, feeds):
    """Ops of the steps of a plan."""
    text = plan_text(session, tf.nest.flatten(fetches), feeds)
    lines = [line.split("  ") for line in text.splitlines() if re.match(r"^\d+  ", line)]
    return [op for line in lines for op in re.findall(r"[A-Za-z]\w*", line[1]) if op != "Fused"]


PREDICATES = {
    "fed": lambda b, i, x: (b, {b: True}),
    "default": lambda b, i, x: (tf.placeholder_with_default(True, []), {}),
    "default_of_constant": lambda b, i, x: (tf.placeholder_with_default(tf.constant(True), []), {}),
    "equal": lambda b, i, x: (tf.equal(i, 1), {i: 1}),
    "cast": lambda b, i, x: (tf.cast(i, tf.bool), {i: 1}),
    "not": lambda b, i, x: (tf.logical_not(b), {b: False}),
    "and": lambda b, i, x: (tf.logical_and(b, tf.greater(i, 3)), {b: True, i: 4}),
    "identity": lambda b, i, x: (tf.identity(tf.identity(b)), {b: True}),
    "shape": lambda b, i, x: (tf.greater(tf.shape(x)[0], 2), {}),
    "constant": lambda b, i, x: (tf.constant(True), {}),
}


@pytest.mark.parametrize("predicate", PREDICATES)
def test_known_predicates(predicate):
    x = tf.placeholder(tf.float32, [None, 4])
    b, i = tf.placeholder(tf.bool), tf.placeholder(tf.int32)
    p, feeds = PREDICATES[predicate](b, i, x)
    feeds[x] = X
    y = tf.cond(p, lambda: tf.exp(x), lambda: tf.sin(x))
    with tf.Session() as s:
        np.testing.assert_allclose(s.run(y, feeds), np.exp(X), rtol=1e-6)
        assert steps(s, [y], feeds) == ["Exp"]


def test_values_that_keep_changing_are_given_up():
    x, i = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.int32, [])
    y = tf.cond(tf.less(i, 50), lambda: x * 2.0, lambda: x + 1.0)
    with tf.Session() as s:
        for k in range(100):
            np.testing.assert_array_equal(
                s.run(y, {x: [1, 2, 3], i: k}), [2, 4, 6] if k < 50 else [2, 3, 4]
            )
        assert s._session.plans_built() < 12
        assert "If" in steps(s, [y], {x: [1, 2, 3], i: 7})


def test_two_predicates_have_a_plan_for_each_combination():
    x = tf.placeholder(tf.float32, [3])
    ps = [tf.placeholder(tf.bool, []) for _ in range(2)]
    y = x
    for p in ps:
        y = tf.cond(p, lambda y=y: y * 2.0, lambda y=y: y + 1.0)
    with tf.Session() as s:
        for k in range(12):
            bits = [bool(k & 1), bool(k & 2)]
            want = np.arange(3.0)
            for bit in bits:
                want = want * 2 if bit else want + 1
            np.testing.assert_array_equal(
                s.run(y, {x: np.arange(3.0), **dict(zip(ps, bits))}), want
            )
        assert s._session.plans_built() == 4


def test_fed_results_of_a_conditional_stay_fed():
    x, p = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.bool, [])
    a, b = tf.cond(p, lambda: (x, x * 2.0), lambda: (x + 1.0, x))
    source = a.op.inputs[0]
    with tf.Session() as s:
        got = s.run([a, b, a + b], {x: [1, 2, 3], p: True, source: [7, 7, 7]})
    np.testing.assert_array_equal(got, [[7, 7, 7], [2, 4, 6], [9, 11, 13]])


def test_what_only_the_other_branch_reads_is_not_computed():
    x, p = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.bool, [])
    y = tf.layers.batch_normalization(x, training=p)
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        assert steps(s, [y], {x: X, p: True}).count("Mean") == 2
        assert "Mean" not in steps(s, [y], {x: X, p: False})


def test_effects_that_the_other_branch_reads_stay():
    x, p = tf.placeholder(tf.float32, []), tf.placeholder(tf.bool, [])
    drawn = tf.random_uniform([])
    seen = []
    told = tf.py_func(lambda v: (seen.append(v), v)[1], [x], tf.float32)
    y = tf.cond(p, lambda: x, lambda: drawn + told)
    with tf.Session() as s:
        s.run(y, {x: 1.0, p: True})
        assert seen == [1.0]
        assert "RandomUniform" in steps(s, [y], {x: 1.0, p: True})


def test_a_tape_that_is_wanted_is_recorded():
    x, p = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: tf.sin(x) * x, lambda: x)
    (g,) = tf.gradients(y, x)
    (backward,) = [op for op in g.graph.get_operations() if op.type == "If" and "grad" in op.name]
    (tape,) = [t for t in backward.inputs if t.dtype == tf.variant]
    size = apply("TapeSize", tape)
    with tf.Session() as s:
        for want in (True, False):
            value, n = s.run([g, size], {x: [1, 2], p: want})
            v = np.array([1.0, 2.0])
            np.testing.assert_allclose(value, np.sin(v) + v * np.cos(v) if want else [1, 1], 1e-6)
            assert n == 1


def test_errors_name_the_node_and_the_line():
    x, p = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.bool, [])
    i = tf.placeholder(tf.int32, [1])
    y = tf.cond(
        p,
        lambda: tf.gather(x, i, name="pick"),
        lambda: tf.add(x, tf.zeros([tf.constant(3)]), name="sum"),
    )
    with tf.Session() as s:
        with pytest.raises(tf.errors.InvalidArgumentError) as e:
            s.run(y, {x: [1, 2], i: [5], p: True})
        assert re.search("indices.0. = 5.*node cond/pick.*made at .*test_known", str(e.value), re.S)
        with pytest.raises(tf.errors.InvalidArgumentError, match="cond/sum.*made at .*test_known"):
            s.run(y, {x: [1, 2], i: [0], p: False})


def test_traces_and_the_log_name_nodes_of_branches():
    x, p = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: tf.cumsum(x, name="inside"), lambda: x)
    lines = []
    metadata = tf.RunMetadata()
    _core.set_log_sink(lines.append)
    try:
        with tf.Session(config=tf.ConfigProto(log_device_placement=True)) as s:
            options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
            s.run(y, {x: [1, 2], p: True}, options=options, run_metadata=metadata)
    finally:
        _core.set_log_sink(None)
    assert any(line.startswith("cond/inside: (Cumsum)") for line in lines)
    names = [n.node_name for d in metadata.step_stats.dev_stats for n in d.node_stats]
    assert "cond/inside" in names


def test_partial_runs():
    x, p = tf.placeholder(tf.float32, []), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: x * 2.0, lambda: x + 5.0)
    z = tf.placeholder(tf.float32, [])
    r = y + z
    with tf.Session() as s:
        handle = s.partial_run_setup([y, r], [x, p, z])
        assert s.partial_run(handle, y, {x: 3.0, p: False}) == 8.0
        assert s.partial_run(handle, r, {z: 1.0}) == 9.0


def test_deep_nests():
    x, p = tf.placeholder(tf.float32, []), tf.placeholder(tf.bool, [])

    def nest(depth):
        if depth == 0:
            return x * 2.0
        return tf.cond(p, lambda: nest(depth - 1) + 1.0, lambda: x)

    y = nest(70)
    with tf.Session() as s:
        assert s.run([y, tf.gradients(y, x)[0]], {x: 1.0, p: True}) == [72.0, 2.0]


# -- random programs -------------------------------------------------------------------------------


class RandomProgram:
    """A program of random ops, writes and nested conditionals on two predicates and on data."""

    def __init__(self, seed, x, p, q):
        self.rng = random.Random(seed)
        self.x, self.predicates = x, [p, q, tf.logical_not(p), tf.logical_and(p, q)]
        self.v = tf.get_variable("v", [4], initializer=tf.ones_initializer(), use_resource=True)
        self.r = tf.get_variable("r", [4], initializer=tf.ones_initializer(), use_resource=False)
        self.devices = (
            ["/cpu:0"] * 3 if self.rng.random() < 0.6 else ["/cpu:%d" % i for i in range(3)]
        )

    def value(self, values, depth):
        rng = self.rng
        a, b = rng.choice(values), rng.choice(values)
        kind = rng.choice(
            ["unary", "unary", "binary", "binary", "cond", "cond", "random", "read", "write"]
            + ["masked", "loop", "identity", "product", "guarded"]
        )  # fmt: skip
        if kind == "unary":
            return rng.choice([tf.tanh, tf.sin, tf.nn.relu, lambda t: t * 0.5])(a)
        if kind == "binary":
            return rng.choice([tf.add, tf.subtract, lambda s, t: tf.tanh(s * t)])(a, b)
        if kind == "random":
            return a + tf.random_uniform([4])
        if kind == "read":
            return a + rng.choice([lambda: self.v.read_value(), lambda: tf.identity(self.r)])()
        if kind == "write":
            step = tf.tanh(tf.reduce_mean(a, 0))
            if rng.random() < 0.5:
                with tf.control_dependencies([self.v.assign_add(step)]):
                    return a * 1.0
            return a + tf.assign(self.r, self.r * 0.5 + step)
        if kind == "masked":
            kept = tf.boolean_mask(a, a[:, 0] > rng.choice([-0.5, 0.0, 0.5]))
            return a * tf.tanh(tf.reduce_sum(kept)) + tf.cast(tf.shape(kept)[0], tf.float32)
        if kind == "identity":
            return tf.identity(a)
        if kind == "product":
            return tf.tanh(tf.matmul(tf.matmul(a, b, transpose_b=True), b))
        if kind == "guarded":
            with tf.control_dependencies([b]):
                return self.value(values, depth)
        if kind == "loop" and depth < 2:
            body = lambda i, t: (i + 1, self.block([t] + values[:1], depth + 1, 2)[0])  # noqa: E731
            return tf.while_loop(lambda i, t: i < 2, body, (0, a))[1]
        if kind == "cond" and depth < 3:
            data = rng.random() < 0.2
            p = tf.reduce_sum(a) > 0 if data else rng.choice(self.predicates)
            size = rng.randint(1, 3)
            branch = lambda: tuple(self.block(values, depth + 1, size))  # noqa: E731
            results = tf.cond(p, branch, branch, strict=True)
            return rng.choice(results)
        return a - b

    def block(self, values, depth, size):
        values = list(values)
        made = []
        for _ in range(max(size, self.rng.randint(1, 4))):
            with tf.device(self.rng.choice(self.devices)):
                made.append(self.value(values + made, depth))
        return made[-size:]

    def build(self):
        values = self.block([self.x], 0, 5)
        fetches = [t for t in values if self.rng.random() < 0.7] or values[:1]
        if self.rng.random() < 0.7:
            try:
                g = tf.gradients(values[-1], self.x)[0]
                if g is not None:
                    fetches.append(g)
                    h = tf.gradients(tf.tanh(g), self.x)[0] if self.rng.random() < 0.5 else None
                    fetches.extend([] if h is None else [h])
            except NotImplementedError:
                pass  # the gradient of a variable that is read inside
        self.rng.shuffle(fetches)
        return fetches


def run_random_program(seed, known, optimize=True):
    options = tf.GraphOptions(
        optimizer_options=tf.OptimizerOptions(
            opt_level=tf.OptimizerOptions.L1 if optimize else tf.OptimizerOptions.L0
        )
    )
    config = tf.ConfigProto(device_count={"CPU": 3}, graph_options=options)
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        x = tf.placeholder(tf.float32, [None, 4])
        vectors = [tf.placeholder(tf.bool, [1]) for _ in range(2)]
        p, q = (v[0] for v in vectors)
        program = RandomProgram(seed, x, p, q)
        fetches = program.build()
        out = []
        with tf.Session(config=config) as session:
            session.run(tf.global_variables_initializer())
            for a, b in [(True, False), (False, False), (True, True), (True, False), (False, True)]:
                feeds = {p: a, q: b} if known else {vectors[0]: [a], vectors[1]: [b]}
                out.append(session.run(fetches, {x: X * (0.5 + a), **feeds}))
                out.append(session.run([program.v, program.r]))
    return out


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
@example(1249)
def test_random_programs_agree(seed):
    want = run_random_program(seed, known=False)
    close(run_random_program(seed, known=True), want, 1e-5)
    close(run_random_program(seed, known=True, optimize=False), want, 1e-2)  # rounds otherwise


def close(got, want, tolerance):
    for a, b in zip(tf.nest.flatten(got), tf.nest.flatten(want)):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
