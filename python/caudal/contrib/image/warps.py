# SPDX-License-Identifier: Apache-2.0
"""Images warped by a flow, and splines that lay a flow through few points."""

import numpy as np

from caudal.framework import dtypes, ops
from caudal.ops import array_ops, linalg_impl, math_ops, matmul_ops, shape_ops, space_ops


def dense_image_warp(image, flow, name="dense_image_warp"):
    """Pixel (y, x) of the result is that at (y, x) - flow[y, x], between four pixels.

    Args:
      image: float [batch, height, width, channels], sides of at least 2.
      flow: float [batch, height, width, 2].
      name: name of the result.
    """
    with ops.name_scope(name):
        image, flow = ops.convert_to_tensor(image), ops.convert_to_tensor(flow)
        batch, height, width, channels = array_ops.unstack(shape_ops.shape(image))
        x, y = array_ops.meshgrid(array_ops.range(width), array_ops.range(height))
        grid = math_ops.cast(array_ops.stack([y, x], axis=2), flow.dtype)
        places = array_ops.reshape(grid[None] - flow, array_ops.stack([batch, height * width, 2]))
        result = _between(image, places)
        result = array_ops.reshape(result, array_ops.stack([batch, height, width, channels]))
        result.set_shape(image.shape)
        return result


def _between(image, places):
    """Bilinear values of image at places [batch, n, 2] (y, x); places outside are moved inside."""
    shape = shape_ops.shape(image)
    batch, height, width, channels = array_ops.unstack(shape)
    corners, weights = [], []
    for i, size in enumerate((height, width)):
        at = places[..., i]
        most = math_ops.cast(size - 2, at.dtype)
        low = math_ops.minimum(math_ops.maximum(math_ops.floor(at), 0.0), most)
        weight = math_ops.minimum(math_ops.maximum(at - low, 0.0), 1.0)
        corners.append(math_ops.cast(low, dtypes.int32))
        weights.append(math_ops.cast(weight, image.dtype)[..., None])
    flat = array_ops.reshape(image, array_ops.stack([batch * height * width, channels]))
    first = array_ops.reshape(array_ops.range(batch) * (height * width), [-1, 1])

    def pixel(dy, dx):
        return array_ops.gather(flat, first + (corners[0] + dy) * width + corners[1] + dx)

    v, u = weights
    top = pixel(0, 0) + u * (pixel(0, 1) - pixel(0, 0))
    bottom = pixel(1, 0) + u * (pixel(1, 1) - pixel(1, 0))
    return top + v * (bottom - top)


def _phi(squares, order):
    """The radial function of a polyharmonic spline, from squared distances."""
    squares = math_ops.maximum(squares, 1e-10)
    if order == 1:
        return math_ops.sqrt(squares)
    if order == 2:
        return 0.5 * squares * math_ops.log(squares)
    if order == 4:
        return 0.5 * math_ops.square(squares) * math_ops.log(squares)
    if order % 2 == 0:
        return 0.5 * math_ops.pow(squares, 0.5 * order) * math_ops.log(squares)
    return math_ops.pow(squares, 0.5 * order)


def _squared_distances(a, b):
    return math_ops.reduce_sum(
        math_ops.square(array_ops.expand_dims(a, 2) - array_ops.expand_dims(b, 1)), -1
    )


def interpolate_spline(
    train_points, train_values, query_points, order, regularization_weight=0.0,
    name="interpolate_spline",
):  # fmt: skip
    """A polyharmonic spline through given points.

    Args:
      train_points: float [batch, n, d].
      train_values: float [batch, n, k].
      query_points: float [batch, m, d].
      order: of the spline: 2 is the thin plate.
      regularization_weight: above 0, the spline is smoother and misses the points.
      name: name of the result.

    Returns:
      [batch, m, k].
    """
    with ops.name_scope(name):
        points = ops.convert_to_tensor(train_points)
        values = ops.convert_to_tensor(train_values)
        queries = ops.convert_to_tensor(query_points)
        batch, n = points.shape.as_list()[:2] if points.shape.rank else (None, None)
        shape = shape_ops.shape(points)
        batch = shape[0] if batch is None else batch
        n = shape[1] if n is None else n
        d = points.shape.as_list()[-1]
        if d is None:
            raise ValueError("The dimension of the input points (d) must be statically known.")
        k = values.shape.as_list()[-1]
        if k is None:
            raise ValueError("The dimension of the output values (k) must be statically known.")
        kernel = _phi(_squared_distances(points, points), order)
        if regularization_weight > 0:
            kernel += regularization_weight * _unit_matrix(n, points.dtype)
        ones = array_ops.ones(array_ops.stack([batch, n, 1]), points.dtype)
        linear = array_ops.concat([points, ones], 2)
        blank = array_ops.zeros(array_ops.stack([batch, d + 1, d + 1]), points.dtype)
        left = array_ops.concat(
            [
                array_ops.concat([kernel, linear], 2),
                array_ops.concat([array_ops.transpose(linear, [0, 2, 1]), blank], 2),
            ],
            1,
        )
        rest = array_ops.zeros(array_ops.stack([batch, d + 1, k]), values.dtype)
        solution = linalg_impl.matrix_solve(left, array_ops.concat([values, rest], 1))
        bent = matmul_ops.matmul(_phi(_squared_distances(queries, points), order),
                                 solution[:, :n])  # fmt: skip
        ones = array_ops.ones_like(queries[..., :1])
        return bent + matmul_ops.matmul(array_ops.concat([queries, ones], 2), solution[:, n:])


def _unit_matrix(n, dtype):
    return space_ops.matrix_diag(array_ops.ones(array_ops.stack([n]), dtype))[None]


def sparse_image_warp(
    image, source_control_point_locations, dest_control_point_locations, interpolation_order=2,
    regularization_weight=0.0, num_boundary_points=0, name="sparse_image_warp",
):  # fmt: skip
    """Warps images so that some points move to given places.

    Args:
      image: float [batch, height, width, channels], of static shape.
      source_control_point_locations, dest_control_point_locations: float [batch, n, 2]: y, x.
      interpolation_order, regularization_weight: see `interpolate_spline`.
      num_boundary_points: points on each side of the image that stay; 0: the border may move.
      name: name of the result.

    Returns:
      (warped images, flow [batch, height, width, 2])
    """
    image = ops.convert_to_tensor(image)
    source = ops.convert_to_tensor(source_control_point_locations)
    target = ops.convert_to_tensor(dest_control_point_locations)
    if num_boundary_points < 0:
        raise ValueError("num_boundary_points must be non-negative.")
    with ops.name_scope(name):
        batch, height, width, _ = image.shape.as_list()
        moves = target - source
        if num_boundary_points > 0:
            rows = np.linspace(0, height - 1, num_boundary_points + 1)
            columns = np.linspace(0, width - 1, num_boundary_points + 1)
            border = {(y, x) for y in rows for x in (0, width - 1)}
            border |= {(y, x) for x in columns for y in (0, height - 1)}
            fixed = np.tile(np.array(sorted(border))[None], [batch, 1, 1])
            fixed = ops.convert_to_tensor(fixed, dtype=target.dtype)
            target = array_ops.concat([target, fixed], 1)
            moves = array_ops.concat([moves, array_ops.zeros_like(fixed)], 1)
        grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1)
        grid = np.tile(grid.reshape(1, -1, 2), [batch, 1, 1])
        grid = ops.convert_to_tensor(grid, dtype=target.dtype)
        flow = interpolate_spline(target, moves, grid, interpolation_order, regularization_weight)
        flow = array_ops.reshape(flow, [batch, height, width, 2])
        return dense_image_warp(image, flow), flow
