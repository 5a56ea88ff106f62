# SPDX-License-Identifier: Apache-2.0
"""tf.distributions: arguments that are checked, shapes that are not known, missing methods."""

import numpy as np
import pytest

import caudal as tf

D = tf.distributions


def run(tensor, feed=None):
    with tf.Session() as sess:
        return sess.run(tensor, feed)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda v: D.Bernoulli(probs=0.5, validate_args=v).prob(2), "Elements cannot exceed 1"),
        (lambda v: D.Bernoulli(probs=0.5, validate_args=v).prob(-1), "must be non-negative"),
        (lambda v: D.Beta(1.0, 2.0, validate_args=v).prob(1.5), "sample must be less than `1`"),
        (lambda v: D.Beta(-1.0, 2.0, validate_args=v).mean(), "Concentration parameter must be p"),
        (lambda v: D.Dirichlet([1.0, 2.0], validate_args=v).prob([0.5, 0.6]), "must sum to `1`"),
        (
            lambda v: D.DirichletMultinomial(4.0, [1.0, 2.0], validate_args=v).prob([3.0, 2.0]),
            "counts last-dimension must sum to `self.total_count`",
        ),
        (
            lambda v: D.Multinomial(4.5, logits=[1.0, 2.0], validate_args=v).mean(),
            "cannot contain fractional components",
        ),
    ],
)
def test_checked_arguments(make, words):
    run(make(False))
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        run(make(True))


def test_statistics_that_do_not_exist():
    df = [0.5, 1.0, 3.0]
    np.testing.assert_array_equal(run(D.StudentT(df, 1.0, 2.0).mean()), [np.nan, np.nan, 1])
    for mode in (D.Gamma(0.5, 1.0, allow_nan_stats=False), D.Beta(2.0, 1.0, allow_nan_stats=False)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Condition x < y"):
            run(mode.mode())


def test_shapes_of_parameters():
    assert D.Uniform.param_static_shapes([2, 3]) == {
        "low": tf.TensorShape([2, 3]),
        "high": tf.TensorShape([2, 3]),
    }
    assert run(D.Exponential.param_shapes(4))["rate"] == 4
    with pytest.raises(NotImplementedError, match="_param_shapes not implemented"):
        D.Categorical.param_shapes([2])


def test_classes_of_unknown_shape():
    logits, k = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    dist = D.Categorical(logits=logits)
    feed = {logits: np.log([[0.2, 0.8], [0.5, 0.5]]), k: [1, 0]}
    np.testing.assert_allclose(run(dist.prob(k), feed), [0.8, 0.5], rtol=1e-6)
    np.testing.assert_allclose(run(dist.cdf(k), feed), [0.2, 0], rtol=1e-6)
    assert not run(dist.is_scalar_batch(), feed)
    assert run(dist.is_scalar_batch(), {logits: [0.0, 1.0]})


def test_the_method_that_was_asked_for_is_named():
    for name in ("log_cdf", "survival_function", "log_survival_function"):
        with pytest.raises(NotImplementedError, match="^%s is not implemented: Bernoulli" % name):
            getattr(D.Bernoulli(probs=0.3), name)(1)
    with pytest.raises(NotImplementedError, match="^variance is not"):
        D.Categorical(probs=[0.5, 0.5]).variance()
