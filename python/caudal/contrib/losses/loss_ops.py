# SPDX-License-Identifier: Apache-2.0
"""The losses of contrib: predictions come first, weights align with the first dimensions, and the
mean goes over the elements whose weight is not zero."""

from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.framework import dtypes, ops
from caudal.losses.util import get_losses, get_regularization_losses
from caudal.ops import array_ops, math_ops, nn_impl, nn_ops, shape_ops


@add_arg_scope
def add_loss(loss, loss_collection=ops.GraphKeys.LOSSES):
    """Puts a loss into the collection; into none when that is None."""
    if loss_collection:
        ops.add_to_collection(loss_collection, loss)


def get_total_loss(add_regularization_losses=True, name="total_loss"):
    """The sum of the losses; with `add_regularization_losses`, those of regularizers too."""
    losses = get_losses()
    if add_regularization_losses:
        losses += get_regularization_losses()
    return math_ops.add_n(losses, name=name)


def _scaled(losses, weights):
    """The sum of losses times weights, which have the first dimensions of the losses."""
    inner = list(range(max(0, weights.shape.ndims), losses.shape.ndims))
    return math_ops.reduce_sum(math_ops.reduce_sum(losses, axis=inner) * weights)


def _num_present(losses, weights, per_batch=False):
    """How many losses have a weight that is not zero, in all or for each example."""
    shape = array_ops.shape(losses)
    if weights.shape.ndims == 0:
        examples = shape[0]
        each = math_ops.cast(shape_ops.size(losses), dtypes.float32) / math_ops.cast(
            examples, dtypes.float32
        )
        each = array_ops.where(math_ops.equal(weights, 0), array_ops.zeros_like(each), each)
        each = array_ops.ones(array_ops.expand_dims(examples, 0)) * each
    else:
        present = math_ops.cast(math_ops.not_equal(weights, 0), dtypes.float32)
        inner = list(range(1, weights.shape.ndims))
        beside = array_ops.slice(shape, [weights.shape.ndims], [-1])
        repeats = math_ops.cast(math_ops.reduce_prod(beside), dtypes.float32)
        each = math_ops.reduce_sum(present, axis=inner) * repeats
    return each if per_batch else math_ops.reduce_sum(each)


def _checked(losses, weights, what):
    if losses.shape.ndims is None:
        raise ValueError("%s.get_shape().ndims cannot be None" % what)
    if weights.shape.ndims is None:
        raise ValueError("weights.get_shape().ndims cannot be None")
    if weights.shape.ndims > 1 and weights.shape.dims[-1].is_compatible_with(1):
        weights = array_ops.squeeze(weights, [-1])
    return weights


def compute_weighted_loss(losses, weights=1.0, scope=None):
    """The mean of the losses over elements whose weight is not zero.

    Args:
      losses: a float tensor [batch, d1, ...] of known rank.
      weights: a scalar, or a tensor with the first dimensions of the losses.
      scope: name of the ops.

    Returns:
      A scalar, which joins the collection of losses.

    Raises:
      ValueError: weights of None, or an unknown rank.
    """
    with ops.name_scope(scope, "weighted_loss", [losses, weights]):
        if weights is None:
            raise ValueError("`weights` cannot be None")
        losses = ops.convert_to_tensor(losses)
        dtype = losses.dtype
        losses = math_ops.cast(losses, dtypes.float32)
        weights = math_ops.cast(ops.convert_to_tensor(weights), dtypes.float32)
        weights = _checked(losses, weights, "losses")
        total = _scaled(losses, weights)
        mean = math_ops.div_no_nan(
            math_ops.reduce_sum(total), _num_present(losses, weights), name="value"
        )
        mean = math_ops.cast(mean, dtype)
        add_loss(mean)
        return mean


def _pair(predictions, labels):
    """Both as float32; ValueError for shapes that differ."""
    predictions, labels = ops.convert_to_tensor(predictions), ops.convert_to_tensor(labels)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return math_ops.cast(predictions, dtypes.float32), math_ops.cast(labels, dtypes.float32)


def absolute_difference(predictions, labels=None, weights=1.0, scope=None):
    """The weighted mean of |predictions - labels|; see `compute_weighted_loss`."""
    with ops.name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        return compute_weighted_loss(math_ops.abs(predictions - labels), weights, scope=scope)


def sigmoid_cross_entropy(logits, multi_class_labels, weights=1.0, label_smoothing=0, scope=None):
    """The weighted mean of sigmoid cross entropies; see `compute_weighted_loss`.

    Args:
      logits: [batch, classes].
      multi_class_labels: of the same shape, in [0, 1].
      label_smoothing: draws the labels towards 1/2 by that part.
    """
    with ops.name_scope(
        scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]
    ) as scope:
        logits = ops.convert_to_tensor(logits)
        labels = math_ops.cast(ops.convert_to_tensor(multi_class_labels), logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn_impl.sigmoid_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope=scope)


def softmax_cross_entropy(logits, onehot_labels, weights=1.0, label_smoothing=0, scope=None):
    """The weighted mean of softmax cross entropies; see `compute_weighted_loss`.

    Args:
      logits, onehot_labels: [batch, classes].
      label_smoothing: draws the labels towards 1 / classes by that part.
    """
    with ops.name_scope(
        scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]
    ) as scope:
        logits = ops.convert_to_tensor(logits)
        labels = math_ops.cast(ops.convert_to_tensor(onehot_labels), logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = math_ops.cast(array_ops.shape(labels)[1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = nn_impl.softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope=scope)


def sparse_softmax_cross_entropy(logits, labels, weights=1.0, scope=None):
    """The weighted mean of cross entropies; labels: class numbers [batch] or [batch, 1]."""
    with ops.name_scope(
        scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]
    ) as scope:
        labels = ops.convert_to_tensor(labels)
        labels = array_ops.reshape(labels, shape=[array_ops.shape(labels)[0]])
        losses = nn_impl.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope=scope)


def log_loss(predictions, labels=None, weights=1.0, epsilon=1e-7, scope=None):
    """The weighted mean of -labels log(predictions) - (1 - labels) log(1 - predictions)."""
    with ops.name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = -(labels * math_ops.log(predictions + epsilon)) - (1 - labels) * math_ops.log(
            1 - predictions + epsilon
        )
        return compute_weighted_loss(losses, weights, scope=scope)


def hinge_loss(logits, labels=None, scope=None):
    """max(0, 1 - (2 * labels - 1) * logits), element by element; labels are 0 or 1."""
    with ops.name_scope(scope, "hinge_loss", [logits, labels]):
        logits = ops.convert_to_tensor(logits)
        logits.shape.assert_is_compatible_with(ops.convert_to_tensor(labels).shape)
        labels = math_ops.cast(labels, dtypes.float32)
        signs = 2 * labels - array_ops.ones_like(labels)
        return nn_ops.relu(1 - signs * logits)


def mean_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """The weighted mean of squared differences; see `compute_weighted_loss`."""
    with ops.name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        return compute_weighted_loss(math_ops.square(predictions - labels), weights, scope=scope)


def mean_pairwise_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """The mean square of differences between pairs of errors within an example, summed up.

    Args:
      predictions, labels: [batch, d1, ...] of known rank.
      weights: a scalar, or a tensor with the first dimensions.

    Raises:
      ValueError: an unknown rank, or shapes that differ.
    """
    with ops.name_scope(
        scope, "mean_pairwise_squared_error", [predictions, labels, weights]
    ) as scope:
        predictions, labels = _pair(predictions, labels)
        weights = math_ops.cast(ops.convert_to_tensor(weights), dtypes.float32)
        diffs = predictions - labels
        if diffs.shape.ndims is None:
            raise ValueError("diffs.get_shape().ndims cannot be None")
        if weights.shape.ndims is None:
            raise ValueError("weights.get_shape().ndims cannot be None")
        inner = list(range(1, diffs.shape.ndims))
        count = _num_present(diffs, weights, per_batch=True)
        squares = math_ops.reduce_sum(math_ops.square(diffs), axis=inner)
        total = math_ops.reduce_sum(diffs, axis=inner)
        per_example = 2.0 * math_ops.div_no_nan(squares, count) - 2.0 * math_ops.div_no_nan(
            math_ops.square(total), math_ops.square(count)
        )
        loss = _scaled(per_example, weights)
        any_present = math_ops.reduce_sum(count) > 0
        loss = array_ops.where(any_present, loss, array_ops.zeros_like(loss), name="value")
        add_loss(loss)
        return loss


def cosine_distance(predictions, labels=None, axis=None, weights=1.0, scope=None, dim=None):
    """The weighted mean of 1 - sum(predictions * labels) along `axis`; both are unit vectors.

    Raises:
      ValueError: no axis, or shapes that differ.
    """
    axis = math_ops.deprecated_argument_lookup("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with ops.name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = 1 - math_ops.reduce_sum(predictions * labels, axis=[axis])
        return compute_weighted_loss(losses, weights, scope=scope)
