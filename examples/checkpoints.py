# SPDX-License-Identifier: Apache-2.0
"""Training in two halves: the second one has only the files that the first one left.

The files are TensorFlow's: TensorFlow 1 and 2 (compat.v1) import and continue them, too. At the end
the model is written as a SavedModel and as one frozen graph, and used from both.
"""

import argparse
import os
import tempfile

import numpy as np
from mnist import batches, load

import caudal as tf


def build():
    """Adds a small convolutional network to the default graph; its parts have names."""
    images = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    x = tf.layers.conv2d(images, 8, 5, strides=2, activation=tf.nn.relu, name="conv1")
    x = tf.layers.conv2d(x, 16, 5, strides=2, activation=tf.nn.relu, name="conv2")
    logits = tf.layers.dense(tf.layers.flatten(x), 10, name="logits")
    tf.nn.softmax(logits, name="probabilities")
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(2e-3).minimize(loss, step, name="train")
    right = tf.equal(tf.argmax(logits, 1), labels)
    tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")


def train(session, data, rng):
    for x, y in batches(*data, 100, rng):
        session.run("train", {"images:0": x, "labels:0": y})


def report(session, test, when):
    accuracy = session.run("accuracy:0", {"images:0": test[0], "labels:0": test[1]})
    step = session.run(tf.train.get_global_step(session.graph))
    print(f"{when}: step {step}, test accuracy {100 * accuracy:.2f} %")


def first_half(folder, data, test, epochs):
    rng = np.random.default_rng(0)
    with tf.Graph().as_default(), tf.Session() as session:
        build()
        saver = tf.train.Saver(max_to_keep=2)
        session.run(tf.global_variables_initializer())
        for _ in range(epochs):
            train(session, data, rng)
            saver.save(session, folder + "/model.ckpt", tf.train.get_global_step())
        report(session, test, "saved")


def second_half(folder, data, test, epochs):
    """Knows nothing of `build`: graph, variables and the state of Adam come from the files."""
    rng = np.random.default_rng(1)
    path = tf.train.latest_checkpoint(folder)
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(path + ".meta")
        saver.restore(session, path)
        report(session, test, "restored")
        for _ in range(epochs):
            train(session, data, rng)
        report(session, test, "continued")
        saver.save(session, folder + "/model.ckpt", tf.train.get_global_step())
        graph = session.graph
        names = {"images": "images:0"}, {"probabilities": "probabilities:0"}
        inputs, outputs = ({k: graph.get_tensor_by_name(v) for k, v in d.items()} for d in names)
        tf.saved_model.simple_save(session, folder + "/served", inputs, outputs)
        frozen = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["probabilities"]
        )
        tf.train.write_graph(frozen, folder, "frozen.pb", as_text=False)


def serve(folder, images):
    """Probabilities from the SavedModel and from the frozen graph."""
    with tf.Graph().as_default(), tf.Session() as session:
        model = tf.saved_model.load(session, [tf.saved_model.SERVING], folder + "/served")
        signature = model.signature_def[tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
        feed = {signature.inputs["images"].name: images}
        yield session.run(signature.outputs["probabilities"].name, feed)
    with tf.Graph().as_default(), tf.Session() as session:
        with open(folder + "/frozen.pb", "rb") as file:
            graph_def = tf.GraphDef.FromString(file.read())
        x, y = tf.import_graph_def(graph_def, return_elements=["images:0", "probabilities:0"])
        yield session.run(y, {x: images})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--folder", help="where to write; default: a temporary folder")
    parser.add_argument("--epochs", type=int, default=2, help="in each half")
    args = parser.parse_args()
    data, test = load(args.data)
    folder = args.folder or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    first_half(folder, data, test, args.epochs)
    second_half(folder, data, test, args.epochs)
    served, frozen = serve(folder, test[0])
    accuracy = np.mean(served.argmax(1) == test[1])
    print(f"served: test accuracy {100 * accuracy:.2f} %")
    print(f"largest difference of the frozen graph: {np.abs(served - frozen).max():.1g}")
    print(f"all files: python -m caudal inspect {folder} {folder}/served {folder}/frozen.pb")


if __name__ == "__main__":
    main()
