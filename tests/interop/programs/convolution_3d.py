# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pools of volumes, transposed and dilated convolutions, with their gradients."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(3)


def array(*shape):
    return tf.constant(rng.normal(size=shape).astype(np.float32))


def show(name, y, *xs):
    weight = tf.constant(rng.uniform(size=y.shape.as_list()).astype(np.float32))
    grads = tf.gradients(tf.reduce_sum(y * y * weight), list(xs))
    with tf.Session() as sess:
        value, *slopes = sess.run([y] + [g for g in grads])
    flat = value.ravel()
    print(name, list(value.shape), *flat[:: max(1, flat.size // 5)])
    for slope in slopes:
        flat = slope.ravel()
        print("  gradient", list(slope.shape), *flat[:: max(1, flat.size // 5)])


x, f = array(2, 4, 5, 4, 2), array(2, 3, 2, 2, 3)
for padding in ("SAME", "VALID"):
    for strides in ([1, 1, 1, 1, 1], [1, 2, 1, 2, 1]):
        show("conv3d %s %s" % (padding, strides), tf.nn.conv3d(x, f, strides, padding), x, f)
small = array(2, 2, 3, 2, 3)
for sizes, strides in (([2, 4, 6, 4, 2], 2), ([2, 2, 3, 2, 2], [1, 1, 1])):
    y = tf.nn.conv3d_transpose(small, f, sizes, strides, "SAME")
    show("conv3d_transpose %s" % sizes, y, small, f)
show("convolution", tf.nn.convolution(x, f, "SAME", dilation_rate=[1, 2, 1]), x, f)
show("convolution strided", tf.nn.convolution(x, f, "VALID", strides=[1, 2, 2]), x, f)

for pool in (tf.nn.max_pool3d, tf.nn.avg_pool3d):
    for padding in ("SAME", "VALID"):
        y = pool(x, [1, 2, 3, 2, 1], [1, 1, 2, 2, 1], padding)
        show("%s %s" % (pool.__name__, padding), y, x)
        show("  again", tf.gradients(y, x, grad_ys=y)[0], x)

line, bank = array(2, 7, 3), array(3, 4, 3)
show("conv1d_transpose", tf.nn.conv1d_transpose(line, bank, [2, 14, 4], 2), line, bank)
image, kernel = array(2, 5, 5, 3), array(3, 3, 4, 3)
show("conv2d_transpose", tf.nn.conv2d_transpose(image, kernel, [2, 10, 10, 4], [1, 2, 2, 1]), image)
wide = array(3, 3, 3, 2)
show("atrous", tf.nn.atrous_conv2d(image, wide, 2, "SAME"), image, wide)
turned = array(3, 3, 2, 3)
y = tf.nn.atrous_conv2d_transpose(image, turned, [2, 5, 5, 2], 2, "SAME")
show("atrous transpose", y, image, turned)
deep, point = array(3, 3, 3, 2), array(1, 1, 6, 4)
y = tf.nn.separable_conv2d(image, deep, point, [1, 1, 1, 1], "SAME", rate=[2, 2])
show("separable", y, image, deep, point)


def mean(parts, spatial, padding):
    return tf.nn.pool(parts, [2, 2], "AVG", padding)


show("space to batch", tf.nn.with_space_to_batch(image, [2, 2], "VALID", mean), image)
y = tf.nn.pool(image, [2, 2], "MAX", "VALID", dilation_rate=[2, 1])
show("dilated pool", y, image)
