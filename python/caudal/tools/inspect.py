# SPDX-License-Identifier: Apache-2.0
"""What a file or folder of TensorFlow holds: checkpoint, graph, SavedModel, events, records."""

import glob
import os
import sys
import time

from caudal.framework import dtypes, errors, files, op_registry
from caudal.io import tf_record
from caudal.io.checkpoint_reader import NewCheckpointReader
from caudal.saved_model import loader
from caudal.train import checkpoint_management

__all__ = ["describe"]

_MOST = 40  # lines of a list that could be very long
# TensorFlow 1's control flow, which an import turns into If and While.
_RAISED = frozenset("Switch Merge Enter Exit NextIteration LoopCond".split())
_INPUTS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable")


def describe(path):
    """Yields lines of text about a file, folder or prefix of a checkpoint.

    Raises:
      tf.errors.NotFoundError: if there is nothing of that name.
      tf.errors.DataLossError: if it is damaged, or of no kind that is known.
    """
    path = files.as_path(path)
    if os.path.isdir(path):
        yield from _folder(path)
    elif path.endswith(".index") and os.path.exists(path):
        yield from _checkpoint(path[: -len(".index")])
    elif os.path.exists(path + ".index"):
        yield from _checkpoint(path)
    elif os.path.exists(path):
        yield from _file(path)
    else:
        raise errors.NotFoundError(None, None, "%s: no such file, folder or checkpoint" % path)


def _folder(path):
    if loader.maybe_saved_model_directory(path):
        yield from _saved_model(path)
        return
    found = False
    state = checkpoint_management.get_checkpoint_state(path)
    if state is not None:
        found = True
        yield "checkpoints, of which %s is the latest" % state.model_checkpoint_path
        for each in state.all_model_checkpoint_paths:
            there = "" if checkpoint_management.checkpoint_exists(each) else "  (missing)"
            yield "  %s%s" % (each, there)
        if checkpoint_management.checkpoint_exists(state.model_checkpoint_path):
            yield from _checkpoint(state.model_checkpoint_path)
    for each in sorted(glob.glob(os.path.join(glob.escape(path), "*tfevents*"))):
        found = True
        yield each
        yield from _events(each)
    if not found:
        raise errors.NotFoundError(
            None, None, "%s: a folder without SavedModel, checkpoints and event files" % path
        )


def _file(path):
    from google.protobuf.message import DecodeError

    from caudal import proto

    name = os.path.basename(path)
    with open(path, "rb") as file:
        start = file.read(64)
        file.seek(max(0, os.path.getsize(path) - 8))
        end = file.read(8)
    if "tfevents" in name:
        yield from _events(path)
    elif end == b"\x57\xfb\x80\x8b\x24\x75\x47\xdb":
        yield from _checkpoint(path)
    elif name.startswith("saved_model.pb"):
        yield from _saved_model(os.path.dirname(path) or ".")
    elif _is_records(path, start):
        yield from _records(path, start)
    else:
        data = files.read(path)
        kinds = [(proto.GraphDef, _graph), (proto.MetaGraphDef, _meta_graph)]
        if name.endswith(".meta"):
            kinds.reverse()
        for cls, write in kinds:
            try:
                message = _parsed(data, cls)
            except (DecodeError, ValueError):
                continue
            if _is_graph(message):
                yield from write(message)
                return
        raise errors.DataLossError(
            None,
            None,
            "%s: neither a checkpoint, a graph, a SavedModel, events nor records" % path,
        )


def _parsed(data, cls):
    """A message from bytes or text; DecodeError or ValueError for anything else."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    try:
        return cls.FromString(data)
    except DecodeError:
        try:
            return text_format.Merge(data.decode(), cls())
        except text_format.ParseError as error:
            raise ValueError(str(error)) from None


def _is_graph(message):
    """Whether the fields of a message make sense: other messages parse, too."""
    graph = message.graph_def if hasattr(message, "graph_def") else message
    return len(graph.node) > 0 and all(n.name and n.op for n in graph.node)


# Checkpoints ---------------------------------------------------------------------------------


def _checkpoint(prefix):
    reader = NewCheckpointReader(prefix)
    shapes = reader.get_variable_to_shape_map()
    types = reader.get_variable_to_dtype_map()
    old = not os.path.exists(prefix + ".index")
    parts = glob.glob(glob.escape(prefix) + ".data-?????-of-?????")
    on_disk = sum(os.path.getsize(p) for p in parts) if parts else os.path.getsize(prefix)
    yield "checkpoint %s: format %s, %d tensors, %d data file%s, %s" % (
        prefix, "V1" if old else "V2", len(shapes), len(parts) or 1,
        "" if len(parts) < 2 else "s", _size(on_disk),
    )  # fmt: skip
    total = 0
    width = max((len(n) for n in shapes), default=0)
    for name in sorted(shapes):
        count = 1
        for size in shapes[name]:
            count *= size
        total += count
        known = types[name] != dtypes.string
        size = _size(count * types[name].size) if known else "-"
        yield "  %-*s  %-10s %-20s %10s" % (
            width, name, types[name].name, _shape(shapes[name]), size,
        )  # fmt: skip
    yield "  %d elements" % total


def _shape(sizes):
    return "[%s]" % ", ".join("?" if s is None or s < 0 else str(s) for s in sizes)


def _size(count):
    for unit in ("B", "KB", "MB", "GB"):
        if count < 10000 or unit == "GB":
            return "%d %s" % (count, unit)
        count /= 1000.0
    return ""


# Graphs --------------------------------------------------------------------------------------


def _graph(graph):
    yield "graph: %d nodes, %d functions, producer %d" % (
        len(graph.node), len(graph.library.function), graph.versions.producer,
    )  # fmt: skip
    for title, ops in (("inputs", _INPUTS), ("variables", _VARIABLES)):
        found = [n for n in graph.node if n.op in ops]
        yield from _some(title, [_node_text(n) for n in found])
    used = {name for n in graph.node for i in n.input for name in (i.lstrip("^").split(":")[0],)}
    unread = [n for n in graph.node if n.name not in used and n.op not in ("NoOp", "Const")]
    yield from _some("nodes that no other reads", ["%s  %s" % (n.name, n.op) for n in unread])
    counts = {}
    functions = {f.signature.name for f in graph.library.function}
    for node in [*graph.node, *(n for f in graph.library.function for n in f.node_def)]:
        counts[node.op] = counts.get(node.op, 0) + 1
    missing = [op for op in counts if _support(op, functions) == "no"]
    yield "  ops: %d kinds, %s" % (
        len(counts),
        "all supported" if not missing else "not supported: " + ", ".join(sorted(missing)),
    )
    width = max((len(op) for op in counts), default=0)
    for op in sorted(counts):
        yield "    %-*s %6d  %s" % (width, op, counts[op], _support(op, functions))


def _support(op, functions):
    base = op[3:] if op.startswith("Ref") else op
    if base in _RAISED:
        return "yes, as If and While"
    if op in functions:
        return "yes, a function of the graph"
    return "yes" if op_registry.find(op) is not None else "no"


def _node_text(node):
    dtype = node.attr["dtype"].type if "dtype" in node.attr else node.attr["T"].type
    text = "%s  %s" % (node.name, _dtype_name(dtype))
    if "shape" in node.attr and not node.attr["shape"].shape.unknown_rank:
        text += " " + _shape([d.size for d in node.attr["shape"].shape.dim])
    return text


def _dtype_name(number):
    try:
        return dtypes.as_dtype(number).name
    except TypeError:
        return "dtype %d" % number


def _some(title, lines):
    if not lines:
        return
    yield "  %s: %d" % (title, len(lines))
    for line in lines[:_MOST]:
        yield "    " + line
    if len(lines) > _MOST:
        yield "    ... and %d more" % (len(lines) - _MOST)


def _meta_graph(message):
    info = message.meta_info_def
    yield "meta graph: TensorFlow %s%s" % (
        info.tensorflow_version or "of unknown version",
        ", tags " + " ".join(info.tags) if info.tags else "",
    )
    if message.HasField("saver_def"):
        saver = message.saver_def
        yield "  saver: %s, %s, keeps %d" % (
            saver.restore_op_name, "sharded" if saver.sharded else "one data file",
            saver.max_to_keep,
        )  # fmt: skip
    for key in sorted(message.collection_def):
        collection = message.collection_def[key]
        kind = collection.WhichOneof("kind")
        count = len(getattr(collection, kind).value) if kind else 0
        yield "  collection %s: %d" % (key, count)
    for key in sorted(message.signature_def):
        signature = message.signature_def[key]
        yield "  signature %s: %s" % (key, signature.method_name)
        for title, infos in (("in", signature.inputs), ("out", signature.outputs)):
            for name in sorted(infos):
                tensor = infos[name]
                yield "    %-3s %s = %s  %s %s" % (
                    title, name, tensor.name or tensor.coo_sparse.values_tensor_name,
                    _dtype_name(tensor.dtype),
                    "" if tensor.tensor_shape.unknown_rank
                    else _shape([d.size for d in tensor.tensor_shape.dim]),
                )  # fmt: skip
    yield from _graph(message.graph_def)


def _saved_model(path):
    model = loader.SavedModelLoader(path)
    yield "SavedModel %s: %d meta graph%s" % (
        path, len(model.saved_model.meta_graphs),
        "" if len(model.saved_model.meta_graphs) == 1 else "s",
    )  # fmt: skip
    for message in model.saved_model.meta_graphs:
        yield from _meta_graph(message)
    if checkpoint_management.checkpoint_exists(model.variables_path):
        yield from _checkpoint(model.variables_path)


# Records -------------------------------------------------------------------------------------


def _is_records(path, start):
    """Whether the first record of a file is a whole one."""
    form = _compression(start)
    try:
        next(tf_record.tf_record_iterator(path, form and tf_record.TFRecordOptions(form)))
    except (errors.DataLossError, StopIteration):
        return False
    return True


def _compression(start):
    if start[:2] == b"\x1f\x8b":
        return "GZIP"
    return "ZLIB" if start[:1] == b"\x78" and int.from_bytes(start[:2], "big") % 31 == 0 else ""


def _records(path, start):
    from google.protobuf.message import DecodeError

    from caudal import proto

    form = _compression(start)
    count = total = 0
    features = {}
    for record in tf_record.tf_record_iterator(path, form and tf_record.TFRecordOptions(form)):
        count += 1
        total += len(record)
        if count <= _MOST:
            try:
                example = proto.Example.FromString(record)
            except DecodeError:
                continue
            for name, feature in example.features.feature.items():
                features.setdefault(name, set()).add(_feature_text(feature))
    yield "records %s: %d, %s%s" % (path, count, _size(total), form and ", " + form)
    lines = ["%s  %s" % (n, " or ".join(sorted(features[n]))) for n in sorted(features)]
    yield from _some("features of the first %d as tf.train.Example" % min(count, _MOST), lines)


def _feature_text(feature):
    kind = feature.WhichOneof("kind")
    if kind is None:
        return "empty"
    return "%s of %d" % (kind, len(getattr(feature, kind).value))


def _events(path):
    from caudal import proto

    counts, tags = {}, {}
    first = last = None
    steps = []
    for record in tf_record.tf_record_iterator(path):
        event = proto.Event.FromString(record)
        kind = event.WhichOneof("what") or "empty"
        counts[kind] = counts.get(kind, 0) + 1
        first = event.wall_time if first is None else first
        last = event.wall_time
        steps.append(event.step)
        for value in event.summary.value:
            what = value.WhichOneof("value") or "empty"
            if value.metadata.plugin_data.plugin_name:
                what += " for " + value.metadata.plugin_data.plugin_name
            tag = tags.setdefault(value.tag, [what, 0, event.step, event.step])
            tag[1] += 1
            tag[2], tag[3] = min(tag[2], event.step), max(tag[3], event.step)
    yield "events: %d, from %s to %s, steps %d to %d" % (
        sum(counts.values()), _time(first), _time(last), min(steps, default=0),
        max(steps, default=0),
    )  # fmt: skip
    yield "  " + ", ".join("%s: %d" % item for item in sorted(counts.items()))
    lines = [
        "%s  %s: %d, steps %d to %d" % (tag, what, count, low, high)
        for tag, (what, count, low, high) in sorted(tags.items())
    ]
    yield from _some("tags", lines)


def _time(seconds):
    if seconds is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


# The command ---------------------------------------------------------------------------------


def add_command(commands):
    """Adds `inspect` to the subcommands of an argparse parser."""
    parser = commands.add_parser("inspect", help=__doc__, description=__doc__)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder or checkpoint")
    parser.set_defaults(run=_run)


def _run(options):
    status = 0
    for path in options.paths:
        try:
            for line in describe(path):
                sys.stdout.write(line.rstrip() + "\n")
        except (errors.OpError, OSError, ValueError) as error:
            sys.stderr.write("%s\n" % error)
            status = 1
    return status
