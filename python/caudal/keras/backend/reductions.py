# SPDX-License-Identifier: Apache-2.0
"""Reductions over axes, and cumulative ones. `axis`: int, list of int, or None for all."""
# ruff: noqa: A001 - Keras' names

import caudal as tf
from caudal.keras.backend.common import floatx


def _numbers(x):
    """`x`, with bools as numbers."""
    return tf.cast(x, floatx()) if x.dtype.base_dtype == tf.bool else x


def max(x, axis=None, keepdims=False):
    """The largest element."""
    return tf.reduce_max(x, axis, keepdims)


def min(x, axis=None, keepdims=False):
    """The smallest element."""
    return tf.reduce_min(x, axis, keepdims)


def sum(x, axis=None, keepdims=False):
    """The sum."""
    return tf.reduce_sum(x, axis, keepdims)


def prod(x, axis=None, keepdims=False):
    """The product."""
    return tf.reduce_prod(x, axis, keepdims)


def mean(x, axis=None, keepdims=False):
    """The mean; that of bools is the share of True."""
    return tf.reduce_mean(_numbers(x), axis, keepdims)


def var(x, axis=None, keepdims=False):
    """The variance."""
    x = _numbers(x)
    return tf.reduce_mean(tf.square(x - tf.reduce_mean(x, axis, True)), axis, keepdims)


def std(x, axis=None, keepdims=False):
    """The standard deviation."""
    return tf.sqrt(var(x, axis=axis, keepdims=keepdims))


def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), without overflow."""
    return tf.reduce_logsumexp(x, axis, keepdims)


def any(x, axis=None, keepdims=False):
    """Whether any element is not zero."""
    return tf.reduce_any(tf.cast(x, tf.bool), axis, keepdims)


def all(x, axis=None, keepdims=False):
    """Whether no element is zero."""
    return tf.reduce_all(tf.cast(x, tf.bool), axis, keepdims)


def argmax(x, axis=-1):
    """The index of the largest element, int64."""
    return tf.argmax(x, axis)


def argmin(x, axis=-1):
    """The index of the smallest element, int64."""
    return tf.argmin(x, axis)


def cumsum(x, axis=0):
    """The sums of the elements up to each one."""
    return tf.cumsum(x, axis=axis)


def cumprod(x, axis=0):
    """The products of the elements up to each one."""
    return tf.cumprod(x, axis=axis)
