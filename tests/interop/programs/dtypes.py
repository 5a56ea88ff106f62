# SPDX-License-Identifier: Apache-2.0
"""Every numeric dtype: conversions, movement, arithmetic that wraps, variables, gradients."""

import numpy as np

import caudal as tf

FLOATS = [tf.float16, tf.bfloat16, tf.float32, tf.float64]
SIGNED = [tf.int8, tf.int16, tf.int32, tf.int64]
UNSIGNED = [tf.uint8, tf.uint16, tf.uint32, tf.uint64]
COMPLEX = [tf.complex64, tf.complex128]
ALL = FLOATS + SIGNED + UNSIGNED + COMPLEX


def plain(value):
    value = np.asarray(value)
    if value.dtype.name == "bfloat16":
        value = value.astype(np.float32)
    return value.tolist()


def show(session, label, tensors):
    values = [plain(v) for v in session.run(tensors)]
    print(label, [t.dtype.name for t in tensors], values)


def moved(dtype):
    x = tf.constant([[1, 2, 3], [4, 5, 6]], dtype)
    yield tf.concat([x, x], 0)
    yield x[:, ::-2]
    yield tf.gather(x, [1, 0, 1])
    if dtype in UNSIGNED[2:]:
        return
    yield tf.stack([x, x + x if dtype in FLOATS else x], 1)
    yield tf.transpose(x)
    yield tf.reverse(x, [1])
    if dtype not in (tf.bfloat16, tf.uint16):
        yield tf.tile(x, [1, 2])
    yield tf.pad(x, [[1, 0], [0, 1]])
    yield tf.gather_nd(x, [[1, 2], [0, 0]])
    yield tf.where([[True, False, True], [False, True, False]], x, tf.zeros_like(x))
    yield tf.one_hot([2, 0], 3, tf.constant(7, dtype), tf.constant(2, dtype))
    yield tf.fill([2], tf.constant(3, dtype))
    yield tf.ones_like(x)
    yield tf.broadcast_to(x[:1], [2, 3])
    yield tf.reshape(tf.split(x, 3, 1)[1], [-1])
    yield tf.batch_to_space_nd(tf.reshape(x, [2, 3, 1]), [2], [[0, 1]])
    yield tf.dynamic_stitch([[1], [0, 2]], [x[0, :1], x[1, :2]])


def computed(dtype):
    x, y = tf.constant([100, 7, 3], dtype), tf.constant([100, 2, 2], dtype)
    yield tf.cumsum(x)
    yield tf.reduce_sum(x)
    yield tf.reduce_prod(y)
    yield tf.reduce_max(x)
    yield tf.argmin(x)
    yield tf.nn.top_k(x, 2)[0]
    yield tf.unique(tf.concat([x, y], 0))[0]
    yield tf.add_n([x, y])
    yield tf.segment_sum(x, [0, 0, 1])
    yield x * y
    yield x - y
    yield x // y
    if dtype is not tf.uint16:
        yield tf.equal(x, y)
        yield tf.less(y, x)


with tf.Graph().as_default(), tf.Session() as sess:
    for dtype in ALL:
        show(sess, "moved", list(moved(dtype)))
    for dtype in FLOATS + SIGNED + UNSIGNED[:2]:
        show(sess, "computed", list(computed(dtype)))
    for source in ALL:
        x = tf.constant([0, 1, 2, 77], source)
        show(sess, "cast", [tf.cast(x, target) for target in ALL])
    edges = tf.constant([300.0, -1.0, -129.0, 65504.0, 1.00390625, 3e38])
    show(sess, "edges", [tf.cast(edges[:3], t) for t in (tf.int8, tf.int16, tf.uint8, tf.uint16)])
    show(sess, "rounded", [tf.cast(edges, t) for t in (tf.float16, tf.bfloat16)])
    for dtype in (tf.int8, tf.int16, tf.uint8, tf.uint16):
        show(sess, "saturated", [tf.saturate_cast(edges, dtype)])
    words = tf.constant([[1, 2, 3, 4], [5, 6, 7, 8]], tf.uint8)
    show(sess, "bits", [tf.bitcast(words, tf.int32), tf.bitcast(words, tf.float32)])
    show(sess, "bits", [tf.bitcast(words[:, :2], t) for t in (tf.uint16, tf.float16, tf.bfloat16)])
    for dtype in FLOATS[:2]:
        x = tf.constant([[0.5, -1.25, 2.0], [0.75, 3.0, -0.5]], dtype)
        names = ["exp", "tanh", "sqrt", "square", "floor", "erf", "log1p", "sign"]
        show(sess, "unary", [getattr(tf, name)(tf.abs(x)) for name in names])
        show(sess, "nn", [tf.nn.relu(x), tf.nn.relu6(x), tf.nn.elu(x), tf.nn.softsign(x)])
        show(sess, "product", [tf.matmul(x, x, transpose_b=True), tf.nn.l2_loss(x)])
        show(sess, "slopes", tf.gradients([tf.nn.relu(x) * x, tf.square(x)], x))
        v = tf.get_variable("v_" + dtype.name, [3], dtype, tf.constant_initializer(1.5))
        step = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(v * v * [1, 2, 4]))
        sess.run(v.initializer)
        sess.run(step)
        show(sess, "trained", [tf.identity(v)])
    for dtype in SIGNED + UNSIGNED[:2] + FLOATS:
        v = tf.get_variable("w_" + dtype.name, [4], dtype, tf.ones_initializer())
        sess.run(v.initializer)
        sess.run(tf.assign_add(v, tf.constant([1, 2, 3, 4], dtype)))
        sess.run(tf.scatter_add(v, [0, 0, 3], tf.constant([5, 6, 7], dtype)))
        show(sess, "updated", [tf.identity(v)])
