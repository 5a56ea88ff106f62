# SPDX-License-Identifier: Apache-2.0
"""Convolutions, pools, padding and resizing.

`data_format` is 'channels_last', 'channels_first', or None for the default of Keras; `padding` is
'valid' or 'same'. Strides and dilation rates are tuples with an int for each spatial dimension.
"""

import caudal as tf
from caudal.keras.backend.arrays import repeat_elements
from caudal.keras.backend.common import normalize_data_format
from caudal.keras.backend.variables import int_shape
from caudal.ops import conv_ops

_LAYOUTS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
_PADDINGS = {"same": "SAME", "valid": "VALID"}


def _layout(data_format, spatial):
    """(TensorFlow's name of a layout, whether the channels come first)."""
    if spatial not in _LAYOUTS:
        raise ValueError("Sizes and strides should be of 1 to 3 dimensions, but got %d" % spatial)
    first = normalize_data_format(data_format) == "channels_first"
    return _LAYOUTS[spatial][first], first


def _padding(padding):
    if padding not in _PADDINGS:
        raise ValueError("Invalid padding: %s" % (padding,))
    return _PADDINGS[padding]


def _full(sizes, first):
    """Sizes of the spatial dimensions, with 1 for batch and channels."""
    return [1, 1, *sizes] if first else [1, *sizes, 1]


# -- convolutions ----------------------------------------------------------------------------------


def _convolution(x, kernel, strides, padding, data_format, dilation_rate):
    layout, _ = _layout(data_format, len(strides))
    return tf.nn.convolution(
        x,
        kernel,
        _padding(padding),
        strides=tuple(strides),
        dilation_rate=tuple(dilation_rate),
        data_format=layout,
    )


def conv1d(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution of sequences.

    Args:
      x: [batch, steps, channels].
      kernel: [size, channels, filters].
      strides, dilation_rate: ints.
      padding: 'valid', 'same' or 'causal' (no output depends on later steps).
    """
    sizes = kernel.shape.as_list()
    if padding == "causal":
        first = normalize_data_format(data_format) == "channels_first"
        left = [dilation_rate * (sizes[0] - 1), 0]
        x = tf.pad(x, [[0, 0], [0, 0], left] if first else [[0, 0], left, [0, 0]])
        padding = "valid"
    return _convolution(x, kernel, (_one(strides),), padding, data_format, (_one(dilation_rate),))


def _one(value):
    return value[0] if isinstance(value, (tuple, list)) else value


def conv2d(x, kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    """Convolution of images [batch, height, width, channels].

    Args:
      kernel: [height, width, channels, filters].
    """
    return _convolution(x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(x, kernel, strides=(1, 1, 1), padding="valid", data_format=None,
           dilation_rate=(1, 1, 1)):  # fmt: skip
    """Convolution of volumes [batch, depth, height, width, channels].

    Args:
      kernel: [depth, height, width, channels, filters].
    """
    return _convolution(x, kernel, strides, padding, data_format, dilation_rate)


def _output_sizes(x, output_shape):
    """`output_shape` with the batch size of `x` where it has none."""
    if not isinstance(output_shape, (tuple, list)):
        return output_shape
    sizes = list(output_shape)
    if sizes[0] is None:
        sizes[0] = x.shape.as_list()[0] or tf.shape(x)[0]
    return tf.stack(sizes)


def conv2d_transpose(x, kernel, output_shape, strides=(1, 1), padding="valid", data_format=None,
                     dilation_rate=(1, 1)):  # fmt: skip
    """Transposed convolution of images.

    Args:
      x: images.
      kernel: [height, width, filters, channels].
      output_shape: shape of the result; the batch size may be None.
    """
    layout, first = _layout(data_format, 2)
    return tf.nn.conv2d_transpose(
        x,
        kernel,
        _output_sizes(x, output_shape),
        _full(strides, first),
        padding=_padding(padding),
        data_format=layout,
        dilations=_full(dilation_rate, first),
    )


def conv3d_transpose(x, kernel, output_shape, strides=(1, 1, 1), padding="valid",
                     data_format=None):  # fmt: skip
    """Transposed convolution of volumes.

    Args:
      x: volumes.
      kernel: [depth, height, width, filters, channels].
      output_shape: shape of the result; the batch size may be None.
    """
    layout, first = _layout(data_format, 3)
    return conv_ops.conv3d_transpose(
        x,
        kernel,
        _output_sizes(x, output_shape),
        _full(strides, first),
        padding=_padding(padding),
        data_format=layout,
    )


def depthwise_conv2d(x, depthwise_kernel, strides=(1, 1), padding="valid", data_format=None,
                     dilation_rate=(1, 1)):  # fmt: skip
    """Convolution of each channel of images by itself.

    Args:
      depthwise_kernel: [height, width, channels, multiplier].
    """
    layout, first = _layout(data_format, 2)
    return tf.nn.depthwise_conv2d(
        x,
        depthwise_kernel,
        _full(strides, first),
        _padding(padding),
        rate=list(dilation_rate),
        data_format=layout,
    )


def separable_conv2d(x, depthwise_kernel, pointwise_kernel, strides=(1, 1), padding="valid",
                     data_format=None, dilation_rate=(1, 1)):  # fmt: skip
    """A depthwise convolution of images, then one of size 1 over the channels.

    Args:
      depthwise_kernel: [height, width, channels, multiplier].
      pointwise_kernel: [1, 1, channels * multiplier, filters].
    """
    layout, first = _layout(data_format, 2)
    return tf.nn.separable_conv2d(
        x,
        depthwise_kernel,
        pointwise_kernel,
        _full(strides, first),
        _padding(padding),
        rate=list(dilation_rate),
        data_format=layout,
    )


def separable_conv1d(x, depthwise_kernel, pointwise_kernel, strides=1, padding="valid",
                     data_format=None, dilation_rate=1):  # fmt: skip
    """A depthwise convolution of sequences, then one of size 1 over the channels.

    Args:
      depthwise_kernel: [size, channels, multiplier].
      pointwise_kernel: [1, channels * multiplier, filters].
      strides, dilation_rate: ints.
    """
    _, first = _layout(data_format, 1)
    height = 2 if first else 1
    strides, rate = _one(strides), _one(dilation_rate)
    images = separable_conv2d(
        tf.expand_dims(x, height),
        tf.expand_dims(depthwise_kernel, 0),
        tf.expand_dims(pointwise_kernel, 0),
        (strides, strides),
        padding,
        data_format,
        (1, rate),
    )
    return tf.squeeze(images, [height])


# -- convolutions with weights of their own for each place -----------------------------------------


def local_conv1d(inputs, kernel, kernel_size, strides, data_format=None):
    """As `conv1d`, with other weights for each output step.

    Args:
      inputs: [batch, steps, channels].
      kernel: [output steps, size * channels, filters].
      kernel_size, strides: tuples of one int.
    """
    normalize_data_format(data_format)
    steps = int_shape(kernel)[0]
    picked = _windows(inputs, 1, steps, kernel_size[0], strides[0])  # [batch, out, size, channels]
    return tf.transpose(_per_place(tf.transpose(picked, [1, 0, 2, 3]), kernel), [1, 0, 2])


def local_conv2d(inputs, kernel, kernel_size, strides, output_shape, data_format=None):
    """As `conv2d`, with other weights for each output pixel.

    Args:
      inputs: images.
      kernel: [output rows * output columns, height * width * channels, filters]; with the channels
        first, channels * height * width.
      kernel_size, strides: tuples of two ints.
      output_shape: (output rows, output columns).
    """
    _, first = _layout(data_format, 2)
    rows, columns = output_shape
    if int_shape(kernel)[0] != rows * columns:
        raise ValueError(
            "The kernel has weights for %s places, but the output has %s x %s"
            % (int_shape(kernel)[0], rows, columns)
        )
    axis = 2 if first else 1
    picked = _windows(inputs, axis + 1, columns, kernel_size[1], strides[1])
    picked = _windows(picked, axis, rows, kernel_size[0], strides[0])
    # [batch, (channels,) rows, height, columns, width (, channels)]
    order = [2, 4, 0, 1, 3, 5] if first else [1, 3, 0, 2, 4, 5]
    picked = tf.transpose(picked, order)
    sizes = picked.shape.as_list()
    batch = sizes[2] if sizes[2] is not None else tf.shape(picked)[2]
    picked = tf.reshape(picked, [rows * columns, batch, *sizes[3:]])
    out = _per_place(picked, kernel)
    out = tf.reshape(out, [rows, columns, batch, int_shape(kernel)[-1]])
    return tf.transpose(out, [2, 3, 0, 1] if first else [2, 0, 1, 3])


def _windows(x, axis, count, size, stride):
    """`x` with an axis turned into two: `count` windows of `size`, `stride` apart."""
    return tf.gather(x, [[i * stride + j for j in range(size)] for i in range(count)], axis=axis)


def _per_place(picked, kernel):
    """Products of [places, batch, ...] and [places, ..., filters]: [places, batch, filters]."""
    places, depth, _ = int_shape(kernel)
    batch = picked.shape.as_list()[1]
    return tf.matmul(tf.reshape(picked, [places, -1 if batch is None else batch, depth]), kernel)


# -- pools -----------------------------------------------------------------------------------------


def _pool(x, pool_size, strides, padding, data_format, pool_mode, pools):
    layout, first = _layout(data_format, len(pool_size))
    padding = _padding(padding)
    if pool_mode not in ("max", "avg"):
        raise ValueError("Invalid pooling mode: %s" % (pool_mode,))
    pool = pools[pool_mode == "avg"]
    return pool(
        x, _full(pool_size, first), _full(strides, first), padding=padding, data_format=layout
    )


def pool2d(x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"):
    """The largest ('max') or the mean ('avg') of windows of images."""
    pools = (tf.nn.max_pool, tf.nn.avg_pool)
    return _pool(x, pool_size, strides, padding, data_format, pool_mode, pools)


def pool3d(x, pool_size, strides=(1, 1, 1), padding="valid", data_format=None, pool_mode="max"):
    """The largest ('max') or the mean ('avg') of windows of volumes."""
    pools = (conv_ops.max_pool3d, conv_ops.avg_pool3d)
    return _pool(x, pool_size, strides, padding, data_format, pool_mode, pools)


# -- padding and resizing --------------------------------------------------------------------------


def temporal_padding(x, padding=(1, 1)):
    """Zeros before and after the steps of [batch, steps, channels]."""
    _check_pairs([padding], 1)
    return tf.pad(x, [[0, 0], list(padding), [0, 0]])


def spatial_2d_padding(x, padding=((1, 1), (1, 1)), data_format=None):
    """Zeros around images: ((top, bottom), (left, right))."""
    return _spatial_padding(x, padding, data_format, 2)


def spatial_3d_padding(x, padding=((1, 1), (1, 1), (1, 1)), data_format=None):
    """Zeros around volumes: a pair of ints for each of the three dimensions."""
    return _spatial_padding(x, padding, data_format, 3)


def _spatial_padding(x, padding, data_format, spatial):
    _check_pairs(padding, spatial)
    _, first = _layout(data_format, spatial)
    pairs = [list(pair) for pair in padding]
    none = [0, 0]
    return tf.pad(x, [none, none, *pairs] if first else [none, *pairs, none])


def _check_pairs(padding, count):
    if len(padding) != count or any(len(pair) != 2 for pair in padding):
        raise AssertionError(
            "padding should be %d pair%s of ints, but got %s"
            % (count, "s" if count > 1 else "", padding)
        )


def resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    """Images that are larger by whole factors.

    Args:
      x: images.
      height_factor, width_factor: ints.
      data_format: 'channels_last' or 'channels_first'.
      interpolation: 'nearest' or 'bilinear'.
    """
    first = _explicit_layout(data_format)
    if interpolation == "nearest":
        resize = tf.image.resize_nearest_neighbor
    elif interpolation == "bilinear":
        resize = tf.image.resize_bilinear
    else:
        raise ValueError('interpolation should be one of "nearest" or "bilinear".')
    axis = 2 if first else 1
    factors = [height_factor, width_factor]
    sizes = x.shape.as_list()[axis : axis + 2]
    new_sizes = [None if n is None else n * f for n, f in zip(sizes, factors)]
    size = new_sizes if None not in new_sizes else tf.shape(x)[axis : axis + 2] * factors
    if first:
        x = tf.transpose(x, [0, 2, 3, 1])
    channels = x.shape.as_list()[-1]
    x = resize(x, size)
    x.set_shape([None, *new_sizes, channels])
    return tf.transpose(x, [0, 3, 1, 2]) if first else x


def resize_volumes(x, depth_factor, height_factor, width_factor, data_format):
    """Volumes that are larger by whole factors; each voxel is repeated."""
    axis = 2 if _explicit_layout(data_format) else 1
    for i, factor in enumerate((depth_factor, height_factor, width_factor)):
        x = repeat_elements(x, factor, axis=axis + i)
    return x


def _explicit_layout(data_format):
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError("Invalid data_format: %s" % (data_format,))
    return data_format == "channels_first"
