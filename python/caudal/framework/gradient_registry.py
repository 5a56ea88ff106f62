# SPDX-License-Identifier: Apache-2.0
"""Gradient functions written in Python."""

from caudal.framework import op_registry

_functions = {}


def _register(name, function):
    definition = op_registry.find(name)
    if name in _functions or (definition is not None and definition.differentiable):
        raise KeyError("Registering two gradients with name '%s'!" % name)
    _functions[name] = function


class RegisterGradient:
    """Decorator: `f(op, *grads)` computes the gradients of nodes of a type.

    Args:
      op_type: an op type without gradient, or a name used in `Graph.gradient_override_map`.
    """

    def __init__(self, op_type):
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f):
        _register(self._op_type, f)
        return f


def NotDifferentiable(op_type):  # noqa: N802
    """Declares that gradients stop at nodes of this type."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


NoGradient = NotDifferentiable


def lookup(name):
    """(known, function): function is None for a type that was declared not differentiable."""
    if name in _functions:
        return True, _functions[name]
    return False, None


def get_gradient_function(op):
    """The Python gradient function of a node, or None.

    Raises:
      LookupError: if none was registered from Python.
    """
    try:
        name = op.get_attr("_gradient_op_type")
        name = name.decode() if isinstance(name, bytes) else name
    except ValueError:
        name = op.type
    known, function = lookup(name)
    if not known:
        raise LookupError("gradient registry has no entry for: %s" % name)
    return function
