# SPDX-License-Identifier: Apache-2.0
"""Random tensors and variables. A seed that is not given is drawn from NumPy."""

import numpy as np

import caudal as tf
from caudal.keras.backend.common import floatx
from caudal.keras.backend.variables import variable


def _seed(seed):
    return np.random.randint(10**7) if seed is None else seed


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Numbers of a normal distribution."""
    return tf.random_normal(
        shape, mean=mean, stddev=stddev, dtype=tf.as_dtype(dtype or floatx()), seed=_seed(seed)
    )


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Numbers of a normal distribution, within two standard deviations."""
    return tf.truncated_normal(
        shape, mean, stddev, dtype=tf.as_dtype(dtype or floatx()), seed=_seed(seed)
    )


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Numbers evenly distributed from `minval` to before `maxval`."""
    return tf.random_uniform(
        shape, minval=minval, maxval=maxval, dtype=tf.as_dtype(dtype or floatx()), seed=_seed(seed)
    )


def random_binomial(shape, p=0.0, dtype=None, seed=None):
    """Ones with probability `p`, else zeros."""
    dtype = tf.as_dtype(dtype or floatx())
    drawn = tf.random_uniform(shape, dtype=dtype, seed=_seed(seed))
    return tf.cast(drawn <= p, dtype)


def random_normal_variable(shape, mean, scale, dtype=None, name=None, seed=None):
    """A variable of numbers of a normal distribution with standard deviation `scale`."""
    return _variable(tf.random_normal_initializer, mean, scale, shape, dtype, name, seed)


def random_uniform_variable(shape, low, high, dtype=None, name=None, seed=None):
    """A variable of numbers evenly distributed from `low` to before `high`."""
    return _variable(tf.random_uniform_initializer, low, high, shape, dtype, name, seed)


def _variable(initializer, a, b, shape, dtype, name, seed):
    dtype = dtype or floatx()
    if seed is None:
        seed = np.random.randint(10**9)
    value = initializer(a, b, dtype=tf.as_dtype(dtype), seed=seed)(shape)
    return variable(value, dtype=dtype, name=name)
