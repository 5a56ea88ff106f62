# SPDX-License-Identifier: Apache-2.0
"""A generative adversarial network (Goodfellow and others, 2014) imitates points on a ring.

Two optimizers share one graph: each trains the variables of its own scope.
python gan.py [--steps N]
"""

import argparse

import numpy as np

import caudal as tf

NOISE, BATCH, RADIUS = 8, 256, 2.0


def ring(rng, count):
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = RADIUS + 0.1 * rng.randn(count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32)


def generator(noise):
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(noise, 64, tf.nn.relu)
        hidden = tf.layers.dense(hidden, 64, tf.nn.relu)
        return tf.layers.dense(hidden, 2)


def discriminator(points, reuse=None):
    with tf.variable_scope("discriminator", reuse=reuse):
        hidden = tf.layers.dense(points, 64, tf.nn.leaky_relu, name="hidden1")
        hidden = tf.layers.dense(hidden, 64, tf.nn.leaky_relu, name="hidden2")
        return tf.layers.dense(hidden, 1, name="logit")


def cross_entropy(logits, label):
    labels = label * tf.ones_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000)
    arguments = parser.parse_args()
    tf.set_random_seed(4)
    real = tf.placeholder(tf.float32, [None, 2])
    noise = tf.placeholder(tf.float32, [None, NOISE])
    fake = generator(noise)
    on_real, on_fake = discriminator(real), discriminator(fake, reuse=True)
    d_loss = cross_entropy(on_real, 0.9) + cross_entropy(on_fake, 0.0)
    g_loss = cross_entropy(on_fake, 1.0)
    variables = {
        scope: tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope)
        for scope in ("generator", "discriminator")
    }
    train_d = tf.train.AdamOptimizer(1e-3, 0.5).minimize(
        d_loss, var_list=variables["discriminator"]
    )
    train_g = tf.train.AdamOptimizer(1e-3, 0.5).minimize(g_loss, var_list=variables["generator"])

    rng = np.random.RandomState(0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, arguments.steps + 1):
            feed = {real: ring(rng, BATCH), noise: rng.randn(BATCH, NOISE)}
            d_value, _ = sess.run([d_loss, train_d], feed)
            g_value, _ = sess.run([g_loss, train_g], {noise: rng.randn(BATCH, NOISE)})
            if step % 1000 == 0:
                print("step %5d: discriminator %.3f, generator %.3f" % (step, d_value, g_value))
        points = sess.run(fake, {noise: rng.randn(2000, NOISE)})
    radius = np.hypot(points[:, 0], points[:, 1])
    around = np.histogram(np.arctan2(points[:, 1], points[:, 0]), 12, (-np.pi, np.pi))[0]
    print("radius %.2f +- %.2f, of the data %.2f +- 0.10" % (radius.mean(), radius.std(), RADIUS))
    print("parts of the ring that are covered: %d of 12" % np.sum(around > 20))


if __name__ == "__main__":
    main()
