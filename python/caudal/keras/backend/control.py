# SPDX-License-Identifier: Apache-2.0
"""Choices, loops over elements, gradients and printing."""

import numpy as np

import caudal as tf
from caudal.keras.backend.state import learning_phase
from caudal.keras.backend.variables import ndim


def switch(condition, then_expression, else_expression):
    """One of two values, as a condition says when the graph runs.

    Args:
      condition: tensor (of bools, or of numbers that are not zero). One of rank 0 chooses between
        the whole values; one of a higher rank between their elements, or between their parts
        where the values have further dimensions.
      then_expression, else_expression: tensors of one shape, or functions that return them. With a
        condition of rank 0, only the function of the chosen value runs.

    Raises:
      ValueError: if the condition has a higher rank than the values.
    """
    if condition.dtype.base_dtype != tf.bool:
        condition = tf.cast(condition, tf.bool)
    rank = ndim(condition)
    if not rank:
        return tf.cond(condition, _function(then_expression), _function(else_expression))
    then_value, else_value = (e() if callable(e) else e for e in (then_expression, else_expression))
    value_rank = ndim(then_value)
    if rank > value_rank:
        raise ValueError(
            "Rank of `condition` should be less than or equal to rank of `then_expression` and "
            "`else_expression`. ndim(condition)=%d, ndim(then_expression)=%d" % (rank, value_rank)
        )
    if rank == 1 or (rank == value_rank and condition.shape == then_value.shape):
        return tf.where(condition, then_value, else_value)
    for _ in range(value_rank - rank):
        condition = tf.expand_dims(condition, -1)
    chosen = tf.where_v2(condition, then_value, else_value)
    chosen.set_shape(then_value.shape)
    return chosen


def _function(value):
    return value if callable(value) else lambda: tf.identity(value)


def in_train_phase(x, alt, training=None):
    """`x` while training, else `alt`.

    Args:
      x, alt: tensors of one shape, or functions that return them (better, as only one runs).
      training: bool, int or bool tensor; the learning phase by default.
    """
    phase = learning_phase() if training is None else training
    if isinstance(phase, (int, np.integer, np.bool_)):
        chosen = x if phase else alt
        return chosen() if callable(chosen) else chosen
    result = switch(phase, x, alt)
    if training is None or getattr(training, "_uses_learning_phase", False):
        result._uses_learning_phase = True
    return result


def in_test_phase(x, alt, training=None):
    """`alt` while training, else `x`; see `in_train_phase`."""
    return in_train_phase(alt, x, training=training)


def gradients(loss, variables):
    """The gradients of `loss` with respect to each of a list of variables or tensors."""
    return tf.gradients(loss, variables)


def stop_gradient(variables):
    """The same tensor or tensors, as constants for `gradients`."""
    if isinstance(variables, (list, tuple)):
        return [tf.stop_gradient(x) for x in variables]
    return tf.stop_gradient(variables)


def print_tensor(x, message=""):
    """The same tensor; prints `message` and the value whenever it is computed."""
    return tf.Print(x, [x], message)


def map_fn(fn, elems, name=None, dtype=None):
    """`fn` of each element along the first axis; `dtype` is that of the results."""
    return tf.map_fn(fn, elems, name=name, dtype=dtype)


def foldl(fn, elems, initializer=None, name=None):
    """fn(... fn(fn(initializer, first), second) ..., last)."""
    return tf.foldl(fn, elems, initializer=initializer, name=name)


def foldr(fn, elems, initializer=None, name=None):
    """fn(... fn(fn(initializer, last), last but one) ..., first)."""
    return tf.foldr(fn, elems, initializer=initializer, name=name)
