# SPDX-License-Identifier: Apache-2.0
"""Optimizers around other optimizers."""

import types

from caudal.framework import ops
from caudal.ops import array_ops, clip_ops, control_flow_ops, math_ops, state_ops
from caudal.train import moving_averages, optimizer


class MovingAverageOptimizer(optimizer.Optimizer):
    """Keeps moving averages of the variables that another optimizer changes.

    Args:
      opt: Optimizer.
      average_decay: float, decay of the averages.
      num_updates: see ExponentialMovingAverage.
      sequential_update: False lets averages be taken of values before the update.
    """

    def __init__(self, opt, average_decay=0.9999, num_updates=None, sequential_update=True):
        self._optimizer = opt
        self._ema = moving_averages.ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._swapped_variable_name_map = None
        self._sequential_update = sequential_update

    def compute_gradients(self, *args, **kwargs):
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        train_op = self._optimizer.apply_gradients(
            grads_and_vars, global_step=global_step, name=name
        )
        variables = [v for _, v in grads_and_vars]
        self._swapped_variable_name_map = {}
        waits_for = [train_op] if self._sequential_update else []
        with ops.control_dependencies(waits_for):
            averages = self._ema.apply(variables)
        self._averages = {v.op.name: (v, self._ema.average(v)) for v in variables}
        for v in variables:
            self._swapped_variable_name_map[v.op.name] = self._ema.average(v).op.name
        return control_flow_ops.group(train_op, averages, name="train_with_avg")

    def swapping_saver(self, var_list=None, name="swapping_saver", **kwargs):
        """A Saver that writes the averages under the names of the variables, and vice versa.

        Raises:
          RuntimeError: before `apply_gradients` or `minimize`.
        """
        from caudal.ops import variables
        from caudal.train import saver

        if self._swapped_variable_name_map is None:
            raise RuntimeError(
                "Must call apply_gradients or minimize before creating the swapping_saver"
            )
        if var_list is None:
            var_list = variables.global_variables()
        by_name = var_list if isinstance(var_list, dict) else {v.op.name: v for v in var_list}
        swapped = dict(by_name)
        for name_of, (var, average) in self._averages.items():
            if name_of not in by_name:
                raise ValueError("Variable not found in var_list: %s" % name_of)
            swapped[name_of] = average
            swapped[average.op.name] = var
        return saver.Saver(swapped, name=name, **kwargs)


class VariableClippingOptimizer(optimizer.Optimizer):
    """Scales variables down to a norm after each step of another optimizer.

    Args:
      opt: Optimizer.
      vars_to_clip_dims: dict from Variable to the list of dimensions over which norms are taken.
      max_norm: the largest norm.
      use_locking, name: see Optimizer.
      colocate_clip_ops_with_vars: whether to clip on the devices of the variables.
    """

    def __init__(self, opt, vars_to_clip_dims, max_norm, use_locking=False,
                 colocate_clip_ops_with_vars=False, name="VariableClipping"):  # fmt: skip
        super().__init__(use_locking, name)
        self._opt = opt
        self._vars_to_clip_dims = dict(vars_to_clip_dims)
        self._max_norm = max_norm
        self._colocate_clip_ops_with_vars = colocate_clip_ops_with_vars

    def compute_gradients(self, *args, **kwargs):
        return self._opt.compute_gradients(*args, **kwargs)

    def get_slot(self, *args, **kwargs):
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args, **kwargs):
        return self._opt.get_slot_names(*args, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        grads_and_vars = list(grads_and_vars)
        with ops.name_scope(self._name):
            update = self._opt.apply_gradients(grads_and_vars, global_step=global_step)
            clips = []
            with ops.control_dependencies([update]), ops.name_scope("clip"):
                for grad, var in grads_and_vars:
                    if grad is None or var not in self._vars_to_clip_dims:
                        continue
                    if isinstance(grad, ops.IndexedSlices):
                        clips.append(self._clip_rows(grad, var))
                    else:
                        clips.append(self._clip_whole(var))
        return control_flow_ops.group(*clips, update, name=name)

    def _clip(self, value, var):
        return clip_ops.clip_by_norm(value, self._max_norm, axes=self._vars_to_clip_dims[var])

    def _clip_whole(self, var):
        value = var.read_value()
        return state_ops.assign(var, self._clip(value, var), use_locking=self._use_locking).op

    def _clip_rows(self, grad, var):
        if 0 in self._vars_to_clip_dims[var]:
            return self._clip_whole(var)
        rows = array_ops.gather(var.read_value(), grad.indices)
        return state_ops.scatter_update(
            var, grad.indices, self._clip(rows, var), use_locking=self._use_locking
        ).op


def _is_zero(grad):
    values = grad.values if isinstance(grad, ops.IndexedSlices) else grad
    return math_ops.reduce_all(math_ops.equal(values, 0))


class MultitaskOptimizerWrapper:
    """An optimizer that leaves a variable and its slots alone where the gradient is all zero.

    Args:
      opt: Optimizer.
    """

    def __init__(self, opt):
        if not isinstance(opt, optimizer.Optimizer):
            raise TypeError("Supplied optimizer must be an instance of tf.train.Optimizer")
        self._opt = opt

    def __getattr__(self, name):
        return getattr(self._opt, name)

    def _guard(self, method):
        function = getattr(type(self._opt), method)

        def guarded(opt, grad, *args):
            def step():
                with ops.control_dependencies([function(opt, grad, *args)]):
                    return ops.convert_to_tensor(True)

            return control_flow_ops.cond(
                _is_zero(grad), lambda: ops.convert_to_tensor(False), step
            ).op

        return types.MethodType(guarded, self._opt)

    def apply_gradients(self, *args, **kwargs):
        """As the optimizer's, skipping what has no gradient."""
        methods = ("_apply_dense", "_apply_sparse_duplicate_indices")
        for method in methods:
            setattr(self._opt, method, self._guard(method))
        try:
            return self._opt.apply_gradients(*args, **kwargs)
        finally:
            for method in methods:
                delattr(self._opt, method)

    def minimize(self, loss, global_step=None, name=None, **kwargs):
        """As the optimizer's, skipping what has no gradient."""
        return self.apply_gradients(
            self._opt.compute_gradients(loss, **kwargs), global_step=global_step, name=name
        )


def clip_gradients_by_global_norm(gradients_variables, clip_norm=20.0):
    """([(gradient, variable)] with gradients of at most a common norm, the norm that they had).

    Gradients of which all elements are zero stay so.
    """
    gradients, variables = zip(*gradients_variables)
    total = clip_ops.global_norm(gradients, name="global_norm")
    safe = control_flow_ops.cond(
        math_ops.equal(total, 0.0), lambda: array_ops.ones_like(total), lambda: total
    )
    clipped, _ = clip_ops.clip_by_global_norm(gradients, clip_norm, use_norm=safe)
    return list(zip(clipped, variables)), total
