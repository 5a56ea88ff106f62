# SPDX-License-Identifier: Apache-2.0
"""VGG networks with 11, 16 and 19 layers."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.layers import regularizers
from caudal.contrib.slim.nets import dense_end
from caudal.ops import init_ops, nn_ops, variable_scope

__all__ = ["vgg_16", "vgg_19", "vgg_a", "vgg_arg_scope", "vgg_d", "vgg_e"]


def vgg_arg_scope(weight_decay=0.0005):
    """Argument scope: rectifiers, biases that start at zero, weight decay, padding."""
    with arg_scope(
        [layers.conv2d, layers.fully_connected],
        activation_fn=nn_ops.relu,
        weights_regularizer=regularizers.l2_regularizer(weight_decay),
        biases_initializer=init_ops.zeros_initializer(),
    ):
        with arg_scope([layers.conv2d], padding="SAME") as scope:
            return scope


def _network(name, repetitions, slash):
    depths = (64, 128, 256, 512, 512)

    def network(inputs, num_classes=1000, is_training=True, dropout_keep_prob=0.5,
                spatial_squeeze=True, scope=name):  # fmt: skip
        with variable_scope.variable_scope(scope, name, [inputs]) as sc:
            collection = (sc.original_name_scope if slash else sc.name) + "_end_points"
            with arg_scope(
                [layers.conv2d, layers.fully_connected, layers.max_pool2d],
                outputs_collections=collection,
            ):
                net = inputs
                for i, (count, depth) in enumerate(zip(repetitions, depths), 1):
                    net = layers.repeat(
                        net, count, layers.conv2d, depth, [3, 3], scope="conv%d" % i
                    )
                    net = layers.max_pool2d(net, [2, 2], scope="pool%d" % i)
                net = dense_end.dense_layers(
                    net, [4096, 4096], [7, 7], num_classes, dropout_keep_prob, is_training
                )
                return dense_end.squeezed(net, collection, sc.name, spatial_squeeze)

    network.__name__ = network.__qualname__ = name
    network.__doc__ = """The network; images of 224 x 224.

    Args:
      inputs: Tensor [batch, height, width, channels].
      num_classes: int.
      is_training: bool or bool Tensor.
      dropout_keep_prob: share of the activations that are kept.
      spatial_squeeze: whether the axes of size 1 are dropped.
      scope: variable scope.

    Returns:
      (logits, dict of end points).
    """
    network.default_image_size = 224
    return network


vgg_a = _network("vgg_a", (1, 1, 2, 2, 2), True)
vgg_16 = _network("vgg_16", (2, 2, 3, 3, 3), True)
vgg_19 = _network("vgg_19", (2, 2, 4, 4, 4), False)
vgg_d = vgg_16
vgg_e = vgg_19
