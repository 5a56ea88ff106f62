# SPDX-License-Identifier: Apache-2.0
"""Linear and logistic regression: placeholders, feeds by name, losses, metrics by hand."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(0)
points = rng.normal(size=(60, 3)).astype(np.float32)
targets = (points @ [[1.5], [-2.0], [0.5]] + 0.3).astype(np.float32)
classes = (targets > 0).astype(np.float32)

x = tf.placeholder(tf.float32, [None, 3], name="x")
y = tf.placeholder(tf.float32, [None, 1], name="y")
w = tf.Variable(tf.zeros([3, 1]), name="w")
b = tf.Variable(0.0, name="b")
prediction = tf.add(tf.matmul(x, w), b, name="prediction")
square_loss = tf.reduce_mean(tf.square(prediction - y), name="square_loss")
absolute_loss = tf.reduce_mean(tf.abs(prediction - y))
logistic_loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=prediction))
penalty = 0.01 * tf.nn.l2_loss(w)
fit = tf.train.GradientDescentOptimizer(0.1).minimize(square_loss + penalty)
classify = tf.train.GradientDescentOptimizer(0.5).minimize(logistic_loss, var_list=[w])

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(30):
        _, loss = sess.run([fit, square_loss], feed_dict={x: points, y: targets})
        if step % 10 == 9:
            print("square loss", step, loss)
    print("weights", *sess.run(w).ravel(), "offset", sess.run("b:0"))
    print("absolute", sess.run(absolute_loss, {"x:0": points, "y:0": targets}))
    for _ in range(30):
        for start in range(0, 60, 20):
            part = slice(start, start + 20)
            sess.run(classify, {x: points[part], y: classes[part]})
    loss, guesses = sess.run([logistic_loss, tf.sigmoid(prediction)], {x: points, y: classes})
    print("logistic", loss, "accuracy", np.mean((guesses > 0.5) == (classes > 0.5)))
    print("weights", *w.eval().ravel())
    print("fed offset", *prediction.eval({x: points[:2], b: 10.0}).ravel())
