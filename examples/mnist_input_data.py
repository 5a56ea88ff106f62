# SPDX-License-Identifier: Apache-2.0
"""The classic first program: mini-batches of digits from `input_data`, a hidden layer, a session.

python mnist_input_data.py [--data DIR] [--steps N]
"""

import argparse
import os

import caudal as tf
from caudal.examples.tutorials.mnist import input_data

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "data"))
parser.add_argument("--steps", type=int, default=1500)
arguments = parser.parse_args()

mnist = input_data.read_data_sets(arguments.data, one_hot=True, validation_size=1000)

x = tf.placeholder(tf.float32, [None, 784], name="x")
y_ = tf.placeholder(tf.float32, [None, 10], name="labels")

W1 = tf.Variable(tf.truncated_normal([784, 128], stddev=0.05), name="W1")
b1 = tf.Variable(tf.zeros([128]), name="b1")
W2 = tf.Variable(tf.truncated_normal([128, 10], stddev=0.1), name="W2")
b2 = tf.Variable(tf.zeros([10]), name="b2")

hidden = tf.nn.relu(tf.matmul(x, W1) + b1)
logits = tf.matmul(hidden, W2) + b2
cross_entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y_, logits=logits))
train_step = tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, arguments.steps + 1):
        batch_x, batch_y = mnist.train.next_batch(100)
        sess.run(train_step, feed_dict={x: batch_x, y_: batch_y})
        if step % 300 == 0:
            seen = {x: mnist.validation.images, y_: mnist.validation.labels}
            print(
                "step %4d, epoch %2d: validation accuracy %.2f %%"
                % (step, mnist.train.epochs_completed, 100 * sess.run(accuracy, feed_dict=seen))
            )
    unseen = {x: mnist.test.images, y_: mnist.test.labels}
    print("test accuracy: %.2f %%" % (100 * sess.run(accuracy, feed_dict=unseen)))
