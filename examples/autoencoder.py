# SPDX-License-Identifier: Apache-2.0
"""An autoencoder squeezes digits through 16 numbers and prints one before and after."""

import argparse

import numpy as np
from mnist import batches, load

import caudal as tf


def dense(x, units, name, activation=None):
    with tf.variable_scope(name):
        w = tf.get_variable("w", [int(x.shape[-1]), units])
        b = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
        y = tf.matmul(x, w) + b
        return activation(y) if activation else y


def picture(pixels):
    shades = " .:-=+*#%@"
    rows = (np.clip(pixels.reshape(28, 28)[::2], 0, 1) * (len(shades) - 1)).round().astype(int)
    return ["".join(shades[v] for v in row) for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    (train_x, train_y), (test_x, _) = load(args.data)

    tf.set_random_seed(1)
    images = tf.placeholder(tf.float32, [None, 28, 28, 1])
    x = tf.reshape(images, [-1, 784])
    code = dense(dense(x, 128, "encode1", tf.nn.elu), 16, "encode2")
    logits = dense(dense(code, 128, "decode1", tf.nn.elu), 784, "decode2")
    decoded = tf.sigmoid(logits)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    loss = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=1))
    train = tf.train.AdamOptimizer(0.002).minimize(loss)
    error = tf.sqrt(tf.reduce_mean(tf.squared_difference(decoded, x)))

    rng = np.random.default_rng(0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for epoch in range(1, args.epochs + 1):
            for batch, _ in batches(train_x, train_y, 100, rng):
                session.run(train, {images: batch})
            value = session.run(error, {images: test_x})
            print(f"epoch {epoch:2d}  RMSE of a test pixel {value:.4f}")
        shown = session.run(decoded, {images: test_x[:1]})[0]
    for before, after in zip(picture(test_x[0]), picture(shown)):
        print(before, " ", after)


if __name__ == "__main__":
    main()
