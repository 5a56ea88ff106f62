# SPDX-License-Identifier: Apache-2.0
"""Layer, instance and group normalization; vectors of length one."""

from caudal.contrib.framework import variables
from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.contrib.layers import utils
from caudal.framework import dtypes, ops
from caudal.ops import array_ops, init_ops, math_ops, nn_impl, variable_scope

__all__ = ["group_norm", "instance_norm", "layer_norm", "unit_norm"]


def _parameters(shape, dtype, center, scale, variables_collections, trainable, initializers):
    """(beta or None, gamma or None)."""

    def make(wanted, name, initializer):
        if not wanted:
            return None
        return variables.model_variable(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializers.get(name, initializer),
            collections=utils.get_variable_collections(variables_collections, name),
            trainable=trainable,
        )

    beta = make(center, "beta", init_ops.zeros_initializer())
    return beta, make(scale, "gamma", init_ops.ones_initializer())


@add_arg_scope
def layer_norm(inputs, center=True, scale=True, activation_fn=None, reuse=None,
               variables_collections=None, outputs_collections=None, trainable=True,
               begin_norm_axis=1, begin_params_axis=-1, scope=None):  # fmt: skip
    """Normalizes each element of the batch by its own mean and variance.

    Args:
      inputs: Tensor of known rank.
      center, scale: whether there are beta and gamma.
      activation_fn: function, or None.
      reuse: whether the variables must exist; needs `scope`.
      variables_collections: list of collections, or dict of them for "beta" and "gamma".
      outputs_collections: collections of the output.
      trainable: whether the variables are for optimizers.
      begin_norm_axis: first of the axes that are normalized together.
      begin_params_axis: first of the axes of beta and gamma.
      scope: variable scope; default: "LayerNorm".

    Raises:
      ValueError: for axes and sizes that do not fit.
    """
    with variable_scope.variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        shape = inputs.shape
        rank = shape.ndims
        if rank is None:
            raise ValueError("Inputs %s has undefined rank." % inputs.name)
        dtype = inputs.dtype.base_dtype
        if begin_norm_axis < 0:
            begin_norm_axis += rank
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(
                "begin_params_axis (%d) and begin_norm_axis (%d) must be < rank(inputs) (%d)"
                % (begin_params_axis, begin_norm_axis, rank)
            )
        params_shape = shape[begin_params_axis:]
        if not params_shape.is_fully_defined():
            raise ValueError(
                "Inputs %s: shape(inputs)[%s:] is not fully defined: %s"
                % (inputs.name, begin_params_axis, shape)
            )
        beta, gamma = _parameters(
            params_shape, dtype, center, scale, variables_collections, trainable, {}
        )
        axes = list(range(begin_norm_axis, rank))
        mean, variance = nn_impl.moments(inputs, axes, keep_dims=True)
        outputs = nn_impl.batch_normalization(
            inputs,
            mean,
            variance,
            offset=beta,
            scale=gamma,
            variance_epsilon=1e-3 if dtype == dtypes.float16 else 1e-12,
        )
        outputs.set_shape(shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def instance_norm(inputs, center=True, scale=True, epsilon=1e-6, activation_fn=None,
                  param_initializers=None, reuse=None, variables_collections=None,
                  outputs_collections=None, trainable=True, data_format="NHWC",
                  scope=None):  # fmt: skip
    """Normalizes each channel of each element of the batch by its own mean and variance.

    Args:
      inputs: Tensor of rank 2 or more, [batch, ..., channels], or channels second.
      epsilon: what is added to the variance.
      param_initializers: dict for "beta", "gamma".
      data_format: "NHWC" or "NCHW".
      scope: variable scope; default: "InstanceNorm".
      Others: see `layer_norm`.

    Raises:
      ValueError: for formats and sizes that do not fit.
    """
    inputs = ops.convert_to_tensor(inputs)
    shape = inputs.shape
    rank = shape.ndims
    if rank is None:
        raise ValueError("Inputs %s has undefined rank." % inputs.name)
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with variable_scope.variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        axis = 1 if data_format == "NCHW" else rank - 1
        params_shape = shape[axis : axis + 1]
        if not params_shape.is_fully_defined():
            raise ValueError(
                "Inputs %s has undefined channels dimension %s." % (inputs.name, params_shape)
            )
        # One variable after the other, each with its reshape behind it.
        spread = [1] * rank
        spread[axis] = params_shape.as_list()[0]

        def parameter(wanted, is_beta):
            found = _parameters(
                params_shape, inputs.dtype.base_dtype, wanted and is_beta, wanted and not is_beta,
                variables_collections, trainable, param_initializers or {},
            )[0 if is_beta else 1]  # fmt: skip
            if found is not None and data_format == "NCHW":
                found = array_ops.reshape(found, spread)
            return found

        beta, gamma = parameter(center, True), parameter(scale, False)
        axes = [i for i in range(1, rank) if i != axis]
        mean, variance = nn_impl.moments(inputs, axes, keep_dims=True)
        outputs = nn_impl.batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon, name="instancenorm"
        )
        outputs.set_shape(shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def group_norm(inputs, groups=32, channels_axis=-1, reduction_axes=(-3, -2), center=True,
               scale=True, epsilon=1e-6, activation_fn=None, param_initializers=None, reuse=None,
               variables_collections=None, outputs_collections=None, trainable=True, scope=None,
               mean_close_to_zero=False):  # fmt: skip
    """Normalizes groups of channels of each element of the batch.

    Args:
      inputs: Tensor of known rank.
      groups: number of groups, a divisor of the number of channels.
      channels_axis: axis of the channels.
      reduction_axes: axes that are normalized together.
      epsilon: what is added to the variance.
      param_initializers: dict for "beta", "gamma".
      mean_close_to_zero: computes the moments in one pass, exact enough for small means only.
      scope: variable scope; default: "GroupNorm".
      Others: see `layer_norm`.

    Raises:
      ValueError: for axes, sizes and numbers of groups that do not fit.
    """
    inputs = ops.convert_to_tensor(inputs)
    if inputs.shape.ndims is None:
        raise ValueError("Inputs %s has undefined rank." % inputs.name)
    rank = inputs.shape.ndims
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    sizes = inputs.shape.as_list()
    if None in sizes:
        dynamic = array_ops.shape(inputs)
        before = [dynamic[i] if n is None else n for i, n in enumerate(sizes)]
    else:
        array_ops.shape(inputs)
        before = sizes
    channels_axis = channels_axis + rank if channels_axis < 0 else channels_axis
    channels = sizes[channels_axis]
    if channels is None:
        raise ValueError(
            "Inputs %s has undefined channel dimension: %d." % (inputs.name, channels_axis)
        )
    axes = [a + rank if a < 0 else a for a in reduction_axes]
    for a in axes:
        if a == channels_axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
        if not 0 <= a < rank:
            raise ValueError("Axis is out of bounds.")
        if sizes[a] is None:
            raise ValueError("Inputs %s has undefined dimensions %d." % (inputs.name, a))
    if groups > channels:
        raise ValueError("Invalid groups %d for %d channels." % (groups, channels))
    if channels % groups != 0:
        raise ValueError("%d channels is not commensurate with %d groups." % (channels, groups))
    # The channels become two axes: groups, and channels of a group.
    split = [groups, channels // groups]
    new_shape = [*before[:channels_axis], *split, *before[channels_axis + 1 :]]
    inputs = array_ops.reshape(inputs, new_shape)
    axes = [a + 1 if a > channels_axis else a for a in axes] + [channels_axis + 1]
    spread = [1] * len(new_shape)
    spread[channels_axis : channels_axis + 2] = split
    with variable_scope.variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        parameters = []
        for name, wanted in (("beta", center), ("gamma", scale)):
            found = _parameters(
                [channels], inputs.dtype.base_dtype, wanted and name == "beta",
                wanted and name == "gamma", variables_collections, trainable,
                param_initializers or {},
            )[0 if name == "beta" else 1]  # fmt: skip
            parameters.append(None if found is None else array_ops.reshape(found, spread))
        beta, gamma = parameters
        if mean_close_to_zero:
            counts, total, squares, _ = nn_impl.sufficient_statistics(inputs, axes, keep_dims=True)
            mean, variance = nn_impl.normalize_moments(counts, total, squares, shift=None)
        else:
            mean, variance = nn_impl.moments(inputs, axes, keep_dims=True)
        gain = math_ops.rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain *= gamma
            offset *= gamma
        if beta is not None:
            offset += beta
        outputs = array_ops.reshape(inputs * gain + offset, before)
        outputs.set_shape(sizes)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def unit_norm(inputs, dim, epsilon=1e-7, scope=None):
    """The inputs divided by their lengths along an axis.

    Args:
      inputs: Tensor of known rank.
      dim: the axis.
      epsilon: what is added to the squared lengths.
      scope: name scope; default: "UnitNorm".

    Raises:
      ValueError: for an axis that is not there.
    """
    with variable_scope.variable_scope(scope, "UnitNorm", [inputs]):
        if not inputs.get_shape():
            raise ValueError("The input rank must be known.")
        rank = len(inputs.get_shape().as_list())
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        lengths = math_ops.sqrt(
            epsilon + math_ops.reduce_sum(math_ops.square(inputs), dim, keepdims=True)
        )
        return math_ops.div(inputs, lengths)


@add_arg_scope
def poincare_normalize(x, axis=1, epsilon=1e-5, name=None):
    """Shortens vectors that leave the unit ball to a length of 1 - epsilon.

    Args:
      x: Tensor of a floating type.
      axis: axis or list of axes of the vectors.
      epsilon: distance to the unit sphere.
      name: name of the op.
    """
    with ops.name_scope(name, "poincare_normalize", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        inverse = math_ops.rsqrt(math_ops.reduce_sum(math_ops.square(x), axis, keepdims=True))
        return math_ops.multiply(x, math_ops.minimum((1.0 - epsilon) * inverse, 1.0), name=name)
