# SPDX-License-Identifier: Apache-2.0
"""Initializers that scale with the sizes of a weight."""

import math

from caudal.framework import dtypes
from caudal.ops import random_ops

__all__ = ["variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d"]


def xavier_initializer(uniform=True, seed=None, dtype=dtypes.float32):
    """An initializer that keeps the scale of gradients alike in all layers (Glorot).

    Args:
      uniform: uniform or normal distribution.
      seed: integer.
      dtype: a floating type.
    """
    return variance_scaling_initializer(
        factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed, dtype=dtype
    )


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor=2.0, mode="FAN_IN", uniform=False, seed=None, dtype=dtypes.float32
):
    """An initializer with variance factor / n.

    Args:
      factor: float.
      mode: "FAN_IN", "FAN_OUT" or "FAN_AVG": n is the number of inputs, of outputs, or the mean.
      uniform: uniform or truncated normal distribution.
      seed: integer.
      dtype: a floating type.

    Returns:
      A function of (shape, dtype, partition_info).

    Raises:
      TypeError: for other types and modes.
    """
    if not dtype.is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError("Unknown mode %s [FAN_IN, FAN_OUT, FAN_AVG]" % mode)

    def _initializer(shape, dtype=dtype, partition_info=None):
        if not dtypes.as_dtype(dtype).is_floating:
            raise TypeError("Cannot create initializer for non-floating point type.")
        sizes = [int(n) for n in shape]
        fan_in = fan_out = 1.0
        if sizes:
            field = math.prod(sizes[:-2])
            fan_in = float(sizes[-2] if len(sizes) > 1 else sizes[-1]) * field
            fan_out = float(sizes[-1]) * field
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random_ops.random_uniform(shape, -limit, limit, dtype, seed=seed)
        # 1.3 makes up for what the truncation takes away.
        deviation = math.sqrt(1.3 * factor / n)
        return random_ops.truncated_normal(shape, 0.0, deviation, dtype, seed=seed)

    return _initializer
