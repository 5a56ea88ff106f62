# SPDX-License-Identifier: Apache-2.0
"""Embeddings: lookups, gradients as slices, sparse training steps, scatter ops."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(3)
TABLE = rng.normal(size=(7, 3)).astype(np.float32)
IDS = [[1, 4, 1], [6, 0, 4]]


def makers():
    t = tf.train
    return [
        t.GradientDescentOptimizer(0.5),
        t.MomentumOptimizer(0.1, 0.9),
        t.AdagradOptimizer(0.5),
        t.AdamOptimizer(0.1),
        t.RMSPropOptimizer(0.05, momentum=0.3),
        t.FtrlOptimizer(0.5, l2_regularization_strength=0.01),
        t.AdadeltaOptimizer(0.5, epsilon=1e-4),
    ]


for number in range(len(makers())):
    with tf.Graph().as_default(), tf.Session() as sess:
        optimizer = makers()[number]
        table = tf.Variable(TABLE, name="table")
        ids = tf.placeholder(tf.int32, [None, 3])
        found = tf.nn.embedding_lookup(table, ids)
        loss = tf.reduce_mean(tf.reduce_sum(tf.square(found - 1.0), axis=[1, 2]))
        (slices,) = tf.gradients(loss, [table])
        train = optimizer.minimize(loss)
        sess.run(tf.global_variables_initializer())
        value = sess.run(slices, {ids: IDS})
        if number == 0:
            print(type(slices).__name__, value.indices, *value.values.ravel())
            print("dense", *sess.run(tf.convert_to_tensor(slices), {ids: IDS}).ravel())
        for _ in range(5):
            value, _ = sess.run([loss, train], {ids: IDS})
        print(optimizer.get_name(), value, *sess.run(table).ravel())

with tf.Graph().as_default(), tf.Session() as sess:
    v = tf.Variable(TABLE)
    sess.run(v.initializer)
    print("update", *sess.run(tf.scatter_update(v, [0, 2], np.ones((2, 3), np.float32))).ravel())
    print("add", *sess.run(tf.scatter_add(v, [0, 0], np.ones((2, 3), np.float32))).ravel())
    print("sub", *sess.run(tf.scatter_sub(v, [5], [[1.0, 2.0, 3.0]])).ravel())
    print("sum", sess.run(tf.reduce_sum(v)))
