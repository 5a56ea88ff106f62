# SPDX-License-Identifier: Apache-2.0
"""Trains a small classifier and leaves it in a folder for serve.cpp: a checkpoint and a SavedModel.

python model.py FOLDER; then: echo "5.1 3.5 1.4 0.2" | serve FOLDER/checkpoints x:0 probabilities:0
"""

import os
import sys

import numpy as np

import caudal as tf


def three_clouds(count=90):
    """Points around three centres in four dimensions, and the number of the centre."""
    rng = np.random.RandomState(0)
    centres = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
    labels = np.arange(count) % 3
    return (centres[labels] + 0.3 * rng.randn(count, 4)).astype(np.float32), labels


def main(folder):
    points, labels = three_clouds()
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    logits = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 3)
    probabilities = tf.nn.softmax(logits, name="probabilities")
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(100):
            session.run(train, {x: points, y: labels})
        right = np.mean(session.run(probabilities, {x: points}).argmax(1) == labels)
        print("accuracy %.2f" % right)
        os.makedirs(os.path.join(folder, "checkpoints"), exist_ok=True)
        print(saver.save(session, os.path.join(folder, "checkpoints", "model"), global_step=100))
        tf.saved_model.simple_save(
            session, os.path.join(folder, "saved_model"), {"x": x}, {"probabilities": probabilities}
        )
        for row in session.run(probabilities, {x: points[:3]}):
            print(*("%.6g" % p for p in row))
    return right


if __name__ == "__main__":
    main(sys.argv[1])
