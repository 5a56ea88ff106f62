# SPDX-License-Identifier: Apache-2.0
"""Scopes, reuse, partitions, getters, collections and lookups by name."""

import numpy as np

import caudal as tf


def plain(value):
    """Values as Python's own, numbers with six digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def show(*values):
    print(*[plain(v) for v in values])


def attempt(f):
    try:
        show(f())
    except Exception as e:
        text = str(getattr(e, "message", e)).split("Originally")[0].split(" (made")[0]
        show(type(e).__name__, text.replace("\n", " ").split("\t [[")[0].strip(" .")[:34])


def filtered(x):
    w = tf.get_variable("weights", [3, 3], initializer=tf.random_normal_initializer(seed=1))
    b = tf.get_variable("biases", [3], initializer=tf.constant_initializer(0.0))
    return tf.nn.relu(tf.matmul(x, w) + b, name="act")


x = tf.ones([2, 3])
with tf.variable_scope("front") as scope:
    r1 = filtered(x)
    scope.reuse_variables()
    r2 = filtered(x)
attempt(lambda: [r1.name, r2.name, scope.name, scope.original_name_scope, scope.reuse])
with tf.variable_scope("foo", reuse=tf.AUTO_REUSE):
    v1 = tf.get_variable("v", [1])
    v2 = tf.get_variable("v", [1])
    attempt(lambda: (v1 is v2, v1.name))
with tf.variable_scope("foo"):
    attempt(lambda: tf.get_variable("v", [1]))
    attempt(lambda: tf.Variable(1.0, name="v").name)
    attempt(lambda: tf.get_variable("nope", [1], initializer=tf.zeros([1])))
with tf.variable_scope("foo", reuse=True):
    attempt(lambda: tf.get_variable("zz", [1]))
    attempt(lambda: tf.get_variable("v", [2]))
    attempt(lambda: tf.get_variable("v", dtype=tf.int32))
    attempt(lambda: tf.get_variable("v"))
    with tf.name_scope("bar"):
        attempt(lambda: (tf.get_variable("v").name, (tf.get_variable("v") + 1).name))
with tf.variable_scope("a") as sa:
    with tf.variable_scope(sa):
        attempt(lambda: tf.get_variable("q", [1]).name)
        attempt(lambda: tf.constant(1).name)
    with tf.variable_scope(
        "b",
        initializer=tf.constant_initializer(0.4),
        regularizer=tf.contrib.layers.l1_regularizer(0.1),
        dtype=tf.float64,
    ) as sb:
        v = tf.get_variable("w", [2])
        attempt(lambda: (v, tf.get_collection("regularization_losses")))
    with tf.variable_scope(sb, reuse=True, auxiliary_name_scope=False):
        attempt(lambda: (tf.get_variable("w").name, tf.identity(1).name))
    with tf.variable_scope(None, "dflt"):
        attempt(lambda: tf.get_variable("d", []).name)
    with tf.variable_scope(None, default_name="dflt", values=[x]):
        attempt(lambda: tf.get_variable("d", []).name)
with tf.name_scope("hid") as ns:
    attempt(
        lambda: (ns, tf.constant(1, name="c").name, tf.Variable(1).name, tf.add(1, 2, "my").name)
    )
with tf.name_scope("hid"):
    attempt(lambda: tf.constant(1, name="c").name)
with tf.name_scope(ns):
    attempt(lambda: tf.constant(1, name="c").name)
with tf.name_scope(None):
    attempt(lambda: tf.constant(1).name)
with tf.name_scope("op", "default", [x]) as s:
    attempt(lambda: s)
attempt(lambda: tf.name_scope("bad scope!").__enter__())
attempt(lambda: tf.constant(1, name="sp ace"))
attempt(lambda: tf.get_variable("x y", [1]))
attempt(lambda: tf.get_variable("noshape"))
attempt(lambda: tf.get_variable("neg", [None, 2]))
attempt(lambda: tf.get_variable("both", [2], initializer=tf.constant([1.0, 2.0])))
attempt(lambda: tf.Variable())
attempt(lambda: tf.Variable(lambda: tf.zeros([2]), dtype=tf.float32).shape)
attempt(lambda: tf.Variable([1, 2], expected_shape=[3]))
attempt(lambda: tf.Variable(tf.placeholder(tf.float32)))
with tf.variable_scope("part", partitioner=tf.fixed_size_partitioner(3, axis=0)):
    pv = tf.get_variable("emb", [7, 2], initializer=tf.constant_initializer(0.25))
    attempt(lambda: [v.name for v in pv])
    attempt(
        lambda: (
            type(pv).__name__,
            pv.get_shape(),
            [v._save_slice_info.spec if hasattr(v, "_save_slice_info") else 0 for v in pv],
            tf.nn.embedding_lookup(pv, [1, 5], partition_strategy="div").shape,
            tf.convert_to_tensor(pv).name,
        )
    )
pv2 = tf.get_variable(
    "p2", [6], initializer=tf.ones_initializer, partitioner=tf.variable_axis_size_partitioner(8)
)
attempt(lambda: [v.shape for v in pv2] if hasattr(pv2, "__iter__") else pv2)
pv3 = tf.get_variable(
    "p3",
    [8, 2],
    partitioner=tf.min_max_variable_partitioner(max_partitions=2, axis=0, min_slice_size=8),
)
attempt(lambda: [v.name for v in pv3])


def getter(getter, name, *a, **k):
    k["trainable"] = False
    v = getter(name + "_g", *a, **k)
    return v * 2.0


with tf.variable_scope("cg", custom_getter=getter):
    attempt(lambda: tf.get_variable("v", [2], initializer=tf.ones_initializer()))
f = tf.make_template("tmpl", lambda z, k: z * tf.get_variable("s", initializer=k), k=3.0)
attempt(lambda: (f(x).name, f(x).name, [v.name for v in f.variables], f.variable_scope.name))
tf.add_to_collection("mine", x)
tf.add_to_collections(["mine", "losses"], r1)
g = tf.get_default_graph()
attempt(
    lambda: (
        tf.get_collection("mine"),
        g.get_collection("losses", scope="image"),
        sorted(k for k in g.get_all_collection_keys() if isinstance(k, str)),
        tf.get_collection_ref("mine") is tf.get_collection_ref("mine"),
    )
)
attempt(lambda: [v.name for v in tf.trainable_variables(scope="foo")])
attempt(lambda: [v.name for v in tf.local_variables()])
attempt(lambda: tf.get_local_variable("loc", [2], initializer=tf.zeros_initializer()).name)
attempt(lambda: [v.name for v in tf.global_variables()])
with tf.control_dependencies([r1]), g.colocate_with(x), tf.device("/device:GPU:0"):
    c = tf.constant(1.0, name="cd")
    n = tf.no_op()
    attempt(
        lambda: (c.op.control_inputs, c.device, c.op.colocation_groups(), n.control_inputs, n.type)
    )
with tf.device("/cpu:0"):
    with tf.device(lambda op: "/gpu:1" if op.type == "Add" else ""):
        attempt(lambda: (tf.add(1, 2).device, tf.multiply(1, 2).device))
    with tf.device(None):
        attempt(lambda: tf.constant(1).device)
attempt(lambda: g.get_tensor_by_name("x"))
attempt(lambda: g.get_tensor_by_name("nothing:0"))
attempt(lambda: g.get_tensor_by_name("cd:1"))
attempt(lambda: g.get_operation_by_name("cd:0"))
attempt(lambda: g.get_operation_by_name("front/act").inputs[0].name)
attempt(lambda: g.unique_name("cd"))
attempt(lambda: g.unique_name("cd", mark_as_used=False))
attempt(lambda: x.op.outputs)
attempt(lambda: [t.name for t in r1.op.inputs])
attempt(lambda: r1.consumers())
attempt(lambda: r1.op.node_def.op)
attempt(lambda: (r1.op.get_attr("T"), r1.graph is g, r1.value_index))
attempt(lambda: r1.op.get_attr("nope"))
g.finalize()
attempt(lambda: tf.constant(1))
attempt(lambda: g.finalized)
with tf.Graph().as_default() as g2:
    attempt(
        lambda: (
            tf.constant(1.0).name,
            g2.version,
            tf.get_default_graph() is g2,
            g2.building_function,
            len(g2.get_operations()),
            g2.seed,
        )
    )
    attempt(lambda: tf.Variable(1.0) + r1)
    tf.set_random_seed(3)
    attempt(lambda: (g2.seed, g2.is_feedable(tf.constant(1)), g2.is_fetchable(tf.no_op())))
attempt(lambda: tf.reset_default_graph())
with tf.Graph().as_default():
    attempt(lambda: tf.reset_default_graph())
