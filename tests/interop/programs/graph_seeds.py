# SPDX-License-Identifier: Apache-2.0
"""Only the graph has a seed: every op's own seed follows from its place in the graph."""

import numpy as np

import caudal as tf


def show(name, value):
    print(name, *np.asarray(value).ravel()[:8])


tf.set_random_seed(11)
x = tf.placeholder(tf.float32, [None, 3], name="x")
first = tf.random_uniform([4])
second = tf.random_uniform([4])
integers = tf.random_uniform([6], 0, 100, dtype=tf.int64)
normal = tf.random_normal([2, 3], mean=1.0)
truncated = tf.truncated_normal([5])
shuffled = tf.random_shuffle(tf.range(8))
with tf.name_scope("net"):
    w = tf.Variable(tf.random_normal([3, 4], stddev=0.1), name="w")
    b = tf.get_variable("b", [4], initializer=tf.random_uniform_initializer())
    h = tf.nn.dropout(tf.nn.relu(tf.matmul(x, w) + b), keep_prob=0.5)
    k = tf.get_variable("k", [4, 2])
    y = tf.matmul(h, k)
drawn = tf.multinomial(y, 5)

for _ in range(2):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for variable in (w, b, k):
            show(variable.op.name, sess.run(variable))
        for _ in range(2):
            for tensor in (first, second, integers, normal, truncated, shuffled):
                show(tensor.op.type, sess.run(tensor))
            show("y", sess.run(y, {x: np.ones((2, 3))}))
            show("drawn", sess.run(drawn, {x: np.ones((2, 3))}))
