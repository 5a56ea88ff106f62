# SPDX-License-Identifier: Apache-2.0
"""Targets: what a model's logits are compared with, and the loss of it."""

from caudal.framework import dtypes
from caudal.ops import array_ops, math_ops, nn_impl, nn_ops

__all__ = ["binary_svm_target", "multi_class_target", "regression_target"]


def regression_target(label_name=None, weight_column_name=None, label_dimension=1):
    """A target of real numbers with squared loss.

    Args:
      label_name: key of the labels, where they are a dict.
      weight_column_name: key of the weights in the features.
      label_dimension: size of the logits' last axis.
    """
    return _Target(_squared, label_dimension, label_name, weight_column_name, "regression")


def multi_class_target(n_classes, label_name=None, weight_column_name=None):
    """A target of classes with the loss of logistic (2 classes) or softmax regression.

    Args:
      n_classes: int, at least 2.
      label_name, weight_column_name: see `regression_target`.

    Raises:
      ValueError: for fewer classes.
    """
    if n_classes < 2:
        raise ValueError("n_classes must be >= 2")
    if n_classes == 2:
        return _Target(_logistic, 1, label_name, weight_column_name, "binary")
    return _Target(_softmax, n_classes, label_name, weight_column_name, "classes")


def binary_svm_target(label_name=None, weight_column_name=None):
    """A target of two classes with hinge loss. Arguments: see `regression_target`."""
    return _Target(_hinge, 1, label_name, weight_column_name, "svm")


def _squared(logits, target):
    target = _like_rows(target)
    return math_ops.squared_difference(logits, math_ops.cast(target, logits.dtype))


def _logistic(logits, target):
    target = math_ops.cast(_like_rows(target), dtypes.float32)
    return nn_impl.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)


def _softmax(logits, target):
    target = math_ops.cast(target, dtypes.int64)
    if target.get_shape().ndims == 2:
        target = array_ops.squeeze(target, axis=[1])
    return nn_impl.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logits)


def _hinge(logits, target):
    signs = 2 * math_ops.cast(_like_rows(target), dtypes.float32) - 1
    return nn_ops.relu(1 - signs * logits)


def _like_rows(target):
    return array_ops.expand_dims(target, 1) if target.get_shape().ndims == 1 else target


class _Target:
    """Labels by name, their weights and their loss."""

    def __init__(self, loss_fn, num_label_columns, label_name, weight_column_name, kind):
        self._loss_fn = loss_fn
        self._num_label_columns = num_label_columns
        self._label_name = label_name
        self._weight_column_name = weight_column_name
        self._kind = kind

    @property
    def label_name(self):
        return self._label_name

    @property
    def weight_column_name(self):
        return self._weight_column_name

    @property
    def num_label_columns(self):
        return self._num_label_columns

    def get_weight_tensor(self, features):
        """The weights as a column, or None."""
        if not self._weight_column_name:
            return None
        weights = math_ops.to_float(features[self._weight_column_name])
        return array_ops.reshape(weights, shape=(-1,))

    def logits_to_predictions(self, logits, proba=False):
        """Numbers, classes, or with `proba` probabilities of classes."""
        if self._kind == "regression":
            return array_ops.squeeze(logits, axis=[1]) if self._num_label_columns == 1 else logits
        if self._num_label_columns == 1:
            logits = array_ops.concat([array_ops.zeros_like(logits), logits], 1)
        return nn_ops.softmax(logits) if proba else math_ops.argmax(logits, 1)

    def _labels(self, target):
        return target[self._label_name] if isinstance(target, dict) else target

    def loss(self, logits, target, features):
        """The mean of the loss, weighted if the features have weights: a scalar."""
        losses = self._loss_fn(logits, self._labels(target))
        weights = self.get_weight_tensor(features)
        if weights is None:
            return math_ops.reduce_mean(losses, name="loss")
        flat = array_ops.reshape(losses, shape=(-1,))
        weighted = math_ops.multiply(flat, array_ops.reshape(weights, shape=(-1,)))
        return math_ops.div(
            math_ops.reduce_sum(weighted),
            math_ops.to_float(math_ops.reduce_sum(weights)),
            name="loss",
        )

    def training_loss(self, logits, target, features, name="training_loss"):
        """The mean of the loss, each element times its weight: a scalar."""
        losses = self._loss_fn(logits, self._labels(target))
        weights = self.get_weight_tensor(features)
        if weights is None:
            return math_ops.reduce_mean(losses, name=name)
        flat = array_ops.reshape(losses, shape=(-1,))
        return math_ops.reduce_mean(
            math_ops.multiply(flat, array_ops.reshape(weights, shape=(-1,))), name=name
        )
