# SPDX-License-Identifier: Apache-2.0
"""Relatives of Adam."""

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, control_flow_ops, math_ops, state_ops
from caudal.train import adam
from caudal.train.optimizer import like


class NadamOptimizer(adam.AdamOptimizer):
    """Adam with Nesterov's momentum; arguments as for AdamOptimizer."""

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
            use_nesterov=True,
        )

    def _apply_sparse(self, grad, var):
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._scalars(var)
        lock = self._use_locking
        rate = lr * math_ops.sqrt(1 - beta2_power) / (1 - beta1_power)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        scaled = grad.values * (1 - beta1)
        m_t = state_ops.assign(m, m.value() * beta1, use_locking=lock)
        with ops.control_dependencies([m_t]):
            m_t = state_ops.scatter_add(m, grad.indices, scaled, use_locking=lock)
            ahead = array_ops.identity(m_t) * beta1
        ahead = apply(
            "TensorScatterAdd", ahead, shape_of_rows(grad.indices), scaled
        )  # fmt: skip
        v_t = state_ops.assign(v, v.value() * beta2, use_locking=lock)
        with ops.control_dependencies([v_t]):
            squares = grad.values * grad.values * (1 - beta2)
            v_t = state_ops.scatter_add(v, grad.indices, squares, use_locking=lock)
        update = state_ops.assign_sub(
            var, rate * ahead / (math_ops.sqrt(v_t) + epsilon), use_locking=lock
        )
        return control_flow_ops.group(update, m_t, v_t)


def shape_of_rows(indices):
    """Row numbers as index vectors."""
    return array_ops.reshape(indices, [-1, 1])


class LazyAdamOptimizer(adam.AdamOptimizer):
    """Adam in which a sparse gradient touches only the rows that it names."""

    def _apply_sparse(self, grad, var):
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = self._scalars(var)
        lock = self._use_locking
        rate = lr * math_ops.sqrt(1 - beta2_power) / (1 - beta1_power)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_rows = beta1 * array_ops.gather(m, grad.indices) + (1 - beta1) * grad.values
        m_t = state_ops.scatter_update(m, grad.indices, m_rows, use_locking=lock)
        squares = math_ops.square(grad.values)
        v_rows = beta2 * array_ops.gather(v, grad.indices) + (1 - beta2) * squares
        v_t = state_ops.scatter_update(v, grad.indices, v_rows, use_locking=lock)
        step = rate * m_rows / (math_ops.sqrt(v_rows) + epsilon)
        update = state_ops.scatter_sub(var, grad.indices, step, use_locking=lock)
        return control_flow_ops.group(update, m_t, v_t)


class AdaMaxOptimizer(adam.AdamOptimizer):
    """Adam with the largest recent gradient in place of the root mean square.

    m = beta1 * m + (1 - beta1) * grad; v = max(beta2 * v, |grad|);
    var -= learning_rate / (1 - beta1**t) * m / (v + epsilon).
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        use_locking=False,
        name="AdaMax",
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _get_beta_accumulators(self):
        return self._get_non_slot_variable("beta1_power", graph=ops.get_default_graph())

    def _create_slots(self, var_list):
        first_var = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(
            initial_value=self._call_if_callable(self._beta1),
            name="beta1_power",
            colocate_with=first_var,
        )
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _scalars(self, var):
        power = self._get_beta_accumulators().value()
        tensors = (power, self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return tuple(like(t, var) for t in tensors)

    def _apply_dense(self, grad, var):
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        return state_ops.apply_update(
            "ApplyAdaMax",
            var._ref(),
            m._ref(),
            v._ref(),
            *self._scalars(var),
            grad,
            use_locking=self._use_locking,
        )

    def _apply_sparse(self, grad, var):
        beta1_power, lr, beta1, beta2, epsilon = self._scalars(var)
        lock = self._use_locking
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_rows = beta1 * array_ops.gather(m, grad.indices) + (1 - beta1) * grad.values
        m_t = state_ops.scatter_update(m, grad.indices, m_rows, use_locking=lock)
        v_rows = math_ops.maximum(
            beta2 * array_ops.gather(v, grad.indices), math_ops.abs(grad.values)
        )
        v_t = state_ops.scatter_update(v, grad.indices, v_rows, use_locking=lock)
        step = lr / (1 - beta1_power) * m_rows / (v_rows + epsilon)
        update = state_ops.scatter_sub(var, grad.indices, step, use_locking=lock)
        return control_flow_ops.group(update, m_t, v_t)

    def _finish(self, update_ops, name_scope):
        with ops.control_dependencies(update_ops):
            power = self._get_beta_accumulators()
            with ops.colocate_with(power.op):
                update = power.assign(power.value() * self._beta1_t, use_locking=self._use_locking)
        return control_flow_ops.group(*update_ops, update, name=name_scope)
