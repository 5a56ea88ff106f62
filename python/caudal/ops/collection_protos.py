# SPDX-License-Identifier: Apache-2.0
"""How the collections that the library fills are written to meta graphs."""

from caudal.framework import ops
from caudal.framework.proto_registry import register_proto_function
from caudal.ops.ref_variable import Variable


def _variable_def():
    from caudal import proto

    return proto.VariableDef


def _to_proto(variable, export_scope=None):
    return variable.to_proto(export_scope=export_scope)


for _name in (
    ops.GraphKeys.GLOBAL_VARIABLES,
    ops.GraphKeys.TRAINABLE_VARIABLES,
    ops.GraphKeys.MOVING_AVERAGE_VARIABLES,
    ops.GraphKeys.LOCAL_VARIABLES,
    ops.GraphKeys.MODEL_VARIABLES,
    ops.GraphKeys.METRIC_VARIABLES,
    ops.GraphKeys.GLOBAL_STEP,
):
    register_proto_function(_name, _variable_def, _to_proto, Variable.from_proto)
