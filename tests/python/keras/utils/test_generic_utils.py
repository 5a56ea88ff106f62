# SPDX-License-Identifier: Apache-2.0
"""Names that stand for objects, functions as text, helpers for lists."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caudal.keras.utils import generic_utils as g


class Thing:
    def __init__(self, size=1):
        self.size = size

    def get_config(self):
        return {"size": self.size}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Demanding(Thing):
    @classmethod
    def from_config(cls, config, custom_objects=None):
        made = cls(**config)
        made.seen = custom_objects
        return made


def test_objects_come_back():
    described = g.serialize_keras_object(Thing(3))
    assert described == {"class_name": "Thing", "config": {"size": 3}}
    for where in ({"module_objects": {"Thing": Thing}}, {"custom_objects": {"Thing": Thing}}):
        assert g.deserialize_keras_object(described, **where).size == 3
    with g.CustomObjectScope({"Thing": Thing}):
        assert g.deserialize_keras_object(described).size == 3
    with pytest.raises(ValueError, match="Unknown object: Thing"):
        g.deserialize_keras_object(described)


def test_custom_objects_are_handed_to_those_that_take_them():
    described = {"class_name": "Demanding", "config": {"size": 2}}
    with g.custom_object_scope({"Demanding": Demanding}, {"other": 1}):
        made = g.deserialize_keras_object(described, custom_objects={"own": 2})
    assert made.seen == {"Demanding": Demanding, "other": 1, "own": 2}


def test_functions_have_names():
    assert g.serialize_keras_object(len) == "len"
    assert g.deserialize_keras_object("len", {"len": len}) is len
    assert g.deserialize_keras_object("len", {"len": len}, {"len": max}) is max
    made = g.deserialize_keras_object({"class_name": "dict", "config": {"a": 1}}, {"dict": dict})
    assert made == {"a": 1}
    assert g.serialize_keras_object(None) is None


@pytest.mark.parametrize(
    "identifier", [3, None, {"config": {}}, {"class_name": "Thing"}, "nothing"]
)
def test_what_is_no_description(identifier):
    with pytest.raises(ValueError):
        g.deserialize_keras_object(identifier, {"Thing": Thing}, printable_module_name="thing")
    with pytest.raises(ValueError):
        g.serialize_keras_object(3)


def test_scopes_nest_and_end_with_an_error():
    g.get_custom_objects()["outer"] = 1
    with pytest.raises(RuntimeError):
        with g.CustomObjectScope({"inner": 2}):
            assert g.get_custom_objects() == {"outer": 1, "inner": 2}
            raise RuntimeError
    assert g.get_custom_objects() == {"outer": 1}
    g.get_custom_objects().clear()


def test_code_of_functions_goes_through_json():
    offset = 5

    def function(x, factor=2):
        return factor * x + offset

    text = json.dumps(g.func_dump(function))
    assert g.func_load(json.loads(text))(10) == 25
    code, defaults, closure = g.func_dump(function)
    assert g.func_load(code, (3,), closure)(10) == 35
    assert g.func_load(g.func_dump(lambda: np.pi), globs={"np": np})() == np.pi


@pytest.mark.parametrize("code", ["", "bm90IGNvZGU=\n", "\u1234", "yes"])
def test_code_of_another_python(code):
    with pytest.raises(ValueError, match="version of Python"):
        g.func_load(code)


@given(st.recursive(st.integers(), lambda x: st.lists(x, max_size=3) | st.tuples(x), max_leaves=8))
def test_lists(x):
    assert g.to_list(x) == (x if isinstance(x, list) else [x])
    assert g.to_list(x, allow_tuple=True) == (list(x) if isinstance(x, (list, tuple)) else [x])
    assert g.is_all_none(x) == (isinstance(x, (list, tuple)) and not x)


def test_nothing_but_none():
    assert g.is_all_none(None) and g.is_all_none([None, None]) and g.is_all_none((None,))
    assert not g.is_all_none([None, 0])
    assert g.unpack_singleton([3]) == 3 and g.unpack_singleton((3, 4)) == (3, 4)


def test_rows_of_arrays():
    a, b = np.arange(5), np.arange(10).reshape(5, 2)
    assert g.slice_arrays(None) == [None]
    np.testing.assert_array_equal(g.slice_arrays(a, 1, 3), [1, 2])
    np.testing.assert_array_equal(g.slice_arrays(a, np.array([4, 0])), [4, 0])
    rows = g.slice_arrays([a, None, b], [0, 2])
    assert rows[1] is None
    np.testing.assert_array_equal(rows[2], [[0, 1], [4, 5]])
    np.testing.assert_array_equal(g.slice_arrays([b], 3)[0], [[6, 7], [8, 9]])
    with pytest.raises(ValueError):
        g.slice_arrays([a], [0], 3)


def test_object_ids():
    a, b = object(), object()
    assert g.object_list_uid([a, b]) == "%d, %d" % (id(a), id(b))
    assert g.object_list_uid(a) == g.object_list_uid([a])


@pytest.mark.parametrize("kind", [tuple, list])
def test_orders_of_axes(kind):
    shape = kind((2, 5, 6, 3))
    assert g.transpose_shape(shape, "channels_last", (1, 2)) == shape
    assert g.transpose_shape(shape, "channels_first", (1, 2)) == kind((2, 3, 5, 6))
    with pytest.raises(ValueError, match="channels_first"):
        g.transpose_shape(shape, "channels_middle", (1, 2))


def test_unexpected_keys():
    g.check_for_unexpected_keys("loss", {"a": 1}, ["a", "b"])
    with pytest.raises(ValueError, match=r"loss dictionary: \['c'\].*\['a', 'b'\]"):
        g.check_for_unexpected_keys("loss", {"a": 1, "c": 1}, ["a", "b"])


@pytest.mark.parametrize("function, name, accept_all, expected", [
    (lambda x: x, "x", False, True),
    (lambda x: x, "y", True, False),
    (lambda *x: x, "x", True, False),
    (lambda *, x: x, "x", False, True),
    (lambda x, /: x, "x", False, False),
    (lambda **x: x, "y", False, False),
    (lambda **x: x, "y", True, True),
    (np.full, "fill_value", False, True),
    (Thing, "size", False, True),
])  # fmt: skip
def test_arguments_of_functions(function, name, accept_all, expected):
    assert g.has_arg(function, name, accept_all) is expected
