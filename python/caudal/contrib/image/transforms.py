# SPDX-License-Identifier: Apache-2.0
"""Projective transforms of images. A transform is eight numbers a0 a1 a2 b0 b1 b2 c0 c1: the pixel
(x, y) of the result is that at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) of the image, with
k = c0 x + c1 y + 1."""

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops, matmul_ops, shape_ops

_IMAGE_DTYPES = (dtypes.uint8, dtypes.int32, dtypes.int64, dtypes.float16, dtypes.float32,
                 dtypes.float64)  # fmt: skip


def _as_rows(value, what, columns=None):
    """A vector becomes a matrix of one row."""
    rank = value.shape.rank
    if rank is None:
        raise TypeError("%s rank must be statically known" % what)
    wide = 0 if columns is None else 1
    if rank == wide:
        return value[None]
    if rank == wide + 1:
        return value
    raise TypeError("%s should have rank %d or %d." % (what.capitalize(), wide, wide + 1))


def _as_images(images):
    rank = images.shape.rank
    if rank is None:
        raise TypeError("image_or_images rank must be statically known")
    if rank == 2:
        return images[None, :, :, None]
    if rank == 3:
        return images[None]
    if rank == 4:
        return images
    raise TypeError("Images should have rank between 2 and 4.")


def transform(images, transforms, interpolation="NEAREST", output_shape=None, name=None):
    """Images seen through projective transforms. Op: ImageProjectiveTransformV2.

    Args:
      images: [batch, height, width, channels], [height, width, channels] or [height, width]; uint8,
        int32, int64 or floats.
      transforms: float32 [8], or one row for each image.
      interpolation: "NEAREST" or "BILINEAR".
      output_shape: int32 [2]: height and width of the result, by default those of the images.
      name: name of the node.

    Raises:
      TypeError: for another rank or dtype.
    """
    with ops.name_scope(name, "transform"):
        given = ops.convert_to_tensor(images, name="images")
        if given.dtype.base_dtype not in _IMAGE_DTYPES:
            raise TypeError("Invalid dtype %s." % given.dtype)
        images = _as_images(given)
        if output_shape is None:
            output_shape = shape_ops.shape(images)[1:3]
        output_shape = ops.convert_to_tensor(output_shape, dtypes.int32, name="output_shape")
        if not output_shape.shape.is_compatible_with([2]):
            raise ValueError("output_shape must be a 1-D Tensor of 2 elements: "
                             "new_height, new_width")  # fmt: skip
        transforms = ops.convert_to_tensor(transforms, name="transforms", dtype=dtypes.float32)
        rank = transforms.shape.rank
        if rank is None:
            raise TypeError("transform_or_transforms rank must be statically known")
        if rank not in (1, 2):
            raise TypeError("Transforms should have rank 1 or 2.")
        result = apply(
            "ImageProjectiveTransformV2", images, transforms[None] if rank == 1 else transforms,
            output_shape, interpolation=interpolation.upper(),
        )  # fmt: skip
        known = tensor_util.constant_value(output_shape)
        height, width = (None, None) if known is None else known
        result.set_shape([images.shape.as_list()[0], height, width, images.shape.as_list()[3]])
        if given.shape.rank == 2:
            return result[0, :, :, 0]
        return result[0] if given.shape.rank == 3 else result


def rotate(images, angles, interpolation="NEAREST", name=None):
    """Images turned counter-clockwise around their middle.

    Args:
      images: as in `transform`.
      angles: float32 scalar or [batch], in radians.
      interpolation: "NEAREST" or "BILINEAR".
      name: name of the result.
    """
    with ops.name_scope(name, "rotate"):
        given = ops.convert_to_tensor(images)
        images = _as_images(given)
        sizes = math_ops.cast(shape_ops.shape(images)[1:3], dtypes.float32)
        turned = transform(
            images, angles_to_projective_transforms(angles, sizes[0], sizes[1]), interpolation
        )
        if given.shape.rank == 2:
            return turned[0, :, :, 0]
        return turned[0] if given.shape.rank == 3 else turned


def translate(images, translations, interpolation="NEAREST", name=None):
    """Images moved by (dx, dy).

    Args:
      images: as in `transform`.
      translations: float32 [2] or [batch, 2].
      interpolation: "NEAREST" or "BILINEAR".
      name: name of the result.
    """
    with ops.name_scope(name, "translate"):
        return transform(images, translations_to_projective_transforms(translations), interpolation)


def angles_to_projective_transforms(angles, image_height, image_width, name=None):
    """Transforms that turn images around their middle.

    Args:
      angles: scalar or vector, in radians, counter-clockwise.
      image_height, image_width: scalars.
      name: name of the result.

    Returns:
      float32 [n, 8].
    """
    with ops.name_scope(name, "angles_to_projective_transforms"):
        angles = ops.convert_to_tensor(angles, name="angles", dtype=dtypes.float32)
        angles = _as_rows(angles, "angles")
        cos, sin = math_ops.cos(angles)[:, None], math_ops.sin(angles)[:, None]
        right, bottom = (math_ops.cast(v, dtypes.float32) - 1 for v in (image_width, image_height))
        x = (right - (cos * right - sin * bottom)) / 2.0
        y = (bottom - (sin * right + cos * bottom)) / 2.0
        rest = array_ops.zeros(array_ops.stack([shape_ops.shape(angles)[0], 2]), dtypes.float32)
        return array_ops.concat([cos, -sin, x, sin, cos, y, rest], axis=1)


def translations_to_projective_transforms(translations, name=None):
    """Transforms that move images by (dx, dy).

    Args:
      translations: [2] or [n, 2].
      name: name of the result.

    Returns:
      float32 [n, 8].
    """
    with ops.name_scope(name, "translations_to_projective_transforms"):
        moves = ops.convert_to_tensor(translations, name="translations", dtype=dtypes.float32)
        if moves.shape.rank is None:
            raise TypeError("translation_or_translations rank must be statically known")
        if moves.shape.rank not in (1, 2):
            raise TypeError("Translations should have rank 1 or 2.")
        moves = moves[None] if moves.shape.rank == 1 else moves
        ones = array_ops.ones(array_ops.stack([shape_ops.shape(moves)[0], 1]), dtypes.float32)
        zeros = array_ops.zeros_like(ones)
        return array_ops.concat(
            [ones, zeros, -moves[:, :1], zeros, ones, -moves[:, 1:], zeros, zeros], axis=1
        )


def flat_transforms_to_matrices(transforms):
    """Transforms [n, 8] or [8] as matrices [n, 3, 3]."""
    with ops.name_scope("flat_transforms_to_matrices"):
        transforms = ops.convert_to_tensor(transforms, name="transforms")
        rank = transforms.shape.rank
        if rank not in (1, 2):
            raise ValueError("Transforms should be 1D or 2D, got: %s" % transforms)
        flat = array_ops.reshape(transforms, [-1, 8])
        ones = array_ops.ones(array_ops.stack([shape_ops.shape(flat)[0], 1]), flat.dtype)
        return array_ops.reshape(array_ops.concat([flat, ones], axis=1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices):
    """Matrices [n, 3, 3] or [3, 3] as transforms [n, 8]."""
    with ops.name_scope("matrices_to_flat_transforms"):
        matrices = ops.convert_to_tensor(transform_matrices, name="transform_matrices")
        if matrices.shape.rank not in (2, 3):
            raise ValueError("Matrices should be 2D or 3D, got: %s" % matrices)
        flat = array_ops.reshape(matrices, [-1, 9])
        return (flat / flat[:, 8:9])[:, :8]


def compose_transforms(*transforms):
    """One transform for several: the first of them is applied last.

    Args:
      *transforms: [8] or [n, 8] each.

    Returns:
      [n, 8].
    """
    if not transforms:
        raise AssertionError("transforms cannot be empty")
    with ops.name_scope("compose_transforms"):
        product = flat_transforms_to_matrices(transforms[0])
        for other in transforms[1:]:
            product = matmul_ops.matmul(product, flat_transforms_to_matrices(other))
        return matrices_to_flat_transforms(product)
