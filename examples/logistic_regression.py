# SPDX-License-Identifier: Apache-2.0
"""Logistic regression with mini-batches; the validation set picks the weights, the test set judges.

Two overlapping clouds in 5 dimensions. Reports the root mean square error of the predicted
probabilities (RMSE) and the accuracy.
"""

import numpy as np

import caudal as tf


def make_data(rng, count=3000):
    labels = rng.integers(0, 2, count)
    centres = np.where(labels[:, None] == 1, 0.7, -0.7)
    points = centres + rng.normal(0, 1.2, (count, 5))
    return points.astype(np.float32), labels.astype(np.float32)


def main(epochs=20, batch=64):
    rng = np.random.default_rng(0)
    points, labels = make_data(rng)
    parts = np.split(rng.permutation(len(points)), [int(0.6 * 3000), int(0.8 * 3000)])
    (train_x, train_y), valid, test = [(points[p], labels[p]) for p in parts]

    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None], name="y")
    weights = tf.Variable(tf.zeros([5, 1]), name="weights")
    bias = tf.Variable(0.0, name="bias")
    logits = tf.squeeze(tf.matmul(x, weights), axis=1) + bias
    probability = tf.sigmoid(logits)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
    rmse = tf.sqrt(tf.reduce_mean(tf.squared_difference(probability, y)))
    right = tf.equal(probability > 0.5, y > 0.5)
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
    train = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)

    best, kept = np.inf, None
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for epoch in range(1, epochs + 1):
            order = rng.permutation(len(train_x))
            for chosen in np.array_split(order, len(order) // batch):
                session.run(train, {x: train_x[chosen], y: train_y[chosen]})
            error = session.run(rmse, {x: valid[0], y: valid[1]})
            if error < best:
                best, kept = error, session.run([weights, bias])
            if epoch % 5 == 0:
                print(f"epoch {epoch:2d}  validation RMSE {error:.4f}  best {best:.4f}")
        # Any tensor can be fed: here the best weights, in the place of the variables.
        feed = {x: test[0], y: test[1], weights: kept[0], bias: kept[1]}
        error, share = session.run([rmse, accuracy], feed)
    print(f"test RMSE {error:.4f}, test accuracy {100 * share:.1f} %")


if __name__ == "__main__":
    main()
