# SPDX-License-Identifier: Apache-2.0
"""Losses: what the programs beside TensorFlow do not show."""

import numpy as np
import pytest

import caudal as tf


def test_reduction_names():
    kinds = tf.losses.Reduction
    assert kinds.SUM_OVER_NONZERO_WEIGHTS == kinds.SUM_BY_NONZERO_WEIGHTS
    assert kinds.NONE in kinds.all() and len(kinds.all()) == 6
    with pytest.raises(ValueError, match="Invalid Reduction Key"):
        kinds.validate("mean")


def test_dtype_of_the_loss_is_that_of_the_losses():
    for dtype in (tf.float32, tf.float64, tf.float16):
        losses = tf.constant([1.0, 3.0], dtype)
        assert tf.losses.compute_weighted_loss(losses, [1.0, 0.0]).dtype == dtype


def test_none_and_shapes():
    with pytest.raises(ValueError, match="labels must not be None"):
        tf.losses.mean_squared_error(None, [1.0])
    with pytest.raises(ValueError, match="predictions must not be None"):
        tf.losses.absolute_difference([1.0], None)
    with pytest.raises(ValueError, match="You must specify 'axis'"):
        tf.losses.cosine_distance([1.0], [1.0])
    with pytest.raises(ValueError, match="not compatible|incompatible"):
        tf.losses.mean_squared_error([1.0, 2.0], [1.0, 2.0, 3.0])


def test_total_of_no_losses():
    with pytest.raises(ValueError):
        tf.losses.get_total_loss()
    with tf.Session() as sess:
        assert sess.run(tf.losses.get_regularization_loss()) == 0


def test_no_collection_and_scope():
    loss = tf.losses.mean_squared_error([1.0], [3.0], scope="mine", loss_collection=None)
    assert loss.op.name == "mine/value" and not tf.losses.get_losses()


def test_labels_get_no_gradient():
    labels = tf.Variable([[1.0, 0.0]])
    loss = tf.losses.softmax_cross_entropy(labels, [[2.0, 1.0]])
    assert tf.gradients(loss, labels) == [None]


def test_contrib_losses_take_predictions_first():
    losses = tf.contrib.losses
    one = losses.mean_squared_error(
        tf.constant([[1.0], [4.0]]), tf.zeros([2, 1]), weights=[1.0, 0.5]
    )
    hinges = losses.hinge_loss(tf.constant([0.5, -2.0]), tf.constant([1.0, 1.0]))
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(one), 4.5)
        np.testing.assert_allclose(sess.run(hinges), [0.5, 3.0])
        assert len(losses.get_losses()) == 1


def test_labels_of_another_rank_must_have_one_column():
    with pytest.raises(ValueError, match="Can not squeeze dim"):
        tf.losses.sparse_softmax_cross_entropy([[0, 1], [1, 2]], np.ones([2, 3]))
    with pytest.raises(ValueError, match="both 'dim' and 'axis'"):
        tf.losses.cosine_distance([1.0], [1.0], dim=0, axis=0)
