# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10: small colour images of ten kinds."""

import os

import numpy as np

from caudal.keras.datasets.cifar import in_data_format, load_batch
from caudal.keras.utils.data_utils_files import get_file


def load_data():
    """60000 colour images of ten kinds.

    Returns:
      ((x_train, y_train), (x_test, y_test)): uint8 [50000, 32, 32, 3] (channels where the backend
      has them) and labels [50000, 1], then 10000 more.

    Raises:
      OSError: when the file is not there and cannot be downloaded.
    """
    path = get_file(
        "cifar-10-batches-py",
        origin="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        untar=True,
    )
    batches = [load_batch(os.path.join(path, "data_batch_%d" % i)) for i in range(1, 6)]
    x_train = np.concatenate([images for images, _ in batches])
    y_train = np.concatenate([labels for _, labels in batches]).astype("uint8")
    x_test, y_test = load_batch(os.path.join(path, "test_batch"))
    return (
        (in_data_format(x_train), y_train.reshape(-1, 1)),
        (in_data_format(x_test), np.reshape(y_test, (-1, 1))),
    )
