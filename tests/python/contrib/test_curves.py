# SPDX-License-Identifier: Apache-2.0
"""Metrics of curves, against counting by hand."""

import numpy as np
import pytest

import caudal as tf

metrics = tf.contrib.metrics
LABELS = np.array([0, 1, 1, 0, 1, 0])
SCORES = np.array([0.1, 0.4, 0.8, 0.6, 0.4, 0.4], np.float32)
WEIGHTS = np.array([1, 2, 3, 1, 2, 1], np.float32)


def updated(made, times=1):
    value, update = made
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        for _ in range(times):
            sess.run(update)
        return sess.run(value)


def pairs_area(labels, scores, weights):
    wins = total = 0.0
    for a in np.flatnonzero(labels):
        for b in np.flatnonzero(1 - labels):
            w = weights[a] * weights[b]
            total += w
            wins += w * ((scores[a] > scores[b]) + 0.5 * (scores[a] == scores[b]))
    return wins / total


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_exact_area_counts_pairs(weights):
    wanted = pairs_area(LABELS, SCORES, np.ones(6) if weights is None else weights)
    found = updated(metrics.streaming_dynamic_auc(LABELS, SCORES, weights=weights), 2)
    assert found == pytest.approx(wanted)
    data = updated(metrics.auc_with_confidence_intervals(LABELS, SCORES, weights=weights))
    assert data.auc == pytest.approx(wanted, abs=1e-6)
    assert 0 < data.lower < data.auc < data.upper < 1


def test_area_of_one_class_is_zero():
    nothing = np.zeros(4, np.int64)
    for curve in ("ROC", "PR"):
        assert updated(metrics.streaming_dynamic_auc(nothing, SCORES[:4], curve)) == 0
    assert updated(metrics.auc_with_confidence_intervals(nothing, SCORES[:4])) == (0, 0, 0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels must be 0 or 1"):
        updated(metrics.streaming_dynamic_auc(nothing + 2, SCORES[:4]))


def test_intervals_widen_with_confidence():
    widths = []
    for alpha in (0.5, 0.9):
        made = metrics.auc_with_confidence_intervals(
            LABELS, SCORES, alpha=alpha, logit_transformation=False
        )
        data = updated(made)
        widths.append(data.upper - data.lower)
        assert data.upper - data.auc == pytest.approx(data.auc - data.lower, abs=1e-6)
    assert widths[1] / widths[0] == pytest.approx(1.644854 / 0.6744898, rel=1e-4)


def test_equal_thresholds():
    made = metrics.precision_recall_at_equal_thresholds(LABELS == 1, SCORES, num_thresholds=11)
    data = updated(made, 3)
    above = np.floor(SCORES * 10)[None] >= np.arange(11)[:, None]
    np.testing.assert_allclose(data.tp, 3 * (above & (LABELS == 1)).sum(1))
    np.testing.assert_allclose(data.fp, 3 * (above & (LABELS == 0)).sum(1))
    np.testing.assert_allclose(data.tp + data.fn, 9)
    np.testing.assert_allclose(data.recall, data.tp / 9, rtol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"predictions must be in \[0, 1\]"):
        metrics.precision_recall_at_equal_thresholds(LABELS == 1, SCORES * 2)


def test_histogram_area_and_points():
    area = updated(metrics.auc_using_histogram(LABELS == 1, SCORES, [0.0, 1.0]))
    assert area == pytest.approx(pairs_area(LABELS, SCORES, np.ones(6)))
    roc = updated(metrics.streaming_curve_points(LABELS, SCORES, num_thresholds=3))
    np.testing.assert_allclose(roc, [[1, 1], [1 / 3, 1 / 3], [0, 0]], atol=1e-6)
    pr = updated(metrics.streaming_curve_points(LABELS, SCORES, num_thresholds=3, curve="PR"))
    np.testing.assert_allclose(pr, [[1, 0.5], [1 / 3, 0.5], [0, 1]], atol=1e-6)


def test_thresholds_that_reach_their_target():
    assert updated(metrics.precision_at_recall(LABELS, SCORES, 0.2)) == pytest.approx(1)
    assert updated(metrics.precision_at_recall(LABELS, SCORES, 0.9)) == pytest.approx(0.6)
    strict = metrics.recall_at_precision(LABELS, SCORES, 0.7, strict_mode=True)
    assert updated(strict) == pytest.approx(1 / 3)


def test_average_precision_at_top_k():
    made = metrics.streaming_sparse_average_precision_at_top_k(
        np.array([[3, 0, 1], [2, 1, 0]]), np.array([[3, 1], [4, 1]])
    )
    assert updated(made, 2) == pytest.approx(((1 + 2 / 3) / 2 + (1 / 2) / 2) / 2)
