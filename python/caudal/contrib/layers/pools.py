# SPDX-License-Identifier: Apache-2.0
"""Pools over images and volumes."""

from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.contrib.layers import utils
from caudal.framework import ops
from caudal.layers import pooling
from caudal.ops import nn_ops

__all__ = ["avg_pool2d", "avg_pool3d", "max_pool2d", "max_pool3d", "pool"]


def _pooled(layer_class, default_scope, formats, inputs, kernel_size, stride, padding,
            data_format, outputs_collections, scope):  # fmt: skip
    if data_format not in formats:
        raise ValueError("data_format has to be either %s or %s." % formats)
    with ops.name_scope(scope, default_scope, [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        first = data_format.startswith("NC")
        layer = layer_class(
            pool_size=kernel_size,
            strides=stride,
            padding=padding,
            data_format="channels_first" if first else "channels_last",
            _scope=sc,
        )
        return utils.collect_named_outputs(outputs_collections, sc, layer.apply(inputs))


_IMAGES = ("NCHW", "NHWC")
_VOLUMES = ("NCDHW", "NDHWC")


@add_arg_scope
def avg_pool2d(inputs, kernel_size, stride=2, padding="VALID", data_format="NHWC",
               outputs_collections=None, scope=None):  # fmt: skip
    """The means of windows of images.

    Args:
      inputs: Tensor [batch, height, width, channels], or channels second.
      kernel_size, stride: int or [height, width].
      padding: "VALID" or "SAME".
      data_format: "NHWC" or "NCHW".
      outputs_collections: collections of the output.
      scope: name scope; default: "AvgPool2D".
    """
    return _pooled(pooling.AveragePooling2D, "AvgPool2D", _IMAGES, inputs, kernel_size, stride,
                   padding, data_format, outputs_collections, scope)  # fmt: skip


@add_arg_scope
def max_pool2d(inputs, kernel_size, stride=2, padding="VALID", data_format="NHWC",
               outputs_collections=None, scope=None):  # fmt: skip
    """The largest values of windows of images. Arguments: see `avg_pool2d`; scope "MaxPool2D"."""
    return _pooled(pooling.MaxPooling2D, "MaxPool2D", _IMAGES, inputs, kernel_size, stride,
                   padding, data_format, outputs_collections, scope)  # fmt: skip


@add_arg_scope
def avg_pool3d(inputs, kernel_size, stride=2, padding="VALID", data_format="NDHWC",
               outputs_collections=None, scope=None):  # fmt: skip
    """The means of windows of volumes. Arguments: see `avg_pool2d`; scope "AvgPool3D"."""
    return _pooled(pooling.AveragePooling3D, "AvgPool3D", _VOLUMES, inputs, kernel_size, stride,
                   padding, data_format, outputs_collections, scope)  # fmt: skip


@add_arg_scope
def max_pool3d(inputs, kernel_size, stride=2, padding="VALID", data_format="NDHWC",
               outputs_collections=None, scope=None):  # fmt: skip
    """The largest values of windows of volumes. Arguments: see `avg_pool2d`; scope "MaxPool3D"."""
    return _pooled(pooling.MaxPooling3D, "MaxPool3D", _VOLUMES, inputs, kernel_size, stride,
                   padding, data_format, outputs_collections, scope)  # fmt: skip


@add_arg_scope
def pool(inputs, kernel_size, pooling_type, padding="VALID", data_format=None, dilation_rate=1,
         stride=1, outputs_collections=None, scope=None):  # fmt: skip
    """`tf.nn.pool` by the rank of the inputs.

    Args:
      pooling_type: "MAX" or "AVG".
      dilation_rate: int, or one for each dimension.
      scope: name scope; default: "max_pool" or "avg_pool".
      Others: see `avg_pool2d`.
    """
    with ops.name_scope(scope, "%s_pool" % pooling_type.lower(), [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        rank = inputs.get_shape().ndims
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        spatial = rank - 2
        output = nn_ops.pool(
            input=inputs,
            window_shape=utils.n_positive_integers(spatial, kernel_size),
            pooling_type=pooling_type,
            padding=padding,
            data_format=data_format,
            dilation_rate=utils.n_positive_integers(spatial, dilation_rate),
            strides=utils.n_positive_integers(spatial, stride),
            name=sc,
        )
        return utils.collect_named_outputs(outputs_collections, sc, output)
