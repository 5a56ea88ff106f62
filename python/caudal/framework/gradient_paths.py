# SPDX-License-Identifier: Apache-2.0
"""Gradients inside of a branch or loop body whose paths lead through operations around it.

The operations between what the body captures and x are made again inside, for their gradients to
stand on; what no gradient needs of them is not run.
"""

_STOPS = frozenset(("StopGradient", "PreventGradient"))


def _trainable(tensor):
    dtype = tensor.dtype.base_dtype
    return dtype.is_floating or dtype.is_complex


def _has_own_gradient(op):
    return "_gradient_op_type" in op._graph._core.attr_names(op._id)


def is_copy_of(tensor, origin):
    """Whether `tensor` is `origin`, or a read or copy of it."""
    while tensor is not origin:
        if tensor._op.type not in ("Identity", "Snapshot", "ReadVariableOp"):
            return False
        tensor = tensor._op.inputs[0]
    return True


class Around:
    """The operations around `graph` that lead from `x` to what the graph captures."""

    def __init__(self, graph, x):
        self._graph, self._x = graph, x
        self._depends = {}  # tensor around the graph -> whether it depends on x
        self._made = {}  # tensor around the graph -> what stands for it inside
        self._outer = {}  # graph -> {its input: the tensor around that it stands for}

    def captured(self):
        """The captured tensors that are not x itself but depend on it."""
        return [
            t
            for t in self._graph.captures
            if _trainable(t) and not is_copy_of(t, self._x) and self.depends(t)
        ]

    def _outer_of(self, tensor):
        graph = tensor._graph
        known = self._outer.get(graph)
        if known is None:
            captures = getattr(graph, "captures", {})
            known = self._outer[graph] = {inner: outer for outer, inner in captures.items()}
        return known.get(tensor)

    def _parents(self, tensor):
        outer = self._outer_of(tensor)
        if outer is not None:
            return (outer,)
        op = tensor._op
        if op.type in _STOPS or not (op.op_def.differentiable or _has_own_gradient(op)):
            return ()
        return [t for t in op.inputs if _trainable(t)]

    def depends(self, tensor):
        """Whether gradients lead from a tensor around the graph to x."""
        known, stack = self._depends, [tensor]
        while stack:
            t = stack[-1]
            if t in known:
                stack.pop()
                continue
            if is_copy_of(t, self._x):
                known[t] = True
                continue
            parents = self._parents(t)
            missing = [p for p in parents if p not in known]
            if missing:
                stack.extend(missing)
            else:
                known[t] = any(known[p] for p in parents)
        return known[tensor]

    def copy(self, tensor):
        """A tensor inside of the graph that is computed from x as `tensor` is around it."""
        made, stack = self._made, [tensor]
        while stack:
            t = stack[-1]
            if t in made:
                stack.pop()
                continue
            if not self._depends.get(t) or is_copy_of(t, self._x):
                made[t] = self._graph.capture(t)
                continue
            outer = self._outer_of(t)
            needed = t._op.inputs if outer is None else (outer,)
            missing = [p for p in needed if p not in made]
            if missing:
                stack.extend(missing)
            elif outer is not None:
                made[t] = made[outer]
            else:
                made.update(zip(t._op.outputs, self._copy_op(t._op).outputs))
        return made[tensor]

    def _copy_op(self, op):
        if (
            op.op_def.is_stateful
            or op.type.startswith("TensorArray")
            or op.type in ("If", "While", "StatelessIf", "StatelessWhile")
            or any(t.dtype._is_ref_dtype for t in op.inputs)
        ):
            raise NotImplementedError(
                "The gradient with respect to %s inside of a branch or loop body leads through "
                "%s (%s), which is around it and cannot be made again inside: compute the "
                "gradient around it, or %s inside" % (self._x.name, op.name, op.type, op.name)
            )
        core, graph = op._graph._core, self._graph
        attrs = {n: core.get_attr(op._id, n) for n in core.attr_names(op._id) if n != "_class"}
        name = op.name.rpartition("/")[2]
        scope = graph._name_stack
        keys = [self._made[t]._key for t in op.inputs]
        full = scope + "/" + name if scope else name
        return graph._op(graph._core.add(op.type, full, keys, attrs, op.device, (), None))


def check_starts(graph, around, grads_of, x):
    """Raises ValueError if a gradient would lead out of a loop through a variable's first value.

    `grads_of` gives gradients with respect to tensors of `graph`.
    """
    starts = [
        inner
        for inner, outer in graph.starts
        if _trainable(outer) and around.depends(outer)
    ]  # fmt: skip
    if starts and any(g is not None for g in grads_of(starts)):
        raise ValueError(
            "Cannot compute gradient inside while loop with respect to op '%s'. We do not support "
            "taking the gradient wrt or through the initial value of a loop variable. Gradients "
            "can be computed through loop invariants or wrt the input parameters to the loop body."
            % x._op.name
        )
