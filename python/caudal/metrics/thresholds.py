# SPDX-License-Identifier: Apache-2.0
"""Decisions at several thresholds: counts, precision, recall, areas under curves."""

from caudal.framework import constant_op, dtypes, ops
from caudal.metrics.support import collected, documented, fit_ranks, metric_variable
from caudal.ops import (
    array_ops,
    check_ops,
    math_ops,
    shape_ops,
    state_ops,
    variable_scope,
    weights_broadcast_ops,
)
from caudal.platform import tf_logging as logging

_EPSILON = 1e-7
_KINDS = {
    "tp": ("true_positives", True, True),
    "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False),
    "fp": ("false_positives", False, True),
}


def _confusion_matrix_at_thresholds(labels, predictions, thresholds, weights=None, includes=None):
    """Variables and updates, each by kind: "tp", "fn", "tn", "fp"; one count per threshold."""
    includes = tuple(_KINDS) if includes is None else includes
    for kind in includes:
        if kind not in _KINDS:
            raise ValueError("Invalid key: %s." % kind)
    outside = "predictions must be in [0, 1]"
    predictions = ops.convert_to_tensor(predictions)
    with ops.control_dependencies(
        [
            check_ops.assert_greater_equal(
                predictions, math_ops.cast(0.0, dtype=predictions.dtype), message=outside
            ),
            check_ops.assert_less_equal(
                predictions, math_ops.cast(1.0, dtype=predictions.dtype), message=outside
            ),
        ]
    ):
        predictions, labels, weights = fit_ranks(
            math_ops.cast(predictions, dtypes.float32), math_ops.cast(labels, dtypes.bool), weights
        )
    rows = len(thresholds)
    column = array_ops.reshape(predictions, [-1, 1])
    row = array_ops.reshape(labels, [1, -1])
    size = column.shape.as_list()[0]
    if size is None:
        size = array_ops.shape(column)[0]
    limits = array_ops.tile(
        shape_ops.expand_dims(constant_op.constant(thresholds), [1]), array_ops.stack([1, size])
    )
    decided = {
        True: math_ops.greater(array_ops.tile(array_ops.transpose(column), [rows, 1]), limits)
    }
    if "fn" in includes or "tn" in includes:
        decided[False] = math_ops.logical_not(decided[True])
    truth = {True: array_ops.tile(row, [rows, 1])}
    if "fp" in includes or "tn" in includes:
        truth[False] = math_ops.logical_not(truth[True])
    tiled = None
    if weights is not None:
        weights = weights_broadcast_ops.broadcast_weights(
            math_ops.cast(weights, dtypes.float32), predictions
        )
        tiled = array_ops.tile(array_ops.reshape(weights, [1, -1]), [rows, 1])
        limits.shape.assert_is_compatible_with(tiled.shape)
    values, updates = {}, {}
    for kind, (name, label, decision) in _KINDS.items():
        if kind not in includes:
            continue
        values[kind] = metric_variable([rows], dtypes.float32, name=name)
        counts = math_ops.cast(
            math_ops.logical_and(truth[label], decided[decision]), dtypes.float32
        )
        if tiled is not None:
            counts *= tiled
        updates[kind] = state_ops.assign_add(values[kind], math_ops.reduce_sum(counts, 1))
    return values, updates


def count_at_thresholds(kind, labels, predictions, thresholds, weights=None):
    """The counts of one kind, in the variable scope that is open: (value, update)."""
    values, updates = _confusion_matrix_at_thresholds(
        labels, predictions, thresholds, weights=weights, includes=(kind,)
    )
    return array_ops.identity(values[kind]), updates[kind]


def _counter_at_thresholds(kind, text):
    name_of = _KINDS[kind][0]

    def function(labels, predictions, thresholds, weights=None, metrics_collections=None,
                 updates_collections=None, name=None):  # fmt: skip
        with variable_scope.variable_scope(name, name_of, (predictions, labels, weights)):
            value, update = count_at_thresholds(kind, labels, predictions, thresholds, weights)
            return collected(value, update, metrics_collections, updates_collections)

    function.__name__ = function.__qualname__ = name_of + "_at_thresholds"
    function.__doc__ = (
        """%s, for each threshold.

    Args:
      labels: tensor that casts to bool.
      predictions: floats in [0, 1], of its shape; True where above the threshold.
      thresholds: list of floats.
    """
        % text
    )
    return documented(function)


true_positives_at_thresholds = _counter_at_thresholds("tp", "How many true labels were predicted")
false_negatives_at_thresholds = _counter_at_thresholds("fn", "How many true labels were missed")
true_negatives_at_thresholds = _counter_at_thresholds("tn", "How many false labels were predicted")
false_positives_at_thresholds = _counter_at_thresholds(
    "fp", "How many false labels were predicted to be true"
)


def _ratio_at_thresholds(what, misses, scope_name, labels, predictions, thresholds, weights,
                         metrics_collections, updates_collections, name):  # fmt: skip
    with variable_scope.variable_scope(name, scope_name, (predictions, labels, weights)):
        values, updates = _confusion_matrix_at_thresholds(
            labels, predictions, thresholds, weights, includes=("tp", misses)
        )

        def ratio(counts, which):
            return math_ops.div(
                counts["tp"], _EPSILON + counts["tp"] + counts[misses], name=what + "_" + which
            )

        return collected(
            ratio(values, "value"),
            ratio(updates, "update_op"),
            metrics_collections,
            updates_collections,
        )


@documented
def precision_at_thresholds(labels, predictions, thresholds, weights=None,
                            metrics_collections=None, updates_collections=None,
                            name=None):  # fmt: skip
    """true positives / (true positives + false positives), for each threshold.

    Args:
      labels: tensor that casts to bool.
      predictions: floats in [0, 1], of its shape.
      thresholds: list of floats.
    """
    return _ratio_at_thresholds(
        "precision",
        "fp",
        "precision_at_thresholds",
        labels,
        predictions,
        thresholds,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )


@documented
def recall_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):  # fmt: skip
    """true positives / (true positives + false negatives), for each threshold.

    Args:
      labels: tensor that casts to bool.
      predictions: floats in [0, 1], of its shape.
      thresholds: list of floats.
    """
    return _ratio_at_thresholds(
        "recall",
        "fn",
        "recall_at_thresholds",
        labels,
        predictions,
        thresholds,
        weights,
        metrics_collections,
        updates_collections,
        name,
    )


def even_thresholds(number):
    """`number` thresholds from just below 0 to just above 1."""
    inner = [(i + 1) * 1.0 / (number - 1) for i in range(number - 2)]
    return [0.0 - _EPSILON] + inner + [1.0 + _EPSILON]


def _interpolated_area(tp, fp, fn):
    """The area under the precision-recall curve with true positives linear in positives."""
    end = tp.get_shape().as_list()[0] - 1
    step = tp[:end] - tp[1:]
    positives = tp + fp
    slope = math_ops.div_no_nan(
        step, math_ops.maximum(positives[:end] - positives[1:], 0), name="prec_slope"
    )
    intercept = tp[1:] - math_ops.multiply(slope, positives[1:])
    ratio = array_ops.where(
        math_ops.logical_and(positives[:end] > 0, positives[1:] > 0),
        math_ops.div_no_nan(
            positives[:end], math_ops.maximum(positives[1:], 0), name="recall_relative_ratio"
        ),
        array_ops.ones_like(positives[1:]),
    )
    increments = math_ops.div_no_nan(
        slope * (step + intercept * math_ops.log(ratio)),
        math_ops.maximum(tp[1:] + fn[1:], 0),
        name="pr_auc_increment",
    )
    return math_ops.reduce_sum(increments, name="interpolate_pr_auc")


def _area(counts, curve, summation_method, name):
    tp, fn, tn, fp = (counts[kind] for kind in _KINDS)
    if curve == "PR":
        if summation_method == "trapezoidal":
            logging.warning(
                "Trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "
                '"careful_interpolation" instead.'
            )
        elif summation_method == "careful_interpolation":
            return _interpolated_area(tp, fp, fn)
    recall = math_ops.div(tp + 1.0e-6, tp + fn + 1.0e-6)
    if curve == "ROC":
        x, y = math_ops.div(fp, fp + tn + 1.0e-6), recall
    else:
        x, y = recall, math_ops.div(tp + 1.0e-6, tp + fp + 1.0e-6)
    end = x.get_shape().as_list()[0] - 1
    if summation_method in ("trapezoidal", "careful_interpolation"):
        heights = (y[:end] + y[1:]) / 2.0
    elif summation_method == "minoring":
        heights = math_ops.minimum(y[:end], y[1:])
    elif summation_method == "majoring":
        heights = math_ops.maximum(y[:end], y[1:])
    else:
        raise ValueError("Invalid summation_method: %s" % summation_method)
    return math_ops.reduce_sum(math_ops.multiply(x[:end] - x[1:], heights), name=name)


def auc(labels, predictions, weights=None, num_thresholds=200, metrics_collections=None,
        updates_collections=None, curve="ROC", name=None, summation_method="trapezoidal",
        thresholds=None):  # fmt: skip
    """The area under a curve, from counts at `num_thresholds` thresholds.

    Args:
      labels: tensor that casts to bool.
      predictions: floats in [0, 1], of its shape.
      weights: None, a scalar, or a tensor of the rank of the labels.
      num_thresholds: int.
      metrics_collections, updates_collections, name: as for other metrics.
      curve: "ROC" or "PR" (precision over recall).
      summation_method: "trapezoidal", "careful_interpolation" (right for "PR"), "minoring" or
        "majoring".
      thresholds: list of floats in [0, 1] instead of even ones; both ends are added.

    Returns:
      (value, update): scalars.

    Raises:
      ValueError: for another curve or method, or if shapes do not fit.
    """
    with variable_scope.variable_scope(name, "auc", (labels, predictions, weights)):
        if curve != "ROC" and curve != "PR":
            raise ValueError("curve must be either ROC or PR, %s unknown" % (curve))
        if thresholds is None:
            thresholds = even_thresholds(num_thresholds)
        else:
            thresholds = [0.0 - _EPSILON] + list(thresholds) + [1.0 + _EPSILON]
        values, updates = _confusion_matrix_at_thresholds(labels, predictions, thresholds, weights)
        return collected(
            _area({k: v.value() for k, v in values.items()}, curve, summation_method, "value"),
            _area(updates, curve, summation_method, "update_op"),
            metrics_collections,
            updates_collections,
        )


def _at(scope_name, argument, chosen, labels, predictions, weights, num_thresholds,
        metrics_collections, updates_collections, name, result):  # fmt: skip
    if chosen < 0 or chosen > 1:
        raise ValueError("`%s` must be in the range [0, 1]. Currently, %s=%f." % (
            argument, argument, chosen))  # fmt: skip
    with variable_scope.variable_scope(name, scope_name, (predictions, labels, weights)):
        values, updates = _confusion_matrix_at_thresholds(
            labels, predictions, even_thresholds(num_thresholds), weights
        )
        return collected(
            result(values, "value"),
            result(updates, "update_op"),
            metrics_collections,
            updates_collections,
        )


@documented
def sensitivity_at_specificity(labels, predictions, specificity, weights=None, num_thresholds=200,
                               metrics_collections=None, updates_collections=None,
                               name=None):  # fmt: skip
    """The recall at the threshold whose specificity is nearest to the one given.

    Args:
      labels: tensor that casts to bool.
      predictions: floats in [0, 1], of its shape.
      specificity: float in [0, 1].
      num_thresholds: int.
    """

    def result(counts, name):
        tp, fn, tn, fp = (counts[kind] for kind in _KINDS)
        found = math_ops.div(tn, tn + fp + _EPSILON)
        index = math_ops.argmin(math_ops.abs(found - specificity), 0)
        index = math_ops.cast(index, dtypes.int32)
        return math_ops.div(tp[index], tp[index] + fn[index] + _EPSILON, name)

    return _at(
        "sensitivity_at_specificity",
        "specificity",
        specificity,
        labels,
        predictions,
        weights,
        num_thresholds,
        metrics_collections,
        updates_collections,
        name,
        result,
    )


@documented
def specificity_at_sensitivity(labels, predictions, sensitivity, weights=None, num_thresholds=200,
                               metrics_collections=None, updates_collections=None,
                               name=None):  # fmt: skip
    """The specificity at the last threshold whose recall is nearest to the one given.

    Args:
      labels: tensor that casts to bool.
      predictions: floats in [0, 1], of its shape.
      sensitivity: float in [0, 1].
      num_thresholds: int.
    """

    def result(counts, name):
        tp, fn, tn, fp = (counts[kind] for kind in _KINDS)
        found = math_ops.div(tp, tp + fn + _EPSILON)
        # The running count of nearest ones has its maximum first at the last of them.
        distance = math_ops.abs(found - sensitivity)
        nearest = math_ops.equal(distance, math_ops.reduce_min(distance))
        index = math_ops.argmax(math_ops.cumsum(math_ops.cast(nearest, dtypes.int64)), 0)
        index = math_ops.cast(index, dtypes.int32)
        return math_ops.div(tn[index], tn[index] + fp[index] + _EPSILON, name)

    return _at(
        "specificity_at_sensitivity",
        "sensitivity",
        sensitivity,
        labels,
        predictions,
        weights,
        num_thresholds,
        metrics_collections,
        updates_collections,
        name,
        result,
    )
