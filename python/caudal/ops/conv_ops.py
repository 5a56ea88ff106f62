# SPDX-License-Identifier: Apache-2.0
"""Convolutions of volumes, transposed convolutions of any rank, pools and dilations beyond 2-D."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops, nn_ops
from caudal.ops.nn_ops import _alias, _per_dimension


def _volume_channel(data_format):
    return 1 if data_format == "NCDHW" else -1


# -- Convolutions of volumes -----------------------------------------------------------------------


def conv3d(
    input, filter=None, strides=None, padding=None, data_format="NDHWC",  # noqa: A002
    dilations=[1, 1, 1, 1, 1], name=None, filters=None,  # noqa: B006
):  # fmt: skip
    """Convolution of a batch of volumes with a bank of filters. Op: Conv3D.

    Args:
      input: [batch, depth, height, width, channels], or channels second for "NCDHW".
      filter: [depth, height, width, input channels, output channels]; `filters` is another name.
      strides, dilations: 5 ints; the first and the one of the channels are 1.
      padding: "SAME" or "VALID".

    Raises:
      ValueError: for shapes that do not fit.
    """
    filter = _alias(filters, "filters", filter, "filter")
    return apply("Conv3D", input, filter, strides=strides, padding=padding, dilations=dilations,
                 data_format=data_format or "NDHWC", name=name)  # fmt: skip


def conv3d_backprop_filter(
    input, filter_sizes, out_backprop, strides, padding, data_format="NDHWC",  # noqa: A002
    dilations=[1, 1, 1, 1, 1], name=None,  # noqa: B006
):  # fmt: skip
    """Gradient of `conv3d` towards its filter. Op: Conv3DBackpropFilterV2."""
    return apply("Conv3DBackpropFilterV2", input, filter_sizes, out_backprop, strides=strides,
                 padding=padding, data_format=data_format, dilations=dilations,
                 name=name)  # fmt: skip


conv3d_backprop_filter_v2 = conv3d_backprop_filter


def conv3d_transpose(
    value, filter=None, output_shape=None, strides=None, padding="SAME",  # noqa: A002
    data_format="NDHWC", name=None, input=None, filters=None, dilations=None,  # noqa: A002
):  # fmt: skip
    """The transpose of `conv3d`, its gradient towards the input. Op: Conv3DBackpropInputV2.

    Args:
      value: [batch, depth, height, width, input channels]; `input` is another name for it.
      filter: [depth, height, width, output channels, input channels].
      output_shape: int vector of 5, the shape of the result.
      strides, dilations: an int, or a list of 1, 3 or 5 ints.
    """
    filter = _alias(filters, "filters", filter, "filter")
    value = _alias(input, "input", value, "value")
    with ops.name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NDHWC"
        channel = _volume_channel(data_format)
        return apply(
            "Conv3DBackpropInputV2", output_shape, filter, value,
            strides=_per_dimension(strides, 3, channel, "strides"), padding=padding,
            data_format=data_format,
            dilations=_per_dimension(dilations, 3, channel, "dilations"), name=scope,
        )  # fmt: skip


# -- Transposed convolutions -----------------------------------------------------------------------


def conv1d_transpose(
    input, filters, output_shape, strides, padding="SAME", data_format="NWC",  # noqa: A002
    dilations=None, name=None,
):  # fmt: skip
    """The transpose of `conv1d`, its gradient towards the input. Op: Conv2DBackpropInput.

    Args:
      input: [batch, width, input channels], or channels second for "NCW".
      filters: [width, output channels, input channels].
      output_shape: int vector of 3, the shape of the result.
      strides, dilations: an int, or a list of 1 or 3 ints.
    """
    with ops.name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        if data_format not in (None, "NWC", "NCW"):
            raise ValueError('data_format must be "NWC" or "NCW".')
        first = data_format == "NCW"
        axis = 2 if first else 1
        channel = 1 if first else -1
        strides = _per_dimension(strides, 1, channel, "stride")
        rates = _per_dimension(dilations, 1, channel, "dilations")
        strides.insert(axis, 1)
        rates.insert(axis, 1)
        image = array_ops.expand_dims(input, axis)
        bank = array_ops.expand_dims(filters, 0)
        if isinstance(output_shape, ops.Tensor):
            sizes = [output_shape[:axis], [1], output_shape[axis:]]
            output_shape = array_ops.concat(sizes, axis=0)
        else:
            output_shape = list(output_shape)
            output_shape.insert(axis, 1)
        result = apply(
            "Conv2DBackpropInput", output_shape, bank, image, strides=strides, padding=padding,
            data_format="NCHW" if first else "NHWC", dilations=rates, name=scope,
        )  # fmt: skip
        return array_ops.squeeze(result, [axis])


def conv_transpose(
    input, filters, output_shape, strides, padding="SAME", data_format=None,  # noqa: A002
    dilations=None, name=None,
):  # fmt: skip
    """`conv1d_transpose`, `conv2d_transpose` or `conv3d_transpose`, by the length of output_shape.

    Args:
      output_shape: tensor or list, the shape of the result.
      strides, dilations: an int, or one int per spatial dimension.
    """
    with ops.name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        if isinstance(output_shape, ops.Tensor):
            spatial = output_shape.shape.as_list()[0] - 2
        elif hasattr(output_shape, "__len__"):
            spatial = len(output_shape) - 2
        else:
            raise ValueError("output_shape must be a tensor or sized collection.")
        if not 1 <= spatial <= 3:
            raise ValueError("output_shape must be of length 3, 4 or 5 but was %d." % (spatial + 2))
        first = data_format is not None and data_format.startswith("NC")
        if spatial == 1:
            return conv1d_transpose(input, filters, output_shape, strides, padding,
                                    "NCW" if first else "NWC", dilations, scope)  # fmt: skip
        if spatial == 2:
            return nn_ops.conv2d_transpose(
                input, filters, output_shape, strides, padding, "NCHW" if first else "NHWC", scope,
                dilations=dilations,
            )  # fmt: skip
        return conv3d_transpose(input, filters, output_shape, strides, padding,
                                "NCDHW" if first else "NDHWC", scope,
                                dilations=dilations)  # fmt: skip


# -- Dilation through interleaved images -----------------------------------------------------------


def with_space_to_batch(
    input, dilation_rate, padding, op, filter_shape=None, spatial_dims=None,  # noqa: A002
    data_format=None,
):  # fmt: skip
    """Runs `op` on interleaved parts of the input, which dilates its windows.

    Args:
      input: a tensor with a batch dimension in front.
      dilation_rate: int vector, one rate per spatial dimension.
      padding: "SAME" (needs `filter_shape`) or "VALID".
      op: called as op(parts, number of spatial dimensions, "VALID"); with `input` and `padding`
        themselves when all rates are 1.
      filter_shape: sizes of the window in the spatial dimensions, first entries count.
      spatial_dims: rising list of dimensions that are dilated, by default the first ones.
      data_format: "NC..." puts the spatial dimensions from 2 on.

    Returns:
      What `op` makes, with its parts put together again.
    """
    input = ops.convert_to_tensor(input, name="input")
    dilation_rate = ops.convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate")
    rate_shape = dilation_rate.shape
    if rate_shape.rank not in (None, 1):
        raise ValueError("rate must be rank 1")
    if not rate_shape.is_fully_defined():
        raise ValueError("rate must have known shape")
    spatial = rate_shape.as_list()[0]
    start = 2 if data_format is not None and data_format.startswith("NC") else 1
    if spatial_dims is None:
        spatial_dims = list(range(start, start + spatial))
    spatial_dims = [int(d) for d in spatial_dims]
    if spatial_dims != sorted(set(spatial_dims)) or any(d < 1 for d in spatial_dims):
        raise ValueError(
            "spatial_dims must be a montonically increasing sequence of positive integers"
        )
    last = spatial_dims[-1] if spatial_dims else 0
    needed = last + 1
    if len(spatial_dims) != spatial:
        raise ValueError("Shapes (%d,) and [%d] are incompatible" % (len(spatial_dims), spatial))
    if input.shape.rank is not None and input.shape.rank < needed:
        raise ValueError("input tensor must have rank %d at least" % needed)
    rate = tensor_util.constant_value(dilation_rate)
    if rate is not None:
        if np.any(rate < 1):
            raise ValueError("dilation_rate must be positive")
        if np.all(rate == 1):
            return op(input, spatial, padding)
    if padding == "SAME":
        if filter_shape is None:
            raise ValueError("filter_shape must be specified for SAME padding")
        window = ops.convert_to_tensor(filter_shape, dtypes.int32, name="filter_shape")
        static = tensor_util.constant_value(window)
        known = static is not None and rate is not None
        window, steps = (static, rate) if known else (window, dilation_rate)
        extra = (window[:spatial] - 1) * steps
        before = extra // 2
        stack = np.stack if known else array_ops.stack
        base_paddings = stack([[before[i], extra[i] - before[i]] for i in range(spatial)])
    elif padding == "VALID":
        base_paddings = np.zeros([spatial, 2], np.int32)
    else:
        raise ValueError("Invalid padding method %r" % padding)
    block = _filled(rate if rate is not None else dilation_rate, 1, spatial_dims)
    base_paddings = _filled(base_paddings, 0, spatial_dims)
    static = input.shape.as_list() if input.shape.rank is not None else None
    if static is not None and None not in static[1 : last + 1]:
        sizes = np.array(static[1 : last + 1], np.int32)
    else:
        sizes = array_ops.shape(input)[1 : last + 1]
    paddings, crops = array_ops.required_space_to_batch_paddings(sizes, block, base_paddings)
    parts = array_ops.space_to_batch_nd(input, block, paddings)
    return array_ops.batch_to_space_nd(op(parts, spatial, "VALID"), block, crops)


def _filled(values, fill, spatial_dims):
    """`values` for dimensions 1 .. last of spatial_dims, with `fill` where no value belongs."""
    if spatial_dims == list(range(1, len(spatial_dims) + 1)):
        return values
    static = isinstance(values, np.ndarray)
    rest = np.shape(values)[1:] if static else tuple(values.shape.as_list()[1:])
    blank = np.full(rest, fill, np.int32)
    rows = [blank] * spatial_dims[-1]
    for i, d in enumerate(spatial_dims):
        rows[d - 1] = values[i]
    return np.stack(rows) if static else array_ops.stack(rows)


# -- Pools -----------------------------------------------------------------------------------------


def _volume_pool(op_name, default_name, value, ksize, strides, padding, data_format, name):
    with ops.name_scope(name, default_name, [value]) as scope:
        data_format = data_format or "NDHWC"
        channel = _volume_channel(data_format)
        return apply(
            op_name, value, ksize=_per_dimension(ksize, 3, channel, "ksize"),
            strides=_per_dimension(strides, 3, channel, "strides"), padding=padding,
            data_format=data_format, name=scope,
        )  # fmt: skip


def max_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):  # noqa: A002
    """The largest value of every window of a volume. Op: MaxPool3D.

    Args:
      input: [batch, depth, height, width, channels], or channels second for "NCDHW".
      ksize, strides: an int, or a list of 1, 3 or 5 ints.
      padding: "SAME" or "VALID".
    """
    return _volume_pool("MaxPool3D", "MaxPool3D", input, ksize, strides, padding, data_format, name)


def avg_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):  # noqa: A002
    """The mean of every window of a volume. Op: AvgPool3D. Arguments as in `max_pool3d`."""
    return _volume_pool("AvgPool3D", "AvgPool3D", input, ksize, strides, padding, data_format, name)


def max_pool_with_argmax(
    input, ksize, strides, padding, data_format="NHWC", Targmax=None, name=None,  # noqa: A002, N803
    output_dtype=None, include_batch_in_index=False,
):  # fmt: skip
    """`max_pool` that tells where the maxima are. Op: MaxPoolWithArgmax.

    Args:
      input: [batch, height, width, channels].
      ksize, strides: 4 ints.
      output_dtype: int32 or int64 (the default); `Targmax` is its old name.
      include_batch_in_index: whether indices count from the start of the batch, not of the image.

    Returns:
      (output, argmax): argmax holds (y * width + x) * channels + channel.
    """
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    kind = _alias(output_dtype, "output_dtype", Targmax, "Targmax")
    return apply(
        "MaxPoolWithArgmax", input, ksize=ksize, strides=strides, padding=padding,
        Targmax=dtypes.int64 if kind is None else kind,
        include_batch_in_index=include_batch_in_index, name=name,
    )  # fmt: skip


def max_pool_with_argmax_v2(
    input, ksize, strides, padding, data_format="NHWC", output_dtype=dtypes.int64,  # noqa: A002
    include_batch_in_index=False, name=None,
):  # fmt: skip
    """`max_pool_with_argmax`; ksize and strides may be ints or lists of 1, 2 or 4 ints."""
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    ksize = _per_dimension(ksize, 2, -1, "ksize")
    strides = _per_dimension(strides, 2, -1, "strides")
    return max_pool_with_argmax(input, ksize, strides, padding, data_format, None, name,
                                output_dtype, include_batch_in_index)  # fmt: skip


def fractional_max_pool(
    value, pooling_ratio, pseudo_random=False, overlapping=False, deterministic=False, seed=0,
    seed2=0, name=None,
):  # fmt: skip
    """Maximum over windows with random borders. Op: FractionalMaxPool.

    Args:
      value: [batch, height, width, channels].
      pooling_ratio: 4 floats; the first and the last are 1.0, the others at least 1.0.
      pseudo_random: whether borders follow a regular sequence with one random offset.
      overlapping: whether windows share the pixels at their borders.
      deterministic: whether all runs draw the same borders; needed for seeds other than 0.

    Returns:
      (output, row_pooling_sequence, col_pooling_sequence); the int64 sequences are the borders.
    """
    return apply(
        "FractionalMaxPool", value, pooling_ratio=pooling_ratio, pseudo_random=pseudo_random,
        overlapping=overlapping, deterministic=deterministic, seed=seed, seed2=seed2, name=name,
    )  # fmt: skip


def fractional_avg_pool(
    value, pooling_ratio, pseudo_random=False, overlapping=False, deterministic=False, seed=0,
    seed2=0, name=None,
):  # fmt: skip
    """Mean over windows with random borders; as `fractional_max_pool`. Op: FractionalAvgPool."""
    return apply(
        "FractionalAvgPool", value, pooling_ratio=pooling_ratio, pseudo_random=pseudo_random,
        overlapping=overlapping, deterministic=deterministic, seed=seed, seed2=seed2, name=name,
    )  # fmt: skip


def _fractional_v2(function, value, pooling_ratio, pseudo_random, overlapping, seed, name):
    from caudal.framework import random_seed

    if isinstance(pooling_ratio, (int, float)) or len(pooling_ratio) == 1:
        ratio = pooling_ratio if isinstance(pooling_ratio, (int, float)) else pooling_ratio[0]
        pooling_ratio = [1.0, ratio, ratio, 1.0]
    elif len(pooling_ratio) == 2:
        pooling_ratio = [1.0, *pooling_ratio, 1.0]
    if seed == 0:
        return function(value, pooling_ratio, pseudo_random, overlapping, name=name)
    seed1, seed2 = random_seed.get_seed(seed)
    return function(value, pooling_ratio, pseudo_random, overlapping, True, seed1, seed2, name)


def fractional_max_pool_v2(
    value, pooling_ratio, pseudo_random=False, overlapping=False, seed=0, name=None
):
    """`fractional_max_pool` that is deterministic if a seed is given."""
    return _fractional_v2(
        fractional_max_pool, value, pooling_ratio, pseudo_random, overlapping, seed, name
    )


def fractional_avg_pool_v2(
    value, pooling_ratio, pseudo_random=False, overlapping=False, seed=0, name=None
):
    """`fractional_avg_pool` that is deterministic if a seed is given."""
    return _fractional_v2(
        fractional_avg_pool, value, pooling_ratio, pseudo_random, overlapping, seed, name
    )


# -- Dilation --------------------------------------------------------------------------------------


def dilation2d(
    input, filter=None, strides=None, rates=None, padding=None, name=None,  # noqa: A002
    filters=None, dilations=None,
):  # fmt: skip
    """Grayscale dilation: the maximum of image + filter over a window. Op: Dilation2D.

    Args:
      input: [batch, height, width, depth].
      filter: [height, width, depth]; `filters` is another name for it.
      strides, rates: 4 ints; `dilations` is another name for `rates`.
      padding: "SAME" or "VALID".
    """
    filter = _alias(filters, "filters", filter, "filter")
    rates = _alias(dilations, "dilations", rates, "rates")
    return apply("Dilation2D", input, filter, strides=strides, rates=rates, padding=padding,
                 name=name)  # fmt: skip


def erosion2d(value, kernel, strides, rates, padding, name=None):
    """Grayscale erosion: the minimum of image - kernel over a window. Op: Dilation2D."""
    with ops.name_scope(name, "erosion2d", [value, kernel]) as scope:
        value, flipped = math_ops.negative(value), array_ops.reverse(kernel, [0, 1])
        widest = apply("Dilation2D", value, flipped, strides=strides, rates=rates,
                       padding=padding, name=scope)  # fmt: skip
        return math_ops.negative(widest)


def erosion2d_v2(value, filters, strides, padding, data_format, dilations, name=None):
    """`erosion2d` with the arguments of TensorFlow 2; only "NHWC" is known."""
    if data_format != "NHWC":
        raise ValueError("Data formats other than NHWC are not yet supported")
    return erosion2d(value, filters, strides, dilations, padding, name)


# -- What works on quantised numbers ---------------------------------------------------------------


def _not_quantised(name):
    raise NotImplementedError(
        "tf.nn.%s works on quantised numbers, which caudal does not compute with" % name
    )


def quantized_avg_pool(input, min_input, max_input, ksize, strides, padding, name=None):
    """Raises NotImplementedError: caudal does not compute with quantised numbers."""
    _not_quantised("quantized_avg_pool")


def quantized_conv2d(input, filter, min_input, max_input, min_filter, max_filter, strides, padding,
                     out_type=dtypes.qint32, dilations=(1, 1, 1, 1), name=None):  # fmt: skip
    """Raises NotImplementedError: caudal does not compute with quantised numbers."""
    _not_quantised("quantized_conv2d")


def quantized_max_pool(input, min_input, max_input, ksize, strides, padding, name=None):
    """Raises NotImplementedError: caudal does not compute with quantised numbers."""
    _not_quantised("quantized_max_pool")


def quantized_relu_x(
    features, max_value, min_features, max_features, out_type=dtypes.quint8, name=None
):
    """Raises NotImplementedError: caudal does not compute with quantised numbers."""
    _not_quantised("quantized_relu_x")
