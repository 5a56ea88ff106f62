# SPDX-License-Identifier: Apache-2.0
"""Where the C++ package inside this installation is, for programs that embed the engine."""

import pathlib

_PACKAGE = pathlib.Path(__file__).resolve().parent


def _folder(name):
    path = _PACKAGE / name
    if not path.is_dir():
        raise FileNotFoundError(f"{path} does not exist: caudal runs from its source tree")
    return str(path)


def get_cmake_dir():
    """Folder of caudalConfig.cmake: pass it to CMake as -Dcaudal_DIR=..."""
    return _folder("cmake")


def get_include():
    """Folder of the public C++ headers, to be included as "caudal/session.h"."""
    return _folder("include")
