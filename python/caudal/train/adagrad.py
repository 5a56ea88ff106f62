# SPDX-License-Identifier: Apache-2.0
"""Adagrad and its proximal form."""

from caudal.framework import constant_op, ops
from caudal.ops import array_ops, init_ops, math_ops, state_ops
from caudal.train import optimizer
from caudal.train.optimizer import like


def _check_accumulator(value):
    if value <= 0.0:
        raise ValueError("initial_accumulator_value must be positive: %s" % value)


class AdagradOptimizer(optimizer.Optimizer):
    """accum += grad**2; var -= learning_rate * grad / sqrt(accum).

    Args:
      learning_rate: number, scalar Tensor, or function of no arguments.
      initial_accumulator_value: float > 0.
      use_locking, name: see Optimizer.

    Raises:
      ValueError: if the initial accumulator value is not positive.
    """

    def __init__(
        self, learning_rate, initial_accumulator_value=0.1, use_locking=False, name="Adagrad"
    ):
        _check_accumulator(initial_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list):
        for var in var_list:
            dtype = var.dtype.base_dtype
            shape = var.get_shape()
            if shape.is_fully_defined():
                init = init_ops.constant_initializer(self._initial_accumulator_value, dtype=dtype)
            else:
                value = constant_op.constant(self._initial_accumulator_value, dtype=dtype)
                init = _fill_like(var, value)
            self._get_or_make_slot_with_initializer(
                var, init, shape, dtype, "accumulator", self._name
            )

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad, var):
        accum = self.get_slot(var, "accumulator")
        return state_ops.apply_update(
            "ApplyAdagrad",
            var._ref(),
            accum._ref(),
            like(self._learning_rate_tensor, var),
            grad,
            use_locking=self._use_locking,
        )

    def _apply_sparse(self, grad, var):
        accum = self.get_slot(var, "accumulator")
        return state_ops.apply_update(
            "SparseApplyAdagrad",
            var._ref(),
            accum._ref(),
            like(self._learning_rate_tensor, var),
            grad.values,
            grad.indices,
            use_locking=self._use_locking,
        )


def _fill_like(var, value):
    """An initializer of no arguments for a variable whose shape is not known before it runs."""
    return lambda: array_ops.fill(array_ops.shape(var.initialized_value()), value)


class ProximalAdagradOptimizer(optimizer.Optimizer):
    """Adagrad followed by the proximal step of L1 and L2 terms.

    accum += grad**2; a = learning_rate / sqrt(accum); p = var - a * grad;
    var = sign(p) * max(|p| - a * l1, 0) / (1 + a * l2).

    Args:
      learning_rate: number, scalar Tensor, or function of no arguments.
      initial_accumulator_value: float > 0.
      l1_regularization_strength, l2_regularization_strength: float >= 0.
      use_locking, name: see Optimizer.

    Raises:
      ValueError: if the initial accumulator value is not positive.
    """

    def __init__(
        self,
        learning_rate,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="ProximalAdagrad",
    ):
        _check_accumulator(initial_accumulator_value)
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength

    def _create_slots(self, var_list):
        for var in var_list:
            with ops.colocate_with(var.op):
                value = constant_op.constant(
                    self._initial_accumulator_value,
                    shape=var.get_shape(),
                    dtype=var.dtype.base_dtype,
                )
            self._get_or_make_slot(var, value, "accumulator", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._scalar(
            self._l1_regularization_strength, "l1_regularization_strength"
        )
        self._l2_regularization_strength_tensor = self._scalar(
            self._l2_regularization_strength, "l2_regularization_strength"
        )

    def _state(self, var):
        return (
            var._ref(),
            self.get_slot(var, "accumulator")._ref(),
            like(self._learning_rate_tensor, var),
            like(self._l1_regularization_strength_tensor, var),
            like(self._l2_regularization_strength_tensor, var),
        )

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            "ApplyProximalAdagrad", *self._state(var), grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad, var):
        return state_ops.apply_update(
            "SparseApplyProximalAdagrad",
            *self._state(var),
            grad.values,
            grad.indices,
            use_locking=self._use_locking,
        )


class AdagradDAOptimizer(optimizer.Optimizer):
    """Adagrad with dual averaging, for sparse linear models.

    With g the sum and q the sum of squares of all gradients, t the number of this step and
    s = sign(g) * max(|g| - l1 * t, 0) (s = g where l1 is 0):
    var = -learning_rate * s / (l2 * t * learning_rate + sqrt(q)).

    Args:
      learning_rate: number, scalar Tensor, or function of no arguments.
      global_step: Tensor or Variable that counts the steps done before.
      initial_gradient_squared_accumulator_value: float > 0.
      l1_regularization_strength, l2_regularization_strength: float >= 0.
      use_locking, name: see Optimizer.

    Raises:
      ValueError: if the initial accumulator value is not positive.
    """

    def __init__(
        self,
        learning_rate,
        global_step,
        initial_gradient_squared_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        use_locking=False,
        name="AdagradDA",
    ):
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                "initial_gradient_squared_accumulator_value must be positive: %s"
                % initial_gradient_squared_accumulator_value
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._global_step = global_step
        self._initial_gradient_squared_accumulator_value = (
            initial_gradient_squared_accumulator_value
        )
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength

    def _create_slots(self, var_list):
        for var in var_list:
            dtype = var.dtype.base_dtype
            with ops.colocate_with(var.op):
                total = constant_op.constant(0.0, shape=var.get_shape(), dtype=dtype)
                squares = constant_op.constant(
                    self._initial_gradient_squared_accumulator_value,
                    shape=var.get_shape(),
                    dtype=dtype,
                )
            self._get_or_make_slot(var, total, "gradient_accumulator", self._name)
            self._get_or_make_slot(var, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._scalar(self._learning_rate, "learning_rate")
        with ops.colocate_with(self._learning_rate_tensor.op):
            step = array_ops.identity(ops.convert_to_tensor(self._global_step))
            self._global_step_on_worker = math_ops.cast(step + 1, "int64")

    def _scalars(self, var):
        step = array_ops.identity(self._global_step_on_worker)
        dtype = var.dtype.base_dtype
        return (
            like(self._learning_rate_tensor, var),
            math_ops.cast(self._l1_regularization_strength, dtype),
            math_ops.cast(self._l2_regularization_strength, dtype),
            step,
        )

    def _state(self, var):
        return (
            var._ref(),
            self.get_slot(var, "gradient_accumulator")._ref(),
            self.get_slot(var, "gradient_squared_accumulator")._ref(),
        )

    def _apply_dense(self, grad, var):
        return state_ops.apply_update(
            "ApplyAdagradDA",
            *self._state(var),
            grad,
            *self._scalars(var),
            use_locking=self._use_locking,
        )

    def _apply_sparse(self, grad, var):
        return state_ops.apply_update(
            "SparseApplyAdagradDA",
            *self._state(var),
            grad.values,
            grad.indices,
            *self._scalars(var),
            use_locking=self._use_locking,
        )
