# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B023
"""Lookup tables: from tensors and files, with hash buckets, and their errors."""

import os
import tempfile

import numpy as np

import caudal as tf

L = tf.lookup


def run(sess, name, *fetches):
    try:
        values = sess.run(fetches)
    except tf.errors.OpError as error:
        print(name, type(error).__name__)
        return
    print(name, *[np.array(getattr(v, "values", v)).tolist() for v in values])


def attempt(name, build):
    try:
        build()
        print(name, "fine")
    except (ValueError, TypeError) as error:
        print(name, type(error).__name__)


for keys, values, default, ask in (
    (["a", "b", "c"], np.int64([1, 2, 3]), -1, ["b", "z", "a"]),
    (np.int64([5, 6]), ["five", "six"], "?", np.int64([[6, 7]])),
    (["x", "y"], np.float32([1.5, 2.5]), 0.0, ["y", "q"]),
    (np.int32([1, 2]), np.int32([10, 20]), 0, np.int32([2, 3])),
):
    with tf.Graph().as_default(), tf.Session() as sess:
        table = L.StaticHashTable(L.KeyValueTensorInitializer(keys, values), default)
        asked = tf.constant(ask)
        found = table.lookup(asked)
        run(sess, "early", found)
        print(found.shape, table.key_dtype.name, table.value_dtype.name)
        sess.run(tf.tables_initializer())
        run(sess, "found", found, table.size())
        sess.run(tf.tables_initializer())
        sparse = table.lookup(tf.SparseTensor([[0]], tf.reshape(asked, [-1])[:1], [4]))
        run(sess, "sparse", sparse)
        attempt("wrong keys", lambda: table.lookup(tf.constant([1.0])))

with tf.Graph().as_default(), tf.Session() as sess:
    table = L.StaticHashTable(L.KeyValueTensorInitializer(["a", "a"], [1, 2]), 0)
    run(sess, "conflict", table.initializer)
    table = L.StaticHashTable(L.KeyValueTensorInitializer(["a", "a"], [1, 1]), 0)
    sess.run(table.initializer)
    run(sess, "same twice", table.lookup(tf.constant(["a"])), table.size())

for buckets in (1, 5):
    with tf.Graph().as_default(), tf.Session() as sess:
        start = L.KeyValueTensorInitializer(["a", "b"], np.int64([0, 1]))
        table = L.StaticVocabularyTable(start, buckets)
        sess.run(tf.tables_initializer())
        words = tf.constant(["b", "c", "d", "e", "a"])
        run(sess, "vocabulary", table.lookup(words), table.size())
attempt("no buckets", lambda: L.StaticVocabularyTable(None, 0))

folder = tempfile.mkdtemp()
path = os.path.join(folder, "words.txt")
with open(path, "w") as f:
    f.write("one\t1\ntwo\t2\nthree\t3\n")
I = L.TextFileIndex  # noqa: E741
for kinds in (
    (tf.string, I.WHOLE_LINE, tf.int64, I.LINE_NUMBER, None),
    (tf.int64, I.LINE_NUMBER, tf.string, I.WHOLE_LINE, None),
    (tf.string, 0, tf.int64, 1, None),
    (tf.string, 0, tf.float32, 1, 2),
    (tf.string, 0, tf.int64, 1, 5),
    (tf.string, 0, tf.int64, 2, None),
    (tf.string, 1, tf.int64, 0, None),
):
    with tf.Graph().as_default(), tf.Session() as sess:
        start = L.TextFileInitializer(path, *kinds[:4], vocab_size=kinds[4])
        empty = "" if kinds[2] == tf.string else -1
        table = L.StaticHashTable(start, empty)
        run(sess, "initialize", table.initializer)
        ask = (
            tf.constant(["two", "three", "2", "one\t1"])
            if kinds[0] == tf.string
            else tf.constant([0, 2, 9], tf.int64)
        )
        run(sess, "file", table.lookup(ask), table.size())
attempt(
    "line number of strings",
    lambda: L.TextFileInitializer(path, tf.string, I.LINE_NUMBER, tf.int64, 0),
)
attempt("no file name", lambda: L.TextFileInitializer("", tf.string, 0, tf.int64, 1))
with tf.Graph().as_default(), tf.Session() as sess:
    start = L.TextFileInitializer(path + "?", tf.string, 0, tf.int64, 1)
    run(sess, "no file", L.StaticHashTable(start, -1).initializer)

with tf.Graph().as_default(), tf.Session() as sess:
    table = L.experimental.DenseHashTable(
        tf.int64, tf.float32, [0.0, 0.0], empty_key=0, deleted_key=-1, initial_num_buckets=4
    )
    insert = table.insert(tf.constant([3, 4, 5], tf.int64), [[1.0, 2], [3, 4], [5, 6]])
    run(sess, "before", table.size())
    sess.run(insert)
    found = table.lookup(tf.constant([4, 9, 3], tf.int64))
    run(sess, "dense", found, table.size())
    keys, values = sess.run(table.export())
    print(sorted(np.ravel(keys).tolist()), sorted(values.sum(1).tolist()))
    run(sess, "empty key", table.lookup(tf.constant([0], tf.int64)))
    run(sess, "deleted key", table.insert(tf.constant([-1], tf.int64), [[0.0, 0]]))
    sess.run(table.insert(tf.constant([3], tf.int64), [[7.0, 8.0]]))
    run(sess, "again", found, table.size())
    attempt("wrong values", lambda: table.insert(tf.constant([3]), [[7.0, 8.0]]))
