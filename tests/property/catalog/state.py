# SPDX-License-Identifier: Apache-2.0
"""Random numbers, variables, update rules of optimizers, and ops that talk to the host."""

import functools

import ml_dtypes  # noqa: F401 - makes NumPy know bfloat16
import numpy as np
import pytest

from property.catalog import stateful

# ---- random ----------------------------------------------------------------------------------


def _draws(tf, session, make, runs=2):
    """Values of `make()` in some runs of one session, then of a second session."""
    tensor = make()
    values = []
    for _ in range(2):
        with session() as sess:
            values.append([sess.run(tensor) for _ in range(runs)])
    return values


def _repeats(tf, session, make):
    first, second = _draws(tf, session, make)
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)  # a session restarts the stream
    assert not np.array_equal(first[0], first[1])  # a run continues it
    return np.stack(first)


def _wide(x):
    """Halves as float64: NumPy would round every step."""
    return x.astype(np.float64) if x.dtype in ("float16", "bfloat16") else x


def _uniform(tf, session, dtype):
    x = _repeats(tf, session, lambda: tf.random_uniform([50, 40], -1, 3, dtype, seed=7))
    assert x.dtype == dtype and x.min() >= -1 and x.max() < 3
    np.testing.assert_allclose(_wide(x).mean(), 1, atol=0.1)
    empty = tf.random_uniform([0, 3], dtype=dtype)
    free = tf.random_uniform([4], dtype=dtype)
    with session() as sess:
        assert sess.run(empty).shape == (0, 3)
        assert not np.array_equal(sess.run(free), sess.run(free))
    if dtype == "float32":
        known = tf.random_uniform([3], seed=42)
        with session() as sess:
            got = sess.run(known)
        np.testing.assert_array_equal(got, np.array(_UNIFORM_42, np.float32))


# Seeds (87654321, 42), from TensorFlow.
_UNIFORM_42 = (0.95227146, 0.67740774, 0.79531825)


def _normal(tf, session, dtype):
    x = _repeats(tf, session, lambda: tf.random_normal([50, 41], 2, 3, dtype, seed=7))
    assert x.dtype == dtype
    np.testing.assert_allclose([_wide(x).mean(), _wide(x).std()], [2, 3], atol=0.2)


def _truncated(tf, session, dtype):
    x = _repeats(tf, session, lambda: tf.truncated_normal([50, 41], 0, 1, dtype, seed=7))
    assert x.dtype == dtype and np.abs(x).max() <= 2  # narrow ones round up to it
    np.testing.assert_allclose([_wide(x).mean(), _wide(x).std()], [0, 0.88], atol=0.05)


def _uniform_int(tf, session, dtype):
    x = _repeats(tf, session, lambda: tf.random_uniform([500], -5, 6, dtype, seed=7))
    assert x.dtype == dtype and x.min() == -5 and x.max() == 5
    bad = tf.random_uniform([3], 5, 5, dtype)
    with session() as sess:
        _fails(tf, sess, bad, "Need minval < maxval, got 5 >= 5")


def _shuffle(tf, session, dtype):
    rows = np.arange(60).reshape(30, 2).astype(dtype)
    x = _repeats(tf, session, lambda: tf.random_shuffle(rows, seed=7))
    for run in x:
        np.testing.assert_array_equal(run[np.argsort(run[:, 1])], rows)
    words = tf.random_shuffle(["a", "b", "c"], seed=1)
    with session() as sess:
        assert sorted(sess.run(words).tolist()) == [b"a", b"b", b"c"]


def _multinomial(tf, session, dtype):
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-30]], dtype))
    x = _repeats(tf, session, lambda: tf.multinomial(logits, 1000, seed=7))
    assert x.shape == (2, 2, 1000) and x.dtype == np.int64
    share = (x[:, :, None] == np.arange(3)[None, None, :, None]).mean(axis=(0, 3))
    np.testing.assert_allclose(share, [[0.1, 0.2, 0.7], [0.5, 0.5, 0]], atol=0.05)


stateful("RandomUniform", _uniform, "float16 bfloat16 float32 float64")
stateful("RandomStandardNormal", _normal, "float16 bfloat16 float32 float64")
stateful("TruncatedNormal", _truncated, "float16 bfloat16 float32 float64")
stateful("RandomUniformInt", _uniform_int, "int32 int64")
stateful("RandomShuffle", _shuffle, "float32 float64 int32 int64 uint8")
stateful("Multinomial", _multinomial, "float32 float64")


# ---- variables -------------------------------------------------------------------------------


def _fails(tf, sess, fetch, message, feeds=None, error=None):
    with pytest.raises(error or tf.errors.InvalidArgumentError) as caught:
        sess.run(fetch, feeds)
    assert message in str(caught.value)


def _variable(tf, session, dtype):
    v = tf.Variable(np.arange(6).reshape(2, 3).astype(dtype))
    ready = tf.is_variable_initialized(v)
    with session() as sess:
        assert not sess.run(ready)
        _fails(tf, sess, v, "uninitialized value", error=tf.errors.FailedPreconditionError)
        sess.run(v.initializer)
        assert sess.run(ready)
        np.testing.assert_array_equal(sess.run(v), np.arange(6).reshape(2, 3))
    with session() as sess:
        assert not sess.run(ready)  # every session has its own


def _old_variable(tf, session, dtype):
    from caudal.framework.op_factory import apply

    ref = apply("Variable", shape=[2], dtype=dtype)
    assign = tf.assign(ref, np.array([1, 2], dtype))
    with session() as sess:
        np.testing.assert_array_equal(sess.run(assign), [1, 2])
        np.testing.assert_array_equal(sess.run(ref), [1, 2])


def _assign(tf, session, dtype):
    start = np.arange(6).reshape(2, 3).astype(dtype)
    other = (np.arange(6).reshape(2, 3) % 2).astype(dtype)
    v = tf.Variable(start)
    fed = tf.placeholder(dtype)
    assign = tf.assign(v, fed)
    grow = tf.assign(v, fed, validate_shape=False)
    with session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(assign, {fed: other}), other)
        np.testing.assert_array_equal(sess.run(v), other)
        _fails(tf, sess, assign, "Assign requires shapes of both tensors to match",
               {fed: start[:1]})  # fmt: skip
        np.testing.assert_array_equal(sess.run(grow, {fed: start[:1]}), start[:1])
        np.testing.assert_array_equal(sess.run(v.op.outputs[0]), start[:1])


def _update(tf, session, dtype, function, f):
    start = np.arange(6).reshape(2, 3).astype(dtype)
    v = tf.Variable(start + 5)
    done = function(v, start)
    big = tf.Variable(np.zeros([100, 700], dtype))
    ones = function(big, np.ones([100, 700], dtype))
    with session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(done), f(start + 5, start))
        np.testing.assert_array_equal(sess.run(v), f(start + 5, start))
        expected = f(np.zeros([100, 700], dtype), np.ones([100, 700], dtype))
        np.testing.assert_array_equal(sess.run(ones), expected)


def _assign_add(tf, session, dtype):
    _update(tf, session, dtype, tf.assign_add, np.add)


def _assign_sub(tf, session, dtype):
    _update(tf, session, dtype, tf.assign_sub, np.subtract)


def _scattered(start, indices, updates, f):
    out = start.copy()
    for place in np.ndindex(indices.shape):
        row = indices[place]
        out[row] = f(out[row], updates if updates.ndim == 0 else updates[place])
    return out


def _scatter(name, f, tf, session, dtype):
    function = getattr(tf, name)
    rng = np.random.default_rng(0)
    for shape, index_shape in (([5, 3], [4]), ([5], [2, 3]), ([4, 2, 3], []), ([400, 20], [5000]),
                               ([9, 5000], [30]), ([3, 0], [2]), ([6, 2], [0])):  # fmt: skip
        start = rng.integers(1, 9, shape).astype(dtype)
        indices = rng.integers(0, shape[0], index_shape).astype(np.int64)
        high = 2 if len(start) >= 100 else 4
        for updates in (rng.integers(1, high, index_shape + shape[1:]).astype(dtype),
                        np.array(2, dtype)):  # fmt: skip
            if len(start) >= 100 and name in ("scatter_mul", "scatter_div"):
                updates = np.ones_like(updates)
            with tf.Graph().as_default():
                v = tf.Variable(start)
                fed = tf.placeholder(tf.int64 if len(shape) == 2 else tf.int32)
                done = function(v, fed, updates)
                with session() as sess:
                    sess.run(v.initializer)
                    got = sess.run(done, {fed: indices})
                    expected = _scattered(_wide(start), indices, _wide(updates), f).astype(dtype)
                    tolerance = {"float16": 1e-3, "bfloat16": 8e-3}.get(dtype, 1e-4)
                    np.testing.assert_allclose(_wide(got), _wide(expected), rtol=tolerance)
                    if shape == [5, 3]:
                        _fails(tf, sess, done, "indices[1] = 5 is not in [0, 5)",
                               {fed: [0, 5, 1, 1]})  # fmt: skip
                        np.testing.assert_array_equal(sess.run(v), got)


def _scatter_nd(name, f, tf, session, dtype):
    function = getattr(tf, name)
    start = np.arange(24).reshape(2, 3, 4).astype(dtype)
    cases = (
        ([[1], [0]], (2, 3, 4)),
        ([[1, 2], [0, 1], [1, 2]], (3, 4)),
        ([[[1, 2, 3]], [[0, 0, 0]]], (2, 1)),
        (np.zeros([2, 0]), (2, 2, 3, 4)),
    )
    for indices, shape in cases:
        indices = np.array(indices, np.int32)
        updates = np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)
        expected = start.copy()
        for place in np.ndindex(indices.shape[:-1]):
            at = tuple(indices[place])
            expected[at] = f(expected[at], updates[place])
        with tf.Graph().as_default():
            v = tf.Variable(start)
            done = function(v, indices, updates)
            with session() as sess:
                sess.run(v.initializer)
                np.testing.assert_array_equal(sess.run(done), expected)
    v = tf.Variable(start)
    fed = tf.placeholder(tf.int32, [2, 2])
    done = function(v, fed, np.zeros([2, 4], dtype))
    with session() as sess:
        sess.run(v.initializer)
        _fails(tf, sess, done, "indices[1] = [1, 7] does not index into shape [2,3,4]",
               {fed: [[0, 0], [1, 7]]})  # fmt: skip


def _replace(old, new):
    return new


def _divide(a, b):
    return a // b if np.asarray(a).dtype.kind in "iu" else a / b


_FLOATS = "float16 bfloat16 float32 float64"
_NUMBERS = _FLOATS + " int8 int16 int32 int64 uint8 uint16 uint32 uint64"
_ORDERED = _FLOATS + " int32 int64"
stateful("VariableV2", _variable, _NUMBERS)
stateful("Variable", _old_variable, "float32 int32")
stateful("IsVariableInitialized", _variable)
stateful("Assign", _assign, _NUMBERS + " bool")
stateful("AssignAdd", _assign_add, _NUMBERS)
stateful("AssignSub", _assign_sub, _NUMBERS)
for _op, _name, _f, _types in (
    ("ScatterUpdate", "scatter_update", _replace, _NUMBERS),
    ("ScatterAdd", "scatter_add", np.add, _NUMBERS),
    ("ScatterSub", "scatter_sub", np.subtract, _NUMBERS),
    ("ScatterMul", "scatter_mul", np.multiply, _NUMBERS),
    ("ScatterDiv", "scatter_div", _divide, _NUMBERS),
    ("ScatterMin", "scatter_min", np.minimum, _ORDERED),
    ("ScatterMax", "scatter_max", np.maximum, _ORDERED),
):
    stateful(_op, functools.partial(_scatter, _name, _f), _types)
for _op, _name, _f in (
    ("ScatterNdUpdate", "scatter_nd_update", _replace),
    ("ScatterNdAdd", "scatter_nd_add", np.add),
    ("ScatterNdSub", "scatter_nd_sub", np.subtract),
):
    stateful(_op, functools.partial(_scatter_nd, _name, _f), _NUMBERS)


def _count_up_to(tf, session, dtype):
    v = tf.Variable(np.array(0, dtype))
    count = tf.count_up_to(v, 2)
    with session() as sess:
        sess.run(v.initializer)
        assert [sess.run(count), sess.run(count)] == [0, 1]
        _fails(tf, sess, count, "Reached limit of 2", error=tf.errors.OutOfRangeError)
        assert sess.run(v) == 2


stateful("CountUpTo", _count_up_to, "int32 int64")


# ---- update rules ----------------------------------------------------------------------------
#
# A rule takes (variable, slots, gradient, scalars) and returns the new variable and slots.


def _shrink(x, by):
    return np.sign(x) * np.maximum(np.abs(x) - by, 0)


def _proximal(x, lr, l1, l2):
    return (_shrink(x, lr * l1) if l1 > 0 else x) / (1 + l2 * lr)


def gradient_descent(v, s, g, lr):
    return v - lr * g, []


def proximal_gradient_descent(v, s, g, lr, l1, l2):
    return _proximal(v - lr * g, lr, l1, l2), []


def momentum(v, s, g, lr, m, use_nesterov=False):
    accum = s[0] * m + g
    return v - (g * lr + accum * m * lr if use_nesterov else accum * lr), [accum]


def adagrad(v, s, g, lr, update_slots=True):
    accum = s[0] + g * g if update_slots else s[0]
    return v - lr * g / np.sqrt(accum), [accum]


def adagrad_v2(v, s, g, lr, epsilon, update_slots=True):
    accum = s[0] + g * g if update_slots else s[0]
    return v - lr * g / (np.sqrt(accum) + epsilon), [accum]


def proximal_adagrad(v, s, g, lr, l1, l2):
    accum = s[0] + g * g
    rate = lr / np.sqrt(accum)
    return _proximal(v - rate * g, rate, l1, l2), [accum]


def adagrad_da(v, s, g, lr, l1, l2, step):
    total, squares = s[0] + g, s[1] + g * g
    pulled = _shrink(total, l1 * step) if l1 > 0 else total
    return -lr * pulled / (l2 * step * lr + np.sqrt(squares)), [total, squares]


def adadelta(v, s, g, lr, rho, epsilon):
    accum = s[0] * rho + g * g * (1 - rho)
    update = np.sqrt(s[1] + epsilon) / np.sqrt(accum + epsilon) * g
    return v - lr * update, [accum, s[1] * rho + update * update * (1 - rho)]


def rms_prop(v, s, g, lr, rho, m, epsilon):
    ms = s[0] + (g * g - s[0]) * (1 - rho)
    mom = s[1] * m + lr * g / np.sqrt(ms + epsilon)
    return v - mom, [ms, mom]


def centered_rms_prop(v, s, g, lr, rho, m, epsilon):
    mg = s[0] + (g - s[0]) * (1 - rho)
    ms = s[1] + (g * g - s[1]) * (1 - rho)
    mom = s[2] * m + lr * g / np.sqrt(ms - mg * mg + epsilon)
    return v - mom, [mg, ms, mom]


def adam(v, s, g, beta1_power, beta2_power, lr, beta1, beta2, epsilon, use_nesterov=False):
    alpha = lr * np.sqrt(1 - beta2_power) / (1 - beta1_power)
    m = s[0] + (g - s[0]) * (1 - beta1)
    u = s[1] + (g * g - s[1]) * (1 - beta2)
    direction = g * (1 - beta1) + beta1 * m if use_nesterov else m
    return v - alpha * direction / (np.sqrt(u) + epsilon), [m, u]


def ada_max(v, s, g, beta1_power, lr, beta1, beta2, epsilon):
    m = s[0] + (g - s[0]) * (1 - beta1)
    u = np.maximum(s[1] * beta2, np.abs(g))
    return v - lr / (1 - beta1_power) * m / (u + epsilon), [m, u]


def ftrl_v2(v, s, g, lr, l1, l2, shrinkage, power):
    accum = s[0] + g * g
    old, new = s[0] ** -power, accum**-power
    linear = s[1] + g + 2 * shrinkage * v - (new - old) / lr * v
    updated = (l1 * np.sign(linear) - linear) / (new / lr + 2 * l2)
    return np.where(np.abs(linear) > l1, updated, 0), [accum, linear]


def ftrl(v, s, g, lr, l1, l2, power):
    return ftrl_v2(v, s, g, lr, l1, l2, 0, power)


def power_sign(v, s, g, lr, base, decay, beta):
    m = s[0] * beta + g * (1 - beta)
    return v - lr * np.exp(base * decay * np.sign(g) * np.sign(m)) * g, [m]


def add_sign(v, s, g, lr, alpha, decay, beta):
    m = s[0] * beta + g * (1 - beta)
    return v - lr * (alpha + decay * np.sign(g) * np.sign(m)) * g, [m]


# Op, rule, first values of the slots, scalars before and behind the gradient, bool attr, sparse op.
RULES = (
    ("GradientDescent", gradient_descent, [], [0.1], [], None, False),
    ("ProximalGradientDescent", proximal_gradient_descent, [], [0.1, 0.02, 0.3], [], None, True),
    ("Momentum", momentum, [0.0], [0.1], [0.9], "use_nesterov", True),
    ("Adagrad", adagrad, [0.1], [0.1], [], "update_slots", True),
    ("AdagradV2", adagrad_v2, [0.1], [0.1, 1e-3], [], "update_slots", True),
    ("ProximalAdagrad", proximal_adagrad, [0.1], [0.1, 0.05, 0.2], [], None, True),
    ("AdagradDA", adagrad_da, [0.0, 0.1], [], [0.1, 0.05, 0.2, np.int64(3)], None, True),
    ("Adadelta", adadelta, [0.0, 0.0], [0.5, 0.9, 1e-3], [], None, True),
    ("RMSProp", rms_prop, [0.5, 0.0], [0.1, 0.9, 0.5, 1e-5], [], None, True),
    ("CenteredRMSProp", centered_rms_prop, [0.0, 0.5, 0.0], [0.1, 0.9, 0.5, 1e-5], [], None, True),
    ("Adam", adam, [0.0, 0.0], [0.9, 0.99, 0.1, 0.9, 0.99, 1e-6], [], "use_nesterov", False),
    ("AdaMax", ada_max, [0.0, 0.0], [0.9, 0.1, 0.9, 0.99, 1e-6], [], None, False),
    ("Ftrl", ftrl, [0.1, 0.0], [], [0.1, 0.05, 0.2, -0.5], None, True),
    ("FtrlV2", ftrl_v2, [0.1, 0.0], [], [0.1, 0.05, 0.2, 0.3, -0.7], None, True),
    ("PowerSign", power_sign, [0.0], [0.1, 1.5, 0.9, 0.8], [], None, False),
    ("AddSign", add_sign, [0.0], [0.1, 1.5, 0.9, 0.8], [], None, False),
)


def _train(entry, sparse, tf, session, dtype):
    from caudal.framework.op_factory import apply

    name, rule, slots, before, behind, flag, _ = entry
    rng = np.random.default_rng(1)
    scalars = [b if isinstance(b, np.int64) else _wide(np.array(b, dtype)) for b in before + behind]
    shapes = ((7, 3), (6,), (0, 2), (40, 900)) if sparse else ((7, 3), (), (0,), (40, 900))
    for shape in shapes:
        for attrs in [{}] if flag is None else [{flag: True}, {flag: False}]:
            value = rng.normal(size=shape).astype(dtype)
            state = [np.full(shape, s, dtype) for s in slots]
            with tf.Graph().as_default(), session() as sess:
                refs = [tf.Variable(a) for a in [value] + state]
                grad, index = tf.placeholder(dtype), tf.placeholder(tf.int32)
                inputs = [tf.constant(b, dtype) for b in before] + [grad]
                inputs += [index] if sparse else []
                inputs += [b if isinstance(b, np.int64) else tf.constant(b, dtype) for b in behind]
                step = apply(("SparseApply" if sparse else "Apply") + name, *refs, *inputs, **attrs)
                sess.run(tf.global_variables_initializer())
                for _ in range(3):
                    rows = rng.integers(0, shape[0], 4) if sparse and shape[0] else np.arange(0)
                    g = rng.normal(size=(len(rows),) + shape[1:] if sparse else shape).astype(dtype)
                    sess.run(step, {grad: g, index: rows} if sparse else {grad: g})
                    parts = zip(rows, g) if sparse else [(..., g)]
                    for at, part in parts:
                        own = [_wide(s[at]) for s in state]
                        value[at], new = rule(_wide(value[at]), own, _wide(part), *scalars, **attrs)
                        for s, n in zip(state, new):
                            s[at] = n
                tolerance = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-4}.get(dtype, 1e-10)
                for expected, got in zip([value] + state, sess.run(refs)):
                    np.testing.assert_allclose(_wide(got), _wide(expected), tolerance, tolerance)
                if sparse and shape[0]:
                    bad = {grad: np.zeros((1,) + shape[1:]), index: [shape[0]]}
                    _fails(
                        tf, sess, step, f"Index {shape[0]} at offset 0 in indices is out of", bad
                    )


for _entry in RULES:
    stateful("Apply" + _entry[0], functools.partial(_train, _entry, False), _FLOATS)
    if _entry[-1]:
        stateful("SparseApply" + _entry[0], functools.partial(_train, _entry, True), _FLOATS)


# ---- host ------------------------------------------------------------------------------------


def _logged(function):
    from caudal import _core

    lines = []
    _core.set_log_sink(lambda line: lines.append(line.rstrip("\n")))
    try:
        function()
    finally:
        _core.set_log_sink(None)
    return lines


def _print(tf, session, dtype):
    x = tf.placeholder(dtype, [None, 3])
    y = tf.Print(x, [x, tf.shape(x), "text"], "x: ", first_n=2, summarize=4)
    word = tf.Print(tf.constant(["a", "b"]), [tf.constant(["a", "b"])])
    (dx,) = tf.gradients(y * 3, [x])
    value = np.arange(6).reshape(2, 3).astype(dtype)
    with session() as sess:
        lines = _logged(lambda: [sess.run(y, {x: value}) for _ in range(3)])
        assert lines == ["x: [[0 1 2][3...]...][2 3][text]"] * 2, lines
        np.testing.assert_array_equal(sess.run(y, {x: value}), value)
        np.testing.assert_array_equal(sess.run(dx, {x: value}), np.full([2, 3], 3))
        assert _logged(lambda: sess.run(word)) == ["[a b]"]


def _print_v2(tf, session, dtype):
    x = tf.placeholder(tf.int32)
    action = tf.print("x is", x, {"k": x})
    with session() as sess:
        lines = _logged(lambda: sess.run(action, {x: np.arange(10)}))
    assert lines == ["x is [0 1 2 ... 7 8 9] {'k': [0 1 2 ... 7 8 9]}"], lines


def _assert_op(tf, session, dtype):
    condition = tf.placeholder(tf.bool, [])
    data = tf.placeholder(dtype, [None])
    check = tf.Assert(condition, ["no", data, tf.constant([[1.5, 2], [3, 4]])])
    with session() as sess:
        sess.run(check, {condition: True, data: [1]})
        _fails(tf, sess, check, "assertion failed: [no] [1 2 3...] [[1.5 2][3...]...]",
               {condition: False, data: [1, 2, 3, 4]})  # fmt: skip


def _check_numerics(tf, session, dtype):
    x = tf.placeholder(dtype)
    y = tf.check_numerics(x, "here")
    (dx,) = tf.gradients(tf.square(y), [x])
    good = np.linspace(-1, 1, 5).astype(dtype)
    big = np.ones(200_000, dtype)
    big[150_000] = np.nan
    with session() as sess:
        np.testing.assert_array_equal(sess.run(y, {x: good}), good)
        np.testing.assert_allclose(sess.run(dx, {x: good}), 2 * good)
        for value, found in (([np.nan, 1], "NaN"), ([1, -np.inf], "Inf"),
                             ([np.inf, np.nan], "Inf and NaN"), (big, "NaN")):  # fmt: skip
            _fails(tf, sess, y, f"here : Tensor had {found} values", {x: value})


def _py_func(stateless, tf, session, dtype):
    x = tf.placeholder(dtype, [None])
    calls = []

    def function(a, word):
        calls.append(1)
        assert isinstance(word, bytes)
        return a * 2, np.array([word, b"end"], object)

    twice, words = tf.py_func(function, [x, "w"], [dtype, tf.string], stateful=not stateless)
    wrong = tf.py_func(lambda a: np.array(1 > 0), [x], dtype)
    many = tf.py_func(lambda a: (a, a), [x], dtype)
    bad = tf.py_func(lambda a: [][1], [x], dtype)
    value = np.arange(3).astype(dtype)
    with session() as sess:
        a, b = sess.run([twice, words], {x: value})
        np.testing.assert_array_equal(a, value * 2)
        assert b.tolist() == [b"w", b"end"] and len(calls) == 1
        _fails(tf, sess, wrong, "is bool, but expects", {x: value})
        _fails(tf, sess, many, "returns 2 values, but expects to see 1 values", {x: value})
        _fails(tf, sess, bad, "IndexError", {x: value}, tf.errors.OpError)


def _timestamp(tf, session, dtype):
    import time

    now = tf.timestamp() if hasattr(tf, "timestamp") else tf.no_op()
    with session() as sess:
        assert abs(sess.run(now) - time.time()) < 60


def _as_string(tf, session, dtype):
    x = tf.placeholder(dtype, [2])
    plain = tf.as_string(x)
    wide = tf.as_string(x, width=6, fill="0")
    with session() as sess:
        if dtype == "bool":
            assert sess.run(plain, {x: [True, False]}).tolist() == [b"true", b"false"]
            return
        real = dtype.startswith("float")
        got = sess.run(plain, {x: [1, -2]}).tolist()
        assert got == ([b"1.000000", b"-2.000000"] if real else [b"1", b"-2"])
        if not real:
            assert sess.run(wide, {x: [1, -2]}).tolist() == [b"000001", b"-00002"]


def _string_format(tf, session, dtype):
    from caudal.ops.string_ops import string_format

    x = tf.placeholder(tf.float32)
    line = string_format("a {} b {}", [x, tf.constant(["u", "v"])], summarize=1)
    with session() as sess:
        got = sess.run(line, {x: np.arange(6).reshape(2, 3) / 2})
        assert got == b'a [[0 ... 1]\n [1.5 ... 2.5]] b ["u" "v"]', got


def _string_join(tf, session, dtype):
    words = tf.placeholder(tf.string)
    joined = tf.string_join([words, "x", ["c", "d"]], "-")
    with session() as sess:
        assert sess.run(joined, {words: ["a", "b"]}).tolist() == [b"a-x-c", b"b-x-d"]


stateful("Print", _print, checks_gradient=True)
stateful("PrintV2", _print_v2)
stateful("Assert", _assert_op, "float32 int32")
stateful("CheckNumerics", _check_numerics, "float32 float64", checks_gradient=True)
stateful("PyFunc", functools.partial(_py_func, False), "float32 int64")
stateful("PyFuncStateless", functools.partial(_py_func, True), "float32 int64")
stateful("Timestamp", _timestamp)
stateful("AsString", _as_string, "float32 float64 int8 int16 int32 int64 bool")
stateful("StringFormat", _string_format)
stateful("StringJoin", _string_join)
