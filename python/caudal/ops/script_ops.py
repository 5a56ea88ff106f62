# SPDX-License-Identifier: Apache-2.0
"""Python functions as ops."""

import numpy as np

from caudal.framework import dtypes, host_functions, ops
from caudal.framework.op_factory import apply


def py_func(func, inp, Tout, stateful=True, name=None):  # noqa: N803 - TensorFlow's name
    """Calls a Python function on the values of tensors. Ops: PyFunc, PyFuncStateless.

    The node has no gradient and unknown output shapes, and runs only in this process.

    Args:
      func: takes NumPy arrays (scalars for rank 0, bytes for strings), returns an array or a list
        of arrays with the dtypes `Tout`.
      inp: list of tensors.
      Tout: a dtype, or a list of dtypes.
      stateful: False when equal inputs always give equal results.
      name: name of the node.

    Returns:
      A Tensor, or for a list `Tout` a list of them; the Operation when `Tout` is empty.

    Raises:
      InvalidArgumentError: when run, if the function returns other dtypes or counts.
    """
    several = isinstance(Tout, (list, tuple))
    types = [dtypes.as_dtype(t) for t in (Tout if several else [Tout])]

    def call(arrays):
        result = func(*[a[()] if a.ndim == 0 else a for a in arrays])
        if result is None:
            return []
        if isinstance(result, (list, tuple)):
            return [_to_array(value) for value in result]
        return [_to_array(result)]

    op_name = "PyFunc" if stateful else "PyFuncStateless"
    token = host_functions.register(call)
    outputs = apply(op_name, list(inp), token=token, Tout=types, name=name)
    if several and not types:
        graph = ops.get_default_graph()
        return graph.get_operations()[-1]
    return outputs if several else outputs[0]


def numpy_function(func, inp, Tout, name=None):  # noqa: N803
    """`py_func` for functions with side effects."""
    return py_func(func, inp, Tout, stateful=True, name=name)


def py_function(func, inp, Tout, name=None):  # noqa: N803
    """Not available: it hands eager tensors to the function. Use `py_func`."""
    raise NotImplementedError(
        "tf.py_function needs eager tensors, which caudal has not: use tf.py_func"
    )


def _to_array(value):
    array = np.asarray(value, order="C")
    if array.dtype.kind == "U":
        encoded = [text.encode() for text in array.reshape(-1).tolist()]
    elif array.dtype.kind == "S":
        encoded = array.reshape(-1).tolist()
    else:
        return array
    result = np.empty(len(encoded), object)
    result[:] = encoded
    return result.reshape(array.shape)
