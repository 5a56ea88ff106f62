# SPDX-License-Identifier: Apache-2.0
"""The op catalog: one line for every op, which drives all property tests.

    op("Exp", np.exp, real(-3, 3))                                 # elementwise, any shape
    op("Mul", np.multiply, real(), real(), broadcast=True)         # NumPy broadcasting
    op("Relu", lambda x: np.maximum(x, 0), real(), kinks=(0,))     # not differentiable at 0
    op("Maximum", np.maximum, real(), real(), broadcast=True, distinct=True)   # no ties
    op("MatMul", matmul, cases=[case(real()[2, 3], real()[4, 3], transpose_b=True)],
       bad=[case(real()[2, 3], real()[4, 5])])                     # fixed shapes; bad ones raise
    op("Sum", total, cases=[case(real()[2, 3], const([0]), keep_dims=True)])
    op("ConcatV2", cat, cases=[case([real()[2, 3], real()[1, 3]], const(0))])  # a list input
    op("Cast", cast, real(0, 9), attrs=[dict(DstT="int32"), dict(DstT="bool")])
    stateful("AssignAdd", driver)                                  # driver(tf, session, dtype)
    control("While", driver, checks_gradient=True)

reference(*arrays, **attrs) gets the inputs as NumPy arrays (floats widened to float64) and returns
the output, or a tuple of outputs in which None means "not compared". real() and ints() draw
values of the dtype under test, or of `dtype=`; indexing sets the shape. const() is a value that
graphs usually know; the harness gives it as a constant and also feeds it. Without `dtypes`, all
kernel dtypes are tested. A driver asserts by itself and must pass in optimised, unoptimised and
poisoned sessions; `session()` makes one (a context manager over the current default graph).
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

COMPUTED = ("float32", "float64", "int32", "int64", "bool", "uint8")
# Tested with two cases each wherever there is a kernel.
NARROW = (
    "float16", "bfloat16", "int8", "int16", "uint16", "uint32", "uint64", "complex64", "complex128",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Domain:
    """What values an input takes; `shape` None leaves the shape to the harness."""

    kind: str  # "real", "int", "bool", "text" or "const"
    low: float = -2.0
    high: float = 2.0
    dtype: str | None = None  # None: the dtype under test
    shape: tuple[int, ...] | None = None
    value: Any = None
    static: bool = False  # of a const: never fed
    differentiable: bool = True

    def __getitem__(self, shape) -> Domain:
        shape = shape if isinstance(shape, tuple) else (shape,)
        return dataclasses.replace(self, shape=shape)


def real(low=-2.0, high=2.0, dtype=None, differentiable=True) -> Domain:
    """Numbers in [low, high]; rounded for integer dtypes, at least 0 for uint8."""
    return Domain("real", low, high, dtype, differentiable=differentiable)


def ints(low, high, dtype="int32") -> Domain:
    """Integers in [low, high)."""
    return Domain("int", low, high, dtype)


def bools() -> Domain:
    return Domain("bool", dtype="bool")


def text(value) -> Domain:
    """A fixed array of strings."""
    return Domain("const", dtype="string", value=value)


def const(value, dtype="int32", static=False) -> Domain:
    """A fixed value, such as axes or sizes. dtype None: the dtype under test."""
    return Domain("const", dtype=dtype, value=value, static=static)


@dataclasses.dataclass(frozen=True)
class Case:
    inputs: tuple
    attrs: dict


def case(*inputs, **attrs) -> Case:
    """Inputs with fixed shapes, and attrs. A list among the inputs is a list argument."""
    return Case(inputs, attrs)


@dataclasses.dataclass
class Line:
    """One op's entry."""

    name: str
    reference: Callable | None = None
    domains: tuple = ()
    cases: Sequence[Case] = ()
    bad: Sequence[Case] = ()
    attrs: Sequence[dict] = ({},)
    dtypes: tuple[str, ...] | None = None
    broadcast: bool = False
    distinct: bool = False
    kinks: tuple[float, ...] = ()
    tolerance: dict = dataclasses.field(default_factory=dict)
    grad: bool = True
    second: bool = True
    grad_tolerance: float = 1e-5
    nan: bool = False
    raw: bool = False
    driver: Callable | None = None
    checks_gradient: bool = False


LINES: dict[str, Line] = {}


def op(
    name,
    reference,
    *domains,
    cases=(),
    bad=(),
    attrs=({},),
    dtypes=None,
    broadcast=False,
    distinct=False,
    kinks=(),
    tol=None,
    grad=True,
    second=True,
    grad_tol=1e-5,
    nan=False,
    raw=False,
) -> Line:
    """Registers an op with a NumPy reference.

    Give `domains` (elementwise ops: the harness chooses shapes) or `cases` (everything else).

    Args:
      bad: cases that must raise ValueError when the node is made.
      attrs: variants, each combined with every shape; for `domains` only.
      dtypes: "float32 int32": restricts the dtypes; default all kernel dtypes.
      distinct: all values differ by a margin, for ops with ties (max, sort).
      kinks: values near which gradients are not checked.
      tol: relative and absolute tolerance for float32, or {"float32": ..., "float64": ...}.
      grad: False for a differentiable op needs a reason in a comment; second likewise.
      nan: feed NaN and infinities too and expect what NumPy gives.
      raw: the reference gets floats in their own dtype, not as float64.
    """
    if bool(domains) == bool(cases):
        raise ValueError(f"{name}: give domains or cases")
    if not isinstance(tol, dict):
        tol = {} if tol is None else {"float32": tol}
    attrs = [attrs] if isinstance(attrs, dict) else list(attrs)
    return _add(
        Line(
            name, reference, tuple(domains), list(cases), list(bad), attrs, _names(dtypes),
            broadcast, distinct, tuple(kinks), tol, grad, second, grad_tol, nan, raw,
        )
    )  # fmt: skip


def stateful(name, driver, dtypes="float32", checks_gradient=False) -> Line:
    """Registers an op that a driver tests: variables, random numbers, host calls.

    `driver(tf, session, dtype)` runs once per dtype and session kind, in a fresh default graph.
    checks_gradient: the driver itself compares gradients with finite differences.
    """
    return _add(Line(name, dtypes=_names(dtypes), driver=driver, checks_gradient=checks_gradient))


def control(name, driver, dtypes="float64", checks_gradient=True) -> Line:
    """Registers a control-flow op; as stateful, but expected to check gradients."""
    return stateful(name, driver, dtypes, checks_gradient)


def _names(dtypes):
    if dtypes is None:
        return None
    return tuple(dtypes.split() if isinstance(dtypes, str) else dtypes)


def _add(line: Line) -> Line:
    if line.name in LINES:
        raise ValueError(f"{line.name} has two catalog lines")
    LINES[line.name] = line
    return line


def lines() -> dict[str, Line]:
    """All lines, by op name; loads the files of this folder on the first call."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return LINES
