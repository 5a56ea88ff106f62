# SPDX-License-Identifier: Apache-2.0
"""Adadelta."""

from caudal.ops import state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class AdadeltaOptimizer(optimizer.Optimizer):
    """Steps sized by running means of squared gradients (a) and squared steps (u).

    a = rho * a + (1 - rho) * grad**2; step = grad * sqrt(u + epsilon) / sqrt(a + epsilon);
    u = rho * u + (1 - rho) * step**2; var -= learning_rate * step.

    Args:
      learning_rate, rho, epsilon: number, scalar Tensor, or function of no arguments.
      use_locking, name: see Optimizer.
    """

    def __init__(
        self, learning_rate=0.001, rho=0.95, epsilon=1e-8, use_locking=False, name="Adadelta"
    ):
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self):
        self._lr_t = self._scalar(self._lr, "lr")
        self._rho_t = self._scalar(self._rho, "rho")
        self._epsilon_t = self._scalar(self._epsilon, "epsilon")

    def _state(self, var):
        return (
            var._ref(),
            self.get_slot(var, "accum")._ref(),
            self.get_slot(var, "accum_update")._ref(),
            like(self._lr_t, var),
            like(self._rho_t, var),
            like(self._epsilon_t, var),
        )

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            "ApplyAdadelta", *self._state(var), grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        return state_ops.apply_update(
            "SparseApplyAdadelta",
            *self._state(var),
            grad.values,
            grad.indices,
            use_locking=self._use_locking,
        )
