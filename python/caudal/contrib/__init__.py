# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib`: submodules load when they are first asked for."""

import pkgutil as _pkgutil

import caudal.python  # noqa: F401  # finds contrib's internal paths
from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib", {"caudal.contrib." + found.name: "@" for found in _pkgutil.iter_modules(__path__)}
)
