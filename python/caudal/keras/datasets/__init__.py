# SPDX-License-Identifier: Apache-2.0
"""Data sets of lectures and papers. Files that are not in ~/.keras/datasets are downloaded."""

from caudal.keras.datasets import (
    boston_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)
