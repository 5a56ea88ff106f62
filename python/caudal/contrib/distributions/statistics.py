# SPDX-License-Identifier: Apache-2.0
"""Statistics of samples, moving ones too, and conjugate normal distributions."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.ops import (
    array_ops,
    check_ops,
    control_flow_ops,
    fourier_ops,
    init_ops,
    math_ops,
    nn_ops,
    state_ops,
    variable_scope,
)
from caudal.ops.distributions.scalars import Normal

__all__ = [
    "assign_log_moving_mean_exp",
    "assign_moving_mean_variance",
    "auto_correlation",
    "moving_mean_variance",
    "normal_conjugates_known_scale_posterior",
    "normal_conjugates_known_scale_predictive",
    "percentile",
]


def assign_moving_mean_variance(mean_var, variance_var, value, decay, name=None):
    """Moves a mean and a variance towards a value.

    Args:
      mean_var, variance_var: variables of one shape.
      value: tensor of their shape.
      decay: float tensor: how much of the old stays.

    Returns:
      (mean_var, variance_var): tensors after the update.
    """
    values = [variance_var, mean_var, value, decay]
    with ops.name_scope(name, "assign_moving_mean_variance", values):
        with ops.colocate_with(variance_var):
            base = mean_var.dtype.base_dtype
            if not base.is_floating:
                raise TypeError(
                    f"mean_var.base_dtype({base.name}) does not have float type `dtype`."
                )
            if base != variance_var.dtype.base_dtype:
                raise TypeError(
                    "mean_var.base_dtype(%s) != variance_var.base_dtype(%s)"
                    % (base.name, variance_var.dtype.base_dtype.name)
                )
            value = ops.convert_to_tensor(value, dtype=base, name="value")
            decay = ops.convert_to_tensor(decay, dtype=base, name="decay")
            delta = value - mean_var
            with ops.control_dependencies([delta]):
                mean_var = state_ops.assign_add(mean_var, (1.0 - decay) * delta)
                variance_var = state_ops.assign_sub(
                    variance_var,
                    (1.0 - decay) * (variance_var - decay * math_ops.square(delta)),
                )
            return mean_var, variance_var


def assign_log_moving_mean_exp(log_mean_exp_var, log_value, decay, name=None):
    """Moves log(mean(exp)) towards a value. Returns the variable after the update."""
    with ops.name_scope(name, "assign_log_moving_mean_exp", [log_mean_exp_var, log_value, decay]):
        with ops.colocate_with(log_mean_exp_var):
            base = log_mean_exp_var.dtype.base_dtype
            if not base.is_floating:
                raise TypeError(
                    f"log_mean_exp_var.base_dtype({base.name}) does not have float type `dtype`."
                )
            log_value = ops.convert_to_tensor(log_value, dtype=base, name="log_value")
            decay = ops.convert_to_tensor(decay, dtype=base, name="decay")
            delta = (log_value - log_mean_exp_var)[array_ops.newaxis, ...]
            both = array_ops.concat(
                [math_ops.log(decay) * array_ops.ones_like(delta),
                 delta + math_ops.log1p(-decay)], axis=0,
            )  # fmt: skip
            update = math_ops.reduce_logsumexp(both, axis=0)
            return state_ops.assign_add(log_mean_exp_var, update)


def moving_mean_variance(value, decay, collections=None, name=None):
    """A moving mean and a moving variance of a value, in variables of their own.

    Args:
      value: float tensor of known shape.
      decay: float: how much of the old stays.
      collections: of the variables; default: GLOBAL_VARIABLES.

    Returns:
      (mean, variance): tensors after the update.
    """
    if collections is None:
        collections = [ops.GraphKeys.GLOBAL_VARIABLES]
    with variable_scope.variable_scope(name, "moving_mean_variance", [value, decay]):
        value = ops.convert_to_tensor(value, name="value")
        base = value.dtype.base_dtype
        if not base.is_floating:
            raise TypeError("value.base_dtype(%s) does not have float type `dtype`." % base.name)
        decay = ops.convert_to_tensor(decay, dtype=base, name="decay")
        shape = value.get_shape()
        variance_var = variable_scope.get_variable(
            "moving_variance", shape=shape, dtype=value.dtype,
            initializer=init_ops.zeros_initializer(), trainable=False, collections=collections,
        )  # fmt: skip
        mean_var = variable_scope.get_variable(
            "moving_mean", shape=shape, dtype=value.dtype,
            initializer=init_ops.zeros_initializer(), trainable=False, collections=collections,
        )  # fmt: skip
        return assign_moving_mean_variance(mean_var, variance_var, value, decay)


def percentile(x, q, axis=None, interpolation=None, keep_dims=False, validate_args=False,
               name=None):  # fmt: skip
    """The q-th percentile of the elements along axes.

    Args:
      x: numeric tensor.
      q: number in [0, 100].
      axis: int or list of int; None: all axes.
      interpolation: "nearest" (default), "lower" or "higher": which element is taken.
      keep_dims: whether the axes stay, with size 1.
      validate_args: whether q is checked when run.

    Raises:
      ValueError: for another interpolation.
    """
    allowed = {"lower", "higher", "nearest"}
    interpolation = "nearest" if interpolation is None else interpolation
    if interpolation not in allowed:
        raise ValueError("Argument 'interpolation' must be in %s.  Found %s"
                         % (allowed, interpolation))  # fmt: skip
    with ops.name_scope(name, "percentile", values=[x, q]):
        x = ops.convert_to_tensor(x, name="x")
        q = math_ops.cast(ops.convert_to_tensor(q, name="q"), dtypes.float64)
        if q.shape.ndims is not None and q.shape.ndims > 0:
            raise ValueError("q must be a scalar: %s" % q)
        if validate_args:
            hundred = ops.convert_to_tensor(100.0, dtypes.float64)
            q = control_flow_ops.with_dependencies([
                check_ops.assert_rank(q, 0),
                check_ops.assert_greater_equal(q, ops.convert_to_tensor(0.0, dtypes.float64)),
                check_ops.assert_less_equal(q, hundred),
            ], q)  # fmt: skip
        rank = x.shape.ndims
        if axis is None:
            flat = array_ops.reshape(x, [-1])
        else:
            known = tensor_util.constant_value(ops.convert_to_tensor(axis))
            if known is None:
                raise ValueError("Expected axis to be statically known.  Found: %s" % axis)
            if rank is None:
                raise ValueError("Expected argument 'x' to have statically known rank.  Found: %s"
                                 % x)  # fmt: skip
            axes = sorted(int(a) % rank for a in np.atleast_1d(known))
            kept = [i for i in range(rank) if i not in axes]
            y = array_ops.transpose(x, kept + axes)
            static = [x.shape[i].value for i in kept]
            lead = array_ops.shape(y)[: len(kept)]
            flat = array_ops.reshape(y, array_ops.concat([lead, [-1]], 0))
            flat.set_shape([*static, None])
        number = array_ops.shape(flat)[-1]
        sorted_, _ = nn_ops.top_k(flat, k=number)
        share = 1.0 - q / 100.0
        last = math_ops.cast(number - 1, dtypes.float64)
        # Largest first: the lower neighbour has the higher index.
        index = {
            "lower": lambda: math_ops.ceil(last * share),
            "higher": lambda: math_ops.floor(last * share),
            "nearest": lambda: math_ops.round(last * share),
        }[interpolation]()
        index = math_ops.cast(index, dtypes.int32)
        index = math_ops.minimum(math_ops.maximum(index, 0), number - 1)
        result = sorted_[..., index]
        if keep_dims:
            if axis is None:
                ones = array_ops.ones([array_ops.rank(x)], dtypes.int32)
                result = array_ops.reshape(result, ones)
                if rank is not None:
                    result.set_shape([1] * rank)
            else:
                for a in axes:
                    result = array_ops.expand_dims(result, a)
        return result


def auto_correlation(x, axis=-1, max_lags=None, center=True, normalize=True,
                     name="auto_correlation"):  # fmt: skip
    """How much the elements along an axis go with those a number of steps later.

    Args:
      x: float or complex tensor.
      axis: int.
      max_lags: int: the largest number of steps; default: all.
      center: whether the mean is subtracted first.
      normalize: whether the result is divided by its first element.
    """
    with ops.name_scope(name, values=[x]):
        x = ops.convert_to_tensor(x, name="x")
        rank = x.shape.ndims
        if rank is None:
            raise ValueError("The rank of x must be known.")
        axis %= rank
        order = [i for i in range(rank) if i != axis] + [axis]
        back = list(np.argsort(order))
        y = array_ops.transpose(x, order)
        if center:
            y = y - math_ops.reduce_mean(y, axis=-1, keepdims=True)
        known = y.shape[-1].value
        length = array_ops.shape(y)[-1] if known is None else known
        if max_lags is None:
            lags = length - 1
        else:
            lags = tensor_util.constant_value(ops.convert_to_tensor(max_lags))
            lags = int(lags) if lags is not None else max_lags
            if known is not None and isinstance(lags, int):
                lags = min(lags, known - 1)
            else:
                lags = math_ops.minimum(lags, length - 1)
        # Zeros at the end keep the last elements from meeting the first.
        size = _power_of_two(known) if known is not None else 2 * length
        pads = [[0, 0]] * (rank - 1) + [[0, size - length]]
        padded = array_ops.pad(y, pads)
        is_complex = x.dtype.is_complex
        wide = padded if is_complex else math_ops.complex(padded, array_ops.zeros_like(padded))
        spectrum = fourier_ops.fft(wide)
        products = fourier_ops.ifft(spectrum * math_ops.conj(spectrum))
        found = products if is_complex else math_ops.real(products)
        found = math_ops.cast(found, x.dtype)[..., : lags + 1]
        terms = math_ops.cast(length, dtypes.float64) - math_ops.cast(
            array_ops.range(lags + 1), dtypes.float64
        )
        found = found / math_ops.cast(terms, x.dtype)
        if normalize:
            found = found / found[..., :1]
        result = array_ops.transpose(found, back)
        return result


def _power_of_two(n):
    return 1 << int(np.ceil(np.log2(max(2 * n, 2))))


def _known_scale(prior, scale, s, n):
    if not isinstance(prior, Normal):
        raise TypeError("Expected prior to be an instance of type Normal")
    if s.dtype != prior.dtype:
        raise TypeError("Observation sum s.dtype does not match prior dtype: %s vs. %s"
                        % (s.dtype, prior.dtype))  # fmt: skip
    n = math_ops.cast(n, prior.dtype)
    prior_variance = math_ops.square(prior.scale)
    variance = math_ops.square(scale)
    posterior = 1.0 / (1 / prior_variance + n / variance)
    mean = (prior.loc / prior_variance + s / variance) * posterior
    return mean, posterior, variance


def normal_conjugates_known_scale_posterior(prior, scale, s, n):
    """The Normal of a location after n observations of sum s around it.

    Args:
      prior: Normal of the location before.
      scale: tensor: standard deviation of the observations.
      s, n: tensors: their sum and number.
    """
    mean, posterior, _ = _known_scale(prior, scale, s, n)
    return Normal(loc=mean, scale=math_ops.sqrt(posterior))


def normal_conjugates_known_scale_predictive(prior, scale, s, n):
    """The Normal of the next observation after n of sum s, see the posterior."""
    mean, posterior, variance = _known_scale(prior, scale, s, n)
    return Normal(loc=mean, scale=math_ops.sqrt(posterior + variance))
