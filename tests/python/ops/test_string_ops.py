# SPDX-License-Identifier: Apache-2.0
"""Strings: numbers as text, encodings, and what is refused in which words."""

import numpy as np
import pytest

import caudal as tf


def run(tensor, feed=None):
    with tf.Session() as sess:
        return sess.run(tensor, feed)


@pytest.mark.parametrize("dtype", ["int8", "int16", "complex64", "complex128"])
def test_numbers_of_further_dtypes_as_text(dtype):
    texts = run(tf.as_string(tf.constant(np.array([3, -7], dtype)), width=3))
    if dtype.startswith("complex"):
        assert texts.tolist() == [b"(3.000000,0.000000)", b"(-7.000000,0.000000)"]
    else:
        assert texts.tolist() == [b"  3", b" -7"]
    shortest = tf.as_string(tf.constant([1.5 - 2j]), shortest=True)
    assert run(shortest).tolist() == [b"(1.5,-2)"]


@pytest.mark.parametrize("text", ["infinity", "0x1p3", "nan(1)", "1e", "", "7 8"])
def test_texts_that_are_no_numbers(text):
    with pytest.raises(tf.errors.InvalidArgumentError, match="could not correctly convert"):
        run(tf.string_to_number([text]))


def test_wide_encodings_without_a_mark_begin_with_the_high_byte():
    for name in ("UTF-16", "UTF-32"):
        text = "né".encode(name + "-be")
        assert run(tf.strings.unicode_transcode([text], name, "UTF-8")) == ["né".encode()]
    marked = "né".encode("utf-16")
    assert run(tf.strings.unicode_transcode([marked], "UTF-16", "UTF-8")) == ["né".encode()]


def test_control_characters_are_replaced_or_left_out():
    def plain(errors):
        return run(
            tf.strings.unicode_transcode(
                ["a\x02b"], "UTF-8", "UTF-8", errors, ord("?"), replace_control_characters=True
            )
        )[0]

    assert plain("replace") == b"a?b" and plain("ignore") == b"ab"


def test_words_of_refusals():
    indices = tf.placeholder(tf.int32)
    cases = [
        (lambda: tf.substr("ab", 5, 1), "pos 5 out of range for string b'ab' at index 0"),
        (lambda: tf.regex_replace("a", "(b", "c"), r"Invalid pattern: \(b, error: missing \): \(b"),
        (lambda: tf.reduce_join([["a"]], indices), "Duplicate reduction dimension -1"),
    ]
    for make, words in cases:
        with pytest.raises(tf.errors.InvalidArgumentError, match=words) as caught:
            run(make(), {indices: [1, -1]})
        assert "ValueError" not in str(caught.value)


def test_json_with_an_unknown_field():
    with pytest.raises(tf.errors.InvalidArgumentError, match="parsing JSON: more: Cannot find"):
        run(tf.decode_json_example('{"features": {}, "more": 1}'))
