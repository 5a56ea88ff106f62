# SPDX-License-Identifier: Apache-2.0
"""Data sets from small files in a cache, as real Keras 2.2.4 splits them; and without any file."""

import io
import pickle
import urllib.error

import numpy as np
import pytest

from caudal.keras import datasets
from caudal.keras.datasets import plain_pickle
from caudal.keras.utils import data_utils_files
from interop import keras_data as oracle


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def test_as_recorded(cache, monkeypatch):
    oracle.write_sets(str(cache))
    monkeypatch.setattr(data_utils_files, "validate_file", lambda *args, **kwargs: True)
    found = oracle.measure_sets("caudal.keras")
    record = {name: v for name, v in oracle.load().items() if name.startswith("set/")}
    assert found.keys() == record.keys()
    for name, expected in record.items():
        assert np.array_equal(found[name], expected), name
        if not name.endswith("after"):
            assert np.asarray(found[name]).dtype == expected.dtype, name


def test_cifar10(cache):
    oracle.write_sets(str(cache))
    (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    assert x_train.shape == (10, 32, 32, 3) and x_test.shape == (2, 32, 32, 3)
    assert y_train.tolist() == [[1], [0]] * 5 and y_test.tolist() == [[1], [0]]
    assert x_train.dtype == y_train.dtype == np.uint8


SETS = [datasets.mnist, datasets.fashion_mnist, datasets.cifar10, datasets.cifar100,
        datasets.imdb, datasets.reuters, datasets.boston_housing]  # fmt: skip


@pytest.mark.parametrize("module", SETS)
def test_without_a_network(module, cache, monkeypatch):
    def no_network(*args, **kwargs):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(OSError, match="no route.*%s" % cache) as caught:
        module.load_data()
    assert "under the name" in str(caught.value)
    if hasattr(module, "get_word_index"):
        with pytest.raises(OSError, match="word_index.json"):
            module.get_word_index()


def test_refused_arguments(cache, monkeypatch):
    with pytest.raises(ValueError):
        datasets.cifar100.load_data("other")
    with pytest.raises(ValueError):
        datasets.boston_housing.load_data(test_split=1)
    with pytest.raises(TypeError):
        datasets.imdb.load_data(words=3)
    oracle.write_sets(str(cache))
    monkeypatch.setattr(data_utils_files, "validate_file", lambda *args, **kwargs: True)
    with pytest.raises(ValueError, match="maxlen"):
        datasets.imdb.load_data(maxlen=2)
    with pytest.warns(UserWarning):
        (x, _), _ = datasets.imdb.load_data(nb_words=5)
    assert max(map(max, x)) < 5


class Harmful:
    def __reduce__(self):
        return (print, ("harm",))


def test_files_with_code_are_refused(tmp_path, capsys):
    with pytest.raises(pickle.UnpicklingError, match="no plain data"):
        plain_pickle.load(io.BytesIO(pickle.dumps(Harmful())))
    array = np.empty(1, object)
    array[0] = Harmful()
    np.savez(tmp_path / "a.npz", x=array)
    with pytest.raises(pickle.UnpicklingError):
        plain_pickle.load_arrays(str(tmp_path / "a.npz"), ["x"])
    with pytest.raises(ValueError, match="no array 'y'"):
        plain_pickle.load_arrays(str(tmp_path / "a.npz"), ["y"])
    assert "harm" not in capsys.readouterr().out
