# SPDX-License-Identifier: Apache-2.0
"""Resources (tables and the like) that a graph lists so that they can be initialised together."""

import collections

from caudal.framework import dtypes, ops
from caudal.ops import array_ops, control_flow_ops

_Resource = collections.namedtuple("_Resource", "handle create is_initialized")


def register_resource(handle, create_op, is_initialized_op, is_shared=True):
    """Lists a resource in the graph.

    Args:
      handle: its handle.
      create_op: the op that initialises it.
      is_initialized_op: a bool tensor.
      is_shared: whether all sessions of a cluster share it.
    """
    key = ops.GraphKeys.RESOURCES if is_shared else ops.GraphKeys.LOCAL_RESOURCES
    ops.add_to_collection(key, _Resource(handle, create_op, is_initialized_op))


def shared_resources():
    return ops.get_collection(ops.GraphKeys.RESOURCES)


def local_resources():
    return ops.get_collection(ops.GraphKeys.LOCAL_RESOURCES)


def initialize_resources(resource_list, name="init"):
    """An op that initialises all of them."""
    if resource_list:
        return control_flow_ops.group(*[r.create for r in resource_list], name=name)
    return control_flow_ops.no_op(name=name)


def report_uninitialized_resources(resource_list=None, name="report_uninitialized_resources"):
    """A string vector with the names of the handles of those that are not initialised."""
    if resource_list is None:
        resource_list = shared_resources() + local_resources()
    with ops.name_scope(name):
        if not resource_list:
            return array_ops.constant([], dtype=dtypes.string)
        missing = [array_ops.expand_dims(r.is_initialized, 0) for r in resource_list]
        names = array_ops.constant([r.handle.name for r in resource_list])
        return array_ops.boolean_mask(names, ~array_ops.concat(missing, 0))
