# SPDX-License-Identifier: Apache-2.0
"""RMSProp, plain and centered."""

from caudal.ops import array_ops, init_ops, state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class RMSPropOptimizer(optimizer.Optimizer):
    """Steps divided by a running root mean square of the gradients.

    ms = decay * ms + (1 - decay) * grad**2;
    mom = momentum * mom + learning_rate * grad / sqrt(ms + epsilon); var -= mom.
    Centered: mg = decay * mg + (1 - decay) * grad, and ms - mg**2 in place of ms in the root.

    Args:
      learning_rate, decay, momentum, epsilon: number, scalar Tensor, or function of no arguments.
      use_locking, name: see Optimizer.
      centered: bool.
    """

    def __init__(
        self,
        learning_rate,
        decay=0.9,
        momentum=0.0,
        epsilon=1e-10,
        use_locking=False,
        centered=False,
        name="RMSProp",
    ):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered

    def _create_slots(self, var_list):
        for var in var_list:
            shape, dtype = var.get_shape(), var.dtype.base_dtype
            if shape.is_fully_defined():
                init = init_ops.ones_initializer(dtype=dtype)
            else:
                init = _ones_like(var)
            self._get_or_make_slot_with_initializer(var, init, shape, dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")
        self._decay_tensor = self._scalar(self._decay, "decay")
        self._momentum_tensor = self._scalar(self._momentum, "momentum")
        self._epsilon_tensor = self._scalar(self._epsilon, "epsilon")

    def _state(self, var):
        slots = ("mg", "rms", "momentum") if self._centered else ("rms", "momentum")
        scalars = (
            self._learning_rate_tensor,
            self._decay_tensor,
            self._momentum_tensor,
            self._epsilon_tensor,
        )
        return (
            (var._ref(),)
            + tuple(self.get_slot(var, name)._ref() for name in slots)
            + tuple(like(t, var) for t in scalars)
        )

    def _op(self, prefix):
        return prefix + ("ApplyCenteredRMSProp" if self._centered else "ApplyRMSProp")

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            self._op(""), *self._state(var), grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        return state_ops.apply_update(
            self._op("Sparse"),
            *self._state(var),
            grad.values,
            grad.indices,
            use_locking=self._use_locking,
        )


def _ones_like(var):
    """An initializer of no arguments for a variable whose shape is not known before it runs."""
    return lambda: array_ops.ones_like(var.initialized_value())
