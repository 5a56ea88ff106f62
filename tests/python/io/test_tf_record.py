# SPDX-License-Identifier: Apache-2.0
"""Files of records."""

import pathlib
import struct
import zlib

import numpy as np
import pytest

import caudal as tf

pytestmark = pytest.mark.no_graph
RECORDS = [b"", b"a", b"hello", bytes(range(256)) * 4]
KINDS = ("", "GZIP", "ZLIB")


def write(path, records, options=None):
    with tf.python_io.TFRecordWriter(path, options) as writer:
        for record in records:
            writer.write(record)
    return path


def read(path, options=None):
    return list(tf.python_io.tf_record_iterator(path, options))


def options_of(kind, **kwargs):
    return tf.python_io.TFRecordOptions(kind, **kwargs)


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(kind, tmp_path):
    path = write(str(tmp_path / "r"), RECORDS, options_of(kind))
    assert read(path, options_of(kind)) == RECORDS
    assert read(pathlib.Path(path), kind) == RECORDS
    magic = pathlib.Path(path).read_bytes()[:2]
    assert magic == {"": b"\0\0", "GZIP": b"\x1f\x8b", "ZLIB": b"\x78\x9c"}[kind]
    assert read(write(str(tmp_path / "none"), [], kind), kind) == []


def test_what_stands_in_a_file(tmp_path):
    data = pathlib.Path(write(str(tmp_path / "r"), [b"123456789"])).read_bytes()
    length, _, body, crc = struct.unpack("<QI9sI", data)
    assert length == 9 and body == b"123456789"
    assert crc == (0xE3069283 >> 15 | 0xE3069283 << 17 & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF


@pytest.mark.parametrize(
    "attrs",
    [
        dict(compression_level=0),
        dict(compression_level=9, mem_level=1, compression_strategy=2, compression_method=8),
        dict(window_bits=9, input_buffer_size=10, output_buffer_size=10),
        dict(window_bits=-12),
        dict(flush_mode=2),
    ],
)
def test_options_of_zlib(attrs, tmp_path):
    options = options_of("ZLIB", **attrs)
    assert read(write(str(tmp_path / "r"), RECORDS * 50, options), options) == RECORDS * 50


def test_streams_one_after_the_other(tmp_path):
    data = pathlib.Path(write(str(tmp_path / "r"), RECORDS, "GZIP")).read_bytes()
    (tmp_path / "both").write_bytes(data + data)
    assert read(str(tmp_path / "both"), "GZIP") == RECORDS * 2


def test_kinds_of_compression():
    options, kinds = tf.python_io.TFRecordOptions, tf.python_io.TFRecordCompressionType
    text = options.get_compression_type_string
    assert (kinds.NONE, kinds.ZLIB, kinds.GZIP) == (0, 1, 2)
    assert [text(k) for k in (None, "", 0, 1, 2, "GZIP", options(2), options(options("ZLIB")))] == [
        "", "", "", "ZLIB", "GZIP", "GZIP", "GZIP", "ZLIB"]  # fmt: skip
    for wrong in ("gzip", "FOO", 3):
        with pytest.raises(ValueError, match="Not a valid compression_type"):
            options(wrong)


def test_the_writer(tmp_path):
    path = str(tmp_path / "r")
    for kind in KINDS:
        writer = tf.python_io.TFRecordWriter(path, kind)
        writer.write(b"abc")
        writer.flush()
        assert next(tf.python_io.tf_record_iterator(path, kind)) == b"abc"
        for wrong in ("text", 3, None):
            with pytest.raises(TypeError, match="expected bytes"):
                writer.write(wrong)
        writer.close()
        writer.close()
        for call in (writer.flush, lambda w=writer: w.write(b"x")):
            with pytest.raises(tf.errors.FailedPreconditionError, match="previously closed"):
                call()
        with pytest.raises(tf.errors.NotFoundError):
            tf.python_io.TFRecordWriter(str(tmp_path / "no" / "r"), kind)
    with pytest.raises(tf.errors.InvalidArgumentError, match="zlib"):
        tf.python_io.TFRecordWriter(path, options_of("ZLIB", window_bits=99))


def test_files_that_are_not_there(tmp_path):
    for kind in KINDS:
        iterator = tf.python_io.tf_record_iterator(str(tmp_path / "none"), kind)
        with pytest.raises(tf.errors.NotFoundError, match="none"):
            next(iterator)
        with pytest.raises(tf.errors.OpError):
            read(str(tmp_path), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(kind, tmp_path):
    path = pathlib.Path(write(str(tmp_path / "r"), RECORDS, kind))
    data = path.read_bytes()
    rng = np.random.default_rng(4)
    for n in range(300):
        cut = bytearray(data)
        if n % 2:
            cut[rng.integers(0, len(cut))] ^= 1 << rng.integers(0, 8)
        else:
            cut = cut[: rng.integers(0, len(cut))]
        path.write_bytes(cut)
        got = []
        try:
            for record in tf.python_io.tf_record_iterator(str(path), kind):
                got.append(record)
        except tf.errors.DataLossError as error:
            assert "at" in str(error) or "inflate" in str(error)
        assert got == RECORDS[: len(got)]


def test_where_the_damage_is(tmp_path):
    path = pathlib.Path(write(str(tmp_path / "r"), [b"abc", b"defg"]))
    data = bytearray(path.read_bytes())
    path.write_bytes(data[:-1])
    with pytest.raises(tf.errors.DataLossError, match="truncated record at 19"):
        read(str(path))
    data[19 + 13] ^= 1
    path.write_bytes(data)
    with pytest.raises(tf.errors.DataLossError, match="corrupted record at 19"):
        read(str(path))
    # A length that no file has.
    header = struct.pack("<Q", 2**62)
    path.write_bytes(header + struct.pack("<I", tf_masked(header)) + b"abc")
    with pytest.raises(tf.errors.DataLossError, match="at 0"):
        read(str(path))
    path.write_bytes(zlib.compress(path.read_bytes()))
    with pytest.raises(tf.errors.DataLossError, match="at 0"):
        read(str(path), "ZLIB")


def tf_masked(data):
    from caudal import _core

    return _core.masked_crc32c(data)


def test_examples(tmp_path):
    features = {
        "idx": tf.train.Feature(int64_list=tf.train.Int64List(value=[3, -3])),
        "x": tf.train.Feature(float_list=tf.train.FloatList(value=[0.5, 1.5])),
        "name": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"n\xff"])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    path = write(str(tmp_path / "r"), [example.SerializeToString()] * 2, "GZIP")
    data = read(path, "GZIP")
    assert tf.train.Example.FromString(data[0]) == example
    with tf.Graph().as_default(), tf.Session() as sess:
        parsed = tf.parse_example(
            data,
            {
                "idx": tf.FixedLenFeature([2], tf.int64),
                "x": tf.VarLenFeature(tf.float32),
                "name": tf.FixedLenFeature([], tf.string),
                "none": tf.FixedLenFeature([1], tf.float32, default_value=[7.0]),
            },
        )
        got = sess.run(parsed)
    assert got["idx"].tolist() == [[3, -3]] * 2 and got["name"].tolist() == [b"n\xff"] * 2
    assert got["x"].values.tolist() == [0.5, 1.5] * 2 and got["none"].tolist() == [[7.0]] * 2


def test_sequence_examples():
    sequence = tf.train.SequenceExample()
    sequence.context.feature["len"].int64_list.value.append(2)
    for t in range(2):
        step = sequence.feature_lists.feature_list["tok"].feature.add()
        step.int64_list.value.extend([t, t + 1])
    with tf.Graph().as_default(), tf.Session() as sess:
        context, lists = sess.run(
            tf.parse_single_sequence_example(
                sequence.SerializeToString(),
                {"len": tf.FixedLenFeature([], tf.int64)},
                {"tok": tf.FixedLenSequenceFeature([2], tf.int64)},
            )
        )
    assert context["len"] == 2 and lists["tok"].tolist() == [[0, 1], [1, 2]]
