# SPDX-License-Identifier: Apache-2.0
"""Cross-entropy of sequences."""

from caudal.framework import ops
from caudal.ops import array_ops, math_ops, nn_impl


def sequence_loss(logits, targets, weights, average_across_timesteps=True,
                  average_across_batch=True, sum_over_timesteps=False, sum_over_batch=False,
                  softmax_loss_function=None, name=None):  # fmt: skip
    """Weighted cross-entropy of sequences of logits.

    Args:
      logits: [batch, time, classes], floating.
      targets: [batch, time], int.
      weights: [batch, time], floating; 0 where there is padding.
      average_across_timesteps, average_across_batch: divide by the weights along time, batch.
      sum_over_timesteps, sum_over_batch: add up, and divide by how many weights are not 0.
      softmax_loss_function: function (labels, logits) -> loss; default the sparse softmax
        cross-entropy.
      name: name scope.

    Returns:
      A scalar, or [time], [batch] or [batch, time] by the flags.

    Raises:
      ValueError: for wrong ranks, or average and sum over one axis.
    """
    if len(logits.get_shape()) != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    if len(targets.get_shape()) != 2:
        raise ValueError("Targets must be a [batch_size x sequence_length] tensor")
    if len(weights.get_shape()) != 2:
        raise ValueError("Weights must be a [batch_size x sequence_length] tensor")
    if average_across_timesteps and sum_over_timesteps:
        raise ValueError(
            "average_across_timesteps and sum_over_timesteps cannot be set to True at same time."
        )
    if average_across_batch and sum_over_batch:
        raise ValueError(
            "average_across_batch and sum_over_batch cannot be set to True at the same time."
        )
    with ops.name_scope(name, "sequence_loss", [logits, targets, weights]):
        classes = array_ops.shape(logits)[2]
        flat_logits = array_ops.reshape(logits, [-1, classes])
        flat_targets = array_ops.reshape(targets, [-1])
        if softmax_loss_function is None:
            losses = nn_impl.sparse_softmax_cross_entropy_with_logits(
                labels=flat_targets, logits=flat_logits
            )
        else:
            losses = softmax_loss_function(labels=flat_targets, logits=flat_logits)
        losses = losses * array_ops.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return math_ops.div_no_nan(math_ops.reduce_sum(losses), math_ops.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            count = math_ops.cast(math_ops.count_nonzero(weights), losses.dtype)
            return math_ops.div_no_nan(math_ops.reduce_sum(losses), count)
        losses = array_ops.reshape(losses, array_ops.shape(logits)[0:2])
        # With an average along one axis and a sum along the other, TensorFlow takes the average.
        if average_across_timesteps or average_across_batch:
            axis = [0] if average_across_batch else [1]
            count = math_ops.reduce_sum(weights, axis=axis)
        elif sum_over_timesteps or sum_over_batch:
            axis = [0] if sum_over_batch else [1]
            count = math_ops.cast(math_ops.count_nonzero(weights, axis=axis), losses.dtype)
        else:
            return losses
        return math_ops.div_no_nan(math_ops.reduce_sum(losses, axis=axis), count)
