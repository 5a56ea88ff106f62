# SPDX-License-Identifier: Apache-2.0
"""Where the C++ package inside this installation is, for programs that embed the engine."""

import os

_PACKAGE = os.path.dirname(os.path.realpath(__file__))


def _folder(name):
    path = os.path.join(_PACKAGE, name)
    if not os.path.isdir(path):
        raise FileNotFoundError(f"{path} does not exist: caudal runs from its source tree")
    return path


def get_cmake_dir():
    """Folder of caudalConfig.cmake: pass it to CMake as -Dcaudal_DIR=..."""
    return _folder("cmake")


def get_include():
    """Folder of the public C++ headers, to be included as "caudal/session.h"."""
    return _folder("include")
