# SPDX-License-Identifier: Apache-2.0
"""Models in the clothes of other libraries."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr("keras.wrappers", {"caudal.keras.wrappers.scikit_learn": "@"})
