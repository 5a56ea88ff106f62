# SPDX-License-Identifier: Apache-2.0
"""Arrays in HDF5 files, and one dictionary for files, groups and dicts."""

import io

import numpy as np
import pytest

from caudal.keras.utils.io_utils import H5Dict, HDF5Matrix, as_names, as_text, replaced_file

h5py = pytest.importorskip("h5py")
DATA = np.arange(60).reshape(20, 3)


@pytest.fixture
def matrix(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = DATA
    yield HDF5Matrix(tmp_path / "data.h5", "x", start=5, end=15)
    HDF5Matrix.refs.pop(str(tmp_path / "data.h5")).close()


def test_rows_in_any_order(matrix):
    part = DATA[5:15]
    assert matrix.shape == (10, 3) and matrix.ndim == 2 and matrix.size == 30
    assert matrix.dtype == DATA.dtype and len(matrix) == 10
    slices = [slice(None), slice(2, 7), slice(1, 9, 3), slice(-3, None), slice(10, None)]
    lists = [[3, 1, 2], [4, 4, 0], np.array([9, 0]), range(2, 5), part[:, 0] % 2 == 0]
    for key in [0, np.int64(9), -1, *slices, *lists]:
        np.testing.assert_array_equal(matrix[key], part[key])
    assert matrix[[]].shape == (0, 3)
    for key in (10, -11, slice(0, 11), [0, 10], [-2]):
        with pytest.raises(IndexError):
            matrix[key]
    with pytest.raises(TypeError):
        matrix[None]


def test_normalizer_and_reopened_files(tmp_path, matrix):
    halves = HDF5Matrix(tmp_path / "data.h5", "x", normalizer=lambda x: x[:, :2] / 2)
    assert halves.shape == (20, 2) and halves.dtype == np.float64
    np.testing.assert_array_equal(halves[[7, 3]], DATA[[7, 3], :2] / 2)
    HDF5Matrix.refs[str(tmp_path / "data.h5")].close()
    np.testing.assert_array_equal(HDF5Matrix(str(tmp_path / "data.h5"), "x")[2:4], DATA[2:4])


@pytest.mark.parametrize("kind", ["path", "stream", "group", "dict"])
def test_dictionary(kind, tmp_path):
    target = {"path": tmp_path / "d.h5", "stream": io.BytesIO(), "dict": {}}.get(kind)
    if kind == "group":
        target = h5py.File("in memory", "w", driver="core", backing_store=False).create_group("g")
    store = H5Dict(target, mode="a" if kind == "group" else "w")
    store.update({"text": "abc"})
    store["names"] = ["a", "bcd"]
    store["none"] = []
    store["inner"]["array"] = np.arange(3.0)
    store["inner"]["scalar"] = np.float32(2)
    store["deep/path:0"] = np.eye(2)
    store.close()
    if kind == "stream":
        target.seek(0)
    store = H5Dict(target, mode="r")
    assert as_text(store["text"]) == "abc" and as_names(store["names"]) == ["a", "bcd"]
    assert len(as_names(store["none"])) == 0
    np.testing.assert_array_equal(store["inner"]["array"], np.arange(3.0))
    assert store["inner"]["scalar"] == 2 and store["inner"]["scalar"].dtype == np.float32
    np.testing.assert_array_equal(store["deep/path:0"], np.eye(2))
    assert "text" in store and "missing" not in store and store.get("missing", 5) == 5
    assert "inner" in list(store) and len(store) >= 2
    for write in (lambda: store["missing"], lambda: store.__setitem__("a", "b"),
                  lambda: store["inner"]["missing"]):  # fmt: skip
        with pytest.raises(ValueError, match="read only"):
            write()
    store.close()


def test_values_can_be_taken_out(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        for store in (H5Dict(file), H5Dict({})):
            store["a"], store["b"] = np.ones(2), "text"
            for name in "abc":
                store.remove(name)
            assert "a" not in store and "b" not in store
        store = H5Dict(file)
        store["a"] = np.ones(2)
        with pytest.raises(KeyError, match='"a" exists'):
            store["a"] = "text"


def test_a_file_takes_its_place_when_all_is_written(tmp_path):
    path = tmp_path / "f"
    with replaced_file(path) as partial:
        open(partial, "w").write("one")
        assert not path.exists()
    path.chmod(0o640)
    with pytest.raises(ZeroDivisionError), replaced_file(path) as partial:
        open(partial, "w").write("two")
        raise ZeroDivisionError
    assert path.read_text() == "one" and len(list(tmp_path.iterdir())) == 1
    with replaced_file(path) as partial:
        open(partial, "w").write("three")
    assert path.read_text() == "three" and path.stat().st_mode & 0o777 == 0o640


def test_text_is_text():
    assert as_text(np.bytes_(b"a")) == "a" and as_text(np.array(b"\xc3\xa4")) == "\u00e4"
    for wrong in (3, None, [b"a"], np.array([1])):
        with pytest.raises(ValueError, match="expected text"):
            as_text(wrong)
    for wrong in ("text", b"text", 3, np.array([[b"a"]])):
        with pytest.raises(ValueError, match="expected a list of names"):
            as_names(wrong)
