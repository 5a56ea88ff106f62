# SPDX-License-Identifier: Apache-2.0
"""Sets in the last dimension of tensors: the table of contents of `sets`."""
# ruff: noqa: F401

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.set_ops import set_difference, set_intersection, set_size, set_union

difference, intersection, size, union = set_difference, set_intersection, set_size, set_union

__getattr__ = _module_getattr("sets")
