# SPDX-License-Identifier: Apache-2.0
"""Lookup tables behind handles."""

import os
import tempfile

import numpy as np

from caudal.framework.op_factory import apply
from property.catalog import stateful


def fails(tf, sess, fetch, kind, feeds=None):
    try:
        sess.run(fetch, feeds)
    except kind:
        return
    raise AssertionError("no error from %s" % fetch)


def _fixed(tf, session, dtype):
    errors = tf.errors
    table = apply("HashTableV2", key_dtype=tf.string, value_dtype=tf.as_dtype(dtype))
    keys, one = tf.constant(["a", "b"]), tf.constant(np.array([1, 2]).astype(dtype))
    start = apply("InitializeTableV2", table, keys, one)
    import_ = apply("LookupTableImportV2", table, keys, one)
    other = apply("InitializeTableV2", table, keys[:1], one[:1])
    found = apply("LookupTableFindV2", table, ["b", "?"], np.array(9).astype(dtype))
    wrong = apply("LookupTableFindV2", table, [1], np.array(9).astype(dtype))
    shape = apply("LookupTableFindV2", table, ["a"], np.array([9]).astype(dtype))
    insert = apply("LookupTableInsertV2", table, keys, one)
    size = apply("LookupTableSizeV2", table)
    export = apply("LookupTableExportV2", table, Tkeys=tf.string, Tvalues=tf.as_dtype(dtype))
    with session() as sess:
        fails(tf, sess, found, errors.FailedPreconditionError)
        sess.run(start)
        sess.run([start, import_])  # the same again does no harm
        assert sess.run(found).tolist() == [2, 9] and sess.run(size) == 2
        assert sess.run(export.keys).tolist() == [b"a", b"b"]
        assert sess.run(export.values).tolist() == [1, 2]
        fails(tf, sess, other, errors.FailedPreconditionError)
        fails(tf, sess, wrong, errors.InvalidArgumentError)
        fails(tf, sess, shape, errors.InvalidArgumentError)
        fails(tf, sess, insert, errors.UnimplementedError)
    with session() as sess:
        assert sess.run(size) == 0  # every session has its own


def _file(tf, session, dtype):
    path = os.path.join(tempfile.mkdtemp(), "words")
    with open(path, "w") as f:
        f.write("a 10\nb 20\n")

    def table_of(name, **attrs):
        table = apply("HashTableV2", key_dtype=tf.string, value_dtype=tf.int64)
        start = apply("InitializeTableFromTextFileV2", table, name, delimiter=" ", **attrs)
        return start, apply("LookupTableFindV2", table, ["b"], np.int64(-1))

    lines, columns = (
        table_of(path, key_index=-2, value_index=-1),
        table_of(path, key_index=0, value_index=1),
    )
    few, many = (
        table_of(path, key_index=0, value_index=2),
        table_of(path, key_index=0, value_index=-1, vocab_size=3),
    )
    none = table_of(path + "?", key_index=0, value_index=1)
    with session() as sess:
        sess.run([lines[0], columns[0]])
        assert sess.run([lines[1][0], columns[1][0]]) == [-1, 20]
        fails(tf, sess, few[0], tf.errors.InvalidArgumentError)
        fails(tf, sess, many[0], tf.errors.InvalidArgumentError)
        fails(tf, sess, none[0], tf.errors.NotFoundError)


def _mutable(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    plain = apply("MutableHashTableV2", key_dtype=tf.int64, value_dtype=kind, shared_name="t")
    same = apply("MutableHashTableV2", key_dtype=tf.int64, value_dtype=kind, shared_name="t")
    rows = apply("MutableHashTableOfTensorsV2", key_dtype=tf.string, value_dtype=kind,
                 value_shape=[2])  # fmt: skip
    pairs = (tf.constant([3, 4], tf.int64), np.array([30, 40]).astype(dtype))
    insert = apply("LookupTableInsertV2", plain, *pairs)
    remove = apply("LookupTableRemoveV2", same, tf.constant([3, 9], tf.int64))
    found = apply(
        "LookupTableFindV2", same, tf.constant([[3, 4]], tf.int64), np.array(0).astype(dtype)
    )
    put = apply("LookupTableImportV2", rows, ["x"], np.array([[1, 2]]).astype(dtype))
    got = apply("LookupTableFindV2", rows, ["x", "y"], np.array([7, 8]).astype(dtype))
    bad = apply("LookupTableInsertV2", rows, ["x"], np.array([[1, 2, 3]]).astype(dtype))
    number = apply("LookupTableSizeV2", same)
    handle = tf.placeholder(tf.resource, [])
    with session() as sess:
        sess.run(insert)
        assert sess.run(found).tolist() == [[30, 40]] and sess.run(number) == 2
        sess.run(remove)
        assert sess.run(found).tolist() == [[0, 40]] and sess.run(number) == 1
        sess.run(put)
        assert sess.run(got).tolist() == [[1, 2], [7, 8]]
        fails(tf, sess, bad, tf.errors.InvalidArgumentError)
    assert handle.dtype == tf.resource


def _dense(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    table = apply(
        "MutableDenseHashTableV2", tf.constant([0, 0], tf.int64), tf.constant([-1, 0], tf.int64),
        value_dtype=kind, initial_num_buckets=4,
    )  # fmt: skip
    keys = tf.constant([[1, 2], [3, 4]], tf.int64)
    insert = apply("LookupTableInsertV2", table, keys, np.array([5, 6]).astype(dtype))
    found = apply(
        "LookupTableFindV2",
        table,
        tf.constant([[[3, 4], [4, 3]]], tf.int64),
        np.array(-1).astype(dtype),
    )
    empty = apply(
        "LookupTableFindV2", table, tf.constant([[0, 0]], tf.int64), np.array(-1).astype(dtype)
    )
    export = apply("LookupTableExportV2", table, Tkeys=tf.int64, Tvalues=kind)
    odd = apply("MutableDenseHashTableV2", tf.constant(0), tf.constant(1), value_dtype=kind,
                initial_num_buckets=3)  # fmt: skip
    equal = apply("MutableDenseHashTableV2", tf.constant(1), tf.constant(1), value_dtype=kind)
    with session() as sess:
        sess.run(insert)
        assert sess.run(found).tolist() == [[6, -1]]
        assert sess.run(export.keys).shape == (4, 2)
        fails(tf, sess, empty, tf.errors.InvalidArgumentError)
        for table in (odd, equal):
            fails(tf, sess, apply("LookupTableSizeV2", table), tf.errors.InvalidArgumentError)


for name in ("HashTableV2", "InitializeTableV2", "LookupTableImportV2", "LookupTableFindV2",
             "LookupTableSizeV2", "LookupTableExportV2"):  # fmt: skip
    stateful(name, _fixed, "float32 int64")
stateful("InitializeTableFromTextFileV2", _file)
for name in ("MutableHashTableV2", "MutableHashTableOfTensorsV2", "LookupTableInsertV2",
             "LookupTableRemoveV2"):  # fmt: skip
    stateful(name, _mutable, "float32 int64")
stateful("MutableDenseHashTableV2", _dense)
