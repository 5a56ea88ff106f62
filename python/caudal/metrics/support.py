# SPDX-License-Identifier: Apache-2.0
"""What metrics share: their variables, shapes of their arguments, collections of their results."""

from caudal.framework import ops
from caudal.ops import (
    array_ops,
    confusion_matrix,
    control_flow_ops,
    math_ops,
    shape_ops,
    variable_scope,
)
from caudal.ops.ref_variable import VariableAggregation, VariableSynchronization

COMMON = """
      weights: None, a scalar, or a tensor of the rank of the labels whose dimensions are equal or
        1: what each element counts.
      metrics_collections: collections that get the value.
      updates_collections: collections that get the update.
      name: name of the variable scope.

    Returns:
      (value, update): tensors. The value shows what the local variables hold; the update counts
      one more batch in and gives the value after it.

    Raises:
      ValueError: if shapes do not fit, or collections are no list or tuple.
    """


def documented(function):
    """Adds what all metrics have in common to the documentation of one."""
    function.__doc__ = (function.__doc__ or "").rstrip() + COMMON
    return function


def metric_variable(shape, dtype, validate_shape=True, name=None):
    """A variable of zeros in the collections LOCAL_VARIABLES and METRIC_VARIABLES."""
    return variable_scope.variable(
        lambda: array_ops.zeros(shape, dtype),
        trainable=False,
        collections=[ops.GraphKeys.LOCAL_VARIABLES, ops.GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def collected(value, update, metrics_collections, updates_collections):
    """(value, update), added to the collections asked for."""
    if metrics_collections:
        ops.add_to_collections(metrics_collections, value)
    if updates_collections:
        ops.add_to_collections(updates_collections, update)
    return value, update


def fit_ranks(predictions, labels=None, weights=None):
    """Predictions, labels and weights without a last dimension of 1 that keeps them apart."""
    predictions = ops.convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = confusion_matrix.remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = ops.convert_to_tensor(weights)
    rank, weights_rank = predictions.shape.rank, weights.shape.rank
    if weights_rank == 0:
        return predictions, labels, weights
    if rank is not None and weights_rank is not None:
        if weights_rank - rank == 1:
            weights = shape_ops.squeeze(weights, [-1])
        elif rank - weights_rank == 1:
            weights = shape_ops.expand_dims(weights, [-1])
        return predictions, labels, weights
    given = weights
    difference = shape_ops.rank(given) - shape_ops.rank(predictions)

    def expanded():
        return control_flow_ops.cond(
            math_ops.equal(difference, -1),
            lambda: shape_ops.expand_dims(given, [-1]),
            lambda: array_ops.identity(given),
        )

    if weights_rank is not None and not given.shape[-1].is_compatible_with(1):
        weights = expanded()
    else:
        weights = control_flow_ops.cond(
            math_ops.equal(difference, 1), lambda: shape_ops.squeeze(given, [-1]), expanded
        )
    return predictions, labels, weights


def safe_div(numerator, denominator, name):
    """numerator / denominator; 0 where the denominator is not positive."""
    denominator = math_ops.maximum(denominator, 0)
    return math_ops.div_no_nan(numerator, denominator, name=name)
