# SPDX-License-Identifier: Apache-2.0
"""Shampoo, and Adams that count with the global step."""

from caudal.contrib.opt.adam_family import LazyAdamOptimizer
from caudal.framework import ops
from caudal.ops import (
    array_ops,
    control_flow_ops,
    linalg_impl,
    linalg_ops,
    math_ops,
    state_ops,
)
from caudal.train import adam, optimizer
from caudal.train.optimizer import like

__all__ = ["AdamGSOptimizer", "LazyAdamGSOptimizer", "ShampooOptimizer"]


class _ByGlobalStep:
    """Powers of the decays from the global step, in place of variables that follow them."""

    def __init__(self, global_step=0, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8,
                 use_locking=False, name="Adam"):  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._global_step = global_step
        self._steps = None

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self):
        super()._prepare()
        step = self._global_step
        self._steps = math_ops.cast(ops.convert_to_tensor(step), self._beta1_t.dtype) + 1

    def _get_beta_accumulators(self):
        return (
            math_ops.pow(self._beta1_t, self._steps),
            math_ops.pow(self._beta2_t, self._steps),
        )

    def _scalars(self, var):
        powers = self._get_beta_accumulators()
        tensors = (*powers, self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return tuple(like(t, var) for t in tensors)

    def _finish(self, update_ops, name_scope):
        return control_flow_ops.group(*update_ops, name=name_scope)


class AdamGSOptimizer(_ByGlobalStep, adam.AdamOptimizer):
    """Adam whose powers of the decays come from the global step.

    Args:
      global_step: int tensor or variable.
      Others: see AdamOptimizer.
    """


class LazyAdamGSOptimizer(_ByGlobalStep, LazyAdamOptimizer):
    """LazyAdam whose powers of the decays come from the global step.

    Args:
      global_step: int tensor or variable.
      Others: see AdamOptimizer.
    """


class ShampooOptimizer(optimizer.Optimizer):
    """Steps with a matrix for each axis of a variable, after Gupta et al.

    For axis i of k, G_i sums the products of the gradient with itself over all other axes; the
    step is the gradient times all (G_i + epsilon)^(-alpha / k).

    Args:
      global_step: int tensor or variable, for the intervals.
      max_matrix_size: axes longer than this have a diagonal in place of a matrix.
      gbar_decay, gbar_weight: of the running sum of the gradients; number or function of the step.
      mat_gbar_decay, mat_gbar_weight: of the G_i.
      learning_rate: number or function of the step.
      svd_interval: steps between two computations of the powers.
      precond_update_interval: steps between two updates of the G_i.
      epsilon: added to the diagonals.
      alpha: total power.
      use_iterative_root: must be False.
      use_locking, name: see Optimizer.
    """

    def __init__(self, global_step=0, max_matrix_size=768, gbar_decay=0.0, gbar_weight=1.0,
                 mat_gbar_decay=1.0, mat_gbar_weight=1.0, learning_rate=1.0, svd_interval=1,
                 precond_update_interval=1, epsilon=1e-4, alpha=0.5, use_iterative_root=False,
                 use_locking=False, name="Shampoo"):  # fmt: skip
        super().__init__(use_locking, name)
        if use_iterative_root:
            raise NotImplementedError("ShampooOptimizer computes roots by decomposition only.")
        self._global_step = global_step
        self._max_matrix_size = max_matrix_size
        self._given = {
            "gbar_decay": gbar_decay,
            "gbar_weight": gbar_weight,
            "mat_gbar_decay": mat_gbar_decay,
            "mat_gbar_weight": mat_gbar_weight,
            "learning_rate": learning_rate,
        }
        self._svd_interval = svd_interval
        self._precond_update_interval = precond_update_interval
        self._epsilon = epsilon
        self._alpha = alpha

    def _is_diagonal(self, size):
        return size > self._max_matrix_size

    def _create_slots(self, var_list):
        for var in var_list:
            with ops.colocate_with(var):
                self._zeros_slot(var, "gbar", self._name)
                for i, size in enumerate(var.shape.as_list()):
                    shape = [size] if self._is_diagonal(size) else [size, size]
                    zeros = array_ops.zeros(shape, var.dtype.base_dtype)
                    self._get_or_make_slot(var, zeros, "Gbar_%d" % i, self._name)
                    if self._svd_interval > 1:
                        one = (
                            array_ops.ones(shape, var.dtype.base_dtype)
                            if self._is_diagonal(size)
                            else linalg_ops.eye(size, dtype=var.dtype.base_dtype)
                        )
                        self._get_or_make_slot(var, one, "H_%d" % i, self._name)

    def _number(self, name, var):
        value = self._given[name]
        if callable(value):
            value = value(self._global_step)
        return math_ops.cast(ops.convert_to_tensor(value), var.dtype.base_dtype)

    def _every(self, interval):
        step = math_ops.cast(ops.convert_to_tensor(self._global_step), "int64")
        return math_ops.equal(math_ops.mod(step, interval), 0)

    def _power(self, matrix, size, power):
        if self._is_diagonal(size):
            return math_ops.pow(matrix + self._epsilon, power)
        if size == 1:
            return math_ops.pow(matrix + self._epsilon, power)
        damped = matrix + self._epsilon * linalg_ops.eye(size, dtype=matrix.dtype)
        values, left, right = linalg_impl.svd(damped, full_matrices=True)
        values = math_ops.pow(math_ops.maximum(values, self._epsilon), power)
        return math_ops.matmul(right * values[array_ops.newaxis, :], left, transpose_b=True)

    def _products(self, grad, axis, size):
        """The products of the gradient with itself, over all axes but one."""
        rank = grad.shape.ndims
        others = [i for i in range(rank) if i != axis]
        if self._is_diagonal(size):
            return math_ops.reduce_sum(math_ops.square(grad), axis=others)
        rows = array_ops.reshape(array_ops.transpose(grad, [axis, *others]), [size, -1])
        return math_ops.matmul(rows, rows, transpose_b=True)

    def _times(self, grad, matrix, axis, size):
        rank = grad.shape.ndims
        if self._is_diagonal(size):
            return grad * array_ops.reshape(matrix, [size if i == axis else 1 for i in range(rank)])
        order = [axis, *[i for i in range(rank) if i != axis]]
        moved = array_ops.transpose(grad, order)
        rows = array_ops.reshape(moved, [size, -1])
        rows = math_ops.matmul(matrix, rows, transpose_a=True)
        moved = array_ops.reshape(rows, moved.shape.as_list())
        return array_ops.transpose(moved, [order.index(i) for i in range(rank)])

    def _updated(self, grad, var):
        with ops.name_scope(None, "shampoo"):
            sizes = var.shape.as_list()
            gbar = self.get_slot(var, "gbar")
            gbar_t = state_ops.assign(
                gbar,
                self._number("gbar_decay", var) * gbar + self._number("gbar_weight", var) * grad,
            )
            step = array_ops.identity(gbar_t)
            power = -self._alpha / max(len(sizes), 1)
            for i, size in enumerate(sizes):
                matrix = self.get_slot(var, "Gbar_%d" % i)
                moved = self._number("mat_gbar_decay", var) * matrix + self._number(
                    "mat_gbar_weight", var
                ) * self._products(grad, i, size)
                if self._precond_update_interval > 1:
                    old = array_ops.identity(matrix)
                    moved = control_flow_ops.cond(
                        self._every(self._precond_update_interval),
                        lambda moved=moved: moved,
                        lambda old=old: old,
                    )
                summed = array_ops.identity(state_ops.assign(matrix, moved))
                if self._svd_interval == 1:
                    root = self._power(summed, size, power)
                else:
                    held = self.get_slot(var, "H_%d" % i)
                    old = array_ops.identity(held)
                    new = control_flow_ops.cond(
                        self._every(self._svd_interval),
                        lambda s=summed, n=size: self._power(s, n, power),
                        lambda old=old: old,
                    )
                    root = array_ops.identity(state_ops.assign(held, new))
                step = self._times(step, root, i, size)
            return state_ops.assign_sub(
                var, self._number("learning_rate", var) * step, use_locking=self._use_locking
            ).op

    def _apply_dense(self, grad, var):
        return self._updated(grad, var)

    def _resource_apply_dense(self, grad, var):
        return self._updated(grad, var)

    def _apply_sparse(self, grad, var):
        shape = ops.convert_to_tensor(var.shape.as_list())
        dense = array_ops.scatter_nd(
            array_ops.reshape(grad.indices, [-1, 1]), grad.values,
            math_ops.cast(shape, grad.indices.dtype),
        )  # fmt: skip
        dense.set_shape(var.shape)
        return self._updated(dense, var)

    def _resource_apply_sparse(self, grad, var, indices):
        return self._apply_sparse(ops.IndexedSlices(grad, indices), var)
