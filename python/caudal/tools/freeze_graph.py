# SPDX-License-Identifier: Apache-2.0
"""Makes the variables of a saved graph constants: one file that holds a whole model.

`python -m caudal.tools.freeze_graph --input_meta_graph=model.ckpt.meta --input_binary
--input_checkpoint=model.ckpt --output_node_names=prob --output_graph=frozen.pb`
"""

import argparse
import os
import sys

from caudal.client.session import Session
from caudal.framework import files, graph_util, importer, ops
from caudal.saved_model import loader, tag_constants
from caudal.train import checkpoint_management
from caudal.train import saver as saver_lib
from caudal.train.checkpoint_utils import NewCheckpointReader

__all__ = ["freeze_graph", "freeze_graph_with_def_protos", "main"]


def _names(text):
    """A list from text with commas, or a list as it is."""
    if not text:
        return []
    return [n.strip() for n in text.split(",") if n.strip()] if isinstance(text, str) else text


def freeze_graph_with_def_protos(input_graph_def, input_saver_def, input_checkpoint,
                                 output_node_names, restore_op_name, filename_tensor_name,
                                 output_graph, clear_devices, initializer_nodes,
                                 variable_names_whitelist="", variable_names_blacklist="",
                                 input_meta_graph_def=None, input_saved_model_dir=None,
                                 saved_model_tags=None, checkpoint_version=2):  # fmt: skip
    """A frozen graph, as a GraphDef message; -1 if something is missing.

    Args:
      input_graph_def: GraphDef message, or None with one of the other sources.
      input_saver_def: SaverDef message of its Saver, or None: variables are found by their names.
      input_checkpoint: prefix of the checkpoint with the values.
      output_node_names: names of the nodes that are needed, with commas.
      restore_op_name, filename_tensor_name, checkpoint_version: without effect.
      output_graph: file to write, or "".
      clear_devices: leaves devices out.
      initializer_nodes: names of nodes to run when the values are there, with commas.
      variable_names_whitelist: names of the variables to make constants, with commas; "" for all.
      variable_names_blacklist: names of variables that stay.
      input_meta_graph_def: MetaGraphDef message.
      input_saved_model_dir: folder of a SavedModel.
      saved_model_tags: list of the tags of its graph.
    """
    from caudal import proto

    if not input_saved_model_dir and not checkpoint_management.checkpoint_exists(input_checkpoint):
        print("Input checkpoint '%s' doesn't exist!" % input_checkpoint, file=sys.stderr)
        return -1
    if not output_node_names:
        print("You need to supply the name of a node to --output_node_names.", file=sys.stderr)
        return -1
    with ops.Graph().as_default() as graph, Session(graph=graph) as sess:
        if input_saved_model_dir:
            message = loader.load(
                sess, saved_model_tags or [tag_constants.SERVING], input_saved_model_dir
            )
            graph_def = message.graph_def
        elif input_meta_graph_def is not None:
            message = proto.of(proto.MetaGraphDef, input_meta_graph_def)
            graph_def = message.graph_def
            saver = saver_lib.import_meta_graph(message, clear_devices=True)
            if saver is not None:
                saver.restore(sess, input_checkpoint)
        else:
            graph_def = proto.of(proto.GraphDef, input_graph_def)
            importer.import_graph_def(_without_devices(graph_def), name="")
            if input_saver_def is not None:
                saver = saver_lib.Saver(saver_def=input_saver_def)
            else:
                saver = saver_lib.Saver(_variables(graph, input_checkpoint), allow_empty=True)
            saver.restore(sess, input_checkpoint)
        if initializer_nodes:
            sess.run(_names(initializer_nodes))
        frozen = graph_util.convert_variables_to_constants(
            sess,
            _without_devices(graph_def) if clear_devices else graph_def,
            _names(output_node_names),
            _names(variable_names_whitelist) or None,
            _names(variable_names_blacklist) or None,
        )
    if output_graph:
        files.write(output_graph, frozen.SerializeToString())
    return frozen


def _without_devices(graph_def):
    from caudal import proto

    made = proto.GraphDef()
    made.CopyFrom(graph_def)
    for node in made.node:
        node.device = ""
    return made


def _variables(graph, checkpoint):
    """Dict of what a graph without collections has under the names of a checkpoint."""
    found = {}
    for name in NewCheckpointReader(checkpoint).get_variable_to_shape_map():
        try:
            op = graph.get_operation_by_name(name)
        except KeyError:
            continue  # a part of a larger variable, or not in this graph
        if op.type == "VarHandleOp":
            found[name] = graph.get_tensor_by_name(graph_util._read_of(graph, name))
        elif op.type in ("Variable", "VariableV2"):
            found[name] = op.outputs[0]
    return found


def freeze_graph(input_graph, input_saver, input_binary, input_checkpoint, output_node_names,
                 restore_op_name, filename_tensor_name, output_graph, clear_devices,
                 initializer_nodes, variable_names_whitelist="", variable_names_blacklist="",
                 input_meta_graph=None, input_saved_model_dir=None,
                 saved_model_tags=tag_constants.SERVING, checkpoint_version=2):  # fmt: skip
    """`freeze_graph_with_def_protos` with names of files for the messages.

    Args:
      input_graph, input_saver, input_meta_graph: files with the messages, or "".
      input_binary: whether they are binary, not text.
      saved_model_tags: tags with commas.
      Others: see `freeze_graph_with_def_protos`.
    """
    from caudal import proto

    for path in filter(None, (input_graph, input_meta_graph, input_saver)):
        if not os.path.exists(path):
            print("Input file '%s' does not exist!" % path, file=sys.stderr)
            return -1

    def message(path, cls):
        return _parse(path, cls, input_binary) if path else None

    return freeze_graph_with_def_protos(
        message(input_graph, proto.GraphDef),
        message(input_saver, proto.SaverDef),
        input_checkpoint,
        output_node_names,
        restore_op_name,
        filename_tensor_name,
        output_graph,
        clear_devices,
        initializer_nodes,
        variable_names_whitelist,
        variable_names_blacklist,
        message(input_meta_graph, proto.MetaGraphDef),
        input_saved_model_dir,
        _names(saved_model_tags),
        checkpoint_version,
    )


def _parse(path, cls, binary):
    data = files.read(path)
    if binary:
        return cls.FromString(data)
    from google.protobuf import text_format

    return text_format.Merge(data.decode(), cls())


def _bool(text):
    return text.lower() in ("1", "true", "t", "yes")


def main(arguments=None):
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m caudal.tools.freeze_graph",
        description="Makes the variables of a saved graph constants, in one file.",
    )
    for name, default, text in (
        ("input_graph", "", "file with a GraphDef"),
        ("input_saver", "", "file with a SaverDef"),
        ("input_checkpoint", "", "prefix of the checkpoint"),
        ("output_graph", "", "file to write"),
        ("output_node_names", "", "names of the nodes that are needed, with commas"),
        ("restore_op_name", "save/restore_all", "without effect"),
        ("filename_tensor_name", "save/Const:0", "without effect"),
        ("initializer_nodes", "", "names of nodes to run before, with commas"),
        ("variable_names_whitelist", "", "variables to make constants, with commas"),
        ("variable_names_blacklist", "", "variables that stay, with commas"),
        ("input_meta_graph", "", "file with a MetaGraphDef"),
        ("input_saved_model_dir", "", "folder of a SavedModel"),
        ("saved_model_tags", "serve", "tags of its graph, with commas"),
    ):
        parser.add_argument("--" + name, default=default, help=text)
    parser.add_argument("--checkpoint_version", type=int, default=2, help="without effect")
    for name, default, text in (
        ("input_binary", False, "files with messages are binary, not text"),
        ("clear_devices", True, "leave devices out"),
    ):
        parser.add_argument(
            "--" + name, type=_bool, nargs="?", const=True, default=default, help=text
        )
    options = parser.parse_args(arguments)
    frozen = freeze_graph(**vars(options))
    return 0 if frozen != -1 else 1


if __name__ == "__main__":
    sys.exit(main())
