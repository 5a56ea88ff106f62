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
