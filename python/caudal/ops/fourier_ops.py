# SPDX-License-Identifier: Apache-2.0
"""Discrete Fourier transforms of the last one, two or three axes."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply, public
from caudal.ops import array_ops, math_ops, shape_ops

fft = public("FFT", "fft", drop=("Tcomplex",))
ifft = public("IFFT", "ifft", drop=("Tcomplex",))
fft2d = public("FFT2D", "fft2d", drop=("Tcomplex",))
ifft2d = public("IFFT2D", "ifft2d", drop=("Tcomplex",))
fft3d = public("FFT3D", "fft3d", drop=("Tcomplex",))
ifft3d = public("IFFT3D", "ifft3d", drop=("Tcomplex",))


def _lengths(x, count, halved):
    """Sizes of the last `count` axes of the samples that `x`, or its half spectrum, stands for."""
    rank = x.shape.rank
    known = [None] * count if rank is None or rank < count else x.shape.as_list()[-count:]
    if None not in known:
        if halved:
            known[-1] = max(0, 2 * (known[-1] - 1))
        return ops.convert_to_tensor(np.array(known, np.int32), name="Const")
    sizes = shape_ops.shape(x)[-count:]
    if not halved:
        return sizes
    last = math_ops.maximum(0, 2 * (sizes[-1:] - 1))
    return array_ops.concat([sizes[:-1], last], 0)


def _padded(x, count, lengths, halved):
    """`x` with zeros behind, where an axis is shorter than the transform needs."""
    wanted = tensor_util.constant_value(lengths)
    rank = x.shape.rank
    sizes = None if rank is None or rank < count else x.shape.as_list()[-count:]
    if wanted is not None and wanted.shape != (count,):
        return x  # the op says what is wrong
    if wanted is not None and sizes is not None and None not in sizes:
        needed = [int(n) for n in wanted]
        if halved and needed[-1] > 0:
            needed[-1] = needed[-1] // 2 + 1
        gaps = [max(0, n - size) for n, size in zip(needed, sizes)]
        if not any(gaps) or 0 in sizes:
            return x
        pads = [[0, 0]] * (rank - count) + [[0, gap] for gap in gaps]
        return array_ops.pad(x, pads)
    needed = lengths
    if halved:
        last = needed[-1:]
        half = math_ops.cast(last > 0, dtypes.int32) * (last // 2 + 1)
        needed = array_ops.concat([needed[:-1], half], 0)
    gap = math_ops.maximum(0, needed - shape_ops.shape(x)[-count:])
    outer = array_ops.rank(x) - count if rank is None else rank - count
    gap = array_ops.concat([array_ops.zeros([outer], dtypes.int32), gap], 0)
    if rank is None:
        return array_ops.pad(x, array_ops.stack([array_ops.zeros_like(gap), gap], axis=1))
    static = [None if i >= rank - count else n for i, n in enumerate(x.shape.as_list())]
    x = array_ops.pad(x, array_ops.stack([array_ops.zeros_like(gap), gap], axis=1))
    x.set_shape(static)
    return x


def _real_transform(op_name, count, halved, default):
    def transform(input_tensor, fft_length=None, name=None):
        with ops.name_scope(name, default, [input_tensor, fft_length]) as scope:
            plain, wide = (
                (dtypes.complex64, dtypes.complex128)
                if halved
                else (dtypes.float32, dtypes.float64)
            )
            given = input_tensor.dtype if isinstance(input_tensor, ops.Tensor) else None
            x = ops.convert_to_tensor(input_tensor, wide if given is wide else plain)
            x.shape.with_rank_at_least(count)
            if fft_length is None:
                lengths = _lengths(x, count, halved)
            else:
                lengths = ops.convert_to_tensor(fft_length, dtypes.int32)
                if lengths.shape.rank == 0:
                    raise ValueError("fft_length must be a vector of size %d" % count)
                lengths.shape.with_rank(1)
            x = _padded(x, count, lengths, halved)
            double = x.dtype.base_dtype is wide
            return apply(
                op_name, x, lengths, Treal=dtypes.float64 if double else dtypes.float32,
                Tcomplex=dtypes.complex128 if double else dtypes.complex64, name=scope,
            )  # fmt: skip

    transform.__name__ = transform.__qualname__ = default
    axes = "axis" if count == 1 else "%d axes" % count
    if halved:
        text = "Real signals from the first n // 2 + 1 frequencies of the last axis"
    else:
        text = "The first n // 2 + 1 frequencies of the last axis, of real signals"
    transform.__doc__ = """%s: a transform of the last %s. Op: %s.

    Args:
      input_tensor: %s tensor (or its double precision).
      fft_length: int32 vector, samples per transformed axis: the input is cut, or padded with
        zeros; by default what the input has%s.
    """ % (
        text,
        axes,
        op_name,
        "complex64" if halved else "float32",
        " (an even number in the last axis)" if halved else "",
    )  # fmt: skip
    return transform


rfft = _real_transform("RFFT", 1, False, "rfft")
rfft2d = _real_transform("RFFT2D", 2, False, "rfft2d")
rfft3d = _real_transform("RFFT3D", 3, False, "rfft3d")
irfft = _real_transform("IRFFT", 1, True, "irfft")
irfft2d = _real_transform("IRFFT2D", 2, True, "irfft2d")
irfft3d = _real_transform("IRFFT3D", 3, True, "irfft3d")


def _shifted(x, axes, back):
    x = ops.convert_to_tensor(x)
    rank = x.shape.rank
    if axes is None:
        if rank is None:
            raise ValueError("axes must be given for a tensor of unknown rank")
        axes = list(range(rank))
    axes = [int(a) for a in np.reshape(axes, [-1])]
    known = None if rank is None else x.shape.as_list()
    if known is not None and None not in [known[a] for a in axes]:
        sizes = np.array([known[a] for a in axes], np.int32)
    else:
        dynamic = shape_ops.shape(x)
        sizes = array_ops.gather(dynamic, [a + rank if a < 0 and rank else a for a in axes])
    shift = -(sizes // 2) if back else sizes // 2
    return apply("Roll", x, shift, axes)


def fftshift(x, axes=None, name=None):
    """Moves the zero frequency to the middle of the given axes, by default of all."""
    with ops.name_scope(name, "fftshift"):
        return _shifted(x, axes, False)


def ifftshift(x, axes=None, name=None):
    """Undoes `fftshift`."""
    with ops.name_scope(name, "ifftshift"):
        return _shifted(x, axes, True)
