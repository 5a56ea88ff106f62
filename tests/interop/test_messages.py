# SPDX-License-Identifier: Apache-2.0
"""Messages are those of real TensorFlow, and both can be in one process.

Needs CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>.
"""

import json
import os
import pathlib
import subprocess

import pytest

from caudal import proto
from interop import messages

pytestmark = [pytest.mark.no_graph, pytest.mark.interop]
HERE = pathlib.Path(__file__).parent

# In TensorFlow 2 these are other than in 1.15.
RENAMED = {("TensorSliceProto.Extent", "length")}
GONE = {("TrackableObjectGraph.TrackableObject.SerializedTensor", "optional_restore")}


@pytest.fixture(scope="module")
def python():
    python = os.environ.get("CAUDAL_TF_PYTHON")
    if not python:
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    return python


def test_every_field_and_enum(python, tmp_path):
    out = tmp_path / "theirs.json"
    subprocess.run([python, HERE / "messages.py", out], check=True, capture_output=True)
    theirs = json.loads(out.read_text())
    folder = pathlib.Path(proto.__file__).parent
    files = [proto.file_descriptor(p.name) for p in folder.glob("*.proto")]
    ours = messages.structure(files, proto.PACKAGE)
    first = "HParamDef" in theirs["messages"]  # 1.15
    assert len(set(ours["messages"]) & set(theirs["messages"])) > 140
    for name in set(ours["messages"]) & set(theirs["messages"]):
        for field, wanted in theirs["messages"][name].items():
            got = ours["messages"][name].get(field)
            if got is None and not first:
                continue  # what TensorFlow 2 added
            if (name, field) not in RENAMED:
                assert got == wanted, (name, field)
        for field in set(ours["messages"][name]) - set(theirs["messages"][name]):
            assert not first and (name, field) in GONE, (name, field)
    for name in set(ours["enums"]) & set(theirs["enums"]):
        assert ours["enums"][name].items() <= theirs["enums"][name].items(), name
    if first:
        assert ours == theirs


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_both_in_one_process(python, first):
    code = """
import sys, types
caudal = types.ModuleType("caudal")  # the engine is built for another Python
caudal.__path__ = [%r]
sys.modules["caudal"] = caudal
def ours():
    from caudal import proto
    return proto, proto.GraphDef(node=[proto.NodeDef(name="n", op="NoOp")])
if %r == "ours":
    ours()
import tensorflow as tf
GraphDef = tf.compat.v1.GraphDef
proto, graph = ours()
theirs = GraphDef.FromString(graph.SerializeToString())
assert theirs.node[0].name == "n" and proto.of(proto.GraphDef, theirs) == graph
""" % (str(pathlib.Path(proto.__file__).parent.parent), first)
    subprocess.run([python, "-W", "ignore", "-c", code], check=True, capture_output=True)
