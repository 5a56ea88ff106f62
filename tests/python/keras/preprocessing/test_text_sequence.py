# SPDX-License-Identifier: Apache-2.0
"""Texts and sequences: properties, saved forms, errors."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caudal.keras.preprocessing import sequence, text
from caudal.keras.utils import Sequence

WORDS = st.text("abc", min_size=1, max_size=2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=5))
def test_sequences_lead_back_to_texts(texts):
    tokenizer = text.Tokenizer()
    tokenizer.fit_on_texts(texts)
    numbers = tokenizer.texts_to_sequences(texts)
    assert tokenizer.sequences_to_texts(numbers) == [" ".join(words) for words in texts]
    counts = list(tokenizer.word_counts.values())
    assert sum(counts) == sum(map(len, texts))
    by_number = [
        tokenizer.word_counts[tokenizer.index_word[n]] for n in sorted(tokenizer.index_word)
    ]
    assert by_number == sorted(counts, reverse=True)
    if counts:
        assert tokenizer.texts_to_matrix(texts, "count").sum() == sum(counts)


def test_a_tokenizer_is_saved():
    tokenizer = text.Tokenizer(num_words=4, oov_token="?")
    tokenizer.fit_on_texts(["a b b c", "b d"])
    again = text.tokenizer_from_json(tokenizer.to_json())
    assert again.get_config() == tokenizer.get_config()
    assert again.texts_to_sequences(["a z b"]) == tokenizer.texts_to_sequences(["a z b"])
    again.fit_on_texts(["e e e e"])
    assert again.word_index["e"] == 2 and again.document_count == 3


def test_refused_arguments_of_texts():
    with pytest.raises(TypeError):
        text.Tokenizer(size=3)
    with pytest.warns(UserWarning):
        assert text.Tokenizer(nb_words=3).num_words == 3
    tokenizer = text.Tokenizer()
    with pytest.raises(ValueError, match="dimension"):
        tokenizer.sequences_to_matrix([[1]])
    tokenizer = text.Tokenizer(num_words=3)
    with pytest.raises(ValueError, match="tfidf"):
        tokenizer.sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(ValueError, match="mode"):
        tokenizer.sequences_to_matrix([[1]], "other")


def test_one_hot_stays_inside():
    numbers = text.one_hot("one two three four five", 4)
    assert len(numbers) == 5 and min(numbers) >= 1 and max(numbers) <= 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=5),
    st.integers(0, 7),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_padding(lists, maxlen, padding, truncating):
    padded = sequence.pad_sequences(lists, maxlen, padding=padding, truncating=truncating)
    assert padded.shape == (len(lists), maxlen) and padded.dtype == np.int32
    for row, items in zip(padded.tolist(), lists):
        kept = items[:maxlen] if truncating == "post" else items[max(len(items) - maxlen, 0) :]
        zeros = [0] * (maxlen - len(kept))
        assert row == (kept + zeros if padding == "post" else zeros + kept)


@pytest.mark.parametrize("sequences, options", [
    (3, {}), ([1, 2], {}), ([[1]], dict(padding="x")), ([[1]], dict(truncating="x")),
    ([[1]], dict(value="x")), ([[[1]], [[1, 2]]], {}),
])  # fmt: skip
def test_refused_sequences(sequences, options):
    with pytest.raises(ValueError):
        sequence.pad_sequences(sequences, **options)


def test_texts_are_padded():
    out = sequence.pad_sequences([["a"], ["b", "c"]], dtype=object, value="-")
    assert out.tolist() == [["-", "a"], ["b", "c"]]


def test_skipgrams_stay_in_the_window():
    couples, labels = sequence.skipgrams(list(range(10)), 10, window_size=2, negative_samples=0)
    assert set(labels) == {1} and len(couples) == len(labels)
    assert all(0 < abs(a - b) <= 2 and a and b for a, b in couples)
    assert sequence.skipgrams([0, 0], 3) == ([], [])


def test_a_series_is_saved():
    data = np.arange(20).reshape(10, 2)
    series = sequence.TimeseriesGenerator(data, list(range(10)), 3, start_index=1, batch_size=4)
    assert isinstance(series, Sequence) and len(series) == 2
    again = sequence.timeseries_generator_from_json(series.to_json())
    assert len(again) == 2
    for i in range(2):
        np.testing.assert_array_equal(again[i][0], series[i][0])
        np.testing.assert_array_equal(again[i][1], series[i][1])
    assert json.loads(series.to_json())["class_name"] == "TimeseriesGenerator"
    with pytest.raises(TypeError, match="Targets"):
        sequence.TimeseriesGenerator(data, [object()] * 10, 3).to_json()


def test_refused_series():
    with pytest.raises(ValueError, match="same length"):
        sequence.TimeseriesGenerator([1, 2], [1], 1)
    with pytest.raises(ValueError, match="`start_index.length=5 > end_index=4` is disallowed"):
        sequence.TimeseriesGenerator(np.zeros((5, 1)), np.zeros(5), 5)
