# SPDX-License-Identifier: Apache-2.0
"""Losses over a few sampled classes instead of all of them."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, candidate_sampling_ops, embedding_ops, math_ops, nn_impl
from caudal.ops.partitioned_variable import PartitionedVariable


def _sampled_logits(
    weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
    subtract_log_q=True, remove_accidental_hits=False, partition_strategy="mod", name=None,
    seed=None,
):  # fmt: skip
    """(logits, labels), both [batch, num_true + num_sampled]: first the true classes."""
    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    if not isinstance(weights, list):
        weights = [weights]
    with ops.name_scope(name, "compute_sampled_logits", weights + [biases, inputs, labels]):
        labels = ops.convert_to_tensor(labels, name="labels")
        if labels.dtype != dtypes.int64:
            labels = math_ops.cast(labels, dtypes.int64)
        inputs = ops.convert_to_tensor(inputs, name="inputs")
        flat = array_ops.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = candidate_sampling_ops.log_uniform_candidate_sampler(
                true_classes=labels, num_true=num_true, num_sampled=num_sampled, unique=True,
                range_max=num_classes, seed=seed,
            )  # fmt: skip
        sampled, true_count, sampled_count = (array_ops.stop_gradient(s) for s in sampled_values)
        sampled = math_ops.cast(sampled, dtypes.int64)
        ids = array_ops.concat([flat, sampled], 0)
        rows = embedding_ops.embedding_lookup(weights, ids, partition_strategy)
        if rows.dtype != inputs.dtype:
            rows = math_ops.cast(rows, inputs.dtype)
        count = array_ops.shape(flat)[0]
        true_rows = array_ops.slice(rows, array_ops.stack([0, 0]), array_ops.stack([count, -1]))
        sampled_rows = array_ops.slice(rows, array_ops.stack([count, 0]), [-1, -1])
        sampled_logits = math_ops.matmul(inputs, sampled_rows, transpose_b=True)
        offsets = embedding_ops.embedding_lookup(biases, ids, partition_strategy)
        if offsets.dtype != inputs.dtype:
            offsets = math_ops.cast(offsets, inputs.dtype)
        true_offsets = array_ops.slice(offsets, [0], array_ops.shape(flat))
        sampled_offsets = array_ops.slice(offsets, array_ops.shape(flat), [-1])
        width = array_ops.shape(true_rows)[1:2]
        grouped = array_ops.reshape(true_rows, array_ops.concat([[-1, num_true], width], 0))
        true_logits = math_ops.reduce_sum(array_ops.expand_dims(inputs, 1) * grouped, 2)
        true_logits += array_ops.reshape(true_offsets, [-1, num_true])
        sampled_logits += sampled_offsets
        if remove_accidental_hits:
            sampled_logits += _hits(labels, sampled, num_true, num_sampled, sampled_logits.dtype)
        if subtract_log_q:
            true_logits -= math_ops.cast(math_ops.log(true_count), true_logits.dtype)
            sampled_logits -= math_ops.cast(math_ops.log(sampled_count), sampled_logits.dtype)
        out_logits = array_ops.concat([true_logits, sampled_logits], 1)
        share = array_ops.ones_like(true_logits) / num_true
        return out_logits, array_ops.concat([share, array_ops.zeros_like(sampled_logits)], 1)


def _hits(labels, sampled, num_true, num_sampled, dtype):
    """The lowest float where a sample is a true class, zero elsewhere."""
    rows, ids, weights = candidate_sampling_ops.compute_accidental_hits(labels, sampled, num_true)
    columns = math_ops.cast(ids, dtypes.int32)
    places = array_ops.stack([rows, columns], axis=1, name="sparse_indices")
    shape = array_ops.concat(
        [array_ops.shape(labels)[:1], array_ops.expand_dims(num_sampled, 0)], 0
    )
    if weights.dtype != dtype:
        # The lowest value of a narrow type instead of infinity.
        weights = array_ops.ones_like(weights, dtype=dtype) * dtype.min
    return apply("SparseToDense", places, shape, weights, 0.0, validate_indices=False)


def nce_loss(
    weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
    remove_accidental_hits=False, partition_strategy="mod", name="nce_loss",
):  # fmt: skip
    """Noise-contrastive estimation: tells true classes from sampled ones by logistic regression.

    Args:
      weights: [num_classes, dim], or a list of tables among which the rows are divided.
      biases: [num_classes].
      labels: int64 [batch, num_true], the true classes.
      inputs: [batch, dim].
      num_sampled: classes drawn per batch.
      sampled_values: what a candidate sampler returns, by default of
        `log_uniform_candidate_sampler`.
      remove_accidental_hits: whether sampled classes that are true ones do not count.
      partition_strategy: "mod" or "div", see `embedding_lookup`.

    Returns:
      Losses [batch].
    """
    logits, wanted = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, True,
        remove_accidental_hits, partition_strategy, name,
    )  # fmt: skip
    losses = nn_impl.sigmoid_cross_entropy_with_logits(
        labels=wanted, logits=logits, name="sampled_losses"
    )
    return math_ops.reduce_sum(losses, 1)


def sampled_softmax_loss(
    weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
    remove_accidental_hits=True, partition_strategy="mod", name="sampled_softmax_loss", seed=None,
):  # fmt: skip
    """Softmax cross-entropy over the true and the sampled classes. For training only.

    Args:
      As in `nce_loss`; seed: of the sampler.

    Returns:
      Losses [batch].
    """
    logits, wanted = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, True,
        remove_accidental_hits, partition_strategy, name, seed,
    )  # fmt: skip
    wanted = array_ops.stop_gradient(wanted, name="labels_stop_gradient")
    return nn_impl.softmax_cross_entropy_with_logits_v2(labels=wanted, logits=logits)


def sampled_sparse_softmax_loss(
    weights, biases, labels, inputs, num_sampled, num_classes, sampled_values=None,
    remove_accidental_hits=True, partition_strategy="mod", name="sampled_sparse_softmax_loss",
):  # fmt: skip
    """`sampled_softmax_loss` of one true class per row; labels int64 [batch, 1]."""
    logits, _ = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, 1, sampled_values, True,
        remove_accidental_hits, partition_strategy, name,
    )  # fmt: skip
    # The true class is in column 0.
    first = array_ops.zeros([array_ops.shape(logits)[0]], dtype=dtypes.int64)
    return nn_impl.sparse_softmax_cross_entropy_with_logits(
        labels=array_ops.stop_gradient(first, name="labels_stop_gradient"), logits=logits
    )


def rank_sampled_softmax_loss(
    weights, biases, labels, inputs, num_sampled, num_resampled, num_classes, num_true,
    sampled_values, resampling_temperature, remove_accidental_hits, partition_strategy, name=None,
):  # fmt: skip
    """`sampled_softmax_loss` over the `num_resampled` samples with the largest scores.

    Args:
      num_resampled: classes that count among the `num_sampled` drawn.
      resampling_temperature: divisor of the logits whose log-sum over the batch is the score.
    """
    if num_sampled > num_classes:
        raise ValueError("num_sampled (%d) cannot be greater than num_classes (%d)"
                         % (num_sampled, num_classes))  # fmt: skip
    if num_sampled <= num_resampled:
        raise ValueError("num_resampled (%d) must be less than num_sampled (%d)"
                         % (num_resampled, num_sampled))  # fmt: skip
    from caudal.ops import nn_ops

    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    if not isinstance(weights, list):
        weights = [weights]
    with ops.name_scope(name, "rank_sampled_softmax_loss", weights + [biases, inputs]):
        if sampled_values is None:
            sampled_values = candidate_sampling_ops.log_uniform_candidate_sampler(
                true_classes=labels, num_true=num_true, num_sampled=num_sampled, unique=True,
                range_max=num_classes,
            )  # fmt: skip
        sampled, true_count, sampled_count = sampled_values
        rows = embedding_ops.embedding_lookup(weights, sampled, partition_strategy)
        offsets = embedding_ops.embedding_lookup(biases, sampled, partition_strategy)
        scores = math_ops.matmul(inputs, rows, transpose_b=True) + offsets
        if remove_accidental_hits:
            scores += _hits(labels, sampled, num_true, num_sampled, scores.dtype)
        merged = math_ops.reduce_logsumexp(scores / resampling_temperature, axis=0)
        _, best = nn_ops.top_k(merged, k=num_resampled, sorted=False)
        share = num_resampled / num_sampled
        chosen = (array_ops.gather(sampled, best), true_count,
                  array_ops.gather(sampled_count, best) * share)  # fmt: skip
        return sampled_softmax_loss(
            weights, biases, labels, inputs, num_resampled, num_classes, num_true, chosen,
            remove_accidental_hits, partition_strategy,
        )  # fmt: skip
