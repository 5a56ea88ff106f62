# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.raw_ops`: one function for every op; all arguments go by keyword."""

from caudal.framework import op_registry
from caudal.framework.op_factory import apply


def _raw(op_name):
    definition = op_registry.find(op_name)
    if definition is None or op_name.startswith("_"):
        raise AttributeError("module 'caudal.raw_ops' has no attribute %r" % op_name)
    inputs = [arg.name for arg in definition.input_arg]

    def function(**kwargs):
        missing = [n for n in inputs if n not in kwargs]
        if missing:
            raise TypeError("%s() missing arguments: %s" % (op_name, ", ".join(missing)))
        return apply(op_name, *[kwargs.pop(n) for n in inputs], **kwargs)

    function.__name__ = function.__qualname__ = op_name
    function.__doc__ = "Adds one %s node. Inputs: %s." % (op_name, ", ".join(inputs) or "none")
    return function


def __getattr__(name):
    function = globals()[name] = _raw(name)
    return function
