# SPDX-License-Identifier: Apache-2.0
"""Steps that depend on whether the gradient and its running mean agree in sign."""

import math

from caudal.framework import dtypes, ops
from caudal.ops import array_ops, control_flow_ops, math_ops, state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class _SignOptimizer(optimizer.Optimizer):
    def __init__(self, learning_rate, beta, sign_decay_fn, use_locking, name):
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta = beta
        self._sign_decay_fn = sign_decay_fn

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        if self._sign_decay_fn is not None:
            self._sign_decay_t = ops.convert_to_tensor(
                self._sign_decay_fn(global_step), name="sign_decay"
            )
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "m", self._name)

    def _prepare(self):
        self._lr_t = self._scalar(self._lr, "learning_rate")
        self._beta_t = self._scalar(self._beta, "beta")
        self._strength_t = self._scalar(self._strength, self._strength_name)
        if self._sign_decay_fn is None:
            self._sign_decay_t = ops.convert_to_tensor(1.0, name="sign_decay")

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            self._op,
            var._ref(),
            self.get_slot(var, "m")._ref(),
            like(self._lr_t, var),
            like(self._strength_t, var),
            like(self._sign_decay_t, var),
            like(self._beta_t, var),
            grad,
            use_locking=self._use_locking,
        )

    def _apply_sparse(self, grad, var):
        lr, beta = like(self._lr_t, var), like(self._beta_t, var)
        lock, m = self._use_locking, self.get_slot(var, "m")
        m_t = state_ops.assign(m, m.value() * beta, use_locking=lock)
        with ops.control_dependencies([m_t]):
            m_t = state_ops.scatter_add(m, grad.indices, grad.values * (1 - beta), use_locking=lock)
            rows = array_ops.gather(array_ops.identity(m_t), grad.indices)
        agreement = math_ops.sign(grad.values) * math_ops.sign(rows)
        factor = self._factor(like(self._strength_t, var), like(self._sign_decay_t, var), agreement)
        update = state_ops.scatter_sub(var, grad.indices, lr * factor * grad.values, lock)
        return control_flow_ops.group(update, m_t)


class AddSignOptimizer(_SignOptimizer):
    """var -= learning_rate * (alpha + decay * sign(grad) * sign(m)) * grad.

    Args:
      learning_rate, alpha, beta: number or scalar Tensor; m is the running mean with `beta`.
      sign_decay_fn: function from the global step to `decay`; None for 1.
      use_locking, name: see Optimizer.
    """

    _op = "ApplyAddSign"
    _strength_name = "alpha"

    def __init__(self, learning_rate=0.1, alpha=1.0, beta=0.9, sign_decay_fn=None,
                 use_locking=False, name="AddSignOptimizer"):  # fmt: skip
        super().__init__(learning_rate, beta, sign_decay_fn, use_locking, name)
        self._strength = alpha

    def _factor(self, alpha, decay, agreement):
        return alpha + decay * agreement


class PowerSignOptimizer(_SignOptimizer):
    """var -= learning_rate * base ** (decay * sign(grad) * sign(m)) * grad.

    Args:
      learning_rate, base, beta: numbers; m is the running mean with `beta`.
      sign_decay_fn: function from the global step to `decay`; None for 1.
      use_locking, name: see Optimizer.
    """

    _op = "ApplyPowerSign"
    _strength_name = "logbase"

    def __init__(self, learning_rate=0.1, base=math.e, beta=0.9, sign_decay_fn=None,
                 use_locking=False, name="PowerSignOptimizer"):  # fmt: skip
        super().__init__(learning_rate, beta, sign_decay_fn, use_locking, name)
        self._strength = math.log(base)

    def _factor(self, logbase, decay, agreement):
        return math_ops.exp(logbase * decay * agreement)


def get_linear_decay_fn(decay_steps):
    """A decay from 1 to 0 along a line in `decay_steps` steps."""

    def decay(global_step):
        if global_step is None:
            raise ValueError("global_step is required for linear_decay.")
        total = math_ops.cast(decay_steps, dtypes.float32)
        step = math_ops.minimum(math_ops.cast(global_step, dtypes.float32), total)
        return (total - step) / total

    return decay


def _wave(decay_steps, num_periods, zero_after, shape):
    def decay(global_step):
        if global_step is None:
            raise ValueError("global_step is required.")
        total = math_ops.cast(decay_steps, dtypes.float32)
        step = math_ops.cast(global_step, dtypes.float32)
        share = num_periods * math_ops.minimum(step, total) / total
        value = shape(share)
        if zero_after is None:
            return value
        limit = math_ops.cast(zero_after, dtypes.float32)
        return array_ops.where(
            share < 2.0 * limit if shape is _cosine else share < limit,
            value,
            array_ops.zeros_like(value),
        )

    return decay


def _cosine(share):
    return 0.5 * (1.0 + math_ops.cos(2.0 * math.pi * share))


def _restart(share):
    return 0.5 * (1.0 + math_ops.cos(math.pi * (share - math_ops.floor(share))))


def get_cosine_decay_fn(decay_steps, num_periods=0.5, zero_after=None):
    """A decay along `num_periods` periods of a cosine."""
    return _wave(decay_steps, num_periods, zero_after, _cosine)


def get_restart_decay_fn(decay_steps, num_periods=1, zero_after=None):
    """A decay along half a cosine, begun anew `num_periods` times."""
    return _wave(decay_steps, num_periods, zero_after, _restart)
