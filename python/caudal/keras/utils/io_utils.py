# SPDX-License-Identifier: Apache-2.0
"""HDF5 files: arrays that stay in them, and one dictionary for files, groups and plain dicts."""

import contextlib
import io
import os
import shutil
import sys

import numpy as np

HDF5_OBJECT_HEADER_LIMIT = 64512
_MARK = "_is_group"


def import_h5py():
    """The module h5py. Raises: ImportError with what to install."""
    try:
        import h5py
    except ImportError:
        raise ImportError("HDF5 files need h5py: pip install 'caudal[keras]'") from None
    return h5py


def is_h5_group(thing):
    """Whether something is an h5py.Group or h5py.File, without importing h5py."""
    h5py = sys.modules.get("h5py")
    return h5py is not None and isinstance(thing, h5py.Group)


class HDF5Matrix:
    """A dataset of an HDF5 file in place of an array: only what is asked for is read.

    Args:
      datapath: path of the file.
      dataset: name of the dataset in it.
      start, end: the rows to use; default: all.
      normalizer: function that is called on everything that was read.
    """

    refs = {}  # open files by path

    def __init__(self, datapath, dataset, start=0, end=None, normalizer=None):
        h5py = import_h5py()
        datapath = os.fspath(datapath)
        file = self.refs.get(datapath)
        if not file:  # a closed file counts as False
            file = self.refs[datapath] = h5py.File(datapath, "r")
        self.data = file[dataset]
        self.start = start
        self.end = self.data.shape[0] if end is None else end
        self.normalizer = normalizer
        first = self._normalized(self.data[0:1])
        self._base_shape = first.shape[1:]
        self._base_dtype = first.dtype

    def _normalized(self, values):
        return values if self.normalizer is None else self.normalizer(values)

    def __len__(self):
        return self.end - self.start

    def __getitem__(self, key):
        """Rows by number, slice or list of numbers; IndexError outside of start and end."""
        if isinstance(key, slice):
            start = 0 if key.start is None else key.start
            stop = len(self) if key.stop is None else key.stop
            start, stop = (i + len(self) if i < 0 else i for i in (start, stop))
            self._check(min(start, 0), max(stop - 1, 0))
            return self._normalized(self.data[start + self.start : stop + self.start : key.step])
        if isinstance(key, (int, np.integer)):
            key = key + len(self) if key < 0 else key
            self._check(key)
            return self._normalized(self.data[key + self.start])
        rows = np.asarray(list(key))
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        self._check(*((rows.min(), rows.max()) if rows.size else ()))
        # HDF5 wants the numbers in order and once.
        unique, positions = np.unique(rows.astype(np.int64), return_inverse=True)
        return self._normalized(self.data[(unique + self.start).tolist()][positions.reshape(-1)])

    def _check(self, *rows):
        for row in rows:
            if not 0 <= row < max(len(self), 1):
                raise IndexError("row %d is not among the %d rows" % (row, len(self)))

    @property
    def shape(self):
        return (len(self), *self._base_shape)

    @property
    def dtype(self):
        return self._base_dtype

    @property
    def ndim(self):
        return len(self._base_shape) + 1

    @property
    def size(self):
        return int(np.prod(self.shape))


def ask_to_proceed_with_overwrite(filepath):
    """Asks on the terminal whether a file may be overwritten; returns the answer."""
    # Keras asks through `six`, where programs put functions of their own.
    ask = getattr(sys.modules.get("six.moves"), "input", None) or input
    answer = ask("[WARNING] %s already exists - overwrite? [y/n]" % filepath).strip().lower()
    while answer not in ("y", "n"):
        answer = ask('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    if answer == "n":
        return False
    print("[TIP] Next time specify overwrite=True!")
    return True


@contextlib.contextmanager
def replaced_file(path):
    """Gives the path of a new file that takes the place of `path` when the block is left.

    When the block fails, the new file is removed and `path` stays as it was.
    """
    path = os.path.realpath(os.fspath(path))
    partial = "%s.partial-%d" % (path, os.getpid())
    try:
        yield partial
        if os.path.exists(path):
            shutil.copymode(path, partial)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            os.remove(partial)


def as_text(value):
    """A string from an attribute of a file, which may be bytes.

    Raises:
      ValueError: for anything else.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bytes):
        return bytes(value).decode("utf-8")
    if isinstance(value, str):
        return str(value)
    raise ValueError("expected text, got %s" % type(value).__name__)


def as_names(value):
    """A list of strings from an attribute of a file. Raises: ValueError."""
    if not isinstance(value, (list, tuple)) and not (_is_array(value) and value.ndim == 1):
        raise ValueError("expected a list of names, got %r" % (value,))
    return [as_text(v) for v in value]


def _is_array(value):
    return isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, (bytes, str))


def _chunks(names, attribute):
    """(attribute, names) such that each array of names fits into the header of an object."""
    too_long = [n for n in names if len(n) > HDF5_OBJECT_HEADER_LIMIT]
    if too_long:
        raise RuntimeError(
            "The following attributes cannot be saved to HDF5 file because they are larger than "
            "%d bytes: %s" % (HDF5_OBJECT_HEADER_LIMIT, ", ".join(map(as_text, too_long)))
        )
    table = np.asarray(names)
    pieces = [table]
    while any(piece.nbytes > HDF5_OBJECT_HEADER_LIMIT for piece in pieces):
        pieces = np.array_split(table, len(pieces) + 1)
    if len(pieces) == 1:
        return [(attribute, table)]
    return [("%s%d" % (attribute, i), piece) for i, piece in enumerate(pieces)]


def read_dataset(dataset):
    """The values of an h5py dataset.

    Raises:
      ValueError: if it claims to hold far more than the file does.
    """
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > (1 << 20) and dataset.nbytes > 1100 * stored:
        raise ValueError(
            "dataset %s is damaged: %d bytes stand for an array of shape %s"
            % (dataset.name, stored, dataset.shape)
        )
    return np.asarray(dataset)


class H5Dict:
    """A file, a group of it, or a dict, all used like a dict.

    Arrays are datasets, strings and lists of strings attributes. Asking for what is not there makes
    a group, unless the mode is "r".

    Args:
      path: path, h5py.Group, binary stream (io.BytesIO) or dict.
      mode: "r", "w" or "a".

    Raises:
      TypeError: for anything else.
    """

    def __init__(self, path, mode="a"):
        self._is_file = False
        if isinstance(path, dict):
            if mode == "w":
                path.clear()
            path[_MARK] = True
            self.data = path
        elif is_h5_group(path):
            self.data = path
        elif isinstance(path, (str, os.PathLike, io.IOBase)):
            if isinstance(path, os.PathLike):
                path = os.fspath(path)
            self.data = import_h5py().File(path, mode=mode)
            self._is_file = True
        else:
            raise TypeError(
                "Required Group, str, binary stream or dict. Received: %s." % type(path)
            )
        self.read_only = mode == "r"

    @property
    def _in_memory(self):
        return isinstance(self.data, dict)

    def __setitem__(self, name, value):
        if self.read_only:
            raise ValueError("Cannot set item in read only mode.")
        name = as_text(name)
        if self._in_memory:
            self.data[name] = np.array(value) if _is_array(value) else value
        elif name in self.data:
            raise KeyError('Cannot set attribute. Group with name "%s" exists.' % name)
        elif _is_array(value):
            self.data.create_dataset(name, data=value)
        elif isinstance(value, list):
            value = [v.encode("utf-8") if isinstance(v, str) else v for v in value]
            for attribute, piece in _chunks(value, name):
                self.data.attrs[attribute] = piece
        else:
            self.data.attrs[name] = value

    def __getitem__(self, name):
        name = as_text(name)
        value = self._find(name)
        if value is not None:
            return value
        if self.read_only:
            raise ValueError('Cannot create group in read only mode: there is no "%s".' % name)
        if self._in_memory:
            self.data[name] = {_MARK: True}
            return H5Dict(self.data[name])
        return H5Dict(self.data.create_group(name))

    def _find(self, name):
        if self._in_memory:
            value = self.data.get(name)
            return self._group(value) if isinstance(value, dict) and _MARK in value else value
        if name in self.data.attrs:
            value = self.data.attrs[name]
            return value.tolist() if isinstance(value, (np.ndarray, np.bytes_)) else value
        if name in self.data:
            value = self.data[name]
            return self._group(value) if is_h5_group(value) else read_dataset(value)
        pieces = []
        while "%s%d" % (name, len(pieces)) in self.data.attrs:
            pieces.append(self.data.attrs["%s%d" % (name, len(pieces))])
        return [n for piece in pieces for n in piece.tolist()] if pieces else None

    def _group(self, data):
        group = H5Dict(data)
        group.read_only = self.read_only
        return group

    def __contains__(self, name):
        return self._find_lightly(as_text(name))

    def _find_lightly(self, name):
        if self._in_memory:
            return name in self.data
        return name in self.data or name in self.data.attrs or name + "0" in self.data.attrs

    def get(self, key, default=None):
        """The value, or `default` where there is none."""
        return self[key] if key in self else default

    def update(self, *mappings):
        """Sets all values of dicts."""
        for mapping in mappings:
            for name, value in mapping.items():
                self[name] = value

    def remove(self, name):
        """Takes a value or group out, if it is there."""
        if self._in_memory:
            self.data.pop(name, None)
        elif name in self.data:
            del self.data[name]
        elif name in self.data.attrs:
            del self.data.attrs[name]

    def __iter__(self):
        return iter(self.data)

    iter = __iter__

    def __len__(self):
        return len(self.data)

    def close(self):
        """Writes everything out; closes the file if this opened it."""
        if is_h5_group(self.data):
            self.data.file.flush()
            if self._is_file:
                self.data.close()


h5dict = H5Dict


def save_to_binary_h5py(save_function, stream):
    """Calls `save_function` with an h5py.File in memory and writes the file to a binary stream."""
    with import_h5py().File("in memory", "w", driver="core", backing_store=False) as file:
        save_function(file)
        file.flush()
        stream.write(file.id.get_file_image())


def load_from_binary_h5py(load_function, stream):
    """What `load_function` returns for the h5py.File that a binary stream holds."""
    with import_h5py().File(io.BytesIO(stream.read()), "r") as file:
        return load_function(file)
