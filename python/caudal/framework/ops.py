# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401
"""The names under which TensorFlow programs know the framework: graph, tensor, scopes."""

import itertools

from caudal.framework.conversion import (
    convert_n_to_tensor,
    convert_n_to_tensor_or_indexed_slices,
    convert_to_tensor,
    convert_to_tensor_or_composite,
    convert_to_tensor_or_indexed_slices,
    convert_to_tensor_v2,
    internal_convert_n_to_tensor,
    internal_convert_to_tensor,
    internal_convert_to_tensor_or_indexed_slices,
    is_dense_tensor_like,
    register_dense_tensor_like_type,
    register_tensor_conversion_function,
)
from caudal.framework.gradient_registry import (
    NoGradient,
    NotDifferentiable,
    RegisterGradient,
    get_gradient_function,
)
from caudal.framework.graph import Graph
from caudal.framework.graph_keys import GraphKeys
from caudal.framework.indexed_slices import IndexedSlices, IndexedSlicesValue
from caudal.framework.operation import Operation
from caudal.framework.proto_registry import (
    get_collection_proto_type,
    get_from_proto_function,
    get_to_proto_function,
    register_proto_function,
)
from caudal.framework.scopes import (
    _graph_from_inputs,
    add_to_collection,
    add_to_collections,
    colocate_with,
    container,
    control_dependencies,
    default_graphs,
    default_session,
    default_sessions,
    device,
    get_all_collection_keys,
    get_collection,
    get_collection_ref,
    get_default_graph,
    get_default_session,
    has_default_graph,
    init_scope,
    name_scope,
    name_scope_v2,
    reset_default_graph,
)
from caudal.framework.tensor import OperatorNotAllowedInGraphError, Tensor

_get_graph_from_inputs = _graph_from_inputs
_default_graph_stack = default_graphs
_default_session_stack = default_sessions
_TensorLike = (Tensor, IndexedSlices)
_USE_C_API = True
_USE_C_SHAPES = True


_uids = itertools.count()


def _as_graph_element(obj):
    """What `obj` stands for in a graph, or None."""
    convert = getattr(obj, "_as_graph_element", None)
    return convert() if convert is not None else None


def uid():
    """A number that no other call gives."""
    return next(_uids)


def executing_eagerly_outside_functions():
    return False


def strip_name_scope(name, export_scope):
    """`name` without the leading scope."""
    if export_scope:
        if export_scope[-1] == "/":
            export_scope = export_scope[:-1]
        for mark in ("", "^", "loc:@"):
            prefix = mark + export_scope + "/"
            if name.startswith(prefix):
                return mark + name[len(prefix) :]
    return name


def prepend_name_scope(name, import_scope):
    """`name` under a scope."""
    if import_scope:
        if import_scope[-1] == "/":
            import_scope = import_scope[:-1]
        for mark in ("^", "loc:@"):
            if name.startswith(mark):
                return mark + import_scope + "/" + name[len(mark) :]
        return import_scope + "/" + name
    return name


def op_scope(values, name, default_name=None):
    """`name_scope` with its old order of arguments."""
    return name_scope(name, default_name=default_name, values=values)


__all__ = [name for name in globals() if not name.startswith("__")]
