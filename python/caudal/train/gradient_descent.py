# SPDX-License-Identifier: Apache-2.0
"""Plain gradient descent and its proximal form."""

from caudal.framework import ops
from caudal.ops import state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class GradientDescentOptimizer(optimizer.Optimizer):
    """var -= learning_rate * grad.

    Args:
      learning_rate: number, scalar Tensor, or function of no arguments.
      use_locking, name: see Optimizer.
    """

    def __init__(self, learning_rate, use_locking=False, name="GradientDescent"):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor = None

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            "ApplyGradientDescent",
            var._ref(),
            like(self._learning_rate_tensor, var),
            grad,
            use_locking=self._use_locking,
        )

    def _apply_sparse_duplicate_indices(self, grad, var):
        # Subtraction adds up duplicates by itself.
        rate = like(self._learning_rate_tensor, var)
        delta = ops.IndexedSlices(grad.values * rate, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking).op


class ProximalGradientDescentOptimizer(optimizer.Optimizer):
    """Gradient descent followed by the proximal step of L1 and L2 terms.

    p = var - lr * grad; var = sign(p) * max(|p| - lr * l1, 0) / (1 + lr * l2).

    Args:
      learning_rate: number, scalar Tensor, or function of no arguments.
      l1_regularization_strength, l2_regularization_strength: float >= 0.
      use_locking, name: see Optimizer.
    """

    def __init__(
        self,
        learning_rate,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="ProximalGradientDescent",
    ):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._scalar(
            self._l1_regularization_strength, "l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = self._scalar(
            self._l2_regularization_strength, "l2_regularization_strength"
        )

    def _scalars(self, var):
        return (
            like(self._learning_rate_tensor, var),
            like(self._l1_regularization_strength_tensor, var),
            like(self._l2_regularization_strength_tensor, var),
        )

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            "ApplyProximalGradientDescent",
            var._ref(),
            *self._scalars(var),
            grad,
            use_locking=self._use_locking,
        )

    def _apply_sparse(self, grad, var):
        return state_ops.apply_update(
            "SparseApplyProximalGradientDescent",
            var._ref(),
            *self._scalars(var),
            grad.values,
            grad.indices,
            use_locking=self._use_locking,
        )
