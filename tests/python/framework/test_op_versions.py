# SPDX-License-Identifier: Apache-2.0
"""Ops of older and newer versions in imported graphs."""

import numpy as np
import pytest

import caudal as tf
from caudal import proto

FLOAT = proto.DataType.Value("DT_FLOAT")


def _graph(source, op, inputs, types):
    """The graph of `source` and a node "new" of a newer op behind it."""
    with tf.Graph().as_default() as graph:
        source()
        graph_def = graph.as_graph_def()
    node = graph_def.node.add(name="new", op=op, input=inputs)
    for attr, dtype in types.items():
        node.attr[attr].type = dtype
    return graph_def


def test_batch_mat_mul_of_one_type():
    value = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    types = {"Ta": FLOAT, "Tb": FLOAT, "Tout": FLOAT}
    graph_def = _graph(lambda: tf.constant(value, name="x"), "BatchMatMulV3", ["x", "x"], types)
    with tf.Graph().as_default():
        (y,) = tf.import_graph_def(graph_def, return_elements=["new:0"])
        with tf.Session() as sess:
            np.testing.assert_array_equal(sess.run(y), value @ value)
    graph_def.node[-1].attr["Tb"].type = proto.DataType.Value("DT_UINT8")
    with tf.Graph().as_default(), pytest.raises(tf.errors.NotFoundError, match="BatchMatMulV3"):
        tf.import_graph_def(graph_def)


def test_shape_of_a_handle():
    def variable():
        tf.get_variable("v", initializer=np.zeros((2, 3), np.float32), use_resource=True)
        tf.global_variables_initializer()

    types = {"out_type": proto.DataType.Value("DT_INT64")}
    graph_def = _graph(variable, "VariableShape", ["v"], types)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.Session() as sess:
            sess.run(graph.get_operation_by_name("init"))
            assert sess.run(graph.get_tensor_by_name("new:0")).tolist() == [2, 3]
