# SPDX-License-Identifier: Apache-2.0
"""Losses, moments and normalisations."""

import math

import numpy as np

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops
from caudal.ops.nn_ops import _alias

# -- Cross-entropies -------------------------------------------------------------------------------


def _ensure_named(function_name, sentinel, labels, logits):
    if sentinel is not None:
        raise ValueError(
            "Only call `%s` with named arguments (labels=..., logits=..., ...)" % function_name
        )
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def _as_rows(x):
    """`x` as a matrix with the last axis kept."""
    width = array_ops.shape(x)[-1:]
    return array_ops.reshape(x, array_ops.concat([[-1], width], 0))


def softmax_cross_entropy_with_logits_v2(labels, logits, axis=None, name=None, dim=None):
    """Cross-entropy between distributions over classes. Op: SoftmaxCrossEntropyWithLogits.

    Args:
      labels: distributions along `axis`; gradients flow into them too.
      logits: unscaled logarithms of probabilities, of the shape and dtype of `labels`.
      axis: the axis of the classes, by default the last; `dim` is its old name.

    Returns:
      A tensor of the shape of `labels` without `axis`.
    """
    axis = _alias(axis, "axis", dim, "dim")
    axis = -1 if axis is None else axis
    with ops.name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        logits = ops.convert_to_tensor(logits, name="logits")
        labels = ops.convert_to_tensor(labels, name="labels")
        half = logits.dtype in (dtypes.float16, dtypes.bfloat16)
        precise = math_ops.cast(logits, dtypes.float32) if half else logits
        labels = math_ops.cast(labels, precise.dtype)
        rank = precise.shape.rank
        if axis != -1 and axis != (rank or 0) - 1:
            if rank is None:
                raise ValueError("axis %d needs logits of known rank" % axis)
            if not -rank <= axis < rank:
                raise ValueError("axis %d is not one of %s" % (axis, precise.shape))
            order = [i for i in range(rank) if i != axis % rank] + [axis % rank]
            labels = array_ops.transpose(labels, order)
            precise = array_ops.transpose(precise, order)
        if rank == 2 and labels.shape.rank == 2:
            cost = apply("SoftmaxCrossEntropyWithLogits", precise, labels, name=scope).loss
        else:
            shape = array_ops.shape(precise)
            static = precise.shape[:-1] if rank is not None else None
            rows = _as_rows(precise)
            cost = apply("SoftmaxCrossEntropyWithLogits", rows, _as_rows(labels), name=scope).loss
            cost = array_ops.reshape(cost, shape[:-1])
            if static is not None:
                cost.set_shape(static)
        return math_ops.cast(cost, logits.dtype) if half else cost


def softmax_cross_entropy_with_logits(
    _sentinel=None, labels=None, logits=None, dim=-1, name=None, axis=None
):
    """`softmax_cross_entropy_with_logits_v2` without gradient towards the labels."""
    dim = axis if axis is not None else dim
    _ensure_named("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with ops.name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
        return softmax_cross_entropy_with_logits_v2(labels, logits, axis=dim, name=scope)


def sparse_softmax_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """Cross-entropy of one right class per row. Op: SparseSoftmaxCrossEntropyWithLogits.

    Args:
      labels: int32 or int64, the shape of `logits` without the last axis; values in [0, classes).
      logits: unscaled logarithms of probabilities, float32 or float64.

    Returns:
      A tensor of the shape of `labels`.

    Raises:
      ValueError: for ranks and shapes that do not fit. InvalidArgumentError at run time for a
        label out of range.
    """
    _ensure_named("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with ops.name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = ops.convert_to_tensor(labels)
        logits = ops.convert_to_tensor(logits)
        half = logits.dtype in (dtypes.float16, dtypes.bfloat16)
        precise = math_ops.cast(logits, dtypes.float32) if half else logits
        static = labels.shape
        shape = array_ops.shape(labels)
        rank = logits.shape.rank
        if rank == 0:
            raise ValueError("Logits cannot be scalars - received shape %s." % logits.shape)
        if rank is not None and static.rank is not None and static.rank != rank - 1:
            raise ValueError(
                "Rank mismatch: Rank of labels (received %s) should equal rank of logits minus 1 "
                "(received %s)." % (static.rank, rank)
            )
        if rank is not None and not static.is_compatible_with(logits.shape[:-1]):
            raise ValueError(
                "Shape mismatch: The shape of labels (received %s) should equal the shape of "
                "logits except for the last dimension (received %s)." % (static, logits.shape)
            )
        if rank == 2:
            cost = apply("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name).loss
        else:
            rows = _as_rows(precise)
            flat = array_ops.reshape(labels, [-1])
            cost = apply("SparseSoftmaxCrossEntropyWithLogits", rows, flat, name=name).loss
            cost = array_ops.reshape(cost, shape)
            cost.set_shape(static)
        return math_ops.cast(cost, logits.dtype) if half else cost


def _check_same_shape(logits, labels):
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            "logits and labels must have the same shape (%s vs %s)" % (logits.shape, labels.shape)
        )


def sigmoid_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """Cross-entropy of independent yes-or-no labels, elementwise and without overflow:
    max(x, 0) - x * z + log(1 + exp(-|x|)) of logits x and labels z.

    Args:
      labels: tensor of the shape and dtype of `logits`.
      logits: a float tensor.
    """
    _ensure_named("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with ops.name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = ops.convert_to_tensor(logits, name="logits")
        labels = ops.convert_to_tensor(labels, dtype=logits.dtype, name="labels")
        _check_same_shape(logits, labels)
        # Selects instead of abs and max: at 0 their gradients are the right ones.
        zeros = array_ops.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        ramp = array_ops.where(positive, logits, zeros)
        minus_abs = array_ops.where(positive, -logits, logits)
        return math_ops.add(
            ramp - logits * labels, math_ops.log1p(math_ops.exp(minus_abs)), name=scope
        )


def weighted_cross_entropy_with_logits(
    labels=None, logits=None, pos_weight=None, name=None, targets=None
):
    """`sigmoid_cross_entropy_with_logits` with the positive part of the error weighted.

    Args:
      labels: tensor of the shape and dtype of `logits`; `targets` is its old name.
      logits: a float tensor.
      pos_weight: weight of positive labels, broadcast to `logits`.
    """
    labels = _alias(labels, "labels", targets, "targets")
    with ops.name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = ops.convert_to_tensor(logits, name="logits")
        labels = ops.convert_to_tensor(labels, dtype=logits.dtype, name="labels")
        _check_same_shape(logits, labels)
        weight = 1 + (pos_weight - 1) * labels
        ramp = (1 - labels) * logits
        softened = math_ops.log1p(math_ops.exp(-math_ops.abs(logits)))
        return math_ops.add(ramp, weight * (softened + apply("Relu", -logits)), name=scope)


def log_poisson_loss(targets, log_input, compute_full_loss=False, name=None):
    """Negative log likelihood of counts, up to the part that does not depend on the prediction.

    Args:
      targets: counts, of the shape of `log_input`.
      log_input: logarithms of predicted rates.
      compute_full_loss: adds Stirling's approximation of log(targets!).
    """
    with ops.name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = ops.convert_to_tensor(log_input, name="log_input")
        targets = ops.convert_to_tensor(targets, dtype=log_input.dtype, name="targets")
        if not targets.shape.is_compatible_with(log_input.shape):
            raise ValueError(
                "log_input and targets must have the same shape (%s vs %s)"
                % (log_input.shape, targets.shape)
            )
        result = math_ops.exp(log_input) - log_input * targets
        if compute_full_loss:
            half = ops.convert_to_tensor(0.5, dtype=targets.dtype)
            circle = ops.convert_to_tensor(2 * math.pi, dtype=targets.dtype)
            stirling = (targets * math_ops.log(targets)) - targets
            stirling = stirling + half * math_ops.log(circle * targets)
            zeros, ones = array_ops.zeros_like(targets), array_ops.ones_like(targets)
            small = math_ops.logical_and(targets >= zeros, targets <= ones)
            result += array_ops.where(small, zeros, stirling)
        return result


# -- Moments ---------------------------------------------------------------------------------------


def _is_half(x):
    return x.dtype in (dtypes.float16, dtypes.bfloat16)


def moments(x, axes, shift=None, name=None, keep_dims=None, keepdims=None):
    """Mean and variance of `x` over `axes`.

    Args:
      x: a float tensor.
      axes: list of ints.
      shift: without effect.
      keepdims: if true, the axes stay with size 1; `keep_dims` is its old name.

    Returns:
      (mean, variance).
    """
    keep = bool(_alias(keepdims, "keepdims", keep_dims, "keep_dims"))
    with ops.name_scope(name, "moments", [x, axes]):
        x = ops.convert_to_tensor(x, name="x")
        y = math_ops.cast(x, dtypes.float32) if _is_half(x) else x
        mean = math_ops.reduce_mean(y, axes, keepdims=True, name="mean")
        squares = math_ops.squared_difference(y, array_ops.stop_gradient(mean))
        variance = math_ops.reduce_mean(squares, axes, keepdims=True, name="variance")
        if not keep:
            mean = array_ops.squeeze(mean, axes)
            variance = array_ops.squeeze(variance, axes)
        if _is_half(x):
            return math_ops.cast(mean, x.dtype), math_ops.cast(variance, x.dtype)
        return mean, variance


def sufficient_statistics(x, axes, shift=None, keep_dims=None, name=None, keepdims=None):
    """What the mean and variance over `axes` are computed from.

    Returns:
      (count, sum, sum of squares, shift); the sums are of x - shift, and shift may be None.
    """
    axes = list(np.unique(axes)) if not isinstance(axes, ops.Tensor) else axes
    keep = bool(_alias(keepdims, "keepdims", keep_dims, "keep_dims"))
    with ops.name_scope(name, "sufficient_statistics", [x, shift]):
        x = ops.convert_to_tensor(x, name="x")
        dims = None
        if x.shape.rank is not None and not isinstance(axes, ops.Tensor):
            dims = [x.shape.as_list()[int(a)] for a in axes]
        if dims is not None and all(d is not None for d in dims):
            count = ops.convert_to_tensor(float(np.prod(dims)), dtype=x.dtype, name="Const")
        else:
            sizes = array_ops.gather(math_ops.cast(array_ops.shape(x), x.dtype), axes)
            count = math_ops.reduce_prod(sizes, name="count")
        if shift is not None:
            shift = ops.convert_to_tensor(shift, dtype=x.dtype, name="shift")
            values = x - shift
            squares = math_ops.squared_difference(x, shift)
        else:
            values = x
            squares = math_ops.square(x)
        mean_ss = math_ops.reduce_sum(values, axes, keepdims=keep, name="mean_ss")
        var_ss = math_ops.reduce_sum(squares, axes, keepdims=keep, name="var_ss")
    return count, mean_ss, var_ss, shift


def normalize_moments(counts, mean_ss, variance_ss, shift, name=None):
    """(mean, variance) of what `sufficient_statistics` returns."""
    with ops.name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = math_ops.reciprocal(counts, name="divisor")
        if shift is not None:
            shifted = math_ops.multiply(mean_ss, divisor, name="shifted_mean")
            mean = math_ops.add(shifted, shift, name="mean")
        else:
            shifted = mean = math_ops.multiply(mean_ss, divisor, name="mean")
        variance = math_ops.subtract(
            math_ops.multiply(variance_ss, divisor), math_ops.square(shifted), name="variance"
        )
    return mean, variance


def weighted_moments(x, axes, frequency_weights, name=None, keep_dims=None, keepdims=None):
    """Mean and variance of `x` over `axes`, every element counted as often as its weight says.

    Args:
      frequency_weights: non-negative weights that broadcast against `x`.

    Returns:
      (mean, variance).
    """
    keep = bool(_alias(keepdims, "keepdims", keep_dims, "keep_dims"))
    with ops.name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = ops.convert_to_tensor(x, name="x")
        weights = ops.convert_to_tensor(frequency_weights, name="frequency_weights")
        half = _is_half(x)
        original = x.dtype
        if half:
            x = math_ops.cast(x, dtypes.float32)
        if weights.dtype != x.dtype:
            weights = math_ops.cast(weights, x.dtype)
        total = math_ops.reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        spread = weights + array_ops.zeros_like(x)
        count = math_ops.reduce_sum(spread, axes, name="sum_of_weights", keepdims=True)
        divisor = math_ops.reciprocal(count, name="inv_weight_sum")
        mean = math_ops.multiply(total, divisor)
        distances = math_ops.reduce_sum(
            weights * math_ops.squared_difference(x, mean), axes, name="weighted_distsq",
            keepdims=True,
        )  # fmt: skip
        variance = math_ops.multiply(distances, divisor)
        if not keep:
            mean = array_ops.squeeze(mean, axes)
            variance = array_ops.squeeze(variance, axes)
        if half:
            return math_ops.cast(mean, original), math_ops.cast(variance, original)
        return mean, variance


# -- Normalisations --------------------------------------------------------------------------------


def batch_normalization(x, mean, variance, offset, scale, variance_epsilon, name=None):
    """(x - mean) / sqrt(variance + variance_epsilon) * scale + offset, with broadcasting.

    Args:
      offset, scale: tensors or None.
      variance_epsilon: a small number that avoids division by zero.
    """
    with ops.name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        factor = math_ops.rsqrt(variance + variance_epsilon)
        if scale is not None:
            factor = factor * scale
        x = ops.convert_to_tensor(x)
        scaled = x * math_ops.cast(factor, x.dtype)
        level = offset - mean * factor if offset is not None else -mean * factor
        return scaled + math_ops.cast(level, x.dtype)


def batch_norm_with_global_normalization(
    t=None, m=None, v=None, beta=None, gamma=None, variance_epsilon=None,
    scale_after_normalization=None, name=None, input=None, mean=None, variance=None,  # noqa: A002
):  # fmt: skip
    """`batch_normalization` under its old name; `gamma` counts if scale_after_normalization."""
    t = _alias(input, "input", t, "t")
    m = _alias(mean, "mean", m, "m")
    v = _alias(variance, "variance", v, "v")
    scale = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, scale, variance_epsilon, name)


# The smallest epsilon that TensorFlow's fused kernels take.
_SMALLEST_EPSILON = 1.001e-5


def fused_batch_norm(
    x, scale, offset, mean=None, variance=None, epsilon=0.001, data_format="NHWC",
    is_training=True, name=None,
):  # fmt: skip
    """Batch normalisation over the channels in one op. Op: FusedBatchNormV3.

    Args:
      x: float32 [batch, height, width, channels], or channels second for "NCHW".
      scale, offset: float32 [channels].
      mean, variance: float32 [channels]; given for inference only.
      epsilon: added to the variance.

    Returns:
      (y, batch_mean, batch_variance); the variance is the unbiased estimate.

    Raises:
      ValueError: for a mean or variance in training.
    """
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    x = ops.convert_to_tensor(x, name="input")
    scale = ops.convert_to_tensor(scale, name="scale")
    offset = ops.convert_to_tensor(offset, name="offset")
    if mean is None:
        mean = ops.convert_to_tensor(np.zeros([0], np.float32), name="Const")
    if variance is None:
        variance = ops.convert_to_tensor(np.zeros([0], np.float32), name="Const")
    result = apply(
        "FusedBatchNormV3", x, scale, offset, mean, variance,
        epsilon=max(float(epsilon), _SMALLEST_EPSILON), data_format=data_format,
        is_training=is_training, name=name,
    )  # fmt: skip
    return result[0], result[1], result[2]


def l2_normalize(x, axis=None, epsilon=1e-12, name=None, dim=None):
    """`x` divided by its Euclidean norm along `axis`; `dim` is the old name of `axis`.

    Args:
      axis: an int or list of ints; None: the norm of all elements.
      epsilon: least squared norm.
    """
    axis = _alias(axis, "axis", dim, "dim")
    with ops.name_scope(name, "l2_normalize", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        squares = math_ops.reduce_sum(math_ops.square(x), axis, keepdims=True)
        inverse = math_ops.rsqrt(math_ops.maximum(squares, epsilon))
        return math_ops.multiply(x, inverse, name=scope)


def zero_fraction(value, name=None):
    """The fraction of elements that are zero, a float32 scalar."""
    with ops.name_scope(name, "zero_fraction"):
        value = ops.convert_to_tensor(value, name="value")
        size = array_ops.size(value, out_type=dtypes.int64)
        zero = "" if value.dtype == dtypes.string else value.dtype.as_numpy_dtype(0)
        other = math_ops.cast(math_ops.not_equal(value, zero), dtypes.int64)
        zeros = size - math_ops.reduce_sum(other)
        with ops.name_scope("counts_to_fraction"):
            fraction = math_ops.cast(zeros, dtypes.float32) / math_ops.cast(size, dtypes.float32)
        return array_ops.identity(fraction, "fraction")


# -- Averages of losses ----------------------------------------------------------------------------


def compute_average_loss(per_example_loss, sample_weight=None, global_batch_size=None):
    """The sum of weighted losses divided by the size of the batch.

    Args:
      per_example_loss: a float tensor of rank at least 1.
      sample_weight: weights that broadcast to the losses; a last dimension of 1 may be missing or
        too many.
      global_batch_size: an int; by default the first dimension of the losses.
    """
    losses = ops.convert_to_tensor(per_example_loss)
    if losses.shape.rank == 0:
        raise ValueError(
            "Invalid value passed for `per_example_loss`. Expected a tensor with at least rank 1, "
            "received: %s" % losses
        )
    if sample_weight is not None:
        weights = math_ops.cast(ops.convert_to_tensor(sample_weight), losses.dtype)
        ranks = weights.shape.rank, losses.shape.rank
        if None not in ranks and ranks[0]:
            if ranks[0] == ranks[1] + 1:
                weights = array_ops.squeeze(weights, [-1])
            elif ranks[0] == ranks[1] - 1:
                weights = array_ops.expand_dims(weights, -1)
        losses = math_ops.multiply(losses, weights)
    if global_batch_size is None:
        global_batch_size = array_ops.shape(losses)[0]
    count = math_ops.cast(global_batch_size, losses.dtype)
    return math_ops.reduce_sum(losses) / count


def scale_regularization_loss(regularization_loss):
    """The sum of regularization losses, divided by the number of replicas, which is 1."""
    return math_ops.reduce_sum(ops.convert_to_tensor(regularization_loss)) / 1.0
