# SPDX-License-Identifier: Apache-2.0
import inspect

import numpy as np
import pytest

import caudal as tf
from caudal.framework.op_factory import apply, public


def test_apply_returns_what_the_op_makes():
    x = tf.constant([[3.0, 1.0, 2.0]])
    assert isinstance(apply("Relu", x), tf.Tensor)
    assert isinstance(apply("NoOp"), tf.Operation)
    top = apply("TopKV2", x, 2)
    assert top._fields == ("values", "indices") and tf.Session().run(top).indices.tolist() == [
        [0, 2]
    ]
    parts = apply("Split", 1, x, num_split=3)
    assert isinstance(parts, list) and len(parts) == 3


def test_inputs_are_converted_to_the_dtype_that_is_implied():
    x = tf.constant([1.0], tf.float64)
    y = apply("AddV2", x, 1)
    assert y.dtype is tf.float64 and y.op.inputs[1].op.type == "Const"
    with pytest.raises(TypeError, match="does not match type int32 of argument 'x'"):
        apply("AddV2", 1, x)  # the first argument decides
    assert apply("Cast", [1, 2], DstT=tf.float32).dtype is tf.float32
    assert apply("ConcatV2", [x, [2]], 0).dtype is tf.float64
    assert apply("AddN", [x, x]).op.get_attr("N") == 2


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x: apply("AddV2", x), TypeError, "takes 2 inputs"),
        (lambda x: apply("AddV2", x, "a"), TypeError, "Expected float32"),
        (lambda x: apply("Relu", x, nope=1), TypeError, "unexpected attr 'nope'"),
        (lambda x: apply("AddN", []), ValueError, "shorter than minimum length 1"),
        (lambda x: apply("AddN", x), TypeError, "Expected list for 'inputs'"),
        (lambda x: apply("AddN", [x, "a"]), TypeError, "don't all match"),
        (
            lambda x: apply("Reshape", x, [1.5]),
            TypeError,
            "not in list of allowed values: int32, int64",
        ),
        (lambda x: apply("Cast", x), TypeError, "No argument for attr 'DstT'"),
        (lambda x: apply("MatMul", x, x, transpose_a="yes"), TypeError, "Expected bool"),
        (lambda x: apply("Split", 0, x, num_split=0), ValueError, "less than minimum 1"),
        (lambda x: apply("Split", 0, x, num_split="a"), TypeError, "Expected int"),
        (lambda x: apply("Assign", x, 1.0), TypeError, "mutable tensor"),
        (lambda x: apply("NoSuchOp", x), NotImplementedError, "NoSuchOp"),
    ],
)
def test_apply_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(tf.constant([1.0]))


def test_a_failed_op_leaves_no_node_of_its_own():
    x = tf.placeholder(tf.float32, [2, 3])
    count = len(tf.get_default_graph().get_operations())
    with pytest.raises(ValueError):
        apply("MatMul", x, x)
    assert len(tf.get_default_graph().get_operations()) == count


def test_public_functions_know_their_signature():
    softplus = public("Softplus")
    assert softplus.__name__ == "softplus" and "Softplus" in softplus.__doc__
    assert str(inspect.signature(softplus)) == "(features, name=None)"
    assert softplus([0.0]).shape.as_list() == [1]
    assert softplus(features=[0.0], name="sp").name == "sp:0"
    matmul = public("MatMul", "mm", rename={"transpose_a": "ta"}, drop=["transpose_b"])
    assert str(inspect.signature(matmul)) == "(a, b, ta=False, name=None)"
    got = matmul([[1.0, 2.0]], [[1.0, 2.0]], ta=True)
    np.testing.assert_array_equal(tf.Session().run(got), [[1, 2], [2, 4]])
    with pytest.raises(TypeError):
        matmul([[1.0]])
    with pytest.raises(TypeError):
        matmul([[1.0]], [[1.0]], transpose_b=True)
    assert "float32" in matmul.__doc__ and "ta" in matmul.__doc__


def test_variables_are_read_or_written_as_the_op_asks():
    v = tf.Variable([1.0, 2.0], name="v")
    read = apply("Neg", v)
    assert read.op.inputs[0].name == "v/read:0"
    write = apply("Assign", v, [3.0, 4.0])
    assert write.op.inputs[0].dtype._is_ref_dtype and write.op.inputs[0].name == "v:0"
