# SPDX-License-Identifier: Apache-2.0
"""Queues, and readers that take names of files from them."""

import os
import struct
import tempfile

import numpy as np

from caudal.framework.op_factory import apply
from property.catalog import stateful
from property.catalog.tables import fails

_NUMBERS = "float32 float64 int32 int64 bool uint8"


def _fifo(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    attrs = dict(component_types=[kind, tf.string], capacity=4)
    queue = apply("FIFOQueueV2", shapes=[(2,), ()], **attrs)
    loose = apply("FIFOQueueV2", **attrs)
    rows = np.array([[1, 0], [2, 3], [0, 1]]).astype(dtype)
    put = apply("QueueEnqueueV2", queue, [rows[0], "a"])
    many = apply("QueueEnqueueManyV2", queue, [rows[1:], ["b", "c"]])
    none = apply("QueueEnqueueManyV2", queue, [rows[:0], np.zeros([0], object)])
    bad = [
        apply("QueueEnqueueV2", queue, [rows[0]]),
        apply("QueueEnqueueV2", queue, ["a", rows[0]]),
        apply("QueueEnqueueV2", queue, [rows, "a"]),
        apply("QueueEnqueueManyV2", queue, [rows, ["a"]]),
        apply("QueueEnqueueManyV2", queue, [rows[0, 0], "a"]),
        apply("QueueDequeueV2", queue, component_types=[kind]),
        apply("QueueDequeueManyV2", loose, 1, component_types=[kind, tf.string]),
        apply("QueueEnqueueManyV2", loose, [rows, ["a"]]),
    ]
    types = dict(component_types=[kind, tf.string])
    take = apply("QueueDequeueV2", queue, **types)
    number = tf.placeholder(tf.int32)
    take_many = apply("QueueDequeueManyV2", queue, number, **types)
    take_rest = apply("QueueDequeueUpToV2", queue, number, **types)
    size, closed = apply("QueueSizeV2", queue), apply("QueueIsClosedV2", queue)
    close = apply("QueueCloseV2", queue)
    cancel = apply("QueueCloseV2", queue, cancel_pending_enqueues=True)
    errors = tf.errors
    with session() as sess:
        sess.run([put, none])
        sess.run(many)
        assert sess.run(size) == 3 and not sess.run(closed)
        for op in bad:
            fails(tf, sess, op, errors.InvalidArgumentError)
        for wrong in (-1, [1, 2]):
            fails(tf, sess, take_rest, errors.InvalidArgumentError, {number: wrong})
        a, b = sess.run(take)
        assert a.tolist() == rows[0].tolist() and b == b"a"
        a, b = sess.run(take_many, {number: 0})
        assert a.shape == (0, 2) and b.shape == (0,)
        sess.run(close)
        assert sess.run(closed)
        fails(tf, sess, put, errors.CancelledError)
        fails(tf, sess, close, errors.CancelledError)
        sess.run(cancel)
        fails(tf, sess, take_many, errors.OutOfRangeError, {number: 3})
        a, b = sess.run(take_rest, {number: 2**31 - 1})
        assert a.tolist() == rows[1:].tolist() and b.tolist() == [b"b", b"c"]
        fails(tf, sess, take, errors.OutOfRangeError)
        fails(tf, sess, take_rest, errors.OutOfRangeError, {number: 1})
    with session() as sess:
        assert sess.run(size) == 0  # every session has its own


def _padding(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    queue = apply("PaddingFIFOQueueV2", component_types=[kind], shapes=[(None, 2)], capacity=-1)
    puts = [apply("QueueEnqueueV2", queue, [np.ones([n, 2], dtype)]) for n in (1, 0, 2)]
    bad = apply("QueueEnqueueV2", queue, [np.ones([1, 3], dtype)])
    take = apply("QueueDequeueManyV2", queue, 3, component_types=[kind])
    none = apply("PaddingFIFOQueueV2", component_types=[kind])
    with session() as sess:
        for put in puts:
            sess.run(put)
        fails(tf, sess, bad, tf.errors.InvalidArgumentError)
        fails(tf, sess, none, tf.errors.InvalidArgumentError)
        (out,) = sess.run(take)
        assert out.shape == (3, 2, 2) and out[0].astype(int).tolist() == [[1, 1], [0, 0]]
        assert not out[1].any() and out[2].all()


def _shuffled(tf, session, dtype):
    attrs = dict(component_types=[tf.int32], shapes=[()], seed=87654321, seed2=3)
    queue = apply("RandomShuffleQueueV2", capacity=50, shared_name="s", **attrs)
    same = apply("RandomShuffleQueueV2", capacity=50, shared_name="s", **attrs)
    other = apply("RandomShuffleQueueV2", capacity=51, shared_name="s", **attrs)
    wrong = apply("FIFOQueueV2", component_types=[tf.int32], capacity=50, shared_name="s")
    bad = apply("RandomShuffleQueueV2", capacity=5, min_after_dequeue=5, **attrs)
    put = apply("QueueEnqueueManyV2", queue, [np.arange(20, dtype=np.int32)])
    take = apply("QueueDequeueManyV2", same, 10, component_types=[tf.int32])
    with session() as sess:
        sess.run(put)
        # the order of TensorFlow 1.15
        assert sess.run(take)[0].tolist() == [7, 4, 10, 11, 15, 16, 18, 14, 1, 3]
        for op in (other, wrong, bad):
            fails(tf, sess, op, tf.errors.InvalidArgumentError)


def _priority(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    queue = apply("PriorityQueueV2", component_types=[kind], shapes=[()], capacity=9)
    loose = apply("PriorityQueueV2", component_types=[kind], shapes=[], capacity=9)
    numbers = np.array([5, -3, 2], np.int64)
    put = apply("QueueEnqueueManyV2", queue, [numbers, np.array([1, 0, 1]).astype(dtype)])
    wide = np.zeros([3, 0], np.int64)
    bad = [apply("QueueEnqueueManyV2", q, [wide, np.ones([3], dtype)]) for q in (queue, loose)]
    take = apply("QueueDequeueManyV2", queue, 3, component_types=[tf.int64, kind])
    with session() as sess:
        sess.run(put)
        for op in bad:
            fails(tf, sess, op, tf.errors.InvalidArgumentError)
        first, second = sess.run(take)
        assert first.tolist() == [-3, 2, 5] and second.astype(int).tolist() == [0, 1, 1]


def _handles(tf, session, dtype):
    queues = [tf.FIFOQueue(3, tf.int32, shapes=()) for _ in range(2)]
    chosen = tf.placeholder(tf.int32, [])
    put = tf.QueueBase.from_list(chosen, queues).enqueue(7)
    sizes = [q.size() for q in queues]
    reader = apply("IdentityReaderV2")
    wrong = [apply("QueueSizeV2", reader), apply("ReaderReadV2", queues[0].queue_ref, reader)]
    with session() as sess:
        sess.run(put, {chosen: 1})
        assert sess.run(sizes) == [0, 1]
        fails(tf, sess, put, tf.errors.InvalidArgumentError, {chosen: 2})
        for op in wrong:
            fails(tf, sess, op, tf.errors.InvalidArgumentError)


def _names(tf, *paths):
    queue = apply("FIFOQueueV2", component_types=[tf.string])
    return queue, apply("QueueEnqueueManyV2", queue, [list(paths)]), apply("QueueCloseV2", queue)


def _write(content):
    path = os.path.join(tempfile.mkdtemp(), "file")
    with open(path, "wb") as file:
        file.write(content)
    return path


def _read_all(tf, session, reader, path):
    """Records of a reader as (last part of the key, value), read one by one and several at once."""
    queue, put, close = _names(tf, path)
    read = apply("ReaderReadV2", reader, queue)
    up_to = apply("ReaderReadUpToV2", reader, queue, np.int64(2))
    counts = [
        apply("ReaderNumRecordsProducedV2", reader),
        apply("ReaderNumWorkUnitsCompletedV2", reader),
    ]
    reset = apply("ReaderResetV2", reader)
    out = []
    with session() as sess:
        sess.run(put)
        sess.run(close)
        while True:
            try:
                key, value = sess.run(read)
            except tf.errors.OutOfRangeError:
                break
            out.append((key.decode().replace(path, ""), value))
        assert sess.run(counts) == [len(out), 1]
        sess.run(reset)
        assert sess.run(counts) == [0, 0]
    with session() as sess:
        sess.run(put)
        sess.run(close)
        keys, values = sess.run(up_to)
        assert list(values) == [v for _, v in out[:2]]
        assert [k.decode().replace(path, "") for k in keys] == [k for k, _ in out[:2]]
    return out


def _readers(tf, session, dtype):
    text = _write(b"head\none\r\n\ntwo")
    assert _read_all(tf, session, apply("TextLineReaderV2", skip_header_lines=1), text) == [
        (":2", b"one"), (":3", b""), (":4", b"two"),
    ]  # fmt: skip
    whole = _read_all(tf, session, apply("WholeFileReaderV2"), text)
    assert whole == [("", b"head\none\r\n\ntwo")]
    identity = _read_all(tf, session, apply("IdentityReaderV2"), text)
    assert identity == [("", text.encode())]
    parts = _write(b"HH0011223F")
    fixed = dict(header_bytes=2, record_bytes=2, footer_bytes=1)
    assert _read_all(tf, session, apply("FixedLengthRecordReaderV2", **fixed), parts) == [
        (":0", b"00"), (":1", b"11"), (":2", b"22"),
    ]  # fmt: skip
    hops = apply("FixedLengthRecordReaderV2", **{**fixed, "record_bytes": 3, "hop_bytes": 2})
    assert [v for _, v in _read_all(tf, session, hops, parts)] == [b"001", b"112", b"223"]
    path = os.path.join(tempfile.mkdtemp(), "records")
    with tf.python_io.TFRecordWriter(path) as writer:
        for record in (b"a", b"bbb", b""):
            writer.write(record)
    records = [(":0", b"a"), (":17", b"bbb"), (":36", b"")]
    assert _read_all(tf, session, apply("TFRecordReaderV2"), path) == records


def _bad_files(tf, session, dtype):
    damaged = _write(struct.pack("<QI", 2**62, 0) + b"xx")
    for reader, path, error in [
        (apply("TextLineReaderV2"), "/no/such/file", tf.errors.NotFoundError),
        (apply("WholeFileReaderV2"), "/no/such/file", tf.errors.NotFoundError),
        (apply("TFRecordReaderV2"), damaged, tf.errors.DataLossError),
        (apply("FixedLengthRecordReaderV2", record_bytes=0), damaged,
         tf.errors.InvalidArgumentError),
        (apply("FixedLengthRecordReaderV2", record_bytes=2**62, header_bytes=2**62), damaged,
         tf.errors.OutOfRangeError),
        (apply("TFRecordReaderV2", compression_type="LZMA"), damaged,
         tf.errors.InvalidArgumentError),
        (apply("TextLineReaderV2", skip_header_lines=-1), damaged, tf.errors.InvalidArgumentError),
    ]:  # fmt: skip
        queue, put, close = _names(tf, path)
        read = apply("ReaderReadV2", reader, queue)
        many = apply("ReaderReadUpToV2", reader, queue, np.int64(-1))
        with session() as sess:
            sess.run(put)
            sess.run(close)
            fails(tf, sess, read, error)
            fails(tf, sess, many, tf.errors.InvalidArgumentError)


stateful("FIFOQueueV2", _fifo, _NUMBERS)
for _name in (
    "QueueEnqueueV2 QueueEnqueueManyV2 QueueDequeueV2 QueueDequeueManyV2 QueueDequeueUpToV2 "
    "QueueCloseV2 QueueIsClosedV2"
).split():
    stateful(_name, _fifo)
stateful("QueueSizeV2", _handles)
stateful("PaddingFIFOQueueV2", _padding, _NUMBERS)
stateful("RandomShuffleQueueV2", _shuffled)
stateful("PriorityQueueV2", _priority, _NUMBERS)
for _name in (
    "IdentityReaderV2 WholeFileReaderV2 TextLineReaderV2 FixedLengthRecordReaderV2 "
    "TFRecordReaderV2 ReaderNumRecordsProducedV2 ReaderNumWorkUnitsCompletedV2 ReaderResetV2"
).split():
    stateful(_name, _readers)
stateful("ReaderReadV2", _bad_files)
stateful("ReaderReadUpToV2", _bad_files)
