# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401, I001
"""Contents of `tf.dtypes`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.dtypes import (
    QUANTIZED_DTYPES,
    DType,
    as_dtype,
    bfloat16,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from caudal.ops.math_ops import cast, complex, saturate_cast
from caudal.ops.string_ops import as_string

__getattr__ = _module_getattr("dtypes")
