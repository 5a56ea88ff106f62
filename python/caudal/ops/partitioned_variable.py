# SPDX-License-Identifier: Apache-2.0
"""PartitionedVariable: one variable of the model that is kept as several in the session."""

from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import array_ops

__all__ = ["PartitionInfo", "PartitionedVariable"]


class PartitionInfo:
    """Where a part lies in its variable; initializers get one.

    Args:
      full_shape: list of int, the shape of the variable.
      var_offset: list of int, where the part begins.
    """

    def __init__(self, full_shape, var_offset):
        for what, value in (("full_shape", full_shape), ("var_offset", var_offset)):
            if not isinstance(value, (list, tuple)) or isinstance(value, str):
                raise TypeError("`%s` must be a sequence (like tuple or list) instead of %s" % (
                    what, type(value).__name__))  # fmt: skip
        if len(var_offset) != len(full_shape):
            raise ValueError(
                "Expected equal length, but `var_offset` is of length %d while full_shape is of "
                "length %d." % (len(var_offset), len(full_shape))
            )
        for offset, size in zip(var_offset, full_shape):
            if offset < 0 or offset >= size:
                raise ValueError(
                    "Expected 0 <= offset < shape but found offset=%s, shape=%s for "
                    "var_offset=%s, full_shape=%s" % (offset, size, var_offset, full_shape)
                )
        self._full_shape = full_shape
        self._var_offset = var_offset

    @property
    def full_shape(self):
        return self._full_shape

    @property
    def var_offset(self):
        return self._var_offset

    def single_offset(self, shape):
        """Where a part of this shape begins, along the one axis that is divided."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]

    def single_slice_dim(self, shape):
        """The axis along which a part of this shape is smaller than the variable, or None."""
        if not isinstance(shape, (tuple, list)):
            raise TypeError(
                "`shape` must be a sequence (like tuple or list) instead of " + type(shape).__name__
            )
        if len(shape) != len(self.full_shape):
            raise ValueError(
                "Expected equal length, but received shape=%s of length %d while "
                "self.full_shape=%s is of length %d."
                % (shape, len(shape), self.full_shape, len(self.full_shape))
            )
        found = None
        for axis, size in enumerate(shape):
            if self.var_offset[axis] + size > self.full_shape[axis]:
                raise ValueError(
                    "With self.var_offset=%s, a partition of shape=%s would exceed "
                    "self.full_shape=%s in dimension %s."
                    % (self.var_offset, shape, self.full_shape, axis)
                )
            if size == self.full_shape[axis]:
                continue
            if found is not None:
                raise ValueError(
                    "Cannot use single_slice_dim() with shape=%s and self.full_shape=%s since "
                    "slice dim could be either dimension %s or %s."
                    % (shape, self.full_shape, axis, found)
                )
            found = axis
        return found


class PartitionedVariable:
    """Variables that are parts of one, along one axis; converts to the whole as a tensor.

    Args:
      name: name of the whole.
      shape: shape of the whole.
      dtype: dtype of the parts.
      variable_list: list of Variable, each with its SaveSliceInfo, in order.
      partitions: list of int, the number of parts along each axis.

    Raises:
      TypeError, ValueError: for arguments that do not describe parts of one variable.
    """

    def __init__(self, name, shape, dtype, variable_list, partitions):
        if not isinstance(variable_list, (list, tuple)):
            raise TypeError("variable_list is not a list or tuple: %s" % (variable_list,))
        if not isinstance(partitions, (list, tuple)):
            raise TypeError("partitions is not a list or tuple: %s" % (partitions,))
        if not all(p >= 1 for p in partitions):
            raise ValueError("partition values must be positive: %s" % (partitions,))
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        if len(shape) != len(partitions):
            raise ValueError("len(shape) != len(partitions): %s vs. %s" % (shape, partitions))
        if not all(v._get_save_slice_info() is not None for v in variable_list):
            raise ValueError(
                "All variables must have a save_slice_info available: %s"
                % [v.name for v in variable_list]
            )
        self._variable_list = sorted(
            variable_list, key=lambda v: v._get_save_slice_info().var_offset
        )
        self._partitions = partitions
        self._name = name
        self._shape = tensor_shape.as_shape(shape)
        self._dtype = dtypes.as_dtype(dtype)

    def __iter__(self):
        return iter(self._variable_list)

    def __len__(self):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise ValueError(
                "Cannot get a length for %d > 1 partition axes" % len(axes)
            )  # fmt: skip
        return len(self._variable_list)

    def __repr__(self):
        return "<tf.PartitionedVariable '%s' shape=%s dtype=%s, %d parts>" % (
            self.name,
            self.shape,
            self.dtype.name,
            len(self._variable_list),
        )

    def _partition_axes(self):
        """The axes that are divided; [0] if none is."""
        axes = [i for i, p in enumerate(self._partitions) if p > 1]
        return axes or [0]

    def _concat(self):
        """The whole as a new tensor."""
        if len(self._variable_list) == 1:
            with ops.name_scope(None):
                return array_ops.identity(self._variable_list[0], name=self._name)
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError("Cannot concatenate along more than one dimension: %s. " % (
                axes,))  # fmt: skip
        with ops.name_scope(self._name + "/ConcatPartitions/"):
            whole = array_ops.concat(self._variable_list, axes[0])
        with ops.name_scope(None):
            return array_ops.identity(whole, name=self._name)

    def as_tensor(self):
        """The whole as a tensor; gradients towards it reach the parts."""
        with ops.control_dependencies(None):
            return self._concat()

    @staticmethod
    def _TensorConversionFunction(v, dtype=None, name=None, as_ref=False):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(v.dtype):
            raise ValueError(
                "Incompatible type conversion requested to type '%s' for variable of type '%s'"
                % (dtypes.as_dtype(dtype).name, v.dtype.name)
            )
        if as_ref:
            raise NotImplementedError(
                "PartitionedVariable doesn't support being used as a reference."
            )
        return v.as_tensor()

    @property
    def name(self):
        return self._name

    @property
    def dtype(self):
        return self._dtype

    @property
    def shape(self):
        return self._shape

    def get_shape(self):
        return self._shape

    @property
    def _distribute_strategy(self):
        return None

    def _get_variable_list(self):
        return self._variable_list

    def _get_partitions(self):
        return self._partitions

    def _apply_assign_fn(self, assign_fn, value):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError(
                "Cannot do assign action along more than one dimension: %s.  Multi-axis partition "
                "assign action is not supported " % (axes,)
            )
        if isinstance(value, list):
            values = value
        elif isinstance(value, PartitionedVariable):
            values = list(value)
        else:
            sizes = [v.get_shape().as_list()[axes[0]] for v in self._variable_list]
            value = ops.convert_to_tensor(value, dtype=self._dtype)
            values = array_ops.split(value, sizes, axis=axes[0])
        if len(values) != len(self._variable_list):
            raise ValueError("%d values for %d parts" % (len(values), len(self._variable_list)))
        return [assign_fn(var, part) for var, part in zip(self._variable_list, values)]

    def _assign(self, method, value, use_locking, name, read_value):
        made = self._apply_assign_fn(
            lambda var, part: getattr(var, method)(
                part, use_locking=use_locking, name=name, read_value=read_value
            ),
            value,
        )
        return made if read_value else [getattr(op, "op", op) for op in made]

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Replaces the value part by part: a list of Tensors.

        `value` is a tensor of the whole, or a list with one per part.
        """
        return self._assign("assign", value, use_locking, name, read_value)

    def assign_add(self, value, use_locking=False, name=None, read_value=True):
        """Adds to the value part by part, see `assign`."""
        return self._assign("assign_add", value, use_locking, name, read_value)

    def assign_sub(self, value, use_locking=False, name=None, read_value=True):
        """Subtracts from the value part by part, see `assign`."""
        return self._assign("assign_sub", value, use_locking, name, read_value)


ops.register_tensor_conversion_function(
    PartitionedVariable, PartitionedVariable._TensorConversionFunction
)
