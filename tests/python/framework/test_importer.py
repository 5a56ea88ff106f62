# SPDX-License-Identifier: Apache-2.0
"""Graphs as GraphDef messages: written, read, with names mapped, and bad ones refused."""

import numpy as np
import pytest

import caudal as tf
from caudal import proto


def copy_of(graph, fetches, feeds, init=None, name=""):
    """Values of `fetches` in a graph made from the message of `graph`."""
    message = graph.as_graph_def()
    with tf.Graph().as_default() as copy:
        tf.import_graph_def(message, name=name)
        prefix = name + "/" if name else ""
        with tf.Session() as session:
            if init is not None:
                session.run(prefix + init.name)
            fed = {prefix + key.name: value for key, value in feeds.items()}
            values = [session.run(prefix + f.name, fed) for f in fetches]
    return copy, values


def same_in_a_copy(fetches, feeds=None, init=None):
    """Runs `fetches` one after the other here and in copies, one under a prefix; returns them."""
    graph = tf.get_default_graph()
    feeds = feeds or {}
    with tf.Session() as session:
        if init is not None:
            session.run(init)
        here = [session.run(f, feeds) for f in fetches]
    for name in ("", "part"):
        _, there = copy_of(graph, fetches, feeds, init, name)
        for a, b in zip(here, there):
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=1e-6)
    return here


def test_nodes_and_versions():
    with tf.device("/cpu:0"):
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        with tf.control_dependencies([x]):
            y = tf.matmul(x, tf.constant([[1.0], [2.0]], name="w"), transpose_b=False, name="y")
    message = tf.get_default_graph().as_graph_def()
    assert [n.name for n in message.node] == ["x", "w", "y"]
    assert message.versions.producer == 134
    assert not message.library.function
    node = message.node[2]
    assert (node.op, list(node.input), node.device) == ("MatMul", ["x", "w"], "/device:CPU:0")
    assert node.attr["T"].type == proto.DT_FLOAT and not node.attr["transpose_b"].b
    assert message.node[0].attr["shape"].shape.dim[0].size == -1
    assert node == y.op.node_def
    assert "_output_shapes" not in node.attr
    shaped = tf.get_default_graph().as_graph_def(add_shapes=True).node[2]
    assert [d.size for d in shaped.attr["_output_shapes"].list.shape[0].dim] == [-1, 1]


def test_only_newer_nodes():
    graph = tf.get_default_graph()
    x = tf.constant(1.0)
    version = graph.version
    tf.negative(x, name="new")
    message = graph.as_graph_def(from_version=version)
    assert [(n.name, list(n.input)) for n in message.node] == [("new", ["Const"])]


@pytest.mark.parametrize(
    "dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int8, tf.uint16, tf.int32,
              tf.int64, tf.uint32, tf.uint64, tf.bool, tf.complex64, tf.complex128, tf.string]
)  # fmt: skip
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 2), (2, 3)])
def test_constants_of_every_dtype(dtype, shape):
    count = int(np.prod(shape))
    if dtype is tf.string:
        value = np.array([b"a\x00b" * i for i in range(count)], object).reshape(shape)
    else:
        value = np.arange(count).reshape(shape).astype(dtype.as_numpy_dtype)
    c = tf.constant(value, dtype, name="c")
    message = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default():
        (found,) = tf.import_graph_def(message, return_elements=["c:0"])
        assert found.name == "import/c:0"
        assert (found.dtype, found.shape.as_list()) == (c.dtype, list(shape))
        with tf.Session() as session:
            np.testing.assert_array_equal(session.run(found), value)


def test_variables_and_training():
    x = tf.placeholder(tf.float32, [4, 3], name="x")
    hidden = tf.layers.dense(x, 5, tf.nn.tanh, kernel_initializer=tf.ones_initializer())
    loss = tf.reduce_mean(tf.square(hidden - 0.5))
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    values = same_in_a_copy(
        [loss, train, loss, train, loss],
        {x: np.linspace(-1, 1, 12).reshape(4, 3)},
        tf.global_variables_initializer(),
    )
    assert values[4] < values[2] < values[0]


def test_map_of_inputs():
    with tf.Graph().as_default() as graph:
        a = tf.placeholder(tf.float32, name="a")
        b = tf.split(tf.constant([1.0, 2.0], name="two"), 2, name="parts")
        with tf.control_dependencies([tf.constant(0.0, name="c")]):
            tf.add(a, b[1], name="sum")
        message = graph.as_graph_def()
    ten, five = tf.constant(10.0), tf.constant(5.0)
    total, op = tf.import_graph_def(
        message, {"a": ten, "parts:1": five, "^c": five.op}, ["sum:0", "sum"], name="in"
    )
    assert op.name == "in/sum" and total.op is op
    assert [t.name for t in op.inputs] == ["Const:0", "Const_1:0"]
    assert [c.name for c in op.control_inputs] == ["Const_1"]
    with tf.Session() as session:
        assert session.run(total) == 15
    # What is mapped is returned as what it was mapped to; values become tensors.
    assert tf.import_graph_def(message, {"a:0": ten}, ["a:0"])[0] is ten
    (converted,) = tf.import_graph_def(message, {"a": 2.5}, ["sum:0"], name="again")
    assert converted.op.inputs[0].name == "again/_inputs/Const:0"


def test_names_and_scopes():
    with tf.Graph().as_default() as graph:
        v = tf.Variable(1.0, name="v")
        message = graph.as_graph_def()
    assert tf.import_graph_def(message) is None
    tf.import_graph_def(message)
    with tf.device("/cpu:0"), tf.control_dependencies([tf.no_op(name="first")]):
        (op,) = tf.import_graph_def(message, return_elements=["v/read"], name="dev")
    names = [o.name for o in tf.get_default_graph().get_operations()]
    assert "import/v" in names and "import_1/v/Assign" in names
    assert op.device == "/device:CPU:0"
    assert op.colocation_groups() == [b"loc:@dev/v"]
    assert v.op.name == "v"
    assert [c.name for c in tf.get_default_graph().get_operation_by_name("dev/v").control_inputs] \
        == ["first"]  # fmt: skip


def test_messages_of_other_libraries_and_bytes():
    tf.constant(1.0, name="one")
    data = tf.get_default_graph().as_graph_def().SerializeToString()

    class Foreign:
        def SerializeToString(self):  # noqa: N802
            return data

    for source in (data, Foreign()):
        with tf.Graph().as_default():
            assert tf.import_graph_def(source, return_elements=["one"])[0].type == "Const"


def graph_of(*nodes, **kwargs):
    message = proto.GraphDef(**kwargs)
    for name, op, inputs, attrs in nodes:
        node = message.node.add(name=name, op=op, input=inputs)
        for key, value in attrs.items():
            node.attr[key].CopyFrom(value)
    return message


FLOAT = proto.AttrValue(type=proto.DT_FLOAT)
A = ("a", "Placeholder", [], {"dtype": FLOAT})


@pytest.mark.parametrize(
    "message, error, text",
    [
        (graph_of(("a", "Nonsense", [], {})), tf.errors.NotFoundError, "Nonsense"),
        (graph_of(("b", "Neg", ["a"], {"T": FLOAT})), ValueError, "'b'.*'a'"),
        (graph_of(A, ("b", "Neg", ["a:1"], {"T": FLOAT})), ValueError, "output 1.*a"),
        (graph_of(A, ("b", "Neg", ["^a"], {"T": FLOAT})), ValueError, "Neg"),
        (graph_of(A, A), ValueError, "'a' is not unique"),
        (graph_of(A, ("b", "Neg", ["a:x:y:z"], {})), ValueError, "malformed"),
        (graph_of(("x", "Neg", ["y"], {}), ("y", "Neg", ["x"], {})), ValueError, "cycle"),
        (graph_of(("a", "Placeholder", [], {"dtype": proto.AttrValue(i=1)})), ValueError, "dtype"),
        (graph_of(("a", "Placeholder", [], {})), ValueError, "dtype"),
        (graph_of(A, ("b", "Neg", ["a"], {"T": proto.AttrValue(type=proto.DT_INT32)})),
         (TypeError, ValueError), "b"),
        (graph_of(("", "Placeholder", [], {"dtype": FLOAT})), ValueError, "name"),
        (graph_of(A, versions={"min_consumer": 9999}), ValueError, "9999"),
        (graph_of(("w", "While", [], {})), ValueError, "cond"),
        (graph_of(("c", "PartitionedCall", [], {
            "f": proto.AttrValue(func=proto.NameAttrList(name="missing"))})),
         tf.errors.NotFoundError, "missing"),
    ],
)  # fmt: skip
def test_bad_graphs_leave_the_graph_as_it_was(message, error, text):
    graph = tf.get_default_graph()
    tf.constant(1.0, name="before")
    count = graph.version
    with pytest.raises(error, match=text):
        tf.import_graph_def(message, name="")
    assert graph.version == count
    # The names are free again.
    tf.import_graph_def(graph_of(A), name="")
    assert graph.get_operation_by_name("a").type == "Placeholder"


def test_bad_arguments():
    good = graph_of(A)
    with pytest.raises(TypeError, match="GraphDef"):
        tf.import_graph_def("text")
    with pytest.raises(TypeError, match="input_map"):
        tf.import_graph_def(good, input_map=[1])
    with pytest.raises(TypeError, match="return_elements"):
        tf.import_graph_def(good, return_elements=[1])
    with pytest.raises(ValueError, match="not found in graph_def: \\[b:0\\]"):
        tf.import_graph_def(good, input_map={"b:0": tf.constant(1.0)})
    with pytest.raises(ValueError, match="return_element 'b'"):
        tf.import_graph_def(good, return_elements=["b"])
    with pytest.raises(tf.errors.DataLossError):
        tf.import_graph_def(b"\x0a\xff")
    tf.import_graph_def(good, name="")
    with pytest.raises(ValueError, match="'a' already exists"):
        tf.import_graph_def(good, name="")
    tf.get_default_graph().finalize()
    with pytest.raises(RuntimeError):
        tf.import_graph_def(good)


def test_unknown_attrs_are_left_out():
    node = ("b", "Neg", ["a"], {"T": FLOAT, "of_tomorrow": proto.AttrValue(i=3),
                                "_mine": proto.AttrValue(s=b"kept")})  # fmt: skip
    (b,) = tf.import_graph_def(graph_of(A, node), return_elements=["b"])
    assert b.get_attr("_mine") == b"kept"
    with pytest.raises(ValueError):
        b.get_attr("of_tomorrow")


def test_shapes_of_old_placeholders_mean_nothing():
    scalar = proto.AttrValue(shape=proto.TensorShapeProto())
    node = ("a", "Placeholder", [], {"dtype": FLOAT, "shape": scalar})
    for producer, rank in ((23, None), (24, 0)):
        message = graph_of(node, versions={"producer": producer})
        (a,) = tf.import_graph_def(message, return_elements=["a:0"])
        assert a.shape.ndims == rank


def test_a_constant_is_not_far_larger_than_its_bytes():
    shape = proto.TensorShapeProto(dim=[{"size": 1 << 14}, {"size": 1 << 14}])
    value = proto.AttrValue(tensor=proto.TensorProto(dtype=proto.DT_FLOAT, tensor_shape=shape))
    nodes = [("c%d" % i, "Const", [], {"dtype": FLOAT, "value": value}) for i in range(3)]
    with pytest.raises(ValueError, match="far larger"):
        tf.import_graph_def(graph_of(*nodes))


def strange_ops():
    ops = proto.OpList()
    op = ops.op.add(name="ReadFromAfar", is_stateful=True)
    op.output_arg.add(name="values", type_list_attr="types")
    op.attr.add(name="types", type="list(type)")
    op.attr.add(name="f", type="func")
    op.attr.add(name="speed", type="int").default_value.i = 3
    ops.op.add(name="Broken").input_arg.add(name="x", type_attr="missing")
    return ops


def test_ops_that_only_the_file_knows():
    types = proto.AttrValue(list=proto.AttrValue.ListValue(type=[proto.DT_FLOAT, proto.DT_INT32]))
    call = proto.AttrValue(func=proto.NameAttrList(name="outer"))
    far = ("far", "ReadFromAfar", [], {"types": types, "f": call})
    message = graph_of(far, ("y", "Neg", ["far"], {"T": FLOAT}))
    message.library.function.extend([
        function("outer", ["x"], ["y"], [("n", "inner", ["x"], {})], {"y": "n:y:0"}),
        function("inner", ["x"], ["y"], [("n", "ReadFromAfar", ["x"], {})], {"y": "n:y:0"}),
        function("other", ["x"], ["y"], [("n", "Neg", ["x"], {"T": FLOAT})], {"y": "n:y:0"}),
    ])  # fmt: skip
    with pytest.raises(tf.errors.NotFoundError, match="ReadFromAfar"):
        tf.import_graph_def(message)
    broken = graph_of(("b", "Broken", [], {}))
    with pytest.raises(tf.errors.NotFoundError, match="Broken"):
        tf.import_graph_def(broken, producer_op_list=strange_ops())
    far, y = tf.import_graph_def(
        message, return_elements=["far", "y:0"], name="", producer_op_list=strange_ops()
    )
    assert [t.dtype for t in far.outputs] == [tf.float32, tf.int32]
    assert far.get_attr("speed") == 3
    with tf.Session() as session:
        assert session.run(y, {far.outputs[0]: 2.0}) == -2.0
        with pytest.raises(tf.errors.OpError, match="ReadFromAfar"):
            session.run(y)
    written = tf.get_default_graph().as_graph_def()
    assert written.node[0].attr["f"].func.name == "outer"
    assert not [name for name in written.node[0].attr if name.startswith("_")]
    assert sorted(f.signature.name for f in written.library.function) == ["inner", "outer"]


def function(name, inputs, outputs, nodes, returns):
    made = proto.FunctionDef()
    made.signature.name = name
    for i in inputs:
        made.signature.input_arg.add(name=i, type=proto.DT_FLOAT)
    for o in outputs:
        made.signature.output_arg.add(name=o, type=proto.DT_FLOAT)
    made.node_def.extend(graph_of(*nodes).node)
    made.ret.update(returns)
    return made


def test_functions_that_are_called():
    square = function("square", ["x"], ["y"], [("s", "Mul", ["x", "x"], {"T": FLOAT})],
                      {"y": "s:z:0"})  # fmt: skip
    fourth = function("fourth", ["x"], ["y"], [
        ("once", "square", ["x"], {}), ("twice", "square", ["once:y:0"], {})],
        {"y": "twice:y:0"})  # fmt: skip
    call = proto.AttrValue(func=proto.NameAttrList(name="fourth"))
    types = proto.AttrValue(list=proto.AttrValue.ListValue(type=[proto.DT_FLOAT]))
    message = graph_of(
        A, ("c", "PartitionedCall", ["a"], {"f": call, "Tin": types, "Tout": types}),
        ("d", "square", ["c"], {}))  # fmt: skip
    message.library.function.extend([square, fourth])
    a, c, d = tf.import_graph_def(message, return_elements=["a:0", "c:0", "d:0"], name="")
    with tf.Session() as session:
        assert session.run([c, d, tf.gradients(d, a)[0]], {a: 2.0}) == [16.0, 256.0, 1024.0]


def test_functions_without_end_are_refused():
    for body in ("f", "g"):
        message = graph_of(A, ("c", "f", ["a"], {}))
        message.library.function.extend([
            function("f", ["x"], ["y"], [("n", body, ["x"], {})], {"y": "n:y:0"}),
            function("g", ["x"], ["y"], [("n", "f", ["x"], {})], {"y": "n:y:0"}),
        ])  # fmt: skip
        with pytest.raises(ValueError, match="nested too deeply"):
            tf.import_graph_def(message)
    # Each function calls the one before it twice.
    message = graph_of(A, ("c", "f40", ["a"], {}))
    message.library.function.add().CopyFrom(
        function("f0", ["x"], ["y"], [("n", "Neg", ["x"], {"T": FLOAT})], {"y": "n:y:0"})
    )
    for i in range(40):
        nodes = [("n", "f%d" % i, ["x"], {}), ("m", "f%d" % i, ["n:y:0"], {})]
        message.library.function.add().CopyFrom(
            function("f%d" % (i + 1), ["x"], ["y"], nodes, {"y": "m:y:0"})
        )
    with pytest.raises(ValueError, match="far more nodes"):
        tf.import_graph_def(message)


def test_a_node_reads_a_variable_behind_the_write_that_it_waits_for():
    v = tf.Variable(1.0, name="v")
    plain = tf.identity(v, name="before")
    add = tf.assign_add(v, 1.0, name="add")
    with tf.control_dependencies([add]):
        tf.add(plain, 0.0, name="of_a_value")
    message = tf.get_default_graph().as_graph_def()
    node = message.node.add(name="after", op="Neg", input=["v/read", "^add"])
    node.attr["T"].type = proto.DT_FLOAT
    with tf.Graph().as_default():
        tf.import_graph_def(message, name="")
        with tf.Session() as session:
            session.run("v/Assign")
            assert session.run("after:0") == -2.0
            assert session.run(["v:0", "after:0"])[1] == -3.0


class TestControlFlow:
    """Branches and loops, their gradients included, in a copy that was made from a message."""

    x_value = np.float32([0.3, -0.7, 1.1])

    def check(self, y, x, *more):
        gradient = tf.gradients(y, x)[0]
        init = tf.global_variables_initializer() if tf.global_variables() else None
        values = same_in_a_copy([y, gradient, *more], {x: self.x_value}, init)
        assert np.abs(values[1]).sum() > 0
        # The copy can be differentiated again.
        message = tf.get_default_graph().as_graph_def()
        with tf.Graph().as_default():
            x2, y2 = tf.import_graph_def(message, return_elements=[x.name, y.name], name="")
            again = tf.gradients(y2, x2)[0]
            with tf.Session() as session:
                if init is not None:
                    session.run(init.name)
                np.testing.assert_allclose(
                    session.run(again, {x2: self.x_value}), values[1], rtol=1e-5, atol=1e-6
                )
        return message

    def x(self):
        return tf.placeholder(tf.float32, [3], name="x")

    def test_cond(self):
        x = self.x()
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.exp(x) * tf.sin(x), lambda: x * x)
        message = self.check(y, x)
        used = {n.op for n in message.node}
        assert "If" in used and not any(op.startswith("Tape") for op in used)

    def test_while(self):
        x = self.x()
        w = tf.Variable(np.full([3, 3], 0.3, np.float32))
        _, y = tf.while_loop(
            lambda i, y: i < 4, lambda i, y: (i + 1, tf.tanh(tf.linalg.matvec(w, y) + x)), [0, x]
        )
        message = self.check(y, x)
        assert {"While", "EmptyTensorList"} <= {n.op for n in message.node}

    def test_while_in_while(self):
        x = self.x()

        def body(i, y):
            _, z = tf.while_loop(lambda j, z: j < 3, lambda j, z: (j + 1, tf.sin(z) * x), [0, y])
            return i + 1, z + tf.cos(y)

        self.check(tf.while_loop(lambda i, y: i < 3, body, [0, x])[1], x)

    def test_cond_in_while(self):
        x = self.x()

        def body(i, y):
            return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(y) * x, lambda: y * y + 1)

        self.check(tf.while_loop(lambda i, y: i < 4, body, [0, x])[1], x)

    def test_while_in_cond(self):
        x = self.x()

        def loop():
            return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * x), [0, x])[1]

        self.check(tf.cond(tf.reduce_sum(x) > 0, loop, lambda: x * x), x)

    def test_writes_of_variables(self):
        v = tf.Variable(1.0, name="v")

        def body(i):
            with tf.control_dependencies([tf.assign_add(v, 2.0)]):
                return i + 1

        loop = tf.while_loop(lambda i: i < 3, body, [0])
        branch = tf.cond(tf.constant(True), lambda: tf.assign_sub(v, 0.5), lambda: v + 0)
        values = same_in_a_copy([loop, v, branch, v], {}, tf.global_variables_initializer())
        assert [float(np.sum(x)) for x in values] == [3, 7, 6.5, 6.5]

    def test_second_derivatives_of_loops_are_refused(self):
        x = self.x()
        _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y)), [0, x])
        (first,) = tf.gradients(y, x)
        if not tf.gradients(first, x):
            pytest.fail("there is a second derivative")
        with pytest.raises(tf.errors.UnimplementedError, match="second derivative"):
            tf.get_default_graph().as_graph_def()
