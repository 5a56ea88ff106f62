# SPDX-License-Identifier: Apache-2.0
"""Matrices: what defines a decomposition is checked, not its signs."""

import numpy as np
import pytest

from property.catalog import stateful
from property.numeric import check_gradient, draw, positive_definite, tolerance

ALL = "float32 float64 complex64 complex128"
BATCHES = ((), (2,), (0,), (2, 1))


def _adjoint(x):
    return np.conj(x.swapaxes(-1, -2))


def _run(tf, session, op, values, unknown=False, **attrs):
    """The outputs of an op over placeholders, as a list."""
    from property import harness

    with tf.Graph().as_default():
        shapes = [[None] * v.ndim if unknown else v.shape for v in values]
        fed = [tf.placeholder(v.dtype, s) for v, s in zip(values, shapes)]
        outputs = harness.call(op, fed, attrs)
        with session() as sess:
            return sess.run(outputs, dict(zip(fed, values)))


def _gradient(tf, session, dtype, function, shapes, positive=False, **kwargs):
    """In double precision only: differences of single precision say little."""
    if dtype not in ("float64", "complex128"):
        return
    rng = np.random.default_rng(7)
    make = positive_definite if positive else draw
    for batch in ((), (2,)):
        values = [make(rng, (*batch, *shape), dtype) for shape in shapes]
        with tf.Graph().as_default():
            check_gradient(tf, session, function, values, rng, **kwargs)


def _apply(op, **attrs):
    from property import harness

    return lambda *inputs: harness.call(op, list(inputs), attrs)[0]


def _hermitian(tf, x):
    return (x + tf.linalg.adjoint(x)) / 2


def _fails(tf, session, text, op, values, **attrs):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        _run(tf, session, op, values, **attrs)


def _cholesky(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(1)
        for batch in BATCHES:
            for n in (0, 1, 4):
                value = positive_definite(rng, (*batch, n, n), dtype)
                changed = value + np.triu(np.ones((n, n), dtype), 1)  # not looked at
                (got,) = _run(tf, session, op, [changed])
                np.testing.assert_allclose(got @ _adjoint(got), value, atol=tolerance(dtype))
                np.testing.assert_array_equal(got, np.tril(got))
        _fails(tf, session, "Cholesky decomposition was not", op, [-np.eye(2, dtype=dtype)])
        _gradient(tf, session, dtype, lambda x: _apply(op)(_hermitian(tf, x)), [(3, 3)], True)

    return driver


def _cholesky_grad(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(2)
        value = positive_definite(rng, (2, 4, 4), dtype)
        dl = np.tril(draw(rng, value.shape, dtype))
        (got,) = _run(tf, session, op, [np.linalg.cholesky(value), dl])
        x = tf.placeholder(dtype, value.shape)
        wanted = tf.gradients(tf.cholesky(x), x, tf.constant(dl))[0]
        with session() as sess:
            np.testing.assert_allclose(
                got, sess.run(wanted, {x: value}), atol=tolerance(dtype), rtol=1e-3
            )

    return driver


for _prefix, _types in (("", ALL), ("Batch", "float32 float64")):
    stateful(_prefix + "Cholesky", _cholesky(_prefix + "Cholesky"), _types, checks_gradient=True)
    stateful(_prefix + "CholeskyGrad", _cholesky_grad(_prefix + "CholeskyGrad"), "float32 float64")


def _inverse(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(3)
        for batch in BATCHES:
            for adjoint in (False, True):
                value = draw(rng, (*batch, 3, 3), dtype) + 3 * np.eye(3, dtype=dtype)
                (got,) = _run(tf, session, op, [value], unknown=adjoint, adjoint=adjoint)
                turned = _adjoint(value) if adjoint else value
                unit = np.broadcast_to(np.eye(3), value.shape)
                np.testing.assert_allclose(got @ turned, unit, atol=tolerance(dtype))
                _gradient(tf, session, dtype, _apply(op, adjoint=adjoint), [(3, 3)])
        assert _run(tf, session, op, [np.zeros((2, 0, 0), dtype)])[0].shape == (2, 0, 0)
        _fails(tf, session, "Input is not invertible", op, [np.ones((2, 2), dtype)])
        _gradient(tf, session, dtype, _apply(op), [(2, 2)], True, second=True)

    return driver


def _determinant(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(4)
        for batch in BATCHES:
            value = draw(rng, (*batch, 4, 4), dtype)
            (got,) = _run(tf, session, op, [value])
            np.testing.assert_allclose(got, np.linalg.det(value), rtol=tolerance(dtype, 10))
        assert _run(tf, session, op, [np.zeros((0, 0), dtype)])[0] == 1
        assert _run(tf, session, op, [np.zeros((3, 3), dtype)])[0] == 0
        _gradient(tf, session, dtype, _apply(op), [(3, 3)])

    return driver


def _log_determinant(tf, session, dtype):
    rng = np.random.default_rng(5)
    for batch in BATCHES:
        value = draw(rng, (*batch, 4, 4), dtype)
        got = _run(tf, session, "LogMatrixDeterminant", [value])
        for g, w in zip(got, np.linalg.slogdet(value)):
            np.testing.assert_allclose(g, w, rtol=tolerance(dtype, 10), atol=tolerance(dtype))
    sign, log = _run(tf, session, "LogMatrixDeterminant", [np.zeros((2, 2), dtype)])
    assert sign == 0 and log == -np.inf
    _gradient(tf, session, dtype, lambda x: tf.real(tf.linalg.slogdet(x)[1]), [(3, 3)])


def _solve(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(6)
        for batch in BATCHES:
            for adjoint in (False, True):
                a = draw(rng, (*batch, 4, 4), dtype) + 3 * np.eye(4, dtype=dtype)
                b = draw(rng, (*batch, 4, 2), dtype)
                (got,) = _run(tf, session, op, [a, b], unknown=adjoint, adjoint=adjoint)
                np.testing.assert_allclose(
                    (_adjoint(a) if adjoint else a) @ got, b, atol=tolerance(dtype)
                )
        for adjoint in (False, True):
            _gradient(tf, session, dtype, _apply(op, adjoint=adjoint), [(3, 3), (3, 2)])
        empty = [np.zeros((0, 0), dtype), np.zeros((0, 2), dtype)]
        assert _run(tf, session, op, empty)[0].shape == (0, 2)
        _fails(tf, session, "Input matrix is not invertible", op, [np.ones((2, 2), dtype)] * 2)
        with pytest.raises(ValueError):
            _run(tf, session, op, [np.ones((2, 2), dtype), np.ones((3, 2), dtype)])

    return driver


def _triangular_solve(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(7)
        for batch in BATCHES:
            for attrs in (
                {},
                {"lower": False},
                {"adjoint": True},
                {"lower": False, "adjoint": True},
            ):
                a = draw(rng, (*batch, 4, 4), dtype) + 3 * np.eye(4, dtype=dtype)
                b = draw(rng, (*batch, 4, 2), dtype)
                (got,) = _run(tf, session, op, [a, b], **attrs)
                triangle = np.tril(a) if attrs.get("lower", True) else np.triu(a)
                turned = _adjoint(triangle) if attrs.get("adjoint") else triangle
                np.testing.assert_allclose(turned @ got, b, atol=tolerance(dtype))
                if batch == (2,):
                    _gradient(tf, session, dtype, _apply(op, **attrs), [(3, 3), (3, 3)], True)
        _fails(tf, session, "not invertible", op, [np.zeros((2, 2), dtype)] * 2)

    return driver


def _least_squares(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(8)
        for shape in ((4, 3), (3, 4), (3, 3)):
            for batch in BATCHES:
                a, b = (draw(rng, (*batch, shape[0], n), dtype) for n in (shape[1], 2))
                wanted = np.linalg.pinv(a) @ b if a.size else np.zeros((*batch, shape[1], 2), dtype)
                for fast in (False, True):
                    values = [a, b, np.zeros(())]
                    (got,) = _run(tf, session, op, values, fast=fast)
                    np.testing.assert_allclose(got, wanted, atol=tolerance(dtype, 1e3), rtol=1e-2)
            _gradient(
                tf, session, dtype,
                lambda a, b: _apply(op)(a, b, np.float64(0.3)), [shape, (shape[0], 2)],
            )  # fmt: skip
        deficient = [np.ones((2, 2), dtype), np.ones((2, 1), dtype), np.zeros(())]
        (got,) = _run(tf, session, op, deficient, fast=False)
        np.testing.assert_allclose(got, [[0.5], [0.5]], atol=tolerance(dtype))
        deficient[0] = np.ones((2, 3), dtype)
        _fails(tf, session, "rank deficient or ill-conditioned", op, deficient)

    return driver


for _prefix, _types in (("", ALL), ("Batch", "float32 float64")):
    for _name, _make in (
        ("MatrixInverse", _inverse),
        ("MatrixSolve", _solve),
        ("MatrixTriangularSolve", _triangular_solve),
        ("MatrixSolveLs", _least_squares),
        ("MatrixDeterminant", _determinant),
    ):
        stateful(_prefix + _name, _make(_prefix + _name), _types, checks_gradient=True)
stateful("LogMatrixDeterminant", _log_determinant, ALL, checks_gradient=True)


def _lu(tf, session, dtype):
    rng = np.random.default_rng(9)
    for batch in BATCHES:
        for index in ("int32", "int64"):
            a = draw(rng, (*batch, 4, 4), dtype)
            lu, p = _run(tf, session, "Lu", [a], output_idx_type=index)
            assert p.dtype == index and p.shape == (*batch, 4)
            lower = np.tril(lu, -1) + np.eye(4, dtype=dtype)
            wanted = np.take_along_axis(a, p[..., None].astype(int), -2)
            np.testing.assert_allclose(lower @ np.triu(lu), wanted, atol=tolerance(dtype))
    _fails(tf, session, "Input is not invertible", "Lu", [np.ones((2, 2), dtype)])


stateful("Lu", _lu, ALL)


def _qr(tf, session, dtype):
    rng = np.random.default_rng(3)
    small = tolerance(dtype)
    for shape in ((4, 3), (3, 4), (2, 2, 5, 5), (1, 1), (3, 0), (0, 3), (2, 0, 4, 2)):
        value = draw(rng, shape, dtype)
        for full in (False, True):
            q, r = _run(tf, session, "Qr", [value], unknown=True, full_matrices=full)
            inner = shape[-2] if full else min(shape[-2:])
            assert q.shape == (*shape[:-1], inner) and r.shape == (*shape[:-2], inner, shape[-1])
            assert q.dtype == r.dtype == value.dtype
            np.testing.assert_allclose(q @ r, value, atol=small * 10)
            unit = np.broadcast_to(np.eye(inner), (*shape[:-2], inner, inner))
            np.testing.assert_allclose(_adjoint(q) @ q, unit, atol=small)
            np.testing.assert_array_equal(r, np.triu(r))
    flat = tf.qr(tf.constant(np.eye(3, 2), dtype))
    assert flat.q.shape.as_list() == [3, 2] and flat.r.shape.as_list() == [2, 2]
    if dtype == "float64":
        for shape in ((4, 3), (3, 3)):
            for i in (0, 1):
                _gradient(tf, session, dtype, lambda x, i=i: tf.qr(x)[i], [shape])


stateful("Qr", _qr, ALL, checks_gradient=True)


def _svd(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(10)
        small = tolerance(dtype)
        for shape in ((4, 3), (3, 4), (2, 3, 3), (1, 1), (3, 0), (0, 3), (0, 2, 4)):
            value = draw(rng, shape, dtype)
            k = min(shape[-2:])
            wanted = (
                np.linalg.svd(value, compute_uv=False)
                if value.size
                else np.zeros(shape[:-2] + (k,))
            )
            for full in (False, True):
                s, u, v = _run(tf, session, op, [value], unknown=True, full_matrices=full)
                np.testing.assert_allclose(s, wanted, atol=small * 10)
                assert u.shape == (*shape[:-1], shape[-2] if full else k)
                assert v.shape == (*shape[:-2], shape[-1], shape[-1] if full else k)
                product = (u[..., :k] * s[..., None, :]) @ _adjoint(v[..., :k])
                np.testing.assert_allclose(product, value, atol=small * 10)
                for basis in (u, v):
                    unit = np.broadcast_to(
                        np.eye(basis.shape[-1]), (*shape[:-2],) + (basis.shape[-1],) * 2
                    )
                    np.testing.assert_allclose(_adjoint(basis) @ basis, unit, atol=small)
            s = _run(tf, session, op, [value], compute_uv=False)[0]
            np.testing.assert_allclose(s, wanted, atol=small * 10)
        nothing = _run(tf, session, op, [np.full((2, 2), np.nan, dtype)])[0]
        assert np.isnan(nothing).all()
        for shape in ((4, 3), (3, 4), (3, 3)):

            def values(x):
                return tf.real(_apply(op, compute_uv=False)(x))

            _gradient(tf, session, dtype, values, [shape])

            def product(x):
                _, u, v = tf.svd(x)
                return tf.matmul(u, v, adjoint_b=True)

            _gradient(tf, session, dtype, product, [shape])
        if dtype == "float64":
            for i in range(3):
                for full in (False, True):
                    _gradient(tf, session, dtype, lambda x: tf.svd(x, full)[i], [(3, 4)])  # noqa: B023

    return driver


stateful("Svd", _svd("Svd"), ALL, checks_gradient=True)
stateful("BatchSvd", _svd("BatchSvd"), ALL, checks_gradient=True)


def _eigen(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(11)
        small = tolerance(dtype, 10)
        for batch in BATCHES:
            for n in (0, 1, 4):
                value = positive_definite(rng, (*batch, n, n), dtype)
                e, v = _run(tf, session, op, [value + np.triu(np.ones((n, n), dtype), 1)])
                np.testing.assert_allclose(v * e[..., None, :] @ _adjoint(v), value, atol=small)
                assert (np.diff(e.real) >= 0).all() and e.dtype == dtype
                alone = _run(tf, session, op, [value], compute_v=False)[0]
                np.testing.assert_allclose(alone, e, atol=small)
        _fails(tf, session, "eigen decomposition was not", op, [np.full((2, 2), np.nan, dtype)])

        def values(x):
            return tf.real(_apply(op, compute_v=False)(_hermitian(tf, x)))

        _gradient(tf, session, dtype, values, [(3, 3)], True)

        def sizes(x):
            e, v = tf.self_adjoint_eig(_hermitian(tf, x))
            return tf.abs(v) + tf.real(e)[..., None]

        _gradient(tf, session, dtype, sizes, [(3, 3)], True)

    return driver


def _eigen_in_one(op):
    def driver(tf, session, dtype):
        rng = np.random.default_rng(12)
        for batch in BATCHES:
            value = positive_definite(rng, (*batch, 3, 3), dtype)
            (got,) = _run(tf, session, op, [value])
            assert got.shape == (*batch, 4, 3)
            e, v = got[..., :1, :], got[..., 1:, :]
            np.testing.assert_allclose(v * e @ _adjoint(v), value, atol=tolerance(dtype, 10))

    return driver


stateful("SelfAdjointEigV2", _eigen("SelfAdjointEigV2"), ALL, checks_gradient=True)
stateful(
    "BatchSelfAdjointEigV2", _eigen("BatchSelfAdjointEigV2"), "float32 float64",
    checks_gradient=True,
)  # fmt: skip
stateful("SelfAdjointEig", _eigen_in_one("SelfAdjointEig"), "float32 float64")
stateful("BatchSelfAdjointEig", _eigen_in_one("BatchSelfAdjointEig"), "float32 float64")


def _square_root(tf, session, dtype):
    rng = np.random.default_rng(13)
    for batch in BATCHES:
        value = positive_definite(rng, (*batch, 3, 3), dtype)
        (got,) = _run(tf, session, "MatrixSquareRoot", [value])
        np.testing.assert_allclose(got @ got, value, atol=tolerance(dtype, 10))
    if dtype.startswith("f"):  # no real root
        assert np.isnan(
            _run(tf, session, "MatrixSquareRoot", [np.diag([-1, 4]).astype(dtype)])
        ).all()
    _gradient(tf, session, dtype, _apply("MatrixSquareRoot"), [(3, 3)], True)


def _series(x):
    total = term = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for k in range(1, 60):
        term = term @ x / k
        total = total + term
    return total


def _exponential(tf, session, dtype):
    rng = np.random.default_rng(14)
    wide = "complex128" if dtype.startswith("c") else "float64"
    for batch in BATCHES:
        value = draw(rng, (*batch, 3, 3), dtype) * 2
        (got,) = _run(tf, session, "MatrixExponential", [value])
        wanted = _series(value.astype(wide))
        size = max(1, np.abs(wanted).max(initial=1))
        np.testing.assert_allclose(got / size, wanted / size, atol=tolerance(dtype))


def _logarithm(tf, session, dtype):
    rng = np.random.default_rng(15)
    for batch in BATCHES:
        value = draw(rng, (*batch, 3, 3), dtype)
        (got,) = _run(tf, session, "MatrixLogarithm", [value])
        back = _series(got.astype("complex128"))
        np.testing.assert_allclose(back, value, atol=tolerance(dtype))


stateful("MatrixSquareRoot", _square_root, ALL, checks_gradient=True)
stateful("MatrixExponential", _exponential, ALL)
stateful("MatrixLogarithm", _logarithm, "complex64 complex128")


def _dense(diagonals):
    n = diagonals.shape[-1]
    out = np.zeros((*diagonals.shape[:-2], n, n), diagonals.dtype)
    for i in range(n):
        out[..., i, i] = diagonals[..., 1, i]
        if i + 1 < n:
            out[..., i, i + 1] = diagonals[..., 0, i]
            out[..., i + 1, i] = diagonals[..., 2, i + 1]
    return out


def _tridiagonal_solve(tf, session, dtype):
    rng = np.random.default_rng(16)
    for batch in BATCHES:
        for n in (0, 1, 2, 5):
            for pivoting in (True, False):
                d, b = draw(rng, (*batch, 3, n), dtype), draw(rng, (*batch, n, 2), dtype)
                d[..., 1, :] += 0 if pivoting and n > 1 else 4
                attrs = {"partial_pivoting": pivoting}
                (got,) = _run(tf, session, "TridiagonalSolve", [d, b], **attrs)
                np.testing.assert_allclose(_dense(d) @ got, b, atol=tolerance(dtype, 50))
    _gradient(tf, session, dtype, _apply("TridiagonalSolve"), [(3, 4), (4, 2)])
    singular = [np.zeros((3, 2), dtype), np.ones((2, 1), dtype)]
    _fails(tf, session, "The matrix is not invertible", "TridiagonalSolve", singular)
    _fails(
        tf, session, "either not invertible, or requires pivoting", "TridiagonalSolve", singular,
        partial_pivoting=False,
    )  # fmt: skip


def _tridiagonal_product(tf, session, dtype):
    rng = np.random.default_rng(17)
    for batch in BATCHES:
        for n in (0, 1, 4):
            d, b = draw(rng, (*batch, 3, n), dtype), draw(rng, (*batch, n, 2), dtype)
            rows = [d[..., i : i + 1, :] for i in range(3)]
            (got,) = _run(tf, session, "TridiagonalMatMul", [*rows, b])
            np.testing.assert_allclose(got, _dense(d) @ b, atol=tolerance(dtype))
    shapes = [(1, 4), (1, 4), (1, 4), (4, 2)]
    _gradient(tf, session, dtype, _apply("TridiagonalMatMul"), shapes)


stateful("TridiagonalSolve", _tridiagonal_solve, ALL, checks_gradient=True)
stateful("TridiagonalMatMul", _tridiagonal_product, ALL, checks_gradient=True)
