# SPDX-License-Identifier: Apache-2.0
import collections

import pytest

import caudal as tf
from caudal.framework import nest

P = collections.namedtuple("P", ["x", "y"])


def test_flatten_and_pack():
    s = {"b": [1, (2, 3)], "a": P(4, collections.OrderedDict([("z", 5), ("k", 6)]))}
    assert nest.flatten(s) == [4, 6, 5, 1, 2, 3]
    assert nest.pack_sequence_as(s, nest.flatten(s)) == s
    assert nest.flatten("abc") == ["abc"] and nest.flatten(3) == [3] and nest.flatten([]) == []
    assert nest.pack_sequence_as(1, [2]) == 2
    assert list(nest.pack_sequence_as(s, range(6))["a"].y) == ["z", "k"]
    with pytest.raises(ValueError, match="Could not pack"):
        nest.pack_sequence_as([1, 2], [1])
    with pytest.raises(TypeError):
        nest.pack_sequence_as([1, 2], 3)


def test_map_structure():
    assert nest.map_structure(lambda a, b: a + b, [1, {"k": 2}], [10, {"k": 20}]) == [11, {"k": 22}]
    assert nest.map_structure(str, P(1, [2])) == P("1", ["2"])
    with pytest.raises(TypeError):
        nest.map_structure(3, [1])
    with pytest.raises(ValueError):
        nest.map_structure(str)


@pytest.mark.parametrize(
    "a, b, error",
    [
        ([1, 2], [1], ValueError), ([1], 1, ValueError), ([1], (1,), TypeError),
        ({"a": 1}, {"b": 1}, ValueError), ([[1]], [1], ValueError),
        (P(1, 2), (1, 2), TypeError),
    ],
)  # fmt: skip
def test_assert_same_structure(a, b, error):
    with pytest.raises(error, match="same nested structure"):
        nest.assert_same_structure(a, b)


def test_same_structure_without_types():
    nest.assert_same_structure([1], (1,), check_types=False)
    nest.assert_same_structure({"a": 1}, collections.OrderedDict(a=2))
    nest.assert_same_structure(P(1, 2), collections.namedtuple("P", ["x", "y"])(3, 4))


def test_up_to_and_paths():
    assert nest.flatten_up_to([0, 0], [[1, 2], 3]) == [[1, 2], 3]
    assert nest.map_structure_up_to([0, 0], len, [[1, 2], [3]]) == [2, 1]
    assert nest.flatten_with_joined_string_paths({"a": [1, 2]}) == [("a/0", 1), ("a/1", 2)]
    assert nest.flatten_dict_items({(4, 5): (1, 2), 6: 3}) == {4: 1, 5: 2, 6: 3}
    with pytest.raises(ValueError):
        nest.flatten_dict_items({(4, 5): (1, 2), 4: 3})


def test_composites():
    one, other = (tf.SparseTensor([[0]], [v], [2]) for v in (1.0, 2.0))
    integer = tf.SparseTensor([[0]], [1], [2])
    nest.assert_same_structure([one], [other], expand_composites=True)
    for wrong in (integer, one.values):
        with pytest.raises(ValueError):
            nest.assert_same_structure([one], [wrong], expand_composites=True)
    assert len(nest.flatten_up_to([one], [other], expand_composites=True)) == 3
    paths = nest.flatten_with_joined_string_paths({"x": one}, expand_composites=True)
    assert [path for path, _ in paths] == ["x/SparseTensor/%d" % i for i in range(3)]
    with pytest.raises(TypeError):
        nest.flatten_up_to([one], [one.values], expand_composites=True)
