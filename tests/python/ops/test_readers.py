# SPDX-License-Identifier: Apache-2.0
"""Readers of files: keys and values, ends of files, counts, errors."""

import gzip
import zlib

import pytest

import caudal as tf


def names(*paths):
    q = tf.FIFOQueue(20, tf.string, shapes=())
    return q, [q.enqueue_many([[str(p) for p in paths]]), q.close()]


def read_all(reader, *paths):
    """Records as (key without the folder, value), until the queue is empty."""
    q, fill = names(*paths)
    record = reader.read(q)
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    out = []
    with tf.Session() as sess:
        for op in fill:
            sess.run(op)
        with pytest.raises(tf.errors.OutOfRangeError, match="is closed and has insufficient"):
            while True:
                key, value = sess.run(record)
                out.append((key.decode().rpartition("/")[2], value))
        assert sess.run(counts) == [len(out), len(paths)]
    return out


@pytest.fixture
def texts(tmp_path):
    contents = {"a": b"one\r\ntwo\n\nth\rree", "empty": b"", "b": b"h1\nx\n"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


def test_lines(texts):
    assert read_all(tf.TextLineReader(), *texts) == [
        ("a:1", b"one"), ("a:2", b"two"), ("a:3", b""), ("a:4", b"th\rree"),
        ("b:1", b"h1"), ("b:2", b"x"),
    ]  # fmt: skip
    assert [k for k, _ in read_all(tf.TextLineReader(skip_header_lines=1), *texts)] == [
        "a:2", "a:3", "a:4", "b:2",
    ]  # fmt: skip


def test_long_lines(tmp_path):
    lines = [b"x" * n for n in (0, 300_000, 5, 262_144)]
    (tmp_path / "long").write_bytes(b"\n".join(lines))
    assert [v for _, v in read_all(tf.TextLineReader(), tmp_path / "long")] == lines


def test_several_at_once_stop_at_the_end_of_a_file(texts):
    reader = tf.TextLineReader()
    q, fill = names(*texts)
    record = reader.read_up_to(q, 3)
    with tf.Session() as sess:
        for op in fill:
            sess.run(op)
        got = []
        with pytest.raises(tf.errors.OutOfRangeError):
            while True:
                got.append(sess.run(record.values).tolist())
    assert got == [[b"one", b"two", b""], [b"th\rree"], [b"h1", b"x"]]


def test_whole_files_and_names(texts):
    assert read_all(tf.WholeFileReader(), *texts) == [
        ("a", b"one\r\ntwo\n\nth\rree"), ("empty", b""), ("b", b"h1\nx\n"),
    ]  # fmt: skip
    assert [k for k, _ in read_all(tf.IdentityReader(), *texts)] == ["a", "empty", "b"]


@pytest.mark.parametrize("encoding", [None, "GZIP", "ZLIB"])
def test_records_of_fixed_length(tmp_path, encoding):
    pack = {None: bytes, "GZIP": gzip.compress, "ZLIB": zlib.compress}[encoding]
    (tmp_path / "f").write_bytes(pack(b"HH0011223F"))
    reader = tf.FixedLengthRecordReader(2, 2, 1, encoding=encoding)
    assert read_all(reader, tmp_path / "f") == [("f:0", b"00"), ("f:1", b"11"), ("f:2", b"22")]
    reader = tf.FixedLengthRecordReader(3, 2, 1, hop_bytes=2, encoding=encoding)
    assert [v for _, v in read_all(reader, tmp_path / "f")] == [b"001", b"112", b"223"]


@pytest.mark.parametrize("kind", ["NONE", "GZIP", "ZLIB"])
def test_tfrecords(tmp_path, kind):
    options = tf.python_io.TFRecordOptions(getattr(tf.python_io.TFRecordCompressionType, kind))
    with tf.python_io.TFRecordWriter(str(tmp_path / "r"), options) as writer:
        for record in (b"a", b"bbb", b""):
            writer.write(record)
    got = read_all(tf.TFRecordReader(options=options), tmp_path / "r")
    assert got == [("r:0", b"a"), ("r:17", b"bbb"), ("r:36", b"")]


def test_a_missing_file_is_passed_over_after_its_error(texts, tmp_path):
    q, fill = names(tmp_path / "nope", texts[2])
    value = tf.TextLineReader().read(q).value
    with tf.Session() as sess:
        for op in fill:
            sess.run(op)
        with pytest.raises(tf.errors.NotFoundError, match="nope"):
            sess.run(value)
        assert [sess.run(value), sess.run(value)] == [b"h1", b"x"]


def test_damaged_records(tmp_path):
    path = tmp_path / "r"
    with tf.python_io.TFRecordWriter(str(path)) as writer:
        writer.write(b"a")
        writer.write(b"bbb")
    path.write_bytes(path.read_bytes()[:-3])
    q, fill = names(path)
    value = tf.TFRecordReader().read(q).value
    with tf.Session() as sess:
        for op in fill:
            sess.run(op)
        assert sess.run(value) == b"a"
        with pytest.raises(tf.errors.DataLossError, match="truncated record at 17"):
            sess.run(value)


def test_queues_must_hold_single_strings():
    reader = tf.IdentityReader()
    two, number = tf.FIFOQueue(9, [tf.string] * 2), tf.FIFOQueue(9, tf.int32)
    vector = tf.FIFOQueue(9, tf.string)
    fill = [two.enqueue(["a", "b"]), number.enqueue(1), vector.enqueue([["a", "b"]])]
    with tf.Session() as sess:
        sess.run(fill)
        for q in (two, number, vector):
            with pytest.raises(tf.errors.InvalidArgumentError, match="xpected"):
                sess.run(reader.read(q).key)


def test_names_of_nodes_and_state():
    reader = tf.TextLineReader(name="lines")
    key, value = reader.read(tf.FIFOQueue(3, tf.string))
    assert (reader.reader_ref.name, key.name) == ("lines:0", "ReaderReadV2:0")
    assert value.shape.as_list() == [] and not reader.supports_serialize
    assert reader.read_up_to(tf.FIFOQueue(3, tf.string), 2).keys.shape.as_list() == [None]
    assert reader.reset().type == "ReaderResetV2"
    for call in (reader.serialize_state, lambda: reader.restore_state(b"")):
        with pytest.raises(NotImplementedError):
            call()
