# SPDX-License-Identifier: Apache-2.0
"""Special functions, counts, searches, and other numerical ops that stand alone."""

import math

import numpy as np

from property.catalog import case, const, ints, op, real, text

# -- References that NumPy lacks -------------------------------------------------------------------


def each(function):
    return np.vectorize(function, otypes=[np.float64])


@each
def igamma(a, x):
    """The power series: all terms are positive."""
    total = term = 1 / a
    for n in range(1, 400):
        term *= x / (a + n)
        total += term
    return total * math.exp(a * math.log(x) - x - math.lgamma(a))


def igamma_slope(a, x):
    h = 1e-5
    wide = igamma(a + 2 * h, x) - igamma(a - 2 * h, x)
    return (8 * (igamma(a + h, x) - igamma(a - h, x)) - wide) / (12 * h)


def sample_slope(a, x):
    density = np.exp((a - 1) * np.log(x) - x - each(math.lgamma)(a))
    return -igamma_slope(a, x) / density


NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


@each
def betainc(a, b, x):
    """Quadrature, for a and b of at least 1."""

    def integral(end):
        t = end * (NODES + 1) / 2
        return end / 2 * np.sum(WEIGHTS * t ** (a - 1) * (1 - t) ** (b - 1))

    return integral(x) / integral(1.0)


def bessel(order):
    @each
    def reference(x):
        t = math.pi * (np.arange(4000) + 0.5) / 4000
        return np.mean(np.exp(x * np.cos(t) - abs(x)) * np.cos(order * t))

    return reference


def cumulative_logsumexp(x, axis, exclusive=False, reverse=False):
    axis = int(axis)
    x = np.flip(x, axis) if reverse else x
    out = np.logaddexp.accumulate(x, axis)
    if exclusive:
        lowest = -np.finfo(x.dtype).max
        first = np.full_like(np.take(x, [0], axis), lowest)
        out = np.concatenate([first, np.delete(out, -1, axis)], axis)
    return np.flip(out, axis) if reverse else out


FLOATS = "float32 float64"
LOOSE = {"float32": 1e-4, "float64": 1e-8}
op("Igamma", igamma, real(0.3, 4), real(0.2, 6), broadcast=True, dtypes=FLOATS, second=False,
   tol=LOOSE)  # fmt: skip
op("Igammac", lambda a, x: 1 - igamma(a, x), real(0.3, 4), real(0.2, 6), broadcast=True,
   dtypes=FLOATS, second=False, tol=LOOSE)  # fmt: skip
# Igamma's second gradient towards a is not known to TensorFlow either.
op("IgammaGradA", igamma_slope, real(0.3, 4), real(0.2, 6), broadcast=True, dtypes=FLOATS,
   tol=LOOSE)  # fmt: skip
op("RandomGammaGrad", sample_slope, real(0.5, 4), real(0.2, 5), broadcast=True, dtypes=FLOATS,
   tol={"float32": 1e-3, "float64": 1e-6})  # fmt: skip
op(
    "Betainc",
    betainc,
    cases=[
        case(const(1.5, None), const(2.5, None), real(0.1, 0.9)[3, 2]),
        case(const([1.0, 3.0], None), const([2.0, 5.0], None), real(0.1, 0.9)[2]),
        case(const(2.0, None), const(1.0, None), real(0.1, 0.9)[0]),
    ],
    bad=[case(real()[2], real()[3], real()[2])],
    dtypes=FLOATS,
    tol={"float32": 1e-4, "float64": 1e-5},
)
op("BesselI0e", bessel(0), real(0.2, 9), dtypes=FLOATS, tol=LOOSE)
op("BesselI1e", bessel(1), real(0.2, 9), dtypes=FLOATS, tol=LOOSE)
op("NextAfter", lambda a, b: np.nextafter(a, b), real(0.1, 2), real(), broadcast=True,
   dtypes="float64")  # fmt: skip
op(
    "CumulativeLogsumexp",
    cumulative_logsumexp,
    cases=[
        case(real()[4], const(0)),
        case(real()[2, 3], const(-1, "int64"), reverse=True),
        case(real()[3, 2, 2], const(1)),
        case(real()[0, 2], const(0)),
    ],
    bad=[case(real()[3], const(1))],
    dtypes=FLOATS,
)
op(
    "Cross",
    lambda a, b: np.stack(
        [a[..., (i + 1) % 3] * b[..., (i + 2) % 3] - a[..., (i + 2) % 3] * b[..., (i + 1) % 3]
         for i in range(3)],
        -1,
    ).astype(a.dtype),
    cases=[case(real()[3], real()[3]), case(real()[2, 4, 3], real()[2, 4, 3]),
           case(real()[0, 3], real()[0, 3])],
    bad=[case(real()[2], real()[2]), case(real()[3], real()[2, 3])],
)  # fmt: skip

# -- Counts and searches ---------------------------------------------------------------------------


def bincount(x, size, weights):
    out = np.zeros(int(size), weights.dtype)
    kept = x[x < size]
    np.add.at(out, kept, weights[x < size] if weights.size else np.ones(kept.shape, weights.dtype))
    return out


op(
    "Bincount",
    bincount,
    cases=[
        case(ints(0, 5)[7], const(4), real()[7]),
        case(ints(0, 5)[2, 3], const(6), real()[0]),
        case(ints(0, 5)[0], const(2), real()[0]),
    ],
    bad=[
        case(const([-1]), const(2), real()[1]),
        case(const([1]), const(-2), real()[1]),
        case(const([1]), const(2), real()[3]),
    ],
    dtypes="float32 float64 int32 int64",
)


def histogram(x, limits, bins, dtype="int32"):
    places = ((x - limits[0]) / ((limits[1] - limits[0]) / bins)).astype(np.int64)
    return np.bincount(np.clip(places, 0, bins - 1).ravel(), minlength=bins).astype(dtype)


op(
    "HistogramFixedWidth",
    histogram,
    cases=[
        case(const([[-1, 0, 1.5], [2.2, 5, 15]], "float32"), const([0, 5], "float32"), const(5)),
        case(const([], "float32"), const([0, 1], "float32"), const(2), dtype="int64"),
    ],
    bad=[
        case(real()[2], const([1, 1], None), const(2)),
        case(real()[2], const([0, 1], None), const(0)),
        case(real()[2], const([0, 1, 2], None), const(2)),
    ],
    dtypes="float32",
)
op(
    "Bucketize",
    lambda x, boundaries: np.digitize(x, boundaries).astype("int32"),
    real(-3, 3),
    attrs=[dict(boundaries=[-1.0, 0.25, 2.0]), dict(boundaries=[])],
    dtypes="float32 float64 int32 int64",
)
op(
    "CompareAndBitpack",
    lambda x, t: np.packbits(x > t, axis=-1),
    cases=[case(real()[2, 16], const(0, None)), case(real()[0, 8], const(0, None))],
    bad=[case(real()[6], const(0, None))],
    dtypes="float32 float64 int32 int64 bool",
)
op(
    "NthElement",
    lambda x, n, reverse=False: np.sort(x, -1)[..., -1 - n if reverse else n],
    cases=[
        case(real()[5], const(1)),
        case(real()[3, 4], const(0), reverse=True),
        case(real()[2, 0, 3], const(2)),
    ],
    bad=[case(real()[3], const(3)), case(real()[3], const(-1))],
    distinct=True,
    dtypes="float32 float64 int32 int64 uint8",
)


def matrix_product(a, b, transpose_a=False, transpose_b=False, **_):
    return (a.T if transpose_a else a) @ (b.T if transpose_b else b)


op(
    "SparseMatMul",
    matrix_product,
    cases=[
        case(real()[2, 3], real()[3, 4]),
        case(real()[3, 2], real()[4, 3], transpose_a=True, transpose_b=True),
        case(real()[3, 2], real()[3, 4], transpose_a=True, a_is_sparse=True),
        case(real()[2, 0], real()[0, 3]),
    ],
    bad=[case(real()[2, 3], real()[2, 3])],
    dtypes="float32",
    grad_tol=1e-2,
)


def searched(side):
    def reference(rows, values, out_type="int32"):
        pairs = zip(rows, values)
        found = [np.searchsorted(r, v, side) for r, v in pairs]
        return np.array(found, out_type).reshape(values.shape)

    return reference


for name, side in (("LowerBound", "left"), ("UpperBound", "right")):
    op(
        name,
        searched(side),
        cases=[
            case(const([[1, 2, 2, 4], [0, 0, 1, 9]], None), real(0, 9)[2, 5]),
            case(const([[1, 2, 2]], None), const([[2, 3, 0]], None), out_type="int64"),
            case(const(np.zeros((1, 0)), None), const([[2]], None)),
        ],
        bad=[case(real()[2, 3], real()[3, 2])],
        dtypes="float32 float64 int32 int64 uint8",
    )
op(
    "UnravelIndex",
    lambda i, dims: np.stack(np.unravel_index(i, dims)).astype(i.dtype),
    cases=[
        case(const([22, 41, 0], None), const([7, 6], None)),
        case(const(7, None), const([2, 2, 3], None)),
        case(const([], None), const([2], None)),
    ],
    bad=[
        case(const([6], None), const([2, 3], None)),
        case(const([[1]], None), const([2, 3], None)),
        case(const([0], None), const([0, 3], None)),
    ],
    dtypes="int32 int64",
)


def unique_slices(x, axis, out_idx="int32", counts=False):
    axis = int(axis[0]) if len(axis) else 0
    rows = np.moveaxis(x, axis, 0)
    first, where = [], []
    for i, row in enumerate(rows):
        found = [k for k, f in enumerate(first) if np.array_equal(rows[f], row)]
        where.append(found[0] if found else len(first))
        first += [] if found else [i]
    y = np.take(x, np.array(first, np.int64), axis)
    out = (y, np.array(where, out_idx))
    return (*out, np.bincount(where, minlength=len(first)).astype(out_idx)) if counts else out


for name, counts in (("UniqueV2", False), ("UniqueWithCountsV2", True)):
    op(
        name,
        lambda x, axis, counts=counts, **kw: unique_slices(x, axis, counts=counts, **kw),
        cases=[
            case(const([3, 1, 3, 2, 1], None), const([], "int64")),
            case(const([[1, 0, 1], [2, 0, 2]], None), const([1], "int64")),
            case(const([[1, 0], [1, 0], [2, 2]], None), const([0]), out_idx="int64"),
            case(real()[0, 2], const([0])),
        ],
        bad=[case(real()[2, 2], const([2])), case(real()[2, 2], const([0, 1]))],
        dtypes="float32 float64 int32 int64 uint8 bool",
    )


def levenshtein(a, b):
    if not a or not b:
        return len(a) + len(b)
    least = min(levenshtein(a[1:], b), levenshtein(a, b[1:])) + 1
    return min(least, levenshtein(a[1:], b[1:]) + (a[0] != b[0]))


def edit_distance(hi, hv, hs, ti, tv, ts, normalize=True):
    out = np.zeros(np.maximum(hs, ts)[:-1])
    for at in np.ndindex(*out.shape):
        a, b = (
            [v for i, v in zip(ix, vs) if tuple(i[:-1]) == at] for ix, vs in ((hi, hv), (ti, tv))
        )
        if a or b:
            d = levenshtein(a, b)
            out[at] = (d / len(b) if b else np.inf) if normalize else d
    return out


def sequences(*values):
    places = [[i, j] for i, v in enumerate(values) for j in range(len(v))]
    width = max(map(len, values))
    return (const(np.array(places).reshape(-1, 2), "int64"),
            const([c for v in values for c in v], None),
            const([len(values), width], "int64"))  # fmt: skip


op(
    "EditDistance",
    edit_distance,
    cases=[
        case(*sequences([1, 2, 3], [2]), *sequences([1, 3], [2, 2])),
        case(*sequences([1, 2], [], [5]), *sequences([2, 1], [4], []), normalize=False),
        case(*sequences([1], []), *sequences([], [2])),
    ],
    bad=[
        case(const([[0, 5]], "int64"), const([1], None), const([1, 2], "int64"),
             *sequences([1])),
        case(*sequences([1]), const([[0]], "int64"), const([1], None), const([1], "int64")),
    ],
    dtypes="int32 int64 float32",
)  # fmt: skip
PRINTS = {  # of "abc", "d", and of both as one row, as TensorFlow gives them
    1: [[105, 243, 231, 116, 160, 179, 165, 36], [33, 154, 125, 149, 99, 228, 10, 62]],
    2: [[42, 36, 211, 10, 152, 245, 170, 130]],
}
op(
    "Fingerprint",
    lambda data, method: np.array(PRINTS[data.ndim], np.uint8),
    cases=[
        case(text(["abc", "d"]), const("farmhash64", "string")),
        case(text([["abc", "d"]]), const("farmhash64", "string")),
    ],
    bad=[case(text("a"), const("farmhash64", "string"))],
    dtypes="uint8",
)  # fmt: skip
