# SPDX-License-Identifier: Apache-2.0
"""Gradient descent with momentum."""

from caudal.ops import state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class MomentumOptimizer(optimizer.Optimizer):
    """accum = momentum * accum + grad; var -= learning_rate * accum.

    With `use_nesterov`: var -= learning_rate * (grad + momentum * accum).

    Args:
      learning_rate, momentum: number, scalar Tensor, or function of no arguments.
      use_locking, name: see Optimizer.
      use_nesterov: bool.
    """

    def __init__(
        self, learning_rate, momentum, use_locking=False, name="Momentum", use_nesterov=False
    ):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")
        self._momentum_tensor = self._scalar(self._momentum, "momentum")

    def _apply_dense(self, grad, var):
        accum = self.get_slot(var, "momentum")
        return state_ops.apply_update(
            "ApplyMomentum",
            var._ref(),
            accum._ref(),
            like(self._learning_rate_tensor, var),
            grad,
            like(self._momentum_tensor, var),
            use_locking=self._use_locking,
            use_nesterov=self._use_nesterov,
        )

    def _apply_sparse(self, grad, var):
        accum = self.get_slot(var, "momentum")
        return state_ops.apply_update(
            "SparseApplyMomentum",
            var._ref(),
            accum._ref(),
            like(self._learning_rate_tensor, var),
            grad.values,
            grad.indices,
            like(self._momentum_tensor, var),
            use_locking=self._use_locking,
            use_nesterov=self._use_nesterov,
        )
