# SPDX-License-Identifier: Apache-2.0
"""Jacobians, optimizers, metrics and variables inside of loops and branches; runs in parts."""

import numpy as np

import caudal as tf


def show(name, value):
    print(name, np.round(np.asarray(value, np.float64), 4).tolist())


def rows(y, x):
    count = y.shape[0].value if hasattr(y.shape[0], "value") else int(y.shape[0])
    return tf.map_fn(lambda i: tf.gradients(y[i], x)[0], tf.range(count), dtype=tf.float32)


def initialized():
    return [tf.global_variables_initializer(), tf.local_variables_initializer()]


def by_variables(resource):
    tf.reset_default_graph()
    with tf.Session() as sess, tf.variable_scope("s", use_resource=resource):
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        x = tf.constant([0.5, -1.0])
        y = tf.tanh(v * x) * v[1]
        z = tf.gather(v, [1, 1, 0]) ** 2
        grad = tf.gradients(tf.reduce_sum(v**3 * x), v)[0]
        sess.run(initialized())
        show("by the variable", sess.run(rows(y, v)))
        show("by the constant", sess.run(rows(y, x)))
        show("of gathered rows", sess.run(rows(z, v)))
        show("of a gradient", sess.run(rows(grad, v)))
        pred = tf.placeholder(tf.bool, [])
        part = tf.cond(pred, lambda: tf.gradients(tf.reduce_sum(y * v), v)[0], lambda: v * 0.0)
        show("in a branch", [sess.run(part, {pred: p}) for p in (True, False)])


def training(resource, name, make):
    tf.reset_default_graph()
    with tf.Session() as sess, tf.variable_scope("s", use_resource=resource):
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        optimizer = make()

        def body(i, total):
            loss = tf.reduce_sum(v * v)
            mean = tf.metrics.mean(tf.cast(i, tf.float32))[1]
            with tf.control_dependencies([loss]):
                step = optimizer.minimize(loss)
            with tf.control_dependencies([step]):
                return i + 1, total + mean

        end = tf.while_loop(lambda i, t: i < 4, body, [0, 0.0], parallel_iterations=1)
        sess.run(initialized())
        show(name, sess.run(end))
        show("weights", sess.run(v))
        print(len(optimizer.variables()), len(tf.local_variables()))


OPTIMIZERS = {
    "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "adam": lambda: tf.train.AdamOptimizer(0.1),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5),
}
for kind in (False, True):
    by_variables(kind)
    for key, optimizer_of in OPTIMIZERS.items():
        training(kind, key, optimizer_of)

tf.reset_default_graph()
with tf.Session() as sess:

    def body(i, total):
        v = tf.get_variable("w", [], initializer=tf.ones_initializer(), use_resource=True)
        with tf.control_dependencies([total]):
            before = v.read_value()
        with tf.control_dependencies([before]):
            change = v.assign_add(2.0, read_value=False)
        with tf.control_dependencies([change]):
            return i + 1, total + before

    end = tf.while_loop(lambda i, t: i < 3, body, [0, 0.0], parallel_iterations=1)
    sess.run(initialized())
    show("made and written in a loop", sess.run(end))
    print([v.name for v in tf.global_variables()])

    a, b, c = (tf.placeholder(tf.float32, []) for _ in range(3))
    first = a + b
    second = first * c
    parts = sess.partial_run_setup([first, second], [a, b, c])
    got = sess.partial_run(parts, first, {a: 1.0, b: 2.0})
    show("parts", [got, sess.partial_run(parts, second, {c: got * 10.0})])

    x, y, z = tf.constant(3.0), tf.constant(2.0), tf.constant(5.0)
    end = tf.while_loop(
        lambda i, x, y, z: i < 2,
        lambda i, x, y, z: (i + 1, x * x + tf.stop_gradient(y), y * 2.0, z),
        [0, x, y, z],
    )[1]
    grads = tf.gradients(end, [x, y, z])
    show("stopped", sess.run(grads[:2]))
    print(grads[2])
