# SPDX-License-Identifier: Apache-2.0
"""What Inception networks are built of: a table of stages, each a layer or a block of branches.

A branch is a list of steps. A step is (scope, depth, kernel[, stride[, padding]]) for a
convolution, (scope, kernel[, stride[, padding]]) for a pool, or a list of convolutions that see
the same input and whose outputs are concatenated.
"""

from caudal.contrib import layers
from caudal.contrib.framework.arg_scope import arg_scope
from caudal.contrib.layers import regularizers
from caudal.contrib.layers.initializers import variance_scaling_initializer
from caudal.framework import ops
from caudal.ops import array_ops, init_ops, nn_ops, variable_scope


def trunc_normal(stddev):
    """Initializer: truncated normal around 0."""
    return init_ops.truncated_normal_initializer(0.0, stddev)


def depth_function(min_depth, multiplier):
    """Scales depths, but not below `min_depth`. Raises: ValueError unless `multiplier` > 0."""
    if multiplier <= 0:
        raise ValueError("depth_multiplier is not greater than zero.")
    return lambda depth: max(int(depth * multiplier), min_depth)


def conv(inputs, scope, depth, kernel, stride=None, padding=None, stddev=None):
    """One convolution; what is None comes from the argument scope."""
    options = {}
    if stride is not None:
        options["stride"] = stride
    if padding is not None:
        options["padding"] = padding
    if stddev is not None:
        options["weights_initializer"] = trunc_normal(stddev)
    return layers.conv2d(inputs, depth, kernel, scope=scope, **options)


def pool(inputs, scope, kernel, stride=None, padding=None):
    """One pool, maximum or average by its name."""
    options = {}
    if stride is not None:
        options["stride"] = stride
    if padding is not None:
        options["padding"] = padding
    function = layers.max_pool2d if "Max" in scope else layers.avg_pool2d
    return function(inputs, kernel, scope=scope, **options)


def block(net, scope, branches, depth, stddevs=None):
    """Runs branches side by side and concatenates their channels.

    Args:
      net: Tensor.
      scope: name of the block.
      branches: list of lists of steps.
      depth: function of a depth.
      stddevs: function (branch, index of a step) of the deviation of initial weights, or None.
    """
    with variable_scope.variable_scope(scope):
        outputs = []
        for number, steps in enumerate(branches):
            with variable_scope.variable_scope("Branch_%d" % number):
                x = net
                for index, step in enumerate(steps):
                    if isinstance(step, list):
                        parts = [conv(x, s[0], depth(s[1]), *s[2:]) for s in step]
                        x = array_ops.concat(parts, 3)
                    elif "Pool" in step[0]:
                        x = pool(x, *step)
                    else:
                        deviation = stddevs(steps, index) if stddevs else None
                        x = conv(x, step[0], depth(step[1]), *step[2:], stddev=deviation)
                outputs.append(x)
        return array_ops.concat(outputs, 3)


def logits(net, num_classes, dropout_keep_prob, dropout_scope, conv_scope, end_points,
           prediction_fn, spatial_squeeze, keep_pre_logits=False):  # fmt: skip
    """Dropout, a convolution of size 1, and predictions; completes the end points."""
    net = layers.dropout(net, keep_prob=dropout_keep_prob, scope=dropout_scope)
    if keep_pre_logits:
        end_points["PreLogits"] = net
    result = layers.conv2d(
        net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope=conv_scope
    )
    if spatial_squeeze:
        result = array_ops.squeeze(result, [1, 2], name="SpatialSqueeze")
    end_points["Logits"] = result
    end_points["Predictions"] = prediction_fn(result, scope="Predictions")
    return result


def reduced_kernel(inputs, kernel):
    """The kernel, cut to the size of small images."""
    shape = inputs.get_shape().as_list()
    if shape[1] is None or shape[2] is None:
        return kernel
    return [min(shape[1], kernel[0]), min(shape[2], kernel[1])]


def inception_arg_scope(weight_decay, batch_norm_var_collection, decay=0.9997, epsilon=0.001,
                        updates_collections=ops.GraphKeys.UPDATE_OPS, use_batch_norm=True,
                        **options):  # fmt: skip
    """Argument scope: convolutions with rectifiers, batch normalization and weight decay."""
    parameters = {
        "decay": decay,
        "epsilon": epsilon,
        "updates_collections": updates_collections,
        **options,
        "variables_collections": {
            "beta": None,
            "gamma": None,
            "moving_mean": [batch_norm_var_collection],
            "moving_variance": [batch_norm_var_collection],
        },
    }
    normalizer = layers.batch_norm if use_batch_norm else None
    with arg_scope(
        [layers.conv2d, layers.fully_connected],
        weights_regularizer=regularizers.l2_regularizer(weight_decay),
    ):
        with arg_scope(
            [layers.conv2d],
            weights_initializer=variance_scaling_initializer(),
            activation_fn=nn_ops.relu,
            normalizer_fn=normalizer,
            normalizer_params=parameters if use_batch_norm else {},
        ) as scope:
            return scope
