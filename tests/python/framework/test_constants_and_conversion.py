# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

import caudal as tf
from caudal.framework import ops, tensor_util


def value(*args, **kwargs):
    return tf.Session().run(tf.constant(*args, **kwargs))


@pytest.mark.parametrize(
    "given, dtype",
    [
        (1, tf.int32), (2**31, tf.int64), (1.5, tf.float32), (True, tf.bool), ("a", tf.string),
        (b"a", tf.string), (1j, tf.complex128), ([], tf.float32), ([1, 2.5], tf.float32),
        ([True, 1], tf.int32), (np.float64(1), tf.float64), (np.array([1, 2]), tf.int64),
        ([np.int64(1), 2], tf.int32), ([np.float64(1), 2.0], tf.float32), ((1, 2), tf.int32),
        ([(1, 2), [3, 4]], tf.int32), (np.array(["a", "b"]), tf.string),
        (np.float16(1), tf.float16),
        (["a", b"b"], tf.string), (tf.TensorShape([2, 3]), tf.int32),
        ([tf.Dimension(2), 3], tf.int32),
    ],
)  # fmt: skip
def test_inferred_dtype(given, dtype):
    c = tf.constant(given)
    assert c.dtype is dtype
    assert c.shape.as_list() == list(
        np.shape(given) if not isinstance(given, tf.TensorShape) else (2,)
    )


def test_values_and_fill():
    np.testing.assert_array_equal(value([1, 2], shape=[2, 2]), [[1, 2], [2, 2]])
    np.testing.assert_array_equal(value(7, shape=[3]), [7, 7, 7])
    np.testing.assert_array_equal(value([1, 2, 3, 4], shape=[2, 2]), [[1, 2], [3, 4]])
    assert value([[]]).shape == (1, 0) and value([], shape=[0, 2]).shape == (0, 2)
    assert value("é") == "é".encode() and value(True, tf.float32) == np.float32(1)
    assert value(np.array([1.9, 2]), tf.int32).tolist() == [1, 2]
    assert value(["a", "bc"]).tolist() == [b"a", b"bc"]
    with tf.name_scope("s"):
        assert tf.constant(1, name="k").name == "s/k:0" and tf.constant(1).name == "s/Const:0"


@pytest.mark.parametrize(
    "args, error, text",
    [
        (([1, "a"],), TypeError, "Failed to convert"),
        (([1, None],), TypeError, "Failed to convert"),
        ((object(),), TypeError, "Failed to convert"),
        ((2**70,), TypeError, "Failed to convert"),
        (([[1, 2], [3]],), ValueError, "dense tensor"),
        (([[1.0], 2],), ValueError, "dense tensor"),
        ((None,), ValueError, "None values not supported"),
        (("a", tf.float32), TypeError, "Expected float32, got 'a' of type 'str' instead"),
        ((1.5, tf.int32), TypeError, "Expected int32, got 1.5 of type 'float' instead"),
        ((3, tf.string), TypeError, "Expected string, got 3"),
        ((1, tf.bool), TypeError, "Expected bool, got 1"),
        (([1, 2, 3], None, [2]), ValueError, "Too many elements"),
        (([1, 2], None, [3], "c", True), TypeError, "Expected Tensor's shape"),
    ],
)
def test_constant_errors(args, error, text):
    with pytest.raises(error, match=text):
        tf.constant(*args)


def test_constant_of_tensors_is_refused():
    x = tf.constant(1.0)
    for bad in (x, [x], [[x]]):
        with pytest.raises(TypeError, match="List of Tensors"):
            tf.constant(bad)


def test_convert_passes_tensors_and_checks_dtypes():
    x = tf.constant(1.0)
    assert tf.convert_to_tensor(x) is x
    with pytest.raises(ValueError, match="Tensor conversion requested dtype int32"):
        tf.convert_to_tensor(x, tf.int32)
    with pytest.raises(TypeError, match="Can't convert Operation"):
        tf.convert_to_tensor(x.op)
    with pytest.raises(ValueError, match="None values"):
        tf.convert_to_tensor(None)
    assert tf.convert_to_tensor(1, preferred_dtype=tf.float32).dtype is tf.float32
    assert tf.convert_to_tensor(1.5, preferred_dtype=tf.int32).dtype is tf.float32
    assert tf.convert_to_tensor(x.shape).dtype is tf.int32
    with pytest.raises(ValueError, match="partially known"):
        tf.convert_to_tensor(tf.TensorShape([None]))


def test_lists_with_tensors_are_packed():
    x = tf.constant(2.0)
    packed = tf.convert_to_tensor([[x, 1.0], [3.0, x]])
    assert packed.name == "packed:0" and packed.shape.as_list() == [2, 2]
    np.testing.assert_array_equal(tf.Session().run(packed), [[2, 1], [3, 2]])
    np.testing.assert_array_equal(tf.Session().run(tf.convert_to_tensor([x, 1], tf.int32)), [2, 1])
    with pytest.raises(TypeError, match="containing a tensor of dtype"):
        tf.convert_to_tensor([x, tf.constant(1)])


def test_registered_conversions():
    class Celsius:
        def __init__(self, degrees):
            self.degrees = degrees

    def convert(v, dtype=None, name=None, as_ref=False):
        if dtype not in (None, tf.float32):
            return NotImplemented
        return tf.constant(float(v.degrees), name=name)

    tf.register_tensor_conversion_function(Celsius, convert)
    assert tf.Session().run(tf.constant(1.0) + Celsius(20)) == 21
    with pytest.raises(TypeError):
        tf.convert_to_tensor(Celsius(1), tf.int32)
    with pytest.raises(TypeError):
        tf.register_tensor_conversion_function(3, convert)
    with pytest.raises(TypeError):
        tf.register_tensor_conversion_function(Celsius, 3)


def test_indexed_slices_become_dense():
    s = tf.IndexedSlices(
        tf.constant([[1.0], [2.0], [3.0]]), tf.constant([0, 2, 0]), tf.constant([4, 1])
    )
    np.testing.assert_array_equal(tf.Session().run(tf.convert_to_tensor(s))[:, 0], [4, 0, 2, 0])
    fetched = tf.Session().run(s)
    assert fetched.indices.tolist() == [0, 2, 0] and fetched.dense_shape.tolist() == [4, 1]
    with pytest.raises(ValueError, match="without dense_shape"):
        tf.convert_to_tensor(tf.IndexedSlices(s.values, s.indices))
    assert ops.convert_to_tensor_or_indexed_slices(s) is s


def test_static_values():
    x = tf.placeholder(tf.float32, [3, None])
    assert tensor_util.constant_value(x) is None
    assert tensor_util.constant_value(tf.constant([1, 2])).tolist() == [1, 2]
    assert tensor_util.constant_value(tf.shape(tf.zeros([2, 3]))).tolist() == [2, 3]
    assert tensor_util.constant_value_as_shape(tf.shape(x)).as_list() == [3, None]
    stacked = tf.stack([tf.constant(1), tf.shape(x)[1]])
    assert tensor_util.constant_value(stacked) is None
    assert list(tensor_util.constant_value(stacked, partial=True)) == [1, None]
    assert tf.is_tensor(x) and not tf.is_tensor(1.0) and not tf.is_tensor(np.zeros(2))


def test_integers_wrap_around_as_in_c():
    with tf.Session() as session:
        for value, dtype, stored in [
            (-(2**31) - 1, tf.int32, 2**31 - 1),
            (300, tf.uint8, 44),
            (-1, tf.uint8, 255),
            ([3000, 1], tf.int8, [-72, 1]),
            ([2**40, 1], tf.int32, [0, 1]),
        ]:
            assert session.run(tf.constant(value, dtype)).tolist() == stored
    with pytest.raises(ValueError, match="out of range"):
        tf.constant(2**63, tf.int64)


def test_paddings_that_are_partly_known():
    x, n = tf.zeros([2, 3, 5]), tf.placeholder(tf.int32, [])
    assert tf.pad(x, [[0, n], [0, 0], [1, 0]]).shape.as_list() == [None, 3, 6]
    assert tf.pad(x, tf.stack([[0, n], [2, 0], [0, 0]]), "REFLECT").shape.as_list() == [None, 5, 5]
    assert tf.pad(x, [[0, 2 - tf.rank(x)], [0, 0], [0, 0]]).shape.as_list()[1:] == [3, 5]
    assert tf.pad(tf.placeholder(tf.float32), [[0, n]]).shape.as_list() == [None]
