# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.io.gfile`: files and folders."""

from caudal.io.file_io import GFile
from caudal.io.file_io import copy_v2 as copy
from caudal.io.file_io import create_dir_v2 as mkdir
from caudal.io.file_io import delete_file_v2 as remove
from caudal.io.file_io import delete_recursively_v2 as rmtree
from caudal.io.file_io import file_exists_v2 as exists
from caudal.io.file_io import get_matching_files_v2 as glob
from caudal.io.file_io import is_directory_v2 as isdir
from caudal.io.file_io import list_directory_v2 as listdir
from caudal.io.file_io import recursive_create_dir_v2 as makedirs
from caudal.io.file_io import rename_v2 as rename
from caudal.io.file_io import stat_v2 as stat
from caudal.io.file_io import walk_v2 as walk

__all__ = [
    "GFile", "copy", "exists", "glob", "isdir", "listdir", "makedirs", "mkdir", "remove",
    "rename", "rmtree", "stat", "walk",
]  # fmt: skip
