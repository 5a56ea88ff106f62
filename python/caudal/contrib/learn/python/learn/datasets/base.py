# SPDX-License-Identifier: Apache-2.0
"""Data sets in parts, and getting their files."""

import collections
import os
import shutil
import tempfile
import urllib.request

__all__ = ["Dataset", "Datasets", "maybe_download"]

Dataset = collections.namedtuple("Dataset", ["data", "target"])
Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])

_TIMEOUT = 30  # seconds


def maybe_download(filename, work_directory, source_url):
    """The path of a file, which is downloaded if it is not there.

    Args:
      filename: its name.
      work_directory: folder of the file; made if it does not exist.
      source_url: where to get it.

    Raises:
      OSError: if it is not there and cannot be downloaded.
    """
    os.makedirs(work_directory, exist_ok=True)
    path = os.path.join(work_directory, filename)
    if os.path.exists(path):
        return path
    handle, partial = tempfile.mkstemp(dir=work_directory, prefix=filename + ".")
    try:
        with os.fdopen(handle, "wb") as out:
            with urllib.request.urlopen(source_url, timeout=_TIMEOUT) as response:
                shutil.copyfileobj(response, out)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
    print("Successfully downloaded", filename, os.path.getsize(path), "bytes.")
    return path
