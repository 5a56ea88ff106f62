# SPDX-License-Identifier: Apache-2.0
"""Writing graphs to files."""

import os

from caudal.framework import files
from caudal.framework.graph import Graph

__all__ = ["write_graph"]


def write_graph(graph_or_graph_def, logdir, name, as_text=True):
    """Writes a graph as a GraphDef message to a file; returns its path.

    Args:
      graph_or_graph_def: a Graph or a GraphDef message.
      logdir: folder, made if it does not exist.
      name: of the file.
      as_text: True for text, False for binary.

    Raises:
      tf.errors.OpError: if the file cannot be written.
    """
    from caudal import proto

    if isinstance(graph_or_graph_def, Graph):
        graph_def = graph_or_graph_def.as_graph_def()
    else:
        graph_def = proto.of(proto.GraphDef, graph_or_graph_def)
    return write_message(graph_def, logdir, name, as_text)


def write_message(message, folder, name, as_text=False):
    """Writes a message to a file as text or binary; returns its path. Makes the folder."""
    folder = files.as_path(folder)
    os.makedirs(folder or ".", exist_ok=True)
    path = os.path.join(folder, name)
    if as_text:
        from google.protobuf import text_format

        files.write(path, text_format.MessageToString(message))
    else:
        files.write(path, message.SerializeToString())
    return path
