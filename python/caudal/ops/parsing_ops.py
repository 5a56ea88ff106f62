# SPDX-License-Identifier: Apache-2.0
"""Bytes and text to tensors: raw numbers, CSV, serialised tensors, Examples."""

import collections
import re

from caudal.framework import dtypes, ops, tensor_shape
from caudal.framework.op_factory import apply, public
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, sparse_ops

decode_compressed = public("DecodeCompressed")
decode_json_example = public("DecodeJSONExample")
parse_tensor = public("ParseTensor")
serialize_tensor = public("SerializeTensor")


def decode_raw(input_bytes=None, out_type=None, little_endian=True, name=None, bytes=None):  # noqa: A002
    """The bytes of each string as numbers, in one more dimension. Op: DecodeRaw.

    Args:
      input_bytes: string tensor; all of one length.
      out_type: dtype of the numbers.
      little_endian: order of their bytes.
      name: name of the node.
      bytes: old name of `input_bytes`.
    """
    if bytes is not None:
        if input_bytes is not None:
            raise ValueError("Cannot specify both 'bytes' and 'input_bytes'")
        input_bytes = bytes
    if out_type is None:
        raise ValueError("decode_raw() missing 1 positional argument: 'out_type'")
    return apply("DecodeRaw", input_bytes, out_type=out_type, little_endian=little_endian,
                 name=name)  # fmt: skip


def decode_raw_v2(input_bytes, out_type, little_endian=True, fixed_length=None, name=None):
    """`decode_raw` that cuts or pads strings to `fixed_length` bytes. Op: DecodePaddedRaw."""
    if fixed_length is None:
        return decode_raw(input_bytes, out_type, little_endian, name)
    return apply("DecodePaddedRaw", input_bytes, fixed_length, out_type=out_type,
                 little_endian=little_endian, name=name)  # fmt: skip


def decode_csv(records, record_defaults, field_delim=",", use_quote_delim=True, name=None,
               na_value="", select_cols=None):  # fmt: skip
    """The columns of CSV records, one tensor each. Op: DecodeCSV.

    Args:
      records: string tensor; each a line.
      record_defaults: per column a tensor, list or number with its dtype (float32, float64,
        int32, int64, string) and its value where it is empty; empty: the column is required.
      field_delim: one character.
      use_quote_delim: take double quotes as quoting.
      name: name of the node.
      na_value: text that counts as empty.
      select_cols: indices of the columns wanted, ascending; None: all.

    Raises:
      ValueError: for bad `select_cols` or `record_defaults`.
      InvalidArgumentError: when run, for malformed records.
    """
    if select_cols is not None:
        select_cols = list(select_cols)
        if any(a >= b for a, b in zip(select_cols, select_cols[1:])):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols and select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    return apply(
        "DecodeCSV", records, list(record_defaults), field_delim=field_delim,
        use_quote_delim=use_quote_delim, na_value=na_value, select_cols=select_cols or [],
        name=name,
    )  # fmt: skip


decode_csv_v2 = decode_csv


# -- Descriptions of features ----------------------------------------------------------------------


class VarLenFeature(collections.namedtuple("VarLenFeature", ["dtype"])):
    """A feature of any number of values; parsed to a SparseTensor."""

    __slots__ = ()


class SparseFeature(
    collections.namedtuple(
        "SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"]
    )
):
    """A sparse vector (or tensor) kept as one feature of indices per dimension and one of values.

    Args:
      index_key: name, or list of names, of the int64 features with the indices.
      value_key: name of the feature with the values.
      dtype: of the values.
      size: size, or list of sizes, of the dimensions.
      already_sorted: True if the indices are in order.
    """

    __slots__ = ()

    def __new__(cls, index_key, value_key, dtype, size, already_sorted=False):
        return super().__new__(cls, index_key, value_key, dtype, size, already_sorted)


class FixedLenFeature(
    collections.namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"])
):
    """A feature of a fixed shape; required unless there is a default."""

    __slots__ = ()

    def __new__(cls, shape, dtype, default_value=None):
        return super().__new__(cls, shape, dtype, default_value)


class FixedLenSequenceFeature(
    collections.namedtuple(
        "FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"]
    )
):
    """Any number of values of a fixed shape; in a batch padded to the longest."""

    __slots__ = ()

    def __new__(cls, shape, dtype, allow_missing=False, default_value=None):
        return super().__new__(cls, shape, dtype, allow_missing, default_value)


_KINDS = (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)


class _Raw:
    """Features sorted into what the ops take."""

    def __init__(self):
        self.sparse_keys, self.sparse_types = [], []
        self.dense_keys, self.dense_types, self.dense_shapes = [], [], []
        self.dense_defaults = {}

    def add_sparse(self, key, dtype):
        if key in self.sparse_keys:
            known = self.sparse_types[self.sparse_keys.index(key)]
            if known != dtype:
                raise ValueError(
                    "Conflicting type %s vs %s for feature %s." % (known, dtype.name, key)
                )
            return
        self.sparse_keys.append(key)
        self.sparse_types.append(dtype)

    def add_dense(self, key, feature, shape):
        self.dense_keys.append(key)
        self.dense_types.append(dtypes.as_dtype(feature.dtype))
        self.dense_shapes.append(shape)


def _collect(features, allowed):
    raw = _Raw()
    if not features:
        return raw
    for key in sorted(features):
        feature = features[key]
        if not isinstance(feature, allowed):
            raise ValueError(
                "Unsupported %s %s." % (type(feature).__name__, feature)
                if isinstance(feature, _KINDS)
                else "Invalid feature %s:%s." % (key, feature)
            )
        if isinstance(feature, VarLenFeature):
            if not feature.dtype:
                raise ValueError("Missing type for feature %s." % key)
            raw.add_sparse(key, dtypes.as_dtype(feature.dtype))
        elif isinstance(feature, SparseFeature):
            if not feature.index_key:
                raise ValueError("Missing index_key for SparseFeature %s." % (feature,))
            if not feature.value_key:
                raise ValueError("Missing value_key for SparseFeature %s." % (feature,))
            if not feature.dtype:
                raise ValueError("Missing type for feature %s." % key)
            index_keys = feature.index_key
            if isinstance(index_keys, str):
                index_keys = [index_keys]
            elif len(index_keys) > 1 and len(index_keys) != len(feature.size):
                raise ValueError("sp_ids and vocab_size have to have equal lengths.")
            for index_key in sorted(index_keys):
                raw.add_sparse(index_key, dtypes.int64)
            raw.add_sparse(feature.value_key, dtypes.as_dtype(feature.dtype))
        elif isinstance(feature, FixedLenFeature):
            if not feature.dtype:
                raise ValueError("Missing type for feature %s." % key)
            if feature.shape is None:
                raise ValueError("Missing shape for feature %s." % key)
            shape = tensor_shape.TensorShape(feature.shape)
            if shape.rank and shape[0].value is not None and not shape.is_fully_defined():
                raise ValueError(
                    "All dimensions of shape for feature %s need to be known but received %s."
                    % (key, shape.as_list())
                )
            if feature.shape and not shape.is_fully_defined():
                raise ValueError("First dimension of shape for feature %s unknown. Consider using "
                                 "FixedLenSequenceFeature." % key)  # fmt: skip
            raw.add_dense(key, feature, shape)
            if feature.default_value is not None:
                raw.dense_defaults[key] = feature.default_value
        else:
            if not feature.dtype:
                raise ValueError("Missing type for feature %s." % key)
            if feature.shape is None:
                raise ValueError("Missing shape for feature %s." % key)
            raw.add_dense(key, feature, tensor_shape.TensorShape(feature.shape))
            if feature.allow_missing:
                raw.dense_defaults[key] = None
            if feature.default_value is not None:
                raw.dense_defaults[key] = feature.default_value
    return raw


def _with_unknown_first(features):
    """FixedLenSequenceFeature with its first dimension unknown, as Examples keep them."""
    out = {}
    for key, feature in (features or {}).items():
        if isinstance(feature, FixedLenSequenceFeature):
            if not feature.allow_missing:
                raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to "
                                 "be True.")  # fmt: skip
            feature = FixedLenSequenceFeature(
                [None] + list(tensor_shape.TensorShape(feature.shape).as_list()),
                feature.dtype,
                feature.allow_missing,
                feature.default_value,
            )
        out[key] = feature
    return out


def _default_tensors(raw):
    """Default values as tensors; empty ones where a feature is required."""
    out = []
    for key, dtype, shape in zip(raw.dense_keys, raw.dense_types, raw.dense_shapes):
        value = raw.dense_defaults.get(key)
        variable = shape.rank is not None and shape.rank > 0 and shape[0].value is None
        if variable:
            # Padding of rows that are shorter than the longest.
            if value is None:
                value = "" if dtype == dtypes.string else 0
            value = ops.convert_to_tensor(value, dtype=dtype)
            value = array_ops.reshape(value, [])
        elif value is None:
            value = ops.convert_to_tensor([], dtype=dtype)
        elif not isinstance(value, ops.Tensor):
            name = "key_" + re.sub(r"[^A-Za-z0-9_.\-/]", "_", key)
            value = ops.convert_to_tensor(value, dtype=dtype, name=name)
            value = array_ops.reshape(value, shape)
        out.append(value)
    return out


def _check_apart(raw):
    """No name stands for a dense and a sparse feature."""
    both = set(raw.dense_keys) & set(raw.sparse_keys)
    if both:
        raise ValueError("Dense and sparse keys must not intersect; intersection: %s" % both)


def _by_name(raw, indices, values, shapes, dense):
    out = {
        key: SparseTensor(*triple)
        for key, triple in zip(raw.sparse_keys, zip(indices, values, shapes))
    }
    out.update(zip(raw.dense_keys, dense))
    return out


def _join_sparse_features(features, tensors):
    """Puts SparseFeatures together from the features of their indices and values."""
    tensors = dict(tensors)
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            if isinstance(feature.index_key, str):
                ids = tensors[feature.index_key]
            else:
                ids = [tensors[k] for k in feature.index_key]
            tensors[key] = sparse_ops.sparse_merge(
                ids, tensors[feature.value_key], vocab_size=feature.size,
                already_sorted=feature.already_sorted,
            )  # fmt: skip
    for key in set(tensors) - set(features):
        del tensors[key]
    return tensors


def parse_example(serialized, features, name=None, example_names=None):
    """Parses a batch of serialised Examples. Op: ParseExample.

    Args:
      serialized: string [n].
      features: dict from names to FixedLenFeature, FixedLenSequenceFeature, VarLenFeature or
        SparseFeature.
      name: prefix of the nodes.
      example_names: string [n], for error texts.

    Returns:
      A dict from names to Tensor or SparseTensor.

    Raises:
      ValueError: for a feature that is not complete.
      InvalidArgumentError: when run, for malformed Examples and missing features.
    """
    if not features:
        raise ValueError("Missing: features was %s." % features)
    features = _with_unknown_first(features)
    raw = _collect(features, _KINDS)
    _check_apart(raw)
    with ops.name_scope(name, "ParseExample", [serialized, example_names]):
        defaults = _default_tensors(raw)
        names = [] if example_names is None else example_names
        names = ops.convert_to_tensor(names, dtype=dtypes.string, name="names")
        out = apply(
            "ParseExample", serialized, names, raw.sparse_keys, raw.dense_keys, defaults,
            sparse_types=raw.sparse_types, dense_shapes=raw.dense_shapes, Tdense=raw.dense_types,
            Nsparse=len(raw.sparse_keys), Ndense=len(raw.dense_keys), name=name or "ParseExample",
        )  # fmt: skip
        return _join_sparse_features(features, _by_name(raw, *out))


def parse_example_v2(serialized, features, example_names=None, name=None):
    """`parse_example` with the arguments in the order of TensorFlow 2."""
    return parse_example(serialized, features, name, example_names)


def _parse_named(serialized, features, name):
    """One Example with a name, parsed as a batch of one."""
    name = ops.convert_to_tensor(name, dtype=dtypes.string, name="example_names")
    name.shape.assert_has_rank(0)
    parsed = parse_example(
        array_ops.expand_dims(serialized, 0), features, None, array_ops.expand_dims(name, 0)
    )
    for key, value in parsed.items():
        if isinstance(value, SparseTensor):
            parsed[key] = SparseTensor(value.indices[:, 1:], value.values, value.dense_shape[1:])
        else:
            parsed[key] = array_ops.squeeze(value, [0])
    return parsed


def parse_single_example(serialized, features, name=None, example_names=None):
    """Parses one serialised Example. Op: ParseSingleExample.

    Args:
      serialized: string scalar.
      features: as in `parse_example`.
      name: prefix of the nodes.
      example_names: string scalar for error texts; the op is ParseExample then.
    """
    if not features:
        raise ValueError("Missing features.")
    with ops.name_scope(name, "ParseSingleExample", [serialized, example_names]):
        serialized = ops.convert_to_tensor(serialized, dtype=dtypes.string, name="serialized")
        if serialized.shape.rank not in (None, 0):
            raise ValueError("Input serialized must be a scalar")
        if example_names is not None:
            return _parse_named(serialized, features, example_names)
        features = _with_unknown_first(features)
        raw = _collect(features, _KINDS)
        _check_apart(raw)
        out = apply(
            "ParseSingleExample", serialized, _default_tensors(raw),
            num_sparse=len(raw.sparse_keys), sparse_keys=raw.sparse_keys,
            sparse_types=raw.sparse_types, dense_keys=raw.dense_keys,
            dense_shapes=raw.dense_shapes, Tdense=raw.dense_types,
            name=name or "ParseSingleExample",
        )  # fmt: skip
        return _join_sparse_features(features, _by_name(raw, *out))


parse_single_example_v2_unoptimized = parse_single_example


def _sequence_features(context_features, sequence_features):
    context = _collect(context_features, (VarLenFeature, FixedLenFeature))
    lists = _collect(sequence_features, (VarLenFeature, FixedLenSequenceFeature))
    for key in lists.dense_keys:
        if lists.dense_defaults.get(key) is not None:
            raise ValueError("Value feature_list_dense_defaults[%s] must be None" % key)
    return context, lists


def parse_single_sequence_example(
    serialized, context_features=None, sequence_features=None, example_name=None, name=None
):
    """Parses one serialised SequenceExample. Op: ParseSingleSequenceExample.

    Args:
      serialized: string scalar.
      context_features: dict from names to FixedLenFeature or VarLenFeature.
      sequence_features: dict from names to FixedLenSequenceFeature or VarLenFeature.
      example_name: string scalar for error texts.
      name: prefix of the nodes.

    Returns:
      (dict of the context, dict of the sequences).
    """
    if not (context_features or sequence_features):
        raise ValueError("Missing features.")
    context, lists = _sequence_features(context_features, sequence_features)
    with ops.name_scope(name, "ParseSingleSequenceExample", [serialized, example_name]):
        missing = ops.convert_to_tensor(
            sorted(lists.dense_defaults),
            dtype=dtypes.string,
            name="feature_list_dense_missing_assumed_empty",
        )
        out = apply(
            "ParseSingleSequenceExample", serialized, missing, context.sparse_keys,
            context.dense_keys, lists.sparse_keys, lists.dense_keys, _default_tensors(context),
            "" if example_name is None else example_name,
            Ncontext_sparse=len(context.sparse_keys), Ncontext_dense=len(context.dense_keys),
            Nfeature_list_sparse=len(lists.sparse_keys), Nfeature_list_dense=len(lists.dense_keys),
            context_sparse_types=context.sparse_types, Tcontext_dense=context.dense_types,
            feature_list_dense_types=lists.dense_types, context_dense_shapes=context.dense_shapes,
            feature_list_sparse_types=lists.sparse_types,
            feature_list_dense_shapes=lists.dense_shapes, name=name or "ParseSingleSequenceExample",
        )  # fmt: skip
        return _by_name(context, *out[:4]), _by_name(lists, *out[4:8])


def parse_sequence_example(
    serialized, context_features=None, sequence_features=None, example_names=None, name=None
):
    """Parses a batch of serialised SequenceExamples. Op: ParseSequenceExample.

    Returns:
      (dict of the context, dict of the sequences, dict of the lengths of dense sequences).
    """
    if not (context_features or sequence_features):
        raise ValueError("Missing features.")
    context, lists = _sequence_features(context_features, sequence_features)
    with ops.name_scope(name, "ParseSequenceExample", [serialized, example_names]):
        names = [] if example_names is None else example_names
        names = ops.convert_to_tensor(names, dtype=dtypes.string, name="names")
        out = apply(
            "ParseSequenceExample", serialized, names, _default_tensors(context),
            feature_list_dense_missing_assumed_empty=sorted(lists.dense_defaults),
            context_sparse_keys=context.sparse_keys, context_dense_keys=context.dense_keys,
            feature_list_sparse_keys=lists.sparse_keys, feature_list_dense_keys=lists.dense_keys,
            Ncontext_sparse=len(context.sparse_keys), Ncontext_dense=len(context.dense_keys),
            Nfeature_list_sparse=len(lists.sparse_keys), Nfeature_list_dense=len(lists.dense_keys),
            context_sparse_types=context.sparse_types, Tcontext_dense=context.dense_types,
            feature_list_dense_types=lists.dense_types, context_dense_shapes=context.dense_shapes,
            feature_list_sparse_types=lists.sparse_types,
            feature_list_dense_shapes=lists.dense_shapes, name=name or "ParseSequenceExample",
        )  # fmt: skip
        lengths = dict(zip(lists.dense_keys, out[8]))
        return _by_name(context, *out[:4]), _by_name(lists, *out[4:8]), lengths
