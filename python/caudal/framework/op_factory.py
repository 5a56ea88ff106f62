# SPDX-License-Identifier: Apache-2.0
"""From a call to a node: `apply` adds one node of any op, `public` makes an API function of an op.

Both read the op's signature from the core, so that Python has no list of ops.
"""

from caudal.framework import dtypes, op_registry, tensor_shape
from caudal.framework.conversion import internal_convert_to_tensor
from caudal.framework.graph import _TOP_NAME
from caudal.framework.indexed_slices import IndexedSlices
from caudal.framework.operation import Operation
from caudal.framework.scopes import default_graphs, get_default_graph
from caudal.framework.tensor import Tensor

_BY_ENUM = dtypes._BY_ENUM


class _Plan:
    """What `apply` needs to know of one op, worked out once."""

    __slots__ = ("name", "op_def", "args", "count", "simple", "accepted", "type_attrs",
                 "attr_defs", "result", "tuple_type", "required")  # fmt: skip

    def __init__(self, name):
        op_def = op_registry.op_def(name)
        self.name = name
        self.op_def = op_def
        self.args = op_def.input_arg
        self.count = len(self.args)
        self.simple = self.count > 0 and not any(a.is_list for a in self.args)
        self.accepted = set()  # dtypes of the inputs that passed the checks, as tuples of numbers
        self.attr_defs = {a.name: a for a in op_def.attr}
        self.type_attrs = frozenset(a.type_attr for a in self.args if a.type_attr)
        inferred = {b for a in self.args for b in (a.type_attr, a.number_attr, a.type_list_attr)}
        self.required = {a.name for a in op_def.attr if not a.has_default} - inferred
        outputs = op_def.output_arg
        if not outputs:
            self.result = "none"
        elif len(outputs) == 1:
            self.result = "list" if outputs[0].is_list else "one"
        else:
            self.result = "many_lists" if any(a.is_list for a in outputs) else "many"
        self.tuple_type = None


_plans = {}


def _plan(name):
    plan = _plans.get(name)
    if plan is None:
        plan = _plans[name] = _Plan(name)
    return plan


def apply(op_name, *inputs, name=None, **attrs):
    """Adds one node and returns what it makes.

    Args:
      op_name: type of the node.
      *inputs: one per formal input of the op; a list for a list input. Values that are no tensors
        are converted, in the scope of the node, to the dtype that attrs and earlier inputs imply.
        A reference input takes a variable.
      name: name of the node, by default its type.
      **attrs: attrs by their names in the signature; None means "not given".

    Returns:
      A Tensor; a list for one list output; a namedtuple for several; the Operation for none.

    Raises:
      TypeError: for a wrong dtype or an argument that cannot be converted.
      ValueError: for wrong shapes and attr values.
    """
    plan = _plans.get(op_name) or _plan(op_name)
    if plan.simple and len(inputs) == plan.count:
        for x in inputs:
            if type(x) is not Tensor:
                break
        else:
            stack = default_graphs.stack
            graph = stack[-1] if stack else get_default_graph()
            if not graph.building_function:
                graph = inputs[0]._graph
                if graph.building_function:
                    raise _left_behind(inputs[0], op_name)
            for x in inputs:
                if x._graph is not graph:
                    break
            else:
                seen = tuple([x._dtype._enum for x in inputs])
                if (
                    seen in plan.accepted
                    and plan.required <= attrs.keys()
                    and (not attrs or plan.type_attrs.isdisjoint(attrs))
                ):
                    core_attrs = _core_attrs(plan, attrs) if attrs else None
                    full = _full_name(graph, name, op_name)
                    node = graph._add(op_name, full, [x._key for x in inputs], core_attrs)
                    return _results(plan, graph, node)
    return _apply_general(plan, inputs, name, attrs)


def _full_name(graph, name, op_name):
    if name is None:
        stack = graph._name_stack
        return stack + "/" + op_name if stack else op_name
    name = str(name) if not isinstance(name, bytes) else name.decode()
    if not name:
        return _full_name(graph, None, op_name)
    if name[-1] != "/":
        stack = graph._name_stack
        if stack:
            name = stack + "/" + name
    if not _TOP_NAME.match(name):
        raise ValueError("'%s' is not a valid node name" % name)
    return name


def _results(plan, graph, node_id):
    op = graph._op(node_id)
    kind = plan.result
    if kind == "one":
        return op.outputs[0]
    if kind == "none":
        return op
    if kind == "list":
        return list(op.outputs)
    if plan.tuple_type is None:
        from collections import namedtuple

        plan.tuple_type = namedtuple(plan.name, [a.name for a in plan.op_def.output_arg])
    if kind == "many":
        return plan.tuple_type(*op.outputs)
    values, flat = [], iter(op.outputs)
    for arg in plan.op_def.output_arg:
        if arg.number_attr:
            values.append([next(flat) for _ in range(op.get_attr(arg.number_attr))])
        elif arg.type_list_attr:
            values.append([next(flat) for _ in op.get_attr(arg.type_list_attr)])
        else:
            values.append(next(flat))
    return plan.tuple_type(*values)


# -- Attrs -----------------------------------------------------------------------------------------


def _core_attrs(plan, attrs):
    """Attr values in the core's form, checked against the signature; None when there are none."""
    converted = {}
    for name, value in attrs.items():
        if value is None:
            continue
        definition = plan.attr_defs.get(name)
        if definition is None:
            if name[:1] == "_":
                converted[name] = value
                continue
            raise TypeError("apply(%s) got an unexpected attr '%s'" % (plan.name, name))
        converted[name] = _core_attr(plan, definition, value)
    return converted or None


def _core_attr(plan, definition, value):
    kind = definition.type
    name = definition.name
    if kind == "type":
        return _checked_type(plan, definition, value)
    if kind == "int":
        if type(value) is int:
            checked = value
        else:
            checked = _attr_int(plan, name, value)
        if definition.minimum is not None and checked < definition.minimum:
            raise ValueError(
                "Attr '%s' of '%s' Op passed %d less than minimum %d."
                % (name, plan.name, checked, definition.minimum)
            )
        return checked
    if kind == "bool":
        if type(value) is bool:
            return value
        if value in (0, 1) and hasattr(value, "__index__"):
            return bool(value)
        if hasattr(value, "dtype") and str(value.dtype) == "bool" and not isinstance(value, Tensor):
            return bool(value)
        raise _attr_mismatch(plan, name, "bool", value)
    if kind == "float":
        if isinstance(value, (str, bytes, Tensor)):
            raise _attr_mismatch(plan, name, "float", value)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise _attr_mismatch(plan, name, "float", value) from None
    if kind == "string":
        if not isinstance(value, (str, bytes)):
            raise _attr_mismatch(plan, name, "string", value)
        if definition.allowed_strings is not None:
            text = value.decode() if isinstance(value, bytes) else value
            if text not in definition.allowed_strings:
                raise ValueError(
                    "Attr '%s' of '%s' Op passed string '%s' not in: %s."
                    % (
                        name,
                        plan.name,
                        text,
                        ", ".join('"%s"' % s for s in definition.allowed_strings),
                    )
                )
        return value
    if kind == "shape":
        return _attr_shape(plan, name, value)
    if kind == "tensor":
        from caudal.framework import tensor_proto, tensor_util

        if hasattr(value, "tensor_shape"):
            return tensor_proto.make_ndarray(value)
        return tensor_util.make_array(value)
    if kind == "func":
        return getattr(value, "_subgraph", value)
    if kind.startswith("list("):
        return _attr_list(plan, definition, kind[5:-1], value)
    return value


def _attr_list(plan, definition, kind, value):
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise TypeError(
            "Expected list for attr %s of '%s' Op, got %r" % (definition.name, plan.name, value)
        )
    if kind == "int":
        items = [v if type(v) is int else _attr_int(plan, definition.name, v) for v in value]
    elif kind == "type":
        items = [_checked_type(plan, definition, v) for v in value]
    elif kind == "shape":
        items = [_attr_shape(plan, definition.name, v) for v in value]
    elif kind == "float":
        items = [float(v) for v in value]
    elif kind == "bool":
        items = [bool(v) for v in value]
    else:
        items = list(value)
    if definition.minimum is not None and len(items) < definition.minimum:
        raise ValueError(
            "Attr '%s' of '%s' Op passed list of length %d less than minimum %d."
            % (definition.name, plan.name, len(items), definition.minimum)
        )
    return items


def _attr_int(plan, name, value):
    if isinstance(value, tensor_shape.Dimension):
        value = value.value
    if isinstance(value, (str, bytes, Tensor)) or value is None:
        raise _attr_mismatch(plan, name, "int", value)
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise _attr_mismatch(plan, name, "int", value) from None
    return number


def _attr_shape(plan, name, value):
    try:
        return tensor_shape.as_shape(value)._to_core()
    except (TypeError, ValueError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(
            "Error converting %r (argument %r of '%s' Op) to a TensorShape: %s"
            % (value, name, plan.name, error)
        ) from None


def _attr_mismatch(plan, name, wanted, value):
    return TypeError(
        "Expected %s for argument '%s' of '%s' Op, not %r." % (wanted, name, plan.name, value)
    )


def _checked_type(plan, definition, value):
    dtype = dtypes.as_dtype(value).base_dtype
    allowed = definition.allowed_types
    if allowed is not None and dtype._enum not in allowed:
        raise TypeError(_not_allowed_text(plan, definition.name, dtype, allowed))
    return dtype._enum


def _not_allowed_text(plan, parameter, dtype, allowed):
    known = ", ".join(_BY_ENUM[e].name for e in allowed)
    return (
        "Value passed to parameter '%s' has DataType %s not in list of allowed values: %s"
        " (in a '%s' Op)" % (parameter, dtype.name, known, plan.name)
    )


# -- Inputs ----------------------------------------------------------------------------------------


def _element_of(value):
    """The tensor that a variable-like object stands for, or the value itself."""
    if type(value) is Tensor:
        return value
    read = getattr(type(value), "_AsTensor", None)
    if read is not None:
        return read(value)
    convert = getattr(type(value), "_as_graph_element", None)
    if convert is None or isinstance(value, Operation):
        return value
    element = convert(value)
    return element if isinstance(element, Tensor) else value


def _graph_of(inputs):
    """The graph for a node with these inputs; ValueError when they are of different graphs."""
    current = get_default_graph()
    if current.building_function:
        return current
    graph = first = None
    for value in inputs:
        for item in value if isinstance(value, (list, tuple)) else (value,):
            own = getattr(item, "_graph", None)
            if own is None and hasattr(type(item), "_as_graph_element"):
                own = item.graph
            if own is None:
                continue
            if graph is None:
                graph, first = own, item
            elif own is not graph:
                raise ValueError("%s must be from the same graph as %s." % (item, first))
    if graph is not None and graph.building_function:
        raise _left_behind(first, "an operation around it")
    return current if graph is None else graph


def _left_behind(tensor, user):
    return ValueError(
        "Cannot use '%s' as input to '%s' because it is in a branch or a while loop, and belongs "
        "to the graph of that: the function that made it has to return it." % (tensor.name, user)
    )


def _needs_nodes(arg, value):
    """Whether converting `value` adds nodes, so that the scope of the node must be open."""
    if isinstance(value, (list, tuple)) and arg.is_list:
        return not all(_is_tensor_like(v) for v in value)
    return not _is_tensor_like(value)


def _is_tensor_like(value):
    return type(value) is Tensor or hasattr(type(value), "_AsTensor") or isinstance(value, Tensor)


def _apply_general(plan, inputs, name, attrs):
    op_name = plan.name
    if len(inputs) != plan.count:
        raise TypeError("Op '%s' takes %d inputs, got %d" % (op_name, plan.count, len(inputs)))
    graph = _graph_of(inputs)
    graph._check_not_finalized()
    if any(_needs_nodes(a, v) for a, v in zip(plan.args, inputs)):
        old = graph._name_stack
        full = graph._enter_name(name or op_name)
        default_graphs.stack.append(graph)
        try:
            tensors, seen, extra = _convert_inputs(plan, graph, inputs, attrs)
        finally:
            default_graphs.stack.pop()
            graph._name_stack = old
    else:
        full = _full_name(graph, name, op_name)
        tensors, seen, extra = _convert_inputs(plan, graph, inputs, attrs)
    core_attrs = _core_attrs(plan, attrs) if attrs else None
    if extra:
        core_attrs = {**extra, **core_attrs} if core_attrs else extra
    for required in plan.required:
        if core_attrs is None or required not in core_attrs:
            if required in attrs and plan.attr_defs[required].type == "shape":
                # None is a shape: the one of unknown rank.
                core_attrs = {**(core_attrs or {}), required: None}
            else:
                raise TypeError("No argument for attr '%s' of '%s' Op" % (required, op_name))
    node = graph._add(op_name, full, [t._key for t in tensors], core_attrs)
    if plan.simple:
        plan.accepted.add(seen)
    return _results(plan, graph, node)


def _convert_inputs(plan, graph, inputs, attrs):
    """(flat tensors of `graph`, their dtype numbers, attrs that lists of inputs determine)."""
    known = {}  # type attr -> DType
    source = {}  # type attr -> the argument that determined it
    extra = {}
    flat = []
    for attr in plan.type_attrs:
        if attrs.get(attr) is not None:
            known[attr] = dtypes.as_dtype(attrs[attr]).base_dtype
            source[attr] = "attr " + attr
    for arg, value in zip(plan.args, inputs):
        if arg.number_attr:
            flat.extend(_convert_list(plan, arg, value, attrs, known, source, extra))
        elif arg.type_list_attr:
            flat.extend(_convert_mixed_list(plan, arg, value, attrs, extra))
        else:
            flat.append(_convert_single(plan, arg, value, known, source))
    seen = tuple([t._dtype._enum for t in flat])
    if graph.building_function:
        as_ref = plan.simple
        flat = [
            t if t._graph is graph else graph.capture(t, as_ref=as_ref and plan.args[i].is_ref)
            for i, t in enumerate(flat)
        ]
    else:
        for t in flat:
            if t._graph is not graph:
                raise ValueError("%s must be from the same graph as %s." % (t, flat[0]))
    return flat, seen, extra


def _implied(plan, arg, known):
    """(dtype that the argument must have, dtype to prefer); either may be None."""
    if arg.type:
        return _BY_ENUM[arg.type].base_dtype, None
    if arg.type_attr in known:
        return known[arg.type_attr], None
    definition = plan.attr_defs.get(arg.type_attr)
    if definition is not None and definition.has_default:
        return None, dtypes.as_dtype(definition.default)
    return None, None


def _convert_single(plan, arg, value, known, source):
    dtype, preferred = _implied(plan, arg, known)
    tensor = _reference(plan, arg, value) if arg.is_ref else _element_of(value)
    if not isinstance(tensor, Tensor):
        if isinstance(tensor, IndexedSlices):
            tensor = internal_convert_to_tensor(tensor, name=arg.name)
        else:
            tensor = _convert_value(plan, arg, value, dtype, preferred, known, source)
    base = tensor._dtype._base
    if dtype is not None and base is not dtype:
        raise _wrong_dtype(plan, arg, base, dtype, source)
    _note_dtype(plan, arg, base, known, source)
    return tensor


def _note_dtype(plan, arg, base, known, source):
    attr = arg.type_attr
    if attr:
        allowed = plan.attr_defs[attr].allowed_types
        if allowed is not None and base._enum not in allowed:
            raise TypeError(_not_allowed_text(plan, arg.name, base, allowed))
        if attr not in known:
            known[attr] = base
            source[attr] = arg.name


def _wrong_dtype(plan, arg, got, wanted, source):
    prefix = "Input '%s' of '%s' Op has type %s that does not match" % (
        arg.name,
        plan.name,
        got.name,
    )
    if arg.type:
        return TypeError("%s expected type of %s." % (prefix, wanted.name))
    origin = source[arg.type_attr]
    if origin.startswith("attr "):
        return TypeError("%s type %s of %s." % (prefix, wanted.name, origin))
    return TypeError("%s type %s of argument '%s'." % (prefix, wanted.name, origin))


def _convert_value(plan, arg, value, dtype, preferred, known, source):
    try:
        return internal_convert_to_tensor(value, dtype, arg.name, arg.is_ref, preferred)
    except TypeError as error:
        if dtype is None or isinstance(value, Operation):
            raise
        raise TypeError(
            "Expected %s passed to parameter '%s' of op '%s', got %r of type '%s' instead. "
            "Error: %s" % (dtype.name, arg.name, plan.name, value, type(value).__name__, error)
        ) from None
    except ValueError as error:
        got = getattr(value, "dtype", None)
        if dtype is not None and isinstance(got, dtypes.DType) and got.base_dtype is not dtype:
            raise _wrong_dtype(plan, arg, got.base_dtype, dtype, source) from None
        raise ValueError(
            "Tried to convert '%s' to a tensor and failed. Error: %s" % (arg.name, error)
        ) from None


def _reference(plan, arg, value):
    """The reference tensor of a variable; TypeError for anything else."""
    if isinstance(value, Tensor):
        tensor = value
    else:
        get_ref = getattr(value, "_ref", None)
        tensor = get_ref() if callable(get_ref) else None
    if tensor is None or not tensor._dtype._is_ref_dtype:
        raise TypeError(
            "'%s' Op requires that input '%s' be a mutable tensor (e.g.: a tf.Variable)"
            % (plan.name, arg.name)
        )
    return tensor


def _as_list(plan, arg, value):
    if isinstance(value, (list, tuple)):
        return list(value)
    if (
        isinstance(value, Tensor)
        or not hasattr(value, "__iter__")
        or isinstance(value, (str, bytes))
    ):
        raise TypeError(
            "Expected list for '%s' argument to '%s' Op, not %r." % (arg.name, plan.name, value)
        )
    return list(value)


def _convert_list(plan, arg, value, attrs, known, source, extra):
    """A list of tensors of one dtype."""
    items = _as_list(plan, arg, value)
    number = attrs.get(arg.number_attr)
    if number is not None and number != len(items):
        raise ValueError(
            "List argument '%s' to '%s' Op with length %d must match length %d of attr %s"
            % (arg.name, plan.name, len(items), number, arg.number_attr)
        )
    minimum = plan.attr_defs[arg.number_attr].minimum
    if minimum is not None and len(items) < minimum:
        raise ValueError(
            "List argument '%s' to '%s' Op with length %d shorter than minimum length %d."
            % (arg.name, plan.name, len(items), minimum)
        )
    extra[arg.number_attr] = len(items)
    dtype, preferred = _implied(plan, arg, known)
    elements = [_reference(plan, arg, v) if arg.is_ref else _element_of(v) for v in items]
    wanted = dtype
    if wanted is None:
        for e in elements:
            if isinstance(e, Tensor):
                wanted = e._dtype._base
                break
    tensors = []
    for i, e in enumerate(elements):
        if not isinstance(e, Tensor):
            try:
                e = internal_convert_to_tensor(e, wanted, "%s_%d" % (arg.name, i), False, preferred)
            except (TypeError, ValueError) as error:
                if wanted is None:
                    raise
                raise TypeError(
                    "Tensors in list passed to '%s' of '%s' Op have types that don't all match: "
                    "element %d is not %s. %s" % (arg.name, plan.name, i, wanted.name, error)
                ) from None
            wanted = wanted or e._dtype._base
        tensors.append(e)
    if any(t._dtype._base is not wanted for t in tensors):
        text = "Tensors in list passed to '%s' of '%s' Op have types [%s]" % (
            arg.name,
            plan.name,
            ", ".join(t._dtype._base.name for t in tensors),
        )
        if dtype is None:
            raise TypeError(text + " that don't all match.")
        if arg.type:
            raise TypeError("%s that do not match expected type %s." % (text, dtype.name))
        raise TypeError(
            "%s that do not match type %s inferred from earlier arguments." % (text, dtype.name)
        )
    if tensors:
        _note_dtype(plan, arg, wanted, known, source)
    elif arg.type_attr and arg.type_attr not in known and preferred is None:
        raise TypeError(
            "Cannot tell the dtype of the empty list '%s' of '%s' Op" % (arg.name, plan.name)
        )
    return tensors


def _convert_mixed_list(plan, arg, value, attrs, extra):
    """A list of tensors of any dtypes."""
    items = _as_list(plan, arg, value)
    wanted = attrs.get(arg.type_list_attr)
    wanted = [None] * len(items) if wanted is None else [dtypes.as_dtype(d) for d in wanted]
    if len(wanted) != len(items):
        raise ValueError(
            "List argument '%s' to '%s' Op has length %d, its dtypes %d"
            % (arg.name, plan.name, len(items), len(wanted))
        )
    tensors = []
    for i, (item, dtype) in enumerate(zip(items, wanted)):
        item = _reference(plan, arg, item) if arg.is_ref else _element_of(item)
        if not isinstance(item, Tensor):
            item = internal_convert_to_tensor(item, dtype, "%s_%d" % (arg.name, i))
        elif dtype is not None and item._dtype._base is not dtype.base_dtype:
            raise TypeError(
                "Input '%s' of '%s' Op: element %d has type %s, expected %s"
                % (arg.name, plan.name, i, item._dtype._base.name, dtype.name)
            )
        tensors.append(item)
    definition = plan.attr_defs[arg.type_list_attr]
    if definition.allowed_types is not None:
        for t in tensors:
            if t._dtype._base._enum not in definition.allowed_types:
                raise TypeError(
                    _not_allowed_text(plan, arg.name, t._dtype._base, definition.allowed_types)
                )
    if definition.minimum is not None and len(tensors) < definition.minimum:
        raise ValueError(
            "List argument '%s' to '%s' Op with length %d shorter than minimum length %d."
            % (arg.name, plan.name, len(tensors), definition.minimum)
        )
    extra[arg.type_list_attr] = [t._dtype._base._enum for t in tensors]
    return tensors


from caudal.framework.op_functions import public  # noqa: E402

__all__ = ["apply", "public"]
