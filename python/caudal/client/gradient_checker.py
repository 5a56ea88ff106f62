# SPDX-License-Identifier: Apache-2.0
"""Gradients against central differences."""

import numpy as np

from caudal.framework import constant_op, dtypes, gradients_impl, ops


def _shape(shape):
    return tuple(int(d) for d in shape)


def _as_real(values):
    """The numbers of an array in a row; complex ones as pairs of real ones."""
    values = np.asarray(values).reshape(-1)
    return values.view(values.real.dtype) if np.iscomplexobj(values) else values


def _real_dtype(tensor):
    dtype = tensor.dtype.base_dtype
    return np.dtype(np.float32 if dtype == dtypes.bfloat16 else dtype.real_dtype.as_numpy_dtype)


def _theoretical(dx, dy, x, x_value, y_value, dtype, feeds, sess):
    """The Jacobian from gradients: one run for each number of y."""
    dy_value = np.zeros_like(y_value)
    numbers = _as_real(dy_value)
    jacobian = np.zeros((_as_real(x_value).size, numbers.size), dtype=dtype)

    def back():
        grad = sess.run(dx, {**feeds, x: x_value, dy: dy_value})
        if isinstance(dx, ops.IndexedSlices):
            dense = np.zeros_like(x_value)
            np.add.at(dense, grad.indices, grad.values)
            return dense
        return np.asarray(grad)

    for column in range(numbers.size):
        numbers[column] = 1
        jacobian[:, column] = _as_real(back())
        numbers[column] = 0
    if numbers.size == 0:
        grad = back()
        if grad.shape != x_value.shape:
            raise ValueError(
                "Empty gradient has wrong shape: expected %s, got %s" % (x_value.shape, grad.shape)
            )
        if np.any(grad):
            raise ValueError("Empty tensor with nonzero gradients")
    return jacobian


def _numerical(x, x_value, y, y_value, delta, dtype, feeds, sess):
    moved = x_value.copy()
    numbers = _as_real(moved)
    jacobian = np.zeros((numbers.size, _as_real(y_value).size), dtype=dtype)
    for row in range(numbers.size):
        start = numbers[row].copy()
        numbers[row] = start + numbers.dtype.type(delta)
        high = np.array(sess.run(y, {**feeds, x: moved}))
        numbers[row] = start - numbers.dtype.type(delta)
        low = np.array(sess.run(y, {**feeds, x: moved}))
        numbers[row] = start
        jacobian[row, :] = _as_real((high - low) / (2 * delta))
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
    y_value = np.zeros(y_shape, dtype=y.dtype.base_dtype.as_numpy_dtype)
    if init_targets is not None:
        for target in init_targets if isinstance(init_targets, (list, tuple)) else [init_targets]:
            sess.run(target)
    dy = constant_op.constant(1.0, shape=y_shape, dtype=y.dtype.base_dtype)
    grads = gradients_impl.gradients(y, xs, dy)
    values = []
    for tensor, shape, init in zip(xs, shapes, inits):
        kind = tensor.dtype.base_dtype.as_numpy_dtype
        if init is None:
            init = np.random.random_sample(shape).astype(kind)
            if tensor.dtype.base_dtype.is_complex:
                init.imag = np.random.random_sample(shape)
        init = np.array(init, dtype=kind)
        assert init.shape == shape, "x_shape = %s, init_data shape = %s" % (shape, init.shape)
        values.append(init)
    results = []
    for i, (tensor, grad) in enumerate(zip(xs, grads)):
        assert grad is not None, "there is no gradient towards x[%d] = %s" % (i, tensor)
        feeds = dict(extra_feed_dict or {})
        feeds.update((t, v) for j, (t, v) in enumerate(zip(xs, values)) if j != i)
        x_value, own, other = values[i], _real_dtype(tensor), _real_dtype(y)
        theory = _theoretical(grad, dy, tensor, x_value, y_value, own, feeds, sess)
        numbers = _numerical(tensor, x_value, y, y_value, delta, other, feeds, sess)
        results.append((theory, numbers))
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
    worst = 0.0
    for theory, numbers in pairs:
        if theory.size or numbers.size:
            worst = np.maximum(worst, np.fabs(theory - numbers).max())  # NaN stays
    return worst
