# SPDX-License-Identifier: Apache-2.0
import copy
import pickle

import numpy as np
import pytest

import caudal as tf
from caudal.framework import dtypes


@pytest.mark.parametrize("enum", range(1, 24))
def test_every_dtype_has_name_number_and_reference(enum):
    dtype = tf.as_dtype(enum)
    assert dtype.as_datatype_enum == enum and tf.as_dtype(dtype.name) is dtype
    ref = dtype._as_ref
    assert ref.as_datatype_enum == enum + 100 and ref.base_dtype is dtype
    assert ref.name == dtype.name + "_ref" and tf.as_dtype(ref.name) is ref
    assert ref != dtype and dtype.is_compatible_with(ref) and not ref.is_compatible_with(dtype)
    assert pickle.loads(pickle.dumps(dtype)) is dtype and copy.deepcopy(dtype) is dtype


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.float32, tf.float32), (np.dtype("f8"), tf.float64), ("float", tf.float32),
        ("half", tf.float16), (float, tf.float32), (int, tf.int64), (bool, tf.bool),
        (str, tf.string), (object, tf.string), (np.dtype("U3"), tf.string),
        (np.dtype(">i4"), tf.int32),
        (np.bool_, tf.bool), (np.longlong, tf.int64), ("complex64", tf.complex64), (3, tf.int32),
    ],
)  # fmt: skip
def test_as_dtype(value, expected):
    assert tf.as_dtype(value) is expected
    assert expected == value


@pytest.mark.parametrize(
    "value", [None, "floaty", 99, [1], {}, np.dtype([("a", "f4"), ("b", "f4")])]
)
def test_as_dtype_refuses(value):
    with pytest.raises(TypeError, match="Cannot convert value"):
        tf.as_dtype(value)


def test_dtype_properties():
    assert tf.float32.is_floating and not tf.float32.is_integer and tf.float32.size == 4
    assert tf.uint8.is_unsigned and tf.uint8.min == 0 and tf.uint8.max == 255
    assert tf.qint8.is_quantized and not tf.qint8.is_integer
    assert tf.complex64.real_dtype is tf.float32 and tf.complex128.is_complex
    assert tf.bool.is_bool and not tf.bool.is_integer
    assert tf.string.as_numpy_dtype is np.object_
    assert repr(tf.float32) == "tf.float32" and str(tf.int64) == "<dtype: 'int64'>"
    assert tf.float32 != tf.float64 and tf.float32 != "int32" and tf.float32 != object()
    assert {tf.float32: 1}[tf.float32] == 1 and dtypes.float32_ref.base_dtype is tf.float32
    with pytest.raises(TypeError):
        _ = tf.string.max


def test_dimensions():
    two, unknown = tf.Dimension(2), tf.Dimension(None)
    assert two == 2 and two != 3 and int(two) == 2 and (unknown == 2) is None
    assert (two + 1).value == 3 and (5 - two).value == 3 and (two * unknown).value is None
    assert (7 // two).value == 3 and (7 % two).value == 1 and two < 3 and list(range(two)) == [0, 1]
    assert two.merge_with(unknown).value == 2
    with pytest.raises(ValueError, match="not compatible"):
        two.merge_with(3)
    with pytest.raises(TypeError, match="use //"):
        _ = 7 / two
    with pytest.raises(ValueError, match=">= 0"):
        tf.Dimension(-1)
    with pytest.raises(ValueError):
        tf.Dimension("a")
    with pytest.raises(TypeError):
        int(unknown)


def test_shapes_as_in_tensorflow():
    s = tf.TensorShape([2, None])
    assert str(s) == "(2, ?)" and repr(s) == "TensorShape([Dimension(2), Dimension(None)])"
    assert str(tf.TensorShape([3])) == "(3,)" and str(tf.TensorShape(None)) == "<unknown>"
    assert isinstance(s[0], tf.Dimension) and s[0].value == 2 and s[1].value is None
    assert s[1:].as_list() == [None] and s.ndims == 2 and len(s) == 2 and s.num_elements() is None
    assert tf.TensorShape([2, 3]).num_elements() == 6 and tf.TensorShape([]).num_elements() == 1
    assert s.merge_with([None, 5]).as_list() == [2, 5]
    assert s.concatenate([4]).as_list() == [2, None, 4]
    assert (s + [1]).as_list() == [2, None, 1] and ([1] + s).as_list() == [1, 2, None]
    assert tf.TensorShape([2, 3]) == [2, 3] and tf.TensorShape([2, 3]) != [2, 4]
    assert s != tf.TensorShape([2, None])  # unknown sizes equal nothing
    assert tf.TensorShape(None) == tf.TensorShape(None) and not tf.TensorShape(None)
    assert tf.TensorShape(5).as_list() == [5] and tf.TensorShape(np.array([1, 2])).as_list() == [
        1,
        2,
    ]
    assert tf.TensorShape(None)[1:3].as_list() == [None, None]
    assert s.most_specific_compatible_shape([2, 7]).as_list() == [2, None]
    assert pickle.loads(pickle.dumps(s)).as_list() == [2, None]
    assert s.is_compatible_with([2, 9]) and not s.is_compatible_with([3, 9])


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda s: tf.TensorShape(None).as_list(), "as_list"),
        (lambda s: len(tf.TensorShape(None)), "unknown rank"),
        (lambda s: s.with_rank(3), "must have rank 3"),
        (lambda s: s.with_rank_at_least(3), "rank at least 3"),
        (lambda s: s.with_rank_at_most(1), "rank at most 1"),
        (lambda s: s.assert_has_rank(1), "must have rank 1"),
        (lambda s: s.assert_is_fully_defined(), "not fully defined"),
        (lambda s: s.assert_is_compatible_with([1]), "incompatible"),
        (lambda s: s.assert_same_rank([1]), "same rank"),
        (lambda s: s.merge_with([3, 3]), "not compatible"),
        (lambda s: tf.TensorShape([-1]), ">= 0"),
    ],
)
def test_shape_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call(tf.TensorShape([2, None]))
