# SPDX-License-Identifier: Apache-2.0
"""Batch normalization under cond, L1 regularizers, clipped Nesterov steps, averaged weights."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(4)
X = rng.randn(60, 5).astype("f")
Y = np.tanh(X[:, :1] * 2 + X[:, 1:2]).astype("f")
x = tf.placeholder(tf.float32, [None, 5])
y = tf.placeholder(tf.float32, [None, 1])
train_flag = tf.placeholder_with_default(False, [])


def bn(h, name):
    with tf.variable_scope(name):
        n = h.shape[-1].value
        ga = tf.get_variable("gamma", [n], initializer=tf.ones_initializer())
        be = tf.get_variable("beta", [n], initializer=tf.zeros_initializer())
        m, v = tf.nn.moments(h, [0])
        ema = tf.train.ExponentialMovingAverage(0.8)
        op = ema.apply([m, v])
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, op)
        mm, vv = tf.cond(train_flag, lambda: (m, v), lambda: (ema.average(m), ema.average(v)))
        return tf.nn.batch_normalization(h, mm, vv, be, ga, 1e-3)


def reg(w):
    return 1e-3 * tf.reduce_sum(tf.abs(w))


with tf.variable_scope(
    "net", regularizer=reg, initializer=tf.random_uniform_initializer(-0.6, 0.6, seed=1)
):
    h = tf.nn.relu(bn(tf.matmul(x, tf.get_variable("w1", [5, 8])), "bn1"))
    out = tf.tanh(tf.matmul(h, tf.get_variable("w2", [8, 1])))
with tf.variable_scope("net", reuse=True):
    w1 = tf.get_variable("w1", [5, 8])
loss = tf.reduce_mean(tf.squared_difference(out, y)) + tf.add_n(
    tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
)
step = tf.train.create_global_step()
lr = tf.train.piecewise_constant(step, [5, 10], [0.1, 0.05, 0.01])
opt = tf.train.MomentumOptimizer(lr, 0.9, use_nesterov=True)
gr, vs = zip(*opt.compute_gradients(loss))
cl, norm = tf.clip_by_global_norm(gr, 0.5)
ups = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
with tf.control_dependencies(ups):
    app = opt.apply_gradients(zip(cl, vs), global_step=step)
ema = tf.train.ExponentialMovingAverage(0.95, num_updates=step)
with tf.control_dependencies([app]):
    train = ema.apply(tf.trainable_variables())
swap = tf.group(*[tf.assign(v, ema.average(v)) for v in tf.trainable_variables()])
with tf.Session(config=tf.ConfigProto(inter_op_parallelism_threads=1)) as s:
    s.run(tf.global_variables_initializer())
    for i in range(15):
        l, nn, r = s.run([loss, norm, lr], {x: X, y: Y, train_flag: True})
        s.run(train, {x: X, y: Y, train_flag: True})
        print(i, s.run(step), l, nn, r, s.run(loss, {x: X, y: Y}))
    print([v.op.name for v in tf.global_variables()])
    print([v.op.name for v in tf.moving_average_variables()])
    print(sorted(ema.variables_to_restore()))
    s.run(swap)
    print(
        s.run(loss, {x: X, y: Y}),
        s.run(w1).sum(),
        opt.get_slot_names(),
        s.run(opt.get_slot(w1, "momentum")).sum(),
    )
    print(s.run(tf.report_uninitialized_variables()), tf.train.global_step(s, step))
    print(
        *[s.run(tf.clip_by_norm(g, 0.01), {x: X, y: Y, train_flag: True}).sum() for g in gr],
        s.run(tf.clip_by_average_norm(gr[0], 0.01), {x: X, y: Y, train_flag: True}).sum(),
    )
