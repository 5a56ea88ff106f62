# SPDX-License-Identifier: Apache-2.0
"""The interpreter of elementwise groups: every op and dtype, every broadcast, random groups."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caudal import _core

F32, F64, I32, I64, U8, BOOL = (
    np.dtype(t) for t in ("float32", "float64", "int32", "int64", "uint8", "bool")
)
ENUM = {F32: 1, F64: 2, I32: 3, U8: 4, I64: 9, BOOL: 10}
FLOATS = (F32, F64)
INTEGERS = (I32, I64, U8)
SIGNED = (F32, F64, I32, I64)
NUMBERS = (F32, F64, I32, I64, U8)

pytestmark = pytest.mark.no_graph
same = np.testing.assert_array_equal


def run(nodes, feeds, fetches, optimize=True, threads=0):
    """Runs nodes (op, inputs, attrs): input k >= 0 is feed k, k < 0 the result of node ~k."""
    graph = _core.Graph()
    keys = []
    for i, value in enumerate(feeds):
        attrs = {"dtype": ENUM[value.dtype], "shape": value.shape}
        keys.append(graph.add("Placeholder", f"x{i}", [], attrs, "", [], None) << 16)
    results = []
    for op, inputs, attrs in nodes:
        wired = [keys[k] if k >= 0 else results[~k] for k in inputs]
        results.append(graph.add(op, "", wired, attrs, "", [], None) << 16)
    options = {"optimize": optimize, "poison_arena": True, "intra_op_threads": threads}
    session = _core.Session(graph, options)
    signature = session.prepare(keys, [results[k] for k in fetches], [])
    return [np.asarray(v) for v in session.run(signature, list(feeds))]


def run_one(op, *feeds, **attrs):
    return run([(op, list(range(len(feeds))), attrs)], feeds, [0])[0]


def each(fn):
    """A function of Python floats as a function of arrays, NaN where it has no value."""

    def one(*args):
        try:
            return fn(*args)
        except (ValueError, OverflowError):
            return math.nan

    return lambda *a: np.vectorize(one, otypes=[np.float64])(*a)


def sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def digamma(x):
    """By the recurrence up to 20, then the asymptotic series."""
    total = 0.0
    while x < 20:
        total -= 1 / x
        x += 1
    r = 1 / (x * x)
    return total + math.log(x) - 0.5 / x - r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r / 240)))


SELU, SELU_ALPHA = 1.0507009873554805, 1.0507009873554805 * 1.6732632423543772

# op: (reference in float64 or integers, dtypes, domains of the operands)
ANY, POSITIVE, UNIT = (-4.0, 4.0), (0.05, 5.0), (-0.95, 0.95)
REFERENCES = {
    "Neg": (np.negative, SIGNED, [ANY]),
    "Abs": (np.abs, SIGNED, [ANY]),
    "Sign": (np.sign, SIGNED, [ANY]),
    "Square": (np.square, SIGNED, [ANY]),
    "Sqrt": (np.sqrt, FLOATS, [POSITIVE]),
    "Rsqrt": (lambda x: 1 / np.sqrt(x), FLOATS, [POSITIVE]),
    "Reciprocal": (lambda x: 1 / x, FLOATS, [POSITIVE]),
    "Inv": (lambda x: 1 / x, FLOATS, [POSITIVE]),
    "Exp": (np.exp, FLOATS, [ANY]),
    "Expm1": (np.expm1, FLOATS, [ANY]),
    "Log": (np.log, FLOATS, [POSITIVE]),
    "Log1p": (np.log1p, FLOATS, [(-0.9, 5.0)]),
    "Sin": (np.sin, FLOATS, [ANY]),
    "Cos": (np.cos, FLOATS, [ANY]),
    "Tan": (np.tan, FLOATS, [(-1.4, 1.4)]),
    "Asin": (np.arcsin, FLOATS, [UNIT]),
    "Acos": (np.arccos, FLOATS, [UNIT]),
    "Atan": (np.arctan, FLOATS, [ANY]),
    "Sinh": (np.sinh, FLOATS, [ANY]),
    "Cosh": (np.cosh, FLOATS, [ANY]),
    "Tanh": (np.tanh, FLOATS, [ANY]),
    "Asinh": (np.arcsinh, FLOATS, [ANY]),
    "Acosh": (np.arccosh, FLOATS, [(1.05, 9.0)]),
    "Atanh": (np.arctanh, FLOATS, [UNIT]),
    "Floor": (np.floor, FLOATS, [ANY]),
    "Ceil": (np.ceil, FLOATS, [ANY]),
    "Round": (np.round, SIGNED, [ANY]),
    "Rint": (np.rint, FLOATS, [ANY]),
    "IsNan": (np.isnan, FLOATS, [ANY]),
    "IsInf": (np.isinf, FLOATS, [ANY]),
    "IsFinite": (np.isfinite, FLOATS, [ANY]),
    "Erf": (each(math.erf), FLOATS, [ANY]),
    "Erfc": (each(math.erfc), FLOATS, [ANY]),
    "Lgamma": (each(math.lgamma), FLOATS, [(0.05, 20.0)]),
    "Digamma": (each(digamma), FLOATS, [(0.05, 9.0)]),
    "Sigmoid": (sigmoid, FLOATS, [(-30.0, 30.0)]),
    "LogicalNot": (np.logical_not, (BOOL,), [ANY]),
    "Add": (np.add, NUMBERS, [ANY, ANY]),
    "AddV2": (np.add, NUMBERS, [ANY, ANY]),
    "Sub": (np.subtract, NUMBERS, [ANY, ANY]),
    "Mul": (np.multiply, NUMBERS, [ANY, ANY]),
    "Div": (
        lambda x, y: x / y if x.dtype.kind == "f" else np.trunc(x / y).astype(x.dtype),
        NUMBERS,
        [ANY, POSITIVE],
    ),
    "RealDiv": (np.true_divide, FLOATS, [ANY, POSITIVE]),
    "TruncateDiv": (lambda x, y: np.trunc(x / y).astype(x.dtype), INTEGERS, [ANY, POSITIVE]),
    "FloorDiv": (np.floor_divide, NUMBERS, [ANY, POSITIVE]),
    "FloorMod": (np.mod, SIGNED, [ANY, POSITIVE]),
    "Mod": (np.fmod, SIGNED, [ANY, POSITIVE]),
    "TruncateMod": (np.fmod, SIGNED, [ANY, POSITIVE]),
    "Pow": (np.power, SIGNED, [POSITIVE, POSITIVE]),
    "Maximum": (np.maximum, SIGNED, [ANY, ANY]),
    "Minimum": (np.minimum, SIGNED, [ANY, ANY]),
    "SquaredDifference": (lambda x, y: (x - y) * (x - y), SIGNED, [ANY, ANY]),
    "Atan2": (np.arctan2, FLOATS, [ANY, ANY]),
    "DivNoNan": (lambda x, y: x / y, FLOATS, [ANY, POSITIVE]),
    "MulNoNan": (np.multiply, FLOATS, [ANY, ANY]),
    "Xdivy": (lambda x, y: x / y, FLOATS, [ANY, POSITIVE]),
    "Xlogy": (lambda x, y: x * np.log(y), FLOATS, [ANY, POSITIVE]),
    "LogicalAnd": (np.logical_and, (BOOL,), [ANY, ANY]),
    "LogicalOr": (np.logical_or, (BOOL,), [ANY, ANY]),
    "Less": (np.less, NUMBERS, [ANY, ANY]),
    "LessEqual": (np.less_equal, NUMBERS, [ANY, ANY]),
    "Greater": (np.greater, NUMBERS, [ANY, ANY]),
    "GreaterEqual": (np.greater_equal, NUMBERS, [ANY, ANY]),
    "Equal": (np.equal, NUMBERS + (BOOL,), [ANY, ANY]),
    "NotEqual": (np.not_equal, NUMBERS + (BOOL,), [ANY, ANY]),
    "ApproximateEqual": (lambda x, y: np.abs(x - y) < x.dtype.type(1e-5), SIGNED, [ANY, ANY]),
    "Relu": (lambda x: np.maximum(x, 0), NUMBERS, [ANY]),
    "Relu6": (lambda x: np.clip(x, 0, 6), NUMBERS, [(-9.0, 9.0)]),
    "LeakyRelu": (lambda x: np.where(x < 0, x * np.float32(0.2), x), FLOATS, [ANY]),
    "Elu": (lambda x: np.where(x < 0, np.expm1(x), x), FLOATS, [ANY]),
    "Selu": (lambda x: np.where(x < 0, SELU_ALPHA * np.expm1(x), SELU * x), FLOATS, [ANY]),
    "Softplus": (lambda x: np.logaddexp(x, 0), FLOATS, [(-30.0, 30.0)]),
    "Softsign": (lambda x: x / (1 + np.abs(x)), FLOATS, [ANY]),
    "ReluGrad": (lambda g, x: g * (x > 0), NUMBERS, [ANY, ANY]),
    "Relu6Grad": (lambda g, x: g * ((x > 0) & (x < 6)), NUMBERS, [ANY, (-9.0, 9.0)]),
    "LeakyReluGrad": (lambda g, x: np.where(x > 0, g, g * np.float32(0.2)), FLOATS, [ANY, ANY]),
    "EluGrad": (lambda g, y: np.where(y < 0, g * (y + 1), g), FLOATS, [ANY, ANY]),
    "SeluGrad": (
        lambda g, y: np.where(y < 0, g * (y + SELU_ALPHA), g * SELU),
        FLOATS,
        [ANY, ANY],
    ),
    "SoftplusGrad": (lambda g, x: g * sigmoid(x), FLOATS, [ANY, ANY]),
    "SoftsignGrad": (lambda g, x: g / (1 + np.abs(x)) ** 2, FLOATS, [ANY, ANY]),
    "SigmoidGrad": (lambda y, g: g * y * (1 - y), FLOATS, [ANY, ANY]),
    "TanhGrad": (lambda y, g: g * (1 - y * y), FLOATS, [ANY, ANY]),
    "SqrtGrad": (lambda y, g: g * 0.5 / y, FLOATS, [POSITIVE, ANY]),
    "RsqrtGrad": (lambda y, g: -0.5 * g * y**3, FLOATS, [ANY, ANY]),
    "ReciprocalGrad": (lambda y, g: -g * y * y, FLOATS, [ANY, ANY]),
    "InvGrad": (lambda y, g: -g * y * y, FLOATS, [ANY, ANY]),
}
CASES = [(op, dtype) for op, (_, dtypes, _) in REFERENCES.items() for dtype in dtypes]


def sample(rng, dtype, domain, shape):
    low, high = domain
    if dtype == BOOL:
        return rng.random(shape) < 0.5
    if dtype.kind == "f":
        return np.asarray(rng.uniform(low, high, shape), dtype)
    low = 0 if dtype == U8 and low < 0 else math.ceil(low)
    return np.asarray(rng.integers(low, math.floor(high) + 1, shape), dtype)


def reference(op, feeds):
    """The float64 value of a float op; integers and booleans exactly."""
    fn = REFERENCES[op][0]
    wide = [f.astype(F64) if f.dtype == F32 else f for f in feeds]
    with np.errstate(all="ignore"):
        return np.asarray(fn(*wide))


def check(actual, expected, dtype):
    assert actual.shape == expected.shape
    if actual.dtype.kind in "biu":
        same(actual, expected.astype(actual.dtype))
    else:
        tolerance = 2e-6 if dtype == F32 else 1e-14
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("op,dtype", CASES, ids=[f"{op}-{dtype}" for op, dtype in CASES])
def test_every_op_and_dtype(op, dtype):
    rng = np.random.default_rng(7)
    for shape in [(), (1,), (0,), (15,), (16,), (3, 333), (70001,)]:
        feeds = [sample(rng, dtype, domain, shape) for domain in REFERENCES[op][2]]
        actual = run_one(op, *feeds)
        check(actual, reference(op, feeds), dtype)
        assert actual.dtype in (dtype, BOOL)


BROADCASTS = [
    ((), (7,)), ((1,), (5, 3)), ((3,), (5, 3)), ((5, 1), (5, 3)), ((5, 1), (1, 3)),
    ((4, 1, 6), (1, 5, 1)), ((4, 5, 6), (5, 6)), ((4, 5, 6), (4, 1, 1)), ((4, 5, 6), (1, 5, 1)),
    ((600,), (9, 600)), ((9, 1), (9, 600)), ((1, 600), (9, 1)), ((2, 1, 5000), (3, 1)),
    ((3000, 2), (3000, 1)), ((3000, 2), (2,)), ((50, 1, 31), (50, 90, 1)), ((2, 3), (0, 2, 3)),
    ((0, 1), (1, 3)), ((2, 1, 2, 1, 2, 1, 2, 1), (1, 3, 1, 3, 1, 3, 1, 3)), ((64, 1), (64, 511)),
    ((40, 1, 1), (1, 40, 513)), ((1, 1, 1), (1,)), ((130, 1, 7), (7,)), ((1, 9), (20000, 9)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
@pytest.mark.parametrize("swap", [False, True])
def test_broadcast(shapes, swap):
    rng = np.random.default_rng(3)
    shapes = shapes[::-1] if swap else shapes
    for dtype in (F32, I64, U8):
        x, y = (sample(rng, dtype, ANY, shape) for shape in shapes)
        same(run_one("Sub", x, y), x - y)
        same(run_one("Less", x, y), x < y)
    x, y = (sample(rng, F32, POSITIVE, shape) for shape in shapes)
    check(run_one("Pow", x, y), np.power(x.astype(F64), y), F32)
    condition = sample(rng, BOOL, ANY, shapes[0])
    for other in (x.shape, y.shape):
        z = sample(rng, F32, ANY, other)
        same(run_one("SelectV2", condition, y, z), np.where(condition, y, z))
        same(run_one("SelectV2", condition, z, y), np.where(condition, z, y))


def test_incompatible_shapes():
    with pytest.raises(_core.Error):
        run_one("Add", np.zeros(3, F32), np.zeros(4, F32))


def test_select_by_rows():
    rng = np.random.default_rng(1)
    for shape in [(3, 3), (5, 2, 2), (700, 3), (3, 700), (4,)]:
        for dtype in NUMBERS + (BOOL,):
            x, y = sample(rng, dtype, ANY, shape), sample(rng, dtype, ANY, shape)
            condition = sample(rng, BOOL, ANY, shape[:1])
            column = condition.reshape(shape[:1] + (1,) * (len(shape) - 1))
            same(run_one("Select", condition, x, y), np.where(column, x, y))
            for flag in (True, False):
                chosen = x if flag else y
                same(run_one("Select", np.array(flag), x, y), chosen)


def test_select_by_rows_inside_a_group():
    """A condition that is computed in the group goes by rows, even where the matrix is square."""
    rng = np.random.default_rng(2)
    x, y = sample(rng, F32, ANY, (6, 6)), sample(rng, F32, ANY, (6, 6))
    a, b = sample(rng, F32, ANY, (6,)), sample(rng, F32, ANY, (6,))
    nodes = [("Less", [2, 3], {}), ("Select", [~0, 0, 1], {}), ("Neg", [~1], {})]
    for optimize in (True, False):
        (actual,) = run(nodes, [x, y, a, b], [2], optimize)
        same(actual, -np.where((a < b)[:, None], x, y))


@pytest.mark.parametrize("source", NUMBERS + (BOOL,), ids=str)
@pytest.mark.parametrize("target", NUMBERS + (BOOL,), ids=str)
def test_cast(source, target):
    rng = np.random.default_rng(5)
    for shape in [(), (0,), (1001,), (40000,)]:
        x = sample(rng, source, (0.0, 200.0), shape)
        same(run_one("Cast", x, DstT=ENUM[target]), x.astype(target))


def test_cast_out_of_range():
    x = np.array([np.nan, 1e20, -1e20, np.inf, -np.inf, -1.7, 300.7, -5.2] * 9, F32)
    for target, low in ((I32, -(2**31)), (I64, -(2**63))):
        expected = np.array([low] * 5 + [-1, 300, -5] * 1, target)
        for dtype in FLOATS:
            actual = run_one("Cast", x.astype(dtype), DstT=ENUM[target])
            same(actual, np.tile(expected, 9))
    same(run_one("Cast", x, DstT=ENUM[U8]), np.tile([0, 0, 0, 0, 0, 255, 44, 251], 9))
    flags = run_one("Cast", np.array([np.nan, 0, -0.0, 0.5], F32), DstT=ENUM[BOOL])
    same(flags, [True, False, False, True])


SPECIAL = [
    0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 1e-45, 3.4e38, -3.4e38, 1.0, -1.0, 0.5, 1.5,
    2.5, -2.5, 88.0, 89.0, -104.0, -87.5, 1e-10, -1e-10, 9.5, -9.5, 1e5,
]  # fmt: skip
NUMPY_SPECIAL = {
    "Exp": np.exp, "Expm1": np.expm1, "Log": np.log, "Log1p": np.log1p, "Atan": np.arctan,
    "Asin": np.arcsin, "Acos": np.arccos, "Sinh": np.sinh, "Cosh": np.cosh, "Tanh": np.tanh,
    "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh, "Sqrt": np.sqrt,
    "Floor": np.floor, "Ceil": np.ceil, "Rint": np.rint, "Round": np.rint, "Abs": np.abs,
    "Neg": np.negative, "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "IsNan": np.isnan,
    "IsInf": np.isinf, "IsFinite": np.isfinite, "Sigmoid": sigmoid, "Sign": np.sign,
    "Reciprocal": lambda x: 1 / x, "Erf": each(math.erf), "Erfc": each(math.erfc),
    "Relu": lambda x: np.maximum(x, 0), "Softplus": lambda x: np.logaddexp(x, 0),
    "Elu": lambda x: np.where(x < 0, np.expm1(x), x),
}  # fmt: skip


@pytest.mark.parametrize("op", NUMPY_SPECIAL)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("count", [1, 40])
def test_special_values(op, dtype, count):
    """Alone and among many others, so in the vector's body and in the rest."""
    x = np.array(SPECIAL * count, F32).astype(dtype)
    with np.errstate(all="ignore"):
        expected = NUMPY_SPECIAL[op](x.astype(F64))
    actual = run_one(op, x)
    with np.errstate(all="ignore"):
        expected = np.asarray(expected).astype(actual.dtype)
    tolerance = 1e-6 if dtype == F32 else 1e-14
    tiny = np.finfo(dtype).tiny * 2 if dtype.kind == "f" else 0
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tiny)


def test_not_a_number_passes_through():
    x = np.array([np.nan, 1, np.nan, 1] * 20, F32)
    y = np.array([1, np.nan, np.nan, 2] * 20, F32)
    same(run_one("Maximum", x, y), np.maximum(x, y))
    same(run_one("Minimum", x, y), np.minimum(x, y))
    for op in ("Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Softplus", "Softsign", "Sign"):
        assert np.isnan(run_one(op, x)[0]), op
    clipped = run_one("ClipByValue", x, np.array(0, F32), np.array(0.5, F32))
    same(clipped, np.clip(x, 0, 0.5))
    same(run_one("DivNoNan", x, x * 0 + 0), np.where(x == x, 0, np.nan))
    zero = np.zeros_like(x)
    for op in ("Xdivy", "Xlogy"):
        same(run_one(op, zero, y), zero)
    for op in ("DivNoNan", "MulNoNan"):
        same(run_one(op, x, zero), zero)
    digamma = run_one("Digamma", np.array([-0.5]))
    np.testing.assert_allclose(digamma, 0.03648997397857652, rtol=1e-12)
    assert np.isnan(run_one("Digamma", np.array([0.0, -1.0, -np.inf, np.nan]))).all()


def test_integers_wrap():
    for dtype in (I32, I64):
        low = np.iinfo(dtype).min
        x = np.array([low, low, low, 7, -7, -7, 7] * 30, dtype)
        y = np.array([-1, 1, 2, -2, 2, -2, 2] * 30, dtype)
        with np.errstate(over="ignore"):
            same(run_one("Neg", x), -x)
            same(run_one("Abs", x), np.abs(x))
            for op in ("Add", "Sub", "Mul", "SquaredDifference"):
                same(run_one(op, x, y), REFERENCES[op][0](x, y))
        quotient = np.array([low, low, low // 2, -3, -3, 3, 3] * 30, dtype)
        same(run_one("TruncateDiv", x, y), quotient)
        same(run_one("Div", x, y), quotient)
        floored = np.array([low, low, low // 2, -4, -4, 3, 3] * 30, dtype)
        same(run_one("FloorDiv", x, y), floored)
        same(run_one("FloorMod", x, y), np.tile([0, 0, 0, -1, 1, -1, 1], 30))
        same(run_one("TruncateMod", x, y), np.tile([0, 0, 0, 1, -1, -1, 1], 30))


@pytest.mark.parametrize("dtype", (I32, I64), ids=str)
def test_integer_errors(dtype):
    x = np.ones(5, dtype)
    zero = np.array([1, 2, 0, 3, 4], dtype)
    for op in ("Div", "FloorDiv", "TruncateDiv", "FloorMod", "Mod", "TruncateMod"):
        for divisor in (zero, np.array(0, dtype)):
            with pytest.raises(_core.Error, match="Integer division by zero"):
                run_one(op, x, divisor)
    with pytest.raises(_core.Error, match="Integers to negative integer powers are not allowed"):
        run_one("Pow", x, zero - 1)


@pytest.mark.parametrize("count", [1, 2, 3, 9, 40])
def test_add_n(count):
    rng = np.random.default_rng(4)
    for dtype in NUMBERS:
        feeds = [sample(rng, dtype, ANY, (5000,)) for _ in range(count)]
        actual = run([("AddN", list(range(count)), {})], feeds, [0])[0]
        expected = feeds[0]
        for feed in feeds[1:]:
            expected = expected + feed
        same(actual, expected)


def test_clip_by_value():
    rng = np.random.default_rng(4)
    for dtype in NUMBERS:
        x = sample(rng, dtype, (-40.0, 40.0), (3001,))
        low, high = np.array(3, dtype), np.array(20, dtype)
        same(run_one("ClipByValue", x, low, high), np.clip(x, low, high))
        same(run_one("ClipByValue", x, high, low), np.full_like(x, 20))


def test_value_does_not_depend_on_position():
    x = np.random.default_rng(0).uniform(0.1, 4, 5003).astype(F32)
    for op in ("Exp", "Tanh", "Sigmoid", "Log", "Erf", "Softplus"):
        whole = run_one(op, x)
        for begin, end in ((1, 5003), (17, 18), (4990, 5003), (100, 163)):
            same(run_one(op, x[begin:end].copy()), whole[begin:end])


def test_thread_count_does_not_matter():
    rng = np.random.default_rng(0)
    feeds = [sample(rng, F32, ANY, (300, 1111)), sample(rng, F32, ANY, (300, 1))]
    nodes = [("Mul", [0, 1], {}), ("Tanh", [~0], {}), ("Add", [~1, 1], {})]
    one = run(nodes, feeds, [2], threads=1)[0]
    same(run(nodes, feeds, [2], threads=3)[0], one)


# Ops whose results stay in a range in which random chains do not blow up.
CHAIN_UNARY = ("Neg", "Abs", "Tanh", "Sin", "Sigmoid", "Relu", "Softsign", "Sign", "Relu6", "Floor")
CHAIN_BINARY = ("Add", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference", "Atan2")


@st.composite
def groups(draw):
    """A random group: its shape, shapes of feeds, nodes, fetches."""
    dims = draw(st.lists(st.sampled_from([1, 2, 3, 5, 16, 70, 600]), min_size=0, max_size=4))
    while np.prod(dims, dtype=np.int64) > 100_000:
        dims.remove(max(dims))
    shape = tuple(dims)
    feeds = [(shape, F32)]
    for _ in range(draw(st.integers(1, 5))):
        kept = [d if draw(st.booleans()) else 1 for d in shape[draw(st.integers(0, len(shape))) :]]
        kept = draw(st.sampled_from([tuple(kept), shape, ()]))
        feeds.append((kept, draw(st.sampled_from([F32, F32, F32, F64, I32, BOOL]))))
    nodes, values = [], list(enumerate(d for _, d in feeds))

    def pick(dtype):
        return draw(st.sampled_from([k for k, d in values if d == dtype]))

    def push(op, inputs, dtype, attrs=None):
        nodes.append((op, inputs, attrs or {}))
        values.append((~(len(nodes) - 1), dtype))

    for _ in range(draw(st.integers(1, 25))):
        kind = draw(st.sampled_from(["unary", "binary", "compare", "select", "cast", "sum"]))
        if kind == "unary":
            push(draw(st.sampled_from(CHAIN_UNARY)), [pick(F32)], F32)
        elif kind == "binary":
            push(draw(st.sampled_from(CHAIN_BINARY)), [pick(F32), pick(F32)], F32)
        elif kind == "compare":
            push(draw(st.sampled_from(["Less", "Equal"])), [pick(F32), pick(F32)], BOOL)
        elif kind == "select" and any(d == BOOL for _, d in values):
            push("SelectV2", [pick(BOOL), pick(F32), pick(F32)], F32)
        elif kind == "cast":
            source, dtype = draw(st.sampled_from(values))
            target = draw(st.sampled_from([F32, F32, F64]))
            if dtype != target:
                push("Cast", [source], target, {"DstT": ENUM[target]})
        else:
            push("Add", [pick(F32), 0], F32)
    push("Add", [pick(F32), 0], F32)
    whole = st.lists(st.integers(0, len(nodes) - 1), min_size=0, max_size=3, unique=True)
    return feeds, nodes, draw(whole) + [len(nodes) - 1]


def expected_values(nodes, feeds):
    results = []
    for op, inputs, attrs in nodes:
        args = [feeds[k] if k >= 0 else results[~k] for k in inputs]
        if op == "Cast":
            target = next(d for d, number in ENUM.items() if number == attrs["DstT"])
            results.append(args[0].astype(target))
        elif op == "SelectV2":
            results.append(np.where(*args))
        else:
            results.append(np.asarray(run_one(op, *args)))
    return results


@settings(max_examples=150, deadline=None)
@given(groups(), st.integers(0, 2**31))
def test_random_groups(group, seed):
    """Fused or not, a group's values are those of its ops one by one, to the last bit."""
    specs, nodes, fetches = group
    rng = np.random.default_rng(seed)
    feeds = [sample(rng, dtype, ANY, shape) for shape, dtype in specs]
    expected = expected_values(nodes, feeds)
    for optimize in (True, False):
        for value, fetch in zip(run(nodes, feeds, fetches, optimize), fetches):
            same(value, expected[fetch])
