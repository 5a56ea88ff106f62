# SPDX-License-Identifier: Apache-2.0
"""Initializers: nodes, statistics, seeds, configurations."""

import numpy as np
import pytest

import caudal as tf

# Values of TensorFlow 1.15 for the same seeds.
UNIFORM_SEED_3 = [
    [-0.22614121437072754, -0.27994751930236816, 0.9537591934204102],
    [-0.8269672393798828, 0.0076024532318115234, -0.28299617767333984],
]
TRUNCATED_SEED_3 = [
    1.0616620779037476,
    -0.8785783052444458,
    0.11187215894460678,
    0.18511717021465302,
]
GLOROT_GRAPH_SEED_7 = [
    [-0.24228423833847046, -0.3016818165779114],
    [-0.46713536977767944, -1.0090045928955078],
]


def _value(initializer, shape, dtype=None, seed=None):
    with tf.Graph().as_default(), tf.Session() as sess:
        if seed is not None:
            tf.set_random_seed(seed)
        kwargs = {} if dtype is None else {"dtype": dtype}
        v = tf.get_variable("v", shape, initializer=initializer, **kwargs)
        sess.run(v.initializer)
        return sess.run(v)


def test_constants():
    np.testing.assert_array_equal(_value(tf.zeros_initializer(), [2, 3]), np.zeros((2, 3)))
    np.testing.assert_array_equal(_value(tf.ones_initializer(), [40, 50]), np.ones((40, 50)))
    np.testing.assert_array_equal(_value(tf.constant_initializer(2.5), [2]), [2.5, 2.5])
    np.testing.assert_array_equal(
        _value(tf.constant_initializer([1, 2, 3, 4]), [2, 2]), [[1, 2], [3, 4]]
    )
    np.testing.assert_array_equal(_value(tf.constant_initializer([1, 2]), [4]), [1, 2, 2, 2])
    np.testing.assert_array_equal(_value(tf.zeros_initializer(), [2], tf.bool), [False, False])
    np.testing.assert_array_equal(
        _value(tf.initializers.identity(2.0), [2, 3]), [[2, 0, 0], [0, 2, 0]]
    )
    assert _value(tf.zeros_initializer(), [0, 3]).shape == (0, 3)
    assert _value(tf.ones_initializer(), []) == 1.0
    with pytest.raises(ValueError, match="Too many elements provided. Needed at most 3, but "):
        _value(tf.constant_initializer([1, 2, 3, 4, 5]), [3])
    with pytest.raises(TypeError, match=r"Expected Tensor's shape: \(3,\), got \(2,\)"):
        _value(tf.constant_initializer([1, 2], verify_shape=True), [3])


# name: initializer for shape (50, 80), low, high, standard deviation
RANDOM = {
    "uniform": (tf.random_uniform_initializer(-2, 3, seed=1), -2, 3, 5 / np.sqrt(12)),
    "normal": (tf.random_normal_initializer(1.0, 0.5, seed=1), None, None, 0.5),
    "truncated": (tf.truncated_normal_initializer(1.0, 0.5, seed=1), 0, 2, 0.5 * 0.8796),
    "unit_scaling": (
        tf.uniform_unit_scaling_initializer(seed=1),
        -np.sqrt(3 / 50),
        np.sqrt(3 / 50),
        np.sqrt(1 / 50),
    ),
    "scaling_fan_in": (tf.variance_scaling_initializer(seed=1), None, None, np.sqrt(1 / 50)),
    "scaling_fan_out": (
        tf.variance_scaling_initializer(3.0, "fan_out", "uniform", seed=1),
        None,
        None,
        np.sqrt(3 / 80),
    ),
    "scaling_fan_avg": (
        tf.variance_scaling_initializer(2.0, "fan_avg", "untruncated_normal", seed=1),
        None,
        None,
        np.sqrt(2 / 65),
    ),
    "glorot_uniform": (
        tf.glorot_uniform_initializer(seed=1),
        -np.sqrt(6 / 130),
        np.sqrt(6 / 130),
        np.sqrt(2 / 130),
    ),
    "glorot_normal": (tf.glorot_normal_initializer(seed=1), None, None, np.sqrt(2 / 130)),
    "he_normal": (tf.initializers.he_normal(1), None, None, np.sqrt(2 / 50)),
    "he_uniform": (tf.initializers.he_uniform(1), None, None, np.sqrt(2 / 50)),
    "lecun_normal": (tf.initializers.lecun_normal(1), None, None, np.sqrt(1 / 50)),
    "lecun_uniform": (tf.initializers.lecun_uniform(1), None, None, np.sqrt(1 / 50)),
}


@pytest.mark.parametrize("case", sorted(RANDOM))
def test_statistics(case):
    initializer, low, high, stddev = RANDOM[case]
    x = _value(initializer, [50, 80])
    assert x.dtype == np.float32
    assert abs(x.std() / stddev - 1) < 0.05
    if low is not None:
        assert low - 1e-6 <= x.min() and x.max() <= high + 1e-6
        assert x.min() < low + 0.1 * (high - low) and x.max() > high - 0.1 * (high - low)
    np.testing.assert_array_equal(x, _value(initializer, [50, 80]))
    rebuilt = type(initializer).from_config(initializer.get_config())
    np.testing.assert_array_equal(x, _value(rebuilt, [50, 80]))
    assert _value(initializer, [5, 8], tf.float64).dtype == np.float64


def test_convolution_fans():
    x = _value(tf.variance_scaling_initializer(1.0, "fan_in", "uniform", seed=2), [3, 3, 16, 32])
    assert abs(x.std() / np.sqrt(1 / (9 * 16)) - 1) < 0.05
    x = _value(tf.variance_scaling_initializer(1.0, "fan_out", "uniform", seed=2), [3, 3, 16, 32])
    assert abs(x.std() / np.sqrt(1 / (9 * 32)) - 1) < 0.05


def test_known_streams():
    np.testing.assert_allclose(
        _value(tf.random_uniform_initializer(-1, 1, seed=3), [2, 3]), UNIFORM_SEED_3, rtol=1e-6
    )
    np.testing.assert_allclose(
        _value(tf.truncated_normal_initializer(seed=3), [4]), TRUNCATED_SEED_3, rtol=1e-6
    )
    np.testing.assert_allclose(_value(None, [2, 2], seed=7), GLOROT_GRAPH_SEED_7, rtol=1e-6)


def test_orthogonal():
    # Numbers from TensorFlow 1.15.
    value = _value(tf.orthogonal_initializer(gain=2.0, seed=5), [4, 3], seed=3)
    np.testing.assert_allclose(value, ORTHOGONAL_SEEDS_3_5, rtol=1e-4)
    wide = _value(tf.orthogonal_initializer(seed=5), [2, 3])
    np.testing.assert_allclose(wide @ wide.T, np.eye(2), atol=1e-5)
    kernel = _value(tf.orthogonal_initializer(), [3, 3, 2, 4], tf.float64).reshape(18, 4)
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(4), atol=1e-12)


ORTHOGONAL_SEEDS_3_5 = [
    [-0.7704091, 1.7762204, 0.47443792],
    [-1.7866843, -0.5919342, -0.55066967],
    [-0.36049065, -0.39190423, 0.22594048],
    [0.2903024, 0.58400863, -1.8494925],
]


def test_configs_and_errors():
    assert tf.glorot_uniform_initializer(seed=3).get_config() == {"seed": 3, "dtype": "float32"}
    assert tf.constant_initializer(2.0).get_config() == {"value": 2.0, "dtype": "float32"}
    assert tf.variance_scaling_initializer(distribution="normal").get_config() == {
        "scale": 1.0,
        "mode": "fan_in",
        "distribution": "normal",
        "seed": None,
        "dtype": "float32",
    }
    for bad in (dict(scale=-1.0), dict(mode="x"), dict(distribution="x")):
        with pytest.raises(ValueError):
            tf.variance_scaling_initializer(**bad)
    with pytest.raises(ValueError, match="Expected floating point type"):
        tf.random_normal_initializer(dtype=tf.int32)
    with pytest.raises(TypeError, match="Invalid type for initial value"):
        tf.constant_initializer(object())
    with pytest.raises(ValueError, match="at least two-dimensional"):
        _value(tf.orthogonal_initializer(), [3])
    assert tf.initializers.zeros is tf.zeros_initializer


@pytest.mark.parametrize("rank, size", [(1, 3), (2, 2), (2, 3), (3, 2)])
def test_orthogonal_kernels_keep_norms(rank, size):
    """Around a circle, the convolution of any input has the norm of the input."""
    make = getattr(tf.contrib.framework, "convolutional_orthogonal_%dd" % rank)
    kernel = make(seed=7, gain=3.0, dtype=tf.float64)([size] * rank + [2, 4])
    with tf.Session() as sess:
        k = sess.run(kernel)
    x = np.random.RandomState(0).standard_normal([4] * rank + [2])
    y = np.zeros([4] * rank + [4])
    for at in np.ndindex(*[size] * rank):
        y += np.roll(x, at, tuple(range(rank))) @ k[at]
    np.testing.assert_allclose((y**2).sum(), 9 * (x**2).sum())


def test_delta_kernels_are_orthogonal_in_the_middle():
    make = tf.contrib.framework.convolutional_delta_orthogonal
    with tf.Session() as sess:
        k = sess.run(make(gain=2.0)([3, 4, 2, 5]))
    middle = k[1, 1]
    np.testing.assert_allclose(middle @ middle.T, 4 * np.eye(2), atol=1e-5)
    k[1, 1] = 0
    assert not k.any()


@pytest.mark.parametrize(
    "name, shape, message",
    [
        ("delta_orthogonal", [2, 2], "at least three-dimensional"),
        ("delta_orthogonal", [3, 4, 2], "In_filters cannot be greater"),
        ("orthogonal_1d", [3, 3, 2, 2], "three-dimensional"),
        ("orthogonal_2d", [3, 2, 2, 2], "Kernel sizes must be equal"),
        ("orthogonal_3d", [2, 2, 2, 2], "five-dimensional"),
    ],
)
def test_orthogonal_kernels_check_shapes(name, shape, message):
    make = getattr(tf.contrib.framework, "convolutional_" + name)
    with pytest.raises(ValueError, match=message):
        make()(shape)
    with pytest.raises(ValueError, match="Expected floating point type"):
        make(dtype=tf.int32)
