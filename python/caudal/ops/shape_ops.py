# SPDX-License-Identifier: Apache-2.0
"""Shapes of tensors, and axes of size 1."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape
from caudal.framework.constant_op import constant
from caudal.framework.op_factory import apply


def one_of(new_name, new, old_name, old):
    """The value of an argument that has an old name too."""
    if old is None:
        return new
    if new is not None:
        raise ValueError("Cannot specify both '%s' and '%s'" % (new_name, old_name))
    return old


def shape_internal(input, name=None, optimize=True, out_type=dtypes.int32):  # noqa: A002
    """`shape` that can be told not to make constants."""
    with ops.name_scope(name, "Shape", [input]) as scope:
        dense = getattr(input, "dense_shape", None)
        if dense is not None and not isinstance(input, ops.IndexedSlices):
            return apply("Cast", dense, DstT=out_type)
        x = ops.convert_to_tensor(input)
        if optimize and x.shape.is_fully_defined():
            return constant(np.array(x.shape.as_list(), np.int64), out_type, name=scope)
        return apply("Shape", x, out_type=out_type, name=scope)


def shape(input, name=None, out_type=dtypes.int32):  # noqa: A002
    """The shape of a tensor as a vector; a constant when it is known. Op: Shape.

    Args:
      input: a tensor.
      out_type: int32 or int64.
    """
    return shape_internal(input, name, True, out_type)


def shape_v2(input, out_type=dtypes.int32, name=None):  # noqa: A002
    """`shape` with TF 2's argument order."""
    return shape(input, name, out_type)


def shape_n(input, out_type=dtypes.int32, name=None):  # noqa: A002
    """The shapes of a list of tensors, as vectors. Op: ShapeN."""
    return apply("ShapeN", input, out_type=out_type, name=name)


def size_internal(input, name=None, optimize=True, out_type=dtypes.int32):  # noqa: A002
    """`size` that can be told not to make constants."""
    with ops.name_scope(name, "Size", [input]) as scope:
        dense = getattr(input, "dense_shape", None)
        if dense is not None and not isinstance(input, ops.IndexedSlices):
            return apply("Prod", apply("Cast", dense, DstT=out_type), [0], name=scope)
        x = ops.convert_to_tensor(input)
        if optimize and x.shape.is_fully_defined():
            return constant(x.shape.num_elements(), out_type, name=scope)
        return apply("Size", x, out_type=out_type, name=scope)


def size(input, name=None, out_type=dtypes.int32):  # noqa: A002
    """The number of elements of a tensor; a constant when it is known. Op: Size."""
    return size_internal(input, name, True, out_type)


def size_v2(input, out_type=dtypes.int32, name=None):  # noqa: A002
    """`size` with TF 2's argument order."""
    return size(input, name, out_type)


def rank_internal(input, name=None, optimize=True):  # noqa: A002
    """`rank` that can be told not to make constants."""
    with ops.name_scope(name, "Rank", [input]) as scope:
        dense = getattr(input, "dense_shape", None)
        if dense is not None and not isinstance(input, ops.IndexedSlices):
            return size_internal(dense, name=scope)
        x = ops.convert_to_tensor(input)
        if optimize and x.shape.rank is not None:
            return constant(x.shape.rank, dtypes.int32, name=scope)
        return apply("Rank", x, name=scope)


def rank(input, name=None):  # noqa: A002
    """The number of dimensions of a tensor; a constant when it is known. Op: Rank."""
    return rank_internal(input, name, True)


def broadcast_static_shape(shape_x, shape_y):
    """The TensorShape that broadcasting two TensorShapes gives.

    Raises:
      ValueError: if they do not broadcast.
    """
    shape_x = tensor_shape.as_shape(shape_x)
    shape_y = tensor_shape.as_shape(shape_y)
    if shape_x.rank is None or shape_y.rank is None:
        return tensor_shape.unknown_shape()
    length = max(shape_x.rank, shape_y.rank)
    a = [1] * (length - shape_x.rank) + shape_x.as_list()
    b = [1] * (length - shape_y.rank) + shape_y.as_list()
    out = []
    for x, y in zip(a, b):
        if x == 1 or x == y:
            out.append(y)
        elif y == 1:
            out.append(x)
        elif x is None or y is None:
            out.append(y if x is None else x)
        else:
            raise ValueError("Incompatible shapes for broadcasting: %s and %s" % (shape_x, shape_y))
    return tensor_shape.TensorShape(out)


def broadcast_dynamic_shape(shape_x, shape_y):
    """`broadcast_static_shape` for shapes given as int vectors. Op: BroadcastArgs."""
    return apply("BroadcastArgs", shape_x, shape_y)


def expand_dims(input, axis=None, name=None, dim=None):  # noqa: A002
    """Inserts an axis of size 1. Op: ExpandDims.

    Args:
      input: a tensor.
      axis: an int scalar in [-1 - rank, rank].
      dim: old name of `axis`.
    """
    axis = one_of("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return apply("ExpandDims", input, axis, name=name)


def expand_dims_v2(input, axis, name=None):  # noqa: A002
    """`expand_dims` without old names."""
    return expand_dims(input, axis, name)


def squeeze(input, axis=None, name=None, squeeze_dims=None):  # noqa: A002
    """Drops axes of size 1. Op: Squeeze.

    Args:
      input: a tensor.
      axis: an int or a list of ints: the axes to drop; None: all of size 1.
      squeeze_dims: old name of `axis`.

    Raises:
      ValueError: if an axis is known to have another size.
    """
    axis = one_of("axis", axis, "squeeze_dims", squeeze_dims)
    if np.isscalar(axis):
        axis = [axis]
    return apply("Squeeze", input, squeeze_dims=axis, name=name)
