# SPDX-License-Identifier: Apache-2.0
"""Draws whose distribution is an input, and draws from a given seed."""

import numpy as np
import pytest

from property.catalog import stateful

N = 4000


def _gamma(tf, session, dtype):
    alpha = tf.constant([0.5, 1.0, 4.0], dtype)
    drawn = tf.raw_ops.RandomGamma(shape=[N], alpha=alpha, seed=3, seed2=5)
    slope = tf.gradients(drawn, alpha)[0]
    with session() as sess:
        x, dx = sess.run([drawn, slope])
    assert x.shape == (N, 3) and (x >= 0).all()
    np.testing.assert_allclose(x.mean(0), [0.5, 1, 4], rtol=0.08)
    np.testing.assert_allclose(x.var(0), [0.5, 1, 4], rtol=0.15)
    np.testing.assert_allclose(dx / N, [1, 1, 1], rtol=0.1)  # the mean is alpha


def _poisson(name):
    def driver(tf, session, dtype):
        rates = np.array([0.5, 4, 30], dtype if name == "RandomPoisson" else "float64")
        extra = {} if name == "RandomPoisson" else {"dtype": dtype}
        drawn = getattr(tf.raw_ops, name)(shape=[N], rate=rates, seed=3, seed2=5, **extra)
        with session() as sess:
            x = sess.run(drawn).astype("float64")
        assert x.shape == (N, 3) and (x == np.rint(x)).all()
        np.testing.assert_allclose(x.mean(0), rates, rtol=0.08)
        np.testing.assert_allclose(x.var(0), rates, rtol=0.15)

    return driver


def _bounded(tf, session, dtype):
    limits = [(-2.0, 2.0), (2.0, 2.5), (3.0, np.inf), (-np.inf, -2.0)]
    low, high = np.array(limits, dtype).T
    draw = tf.raw_ops.ParameterizedTruncatedNormal
    drawn = draw(shape=[4, N], means=tf.constant(0, dtype), stdevs=tf.constant(1, dtype),
                 minvals=low, maxvals=high, seed=3, seed2=5)  # fmt: skip
    wrong = draw(shape=[1, 2], means=tf.constant(0, dtype), stdevs=tf.constant(1, dtype),
                 minvals=tf.constant(1, dtype), maxvals=tf.constant(0, dtype))  # fmt: skip
    with session() as sess:
        x = sess.run(drawn)
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(wrong)
    assert ((x >= low[:, None]) & (x <= high[:, None])).all()
    np.testing.assert_allclose(x.mean(1), [0, 2.22, 3.28, -2.37], atol=0.06)


def _seeded(name, check, **fixed):
    def driver(tf, session, dtype):
        draw = getattr(tf.raw_ops, name)
        arguments = {k: tf.constant(v, dtype) for k, v in fixed.items()}
        if not fixed:
            arguments["dtype"] = dtype
        a = draw(shape=[N], seed=[1, 2], **arguments)
        same = draw(shape=[N], seed=tf.constant([1, 2], "int32"), **arguments)
        other = draw(shape=[N], seed=[1, 3], **arguments)
        with session() as sess:
            x, y, z = sess.run([a, same, other])
        assert x.dtype == dtype
        np.testing.assert_array_equal(x, y)
        assert (x != z).mean() > 0.5
        check(x.astype("float64"))

    return driver


def _uniform_values(x):
    assert (x >= 0).all() and (x < 1).all()
    np.testing.assert_allclose([x.mean(), x.var()], [0.5, 1 / 12], atol=0.02)


def _normal_values(x):
    np.testing.assert_allclose([x.mean(), x.var()], [0, 1], atol=0.07)


def _truncated_values(x):
    assert (abs(x) < 2).all()
    np.testing.assert_allclose([x.mean(), x.var()], [0, 0.774], atol=0.05)


def _integer_values(x):
    assert set(x) == set(range(-2, 3))


def _classes(tf, session, dtype):
    logits = tf.constant(np.log([[0.1, 0.9], [0.5, 0.5]]), dtype)
    drawn = tf.random.stateless_multinomial(logits, N, seed=[4, 5])
    again = tf.random.stateless_categorical(logits, N, seed=[4, 5])
    with session() as sess:
        x, y = sess.run([drawn, again])
    np.testing.assert_array_equal(x, y)
    np.testing.assert_allclose(x.mean(1), [0.9, 0.5], atol=0.04)


FLOATS = "float32 float64"
stateful("RandomGamma", _gamma, FLOATS, checks_gradient=True)
stateful("RandomPoisson", _poisson("RandomPoisson"), FLOATS)
stateful("RandomPoissonV2", _poisson("RandomPoissonV2"), "float32 float64 int32 int64")
stateful("ParameterizedTruncatedNormal", _bounded, FLOATS)
stateful("StatelessRandomUniform", _seeded("StatelessRandomUniform", _uniform_values), FLOATS)
stateful("StatelessRandomNormal", _seeded("StatelessRandomNormal", _normal_values), FLOATS)
stateful("StatelessTruncatedNormal", _seeded("StatelessTruncatedNormal", _truncated_values), FLOATS)
stateful(
    "StatelessRandomUniformInt",
    _seeded("StatelessRandomUniformInt", _integer_values, minval=-2, maxval=3),
    "int32 int64",
)
stateful("StatelessMultinomial", _classes, FLOATS)
