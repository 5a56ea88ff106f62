# SPDX-License-Identifier: Apache-2.0
"""Exponential moving averages and the global step."""

import numpy as np
import pytest

import caudal as tf
from caudal.train import moving_averages


def test_average_of_variables_begins_with_their_values():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([1.0, 2.0], name="v")
        ema = tf.train.ExponentialMovingAverage(0.75)
        update = ema.apply([v])
        sess.run(tf.global_variables_initializer())
        average = ema.average(v)
        np.testing.assert_array_equal(sess.run(average), [1, 2])
        sess.run(v.assign([5.0, 6.0]))
        sess.run(update)
        np.testing.assert_allclose(sess.run(average), [2, 3])
        sess.run(update)
        np.testing.assert_allclose(sess.run(average), [2.75, 3.75])


def test_average_after_a_training_step_is_of_the_new_value():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0)
        train = tf.train.GradientDescentOptimizer(1.0).minimize(-4.0 * v)
        ema = tf.train.ExponentialMovingAverage(0.75)
        with tf.control_dependencies([train]):
            update = ema.apply([v])
        sess.run(tf.global_variables_initializer())
        sess.run(update)
        assert sess.run([v, ema.average(v)]) == [5.0, 2.0]


def test_average_of_tensors_begins_with_zero():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [2], name="x")
        plain, corrected = (
            tf.train.ExponentialMovingAverage(0.9, zero_debias=z, name=n)
            for z, n in ((False, "plain"), (True, "corrected"))
        )
        y = tf.identity(x, name="y")
        update = tf.group(plain.apply([y]), corrected.apply([y]))
        sess.run(tf.global_variables_initializer())
        total = np.zeros(2)
        for i, value in enumerate(([1.0, 2.0], [3.0, 5.0], [-1.0, 0.0])):
            sess.run(update, {x: value})
            total = 0.9 * total + 0.1 * np.array(value)
            np.testing.assert_allclose(sess.run(plain.average(y)), total, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(
                sess.run(corrected.average(y)), total / (1 - 0.9 ** (i + 1)), rtol=1e-5
            )
        names = {var.op.name for var in tf.global_variables()}
        assert names == {"y/plain", "y/corrected", "y/corrected/biased", "y/corrected/local_step"}


def test_num_updates_lowers_the_decay():
    with tf.Graph().as_default(), tf.Session() as sess:
        v, n = tf.Variable(0.0), tf.Variable(0, trainable=False)
        ema = tf.train.ExponentialMovingAverage(0.9, num_updates=n)
        update = ema.apply([v])
        sess.run(tf.global_variables_initializer())
        sess.run(v.assign(10.0))
        sess.run(update)
        np.testing.assert_allclose(sess.run(ema.average(v)), 9.0, rtol=1e-6)
        sess.run(n.assign(1000))
        sess.run(update)
        np.testing.assert_allclose(sess.run(ema.average(v)), 9.1, rtol=1e-6)


def test_names_for_restoring():
    with tf.Graph().as_default():
        v = tf.Variable(1.0, name="v")
        w = tf.Variable(1.0, name="w", trainable=False)
        ema = tf.train.ExponentialMovingAverage(0.9)
        assert ema.average_name(v) == "v/ExponentialMovingAverage"
        update = ema.apply([v])
        assert update.name == "ExponentialMovingAverage"
        assert ema.average(v).op.name == "v/ExponentialMovingAverage"
        assert ema.average(w) is None
        assert tf.moving_average_variables() == [v]
        assert ema.variables_to_restore() == {"v/ExponentialMovingAverage": v, "w": w}
        with pytest.raises(TypeError, match="must be half, float, or double"):
            ema.apply([tf.Variable(1)])


def test_assign_moving_average():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([1.0, 2.0], trainable=False, name="v")
        update = moving_averages.assign_moving_average(
            v, tf.constant([3.0, 4.0]), 0.9, zero_debias=False
        )
        assert update.op.type == "AssignSub" and update.op.name == "AssignMovingAvg"
        sess.run(tf.global_variables_initializer())
        np.testing.assert_allclose(sess.run(update), [1.2, 2.2], rtol=1e-6)


def test_weighted_moving_average():
    with tf.Graph().as_default(), tf.Session() as sess:
        x, w = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
        average = moving_averages.weighted_moving_average(x, 0.5, w)
        sess.run(tf.global_variables_initializer())
        sess.run(average, {x: 2.0, w: 1.0})
        got = sess.run(average, {x: 4.0, w: 3.0})
        np.testing.assert_allclose(got, (0.5 * 1.0 + 0.5 * 12.0) / (0.5 * 0.5 + 0.5 * 3.0))


def test_global_step():
    with tf.Graph().as_default(), tf.Session() as sess:
        assert tf.train.get_global_step() is None
        step = tf.train.get_or_create_global_step()
        assert step.op.name == "global_step" and step.dtype.base_dtype == tf.int64
        assert tf.train.get_global_step() is step
        assert tf.train.get_or_create_global_step() is step
        with pytest.raises(ValueError, match='"global_step" already exists'):
            tf.train.create_global_step()
        sess.run(step.initializer)
        assert tf.train.global_step(sess, step) == 0
        with pytest.raises(TypeError, match="does not have integer type"):
            tf.train.assert_global_step(tf.constant(1.0))
        with pytest.raises(TypeError, match="is not scalar"):
            tf.train.assert_global_step(tf.constant([1]))


def test_global_step_found_by_name():
    with tf.Graph().as_default():
        tf.Variable(0, name="global_step", trainable=False)
        assert tf.train.get_global_step().name == "global_step:0"
