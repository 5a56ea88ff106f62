# SPDX-License-Identifier: Apache-2.0
"""SavedModels and frozen graphs that one engine writes and another runs.

served_models.py ENGINE make|use FOLDER, where ENGINE is caudal or tensorflow.
"""

import os
import sys

import numpy as np

ENGINE, ACTION, FOLDER = sys.argv[1:4]
if ENGINE == "caudal":
    import caudal as tf
    from caudal.tools import freeze_graph

    index_table_from_file = tf.contrib.lookup.index_table_from_file
else:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow.compat.v1 as tf
    from tensorflow.python.ops.lookup_ops import index_table_from_file
    from tensorflow.python.tools import freeze_graph

    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)
sm = tf.saved_model
WORDS = [b"b", b"c", b"a"]
ROWS = np.arange(12, dtype="f").reshape(4, 3) / 7


def path(*names):
    return os.path.join(FOLDER, *names)


def network(x, **kwargs):
    init = tf.random_uniform_initializer(-1, 1, seed=4)
    w = tf.get_variable("w", [3, 5], initializer=init, **kwargs)
    b = tf.get_variable("b", [5], initializer=tf.constant_initializer(0.5), **kwargs)
    return tf.nn.softmax(tf.nn.bias_add(tf.matmul(x, w), b), name="y")


def expect(name, value):
    if ACTION == "make":
        np.save(path(name + ".npy"), value)
    else:
        np.testing.assert_allclose(value, np.load(path(name + ".npy")), rtol=1e-5, atol=1e-6)
        print("ok", name)


def simple(sess):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = network(x)
    sess.run(tf.global_variables_initializer())
    sm.simple_save(sess, path("simple"), {"in": x}, {"out": y})
    expect("simple", sess.run(y, {x: ROWS}))


def use_simple(sess):
    signature = sm.loader.load(sess, [sm.tag_constants.SERVING], path("simple")).signature_def
    signature = signature[sm.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    x = sm.utils.get_tensor_from_tensor_info(signature.inputs["in"])
    expect("simple", sess.run(signature.outputs["out"].name, {x: ROWS}))


def words(sess):
    with open(path("words.txt"), "w") as file:
        file.write("a\nb\nc\n")
    x = tf.placeholder(tf.string, [None], name="x")
    table = index_table_from_file(path("words.txt"))
    rows = tf.get_variable(
        "rows", [3, 2], initializer=tf.random_uniform_initializer(seed=8), use_resource=True
    )
    y = tf.identity(tf.nn.embedding_lookup(rows, table.lookup(x)), name="y")
    sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
    signature = sm.signature_def_utils.predict_signature_def({"x": x}, {"y": y})
    builder = sm.builder.SavedModelBuilder(path("words"))
    builder.add_meta_graph_and_variables(
        sess, ["train"], {"a": signature},
        assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
        main_op=tf.tables_initializer(),
    )  # fmt: skip
    builder.add_meta_graph(["serve", "cpu"], {"b": signature})
    builder.save()
    expect("words", sess.run(y, {x: WORDS}))
    os.remove(path("words.txt"))  # the copy in the SavedModel is the one to use


def use_words(sess):
    sm.loader.load(sess, ["cpu", "serve"], path("words"), import_scope="inside")
    expect("words", sess.run("inside/y:0", {"inside/x:0": WORDS}))


def frozen(sess):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    ids = tf.placeholder(tf.int32, [None], name="ids")
    table = tf.get_variable(
        "table", [6, 3], initializer=tf.random_uniform_initializer(seed=2), use_resource=True
    )
    y = network(x + tf.nn.embedding_lookup(table, ids), use_resource=True)
    unused = tf.get_variable("unused", [7])
    sess.run(tf.global_variables_initializer())
    graph_def = tf.graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), ["y"])
    assert not any(n.op in ("VarHandleOp", "VariableV2") for n in graph_def.node), unused
    tf.train.write_graph(graph_def, FOLDER, "frozen.pb", as_text=False)
    tf.train.write_graph(graph_def, FOLDER, "frozen.pbtxt", as_text=True)
    expect("frozen", sess.run(y, {x: ROWS, ids: [0, 5, 2, 2]}))


def use_frozen(sess):
    graph_def = tf.GraphDef()
    with open(path("frozen.pb"), "rb") as file:
        graph_def.ParseFromString(file.read())
    (y,) = tf.import_graph_def(graph_def, return_elements=["y:0"], name="net")
    expect("frozen", sess.run(y, {"net/x:0": ROWS, "net/ids:0": [0, 5, 2, 2]}))


def by_command(sess):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = network(x)
    saver = tf.train.Saver()
    sess.run(tf.global_variables_initializer())
    saver.save(sess, path("by_command.ckpt"))
    expect("by_command", sess.run(y, {x: ROWS}))


def use_by_command(sess):
    """The other engine's checkpoint, frozen here."""
    prefix = path("by_command.ckpt")
    with tf.Graph().as_default():
        freeze_graph.freeze_graph(
            "", "", True, prefix, "y", "save/restore_all", "save/Const:0", path("made.pb"), True,
            "", input_meta_graph=prefix + ".meta",
        )  # fmt: skip
    graph_def = tf.GraphDef()
    with open(path("made.pb"), "rb") as file:
        graph_def.ParseFromString(file.read())
    tf.import_graph_def(graph_def, name="")
    expect("by_command", sess.run("y:0", {"x:0": ROWS}))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for make, use in (
        (simple, use_simple),
        (words, use_words),
        (frozen, use_frozen),
        (by_command, use_by_command),
    ):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as sess:
            (make if ACTION == "make" else use)(sess)


main()
