# SPDX-License-Identifier: Apache-2.0
"""Residual networks v2: units begin with normalization and a rectifier."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import add_arg_scope, arg_scope
from caudal.contrib.layers import utils
from caudal.contrib.slim.nets import resnet_utils
from caudal.ops import nn_ops, variable_scope

resnet_arg_scope = resnet_utils.resnet_arg_scope


@add_arg_scope
def bottleneck(inputs, depth, depth_bottleneck, stride, rate=1, outputs_collections=None,
               scope=None):  # fmt: skip
    """A unit: normalization, then convolutions of size 1, 3 and 1 beside a shortcut.

    Args:
      inputs: Tensor [batch, height, width, channels].
      depth: channels of the output.
      depth_bottleneck: channels between the convolutions.
      stride, rate: of the convolution of size 3.
      outputs_collections: collections of the output.
      scope: variable scope.
    """
    with variable_scope.variable_scope(scope, "bottleneck_v2", [inputs]) as sc:
        before = layers.batch_norm(inputs, activation_fn=nn_ops.relu, scope="preact")
        if depth == utils.last_dimension(inputs.get_shape(), min_rank=4):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = layers.conv2d(
                before, depth, [1, 1], stride=stride, normalizer_fn=None, activation_fn=None,
                scope="shortcut",
            )  # fmt: skip
        net = layers.conv2d(before, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        net = resnet_utils.conv2d_same(net, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        net = layers.conv2d(
            net, depth, [1, 1], stride=1, normalizer_fn=None, activation_fn=None, scope="conv3"
        )
        return utils.collect_named_outputs(outputs_collections, sc.name, shortcut + net)


def resnet_v2(inputs, blocks, num_classes=None, is_training=True, global_pool=True,
              output_stride=None, include_root_block=True, reuse=None, scope=None):  # fmt: skip
    """A residual network of given blocks. Arguments, results and errors: see `resnet_v1`."""
    with variable_scope.variable_scope(scope, "resnet_v2", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with (
            arg_scope(
                [layers.conv2d, bottleneck, resnet_utils.stack_blocks_dense],
                outputs_collections=collection,
            ),
            arg_scope([layers.batch_norm], is_training=is_training),
        ):
            net = inputs
            if include_root_block:
                # Units normalize their inputs themselves.
                with arg_scope([layers.conv2d], activation_fn=None, normalizer_fn=None):
                    net, output_stride = resnet_utils.stem(net, output_stride)
                net = layers.max_pool2d(net, [3, 3], stride=2, scope="pool1")
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
            net = layers.batch_norm(net, activation_fn=nn_ops.relu, scope="postnorm")
            return resnet_utils.head(net, num_classes, global_pool, collection)


resnet_v2.default_image_size = 224


def resnet_v2_block(scope, base_depth, num_units, stride):
    """A block of `num_units` units; the last one has the stride."""
    return resnet_utils.block_of(bottleneck, scope, base_depth, num_units, stride)


resnet_v2_50 = resnet_utils.network_of(resnet_v2, resnet_v2_block, "resnet_v2_50", [3, 4, 6, 3])
resnet_v2_101 = resnet_utils.network_of(resnet_v2, resnet_v2_block, "resnet_v2_101", [3, 4, 23, 3])
resnet_v2_152 = resnet_utils.network_of(resnet_v2, resnet_v2_block, "resnet_v2_152", [3, 8, 36, 3])
resnet_v2_200 = resnet_utils.network_of(resnet_v2, resnet_v2_block, "resnet_v2_200", [3, 24, 36, 3])
