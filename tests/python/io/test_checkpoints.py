# SPDX-License-Identifier: Apache-2.0
"""Checkpoints through the engine's reader and writer: round trips, parts, merging, old files."""

import glob
import os

import numpy as np
import pytest

import caudal as tf
from caudal import _core
from caudal.framework.op_factory import apply

PLAIN = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16",
         "uint32", "uint64", "bool", "complex64", "complex128"]  # fmt: skip
SHAPES = [(), (0,), (1,), (3, 5), (2, 0, 3), (1, 1, 1, 1, 1, 1, 1, 2)]


def write(prefix, values):
    writer = _core.CheckpointWriter(prefix)
    for name, value in values.items():
        writer.add(name, value)
    writer.finish()


def files(prefix):
    return {p[len(prefix) :]: open(p, "rb").read() for p in glob.glob(prefix + ".*")}


@pytest.fixture
def prefix(tmp_path):
    return str(tmp_path / "model")


def test_every_dtype_and_shape(prefix):
    rng = np.random.RandomState(0)
    values = {}
    for dtype in PLAIN:
        for number, shape in enumerate(SHAPES):
            values[f"{dtype}/{number}"] = (rng.uniform(size=shape) * 100).astype(dtype)
    values["strings"] = np.array([[b"", b"a\0b"], [b"x" * 5000, "é".encode()]], object)
    values["no_strings"] = np.zeros((0, 3), object)
    write(prefix, values)
    reader = _core.CheckpointReader(prefix)
    assert reader.version() == 2
    assert reader.names() == sorted(values)
    assert reader.shapes() == {n: v.shape for n, v in values.items()}
    for name, value in values.items():
        result = reader.read(name)
        assert result.dtype == value.dtype and result.shape == value.shape
        np.testing.assert_array_equal(result, value)
        assert reader.has(name) and reader.dtype(name) == reader.dtypes()[name]
    assert not reader.has("other") and not reader.has("")
    with pytest.raises(_core.Error, match="Key other not found in checkpoint"):
        reader.read("other")


def test_the_bytes_of_a_checkpoint(prefix):
    # As TensorFlow writes them: a header, then name, dtype, shape, offset, size and checksum.
    write(prefix, {"a": np.float32([1, 2]), "b": np.int64(3)})
    data = np.float32([1, 2]).tobytes() + np.int64(3).tobytes()
    crc = [_core.masked_crc32c(data[at : at + 8]).to_bytes(4, "little") for at in (0, 8)]
    entries = b"\x00\x00\x06" + b"\x08\x01\x1a\x02\x08\x01"
    a = b"\x08\x01\x12\x04\x12\x02\x08\x02" + b"\x28\x08" + b"\x35" + crc[0]
    b = b"\x08\x09\x12\x00" + b"\x20\x08\x28\x08" + b"\x35" + crc[1]
    entries += b"\x00\x01" + bytes([len(a)]) + b"a" + a + b"\x00\x01" + bytes([len(b)]) + b"b" + b
    block = entries + bytes(4) + b"\x01\x00\x00\x00"
    block += b"\x00" + _core.masked_crc32c(block + b"\x00").to_bytes(4, "little")
    found = files(prefix)
    assert found[".data-00000-of-00001"] == data
    assert found[".index"].startswith(block)
    assert found[".index"].endswith((0xDB4775248B80FB57).to_bytes(8, "little"))


def test_many_entries(prefix):
    values = {f"scope_{i % 7}/{i}/a_variable_with_a_long_name": np.int32(i) for i in range(9000)}
    write(prefix, values)
    assert os.path.getsize(prefix + ".index") > 300000  # more than one block
    reader = _core.CheckpointReader(prefix)
    assert reader.names() == sorted(values)
    assert all(reader.read(n) == values[n] for n in list(values)[::97])


def test_parts(prefix):
    whole = np.arange(40, dtype=np.float32).reshape(10, 4)
    writer = _core.CheckpointWriter(prefix)
    for begin, end in ((0, 4), (4, 7), (7, 10)):
        writer.add_slice("w", f"10 4 {begin},{end - begin}:0,4", whole[begin:end])
    writer.add_slice("all", "10 4 0,10:-", whole)
    with pytest.raises(_core.Error, match="does not match the shape"):
        writer.add_slice("v", "10 4 0,4:-", whole)
    with pytest.raises(_core.Error, match="out of bounds"):
        writer.add_slice("v", "10 4 9,4:-", whole[:4])
    with pytest.raises(_core.Error, match="duplicate"):
        writer.add("w", whole)
    writer.finish()
    reader = _core.CheckpointReader(prefix)
    assert reader.names() == ["all", "w"]
    assert reader.slices("w") == ["10 4 0,4:0,4", "10 4 4,3:0,4", "10 4 7,3:0,4"]
    assert reader.slices("all") == []
    assert "w (DT_FLOAT) [10,4], 3 slices" in reader.debug_string()
    for name in reader.names():
        np.testing.assert_array_equal(reader.read(name), whole)
        np.testing.assert_array_equal(reader.read_slice(name, "10 4 3,5:1,2"), whole[3:8, 1:3])
        np.testing.assert_array_equal(reader.read_slice(name, "10 4 -:3,1"), whole[:, 3:])
        with pytest.raises(_core.Error, match="does not match the shape stored in checkpoint"):
            reader.read_slice(name, "9 4 0,2:-")
        for bad in (
            "10 4",
            "10 4 ",
            "10 4 0,2",
            "10 4 0,2:",
            "x 4 0,1:-",
            "10 4 0,0:-",
            "10 4 -1,2:-",
        ):
            with pytest.raises(_core.Error):
                reader.read_slice(name, bad)


def test_parts_that_leave_a_gap(prefix):
    writer = _core.CheckpointWriter(prefix)
    writer.add_slice("w", "4 0,1", np.ones(1))
    writer.add_slice("w", "4 2,2", np.ones(2))
    writer.finish()
    reader = _core.CheckpointReader(prefix)
    assert reader.read_slice("w", "4 2,2").tolist() == [1, 1]
    with pytest.raises(_core.Error, match="do not cover"):
        reader.read("w")


def test_merging(tmp_path):
    prefix, parts = str(tmp_path / "model"), []
    for number in range(3):
        parts.append(str(tmp_path / "model_temp" / f"part-0000{number}-of-00003"))
        writer = _core.CheckpointWriter(parts[-1])
        writer.add(f"v{number}", np.full(100, number, np.float32))
        writer.add_slice("w", f"3 2 {number},1:-", np.full((1, 2), number, np.int32))
        writer.finish()
    _core.merge_checkpoints(parts, prefix)
    assert sorted(os.listdir(tmp_path)) == [
        *(f"model.data-0000{i}-of-00003" for i in range(3)),
        "model.index",
    ]
    reader = _core.CheckpointReader(prefix)
    assert reader.names() == ["v0", "v1", "v2", "w"]
    assert reader.read("w").tolist() == [[0, 0], [1, 1], [2, 2]]
    assert reader.read("v2").sum() == 200


def test_two_parts_of_one_name_do_not_merge(tmp_path):
    prefixes = [str(tmp_path / n) for n in "ab"]
    for p in prefixes:
        write(p, {"v": np.zeros(2)})
    with pytest.raises(_core.Error, match="duplicate"):
        _core.merge_checkpoints(prefixes, str(tmp_path / "all"))
    for p in prefixes:
        assert _core.CheckpointReader(p).read("v").tolist() == [0, 0]


def test_large_values_become_their_variables(prefix):
    # Restored values of a megabyte and more are taken over, in every order of runs and fetches.
    rng = np.random.RandomState(0)
    saved = {"a": rng.rand(600, 1000), "b": rng.rand(700, 500).astype(np.float32), "c": np.ones(3)}
    write(prefix, saved)
    variables = [
        tf.get_variable(n, dtype=v.dtype, initializer=np.zeros_like(v), use_resource=n == "b")
        for n, v in saved.items()
    ]
    restored = apply(
        "RestoreV2", prefix, list(saved), [""] * 3, dtypes=[v.dtype for v in variables]
    )
    assign = [v.assign(r) for v, r in zip(variables, restored)]
    load = tf.group(*[a.op for a in assign])
    change = tf.group(*[v.assign_add(tf.ones_like(v)).op for v in variables])
    total = tf.reduce_sum(variables[0])
    init = tf.global_variables_initializer()
    for initialised in (False, True):
        with tf.Session() as session:
            if initialised:
                session.run(init)
                session.run(total)
            for _ in range(2):
                session.run(load)
                for got, want in zip(session.run(variables), saved.values()):
                    np.testing.assert_array_equal(got, want)
                session.run(change)
                for got, want in zip(session.run(variables), saved.values()):
                    np.testing.assert_array_equal(got, want + 1)
            fetched = session.run([restored[0], load])[0]
            session.run(change)
            np.testing.assert_array_equal(fetched, saved["a"])
            for got, want in zip(session.run(assign), saved.values()):
                np.testing.assert_array_equal(got, want)


def test_old_files(tmp_path):
    path = str(tmp_path / "old")
    values = {n: (np.arange(6).reshape(2, 3) % 2).astype(n) for n in PLAIN if n[:4] != "uint"}
    values["text"] = np.array([b"a", b"", b"c" * 500], object)
    values["none"] = np.zeros((0, 2), np.float32)
    with tf.Session() as session:
        session.run(apply("Save", path, list(values), list(values.values())))
        session.run(apply("SaveSlices", path + "-parts", ["w", "w"], ["4 2 0,1:-", "4 2 1,3:-"],
                          [np.zeros((1, 2)), np.ones((3, 2))]))  # fmt: skip
    reader = _core.CheckpointReader(path)
    assert reader.version() == 1 and reader.names() == sorted(values)
    for name, value in values.items():
        np.testing.assert_array_equal(reader.read(name), value)
        assert reader.read(name).dtype == value.dtype
    parts = _core.CheckpointReader(path + "-part?")
    assert parts.read("w").tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]
    assert parts.slices("w") == ["4 2 0,1:-", "4 2 1,3:-"]


FIXTURES = os.environ.get("CAUDAL_FIXTURES")


@pytest.mark.skipif(not FIXTURES, reason="CAUDAL_FIXTURES names no folder of checkpoints")
def test_written_again_files_are_the_same(prefix):
    count = 0
    for index in glob.glob(os.path.join(FIXTURES, "**", "*.index"), recursive=True):
        theirs = files(index[: -len(".index")])
        theirs.pop(".meta", None)
        if len(theirs) != 2:
            continue  # several data files
        reader, writer = (
            _core.CheckpointReader(index[: -len(".index")]),
            _core.CheckpointWriter(prefix),
        )
        for name in reader.names():
            for part in reader.slices(name):
                writer.add_slice(name, part, reader.read_slice(name, part))
            if not reader.slices(name):
                writer.add(name, reader.read(name))
        writer.finish()
        assert files(prefix) == theirs, index
        count += 1
    assert count > 0
