# SPDX-License-Identifier: Apache-2.0
"""Initial values that are computed from other variables, which may have no value yet."""

from caudal.framework import ops

_STOPS = frozenset(("IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "If"))


def guarded(value):
    """`value`, computed from the initial values of variables that have no value.

    Nodes between such variables and `value` are made a second time; without variables on the way
    `value` itself is returned.
    """
    return _Guard().of(value)


class _Guard:
    def __init__(self):
        self._done = {}
        self._variables = None

    def of(self, value):
        stack = [value._op]
        while stack:
            op = stack[-1]
            if op in self._done:
                stack.pop()
                continue
            if op.type in _STOPS:
                self._done[op] = op.outputs
                continue
            if op.type in ("Variable", "VariableV2"):
                self._done[op] = self._of_variable(op)
                continue
            waiting = [t._op for t in op.inputs if t._op not in self._done]
            if waiting:
                stack.extend(waiting)
                continue
            self._done[op] = self._copy(op)
        return self._done[value._op][value.value_index]

    def _of_variable(self, op):
        if self._variables is None:
            graph = op.graph
            listed = graph.get_collection(ops.GraphKeys.GLOBAL_VARIABLES)
            listed = listed + graph.get_collection(ops.GraphKeys.LOCAL_VARIABLES)
            self._variables = {v.op: v for v in listed if hasattr(v, "initialized_value")}
        variable = self._variables.get(op)
        return op.outputs if variable is None else [variable.initialized_value()]

    def _copy(self, op):
        inputs = op.inputs
        new = [self._done[t._op][t.value_index] for t in inputs]
        if all(a is b for a, b in zip(inputs, new)):
            return op.outputs
        if any(b._dtype._is_ref_dtype for b in new):
            return op.outputs  # something else of the variable is used, which has to have a value
        graph, core = op.graph, op.graph._core
        attrs = {name: core.get_attr(op._id, name) for name in core.attr_names(op._id)}
        with ops.control_dependencies(op.control_inputs):
            node = graph._add(op.type, op.name, [t._key for t in new], attrs)
        return graph._op(node).outputs
