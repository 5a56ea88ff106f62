# SPDX-License-Identifier: Apache-2.0
"""Adam."""

from caudal.framework import ops
from caudal.ops import control_flow_ops, math_ops, state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class AdamOptimizer(optimizer.Optimizer):
    """Steps from running means of the gradients (m) and of their squares (v).

    m = beta1 * m + (1 - beta1) * grad; v = beta2 * v + (1 - beta2) * grad**2;
    var -= learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon).

    A sparse gradient counts as a dense one with zeros: rows that it does not name decay and move
    too. `beta1_power` and `beta2_power` are variables of the optimizer.

    Args:
      learning_rate, beta1, beta2, epsilon: number, scalar Tensor, or function of no arguments.
      use_locking, name: see Optimizer.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        use_locking=False,
        name="Adam",
    ):
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon

    def _get_beta_accumulators(self):
        """(beta1_power, beta2_power) of the current graph."""
        graph = ops.get_default_graph()
        return (
            self._get_non_slot_variable("beta1_power", graph=graph),
            self._get_non_slot_variable("beta2_power", graph=graph),
        )

    def _create_slots(self, var_list):
        # One choice among the variables that does not depend on their order.
        first_var = min(var_list, key=lambda var: var.name)
        for value, name in ((self._beta1, "beta1_power"), (self._beta2, "beta2_power")):
            self._create_non_slot_variable(
                initial_value=self._call_if_callable(value), name=name, colocate_with=first_var
            )
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self):
        self._lr_t = self._scalar(self._lr, "learning_rate")
        self._beta1_t = self._scalar(self._beta1, "beta1")
        self._beta2_t = self._scalar(self._beta2, "beta2")
        self._epsilon_t = self._scalar(self._epsilon, "epsilon")

    def _scalars(self, var):
        beta1_power, beta2_power = self._get_beta_accumulators()
        tensors = (
            beta1_power.value(),
            beta2_power.value(),
            self._lr_t,
            self._beta1_t,
            self._beta2_t,
            self._epsilon_t,
        )
        return tuple(like(t, var) for t in tensors)

    def _apply_dense(self, grad, var):
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        return state_ops.apply_update(
            "ApplyAdam",
            var._ref(),
            m._ref(),
            v._ref(),
            *self._scalars(var),
            grad,
            use_locking=self._use_locking,
        )

    def _apply_sparse(self, grad, var):
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._scalars(var)
        lock = self._use_locking
        rate = lr * math_ops.sqrt(1 - beta2_power) / (1 - beta1_power)
        m = self.get_slot(var, "m")
        scaled = grad.values * (1 - beta1)
        m_t = state_ops.assign(m, m.value() * beta1, use_locking=lock)
        with ops.control_dependencies([m_t]):
            m_t = state_ops.scatter_add(m, grad.indices, scaled, use_locking=lock)
        v = self.get_slot(var, "v")
        scaled = (grad.values * grad.values) * (1 - beta2)
        v_t = state_ops.assign(v, v.value() * beta2, use_locking=lock)
        with ops.control_dependencies([v_t]):
            v_t = state_ops.scatter_add(v, grad.indices, scaled, use_locking=lock)
        root = math_ops.sqrt(v_t)
        update = state_ops.assign_sub(var, rate * m_t / (root + epsilon), use_locking=lock)
        return control_flow_ops.group(update, m_t, v_t)

    def _finish(self, update_ops, name_scope):
        with ops.control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with ops.colocate_with(beta1_power.op):
                update_beta1 = beta1_power.assign(
                    beta1_power.value() * self._beta1_t, use_locking=self._use_locking
                )
                update_beta2 = beta2_power.assign(
                    beta2_power.value() * self._beta2_t, use_locking=self._use_locking
                )
        return control_flow_ops.group(*update_ops, update_beta1, update_beta2, name=name_scope)
