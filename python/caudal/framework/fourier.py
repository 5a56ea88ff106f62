# SPDX-License-Identifier: Apache-2.0
"""Fourier transforms for the engine, by NumPy. Loaded with the first one that runs."""

import numpy as np


def transform(array, kind, sizes):
    """One transform of the last axes.

    Args:
      array: the input.
      kind: "FFT", "IRFFT2D", ...: name of the op.
      sizes: samples per transformed axis.

    Returns:
      The result in the precision of the input.
    """
    name = kind.lower().removesuffix("2d").removesuffix("3d")
    single = array.dtype in (np.float32, np.complex64)
    axes = tuple(range(-len(sizes), 0))
    with np.errstate(all="ignore"):  # NaN and infinity pass silently
        result = getattr(np.fft, name + "n")(array, s=sizes, axes=axes)
    if name == "irfft":
        return result.astype(np.float32 if single else np.float64, copy=False)
    return result.astype(np.complex64 if single else np.complex128, copy=False)


def host_function(arrays):
    """What the engine calls: [input, kind, sizes] -> [result]."""
    array, kind, sizes = arrays
    kind = kind.reshape(-1)[0]
    return [np.ascontiguousarray(transform(array, kind.decode(), sizes.tolist()))]
