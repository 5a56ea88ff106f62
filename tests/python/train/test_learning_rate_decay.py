# SPDX-License-Identifier: Apache-2.0
"""Decay schedules against their formulas."""

import numpy as np
import pytest

import caudal as tf

STEPS = [0, 1, 4, 9, 10, 11, 25, 70]


def _values(make, steps=STEPS, dtype=tf.int32):
    with tf.Graph().as_default(), tf.Session() as sess:
        step = tf.placeholder(dtype, [])
        rate = make(step)
        assert rate.shape.as_list() == []
        return [sess.run(rate, {step: s}) for s in steps]


def _polynomial(s, n, end, power, cycle):
    n = n * max(1, np.ceil(s / n)) if cycle else n
    return (0.5 - end) * (1 - min(s, n) / n) ** power + end


def _restarts(s, first, t_mul, m_mul, alpha):
    length, start, scale = float(first), 0.0, 1.0
    while s >= start + length:
        start, length, scale = start + length, length * t_mul, scale * m_mul
    cosine = 0.5 * scale * (1 + np.cos(np.pi * (s - start) / length))
    return 0.5 * ((1 - alpha) * cosine + alpha)


def _linear_cosine(s, n, periods, alpha, beta):
    s = min(s, n)
    return 0.5 * ((alpha + (n - s) / n) * 0.5 * (1 + np.cos(np.pi * 2 * periods * s / n)) + beta)


T = tf.train
CASES = {
    "exponential": (
        lambda s: T.exponential_decay(0.5, s, 10, 0.9),
        lambda s: 0.5 * 0.9 ** (s / 10),
    ),
    "exponential_stairs": (
        lambda s: T.exponential_decay(0.5, s, 10, 0.9, True),
        lambda s: 0.5 * 0.9 ** (s // 10),
    ),
    "natural": (
        lambda s: T.natural_exp_decay(0.5, s, 10, 0.9),
        lambda s: 0.5 * np.exp(-0.9 * s / 10),
    ),
    "natural_stairs": (
        lambda s: T.natural_exp_decay(0.5, s, 10, 0.9, True),
        lambda s: 0.5 * np.exp(-0.9 * (s // 10)),
    ),
    "inverse_time": (
        lambda s: T.inverse_time_decay(0.5, s, 10, 0.9),
        lambda s: 0.5 / (1 + 0.9 * s / 10),
    ),
    "inverse_time_stairs": (
        lambda s: T.inverse_time_decay(0.5, s, 10, 0.9, True),
        lambda s: 0.5 / (1 + 0.9 * (s // 10)),
    ),
    "polynomial": (
        lambda s: T.polynomial_decay(0.5, s, 10),
        lambda s: _polynomial(s, 10, 1e-4, 1, False),
    ),
    "polynomial_cycle": (
        lambda s: T.polynomial_decay(0.5, s, 10, 0.1, 2.0, True),
        lambda s: _polynomial(s, 10, 0.1, 2, True),
    ),
    "cosine": (
        lambda s: T.cosine_decay(0.5, s, 10, 0.1),
        lambda s: 0.5 * (0.9 * 0.5 * (1 + np.cos(np.pi * min(s, 10) / 10)) + 0.1),
    ),
    "restarts": (
        lambda s: T.cosine_decay_restarts(0.5, s, 10),
        lambda s: _restarts(s, 10, 2, 1, 0),
    ),
    "restarts_even": (
        lambda s: T.cosine_decay_restarts(0.5, s, 10, t_mul=1.0, m_mul=0.9),
        lambda s: _restarts(s, 10, 1, 0.9, 0),
    ),
    "restarts_all": (
        lambda s: T.cosine_decay_restarts(0.5, s, 10, 1.5, 0.9, 0.1),
        lambda s: _restarts(s, 10, 1.5, 0.9, 0.1),
    ),
    "linear_cosine": (
        lambda s: T.linear_cosine_decay(0.5, s, 10, 1.5, 0.1, 0.01),
        lambda s: _linear_cosine(s, 10, 1.5, 0.1, 0.01),
    ),
    "noise_free": (
        lambda s: T.noisy_linear_cosine_decay(0.5, s, 10, initial_variance=0.0),
        lambda s: _linear_cosine(s, 10, 0.5, 0.0, 0.001),
    ),
    "piecewise": (
        lambda s: T.piecewise_constant(s, [4, 10], [1.0, 0.5, 0.1]),
        lambda s: 1.0 if s <= 4 else 0.5 if s <= 10 else 0.1,
    ),
}


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("case", sorted(CASES))
def test_schedule(case, dtype):
    make, formula = CASES[case]
    got = _values(make, dtype=dtype)
    np.testing.assert_allclose(got, [formula(s) for s in STEPS], rtol=2e-5, atol=1e-6)


def test_noise_has_the_variance_of_the_schedule():
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(1)
        rate = tf.train.noisy_linear_cosine_decay(1.0, 0, 10, initial_variance=0.25, beta=0.0)
        draws = [sess.run(rate) for _ in range(2000)]
    assert abs(np.mean(draws) - 1.0) < 0.05
    assert abs(np.std(draws) - 0.5) < 0.05


def test_names_and_errors():
    with tf.Graph().as_default():
        step = tf.Variable(0, trainable=False)
        assert tf.train.exponential_decay(0.1, step, 10, 0.9).op.name == "ExponentialDecay"
        assert tf.train.exponential_decay(0.1, step, 10, 0.9, name="lr").op.name == "lr"
        for function in (
            tf.train.exponential_decay,
            tf.train.inverse_time_decay,
            tf.train.natural_exp_decay,
        ):
            with pytest.raises(ValueError, match="global_step is required"):
                function(0.1, None, 10, 0.9)
        with pytest.raises(ValueError, match="global_step is required"):
            tf.train.cosine_decay(0.1, None, 10)
        with pytest.raises(ValueError, match="1 less than"):
            tf.train.piecewise_constant(step, [1, 2], [1, 2])
        with pytest.raises(ValueError, match="must have the same dtype as x"):
            tf.train.piecewise_constant(step, [1.0], [1, 2])
        with pytest.raises(ValueError, match="all with the same dtype"):
            tf.train.piecewise_constant(step, [1], [1, 2.0])
