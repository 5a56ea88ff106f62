# SPDX-License-Identifier: Apache-2.0
"""tf.gradients, tf.hessians, and the way to gradient functions that are written in Python."""

import enum

from caudal import _core
from caudal.framework import gradient_registry
from caudal.framework import graph as graph_lib
from caudal.framework.conversion import (
    internal_convert_to_tensor,
    internal_convert_to_tensor_or_indexed_slices,
)
from caudal.framework.function_graph import FuncGraph
from caudal.framework.gradient_paths import Around, check_starts, is_copy_of
from caudal.framework.graph import Graph, raise_graph_error
from caudal.framework.indexed_slices import IndexedSlices
from caudal.framework.op_factory import apply
from caudal.framework.origin import origin
from caudal.framework.scopes import default_graphs, get_default_graph
from caudal.framework.tensor import Tensor


class AggregationMethod:
    """Ways to add up gradients; they differ in TensorFlow only, here all are the same."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


class UnconnectedGradients(enum.Enum):
    """What `tf.gradients` gives where no path leads from x to y."""

    NONE = "none"
    ZERO = "zero"


def _as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _x_tensor(x):
    """The tensor whose gradient is the gradient with respect to `x`."""
    if isinstance(x, Tensor):
        return x
    get_ref = getattr(x, "_ref", None)
    if callable(get_ref):
        return get_ref()
    return internal_convert_to_tensor_or_indexed_slices(x, name="x")


def gradients(ys, xs, grad_ys=None, name="gradients", colocate_gradients_with_ops=False,
              gate_gradients=False, aggregation_method=None, stop_gradients=None,
              unconnected_gradients=UnconnectedGradients.NONE):  # fmt: skip
    """Symbolic derivatives of the sum of `ys` with respect to each of `xs`.

    Args:
      ys: a tensor or a list of tensors.
      xs: a tensor or variable, or a list of them.
      grad_ys: initial gradients, one per y, None for ones.
      name: name scope of the new nodes.
      colocate_gradients_with_ops: place gradient nodes on the devices of their operations.
      gate_gradients: whether what reads a gradient of an operation waits for all gradients of it.
        Here variables are updated after they are read in any case; in TensorFlow, which may run the
        graph, gates make it so.
      aggregation_method: a field of `tf.AggregationMethod`.
      stop_gradients: tensors to treat as constants.
      unconnected_gradients: "none" or "zero".

    Returns:
      A list with one Tensor, IndexedSlices or None per x.

    Raises:
      LookupError: if an operation on the way has no gradient.
      ValueError: for arguments that do not fit each other.
    """
    try:
        unconnected_gradients = UnconnectedGradients(unconnected_gradients)
    except ValueError:
        raise ValueError(
            "Unknown value for unconnected_gradients: %r" % (unconnected_gradients,)
        ) from None
    if aggregation_method not in (None, 0, 1, 2):
        raise ValueError("Invalid aggregation_method specified %s." % (aggregation_method,))
    ys, xs = _as_list(ys), _as_list(xs)
    stop_gradients = [] if stop_gradients is None else _as_list(stop_gradients)
    if grad_ys is None:
        grad_ys = [None] * len(ys)
    else:
        grad_ys = _as_list(grad_ys)
        if len(grad_ys) != len(ys):
            raise ValueError("Passed %d grad_ys for %d ys" % (len(grad_ys), len(ys)))
    graph = _graph_of(ys + xs)
    graph._check_not_finalized()
    old = graph._name_stack
    scope = graph._enter_name(name or "gradients")
    default_graphs.stack.append(graph)
    try:
        ys = [internal_convert_to_tensor(y, name="y_%d" % i) for i, y in enumerate(ys)]
        x_tensors = [_x_tensor(x) for x in xs]
        stops = [_x_tensor(x) for x in stop_gradients]
        grad_ys = [_grad_y(g, y, i) for i, (g, y) in enumerate(zip(grad_ys, ys))]
        results = _compute(
            graph,
            ys,
            x_tensors,
            grad_ys,
            stops,
            scope,
            bool(colocate_gradients_with_ops),
            bool(gate_gradients),
        )
    finally:
        default_graphs.stack.pop()
        graph._name_stack = old
    if unconnected_gradients is UnconnectedGradients.ZERO:
        results = [
            apply("ZerosLike", x, name="zeros_like") if g is None else g
            for g, x in zip(results, x_tensors)
        ]
    return results


def _graph_of(values):
    for value in values:
        graph = getattr(value, "graph", None)
        if isinstance(graph, Graph):
            return graph
    return get_default_graph()


def _grad_y(grad, y, index):
    if grad is None:
        if y.dtype.is_complex:
            raise TypeError(
                "Gradients of complex tensors must set grad_ys (y.dtype = %r)" % y.dtype
            )
        return None
    if isinstance(grad, IndexedSlices):
        return grad
    grad = internal_convert_to_tensor(grad, name="grad_ys_%d" % index)
    base, wanted = grad.dtype.base_dtype, y.dtype.base_dtype
    if base is not wanted and not (base.is_integer and wanted.is_integer):
        raise TypeError(
            "Gradient type %s generated for tensor %s with type %s must match"
            % (base.name, y.name, wanted.name)
        )
    if not grad.shape.is_compatible_with(y.shape):
        raise ValueError(
            "Shape %s of grad_ys[%d] does not fit shape %s of %s"
            % (grad.shape, index, y.shape, y.name)
        )
    return grad


def _key_of(graph, tensor):
    """The key of a tensor of `graph`."""
    if tensor._graph is not graph:
        raise ValueError("%s must be from the same graph as the ys." % (tensor,))
    return tensor._key


def _keys_of(graph, tensor):
    """Keys of what stands for a tensor in `graph`.

    In a branch or body that may be several inputs, such as captured reads of a variable.
    """
    captures = getattr(graph, "captures", None)
    if tensor._graph is graph or captures is None:
        return [_key_of(graph, tensor)]
    keys = [inner._key for outer, inner in captures.items() if is_copy_of(outer, tensor)]
    ref = graph._refs.get(tensor)
    return keys if ref is None else keys + [ref._key]


def _to_core(graph, grad):
    if grad is None:
        return None
    if isinstance(grad, IndexedSlices):
        shape = grad.dense_shape
        return (
            _key_of(graph, grad.values),
            _key_of(graph, grad.indices),
            -1 if shape is None else _key_of(graph, shape),
        )
    return _key_of(graph, grad)


def _from_core(graph, grad):
    if grad is None:
        return None
    tensor = graph._tensor
    if isinstance(grad, tuple):
        values, indices, shape = grad
        return IndexedSlices(
            tensor(values), tensor(indices), None if shape is None or shape < 0 else tensor(shape)
        )
    return tensor(grad)


def _compute(graph, ys, xs, grad_ys, stops, scope, colocate, gate):
    results = _compute_inside(graph, ys, xs, grad_ys, stops, scope, colocate, gate)
    if isinstance(graph, FuncGraph):
        for i, x in enumerate(xs):
            if isinstance(x, Tensor) and x._graph is not graph:
                rest = _compute_through_captures(
                    graph, ys, x, grad_ys, stops, scope, colocate, gate
                )
                results[i] = _total([results[i], rest])
    return results


def _compute_through_captures(graph, ys, x, grad_ys, stops, scope, colocate, gate):
    """The part of a gradient inside of a branch or body that leads through what is around it."""

    def grads_of(tensors):
        return _compute_inside(graph, ys, tensors, grad_ys, stops, scope, colocate, gate)

    around = Around(graph, x)
    check_starts(graph, around, grads_of, x)
    captured = around.captured()
    inner = [graph.captures[t] for t in captured]
    pairs = [(t, g) for t, g in zip(captured, grads_of(inner)) if g is not None]
    if not pairs:
        return None
    copies = [around.copy(t) for t, _ in pairs]
    return _compute_inside(graph, copies, [x], [g for _, g in pairs], stops, scope, colocate, gate)[
        0
    ]


def _compute_inside(graph, ys, xs, grad_ys, stops, scope, colocate, gate):
    if not xs:
        return []
    if not ys:
        return [None] * len(xs)
    keys = [_keys_of(graph, x if isinstance(x, Tensor) else x.values) for x in xs]
    asked = [key for group in keys for key in group]
    first = graph._core.num_nodes()
    where = origin()
    _computing.append(graph)
    try:
        computed = graph._core.gradients(
            [y._key for y in ys],
            asked,
            [_to_core(graph, g) for g in grad_ys],
            [k for s in stops for k in _keys_of(graph, s)],
            scope,
            colocate,
            gate,
            where,
        )
    except _core.Error as error:
        if error.code == 5:
            raise LookupError(error.message) from None
        raise_graph_error(error, graph, where)
    finally:
        _computing.pop()
    graph._apply_scopes_to(first)
    if colocate:
        _colocate_from(graph, first)
    found = iter(computed)
    return [_total([_from_core(graph, next(found)) for _ in group]) for group in keys]


def _colocate_from(graph, first):
    """Gives the nodes of gradients the colocation groups of the nodes that they derive."""
    for node_id in range(first, graph._core.num_nodes()):
        op = graph._op(node_id)
        forward = op._original_op
        if forward is None and op.type == "AddN":
            parts = [(t.op._original_op or t.op) for t in op.inputs]
            forward = min(parts, key=lambda part: part._id)
        if forward is not None:
            op._set_attr("_class", forward.colocation_groups())


def _total(grads):
    grads = [g for g in grads if g is not None]
    if len(grads) > 1:
        return apply("AddN", [internal_convert_to_tensor(g) for g in grads])
    return grads[0] if grads else None


# -- Gradient functions in Python ------------------------------------------------------------------

_computing = []  # graphs whose gradients are being computed, innermost last


class _CoreGraph(Graph):
    """A graph that the core made by itself, such as the backward pass of a branch."""

    def __init__(self, core, outer):
        self._setup(core)
        self.outer_graph = outer
        self._collections = outer._collections
        self._gradient_functions = outer._gradient_functions


def _python_gradient(name, core_graph, node_id, dys, scope, needs):
    """The core's hook: gradients of one node by a registered Python function, or None."""
    known, function = gradient_registry.lookup(name)
    graph = graph_lib._by_core.get(id(core_graph))
    if not known:
        owner = graph if graph is not None else (_computing[-1] if _computing else None)
        function = None if owner is None else owner._gradient_functions.get(name)
        if function is None:
            return None
    if graph is None:
        graph = _CoreGraph(core_graph, _computing[-1] if _computing else get_default_graph())
    op = graph._op(node_id)
    inputs = op.inputs
    if function is None:
        return [None] * len(inputs)
    old = graph._name_stack
    graph._name_stack = scope.rstrip("/")
    default_graphs.stack.append(graph)
    try:
        grads = []
        for output, dy in zip(op.outputs, dys):
            if dy is not None:
                grads.append(_from_core(graph, dy))
            elif output.dtype.is_floating or output.dtype.is_complex:
                grads.append(apply("ZerosLike", output, name="zeros_like"))
            else:
                grads.append(None)
        result = function(op, *grads)
        result = list(result) if isinstance(result, (list, tuple)) else [result]
        if len(result) != len(inputs):
            raise ValueError(
                "Num gradients %d generated for op %s (%s) do not match num inputs %d"
                % (len(result), op.name, op.type, len(inputs))
            )
        out = []
        for i, (grad, x) in enumerate(zip(result, inputs)):
            if grad is not None:
                grad = internal_convert_to_tensor_or_indexed_slices(grad, name="grad_%d" % i)
                if not isinstance(grad, IndexedSlices) and not grad.shape.is_compatible_with(
                    x.shape
                ):
                    raise ValueError(
                        "Incompatible shapes between op input and calculated input gradient. "
                        "Forward operation: %s. Input index: %d. Original input shape: %s. "
                        "Calculated input gradient shape: %s" % (op.name, i, x.shape, grad.shape)
                    )
            out.append(_to_core(graph, grad))
        return out
    finally:
        default_graphs.stack.pop()
        graph._name_stack = old


_core.set_gradient_hook(_python_gradient)


def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False,
             aggregation_method=None):  # fmt: skip
    """Second derivatives of the sum of `ys`: one tensor of shape x.shape + x.shape per x.

    The xs need fully known shapes.
    """
    xs = _as_list(xs)
    kwargs = {
        "colocate_gradients_with_ops": colocate_gradients_with_ops,
        "gate_gradients": gate_gradients,
        "aggregation_method": aggregation_method,
    }
    results = []
    for i, (grad, x) in enumerate(zip(gradients(ys, xs, **kwargs), xs)):
        if grad is None:
            raise ValueError("None values not supported.")
        x = internal_convert_to_tensor(x)
        grad = internal_convert_to_tensor(grad)
        size = x.shape.num_elements()
        flat = apply("Reshape", grad, [-1])
        if size is None:
            raise ValueError(
                "tf.hessians needs fully known shapes here, got %s for %s" % (x.shape, x.name)
            )
        rows = [_hessian_row(_element(flat, j), x, kwargs) for j in range(size)]
        stacked = apply("Pack", rows)
        shape = apply("Shape", x)
        full = apply("ConcatV2", [shape, shape], 0)
        name_i = name if i == 0 else "%s_%d" % (name, i)
        results.append(apply("Reshape", stacked, full, name=name_i))
    return results


def _hessian_vector_product(ys, xs, v):
    """Products of the matrices of second derivatives with vectors: one per x.

    Args:
      ys: a scalar, or a list of scalars that are added.
      xs: tensors to derive by.
      v: as many tensors of the shapes of xs; no gradient flows through them.

    Raises:
      ValueError: if `xs` and `v` are not of the same length.
    """
    if len(v) != len(xs):
        raise ValueError("xs and v must have the same length.")
    products = [
        apply("Mul", grad, apply("StopGradient", factor))
        for grad, factor in zip(gradients(ys, xs), v)
        if grad is not None
    ]
    return gradients(products, xs)


def _element(flat, index):
    begin = [index]
    end = [index + 1]
    return apply("StridedSlice", flat, begin, end, [1], shrink_axis_mask=1)


def _hessian_row(component, x, kwargs):
    row = gradients(component, x, **kwargs)[0]
    if row is None:
        row = apply("ZerosLike", x)
    return apply("Reshape", internal_convert_to_tensor(row), [-1])
