# SPDX-License-Identifier: Apache-2.0
"""Gradients against central differences."""

import numpy as np

from caudal.framework import constant_op, gradients_impl, ops


def _shape(shape):
    return tuple(int(d) for d in shape)


def _theoretical(dx, dy, x, x_value, y_shape, dtype, feeds, sess):
    """The Jacobian from gradients: one run for each element of y."""
    rows = int(np.prod(x_value.shape))
    columns = int(np.prod(y_shape))
    jacobian = np.zeros((rows, columns), dtype=dtype)
    dy_value = np.zeros(y_shape, dtype=dtype)
    for column in range(columns):
        dy_value.flat[column] = 1
        grad = sess.run(dx, {**feeds, x: x_value, dy: dy_value})
        if isinstance(dx, ops.IndexedSlices):
            dense = np.zeros(x_value.shape, dtype=dtype)
            np.add.at(dense, grad.indices, grad.values)
            grad = dense
        jacobian[:, column] = np.asarray(grad).reshape(-1)
        dy_value.flat[column] = 0
    return jacobian


def _numerical(x, x_value, y, y_shape, delta, feeds, sess):
    rows = int(np.prod(x_value.shape))
    jacobian = np.zeros((rows, int(np.prod(y_shape))), dtype=x_value.dtype)
    for row in range(rows):
        moved = x_value.copy()
        moved.flat[row] = x_value.flat[row] + delta
        high = sess.run(y, {**feeds, x: moved})
        moved.flat[row] = x_value.flat[row] - delta
        low = sess.run(y, {**feeds, x: moved})
        jacobian[row, :] = (np.asarray(high) - np.asarray(low)).reshape(-1) / (2 * delta)
    return jacobian


def compute_gradient(
    x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None, extra_feed_dict=None
):
    """See `caudal.client.test.compute_gradient`."""
    sess = ops.get_default_session()
    if sess is None:
        raise ValueError("compute_gradient needs a default session")
    single = not isinstance(x, list)
    xs = [x] if single else x
    shapes = [_shape(x_shape)] if single else [_shape(s) for s in x_shape]
    inits = [x_init_value] if single else list(x_init_value or [None] * len(xs))
    y_shape = _shape(y_shape)
    dtype = y.dtype.base_dtype.as_numpy_dtype
    if init_targets is not None:
        for target in init_targets if isinstance(init_targets, (list, tuple)) else [init_targets]:
            sess.run(target)
    dy = constant_op.constant(1.0, shape=y_shape, dtype=y.dtype.base_dtype)
    grads = gradients_impl.gradients(y, xs, dy)
    values = []
    for tensor, shape, init in zip(xs, shapes, inits):
        kind = tensor.dtype.base_dtype.as_numpy_dtype
        if init is None:
            init = np.random.random_sample(shape)
        values.append(np.array(init, dtype=kind).reshape(shape))
    results = []
    for i, (tensor, grad) in enumerate(zip(xs, grads)):
        feeds = dict(extra_feed_dict or {})
        feeds.update((t, v) for j, (t, v) in enumerate(zip(xs, values)) if j != i)
        if grad is None:
            theory = np.zeros((values[i].size, int(np.prod(y_shape))), dtype=dtype)
        else:
            theory = _theoretical(grad, dy, tensor, values[i], y_shape, dtype, feeds, sess)
        results.append((theory, _numerical(tensor, values[i], y, y_shape, delta, feeds, sess)))
    return results[0] if single else results


def compute_gradient_error(
    x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None, extra_feed_dict=None
):
    """See `caudal.client.test.compute_gradient_error`."""
    pairs = compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )
    if isinstance(pairs, tuple):
        pairs = [pairs]
    errors = [0.0]
    for theory, numbers in pairs:
        if theory.size or numbers.size:
            errors.append(np.fabs(theory - numbers).max())
    return max(errors)
