# SPDX-License-Identifier: Apache-2.0
"""py_func with nested arguments and results."""

from caudal.framework import nest
from caudal.ops import script_ops

__all__ = ["py_func"]


def py_func(func, args=(), kwargs=None, output_types=None, output_shapes=None, stateful=True,
            name=None):  # fmt: skip
    """Calls a Python function on the values of tensors.

    Args:
      func: takes NumPy arrays where the arguments have tensors.
      args, kwargs: arguments of `func`, with tensors at any depth.
      output_types: dtype, or a structure of dtypes.
      output_shapes: shape, or a structure of shapes; None: unknown.
      stateful: False when equal inputs always give equal results.
      name: of the operation.

    Returns:
      A Tensor, or tensors in the structure of `output_types`.
    """
    from caudal.framework.ops import Tensor

    structure = (tuple(args), kwargs or {})
    flat = nest.flatten(structure)
    places = [i for i, item in enumerate(flat) if isinstance(item, Tensor)]

    def call(*values):
        filled = list(flat)
        for i, value in zip(places, values):
            filled[i] = value
        positional, keyword = nest.pack_sequence_as(structure, filled)
        result = func(*positional, **keyword)
        if output_types is None:
            return []
        nest.assert_same_structure(output_types, result)
        return nest.flatten(result)

    types = [] if output_types is None else nest.flatten(output_types)
    result = script_ops.py_func(call, [flat[i] for i in places], types, stateful, name)
    if output_types is None:
        return result
    if output_shapes is not None:
        shapes = nest.flatten_up_to(output_types, output_shapes)
        for tensor, shape in zip(result, shapes):
            tensor.set_shape(shape)
    return nest.pack_sequence_as(output_types, result)
