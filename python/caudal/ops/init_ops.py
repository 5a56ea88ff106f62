# SPDX-License-Identifier: Apache-2.0
"""Initializers: objects that make the first value of a variable from its shape."""

import math

import numpy as np

from caudal.framework import constant_op, dtypes, tensor_shape
from caudal.ops import array_ops, math_ops, random_ops

# The standard deviation of a normal distribution that is cut at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base class: call it with a shape (and dtype) to get a Tensor."""

    def __call__(self, shape, dtype=None, partition_info=None):
        """Makes the value.

        Args:
          shape: list of int.
          dtype: type of the value; default: the initializer's own.
          partition_info: where this value lies in a larger variable, or None.
        """
        raise NotImplementedError

    def get_config(self):
        """The arguments that make an equal initializer, as plain Python values."""
        return {}

    @classmethod
    def from_config(cls, config):
        """The initializer that `get_config` described."""
        return cls(**config)


class Zeros(Initializer):
    """All zeros."""

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return array_ops.zeros(shape, self.dtype if dtype is None else dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}


class Ones(Initializer):
    """All ones."""

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return array_ops.ones(shape, self.dtype if dtype is None else dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}


class Constant(Initializer):
    """A given scalar everywhere, or given values in row-major order.

    Args:
      value: scalar, (nested) list or array. Fewer values than elements: the last one repeats.
      verify_shape: refuse a value whose shape is not exactly the variable's (TypeError).
    """

    def __init__(self, value=0, dtype=dtypes.float32, verify_shape=False):
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                "Invalid type for initial value: %s (expected Python scalar, list or "
                "tuple of values, or numpy.ndarray)." % type(value)
            )
        self.value = value
        self.dtype = dtypes.as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(self, shape, dtype=None, partition_info=None, verify_shape=None):
        dtype = self.dtype if dtype is None else dtype
        verify = self._verify_shape if verify_shape is None else verify_shape
        return constant_op.constant(self.value, dtype=dtype, shape=shape, verify_shape=verify)

    def get_config(self):
        return {"value": self.value, "dtype": self.dtype.name}


class RandomUniform(Initializer):
    """Uniform over [minval, maxval)."""

    def __init__(self, minval=0, maxval=None, seed=None, dtype=dtypes.float32):
        self.minval = minval
        self.maxval = maxval
        self.seed = seed
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_uniform(shape, self.minval, self.maxval, dtype, seed=self.seed)

    def get_config(self):
        return {
            "minval": self.minval,
            "maxval": self.maxval,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class _FloatInitializer(Initializer):
    """Shared by initializers that make floating point values only."""

    def _set_dtype(self, dtype):
        self.dtype = self._float_dtype(dtypes.as_dtype(dtype))

    @staticmethod
    def _float_dtype(dtype):
        if not dtypes.as_dtype(dtype).is_floating:
            raise ValueError("Expected floating point type, got %s." % dtype)
        return dtype


class RandomNormal(_FloatInitializer):
    """Normal with the given mean and standard deviation."""

    def __init__(self, mean=0.0, stddev=1.0, seed=None, dtype=dtypes.float32):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self._set_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        return random_ops.random_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)

    def get_config(self):
        return {
            "mean": self.mean,
            "stddev": self.stddev,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class TruncatedNormal(RandomNormal):
    """Normal, without values that lie two standard deviations or more from the mean."""

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        return random_ops.truncated_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)


class UniformUnitScaling(_FloatInitializer):
    """Uniform over +-factor * sqrt(3 / n), n = product of all dimensions but the last."""

    def __init__(self, factor=1.0, seed=None, dtype=dtypes.float32):
        self.factor = factor
        self.seed = seed
        self._set_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        full = shape if partition_info is None else partition_info.full_shape
        size = 1.0
        for dim in tensor_shape.TensorShape(full).as_list()[:-1]:
            size *= float(dim)
        limit = math.sqrt(3 / max(size, 1.0)) * self.factor
        return random_ops.random_uniform(shape, -limit, limit, dtype, seed=self.seed)

    def get_config(self):
        return {"factor": self.factor, "seed": self.seed, "dtype": self.dtype.name}


class VarianceScaling(_FloatInitializer):
    """Random values whose variance is scale / n, n taken from the shape.

    Args:
      scale: float > 0.
      mode: "fan_in", "fan_out" or "fan_avg": n is the number of inputs, of outputs, the mean.
      distribution: "truncated_normal" (also "normal"), "untruncated_normal" or "uniform".

    Raises:
      ValueError: for other values of the arguments.
    """

    def __init__(
        self,
        scale=1.0,
        mode="fan_in",
        distribution="truncated_normal",
        seed=None,
        dtype=dtypes.float32,
    ):
        if scale <= 0.0:
            raise ValueError("`scale` must be positive float.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError("Invalid `mode` argument:", mode)
        distribution = distribution.lower()
        if distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError("Invalid `distribution` argument:", distribution)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed
        self._set_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        fan_in, fan_out = _compute_fans(
            shape if partition_info is None else partition_info.full_shape
        )
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        scale = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * scale)
            return random_ops.random_uniform(shape, -limit, limit, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random_ops.random_normal(shape, 0.0, math.sqrt(scale), dtype, seed=self.seed)
        stddev = math.sqrt(scale) / _TRUNCATED_STDDEV
        return random_ops.truncated_normal(shape, 0.0, stddev, dtype, seed=self.seed)

    def get_config(self):
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class GlorotUniform(VarianceScaling):
    """Uniform over +-sqrt(6 / (fan_in + fan_out)); the default of `tf.get_variable`."""

    def __init__(self, seed=None, dtype=dtypes.float32):
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)

    def get_config(self):
        return {"seed": self.seed, "dtype": self.dtype.name}


class GlorotNormal(VarianceScaling):
    """Truncated normal with standard deviation sqrt(2 / (fan_in + fan_out))."""

    def __init__(self, seed=None, dtype=dtypes.float32):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)

    def get_config(self):
        return {"seed": self.seed, "dtype": self.dtype.name}


class Orthogonal(_FloatInitializer):
    """A random matrix with orthonormal rows or columns; more dimensions are flattened to rows.

    Args:
      gain: factor on the matrix.
    """

    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        self.gain = gain
        self.seed = seed
        self._set_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        shape = tensor_shape.TensorShape(shape).as_list()
        if len(shape) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        from caudal.ops import linalg_ops  # here, since few programs need it

        rows, cols = int(np.prod(shape[:-1], dtype=np.int64)), shape[-1]
        square = (max(rows, cols), min(rows, cols))
        values = random_ops.random_normal(square, dtype=dtype, seed=self.seed)
        q, r = linalg_ops.qr(values, full_matrices=False)
        # With the signs of r's diagonal the distribution is uniform over orthogonal matrices.
        q = q * math_ops.sign(array_ops.diag_part(r))
        if rows < cols:
            q = array_ops.matrix_transpose(q)
        return self.gain * array_ops.reshape(q, shape)

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class Identity(_FloatInitializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere."""

    def __init__(self, gain=1.0, dtype=dtypes.float32):
        self.gain = gain
        self._set_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = dtypes.as_dtype(self.dtype if dtype is None else dtype)
        full = shape if partition_info is None else partition_info.full_shape
        full = tensor_shape.TensorShape(full).as_list()
        if len(full) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        value = self.gain * np.eye(full[0], full[1], dtype=dtype.as_numpy_dtype)
        if partition_info is not None:
            value = value[tuple(slice(o, o + n) for o, n in zip(partition_info.var_offset, shape))]
        return constant_op.constant(value, dtype=dtype, name="eye")

    def get_config(self):
        return {"gain": self.gain, "dtype": self.dtype.name}


def _compute_fans(shape):
    """(fan_in, fan_out) of a weight shape; leading dimensions are a receptive field."""
    dims = tensor_shape.TensorShape(shape).as_list()
    if not dims:
        return 1, 1
    if len(dims) == 1:
        return dims[0], dims[0]
    field = 1.0
    for dim in dims[:-2]:
        field *= dim
    return dims[-2] * field, dims[-1] * field


def lecun_normal(seed=None):
    """Truncated normal with standard deviation sqrt(1 / fan_in)."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed=None):
    """Uniform over +-sqrt(3 / fan_in)."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def he_normal(seed=None):
    """Truncated normal with standard deviation sqrt(2 / fan_in)."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed=None):
    """Uniform over +-sqrt(6 / fan_in)."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


zeros_initializer = Zeros
ones_initializer = Ones
constant_initializer = Constant
random_uniform_initializer = RandomUniform
random_normal_initializer = RandomNormal
truncated_normal_initializer = TruncatedNormal
uniform_unit_scaling_initializer = UniformUnitScaling
variance_scaling_initializer = VarianceScaling
glorot_uniform_initializer = GlorotUniform
glorot_normal_initializer = GlorotNormal
orthogonal_initializer = Orthogonal
identity_initializer = Identity
