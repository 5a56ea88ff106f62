# SPDX-License-Identifier: Apache-2.0
"""Convolutions."""

from caudal.contrib.framework import variables
from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.contrib.layers import getters, utils
from caudal.contrib.layers.initializers import xavier_initializer
from caudal.framework import ops
from caudal.layers import convolutional
from caudal.ops import array_ops, init_ops, nn_ops, variable_scope

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_in_plane",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "convolution",
    "convolution1d",
    "convolution2d",
    "convolution2d_in_plane",
    "convolution2d_transpose",
    "convolution3d",
    "convolution3d_transpose",
    "separable_conv2d",
    "separable_convolution2d",
]

_FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")


def _layer_format(data_format):
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


@add_arg_scope
def convolution(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None,
                rate=1, activation_fn=nn_ops.relu, normalizer_fn=None, normalizer_params=None,
                weights_initializer=xavier_initializer(),  # noqa: B008
                weights_regularizer=None,
                biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                biases_regularizer=None, reuse=None, variables_collections=None,
                outputs_collections=None, trainable=True, scope=None,
                conv_dims=None):  # fmt: skip
    """Convolution over one, two or three dimensions, by the rank of the inputs.

    Args:
      inputs: Tensor [batch, sizes..., channels], or channels second.
      num_outputs: number of output channels.
      kernel_size, stride, rate: int, or one for each dimension. Strides and rates cannot both be
        above 1.
      padding: "SAME" or "VALID".
      data_format: "NWC", "NHWC", "NDHWC" or None; "NCW", "NCHW", "NCDHW" put channels second.
      activation_fn: function, or None.
      normalizer_fn: function instead of a bias, or None; gets `normalizer_params`, a dict.
      weights_initializer, weights_regularizer: of the variable "weights".
      biases_initializer, biases_regularizer: of the variable "biases"; initializer None: no bias.
      reuse: whether the variables must exist; needs `scope`.
      variables_collections: list of collections, or dict of them for "weights" and "biases".
      outputs_collections: collections of the output.
      trainable: whether the variables are for optimizers.
      scope: variable scope; default: "Conv".
      conv_dims: how many dimensions there must be.

    Raises:
      ValueError: for ranks, formats and sizes that do not fit.
    """
    if data_format not in _FORMATS:
        raise ValueError("Invalid data_format: %r" % (data_format,))
    with variable_scope.variable_scope(
        scope, "Conv", [inputs], reuse=reuse,
        custom_getter=getters.variable_getter(getters.KERNEL_AND_BIAS),
    ) as sc:  # fmt: skip
        inputs = ops.convert_to_tensor(inputs)
        rank = inputs.get_shape().ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(
                "Convolution expects input with rank %d, got %s" % (conv_dims + 2, rank)
            )
        classes = {3: convolutional.Conv1D, 4: convolutional.Conv2D, 5: convolutional.Conv3D}
        if rank not in classes:
            raise ValueError("Convolution not supported for input with rank", rank)
        layer = classes[rank](
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=_layer_format(data_format), dilation_rate=rate, activation=None,
            use_bias=not normalizer_fn and biases_initializer is not None,
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            activity_regularizer=None, trainable=trainable, name=sc.name,
            dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse,
        )  # fmt: skip
        return _applied(
            layer, inputs, variables_collections, normalizer_fn, normalizer_params, activation_fn,
            outputs_collections, sc.name,
        )  # fmt: skip


def _applied(layer, inputs, variables_collections, normalizer_fn, normalizer_params, activation_fn,
             outputs_collections, scope_name):  # fmt: skip
    outputs = layer.apply(inputs)
    getters.collect_variable(layer.kernel, variables_collections, "weights")
    if layer.use_bias:
        getters.collect_variable(layer.bias, variables_collections, "biases")
    return getters.finish(
        outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections, scope_name
    )


def _fixed(name, dims, shape_text):
    """`convolution` for inputs of one rank."""

    def function(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None,
                 rate=1, activation_fn=nn_ops.relu, normalizer_fn=None, normalizer_params=None,
                 weights_initializer=xavier_initializer(),  # noqa: B008
                 weights_regularizer=None,
                 biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                 biases_regularizer=None, reuse=None, variables_collections=None,
                 outputs_collections=None, trainable=True, scope=None):  # fmt: skip
        return convolution(
            inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
            normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
            biases_initializer, biases_regularizer, reuse, variables_collections,
            outputs_collections, trainable, scope, conv_dims=dims,
        )  # fmt: skip

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "`convolution` of %s." % shape_text
    # The key of arg_scope is the function's text, which has to differ.
    return add_arg_scope(function)


convolution1d = _fixed("convolution1d", 1, "sequences [batch, width, channels]")
convolution2d = _fixed("convolution2d", 2, "images [batch, height, width, channels]")
convolution3d = _fixed("convolution3d", 3, "volumes [batch, depth, height, width, channels]")


@add_arg_scope
def convolution2d_in_plane(inputs, kernel_size, stride=1, padding="SAME",
                           activation_fn=nn_ops.relu, normalizer_fn=None,
                           normalizer_params=None,
                           weights_initializer=xavier_initializer(),  # noqa: B008
                           weights_regularizer=None,
                           biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                           biases_regularizer=None, reuse=None, variables_collections=None,
                           outputs_collections=None, trainable=True,
                           scope=None):  # fmt: skip
    """Convolution of every channel of images with the same kernel.

    Args:
      inputs: Tensor [batch, height, width, channels].
      scope: variable scope; default: "ConvInPlane".
      Others: see `convolution`.
    """
    with variable_scope.variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        dtype = inputs.dtype.base_dtype
        kernel_h, kernel_w = utils.two_element_tuple(kernel_size)
        stride_h, stride_w = utils.two_element_tuple(stride)
        channels = utils.last_dimension(inputs.get_shape(), min_rank=4)
        weights = variables.model_variable(
            "weights",
            shape=[kernel_h, kernel_w, 1, 1],
            dtype=dtype,
            initializer=weights_initializer,
            regularizer=weights_regularizer,
            collections=utils.get_variable_collections(variables_collections, "weights"),
            trainable=trainable,
        )
        outputs = nn_ops.depthwise_conv2d(
            inputs,
            array_ops.tile(weights, [1, 1, channels, 1]),
            [1, stride_h, stride_w, 1],
            padding,
        )
        if normalizer_fn is None and biases_initializer is not None:
            biases = variables.model_variable(
                "biases",
                shape=[channels],
                dtype=dtype,
                initializer=biases_initializer,
                regularizer=biases_regularizer,
                collections=utils.get_variable_collections(variables_collections, "biases"),
                trainable=trainable,
            )
            outputs = nn_ops.bias_add(outputs, biases)
        return getters.finish(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections, sc.name
        )


def _transposed(inputs, layer_class, default_scope, num_outputs, kernel_size, stride, padding,
                data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer,
                weights_regularizer, biases_initializer, biases_regularizer, reuse,
                variables_collections, outputs_collections, trainable, scope):  # fmt: skip
    with variable_scope.variable_scope(
        scope, default_scope, [inputs], reuse=reuse,
        custom_getter=getters.variable_getter(getters.KERNEL_AND_BIAS),
    ) as sc:  # fmt: skip
        inputs = ops.convert_to_tensor(inputs)
        layer = layer_class(
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=_layer_format(data_format), activation=None,
            use_bias=not normalizer_fn and biases_initializer is not None,
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            activity_regularizer=None, trainable=trainable, name=sc.name,
            dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse,
        )  # fmt: skip
        return _applied(
            layer, inputs, variables_collections, normalizer_fn, normalizer_params, activation_fn,
            outputs_collections, sc.name,
        )  # fmt: skip


@add_arg_scope
def convolution2d_transpose(inputs, num_outputs, kernel_size, stride=1, padding="SAME",
                            data_format="NHWC", activation_fn=nn_ops.relu, normalizer_fn=None,
                            normalizer_params=None,
                            weights_initializer=xavier_initializer(),  # noqa: B008
                            weights_regularizer=None,
                            biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                            biases_regularizer=None, reuse=None, variables_collections=None,
                            outputs_collections=None, trainable=True,
                            scope=None):  # fmt: skip
    """Transposed convolution of images. Arguments: see `convolution`; scope "Conv2d_transpose"."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    return _transposed(
        inputs, convolutional.Conv2DTranspose, "Conv2d_transpose", num_outputs, kernel_size,
        stride, padding, data_format, activation_fn, normalizer_fn, normalizer_params,
        weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse,
        variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@add_arg_scope
def convolution3d_transpose(inputs, num_outputs, kernel_size, stride=1, padding="SAME",
                            data_format="NDHWC", activation_fn=nn_ops.relu, normalizer_fn=None,
                            normalizer_params=None,
                            weights_initializer=xavier_initializer(),  # noqa: B008
                            weights_regularizer=None,
                            biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                            biases_regularizer=None, reuse=None, variables_collections=None,
                            outputs_collections=None, trainable=True,
                            scope=None):  # fmt: skip
    """Transposed convolution of volumes. Arguments: see `convolution`; scope "Conv3d_transpose"."""
    if data_format not in ("NCDHW", "NDHWC"):
        raise ValueError("data_format has to be either NCDHW or NDHWC.")
    return _transposed(
        inputs, convolutional.Conv3DTranspose, "Conv3d_transpose", num_outputs, kernel_size,
        stride, padding, data_format, activation_fn, normalizer_fn, normalizer_params,
        weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse,
        variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@add_arg_scope
def separable_convolution2d(inputs, num_outputs, kernel_size, depth_multiplier=1, stride=1,
                            padding="SAME", data_format="NHWC", rate=1,
                            activation_fn=nn_ops.relu, normalizer_fn=None,
                            normalizer_params=None,
                            weights_initializer=xavier_initializer(),  # noqa: B008
                            pointwise_initializer=None, weights_regularizer=None,
                            biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                            biases_regularizer=None, reuse=None, variables_collections=None,
                            outputs_collections=None, trainable=True,
                            scope=None):  # fmt: skip
    """A convolution of each channel for itself, then one of size 1 over all channels.

    Args:
      num_outputs: number of output channels; None leaves out the second step.
      depth_multiplier: how many outputs the first step has for each channel.
      pointwise_initializer: of the second step; default: `weights_initializer`.
      scope: variable scope; default: "SeparableConv2d".
      Others: see `convolution`; the variables are "depthwise_weights", "pointwise_weights" and
        "biases".
    """
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    getter = getters.variable_getter(
        {
            "bias": "biases",
            "depthwise_kernel": "depthwise_weights",
            "pointwise_kernel": "pointwise_weights",
        }
    )
    with variable_scope.variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter
    ) as sc:
        inputs = ops.convert_to_tensor(inputs)
        if pointwise_initializer is None:
            pointwise_initializer = weights_initializer
        use_bias = normalizer_fn is None and biases_initializer is not None
        if num_outputs is not None:
            layer = convolutional.SeparableConv2D(
                filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
                data_format=_layer_format(data_format),
                dilation_rate=utils.two_element_tuple(rate), activation=None,
                depth_multiplier=depth_multiplier, use_bias=use_bias,
                depthwise_initializer=weights_initializer,
                pointwise_initializer=pointwise_initializer, bias_initializer=biases_initializer,
                depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
                activity_regularizer=None, trainable=trainable, name=sc.name,
                dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse,
            )  # fmt: skip
            outputs = layer.apply(inputs)
            getters.collect_variable(layer.depthwise_kernel, variables_collections, "weights")
            getters.collect_variable(layer.pointwise_kernel, variables_collections, "weights")
            if use_bias:
                getters.collect_variable(layer.bias, variables_collections, "biases")
        else:
            outputs = _depthwise(
                inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate,
                weights_initializer, weights_regularizer,
                biases_initializer if use_bias else None, biases_regularizer,
                variables_collections, trainable,
            )  # fmt: skip
        return getters.finish(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections, sc.name
        )


def _depthwise(inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate,
               weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
               variables_collections, trainable):  # fmt: skip
    dtype = inputs.dtype.base_dtype
    kernel_h, kernel_w = utils.two_element_tuple(kernel_size)
    stride_h, stride_w = utils.two_element_tuple(stride)
    channels = utils.channel_dimension(inputs.get_shape(), data_format, min_rank=4)
    weights = variables.model_variable(
        "depthwise_weights",
        shape=[kernel_h, kernel_w, channels, depth_multiplier],
        dtype=dtype,
        initializer=weights_initializer,
        regularizer=weights_regularizer,
        trainable=trainable,
        collections=utils.get_variable_collections(variables_collections, "weights"),
    )
    first = data_format == "NCHW"
    outputs = nn_ops.depthwise_conv2d(
        inputs,
        weights,
        [1, 1, stride_h, stride_w] if first else [1, stride_h, stride_w, 1],
        padding,
        rate=utils.two_element_tuple(rate),
        data_format=data_format,
    )
    if biases_initializer is not None:
        biases = variables.model_variable(
            "biases",
            shape=[depth_multiplier * channels],
            dtype=dtype,
            initializer=biases_initializer,
            regularizer=biases_regularizer,
            trainable=trainable,
            collections=utils.get_variable_collections(variables_collections, "biases"),
        )
        outputs = nn_ops.bias_add(outputs, biases, data_format=data_format)
    return outputs


conv1d = convolution1d
conv2d = convolution2d
conv3d = convolution3d
conv2d_in_plane = convolution2d_in_plane
conv2d_transpose = convolution2d_transpose
conv3d_transpose = convolution3d_transpose
separable_conv2d = separable_convolution2d
