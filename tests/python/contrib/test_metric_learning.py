# SPDX-License-Identifier: Apache-2.0
"""Losses of embeddings, against loops over pairs."""

import numpy as np
import pytest

import caudal as tf

losses = tf.contrib.losses.metric_learning
RNG = np.random.RandomState(3)
LABELS = np.array([0, 1, 0, 2, 1, 0])
POINTS = RNG.rand(6, 4).astype(np.float32)
OTHERS = RNG.rand(6, 4).astype(np.float32)
D = np.sqrt(((POINTS[:, None] - POINTS) ** 2).sum(-1))
PAIRS = [(i, j) for i in range(6) for j in range(6) if i != j and LABELS[i] == LABELS[j]]


def value(loss):
    with tf.Session() as sess:
        return sess.run(loss)


def test_contrastive():
    match = np.array([1, 0, 1, 0, 0, 1])
    d = np.sqrt(((POINTS - OTHERS) ** 2).sum(1))
    wanted = np.where(match == 1, d**2, np.maximum(0.9 - d, 0) ** 2).mean()
    assert value(losses.contrastive_loss(match, POINTS, OTHERS, 0.9)) == pytest.approx(wanted)


def test_triplets():
    total = 0
    for i, j in PAIRS:
        others = D[i, LABELS[i] != LABELS] ** 2
        farther = others[others > D[i, j] ** 2]
        chosen = farther.min() if len(farther) else others.max()
        total += max(0.5 + D[i, j] ** 2 - chosen, 0)
    loss = losses.triplet_semihard_loss(LABELS, tf.constant(POINTS), 0.5)
    assert value(loss) == pytest.approx(total / len(PAIRS), rel=1e-5)


def test_lifted():
    total = 0
    for i, j in PAIRS:
        reach = [np.exp(0.7 - D[k, LABELS[k] != LABELS]).sum() for k in (i, j)]
        total += max(np.log(sum(reach)) + D[i, j], 0) ** 2
    loss = losses.lifted_struct_loss(LABELS, tf.constant(POINTS), 0.7)
    assert value(loss) == pytest.approx(total / (2 * len(PAIRS)), rel=1e-5)


def test_npairs_of_labels_and_of_sets():
    logits = POINTS @ OTHERS.T
    same = (LABELS[:, None] == LABELS).astype(float)
    shares = same / same.sum(1, keepdims=True)
    chances = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    wanted = -(shares * chances).sum(1).mean()
    loss = losses.npairs_loss(LABELS, tf.constant(POINTS), tf.constant(OTHERS), reg_lambda=0.0)
    assert value(loss) == pytest.approx(wanted, rel=1e-5)
    sets = [tf.SparseTensor([[label]], [1], [3]) for label in LABELS]
    multi = losses.npairs_loss_multilabel(sets, tf.constant(POINTS), tf.constant(OTHERS), 0.0)
    assert value(multi) == pytest.approx(wanted, rel=1e-5)
    with pytest.raises(TypeError, match="sparse_labels must be a list"):
        losses.npairs_loss_multilabel([1], POINTS, OTHERS)


@pytest.mark.parametrize("finetuning", [True, False])
def test_clusters(finetuning):
    apart = np.repeat(np.eye(3, dtype=np.float32) * 50, 5, 0) + RNG.rand(15, 3).astype("f")
    labels = np.repeat([4, 7, 9], 5)
    points = tf.constant(apart)
    assert value(losses.cluster_loss(labels, points, 1.0, finetuning)) == pytest.approx(0, abs=1e-3)
    loss = losses.cluster_loss(labels[::-1] * (np.arange(15) % 2), points, 1.0, finetuning)
    (slope,) = tf.gradients(loss, points)
    loss, slope = value([loss, slope])
    assert loss > 1 and np.isfinite(slope).all() and np.abs(slope).max() > 0
