# SPDX-License-Identifier: Apache-2.0
"""A network whose training TensorBoard shows: curves, weights, digits, the graph, embeddings.

python tensorboard.py --logdir logs
tensorboard --logdir logs             # pip install tensorboard
"""

import argparse
import os

import numpy as np
from mnist import batches, load

import caudal as tf

SHOWN = 400  # digits in the projector


def dense(x, units, name, activation=None):
    with tf.variable_scope(name):
        y = tf.layers.dense(x, units, activation, name="layer")
        for variable in tf.trainable_variables(tf.get_variable_scope().name + "/"):
            tf.summary.histogram(variable.op.name.split("/")[-1], variable)
        tf.summary.histogram("activations", y)
    return y


def build():
    images = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    tf.summary.image("digits", images, max_outputs=4)
    hidden = dense(tf.layers.flatten(images), 128, "hidden", tf.nn.relu)
    code = dense(hidden, 32, "code", tf.nn.tanh)
    logits = dense(code, 10, "logits")
    with tf.name_scope("training"):
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        right = tf.equal(tf.argmax(logits, 1), labels)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(1e-3).minimize(loss, step)
    tf.summary.scalar("loss", loss)
    tf.summary.scalar("accuracy", accuracy)
    return images, labels, code, accuracy, step, train


def sprite(images, session):
    """Small pictures side by side in a square, as a PNG file."""
    side = int(np.ceil(len(images) ** 0.5))
    tiles = np.zeros([side * side, 28, 28, 1], np.float32)
    tiles[: len(images)] = 1 - images
    square = tiles.reshape(side, side, 28, 28).swapaxes(1, 2).reshape(side * 28, side * 28, 1)
    return session.run(tf.image.encode_png((square * 255).astype(np.uint8)))


def show_codes(writer, session, codes, images, labels):
    """Puts the codes of some digits into the projector."""
    folder = writer.get_logdir()
    np.savetxt(os.path.join(folder, "codes.tsv"), codes, fmt="%.5f", delimiter="\t")
    np.savetxt(os.path.join(folder, "labels.tsv"), labels, fmt="%d")
    with open(os.path.join(folder, "digits.png"), "wb") as file:
        file.write(sprite(images, session))
    projector = tf.contrib.tensorboard.plugins.projector
    config = projector.ProjectorConfig()
    codes = config.embeddings.add()
    codes.tensor_name = "codes"
    codes.tensor_path = "codes.tsv"
    codes.metadata_path = "labels.tsv"
    codes.sprite.image_path = "digits.png"
    codes.sprite.single_image_dim.extend([28, 28])
    projector.visualize_embeddings(writer, config)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="logs", help="folder for TensorBoard")
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    (train_images, train_labels), (test_images, test_labels) = load()
    tf.set_random_seed(1)
    rng = np.random.RandomState(1)
    images, labels, code, accuracy, step, train = build()
    merged = tf.summary.merge_all()
    test = {images: test_images, labels: test_labels}
    with tf.Session() as session:
        writer = tf.summary.FileWriter(os.path.join(arguments.logdir, "train"), session.graph)
        tester = tf.summary.FileWriter(os.path.join(arguments.logdir, "test"))
        session.run(tf.global_variables_initializer())
        for epoch in range(arguments.epochs):
            for x, y in batches(train_images, train_labels, 100, rng):
                number = session.run(step)
                feed = {images: x, labels: y}
                if number == 50:  # what each node of this step cost, for the graph page
                    metadata = tf.RunMetadata()
                    full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
                    session.run(train, feed, full, metadata)
                    writer.add_run_metadata(metadata, "step 50", number)
                elif number % 20 == 0:
                    summary, _ = session.run([merged, train], feed)
                    writer.add_summary(summary, number)
                else:
                    session.run(train, feed)
            summary, value, number = session.run([merged, accuracy, step], test)
            tester.add_summary(summary, number)
            print("epoch %d: test accuracy %.2f %%" % (epoch + 1, 100 * value))
        codes = session.run(code, {images: test_images[:SHOWN]})
        show_codes(writer, session, codes, test_images[:SHOWN], test_labels[:SHOWN])
        writer.close()
        tester.close()
    print("now run: tensorboard --logdir", arguments.logdir)


if __name__ == "__main__":
    main()
