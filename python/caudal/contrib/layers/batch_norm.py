# SPDX-License-Identifier: Apache-2.0
"""Batch normalization."""

from caudal.contrib.framework import variables
from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.contrib.layers import getters, utils
from caudal.framework import constant_op, dtypes, ops
from caudal.layers import normalization
from caudal.ops import array_ops, init_ops, nn_impl, variable_scope
from caudal.train import moving_averages

__all__ = ["batch_norm"]

_FORMAT_TEXT = "data_format has to be either NCHW or NHWC."


@add_arg_scope
def batch_norm(inputs, decay=0.999, center=True, scale=False, epsilon=0.001, activation_fn=None,
               param_initializers=None, param_regularizers=None,
               updates_collections=ops.GraphKeys.UPDATE_OPS, is_training=True, reuse=None,
               variables_collections=None, outputs_collections=None, trainable=True,
               batch_weights=None, fused=None, data_format="NHWC",
               zero_debias_moving_mean=False, scope=None, renorm=False, renorm_clipping=None,
               renorm_decay=0.99, adjustment=None):  # fmt: skip
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta.

    While training, mean and variance are those of the batch. The updates of their moving averages
    are in `updates_collections`: let the training step depend on them, or give None to have them
    run with the output.

    Args:
      inputs: Tensor of rank 2 or more, [batch, ..., channels], or channels second.
      decay: share of the moving averages that an update keeps.
      center, scale: whether there are beta and gamma.
      epsilon: what is added to the variance.
      activation_fn: function, or None.
      param_initializers: dict for "beta", "gamma", "moving_mean", "moving_variance".
      param_regularizers: dict for "beta", "gamma".
      updates_collections: collections of the updates, or None.
      is_training: bool or bool Tensor; False uses the moving averages.
      reuse: whether the variables must exist; needs `scope`.
      variables_collections: list of collections, or dict of them by variable.
      outputs_collections: collections of the output.
      trainable: whether beta and gamma are for optimizers.
      batch_weights: weight of each element of the batch in the moments.
      fused: False forbids the op that does all at once; otherwise it is used where it can be.
      data_format: "NHWC" or "NCHW".
      zero_debias_moving_mean: whether the moving mean is corrected for its start at zero.
      scope: variable scope; default: "BatchNorm".
      renorm, renorm_clipping, renorm_decay: batch renormalization, see `tf.layers`.
      adjustment: function from the dynamic shape to (scale, bias), applied while training.

    Raises:
      ValueError: for options, ranks and sizes that do not fit.
    """
    fused = True if fused is None else fused
    inputs = ops.convert_to_tensor(inputs)
    rank = inputs.get_shape().ndims
    plain = batch_weights is None and not renorm and adjustment is None
    own_updates = (
        batch_weights is not None
        or updates_collections is not ops.GraphKeys.UPDATE_OPS
        and updates_collections != ops.GraphKeys.UPDATE_OPS
        or zero_debias_moving_mean
    )
    if fused and plain and rank in (2, 4) and (rank == 2 or own_updates):
        return _fused(
            inputs, decay, center, scale, epsilon, activation_fn, param_initializers,
            param_regularizers, updates_collections, is_training, reuse, variables_collections,
            outputs_collections, trainable, data_format, zero_debias_moving_mean, scope,
        )  # fmt: skip
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError(_FORMAT_TEXT)
    with variable_scope.variable_scope(
        scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getters.variable_getter()
    ) as sc:
        if not own_updates:
            outputs = _by_layer(
                inputs, rank, decay, center, scale, epsilon, param_initializers or {},
                param_regularizers or {}, is_training, reuse, variables_collections, trainable,
                fused, data_format, renorm, renorm_clipping, renorm_decay, adjustment, sc,
            )  # fmt: skip
        else:
            if renorm:
                raise ValueError(
                    "renorm is not supported with batch_weights, updates_collections or "
                    "zero_debias_moving_mean"
                )
            outputs = _composed(
                inputs, decay, center, scale, epsilon, param_initializers or {},
                param_regularizers or {}, updates_collections, is_training,
                variables_collections, trainable, batch_weights, data_format,
                zero_debias_moving_mean,
            )  # fmt: skip
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


def _by_layer(inputs, rank, decay, center, scale, epsilon, initializers, regularizers, is_training,
              reuse, variables_collections, trainable, fused, data_format, renorm,
              renorm_clipping, renorm_decay, adjustment, sc):  # fmt: skip
    layer = normalization.BatchNormalization(
        axis=1 if data_format == "NCHW" else -1,
        momentum=decay,
        epsilon=epsilon,
        center=center,
        scale=scale,
        beta_initializer=initializers.get("beta", init_ops.zeros_initializer()),
        gamma_initializer=initializers.get("gamma", init_ops.ones_initializer()),
        moving_mean_initializer=initializers.get("moving_mean", init_ops.zeros_initializer()),
        moving_variance_initializer=initializers.get(
            "moving_variance", init_ops.ones_initializer()
        ),
        beta_regularizer=regularizers.get("beta"),
        gamma_regularizer=regularizers.get("gamma"),
        trainable=trainable,
        renorm=renorm,
        renorm_clipping=renorm_clipping,
        renorm_momentum=renorm_decay,
        adjustment=adjustment,
        name=sc.name,
        _scope=sc,
        _reuse=reuse,
        fused=fused,
    )
    outputs = layer.apply(inputs, training=is_training)
    for name in ("moving_mean", "moving_variance", "beta", "gamma"):
        variable = getattr(layer, name)
        if variable is not None:
            getters.collect_variable(variable, variables_collections, name)
    return outputs


def _parameters(shape, dtype, center, scale, initializers, regularizers, variables_collections,
                trainable):  # fmt: skip
    """(beta or None, gamma or None)."""

    def make(wanted, name, initializer):
        if not wanted:
            return None
        return variables.model_variable(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializers.get(name, initializer),
            regularizer=regularizers.get(name),
            collections=utils.get_variable_collections(variables_collections, name),
            trainable=trainable,
        )

    return (
        make(center, "beta", init_ops.zeros_initializer()),
        make(scale, "gamma", init_ops.ones_initializer()),
    )


def _averages(shape, dtype, initializers, variables_collections):
    """(moving mean, moving variance)."""
    # Parts of averages would make no sense.
    with variable_scope.variable_scope(variable_scope.get_variable_scope()) as scope:
        partitioner = scope.partitioner
        scope.set_partitioner(None)
        try:
            return [
                variables.model_variable(
                    name,
                    shape=shape,
                    dtype=dtype,
                    initializer=initializers.get(name, initializer),
                    trainable=False,
                    collections=utils.get_variable_collections(variables_collections, name),
                )
                for name, initializer in (
                    ("moving_mean", init_ops.zeros_initializer()),
                    ("moving_variance", init_ops.ones_initializer()),
                )
            ]
        finally:
            scope.set_partitioner(partitioner)


def _fused(inputs, decay, center, scale, epsilon, activation_fn, param_initializers,
           param_regularizers, updates_collections, is_training, reuse, variables_collections,
           outputs_collections, trainable, data_format, zero_debias, scope):  # fmt: skip
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError(_FORMAT_TEXT)
    initializers, regularizers = param_initializers or {}, param_regularizers or {}
    with variable_scope.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as sc:
        original_shape = inputs.get_shape()
        original = inputs
        rank = original_shape.ndims
        channels = original_shape.dims[-1 if data_format == "NHWC" else 1].value
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        if rank == 2:
            new_shape = [-1, 1, 1, channels] if data_format == "NHWC" else [-1, channels, 1, 1]
            inputs = array_ops.reshape(inputs, new_shape)
        shape = [channels]
        beta, gamma = _parameters(
            shape, dtypes.float32, center, scale, initializers, regularizers,
            variables_collections, trainable,
        )  # fmt: skip
        if beta is None:
            beta = constant_op.constant(0.0, dtype=dtypes.float32, shape=shape)
        if gamma is None:
            gamma = constant_op.constant(1.0, dtype=dtypes.float32, shape=shape)
        moving_mean, moving_variance = _averages(
            shape, dtypes.float32, initializers, variables_collections
        )

        def of_batch():
            return nn_impl.fused_batch_norm(
                inputs, gamma, beta, epsilon=epsilon, data_format=data_format
            )

        def of_averages():
            return nn_impl.fused_batch_norm(
                inputs, gamma, beta, mean=moving_mean, variance=moving_variance, epsilon=epsilon,
                is_training=False, data_format=data_format,
            )  # fmt: skip

        outputs, mean, variance = utils.smart_cond(is_training, of_batch, of_averages)
        if utils.constant_value(is_training) is not False:

            def updates():
                return _moving_updates(
                    moving_mean, mean, moving_variance, variance, decay, zero_debias
                )

            if updates_collections is None:
                plain_outputs = outputs

                def updated():
                    with ops.control_dependencies(updates()):
                        return array_ops.identity(plain_outputs)

                outputs = utils.smart_cond(is_training, updated, lambda: plain_outputs)
            else:
                made = utils.smart_cond(
                    is_training,
                    updates,
                    lambda: [
                        array_ops.identity(moving_mean),
                        array_ops.identity(moving_variance),
                    ],
                )
                for update in made:
                    ops.add_to_collections(updates_collections, update)
        outputs.set_shape(inputs.get_shape())
        if rank == 2:
            outputs = array_ops.reshape(outputs, array_ops.shape(original))
            outputs.set_shape(original_shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


def _moving_updates(moving_mean, mean, moving_variance, variance, decay, zero_debias):
    return [
        moving_averages.assign_moving_average(moving_mean, mean, decay, zero_debias=zero_debias),
        moving_averages.assign_moving_average(moving_variance, variance, decay, zero_debias=False),
    ]


def _composed(inputs, decay, center, scale, epsilon, initializers, regularizers,
              updates_collections, is_training, variables_collections, trainable, batch_weights,
              data_format, zero_debias):  # fmt: skip
    input_shape = inputs.get_shape()
    rank = input_shape.ndims
    if rank is None:
        raise ValueError("Inputs %s has undefined rank." % inputs.name)
    dtype = inputs.dtype.base_dtype
    if batch_weights is not None:
        batch_weights = ops.convert_to_tensor(batch_weights)
        input_shape[0:1].assert_is_compatible_with(batch_weights.get_shape())
        # Broadcasts over everything behind the batch.
        batch_weights = array_ops.reshape(batch_weights, [-1] + [1] * (rank - 1))
    first = data_format == "NCHW"
    axes = [0, *range(2, rank)] if first else list(range(rank - 1))
    shape = input_shape[1:2] if first else input_shape[-1:]
    if not shape.is_fully_defined():
        raise ValueError("Inputs %s has undefined channels dimension %s." % (inputs.name, shape))
    spread = [1, shape.as_list()[0], *[1] * (rank - 2)] if first else None
    beta, gamma = _parameters(
        shape, dtype, center, scale, initializers, regularizers, variables_collections, trainable
    )
    moving_mean, moving_variance = _averages(shape, dtype, initializers, variables_collections)
    if utils.constant_value(is_training) is not False:
        if batch_weights is None:
            mean, variance = nn_impl.moments(inputs, axes)
        else:
            mean, variance = nn_impl.weighted_moments(inputs, axes, batch_weights)

        def updates():
            return _moving_updates(moving_mean, mean, moving_variance, variance, decay, zero_debias)

        if updates_collections is None:

            def updated():
                with ops.control_dependencies(updates()):
                    return array_ops.identity(mean), array_ops.identity(variance)

            mean, variance = utils.smart_cond(
                is_training,
                updated,
                lambda: (array_ops.identity(moving_mean), array_ops.identity(moving_variance)),
            )
        else:

            def averages():
                return [array_ops.identity(moving_mean), array_ops.identity(moving_variance)]

            # Apart from the moments, so that the output alone updates nothing.
            made = utils.smart_cond(is_training, updates, averages)
            batch = [mean, variance]
            mean, variance = utils.smart_cond(is_training, lambda: batch, averages)
            for update in made:
                ops.add_to_collections(updates_collections, update)
    else:
        mean, variance = moving_mean, moving_variance
    if spread is not None:
        mean = array_ops.reshape(mean, spread)
        variance = array_ops.reshape(variance, spread)
        beta = None if beta is None else array_ops.reshape(beta, spread)
        gamma = None if gamma is None else array_ops.reshape(gamma, spread)
    outputs = nn_impl.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
    outputs.set_shape(input_shape)
    return outputs
