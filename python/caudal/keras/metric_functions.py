# SPDX-License-Identifier: Apache-2.0
"""Metrics that are functions `(y_true, y_pred) -> one value per sample`."""

from caudal.keras import backend as K


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """How many elements of the last axis are on the side of `threshold` that the label says."""
    if threshold == 0.5:
        chosen = K.round(y_pred)
    else:
        chosen = K.cast(K.greater(y_pred, threshold), K.dtype(y_pred))
    return K.mean(K.equal(y_true, chosen), axis=-1)


def categorical_accuracy(y_true, y_pred):
    """1 where the highest score is that of the class; `y_true` is one-hot."""
    same = K.equal(K.argmax(y_true, axis=-1), K.argmax(y_pred, axis=-1))
    return K.cast(same, K.floatx())


def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the highest score is that of the class; `y_true` holds numbers of classes."""
    chosen = K.cast(K.argmax(y_pred, axis=-1), K.floatx())
    labels = K.cast(K.flatten(y_true), K.floatx())
    if K.ndim(chosen) != 1:
        labels = K.reshape(labels, K.shape(chosen))
    return K.cast(K.equal(labels, chosen), K.floatx())


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """The share of samples whose class is among the `k` highest scores; `y_true` is one-hot."""
    return K.mean(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), axis=-1)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5):
    """As `top_k_categorical_accuracy`, with numbers of classes."""
    return K.mean(K.in_top_k(y_pred, K.cast(K.flatten(y_true), "int32"), k), axis=-1)


__all__ = [
    "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy",
]  # fmt: skip
