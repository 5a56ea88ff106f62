# SPDX-License-Identifier: Apache-2.0
"""Lists of the graph's variables and operations that initialize them."""

from caudal.framework import constant_op, dtypes, ops
from caudal.ops import array_ops, control_flow_ops, math_ops, state_ops
from caudal.ops.ref_variable import (
    RefVariable,
    Variable,
    VariableAggregation,
    VariableSynchronization,
    VariableV1,
)

__all__ = [
    "RefVariable",
    "Variable",
    "VariableAggregation",
    "VariableSynchronization",
    "VariableV1",
    "all_variables",
    "assert_variables_initialized",
    "global_variables",
    "global_variables_initializer",
    "initialize_all_tables",
    "initialize_all_variables",
    "initialize_local_variables",
    "initialize_variables",
    "is_variable_initialized",
    "local_variables",
    "local_variables_initializer",
    "model_variables",
    "moving_average_variables",
    "report_uninitialized_variables",
    "tables_initializer",
    "trainable_variables",
    "variables_initializer",
]


def global_variables(scope=None):
    """The variables that are saved and shared; with `scope`, those whose name starts so.

    Args:
      scope: regular expression matched at the start of the names.
    """
    return ops.get_collection(ops.GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables():
    """Old name of `global_variables`."""
    return global_variables()


def local_variables(scope=None):
    """The variables in the collection LOCAL_VARIABLES, see `global_variables`."""
    return ops.get_collection(ops.GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope=None):
    """The variables in the collection MODEL_VARIABLES, see `global_variables`."""
    return ops.get_collection(ops.GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope=None):
    """The variables that optimizers train by default, see `global_variables`."""
    return ops.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope=None):
    """The variables that have moving averages, see `global_variables`."""
    return ops.get_collection(ops.GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list, name="init"):
    """An operation that initializes all variables of a list."""
    return control_flow_ops.group(*[v.initializer for v in var_list], name=name)


def initialize_variables(var_list, name="init"):
    """Old name of `variables_initializer`."""
    return variables_initializer(var_list, name=name)


def global_variables_initializer():
    """An operation that initializes all global variables that the graph has now."""
    return variables_initializer(global_variables())


def initialize_all_variables():
    """Old name of `global_variables_initializer`."""
    return global_variables_initializer()


def tables_initializer(name="init_all_tables"):
    """An operation that initializes all lookup tables that the graph has now."""
    return control_flow_ops.group(*ops.get_collection(ops.GraphKeys.TABLE_INITIALIZERS), name=name)


def initialize_all_tables(name="init_all_tables"):
    """Old name of `tables_initializer`."""
    return tables_initializer(name)


def local_variables_initializer():
    """An operation that initializes all local variables that the graph has now."""
    return variables_initializer(local_variables())


def initialize_local_variables():
    """Old name of `local_variables_initializer`."""
    return local_variables_initializer()


def is_variable_initialized(variable):
    """A bool tensor: whether a variable has a value."""
    return state_ops.is_variable_initialized(variable)


def _variables_of_graph():
    """Global and local variables, or the state nodes of an imported graph that lists none."""
    found = global_variables() + local_variables()
    if not found:
        found = [
            op.outputs[0]
            for op in ops.get_default_graph().get_operations()
            if op.type in ("Variable", "VariableV2", "AutoReloadVariable")
        ]
    return found


def assert_variables_initialized(var_list=None):
    """An operation that fails with FailedPreconditionError where a variable has no value.

    Returns None if there are no variables.
    """
    if var_list is None:
        var_list = _variables_of_graph()
    if not var_list:
        return None
    ranks = []
    for var in var_list:
        with ops.colocate_with(var.op):
            ranks.append(array_ops.rank_internal(var, optimize=False))
    return ranks[0] if len(ranks) == 1 else array_ops.stack(ranks)


def report_uninitialized_variables(var_list=None, name="report_uninitialized_variables"):
    """Names of the variables that have no value: a 1-D string tensor.

    Args:
      var_list: list of Variable; default: all global and local variables.
    """
    if var_list is None:
        var_list = _variables_of_graph()
    with ops.name_scope(name):
        flags = [state_ops.is_variable_initialized(v) for v in var_list]
        with ops.device("/cpu:0"):
            if not flags:
                return constant_op.constant([], dtype=dtypes.string)
            missing = math_ops.logical_not(array_ops.stack(flags))
            names = constant_op.constant([v.op.name for v in var_list])
            return array_ops.boolean_mask(names, missing)
