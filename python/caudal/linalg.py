# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401, I001
"""Contents of `tf.linalg`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.nn import l2_normalize
from caudal.ops.array_ops import matrix_band_part as band_part
from caudal.ops.array_ops import matrix_transpose
from caudal.ops.array_ops import diag as tensor_diag
from caudal.ops.array_ops import diag_part as tensor_diag_part
from caudal.ops.array_ops import matrix_transpose as transpose
from caudal.ops.clip_ops import global_norm
from caudal.ops.linalg_ops import adjoint, eye, norm, normalize, qr
from caudal.ops.matmul_ops import matmul, matvec, tensordot, trace
from caudal.ops.space_ops import matrix_diag as diag
from caudal.ops.space_ops import matrix_diag_part as diag_part
from caudal.ops.space_ops import matrix_set_diag as set_diag

__getattr__ = _module_getattr(
    "linalg",
    {
        "caudal.ops.linalg_impl": "cholesky cholesky_solve det eigh eigvalsh expm inv logdet logm "
        "lstsq lu matrix_rank pinv slogdet solve sqrtm svd triangular_solve",
        "caudal.ops.tridiagonal_ops": "tridiagonal_matmul tridiagonal_solve",
        "caudal.ops.einsum_ops": "einsum",
        "caudal.ops.linalg.linear_operator": "LinearOperator",
        "caudal.ops.linalg.plain_operators": "LinearOperatorDiag LinearOperatorFullMatrix "
        "LinearOperatorHouseholder LinearOperatorIdentity LinearOperatorLowerTriangular "
        "LinearOperatorScaledIdentity LinearOperatorZeros",
        "caudal.ops.linalg.combined_operators": "LinearOperatorAdjoint LinearOperatorBlockDiag "
        "LinearOperatorComposition LinearOperatorInversion LinearOperatorKronecker "
        "LinearOperatorLowRankUpdate",
        "caudal.ops.linalg.structured_operators": "LinearOperatorCirculant "
        "LinearOperatorCirculant2D LinearOperatorCirculant3D LinearOperatorToeplitz",
        "caudal.ops.special_math_ops": "cross",
    },
)
