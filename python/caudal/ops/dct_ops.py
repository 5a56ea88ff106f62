# SPDX-License-Identifier: Apache-2.0
"""Discrete cosine transforms, by Fourier transforms."""

import numpy as np

from caudal.framework import dtypes, ops
from caudal.ops import array_ops, fourier_ops, math_ops, shape_ops

_INVERSE = {1: 1, 2: 3, 3: 2}


def _check(kind, axis, norm):
    if axis != -1:
        raise NotImplementedError("axis must be -1. Got: %s" % axis)
    if kind not in _INVERSE:
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if norm not in (None, "ortho"):
        raise ValueError("Unknown normalization. Expected None or 'ortho', got: %s" % norm)
    if kind == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")


def _converted(x):
    double = isinstance(x, ops.Tensor) and x.dtype.base_dtype is dtypes.float64
    return ops.convert_to_tensor(x, dtypes.float64 if double else dtypes.float32)


def _size(x):
    """Size of the last axis: an int where known."""
    known = x.shape.as_list()[-1] if x.shape.rank else None
    return shape_ops.shape(x)[-1] if known is None else known


def _cut_or_padded(x, n):
    size = _size(x)
    if isinstance(size, int):
        if n <= size:
            return x[..., :n]
        if x.shape.rank is not None:
            return array_ops.pad(x, [[0, 0]] * (x.shape.rank - 1) + [[0, n - size]])
    x = x[..., :n]
    rank = array_ops.zeros_like(shape_ops.shape(x))[:-1]
    gap = array_ops.concat([rank, [n - shape_ops.shape(x)[-1]]], 0)
    return array_ops.pad(x, array_ops.stack([array_ops.zeros_like(gap), gap], axis=1))


def dct(input, type=2, n=None, axis=-1, norm=None, name=None):  # noqa: A002
    """Discrete cosine transform of type 1, 2 or 3 of the last axis.

    Args:
      input: float tensor [..., samples].
      type: 1, 2 or 3.
      n: number of samples: the input is cut, or padded with zeros.
      axis: -1.
      norm: None, or "ortho" for an orthonormal transform (types 2 and 3).
      name: name scope.

    Raises:
      ValueError: for another type or norm, or fewer than two samples for type 1.
      NotImplementedError: for another axis.
    """
    _check(type, axis, norm)
    with ops.name_scope(name, "dct"):
        x = _converted(input)
        if n is not None:
            if n < 1:
                raise ValueError("n should be a positive integer or None")
            x = _cut_or_padded(x, n)
        size = _size(x)
        if type == 1:
            if isinstance(size, int) and size < 2:
                raise ValueError("Type-I DCT requires the dimension to be greater than one.")
            mirrored = array_ops.concat([x, array_ops.reverse(x[..., 1:-1], [-1])], axis=-1)
            return math_ops.real(fourier_ops.rfft(mirrored))
        double = 2 * size
        lengths = [double] if isinstance(size, int) else array_ops.stack([double])
        number = math_ops.cast(size, x.dtype)
        angles = array_ops.range(number) * (np.pi * 0.5) / number
        zero = array_ops.zeros_like(angles)
        if type == 2:
            turn = 2.0 * math_ops.exp(math_ops.complex(zero, -angles))
            result = math_ops.real(fourier_ops.rfft(x, lengths)[..., :size] * turn)
            if norm == "ortho":
                result *= _weights(number, size, 0.5 * math_ops.rsqrt(number), np.sqrt(2.0))
            return result
        if norm == "ortho":
            x *= _weights(number, size, math_ops.sqrt(number), np.sqrt(0.5))
        else:
            x *= number
        turn = 2.0 * math_ops.exp(math_ops.complex(zero, angles))
        spectrum = turn * math_ops.complex(x, array_ops.zeros_like(x))
        return math_ops.real(fourier_ops.irfft(spectrum, lengths))[..., :size]


def _weights(number, size, first, ratio):
    """[first, first * ratio, first * ratio, ...]."""
    others = array_ops.fill([size - 1], first * ratio)
    return array_ops.concat([array_ops.reshape(first, [1]), others], 0)


def idct(input, type=2, n=None, axis=-1, norm=None, name=None):  # noqa: A002
    """Inverse of `dct`, up to a factor without "ortho"; the arguments are the same."""
    _check(type, axis, norm)
    return dct(input, type=_INVERSE[type], n=n, axis=axis, norm=norm, name=name)
