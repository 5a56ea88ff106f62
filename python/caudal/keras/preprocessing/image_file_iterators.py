# SPDX-License-Identifier: Apache-2.0
"""Batches of images from files in folders and in tables."""

import inspect
import os
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.preprocessing.image_files import (
    CHANNELS,
    checked_format,
    img_to_array,
    load_img,
    validate_filename,
)
from caudal.keras.preprocessing.image_iterators import Iterator


class _FilesIterator(Iterator):
    """Batches from files: paths, classes and weights by sample come from the subclass."""

    allowed_class_modes = ()
    sample_weight = None

    def set_processing_attrs(
        self,
        image_data_generator,
        target_size,
        color_mode,
        data_format,
        save_to_dir,
        save_prefix,
        save_format,
        subset,
        interpolation,
    ):
        """Keeps how files become batches; the arguments are those of `DirectoryIterator`."""
        if color_mode not in CHANNELS:
            raise ValueError(
                'Invalid color mode: %s; expected "rgb", "rgba", or "grayscale".' % (color_mode,)
            )
        self.image_data_generator = image_data_generator
        self.target_size = tuple(target_size)
        self.color_mode = color_mode
        self.data_format = checked_format(data_format)
        channels = (CHANNELS[color_mode],)
        if self.data_format == "channels_last":
            self.image_shape = self.target_size + channels
        else:
            self.image_shape = channels + self.target_size
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.interpolation = interpolation
        self.subset = subset
        self.split = None
        if subset is not None:
            border = image_data_generator._validation_split
            parts = {"validation": (0, border), "training": (border, 1)}
            if subset not in parts:
                raise ValueError(
                    'Invalid subset name: %s; expected "training" or "validation"' % (subset,)
                )
            self.split = parts[subset]

    def _take(self, arguments):
        """Keeps what the constructors' arguments, a dict, have in common."""
        names = list(inspect.signature(self.set_processing_attrs).parameters)
        self.set_processing_attrs(**{name: arguments[name] for name in names})
        class_mode, dtype = arguments["class_mode"], arguments["dtype"]
        if class_mode not in self.allowed_class_modes:
            raise ValueError(
                "Invalid class_mode: %s; expected one of: %s"
                % (class_mode, self.allowed_class_modes)
            )
        self.class_mode = class_mode
        self.dtype = K.floatx() if dtype is None else dtype

    def _in_split(self, items):
        if not self.split:
            return items
        return items[int(self.split[0] * len(items)) : int(self.split[1] * len(items))]

    def _start(self, filenames, batch_size, shuffle, seed):
        self.filenames = filenames
        self.samples = len(filenames)
        self._filepaths = [os.path.join(self.directory, name) for name in filenames]
        super().__init__(self.samples, batch_size, shuffle, seed)

    @property
    def filepaths(self):
        """The path of each sample."""
        return self._filepaths

    @property
    def labels(self):
        """What the batches' targets are made of, by sample."""
        return self.classes

    def _get_batches_of_transformed_samples(self, index_array):
        batch = np.zeros((len(index_array),) + self.image_shape, dtype=self.dtype)
        for row, index in enumerate(index_array):
            image = load_img(
                self.filepaths[index],
                color_mode=self.color_mode,
                target_size=self.target_size,
                interpolation=self.interpolation,
            )
            x = img_to_array(image, data_format=self.data_format)
            batch[row] = self._changed(x if x.flags.writeable else x.copy())
        self._save(batch, index_array, 10**7)
        if self.class_mode is None:
            return batch
        targets = self._targets_of(batch, index_array)
        if self.sample_weight is None:
            return batch, targets
        return batch, targets, self.sample_weight[index_array]

    def _targets_of(self, batch, indices):
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode == "multi_output":
            return [column[indices] for column in self.labels]
        if self.class_mode == "raw":
            return self.labels[indices]
        classes = [self.classes[index] for index in indices]
        if self.class_mode != "categorical":
            return np.array(classes, dtype=self.dtype)
        targets = np.zeros((len(batch), len(self.class_indices)), dtype=self.dtype)
        for row, its_classes in zip(targets, classes):  # one class or a list of them
            row[its_classes] = 1
        return targets


class DirectoryIterator(_FilesIterator):
    """Batches from a folder with a folder of pictures for each class.

    Args:
      directory: path of the folder.
      image_data_generator: the ImageDataGenerator that changes the images.
      target_size: (height, width) to bring all pictures to.
      color_mode: "rgb", "rgba" or "grayscale".
      classes: names of the folders of the classes; None takes all in order of the alphabet.
      class_mode: kind of the targets: "categorical" (one-hot), "binary" or "sparse" (numbers),
        "input" (the images), or None.
      batch_size, shuffle, seed: as in `Iterator`.
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      save_to_dir, save_prefix, save_format: folder to write the changed images to, or None.
      follow_links: whether links to folders are followed.
      subset: "training" or "validation", the part that the generator's validation_split makes.
      interpolation: how pictures are resized, see `load_img`.
      dtype: of the batches; None takes K.floatx().
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory,
        image_data_generator,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
        dtype=None,
    ):
        self._take(locals())
        self.directory = directory
        if not classes:
            classes = [
                name
                for name in sorted(os.listdir(directory))
                if os.path.isdir(os.path.join(directory, name))
            ]
        self.num_classes = len(classes)
        self.class_indices = {name: index for index, name in enumerate(classes)}
        filenames, numbers = [], []
        for name, index in self.class_indices.items():
            found = self._in_split(self._pictures(name, follow_links))
            filenames += found
            numbers += [index] * len(found)
        self.classes = np.array(numbers, dtype="int32")
        print("Found %d images belonging to %d classes." % (len(filenames), self.num_classes))
        self._start(filenames, batch_size, shuffle, seed)

    def _pictures(self, class_name, follow_links):
        """Paths, from `directory` on, of the pictures of a class, in order."""
        top = os.path.join(self.directory, class_name)
        found = []
        for folder, _, names in sorted(os.walk(top, followlinks=follow_links)):
            for name in sorted(names):
                if name.lower().endswith(self.white_list_formats):
                    path = os.path.join(folder, name)
                    if name.lower().endswith(".tiff"):
                        warnings.warn(
                            'Using ".tiff" files with multiple bands will cause distortion. '
                            "Please verify your output."
                        )
                    found.append(os.path.join(class_name, os.path.relpath(path, top)))
        return found


class DataFrameIterator(_FilesIterator):
    """Batches from picture files named in a column of a pandas table.

    Args:
      dataframe: the table; a dict of columns does as well.
      directory: folder that the names begin in; None for full paths.
      image_data_generator: the ImageDataGenerator that changes the images, or None.
      x_col: column with the names of files.
      y_col: column, or list of columns, with the targets.
      weight_col: column with weights of samples, or None.
      target_size, color_mode: as in `DirectoryIterator`.
      classes: the classes to use; None takes all, sorted. Rows of others are left out.
      class_mode: kind of the targets: "categorical" (one-hot; a cell may hold a list of classes),
        "binary" or "sparse" (numbers), "raw" (values of y_col), "multi_output" (list of columns),
        "input" (the images), or None.
      batch_size, shuffle, seed, data_format, save_to_dir, save_prefix, save_format, subset,
        interpolation, dtype: as in `DirectoryIterator`.
      validate_filenames: whether rows without a picture file are left out.
    """

    allowed_class_modes = (
        "binary", "categorical", "input", "multi_output", "raw", "sparse", None
    )  # fmt: skip

    def __init__(
        self,
        dataframe,
        directory=None,
        image_data_generator=None,
        x_col="filename",
        y_col="class",
        weight_col=None,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        dtype=None,
        validate_filenames=True,
    ):
        self._take(locals())
        self.directory = directory or ""
        names = list(dataframe[x_col])
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All values in column x_col=%s must be strings." % x_col)
        if class_mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(
                'If class_mode="multi_output", y_col must be a list. Received %s.'
                % type(y_col).__name__
            )
        weights = np.asarray(dataframe[weight_col]) if weight_col else None
        if weights is not None and not np.issubdtype(weights.dtype, np.number):
            raise TypeError("Column weight_col=%s must be numeric." % weight_col)

        rows = list(range(len(names)))
        if validate_filenames:
            rows = self._valid_rows(names, x_col)
        report = "Found %d %svalidated image filenames"
        by_class = class_mode in ("binary", "categorical", "sparse")
        if by_class:
            labels = self._labels(list(dataframe[y_col]), y_col, classes)
            classes, labels = self._select_classes(labels, rows, classes)
            rows = [row for row in rows if labels[row]]
            self.class_indices = {name: index for index, name in enumerate(classes)}
            report += " belonging to %d classes" % len(classes)
        elif classes:
            warnings.warn('`classes` will be ignored given the class_mode="%s"' % (class_mode,))
        rows = self._in_split(rows)
        if by_class:
            self.classes = [
                self.class_indices[labels[row]]
                if isinstance(labels[row], str)
                else [self.class_indices[name] for name in labels[row]]
                for row in rows
            ]
        elif class_mode == "multi_output":
            self._targets = [np.array(list(dataframe[name]))[rows] for name in y_col]
        elif class_mode == "raw":
            self._targets = np.asarray(dataframe[y_col])[rows]
        if weights is not None:
            self.sample_weight = weights[rows]
        print(report % (len(rows), "" if validate_filenames else "non-") + ".")
        self._start([names[row] for row in rows], batch_size, shuffle, seed)

    @property
    def labels(self):
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    def _valid_rows(self, names, x_col):
        paths = [os.path.join(self.directory, name) for name in names]
        rows = [
            row
            for row, path in enumerate(paths)
            if validate_filename(path, self.white_list_formats)
        ]
        if len(rows) < len(paths):
            warnings.warn(
                'Found %d invalid image filename(s) in x_col="%s". These filename(s) will be '
                "ignored." % (len(paths) - len(rows), x_col)
            )
        return rows

    def _labels(self, labels, y_col, classes):
        """The column of classes, checked for the mode."""
        kinds, words = (str,), "strings"
        if self.class_mode == "categorical":
            kinds, words = (str, list, tuple), "type string, list or tuple"
        if not all(isinstance(label, kinds) for label in labels):
            raise TypeError(
                'If class_mode="%s", y_col="%s" column values must be %s.'
                % (self.class_mode, y_col, words)
            )
        if self.class_mode == "binary":
            count = len(set(classes or labels))
            if count != 2:
                raise ValueError(
                    'If class_mode="binary" there must be 2 classes. %s.'
                    % ("%d class/es were given" % count if classes else "Found %d classes" % count)
                )
        return labels

    @staticmethod
    def _select_classes(labels, rows, classes):
        """The classes sorted, and the labels with those of other classes taken out."""
        as_lists = [[label] if isinstance(label, str) else label for label in labels]
        if not classes:
            return sorted({name for row in rows for name in as_lists[row]}), labels
        kept = set(classes)
        labels = [
            (label if label in kept else None)
            if isinstance(label, str)
            else [name for name in label if name in kept]
            for label in labels
        ]
        return sorted(kept), labels
