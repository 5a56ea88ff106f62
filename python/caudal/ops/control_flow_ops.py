# SPDX-License-Identifier: Apache-2.0
"""Control flow: ordering, conditionals and loops.

A branch, a loop condition and a loop body each are a graph of their own, held by one If or While
node; tensors of the program around them become inputs of that node.
"""

from caudal.framework import dtypes, nest, ops, tensor_shape
from caudal.framework.function_graph import FuncGraph, unify_captures
from caudal.framework.indexed_slices import IndexedSlices
from caudal.framework.op_factory import apply
from caudal.framework.operation import Operation
from caudal.framework.sparse_tensor import SparseTensor
from caudal.framework.tensor import Tensor


def no_op(name=None):
    """An operation that does nothing; useful for its control inputs. Op: NoOp."""
    return apply("NoOp", name=name)


def group(*inputs, **kwargs):
    """An operation that runs all `inputs`.

    Args:
      *inputs: tensors, operations, variables, or nested lists of them.
      name: name of the operation.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    items = nest.flatten(list(inputs), expand_composites=True)
    for item in items:
        if not hasattr(item, "device") and not hasattr(type(item), "_as_graph_element"):
            raise TypeError(
                "Expected tf.group() expected Tensor arguments not '%s' with type '%s'"
                % (item, type(item))
            )
    graph = ops._get_graph_from_inputs(items) if items else ops.get_default_graph()
    by_device = {}
    for item in items:
        by_device.setdefault(item.device, []).append(item)
    with graph.as_default():
        if len(by_device) <= 1:
            device = next(iter(by_device), "")
            return _group_on(device, items, name or "group_deps")
        with ops.name_scope(name, "group_deps", items) as scope:
            parts = [_group_on(d, by_device[d], "NoOp") for d in sorted(by_device, key=str)]
            with ops.control_dependencies(parts):
                return no_op(name=scope)


def _group_on(device, items, name):
    with ops.control_dependencies(items):
        if device:
            with ops.device(device):
                return no_op(name=name)
        return no_op(name=name)


def with_dependencies(dependencies, output_tensor, name=None):
    """`output_tensor`, available after `dependencies` have run."""
    with ops.name_scope(name, "control_dependency", list(dependencies) + [output_tensor]) as scope:
        with ops.colocate_with(output_tensor), ops.control_dependencies(dependencies):
            output_tensor = ops.convert_to_tensor_or_indexed_slices(output_tensor)
            if isinstance(output_tensor, IndexedSlices):
                return IndexedSlices(
                    apply("Identity", output_tensor.values, name=scope),
                    output_tensor.indices,
                    output_tensor.dense_shape,
                )
            return apply("Identity", output_tensor, name=scope)


def tuple(tensors, name=None, control_inputs=None):  # noqa: A001 - TensorFlow's name
    """The same tensors, each available only when all of them are.

    Args:
      tensors: a list of tensors, IndexedSlices, operations or None.
      name: name scope.
      control_inputs: further operations to wait for.
    """
    with ops.name_scope(name, "tuple", tensors):
        tensors = [
            t if isinstance(t, Operation) or t is None or ops.is_dense_tensor_like(t)
            else ops.convert_to_tensor_or_indexed_slices(t)
            for t in tensors
        ]  # fmt: skip
        gating = [
            t if isinstance(t, Operation) else t.op
            for t in tensors
            if t is not None
        ]  # fmt: skip
        for c in control_inputs or ():
            if not isinstance(c, (Tensor, Operation)):
                if not hasattr(c, "op"):
                    raise TypeError("Control input must be Operation or Tensor: %s" % (c,))
            gating.append(c if isinstance(c, Operation) else c.op)
        if not gating:
            raise ValueError("Must have at least one Tensor: %s" % (tensors,))
        gate = group(*gating)
        out = []
        for t in tensors:
            if t is None:
                out.append(None)
            elif isinstance(t, Operation):
                with ops.control_dependencies([gate]):
                    out.append(group(t, name="control_dependency"))
            else:
                out.append(with_dependencies([gate], t))
        return out


# -- cond ------------------------------------------------------------------------------------------


def cond(pred, true_fn=None, false_fn=None, strict=False, name=None, fn1=None, fn2=None):
    """The result of `true_fn()` if `pred` is true when the graph runs, else of `false_fn()`.

    Only what the results of the chosen branch need is run; tensors made outside of the functions
    are computed in either case.

    Args:
      pred: a bool tensor of rank 0.
      true_fn, false_fn: functions without arguments; both return the same structure of tensors of
        the same dtypes. An Operation counts as a bool tensor.
      strict: if false, a list or tuple of one is returned as that one.
      name: name scope.
      fn1, fn2: old names of the functions.

    Raises:
      TypeError: for a Python bool, or something else that cannot be called.
      ValueError: if the results differ in structure or dtypes.
    """
    if fn1 is not None:
        if true_fn is not None:
            raise TypeError("cond(): true_fn and fn1 may not be set simultaneously.")
        true_fn = fn1
    elif true_fn is None:
        raise TypeError("cond(): true_fn argument required")
    if fn2 is not None:
        if false_fn is not None:
            raise TypeError("cond(): false_fn and fn2 may not be set simultaneously.")
        false_fn = fn2
    elif false_fn is None:
        raise TypeError("cond(): false_fn argument required")
    if not callable(true_fn):
        raise TypeError("true_fn must be callable.")
    if not callable(false_fn):
        raise TypeError("false_fn must be callable.")
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    with ops.name_scope(name, "cond", [pred]):
        pred = ops.convert_to_tensor(pred, name="pred")
        _check_predicate(pred, "pred", "Switch")
        true = _Branch("true", true_fn, True, strict, pred)
        false = _Branch("false", false_fn, False, strict, pred)
        nest.assert_same_structure(true.structure, false.structure, expand_composites=True)
        if not true.outputs:
            raise ValueError("true_fn and false_fn must return at least one result.")
        _match_indices(true, false)
        if len(true.outputs) != len(false.outputs):
            raise ValueError("true_fn and false_fn return different numbers of tensors")
        for a, b in zip(true.outputs, false.outputs):
            if a.dtype.base_dtype != b.dtype.base_dtype:
                raise ValueError(
                    "Outputs of true_fn and false_fn must have the same type: %s, %s"
                    % (a.dtype.base_dtype.name, b.dtype.base_dtype.name)
                )
        merged = _add_if(pred, true, false)
        return _pack(true.structure, merged)


_tuple = ().__class__


def _check_predicate(pred, argument, op_name):
    if pred.dtype.base_dtype != dtypes.bool:
        raise TypeError(
            "Input '%s' of '%s' Op has type %s that does not match expected type of bool."
            % (argument, op_name, pred.dtype.base_dtype.name)
        )
    if pred.shape.rank not in (None, 0):
        scope = ops.get_default_graph()._name_stack
        shapes = [str(pred.shape.as_list()).replace(" ", "").replace("None", "?")]
        if op_name == "Switch":
            shapes *= 2  # as data and as predicate
        raise ValueError(
            "Shape must be rank 0 but is rank %d for '%s/%s' (op: '%s') with input shapes: %s."
            % (pred.shape.rank, scope, op_name, op_name, ", ".join(shapes))
        )


class _Branch:
    """One function of a cond, built into a graph of its own."""

    def __init__(self, which, function, value, strict, pred):
        outer = ops.get_default_graph()
        self.graph = FuncGraph(outer._name_stack + "/" + which, outer)
        self.graph.predicate = pred
        self.graph.build(self._build, function, which, value, strict)

    def _build(self, function, which, value, strict):
        result = function()
        if not strict and type(result) in (list, _tuple) and len(result) == 1:
            result = result[0]
        if result is None:
            raise ValueError("%s_fn must have a return value." % which)

        def convert(leaf):
            if isinstance(leaf, Operation):
                with ops.control_dependencies([leaf]):
                    return apply("Identity", ops.convert_to_tensor(value, dtypes.bool))
            if leaf is None:
                raise ValueError("%s_fn returned None for a tensor." % which)
            if _is_composite(leaf):
                return leaf
            return ops.convert_to_tensor_or_indexed_slices(leaf)

        self.structure = nest.map_structure(convert, result)
        self.outputs = [_own_output(self.graph, t) for t in _flatten(self.structure)]

    def replace(self, tensor, dtype):
        """Converts the output that `tensor` has become."""
        for i, (output, leaf) in enumerate(zip(self.outputs, _flatten(self.structure))):
            if leaf is tensor and output.dtype.base_dtype != dtype:
                cast = self.graph.build(lambda t=output: apply("Cast", t, DstT=dtype))
                self.outputs[i] = cast


def _match_indices(true, false):
    """Makes all indices int64 where one branch returns int32 indices of slices and one int64."""
    for a, b in zip(nest.flatten(true.structure), nest.flatten(false.structure)):
        if not isinstance(a, IndexedSlices) or not isinstance(b, IndexedSlices):
            continue
        if a.indices.dtype.base_dtype != b.indices.dtype.base_dtype:
            for branch, leaf in ((true, a), (false, b)):
                branch.replace(leaf.indices, dtypes.int64)


def _own_output(graph, tensor):
    """A node of `graph` itself with the value of `tensor`."""
    if (
        tensor._graph is graph
        and tensor._op.type != "Placeholder"
        and not (tensor._dtype._is_ref_dtype)
    ):
        return tensor
    return apply("Identity", tensor)


def _is_composite(value):
    return isinstance(value, IndexedSlices) or hasattr(type(value), "_to_components")


def _parts(value):
    """The tensors that a leaf of a structure consists of."""
    if isinstance(value, IndexedSlices):
        parts = [value.values, value.indices]
        return parts if value.dense_shape is None else parts + [value.dense_shape]
    if hasattr(type(value), "_to_components"):
        return value._to_components()
    return [value]


def _flatten(structure):
    return [part for leaf in nest.flatten(structure) for part in _parts(leaf)]


def _pack(structure, tensors):
    tensors = iter(tensors)

    def rebuild(leaf):
        parts = [next(tensors) for _ in _parts(leaf)]
        if isinstance(leaf, IndexedSlices):
            return IndexedSlices(*parts)
        if hasattr(type(leaf), "_to_components"):
            return leaf._from_components(parts)
        return parts[0]

    return nest.pack_sequence_as(structure, [rebuild(x) for x in nest.flatten(structure)])


def _add_if(pred, true, false):
    graphs = [true.graph, false.graph]
    captured = unify_captures(graphs)
    for branch in (true, false):
        inputs = [branch.graph.captures[t] for t in captured]
        branch.graph.finish(inputs, branch.outputs)
    shapes = [
        a.shape.most_specific_compatible_shape(b.shape) for a, b in zip(true.outputs, false.outputs)
    ]
    with ops.control_dependencies(graphs[0].outer_controls + graphs[1].outer_controls):
        results = apply(
            "If",
            pred,
            captured,
            Tout=[t.dtype.base_dtype for t in true.outputs],
            then_branch=graphs[0]._subgraph,
            else_branch=graphs[1]._subgraph,
            output_shapes=shapes,
        )
    return [apply("Identity", t, name="Merge") for t in results]


# -- while_loop ------------------------------------------------------------------------------------


def while_loop(
    cond,
    body,
    loop_vars,
    shape_invariants=None,
    parallel_iterations=10,
    back_prop=True,
    swap_memory=False,
    name=None,
    maximum_iterations=None,
    return_same_structure=False,
):
    """Repeats `body` while `cond` is true.

    Args:
      cond: function of the loop variables that returns a bool tensor of rank 0.
      body: function of the loop variables that returns their next values in the same structure.
      loop_vars: list of tensors (or nested structures) that the loop starts with.
      shape_invariants: shapes, in the structure of `loop_vars`, where they may vary.
      parallel_iterations: accepted as in TensorFlow.
      back_prop: if false, no gradient flows through the loop.
      swap_memory: accepted as in TensorFlow.
      name: name scope.
      maximum_iterations: int or scalar tensor; the loop ends after as many iterations.
      return_same_structure: if false, a single loop variable is returned by itself.

    Raises:
      TypeError: for functions that cannot be called and for dtypes that change.
      ValueError: for structures and shapes that change.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if isinstance(loop_vars, Tensor):
        loop_vars = [loop_vars]
    if not loop_vars:
        raise ValueError("No loop variables provided")
    if not isinstance(parallel_iterations, int) or parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    if not nest.is_sequence(loop_vars):
        loop_vars = [loop_vars]
    with ops.name_scope(name, "while", nest.flatten(loop_vars)):
        loop = _Loop(loop_vars, shape_invariants, maximum_iterations)
        loop.build(cond, body)
        outputs = loop.add(parallel_iterations)
        exit_op = "Identity" if back_prop else "StopGradient"
        exits = [apply(exit_op, t, name="Exit") for t in outputs]
        exits = exits[1:] if loop.limited else exits
        packed = _pack(loop.result, exits)
        if not return_same_structure and len(exits) == 1:
            packed = packed[0]
        return packed


class _Loop:
    """The loop variables of a while_loop, and the graphs of its condition and body."""

    def __init__(self, loop_vars, invariants, maximum):
        self.limited = maximum is not None
        self.maximum = None
        if self.limited:
            self.maximum = ops.convert_to_tensor(maximum, name="maximum_iterations")
            if self.maximum.shape.rank not in (None, 0):
                raise ValueError(
                    "maximum_iterations must be a scalar, saw shape: %s" % self.maximum.shape
                )
        if invariants is not None:
            # A shape is itself a list to `nest`: compare with shapes as leaves.
            invariants = _as_shapes(loop_vars, invariants)
        self.structure = nest.map_structure(_convert_loop_var, loop_vars)
        self.tensors = _flatten(self.structure)
        leaves = nest.flatten(self.structure)
        self.shapes = []
        for leaf, shape in zip(leaves, invariants or [None] * len(leaves)):
            self.shapes.extend(_leaf_invariant(leaf, shape))
        if self.limited:
            counter = apply("Identity", ops.convert_to_tensor(0, self.maximum.dtype))
            self.tensors.insert(0, counter)
            self.shapes.insert(0, tensor_shape.scalar())

    def _graph(self, which, live):
        outer = ops.get_default_graph()
        graph = FuncGraph(outer._name_stack + "/" + which, outer)
        graph._live = live
        name = "Merge" if which == "cond" else "Identity"
        inputs = [
            graph.add_input(t.dtype.base_dtype, s._to_core(), name)
            for t, s in zip(self.tensors, self.shapes)
        ]
        graph.starts = list(zip(inputs, self.tensors))
        return graph, inputs

    def build(self, cond, body):
        from caudal.ops import second_build

        with second_build.Build(ops.get_default_graph()) as build:
            self._build(cond, body, build)

    def _build(self, cond, body, build):
        live = frozenset()
        while True:
            self.cond_graph, self.cond_inputs = self._graph("cond", live)
            self.cond_output = self.cond_graph.build(self._condition, cond)
            self.body_graph, self.body_inputs = self._graph("body", live)
            self.body_outputs = self.body_graph.build(self._iteration, body)
            # A variable that the loop writes must not be read once before it: begin anew.
            graphs = (self.cond_graph, self.body_graph)
            written = set().union(*(graph._written for graph in graphs))
            conflicts = written & set().union(*(graph._hoisted for graph in graphs))
            if conflicts <= live:
                return
            live |= conflicts
            build.again()

    def _arguments(self, inputs):
        return _pack(self.structure, inputs[1:] if self.limited else inputs)

    def _condition(self, cond):
        arguments = self._arguments(self.cond_inputs)
        pred = ops.convert_to_tensor(_call(cond, arguments))
        _check_predicate(pred, "input", "LoopCond")
        if self.limited:
            more = apply("Less", self.cond_inputs[0], self.maximum)
            pred = apply("LogicalAnd", more, pred)
        return _own_output(self.cond_graph, pred)

    def _iteration(self, body):
        arguments = self._arguments(self.body_inputs)
        result = _call(body, arguments)
        if not nest.is_sequence(result):
            result = [result]
        nest.assert_same_structure(
            list(_values(self.structure)), list(_values(result)), expand_composites=True
        )
        self.result = nest.map_structure(_convert_loop_var, result)
        outputs = _flatten(self.result)
        if self.limited:
            counter = self.body_inputs[0]
            outputs.insert(0, apply("Add", counter, ops.convert_to_tensor(1, counter.dtype)))
        for start, shape, after in zip(self.tensors, self.shapes, outputs):
            _check_iteration(start, shape, after)
        return [_own_output(self.body_graph, t) for t in outputs]

    def add(self, parallel_iterations):
        graphs = [self.cond_graph, self.body_graph]
        captured = unify_captures(graphs)
        inner = [self.body_graph.captures[t] for t in captured]
        self.cond_graph.finish(
            self.cond_inputs + [self.cond_graph.captures[t] for t in captured], [self.cond_output]
        )
        self.body_graph.finish(self.body_inputs + inner, self.body_outputs + inner)
        shapes = self.shapes + [t.shape for t in captured]
        with ops.control_dependencies(graphs[0].outer_controls + graphs[1].outer_controls):
            results = apply(
                "While",
                self.tensors + captured,
                cond=graphs[0]._subgraph,
                body=graphs[1]._subgraph,
                output_shapes=shapes,
                parallel_iterations=parallel_iterations,
            )
        return results[: len(self.tensors)]


def _values(structure):
    return structure.values() if isinstance(structure, dict) else structure


def _call(function, arguments):
    if isinstance(arguments, dict):
        return function(arguments)
    return function(*arguments)


def _convert_loop_var(value):
    if _is_composite(value):
        return value
    return ops.internal_convert_to_tensor_or_indexed_slices(value)


def _as_shapes(loop_vars, invariants):
    """The invariants as a flat list; ValueError if they are not structured like `loop_vars`."""

    def is_shape(value):
        return value is None or isinstance(value, tensor_shape.TensorShape)

    def walk(variables, shapes):
        if not nest.is_sequence(variables):
            return [tensor_shape.as_shape(shapes)]
        if is_shape(shapes) or not nest.is_sequence(shapes) or len(shapes) != len(variables):
            nest.assert_same_structure(loop_vars, invariants, check_types=False)
            raise ValueError("shape_invariants must have the structure of loop_vars")
        flat = []
        for v, s in zip(nest._children(variables), nest._children(shapes)):
            flat.extend(walk(v, s))
        return flat

    return walk(loop_vars, invariants)


def _leaf_invariant(leaf, shape):
    """Invariants of the tensors of one leaf; `shape` None asks for those of its static shape."""
    if isinstance(leaf, SparseTensor):
        # The invariant is the shape of the vector that holds the dense shape.
        known = leaf.dense_shape.shape
        shape = known if shape is None else shape
        if not _covers(shape, known):
            raise _bad_invariant(leaf.dense_shape, shape)
        rank = shape[0] if shape.rank else tensor_shape.Dimension(None)
        return [
            tensor_shape.TensorShape([None, rank]),
            tensor_shape.TensorShape([None]),
            tensor_shape.TensorShape([rank]),
        ]
    if shape is None:
        return [t.shape for t in _parts(leaf)]
    if not isinstance(leaf, Tensor):
        if isinstance(leaf, IndexedSlices):
            rows = tensor_shape.TensorShape([None])
            shapes = [rows.concatenate(shape[1:]) if shape.rank else shape, rows]
            return shapes if leaf.dense_shape is None else shapes + [leaf.dense_shape.shape]
        return [tensor_shape.TensorShape(None).merge_with(t.shape) for t in _parts(leaf)]
    if not _covers(shape, leaf.shape):
        raise _bad_invariant(leaf, shape)
    return [shape]


def _bad_invariant(tensor, shape):
    return ValueError(
        "The shape invariant specified for %s is not compatible with the initial shape of the "
        "loop variable. It enters the loop with shape %s, but the specified shape invariant is "
        "%s." % (tensor.name, tensor.shape, shape)
    )


def _covers(general, specific):
    """Whether every tensor of shape `specific` has shape `general`."""
    if general.rank is None:
        return True
    if specific.rank != general.rank:
        return False
    return all(g is None or g == s for g, s in zip(general.as_list(), specific.as_list()))


def _check_iteration(start, shape, after):
    if start.dtype.base_dtype != after.dtype.base_dtype:
        raise TypeError(
            "Loop variable '%s' enters the loop with type %s, but has type %s after one iteration."
            % (start.name, start.dtype.base_dtype.name, after.dtype.base_dtype.name)
        )
    if not _covers(shape, after.shape):
        raise ValueError(
            "Input tensor '%s' enters the loop with shape %s, but has shape %s after one "
            "iteration. To allow the shape to vary across iterations, use the `shape_invariants` "
            "argument of tf.while_loop to specify a less-specific shape."
            % (start.name, shape, after.shape)
        )


# -- case ------------------------------------------------------------------------------------------


def case(pred_fn_pairs, default=None, exclusive=False, strict=False, name="case"):
    """The result of the first function whose predicate is true.

    Args:
      pred_fn_pairs: list of (bool tensor, function) pairs, or a dict of them.
      default: function for when no predicate is true; without it that is an error at run time.
      exclusive: if true, more than one true predicate is an error at run time.
      strict: as in `tf.cond`.
      name: name scope.
    """
    if isinstance(pred_fn_pairs, dict):
        pairs = list(pred_fn_pairs.items())
        if not exclusive and type(pred_fn_pairs) is dict and len(pairs) > 1:
            pairs = sorted(pairs, key=lambda pair: pair[0].name)
    elif isinstance(pred_fn_pairs, (list, _tuple)):
        pairs = list(pred_fn_pairs)
    else:
        raise TypeError("fns must be a list, tuple, or dict")
    for pair in pairs:
        if not isinstance(pair, _tuple) or len(pair) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        pred, function = pair
        if not ops.is_dense_tensor_like(pred) and not hasattr(type(pred), "_as_graph_element"):
            raise TypeError("pred must be a Tensor, got: %s" % (pred,))
        if pred.dtype.base_dtype != dtypes.bool:
            raise TypeError("pred must be Tensor of type bool: %s" % pred.name)
        if not callable(function):
            raise TypeError("fn for pred %s must be callable." % pred.name)
    if default is not None and not callable(default):
        raise TypeError("default must be callable.")
    if not pairs:
        if default is None:
            raise ValueError("case needs at least one pair or a default")
        return default()
    with ops.name_scope(name, "case", [pred for pred, _ in pairs]):
        if exclusive:
            return _exclusive_case(pairs, default, strict)
        return _case(pairs, default, strict)


def _case(pairs, default, strict):
    if default is None:
        # The last function runs for certain, unless no predicate holds.
        pred, last = pairs[-1]
        preds = [p for p, _ in pairs]
        pairs = pairs[:-1]

        def default():
            return _checked(
                last, _any(preds), "Input error: None of conditions evaluated as True:", preds
            )

        if not pairs:
            return default()

    def build(index):
        if index == len(pairs):
            return default()
        pred, function = pairs[index]
        return cond(pred, function, lambda: build(index + 1), strict=strict)

    return build(0)


def _exclusive_case(pairs, default, strict):
    preds = apply("Pack", [ops.convert_to_tensor(p) for p, _ in pairs])
    count = apply("Sum", apply("Cast", preds, DstT=dtypes.int32), [0])
    message = "Input error: exclusive=True: more than 1 conditions (%s) evaluated as True:" % (
        ", ".join(p.name for p, _ in pairs)
    )
    at_most_one = apply("LessEqual", count, 1)
    check = apply("Assert", at_most_one, [message, preds], summarize=len(pairs))
    with ops.control_dependencies([check]):
        return _case(pairs, default, strict)


def _any(preds):
    return apply("Any", apply("Pack", [ops.convert_to_tensor(p) for p in preds]), [0])


def _checked(function, condition, message, preds):
    """`function()` after an assertion that the condition holds."""
    preds = apply("Pack", [ops.convert_to_tensor(p) for p in preds])
    check = apply("Assert", condition, [message, preds], summarize=len(preds.op.inputs))
    with ops.control_dependencies([check]):
        result = function()
        return nest.map_structure(
            lambda t: t if isinstance(t, Operation) or _is_composite(t) else apply("Identity", t),
            result,
        )


def switch_case(branch_index, branch_fns, default=None, name="switch_case"):
    """The result of the function that `branch_index` chooses.

    Args:
      branch_index: int32 scalar tensor.
      branch_fns: dict of int to function, or a list of functions or (int, function) pairs.
      default: function for an index without function; by default the one of the largest index.
      name: name scope.
    """
    if isinstance(branch_fns, dict):
        pairs = list(branch_fns.items())
    elif isinstance(branch_fns, (list, _tuple)):
        pairs = [f if isinstance(f, _tuple) else (i, f) for i, f in enumerate(branch_fns)]
    else:
        raise TypeError("branch_fns must be a list, tuple, or dict")
    if not pairs:
        raise ValueError("Must provide at least one item in branch_fns")
    for index, function in pairs:
        if not isinstance(index, int):
            raise TypeError("key must be a Python `int`, got %s" % type(index))
        if not callable(function):
            raise TypeError("fn for key %d must be callable." % index)
    pairs.sort(key=lambda pair: pair[0])
    if [index for index, _ in pairs] != list(range(len(pairs))):
        raise ValueError(
            "branch indices (keys) must form contiguous range of [0 to %d) but found {%s}"
            % (len(pairs), ",".join(str(index) for index, _ in pairs))
        )
    if default is None:
        default = pairs[-1][1]
        pairs = pairs[:-1]
    with ops.name_scope(name, "switch_case", [branch_index]):
        branch_index = ops.convert_to_tensor(branch_index, dtypes.int32, name="branch_index")
        tests = [(apply("Equal", branch_index, index), function) for index, function in pairs]
        return _case(tests, default, False) if tests else default()
