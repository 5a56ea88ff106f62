# SPDX-License-Identifier: Apache-2.0
"""ImageDataGenerator: how images are changed and brought to a scale."""

import numbers
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.preprocessing.image_file_iterators import DataFrameIterator, DirectoryIterator
from caudal.keras.preprocessing.image_files import checked_format
from caudal.keras.preprocessing.image_iterators import NumpyArrayIterator, warn_of_channels
from caudal.keras.preprocessing.image_transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    random_zoom_factors,
)

_TINY = 1e-6


class ImageDataGenerator:
    """Makes batches of images, each changed at random and brought to a scale.

    Args:
      featurewise_center, featurewise_std_normalization: whether the mean and the standard deviation
        of the data given to `fit`, by channel, are taken out.
      samplewise_center, samplewise_std_normalization: the same with those of each image.
      zca_whitening, zca_epsilon: whether pixels are made uncorrelated, after `fit`.
      rotation_range: degrees of random turns.
      width_shift_range, height_shift_range: random shifts: a float below 1 is a part of the size, a
        greater one a number of pixels; an int n draws from the ints between -n and n, a list from
        its entries of either sign.
      brightness_range: (low, high) factors of brightness; see `apply_brightness_shift`.
      shear_range: degrees of random shear.
      zoom_range: (low, high) factors, or a float z for (1 - z, 1 + z).
      channel_shift_range: greatest amount added to all values.
      fill_mode, cval: what lies outside of an image, see `apply_affine_transform`.
      horizontal_flip, vertical_flip: whether half of the images are mirrored.
      rescale: factor of all values, or None.
      preprocessing_function: from an image array to another one of its shape; called after the
        changes and before the scaling.
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      validation_split: part of the data, between 0 and 1, that subset="validation" gives.
      dtype: of the batches; None takes K.floatx().
      interpolation_order: of the splines in changes of place.

    Raises:
      ValueError: for ranges of a wrong form.
    """

    def __init__(
        self,
        featurewise_center=False,
        samplewise_center=False,
        featurewise_std_normalization=False,
        samplewise_std_normalization=False,
        zca_whitening=False,
        zca_epsilon=1e-6,
        rotation_range=0,
        width_shift_range=0.0,
        height_shift_range=0.0,
        brightness_range=None,
        shear_range=0.0,
        zoom_range=0.0,
        channel_shift_range=0.0,
        fill_mode="nearest",
        cval=0.0,
        horizontal_flip=False,
        vertical_flip=False,
        rescale=None,
        preprocessing_function=None,
        data_format=None,
        validation_split=0.0,
        dtype=None,
        interpolation_order=1,
    ):
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range = self._zoom_pair(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.data_format = checked_format(data_format)
        self.dtype = K.floatx() if dtype is None else dtype
        self.interpolation_order = interpolation_order
        last = self.data_format == "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 3) if last else (2, 3, 1)
        self.mean = None
        self.std = None
        self.principal_components = None
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(
                "`validation_split` must be strictly between 0 and 1. Received: %s"
                % (validation_split,)
            )
        self._validation_split = validation_split
        if brightness_range is not None and not (
            isinstance(brightness_range, (tuple, list)) and len(brightness_range) == 2
        ):
            raise ValueError(
                "`brightness_range should be tuple or list of two floats. Received: %s"
                % (brightness_range,)
            )
        if zca_whitening:
            self._override("zca_whitening", "featurewise_center", True)
            self._override("zca_whitening", "featurewise_std_normalization", False)
        if featurewise_std_normalization:
            self._override("featurewise_std_normalization", "featurewise_center", True)
        if samplewise_std_normalization:
            self._override("samplewise_std_normalization", "samplewise_center", True)

    @staticmethod
    def _zoom_pair(zoom_range):
        if isinstance(zoom_range, numbers.Real):
            return [1 - zoom_range, 1 + zoom_range]
        pair = list(zoom_range)
        if len(pair) != 2 or not all(isinstance(value, numbers.Real) for value in pair):
            raise ValueError(
                "`zoom_range` should be a float or a tuple or list of two floats. Received: %s"
                % (zoom_range,)
            )
        return pair

    def _override(self, option, other, value):
        if getattr(self, other) != value:
            setattr(self, other, value)
            warnings.warn(
                "This ImageDataGenerator specifies `%s`, which overrides setting of `%s`."
                % (option, other)
            )

    def flow(
        self,
        x,
        y=None,
        batch_size=32,
        shuffle=True,
        sample_weight=None,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
    ):
        """Batches from arrays; see `NumpyArrayIterator`."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
    ):
        """Batches from a folder with a folder for each class; see `DirectoryIterator`."""
        arguments = locals()
        del arguments["self"]
        return DirectoryIterator(
            image_data_generator=self, data_format=self.data_format, dtype=self.dtype, **arguments
        )

    def flow_from_dataframe(
        self,
        dataframe,
        directory=None,
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
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        validate_filenames=True,
        **kwargs,
    ):
        """Batches from files named in a pandas table; see `DataFrameIterator`.

        The old arguments has_ext, sort and drop_duplicates are taken and have no effect.
        """
        arguments = locals()
        del arguments["self"], arguments["kwargs"]
        for name in kwargs:
            if name not in ("has_ext", "sort", "drop_duplicates"):
                raise TypeError(
                    "flow_from_dataframe() got an unexpected keyword argument %r" % name
                )
            warnings.warn(
                "%s is deprecated: file names are taken as they are, in their order." % name,
                DeprecationWarning,
            )
        if class_mode == "other":
            warnings.warn('`class_mode` "other" is now called "raw".', DeprecationWarning)
            arguments["class_mode"] = "raw"
        return DataFrameIterator(
            image_data_generator=self, data_format=self.data_format, dtype=self.dtype, **arguments
        )

    def standardize(self, x):
        """Brings an image or a batch to the scale that the arguments ask for.

        Args:
          x: array; of floats, it is changed in place where that is possible.

        Returns:
          Array like `x`.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        x = np.asarray(x)
        if x.dtype.kind != "f":
            x = x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _TINY
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._fitted(
            "featurewise_std_normalization", self.std
        ):
            x /= self.std + _TINY
        if self.zca_whitening and self._fitted("zca_whitening", self.principal_components):
            flat = np.reshape(x, (-1, np.prod(x.shape[-3:])))
            x = np.reshape(np.dot(flat, self.principal_components), x.shape)
        return x

    @staticmethod
    def _fitted(option, statistic):
        if statistic is None:
            warnings.warn(
                "This ImageDataGenerator specifies `%s`, but it hasn't been fit on any training "
                "data. Fit it first by calling `.fit(numpy_data)`." % option
            )
        return statistic is not None

    @staticmethod
    def _random_shift(amount, size):
        if np.ndim(amount) == 0 and not amount:
            return 0
        if np.ndim(amount) == 1 or isinstance(amount, numbers.Integral):
            shift = np.random.choice(amount)
            shift = shift * np.random.choice([-1, 1])
        else:
            shift = np.random.uniform(-amount, amount)
        return shift * size if np.max(amount) < 1 else shift

    def get_random_transform(self, img_shape, seed=None):
        """Draws the changes of one image.

        Args:
          img_shape: shape of the image, three ints.
          seed: of np.random, or None.

        Returns:
          dict of the numbers that `apply_transform` takes.
        """
        if seed is not None:
            np.random.seed(seed)

        def either_way(amount):
            return np.random.uniform(-amount, amount) if amount else 0

        # The order of these draws decides what a seed gives.
        theta = either_way(self.rotation_range)
        tx = self._random_shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = self._random_shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = either_way(self.shear_range)
        zx, zy = random_zoom_factors(self.zoom_range)
        flip_horizontal = np.random.random() < 0.5 and bool(self.horizontal_flip)
        flip_vertical = np.random.random() < 0.5 and bool(self.vertical_flip)
        intensity = brightness = None
        if self.channel_shift_range != 0:
            intensity = np.random.uniform(-self.channel_shift_range, self.channel_shift_range)
        if self.brightness_range is not None:
            brightness = np.random.uniform(*self.brightness_range)
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": intensity,
            "brightness": brightness,
        }

    def apply_transform(self, x, transform_parameters):
        """Changes one image.

        Args:
          x: array of rank 3.
          transform_parameters: dict with any of theta, tx, ty, shear, zx, zy (see
            `apply_affine_transform`), flip_horizontal, flip_vertical, channel_shift_intensity,
            brightness.

        Returns:
          Array like `x`.
        """
        row, col, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        get = transform_parameters.get
        x = apply_affine_transform(
            x,
            theta=get("theta", 0),
            tx=get("tx", 0),
            ty=get("ty", 0),
            shear=get("shear", 0),
            zx=get("zx", 1),
            zy=get("zy", 1),
            row_axis=row,
            col_axis=col,
            channel_axis=channel,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, get("channel_shift_intensity"), channel)
        if get("flip_horizontal", False):
            x = flip_axis(x, col)
        if get("flip_vertical", False):
            x = flip_axis(x, row)
        if get("brightness") is not None:
            x = apply_brightness_shift(x, get("brightness"), self.data_format)
        return x

    def random_transform(self, x, seed=None):
        """`apply_transform` with changes from `get_random_transform`."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x, augment=False, rounds=1, seed=None):
        """Takes mean, deviation and correlation of the data, where the arguments need them.

        Args:
          x: array of rank 4.
          augment: whether the images are changed at random for this.
          rounds: with `augment`, how often each image is used.
          seed: of np.random, or None.

        Raises:
          ValueError: for another rank.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(
                "Input to `.fit()` should have rank 4. Got array with shape: %s" % (x.shape,)
            )
        warn_of_channels("ImageDataGenerator.fit", x.shape, self.data_format)
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array(
                [self.random_transform(image) for _ in range(rounds) for image in x],
                dtype=self.dtype,
            )
        by_channel = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, axis=by_channel, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axis=by_channel, keepdims=True)[0]
            x /= self.std + _TINY
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            u, s, _ = np.linalg.svd(np.dot(flat.T, flat) / len(flat))
            self.principal_components = (u / np.sqrt(s + self.zca_epsilon)).dot(u.T)
