# SPDX-License-Identifier: Apache-2.0
"""Changing graphs in their form as messages: parts of them, and variables made constants."""

from caudal.framework import dtypes
from caudal.framework.importer import import_graph_def
from caudal.framework.operation import Operation
from caudal.platform import tf_logging

__all__ = [
    "convert_variables_to_constants",
    "extract_sub_graph",
    "import_graph_def",
    "must_run_on_cpu",
    "remove_training_nodes",
    "tensor_shape_from_node_def_name",
]

_VARIABLE_OPS = frozenset(
    "Assign AssignAdd AssignSub Queue ScatterAdd ScatterSub ScatterUpdate TruncatedNormal Variable "
    "VariableV2".split()
)
_REFS = ("Variable", "VariableV2")
_HANDLES = ("VarHandleOp", "VarHandlesOp")
# Nodes that hand a handle on.
_PASSES = ("Identity", "Switch", "Enter", "RefEnter", "RefSwitch", "StopGradient")


def node_name(name):
    """The name of the node in the text of an input: without "^" and without ":1"."""
    if name.startswith("^"):
        return name[1:]
    return name.partition(":")[0]


def must_run_on_cpu(node, pin_variables_on_cpu=False):
    """Whether TensorFlow has no kernel for GPUs for a node.

    Args:
      node: Operation or NodeDef message.
      pin_variables_on_cpu: whether nodes of variables count.
    """
    if isinstance(node, Operation):
        op, attr = node.type, lambda name: node.get_attr(name)._enum
    else:
        op, attr = node.op, lambda name: node.attr[name].type
    if pin_variables_on_cpu and op in _VARIABLE_OPS:
        return True
    if op == "Const":
        return attr("dtype") in (dtypes.string._enum, dtypes.int32._enum)
    if op in ("DynamicStitch", "ParallelDynamicStitch"):
        return attr("T") == dtypes.int32._enum
    if op == "Cast":
        return dtypes.int32._enum in (attr("SrcT"), attr("DstT"))
    return False


def tensor_shape_from_node_def_name(graph, input_name):
    """The static shape of the tensor that the text of an input names."""
    name = input_name if ":" in input_name else input_name + ":0"
    return graph.get_tensor_by_name(name).get_shape()


def _as_graph_def(graph_def):
    from caudal import proto

    try:
        return proto.of(proto.GraphDef, graph_def)
    except TypeError:
        raise TypeError("graph_def must be a GraphDef message, not %s" % type(graph_def)) from None


def _rest(graph_def):
    """A GraphDef without nodes, with what else `graph_def` holds."""
    from caudal import proto

    made = proto.GraphDef()
    made.library.CopyFrom(graph_def.library)
    made.versions.CopyFrom(graph_def.versions)
    return made


def extract_sub_graph(graph_def, dest_nodes):
    """The nodes that others need.

    Args:
      graph_def: GraphDef message.
      dest_nodes: list of names of the nodes that are needed.

    Returns:
      A GraphDef message.

    Raises:
      TypeError: for other arguments.
      AssertionError: if a name is not in the graph.
    """
    graph_def = _as_graph_def(graph_def)
    if isinstance(dest_nodes, (str, bytes)):
        raise TypeError("dest_nodes must be a list.")
    nodes = {node.name: node for node in graph_def.node}
    for name in dest_nodes:
        if name not in nodes:
            raise AssertionError("%s is not in graph" % name)
    needed, stack = set(), list(dest_nodes)
    while stack:
        name = stack.pop()
        if name in needed or name not in nodes:
            continue
        needed.add(name)
        stack.extend(node_name(i) for i in nodes[name].input)
    made = _rest(graph_def)
    made.node.extend(node for node in graph_def.node if node.name in needed)
    return made


def remove_training_nodes(input_graph, protected_nodes=None):
    """A graph without nodes that only hand values on: Identity and CheckNumerics.

    Nodes with control inputs, and those that others wait for, stay.

    Args:
      input_graph: GraphDef message.
      protected_nodes: list of names of nodes that stay.
    """
    input_graph = _as_graph_def(input_graph)
    protected = set(protected_nodes or ())
    waited_for = {i[1:] for node in input_graph.node for i in node.input if i.startswith("^")}
    splice = {}
    for node in input_graph.node:
        if node.op not in ("Identity", "CheckNumerics") or node.name in protected | waited_for:
            continue
        if len(node.input) == 1 and not node.input[0].startswith("^"):
            splice[node.name] = node.input[0]

    def source(name):
        while not name.startswith("^") and node_name(name) in splice:
            name = splice[node_name(name)]
        return name

    made = _rest(input_graph)
    for node in input_graph.node:
        if node.name in splice:
            continue
        new = made.node.add()
        new.CopyFrom(node)
        new.input[:] = [source(i) for i in node.input]
        # A node may be colocated only with one that is there.
        groups = new.attr["_class"].list.s if "_class" in new.attr else []
        kept = [g for g in groups if g.removeprefix(b"loc:@").decode() not in splice]
        if len(kept) != len(groups):
            if kept:
                new.attr["_class"].list.s[:] = kept
            else:
                del new.attr["_class"]
    return made


def convert_variables_to_constants(sess, input_graph_def, output_node_names,
                                   variable_names_whitelist=None,
                                   variable_names_blacklist=None):  # fmt: skip
    """A graph whose variables are constants with their present values: a frozen graph.

    Args:
      sess: session with the values.
      input_graph_def: GraphDef message of the session's graph.
      output_node_names: list of names of the nodes that are needed; others are left out.
      variable_names_whitelist: names of the variables to convert; default: all.
      variable_names_blacklist: names of variables that stay.

    Returns:
      A GraphDef message.

    Raises:
      ValueError: if something else than a read is done with a variable.
    """
    graph = extract_sub_graph(input_graph_def, output_node_names)
    nodes = {node.name: node for node in graph.node}
    found, fetches = {}, []
    for node in graph.node:
        if node.op not in _REFS + _HANDLES:
            continue
        if variable_names_whitelist is not None and node.name not in variable_names_whitelist:
            continue
        if variable_names_blacklist is not None and node.name in variable_names_blacklist:
            continue
        found[node.name] = node
        fetches.append(node.name + ":0" if node.op in _REFS else _read_of(sess.graph, node.name))
    values = dict(zip(found, sess.run(fetches))) if found else {}
    tf_logging.info("Froze %d variables.", len(found))
    handles = {name for name, node in found.items() if node.op in _HANDLES}
    made = _rest(graph)
    carriers = _carriers(graph, nodes, handles)
    for node in graph.node:
        if node.name in found:
            made.node.append(_constant(node, values[node.name]))
        else:
            _convert_reader(node, carriers, found, made)
    tf_logging.info("Converted %d variables to const ops.", len(found))
    return made


def _read_of(graph, name):
    """The name of a tensor with the value of a variable behind a handle."""
    op = graph.get_operation_by_name(name)
    for consumer in [*op.outputs[0].consumers()]:
        if consumer.type == "ReadVariableOp" and not consumer.control_inputs:
            return consumer.outputs[0].name
    raise ValueError("variable %s is nowhere read: it has no value to freeze" % name)


def _carriers(graph, nodes, handles):
    """Dict of the nodes that hand on a handle, and the variable that it is of."""
    carriers = {name: name for name in handles}
    pending = True
    while pending:  # a node of a loop may stand before what it takes
        pending = False
        for node in graph.node:
            if node.name in carriers or node.op not in _PASSES or not node.input:
                continue
            source = carriers.get(node_name(node.input[0]))
            if source is not None:
                carriers[node.name] = source
                pending = True
    return carriers


def _constant(node, value):
    from caudal import proto
    from caudal.framework.tensor_proto import make_tensor_proto

    made = proto.NodeDef(name=node.name, op="Const", device=node.device)
    dtype = node.attr["dtype"].type
    made.attr["dtype"].type = dtype
    made.attr["value"].tensor.CopyFrom(make_tensor_proto(value, dtype=dtype))
    return made


def _convert_reader(node, carriers, found, made):
    """Adds a node that was none of the variables, reading constants in their place."""
    from caudal import proto

    sources = [carriers.get(node_name(i)) for i in node.input if not i.startswith("^")]
    new = made.node.add()
    if not any(sources):
        if any(
            found.get(node_name(i)) is not None and node.op in _VARIABLE_OPS for i in node.input
        ):
            raise ValueError("node %s writes a variable: a frozen graph has none" % node.name)
        new.CopyFrom(node)
        return
    dtype = found[sources[0]].attr["dtype"].type
    if node.op == "ReadVariableOp":
        new.name, new.op, new.device = node.name, "Identity", node.device
        new.input.extend(node.input)
        new.attr["T"].type = dtype
    elif node.op == "ResourceGather":
        axis = made.node[-1]
        axis.CopyFrom(proto.NodeDef(name=node.name + "/axis", op="Const", device=node.device))
        axis.attr["dtype"].type = dtypes.int32._enum
        axis.attr["value"].tensor.dtype = dtypes.int32._enum
        batch_dims = node.attr["batch_dims"].i
        axis.attr["value"].tensor.int_val.append(batch_dims)
        axis.attr["value"].tensor.tensor_shape.SetInParent()
        new = made.node.add()
        new.name, new.op, new.device = node.name, "GatherV2", node.device
        data = [i for i in node.input if not i.startswith("^")]
        new.input.extend([*data, axis.name, *(i for i in node.input if i.startswith("^"))])
        new.attr["Tparams"].type = dtype
        new.attr["Tindices"].CopyFrom(node.attr["Tindices"])
        new.attr["Taxis"].type = dtypes.int32._enum
        if batch_dims:
            new.attr["batch_dims"].i = batch_dims
    elif node.op in _PASSES:
        new.CopyFrom(node)
        new.attr["T"].type = dtype
        return
    else:
        raise ValueError(
            "cannot freeze: node %s (%s) takes variable %s itself, not its value"
            % (node.name, node.op, sources[0])
        )
    if "_class" in node.attr:
        new.attr["_class"].CopyFrom(node.attr["_class"])
