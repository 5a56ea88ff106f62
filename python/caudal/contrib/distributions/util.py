# SPDX-License-Identifier: Apache-2.0
"""Numbers, triangles and shapes that distributions and bijectors share."""

import hashlib
import math

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.ops import array_ops, logging_ops, math_ops

__all__ = [
    "fill_triangular",
    "fill_triangular_inverse",
    "matrix_diag_transform",
    "reduce_weighted_logsumexp",
    "softplus_inverse",
    "tridiag",
]


def softplus_inverse(x, name=None):
    """The y with softplus(y) = x, exact for small and large x."""
    with ops.name_scope(name, "softplus_inverse", values=[x]):
        x = ops.convert_to_tensor(x, name="x")
        # Below, y = log(expm1(x)) is log(x); above, it is x.
        threshold = np.log(np.finfo(x.dtype.as_numpy_dtype).eps) + 2.0
        too_small = math_ops.less(x, np.exp(threshold))
        too_large = math_ops.greater(x, -threshold)
        small, large = math_ops.log(x), x
        fine = math_ops.logical_or(too_small, too_large)
        x = array_ops.where(fine, array_ops.ones_like(x), x)
        y = x + math_ops.log(-math_ops.expm1(-x))
        return array_ops.where(too_small, small, array_ops.where(too_large, large, y))


def _matrix_size(length):
    size = (math.isqrt(1 + 8 * length) - 1) // 2
    if size * (size + 1) // 2 != length:
        raise ValueError(
            "Input right-most shape (%d) does not correspond to a triangular matrix." % length
        )
    return size


def fill_triangular(x, upper=False, name=None):
    """Triangular matrices [..., n, n] of the elements of vectors [..., n (n + 1) / 2].

    The elements fill the matrix clockwise, from the last row (of the lower triangle).
    """
    with ops.name_scope(name, "fill_triangular", values=[x]):
        x = ops.convert_to_tensor(x, name="x")
        known = x.shape.with_rank_at_least(1)[-1].value
        if known is not None:
            size = _matrix_size(known)
            static = x.shape[:-1].concatenate([size, size])
        else:
            length = array_ops.shape(x)[-1]
            size = math_ops.cast(
                math_ops.sqrt(0.25 + 2.0 * math_ops.cast(length, dtypes.float32)) - 0.5 + 1e-3,
                dtypes.int32,
            )
            static = x.shape.with_rank_at_least(1)[:-1].concatenate([None, None])
        if upper:
            joined = [x, array_ops.reverse(x[..., size:], axis=[-1])]
        else:
            joined = [x[..., size:], array_ops.reverse(x, axis=[-1])]
        shape = array_ops.concat([array_ops.shape(x)[:-1], [size, size]], 0)
        square = array_ops.reshape(array_ops.concat(joined, axis=-1), shape)
        low, high = (0, -1) if upper else (-1, 0)
        triangle = array_ops.matrix_band_part(square, num_lower=low, num_upper=high)
        triangle.set_shape(triangle.shape.merge_with(static))
        return triangle


def fill_triangular_inverse(x, upper=False, name=None):
    """The vectors [..., n (n + 1) / 2] that `fill_triangular` makes the matrices of."""
    with ops.name_scope(name, "fill_triangular_inverse", values=[x]):
        x = ops.convert_to_tensor(x, name="x")
        known = x.shape.with_rank_at_least(2)[-1].value
        size = known if known is not None else array_ops.shape(x)[-1]
        length = size * (size + 1) // 2
        if upper:
            first = x[..., 0, :]
            rest = x[..., 1:, :]
        else:
            first = array_ops.reverse(x[..., size - 1, :], axis=[-1])
            rest = array_ops.reverse(x[..., : size - 1, :], axis=[-2, -1])
        # The other rows hold their own elements and, in the gaps, those of the first half.
        flat_shape = array_ops.concat([array_ops.shape(x)[:-2], [size * (size - 1)]], 0)
        rest_flat = array_ops.reshape(rest, flat_shape)
        mirrored = array_ops.reverse(rest, axis=[-2, -1])
        mirrored = array_ops.reshape(mirrored, flat_shape)
        if upper:
            body = rest_flat + mirrored
        else:
            body = mirrored + rest_flat
        tail = body[..., : length - size]
        result = array_ops.concat([first, tail], axis=-1)
        static = x.shape.with_rank_at_least(2)[:-2].concatenate([None if known is None else length])
        result.set_shape(result.shape.merge_with(static))
        return result


def matrix_diag_transform(matrix, transform=None, name=None):
    """Matrices whose diagonals went through a function."""
    with ops.name_scope(name, "matrix_diag_transform", [matrix]):
        matrix = ops.convert_to_tensor(matrix, name="matrix")
        if transform is None:
            return matrix
        return array_ops.matrix_set_diag(matrix, transform(array_ops.matrix_diag_part(matrix)))


def tridiag(below=None, diag=None, above=None, name=None):
    """Square matrices with the given diagonals: [..., n - 1], [..., n], [..., n - 1].

    Raises:
      ValueError: if all are None.
    """

    with ops.name_scope(name, "tridiag", [below, diag, above]):
        if below is None and diag is None and above is None:
            raise ValueError("Must specify at least one of `below`, `diag`, `above`.")
        total = None
        for part, at in ((below, -1), (diag, 0), (above, 1)):
            if part is None:
                continue
            part = ops.convert_to_tensor(part)
            if at == 0:
                matrix = array_ops.matrix_diag(part)
            else:
                # A diagonal beside the main one: the matrix of it with a first row or column 0.
                small = array_ops.matrix_diag(part)
                pads = [[0, 0]] * (small.shape.ndims - 2)
                rows, columns = ([1, 0], [0, 1]) if at < 0 else ([0, 1], [1, 0])
                matrix = array_ops.pad(small, pads + [rows, columns])
            total = matrix if total is None else total + matrix
        return total


def reduce_weighted_logsumexp(logx, w=None, axis=None, keep_dims=False, return_sign=False,
                              name=None):  # fmt: skip
    """log |sum of w exp(logx)|.

    Args:
      logx: tensor.
      w: weights of the same shape, or None.
      axis: axes that are summed; None: all.
      keep_dims: whether those axes stay, with size 1.
      return_sign: whether the sign of the sum is returned too.
    """
    with ops.name_scope(name, "reduce_weighted_logsumexp", [logx, w]):
        logx = ops.convert_to_tensor(logx, name="logx")
        if w is None:
            result = math_ops.reduce_logsumexp(logx, axis=axis, keepdims=keep_dims)
            return (result, array_ops.ones_like(result)) if return_sign else result
        w = ops.convert_to_tensor(w, dtype=logx.dtype, name="w")
        weighted = logx + math_ops.log(math_ops.abs(w))
        most = math_ops.reduce_max(weighted, axis=axis, keepdims=True)
        # Where all weights are 0, or all exponents are infinite, the largest is no reference.
        most = array_ops.where(math_ops.is_inf(most), array_ops.zeros_like(most), most)
        total = math_ops.reduce_sum(
            math_ops.sign(w) * math_ops.exp(weighted - array_ops.stop_gradient(most)),
            axis=axis,
            keepdims=keep_dims,
        )
        if not keep_dims:
            flat = axis is None
            most = array_ops.reshape(most, []) if flat else array_ops.squeeze(most, axis)
        sign = math_ops.sign(total)
        result = most + math_ops.log(sign * total)
        return (result, sign) if return_sign else result


class SeedStream:
    """Seeds for one draw after another; all None if the first is.

    Args:
      seed: int, None or another SeedStream.
      salt: string that tells users of one seed apart.
    """

    def __init__(self, seed, salt):
        self._seed = seed.original_seed if isinstance(seed, SeedStream) else seed
        self._salt = salt
        self._counter = 0

    original_seed = property(lambda self: self._seed)
    salt = property(lambda self: self._salt)

    def __call__(self):
        self._counter += 1
        if self._seed is None:
            return None
        text = "%s,%d,%s" % (self._seed, self._counter, self._salt)
        return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) & 0x7FFFFFFF


def static_value(x):
    """The value of a tensor where it is known while building, else None."""
    return tensor_util.constant_value(ops.convert_to_tensor(x))


def log1psquare(x):
    """log(1 + x^2), also where x^2 overflows."""
    big = np.array(1.0 / np.finfo(x.dtype.as_numpy_dtype).eps, x.dtype.as_numpy_dtype)
    large = math_ops.abs(x) > big
    safe = array_ops.where(large, array_ops.ones_like(x), x)
    return array_ops.where(
        large, 2.0 * math_ops.log(math_ops.abs(x)), math_ops.log1p(math_ops.square(safe))
    )


def nan_where(dist, missing, value, message):
    """`value` with NaN where `missing`; without allow_nan_stats an assertion against it."""
    if dist.allow_nan_stats:
        nan = array_ops.zeros_like(value) + np.array(np.nan, dist.dtype.as_numpy_dtype)
        return array_ops.where(missing, nan, value)
    check = logging_ops.Assert(math_ops.logical_not(math_ops.reduce_any(missing)), [message])
    with ops.control_dependencies([check]):
        return array_ops.identity(value)
