# SPDX-License-Identifier: Apache-2.0
"""Distributions: densities of total 1, samples with the moments that are told."""

import numpy as np
import pytest

import caudal as tf

ds = tf.contrib.distributions
LOW = np.array([[1.0, 0, 0], [2, 3, 0], [-1, 0.5, 2]], np.float32)
COV = LOW @ LOW.T
LOC = np.array([1.0, 2, 3], np.float32)


def run(fetches, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feeds)


NUMBERS = {
    "inverse gamma": (lambda: ds.InverseGamma(5.0, 2.0), (0.001, 30)),
    "kumaraswamy": (lambda: ds.Kumaraswamy(2.0, 3.0), (0.0001, 0.9999)),
    "sinh": (lambda: ds.SinhArcsinh(1.0, 2.0, skewness=0.3), (-60, 80)),
    "relaxed": (lambda: ds.RelaxedBernoulli(1.5, logits=0.3), (0.0001, 0.9999)),
    "mixture": (
        lambda: ds.Mixture(
            ds.Categorical(probs=[0.3, 0.7]), [ds.Normal(-1.0, 1.0), ds.Normal(2.0, 0.5)]
        ),
        (-10, 10),
    ),
    "family": (
        lambda: ds.MixtureSameFamily(
            ds.Categorical(probs=[0.3, 0.7]), ds.Normal([-1.0, 2.0], [1.0, 0.5])
        ),
        (-10, 10),
    ),
    "log normal": (
        lambda: ds.TransformedDistribution(ds.Normal(0.0, 0.5), ds.bijectors.Exp()),
        (0.001, 20),
    ),
    "folded": (
        lambda: ds.TransformedDistribution(ds.Normal(0.5, 1.0), ds.bijectors.AbsoluteValue()),
        (0.0, 10),
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_densities_and_samples(name):
    make, ends = NUMBERS[name]
    d = make()
    x = np.linspace(*ends, 20001).astype(np.float32)
    density, samples = run([d.prob(x), d.sample(20000, seed=5)])
    step = x[1] - x[0]
    assert density.sum() * step == pytest.approx(1, abs=2e-3)
    mean = (density * x).sum() * step
    spread = (density * (x - mean) ** 2).sum() * step
    assert samples.mean() == pytest.approx(mean, abs=float(5 * np.sqrt(spread / 20000)))
    assert samples.var() == pytest.approx(spread, rel=0.15)
    if name == "folded":
        return
    for method, wanted in (("mean", mean), ("variance", spread)):
        try:
            found = getattr(d, method)()
        except NotImplementedError:
            continue
        assert run(found) == pytest.approx(wanted, rel=1e-2, abs=1e-3)


COUNTS = {
    "binomial": lambda: ds.Binomial(7.0, probs=0.3),
    "negative": lambda: ds.NegativeBinomial(4.0, probs=0.4),
    "rounded": lambda: ds.QuantizedDistribution(ds.Normal(3.0, 1.5), low=0.0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    d = COUNTS[name]()
    x = np.arange(60, dtype=np.float32)
    x = x[:8] if name == "binomial" else x
    probs, below, samples = run([d.prob(x), d.cdf(x), d.sample(20000, seed=5)])
    assert probs.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(below, np.cumsum(probs), atol=1e-4)
    mean = (probs * x).sum()
    assert samples.mean() == pytest.approx(mean, rel=3e-2)
    if name != "rounded":
        assert run(d.mean()) == pytest.approx(mean, rel=1e-4)
        variance = (probs * (x - mean) ** 2).sum()
        assert run(d.variance()) == pytest.approx(variance, rel=1e-3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ds.MultivariateNormalTriL(LOC, LOW),
        lambda: ds.MultivariateNormalFullCovariance(LOC, COV, validate_args=True),
        lambda: ds.MultivariateNormalDiagPlusLowRank(
            LOC, scale_diag=[1.0, 2, 0.5], scale_perturb_factor=LOW[:, :1]
        ),
        lambda: ds.MultivariateNormalDiag(LOC, [1.0, 2, 0.5]),
        lambda: ds.VectorLaplaceDiag(LOC, [1.0, 2, 0.5]),
        lambda: ds.VectorExponentialDiag(LOC, [1.0, 2, 0.5]),
    ],
)
def test_vectors(make):
    d = make()
    assert d.batch_shape == () and d.event_shape == (3,)
    x = np.random.RandomState(0).rand(4, 3).astype(np.float32) + LOC
    samples, mean, covariance = run([d.sample(20000, seed=3), d.mean(), d.covariance()])
    np.testing.assert_allclose(samples.mean(0), mean, atol=0.15)
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.08 * covariance.max())
    if isinstance(d, ds.MultivariateNormalDiag(LOC).__class__.__mro__[1]):
        off = x - mean
        squares = (off * np.linalg.solve(covariance, off.T).T).sum(1)
        wanted = -0.5 * (squares + np.linalg.slogdet(2 * np.pi * covariance)[1])
        np.testing.assert_allclose(run(d.log_prob(x)), wanted, rtol=1e-4)
        entropy = 0.5 * np.linalg.slogdet(2 * np.pi * np.e * covariance)[1]
        assert run(d.entropy()) == pytest.approx(entropy, rel=1e-5)


def test_divergence_of_normal_vectors():
    a = ds.MultivariateNormalDiag(LOC, [1.0, 2, 0.5])
    b = ds.MultivariateNormalTriL(LOC - 1, LOW)
    samples = b.sample(200000, seed=1)
    guess = tf.reduce_mean(b.log_prob(samples) - a.log_prob(samples))
    exact, guess, same = run([ds.kl_divergence(b, a), guess, ds.kl_divergence(a, a)])
    assert exact == pytest.approx(guess, rel=0.05) and same == pytest.approx(0, abs=1e-6)


def test_classes_as_vectors():
    logits = np.log([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]).astype(np.float32)
    d = ds.OneHotCategorical(logits=logits, dtype=tf.float32)
    samples, probs, mode, cov = run([d.sample(9000, seed=2), d.prob(np.eye(3)[[1, 2]]), d.mode(),
                                     d.covariance()])  # fmt: skip
    np.testing.assert_allclose(samples.mean(0), np.exp(logits), atol=0.02)
    np.testing.assert_allclose(probs, [0.3, 0.3], rtol=1e-5)
    assert mode.argmax(1).tolist() == [2, 1]
    np.testing.assert_allclose(np.cov(samples[:, 0].T), cov[0], atol=0.02)
    relaxed = ds.RelaxedOneHotCategorical(0.1, logits=logits)
    near = run(relaxed.sample(5000, seed=2))
    np.testing.assert_allclose(near.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(near.argmax(-1)[:, 1].mean(), 0.6 + 2 * 0.3, atol=0.05)


def test_wishart():
    scale = np.array([[2.0, 0.5], [0.5, 1]], np.float32)
    d = ds.WishartFull(5.0, scale, validate_args=True)
    samples = run(d.sample(8000, seed=1))
    np.testing.assert_allclose(samples.mean(0), 5 * scale, rtol=0.05, atol=0.1)
    mean, variance = run([d.mean(), d.variance()])
    np.testing.assert_allclose(mean, 5 * scale)
    np.testing.assert_allclose(samples.var(0), variance, rtol=0.15)
    one = ds.WishartFull(3.0, [[0.5]])
    np.testing.assert_allclose(
        run(one.log_prob([[[1.3]]])), run(ds.Gamma(1.5, 1.0).log_prob([1.3])), rtol=1e-5
    )
    with pytest.raises(ValueError, match="cannot be less than dimension"):
        ds.WishartFull(1.0, scale)


def test_points_and_shapes():
    assert run(ds.Deterministic([1.0, 2], atol=0.5).prob([1.4, 3])).tolist() == [1, 0]
    vector = ds.VectorDeterministic([[1.0, 2]])
    assert run(vector.log_prob([[1.0, 2], [1, 3]])).tolist() == [0, -np.inf]
    shaped = ds.BatchReshape(ds.Normal(np.arange(6, dtype=np.float32), 1.0), [2, 3])
    assert shaped.sample(4).shape == (4, 2, 3)
    np.testing.assert_allclose(run(shaped.mean()), np.arange(6).reshape(2, 3))
    with pytest.raises(ValueError, match="must match"):
        ds.BatchReshape(ds.Normal([0.0, 1], 1.0), [3], validate_args=True)


def test_events_of_independent_numbers():
    d = ds.TransformedDistribution(
        ds.Normal([0.0, 1], 1.0), ds.bijectors.AffineScalar(shift=1.0), event_shape=[3]
    )
    assert d.batch_shape == (2,) and d.event_shape == (3,) and d.sample(5).shape == (5, 2, 3)
    x = np.zeros((2, 3), np.float32)
    wanted = [-1.5 - 1.5 * np.log(2 * np.pi), -6 - 1.5 * np.log(2 * np.pi)]
    np.testing.assert_allclose(run(d.log_prob(x)), wanted, rtol=1e-5)
    with pytest.raises(ValueError, match="base distribution not scalar"):
        ds.TransformedDistribution(ds.Normal([0.0], 1.0), batch_shape=[2])


def test_statistics():
    x = np.random.RandomState(0).randn(3, 5, 4)
    for q in (0.0, 30.0, 75.0, 100.0):
        for how in ("lower", "higher", "nearest"):
            wanted = np.percentile(x, q, axis=(0, 2), method=how)
            found = run(ds.percentile(x, q, axis=[0, 2], interpolation=how))
            np.testing.assert_allclose(found, wanted)
    series = x[0, 0] - x[0, 0].mean()
    wanted = [(series[: 4 - k] * series[k:]).mean() for k in range(4)]
    found = run(ds.auto_correlation(tf.constant(x[0, 0]), normalize=False))
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    mean, variance = tf.Variable(1.0), tf.Variable(2.0)
    moved = run(ds.assign_moving_mean_variance(mean, variance, 3.0, 0.75))
    np.testing.assert_allclose(moved, [1.5, 0.75 * (2 + 0.25 * 4)])
    after = ds.normal_conjugates_known_scale_posterior(
        ds.Normal(0.0, 2.0), 1.0, tf.constant(6.0), tf.constant(3)
    )
    np.testing.assert_allclose(run([after.loc, after.scale]), [6 / 3.25, 3.25**-0.5], rtol=1e-6)


def test_mixtures_refuse_what_does_not_fit():
    cat = ds.Categorical(probs=[0.3, 0.7])
    normal = ds.Normal(0.0, 1.0)
    with pytest.raises(TypeError, match="cat must be a Categorical"):
        ds.Mixture(normal, [normal, normal])
    with pytest.raises(ValueError, match="non-empty list"):
        ds.Mixture(cat, [])
    with pytest.raises(ValueError, match="num_classes"):
        ds.Mixture(cat, [normal])
    with pytest.raises(ValueError, match="does not equal"):
        ds.MixtureSameFamily(cat, ds.Normal([0.0, 1, 2], 1.0))
