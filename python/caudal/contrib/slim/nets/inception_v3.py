# SPDX-License-Identifier: Apache-2.0
"""Inception v3."""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.slim.nets import inception_blocks as blocks
from caudal.framework import ops
from caudal.ops import array_ops, variable_scope

__all__ = ["inception_v3", "inception_v3_arg_scope", "inception_v3_base"]


def _mixed_5(f, names=("Conv2d_0a_1x1", "Conv2d_0b_5x5")):
    return [
        [("Conv2d_0a_1x1", 64, [1, 1])],
        [(names[0], 48, [1, 1]), (names[1], 64, [5, 5])],
        [
            ("Conv2d_0a_1x1", 64, [1, 1]),
            ("Conv2d_0b_3x3", 96, [3, 3]),
            ("Conv2d_0c_3x3", 96, [3, 3]),
        ],
        [("AvgPool_0a_3x3", [3, 3]), ("Conv2d_0b_1x1", f, [1, 1])],
    ]


def _mixed_6(n):
    return [
        [("Conv2d_0a_1x1", 192, [1, 1])],
        [
            ("Conv2d_0a_1x1", n, [1, 1]),
            ("Conv2d_0b_1x7", n, [1, 7]),
            ("Conv2d_0c_7x1", 192, [7, 1]),
        ],
        [
            ("Conv2d_0a_1x1", n, [1, 1]),
            ("Conv2d_0b_7x1", n, [7, 1]),
            ("Conv2d_0c_1x7", n, [1, 7]),
            ("Conv2d_0d_7x1", n, [7, 1]),
            ("Conv2d_0e_1x7", 192, [1, 7]),
        ],
        [("AvgPool_0a_3x3", [3, 3]), ("Conv2d_0b_1x1", 192, [1, 1])],
    ]


def _mixed_7(second):
    return [
        [("Conv2d_0a_1x1", 320, [1, 1])],
        [
            ("Conv2d_0a_1x1", 384, [1, 1]),
            [("Conv2d_0b_1x3", 384, [1, 3]), (second, 384, [3, 1])],
        ],
        [
            ("Conv2d_0a_1x1", 448, [1, 1]),
            ("Conv2d_0b_3x3", 384, [3, 3]),
            [("Conv2d_0c_1x3", 384, [1, 3]), ("Conv2d_0d_3x1", 384, [3, 1])],
        ],
        [("AvgPool_0a_3x3", [3, 3]), ("Conv2d_0b_1x1", 192, [1, 1])],
    ]


_MIXED_6A = [
    [("Conv2d_1a_1x1", 384, [3, 3], 2, "VALID")],
    [
        ("Conv2d_0a_1x1", 64, [1, 1]),
        ("Conv2d_0b_3x3", 96, [3, 3]),
        ("Conv2d_1a_1x1", 96, [3, 3], 2, "VALID"),
    ],
    [("MaxPool_1a_3x3", [3, 3], 2, "VALID")],
]
_MIXED_7A = [
    [("Conv2d_0a_1x1", 192, [1, 1]), ("Conv2d_1a_3x3", 320, [3, 3], 2, "VALID")],
    [
        ("Conv2d_0a_1x1", 192, [1, 1]),
        ("Conv2d_0b_1x7", 192, [1, 7]),
        ("Conv2d_0c_7x1", 192, [7, 1]),
        ("Conv2d_1a_3x3", 192, [3, 3], 2, "VALID"),
    ],
    [("MaxPool_1a_3x3", [3, 3], 2, "VALID")],
]
# Convolutions of the first stages have no padding but one.
_STEM = [
    ("Conv2d_1a_3x3", 32, [3, 3], 2),
    ("Conv2d_2a_3x3", 32, [3, 3]),
    ("Conv2d_2b_3x3", 64, [3, 3], None, "SAME"),
    ("MaxPool_3a_3x3", [3, 3], 2),
    ("Conv2d_3b_1x1", 80, [1, 1]),
    ("Conv2d_4a_3x3", 192, [3, 3]),
    ("MaxPool_5a_3x3", [3, 3], 2),
]
_STAGES = [
    ("Mixed_5b", _mixed_5(32)),
    ("Mixed_5c", _mixed_5(64, ("Conv2d_0b_1x1", "Conv_1_0c_5x5"))),
    ("Mixed_5d", _mixed_5(64)),
    ("Mixed_6a", _MIXED_6A),
    ("Mixed_6b", _mixed_6(128)),
    ("Mixed_6c", _mixed_6(160)),
    ("Mixed_6d", _mixed_6(160)),
    ("Mixed_6e", _mixed_6(192)),
    ("Mixed_7a", _MIXED_7A),
    ("Mixed_7b", _mixed_7("Conv2d_0b_3x1")),
    ("Mixed_7c", _mixed_7("Conv2d_0c_3x1")),
]


def inception_v3_base(inputs, final_endpoint="Mixed_7c", min_depth=16, depth_multiplier=1.0,
                      scope=None):  # fmt: skip
    """The network up to an end point. Arguments and results: see `inception_v2_base`."""
    end_points = {}
    depth = blocks.depth_function(min_depth, depth_multiplier)
    pools_and_convs = [layers.conv2d, layers.max_pool2d, layers.avg_pool2d]
    with variable_scope.variable_scope(scope, "InceptionV3", [inputs]):
        net = inputs
        with arg_scope(pools_and_convs, stride=1, padding="VALID"):
            for name, *what in _STEM:
                if name.startswith("MaxPool"):
                    net = blocks.pool(net, name, *what)
                else:
                    net = blocks.conv(net, name, depth(what[0]), *what[1:])
                end_points[name] = net
                if name == final_endpoint:
                    return net, end_points
        with arg_scope(pools_and_convs, stride=1, padding="SAME"):
            for name, branches in _STAGES:
                net = blocks.block(net, name, branches, depth)
                end_points[name] = net
                if name == final_endpoint:
                    return net, end_points
    raise ValueError("Unknown final endpoint %s" % final_endpoint)


def inception_v3(inputs, num_classes=1000, is_training=True, dropout_keep_prob=0.8, min_depth=16,
                 depth_multiplier=1.0, prediction_fn=layers.softmax, spatial_squeeze=True,
                 reuse=None, scope="InceptionV3"):  # fmt: skip
    """The whole network, with a second output on the way ("AuxLogits"); images of 299 x 299.

    Args:
      min_depth, depth_multiplier: see `inception_v2_base`.
      Others: see `inception_v1`.

    Returns:
      (logits, dict of end points).
    """
    depth = blocks.depth_function(min_depth, depth_multiplier)
    with variable_scope.variable_scope(
        scope, "InceptionV3", [inputs, num_classes], reuse=reuse
    ) as sc:
        with arg_scope([layers.batch_norm, layers.dropout], is_training=is_training):
            net, end_points = inception_v3_base(
                inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier
            )
            _auxiliary(end_points, num_classes, depth, spatial_squeeze)
            with variable_scope.variable_scope("Logits"):
                kernel = blocks.reduced_kernel(net, [8, 8])
                net = layers.avg_pool2d(
                    net, kernel, padding="VALID", scope="AvgPool_1a_{}x{}".format(*kernel)
                )
                result = blocks.logits(
                    net, num_classes, dropout_keep_prob, "Dropout_1b", "Conv2d_1c_1x1",
                    end_points, prediction_fn, spatial_squeeze, keep_pre_logits=True,
                )  # fmt: skip
    return result, end_points


inception_v3.default_image_size = 299


def _auxiliary(end_points, num_classes, depth, spatial_squeeze):
    with arg_scope([layers.conv2d, layers.max_pool2d, layers.avg_pool2d], stride=1, padding="SAME"):
        net = end_points["Mixed_6e"]
        with variable_scope.variable_scope("AuxLogits"):
            net = layers.avg_pool2d(net, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5")
            net = blocks.conv(net, "Conv2d_1b_1x1", depth(128), [1, 1])
            kernel = blocks.reduced_kernel(net, [5, 5])
            net = blocks.conv(
                net, "Conv2d_2a_{}x{}".format(*kernel), depth(768), kernel, None, "VALID", 0.01
            )
            net = layers.conv2d(
                net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None,
                weights_initializer=blocks.trunc_normal(0.001), scope="Conv2d_2b_1x1",
            )  # fmt: skip
            if spatial_squeeze:
                net = array_ops.squeeze(net, [1, 2], name="SpatialSqueeze")
            end_points["AuxLogits"] = net


def inception_v3_arg_scope(weight_decay=0.00004, batch_norm_var_collection="moving_vars",
                           batch_norm_decay=0.9997, batch_norm_epsilon=0.001,
                           updates_collections=ops.GraphKeys.UPDATE_OPS,
                           use_fused_batchnorm=True):  # fmt: skip
    """The argument scope of the network, see `inception_blocks.inception_arg_scope`."""
    return blocks.inception_arg_scope(
        weight_decay, batch_norm_var_collection, batch_norm_decay, batch_norm_epsilon,
        updates_collections, fused=use_fused_batchnorm,
    )  # fmt: skip
