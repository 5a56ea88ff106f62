# SPDX-License-Identifier: Apache-2.0
"""A variational autoencoder (Kingma and Welling, 2014) learns to draw digits from two numbers.

python vae.py [--data DIR] [--steps N]
"""

import argparse
import os

import numpy as np

import caudal as tf
from caudal.examples.tutorials.mnist import input_data

LATENT = 2


def encoder(images):
    """Mean and logarithm of the variance of the code."""
    with tf.variable_scope("encoder"):
        hidden = tf.layers.dense(images, 256, tf.nn.relu)
        return tf.layers.dense(hidden, LATENT), tf.layers.dense(hidden, LATENT)


def decoder(code, reuse=None):
    with tf.variable_scope("decoder", reuse=reuse):
        hidden = tf.layers.dense(code, 256, tf.nn.relu, name="hidden")
        return tf.layers.dense(hidden, 784, name="logits")


def picture(digit):
    """A digit as text, two characters for each pixel of a smaller picture."""
    small = digit.reshape(14, 2, 14, 2).mean((1, 3))
    return ["".join(2 * " .:*#"[min(4, int(5 * v))] for v in row) for row in small]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(os.path.dirname(__file__), "data"))
    parser.add_argument("--steps", type=int, default=2000)
    arguments = parser.parse_args()
    mnist = input_data.read_data_sets(arguments.data, validation_size=0)

    tf.set_random_seed(2)
    images = tf.placeholder(tf.float32, [None, 784])
    mean, log_variance = encoder(images)
    noise = tf.random_normal(tf.shape(mean))
    code = mean + tf.exp(0.5 * log_variance) * noise  # differentiable in mean and variance
    logits = decoder(code)
    error = tf.reduce_sum(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits), axis=1
    )
    divergence = -0.5 * tf.reduce_sum(
        1 + log_variance - tf.square(mean) - tf.exp(log_variance), axis=1
    )
    loss = tf.reduce_mean(error + divergence)  # minus the evidence lower bound
    train_op = tf.train.AdamOptimizer(2e-3).minimize(loss)
    chosen = tf.placeholder(tf.float32, [None, LATENT])
    drawing = tf.sigmoid(decoder(chosen, reuse=True))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, arguments.steps + 1):
            batch, _ = mnist.train.next_batch(100)
            value, _ = sess.run([loss, train_op], {images: batch})
            if step % 500 == 0:
                print("step %4d: loss %.1f nats" % (step, value))
        print("test loss: %.2f nats" % sess.run(loss, {images: mnist.test.images}))
        line = np.stack([np.linspace(-1.5, 1.5, 4), np.zeros(4)], 1)
        drawn = [picture(d) for d in sess.run(drawing, {chosen: line})]
    print("\n".join("  ".join(rows) for rows in zip(*drawn)))


if __name__ == "__main__":
    main()
