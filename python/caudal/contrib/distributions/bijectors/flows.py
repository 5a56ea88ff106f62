# SPDX-License-Identifier: Apache-2.0
"""Bijectors with layers in them: flows."""

import numpy as np

from caudal.contrib.distributions.bijectors.base import Bijector, ConditionalBijector
from caudal.framework import dtypes, ops
from caudal.layers import core, normalization
from caudal.ops import (
    array_ops,
    clip_ops,
    control_flow_ops,
    init_ops,
    math_ops,
    nn_impl,
    nn_ops,
    template,
)

__all__ = [
    "BatchNormalization",
    "MaskedAutoregressiveFlow",
    "RealNVP",
    "masked_autoregressive_default_template",
    "masked_dense",
    "real_nvp_default_template",
]


class MaskedAutoregressiveFlow(ConditionalBijector):
    """x exp(log_scale) + shift, where both of an element depend on the elements before it.

    Args:
      shift_and_log_scale_fn: function of vectors (and condition) to (shift, log_scale); either
        may be None.
      is_constant_jacobian: whether log_scale does not depend on the argument.
      unroll_loop: whether `forward` has its loop written out in the graph.
    """

    def __init__(self, shift_and_log_scale_fn, is_constant_jacobian=False, validate_args=False,
                 unroll_loop=False, name=None):  # fmt: skip
        self._shift_and_log_scale_fn = shift_and_log_scale_fn
        self._unroll_loop = unroll_loop
        super().__init__(
            forward_min_event_ndims=1, is_constant_jacobian=is_constant_jacobian,
            validate_args=validate_args, name=name or "masked_autoregressive_flow",
        )  # fmt: skip

    def _step(self, x, y, kwargs):
        shift, log_scale = self._shift_and_log_scale_fn(y, **kwargs)
        y = x if log_scale is None else x * math_ops.exp(log_scale)
        return y if shift is None else y + shift

    def _forward(self, x, **kwargs):
        if self._unroll_loop:
            size = x.shape.with_rank_at_least(1)[-1].value
            if size is None:
                raise ValueError("The final dimension of `x` must be known at graph construction "
                                 "time if `unroll_loop=True`. `x.shape: %r`" % x.shape)  # fmt: skip
            y = array_ops.zeros_like(x, name="y0")
            for _ in range(size):
                y = self._step(x, y, kwargs)
            return y
        size = array_ops.shape(x)[-1]
        y = array_ops.zeros_like(x, name="y0")
        y.set_shape(x.shape)

        def body(index, y):
            y = self._step(x, y, kwargs)
            y.set_shape(x.shape)
            return index + 1, y

        return control_flow_ops.while_loop(lambda index, _: index < size, body, (0, y))[1]

    def _inverse(self, y, **kwargs):
        shift, log_scale = self._shift_and_log_scale_fn(y, **kwargs)
        x = y if shift is None else y - shift
        return x if log_scale is None else x * math_ops.exp(-log_scale)

    def _inverse_log_det_jacobian(self, y, **kwargs):
        _, log_scale = self._shift_and_log_scale_fn(y, **kwargs)
        if log_scale is None:
            return ops.convert_to_tensor(0.0, dtype=y.dtype, name="ildj")
        return -math_ops.reduce_sum(log_scale, axis=-1)


def _mask(num_blocks, n_in, n_out, exclusive, dtype):
    """A matrix [n_in, n_out] of 1 where a block of outputs may see a block of inputs."""
    mask = np.zeros([n_out, n_in], dtype=dtype.as_numpy_dtype)
    rows, columns = n_out // num_blocks, n_in // num_blocks
    first = rows if exclusive else 0
    for i in range(num_blocks):
        mask[first + i * rows :, i * columns : (i + 1) * columns] = 1
    return mask.T


def masked_dense(inputs, units, num_blocks=None, exclusive=False, kernel_initializer=None,
                 reuse=None, name=None, *args, **kwargs):  # fmt: skip
    """A dense layer each block of whose outputs sees only the blocks of inputs up to its own.

    Args:
      inputs: float tensor [..., n], n known.
      units: int: number of outputs.
      num_blocks: int: number of blocks.
      exclusive: whether the block of the same number is hidden too.
      kernel_initializer: default: Glorot.
      Others: of `tf.layers.Dense`.

    Raises:
      NotImplementedError: if n is not known.
    """
    input_depth = inputs.shape.with_rank_at_least(1)[-1].value
    if input_depth is None:
        raise NotImplementedError("Rightmost dimension must be known prior to graph execution.")
    mask = _mask(num_blocks, input_depth, units, exclusive, dtypes.float32)
    if kernel_initializer is None:
        kernel_initializer = init_ops.glorot_normal_initializer()

    def masked_initializer(shape, dtype=None, partition_info=None):
        return mask * kernel_initializer(shape, dtype, partition_info)

    with ops.name_scope(name, "masked_dense", [inputs, units, num_blocks]):
        layer = core.Dense(
            units, kernel_initializer=masked_initializer,
            kernel_constraint=lambda x: mask * x, name=name,
            dtype=inputs.dtype.base_dtype, _scope=name, _reuse=reuse, *args, **kwargs,  # noqa: B026
        )  # fmt: skip
        return layer.apply(inputs)


def _clipped(x, least, most, clip_gradient):
    if clip_gradient:
        return clip_ops.clip_by_value(x, least, most)
    return x + array_ops.stop_gradient(clip_ops.clip_by_value(x, least, most) - x)


def masked_autoregressive_default_template(hidden_layers, shift_only=False,
                                           activation=nn_ops.relu, log_scale_min_clip=-5.0,
                                           log_scale_max_clip=3.0, log_scale_clip_gradient=False,
                                           name=None, *args, **kwargs):  # fmt: skip
    """A function for `MaskedAutoregressiveFlow`: masked dense layers, made once.

    Args:
      hidden_layers: list of int: their sizes.
      shift_only: whether log_scale is None.
      activation: of the hidden layers.
      log_scale_min_clip, log_scale_max_clip: ends of log_scale.
      log_scale_clip_gradient: whether no slope passes beyond them.
      Others: of `masked_dense`.
    """
    name = name or "masked_autoregressive_default_template"

    def _fn(x):
        input_depth = x.shape.with_rank_at_least(1)[-1].value
        if input_depth is None:
            raise NotImplementedError("Rightmost dimension must be known prior to graph "
                                      "execution.")  # fmt: skip
        shape = x.shape.as_list() if x.shape.is_fully_defined() else array_ops.shape(x)
        vector = x.shape.ndims == 1
        if vector:
            x = x[array_ops.newaxis, ...]
        for i, units in enumerate(hidden_layers):
            x = masked_dense(
                x, units, num_blocks=input_depth, exclusive=i == 0, activation=activation,
                *args, **kwargs,  # noqa: B026
            )  # fmt: skip
        x = masked_dense(
            x, (1 if shift_only else 2) * input_depth, num_blocks=input_depth, activation=None,
            *args, **kwargs,  # noqa: B026
        )  # fmt: skip
        if shift_only:
            return array_ops.reshape(x, shape), None
        x = array_ops.reshape(x, array_ops.concat([shape, [2]], 0))
        shift, log_scale = array_ops.unstack(x, num=2, axis=-1)
        return shift, _clipped(
            log_scale, log_scale_min_clip, log_scale_max_clip, log_scale_clip_gradient
        )

    return template.make_template(name, _fn)


class RealNVP(ConditionalBijector):
    """The first elements stay; the others become x exp(log_scale) + shift, functions of them.

    Args:
      num_masked: int: how many stay.
      shift_and_log_scale_fn: function (what stays, number of others, condition) to (shift,
        log_scale); either may be None.
      is_constant_jacobian: whether log_scale does not depend on the argument.
    """

    def __init__(self, num_masked, shift_and_log_scale_fn, is_constant_jacobian=False,
                 validate_args=False, name=None):  # fmt: skip
        if num_masked <= 0:
            raise ValueError("num_masked must be a positive integer.")
        self._num_masked = num_masked
        self._input_depth = None
        self._shift_and_log_scale_fn = shift_and_log_scale_fn
        super().__init__(
            forward_min_event_ndims=1, is_constant_jacobian=is_constant_jacobian,
            validate_args=validate_args, name=name or "real_nvp",
        )  # fmt: skip

    def _split(self, x):
        if self._input_depth is None:
            self._input_depth = x.shape.with_rank_at_least(1)[-1].value
            if self._input_depth is None:
                raise NotImplementedError("Rightmost dimension must be known prior to graph "
                                          "execution.")  # fmt: skip
            if self._num_masked >= self._input_depth:
                raise ValueError(
                    "Number of masked units must be smaller than the event size."
                )  # fmt: skip
        return x[..., : self._num_masked], x[..., self._num_masked :]

    def _parts(self, kept, kwargs):
        return self._shift_and_log_scale_fn(kept, self._input_depth - self._num_masked, **kwargs)

    def _forward(self, x, **kwargs):
        kept, x = self._split(x)
        shift, log_scale = self._parts(kept, kwargs)
        y = x if log_scale is None else x * math_ops.exp(log_scale)
        y = y if shift is None else y + shift
        return array_ops.concat([kept, y], axis=-1)

    def _inverse(self, y, **kwargs):
        kept, y = self._split(y)
        shift, log_scale = self._parts(kept, kwargs)
        x = y if shift is None else y - shift
        x = x if log_scale is None else x * math_ops.exp(-log_scale)
        return array_ops.concat([kept, x], axis=-1)

    def _inverse_log_det_jacobian(self, y, **kwargs):
        _, log_scale = self._parts(self._split(y)[0], kwargs)
        if log_scale is None:
            return ops.convert_to_tensor(0.0, dtype=y.dtype, name="ildj")
        return -math_ops.reduce_sum(log_scale, axis=-1)

    def _forward_log_det_jacobian(self, x, **kwargs):
        _, log_scale = self._parts(self._split(x)[0], kwargs)
        if log_scale is None:
            return ops.convert_to_tensor(0.0, dtype=x.dtype, name="fldj")
        return math_ops.reduce_sum(log_scale, axis=-1)


def real_nvp_default_template(hidden_layers, shift_only=False, activation=nn_ops.relu, name=None,
                              *args, **kwargs):  # fmt: skip
    """A function for `RealNVP`: dense layers, made once.

    Args:
      hidden_layers: list of int: their sizes.
      shift_only: whether log_scale is None.
      activation: of the hidden layers.
      Others: of `tf.layers.dense`.
    """

    def _fn(x, output_units):
        vector = x.shape.ndims == 1
        if vector:
            x = x[array_ops.newaxis, ...]
        for units in hidden_layers:
            x = core.dense(x, units, activation=activation, *args, **kwargs)  # noqa: B026
        x = core.dense(
            x, (1 if shift_only else 2) * output_units, activation=None, *args, **kwargs  # noqa: B026
        )  # fmt: skip
        if vector:
            x = x[0]
        if shift_only:
            return x, None
        return array_ops.split(x, 2, axis=-1)

    return template.make_template(name or "real_nvp_default_template", _fn)


class BatchNormalization(Bijector):
    """`forward` undoes the batch normalization that `inverse` does.

    Args:
      batchnorm_layer: tf.layers.BatchNormalization; default: one with gamma at least 1e-6.
      training: whether `inverse` normalizes with the statistics of the batch.

    Raises:
      ValueError: for a layer of another class or with virtual batches.
    """

    def __init__(self, batchnorm_layer=None, training=True, validate_args=False,
                 name="batch_normalization"):  # fmt: skip
        if batchnorm_layer is None:
            batchnorm_layer = normalization.BatchNormalization(
                gamma_constraint=lambda x: nn_ops.relu(x) + 1e-6
            )
        if not isinstance(batchnorm_layer, normalization.BatchNormalization):
            raise ValueError(
                "batchnorm_layer must be an instance of BatchNormalization layer."
            )  # fmt: skip
        if getattr(batchnorm_layer, "renorm", False):
            raise ValueError("BatchNorm Bijector does not support renormalization.")
        if getattr(batchnorm_layer, "virtual_batch_size", None):
            raise ValueError("BatchNorm Bijector does not support virtual batch sizes.")
        self.batchnorm = batchnorm_layer
        self._training = training
        axis = batchnorm_layer.axis
        lists = isinstance(axis, (list, tuple))
        super().__init__(
            forward_min_event_ndims=len(axis) if lists else 1, validate_args=validate_args,
            name=name,
        )  # fmt: skip

    def _fit(self, x):
        if not self.batchnorm.built:
            self.batchnorm.build(x.shape)
        axis = self.batchnorm.axis
        axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
        rank = x.shape.ndims
        kept = [a % rank for a in axes]
        reduced = [i for i in range(rank) if i not in kept]
        shape = [n if i in kept else 1 for i, n in enumerate(x.shape.as_list())]

        def spread(v):
            if v is not None and v.shape.ndims != rank and reduced != list(range(rank - 1)):
                return array_ops.reshape(v, shape)
            return v

        return reduced, spread

    def _forward(self, y):
        reduced, spread = self._fit(y)
        norm = self.batchnorm
        mean, variance = spread(norm.moving_mean), spread(norm.moving_variance)
        beta = spread(norm.beta) if norm.center else None
        gamma = spread(norm.gamma) if norm.scale else None
        y = y if beta is None else y - beta
        gain = math_ops.sqrt(variance + norm.epsilon)
        return y * (gain if gamma is None else gain / gamma) + mean

    def _inverse(self, x):
        self._fit(x)
        return self.batchnorm.apply(x, training=self._training)

    def _forward_log_det_jacobian(self, x):
        return -self._inverse_log_det_jacobian(x, use_saved_statistics=True)

    def _inverse_log_det_jacobian(self, y, use_saved_statistics=False):
        reduced, _ = self._fit(y)
        norm = self.batchnorm
        if self._training and not use_saved_statistics:
            _, variance = nn_impl.moments(y, reduced)
        else:
            variance = norm.moving_variance
        logs = -0.5 * math_ops.log(variance + norm.epsilon)
        if norm.scale:
            logs += math_ops.log(norm.gamma)
        return math_ops.reduce_sum(logs)
