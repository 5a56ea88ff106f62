# SPDX-License-Identifier: Apache-2.0
"""Ragged tensors: how they are made, what they give, what is refused."""

import numpy as np
import pytest

import caudal as tf

R = tf.RaggedTensor
VALUES = [3, 1, 4, 1, 5, 9, 2, 6]
ROWS = [[3, 1, 4, 1], [], [5, 9, 2], [6], []]


def run(x, feed=None):
    with tf.Session() as sess:
        value = sess.run(x, feed)
    return value.to_list() if hasattr(value, "to_list") else value.tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda: R.from_row_splits(VALUES, [0, 4, 4, 7, 8, 8]),
        lambda: R.from_row_lengths(VALUES, [4, 0, 3, 1, 0]),
        lambda: R.from_row_starts(VALUES, [0, 4, 4, 7, 8]),
        lambda: R.from_row_limits(VALUES, [4, 4, 7, 8, 8]),
        lambda: R.from_value_rowids(VALUES, [0, 0, 0, 0, 2, 2, 2, 3], nrows=5),
        lambda: R.from_tensor(
            [[3, 1, 4, 1], [0] * 4, [5, 9, 2, 0], [6, 0, 0, 0], [0] * 4], padding=0
        ),
        lambda: tf.ragged.constant(ROWS),
    ],
)
def test_one_tensor_made_in_many_ways(make):
    x = make()
    assert run(x) == ROWS
    assert run(x.row_lengths()) == [4, 0, 3, 1, 0] and run(x.nrows()) == 5
    assert run(x.value_rowids()) == [0, 0, 0, 0, 2, 2, 2, 3]
    assert run(x.to_tensor(-1))[3] == [6, -1, -1, -1] and run(x.bounding_shape()) == [5, 4]
    assert x.shape.rank == 2 and x.ragged_rank == 1


def test_two_ragged_dimensions():
    rows = [[[1, 2], [3]], [], [[4, 5, 6]]]
    x = tf.ragged.constant(rows)
    assert run(x) == rows and x.ragged_rank == 2 and x.shape.as_list() == [3, None, None]
    assert run(R.from_nested_row_splits([1, 2, 3, 4, 5, 6], [[0, 2, 2, 3], [0, 2, 3, 6]])) == rows
    assert run(x.to_tensor()) == [[[1, 2, 0], [3, 0, 0]], [[0] * 3] * 2, [[4, 5, 6], [0] * 3]]
    with tf.Session() as sess:
        sparse = sess.run(x.to_sparse())
    assert sparse.indices.tolist()[2:4] == [[0, 1, 0], [2, 0, 0]]
    assert sparse.dense_shape.tolist() == [3, 2, 3]
    assert run(x[2]) == [[4, 5, 6]] and run(x[0, 0]) == [1, 2]
    assert run(x[:, :, 1:]) == [[[2], []], [], [[5, 6]]]


def test_slices_and_arithmetic():
    x = tf.ragged.constant(ROWS)
    assert run(x[::-1]) == ROWS[::-1] and run(x[1:3]) == ROWS[1:3] and run(x[-2]) == [6]
    assert run(x[:, :2]) == [r[:2] for r in ROWS] and run(x[:, -2:]) == [r[-2:] for r in ROWS]
    assert run(x[:, ::2]) == [r[::2] for r in ROWS]
    assert run(2 * x + 1) == [[2 * v + 1 for v in r] for r in ROWS]
    assert run(tf.ragged.map_flat_values(tf.square, x)) == [[v * v for v in r] for r in ROWS]
    assert run(tf.ragged.range([0, 5, 8], [3, 3, 12], 2)) == [[0, 2], [], [8, 10]]


def test_placeholders():
    x = tf.ragged.placeholder(tf.int64, 1)
    value = tf.ragged.constant_value(ROWS, dtype=np.int64)
    assert run(x, {x: value}) == ROWS and run(x.row_lengths(), {x: value})[2] == 3


def test_strings_in_pieces():
    assert run(tf.strings.bytes_split(["ab", "", "c"])) == [[b"a", b"b"], [], [b"c"]]
    points = tf.strings.unicode_decode(["né", "x"], "UTF-8")
    assert run(points) == [[110, 233], [120]]
    assert run(tf.strings.unicode_encode(points, "UTF-8")) == ["né".encode(), b"x"]
    assert run(tf.strings.split(["a b", "c"], result_type="RaggedTensor")) == [[b"a", b"b"], [b"c"]]


def test_refusals():
    cases = [
        (ValueError, "private", lambda: R(tf.constant([1]), tf.constant([0, 1]))),
        (ValueError, "may not be empty", lambda: R.from_row_splits(VALUES, [])),
        (ValueError, "not both", lambda: R.from_tensor([[1]], lengths=[1], padding=0)),
        (TypeError, "Expected SparseTensor", lambda: R.from_sparse(5)),
        (ValueError, "nesting depth", lambda: tf.ragged.constant([1, [2]])),
        (TypeError, "boolean", lambda: bool(tf.ragged.constant(ROWS))),
    ]
    for error, words, make in cases:
        with pytest.raises(error, match=words):
            make()
    for splits in ([1, 8], [0, 9, 8], [0, 7]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="do not form a valid RaggedT"):
            run(R.from_row_splits(VALUES, splits))
