# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401
"""Contents of `tf.contrib.signal`: what later moved to `tf.signal`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.signal_ops import (
    frame,
    hamming_window,
    hann_window,
    inverse_stft,
    inverse_stft_window_fn,
    linear_to_mel_weight_matrix,
    mfccs_from_log_mel_spectrograms,
    overlap_and_add,
    stft,
)

__getattr__ = _module_getattr("contrib.signal")
