# SPDX-License-Identifier: Apache-2.0
"""Making, reshaping, joining, slicing and indexing tensors."""

import numpy as np
import pytest

from property.catalog import case, const, ints, op, real, stateful

INDEX = "int32"


def ints_of(a):
    return [int(v) for v in np.asarray(a).ravel()]


# ---- sources ---------------------------------------------------------------------------------


def constant(tf, session, dtype):
    value = np.arange(6).reshape(2, 3).astype(dtype)
    tensors = [tf.constant(value), tf.constant(value[:0]), tf.constant(["a", "b"])]
    with session() as sess:
        got = sess.run(tensors)
    np.testing.assert_array_equal(got[0], value)
    assert got[1].shape == (0, 3) and got[2].tolist() == [b"a", b"b"]


def placeholder(name):
    def driver(tf, session, dtype):
        from caudal.framework.op_factory import apply

        x = apply(name, dtype=tf.as_dtype(dtype), shape=[None, 2])
        y = x + x
        with session() as sess:
            for rows in (1, 3):
                value = np.ones((rows, 2), dtype)
                np.testing.assert_array_equal(sess.run(y, {x: value}), value + value)
            with pytest.raises(tf.errors.InvalidArgumentError, match="must feed a value"):
                sess.run(y)
            with pytest.raises(ValueError):
                sess.run(y, {x: np.ones((2, 3), dtype)})

    return driver


def placeholder_with_default(tf, session, dtype):
    x = tf.placeholder_with_default(np.ones((2, 3), dtype), [None, 3])
    assert x.shape.as_list() == [None, 3]
    total = tf.reduce_sum(x, 0)
    gradient = tf.gradients(total, x)[0]
    with session() as sess:
        np.testing.assert_array_equal(sess.run(total), [2, 2, 2])
        np.testing.assert_array_equal(sess.run(total, {x: np.ones((5, 3), dtype)}), [5, 5, 5])
        assert sess.run(gradient, {x: np.ones((4, 3), dtype)}).shape == (4, 3)
    with pytest.raises(ValueError):
        tf.placeholder_with_default(np.ones((2, 3), dtype), [4])


def prevent_gradient(tf, session, dtype):
    from caudal.framework.op_factory import apply

    x = tf.placeholder(dtype, [2])
    y = apply("PreventGradient", x, message="not here")
    with session() as sess:
        np.testing.assert_array_equal(sess.run(y, {x: np.ones(2, dtype)}), [1, 1])
    with pytest.raises(LookupError, match="not here"):
        tf.gradients(y, x)


stateful("Const", constant, "float32 int64 uint8")
stateful("Placeholder", placeholder("Placeholder"))
stateful("PlaceholderV2", placeholder("PlaceholderV2"))
stateful("PlaceholderWithDefault", placeholder_with_default, checks_gradient=True)
stateful("PreventGradient", prevent_gradient, checks_gradient=True)

op("Identity", lambda x: x, real())
op("Snapshot", lambda x: x, real())
op(
    "EnsureShape",
    lambda x, shape: x,
    cases=[case(real()[2, 3], shape=[2, None]), case(real()[()], shape=[])],
    bad=[case(real()[2, 3], shape=[3, 3]), case(real()[2, 3], shape=[2])],
)
op("StopGradient", lambda x: x, real())
op("IdentityN", lambda x: list(x), cases=[case([real()[2, 3], ints(0, 5)[4]])])
op("ZerosLike", np.zeros_like, real())
op("OnesLike", np.ones_like, real())
op(
    "Fill",
    lambda dims, value: np.full(ints_of(dims), value),
    cases=[case(const([2, 3]), real()[()]), case(const(np.zeros(0, INDEX)), real()[()])]
    + [case(const([0, 2], "int64"), real()[()])],
    bad=[case(const([-1]), real()[()]), case(const([[1]]), real()[()])],
)
op(
    "Range",
    lambda start, limit, delta: np.arange(start, limit, delta),
    cases=[
        case(const(2, None), const(9, None), const(3, None)),
        case(const(9, None), const(2, None), const(-3, None)),
        case(const(4, None), const(4, None), const(1, None)),
    ],
    bad=[
        case(const(2, None), const(9, None), const(0, None)),
        case(const(2, None), const(9, None), const(-1, None)),
    ],
)

# ---- shapes ----------------------------------------------------------------------------------


def reinterpret(x, type):
    return x.view(type) if x.itemsize == 1 else x[..., None].view(type)


op("Shape", lambda x: np.array(x.shape, INDEX), real())
op(
    "ShapeN",
    lambda xs: [np.array(x.shape, INDEX) for x in xs],
    cases=[case([real()[2, 3], real()[()]])],
)
op("Size", lambda x: np.array(x.size, INDEX), real())
op("Rank", lambda x: np.array(x.ndim, INDEX), real())
op(
    "Reshape",
    lambda x, shape: x.reshape(ints_of(shape)),
    cases=[
        case(real()[2, 3], const([3, 2])),
        case(real()[2, 3, 4], const([-1, 6])),
        case(real()[2, 3], const([1, 6, 1], "int64")),
        case(real()[1], const(np.zeros(0, INDEX))),
        case(real()[0, 3], const([3, 0])),
    ],
    bad=[
        case(real()[2, 3], const([4])),
        case(real()[2, 3], const([4, -1])),
        case(real()[2, 3], const([[6]])),
    ],
)
op(
    "ExpandDims",
    lambda x, axis: np.expand_dims(x, int(axis)),
    cases=[case(real()[2, 3], const(a)) for a in (0, 1, 2, -1, -3)] + [case(real()[()], const(0))],
    bad=[case(real()[2, 3], const(3)), case(real()[2, 3], const(-4))],
)
op(
    "Squeeze",
    lambda x, squeeze_dims=(): np.squeeze(x, tuple(squeeze_dims) or None),
    cases=[
        case(real()[1, 2, 1, 3]),
        case(real()[1, 2, 1, 3], squeeze_dims=[0]),
        case(real()[1, 2, 1, 3], squeeze_dims=[-2, 0]),
        case(real()[1, 0]),
    ],
    bad=[
        case(real()[2, 3], squeeze_dims=[0]),
        case(real()[2, 3], squeeze_dims=[2]),
    ],
)
op(
    "BroadcastTo",
    lambda x, shape: np.broadcast_to(x, ints_of(shape)),
    cases=[
        case(real()[3], const([2, 3])),
        case(real()[2, 1, 3], const([2, 4, 3])),
        case(real()[2, 1], const([5, 2, 0])),
        case(real()[()], const([2])),
        case(real()[2, 3], const([2, 3], "int64")),
    ],
    bad=[case(real()[2, 3], const([2, 2])), case(real()[2, 3], const([3]))],
)
op(
    "BroadcastArgs",
    lambda a, b: np.array(np.broadcast_shapes(ints_of(a), ints_of(b)), a.dtype),
    cases=[
        case(const([2, 1]), const([3])),
        case(const([4], "int64"), const([2, 1], "int64")),
        case(const(np.zeros(0, INDEX)), const([3])),
    ],
    bad=[case(const([2, 1], static=True), const([[3]], static=True))],
    dtypes="int32",
)


def gradient_args(a, b):
    a, b = ints_of(a), ints_of(b)
    if a == b:
        return [np.zeros(0, INDEX)] * 2
    n = max(len(a), len(b))
    a, b = [1] * (n - len(a)) + a, [1] * (n - len(b)) + b
    return [np.array([i for i in range(n) if s[i] == 1], INDEX) for s in (a, b)]


op(
    "BroadcastGradientArgs",
    gradient_args,
    cases=[
        case(const([2, 1, 3]), const([1])),
        case(const([2, 3]), const([2, 3])),
        case(const([4, 1]), const([1, 5])),
    ],
    bad=[case(const([2]), const([3]))],
    dtypes="int32",
)
op(
    "Bitcast",
    reinterpret,
    cases=[case(real()[2, 3], type="uint8"), case(real()[()], type="int8")],
    raw=True,
)

# ---- order and joining -----------------------------------------------------------------------

PERMS = ([1, 0, 2], [2, 1, 0], [0, 2, 1], [2, 0, 1], [0, 1, 2])


def permute(x, perm):
    return np.transpose(x, ints_of(perm))


TRANSPOSES = [case(real()[2, 3, 4], const(p)) for p in PERMS] + [
    case(real()[20, 33], const([1, 0])),
    case(real()[2, 3, 4, 5], const([0, 3, 1, 2], "int64")),
    case(real()[0, 3], const([-1, 0])),
    case(real()[()], const(np.zeros(0, INDEX))),
    case(real()[1, 2, 1, 2, 1, 2, 1, 2], const([7, 1, 5, 3, 0, 2, 4, 6])),
]
BAD_TRANSPOSES = [
    case(real()[2, 3], const([0])),
    case(real()[2, 3], const([0, 2])),
    case(real()[2, 3], const([0, 0])),
]
op("Transpose", permute, cases=TRANSPOSES, bad=BAD_TRANSPOSES)
op(
    "ConjugateTranspose",
    lambda x, p: np.conj(permute(x, p)),
    cases=TRANSPOSES[:2],
    bad=BAD_TRANSPOSES,
)
op(
    "InvertPermutation",
    lambda p: np.argsort(p),
    cases=[
        case(const([2, 0, 3, 1])),
        case(const([1, 0], "int64")),
        case(const(np.zeros(0, INDEX))),
    ],
    bad=[case(const([0, 0])), case(const([0, 2])), case(const([[0]]))],
    dtypes="int32",
)
op(
    "Concat",
    lambda axis, values: np.concatenate(values, int(axis)),
    cases=[
        case(const(0), [real()[2, 3], real()[1, 3]]),
        case(const(-1), [real()[2, 3], real()[2, 1], real()[2, 0]]),
    ],
    bad=[case(const(0), [real()[2, 3], real()[2, 2]])],
)
op(
    "ConcatV2",
    lambda values, axis: np.concatenate(values, int(axis)),
    cases=[
        case([real()[2, 3], real()[1, 3]], const(0)),
        case([real()[2, 3, 2], real()[2, 1, 2], real()[2, 0, 2]], const(1)),
        case([real()[2, 3], real()[2, 4]], const(-1, "int64")),
        case([real()[0], real()[0]], const(0)),
    ],
    bad=[
        case([real()[2, 3], real()[2, 2]], const(0)),
        case([real()[2, 3], real()[2]], const(0)),
        case([real()[2, 3], real()[2, 3]], const(2)),
        case([real()[()], real()[()]], const(0)),
    ],
)


def offsets(axis, shapes):
    sizes = [0] + [int(s[int(axis)]) for s in shapes[:-1]]
    out = []
    for i in range(len(shapes)):
        o = np.zeros(len(shapes[0]), INDEX)
        o[int(axis)] = sum(sizes[: i + 1])
        out.append(o)
    return out


op(
    "ConcatOffset",
    offsets,
    cases=[
        case(const(1), [const([2, 3, 4]), const([2, 5, 4]), const([2, 1, 4])]),
        case(const(-1), [const([2, 3]), const([2, 1])]),
    ],
    bad=[
        case(const(3), [const([2, 3]), const([2, 3])]),
        case(const(0), [const([2, 3]), const([2, 4])]),
    ],
    dtypes="int32",
)
op(
    "ParallelConcat",
    lambda values, shape: np.concatenate(values, 0),
    cases=[case([real()[1, 3], real()[1, 3]], shape=[2, 3])],
    bad=[case([real()[1, 3], real()[1, 2]], shape=[2, 3])],
)
op(
    "Pack",
    lambda values, axis=0: np.stack(values, axis),
    cases=[
        case([real()[2, 3], real()[2, 3]]),
        case([real()[2, 3]] * 3, axis=1),
        case([real()[2, 3], real()[2, 3]], axis=-1),
        case([real()[()], real()[()]]),
        case([real()[0, 2]]),
    ],
    bad=[
        case([real()[2], real()[3]]),
        case([real()[2], real()[2, 1]]),
        case([real()[2]], axis=3),
    ],
)
op(
    "Unpack",
    lambda x, num, axis=0: [np.take(x, i, axis) for i in range(num)],
    cases=[
        case(real()[2, 3], num=2),
        case(real()[2, 3], num=3, axis=1),
        case(real()[2, 3, 4], num=3, axis=-2),
        case(real()[4], num=4),
        case(real()[2, 0], num=2),
    ],
    bad=[case(real()[2, 3], num=3), case(real()[2, 3], num=2, axis=2)],
)
op(
    "Split",
    lambda axis, x, num_split: np.split(x, num_split, int(axis)),
    cases=[
        case(const(1), real()[2, 6], num_split=3),
        case(const(-2), real()[4, 3], num_split=2),
        case(const(0), real()[0, 2], num_split=2),
        case(const(0), real()[3], num_split=1),
    ],
    bad=[case(const(0), real()[3, 2], num_split=2), case(const(2), real()[2, 2], num_split=2)],
)


def split_sizes(x, sizes, axis, num_split):
    sizes = ints_of(sizes)
    rest = x.shape[int(axis)] - sum(s for s in sizes if s >= 0)
    sizes = [rest if s < 0 else s for s in sizes]
    return np.split(x, np.cumsum(sizes)[:-1], int(axis))


op(
    "SplitV",
    split_sizes,
    cases=[
        case(real()[2, 6], const([1, 2, 3]), const(1), num_split=3),
        case(real()[5, 2], const([2, -1], "int64"), const(0), num_split=2),
        case(real()[5], const([5, 0]), const(-1), num_split=2),
        case(real()[5], const([-1]), const(0), num_split=1),
    ],
    bad=[
        case(real()[5], const([2, 2]), const(0), num_split=2),
        case(real()[5], const([-1, -1]), const(0), num_split=2),
        case(real()[5], const([1, 2, 2]), const(0), num_split=2),
    ],
)
op(
    "Tile",
    lambda x, multiples: np.tile(x, ints_of(multiples)) if x.ndim else x,
    cases=[
        case(real()[2, 3], const([2, 1])),
        case(real()[2, 3], const([1, 3], "int64")),
        case(real()[2, 1, 3], const([2, 2, 2])),
        case(real()[2, 3], const([0, 2])),
        case(real()[3], const([4])),
        case(real()[()], const(np.zeros(0, INDEX))),
        case(real()[1, 2, 1, 2, 1, 1, 1, 2], const([2, 1, 2, 2, 1, 1, 2, 1])),
    ],
    bad=[case(real()[2, 3], const([2])), case(real()[2], const([-1]))],
)
op(
    "Reverse",
    lambda x, dims: np.flip(x, tuple(np.flatnonzero(dims))),
    cases=[
        case(real()[2, 3], const([True, False], "bool")),
        case(real()[2, 3], const([True, True], "bool")),
    ],
    bad=[case(real()[2, 3], const([True], "bool"))],
)
op(
    "ReverseV2",
    lambda x, axes: np.flip(x, tuple(ints_of(axes))),
    cases=[
        case(real()[2, 3], const([0])),
        case(real()[2, 3, 4], const([-1, 0], "int64")),
        case(real()[2, 3], const(np.zeros(0, INDEX))),
        case(real()[0, 3], const([0])),
    ],
    bad=[case(real()[2, 3], const([2])), case(real()[2, 3], const([0, -2]))],
)


def reverse_sequence(x, lengths, seq_dim, batch_dim=0):
    y = np.moveaxis(x, (batch_dim, seq_dim), (0, 1)).copy()
    for row, n in zip(y, ints_of(lengths)):
        row[:n] = row[:n][::-1].copy()
    return np.moveaxis(y, (0, 1), (batch_dim, seq_dim))


op(
    "ReverseSequence",
    reverse_sequence,
    cases=[
        case(real()[2, 3], const([2, 3]), seq_dim=1),
        case(real()[4, 3, 2], const([1, 0, 4], "int64"), seq_dim=0, batch_dim=1),
    ],
    bad=[
        case(real()[2, 3], const([2, 4]), seq_dim=1),
        case(real()[2, 3], const([2]), seq_dim=1),
        case(real()[2, 3], const([1, 1]), seq_dim=0),
    ],
)

# ---- slices ----------------------------------------------------------------------------------


def sliced(x, begin, size):
    b, s = ints_of(begin), ints_of(size)
    return x[tuple(slice(i, x.shape[k] if n < 0 else i + n) for k, (i, n) in enumerate(zip(b, s)))]


op(
    "Slice",
    sliced,
    cases=[
        case(real()[3, 4], const([1, 0]), const([2, 3])),
        case(real()[3, 4], const([1, 2], "int64"), const([-1, -1], "int64")),
        case(real()[2, 3, 4], const([0, 1, 1]), const([2, 1, 2])),
        case(real()[3], const([3]), const([0])),
        case(real()[()], const(np.zeros(0, INDEX)), const(np.zeros(0, INDEX))),
    ],
    bad=[
        case(real()[3, 4], const([1, 0]), const([3, 1])),
        case(real()[3, 4], const([4, 0]), const([0, 1])),
        case(real()[3, 4], const([1]), const([1])),
        case(real()[3], const([-1]), const([1])),
    ],
)


def index_of(begin, end, strides, **masks):
    """The NumPy index that a StridedSlice node spells."""
    index = []
    for i, (b, e, s) in enumerate(zip(ints_of(begin), ints_of(end), ints_of(strides))):

        def bit(name, i=i):
            return masks.get(name + "_mask", 0) >> i & 1

        if bit("ellipsis"):
            index.append(Ellipsis)
        elif bit("new_axis"):
            index.append(None)
        elif bit("shrink_axis"):
            index.append(b)
        else:
            index.append(slice(None if bit("begin") else b, None if bit("end") else e, s))
    return tuple(index)


def strided(x, begin, end, strides, **masks):
    return x[index_of(begin, end, strides, **masks)]


SPECS = [
    ((3, 4), [1, 0], [3, 4], [1, 2], {}),
    ((3, 4), [2, 3], [-4, 0], [-1, -2], {}),
    ((3, 4), [0, 0], [0, 0], [1, 1], {"begin_mask": 3, "end_mask": 3}),
    ((3, 4), [1], [2], [1], {"shrink_axis_mask": 1}),
    ((3, 4), [-1, 1], [0, 3], [1, 1], {"shrink_axis_mask": 1}),
    ((2, 3, 4), [0, 0, 1], [0, 0, 3], [1, 1, 1], {"ellipsis_mask": 1, "new_axis_mask": 2}),
    ((2, 3, 4), [0, 0, 2], [0, 0, 3], [1, 1, 1], {"ellipsis_mask": 2, "shrink_axis_mask": 4,
                                                   "new_axis_mask": 1}),
    ((5,), [-100], [100], [2], {}),
    ((5,), [3], [1], [1], {}),
    ((2, 0), [0, 0], [2, 5], [1, 1], {}),
    ((2, 3), [], [], [], {}),
]  # fmt: skip


def vector(values, dtype=INDEX):
    return const(np.array(values, dtype), dtype)


op(
    "StridedSlice",
    strided,
    cases=[case(real()[s], vector(b), vector(e), vector(t), **m) for s, b, e, t, m in SPECS]
    + [case(real()[4], *[vector([v], "int64") for v in (1, 4, 2)])],
    bad=[
        case(real()[3], vector([3]), vector([4]), vector([1]), shrink_axis_mask=1),
        case(real()[3], vector([0]), vector([3]), vector([0])),
        case(real()[3], vector([0, 0]), vector([1, 1]), vector([1, 1])),
        case(real()[3], vector([0]), vector([1, 1]), vector([1])),
        case(real()[3], vector([0, 0]), vector([1, 1]), vector([1, 1]), ellipsis_mask=3),
    ],
)


def strided_grad(shape, begin, end, strides, dy, **masks):
    out = np.zeros(ints_of(shape), dy.dtype)
    out[index_of(begin, end, strides, **masks)] = dy
    return out


def grad_case(shape, begin, end, strides, masks):
    dy = np.zeros(shape)[index_of(begin, end, strides, **masks)].shape
    return case(vector(shape), vector(begin), vector(end), vector(strides), real()[dy], **masks)


op(
    "StridedSliceGrad",
    strided_grad,
    cases=[grad_case(*spec) for spec in SPECS],
    bad=[case(vector([3]), vector([0]), vector([2]), vector([1]), real()[3])],
)


def padded(mode):
    def reference(x, paddings, value=0, **attrs):
        pairs = np.asarray(paddings).reshape(-1, 2).tolist()
        if not pairs:
            return x
        kwargs = {"constant_values": value} if mode == "constant" else {}
        return np.pad(x, pairs, attrs.get("mode", mode).lower(), **kwargs)

    return reference


PADDINGS = [
    case(real()[2, 3], const([[1, 2], [0, 1]])),
    case(real()[2, 3], const([[0, 0], [0, 0]], "int64")),
    case(real()[2, 0], const([[1, 0], [0, 2]])),
    case(real()[3], const([[2, 0]])),
]
op(
    "Pad",
    padded("constant"),
    cases=PADDINGS,
    bad=[
        case(real()[2, 3], const([[1, 2]])),
        case(real()[2], const([[-1, 2]])),
        case(real()[2], const([1, 2])),
    ],
)
op(
    "PadV2",
    padded("constant"),
    cases=[
        # The value's own gradient is not defined, as in TensorFlow.
        case(*c.inputs, real(differentiable=False)[()])
        for c in PADDINGS
    ],
    bad=[case(real()[2], const([[1, 1]]), real()[1])],
)
MIRRORS = [
    case(real()[3, 4], const([[1, 2], [3, 0]]), mode="REFLECT"),
    case(real()[3, 4], const([[3, 1], [0, 4]]), mode="SYMMETRIC"),
    case(real()[2, 3, 2], const([[1, 0], [0, 0], [1, 1]], "int64"), mode="REFLECT"),
]
BAD_MIRRORS = [
    case(real()[3], const([[3, 0]]), mode="REFLECT"),
    case(real()[3], const([[0, 4]]), mode="SYMMETRIC"),
]
op("MirrorPad", padded("reflect"), cases=MIRRORS, bad=BAD_MIRRORS)


def mirror_grad(dy, paddings, mode):
    pairs = np.asarray(paddings).tolist()
    small = [d - a - b for d, (a, b) in zip(dy.shape, pairs)]
    at = np.pad(np.arange(np.prod(small)).reshape(small), pairs, mode.lower())
    out = np.zeros(int(np.prod(small)), dy.dtype)
    np.add.at(out, at.ravel(), dy.ravel())
    return out.reshape(small)


op(
    "MirrorPadGrad",
    mirror_grad,
    cases=[
        case(real()[6, 7], const([[1, 2], [3, 0]]), mode="REFLECT"),
        case(real()[7, 8], const([[3, 1], [0, 4]]), mode="SYMMETRIC"),
    ],
    bad=[case(real()[3], const([[2, 2]]), mode="SYMMETRIC")],
)
