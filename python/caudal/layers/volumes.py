# SPDX-License-Identifier: Apache-2.0
"""Three-dimensional convolutions and pools in the form that layers call them."""

from caudal.ops import conv_ops


def _full(sizes, layout):
    return [1, 1, *sizes] if layout.startswith("NC") else [1, *sizes, 1]


def conv3d(inputs, kernel, strides, padding, layout, dilations):
    """Convolution of a batch of volumes; `strides`, `dilations`: one int for each dimension."""
    return conv_ops.conv3d(
        inputs,
        kernel,
        _full(strides, layout),
        padding,
        data_format=layout,
        dilations=_full(dilations, layout),
    )


def conv3d_transpose(inputs, kernel, output_shape, strides, padding, layout):
    """Transposed convolution of a batch of volumes; `strides`: one int for each dimension."""
    return conv_ops.conv3d_transpose(
        inputs,
        kernel,
        output_shape,
        _full(strides, layout),
        padding=padding.upper(),
        data_format=layout,
    )


def max_pool3d(value, ksize, strides, padding, data_format):
    """Max pool of a batch of volumes."""
    return conv_ops.max_pool3d(value, ksize, strides, padding, data_format)


def avg_pool3d(value, ksize, strides, padding, data_format):
    """Average pool of a batch of volumes."""
    return conv_ops.avg_pool3d(value, ksize, strides, padding, data_format)
