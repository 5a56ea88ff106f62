# SPDX-License-Identifier: Apache-2.0
"""Pickles and object arrays from files that need not be trusted: only plain data and arrays."""

import importlib
import pickle
import zipfile

import numpy as np

_PLAIN = {
    ("multiarray", "_reconstruct"),
    ("multiarray", "scalar"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            module = "multiarray"
        if (module, name) not in _PLAIN:
            raise pickle.UnpicklingError(
                "the file asks for %s.%s, which is no plain data" % (module, name)
            )
        if module == "multiarray":
            new = hasattr(np, "_core")
            module = "numpy._core.multiarray" if new else "numpy.core.multiarray"
        return getattr(importlib.import_module(module), name)


def load(file, encoding="ASCII"):
    """What a pickle file holds.

    Args:
      file: open file.
      encoding: of the texts of Python 2, see `pickle.load`.

    Raises:
      pickle.UnpicklingError: when the file holds more than plain data and arrays.
    """
    return _Unpickler(file, encoding=encoding).load()


def load_arrays(path, names):
    """Arrays of an .npz file, of numbers or of lists.

    Args:
      path: path of the file.
      names: list of names of arrays.
    """
    with np.load(path, allow_pickle=False) as archive:
        members = archive.files
    for name in names:
        if name not in members:
            raise ValueError("%s has no array %r; it has %s" % (path, name, members))
    with zipfile.ZipFile(path) as archive:
        return [_read_array(archive, name) for name in names]


def _read_array(archive, name):
    with archive.open(name + ".npy") as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError("%s: unknown version %s of the npy format" % (name, version))
        shape, _, dtype = read_header(file)
        if dtype.hasobject:
            return np.asarray(load(file, encoding="latin1"), dtype=object).reshape(shape)
    with archive.open(name + ".npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)
