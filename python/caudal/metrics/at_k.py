# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of the k classes with the largest predictions."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from caudal.metrics.support import collected, documented, metric_variable, safe_div
from caudal.ops import (
    array_ops,
    control_flow_ops,
    math_ops,
    nn_ops,
    shape_ops,
    state_ops,
    weights_broadcast_ops,
)


def _at_k_name(name, k=None, class_id=None):
    name = "%s_at_%s" % (name, "k" if k is None else "%d" % k)
    return name if class_id is None else "%s_class%d" % (name, class_id)


# -- Sets: the last dimension of a tensor ----------------------------------------------------------


def _set_operation(a, b, operation):
    if isinstance(a, SparseTensor):
        inputs = [a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape]
        made = apply("SparseToSparseSetOperation", *inputs, set_operation=operation)
    elif isinstance(b, SparseTensor):
        made = apply("DenseToSparseSetOperation", a, b.indices, b.values, b.dense_shape,
                     set_operation=operation)  # fmt: skip
    else:
        made = apply("DenseToDenseSetOperation", a, b, set_operation=operation)
    return SparseTensor(*made)


def _set_size(a):
    return apply("SetSize", a.indices, a.values, a.dense_shape)


def _select_class_id(ids, class_id):
    """Of each set the part that is `class_id`: a SparseTensor."""
    if isinstance(ids, SparseTensor):
        sizes = ids.dense_shape
        one = ops.convert_to_tensor([1], dtype=dtypes.int64)
        wanted = array_ops.fill(array_ops.concat([sizes[:-1], one], 0), class_id)
        return _set_operation(math_ops.cast(wanted, dtypes.int64), ids, "intersection")
    sizes = array_ops.shape(ids)
    wanted = array_ops.fill(array_ops.concat([sizes[:-1], [1]], 0), class_id)
    return _set_operation(ids, math_ops.cast(wanted, dtypes.int64), "intersection")


def _expand_labels(labels, predictions):
    """Labels with one more dimension of 1 if their rank is one less than the predictions'."""
    with ops.name_scope(None, "expand_labels", (labels, predictions)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        predictions = ops.convert_to_tensor(predictions)
        if isinstance(labels, SparseTensor):
            rank = labels.indices.shape[1].value
        else:
            rank = labels.shape.ndims
        wanted = predictions.shape.ndims
        if rank is not None and wanted is not None:
            if rank == wanted:
                return labels
            if rank != wanted - 1:
                raise ValueError(
                    "Unexpected labels shape %s for predictions shape %s."
                    % (labels.get_shape(), predictions.get_shape())
                )
            if isinstance(labels, SparseTensor):
                return SparseTensor(
                    array_ops.pad(labels.indices, [[0, 0], [0, 1]]),
                    labels.values,
                    array_ops.concat(
                        [labels.dense_shape, ops.convert_to_tensor([1], dtype=dtypes.int64)], 0
                    ),
                )
            return shape_ops.expand_dims(labels, -1, name=scope)
        if isinstance(labels, SparseTensor):
            raise ValueError("The rank of sparse labels and of predictions must be known")
        return control_flow_ops.cond(
            math_ops.equal(shape_ops.rank(predictions), shape_ops.rank(labels) + 1),
            lambda: shape_ops.expand_dims(labels, -1, name=scope),
            lambda: array_ops.identity(labels),
        )


_FOUND = {
    "true_positive": "intersection",
    "false_positive": "a-b",
    "false_negative": "b-a",
}


def _batch_counts(what, labels, predictions_idx, class_id, weights):
    """How many ids of each row are true positives, false positives or false negatives."""
    with ops.name_scope(None, what + "s", (predictions_idx, labels, weights)):
        if class_id is not None:
            labels = _select_class_id(labels, class_id)
            predictions_idx = _select_class_id(predictions_idx, class_id)
        counts = _set_size(_set_operation(predictions_idx, labels, _FOUND[what]))
        counts = math_ops.cast(counts, dtypes.float64)
        if weights is not None:
            with ops.control_dependencies(
                (weights_broadcast_ops.assert_broadcastable(weights, counts),)
            ):
                weights = math_ops.cast(weights, dtypes.float64)
                counts = math_ops.multiply(counts, weights)
        return counts


def _streaming_count(what, labels, predictions_idx, k=None, class_id=None, weights=None):
    """(variable, update) of the number of true positives, false positives or negatives."""
    name = _at_k_name(what, k, class_id)
    with ops.name_scope(None, name, (predictions_idx, labels, weights)) as scope:
        counts = _batch_counts(what, labels, predictions_idx, class_id, weights)
        total = math_ops.cast(math_ops.reduce_sum(counts), dtypes.float64)
        var = metric_variable([], dtypes.float64, name=scope)
        return var, state_ops.assign_add(var, total, name="update")


def _ratio_at_top_k(misses, labels, predictions_idx, k, class_id, weights, scope):
    labels = _expand_labels(labels, predictions_idx)
    top_k_idx = math_ops.cast(predictions_idx, dtypes.int64)
    hits, hits_update = _streaming_count(
        "true_positive", labels, top_k_idx, k, class_id, weights
    )  # fmt: skip
    others, others_update = _streaming_count(misses, labels, top_k_idx, k, class_id, weights)
    value = math_ops.div(hits, math_ops.add(hits, others), name=scope)
    update = math_ops.div(hits_update, math_ops.add(hits_update, others_update), name="update")
    return value, update


def _int64_labels(labels):
    return math_ops.cast(convert_to_tensor_or_sparse_tensor(labels), dtypes.int64)


_ARGUMENTS = """

    Rows without any such class give NaN where there are no others.

    Args:
      labels: int64 tensor or SparseTensor [..., labels of a row]; the last dimension may be left
        out where every row has one label.
      %s
      class_id: int: count this class only.
    """
_BY_VALUE = "predictions: floats [..., classes].\n      k: int."
_BY_INDEX = "predictions_idx: int64 [..., k]: classes, the k best of each row.\n      k: for names."


@documented
def precision_at_top_k(labels, predictions_idx, k=None, class_id=None, weights=None,
                       metrics_collections=None, updates_collections=None,
                       name=None):  # fmt: skip
    with ops.name_scope(
        name, _at_k_name("precision", k, class_id), (predictions_idx, labels, weights)
    ) as scope:
        value, update = _ratio_at_top_k(
            "false_positive", labels, predictions_idx, k, class_id, weights, scope
        )
        return collected(value, update, metrics_collections, updates_collections)


@documented
def precision_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                   updates_collections=None, name=None):  # fmt: skip
    with ops.name_scope(
        name, _at_k_name("precision", k, class_id), (predictions, labels, weights)
    ) as scope:
        _, top_k_idx = nn_ops.top_k(predictions, k)
        return precision_at_top_k(
            _int64_labels(labels),
            top_k_idx,
            k,
            class_id,
            weights,
            metrics_collections,
            updates_collections,
            scope,
        )


@documented
def recall_at_top_k(labels, predictions_idx, k=None, class_id=None, weights=None,
                    metrics_collections=None, updates_collections=None, name=None):  # fmt: skip
    with ops.name_scope(
        name, _at_k_name("recall", k, class_id), (predictions_idx, labels, weights)
    ) as scope:
        value, update = _ratio_at_top_k(
            "false_negative", labels, predictions_idx, k, class_id, weights, scope
        )
        return collected(value, update, metrics_collections, updates_collections)


@documented
def recall_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                updates_collections=None, name=None):  # fmt: skip
    with ops.name_scope(
        name, _at_k_name("recall", k, class_id), (predictions, labels, weights)
    ) as scope:
        _, top_k_idx = nn_ops.top_k(predictions, k)
        return recall_at_top_k(
            _int64_labels(labels),
            top_k_idx,
            k,
            class_id,
            weights,
            metrics_collections,
            updates_collections,
            scope,
        )


def _describe(function, text, arguments):
    tail = (function.__doc__ or "").lstrip()
    function.__doc__ = text + _ARGUMENTS.rstrip() % arguments + "\n      " + tail


# -- Average precision -----------------------------------------------------------------------------


def _within_classes(labels, num_classes):
    """Labels with -1 for those that are not below `num_classes`."""
    values = labels.values if isinstance(labels, SparseTensor) else labels
    limit = math_ops.cast(num_classes, dtypes.int64)
    values = control_flow_ops.cond(
        math_ops.reduce_max(values) >= limit,
        lambda: array_ops.where(values >= limit, -array_ops.ones_like(values), values),
        lambda: values,
    )
    if isinstance(labels, SparseTensor):
        return SparseTensor(labels.indices, values, labels.dense_shape)
    return values


def _num_relevant(labels, k):
    """The number of labels of each row, at most k."""
    if k < 1:
        raise ValueError("Invalid k=%s." % k)
    with ops.name_scope(None, "num_relevant", (labels,)) as scope:
        if isinstance(labels, SparseTensor):
            return math_ops.minimum(_set_size(labels), k, name=scope)
        flags = math_ops.cast(math_ops.greater_equal(labels, 0), dtypes.int32)
        return math_ops.minimum(math_ops.reduce_sum(flags, -1), k, name=scope)


def _average_precision(labels, predictions_idx):
    """The average precision of each row, float64."""
    with ops.name_scope(None, "average_precision", (predictions_idx, labels)) as scope:
        predictions_idx = math_ops.cast(predictions_idx, dtypes.int64, name="predictions_idx")
        if predictions_idx.shape.ndims == 0:
            raise ValueError("The rank of predictions_idx must be at least 1.")
        k = predictions_idx.shape.as_list()[-1]
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set.")
        labels = _expand_labels(labels, predictions_idx)
        relevant = _num_relevant(labels, k)
        if isinstance(labels, SparseTensor):
            labels = apply("SparseToDense", labels.indices, labels.dense_shape, labels.values,
                           ops.convert_to_tensor(-1, dtype=dtypes.int64))  # fmt: skip
        same = math_ops.equal(
            shape_ops.expand_dims(predictions_idx, -1), shape_ops.expand_dims(labels, -2)
        )
        hits = math_ops.cast(math_ops.reduce_any(same, -1), dtypes.float64, name="relevant_per_k")
        found = math_ops.cumsum(hits, axis=-1, name="tp_per_k")
        retrieved = math_ops.cumsum(array_ops.ones_like(hits), axis=-1, name="retrieved_per_k")
        precision = math_ops.div(found, retrieved, name="precision_per_k")
        precision = math_ops.multiply(precision, hits, name="relevant_precision_per_k")
        total = math_ops.reduce_sum(precision, axis=(-1,), name="precision_sum")
        return math_ops.div(total, math_ops.cast(relevant, dtypes.float64), name=scope)


def _streaming_average_precision_at_top_k(labels, predictions_idx, weights=None,
                                          metrics_collections=None, updates_collections=None,
                                          name=None):  # fmt: skip
    with ops.name_scope(name, "average_precision_at_top_k", (predictions_idx, labels, weights)) as (
        scope
    ):
        precision = _average_precision(labels, predictions_idx)
        if weights is not None:
            weights = weights_broadcast_ops.broadcast_weights(
                math_ops.cast(weights, dtypes.float64), precision
            )
            precision = math_ops.multiply(precision, weights)
        # With these weights it would be 1 everywhere.
        with ops.name_scope(None, "max", (precision,)) as max_scope:
            most = metric_variable([], dtypes.float64, name=max_scope)
            if weights is None:
                number = math_ops.cast(
                    shape_ops.size(precision, name="batch_max"), dtypes.float64
                )  # fmt: skip
            else:
                number = math_ops.reduce_sum(weights, name="batch_max")
            most_update = state_ops.assign_add(most, number, name="update")
        with ops.name_scope(None, "total", (precision,)) as total_scope:
            total = metric_variable([], dtypes.float64, name=total_scope)
            batch = math_ops.reduce_sum(precision, name="batch_total")
            total_update = state_ops.assign_add(total, batch, name="update")
        value = safe_div(total, most, "mean")
        update = safe_div(total_update, most_update, scope)
        return collected(value, update, metrics_collections, updates_collections)


@documented
def average_precision_at_k(labels, predictions, k, weights=None, metrics_collections=None,
                           updates_collections=None, name=None):  # fmt: skip
    """The mean over rows of the average precision of the best 1, 2, ... k classes.

    Args:
      labels: int64 tensor or SparseTensor [..., labels of a row].
      predictions: floats [..., classes].
      k: int.
    """
    if k < 1:
        raise ValueError("Invalid k=%s." % k)
    with ops.name_scope(
        name, _at_k_name("average_precision", k), (predictions, labels, weights)
    ) as scope:
        _, top_k_idx = nn_ops.top_k(predictions, k)
        labels = _within_classes(_int64_labels(labels), array_ops.shape(predictions)[-1])
        return _streaming_average_precision_at_top_k(
            labels, top_k_idx, weights, metrics_collections, updates_collections, scope
        )


def sparse_precision_at_k(labels, predictions, k, class_id=None, weights=None,
                          metrics_collections=None, updates_collections=None,
                          name=None):  # fmt: skip
    """Old name of `precision_at_k`."""
    return precision_at_k(
        labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name
    )


def sparse_average_precision_at_k(labels, predictions, k, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):  # fmt: skip
    """Old name of `average_precision_at_k`."""
    return average_precision_at_k(
        labels, predictions, k, weights, metrics_collections, updates_collections, name
    )


_describe(precision_at_k, "The share of the k best classes that are labels.", _BY_VALUE)
_describe(precision_at_top_k, "The share of the k best classes that are labels.", _BY_INDEX)
_describe(recall_at_k, "The share of the labels that are among the k best classes.", _BY_VALUE)
_describe(recall_at_top_k, "The share of the labels that are among the k best classes.", _BY_INDEX)
