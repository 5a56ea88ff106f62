# SPDX-License-Identifier: Apache-2.0
"""TensorArrays: what each op does, and its gradients against finite differences."""

import numpy as np
import pytest

from caudal.framework.op_factory import apply
from property.catalog import stateful

_REAL = "float32 float64"


def _close(got, want, dtype):
    tolerance = 1e-5 if dtype == "float32" else 1e-11
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def _numeric(session, y, x, value):
    """d(sum of y)/dx by central differences."""
    out = np.zeros_like(value)
    step = 1e-3 if value.dtype == np.float32 else 1e-6
    for index in np.ndindex(value.shape):
        moved = [value.copy(), value.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        high, low = (np.sum(session.run(y, {x: m}), dtype=np.float64) for m in moved)
        out[index] = (high - low) / (2 * step)
    return out


def _check(tf, session, x, y, value, want, dtype):
    grad = tf.gradients(y, x)[0]
    with session() as sess:
        got, slope = sess.run([y, grad], {x: value})
        _close(got, want, dtype)
        tolerance = 5e-2 if dtype == "float32" else 1e-5
        np.testing.assert_allclose(slope, _numeric(sess, y, x, value), atol=tolerance)
        empty = value[:, :0]
        assert sess.run(y, {x: empty}).shape == want[..., :0].shape


def _array(tf, dtype, size, **options):
    return tf.TensorArray(dtype, size, clear_after_read=False, infer_shape=False, **options)


VALUE = np.array([[0.5, -1.0], [2.0, 3.0], [-0.25, 4.0]])


def _write_and_read(tf, session, dtype):
    x = tf.placeholder(dtype, [3, None])
    array = _array(tf, dtype, 2).write(0, x[0] * x[1]).write(1, tf.exp(x[2]))
    y = tf.stack([array.read(0) * array.read(1), array.read(0)])
    v = VALUE.astype(dtype)
    want = np.stack([v[0] * v[1] * np.exp(v[2]), v[0] * v[1]])
    _check(tf, session, x, y, v, want, dtype)
    unwritten = _array(tf, dtype, 2).read(1)
    outside = _array(tf, dtype, 2).write(2, x[0]).flow
    twice = _array(tf, dtype, 2).write(0, x[0]).write(0, x[0]).flow
    with session() as sess:
        for bad in (unwritten, outside, twice):
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(bad, {x: v})


def _scatter_and_gather(tf, session, dtype):
    x = tf.placeholder(dtype, [3, None])
    array = _array(tf, dtype, 3).scatter([2, 0, 1], tf.square(x))
    y = array.gather([0, 2, 2])
    v = VALUE.astype(dtype)
    placed = (v**2)[[1, 2, 0]]
    _check(tf, session, x, y, v, placed[[0, 2, 2]], dtype)
    beyond = _array(tf, dtype, 2).unstack(x).flow
    negative = _array(tf, dtype, 3).scatter([-1, 0, 1], x).flow
    with session() as sess:
        for bad in (beyond, negative):
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(bad, {x: v})


def _split_and_concat(tf, session, dtype):
    x = tf.placeholder(dtype, [3, None])
    array = _array(tf, dtype, 2).split(tf.sin(x), [1, 2])
    y = array.concat() * array.read(0)
    v = VALUE.astype(dtype)
    _check(tf, session, x, y, v, np.sin(v) * np.sin(v[:1]), dtype)
    uneven = _array(tf, dtype, 2).split(x, [1, 1]).flow
    with session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="sum of lengths"):
            sess.run(uneven, {x: v})


def _sizes(tf, session, dtype):
    array = _array(tf, dtype, 1, dynamic_size=True)
    grown = array.write(3, np.ones(2, dtype))
    with tf.control_dependencies([grown.flow]):
        closed = grown.close()
    with tf.control_dependencies([closed]):
        late = grown.size()
    with session() as sess:
        assert sess.run(array.size()) == 1
        assert sess.run(grown.size()) == 4
        sess.run(closed)
        with pytest.raises(tf.errors.InvalidArgumentError, match="closed"):
            sess.run(late)


def _gradient_arrays(tf, session, dtype):
    """Writes to an array of gradients add up; what nobody wrote is zero."""
    array = _array(tf, dtype, 2).unstack(tf.constant(np.ones((2, 3)), dtype))
    grad = array.grad("a")
    ones = tf.constant(np.ones(3), dtype)
    grad = grad.write(0, ones).write(0, 2 * ones)
    other = array.grad("b")
    wide, flow = apply("TensorArrayGradWithShape", array.handle, array.flow, [4], source="wide")
    behind = apply("TensorArrayReadV3", wide, 1, flow, dtype=tf.as_dtype(dtype))
    with session() as sess:
        _close(sess.run(grad.stack()), [[3] * 3, [0] * 3], dtype)
        _close(sess.run(other.stack()), np.zeros((2, 3)), dtype)
        assert sess.run(behind).shape == (4, 3)


stateful("TensorArrayV3", _write_and_read, _REAL, checks_gradient=True)
stateful("TensorArrayWriteV3", _write_and_read, _REAL, checks_gradient=True)
stateful("TensorArrayReadV3", _write_and_read, _REAL, checks_gradient=True)
stateful("TensorArrayScatterV3", _scatter_and_gather, _REAL, checks_gradient=True)
stateful("TensorArrayGatherV3", _scatter_and_gather, _REAL, checks_gradient=True)
stateful("TensorArraySplitV3", _split_and_concat, _REAL, checks_gradient=True)
stateful("TensorArrayConcatV3", _split_and_concat, _REAL, checks_gradient=True)
stateful("TensorArraySizeV3", _sizes, _REAL)
stateful("TensorArrayCloseV3", _sizes, _REAL)
stateful("TensorArrayGradV3", _gradient_arrays, _REAL)
stateful("TensorArrayGradWithShape", _gradient_arrays, _REAL)
