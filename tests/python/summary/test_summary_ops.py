# SPDX-License-Identifier: Apache-2.0
"""Nodes, tags and collections of summaries; values are in the catalog."""

import pytest
from caudal.python.ops import gen_logging_ops

import caudal as tf


def nodes():
    return [
        (op.name, op.type, [t.op.name for t in op.inputs])
        for op in tf.get_default_graph().get_operations()
    ]


def tags(summary):
    with tf.Session() as sess:
        return [v.tag for v in tf.Summary.FromString(sess.run(summary)).value]


def test_nodes_of_a_scalar():
    tf.summary.scalar("a b$c", 1.0)
    again = tf.summary.scalar("a b$c", 2.0)
    assert nodes() == [
        ("a_b_c/tags", "Const", []),
        ("a_b_c/values", "Const", []),
        ("a_b_c", "ScalarSummary", ["a_b_c/tags", "a_b_c/values"]),
        ("a_b_c_1/tags", "Const", []),
        ("a_b_c_1/values", "Const", []),
        ("a_b_c_1", "ScalarSummary", ["a_b_c_1/tags", "a_b_c_1/values"]),
    ]
    assert tags(again) == ["a_b_c_1"]


def test_families_and_scopes():
    with tf.name_scope("sc"):
        s = tf.summary.scalar("/q", 1.0, family="fam/x")
        h = tf.summary.histogram("h", [1.0])
        i = tf.summary.image("im", tf.zeros([1, 2, 2, 1]), max_outputs=1, family="ff")
        a = tf.summary.audio("au", tf.zeros([1, 2]), 8, max_outputs=2)
        t = tf.summary.tensor_summary("ts", tf.constant(1), family="f")
    assert [x.op.name for x in (s, h, i, a, t)] == [
        "sc/fam/x/q", "sc/h", "sc/ff/im", "sc/au", "sc/f/ts"]  # fmt: skip
    wanted = ["fam/x/sc/fam/x/q", "sc/h", "ff/sc/ff/im/image", "sc/au/audio/0", "f/sc/f/ts"]
    assert tags(tf.summary.merge_all()) == wanted
    assert ("sc/au", "AudioSummaryV2", ["sc/au/tag", "sc/zeros_1", "sc/au/sample_rate"]) in nodes()


@pytest.mark.parametrize("name", ["", "_a", "-a", "\u00e9"])
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match="is not a valid"):
        tf.summary.scalar(name, 1.0)


def test_collections():
    a = tf.summary.scalar("a", 1.0)
    b = tf.summary.scalar("b", 1.0, collections=["x", "y"])
    c = tf.summary.scalar("c", 1.0, collections=[])
    merged = tf.summary.merge([a, c], collections=["y"])
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == [a]
    assert tf.get_collection("x") == [b] and tf.get_collection("y") == [b, merged]
    assert tags(merged) == ["a", "c"]


def test_merging():
    assert tf.summary.merge_all() is None
    with tf.name_scope("one"):
        tf.summary.scalar("a", 1.0)
    tf.summary.scalar("b", 1.0)
    first, named = tf.summary.merge_all(), tf.summary.merge_all(scope="one", name="all")
    assert first.op.name == "Merge/MergeSummary" and named.op.name == "all/all"
    assert tags(first) == ["one/a", "b"] and tags(named) == ["one/a"]
    with pytest.raises(ValueError, match="shorter than minimum length 1"):
        tf.summary.merge([])
    with pytest.raises(TypeError):
        tf.summary.merge(first)


def test_text_and_metadata():
    with pytest.raises(ValueError, match="Expected tensor Const:0 to have dtype string"):
        tf.summary.text("t", tf.constant(1.0))
    text = tf.summary.text("t", tf.constant("x"))
    given = tf.SummaryMetadata(display_name="old")
    other = tf.summary.tensor_summary("o", tf.constant(1), "about", None, given, None, "new")
    with tf.Session() as sess:
        (t,), (o,) = (tf.Summary.FromString(v).value for v in sess.run([text, other]))
    assert t.metadata.plugin_data.plugin_name == "text" and t.tensor.string_val == [b"x"]
    assert (o.metadata.display_name, o.metadata.summary_description) == ("new", "about")
    assert given.display_name == "old"


def test_descriptions():
    node = gen_logging_ops.tensor_summary(1.0, description='{"typeHint": "h"}').op.node_def
    assert tf.summary.get_summary_description(node).type_hint == "h"
    with pytest.raises(ValueError, match="Can't get_summary_description on ScalarSummary"):
        tf.summary.get_summary_description(tf.summary.scalar("s", 1.0).op.node_def)
    assert tf.summary.all_v2_summary_ops() == []


def test_images_without_their_shape():
    p = tf.placeholder(tf.float32)
    image = tf.summary.image("i", p)
    assert image.shape == []
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="last dim 1, 3, or 4"):
            sess.run(image, {p: [[1.0]]})


def test_summaries_of_contrib():
    x = tf.get_variable("x", [])
    tf.contrib.layers.optimize_loss(
        x * x, tf.train.get_or_create_global_step(), 0.1, "SGD",
        summaries=["loss", "learning_rate", "gradients", "gradient_norm"], clip_gradients=0.5,
    )  # fmt: skip
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = [v.tag for v in tf.Summary.FromString(sess.run(tf.summary.merge_all())).value]
    assert {"OptimizeLoss/loss", "OptimizeLoss/gradients/x_0",
            "OptimizeLoss/global_norm/clipped_gradient_norm"} <= set(found)  # fmt: skip


def test_summaries_of_layers():
    b = tf.constant([-1.0, 2.0], name="b")
    layers = tf.contrib.layers
    layers.summarize_activation(tf.nn.relu6(b, name="r"))
    assert layers.summarize_tensor(tf.constant("text")) is None
    layers.summarize_tensors([b, tf.reduce_sum(b, name="s")])
    printed = tf.contrib.slim.summaries.add_scalar_summary(
        tf.constant(3.0), "n", print_summary=True
    )
    assert printed.op.type == "Print"
    found = [op.name for op in tf.get_collection(tf.GraphKeys.SUMMARIES)]
    assert found == ["r/zeros:0", "r/sixes:0", "r/activation:0", "b_summary:0", "s_summary:0",
                     printed.name]  # fmt: skip
    with tf.Session() as sess:
        values = tf.Summary.FromString(sess.run(tf.summary.merge_all())).value
    assert [v.simple_value for v in values if v.HasField("simple_value")] == [0.5, 0, 1, 3]
