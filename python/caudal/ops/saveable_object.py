# SPDX-License-Identifier: Apache-2.0
"""What a Saver saves and restores: values under names, and how to put them back."""

from caudal.framework import device as device_lib
from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, state_ops
from caudal.ops.partitioned_variable import PartitionedVariable
from caudal.ops.ref_variable import Variable
from caudal.ops.resource_variable_ops import is_resource_variable
from caudal.platform import tf_logging

__all__ = [
    "ReferenceVariableSaveable",
    "ResourceVariableSaveable",
    "SaveSpec",
    "SaveableObject",
    "op_list_to_dict",
    "saveable_objects_for_op",
    "set_cpu0",
    "validate_and_slice_inputs",
]

_REF_OPS = ("Variable", "VariableV2", "AutoReloadVariable")
_HANDLE_OPS = ("VarHandleOp", "ReadVariableOp")


class SaveSpec:
    """One value in a checkpoint.

    Args:
      tensor: Tensor or Variable to save, or a function of no arguments that makes it.
      slice_spec: text of the part of a larger tensor that this is, "" for a whole.
      name: key in the checkpoint.
      dtype: of the value; needed with a function.
      device: where the value is; needed with a function.
    """

    def __init__(self, tensor, slice_spec, name, dtype=None, device=None):
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        if callable(tensor):
            if dtype is None or device is None:
                raise AssertionError(
                    "When passing a callable `tensor` to a SaveSpec, an explicit dtype and device "
                    "must be provided."
                )
            self.dtype, self.device = dtype, device
        else:
            self.dtype, self.device = tensor.dtype, tensor.device

    @property
    def tensor(self):
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Something with state: the values to save, and `restore`, which subclasses define.

    Args:
      op: what is saved; no two objects of a Saver may have the same.
      specs: list of SaveSpec, all on one device.
      name: name of the object.
    """

    def __init__(self, op, specs, name):
        self.op = op
        self.specs = specs
        self.name = name
        self._device = None

    @property
    def optional_restore(self):
        return False

    @property
    def device(self):
        """Where the values are."""
        if self._device is None:
            self._device = self.specs[0].device
        return self._device

    def restore(self, restored_tensors, restored_shapes):
        """An operation that puts the state back.

        Args:
          restored_tensors: list of Tensors, one for each spec.
          restored_shapes: None, or list of shapes that they shall be given.
        """
        raise ValueError("Calling an abstract method.")


class ReferenceVariableSaveable(SaveableObject):
    """A variable by reference."""

    def __init__(self, var, slice_spec, name):
        spec = SaveSpec(var, slice_spec, name, dtype=var.dtype)
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors, restored_shapes):
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = array_ops.reshape(value, restored_shapes[0])
        known = self.op.get_shape().is_fully_defined()
        ref = self.op._ref() if isinstance(self.op, Variable) else self.op
        return state_ops.assign(ref, value, validate_shape=restored_shapes is None and known)


class ResourceVariableSaveable(SaveableObject):
    """A variable behind a handle: a ResourceVariable, its handle, or a read of it."""

    def __init__(self, var, slice_spec, name):
        self._var_device = var.device
        self._var_shape = var.get_shape()
        dtype = var.dtype.base_dtype
        if is_resource_variable(var):
            self.handle_op = var.handle

            def read():
                with ops.device(var.device):
                    value = var.read_value()
                with ops.device("/device:CPU:0"):
                    return array_ops.identity(value)

            spec = SaveSpec(read, slice_spec, name, dtype=dtype, device=var.device)
        elif isinstance(var, ops.Tensor) and var.op.type == "ReadVariableOp":
            self.handle_op = var.op.inputs[0]
            spec = SaveSpec(var, slice_spec, name, dtype=dtype)
        else:
            raise ValueError(
                "Saveable is neither a resource variable nor a read operation. Got: %r" % (var,)
            )
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors, restored_shapes):
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = array_ops.reshape(value, restored_shapes[0])
        with ops.device(self._var_device):
            value = array_ops.identity(value)
            if not self._var_shape.is_compatible_with(value.shape):
                raise ValueError(
                    "Shapes %s and %s are incompatible" % (self._var_shape, value.shape)
                )
            return apply("AssignVariableOp", self.handle_op, value)


def set_cpu0(device_string):
    """A device string with the device itself replaced by the first CPU."""
    spec = device_lib.DeviceSpec.from_string(device_string)
    return spec.replace(device_type="CPU", device_index=0).to_string()


def _comes_from_variable(value):
    return isinstance(value, ops.Tensor) and value.op.type in _REF_OPS + _HANDLE_OPS


def _element(var):
    """The tensor that stands for a variable: its reference, or the read of its handle."""
    if isinstance(var, Variable):
        return var._as_graph_element()
    return ops.internal_convert_to_tensor(var, as_ref=True)


def op_list_to_dict(op_list, convert_variable_to_tensor=True):
    """What is to be saved, by its key.

    Args:
      op_list: list, tuple or set of variables, PartitionedVariables and SaveableObjects.
      convert_variable_to_tensor: False keeps variables that are no parts as they are.

    Raises:
      TypeError, ValueError: for what cannot be saved, and names that occur twice.
    """
    if not isinstance(op_list, (list, tuple, set)):
        raise TypeError("Variables to save should be passed in a dict or a list: %s" % (op_list,))
    named = {}

    def add(name, value):
        if name in named:
            raise ValueError("At least two variables have the same name: %s" % name)
        named[name] = value

    for var in sorted(op_list, key=lambda item: item.name):
        info = var._get_save_slice_info() if isinstance(var, Variable) else None
        if isinstance(var, SaveableObject):
            if named.setdefault(var.name, var) is not var:
                tf_logging.warning(
                    "Two objects to save are named %s: only the last one is saved", var.name
                )
                named[var.name] = var
        elif isinstance(var, PartitionedVariable):
            add(var.name, var)
        elif info is not None:
            parts = named.setdefault(info.full_name, [])
            if not isinstance(parts, list):
                raise ValueError(
                    "Mixing slices and non-slices with the same name: %s" % info.full_name
                )
            parts.append(var)
        else:
            element = _element(var)
            if not _comes_from_variable(element):
                raise TypeError("Variable to save is not a Variable: %s" % (var,))
            op = element.op
            name = op.inputs[0].op.name if op.type == "ReadVariableOp" else op.name
            add(name, element if convert_variable_to_tensor else var)
    return named


def saveable_objects_for_op(op, name):
    """Yields the SaveableObjects of one entry of a Saver's dict.

    Args:
      op: variable, its tensor, SaveableObject, PartitionedVariable or list of parts.
      name: its key.
    """
    if not isinstance(name, str):
        raise TypeError(
            "names_to_saveables must be a dict mapping string names to trackable operations. Name "
            "is not a string: %s" % (name,)
        )
    if isinstance(op, SaveableObject):
        yield op
    elif isinstance(op, (list, tuple, PartitionedVariable)):
        yield from _parts(op, name)
    else:
        element = _element(op)
        if not _comes_from_variable(element):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to Tensors/Variables. Not "
                "a variable: %s" % (element,)
            )
        if element.op.type in _REF_OPS:
            yield ReferenceVariableSaveable(element, "", name)
        elif element.op.type == "VarHandleOp":
            raise TypeError(
                "names_to_saveables has the handle of a variable, give the variable: %s" % (op,)
            )
        else:
            yield ResourceVariableSaveable(element, "", name)


def _parts(variables, name):
    whole = None
    for part in variables:
        if not isinstance(part, Variable):
            raise ValueError("Slices must all be Variables: %s" % (part,))
        info = part._get_save_slice_info()
        if info is None:
            raise ValueError("Slices must all be slices: %s" % (part,))
        if whole is None:
            whole = info.full_name
        elif whole != info.full_name:
            raise ValueError(
                "Slices must all be from the same tensor: %s != %s" % (whole, info.full_name)
            )
        kind = ResourceVariableSaveable if is_resource_variable(part) else ReferenceVariableSaveable
        yield kind(part, info.spec, name)


def validate_and_slice_inputs(names_to_saveables):
    """The SaveableObjects of a list or dict, in the order of their names.

    Raises:
      TypeError, ValueError: see `op_list_to_dict`; also for one thing under two names.
    """
    if not isinstance(names_to_saveables, dict):
        names_to_saveables = op_list_to_dict(names_to_saveables)
    for name in names_to_saveables:
        if not isinstance(name, str):
            next(saveable_objects_for_op(None, name))
    saveables, seen = [], set()
    for name, item in sorted(names_to_saveables.items(), key=lambda pair: pair[0]):
        for saveable in saveable_objects_for_op(item, name):
            key = saveable.op if _hashable(saveable.op) else id(saveable.op)
            if key in seen:
                raise ValueError(
                    "The same saveable will be restored with two names: %s" % saveable.name
                )
            seen.add(key)
            saveables.append(saveable)
    return saveables


def _hashable(value):
    try:
        hash(value)
    except TypeError:
        return False
    return True
