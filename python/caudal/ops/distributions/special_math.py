# SPDX-License-Identifier: Apache-2.0
"""The normal distribution's integral, its logarithm and its inverse."""

import numpy as np

from caudal.framework import ops
from caudal.ops import array_ops, math_ops

__all__ = ["log_ndtr", "ndtr", "ndtri"]

_ROOT_HALF = 0.5**0.5
# Rational approximations of the inverse by Cephes, highest power last.
_P0 = (-1.23916583867381258016, 13.9312609387279679503, -56.6762857469070293439,
       98.0010754185999661536, -59.9633501014107895267)  # fmt: skip
_Q0 = (-1.18331621121330003142, 15.9056225126211695515, -82.0372256168333339912,
       200.260212380060660359, -225.462687854119370527, 86.3602421390890590575,
       4.67627912898881538453, 1.95448858338141759834, 1.0)  # fmt: skip
_P1 = (-8.57456785154685413611e-4, -3.50424626827848203418e-2, -0.140256079171354495875,
       2.18663306850790267539, 14.6849561928858024014, 44.0805073893200834700,
       57.1628192246421288162, 31.5251094599893866154, 4.05544892305962419923)  # fmt: skip
_Q1 = (-9.33259480895457427372e-4, -3.80806407691578277194e-2, -0.142182922854787788574,
       2.50464946208309415979, 15.0425385692907503408, 41.3172038254672030440,
       45.3907635128879210584, 15.7799883256466749731, 1.0)  # fmt: skip
_P2 = (6.23974539184983293730e-9, 2.65806974686737550832e-6, 3.01581553508235416007e-4,
       1.23716634817820021358e-2, 0.201485389549179081538, 1.33303460815807542389,
       3.93881025292474443415, 6.91522889068984211695, 3.23774891776946035970)  # fmt: skip
_Q2 = (6.79019408009981274425e-9, 2.89247864745380683936e-6, 3.28014464682127739104e-4,
       1.34204006088543189037e-2, 0.216236993594496635890, 1.37702099489081330271,
       3.67983563856160859403, 6.02427039364742014255, 1.0)  # fmt: skip


def _polynomial(x, coefficients):
    """coefficients[0] + coefficients[1] * x + ..."""
    total = array_ops.zeros_like(x)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def _checked(x):
    x = ops.convert_to_tensor(x, name="x")
    if x.dtype.as_numpy_dtype not in (np.float32, np.float64):
        raise TypeError("x.dtype=%s is not handled, see docstring for supported types." % x.dtype)
    return x


def ndtr(x, name="ndtr"):
    """The share of the standard normal distribution below x; float32 or float64."""
    with ops.name_scope(name, values=[x]):
        x = _checked(x)
        w = x * _ROOT_HALF
        z = math_ops.abs(w)
        tail = math_ops.erfc(z)
        outer = array_ops.where(w > 0.0, 2.0 - tail, tail)
        return 0.5 * array_ops.where(z < _ROOT_HALF, 1.0 + math_ops.erf(w), outer)


def log_ndtr(x, series_order=3, name="log_ndtr"):
    """log(ndtr(x)), by an asymptotic series far below 0."""
    if not isinstance(series_order, int):
        raise TypeError("series_order must be a Python integer.")
    if series_order < 0:
        raise ValueError("series_order must be non-negative.")
    if series_order > 30:
        raise ValueError("series_order must be <= 30.")
    with ops.name_scope(name, values=[x]):
        x = _checked(x)
        double = x.dtype.as_numpy_dtype is np.float64
        low, high = (-20.0, 8.0) if double else (-10.0, 5.0)
        # Every branch gets numbers that it can take, or NaN would enter through gradients.
        middle = math_ops.log(ndtr(math_ops.maximum(math_ops.minimum(x, high), low)))
        upper = -ndtr(-math_ops.maximum(x, high))
        y = math_ops.minimum(x, low)
        square = math_ops.square(y)
        series, term = array_ops.ones_like(y), array_ops.ones_like(y)
        for n in range(1, series_order + 1):
            term = -term * (2 * n - 1) / square
            series += term
        lower = -0.5 * square - math_ops.log(-y) - 0.5 * np.log(2.0 * np.pi)
        lower += math_ops.log(series)
        return array_ops.where(x > high, upper, array_ops.where(x > low, middle, lower))


def ndtri(p, name="ndtri"):
    """The x with ndtr(x) = p; float32 or float64."""
    with ops.name_scope(name, values=[p]):
        p = _checked(p)
        edge = np.exp(-2.0)
        half = array_ops.fill(array_ops.shape(p), np.array(0.5, p.dtype.as_numpy_dtype))
        folded = array_ops.where(p > 1.0 - edge, 1.0 - p, p)
        safe = array_ops.where(folded <= 0.0, half, folded)
        w = safe - 0.5
        ww = w**2
        center = -(w + w * ww * (_polynomial(ww, _P0) / _polynomial(ww, _Q0))) * np.sqrt(
            2.0 * np.pi
        )
        z = math_ops.sqrt(-2.0 * math_ops.log(safe))
        first = z - math_ops.log(z) / z
        near = _polynomial(1.0 / z, _P1) / _polynomial(1.0 / z, _Q1) / z
        far = _polynomial(1.0 / z, _P2) / _polynomial(1.0 / z, _Q2) / z
        tail = array_ops.where(z >= 8.0, first - far, first - near)
        x = array_ops.where(safe > edge, center, tail)
        x = array_ops.where(p > 1.0 - edge, x, -x)
        infinity = array_ops.ones_like(p) * np.array(np.inf, p.dtype.as_numpy_dtype)
        x = array_ops.where(p <= 0.0, -infinity, x)
        return array_ops.where(p >= 1.0, infinity, x)
