# SPDX-License-Identifier: Apache-2.0
"""Variables behind handles, and reads of variables inside of control flow."""

import numpy as np
import pytest

import caudal as tf
from caudal.ops.partitioned_variables import PartitionedVariable


def test_kind_follows_scope_argument_and_default():
    assert not hasattr(tf.Variable(1.0), "handle")
    with tf.variable_scope("s", use_resource=True):
        v = tf.get_variable("v", [2])
    assert v.handle.op.type == "VarHandleOp" and isinstance(v, tf.Variable)
    assert repr(v) == "<tf.Variable 's/v:0' shape=(2,) dtype=float32>"
    tf.enable_resource_variables()
    try:
        assert hasattr(tf.Variable(1.0), "handle") and tf.resource_variables_enabled()
    finally:
        tf.disable_resource_variables()


def test_assign_gives_a_variable_that_reads_later():
    v = tf.Variable([1.0, 2.0], use_resource=True)
    after = v.assign_add([1.0, 1.0])
    op = v.assign([0.0, 0.0], read_value=False)
    assert isinstance(after, tf.Variable) and isinstance(op, tf.Operation)
    doubled = after * 2
    with pytest.raises(ValueError, match="incompatible"):
        v.assign([1.0, 2.0, 3.0])
    with tf.Session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(doubled), [4, 6])
        sess.run(op)
        np.testing.assert_array_equal(sess.run(v), [0, 0])


def test_slots_are_of_the_same_kind():
    v = tf.Variable([1.0], use_resource=True, name="v")
    optimizer = tf.train.AdamOptimizer(0.1)
    step = optimizer.minimize(tf.reduce_sum(v * v))
    assert all(hasattr(s, "handle") for s in optimizer.variables())
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step)
        np.testing.assert_allclose(sess.run(v), [0.9], rtol=1e-5)


@pytest.mark.parametrize("use_resource", [False, True])
def test_gradients_through_reads_in_branches_and_bodies(use_resource):
    v = tf.Variable(3.0, use_resource=use_resource)
    _, power = tf.while_loop(
        lambda i, x: i < 3, lambda i, x: (i + 1, x * v.read_value()), [0, tf.constant(1.0)]
    )
    branch = tf.cond(power > 0, lambda: v.read_value() ** 2, lambda: 0.0)
    _, nested = tf.while_loop(
        lambda i, x: i < 2,
        lambda i, x: (
            i + 1,
            tf.cond(x < 2, lambda: x * v.read_value(), lambda: x + v.read_value()),
        ),
        [0, tf.constant(1.0)],
    )
    grads = [tf.gradients(y, v)[0] for y in (power, branch, nested)]
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run([power, branch, nested]) == [27, 9, 6]
        assert sess.run(grads) == [27, 6, 2]


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_body_that_writes_reads_what_it_wrote(use_resource):
    v = tf.Variable(1.0, use_resource=use_resource)

    def body(i, total):
        now = v.read_value()
        with tf.control_dependencies([now]):
            write = v.assign_add(1.0)
        with tf.control_dependencies([write]):
            return i + 1, total + now

    _, total = tf.while_loop(lambda i, total: i < 4, body, [0, 0.0])
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(total) == 1 + 2 + 3 + 4 and sess.run(v) == 5


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_branch_for_variables_without_value_does_not_read_them(use_resource):
    v = tf.Variable(5.0, use_resource=use_resource)
    safe = tf.cond(tf.is_variable_initialized(v), v.read_value, lambda: -1.0)
    with tf.Session() as sess:
        assert sess.run([safe, v.initialized_value()]) == [-1, 5]
        sess.run(v.initializer)
        assert sess.run(safe) == 5


def test_the_cached_read_is_shared():
    with tf.device("/job:ps"):
        v = tf.Variable(1.0, use_resource=True, name="v", caching_device="/device:CPU:0")
    assert v.value() is v.value() and v.value().name == "v/Read/Identity:0"
    assert v.value().device == "/device:CPU:0"


def test_words_for_a_variable_without_value():
    v = tf.Variable(1.0, use_resource=True, name="v")
    with tf.Session() as sess:
        with pytest.raises(
            tf.errors.FailedPreconditionError, match="Resource localhost/v/.* does not exist"
        ):
            sess.run(v)


def test_a_handle_takes_values_of_unknown_shape():
    with tf.Graph().as_default(), tf.Session() as sess:
        start = tf.placeholder(tf.float32, [None, 2])
        v = tf.Variable(start, use_resource=True)
        assert v.shape.as_list() == [None, 2]
        sess.run(v.initializer, {start: [[1.0, 2.0]]})
        np.testing.assert_array_equal(sess.run(v + 1.0), [[2.0, 3.0]])


def test_parts_of_a_variable_are_checked():
    parts = [tf.Variable([i]) for i in range(2)]
    with pytest.raises(ValueError, match="save_slice_info available"):
        PartitionedVariable("both", [2], tf.int32, parts, [2])
    for i, part in enumerate(parts):
        part._set_save_slice_info(tf.Variable.SaveSliceInfo("both", [2], [i], [1]))
    assert len(PartitionedVariable("both", [2], tf.int32, parts, [2])) == 2
    with pytest.raises(ValueError, match="len.shape. != len.partitions."):
        PartitionedVariable("both", [2], tf.int32, parts, [])


def test_a_variable_of_unknown_shape_changes_it():
    v = tf.get_variable(
        "v", initializer=np.zeros([0], "f"), validate_shape=False, use_resource=True
    )
    more = tf.placeholder(tf.float32, [None])
    longer = tf.assign(v, tf.concat([v.value(), more], 0), validate_shape=False)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(longer, {more: [1.0, 2.0]}).tolist() == [1.0, 2.0]
        assert session.run(longer, {more: [3.0]}).tolist() == [1.0, 2.0, 3.0]
        assert session.run(v).tolist() == [1.0, 2.0, 3.0]
