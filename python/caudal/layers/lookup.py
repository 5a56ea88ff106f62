# SPDX-License-Identifier: Apache-2.0
"""Arguments of layers that may be given by name: "relu", "zeros", "l2"."""

from caudal.framework import constant_op
from caudal.framework.tensor_shape import TensorShape
from caudal.layers.utils import normalize_data_format
from caudal.ops import init_ops, math_ops, nn_ops

# What layers make of their list of sizes, and of the argument `data_format`.
shape = TensorShape
data_format = normalize_data_format

_INITIALIZERS = {
    "zeros": init_ops.Zeros,
    "ones": init_ops.Ones,
    "constant": init_ops.Constant,
    "random_uniform": lambda: init_ops.RandomUniform(-0.05, 0.05),
    "random_normal": lambda: init_ops.RandomNormal(0.0, 0.05),
    "truncated_normal": lambda: init_ops.TruncatedNormal(0.0, 0.05),
    "variance_scaling": init_ops.VarianceScaling,
    "glorot_uniform": init_ops.GlorotUniform,
    "glorot_normal": init_ops.GlorotNormal,
    "orthogonal": init_ops.Orthogonal,
    "identity": init_ops.Identity,
    "lecun_normal": init_ops.lecun_normal,
    "lecun_uniform": init_ops.lecun_uniform,
    "he_normal": init_ops.he_normal,
    "he_uniform": init_ops.he_uniform,
}
_CLASSES = {cls.__name__.lower(): cls for cls in vars(init_ops).values() if isinstance(cls, type)}


def linear(x):
    """x itself."""
    return x


def hard_sigmoid(x):
    """max(0, min(1, 0.2 x + 0.5))."""
    return math_ops.minimum(
        math_ops.maximum(0.2 * x + constant_op.constant(0.5, x.dtype.base_dtype), 0.0), 1.0
    )


def _exponential(x):
    return math_ops.exp(x)


_ACTIVATIONS = {
    "linear": linear,
    "relu": nn_ops.relu,
    "relu6": nn_ops.relu6,
    "elu": nn_ops.elu,
    "selu": nn_ops.selu,
    "softmax": nn_ops.softmax,
    "softplus": nn_ops.softplus,
    "softsign": nn_ops.softsign,
    "sigmoid": math_ops.sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "tanh": math_ops.tanh,
    "exponential": _exponential,
    "swish": nn_ops.swish,
}


def initializer(identifier):
    """The initializer that `identifier` is, names or describes; None stays None."""
    if isinstance(identifier, dict):
        name, config = identifier["class_name"], identifier.get("config", {})
        cls = _CLASSES.get(name.replace("_", "").lower())
        if cls is None:
            raise ValueError("Unknown initializer: " + name)
        return cls.from_config(config)
    if isinstance(identifier, str):
        make = _INITIALIZERS.get(identifier) or _CLASSES.get(identifier.replace("_", "").lower())
        if make is None:
            raise ValueError("Unknown initializer: " + identifier)
        return make()
    return identifier


def activation(identifier):
    """The activation function that `identifier` is or names; None is the identity."""
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        if identifier not in _ACTIVATIONS:
            raise ValueError("Unknown activation function:" + identifier)
        return _ACTIVATIONS[identifier]
    if callable(identifier):
        return identifier
    raise TypeError("Could not interpret activation function identifier: %r" % (identifier,))


class _Penalty:
    """l1 * sum |w| + l2 * sum w^2."""

    def __init__(self, l1, l2):
        self.l1, self.l2 = l1, l2

    def __call__(self, x):
        loss = 0.0
        if self.l1:
            loss += math_ops.reduce_sum(self.l1 * math_ops.abs(x))
        if self.l2:
            loss += math_ops.reduce_sum(self.l2 * math_ops.square(x))
        return loss


_REGULARIZERS = {"l1": (0.01, 0.0), "l2": (0.0, 0.01), "l1_l2": (0.01, 0.01)}


def regularizer(identifier):
    """The regularizer that `identifier` is or names; None stays None."""
    if isinstance(identifier, str):
        if identifier not in _REGULARIZERS:
            raise ValueError("Unknown regularizer: " + identifier)
        return _Penalty(*_REGULARIZERS[identifier])
    return identifier


def constraint(identifier):
    """The constraint that `identifier` is; None stays None."""
    if isinstance(identifier, str):
        raise ValueError("Unknown constraint: " + identifier)
    return identifier


def serialized(item):
    """A plain description of an initializer, regularizer or constraint."""
    if item is None:
        return None
    if hasattr(item, "get_config"):
        return {"class_name": type(item).__name__, "config": item.get_config()}
    return getattr(item, "__name__", None)


def activation_name(function):
    """The name of an activation function."""
    return getattr(function, "__name__", None)
