# SPDX-License-Identifier: Apache-2.0
"""Shapes, order and parts of arrays."""
# ruff: noqa: A001 - Keras' names

import numpy as np

import caudal as tf
from caudal.keras.backend.variables import int_shape, is_sparse, is_tensor, ndim, to_dense


def reshape(x, shape):
    """The elements of `x` in another shape; one size may be -1."""
    return tf.reshape(x, shape)


def permute_dimensions(x, pattern):
    """`x` with its dimensions in the order of `pattern`."""
    return tf.transpose(x, perm=pattern)


def transpose(x):
    """`x` with its dimensions in reverse order."""
    return tf.transpose(x)


def flatten(x):
    """`x` as a vector."""
    return tf.reshape(x, [-1])


def batch_flatten(x):
    """`x` as a matrix with a row for each element of the batch."""
    sizes = x.shape.as_list()[1:]
    if None not in sizes:
        return tf.reshape(x, [-1, int(np.prod(sizes, dtype=np.int64))])
    return tf.reshape(x, tf.stack([-1, tf.reduce_prod(tf.shape(x)[1:])]))


def expand_dims(x, axis=-1):
    """`x` with a dimension of size 1 at `axis`."""
    return tf.expand_dims(x, axis)


def squeeze(x, axis):
    """`x` without a dimension of size 1."""
    return tf.squeeze(x, [axis])


def stack(x, axis=0):
    """A list of tensors as one of a higher rank."""
    return tf.stack(x, axis=axis)


def concatenate(tensors, axis=-1):
    """Tensors side by side along an axis; sparse if all of them are."""
    if axis < 0:
        rank = ndim(tensors[0])
        axis = axis % rank if rank else 0
    if all(is_sparse(x) for x in tensors):
        return tf.sparse_concat(axis, tensors)
    return tf.concat([to_dense(x) for x in tensors], axis)


def tile(x, n):
    """`x` repeated `n` times: an int, or a list of one for each dimension."""
    return tf.tile(x, [n] if isinstance(n, (int, np.integer)) else n)


def repeat(x, n):
    """A matrix [batch, dim] as [batch, n, dim]: each row n times."""
    if ndim(x) != 2:
        raise ValueError("repeat takes a matrix, but got a tensor of shape %s" % (int_shape(x),))
    return tf.tile(tf.expand_dims(x, 1), tf.stack([1, n, 1]))


def repeat_elements(x, rep, axis):
    """Each element of `x` `rep` times along an axis, as np.repeat."""
    if not ndim(x):
        raise ValueError("repeat_elements takes a tensor of a known rank, at least 1: %s" % (x,))
    sizes = x.shape.as_list()
    axis = axis % len(sizes)
    copies = [1] * (len(sizes) + 1)
    copies[axis + 1] = rep
    dynamic = tf.shape(x) if sizes.count(None) > 1 else None
    repeated = [
        size * rep if i == axis and size is not None
        else size if size is not None
        else -1 if dynamic is None
        else dynamic[i] * rep if i == axis
        else dynamic[i]
        for i, size in enumerate(sizes)
    ]  # fmt: skip
    result = tf.reshape(tf.tile(tf.expand_dims(x, axis + 1), copies), repeated)
    if sizes[axis] is not None:
        sizes[axis] *= rep
    result.set_shape(sizes)
    result._keras_shape = tuple(sizes)
    return result


def reverse(x, axes):
    """`x` in reverse order along one or several axes."""
    return tf.reverse(x, [axes] if isinstance(axes, (int, np.integer)) else axes)


def slice(x, start, size):
    """The part of `x` that begins at `start` and has `size` elements, each a list.

    Raises:
      ValueError: if the lists do not have an element for each dimension.
    """
    rank = ndim(x)
    lengths = [v.shape.num_elements() if is_tensor(v) else len(v) for v in (start, size)]
    if rank is not None and any(n not in (None, rank) for n in lengths):
        raise ValueError(
            "The dimension and the size of indices should match: x has %d dimensions, start and "
            "size have %s and %s elements" % (rank, *lengths)
        )
    return tf.slice(x, start, size)


def gather(reference, indices):
    """The rows of `reference` at `indices`."""
    return tf.nn.embedding_lookup(reference, indices)


def one_hot(indices, num_classes):
    """A vector with a one at the index for each of `indices`."""
    return tf.one_hot(indices, depth=num_classes, axis=-1)


def arange(start, stop=None, step=1, dtype="int32"):
    """The numbers from `start` to before `stop`; from 0 to before `start` if that is all."""
    if stop is None and is_tensor(start):
        start = tf.maximum(start, tf.zeros_like(start))
    elif stop is None:
        start = max(start, 0)
    numbers = tf.range(start, limit=stop, delta=step, name="arange")
    return numbers if dtype == "int32" else tf.cast(numbers, dtype)


def in_top_k(predictions, targets, k):
    """Whether the prediction of each target is among the `k` highest ones of its row.

    Args:
      predictions: [batch, classes].
      targets: int32 or int64 [batch].
      k: an int.
    """
    return tf.nn.in_top_k(predictions, targets, k)
