# SPDX-License-Identifier: Apache-2.0
"""How alike images are; edges."""

import numpy as np

from caudal.framework import dtypes, ops
from caudal.ops import (
    array_ops,
    check_ops,
    control_flow_ops,
    image_checks,
    logging_ops,
    math_ops,
    nn_ops,
    shape_ops,
)
from caudal.ops.image_ops import convert_image_dtype


def _comparable(a, b):
    """Checks that two lists of images can be compared: (shape of a, shape of b, nodes)."""
    first = a.shape.with_rank_at_least(3)
    second = b.shape.with_rank_at_least(3)
    first[-3:].assert_is_compatible_with(second[-3:])
    if first.rank is not None and second.rank is not None:
        for m, n in zip(reversed(first.as_list()[:-3]), reversed(second.as_list()[:-3])):
            if not (m == 1 or n == 1 or m is None or n is None or m == n):
                raise ValueError("Two images are not compatible: %s and %s" % (first, second))
    one, two = shape_ops.shape_n([a, b])
    checks = [
        check_ops.assert_greater_equal(array_ops.size(one), 3, data=[one, two]),
        logging_ops.Assert(
            math_ops.reduce_all(math_ops.equal(one[-3:], two[-3:])), [one, two], summarize=10
        ),
    ]
    return one, two, checks


def _as_float_pair(a, b, max_val):
    max_val = math_ops.cast(max_val, a.dtype)
    return [convert_image_dtype(v, dtypes.float32) for v in (max_val, a, b)]


def psnr(a, b, max_val, name=None):
    """Peak signal-to-noise ratio of pairs of images, in decibels.

    Args:
      a, b: [..., height, width, channels] of one dtype.
      max_val: largest value of a pixel.
      name: name of the result.

    Returns:
      float32 [...].
    """
    with ops.name_scope(name, "PSNR", [a, b]):
        a, b = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
        top, x, y = _as_float_pair(a, b, max_val)
        error = math_ops.reduce_mean(math_ops.squared_difference(x, y), [-3, -2, -1])
        ratio = math_ops.subtract(
            20 * math_ops.log(top) / math_ops.log(10.0),
            np.float32(10 / np.log(10)) * math_ops.log(error),
            name="psnr",
        )
        _, _, checks = _comparable(a, b)
        with ops.control_dependencies(checks):
            return array_ops.identity(ratio)


def _bell(size, sigma):
    """A Gaussian window [size, size, 1, 1] whose sum is 1."""
    at = math_ops.cast(array_ops.range(size), dtypes.float32)
    at -= math_ops.cast(size - 1, dtypes.float32) / 2.0
    g = math_ops.square(at) * (-0.5 / sigma**2)
    g = array_ops.reshape(g, [1, -1]) + array_ops.reshape(g, [-1, 1])
    return array_ops.reshape(nn_ops.softmax(array_ops.reshape(g, [1, -1])), [size, size, 1, 1])


def _likeness(a, b, max_val, size, sigma, k1, k2):
    """(luminance * structure, structure), means over the places of windows: [..., channels]."""
    one, two, checks = _comparable(a, b)
    checks.append(logging_ops.Assert(
        math_ops.reduce_all(math_ops.greater_equal(one[-3:-1], size)), [one, size], summarize=8
    ))  # fmt: skip
    checks.append(logging_ops.Assert(
        math_ops.reduce_all(math_ops.greater_equal(two[-3:-1], size)), [two, size], summarize=8
    ))  # fmt: skip
    with ops.control_dependencies(checks):
        a = array_ops.identity(a)
    channels = a.shape.as_list()[-1] if a.shape.rank is not None else None
    window = array_ops.tile(
        _bell(size, sigma), [1, 1, shape_ops.shape(a)[-1] if channels is None else channels, 1]
    )

    def smooth(x):
        shape = shape_ops.shape(x)
        x = array_ops.reshape(x, array_ops.concat([[-1], shape[-3:]], 0))
        y = nn_ops.depthwise_conv2d(x, window, strides=[1, 1, 1, 1], padding="VALID")
        return array_ops.reshape(y, array_ops.concat([shape[:-3], shape_ops.shape(y)[1:]], 0))

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_a, mean_b = smooth(a), smooth(b)
    product = mean_a * mean_b * 2.0
    squares = math_ops.square(mean_a) + math_ops.square(mean_b)
    luminance = (product + c1) / (squares + c1)
    moment = smooth(a * b) * 2.0
    power = smooth(math_ops.square(a) + math_ops.square(b))
    structure = (moment - product + c2) / (power - squares + c2)
    axes = [-3, -2]
    return math_ops.reduce_mean(luminance * structure, axes), math_ops.reduce_mean(structure, axes)


def ssim(img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03):
    """Structural similarity of pairs of images.

    Args:
      img1, img2: [..., height, width, channels], no side below `filter_size`.
      max_val: largest value of a pixel.
      filter_size, filter_sigma: of the Gaussian window.
      k1, k2: small constants.

    Returns:
      float32 [...], at most 1.
    """
    with ops.name_scope(None, "SSIM", [img1, img2]):
        img1 = ops.convert_to_tensor(img1, name="img1")
        img2 = ops.convert_to_tensor(img2, name="img2")
        _, _, checks = _comparable(img1, img2)
        with ops.control_dependencies(checks):
            img1 = array_ops.identity(img1)
        top, img1, img2 = _as_float_pair(img1, img2, max_val)
        whole, _ = _likeness(img1, img2, top, filter_size, filter_sigma, k1, k2)
        return math_ops.reduce_mean(whole, [-1])


_POWER_FACTORS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ssim_multiscale(
    img1, img2, max_val, power_factors=_POWER_FACTORS, filter_size=11, filter_sigma=1.5, k1=0.01,
    k2=0.03,
):  # fmt: skip
    """Structural similarity over several resolutions, each half of the one before.

    Args:
      img1, img2: [..., height, width, channels].
      max_val: largest value of a pixel.
      power_factors: exponents of the resolutions, from the full one on.
      filter_size, filter_sigma, k1, k2: see `ssim`.

    Returns:
      float32 [...], in [0, 1].
    """
    with ops.name_scope(None, "MS-SSIM", [img1, img2]):
        img1 = ops.convert_to_tensor(img1, name="img1")
        img2 = ops.convert_to_tensor(img2, name="img2")
        one, two, checks = _comparable(img1, img2)
        with ops.control_dependencies(checks):
            img1 = array_ops.identity(img1)
        top, img1, img2 = _as_float_pair(img1, img2, max_val)
        images, heads = [img1, img2], [one[:-3], two[:-3]]
        tails = [one[-3:], two[-3:]]
        parts = []
        for level in range(len(power_factors)):
            if level > 0:
                smaller = []
                for image, tail in zip(images, tails):
                    flat = array_ops.reshape(image, array_ops.concat([[-1], tail], 0))
                    odd = math_ops.mod(tail, 2)
                    flat = control_flow_ops.cond(
                        math_ops.reduce_any(math_ops.not_equal(odd, 0)),
                        lambda flat=flat, odd=odd: _padded(flat, odd),
                        lambda flat=flat: flat,
                    )
                    smaller.append(nn_ops.avg_pool(flat, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"))
                tails = [shape_ops.shape(v)[1:] for v in smaller]
                images = [
                    array_ops.reshape(v, array_ops.concat([h, t], 0))
                    for v, h, t in zip(smaller, heads, tails)
                ]
            whole, structure = _likeness(*images, top, filter_size, filter_sigma, k1, k2)
            parts.append(_not_negative(structure))
        parts[-1] = _not_negative(whole)
        powers = math_ops.pow(array_ops.stack(parts, axis=-1), list(power_factors))
        return math_ops.reduce_mean(math_ops.reduce_prod(powers, [-1]), [-1])


def _padded(image, odd):
    """Repeats the last row and column of images with odd sides."""
    pads = array_ops.concat([[[0, 0]], array_ops.expand_dims(odd[:2], 1) * [[0, 1]], [[0, 0]]], 0)
    return array_ops.pad(image, pads, mode="SYMMETRIC")


def _not_negative(x):
    return nn_ops.relu(x)


def sobel_edges(image):
    """Slopes along rows and columns, with Sobel's filters.

    Args:
      image: [batch, height, width, channels], float32 or float64.

    Returns:
      [batch, height, width, channels, 2]: (dy, dx).
    """
    image = image_checks.to_image(image)
    static = image.shape
    shape = shape_ops.shape(image)
    rows = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], np.float32)
    kernels = np.stack([rows, rows.T], axis=-1)[:, :, None, :]
    kernels = ops.convert_to_tensor(kernels, dtype=image.dtype)
    kernels = array_ops.tile(kernels, [1, 1, shape[-1], 1], name="sobel_filters")
    padded = array_ops.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    slopes = nn_ops.depthwise_conv2d(padded, kernels, [1, 1, 1, 1], "VALID")
    slopes = array_ops.reshape(slopes, array_ops.concat([shape, [2]], 0))
    slopes.set_shape(static.concatenate([2]))
    return slopes
