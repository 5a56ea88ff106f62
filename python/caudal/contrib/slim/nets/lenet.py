# SPDX-License-Identifier: Apache-2.0
"""LeNet, for images of 28 x 28."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.layers import regularizers
from caudal.ops import init_ops, nn_ops, variable_scope

__all__ = ["lenet", "lenet_arg_scope"]


def lenet(images, num_classes=10, is_training=False, dropout_keep_prob=0.5,
          prediction_fn=layers.softmax, scope="LeNet"):  # fmt: skip
    """The network.

    Args:
      images: Tensor [batch, height, width, channels].
      num_classes: int; 0 or None leaves out the last layer.
      is_training: bool or bool Tensor.
      dropout_keep_prob: share of the activations that are kept.
      prediction_fn: function from logits to predictions.
      scope: variable scope.

    Returns:
      (logits, dict of end points).
    """
    end_points = {}
    with variable_scope.variable_scope(scope, "LeNet", [images]):
        net = end_points["conv1"] = layers.conv2d(images, 32, [5, 5], scope="conv1")
        net = end_points["pool1"] = layers.max_pool2d(net, [2, 2], 2, scope="pool1")
        net = end_points["conv2"] = layers.conv2d(net, 64, [5, 5], scope="conv2")
        net = end_points["pool2"] = layers.max_pool2d(net, [2, 2], 2, scope="pool2")
        net = end_points["Flatten"] = layers.flatten(net)
        net = end_points["fc3"] = layers.fully_connected(net, 1024, scope="fc3")
        if not num_classes:
            return net, end_points
        net = end_points["dropout3"] = layers.dropout(
            net, dropout_keep_prob, is_training=is_training, scope="dropout3"
        )
        logits = layers.fully_connected(net, num_classes, activation_fn=None, scope="fc4")
    end_points["Logits"] = logits
    end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


lenet.default_image_size = 28


def lenet_arg_scope(weight_decay=0.0):
    """Argument scope: rectifiers, small initial weights, weight decay."""
    with arg_scope(
        [layers.conv2d, layers.fully_connected],
        weights_regularizer=regularizers.l2_regularizer(weight_decay),
        weights_initializer=init_ops.truncated_normal_initializer(stddev=0.1),
        activation_fn=nn_ops.relu,
    ) as scope:
        return scope
