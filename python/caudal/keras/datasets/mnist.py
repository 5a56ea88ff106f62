# SPDX-License-Identifier: Apache-2.0
"""MNIST: handwritten digits."""

import numpy as np

from caudal.keras.utils.data_utils_files import get_file


def load_data(path="mnist.npz"):
    """70000 gray images of handwritten digits.

    Args:
      path: name of the file in the cache.

    Returns:
      ((x_train, y_train), (x_test, y_test)): uint8 [60000, 28, 28] and [60000], then 10000 more.

    Raises:
      OSError: when the file is not there and cannot be downloaded.
    """
    path = get_file(
        path,
        origin="https://s3.amazonaws.com/img-datasets/mnist.npz",
        file_hash="8a61469f7ea1b51cbae51d4f78837e45",
    )
    with np.load(path) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
