# SPDX-License-Identifier: Apache-2.0
"""Images, texts and sequences come out as in real Keras 2.2.4 (tests/interop/keras_data.py)."""

import numpy as np
import pytest

from interop import keras_data as oracle

PACKAGE = "caudal.keras"


@pytest.fixture(scope="module")
def record():
    return oracle.load()


def same(found, record, prefixes=None):
    names = [n for n in record if prefixes is None or n.startswith(prefixes)]
    assert sorted(found) == sorted(names)
    for name in names:
        ours, theirs = np.asarray(found[name]), record[name]
        assert ours.shape == theirs.shape, name
        if theirs.dtype.kind == "U":
            assert ours.tolist() == theirs.tolist(), name
        else:
            assert ours.dtype == theirs.dtype, name
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-4, err_msg=name)


def test_images(record):
    pytest.importorskip("scipy")
    pytest.importorskip("PIL")
    prefixes = ("flow/", "sequence/", "channels_first", "random_")
    same(oracle.measure_images(PACKAGE), record, prefixes)


def test_files(record):
    pytest.importorskip("scipy")
    pytest.importorskip("PIL")
    same(oracle.measure_files(PACKAGE), record, ("folder/", "frame/"))


def test_files_of_a_pandas_table(record):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("PIL")
    same(oracle.measure_files(PACKAGE, pandas.DataFrame), record, ("folder/", "frame/"))


def test_texts(record):
    prefixes = ("hashing_trick", "tokenizer/", "matrix/")
    same(oracle.measure_texts(PACKAGE), record, prefixes)


def test_sequences(record):
    prefixes = ("sampling_table", "skipgrams", "padded", "series")
    same(oracle.measure_sequences(PACKAGE), record, prefixes)
