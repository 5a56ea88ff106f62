# SPDX-License-Identifier: Apache-2.0
import threading

import numpy as np
import pytest

import caudal as tf
from caudal.framework import ops


def names(graph=None):
    return [op.name for op in (graph or tf.get_default_graph()).get_operations()]


def test_operation_and_tensor_attributes():
    x = tf.placeholder(tf.float32, [2, None], name="x")
    y = tf.identity(x, name="y")
    assert y.op.type == "Identity" and y.op.name == "y" and y.name == "y:0"
    assert list(y.op.inputs) == [x] and y.op.outputs == [y] and y.value_index == 0
    assert x.consumers() == [y.op] and y.graph is tf.get_default_graph() and y.op.graph is y.graph
    assert str(x) == 'Tensor("x:0", shape=(2, ?), dtype=float32)'
    assert repr(x) == "<tf.Tensor 'x:0' shape=(2, ?) dtype=float32>"
    assert repr(y.op) == "<tf.Operation 'y' type=Identity>"
    assert y.op.get_attr("T") is tf.float32
    with pytest.raises(ValueError, match="no attr named 'nope'"):
        y.op.get_attr("nope")
    node = y.op.node_def
    assert (node.name, node.op, node.input) == ("y", "Identity", ["x"])
    file, line, function, _ = y.op.traceback[0]
    assert file == __file__ and function == "test_operation_and_tensor_attributes"
    y.op._set_attr("_mark", b"1")
    assert y.op.get_attr("_mark") == b"1"
    y.set_shape([2, 3])
    assert y.get_shape().as_list() == [2, 3] and y.shape.ndims == 2
    with pytest.raises(ValueError):
        y.set_shape([3, 3])


def test_tensors_are_symbolic():
    x = tf.placeholder(tf.float32, [2])
    with pytest.raises(TypeError, match="as a Python `bool` is not allowed"):
        bool(x)
    with pytest.raises(TypeError, match="len is not well defined"):
        len(x)
    with pytest.raises(TypeError, match="iterating"):
        list(x)
    with pytest.raises(NotImplementedError, match="Cannot convert a symbolic Tensor"):
        np.array(x)
    assert x == x and not (x == tf.identity(x)) and len({x: 1, tf.identity(x): 2}) == 2
    x.note = "kept"  # attributes may be added, as libraries do
    assert tf.get_default_graph().get_tensor_by_name(x.name).note == "kept"


def test_names_and_scopes():
    with tf.name_scope("a") as a:
        assert a == "a/"
        one = tf.constant(1, name="one")
        with tf.name_scope("b"):
            assert tf.no_op().name == "a/b/NoOp"
        with tf.name_scope(None):
            assert tf.no_op(name="top").name == "top"
        with tf.name_scope("/".join(["x", ""])):
            assert tf.no_op().name == "x/NoOp"
    assert one.name == "a/one:0"
    with tf.name_scope("a") as again:
        assert again == "a_1/"
    with tf.name_scope(a):
        assert tf.constant(1, name="one").name == "a/one_1:0"
    with tf.name_scope(None, "default", [one]) as scope:
        assert scope == "default/"
    assert tf.no_op(name="A").name == "A_2"  # case does not tell names apart
    g = tf.get_default_graph()
    assert g.unique_name("one") == "one" and g.unique_name("one") == "one_1"
    assert g.unique_name("q", mark_as_used=False) == g.unique_name("q") == "q"
    x = tf.constant(1.0, name="x")
    added = tf.add(x, 2.0, name="sum")
    assert names()[-2:] == ["sum/y", "sum"] and added.op.inputs[1].name == "sum/y:0"


@pytest.mark.parametrize("scope", ["a b", "_a", "-"])
def test_bad_scope_names(scope):
    with pytest.raises(ValueError, match="not a valid scope name"):
        with tf.name_scope(scope):
            pass


def test_bad_names():
    for name in ("a b", "_a"):
        with pytest.raises(ValueError, match="not a valid node name"):
            tf.constant(1, name=name)
    with pytest.raises(ValueError, match="At least one of name"):
        with tf.name_scope(None, None, [tf.constant(1)]):
            pass
    tf.no_op(name="twice")
    with pytest.raises(ValueError, match="Duplicate node name"):
        tf.no_op(name="twice/")
    with pytest.raises(TypeError, match="not a string type"):
        tf.name_scope("a", [tf.constant(1)])


def test_lookup_by_name():
    g = tf.get_default_graph()
    x = tf.placeholder(tf.float32, name="x")
    assert g.get_tensor_by_name("x:0") is x and g.get_operation_by_name("x") is x.op
    assert g.as_graph_element("x:0") is x and g.as_graph_element("x") is x.op
    for call, error, text in [
        (lambda: g.get_tensor_by_name("x"), ValueError, "refers to an Operation, not a Tensor"),
        (lambda: g.get_tensor_by_name("x:1"), KeyError, "only has 1 outputs"),
        (lambda: g.get_tensor_by_name("no:0"), KeyError, "does not exist"),
        (lambda: g.get_tensor_by_name("x:a"), ValueError, "not a valid one"),
        (lambda: g.get_tensor_by_name(3), TypeError, "names are strings"),
        (lambda: g.get_operation_by_name("x:0"), ValueError, "appears to refer to a Tensor"),
        (lambda: g.get_operation_by_name("no"), KeyError, "not in the graph"),
        (lambda: g.as_graph_element(1), TypeError, "Can not convert a int"),
        (lambda: g.as_graph_element(tf.Graph()), TypeError, "Can not convert a Graph"),
    ]:
        with pytest.raises(error, match=text):
            call()


def test_graphs_do_not_mix():
    a = tf.constant(1.0, name="a")
    other = tf.Graph()
    with other.as_default():
        b = tf.constant(1.0, name="b")
        assert tf.get_default_graph() is other
        assert tf.identity(a).graph is a.graph  # the inputs decide where an op goes
    assert tf.get_default_graph() is a.graph
    with pytest.raises(ValueError, match="must be from the same graph"):
        _ = a + b
    with pytest.raises(ValueError, match="not an element of this graph"):
        other.as_graph_element(a)


def test_default_graph_is_per_thread_and_can_be_reset():
    tf.constant(1)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(tf.get_default_graph()))
    thread.start()
    thread.join()
    assert seen[0] is not tf.get_default_graph()
    before = tf.get_default_graph()
    tf.reset_default_graph()
    assert tf.get_default_graph() is not before and names() == []
    with tf.Graph().as_default():
        with pytest.raises(AssertionError, match="reset_default_graph"):
            tf.reset_default_graph()


def test_control_dependencies():
    a, b = tf.constant(1, name="a"), tf.constant(2, name="b")
    with tf.control_dependencies([a]):
        c = tf.identity(b)
        d = tf.identity(c)
        with tf.control_dependencies([b.op]):
            e = tf.constant(3)
        with tf.control_dependencies(None):
            f = tf.constant(4)
        g = tf.identity(a)
    assert c.op.control_inputs == [a.op]
    assert d.op.control_inputs == []  # waits through c already
    assert set(e.op.control_inputs) == {a.op, b.op} and f.op.control_inputs == []
    assert g.op.control_inputs == []  # a is its input
    assert tf.constant(1).op.control_inputs == []
    with pytest.raises(TypeError, match="Can not convert"):
        tf.control_dependencies([3])
    with tf.control_dependencies([]):
        assert tf.constant(1).op.control_inputs == []
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.initializer]):
        assert tf.no_op().control_inputs == [v.initializer]


def test_device_scopes_merge():
    with tf.device("/job:w/task:1"):
        with tf.device("/gpu:0"):
            assert tf.constant(1).device == "/job:w/task:1/device:GPU:0"
            with tf.device("/cpu:1"):
                assert tf.constant(1).device == "/job:w/task:1/device:CPU:1"
            with tf.device(None):
                assert tf.constant(1).device == ""
            with tf.device(lambda op: "/cpu:0" if op.type == "Const" else ""):
                assert tf.constant(1).device == "/job:w/task:1/device:CPU:0"
                assert tf.no_op().device == "/job:w/task:1/device:GPU:0"
        assert tf.constant(1).device == "/job:w/task:1"
    assert tf.constant(1).device == ""
    with pytest.raises(ValueError, match="Unknown attribute: 'foo'"):
        tf.device("/foo:0")
    spec = tf.DeviceSpec(job="ps", device_type="CPU", device_index=0)
    assert spec.to_string() == "/job:ps/device:CPU:0"
    assert tf.DeviceSpec.from_string("/cpu:*").to_string() == "/device:CPU:*"
    with tf.device(spec):
        assert tf.constant(1).device == "/job:ps/device:CPU:0"


def test_colocation():
    with tf.device("/cpu:1"):
        a = tf.constant(1, name="a")
    with tf.colocate_with(a):
        b = tf.constant(2, name="b")
        with tf.colocate_with(b):
            c = tf.constant(3)
    assert b.device == a.device == c.device
    assert b.op.colocation_groups() == [b"loc:@a"] == c.op.colocation_groups()
    assert a.op.colocation_groups() == [b"loc:@a"]
    assert tf.constant(1).device == ""


def test_collections():
    g = tf.get_default_graph()
    with tf.name_scope("s"):
        a = tf.constant(1, name="a")
    tf.add_to_collection("k", a)
    tf.add_to_collections(["k", "l", "k"], 5)
    assert tf.get_collection("k") == [a, 5] and tf.get_collection("l") == [5]
    assert tf.get_collection("k", scope="s") == [a] and tf.get_collection("none") == []
    tf.get_collection("k").append(1)
    tf.get_collection_ref("k").append(6)
    assert tf.get_collection("k") == [a, 5, 6]
    g.clear_collection("k")
    assert tf.get_collection("k") == [] and g.get_all_collection_keys() == ["l"]
    assert tf.GraphKeys.GLOBAL_VARIABLES == tf.GraphKeys.VARIABLES == "variables"


def test_finalize():
    g = tf.get_default_graph()
    x = tf.constant(1.0)
    g.finalize()
    assert g.finalized
    for call in (lambda: tf.constant(1), lambda: x + 1, lambda: tf.identity(x),
                 lambda: tf.add_to_collection("a", 1)):  # fmt: skip
        with pytest.raises(RuntimeError, match="finalized"):
            call()
    assert tf.Session().run(x) == 1


def test_errors_name_op_argument_and_user_line():
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    with pytest.raises(ValueError, match="Dimensions must be equal|must be") as info:
        tf.matmul(x, x, name="product")
    assert "product" in str(info.value) and __file__ in str(info.value)
    with pytest.raises(TypeError, match="does not match type float32 of argument 'x'"):
        tf.add(x, tf.constant(1))
    with pytest.raises(TypeError, match="not in list of allowed values"):
        tf.nn.relu(True)
    with pytest.raises(TypeError, match="that don't all match"):
        tf.concat([x, tf.constant(1)], 0)
    with pytest.raises(TypeError, match="expected type of bool"):
        tf.logical_and(x, x)


def test_tensors_that_may_not_be_fed():
    g = tf.get_default_graph()
    x = tf.constant(1.0)
    assert g.is_feedable(x)
    g.prevent_feeding(x)
    assert not g.is_feedable(x)
    with pytest.raises(ValueError, match="may not be fed"):
        tf.Session().run(x, {x: 2.0})


def test_containers_of_defaults_are_checked():
    g, h = tf.Graph(), tf.Graph()
    outer, inner = g.as_default(), h.as_default()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(AssertionError, match="Nesting violated"):
        outer.__exit__(None, None, None)
    inner.__exit__(None, None, None)
    outer.__exit__(None, None, None)
    assert not ops.has_default_graph()


def test_init_scope_lifts_out():
    a = tf.constant(1)
    with tf.name_scope("s"), tf.control_dependencies([a]), tf.init_scope():
        b = tf.constant(2, name="b")
    assert b.op.control_inputs == [] and b.name == "s/b:0"


def test_a_reset_inside_of_a_default_graph_is_no_error():
    with tf.Graph().as_default():
        ops.default_graphs.reset()
    assert tf.get_default_graph() is not None


def test_what_writes_a_variable_stays_with_it():
    asked = []

    def place(op):
        asked.append(op.name)
        return "/cpu:%d" % (len(asked) - 1)

    with tf.device(place):
        a = tf.get_variable("a", [3], use_resource=False)
    assert asked == ["a"] and a.op.device == "/device:CPU:0"
    assert a.initializer.colocation_groups() == [b"loc:@a"]
    with tf.device("/cpu:1"):
        step = tf.assign_add(a, tf.ones([3]))
        again = tf.assign_sub(step, tf.ones([3]))
        other = tf.identity(a)
    for op in (step.op, again.op):
        assert op.get_attr("_class") == [b"loc:@a"] and op.device == "/device:CPU:0"
    assert other.op.device == "/device:CPU:1"
    handle = tf.get_variable("h", [3], use_resource=True)
    with tf.device("/cpu:1"):
        assert tf.assign_add(handle, tf.ones([3])).op.device == "/device:CPU:1"
    train = tf.train.AdamOptimizer().minimize(tf.reduce_sum(a))
    with tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})) as session:
        session.run(tf.global_variables_initializer())
        session.run([train, again])
