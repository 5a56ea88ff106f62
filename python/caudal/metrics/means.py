# SPDX-License-Identifier: Apache-2.0
"""Means over all batches so far."""

from caudal.framework import dtypes, ops
from caudal.metrics.support import collected, documented, fit_ranks, metric_variable, safe_div
from caudal.ops import (
    array_ops,
    confusion_matrix,
    math_ops,
    shape_ops,
    state_ops,
    variable_scope,
    weights_broadcast_ops,
)


@documented
def mean(values, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """The mean of all elements.

    Args:
      values: a numeric tensor.
    """
    with variable_scope.variable_scope(name, "mean", (values, weights)):
        values = math_ops.cast(values, dtypes.float32)
        total = metric_variable([], dtypes.float32, name="total")
        count = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            number = math_ops.cast(shape_ops.size(values), dtypes.float32)
        else:
            values, _, weights = fit_ranks(values, None, weights)
            weights = weights_broadcast_ops.broadcast_weights(
                math_ops.cast(weights, dtypes.float32), values
            )
            values = math_ops.multiply(values, weights)
            number = math_ops.reduce_sum(weights)
        update_total = state_ops.assign_add(total, math_ops.reduce_sum(values))
        with ops.control_dependencies([values]):
            update_count = state_ops.assign_add(count, number)
        value = safe_div(total, count, "value")
        update = safe_div(update_total, update_count, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


@documented
def mean_tensor(values, weights=None, metrics_collections=None, updates_collections=None,
                name=None):  # fmt: skip
    """The mean of each element: a tensor of the shape of one batch.

    Args:
      values: a tensor of static shape.
    """
    with variable_scope.variable_scope(name, "mean", (values, weights)):
        values = math_ops.cast(values, dtypes.float32)
        total = metric_variable(values.get_shape(), dtypes.float32, name="total_tensor")
        count = metric_variable(values.get_shape(), dtypes.float32, name="count_tensor")
        number = array_ops.ones_like(values)
        if weights is not None:
            values, _, weights = fit_ranks(values, None, weights)
            weights = weights_broadcast_ops.broadcast_weights(
                math_ops.cast(weights, dtypes.float32), values
            )
            values = math_ops.multiply(values, weights)
            number = math_ops.multiply(number, weights)
        update_total = state_ops.assign_add(total, values)
        with ops.control_dependencies([values]):
            update_count = state_ops.assign_add(count, number)
        value = safe_div(total, count, "value")
        update = safe_div(update_total, update_count, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


@documented
def accuracy(labels, predictions, weights=None, metrics_collections=None,
             updates_collections=None, name=None):  # fmt: skip
    """The share of predictions that equal their labels.

    Args:
      labels, predictions: tensors of one shape, any dtype that compares.
    """
    predictions, labels, weights = fit_ranks(predictions, labels, weights)
    if labels.dtype != predictions.dtype:
        predictions = math_ops.cast(predictions, labels.dtype)
    correct = math_ops.cast(math_ops.equal(predictions, labels), dtypes.float32)
    return mean(correct, weights, metrics_collections, updates_collections, name or "accuracy")


@documented
def mean_absolute_error(labels, predictions, weights=None, metrics_collections=None,
                        updates_collections=None, name=None):  # fmt: skip
    """The mean of |predictions - labels|.

    Args:
      labels, predictions: tensors of one shape.
    """
    predictions, labels, weights = fit_ranks(predictions, labels, weights)
    errors = math_ops.abs(predictions - labels)
    return mean(
        errors, weights, metrics_collections, updates_collections, name or "mean_absolute_error"
    )


@documented
def mean_squared_error(labels, predictions, weights=None, metrics_collections=None,
                       updates_collections=None, name=None):  # fmt: skip
    """The mean of (predictions - labels)^2.

    Args:
      labels, predictions: tensors of one shape.
    """
    predictions, labels, weights = fit_ranks(predictions, labels, weights)
    errors = math_ops.squared_difference(labels, predictions)
    return mean(
        errors, weights, metrics_collections, updates_collections, name or "mean_squared_error"
    )


@documented
def root_mean_squared_error(labels, predictions, weights=None, metrics_collections=None,
                            updates_collections=None, name=None):  # fmt: skip
    """The square root of the mean of (predictions - labels)^2.

    Args:
      labels, predictions: tensors of one shape.
    """
    value, update = mean_squared_error(
        labels, predictions, weights, None, None, name or "root_mean_squared_error"
    )
    root = math_ops.sqrt(value)
    return collected(root, math_ops.sqrt(update), metrics_collections, updates_collections)


@documented
def mean_relative_error(labels, predictions, normalizer, weights=None, metrics_collections=None,
                        updates_collections=None, name=None):  # fmt: skip
    """The mean of |predictions - labels| / normalizer, 0 where the normalizer is 0.

    Args:
      labels, predictions, normalizer: tensors of one shape.
    """
    predictions, labels, weights = fit_ranks(predictions, labels, weights)
    predictions, normalizer = confusion_matrix.remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = array_ops.where(
        math_ops.equal(normalizer, 0.0),
        array_ops.zeros_like(labels),
        math_ops.div(math_ops.abs(labels - predictions), normalizer),
    )
    return mean(
        errors, weights, metrics_collections, updates_collections, name or "mean_relative_error"
    )


@documented
def mean_cosine_distance(labels, predictions, dim, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):  # fmt: skip
    """1 - the mean inner product along `dim`, for vectors that have unit length already.

    Args:
      labels, predictions: tensors of one shape.
      dim: int, the axis of the vectors.
    """
    predictions, labels, weights = fit_ranks(predictions, labels, weights)
    products = math_ops.reduce_sum(
        math_ops.multiply(predictions, labels), axis=[dim], keepdims=True
    )
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    return collected(
        math_ops.subtract(1.0, value),
        math_ops.subtract(1.0, update),
        metrics_collections,
        updates_collections,
    )


@documented
def percentage_below(values, threshold, weights=None, metrics_collections=None,
                     updates_collections=None, name=None):  # fmt: skip
    """The share of values below a threshold.

    Args:
      values: a numeric tensor.
      threshold: a scalar.
    """
    below = math_ops.cast(math_ops.less(values, threshold), dtypes.float32)
    return mean(
        below,
        weights,
        metrics_collections,
        updates_collections,
        name or "percentage_below_threshold",
    )


def _vector(tensor):
    return array_ops.reshape(tensor, [-1]) if tensor.shape.ndims > 1 else tensor


@documented
def mean_iou(labels, predictions, num_classes, weights=None, metrics_collections=None,
             updates_collections=None, name=None):  # fmt: skip
    """The mean over classes of intersection / union of labels and predictions.

    The update is the confusion matrix [num_classes, num_classes].

    Args:
      labels, predictions: int tensors of classes, of one shape.
      num_classes: int.
    """
    with variable_scope.variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions, labels, weights = fit_ranks(predictions, labels, weights)
        total, update = _streaming_confusion_matrix(labels, predictions, num_classes, weights)
        rows = math_ops.cast(math_ops.reduce_sum(total, 0), dtypes.float32)
        columns = math_ops.cast(math_ops.reduce_sum(total, 1), dtypes.float32)
        hits = math_ops.cast(array_ops.diag_part(total), dtypes.float32)
        union = rows + columns - hits
        # Classes that never appeared do not count.
        seen = math_ops.reduce_sum(math_ops.cast(math_ops.not_equal(union, 0), dtypes.float32))
        union = array_ops.where(math_ops.greater(union, 0), union, array_ops.ones_like(union))
        iou = math_ops.div(hits, union)
        value = array_ops.where(
            math_ops.greater(seen, 0), math_ops.reduce_sum(iou, name="mean_iou") / seen, 0.0
        )
        return collected(value, update, metrics_collections, updates_collections)


def _streaming_confusion_matrix(labels, predictions, num_classes, weights=None):
    """(sum of the confusion matrices, its update), float64."""
    total = metric_variable(
        [num_classes, num_classes], dtypes.float64, name="total_confusion_matrix"
    )
    predictions = _vector(math_ops.cast(predictions, dtypes.int64))
    labels = _vector(math_ops.cast(labels, dtypes.int64))
    if weights is not None:
        weights = _vector(weights)
    current = confusion_matrix.confusion_matrix(
        labels, predictions, num_classes, weights=weights, dtype=dtypes.float64
    )
    return total, state_ops.assign_add(total, current)


@documented
def mean_per_class_accuracy(labels, predictions, num_classes, weights=None,
                            metrics_collections=None, updates_collections=None,
                            name=None):  # fmt: skip
    """The mean over classes of the share of their elements that are predicted right.

    The update is the accuracy of each class.

    Args:
      labels, predictions: int tensors of classes, of one shape.
      num_classes: int.
    """
    with variable_scope.variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = math_ops.cast(labels, dtypes.int64)
        if labels.shape.ndims > 1:
            labels = array_ops.reshape(labels, [-1])
        if predictions.shape.ndims > 1:
            predictions = array_ops.reshape(predictions, [-1])
        predictions.shape.assert_is_compatible_with(labels.shape)
        total = metric_variable([num_classes], dtypes.float32, name="total")
        count = metric_variable([num_classes], dtypes.float32, name="count")
        ones = array_ops.ones([shape_ops.size(labels)], dtypes.float32)
        if labels.dtype != predictions.dtype:
            predictions = math_ops.cast(predictions, labels.dtype)
        correct = math_ops.cast(math_ops.equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = _vector(weights)
            weights = math_ops.cast(weights, dtypes.float32)
            correct *= weights
            ones *= weights
        update_total = state_ops.scatter_add(total, labels, ones)
        update_count = state_ops.scatter_add(count, labels, correct)
        value = math_ops.reduce_mean(safe_div(count, total, None), name="mean_accuracy")
        update = safe_div(update_count, update_total, "update_op")
        return collected(value, update, metrics_collections, updates_collections)
