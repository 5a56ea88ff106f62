# SPDX-License-Identifier: Apache-2.0
"""A convolutional network of tf.layers with batch normalization.

Training normalizes with the statistics of the batch and updates moving averages, which UPDATE_OPS
collects; testing normalizes with the averages.
python layers_batch_norm.py [--data DIR] [--steps N]
"""

import argparse
import os

import caudal as tf
from caudal.examples.tutorials.mnist import input_data


def block(x, filters, training):
    x = tf.layers.conv2d(x, filters, 3, padding="same", use_bias=False)
    x = tf.layers.batch_normalization(x, momentum=0.9, training=training)
    return tf.layers.max_pooling2d(tf.nn.relu(x), 2, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "data"))
    parser.add_argument("--steps", type=int, default=400)
    arguments = parser.parse_args()
    mnist = input_data.read_data_sets(arguments.data, reshape=False, validation_size=0)

    images = tf.placeholder(tf.float32, [None, 28, 28, 1])
    labels = tf.placeholder(tf.int64, [None])
    training = tf.placeholder_with_default(False, [], name="training")
    net = block(block(images, 16, training), 32, training)
    net = tf.layers.dense(tf.layers.flatten(net), 64, activation=tf.nn.relu)
    net = tf.layers.dropout(net, 0.4, training=training)
    logits = tf.layers.dense(net, 10)

    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = tf.train.AdamOptimizer().minimize(loss)
    accuracy, update = tf.metrics.accuracy(labels, tf.argmax(logits, 1))

    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for step in range(1, arguments.steps + 1):
            batch, digits = mnist.train.next_batch(100)
            feed = {images: batch, labels: digits, training: True}
            value, _ = sess.run([loss, train_op], feed)
            if step % 100 == 0:
                print("step %4d: loss %.4f" % (step, value))
        for start in range(0, mnist.test.num_examples, 500):
            part = slice(start, start + 500)
            feed = {images: mnist.test.images[part], labels: mnist.test.labels[part]}
            sess.run(update, feed)
        print("test accuracy: %.2f %%" % (100 * sess.run(accuracy)))


if __name__ == "__main__":
    main()
