# SPDX-License-Identifier: Apache-2.0
"""The losses of a graph: collections of scalars, and their sum."""

from caudal.framework import constant_op, ops
from caudal.ops import math_ops

__all__ = [
    "add_loss",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
]


def add_loss(loss, loss_collection=ops.GraphKeys.LOSSES):
    """Adds a loss to a collection; with None as collection it does nothing."""
    if loss_collection:
        ops.add_to_collection(loss_collection, loss)


def get_losses(scope=None, loss_collection=ops.GraphKeys.LOSSES):
    """The losses of a collection; with `scope`, those whose names begin so."""
    return ops.get_collection(loss_collection, scope)


def get_regularization_losses(scope=None):
    """The losses that regularizers of variables made."""
    return ops.get_collection(ops.GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope=None, name="total_regularization_loss"):
    """The sum of the regularization losses, a scalar; 0 if there are none."""
    losses = get_regularization_losses(scope)
    return math_ops.add_n(losses, name=name) if losses else constant_op.constant(0.0)


def get_total_loss(add_regularization_losses=True, name="total_loss", scope=None):
    """The sum of all losses, a scalar.

    Args:
      add_regularization_losses: whether to count in the losses of regularizers.
      name: name of the sum.
      scope: count only losses whose names begin so.

    Raises:
      ValueError: if there are no losses.
    """
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return math_ops.add_n(losses, name=name)
