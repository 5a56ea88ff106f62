# SPDX-License-Identifier: Apache-2.0
"""Arrays of labels and vectors."""

import numpy as np

__all__ = ["normalize", "to_categorical"]


def to_categorical(y, num_classes=None, dtype="float32"):
    """A vector with a single 1 for each label.

    Args:
      y: array of int: 0, ..., num_classes - 1. A last axis of size 1 is dropped.
      num_classes: default: one more than the largest label.
      dtype: of the result.

    Returns:
      Array with the shape of `y` and a last axis of size `num_classes`.

    Raises:
      ValueError: for a negative label.
      IndexError: for a label that is not smaller than `num_classes`.
    """
    y = np.array(y, dtype="int")
    shape = y.shape[:-1] if y.ndim > 1 and y.shape[-1] == 1 else y.shape
    y = y.ravel()
    if y.size and y.min() < 0:
        raise ValueError("to_categorical expects labels from 0 on, got %d" % y.min())
    if not num_classes:
        num_classes = np.max(y) + 1
    out = np.zeros((y.size, num_classes), dtype=dtype)
    out[np.arange(y.size), y] = 1
    return out.reshape((*shape, num_classes))


def normalize(x, axis=-1, order=2):
    """Divides the vectors of an array along an axis by their norm.

    Args:
      axis: int.
      order: of the norm, as for `numpy.linalg.norm`.
    """
    norms = np.atleast_1d(np.linalg.norm(x, order, axis))
    norms[norms == 0] = 1
    return x / np.expand_dims(norms, axis)
