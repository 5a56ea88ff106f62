# SPDX-License-Identifier: Apache-2.0
"""Files from the network, kept in a folder, with their hashes checked and archives unpacked."""

import hashlib
import os
import pathlib
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import uuid
import zipfile

from caudal.keras.utils.progbar import Progbar

_TIMEOUT = 60  # seconds without a byte
_CHUNK = 1 << 16


def get_file(
    fname,
    origin,
    untar=False,
    md5_hash=None,
    file_hash=None,
    cache_subdir="datasets",
    hash_algorithm="auto",
    extract=False,
    archive_format="auto",
    cache_dir=None,
):
    """The path of a file, which is downloaded unless it is in the cache.

    Args:
      fname: its name in the cache; a full path is taken as it is.
      origin: URL to get it from.
      untar: whether it is an archive: it is kept as `fname`.tar.gz and unpacked to `fname`.
      md5_hash: old way to give `file_hash`.
      file_hash: the hash that the file must have, md5 or sha256; another file is replaced.
      cache_subdir: folder inside of the cache.
      hash_algorithm: "md5", "sha256", or "auto": by the length of the hash.
      extract: whether an archive is unpacked next to itself.
      archive_format: "auto", "tar", "zip", a list of these, or None for no unpacking.
      cache_dir: folder of the cache; None takes $KERAS_HOME or ~/.keras.

    Returns:
      Path of the file; with `untar`, of what was unpacked.

    Raises:
      OSError: when it cannot be downloaded; the message says where to put the file by hand.
      ValueError: when what came has another hash, or an archive has paths outside of its folder.
    """
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    folder = _cache_folder(cache_dir, cache_subdir)
    target = os.path.join(folder, fname)
    path = target + ".tar.gz" if untar else target

    def is_valid(file):
        return file_hash is None or validate_file(file, file_hash, algorithm=hash_algorithm)

    if not os.path.exists(path):
        if not (untar and file_hash is None and os.path.isdir(target)):
            _download(origin, path, is_valid)
    elif not is_valid(path):
        print(
            "A local file was found, but it seems to be incomplete or outdated because the %s "
            "file hash does not match the original value of %s so we will re-download the data."
            % (hash_algorithm, file_hash)
        )
        _download(origin, path, is_valid)

    if untar:
        if not os.path.exists(target):
            try:
                _extract_archive(path, folder, archive_format="tar")
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
        return target
    if extract:
        _extract_archive(path, folder, archive_format)
    return path


def _cache_folder(cache_dir, cache_subdir):
    """The folder for cached files, made if need be; one for temporary files if that fails."""
    if cache_dir is None:
        cache_dir = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    cache_dir = os.path.expanduser(cache_dir)
    try:
        os.makedirs(cache_dir, exist_ok=True)
    except OSError:
        pass
    if not os.access(cache_dir, os.W_OK):
        cache_dir = os.path.join(tempfile.gettempdir(), ".keras")
    folder = os.path.join(cache_dir, cache_subdir)
    os.makedirs(folder, exist_ok=True)
    return folder


def _download(origin, path, is_valid):
    """Writes `path` only when all has come and `is_valid` accepts it."""
    print("Downloading data from", origin)
    partial = "%s.%s.part" % (path, uuid.uuid4().hex)
    try:
        try:
            with urllib.request.urlopen(origin, timeout=_TIMEOUT) as response:
                with open(partial, "wb") as file:
                    _copy(response, file)
        except urllib.error.HTTPError as error:
            raise _cannot_fetch(origin, path, error.code, error.msg) from None
        except urllib.error.URLError as error:
            raise _cannot_fetch(origin, path, error.errno, error.reason) from None
        except OSError as error:
            raise _cannot_fetch(origin, path, error.errno, error) from None
        if not is_valid(partial):
            raise ValueError(
                "The file that came from %s does not have the hash that is expected of %s."
                % (origin, os.path.basename(path))
            )
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def _copy(response, file):
    size = response.headers.get("Content-Length")
    size = int(size) if size and size.strip().isdigit() else None
    bar = Progbar(size)
    done = 0
    while chunk := response.read(_CHUNK):
        file.write(chunk)
        done += len(chunk)
        bar.update(done)
    if size is not None and done < size:
        raise OSError("only %d of %d bytes came" % (done, size))


def _cannot_fetch(origin, path, code, reason):
    return OSError(
        "URL fetch failure on %s: %s -- %s. On a machine without network access, get the file "
        "elsewhere and put it into the folder %s under the name %s."
        % (origin, code, reason, os.path.dirname(os.path.abspath(path)), os.path.basename(path))
    )


_ARCHIVES = {
    "tar": (tarfile.is_tarfile, tarfile.open),
    "zip": (zipfile.is_zipfile, zipfile.ZipFile),
}


def _extract_archive(file_path, path=".", archive_format="auto"):
    """Unpacks a tar or zip file into a folder.

    Args:
      file_path: the file.
      path: the folder.
      archive_format: "auto", "tar", "zip", a list of these, or None.

    Returns:
      Whether the file was such an archive.

    Raises:
      ValueError: for members or links that lead out of the folder; then nothing is unpacked.
    """
    if archive_format is None:
        return False
    if archive_format == "auto":
        archive_format = ["tar", "zip"]
    elif isinstance(archive_format, str):
        archive_format = [archive_format]
    for kind in archive_format:
        if kind not in _ARCHIVES:
            raise ValueError("Unknown archive format: %r; known are tar and zip." % (kind,))
        is_match, opener = _ARCHIVES[kind]
        if is_match(file_path):
            with opener(file_path) as archive:
                if kind == "zip":
                    names = archive.namelist()
                else:
                    names = _tar_names(archive, file_path)
                for name in names:
                    _check_inside(name, file_path)
                safe = kind == "tar" and hasattr(tarfile, "data_filter")
                archive.extractall(path, **({"filter": "data"} if safe else {}))
            return True
    return False


def _tar_names(archive, file_path):
    names = []
    for member in archive.getmembers():
        if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
            raise ValueError("%s in %s is neither a file nor a folder." % (member.name, file_path))
        names.append(member.name)
        if member.issym() or member.islnk():
            names.append(member.linkname)
    return names


def _check_inside(name, file_path):
    parts = pathlib.PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or name[1:3] in (":/", ":\\"):
        raise ValueError(
            "The archive %s has the path %r, which could lead out of the folder that it is "
            "unpacked to." % (file_path, name)
        )


def _hash_file(fpath, algorithm="sha256", chunk_size=65535):
    """Hash of a file as hexadecimal text.

    Args:
      fpath: path of the file.
      algorithm: "md5"; all else means sha256.
      chunk_size: bytes read at a time.
    """
    if algorithm == "md5":
        digest = hashlib.md5(usedforsecurity=False)
    else:
        digest = hashlib.sha256()
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def validate_file(fpath, file_hash, algorithm="auto", chunk_size=65535):
    """Whether a file has a hash.

    Args:
      fpath: path of the file.
      file_hash: md5 or sha256 hash as hexadecimal text.
      algorithm: "md5", "sha256", or "auto": by the length of the hash.
      chunk_size: bytes read at a time.
    """
    if algorithm == "auto":
        algorithm = "sha256" if len(file_hash) == 64 else "md5"
    return _hash_file(fpath, algorithm, chunk_size) == str(file_hash).lower()
