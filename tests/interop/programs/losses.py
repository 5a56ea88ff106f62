# SPDX-License-Identifier: Apache-2.0
"""Losses: reductions, weights that broadcast, collections, gradients."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(3)
logits = tf.constant(rng.randn(4, 3).astype(np.float32))
open_ = tf.placeholder(tf.float32, None)
onehot = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
shares = tf.constant(rng.rand(4, 3).astype(np.float32))
L, R = tf.losses, tf.losses.Reduction
kinds = [R.NONE, R.SUM, R.MEAN, R.SUM_OVER_BATCH_SIZE, R.SUM_BY_NONZERO_WEIGHTS]
weights = [1.0, 0.0, [[1.0], [0.0], [2.0], [0.5]], [[0.0, 1.5, 1.0]], rng.rand(4, 3) * 2]
rows = [1.0, 2.5, [0.0, 1.0, 0.5, 0.0]]


def all_losses(x):
    for w in weights:
        for r in kinds:
            yield L.absolute_difference(onehot, x, weights=w, reduction=r)
            yield L.mean_squared_error(onehot, x, weights=w, reduction=r)
        yield L.huber_loss(onehot, x, weights=w, delta=0.7)
        yield L.hinge_loss(onehot, x, weights=w)
        yield L.sigmoid_cross_entropy(onehot, x, weights=w, label_smoothing=0.2)
        yield L.log_loss(onehot, tf.sigmoid(x), weights=w)
        yield L.mean_pairwise_squared_error(onehot, x, weights=w)
    for w in rows:
        for r in kinds:
            yield L.softmax_cross_entropy(onehot, x, weights=w, label_smoothing=0.1, reduction=r)
            yield L.sparse_softmax_cross_entropy([0, 2, 1, 1], x, weights=w, reduction=r)
    yield L.sparse_softmax_cross_entropy([[0], [2], [1], [1]], x, weights=[[1.0], [0], [2], [3]])
    unit = tf.nn.l2_normalize(x, 1)
    yield L.cosine_distance(onehot, unit, axis=1, weights=[[1.0], [0], [2], [3]])


made = list(all_losses(logits))
grads = [tf.gradients(loss, logits)[0] for loss in made]
dynamic = [L.mean_squared_error(shares, logits, weights=open_, reduction=r) for r in kinds] + [
    L.mean_squared_error(open_, open_),
    L.mean_pairwise_squared_error(shares, logits, open_),
]
print(len(L.get_losses()), L.get_losses()[0].name, L.get_losses()[-1].name, made[7].name)
shaped = [loss for loss in L.get_losses() if loss.shape.ndims != 0]
del tf.get_collection_ref(tf.GraphKeys.LOSSES)[:]
for loss in made:
    if loss.shape.ndims == 0:
        L.add_loss(loss)
print(len(shaped), len(L.get_losses()))
tf.get_variable("v", [2], initializer=tf.ones_initializer(),
                regularizer=lambda v: 0.5 * tf.reduce_sum(v * v))  # fmt: skip
total = L.get_total_loss()
print(total.name, L.get_regularization_loss().name, [t.name for t in L.get_regularization_losses()])
L.add_loss(tf.constant(2.0), "mine")
print(len(L.get_losses(loss_collection="mine")), len(L.get_losses(scope="hinge")))
for case in (
    lambda: L.mean_squared_error([1.0, 2.0], [1.0, 2.0], weights=[1.0, 2.0, 3.0]),
    lambda: L.mean_squared_error([[1.0]], [[1.0]], weights=[1.0]),
    lambda: L.mean_squared_error([1.0], [1.0], reduction="other"),
    lambda: L.softmax_cross_entropy([[1.0, 0.0]], [[1.0, 0.0, 2.0]]),
):
    try:
        case()
    except ValueError as error:
        print(type(error).__name__, str(error).splitlines()[0][:27])

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for number, (value, grad) in enumerate(zip(*sess.run([made, grads]))):
        print(number, made[number].op.name, value, grad.tolist())
    for w in (2.0, [[1.0], [0.0], [1.0], [3.0]], rng.rand(4, 3)):
        print([np.asarray(v).tolist() for v in sess.run(dynamic, {open_: w})])
    print(sess.run(total - tf.add_n([tf.reduce_sum(x) for x in L.get_losses()])))
    for w in ([1.0, 2.0, 3.0],):
        try:
            sess.run(dynamic[0], {open_: w})
        except tf.errors.InvalidArgumentError as error:
            print("weights can not be broadcast to values." in str(error))
