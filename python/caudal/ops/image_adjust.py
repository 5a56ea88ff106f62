# SPDX-License-Identifier: Apache-2.0
"""Brightness, contrast, hue, saturation and colour spaces of images."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply, public
from caudal.framework.tensor import Tensor
from caudal.ops import (
    array_ops,
    check_ops,
    image_checks,
    image_files_ops,
    math_ops,
    matmul_ops,
    random_ops,
)
from caudal.ops.image_ops import convert_image_dtype

rgb_to_hsv = public("RGBToHSV", drop=("T",))
hsv_to_rgb = public("HSVToRGB", drop=("T",))


def _in_floats(image):
    """The image as float32, or as float16 if it is that."""
    if image.dtype in (dtypes.float16, dtypes.float32):
        return image
    return convert_image_dtype(image, dtypes.float32)


def adjust_brightness(image, delta):
    """Adds to all pixels; integers are taken as numbers in [0, 1] for it.

    Args:
      image: a tensor of any shape.
      delta: scalar.
    """
    with ops.name_scope(None, "adjust_brightness", [image, delta]) as name:
        image = image_checks.to_image(image)
        floats = _in_floats(image)
        brighter = math_ops.add(floats, math_ops.cast(delta, floats.dtype), name=name)
        return convert_image_dtype(brighter, image.dtype, saturate=True)


def adjust_contrast(images, contrast_factor):
    """Scales the distance of pixels to the mean of their image and channel. Op: AdjustContrastv2.

    Args:
      images: [..., height, width, channels].
      contrast_factor: scalar.
    """
    with ops.name_scope(None, "adjust_contrast", [images, contrast_factor]) as name:
        images = image_checks.to_image(images, "images")
        floats = _in_floats(images)
        scaled = apply("AdjustContrastv2", floats, contrast_factor, name=name)
        return convert_image_dtype(scaled, images.dtype, saturate=True)


def adjust_gamma(image, gamma=1, gain=1):
    """gain * image ** gamma.

    Args:
      image: a tensor of any shape; integers are taken as numbers in [0, 1].
      gamma: number that is not negative, or scalar tensor.
      gain: number.

    Raises:
      ValueError: if gamma is negative.
    """
    with ops.name_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = image_checks.to_image(image)
        floats = _in_floats(image)
        checks = image_checks.require(
            gamma >= 0, ValueError, "Gamma should be a non-negative real number."
        )
        if checks:
            gamma = image_checks.after(checks, gamma)
        return convert_image_dtype(gain * floats**gamma, image.dtype, saturate=True)


def adjust_hue(image, delta, name=None):
    """Turns the hue of RGB images. Op: AdjustHue.

    Args:
      image: [..., height, width, 3].
      delta: scalar in [-1, 1].
      name: name of the result.
    """
    with ops.name_scope(name, "adjust_hue", [image]):
        image = image_checks.to_image(image)
        turned = apply("AdjustHue", _in_floats(image), delta)
        return convert_image_dtype(turned, image.dtype, saturate=True)


def adjust_saturation(image, saturation_factor, name=None):
    """Scales the saturation of RGB images. Op: AdjustSaturation.

    Args:
      image: [..., height, width, 3].
      saturation_factor: scalar.
      name: name of the result.
    """
    with ops.name_scope(name, "adjust_saturation", [image]):
        image = image_checks.to_image(image)
        scaled = apply("AdjustSaturation", _in_floats(image), saturation_factor)
        return convert_image_dtype(scaled, image.dtype, saturate=True)


def adjust_jpeg_quality(image, jpeg_quality, name=None):
    """An image after encoding to and decoding from JPEG.

    Args:
      image: [height, width, 1 or 3].
      jpeg_quality: int in [0, 100], or scalar tensor.
      name: name of the result.
    """
    with ops.name_scope(name, "adjust_jpeg_quality", [image]):
        image = image_checks.to_image(image)
        original = image.dtype
        pixels = convert_image_dtype(image, dtypes.uint8, saturate=True)
        if isinstance(jpeg_quality, Tensor):
            contents = apply("EncodeJpegVariableQuality", pixels, jpeg_quality)
        else:
            contents = image_files_ops.encode_jpeg(pixels, quality=jpeg_quality)
        pixels = image_files_ops.decode_jpeg(contents)
        return convert_image_dtype(pixels, original, saturate=True)


def _check_range(lower, upper):
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


def random_brightness(image, max_delta, seed=None):
    """`adjust_brightness` by a random number in [-max_delta, max_delta).

    Args:
      image: a tensor of any shape.
      max_delta: not negative.
      seed: int, see `set_random_seed`.

    Raises:
      ValueError: for a negative `max_delta`.
    """
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random_ops.random_uniform([], -max_delta, max_delta, seed=seed))


def random_contrast(image, lower, upper, seed=None):
    """`adjust_contrast` by a random factor in [lower, upper).

    Args:
      image: [..., height, width, channels].
      lower, upper: 0 <= lower < upper.
      seed: int, see `set_random_seed`.

    Raises:
      ValueError: for another range.
    """
    _check_range(lower, upper)
    return adjust_contrast(image, random_ops.random_uniform([], lower, upper, seed=seed))


def random_saturation(image, lower, upper, seed=None):
    """`adjust_saturation` by a random factor in [lower, upper).

    Args:
      image: [..., height, width, 3].
      lower, upper: 0 <= lower < upper.
      seed: int, see `set_random_seed`.

    Raises:
      ValueError: for another range.
    """
    _check_range(lower, upper)
    return adjust_saturation(image, random_ops.random_uniform([], lower, upper, seed=seed))


def random_hue(image, max_delta, seed=None):
    """`adjust_hue` by a random number in [-max_delta, max_delta).

    Args:
      image: [..., height, width, 3].
      max_delta: in [0, 0.5].
      seed: int, see `set_random_seed`.

    Raises:
      ValueError: for another `max_delta`.
    """
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, random_ops.random_uniform([], -max_delta, max_delta, seed=seed))


def random_jpeg_quality(image, min_jpeg_quality, max_jpeg_quality, seed=None):
    """`adjust_jpeg_quality` with a random quality in [min_jpeg_quality, max_jpeg_quality).

    Args:
      image: [height, width, 1 or 3].
      min_jpeg_quality, max_jpeg_quality: ints in [0, 100].
      seed: int, see `set_random_seed`.

    Raises:
      ValueError: for another range.
    """
    if min(min_jpeg_quality, max_jpeg_quality) < 0 or max(min_jpeg_quality, max_jpeg_quality) > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random_ops.random_uniform(
        [], min_jpeg_quality, max_jpeg_quality, dtype=dtypes.int32, seed=seed
    )
    return adjust_jpeg_quality(image, quality)


# -- Colour spaces ---------------------------------------------------------------------------------


def rgb_to_grayscale(images, name=None):
    """Brightness of RGB images, with one channel.

    Args:
      images: [..., 3].
      name: name of the result.
    """
    with ops.name_scope(name, "rgb_to_grayscale", [images]) as name:
        images = image_checks.to_image(images, "images")
        floats = convert_image_dtype(images, dtypes.float32)
        gray = matmul_ops.tensordot(floats, [0.2989, 0.5870, 0.1140], [-1, -1])
        return convert_image_dtype(array_ops.expand_dims(gray, -1), images.dtype, name=name)


def grayscale_to_rgb(images, name=None):
    """Images with one channel, repeated three times.

    Args:
      images: [..., 1].
      name: name of the result.
    """
    with ops.name_scope(name, "grayscale_to_rgb", [images]) as name:
        images = image_checks.to_image(images, "images")
        rank = images.shape.rank
        if rank is not None:
            if rank < 2:
                raise ValueError("A grayscale image must be at least two-dimensional.")
            if images.shape.as_list()[-1] not in (None, 1):
                raise ValueError("Last dimension of a grayscale image should be size 1.")
            repeats = [1] * (rank - 1) + [3]
            if images.shape.as_list()[-1] is None:
                images = image_checks.after([_one_channel(images)], images)
        else:
            checks = [
                _one_channel(images),
                check_ops.assert_greater_equal(
                    array_ops.rank(images),
                    2,
                    message="A grayscale image must be at least two-dimensional.",
                ),
            ]
            images = image_checks.after(checks, images)
            ones = array_ops.ones([array_ops.rank(images) - 1], dtypes.int32)
            repeats = array_ops.concat([ones, [3]], 0)
        rgb = array_ops.tile(images, repeats, name=name)
        if rank is not None:
            rgb.set_shape(images.shape.as_list()[:-1] + [3])
        return rgb


def _one_channel(images):
    return check_ops.assert_equal(
        array_ops.shape(images)[-1],
        1,
        message="Last dimension of a grayscale image should be size 1.",
    )


def _mix(images, matrix):
    images = image_checks.to_image(images, "images")
    matrix = ops.convert_to_tensor(matrix, dtype=images.dtype, name="kernel")
    return matmul_ops.tensordot(images, matrix, axes=[[images.shape.rank - 1], [0]])


_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_FROM_YIQ = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_FROM_YUV = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]


def rgb_to_yiq(images):
    """RGB in [0, 1] to YIQ; images [..., 3] of floats."""
    return _mix(images, _YIQ)


def yiq_to_rgb(images):
    """YIQ to RGB; images [..., 3] of floats."""
    return _mix(images, _FROM_YIQ)


def rgb_to_yuv(images):
    """RGB in [0, 1] to YUV; images [..., 3] of floats."""
    return _mix(images, _YUV)


def yuv_to_rgb(images):
    """YUV to RGB; images [..., 3] of floats."""
    return _mix(images, _FROM_YUV)
