# SPDX-License-Identifier: Apache-2.0
"""Optimizers of tf.contrib.opt: steps, slots, dense and sparse gradients; SciPy's minimizer."""

import numpy as np

import caudal as tf

O = tf.contrib.opt  # noqa: E741
START = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)
GD = tf.train.GradientDescentOptimizer


def clipped():
    return O.VariableClippingOptimizer(GD(0.1), {tf.trainable_variables()[0]: [1]}, 3.0)


makers = [
    ("lazy", lambda: O.LazyAdamOptimizer(0.1)), ("nadam", lambda: O.NadamOptimizer(0.1)),
    ("adamax", lambda: O.AdaMaxOptimizer(0.1)), ("addsign", lambda: O.AddSignOptimizer(0.1)),
    ("powersign", lambda: O.PowerSignOptimizer(0.1)), ("lars", lambda: O.LARSOptimizer(0.1)),
    ("larsskip", lambda: O.LARSOptimizer(0.1, skip_list=["v"])),
    ("average", lambda: O.MovingAverageOptimizer(GD(0.1))), ("clipped", clipped),
    ("regadagrad", lambda: O.RegAdagradOptimizer(0.1)),
    ("multitask", lambda: O.MultitaskOptimizerWrapper(tf.train.MomentumOptimizer(0.1, 0.9))),
    ("momentumw", lambda: O.MomentumWOptimizer(0.0, 0.1, 0.9)),
    ("adamw", lambda: O.AdamWOptimizer(0.0, 0.1)),
    ("extended", lambda: O.extend_with_decoupled_weight_decay(tf.train.AdagradOptimizer)(
        0.0, learning_rate=0.1)),
]  # fmt: skip
for name, make in makers:
    for sparse in (False, True):
        tf.reset_default_graph()
        v = tf.Variable(START, name="v")
        fed = tf.placeholder(tf.float32, [])
        used = tf.gather(v, [0, 2, 0]) if sparse else v
        loss = tf.reduce_sum(used**2) * fed
        step = make().minimize(loss, global_step=tf.train.get_or_create_global_step())
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for scale in (1.0, 0.5, 0.0, 1.0):
                if scale > 0 or name == "multitask":
                    sess.run(step, {fed: scale})
            print(name, sparse, [x.op.name for x in tf.global_variables()])
            print(np.round(sess.run(v), 4).tolist())

tf.reset_default_graph()
v = tf.Variable([7.0, 3.0], name="vector")
loss = tf.reduce_sum(tf.square(v))
bounded = O.ScipyOptimizerInterface(loss, var_to_bounds={v: ([1, 2], np.inf)})
held = O.ScipyOptimizerInterface(loss, equalities=[v[1] - 1.0], inequalities=[v[0] - 2.0],
                                 method="SLSQP")  # fmt: skip
grads, norm = O.clip_gradients_by_global_norm([(tf.constant([3.0, 4.0]), v)], 1.0)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    bounded.minimize(sess)
    print(np.round(sess.run(v), 3).tolist())
    held.minimize(sess)
    print(np.round(sess.run(v), 3).tolist(), sess.run(grads[0][0]).tolist(), sess.run(norm))
