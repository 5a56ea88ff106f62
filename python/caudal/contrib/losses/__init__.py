# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.losses`: the first form of `tf.losses`, predictions first."""

from caudal.contrib.losses.loss_ops import (
    absolute_difference,
    add_loss,
    compute_weighted_loss,
    cosine_distance,
    get_total_loss,
    hinge_loss,
    log_loss,
    mean_pairwise_squared_error,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)
from caudal.framework.absent import module_getattr as _module_getattr
from caudal.losses.util import get_losses, get_regularization_losses

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

__getattr__ = _module_getattr("contrib.losses", {"caudal.contrib.losses.metric_learning": "@"})
