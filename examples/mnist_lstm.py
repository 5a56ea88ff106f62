# SPDX-License-Identifier: Apache-2.0
"""An LSTM reads a digit row by row: unrolled in the graph (static) and as a loop (dynamic).

python mnist_lstm.py [--data DIR] [--steps N]
"""

import argparse
import os
import time

import caudal as tf
from caudal.examples.tutorials.mnist import input_data

ROWS, COLUMNS, UNITS = 28, 28, 96


def static_outputs(rows):
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(rows, ROWS, axis=1), dtype=tf.float32)
    return outputs[-1]


def dynamic_outputs(rows):
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
    outputs, _ = tf.nn.dynamic_rnn(cell, rows, dtype=tf.float32)
    return outputs[:, -1]


def train(network, mnist, steps):
    """The accuracy on unseen digits, and the number of nodes of the graph."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        rows = tf.placeholder(tf.float32, [None, ROWS, COLUMNS])
        labels = tf.placeholder(tf.int64, [None])
        logits = tf.layers.dense(network(rows), 10)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        train_op = tf.train.AdamOptimizer(0.003).minimize(loss)
        correct = tf.equal(tf.argmax(logits, 1), labels)
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(steps):
                images, digits = mnist.train.next_batch(128)
                feed = {rows: images.reshape(-1, ROWS, COLUMNS), labels: digits}
                sess.run(train_op, feed)
            images = mnist.test.images.reshape(-1, ROWS, COLUMNS)
            result = sess.run(accuracy, {rows: images, labels: mnist.test.labels})
        return result, len(graph.get_operations())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "data"))
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    mnist = input_data.read_data_sets(arguments.data, validation_size=0)
    for name, network in (("static", static_outputs), ("dynamic", dynamic_outputs)):
        start = time.perf_counter()
        accuracy, nodes = train(network, mnist, arguments.steps)
        seconds = time.perf_counter() - start
        print(
            "%-7s LSTM, %5d nodes, %4.1f s: test accuracy %.2f %%"
            % (name, nodes, seconds, 100 * accuracy)
        )


if __name__ == "__main__":
    main()
