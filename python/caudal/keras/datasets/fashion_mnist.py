# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST: clothes in the form of MNIST."""

import gzip
import os

import numpy as np

from caudal.keras.utils.data_utils_files import get_file

_BASE = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"


def load_data():
    """70000 gray images of clothes of ten kinds.

    Returns:
      ((x_train, y_train), (x_test, y_test)): uint8 [60000, 28, 28] and [60000], then 10000 more.

    Raises:
      OSError: when a file is not there and cannot be downloaded.
    """
    return tuple(
        (_read(part + "-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), labels)
        for part in ("train", "t10k")
        for labels in [_read(part + "-labels-idx1-ubyte.gz", 8)]
    )


def _read(name, header):
    folder = os.path.join("datasets", "fashion-mnist")
    with gzip.open(get_file(name, origin=_BASE + name, cache_subdir=folder), "rb") as file:
        return np.frombuffer(bytearray(file.read()), np.uint8, offset=header)
