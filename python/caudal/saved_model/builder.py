# SPDX-License-Identifier: Apache-2.0
"""Writing SavedModels: folders with graphs, their signatures, variables and files."""

import os
import shutil

from caudal.framework import files, ops, tensor_util
from caudal.platform import tf_logging
from caudal.saved_model import constants
from caudal.train import saver as saver_lib

__all__ = ["SavedModelBuilder"]


class SavedModelBuilder:
    """Collects graphs and variables, and writes them into a folder.

    `add_meta_graph_and_variables` comes first and once, then `add_meta_graph` for further graphs
    of the same variables, then `save`.

    Args:
      export_dir: the folder, which must not exist or be empty.

    Raises:
      AssertionError: if there is something in the folder.
    """

    def __init__(self, export_dir):
        from caudal import proto

        export_dir = files.as_path(export_dir)
        if os.path.exists(export_dir):
            if not os.path.isdir(export_dir) or os.listdir(export_dir):
                raise AssertionError(
                    "Export directory already exists, and isn't empty. Please choose a different "
                    "export directory, or delete all the contents of the specified directory: %s"
                    % export_dir
                )
        else:
            os.makedirs(export_dir)
        self._export_dir = export_dir
        self._saved_model = proto.SavedModel(
            saved_model_schema_version=constants.SAVED_MODEL_SCHEMA_VERSION
        )
        self._has_saved_variables = False
        self._assets = {}  # name of the copy -> source

    def add_meta_graph_and_variables(self, sess, tags, signature_def_map=None,
                                     assets_collection=None, legacy_init_op=None,
                                     clear_devices=False, main_op=None,
                                     strip_default_attrs=False, saver=None):  # fmt: skip
        """Adds the default graph, and writes the variables.

        Args:
          sess: session with the values of the variables.
          tags: list of str by which the graph is found, such as `tag_constants.SERVING`.
          signature_def_map: dict of names and SignatureDef messages.
          assets_collection: list of constant string Tensors, names of files that are copied into
            the folder; the loaded graph finds the copies.
          legacy_init_op: older name of `main_op`.
          clear_devices: leaves devices out of the graph.
          main_op: operation that the loader runs when the variables are restored.
          strip_default_attrs: leaves attrs that have their default out of the graph.
          saver: a Saver; default: one of all variables.

        Raises:
          AssertionError: if variables were written before, or a signature is incomplete.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke "
                "`add_meta_graph()` instead."
            )
        self._check_signatures(signature_def_map)
        self._add_collections(assets_collection, main_op, legacy_init_op)
        folder = os.path.join(self._export_dir, constants.VARIABLES_DIRECTORY)
        os.makedirs(folder, exist_ok=True)
        saver = self._saver(saver)
        saver.save(
            sess,
            os.path.join(folder, constants.VARIABLES_FILENAME),
            write_meta_graph=False,
            write_state=False,
        )
        self._add(saver, tags, signature_def_map, clear_devices, strip_default_attrs)
        self._has_saved_variables = True

    def add_meta_graph(self, tags, signature_def_map=None, assets_collection=None,
                       legacy_init_op=None, clear_devices=False, main_op=None,
                       strip_default_attrs=False, saver=None):  # fmt: skip
        """Adds the default graph; for arguments see `add_meta_graph_and_variables`.

        Raises:
          AssertionError: if no variables were written, or a signature is incomplete.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        self._check_signatures(signature_def_map)
        self._add_collections(assets_collection, main_op, legacy_init_op)
        self._add(self._saver(saver), tags, signature_def_map, clear_devices, strip_default_attrs)

    def save(self, as_text=False):
        """Writes the graphs; returns the path of the file as bytes.

        Args:
          as_text: writes saved_model.pbtxt, not saved_model.pb.
        """
        os.makedirs(self._export_dir, exist_ok=True)
        self._copy_assets()
        if as_text:
            from google.protobuf import text_format

            name = constants.SAVED_MODEL_FILENAME_PBTXT
            data = text_format.MessageToString(self._saved_model)
        else:
            name = constants.SAVED_MODEL_FILENAME_PB
            data = self._saved_model.SerializeToString()
        path = os.path.join(self._export_dir, name)
        files.write(path, data)
        tf_logging.info("SavedModel written to: %s", path)
        return os.fsencode(path)

    @staticmethod
    def _saver(saver):
        return saver or saver_lib.Saver(
            saver_lib._all_saveable_objects(), sharded=True, allow_empty=True
        )

    @staticmethod
    def _check_signatures(signature_def_map):
        for key, signature in (signature_def_map or {}).items():
            if key == constants.INIT_OP_SIGNATURE_KEY:
                raise KeyError('SignatureDef map key "%s" is reserved.' % key)
            for info in [*signature.inputs.values(), *signature.outputs.values()]:
                if info.WhichOneof("encoding") is None:
                    raise AssertionError(
                        "All TensorInfo protos used in the SignatureDefs must have one of the "
                        "'encoding' fields (e.g., name or coo_sparse) set.\n%s" % info
                    )
                if not info.dtype:
                    raise AssertionError(
                        "All TensorInfo protos used in the SignatureDefs must have the dtype "
                        "field set.\n%s" % info
                    )

    def _add_collections(self, assets_collection, main_op, legacy_init_op):
        for tensor in assets_collection or ():
            self._add_asset(tensor)
        key, op = constants.MAIN_OP_KEY, main_op
        if op is None and legacy_init_op is not None:
            key, op = constants.LEGACY_INIT_OP_KEY, legacy_init_op
        if op is None:
            return
        if not isinstance(op, ops.Operation):
            raise TypeError("main_op needs to be an Operation: %r" % (op,))
        for each in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
            if ops.get_collection(each):
                raise ValueError(
                    "Graph already contains one or more main ops under the collection %s." % each
                )
        ops.add_to_collection(key, op)

    def _add_asset(self, tensor):
        from caudal import proto

        value = tensor_util.constant_value(tensor)
        path = value.item() if value is not None and value.size == 1 else None
        if not path:
            raise ValueError("Invalid asset filepath tensor %s" % (tensor,))
        path = files.as_path(path)
        name = self._asset_name(path)
        definition = proto.AssetFileDef(filename=name)
        definition.tensor_info.name = tensor.name
        # Under the name that TensorFlow's own messages have.
        item = proto.Any(
            type_url="type.googleapis.com/tensorflow.AssetFileDef",
            value=definition.SerializeToString(),
        )
        if item not in ops.get_collection(constants.ASSETS_KEY):
            ops.add_to_collection(constants.ASSETS_KEY, item)

    def _asset_name(self, path):
        """The name of the copy of a file; files of one name get numbers."""
        base = name = os.path.basename(path)
        number = 1
        while self._assets.setdefault(name, path) != path:
            name = "%s_%d" % (base, number)
            number += 1
        return name

    def _copy_assets(self):
        folder = os.path.join(self._export_dir, constants.ASSETS_DIRECTORY)
        for name, source in self._assets.items():
            os.makedirs(folder, exist_ok=True)
            target = os.path.join(folder, name)
            if not os.path.exists(target):
                shutil.copyfile(source, target)

    def _add(self, saver, tags, signature_def_map, clear_devices, strip_default_attrs):
        from caudal import proto

        message = saver.export_meta_graph(
            clear_devices=clear_devices, strip_default_attrs=strip_default_attrs
        )
        message.meta_info_def.tags.extend(tags)
        for key, signature in (signature_def_map or {}).items():
            message.signature_def[key].CopyFrom(proto.of(proto.SignatureDef, signature))
        self._saved_model.meta_graphs.add().CopyFrom(message)
