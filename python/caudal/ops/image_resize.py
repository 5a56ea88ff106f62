# SPDX-License-Identifier: Apache-2.0
"""Images at another size."""

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.tensor import Tensor
from caudal.ops import array_ops, image_checks, math_ops
from caudal.ops.image_ops import pad_to_bounding_box


class ResizeMethod:
    """How pixels between pixels are found."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


def resize_bilinear(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """Weighs the four nearest pixels. Op: ResizeBilinear.

    Args:
      images: [batch, height, width, channels].
      size: int32 [2].
      align_corners: the corner pixels of both images are the same.
      name: name of the node.
      half_pixel_centers: pixels have their centre in the middle.

    Returns:
      float32.
    """
    return apply("ResizeBilinear", images, size, align_corners=align_corners,
                 half_pixel_centers=half_pixel_centers, name=name)  # fmt: skip


def resize_bicubic(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """Weighs sixteen pixels. Op: ResizeBicubic. Arguments as in `resize_bilinear`."""
    return apply("ResizeBicubic", images, size, align_corners=align_corners,
                 half_pixel_centers=half_pixel_centers, name=name)  # fmt: skip


def resize_nearest_neighbor(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """Takes the nearest pixel. Op: ResizeNearestNeighbor. Arguments as in `resize_bilinear`."""
    return apply("ResizeNearestNeighbor", images, size, align_corners=align_corners,
                 half_pixel_centers=half_pixel_centers, name=name)  # fmt: skip


def resize_area(images, size, align_corners=False, name=None):
    """Means of the areas that pixels cover. Op: ResizeArea. Arguments as in `resize_bilinear`."""
    return apply("ResizeArea", images, size, align_corners=align_corners, name=name)


_BY_METHOD = {
    ResizeMethod.BILINEAR: resize_bilinear, "bilinear": resize_bilinear,
    ResizeMethod.NEAREST_NEIGHBOR: resize_nearest_neighbor, "nearest": resize_nearest_neighbor,
    ResizeMethod.BICUBIC: resize_bicubic, "bicubic": resize_bicubic,
    ResizeMethod.AREA: resize_area, "area": resize_area,
}  # fmt: skip


def resize_images(
    images, size, method=ResizeMethod.BILINEAR, align_corners=False, preserve_aspect_ratio=False,
    name=None,
):  # fmt: skip
    """Images at another size. Ops: ResizeBilinear and others.

    Args:
      images: [height, width, channels] or [batch, height, width, channels].
      size: int32 [2]: height, width.
      method: a `ResizeMethod`, or its name.
      align_corners: the corner pixels of both images are the same.
      preserve_aspect_ratio: the largest size within `size` that keeps the sides' ratio.
      name: name of the result.

    Returns:
      float32; the dtype of the images for the nearest neighbour, and if the size is the same.

    Raises:
      ValueError: for another rank, size or method.
    """
    with ops.name_scope(name, "resize", [images, size]):
        images = ops.convert_to_tensor(images, name="images")
        rank = images.shape.rank
        if rank is None:
            raise ValueError("'images' contains no shape.")
        is_batch = rank == 4
        if rank == 3:
            images = array_ops.expand_dims(images, 0)
        elif rank != 4:
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        batch, height, width, depth = images.shape.as_list()
        try:
            size = ops.convert_to_tensor(size, dtypes.int32, name="size")
        except (TypeError, ValueError):
            raise ValueError("'size' must be a 1-D int32 Tensor") from None
        if not size.shape.is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        if preserve_aspect_ratio:
            size = _largest_within(images, size)
        new_height, new_width = _known_size(size)

        def squeezed(result):
            return result if is_batch else array_ops.squeeze(result, axis=[0])

        if None not in (height, width) and (height, width) == (new_height, new_width):
            return squeezed(images)
        resize = _BY_METHOD.get(method) if isinstance(method, (int, str)) else None
        if resize is None:
            raise ValueError("Resize method is not implemented.")
        images = resize(images, size, align_corners=align_corners)
        images.set_shape([None, new_height, new_width, None])
        return squeezed(images)


def _known_size(size):
    value = tensor_util.constant_value(size)
    if value is not None:
        return int(value[0]), int(value[1])
    shape = tensor_util.constant_value_as_shape(size)
    return tuple(shape.as_list()) if shape.rank == 2 else (None, None)


def _largest_within(images, size):
    _, height, width, _ = image_checks.dimensions(images, 4)
    value = tensor_util.constant_value(size)
    if value is not None and not isinstance(height, Tensor) and not isinstance(width, Tensor):
        factor = min(float(value[0]) / height, float(value[1]) / width)
        return ops.convert_to_tensor(
            [int(round(factor * height)), int(round(factor * width))], dtypes.int32, name="size"
        )
    height, width = (math_ops.cast(v, dtypes.float32) for v in (height, width))
    factor = math_ops.minimum(
        math_ops.cast(size[0], dtypes.float32) / height,
        math_ops.cast(size[1], dtypes.float32) / width,
    )
    return array_ops.stack(
        [math_ops.cast(math_ops.round(factor * v), dtypes.int32) for v in (height, width)]
    )


resize = resize_images


def resize_image_with_pad(
    image, target_height, target_width, method=ResizeMethod.BILINEAR, align_corners=False
):
    """Images resized as much as the wanted size allows, with zeros around.

    Args:
      image: [height, width, channels] or [batch, height, width, channels].
      target_height, target_width: positive.
      method: a `ResizeMethod`.
      align_corners: see `resize_images`.

    Raises:
      ValueError: for a size that is not positive.
    """
    with ops.name_scope(None, "resize_image_with_pad", [image]):
        image = image_checks.to_image(image)
        image, is_batch = image_checks.as_batch(image)
        checks = image_checks.check_at_least_3d(image, require_static=False)
        require = image_checks.require
        checks += require(target_width > 0, ValueError, "target_width must be > 0.")
        checks += require(target_height > 0, ValueError, "target_height must be > 0.")
        image = image_checks.after(checks, image)
        _, height, width, _ = image_checks.dimensions(image, 4)
        sides = [height, width, target_height, target_width]
        known = not any(isinstance(v, Tensor) for v in sides)
        if known:
            h, w, th, tw = (float(v) for v in sides)
            ratio = max(w / tw, h / th)
            new_height, new_width = h / ratio, w / ratio
            top = max(0, int((th - new_height) / 2 // 1))
            left = max(0, int((tw - new_width) / 2 // 1))
            size = [int(new_height // 1), int(new_width // 1)]
        else:
            h, w, th, tw = (math_ops.cast(v, dtypes.float64) for v in sides)
            ratio = math_ops.maximum(w / tw, h / th)
            new_height, new_width = h / ratio, w / ratio

            def whole(v):
                return math_ops.cast(math_ops.floor(v), dtypes.int32)

            top = math_ops.maximum(0, whole((th - new_height) / 2))
            left = math_ops.maximum(0, whole((tw - new_width) / 2))
            size = array_ops.stack([whole(new_height), whole(new_width)])
        resized = resize_images(image, size, method, align_corners=align_corners)
        padded = pad_to_bounding_box(resized, top, left, target_height, target_width)
        return padded if is_batch else array_ops.squeeze(padded, axis=[0])
