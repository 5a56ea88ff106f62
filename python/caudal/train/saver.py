# SPDX-License-Identifier: Apache-2.0
"""Saver: checkpoints of variables; meta graphs written to and read from files."""

import os
import time

from caudal.client import session as session_lib
from caudal.framework import errors, files, meta_graph, ops
from caudal.framework.proto_registry import register_proto_function
from caudal.platform import tf_logging
from caudal.train import checkpoint_management, training_util
from caudal.train.saver_builder import V2, BaseSaverBuilder, BulkSaverBuilder

__all__ = [
    "BaseSaverBuilder",
    "BulkSaverBuilder",
    "Saver",
    "export_meta_graph",
    "import_meta_graph",
]

checkpoint_exists = checkpoint_management.checkpoint_exists
get_checkpoint_mtimes = checkpoint_management.get_checkpoint_mtimes
get_checkpoint_state = checkpoint_management.get_checkpoint_state
latest_checkpoint = checkpoint_management.latest_checkpoint
update_checkpoint_state = checkpoint_management.update_checkpoint_state


def _saver_def_class():
    from caudal import proto

    return proto.SaverDef


def _all_saveable_objects(scope=None):
    keys = (ops.GraphKeys.GLOBAL_VARIABLES, ops.GraphKeys.SAVEABLE_OBJECTS)
    return [item for key in keys for item in ops.get_collection(key, scope)]


class Saver:
    """Saves variables to checkpoints and restores them.

    A Saver adds nodes to the graph that save and restore, so that an exported graph has them too.

    Args:
      var_list: variables to save, as a list (their names are the keys) or as a dict by key; parts
        of one variable may be given as a list; SaveableObjects, too. Default: all global variables
        and GraphKeys.SAVEABLE_OBJECTS.
      reshape: lets values be restored to variables of another shape with as many elements.
      sharded: writes one data file for each device.
      max_to_keep: so many checkpoints are kept, older ones are deleted; None or 0: all are kept.
      keep_checkpoint_every_n_hours: one checkpoint in so many hours is never deleted.
      name: prefix of the nodes; default "save".
      restore_sequentially: restores one value after the other, where a builder has a node for each.
      saver_def: a SaverDef message of nodes which are in the graph already.
      builder: a BaseSaverBuilder.
      defer_build: leaves the nodes to `build()`.
      allow_empty: lets there be no variables; `save` and `restore` do nothing then.
      write_version: SaverDef.V2; V1, the format of one file, is there for old programs.
      pad_step_number: writes global steps in file names with 8 digits.
      save_relative_paths: paths in the `checkpoint` file are relative to its folder, so that the
        folder can be moved.
      filename: value of the node of the file name, for runs that do not feed it.

    Raises:
      TypeError: if `var_list` holds what is no variable.
      ValueError: if there are no variables, or names occur twice.
    """

    def __init__(self, var_list=None, reshape=False, sharded=False, max_to_keep=5,
                 keep_checkpoint_every_n_hours=10000.0, name=None, restore_sequentially=False,
                 saver_def=None, builder=None, defer_build=False, allow_empty=False,
                 write_version=V2, pad_step_number=False, save_relative_paths=False,
                 filename=None):  # fmt: skip
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set "
                "defer_build=False or var_list=None."
            )
        self._var_list = var_list
        self._reshape = reshape
        self._sharded = sharded
        self._max_to_keep = max_to_keep
        self._keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self._name = name
        self._restore_sequentially = restore_sequentially
        self.saver_def = saver_def
        self._builder = builder
        self._is_built = False
        self._is_empty = False
        self._allow_empty = allow_empty
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._filename = filename
        self._last_checkpoints = []  # of (path, time)
        self._checkpoints_to_be_deleted = []
        self._next_checkpoint_time = float("inf")
        self._save_relative_paths = save_relative_paths
        self._object_restore_saver = None
        if saver_def is not None:
            self._take(saver_def)
        if not defer_build:
            self.build()
        if self.saver_def is not None:
            self._check_saver_def()
            self._write_version = self.saver_def.version

    def _take(self, saver_def):
        from caudal import proto

        try:
            own = proto.of(proto.SaverDef, saver_def)
        except TypeError:
            raise ValueError("saver_def must be a saver_pb2.SaverDef: %s" % (saver_def,)) from None
        # The scope of an import is added to a copy, not to the message of the caller.
        self.saver_def = proto.SaverDef.FromString(own.SerializeToString())

    def _check_saver_def(self):
        if not self.saver_def.save_tensor_name:
            raise ValueError(
                "saver_def must specify the save_tensor_name: %s" % str(self.saver_def)
            )
        if not self.saver_def.restore_op_name:
            raise ValueError("saver_def must specify the restore_op_name: %s" % str(self.saver_def))

    def build(self):
        """Adds the nodes, if that was deferred."""
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if self._builder is None:
                self._builder = BulkSaverBuilder(self._write_version)
            if self._var_list is None:
                self._var_list = _all_saveable_objects()
            if not self._var_list:
                if not self._allow_empty:
                    raise ValueError("No variables to save")
                self._is_empty = True
                return
            self.saver_def = self._builder._build_internal(
                self._var_list,
                reshape=self._reshape,
                sharded=self._sharded,
                max_to_keep=self._max_to_keep,
                keep_checkpoint_every_n_hours=self._keep_checkpoint_every_n_hours,
                name=self._name,
                restore_sequentially=self._restore_sequentially,
                filename=self._filename,
            )
        elif self._name:
            scope = self._name.rstrip("/") + "/"
            for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
                setattr(self.saver_def, field, scope + getattr(self.saver_def, field))
        self._check_saver_def()
        hours = self.saver_def.keep_checkpoint_every_n_hours
        self._next_checkpoint_time = time.time() + hours * 3600

    # Which checkpoints there are ---------------------------------------------------------------

    def _record(self, path):
        """Notes a new checkpoint, and which one has to go for it."""
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [p for p in self._last_checkpoints if p[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._checkpoints_to_be_deleted.append(self._last_checkpoints.pop(0))

    def _delete_old(self, meta_graph_suffix):
        if not self._checkpoints_to_be_deleted:
            return
        path, seconds = self._checkpoints_to_be_deleted.pop(0)
        if seconds > self._next_checkpoint_time:
            self._next_checkpoint_time += self.saver_def.keep_checkpoint_every_n_hours * 3600
            return
        try:
            checkpoint_management.remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except OSError as error:
            tf_logging.warning("Ignoring: %s", error)

    @property
    def last_checkpoints(self):
        """The prefixes of the checkpoints that are kept, oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints):
        """Sets `last_checkpoints`, a list of str, without times: old name of the next method."""
        if not isinstance(last_checkpoints, list):
            raise AssertionError("last_checkpoints is a list, not %s" % type(last_checkpoints))
        self._last_checkpoints = [(path, float("nan")) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time):
        """Sets what `last_checkpoints` lists: (prefix, seconds), oldest first."""
        if not isinstance(last_checkpoints_with_time, list):
            raise AssertionError("a list is needed, not %s" % type(last_checkpoints_with_time))
        self._last_checkpoints = list(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths):
        """Takes checkpoints of an earlier process into `last_checkpoints`.

        Args:
          checkpoint_paths: list of prefixes; those without files are left out.
        """
        found = []
        for path in checkpoint_paths:
            times = checkpoint_management.get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    # The nodes as a message ---------------------------------------------------------------

    def as_saver_def(self):
        """The SaverDef message."""
        return self.saver_def

    def to_proto(self, export_scope=None):
        """The SaverDef message, or None if the nodes are outside of a name scope.

        Args:
          export_scope: name scope that is taken off the names.
        """
        if export_scope is None:
            return self.saver_def
        if not self.saver_def.filename_tensor_name.startswith(export_scope):
            return None
        scope = export_scope.rstrip("/") + "/"
        made = _saver_def_class()()
        made.CopyFrom(self.saver_def)
        for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
            name = getattr(made, field)
            setattr(made, field, name[len(scope) :] if name.startswith(scope) else name)
        return made

    @staticmethod
    def from_proto(saver_def, import_scope=None):
        """A Saver of the nodes that a SaverDef message names."""
        return Saver(saver_def=saver_def, name=import_scope)

    def export_meta_graph(self, filename=None, collection_list=None, as_text=False,
                          export_scope=None, clear_devices=False,
                          clear_extraneous_savers=False, strip_default_attrs=False,
                          save_debug_info=False):  # fmt: skip
        """The default graph with this Saver's SaverDef, see `tf.train.export_meta_graph`."""
        return export_meta_graph(
            filename=filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )

    # Saving and restoring ---------------------------------------------------------------

    def save(self, sess, save_path, global_step=None, latest_filename=None,
             meta_graph_suffix="meta", write_meta_graph=True, write_state=True,
             strip_default_attrs=False, save_debug_info=False):  # fmt: skip
        """Writes a checkpoint.

        Its files are written under other names first: a checkpoint that is there is complete. The
        `checkpoint` file names it only then, and after that the oldest one is deleted.

        Args:
          sess: session with the values.
          save_path: str, prefix of the files; the folder has to exist.
          global_step: int, or a tensor, variable or its name: a number to put behind the prefix.
          latest_filename: name of the file that says which checkpoint is the latest; default
            "checkpoint".
          meta_graph_suffix: ending of the file with the graph.
          write_meta_graph: whether to write that.
          write_state: whether to write the `checkpoint` file.
          strip_default_attrs: leaves attrs that have their default out of the graph.
          save_debug_info: writes where the nodes were made to a file `.debug` beside the graph.

        Returns:
          The prefix with the number, to be used with `restore`; None for an empty Saver.

        Raises:
          TypeError: if `sess` is not a session.
          ValueError: if the folder does not exist, or names collide.
          RuntimeError: if `build` was deferred and has not been called.
          tf.errors.OpError: if the files cannot be written.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = latest_filename or "checkpoint"
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        if self._write_version != V2:
            tf_logging.warning("Saving in the V1 format, in one file; SaverDef.V2 is the usual one")
        save_path = files.as_path(save_path)
        checkpoint_file = save_path
        if global_step is not None:
            if not _is_integer(global_step):
                global_step = training_util.global_step(sess, global_step)
            form = "%s-%08d" if self._pad_step_number else "%s-%d"
            checkpoint_file = form % (save_path, global_step)
        elif os.path.basename(save_path) == latest_filename and not self._sharded:
            # Sharded ones never have exactly this name.
            raise ValueError(
                "'latest_filename' collides with 'save_path': '%s' and '%s'"
                % (latest_filename, save_path)
            )
        if not isinstance(sess, session_lib.BaseSession):
            sess = getattr(sess, "raw_session", lambda: sess)()
            if not isinstance(sess, session_lib.BaseSession):
                raise TypeError("'sess' must be a Session; %s" % (sess,))
        folder = os.path.dirname(save_path)
        path = None
        if not self._is_empty:
            try:
                path = self._write(sess, checkpoint_file)
                if write_state:
                    self._record(path)
                    checkpoint_management.update_checkpoint_state_internal(
                        save_dir=folder,
                        model_checkpoint_path=path,
                        all_model_checkpoint_paths=self.last_checkpoints,
                        latest_filename=latest_filename,
                        save_relative_paths=self._save_relative_paths,
                    )
                    self._delete_old(meta_graph_suffix)
            except (errors.FailedPreconditionError, errors.NotFoundError):
                if not os.path.isdir(folder or "."):
                    raise ValueError(
                        "Parent directory of %s doesn't exist, can't save." % save_path
                    ) from None
                raise
        if write_meta_graph:
            name = checkpoint_management.meta_graph_filename(checkpoint_file, meta_graph_suffix)
            with sess.graph.as_default():
                self.export_meta_graph(
                    name, strip_default_attrs=strip_default_attrs, save_debug_info=save_debug_info
                )
        return path

    def _write(self, sess, checkpoint_file):
        path = sess.run(
            self.saver_def.save_tensor_name, {self.saver_def.filename_tensor_name: checkpoint_file}
        )
        return path.decode() if isinstance(path, bytes) else str(path)

    def restore(self, sess, save_path):
        """Gives the variables the values of a checkpoint; they need no initializer then.

        Args:
          sess: the session.
          save_path: prefix of the checkpoint, from `save` or `tf.train.latest_checkpoint`.

        Raises:
          ValueError: if `save_path` is None or there is no such checkpoint.
          tf.errors.NotFoundError: if it lacks a variable.
          tf.errors.InvalidArgumentError: if a variable has another shape or dtype.
          tf.errors.DataLossError: if it is damaged.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        prefix = files.as_path(save_path)
        if not checkpoint_management.checkpoint_exists(prefix):
            raise ValueError("The passed save_path is not a valid checkpoint: " + prefix)
        tf_logging.info("Restoring parameters from %s", prefix)
        try:
            self._read(sess, prefix)
        except errors.NotFoundError as error:
            keys = object_graph_key_mapping(prefix)
            if keys is None:
                raise _explained(
                    error, "a Variable name or other graph key that is missing"
                ) from None
            tf_logging.warning(
                "Restoring an object-based checkpoint using a name-based saver. This is slow; "
                "tf.train.Checkpoint.restore reads it as it was written."
            )
            self._object_restore_saver = saver_from_object_based_checkpoint(
                prefix, self._var_list, keys, self._object_restore_saver
            )
            self._object_restore_saver.restore(sess, prefix)
        except errors.InvalidArgumentError as error:
            raise _explained(error, "a mismatch between the current graph and the graph") from None

    def _read(self, sess, prefix):
        sess.run(self.saver_def.restore_op_name, {self.saver_def.filename_tensor_name: prefix})


def _is_integer(value):
    import numpy as np

    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _explained(error, what):
    """An error of restoring with its likely reason."""
    return type(error)(
        None,
        error._op,
        "Restoring from checkpoint failed. This is most likely due to %s from the checkpoint. The "
        "graph has to be the one of the checkpoint: the same variables, with the same shapes. "
        "Original error:\n\n%s" % (what, error.message),
    )


# Checkpoints of tf.train.Checkpoint ---------------------------------------------------------------

_OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


def object_graph_key_mapping(checkpoint_path):
    """A dict of variable names and keys in an object-based checkpoint; None for any other."""
    from caudal import proto
    from caudal.io.checkpoint_reader import NewCheckpointReader

    reader = NewCheckpointReader(checkpoint_path)
    if not reader.has_tensor(_OBJECT_GRAPH_KEY):
        return None
    graph = proto.TrackableObjectGraph.FromString(reader.get_tensor(_OBJECT_GRAPH_KEY))
    return {
        attribute.full_name: attribute.checkpoint_key
        for node in graph.nodes
        for attribute in node.attributes
    }


def saver_from_object_based_checkpoint(checkpoint_path, var_list, names_to_keys,
                                       cached_saver=None):  # fmt: skip
    """A Saver that restores variables by name from an object-based checkpoint.

    Raises:
      NotFoundError: if it lacks a variable.
    """
    from caudal.ops import saveable_object

    if var_list is None:
        var_list = _all_saveable_objects()
    saveables = saveable_object.validate_and_slice_inputs(var_list)
    wanted = {spec.name for saveable in saveables for spec in saveable.specs}
    missing = sorted(wanted - set(names_to_keys))
    if missing:
        extra = sorted(set(names_to_keys) - wanted)
        raise errors.NotFoundError(
            None,
            None,
            "\n\nExisting variables not in the checkpoint: %s\n\nVariables names when this "
            "checkpoint was written which don't exist now: %s\n\n(%d variable name(s) did match)"
            "\n\nThe checkpoint %s was written by tf.train.Checkpoint and is read by variable "
            "names here, but some have changed."
            % (", ".join(missing), ", ".join(extra), len(wanted) - len(missing), checkpoint_path),
        )
    if cached_saver is not None:
        return cached_saver
    for saveable in saveables:
        for spec in saveable.specs:
            spec.name = names_to_keys[spec.name]
    return Saver({saveable.name: saveable for saveable in saveables})


# Meta graphs ---------------------------------------------------------------


def import_meta_graph(meta_graph_or_file, clear_devices=False, import_scope=None, **kwargs):
    """Adds a graph from a meta graph to the default graph.

    Args:
      meta_graph_or_file: a MetaGraphDef message, or the name of a file with one, such as
        "model.ckpt-100.meta", binary or text.
      clear_devices: leaves all operations to be placed anew.
      import_scope: name scope to put the graph into.
      **kwargs: arguments of `tf.import_graph_def`.

    Returns:
      A Saver of the imported variables, or None if there are none.

    Raises:
      OSError: if there is no such file.
    """
    return _import_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, import_scope, **kwargs
    )[0]


def _import_meta_graph_with_return_elements(meta_graph_or_file, clear_devices=False,
                                            import_scope=None, return_elements=None,
                                            **kwargs):  # fmt: skip
    from caudal import proto

    if isinstance(meta_graph_or_file, (str, bytes, os.PathLike)):
        message = meta_graph.read_meta_graph_file(files.as_path(meta_graph_or_file))
    else:
        message = proto.of(proto.MetaGraphDef, meta_graph_or_file)
    if return_elements is not None:
        imported, elements = meta_graph.import_scoped_meta_graph_with_return_elements(
            message, clear_devices=clear_devices, import_scope=import_scope,
            return_elements=return_elements, **kwargs,
        )  # fmt: skip
    else:
        elements = None
        imported = meta_graph.import_scoped_meta_graph(
            message, clear_devices=clear_devices, import_scope=import_scope, **kwargs
        )
    return _saver_of(message, import_scope, imported), elements


def _saver_of(message, import_scope, imported):
    if message.HasField("saver_def"):
        scope = import_scope
        if imported:
            # The scope may have got a number; what the variables are called now tells.
            name, variable = next(iter(imported.items()))
            scope = variable.name[: -len(name)] if variable.name.endswith(name) else scope
        return Saver(saver_def=message.saver_def, name=scope)
    if _all_saveable_objects(scope=import_scope):
        return Saver()
    tf_logging.info("Saver not created because there are no variables in the graph to restore")
    return None


def export_meta_graph(filename=None, meta_info_def=None, graph_def=None, saver_def=None,
                      collection_list=None, as_text=False, graph=None, export_scope=None,
                      clear_devices=False, clear_extraneous_savers=False,
                      strip_default_attrs=False, save_debug_info=False, **kwargs):  # fmt: skip
    """A graph with its collections as a MetaGraphDef message.

    Args:
      filename: file to write, if any.
      meta_info_def: MetaInfoDef message to take over.
      graph_def: GraphDef message to take instead of the graph's own.
      saver_def: SaverDef message of the graph's Saver.
      collection_list: list of names of the collections to take; default: all.
      as_text: writes the file as text.
      graph: default: the default graph.
      export_scope: name scope to export without the rest; it is taken off the names.
      clear_devices: leaves devices out.
      clear_extraneous_savers: leaves the nodes of other Savers out.
      strip_default_attrs: leaves attrs that have their default out.
      save_debug_info: writes where the nodes were made to a file `.debug` beside the graph.

    Returns:
      The message.
    """
    message, _ = meta_graph.export_scoped_meta_graph(
        filename=filename,
        meta_info_def=meta_info_def,
        graph_def=graph_def,
        saver_def=saver_def,
        collection_list=collection_list,
        as_text=as_text,
        graph=graph,
        export_scope=export_scope,
        clear_devices=clear_devices,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        save_debug_info=save_debug_info,
        **kwargs,
    )
    return message


register_proto_function(ops.GraphKeys.SAVERS, _saver_def_class, Saver.to_proto, Saver.from_proto)
