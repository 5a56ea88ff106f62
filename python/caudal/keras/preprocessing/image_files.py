# SPDX-License-Identifier: Apache-2.0
"""Image files, Pillow images and arrays, from each to the next."""

import os
import warnings

import numpy as np

from caudal.keras import backend as K

PICTURES = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_GRAY_MODES = ("L", "I;16", "I")
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow(user):
    """The package PIL with its modules Image and ImageEnhance, for the function named `user`."""
    try:
        import PIL.Image
        import PIL.ImageEnhance
    except ImportError:
        raise ImportError(
            "%s needs Pillow, which is not installed: pip install 'caudal[keras]'" % user
        ) from None
    return PIL


def checked_format(data_format):
    """`data_format`, or the backend's where it is None."""
    if data_format is None:
        return K.image_data_format()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            'Invalid data_format: %s; expected "channels_first" or "channels_last".'
            % (data_format,)
        )
    return data_format


def validate_filename(filename, white_list_formats):
    """Whether `filename` is a file with one of these endings (a tuple)."""
    return filename.lower().endswith(white_list_formats) and os.path.isfile(filename)


def list_pictures(directory, ext=PICTURES):
    """Paths of all pictures below a folder.

    Args:
      directory: the folder.
      ext: ending or tuple of endings, without the dot.
    """
    endings = tuple("." + e for e in ((ext,) if isinstance(ext, str) else ext))
    return [
        os.path.join(folder, name)
        for folder, _, names in os.walk(directory)
        for name in names
        if name.lower().endswith(endings)
    ]


def load_img(path, grayscale=False, color_mode="rgb", target_size=None, interpolation="nearest"):
    """Reads an image file.

    Args:
      path: path of the file.
      grayscale: old way to say color_mode="grayscale".
      color_mode: "grayscale", "rgb" or "rgba". Gray files with 16 or 32 bits keep them.
      target_size: (height, width), or None for the size in the file.
      interpolation: how to resize: "nearest", "bilinear", "bicubic", "hamming", "box", "lanczos".

    Returns:
      A Pillow image.

    Raises:
      ImportError: without Pillow.
      ValueError: for another color_mode or interpolation.
    """
    image_module = pillow("load_img").Image
    if grayscale:
        warnings.warn('grayscale is deprecated. Please use color_mode="grayscale"')
        color_mode = "grayscale"
    if color_mode not in _MODES:
        raise ValueError('color_mode must be "grayscale", "rgb", or "rgba", got %r' % (color_mode,))
    with open(path, "rb") as file:
        image = image_module.open(file)
        image.load()
    keep = _GRAY_MODES if color_mode == "grayscale" else (_MODES[color_mode],)
    if image.mode not in keep:
        image = image.convert(_MODES[color_mode])
    if target_size is not None:
        width_height = (target_size[1], target_size[0])
        if image.size != width_height:
            if interpolation not in _INTERPOLATIONS:
                raise ValueError(
                    "Invalid interpolation method %s specified. Supported methods are %s"
                    % (interpolation, ", ".join(_INTERPOLATIONS))
                )
            image = image.resize(
                width_height, getattr(image_module.Resampling, interpolation.upper())
            )
    return image


def img_to_array(img, data_format=None, dtype=None):
    """A Pillow image as an array.

    Args:
      img: Pillow image, or array [height, width] or [height, width, channels].
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      dtype: of the array; None takes K.floatx().

    Returns:
      Array [height, width, channels] or [channels, height, width].

    Raises:
      ValueError: for another data_format or rank.
    """
    data_format = checked_format(data_format)
    x = np.asarray(img, dtype=K.floatx() if dtype is None else dtype)
    if x.ndim == 2:
        x = x[:, :, np.newaxis]
    if x.ndim != 3:
        raise ValueError("Unsupported image shape: %s" % (x.shape,))
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x


def array_to_img(x, data_format=None, scale=True, dtype=None):
    """An array as a Pillow image.

    Args:
      x: array [height, width, channels] or [channels, height, width] with 1, 3 or 4 channels.
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      scale: whether the range of the values is stretched to 0..255.
      dtype: type to compute in; None takes K.floatx().

    Raises:
      ImportError: without Pillow.
      ValueError: for another rank, data_format or number of channels.
    """
    image_module = pillow("array_to_img").Image
    x = np.asarray(x, dtype=K.floatx() if dtype is None else dtype)
    if x.ndim != 3:
        raise ValueError(
            "Expected image array to have rank 3 (single image). Got array with shape: %s"
            % (x.shape,)
        )
    if checked_format(data_format) == "channels_first":
        x = x.transpose(1, 2, 0)
    if x.shape[2] not in CHANNELS.values():
        raise ValueError("Unsupported channel number: %s" % x.shape[2])
    if scale and x.size:
        x = x - x.min()
        greatest = x.max()
        if greatest != 0:
            x = x / greatest
        x = x * 255
    if x.shape[2] == 1:
        x = x[:, :, 0]
        if x.size and x.max() > 255:  # more than 8 bits
            return image_module.fromarray(x.astype("int32"))
    # By way of int64, so that values outside of a byte wrap around the same way everywhere.
    return image_module.fromarray(np.ascontiguousarray(x.astype("int64").astype("uint8")))


def save_img(path, x, data_format=None, file_format=None, scale=True, **kwargs):
    """Writes an array to an image file.

    Args:
      path: path or file object.
      x: array of one image.
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      file_format: such as "png"; None takes it from the ending of the path.
      scale: as in `array_to_img`.
      **kwargs: for Pillow's `Image.save`.
    """
    image = array_to_img(x, data_format=data_format, scale=scale)
    ending = file_format or os.path.splitext(str(path))[1][1:]
    if ending.lower() in ("jpg", "jpeg"):
        if image.mode == "RGBA":
            warnings.warn("The JPG format does not support RGBA images, converting to RGB.")
            image = image.convert("RGB")
        file_format = "jpeg"
    image.save(path, format=file_format, **kwargs)
