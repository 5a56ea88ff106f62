# SPDX-License-Identifier: Apache-2.0
"""Vectors for ids: sequences, bags of words, lookups without repeated rows."""

from caudal.contrib.framework import variables
from caudal.framework import dtypes, ops
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, embedding_ops, embedding_sparse, math_ops, variable_scope
from caudal.platform import tf_logging

__all__ = [
    "bow_encoder",
    "embed_sequence",
    "embedding_lookup_unique",
    "safe_embedding_lookup_sparse",
]


def safe_embedding_lookup_sparse(embedding_weights, sparse_ids, sparse_weights=None, combiner=None,
                                 default_id=None, name=None, partition_strategy="div",
                                 max_norm=None):  # fmt: skip
    """Combined vectors of the ids in each row; rows without ids and negative ids do not hurt.

    Args:
      embedding_weights: Tensor, Variable or list of them: the vectors.
      sparse_ids: SparseTensor of int64 ids of rank 2 or more.
      sparse_weights: SparseTensor of weights, or None: all 1.
      combiner: "mean" (default), "sum" or "sqrtn".
      default_id: id for rows without ids; None: a vector of zeros.
      name: of the operations.
      partition_strategy: "div" or "mod".
      max_norm: the vectors are clipped to this length.
    """
    if combiner is None:
        tf_logging.warning('The default value of combiner will change from "mean" to "sqrtn".')
        combiner = "mean"
    return embedding_sparse.safe_embedding_lookup_sparse(
        embedding_weights,
        sparse_ids,
        sparse_weights=sparse_weights,
        combiner=combiner,
        default_id=default_id,
        name=name or "embedding_lookup",
        partition_strategy=partition_strategy,
        max_norm=max_norm,
    )


def embedding_lookup_unique(params, ids, partition_strategy="mod", name=None):
    """`tf.nn.embedding_lookup` that looks up each id once.

    Args:
      params: Tensor, Variable or list of them: the vectors.
      ids: Tensor of int32 or int64.
      partition_strategy: "mod" or "div".
      name: of the operations.
    """
    with ops.name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = ops.convert_to_tensor(ids)
        shape = array_ops.shape(ids)
        flat = array_ops.reshape(ids, math_ops.reduce_prod(shape, keepdims=True))
        unique_ids, places = array_ops.unique(flat)
        rows = embedding_ops.embedding_lookup(params, unique_ids, partition_strategy)
        result = array_ops.gather(rows, places)
        full = array_ops.concat([shape, array_ops.shape(rows)[1:]], 0)
        result = array_ops.reshape(result, full)
        if ids.get_shape().ndims is not None:
            result.set_shape(ids.get_shape().concatenate(rows.get_shape()[1:]))
        return result


def _embeddings(vocab_size, embed_dim, initializer, regularizer, trainable):
    shape = [vocab_size, embed_dim] if vocab_size and embed_dim else None
    return variables.model_variable(
        "embeddings",
        shape=shape,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
    )


def bow_encoder(ids, vocab_size, embed_dim, sparse_lookup=True, initializer=None,
                regularizer=None, trainable=True, scope=None, reuse=None):  # fmt: skip
    """The mean of the vectors of each row's ids.

    Args:
      ids: Tensor [batch, length] of int32 or int64, or a SparseTensor.
      vocab_size: number of vectors.
      embed_dim: length of the vectors.
      sparse_lookup: True leaves out ids of -1; False needs a Tensor.
      initializer, regularizer, trainable: of the variable "embeddings".
      scope: variable scope; default: "bow_encoder".
      reuse: whether the variable must exist.
    """
    with variable_scope.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = _embeddings(vocab_size, embed_dim, initializer, regularizer, trainable)
        if sparse_lookup:
            sparse_ids = ids if isinstance(ids, SparseTensor) else _without_gaps(ids)
            return safe_embedding_lookup_sparse(
                [embeddings], sparse_ids, combiner="mean", name="embedding_lookup"
            )
        if isinstance(ids, SparseTensor):
            raise TypeError("ids are expected to be dense Tensor, got: %s" % ids)
        return math_ops.reduce_mean(embedding_ops.embedding_lookup(embeddings, ids), axis=1)


def _without_gaps(ids):
    """A SparseTensor of the ids that are not -1."""
    with ops.name_scope("DenseToSparseTensor"):
        ids = ops.convert_to_tensor(ids)
        gap = math_ops.cast(-1, ids.dtype, name="ignore_value")
        indices = array_ops.where(math_ops.not_equal(ids, gap), name="indices")
        return SparseTensor(
            indices,
            array_ops.gather_nd(ids, indices, name="values"),
            array_ops.shape(ids, out_type=dtypes.int64, name="dense_shape"),
        )


def embed_sequence(ids, vocab_size=None, embed_dim=None, unique=False, initializer=None,
                   regularizer=None, trainable=True, scope=None, reuse=None):  # fmt: skip
    """The vectors of a sequence of ids.

    Args:
      ids: Tensor [batch, length] of int32 or int64.
      vocab_size: number of vectors.
      embed_dim: length of the vectors.
      unique: whether each id is looked up once only.
      initializer, regularizer, trainable: of the variable "embeddings".
      scope: variable scope; default: "EmbedSequence".
      reuse: whether the variable must exist.

    Returns:
      A Tensor [batch, length, embed_dim].

    Raises:
      ValueError: if sizes are missing.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got vocab_size=%s "
            "and embed_dim=%s" % (vocab_size, embed_dim)
        )
    with variable_scope.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        embeddings = _embeddings(vocab_size, embed_dim, initializer, regularizer, trainable)
        if unique:
            return embedding_lookup_unique(embeddings, ids)
        return embedding_ops.embedding_lookup(embeddings, ids)
