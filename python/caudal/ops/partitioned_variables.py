# SPDX-License-Identifier: Apache-2.0
"""Partitioners: functions that say into how many parts a variable is divided along each axis."""

import math

from caudal.framework import dtypes, tensor_shape
from caudal.ops import variable_scope
from caudal.ops.partitioned_variable import PartitionedVariable

__all__ = [
    "PartitionedVariable",
    "create_partitioned_variables",
    "fixed_size_partitioner",
    "min_max_variable_partitioner",
    "variable_axis_size_partitioner",
]


def _element_size(dtype, bytes_per_string_element):
    dtype = dtypes.as_dtype(dtype).base_dtype
    return bytes_per_string_element if dtype == dtypes.string else dtype.size


def fixed_size_partitioner(num_shards, axis=0):
    """A partitioner into `num_shards` parts along an axis, or fewer where that is shorter."""

    def partitioner(shape, **unused):
        parts = [1] * len(shape)
        parts[axis] = min(num_shards, tensor_shape.dimension_value(shape[axis]))
        return parts

    return partitioner


def variable_axis_size_partitioner(max_shard_bytes, axis=0, bytes_per_string_element=16,
                                   max_shards=None):  # fmt: skip
    """A partitioner that keeps parts below a size in bytes, along one axis.

    Args:
      max_shard_bytes: the largest size of a part.
      axis: the axis to divide.
      bytes_per_string_element: what a string counts.
      max_shards: the largest number of parts; None for any.

    Raises:
      ValueError: for numbers below 1.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape, dtype):
        if not isinstance(shape, tensor_shape.TensorShape):
            raise ValueError("shape is not a TensorShape: %s" % (shape,))
        if not shape.is_fully_defined():
            raise ValueError("shape is not fully defined: %s" % (shape,))
        if not isinstance(dtype, dtypes.DType):
            raise ValueError("dtype is not a DType: %s" % (dtype,))
        element = _element_size(dtype, bytes_per_string_element)
        parts = [1] * shape.ndims
        length = shape.as_list()[axis]
        slice_bytes = element * (shape.num_elements() // length)
        per_shard = max(1, math.floor(1.0 * max_shard_bytes / slice_bytes))
        count = int(math.ceil(1.0 * length / per_shard))
        parts[axis] = min(max_shards, count) if max_shards else count
        return parts

    return partitioner


def min_max_variable_partitioner(max_partitions=1, axis=0, min_slice_size=256 << 10,
                                 bytes_per_string_element=16):  # fmt: skip
    """A partitioner into as many parts of at least `min_slice_size` bytes as there may be.

    Args:
      max_partitions: the largest number of parts.
      axis: the axis to divide.
      min_slice_size: the smallest size of a part in bytes.
      bytes_per_string_element: what a string counts.
    """

    def partitioner(shape, dtype):
        if axis >= len(shape):
            raise ValueError("Cannot partition variable along axis %d when shape is only %s" % (
                axis, shape))  # fmt: skip
        total = shape.num_elements() * _element_size(dtype, bytes_per_string_element)
        count = min(max_partitions, max(1, math.ceil(total / min_slice_size)))
        parts = [1] * len(shape)
        parts[axis] = int(min(count, shape.as_list()[axis]))
        return parts

    return partitioner


def create_partitioned_variables(shape, slicing, initializer, dtype=dtypes.float32, trainable=True,
                                 collections=None, name=None, reuse=None):  # fmt: skip
    """A list of variables that are the parts of one.

    Args:
      shape: list of int, the shape of the whole.
      slicing: list of int, the number of parts along each axis; one may be above 1.
      initializer: Tensor of that shape, or an initializer.
      dtype, trainable, collections: as for `tf.get_variable`.
      name: name of the whole; default "PartitionedVariable".
      reuse: as for `tf.variable_scope`.

    Raises:
      ValueError: if shape and slicing do not fit each other.
    """
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: shape: %s, "
            "slicing: %s" % (shape, slicing)
        )
    if len(shape) < 1:
        raise ValueError("A partitioned Variable must have rank at least 1: shape: %s" % shape)
    with variable_scope.variable_scope(name, "PartitionedVariable", reuse=reuse):
        whole = variable_scope._get_partitioned_variable(
            name=None,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            trainable=trainable,
            partitioner=lambda **unused: slicing,
            collections=collections,
        )
        return list(whole)
