# SPDX-License-Identifier: Apache-2.0
"""Reductions over groups of rows, and operations on bits."""

import numpy as np

from property.catalog import case, const, ints, op, real

INTEGERS = "int32 int64 uint8"

op("BitwiseAnd", np.bitwise_and, ints(0, 9, None), ints(0, 9, None), broadcast=True,
   dtypes=INTEGERS)  # fmt: skip
op("BitwiseOr", np.bitwise_or, ints(0, 9, None), ints(0, 9, None), broadcast=True,
   dtypes=INTEGERS)  # fmt: skip
op("BitwiseXor", np.bitwise_xor, ints(0, 9, None), ints(0, 9, None), broadcast=True,
   dtypes=INTEGERS)  # fmt: skip
op("Invert", np.invert, ints(0, 99, None), dtypes=INTEGERS)
op("LeftShift", np.left_shift, ints(0, 9, None), ints(0, 4, None), broadcast=True, dtypes=INTEGERS)
op("RightShift", np.right_shift, ints(-9, 99, None), ints(0, 7, None), broadcast=True,
   dtypes=INTEGERS)  # fmt: skip
op(
    "PopulationCount",
    lambda x: np.vectorize(lambda v: int(v).bit_count(), otypes=[np.uint8])(x),
    ints(0, 99, None),
    dtypes=INTEGERS,
)


def grouped(combine, empty):
    """combine(rows) for each segment, `empty` for those without rows."""

    def reference(x, ids, n=None, **_):
        n = (ids.max() + 1 if ids.size else 0) if n is None else int(n)
        rows = x.reshape((ids.size, *x.shape[ids.ndim :]))
        fill = empty(x.dtype) if callable(empty) else empty
        out = np.full((n, *rows.shape[1:]), fill, x.dtype)
        for k in range(n):
            chosen = rows[ids.ravel() == k]
            if len(chosen):
                out[k] = combine(chosen)
        return out

    return reference


def mean(rows):
    if rows.dtype.kind == "f":
        return rows.mean(0)
    return np.trunc(rows.sum(0, dtype=np.int64) / len(rows)).astype(rows.dtype)


def lowest(dtype):
    # Floats arrive widened; a test does not look at what an empty segment of floats holds.
    return np.iinfo(dtype).min if np.dtype(dtype).kind in "iu" else -np.finfo(dtype).max


def highest(dtype):
    return np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else np.finfo(dtype).max


NUMBERS = "float32 float64 int32 int64 uint8"
SORTED = [
    case(real()[4, 2], const([0, 0, 1, 3])),
    case(real()[3], const([1, 1, 1], "int64")),
    case(real()[0, 2], const(np.zeros(0, "int32"))),
]
BAD_SORTED = [
    case(real()[2], const([1, 0])),
    case(real()[2], const([0])),
    case(real()[1], const([-1])),
]
op("SegmentMean", grouped(mean, 0), cases=SORTED, bad=BAD_SORTED, dtypes=NUMBERS)
op("SegmentProd", grouped(lambda r: r.prod(0, dtype=r.dtype), 1), cases=SORTED, bad=BAD_SORTED,
   dtypes=NUMBERS)  # fmt: skip
op("SegmentMin", grouped(lambda r: r.min(0), 0), cases=SORTED, bad=BAD_SORTED, dtypes=NUMBERS,
   distinct=True)  # fmt: skip
op("SegmentMax", grouped(lambda r: r.max(0), 0), cases=SORTED, bad=BAD_SORTED, dtypes=NUMBERS,
   distinct=True)  # fmt: skip

# All segments have rows: what others hold depends on the dtype.
UNSORTED = [
    case(real()[5, 2], const([2, 0, -1, 1, 0]), const(3)),
    case(real()[2, 3], const([[0, 1, 2], [1, 1, 0]], "int64"), const(3)),
    case(real()[0, 2], ints(0, 1)[0], const(0)),
    case(real()[3], const([1, 0, 1]), const(2)),
]
BAD_UNSORTED = [
    case(real()[2], const([0, 3]), const(3)),
    case(real()[2], const([0, 0, 0]), const(3)),
    case(real()[2], const([0, 0]), const(-1)),
]
op("UnsortedSegmentProd", grouped(lambda r: r.prod(0, dtype=r.dtype), 1),
   cases=[*UNSORTED, case(real()[3], const([1, 0, 1]), const(4))], bad=BAD_UNSORTED,
   dtypes=NUMBERS)  # fmt: skip
op("UnsortedSegmentMin", grouped(lambda r: r.min(0), highest), cases=UNSORTED, bad=BAD_UNSORTED,
   dtypes=NUMBERS, distinct=True)  # fmt: skip
op("UnsortedSegmentMax", grouped(lambda r: r.max(0), lowest), cases=UNSORTED, bad=BAD_UNSORTED,
   dtypes=NUMBERS, distinct=True)  # fmt: skip


def picked(power):
    def reference(x, indices, ids, n=None):
        n = (ids.max() + 1 if ids.size else 0) if n is None else int(n)
        out = np.zeros((n, *x.shape[1:]), x.dtype)
        np.add.at(out, ids, x[indices])
        if power:
            sizes = np.maximum(np.bincount(ids, minlength=n), 1).astype(x.dtype) ** power
            out = out / sizes.reshape((n,) + (1,) * (x.ndim - 1))
        return out

    return reference


PICKED = [
    case(real()[4, 2], const([3, 0, 0, 2]), const([0, 0, 1, 1])),
    case(real()[3], const([2, 1], "int64"), const([1, 2])),
    case(real()[2, 3], ints(0, 2)[0], const(np.zeros(0, "int32"))),
]
BAD_PICKED = [
    case(real()[2], const([0, 2]), const([0, 0])),
    case(real()[2], const([0, 1]), const([1, 0])),
    case(real()[2], const([0, 1]), const([0])),
]


def numbered(cases, n):
    return [case(*c.inputs, const(n)) for c in cases]


for scale, power in {"Sum": 0, "Mean": 1, "SqrtN": 0.5}.items():
    kinds = NUMBERS if scale == "Sum" else "float32 float64"
    op(f"SparseSegment{scale}", picked(power), cases=PICKED, bad=BAD_PICKED, dtypes=kinds)
    op(f"SparseSegment{scale}WithNumSegments", picked(power), cases=numbered(PICKED, 4),
       bad=[*numbered(BAD_PICKED, 3), *numbered(PICKED[:1], 1)], dtypes=kinds)  # fmt: skip


def spread(power):
    def reference(dy, indices, ids, rows):
        sizes = np.maximum(np.bincount(ids, minlength=len(dy)), 1).astype(dy.dtype) ** power
        out = np.zeros((int(rows), *dy.shape[1:]), dy.dtype)
        np.add.at(out, indices, (dy / sizes.reshape((-1,) + (1,) * (dy.ndim - 1)))[ids])
        return out

    return reference


for scale, power in {"Mean": 1, "SqrtN": 0.5}.items():
    op(
        f"SparseSegment{scale}Grad",
        spread(power),
        cases=[
            case(real()[2, 2], const([3, 0, 0, 2]), const([0, 0, 1, 1]), const(5)),
            case(real()[3], const([2, 1], "int64"), const([1, 2]), const(3)),
        ],
        bad=[
            case(real()[2], const([0]), const([2]), const(3)),
            case(real()[2], const([3]), const([1]), const(3)),
        ],
        dtypes="float32 float64",
    )
