# SPDX-License-Identifier: Apache-2.0
"""Tensors with the shapes that are expected, while building or while running."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.ops import (
    array_ops,
    check_ops,
    confusion_matrix,
    control_flow_ops,
    logging_ops,
    math_ops,
)

__all__ = [
    "assert_scalar_int",
    "get_graph_from_inputs",
    "get_name_scope",
    "get_placeholders",
    "prepend_name_scope",
    "reduce_sum_n",
    "remove_squeezable_dimensions",
    "smart_case",
    "strip_name_scope",
    "with_same_shape",
    "with_shape",
]


def assert_scalar_int(tensor, name=None):
    """The tensor itself. Raises: ValueError unless it is a scalar int32 or int64."""
    with ops.name_scope(name, "assert_scalar_int", [tensor]) as name_scope:
        tensor = ops.convert_to_tensor(tensor)
        data_type = tensor.dtype
        if not data_type.base_dtype.is_integer:
            raise ValueError(
                "Expected integer type for %s, received type: %s." % (tensor.name, data_type)
            )
        check_ops.assert_scalar(tensor, name=name_scope)
        return tensor


def reduce_sum_n(tensors, name=None):
    """The sum of the elements of all tensors: a scalar. Raises: ValueError for an empty list."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with ops.name_scope(name, "reduce_sum_n", tensors) as name_scope:
        sums = [math_ops.reduce_sum(t, name="%s/sum" % t.op.name) for t in tensors]
        return sums[0] if len(sums) == 1 else math_ops.add_n(sums, name=name_scope)


def remove_squeezable_dimensions(predictions, labels, name=None):
    """Drops a last axis of size 1 where one of both has one more than the other.

    Returns:
      (predictions, labels).
    """
    labels, predictions = confusion_matrix.remove_squeezable_dimensions(
        labels, predictions, name=name
    )
    return predictions, labels


def _guarded(tensor, expected_shape):
    """The tensor, whose shape each run compares with the expected one."""
    with ops.name_scope("%s/" % tensor.op.name, values=[tensor]):
        with ops.name_scope("assert_shape"):
            if not isinstance(expected_shape, ops.Tensor):
                expected_shape = ops.convert_to_tensor(expected_shape, dtypes.int32)
            actual = array_ops.shape(tensor, out_type=expected_shape.dtype)
            same = math_ops.reduce_all(math_ops.equal(expected_shape, actual))
            message = "Wrong shape for %s [expected] [actual]." % tensor.name
            check = logging_ops.Assert(same, [message, expected_shape, actual])
        with ops.control_dependencies([check]):
            return array_ops.identity(tensor)


def _check_kind(shape, dtype, rank, integer, tensor):
    """Raises ValueError unless a shape is a vector of integers."""
    if not integer:
        raise ValueError(
            "Invalid dtype %s for shape %s expected of tensor %s." % (dtype, shape, tensor.name)
        )
    if rank is not None and rank != 1:
        raise ValueError(
            "Invalid rank %s for shape %s expected of tensor %s." % (rank, shape, tensor.name)
        )


def with_same_shape(expected_tensor, tensor):
    """`tensor`, checked to have the shape of `expected_tensor`, see `with_shape`."""
    with ops.name_scope("%s/" % tensor.op.name, values=[expected_tensor, tensor]):
        shape = expected_tensor.get_shape()
        if not shape.is_fully_defined():
            shape = array_ops.shape(expected_tensor)
        return with_shape(shape, tensor)


def with_shape(expected_shape, tensor):
    """`tensor`, checked to have a shape.

    Args:
      expected_shape: TensorShape, list of int, or an integer Tensor of rank 1.
      tensor: Tensor, also sparse.

    Returns:
      The tensor itself if its shape is known, else one that checks it in every run.

    Raises:
      ValueError: if the known shape differs.
    """
    from caudal.framework.sparse_tensor import SparseTensor
    from caudal.framework.tensor_shape import TensorShape, as_shape

    if isinstance(tensor, SparseTensor):
        raise ValueError("SparseTensor not supported.")
    if isinstance(expected_shape, TensorShape):
        if not expected_shape.is_fully_defined():
            raise ValueError("expected_shape must be fully defined: %s" % expected_shape)
        expected_shape = expected_shape.as_list()
    actual = tensor.get_shape()
    if isinstance(expected_shape, ops.Tensor):
        dtype = expected_shape.dtype
        _check_kind(
            expected_shape, dtype, expected_shape.shape.ndims, dtype.base_dtype.is_integer, tensor
        )
        known = tensor_util.constant_value(expected_shape)
        if known is None:
            return _guarded(tensor, expected_shape)
        expected_shape = known
    else:
        expected_shape = np.array(expected_shape, dtype=None if len(expected_shape) else np.int32)
        integer = np.issubdtype(expected_shape.dtype, np.integer)
        _check_kind(expected_shape, expected_shape.dtype, expected_shape.ndim, integer, tensor)
    expected_shape = [int(n) for n in expected_shape]
    if not actual.is_compatible_with(as_shape(expected_shape)):
        raise ValueError(
            "Invalid shape for tensor %s, expected %s, got %s."
            % (tensor.name, expected_shape, actual)
        )
    if actual.is_fully_defined():
        return tensor
    checked = _guarded(tensor, expected_shape)
    checked.set_shape(expected_shape)
    return checked


def smart_case(pred_fn_pairs, default=None, exclusive=False, name="smart_case"):
    """`tf.case`, or the one function whose predicate is known to be true."""
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else pred_fn_pairs
    kept = []
    for pred, fn in pairs:
        value = pred if isinstance(pred, bool) else tensor_util.constant_value(pred)
        if value is None:
            kept.append((pred, fn))
        elif value:
            if not kept:
                return fn()
            kept.append((ops.convert_to_tensor(True), fn))
    if not kept:
        return default()
    return control_flow_ops.case(kept, default=default, exclusive=exclusive, name=name)


def get_graph_from_inputs(op_input_list, graph=None):
    """The graph of some tensors. Raises: ValueError if they belong to several."""
    return ops._get_graph_from_inputs(op_input_list, graph)


def get_name_scope():
    """The name scope that is open now."""
    return ops.get_default_graph().get_name_scope()


def get_placeholders(graph):
    """The outputs of the placeholders of a graph."""
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def prepend_name_scope(name, import_scope):
    """A name under a scope; colocation names ("loc:@a") keep their mark."""
    if not import_scope:
        return name
    scope = import_scope[:-1] if import_scope.endswith("/") else import_scope
    for mark in ("loc:@", "^"):
        if name.startswith(mark):
            return mark + scope + "/" + name[len(mark) :]
    return scope + "/" + name


def strip_name_scope(name, export_scope):
    """A name without a scope; colocation names ("loc:@a") keep their mark."""
    if not export_scope:
        return name
    scope = export_scope if export_scope.endswith("/") else export_scope + "/"
    for mark in ("loc:@", "^", ""):
        if name.startswith(mark + scope):
            return mark + name[len(mark + scope) :]
    return name
