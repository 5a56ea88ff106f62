# SPDX-License-Identifier: Apache-2.0
"""Prices of houses around Boston in the 1970s."""

import numpy as np

from caudal.keras.utils.data_utils_files import get_file


def load_data(path="boston_housing.npz", test_split=0.2, seed=113):
    """506 districts with 13 numbers and a price each.

    Args:
      path: name of the file in the cache.
      test_split: part of the districts, from 0 to below 1, that is left for testing.
      seed: that np.random is set to before the districts are mixed.

    Returns:
      ((x_train, y_train), (x_test, y_test)): float64 [404, 13] and [404], then the rest.

    Raises:
      ValueError: for another `test_split`.
      OSError: when the file is not there and cannot be downloaded.
    """
    if not 0 <= test_split < 1:
        raise ValueError("`test_split` must be at least 0 and below 1, got %s" % test_split)
    path = get_file(
        path,
        origin="https://s3.amazonaws.com/keras-datasets/boston_housing.npz",
        file_hash="f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    )
    with np.load(path) as file:
        x, y = file["x"], file["y"]
    np.random.seed(seed)
    order = np.arange(len(x))
    np.random.shuffle(order)
    x, y = x[order], y[order]
    border = int(len(x) * (1 - test_split))
    return (x[:border], y[:border]), (x[border:], y[border:])
