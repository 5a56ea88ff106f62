# SPDX-License-Identifier: Apache-2.0
"""Dtypes that NumPy lacks or that are computed in a wider one: in, through and out of a graph."""

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

import caudal as tf

HALVES = [tf.float16, tf.bfloat16]
NUMBERS = [
    tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64,
    tf.uint8, tf.uint16, tf.uint32, tf.uint64, tf.complex64, tf.complex128,
]  # fmt: skip
ids = [t.name for t in NUMBERS]


def run(*tensors, feed=None):
    with tf.Session() as session:
        values = session.run(list(tensors), feed)
    return values if len(values) > 1 else values[0]


def test_importing_does_not_load_ml_dtypes():
    code = "import sys, caudal; assert 'ml_dtypes' not in sys.modules; caudal.bfloat16.limits"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bfloat16_is_that_of_ml_dtypes():
    assert tf.bfloat16.as_numpy_dtype is ml_dtypes.bfloat16
    assert tf.as_dtype(ml_dtypes.bfloat16) is tf.bfloat16
    assert tf.as_dtype(np.dtype(ml_dtypes.bfloat16)) is tf.bfloat16
    value = run(tf.constant([1.5, 2], tf.bfloat16))
    assert value.dtype == ml_dtypes.bfloat16 and value.tolist() == [1.5, 2]
    assert isinstance(run(tf.constant(1.5, tf.bfloat16)), ml_dtypes.bfloat16)


@pytest.mark.parametrize("dtype", NUMBERS, ids=ids)
def test_feeds_of_every_layout(dtype):
    x = tf.placeholder(dtype, [None, None])
    y = tf.transpose(x)
    base = np.arange(12).reshape(3, 4).astype(dtype.as_numpy_dtype)
    for value in (base, base[::2], base[:, ::-1], np.asfortranarray(base), base.tolist()):
        got = run(y, feed={x: value})
        assert got.dtype == dtype.as_numpy_dtype
        np.testing.assert_array_equal(got, np.transpose(np.asarray(value)))


@pytest.mark.parametrize("dtype", NUMBERS, ids=ids)
def test_scalars(dtype):
    x = tf.placeholder(dtype, [])
    for value in (3, dtype.as_numpy_dtype(3), np.array(3, dtype.as_numpy_dtype)):
        got = run(tf.identity(x), feed={x: value})
        assert got == 3 and np.asarray(got).dtype == dtype.as_numpy_dtype
    got = run(tf.constant(dtype.as_numpy_dtype(3)))
    assert got == 3 and np.asarray(got).dtype == dtype.as_numpy_dtype


@pytest.mark.parametrize("dtype", [tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32])
def test_quantised_dtypes_are_stored(dtype):
    value = np.array([(1,), (2,), (100,)], dtype.as_numpy_dtype)
    c = tf.constant(value)
    x = tf.placeholder(dtype, [3])
    assert c.dtype == dtype
    for tensor in (c, tf.identity(x), tf.concat([x[:1], c[1:]], 0)):
        assert run(tensor, feed={x: value}).tolist() == [1, 2, 100]
    # As in TensorFlow, what comes out is plain.
    assert run(c).dtype.names is None


def test_records_are_no_tensors():
    with pytest.raises(TypeError):
        tf.constant(np.zeros(2, [("a", np.int8), ("b", np.int8)]))
    with pytest.raises(TypeError):
        tf.constant(np.zeros(2, "M8[s]"))


def test_casts_beyond_the_range():
    x = tf.constant([300.0, -1.0, -129.0, np.nan, 1e20])
    assert run(tf.cast(x, tf.int8)).tolist() == [44, -1, 127, 0, 0]
    assert run(tf.cast(x, tf.uint16)).tolist() == [300, 65535, 65407, 0, 0]
    assert run(tf.cast(x, tf.uint64)).tolist() == [300, 2**64 - 1, 2**64 - 129, 2**63, 0]
    assert run(tf.cast(tf.constant([1e10, -1e10, 2049.0]), tf.float16)).tolist() == [
        np.inf, -np.inf, 2048,
    ]  # fmt: skip
    assert run(tf.cast(tf.constant([2**63], tf.uint64), tf.float64)).tolist() == [2.0**63]
    assert run(tf.cast(tf.constant([1 + 2j]), tf.int16)).tolist() == [1]
    assert run(tf.cast(tf.constant([False, True]), tf.bfloat16)).tolist() == [0, 1]


def test_casts_that_cut():
    from caudal.framework.op_factory import apply

    x = tf.constant([1.00390625, 1.01171875, 3.3e38, np.inf, -1.01171875])
    cut = apply("Cast", x, DstT=tf.bfloat16, Truncate=True)
    assert run(cut).tolist()[:2] == [1.0, 1.0078125] and run(cut).tolist()[3] == np.inf
    assert run(tf.cast(x, tf.bfloat16)).tolist()[:2] == [1.0, 1.015625]


def test_saturating_casts():
    x = tf.constant([1e10, -5.0])
    assert run(tf.saturate_cast(x, tf.int8)).tolist() == [127, -5]
    assert run(tf.saturate_cast(x, tf.uint16)).tolist() == [65535, 0]
    assert run(tf.saturate_cast(x, tf.float16)).tolist() == [65504, -5]


def test_bitcasts_that_change_the_size():
    words = np.arange(16, dtype=np.uint8).reshape(2, 8)
    for dtype in (tf.uint64, tf.complex64, tf.float64, tf.int64):
        got = run(tf.bitcast(words, dtype))
        assert got.shape == (2,) and got.tobytes() == words.tobytes()
        assert run(tf.bitcast(tf.constant(got), tf.uint8)).tolist() == words.tolist()
    for dtype in (tf.float16, tf.bfloat16, tf.int16):
        got = run(tf.bitcast(words.reshape(8, 2), dtype))
        assert got.shape == (8,) and got.tobytes() == words.tobytes()
    with pytest.raises(ValueError):
        tf.bitcast(words, tf.complex128)


def test_operators_convert_python_numbers():
    for dtype in HALVES:
        y = (tf.constant([1, 2], dtype) * 2 + 0.5) / 2 - 1
        assert y.dtype == dtype and run(y).tolist() == [0.25, 1.25]
    x = tf.constant([100, -3], tf.int8)
    assert run(x + x).tolist() == [-56, -6] and run(x // 2).tolist() == [50, -2]
    assert run(tf.constant([1, 2], tf.int8) / 2).dtype == np.float32
    with pytest.raises(TypeError):
        tf.constant(1, tf.float16) + tf.constant(1, tf.bfloat16)
    assert run(tf.range(0, 5, 2, dtype=tf.bfloat16)).tolist() == [0, 2, 4]


def test_order_among_large_uint64():
    x = np.array([1, 2**63, 2**64 - 1, 5], np.uint64)
    t = tf.constant(x)
    got = run(tf.reduce_max(t), tf.reduce_min(t), tf.argmax(t), tf.nn.top_k(t, 2).values)
    assert got[0] == 2**64 - 1 and got[1] == 1 and got[2] == 2
    assert got[3].tolist() == [2**64 - 1, 2**63]
    assert run(tf.reduce_sum(t)) == x.sum()


def test_extremes_over_nothing():
    assert run(tf.reduce_max(tf.zeros([0], tf.int8))) == -128
    assert run(tf.reduce_min(tf.zeros([0], tf.uint16))) == 65535
    assert run(tf.reduce_max(tf.zeros([0], tf.uint64))) == 0
    assert run(tf.reduce_max(tf.zeros([0], tf.float16))) == -np.inf


# Seeds (3, 1), from TensorFlow.
STREAMS = {
    ("float16", "random_uniform"): (0.9423828, 0.3232422, 0.2998047, 0.43066406),
    ("float16", "random_normal"): (-0.02352905, -0.7080078, 0.79052734, 0.56103516),
    ("float16", "truncated_normal"): (-0.02352905, -0.7080078, 0.79052734, 0.56103516),
    ("bfloat16", "random_uniform"): (0.5390625, 0.5859375, 0.3984375, 0.4453125),
    ("bfloat16", "random_normal"): (-0.02355957, -0.70703125, 0.7890625, 0.5625),
    ("bfloat16", "truncated_normal"): (-0.02355957, -0.70703125, 0.7890625, 0.5625),
}


@pytest.mark.parametrize("dtype, name", STREAMS)
def test_random_streams(dtype, name):
    tf.set_random_seed(3)
    got = run(getattr(tf, name)([6], dtype=dtype, seed=1))[:4].astype(np.float64)
    np.testing.assert_allclose(got, STREAMS[dtype, name], rtol=1e-6)


@pytest.mark.parametrize("dtype", HALVES)
def test_training_in_half_precision(dtype):
    x = np.linspace(-1, 1, 64).reshape(32, 2)
    w = tf.get_variable("w", [2, 1], dtype, tf.glorot_uniform_initializer(seed=1))
    b = tf.get_variable("b", [1], dtype, tf.zeros_initializer())
    y = tf.nn.bias_add(tf.matmul(tf.constant(x, dtype), w), b)
    loss = tf.reduce_mean(tf.square(y - tf.constant(x.sum(1, keepdims=True) + 1, dtype)))
    train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = float(session.run(loss))
        for _ in range(60):
            session.run(train)
        assert float(session.run(loss)) < 0.02 * before
        assert session.run(w).dtype == dtype.as_numpy_dtype


def test_variables_of_every_dtype():
    for dtype in NUMBERS:
        v = tf.get_variable("v_" + dtype.name, [3], dtype, tf.ones_initializer())
        with tf.Session() as session:
            session.run(v.initializer)
            session.run(tf.scatter_update(v, [1], [tf.constant(5, dtype)]))
            got = session.run(v)
        assert got.dtype == dtype.as_numpy_dtype and got.tolist() == [1, 5, 1]


def test_a_narrow_result_takes_the_memory_of_its_input():
    x = tf.placeholder(tf.float16, [1000])
    y = x
    for _ in range(6):
        y = tf.reduce_max(tf.stack([tf.abs(y) * 2, y]), 0) - 1
    value = np.linspace(-1, 1, 1000).astype(np.float16)
    want = value
    for _ in range(6):
        want = np.maximum(np.abs(want) * np.float16(2), want) - np.float16(1)
    np.testing.assert_array_equal(run(y, feed={x: value}), want)
