# SPDX-License-Identifier: Apache-2.0
"""A 4-4-3-3 sigmoid network on Iris with an L2 penalty and early stopping, at three learning rates.

The data come with scikit-learn.
"""

import numpy as np
from sklearn.datasets import load_iris

import caudal as tf

SIZES = [4, 4, 3, 3]
PENALTY = 1e-4
PATIENCE = 10  # checks without a better validation loss


def split(rng):
    data = load_iris()
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    order = rng.permutation(len(x))
    x, y = x[order].astype(np.float32), data.target[order].astype(np.int64)
    return (x[:90], y[:90]), (x[90:120], y[90:120]), (x[120:], y[120:])


def layer(x, units, number):
    with tf.variable_scope(f"layer{number}"):
        w = tf.get_variable(
            "weights",
            [x.shape[-1], units],
            initializer=tf.glorot_uniform_initializer(seed=number),
            regularizer=lambda v: PENALTY * tf.nn.l2_loss(v),
        )
        b = tf.get_variable("biases", [units], initializer=tf.zeros_initializer())
        return tf.matmul(x, w) + b


def train(rate, parts, max_steps):
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = parts
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        y = tf.placeholder(tf.int64, [None])
        h = x
        for number, units in enumerate(SIZES[1:], 1):
            h = layer(h, units, number)
            if number < len(SIZES) - 1:
                h = tf.sigmoid(h)
        fit = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=h))
        loss = fit + tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
        step = tf.train.GradientDescentOptimizer(rate).minimize(loss)
        accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(h, 1), y), tf.float32))
        best, waited, kept = np.inf, 0, None
        session.run(tf.global_variables_initializer())
        for count in range(1, max_steps + 1):
            session.run(step, {x: train_x, y: train_y})
            if count % 50:
                continue
            error = session.run(fit, {x: valid_x, y: valid_y})
            if error < best - 1e-4:
                best, waited = error, 0
                kept = session.run(tf.trainable_variables())
            else:
                waited += 1
                if waited == PATIENCE:
                    break
        values = dict(zip(tf.trainable_variables(), kept)) if kept else {}
        return count, best, session.run(accuracy, {x: test_x, y: test_y, **values})


def main(max_steps=5000):
    parts = split(np.random.default_rng(0))
    for rate in (0.1, 1.0, 10.0):
        steps, best, accuracy = train(rate, parts, max_steps)
        print(
            f"learning rate {rate:4}: stopped after {steps:4d} steps, validation loss {best:.4f}, "
            f"test accuracy {100 * accuracy:.1f} %"
        )


if __name__ == "__main__":
    main()
