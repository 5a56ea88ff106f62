# SPDX-License-Identifier: Apache-2.0
"""contrib.losses: weights by leading dimensions, means over what has a weight."""

import numpy as np
import pytest

import caudal as tf

losses = tf.contrib.losses
RNG = np.random.default_rng(5)
P, L = (np.asarray(RNG.uniform(0.1, 0.9, (4, 3)), np.float32) for _ in range(2))


def value(loss):
    with tf.Session() as session:
        return session.run(loss)


WEIGHTS = {
    "scalar": np.float32(2.3),
    "zero": np.float32(0),
    "by example": np.array([1, 0, 2, 0.5], np.float32),
    "column": np.array([[1], [0], [2], [0.5]], np.float32),
    "all": np.array([[1, 0, 3], [0, 0, 0], [1, 2, 1], [0, 1, 0]], np.float32),
}


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize(
    "name, element",
    [
        ("absolute_difference", lambda p, y: abs(p - y)),
        ("mean_squared_error", lambda p, y: (p - y) ** 2),
        ("log_loss", lambda p, y: -y * np.log(p + 1e-7) - (1 - y) * np.log(1 - p + 1e-7)),
        ("sigmoid_cross_entropy", lambda p, y: np.log1p(np.exp(p)) - p * y),
    ],
)
def test_mean_over_present_elements(name, element, kind):
    w = WEIGHTS[kind]
    full = np.broadcast_to(w.reshape(w.shape + (1,) * (2 - w.ndim)), P.shape)
    present = np.count_nonzero(full)
    wanted = (element(P, L) * full).sum() / present if present else 0.0
    loss = getattr(losses, name)(tf.constant(P), tf.constant(L), weights=w)
    np.testing.assert_allclose(value(loss), wanted, rtol=2e-6)
    assert tf.losses.get_losses() == [loss] == losses.get_losses()


def test_pairwise_error_counts_all_pairs():
    d = P - L
    n = d.shape[1]
    wanted = sum(2 * (r @ r) / n - 2 * r.sum() ** 2 / n**2 for r in d)
    loss = losses.mean_pairwise_squared_error(tf.constant(P), tf.constant(L))
    np.testing.assert_allclose(value(loss), wanted, rtol=1e-5)


def test_cosine_distance_takes_weights_by_example():
    w = WEIGHTS["by example"]
    wanted = ((1 - (P * L).sum(1)) * w).sum() / np.count_nonzero(w)
    np.testing.assert_allclose(value(losses.cosine_distance(P, L, axis=1, weights=w)), wanted, 2e-6)
    with pytest.raises(ValueError, match="axis"):
        losses.cosine_distance(P, L)


def test_an_arg_scope_keeps_losses_out_of_the_collection():
    with tf.contrib.framework.arg_scope([losses.add_loss], loss_collection=None):
        losses.mean_squared_error(P, L)
    assert not losses.get_losses()


def test_bad_weights_and_shapes():
    with pytest.raises(ValueError, match="cannot be None"):
        losses.mean_squared_error(P, L, weights=None)
    with pytest.raises(ValueError, match="incompatible"):
        losses.mean_squared_error(P, L[:2])
    with pytest.raises(ValueError, match="ndims cannot be None"):
        losses.compute_weighted_loss(tf.placeholder(tf.float32))
