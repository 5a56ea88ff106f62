# SPDX-License-Identifier: Apache-2.0
"""Arguments and sizes of convolutions."""

import numpy as np

from caudal.layers import utils
from caudal.layers.utils import normalize_padding, normalize_tuple

__all__ = ["conv_input_length", "conv_output_length", "convert_kernel", "deconv_length",
           "normalize_padding", "normalize_tuple"]  # fmt: skip


def convert_kernel(kernel):
    """A kernel with its spatial dimensions reversed: correlation <-> convolution.

    Args:
      kernel: array [sizes..., inputs, outputs] of rank 3 to 5.

    Raises:
      ValueError: for another rank.
    """
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError("Invalid kernel shape: %s" % (kernel.shape,))
    return np.copy(np.flip(kernel, tuple(range(kernel.ndim - 2))))


def _check(padding, allowed):
    if padding not in allowed:
        raise AssertionError("padding must be one of %s, got %r" % (sorted(allowed), padding))


def conv_output_length(input_length, filter_size, padding, stride, dilation=1):
    """Size of a convolution's or pool's output along one axis.

    Args:
      input_length: int or None, for which the result is None.
      filter_size, stride, dilation: int.
      padding: "valid", "same", "causal" or "full".
    """
    if input_length is not None:
        _check(padding, {"same", "valid", "full", "causal"})
    return utils.conv_output_length(input_length, filter_size, padding, stride, dilation)


def conv_input_length(output_length, filter_size, padding, stride):
    """The smallest size for which `conv_output_length` gives `output_length`."""
    if output_length is not None:
        _check(padding, {"same", "valid", "full"})
    return utils.conv_input_length(output_length, filter_size, padding, stride)


def deconv_length(dim_size, stride_size, kernel_size, padding, output_padding, dilation=1):
    """Size of a transposed convolution's output along one axis.

    Args:
      dim_size: int or None, for which the result is None.
      stride_size, kernel_size, dilation: int.
      padding: "valid", "same" or "full".
      output_padding: int, or None for the size that `padding` alone implies.
    """
    if dim_size is not None:
        _check(padding, {"same", "valid", "full"})
    return utils.deconv_output_length(
        dim_size, kernel_size, padding, stride_size, output_padding, dilation
    )
