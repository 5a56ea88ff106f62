# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.gfile`: files and folders."""

from caudal.io.file_io import FastGFile, GFile
from caudal.io.file_io import copy as Copy
from caudal.io.file_io import create_dir as MkDir
from caudal.io.file_io import delete_file as Remove
from caudal.io.file_io import delete_recursively as DeleteRecursively
from caudal.io.file_io import file_exists as Exists
from caudal.io.file_io import get_matching_files as Glob
from caudal.io.file_io import is_directory as IsDirectory
from caudal.io.file_io import list_directory as ListDirectory
from caudal.io.file_io import recursive_create_dir as MakeDirs
from caudal.io.file_io import rename as Rename
from caudal.io.file_io import stat as Stat
from caudal.io.file_io import walk as Walk

Open = GFile

__all__ = [
    "Copy", "DeleteRecursively", "Exists", "FastGFile", "GFile", "Glob", "IsDirectory",
    "ListDirectory", "MakeDirs", "MkDir", "Open", "Remove", "Rename", "Stat", "Walk",
]  # fmt: skip
