# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.learn.datasets`."""

from caudal.contrib.learn.python.learn.datasets import base, mnist
from caudal.contrib.learn.python.learn.datasets.mnist import load_mnist


def load_dataset(name, size="small", test_with_fake_data=False):
    """A data set by its name: "mnist". Raises: ValueError for other names."""
    if name != "mnist":
        raise ValueError("Name of dataset is not found: %s" % name)
    return load_mnist()
