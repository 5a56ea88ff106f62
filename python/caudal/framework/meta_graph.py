# SPDX-License-Identifier: Apache-2.0
"""Meta graphs: a graph with its collections, as a MetaGraphDef message and back."""

import operator
import os

from caudal.framework import graph_io, op_messages, proto_registry, versions
from caudal.framework.graph_keys import GraphKeys
from caudal.framework.importer import import_graph_def
from caudal.framework.ops import prepend_name_scope, strip_name_scope
from caudal.framework.scopes import get_default_graph
from caudal.platform import tf_logging

_UNBOUND = "$unbound_inputs_"
# What these describe is part of If and While nodes.
_CONTEXTS = (GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT)


def read_meta_graph_file(filename):
    """The MetaGraphDef of a file, binary or text.

    Raises:
      IOError: if the file cannot be read as one.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    from caudal import proto

    filename = os.fspath(filename)
    if not os.path.exists(filename):
        raise OSError("File %s does not exist." % filename)
    with open(filename, "rb") as file:
        data = file.read()
    try:
        return proto.MetaGraphDef.FromString(data)
    except DecodeError:
        pass
    try:
        return text_format.Parse(data.decode("utf-8"), proto.MetaGraphDef())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise OSError("Cannot parse file %s: %s." % (filename, error)) from None


def create_meta_graph_def(meta_info_def=None, graph_def=None, saver_def=None, collection_list=None,
                          graph=None, export_scope=None, exclude_nodes=None,
                          clear_extraneous_savers=False, strip_default_attrs=False):  # fmt: skip
    """A MetaGraphDef of a graph.

    Args:
      meta_info_def: MetaInfoDef; what is not set in it is filled in.
      graph_def: GraphDef; that of `graph` if not given.
      saver_def: SaverDef.
      collection_list: names of the collections to write; all if not given.
      graph: the graph of the collections, by default the default graph.
      export_scope: write only what is in this scope, without its name.
      exclude_nodes: names of nodes that are not written.
      clear_extraneous_savers: leaves out savers other than `saver_def`, with their nodes.
      strip_default_attrs: leaves out attrs that have their default values.
    """
    from caudal import proto

    graph = graph or get_default_graph()
    meta = proto.MetaGraphDef()
    if meta_info_def is not None:
        meta.meta_info_def.CopyFrom(meta_info_def)
    if graph_def is None:
        meta.graph_def.CopyFrom(graph.as_graph_def())
    else:
        meta.graph_def.CopyFrom(graph_def)
    if strip_default_attrs:
        op_messages.strip_default_attrs(meta.graph_def)
        meta.meta_info_def.stripped_default_attrs = True
    if not meta.meta_info_def.HasField("stripped_op_list"):
        ops = op_messages.ops_used_by(meta.graph_def)
        meta.meta_info_def.stripped_op_list.CopyFrom(op_messages.stripped_op_list(ops))
    meta.meta_info_def.tensorflow_version = versions.VERSION
    meta.meta_info_def.tensorflow_git_version = versions.GIT_VERSION
    if saver_def is not None:
        meta.saver_def.CopyFrom(saver_def)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    for key in keys:
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            if saver_def is not None:
                collection = meta.collection_def[key]
                collection.bytes_list.value.append(saver_def.SerializeToString())
            continue
        add_collection_def(meta, key, graph, export_scope, exclude_nodes)
    return meta


def _kind_of(item):
    for kind, types in (("int64_list", int), ("float_list", float), ("bytes_list", (str, bytes))):
        if isinstance(item, types):
            return kind
    return "any_list" if hasattr(item, "type_url") else "node_list"


def _in_scope(name, scope):
    return not scope or name.startswith(scope)


def add_collection_def(meta_graph_def, key, graph=None, export_scope=None, exclude_nodes=None):
    """Writes one collection; one that cannot be written is left out with a warning."""
    if not isinstance(key, (str, bytes)):
        tf_logging.warning(
            "Only collections with string type keys will be serialized. This key has %s", type(key)
        )
        return
    if isinstance(key, str) and key.startswith("__"):
        return  # belongs to a module
    items = (graph or get_default_graph()).get_collection(key)
    if not items:
        return
    to_proto = proto_registry.get_to_proto_function(key)
    collection = meta_graph_def.collection_def[key]
    try:
        kind = "bytes_list" if to_proto else _kind_of(items[0])
        values = getattr(collection, kind).value
        getattr(collection, kind).SetInParent()
        for item in items:
            if to_proto:
                message = to_proto(item, export_scope=export_scope)
                if message:
                    values.append(message.SerializeToString())
            elif kind == "node_list":
                if exclude_nodes and item.name.partition(":")[0] in exclude_nodes:
                    continue
                if _in_scope(item.name, export_scope):
                    values.append(strip_name_scope(item.name, export_scope))
            elif kind == "bytes_list":
                values.append(item.encode() if isinstance(item, str) else item)
            elif kind == "any_list":
                values.add(type_url=item.type_url, value=item.value)
            else:
                values.append(operator.index(item) if kind == "int64_list" else item)
    except (AttributeError, TypeError, ValueError) as error:
        tf_logging.warning(
            "Issue encountered when serializing %s.\nType is unsupported, or the types of the "
            "items don't match field type in CollectionDef. Note this is a warning and probably "
            "safe to ignore.\n%s", key, error)  # fmt: skip
        del meta_graph_def.collection_def[key]


def _saver_nodes(graph, saver_def):
    """Names of the nodes that savers other than `saver_def` consist of."""
    from caudal import proto

    kept = saver_def.filename_tensor_name.rpartition("/")[0] if saver_def is not None else None
    scopes = set()
    for saver in graph.get_collection(GraphKeys.SAVERS):
        message = saver if isinstance(saver, proto.SaverDef) else saver.to_proto()
        scope = message.filename_tensor_name.rpartition("/")[0]
        if scope and scope != kept:
            scopes.add(scope + "/")
    names = [graph._core.node_name(i) for i in range(graph._core.num_nodes())]
    return {n for n in names if any(n.startswith(scope) for scope in scopes)}


def _part_of(graph_def, export_scope, unbound_inputs, exclude_nodes, clear_devices):
    """The nodes in a scope, without its name; inputs from elsewhere get names of their own."""
    from caudal import proto

    made = proto.GraphDef()
    made.versions.CopyFrom(graph_def.versions)
    made.library.CopyFrom(graph_def.library)
    scope = export_scope.rstrip("/") if export_scope else ""
    kept = {
        n.name
        for n in graph_def.node
        if n.name not in exclude_nodes and (not scope or n.name.startswith(scope + "/"))
    }
    for node in graph_def.node:
        if node.name not in kept:
            continue
        copy = made.node.add()
        copy.CopyFrom(node)
        copy.name = strip_name_scope(node.name, scope)
        if clear_devices:
            copy.device = ""
        for i, text in enumerate(node.input):
            source = text.lstrip("^").partition(":")[0]
            if source in kept:
                copy.input[i] = strip_name_scope(text, scope)
            else:
                mark = "^" if text.startswith("^") else ""
                copy.input[i] = mark + _UNBOUND + text.lstrip("^")
                unbound_inputs.add(copy.input[i])
        places = copy.attr["_class"].list.s if "_class" in copy.attr else ()
        if places:
            inside = [
                strip_name_scope(c.decode(), scope).encode()
                for c in places
                if c[len(b"loc:@") :].decode() in kept
            ]
            del copy.attr["_class"]
            if inside:
                copy.attr["_class"].list.s.extend(inside)
    return made


def export_scoped_meta_graph(filename=None, graph_def=None, graph=None, export_scope=None,
                             as_text=False, unbound_inputs_col_name="unbound_inputs",
                             clear_devices=False, saver_def=None, clear_extraneous_savers=False,
                             strip_default_attrs=False, save_debug_info=False,
                             **kwargs):  # fmt: skip
    """The meta graph of a graph or of one scope of it, also as a file.

    Args:
      filename: path of the file to write, if any.
      graph_def: GraphDef; that of `graph` if not given.
      graph: by default the default graph.
      export_scope: only what is in this scope is written, without its name. What it reads from
        elsewhere becomes an unbound input.
      as_text: whether the file is text.
      unbound_inputs_col_name: name of the collection that lists the unbound inputs.
      clear_devices: leaves out devices.
      saver_def: SaverDef.
      clear_extraneous_savers: leaves out savers other than `saver_def`, with their nodes.
      strip_default_attrs: leaves out attrs that have their default values.
      save_debug_info: writes the lines of the program in which the nodes were made, next to the
        file.
      **kwargs: further arguments of `create_meta_graph_def`.

    Returns:
      The MetaGraphDef and a dict of the variables in the scope by their names in it.

    Raises:
      ValueError: if `graph_def` and `graph` both come with `export_scope`, or the part has unbound
        inputs and no name to list them under.
    """
    if graph is not None and export_scope and graph_def is not None:
        raise ValueError("graph_def and export_scope cannot be given together")
    graph = graph or get_default_graph()
    exclude = _saver_nodes(graph, saver_def) if clear_extraneous_savers else set()
    unbound = set()
    variables = {}
    whole = graph_def if graph_def is not None else graph.as_graph_def()
    if export_scope or exclude or clear_devices:
        part = _part_of(whole, export_scope, unbound, exclude, clear_devices)
    else:
        part = whole
    if unbound and not unbound_inputs_col_name:
        raise ValueError("The graph has unbound inputs: %s" % ", ".join(sorted(unbound)))
    if export_scope:
        for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=export_scope):
            if _in_scope(v.name, export_scope):
                variables[strip_name_scope(v.name, export_scope)] = v
    meta = create_meta_graph_def(
        graph_def=part, graph=graph, export_scope=export_scope, saver_def=saver_def,
        exclude_nodes=exclude, clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs, **kwargs)  # fmt: skip
    if unbound:
        values = meta.collection_def[unbound_inputs_col_name].bytes_list.value
        values.extend(sorted(text.encode() for text in unbound))
    if filename:
        folder, base = os.path.split(os.fspath(filename))
        graph_io.write_message(meta, folder, base, as_text=as_text)
        if save_debug_info:
            name = os.path.splitext(base)[0] + ".debug"
            graph_io.write_message(_debug_info(graph, meta.graph_def), folder, name, as_text)
    return meta, variables


def _debug_info(graph, graph_def):
    """A GraphDebugInfo message: where in the program the nodes were made."""
    from caudal import proto

    info = proto.GraphDebugInfo()
    files = {}
    for node in graph_def.node:
        node_id = graph._core.find(node.name)
        where = graph._core.node_origin(node_id) if node_id >= 0 else None
        if where is None:
            continue
        trace = info.traces[node.name + "@"].file_line_cols.add()
        trace.file_index = files.setdefault(where[0], len(files))
        trace.line = where[1]
        trace.func = where[2] or ""
    info.files.extend(files)
    return info


def import_scoped_meta_graph(meta_graph_or_file, clear_devices=False, graph=None, import_scope=None,
                             input_map=None, unbound_inputs_col_name="unbound_inputs",
                             restore_collections_predicate=lambda key: True):  # fmt: skip
    """Adds a meta graph to a graph. Returns its variables by name: see below."""
    return import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, graph, import_scope, input_map, unbound_inputs_col_name,
        restore_collections_predicate)[0]  # fmt: skip


def import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices=False, graph=None, import_scope=None, input_map=None,
        unbound_inputs_col_name="unbound_inputs", restore_collections_predicate=lambda key: True,
        return_elements=None):  # fmt: skip
    """Adds a meta graph with its collections to a graph.

    Args:
      meta_graph_or_file: MetaGraphDef message, or the path of a file with one, binary or text.
      clear_devices: leaves out devices.
      graph: by default the default graph.
      import_scope: prefix of all names.
      input_map: dict from names in the meta graph to tensors that stand for them.
      unbound_inputs_col_name: the collection that lists inputs which must be mapped.
      restore_collections_predicate: function of a collection's name: whether it is wanted.
      return_elements: names of nodes and tensors to return.

    Returns:
      A dict of the variables that were imported by their names without `import_scope`, and the
      list of `return_elements` or None.

    Raises:
      ValueError: for graphs that are not valid, and unbound inputs that are not mapped.
    """
    from caudal import proto

    if isinstance(meta_graph_or_file, (str, bytes, os.PathLike)):
        meta = read_meta_graph_file(os.fsdecode(meta_graph_or_file))
    else:
        meta = proto.of(proto.MetaGraphDef, meta_graph_or_file)
    _check_unbound(meta, input_map, unbound_inputs_col_name)
    graph_def = meta.graph_def
    if clear_devices:
        graph_def = proto.GraphDef()
        graph_def.CopyFrom(meta.graph_def)
        for node in graph_def.node:
            node.device = ""
    graph = graph or get_default_graph()
    with graph.as_default():
        inside = graph.get_name_scope()
        scope = inside
        if import_scope:  # with a slash at its end it is a whole name
            whole = import_scope.endswith("/")
            scope = import_scope[:-1] if whole else graph.unique_name(import_scope, False)
        elements = import_graph_def(
            graph_def, name=import_scope or (inside and inside + "/"), input_map=input_map,
            return_elements=return_elements,
            producer_op_list=meta.meta_info_def.stripped_op_list)  # fmt: skip
        _restore_collections(graph, meta, scope, unbound_inputs_col_name,
                             restore_collections_predicate)  # fmt: skip
        variables = {}
        for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope or None):
            variables[strip_name_scope(v.name, scope)] = v
    return variables, elements


def _check_unbound(meta, input_map, collection):
    if not collection or collection not in meta.collection_def:
        return
    needed = {v.decode() for v in meta.collection_def[collection].bytes_list.value}
    missing = needed - set(input_map or ())
    if missing:
        raise ValueError("Graph contains unbound inputs: %s. Must provide these inputs through "
                         "input_map." % ",".join(sorted(missing)))  # fmt: skip


def _restore_collections(graph, meta, scope, unbound, predicate):
    for key in sorted(meta.collection_def):
        if key == unbound or key in _CONTEXTS or not predicate(key):
            continue
        collection = meta.collection_def[key]
        kind = collection.WhichOneof("kind")
        if kind is None:
            tf_logging.error("Cannot identify data type for collection %s. Skipping.", key)
            continue
        from_proto = proto_registry.get_from_proto_function(key)
        if from_proto is not None and kind == "bytes_list":
            message_class = proto_registry.get_collection_proto_type(key)
            for value in collection.bytes_list.value:
                message = message_class.FromString(value)
                graph.add_to_collection(key, from_proto(message, import_scope=scope))
            continue
        for value in getattr(collection, kind).value:
            if kind == "node_list":
                try:
                    value = graph.as_graph_element(prepend_name_scope(value, scope))
                except KeyError:
                    # Inside of a branch or loop, which owns its nodes.
                    tf_logging.warning("Collection %s: %s is not in the graph.", key, value)
                    continue
            graph.add_to_collection(key, value)
