# SPDX-License-Identifier: Apache-2.0
"""Versions: of the TensorFlow API that is offered, and of this library."""

from caudal import _core

VERSION = __version__ = "1.15.5"  # of the API: programs compare it
LIBRARY_VERSION = _core.version()
GIT_VERSION = __git_version__ = "caudal-" + LIBRARY_VERSION
COMPILER_VERSION = __compiler_version__ = "g++"
CXX11_ABI_FLAG = __cxx11_abi_flag__ = 1
MONOLITHIC_BUILD = __monolithic_build__ = 0
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0
