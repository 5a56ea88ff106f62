# SPDX-License-Identifier: Apache-2.0
"""Inception v1 (GoogLeNet)."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.slim.nets import inception_blocks as blocks
from caudal.ops import variable_scope

__all__ = ["inception_v1", "inception_v1_arg_scope", "inception_v1_base"]


def _mixed(a, b, c, d, e, f, last="Conv2d_0b_3x3"):
    return [
        [("Conv2d_0a_1x1", a, [1, 1])],
        [("Conv2d_0a_1x1", b, [1, 1]), ("Conv2d_0b_3x3", c, [3, 3])],
        [("Conv2d_0a_1x1", d, [1, 1]), (last, e, [3, 3])],
        [("MaxPool_0a_3x3", [3, 3]), ("Conv2d_0b_1x1", f, [1, 1])],
    ]


_STAGES = [
    ("Conv2d_1a_7x7", 64, [7, 7], 2),
    ("MaxPool_2a_3x3", [3, 3], 2),
    ("Conv2d_2b_1x1", 64, [1, 1]),
    ("Conv2d_2c_3x3", 192, [3, 3]),
    ("MaxPool_3a_3x3", [3, 3], 2),
    ("Mixed_3b", _mixed(64, 96, 128, 16, 32, 32)),
    ("Mixed_3c", _mixed(128, 128, 192, 32, 96, 64)),
    ("MaxPool_4a_3x3", [3, 3], 2),
    ("Mixed_4b", _mixed(192, 96, 208, 16, 48, 64)),
    ("Mixed_4c", _mixed(160, 112, 224, 24, 64, 64)),
    ("Mixed_4d", _mixed(128, 128, 256, 24, 64, 64)),
    ("Mixed_4e", _mixed(112, 144, 288, 32, 64, 64)),
    ("Mixed_4f", _mixed(256, 160, 320, 32, 128, 128)),
    ("MaxPool_5a_2x2", [2, 2], 2),
    ("Mixed_5b", _mixed(256, 160, 320, 32, 128, 128, last="Conv2d_0a_3x3")),
    ("Mixed_5c", _mixed(384, 192, 384, 48, 128, 128)),
]


def inception_v1_base(inputs, final_endpoint="Mixed_5c", scope="InceptionV1"):
    """The network up to an end point.

    Args:
      inputs: Tensor [batch, height, width, channels].
      final_endpoint: name of the last stage.
      scope: variable scope.

    Returns:
      (output of that stage, dict of all end points so far).

    Raises:
      ValueError: for an end point that is not there.
    """
    end_points = {}
    with variable_scope.variable_scope(scope, "InceptionV1", [inputs]):
        with arg_scope(
            [layers.conv2d, layers.fully_connected],
            weights_initializer=blocks.trunc_normal(0.01),
        ):
            with arg_scope([layers.conv2d, layers.max_pool2d], stride=1, padding="SAME"):
                net = inputs
                for name, *what in _STAGES:
                    if name.startswith("Mixed"):
                        net = blocks.block(net, name, what[0], int)
                    elif name.startswith("MaxPool"):
                        net = blocks.pool(net, name, *what)
                    else:
                        net = blocks.conv(net, name, *what)
                    end_points[name] = net
                    if name == final_endpoint:
                        return net, end_points
    raise ValueError("Unknown final endpoint %s" % final_endpoint)


def inception_v1(inputs, num_classes=1000, is_training=True, dropout_keep_prob=0.8,
                 prediction_fn=layers.softmax, spatial_squeeze=True, reuse=None,
                 scope="InceptionV1"):  # fmt: skip
    """The whole network; images of 224 x 224.

    Args:
      inputs: Tensor [batch, height, width, channels].
      num_classes: int.
      is_training: bool or bool Tensor.
      dropout_keep_prob: share of the activations that are kept.
      prediction_fn: function from logits to predictions.
      spatial_squeeze: whether the axes of size 1 are dropped.
      reuse: whether the variables must exist.
      scope: variable scope.

    Returns:
      (logits, dict of end points).
    """
    with variable_scope.variable_scope(
        scope, "InceptionV1", [inputs, num_classes], reuse=reuse
    ) as sc:
        with arg_scope([layers.batch_norm, layers.dropout], is_training=is_training):
            net, end_points = inception_v1_base(inputs, scope=sc)
            with variable_scope.variable_scope("Logits"):
                net = layers.avg_pool2d(net, [7, 7], stride=1, scope="MaxPool_0a_7x7")
                result = blocks.logits(
                    net, num_classes, dropout_keep_prob, "Dropout_0b", "Conv2d_0c_1x1",
                    end_points, prediction_fn, spatial_squeeze,
                )  # fmt: skip
    return result, end_points


inception_v1.default_image_size = 224


def inception_v1_arg_scope(weight_decay=0.00004, use_batch_norm=True,
                           batch_norm_var_collection="moving_vars"):  # fmt: skip
    """The argument scope of the network, see `inception_blocks.inception_arg_scope`."""
    return blocks.inception_arg_scope(
        weight_decay, batch_norm_var_collection, use_batch_norm=use_batch_norm
    )
