# SPDX-License-Identifier: Apache-2.0
"""Reading SavedModels."""

import os

from caudal.framework import files, ops
from caudal.platform import tf_logging
from caudal.saved_model import constants
from caudal.train import checkpoint_management
from caudal.train import saver as saver_lib

__all__ = ["SavedModelLoader", "load", "maybe_saved_model_directory", "parse_saved_model"]


def parse_saved_model(export_dir):
    """The SavedModel message of a folder.

    Raises:
      OSError: if there is none, or it cannot be read.
    """
    from google.protobuf import message, text_format

    from caudal import proto

    export_dir = files.as_path(export_dir)
    path = os.path.join(export_dir, constants.SAVED_MODEL_FILENAME_PB)
    try:
        if os.path.exists(path):
            return proto.SavedModel.FromString(files.read(path))
        path = os.path.join(export_dir, constants.SAVED_MODEL_FILENAME_PBTXT)
        if os.path.exists(path):
            return text_format.Merge(files.read(path).decode(), proto.SavedModel())
    except (message.DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
        raise OSError("Cannot parse file %s: %s." % (path, error)) from None
    raise OSError(
        "SavedModel file does not exist at: %s/{%s|%s}"
        % (export_dir, constants.SAVED_MODEL_FILENAME_PBTXT, constants.SAVED_MODEL_FILENAME_PB)
    )


def maybe_saved_model_directory(export_dir):
    """Whether there is a SavedModel in a folder."""
    export_dir = files.as_path(export_dir)
    names = (constants.SAVED_MODEL_FILENAME_PB, constants.SAVED_MODEL_FILENAME_PBTXT)
    return any(os.path.exists(os.path.join(export_dir, name)) for name in names)


def load(sess, tags, export_dir, import_scope=None, **saver_kwargs):
    """Adds a graph of a SavedModel to a session's graph, and restores its variables.

    Args:
      sess: the session.
      tags: list of str, all tags of the graph.
      export_dir: folder of the SavedModel.
      import_scope: name scope to put the graph into; names in signatures are without it.
      **saver_kwargs: arguments of `tf.train.import_meta_graph`.

    Returns:
      The MetaGraphDef message, with `signature_def`.

    Raises:
      OSError: if there is no SavedModel.
      RuntimeError: if it has no graph of these tags.
    """
    return SavedModelLoader(export_dir).load(sess, tags, import_scope, **saver_kwargs)


class SavedModelLoader:
    """The steps of `load`.

    Args:
      export_dir: folder of the SavedModel.
    """

    def __init__(self, export_dir):
        self._export_dir = files.as_path(export_dir)
        self._variables_path = os.path.join(
            self._export_dir, constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME
        )
        self._saved_model = parse_saved_model(self._export_dir)

    @property
    def export_dir(self):
        return self._export_dir

    @property
    def variables_path(self):
        """The prefix of the checkpoint with the variables."""
        return self._variables_path

    @property
    def saved_model(self):
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags):
        """The MetaGraphDef of a list of tags."""
        for message in self._saved_model.meta_graphs:
            if set(message.meta_info_def.tags) == set(tags):
                return message
        there = [set(message.meta_info_def.tags) for message in self._saved_model.meta_graphs]
        raise RuntimeError(
            "MetaGraphDef associated with tags %s could not be found in SavedModel, which has "
            "those of\navailable_tags: %s"
            % (str(list(tags)).strip("[]") or "(none)", [sorted(t) for t in there])
        )

    def load_graph(self, graph, tags, import_scope=None, **saver_kwargs):
        """Adds the nodes to a graph: (Saver or None, return elements or None)."""
        message = self.get_meta_graph_def_from_tags(tags)
        with graph.as_default():
            return saver_lib._import_meta_graph_with_return_elements(
                message, import_scope=import_scope, **saver_kwargs
            )

    def restore_variables(self, sess, saver, import_scope=None):
        """Gives the variables their values."""
        with sess.graph.as_default():
            if saver is None or not saver_lib._all_saveable_objects(scope=import_scope):
                tf_logging.info(
                    "The specified SavedModel has no variables; no checkpoints were restored."
                )
            elif checkpoint_management.checkpoint_exists(self._variables_path):
                saver.restore(sess, self._variables_path)
            else:
                raise ValueError("The SavedModel has no file %s.index" % self._variables_path)

    def run_init_ops(self, sess, tags, import_scope=None):
        """Runs the operation that prepares the model, if there is one."""
        message = self.get_meta_graph_def_from_tags(tags)
        with sess.graph.as_default():
            feeds = self._asset_feeds(message, import_scope)
            op = _init_op(message, import_scope)
            if op is not None:
                sess.run(op, feed_dict=feeds)

    def _asset_feeds(self, message, import_scope):
        """Dict of tensors of file names, and the copies in the SavedModel."""
        from caudal import proto

        definitions = list(message.asset_file_def)
        if not definitions and constants.ASSETS_KEY in message.collection_def:
            for item in message.collection_def[constants.ASSETS_KEY].any_list.value:
                definitions.append(proto.AssetFileDef.FromString(item.value))
        folder = os.path.join(self._export_dir, constants.ASSETS_DIRECTORY)
        return {
            _scoped(d.tensor_info.name, import_scope): os.path.join(folder, d.filename)
            for d in definitions
        }

    def load(self, sess, tags, import_scope=None, **saver_kwargs):
        saver, _ = self.load_graph(sess.graph, tags, import_scope, **saver_kwargs)
        self.restore_variables(sess, saver, import_scope)
        self.run_init_ops(sess, tags, import_scope)
        return self.get_meta_graph_def_from_tags(tags)


def _scoped(name, import_scope):
    return "%s/%s" % (import_scope, name) if import_scope else name


def _init_op(message, import_scope):
    graph = ops.get_default_graph()
    if constants.INIT_OP_SIGNATURE_KEY in message.signature_def:
        outputs = message.signature_def[constants.INIT_OP_SIGNATURE_KEY].outputs
        for info in outputs.values():
            return graph.as_graph_element(_scoped(info.name, import_scope))
    for key in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
        if key in message.collection_def:
            found = message.collection_def[key].node_list.value
            if len(found) > 1:
                raise RuntimeError("Expected exactly one main op in: %s" % found)
            for name in found:
                return graph.as_graph_element(_scoped(name, import_scope))
    return None
