# SPDX-License-Identifier: Apache-2.0
"""Products of matrices and of batches of them."""

import caudal as tf
from caudal.keras.backend.variables import is_sparse, ndim


def _sizes(x):
    """The sizes of a shape, numbers where they are known; at most one is -1."""
    sizes = x.shape.as_list()
    if sizes.count(None) <= 1:
        return [-1 if size is None else size for size in sizes]
    dynamic = tf.shape(x)
    return [dynamic[i] if size is None else size for i, size in enumerate(sizes)]


def dot(x, y):
    """The product over the last axis of `x` and the last but one of `y`.

    Args:
      x: tensor [..., n], also a sparse matrix.
      y: tensor [..., n, m].

    Returns:
      A tensor [... of x, ... of y, m].
    """
    if is_sparse(x):
        return tf.sparse_tensor_dense_matmul(x, y)
    if ndim(x) is None and ndim(y) == 2:
        x = tf.ensure_shape(x, [None, None])  # a tensor of an unknown rank has to be a matrix
    if ndim(x) is None or ndim(y) is None or (ndim(x) <= 2 and ndim(y) <= 2):
        return tf.matmul(x, y)
    depth = y.shape.as_list()[-2]
    if depth is None:
        depth = tf.shape(y)[-2]
    rows, columns = _sizes(x)[:-1], _sizes(y)
    matrix = y
    if ndim(y) > 2:
        order = list(range(ndim(y)))
        matrix = tf.reshape(tf.transpose(y, [order.pop(-2), *order]), [depth, -1])
    product = tf.matmul(tf.reshape(x, [-1, depth]), matrix)
    sizes = rows + columns[:-2] + columns[-1:]
    if sum(1 for size in sizes if isinstance(size, int) and size == -1) > 1:
        known = tf.concat([tf.shape(x)[:-1], tf.shape(y)[:-2], tf.shape(y)[-1:]], 0)
        sizes = [known[i] if isinstance(s, int) and s == -1 else s for i, s in enumerate(sizes)]
    return tf.reshape(product, sizes)


def batch_dot(x, y, axes=None):
    """The product of each element of a batch of `x` with that of `y`.

    Args:
      x, y: tensors of at least rank 2 with the batch first.
      axes: the axis of `x` and that of `y` that the sum goes over, or one int for both; by default
        the last one of `x` and the last but one of `y`.

    Returns:
      A tensor of at least rank 2.

    Raises:
      ValueError: for several axes of one tensor.
    """
    if isinstance(axes, int):
        axes = (axes, axes)
    x_rank, y_rank = ndim(x), ndim(y)
    axes = [x_rank - 1, y_rank - 2] if axes is None else list(axes)
    if any(isinstance(axis, (list, tuple)) for axis in axes):
        raise ValueError(
            "Multiple target dimensions are not supported. Expected: None, int, (int, int), "
            "Provided: %s" % (axes,)
        )
    axes = [axis % rank for axis, rank in zip(axes, (x_rank, y_rank))]
    if x_rank == y_rank == 2:
        if axes[0] == axes[1]:
            out = tf.reduce_sum(x * y, axes[0])
        else:
            out = tf.reduce_sum(tf.transpose(x) * y, axes[1])
        return tf.expand_dims(out, 1)
    # The smaller tensor gets dimensions of size 1 at its end; the product loses them again.
    missing = abs(x_rank - y_rank)
    if x_rank > y_rank:
        y = _with_ones(y, missing)
        surplus = x_rank + y_rank - 3
    else:
        x = _with_ones(x, missing)
        surplus = x_rank - 1
    rank = max(x_rank, y_rank)
    out = tf.matmul(x, y, transpose_a=axes[0] != rank - 1, transpose_b=axes[1] == rank - 1)
    if missing:
        out = tf.squeeze(out, list(range(surplus, surplus + missing)))
    return tf.expand_dims(out, 1) if ndim(out) == 1 else out


def _with_ones(x, count):
    for _ in range(count):
        x = tf.expand_dims(x, -1)
    return x
