# SPDX-License-Identifier: Apache-2.0
"""Activations, losses, normalisation and dropout."""

import numpy as np

import caudal as tf
from caudal.keras.backend.common import epsilon, normalize_data_format
from caudal.keras.backend.variables import int_shape, ndim, to_tensor

# -- activations -----------------------------------------------------------------------------------


def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """Rectified linear unit.

    `max_value` for x >= max_value, x for threshold <= x < max_value, and
    alpha * (x - threshold) below that.

    Args:
      x: tensor.
      alpha: slope of the negative part.
      max_value: float or None.
      threshold: float.
    """
    if threshold == 0:
        if alpha != 0 and max_value is None:
            return tf.nn.leaky_relu(x, alpha=alpha)
        if alpha == 0 and max_value == 6:
            return tf.nn.relu6(x)
    dtype = x.dtype.base_dtype
    if threshold != 0:
        positive = x * tf.cast(tf.greater(x, to_tensor(threshold, dtype)), dtype)
    else:
        positive = tf.nn.relu(x)
    if max_value is not None:
        positive = tf.clip_by_value(positive, to_tensor(0, dtype), to_tensor(max_value, dtype))
    if alpha == 0:
        return positive
    negative = tf.nn.relu(to_tensor(threshold, dtype) - x if threshold != 0 else -x)
    return positive - to_tensor(alpha, dtype) * negative


def elu(x, alpha=1.0):
    """x for x > 0, else alpha * (exp(x) - 1)."""
    result = tf.nn.elu(x)
    return result if alpha == 1 else tf.where(x > 0, result, alpha * result)


def softmax(x, axis=-1):
    """exp(x) divided by its sum over an axis."""
    return tf.nn.softmax(x, axis=axis)


def softplus(x):
    """log(1 + exp(x))."""
    return tf.nn.softplus(x)


def softsign(x):
    """x / (1 + |x|)."""
    return tf.nn.softsign(x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return tf.nn.sigmoid(x)


def hard_sigmoid(x):
    """0.2 * x + 0.5, within 0 and 1."""
    dtype = x.dtype.base_dtype
    line = x * to_tensor(0.2, dtype) + to_tensor(0.5, dtype)
    return tf.clip_by_value(line, to_tensor(0.0, dtype), to_tensor(1.0, dtype))


def tanh(x):
    """The hyperbolic tangent."""
    return tf.nn.tanh(x)


# -- losses ----------------------------------------------------------------------------------------


def _checked_axis(axis, output):
    """`axis` from the end of the axes of `output`, as a number from 0."""
    rank = ndim(output)
    if not rank or (axis != -1 and axis not in range(rank)):
        raise ValueError(
            "Unexpected channels axis %s. Expected to be -1 or one of the axes of `output`, which "
            "has %s dimensions." % (axis, rank)
        )
    return axis % rank


def _probabilities(output):
    """`output` away from 0 and 1."""
    fuzz = to_tensor(epsilon(), output.dtype.base_dtype)
    return tf.clip_by_value(output, fuzz, 1 - fuzz)


def _origin(output, op, axis=None):
    """What `output` is softmax or sigmoid of (over `axis`, which must be the last), or None."""
    if not isinstance(output, tf.Tensor) or output.op.type != op:
        return None
    if axis is not None and axis != ndim(output) - 1:
        return None
    return output.op.inputs[0]


def _log_softmax(logits):
    """log(_probabilities(softmax)), of fewer and more exact operations."""
    number = logits.dtype.base_dtype.as_numpy_dtype
    low, high = np.log(number(epsilon())), np.log(number(1) - number(epsilon()))
    return tf.clip_by_value(tf.nn.log_softmax(logits), low, high)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross entropy of two distributions over an axis.

    Args:
      target, output: tensors of one shape.
      from_logits: whether `output` is what a softmax would take; else it is what it returns.
      axis: the axis of the classes.

    Raises:
      ValueError: if there is no such axis.
    """
    axis = _checked_axis(axis, output)
    if from_logits:
        return tf.nn.softmax_cross_entropy_with_logits_v2(
            labels=tf.stop_gradient(target), logits=output, dim=axis
        )
    logits = _origin(output, "Softmax", axis)
    if logits is None:
        log = tf.log(_probabilities(output / tf.reduce_sum(output, axis, True)))
    else:
        log = _log_softmax(logits)
    return -tf.reduce_sum(target * log, axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross entropy between classes, which are numbers, and distributions over an axis.

    Args:
      target: tensor with the number of the class for each distribution.
      output: tensor with the distributions.
      from_logits, axis: as in `categorical_crossentropy`.
    """
    rank = ndim(output)
    axis = _checked_axis(axis, output)
    if axis != rank - 1:
        output = tf.transpose(output, [*(i for i in range(rank) if i != axis), axis])
    logits = output
    if not from_logits:
        origin = _origin(output, "Softmax", rank - 1)
        logits = tf.log(_probabilities(output)) if origin is None else _log_softmax(origin)
    classes = tf.cast(tf.reshape(target, [-1]), tf.int64)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=classes, logits=tf.reshape(logits, [-1, int(output.shape[-1])])
    )
    return tf.reshape(loss, tf.shape(output)[:-1]) if rank >= 3 else loss


def binary_crossentropy(target, output, from_logits=False):
    """Cross entropy of probabilities, elementwise.

    Args:
      target, output: tensors of one shape.
      from_logits: whether `output` is what a sigmoid would take; else it is what it returns.
    """
    logits = None if from_logits else _origin(output, "Sigmoid")
    if logits is not None:  # the same numbers, of fewer and more exact operations
        number = output.dtype.base_dtype.as_numpy_dtype
        one, fuzz = number(1), number(epsilon())
        nearly = one - fuzz
        low, high = np.log(fuzz / nearly), np.log(nearly / (one - nearly))
        output = tf.clip_by_value(logits, low, high)
    elif not from_logits:
        output = _probabilities(output)
        output = tf.log(output / (1 - output))
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=output)


# -- normalisation ---------------------------------------------------------------------------------


def l2_normalize(x, axis=None):
    """`x` divided by its Euclidean norm over an axis."""
    return tf.nn.l2_normalize(x, axis=axis)


def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """Batch normalisation with the mean and variance of the batch.

    Args:
      x: tensor.
      gamma, beta: scale and offset of the other axes, or None.
      reduction_axes: list of the axes that mean and variance go over.
      epsilon: added to the variance.

    Returns:
      (normalised x, mean, variance). For images with the channels last, the variance is the
      estimate for the whole population.
    """
    axes = sorted(reduction_axes)
    rank = ndim(x)
    dtype = x.dtype.base_dtype
    images = rank == 4 and axes == [0, 1, 2]
    channels = x.shape.as_list()[-1]
    if images and channels is not None and dtype == tf.float32:
        return tf.nn.fused_batch_norm(
            x,
            tf.ones([channels]) if gamma is None else gamma,
            tf.zeros([channels]) if beta is None else beta,
            epsilon=epsilon,
            data_format="NHWC",
        )
    mean, variance = tf.nn.moments(x, axes)
    if axes == list(range(rank))[:-1]:
        normed = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
        if images:
            count = tf.cast(tf.reduce_prod(tf.shape(x)[:3]), dtype)
            variance *= count / tf.maximum(count - 1, 1)
        return normed, mean, variance
    sizes = x.shape.as_list()
    shape = [1 if i in axes else -1 if n is None else n for i, n in enumerate(sizes)]
    if shape.count(-1) > 1:
        dynamic = tf.shape(x)
        shape = tf.stack([1 if i in axes else dynamic[i] for i in range(rank)])
    spread = [None if v is None else tf.reshape(v, shape) for v in (mean, variance, beta, gamma)]
    return tf.nn.batch_normalization(x, *spread, epsilon), mean, variance


def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """(x - mean) / sqrt(var + epsilon) * gamma + beta.

    Args:
      x: tensor.
      mean, var: of the channels, in a shape that broadcasts against `x`; vectors for rank 4.
      beta, gamma: offset and scale in the same shape, or None.
      axis: the axis of the channels.
      epsilon: added to the variance.
    """
    if ndim(x) == 4 and axis in (-1, -3, 1, 3):
        rank, channels = (4, [1, -1, 1, 1]) if axis in (1, -3) else (1, [-1])
        mean, var, beta, gamma = (
            v if v is None or ndim(v) == rank else tf.reshape(v, channels)
            for v in (mean, var, beta, gamma)
        )
    return tf.nn.batch_normalization(x, mean, var, beta, gamma, epsilon)


# -- dropout and bias ------------------------------------------------------------------------------


def dropout(x, level, noise_shape=None, seed=None):
    """Sets a share of the elements to zero, at random, and scales the others up.

    Args:
      x: tensor.
      level: the share, at least 0 and below 1.
      noise_shape: shape of what is drawn; where it is 1, elements share their fate.
      seed: int; drawn from NumPy by default.

    Raises:
      ValueError: for a level outside of its range.
    """
    if seed is None:
        seed = np.random.randint(10**7)
    return tf.nn.dropout(x, keep_prob=1.0 - level, noise_shape=noise_shape, seed=seed)


def bias_add(x, bias, data_format=None):
    """`x` plus a bias of its channels.

    Args:
      x: tensor of rank 2 or more.
      bias: vector of the channels, or a tensor with as many elements as one of the batch, whose
        last dimension is that of the channels.
      data_format: 'channels_last' or 'channels_first'.

    Raises:
      ValueError: for another rank of the bias or another data_format.
    """
    data_format = normalize_data_format(data_format)
    shape = int_shape(bias)
    rank = ndim(x)
    if len(shape) not in (1, rank - 1):
        raise ValueError(
            "Unexpected bias dimensions %d, expect to be 1 or %d dimensions" % (len(shape), rank)
        )
    first = data_format == "channels_first" and rank in (3, 4, 5)
    if len(shape) == 1:
        if first:
            return x + tf.reshape(bias, [1, shape[0]] + [1] * (rank - 2))
        return tf.nn.bias_add(x, bias)
    # With the channels first, Keras takes the elements of the bias in the order of the memory.
    return x + tf.reshape(bias, [1, shape[-1], *shape[:-1]] if first else [1, *shape])
