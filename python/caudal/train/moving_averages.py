# SPDX-License-Identifier: Apache-2.0
"""Running averages of variables and tensors."""

from caudal.framework import dtypes, ops
from caudal.ops import (
    control_flow_ops,
    init_ops,
    math_ops,
    second_build,
    state_ops,
    variable_scope,
    variables,
)
from caudal.train import slot_creator

__all__ = ["ExponentialMovingAverage", "assign_moving_average", "weighted_moving_average"]


def assign_moving_average(variable, value, decay, zero_debias=True, name=None):
    """An operation: variable = variable * decay + value * (1 - decay).

    Args:
      variable: Variable.
      value: Tensor of the same shape.
      decay: float or scalar Tensor.
      zero_debias: correct for the start at zero. Two more variables, "<variable>/biased" and
        "<variable>/local_step", then hold the plain average and the number of updates.
      name: default "AssignMovingAvg".

    Returns:
      A Tensor of the new value.
    """
    with ops.name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rate = ops.convert_to_tensor(1.0 - decay, name="decay")
        dtype = variable.dtype.base_dtype
        if rate.dtype != dtype:
            rate = math_ops.cast(rate, dtype)
        if zero_debias:
            return _zero_debias(variable, value, rate, scope)
        return state_ops.assign_sub(variable, (variable - value) * rate, name=scope)


def _zero_debias(variable, value, rate, scope):
    dtype = variable.dtype.base_dtype
    with variable_scope.variable_scope(
        variable.op.name, values=[value], auxiliary_name_scope=False
    ):
        with ops.init_scope(), ops.colocate_with(variable.op):
            biased = variable_scope.get_variable(
                _free_name("biased"),
                initializer=init_ops.zeros_initializer(),
                shape=variable.get_shape(),
                dtype=dtype,
                trainable=False,
            )
            step = variable_scope.get_variable(
                _free_name("local_step"),
                shape=[],
                dtype=dtype,
                initializer=init_ops.zeros_initializer(),
                trainable=False,
            )
    new_biased = state_ops.assign_sub(biased, (biased - value) * rate)
    new_step = state_ops.assign_add(step, 1)
    corrected = new_biased / (1 - math_ops.pow(1.0 - rate, new_step))
    return state_ops.assign(variable, corrected, use_locking=True, name=scope)


def _free_name(name):
    """`name`, with a suffix where a second average of one variable is made."""
    scope = variable_scope.get_variable_scope()
    if scope.reuse:
        return name
    full, index = scope.name + "/" + name, 0
    candidate = full
    while _is_variable(candidate):
        index += 1
        candidate = "%s_%d" % (full, index)
    return candidate[len(scope.name) + 1 :]


def _is_variable(name):
    graph = ops.get_default_graph()
    if second_build.will_find(graph, name):
        return False
    try:
        op = graph.get_operation_by_name(name)
    except KeyError:
        return False
    return op.type in ("Variable", "VariableV2", "VarHandleOp")


def weighted_moving_average(value, decay, weight, truediv=True, collections=None, name=None):
    """The moving average of `value` * `weight` divided by that of `weight`.

    Args:
      value: Tensor.
      decay: float or scalar Tensor.
      weight: Tensor that broadcasts to the shape of `value`.
      truediv: bool; False divides integers as Python 2 did.
      collections: collections of the two variables that hold the averages.
      name: default "WeightedMovingAvg".
    """
    if collections is None:
        collections = [ops.GraphKeys.GLOBAL_VARIABLES]
    with variable_scope.variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:

        def zeros(label, like):
            return variable_scope.get_variable(
                label,
                shape=like.get_shape(),
                dtype=like.dtype,
                initializer=init_ops.zeros_initializer(),
                trainable=False,
                collections=collections,
            )

        total, total_weight = zeros("value_x_weight", value), zeros("weight", weight)
        numerator = assign_moving_average(total, value * weight, decay, zero_debias=False)
        denominator = assign_moving_average(total_weight, weight, decay, zero_debias=False)
        label = scope.name.split("/")[-1]
        divide = math_ops.truediv if truediv else math_ops.div
        return divide(numerator, denominator, name=label)


class ExponentialMovingAverage:
    """Keeps shadow values of variables or tensors: shadow = decay * shadow + (1 - decay) * value.

    Shadows of variables begin with the variable's initial value, those of tensors with zeros. They
    are named "<name of the variable>/<name of this object>".

    Args:
      decay: float or scalar Tensor.
      num_updates: count of updates; the decay is then at most (1 + n) / (10 + n).
      zero_debias: correct averages of tensors for their start at zero.
      name: default "ExponentialMovingAverage".
    """

    def __init__(self, decay, num_updates=None, zero_debias=False, name="ExponentialMovingAverage"):
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages = {}

    @property
    def name(self):
        return self._name

    def apply(self, var_list=None):
        """An operation that updates the shadows of `var_list`; makes them at the first call.

        Args:
          var_list: list of Variable or Tensor of a floating type; default: trainable variables.

        Raises:
          TypeError: for other dtypes.
        """
        if var_list is None:
            var_list = variables.trainable_variables()
        for var in var_list:
            if var.dtype.base_dtype not in (
                dtypes.bfloat16,
                dtypes.float16,
                dtypes.float32,
                dtypes.float64,
            ):
                raise TypeError("The variables must be half, float, or double: %s" % var.name)
            if var not in self._averages:
                self._averages[var] = self._make_average(var)
        with ops.name_scope(self._name) as scope:
            decay = ops.convert_to_tensor(self._decay, name="decay")
            if self._num_updates is not None:
                count = math_ops.cast(self._num_updates, dtypes.float32, name="num_updates")
                decay = math_ops.minimum(decay, (1.0 + count) / (10.0 + count))
            updates = []
            for var in var_list:
                debias = self._zero_debias and not isinstance(var, variables.Variable)
                updates.append(
                    assign_moving_average(self._averages[var], var, decay, zero_debias=debias)
                )
            return control_flow_ops.group(*updates, name=scope)

    def _make_average(self, var):
        with ops.init_scope():
            if isinstance(var, variables.Variable):
                average = slot_creator.create_slot(
                    var, var.initialized_value(), self._name, colocate_with_primary=True
                )
                # Averages of other variables are restored by the name of the variable.
                ops.add_to_collection(ops.GraphKeys.MOVING_AVERAGE_VARIABLES, var)
                return average
            kinds = ("Variable", "VariableV2", "VarHandleOp")
            return slot_creator.create_zeros_slot(
                var, self._name, colocate_with_primary=var.op.type in kinds
            )

    def average(self, var):
        """The shadow variable of `var`, or None if there is none."""
        return self._averages.get(var)

    def average_name(self, var):
        """The name (without ":0") that the shadow of `var` has or would have in a checkpoint."""
        if var in self._averages:
            return self._averages[var].op.name
        return ops.get_default_graph().unique_name(
            var.op.name + "/" + self._name, mark_as_used=False
        )

    def variables_to_restore(self, moving_avg_variables=None):
        """A dict for a Saver that restores averages into the variables themselves.

        Args:
          moving_avg_variables: variables that have averages; default: trainable variables and
            those in GraphKeys.MOVING_AVERAGE_VARIABLES.
        """
        if moving_avg_variables is None:
            moving_avg_variables = (
                variables.trainable_variables() + variables.moving_average_variables()
            )
        averaged = dict.fromkeys(moving_avg_variables)
        names = {self.average_name(v): v for v in averaged}
        taken = {v.name for v in averaged}
        for v in variables.moving_average_variables() + variables.global_variables():
            if v.name not in taken and v.op.name not in names:
                names[v.op.name] = v
        return names
