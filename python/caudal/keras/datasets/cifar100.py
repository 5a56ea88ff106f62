# SPDX-License-Identifier: Apache-2.0
"""CIFAR-100: small colour images of a hundred kinds."""

import os

import numpy as np

from caudal.keras.datasets.cifar import in_data_format, load_batch
from caudal.keras.utils.data_utils_files import get_file


def load_data(label_mode="fine"):
    """60000 colour images of 100 kinds in 20 groups.

    Args:
      label_mode: "fine" for the kinds, "coarse" for the groups.

    Returns:
      ((x_train, y_train), (x_test, y_test)): uint8 [50000, 32, 32, 3] (channels where the backend
      has them) and labels [50000, 1], then 10000 more.

    Raises:
      ValueError: for another `label_mode`.
      OSError: when the file is not there and cannot be downloaded.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError('`label_mode` must be one of `"fine"`, `"coarse"`.')
    path = get_file(
        "cifar-100-python",
        origin="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        untar=True,
    )
    parts = [load_batch(os.path.join(path, part), label_mode + "_labels")
             for part in ("train", "test")]  # fmt: skip
    return tuple((in_data_format(x), np.reshape(y, (-1, 1))) for x, y in parts)
