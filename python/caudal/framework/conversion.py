# SPDX-License-Identifier: Apache-2.0
"""From Python values to tensors: convert_to_tensor and the registry of conversions."""

import numpy as np

from caudal.framework import constant_op, dtypes, tensor_shape
from caudal.framework import indexed_slices as slices_lib
from caudal.framework.indexed_slices import IndexedSlices
from caudal.framework.operation import Operation
from caudal.framework.scopes import name_scope
from caudal.framework.tensor import Tensor

_registry = []  # (priority, order, types, function), sorted
_by_type = {}  # exact type -> functions, in order
_tensor_like = ()


def register_tensor_conversion_function(base_type, conversion_func, priority=100):
    """Makes objects of `base_type` usable wherever a tensor is.

    Args:
      base_type: a class or a tuple of classes.
      conversion_func: `f(value, dtype=None, name=None, as_ref=False)`, returns a Tensor or
        NotImplemented to let the next one try.
      priority: lower ones are asked first.
    """
    types = base_type if isinstance(base_type, tuple) else (base_type,)
    if not types or not all(isinstance(t, type) for t in types):
        raise TypeError("base_type must be a type or a tuple of types.")
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")
    _registry.append((priority, len(_registry), types, conversion_func))
    _registry.sort(key=lambda entry: entry[:2])
    _by_type.clear()


def register_dense_tensor_like_type(tensor_type):
    """Lets `is_dense_tensor_like` accept objects of this class (with `name` and `dtype`)."""
    global _tensor_like
    _tensor_like += (tensor_type,)


def is_dense_tensor_like(t):
    return isinstance(t, (Tensor,) + _tensor_like)


def _functions_for(kind):
    found = _by_type.get(kind)
    if found is None:
        found = _by_type[kind] = [f for _, _, types, f in _registry if issubclass(kind, types)]
    return found


def internal_convert_to_tensor(value, dtype=None, name=None, as_ref=False, preferred_dtype=None,
                               ctx=None, accepted_result_types=(Tensor,)):  # fmt: skip
    """`convert_to_tensor` that can also ask for the reference of a variable."""
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        if dtype is not None and not dtype.is_compatible_with(value._dtype):
            raise ValueError(
                "Tensor conversion requested dtype %s for Tensor with dtype %s: %r"
                % (dtype.name, value._dtype.name, value)
            )
        return value
    if preferred_dtype is not None:
        preferred_dtype = dtypes.as_dtype(preferred_dtype)
    for function in _functions_for(type(value)):
        result = NotImplemented
        if dtype is None and preferred_dtype is not None:
            try:
                result = function(value, dtype=preferred_dtype, name=name, as_ref=as_ref)
            except (TypeError, ValueError):
                pass
        if result is NotImplemented:
            result = function(value, dtype=dtype, name=name, as_ref=as_ref)
        if result is NotImplemented:
            continue
        if not isinstance(result, accepted_result_types):
            raise RuntimeError(
                "Conversion function %r for type %s returned non-Tensor: %r"
                % (function, type(value), result)
            )
        if dtype is not None and not dtype.is_compatible_with(result.dtype):
            raise RuntimeError(
                "Conversion function %r for type %s returned incompatible dtype: requested = %s, "
                "actual = %s" % (function, type(value), dtype.name, result.dtype.name)
            )
        return result
    raise TypeError(
        "Cannot convert %r with type %s to Tensor: no conversion function registered."
        % (value, type(value))
    )


def convert_to_tensor(value, dtype=None, name=None, preferred_dtype=None, dtype_hint=None):
    """The tensor for a value: tensors pass, variables are read, Python and NumPy values become
    constants.

    Args:
      value: what to convert.
      dtype: the dtype that is needed; inferred when None.
      name: name of a node that may be made.
      preferred_dtype, dtype_hint: tried when `dtype` is None.

    Raises:
      TypeError: if there is no conversion to the dtype.
      ValueError: if a tensor has another dtype.
    """
    if preferred_dtype is None:
        preferred_dtype = dtype_hint
    return internal_convert_to_tensor(value, dtype, name, False, preferred_dtype)


convert_to_tensor_v2 = convert_to_tensor


def internal_convert_n_to_tensor(values, dtype=None, name=None, as_ref=False, preferred_dtype=None,
                                 ctx=None):  # fmt: skip
    if not isinstance(values, (list, tuple)):
        raise TypeError("values must be a sequence.")
    return [
        internal_convert_to_tensor(
            v, dtype, None if name is None else "%s_%d" % (name, i), as_ref, preferred_dtype
        )
        for i, v in enumerate(values)
    ]


def convert_n_to_tensor(values, dtype=None, name=None, preferred_dtype=None):
    """`convert_to_tensor` for each of a sequence."""
    return internal_convert_n_to_tensor(values, dtype, name, False, preferred_dtype)


def internal_convert_to_tensor_or_indexed_slices(value, dtype=None, name=None, as_ref=False):
    if isinstance(value, IndexedSlices):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(
                "Tensor conversion requested dtype %s for Tensor with dtype %s: %r"
                % (dtypes.as_dtype(dtype).name, value.dtype.name, str(value))
            )
        return value
    return internal_convert_to_tensor(value, dtype, name, as_ref)


def convert_to_tensor_or_indexed_slices(value, dtype=None, name=None):
    """`convert_to_tensor` that lets IndexedSlices and None pass."""
    if value is None:
        return None
    return internal_convert_to_tensor_or_indexed_slices(value, dtype, name)


def convert_n_to_tensor_or_indexed_slices(values, dtype=None, name=None):
    if not isinstance(values, (list, tuple)):
        raise TypeError("values must be a sequence.")
    return [
        convert_to_tensor_or_indexed_slices(v, dtype, None if name is None else "%s_%d" % (name, i))
        for i, v in enumerate(values)
    ]


def convert_to_tensor_or_composite(value, dtype=None, name=None):
    return convert_to_tensor_or_indexed_slices(value, dtype, name)


# -- Conversions of the library's own types --------------------------------------------------------


def _is_tensor_like(value):
    return isinstance(value, Tensor) or hasattr(type(value), "_as_graph_element")


def _dtype_in(items):
    """The dtype of the first tensor in nested lists, or None."""
    for item in items:
        kind = type(item)
        if kind is float or kind is int:
            continue
        if kind is list or kind is tuple:
            found = _dtype_in(item)
            if found is not None:
                return found
        elif _is_tensor_like(item) and not isinstance(item, Operation):
            return item.dtype.base_dtype
    return None


def _pack(items, dtype, name):
    from caudal.framework.op_factory import apply

    with name_scope(name) as scope:
        elements = []
        for i, item in enumerate(items):
            if isinstance(item, (list, tuple)):
                if _dtype_in(item) is not None:
                    item = _pack(item, dtype, str(i))
            elif _is_tensor_like(item):
                item = internal_convert_to_tensor(item)
                if item.dtype.base_dtype is not dtype:
                    raise TypeError(
                        "Cannot convert a list containing a tensor of dtype %s to %s (Tensor is: "
                        "%r)" % (item.dtype, dtype, item)
                    )
            elements.append(item)
        elements = [
            e if isinstance(e, Tensor) else constant_op.constant(e, dtype=dtype, name=str(i))
            for i, e in enumerate(elements)
        ]
        return apply("Pack", elements, name=scope)


def _cast_tensors(items, dtype):
    from caudal.framework.op_factory import apply

    cast = []
    for item in items:
        if isinstance(item, (list, tuple)):
            item = _cast_tensors(item, dtype)
        elif _is_tensor_like(item) and item.dtype.base_dtype is not dtype:
            item = apply("Cast", item, DstT=dtype)
        cast.append(item)
    return cast


def _convert_sequence(value, dtype=None, name=None, as_ref=False):
    inferred = _dtype_in(value)
    if inferred is None:
        return constant_op.constant(value, dtype=dtype, name=name or "Const")
    if dtype is None:
        dtype = inferred
    elif dtype.base_dtype is not inferred:
        value = _cast_tensors(value, dtype.base_dtype)
    return _pack(value, dtype.base_dtype, name or "packed")


def _convert_constant(value, dtype=None, name=None, as_ref=False):
    return constant_op.constant(value, dtype=dtype, name=name or "Const")


def _convert_shape(value, dtype=None, name=None, as_ref=False):
    if not value.is_fully_defined():
        raise ValueError("Cannot convert a partially known TensorShape to a Tensor: %s" % value)
    sizes = value.as_list()
    large = any(s >= 2**31 for s in sizes)
    if dtype is None:
        dtype = dtypes.int64 if large else dtypes.int32
    elif dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError("Cannot convert a TensorShape to dtype: %s" % dtype)
    elif large and dtype == dtypes.int32:
        raise ValueError("Cannot convert a TensorShape to dtype int32; a dimension is too large.")
    array = np.array(sizes, dtype.as_numpy_dtype)
    return constant_op.constant(array, name=name or "shape_as_tensor")


def _convert_dimension(value, dtype=None, name=None, as_ref=False):
    if value.value is None:
        raise ValueError("Cannot convert an unknown Dimension to a Tensor: %s" % value)
    if dtype not in (None, dtypes.int32, dtypes.int64):
        raise TypeError("Cannot convert a TensorShape to dtype: %s" % dtype)
    return constant_op.constant(value.value, dtype=dtype, name=name or "shape_as_tensor")


def _convert_operation(value, dtype=None, name=None, as_ref=False):
    raise TypeError(
        "Can't convert Operation '%s' to Tensor (target dtype=%r, name=%r, as_ref=%r)"
        % (value.name, None if dtype is None else dtype.name, name, as_ref)
    )


register_tensor_conversion_function((list, tuple), _convert_sequence, 99)
register_tensor_conversion_function(
    (np.ndarray, np.generic, float, int, str, bytes), _convert_constant, 100
)
register_tensor_conversion_function(tensor_shape.TensorShape, _convert_shape, 100)
register_tensor_conversion_function(tensor_shape.Dimension, _convert_dimension, 100)
register_tensor_conversion_function(Operation, _convert_operation, 100)
register_tensor_conversion_function(IndexedSlices, slices_lib.to_dense, 100)
register_tensor_conversion_function(object, _convert_constant, 200)
