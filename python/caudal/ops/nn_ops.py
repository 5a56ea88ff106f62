# SPDX-License-Identifier: Apache-2.0
"""Layers' arithmetic: activations, biases, convolutions, pools, softmax, dropout, top_k."""

import numbers

import numpy as np

from caudal.framework import dtypes, errors, ops, tensor_shape, tensor_util
from caudal.framework.op_factory import apply, public
from caudal.ops import array_ops, math_ops, random_ops

# -- Activations -----------------------------------------------------------------------------------

relu = public("Relu")
relu6 = public("Relu6")
elu = public("Elu")
selu = public("Selu")
softplus = public("Softplus")
softsign = public("Softsign")
l2_loss = public("L2Loss", "l2_loss")
lrn = local_response_normalization = public("LRN", "lrn")


def leaky_relu(features, alpha=0.2, name=None):
    """features where positive, alpha * features elsewhere. Op: LeakyRelu.

    Args:
      features: a tensor; integers become float32.
      alpha: slope of the negative part.
    """
    with ops.name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        features = ops.convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = math_ops.cast(features, dtypes.float32)
        return apply("LeakyRelu", features, alpha=alpha, name=scope)


def crelu(features, name=None, axis=-1):
    """relu of `features` and of their negatives, side by side along `axis`."""
    with ops.name_scope(name, "CRelu", [features]) as scope:
        features = ops.convert_to_tensor(features, name="features")
        both = array_ops.concat([features, -features], axis, name=scope)
        return relu(both)


def swish(features):
    """features * sigmoid(features)."""
    features = ops.convert_to_tensor(features, name="features")
    return features * math_ops.sigmoid(features)


# -- Biases ----------------------------------------------------------------------------------------


def _image_format(data_format):
    """NHWC or NCHW of any spelling of "channels last" or "channels first"."""
    if data_format is None or data_format.startswith("N") and data_format.endswith("C"):
        return "NHWC"
    if data_format.startswith("NC"):
        return "NCHW"
    raise ValueError("data_format must be of the form `N...C` or `NC...`")


def bias_add(value, bias, data_format=None, name=None):
    """Adds a vector along the channels. Op: BiasAdd.

    Args:
      value: a tensor of rank at least 2.
      bias: a vector as long as the channels of `value`, of the same dtype.
      data_format: "N...C" (channels last, the default) or "NC...".
    """
    with ops.name_scope(name, "BiasAdd", [value, bias]) as scope:
        data_format = _image_format(data_format)
        value = ops.convert_to_tensor(value, name="input")
        bias = ops.convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return apply("BiasAdd", value, bias, data_format=data_format, name=scope)


def xw_plus_b(x, weights, biases, name=None):
    """matmul(x, weights) + biases."""
    with ops.name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        weights = ops.convert_to_tensor(weights, name="weights")
        biases = ops.convert_to_tensor(biases, name="biases")
        return bias_add(math_ops.matmul(x, weights), biases, name=scope)


def relu_layer(x, weights, biases, name=None):
    """relu(matmul(x, weights) + biases)."""
    with ops.name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        weights = ops.convert_to_tensor(weights, name="weights")
        biases = ops.convert_to_tensor(biases, name="biases")
        return relu(bias_add(math_ops.matmul(x, weights), biases), name=scope)


# -- Softmax ---------------------------------------------------------------------------------------


def _alias(value, value_name, alias, alias_name):
    """The value of an argument that has an old name too."""
    if alias is None:
        return value
    if value is not None:
        raise ValueError("Cannot specify both '%s' and '%s'" % (alias_name, value_name))
    return alias


def _softmax(op_name, logits, axis, name):
    logits = ops.convert_to_tensor(logits)
    rank = logits.shape.rank
    if isinstance(axis, ops.Tensor):
        axis = tensor_util.constant_value(axis)
    axis = int(axis)
    if axis == -1 or (rank is not None and axis == rank - 1):
        return apply(op_name, logits, name=name)
    if rank is None:
        raise ValueError("softmax over axis %d needs logits of known rank" % axis)
    if not -rank <= axis < rank:
        raise errors.InvalidArgumentError(
            None, None, "Dimension (%d) must be in the range [%d, %d) where %d is the number of "
            "dimensions in the input." % (axis, -rank, rank, rank),
        )  # fmt: skip
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    rows = apply(op_name, array_ops.transpose(logits, order))
    return array_ops.transpose(rows, order, name=name or "transpose")


def softmax(logits, axis=None, name=None, dim=None):
    """exp(logits) scaled to sum to one along `axis`. Op: Softmax.

    Args:
      logits: a float tensor of rank at least 1.
      axis: an int, by default the last axis; `dim` is its old name.
    """
    axis = _alias(axis, "axis", dim, "dim")
    return _softmax("Softmax", logits, -1 if axis is None else axis, name)


def log_softmax(logits, axis=None, name=None, dim=None):
    """Logarithm of `softmax`, without overflow. Op: LogSoftmax."""
    axis = _alias(axis, "axis", dim, "dim")
    return _softmax("LogSoftmax", logits, -1 if axis is None else axis, name)


# -- Convolutions ----------------------------------------------------------------------------------


def _per_dimension(value, spatial, channel_index, name):
    """One int per dimension of an image batch, from an int, one per spatial dimension, or all."""
    if value is None:
        value = [1]
    elif isinstance(value, (int, np.integer)):
        value = [value]
    value = list(value)
    total = spatial + 2
    if len(value) == total:
        return value
    if len(value) == 1:
        value = value * spatial
    elif len(value) != spatial:
        raise ValueError(
            "%s should be of length 1, %d or %d but was %d" % (name, spatial, total, len(value))
        )
    return [1, 1] + value if channel_index == 1 else [1] + value + [1]


def _channel_index(data_format):
    if data_format in (None, "NHWC", "NWC"):
        return -1
    if data_format in ("NCHW", "NCW"):
        return 1
    raise ValueError("data_format must be NHWC or NCHW, got %r" % (data_format,))


def _padding(padding):
    """(attr padding, explicit paddings) of a string or a list of pairs."""
    if isinstance(padding, (list, tuple)):
        for i, pair in enumerate(padding):
            if not isinstance(pair, (list, tuple)):
                raise ValueError(
                    "When padding is a list, each element of padding must be a list/tuple of size "
                    "2. Element with index %d of padding is not a list/tuple" % i
                )
            if len(pair) != 2:
                raise ValueError(
                    "When padding is a list, each element of padding must be a list/tuple of size "
                    "2. Element with index %d of padding has size %d" % (i, len(pair))
                )
        if len(padding) != 4:
            raise ValueError(
                "When padding is a list, it must be of size 4. Got padding of size: %d"
                % len(padding)
            )
        return "EXPLICIT", [int(p) for pair in padding for p in pair]
    if padding is None:
        raise TypeError("Expected string for argument 'padding' not None.")
    if isinstance(padding, str) and padding == "EXPLICIT":
        raise ValueError(
            '"EXPLICIT" is not a valid value for the padding parameter. To use explicit padding, '
            "the padding parameter must be a list."
        )
    return padding, []


def _conv_attrs(strides, padding, data_format, dilations, use_cudnn_on_gpu=None):
    channel = _channel_index(data_format)
    padding, explicit = _padding(padding)
    attrs = dict(
        strides=_per_dimension(strides, 2, channel, "strides"),
        dilations=_per_dimension(dilations, 2, channel, "dilations"),
        padding=padding,
        data_format=data_format or "NHWC",
    )
    if use_cudnn_on_gpu is not None:
        attrs["use_cudnn_on_gpu"] = use_cudnn_on_gpu
        attrs["explicit_paddings"] = explicit
    elif explicit:
        raise ValueError("explicit padding is not available for depthwise convolutions")
    return attrs


def conv2d(
    input, filter=None, strides=None, padding=None, use_cudnn_on_gpu=True,  # noqa: A002
    data_format="NHWC", dilations=[1, 1, 1, 1], name=None, filters=None,  # noqa: B006
):  # fmt: skip
    """Convolution of a batch of images with a bank of filters. Op: Conv2D.

    Args:
      input: [batch, height, width, channels], or channels second for "NCHW".
      filter: [height, width, input channels, output channels], of the dtype of `input`; `filters`
        is another name for it.
      strides: an int, or a list of 1, 2 or 4 ints.
      padding: "SAME", "VALID" or a list of 4 pairs.
      use_cudnn_on_gpu: without effect.
      data_format: "NHWC" or "NCHW".
      dilations: an int, or a list of 1, 2 or 4 ints.

    Raises:
      ValueError: for shapes that do not fit.
    """
    filter = _alias(filters, "filters", filter, "filter")
    attrs = _conv_attrs(strides, padding, data_format, dilations, use_cudnn_on_gpu)
    return apply("Conv2D", input, filter, name=name, **attrs)


def conv2d_backprop_filter(
    input, filter_sizes, out_backprop, strides, padding, use_cudnn_on_gpu=True,  # noqa: A002
    data_format="NHWC", dilations=[1, 1, 1, 1], name=None,  # noqa: B006
):  # fmt: skip
    """Gradient of `conv2d` towards its filter. Op: Conv2DBackpropFilter."""
    attrs = _conv_attrs(strides, padding, data_format, dilations, use_cudnn_on_gpu)
    return apply("Conv2DBackpropFilter", input, filter_sizes, out_backprop, name=name, **attrs)


def conv2d_backprop_input(
    input_sizes, filter=None, out_backprop=None, strides=None, padding=None,  # noqa: A002
    use_cudnn_on_gpu=True, data_format="NHWC", dilations=[1, 1, 1, 1], name=None,  # noqa: B006
    filters=None,
):  # fmt: skip
    """Gradient of `conv2d` towards its input. Op: Conv2DBackpropInput."""
    filter = _alias(filters, "filters", filter, "filter")
    attrs = _conv_attrs(strides, padding, data_format, dilations, use_cudnn_on_gpu)
    return apply("Conv2DBackpropInput", input_sizes, filter, out_backprop, name=name, **attrs)


def conv2d_transpose(
    value=None, filter=None, output_shape=None, strides=None, padding="SAME",  # noqa: A002
    data_format="NHWC", name=None, input=None, filters=None, dilations=None,  # noqa: A002
):  # fmt: skip
    """The transpose of `conv2d`, which is its gradient towards the input. Op: Conv2DBackpropInput.

    Args:
      value: [batch, height, width, input channels]; `input` is another name for it.
      filter: [height, width, output channels, input channels]; `filters` is another name for it.
      output_shape: int vector, the shape of the result.
      strides, padding, data_format, dilations: as in `conv2d`.
    """
    filter = _alias(filters, "filters", filter, "filter")
    value = _alias(input, "input", value, "value")
    with ops.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        attrs = _conv_attrs(strides, padding, data_format, dilations, True)
        return apply("Conv2DBackpropInput", output_shape, filter, value, name=scope, **attrs)


def conv1d(
    value=None, filters=None, stride=None, padding=None, use_cudnn_on_gpu=None, data_format=None,
    name=None, input=None, dilations=None,  # noqa: A002
):  # fmt: skip
    """Convolution of sequences: [batch, width, channels] with [width, input, output channels].
    Op: Conv2D."""
    value = _alias(input, "input", value, "value")
    if data_format not in (None, "NHWC", "NCHW", "NWC", "NCW"):
        raise ValueError('data_format must be "NWC" or "NCW".')
    with ops.name_scope(name, "conv1d", [value, filters]) as scope:
        first = _channel_index(data_format) == 1
        axis = 2 if first else 1
        strides = _per_dimension(stride, 1, 1 if first else -1, "stride")
        rates = _per_dimension(dilations, 1, 1 if first else -1, "dilations")
        strides.insert(axis, 1)
        rates.insert(axis, 1)
        result = conv2d(
            array_ops.expand_dims(value, axis), array_ops.expand_dims(filters, 0), strides, padding,
            True if use_cudnn_on_gpu is None else use_cudnn_on_gpu, "NCHW" if first else "NHWC",
            rates, name=scope,
        )  # fmt: skip
        return array_ops.squeeze(result, [axis])


_LAYOUTS = {3: ("NWC", "NCW"), 4: ("NHWC", "NCHW"), 5: ("NDHWC", "NCDHW")}


def _spatial_format(data_format, rank):
    """The layout of inputs with `rank` dimensions, by default channels last."""
    return _LAYOUTS[rank][data_format is not None and data_format.startswith("NC")]


def _rates(values, spatial, name):
    """One positive int per spatial dimension, from an int for all or a list."""
    if isinstance(values, (int, np.integer)):
        values = [values] * spatial
    values = [int(v) for v in values]
    if len(values) != spatial:
        raise ValueError("len(%s)=%d but should be %d" % (name, len(values), spatial))
    if any(v < 1 for v in values):
        raise ValueError("all values of %s must be positive" % name)
    return values


def convolution(
    input, filter, padding, strides=None, dilation_rate=None, name=None,  # noqa: A002
    data_format=None, filters=None, dilations=None,
):  # fmt: skip
    """Convolution over one, two or three spatial dimensions. Op: Conv2D or Conv3D.

    Args:
      input: [batch, spatial..., channels], or channels second if data_format starts with "NC".
      filter: [spatial..., input channels, output channels].
      padding: "SAME" or "VALID".
      strides, dilation_rate: an int, or one int per spatial dimension; not both above 1.
    """
    filter = _alias(filters, "filters", filter, "filter")
    rate = _alias(dilations, "dilations", dilation_rate, "dilation_rate")
    with ops.name_scope(name, "convolution", [input, filter]) as scope:
        input = ops.convert_to_tensor(input, name="input")
        filter = ops.convert_to_tensor(filter, name="filter")
        rank = filter.shape.rank if filter.shape.rank is not None else input.shape.rank
        if rank is None:
            raise ValueError("rank of input or filter must be known")
        if input.shape.rank is not None:
            rank = input.shape.rank
        if rank not in _LAYOUTS:
            raise ValueError("Input tensor must be of rank 3, 4 or 5 but was %d." % rank)
        spatial = rank - 2
        layout = _spatial_format(data_format, rank)
        if rate is not None and not isinstance(rate, (int, np.integer)) and len(rate) == 1:
            rate = int(rate[0])
        rate = [1] * spatial if rate is None else _rates(rate, spatial, "dilation_rate")
        channel = 1 if layout.startswith("NC") else -1
        strides = _per_dimension(strides, spatial, channel, "strides")
        if any(r > 1 for r in rate):
            if any(s > 1 for s in strides):
                raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
            if padding not in ("SAME", "VALID"):
                raise ValueError("Invalid padding method %r" % (padding,))
            if input.shape.rank is not None and filter.shape.rank == rank:
                depth, wanted = input.shape[channel], filter.shape[spatial]
                if not depth.is_compatible_with(wanted):
                    raise ValueError(
                        "number of input channels does not match corresponding dimension of "
                        "filter, %s != %s" % (depth, wanted)
                    )
            elif filter.shape.rank is not None:
                raise ValueError("input tensor must have rank %d" % filter.shape.rank)
        if rank == 3:
            return conv1d(input, filter, strides, padding, True, layout, scope, None, rate)
        if rank == 4:
            return conv2d(input, filter, strides, padding, True, layout, rate, scope)
        rates = _per_dimension(rate, 3, channel, "dilations")
        return apply("Conv3D", input, filter, strides=strides, padding=padding,
                     data_format=layout, dilations=rates, name=scope)  # fmt: skip


def atrous_conv2d(value, filters, rate, padding, name=None):
    """`conv2d` whose filter has `rate` - 1 gaps between its taps; `rate` is a positive int."""
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)


def atrous_conv2d_transpose(value, filters, output_shape, rate, padding, name=None):
    """The transpose of `atrous_conv2d`; `output_shape` is the shape of the result."""
    with ops.name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]) as scope:
        value = ops.convert_to_tensor(value, name="value")
        filters = ops.convert_to_tensor(filters, name="filters")
        channels, wanted = value.shape.with_rank(4)[3], filters.shape.with_rank(4)[3]
        if not channels.is_compatible_with(wanted):
            raise ValueError(
                "value's input channels does not match filters' input channels, %s != %s"
                % (channels, wanted)
            )
        if rate < 1:
            raise ValueError("rate %d cannot be less than one" % rate)
        if rate == 1:
            return conv2d_transpose(value, filters, output_shape, 1, padding)
        if padding not in ("SAME", "VALID"):
            raise ValueError("padding must be either VALID or SAME: %s" % (padding,))
        output_shape = ops.convert_to_tensor(output_shape, dtypes.int32, name="output_shape")
        if not output_shape.shape.is_compatible_with([4]):
            raise ValueError("output_shape must have shape (4,), got %s" % output_shape.shape)
        sizes = tensor_util.constant_value(output_shape)
        if sizes is not None and not filters.shape[2].is_compatible_with(int(sizes[3])):
            raise ValueError(
                "output_shape does not match filter's output channels, %d != %s"
                % (sizes[3], filters.shape[2])
            )
        return conv2d_transpose(
            value, filters, output_shape, 1, padding, name=scope, dilations=[rate, rate]
        )


# -- Depthwise convolutions ------------------------------------------------------------------------


def depthwise_conv2d_native(
    input, filter, strides, padding, data_format="NHWC", dilations=[1, 1, 1, 1],  # noqa: A002, B006
    name=None,
):  # fmt: skip
    """Convolution of every channel with filters of its own. Op: DepthwiseConv2dNative.

    Args:
      input: [batch, height, width, channels].
      filter: [height, width, channels, multiplier].
    """
    attrs = _conv_attrs(strides, padding, data_format, dilations)
    return apply("DepthwiseConv2dNative", input, filter, name=name, **attrs)


def depthwise_conv2d_native_backprop_input(
    input_sizes, filter, out_backprop, strides, padding, data_format="NHWC",  # noqa: A002
    dilations=[1, 1, 1, 1], name=None,  # noqa: B006
):  # fmt: skip
    """Gradient of `depthwise_conv2d_native` towards its input."""
    attrs = _conv_attrs(strides, padding, data_format, dilations)
    return apply("DepthwiseConv2dNativeBackpropInput", input_sizes, filter, out_backprop, name=name,
                 **attrs)  # fmt: skip


def depthwise_conv2d_native_backprop_filter(
    input, filter_sizes, out_backprop, strides, padding, data_format="NHWC",  # noqa: A002
    dilations=[1, 1, 1, 1], name=None,  # noqa: B006
):  # fmt: skip
    """Gradient of `depthwise_conv2d_native` towards its filter."""
    attrs = _conv_attrs(strides, padding, data_format, dilations)
    return apply("DepthwiseConv2dNativeBackpropFilter", input, filter_sizes, out_backprop,
                 name=name, **attrs)  # fmt: skip


depthwise_conv2d_backprop_input = depthwise_conv2d_native_backprop_input
depthwise_conv2d_backprop_filter = depthwise_conv2d_native_backprop_filter


def _plain_dilation(filter, rate):  # noqa: A002
    """The two constants that TensorFlow makes here: later seeds depend on the number of nodes."""
    array_ops.shape(filter)
    ops.convert_to_tensor([1, 1] if rate is None else rate, dtypes.int32, name="dilation_rate")


def depthwise_conv2d(
    input, filter, strides, padding, rate=None, name=None, data_format=None,  # noqa: A002
    dilations=None,
):  # fmt: skip
    """Convolution of every channel with filters of its own. Op: DepthwiseConv2dNative.

    Args:
      input: [batch, height, width, channels].
      filter: [height, width, channels, multiplier]; the result has channels * multiplier channels.
      rate: dilation, an int or one per spatial dimension; `dilations` is another name for it.
    """
    rate = _alias(dilations, "dilations", rate, "rate")
    with ops.name_scope(name, "depthwise", [input, filter]) as scope:
        input = ops.convert_to_tensor(input, name="tensor_in")
        filter = ops.convert_to_tensor(filter, name="filter_in")
        _plain_dilation(filter, rate)
        return depthwise_conv2d_native(
            input, filter, strides, padding, data_format or "NHWC", rate or 1, scope
        )


def separable_conv2d(
    input, depthwise_filter, pointwise_filter, strides, padding, rate=None, name=None,  # noqa: A002
    data_format=None, dilations=None,
):  # fmt: skip
    """`depthwise_conv2d` followed by a 1x1 `conv2d` that mixes the channels.

    Args:
      depthwise_filter: [height, width, channels, multiplier].
      pointwise_filter: [1, 1, channels * multiplier, output channels].
    """
    rate = _alias(dilations, "dilations", rate, "rate")
    inputs = [input, depthwise_filter, pointwise_filter]
    with ops.name_scope(name, "separable_conv2d", inputs) as scope:
        input = ops.convert_to_tensor(input, name="tensor_in")
        depthwise_filter = ops.convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = ops.convert_to_tensor(pointwise_filter, name="pointwise_filter")
        shape = pointwise_filter.shape.with_rank(4)
        shape.dims[0].assert_is_compatible_with(1)
        shape.dims[1].assert_is_compatible_with(1)
        _plain_dilation(depthwise_filter, rate)
        depthwise = depthwise_conv2d_native(
            input, depthwise_filter, strides, padding, data_format or "NHWC", rate or 1,
            name="depthwise",
        )  # fmt: skip
        return conv2d(depthwise, pointwise_filter, 1, "VALID", data_format=data_format or "NHWC",
                      name=scope)  # fmt: skip


# -- Pools -----------------------------------------------------------------------------------------


def _pool_attrs(ksize, strides, padding, data_format):
    channel = _channel_index(data_format)
    ksize = _per_dimension(ksize, 2, channel, "ksize")
    strides = _per_dimension(strides, 2, channel, "strides")
    if ksize[0] != 1 or strides[0] != 1:
        raise errors.UnimplementedError(
            None, None, "Pooling is not yet supported on the batch dimension."
        )
    return dict(ksize=ksize, strides=strides, padding=padding, data_format=data_format or "NHWC")


def max_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):  # noqa: A002
    """The largest value of every window. Op: MaxPool.

    Args:
      value: [batch, height, width, channels]; `input` is another name for it.
      ksize, strides: an int, or a list of 1, 2 or 4 ints.
      padding: "SAME" or "VALID".
      data_format: "NHWC" or "NCHW".
    """
    value = _alias(input, "input", value, "value")
    with ops.name_scope(name, "MaxPool", [value]) as scope:
        attrs = _pool_attrs(ksize, strides, padding, data_format)
        if 0 in attrs["ksize"]:
            raise ValueError("ksize cannot be zero.")
        return apply("MaxPool", value, name=scope, **attrs)


def avg_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):  # noqa: A002
    """The mean of every window, padding not counted. Op: AvgPool. Arguments as in `max_pool`."""
    value = _alias(input, "input", value, "value")
    with ops.name_scope(name, "AvgPool", [value]) as scope:
        attrs = _pool_attrs(ksize, strides, padding, data_format)
        return apply("AvgPool", value, name=scope, **attrs)


def max_pool2d(input, ksize, strides, padding, data_format="NHWC", name=None):  # noqa: A002
    """`max_pool` of images."""
    with ops.name_scope(name, "MaxPool2d", [input]) as scope:
        return max_pool(input, ksize, strides, padding, data_format or "NHWC", scope)


avg_pool2d = avg_pool


def _pool1d(function, scope_name, value, ksize, strides, padding, data_format, name):
    with ops.name_scope(name, scope_name, [value]) as scope:
        first = _channel_index(data_format) == 1
        axis = 2 if first else 1
        ksize = _per_dimension(ksize, 1, 1 if first else -1, "ksize")
        strides = _per_dimension(strides, 1, 1 if first else -1, "strides")
        ksize.insert(axis, 1)
        strides.insert(axis, 1)
        image = array_ops.expand_dims(value, axis)
        result = function(image, ksize, strides, padding, "NCHW" if first else "NHWC", scope)
        return array_ops.squeeze(result, [axis])


def max_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):  # noqa: A002
    """`max_pool` of sequences [batch, width, channels]."""
    return _pool1d(max_pool, "MaxPool1d", input, ksize, strides, padding, data_format, name)


def avg_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):  # noqa: A002
    """`avg_pool` of sequences [batch, width, channels]."""
    return _pool1d(avg_pool, "AvgPool1D", input, ksize, strides, padding, data_format, name)


def _pool_function(largest, rank):
    if rank == 5:
        from caudal.ops import conv_ops

        return conv_ops.max_pool3d if largest else conv_ops.avg_pool3d
    if rank == 3:
        return max_pool1d if largest else avg_pool1d
    return max_pool if largest else avg_pool


def _pool_nd(largest, value, ksize, strides, padding, data_format, name):
    value = ops.convert_to_tensor(value, name="input")
    rank = value.shape.rank
    if rank is None and data_format is not None:
        rank = len(data_format)
    rank = 4 if rank is None else rank
    if rank not in _LAYOUTS:
        raise ValueError("Input tensor must be of rank 3, 4 or 5 but was %d." % rank)
    layout = _spatial_format(data_format, rank)
    return _pool_function(largest, rank)(value, ksize, strides, padding, layout, name=name)


def max_pool_v2(input, ksize, strides, padding, data_format=None, name=None):  # noqa: A002
    """`max_pool` of sequences, images or volumes, by the rank of `input`."""
    return _pool_nd(True, input, ksize, strides, padding, data_format, name)


def avg_pool_v2(input, ksize, strides=None, padding="VALID", data_format=None, name=None):  # noqa: A002
    """`avg_pool` of sequences, images or volumes, by the rank of `input`."""
    return _pool_nd(False, input, ksize, strides, padding, data_format, name)


def pool(
    input, window_shape, pooling_type, padding, dilation_rate=None, strides=None,  # noqa: A002
    name=None, data_format=None, dilations=None,
):  # fmt: skip
    """Max or average pool over one to three spatial dimensions, with dilated windows if asked for.

    Args:
      window_shape: one int per spatial dimension.
      pooling_type: "MAX" or "AVG".
      padding: "SAME" or "VALID".
      dilation_rate, strides: one int per spatial dimension; not both above 1.
    """
    rate = _alias(dilations, "dilations", dilation_rate, "dilation_rate")
    window = list(window_shape)
    spatial = len(window)
    if spatial not in (1, 2, 3):
        raise ValueError("It is required that 1 <= num_spatial_dims <= 3")
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError("%d-D %s pooling is not supported." % (spatial, pooling_type))
    largest = pooling_type == "MAX"
    with ops.name_scope(name, "%s_pool" % pooling_type.lower(), [input]) as scope:
        input = ops.convert_to_tensor(input, name="input")
        rank = spatial + 2
        input.shape.assert_has_rank(rank)
        strides = _rates([1] * spatial if strides is None else strides, spatial, "strides")
        rate = _rates([1] * spatial if rate is None else rate, spatial, "dilation_rate")
        if any(s > 1 for s in strides) and any(r > 1 for r in rate):
            raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
        layout = _spatial_format(data_format, rank)
        function = _pool_function(largest, rank)
        if all(r == 1 for r in rate):
            ops.convert_to_tensor(rate, dtypes.int32, name="dilation_rate")
            return function(input, window, strides, padding, layout, name=scope)
        if padding != "VALID":
            raise ValueError(
                "pooling with %s padding is not implemented for dilation_rate > 1" % padding
            )
        return _dilated_pool(function, input, window, rate, layout)


def _dilated_pool(function, value, window, rate, layout):
    """Pools the `rate` interleaved images one by one."""
    first = layout.startswith("NC")
    rank = len(window) + 2
    if first:
        value = array_ops.transpose(value, [0] + list(range(2, rank)) + [1])
    sizes = array_ops.shape(value)[1 : rank - 1]
    paddings, crops = array_ops.required_space_to_batch_paddings(sizes, rate)
    parts = array_ops.space_to_batch_nd(value, rate, paddings)
    pooled = function(parts, window, [1] * len(window), "VALID", _spatial_format(None, rank))
    result = array_ops.batch_to_space_nd(pooled, rate, crops)
    if first:
        result = array_ops.transpose(result, [0, rank - 1] + list(range(1, rank - 1)))
    return result


# -- Dropout ---------------------------------------------------------------------------------------


def _noise_shape(x, noise_shape):
    if noise_shape is None:
        return array_ops.shape(x)
    if isinstance(noise_shape, ops.Tensor):
        return noise_shape
    try:
        dims = tensor_shape.as_shape(noise_shape)
    except (TypeError, ValueError):  # a list with scalar tensors
        return noise_shape
    if x.shape.rank is not None and dims.rank == x.shape.rank:
        filled = [a if a is not None else b for a, b in zip(dims.as_list(), x.shape.as_list())]
        return tensor_shape.TensorShape(filled)
    return noise_shape


def dropout(x, keep_prob=None, noise_shape=None, seed=None, name=None, rate=None):
    """Sets elements to zero with probability `rate` and divides the others by 1 - rate.

    Args:
      x: a float tensor.
      keep_prob: 1 - rate, the old way to give it; a number or scalar tensor.
      noise_shape: shape of the decisions, which broadcast to `x`; by default that of `x`.
      seed: an int, see `set_random_seed`.
      rate: a number in [0, 1) or a scalar tensor.

    Raises:
      ValueError: for a rate out of range or an `x` that is not floating point.
    """
    if keep_prob is not None:
        if rate is not None:
            raise ValueError("Cannot specify both 'keep_prob' and 'rate'")
        try:
            rate = 1 - keep_prob
        except TypeError:
            raise ValueError(
                "keep_prob must be a floating point number or Tensor (got %r)" % (keep_prob,)
            ) from None
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    return dropout_v2(x, rate, noise_shape, seed, name)


def dropout_v2(x, rate, noise_shape=None, seed=None, name=None):
    """`dropout` without the old arguments."""
    with ops.name_scope(name, "dropout", [x]):
        plain = isinstance(rate, numbers.Real)
        if plain and not 0 <= rate < 1:
            raise ValueError(
                "rate must be a scalar tensor or a float in the range [0, 1), got %g" % rate
            )
        x = ops.convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                "x has to be a floating point tensor since it's going to be scaled. "
                "Got a %s tensor instead." % x.dtype
            )
        if plain and rate == 0:
            return x
        rate = ops.convert_to_tensor(rate, dtype=x.dtype, name="rate")
        rate.shape.assert_has_rank(0)
        if tensor_util.constant_value(rate) == 0:
            return x
        shape = _noise_shape(x, noise_shape)
        drawn = random_ops.random_uniform(shape, seed=seed, dtype=x.dtype)
        keep_prob = 1 - rate
        scale = 1 / keep_prob
        kept = drawn >= rate
        result = x * scale * math_ops.cast(kept, x.dtype)
        result.set_shape(x.shape)
        return result


# -- The largest entries ---------------------------------------------------------------------------


def top_k(input, k=1, sorted=True, name=None):  # noqa: A002
    """The k largest entries along the last axis and their indices. Op: TopKV2.

    Args:
      input: a numeric tensor of rank at least 1.
      k: number of entries, an int or scalar tensor.
      sorted: whether the entries must come in descending order.

    Returns:
      A named tuple (values, indices), each like `input` with k in the last axis; int32 indices.
    """
    return apply("TopKV2", input, k, sorted=sorted, name=name)


def in_top_k(predictions, targets, k, name=None):
    """Whether the score of a target is among the k best of its row. Op: InTopKV2.

    Args:
      predictions: float32 [batch, classes].
      targets: int32 or int64 [batch].
      k: an int.

    Returns:
      bool [batch]; false for rows with scores that are not finite.
    """
    with ops.name_scope(name, "in_top_k"):
        return apply("InTopKV2", predictions, targets, k, name=name)
