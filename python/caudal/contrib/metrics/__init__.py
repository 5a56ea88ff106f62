# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.metrics`: the first form of `tf.metrics`, and further metrics."""

from caudal.contrib.metrics import streaming as _streaming
from caudal.contrib.metrics.aggregation import aggregate_metric_map, aggregate_metrics
from caudal.contrib.metrics.further import (
    accuracy,
    cohen_kappa,
    confusion_matrix,
    count,
    f1_score,
    precision_at_recall,
    recall_at_precision,
    sparse_recall_at_top_k,
    streaming_concat,
    streaming_covariance,
    streaming_false_negative_rate,
    streaming_false_negative_rate_at_thresholds,
    streaming_false_positive_rate,
    streaming_false_positive_rate_at_thresholds,
    streaming_pearson_correlation,
    streaming_recall_at_k,
)
from caudal.contrib.metrics.streaming import *  # noqa: F403
from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.set_ops import set_difference, set_intersection, set_size, set_union

__all__ = [
    "accuracy",
    "aggregate_metric_map",
    "aggregate_metrics",
    "cohen_kappa",
    "confusion_matrix",
    "count",
    "f1_score",
    "precision_at_recall",
    "recall_at_precision",
    "set_difference",
    "set_intersection",
    "set_size",
    "set_union",
    "sparse_recall_at_top_k",
    "streaming_concat",
    "streaming_covariance",
    "streaming_false_negative_rate",
    "streaming_false_negative_rate_at_thresholds",
    "streaming_false_positive_rate",
    "streaming_false_positive_rate_at_thresholds",
    "streaming_pearson_correlation",
    "streaming_recall_at_k",
    *_streaming.__all__,
]

__getattr__ = _module_getattr(
    "contrib.metrics",
    {
        "caudal.contrib.metrics.curves": "auc_using_histogram auc_with_confidence_intervals "
        "precision_recall_at_equal_thresholds streaming_curve_points streaming_dynamic_auc "
        "streaming_sparse_average_precision_at_top_k",
    },
)
