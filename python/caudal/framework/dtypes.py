# SPDX-License-Identifier: Apache-2.0
"""Element types of tensors, numbered and named as in TensorFlow."""

import numpy as np

_REF = 100  # a reference dtype is its base's number plus this


class DType:
    """The type of the elements of a tensor.

    Compares equal to anything that `tf.as_dtype` converts to it: `tf.float32 == "float32"` and
    `tf.float32 == np.float32` hold.
    """

    __slots__ = ("_enum", "_name", "_np", "_base", "_ref_dtype", "_limits", "__weakref__")

    def __init__(self, type_enum):
        known = _BY_ENUM.get(int(type_enum))
        if known is None:
            raise TypeError("type_enum is not a valid DataType: %r" % (type_enum,))
        for slot in ("_enum", "_name", "_np", "_base", "_ref_dtype", "_limits"):
            setattr(self, slot, getattr(known, slot))

    @classmethod
    def _make(cls, enum, name, np_type, base=None):
        self = object.__new__(cls)
        self._enum = enum
        self._name = name
        self._np = np_type
        self._base = self if base is None else base
        self._ref_dtype = None
        self._limits = None
        return self

    @property
    def name(self):
        return self._name

    @property
    def as_datatype_enum(self):
        return self._enum

    @property
    def base_dtype(self):
        return self._base

    @property
    def _as_ref(self):
        return self._ref_dtype

    @property
    def _is_ref_dtype(self):
        return self._enum > _REF

    @property
    def as_numpy_dtype(self):
        if self._np is None:
            self._base._np = self._np = _bfloat16_scalar()
        return self._np

    @property
    def real_dtype(self):
        base = self._base
        if base is complex64:
            return float32
        if base is complex128:
            return float64
        return self

    @property
    def is_numpy_compatible(self):
        return self._base not in _NOT_NUMPY

    @property
    def is_bool(self):
        return self._base is bool

    @property
    def is_integer(self):
        return self._base._enum in _INTEGERS

    @property
    def is_floating(self):
        return self._base._enum in _FLOATS

    @property
    def is_complex(self):
        return self._base._enum in (8, 18)

    @property
    def is_quantized(self):
        return self._base._enum in _QUANTIZED

    @property
    def is_unsigned(self):
        return self._base._enum in (4, 17, 22, 23)

    @property
    def size(self):
        """Bytes of one element; 1 for dtypes that are not plain bytes."""
        enum = self._base._enum
        if enum == 14:
            return 2
        if enum in (7, 20, 21):
            return 1
        return np.dtype(self._np).itemsize

    @property
    def limits(self):
        """(0, the largest value) of images of this dtype: 1 for numbers with fractions."""
        if self._base.is_floating:
            return 0, 1
        if self._base.is_bool:
            return False, True
        return 0, self.max

    @property
    def min(self):
        return self._bounds()[0]

    @property
    def max(self):
        return self._bounds()[1]

    def _bounds(self):
        base = self._base
        if base._limits is None:
            if base.is_quantized or base._enum in (7, 8, 10, 18, 20, 21):
                raise TypeError("Cannot find the range of values of %s." % self._name)
            if base is bfloat16:
                top = float.fromhex("0x1.FEp127")
                base._limits = (-top, top)
            else:
                info = np.finfo(base._np) if base.is_floating else np.iinfo(base._np)
                base._limits = (info.min, info.max)
        return base._limits

    def is_compatible_with(self, other):
        """True if a tensor of `other` can be used where this dtype is asked for."""
        other = as_dtype(other)
        return self._enum in (other._enum, other._base._enum)

    def __eq__(self, other):
        if self is other:
            return True
        if other is None:
            return False
        if type(other) is DType:
            return self._enum == other._enum
        try:
            return self._enum == as_dtype(other)._enum
        except TypeError:
            return False

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return self._enum

    def __int__(self):
        return self._enum

    def __str__(self):
        return "<dtype: %r>" % self._name

    def __repr__(self):
        return "tf." + self._name

    def __reduce__(self):
        return as_dtype, (self._name,)


def _bfloat16_scalar():
    try:
        from ml_dtypes import bfloat16 as scalar
    except ImportError:
        raise TypeError(
            "bfloat16 has no NumPy type; install the package ml_dtypes to exchange such values"
        ) from None
    return scalar


def _struct(name, np_type):
    return np.dtype([(name, np_type)])


_BY_ENUM = {}
_BY_NAME = {}

_TABLE = (
    (1, "float32", np.float32),
    (2, "float64", np.float64),
    (3, "int32", np.int32),
    (4, "uint8", np.uint8),
    (5, "int16", np.int16),
    (6, "int8", np.int8),
    (7, "string", np.object_),
    (8, "complex64", np.complex64),
    (9, "int64", np.int64),
    (10, "bool", np.bool_),
    (11, "qint8", _struct("qint8", np.int8)),
    (12, "quint8", _struct("quint8", np.uint8)),
    (13, "qint32", _struct("qint32", np.int32)),
    (14, "bfloat16", None),
    (15, "qint16", _struct("qint16", np.int16)),
    (16, "quint16", _struct("quint16", np.uint16)),
    (17, "uint16", np.uint16),
    (18, "complex128", np.complex128),
    (19, "float16", np.float16),
    (20, "resource", _struct("resource", np.ubyte)),
    (21, "variant", _struct("variant", np.ubyte)),
    (22, "uint32", np.uint32),
    (23, "uint64", np.uint64),
)

_INTEGERS = frozenset((3, 4, 5, 6, 9, 17, 22, 23))
_FLOATS = frozenset((1, 2, 14, 19))
_QUANTIZED = frozenset((11, 12, 13, 15, 16))


def _define():
    for enum, name, np_type in _TABLE:
        dtype = DType._make(enum, name, np_type)
        ref = DType._make(enum + _REF, name + "_ref", np_type, dtype)
        dtype._ref_dtype = ref
        ref._ref_dtype = ref
        for d in (dtype, ref):
            _BY_ENUM[d._enum] = d
            _BY_NAME[d._name] = d
    for alias, name in (("half", "float16"), ("float", "float32"), ("double", "float64")):
        _BY_NAME[alias] = _BY_NAME[name]
        _BY_NAME[alias + "_ref"] = _BY_NAME[name + "_ref"]


_define()

float16 = half = _BY_NAME["float16"]
float32 = _BY_NAME["float32"]
float64 = double = _BY_NAME["float64"]
bfloat16 = _BY_NAME["bfloat16"]
complex64 = _BY_NAME["complex64"]
complex128 = _BY_NAME["complex128"]
int8 = _BY_NAME["int8"]
int16 = _BY_NAME["int16"]
int32 = _BY_NAME["int32"]
int64 = _BY_NAME["int64"]
uint8 = _BY_NAME["uint8"]
uint16 = _BY_NAME["uint16"]
uint32 = _BY_NAME["uint32"]
uint64 = _BY_NAME["uint64"]
bool = _BY_NAME["bool"]  # noqa: A001 - TensorFlow's name
string = _BY_NAME["string"]
qint8 = _BY_NAME["qint8"]
quint8 = _BY_NAME["quint8"]
qint16 = _BY_NAME["qint16"]
quint16 = _BY_NAME["quint16"]
qint32 = _BY_NAME["qint32"]
resource = _BY_NAME["resource"]
variant = _BY_NAME["variant"]

for _name in list(_BY_NAME):
    if _name.endswith("_ref"):
        globals()[_name] = _BY_NAME[_name]
del _name

_NOT_NUMPY = frozenset((resource, variant))

QUANTIZED_DTYPES = frozenset(d for d in _BY_ENUM.values() if d._base._enum in _QUANTIZED)

# Filled on demand: Python and NumPy type objects to DType.
_BY_TYPE = {float: float32, True.__class__: bool, object: string, str: string, bytes: string}
for _enum, _n, _np_type in _TABLE:
    if isinstance(_np_type, type):
        _BY_TYPE[_np_type] = _BY_ENUM[_enum]
    if _np_type is not None:
        _BY_TYPE[np.dtype(_np_type)] = _BY_ENUM[_enum]
del _enum, _n, _np_type


def as_dtype(type_value):
    """Converts a DType, its number or name, or a Python or NumPy type, to a DType.

    Raises:
      TypeError: if there is no such dtype.
    """
    if type(type_value) is DType:
        return type_value
    try:
        found = _BY_TYPE.get(type_value)
        if found is not None and type(type_value) is not str:
            return found
        found = _BY_NAME.get(type_value) or _BY_ENUM.get(type_value)
        if found is not None:
            return found
    except TypeError:  # not hashable
        pass
    if isinstance(type_value, DType):
        return type_value
    if type_value is not None:
        try:
            np_dtype = np.dtype(type_value)
        except (TypeError, ValueError):
            np_dtype = None
        if np_dtype is not None:
            if np_dtype.kind in "SU":
                return string
            found = _BY_TYPE.get(np_dtype) or _BY_TYPE.get(np_dtype.newbyteorder("="))
            if found is not None:
                return found
            if np_dtype.name == "bfloat16":
                return bfloat16
            if np_dtype == np.dtype(np.longlong):
                return int64
            if np_dtype == np.dtype(np.ulonglong):
                return uint64
    raise TypeError("Cannot convert value %r to a TensorFlow DType." % (type_value,))


def of_array(array):
    """The DType of a NumPy array; TypeError when there is none."""
    found = _BY_TYPE.get(array.dtype)
    return found if found is not None else as_dtype(array.dtype)
