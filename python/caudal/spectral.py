# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401
"""Contents of `tf.spectral`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.dct_ops import dct, idct
from caudal.ops.fourier_ops import (
    fft,
    fft2d,
    fft3d,
    ifft,
    ifft2d,
    ifft3d,
    irfft,
    irfft2d,
    irfft3d,
    rfft,
    rfft2d,
    rfft3d,
)

__getattr__ = _module_getattr("spectral")
