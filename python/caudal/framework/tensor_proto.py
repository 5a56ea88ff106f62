# SPDX-License-Identifier: Apache-2.0
"""Tensors as TensorProto messages, and back."""

import numpy as np

from caudal.framework import dtypes, tensor_shape, tensor_util

_MAX_BYTES = 2**31 - 1

# The list of a TensorProto that holds the values of a type, by the type's name.
_LISTS = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "uint8": "int_val",
    "int16": "int_val",
    "int8": "int_val",
    "uint16": "int_val",
    "qint8": "int_val",
    "quint8": "int_val",
    "qint16": "int_val",
    "quint16": "int_val",
    "qint32": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "float16": "half_val",
    "bfloat16": "half_val",
}
# The types whose arrays are written as raw bytes.
_RAW = frozenset(
    "float32 float64 int8 int16 int32 int64 uint8 uint32 uint64 qint8 quint8 qint16 quint16 "
    "qint32".split()
)


def make_tensor_proto(values, dtype=None, shape=None, verify_shape=False, allow_broadcast=False):
    """A TensorProto of some values.

    Args:
      values: a scalar, list or array, or a TensorProto, which is returned as it is.
      dtype: optional DType; by default what `tf.constant` would choose.
      shape: optional list of ints. Values may have fewer elements: the last one fills the rest.
      verify_shape: raise TypeError if the values do not have just that shape.
      allow_broadcast: take a single value, or exactly as many as the shape has.

    Raises:
      TypeError: for values that do not fit the type or shape.
      ValueError: for more values than the shape has.
    """
    from caudal import proto

    if hasattr(values, "DESCRIPTOR"):
        return proto.of(proto.TensorProto, values)
    dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
    if shape is not None:
        shape = tuple(int(d) for d in tensor_shape.as_shape(shape).as_list())
    if shape is not None and 0 in shape and not isinstance(values, (np.ndarray, np.generic)):
        array = tensor_util.make_array([], dtype, shape)  # whatever the values are
    else:
        array = tensor_util.make_array(values, dtype)
    dtype = dtype or dtypes.of_array(array)
    if shape is None:
        shape = array.shape
    size = int(np.prod(shape, dtype=np.int64))
    if allow_broadcast:
        if array.shape not in ((), (1,)) and array.size != size:
            raise TypeError("Expected Tensor's shape: %s, got %s." % (shape, array.shape))
    else:
        if verify_shape and array.shape != shape:
            raise TypeError("Expected Tensor's shape: %s, got %s." % (shape, array.shape))
        if array.size > size:
            raise ValueError(
                "Too many elements provided. Needed at most %d, but received %d"
                % (size, array.size)
            )
    out = proto.TensorProto(dtype=dtype.as_datatype_enum)
    out.tensor_shape.SetInParent()
    for n in shape:
        out.tensor_shape.dim.add(size=n)
    if dtype.name in _RAW and array.size == size and size > 1:
        if array.nbytes > _MAX_BYTES:
            raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
        out.tensor_content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        return out
    field = _LISTS.get(dtype.name)
    if field is None:
        raise TypeError("Tensors of type %s have no proto" % dtype.name)
    getattr(out, field).extend(_plain(array.reshape(-1), field))
    return out


def _plain(flat, field):
    """The numbers that a list of a TensorProto has for a vector."""
    if field == "half_val":
        flat = flat.view(np.uint16)
    elif field == "scomplex_val":
        flat = flat.astype(np.complex64).view(np.float32)
    elif field == "dcomplex_val":
        flat = flat.astype(np.complex128).view(np.float64)
    elif field == "int_val":
        flat = flat.astype(np.int32)
    return flat.tolist()


def make_ndarray(tensor):
    """The array of a TensorProto; strings are objects of bytes.

    Raises:
      TypeError: for types without values, such as resources.
      ValueError: if the values do not fit the shape.
    """
    from caudal import proto

    tensor = proto.of(proto.TensorProto, tensor)
    shape = [d.size for d in tensor.tensor_shape.dim]
    dtype = dtypes.as_dtype(tensor.dtype)
    if tensor.tensor_shape.unknown_rank or any(n < 0 for n in shape):
        raise ValueError("A TensorProto needs a fully known shape, got %s" % shape)
    field = _LISTS.get(dtype.base_dtype.name)
    if field is None:
        raise TypeError("Unsupported tensor type: %s" % tensor.dtype)
    np_type = np.dtype(dtype.base_dtype.as_numpy_dtype)
    size = 1
    for n in shape:
        size *= n
    if tensor.tensor_content and field != "string_val":
        flat = np.frombuffer(tensor.tensor_content, np_type.newbyteorder("<"))
        return flat.astype(np_type).reshape(shape)
    values = getattr(tensor, field)
    if field == "string_val":
        given = np.empty(len(values), object)
        given[:] = [bytes(v) for v in values]
    elif field == "half_val":
        given = np.array(values, np.int64).astype(np.uint16).view(np_type)
    elif field in ("scomplex_val", "dcomplex_val"):
        part = np.float32 if field == "scomplex_val" else np.float64
        if len(values) % 2:
            raise ValueError("A complex tensor with an odd number of parts")
        given = np.array(values, part).view(np_type)
    else:
        given = np.array(values, np.int64 if field == "int_val" else np_type).astype(np_type)
    if given.size == size:
        return given.reshape(shape)
    if given.size > size:
        raise ValueError("%d values for a tensor of shape %s" % (given.size, shape))
    flat = np.empty(size, np_type)
    flat[: given.size] = given
    empty = b"" if field == "string_val" else np.zeros((), np_type)
    flat[given.size :] = given[-1] if given.size else empty
    return flat.reshape(shape)
