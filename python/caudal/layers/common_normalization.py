# SPDX-License-Identifier: Apache-2.0
"""Batch normalization, with the arguments that `tf.keras.layers` gives it."""

from caudal.framework import constant_op, dtypes, ops, tensor_shape
from caudal.layers.engine import Layer
from caudal.layers.input_spec import InputSpec
from caudal.layers.utils import constant_value, moving_average_update, smart_cond
from caudal.ops import array_ops, math_ops, nn_impl, nn_ops, state_ops
from caudal.ops.ref_variable import VariableAggregation, VariableSynchronization

_CLIPPINGS = ("rmax", "rmin", "dmax")


class BatchNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta.

    While training, mean and variance are those of the batch, and moving averages of them are kept;
    otherwise they are these averages. The updates of the averages are operations of their own:
    run them with the training step (GraphKeys.UPDATE_OPS for `tf.layers`).

    Args:
      axis: int or list of int: the axes that keep statistics of their own.
      momentum: share of the moving averages that an update keeps.
      epsilon: what is added to the variance.
      center, scale: whether there are beta and gamma.
      beta_initializer, gamma_initializer, ...: of the variables.
      renorm: batch renormalization: corrects the batch's statistics to moving ones.
      renorm_clipping: dict of limits "rmin", "rmax", "dmax" of the corrections.
      renorm_momentum: share that an update of these statistics keeps.
      fused: False forbids the op that does all at once; otherwise it is used where it can be.
      trainable: whether beta and gamma are for optimizers.
      virtual_batch_size: size of parts of the batch that are normalized for themselves.
      adjustment: function from the dynamic shape to (scale, bias), applied while training.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True,
                 beta_initializer="zeros", gamma_initializer="ones",
                 moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, renorm=False, renorm_clipping=None, renorm_momentum=0.99,
                 fused=None, trainable=True, virtual_batch_size=None, adjustment=None, name=None,
                 **kwargs):  # fmt: skip
        super().__init__(name=name, trainable=trainable, **kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError("axis must be int or list, type given: %s" % type(axis))
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = self._lookup.initializer(beta_initializer)
        self.gamma_initializer = self._lookup.initializer(gamma_initializer)
        self.moving_mean_initializer = self._lookup.initializer(moving_mean_initializer)
        self.moving_variance_initializer = self._lookup.initializer(moving_variance_initializer)
        self.beta_regularizer = self._lookup.regularizer(beta_regularizer)
        self.gamma_regularizer = self._lookup.regularizer(gamma_regularizer)
        self.beta_constraint = self._lookup.constraint(beta_constraint)
        self.gamma_constraint = self._lookup.constraint(gamma_constraint)
        self.renorm = renorm
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.supports_masking = True
        self._bessels_correction_test_only = True
        self.fused = True if fused is None else fused
        if renorm:
            renorm_clipping = renorm_clipping or {}
            if set(renorm_clipping) - set(_CLIPPINGS):
                raise ValueError(
                    "renorm_clipping %s contains keys not in %s"
                    % (renorm_clipping, list(_CLIPPINGS))
                )
            self.renorm_clipping = renorm_clipping
            self.renorm_momentum = renorm_momentum

    # Building -----------------------------------------------------------------------------------

    @property
    def _parameter_dtype(self):
        dtype = dtypes.as_dtype(self.dtype or dtypes.float32)
        return dtypes.float32 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype

    def _checked_axes(self, rank):
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        axes = [a + rank if a < 0 else a for a in axes]
        for a in axes:
            if not 0 <= a < rank:
                raise ValueError("Invalid axis: %d" % a)
        if len(axes) != len(set(axes)):
            raise ValueError("Duplicate axis: %s" % axes)
        return axes

    def _check_virtual_batch(self, axes):
        if self.virtual_batch_size <= 0:
            raise ValueError(
                "virtual_batch_size must be a positive integer that divides the true batch size of "
                "the input Tensor"
            )
        if 0 in axes:
            raise ValueError(
                "When using virtual_batch_size, the batch dimension must be 0 and thus axis cannot "
                "include 0"
            )
        if self.adjustment is not None:
            raise ValueError("When using virtual_batch_size, adjustment cannot be specified")

    def _fits_fused(self, rank, axes):
        plain = not (self.renorm or self.virtual_batch_size or self.adjustment)
        return bool(self.fused) and rank == 4 and plain and axes in ([1], [3])

    def build(self, input_shape):
        shape = tensor_shape.as_shape(input_shape)
        rank = shape.ndims
        if not rank:
            raise ValueError("Input has undefined rank:", shape)
        axes = self.axis = self._checked_axes(rank)
        if self.virtual_batch_size is not None:
            self._check_virtual_batch(axes)
        self.fused = self._fits_fused(rank, axes)
        self._data_format = "NCHW" if axes == [1] else "NHWC"
        sizes = {a: shape.as_list()[a] for a in axes}
        if None in sizes.values():
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", shape)
        self.input_spec = InputSpec(ndim=rank, axes=sizes)
        if len(axes) == 1 and self.virtual_batch_size is None:
            parameters = (sizes[axes[0]],)
        else:
            parameters = [sizes.get(i, 1) for i in range(rank)]
            if self.virtual_batch_size is not None:
                # The batch becomes two axes, see `call`.
                parameters.insert(1, 1)
                self.axis = [a + 1 for a in axes]
        self._make_parameters(parameters)
        self._make_statistics(parameters)
        self.built = True

    def _make_parameters(self, shape):
        for used, name, start in ((self.scale, "gamma", 1.0), (self.center, "beta", 0.0)):
            variable = None
            if used:
                variable = self.add_weight(
                    name=name,
                    shape=shape,
                    dtype=self._parameter_dtype,
                    initializer=getattr(self, name + "_initializer"),
                    regularizer=getattr(self, name + "_regularizer"),
                    constraint=getattr(self, name + "_constraint"),
                    trainable=True,
                )
            elif self.fused:
                constant = constant_op.constant(start, self._parameter_dtype, shape)
                setattr(self, "_%s_const" % name, constant)
            setattr(self, name, variable)

    def _statistic(self, name, shape, initializer):
        return self.add_weight(
            name=name,
            shape=shape,
            dtype=self._parameter_dtype,
            initializer=initializer,
            synchronization=VariableSynchronization.ON_READ,
            trainable=False,
            aggregation=VariableAggregation.MEAN,
        )

    def _make_statistics(self, shape):
        scope = getattr(self, "_scope", None)
        partitioner = scope.partitioner if scope else None
        if partitioner:
            scope.set_partitioner(None)
        try:
            self.moving_mean = self._statistic("moving_mean", shape, self.moving_mean_initializer)
            self.moving_variance = self._statistic(
                "moving_variance", shape, self.moving_variance_initializer
            )
            if self.renorm:

                def deviation(shape, dtype=None, partition_info=None):
                    return math_ops.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

                self.moving_stddev = self._statistic("moving_stddev", shape, deviation)
                self.renorm_mean = self._statistic(
                    "renorm_mean", shape, self.moving_mean_initializer
                )
                self.renorm_stddev = self._statistic("renorm_stddev", shape, deviation)
        finally:
            if partitioner:
                scope.set_partitioner(partitioner)

    # Calling ------------------------------------------------------------------------------------

    def _training_value(self, training):
        return False if training is None else training

    def call(self, inputs, training=None):
        training = self._training_value(training)
        if self.fused:
            return self._fused(inputs, training)
        if self.virtual_batch_size is None:
            outputs = self._composed(inputs, training)
            outputs.set_shape(inputs.shape)
            return outputs
        shape = [-1] + inputs.shape.as_list()[1:]
        parts = array_ops.reshape(inputs, [self.virtual_batch_size, *shape])
        return array_ops.reshape(self._composed(parts, training), shape)

    def _fused(self, inputs, training):
        gamma = self.gamma if self.scale else self._gamma_const
        beta = self.beta if self.center else self._beta_const
        common = {"epsilon": self.epsilon, "data_format": self._data_format}

        def of_batch():
            return nn_impl.fused_batch_norm(inputs, gamma, beta, **common)

        def of_averages():
            return nn_impl.fused_batch_norm(
                inputs, gamma, beta, mean=self.moving_mean, variance=self.moving_variance,
                is_training=False, **common,
            )  # fmt: skip

        output, mean, variance = smart_cond(training, of_batch, of_averages)
        if not self._bessels_correction_test_only:
            # The op's variance is the unbiased estimate.
            count = math_ops.cast(array_ops.size(inputs) / array_ops.size(variance), variance.dtype)
            variance *= (count - math_ops.cast(1.0, variance.dtype)) / count
        known = constant_value(training)
        if known is None:
            momentum = smart_cond(training, lambda: self.momentum, lambda: 1.0)
        else:
            momentum = ops.convert_to_tensor(self.momentum)
        if known is not False:
            self.add_update(lambda: moving_average_update(self.moving_mean, mean, momentum))
            self.add_update(lambda: moving_average_update(self.moving_variance, variance, momentum))
        return output

    def _composed(self, inputs, training):
        rank = inputs.shape.ndims
        reduced = [i for i in range(rank) if i not in self.axis]
        if self.virtual_batch_size is not None:
            del reduced[1]
        sizes = [1] * rank
        sizes[self.axis[0]] = inputs.shape.as_list()[self.axis[0]]

        def spread(v):
            if v is None or v.shape.ndims == rank or reduced == list(range(rank - 1)):
                return v
            return array_ops.reshape(v, sizes)

        scale, offset = spread(self.gamma), spread(self.beta)
        if constant_value(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            if self.adjustment:
                a, b = self.adjustment(array_ops.shape(inputs))
                a = smart_cond(training, lambda: a, lambda: array_ops.ones_like(a))
                b = smart_cond(training, lambda: b, lambda: array_ops.zeros_like(b))
                scale, offset = _composition(a, b, scale, offset)
            mean, variance = nn_impl.moments(
                math_ops.cast(inputs, self._parameter_dtype),
                reduced,
                keep_dims=self.virtual_batch_size is not None or len(self.axis) > 1,
            )
            batch_mean, batch_variance = mean, variance
            mean = smart_cond(
                training, lambda: batch_mean, lambda: ops.convert_to_tensor(self.moving_mean)
            )
            variance = smart_cond(
                training,
                lambda: batch_variance,
                lambda: ops.convert_to_tensor(self.moving_variance),
            )
            new_mean, new_variance = mean, variance
            if self.virtual_batch_size is not None:
                new_mean = math_ops.reduce_mean(mean, axis=1, keepdims=True)
                new_variance = math_ops.reduce_mean(variance, axis=1, keepdims=True)
            if self.renorm:
                r, d, new_mean, new_variance = self._renormalized(new_mean, new_variance, training)
                r = spread(array_ops.stop_gradient(r, name="renorm_r"))
                d = spread(array_ops.stop_gradient(d, name="renorm_d"))
                scale, offset = _composition(r, d, scale, offset)
            self._add_moving_updates(new_mean, new_variance, training)

        def fitted(v):
            return None if v is None else math_ops.cast(v, inputs.dtype)

        return nn_impl.batch_normalization(
            inputs,
            spread(fitted(mean)),
            spread(fitted(variance)),
            fitted(offset),
            fitted(scale),
            self.epsilon,
        )

    def _add_moving_updates(self, mean, variance, training):
        def update_variance():
            if not self.renorm:
                return moving_average_update(self.moving_variance, variance, self.momentum)
            deviation = moving_average_update(
                self.moving_stddev, math_ops.sqrt(variance + self.epsilon), self.momentum
            )
            with ops.name_scope("AssignNewValue") as scope:
                with ops.colocate_with(self.moving_variance.op):
                    value = nn_ops.relu(deviation * deviation - self.epsilon)
                    return state_ops.assign(self.moving_variance, value, name=scope)

        self.add_update(
            lambda: smart_cond(
                training,
                lambda: moving_average_update(self.moving_mean, mean, self.momentum),
                lambda: self.moving_mean,
            )
        )
        self.add_update(lambda: smart_cond(training, update_variance, lambda: self.moving_variance))

    def _renormalized(self, mean, variance, training):
        """(r, d, mean, variance): the corrections, and moments that wait for the new averages."""
        deviation = math_ops.sqrt(variance + self.epsilon)
        smallest = math_ops.sqrt(constant_op.constant(self.epsilon, deviation.dtype))
        moving = math_ops.maximum(self.renorm_stddev, smallest)
        r = deviation / moving
        d = (mean - self.renorm_mean) / moving
        # The corrections come from the averages before their update.
        with ops.control_dependencies([r, d]):
            mean = array_ops.identity(mean)
            deviation = array_ops.identity(deviation)
        low, high, shift = [self.renorm_clipping.get(k) for k in ("rmin", "rmax", "dmax")]
        if low is not None:
            r = math_ops.maximum(r, low)
        if high is not None:
            r = math_ops.minimum(r, high)
        if shift is not None:
            d = math_ops.minimum(math_ops.maximum(d, -shift), shift)
        clipped_r, clipped_d = r, d
        r = smart_cond(training, lambda: clipped_r, lambda: array_ops.ones_like(clipped_r))
        d = smart_cond(training, lambda: clipped_d, lambda: array_ops.zeros_like(clipped_d))

        def moved(variable, value):
            return smart_cond(
                training,
                lambda: moving_average_update(variable, value, self.renorm_momentum),
                lambda: array_ops.identity(variable),
            )

        updates = [moved(self.renorm_mean, mean), moved(self.renorm_stddev, deviation)]
        with ops.control_dependencies(updates):
            return r, d, array_ops.identity(mean), array_ops.identity(variance)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        names = ("beta_initializer", "gamma_initializer", "moving_mean_initializer",
                 "moving_variance_initializer", "beta_regularizer", "gamma_regularizer",
                 "beta_constraint", "gamma_constraint")  # fmt: skip
        config = {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **{name: self._lookup.serialized(getattr(self, name)) for name in names},
        }
        if self.renorm:
            config["renorm"] = True
            config["renorm_clipping"] = self.renorm_clipping
            config["renorm_momentum"] = self.renorm_momentum
        if self.virtual_batch_size is not None:
            config["virtual_batch_size"] = self.virtual_batch_size
        return config


def _composition(scale, offset, then_scale, then_offset):
    """(scale, offset) of x * scale + offset followed by x * then_scale + then_offset."""
    if then_scale is not None:
        scale, offset = scale * then_scale, offset * then_scale
    if then_offset is not None:
        offset = offset + then_offset
    return scale, offset
