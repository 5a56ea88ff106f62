# SPDX-License-Identifier: Apache-2.0
"""Sparse tensors: the table of contents of `sparse`."""
# ruff: noqa: F401

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops.segment_ops import sparse_segment_mean as segment_mean
from caudal.ops.segment_ops import sparse_segment_sqrt_n as segment_sqrt_n
from caudal.ops.segment_ops import sparse_segment_sum as segment_sum
from caudal.ops.sparse_math_ops import sparse_add as add
from caudal.ops.sparse_math_ops import sparse_maximum as maximum
from caudal.ops.sparse_math_ops import sparse_minimum as minimum
from caudal.ops.sparse_math_ops import sparse_reduce_max as reduce_max
from caudal.ops.sparse_math_ops import sparse_reduce_max_sparse as reduce_max_sparse
from caudal.ops.sparse_math_ops import sparse_reduce_sum as reduce_sum
from caudal.ops.sparse_math_ops import sparse_reduce_sum_sparse as reduce_sum_sparse
from caudal.ops.sparse_math_ops import sparse_softmax as softmax
from caudal.ops.sparse_math_ops import sparse_tensor_dense_matmul as matmul
from caudal.ops.sparse_math_ops import sparse_tensor_dense_matmul as sparse_dense_matmul
from caudal.ops.sparse_ops import from_dense
from caudal.ops.sparse_ops import sparse_concat as concat
from caudal.ops.sparse_ops import sparse_cross as cross
from caudal.ops.sparse_ops import sparse_cross_hashed as cross_hashed
from caudal.ops.sparse_ops import sparse_expand_dims as expand_dims
from caudal.ops.sparse_ops import sparse_eye as eye
from caudal.ops.sparse_ops import sparse_fill_empty_rows as fill_empty_rows
from caudal.ops.sparse_ops import sparse_mask as mask
from caudal.ops.sparse_ops import sparse_merge as merge
from caudal.ops.sparse_ops import sparse_placeholder as placeholder
from caudal.ops.sparse_ops import sparse_reorder as reorder
from caudal.ops.sparse_ops import sparse_reset_shape as reset_shape
from caudal.ops.sparse_ops import sparse_reshape as reshape
from caudal.ops.sparse_ops import sparse_retain as retain
from caudal.ops.sparse_ops import sparse_slice as slice  # noqa: A004
from caudal.ops.sparse_ops import sparse_split as split
from caudal.ops.sparse_ops import sparse_tensor_to_dense as to_dense
from caudal.ops.sparse_ops import sparse_to_indicator as to_indicator
from caudal.ops.sparse_ops import sparse_transpose as transpose

__all__ = [name for name in dir() if not name.startswith("_")]

__getattr__ = _module_getattr("sparse")
