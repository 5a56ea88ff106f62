# SPDX-License-Identifier: Apache-2.0
"""Gamma and Poisson numbers, and numbers that depend only on a given seed."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.random_seed import get_seed
from caudal.ops import array_ops, math_ops

_SEEDED_TYPES = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32,
                 dtypes.int64)  # fmt: skip


def random_gamma(shape, alpha, beta=None, dtype=dtypes.float32, seed=None, name=None):
    """Numbers from gamma distributions. Op: RandomGamma.

    Args:
      shape: int vector: how many for each parameter.
      alpha: the shapes of the distributions; samples have a gradient towards it.
      beta: their rates, by default 1; broadcasts against alpha.
      dtype: float16, float32 or float64.
      seed: int, see `set_random_seed`.

    Returns:
      A tensor of shape `shape` + (alpha + beta).shape.
    """
    with ops.name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape = ops.convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        alpha = ops.convert_to_tensor(alpha, name="alpha", dtype=dtype)
        beta = ops.convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        alpha = alpha + array_ops.zeros_like(beta)
        seed1, seed2 = get_seed(seed)
        drawn = apply("RandomGamma", shape, alpha, seed=seed1, seed2=seed2)
        return math_ops.maximum(np.finfo(alpha.dtype.as_numpy_dtype).tiny, drawn / beta)


def random_poisson(lam, shape, dtype=dtypes.float32, seed=None, name=None):
    """Numbers from Poisson distributions. Op: RandomPoissonV2.

    Args:
      lam: the rates.
      shape: int vector: how many for each rate.
      dtype: float16, float32, float64, int32 or int64.
      seed: int, see `set_random_seed`.

    Returns:
      A tensor of shape `shape` + lam.shape.
    """
    with ops.name_scope(name, "random_poisson", [lam, shape]):
        shape = ops.convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        seed1, seed2 = get_seed(seed)
        return apply("RandomPoissonV2", shape, lam, dtype=dtype, seed=seed1, seed2=seed2)


def random_poisson_v2(shape, lam, dtype=dtypes.float32, seed=None, name=None):
    """`random_poisson` with TF 2's order of arguments."""
    return random_poisson(lam, shape, dtype, seed, name)


def parameterized_truncated_normal(
    shape, means=0.0, stddevs=1.0, minvals=-2.0, maxvals=2.0, dtype=dtypes.float32, seed=None,
    name=None,
):  # fmt: skip
    """Normal numbers between bounds. Op: ParameterizedTruncatedNormal.

    Args:
      shape: int vector; the first entry is the number of batches.
      means, stddevs, minvals, maxvals: scalars, or vectors with one entry for each batch.
      dtype: float32 or float64.
      seed: int, see `set_random_seed`.
    """
    with ops.name_scope(
        name, "parameterized_truncated_normal", [shape, means, stddevs, minvals, maxvals]
    ) as scope:
        shape = tensor_util.shape_tensor(shape)
        means = ops.convert_to_tensor(means, dtype=dtype, name="means")
        stddevs = ops.convert_to_tensor(stddevs, dtype=dtype, name="stddevs")
        minvals = ops.convert_to_tensor(minvals, dtype=dtype, name="minvals")
        maxvals = ops.convert_to_tensor(maxvals, dtype=dtype, name="maxvals")
        seed1, seed2 = get_seed(seed)
        return apply("ParameterizedTruncatedNormal", shape, means, stddevs, minvals, maxvals,
                     seed=seed1, seed2=seed2, name=scope)  # fmt: skip


def stateless_random_uniform(
    shape, seed, minval=0, maxval=None, dtype=dtypes.float32, name=None
):  # fmt: skip
    """Numbers in [minval, maxval) that depend only on the arguments. Ops: StatelessRandomUniform,
    StatelessRandomUniformInt.

    Args:
      shape: int vector.
      seed: int vector of 2 entries.
      minval, maxval: scalars of `dtype`; maxval is 1 by default and required for integers.
      dtype: a float dtype, int32 or int64.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in _SEEDED_TYPES:
        raise ValueError("Invalid dtype %r" % dtype)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError("Must specify maxval for integer dtype %r" % dtype)
        maxval = 1
    with ops.name_scope(
        name, "stateless_random_uniform", [shape, seed, minval, maxval]
    ) as scope:  # fmt: skip
        shape = tensor_util.shape_tensor(shape)
        minval = ops.convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = ops.convert_to_tensor(maxval, dtype=dtype, name="max")
        if dtype.is_integer:
            return apply("StatelessRandomUniformInt", shape, seed, minval, maxval, name=scope)
        unit = apply("StatelessRandomUniform", shape, seed, dtype=dtype)
        return math_ops.add(unit * (maxval - minval), minval, name=scope)


def _stateless_scaled(op_name, default_name, shape, seed, mean, stddev, dtype, name):
    with ops.name_scope(name, default_name, [shape, seed, mean, stddev]) as scope:
        shape = tensor_util.shape_tensor(shape)
        mean = ops.convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = ops.convert_to_tensor(stddev, dtype=dtype, name="stddev")
        unit = apply(op_name, shape, seed, dtype=dtype)
        return math_ops.add(unit * stddev, mean, name=scope)


def stateless_random_normal(
    shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None
):  # fmt: skip
    """Normal numbers that depend only on the arguments. Op: StatelessRandomNormal.

    Args:
      shape: int vector.
      seed: int vector of 2 entries.
      mean, stddev: of `dtype`, broadcast against the shape.
      dtype: a float dtype.
    """
    return _stateless_scaled("StatelessRandomNormal", "stateless_random_normal", shape, seed, mean,
                             stddev, dtype, name)  # fmt: skip


def stateless_truncated_normal(
    shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None
):  # fmt: skip
    """Normal numbers within two standard deviations, that depend only on the arguments. Op:
    StatelessTruncatedNormal.

    Args:
      shape, seed, mean, stddev, dtype: as in `stateless_random_normal`.
    """
    return _stateless_scaled("StatelessTruncatedNormal", "stateless_truncated_normal", shape, seed,
                             mean, stddev, dtype, name)  # fmt: skip


def _stateless_classes(logits, num_samples, dtype, seed):
    logits = ops.convert_to_tensor(logits, name="logits")
    return apply("StatelessMultinomial", logits, num_samples, seed, output_dtype=dtype)


def stateless_multinomial(logits, num_samples, seed, output_dtype=dtypes.int64, name=None):
    """Classes drawn with probabilities softmax(logits), that depend only on the arguments. Op:
    StatelessMultinomial.

    Args:
      logits: [batch, classes] floats.
      num_samples: int32 scalar.
      seed: int vector of 2 entries.
      output_dtype: int32 or int64.
    """
    with ops.name_scope(name, "stateless_multinomial", [logits, seed]):
        return _stateless_classes(logits, num_samples, output_dtype, seed)


def stateless_categorical(logits, num_samples, seed, dtype=dtypes.int64, name=None):
    """`stateless_multinomial` under its newer name."""
    with ops.name_scope(name, "stateless_categorical", [logits, seed]):
        return _stateless_classes(logits, num_samples, dtype, seed)


# The names in tf.random.
gamma = random_gamma
poisson = random_poisson
stateless_normal = stateless_random_normal
stateless_uniform = stateless_random_uniform
