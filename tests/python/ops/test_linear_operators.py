# SPDX-License-Identifier: Apache-2.0
"""Every linear operator does what its matrix does."""

import numpy as np
import pytest

import caudal as tf

L = tf.linalg
rng = np.random.default_rng(0)
A = rng.normal(size=(2, 3, 3)) + 3 * np.eye(3)
B = rng.normal(size=(2, 2)) + 2 * np.eye(2)
D = rng.uniform(1, 2, size=(2, 3))
T = rng.normal(size=(2, 4)) + np.array([5.0, 0, 0, 0])
F = L.LinearOperatorFullMatrix


def _kron(a, b):
    return np.stack([np.kron(x, b) for x in a])


def _blocks(a, b):
    out = np.zeros((2, 5, 5))
    out[:, :3, :3], out[:, 3:, 3:] = a, b
    return out


def _circulant(spectrum):
    return np.fft.ifft(np.fft.fft(np.eye(spectrum.shape[-1])) * spectrum[..., None, :]).swapaxes(
        -1, -2
    )


EVEN = np.array([3.0, 1.5, 2.0, 1.5])
AXIS = np.array([[1.0, 2, 2], [0, 1, 0]])
CASES = {
    "full": (lambda: F(A), A),
    "lower": (lambda: L.LinearOperatorLowerTriangular(A), np.tril(A)),
    "diag": (lambda: L.LinearOperatorDiag(D), np.stack([np.diag(d) for d in D])),
    "identity": (lambda: L.LinearOperatorIdentity(3, [2], tf.float64), np.stack([np.eye(3)] * 2)),
    "scaled": (
        lambda: L.LinearOperatorScaledIdentity(3, tf.constant([2.0, -3.0], tf.float64)),
        np.array([2.0, -3.0])[:, None, None] * np.eye(3),
    ),
    "householder": (
        lambda: L.LinearOperatorHouseholder(AXIS),
        np.stack([np.eye(3) - 2 * np.outer(v, v) / (v @ v) for v in AXIS]),
    ),
    "composition": (lambda: L.LinearOperatorComposition([F(A), F(A)]), A @ A),
    "adjoint": (lambda: L.LinearOperatorAdjoint(F(A)), A.swapaxes(-1, -2)),
    "inversion": (lambda: L.LinearOperatorInversion(F(A)), np.linalg.inv(A)),
    "blocks": (lambda: L.LinearOperatorBlockDiag([F(A), F(B)]), _blocks(A, B)),
    "kronecker": (lambda: L.LinearOperatorKronecker([F(A), F(B)]), _kron(A, B)),
    "low rank": (
        lambda: L.LinearOperatorLowRankUpdate(
            L.LinearOperatorDiag(D), A[..., :2], diag_update=D[..., :2]
        ),
        np.stack([np.diag(d) for d in D])
        + A[..., :2] * D[..., None, :2] @ A[..., :2].swapaxes(-1, -2),
    ),
    "circulant": (
        lambda: L.LinearOperatorCirculant(EVEN, input_output_dtype=tf.float64),
        _circulant(EVEN).real,
    ),
    "toeplitz": (
        lambda: L.LinearOperatorToeplitz(T, T),
        np.stack([[[t[abs(i - j)] for j in range(4)] for i in range(4)] for t in T]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_operator_is_its_matrix(name):
    make, dense = CASES[name]
    operator = make()
    n = dense.shape[-1]
    x = rng.normal(size=(2, n, 2))
    turned = np.conj(dense.swapaxes(-1, -2))
    unit = np.linalg.solve
    batched = np.broadcast_to(dense, (2, n, n))
    pairs = [
        (operator.to_dense(), dense),
        (operator.matmul(x), dense @ x),
        (operator.matmul(x, adjoint=True), turned @ x),
        (operator.matmul(x.swapaxes(-1, -2), adjoint_arg=True), dense @ x),
        (operator.matvec(x[..., 0]), (dense @ x)[..., 0]),
        (operator.solve(x), unit(batched, x)),
        (operator.solve(x, adjoint=True), unit(np.broadcast_to(turned, (2, n, n)), x)),
        (operator.solvevec(x[..., 0]), unit(batched, x)[..., 0]),
        (operator.determinant(), np.linalg.det(dense)),
        (operator.log_abs_determinant(), np.linalg.slogdet(dense)[1]),
        (operator.diag_part(), np.diagonal(dense, axis1=-2, axis2=-1)),
        (operator.trace(), np.trace(dense, axis1=-2, axis2=-1)),
        (operator.add_to_tensor(x @ x.swapaxes(-1, -2)), dense + x @ x.swapaxes(-1, -2)),
        (operator.inverse().to_dense(), np.linalg.inv(dense)),
        (operator.adjoint().to_dense(), turned),
        (operator.matmul(operator).to_dense(), dense @ dense),
        (operator.shape_tensor(), dense.shape),
    ]
    assert operator.shape.as_list() == list(dense.shape)
    assert operator.is_square and operator.dtype == tf.float64
    with tf.Session() as sess:
        for got, (_, wanted) in zip(sess.run([p[0] for p in pairs]), pairs):
            np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_hints():
    operator = F(A @ A.swapaxes(-1, -2), is_self_adjoint=True, is_positive_definite=True)
    assert operator.is_non_singular and operator.is_square
    with tf.Session() as sess:
        factor = sess.run(operator.cholesky().to_dense())
        np.testing.assert_allclose(factor, np.linalg.cholesky(A @ A.swapaxes(-1, -2)))
        sess.run([operator.assert_self_adjoint(), operator.assert_positive_definite()])
        sess.run(operator.assert_non_singular())
        with pytest.raises(tf.errors.InvalidArgumentError, match="not positive definite"):
            sess.run(F(-np.eye(2)).assert_positive_definite())
    with pytest.raises(ValueError, match="always square"):
        F(A, is_square=False, is_non_singular=True)
    with pytest.raises(ValueError, match="always singular"):
        L.LinearOperatorZeros(3, is_non_singular=True)
    with pytest.raises(ValueError, match="Cholesky"):
        F(A).cholesky()


def test_products_and_quotients_stay_simple():
    diagonal = L.LinearOperatorDiag(D, is_non_singular=True)
    scaled = L.LinearOperatorScaledIdentity(3, np.float64(2))
    triangular = L.LinearOperatorLowerTriangular(A)
    unit = L.LinearOperatorIdentity(3, dtype=tf.float64)
    full = F(A)
    wanted = [
        (diagonal, diagonal, L.LinearOperatorDiag),
        (scaled, diagonal, L.LinearOperatorDiag),
        (scaled, scaled, L.LinearOperatorScaledIdentity),
        (diagonal, triangular, L.LinearOperatorLowerTriangular),
        (unit, full, F),
        (full, L.LinearOperatorZeros(3, batch_shape=[2], dtype=tf.float64), L.LinearOperatorZeros),
        (full, diagonal, L.LinearOperatorComposition),
    ]
    with tf.Session() as sess:
        for a, b, kind in wanted:
            product = a.matmul(b)
            assert type(product) is kind
            x, y = sess.run([a.to_dense(), b.to_dense()])
            np.testing.assert_allclose(sess.run(product.to_dense()), np.matmul(x, y))
            if not isinstance(b, L.LinearOperatorZeros):
                got = sess.run(a.solve(b).to_dense())
                np.testing.assert_allclose(got, np.linalg.solve(x + 0 * y, y + 0 * x))
    assert type(diagonal.solve(scaled)) is L.LinearOperatorDiag
    assert type(F(A, is_non_singular=True).inverse().inverse()) is F


def test_refusals():
    wide = F(np.ones([2, 3]))
    cases = [
        (NotImplementedError, "to not be square", wide.determinant),
        (NotImplementedError, "to not be square", lambda: wide.solve(np.ones([2, 1]))),
        (NotImplementedError, "be singular", lambda: F(A, is_non_singular=False).solve(A)),
        (ValueError, "not compatible", lambda: F(A).matvec(np.ones([2, 4]))),
        (TypeError, "to have dtype", lambda: F(A).matmul(np.ones([3, 1], np.float32))),
        (TypeError, "must have dtype", lambda: F([[1, 2], [3, 4]])),
        (ValueError, "at least 1 dimension", lambda: L.LinearOperatorDiag(1.0)),
        (ValueError, "0-D", lambda: L.LinearOperatorIdentity([2])),
        (ValueError, "non-negative", lambda: L.LinearOperatorIdentity(2, batch_shape=[-1])),
        (ValueError, "1-D", lambda: L.LinearOperatorZeros(2, batch_shape=2)),
        (ValueError, "but the operator was square", lambda: F(A, is_square=False).is_square),
        (ValueError, "if and only if", lambda: F(A, is_self_adjoint=True, is_non_singular=True)
         and L.LinearOperatorInversion(F(A, is_self_adjoint=True), is_self_adjoint=False)),
        (ValueError, "block diagonal of square", lambda: L.LinearOperatorBlockDiag([wide])),
        (ValueError, "mismatched", lambda: L.LinearOperatorToeplitz([1.0, 2], [1.0])),
        (ValueError, "not compatible", lambda: L.LinearOperatorLowRankUpdate(
            L.LinearOperatorDiag(np.ones(2)), np.ones([3, 1]))),
    ]  # fmt: skip
    for error, words, make in cases:
        with pytest.raises(error, match=words):
            make()


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: L.LinearOperatorDiag([0.0, 1]).assert_non_singular(), "Singular operator"),
        (lambda: L.LinearOperatorDiag([-1.0, 1]).assert_positive_definite(), "not positive def"),
        (lambda: L.LinearOperatorDiag([1j, 1]).assert_self_adjoint(), "imaginary"),
        (lambda: L.LinearOperatorScaledIdentity(2, 0.0).assert_non_singular(), "was singular"),
        (lambda: F([[1.0, 1], [1, 1]]).assert_non_singular(), "up to precision"),
        (lambda: L.LinearOperatorCirculant([1.0, 0]).assert_non_singular(), "Singular operator"),
        (
            lambda: L.LinearOperatorCirculant([1j, 2]).assert_hermitian_spectrum(),
            "was not Hermitian",
        ),
    ],
)
def test_assertions(make, words):
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=words):
        sess.run(make())


def test_sizes_that_are_known_in_the_run_only():
    rows, x = tf.placeholder(tf.int32), tf.placeholder(tf.float32)
    operator = L.LinearOperatorIdentity(rows, assert_proper_shapes=True)
    with tf.Session() as sess:
        feed = {rows: 2, x: np.ones([2, 3])}
        np.testing.assert_array_equal(sess.run(operator.matmul(x), feed), np.ones([2, 3]))
        for bad, words in (({rows: [2]}, "0-D"), ({rows: -2}, "non-negative")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=words):
                sess.run(operator.to_dense(), bad)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible matrix dimensions"):
            sess.run(operator.matmul(x), {rows: 3, x: np.ones([2, 3])})
        blocks = [tf.placeholder(tf.float64) for _ in range(2)]
        joined = L.LinearOperatorBlockDiag([F(b, is_square=True) for b in blocks])
        feed = dict(zip(blocks, (B, A)))
        assert sess.run(joined.to_dense(), feed).shape == (2, 5, 5)
