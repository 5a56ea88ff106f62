# SPDX-License-Identifier: Apache-2.0
"""Batch normalization, moments, moving averages, update ops, decay schedules, global step."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(5)
data = rng.normal(2.0, 3.0, size=(8, 4, 4, 3)).astype(np.float32)

x = tf.placeholder(tf.float32, [None, 4, 4, 3])
scale = tf.Variable([1.0, 2.0, 0.5], name="scale")
offset = tf.Variable([0.1, 0.0, -0.1], name="offset")
moving_mean = tf.Variable(tf.zeros([3]), trainable=False)
moving_variance = tf.Variable(tf.ones([3]), trainable=False)

fused, mean, variance = tf.nn.fused_batch_norm(x, scale, offset, epsilon=0.01)
for moving, value in ((moving_mean, mean), (moving_variance, variance)):
    update = tf.assign(moving, moving * 0.9 + value * 0.1)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
plain_mean, plain_variance = tf.nn.moments(x, [0, 1, 2])
plain = tf.nn.batch_normalization(x, plain_mean, plain_variance, offset, scale, 0.01)
frozen, _, _ = tf.nn.fused_batch_norm(
    x, scale, offset, mean=moving_mean, variance=moving_variance, is_training=False, epsilon=0.01
)
loss = tf.reduce_mean(tf.square(fused - 0.3)) + tf.reduce_mean(plain * x)

step = tf.train.get_or_create_global_step()
schedules = {
    "exponential": tf.train.exponential_decay(0.1, step, 3, 0.5),
    "staircase": tf.train.exponential_decay(0.1, step, 3, 0.5, staircase=True),
    "piecewise": tf.train.piecewise_constant(step, [2, 4], [0.1, 0.05, 0.01]),
    "polynomial": tf.train.polynomial_decay(0.1, step, 5, 0.01, power=2.0, cycle=True),
    "natural": tf.train.natural_exp_decay(0.1, step, 2, 0.3),
    "inverse": tf.train.inverse_time_decay(0.1, step, 2, 0.3),
    "cosine": tf.train.cosine_decay(0.1, step, 6, alpha=0.1),
    "restarts": tf.train.cosine_decay_restarts(0.1, step, 3),
}
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    optimizer = tf.train.MomentumOptimizer(schedules["exponential"], 0.5)
    train = optimizer.minimize(loss, global_step=step)
average = tf.train.ExponentialMovingAverage(0.8, num_updates=step)
with tf.control_dependencies([train]):
    train = average.apply([scale, offset])

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(6):
        sess.run(train, {x: data})
        print("step", sess.run(step), "loss", sess.run(loss, {x: data}))
        for name in sorted(schedules):
            print(name, sess.run(schedules[name]))
    print("moving", *sess.run(moving_mean), *sess.run(moving_variance))
    print("average", *sess.run(average.average(scale)), *sess.run(average.average(offset)))
    print("trained", *sess.run(scale), *sess.run(offset))
    for value in sess.run([fused, plain, frozen, *tf.gradients(loss, [x])], {x: data}):
        print("values", *value.ravel()[:9], np.abs(value).mean())
