# SPDX-License-Identifier: Apache-2.0
"""Functions from a shape to the first value of a weight."""

import numpy as np

from caudal.keras import backend as K
from caudal.keras.utils.generic_utils import (
    deserialize_keras_object,
    get_keras_object,
    serialize_keras_object,
)

# Standard deviation of a normal variable that is cut off at two standard deviations.
_TRUNCATED_DEVIATION = 0.87962566103423978


class Initializer:
    """Base of initializers: called with a shape and a dtype, they return a value."""

    def __call__(self, shape, dtype=None):
        raise NotImplementedError("%s does not say what values it gives" % type(self).__name__)

    def get_config(self):
        """The arguments of the initializer."""
        return {}

    @classmethod
    def from_config(cls, config):
        """The initializer that `get_config` described."""
        # tf.keras writes the dtype of the weight, which is known anyway.
        return cls(**{key: value for key, value in config.items() if key != "dtype"})


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape, dtype=None):
        return K.constant(0, shape=shape, dtype=dtype)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape, dtype=None):
        return K.constant(1, shape=shape, dtype=dtype)


class Constant(Initializer):
    """All the same, or given values.

    Args:
      value: number, or array with as many elements as the weight.
    """

    def __init__(self, value=0):
        self.value = value

    def __call__(self, shape, dtype=None):
        return K.constant(self.value, shape=shape, dtype=dtype)

    def get_config(self):
        return {"value": self.value}


class RandomNormal(Initializer):
    """Independent normal values.

    Args:
      mean, stddev: of the values.
      seed: integer.
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape, dtype=None):
        return K.random_normal(shape, self.mean, self.stddev, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Normal values; those beyond two standard deviations are drawn again.

    Args:
      mean, stddev: before the cut.
      seed: integer.
    """

    def __call__(self, shape, dtype=None):
        return K.truncated_normal(shape, self.mean, self.stddev, dtype=dtype, seed=self.seed)


class RandomUniform(Initializer):
    """Values that are equally likely between two limits.

    Args:
      minval, maxval: the limits.
      seed: integer.
    """

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape, dtype=None):
        return K.random_uniform(shape, self.minval, self.maxval, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class VarianceScaling(Initializer):
    """Random values of variance scale / n for a number n of connections of a unit.

    Args:
      scale: positive float.
      mode: n is "fan_in": the inputs, "fan_out": the outputs, "fan_avg": the mean of both.
      distribution: "normal" (cut off at two standard deviations; also "truncated_normal"),
        "uniform" or "untruncated_normal".
      seed: integer.

    Raises:
      ValueError: for other arguments.
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="normal", seed=None):
        if scale <= 0.0:
            raise ValueError("`scale` must be a positive float. Got:", scale)
        mode = mode.lower()
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                'Invalid `mode` argument: expected on of {"fan_in", "fan_out", "fan_avg"} but got',
                mode,
            )
        distribution = distribution.lower()
        if distribution == "truncated_normal":
            distribution = "normal"
        if distribution not in ("normal", "uniform", "untruncated_normal"):
            raise ValueError(
                'Invalid `distribution` argument: expected one of {"normal", "uniform"} but got',
                distribution,
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    def __call__(self, shape, dtype=None):
        fan_in, fan_out = _compute_fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, float(fan))
        if self.distribution == "uniform":
            limit = np.sqrt(3.0 * variance)
            return K.random_uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return K.random_normal(shape, 0.0, np.sqrt(variance), dtype=dtype, seed=self.seed)
        stddev = np.sqrt(variance) / _TRUNCATED_DEVIATION
        return K.truncated_normal(shape, 0.0, stddev, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
        }


class Orthogonal(Initializer):
    """A random matrix with orthogonal rows or columns, whichever are fewer (arXiv 1312.6120).

    Further axes than two count as rows.

    Args:
      gain: factor of the matrix.
      seed: integer.

    Raises (when called):
      ValueError: for shapes of less than two axes.
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain = gain
        self.seed = seed

    def __call__(self, shape, dtype=None):
        if len(shape) < 2:
            raise ValueError(
                "The orthogonal initializer needs a shape of at least two axes, not %s" % (shape,)
            )
        flat = (int(np.prod(shape[:-1])), shape[-1])
        source = np.random if self.seed is None else np.random.RandomState(self.seed)
        u, _, v = np.linalg.svd(source.normal(0.0, 1.0, flat), full_matrices=False)
        return self.gain * (u if u.shape == flat else v).reshape(shape)

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed}


class Identity(Initializer):
    """Identity matrices side by side along the longer axis.

    Args:
      gain: factor of the matrix.

    Raises (when called):
      ValueError: unless the shape has two axes and the longer is a multiple of the shorter.
    """

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        if len(shape) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        short, long = min(shape), max(shape)
        if short == 0 or long % short:
            raise ValueError("Long side should be multiple of short side.")
        repeats = (shape[0] // short, shape[1] // short)
        return self.gain * np.tile(np.identity(short), repeats)

    def get_config(self):
        return {"gain": self.gain}


def _compute_fans(shape, data_format="channels_last"):
    """(inputs, outputs) of one unit of a layer whose kernel has a shape.

    Args:
      shape: of a matrix, or of the kernel of a convolution of one to three axes.
      data_format: "channels_first" for (outputs, inputs, ...), "channels_last" for
        (..., inputs, outputs).
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) in (3, 4, 5):
        if data_format == "channels_first":
            field = np.prod(shape[2:])
            return shape[1] * field, shape[0] * field
        if data_format == "channels_last":
            field = np.prod(shape[:-2])
            return shape[-2] * field, shape[-1] * field
        raise ValueError("Invalid data_format: " + str(data_format))
    # Of no layer we know: as if it were a square matrix.
    side = np.sqrt(np.prod(shape))
    return side, side


def lecun_uniform(seed=None):
    """Uniform in [-limit, limit], limit = sqrt(3 / fan_in) (LeCun 98, "Efficient Backprop")."""
    return VarianceScaling(scale=1.0, mode="fan_in", distribution="uniform", seed=seed)


def glorot_normal(seed=None):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""
    return VarianceScaling(scale=1.0, mode="fan_avg", distribution="normal", seed=seed)


def glorot_uniform(seed=None):
    """Uniform in [-limit, limit], limit = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    return VarianceScaling(scale=1.0, mode="fan_avg", distribution="uniform", seed=seed)


def he_normal(seed=None):
    """Truncated normal of variance 2 / fan_in (arXiv 1502.01852)."""
    return VarianceScaling(scale=2.0, mode="fan_in", distribution="normal", seed=seed)


def lecun_normal(seed=None):
    """Truncated normal of variance 1 / fan_in (arXiv 1706.02515)."""
    return VarianceScaling(scale=1.0, mode="fan_in", distribution="normal", seed=seed)


def he_uniform(seed=None):
    """Uniform in [-limit, limit], limit = sqrt(6 / fan_in) (arXiv 1502.01852)."""
    return VarianceScaling(scale=2.0, mode="fan_in", distribution="uniform", seed=seed)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal
# The names that tf.keras saves; they are functions here, so that `config` needs no further names.
_TF_KERAS = {
    "GlorotUniform": glorot_uniform, "GlorotNormal": glorot_normal, "HeNormal": he_normal,
    "HeUniform": he_uniform, "LecunNormal": lecun_normal, "LecunUniform": lecun_uniform,
}  # fmt: skip


def serialize(initializer):
    """A plain description of an initializer."""
    return serialize_keras_object(initializer)


def deserialize(config, custom_objects=None):
    """The initializer that `serialize` described. Raises: ValueError for an unknown one."""
    function = isinstance(config, dict) and _TF_KERAS.get(config.get("class_name"))
    if function:
        return function(seed=config.get("config", {}).get("seed"))
    return deserialize_keras_object(
        config,
        module_objects=globals(),
        custom_objects=custom_objects,
        printable_module_name="initializer",
    )


def get(identifier):
    """The initializer that `identifier` is, names or describes; None stays None.

    Raises:
      ValueError: for anything else.
    """
    return get_keras_object(identifier, deserialize, "initializer")
