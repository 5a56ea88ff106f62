# SPDX-License-Identifier: Apache-2.0
"""K-means on groups of points that are far apart."""

import numpy as np
import pytest

import caudal as tf

MINI = {"use_mini_batch": True}
BATCHES = [{}, MINI, {**MINI, "mini_batch_steps_per_iteration": 2}]
CENTERS = np.array([[0, 0, 9], [9, 0, 0], [0, 9, 0]], np.float32)


@pytest.mark.parametrize("metric", ["squared_euclidean", "cosine"])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("start", ["kmeans_plus_plus", "given", "function"])
def test_finds_the_groups(metric, batch, start):
    rng = np.random.RandomState(0)
    points = np.repeat(CENTERS, 20, 0) + rng.randn(60, 3).astype(np.float32) * 0.3
    first = points[[1, 21, 41]]
    start = {"given": first, "function": lambda x, n: tf.constant(first)}.get(start, start)
    factorization = tf.contrib.factorization
    graph = factorization.KMeans(
        points, 3, initial_clusters=start, distance_metric=metric, **batch
    ).training_graph()
    all_scores, index, scores, ready, init_op, train = graph
    assert len(all_scores) == len(index) == len(scores) == 1
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(init_op)
        assert sess.run(ready)
        for _ in range(6):
            sess.run(train)
        found, distances, whole = sess.run([index[0], scores[0], all_scores[0]])
        assert whole.shape == (60, 3) and distances.shape == (60,)
        groups = found.reshape(3, 20)
        assert (groups == groups[:, :1]).all() and len(set(groups[:, 0])) == 3
        clusters = sess.run(tf.global_variables()[0])[groups[:, 0]]
        wanted = CENTERS / 9 if metric == "cosine" else CENTERS
        np.testing.assert_allclose(clusters, wanted, atol=0.3)


def test_unknown_words():
    with pytest.raises(ValueError, match="Unsupported initialization algorithm"):
        tf.contrib.factorization.KMeans([[1.0]], 1, initial_clusters="x")
    with pytest.raises(ValueError, match="Unsupported distance metric"):
        tf.contrib.factorization.KMeans([[1.0]], 1, distance_metric="x")
