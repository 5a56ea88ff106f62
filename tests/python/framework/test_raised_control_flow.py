# SPDX-License-Identifier: Apache-2.0
"""Graphs with TensorFlow 1's Switch, Merge, Enter and so on, recorded with their results."""

import json
import pathlib

import numpy as np
import pytest

import caudal as tf

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "data" / "control_flow"
CASES = sorted(path.stem for path in FOLDER.glob("*.npz"))


def _element(graph, name):
    return graph.as_graph_element(name)


@pytest.mark.parametrize("name", CASES)
def test_recorded_graph(name):
    data = np.load(FOLDER / (name + ".npz"), allow_pickle=False)
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(data["graph"].tobytes(), name="")
    ops = {op.type for op in graph.get_operations()}
    assert not ops & {"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"}
    with tf.Session(graph=graph) as sess:
        for k, (fetches, feeds) in enumerate(json.loads(data["runs"].tobytes())):
            values = {_element(graph, f): data[f"feed_{k}_{i}"] for i, f in enumerate(feeds)}
            results = sess.run([_element(graph, f) for f in fetches], values)
            for i, (fetch, result) in enumerate(zip(fetches, results)):
                if f"value_{k}_{i}" not in data:
                    continue
                want = data[f"value_{k}_{i}"]
                np.testing.assert_allclose(
                    result, want, rtol=2e-4, atol=2e-5, err_msg=f"run {k}: {fetch}"
                )


def _refused(nodes, text):
    """`nodes`: (op, name, inputs, attrs) of a graph that cannot be structured."""
    from caudal import proto

    graph_def = proto.GraphDef()
    for op, name, inputs, attrs in nodes:
        node = graph_def.node.add(op=op, name=name, input=inputs)
        node.attr["T"].type = proto.DataType.Value("DT_FLOAT")
        for key, value in attrs.items():
            node.attr[key].s = value
    with tf.Graph().as_default() as graph, pytest.raises(ValueError, match=text):
        tf.import_graph_def(graph_def, name="")
    assert not graph.get_operations()


def _source(name):
    return ("NoOp", name, [], {})


def test_what_is_not_structured_is_refused():
    frame = {"frame_name": b"f"}
    _refused([_source("x"), ("Enter", "e", ["x"], {})], "'e' has no attr 'frame_name'")
    _refused([_source("x"), ("Enter", "e", ["x"], frame)], "no LoopCond")
    _refused([_source("x"), ("Exit", "e", ["x"], {})], r"'e' \(Exit\) is not part of a loop")
    _refused([_source("x"), ("Switch", "s", ["x"], {})], "'s' .*two")
    _refused([("Merge", "m", [], {})], r"'m' \(Merge\) has no inputs")
    _refused(
        [_source("x"), ("Switch", "s", ["x", "x"], {}), ("Merge", "m", ["s", "x"], {})],
        "'m' .*two branches",
    )
    _refused(
        [("Identity", "a", ["b"], {}), ("Merge", "b", ["a", "a"], {})],
        "is part of a cycle or waits for one",
    )
    _refused(
        [
            _source("x"),
            ("Enter", "e", ["x"], frame),
            ("Enter", "g", ["x"], {"frame_name": b"g"}),
            ("Merge", "m", ["e", "g"], {}),
        ],
        "'m' has inputs from different loops",
    )
    _refused([_source("x"), _source("x"), ("Merge", "m", ["x"], {})], "'x' is not unique")
