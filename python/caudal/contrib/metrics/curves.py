# SPDX-License-Identifier: Apache-2.0
"""Metrics of whole curves: points, areas and how sure they are."""

import collections

from caudal.contrib.metrics.further import streaming_concat
from caudal.framework import dtypes, errors, ops, tensor_util
from caudal.metrics import at_k, support, thresholds
from caudal.ops import (
    array_ops,
    check_ops,
    confusion_matrix,
    control_flow_ops,
    logging_ops,
    math_ops,
    sort_ops,
    special_math_ops,
    state_ops,
    variable_scope,
    weights_broadcast_ops,
)
from caudal.ops.distributions import special_math

AucData = collections.namedtuple("AucData", ["auc", "lower", "upper"])
PrecisionRecallData = collections.namedtuple(
    "PrecisionRecallData", ["tp", "fp", "tn", "fn", "precision", "recall", "thresholds"]
)

_EPSILON = 1e-7


def streaming_curve_points(labels=None, predictions=None, weights=None, num_thresholds=200,
                           metrics_collections=None, updates_collections=None, curve="ROC",
                           name=None):  # fmt: skip
    """Points of a curve over evenly spaced thresholds. (points [num_thresholds, 2], update op)

    Args:
      labels, predictions: tensors of one shape; labels are cast to bool.
      weights: None, or a tensor that broadcasts against the labels.
      num_thresholds: int.
      curve: "ROC" for (false positive rate, true positive rate), "PR" for (recall, precision).

    Raises:
      ValueError: for another curve, or shapes that differ.
    """
    if curve not in ("ROC", "PR"):
        raise ValueError("curve must be either ROC or PR, %s unknown" % curve)
    with variable_scope.variable_scope(name, "curve_points", (labels, predictions, weights)):
        values, updates = thresholds._confusion_matrix_at_thresholds(
            labels, predictions, thresholds.even_thresholds(num_thresholds), weights
        )
        tp, fp, tn, fn = (values[which] for which in ("tp", "fp", "tn", "fn"))
        recall = math_ops.div(tp + _EPSILON, tp + fn + _EPSILON)
        if curve == "ROC":
            x, y = math_ops.div(fp, fp + tn + _EPSILON), recall
        else:
            x, y = recall, math_ops.div(tp + _EPSILON, tp + fp + _EPSILON)
        points = array_ops.stack([x, y], axis=1)
        update = control_flow_ops.group(*updates.values())
        return support.collected(points, update, metrics_collections, updates_collections)


def _checked_labels(labels):
    """The flat labels as int64, which must be 0 or 1."""
    labels = array_ops.reshape(math_ops.cast(labels, dtypes.int64), [-1])
    checks = [
        logging_ops.Assert(
            math_ops.reduce_all(good), ["labels must be 0 or 1, at least one is " + which, labels]
        )
        for good, which in ((labels >= 0, "<0"), (labels <= 1, ">1"))
    ]
    with ops.control_dependencies(checks):
        return array_ops.identity(labels)


def _gathered(labels, predictions, weights):
    """All labels, predictions and weights so far, and the updates that add a batch."""
    predictions = array_ops.reshape(math_ops.cast(predictions, dtypes.float64), [-1])
    labels = _checked_labels(labels)
    every, updates = zip(
        streaming_concat(predictions, name="concat_preds"),
        streaming_concat(labels, name="concat_labels"),
    )
    if weights is None:
        return (*every, None), updates
    held, update = streaming_concat(
        array_ops.reshape(math_ops.cast(weights, dtypes.float64), [-1]), name="concat_weights"
    )
    return (*every, held), (*updates, update)


def _ranked(predictions, labels, weights):
    """Weights of the positives and the negatives of each distinct prediction, largest first."""
    order = sort_ops.argsort(predictions, direction="DESCENDING", stable=True)
    _, groups = array_ops.unique(array_ops.gather(predictions, order))
    positive = math_ops.cast(array_ops.gather(labels, order), dtypes.float64)
    counted = 1.0 if weights is None else array_ops.gather(weights, order)
    return (
        array_ops.segment_sum(positive * counted, groups),
        array_ops.segment_sum((1.0 - positive) * counted, groups),
    )


def _roc_area(positives, negatives):
    above = math_ops.cumsum(positives) - positives / 2
    total = math_ops.reduce_sum(positives) * math_ops.reduce_sum(negatives)
    return math_ops.div_no_nan(math_ops.reduce_sum(negatives * above), total)


def _pr_area(positives, negatives):
    tp, fp = math_ops.cumsum(positives), math_ops.cumsum(negatives)
    one = array_ops.ones([1], dtypes.float64)
    precision = array_ops.concat([one, math_ops.div_no_nan(tp, tp + fp)], 0)
    steps = math_ops.div_no_nan(positives, math_ops.reduce_sum(positives))
    area = math_ops.reduce_sum(steps * (precision[:-1] + precision[1:]) / 2)
    return array_ops.where(
        math_ops.reduce_sum(negatives) > 0, area, array_ops.zeros([], dtypes.float64)
    )


def streaming_dynamic_auc(labels, predictions, curve="ROC", metrics_collections=(),
                          updates_collections=(), name=None, weights=None):  # fmt: skip
    """The exact area under a curve of all predictions so far. (value, update op)

    Args:
      labels: tensor of 0 and 1.
      predictions: tensor of the same shape.
      curve: "ROC" or "PR".
      weights: None, or a tensor that broadcasts against the labels.

    Raises:
      ValueError: for another curve, or shapes that differ.
    """
    if curve not in ("ROC", "PR"):
        raise ValueError("curve must be either ROC or PR, %s unknown" % curve)
    with variable_scope.variable_scope(name, default_name="dynamic_auc"):
        labels = ops.convert_to_tensor(labels)
        predictions = ops.convert_to_tensor(predictions)
        labels.get_shape().assert_is_compatible_with(predictions.get_shape())
        weights = _broadcast(weights, predictions)
        every, updates = _gathered(labels, predictions, weights)
        area = (_roc_area if curve == "ROC" else _pr_area)(*_ranked(*every))
        update = control_flow_ops.group(*updates)
        return support.collected(area, update, metrics_collections, updates_collections)


def _broadcast(weights, predictions):
    if weights is None:
        return None
    return weights_broadcast_ops.broadcast_weights(
        math_ops.cast(ops.convert_to_tensor(weights), dtypes.float32), predictions
    )


def _variance(parts, weights):
    """The variance of the mean of weighted parts; weights are frequencies."""
    total = math_ops.reduce_sum(weights)
    mean = math_ops.div_no_nan(math_ops.reduce_sum(parts * weights), total)
    squares = math_ops.reduce_sum(weights * math_ops.square(parts - mean))
    return math_ops.div_no_nan(squares, (total - 1.0) * total)


def auc_with_confidence_intervals(labels, predictions, weights=None, alpha=0.95,
                                  logit_transformation=True, metrics_collections=(),
                                  updates_collections=(), name=None):  # fmt: skip
    """The area under the ROC curve with an interval for it, after DeLong. (AucData, update)

    Args:
      labels: tensor of 0 and 1.
      predictions: tensor of the same shape.
      weights: None, or a tensor that broadcasts against the labels.
      alpha: confidence, in (0, 1).
      logit_transformation: whether the interval is one of the area's logit.

    Raises:
      ValueError: for another confidence, or shapes that differ.
    """
    if not 0 < alpha < 1:
        raise ValueError("alpha must be between 0 and 1; currently %.02f" % alpha)
    with variable_scope.variable_scope(name, default_name="auc_with_confidence_intervals"):
        labels = ops.convert_to_tensor(labels)
        predictions = ops.convert_to_tensor(predictions)
        predictions, labels, weights = support.fit_ranks(predictions, labels, weights)
        labels.get_shape().assert_is_compatible_with(predictions.get_shape())
        if weights is None:
            weights = array_ops.ones_like(predictions, dtypes.float32)
        every, updates = _gathered(labels, predictions, _broadcast(weights, predictions))
        positives, negatives = _ranked(*every)
        area = _roc_area(positives, negatives)
        tp, fp = math_ops.cumsum(positives), math_ops.cumsum(negatives)
        total_p, total_n = math_ops.reduce_sum(positives), math_ops.reduce_sum(negatives)
        below = math_ops.div_no_nan(total_n - fp + negatives / 2, total_n)
        above = math_ops.div_no_nan(tp - positives / 2, total_p)
        deviation = math_ops.sqrt(_variance(below, positives) + _variance(above, negatives))
        half = special_math.ndtri(ops.convert_to_tensor((1.0 + alpha) / 2.0, dtypes.float64))
        if logit_transformation:
            logit = math_ops.log(area / (1.0 - area))
            half *= math_ops.div_no_nan(deviation, area * (1.0 - area))
            lower, upper = math_ops.sigmoid(logit - half), math_ops.sigmoid(logit + half)
        else:
            lower, upper = area - half * deviation, area + half * deviation
        mixed = math_ops.logical_and(total_p > 0, total_n > 0)
        data = AucData(
            *(
                math_ops.cast(
                    array_ops.where(mixed, part, array_ops.zeros_like(part)), dtypes.float32
                )
                for part in (area, lower, upper)
            )
        )
        with ops.control_dependencies(updates):
            update = array_ops.identity(ops.convert_to_tensor(True), name="update_op")
        return support.collected(data, update, metrics_collections, updates_collections)


def precision_recall_at_equal_thresholds(labels, predictions, weights=None, num_thresholds=None,
                                         use_locking=None, name=None):  # fmt: skip
    """Counts, precision and recall at evenly spaced thresholds, in time linear in the batch.

    Args:
      labels: bool tensor.
      predictions: tensor of a floating type and the same shape, in [0, 1].
      weights: None, or a tensor that broadcasts against the labels.
      num_thresholds: int; default: 201.
      use_locking: of the updates.
      name: name of the variable scope.

    Returns:
      (PrecisionRecallData, update op).
    """
    with variable_scope.variable_scope(
        name, "precision_recall_at_equal_thresholds", (labels, predictions, weights)
    ):
        labels = ops.convert_to_tensor(labels)
        check_ops.assert_type(labels, dtypes.bool)
        predictions = ops.convert_to_tensor(predictions)
        if not predictions.dtype.is_floating:
            raise TypeError("predictions must be of a floating type, not %s" % predictions.dtype)
        known = tensor_util.constant_value(predictions)
        if known is not None and ((known < 0) | (known > 1)).any():
            raise errors.InvalidArgumentError(None, None, "predictions must be in [0, 1]")
        checks = [
            check_ops.assert_greater_equal(
                predictions, math_ops.cast(0.0, predictions.dtype),
                message="predictions must be in [0, 1]",
            ),
            check_ops.assert_less_equal(
                predictions, math_ops.cast(1.0, predictions.dtype),
                message="predictions must be in [0, 1]",
            ),
        ]  # fmt: skip
        with ops.control_dependencies(checks):
            predictions, labels, weights = support.fit_ranks(predictions, labels, weights)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        count = 201 if num_thresholds is None else num_thresholds
        if weights is None:
            weights = 1.0
        dtype = predictions.dtype
        weights = weights_broadcast_ops.broadcast_weights(
            math_ops.cast(weights, dtype), predictions
        )
        with ops.control_dependencies(checks):
            flat = array_ops.reshape(array_ops.identity(predictions), [-1])
        buckets = math_ops.cast(math_ops.floor(flat * (count - 1)), dtypes.int32)
        of_true = array_ops.reshape(math_ops.cast(labels, dtype) * weights, [-1])
        of_false = array_ops.reshape(weights, [-1]) - of_true
        with variable_scope.variable_scope("variables"):
            held = [
                support.metric_variable([count], dtypes.float64, name=n)
                for n in ("tp_buckets", "fp_buckets")
            ]
        update = control_flow_ops.group(
            *(
                state_ops.scatter_add(
                    variable, buckets, math_ops.cast(part, dtypes.float64),
                    use_locking=bool(use_locking),
                )
                for variable, part in zip(held, (of_true, of_false))
            )
        )  # fmt: skip
        tp, fp = (math_ops.cumsum(v, reverse=True) for v in held)
        tn, fn = fp[0] - fp, tp[0] - tp
        least = ops.convert_to_tensor(_EPSILON, dtypes.float64)
        precision = tp / math_ops.maximum(least, tp + fp)
        recall = tp / math_ops.maximum(least, tp + fn)
        parts = [math_ops.cast(v, dtype) for v in (tp, fp, tn, fn, precision, recall)]
        steps = math_ops.cast(math_ops.linspace(0.0, 1.0, count), dtype)
        return PrecisionRecallData(*parts, steps), update


def auc_using_histogram(boolean_labels, scores, score_range, nbins=100, collections=None,
                        check_shape=True, name=None):  # fmt: skip
    """The area under the ROC curve, from histograms of the scores. (value, update op)

    Args:
      boolean_labels: bool tensor [n].
      scores: tensor [n] of numbers.
      score_range: two numbers: the ends of the histograms.
      nbins: int: number of bins; scores in one bin count as equal.
      collections: of the histograms; default: LOCAL_VARIABLES.
      check_shape: whether the shapes are checked in each run.
      name: name of the variable scope.
    """
    if collections is None:
        collections = [ops.GraphKeys.LOCAL_VARIABLES]
    with variable_scope.variable_scope(
        name, "auc_using_histogram", [boolean_labels, scores, score_range]
    ):
        scores, boolean_labels = confusion_matrix.remove_squeezable_dimensions(
            ops.convert_to_tensor(scores), ops.convert_to_tensor(boolean_labels)
        )
        score_range = ops.convert_to_tensor(score_range, name="score_range")
        checks = []
        if check_shape:
            scores.shape.assert_is_compatible_with(boolean_labels.shape)
            checks = [
                check_ops.assert_rank(boolean_labels, 1),
                check_ops.assert_rank(scores, 1),
            ]
        with ops.control_dependencies(checks):
            masks = boolean_labels, math_ops.logical_not(boolean_labels)
            batch = [
                special_math_ops.histogram_fixed_width(
                    array_ops.boolean_mask(scores, mask), score_range, nbins=nbins,
                    dtype=dtypes.int64, name=n,
                )
                for mask, n in zip(masks, ("hist_true", "hist_false"))
            ]  # fmt: skip
        with variable_scope.variable_scope("hist_accumulate"):
            held = [
                variable_scope.variable(
                    array_ops.zeros([nbins], dtypes.int64), trainable=False,
                    collections=collections, name=n,
                )
                for n in ("hist_true_acc", "hist_false_acc")
            ]  # fmt: skip
            update = control_flow_ops.group(
                *(state_ops.assign_add(v, b) for v, b in zip(held, batch)), name="update_op"
            )
        of_true, of_false = (math_ops.cast(v, dtypes.float32) for v in held)
        below = math_ops.cumsum(of_false) - of_false / 2
        pairs = math_ops.reduce_sum(of_true) * math_ops.reduce_sum(of_false)
        return math_ops.div(math_ops.reduce_sum(of_true * below), pairs, name="auc"), update


def streaming_sparse_average_precision_at_top_k(top_k_predictions, labels, weights=None,
                                                metrics_collections=None,
                                                updates_collections=None,
                                                name=None):  # fmt: skip
    """`tf.metrics.average_precision_at_k` of predictions that are sorted. (value, update)

    Args:
      top_k_predictions: int64 tensor [..., k] of classes, best first.
      labels: int64 tensor or SparseTensor [..., labels of a row].
    """
    with ops.name_scope(
        name, "average_precision_at_top_k", (top_k_predictions, labels, weights)
    ) as scope:
        return at_k._streaming_average_precision_at_top_k(
            at_k._int64_labels(labels), ops.convert_to_tensor(top_k_predictions), weights,
            metrics_collections, updates_collections, scope,
        )  # fmt: skip
