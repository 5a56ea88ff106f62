# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.losses`: the first form of `tf.losses`, predictions first."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework import ops
from caudal.losses import losses_impl
from caudal.losses.util import add_loss, get_losses, get_regularization_losses
from caudal.ops import math_ops

__all__ = [
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


def get_total_loss(add_regularization_losses=True, name="total_loss"):
    """The sum of the losses; with `add_regularization_losses`, those of regularizers too."""
    losses = get_losses()
    if add_regularization_losses:
        losses += get_regularization_losses()
    return math_ops.add_n(losses, name=name)


def compute_weighted_loss(losses, weights=1.0, scope=None):
    """See `tf.losses.compute_weighted_loss`; weights may lack trailing dimensions."""
    return losses_impl.compute_weighted_loss(losses, _fit(weights, losses), scope)


def _fit(weights, like):
    """`weights` with as many trailing dimensions of 1 as they lack."""
    from caudal.ops import array_ops

    like = ops.convert_to_tensor(like)
    weights = ops.convert_to_tensor(weights)
    have, want = weights.shape.rank, like.shape.rank
    if have is None or want is None or have == 0 or have >= want:
        return weights
    return array_ops.reshape(
        weights, array_ops.concat([array_ops.shape(weights), [1] * (want - have)], 0)
    )


def absolute_difference(predictions, labels=None, weights=1.0, scope=None):
    """See `tf.losses.absolute_difference`."""
    return losses_impl.absolute_difference(labels, predictions, _fit(weights, predictions), scope)


def cosine_distance(predictions, labels=None, axis=None, weights=1.0, scope=None, dim=None):
    """See `tf.losses.cosine_distance`."""
    return losses_impl.cosine_distance(labels, predictions, axis, weights, scope, dim=dim)


def hinge_loss(logits, labels=None, scope=None):
    """max(0, 1 - (2 * labels - 1) * logits), element by element."""
    return losses_impl.hinge_loss(
        labels,
        logits,
        scope=scope,
        loss_collection=None,
        reduction=losses_impl.Reduction.NONE,
    )


def log_loss(predictions, labels=None, weights=1.0, epsilon=1e-7, scope=None):
    """See `tf.losses.log_loss`."""
    return losses_impl.log_loss(labels, predictions, _fit(weights, predictions), epsilon, scope)


def mean_pairwise_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """See `tf.losses.mean_pairwise_squared_error`."""
    return losses_impl.mean_pairwise_squared_error(
        labels, predictions, _fit(weights, predictions), scope
    )


def mean_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """See `tf.losses.mean_squared_error`."""
    return losses_impl.mean_squared_error(labels, predictions, _fit(weights, predictions), scope)


def sigmoid_cross_entropy(logits, multi_class_labels, weights=1.0, label_smoothing=0, scope=None):
    """See `tf.losses.sigmoid_cross_entropy`."""
    return losses_impl.sigmoid_cross_entropy(
        multi_class_labels, logits, _fit(weights, logits), label_smoothing, scope
    )


def softmax_cross_entropy(logits, onehot_labels, weights=1.0, label_smoothing=0, scope=None):
    """See `tf.losses.softmax_cross_entropy`."""
    return losses_impl.softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, scope)


def sparse_softmax_cross_entropy(logits, labels, weights=1.0, scope=None):
    """See `tf.losses.sparse_softmax_cross_entropy`."""
    return losses_impl.sparse_softmax_cross_entropy(labels, logits, weights, scope)


__getattr__ = _module_getattr("contrib.losses", {"caudal.contrib.losses.metric_learning": "@"})
