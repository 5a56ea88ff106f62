# SPDX-License-Identifier: Apache-2.0
"""A small convolutional network with seeded initial values and dropout, trained by Adam."""

import numpy as np

import caudal as tf

tf.set_random_seed(7)
rng = np.random.RandomState(1)
images = rng.uniform(size=(16, 12, 12, 2)).astype(np.float32)
labels = rng.randint(0, 5, 16)


def conv(value, filters, strides, padding, name):
    with tf.variable_scope(name):
        shape = [3, 3, value.shape.as_list()[-1], filters]
        kernel = tf.get_variable(
            "kernel", shape, initializer=tf.truncated_normal_initializer(stddev=0.2, seed=filters)
        )
        bias = tf.get_variable("bias", [filters], initializer=tf.constant_initializer(0.1))
        value = tf.nn.conv2d(value, kernel, strides=[1, strides, strides, 1], padding=padding)
        return tf.nn.relu(tf.nn.bias_add(value, bias))


x = tf.placeholder(tf.float32, [None, 12, 12, 2])
y = tf.placeholder(tf.int64, [None])
keep = tf.placeholder(tf.float32)
h = conv(x, 4, 1, "SAME", "one")
h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
h = tf.nn.lrn(h, depth_radius=2, bias=1.0, alpha=0.1, beta=0.75)
h = conv(h, 6, 2, "VALID", "two")
h = tf.nn.avg_pool(h, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
h = tf.reshape(h, [-1, 6])
h = tf.nn.dropout(h, keep_prob=keep, seed=3)
w = tf.get_variable("w", [6, 5], initializer=tf.glorot_uniform_initializer(seed=9))
logits = tf.matmul(h, w)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
train = tf.train.AdamOptimizer(0.01).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {x: images, y: labels, keep: 1.0}
    print("start", *sess.run([loss, accuracy], feed))
    print("logits", *sess.run(logits, feed)[0])
    for step in range(10):
        _, value = sess.run([train, loss], {x: images, y: labels, keep: 0.8})
        print("step", step, value)
    print("end", *sess.run([loss, accuracy], feed))
    for variable in tf.trainable_variables():
        print(variable.name, variable.shape.as_list(), sess.run(tf.reduce_sum(variable)))
