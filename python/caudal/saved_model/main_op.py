# SPDX-License-Identifier: Apache-2.0
"""Operations that prepare a loaded model."""

from caudal.framework import ops
from caudal.ops import control_flow_ops, variables

__all__ = ["main_op", "main_op_with_restore"]


def main_op():
    """An operation that initializes variables, local variables and tables."""
    return control_flow_ops.group(
        variables.global_variables_initializer(),
        variables.local_variables_initializer(),
        variables.tables_initializer(),
    )


def main_op_with_restore(restore_op_name):
    """`main_op` followed by the operation of a name, which restores variables."""
    with ops.control_dependencies([main_op()]):
        restore = ops.get_default_graph().get_operation_by_name(restore_op_name)
        return control_flow_ops.group(restore)
