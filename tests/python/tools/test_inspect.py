# SPDX-License-Identifier: Apache-2.0
"""`python -m caudal inspect` on every kind of file."""

import re

import pytest

import caudal as tf
from caudal import __main__ as commands
from caudal.tools import inspect


def text_of(path):
    return "\n".join(inspect.describe(path))


@pytest.fixture
def saved(tmp_path):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.matmul(x, tf.get_variable("layer/w", [2, 3]), name="y")
    tf.Variable([b"a"], name="words")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(sess, str(tmp_path / "m"), global_step=3)
        tf.saved_model.simple_save(sess, str(tmp_path / "served"), {"in": x}, {"out": y})
    tf.train.write_graph(tf.get_default_graph(), str(tmp_path), "graph.pbtxt")
    return path


def test_checkpoint(saved, tmp_path):
    for path in (saved, saved + ".index", str(tmp_path)):
        text = text_of(path)
        assert "format V2, 2 tensors, 1 data file" in text
        assert re.search(r"layer/w +float32 +\[2, 3\] +24 B", text)
    assert "of which %s is the latest" % saved in text


def test_old_checkpoint(tmp_path):
    tf.get_variable("v", [2])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
        path = saver.save(sess, str(tmp_path / "old"), write_meta_graph=False)
    assert "format V1, 1 tensors" in text_of(path)


def test_graphs(saved, tmp_path):
    meta, graph = text_of(saved + ".meta"), text_of(str(tmp_path / "graph.pbtxt"))
    assert "collection variables: 2" in meta and "saver: save/restore_all" in meta
    for text in (meta, graph):
        assert "x  float32 [?, 2]" in text and "layer/w  float32 [2, 3]" in text
        assert re.search(r"y  MatMul", text) and "all supported" in text
    served = text_of(str(tmp_path / "served"))
    assert "1 meta graph" in served and "tags serve" in served
    assert re.search(r"in +in = x:0 +float32 \[\?, 2\]", served) and "2 tensors" in served


def test_ops_that_are_not_there(tmp_path):
    graph = tf.GraphDef()
    graph.node.add(name="a", op="Placeholder").attr["dtype"].type = 1
    graph.node.add(name="b", op="NoSuchOp", input=["a"])
    graph.node.add(name="c", op="Merge", input=["b"])
    (tmp_path / "g.pb").write_bytes(graph.SerializeToString())
    text = text_of(str(tmp_path / "g.pb"))
    assert "not supported: NoSuchOp" in text and "Merge            1  yes, as If and While" in text


@pytest.mark.parametrize("form", ["", "GZIP", "ZLIB"])
def test_records(tmp_path, form):
    path = str(tmp_path / "records")
    with tf.python_io.TFRecordWriter(path, tf.python_io.TFRecordOptions(form)) as writer:
        for k in range(3):
            example = tf.train.Example()
            example.features.feature["x"].int64_list.value.extend([k, k])
            writer.write(example.SerializeToString())
    text = text_of(path)
    assert "records %s: 3" % path in text and "x  int64_list of 2" in text


def test_events(tmp_path):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        for step in (1, 5):
            value = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)])
            writer.add_summary(value, step)
    assert "loss  simple_value: 2, steps 1 to 5" in text_of(str(tmp_path))


def test_command(saved, tmp_path, capsys):
    assert commands.main(["inspect", saved]) == 0
    assert "layer/w" in capsys.readouterr().out
    (tmp_path / "other").write_bytes(b"something else")
    (tmp_path / "folder").mkdir()
    for name, words in (("other", "neither"), ("nope", "no such file"), ("folder", "without")):
        assert commands.main(["inspect", str(tmp_path / name)]) == 1
        assert words in capsys.readouterr().err


def test_damaged_files(saved, tmp_path):
    """Errors that name the file, never anything else."""
    for name in ("m-3.index", "m-3.meta", "served/saved_model.pb"):
        path = tmp_path / name
        data = path.read_bytes()
        for cut in range(0, len(data), max(1, len(data) // 25)):
            path.write_bytes(data[:cut])
            try:
                text_of(str(path))
            except (tf.errors.OpError, OSError) as error:
                assert str(tmp_path) in str(error)
        path.write_bytes(data)
