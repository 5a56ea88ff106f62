# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices, and bringing labels and predictions to one rank."""

from caudal.framework import ops
from caudal.ops import array_ops, control_flow_ops, math_ops, shape_ops
from caudal.ops.counting_ops import confusion_matrix

__all__ = ["confusion_matrix", "confusion_matrix_v1", "remove_squeezable_dimensions"]

confusion_matrix_v1 = confusion_matrix


def _squeezed_if(condition, value):
    return control_flow_ops.cond(
        condition, lambda: shape_ops.squeeze(value, [-1]), lambda: array_ops.identity(value)
    )


def remove_squeezable_dimensions(labels, predictions, expected_rank_diff=0, name=None):
    """Drops a last dimension of size 1 where it keeps labels and predictions apart.

    Args:
      labels, predictions: tensors whose ranks may differ by one from what is expected.
      expected_rank_diff: rank of `predictions` minus rank of `labels`.
      name: name of the scope.

    Returns:
      (labels, predictions).

    Raises:
      ValueError: if the ranks are known and that dimension has another size.
    """
    with ops.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions = ops.convert_to_tensor(predictions)
        labels = ops.convert_to_tensor(labels)
        rank, labels_rank = predictions.shape.rank, labels.shape.rank
        if rank is not None and labels_rank is not None:
            difference = rank - labels_rank
            if difference == expected_rank_diff + 1:
                predictions = shape_ops.squeeze(predictions, [-1])
            elif difference == expected_rank_diff - 1:
                labels = shape_ops.squeeze(labels, [-1])
            return labels, predictions
        difference = shape_ops.rank(predictions) - shape_ops.rank(labels)
        if rank is None or (rank > 0 and predictions.shape[-1].is_compatible_with(1)):
            condition = math_ops.equal(expected_rank_diff + 1, difference)
            predictions = _squeezed_if(condition, predictions)
        if labels_rank is None or (labels_rank > 0 and labels.shape[-1].is_compatible_with(1)):
            condition = math_ops.equal(expected_rank_diff - 1, difference)
            labels = _squeezed_if(condition, labels)
        return labels, predictions
