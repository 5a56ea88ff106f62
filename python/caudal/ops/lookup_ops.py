# SPDX-License-Identifier: Apache-2.0
"""Lookup tables: fixed ones, filled by an initializer. Mutable ones are in mutable_tables."""

import collections
import os
import uuid

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, control_flow_ops, math_ops, string_ops


def check_table_dtypes(table, key_dtype, value_dtype):
    """TypeError unless the table has these dtypes."""
    if key_dtype.base_dtype != table.key_dtype:
        raise TypeError("Invalid key dtype, expected %s but got %s." % (table.key_dtype, key_dtype))
    if value_dtype.base_dtype != table.value_dtype:
        raise TypeError(
            "Invalid value dtype, expected %s but got %s." % (table.value_dtype, value_dtype)
        )


class _KeysAndValues:
    """The dtypes of keys and values."""

    def __init__(self, key_dtype, value_dtype):
        self._key_dtype = dtypes.as_dtype(key_dtype)
        self._value_dtype = dtypes.as_dtype(value_dtype)

    @property
    def key_dtype(self):
        return self._key_dtype

    @property
    def value_dtype(self):
        return self._value_dtype


class LookupInterface(_KeysAndValues):
    """What all tables have: dtypes, `lookup` and `size`."""

    @property
    def name(self):
        raise NotImplementedError

    def size(self, name=None):
        raise NotImplementedError

    def lookup(self, keys, name=None):
        raise NotImplementedError


class InitializableLookupTableBase(LookupInterface):
    """A table that is filled once, by an initializer."""

    def __init__(self, default_value, initializer):
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = ops.convert_to_tensor(default_value, dtype=self._value_dtype)
        self._default_value.shape.merge_with([])
        self._initializer = initializer
        self._resource_handle = self._create_resource()
        self._init_op = self._initialize()

    def _create_resource(self):
        raise NotImplementedError

    def _initialize(self):
        return self._initializer.initialize(self)

    @property
    def default_value(self):
        return self._default_value

    @property
    def resource_handle(self):
        return self._resource_handle

    table_ref = resource_handle

    @property
    def initializer(self):
        return self._init_op

    init = initializer

    def size(self, name=None):
        """The number of entries, int64. Op: LookupTableSizeV2."""
        with ops.name_scope(name, "%s_Size" % self.name, [self.resource_handle]):
            return apply("LookupTableSizeV2", self.resource_handle)

    def lookup(self, keys, name=None):
        """The values of keys; the default value where a key is absent. Op: LookupTableFindV2.

        Args:
          keys: Tensor or SparseTensor of the key dtype.
          name: prefix of the nodes.

        Raises:
          TypeError: for keys of another dtype.
        """
        key_tensor = keys.values if isinstance(keys, SparseTensor) else keys
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(
                "Signature mismatch. Keys must be dtype %s, got %s." % (self._key_dtype, keys.dtype)
            )
        with ops.name_scope(
            name, "%s_Lookup" % self.name, [self.resource_handle, key_tensor, self._default_value]
        ):
            values = apply(
                "LookupTableFindV2", self.resource_handle, key_tensor, self._default_value
            )
        values.set_shape(key_tensor.shape)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, values, keys.dense_shape)
        return values


class StaticHashTable(InitializableLookupTableBase):
    """A hash table that is filled once. Op: HashTableV2.

    Args:
      initializer: a TableInitializerBase.
      default_value: value of absent keys.
      name: name of the node.
    """

    def __init__(self, initializer, default_value, name=None):
        self._shared_name = initializer._shared_name
        self._name = name or "hash_table"
        self._table_name = None
        super().__init__(default_value, initializer)
        self._value_shape = self._default_value.shape

    def _create_resource(self):
        handle = apply(
            "HashTableV2", shared_name=self._shared_name, key_dtype=self._key_dtype,
            value_dtype=self._value_dtype, name=self._name,
        )  # fmt: skip
        self._table_name = handle.op.name.split("/")[-1]
        return handle

    @property
    def name(self):
        return self._table_name

    def export(self, name=None):
        """(keys, values) of all entries. Op: LookupTableExportV2."""
        with ops.name_scope(name, "%s_Export" % self.name, [self.resource_handle]) as scope:
            keys, values = apply(
                "LookupTableExportV2", self.resource_handle, Tkeys=self._key_dtype,
                Tvalues=self._value_dtype, name=scope,
            )  # fmt: skip
        keys.set_shape([None])
        values.set_shape([None])
        return keys, values


StaticHashTableV1 = StaticHashTable


class HashTable(StaticHashTable):
    """`StaticHashTable` with a shared name, as in `tf.contrib.lookup`."""

    def __init__(self, initializer, default_value, shared_name=None, name=None):
        self._given_name = shared_name
        super().__init__(initializer, default_value, name)

    def _create_resource(self):
        self._shared_name = self._given_name or ""
        return super()._create_resource()


class TableInitializerBase(_KeysAndValues):
    """Fills a table; `initialize(table)` returns the operation."""

    def initialize(self, table):
        raise NotImplementedError

    @property
    def _shared_name(self):
        return "hash_table_%s" % uuid.uuid4()


class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table with two tensors of equal length.

    Args:
      keys, values: tensors or lists.
      key_dtype, value_dtype: their dtypes, if they are lists.
      name: prefix of the nodes.
    """

    def __init__(self, keys, values, key_dtype=None, value_dtype=None, name=None):
        with ops.init_scope():
            self._keys = ops.convert_to_tensor(keys, dtype=key_dtype, name="keys")
            self._values = ops.convert_to_tensor(values, dtype=value_dtype, name="values")
        self._name = name if name is not None else "key_value_init"
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table):
        check_table_dtypes(table, self._keys.dtype, self._values.dtype)
        with ops.name_scope(self._name, values=(table.resource_handle, self._keys, self._values)):
            init_op = apply("LookupTableImportV2", table.resource_handle, self._keys, self._values)
        ops.add_to_collection(ops.GraphKeys.TABLE_INITIALIZERS, init_op)
        return init_op


class TextFileIndex:
    """Column numbers that stand for the whole line, and for the line's number."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class TextFileInitializer(TableInitializerBase):
    """Fills a table from a text file, one entry a line.

    Args:
      filename: path, str or string scalar.
      key_dtype, value_dtype: dtypes of the table.
      key_index, value_index: column, or a number of TextFileIndex.
      vocab_size: number of lines, if it is known.
      delimiter: character between columns.
      name: prefix of the nodes.

    Raises:
      ValueError: for an index and dtype that do not go together.
    """

    def __init__(
        self,
        filename,
        key_dtype,
        key_index,
        value_dtype,
        value_index,
        vocab_size=None,
        delimiter="\t",
        name=None,
    ):
        if not isinstance(filename, ops.Tensor) and not filename:
            raise ValueError("Filename required")
        self._filename_arg = filename
        key_dtype, value_dtype = dtypes.as_dtype(key_dtype), dtypes.as_dtype(value_dtype)
        if key_index < -2:
            raise ValueError("Invalid key index %s." % key_index)
        if key_index == TextFileIndex.LINE_NUMBER and key_dtype != dtypes.int64:
            raise ValueError(
                "Signature mismatch. Keys must be dtype %s, got %s." % (dtypes.int64, key_dtype)
            )
        if key_index == TextFileIndex.WHOLE_LINE and not (
            key_dtype.is_integer or key_dtype == dtypes.string
        ):
            raise ValueError("Signature mismatch. Keys must be integer or string, got %s."
                             % key_dtype)  # fmt: skip
        if value_index < -2:
            raise ValueError("Invalid value index %s." % value_index)
        if value_index == TextFileIndex.LINE_NUMBER and value_dtype != dtypes.int64:
            raise ValueError("Signature mismatch. Values must be dtype %s, got %s."
                             % (dtypes.int64, value_dtype))  # fmt: skip
        if value_index == TextFileIndex.WHOLE_LINE and value_dtype != dtypes.string:
            raise ValueError("Signature mismatch. Values must be dtype %s, got %s."
                             % (dtypes.string, value_dtype))  # fmt: skip
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError("Invalid vocab_size %s." % vocab_size)
        self._key_index, self._value_index = key_index, value_index
        self._vocab_size, self._delimiter = vocab_size, delimiter
        self._name = name if name is not None else "text_file_init"
        self._filename = filename
        if not isinstance(filename, ops.Tensor):
            self._filename = ops.convert_to_tensor(
                os.fspath(filename), dtype=dtypes.string, name="asset_path"
            )
            ops.add_to_collection(ops.GraphKeys.ASSET_FILEPATHS, self._filename)
        super().__init__(key_dtype, value_dtype)

    def initialize(self, table):
        check_table_dtypes(table, self.key_dtype, self.value_dtype)
        with ops.name_scope(self._name, "text_file_init", (table.resource_handle,)):
            init_op = apply(
                "InitializeTableFromTextFileV2", table.resource_handle, self._filename,
                key_index=self._key_index, value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                delimiter=self._delimiter,
            )  # fmt: skip
        ops.add_to_collection(ops.GraphKeys.TABLE_INITIALIZERS, init_op)
        return init_op

    @property
    def _shared_name(self):
        filename = self._filename_arg
        if isinstance(filename, ops.Tensor):
            filename = filename.op.name
        parts = [os.fspath(filename)]
        if self._vocab_size:
            parts.append(str(self._vocab_size))
        return "hash_table_" + "_".join(parts + [str(self._key_index), str(self._value_index)])


class TextFileStringTableInitializer(TextFileInitializer):
    """Line numbers to lines (or columns) of a text file."""

    def __init__(
        self,
        filename,
        key_column_index=TextFileIndex.LINE_NUMBER,
        value_column_index=TextFileIndex.WHOLE_LINE,
        vocab_size=None,
        delimiter="\t",
        name="text_file_string_table_init",
    ):
        super().__init__(
            filename, dtypes.int64, key_column_index, dtypes.string, value_column_index,
            vocab_size=vocab_size, delimiter=delimiter, name=name,
        )  # fmt: skip


class TextFileIdTableInitializer(TextFileInitializer):
    """Lines (or columns) of a text file to line numbers."""

    def __init__(
        self,
        filename,
        key_column_index=TextFileIndex.WHOLE_LINE,
        value_column_index=TextFileIndex.LINE_NUMBER,
        vocab_size=None,
        delimiter="\t",
        name="text_file_id_table_init",
        key_dtype=dtypes.string,
    ):
        super().__init__(
            filename, key_dtype, key_column_index, dtypes.int64, value_column_index,
            vocab_size=vocab_size, delimiter=delimiter, name=name,
        )  # fmt: skip


# -- Buckets for keys out of vocabulary ------------------------------------------------------------


class HasherSpec(collections.namedtuple("HasherSpec", ["hasher", "key"])):
    """How keys out of vocabulary are hashed."""

    __slots__ = ()


FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """A keyed hash, safe against chosen keys. `key`: list of two non-negative ints."""

    __slots__ = ()

    def __new__(cls, key):
        if len(key) != 2:
            raise ValueError("key must have size 2, got %s." % len(key))
        if not all(isinstance(k, int) for k in key):
            raise TypeError("Invalid key %s. Must be unsigned integer values." % (key,))
        return super().__new__(cls, "stronghash", key)


class IdTableWithHashBuckets(LookupInterface):
    """Ids of a table; keys that it lacks get one of the ids behind its last, by hash.

    Args:
      table: a table with int64 values from 0 to its size, or None for buckets only.
      num_oov_buckets: how many ids for other keys.
      hasher_spec: FastHashSpec or a StrongHashSpec.
      name: prefix of the nodes.
      key_dtype: string, or an integer dtype.
    """

    def __init__(self, table, num_oov_buckets, hasher_spec=FastHashSpec, name=None, key_dtype=None):
        if name:
            name = name.rstrip("/")
        if table is not None:
            if key_dtype is None:
                key_dtype = table.key_dtype
            key_dtype = dtypes.as_dtype(key_dtype)
            _check_key_dtypes(table.key_dtype, key_dtype)
            if table.value_dtype.base_dtype != dtypes.int64:
                raise TypeError("Values must be dtype %s, got %s."
                                % (dtypes.int64, table.value_dtype))  # fmt: skip
            name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("oov_buckets must be > 0 if no table is supplied.")
            key_dtype = dtypes.string if key_dtype is None else dtypes.as_dtype(key_dtype)
            if not (key_dtype.is_integer or key_dtype == dtypes.string):
                raise TypeError("Invalid key_dtype, expected one of integer or string.")
            name = name or "hash_bucket"
        self._table = table
        self._table_name = name
        self._num_oov_buckets = num_oov_buckets
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError("hasher_spec must be of type HasherSpec, got %s" % (hasher_spec,))
        self._hasher_spec = hasher_spec
        super().__init__(key_dtype, dtypes.int64)

    @property
    def initializer(self):
        if self._table is not None:
            return self._table.initializer
        with ops.name_scope(None, "init"):
            return control_flow_ops.no_op()

    init = initializer

    @property
    def resource_handle(self):
        return None if self._table is None else self._table.resource_handle

    table_ref = resource_handle

    @property
    def name(self):
        return self._table_name

    def size(self, name=None):
        """Entries and buckets together, int64."""
        with ops.name_scope(name, "%s_Size" % self.name):
            table_size = 0 if self._table is None else self._table.size()
            return table_size + ops.convert_to_tensor(self._num_oov_buckets, dtype=dtypes.int64)

    def _bucket(self, keys, name):
        if keys.dtype != dtypes.string:
            keys = apply("AsString", keys)
        if self._hasher_spec.hasher == "fasthash":
            return string_ops.string_to_hash_bucket_fast(keys, self._num_oov_buckets, name=name)
        if self._hasher_spec.hasher == "legacy":
            return string_ops.string_to_hash_bucket(
                keys, num_buckets=self._num_oov_buckets, name=name
            )
        if self._hasher_spec.hasher == "stronghash":
            return string_ops.string_to_hash_bucket_strong(
                keys, num_buckets=self._num_oov_buckets, key=list(self._hasher_spec.key), name=name
            )
        raise ValueError("Unknown hasher %s" % self._hasher_spec.hasher)

    def lookup(self, keys, name=None):
        """Ids of keys, int64.

        Args:
          keys: Tensor or SparseTensor of the key dtype.
          name: prefix of the nodes.
        """
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(
                "Signature mismatch. Keys must be dtype %s, got %s." % (self._key_dtype, keys.dtype)
            )
        values = keys.values if isinstance(keys, SparseTensor) else keys
        if self._table is not None and self._table.key_dtype.base_dtype == dtypes.int64:
            values = values if values.dtype == dtypes.int64 else math_ops.cast(values, dtypes.int64)
        if self._num_oov_buckets == 0:
            ids = self._table.lookup(values, name=name)
        else:
            with ops.name_scope(name, "%s_Lookup" % self.name):
                buckets = self._bucket(values, "hash_bucket")
                if self._table is None:
                    ids = buckets
                else:
                    ids = self._table.lookup(values)
                    buckets = apply("Add", buckets, self._table.size())
                    known = math_ops.not_equal(ids, self._table.default_value)
                    ids = array_ops.where_v2(known, ids, buckets)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, ids, keys.dense_shape)
        return ids


def _check_key_dtypes(table_dtype, key_dtype):
    table_dtype = table_dtype.base_dtype
    if table_dtype.is_integer != key_dtype.is_integer:
        raise TypeError("Invalid key dtype, expected %s but got %s."
                        % ("integer" if key_dtype.is_integer else "non-integer",
                           table_dtype))  # fmt: skip
    if not key_dtype.is_integer and table_dtype != key_dtype:
        raise TypeError("Invalid key dtype, expected %s but got %s." % (table_dtype, key_dtype))


class StaticVocabularyTable(LookupInterface):
    """Keys to ids; keys out of vocabulary get one of `num_oov_buckets` ids behind, by hash.

    Args:
      initializer: its values are the ids, int64; None for buckets only.
      num_oov_buckets: at least 1.
      lookup_key_dtype: dtype of keys, without an initializer.
      name: prefix of the nodes.
    """

    def __init__(self, initializer, num_oov_buckets, lookup_key_dtype=None, name=None):
        if num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0; use StaticHashTable instead")
        if initializer is not None and dtypes.int64 != initializer.value_dtype:
            raise TypeError("Invalid value dtype, expected %s but got %s."
                            % (dtypes.int64, initializer.value_dtype))  # fmt: skip
        table = None
        if initializer is not None:
            if lookup_key_dtype is None:
                lookup_key_dtype = initializer.key_dtype
            if not initializer.key_dtype.is_integer and initializer.key_dtype != dtypes.string:
                raise TypeError("Invalid key dtype, expected one of integer or string.")
            table = StaticHashTable(initializer, default_value=-1)
        self._inner = IdTableWithHashBuckets(
            table, num_oov_buckets, FastHashSpec, name, key_dtype=lookup_key_dtype
        )
        super().__init__(self._inner.key_dtype, dtypes.int64)

    name = property(lambda self: self._inner.name)
    initializer = property(lambda self: self._inner.initializer)
    resource_handle = property(lambda self: self._inner.resource_handle)

    def size(self, name=None):
        return self._inner.size(name)

    def lookup(self, keys, name=None):
        return self._inner.lookup(keys, name)


StaticVocabularyTableV1 = StaticVocabularyTable


# -- Tables from vocabularies ----------------------------------------------------------------------


def index_table_from_file(
    vocabulary_file=None,
    num_oov_buckets=0,
    vocab_size=None,
    default_value=-1,
    hasher_spec=FastHashSpec,
    key_dtype=dtypes.string,
    name=None,
    key_column_index=TextFileIndex.WHOLE_LINE,
    value_column_index=TextFileIndex.LINE_NUMBER,
    delimiter="\t",
):
    """A table from the lines of a file to their numbers.

    Args:
      vocabulary_file: path.
      num_oov_buckets: ids for other words, by hash.
      vocab_size: number of lines, if known.
      default_value: id of other words, without buckets.
      hasher_spec: FastHashSpec or a StrongHashSpec.
      key_dtype: string or integer.
      name: prefix of the nodes.
      key_column_index, value_column_index, delimiter: as in TextFileInitializer.
    """
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    _check_buckets(num_oov_buckets)
    if vocab_size is not None and vocab_size < 1:
        vocab_file = vocabulary_file
        raise ValueError("vocab_size must be greater than 0, got %d. vocabulary_file: %s"
                         % (vocab_size, vocab_file))  # fmt: skip
    key_dtype = dtypes.as_dtype(key_dtype)
    if not (key_dtype.is_integer or key_dtype == dtypes.string):
        raise TypeError("Dtype for keys should be either an integer or string.")
    with ops.name_scope(name, "string_to_index"):
        with ops.name_scope(None, "hash_table"):
            initializer = TextFileIdTableInitializer(
                filename=vocabulary_file,
                vocab_size=vocab_size,
                key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype,
                name="table_init",
                key_column_index=key_column_index,
                value_column_index=value_column_index,
                delimiter=delimiter,
            )
            table = StaticHashTable(initializer, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=key_dtype)
        return table


def _check_buckets(num_oov_buckets):
    if num_oov_buckets < 0:
        raise ValueError(
            "num_oov_buckets must be greater or equal than 0, got %d." % num_oov_buckets
        )


def index_table_from_tensor(
    vocabulary_list,
    num_oov_buckets=0,
    default_value=-1,
    hasher_spec=FastHashSpec,
    dtype=dtypes.string,
    name=None,
):
    """A table from the elements of a vector to their positions.

    Args:
      vocabulary_list: vector of strings or integers.
      num_oov_buckets, default_value, hasher_spec, name: as in `index_table_from_file`.
      dtype: of the keys.
    """
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    _check_buckets(num_oov_buckets)
    dtype = dtypes.as_dtype(dtype)
    if not (dtype.is_integer or dtype == dtypes.string):
        raise TypeError("Dtype for keys should be either an integer or string.")
    with ops.name_scope(name, "string_to_index"):
        keys = ops.convert_to_tensor(vocabulary_list)
        if keys.dtype.is_integer != dtype.is_integer:
            raise ValueError(
                "Expected %s, got %s."
                % ("integer" if dtype.is_integer else "non-integer", keys.dtype)
            )
        if not dtype.is_integer and keys.dtype.base_dtype != dtype:
            raise ValueError("Expected %s, got %s." % (dtype, keys.dtype))
        values = math_ops.cast(array_ops.range(array_ops.size(keys)), dtypes.int64)
        with ops.name_scope(None, "hash_table"):
            table_keys = math_ops.cast(keys, dtypes.int64) if keys.dtype.is_integer else keys
            initializer = KeyValueTensorInitializer(
                table_keys, values, table_keys.dtype.base_dtype, dtypes.int64, name="table_init"
            )
            table = StaticHashTable(initializer, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=dtype)
        return table


def index_to_string_table_from_file(
    vocabulary_file,
    vocab_size=None,
    default_value="UNK",
    name=None,
    key_column_index=TextFileIndex.LINE_NUMBER,
    value_column_index=TextFileIndex.WHOLE_LINE,
    delimiter="\t",
):
    """A table from line numbers of a file to its lines."""
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError("vocab_size must be greater than 0, got %d." % vocab_size)
    with ops.name_scope(name, "index_to_string"):
        initializer = TextFileStringTableInitializer(
            filename=vocabulary_file, vocab_size=vocab_size, name="table_init",
            key_column_index=key_column_index, value_column_index=value_column_index,
            delimiter=delimiter,
        )  # fmt: skip
        return StaticHashTable(initializer, default_value)


def index_to_string_table_from_tensor(vocabulary_list, default_value="UNK", name=None):
    """A table from positions in a vector of strings to its elements."""
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    with ops.name_scope(name, "index_to_string"):
        strings = ops.convert_to_tensor(vocabulary_list, dtypes.string)
        keys = math_ops.cast(array_ops.range(array_ops.size(strings)), dtypes.int64)
        initializer = KeyValueTensorInitializer(
            keys, strings, dtypes.int64, dtypes.string, name="table_init"
        )
        return StaticHashTable(initializer, default_value)
