# SPDX-License-Identifier: Apache-2.0
"""cond and while_loop, with gradients through both, and control dependencies."""

import numpy as np

import caudal as tf

x = tf.placeholder(tf.float32, [], name="x")
limit = tf.placeholder(tf.int32, [], name="limit")
w = tf.Variable(0.5, name="w")

branch = tf.cond(x > 1.0, lambda: tf.square(x) * w, lambda: tf.exp(x) + w)
branch_grads = tf.gradients(branch, [x, w])


def body(i, total, power):
    power = power * x * w
    return i + 1, total + power, power


_, series, last = tf.while_loop(
    lambda i, total, power: i < limit, body, [tf.constant(0), tf.constant(1.0), tf.constant(1.0)]
)
series_grads = tf.gradients(series, [x, w])


def grow(i, vector):
    return i + 1, tf.concat([vector, [tf.cast(i, tf.float32) * w]], axis=0)


_, grown = tf.while_loop(
    lambda i, vector: tf.less(i, limit),
    grow,
    [tf.constant(0), tf.zeros([1])],
    shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
)

counter = tf.Variable(0, name="counter")
bump = tf.assign_add(counter, 1)
with tf.control_dependencies([bump]):
    after = tf.identity(x) * 2.0
matrix = tf.placeholder(tf.float32, [2, 2])
_, power = tf.while_loop(
    lambda i, m: i < 5, lambda i, m: (i + 1, tf.matmul(m, matrix)), (0, tf.eye(2))
)
matrix_grad = tf.gradients(tf.reduce_sum(power), matrix)[0]
nested = tf.cond(x > 0, lambda: tf.cond(x > 1, lambda: x * 3, lambda: x * 2), lambda: -x)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for value in (0.5, 1.0, 2.0):
        print("cond", *sess.run([branch, *branch_grads], {x: value}))
        print("nested", *sess.run([nested, tf.gradients(nested, x)[0]], {x: value}))
    for count in (0, 1, 4, 9):
        feed = {x: 1.5, limit: count}
        print("series", count, *sess.run([series, last, *series_grads], feed))
        print("grown", sess.run(grown, feed))
    for value in (1.0, 2.0):
        print("after", sess.run(after, {x: value}), sess.run(counter))
    m = np.array([[0.5, 0.2], [0.1, 0.9]], np.float32)
    print("power", *[v.ravel() for v in sess.run([power, matrix_grad], {matrix: m})])
