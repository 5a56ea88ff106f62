# SPDX-License-Identifier: Apache-2.0
"""Counts of right and wrong decisions about two classes; precision and recall."""

from caudal.framework import dtypes, ops
from caudal.metrics.support import collected, documented, fit_ranks, metric_variable
from caudal.ops import array_ops, check_ops, math_ops, shape_ops, state_ops, variable_scope


def _count_condition(values, weights=None, metrics_collections=None, updates_collections=None):
    """The weighted number of True among a bool tensor."""
    check_ops.assert_type(values, dtypes.bool)
    count = metric_variable([], dtypes.float32, name="count")
    values = math_ops.cast(values, dtypes.float32)
    if weights is not None:
        with ops.control_dependencies(
            (check_ops.assert_rank_in(weights, (0, shape_ops.rank(values))),)
        ):
            weights = math_ops.cast(weights, dtypes.float32)
            values = math_ops.multiply(values, weights)
    value = array_ops.identity(count)
    update = state_ops.assign_add(count, math_ops.reduce_sum(values))
    return collected(value, update, metrics_collections, updates_collections)


def _counter(name_of, label, prediction, text):
    def function(labels, predictions, weights=None, metrics_collections=None,
                 updates_collections=None, name=None):  # fmt: skip
        with variable_scope.variable_scope(name, name_of, (predictions, labels, weights)):
            predictions, labels, weights = fit_ranks(
                math_ops.cast(predictions, dtypes.bool), math_ops.cast(labels, dtypes.bool), weights
            )
            condition = math_ops.logical_and(
                math_ops.equal(labels, label), math_ops.equal(predictions, prediction)
            )
            return _count_condition(condition, weights, metrics_collections, updates_collections)

    function.__name__ = function.__qualname__ = name_of
    function.__doc__ = (
        """%s

    Args:
      labels, predictions: tensors of one shape; what is not 0 counts as True.
    """
        % text
    )
    return documented(function)


true_positives = _counter(
    "true_positives", True, True, "How many true labels were predicted so."
)  # fmt: skip
false_positives = _counter(
    "false_positives", False, True, "How many false labels were predicted to be true."
)
false_negatives = _counter(
    "false_negatives", True, False, "How many true labels were predicted to be false."
)
true_negatives = _counter(
    "true_negatives", False, False, "How many false labels were predicted so."
)


def _share(hits, others, name):
    return array_ops.where(
        math_ops.greater(hits + others, 0), math_ops.div(hits, hits + others), 0, name
    )


@documented
def precision(labels, predictions, weights=None, metrics_collections=None,
              updates_collections=None, name=None):  # fmt: skip
    """true positives / (true positives + false positives), 0 where there are none.

    Args:
      labels, predictions: tensors of one shape; what is not 0 counts as True.
    """
    return _ratio(
        "precision",
        false_positives,
        labels,
        predictions,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )


@documented
def recall(labels, predictions, weights=None, metrics_collections=None,
           updates_collections=None, name=None):  # fmt: skip
    """true positives / (true positives + false negatives), 0 where there are none.

    Args:
      labels, predictions: tensors of one shape; what is not 0 counts as True.
    """
    return _ratio(
        "recall",
        false_negatives,
        labels,
        predictions,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )


def _ratio(name_of, misses, labels, predictions, weights, metrics_collections,
           updates_collections, name):  # fmt: skip
    with variable_scope.variable_scope(name, name_of, (predictions, labels, weights)):
        predictions, labels, weights = fit_ranks(
            math_ops.cast(predictions, dtypes.bool), math_ops.cast(labels, dtypes.bool), weights
        )
        hits, hits_update = true_positives(labels, predictions, weights)
        others, others_update = misses(labels, predictions, weights)
        value = _share(hits, others, "value")
        update = _share(hits_update, others_update, "update_op")
        return collected(value, update, metrics_collections, updates_collections)
