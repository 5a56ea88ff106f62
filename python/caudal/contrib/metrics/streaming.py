# SPDX-License-Identifier: Apache-2.0
"""The metrics of `tf.metrics` under their first names, with predictions before labels."""

import functools
import inspect

from caudal import metrics as _metrics
from caudal.metrics.thresholds import count_at_thresholds as _count_at_thresholds


def _swapped(function, name, first, second="labels", defaults=None):
    """`function`, whose first two arguments are labels and predictions, with them exchanged."""
    parameters = list(inspect.signature(function).parameters.values())
    given = parameters[1].replace(name=first), parameters[0].replace(name=second)
    signature = inspect.Signature([*given, *parameters[2:]])

    def streaming(*args, **kwargs):
        bound = signature.bind(*args, **kwargs).arguments
        predictions, labels = bound.pop(first), bound.pop(second)
        return function(labels, predictions, **{**(defaults or {}), **bound})

    streaming.__name__ = streaming.__qualname__ = name
    streaming.__doc__ = "`tf.metrics.%s` with predictions first." % function.__name__
    streaming.__signature__ = signature
    return streaming


_SWAPPED = """
    accuracy auc false_negatives false_positives mean_absolute_error mean_cosine_distance mean_iou
    mean_relative_error mean_squared_error precision precision_at_thresholds recall
    recall_at_thresholds root_mean_squared_error sensitivity_at_specificity
    specificity_at_sensitivity true_negatives true_positives
""".split()
for _name in _SWAPPED:
    globals()["streaming_" + _name] = _swapped(
        getattr(_metrics, _name), "streaming_" + _name, "predictions"
    )


def _counter(kind, name):
    """The counts of one kind at thresholds; their variables have no scope of their own."""

    def streaming(predictions, labels, thresholds, weights=None):
        return _count_at_thresholds(kind, labels, predictions, thresholds, weights)

    streaming.__name__ = streaming.__qualname__ = f"streaming_{name}_at_thresholds"
    streaming.__doc__ = "`tf.metrics.%s_at_thresholds` with predictions first." % name
    return streaming


streaming_true_positives_at_thresholds = _counter("tp", "true_positives")
streaming_false_positives_at_thresholds = _counter("fp", "false_positives")
streaming_true_negatives_at_thresholds = _counter("tn", "true_negatives")
streaming_false_negatives_at_thresholds = _counter("fn", "false_negatives")
streaming_mean = functools.wraps(_metrics.mean)(
    lambda *args, **kwargs: _metrics.mean(*args, **kwargs)
)
streaming_mean_tensor = functools.wraps(_metrics.mean_tensor)(
    lambda *args, **kwargs: _metrics.mean_tensor(*args, **kwargs)
)
streaming_percentage_less = functools.wraps(_metrics.percentage_below)(
    lambda *args, **kwargs: _metrics.percentage_below(*args, **kwargs)
)
streaming_sparse_average_precision_at_k = _swapped(
    _metrics.average_precision_at_k, "streaming_sparse_average_precision_at_k", "predictions"
)
streaming_sparse_precision_at_k = _swapped(
    _metrics.precision_at_k, "streaming_sparse_precision_at_k", "predictions"
)
streaming_sparse_recall_at_k = _swapped(
    _metrics.recall_at_k, "streaming_sparse_recall_at_k", "predictions"
)


def streaming_sparse_precision_at_top_k(top_k_predictions, labels, class_id=None, weights=None,
                                        metrics_collections=None, updates_collections=None,
                                        name=None):  # fmt: skip
    """`tf.metrics.precision_at_top_k` with predictions first."""
    return _metrics.precision_at_top_k(
        labels,
        top_k_predictions,
        class_id=class_id,
        weights=weights,
        metrics_collections=metrics_collections,
        updates_collections=updates_collections,
        name=name,
    )


__all__ = ["streaming_" + name for name in _SWAPPED] + [
    "streaming_false_negatives_at_thresholds",
    "streaming_false_positives_at_thresholds",
    "streaming_mean",
    "streaming_mean_tensor",
    "streaming_percentage_less",
    "streaming_sparse_average_precision_at_k",
    "streaming_sparse_precision_at_k",
    "streaming_sparse_precision_at_top_k",
    "streaming_sparse_recall_at_k",
    "streaming_true_negatives_at_thresholds",
    "streaming_true_positives_at_thresholds",
]
