# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.lookup`."""
# ruff: noqa: F401

from caudal.framework import dtypes
from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.lookup_ops import (
    FastHashSpec,
    HasherSpec,
    HashTable,
    IdTableWithHashBuckets,
    InitializableLookupTableBase,
    KeyValueTensorInitializer,
    LookupInterface,
    StrongHashSpec,
    TableInitializerBase,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileInitializer,
    TextFileStringTableInitializer,
    index_table_from_file,
    index_to_string_table_from_file,
)
from caudal.ops.lookup_ops import index_table_from_tensor as _index_table_from_tensor
from caudal.ops.lookup_ops import index_to_string_table_from_tensor as _index_to_string_table
from caudal.ops.mutable_tables import MutableDenseHashTable, MutableHashTable


def index_table_from_tensor(
    mapping,
    num_oov_buckets=0,
    default_value=-1,
    hasher_spec=FastHashSpec,
    dtype=dtypes.string,
    name=None,
):
    """A table from the elements of a vector to their positions."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return _index_table_from_tensor(
        mapping, num_oov_buckets, default_value, hasher_spec, dtype, name
    )


def index_to_string_table_from_tensor(mapping, default_value="UNK", name=None):
    """A table from positions in a vector of strings to its elements."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return _index_to_string_table(mapping, default_value, name)


def string_to_index_table_from_file(
    vocabulary_file=None,
    num_oov_buckets=0,
    vocab_size=None,
    default_value=-1,
    hasher_spec=FastHashSpec,
    name=None,
):
    """Old name of `index_table_from_file`."""
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec,
        key_dtype=dtypes.string, name=name,
    )  # fmt: skip


def string_to_index_table_from_tensor(
    mapping, num_oov_buckets=0, default_value=-1, hasher_spec=FastHashSpec, name=None
):
    """Old name of `index_table_from_tensor`."""
    return index_table_from_tensor(
        mapping, num_oov_buckets, default_value, hasher_spec, dtype=dtypes.string, name=name
    )


def string_to_index(tensor, mapping, default_value=-1, name=None):
    """Positions of the strings of `tensor` in `mapping`."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


def index_to_string(tensor, mapping, default_value="UNK", name=None):
    """The strings of `mapping` at the positions in `tensor`."""
    table = index_to_string_table_from_tensor(mapping, default_value=default_value, name=name)
    return table.lookup(tensor)


__getattr__ = _module_getattr("contrib.lookup")
