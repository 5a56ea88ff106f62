# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.factorization`: k-means."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.contrib.factorization.clustering_ops import (
    COSINE_DISTANCE,
    KMEANS_PLUS_PLUS_INIT,
    RANDOM_INIT,
    SQUARED_EUCLIDEAN_DISTANCE,
    KMeans,
)

__all__ = [
    "COSINE_DISTANCE",
    "KMEANS_PLUS_PLUS_INIT",
    "KMeans",
    "RANDOM_INIT",
    "SQUARED_EUCLIDEAN_DISTANCE",
]

__getattr__ = _module_getattr("contrib.factorization", {"caudal.contrib.factorization.python": "@"})
