# SPDX-License-Identifier: Apache-2.0
"""Sets in the last dimension of tensors."""

from caudal.framework import dtypes
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor

_MEMBERS = frozenset(
    (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.uint8, dtypes.uint16,
     dtypes.string)
)  # fmt: skip


def set_size(a, validate_indices=True):
    """How many different elements each last dimension of a sparse tensor has. Op: SetSize.

    Raises:
      TypeError: if `a` is no SparseTensor or its dtype is not supported.
    """
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError("Expected `SparseTensor`, got %s." % (a,))
    if a.values.dtype.base_dtype not in _MEMBERS:
        raise TypeError("Invalid dtype %s." % a.values.dtype)
    return apply("SetSize", a.indices, a.values, a.dense_shape, validate_indices=validate_indices)


def _operation(a, b, set_operation, validate_indices):
    if isinstance(a, SparseTensor):
        if not isinstance(b, SparseTensor):
            raise ValueError(
                "Sparse,Dense is not supported, but Dense,Sparse is. Please flip the order of your "
                "inputs."
            )
        out = apply(
            "SparseToSparseSetOperation", a.indices, a.values, a.dense_shape, b.indices, b.values,
            b.dense_shape, set_operation=set_operation, validate_indices=validate_indices,
        )  # fmt: skip
    elif isinstance(b, SparseTensor):
        out = apply(
            "DenseToSparseSetOperation", a, b.indices, b.values, b.dense_shape,
            set_operation=set_operation, validate_indices=validate_indices,
        )  # fmt: skip
    else:
        out = apply(
            "DenseToDenseSetOperation", a, b, set_operation=set_operation,
            validate_indices=validate_indices,
        )  # fmt: skip
    return SparseTensor(*out)


def _converted(a, b):
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if a.dtype.base_dtype not in _MEMBERS:
        raise TypeError("'a' invalid dtype %s." % a.dtype)
    if b.dtype.base_dtype not in _MEMBERS:
        raise TypeError("'b' invalid dtype %s." % b.dtype)
    if b.dtype.base_dtype != a.dtype.base_dtype:
        raise TypeError("Types don't match, %s vs %s." % (a.dtype, b.dtype))
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def set_intersection(a, b, validate_indices=True):
    """Elements that the last dimensions of both have. Result: SparseTensor.

    Args:
      a, b: tensors or sparse tensors with equal shapes but for the last dimension.
      validate_indices: check that sparse indices are in order.
    """
    a, b, _ = _converted(a, b)
    return _operation(a, b, "intersection", validate_indices)


def set_difference(a, b, aminusb=True, validate_indices=True):
    """Elements of `a` that `b` has not, or the other way round. Result: SparseTensor."""
    a, b, flipped = _converted(a, b)
    if flipped:
        aminusb = not aminusb
    return _operation(a, b, "a-b" if aminusb else "b-a", validate_indices)


def set_union(a, b, validate_indices=True):
    """Elements that the last dimension of either has. Result: SparseTensor."""
    a, b, _ = _converted(a, b)
    return _operation(a, b, "union", validate_indices)


__all__ = ["set_difference", "set_intersection", "set_size", "set_union"]
