# SPDX-License-Identifier: Apache-2.0
"""Tensors whose rows have different lengths: the table of contents of `ragged`."""
# ruff: noqa: F401

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.ragged.ragged_factory import (
    constant,
    constant_value,
    map_flat_values,
    placeholder,
    row_splits_to_segment_ids,
    segment_ids_to_row_splits,
)
from caudal.ops.ragged.ragged_factory import ragged_range as range  # noqa: A004
from caudal.ops.ragged.ragged_tensor import RaggedTensorValue

__getattr__ = _module_getattr("ragged")
