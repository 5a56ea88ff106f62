# SPDX-License-Identifier: Apache-2.0
"""Pools with argmax, with random windows and by rank; dilation and erosion; odd corners of nn."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(4)


def array(*shape):
    return tf.constant(rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32))


def show(name, *tensors):
    with tf.Session() as sess:
        for value in sess.run(list(tensors)):
            flat = value.ravel()
            print(name, value.dtype, list(value.shape), *flat[:: max(1, flat.size // 6)])


x = array(2, 6, 7, 2)
for padding in ("SAME", "VALID"):
    for batch in (False, True):
        y, at = tf.nn.max_pool_with_argmax(
            x, [1, 2, 3, 1], [1, 2, 2, 1], padding, include_batch_in_index=batch
        )
        show("argmax %s %s" % (padding, batch), y, at, tf.gradients(y, x, grad_ys=y * 0.5)[0])

for function in (tf.nn.fractional_max_pool, tf.nn.fractional_avg_pool):
    for pseudo in (False, True):
        for overlap in (False, True):
            y, rows, columns = function(
                x, [1.0, 1.5, 1.4, 1.0], pseudo, overlap, True, seed=3, seed2=8
            )
            show("%s %s %s" % (function.__name__, pseudo, overlap), y, rows, columns)
            show("  gradient", tf.gradients(y, x, grad_ys=y)[0])

for data in (array(2, 6, 2), array(2, 6, 6, 2), array(1, 4, 4, 4, 1)):
    show("by rank", tf.nn.max_pool_v2(data, 2, 2, "SAME"), tf.nn.avg_pool_v2(data, 3, 2, "VALID"))

image = tf.constant(rng.normal(size=(2, 5, 6, 2)).astype(np.float32))
kernel = tf.constant(rng.normal(size=(3, 2, 2)).astype(np.float32))
for rates in ([1, 1, 1, 1], [1, 2, 1, 1]):
    for padding in ("SAME", "VALID"):
        up = tf.nn.dilation2d(image, kernel, [1, 1, 2, 1], rates, padding)
        down = tf.nn.erosion2d(image, kernel, [1, 1, 2, 1], rates, padding)
        show("dilation %s %s" % (rates, padding), up, *tf.gradients(up, [image, kernel]))
        show("erosion %s %s" % (rates, padding), down, *tf.gradients(down, [image, kernel]))

labels = tf.constant(rng.uniform(size=(3, 4)).astype(np.float32))
logits = tf.constant(rng.normal(size=(3, 4)).astype(np.float32))
for axis in (0, 1, -1):
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels, logits, axis=axis)
    show("cross entropy %d" % axis, loss, *tf.gradients(loss, [labels, logits]))
    show("softmax", tf.nn.softmax(logits, axis=axis), tf.nn.log_softmax(logits, axis=axis))
loss = tf.nn.weighted_cross_entropy_with_logits(labels, logits, 2.0)
show("weighted", loss, *tf.gradients(loss, [labels, logits]))
show("poisson", tf.nn.log_poisson_loss(labels * 3, logits, compute_full_loss=True))
show("average", tf.nn.compute_average_loss(labels[:, 0], [0.5, 1.0, 2.0], 6))
for r, bias, alpha, beta in ((1, 1.0, 0.5, 0.5), (2, 2.0, 0.1, 0.75), (1, 1.5, 0.3, 0.6)):
    y = tf.nn.lrn(image, r, bias, alpha, beta)
    show("lrn", y, tf.gradients(y, image, grad_ys=y)[0])
