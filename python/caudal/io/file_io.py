# SPDX-License-Identifier: Apache-2.0
"""Files and folders with the names and the errors of `tf.gfile`; local ones only."""

import errno
import glob as _glob
import os
import shutil
import stat as _stat

from caudal.framework import errors
from caudal.framework import files as _files

_MODES = ("r", "w", "a", "r+", "w+", "a+")


def _fail(code, message):
    raise errors.from_code(code, message) from None


def _path(name):
    if not isinstance(name, (str, bytes, os.PathLike)):
        raise TypeError("Expected binary or unicode string, got %r" % (name,))
    return os.fsdecode(os.fspath(name))


def _tried(path, function, *args):
    """Calls a function of `os`; its OSError becomes an error of `tf.errors`."""
    try:
        return function(*args)
    except OSError as error:
        raise _files.error_of(error, path) from None
    except ValueError as error:  # NUL bytes in names
        raise errors.from_code(errors.INVALID_ARGUMENT, "%r; %s" % (path, error)) from None


class FileStatistics:
    """What `stat` tells: `length` in bytes, `mtime_nsec`, `is_directory`."""

    def __init__(self, length, mtime_nsec, is_directory):
        self.length = length
        self.mtime_nsec = mtime_nsec
        self.is_directory = is_directory


class FileIO:
    """A file that is opened when it is first read or written.

    Args:
      name: path.
      mode: "r", "w", "a", with "+" for both ways; "b" added: reads bytes, else str.

    Raises:
      InvalidArgumentError: for other modes.
    """

    def __init__(self, name, mode):
        self.__name = name
        self.__mode = mode
        self._path = _path(name)
        self._binary_mode = "b" in mode
        plain = mode.replace("b", "")
        if plain not in _MODES:
            _fail(
                errors.INVALID_ARGUMENT,
                "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'",
            )
        self._plain_mode = plain
        self._may_read = plain[0] == "r" or plain.endswith("+")
        self._may_write = plain != "r"
        self._reader = self._writer = None

    @property
    def name(self):
        return self.__name

    @property
    def mode(self):
        return self.__mode

    def _reading(self):
        if self._reader is None:
            if not self._may_read:
                _fail(errors.PERMISSION_DENIED, "File isn't open for reading")
            self._reader = _tried(self._path, open, self._path, "rb")
        return self._reader

    def _writing(self):
        if self._writer is None:
            if not self._may_write:
                _fail(errors.PERMISSION_DENIED, "File isn't open for writing")
            mode = "ab" if "a" in self._plain_mode else "wb"
            self._writer = _tried(self._path, open, self._path, mode)
        return self._writer

    def _value(self, data):
        return data if self._binary_mode else data.decode("utf-8")

    def size(self):
        """Bytes in the file."""
        return stat(self._path).length

    def write(self, file_content):
        """Appends str or bytes."""
        if isinstance(file_content, str):
            file_content = file_content.encode("utf-8")
        _tried(self._path, self._writing().write, file_content)

    def read(self, n=-1):
        """The next `n` bytes, or all that follow; as str unless the mode has "b"."""
        return self._value(_tried(self._path, self._reading().read, -1 if n is None else n))

    def seek(self, offset=None, whence=0, position=None):
        """Moves the place from which is read.

        Args:
          offset: int.
          whence: 0 from the beginning, 1 from here, 2 from the end.
          position: old name of `offset`.

        Raises:
          OutOfRangeError: behind the end of the file.
          InvalidArgumentError: before its beginning, or for another `whence`.
        """
        reader = self._reading()
        if offset is None:
            offset = position
        if offset is None:
            raise TypeError("seek(): offset argument required")
        if whence not in (0, 1, 2):
            _fail(
                errors.INVALID_ARGUMENT,
                f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2.",
            )
        size = os.fstat(reader.fileno()).st_size
        target = offset + (0, reader.tell(), size)[whence]
        if target < 0:
            _fail(errors.INVALID_ARGUMENT, "Seeking to a negative position: %d" % target)
        reader.seek(min(target, size))
        if target > size:
            _fail(errors.OUT_OF_RANGE, "reached end of file")

    def tell(self):
        """The place from which is read, or at which is written."""
        return self._reading().tell() if self._may_read else self._writing().tell()

    def readline(self):
        """The next line with its end; empty when there is none."""
        return self._value(_tried(self._path, self._reading().readline))

    def readlines(self):
        """The lines that follow."""
        return list(iter(self.readline, b"" if self._binary_mode else ""))

    def seekable(self):
        return True

    def flush(self):
        """Hands what was written to the system."""
        if self._writer is not None:
            _tried(self._path, self._writer.flush)

    def close(self):
        """Closes the file; later use opens it again."""
        reader, writer, self._reader, self._writer = self._reader, self._writer, None, None
        if reader is not None:
            reader.close()
        if writer is not None:
            _tried(self._path, writer.close)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __iter__(self):
        return self

    def next(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    __next__ = next


class GFile(FileIO):
    """A file. As in TensorFlow it is opened when it is first used.

    Args:
      name: path.
      mode: as of `open`: "r", "w", "a", with "+" and "b".
    """

    def __init__(self, name, mode="r"):
        super().__init__(name=name, mode=mode)


class FastGFile(FileIO):
    """Another name of `GFile`."""

    def __init__(self, name, mode="r"):
        super().__init__(name=name, mode=mode)


def file_exists_v2(path):
    """Whether there is a file or folder of this name."""
    try:
        return os.path.exists(_path(path))
    except ValueError:
        return False


def file_exists(filename):
    """Whether there is a file or folder of this name."""
    return file_exists_v2(filename)


def is_directory_v2(path):
    """Whether there is a folder of this name."""
    try:
        return os.path.isdir(_path(path))
    except ValueError:
        return False


def is_directory(dirname):
    """Whether there is a folder of this name."""
    return is_directory_v2(dirname)


def list_directory_v2(path):
    """Names in a folder, in no order. Raises NotFoundError where there is no folder."""
    path = _path(path)
    if not is_directory_v2(path):
        _fail(errors.NOT_FOUND, "Could not find directory " + path)
    return _tried(path, os.listdir, path)


def list_directory(dirname):
    """Names in a folder, in no order. Raises NotFoundError where there is no folder."""
    return list_directory_v2(dirname)


def create_dir_v2(path):
    """Makes a folder in one that exists; nothing happens where there is one already."""
    path = _path(path)
    if not is_directory_v2(path):
        _tried(path, os.mkdir, path)


def create_dir(dirname):
    """Makes a folder in one that exists; nothing happens where there is one already."""
    create_dir_v2(dirname)


def recursive_create_dir_v2(path):
    """Makes a folder, and those above it that are missing."""
    path = _path(path)
    _tried(path, lambda: os.makedirs(path, exist_ok=True))


def recursive_create_dir(dirname):
    """Makes a folder, and those above it that are missing."""
    recursive_create_dir_v2(dirname)


def delete_file_v2(path):
    """Removes a file. Raises NotFoundError, or FailedPreconditionError for a folder."""
    path = _path(path)
    if is_directory_v2(path) and not os.path.islink(path):
        raise _files.error_of(OSError(errno.EISDIR, os.strerror(errno.EISDIR)), path)
    _tried(path, os.remove, path)


def delete_file(filename):
    """Removes a file. Raises NotFoundError, or FailedPreconditionError for a folder."""
    delete_file_v2(filename)


def delete_recursively_v2(path):
    """Removes a folder with all that is in it."""
    path = _path(path)
    if not os.path.lexists(path):
        _fail(errors.NOT_FOUND, path + " not found")
    if not os.path.isdir(path):
        raise _files.error_of(OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), path)
    _tried(path, shutil.rmtree, path)


def delete_recursively(dirname):
    """Removes a folder with all that is in it."""
    delete_recursively_v2(dirname)


def get_matching_files_v2(pattern):
    """Paths that match a shell pattern, or one of several; "./" stands before plain names."""
    patterns = [pattern] if isinstance(pattern, (str, bytes, os.PathLike)) else pattern
    found = []
    for one in map(_path, patterns):
        one = one if os.path.dirname(one) else os.path.join(".", one)
        found += sorted(_glob.glob(one))
    return found


def get_matching_files(filename):
    """Paths that match a shell pattern, or one of several; "./" stands before plain names."""
    return get_matching_files_v2(filename)


def copy_v2(src, dst, overwrite=False):
    """Copies a file. Raises AlreadyExistsError unless `overwrite`."""
    src, dst = _path(src), _path(dst)
    _check_free(dst, overwrite)
    if is_directory_v2(src):
        raise _files.error_of(OSError(errno.EISDIR, os.strerror(errno.EISDIR)), src)
    if not os.path.exists(src):
        raise _files.error_of(OSError(errno.ENOENT, os.strerror(errno.ENOENT)), src)
    _tried(dst, shutil.copyfile, src, dst)


def copy(oldpath, newpath, overwrite=False):
    """Copies a file. Raises AlreadyExistsError unless `overwrite`."""
    copy_v2(oldpath, newpath, overwrite)


def rename_v2(src, dst, overwrite=False):
    """Gives a file or folder another name. Raises AlreadyExistsError unless `overwrite`."""
    src, dst = _path(src), _path(dst)
    _check_free(dst, overwrite)
    _tried(src, os.replace, src, dst)


def rename(oldname, newname, overwrite=False):
    """Gives a file or folder another name. Raises AlreadyExistsError unless `overwrite`."""
    rename_v2(oldname, newname, overwrite)


def _check_free(path, overwrite):
    if not overwrite and os.path.lexists(path):
        _fail(errors.ALREADY_EXISTS, "file already exists")


def stat_v2(path):
    """`FileStatistics` of a file or folder. Raises NotFoundError."""
    path = _path(path)
    found = _tried(path, os.stat, path)
    return FileStatistics(found.st_size, found.st_mtime_ns, _stat.S_ISDIR(found.st_mode))


def stat(filename):
    """`FileStatistics` of a file or folder. Raises NotFoundError."""
    return stat_v2(filename)


def walk_v2(top, topdown=True, onerror=None):
    """Goes through a folder and those below: (path, names of folders, names of files) of each.

    Args:
      top: path.
      topdown: a folder comes before those in it, or after.
      onerror: called with the error of a folder that cannot be read.
    """
    top = _path(top)
    try:
        names = list_directory_v2(top)
    except errors.NotFoundError as error:
        if onerror is not None:
            onerror(error)
        return
    folders = sorted(n for n in names if is_directory_v2(os.path.join(top, n)))
    here = (top, folders, sorted(set(names) - set(folders)))
    if topdown:
        yield here
    for name in folders:
        yield from walk_v2(os.path.join(top, name), topdown, onerror)
    if not topdown:
        yield here


def walk(top, in_order=True):
    """Goes through a folder and those below: (path, names of folders, names of files) of each."""
    return walk_v2(top, in_order)


def read_file_to_string(filename, binary_mode=False):
    """All of a file."""
    with FileIO(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename, file_content):
    """Replaces a file."""
    with FileIO(filename, "w") as file:
        file.write(file_content)


def atomic_write_string_to_file(filename, contents, overwrite=True):
    """Replaces a file in one step: readers see the old or the new one."""
    path = _path(filename)
    _check_free(path, overwrite)
    _files.write(path, contents)


def file_crc32(filename, block_size=2**24):
    """The CRC-32 of a file as hexadecimal text."""
    import zlib

    crc = 0
    with FileIO(filename, "rb") as file:
        while chunk := file.read(block_size):
            crc = zlib.crc32(chunk, crc)
    return hex(crc & 0xFFFFFFFF)


def filecmp(filename_a, filename_b):
    """Whether two files are the same."""
    if stat(filename_a).length != stat(filename_b).length:
        return False
    return read_file_to_string(filename_a, True) == read_file_to_string(filename_b, True)
