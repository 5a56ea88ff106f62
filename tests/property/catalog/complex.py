# SPDX-License-Identifier: Apache-2.0
"""Complex numbers: parts and whole; and the arithmetic that real numbers have as well."""

import numpy as np

from property.catalog import stateful
from property.numeric import check_gradient, draw, tolerance

COMPLEX = "complex64 complex128"
PART = {"complex64": "float32", "complex128": "float64"}


def _whole(tf, session, dtype):
    rng = np.random.default_rng(2)
    for a, b in (((2, 3), (3,)), ((), (4,)), ((0, 2), (1,)), ((300, 1), (1, 40))):
        re, im = draw(rng, a, dtype), draw(rng, b, dtype)
        x, y = tf.placeholder(dtype, a), tf.placeholder(dtype, b)
        with session() as sess:
            got = sess.run(tf.complex(x, y), {x: re, y: im})
        np.testing.assert_array_equal(got, re + 1j * im)
        assert got.dtype == {"float32": "complex64", "float64": "complex128"}[dtype]
    if dtype == "float64":
        pair = [draw(rng, (2, 3), dtype), draw(rng, (3,), dtype)]
        check_gradient(tf, session, lambda x, y: tf.complex(x, y) ** 2, pair, rng)


stateful("Complex", _whole, "float32 float64", checks_gradient=True)


def _part(name, reference):
    def driver(tf, session, dtype):
        from property import harness

        rng = np.random.default_rng(1)
        for shape in ((), (0,), (5,), (2, 3), (300, 40)):
            value = draw(rng, shape, dtype)
            attrs = {} if name == "Conj" else {"Tout": PART[dtype]}
            fed = tf.placeholder(dtype, shape)
            (out,) = harness.call(name, [fed], attrs)
            with session() as sess:
                got = sess.run(out, {fed: value})
            np.testing.assert_allclose(got, reference(value), rtol=tolerance(dtype))
            assert got.dtype == reference(value).dtype
        if dtype == "complex128":
            function = lambda x: harness.call(name, [x], attrs)[0]  # noqa: E731
            check_gradient(tf, session, function, [draw(rng, (2, 3), dtype)], rng)

    return driver


for _name, _reference in (
    ("Real", np.real),
    ("Imag", np.imag),
    ("Conj", np.conj),
    ("Angle", np.angle),
    ("ComplexAbs", np.abs),
):
    stateful(_name, _part(_name, _reference), COMPLEX, checks_gradient=True)
