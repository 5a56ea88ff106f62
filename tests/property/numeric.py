# SPDX-License-Identifier: Apache-2.0
"""Random real and complex arrays, and gradients of functions of them against differences."""

import numpy as np

SINGLE = ("float32", "complex64")


def tolerance(dtype, factor=1.0):
    return factor * (1e-4 if dtype in SINGLE else 1e-10)


def draw(rng, shape, dtype):
    """Normal numbers; complex ones where the dtype is."""
    value = rng.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        value = value + 1j * rng.normal(size=shape)
    return value.astype(dtype)


def positive_definite(rng, shape, dtype):
    matrix = draw(rng, shape, dtype)
    return matrix @ np.conj(matrix.swapaxes(-1, -2)) + 2 * np.eye(shape[-1], dtype=dtype)


def check_gradient(tf, session, function, values, rng, tolerance=1e-4, second=False):
    """Compares tf.gradients with central differences along random directions.

    A complex tensor's gradient holds the derivatives along its real and imaginary parts.

    Args:
      function: tensors -> tensor, float64 or complex128.
      values: its arguments as arrays.
      second: check the gradient of the gradient instead.
    """
    places = [tf.placeholder(v.dtype, v.shape) for v in values]

    def number(tensor):
        parts = [tf.real(tensor), tf.imag(tensor)] if tensor.dtype.is_complex else [tensor]
        shape = tensor.shape.as_list()
        return tf.add_n([tf.reduce_sum(part * rng.normal(size=shape)) for part in parts])

    loss = number(function(*places))
    if second:
        loss = tf.add_n([number(g) for g in tf.gradients(loss, places) if g is not None])
    gradients = [tf.convert_to_tensor(g) for g in tf.gradients(loss, places)]
    feed = dict(zip(places, values))
    eps = 1e-6
    with session() as sess:
        got = sess.run(gradients, feed)
        for place, value, gradient in zip(places, values, got):
            assert gradient.shape == value.shape
            step = draw(rng, value.shape, value.dtype)
            up = sess.run(loss, {**feed, place: value + eps * step})
            down = sess.run(loss, {**feed, place: value - eps * step})
            numeric = (up - down) / (2 * eps)
            exact = np.sum((np.conj(step) * gradient).real)
            assert abs(exact - numeric) <= tolerance * max(1, abs(numeric)), (exact, numeric)
