# SPDX-License-Identifier: Apache-2.0
"""Optimizers against their update rules in closed form: dense, sparse, with duplicates."""

import numpy as np
import pytest

import caudal as tf
from python.train import update_rules as rules

STEPS = 5
SHAPE = (5, 3)

# name: (optimizer, rule class, rule options, slot names in the rule's order)
CASES = {
    "gradient_descent": (
        lambda: tf.train.GradientDescentOptimizer(0.3),
        rules.GradientDescent,
        dict(lr=0.3),
        [],
    ),
    "momentum": (
        lambda: tf.train.MomentumOptimizer(0.1, 0.8),
        rules.Momentum,
        dict(lr=0.1, momentum=0.8, nesterov=False),
        ["momentum"],
    ),
    "nesterov": (
        lambda: tf.train.MomentumOptimizer(0.1, 0.8, use_nesterov=True),
        rules.Momentum,
        dict(lr=0.1, momentum=0.8, nesterov=True),
        ["momentum"],
    ),
    "adagrad": (
        lambda: tf.train.AdagradOptimizer(0.5),
        rules.Adagrad,
        dict(lr=0.5),
        ["accumulator"],
    ),
    "adadelta": (
        lambda: tf.train.AdadeltaOptimizer(1.5, 0.9, 1e-4),
        rules.Adadelta,
        dict(lr=1.5, rho=0.9, epsilon=1e-4),
        ["accum", "accum_update"],
    ),
    "rmsprop": (
        lambda: tf.train.RMSPropOptimizer(0.1, 0.8),
        rules.RMSProp,
        dict(lr=0.1, decay=0.8, momentum=0.0, epsilon=1e-10),
        ["rms"],
    ),
    "rmsprop_momentum": (
        lambda: tf.train.RMSPropOptimizer(0.1, 0.8, 0.7, 1e-3),
        rules.RMSProp,
        dict(lr=0.1, decay=0.8, momentum=0.7, epsilon=1e-3),
        ["rms"],
    ),
    "rmsprop_centered": (
        lambda: tf.train.RMSPropOptimizer(0.1, 0.8, 0.7, 1e-3, centered=True),
        rules.RMSProp,
        dict(lr=0.1, decay=0.8, momentum=0.7, epsilon=1e-3, centered=True),
        ["rms", "mg", "momentum"],
    ),
    "adam": (
        lambda: tf.train.AdamOptimizer(0.1, 0.8, 0.95, 1e-6),
        rules.Adam,
        dict(lr=0.1, beta1=0.8, beta2=0.95, epsilon=1e-6),
        ["m", "v"],
    ),
    "ftrl": (lambda: tf.train.FtrlOptimizer(0.3), rules.Ftrl, dict(lr=0.3), ["accum", "linear"]),
    "ftrl_regularized": (
        lambda: tf.train.FtrlOptimizer(
            0.3, l1_regularization_strength=0.2, l2_regularization_strength=0.1
        ),
        rules.Ftrl,
        dict(lr=0.3, l1=0.2, l2=0.1),
        ["accum", "linear"],
    ),
    "ftrl_power": (
        lambda: tf.train.FtrlOptimizer(0.3, learning_rate_power=-0.7),
        rules.Ftrl,
        dict(lr=0.3, power=-0.7),
        ["accum", "linear"],
    ),
    "ftrl_shrinkage": (
        lambda: tf.train.FtrlOptimizer(0.3, l2_shrinkage_regularization_strength=0.05),
        rules.Ftrl,
        dict(lr=0.3, shrinkage=0.05),
        ["accum", "linear"],
    ),
    "proximal_gradient_descent": (
        lambda: tf.train.ProximalGradientDescentOptimizer(0.3, 0.1, 0.2),
        rules.ProximalGradientDescent,
        dict(lr=0.3, l1=0.1, l2=0.2),
        [],
    ),
    "proximal_adagrad": (
        lambda: tf.train.ProximalAdagradOptimizer(0.3, 0.1, 0.1, 0.2),
        rules.ProximalAdagrad,
        dict(lr=0.3, l1=0.1, l2=0.2),
        ["accumulator"],
    ),
}


def _start():
    return np.random.RandomState(0).uniform(-1, 1, SHAPE)


def _dense_grads():
    return np.random.RandomState(1).uniform(-1, 1, (STEPS,) + SHAPE)


def _rule(rule_class, options):
    """The rule with its numbers as float32, the type that hyperparameters become as tensors."""
    return rule_class(
        SHAPE,
        **{k: float(np.float32(v)) if isinstance(v, float) else v for k, v in options.items()},
    )


def _tolerance(dtype, case):
    if dtype == "float32":
        return dict(rtol=2e-5, atol=2e-6)
    # Adam's powers of beta are float32 variables.
    return dict(rtol=1e-6, atol=1e-7) if case == "adam" else dict(rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", sorted(CASES))
def test_dense(case, dtype):
    make, rule_class, options, slots = CASES[case]
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(_start().astype(dtype))
        grad = tf.placeholder(dtype, SHAPE)
        optimizer = make()
        train = optimizer.apply_gradients([(grad, var)])
        sess.run(tf.global_variables_initializer())
        want, rule = _start(), _rule(rule_class, options)
        for g in _dense_grads():
            sess.run(train, {grad: g.astype(dtype)})
            rule.step(want, g)
            np.testing.assert_allclose(sess.run(var), want, **_tolerance(dtype, case))
        for name, value in zip(slots, rule.slots):
            np.testing.assert_allclose(
                sess.run(optimizer.get_slot(var, name)), value, **_tolerance(dtype, case)
            )


@pytest.mark.parametrize("index_dtype", ["int32", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", sorted(CASES))
def test_sparse_with_duplicates(case, dtype, index_dtype):
    make, rule_class, options, slots = CASES[case]
    random = np.random.RandomState(2)
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(_start().astype(dtype))
        values = tf.placeholder(dtype, [None, SHAPE[1]])
        indices = tf.placeholder(index_dtype, [None])
        optimizer = make()
        grad = tf.IndexedSlices(values, indices, tf.constant(SHAPE))
        train = optimizer.apply_gradients([(grad, var)])
        sess.run(tf.global_variables_initializer())
        want, rule = _start(), _rule(rule_class, options)
        for rows in ([0, 2], [3, 1, 3], [2, 2, 2, 2], [4], [1, 0, 4, 1]):
            g = random.uniform(-1, 1, (len(rows), SHAPE[1]))
            sess.run(train, {values: g.astype(dtype), indices: rows})
            rule.sparse_step(want, g, rows)
            np.testing.assert_allclose(sess.run(var), want, **_tolerance(dtype, case))
        for name, value in zip(slots, rule.slots):
            np.testing.assert_allclose(
                sess.run(optimizer.get_slot(var, name)), value, **_tolerance(dtype, case)
            )


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("l1,l2", [(0.0, 0.0), (0.01, 0.0), (0.01, 0.1)])
def test_adagrad_dual_averaging(l1, l2, sparse):
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(_start())
        step = tf.train.create_global_step()
        grad = tf.placeholder(tf.float64, SHAPE)
        if sparse:
            slices = tf.IndexedSlices(grad, tf.range(SHAPE[0]), tf.constant(SHAPE))
        optimizer = tf.train.AdagradDAOptimizer(
            0.3, step, l1_regularization_strength=l1, l2_regularization_strength=l2
        )
        train = optimizer.apply_gradients([(slices if sparse else grad, var)], global_step=step)
        sess.run(tf.global_variables_initializer())
        want, rule = _start(), rules.AdagradDA(SHAPE, lr=0.3, l1=l1, l2=l2)
        for i, g in enumerate(_dense_grads()):
            sess.run(train, {grad: g})
            rule.step(want, g)
            np.testing.assert_allclose(sess.run(var), want, rtol=1e-6)
            assert sess.run(step) == i + 1


def test_minimize_sees_the_loss_of_old_values():
    with tf.Graph().as_default(), tf.Session() as sess:
        a, b = tf.Variable(2.0), tf.Variable(3.0)
        loss = a * b
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        sess.run(tf.global_variables_initializer())
        value, _ = sess.run([loss, train])
        assert value == 6.0
        np.testing.assert_allclose(sess.run([a, b]), [2 - 0.3, 3 - 0.2], rtol=1e-6)


@pytest.mark.parametrize("gate", [0, 1, 2])
def test_gates(gate):
    with tf.Graph().as_default(), tf.Session() as sess:
        a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
        train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(
            tf.reduce_sum(a * b), gate_gradients=gate
        )
        sess.run(tf.global_variables_initializer())
        x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
        m, n = 0, 0
        for _ in range(3):
            sess.run(train)
            m, n = 0.9 * m + y, 0.9 * n + x
            x, y = x - 0.1 * m, y - 0.1 * n
        np.testing.assert_allclose(sess.run([a, b]), [x, y], rtol=1e-6)


def test_embedding_gradient_trains_only_its_rows():
    with tf.Graph().as_default(), tf.Session() as sess:
        table = tf.Variable(np.ones((4, 2), np.float32))
        ids = tf.placeholder(tf.int32, [None])
        loss = tf.reduce_sum(tf.gather(table, ids))
        train = tf.train.AdagradOptimizer(1.0).minimize(loss)
        sess.run(tf.global_variables_initializer())
        sess.run(train, {ids: [1, 1, 3]})
        got = sess.run(table)
        np.testing.assert_array_equal(got[[0, 2]], 1.0)
        np.testing.assert_allclose(got[1], 1 - 2 / np.sqrt(4.1), rtol=1e-5)
        np.testing.assert_allclose(got[3], 1 - 1 / np.sqrt(1.1), rtol=1e-5)


@pytest.mark.parametrize("rate", ["number", "tensor", "callable", "variable"])
def test_learning_rate_forms(rate):
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(1.0)
        lr = {
            "number": 0.5,
            "tensor": tf.constant(0.5),
            "callable": lambda: 0.5,
            "variable": tf.Variable(0.5, trainable=False),
        }[rate]
        train = tf.train.GradientDescentOptimizer(lr).minimize(var * 2.0)
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        assert sess.run(var) == 0.0


def test_float64_variables_with_python_hyperparameters():
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(1.0, dtype=tf.float64)
        train = tf.train.AdamOptimizer().minimize(var * var)
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        np.testing.assert_allclose(sess.run(var), 0.999, rtol=1e-6)


def test_decaying_rate_and_global_step():
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(0.0)
        step = tf.train.get_or_create_global_step()
        rate = tf.train.exponential_decay(1.0, step, 1, 0.5)
        train = tf.train.GradientDescentOptimizer(rate).minimize(-var, global_step=step)
        sess.run(tf.global_variables_initializer())
        for _ in range(4):
            sess.run(train)
        np.testing.assert_allclose(sess.run(var), 1.875)
        assert tf.train.global_step(sess, step) == 4


def test_constraint_is_applied_after_the_update():
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable([1.0, -1.0], constraint=lambda v: tf.maximum(v, 0.0))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(var))
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        np.testing.assert_allclose(sess.run(var), [0.9, 0.0], rtol=1e-6)


def test_custom_optimizer():
    class SignDescent(tf.train.Optimizer):
        def __init__(self, rate, name="SignDescent"):
            super().__init__(False, name)
            self.rate = rate

        def _create_slots(self, var_list):
            for v in var_list:
                self._zeros_slot(v, "count", self._name)

        def _prepare(self):
            self.rate_t = tf.convert_to_tensor(self.rate, name="rate")

        def _apply_dense(self, grad, var):
            count = tf.assign_add(self.get_slot(var, "count"), tf.ones_like(grad))
            return tf.group(tf.assign_sub(var, self.rate_t * tf.sign(grad)), count)

    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable([1.0, -2.0], name="w")
        optimizer = SignDescent(0.25)
        train = optimizer.minimize(tf.reduce_sum(var * var))
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        sess.run(train)
        np.testing.assert_array_equal(sess.run(var), [0.5, -1.5])
        np.testing.assert_array_equal(sess.run(optimizer.get_slot(var, "count")), [2, 2])
        assert optimizer.get_slot(var, "count").op.name == "w/SignDescent"
        with pytest.raises(NotImplementedError):
            optimizer.minimize(tf.reduce_sum(tf.gather(var, [0])))


def test_node_and_slot_names():
    with tf.Graph().as_default():
        var = tf.Variable(tf.zeros([4, 2]), name="var")
        grad = tf.placeholder(tf.float32, [4, 2], name="g")
        step = tf.train.get_or_create_global_step()
        adam = tf.train.AdamOptimizer()
        train = adam.apply_gradients([(grad, var)], global_step=step)
        assert (train.name, train.type) == ("Adam", "AssignAdd")
        assert [v.op.name for v in adam.variables()] == [
            "beta1_power",
            "beta2_power",
            "var/Adam",
            "var/Adam_1",
        ]
        assert adam.get_slot_names() == ["m", "v"]
        assert adam.get_slot(var, "m").op.name == "var/Adam"
        assert adam.get_slot(var, "none") is None
        names = {op.name for op in tf.get_default_graph().get_operations()}
        assert {
            "Adam/learning_rate",
            "Adam/beta1",
            "Adam/beta2",
            "Adam/epsilon",
            "Adam/mul",
            "Adam/update_var/ApplyAdam",
            "Adam/Assign",
            "Adam/Assign_1",
            "Adam/update",
            "Adam/value",
            "var/Adam/Initializer/zeros",
            "var/Adam_1/read",
            "beta1_power/initial_value",
        } <= names
        apply_op = tf.get_default_graph().get_operation_by_name("Adam/update_var/ApplyAdam")
        assert [t.op.name for t in apply_op.inputs] == [
            "var",
            "var/Adam",
            "var/Adam_1",
            "beta1_power/read",
            "beta2_power/read",
            "Adam/learning_rate",
            "Adam/beta1",
            "Adam/beta2",
            "Adam/epsilon",
            "g",
        ]
        assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [train]
        tf.train.MomentumOptimizer(0.1, 0.9).apply_gradients([(grad, var)])
        tf.train.AdamOptimizer().apply_gradients([(grad, var)], name="again")
        assert [v.op.name for v in tf.global_variables()] == [
            "var",
            "global_step",
            "beta1_power",
            "beta2_power",
            "var/Adam",
            "var/Adam_1",
            "var/Momentum",
            "beta1_power_1",
            "beta2_power_1",
            "var/Adam_2",
            "var/Adam_3",
        ]


def test_adam_powers_count_steps():
    with tf.Graph().as_default(), tf.Session() as sess:
        var = tf.Variable(1.0, name="w")
        adam = tf.train.AdamOptimizer(0.1, 0.5, 0.25)
        train = adam.minimize(var)
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(train)
        np.testing.assert_allclose(sess.run(adam.variables()[:2]), [0.5**4, 0.25**4])


def test_errors():
    with tf.Graph().as_default():
        v, u = tf.Variable(1.0, name="v"), tf.Variable(2.0, name="u")
        sgd = tf.train.GradientDescentOptimizer(0.1)
        with pytest.raises(ValueError, match="No gradients provided for any variable, check"):
            sgd.minimize(tf.constant(1.0))
        with pytest.raises(ValueError, match="No variables provided"):
            sgd.apply_gradients([])
        with pytest.raises(ValueError, match="No gradients provided for any variable: "):
            sgd.apply_gradients([(None, v)])
        with pytest.raises(ValueError, match="No variables to optimize"):
            sgd.compute_gradients(v * 2.0, var_list=[])
        with pytest.raises(ValueError, match="gate_gradients must be one of"):
            sgd.compute_gradients(v * 2.0, gate_gradients=5)
        with pytest.raises(TypeError, match="not a Variable"):
            sgd.compute_gradients(v * 2.0, var_list=["v"])
        with pytest.raises(ValueError, match="Invalid type tf.int32"):
            sgd.compute_gradients(tf.cast(v, tf.int32), [v])
        with pytest.raises(ValueError, match="Must specify the optimizer name"):
            tf.train.GradientDescentOptimizer(0.1, name="")
        with pytest.raises(ValueError, match="must be positive"):
            tf.train.AdagradOptimizer(0.1, initial_accumulator_value=-1.0)
        with pytest.raises(ValueError, match="negative or zero"):
            tf.train.FtrlOptimizer(0.1, learning_rate_power=1.0)
        assert sgd.compute_gradients(v * 2.0, [v, u])[1] == (None, u)
        with pytest.raises(NotImplementedError):
            tf.train.Optimizer(False, "base").apply_gradients([(tf.constant(1.0), v)])


@pytest.mark.parametrize("case", ["adagrad", "adam", "momentum", "rmsprop"])
def test_variables_of_unknown_shape(case):
    make, rule_class, options, _ = CASES[case]
    with tf.Graph().as_default(), tf.Session() as sess:
        start = tf.placeholder(tf.float32)
        var = tf.Variable(start, validate_shape=False)
        train = make().apply_gradients([(tf.ones_like(var), var)])
        value = np.array([[1.0, 2.0, 3.0]])
        sess.run(tf.global_variables_initializer(), {start: value})
        sess.run(train)
        want, rule = value.copy(), rule_class(value.shape, **options)
        rule.step(want, np.ones_like(want))
        np.testing.assert_allclose(sess.run(var), want, rtol=1e-5)


@pytest.mark.parametrize("resource", [False, True])
def test_the_loss_may_be_a_function(resource):
    with tf.Graph().as_default(), tf.Session() as sess:
        a = tf.Variable([1.0, 2.0], name="a", use_resource=resource)
        b = tf.Variable([3.0], name="b", use_resource=resource)
        tf.Variable([4.0], name="unread", use_resource=resource)
        sgd = tf.train.GradientDescentOptimizer(1.0)
        found = sgd.compute_gradients(lambda: 2.0 * a * b)
        assert [var.op.name for _, var in found] == ["a", "b"]
        train = sgd.minimize(lambda: 5.0 * a, var_list=[a], grad_loss=tf.constant([1.0, -1.0]))
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(found[1][0]), [6.0])
        sess.run(train)
        np.testing.assert_array_equal(sess.run(a), [-4.0, 7.0])
        with pytest.raises(ValueError, match="No gradients provided"):
            sgd.minimize(lambda: 5.0 * a, var_list=[b])


def test_the_shared_read_of_the_global_step_precedes_its_increments():
    from caudal.train import training_util

    with tf.Graph().as_default(), tf.Session() as sess:
        assert training_util._get_or_create_global_step_read() is None
        tf.train.create_global_step()
        read = training_util._get_or_create_global_step_read()
        assert training_util._get_or_create_global_step_read() is read
        count = training_util._increment_global_step(3)
        sess.run(tf.global_variables_initializer())
        assert sess.run([read, count]) == [0, 3]
        assert sess.run(read) == 3


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("case", ["gradient_descent", "adam", "momentum"])
def test_subclasses_override_either_kind_of_update(case, resource):
    make = CASES[case][0]
    base, called = type(make()), []

    class Doubled(base):
        def _apply_dense(self, grad, var):
            called.append("dense")
            return super()._apply_dense(2.0 * grad, var)

        def _resource_apply_dense(self, grad, handle):
            called.append("handle")
            return super()._resource_apply_dense(2.0 * grad, handle)

    class OnlyDense(base):
        def _apply_dense(self, grad, var):
            called.append("only")
            return super()._apply_dense(2.0 * grad, var)

    results = []
    for kind in (base, Doubled, OnlyDense):
        with tf.Graph().as_default(), tf.Session() as sess:
            optimizer = make()
            optimizer.__class__ = kind
            var = tf.Variable([1.0, 2.0], use_resource=resource)
            factor = 2.0 if kind is base else 1.0
            train = optimizer.minimize(factor * var * var)
            sess.run(tf.global_variables_initializer())
            sess.run(train)
            results.append(sess.run(var))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-6)
    assert called == ["handle" if resource else "dense", "only"]
