# SPDX-License-Identifier: Apache-2.0
"""LeNet in slim: arg_scope carries the regularizer, dropout is on only while training.

python slim_lenet.py [--data DIR] [--steps N]
"""

import argparse
import os

import caudal as tf
import caudal.contrib.slim as slim
from caudal.examples.tutorials.mnist import input_data


def lenet(images, is_training, reuse=None):
    with tf.variable_scope("LeNet", reuse=reuse):
        with slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_initializer=tf.truncated_normal_initializer(stddev=0.1),
            weights_regularizer=slim.l2_regularizer(5e-4),
        ):
            net = slim.conv2d(images, 16, [5, 5], scope="conv1")
            net = slim.max_pool2d(net, [2, 2], 2, scope="pool1")
            net = slim.conv2d(net, 32, [5, 5], scope="conv2")
            net = slim.max_pool2d(net, [2, 2], 2, scope="pool2")
            net = slim.flatten(net)
            net = slim.fully_connected(net, 128, scope="fc3")
            net = slim.dropout(net, 0.5, is_training=is_training, scope="dropout3")
            return slim.fully_connected(net, 10, activation_fn=None, scope="logits")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "data"))
    parser.add_argument("--steps", type=int, default=600)
    arguments = parser.parse_args()
    mnist = input_data.read_data_sets(arguments.data, reshape=False, validation_size=0)

    images = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    tf.losses.sparse_softmax_cross_entropy(labels, lenet(images, is_training=True))
    total_loss = tf.losses.get_total_loss()  # cross-entropy and the weights' l2 penalties
    train_op = slim.learning.create_train_op(total_loss, tf.train.AdamOptimizer(1e-3))

    predictions = tf.argmax(lenet(images, is_training=False, reuse=True), 1)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(predictions, labels), tf.float32))
    slim.model_analyzer.analyze_vars(slim.get_model_variables(), print_info=True)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, arguments.steps + 1):
            batch, digits = mnist.train.next_batch(100)
            loss = sess.run(train_op, {images: batch, labels: digits})
            if step % 100 == 0:
                print("step %4d: loss %.4f" % (step, loss))
        unseen = {images: mnist.test.images, labels: mnist.test.labels}
        print("test accuracy: %.2f %%" % (100 * sess.run(accuracy, unseen)))


if __name__ == "__main__":
    main()
