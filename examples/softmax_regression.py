# SPDX-License-Identifier: Apache-2.0
"""Softmax regression on digits in an explicit graph, with named parts and one session."""

import argparse

import numpy as np
from mnist import batches, load

import caudal as tf


def build():
    """A graph and its parts by name; nothing runs here."""
    graph = tf.Graph()
    with graph.as_default():
        with tf.name_scope("input"):
            images = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
            labels = tf.placeholder(tf.int64, [None], name="labels")
        with tf.variable_scope("model"):
            w = tf.get_variable("weights", [784, 10], initializer=tf.zeros_initializer())
            b = tf.get_variable("biases", [10], initializer=tf.zeros_initializer())
            logits = tf.nn.xw_plus_b(tf.reshape(images, [-1, 784]), w, b)
        with tf.name_scope("training"):
            onehot = tf.one_hot(labels, 10)
            losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=onehot, logits=logits)
            loss = tf.reduce_mean(losses, name="loss")
            tf.train.GradientDescentOptimizer(0.5).minimize(loss, name="train")
        with tf.name_scope("evaluation"):
            right = tf.equal(tf.argmax(logits, 1), labels)
            tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
        tf.global_variables_initializer()
    graph.finalize()
    return graph


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    (train_x, train_y), (test_x, test_y) = load(args.data)
    graph = build()
    rng = np.random.default_rng(0)
    with tf.Session(graph=graph) as session:
        session.run("init")
        test = {"input/images:0": test_x, "input/labels:0": test_y}
        for epoch in range(1, args.epochs + 1):
            for x, y in batches(train_x, train_y, 100, rng):
                session.run("training/train", {"input/images:0": x, "input/labels:0": y})
            accuracy = session.run("evaluation/accuracy:0", test)
            print(f"epoch {epoch:2d}  test accuracy {100 * accuracy:.2f} %")


if __name__ == "__main__":
    main()
