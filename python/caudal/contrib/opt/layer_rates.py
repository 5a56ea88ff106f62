# SPDX-License-Identifier: Apache-2.0
"""Rates by layer; Adagrad whose accumulators can rest."""

import contextlib

from caudal.ops import array_ops, linalg_ops, state_ops
from caudal.train import adagrad, momentum
from caudal.train.optimizer import like


class LARSOptimizer(momentum.MomentumOptimizer):
    """Momentum whose rate is scaled for each variable by |var| / (|grad| + weight_decay * |var|).

    A sparse gradient is not scaled.

    Args:
      learning_rate, momentum: number or scalar Tensor.
      weight_decay: adds weight_decay * var to the gradient.
      eeta: the factor of the scale.
      epsilon: added to its denominator.
      name: see Optimizer.
      skip_list: parts of names of variables that are neither scaled nor decayed.
      use_nesterov: bool.
    """

    def __init__(self, learning_rate, momentum=0.9, weight_decay=0.0001, eeta=0.001, epsilon=0.0,
                 name="LARSOptimizer", skip_list=None, use_nesterov=False):  # fmt: skip
        if momentum < 0.0:
            raise ValueError("momentum should be positive: %s" % momentum)
        if weight_decay < 0.0:
            raise ValueError("weight_decay should be positive: %s" % weight_decay)
        super().__init__(learning_rate, momentum, False, name, use_nesterov)
        self._weight_decay = weight_decay
        self._eeta = eeta
        self._epsilon = epsilon
        self._skip_list = skip_list

    def compute_lr(self, grad, var):
        """(the rate for a variable, its gradient with the decay)."""
        rate = self._learning_rate_tensor
        if self._skip_list is not None and any(part in var.name for part in self._skip_list):
            return like(rate, var), grad
        size, slope = linalg_ops.norm(var.value(), ord=2), linalg_ops.norm(grad, ord=2)
        one = array_ops.ones_like(size)
        ratio = self._eeta * size / (slope + self._weight_decay * size + self._epsilon)
        ratio = array_ops.where(size > 0, array_ops.where(slope > 0, ratio, one), one)
        return like(rate, var) * ratio, grad + self._weight_decay * var.value()

    def _apply_dense(self, grad, var):
        rate, grad = self.compute_lr(grad, var)
        return state_ops.apply_update(
            "ApplyMomentum",
            var._ref(),
            self.get_slot(var, "momentum")._ref(),
            rate,
            grad,
            like(self._momentum_tensor, var),
            use_locking=False,
            use_nesterov=self._use_nesterov,
        )


class RegAdagradOptimizer(adagrad.AdagradOptimizer):
    """Adagrad; inside of `avoid_updating_slots` updates leave the accumulators alone."""

    def __init__(self, learning_rate, initial_accumulator_value=0.1, use_locking=False,
                 name="RegAdagrad"):  # fmt: skip
        super().__init__(learning_rate, initial_accumulator_value, use_locking, name)
        self._should_update_slots = True

    @contextlib.contextmanager
    def avoid_updating_slots(self):
        """A context for `apply_gradients` of a regularizing loss."""
        old, self._should_update_slots = self._should_update_slots, False
        try:
            yield
        finally:
            self._should_update_slots = old

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            "ApplyAdagrad",
            var._ref(),
            self.get_slot(var, "accumulator")._ref(),
            like(self._learning_rate_tensor, var),
            grad,
            use_locking=self._use_locking,
            update_slots=self._should_update_slots,
        )

    def _apply_sparse(self, grad, var):
        return state_ops.apply_update(
            "SparseApplyAdagrad",
            var._ref(),
            self.get_slot(var, "accumulator")._ref(),
            like(self._learning_rate_tensor, var),
            grad.values,
            grad.indices,
            use_locking=self._use_locking,
            update_slots=self._should_update_slots,
        )
