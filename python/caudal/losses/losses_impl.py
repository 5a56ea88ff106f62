# SPDX-License-Identifier: Apache-2.0
"""Losses with weights: `tf.losses`."""

from caudal.framework import dtypes, ops
from caudal.losses import util
from caudal.ops import (
    array_ops,
    confusion_matrix,
    control_flow_ops,
    math_ops,
    nn_impl,
    nn_ops,
    shape_ops,
    weights_broadcast_ops,
)

__all__ = [
    "Reduction",
    "absolute_difference",
    "compute_weighted_loss",
    "cosine_distance",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """How weighted losses become one number: a sum, divided by what the name says, or NONE."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls):
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key):
        if key not in cls.all():
            raise ValueError("Invalid Reduction Key %s." % key)


_COMMON = """
      weights: a scalar, or a tensor of the rank of the losses whose dimensions are equal or 1.
      scope: name of the scope.
      loss_collection: collection that gets the loss; None for none.
      reduction: a field of `tf.losses.Reduction`.

    Returns:
      The loss: a scalar, or one number per element with Reduction.NONE.

    Raises:
      ValueError: if shapes do not fit, or an argument is None.
    """


def _documented(function):
    function.__doc__ = function.__doc__.rstrip() + _COMMON
    return function


def _safe_mean(losses, count):
    """sum(losses) / count; 0 where the count is 0."""
    return math_ops.div_no_nan(math_ops.reduce_sum(losses), count, name="value")


def _num_elements(losses):
    with ops.name_scope(None, "num_elements", values=[losses]) as scope:
        return math_ops.cast(shape_ops.size(losses, name=scope), dtype=losses.dtype)


def _num_present(losses, weights, per_batch=False):
    """How many losses have a weight that is not 0; with `per_batch` for each row."""
    if isinstance(weights, float) and weights != 0.0:
        return _num_elements(losses)
    with ops.name_scope(None, "num_present", (losses, weights)) as scope:
        weights = math_ops.cast(weights, dtype=dtypes.float32)
        present = array_ops.where(
            math_ops.equal(weights, 0.0),
            array_ops.zeros_like(weights),
            array_ops.ones_like(weights),
        )
        present = weights_broadcast_ops.broadcast_weights(present, losses)
        if per_batch:
            axes = array_ops.range(1, shape_ops.rank(present))
            return math_ops.reduce_sum(present, axis=axes, keepdims=True, name=scope)
        return math_ops.reduce_sum(present, name=scope)


def compute_weighted_loss(losses, weights=1.0, scope=None, loss_collection=ops.GraphKeys.LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """Losses times weights, reduced; computed in float32.

    Args:
      losses: a tensor, one loss per element.
    """
    Reduction.validate(reduction)
    with ops.name_scope(scope, "weighted_loss", (losses, weights)):
        with ops.control_dependencies(
            (weights_broadcast_ops.assert_broadcastable(weights, losses),)
        ):
            losses = ops.convert_to_tensor(losses)
            input_dtype = losses.dtype
            losses = math_ops.cast(losses, dtype=dtypes.float32)
            weights = math_ops.cast(weights, dtype=dtypes.float32)
            loss = math_ops.multiply(losses, weights)
            if reduction != Reduction.NONE:
                loss = math_ops.reduce_sum(loss)
            if reduction == Reduction.MEAN:
                total = math_ops.reduce_sum(array_ops.ones_like(losses) * weights)
                loss = _safe_mean(loss, total)
            elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                loss = _safe_mean(loss, _num_present(losses, weights))
            elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                loss = _safe_mean(loss, _num_elements(losses))
            loss = math_ops.cast(loss, input_dtype)
            util.add_loss(loss, loss_collection)
            return loss


def _need(**arguments):
    for name, value in arguments.items():
        if value is None:
            raise ValueError("%s must not be None." % name)


def _as_float(labels, predictions):
    """Predictions and labels as float32 tensors of compatible shapes."""
    predictions = math_ops.cast(predictions, dtype=dtypes.float32)
    labels = math_ops.cast(labels, dtype=dtypes.float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return labels, predictions


def absolute_difference(labels, predictions, weights=1.0, scope=None,
                        loss_collection=ops.GraphKeys.LOSSES,
                        reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """|predictions - labels|.

    Args:
      labels, predictions: tensors of one shape.
    """
    _need(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "absolute_difference", (predictions, labels, weights)) as scope:
        labels, predictions = _as_float(labels, predictions)
        losses = math_ops.abs(math_ops.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def cosine_distance(labels, predictions, axis=None, weights=1.0, scope=None,
                    loss_collection=ops.GraphKeys.LOSSES,
                    reduction=Reduction.SUM_BY_NONZERO_WEIGHTS, dim=None):  # fmt: skip
    """1 - the inner product along an axis, for vectors that have unit length already.

    Args:
      labels, predictions: tensors of one shape.
      axis: int, the axis of the vectors.
      dim: old name of `axis`.
    """
    axis = math_ops.deprecated_argument_lookup("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _need(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "cosine_distance_loss", (predictions, labels, weights)) as scope:
        labels, predictions = _as_float(labels, predictions)
        products = math_ops.multiply(predictions, labels)
        losses = 1 - math_ops.reduce_sum(products, axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def hinge_loss(labels, logits, weights=1.0, scope=None, loss_collection=ops.GraphKeys.LOSSES,
               reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """max(0, 1 - (2 * labels - 1) * logits).

    Args:
      labels: tensor of 0 and 1.
      logits: tensor of that shape.
    """
    _need(labels=labels, logits=logits)
    with ops.name_scope(scope, "hinge_loss", (logits, labels, weights)) as scope:
        labels, logits = _as_float(labels, logits)
        ones = array_ops.ones_like(labels)
        signs = math_ops.subtract(2 * labels, ones)
        margins = math_ops.subtract(ones, math_ops.multiply(signs, logits))
        return compute_weighted_loss(
            nn_ops.relu(margins), weights, scope, loss_collection, reduction=reduction
        )


def huber_loss(labels, predictions, weights=1.0, delta=1.0, scope=None,
               loss_collection=ops.GraphKeys.LOSSES,
               reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """e^2 / 2 for |e| <= delta, delta * |e| - delta^2 / 2 beyond; e = predictions - labels.

    Args:
      labels, predictions: tensors of one shape.
      delta: float, where the square ends.
    """
    _need(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "huber_loss", (predictions, labels, weights)) as scope:
        labels, predictions = _as_float(labels, predictions)
        error = math_ops.abs(math_ops.subtract(predictions, labels))
        near = math_ops.minimum(error, delta)
        far = math_ops.subtract(error, near)
        half = ops.convert_to_tensor(0.5, dtype=near.dtype)
        losses = math_ops.add(
            math_ops.multiply(half, math_ops.multiply(near, near)),
            math_ops.multiply(delta, far),
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def log_loss(labels, predictions, weights=1.0, epsilon=1e-7, scope=None,
             loss_collection=ops.GraphKeys.LOSSES,
             reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """-labels * log(predictions) - (1 - labels) * log(1 - predictions).

    Args:
      labels, predictions: tensors of one shape.
      epsilon: added inside of the logarithms.
    """
    _need(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "log_loss", (predictions, labels, weights)) as scope:
        labels, predictions = _as_float(labels, predictions)
        positive = math_ops.multiply(labels, math_ops.log(predictions + epsilon))
        positive = -positive
        negative = math_ops.multiply(
            1 - labels, math_ops.log(1 - predictions + epsilon), name="Mul"
        )
        return compute_weighted_loss(
            positive - negative, weights, scope, loss_collection, reduction=reduction
        )


def mean_pairwise_squared_error(labels, predictions, weights=1.0, scope=None,
                                loss_collection=ops.GraphKeys.LOSSES):  # fmt: skip
    """The mean over pairs of elements of one row: ((l_i - l_j) - (p_i - p_j))^2.

    Args:
      labels, predictions: tensors of one shape; the first dimension counts rows.
      weights: a scalar, or a tensor of the rank of the labels whose dimensions are equal or 1.
      scope: name of the scope.
      loss_collection: collection that gets the loss.

    Returns:
      The sum over rows, a scalar.
    """
    _need(labels=labels, predictions=predictions)
    with ops.name_scope(
        scope, "mean_pairwise_squared_error", (predictions, labels, weights)
    ) as scope:
        weights = math_ops.cast(weights, dtype=dtypes.float32)
        labels = math_ops.cast(labels, dtype=dtypes.float32)
        with ops.control_dependencies(
            (weights_broadcast_ops.assert_broadcastable(weights, labels),)
        ):
            predictions = math_ops.cast(predictions, dtype=dtypes.float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            differences = math_ops.subtract(predictions, labels)
            axes = array_ops.range(1, shape_ops.rank(differences))
            squares = math_ops.reduce_sum(math_ops.square(differences), axis=axes, keepdims=True)
            present = _num_present(differences, weights, per_batch=True)
            first = 2.0 * math_ops.div_no_nan(
                squares, math_ops.maximum(present - 1, 0), name="value"
            )
            sums = math_ops.reduce_sum(differences, axis=axes, keepdims=True)
            second = 2.0 * math_ops.div_no_nan(
                math_ops.square(sums),
                math_ops.maximum(math_ops.multiply(present, present - 1), 0),
                name="value",
            )
            loss = math_ops.reduce_sum(math_ops.multiply(first - second, weights))
            mean_loss = array_ops.where(
                math_ops.reduce_sum(present) > 0, loss, array_ops.zeros_like(loss), name="value"
            )
            util.add_loss(mean_loss, loss_collection)
            return mean_loss


def mean_squared_error(labels, predictions, weights=1.0, scope=None,
                       loss_collection=ops.GraphKeys.LOSSES,
                       reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """(predictions - labels)^2.

    Args:
      labels, predictions: tensors of one shape.
    """
    _need(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "mean_squared_error", (predictions, labels, weights)) as scope:
        labels, predictions = _as_float(labels, predictions)
        losses = math_ops.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def sigmoid_cross_entropy(multi_class_labels, logits, weights=1.0, label_smoothing=0, scope=None,
                          loss_collection=ops.GraphKeys.LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """Cross entropy between labels and sigmoid(logits), element by element.

    Args:
      multi_class_labels: tensor of numbers from 0 to 1.
      logits: float tensor of that shape.
      label_smoothing: moves labels towards 1/2 by this share.
    """
    _need(multi_class_labels=multi_class_labels, logits=logits)
    with ops.name_scope(
        scope, "sigmoid_cross_entropy_loss", (logits, multi_class_labels, weights)
    ) as scope:
        logits = ops.convert_to_tensor(logits)
        labels = math_ops.cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn_impl.sigmoid_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def softmax_cross_entropy(onehot_labels, logits, weights=1.0, label_smoothing=0, scope=None,
                          loss_collection=ops.GraphKeys.LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """Cross entropy between distributions over classes and softmax(logits), row by row.

    No gradient goes towards the labels.

    Args:
      onehot_labels: [..., classes].
      logits: [..., classes] floats.
      label_smoothing: moves labels towards 1/classes by this share.
    """
    _need(onehot_labels=onehot_labels, logits=logits)
    with ops.name_scope(
        scope, "softmax_cross_entropy_loss", (logits, onehot_labels, weights)
    ) as scope:
        logits = ops.convert_to_tensor(logits)
        labels = math_ops.cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = math_ops.cast(array_ops.shape(labels)[-1], logits.dtype)
            low = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + low
        labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
        losses = nn_impl.softmax_cross_entropy_with_logits_v2(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def _remove_squeezable_dimensions(labels, predictions, weights=None, expected_rank_diff=0):
    """Drops last dimensions of size 1 of labels, predictions and weights that do not fit."""
    labels, predictions = confusion_matrix.remove_squeezable_dimensions(
        labels, predictions, expected_rank_diff=expected_rank_diff
    )
    if weights is None:
        return labels, predictions, None
    weights = ops.convert_to_tensor(weights)
    labels_rank, weights_rank = labels.shape.rank, weights.shape.rank
    if weights_rank == 0:
        return labels, predictions, weights
    if labels_rank is not None and weights_rank is not None:
        if weights_rank - labels_rank == 1:
            weights = shape_ops.squeeze(weights, [-1])
        return labels, predictions, weights
    if weights_rank is None or weights.shape[-1].is_compatible_with(1):
        given = weights
        difference = shape_ops.rank(given) - shape_ops.rank(labels)
        weights = control_flow_ops.cond(
            math_ops.equal(1, difference),
            lambda: shape_ops.squeeze(given, [-1]),
            lambda: array_ops.identity(given),
        )
    return labels, predictions, weights


def sparse_softmax_cross_entropy(labels, logits, weights=1.0, scope=None,
                                 loss_collection=ops.GraphKeys.LOSSES,
                                 reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):  # fmt: skip
    """Cross entropy between classes and softmax(logits), row by row.

    Args:
      labels: int32 or int64 classes, of the shape of `logits` without its last dimension; a last
        dimension of 1 is dropped.
      logits: [..., classes] floats.
    """
    _need(labels=labels, logits=logits)
    with ops.name_scope(
        scope, "sparse_softmax_cross_entropy_loss", (logits, labels, weights)
    ) as scope:
        labels, logits, weights = _remove_squeezable_dimensions(
            labels, logits, weights, expected_rank_diff=1
        )
        losses = nn_impl.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


for _function in (
    compute_weighted_loss,
    absolute_difference,
    cosine_distance,
    hinge_loss,
    huber_loss,
    log_loss,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
):
    _documented(_function)
