# SPDX-License-Identifier: Apache-2.0
"""Training from graph seeds: the same weights as TensorFlow draws."""

import numpy as np

import caudal as tf


def plain(value):
    """Values as Python's own, numbers with six digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def show(*values):
    print(*[plain(v) for v in values])


X = np.random.RandomState(0).rand(16, 6).astype("f4")
Y = np.arange(16) % 3
im = np.random.RandomState(1).rand(4, 12, 12, 1)


def run(name, build, fd):
    tf.reset_default_graph()
    tf.set_random_seed(1234)
    loss, feeds = build()
    op = tf.train.AdamOptimizer(0.01).minimize(loss)
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        r = []
        for _i in range(3):
            r.append(s.run([op, loss], dict(zip(feeds, fd)))[1])
        show(name, r, [s.run(v).ravel()[:2].tolist() for v in tf.trainable_variables()[::2]])


def raw():
    x, y = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.int64, [None])
    W = tf.Variable(tf.random_normal([6, 8]))
    b = tf.Variable(tf.random_uniform([8], -1, 1))
    h = tf.nn.relu(tf.add(tf.matmul(x, W), b))
    h = tf.nn.dropout(h, keep_prob=0.8)
    W2 = tf.Variable(tf.truncated_normal([8, 3], stddev=0.1))
    b2 = tf.Variable(tf.zeros([3]))
    o = tf.matmul(h, W2) + b2
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=o, labels=y)), (
        x,
        y,
    )


def layers():
    x, y = tf.placeholder(tf.float32, [None, 6], name="X"), tf.placeholder(tf.int64, [None])
    he = tf.contrib.layers.variance_scaling_initializer()
    h = x
    for i in range(3):
        h = tf.layers.dense(
            h,
            8,
            kernel_initializer=he,
            name="h%d" % i,
            kernel_regularizer=tf.contrib.layers.l2_regularizer(0.01),
        )
        h = tf.layers.batch_normalization(h, training=True)
        h = tf.nn.elu(h)
        h = tf.layers.dropout(h, 0.2, training=True)
    o = tf.layers.dense(h, 3)
    l = tf.losses.sparse_softmax_cross_entropy(y, o)
    return l + tf.losses.get_regularization_loss(), (x, y)


def conv():
    x, y = tf.placeholder(tf.float32, [None, 12, 12, 1]), tf.placeholder(tf.int32, [None])
    h = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu)
    h = tf.layers.max_pooling2d(h, 2, 2)
    h = tf.layers.conv2d(
        h, 4, 3, padding="same", kernel_initializer=tf.random_normal_initializer(stddev=0.1)
    )
    h = tf.contrib.layers.conv2d(h, 3, 3, stride=2)
    h = tf.layers.flatten(h)
    o = tf.layers.dense(h, 3, kernel_initializer=tf.glorot_normal_initializer())
    return tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.one_hot(y, 3), logits=o)
    ), (x, y)


def srnn():
    x, y = tf.placeholder(tf.float32, [None, 3, 2]), tf.placeholder(tf.int32, [None])
    W = tf.Variable(tf.random_normal([4, 3]))
    xs = tf.unstack(x, 3, 1)
    o, st = tf.contrib.rnn.static_rnn(tf.contrib.rnn.GRUCell(4), xs, dtype=tf.float32)
    lo = tf.matmul(o[-1], W) + tf.Variable(tf.random_normal([3]))
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=lo, labels=y)), (
        x,
        y,
    )


def emb():
    x, y = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None, 1])
    E = tf.Variable(tf.random_uniform([10, 4], -1.0, 1.0))
    e = tf.nn.embedding_lookup(E, x)
    W = tf.Variable(tf.truncated_normal([10, 4], stddev=0.5))
    return tf.reduce_mean(tf.nn.nce_loss(W, tf.Variable(tf.zeros([10])), y, e, 3, 10)), (x, y)


run("raw", raw, (X, Y))
run("layers", layers, (X, Y))
run("conv", conv, (im, [0, 1, 2, 0]))
run("srnn", srnn, (X.reshape(16, 3, 2), Y))
run("emb", emb, (Y, Y[:, None]))
tf.reset_default_graph()
tf.set_random_seed(5)
a = tf.random_normal([2])
s = tf.Session()
show(s.run(a), s.run(a))
s = tf.Session()
show(s.run(a), s.run(tf.random_shuffle([1, 2, 3, 4])), s.run(tf.random_uniform([2], seed=1)))
