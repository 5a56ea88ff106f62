# SPDX-License-Identifier: Apache-2.0
"""Slots: variables of an optimizer that go with a variable of the model.

A slot is named "<variable>/<slot>" and shares the device of its variable.
"""

import contextlib

from caudal.framework import ops
from caudal.ops import array_ops, init_ops, variable_scope
from caudal.ops.ref_variable import Variable

__all__ = ["create_slot", "create_slot_with_initializer", "create_zeros_slot"]


def is_resource(primary):
    """Whether a variable is of the kind that lies behind a handle."""
    return isinstance(primary, Variable) and not primary.dtype._is_ref_dtype


def _make(primary, initializer, name, colocate_with_primary, validate_shape=None, shape=None,
          dtype=None):  # fmt: skip
    validate = shape.is_fully_defined() if shape is not None else True
    if validate_shape is not None:
        validate = validate_shape
    colocate = ops.colocate_with(primary.op) if colocate_with_primary else contextlib.nullcontext()
    with variable_scope.variable_scope(None, primary.op.name + "/" + name) as scope, colocate:
        # Slots are whole even where the model's variables are in parts.
        scope.set_partitioner(None)
        slot = variable_scope.get_variable(
            "",
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            trainable=False,
            use_resource=is_resource(primary) or None,
            validate_shape=validate,
        )
    _describe_slice(primary, slot)
    return slot


def _describe_slice(primary, slot):
    """The slot of a part of a variable is saved as that part of the slot of the whole."""
    info = primary._get_save_slice_info() if isinstance(primary, Variable) else None
    if info is None or primary.get_shape() != slot.get_shape():
        return
    real_name = slot.op.name[len(primary.op.name) + 1 :]
    slot._set_save_slice_info(
        Variable.SaveSliceInfo(
            info.full_name + "/" + real_name,
            info.full_shape[:],
            info.var_offset[:],
            info.var_shape[:],
        )
    )


def create_slot(primary, val, name, colocate_with_primary=True):
    """A slot of `primary` whose initial value is `val`.

    Args:
      primary: Variable or Tensor.
      val: Tensor.
      name: string.
      colocate_with_primary: whether the slot must be on the device of `primary`.
    """
    return _make(
        primary, val, name, colocate_with_primary, validate_shape=val.get_shape().is_fully_defined()
    )


def create_slot_with_initializer(
    primary, initializer, shape, dtype, name, colocate_with_primary=True
):
    """A slot of `primary` that an initializer makes from a static shape and a dtype."""
    return _make(primary, initializer, name, colocate_with_primary, shape=shape, dtype=dtype)


def create_zeros_slot(primary, name, dtype=None, colocate_with_primary=True):
    """A slot of `primary` that begins with zeros; `dtype` defaults to that of `primary`."""
    dtype = (primary.dtype if dtype is None else dtype).base_dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(
            primary,
            init_ops.zeros_initializer(),
            shape,
            dtype,
            name,
            colocate_with_primary=colocate_with_primary,
        )
    if isinstance(primary, Variable):
        shape = array_ops.shape(primary.initialized_value())
    else:
        shape = array_ops.shape(primary)
    return create_slot(
        primary,
        array_ops.zeros(shape, dtype=dtype),
        name,
        colocate_with_primary=colocate_with_primary,
    )
