# SPDX-License-Identifier: Apache-2.0
"""Optimizers against their formulas in NumPy."""

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K
from caudal.keras import constraints, layers, models, optimizers

STEPS = 6


def sgd(p, g, s, t, lr=0.01, momentum=0.0, nesterov=False):
    v = s["m"] = momentum * s.get("m", 0.0) - lr * g
    return p + (momentum * v - lr * g if nesterov else v)


def rmsprop(p, g, s, t, lr=0.001, rho=0.9, eps=1e-7):
    s["a"] = rho * s.get("a", 0.0) + (1 - rho) * g**2
    return p - lr * g / (np.sqrt(s["a"]) + eps)


def adagrad(p, g, s, t, lr=0.01, eps=1e-7):
    s["a"] = s.get("a", 0.0) + g**2
    return p - lr * g / (np.sqrt(s["a"]) + eps)


def adadelta(p, g, s, t, lr=1.0, rho=0.95, eps=1e-7):
    s["a"] = rho * s.get("a", 0.0) + (1 - rho) * g**2
    step = g * np.sqrt(s.get("d", 0.0) + eps) / np.sqrt(s["a"] + eps)
    s["d"] = rho * s.get("d", 0.0) + (1 - rho) * step**2
    return p - lr * step


def adam(p, g, s, t, lr=0.001, b1=0.9, b2=0.999, eps=1e-7, amsgrad=False):
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    s["most"] = np.maximum(s.get("most", 0.0), s["v"]) if amsgrad else s["v"]
    rate = lr * np.sqrt(1 - b2**t) / (1 - b1**t)
    return p - rate * s["m"] / (np.sqrt(s["most"]) + eps)


def adamax(p, g, s, t, lr=0.002, b1=0.9, b2=0.999, eps=1e-7):
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["u"] = np.maximum(b2 * s.get("u", 0.0), np.abs(g))
    return p - lr / (1 - b1**t) * s["m"] / (s["u"] + eps)


def nadam(p, g, s, t, lr=0.002, b1=0.9, b2=0.999, eps=1e-7, decay=0.004):
    now, then = (b1 * (1 - 0.5 * 0.96 ** (k * decay)) for k in (t, t + 1))
    schedule = s.get("schedule", 1.0) * now
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    bar = (1 - now) * g / (1 - schedule) + then * s["m"] / (1 - schedule * then)
    s["next"] = schedule
    return p - lr * bar / (np.sqrt(s["v"] / (1 - b2**t)) + eps)


CASES = {
    "sgd": (sgd, lambda: optimizers.SGD(), {}),
    "momentum": (sgd, lambda: optimizers.SGD(lr=0.1, momentum=0.9), {"lr": 0.1, "momentum": 0.9}),
    "nesterov": (sgd, lambda: optimizers.SGD(0.1, 0.9, nesterov=True),
                 {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "rmsprop": (rmsprop, lambda: optimizers.RMSprop(), {}),
    "adagrad": (adagrad, lambda: optimizers.Adagrad(), {}),
    "adadelta": (adadelta, lambda: optimizers.Adadelta(), {}),
    "adam": (adam, lambda: optimizers.Adam(learning_rate=0.01), {"lr": 0.01}),
    "amsgrad": (adam, lambda: optimizers.Adam(lr=0.01, amsgrad=True),
                {"lr": 0.01, "amsgrad": True}),
    "adamax": (adamax, lambda: optimizers.Adamax(), {}),
    "nadam": (nadam, lambda: optimizers.Nadam(), {}),
}  # fmt: skip


def runner(optimizer, start, constraint=None):
    """Variables, and a function that makes one step with given gradients."""
    variables = [K.variable(p, constraint=constraint) for p in start]
    grads = [tf.placeholder(tf.float32, p.shape) for p in start]
    loss = sum(K.sum(p * g) for p, g in zip(variables, grads))
    updates = optimizer.get_updates(loss=loss, params=variables)
    return variables, K.function(grads, [loss], updates)


def gradients(shapes, steps=STEPS):
    random = np.random.RandomState(8)
    # The second moments of later steps are smaller: amsgrad differs.
    return [[np.array(random.randn(*s) * 3.0**-t, "f") for s in shapes] for t in range(steps)]


START = [np.linspace(-1, 1, 12).reshape(3, 4).astype("f"), np.ones(4, "f"), np.float32(0.5)]


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_steps_follow_the_formula(name, constrained):
    rule, make, arguments = CASES[name]
    limit = constraints.NonNeg() if constrained else None
    variables, step = runner(make(), START, limit)
    expected, states = [p.astype(np.float64) for p in START], [{} for _ in START]
    for t, grads in enumerate(gradients([np.shape(p) for p in START]), 1):
        step(grads)
        for i, g in enumerate(grads):
            expected[i] = rule(expected[i], g.astype(np.float64), states[i], t, **arguments)
            states[i]["schedule"] = states[i].get("next", 1.0)
            if constrained:
                expected[i] = np.maximum(expected[i], 0.0)
        for got, want in zip(K.batch_get_value(variables), expected):
            np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", [n for n in CASES if n not in ("nadam",)])
def test_decay_counts_the_steps_that_are_done(name):
    rule, make, arguments = CASES[name]
    config = make().get_config()
    config["decay"] = 0.5
    variables, step = runner(type(make()).from_config(config), START[:1])
    expected, state = START[0].astype(np.float64), {}
    lr = config["lr"]
    for t, (g,) in enumerate(gradients([START[0].shape], 3), 1):
        step([g])
        arguments = dict(arguments, lr=lr / (1 + 0.5 * (t - 1)))
        expected = rule(expected, g.astype(np.float64), state, t, **arguments)
    np.testing.assert_allclose(K.get_value(variables[0]), expected, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_weights_carry_the_state(name):
    _, make, _ = CASES[name]
    rows = gradients([p.shape for p in START])
    first = make()
    variables, step = runner(first, START)
    for grads in rows[:3]:
        step(grads)
    middle, state = K.batch_get_value(variables), first.get_weights()
    for grads in rows[3:]:
        step(grads)
    end = K.batch_get_value(variables)
    again = type(first).from_config(first.get_config())
    variables, step = runner(again, middle)
    again.set_weights(state)
    if not again.keeps_count:
        K.set_value(again.iterations, 3)
    for grads in rows[3:]:
        step(grads)
    for got, want in zip(K.batch_get_value(variables), end):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_order_of_weights_is_that_of_files():
    shapes = {
        "sgd": [(), (3,), (2, 2)],
        "rmsprop": [(3,), (2, 2)],
        "adagrad": [(3,), (2, 2)],
        "adadelta": [(3,), (2, 2)] * 2,
        "adam": [()] + [(3,), (2, 2)] * 2 + [(1,)] * 2,
        "amsgrad": [()] + [(3,), (2, 2)] * 3,
        "adamax": [()] + [(3,), (2, 2)] * 2,
        "nadam": [()] + [(3,), (2, 2)] * 2,
    }
    for name, expected in shapes.items():
        optimizer = CASES[name][1]()
        runner(optimizer, [np.zeros(3, "f"), np.zeros((2, 2), "f")])
        assert [w.shape for w in optimizer.get_weights()] == expected, name


def test_clipping():
    grads = [np.array([3.0, 0.0], "f"), np.array([0.0, 4.0], "f")]
    start = [np.zeros(2, "f"), np.zeros(2, "f")]
    variables, step = runner(optimizers.SGD(lr=1.0, clipnorm=1.0), start)
    step(grads)
    np.testing.assert_allclose(K.batch_get_value(variables), [[-0.6, 0.0], [0.0, -0.8]], rtol=1e-6)
    step([0.1 * g for g in grads])  # a norm of 0.5 stays
    np.testing.assert_allclose(K.get_value(variables[0]), [-0.9, 0.0], rtol=1e-6)
    variables, step = runner(optimizers.SGD(lr=1.0, clipvalue=0.5), start)
    step(grads)
    np.testing.assert_allclose(K.batch_get_value(variables), [[-0.5, 0.0], [0.0, -0.5]], rtol=1e-6)
    variables, step = runner(optimizers.SGD(lr=1.0, clipnorm=1.0), start)
    step([0 * g for g in grads])
    assert not np.any(K.batch_get_value(variables))


@pytest.mark.parametrize("name", ["momentum", "adam", "adagrad"])
def test_rows_that_were_not_looked_up_move_with_their_moments(name):
    rule, make, arguments = CASES[name]
    model = models.Sequential([layers.Embedding(5, 2, input_length=1), layers.Flatten()])
    model.compile(make(), lambda y, p: K.sum(p * y, axis=-1))
    (expected,) = model.get_weights()
    state = {}
    for t, rows in enumerate(([0, 1, 1, 4], [2, 2, 2, 2], [0, 3, 0, 3]), 1):
        y = np.arange(8.0).reshape(4, 2)
        g = np.zeros((5, 2))
        np.add.at(g, rows, y / 4)
        model.train_on_batch(np.array(rows)[:, None], y)
        expected = rule(expected, g, state, t, **arguments)
        np.testing.assert_allclose(model.get_weights()[0], expected, rtol=2e-4, atol=1e-6)


def test_learning_rate_is_a_variable_under_two_names():
    optimizer = optimizers.SGD(lr=0.25)
    variables, step = runner(optimizer, [np.zeros(2, "f")])
    assert optimizer.learning_rate is optimizer.lr
    optimizer.lr = 0.5
    assert K.get_value(optimizer.learning_rate) == 0.5
    step([np.ones(2, "f")])
    assert K.get_value(variables[0]).tolist() == [-0.5, -0.5]
    K.set_value(optimizer.lr, 1.0)
    step([np.ones(2, "f")])
    assert K.get_value(variables[0]).tolist() == [-1.5, -1.5]


def test_get_and_configs():
    assert isinstance(optimizers.get("RMSProp"), optimizers.RMSprop)
    config = optimizers.serialize(optimizers.Adam(lr=0.5, clipnorm=1.5, amsgrad=True))
    again = optimizers.get(config)
    assert again.clipnorm == 1.5 and again.amsgrad and K.get_value(again.lr) == 0.5
    of_tf_keras = {"name": "RMSprop", "learning_rate": 0.5, "rho": 0.8, "momentum": 0.0,
                   "epsilon": 1e-5, "centered": False}  # fmt: skip
    made = optimizers.deserialize({"class_name": "RMSprop", "config": of_tf_keras})
    assert K.get_value(made.lr) == 0.5 and made.epsilon == 1e-5
    with pytest.raises(NotImplementedError, match="momentum"):
        optimizers.RMSprop(momentum=0.5)
    with pytest.raises(TypeError, match="Unexpected keyword argument passed to optimizer: rate"):
        optimizers.SGD(rate=1)
    with pytest.raises(ValueError, match="Unknown optimizer"):
        optimizers.get("descent")
    with pytest.raises(ValueError, match="Could not interpret optimizer identifier"):
        optimizers.get(3)


def test_errors_name_what_is_wrong():
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match=r"number of weights of the optimizer \(0\)"):
        optimizer.set_weights([np.zeros(1)])
    runner(optimizer, [np.zeros(2, "f")])
    before = optimizer.get_weights()
    with pytest.raises(ValueError, match="Variable"):
        optimizer.set_weights([np.int64(5), np.zeros(3)])
    assert optimizer.get_weights()[0] == before[0]
    unused = K.variable(1.0, name="unused")
    with pytest.raises(ValueError, match="`None` for gradient.*unused"):
        optimizer.get_updates(K.sum(K.variable([1.0])), [unused])


@pytest.mark.parametrize("wrapped", [False, True])
def test_optimizers_of_tf_train(wrapped):
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    if wrapped:
        optimizer = optimizers.TFOptimizer(optimizer)
    model = models.Sequential([layers.Dense(1, input_shape=(2,), use_bias=False)])
    model.compile(optimizer, "mse")
    model.set_weights([np.ones((2, 1))])
    x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.get_weights()[0], [[0.6], [0.2]], rtol=1e-6)
    assert K.get_value(model.optimizer.iterations) == 1
    for ask in (lambda o: o.weights, lambda o: o.get_config(), lambda o: o.from_config({})):
        with pytest.raises(NotImplementedError):
            ask(model.optimizer)
