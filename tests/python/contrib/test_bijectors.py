# SPDX-License-Identifier: Apache-2.0
"""Bijectors: inverses undo them, and their jacobians are those of differences."""

import numpy as np
import pytest

import caudal as tf

ds = tf.contrib.distributions
bs = ds.bijectors
REAL = np.array([[-1.5, 0.2, 2.0], [0.5, -1.1, 1.3]])
POSITIVE = np.abs(REAL) + 0.1
UNIT = POSITIVE / 3
TRIANGLE = np.array([[1.0, 2, 3], [0, 4, 5], [2, 5, 6]])


def f64(*values):
    return [tf.constant(v, tf.float64) for v in values]


SCALARS = {
    "identity": (lambda: bs.Identity(), REAL),
    "exp": (lambda: bs.Exp(), REAL),
    "power": (lambda: bs.PowerTransform(0.3), POSITIVE),
    "sigmoid": (lambda: bs.Sigmoid(), REAL),
    "softplus": (lambda: bs.Softplus(), REAL),
    "hinge": (lambda: bs.Softplus(*f64(1.7)), REAL),
    "softsign": (lambda: bs.Softsign(validate_args=True), REAL),
    "square": (lambda: bs.Square(validate_args=True), POSITIVE),
    "gumbel": (lambda: bs.Gumbel(*f64(0.3, 2.0), validate_args=True), REAL),
    "weibull": (lambda: bs.Weibull(*f64(2.0, 1.5), validate_args=True), POSITIVE),
    "kumaraswamy": (lambda: bs.Kumaraswamy(*f64(2.0, 3.0), validate_args=True), UNIT),
    "sinh": (lambda: bs.SinhArcsinh(*f64(0.2, 1.3), validate_args=True), REAL),
    "affine": (lambda: bs.AffineScalar(*f64(1.0, -2.0)), REAL),
    "invert": (lambda: bs.Invert(bs.Exp()), POSITIVE),
    "chain": (lambda: bs.Chain([bs.Exp(), bs.Softplus(), bs.Sigmoid()]), REAL),
}
VECTORS = {
    "ordered": (lambda: bs.Ordered(validate_args=True), np.sort(REAL, 1)),
    "permute": (lambda: bs.Permute([2, 0, 1]), REAL),
    "diag": (lambda: bs.Affine(scale_diag=f64([1.0, 2, 3])[0], scale_identity_multiplier=1), REAL),
    "multiplier": (lambda: bs.Affine(*f64([1.0, 2, 3], 0.5)), REAL),
    "tril": (lambda: bs.Affine(scale_tril=f64(TRIANGLE)[0], validate_args=True), REAL),
    "low rank": (
        lambda: bs.Affine(
            scale_diag=f64([1.0, 2, 3])[0],
            scale_perturb_factor=f64([[1.0], [2], [-1]])[0],
            scale_perturb_diag=f64([0.5])[0],
        ),
        REAL,
    ),
    "operator": (
        lambda: bs.AffineLinearOperator(
            shift=f64([1.0, 2, 3])[0], scale=tf.linalg.LinearOperatorLowerTriangular(*f64(TRIANGLE))
        ),
        REAL,
    ),
    "nvp": (lambda: bs.RealNVP(1, lambda x, n: (x * [1.0, 2], x * [0.5, 0.3])), REAL),
}


def run(fetches):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches)


@pytest.mark.parametrize("name", SCALARS)
def test_numbers(name):
    make, x = SCALARS[name]
    b = make()
    xs = tf.constant(x)
    ys = b.forward(xs)
    assert b.inverse(ys) is xs and b.forward(xs) is ys
    y = run(ys)
    back, slope = run([b.inverse(tf.constant(y)), tf.gradients(ys, xs)[0]])
    np.testing.assert_allclose(back, x, rtol=1e-9)
    wanted = np.log(np.abs(slope)).sum()
    found = run([b.forward_log_det_jacobian(tf.constant(x), 2),
                 b.inverse_log_det_jacobian(tf.constant(y), 2)])  # fmt: skip
    np.testing.assert_allclose(found, [wanted, -wanted], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name):
    make, x = VECTORS[name]
    b = make()
    xs = tf.constant(x)
    ys = b.forward(xs)
    rows = tf.stack([tf.gradients(ys[:, i], xs)[0] for i in range(3)], 1)
    y, jacobians = run([ys, rows])
    assert ys.shape == x.shape and b.forward_event_shape([3]).as_list() == [3]
    wanted = np.log(np.abs(np.linalg.det(jacobians)))
    fldj, ildj, back = run([
        b.forward_log_det_jacobian(tf.constant(x), 1) + tf.zeros([2], tf.float64),
        b.inverse_log_det_jacobian(tf.constant(y), 1) + tf.zeros([2], tf.float64),
        b.inverse(tf.constant(y)),
    ])  # fmt: skip
    np.testing.assert_allclose(back, x, rtol=1e-9)
    np.testing.assert_allclose(fldj, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ildj, -wanted, rtol=1e-9, atol=1e-12)


def test_softmax_and_triangles_change_the_size():
    soft = bs.SoftmaxCentered()
    ys = soft.forward(tf.constant(REAL))
    assert ys.shape == (2, 4) and soft.inverse_event_shape([4]).as_list() == [3]
    y = run(ys)
    np.testing.assert_allclose(y.sum(1), 1)
    np.testing.assert_allclose(run(soft.inverse(tf.constant(y))), REAL)
    np.testing.assert_allclose(
        run(soft.forward_log_det_jacobian(tf.constant(REAL), 1)), np.log(y).sum(1)
    )
    tril = bs.ScaleTriL(diag_bijector=bs.Exp(), diag_shift=None)
    matrix = tril.forward(tf.constant(REAL))
    np.testing.assert_allclose(run(tril.inverse(tf.identity(matrix))), REAL)
    diag = run(tf.matrix_diag_part(matrix))
    found = run(tril.forward_log_det_jacobian(tf.constant(REAL), 1))
    np.testing.assert_allclose(found, np.log(diag).sum(1))


def test_outer_products():
    low = np.tril(TRIANGLE)
    b = bs.CholeskyOuterProduct(validate_args=True)
    y = run(b.forward(tf.constant(low)))
    np.testing.assert_allclose(y, low @ low.T)
    np.testing.assert_allclose(run(b.inverse(tf.constant(y))), low)
    wanted = 3 * np.log(2) + (np.array([3, 2, 1]) * np.log(np.diag(low))).sum()
    assert run(b.forward_log_det_jacobian(tf.constant(low), 2)) == pytest.approx(wanted)
    inverse = bs.MatrixInverseTriL(validate_args=True)
    np.testing.assert_allclose(run(inverse.forward(tf.constant(low))) @ low, np.eye(3), atol=1e-12)
    with pytest.raises(tf.errors.InvalidArgumentError, match="lower triangular"):
        run(inverse.forward(tf.constant(TRIANGLE)))


def test_reshape():
    b = bs.Reshape([3, -1], event_shape_in=[2, 3], validate_args=True)
    assert b.forward(tf.ones([5, 2, 3])).shape == (5, 3, 2)
    assert b.forward_event_shape([7, 2, 3]).as_list() == [7, 3, 2]
    assert run(b.inverse_event_shape_tensor([3, 2])).tolist() == [2, 3]
    x = tf.placeholder(tf.float32)
    with tf.Session() as sess:
        assert sess.run(b.forward(x), {x: np.ones((4, 2, 3))}).shape == (4, 3, 2)
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not match"):
            sess.run(b.forward(x), {x: np.ones((4, 3, 2))})
    with pytest.raises(ValueError, match="at most one unknown"):
        bs.Reshape([-1, -1], validate_args=True)


def test_flows_of_layers():
    x = tf.constant(REAL, tf.float32)
    fn = bs.masked_autoregressive_default_template(hidden_layers=[9, 9])
    maf = bs.MaskedAutoregressiveFlow(fn)
    y = maf.forward(x)
    assert len(tf.trainable_variables()) == 6
    rows = tf.stack([tf.gradients(y[:, i], x)[0] for i in range(3)], 1)
    fldj = maf.forward_log_det_jacobian(x, 1)
    back = maf.inverse(tf.identity(y))
    jacobians, logs, back = run([rows, fldj, back])
    np.testing.assert_allclose(jacobians, np.tril(jacobians), atol=1e-7)
    np.testing.assert_allclose(logs, np.log(np.linalg.det(jacobians)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(back, REAL, rtol=1e-4)
    norm = bs.BatchNormalization()
    z = run(norm.inverse(x))
    np.testing.assert_allclose(z.mean(0), np.zeros(3), atol=1e-6)
    with pytest.raises(ValueError, match="instance of BatchNormalization"):
        bs.BatchNormalization(batchnorm_layer=3)


def test_errors():
    with pytest.raises(ValueError, match="must be larger than min_event_ndims"):
        bs.SoftmaxCentered().forward_log_det_jacobian([1.0], 0)
    with pytest.raises(NotImplementedError, match="non-injective"):
        bs.Invert(bs.AbsoluteValue())
    with pytest.raises(ValueError, match="exactly one of each"):
        bs.Permute([0, 0])
    with pytest.raises(ValueError, match="scale_perturb_factor must be specified"):
        bs.Affine(scale_perturb_diag=[1.0])
    with pytest.raises(TypeError, match="but expected"):
        bs.Affine(scale_diag=[1.0, 2]).forward(tf.ones([2], tf.float64))
    negative, positive = run(bs.AbsoluteValue().inverse(tf.constant([2.0])))
    assert negative == -2 and positive == 2
