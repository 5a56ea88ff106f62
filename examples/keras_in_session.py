# SPDX-License-Identifier: Apache-2.0
"""Keras layers in a graph of one's own: placeholders, tf.train and a session around them."""

import argparse

import numpy as np
from mnist import batches, load

import caudal as tf
from caudal.keras import backend as K
from caudal.keras.layers import BatchNormalization, Dense, Dropout, Flatten


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()
    (train_x, train_y), (test_x, test_y) = load(args.data)

    tf.set_random_seed(1)
    images = tf.placeholder(tf.float32, [None, 28, 28, 1])
    labels = tf.placeholder(tf.int64, [None])
    normal = BatchNormalization()
    hidden = Dense(128, activation="relu")(Flatten()(images))
    logits = Dense(10)(Dropout(0.3)(normal(hidden)))
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(normal.updates):
        train = tf.train.AdamOptimizer(0.002).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))

    rng = np.random.default_rng(0)
    with tf.Session() as session:
        K.set_session(session)
        session.run(tf.global_variables_initializer())
        for epoch in range(1, args.epochs + 1):
            for x, y in batches(train_x, train_y, 100, rng):
                session.run(train, {images: x, labels: y, K.learning_phase(): 1})
            value = session.run(accuracy, {images: test_x, labels: test_y, K.learning_phase(): 0})
            print(f"epoch {epoch}  test accuracy {100 * value:.2f} %")
        print("weights of the first layer:", [w.shape for w in normal.get_weights()])


if __name__ == "__main__":
    main()
