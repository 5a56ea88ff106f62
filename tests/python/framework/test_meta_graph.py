# SPDX-License-Identifier: Apache-2.0
"""Meta graphs: collections, scopes, devices, files; and what they do not accept."""

import numpy as np
import pytest

import caudal as tf
from caudal import proto
from caudal.framework import meta_graph, proto_registry


def test_collections_of_every_kind(tmp_path):
    v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
    y = tf.multiply(v, 3.0, name="y")
    step = tf.train.get_or_create_global_step()
    graph = tf.get_default_graph()
    for name, items in {
        "tensors": [y, v.value()], "ops": [y.op], "numbers": [3, 1 << 40], "reals": [0.5, 2.0],
        "texts": ["a", "b"], "bytes": [b"\xff\x00"], "mixed": [1, "a"], "objects": [object()],
    }.items():  # fmt: skip
        for item in items:
            graph.add_to_collection(name, item)
    path = str(tmp_path / "graph.meta")
    written, _ = meta_graph.export_scoped_meta_graph(filename=path)
    assert "objects" not in written.collection_def and "mixed" not in written.collection_def
    assert written.collection_def["tensors"].node_list.value == ["y:0", "v/read:0"]
    assert written.meta_info_def.tensorflow_version.startswith("1.15")
    assert "VariableV2" in [op.name for op in written.meta_info_def.stripped_op_list.op]
    with tf.Graph().as_default() as copy:
        found = meta_graph.import_scoped_meta_graph(path)
        assert sorted(found) == ["global_step:0", "v:0"]
        assert [t.name for t in copy.get_collection("tensors")] == ["y:0", "v/read:0"]
        assert copy.get_collection("ops") == [copy.get_operation_by_name("y")]
        assert copy.get_collection("numbers") == [3, 1 << 40]
        assert copy.get_collection("reals") == [0.5, 2.0]
        assert copy.get_collection("bytes") == [b"\xff\x00"]
        assert [t for t in copy.get_collection("texts")] == [b"a", b"b"]
        (again,) = tf.trainable_variables()
        assert (again.name, again.shape.as_list()) == (v.name, [2])
        assert tf.train.get_global_step().name == step.name
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            np.testing.assert_array_equal(session.run(copy.get_collection("tensors")[0]), [3, 3])
            session.run(again.assign(again + 1))
            np.testing.assert_array_equal(session.run("y:0"), [6, 6])


def test_a_second_trip_says_the_same():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    loss = tf.reduce_mean(tf.layers.dense(x, 2, tf.nn.relu), name="loss")
    tf.train.AdamOptimizer().minimize(loss)
    first, _ = meta_graph.export_scoped_meta_graph()
    with tf.Graph().as_default():
        meta_graph.import_scoped_meta_graph(first)
        second, _ = meta_graph.export_scoped_meta_graph()
    assert second.graph_def == first.graph_def
    assert second == first


@pytest.mark.parametrize("as_text", [False, True])
def test_files(tmp_path, as_text):
    tf.constant(2.0, name="two")
    path = tmp_path / "folder" / "graph"
    written, _ = meta_graph.export_scoped_meta_graph(filename=str(path), as_text=as_text)
    assert meta_graph.read_meta_graph_file(str(path)) == written
    assert path.read_bytes().startswith(b"meta_info_def {") == as_text


def test_scopes():
    with tf.name_scope("outside"):
        x = tf.placeholder(tf.float32, [None, 2], name="x")
    with tf.variable_scope("net"):
        w = tf.get_variable("w", [2, 2], initializer=tf.ones_initializer())
        tf.add_to_collection("results", tf.matmul(x, w, name="y"))
    tf.add_to_collection("results", tf.negative(x, name="elsewhere"))
    written, variables = meta_graph.export_scoped_meta_graph(export_scope="net")
    assert list(variables) == ["w:0"] and variables["w:0"] is w
    assert {n.name.partition("/")[0] for n in written.graph_def.node} == {"w", "y"}
    assert written.collection_def["results"].node_list.value == ["y:0"]
    unbound = written.collection_def["unbound_inputs"].bytes_list.value
    assert list(unbound) == [b"$unbound_inputs_outside/x"]
    with tf.Graph().as_default() as graph:
        with pytest.raises(ValueError, match="unbound inputs: \\$unbound_inputs_outside/x"):
            meta_graph.import_scoped_meta_graph(written, import_scope="copy")
        rows = tf.constant([[1.0, 2.0]])
        found = meta_graph.import_scoped_meta_graph(
            written, import_scope="copy", input_map={"$unbound_inputs_outside/x": rows}
        )
        assert list(found) == ["w:0"] and found["w:0"].name == "copy/w:0"
        (y,) = tf.get_collection("results")
        assert y.name == "copy/y:0"
        again = meta_graph.import_scoped_meta_graph(
            written, import_scope="copy", input_map={"$unbound_inputs_outside/x": y}
        )
        assert again["w:0"].name == "copy_1/w:0"
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            result = session.run(graph.get_tensor_by_name("copy_1/y:0"))
            np.testing.assert_array_equal(result, [[6, 6]])
    with pytest.raises(ValueError, match="unbound inputs"):
        meta_graph.export_scoped_meta_graph(export_scope="net", unbound_inputs_col_name=None)


def test_devices_and_defaults():
    with tf.device("/device:GPU:3"):
        tf.matmul(tf.ones([1, 1]), tf.ones([1, 1]), name="m")
    kept, _ = meta_graph.export_scoped_meta_graph()
    assert kept.graph_def.node[-1].device == "/device:GPU:3"
    assert "transpose_a" in kept.graph_def.node[-1].attr
    cleared, _ = meta_graph.export_scoped_meta_graph(clear_devices=True, strip_default_attrs=True)
    node = cleared.graph_def.node[-1]
    assert not node.device and "transpose_a" not in node.attr and "T" in node.attr
    assert cleared.meta_info_def.stripped_default_attrs
    for message, clear in ((kept, True), (cleared, False)):
        with tf.Graph().as_default(), tf.Session() as session:
            meta_graph.import_scoped_meta_graph(message, clear_devices=clear)
            assert session.run("m:0") == [[1]]


def test_collections_of_ones_own():
    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

    proto_registry.register_proto_function(
        "test_pairs", proto_type=proto.TensorShapeProto,
        to_proto=lambda p, export_scope=None: proto.TensorShapeProto(
            dim=[{"size": p.a}, {"size": p.b}]),
        from_proto=lambda m, import_scope=None: Pair(m.dim[0].size, m.dim[1].size),
    )  # fmt: skip
    tf.constant(1.0)
    tf.add_to_collection("test_pairs", Pair(3, 4))
    written, _ = meta_graph.export_scoped_meta_graph()
    with tf.Graph().as_default():
        meta_graph.import_scoped_meta_graph(written)
        (pair,) = tf.get_collection("test_pairs")
    assert (pair.a, pair.b) == (3, 4)
    with pytest.raises(ValueError):
        proto_registry.register_proto_function("test_pairs", to_proto=len)
    with pytest.raises(TypeError):
        proto_registry.register_proto_function("test_others", to_proto=3)


def test_unwanted_collections():
    tf.constant(1.0, name="one")
    tf.add_to_collection("a", 1)
    tf.add_to_collection("b", 2)
    written, _ = meta_graph.export_scoped_meta_graph(collection_list=["a"])
    assert list(written.collection_def) == ["a"]
    written, _ = meta_graph.export_scoped_meta_graph()
    with tf.Graph().as_default():
        meta_graph.import_scoped_meta_graph(
            written, restore_collections_predicate=lambda key: key != "a"
        )
        assert (tf.get_collection("a"), tf.get_collection("b")) == ([], [2])


def test_bad_files(tmp_path):
    with pytest.raises(IOError, match="does not exist"):
        meta_graph.read_meta_graph_file(str(tmp_path / "nothing.meta"))
    bad = tmp_path / "bad.meta"
    bad.write_bytes(b"\x12\xff\xff\xff")
    with pytest.raises(IOError, match="bad.meta"):
        meta_graph.import_scoped_meta_graph(str(bad))
