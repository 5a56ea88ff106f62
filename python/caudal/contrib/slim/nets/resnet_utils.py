# SPDX-License-Identifier: Apache-2.0
"""What residual networks are built of."""

import collections

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import add_arg_scope, arg_scope
from caudal.contrib.layers import initializers, regularizers, utils
from caudal.framework import ops
from caudal.ops import array_ops, math_ops, nn_ops, variable_scope

__all__ = ["Block", "conv2d_same", "resnet_arg_scope", "stack_blocks_dense", "subsample"]


class Block(collections.namedtuple("Block", ["scope", "unit_fn", "args"])):
    """A block of units: its scope, the function of a unit, and the arguments of each unit."""


def subsample(inputs, factor, scope=None):
    """Every `factor`-th pixel of images."""
    if factor == 1:
        return inputs
    return layers.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(inputs, num_outputs, kernel_size, stride, rate=1, scope=None):
    """Convolution whose padding depends on the kernel only, not on the size of the images.

    Args:
      inputs: Tensor [batch, height, width, channels].
      num_outputs, kernel_size, stride, rate: ints.
      scope: variable scope.
    """
    if stride == 1:
        return layers.conv2d(
            inputs, num_outputs, kernel_size, stride=1, rate=rate, padding="SAME", scope=scope
        )
    total = kernel_size + (kernel_size - 1) * (rate - 1) - 1
    first = total // 2
    padded = array_ops.pad(inputs, [[0, 0], [first, total - first], [first, total - first], [0, 0]])
    return layers.conv2d(
        padded, num_outputs, kernel_size, stride=stride, rate=rate, padding="VALID", scope=scope
    )


@add_arg_scope
def stack_blocks_dense(net, blocks, output_stride=None, outputs_collections=None):
    """Applies blocks one after the other.

    Args:
      net: Tensor [batch, height, width, channels].
      blocks: list of Block.
      output_stride: where this stride is reached, units are dilated instead; None: never.
      outputs_collections: collections of the outputs of blocks.

    Raises:
      ValueError: if `output_stride` cannot be reached.
    """
    stride, rate = 1, 1
    for block in blocks:
        with variable_scope.variable_scope(block.scope, "block", [net]) as sc:
            for i, unit in enumerate(block.args):
                if output_stride is not None and stride > output_stride:
                    raise ValueError("The target output_stride cannot be reached.")
                with variable_scope.variable_scope("unit_%d" % (i + 1), values=[net]):
                    if output_stride is not None and stride == output_stride:
                        net = block.unit_fn(net, rate=rate, **dict(unit, stride=1))
                        rate *= unit.get("stride", 1)
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        stride *= unit.get("stride", 1)
            net = utils.collect_named_outputs(outputs_collections, sc.name, net)
    if output_stride is not None and stride != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def resnet_arg_scope(weight_decay=0.0001, batch_norm_decay=0.997, batch_norm_epsilon=1e-5,
                     batch_norm_scale=True):  # fmt: skip
    """Argument scope: convolutions with rectifiers, batch normalization and weight decay."""
    parameters = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "scale": batch_norm_scale,
        "updates_collections": ops.GraphKeys.UPDATE_OPS,
    }
    with arg_scope(
        [layers.conv2d],
        weights_regularizer=regularizers.l2_regularizer(weight_decay),
        weights_initializer=initializers.variance_scaling_initializer(),
        activation_fn=nn_ops.relu,
        normalizer_fn=layers.batch_norm,
        normalizer_params=parameters,
    ):
        with arg_scope([layers.batch_norm], **parameters):
            with arg_scope([layers.max_pool2d], padding="SAME") as scope:
                return scope


def block_of(unit_fn, scope, base_depth, num_units, stride):
    """A Block of bottleneck units, the last of which has the stride."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth}
    units = [{**unit, "stride": 1}] * (num_units - 1) + [{**unit, "stride": stride}]
    return Block(scope, unit_fn, units)


def stem(inputs, output_stride):
    """(output of the first convolution, output stride that is left for the blocks)."""
    if output_stride is not None:
        if output_stride % 4 != 0:
            raise ValueError("The output_stride needs to be a multiple of 4.")
        output_stride /= 4
    return conv2d_same(inputs, 64, 7, stride=2, scope="conv1"), output_stride


def head(net, num_classes, global_pool, collection):
    """(output, dict of end points): the mean over each image, classes and their probabilities."""
    if global_pool:
        net = math_ops.reduce_mean(net, [1, 2], name="pool5", keepdims=True)
    if num_classes is not None:
        net = layers.conv2d(
            net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits"
        )
    end_points = utils.convert_collection_to_dict(collection)
    if num_classes is not None:
        end_points["predictions"] = layers.softmax(net, scope="predictions")
    return net, end_points


def network_of(whole, block, name, sizes):
    """The function that makes the network `name`.

    Args:
      whole: `resnet_v1` or `resnet_v2`.
      block: its function that makes a Block.
      name: of the function, and its default scope.
      sizes: numbers of units of the four blocks.
    """

    def network(inputs, num_classes=None, is_training=True, global_pool=True, output_stride=None,
                reuse=None, scope=name):  # fmt: skip
        blocks = [
            block("block%d" % (i + 1), 64 * 2**i, n, 2 if i < 3 else 1) for i, n in enumerate(sizes)
        ]
        return whole(
            inputs, blocks, num_classes, is_training, global_pool, output_stride,
            include_root_block=True, reuse=reuse, scope=scope,
        )  # fmt: skip

    network.__name__ = network.__qualname__ = name
    network.__module__ = whole.__module__
    network.__doc__ = "`%s` with blocks of %d, %d, %d and %d units." % (whole.__name__, *sizes)
    network.default_image_size = whole.default_image_size
    return network
