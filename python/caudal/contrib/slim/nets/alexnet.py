# SPDX-License-Identifier: Apache-2.0
"""AlexNet, in its second form."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.layers import regularizers
from caudal.contrib.slim.nets import dense_end
from caudal.ops import init_ops, nn_ops, variable_scope

__all__ = ["alexnet_v2", "alexnet_v2_arg_scope"]


def alexnet_v2_arg_scope(weight_decay=0.0005):
    """Argument scope: rectifiers, biases that start at 0.1, weight decay, padding."""
    with arg_scope(
        [layers.conv2d, layers.fully_connected],
        activation_fn=nn_ops.relu,
        biases_initializer=init_ops.constant_initializer(0.1),
        weights_regularizer=regularizers.l2_regularizer(weight_decay),
    ):
        with arg_scope([layers.conv2d], padding="SAME"):
            with arg_scope([layers.max_pool2d], padding="VALID") as scope:
                return scope


def alexnet_v2(inputs, num_classes=1000, is_training=True, dropout_keep_prob=0.5,
               spatial_squeeze=True, scope="alexnet_v2"):  # fmt: skip
    """The network; images of 224 x 224. Arguments and results: see `vgg.vgg_16`."""
    with variable_scope.variable_scope(scope, "alexnet_v2", [inputs]) as sc:
        collection = sc.original_name_scope + "_end_points"
        with arg_scope(
            [layers.conv2d, layers.fully_connected, layers.max_pool2d],
            outputs_collections=[collection],
        ):
            net = layers.conv2d(inputs, 64, [11, 11], 4, padding="VALID", scope="conv1")
            net = layers.max_pool2d(net, [3, 3], 2, scope="pool1")
            net = layers.conv2d(net, 192, [5, 5], scope="conv2")
            net = layers.max_pool2d(net, [3, 3], 2, scope="pool2")
            net = layers.conv2d(net, 384, [3, 3], scope="conv3")
            net = layers.conv2d(net, 384, [3, 3], scope="conv4")
            net = layers.conv2d(net, 256, [3, 3], scope="conv5")
            net = layers.max_pool2d(net, [3, 3], 2, scope="pool5")
            with arg_scope(
                [layers.conv2d],
                weights_initializer=init_ops.truncated_normal_initializer(0.0, 0.005),
                biases_initializer=init_ops.constant_initializer(0.1),
            ):
                net = dense_end.dense_layers(
                    net, [4096, 4096], [5, 5], num_classes, dropout_keep_prob, is_training,
                    biases_initializer=init_ops.zeros_initializer(),
                )  # fmt: skip
            return dense_end.squeezed(net, collection, sc.name, spatial_squeeze)


alexnet_v2.default_image_size = 224
