# SPDX-License-Identifier: Apache-2.0
"""Every optimizer on the same small problem: values after some steps, slots, clipping."""

import numpy as np

import caudal as tf

START = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)


def optimizers(step):
    t = tf.train
    yield "sgd", t.GradientDescentOptimizer(0.1)
    yield "momentum", t.MomentumOptimizer(0.05, 0.9)
    yield "nesterov", t.MomentumOptimizer(0.05, 0.9, use_nesterov=True)
    yield "adagrad", t.AdagradOptimizer(0.3)
    yield "adagrad_da", t.AdagradDAOptimizer(0.3, step, l1_regularization_strength=0.01)
    yield "adadelta", t.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-4)
    yield "rmsprop", t.RMSPropOptimizer(0.01, momentum=0.5)
    yield "rmsprop_centered", t.RMSPropOptimizer(0.01, decay=0.8, centered=True)
    yield "adam", t.AdamOptimizer(0.1)
    yield "ftrl", t.FtrlOptimizer(0.3, l1_regularization_strength=0.02)
    yield "proximal_sgd", t.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.05)
    yield "proximal_adagrad", t.ProximalAdagradOptimizer(0.3, l2_regularization_strength=0.05)


for number in range(12):
    with tf.Graph().as_default(), tf.Session() as sess:
        step = tf.train.get_or_create_global_step()
        name, optimizer = list(optimizers(step))[number]
        v = tf.Variable(START, name="v")
        u = tf.Variable([1.0, 1.0], name="u")
        loss = tf.reduce_sum(tf.square(v) * [[1.0, 2.0], [3.0, 0.5]]) + tf.reduce_sum(tf.exp(u))
        pairs = optimizer.compute_gradients(loss)
        clipped, norm = tf.clip_by_global_norm([g for g, _ in pairs], 5.0)
        train = optimizer.apply_gradients(zip(clipped, [p[1] for p in pairs]), global_step=step)
        sess.run(tf.global_variables_initializer())
        for _ in range(12):
            sess.run(train)
        print(name, *sess.run(v).ravel(), *sess.run(u), "norm", sess.run(norm), sess.run(step))
        print(name, "slots", sorted(optimizer.get_slot_names()))
        for slot in sorted(optimizer.get_slot_names()):
            held = optimizer.get_slot(v, slot)
            print(name, held.op.name, *sess.run(held).ravel())
