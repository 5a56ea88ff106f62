# SPDX-License-Identifier: Apache-2.0
"""k-means (Lloyd, 1982) in raw ops: the centres are a variable, a step of the method is an op.

python kmeans.py
"""

import numpy as np

import caudal as tf

CLUSTERS, POINTS = 4, 2000
CENTRES = np.array([[0, 0], [4, 0.5], [0.5, 4], [4.5, 4.5]], np.float32)


def main():
    rng = np.random.RandomState(3)
    truth = rng.randint(0, CLUSTERS, POINTS)
    points = (CENTRES[truth] + 0.6 * rng.randn(POINTS, 2)).astype(np.float32)

    data = tf.constant(points)
    start = tf.slice(tf.random_shuffle(data, seed=5), [0, 0], [CLUSTERS, -1])
    centres = tf.Variable(start)
    assignment = tf.Variable(tf.zeros([POINTS], tf.int64))
    squares = tf.reduce_sum(tf.square(tf.expand_dims(data, 1) - tf.expand_dims(centres, 0)), axis=2)
    nearest = tf.argmin(squares, 1)
    changed = tf.reduce_any(tf.not_equal(nearest, assignment))
    means = tf.unsorted_segment_mean(data, nearest, CLUSTERS)
    with tf.control_dependencies([changed]):
        step = tf.group(centres.assign(means), assignment.assign(nearest))
    inertia = tf.reduce_sum(tf.reduce_min(squares, 1))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for iteration in range(1, 101):
            error = sess.run(inertia)
            again, _ = sess.run([changed, step])
            print("iteration %2d: inertia %.1f" % (iteration, error))
            if not again:
                break
        found, labels = sess.run([centres, assignment])
    distance = np.linalg.norm(CENTRES[:, None] - found[None], axis=2)
    print("largest error of a centre: %.3f" % distance.min(1).max())
    same = distance.argmin(0)[labels] == truth
    print("points in their own cluster: %.1f %%" % (100 * same.mean()))


if __name__ == "__main__":
    main()
