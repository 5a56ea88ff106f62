# SPDX-License-Identifier: Apache-2.0
"""Functions of a graph."""

import pytest
from caudal.python.framework import function

import caudal as tf


def value(*tensors):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(tensors)


def test_a_call_computes_and_has_gradients():
    @function.Defun(tf.float32, tf.float32, func_name="both")
    def both(x, y):
        """Sum and product."""
        return x + y, x * y

    x = tf.constant(3.0)
    total, product = both(x, 2.0, name="call")
    assert total.name.startswith("call/") and both.name == "both"
    assert both.__doc__ == "Sum and product."
    (dx,) = tf.gradients(product, x)
    assert value(total, product, dx) == (5.0, 6.0, 2.0)


def test_gradients_of_ones_own():
    def tripled(call, dy):
        assert len(call.inputs) == len(call.outputs) == 1
        return dy * 3.0

    @function.Defun(tf.float32, python_grad_func=tripled)
    def square(x):
        return x * x

    @function.Defun(tf.float32, tf.float32)
    def constant(x, dy):
        return dy * 7.0

    @function.Defun(tf.float32, grad_func=constant)
    def cube(x):
        return x * x * x

    x = tf.constant(2.0)
    results = [square(x), cube(x)]
    grads = [tf.gradients(r, x)[0] for r in results]
    assert value(*results, *grads) == (4.0, 8.0, 3.0, 7.0)


def test_variables_are_the_callers():
    @function.Defun(tf.float32)
    def scaled(x):
        return x * tf.get_variable("v", initializer=4.0)

    with tf.variable_scope("s"):
        y = scaled(2.0)
    assert [v.name for v in tf.trainable_variables()] == ["s/v:0"]
    assert value(y, tf.gradients(y, tf.trainable_variables()[0])[0]) == (8.0, 2.0)


def test_a_list_of_one_is_one_tensor_and_ref_types_are_values():
    v = tf.Variable(3.0, use_resource=False)

    @function.Defun(v.dtype)
    def doubled(x):
        return [x * 2.0]

    assert value(doubled(v)) == (6.0,)


def test_bad_calls():
    @function.Defun(tf.float32)
    def same(x):
        return x

    with pytest.raises(ValueError, match="Expected number of arguments: 1, received: 2"):
        same(1.0, 2.0)
    with pytest.raises(ValueError, match="passed int32 expected float"):
        same(tf.constant(1))
    with pytest.raises(ValueError, match="both"):
        function.Defun(tf.float32, grad_func=same, python_grad_func=same)
    with pytest.raises(ValueError, match="callable"):
        function.Defun(tf.float32)(3)
