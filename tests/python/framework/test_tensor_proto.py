# SPDX-License-Identifier: Apache-2.0
"""Arrays as TensorProto and back."""

import numpy as np
import pytest

import caudal as tf

pytestmark = pytest.mark.no_graph
DTYPES = (
    "float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128 "
    "float16 bfloat16"
).split()


@pytest.mark.parametrize("name", DTYPES)
def test_there_and_back(name):
    dtype = tf.as_dtype(name)
    for value in ([[0, 1], [1, 0]], [1], 1, np.zeros([0, 3])):
        array = np.array(value).astype(dtype.as_numpy_dtype)
        message = tf.make_tensor_proto(array)
        assert message.dtype == dtype.as_datatype_enum
        again = tf.make_ndarray(message)
        assert again.dtype == array.dtype and again.shape == array.shape
        np.testing.assert_array_equal(again, array)
        np.testing.assert_array_equal(tf.make_ndarray(message.SerializeToString()), array)


def test_which_field_holds_the_values():
    raw = tf.make_tensor_proto([1.0, 2.0])
    assert len(raw.tensor_content) == 8 and not raw.float_val
    assert list(tf.make_tensor_proto(3.0).float_val) == [3.0]
    assert list(tf.make_tensor_proto([-1, 2], tf.int8).int_val) == []
    assert list(tf.make_tensor_proto(-1, tf.int8).int_val) == [-1]
    assert list(tf.make_tensor_proto([1, 2], tf.float16).half_val) == [15360, 16384]
    assert list(tf.make_tensor_proto([True, False]).bool_val) == [True, False]
    assert list(tf.make_tensor_proto([1 + 2j], tf.complex64).scomplex_val) == [1, 2]
    assert list(tf.make_tensor_proto(["a", b"\xff"]).string_val) == [b"a", b"\xff"]
    assert tf.make_tensor_proto(raw) is raw


def test_the_last_value_fills_the_shape():
    message = tf.make_tensor_proto(7, shape=[2, 3])
    assert list(message.int_val) == [7]
    np.testing.assert_array_equal(tf.make_ndarray(message), np.full([2, 3], 7))
    message.int_val.extend([8, 9])
    assert tf.make_ndarray(message).tolist() == [[7, 8, 9], [9, 9, 9]]
    del message.int_val[:]
    assert tf.make_ndarray(message).tolist() == [[0, 0, 0], [0, 0, 0]]
    text = tf.make_tensor_proto("x", shape=[2])
    assert tf.make_ndarray(text).tolist() == [b"x", b"x"]


def test_errors():
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[2, 1], verify_shape=True)
    with pytest.raises(ValueError, match="Too many elements"):
        tf.make_tensor_proto([1, 2, 3], shape=[2])
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[3], allow_broadcast=True)
    with pytest.raises(TypeError):
        tf.make_tensor_proto("a", tf.int32)
    message = tf.make_tensor_proto([1, 2])
    for sizes in ([-1], [3], [2, 2]):
        del message.tensor_shape.dim[:]
        for n in sizes:
            message.tensor_shape.dim.add(size=n)
        with pytest.raises(ValueError):
            tf.make_ndarray(message)
    with pytest.raises(TypeError, match="Unsupported tensor type"):
        tf.make_ndarray(type(message)(dtype=20))


def test_shapes():
    for shape in (tf.TensorShape(None), tf.TensorShape([2, None]), tf.TensorShape([])):
        message = shape.as_proto()
        assert str(tf.TensorShape(message)) == str(shape)
        assert message.unknown_rank == (shape.dims is None)
