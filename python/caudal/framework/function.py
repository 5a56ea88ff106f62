# SPDX-License-Identifier: Apache-2.0
"""Defun: Python functions as functions of a graph. Their nodes go where they are called."""

import collections

from caudal.framework import dtypes, nest
from caudal.framework.conversion import convert_to_tensor
from caudal.framework.custom_gradient import custom_gradient
from caudal.framework.op_factory import apply
from caudal.framework.scopes import name_scope
from caudal.framework.tensor import Tensor

_Call = collections.namedtuple("_Call", "inputs outputs name type")


class Defun:
    """Decorator for a function of tensors.

    Args:
      *input_types: dtypes of the arguments; none given: each call's own.
      func_name: name of the function; its own if not given.
      grad_func: a function like this one that takes the inputs and the gradients of the outputs,
        and returns gradients of the inputs.
      python_grad_func: instead, a Python function of the call, which has `inputs` and `outputs`,
        and of the gradients of the outputs.
      out_names: names of the outputs; taken for compatibility, as the further arguments are.
    """

    def __init__(self, *input_types, **kwargs):
        self._types = [dtypes.as_dtype(t).base_dtype for t in input_types]
        self._options = kwargs
        if kwargs.get("grad_func") is not None and kwargs.get("python_grad_func") is not None:
            raise ValueError("Gradient defined by both grad_func and python_grad_func")

    def __call__(self, func):
        if not callable(func):
            raise ValueError("function %s must be callable" % func)
        return _Defined(func, self._types, **self._options)


class _Defined:
    def __init__(self, func, types, func_name=None, grad_func=None, python_grad_func=None,
                 out_names=None, **unused):  # fmt: skip
        self._func = func
        self._types = types
        self._grad_func = grad_func
        self._python_grad_func = python_grad_func
        self.name = func_name or func.__name__
        self.__name__ = self.name
        self.__doc__ = func.__doc__

    @property
    def declared_input_types(self):
        return list(self._types)

    def __call__(self, *args, **kwargs):
        name = kwargs.pop("name", None)
        if kwargs:
            raise ValueError("Unknown keyword arguments: %s" % sorted(kwargs))
        if self._types and len(args) != len(self._types):
            raise ValueError(
                "Expected number of arguments: %d, received: %d" % (len(self._types), len(args))
            )
        with name_scope(name or self.name):
            inputs = [self._argument(i, a) for i, a in enumerate(args)]
            if self._grad_func is None and self._python_grad_func is None:
                return self._outputs(inputs)
            return custom_gradient(lambda *inner: self._with_gradient(inner, inputs))(*inputs)

    def _argument(self, i, value):
        wanted = self._types[i] if self._types else None
        if isinstance(value, Tensor) and wanted is not None and value.dtype.base_dtype != wanted:
            raise ValueError(
                "Input %d of %s passed %s expected %s"
                % (i, self.name, value.dtype.base_dtype.name, wanted.name)
            )
        return convert_to_tensor(value, wanted)

    def _outputs(self, inputs):
        result = self._func(*inputs)
        if result is None:
            return None
        if isinstance(result, (list, tuple)) and len(result) != 1:
            return tuple(convert_to_tensor(r) for r in result)
        return convert_to_tensor(nest.flatten(result)[0])

    def _with_gradient(self, inner, inputs):
        """The results, computed from `inner`, and the gradient towards the caller's `inputs`."""
        outputs = self._outputs(inner)
        flat = nest.flatten(outputs)

        def grad(*dys, **unused):
            if self._python_grad_func is not None:
                call = _Call(inputs, flat, self.name, self.name)
                dxs = self._python_grad_func(call, *dys)
            else:
                dxs = self._grad_func(*inputs, *dys)
            dxs = list(dxs) if isinstance(dxs, (list, tuple)) else [dxs]
            return [apply("ZerosLike", x) if dx is None else dx for x, dx in zip(inputs, dxs)]

        return outputs, grad
