# SPDX-License-Identifier: Apache-2.0
"""Ops on sparse tensors that move, join and convert them. Arithmetic is in sparse_math_ops."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor, SparseTensorValue, is_sparse
from caudal.ops import array_ops, check_ops, math_ops


def as_sparse(value, name="sp_input"):
    """A SparseTensor from one or from a SparseTensorValue; TypeError for anything else."""
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def parts(sp):
    """indices, values and dense shape, as ops take them."""
    return sp.indices, sp.values, sp.dense_shape


def sparse_placeholder(dtype, shape=None, name=None):
    """A sparse tensor that must be fed with a SparseTensorValue or its three parts.

    Args:
      dtype: of the values.
      shape: the dense shape if it is known; dimensions may be None.
      name: prefix of the nodes.
    """
    shape_name = None if name is None else name + "/shape"
    indices_name = None if name is None else name + "/indices"
    if shape is None:
        rank = None
        dense_shape = array_ops.placeholder(dtypes.int64, shape=[rank], name=shape_name)
    elif isinstance(shape, ops.Tensor):
        rank = shape.shape[0].value
        dense_shape = shape
    else:
        dims = tuple(tensor_shape.dimension_value(d) for d in tensor_shape.TensorShape(shape))
        rank = len(dims)
        # An unknown dimension is -1 in the default, which a feed replaces.
        default = np.array([-1 if d is None else d for d in dims], np.int64)
        if None in dims:
            dense_shape = array_ops.placeholder_with_default(default, [rank], name=shape_name)
        else:
            dense_shape = ops.convert_to_tensor(default, name=shape_name)
    return SparseTensor(
        values=array_ops.placeholder(
            dtype, shape=[None], name=None if name is None else name + "/values"
        ),
        indices=array_ops.placeholder(dtypes.int64, shape=[None, rank], name=indices_name),
        dense_shape=dense_shape,
    )


def sparse_eye(num_rows, num_columns=None, dtype=dtypes.float32, name=None):
    """A sparse matrix with ones on its diagonal."""
    with ops.name_scope(name, "eye", [num_rows, num_columns]):
        num_rows = _int64(num_rows)
        num_columns = num_rows if num_columns is None else _int64(num_columns)
        size = math_ops.minimum(num_rows, num_columns)
        diagonal = array_ops.range(size, dtype=dtypes.int64)
        return SparseTensor(
            indices=array_ops.stack([diagonal, diagonal], axis=1),
            values=array_ops.ones([size], dtype=dtype),
            dense_shape=array_ops.stack([num_rows, num_columns]),
        )


def _int64(value):
    return math_ops.cast(ops.convert_to_tensor(value), dtypes.int64)


def from_dense(tensor, name=None):
    """The elements of a dense tensor that are not zero, as a sparse tensor."""
    with ops.name_scope(name, "dense_to_sparse"):
        tensor = ops.convert_to_tensor(tensor)
        zero = {dtypes.string: "", dtypes.bool: False}.get(tensor.dtype.base_dtype, 0)
        zero = ops.convert_to_tensor([zero], dtype=tensor.dtype.base_dtype)
        indices = array_ops.where(math_ops.not_equal(tensor, zero))
        return SparseTensor(
            indices=indices,
            values=array_ops.gather_nd(tensor, indices),
            dense_shape=array_ops.shape(tensor, out_type=dtypes.int64),
        )


def sparse_expand_dims(sp_input, axis=None, name=None):
    """Inserts a dimension of size 1 at `axis`, by default at the end."""
    sp_input = as_sparse(sp_input)
    rank = sp_input.dense_shape.shape[0].value
    axis = -1 if axis is None else axis
    with ops.name_scope(name, default_name="expand_dims", values=[sp_input]):
        if isinstance(axis, int) or rank is None:
            axis_tensor = ops.convert_to_tensor(axis)
        else:
            axis_tensor = axis
        size = array_ops.size(sp_input.dense_shape)
        at = array_ops.where(axis_tensor < 0, axis_tensor + size + 1, axis_tensor)
        known = tensor_util.constant_value(at)
        at = at if known is None else int(known)
        rows = array_ops.shape(sp_input.indices)[0]
        indices = array_ops.concat(
            [
                sp_input.indices[:, :at],
                array_ops.zeros([rows, 1], dtypes.int64),
                sp_input.indices[:, at:],
            ],
            axis=1,
        )
        shape = array_ops.concat(
            [sp_input.dense_shape[:at], [np.int64(1)], sp_input.dense_shape[at:]], axis=0
        )
        if rank is not None:
            indices.set_shape([None, rank + 1])
            shape.set_shape([rank + 1])
        return SparseTensor(indices=indices, values=sp_input.values, dense_shape=shape)


def sparse_concat(
    axis,
    sp_inputs,
    name=None,
    expand_nonconcat_dim=False,
    concat_dim=None,
    expand_nonconcat_dims=None,
):
    """Sparse tensors one after the other along an axis. Op: SparseConcat.

    Args:
      axis: an int in [-rank, rank).
      sp_inputs: list of SparseTensor of one dtype and rank.
      name: name of the node.
      expand_nonconcat_dim: let other dimensions differ; the result has the largest.
      concat_dim, expand_nonconcat_dims: old names.
    """
    if expand_nonconcat_dims is not None:
        expand_nonconcat_dim = expand_nonconcat_dims
    axis = math_ops.deprecated_argument_lookup("axis", axis, "concat_dim", concat_dim)
    sp_inputs = _as_sparse_list(sp_inputs)
    if len(sp_inputs) == 1:
        return sp_inputs[0]
    shapes = [sp.dense_shape for sp in sp_inputs]
    if expand_nonconcat_dim:
        largest = apply("Max", array_ops.stack(shapes), 0)
        rank = sp_inputs[0].dense_shape.shape[0].value
        if rank is None:
            raise ValueError("expand_nonconcat_dim needs inputs of known rank")
        at = axis % rank
        shapes = [
            array_ops.concat([largest[:at], s[at : at + 1], largest[at + 1 :]], 0) for s in shapes
        ]
    out = apply(
        "SparseConcat",
        [sp.indices for sp in sp_inputs],
        [sp.values for sp in sp_inputs],
        shapes,
        concat_dim=axis,
        name=name,
    )
    shape = [s.shape.with_rank(1)[0].value for s in shapes]
    result = SparseTensor(*out)
    for rank in shape:
        if rank is not None:
            result.dense_shape.set_shape([rank])
    return result


def _as_sparse_list(inputs):
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    if not all(is_sparse(i) for i in inputs):
        raise TypeError("All inputs must be SparseTensors")
    return [as_sparse(i) for i in inputs]


def sparse_split(
    keyword_required=None, sp_input=None, num_split=None, axis=None, name=None, split_dim=None
):
    """Cuts a sparse tensor into `num_split` of about equal length along `axis`. Op: SparseSplit.

    All arguments must be given by name.
    """
    if keyword_required is not None:
        raise ValueError("Keyword arguments are required for this function.")
    if sp_input is None:
        raise ValueError("sp_input is required")
    if num_split is None:
        raise ValueError("num_split is required")
    if axis is None and split_dim is None:
        raise ValueError("axis is required")
    axis = math_ops.deprecated_argument_lookup("axis", axis, "split_dim", split_dim)
    sp_input = as_sparse(sp_input)
    indices, values, shapes = apply(
        "SparseSplit", axis, *parts(sp_input), num_split=num_split, name=name
    )
    return [SparseTensor(*triple) for triple in zip(indices, values, shapes)]


def sparse_split_v2(sp_input=None, num_split=None, axis=None, name=None):
    """`sparse_split` with the arguments in the order of TensorFlow 2."""
    return sparse_split(sp_input=sp_input, num_split=num_split, axis=axis, name=name)


def sparse_slice(sp_input, start, size, name=None):
    """The part of a sparse tensor from `start` on, of `size` in each dimension. Op: SparseSlice."""
    sp_input = as_sparse(sp_input)
    start = ops.convert_to_tensor(start, dtypes.int64)
    size = ops.convert_to_tensor(size, dtypes.int64)
    with ops.name_scope(name, "SparseSlice", [sp_input]) as scope:
        return SparseTensor(*apply("SparseSlice", *parts(sp_input), start, size, name=scope))


def sparse_to_dense(
    sparse_indices,
    output_shape,
    sparse_values,
    default_value=0,
    validate_indices=True,
    name=None,
):
    """A dense tensor with values at given places and a default elsewhere. Op: SparseToDense.

    Args:
      sparse_indices: int32 or int64; a scalar, [n] or [n, rank].
      output_shape: [rank], same dtype.
      sparse_values: [n] or a scalar.
      default_value: a scalar.
      validate_indices: require them in order and without repetition.
      name: name of the node.
    """
    return apply(
        "SparseToDense", sparse_indices, output_shape, sparse_values, default_value,
        validate_indices=validate_indices, name=name,
    )  # fmt: skip


def sparse_tensor_to_dense(sp_input, default_value=None, validate_indices=True, name=None):
    """The dense tensor, with `default_value` where the sparse one has no element."""
    sp_input = as_sparse(sp_input)
    if default_value is None:
        default_value = array_ops.zeros([], dtype=sp_input.dtype)
    return sparse_to_dense(
        sp_input.indices, sp_input.dense_shape, sp_input.values, default_value,
        validate_indices, name,
    )  # fmt: skip


def sparse_to_indicator(sp_input, vocab_size, name=None):
    """A bool tensor that is True at the ids which the last dimension of the input holds.

    Args:
      sp_input: int32 or int64 ids in [0, vocab_size).
      vocab_size: size of the last dimension of the result.
      name: prefix of the nodes.
    """
    sp_input = as_sparse(sp_input)
    with ops.name_scope(name, "SparseToIndicator", [sp_input]) as scope:
        ones = array_ops.fill(array_ops.shape(sp_input.values), True)
        merged = sparse_merge(
            sp_input, SparseTensor(sp_input.indices, ones, sp_input.dense_shape), vocab_size
        )
        return sparse_tensor_to_dense(
            merged, default_value=False, validate_indices=False, name=scope
        )


def sparse_merge(sp_ids, sp_values, vocab_size, name=None, already_sorted=False):
    """Makes ids (one sparse tensor, or a list) the last dimensions of the indices of values.

    Args:
      sp_ids: SparseTensor of int32 or int64, or a list of them.
      sp_values: SparseTensor with the same indices.
      vocab_size: number of ids, or a list.
      name: prefix of the nodes.
      already_sorted: True when the result needs no reordering.
    """
    sp_ids_list = [sp_ids] if is_sparse(sp_ids) else sp_ids
    vocab_sizes = vocab_size if not is_sparse(sp_ids) else [vocab_size]
    if not isinstance(sp_ids_list, (list, tuple)):
        raise TypeError("sp_ids has to be a SparseTensor or list thereof. Found %s" % type(sp_ids))
    if not isinstance(vocab_sizes, (list, tuple)):
        raise TypeError("vocab_size has to be a list of Tensors or Python ints. Found %s"
                        % type(vocab_size))  # fmt: skip
    for sp in sp_ids_list:
        if not is_sparse(sp):
            raise TypeError("sp_ids has to be a SparseTensor or list thereof. Found %s" % type(sp))
    for size in vocab_sizes:
        if not (isinstance(size, (int, np.integer, ops.Tensor)) or ops.is_dense_tensor_like(size)):
            raise TypeError("vocab_size has to be a list of Tensors or Python ints. Found %s"
                            % type(size))  # fmt: skip
    if len(sp_ids_list) != len(vocab_sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    sp_ids_list = [as_sparse(sp) for sp in sp_ids_list]
    sp_values = as_sparse(sp_values)
    with ops.name_scope(name, "SparseMerge", [sp_ids_list, sp_values]):
        columns = []
        for sp in sp_ids_list:
            ids = sp.values if sp.dtype == dtypes.int64 else math_ops.cast(sp.values, dtypes.int64)
            columns.append(array_ops.expand_dims(ids, axis=1))
        sizes = [math_ops.cast(ops.convert_to_tensor(s), dtypes.int64) for s in vocab_sizes]
        head = sp_ids_list[0]
        indices = array_ops.concat([head.indices[:, :-1]] + columns, axis=1)
        shape = array_ops.concat([head.dense_shape[:-1], array_ops.stack(sizes)], axis=0)
        merged = SparseTensor(indices, sp_values.values, shape)
        if already_sorted:
            return merged
        in_order = sparse_reorder(merged)
        # Where ids repeat, the order of their values is left as it came.
        return SparseTensor(in_order.indices, in_order.values, in_order.dense_shape)


def sparse_retain(sp_input, to_retain):
    """Only the elements whose entry of the bool vector `to_retain` is True."""
    sp_input = as_sparse(sp_input)
    to_retain = ops.convert_to_tensor(to_retain)
    retain_shape = to_retain.shape
    retain_shape.assert_has_rank(1)
    if sp_input.values.shape.rank is not None:
        sp_input.values.shape[0].merge_with(retain_shape[0])
    where_true = array_ops.reshape(array_ops.where(to_retain), [-1])
    return SparseTensor(
        array_ops.gather(sp_input.indices, where_true),
        array_ops.gather(sp_input.values, where_true),
        array_ops.identity(sp_input.dense_shape),
    )


def sparse_mask(a, mask_indices, name=None):
    """IndexedSlices without the slices whose indices are among `mask_indices`."""
    with ops.name_scope(name, "sparse_mask", [a, mask_indices]):
        kept, at = array_ops.setdiff1d(a.indices, mask_indices)
        values = array_ops.gather(a.values, at, name=name)
        return ops.IndexedSlices(values, kept, a.dense_shape)


def sparse_reset_shape(sp_input, new_shape=None):
    """The same elements in another dense shape: the tightest, or `new_shape`, which must hold it.

    Raises:
      TypeError: if the input is no SparseTensor.
      ValueError: if the new shape is known to be too small or of another rank.
    """
    sp_input = as_sparse(sp_input)
    indices = array_ops.identity(sp_input.indices)
    values = array_ops.identity(sp_input.values)
    old_shape = array_ops.identity(sp_input.dense_shape)
    if new_shape is None:
        # The largest index of an empty tensor is taken as -1.
        largest = apply(
            "Max",
            array_ops.concat(
                [sp_input.indices, -array_ops.ones_like(array_ops.expand_dims(old_shape, 0))], 0
            ),
            0,
        )
        shape = largest + 1
        shape.set_shape(sp_input.dense_shape.shape)
        return SparseTensor(indices, values, shape)
    wanted = ops.convert_to_tensor(new_shape, dtype=dtypes.int64)
    wanted.shape.assert_has_rank(1)
    wanted.shape.assert_is_compatible_with(sp_input.dense_shape.shape)
    wanted_static = tensor_util.constant_value(wanted)
    old_static = tensor_util.constant_value(sp_input.dense_shape)
    if wanted_static is not None and old_static is not None:
        if len(wanted_static) == len(old_static) and (wanted_static < old_static).any():
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape.  Found "
                "new_shape (%s), sp_input.shape (%s)."
                % (wanted_static.tolist(), old_static.tolist())
            )
        return SparseTensor(indices, values, wanted)
    with ops.control_dependencies(
        [check_ops.assert_equal(array_ops.shape(old_shape), array_ops.shape(wanted))]
    ):
        wanted = array_ops.identity(wanted)
    with ops.control_dependencies([check_ops.assert_less_equal(old_shape, wanted)]):
        return SparseTensor(indices, values, array_ops.identity(wanted))


def sparse_fill_empty_rows(sp_input, default_value, name=None):
    """Gives every row without element one with the default value at [row, 0, ...].

    Op: SparseFillEmptyRows.

    Returns:
      (SparseTensor, bool vector that tells which rows were empty).
    """
    sp_input = as_sparse(sp_input)
    with ops.name_scope(name, "SparseFillEmptyRows", [sp_input]):
        default_value = ops.convert_to_tensor(default_value, dtype=sp_input.values.dtype)
        indices, values, empty, _ = apply("SparseFillEmptyRows", *parts(sp_input), default_value)
        return SparseTensor(indices, values, sp_input.dense_shape), empty


def sparse_reorder(sp_input, name=None):
    """The same elements in row-major order of their indices. Op: SparseReorder."""
    sp_input = as_sparse(sp_input)
    indices, values = apply("SparseReorder", *parts(sp_input), name=name)
    if sp_input.shape.is_fully_defined():
        dense_shape = ops.convert_to_tensor(sp_input.shape.as_list(), dtype=dtypes.int64)
    else:
        dense_shape = array_ops.identity(sp_input.dense_shape)
    return SparseTensor(indices, values, dense_shape)


def sparse_reshape(sp_input, shape, name=None):
    """The elements under another dense shape of equal size; one -1 is inferred. Op: SparseReshape.

    Raises:
      ValueError: if sizes that are known do not agree, or there are several -1.
    """
    sp_input = as_sparse(sp_input)
    shape = math_ops.cast(ops.convert_to_tensor(shape), dtypes.int64)
    with ops.name_scope(name, "SparseReshape", [sp_input]) as scope:
        indices, dense_shape = apply(
            "SparseReshape", sp_input.indices, sp_input.dense_shape, shape, name=scope
        )
        wanted = tensor_util.constant_value_as_shape(shape)
        if wanted.rank is not None:
            static = tensor_util.constant_value(shape)
            sizes = wanted.as_list()
            if static is not None and list(static).count(-1) > 1:
                raise ValueError("At most one dimension can be inferred (-1). Found: %s"
                                 % static.tolist())  # fmt: skip
            total = sp_input.shape.num_elements()
            if total is not None and sizes.count(None) == 1 and static is not None:
                known = int(np.prod([s for s in sizes if s is not None], dtype=np.int64))
                if known and total % known:
                    raise ValueError(
                        "Cannot reshape a tensor with %d elements to shape %s (%d elements)."
                        % (total, sizes, known)
                    )
                if known:
                    sizes[sizes.index(None)] = total // known
                    dense_shape = array_ops.constant(sizes, dtype=dtypes.int64)
            elif None not in sizes:
                if total is not None and total != int(np.prod(sizes, dtype=np.int64)):
                    raise ValueError(
                        "Cannot reshape a tensor with %d elements to shape %s (%d elements)."
                        % (total, sizes, int(np.prod(sizes, dtype=np.int64)))
                    )
                dense_shape = array_ops.constant(sizes, dtype=dtypes.int64, shape=[len(sizes)])
        return SparseTensor(indices, array_ops.identity(sp_input.values), dense_shape)


def sparse_transpose(sp_input, perm=None, name=None):
    """Permutes the dimensions; by default reverses them."""
    with ops.name_scope(name, "SparseTranspose", [sp_input]):
        sp_input = as_sparse(sp_input)
        if perm is None:
            if sp_input.shape.rank is not None:
                perm = list(range(sp_input.shape.rank))[::-1]
            else:
                rank = array_ops.size(sp_input.dense_shape)
                perm = (rank - 1) - array_ops.range(0, rank, 1)
        indices = array_ops.gather(sp_input.indices, perm, axis=1)
        dense_shape = array_ops.gather(sp_input.dense_shape, perm)
        known = tensor_util.constant_value(ops.convert_to_tensor(perm, dtype=dtypes.int32))
        if known is not None and sp_input.shape.is_fully_defined():
            sizes = sp_input.shape.as_list()
            dense_shape = array_ops.constant([sizes[i] for i in known], dtype=dtypes.int64)
        return sparse_reorder(SparseTensor(indices, sp_input.values, dense_shape))


def map_values(op, *args, **kwargs):
    """Applies `op` to the values of sparse tensors among the arguments, which share indices."""
    sparse = [a for a in list(args) + list(kwargs.values()) if isinstance(a, SparseTensor)]
    if not sparse:
        raise ValueError("No SparseTensor in argument list of map_values")
    inner = [a.values if isinstance(a, SparseTensor) else a for a in args]
    inner_kw = {k: a.values if isinstance(a, SparseTensor) else a for k, a in kwargs.items()}
    checks = []
    for other in sparse[1:]:
        checks.append(
            check_ops.assert_equal(
                sparse[0].indices, other.indices, message="Mismatched indices of SparseTensors"
            )
        )
    with ops.control_dependencies(checks):
        return SparseTensor(sparse[0].indices, op(*inner, **inner_kw), sparse[0].dense_shape)


# -- Serialised and kept ---------------------------------------------------------------------------


def serialize_sparse(sp_input, name=None, out_type=dtypes.string):
    """The three parts as serialised tensors: a vector of 3 strings. Op: SerializeSparse."""
    return apply("SerializeSparse", *parts(as_sparse(sp_input)), out_type=out_type, name=name)


def serialize_many_sparse(sp_input, name=None, out_type=dtypes.string):
    """Serialises each row of a sparse tensor: [rows, 3] strings. Op: SerializeManySparse."""
    return apply("SerializeManySparse", *parts(as_sparse(sp_input)), out_type=out_type, name=name)


def deserialize_sparse(serialized_sparse, dtype, rank=None, name=None):
    """Sparse tensors from serialised ones, stacked. Op: DeserializeSparse."""
    return _restored(apply("DeserializeSparse", serialized_sparse, dtype=dtype, name=name), rank)


def deserialize_many_sparse(serialized_sparse, dtype, rank=None, name=None):
    """One sparse tensor from a minibatch of serialised ones. Op: DeserializeManySparse.

    Args:
      serialized_sparse: string [n, 3].
      dtype: of the values.
      rank: rank of the serialised tensors, if known.
      name: name of the node.
    """
    out = apply("DeserializeManySparse", serialized_sparse, dtype=dtype, name=name)
    return _restored(out, rank)


def _restored(out, rank):
    indices, values, shape = out
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)


def add_sparse_to_tensors_map(sp_input, container=None, shared_name=None, name=None):
    """Puts a sparse tensor into a map of the session; returns its int64 handle."""
    return apply(
        "AddSparseToTensorsMap", *parts(as_sparse(sp_input)), container=container or "",
        shared_name=shared_name or "", name=name,
    )  # fmt: skip


def add_many_sparse_to_tensors_map(sp_input, container=None, shared_name=None, name=None):
    """Puts each row of a sparse tensor into a map of the session; returns their handles."""
    return apply(
        "AddManySparseToTensorsMap", *parts(as_sparse(sp_input)), container=container or "",
        shared_name=shared_name or "", name=name,
    )  # fmt: skip


def take_many_sparse_from_tensors_map(sparse_map_op, sparse_handles, rank=None, name=None):
    """Takes sparse tensors out of the map of `sparse_map_op`, stacked to a minibatch."""
    if not isinstance(sparse_map_op, ops.Operation):
        raise TypeError("sparse_map_op be an Operation")
    if sparse_map_op.type not in ("AddSparseToTensorsMap", "AddManySparseToTensorsMap"):
        raise TypeError(
            "sparse_map_op must be one of AddSparseToTensorsMap or AddSparseToTensorsMap. "
            "Instead, found `%s`." % sparse_map_op.type
        )
    with ops.colocate_with(sparse_map_op):
        shared_name = sparse_map_op.get_attr("shared_name")
        if isinstance(shared_name, bytes):
            shared_name = shared_name.decode()
        container = sparse_map_op.get_attr("container")
        out = apply(
            "TakeManySparseFromTensorsMap", sparse_handles, dtype=sparse_map_op.get_attr("T"),
            container=container.decode() if isinstance(container, bytes) else container,
            shared_name=shared_name or sparse_map_op.name, name=name,
        )  # fmt: skip
    return _restored(out, rank)


# -- Crosses ---------------------------------------------------------------------------------------

_DEFAULT_HASH_KEY = 0xDECAFCAFFE


def sparse_cross(inputs, name=None):
    """Joins every combination of the features of columns, row by row: "a_X_b". Op: SparseCross.

    Args:
      inputs: list of sparse or dense rank-2 tensors of strings or integers.
      name: name of the node.
    """
    return _cross(inputs, False, 0, None, name)


def sparse_cross_hashed(inputs, num_buckets=0, hash_key=None, name=None):
    """Crosses as int64 hashes, below `num_buckets` unless that is 0. Op: SparseCross."""
    return _cross(inputs, True, num_buckets, hash_key, name)


def _cross(inputs, hashed, num_buckets, hash_key, name):
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    if not all(is_sparse(i) or isinstance(i, ops.Tensor) for i in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [as_sparse(i) for i in inputs if is_sparse(i)]
    dense = [i for i in inputs if not is_sparse(i)]
    out_type = dtypes.int64 if hashed else dtypes.string
    internal = dtypes.string
    if hashed:
        internal = dtypes.int64
    sparse_values = [_feature(s.values) for s in sparse]
    dense = [_feature(d) for d in dense]
    out = apply(
        "SparseCross",
        [s.indices for s in sparse],
        sparse_values,
        [s.dense_shape for s in sparse],
        dense,
        hashed_output=hashed,
        num_buckets=num_buckets,
        hash_key=hash_key or _DEFAULT_HASH_KEY,
        out_type=out_type,
        internal_type=internal,
        name=name,
    )
    return SparseTensor(*out)


def _feature(tensor):
    if tensor.dtype == dtypes.string or tensor.dtype == dtypes.int64:
        return tensor
    return math_ops.cast(tensor, dtypes.int64)
