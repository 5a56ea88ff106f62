# SPDX-License-Identifier: Apache-2.0
"""Rows of embedding tables for sparse ids, combined row by row."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor, SparseTensorValue
from caudal.ops import array_ops, math_ops, sparse_ops
from caudal.ops.embedding_ops import embedding_lookup


def embedding_lookup_sparse(
    params,
    sp_ids,
    sp_weights,
    partition_strategy="mod",
    name=None,
    combiner=None,
    max_norm=None,
):
    """For each row of ids, the weighted combination of the table's rows.

    Args:
      params: a table [rows, ...], or a list of tables among which the rows are divided.
      sp_ids: int64 (or int32) SparseTensor [n, m]; every row has at least one id.
      sp_weights: SparseTensor with the same indices, or None for weights of 1.
      partition_strategy: "mod" or "div".
      name: prefix of the nodes.
      combiner: "mean" (default), "sqrtn" or "sum".
      max_norm: if given, rows of a larger L2 norm are scaled down to it first.

    Returns:
      A tensor [n, ...].

    Raises:
      TypeError: if `sp_ids` or `sp_weights` is no SparseTensor.
      ValueError: for another combiner.
    """
    if combiner is None:
        combiner = "mean"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    if not isinstance(params, (list, tuple)):
        split = getattr(params, "_get_variable_list", None)
        params = list(split()) if split is not None else [params]
    sp_ids = _sparse(sp_ids, "sp_ids")
    if sp_weights is not None:
        sp_weights = _sparse(sp_weights, "sp_weights")
        sp_ids.values.shape.assert_is_compatible_with(sp_weights.values.shape)
        sp_ids.indices.shape.assert_is_compatible_with(sp_weights.indices.shape)
        sp_ids.dense_shape.shape.assert_is_compatible_with(sp_weights.dense_shape.shape)
    with ops.name_scope(name, "embedding_lookup_sparse", list(params) + [sp_ids]) as scope:
        segments = math_ops.cast(sp_ids.indices[:, 0], dtypes.int32)
        ids = sp_ids.values
        if sp_weights is None:
            ids, places = array_ops.unique(ids)
        rows = embedding_lookup(
            list(params), ids, partition_strategy=partition_strategy, max_norm=max_norm
        )
        if rows.dtype in (dtypes.float16, dtypes.bfloat16):
            rows = math_ops.cast(rows, dtypes.float32)
        if sp_weights is None:
            op_name = {"sum": "Sum", "mean": "Mean", "sqrtn": "SqrtN"}[combiner]
            return apply("SparseSegment" + op_name, rows, places, segments, name=scope)
        weights = sp_weights.values
        if weights.dtype != rows.dtype:
            weights = math_ops.cast(weights, rows.dtype)
        row_rank = rows.shape.rank
        ones = array_ops.fill(array_ops.expand_dims(array_ops.rank(rows) - 1, 0), 1)
        shape = array_ops.concat([array_ops.shape(weights), ones], 0)
        flat_shape = weights.shape
        weights = array_ops.reshape(weights, shape)
        if row_rank is not None:
            weights.set_shape(flat_shape.concatenate([1] * (row_rank - 1)))
        rows = rows * weights
        if combiner == "sum":
            return apply("SegmentSum", rows, segments, name=scope)
        rows = apply("SegmentSum", rows, segments)
        if combiner == "mean":
            return math_ops.divide(rows, apply("SegmentSum", weights, segments), name=scope)
        total = apply("SegmentSum", math_ops.pow(weights, 2), segments)
        return math_ops.divide(rows, math_ops.sqrt(total), name=scope)


def _sparse(value, name):
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError(
            "%s must be %sSparseTensor" % (name, "either None or " if name == "sp_weights" else "")
        )
    return value


def safe_embedding_lookup_sparse(
    embedding_weights,
    sparse_ids,
    sparse_weights=None,
    combiner="mean",
    default_id=None,
    name=None,
    partition_strategy="div",
    max_norm=None,
):
    """`embedding_lookup_sparse` for ids of any rank, with empty rows and invalid ids.

    Args:
      embedding_weights: a table, a list of tables, or a partitioned variable.
      sparse_ids: int64 SparseTensor [d0, ..., dn]; negative ids and ids of weight 0 or less are
        left out.
      sparse_weights: SparseTensor of the same shape, or None.
      combiner: "mean", "sqrtn" or "sum".
      default_id: the id of rows without one; None: they become zeros.
      name: prefix of the nodes.
      partition_strategy: "div" or "mod".
      max_norm: as in `embedding_lookup_sparse`.

    Returns:
      A dense tensor [d0, ..., dn-1, e...].

    Raises:
      ValueError: if there is no table.
    """
    if embedding_weights is None:
        raise ValueError("Missing embedding_weights %s." % embedding_weights)
    split = getattr(embedding_weights, "_get_variable_list", None)
    if split is not None:
        embedding_weights = list(split())
    if not isinstance(embedding_weights, (list, tuple)):
        embedding_weights = [embedding_weights]
    embedding_weights = list(embedding_weights)
    if not embedding_weights:
        raise ValueError("Missing embedding_weights %s." % embedding_weights)
    dtype = sparse_weights.dtype if sparse_weights is not None else None
    embedding_weights = [
        w if hasattr(w, "_as_graph_element") or isinstance(w, ops.Tensor)
        else ops.convert_to_tensor(w, dtype=dtype)
        for w in embedding_weights
    ]  # fmt: skip
    with ops.name_scope(name, "embedding_lookup", embedding_weights + [sparse_ids, sparse_weights]
                        ) as scope:  # fmt: skip
        original_shape = sparse_ids.dense_shape
        static_rank = sparse_ids.dense_shape.shape[0].value
        rank = array_ops.size(original_shape) if static_rank is None else static_rank
        flat_shape = array_ops.stack(
            [
                apply("Prod", array_ops.slice(original_shape, [0], [rank - 1]), [0]),
                array_ops.gather(original_shape, rank - 1),
            ]
        )
        sparse_ids = sparse_ops.sparse_reshape(sparse_ids, flat_shape)
        if sparse_weights is not None:
            sparse_weights = SparseTensor(
                sparse_ids.indices, sparse_weights.values, sparse_ids.dense_shape
            )
        sparse_ids, sparse_weights = _without_invalid(sparse_ids, sparse_weights, combiner)
        sparse_ids, empty = sparse_ops.sparse_fill_empty_rows(sparse_ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights, _ = sparse_ops.sparse_fill_empty_rows(sparse_weights, 1.0)
        result = embedding_lookup_sparse(
            embedding_weights, sparse_ids, sparse_weights, combiner=combiner,
            partition_strategy=partition_strategy, max_norm=max_norm,
            name=None if default_id is None else scope,
        )  # fmt: skip
        if default_id is None:
            # Rows without ids become zeros.
            empty = array_ops.tile(
                array_ops.reshape(empty, [-1, 1]), array_ops.stack([1, array_ops.shape(result)[1]])
            )
            result = array_ops.where(empty, array_ops.zeros_like(result), result, name=scope)
        final = array_ops.reshape(
            result,
            array_ops.concat(
                [
                    array_ops.slice(math_ops.cast(original_shape, dtypes.int32), [0], [rank - 1]),
                    array_ops.slice(array_ops.shape(result), [1], [-1]),
                ],
                0,
            ),
        )
        from caudal.framework import tensor_util

        head = tensor_util.constant_value_as_shape(original_shape)
        if static_rank is not None:
            head = head.with_rank(static_rank)[: static_rank - 1]
            final.set_shape(head.concatenate(result.shape[1:]))
        return final


def _without_invalid(sparse_ids, sparse_weights, combiner):
    valid = math_ops.greater_equal(sparse_ids.values, 0)
    # A sum lets weights of 0 and less take part.
    if sparse_weights is not None and combiner != "sum":
        valid = math_ops.logical_and(valid, math_ops.greater(sparse_weights.values, 0))
    ids = sparse_ops.sparse_retain(sparse_ids, valid)
    if sparse_weights is not None:
        sparse_weights = sparse_ops.sparse_retain(sparse_weights, valid)
    return ids, sparse_weights
