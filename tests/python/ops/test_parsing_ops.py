# SPDX-License-Identifier: Apache-2.0
"""Examples: what is said of records that do not fit."""

import struct

import numpy as np
import pytest

import caudal as tf


def message(field, content):
    return bytes([field << 3 | 2, len(content)]) + content


def feature(values):
    if isinstance(values[0], float):
        return message(2, message(1, struct.pack("<%df" % len(values), *values)))
    return message(3, message(1, bytes(values)))


def features(named):
    pairs = [message(1, k.encode()) + message(2, feature(v)) for k, v in named.items()]
    return message(1, b"".join(message(1, p) for p in pairs))


def sequence(lists):
    pairs = [
        message(1, k.encode()) + message(2, b"".join(message(1, feature(v)) for v in steps))
        for k, steps in lists.items()
    ]
    return message(2, b"".join(message(1, p) for p in pairs))


def run(tensors):
    with tf.Session() as sess:
        return sess.run(tensors)


def fails(make, words):
    with pytest.raises(tf.errors.OpError, match=words):
        run(make())


def test_a_named_example_is_a_batch_of_one():
    wanted = {
        "a": tf.FixedLenFeature([2], tf.int64),
        "b": tf.VarLenFeature(tf.float32),
        "c": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    }
    text = features({"a": [1, 2], "b": [0.5], "c": [4, 5, 6]})
    named = tf.parse_single_example(text, wanted, example_names="only")
    plain = tf.parse_single_example(text, wanted)
    for key in wanted:
        for got, other in zip(*run([named[key], plain[key]])):
            np.testing.assert_array_equal(got, other)
    wrong = features({"a": [1, 2, 3], "b": [0.5]})
    fails(
        lambda: tf.parse_single_example(wrong, wanted, example_names="only"),
        "Name: only, Key: a, Index: 0.  Number of int64 values != expected",
    )
    fails(lambda: tf.parse_single_example(wrong, wanted), "Key: a.  Number of int64")


def test_words_for_wrong_kinds():
    text = features({"a": [1.5]})
    dense = {"a": tf.FixedLenFeature([1], tf.int64)}
    sparse = {"a": tf.VarLenFeature(tf.int64)}
    fails(lambda: tf.parse_example([text], dense), "Data type: float but expected type: int64")
    fails(lambda: tf.parse_example([text], sparse), "Expected type: int64, Actual type: float")
    strides = {"a": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True)}
    odd = features({"a": [1, 2, 3]})
    fails(lambda: tf.parse_example([odd], strides), r"Saw 3 values but output shape is: \[\?,2\]")


def test_words_for_sequences():
    steps = {"s": tf.FixedLenSequenceFeature([2], tf.int64)}
    one, many = tf.parse_single_sequence_example, tf.io.parse_sequence_example
    wrong = sequence({"s": [[1.5]]})
    fails(
        lambda: one(wrong, None, steps, "x")[1], "Name: x, Feature list: s, Index: 0.  Data types"
    )
    fails(lambda: many([wrong], None, steps)[1], "Error in sequence feature s in example")
    short = sequence({"s": [[1, 2], [3]]})
    fails(lambda: one(short, None, steps)[1], "Index: 1.  Number of int64 values != expected.  v")
    fails(lambda: many([short], None, steps)[1], "Unexpected shape error in feature s")
    context = {"c": tf.FixedLenFeature([], tf.int64)}
    fails(lambda: one(short, context)[0], "Context feature 'c' is required but could not be found")
    fails(lambda: many([b""], None, steps)[1], "Missing feature s in example")


def test_a_name_is_dense_or_sparse():
    wanted = {
        "v": tf.FixedLenFeature([1], tf.float32),
        "s": tf.SparseFeature("i", "v", tf.float32, 9),
    }
    with pytest.raises(ValueError, match="Dense and sparse keys must not intersect"):
        tf.parse_example([b""], wanted)
    with pytest.raises(ValueError, match="All dimensions of shape for feature a need to be known"):
        tf.parse_example([b""], {"a": tf.FixedLenFeature([2, None], tf.float32)})
