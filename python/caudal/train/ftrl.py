# SPDX-License-Identifier: Apache-2.0
"""FTRL-Proximal."""

from caudal.framework import constant_op, ops
from caudal.ops import state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


class FtrlOptimizer(optimizer.Optimizer):
    """Follow the regularized leader, with per-coordinate rates.

    With p = -learning_rate_power and h = grad + 2 * l2_shrinkage * var:
    n = accum + grad**2; linear += h - (n**p - accum**p) / learning_rate * var;
    q = n**p / learning_rate + 2 * l2;
    var = (clip(linear, -l1, l1) - linear) / q; accum = n.

    Args:
      learning_rate: number, scalar Tensor, or function of no arguments.
      learning_rate_power: float <= 0.
      initial_accumulator_value: float >= 0.
      l1_regularization_strength, l2_regularization_strength: float >= 0.
      use_locking, name: see Optimizer.
      accum_name, linear_name: names of the slots; default: `name`.
      l2_shrinkage_regularization_strength: float >= 0.

    Raises:
      ValueError: if one of the numbers is out of its range.
    """

    def __init__(
        self,
        learning_rate,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="Ftrl",
        accum_name=None,
        linear_name=None,
        l2_shrinkage_regularization_strength=0.0,
    ):
        super().__init__(use_locking, name)
        if initial_accumulator_value < 0.0:
            raise ValueError(
                "initial_accumulator_value %f needs to be positive or zero"
                % initial_accumulator_value
            )
        if learning_rate_power > 0.0:
            raise ValueError(
                "learning_rate_power %f needs to be negative or zero" % learning_rate_power
            )
        for label, value in (
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if value < 0.0:
                raise ValueError("%s %f needs to be positive or zero" % (label, value))
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._accum_name = accum_name
        self._linear_name = linear_name

    def _create_slots(self, var_list):
        for var in var_list:
            with ops.colocate_with(var.op):
                value = constant_op.constant(
                    self._initial_accumulator_value,
                    dtype=var.dtype.base_dtype,
                    shape=var.get_shape(),
                )
            self._get_or_make_slot(var, value, "accum", self._accum_name or self._name)
            self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._scalar(
            self._l1_regularization_strength, "l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = self._scalar(
            self._l2_regularization_strength, "l2_regularization_strength"
        )
        self._l2_shrinkage_regularization_strength_tensor = self._scalar(
            self._l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength"
        )
        self._learning_rate_power_tensor = self._scalar(
            self._learning_rate_power, "learning_rate_power"
        )

    def _apply(self, prefix, gradient, var):
        scalars = [
            self._learning_rate_tensor,
            self._l1_regularization_strength_tensor,
            self._l2_regularization_strength_tensor,
            self._learning_rate_power_tensor,
        ]
        op = prefix + "ApplyFtrl"
        if self._l2_shrinkage_regularization_strength > 0.0:
            scalars.insert(3, self._l2_shrinkage_regularization_strength_tensor)
            op += "V2"
        return state_ops.apply_update(
            op,
            var._ref(),
            self.get_slot(var, "accum")._ref(),
            self.get_slot(var, "linear")._ref(),
            *gradient,
            *[like(t, var) for t in scalars],
            use_locking=self._use_locking,
        )

    def _apply_dense(self, grad, var):
        return self._apply("", (grad,), var)

    def _apply_sparse(self, grad, var):
        return self._apply("Sparse", (grad.values, grad.indices), var)
