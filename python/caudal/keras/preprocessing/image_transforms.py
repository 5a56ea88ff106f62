# SPDX-License-Identifier: Apache-2.0
"""Turning, moving, shearing, zooming, brightening of single images, by given or random amounts.

Random amounts come from `np.random`.
"""

import functools

import numpy as np

from caudal.keras.preprocessing.image_files import array_to_img, img_to_array, pillow


def flip_axis(x, axis):
    """`x` mirrored along an axis."""
    return np.flip(np.asarray(x), axis)


def transform_matrix_offset_center(matrix, x, y):
    """The 3x3 transform that does `matrix` around the centre of an image of x rows, y columns."""
    center = np.eye(3)
    center[:2, 2] = float(x) / 2 + 0.5, float(y) / 2 + 0.5
    back = np.eye(3)
    back[:2, 2] = -center[:2, 2]
    return center @ matrix @ back


def _affine_matrix(theta, tx, ty, shear, zx, zy):
    """Product of turn, shift, shear and zoom, each only where it does something; None if none."""
    parts = []
    if theta != 0:
        cos, sin = np.cos(np.deg2rad(theta)), np.sin(np.deg2rad(theta))
        parts.append([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        parts.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        cos, sin = np.cos(np.deg2rad(shear)), np.sin(np.deg2rad(shear))
        parts.append([[1, -sin, 0], [0, cos, 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        parts.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    return functools.reduce(np.dot, map(np.array, parts)) if parts else None


def apply_affine_transform(
    x,
    theta=0,
    tx=0,
    ty=0,
    shear=0,
    zx=1,
    zy=1,
    row_axis=0,
    col_axis=1,
    channel_axis=2,
    fill_mode="nearest",
    cval=0.0,
    order=1,
):
    """Turns, moves, shears and zooms one image around its centre.

    Args:
      x: array of rank 3.
      theta: turn in degrees.
      tx, ty: shift along the rows and the columns, in pixels.
      shear: shear in degrees.
      zx, zy: zoom factors of rows and columns; above 1 shows more of the image.
      row_axis, col_axis, channel_axis: axes of `x`.
      fill_mode: what lies outside: "constant", "nearest", "reflect" or "wrap".
      cval: the value outside for "constant".
      order: of the spline that interpolates, 0 to 5.

    Returns:
      Array like `x`.

    Raises:
      ImportError: without SciPy, when there is something to do.
    """
    matrix = _affine_matrix(theta, tx, ty, shear, zx, zy)
    if matrix is None:
        return x
    try:
        from scipy import ndimage
    except ImportError:
        raise ImportError(
            "Image transformations need SciPy, which is not installed: pip install 'caudal[keras]'"
        ) from None
    matrix = transform_matrix_offset_center(matrix, x.shape[row_axis], x.shape[col_axis])
    channels = [
        ndimage.affine_transform(
            channel, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval
        )
        for channel in np.moveaxis(x, channel_axis, 0)
    ]
    return np.stack(channels, axis=channel_axis)


def apply_channel_shift(x, intensity, channel_axis=0):
    """Adds `intensity` to all values, held inside of the range that `x` has."""
    x = np.asarray(x)
    return np.clip(x + float(intensity), np.min(x), np.max(x))


def apply_brightness_shift(x, brightness, data_format="channels_last"):
    """Scales an image to 0..255 and multiplies its brightness.

    Args:
      x: array of one image.
      brightness: 0 gives black, 1 the image as it is.
      data_format: of `x`.

    Raises:
      ImportError: without Pillow.
    """
    enhance = pillow("apply_brightness_shift").ImageEnhance.Brightness
    image = array_to_img(x, data_format, dtype="float32")
    return img_to_array(enhance(image).enhance(brightness), data_format, dtype="float32")


def _pair(values, name):
    if len(values) != 2:
        raise ValueError(
            "`%s` should be a tuple or list of two floats. Received: %s" % (name, values)
        )
    return values


def random_zoom_factors(zoom_range):
    """(zx, zy) drawn from a range; a range of only 1 draws nothing."""
    low, high = zoom_range
    return (1, 1) if low == 1 and high == 1 else tuple(np.random.uniform(low, high, 2))


def _transformed(x, channel_axis, fill_mode, cval, order, **amounts):
    # The centre comes from axes 0 and 1 wherever rows and columns are: so it does in Keras, and a
    # seed has to give the images that it gives there.
    return apply_affine_transform(
        x, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=order, **amounts
    )


def random_rotation(
    x,
    rg,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    interpolation_order=1,
):
    """Turns one image by up to `rg` degrees either way; see `apply_affine_transform`."""
    theta = np.random.uniform(-rg, rg)
    return _transformed(x, channel_axis, fill_mode, cval, interpolation_order, theta=theta)


def random_shift(
    x,
    wrg,
    hrg,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    interpolation_order=1,
):
    """Moves one image by up to `wrg` of its width and `hrg` of its height either way."""
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return _transformed(x, channel_axis, fill_mode, cval, interpolation_order, tx=tx, ty=ty)


def random_shear(
    x,
    intensity,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    interpolation_order=1,
):
    """Shears one image by up to `intensity` degrees either way."""
    shear = np.random.uniform(-intensity, intensity)
    return _transformed(x, channel_axis, fill_mode, cval, interpolation_order, shear=shear)


def random_zoom(
    x,
    zoom_range,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    interpolation_order=1,
):
    """Zooms rows and columns of one image by factors from `zoom_range` = (low, high).

    Raises:
      ValueError: if the range has not two entries.
    """
    zx, zy = random_zoom_factors(_pair(zoom_range, "zoom_range"))
    return _transformed(x, channel_axis, fill_mode, cval, interpolation_order, zx=zx, zy=zy)


def random_channel_shift(x, intensity_range, channel_axis=0):
    """`apply_channel_shift` by up to `intensity_range` either way."""
    intensity = np.random.uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis=channel_axis)


def random_brightness(x, brightness_range):
    """`apply_brightness_shift` by a factor from `brightness_range` = (low, high).

    Raises:
      ValueError: if the range has not two entries.
    """
    low, high = _pair(brightness_range, "brightness_range")
    return apply_brightness_shift(x, np.random.uniform(low, high))
