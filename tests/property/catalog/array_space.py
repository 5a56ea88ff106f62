# SPDX-License-Identifier: Apache-2.0
"""Diagonals and bands of matrices; exchanges of space with depth and with the batch."""

import numpy as np

from property.catalog import case, const, op, real

INDEX = "int32"


def ints_of(a):
    return [int(v) for v in np.asarray(a).ravel()]


def matrix_diag(d):
    out = np.zeros((*d.shape, d.shape[-1]), d.dtype)
    i = np.arange(d.shape[-1])
    out[..., i, i] = d
    return out


def set_diag(x, d):
    out = x.copy()
    i = np.arange(d.shape[-1])
    out[..., i, i] = d
    return out


def band(x, lower, upper):
    i, j = np.indices(x.shape[-2:])
    lower, upper = int(lower), int(upper)
    keep = ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))
    return np.where(keep, x, 0).astype(x.dtype)


op(
    "MatrixDiag",
    matrix_diag,
    cases=[case(real()[3]), case(real()[2, 3]), case(real()[2, 0])],
    bad=[case(real()[()])],
)
op(
    "MatrixDiagPart",
    lambda x: np.diagonal(x, axis1=-2, axis2=-1),
    cases=[case(real()[3, 3]), case(real()[2, 3, 4]), case(real()[4, 2]), case(real()[0, 2])],
    bad=[case(real()[3])],
)
op(
    "MatrixSetDiag",
    set_diag,
    cases=[case(real()[3, 3], real()[3]), case(real()[2, 3, 4], real()[2, 3])],
    bad=[case(real()[3, 3], real()[2]), case(real()[3], real()[3])],
)
op(
    "MatrixBandPart",
    band,
    cases=[
        case(real()[4, 5], const(a, t), const(b, t))
        for a, b, t in ((1, 0, "int64"), (-1, 1, INDEX), (0, -1, INDEX), (2, 2, INDEX))
    ]
    + [case(real()[2, 3, 3], const(1), const(1)), case(real()[0, 3], const(0), const(0))],
    bad=[case(real()[3, 3], const(4), const(0)), case(real()[3], const(0), const(0))],
)
op(
    "Diag",
    lambda d: np.diag(d.ravel()).reshape(d.shape * 2),
    cases=[case(real()[3]), case(real()[2, 3]), case(real()[0])],
    bad=[case(real()[()])],
)
op(
    "DiagPart",
    lambda x: np.diagonal(x.reshape([int(np.sqrt(x.size))] * 2)).reshape(x.shape[: x.ndim // 2]),
    cases=[case(real()[3, 3]), case(real()[2, 3, 2, 3])],
    bad=[case(real()[3, 2]), case(real()[3])],
)


def to_depth(x, block_size, data_format="NHWC"):
    x = np.moveaxis(x, 1, -1) if data_format == "NCHW" else x
    n, h, w, c = x.shape
    b = block_size
    y = x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
    y = y.reshape(n, h // b, w // b, b * b * c)
    return np.moveaxis(y, -1, 1) if data_format == "NCHW" else y


def to_space(x, block_size, data_format="NHWC"):
    x = np.moveaxis(x, 1, -1) if data_format == "NCHW" else x
    n, h, w, c = x.shape
    b = block_size
    y = x.reshape(n, h, w, b, b, c // b // b).transpose(0, 1, 3, 2, 4, 5)
    y = y.reshape(n, h * b, w * b, c // b // b)
    return np.moveaxis(y, -1, 1) if data_format == "NCHW" else y


op(
    "SpaceToDepth",
    to_depth,
    cases=[
        case(real()[2, 4, 6, 3], block_size=2),
        case(real()[1, 6, 3, 1], block_size=3),
        case(real()[2, 3, 4, 2], block_size=2, data_format="NCHW"),
    ],
    bad=[case(real()[1, 3, 4, 1], block_size=2), case(real()[2, 2, 2], block_size=2)],
)
op(
    "DepthToSpace",
    to_space,
    cases=[
        case(real()[2, 2, 3, 8], block_size=2),
        case(real()[1, 1, 2, 9], block_size=3),
        case(real()[2, 4, 3, 2], block_size=2, data_format="NCHW"),
    ],
    bad=[case(real()[1, 2, 2, 3], block_size=2), case(real()[2, 2, 4], block_size=2)],
)


def to_batch(x, blocks, paddings):
    blocks, m = ints_of(blocks), len(ints_of(blocks))
    pairs = [(0, 0), *np.asarray(paddings).tolist()] + [(0, 0)] * (x.ndim - 1 - m)
    x = np.pad(x, pairs)
    n, rest = x.shape[0], x.shape[1 + m :]
    outer = [d // b for d, b in zip(x.shape[1:], blocks)]
    x = x.reshape([n] + [v for pair in zip(outer, blocks) for v in pair] + list(rest))
    order = [2 * i + 2 for i in range(m)] + [0] + [2 * i + 1 for i in range(m)]
    x = x.transpose(order + list(range(2 * m + 1, x.ndim)))
    return x.reshape([n * int(np.prod(blocks))] + outer + list(rest))


def from_batch(x, blocks, crops):
    blocks, m = ints_of(blocks), len(ints_of(blocks))
    n, inner, rest = x.shape[0] // int(np.prod(blocks)), x.shape[1 : 1 + m], x.shape[1 + m :]
    x = x.reshape([*blocks, n, *inner, *rest])
    order = [m] + [v for i in range(m) for v in (m + 1 + i, i)]
    x = x.transpose(order + list(range(2 * m + 1, x.ndim)))
    x = x.reshape([n] + [a * b for a, b in zip(inner, blocks)] + list(rest))
    pairs = np.asarray(crops).tolist()
    return x[(slice(None), *[slice(a, x.shape[i + 1] - b) for i, (a, b) in enumerate(pairs)])]


op(
    "SpaceToBatchND",
    to_batch,
    cases=[
        case(real()[1, 4, 4, 2], const([2, 2]), const([[0, 0], [0, 0]])),
        case(real()[2, 5, 4], const([3], "int64"), const([[1, 0]], "int64")),
        case(real()[1, 3, 4, 1], const([2, 3]), const([[1, 2], [0, 2]])),
    ],
    bad=[
        case(real()[1, 3, 4, 1], const([2, 2]), const([[0, 0], [0, 0]])),
        case(real()[1, 4], const([2]), const([[-1, 1]])),
        case(real()[1, 4], const([0]), const([[0, 0]])),
    ],
)
op(
    "BatchToSpaceND",
    from_batch,
    cases=[
        case(real()[4, 2, 2, 2], const([2, 2]), const([[0, 0], [0, 0]])),
        case(real()[6, 2, 3], const([3], "int64"), const([[1, 0]], "int64")),
        case(real()[6, 3, 2, 1], const([2, 3]), const([[1, 2], [0, 4]])),
    ],
    bad=[
        case(real()[3, 2, 2, 1], const([2, 2]), const([[0, 0], [0, 0]])),
        case(real()[2, 2], const([2]), const([[3, 2]])),
    ],
)
op(
    "SpaceToBatch",
    lambda x, paddings, block_size: to_batch(x, [block_size] * 2, paddings),
    cases=[case(real()[1, 3, 4, 2], const([[1, 0], [0, 0]]), block_size=2)],
    bad=[case(real()[1, 3, 4, 2], const([[0, 0], [0, 0]]), block_size=2)],
)
op(
    "BatchToSpace",
    lambda x, crops, block_size: from_batch(x, [block_size] * 2, crops),
    cases=[case(real()[4, 2, 2, 2], const([[1, 0], [0, 1]]), block_size=2)],
    bad=[case(real()[3, 2, 2, 2], const([[0, 0], [0, 0]]), block_size=2)],
)
