# SPDX-License-Identifier: Apache-2.0
"""Reading MNIST: `input_data.read_data_sets(folder, one_hot=True)`."""

from caudal.contrib.learn.python.learn.datasets.base import Datasets
from caudal.contrib.learn.python.learn.datasets.mnist import (
    DataSet,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    read_data_sets,
)

__all__ = [
    "DataSet",
    "Datasets",
    "dense_to_one_hot",
    "extract_images",
    "extract_labels",
    "read_data_sets",
]
