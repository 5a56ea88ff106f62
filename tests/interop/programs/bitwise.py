# SPDX-License-Identifier: Apache-2.0
"""Operations on bits, for every integer dtype; searches, bins and small functions of integers."""

import numpy as np

import caudal as tf

KINDS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
fetches = {}
for kind in KINDS:
    a = tf.constant(np.array([[1, 6, 100], [127, 77, 0]], kind))
    b = tf.constant(np.array([3, 5, 7], kind))
    fetches[kind] = [
        tf.bitwise.bitwise_and(a, b), tf.bitwise.bitwise_or(a, b), tf.bitwise.bitwise_xor(a, b),
        tf.bitwise.invert(a), tf.bitwise.left_shift(a, b), tf.bitwise.right_shift(a, b),
        *([tf.raw_ops.PopulationCount(x=a)] if kind not in ("uint32", "uint64") else []),
    ]  # fmt: skip
for kind in ("int32", "int64", "float32", "float64"):
    rows = tf.constant(np.array([[1, 2, 2, 5], [0, 3, 4, 4]], kind))
    wanted = tf.constant(np.array([[2, 6], [4, -1]], kind))
    fetches["search " + kind] = [
        tf.searchsorted(rows, wanted), tf.searchsorted(rows, wanted, side="right"),
        tf.searchsorted(rows[0], wanted[0], out_type=tf.int64), tf.roll(rows, 1, 0),
        tf.roll(rows, [1, -5], [0, 1]), tf.raw_ops.Bucketize(input=rows, boundaries=[1.0, 3.5]),
        tf.histogram_fixed_width(rows, tf.constant([0, 5], kind), nbins=3),
        tf.cross(rows[:, 1:], rows[:, :3]),
    ]  # fmt: skip
for kind in ("int32", "int64"):
    fetches["index " + kind] = [
        tf.unravel_index(tf.constant([22, 41, 7], kind), tf.constant([7, 6], kind)),
        tf.unravel_index(tf.constant(100, kind), tf.constant([5, 6, 7], kind)),
    ]
fetches["count"] = [
    tf.bincount([1, 1, 3, 0]), tf.bincount([1, 1, 3], minlength=6),
    tf.bincount([1, 9], maxlength=3),
    tf.math.bincount([1, 1, 3], weights=[0.5, 1.0, 2.0]), tf.bincount([2], dtype=tf.float64),
    tf.histogram_fixed_width_bins([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5),
    *tf.unique_with_counts([4, 1, 4, 2]), tf.sequence_mask([1, 3, 0], 4), tf.guarantee_const(3),
    tf.fingerprint(np.array([[1, 2], [3, 4]], np.int32)), tf.fingerprint(["abc", "d"]),
    tf.edit_distance(
        tf.SparseTensor([[0, 0], [1, 0]], ["a", "b"], [2, 1]),
        tf.SparseTensor([[0, 0], [0, 1], [1, 0], [2, 0]], ["b", "a", "b", "a"], [3, 2]),
    ),
]  # fmt: skip
with tf.Session() as sess:
    for name, tensors in fetches.items():
        for number, value in enumerate(sess.run(tensors)):
            print(name, number, value.dtype, value.shape, *np.asarray(value).ravel().tolist())
