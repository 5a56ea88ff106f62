# SPDX-License-Identifier: Apache-2.0
"""The end of AlexNet, OverFeat and VGG networks."""

from caudal.contrib import layers
from caudal.contrib.layers import utils
from caudal.ops import array_ops

__all__ = ["dense_layers", "squeezed"]


def dense_layers(net, sizes, kernel_size, num_classes, dropout_keep_prob, is_training,
                 **last):  # fmt: skip
    """Layers fc6, fc7 and fc8 as convolutions, so that larger images fit.

    Args:
      net: Tensor [batch, height, width, channels].
      sizes: channels of fc6 and fc7.
      kernel_size: of fc6.
      num_classes: channels of fc8.
      dropout_keep_prob: share of the activations of fc6 and fc7 that are kept.
      is_training: bool or bool Tensor.
      **last: more arguments of fc8.
    """
    net = layers.conv2d(net, sizes[0], kernel_size, padding="VALID", scope="fc6")
    net = layers.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
    net = layers.conv2d(net, sizes[1], [1, 1], scope="fc7")
    net = layers.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
    return layers.conv2d(
        net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8", **last
    )


def squeezed(net, collection, scope_name, spatial_squeeze):
    """(logits, dict of end points); with `spatial_squeeze` without the axes of size 1."""
    end_points = utils.convert_collection_to_dict(collection)
    if spatial_squeeze:
        net = array_ops.squeeze(net, [1, 2], name="fc8/squeezed")
        end_points[scope_name + "/fc8"] = net
    return net, end_points
