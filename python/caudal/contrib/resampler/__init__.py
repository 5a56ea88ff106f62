# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.resampler`: images read between their pixels."""

from caudal.framework import ops, tensor_shape
from caudal.ops import array_ops, math_ops

__all__ = ["resampler"]


def resampler(data, warp, name="resampler"):
    """Bilinear samples of images; what lies outside of an image is zero.

    Args:
      data: float images [batch, height, width, channels].
      warp: points (x, y) in pixels, [batch, ..., 2], of the dtype of `data`.
      name: name of the ops.

    Returns:
      [batch, ..., channels]. It has gradients towards both arguments.

    Raises:
      ValueError: shapes that do not fit.
    """
    with ops.name_scope(name, "resampler", [data, warp]):
        data = ops.convert_to_tensor(data, name="data")
        warp = ops.convert_to_tensor(warp, dtype=data.dtype, name="warp")
        data.shape.assert_has_rank(4)
        if warp.shape.ndims is None or warp.shape.ndims < 2:
            raise ValueError("warp should be at least a matrix, got shape %s" % warp.shape)
        warp.shape[-1:].assert_is_compatible_with([2])
        warp.shape[:1].assert_is_compatible_with(data.shape[:1])
        batch, height, width, channels = array_ops.unstack(array_ops.shape(data))
        points = array_ops.reshape(warp, [batch, -1, 2])
        x, y = points[..., 0], points[..., 1]
        left, top = math_ops.floor(x), math_ops.floor(y)
        image = array_ops.zeros_like(x, dtype="int32") + array_ops.range(batch)[:, None]
        total = 0
        for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
            weight = (1 - math_ops.abs(x - column)) * (1 - math_ops.abs(y - row))
            # Far points must not overflow the integers.
            column = _clipped(column, width)
            row = _clipped(row, height)
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            at = array_ops.stack(
                [
                    image,
                    math_ops.minimum(math_ops.maximum(row, 0), height - 1),
                    math_ops.minimum(math_ops.maximum(column, 0), width - 1),
                ],
                axis=-1,
            )
            weight = array_ops.where(inside, weight, array_ops.zeros_like(weight))
            total += weight[..., None] * array_ops.gather_nd(data, at)
        shape = array_ops.concat([array_ops.shape(warp)[:-1], [channels]], 0)
        result = array_ops.reshape(total, shape)
        result.set_shape(warp.shape[:-1].concatenate(tensor_shape.TensorShape([data.shape[3]])))
        return result


def _clipped(positions, size):
    """Whole positions as integers from -1 to `size`; NaN lies outside."""
    size = math_ops.cast(size, positions.dtype)
    positions = array_ops.where(
        math_ops.is_nan(positions), -array_ops.ones_like(positions), positions
    )
    return math_ops.cast(math_ops.minimum(math_ops.maximum(positions, -1), size), "int32")
