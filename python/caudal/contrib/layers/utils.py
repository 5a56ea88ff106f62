# SPDX-License-Identifier: Apache-2.0
"""Names of outputs in collections, collections of variables, dimensions."""

import collections

from caudal.framework import ops, tensor_shape, tensor_util
from caudal.layers.utils import smart_cond
from caudal.ops.variables import Variable

__all__ = [
    "append_tensor_alias",
    "channel_dimension",
    "collect_named_outputs",
    "constant_value",
    "convert_collection_to_dict",
    "gather_tensors_aliases",
    "get_tensor_aliases",
    "get_variable_collections",
    "last_dimension",
    "n_positive_integers",
    "smart_cond",
    "static_cond",
    "two_element_tuple",
]


def collect_named_outputs(collections, alias, outputs):
    """Adds `outputs` to collections under another name; returns it.

    Args:
      collections: name of a collection, list of names, or None.
      alias: the name; a last slash is dropped.
      outputs: Tensor.
    """
    if collections:
        append_tensor_alias(outputs, alias)
        ops.add_to_collections(collections, outputs)
    return outputs


def append_tensor_alias(tensor, alias):
    """Gives a tensor one more name; returns it."""
    if alias[-1] == "/":
        alias = alias[:-1]
    if hasattr(tensor, "aliases"):
        tensor.aliases.append(alias)
    else:
        tensor.aliases = [alias]
    return tensor


def gather_tensors_aliases(tensors):
    """The other names of some tensors, in one list."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def get_tensor_aliases(tensor):
    """The other names of a tensor; its own, without ":0", if it has none."""
    if hasattr(tensor, "aliases"):
        return tensor.aliases
    return [tensor.name[:-2] if tensor.name.endswith(":0") else tensor.name]


def convert_collection_to_dict(collection, clear_collection=False):
    """{name: tensor} of a collection, see `collect_named_outputs`.

    Args:
      collection: its name.
      clear_collection: whether the collection is emptied.
    """
    found = collections.OrderedDict(
        (alias, tensor)
        for tensor in ops.get_collection(collection)
        for alias in get_tensor_aliases(tensor)
    )
    if clear_collection:
        ops.get_default_graph().clear_collection(collection)
    return found


def static_cond(pred, fn1, fn2):
    """The result of `fn1` or `fn2`, by a predicate that is 0, 1 or a bool."""
    if not callable(fn1):
        raise TypeError("fn1 must be callable.")
    if not callable(fn2):
        raise TypeError("fn2 must be callable.")
    return fn1() if pred else fn2()


def get_variable_collections(variables_collections, name):
    """The collections of one variable: from a dict by name, else the same for all."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def _dimension(shape, axis, min_rank):
    dims = shape.dims
    if dims is None:
        raise ValueError("dims of shape must be known but is None")
    if len(dims) < min_rank:
        raise ValueError("rank of shape must be at least %d not: %d" % (min_rank, len(dims)))
    return dims[axis].value


def channel_dimension(shape, data_format, min_rank=1):
    """The number of channels. Raises: ValueError if it is unknown."""
    value = _dimension(shape, 1 if data_format == "NCHW" else -1, min_rank)
    if value is None:
        raise ValueError("dimension %s must be known but is None" % "C")
    return value


def last_dimension(shape, min_rank=1):
    """The size of the last axis. Raises: ValueError if it is unknown."""
    value = _dimension(shape, -1, min_rank)
    if value is None:
        raise ValueError("last dimension shape must be known but is None")
    return value


def two_element_tuple(int_or_tuple):
    """(n, n) for an int n, else the two values."""
    if isinstance(int_or_tuple, (list, tuple)):
        if len(int_or_tuple) != 2:
            raise ValueError("Must be a list with 2 elements: %s" % (int_or_tuple,))
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    if isinstance(int_or_tuple, tensor_shape.TensorShape) and len(int_or_tuple) == 2:
        return int_or_tuple[0].value, int_or_tuple[1].value
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


def constant_value(value_or_tensor_or_var, dtype=None):
    """What a tensor is where that is known while the graph is built, else None.

    Args:
      value_or_tensor_or_var: a tensor; a variable, which gives None; anything else is returned.
      dtype: what a tensor or variable has to be of.

    Raises:
      ValueError: None, or another dtype.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if not isinstance(value, (ops.Tensor, Variable)):
        return value
    if dtype and value.dtype != dtype:
        raise ValueError("It has the wrong type %s instead of %s" % (value.dtype, dtype))
    return None if isinstance(value, Variable) else tensor_util.constant_value(value)


def n_positive_integers(n, value):
    """A tuple of n positive ints from an int or a sequence. Raises: ValueError."""
    try:
        value = int(value)
    except (TypeError, ValueError):
        sequence = True
    else:
        sequence = False
    n = int(n)
    if n < 1:
        raise ValueError("n must be a positive integer")
    try:
        values = tuple(int(v) for v in value) if sequence else (value,) * n
    except (TypeError, ValueError):
        values = ()
    if len(values) != n or any(v < 1 for v in values):
        raise ValueError("Expected %d positive integers, but got %s" % (n, value))
    return values
