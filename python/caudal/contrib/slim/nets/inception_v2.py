# SPDX-License-Identifier: Apache-2.0
"""Inception v2."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.slim.nets import inception_blocks as blocks
from caudal.ops import variable_scope

__all__ = ["inception_v2", "inception_v2_arg_scope", "inception_v2_base"]


def _mixed(a, b, c, d, e, f, pool="AvgPool_0a_3x3"):
    return [
        [("Conv2d_0a_1x1", a, [1, 1])],
        [("Conv2d_0a_1x1", b, [1, 1]), ("Conv2d_0b_3x3", c, [3, 3])],
        [
            ("Conv2d_0a_1x1", d, [1, 1]),
            ("Conv2d_0b_3x3", e, [3, 3]),
            ("Conv2d_0c_3x3", e, [3, 3]),
        ],
        [(pool, [3, 3]), ("Conv2d_0b_1x1", f, [1, 1])],
    ]


def _halving(a, b, c, d):
    return [
        [("Conv2d_0a_1x1", a, [1, 1]), ("Conv2d_1a_3x3", b, [3, 3], 2)],
        [
            ("Conv2d_0a_1x1", c, [1, 1]),
            ("Conv2d_0b_3x3", d, [3, 3]),
            ("Conv2d_1a_3x3", d, [3, 3], 2),
        ],
        [("MaxPool_1a_3x3", [3, 3], 2)],
    ]


def _deviation(steps, index):
    """Of the initial weights: smaller for a convolution of size 1 before others."""
    scope = steps[index][0]
    if scope == "Conv2d_0b_1x1":
        return 0.1
    return 0.09 if scope == "Conv2d_0a_1x1" and len(steps) > 1 else None


_STAGES = [
    ("MaxPool_2a_3x3", [3, 3], 2),
    ("Conv2d_2b_1x1", 64, [1, 1], None, None, 0.1),
    ("Conv2d_2c_3x3", 192, [3, 3]),
    ("MaxPool_3a_3x3", [3, 3], 2),
    ("Mixed_3b", _mixed(64, 64, 64, 64, 96, 32)),
    ("Mixed_3c", _mixed(64, 64, 96, 64, 96, 64)),
    ("Mixed_4a", _halving(128, 160, 64, 96)),
    ("Mixed_4b", _mixed(224, 64, 96, 96, 128, 128)),
    ("Mixed_4c", _mixed(192, 96, 128, 96, 128, 128)),
    ("Mixed_4d", _mixed(160, 128, 160, 128, 160, 96)),
    ("Mixed_4e", _mixed(96, 128, 192, 160, 192, 96)),
    ("Mixed_5a", _halving(128, 192, 192, 256)),
    ("Mixed_5b", _mixed(352, 192, 320, 160, 224, 128)),
    ("Mixed_5c", _mixed(352, 192, 320, 192, 224, 128, pool="MaxPool_0a_3x3")),
]


def inception_v2_base(inputs, final_endpoint="Mixed_5c", min_depth=16, depth_multiplier=1.0,
                      scope=None):  # fmt: skip
    """The network up to an end point.

    Args:
      inputs: Tensor [batch, height, width, channels].
      final_endpoint: name of the last stage.
      min_depth: smallest depth of a layer.
      depth_multiplier: factor of all depths.
      scope: variable scope.

    Returns:
      (output of that stage, dict of all end points so far).

    Raises:
      ValueError: for an end point that is not there, or a factor that is not positive.
    """
    end_points = {}
    depth = blocks.depth_function(min_depth, depth_multiplier)
    with variable_scope.variable_scope(scope, "InceptionV2", [inputs]):
        with arg_scope(
            [layers.conv2d, layers.max_pool2d, layers.avg_pool2d, layers.separable_conv2d],
            stride=1,
            padding="SAME",
        ):
            net = layers.separable_conv2d(
                inputs,
                depth(64),
                [7, 7],
                depth_multiplier=min(int(depth(64) / 3), 8),
                stride=2,
                weights_initializer=blocks.trunc_normal(1.0),
                scope="Conv2d_1a_7x7",
            )
            end_points["Conv2d_1a_7x7"] = net
            if final_endpoint == "Conv2d_1a_7x7":
                return net, end_points
            for name, *what in _STAGES:
                if name.startswith("Mixed"):
                    net = blocks.block(net, name, what[0], depth, _deviation)
                elif name.startswith("MaxPool"):
                    net = blocks.pool(net, name, *what)
                else:
                    net = blocks.conv(net, name, depth(what[0]), *what[1:])
                end_points[name] = net
                if name == final_endpoint:
                    return net, end_points
    raise ValueError("Unknown final endpoint %s" % final_endpoint)


def inception_v2(inputs, num_classes=1000, is_training=True, dropout_keep_prob=0.8, min_depth=16,
                 depth_multiplier=1.0, prediction_fn=layers.softmax, spatial_squeeze=True,
                 reuse=None, scope="InceptionV2"):  # fmt: skip
    """The whole network; images of 224 x 224.

    Args:
      min_depth, depth_multiplier: see `inception_v2_base`.
      Others: see `inception_v1`.

    Returns:
      (logits, dict of end points).
    """
    if depth_multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    with variable_scope.variable_scope(
        scope, "InceptionV2", [inputs, num_classes], reuse=reuse
    ) as sc:
        with arg_scope([layers.batch_norm, layers.dropout], is_training=is_training):
            net, end_points = inception_v2_base(
                inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier
            )
            with variable_scope.variable_scope("Logits"):
                kernel = blocks.reduced_kernel(net, [7, 7])
                net = layers.avg_pool2d(
                    net, kernel, padding="VALID", scope="AvgPool_1a_{}x{}".format(*kernel)
                )
                result = blocks.logits(
                    net, num_classes, dropout_keep_prob, "Dropout_1b", "Conv2d_1c_1x1",
                    end_points, prediction_fn, spatial_squeeze,
                )  # fmt: skip
    return result, end_points


inception_v2.default_image_size = 224


def inception_v2_arg_scope(weight_decay=0.00004, batch_norm_var_collection="moving_vars"):
    """The argument scope of the network, see `inception_blocks.inception_arg_scope`."""
    return blocks.inception_arg_scope(weight_decay, batch_norm_var_collection)
