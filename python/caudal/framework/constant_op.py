# SPDX-License-Identifier: Apache-2.0
"""Constants."""

from caudal.framework import dtypes, tensor_util
from caudal.framework.scopes import get_default_graph


def constant(value, dtype=None, shape=None, name="Const", verify_shape=False):
    """A tensor with a fixed value. Op: Const.

    Args:
      value: a number, string, nested list or NumPy array.
      dtype: inferred from `value` when None (Python floats: float32, ints: int32 or int64).
      shape: when given, the value is reshaped to it; missing elements repeat the last one.
      verify_shape: if true, `shape` only checks the value's shape.

    Raises:
      TypeError: if the value does not fit the dtype, or verify_shape fails.
      ValueError: if the list is ragged, has too many elements, or is None.
    """
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype).base_dtype
    array = tensor_util.make_array(value, dtype, shape, verify_shape)
    return from_array(get_default_graph(), array, dtype, name)


constant_v1 = constant


def constant_v2(value, dtype=None, shape=None, name="Const"):
    """`constant` that fills from a scalar only."""
    return constant(value, dtype, shape, name)


def from_array(graph, array, dtype=None, name="Const"):
    """A Const node of `graph` for an array (strings: objects of bytes)."""
    if dtype is None:
        dtype = dtypes.of_array(array)
    attrs = {"value": array, "dtype": dtype._enum}
    node_id = graph._add("Const", graph._full_name(name or "Const"), (), attrs)
    return graph._op(node_id).outputs[0]


def is_constant(tensor_or_op):
    op = getattr(tensor_or_op, "op", tensor_or_op)
    return op.type == "Const"
