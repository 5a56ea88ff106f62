# SPDX-License-Identifier: Apache-2.0
"""A function over the leading axis."""

from caudal.framework import nest, ops
from caudal.ops import array_ops, functional_ops


def vectorized_map(fn, elems):
    """What `fn` gives for every slice along axis 0, stacked.

    Args:
      fn: takes a slice (or a structure of slices) and returns tensors.
      elems: a tensor or a structure of tensors of equal first dimension.

    Returns:
      The structure that `fn` returns, with a leading axis.
    """
    with ops.name_scope("vectorized_map"):
        elems = nest.map_structure(ops.convert_to_tensor, elems)
        count = nest.flatten(elems)[0].shape[0] if nest.flatten(elems)[0].shape.rank else None
        size = getattr(count, "value", count)
        if size is not None and size <= 16:
            # Few slices: all at once, without a loop.
            results = [
                fn(nest.map_structure(lambda e, k=k: e[k], elems)) for k in range(size)
            ]  # fmt: skip
            if results:
                return nest.map_structure(lambda *r: array_ops.stack(list(r)), *results)
        sample = fn(nest.map_structure(lambda e: e[0], elems))
        kinds = nest.map_structure(lambda t: ops.convert_to_tensor(t).dtype, sample)
        return functional_ops.map_fn(fn, elems, dtype=kinds)
