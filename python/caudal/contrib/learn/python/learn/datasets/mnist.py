# SPDX-License-Identifier: Apache-2.0
"""MNIST and data sets in its format: images of digits with labels, in batches."""

import gzip
import os
import struct
import zlib

import numpy as np

from caudal.contrib.learn.python.learn.datasets import base
from caudal.framework import dtypes, random_seed

__all__ = [
    "DEFAULT_SOURCE_URL",
    "DataSet",
    "dense_to_one_hot",
    "extract_images",
    "extract_labels",
    "load_mnist",
    "read_data_sets",
]

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
# More than this is no image file but a broken header.
_LARGEST = 1 << 32


def _parse(f, magic, kind, dimensions):
    """The array of an idx file, compressed or not. Raises: ValueError for broken files."""
    name = getattr(f, "name", f)
    start = f.read(2)
    f.seek(0)
    stream = gzip.GzipFile(fileobj=f) if start == b"\x1f\x8b" else f
    try:
        header = stream.read(4 + 4 * dimensions)
        found = struct.unpack(">I", header[:4])[0] if len(header) >= 4 else -1
        if found != magic:
            raise ValueError("Invalid magic number %d in MNIST %s file: %s" % (found, kind, name))
        if len(header) != 4 + 4 * dimensions:
            raise ValueError("Incomplete header in MNIST %s file: %s" % (kind, name))
        shape = struct.unpack(">%dI" % dimensions, header[4:])
        count = 1
        for n in shape:
            count *= n
        if count > _LARGEST:
            raise ValueError("Impossible sizes %s in MNIST %s file: %s" % (shape, kind, name))
        data = stream.read(count)
        if len(data) != count or stream.read(1):
            raise ValueError(
                "MNIST %s file %s does not hold the %d bytes of its sizes %s"
                % (kind, name, count, shape)
            )
    except (EOFError, OSError, zlib.error, struct.error, MemoryError) as error:
        raise ValueError("Cannot read MNIST %s file %s: %s" % (kind, name, error)) from error
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def extract_images(f):
    """The images of an idx file: uint8 [count, rows, columns, 1].

    Args:
      f: file opened for reading bytes, with or without gzip compression.

    Raises:
      ValueError: if it is no such file.
    """
    print("Extracting", f.name)
    return _parse(f, 2051, "image", 3)[..., np.newaxis]


def dense_to_one_hot(labels_dense, num_classes):
    """Vectors with 1 at the label and 0 elsewhere: [count, num_classes]."""
    labels = np.asarray(labels_dense).ravel()
    one_hot = np.zeros((len(labels), num_classes))
    one_hot[np.arange(len(labels)), labels] = 1
    return one_hot


def extract_labels(f, one_hot=False, num_classes=10):
    """The labels of an idx file: uint8 [count], or vectors.

    Args:
      f: file opened for reading bytes, with or without gzip compression.
      one_hot: whether to give vectors, see `dense_to_one_hot`.
      num_classes: their length.

    Raises:
      ValueError: if it is no such file, or labels are too large for the vectors.
    """
    print("Extracting", f.name)
    labels = _parse(f, 2049, "label", 1)
    if not one_hot:
        return labels
    if labels.size and labels.max() >= num_classes:
        raise ValueError(
            "Label %d in %s, but there are %d classes" % (labels.max(), f.name, num_classes)
        )
    return dense_to_one_hot(labels, num_classes)


class DataSet:
    """Images with labels, handed out in batches; shuffled anew in every epoch.

    Args:
      images: uint8 array [count, rows, columns, depth].
      labels: array whose first axis has the same size.
      fake_data: whether to make up data.
      one_hot: whether made-up labels are vectors.
      dtype: tf.uint8 or tf.float32; the latter scales images to [0, 1].
      reshape: whether images become vectors; depth must be 1.
      seed: of NumPy's global random state, which shuffles.

    Raises:
      TypeError: for other dtypes.
    """

    def __init__(self, images, labels, fake_data=False, one_hot=False, dtype=dtypes.float32,
                 reshape=True, seed=None):  # fmt: skip
        seed1, seed2 = random_seed.get_seed(seed)
        np.random.seed(seed1 if seed is None else seed2)
        dtype = dtypes.as_dtype(dtype).base_dtype
        if dtype not in (dtypes.uint8, dtypes.float32):
            raise TypeError("Invalid image dtype %r, expected uint8 or float32" % dtype)
        if fake_data:
            self._num_examples = 10000
            self.one_hot = one_hot
        else:
            assert images.shape[0] == labels.shape[0], "images.shape: %s labels.shape: %s" % (
                images.shape,
                labels.shape,
            )
            self._num_examples = images.shape[0]
            if reshape:
                assert images.shape[3] == 1
                images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
            if dtype == dtypes.float32:
                images = np.multiply(images.astype(np.float32), np.float32(1.0 / 255.0))
        self._images = images
        self._labels = labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self):
        return self._images

    @property
    def labels(self):
        return self._labels

    @property
    def num_examples(self):
        return self._num_examples

    @property
    def epochs_completed(self):
        return self._epochs_completed

    def _shuffle(self):
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images = self._images[order]
        self._labels = self._labels[order]

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """The next `batch_size` examples: (images, labels).

        A batch across the border of epochs holds the rest of one and the start of the next.

        Args:
          batch_size: int.
          fake_data: whether to make up the batch.
          shuffle: whether the examples are shuffled in each epoch.
        """
        if fake_data:
            label = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]
        start = self._index_in_epoch
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        end = start + batch_size
        if end <= self._num_examples:
            self._index_in_epoch = end
            return self._images[start:end], self._labels[start:end]
        self._epochs_completed += 1
        rest = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        end -= self._num_examples
        self._index_in_epoch = end
        return (
            np.concatenate((rest[0], self._images[:end]), axis=0),
            np.concatenate((rest[1], self._labels[:end]), axis=0),
        )


def _local_files(train_dir, source_url):
    """The paths of the four files; downloads what is not there."""
    paths, folder = [], os.path.abspath(train_dir)
    for name in _FILES:
        plain = os.path.join(train_dir, name[: -len(".gz")])
        if not os.path.exists(os.path.join(train_dir, name)) and os.path.exists(plain):
            paths.append(plain)
            continue
        try:
            paths.append(base.maybe_download(name, train_dir, source_url + name))
        except OSError as error:
            raise OSError(
                "%s is not in %s and cannot be downloaded from %s (%s). Without a connection, put "
                "these files there: %s" % (name, folder, source_url, error, ", ".join(_FILES))
            ) from error
    return paths


def read_data_sets(train_dir, fake_data=False, one_hot=False, dtype=dtypes.float32, reshape=True,
                   validation_size=5000, seed=None, source_url=DEFAULT_SOURCE_URL):  # fmt: skip
    """MNIST, or a data set in its format, as training, validation and test data.

    Args:
      train_dir: folder with train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz,
        t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz, or these without compression and
        without ".gz". Missing files are downloaded.
      fake_data: whether to make up data.
      one_hot: whether labels are vectors.
      dtype: tf.uint8 or tf.float32; the latter scales images to [0, 1].
      reshape: whether images become vectors.
      validation_size: how many of the training examples are for validation.
      seed: of NumPy's global random state, which shuffles.
      source_url: where to download from; "": the usual place.

    Returns:
      A Datasets tuple (train, validation, test) of DataSet.

    Raises:
      OSError: if files are missing and cannot be downloaded.
      ValueError: for broken files or an impossible `validation_size`.
    """
    if fake_data:
        parts = [
            DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed)
            for _ in range(3)
        ]
        return base.Datasets(*parts)
    paths = _local_files(train_dir, source_url or DEFAULT_SOURCE_URL)
    arrays = []
    for path, extract in zip(paths, (extract_images, extract_labels) * 2):
        options = {"one_hot": one_hot} if extract is extract_labels else {}
        with open(path, "rb") as f:
            arrays.append(extract(f, **options))
    train_images, train_labels, test_images, test_labels = arrays
    if not 0 <= validation_size <= len(train_images):
        raise ValueError(
            "Validation size should be between 0 and %d. Received: %s."
            % (len(train_images), validation_size)
        )
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    n = validation_size
    train = DataSet(train_images[n:], train_labels[n:], **options)
    validation = DataSet(train_images[:n], train_labels[:n], **options)
    test = DataSet(test_images, test_labels, **options)
    return base.Datasets(train=train, validation=validation, test=test)


def load_mnist(train_dir="MNIST-data"):
    """`read_data_sets` of a folder."""
    return read_data_sets(train_dir)
