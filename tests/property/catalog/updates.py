# SPDX-License-Identifier: Apache-2.0
"""Copies with parts replaced, rotations, windows, bands of diagonals."""

import numpy as np
import pytest

from property.catalog import case, const, op, real, stateful

NUMBERS = "float32 float64 int32 int64 uint8"


def replaced(change):
    def reference(x, i, v):
        out = x.copy()
        for row, value in zip(np.atleast_1d(i), v if np.ndim(i) else [v]):
            change(out, row % len(x), value)
        return out

    return reference


def put(out, row, value):
    out[row] = value


def add(out, row, value):
    out[row] += value


def subtract(out, row, value):
    out[row] -= value


for name, change in (("InplaceUpdate", put), ("InplaceAdd", add), ("InplaceSub", subtract)):
    op(
        name,
        replaced(change),
        cases=[
            case(real(5, 9)[3, 2], const([2, -3]), real(0, 2)[2, 2]),
            case(real(5, 9)[3, 2], const([4]), real(0, 2)[1, 2]),
            case(real()[3], const(np.zeros(0, "int32")), real()[0]),
        ],
        bad=[
            case(real()[3, 2], const([0]), real()[2]),
            case(real()[3, 2], const([0]), real()[1, 3]),
            case(real()[3, 2], const([0]), real()[2, 2]),
            case(real()[0, 2], const([0]), real()[1, 2]),
            case(real()[3, 2], const(0), real()[2]),
        ],
        dtypes=NUMBERS,
    )
op("DeepCopy", lambda x: x, real())
op("GuaranteeConst", lambda x: x, real())
op("DebugGradientIdentity", lambda x: x, real())
op(
    "Empty",
    lambda shape, dtype, init: np.zeros(shape, dtype),
    cases=[
        case(const([2, 3]), dtype="float32", init=True),
        case(const([0]), dtype="int32", init=True),
    ],
    bad=[case(const([-2]), dtype="float32"), case(const(3), dtype="float32")],
    dtypes="float32",
)
op(
    "Roll",
    lambda x, shift, axis: np.roll(x, tuple(np.atleast_1d(shift)), tuple(np.atleast_1d(axis))),
    cases=[
        case(real()[5], const(2), const(0)),
        case(real()[3, 4], const([-1, 6]), const([0, -1], "int64")),
        case(real()[2, 3, 2], const([1, 1]), const([1, 1])),
        case(real()[0, 2], const(1), const(0)),
    ],
    bad=[
        case(real()[3], const(1), const(1)),
        case(real()[3], const([1, 2]), const([0])),
        case(real()[()], const(1), const(0)),
    ],
)


def sum_of_copies(x, multiples):
    shape = [v for m, d in zip(multiples, x.shape) for v in (m, d // m)]
    return x.reshape(shape).sum(tuple(range(0, len(shape), 2))).astype(x.dtype)


op(
    "TileGrad",
    sum_of_copies,
    cases=[
        case(real()[4, 3], const([2, 1])),
        case(real()[2, 3, 2], const([1, 3, 2])),
        case(real()[0, 4], const([1, 2])),
    ],
    bad=[
        case(real()[3], const([2])),
        case(real()[3], const([0])),
        case(real()[3], const([1, 1])),
    ],
    dtypes="float32 float64 int32 int64",
)


def sliced(begin, end, strides, **masks):
    index = []
    for i, (b, e, s) in enumerate(zip(begin, end, strides)):
        if masks.get("shrink_axis_mask", 0) >> i & 1:
            index.append(int(b))
            continue
        b = None if masks.get("begin_mask", 0) >> i & 1 else b
        index.append(slice(b, None if masks.get("end_mask", 0) >> i & 1 else e, s))
    return tuple(index)


def with_slice(x, begin, end, strides, value, **masks):
    out = x.copy()
    out[sliced(begin, end, strides, **masks)] = value
    return out


op(
    "TensorStridedSliceUpdate",
    with_slice,
    cases=[
        case(real()[4], const([1]), const([3]), const([1]), real()[2]),
        case(real()[3, 4], const([0, 3]), const([3, 0]), const([2, -2]), real()[2, 2]),
        case(real()[3, 4], const([1, 0]), const([2, 4]), const([1, 1]), real()[4],
             shrink_axis_mask=1, end_mask=2),
    ],
    bad=[
        case(real()[4], const([1]), const([3]), const([1]), real()[3]),
        case(real()[4], const([1]), const([3]), const([0]), real()[2]),
        case(real()[4], const([1, 0]), const([3, 1]), const([1, 1]), real()[2, 1]),
    ],
)  # fmt: skip


def scattered(x, indices, updates):
    out = x.copy()
    np.add.at(out, tuple(np.moveaxis(indices, -1, 0)), updates)
    return out


op(
    "ScatterNdNonAliasingAdd",
    scattered,
    cases=[
        case(real(0, 2)[4, 2], const([[0], [2], [0]]), real(0, 2)[3, 2]),
        case(real()[2, 3], const([[1, 2], [0, 0]], "int64"), real()[2]),
    ],
    bad=[
        case(real()[2, 3], const([[2]]), real()[1, 3]),
        case(real()[2, 3], const([[1]]), real()[2, 3]),
    ],
    dtypes=NUMBERS,
)


def _slice_assign(tf, session, dtype):
    v = tf.Variable(np.arange(12).reshape(3, 4).astype(dtype))
    expected = np.arange(12).reshape(3, 4).astype(dtype)
    with session() as sess:
        sess.run(v.initializer)
        sess.run(v[1, 1:3].assign(tf.constant([7, 8], dtype)))
        expected[1, 1:3] = [7, 8]
        sess.run(v[::2, ::-2].assign(tf.constant([[1, 2], [3, 4]], dtype)))
        expected[::2, ::-2] = [[1, 2], [3, 4]]
        np.testing.assert_array_equal(sess.run(v), expected)
        wrong = v[0].assign(tf.constant([7, 8], dtype))
        with pytest.raises(tf.errors.UnimplementedError):
            sess.run(wrong)
        np.testing.assert_array_equal(sess.run(v), expected)


def _handle_slice_assign(tf, session, dtype):
    v = tf.Variable(np.zeros((2, 3), dtype), use_resource=True)
    write = tf.raw_ops.ResourceStridedSliceAssign(
        ref=v.handle, begin=[0, 1], end=[2, 3], strides=[1, 1], value=np.ones((2, 2), dtype)
    )
    with session() as sess:
        sess.run(v.initializer)
        sess.run(write)
        np.testing.assert_array_equal(sess.run(v.read_value()), [[0, 1, 1]] * 2)
        sess.run(v[0, :2].assign(tf.constant([5, 6], dtype)))
        np.testing.assert_array_equal(sess.run(v.read_value()), [[5, 6, 1], [0, 1, 1]])


def _ref_identity(name):
    def driver(tf, session, dtype):
        v = tf.Variable(np.zeros(2, dtype))
        same = getattr(tf.raw_ops, name)(input=v._ref())
        if name == "RefIdentity" and dtype == "float32":
            (slope,) = tf.gradients(same * 3, v._ref())
            with session() as sess:
                np.testing.assert_array_equal(sess.run(slope), [3, 3])
        with session() as sess:
            sess.run(v.initializer)
            sess.run(tf.assign(same, np.ones(2, dtype)))
            np.testing.assert_array_equal(sess.run(v), np.ones(2, dtype))

    return driver


def _temporary(tf, session, dtype):
    v = tf.raw_ops.TemporaryVariable(shape=[2], dtype=dtype, var_name="t")
    v = tf.assign_add(tf.assign(v, np.array([1, 2], dtype)), np.array([3, 4], dtype))
    total = tf.raw_ops.DestroyTemporaryVariable(ref=v, var_name="t")
    with session() as sess:
        for _ in range(2):
            np.testing.assert_array_equal(sess.run(total), [4, 6])


stateful("StridedSliceAssign", _slice_assign, "float32 float64 int32 int64 uint8")
stateful("ResourceStridedSliceAssign", _handle_slice_assign, "float32 int64")
for name in ("RefIdentity", "DebugGradientRefIdentity"):
    stateful(name, _ref_identity(name), "float32 int64", checks_gradient=name == "RefIdentity")
stateful("TemporaryVariable", _temporary, "float32 int32")
stateful("DestroyTemporaryVariable", _temporary, "float64")

# -- Windows ---------------------------------------------------------------------------------------


def patches(x, ksizes, strides, padding, rates=None):
    axes = x.ndim - 2
    rates = rates or [1] * x.ndim
    places = []
    for d in range(1, axes + 1):
        reach = (ksizes[d] - 1) * rates[d] + 1
        if padding == "SAME":
            count = -(-x.shape[d] // strides[d])
            before = max(0, (count - 1) * strides[d] + reach - x.shape[d]) // 2
        else:
            count, before = max(0, (x.shape[d] - reach) // strides[d] + 1), 0
        starts = np.arange(count) * strides[d] - before
        places.append(starts[:, None] + np.arange(ksizes[d]) * rates[d])
    out = np.zeros((len(x), *[len(p) for p in places], *ksizes[1:-1], x.shape[-1]), x.dtype)
    for at in np.ndindex(*out.shape[1:-1]):
        source = [places[d][at[d], at[axes + d]] for d in range(axes)]
        if all(0 <= s < n for s, n in zip(source, x.shape[1:-1])):
            out[(slice(None), *at)] = x[(slice(None), *source)]
    return out.reshape((*out.shape[: axes + 1], int(np.prod(ksizes)) * x.shape[-1]))


op(
    "ExtractImagePatches",
    patches,
    cases=[
        case(real()[1, 4, 3, 2], ksizes=[1, 2, 2, 1], strides=[1, 1, 2, 1], rates=[1, 1, 1, 1],
             padding="VALID"),
        case(real()[2, 3, 4, 1], ksizes=[1, 3, 2, 1], strides=[1, 2, 1, 1], rates=[1, 1, 2, 1],
             padding="SAME"),
        case(real()[1, 2, 2, 1], ksizes=[1, 3, 3, 1], strides=[1, 1, 1, 1], rates=[1, 1, 1, 1],
             padding="VALID"),
    ],
    bad=[
        case(real()[1, 4, 3, 2], ksizes=[2, 2, 2, 1], strides=[1, 1, 2, 1], rates=[1, 1, 1, 1],
             padding="VALID"),
        case(real()[1, 4, 3, 2], ksizes=[1, 2, 2, 1], strides=[1, 0, 2, 1], rates=[1, 1, 1, 1],
             padding="VALID"),
        case(real()[4, 3, 2], ksizes=[1, 2, 2, 1], strides=[1, 1, 2, 1], rates=[1, 1, 1, 1],
             padding="VALID"),
    ],
    dtypes=NUMBERS,
)  # fmt: skip
op(
    "ExtractVolumePatches",
    patches,
    cases=[
        case(real()[1, 2, 3, 3, 2], ksizes=[1, 2, 2, 2, 1], strides=[1, 1, 1, 2, 1],
             padding="VALID"),
        case(real()[1, 2, 3, 2, 1], ksizes=[1, 1, 3, 2, 1], strides=[1, 1, 2, 1, 1],
             padding="SAME"),
    ],
    bad=[
        case(real()[1, 2, 3, 3, 2], ksizes=[1, 2, 2, 2, 2], strides=[1, 1, 1, 2, 1],
             padding="VALID"),
    ],
    dtypes=NUMBERS,
)  # fmt: skip

# -- Diagonals -------------------------------------------------------------------------------------


def band(k):
    k = np.atleast_1d(k)
    return int(k[0]), int(k[-1])


def each_entry(shape, k):
    """(place in the band, row, column) of every entry of diagonals."""
    low, high = band(k)
    for n, d in enumerate(range(high, low - 1, -1)):
        for i in range(max(shape)):
            row, column = i - min(d, 0), i + max(d, 0)
            if row < shape[0] and column < shape[1]:
                yield (i,) if low == high else (n, i), row, column


def longest(shape, k):
    low, high = band(k)
    return min(shape[0] + min(high, 0), shape[1] - max(low, 0))


def diag_part(x, k, padding):
    low, high = band(k)
    size = [longest(x.shape[-2:], k)]
    out = np.full(
        [*x.shape[:-2], *([high - low + 1] if low < high else []), *size], padding, x.dtype
    )
    for at, row, column in each_entry(x.shape[-2:], k):
        out[(..., *at)] = x[..., row, column]
    return out


def set_diag(x, diagonal, k):
    out = x.copy()
    for at, row, column in each_entry(x.shape[-2:], k):
        out[..., row, column] = diagonal[(..., *at)]
    return out


def diag(diagonal, k, rows, columns, padding):
    low, high = band(k)
    batch = diagonal.shape[: -1 if low == high else -2]
    least = (diagonal.shape[-1] - min(high, 0), diagonal.shape[-1] + max(low, 0))
    if rows < 0 and columns < 0:
        rows = columns = max(least)
    rows = least[0] if rows < 0 else rows
    columns = least[1] if columns < 0 else columns
    x = np.full([*batch, int(rows), int(columns)], padding, diagonal.dtype)
    return set_diag(x, diagonal, k)


op(
    "MatrixDiagPartV2",
    diag_part,
    cases=[
        case(real()[3, 4], const([-1, 1]), const(7, None)),
        case(real()[2, 3, 2], const(-1), const(0, None)),
        case(real()[2, 2], const([0, 0]), const(0, None)),
    ],
    bad=[
        case(real()[3, 4], const(4), const(0, None)),
        case(real()[3, 4], const([1, 0]), const(0, None)),
        case(real()[3], const(0), const(0, None)),
    ],
)
op(
    "MatrixDiagV2",
    diag,
    cases=[
        case(real()[3], const(1), const(-1), const(-1), const(0, None)),
        case(real()[2, 3, 3], const([-1, 1]), const(-1), const(-1), const(5, None)),
        case(real()[2], const(0), const(2), const(4), const(1, None)),
    ],
    bad=[
        case(real()[2], const(1), const(1), const(5), const(0, None)),
        case(real()[3, 2], const([0, 1]), const(-1), const(-1), const(0, None)),
        case(real()[2], const(0), const(3), const(4), const(0, None)),
    ],
)
op(
    "MatrixSetDiagV2",
    set_diag,
    cases=[
        case(real()[3, 4], real()[2, 3], const([0, 1])),
        case(real()[2, 3, 3], real()[2, 2], const(-1)),
    ],
    bad=[
        case(real()[3, 4], real()[3], const(2)),
        case(real()[3, 4], real()[1], const(-3)),
    ],
)
op("BatchMatrixDiag", lambda d: diag(d, 0, -1, -1, 0), cases=[case(real()[2, 3])],
   bad=[case(real()[()])])  # fmt: skip
op("BatchMatrixDiagPart", lambda x: diag_part(x, 0, 0), cases=[case(real()[2, 3, 4])],
   bad=[case(real()[3])])  # fmt: skip
op("BatchMatrixSetDiag", lambda x, d: set_diag(x, d, 0),
   cases=[case(real()[2, 3, 2], real()[2, 2])],
   bad=[case(real()[2, 3], real()[3])])  # fmt: skip
op(
    "BatchMatrixBandPart",
    lambda x, low, high: np.triu(np.tril(x, int(high)), -int(low)),
    cases=[case(real()[2, 3, 4], const(1, "int64"), const(0, "int64"))],
    bad=[case(real()[3], const(1, "int64"), const(0, "int64"))],
)
