# SPDX-License-Identifier: Apache-2.0
"""Rows of embedding tables by id."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, clip_ops


def embedding_lookup(
    params, ids, partition_strategy="mod", name=None, validate_indices=True, max_norm=None
):
    """The rows of a table for a tensor of ids. Op: GatherV2.

    Args:
      params: a table [rows, ...] (tensor or variable), or a list of tables among which the rows
        are divided.
      ids: an int32 or int64 tensor.
      partition_strategy: for a list of tables: "mod" (id i is in table i % n) or "div" (runs of
        ids of about equal length).
      validate_indices: not used; ids are always checked.
      max_norm: if given, rows of a larger L2 norm are scaled down to it.

    Returns:
      A tensor of shape ids.shape + row shape. The gradient towards a variable is IndexedSlices.

    Raises:
      ValueError: if `params` is empty or the strategy is unknown.
    """
    if params is None or isinstance(params, (list, tuple)) and not params:
        raise ValueError("Need at least one param")
    if not isinstance(params, (list, tuple)):
        parts = getattr(params, "_get_variable_list", None)
        params = list(parts()) if parts is not None else [params]
    with ops.name_scope(name, "embedding_lookup", list(params) + [ids]) as scope:
        tables = ops.convert_n_to_tensor_or_indexed_slices(list(params), name="params")
        ids = ops.convert_to_tensor(ids, name="ids")
        if len(tables) == 1:
            with ops.colocate_with(tables[0]):
                rows = array_ops.gather(tables[0], ids, name=scope)
                rows = _clip(rows, ids, max_norm)
            return array_ops.identity(rows)
        return _clip(_partitioned(tables, ids, partition_strategy, scope), ids, max_norm)


def _partitioned(tables, ids, strategy, scope):
    """Looks each id up in its own table and puts the rows back in order."""
    count = len(tables)
    flat = array_ops.reshape(ids, [-1])
    order = array_ops.range(array_ops.size(flat))
    if strategy == "mod":
        table_of, row_of = flat % count, flat // count
    elif strategy == "div":
        sizes = [t.shape.as_list()[0] if t.shape.rank else None for t in tables]
        if None not in sizes:
            total = ops.convert_to_tensor(sum(sizes), dtype=flat.dtype)
        else:
            total = apply("AddN", [array_ops.shape(t, out_type=flat.dtype)[0] for t in tables])
        each, extras = total // count, total % count
        # The first `extras` tables hold one row more.
        table_of = apply("Maximum", flat // (each + 1), (flat - extras) // each)
        row_of = array_ops.where(table_of < extras, flat % (each + 1), (flat - extras) % each)
    else:
        raise ValueError("Unrecognized partition strategy: " + strategy)
    if table_of.dtype != dtypes.int32:
        table_of = apply("Cast", table_of, DstT=dtypes.int32)
    rows = array_ops.dynamic_partition(row_of, table_of, count)
    places = array_ops.dynamic_partition(order, table_of, count)
    found = []
    for table, index in zip(tables, rows):
        with ops.colocate_with(table):
            found.append(array_ops.gather(table, index))
    result = array_ops.parallel_dynamic_stitch(places, found, name=scope)
    row_shape = tables[0].shape[1:]
    for table in tables[1:]:
        row_shape = row_shape.merge_with(table.shape[1:])
    if row_shape.is_fully_defined():
        sizes = row_shape.as_list()
    else:
        sizes = array_ops.shape(tables[0])[1:]
    if sizes != []:
        sizes = array_ops.concat([array_ops.shape(ids), sizes], 0)
    else:
        sizes = array_ops.shape(ids)
    result = array_ops.reshape(result, sizes)
    result.set_shape(ids.shape.concatenate(row_shape))
    return result


def _clip(rows, ids, max_norm):
    if max_norm is None:
        return rows
    ids_rank, rows_rank = ids.shape.rank, rows.shape.rank
    if ids_rank is None or rows_rank is None:
        axes = array_ops.range(array_ops.rank(ids), array_ops.rank(rows))
    else:
        axes = list(range(ids_rank, rows_rank))
    return clip_ops.clip_by_norm(rows, max_norm, axes=axes)


def embedding_lookup_v2(params, ids, max_norm=None, name=None):
    """`embedding_lookup` with partition strategy "div" and TF 2's arguments."""
    return embedding_lookup(params, ids, "div", name, max_norm=max_norm)
