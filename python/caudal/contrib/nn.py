# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.nn`."""

import math

from caudal.framework import ops
from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops import array_ops, math_ops, nn_impl, nn_ops, random_ops
from caudal.ops.conv_ops import conv1d_transpose
from caudal.ops.sampled_losses import rank_sampled_softmax_loss, sampled_sparse_softmax_loss
from caudal.ops.special_math_ops import nth_element

__all__ = [
    "alpha_dropout",
    "conv1d_transpose",
    "deprecated_flipped_sigmoid_cross_entropy_with_logits",
    "deprecated_flipped_softmax_cross_entropy_with_logits",
    "deprecated_flipped_sparse_softmax_cross_entropy_with_logits",
    "nth_element",
    "rank_sampled_softmax_loss",
    "sampled_sparse_softmax_loss",
    "scaled_softplus",
]

# What selu tends to for very negative inputs.
_ALPHA = -1.7580993408473766


def alpha_dropout(x, keep_prob, noise_shape=None, seed=None, name=None):
    """Dropout that keeps mean and variance of `selu` activations.

    Args:
      x: a float tensor.
      keep_prob: a number in (0, 1] or a scalar tensor.
      noise_shape: shape of the decisions, which broadcast to `x`; by default that of `x`.
      seed: an int, see `set_random_seed`.
    """
    with ops.name_scope(name, "alpha_dropout", [x]):
        x = ops.convert_to_tensor(x, name="x")
        if isinstance(keep_prob, (int, float)):
            if not 0 < keep_prob <= 1.0:
                raise ValueError(
                    "keep_prob must be a scalar tensor or a float in the range (0, 1], got %g"
                    % keep_prob
                )
            if keep_prob == 1:
                return x
        keep_prob = ops.convert_to_tensor(keep_prob, dtype=x.dtype, name="keep_prob")
        keep_prob.shape.assert_has_rank(0)
        shape = array_ops.shape(x) if noise_shape is None else noise_shape
        noise = keep_prob + random_ops.random_uniform(shape, seed=seed, dtype=x.dtype)
        kept = math_ops.floor(noise)
        mixed = x * kept + _ALPHA * (1 - kept)
        # Scale and shift back to the moments of x.
        a = math_ops.pow(keep_prob + keep_prob * (1 - keep_prob) * math.pow(_ALPHA, 2), -0.5)
        b = -a * _ALPHA * (1 - keep_prob)
        result = a * mixed + b
        result.set_shape(x.shape)
        return result


def scaled_softplus(x, alpha, clip=None, name=None):
    """alpha * softplus(x / alpha), at most `clip`: a smooth relu.

    Args:
      alpha: a positive number or a tensor that broadcasts against `x`.
      clip: None, or an upper bound that broadcasts against `x`.
    """
    with ops.name_scope(name, "scaled_softplus", [x, alpha]):
        x = ops.convert_to_tensor(x, name="x")
        alpha = ops.convert_to_tensor(alpha, dtype=x.dtype, name="alpha")
        y = alpha * nn_ops.softplus(x / alpha)
        if clip is not None:
            y = math_ops.minimum(y, ops.convert_to_tensor(clip, dtype=x.dtype, name="clip"))
        return y


def deprecated_flipped_softmax_cross_entropy_with_logits(logits, labels, dim=-1, name=None):
    """`softmax_cross_entropy_with_logits` with its first arguments in the old order."""
    return nn_impl.softmax_cross_entropy_with_logits(
        labels=labels, logits=logits, dim=dim, name=name
    )


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(logits, labels, name=None):
    """`sparse_softmax_cross_entropy_with_logits` with its arguments in the old order."""
    return nn_impl.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(logits, targets, name=None):
    """`sigmoid_cross_entropy_with_logits` with its arguments in the old order."""
    return nn_impl.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)


__getattr__ = _module_getattr("contrib.nn")
