# SPDX-License-Identifier: Apache-2.0
"""A line through noisy points: the smallest complete program."""

import numpy as np

import caudal as tf

rng = np.random.default_rng(0)
xs = rng.uniform(-1, 1, 100).astype(np.float32)
ys = 3 * xs + 2 + rng.normal(0, 0.1, 100).astype(np.float32)

x = tf.placeholder(tf.float32, [None])
y = tf.placeholder(tf.float32, [None])
slope = tf.Variable(0.0)
offset = tf.Variable(0.0)
loss = tf.reduce_mean(tf.square(slope * x + offset - y))
train = tf.train.GradientDescentOptimizer(0.3).minimize(loss)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(101):
        _, value = session.run([train, loss], {x: xs, y: ys})
        if step % 20 == 0:
            print(f"step {step:3d}  loss {value:.4f}")
    found = session.run([slope, offset])
print(f"y = {found[0]:.3f} x + {found[1]:.3f}   (made from y = 3 x + 2 and noise)")
