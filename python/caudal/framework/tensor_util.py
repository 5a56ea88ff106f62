# SPDX-License-Identifier: Apache-2.0
"""Arrays out of Python values with TensorFlow's typing rules, and static values of tensors."""

import numpy as np

from caudal.framework import dtypes, tensor_shape
from caudal.framework.tensor import Tensor

_HALF_MAX = 65504.0  # no floating type overflows below
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_NUMBER_DTYPES = dtypes._INTEGERS | dtypes._FLOATS | {8, 18}


def make_array(value, dtype=None, shape=None, verify_shape=False):
    """The array that a constant of `value` holds; strings become objects of bytes.

    See `tf.constant` for the rules and the errors.
    """
    if shape is None:
        kind = type(value)
        if kind is float:
            if dtype is None:
                return np.array(value, np.float32)
            if dtype.is_floating or dtype.is_complex:
                if -_HALF_MAX <= value <= _HALF_MAX:
                    return np.array(value, dtype.as_numpy_dtype)
                with np.errstate(over="ignore"):
                    return np.array(value, dtype.as_numpy_dtype)
        elif kind is int:
            if dtype is None:
                if _INT32_MIN <= value <= _INT32_MAX:
                    return np.array(value, np.int32)
            elif dtype._enum in _NUMBER_DTYPES:
                return _fit(value, dtype)
    array = _dense(value, dtype, shape)
    if array.dtype.kind in "SU" or array.dtype == object:
        array = _bytes_array(array, value)
    if shape is not None:
        array = _fill(array, tensor_shape.as_shape(shape), verify_shape)
    return array


def _fit(value, dtype):
    """np.array(value, dtype) where Python ints of up to 64 bits wrap around, as in C."""
    try:
        return np.array(value, dtype.as_numpy_dtype)
    except OverflowError:
        pass
    try:
        return np.array(value, np.int64).astype(dtype.as_numpy_dtype)
    except (OverflowError, TypeError, ValueError):
        raise ValueError("%r is out of range for dtype %s" % (value, dtype)) from None


def _dense(value, dtype, shape):
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if dtype is None or dtype == dtypes.string:
            if dtype is not None and array.dtype.kind not in "SUO":
                raise _mismatch(dtype, value)
            if dtype is None and array.dtype.kind not in "SUO":
                dtypes.of_array(array)  # raises TypeError for a dtype that does not exist here
            return array
        return array.astype(dtype.as_numpy_dtype, copy=False)
    if value is None:
        raise ValueError("None values not supported.")
    if isinstance(value, Tensor) or (
        hasattr(type(value), "_as_graph_element") and not hasattr(value, "__array__")
    ):
        raise TypeError("List of Tensors when single Tensor expected")
    if callable(getattr(value, "__array__", None)):
        return np.asarray(value, None if dtype is None else dtype.as_numpy_dtype)
    if shape is not None and tensor_shape.as_shape(shape).num_elements() == 0:
        return np.empty(
            tensor_shape.as_shape(shape).as_list(),
            np.float32 if dtype is None else dtype.as_numpy_dtype,
        )
    if isinstance(value, range):
        value = list(value)
    if isinstance(value, (tensor_shape.TensorShape, tensor_shape.Dimension)):
        value = _plain_sizes(value)
    kinds = set()
    try:
        _collect_kinds(value, kinds, dtype)
    except _Unconvertible:
        raise _unconvertible(value) from None
    if "dimension" in kinds:
        value = _plain_sizes(value)
    np_type = None
    if dtype is not None:
        np_type = dtype.as_numpy_dtype
    elif "str" in kinds:
        np_type = object
    try:
        array = np.array(value, np_type)
    except OverflowError:
        array = _fit(value, dtype)
    except ValueError:
        if isinstance(value, (list, tuple)):
            raise _ragged(value) from None
        raise
    if array.dtype == object and array.size:
        if "str" not in kinds:
            if any(type(v) is int for v in array.flat):
                raise _unconvertible(value)
            raise _ragged(value) if _shape_of(value) != array.shape else _unconvertible(value)
        if array.shape != _shape_of(value):
            raise _ragged(value)
    if dtype is None:
        if array.dtype == np.float64:
            with np.errstate(over="ignore"):
                return array.astype(np.float32)
        if array.dtype == np.int64:
            if array.size == 0 or (array.min() >= _INT32_MIN and array.max() <= _INT32_MAX):
                return array.astype(np.int32)
        elif array.dtype == np.uint64:
            raise _unconvertible(value)
    return array


def _collect_kinds(value, kinds, dtype):
    """Which sorts of leaves nested sequences have; checks them against `dtype`."""
    if isinstance(value, (list, tuple)):
        for item in value:
            if type(item) is float and (dtype is None or dtype.is_floating):
                kinds.add("float")
            else:
                _collect_kinds(item, kinds, dtype)
        return
    if isinstance(value, (bool, np.bool_)):
        kind = "bool"
    elif isinstance(value, (int, np.integer)):
        kind = "int"
    elif isinstance(value, tensor_shape.Dimension):
        kinds.add("dimension")
        kind = "int"
    elif isinstance(value, (float, np.floating)):
        kind = "float"
    elif isinstance(value, (complex, np.complexfloating)):
        kind = "complex"
    elif isinstance(value, (str, bytes)):
        kind = "str"
    elif isinstance(value, np.ndarray):
        kind = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}.get(
            value.dtype.kind, "str"
        )
    elif isinstance(value, Tensor):
        raise TypeError("List of Tensors when single Tensor expected")
    elif value is None and dtype is not None:
        raise _mismatch(dtype, value)
    else:
        if hasattr(value, "__array__") or (dtype is not None and hasattr(value, "__float__")):
            return
        if dtype is not None:
            raise _mismatch(dtype, value)
        raise _Unconvertible
    if dtype is None:
        if kinds and ((kind == "str") != ("str" in kinds)):
            raise _Unconvertible
        kinds.add(kind)
        return
    kinds.add(kind)
    if dtype.is_floating:
        fits = kind in ("float", "int", "bool")
    elif dtype.is_integer or dtype.is_quantized:
        fits = kind in ("int", "bool")
    elif dtype.is_complex:
        fits = kind != "str"
    elif dtype == dtypes.bool:
        fits = kind == "bool"
    elif dtype == dtypes.string:
        fits = kind == "str"
    else:
        fits = True
    if not fits:
        raise _mismatch(dtype, value)


class _Unconvertible(Exception):
    """A leaf that no dtype fits, or that does not go with the others."""


def _plain_sizes(value):
    """Dimensions as ints, in nested sequences."""
    if isinstance(value, tensor_shape.TensorShape):
        value = value.dims
        if value is None:
            raise TypeError("A shape of unknown rank has no value")
    if isinstance(value, (list, tuple)):
        return [_plain_sizes(v) for v in value]
    if isinstance(value, tensor_shape.Dimension):
        if value.value is None:
            raise TypeError("An unknown dimension has no value; use tf.shape(x)[i] instead")
        return value.value
    return value


def _mismatch(dtype, value):
    return TypeError(
        "Expected %s, got %r of type '%s' instead." % (dtype.name, value, type(value).__name__)
    )


def _unconvertible(value):
    return TypeError(
        "Failed to convert object of type %s to Tensor. Contents: %r. Consider casting elements to "
        "a supported type." % (type(value), value)
    )


def _shape_of(value):
    """The shape that the first elements of nested sequences suggest."""
    sizes = []
    while isinstance(value, (list, tuple)):
        sizes.append(len(value))
        if not value:
            break
        value = value[0]
    if isinstance(value, np.ndarray):
        sizes.extend(value.shape)
    return tuple(sizes)


def _ragged(value):
    got = [len(value)]
    return ValueError(
        "Argument must be a dense tensor: %r - got shape %s, but wanted %s."
        % (value, got, list(_shape_of(value)))
    )


def _bytes_array(array, value):
    """An object array of bytes."""
    out = np.empty(array.shape, object)
    flat, source = out.reshape(-1), array.reshape(-1)
    for i in range(flat.size):
        item = source[i]
        if isinstance(item, str):
            item = item.encode("utf-8")
        elif not isinstance(item, bytes):
            raise TypeError("Expected binary or unicode string, got %r" % (item,))
        flat[i] = bytes(item)
    return out


def _fill(array, shape, verify_shape):
    wanted = tuple(shape.as_list())
    if array.shape == wanted:
        return array
    if verify_shape:
        raise TypeError("Expected Tensor's shape: %s, got %s." % (wanted, array.shape))
    if None in wanted:
        raise ValueError("A constant needs a fully known shape, got %s" % shape)
    size = shape.num_elements()
    if array.size > size:
        raise ValueError(
            "Too many elements provided. Needed at most %d, but received %d" % (size, array.size)
        )
    if array.size == size:
        return array.reshape(wanted)
    if array.size == 0:
        raise ValueError("Cannot fill shape %s from a value without elements" % shape)
    flat = np.empty(size, array.dtype)
    flat[: array.size] = array.reshape(-1)
    flat[array.size :] = array.reshape(-1)[-1]
    return flat.reshape(wanted)


def is_tensor(x):
    """True for tensors, variables, IndexedSlices and sparse tensors."""
    if isinstance(x, Tensor):
        return True
    from caudal.framework.indexed_slices import IndexedSlices
    from caudal.framework.operation import Operation
    from caudal.framework.sparse_tensor import SparseTensor

    if isinstance(x, Operation):
        return False
    return (
        isinstance(x, (IndexedSlices, SparseTensor))
        or hasattr(type(x), "_as_graph_element")
        or getattr(type(x), "_is_composite_tensor", False)
    )


def _fold(op):
    """The value of an operation on constants, for the few that are worth it, or None."""
    inputs = op.inputs
    if op.type == "Fill":
        shape, values = op.outputs[0].shape, [constant_value(inputs[1])]
        if not shape.is_fully_defined() or values[0] is None:
            return None
        return np.full(shape.as_list(), values[0], dtype=values[0].dtype)
    values = [constant_value(t) for t in inputs]
    if not values or any(v is None for v in values):
        return None
    if op.type == "Cast":
        return values[0].astype(op.outputs[0].dtype.as_numpy_dtype)
    if op.type == "Pack":
        return None if op.get_attr("axis") != 0 else np.array(values)
    if op.type == "ConcatV2":
        return np.concatenate(values[:-1], axis=int(values[-1]))
    return (np.equal if op.type == "Equal" else np.not_equal)(*values)


_FOLDED = frozenset(("Cast", "ConcatV2", "Equal", "Fill", "NotEqual", "Pack"))


def constant_value(tensor, partial=False):
    """The value of a tensor as an array if it is known without running the graph, else None.

    With `partial`, a stack along axis 0 gives an array of objects, None for unknown parts.
    """
    if isinstance(tensor, Tensor):
        value = tensor._graph._core.constant_value(tensor._key)
        if value is None and tensor.op.type in _FOLDED:
            value = _fold(tensor.op)
        if value is not None or not partial or tensor.op.type != "Pack":
            return value
        if tensor.op.get_attr("axis") != 0 or not len(tensor.op.inputs):
            return None
        parts = [constant_value(part, partial=True) for part in tensor.op.inputs]
        array = np.empty(len(parts), dtype=object)
        array[:] = parts
        return array
    if isinstance(tensor, (np.ndarray, np.generic)):
        return tensor
    convert = getattr(tensor, "_as_graph_element", None)
    if convert is not None:
        element = convert()
        if isinstance(element, Tensor):
            return constant_value(element)
    return None


get_static_value = constant_value


def constant_value_as_shape(tensor):
    """The TensorShape that an integer vector describes, as far as that is known."""
    if not isinstance(tensor, Tensor):
        return tensor_shape.TensorShape(np.asarray(tensor).tolist())
    sizes = tensor._graph._core.constant_value_as_shape(tensor._key)
    return tensor_shape.TensorShape._from_core(sizes)


def shape_tensor(shape):
    """A tensor of int32 (int64 if need be) from a shape in any form."""
    from caudal.framework.conversion import convert_to_tensor

    dtype = None
    if isinstance(shape, (tuple, list)):
        if not shape:
            dtype = dtypes.int32
        else:
            shape = [s.value if isinstance(s, tensor_shape.Dimension) else s for s in shape]
    return convert_to_tensor(shape, dtype=dtype, name="shape")
