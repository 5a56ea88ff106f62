# SPDX-License-Identifier: Apache-2.0
"""The nodes with which a graph saves and restores itself."""

import uuid

from caudal.framework import constant_op, dtypes, ops
from caudal.framework import device as device_lib
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, control_flow_ops, saveable_object, string_ops

__all__ = ["BaseSaverBuilder", "BulkSaverBuilder", "V1", "V2"]

# Values of SaverDef.CheckpointFormatVersion.
V1 = 1
V2 = 2


class BaseSaverBuilder:
    """Builds the nodes of a Saver, with a restoring node for each value.

    Args:
      write_version: SaverDef.V2, or V1 for the old format of one file.
    """

    SaveSpec = saveable_object.SaveSpec
    SaveableObject = saveable_object.SaveableObject
    VariableSaveable = saveable_object.ReferenceVariableSaveable
    ResourceVariableSaveable = saveable_object.ResourceVariableSaveable

    def __init__(self, write_version=V2):
        self._write_version = write_version

    @staticmethod
    def OpListToDict(op_list, convert_variable_to_tensor=True):
        return saveable_object.op_list_to_dict(op_list, convert_variable_to_tensor)

    # Single nodes; subclasses may make others.

    def save_op(self, filename_tensor, saveables):
        """The node that writes all values of `saveables`. Op: SaveV2 or SaveSlices."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        tensors = [spec.tensor for spec in specs]
        names = [spec.name for spec in specs]
        slices = [spec.slice_spec for spec in specs]
        if self._write_version == V2:
            tensors = [_saved(t) for t in tensors]
            return apply("SaveV2", filename_tensor, names, slices, tensors)
        if self._write_version == V1:
            with ops.name_scope("save") as scope:
                names = ops.convert_to_tensor(names, name="tensor_names")
                slices = ops.convert_to_tensor(slices, name="shapes_and_slices")
                tensors = [_saved(t) for t in tensors]
                return apply("SaveSlices", filename_tensor, names, slices, tensors, name=scope)
        raise RuntimeError("Unexpected write_version: %s" % self._write_version)

    def bulk_restore(self, filename_tensor, saveables, preferred_shard, restore_sequentially):
        """Tensors of all values of `saveables`, in order; each from a node of its own."""
        tensors = []
        for saveable in saveables:
            waits = tensors[-1:] if restore_sequentially else []
            device = saveable.device
            with ops.device(saveable_object.set_cpu0(device) if device else None):
                with ops.control_dependencies(waits):
                    tensors.extend(self.restore_op(filename_tensor, saveable, preferred_shard))
        return tensors

    def restore_op(self, filename_tensor, saveable, preferred_shard):
        """Tensors of the values of one SaveableObject. Op: RestoreV2, one for each."""
        return [
            apply("RestoreV2", filename_tensor, [spec.name], [spec.slice_spec],
                  dtypes=[_dtype(spec)])[0]
            for spec in saveable.specs
        ]  # fmt: skip

    def sharded_filename(self, filename_tensor, shard, num_shards):
        """The name of one of several parts of a checkpoint. Op: ShardedFilename."""
        return apply("ShardedFilename", filename_tensor, shard, num_shards)

    # Saving ---------------------------------------------------------------

    def _AddSaveOps(self, filename_tensor, saveables):
        save = self.save_op(filename_tensor, saveables)
        return control_flow_ops.with_dependencies([save], filename_tensor)

    def _AddShardedSaveOps(self, filename_tensor, per_device):
        if self._write_version == V2:
            return self._AddShardedSaveOpsForV2(filename_tensor, per_device)
        num_shards = len(per_device)
        num_shards_tensor = constant_op.constant(num_shards, name="num_shards")
        saves = []
        for shard, (device, saveables) in enumerate(per_device):
            with ops.device(device):
                name = self.sharded_filename(filename_tensor, shard, num_shards_tensor)
                saves.append(self._AddSaveOps(name, saveables))
        with ops.control_dependencies([x.op for x in saves]):
            return apply("ShardedFilespec", filename_tensor, num_shards_tensor)

    def _AddShardedSaveOpsForV2(self, checkpoint_prefix, per_device):
        """Each device writes a checkpoint of its own below a temporary folder; they are merged."""
        suffix = "_temp_%s/part" % uuid.uuid4().hex
        temporary = string_ops.string_join([checkpoint_prefix, suffix])
        num_shards = constant_op.constant(len(per_device), name="num_shards")
        prefixes, saves = [], []
        for shard, (device, saveables) in enumerate(per_device):
            with ops.device(saveable_object.set_cpu0(device)):
                name = self.sharded_filename(temporary, shard, num_shards)
                prefixes.append(name)
                saves.append(self._AddSaveOps(name, saveables))
        with ops.control_dependencies([x.op for x in saves]):
            with ops.device(saveable_object.set_cpu0(per_device[-1][0])):
                merge = apply(
                    "MergeV2Checkpoints", prefixes, checkpoint_prefix, delete_old_dirs=True
                )
                with ops.control_dependencies([merge]):
                    return array_ops.identity(checkpoint_prefix)

    # Restoring ---------------------------------------------------------------

    def _AddRestoreOps(self, filename_tensor, saveables, restore_sequentially, reshape,
                       preferred_shard=-1, name="restore_all"):  # fmt: skip
        tensors = iter(
            self.bulk_restore(filename_tensor, saveables, preferred_shard, restore_sequentially)
        )
        assigns = []
        for saveable in saveables:
            shapes = [_shape_of(saveable, spec) for spec in saveable.specs] if reshape else None
            values = [next(tensors) for _ in saveable.specs]
            assigns.append(saveable.restore(values, shapes))
        return control_flow_ops.group(*assigns, name=name)

    def _AddShardedRestoreOps(self, filename_tensor, per_device, restore_sequentially, reshape):
        restores = []
        for shard, (device, saveables) in enumerate(per_device):
            with ops.device(device):
                restores.append(
                    self._AddRestoreOps(
                        filename_tensor,
                        saveables,
                        restore_sequentially,
                        reshape,
                        preferred_shard=shard,
                        name="restore_shard",
                    )
                )
        return control_flow_ops.group(*restores, name="restore_all")

    def _GroupByDevices(self, saveables):
        """List of (device, SaveableObjects), sorted by device."""
        per_device = {}
        for saveable in saveables:
            devices = {device_lib.canonical(spec.device) for spec in saveable.specs}
            if len(devices) != 1:
                raise ValueError(
                    "All tensors of a saveable object must be on the same device: %s"
                    % saveable.name
                )
            per_device.setdefault(devices.pop(), []).append(saveable)
        return sorted(per_device.items())

    # All together ---------------------------------------------------------------

    def build(self, names_to_saveables, reshape=False, sharded=False, max_to_keep=5,
              keep_checkpoint_every_n_hours=10000.0, name=None, restore_sequentially=False,
              filename="model"):  # fmt: skip
        """Adds the nodes of a Saver to the default graph; returns their SaverDef."""
        return self._build_internal(
            names_to_saveables, reshape, sharded, max_to_keep, keep_checkpoint_every_n_hours,
            name, restore_sequentially, filename,
        )  # fmt: skip

    def _build_internal(self, names_to_saveables, reshape=False, sharded=False, max_to_keep=5,
                        keep_checkpoint_every_n_hours=10000.0, name=None,
                        restore_sequentially=False, filename="model"):  # fmt: skip
        from caudal import proto

        saveables = saveable_object.validate_and_slice_inputs(names_to_saveables)
        if max_to_keep is None:
            max_to_keep = 0
        with ops.name_scope(name, "save", [saveable.op for saveable in saveables]):
            filename_tensor = array_ops.placeholder_with_default(
                filename or "model", shape=(), name="filename"
            )
            filename_tensor = array_ops.placeholder_with_default(
                filename_tensor, shape=(), name="Const"
            )
            if sharded:
                per_device = self._GroupByDevices(saveables)
                save_tensor = self._AddShardedSaveOps(filename_tensor, per_device)
                restore_op = self._AddShardedRestoreOps(
                    filename_tensor, per_device, restore_sequentially, reshape
                )
            else:
                save_tensor = self._AddSaveOps(filename_tensor, saveables)
                restore_op = self._AddRestoreOps(
                    filename_tensor, saveables, restore_sequentially, reshape
                )
        return proto.SaverDef(
            filename_tensor_name=filename_tensor.name,
            save_tensor_name=save_tensor.name,
            restore_op_name=restore_op.name,
            max_to_keep=max_to_keep,
            sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version,
        )


class BulkSaverBuilder(BaseSaverBuilder):
    """Builds the nodes of a Saver, with one node that restores everything on a device."""

    def bulk_restore(self, filename_tensor, saveables, preferred_shard, restore_sequentially):
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names = [spec.name for spec in specs]
        slices = [spec.slice_spec for spec in specs]
        with ops.device("CPU:0"):
            return apply(
                "RestoreV2", filename_tensor, names, slices, dtypes=[_dtype(s) for s in specs]
            )


def _dtype(spec):
    return dtypes.as_dtype(spec.dtype).base_dtype


def _saved(value):
    """A tensor for a saving node: the reference itself where there is one."""
    return ops.convert_to_tensor(value) if not isinstance(value, ops.Tensor) else value


def _shape_of(saveable, spec):
    known = getattr(saveable.op, "shape", None)
    if len(saveable.specs) > 1 or known is None or not known.is_fully_defined():
        tensor = spec.tensor
        known = tensor.shape
        if not known.is_fully_defined():
            return array_ops.shape(tensor)
    return known
