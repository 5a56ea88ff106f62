# SPDX-License-Identifier: Apache-2.0
"""Decay of the weights that is no part of the gradient."""

from caudal.framework import ops
from caudal.ops import array_ops, control_flow_ops, math_ops, state_ops
from caudal.train import adam, momentum


class DecoupledWeightDecayExtension:
    """Mixin of optimizers: var -= weight_decay * var, before the optimizer's own step.

    Args:
      weight_decay: number, scalar Tensor, or function of no arguments.
      **kwargs: arguments of the optimizer.
    """

    def __init__(self, weight_decay, **kwargs):
        self._decay_var_list = None
        self._weight_decay = weight_decay
        self._weight_decay_tensor = None
        super().__init__(**kwargs)

    def minimize(self, loss, global_step=None, var_list=None, gate_gradients=1,
                 aggregation_method=None, colocate_gradients_with_ops=False, name=None,
                 grad_loss=None, decay_var_list=None):  # fmt: skip
        """As Optimizer.minimize; only the variables of `decay_var_list` decay, None for all."""
        self._decay_var_list = set(decay_var_list) if decay_var_list else False
        return super().minimize(
            loss,
            global_step=global_step,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            name=name,
            grad_loss=grad_loss,
        )

    def apply_gradients(self, grads_and_vars, global_step=None, name=None, decay_var_list=None):
        """As Optimizer.apply_gradients; only variables of `decay_var_list` decay, None for all."""
        if decay_var_list:
            self._decay_var_list = set(decay_var_list)
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _prepare(self):
        self._weight_decay_tensor = ops.convert_to_tensor(
            self._call_if_callable(self._weight_decay), name="weight_decay"
        )
        super()._prepare()

    def _decays(self, var):
        return not self._decay_var_list or var in self._decay_var_list

    def _rate(self, var):
        return math_ops.cast(self._weight_decay_tensor, var.dtype.base_dtype)

    def _apply_dense(self, grad, var):
        decay = control_flow_ops.no_op()
        if self._decays(var):
            decay = state_ops.assign_sub(var, self._rate(var) * var.value(), self._use_locking).op
        with ops.control_dependencies([decay]):
            return super()._apply_dense(grad, var)

    def _apply_sparse(self, grad, var):
        decay = control_flow_ops.no_op()
        if self._decays(var):
            rows = array_ops.gather(var, grad.indices)
            decay = state_ops.scatter_sub(
                var, grad.indices, self._rate(var) * rows, self._use_locking
            ).op
        with ops.control_dependencies([decay]):
            return super()._apply_sparse(grad, var)


def extend_with_decoupled_weight_decay(base_optimizer):
    """A class of optimizers: `base_optimizer` with weight decay; `weight_decay` comes first."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):
        def __init__(self, weight_decay, *args, **kwargs):
            self._decay_var_list = None
            self._weight_decay = weight_decay
            self._weight_decay_tensor = None
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, momentum.MomentumOptimizer):
    """Momentum with decoupled weight decay.

    Args:
      weight_decay: number or scalar Tensor.
      Others: as for MomentumOptimizer.
    """

    def __init__(self, weight_decay, learning_rate, momentum, use_locking=False,
                 name="MomentumW", use_nesterov=False):  # fmt: skip
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class AdamWOptimizer(DecoupledWeightDecayExtension, adam.AdamOptimizer):
    """Adam with decoupled weight decay.

    Args:
      weight_decay: number or scalar Tensor.
      Others: as for AdamOptimizer.
    """

    def __init__(self, weight_decay, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8,
                 use_locking=False, name="AdamW"):  # fmt: skip
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )


__all__ = [
    "AdamWOptimizer",
    "DecoupledWeightDecayExtension",
    "MomentumWOptimizer",
    "extend_with_decoupled_weight_decay",
]
