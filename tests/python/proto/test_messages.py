# SPDX-License-Identifier: Apache-2.0
"""The messages as protocol buffers."""

import copy
import os
import pickle
import subprocess
import sys

import pytest
from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError

import caudal as tf
from caudal import proto
from caudal.proto import schema

pytestmark = pytest.mark.no_graph


def graph():
    g = proto.GraphDef()
    node = g.node.add(name="a", op="Const", input=["b:1", "^c"])
    node.attr["i"].list.i.extend([1, -2])
    node.attr["t"].type = proto.DT_FLOAT
    node.attr["s"].s = b"\xff\0"
    node.attr["b"].b = False
    node.attr["v"].tensor.tensor_shape.dim.add(size=-1)
    g.library.function.add().ret["x"] = "y"
    g.versions.bad_consumers.extend([3, 4])
    return g


def test_messages_are_protocol_buffers():
    g = graph()
    assert proto.GraphDef.FromString(g.SerializeToString()) == g
    assert g.node[0].attr["b"].WhichOneof("value") == "b"
    assert text_format.Parse(text_format.MessageToString(g), proto.GraphDef()) == g
    assert json_format.Parse(json_format.MessageToJson(g), proto.GraphDef()) == g
    assert copy.deepcopy(g) == g and copy.copy(g) == g


def test_pickling_by_name():
    g = graph()
    meta = proto.MetaGraphDef(graph_def=g)
    meta.meta_info_def.tags.append("x")
    for message in (g, g.node[0], g.node[0].attr["i"].list, meta, meta.meta_info_def):
        again = pickle.loads(pickle.dumps(message))
        assert again == message and type(again) is type(message)
    assert proto.Summary.Value.__module__ == "caudal.proto"
    assert proto.Summary.Value.__qualname__ == "Summary.Value"


def test_names_inside_of_messages_and_enums():
    assert isinstance(proto.MetaGraphDef().meta_info_def, proto.MetaGraphDef.MetaInfoDef)
    assert proto.SaverDef.V2 == 2
    assert proto.SaverDef.CheckpointFormatVersion.Name(2) == "V2"
    assert proto.DataType.Value("DT_BOOL") == proto.DT_BOOL == 10
    assert proto.OptimizerOptions.L0 == -1
    assert proto.Code.Name(5) == "NOT_FOUND" and not hasattr(proto, "NOT_FOUND")
    assert "GraphDef" in dir(proto) and not hasattr(proto, "Nothing")


def test_any_messages_hold_others():
    collection = proto.CollectionDef()
    collection.any_list.value.add().Pack(proto.VariableDef(variable_name="v"))
    inner = proto.VariableDef()
    assert collection.any_list.value[0].Unpack(inner) and inner.variable_name == "v"


def test_conversion():
    g = graph()
    assert proto.of(proto.GraphDef, g) is g
    assert proto.of(proto.GraphDef, g.SerializeToString()) == g

    class Foreign:
        DESCRIPTOR = proto.GraphDef.DESCRIPTOR

        def SerializeToString(self):
            return g.SerializeToString()

    assert proto.of(proto.GraphDef, Foreign()) == g
    for wrong in (3, "text", None, proto.NodeDef()):
        with pytest.raises(TypeError, match="expected a GraphDef"):
            proto.of(proto.GraphDef, wrong)
    with pytest.raises(DecodeError):
        proto.of(proto.GraphDef, b"\xff")


def test_large_messages():
    tensor = proto.TensorProto(tensor_content=bytes(70 << 20))
    assert len(proto.of(proto.TensorProto, tensor.SerializeToString()).tensor_content) == 70 << 20


def test_public_names_and_internal_paths():
    from caudal.core.framework import graph_pb2, types_pb2
    from caudal.core.lib.core import error_codes_pb2
    from caudal.core.protobuf.config_pb2 import RunOptions

    assert graph_pb2.GraphDef is tf.GraphDef is proto.GraphDef
    assert types_pb2.DT_FLOAT == 1 and RunOptions is tf.RunOptions
    assert error_codes_pb2.OK == 0 and error_codes_pb2.Code.Name(3) == "INVALID_ARGUMENT"
    assert tf.core.example.example_pb2.Example is tf.train.Example
    with pytest.raises(AttributeError):
        graph_pb2.Nothing  # noqa: B018
    with pytest.raises(ImportError):
        import caudal.core.framework.nothing_pb2  # noqa: F401


def test_nothing_imports_protobuf_before_it_is_needed():
    code = """
import sys
import caudal as tf
with tf.Session() as sess:
    assert sess.run(tf.constant(2) * 3) == 6
assert not [m for m in sys.modules if m.startswith("google")]
tf.GraphDef
assert "google.protobuf" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pure_python_messages():
    code = """
import pickle
from google.protobuf.internal import api_implementation
assert api_implementation.Type() == "python"
from caudal import proto
g = proto.GraphDef()
g.node.add(name="a").attr["x"].list.i.append(3)
for m in (g, g.node[0].attr["x"].list):
    assert pickle.loads(pickle.dumps(m)) == m
assert type(g.node[0].attr["x"].list) is proto.AttrValue.ListValue
"""
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@pytest.mark.parametrize(
    "text",
    [
        'syntax = "proto2";',
        'syntax = "proto3"; package p; message A { B b = 1; }',
        'syntax = "proto3"; package p; message A { int32 b = 1',
        'syntax = "proto3"; package p; service S {}',
        'syntax = "proto3"; package p; message A { int32 b = 1 [packed = true]; }',
    ],
)
def test_what_the_files_cannot_say(text):
    with pytest.raises((ValueError, StopIteration)):
        schema.read({"a.proto": text})


def test_files_are_ordered_by_their_imports():
    texts = {
        "a.proto": 'syntax = "proto3"; package p; import "b.proto"; message A { B b = 1; }',
        "b.proto": 'syntax = "proto3"; package p; message B { enum E { X = 0; } E e = 1; }',
    }
    assert [f.name for f in schema.read(texts)] == ["b.proto", "a.proto"]
    texts["b.proto"] = texts["b.proto"].replace("message", 'import "a.proto"; message')
    with pytest.raises(ValueError, match="import each other"):
        schema.read(texts)
