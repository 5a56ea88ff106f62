# SPDX-License-Identifier: Apache-2.0
"""tf.layers: values, gradients, names, collections, updates of batch normalization."""
# ruff: noqa: B023

import numpy as np

import caudal as tf

rng = np.random.RandomState(0)
small = tf.random_uniform_initializer(-0.5, 0.5, seed=3)


def show(label, *values):
    print(label, *[np.array2string(np.asarray(v), precision=5, threshold=20) for v in values])


def check(label, layer, shape, steps=3):
    """Output, gradients towards input and variables, and variables after their updates."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        x = tf.placeholder(tf.float32, [None] + shape[1:])
        flag = tf.placeholder_with_default(True, [])
        y = layer(x, flag)
        ramp = tf.reshape(tf.cast(tf.range(tf.size(y)), tf.float32), tf.shape(y))
        loss = tf.reduce_sum(y * tf.cos(ramp))
        trainable = tf.trainable_variables()
        grads = tf.gradients(loss, [x] + trainable)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        value = rng.randn(*shape).astype("f")
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            out, *gs = sess.run([y] + [g for g in grads if g is not None], {x: value})
            print(label, y.op.name, y.shape, len(trainable), len(updates))
            print([(v.op.name, v.shape.as_list()) for v in tf.global_variables()])
            show(" y", out.shape, out.sum(), np.abs(out).sum(), out.ravel()[:4])
            for g in gs:
                show(" g", g.shape, g.sum(), np.abs(g).sum())
            for _ in range(steps if updates else 0):
                sess.run(updates, {x: value})
            if updates:
                for v in tf.global_variables():
                    show(" " + v.op.name, sess.run(v).ravel()[:4])
                show(" eval", np.abs(sess.run(y, {x: value, flag: False})).sum())


L = tf.layers
image, row, volume = [2, 6, 7, 4], [3, 7, 4], [2, 4, 5, 6, 3]
check("dense", lambda x, t: L.dense(x, 5, tf.tanh, kernel_initializer=small), [4, 3])
check("dense3", lambda x, t: L.dense(x, 5, use_bias=False, kernel_initializer=small), [2, 4, 3])
for padding in "same", "valid":
    check(
        "conv1d",
        lambda x, t: L.conv1d(x, 3, 2, strides=2, padding=padding, kernel_initializer=small),
        row,
    )
    check(
        "conv2d",
        lambda x, t: L.conv2d(
            x, 3, (2, 3), padding=padding, activation=tf.nn.relu, kernel_initializer=small
        ),
        image,
    )
    check(
        "dilated",
        lambda x, t: L.conv2d(x, 3, 2, padding=padding, dilation_rate=2, kernel_initializer=small),
        image,
    )
    check(
        "separable1d",
        lambda x, t: L.separable_conv1d(
            x,
            3,
            2,
            padding=padding,
            depth_multiplier=2,
            depthwise_initializer=small,
            pointwise_initializer=small,
        ),
        row,
    )
    check(
        "separable2d",
        lambda x, t: L.separable_conv2d(
            x, 3, 2, padding=padding, depthwise_initializer=small, pointwise_initializer=small
        ),
        image,
    )
    check(
        "transpose",
        lambda x, t: L.conv2d_transpose(
            x, 3, 3, strides=2, padding=padding, kernel_initializer=small
        ),
        image,
    )
    check("max1d", lambda x, t: L.max_pooling1d(x, 3, 2, padding), row)
    check("avg1d", lambda x, t: L.average_pooling1d(x, 3, 2, padding), row)
    check("max2d", lambda x, t: L.max_pooling2d(x, 3, 2, padding), image)
    check("avg2d", lambda x, t: L.average_pooling2d(x, 3, 2, padding), image)
    check(
        "conv3d",
        lambda x, t: L.conv3d(x, 2, 2, strides=2, padding=padding, kernel_initializer=small),
        volume,
    )
    check(
        "transpose3d",
        lambda x, t: L.conv3d_transpose(
            x, 2, 2, strides=2, padding=padding, kernel_initializer=small
        ),
        volume,
    )
    check("max3d", lambda x, t: L.max_pooling3d(x, 3, 2, padding), volume)
    check("avg3d", lambda x, t: L.average_pooling3d(x, 3, 2, padding), volume)
BN = L.batch_normalization
ones = tf.constant_initializer(1.5)
check("fused", lambda x, t: BN(x, training=True, momentum=0.7), image)
check("fused flag", lambda x, t: BN(x, training=t, momentum=0.7, gamma_initializer=ones), image)
check("plain", lambda x, t: BN(x, training=True, momentum=0.7, fused=False), image)
check("rows", lambda x, t: BN(x, training=t, momentum=0.7), [6, 4])
check("axis 1", lambda x, t: BN(x, axis=1, training=t, momentum=0.7), row)
check("axes", lambda x, t: BN(x, axis=[1, 3], training=t, momentum=0.7, center=False), image)
check("no scale", lambda x, t: BN(x, training=True, scale=False, center=False), image)
clipping = {"rmin": 0.5, "rmax": 2.0, "dmax": 1.0}
check(
    "renorm",
    lambda x, t: BN(
        x, training=t, renorm=True, renorm_clipping=clipping, momentum=0.7, renorm_momentum=0.6
    ),
    image,
)
check("virtual", lambda x, t: BN(x, training=t, virtual_batch_size=2, momentum=0.7), [4, 3, 4])
check(
    "adjusted",
    lambda x, t: BN(
        x,
        training=t,
        adjustment=lambda shape: (2.0 * tf.ones([shape[0], 1]), 0.5 * tf.ones([1, 1])),
    ),
    [6, 4],
)
check("evaluation", lambda x, t: BN(x, training=False), image)
check("dropout", lambda x, t: tf.sign(L.dropout(x, 0.4, seed=3, training=t)), [5, 6])
check("flatten", lambda x, t: L.flatten(x), image)
check("flatten first", lambda x, t: L.flatten(x, data_format="channels_first"), image)

with tf.variable_scope("net", initializer=tf.ones_initializer()):
    x = tf.ones([2, 3])
    a = L.dense(x, 2, kernel_regularizer=lambda w: tf.reduce_sum(tf.abs(w)))
    b = L.dense(
        a,
        2,
        name="shared",
        kernel_regularizer=tf.nn.l2_loss,
        kernel_constraint=lambda w: tf.clip_by_value(w, -0.9, 0.9),
    )
    c = L.dense(b, 2, name="shared", reuse=True, kernel_regularizer=tf.nn.l2_loss)
    d = L.dense(c, 2, trainable=False)
layer = L.Dense(2, activity_regularizer=tf.reduce_sum)
e = layer(layer(d))
losses = tf.losses.get_regularization_losses()
train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(b))
print([t.op.name for t in (a, b, c, d, e)], [t.op.name for t in losses])
print(
    [v.op.name for v in tf.trainable_variables()],
    layer.name,
    layer.scope_name,
    layer.count_params(),
)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    show("losses", sess.run(losses[:2]), sess.run(c))
    sess.run(train)
    show("constrained", sess.run(tf.trainable_variables()[2]))
for bad in (
    lambda: L.dense(tf.ones([3]), 2),
    lambda: L.conv2d(tf.ones([3, 4]), 2, 3),
    lambda: L.conv2d(tf.ones([1, 4, 4, 1]), 2, (1, 2, 3)),
    lambda: L.dense(x, 2, name="unknown", reuse=True),
    lambda: L.Dense(2, wrong=1),
    lambda: L.Dense(2).count_params(),
    lambda: BN(x, axis=5),
    lambda: L.dense(tf.ones([2, 2], tf.int32), 2),
):
    try:
        bad()
        print("no error")
    except (ValueError, TypeError) as error:
        print(type(error).__name__, str(error).splitlines()[0])
