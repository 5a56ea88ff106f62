# SPDX-License-Identifier: Apache-2.0
"""Sparse tensors: moves, arithmetic, reductions; and sets."""

import numpy as np

from caudal.framework.op_factory import apply
from property.catalog import case, const, op, real, stateful

_NUMBERS = "float32 float64 int32 int64"
# Two sparse tensors of shape [3, 4] with an index in common.
A = const([[0, 1], [1, 0], [1, 3], [2, 2]], "int64")
B = const([[0, 2], [1, 0], [2, 2]], "int64")
SHAPE = const([3, 4], "int64")
NONE = const(np.zeros((0, 2)), "int64")


def dense(indices, values, shape, fill=0):
    out = np.full([int(s) for s in shape], fill, np.asarray(values).dtype)
    out[tuple(np.asarray(indices, int).T)] = values
    return out


def present(indices, shape):
    return dense(indices, np.ones(len(indices), bool), shape)


def sparse_of(array, mask):
    """(indices, values, shape) of the elements that a mask marks."""
    return np.argwhere(mask), array[mask], np.array(array.shape)


# ---- moves ---------------------------------------------------------------------------------------


def reordered(indices, values, shape):
    order = np.lexsort(indices.T[::-1])
    return indices[order], values[order]


op(
    "SparseReorder",
    reordered,
    cases=[
        case(const([[2, 1], [0, 3], [2, 0]], "int64"), real()[3], SHAPE),
        case(NONE, real()[0], SHAPE),
    ],
    bad=[
        case(const([[2, 1]], "int64"), real()[2], SHAPE),
        case(const([2, 1], "int64"), real()[2], SHAPE),
    ],
)
op(
    "SparseReshape",
    lambda indices, shape, new: (
        np.stack(np.unravel_index(np.ravel_multi_index(indices.T.astype(int), shape), (6, 2)), 1),
        np.array([6, 2]),
    ),
    cases=[case(A, SHAPE, const([6, 2], "int64")), case(A, SHAPE, const([-1, 2], "int64"))],
    bad=[
        case(A, SHAPE, const([5, -1], "int64")),
        case(A, SHAPE, const([-1, -1], "int64")),
        case(A, SHAPE, const([-3, 2], "int64")),
        case(const([[9, 9]], "int64"), SHAPE, const([6, 2], "int64")),
    ],
)


def concatenated(indices, values, shapes, concat_dim):
    pairs = zip(indices, values, shapes)
    parts = [(dense(i, v, s), present(i, s)) for i, v, s in pairs]
    axis = concat_dim
    return sparse_of(*[np.concatenate(p, axis) for p in zip(*parts)])


op(
    "SparseConcat",
    concatenated,
    cases=[
        case([A, B], [real()[4], real()[3]], [SHAPE, SHAPE], concat_dim=0),
        case([A, B], [real()[4], real()[3]], [SHAPE, SHAPE], concat_dim=-1),
    ],
    bad=[
        case([A, B], [real()[4], real()[3]], [SHAPE, SHAPE], concat_dim=2),
        case([A, B], [real()[4], real()[3]], [SHAPE, const([2, 5], "int64")], concat_dim=0),
    ],
)


def split(split_dim, indices, values, shape, num_split):
    axis = int(split_dim)
    arrays = np.array_split(dense(indices, values, shape), num_split, axis)
    masks = np.array_split(present(indices, shape), num_split, axis)
    parts = [sparse_of(a, m) for a, m in zip(arrays, masks)]
    return [part[k] for k in range(3) for part in parts]


op(
    "SparseSplit",
    split,
    cases=[
        case(const(0, "int64"), A, real()[4], SHAPE, num_split=2),
        case(const(1, "int64"), A, real()[4], SHAPE, num_split=2),
    ],
    bad=[
        case(const(2, "int64"), A, real()[4], SHAPE, num_split=2),
        case(const(0, "int64"), A, real()[4], SHAPE, num_split=4),
    ],
)
op(
    "SparseSlice",
    lambda indices, values, shape, start, size: sparse_of(
        dense(indices, values, shape)[1:, 0:3], present(indices, shape)[1:, 0:3]
    ),
    cases=[case(A, real()[4], SHAPE, const([1, 0], "int64"), const([5, 3], "int64"))],
    bad=[
        case(A, real()[4], SHAPE, const([1], "int64"), const([5, 3], "int64")),
        case(A, real()[4], SHAPE, const([1, -1], "int64"), const([5, 3], "int64")),
    ],
)
op(
    "SparseSliceGrad",
    lambda dy, indices, start, out_indices: np.array([0, dy[0], 0, dy[1]], dy.dtype),
    cases=[
        case(real()[2], A, const([1, 0], "int64"), const([[0, 0], [1, 2]], "int64")),
    ],
    bad=[case(real()[1], A, const([1, 0], "int64"), const([[7, 7]], "int64"))],
    dtypes=_NUMBERS,
)
op(
    "SparseToDense",
    lambda indices, shape, values, default, validate_indices=True: dense(
        indices.reshape(len(indices), -1), values, shape, default.astype(values.dtype)
    ),
    cases=[
        case(A, SHAPE, real()[4], real()[()]),
        case(const([0, 2]), const([4]), real()[2], real()[()]),
        case(const([[1], [0]]), const([4]), real()[2], real()[()], validate_indices=False),
    ],
    bad=[
        case(const([2, 0]), const([4]), real()[2], real()[()]),
        case(const([0, 4]), const([4]), real()[2], real()[()]),
        case(const([0, 1]), const([-4]), real()[2], real()[()]),
    ],
    second=False,  # the first gradient does not depend on the inputs
)


def fill_empty(indices, values, shape, default):
    rows = [np.flatnonzero(indices[:, 0] == r) for r in range(int(shape[0]))]
    out_i, out_v, back = [], [], np.zeros(len(indices), int)
    for r, members in enumerate(rows):
        for m in members:
            back[m] = len(out_i)
            out_i.append(indices[m])
            out_v.append(values[m])
        if not len(members):
            out_i.append([r] + [0] * (indices.shape[1] - 1))
            out_v.append(default)
    empty = np.array([not len(m) for m in rows])
    return np.array(out_i), np.array(out_v, values.dtype), empty, back


op(
    "SparseFillEmptyRows",
    fill_empty,
    cases=[
        case(const([[0, 1], [3, 0]], "int64"), real()[2], const([5, 4], "int64"), real()[()]),
        case(A, real()[4], SHAPE, real()[()]),
    ],
    bad=[
        case(const([[5, 1]], "int64"), real()[1], const([5, 4], "int64"), real()[()]),
        case(const([[0, 1]], "int64"), real()[1], const([0, 4], "int64"), real()[()]),
    ],
    second=False,  # linear
)
op(
    "SparseFillEmptyRowsGrad",
    lambda back, dy: (dy[back.astype(int)], dy[1] + dy[3]),
    cases=[case(const([2, 0], "int64"), real()[4])],
    bad=[case(const([4], "int64"), real()[4]), case(const([-1], "int64"), real()[4])],
    dtypes=_NUMBERS,
)


# ---- arithmetic ----------------------------------------------------------------------------------


def added(ai, av, ashape, bi, bv, bshape, thresh):
    total = dense(ai, av, ashape) + dense(bi, bv, bshape)
    mask = (present(ai, ashape) | present(bi, bshape)) & (np.abs(total) >= thresh)
    return sparse_of(total, mask)


op(
    "SparseAdd",
    added,
    cases=[case(A, real()[4], SHAPE, B, real()[3], SHAPE, const(0, None))],
    bad=[case(A, real()[4], SHAPE, B, real()[3], const([4, 4], "int64"), const(0, None))],
    dtypes=_NUMBERS,
    second=False,  # linear
)
op(
    "SparseAddGrad",
    lambda dy, ai, bi, total: (dy[[0, 2, 3, 4]], dy[[1, 2, 4]]),
    cases=[
        case(real()[5], A, B, const([[0, 1], [0, 2], [1, 0], [1, 3], [2, 2]], "int64")),
    ],
    bad=[case(real()[2], A, B, const([[0, 1]], "int64"))],
    dtypes=_NUMBERS,
)


def union(pick):
    def reference(ai, av, ashape, bi, bv, bshape):
        mask = present(ai, ashape) | present(bi, bshape)
        return sparse_of(pick(dense(ai, av, ashape), dense(bi, bv, bshape)), mask)[:2]

    return reference


for name, pick in (("SparseSparseMaximum", np.maximum), ("SparseSparseMinimum", np.minimum)):
    op(
        name,
        union(pick),
        cases=[case(A, real()[4], SHAPE, B, real()[3], SHAPE)],
        bad=[case(A, real()[4], SHAPE, B, real()[3], const([4, 4], "int64"))],
        dtypes=_NUMBERS,
    )


def softmax(indices, values, shape):
    out = np.empty_like(values)
    for row in np.unique(indices[:, 0]):
        at = indices[:, 0] == row
        e = np.exp(values[at] - values[at].max())
        out[at] = e / e.sum()
    return out


op("SparseSoftmax", softmax, cases=[case(A, real()[4], SHAPE)],
   bad=[case(const([[0]], "int64"), real()[1], const([3], "int64"))])  # fmt: skip
for name, f in (
    ("SparseDenseCwiseAdd", np.add),
    ("SparseDenseCwiseMul", np.multiply),
    ("SparseDenseCwiseDiv", np.divide),
):

    def cwise(indices, values, shape, other, f=f):
        spread = np.broadcast_to(other, [int(s) for s in shape])
        result = f(values, spread[tuple(indices.T.astype(int))])
        return np.trunc(result) if values.dtype.kind in "iu" else result

    op(
        name,
        cwise,
        cases=[
            case(A, real()[4], SHAPE, real(0.5, 2)[3, 4]),
            case(A, real()[4], SHAPE, real(0.5, 2)[4]),
            case(A, real()[4], SHAPE, real(0.5, 2)[3, 1]),
        ],
        bad=[
            case(A, real()[4], SHAPE, real(1, 2)[3]),
            case(const([[3, 0]], "int64"), real()[1], SHAPE, real(1, 2)[4]),
        ],
        dtypes=_NUMBERS,
    )


def reduced(sparse, maximum):
    def reference(indices, values, shape, axes, keep_dims=False):
        axes = {int(a) % len(shape) for a in np.ravel(axes)} or set(range(len(shape)))
        kept = [d for d in range(len(shape)) if d not in axes]
        groups = {}
        for row, v in zip(indices.astype(int), values):
            groups.setdefault(tuple(row[kept]), []).append(v)
        size = [int(shape[d]) if d in kept else 1 for d in range(len(shape))]
        if not keep_dims:
            size = [size[d] for d in kept]
        result = {k: (max(v) if maximum else np.sum(v)) for k, v in sorted(groups.items())}

        def full(key):
            return tuple(key[kept.index(d)] if d in kept else 0 for d in range(len(shape)))

        keys = [full(k) if keep_dims else k for k in result]
        if not sparse:
            out = np.zeros(size, values.dtype)
            for k, v in zip(keys, result.values()):
                out[k] = v
            return out
        return (np.array(keys, int).reshape(len(keys), len(size)),
                np.array(list(result.values()), values.dtype), np.array(size, int))  # fmt: skip

    return reference


for name, sparse, maximum in (
    ("SparseReduceSum", False, False),
    ("SparseReduceMax", False, True),
    ("SparseReduceSumSparse", True, False),
    ("SparseReduceMaxSparse", True, True),
):
    op(
        name,
        reduced(sparse, maximum),
        cases=[
            case(A, real()[4], SHAPE, const([1])),
            case(A, real()[4], SHAPE, const([-2]), keep_dims=True),
            case(A, real()[4], SHAPE, const([0, 1])),
        ],
        bad=[case(A, real()[4], SHAPE, const([2]))],
        dtypes=_NUMBERS,
    )
op(
    "SparseTensorDenseAdd",
    lambda indices, values, shape, other: dense(indices, values, shape) + other,
    cases=[case(A, real()[4], SHAPE, real()[3, 4])],
    bad=[
        case(A, real()[4], SHAPE, real()[3, 5]),
        case(const([[3, 0]], "int64"), real()[1], SHAPE, real()[3, 4]),
    ],
    dtypes=_NUMBERS,
)


def product(indices, values, shape, b, adjoint_a=False, adjoint_b=False):
    a = dense(indices, values, shape)
    return (a.T if adjoint_a else a) @ (b.T if adjoint_b else b)


op(
    "SparseTensorDenseMatMul",
    product,
    cases=[
        case(A, real()[4], SHAPE, real()[4, 2]),
        case(A, real()[4], SHAPE, real()[3, 2], adjoint_a=True),
        case(A, real()[4], SHAPE, real()[2, 4], adjoint_b=True),
        case(A, real()[4], SHAPE, real()[2, 3], adjoint_a=True, adjoint_b=True),
        case(NONE, real()[0], SHAPE, real()[4, 2]),
    ],
    bad=[
        case(A, real()[4], SHAPE, real()[3, 2]),
        case(const([[0, 4]], "int64"), real()[1], SHAPE, real()[4, 2]),
        case(const([[-1, 0]], "int64"), real()[1], SHAPE, real()[4, 2]),
    ],
    dtypes=_NUMBERS,
)


# ---- kept and crossed ----------------------------------------------------------------------------


def _parts(tf, dtype):
    values = tf.constant(np.array([1, 2, 3, 4]).astype(dtype))
    return tf.constant(A.value, tf.int64), values, tf.constant(SHAPE.value, tf.int64)


def _round_trip(tf, session, dtype):
    """A sparse tensor and its rows, as strings and as variants, come back as they were."""
    kind = tf.as_dtype(dtype)
    for out_type in (tf.string, tf.variant):
        whole = apply("SerializeSparse", *_parts(tf, dtype), out_type=out_type)
        back = apply("DeserializeSparse", whole, dtype=kind)
        rows = apply("SerializeManySparse", *_parts(tf, dtype), out_type=out_type)
        again = apply("DeserializeSparse", rows, dtype=kind)
        with session() as sess:
            for got in sess.run([list(back), list(again)]):
                for g, want in zip(got, (A.value, [1, 2, 3, 4], SHAPE.value)):
                    np.testing.assert_array_equal(g, want)
    rows = apply("SerializeManySparse", *_parts(tf, dtype))
    many = apply("DeserializeManySparse", rows, dtype=kind)
    wrong = apply("DeserializeManySparse", rows, dtype=tf.string)
    junk = apply("DeserializeManySparse", tf.constant([["a", "b", "c"]]), dtype=kind)
    with session() as sess:
        np.testing.assert_array_equal(sess.run(many)[0], A.value)
        for bad in (wrong, junk):
            try:
                sess.run(bad)
            except tf.errors.InvalidArgumentError:
                continue
            raise AssertionError("no error")


for name in ("SerializeSparse", "SerializeManySparse", "DeserializeSparse",
             "DeserializeManySparse"):  # fmt: skip
    stateful(name, _round_trip, "float32 int64")


def _map(tf, session, dtype):
    one = apply("AddSparseToTensorsMap", *_parts(tf, dtype), shared_name="m")
    many = apply("AddManySparseToTensorsMap", *_parts(tf, dtype), shared_name="m")
    handles = tf.placeholder(tf.int64, [None])
    taken = apply(
        "TakeManySparseFromTensorsMap", handles, dtype=tf.as_dtype(dtype), shared_name="m"
    )
    with session() as sess:
        rows = sess.run(many)
        got = sess.run(taken, {handles: rows})
        for g, want in zip(got, (A.value, [1, 2, 3, 4], SHAPE.value)):
            np.testing.assert_array_equal(g, want)
        whole = sess.run(one)
        assert list(sess.run(taken, {handles: [whole]})[2]) == [1, 3, 4]
        try:
            sess.run(taken, {handles: [whole]})
        except tf.errors.InvalidArgumentError:
            return
        raise AssertionError("taken twice")


for name in ("AddSparseToTensorsMap", "AddManySparseToTensorsMap", "TakeManySparseFromTensorsMap"):
    stateful(name, _map)


def _cross(tf, session, dtype):
    columns = [
        tf.SparseTensor([[0, 0], [0, 1], [1, 0]], ["a", "b", "c"], [2, 2]),
        tf.constant([["x"], ["y"]]),
    ]
    plain, hashed = tf.sparse.cross(columns), tf.sparse.cross_hashed(columns, num_buckets=50)
    with session() as sess:
        assert sess.run(plain).values.tolist() == [b"a_X_x", b"b_X_x", b"c_X_y"]
        numbers = sess.run(hashed)
        assert numbers.dense_shape.tolist() == [2, 2]
        assert all(0 <= v < 50 for v in numbers.values)


stateful("SparseCross", _cross)


# ---- sets ----------------------------------------------------------------------------------------

LEFT, RIGHT = np.array([[1, 2, 2], [5, 6, 7]]), np.array([[2, 3], [6, 8]])
COMBINED = {
    "a-b": [{1}, {5, 7}],
    "b-a": [{3}, {8}],
    "intersection": [{2}, {6}],
    "union": [{1, 2, 3}, {5, 6, 7, 8}],
}


def sets_line(name, inputs, bad):
    def reference(*args, set_operation, validate_indices=True):
        rows = [sorted(s) for s in COMBINED[set_operation]]
        indices = [[i, k] for i, row in enumerate(rows) for k in range(len(row))]
        values = np.array(sum(rows, [])).astype(np.asarray(args[0]).dtype)
        return (
            np.array(indices),
            None if len(args) > 2 else values,
            np.array([2, max(map(len, rows))]),
        )

    op(name, reference, cases=[case(*inputs, set_operation=o) for o in COMBINED],
       bad=[case(*b, set_operation="union") for b in bad], dtypes="int32 int64")  # fmt: skip


def as_sparse(array):
    at = const(np.argwhere(np.ones_like(array)), "int64")
    return at, const(array.ravel(), None), const(array.shape, "int64")


_OUT_OF_ORDER = (const([[1, 0], [0, 0]], "int64"), const([1, 2], None), const([2, 2], "int64"))
sets_line(
    "DenseToDenseSetOperation",
    (const(LEFT, None), const(RIGHT, None)),
    [(const(LEFT[:1], None), const(RIGHT, None)), (const([1], None), const([2], None))],
)
sets_line(
    "DenseToSparseSetOperation",
    (const(LEFT, None), *as_sparse(RIGHT)),
    [(const(LEFT, None), *_OUT_OF_ORDER)],
)
sets_line(
    "SparseToSparseSetOperation",
    (*as_sparse(LEFT), *as_sparse(RIGHT)),
    [(*as_sparse(LEFT), *_OUT_OF_ORDER)],
)
op(
    "SetSize",
    lambda indices, values, shape, validate_indices=True: np.array([2, 3], np.int32),
    cases=[case(*as_sparse(LEFT))],
    bad=[case(*_OUT_OF_ORDER)],
    dtypes="int32 int64",
)
