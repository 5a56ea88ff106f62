# SPDX-License-Identifier: Apache-2.0
"""Unary, binary, activation, reduction and scan ops."""

import math

import ml_dtypes
import numpy as np

from property.catalog import COMPUTED, NARROW, bools, case, const, op, real

# -- References that NumPy lacks -------------------------------------------------------------------


def each(function):
    return np.vectorize(function, otypes=[np.float64])


@each
def digamma(x):
    shift = 0.0
    if x < 0:
        shift, x = -math.pi / math.tan(math.pi * x), 1 - x
    while x < 20:
        shift, x = shift - 1 / x, x + 1
    u = 1 / (x * x)
    return shift + math.log(x) - 0.5 / x - u * (1 / 12 - u * (1 / 120 - u * (1 / 252 - u / 240)))


@each
def zeta(x, q):
    """Terms up to n, then the Euler-Maclaurin tail."""
    n = 40
    total = sum((q + k) ** -x for k in range(n))
    a = q + n
    power = a**-x
    tail = power * (a / (x - 1) + 0.5 + x / (12 * a))
    return total + tail - power * x * (x + 1) * (x + 2) / (720 * a**3)


def polygamma(n, x):
    return (-1) ** (n + 1) * each(math.gamma)(n + 1) * zeta(n + 1, x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def truncated_quotient(x, y):
    if x.dtype.kind == "f":
        return np.trunc(x / y)
    return (np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y))).astype(x.dtype)


def quotient(x, y):
    return x / y if x.dtype.kind in "fc" else truncated_quotient(x, y)


def reciprocal(x):
    return 1 / x if x.dtype.kind in "fc" else truncated_quotient(np.ones_like(x), x)


def unless_zero(test, value):
    return np.where(test == 0, np.zeros_like(value), value)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

SIGNED = "float32 float64 int32 int64"


def converted(x, DstT):  # noqa: N803 - the attr's name
    if x.dtype.kind == "c" and not DstT.startswith("complex"):
        x = x.real
    if DstT.startswith(("int", "u")):
        x = np.trunc(x)
    return x.astype(ml_dtypes.bfloat16 if DstT == "bfloat16" else DstT)


# -- Unary -----------------------------------------------------------------------------------------

op("Neg", np.negative, real(), nan=True)
op("Abs", np.abs, real(), kinks=(0,), nan=True)
op("Sign", np.sign, real(), kinks=(0,))
op("Square", np.square, real(), dtypes=SIGNED, nan=True)
op("Sqrt", np.sqrt, real(0.1, 4), nan=True)
op("Rsqrt", lambda x: 1 / np.sqrt(x), real(0.1, 4))
op("Reciprocal", reciprocal, real(0.5, 3))
op("Inv", reciprocal, real(0.5, 3))
op("Exp", np.exp, real(-3, 3), nan=True)
op("Expm1", np.expm1, real(-2, 2), nan=True)
op("Log", np.log, real(0.1, 4), nan=True)
op("Log1p", np.log1p, real(-0.5, 3), nan=True)
op("Sin", np.sin, real(-4, 4))
op("Cos", np.cos, real(-4, 4))
op("Tan", np.tan, real(-1.2, 1.2))
op("Asin", np.arcsin, real(-0.9, 0.9))
op("Acos", np.arccos, real(-0.9, 0.9))
op("Atan", np.arctan, real(-3, 3))
op("Sinh", np.sinh, real())
op("Cosh", np.cosh, real())
op("Asinh", np.arcsinh, real(0.1, 3))  # the gradient formula goes through the output
op("Acosh", np.arccosh, real(1.2, 4))
op("Atanh", np.arctanh, real(-0.9, 0.9))
op("Floor", np.floor, real(-3, 3), nan=True)
op("Ceil", np.ceil, real(-3, 3), nan=True)
op("Round", np.rint, real(-3, 3))
op("Rint", np.rint, real(-3, 3), nan=True)
op("IsNan", np.isnan, real(), nan=True)
op("IsInf", np.isinf, real(), nan=True)
op("IsFinite", np.isfinite, real(), nan=True)
op("LogicalNot", np.logical_not, bools(), dtypes="bool")
op("Erf", each(math.erf), real(-2.5, 2.5))
op("Erfc", each(math.erfc), real(-2.5, 2.5))
op("Lgamma", each(math.lgamma), real(0.3, 6))
op("Digamma", digamma, real(0.3, 6))
op(
    "Cast",
    converted,
    real(0, 9),
    attrs=[{"DstT": t} for t in (*COMPUTED, *NARROW)],
    tol=1e-6,
    grad_tol=0.3,  # differences of a float32 output are coarse
)

# -- Gradient ops that are formulas of the output --------------------------------------------------

# Complex gradients go through the conjugate.
op("SqrtGrad", lambda y, dy: dy / (2 * np.conj(y)), real(0.5, 2), real())
op("RsqrtGrad", lambda y, dy: -0.5 * dy * np.conj(y) ** 3, real(0.5, 2), real())
op("ReciprocalGrad", lambda y, dy: -dy * np.conj(y) ** 2, real(0.5, 2), real())
op("InvGrad", lambda y, dy: -dy * np.conj(y) ** 2, real(0.5, 2), real())
op("SigmoidGrad", lambda y, dy: dy * y * (1 - y), real(0.1, 0.9), real())
op("TanhGrad", lambda y, dy: dy * (1 - y * y), real(-0.9, 0.9), real())

# -- Activations -----------------------------------------------------------------------------------

op("Relu", lambda x: np.maximum(x, 0), real(), kinks=(0,))
op("Relu6", lambda x: np.clip(x, 0, 6), real(-3, 9), kinks=(0, 6))
op("Elu", lambda x: np.where(x < 0, np.expm1(x), x), real(), kinks=(0,))
op(
    "Selu",
    lambda x: SELU_SCALE * np.where(x < 0, SELU_ALPHA * np.expm1(x), x),
    real(),
    kinks=(0,),
)
op(
    "LeakyRelu",
    lambda x, alpha=0.2: np.where(x > 0, x, alpha * x),
    real(),
    attrs=[{}, {"alpha": 0.5}],
    kinks=(0,),
    tol={"float64": 1e-7},  # alpha is a float32
)
op("Softplus", lambda x: np.logaddexp(x, 0), real(-6, 6))
op("Softsign", lambda x: x / (1 + np.abs(x)), real(), kinks=(0,))
op("Sigmoid", sigmoid, real(-5, 5))
op("Tanh", np.tanh, real(-3, 3), nan=True)
op("ReluGrad", lambda dy, x: dy * (x > 0), real(), real(), kinks=(0,))
op("Relu6Grad", lambda dy, x: dy * ((x > 0) & (x < 6)), real(), real(-3, 9), kinks=(0, 6))
op("EluGrad", lambda dy, y: dy * np.where(y < 0, y + 1, 1), real(), real(-0.9, 2), kinks=(0,))
op(
    "SeluGrad",
    lambda dy, y: dy * np.where(y < 0, y + SELU_SCALE * SELU_ALPHA, SELU_SCALE),
    real(),
    real(-1.5, 2),
    kinks=(0,),
)
op(
    "LeakyReluGrad",
    lambda dy, x, alpha=0.2: dy * np.where(x > 0, 1, alpha),
    real(),
    real(),
    attrs=[{}, {"alpha": 0.5}],
    kinks=(0,),
    tol={"float64": 1e-7},
)
op("SoftplusGrad", lambda dy, x: dy * sigmoid(x), real(), real(-5, 5))
op("SoftsignGrad", lambda dy, x: dy / (1 + np.abs(x)) ** 2, real(), real(), kinks=(0,))

# -- Binary ----------------------------------------------------------------------------------------

MISMATCH = [case(real()[2, 3], real()[2, 4]), case(real()[3], real()[2, 2])]


def broadcasting(name, reference, *domains, **rest):
    op(name, reference, *domains, broadcast=True, **rest)


broadcasting("Add", np.add, real(), real(), nan=True, bad=MISMATCH)
broadcasting("AddV2", np.add, real(), real(), nan=True, bad=MISMATCH)
broadcasting("Sub", np.subtract, real(), real(), nan=True, bad=MISMATCH)
broadcasting("Mul", np.multiply, real(), real(), nan=True, bad=MISMATCH)
broadcasting("Div", quotient, real(), real(0.6, 3))
broadcasting("RealDiv", quotient, real(), real(0.6, 3))
broadcasting("FloorDiv", np.floor_divide, real(-9, 9), real(0.6, 3))
broadcasting("TruncateDiv", quotient, real(-9, 9), real(0.6, 3))
broadcasting("FloorMod", np.mod, real(-9, 9), real(10, 20), kinks=(0,), dtypes=SIGNED)
broadcasting("Mod", np.fmod, real(-9, 9), real(0.6, 3), dtypes=SIGNED)
broadcasting("TruncateMod", np.fmod, real(-9, 9), real(0.6, 3), dtypes=SIGNED)
broadcasting("Pow", np.power, real(0.5, 2), real(0, 3), dtypes=SIGNED)
broadcasting("Maximum", np.maximum, real(), real(), distinct=True, dtypes=SIGNED)
broadcasting("Minimum", np.minimum, real(), real(), distinct=True, dtypes=SIGNED)
broadcasting("SquaredDifference", lambda x, y: (x - y) * np.conj(x - y), real(), real())
broadcasting("Atan2", np.arctan2, real(0.4, 2), real(0.4, 2))
broadcasting("DivNoNan", lambda x, y: unless_zero(y, x / y), real(), real(0.5, 2))
broadcasting("MulNoNan", lambda x, y: unless_zero(y, x * y), real(), real())
broadcasting("Xdivy", lambda x, y: unless_zero(x, x / y), real(0.3, 2), real(0.5, 2))
broadcasting("Xlogy", lambda x, y: unless_zero(x, x * np.log(y)), real(0.3, 2), real(0.5, 2))
# The derivative of zeta towards its exponent is not defined here, as in TensorFlow.
broadcasting("Zeta", zeta, real(1.5, 4, differentiable=False), real(0.5, 3), tol=1e-5)
broadcasting("Polygamma", polygamma, const(2.0, dtype=None), real(0.5, 3), tol=1e-5)
broadcasting("Less", np.less, real(), real(), nan=True)
broadcasting("LessEqual", np.less_equal, real(), real(), nan=True)
broadcasting("Greater", np.greater, real(), real(), nan=True)
broadcasting("GreaterEqual", np.greater_equal, real(), real(), nan=True)
broadcasting("Equal", np.equal, real(), real(), nan=True)
broadcasting("NotEqual", np.not_equal, real(), real(), nan=True)
broadcasting("LogicalAnd", np.logical_and, bools(), bools(), dtypes="bool")
broadcasting("LogicalOr", np.logical_or, bools(), bools(), dtypes="bool")
op(
    "ApproximateEqual",
    lambda x, y, tolerance=1e-5: np.abs(x - y) < x.dtype.type(tolerance),
    real(0, 2),
    real(0, 2),
    attrs=[{}, {"tolerance": 0.5}],
    dtypes="float32 float64 int32 int64",
)
op(
    "AddN",
    lambda xs: sum(xs[1:], xs[0]),
    cases=[
        case([real()[2, 3]]),
        case([real()[2, 3], real()[2, 3]]),
        case([real()[()] for _ in range(9)]),
        case([real()[0, 3], real()[0, 3]]),
    ],
    bad=[case([real()[2], real()[3]])],
)
op(
    "AccumulateNV2",
    lambda xs, shape: sum(xs[1:], xs[0]),
    cases=[case([real()[2, 3] for _ in range(n)], shape=(2, 3)) for n in (1, 3)],
)
op(
    "Select",
    lambda c, x, y: np.where(
        c.reshape(c.shape + (1,) * (x.ndim - c.ndim)) if c.ndim == 1 else c, x, y
    ),
    cases=[
        case(bools()[2, 3], real()[2, 3], real()[2, 3]),
        case(bools()[3], real()[3, 3], real()[3, 3]),
        case(bools()[()], real()[2, 3], real()[2, 3]),
        case(bools()[0], real()[0, 2], real()[0, 2]),
    ],
    bad=[case(bools()[3], real()[2, 3], real()[2, 3]), case(bools()[2], real()[2], real()[3])],
)
op(
    "SelectV2",
    np.where,
    cases=[
        case(bools()[2, 3], real()[2, 3], real()[2, 3]),
        case(bools()[3], real()[2, 3], real()[()]),
        case(bools()[2, 1], real()[3], real()[1, 3]),
        case(bools()[()], real()[0, 3], real()[3]),
    ],
)
op(
    "ClipByValue",
    lambda x, low, high: np.maximum(np.minimum(x, high), low),
    cases=[
        case(real(-3, 3)[4, 3], real(0, 1)[()], real(1.6, 2)[()]),
        case(real(-3, 3)[4, 3], real(0, 1)[4, 3], real(1.6, 2)[4, 3]),
    ],
)

# -- Reductions ------------------------------------------------------------------------------------


def over(function):
    """A reference for `function(x, axes, keepdims)`."""

    def reference(x, axes, keep_dims=False):
        axes = tuple(int(a) % max(x.ndim, 1) for a in np.atleast_1d(axes))
        return np.asarray(function(x, axes, keep_dims)).astype(x.dtype)

    return reference


def mean(x, axes, keep):
    total = np.sum(x, axes, keepdims=keep, dtype=x.dtype)
    count = math.prod(x.shape[a] for a in axes)
    return total / count if x.dtype.kind in "fc" else truncated_quotient(total.astype(int), count)


def extremum(function, sign):
    def reduce(x, axes, keep):
        floats = x.dtype.kind == "f"
        limits = (-np.inf, np.inf) if floats else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
        return function(x, axes, keepdims=keep, initial=limits[sign < 0])

    return reduce


def reductions(values):
    return [
        case(values[2, 3], const([0])),
        case(values[2, 3], const([1]), keep_dims=True),
        case(values[3, 2, 4], const([-1, 0])),
        case(values[3, 2, 4], const([1], dtype="int64")),
        case(values[2, 3, 2], const([0, 1, 2]), keep_dims=True),
        case(values[2, 3], const(1)),
        case(values[2, 3], const([])),
        case(values[()], const([])),
        case(values[2, 1, 3, 1, 2, 1, 1, 2], const([0, 4, 5])),
    ]


WRONG_AXES = [case(real()[2, 3], const([2])), case(real()[2, 3], const([0, -3]))]
EMPTY = [case(real()[0, 3], const([0])), case(real()[2, 0, 3], const([2]), keep_dims=True)]
LARGE = [case(real()[70, 33], const([0])), case(real()[33, 130], const([1]))]
PLAIN = reductions(real()) + EMPTY + LARGE

op("Sum", over(lambda x, a, k: np.sum(x, a, keepdims=k, dtype=x.dtype)), cases=PLAIN,
   bad=WRONG_AXES, nan=True, tol={"float32": 5e-5})  # fmt: skip
op("Mean", over(mean), cases=reductions(real()) + LARGE, nan=True, tol={"float32": 5e-5})
op(
    "Prod",
    over(lambda x, a, k: np.prod(x, a, keepdims=k, dtype=x.dtype)),
    cases=reductions(real(0.5, 1.5)) + EMPTY,
)
op("Max", over(extremum(np.max, 1)), cases=PLAIN, distinct=True, nan=True)
op("Min", over(extremum(np.min, -1)), cases=PLAIN, distinct=True, nan=True)
op(
    "EuclideanNorm",
    over(lambda x, a, k: np.sqrt(np.sum(np.square(x), a, keepdims=k))),
    cases=reductions(real(0.5, 2)) + EMPTY,
    dtypes="float32 float64",
)
op("All", over(lambda x, a, k: np.all(x, a, keepdims=k)), cases=reductions(bools()), dtypes="bool")
op("Any", over(lambda x, a, k: np.any(x, a, keepdims=k)), cases=reductions(bools()), dtypes="bool")


def chosen(function):
    def reference(x, axis, output_type="int64"):
        return function(x, int(axis)).astype(output_type)

    return reference


POSITIONS = [
    case(real()[3, 4], const(0)),
    case(real()[3, 4], const(-1), output_type="int32"),
    case(real()[2, 3, 5], const(1, dtype="int64")),
    case(real()[7], const(0)),
    case(real()[0, 3], const(1)),
]
BAD_POSITIONS = [case(real()[3, 4], const(2)), case(real()[0, 3], const(0))]
op("ArgMax", chosen(np.argmax), cases=POSITIONS, bad=BAD_POSITIONS, distinct=True)
op("ArgMin", chosen(np.argmin), cases=POSITIONS, bad=BAD_POSITIONS, distinct=True)


def scan(function, start):
    def reference(x, axis, exclusive=False, reverse=False):
        axis = int(axis)
        x = np.flip(x, axis) if reverse else x
        if exclusive:
            first = np.full_like(np.take(x, [0], axis), start) if x.size else x
            x = np.concatenate([first, np.take(x, range(x.shape[axis] - 1), axis)], axis)
        y = function(x, axis, dtype=x.dtype)
        return np.flip(y, axis) if reverse else y

    return reference


def scans(values):
    flags = [(e, r) for e in (False, True) for r in (False, True)]
    return [
        case(values[shape], const(axis), exclusive=e, reverse=r)
        for shape, axis in (((4, 3), 0), ((2, 5), -1), ((6,), 0))
        for e, r in flags
    ]


BAD_SCAN = [case(real()[2, 3], const(2)), case(real()[2, 3], const([0]))]
op("Cumsum", scan(np.cumsum, 0), cases=scans(real()), bad=BAD_SCAN)
op("Cumprod", scan(np.cumprod, 1), cases=scans(real(0.5, 1.5)), bad=BAD_SCAN)
op(
    "LinSpace",
    lambda start, stop, num: np.linspace(start, stop, int(num)),
    cases=[case(real()[()], real()[()], const(n)) for n in (1, 2, 7)],
    bad=[case(real()[()], real()[()], const(0)), case(real()[2], real()[()], const(3))],
)
