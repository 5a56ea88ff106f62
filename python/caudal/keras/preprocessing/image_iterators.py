# SPDX-License-Identifier: Apache-2.0
"""Batches of images, each changed by its generator: what they have in common, and from arrays."""

import os
import threading
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.preprocessing.image_files import (
    CHANNELS,
    PICTURES,
    array_to_img,
    checked_format,
)
from caudal.keras.utils.data_utils import Sequence


class Iterator(Sequence):
    """Endless batches of `n` samples, as an iterator and as a Sequence.

    A subclass makes the batch of some indices in `_get_batches_of_transformed_samples`.

    Args:
      n: number of samples.
      batch_size: samples in a batch.
      shuffle: whether each pass has an order of its own.
      seed: of np.random, counted up by one for each batch; None leaves np.random alone.
    """

    white_list_formats = PICTURES

    def __init__(self, n, batch_size, shuffle, seed):
        self.n = n
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array = None
        self.lock = threading.Lock()
        self.index_generator = self._flow_index()

    def _set_index_array(self):
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _begin_batch(self):
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def __len__(self):
        return (self.n + self.batch_size - 1) // self.batch_size

    def __getitem__(self, idx):
        if idx >= len(self):
            raise ValueError(
                "Asked to retrieve element %d, but the Sequence has length %d" % (idx, len(self))
            )
        self._begin_batch()
        if self.index_array is None:
            self._set_index_array()
        first = self.batch_size * idx
        return self._get_batches_of_transformed_samples(
            self.index_array[first : first + self.batch_size]
        )

    def on_epoch_end(self):
        self._set_index_array()

    def reset(self):
        """Begins with the first batch again."""
        self.batch_index = 0

    def _flow_index(self):
        self.reset()
        while True:
            self._begin_batch()
            if self.batch_index == 0:
                self._set_index_array()
            first = self.batch_index * self.batch_size % max(self.n, 1)
            end = first + self.batch_size
            self.batch_index = self.batch_index + 1 if end < self.n else 0
            yield self.index_array[first:end]

    def __iter__(self):
        return self

    def __next__(self):
        return self.next()

    def next(self):
        """The next batch. Only the choice of samples is under the lock."""
        with self.lock:
            indices = next(self.index_generator)
        return self._get_batches_of_transformed_samples(indices)

    def _get_batches_of_transformed_samples(self, index_array):
        raise NotImplementedError(
            "%s does not define _get_batches_of_transformed_samples" % type(self).__name__
        )

    def _changed(self, x):
        generator = self.image_data_generator
        if not generator:
            return x
        x = generator.apply_transform(x, generator.get_random_transform(x.shape))
        return generator.standardize(x)

    def _save(self, images, indices, highest):
        if not self.save_to_dir:
            return
        for image, index in zip(images, indices):
            name = "%s_%d_%d.%s" % (
                self.save_prefix,
                index,
                np.random.randint(highest),
                self.save_format,
            )
            picture = array_to_img(image, self.data_format, scale=True)
            picture.save(os.path.join(self.save_to_dir, name))


class NumpyArrayIterator(Iterator):
    """Batches from arrays.

    Args:
      x: array [samples, height, width, channels] or [samples, channels, height, width]; or a tuple
        of it and an array or list of arrays that go through as they are.
      y: labels [samples, ...] or None.
      image_data_generator: the ImageDataGenerator that changes the images.
      batch_size, shuffle, seed: as in `Iterator`.
      sample_weight: weights [samples] or None.
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      save_to_dir, save_prefix, save_format: folder to write the changed images to, or None.
      subset: "training" or "validation", the part that the generator's validation_split makes.
      dtype: of the batches; None takes K.floatx().

    Yields:
      x, (x, y) or (x, y, sample_weight).
    """

    def __init__(
        self,
        x,
        y,
        image_data_generator,
        batch_size=32,
        shuffle=False,
        sample_weight=None,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        dtype=None,
    ):
        self.dtype = K.floatx() if dtype is None else dtype
        self.data_format = checked_format(data_format)
        self.image_data_generator = image_data_generator
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        others = []
        if isinstance(x, (tuple, list)):
            x, others = x[0], x[1] if isinstance(x[1], list) else [x[1]]
            others = [np.asarray(other) for other in others]
            for other in others:
                if len(other) != len(x):
                    raise ValueError(
                        "All of the arrays in `x` should have the same length. Found a pair with: "
                        "len(x[0]) = %d, len(x[?]) = %d" % (len(x), len(other))
                    )
        self._check_length(x, y, "y", " (labels)")
        self._check_length(x, sample_weight, "sample_weight")
        part = slice(None)
        if subset is not None:
            part = self._part(subset, x, y)
        self.x = np.asarray(x[part], dtype=self.dtype)
        self.x_misc = [other[part] for other in others]
        self.y = None if y is None else np.asarray(y)[part]
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)[part]
        if self.x.ndim != 4:
            raise ValueError(
                "Input data in `NumpyArrayIterator` should have rank 4. You passed an array with "
                "shape %s" % (self.x.shape,)
            )
        warn_of_channels("NumpyArrayIterator", self.x.shape, self.data_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    @staticmethod
    def _check_length(x, other, name, what=""):
        if other is not None and len(x) != len(other):
            raise ValueError(
                "`x` (images tensor) and `%s`%s should have the same length. Found: x.shape = %s, "
                "%s.shape = %s" % (name, what, np.shape(x), name, np.shape(other))
            )

    def _part(self, subset, x, y):
        if subset not in ("training", "validation"):
            raise ValueError(
                'Invalid subset name: %s; expected "training" or "validation".' % (subset,)
            )
        border = int(len(x) * self.image_data_generator._validation_split)
        if y is not None and not np.array_equal(np.unique(y[:border]), np.unique(y[border:])):
            raise ValueError(
                "Training and validation subsets have different number of classes after the split."
                " If your numpy arrays are sorted by the label, you might want to shuffle them."
            )
        return slice(0, border) if subset == "validation" else slice(border, None)

    def _get_batches_of_transformed_samples(self, index_array):
        batch = np.zeros((len(index_array),) + self.x.shape[1:], dtype=self.dtype)
        for row, index in enumerate(index_array):
            batch[row] = self._changed(self.x[index].copy())
        self._save(batch, index_array, 10**4)
        if self.x_misc:
            batch = [batch] + [other[index_array] for other in self.x_misc]
        if self.y is None:
            return batch
        if self.sample_weight is None:
            return batch, self.y[index_array]
        return batch, self.y[index_array], self.sample_weight[index_array]


def warn_of_channels(user, shape, data_format):
    axis = 3 if data_format == "channels_last" else 1
    if shape[axis] not in CHANNELS.values():
        warnings.warn(
            '%s uses the data format convention "%s" (channels on axis %d), i.e. expected either '
            "1, 3, or 4 channels on axis %d. However, it was passed an array with shape %s "
            "(%d channels)." % (user, data_format, axis, axis, shape, shape[axis])
        )
