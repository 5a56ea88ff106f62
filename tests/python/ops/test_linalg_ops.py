# SPDX-License-Identifier: Apache-2.0
"""Functions of matrices as users call them: formats, defaults, refusals."""

import numpy as np
import pytest

import caudal as tf


def run(*tensors, feed=None):
    with tf.Session() as sess:
        values = sess.run(list(tensors), feed)
    return values if len(values) > 1 else values[0]


def test_top_level_names_are_those_of_linalg():
    assert tf.matrix_inverse is tf.linalg.inv and tf.svd is tf.linalg.svd
    assert tf.self_adjoint_eig is tf.linalg.eigh and tf.matrix_solve_ls is tf.linalg.lstsq
    for name in ("eigvalsh", "slogdet", "tridiagonal_solve", "einsum", "lu", "sqrtm", "logm"):
        assert callable(getattr(tf.linalg, name))


def test_static_shapes():
    x = tf.placeholder(tf.float32, [None, 3, 4])
    s, u, v = tf.svd(x)
    assert [str(t.shape) for t in (s, u, v)] == ["(?, 3)", "(?, 3, 3)", "(?, 4, 3)"]
    assert str(tf.svd(x, compute_uv=False).shape) == "(?, 3)"
    square = tf.placeholder(tf.float64, [5, None, None])
    assert str(tf.matrix_determinant(square).shape) == "(5,)"
    e, v = tf.self_adjoint_eig(square)
    assert str(e.shape) == "(5, ?)" and str(v.shape) == "(5, ?, ?)"
    anything = tf.placeholder(tf.float64)
    assert tf.matrix_inverse(anything).shape.rank is None


@pytest.mark.parametrize("op", [tf.cholesky, tf.matrix_inverse, tf.matrix_determinant])
def test_matrices_must_be_square(op):
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 2 and 3"):
        op(tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="at least rank 2"):
        op(tf.zeros([3]))
    x = tf.placeholder(tf.float32)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="square"):
        sess.run(op(x), {x: np.zeros((2, 3))})


def test_least_squares_of_unknown_shape():
    rng = np.random.default_rng(0)
    a, b = tf.placeholder(tf.float64), tf.placeholder(tf.float64)
    solution = tf.matrix_solve_ls(a, b, l2_regularizer=0.1)
    slope = tf.gradients(tf.reduce_sum(solution), a)[0]
    for shape in ((4, 2), (2, 4)):
        values = {a: rng.normal(size=shape), b: rng.normal(size=(shape[0], 3))}
        got, grad = run(solution, slope, feed=values)
        gram = values[a].T @ values[a] + 0.1 * np.eye(shape[1])
        np.testing.assert_allclose(got, np.linalg.solve(gram, values[a].T @ values[b]))
        assert grad.shape == shape


def test_least_squares_without_cholesky():
    a = tf.constant(np.ones((3, 2)))
    np.testing.assert_allclose(run(tf.matrix_solve_ls(a, np.ones((3, 1)), fast=False)), [[0.5]] * 2)
    with pytest.raises(ValueError, match="fast=False"):
        tf.gradients(tf.matrix_solve_ls(a, np.ones((3, 1)), fast=False), a)


def test_exponential_follows_its_argument():
    rng = np.random.default_rng(1)
    value = rng.normal(size=(2, 3, 3)) * np.array([0.1, 20])[:, None, None]
    x = tf.placeholder(tf.float64, [None, None, None])
    got, op = run(tf.linalg.expm(x), tf.raw_ops.MatrixExponential(input=x), feed={x: value})
    np.testing.assert_allclose(got, op, rtol=1e-9)
    assert run(tf.linalg.expm(np.zeros((2, 0, 0), np.float32))).shape == (2, 0, 0)


def test_pseudo_inverse_and_rank():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(2, 5, 3)).astype(np.float32)
    a[1, :, 2] = a[1, :, 0]
    np.testing.assert_allclose(run(tf.linalg.pinv(a)), np.linalg.pinv(a, rcond=1e-5), atol=1e-4)
    np.testing.assert_array_equal(run(tf.linalg.matrix_rank(a)), [3, 2])
    with pytest.raises(TypeError, match="float"):
        tf.linalg.pinv(np.ones((2, 2), np.int32))
    with pytest.raises(ValueError, match="at least 2 dimensions"):
        tf.linalg.matrix_rank(np.ones(3))


def test_tridiagonal_formats():
    matrix = np.array([[2.0, 1, 0], [3, 4, -1], [0, 2, 5]])
    compact = np.array([[1, -1, 9.0], [2, 4, 5], [9, 3, 2]])
    sequence = ([1.0, -1.0], [2.0, 4.0, 5.0], [3.0, 2.0])
    rhs = np.arange(6.0).reshape(3, 2)
    wanted = np.linalg.solve(matrix, rhs)
    for diagonals, kind in ((compact, "compact"), (sequence, "sequence"), (matrix, "matrix")):
        solution = tf.linalg.tridiagonal_solve(diagonals, rhs, kind)
        np.testing.assert_allclose(run(solution), wanted, rtol=1e-5)
        turned = tf.linalg.tridiagonal_solve(diagonals, rhs.T, kind, transpose_rhs=True)
        np.testing.assert_allclose(run(turned), wanted.T, rtol=1e-5)
        vector = tf.linalg.tridiagonal_solve(diagonals, rhs[:, 0], kind)
        np.testing.assert_allclose(run(vector), wanted[:, 0], rtol=1e-5)
        product = tf.linalg.tridiagonal_matmul(diagonals, rhs, kind)
        np.testing.assert_allclose(run(product), matrix @ rhs, rtol=1e-5)
    with pytest.raises(ValueError, match="Unrecognized diagonals_format"):
        tf.linalg.tridiagonal_solve(compact, rhs, "other")
    with pytest.raises(ValueError, match="Expected 3 diagonals got 2"):
        tf.linalg.tridiagonal_solve(compact[:2], rhs)
    with pytest.raises(ValueError, match="equal, got 3 and 2"):
        tf.linalg.tridiagonal_solve(compact, rhs[:2])


def test_spectral_norm():
    value = np.random.default_rng(3).normal(size=(3, 2, 4))
    for axis in ((-2, -1), (0, 2), (2, 0)):
        got = run(tf.norm(tf.constant(value), 2, axis=axis))
        np.testing.assert_allclose(got, np.linalg.norm(value, 2, axis=axis))


@pytest.mark.parametrize(
    "equation, shapes",
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("bij,bjk->kbi", [(2, 3, 4), (2, 4, 5)]),
        ("ij,ij,ij->", [(2, 3)] * 3),
        ("...a,...b->...ab", [(2, 3), (2, 4)]),
        ("...ij,jk->...ik", [(5, 2, 3), (3, 4)]),
        ("a,b,c->cab", [(2,), (3,), (4,)]),
        ("ab,b->ab", [(2, 3), (3,)]),
        ("ijk,jil->kl", [(2, 3, 4), (3, 2, 5)]),
        ("ij,kj", [(2, 3), (4, 3)]),
        ("abcd->db", [(2, 3, 4, 5)]),
        ("ij,jk->ik", [(0, 3), (3, 2)]),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_einsum(equation, shapes, known):
    rng = np.random.default_rng(4)
    values = [rng.normal(size=s) for s in shapes]
    fed = [tf.placeholder(tf.float64, v.shape if known else [None] * v.ndim) for v in values]
    out = tf.einsum(equation, *fed)
    got = run(out, feed=dict(zip(fed, values)))
    np.testing.assert_allclose(got, np.einsum(equation, *values), atol=1e-12)
    assert out.shape.is_compatible_with(got.shape)


def test_einsum_refuses():
    x = tf.zeros([2, 3])
    for equation in ("ij->ik", "ij->ii", "ij,jk->ik", "i1->i", "ij->j->", "ijk->i", ".ij->ij"):
        with pytest.raises(ValueError):
            tf.einsum(equation, x)
    with pytest.raises(ValueError, match="appears more than once: ii"):
        tf.einsum("ii->i", tf.zeros([2, 2]))
    with pytest.raises(TypeError, match="invalid keyword arguments"):
        tf.einsum("ij->i", x, axis=1)


def test_unknown_shapes():
    x = np.arange(18.0).reshape(2, 3, 3) + 9 * np.eye(3)
    for axis in ((-2, -1), (0, 2)):
        p = tf.placeholder(tf.float64)
        got = run(tf.norm(p, ord=2, axis=axis), feed={p: x})
        np.testing.assert_allclose(got, np.linalg.norm(x, 2, axis=axis))
    p, known = tf.placeholder(tf.float64), tf.constant(x)
    grads = [tf.gradients(tf.linalg.sqrtm(m), m)[0] for m in (p, known)]
    np.testing.assert_allclose(*run(*grads, feed={p: x}))
    n = tf.placeholder(tf.int32, [])
    assert tf.eye(n, batch_shape=[4]).shape.as_list() == [4, None, None]
