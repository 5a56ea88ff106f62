# SPDX-License-Identifier: Apache-2.0
"""Metrics of tf.contrib.metrics against NumPy."""

import numpy as np
import pytest

import caudal as tf

M = None


@pytest.fixture(autouse=True)
def _namespace():
    global M
    M = tf.contrib.metrics


def _run(metric, feeds):
    value, update = metric
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        updates = [sess.run(update, feed) for feed in feeds]
        return updates, sess.run(value)


def test_covariance_and_correlation():
    rng = np.random.RandomState(1)
    x, y = tf.placeholder(tf.float32, [6]), tf.placeholder(tf.float32, [6])
    data = rng.randn(3, 2, 6)
    feeds = [{x: a, y: b} for a, b in data]
    both = data.transpose(1, 0, 2).reshape(2, -1)
    updates, value = _run(M.streaming_covariance(x, y), feeds)
    np.testing.assert_allclose(value, np.cov(both)[0, 1], rtol=1e-4)
    np.testing.assert_allclose(updates[0], np.cov(data[0])[0, 1], rtol=1e-4)
    _, value = _run(M.streaming_pearson_correlation(x, y), feeds)
    np.testing.assert_allclose(value, np.corrcoef(both)[0, 1], rtol=1e-4)


def test_concat_count_and_recall_at_k():
    x = tf.placeholder(tf.float32, [None, 2])
    feeds = [{x: np.full([n, 2], n)} for n in (1, 3, 2)]
    _, value = _run(M.streaming_concat(x), feeds)
    np.testing.assert_array_equal(value[:, 0], [1, 3, 3, 3, 2, 2])
    _, value = _run(M.streaming_concat(x, max_size=3), feeds)
    np.testing.assert_array_equal(value[:, 0], [1, 3, 3])
    _, value = _run(M.count(x), feeds)
    assert value == 12
    scores = tf.constant([[0.1, 0.5, 0.4], [0.9, 0.05, 0.04]])
    _, value = _run(M.streaming_recall_at_k(scores, [2, 2], 2), [{}])
    assert value == 0.5


def test_rates_kappa_f1():
    labels = tf.constant([1, 0, 1, 0, 0, 1], tf.int64)
    guesses = tf.constant([1, 1, 1, 0, 0, 0], tf.int64)
    for name, expected in (("false_positive_rate", 1 / 3), ("false_negative_rate", 1 / 3)):
        _, value = _run(getattr(M, "streaming_" + name)(guesses, labels), [{}])
        np.testing.assert_allclose(value, expected, rtol=1e-6)
    updates, value = _run(M.cohen_kappa(labels, guesses, 2), [{}, {}])
    np.testing.assert_allclose([value, *updates], 1 / 3, rtol=1e-6)
    scores = tf.constant([0.9, 0.6, 0.8, 0.1, 0.2, 0.3])
    _, value = _run(M.f1_score(labels, scores), [{}])
    np.testing.assert_allclose(value, 2 * 0.75 / 1.75, rtol=1e-5)
    _, value = _run(M.recall_at_precision(labels, scores, 1.0, strict_mode=True), [{}])
    np.testing.assert_allclose(value, 2 / 3, rtol=1e-5)


def test_streaming_names_take_predictions_first():
    values, updates = M.aggregate_metric_map(
        {
            "accuracy": M.streaming_accuracy([1, 2], [1, 3]),
            "precision": M.streaming_precision([1, 1], [1, 0]),
            "mean": M.streaming_mean([1.0, 3.0]),
        }
    )
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        sess.run(updates)
        assert sess.run(values) == {"accuracy": 0.5, "precision": 0.5, "mean": 2.0}
    with pytest.raises(ValueError):
        M.aggregate_metrics()


def test_labels_and_predictions_may_be_plain_values():
    labels = tf.SparseTensorValue(
        np.array([[0, 0], [1, 0]], np.int64), np.array([1, 2], np.int64), np.array([2, 1], np.int64)
    )
    metrics = [
        tf.metrics.precision_at_top_k(labels, ((1, 0), (0, 1))),
        tf.metrics.recall_at_top_k(np.array([[1], [2]]), ((1, 0), (0, 1))),
        tf.metrics.true_positives_at_thresholds((0, 1, 1), (0.0, 1.0, 0.0), [0.15, 0.5]),
    ]
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        updates = session.run([update for _, update in metrics])
    assert updates[0] == 0.25 and updates[1] == 0.5
    assert updates[2].tolist() == [1.0, 1.0]


def test_bounds_of_a_perfect_area():
    for labels, area in (([0, 0, 1, 1], 1.0), ([1, 1, 0, 0], 0.0)):
        tf.reset_default_graph()
        data, update = tf.contrib.metrics.auc_with_confidence_intervals(
            labels, [0.1, 0.2, 0.7, 0.8]
        )
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            session.run(update)
            assert session.run(data) == (area, area, area)
