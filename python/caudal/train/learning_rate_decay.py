# SPDX-License-Identifier: Apache-2.0
"""Learning rates as functions of the global step."""

import math

from caudal.framework import constant_op, dtypes, ops
from caudal.ops import array_ops, math_ops, random_ops

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]


def _start(learning_rate, *values):
    """(rate, values...) as tensors of the rate's dtype, made in the order given."""
    rate = ops.convert_to_tensor(learning_rate, name="initial_learning_rate")
    return (rate,) + tuple(math_ops.cast(value, rate.dtype) for value in values)


def _require_step(global_step, function):
    if global_step is None:
        raise ValueError("global_step is required for %s." % function)


def exponential_decay(
    learning_rate, global_step, decay_steps, decay_rate, staircase=False, name=None
):
    """learning_rate * decay_rate ** (global_step / decay_steps).

    Args:
      learning_rate: scalar float Tensor or number: the rate at step 0.
      global_step: scalar Tensor, Variable or number.
      decay_steps: number of steps after which `decay_rate` is applied once.
      decay_rate: number.
      staircase: apply it in whole steps: the exponent is rounded down.
      name: default "ExponentialDecay".

    Returns:
      A scalar Tensor of the type of `learning_rate`.

    Raises:
      ValueError: if `global_step` is None.
    """
    _require_step(global_step, "exponential_decay")
    with ops.name_scope(
        name, "ExponentialDecay", [learning_rate, global_step, decay_steps, decay_rate]
    ) as scope:
        rate, steps, decay, step = _start(learning_rate, decay_steps, decay_rate, global_step)
        p = step / steps
        if staircase:
            p = math_ops.floor(p)
        return math_ops.multiply(rate, math_ops.pow(decay, p), name=scope)


def natural_exp_decay(
    learning_rate, global_step, decay_steps, decay_rate, staircase=False, name=None
):
    """learning_rate * exp(-decay_rate * global_step / decay_steps), see `exponential_decay`."""
    natural = math_ops.exp(math_ops.negative(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, natural, staircase, name)


def inverse_time_decay(
    learning_rate, global_step, decay_steps, decay_rate, staircase=False, name=None
):
    """learning_rate / (1 + decay_rate * global_step / decay_steps), see `exponential_decay`."""
    _require_step(global_step, "inverse_time_decay")
    with ops.name_scope(
        name, "InverseTimeDecay", [learning_rate, global_step, decay_rate]
    ) as scope:
        rate, steps, decay, step = _start(learning_rate, decay_steps, decay_rate, global_step)
        p = step / steps
        if staircase:
            p = math_ops.floor(p)
        one = math_ops.cast(constant_op.constant(1), rate.dtype)
        return math_ops.divide(rate, math_ops.add(one, math_ops.multiply(decay, p)), name=scope)


def polynomial_decay(
    learning_rate,
    global_step,
    decay_steps,
    end_learning_rate=0.0001,
    power=1.0,
    cycle=False,
    name=None,
):
    """From `learning_rate` to `end_learning_rate` along (1 - step / decay_steps) ** power.

    Args:
      learning_rate: scalar float Tensor or number: the rate at step 0.
      global_step: scalar Tensor, Variable or number; counts up to `decay_steps`.
      decay_steps: number of steps.
      end_learning_rate, power: numbers.
      cycle: beyond `decay_steps` go on with the first multiple of it that is not yet reached.
      name: default "PolynomialDecay".

    Raises:
      ValueError: if `global_step` is None.
    """
    _require_step(global_step, "polynomial_decay")
    with ops.name_scope(
        name, "PolynomialDecay", [learning_rate, global_step, decay_steps, end_learning_rate, power]
    ) as scope:
        rate, end, exponent, step = _start(learning_rate, end_learning_rate, power, global_step)
        steps = math_ops.cast(decay_steps, rate.dtype)
        if cycle:
            rounds = array_ops.where(
                math_ops.equal(step, 0), array_ops.ones_like(step), math_ops.ceil(step / steps)
            )
            steps = math_ops.multiply(steps, rounds)
        else:
            step = math_ops.minimum(step, decay_steps)
        p = math_ops.divide(step, steps)
        shrunk = math_ops.multiply(rate - end, math_ops.pow(1 - p, exponent))
        return math_ops.add(shrunk, end, name=scope)


def piecewise_constant(x, boundaries, values, name=None):
    """values[i] for the first i with x <= boundaries[i], else the last value.

    Args:
      x: scalar Tensor or Variable, usually the global step.
      boundaries: increasing list of numbers or Tensors of the type of `x`.
      values: list of one more element, all of one type.
      name: default "PiecewiseConstant".

    Raises:
      ValueError: if types or lengths do not fit.
    """
    x = ops.convert_to_tensor(x)
    bounds = [ops.convert_to_tensor(b) for b in boundaries]
    for i, bound in enumerate(bounds):
        if bound.dtype.base_dtype != x.dtype.base_dtype:
            if bound.dtype.base_dtype == dtypes.int32 and x.dtype.base_dtype == dtypes.int64:
                bounds[i] = math_ops.cast(bound, dtypes.int64)
                continue
            raise ValueError(
                "Boundaries (%s) must have the same dtype as x (%s)."
                % (bound.dtype.base_dtype, x.dtype.base_dtype)
            )
    values = [ops.convert_to_tensor(v) for v in values]
    for value in values[1:]:
        if value.dtype.base_dtype != values[0].dtype.base_dtype:
            raise ValueError(
                "Values must have elements all with the same dtype (%s vs %s)."
                % (values[0].dtype.base_dtype, value.dtype.base_dtype)
            )
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with ops.name_scope(name, "PiecewiseConstant", [x] + bounds + values):
        result = values[-1]
        for bound, value in reversed(list(zip(bounds, values))):
            result = array_ops.where(math_ops.less_equal(x, bound), value, result)
        return array_ops.identity(result)


piecewise_constant_decay = piecewise_constant


def _one_plus_cos(fraction):
    """0.5 * (1 + cos(pi * fraction))."""
    return 0.5 * (
        1.0 + math_ops.cos(constant_op.constant(math.pi, dtype=fraction.dtype) * fraction)
    )


def cosine_decay(learning_rate, global_step, decay_steps, alpha=0.0, name=None):
    """learning_rate * ((1 - alpha) * 0.5 * (1 + cos(pi * step / decay_steps)) + alpha).

    Args:
      learning_rate: scalar float Tensor or number: the rate at step 0.
      global_step: scalar Tensor, Variable or number; counts up to `decay_steps`.
      decay_steps: number of steps.
      alpha: lowest rate, as a fraction of `learning_rate`.
      name: default "CosineDecay".

    Raises:
      ValueError: if `global_step` is None.
    """
    _require_step(global_step, "cosine decay")
    with ops.name_scope(name, "CosineDecay", [learning_rate, global_step]):
        rate, steps, step = _start(learning_rate, decay_steps, global_step)
        step = math_ops.minimum(step, steps)
        decayed = (1 - alpha) * _one_plus_cos(step / steps) + alpha
        return math_ops.multiply(rate, decayed)


def _periods_before(count, t_mul):
    """The length of `count` periods, each `t_mul` times the one before, the first of length 1."""
    return (1.0 - t_mul**count) / (1.0 - t_mul)


def cosine_decay_restarts(
    learning_rate, global_step, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name=None
):
    """Cosine decay that starts again: periods grow by `t_mul`, rates shrink by `m_mul`.

    Args:
      learning_rate: scalar float Tensor or number: the rate at step 0.
      global_step: scalar Tensor, Variable or number.
      first_decay_steps: length of the first period.
      t_mul, m_mul, alpha: numbers or scalar Tensors.
      name: default "SGDRDecay".

    Raises:
      ValueError: if `global_step` is None.
    """
    _require_step(global_step, "cosine decay restarts")
    with ops.name_scope(name, "SGDRDecay", [learning_rate, global_step]) as scope:
        rate, first, alpha, t_mul, m_mul, step = _start(
            learning_rate, first_decay_steps, alpha, t_mul, m_mul, global_step
        )
        done = step / first
        # Periods of equal length need no logarithm, and could not take one.
        equal = math_ops.equal(t_mul, 1.0)
        even = math_ops.floor(done)
        growing = math_ops.floor(math_ops.log(1.0 - done * (1.0 - t_mul)) / math_ops.log(t_mul))
        # At the first step of a period the quotient of logarithms may round below the integer.
        late = math_ops.less_equal(_periods_before(growing + 1.0, t_mul), done)
        growing = array_ops.where(late, growing + 1.0, growing)
        before = _periods_before(growing, t_mul)
        restarts = array_ops.where(equal, even, growing)
        fraction = array_ops.where(equal, done - even, (done - before) / t_mul**growing)
        cosine = (
            0.5
            * m_mul**restarts
            * (1.0 + math_ops.cos(constant_op.constant(math.pi, dtype=rate.dtype) * fraction))
        )
        return math_ops.multiply(rate, (1 - alpha) * cosine + alpha, name=scope)


def linear_cosine_decay(
    learning_rate, global_step, decay_steps, num_periods=0.5, alpha=0.0, beta=0.001, name=None
):
    """learning_rate * ((alpha + linear) * cosine + beta).

    linear = (decay_steps - step) / decay_steps,
    cosine = 0.5 * (1 + cos(pi * 2 * num_periods * step / decay_steps)).

    Args:
      learning_rate: scalar float Tensor or number: the rate at step 0.
      global_step: scalar Tensor, Variable or number; counts up to `decay_steps`.
      decay_steps, num_periods, alpha, beta: numbers.
      name: default "LinearCosineDecay".

    Raises:
      ValueError: if `global_step` is None.
    """
    _require_step(global_step, "linear cosine decay")
    with ops.name_scope(name, "LinearCosineDecay", [learning_rate, global_step]) as scope:
        rate, steps, periods, alpha, beta, step = _start(
            learning_rate, decay_steps, num_periods, alpha, beta, global_step
        )
        step = math_ops.minimum(step, steps)
        linear = (steps - step) / steps
        fraction = step / steps
        cosine = _one_plus_cos(2.0 * periods * fraction)
        return math_ops.multiply(rate, (alpha + linear) * cosine + beta, name=scope)


def noisy_linear_cosine_decay(
    learning_rate,
    global_step,
    decay_steps,
    initial_variance=1.0,
    variance_decay=0.55,
    num_periods=0.5,
    alpha=0.0,
    beta=0.001,
    name=None,
):
    """`linear_cosine_decay` with normal noise on the linear part.

    The noise has variance initial_variance / (1 + step) ** variance_decay.
    """
    _require_step(global_step, "noisy linear cosine decay")
    with ops.name_scope(name, "NoisyLinearCosineDecay", [learning_rate, global_step]) as scope:
        rate, steps, variance, decay, periods, alpha, beta, step = _start(
            learning_rate,
            decay_steps,
            initial_variance,
            variance_decay,
            num_periods,
            alpha,
            beta,
            global_step,
        )
        step = math_ops.minimum(step, steps)
        linear = (steps - step) / steps
        stddev = math_ops.sqrt(variance / math_ops.pow(1.0 + step, decay))
        noisy = linear + random_ops.random_normal(linear.shape, stddev=stddev, dtype=rate.dtype)
        fraction = step / steps
        cosine = _one_plus_cos(2.0 * periods * fraction)
        return math_ops.multiply(rate, (alpha + noisy) * cosine + beta, name=scope)
