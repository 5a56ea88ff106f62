# SPDX-License-Identifier: Apache-2.0
"""Checks for NaN and infinity."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply, public
from caudal.ops import control_flow_ops

check_numerics = public("CheckNumerics")


def verify_tensor_all_finite(t=None, msg=None, name=None, x=None, message=None):
    """`x`, which fails with InvalidArgumentError when run if it has a NaN or an infinity.

    Args:
      t, x: float tensor, under its old and its new name.
      msg, message: text of the error.
      name: name of the scope.
    """
    x = t if x is None else x
    message = msg if message is None else message
    with ops.name_scope(name, "VerifyFinite", [x]):
        x = ops.convert_to_tensor(x, name="x")
        with ops.colocate_with(x):
            checked = apply("CheckNumerics", x, message=message)
            return control_flow_ops.with_dependencies([checked], x)


assert_all_finite = verify_tensor_all_finite


def add_check_numerics_ops():
    """An operation that checks every float tensor of the default graph, in order.

    Raises:
      ValueError: if the graph has branches or loops.
    """
    checks = []
    operations = ops.get_default_graph().get_operations()
    if any(op.type in ("If", "While", "StatelessIf", "StatelessWhile") for op in operations):
        raise ValueError(
            "`tf.add_check_numerics_ops() is not compatible with TensorFlow control flow "
            "operations such as `tf.cond()` or `tf.while_loop()`."
        )
    for op in operations:
        for output in op.outputs:
            if output.dtype in (dtypes.float16, dtypes.float32, dtypes.float64):
                with ops.control_dependencies(checks):
                    message = "%s:%d" % (op.name, output.value_index)
                    checks = [apply("CheckNumerics", output, message=message)]
    return control_flow_ops.group(*checks)
