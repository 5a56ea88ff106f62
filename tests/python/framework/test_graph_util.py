# SPDX-License-Identifier: Apache-2.0
"""Parts of graphs, frozen graphs, graphs in files."""

import numpy as np
import pytest

import caudal as tf
from caudal.framework import graph_util
from caudal.tools import freeze_graph

ROWS = np.arange(6, dtype="f").reshape(2, 3)


def model(**kwargs):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    v = tf.get_variable("v", [3, 2], **kwargs)
    table = tf.get_variable("table", [4, 3], use_resource=True)
    tf.get_variable("unused", [2])
    y = tf.matmul(x + tf.nn.embedding_lookup(table, [1]), v, name="y")
    tf.identity(tf.identity(y), name="z")
    return x, y


def ops_of(graph_def):
    return {n.name: n.op for n in graph_def.node}


def test_extract_sub_graph():
    model()
    graph_def = tf.get_default_graph().as_graph_def()
    part = tf.graph_util.extract_sub_graph(graph_def, ["y"])
    names = list(ops_of(part))
    assert "z" not in names and "unused" not in names and "v/Assign" not in names
    assert names == [n for n in ops_of(graph_def) if n in names]  # in the same order
    with pytest.raises(TypeError, match="must be a list"):
        tf.graph_util.extract_sub_graph(graph_def, "y")
    with pytest.raises(AssertionError, match="nope is not in graph"):
        tf.graph_util.extract_sub_graph(graph_def, ["nope"])
    with pytest.raises(TypeError, match="GraphDef"):
        tf.graph_util.extract_sub_graph(5, ["y"])


@pytest.mark.parametrize("use_resource", [False, True])
def test_convert_variables_to_constants(use_resource):
    x, y = model(use_resource=use_resource)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        want = sess.run(y, {x: ROWS})
        graph_def = sess.graph.as_graph_def()
        frozen = tf.graph_util.convert_variables_to_constants(sess, graph_def, ["z"])
        kept = tf.graph_util.convert_variables_to_constants(
            sess, graph_def, ["z"], variable_names_blacklist=["v"]
        )
        one = tf.graph_util.convert_variables_to_constants(
            sess, graph_def, ["z"], variable_names_whitelist=["v"]
        )
    assert not {"VariableV2", "VarHandleOp", "ReadVariableOp"} & set(ops_of(frozen).values())
    assert ops_of(kept)["v"] != "Const" and ops_of(kept)["table"] == "Const"
    assert ops_of(one)["v"] == "Const" and ops_of(one)["table"] == "VarHandleOp"
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(tf.graph_util.remove_training_nodes(frozen, ["z"]), name="")
        np.testing.assert_allclose(sess.run("z:0", {"x:0": ROWS}), want, rtol=1e-6)


def test_what_cannot_be_frozen():
    v = tf.get_variable("v", [2], use_resource=True)
    v.assign_add([1.0, 1.0], read_value=False, name="write")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(ValueError, match="cannot freeze: node write"):
            tf.graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), ["write"])


def test_remove_training_nodes():
    x = tf.placeholder(tf.float32, [2], name="x")
    a = tf.identity(x, name="a")
    with tf.control_dependencies([tf.identity(x, name="waited")]):
        b = tf.sqrt(tf.check_numerics(a, "", name="check"), name="b")
    tf.identity(b, name="end")
    graph_def = tf.get_default_graph().as_graph_def()
    left = ops_of(tf.graph_util.remove_training_nodes(graph_def))
    assert "a" not in left and "end" not in left and {"x", "waited", "check", "b"} <= set(left)
    kept = tf.graph_util.remove_training_nodes(graph_def, protected_nodes=["a", "end"])
    assert {"a", "end"} <= set(ops_of(kept))


def test_small_questions():
    model()
    graph = tf.get_default_graph()
    assert graph_util.tensor_shape_from_node_def_name(graph, "y").as_list() == [None, 2]
    variable = graph.get_operation_by_name("v")
    assert not graph_util.must_run_on_cpu(variable)
    assert graph_util.must_run_on_cpu(variable, pin_variables_on_cpu=True)
    assert graph_util.must_run_on_cpu(tf.constant(1).op)
    assert graph_util.must_run_on_cpu(tf.constant("a").op.node_def)
    assert not graph_util.must_run_on_cpu(tf.constant(1.0).op)
    assert graph_util.must_run_on_cpu(tf.cast(tf.constant(1.0), tf.int32).op)


@pytest.mark.parametrize("as_text", [True, False])
def test_write_graph(tmp_path, as_text):
    model()
    graph = tf.get_default_graph()
    path = tf.train.write_graph(graph, str(tmp_path / "new"), "g", as_text=as_text)
    data = (tmp_path / "new" / "g").read_bytes()
    assert path == str(tmp_path / "new" / "g")
    if as_text:
        from google.protobuf import text_format

        read = text_format.Parse(data.decode(), tf.GraphDef())
    else:
        read = tf.GraphDef.FromString(data)
    assert read == graph.as_graph_def()
    tf.io.write_graph(read, str(tmp_path), "again", as_text=as_text)
    assert (tmp_path / "again").stat().st_size == len(data)


@pytest.mark.parametrize("source", ["meta", "graph", "saver", "saved_model"])
def test_freeze_graph(tmp_path, source):
    x, y = model(use_resource=source == "graph")
    prefix, frozen = str(tmp_path / "m"), str(tmp_path / "frozen.pb")
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        want = sess.run(y, {x: ROWS})
        saver.save(sess, prefix)
        tf.saved_model.simple_save(sess, str(tmp_path / "model"), {"x": x}, {"y": y})
    tf.train.write_graph(tf.get_default_graph(), str(tmp_path), "graph.pb", as_text=False)
    (tmp_path / "saver.pb").write_bytes(saver.as_saver_def().SerializeToString())
    arguments = {
        "meta": ["--input_meta_graph=" + prefix + ".meta", "--input_checkpoint=" + prefix],
        "graph": ["--input_graph=%s/graph.pb" % tmp_path, "--input_checkpoint=" + prefix],
        "saver": ["--input_graph=%s/graph.pb" % tmp_path, "--input_checkpoint=" + prefix,
                  "--input_saver=%s/saver.pb" % tmp_path],
        "saved_model": ["--input_saved_model_dir=%s/model" % tmp_path],
    }[source]  # fmt: skip
    status = freeze_graph.main(
        [*arguments, "--input_binary", "--output_node_names=y", "--output_graph=" + frozen]
    )
    assert status == 0
    with open(frozen, "rb") as file, tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(tf.GraphDef.FromString(file.read()), name="")
        np.testing.assert_allclose(sess.run("y:0", {"x:0": ROWS}), want, rtol=1e-6)


def test_freeze_graph_without_files(tmp_path, capsys):
    assert freeze_graph.main(["--input_checkpoint=%s/nope" % tmp_path]) == 1
    assert "doesn't exist" in capsys.readouterr().err
    assert freeze_graph.main(["--input_graph=%s/nope" % tmp_path]) == 1
    assert "does not exist" in capsys.readouterr().err
