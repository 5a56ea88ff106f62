# SPDX-License-Identifier: Apache-2.0
"""Random tensors. Streams and seeds are those of TensorFlow's CPU kernels."""

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.random_seed import get_seed
from caudal.ops import array_ops, control_flow_ops

_UNIFORM_TYPES = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32,
                  dtypes.int64)  # fmt: skip


def random_uniform(shape, minval=0, maxval=None, dtype=dtypes.float32, seed=None, name=None):
    """Numbers spread evenly over [minval, maxval). Ops: RandomUniform, RandomUniformInt.

    Args:
      shape: int vector; list, tuple, TensorShape or Tensor.
      minval: scalar of `dtype`.
      maxval: scalar of `dtype`, by default 1; required for integers.
      dtype: float32, float64, int32 or int64.
      seed: int, see `set_random_seed`.
      name: name of the result.

    Raises:
      ValueError: for another dtype, or integers without `maxval`.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in _UNIFORM_TYPES:
        raise ValueError("Invalid dtype %r" % dtype)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError("Must specify maxval for integer dtype %r" % dtype)
        maxval = 1
    with ops.name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        shape = tensor_util.shape_tensor(shape)
        minval = ops.convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = ops.convert_to_tensor(maxval, dtype=dtype, name="max")
        seed1, seed2 = get_seed(seed)
        if dtype.is_integer:
            return apply("RandomUniformInt", shape, minval, maxval, seed=seed1, seed2=seed2,
                         name=scope)  # fmt: skip
        unit = apply("RandomUniform", shape, dtype=dtype, seed=seed1, seed2=seed2)
        width = apply("Sub", maxval, minval, name="sub")
        return apply("Add", apply("Mul", unit, width, name="mul"), minval, name=scope)


def _scaled(op_name, default_name, shape, mean, stddev, dtype, seed, name):
    with ops.name_scope(name, default_name, [shape, mean, stddev]) as scope:
        shape = tensor_util.shape_tensor(shape)
        mean = ops.convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = ops.convert_to_tensor(stddev, dtype=dtype, name="stddev")
        seed1, seed2 = get_seed(seed)
        unit = apply(op_name, shape, dtype=dtype, seed=seed1, seed2=seed2)
        return apply("Add", apply("Mul", unit, stddev, name="mul"), mean, name=scope)


def random_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Numbers from a normal distribution. Op: RandomStandardNormal.

    Args:
      shape: int vector; list, tuple, TensorShape or Tensor.
      mean, stddev: of `dtype`, broadcast against the shape.
      dtype: float32 or float64.
      seed: int, see `set_random_seed`.
      name: name of the result.
    """
    return _scaled("RandomStandardNormal", "random_normal", shape, mean, stddev, dtype, seed, name)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Normal numbers, drawn again when beyond two standard deviations. Op: TruncatedNormal.

    Args:
      shape: int vector; list, tuple, TensorShape or Tensor.
      mean, stddev: of the distribution before it is cut.
      dtype: float32 or float64.
      seed: int, see `set_random_seed`.
      name: name of the result.
    """
    return _scaled("TruncatedNormal", "truncated_normal", shape, mean, stddev, dtype, seed, name)


def random_shuffle(value, seed=None, name=None):
    """The rows of a tensor in random order. Op: RandomShuffle.

    Args:
      value: Tensor; rows lie along its first dimension.
      seed: int, see `set_random_seed`.
      name: name of the node.
    """
    seed1, seed2 = get_seed(seed)
    return apply("RandomShuffle", value, seed=seed1, seed2=seed2, name=name)


def random_crop(value, size, seed=None, name=None):
    """A part of `value` of the given size, at a random place.

    Args:
      value: Tensor.
      size: int vector with one entry for each dimension, at most `value`'s.
      seed: int, see `set_random_seed`.
      name: name of the result.
    """
    with ops.name_scope(name, "random_crop", [value, size]) as scope:
        value = ops.convert_to_tensor(value, name="value")
        size = ops.convert_to_tensor(size, dtype=dtypes.int32, name="size")
        shape = array_ops.shape(value)
        from caudal.ops import logging_ops, math_ops

        fits = logging_ops.Assert(
            math_ops.reduce_all(apply("GreaterEqual", shape, size)),
            ["Need value.shape >= size, got ", shape, size],
            summarize=1000,
        )
        shape = control_flow_ops.with_dependencies([fits], shape)
        places = apply("AddV2", apply("Sub", shape, size, name="sub"), 1, name="add")
        offset = random_uniform(
            array_ops.shape(shape), dtype=size.dtype, maxval=size.dtype.max, seed=seed
        )
        offset = apply("FloorMod", offset, places, name="mod")
        return array_ops.slice(value, offset, size, name=scope)


def multinomial(logits, num_samples, seed=None, name=None, output_dtype=None):
    """Classes drawn with probabilities softmax(logits). Op: Multinomial.

    Args:
      logits: [batch, classes] float.
      num_samples: int32 scalar, draws for each row.
      seed: int, see `set_random_seed`.
      name: name of the scope.
      output_dtype: int32 or int64, the default.

    Returns:
      [batch, num_samples] integers in [0, classes).
    """
    with ops.name_scope(name, "multinomial", [logits]):
        return _categorical(logits, num_samples, output_dtype, seed)


def categorical(logits, num_samples, dtype=None, seed=None, name=None):
    """`multinomial` under its newer name and order of arguments."""
    with ops.name_scope(name, "categorical", [logits]):
        return _categorical(logits, num_samples, dtype, seed)


def _categorical(logits, num_samples, dtype, seed):
    logits = ops.convert_to_tensor(logits, name="logits")
    dtype = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    if dtype not in (dtypes.int32, dtypes.int64):
        raise ValueError("Invalid dtype %r: takes int32 or int64" % dtype)
    seed1, seed2 = get_seed(seed)
    return apply("Multinomial", logits, num_samples, seed=seed1, seed2=seed2, output_dtype=dtype)
