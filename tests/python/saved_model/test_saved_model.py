# SPDX-License-Identifier: Apache-2.0
"""SavedModels: writing, reading, signatures."""

import os

import numpy as np
import pytest

import caudal as tf

sm = tf.saved_model


def add_model(sess):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.matmul(x, tf.get_variable("v", [2, 3]), name="y")
    sess.run(tf.global_variables_initializer())
    return x, y


def test_simple_save(tmp_path):
    folder = str(tmp_path / "model")
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = add_model(sess)
        want = sess.run(y, {x: [[1, 2]]})
        sm.simple_save(sess, folder, {"x": x}, {"y": y})
    assert sorted(os.listdir(folder)) == ["saved_model.pb", "variables"]
    assert sm.contains_saved_model(folder) and not sm.contains_saved_model(str(tmp_path))
    for scope in (None, "inside"):
        with tf.Graph().as_default(), tf.Session() as sess:
            message = sm.load(sess, [sm.SERVING], folder, import_scope=scope)
            signature = message.signature_def[sm.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
            assert sm.is_valid_signature(signature)
            x, y = (
                sm.get_tensor_from_tensor_info(info, import_scope=scope)
                for info in (signature.inputs["x"], signature.outputs["y"])
            )
            np.testing.assert_array_equal(sess.run(y, {x: [[1, 2]]}), want)
            assert [v.op.name for v in tf.global_variables()] == ["inside/v" if scope else "v"]


def test_assets_and_main_op(tmp_path):
    folder = str(tmp_path / "model")
    for sub in ("one", "two"):
        (tmp_path / sub).mkdir()
        (tmp_path / sub / "words").write_text("%s\nlast\n" % sub)
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.string, [], name="x")
        for sub in ("one", "two"):
            table = tf.contrib.lookup.index_table_from_file(str(tmp_path / sub / "words"))
            tf.identity(table.lookup(x), name="y_" + sub)
        builder = sm.Builder(folder)
        builder.add_meta_graph_and_variables(
            sess, ["a", "b"],
            assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
            main_op=tf.tables_initializer(),
        )  # fmt: skip
        builder.save(as_text=True)
    (tmp_path / "one" / "words").write_text("changed\n")
    assert sorted(os.listdir(folder + "/assets")) == ["words", "words_1"]
    with tf.Graph().as_default(), tf.Session() as sess:
        sm.load(sess, ["b", "a"], folder)
        assert sess.run(["y_one:0", "y_two:0"], {"x:0": "one"}) == [0, -1]


def test_several_graphs_of_the_same_variables(tmp_path):
    folder = str(tmp_path / "model")
    builder = sm.builder.SavedModelBuilder(folder)
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = add_model(sess)
        want = sess.run(y, {x: [[1, 2]]})
        with pytest.raises(AssertionError, match="has not been saved yet"):
            builder.add_meta_graph(["serve"])
        builder.add_meta_graph_and_variables(sess, ["train"])
        with pytest.raises(AssertionError, match="already been saved"):
            builder.add_meta_graph_and_variables(sess, ["train"])
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = add_model(sess)
        tf.negative(y, name="minus")
        builder.add_meta_graph(["serve"])
    assert builder.save() == os.fsencode(folder + "/saved_model.pb")
    with tf.Graph().as_default(), tf.Session() as sess:
        sm.load(sess, ["serve"], folder)
        np.testing.assert_array_equal(sess.run("minus:0", {"x:0": [[1, 2]]}), -want)
        with pytest.raises(RuntimeError, match="could not be found in SavedModel"):
            sm.load(sess, ["nope"], folder)
    with pytest.raises(AssertionError, match="isn't empty"):
        sm.Builder(folder)
    with tf.Session(graph=tf.Graph()) as sess, pytest.raises(OSError, match="does not exist"):
        sm.load(sess, ["serve"], str(tmp_path / "nope"))
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"\x12\xff\xff")
    with tf.Session(graph=tf.Graph()) as sess, pytest.raises(OSError, match="Cannot parse"):
        sm.load(sess, ["serve"], folder)


def test_model_without_variables(tmp_path):
    folder = str(tmp_path / "model")
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [], name="x")
        sm.simple_save(sess, folder, {"x": x}, {"y": tf.sqrt(x, name="y")})
    with tf.Graph().as_default(), tf.Session() as sess:
        sm.load(sess, [sm.SERVING], folder)
        assert sess.run("y:0", {"x:0": 9}) == 3


def test_signatures():
    f = tf.placeholder(tf.float32, [3], name="f")
    s = tf.placeholder(tf.string, [None], name="s")
    sparse = tf.sparse_placeholder(tf.int64, name="sparse")
    utils = sm.signature_def_utils
    regression = utils.regression_signature_def(s, f)
    assert regression.method_name == sm.REGRESS_METHOD_NAME
    assert regression.outputs["outputs"].name == "f:0"
    classification = utils.classification_signature_def(s, None, f)
    assert list(classification.outputs) == ["scores"]
    for signature in (regression, classification, utils.predict_signature_def({"a": f}, {"b": s})):
        assert utils.is_valid_signature(signature)
    regression.method_name = sm.CLASSIFY_METHOD_NAME
    assert not utils.is_valid_signature(regression) and not utils.is_valid_signature(None)
    info = sm.build_tensor_info(sparse)
    assert info.tensor_shape.unknown_rank and info.dtype == tf.int64.as_datatype_enum
    assert sm.get_tensor_from_tensor_info(info).values is sparse.values
    for wrong, text in (
        (lambda: utils.regression_signature_def(f, f), "must be a string"),
        (lambda: utils.regression_signature_def(s, s), "must be a float"),
        (lambda: utils.regression_signature_def(None, f), "cannot be None"),
        (lambda: utils.classification_signature_def(s, None, None), "cannot both be None"),
        (lambda: utils.predict_signature_def({}, {"a": f}), "cannot be None or empty"),
    ):
        with pytest.raises(ValueError, match=text):
            wrong()
