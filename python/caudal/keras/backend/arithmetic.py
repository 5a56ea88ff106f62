# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions and comparisons."""
# ruff: noqa: A001 - Keras' names

import builtins

import numpy as np

import caudal as tf
from caudal.keras.backend.variables import is_tensor, to_tensor


def abs(x):
    """|x|."""
    return tf.abs(x)


def square(x):
    """x * x."""
    return tf.square(x)


def sqrt(x):
    """The square root; 0 for negative numbers."""
    dtype = x.dtype.base_dtype
    return tf.sqrt(tf.clip_by_value(x, to_tensor(0.0, dtype), to_tensor(np.inf, dtype)))


def exp(x):
    """e to the power of x."""
    return tf.exp(x)


def log(x):
    """The natural logarithm."""
    return tf.log(x)


def round(x):
    """The nearest whole number; halves go to the even one."""
    return tf.round(x)


def sign(x):
    """-1, 0 or 1."""
    return tf.sign(x)


def pow(x, a):
    """x to the power of a."""
    return tf.pow(x, a)


def sin(x):
    """The sine."""
    return tf.sin(x)


def cos(x):
    """The cosine."""
    return tf.cos(x)


def clip(x, min_value, max_value):
    """`x` within bounds; `max_value` may be None, and is at least `min_value`."""
    dtype = x.dtype.base_dtype
    if max_value is None:
        max_value = np.inf
    elif not is_tensor(max_value) and not is_tensor(min_value):
        max_value = builtins.max(max_value, min_value)
    return tf.clip_by_value(x, to_tensor(min_value, dtype), to_tensor(max_value, dtype))


def maximum(x, y):
    """The larger one of x and y."""
    return tf.maximum(x, y)


def minimum(x, y):
    """The smaller one of x and y."""
    return tf.minimum(x, y)


def equal(x, y):
    """x == y, a bool tensor."""
    return tf.equal(x, y)


def not_equal(x, y):
    """x != y, a bool tensor."""
    return tf.not_equal(x, y)


def greater(x, y):
    """x > y, a bool tensor."""
    return tf.greater(x, y)


def greater_equal(x, y):
    """x >= y, a bool tensor."""
    return tf.greater_equal(x, y)


def less(x, y):
    """x < y, a bool tensor."""
    return tf.less(x, y)


def less_equal(x, y):
    """x <= y, a bool tensor."""
    return tf.less_equal(x, y)
