# SPDX-License-Identifier: Apache-2.0
"""Whole files: reading them, and writing them so that a reader sees the old or the new one."""

import errno

from caudal import _core
from caudal.framework import errors

_CODES = {
    errno.ENOENT: errors.NOT_FOUND,
    errno.EACCES: errors.PERMISSION_DENIED,
    errno.EPERM: errors.PERMISSION_DENIED,
    errno.EISDIR: errors.FAILED_PRECONDITION,
    errno.ENOTDIR: errors.FAILED_PRECONDITION,
    errno.EEXIST: errors.ALREADY_EXISTS,
    errno.ENOSPC: errors.RESOURCE_EXHAUSTED,
}


def error_of(error, path):
    """The `tf.errors.OpError` for an OSError."""
    code = _CODES.get(error.errno, errors.UNKNOWN)
    return errors.from_code(code, "%s; %s" % (path, error.strerror))


def read(path):
    """The bytes of a file. Raises a `tf.errors.OpError`."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise error_of(error, path) from None


def write(path, data):
    """Replaces a file by one with these bytes, at once and durably. Raises a `tf.errors.OpError`.

    Args:
      path: str; its folder has to exist.
      data: bytes, or str that is written as UTF-8.
    """
    if isinstance(data, str):
        data = data.encode()
    try:
        _core.write_file_atomically(path, data)
    except _core.Error as error:
        raise errors.from_core(error) from None


def as_path(path):
    """A path as str, from str, bytes or an object of pathlib."""
    import os

    return os.fsdecode(os.fspath(path))
