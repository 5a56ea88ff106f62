# SPDX-License-Identifier: Apache-2.0
"""Metrics that `tf.metrics` does not have."""

from caudal import metrics
from caudal.framework import dtypes, ops, tensor_shape
from caudal.metrics import counts, support, thresholds
from caudal.ops import (
    array_ops,
    counting_ops,
    math_ops,
    nn_ops,
    shape_ops,
    state_ops,
    variable_scope,
    weights_broadcast_ops,
)

confusion_matrix = counting_ops.confusion_matrix
_collected = support.collected


def accuracy(predictions, labels, weights=None, name=None):
    """The share of predictions that equal their labels in this batch, a scalar.

    Raises:
      ValueError: for dtypes that differ or are neither int, bool nor string.
    """
    if not (labels.dtype.is_integer or labels.dtype in (dtypes.bool, dtypes.string)):
        raise ValueError("Labels should have bool, integer, or string dtype, not %r" % labels.dtype)
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(
            "Dtypes of predictions and labels should match. Given: predictions (%r) and labels "
            "(%r)" % (predictions.dtype, labels.dtype)
        )
    with ops.name_scope(name, "accuracy", values=[predictions, labels]):
        right = math_ops.cast(math_ops.equal(predictions, labels), dtypes.float32)
        if weights is None:
            return math_ops.reduce_mean(right)
        right = math_ops.multiply(right, weights)
        total = math_ops.multiply(array_ops.ones_like(right), weights)
        return math_ops.div(math_ops.reduce_sum(right), math_ops.reduce_sum(total))


def count(values, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """The number of elements, or the sum of their weights. (value, update)"""
    with variable_scope.variable_scope(name, "count", (values, weights)):
        total = support.metric_variable([], dtypes.float32, name="count")
        if weights is None:
            number = math_ops.cast(shape_ops.size(values), dtypes.float32)
        else:
            values = math_ops.cast(values, dtypes.float32)
            values, _, weights = support.fit_ranks(values, None, weights)
            weights = weights_broadcast_ops.broadcast_weights(
                math_ops.cast(weights, dtypes.float32), values
            )
            number = math_ops.reduce_sum(weights)
        value = array_ops.identity(total)
        update = state_ops.assign_add(total, number)
        return _collected(value, update, metrics_collections, updates_collections)


def _rate(name_of, misses, others, predictions, labels, weights, metrics_collections,
          updates_collections, name):  # fmt: skip
    with variable_scope.variable_scope(name, name_of, (predictions, labels, weights)):
        predictions, labels, weights = support.fit_ranks(
            math_ops.cast(predictions, dtypes.bool), math_ops.cast(labels, dtypes.bool), weights
        )
        wrong, wrong_update = misses(labels, predictions, weights)
        right, right_update = others(labels, predictions, weights)
        return _collected(
            counts._share(wrong, right, "value"),
            counts._share(wrong_update, right_update, "update_op"),
            metrics_collections,
            updates_collections,
        )


def streaming_false_positive_rate(predictions, labels, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):  # fmt: skip
    """false positives / (false positives + true negatives). (value, update)"""
    return _rate("false_positive_rate", metrics.false_positives, metrics.true_negatives,
                 predictions, labels, weights, metrics_collections, updates_collections,
                 name)  # fmt: skip


def streaming_false_negative_rate(predictions, labels, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):  # fmt: skip
    """false negatives / (false negatives + true positives). (value, update)"""
    return _rate("false_negative_rate", metrics.false_negatives, metrics.true_positives,
                 predictions, labels, weights, metrics_collections, updates_collections,
                 name)  # fmt: skip


def _rate_at_thresholds(name_of, short, wrong, right, predictions, labels, thresholds_,
                        weights, metrics_collections, updates_collections, name):  # fmt: skip
    with variable_scope.variable_scope(name, name_of, (predictions, labels, weights)):
        values, updates = thresholds._confusion_matrix_at_thresholds(
            labels, predictions, thresholds_, weights, includes=(wrong, right)
        )

        def rate(found, which):
            total = 1e-7 + found[wrong] + found[right]
            return math_ops.div(found[wrong], total, name=short + "_" + which)

        return _collected(rate(values, "value"), rate(updates, "update_op"), metrics_collections,
                          updates_collections)  # fmt: skip


def streaming_false_positive_rate_at_thresholds(predictions, labels, thresholds, weights=None,
                                                metrics_collections=None,
                                                updates_collections=None,
                                                name=None):  # fmt: skip
    """The false positive rate for each threshold. (value, update)"""
    return _rate_at_thresholds("false_positive_rate_at_thresholds", "fpr", "fp", "tn",
                               predictions, labels, thresholds, weights, metrics_collections,
                               updates_collections, name)  # fmt: skip


def streaming_false_negative_rate_at_thresholds(predictions, labels, thresholds, weights=None,
                                                metrics_collections=None,
                                                updates_collections=None,
                                                name=None):  # fmt: skip
    """The false negative rate for each threshold. (value, update)"""
    return _rate_at_thresholds("false_negative_rate_at_thresholds", "fnr", "fn", "tp",
                               predictions, labels, thresholds, weights, metrics_collections,
                               updates_collections, name)  # fmt: skip


def streaming_recall_at_k(predictions, labels, k, weights=None, metrics_collections=None,
                          updates_collections=None, name=None):  # fmt: skip
    """The share of rows whose label is among the k largest predictions. (value, update)"""
    hits = math_ops.cast(nn_ops.in_top_k(predictions, labels, k), dtypes.float32)
    return metrics.mean(
        hits, weights, metrics_collections, updates_collections, name or "recall_at_%d" % k
    )


def sparse_recall_at_top_k(labels, top_k_predictions, class_id=None, weights=None,
                           metrics_collections=None, updates_collections=None,
                           name=None):  # fmt: skip
    """`tf.metrics.recall_at_top_k`."""
    return metrics.recall_at_top_k(
        labels=labels,
        predictions_idx=top_k_predictions,
        class_id=class_id,
        weights=weights,
        metrics_collections=metrics_collections,
        updates_collections=updates_collections,
        name=name or "recall_at_top_k",
    )


def f1_score(labels, predictions, weights=None, num_thresholds=200, metrics_collections=None,
             updates_collections=None, name=None):  # fmt: skip
    """The best harmonic mean of precision and recall over thresholds. (value, update)"""
    with variable_scope.variable_scope(name, "f1", (labels, predictions, weights)):
        values, updates = thresholds._confusion_matrix_at_thresholds(
            labels,
            predictions,
            thresholds.even_thresholds(num_thresholds),
            weights=weights,
            includes=("tp", "fp", "fn"),
        )

        def best(found):
            precision = found["tp"] / (1e-7 + found["tp"] + found["fp"])
            recall = found["tp"] / (1e-7 + found["tp"] + found["fn"])
            f1 = 2.0 * precision * recall / (precision + recall + 1e-7)
            return math_ops.reduce_max(f1)

        return _collected(best(values), best(updates), metrics_collections, updates_collections)


def _at_best(name_of, which, argument, wanted, labels, predictions, weights, num_thresholds,
             metrics_collections, updates_collections, name):  # fmt: skip
    if not 0 <= wanted <= 1:
        raise ValueError("`%s` must be in the range [0, 1]." % argument)
    with variable_scope.variable_scope(name, name_of, (predictions, labels, weights)):
        values, updates = thresholds._confusion_matrix_at_thresholds(
            labels, predictions, thresholds.even_thresholds(num_thresholds), weights
        )
        return _collected(which(values, "value"), which(updates, "update_op"),
                          metrics_collections, updates_collections)  # fmt: skip


def recall_at_precision(labels, predictions, precision, weights=None, num_thresholds=200,
                        metrics_collections=None, updates_collections=None, name=None,
                        strict_mode=False):  # fmt: skip
    """The recall at the threshold whose precision is nearest to the one given. (value, update)

    With `strict_mode` it is the nearest one that reaches the precision; 0 if none does.
    """

    def result(found, name):
        tp, fp, fn = found["tp"], found["fp"], found["fn"]
        precisions = math_ops.div(tp, tp + fp + 1e-7)
        recalls = math_ops.div(tp, tp + fn + 1e-7)
        if strict_mode:
            above = precisions - precision
            reached = above >= 0
            index = math_ops.argmin(array_ops.where(reached, above, 2.0 + 0.0 * above), 0)
            good = math_ops.cast(reached[index], dtypes.float32)
            return math_ops.multiply(good, recalls[index], name=name)
        index = math_ops.cast(
            math_ops.argmin(math_ops.abs(precisions - precision), 0), dtypes.int32
        )
        return math_ops.div(tp[index], tp[index] + fn[index] + 1e-7, name)

    return _at_best("recall_at_precision", result, "precision", precision, labels, predictions,
                    weights, num_thresholds, metrics_collections, updates_collections,
                    name)  # fmt: skip


def precision_at_recall(labels, predictions, target_recall, weights=None, num_thresholds=200,
                        metrics_collections=None, updates_collections=None,
                        name=None):  # fmt: skip
    """The precision at the largest threshold that reaches a recall. (value, update)"""

    def result(found, name):
        tp, fp, fn = found["tp"], found["fp"], found["fn"]
        recalls = math_ops.div(tp, tp + fn + 1e-7)
        reached = math_ops.cast(recalls >= target_recall, dtypes.int32)
        # Recalls fall with the threshold; -1, where none reaches it, is the last.
        index = math_ops.reduce_sum(reached) - 1
        return math_ops.div(tp[index] + 1e-7, tp[index] + fp[index] + 1e-7, name)

    return _at_best("precision_at_recall", result, "target_recall", target_recall, labels,
                    predictions, weights, num_thresholds, metrics_collections,
                    updates_collections, name)  # fmt: skip


def cohen_kappa(labels, predictions_idx, num_classes, weights=None, metrics_collections=None,
                updates_collections=None, name=None):  # fmt: skip
    """How much more labels and predictions agree than by chance. (value, update)

    Args:
      labels, predictions_idx: int64 tensors [n] or [n, 1] of classes.
      num_classes: int.
    """
    if num_classes < 2:
        raise ValueError("`num_classes` must be >= 2.Found: %s" % num_classes)
    with variable_scope.variable_scope(name, "cohen_kappa", (labels, predictions_idx, weights)):
        labels = _column(labels)
        predictions_idx = _column(predictions_idx)
        predictions_idx.shape.assert_is_compatible_with(labels.shape)
        dtype = dtypes.int64 if weights is None else dtypes.float32
        made = [
            support.metric_variable([num_classes], dtype, name=n)
            for n in ("po", "pe_row", "pe_col")
        ]
        if weights is not None:
            weights = _column(ops.convert_to_tensor(weights))
        table = counting_ops.confusion_matrix(
            labels, predictions_idx, num_classes=num_classes, weights=weights, dtype=dtype
        )
        batch = (
            array_ops.diag_part(table),
            math_ops.reduce_sum(table, axis=0),
            math_ops.reduce_sum(table, axis=1),
        )
        updates = [state_ops.assign_add(v, b) for v, b in zip(made, batch)]

        def kappa(po, pe_row, pe_col, name):
            agree, rows = math_ops.reduce_sum(po), math_ops.reduce_sum(pe_row)
            chance = math_ops.cast(pe_row * pe_col, dtypes.float64)
            chance = math_ops.reduce_sum(
                math_ops.div_no_nan(chance, math_ops.cast(rows, dtypes.float64))
            )
            above = math_ops.cast(agree, dtypes.float64) - chance
            room = math_ops.cast(rows, dtypes.float64) - chance
            return math_ops.div_no_nan(above, room, name=name)

        return _collected(kappa(*made, "value"), kappa(*updates, "update_op"),
                          metrics_collections, updates_collections)  # fmt: skip


def _column(tensor):
    return shape_ops.squeeze(tensor, [-1]) if tensor.shape.ndims == 2 else tensor


def streaming_covariance(predictions, labels, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):  # fmt: skip
    """The unbiased covariance of predictions and labels. (value, update)"""
    with variable_scope.variable_scope(name, "covariance", (predictions, labels, weights)):
        predictions, labels, weights = support.fit_ranks(predictions, labels, weights)
        count_ = support.metric_variable([], dtypes.float32, name="count")
        mean_p = support.metric_variable([], dtypes.float32, name="mean_prediction")
        mean_l = support.metric_variable([], dtypes.float32, name="mean_label")
        comoment = support.metric_variable([], dtypes.float32, name="comoment")
        if weights is None:
            number = math_ops.cast(shape_ops.size(labels), dtypes.float32)
            weighted_p, weighted_l = predictions, labels
        else:
            weights = weights_broadcast_ops.broadcast_weights(
                math_ops.cast(weights, dtypes.float32), labels
            )
            number = math_ops.reduce_sum(weights)
            weighted_p = math_ops.multiply(predictions, weights)
            weighted_l = math_ops.multiply(labels, weights)
        old_count, old_p = array_ops.identity(count_), array_ops.identity(mean_p)
        new_count = old_count + number
        batch_p = support.safe_div(math_ops.reduce_sum(weighted_p), number, None)
        batch_l = support.safe_div(math_ops.reduce_sum(weighted_l), number, None)
        delta_p = support.safe_div((batch_p - old_p) * number, new_count, None)
        old_l = array_ops.identity(mean_l)
        delta_l = support.safe_div((batch_l - old_l) * number, new_count, None)
        products = (predictions - batch_p) * (labels - batch_l)
        if weights is not None:
            products = products * weights
        added = math_ops.reduce_sum(products) + (batch_p - old_p) * (batch_l - old_l) * (
            support.safe_div(old_count * number, new_count, None)
        )
        with ops.control_dependencies([added, delta_p, delta_l, new_count]):
            new_comoment = state_ops.assign_add(comoment, added)
            writes = [
                state_ops.assign_add(count_, number),
                state_ops.assign_add(mean_p, delta_p),
                state_ops.assign_add(mean_l, delta_l),
            ]
        value = _unbiased(comoment, count_, "covariance")
        with ops.control_dependencies(writes):
            update = _unbiased(new_comoment, new_count, "update_op")
        return _collected(value, update, metrics_collections, updates_collections)


def _unbiased(comoment, number, name):
    return array_ops.where(
        math_ops.less_equal(number, 1.0),
        ops.convert_to_tensor(float("nan")),
        math_ops.truediv(comoment, math_ops.subtract(number, 1.0)),
        name=name,
    )


def streaming_pearson_correlation(predictions, labels, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):  # fmt: skip
    """The correlation coefficient of predictions and labels. (value, update)"""
    with variable_scope.variable_scope(name, "pearson_r", (predictions, labels, weights)):
        predictions, labels, weights = support.fit_ranks(predictions, labels, weights)
        both = streaming_covariance(predictions, labels, weights, name="covariance")
        own = streaming_covariance(predictions, predictions, weights, name="variance_predictions")
        other = streaming_covariance(labels, labels, weights, name="variance_labels")
        value, update = (
            math_ops.truediv(
                both[i],
                math_ops.multiply(math_ops.sqrt(own[i]), math_ops.sqrt(other[i])),
                name=scope,
            )
            for i, scope in ((0, "pearson_r"), (1, "update_op"))
        )
        return _collected(value, update, metrics_collections, updates_collections)


def streaming_concat(values, axis=0, max_size=None, metrics_collections=None,
                     updates_collections=None, name=None):  # fmt: skip
    """All batches joined along an axis. (value, update)

    Args:
      values: a tensor whose shape is static except along `axis`.
      axis: int.
      max_size: None, or how many slices are kept; later ones are dropped.
    """
    with variable_scope.variable_scope(name, "streaming_concat", (values,)):
        shape = values.get_shape()
        if shape.ndims is None:
            raise ValueError("`values` must have known statically known rank")
        if not -shape.ndims <= axis < shape.ndims:
            raise ValueError("axis = %r not in [0, %r)" % (axis, shape.ndims))
        axis %= shape.ndims
        others = [d for i, d in enumerate(shape.as_list()) if i != axis]
        if None in others:
            raise ValueError("all dimensions of `values` other than the dimension to "
                             "concatenate along must have statically known size")  # fmt: skip
        if max_size is not None and max_size < 0:
            raise ValueError("max_size must be >= 0, got %r" % max_size)
        sizes = shape.as_list()
        sizes[axis] = 0
        held = support.metric_variable(sizes, values.dtype, validate_shape=False, name="array")
        size = support.metric_variable([], dtypes.int32, name="size")
        known = list(sizes)
        known[axis] = None
        value = array_ops.identity(held, name="concat")
        value.set_shape(tensor_shape.TensorShape(known))
        if max_size is not None:
            room = math_ops.maximum(max_size - array_ops.identity(size), 0)
            limits = [-1] * len(sizes)
            limits[axis] = math_ops.minimum(room, array_ops.shape(values)[axis])
            values = array_ops.slice(values, [0] * len(sizes), limits)
        whole = array_ops.concat([value, values], axis)
        with ops.control_dependencies([whole]):
            grown = state_ops.assign_add(size, array_ops.shape(values)[axis])
        with ops.control_dependencies([grown]):
            update = state_ops.assign(held, whole, validate_shape=False)
        return _collected(value, update, metrics_collections, updates_collections)
