# SPDX-License-Identifier: Apache-2.0
"""Ops on the memory of variables."""

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops


def variable_op_v2(shape, dtype, name="Variable", container="", shared_name=""):
    """A node with memory of its own in every session, not initialised. Op: VariableV2.

    Args:
      shape: shape of the value; parts may be unknown.
      dtype: of the value.
      name: name of the node.
      container, shared_name: kept with the node.

    Returns:
      A Tensor that refers to the memory, of a reference dtype.
    """
    return apply("VariableV2", name=name, shape=shape, dtype=dtype, container=container,
                 shared_name=shared_name)  # fmt: skip


def variable_op(shape, dtype, name="Variable", set_shape=True, container="", shared_name=""):
    """`variable_op_v2`; without `set_shape` the static shape stays unknown."""
    return variable_op_v2(shape if set_shape else None, dtype, name, container, shared_name)


def init_variable(v, init, name="init"):
    """Assigns a tensor, or what an initializer function returns, to a variable."""
    with ops.name_scope(None, v.op.name + "/", [v, init]):
        with ops.name_scope(name) as scope, ops.colocate_with(v):
            if callable(init):
                if not v.get_shape().is_fully_defined():
                    raise ValueError("The shape of %s must be known to initialize it" % v.name)
                init = init(v.get_shape().as_list(), v.dtype.base_dtype)
            return assign(v, ops.convert_to_tensor(init, name="value"), name=scope)


def _is_ref(ref):
    dtype = getattr(ref, "dtype", None)
    return dtype is None or getattr(dtype, "_is_ref_dtype", True)


def is_variable_initialized(ref, name=None):
    """Whether a variable has a value in the session; bool scalar. Op: IsVariableInitialized."""
    if _is_ref(ref):
        return apply("IsVariableInitialized", ref, name=name)
    return ref.is_initialized(name=name)


def assign(ref, value, validate_shape=None, use_locking=None, name=None):
    """Replaces the value of a variable. Op: Assign.

    Args:
      ref: variable, or its reference tensor; need not be initialised.
      value: Tensor of its dtype.
      validate_shape: False lets the value have another shape.
      use_locking: kept with the node; writes are never torn.
      name: name of the node.

    Returns:
      A reference that reads the new value.
    """
    if _is_ref(ref):
        return apply("Assign", ref, value, use_locking=use_locking, name=name,
                     validate_shape=validate_shape)  # fmt: skip
    return ref.assign(value, name=name)


def assign_add(ref, value, use_locking=None, name=None):
    """Adds `value`, of the variable's shape, to a variable. Op: AssignAdd."""
    if _is_ref(ref):
        return apply("AssignAdd", ref, value, use_locking=use_locking, name=name)
    return ref.assign_add(value, name=name)


def assign_sub(ref, value, use_locking=None, name=None):
    """Subtracts `value`, of the variable's shape, from a variable. Op: AssignSub."""
    if _is_ref(ref):
        return apply("AssignSub", ref, value, use_locking=use_locking, name=name)
    return ref.assign_sub(value, name=name)


def count_up_to(ref, limit, name=None):
    """Adds 1 to an integer scalar and returns the old value. Op: CountUpTo.

    Raises:
      OutOfRangeError: when run with a value that has reached `limit`.
    """
    return apply("CountUpTo", ref, limit=limit, name=name)


_SCATTER_TEXT = """%s

    Args:
      ref: variable, at least of rank 1.
      indices: int32 or int64, any shape; rows of `ref`. Repeated ones are applied in order.
      updates: indices.shape + ref.shape[1:], or a scalar.
      use_locking: kept with the node.
      name: name of the node.

    Returns:
      A reference that reads the new value.

    Raises:
      InvalidArgumentError: when run with an index out of range; nothing is written then.
    """

_SCATTER_ND_TEXT = """%s

    Args:
      ref: variable.
      indices: [..., k] int32 or int64: index vectors into the first k dimensions of `ref`.
      updates: indices.shape[:-1] + ref.shape[k:].
      use_locking: kept with the node.
      name: name of the node.

    Returns:
      A reference that reads the new value.

    Raises:
      InvalidArgumentError: when run with an index out of range; nothing is written then.
    """


def apply_update(op_name, ref, *inputs, name=None, **attrs):
    """The Operation that changes variables as an op does: behind handles by the Resource* op.

    Args:
      op_name: an op on references, such as "ApplyMomentum".
      ref: reference to the variable, or its handle.
      *inputs, name, **attrs: as for the op.
    """
    if ref.op.type == "VarHandleOp":
        return apply("Resource" + op_name, ref, *inputs, name=name, **attrs)
    return apply(op_name, ref, *inputs, name=name, **attrs).op


def _scatter(op_name, py_name, locking, text):
    def function(ref, indices, updates, use_locking=locking, name=None):
        if not _is_ref(ref) and not op_name.startswith("ScatterNd"):
            values = ops.convert_to_tensor(updates, ref.dtype)
            return ref._written(apply("Resource" + op_name, ref.handle, indices, values, name=name))
        return apply(op_name, ref, indices, updates, use_locking=use_locking, name=name)

    function.__name__ = function.__qualname__ = py_name
    function.__doc__ = text + "\n    "
    return function


def _rows(verb):
    return _SCATTER_TEXT % verb


scatter_update = _scatter(
    "ScatterUpdate", "scatter_update", True, _rows("Replaces rows. Op: ScatterUpdate.")
)
scatter_add = _scatter(
    "ScatterAdd", "scatter_add", False, _rows("Adds to rows of a variable. Op: ScatterAdd.")
)
scatter_sub = _scatter(
    "ScatterSub", "scatter_sub", False, _rows("Subtracts from rows of a variable. Op: ScatterSub.")
)
scatter_mul = _scatter(
    "ScatterMul", "scatter_mul", False, _rows("Multiplies rows of a variable. Op: ScatterMul.")
)
scatter_div = _scatter(
    "ScatterDiv", "scatter_div", False, _rows("Divides rows of a variable. Op: ScatterDiv.")
)
scatter_min = _scatter(
    "ScatterMin", "scatter_min", False, _rows("Lowers rows to the updates. Op: ScatterMin.")
)
scatter_max = _scatter(
    "ScatterMax", "scatter_max", False, _rows("Raises rows to the updates. Op: ScatterMax.")
)
scatter_nd_update = _scatter(
    "ScatterNdUpdate", "scatter_nd_update", True,
    _SCATTER_ND_TEXT % "Replaces slices of a variable. Op: ScatterNdUpdate.",
)  # fmt: skip
scatter_nd_add = _scatter(
    "ScatterNdAdd", "scatter_nd_add", False,
    _SCATTER_ND_TEXT % "Adds to slices of a variable. Op: ScatterNdAdd.",
)  # fmt: skip
scatter_nd_sub = _scatter(
    "ScatterNdSub", "scatter_nd_sub", False,
    _SCATTER_ND_TEXT % "Subtracts from slices of a variable. Op: ScatterNdSub.",
)  # fmt: skip


def batch_scatter_update(ref, indices, updates, use_locking=True, name=None):
    """Replaces rows along the last dimension of `indices`, for each of the leading ones.

    Args:
      ref: variable [b1, ..., bn, rows, ...].
      indices: [b1, ..., bn, k] integers, of known rank.
      updates: [b1, ..., bn, k, ...].
      use_locking: kept with the node.
      name: name of the scope.
    """
    with ops.name_scope(name):
        indices = ops.convert_to_tensor(indices, name="indices")
        shape = array_ops.shape(indices)
        rank = indices.get_shape().ndims
        if rank is None:
            raise ValueError("The rank of indices must be known")
        coordinates = []
        for d in range(rank - 1):
            places = apply("Range", 0, shape[d], 1)
            sizes = [1] * rank
            sizes[d] = -1
            places = array_ops.reshape(apply("Cast", places, DstT=indices.dtype), sizes)
            coordinates.append(apply("AddV2", places, array_ops.zeros_like(indices)))
        full = array_ops.stack(coordinates + [indices], axis=-1)
        return scatter_nd_update(ref, full, updates, use_locking=use_locking)
