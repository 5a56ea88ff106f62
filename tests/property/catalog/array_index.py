# SPDX-License-Identifier: Apache-2.0
"""Rows by index, segment sums, and ops whose shapes depend on values."""

import numpy as np

from property.catalog import case, const, ints, op, real

INDEX = "int32"


def ints_of(a):
    return [int(v) for v in np.asarray(a).ravel()]


# ---- rows by index ---------------------------------------------------------------------------


def gathered(x, indices, axis=0, batch_dims=0):
    axis = int(axis)
    if batch_dims == 0:
        return np.take(x, indices, axis)
    rows = [gathered(a, i, axis - 1, batch_dims - 1) for a, i in zip(x, indices)]
    return np.stack(rows)


op(
    "Gather",
    lambda x, indices, validate_indices=True: x[indices],
    cases=[
        case(real()[4, 3], ints(0, 4)[5]),
        case(real()[4], ints(0, 4, "int64")[2, 3]),
        case(real()[4, 2], ints(0, 4)[()]),
    ],
    bad=[case(real()[3], const([3])), case(real()[3], const([-1]))],
)
op(
    "GatherV2",
    gathered,
    cases=[
        case(real()[4, 3], ints(0, 4)[5], const(0)),
        case(real()[4, 3], ints(0, 3, "int64")[2, 2], const(1)),
        case(real()[2, 3, 4], ints(0, 3)[()], const(-2, "int64")),
        case(real()[4, 0], ints(0, 4)[2], const(0)),
        case(real()[4, 3], ints(0, 4)[0], const(0)),
        case(real()[2, 4, 3], ints(0, 4)[2, 5], const(1), batch_dims=1),
        case(real()[2, 3, 4], ints(0, 4)[2, 2], const(2), batch_dims=1),
        case(real()[2, 2, 4, 3], ints(0, 4)[2, 2, 2], const(2), batch_dims=2),
    ],
    bad=[
        case(real()[3, 2], const([0, 3]), const(0)),
        case(real()[3, 2], const([[-1]]), const(1)),
        case(real()[3, 2], const([0]), const(2)),
        case(real()[2, 3], const([[0], [0], [0]]), const(1), batch_dims=1),
    ],
)
op(
    "GatherNd",
    lambda x, indices: x[tuple(np.moveaxis(indices, -1, 0))],
    cases=[
        case(real()[3, 4], ints(0, 3)[5, 2]),
        case(real()[3, 4], ints(0, 3, "int64")[2, 2, 1]),
        case(real()[3, 3, 2], ints(0, 3)[4, 2]),
        case(real()[3, 4], ints(0, 3)[0, 2]),
    ],
    bad=[
        case(real()[3, 4], const([[0, 4]])),
        case(real()[3, 4], const([[0, 0, 0]])),
        case(real()[3], const([[-1]])),
    ],
)


def scatter_add(out, indices, updates):
    np.add.at(out, tuple(np.moveaxis(indices, -1, 0)), updates)
    return out


def scatter_set(x, indices, updates):
    out = x.copy()
    for index, update in zip(indices.reshape(-1, indices.shape[-1]), updates):
        out[tuple(index)] = update
    return out


op(
    "ScatterNd",
    lambda indices, updates, shape: scatter_add(
        np.zeros(ints_of(shape), updates.dtype), indices, updates
    ),
    cases=[
        case(ints(0, 3)[5, 1], real()[5, 2], const([3, 2])),
        case(ints(0, 2, "int64")[4, 2], real()[4], const([2, 3], "int64")),
        case(ints(0, 2)[2, 2, 1], real()[2, 2], const([4])),
        case(ints(0, 2)[0, 1], real()[0, 2], const([3, 2])),
    ],
    bad=[
        case(const([[3]]), real()[1], const([3])),
        case(const([[1]]), real()[2], const([3])),
        case(const([[1]]), real()[1, 2], const([3, 3])),
    ],
)
for name, reference in {
    "TensorScatterAdd": lambda x, i, u: scatter_add(x.copy(), i, u),
    "TensorScatterSub": lambda x, i, u: scatter_add(x.copy(), i, (0 - u).astype(u.dtype)),
    "TensorScatterUpdate": scatter_set,
}.items():
    op(
        name,
        reference,
        cases=[
            case(real()[4, 2], const([[0], [2]]), real()[2, 2]),
            case(real()[2, 3], const([[1, 2], [0, 0]], "int64"), real()[2]),
            case(real()[2, 3], const(np.zeros((0, 1), INDEX)), real()[0, 3]),
        ],
        bad=[
            case(real()[2, 3], const([[2]]), real()[1, 3]),
            case(real()[2, 3], const([[1]]), real()[2, 3]),
        ],
    )


def one_hot(indices, depth, on, off, axis=-1):
    hit = np.expand_dims(indices, axis) == np.moveaxis(
        np.arange(int(depth)).reshape([int(depth)] + [1] * indices.ndim), 0, axis
    )
    return np.where(hit, on, off)


op(
    "OneHot",
    one_hot,
    cases=[
        case(ints(-1, 4)[5], const(3), real()[()], real()[()]),
        case(ints(0, 3, "int64")[2, 3], const(3), real()[()], real()[()], axis=0),
        case(ints(0, 3, "uint8")[2, 3], const(4), real()[()], real()[()], axis=1),
        case(ints(0, 3)[()], const(3), real()[()], real()[()]),
        case(ints(0, 3)[2], const(0), real()[()], real()[()]),
    ],
    bad=[
        case(ints(0, 3)[2], const(-1), real()[()], real()[()]),
        case(ints(0, 3)[2], const(3), real()[()], real()[()], axis=2),
        case(ints(0, 3)[2], const(3), real()[1], real()[()]),
    ],
)


def segment_sum(x, ids, count):
    out = np.zeros((int(count), *x.shape[ids.ndim :]), x.dtype)
    keep = ids >= 0
    np.add.at(out, ids[keep], x[keep])
    return out


op(
    "UnsortedSegmentSum",
    segment_sum,
    cases=[
        case(real()[5, 2], ints(-1, 3)[5], const(3)),
        case(real()[2, 3], ints(0, 4, "int64")[2, 3], const(4)),
        case(real()[0, 2], ints(0, 1)[0], const(2)),
        case(real()[3], const([1, 0, 1]), const(2)),
    ],
    bad=[
        case(real()[2], const([0, 3]), const(3)),
        case(real()[2], const([0, 0, 0]), const(3)),
        case(real()[2], const([0, 0]), const(-1)),
    ],
)
op(
    "SegmentSum",
    lambda x, ids: segment_sum(x, ids, ids[-1] + 1 if len(ids) else 0),
    cases=[
        case(real()[4, 2], const([0, 0, 1, 3])),
        case(real()[3], const([1, 1, 1], "int64")),
        case(real()[0, 2], const(np.zeros(0, INDEX))),
    ],
    bad=[case(real()[2], const([1, 0])), case(real()[2], const([0])), case(real()[1], const([-1]))],
)

# ---- shapes that depend on values ------------------------------------------------------------


def unique(x, out_idx=INDEX):
    values, first, where, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    where = rank[where.ravel()] if len(order) else where.ravel()
    return values[order], where.astype(out_idx), counts[order].astype(out_idx)


op("Where", lambda x: np.argwhere(x), real(-1, 1), grad=False)
op(
    "Unique",
    lambda x, out_idx=INDEX: unique(x, out_idx)[:2],
    cases=[
        case(ints(0, 4, None)[9]),
        case(ints(0, 4, None)[0]),
        case(ints(0, 2, None)[5], out_idx="int64"),
    ],
    bad=[case(real()[2, 2])],
    grad=False,
)
op(
    "UniqueWithCounts",
    unique,
    cases=[case(ints(0, 4, None)[9]), case(ints(0, 2, None)[5], out_idx="int64")],
    bad=[case(real()[2, 2])],
    grad=False,
)


def list_diff(x, y, out_idx=INDEX):
    keep = np.flatnonzero(~np.isin(x, y))
    return x[keep], keep.astype(out_idx)


op(
    "ListDiff",
    list_diff,
    cases=[
        case(ints(0, 6, None)[9], ints(0, 4, None)[3]),
        case(ints(0, 6, None)[0], ints(0, 4, None)[3]),
        case(ints(0, 2, None)[4], ints(0, 2, None)[0], out_idx="int64"),
    ],
    bad=[case(real()[2, 2], real()[2])],
    grad=False,
)
op(
    "DynamicPartition",
    lambda x, p, num_partitions: [x[p == k] for k in range(num_partitions)],
    cases=[
        case(real()[5, 2], ints(0, 3)[5], num_partitions=3),
        case(real()[2, 3], ints(0, 2)[2, 3], num_partitions=2),
        case(real()[0, 2], ints(0, 2)[0], num_partitions=2),
    ],
    bad=[
        case(real()[2], const([0, 2]), num_partitions=2),
        case(real()[2], const([0, 1, 0]), num_partitions=2),
    ],
)


def stitch(indices, data):
    size = max([int(i.max()) + 1 for i in indices if i.size] or [0])
    tail = data[0].shape[indices[0].ndim :]
    out = np.zeros((size, *tail), data[0].dtype)
    for i, d in zip(indices, data):
        out[i.ravel()] = d.reshape(-1, *tail)
    return out


for name in ("DynamicStitch", "ParallelDynamicStitch"):
    op(
        name,
        stitch,
        cases=[
            case([const([0, 2]), const([1, 3])], [real()[2, 3], real()[2, 3]]),
            case([const(1), const([[0, 4]])], [real()[2], real()[1, 2, 2]]),
            case([const(np.zeros(0, INDEX))], [real()[0, 2]]),
        ],
        bad=[
            case([const([0, -1])], [real()[2]]),
            case([const([0]), const([1])], [real()[1, 2], real()[1, 3]]),
        ],
    )
