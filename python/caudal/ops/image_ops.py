# SPDX-License-Identifier: Apache-2.0
"""Images moved, mirrored, cut and padded; pixels of other dtypes."""

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.tensor import Tensor
from caudal.ops import (
    array_ops,
    control_flow_ops,
    image_checks,
    math_ops,
    random_ops,
    shape_ops,
)


def _same_shape(image, result):
    """A mirrored image has the shape of the image, unless its rank is unknown."""
    if image.shape.rank is None:
        result.set_shape([None, None, None])
    else:
        result.set_shape(image.shape)
    return result


def _flip(image, axis, scope_name):
    with ops.name_scope(None, scope_name, [image]):
        image = image_checks.to_image(image)
        image = image_checks.after(image_checks.check_at_least_3d(image, False), image)
        rank = image.shape.rank
        if rank is None or rank == 3:
            return _same_shape(image, array_ops.reverse(image, [axis]))
        if rank == 4:
            return array_ops.reverse(image, [axis + 1])
        raise ValueError("'image' must have either 3 or 4 dimensions.")


def flip_left_right(image):
    """Mirrors images left to right. Op: ReverseV2.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
    """
    return _flip(image, 1, "flip_left_right")


def flip_up_down(image):
    """Mirrors images upside down. Op: ReverseV2.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
    """
    return _flip(image, 0, "flip_up_down")


def _random_flip(image, axis, seed, scope_name):
    with ops.name_scope(None, scope_name, [image]) as scope:
        image = image_checks.to_image(image)
        image = image_checks.after(image_checks.check_at_least_3d(image, False), image)
        rank = image.shape.rank
        if rank is None or rank == 3:
            drawn = random_ops.random_uniform([], 0, 1.0, seed=seed)
            mirrored = control_flow_ops.cond(
                math_ops.less(drawn, 0.5),
                lambda: array_ops.reverse(image, [axis]),
                lambda: image,
                name=scope,
            )
            return _same_shape(image, mirrored)
        if rank == 4:
            batch = shape_ops.shape(image)[0]
            drawn = random_ops.random_uniform([batch], 0, 1.0, seed=seed)
            flips = math_ops.round(array_ops.reshape(drawn, [batch, 1, 1, 1]))
            flips = math_ops.cast(flips, image.dtype)
            mirrored = array_ops.reverse(image, [axis + 1])
            return flips * mirrored + (1 - flips) * image
        raise ValueError("'image' must have either 3 or 4 dimensions.")


def random_flip_left_right(image, seed=None):
    """Mirrors each image left to right with probability one half.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      seed: int, see `set_random_seed`.
    """
    return _random_flip(image, 1, seed, "random_flip_left_right")


def random_flip_up_down(image, seed=None):
    """Mirrors each image upside down with probability one half.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      seed: int, see `set_random_seed`.
    """
    return _random_flip(image, 0, seed, "random_flip_up_down")


def rot90(image, k=1, name=None):
    """Turns images counter-clockwise by k quarters.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      k: int scalar, may be a tensor.
      name: name of the result.
    """
    with ops.name_scope(name, "rot90", [image, k]) as scope:
        image = image_checks.to_image(image)
        image = image_checks.after(image_checks.check_at_least_3d(image, False), image)
        k = ops.convert_to_tensor(k, dtype=dtypes.int32, name="k")
        k.shape.assert_has_rank(0)
        rank = image.shape.rank
        if rank not in (None, 3, 4):
            raise ValueError("'image' must have either 3 or 4 dimensions.")
        first = 1 if rank == 4 else 0
        order = [0, 2, 1, 3] if rank == 4 else [1, 0, 2]

        def turned(quarters):
            if quarters == 1:
                return array_ops.transpose(array_ops.reverse(image, [first + 1]), order)
            if quarters == 2:
                return array_ops.reverse(image, [first, first + 1])
            if quarters == 3:
                return array_ops.reverse(array_ops.transpose(image, order), [first + 1])
            return image

        known = tensor_util.constant_value(k)
        if known is not None:
            result = array_ops.identity(turned(int(known) % 4), name=scope)
        else:
            k = math_ops.mod(k, 4)
            result = control_flow_ops.case(
                [(math_ops.equal(k, i), lambda i=i: turned(i)) for i in (1, 2, 3)],
                default=lambda: image,
                exclusive=True,
                name=scope,
            )
        if rank != 4:
            result.set_shape([None, None, image.shape.as_list()[2] if rank else None])
        else:
            sizes = image.shape.as_list()
            result.set_shape([sizes[0], None, None, sizes[3]])
        return result


def transpose(image, name=None):
    """Swaps rows and columns of images. Op: Transpose.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      name: name of the result.
    """
    with ops.name_scope(name, "transpose", [image]):
        image = image_checks.to_image(image)
        image = image_checks.after(image_checks.check_at_least_3d(image, False), image)
        rank = image.shape.rank
        if rank is None or rank == 3:
            return array_ops.transpose(image, [1, 0, 2], name="transpose_image")
        if rank == 4:
            return array_ops.transpose(image, [0, 2, 1, 3], name="transpose_image")
        raise ValueError("'image' must have either 3 or 4 dimensions.")


transpose_image = transpose


def central_crop(image, central_fraction):
    """The middle of images.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      central_fraction: part of each side that stays, in (0, 1].

    Raises:
      ValueError: for another fraction or rank.
    """
    with ops.name_scope(None, "central_crop", [image]):
        image = image_checks.to_image(image)
        if central_fraction <= 0.0 or central_fraction > 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        checks = image_checks.check_at_least_3d(image, False)
        rank = image.shape.rank
        if rank not in (3, 4):
            raise ValueError(
                "`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = %s." % rank
            )
        image = image_checks.after(checks, image)
        sizes = image_checks.dimensions(image, rank)
        first = rank - 3

        def middle(size):
            if isinstance(size, Tensor):
                wide = math_ops.cast(size, dtypes.float64)
                start = math_ops.cast((wide - wide * central_fraction) / 2, dtypes.int32)
            else:
                start = int((float(size) - float(size) * central_fraction) / 2)
            return start, size - start * 2

        rows, height = middle(sizes[first])
        columns, width = middle(sizes[first + 1])
        begin = array_ops.stack([0] * first + [rows, columns, 0])
        size = array_ops.stack([-1] * first + [height, width, -1])
        result = array_ops.slice(image, begin, size)
        known = image_checks.static_sizes([height, width])
        static = image.shape.as_list()
        result.set_shape(static[:first] + known + static[-1:])
        return result


def pad_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """Zeros around images.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      offset_height, offset_width: rows above and columns on the left.
      target_height, target_width: size of the result.

    Raises:
      ValueError: if the image does not fit.
    """
    with ops.name_scope(None, "pad_to_bounding_box", [image]):
        image = image_checks.to_image(image)
        image, is_batch = image_checks.as_batch(image)
        checks = image_checks.check_at_least_3d(image, require_static=False)
        batch, height, width, depth = image_checks.dimensions(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        require = image_checks.require
        checks += require(offset_height >= 0, ValueError, "offset_height must be >= 0")
        checks += require(offset_width >= 0, ValueError, "offset_width must be >= 0")
        checks += require(right >= 0, ValueError, "width must be <= target - offset")
        checks += require(below >= 0, ValueError, "height must be <= target - offset")
        image = image_checks.after(checks, image)
        paddings = array_ops.reshape(
            array_ops.stack([0, 0, offset_height, below, offset_width, right, 0, 0]), [4, 2]
        )
        padded = array_ops.pad(image, paddings)
        padded.set_shape(image_checks.static_sizes([batch, target_height, target_width, depth]))
        return padded if is_batch else array_ops.squeeze(padded, axis=[0])


def crop_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """A window of images.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      offset_height, offset_width: first row and column of the window.
      target_height, target_width: its size.

    Raises:
      ValueError: if the window is not inside the image.
    """
    with ops.name_scope(None, "crop_to_bounding_box", [image]):
        image = image_checks.to_image(image)
        image, is_batch = image_checks.as_batch(image)
        checks = image_checks.check_at_least_3d(image, require_static=False)
        batch, height, width, depth = image_checks.dimensions(image, 4)
        require = image_checks.require
        checks += require(offset_width >= 0, ValueError, "offset_width must be >= 0.")
        checks += require(offset_height >= 0, ValueError, "offset_height must be >= 0.")
        checks += require(target_width > 0, ValueError, "target_width must be > 0.")
        checks += require(target_height > 0, ValueError, "target_height must be > 0.")
        checks += require(
            width >= target_width + offset_width, ValueError, "width must be >= target + offset."
        )
        checks += require(
            height >= target_height + offset_height, ValueError,
            "height must be >= target + offset.",
        )  # fmt: skip
        image = image_checks.after(checks, image)
        cropped = array_ops.slice(
            image,
            array_ops.stack([0, offset_height, offset_width, 0]),
            array_ops.stack([-1, target_height, target_width, -1]),
        )
        cropped.set_shape(image_checks.static_sizes([batch, target_height, target_width, depth]))
        return cropped if is_batch else array_ops.squeeze(cropped, axis=[0])


def _larger(a, b):
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return math_ops.maximum(a, b)
    return max(a, b)


def _smaller(a, b):
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return math_ops.minimum(a, b)
    return min(a, b)


def resize_image_with_crop_or_pad(image, target_height, target_width):
    """Cuts or pads images around the middle until they have the wanted size.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      target_height, target_width: positive.

    Raises:
      ValueError: for a size that is not positive.
    """
    with ops.name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image = image_checks.to_image(image)
        image, is_batch = image_checks.as_batch(image)
        checks = image_checks.check_at_least_3d(image, require_static=False)
        require = image_checks.require
        checks += require(target_width > 0, ValueError, "target_width must be > 0.")
        checks += require(target_height > 0, ValueError, "target_height must be > 0.")
        image = image_checks.after(checks, image)
        if isinstance(target_height, Tensor):
            target_height = image_checks.after(checks, target_height)
        if isinstance(target_width, Tensor):
            target_width = image_checks.after(checks, target_width)
        _, height, width, _ = image_checks.dimensions(image, 4)
        wider, higher = target_width - width, target_height - height
        cropped = crop_to_bounding_box(
            image, _larger(-higher // 2, 0), _larger(-wider // 2, 0),
            _smaller(target_height, height), _smaller(target_width, width),
        )  # fmt: skip
        resized = pad_to_bounding_box(
            cropped, _larger(higher // 2, 0), _larger(wider // 2, 0), target_height, target_width
        )
        return resized if is_batch else array_ops.squeeze(resized, axis=[0])


resize_with_crop_or_pad = resize_image_with_crop_or_pad


def convert_image_dtype(image, dtype, saturate=False, name=None):
    """Pixels in another dtype: floats lie in [0, 1], integers in their whole range.

    Args:
      image: a tensor of any shape.
      dtype: of the result.
      saturate: clips what does not fit.
      name: name of the result.
    """
    image = image_checks.to_image(image)
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    if dtype == image.dtype:
        return array_ops.identity(image, name=name)
    convert = math_ops.saturate_cast if saturate else math_ops.cast
    with ops.name_scope(name, "convert_image", [image]) as scope:
        if image.dtype.is_integer and dtype.is_integer:
            most_in, most_out = image.dtype.max, dtype.max
            if most_in > most_out:
                scaled = math_ops.floordiv(image, (most_in + 1) // (most_out + 1))
                return convert(scaled, dtype, name=scope)
            return math_ops.multiply(
                convert(image, dtype), (most_out + 1) // (most_in + 1), name=scope
            )
        if image.dtype.is_floating and dtype.is_floating:
            return math_ops.cast(image, dtype, name=scope)
        if image.dtype.is_integer:
            wide = math_ops.cast(image, dtype)
            return math_ops.multiply(wide, 1.0 / image.dtype.max, name=scope)
        return convert(math_ops.multiply(image, dtype.max + 0.5), dtype, name=scope)


def per_image_standardization(image):
    """Each image with mean 0 and deviation 1; nearly even images are not blown up.

    Args:
      image: [..., height, width, channels].
    """
    with ops.name_scope(None, "per_image_standardization", [image]) as scope:
        image = image_checks.to_image(image)
        image = image_checks.after(image_checks.check_at_least_3d(image, False), image)
        original = image.dtype
        if original not in (dtypes.float16, dtypes.float32):
            image = convert_image_dtype(image, dtypes.float32)
        axes = [-1, -2, -3]
        pixels = math_ops.reduce_prod(shape_ops.shape(image)[-3:])
        mean = math_ops.reduce_mean(image, axis=axes, keepdims=True)
        deviation = math_ops.reduce_std(image, axis=axes, keepdims=True)
        least = math_ops.rsqrt(math_ops.cast(pixels, image.dtype))
        scaled = math_ops.div(image - mean, math_ops.maximum(deviation, least), name=scope)
        return convert_image_dtype(scaled, original, saturate=True)


def total_variation(images, name=None):
    """Sum of the absolute differences of neighbouring pixels.

    Args:
      images: [height, width, channels], gives a scalar; or [batch, height, width, channels].
      name: name of the result.
    """
    with ops.name_scope(name, "total_variation"):
        images = ops.convert_to_tensor(images)
        rank = images.shape.rank
        if rank not in (3, 4):
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        axes = None if rank == 3 else [1, 2, 3]
        down = images[..., 1:, :, :] - images[..., :-1, :, :]
        across = images[..., :, 1:, :] - images[..., :, :-1, :]
        return math_ops.reduce_sum(math_ops.abs(down), axis=axes) + math_ops.reduce_sum(
            math_ops.abs(across), axis=axes
        )


def image_gradients(image):
    """Differences to the next row and to the next column; 0 in the last ones.

    Args:
      image: [batch, height, width, channels].

    Returns:
      (dy, dx)

    Raises:
      ValueError: for another rank.
    """
    image = image_checks.to_image(image)
    if image.shape.rank != 4:
        raise ValueError(
            "image_gradients expects a 4D tensor [batch_size, h, w, d], not %s." % image.shape
        )
    batch, height, width, depth = array_ops.unstack(shape_ops.shape(image))
    dy = image[:, 1:, :, :] - image[:, :-1, :, :]
    dx = image[:, :, 1:, :] - image[:, :, :-1, :]
    row = array_ops.zeros(array_ops.stack([batch, 1, width, depth]), image.dtype)
    column = array_ops.zeros(array_ops.stack([batch, height, 1, depth]), image.dtype)
    dy = array_ops.reshape(array_ops.concat([dy, row], 1), shape_ops.shape(image))
    dx = array_ops.reshape(array_ops.concat([dx, column], 2), shape_ops.shape(image))
    return dy, dx


def extract_patches(images, sizes, strides, rates, padding, name=None):
    """Windows of images laid into the channels. Op: ExtractImagePatches.

    Args:
      images: [batch, height, width, channels].
      sizes, strides, rates: four ints each, the first and the last are 1.
      padding: "SAME" or "VALID".
      name: name of the node.
    """
    return apply(
        "ExtractImagePatches", images, ksizes=sizes, strides=strides, rates=rates,
        padding=padding, name=name,
    )  # fmt: skip
