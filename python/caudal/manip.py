# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401, I001
"""Contents of `tf.manip`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.array_ops import gather_nd, reshape, reverse, scatter_nd, tile
from caudal.ops.array_ops import batch_to_space_nd, space_to_batch_nd

__getattr__ = _module_getattr("manip", {"caudal.ops.search_ops": "roll"})
