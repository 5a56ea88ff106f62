# SPDX-License-Identifier: Apache-2.0
"""Fourier transforms, against NumPy."""

import numpy as np
import pytest

from property.catalog import stateful
from property.numeric import check_gradient, draw, tolerance


def _axes(name):
    return int(name[-2]) if name.endswith("D") else 1


def _numpy(name):
    plain = name.removeprefix("Batch").removesuffix("2D").removesuffix("3D")
    return getattr(np.fft, plain.lower() + "n")


def _complex_transform(name):
    def driver(tf, session, dtype):
        from property import harness

        rng = np.random.default_rng(1)
        axes = tuple(range(-_axes(name), 0))
        for shape in ((2, 3, 4), (5, 2, 1, 6), (1, 1, 1), (2, 3, 0)):
            value = draw(rng, shape, dtype)
            fed = tf.placeholder(dtype, [None] * len(shape))
            with session() as sess:
                got = sess.run(harness.call(name, [fed], {}), {fed: value})[0]
            wanted = _numpy(name)(value, axes=axes) if value.size else value
            assert got.dtype == dtype
            np.testing.assert_allclose(got, wanted, atol=tolerance(dtype, 10))
        if dtype == "complex128":
            function = lambda x: harness.call(name, [x], {})[0]  # noqa: E731
            check_gradient(tf, session, function, [draw(rng, (2, 3, 4), dtype)], rng)
        elif name.startswith("Batch"):  # has no double precision
            value = draw(rng, (2, 3, 4), dtype)
            x = tf.constant(value)
            y = harness.call(name, [x], {})[0]
            dy = draw(rng, value.shape, dtype)
            with session() as sess:
                got = sess.run(tf.gradients(y, x, tf.constant(dy))[0])
            # <dy, F v> = <F^H dy, v>
            left = np.vdot(dy, _numpy(name)(value, axes=axes))
            np.testing.assert_allclose(left, np.vdot(got, value), rtol=1e-3)

    return driver


def _real_transform(name):
    inverse = name.startswith("I")

    def driver(tf, session, dtype):
        from property import harness

        rng = np.random.default_rng(2)
        count = _axes(name)
        axes = tuple(range(-count, 0))
        whole = {"float32": "complex64", "float64": "complex128"}[dtype]
        attrs = {"Treal": dtype, "Tcomplex": whole}
        given = whole if inverse else dtype
        for sizes in ((3, 4, 6), (2, 3, 5), (1, 1, 1)):
            value = draw(rng, (2, 4, 4, 6), given)
            lengths = np.array(sizes[-count:], np.int32)
            for static in (True, False):
                fed = tf.placeholder(given, value.shape if static else None)
                n = tf.constant(lengths) if static else tf.placeholder(tf.int32, [None])
                feeds = {fed: value} if static else {fed: value, n: lengths}
                with session() as sess:
                    got = sess.run(harness.call(name, [fed, n], attrs), feeds)[0]
                wanted = _numpy(name)(value, s=lengths, axes=axes)
                assert got.dtype == (dtype if inverse else whole)
                np.testing.assert_allclose(got, wanted, atol=tolerance(dtype, 10))
            if dtype == "float64" and count < 3:
                function = lambda x: harness.call(name, [x, lengths], attrs)[0]  # noqa: B023, E731
                check_gradient(tf, session, function, [draw(rng, (2, 4, 6), given)], rng)
        fed = tf.placeholder(given, [4, 4, 4])
        (short,) = harness.call(name, [fed, np.full(count, 9, np.int32)], attrs)
        with session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="at least"):
            sess.run(short, {fed: draw(rng, (4, 4, 4), given)})

    return driver


for _suffix in ("", "2D", "3D"):
    for _name in ("FFT" + _suffix, "IFFT" + _suffix):
        stateful(_name, _complex_transform(_name), "complex64 complex128", checks_gradient=True)
        _old = "Batch" + _name
        stateful(_old, _complex_transform(_old), "complex64", checks_gradient=True)
    for _name in ("RFFT" + _suffix, "IRFFT" + _suffix):
        stateful(_name, _real_transform(_name), "float32 float64", checks_gradient=True)
