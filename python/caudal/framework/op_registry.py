# SPDX-License-Identifier: Apache-2.0
"""Op definitions as Python objects, read from the core on demand and kept."""

from caudal import _core


class ArgDef:
    """A formal input or output of an op."""

    __slots__ = ("name", "type", "type_attr", "type_list_attr", "number_attr", "is_ref")

    def __init__(self, d):
        self.name = d["name"]
        self.type = d["type"]
        self.type_attr = d["type_attr"] or ""
        self.type_list_attr = d["type_list_attr"] or ""
        self.number_attr = d["number_attr"] or ""
        self.is_ref = d["is_ref"]

    @property
    def is_list(self):
        return bool(self.number_attr or self.type_list_attr)


class AttrDef:
    """A formal attr of an op; `has_default` tells whether it may be left out."""

    __slots__ = ("name", "type", "has_default", "default", "allowed_types", "allowed_strings",
                 "minimum")  # fmt: skip

    def __init__(self, d):
        self.name = d["name"]
        self.type = d["type"]
        self.has_default = "default" in d
        self.default = d.get("default")
        types = d.get("allowed_types")
        self.allowed_types = tuple(types) if types else None
        strings = d.get("allowed_strings")
        self.allowed_strings = (
            tuple(s.decode() if isinstance(s, bytes) else s for s in strings) if strings else None
        )
        self.minimum = d.get("minimum")


class OpDef:
    """The signature of an op."""

    __slots__ = ("name", "input_arg", "output_arg", "attr", "is_stateful", "differentiable")

    def __init__(self, d):
        self.name = d["name"]
        self.input_arg = tuple(ArgDef(a) for a in d["inputs"])
        self.output_arg = tuple(ArgDef(a) for a in d["outputs"])
        self.attr = tuple(AttrDef(a) for a in d["attrs"])
        self.is_stateful = d["stateful"]
        self.differentiable = d["differentiable"]


_defs = {}
_attr_types = {}
_ref_inputs = {}


def find(name):
    """The OpDef of `name`, or None if there is no such op."""
    found = _defs.get(name)
    if found is None:
        d = _core.op_def(name)
        if d is None:
            return None
        found = _defs[name] = OpDef(d)
    return found


def names():
    """The names of all ops."""
    return _core.all_ops()


def op_def(name):
    """The OpDef of `name`; NotImplementedError if this library has no such op."""
    found = find(name)
    if found is None:
        raise NotImplementedError("Op type '%s' is not available in caudal." % name)
    return found


def attr_types(name):
    """Type of every attr of an op, by attr name."""
    found = _attr_types.get(name)
    if found is None:
        definition = find(name)
        found = _attr_types[name] = (
            {} if definition is None else {a.name: a.type for a in definition.attr}
        )
    return found


def ref_input(name):
    """The position of the first input that an op gets by reference, or None."""
    try:
        return _ref_inputs[name]
    except KeyError:
        definition = find(name)
        args = () if definition is None else definition.input_arg
        refs = [i for i, arg in enumerate(args) if arg.is_ref]
        found = _ref_inputs[name] = refs[0] if refs else None
        return found
