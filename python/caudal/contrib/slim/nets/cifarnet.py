# SPDX-License-Identifier: Apache-2.0
"""A small network for images of 32 x 32."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.layers import regularizers
from caudal.ops import init_ops, nn_ops, variable_scope

__all__ = ["cifarnet", "cifarnet_arg_scope"]


def _normal(stddev):
    return init_ops.truncated_normal_initializer(stddev=stddev)


def cifarnet(images, num_classes=10, is_training=False, dropout_keep_prob=0.5,
             prediction_fn=layers.softmax, scope="CifarNet"):  # fmt: skip
    """The network. Arguments and results: see `lenet.lenet`."""
    end_points = {}
    with variable_scope.variable_scope(scope, "CifarNet", [images]):
        net = end_points["conv1"] = layers.conv2d(images, 64, [5, 5], scope="conv1")
        net = end_points["pool1"] = layers.max_pool2d(net, [2, 2], 2, scope="pool1")
        net = nn_ops.lrn(net, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name="norm1")
        net = end_points["conv2"] = layers.conv2d(net, 64, [5, 5], scope="conv2")
        net = nn_ops.lrn(net, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name="norm2")
        net = end_points["pool2"] = layers.max_pool2d(net, [2, 2], 2, scope="pool2")
        net = end_points["Flatten"] = layers.flatten(net)
        net = end_points["fc3"] = layers.fully_connected(net, 384, scope="fc3")
        net = layers.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        net = end_points["fc4"] = layers.fully_connected(net, 192, scope="fc4")
        if not num_classes:
            return net, end_points
        logits = layers.fully_connected(
            net,
            num_classes,
            biases_initializer=init_ops.zeros_initializer(),
            weights_initializer=_normal(1 / 192.0),
            weights_regularizer=None,
            activation_fn=None,
            scope="logits",
        )
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


cifarnet.default_image_size = 32


def cifarnet_arg_scope(weight_decay=0.004):
    """Argument scope: rectifiers, small initial weights, weight decay of the dense layers."""
    with arg_scope([layers.conv2d], weights_initializer=_normal(5e-2), activation_fn=nn_ops.relu):
        with arg_scope(
            [layers.fully_connected],
            biases_initializer=init_ops.constant_initializer(0.1),
            weights_initializer=_normal(0.04),
            weights_regularizer=regularizers.l2_regularizer(weight_decay),
            activation_fn=nn_ops.relu,
        ) as scope:
            return scope
