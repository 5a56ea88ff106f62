# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers."""

import functools

from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.contrib.layers import getters
from caudal.contrib.layers.initializers import xavier_initializer
from caudal.framework import ops
from caudal.layers import core
from caudal.ops import array_ops, init_ops, matmul_ops, nn_ops, variable_scope

__all__ = [
    "elu",
    "fully_connected",
    "legacy_fully_connected",
    "legacy_linear",
    "legacy_relu",
    "linear",
    "relu",
    "relu6",
]


@add_arg_scope
def fully_connected(inputs, num_outputs, activation_fn=nn_ops.relu, normalizer_fn=None,
                    normalizer_params=None,
                    weights_initializer=xavier_initializer(),  # noqa: B008
                    weights_regularizer=None,
                    biases_initializer=init_ops.zeros_initializer(),  # noqa: B008
                    biases_regularizer=None, reuse=None, variables_collections=None,
                    outputs_collections=None, trainable=True, scope=None):  # fmt: skip
    """activation_fn(inputs @ weights + biases); the last axis of the inputs is multiplied.

    Args:
      inputs: Tensor of rank 2 or more whose last axis is known.
      num_outputs: size of the output's last axis.
      activation_fn: function, or None.
      normalizer_fn: function instead of a bias, or None; gets `normalizer_params`, a dict.
      weights_initializer, weights_regularizer: of the variable "weights".
      biases_initializer, biases_regularizer: of the variable "biases"; initializer None: no bias.
      reuse: whether the variables must exist; needs `scope`.
      variables_collections: list of collections, or dict of them for "weights" and "biases".
      outputs_collections: collections of the output.
      trainable: whether the variables are for optimizers.
      scope: variable scope; default: "fully_connected".

    Raises:
      ValueError: for sizes that are unknown or no integers.
    """
    if not isinstance(num_outputs, int):
        raise ValueError(
            "num_outputs type should be one of %s, got %s." % ([int], type(num_outputs))
        )
    with variable_scope.variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse,
        custom_getter=getters.variable_getter(getters.KERNEL_AND_BIAS),
    ) as sc:  # fmt: skip
        inputs = ops.convert_to_tensor(inputs)
        layer = core.Dense(
            units=num_outputs, activation=None,
            use_bias=not normalizer_fn and biases_initializer is not None,
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            activity_regularizer=None, trainable=trainable, name=sc.name,
            dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse,
        )  # fmt: skip
        outputs = layer.apply(inputs)
        getters.collect_variable(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            getters.collect_variable(layer.bias, variables_collections, "biases")
        return getters.finish(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections, sc.name
        )


relu = functools.partial(fully_connected, activation_fn=nn_ops.relu)
relu6 = functools.partial(fully_connected, activation_fn=nn_ops.relu6)
elu = functools.partial(fully_connected, activation_fn=nn_ops.elu)
linear = functools.partial(fully_connected, activation_fn=None)


@add_arg_scope
def legacy_fully_connected(x, num_output_units, activation_fn=None,
                           weight_init=xavier_initializer(),  # noqa: B008
                           bias_init=init_ops.zeros_initializer(), name=None,  # noqa: B008
                           weight_collections=(ops.GraphKeys.WEIGHTS,),
                           bias_collections=(ops.GraphKeys.BIASES,),
                           output_collections=(ops.GraphKeys.ACTIVATIONS,), trainable=True,
                           weight_regularizer=None, bias_regularizer=None):  # fmt: skip
    """Old form of `fully_connected`: variables "weights" and "bias", no activation by default.

    Args:
      x: Tensor of rank 2 or more.
      num_output_units: size of the output's last axis.
      weight_collections, bias_collections, output_collections: names of collections.
      Others: see `fully_connected`.
    """
    with variable_scope.variable_scope(name, "fully_connected", [x]):
        x = ops.convert_to_tensor(x)
        dims = x.get_shape().dims
        if dims is None:
            raise ValueError("dims of x must be known but is None")
        if len(dims) < 2:
            raise ValueError("rank of x must be at least 2 not: %d" % len(dims))
        inputs = dims[-1].value
        if inputs is None:
            raise ValueError("last dimension of x must be known but is None")
        dtype = x.dtype.base_dtype
        w = variable_scope.get_variable(
            "weights",
            shape=[inputs, num_output_units],
            dtype=dtype,
            initializer=weight_init,
            collections=[*set(weight_collections or ()), ops.GraphKeys.GLOBAL_VARIABLES],
            regularizer=weight_regularizer,
            trainable=trainable,
        )
        flat = x if len(dims) <= 2 else array_ops.reshape(x, array_ops.stack([-1, inputs]))
        y = matmul_ops.matmul(flat, w)
        if bias_init is not None:
            b = variable_scope.get_variable(
                "bias",
                shape=[num_output_units],
                dtype=dtype,
                initializer=bias_init,
                collections=[*set(bias_collections or ()), ops.GraphKeys.GLOBAL_VARIABLES],
                regularizer=bias_regularizer,
                trainable=trainable,
            )
            y = nn_ops.bias_add(y, b)
        if len(dims) > 2:
            sizes = array_ops.unstack(array_ops.shape(x))[:-1] + [num_output_units]
            y = array_ops.reshape(y, array_ops.stack(sizes))
            y.set_shape([*x.get_shape().as_list()[:-1], num_output_units])
        if activation_fn is not None:
            y = activation_fn(y)
        ops.add_to_collections(list(output_collections or ()), y)
        return y


legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=nn_ops.relu)
