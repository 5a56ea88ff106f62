# SPDX-License-Identifier: Apache-2.0
"""Files of CIFAR-10 and CIFAR-100."""

from caudal.keras import backend as K
from caudal.keras.datasets import plain_pickle


def load_batch(fpath, label_key="labels"):
    """One file: (uint8 images [n, 3, 32, 32], list of labels)."""
    with open(fpath, "rb") as file:
        content = plain_pickle.load(file, encoding="bytes")
    content = {key.decode(): value for key, value in content.items()}
    return content["data"].reshape(-1, 3, 32, 32), content[label_key]


def in_data_format(images):
    """Images [n, 3, 32, 32] in the order of axes of the backend."""
    return images.transpose(0, 2, 3, 1) if K.image_data_format() == "channels_last" else images
