# SPDX-License-Identifier: Apache-2.0
"""Tensors with some rows changed. Ops: InplaceUpdate, InplaceAdd, InplaceSub.

The ops give new tensors; plans let them take over the memory of the old ones where nobody reads
those any more.
"""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops


def _changed(op, x, i, v):
    x = ops.convert_to_tensor(x)
    v = ops.convert_to_tensor(v, x.dtype)
    if i is None:
        whole = apply(op, array_ops.reshape(x, [1, -1]), [0], array_ops.reshape(v, [1, -1]))
        return array_ops.reshape(whole, array_ops.shape(x))
    i = ops.convert_to_tensor(i, dtypes.int32)
    if i.shape.ndims == 0:
        return apply(op, x, array_ops.reshape(i, [1]), array_ops.expand_dims(v, 0))
    return apply(op, x, i, v)


def inplace_update(x, i, v):
    """x with rows `i` (a scalar, a vector, or None for all of x) replaced by `v`."""
    return _changed("InplaceUpdate", x, i, v)


def inplace_add(x, i, v):
    """x with `v` added to rows `i`; see `inplace_update`."""
    return _changed("InplaceAdd", x, i, v)


def inplace_sub(x, i, v):
    """x with `v` subtracted from rows `i`; see `inplace_update`."""
    return _changed("InplaceSub", x, i, v)


def empty_like(x, init=None):
    """A tensor of x's shape and dtype; zeros, whether or not `init` asks for that."""
    return array_ops.zeros_like(x)


alias_inplace_update, alias_inplace_add, alias_inplace_sub = (
    inplace_update,
    inplace_add,
    inplace_sub,
)
