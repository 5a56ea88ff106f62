# SPDX-License-Identifier: Apache-2.0
"""Definitions of ops as OpDef messages."""

import numpy as np

from caudal.framework import op_registry, tensor_proto

_LISTS = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type"}


def _text(value):
    return value.encode() if isinstance(value, str) else value


def _fill_shape(message, dims):
    """`dims`: None for an unknown rank, else a sequence with None or -1 for unknown sizes."""
    if dims is None:
        message.unknown_rank = True
        return
    message.SetInParent()
    for size in dims:
        message.dim.add(size=-1 if size is None else size)


def attr_value(kind, value):
    """An AttrValue message for a value as the core gives it; `kind` as in a signature."""
    from caudal import proto

    message = proto.AttrValue()
    item = kind[5:-1] if kind.startswith("list(") else None
    if item is not None:
        message.list.SetInParent()
        for v in value:
            if item == "shape":
                _fill_shape(message.list.shape.add(), v)
            else:
                getattr(message.list, _LISTS[item]).append(_text(v))
    elif kind == "shape":
        _fill_shape(message.shape, value)
    elif kind == "tensor":
        message.tensor.CopyFrom(tensor_proto.make_tensor_proto(value))
    elif kind in _LISTS:
        value = float(np.float32(value)) if kind == "float" else _text(value)
        setattr(message, _LISTS[kind], value)
    else:
        raise ValueError("attrs of type %s have no default" % kind)
    return message


def _fill_arg(definition, message):
    message.name = definition.name
    if definition.type:
        message.type = definition.type
    message.type_attr = definition.type_attr
    message.number_attr = definition.number_attr
    message.type_list_attr = definition.type_list_attr
    message.is_ref = definition.is_ref


def _fill_attr(definition, message):
    message.name = definition.name
    message.type = definition.type
    if definition.has_default:
        message.default_value.CopyFrom(attr_value(definition.type, definition.default))
    if definition.minimum is not None:
        message.has_minimum = True
        message.minimum = definition.minimum
    if definition.allowed_types:
        message.allowed_values.list.type.extend(definition.allowed_types)
    if definition.allowed_strings:
        message.allowed_values.list.s.extend(_text(s) for s in definition.allowed_strings)


def op_def(name):
    """The OpDef message of an op; None if caudal does not have it."""
    from caudal import proto

    definition = op_registry.find(name)
    if definition is None:
        return None
    message = proto.OpDef(name=name, is_stateful=definition.is_stateful)
    for arg in definition.input_arg:
        _fill_arg(arg, message.input_arg.add())
    for arg in definition.output_arg:
        _fill_arg(arg, message.output_arg.add())
    for attr in sorted(definition.attr, key=lambda a: a.name):
        _fill_attr(attr, message.attr.add())
    return message


def ops_used_by(graph_def):
    """Names of the ops in a GraphDef, those in the functions of its library included, sorted."""
    names = {node.op for node in graph_def.node}
    for function in graph_def.library.function:
        names.update(node.op for node in function.node_def)
    return sorted(names)


def stripped_op_list(op_names):
    """An OpList with the definitions of ops; names that caudal does not have are left out."""
    from caudal import proto

    ops = proto.OpList()
    for name in sorted(set(op_names)):
        message = op_def(name)
        if message is not None:
            ops.op.append(message)
    return ops


def ops_used_by_graph_def(graph_def):
    """The names of the ops that a GraphDef uses, as a set; names of its functions are not in it."""
    functions = {f.signature.name: f for f in graph_def.library.function}
    used, pending = set(), [node.op for node in graph_def.node]
    seen = set()
    while pending:
        name = pending.pop()
        if name not in functions:
            used.add(name)
        elif name not in seen:
            seen.add(name)
            pending.extend(node.op for node in functions[name].node_def)
    return used


def stripped_op_list_for_graph(graph_def):
    """An OpList with the definitions of the ops that a GraphDef uses."""
    return stripped_op_list(ops_used_by_graph_def(graph_def))


def strip_default_attrs(graph_def):
    """Removes the attrs of nodes that have their default values."""
    for nodes in [graph_def.node] + [f.node_def for f in graph_def.library.function]:
        for node in nodes:
            definition = op_registry.find(node.op)
            for attr in definition.attr if definition is not None else ():
                if attr.has_default and attr.name in node.attr:
                    if attr_value(attr.type, attr.default) == node.attr[attr.name]:
                        del node.attr[attr.name]
