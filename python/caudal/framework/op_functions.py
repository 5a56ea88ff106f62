# SPDX-License-Identifier: Apache-2.0
"""Public functions made from op signatures."""

from caudal.framework import dtypes, op_registry, tensor_shape


def snake_case(op_name):
    """ "ReluGrad" -> "relu_grad", "BatchMatMulV2" -> "batch_mat_mul_v2"."""
    out = []
    for i, c in enumerate(op_name):
        if (
            c.isupper()
            and i
            and (
                not op_name[i - 1].isupper() or (i + 1 < len(op_name) and op_name[i + 1].islower())
            )
        ):
            if out[-1] != "_":
                out.append("_")
        out.append(c.lower())
    return "".join(out)


class OpFunction:
    """A function that adds one node; signature and documentation come from the registry."""

    def __init__(self, op_name, py_name, rename, drop, order, doc):
        self._op_name = op_name
        self.__name__ = self.__qualname__ = py_name or snake_case(op_name)
        self.__module__ = "caudal"
        self._rename = rename or {}
        self._drop = frozenset(drop)
        self._order = order
        self._text = doc
        self._call = self._first_call
        self._parameters_ = None

    def __call__(self, *args, **kwargs):
        return self._call(*args, **kwargs)

    def _parameters(self):
        """(Python name, op name, is input, default or Parameter.empty marker) in call order."""
        if self._parameters_ is not None:
            return self._parameters_
        definition = op_registry.op_def(self._op_name)
        inferred = set()
        inputs = []
        for arg in definition.input_arg:
            inferred.update((arg.type_attr, arg.number_attr, arg.type_list_attr))
            inputs.append((self._rename.get(arg.name, arg.name), arg.name, True, _REQUIRED))
        required, optional = [], []
        for attr in definition.attr:
            if attr.name in inferred or attr.name in self._drop:
                continue
            python = self._rename.get(attr.name, attr.name)
            if attr.has_default:
                optional.append((python, attr.name, False, _default(attr)))
            else:
                required.append((python, attr.name, False, _REQUIRED))
        parameters = inputs + required + optional
        if self._order is not None:
            by_name = {p[0]: p for p in parameters}
            listed = [n for n in self._order if n in by_name]
            parameters = [by_name[n] for n in listed] + [
                p for p in parameters if p[0] not in listed
            ]
            # A required parameter may not follow an optional one.
            seen_default = False
            for i, p in enumerate(parameters):
                if p[3] is not _REQUIRED:
                    seen_default = True
                elif seen_default:
                    parameters[i] = p[:3] + (None,)
        self._parameters_ = parameters
        return parameters

    def _first_call(self, *args, **kwargs):
        from caudal.framework.op_factory import apply

        parameters = self._parameters()
        defaults = {"_apply": apply}
        signature, inputs, attrs = [], {}, []
        for i, (python, op_side, is_input, default) in enumerate(parameters):
            if default is _REQUIRED:
                signature.append(python)
            else:
                defaults["_d%d" % i] = default
                signature.append("%s=_d%d" % (python, i))
            if is_input:
                inputs[op_side] = python
            else:
                attrs.append("%s=%s" % (op_side, python))
        ordered = [inputs[a.name] for a in op_registry.op_def(self._op_name).input_arg]
        call = ", ".join([repr(self._op_name)] + ordered + ["name=name"] + attrs)
        source = "def %s(%s):\n    return _apply(%s)" % (
            self.__name__,
            ", ".join(signature + ["name=None"]),
            call,
        )
        exec(source, defaults)  # the text holds only names from the op's signature
        function = self._call = defaults[self.__name__]
        return function(*args, **kwargs)

    @property
    def __doc__(self):
        if self._text:
            return self._text
        definition = op_registry.op_def(self._op_name)
        lines = ["Adds one %s node.\n\n    Args:" % self._op_name]
        attrs = {a.name: a for a in definition.attr}
        formals = {a.name: a for a in definition.input_arg}
        for python, op_side, is_input, default in self._parameters():
            if is_input:
                text = _input_text(formals[op_side], attrs)
            else:
                text = attrs[op_side].type
                if attrs[op_side].allowed_strings:
                    text += ", one of " + ", ".join(map(repr, attrs[op_side].allowed_strings))
                if default is not _REQUIRED:
                    text += ", default %r" % (default,)
            lines.append("      %s: %s." % (python, text))
        lines.append("      name: name of the node.\n\n    Returns:")
        for arg in definition.output_arg:
            lines.append("      %s: %s." % (arg.name, _input_text(arg, attrs)))
        if not definition.output_arg:
            lines.append("      the Operation.")
        return "\n".join(lines) + "\n"

    @property
    def __signature__(self):
        from inspect import Parameter, Signature

        kind = Parameter.POSITIONAL_OR_KEYWORD
        parameters = [
            Parameter(python, kind, default=Parameter.empty if default is _REQUIRED else default)
            for python, _, _, default in self._parameters()
        ]
        return Signature(parameters + [Parameter("name", kind, default=None)])

    def __repr__(self):
        return "<function %s, op %s>" % (self.__name__, self._op_name)

    def __get__(self, instance, owner=None):
        return self  # as an attribute of a class it stays a function without self


class _Required:
    def __repr__(self):
        return "<required>"


_REQUIRED = _Required()


def _default(attr):
    value = attr.default
    if attr.type == "type":
        return dtypes.as_dtype(value)
    if attr.type == "list(type)":
        return [dtypes.as_dtype(v) for v in value]
    if attr.type == "shape":
        return None if value is None else tensor_shape.TensorShape._from_core(value)
    if isinstance(value, bytes):
        return value.decode()
    return value


def _input_text(arg, attrs):
    if arg.type:
        kinds = dtypes.as_dtype(arg.type).name
    elif arg.type_attr:
        allowed = attrs[arg.type_attr].allowed_types
        kinds = (
            "any dtype"
            if allowed is None
            else "one of " + ", ".join(dtypes.as_dtype(e).name for e in allowed)
        )
    else:
        kinds = "any dtypes"
    what = "a list of tensors" if arg.is_list else "a tensor"
    return "%s, %s%s" % (what, kinds, ", a variable's reference" if arg.is_ref else "")


def public(op_name, py_name=None, rename=None, drop=(), order=None, doc=None):
    """An API function that adds one node of an op.

    Args:
      op_name: the op.
      py_name: name of the function; by default the op's in snake case.
      rename: dict from the op's argument names to Python's.
      drop: attrs that are not parameters.
      order: names of parameters in the order wanted; the rest follow.
      doc: documentation; made from the signature when None.
    """
    return OpFunction(op_name, py_name, rename, drop, order, doc)
