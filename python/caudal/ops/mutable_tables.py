# SPDX-License-Identifier: Apache-2.0
"""Lookup tables whose entries change."""

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops.lookup_ops import LookupInterface, check_table_dtypes
from caudal.ops.saveable_object import SaveableObject, SaveSpec


class _TableSaveable(SaveableObject):
    """The entries of a table, as two values: keys and values."""

    def __init__(self, table, name):
        keys, values = table.export()
        specs = [SaveSpec(keys, "", name + "-keys"), SaveSpec(values, "", name + "-values")]
        super().__init__(table, specs, name)

    def restore(self, restored_tensors, restored_shapes):
        handle = self.op.resource_handle
        with ops.name_scope("%s_table_restore" % self.name), ops.colocate_with(handle):
            return apply("LookupTableImportV2", handle, *restored_tensors)


class _MutableTable(LookupInterface):
    """What both kinds have in common; `_resource_handle` is made by the subclass."""

    _shape_of_key = None
    _saveable = None

    def _keep_in_checkpoints(self, name):
        self._saveable = _TableSaveable(self, name)
        ops.add_to_collection(ops.GraphKeys.SAVEABLE_OBJECTS, self._saveable)

    @property
    def resource_handle(self):
        return self._resource_handle

    @property
    def name(self):
        return self._table_name

    def _scope(self, what, name, values):
        return ops.name_scope(name, "%s_%s" % (self.name, what), values)

    def size(self, name=None):
        """The number of entries, int64. Op: LookupTableSizeV2."""
        with self._scope("Size", name, [self.resource_handle]):
            with ops.colocate_with(self.resource_handle):
                return apply("LookupTableSizeV2", self.resource_handle)

    def remove(self, keys, name=None):
        """Removes entries; keys that are absent are ignored. Op: LookupTableRemoveV2.

        Raises:
          TypeError: for keys of another dtype.
        """
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(
                "Signature mismatch. Keys must be dtype %s, got %s." % (self._key_dtype, keys.dtype)
            )
        with self._scope("lookup_table_remove", name, [self.resource_handle, keys]):
            return apply("LookupTableRemoveV2", self.resource_handle, keys)

    def lookup(self, keys, name=None):
        """The values of keys; the default value where a key is absent. Op: LookupTableFindV2."""
        with self._scope("lookup_table_find", name, [self.resource_handle, keys]):
            keys = ops.convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            with ops.colocate_with(self.resource_handle):
                values = apply("LookupTableFindV2", self.resource_handle, keys, self._default_value)
            shape = keys.shape
            if self._shape_of_key is not None and self._shape_of_key.rank:
                shape = shape[: -self._shape_of_key.rank] if shape.rank is not None else None
            if shape is not None and shape.rank is not None:
                values.set_shape(shape.concatenate(self._default_value.shape))
        return values

    def insert(self, keys, values, name=None):
        """Sets the values of keys. Op: LookupTableInsertV2.

        Raises:
          TypeError: for other dtypes.
        """
        with self._scope("lookup_table_insert", name, [self.resource_handle, keys, values]):
            keys = ops.convert_to_tensor(keys, self._key_dtype, name="keys")
            values = ops.convert_to_tensor(values, self._value_dtype, name="values")
            check_table_dtypes(self, keys.dtype, values.dtype)
            with ops.colocate_with(self.resource_handle):
                return apply("LookupTableInsertV2", self.resource_handle, keys, values)

    def export(self, name=None):
        """(keys, values) of all entries; a dense table gives all its buckets, free ones too.

        Op: LookupTableExportV2.
        """
        with self._scope("lookup_table_export_values", name, [self.resource_handle]):
            with ops.colocate_with(self.resource_handle):
                keys, values = apply(
                    "LookupTableExportV2", self.resource_handle, Tkeys=self._key_dtype,
                    Tvalues=self._value_dtype,
                )  # fmt: skip
        key_shape = [] if self._shape_of_key is None else self._shape_of_key.as_list()
        keys.set_shape([None] + key_shape)
        if self._default_value.shape.rank is not None:
            values.set_shape([None] + self._default_value.shape.as_list())
        return keys, values


class MutableHashTable(_MutableTable):
    """A hash table to which entries may be added at any time.

    Ops: MutableHashTableV2, MutableHashTableOfTensorsV2.

    Args:
      key_dtype, value_dtype: dtypes of keys and values.
      default_value: value of absent keys; its shape is that of all values.
      name: name of the node.
      checkpoint: keep the table in checkpoints.
      shared_name: tables of one session with this name are one.
    """

    def __init__(
        self,
        key_dtype,
        value_dtype,
        default_value,
        name="MutableHashTable",
        checkpoint=True,
        shared_name=None,
    ):
        super().__init__(key_dtype, value_dtype)
        self._default_value = ops.convert_to_tensor(default_value, dtype=self._value_dtype)
        self._checkpoint = checkpoint
        self._name = name
        common = dict(
            shared_name=shared_name or "", use_node_name_sharing=checkpoint and not shared_name,
            key_dtype=self._key_dtype, value_dtype=self._value_dtype, name=name,
        )  # fmt: skip
        if self._default_value.shape.rank == 0:
            handle = apply("MutableHashTableV2", **common)
        else:
            handle = apply(
                "MutableHashTableOfTensorsV2", value_shape=self._default_value.shape, **common
            )
        self._resource_handle = handle
        self._table_name = handle.op.name.split("/")[-1]
        if checkpoint:
            self._keep_in_checkpoints(name)


class MutableDenseHashTable(_MutableTable):
    """A hash table whose keys may be vectors; two keys are reserved. Op: MutableDenseHashTableV2.

    Args:
      key_dtype, value_dtype: dtypes of keys and values.
      default_value: value of absent keys; its shape is that of all values.
      empty_key, deleted_key: keys that are never used; their shape is that of all keys.
      initial_num_buckets: a power of 2.
      name: name of the node.
      checkpoint: keep the table in checkpoints.
      shared_name: tables of one session with this name are one.
    """

    def __init__(
        self,
        key_dtype,
        value_dtype,
        default_value,
        empty_key,
        deleted_key,
        initial_num_buckets=None,
        name="MutableDenseHashTable",
        checkpoint=True,
        shared_name=None,
    ):
        super().__init__(key_dtype, value_dtype)
        self._default_value = ops.convert_to_tensor(
            default_value, dtype=self._value_dtype, name="default_value"
        )
        self._checkpoint = checkpoint
        self._name = name
        empty_key = ops.convert_to_tensor(empty_key, dtype=self._key_dtype, name="empty_key")
        deleted_key = ops.convert_to_tensor(deleted_key, dtype=self._key_dtype, name="deleted_key")
        self._shape_of_key = empty_key.shape
        attrs = {}
        if initial_num_buckets is not None:
            attrs["initial_num_buckets"] = initial_num_buckets
        self._resource_handle = apply(
            "MutableDenseHashTableV2", empty_key, deleted_key, shared_name=shared_name or "",
            use_node_name_sharing=checkpoint and not shared_name, value_dtype=self._value_dtype,
            value_shape=self._default_value.shape, name=name, **attrs,
        )  # fmt: skip
        self._table_name = self._resource_handle.op.name.split("/")[-1]
        if checkpoint:
            self._keep_in_checkpoints(name)

    def insert_or_assign(self, keys, values, name=None):
        """See `insert`."""
        return self.insert(keys, values, name)

    def erase(self, keys, name=None):
        """See `remove`."""
        return self.remove(keys, name)
