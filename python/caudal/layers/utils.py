# SPDX-License-Identifier: Apache-2.0
"""Arguments and sizes of layers: checks, defaults and arithmetic."""

import inspect

from caudal.framework import ops, tensor_util
from caudal.ops import array_ops, control_flow_ops, math_ops
from caudal.ops.ref_variable import Variable


def normalize_data_format(value):
    """Raises: ValueError unless "channels_first" or "channels_last"; None is the latter."""
    value = "channels_last" if value is None else value
    text = value.lower() if isinstance(value, str) else value
    if text not in ("channels_first", "channels_last"):
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            "Received: " + str(value)
        )
    return text


def normalize_padding(value):
    """Raises: ValueError unless "valid", "same", "causal" or a list."""
    if isinstance(value, (list, tuple)):
        return value
    padding = value.lower()
    if padding not in ("valid", "same", "causal"):
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", '
            "only for `Conv1D). Received: " + str(padding)
        )
    return padding


def normalize_tuple(value, n, name):
    """A tuple of n ints from an int or a sequence. Raises: ValueError."""
    if isinstance(value, int):
        return (value,) * n
    text = "The `%s` argument must be a tuple of %d integers. Received: %s" % (name, n, value)
    try:
        values = tuple(value)
    except TypeError:
        raise ValueError(text) from None
    if len(values) != n:
        raise ValueError(text)
    for item in values:
        try:
            int(item)
        except (ValueError, TypeError):
            raise ValueError(
                text + " including element %s of type %s" % (item, type(item))
            ) from None
    return values


def whole_number(layer, name, value, least=None):
    """An argument of a layer as an int. Raises: ValueError, with the names of both."""
    try:
        number = int(value)
        fits = not isinstance(value, float) or number == value
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits or (least is not None and number < least):
        limit = "" if least is None else " of at least %d" % least
        raise ValueError(
            "Layer %s: `%s` must be an int%s, got %r" % (layer.name, name, limit, value)
        )
    return number


def real_number(layer, name, value):
    """An argument of a layer that is a number. Raises: TypeError, with the names of both."""
    try:
        float(value)
    except (TypeError, ValueError):
        raise TypeError(
            "Layer %s: `%s` must be a number, got %r" % (layer.name, name, value)
        ) from None
    return value


def convert_data_format(data_format, ndim):
    """The ops' word for a data format: NHWC, NCW, ... Raises: ValueError for any other."""
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError("Invalid data_format: %s" % (data_format,))
    spatial = {3: "W", 4: "HW", 5: "DHW"}.get(ndim)
    if spatial is None:
        raise ValueError("Input rank not supported: %s" % (ndim,))
    return "N%sC" % spatial if data_format == "channels_last" else "NC" + spatial


def conv_output_length(length, kernel, padding, stride, dilation=1):
    """Size of a convolution's or pool's output along one axis; None stays None."""
    if length is None:
        return None
    kernel = kernel + (kernel - 1) * (dilation - 1)
    if padding not in ("same", "causal"):
        length += kernel - 1 if padding == "full" else 1 - kernel
    return (length + stride - 1) // stride


def conv_input_length(length, kernel, padding, stride):
    """The smallest input for which `conv_output_length` gives `length`."""
    if length is None:
        return None
    pad = {"same": kernel // 2, "valid": 0, "full": kernel - 1}[padding]
    return (length - 1) * stride - 2 * pad + kernel


def deconv_output_length(length, kernel, padding, stride=0, output_padding=None, dilation=1):
    """Size of a transposed convolution's output along one axis; None stays None."""
    if length is None:
        return None
    kernel = kernel + (kernel - 1) * (dilation - 1)
    if output_padding is None:
        length = length * stride
        if padding == "valid":
            return length + max(kernel - stride, 0)
        return length - (stride + kernel - 2) if padding == "full" else length
    pad = {"same": kernel // 2, "valid": 0, "full": kernel - 1}[padding]
    return (length - 1) * stride + kernel - 2 * pad + output_padding


def constant_value(pred):
    """True or False where that is known while the graph is built, else None.

    Raises:
      TypeError: unless `pred` is a bool, 0, 1, a Tensor or a Variable.
    """
    if isinstance(pred, Variable):
        return None
    if isinstance(pred, bool) or (isinstance(pred, int) and pred in (0, 1)):
        return bool(pred)
    if isinstance(pred, ops.Tensor):
        value = tensor_util.constant_value(pred)
        return None if value is None else bool(value)
    raise TypeError(
        "`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: %s" % type(pred)
    )


def smart_cond(pred, true_fn=None, false_fn=None, name=None):
    """`tf.cond`, or just one of the functions where the predicate is known."""
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    if isinstance(pred, Variable):
        return control_flow_ops.cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    known = constant_value(pred)
    if known is None:
        return control_flow_ops.cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if known else false_fn()


def moving_average_update(variable, value, momentum):
    """An operation: variable -= (variable - value) * (1 - momentum)."""
    from caudal.ops import state_ops

    with ops.name_scope("AssignMovingAvg") as scope, ops.colocate_with(variable.op):
        dtype = variable.dtype.base_dtype
        decay = ops.convert_to_tensor(1.0 - momentum, name="decay")
        if decay.dtype != dtype:
            decay = math_ops.cast(decay, dtype)
        delta = (variable - math_ops.cast(value, dtype)) * decay
        return state_ops.assign_sub(variable, delta, name=scope)


def squeeze_or_expand(tensor, axis, squeeze):
    return array_ops.squeeze(tensor, [axis]) if squeeze else array_ops.expand_dims(tensor, axis)


def redefined(init, drop=(), **defaults):
    """The `__init__` of a class with other defaults.

    Args:
      init: function.
      drop: arguments that are not offered.
      **defaults: new defaults; arguments that `init` does not name come last.
    """
    listed = inspect.signature(init).parameters.values()
    named = [p for p in listed if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in drop]
    known = [p.name for p in named]
    parameters = [p.replace(default=defaults[p.name]) if p.name in defaults else p for p in named]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters += [
        inspect.Parameter(name, kind, default=value)
        for name, value in defaults.items()
        if name not in known
    ]
    order = [p.name for p in parameters][1:]
    parameters.append(inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD))

    def __init__(self, *args, **kwargs):
        if len(args) > len(order):
            raise TypeError(
                "__init__() takes at most %d positional arguments (%d given)"
                % (len(order), len(args))
            )
        values = dict(defaults)
        given = dict(zip(order, args))
        for name in kwargs:
            if name in given:
                raise TypeError("__init__() got multiple values for argument %r" % name)
        values.update(given)
        values.update(kwargs)
        init(self, **values)

    __init__.__signature__ = inspect.Signature(parameters)
    return __init__


def layer_function(cls, name, doc, reuse=True):
    """The function that makes a layer of a class and calls it.

    Args:
      cls: subclass of `layers.base.Layer`.
      name: of the function.
      doc: its docstring.
      reuse: whether it has the argument `reuse`.
    """
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:-1]
    order = [p.name for p in parameters]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters.insert(0, inspect.Parameter("inputs", kind))
    if reuse:
        parameters.append(inspect.Parameter("reuse", kind, default=None))
        order.append("reuse")

    def function(inputs, *args, **kwargs):
        if len(args) > len(order):
            raise TypeError(
                "%s() takes at most %d arguments (%d given)" % (name, len(order) + 1, len(args) + 1)
            )
        for key in kwargs:
            if key not in order:
                raise TypeError("%s() got an unexpected keyword argument %r" % (name, key))
        given = dict(zip(order, args))
        for key in kwargs:
            if key in given:
                raise TypeError("%s() got multiple values for argument %r" % (name, key))
        given.update(kwargs)
        if reuse:
            given["_reuse"] = given.pop("reuse", None)
            given["_scope"] = given.get("name")
        return cls(**given).apply(inputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__signature__ = inspect.Signature(parameters)
    return function
