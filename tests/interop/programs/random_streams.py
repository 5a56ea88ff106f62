# SPDX-License-Identifier: Apache-2.0
"""Seeds: the same graph and op seeds give the same numbers, run after run."""

import numpy as np

import caudal as tf


def show(name, value):
    print(name, *np.asarray(value).ravel()[:12])


for graph_seed, op_seed in ((None, 5), (11, 7), (11, 5), (0, 0)):
    with tf.Graph().as_default():
        tf.set_random_seed(graph_seed)
        uniform = tf.random_uniform([5, 3], -1, 2, seed=op_seed)
        integers = tf.random_uniform([9], 0, 1000, dtype=tf.int32, seed=op_seed)
        normal = tf.random_normal([7], mean=1.0, stddev=0.5, seed=op_seed)
        double = tf.random_normal([3], dtype=tf.float64, seed=op_seed)
        truncated = tf.truncated_normal([6], stddev=2.0, seed=op_seed)
        shuffled = tf.random_shuffle(tf.range(10), seed=op_seed)
        drawn = tf.multinomial(tf.log([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]), 6, seed=op_seed)
        dropped = tf.nn.dropout(tf.ones([12]), keep_prob=0.5, seed=op_seed)
        everything = dict(
            uniform=uniform, integers=integers, normal=normal, double=double, truncated=truncated,
            shuffled=shuffled, drawn=drawn, dropped=dropped,
        )  # fmt: skip
        print("seeds", graph_seed, op_seed)
        with tf.Session() as sess:
            for _ in range(2):
                for name, value in sorted(sess.run(everything).items()):
                    show(name, value)
        with tf.Session() as sess:  # a new session begins the streams anew
            show("again", sess.run(uniform))

with tf.Graph().as_default(), tf.Session() as sess:
    tf.set_random_seed(3)
    made = {
        "glorot_uniform": tf.glorot_uniform_initializer(seed=1),
        "glorot_normal": tf.glorot_normal_initializer(seed=2),
        "he": tf.initializers.he_normal(seed=3),
        "lecun": tf.initializers.lecun_uniform(seed=4),
        "scaling": tf.variance_scaling_initializer(
            2.0, mode="fan_out", distribution="uniform", seed=5
        ),
        "truncated": tf.truncated_normal_initializer(stddev=0.3, seed=6),
        "uniform": tf.random_uniform_initializer(-1, 1, seed=7),
    }
    for name in sorted(made):
        tf.get_variable(name, [4, 3], initializer=made[name])
    sess.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        show(variable.op.name, sess.run(variable))
