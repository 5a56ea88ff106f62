# SPDX-License-Identifier: Apache-2.0
"""The global step: a variable that counts training steps."""

from caudal.framework import dtypes, ops
from caudal.ops import init_ops, state_ops, variable_scope, variables
from caudal.platform import tf_logging

__all__ = [
    "assert_global_step",
    "create_global_step",
    "get_global_step",
    "get_or_create_global_step",
    "global_step",
]


def global_step(sess, global_step_tensor):
    """The value of the global step in a session, as an int."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph=None):
    """The global step of a graph, or None.

    Raises:
      TypeError: if what is found is no scalar of an integer type.
    """
    graph = graph or ops.get_default_graph()
    listed = graph.get_collection(ops.GraphKeys.GLOBAL_STEP)
    if len(listed) == 1:
        found = listed[0]
    elif not listed:
        try:
            found = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    else:
        tf_logging.error("Multiple tensors in global_step collection.")
        return None
    assert_global_step(found)
    return found


def create_global_step(graph=None):
    """Makes the global step: int64, not trainable.

    Raises:
      ValueError: if there is one.
    """
    graph = graph or ops.get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), ops.name_scope(None):
        return variable_scope.get_variable(
            ops.GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=dtypes.int64,
            initializer=init_ops.zeros_initializer(),
            trainable=False,
            aggregation=variables.VariableAggregation.ONLY_FIRST_REPLICA,
            collections=[ops.GraphKeys.GLOBAL_VARIABLES, ops.GraphKeys.GLOBAL_STEP],
        )


def get_or_create_global_step(graph=None):
    """The global step, made if there is none."""
    graph = graph or ops.get_default_graph()
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor):
    """Raises TypeError unless the argument is a scalar Variable or Tensor of an integer type."""
    if not isinstance(global_step_tensor, (variables.Variable, ops.Tensor)):
        raise TypeError(
            'Existing "global_step" must be a Variable or Tensor: %s.' % (global_step_tensor,)
        )
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(
            'Existing "global_step" does not have integer type: %s' % global_step_tensor.dtype
        )
    shape = global_step_tensor.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError('Existing "global_step" is not scalar: %s' % shape)


_READS = "global_step_read_op_cache"  # collection of the one read that all users share


def _get_or_create_global_step_read(graph=None):
    """A tensor of the global step as it is before this run counts it up, or None."""
    graph = graph or ops.get_default_graph()
    reads = graph.get_collection_ref(_READS)
    if not reads:
        step = get_global_step(graph)
        if step is None:
            return None
        with graph.as_default(), ops.name_scope(None), ops.name_scope(step.op.name + "/"):
            reads.append(step.initialized_value() + 0)
    return reads[0]


def _increment_global_step(increment, graph=None):
    """A tensor of the global step after counting it up, and after its shared read.

    Raises:
      ValueError: if there is no global step.
    """
    graph = graph or ops.get_default_graph()
    step = get_global_step(graph)
    if step is None:
        raise ValueError("Global step tensor should be created before calling increment.")
    with graph.as_default(), ops.control_dependencies([_get_or_create_global_step_read(graph)]):
        return state_ops.assign_add(step, increment)
