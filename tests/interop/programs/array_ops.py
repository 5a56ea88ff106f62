# SPDX-License-Identifier: Apache-2.0
"""Slices, gathers, joins, reductions, casts: shapes known and unknown."""

import numpy as np

import caudal as tf

data = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7 - 1
known = tf.constant(data)
open_ = tf.placeholder(tf.float32, [None, None, 4])
results = {}
for name, x in (("known", known), ("open", open_)):
    results[name] = [
        x[0], x[:, 1:], x[..., ::-2], x[:, tf.newaxis, 1, 1:3], x[-1, -2:, :3:2],
        tf.slice(x, [0, 1, 1], [2, -1, 2]),
        tf.gather(x, [2, 0, 2], axis=1), tf.transpose(x, [2, 0, 1]),
        tf.reshape(x, [-1, 6]), tf.expand_dims(x, -2), tf.concat([x, x * 2], axis=-1),
        tf.stack([x, -x], axis=1), tf.tile(x, [1, 2, 1]), tf.pad(x, [[0, 0], [1, 0], [0, 2]]),
        tf.pad(x, [[0, 0], [1, 1], [2, 1]], mode="REFLECT"), tf.reverse(x, [1]),
        tf.reduce_sum(x, axis=[0, 2]), tf.reduce_max(x, axis=-1, keepdims=True),
        tf.reduce_mean(x), tf.reduce_prod(x, axis=1), tf.reduce_logsumexp(x, axis=2),
        tf.argmax(x, axis=2), tf.argmin(x, axis=0), tf.cast(x * 3, tf.int32),
        tf.where(x > 0, x, tf.zeros_like(x)), tf.one_hot(tf.argmax(x, 2), 4),
        tf.shape(x), tf.size(x), tf.rank(x), tf.reduce_any(x > 1, axis=1),
        tf.squeeze(x[:, :1], axis=1), tf.matmul(x, x, transpose_b=True), tf.fill([2], 1.5),
        tf.boolean_mask(x, x > 1.2), tf.linspace(0.0, 1.0, 4), tf.range(3, 12, 4),
        *tf.split(x, [1, 3], axis=2), *tf.unstack(x, axis=2),
    ]  # fmt: skip
    print(name, [str(t.shape) for t in results[name]])
    total = tf.add_n([tf.reduce_sum(t) for t in results[name] if t.dtype == tf.float32])
    results[name].append(tf.gradients(total, x)[0])

i, j = tf.constant([7, -7, 7, -7]), tf.constant([2, 2, -2, -2])
integers = [i // j, i % j, i / j, -i, abs(i), i**2, tf.truncatediv(i, j), tf.floormod(i, j)]
flags = [i > j, i >= 7, tf.equal(i, -i), ~(i < j), (i > 0) & (j > 0), (i > 0) ^ (j > 0)]

with tf.Session() as sess:
    for name in ("known", "open"):
        for number, value in enumerate(sess.run(results[name], {open_: data})):
            print(name, number, value.shape, *np.asarray(value).ravel().astype(np.float64))
    for value in sess.run(integers + flags):
        print(value)
