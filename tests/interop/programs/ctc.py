# SPDX-License-Identifier: Apache-2.0
"""Losses and decoders of connectionist temporal classification."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(6)
steps, batch, classes = 9, 4, 5
logits = tf.constant(rng.normal(size=(steps, batch, classes)).astype(np.float32) * 2)
lengths = tf.constant([9, 7, 8, 5], tf.int32)
rows = [[0, 1, 1, 2], [3, 3, 3], [0], [1, 2, 3]]
indices = [[b, k] for b, row in enumerate(rows) for k in range(len(row))]
labels = tf.SparseTensor(indices, np.int32([v for row in rows for v in row]), [batch, 4])


def show(name, *tensors):
    with tf.Session() as sess:
        for value in sess.run(list(tensors)):
            print(name, value.dtype, list(value.shape), *np.ravel(value)[:40])


for collapse in (False, True):
    for merge in (False, True):
        loss = tf.nn.ctc_loss(labels, logits, lengths, collapse, merge)
        show("loss %s %s" % (collapse, merge), loss, tf.gradients(loss * [1, 2, 3, 4], logits)[0])
short = tf.constant([3, 2, 8, 5], tf.int32)
loss = tf.nn.ctc_loss(labels, logits, short, ignore_longer_outputs_than_inputs=True)
show("too long", loss, tf.gradients(loss, logits)[0])
turned = tf.transpose(logits, [1, 0, 2])
show("batch first", tf.nn.ctc_loss(labels, turned, lengths, time_major=False))
double = tf.cast(logits, tf.float64)
show("double", tf.nn.ctc_loss(labels, double, lengths))

dense = tf.constant([[1, 2, 2, 3], [4, 4, 4, 0], [1, 0, 0, 0], [2, 3, 4, 0]])
counts = tf.constant([4, 3, 1, 3])
loss = tf.nn.ctc_loss_v2(dense, logits, counts, lengths, blank_index=0)
show("dense", loss, tf.gradients(loss, logits)[0])
show("sparse blank", tf.nn.ctc_loss_v2(labels, logits, None, lengths, blank_index=-1))
show("unique", *tf.nn.ctc_unique_labels(dense))
show("collapsed", *tf.nn.collapse_repeated(dense, counts))

for merge in (False, True):
    (decoded,), score = tf.nn.ctc_greedy_decoder(logits, lengths, merge)
    show("greedy %s" % merge, decoded.indices, decoded.values, decoded.dense_shape, score)
    for width in (3, 20):
        paths, scores = tf.nn.ctc_beam_search_decoder(logits, lengths, width, 2, merge)
        for path in paths:
            show("beam %s %d" % (merge, width), path.indices, path.values, path.dense_shape)
        show("scores", scores)

for bad_labels, bad_lengths in (([[0, 0]], [12, 1, 1, 1]), ([[9, 0]], [9, 1, 1, 1])):
    wrong = tf.SparseTensor(bad_labels, np.int32([1]), [batch, 4])
    try:
        with tf.Session() as sess:
            sess.run(tf.nn.ctc_loss(wrong, logits, bad_lengths))
    except tf.errors.InvalidArgumentError:
        print("refused")
