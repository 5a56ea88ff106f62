# SPDX-License-Identifier: Apache-2.0
"""Residual networks v1: units end in a rectifier."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import add_arg_scope, arg_scope
from caudal.contrib.layers import utils
from caudal.contrib.slim.nets import resnet_utils
from caudal.ops import nn_ops, variable_scope

resnet_arg_scope = resnet_utils.resnet_arg_scope


@add_arg_scope
def bottleneck(inputs, depth, depth_bottleneck, stride, rate=1, outputs_collections=None,
               scope=None):  # fmt: skip
    """A unit: convolutions of size 1, 3 and 1 beside a shortcut.

    Args:
      inputs: Tensor [batch, height, width, channels].
      depth: channels of the output.
      depth_bottleneck: channels between the convolutions.
      stride, rate: of the convolution of size 3.
      outputs_collections: collections of the output.
      scope: variable scope.
    """
    with variable_scope.variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == utils.last_dimension(inputs.get_shape(), min_rank=4):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = layers.conv2d(
                inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut"
            )
        net = layers.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        net = resnet_utils.conv2d_same(net, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        net = layers.conv2d(net, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        output = nn_ops.relu(shortcut + net)
        return utils.collect_named_outputs(outputs_collections, sc.name, output)


def resnet_v1(inputs, blocks, num_classes=None, is_training=True, global_pool=True,
              output_stride=None, include_root_block=True, reuse=None, scope=None):  # fmt: skip
    """A residual network of given blocks.

    Args:
      inputs: Tensor [batch, height, width, channels].
      blocks: list of `resnet_utils.Block`.
      num_classes: None leaves out the last layer.
      is_training: bool or bool Tensor.
      global_pool: whether the mean over each image is taken.
      output_stride: ratio of sizes of input and output; None: that of the strides of all units.
      include_root_block: whether the first convolution and pool are there.
      reuse: whether the variables must exist.
      scope: variable scope; default: "resnet_v1".

    Returns:
      (output, dict of end points).

    Raises:
      ValueError: if `output_stride` cannot be reached.
    """
    with variable_scope.variable_scope(scope, "resnet_v1", [inputs], reuse=reuse) as sc:
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
                net, output_stride = resnet_utils.stem(net, output_stride)
                net = layers.max_pool2d(net, [3, 3], stride=2, scope="pool1")
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
            return resnet_utils.head(net, num_classes, global_pool, collection)


resnet_v1.default_image_size = 224


def resnet_v1_block(scope, base_depth, num_units, stride):
    """A block of `num_units` units; the last one has the stride."""
    return resnet_utils.block_of(bottleneck, scope, base_depth, num_units, stride)


resnet_v1_50 = resnet_utils.network_of(resnet_v1, resnet_v1_block, "resnet_v1_50", [3, 4, 6, 3])
resnet_v1_101 = resnet_utils.network_of(resnet_v1, resnet_v1_block, "resnet_v1_101", [3, 4, 23, 3])
resnet_v1_152 = resnet_utils.network_of(resnet_v1, resnet_v1_block, "resnet_v1_152", [3, 8, 36, 3])
resnet_v1_200 = resnet_utils.network_of(resnet_v1, resnet_v1_block, "resnet_v1_200", [3, 24, 36, 3])
