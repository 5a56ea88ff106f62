# SPDX-License-Identifier: Apache-2.0
"""Regularizers: functions from a weight to a loss."""

import numbers

from caudal.framework import constant_op, ops
from caudal.ops import math_ops, nn_ops
from caudal.platform import tf_logging

__all__ = [
    "apply_regularization",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "sum_regularizer",
]


def _check_scale(scale, name="scale"):
    """Whether the regularizer does anything. Raises: ValueError."""
    if isinstance(scale, numbers.Integral):
        raise ValueError("%s cannot be an integer: %s" % (name, scale))
    if isinstance(scale, numbers.Real):
        if scale < 0.0:
            raise ValueError("Setting a scale less than 0 on a regularizer: %g" % scale)
        if scale == 0.0:
            tf_logging.info("Scale of 0 disables regularizer.")
            return False
    return True


def _nothing(_):
    return None


def _scaled(scale, scope, default, penalty):
    def regularizer(weights, name=None):
        with ops.name_scope(scope, default, [weights]) as name:
            factor = ops.convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return math_ops.multiply(factor, penalty(weights), name=name)

    regularizer.__name__ = default[:2]
    return regularizer


def l1_regularizer(scale, scope=None):
    """scale * sum |weights|.

    Args:
      scale: float or scalar Tensor; 0.0 disables the regularizer.
      scope: name scope.

    Raises:
      ValueError: for negative numbers and integers.
    """
    if not _check_scale(scale):
        return _nothing
    return _scaled(scale, scope, "l1_regularizer", lambda w: math_ops.reduce_sum(math_ops.abs(w)))


def l2_regularizer(scale, scope=None):
    """scale * sum(weights ** 2) / 2. Arguments and errors: see `l1_regularizer`."""
    if not _check_scale(scale):
        return _nothing
    return _scaled(scale, scope, "l2_regularizer", nn_ops.l2_loss)


def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0, scope=None):
    """The sum of both. Arguments and errors: see `l1_regularizer`."""
    for name, scale in (("scale_l1", scale_l1), ("scale_l2", scale_l2)):
        if isinstance(scale, numbers.Integral):
            raise ValueError("%s cannot be an integer: %s" % (name, scale))
    scope = scope or "l1_l2_regularizer"
    if isinstance(scale_l1, numbers.Real) and scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if isinstance(scale_l2, numbers.Real) and scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


def sum_regularizer(regularizer_list, scope=None):
    """The sum of several regularizers; None for an empty list."""
    regularizers = [r for r in regularizer_list if r is not None]
    if not regularizers:
        return None

    def sum_reg(weights):
        with ops.name_scope(scope, "sum_regularizer", [weights]) as name:
            penalties = [p for p in (r(weights) for r in regularizers) if p is not None]
            return math_ops.add_n(penalties, name=name) if penalties else None

    return sum_reg


def apply_regularization(regularizer, weights_list=None):
    """The sum of a regularizer over weights, also in GraphKeys.REGULARIZATION_LOSSES.

    Args:
      regularizer: function from a weight to a scalar Tensor or None.
      weights_list: list of tensors or variables; None: GraphKeys.WEIGHTS.

    Raises:
      ValueError: without weights, or if the regularizer gives no scalar.
    """
    weights_list = weights_list or ops.get_collection(ops.GraphKeys.WEIGHTS)
    if not weights_list:
        raise ValueError("No weights to regularize.")
    with ops.name_scope("get_regularization_penalty", values=weights_list) as scope:
        penalties = [regularizer(w) for w in weights_list]
        penalties = [p if p is not None else constant_op.constant(0.0) for p in penalties]
        for p in penalties:
            if p.get_shape().ndims != 0:
                raise ValueError(
                    "regularizer must return a scalar Tensor instead of a Tensor with rank %d."
                    % p.get_shape().ndims
                )
        total = math_ops.add_n(penalties, name=scope)
        ops.add_to_collection(ops.GraphKeys.REGULARIZATION_LOSSES, total)
        return total
