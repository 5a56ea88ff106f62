# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.python_io`: files of records."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.io.tf_record import (
    TFRecordCompressionType,
    TFRecordOptions,
    TFRecordWriter,
    tf_record_iterator,
)

__all__ = [
    "TFRecordCompressionType",
    "TFRecordOptions",
    "TFRecordWriter",
    "tf_record_iterator",
]

__getattr__ = _module_getattr("python_io")
