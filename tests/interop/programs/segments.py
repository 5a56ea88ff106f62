# SPDX-License-Identifier: Apache-2.0
"""Reductions over groups of rows and their gradients."""

import numpy as np

import caudal as tf

data = np.array([[1, 2], [3, -1], [0, 4], [2, 2], [0, 5], [7, 1]], np.float64)
ids, loose = [0, 0, 2, 2, 2, 3], [1, 0, 1, -1, 3, 0]
picked, groups = [5, 0, 0, 3], [0, 1, 1, 3]


def show(name, value):
    value = np.asarray(value)
    print(name, value.dtype, value.shape, *value.ravel().tolist())


def results(x):
    """(name, tensor) for every reduction that the dtype of x has."""
    yield "sum", tf.segment_sum(x, ids)
    yield "mean", tf.segment_mean(x, ids)
    yield "prod", tf.segment_prod(x, ids)
    yield "min", tf.segment_min(x, ids)
    yield "max", tf.segment_max(x, ids)
    yield "unsorted sum", tf.unsorted_segment_sum(x, loose, 4)
    yield "unsorted prod", tf.unsorted_segment_prod(x, loose, 4)
    yield "unsorted min", tf.gather(tf.unsorted_segment_min(x, loose, 4), [0, 1, 3])
    yield "unsorted max", tf.gather(tf.unsorted_segment_max(x, loose, 4), [0, 1, 3])
    yield "unsorted 2-D", tf.unsorted_segment_sum(x, np.arange(12).reshape(6, 2) % 5, 5)
    yield "sparse sum", tf.sparse_segment_sum(x, picked, groups)
    yield "sparse sum n", tf.sparse_segment_sum(x, picked, groups, num_segments=6)
    if x.dtype.is_floating:
        yield "unsorted mean", tf.math.unsorted_segment_mean(x, loose, 4)
        yield "unsorted sqrt n", tf.math.unsorted_segment_sqrt_n(x, loose, 4)
        yield "sparse mean", tf.sparse_segment_mean(x, picked, groups)
        yield "sparse mean n", tf.sparse_segment_mean(x, picked, groups, num_segments=5)
        yield "sparse sqrt n", tf.sparse_segment_sqrt_n(x, picked, groups)
        yield "sparse sqrt n n", tf.sparse_segment_sqrt_n(x, picked, groups, num_segments=5)


for kind in ("float64", "float32", "int32", "int64"):
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant(data.astype(kind))
        for name, y in results(x):
            show(kind + " " + name, sess.run(y))
            if x.dtype.is_floating and name != "prod":
                weights = np.arange(1, 1 + int(np.prod(sess.run(tf.shape(y)))))
                weights = weights.reshape(sess.run(tf.shape(y))).astype(kind)
                show("gradient", sess.run(tf.gradients(y * weights, x)[0]))
