# SPDX-License-Identifier: Apache-2.0
"""Catalog of cpp/src/ops/checkpoint.cpp."""

import os
import tempfile

import numpy as np

from caudal.framework.op_factory import apply
from property.catalog import stateful

VALUES = {"a": np.arange(20, dtype=np.float32).reshape(5, 4), "b": np.array([b"x", b""], object)}


def _raises(tf, sess, error, *fetches):
    for fetch in fetches:
        try:
            sess.run(fetch)
        except error:
            continue
        raise AssertionError("no error")


def _checkpoints(tf, session, dtype):
    folder = tempfile.mkdtemp()
    prefix, merged = os.path.join(folder, "p", "one"), os.path.join(folder, "all")
    names, whole = list(VALUES), ["", ""]
    values = [tf.constant(VALUES[n]) for n in names]
    types = [tf.float32, tf.string]
    save = apply("SaveV2", prefix, names, whole, values)
    restore = apply("RestoreV2", prefix, names, ["5 4 1,2:-", ""], dtypes=types)
    part = apply("SaveV2", prefix + "2", ["w"], ["5 4 1,2:0,4"], [VALUES["a"][1:3]])
    rest = apply("SaveV2", prefix + "3", ["w", "w"], ["5 4 0,1:0,4", "5 4 3,2:0,4"],
                 [VALUES["a"][:1], VALUES["a"][3:]])  # fmt: skip
    merge = apply("MergeV2Checkpoints", [prefix, prefix + "2", prefix + "3"], merged)
    again = apply("RestoreV2", merged, ["w", "a"], ["", ""], dtypes=[tf.float32] * 2)
    absent = apply("RestoreV2", prefix, ["c"], [""], dtypes=[tf.float32])
    nowhere = apply("RestoreV2", merged + "none", ["c"], [""], dtypes=[tf.float32])
    wrong = apply("RestoreV2", prefix, ["a"], [""], dtypes=[tf.int32])
    beyond = apply("RestoreV2", prefix, ["a"], ["5 4 4,2:-"], dtypes=[tf.float32])
    with session() as sess:
        sess.run(save)
        part_of_a, b = sess.run(restore)
        np.testing.assert_array_equal(part_of_a, VALUES["a"][1:3])
        assert b.tolist() == [b"x", b""]
        _raises(tf, sess, tf.errors.NotFoundError, absent, nowhere)
        _raises(tf, sess, tf.errors.InvalidArgumentError, wrong, beyond)
        sess.run([part, rest])
        sess.run(merge)
        for value in sess.run(again):
            np.testing.assert_array_equal(value, VALUES["a"])
    assert sorted(os.listdir(folder)) == [
        *(f"all.data-0000{i}-of-00003" for i in range(3)),
        "all.index",
    ]


def _old_checkpoints(tf, session, dtype):
    path = os.path.join(tempfile.mkdtemp(), "old")
    names = list(VALUES)
    values = [tf.constant(VALUES[n]) for n in names]
    save = apply("Save", path, names, values)
    parts = apply("SaveSlices", path + "2", ["a", "a"], ["5 4 0,2:-", "5 4 2,3:-"],
                  [VALUES["a"][:2], VALUES["a"][2:]])  # fmt: skip
    one = apply("Restore", path, "b", dt=tf.string)
    whole = apply("Restore", path + "?", "a", dt=tf.float32)
    cut = apply("RestoreSlice", path + "2", "a", "5 4 1,3:1,2", dt=tf.float32)
    absent = apply("Restore", path, "c", dt=tf.float32)
    with session() as sess:
        sess.run([save, parts])
        assert sess.run(one).tolist() == [b"x", b""]
        np.testing.assert_array_equal(sess.run(whole), VALUES["a"])
        np.testing.assert_array_equal(sess.run(cut), VALUES["a"][1:4, 1:3])
        _raises(tf, sess, tf.errors.NotFoundError, absent)


for name in ("SaveV2", "RestoreV2", "MergeV2Checkpoints"):
    stateful(name, _checkpoints)
for name in ("Save", "SaveSlices", "Restore", "RestoreSlice"):
    stateful(name, _old_checkpoints)
