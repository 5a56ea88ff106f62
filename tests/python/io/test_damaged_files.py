# SPDX-License-Identifier: Apache-2.0
"""Files that are cut off, changed or made to harm: a clear error, little memory, no crash.

Fuzz targets (tests/fuzz) look for such files; here are kinds of them that every run tries.
"""

import functools
import os
import random
import struct

import numpy as np
import pytest

import caudal as tf
from caudal import _core
from caudal.framework.op_factory import apply

pytestmark = pytest.mark.no_graph

REFUSALS = {
    tf.errors.DATA_LOSS, tf.errors.INVALID_ARGUMENT, tf.errors.NOT_FOUND, tf.errors.UNIMPLEMENTED,
    tf.errors.OUT_OF_RANGE, tf.errors.FAILED_PRECONDITION,
}  # fmt: skip
DATA, INDEX = ".data-00000-of-00001", ".index"
MEGABYTES = 100  # what a reader of these small files may take, with all that Python does meanwhile


@pytest.fixture(autouse=True)
def bounded_memory():
    def peak():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024

    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # forget the peak so far
    except OSError:
        pytest.skip("peaks of memory cannot be measured here")
    before = peak()
    yield
    assert peak() - before < MEGABYTES


def refused(call):
    """Whether a reader refuses; any other exception fails the test."""
    try:
        call()
    except _core.Error as error:
        assert error.code in REFUSALS, error
        assert error.message
        return True
    return False


def read_checkpoint(prefix):
    reader = _core.CheckpointReader(prefix)
    reader.debug_string()
    return {name: reader.read(name) for name in reader.names()}


def read_into(found, prefix):
    found.update(read_checkpoint(prefix))


def good_checkpoint(prefix):
    values = {
        "a": np.arange(30, dtype=np.float32).reshape(5, 6),
        "b/text": np.array([b"x", b"yy" * 40], object),
        "c": np.int64(7),
    }
    writer = _core.CheckpointWriter(prefix)
    for name, value in values.items():
        writer.add(name, value)
    writer.add_slice("w", "4 0,1", np.zeros(1))
    writer.add_slice("w", "4 1,3", np.ones(3))
    writer.finish()


def variants(content, rng):
    """A file cut off and changed, here and there."""
    for end in {0, 1, len(content) // 2, len(content) - 1} | set(
        rng.sample(range(len(content)), 25)
    ):
        yield content[:end]
    yield content + b"more"
    for _ in range(150):
        changed = bytearray(content)
        changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        yield bytes(changed)
    for _ in range(30):
        changed = bytearray(content)
        at = rng.randrange(len(content))
        changed[at : at + 8] = rng.choice([b"\xff" * 8, bytes(8), b"\x7f" * 8])
        yield bytes(changed)


def test_damaged_checkpoints(tmp_path):
    prefix, rng = str(tmp_path / "model"), random.Random(0)
    good_checkpoint(prefix)
    good = {e: open(prefix + e, "rb").read() for e in (INDEX, DATA)}
    values = read_checkpoint(prefix)
    for ending in good:
        outcomes = []
        for content in variants(good[ending], rng):
            with open(prefix + ending, "wb") as file:
                file.write(content)
            found = {}
            outcomes.append(refused(functools.partial(read_into, found, prefix)))
            # What is not refused is right: the change hit nothing that matters.
            for name, value in found.items():
                np.testing.assert_array_equal(value, values[name])
        with open(prefix + ending, "wb") as file:
            file.write(good[ending])
        assert sum(outcomes) > 0.8 * len(outcomes)
    os.remove(prefix + DATA)
    assert refused(lambda: read_checkpoint(prefix))
    os.remove(prefix + INDEX)
    assert refused(lambda: read_checkpoint(prefix))


def test_damaged_old_checkpoints(tmp_path):
    path, rng = str(tmp_path / "old"), random.Random(1)
    with tf.Session(graph=tf.Graph()) as session, session.graph.as_default():
        values = [np.arange(30, dtype=np.float32), np.array([b"x", b""], object)]
        session.run(apply("Save", path, ["a", "b"], values))
    good = open(path, "rb").read()
    for content in variants(good, rng):
        with open(path, "wb") as file:
            file.write(content)
        refused(functools.partial(read_checkpoint, path))


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def checked(bytes_, compression=0):
    body = bytes_ + bytes([compression])
    return body + struct.pack("<I", _core.masked_crc32c(body))


def entry(key, value, shared=0):
    return varint(shared) + varint(len(key)) + varint(len(value)) + key + value


def table(entries, handles=None, compression=0):
    """A table of one block, all checksums right."""
    ends = struct.pack("<II", 0, 1)
    block = entries if compression else entries + ends
    out = checked(block, compression)
    index = (
        b"".join(
            entry(b"\xff" * (i + 1), varint(at) + varint(size))
            for i, (at, size) in enumerate(handles or [(0, len(block))])
        )
        + ends
    )
    at = len(out)
    out += checked(index)
    footer = varint(0) + varint(0) + varint(at) + varint(len(index))
    return out + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


HEADER = entry(b"", b"\x08\x01\x1a\x02\x08\x01")


def dims(*sizes):
    shape = b"".join(b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(s) for s in sizes))
    return b"\x12" + varint(len(shape)) + shape


BOMBS = {
    "large shape": HEADER + entry(b"a", b"\x08\x01" + dims(2**40) + b"\x28\x08"),
    "shape beyond 64 bits": HEADER + entry(b"a", b"\x08\x01" + dims(2**40, 2**40) + b"\x28\x08"),
    "negative size": HEADER + entry(b"a", b"\x08\x01" + dims(2**64 - 1) + b"\x28\x08"),
    "size beyond the file": HEADER
    + entry(b"a", b"\x08\x01" + dims(2**32) + b"\x28" + varint(2**34)),
    "offset beyond the file": HEADER
    + entry(b"a", b"\x08\x01" + dims(2) + b"\x20" + varint(2**62) + b"\x28\x08"),
    "many strings": HEADER + entry(b"a", b"\x08\x07" + dims(2**40) + b"\x28\x40"),
    "rank 200": HEADER + entry(b"a", b"\x08\x01" + dims(*[1] * 200) + b"\x28\x08"),
    "unknown dtype": HEADER + entry(b"a", b"\x08\x7f" + dims(1) + b"\x28\x08"),
    "resource": HEADER + entry(b"a", b"\x08\x14" + dims(1) + b"\x28\x08"),
    "shard 9": HEADER + entry(b"a", b"\x08\x01" + dims(1) + b"\x18\x09\x28\x04"),
    "a slice without values": HEADER + entry(b"a", b"\x08\x01" + dims(2**40) + b"\x3a\x02\x0a\x00"),
    "a slice outside": HEADER
    + entry(b"a", b"\x08\x01" + dims(4) + b"\x3a\x06\x0a\x04\x08\x09\x10\x09"),
    "many slices": HEADER + entry(b"a", b"\x08\x01" + dims(4) + b"\x3a\x02\x0a\x00" * 5000),
    "long keys": HEADER
    + entry(b"a" * 60000, b"\x08\x01")
    + b"".join(entry(b"b", b"", shared=60000 + i) for i in range(5000)),
    "shared beyond the key": HEADER + entry(b"a", b"", shared=2**40),
    "length beyond the block": HEADER + varint(0) + varint(2**63) + varint(2**63) + b"a",
    "big-endian": entry(b"", b"\x08\x01\x10\x01"),
    "a later version": entry(b"", b"\x08\x01\x1a\x02\x10\x09"),
    "many shards": entry(b"", b"\x08" + varint(2**31)),
    "no header": entry(b"a", b"\x08\x01" + dims(1) + b"\x28\x04"),
    "keys out of order": HEADER + entry(b"b", b"\x08\x01") + entry(b"a", b"\x08\x01"),
    "no entries": b"",
    "a name that is no text": HEADER + entry(b"\xff\xfe", b"\x08\x01" + dims(9)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_harmful_indices(tmp_path, name):
    prefix = str(tmp_path / "model")
    (tmp_path / "model.index").write_bytes(table(BOMBS[name]))
    (tmp_path / "model.data-00000-of-00001").write_bytes(bytes(64))
    assert refused(lambda: read_checkpoint(prefix))


@pytest.mark.parametrize(
    "handles", [[(0, 2**62)], [(2**63, 2**63)], [(0, 40)] * 3, [(2**64 - 4, 8)], [(10**6, 10)]]
)
def test_blocks_where_there_are_none(tmp_path, handles):
    (tmp_path / "model.index").write_bytes(table(HEADER, handles))
    assert refused(lambda: read_checkpoint(str(tmp_path / "model")))


@pytest.mark.parametrize(
    "block",
    [
        varint(2**32 - 1) + b"\x00a",  # says that it becomes four gigabytes
        varint(1000) + b"\x00a" + b"\xfe\x00\x00" * 15,  # copies from where nothing is
        varint(64) + b"\xfc\xff\xff\xff\xff",
        varint(2**40),
        b"",
    ],
)
def test_harmful_compressed_blocks(tmp_path, block):
    (tmp_path / "old").write_bytes(table(block, compression=1))
    assert refused(lambda: read_checkpoint(str(tmp_path / "old")))


def records(path):
    return list(_core.RecordReader(str(path)))


def test_damaged_records(tmp_path):
    path, rng = tmp_path / "records", random.Random(2)
    texts = [b"one", b"", b"x" * 300]
    good = b"".join(map(_core.record_frame, texts))
    path.write_bytes(good)
    assert records(path) == texts
    for content in variants(good, rng):
        path.write_bytes(content)
        reader, found = _core.RecordReader(str(path)), []

        def read(reader=reader, found=found):
            found.extend(iter(reader.next, None))

        complete = refused(read) or len(content) in (0, 19, 35)
        assert complete and found == texts[: len(found)]
    length = struct.pack("<Q", 2**60)
    path.write_bytes(length + struct.pack("<I", _core.masked_crc32c(length)) + b"abc")
    with pytest.raises(_core.Error, match="truncated record at 0 of .*records"):
        records(path)
    path.write_bytes(good[:-1])
    with pytest.raises(_core.Error, match="truncated record at 35 of .*records"):
        records(path)
    # What a writer has not finished yet can be read later.
    reader = _core.RecordReader(str(path))
    assert [reader.next(), reader.next()] == texts[:2]
    with pytest.raises(_core.Error):
        reader.next()
    path.write_bytes(good)
    assert reader.next() == texts[2] and reader.next() is None
