# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.compat`: text helpers, and `v1`, which is this library itself."""

import contextlib as _contextlib
import numbers as _numbers
import os as _os
import sys as _sys

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.tensor_shape import dimension_at_index, dimension_value

integral_types = (_numbers.Integral,)
real_types = (_numbers.Real,)
complex_types = (_numbers.Complex,)
bytes_or_text_types = (bytes, str)


def as_bytes(bytes_or_text, encoding="utf-8"):
    """Bytes of a str or bytes; TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise TypeError("Expected binary or unicode string, got %r" % (bytes_or_text,))


def as_text(bytes_or_text, encoding="utf-8"):
    """A str out of a str or bytes; TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError("Expected binary or unicode string, got %r" % (bytes_or_text,))


as_str = as_text


def as_str_any(value):
    """`as_str` of bytes, `str` of anything else."""
    return as_text(value) if isinstance(value, bytes) else str(value)


def path_to_str(path):
    """A str of a path-like object."""
    return as_str_any(_os.fspath(path)) if hasattr(path, "__fspath__") else path


def forward_compatible(year, month, day):
    """True: whoever reads a graph here has this very version."""
    return True


def forward_compatibility_horizon(year, month, day):
    """A context in which nothing changes: there is one format."""
    return _contextlib.nullcontext()


v1 = _sys.modules["caudal"]
# `import caudal.compat.v1 as tf` gives the same module.
_sys.modules["caudal.compat.v1"] = v1

__getattr__ = _module_getattr("compat")
