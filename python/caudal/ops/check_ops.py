# SPDX-License-Identifier: Apache-2.0
"""Assertions about values, ranks and dtypes: decided while building where that is possible."""

import numpy as np

from caudal.framework import dtypes, errors, ops, tensor_util
from caudal.framework.op_factory import apply, public
from caudal.framework.tensor import Tensor
from caudal.ops import array_ops, control_flow_ops
from caudal.ops.logging_ops import Assert

ensure_shape = public("EnsureShape", rename={"input": "x"})

NUMERIC_TYPES = frozenset(
    (dtypes.float32, dtypes.float64, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64,
     dtypes.uint8, dtypes.qint8, dtypes.qint32, dtypes.quint8, dtypes.complex64)
)  # fmt: skip


def _all(condition):
    from caudal.ops import math_ops

    return math_ops.reduce_all(condition)


def _text(x):
    """How a value of an assertion's data reads in the error of a static check."""
    if isinstance(x, Tensor):
        value = tensor_util.constant_value(x)
        return str(x) if value is None else _value_text(value)
    return str(x)


def _value_text(value):
    value = np.asarray(value)
    return repr(value[()]) if value.dtype.kind == "O" and value.ndim == 0 else str(value)


def _compare(symbol, op_name, holds, default_name, x, y, data, summarize, message, name):
    with ops.name_scope(name, default_name, [x, y, data]):
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y")
        if data is None:
            data = [
                "Condition x %s y did not hold element-wise:" % symbol,
                "x (%s) = " % x.name, x,
                "y (%s) = " % y.name, y,
            ]  # fmt: skip
        if message is not None:
            data = [message] + list(data)
        condition = _all(apply(op_name, x, y))
        x_value, y_value = tensor_util.constant_value(x), tensor_util.constant_value(y)
        if x_value is not None and y_value is not None and not np.all(holds(x_value, y_value)):
            raise errors.InvalidArgumentError(None, None, "\n".join(_text(d) for d in data))
        return Assert(condition, data, summarize=summarize)


_COMPARISON_TEXT = """An operation that fails unless x %s y for all elements, broadcast.

    Nothing runs it by itself: use `tf.control_dependencies`.

    Args:
      x, y: numeric tensors of one dtype.
      data: list of tensors for the error's text; default: a sentence and both values.
      summarize: elements shown of each; default 3.
      message: text in front.
      name: name of the scope.

    Raises:
      InvalidArgumentError: when run, or at once if both values are known.
    """


def _comparison(symbol, op_name, holds, py_name):
    def function(x, y, data=None, summarize=None, message=None, name=None):
        return _compare(symbol, op_name, holds, py_name, x, y, data, summarize, message, name)

    function.__name__ = function.__qualname__ = py_name
    function.__doc__ = _COMPARISON_TEXT % symbol
    return function


assert_less = _comparison("<", "Less", np.less, "assert_less")
assert_less_equal = _comparison("<=", "LessEqual", np.less_equal, "assert_less_equal")
assert_greater = _comparison(">", "Greater", np.greater, "assert_greater")
assert_greater_equal = _comparison(">=", "GreaterEqual", np.greater_equal, "assert_greater_equal")
assert_none_equal = _comparison("!=", "NotEqual", np.not_equal, "assert_none_equal")


def assert_equal(x, y, data=None, summarize=None, message=None, name=None):
    """InvalidArgumentError unless x == y everywhere; arguments as for the other comparisons."""
    # The same tensor twice needs no node; the scope is opened all the same, as names depend on it.
    with ops.name_scope(name, "assert_equal", [x, y, data]):
        if x is y:
            return control_flow_ops.no_op("assert_equal")
    return _compare("==", "Equal", np.equal, "assert_equal", x, y, data, summarize, message, name)


assert_equal.__doc__ = _COMPARISON_TEXT % "=="


def assert_near(x, y, rtol=None, atol=None, data=None, summarize=None, message=None, name=None):
    """An operation that fails unless |x - y| < atol + rtol * |y| for all elements.

    Args:
      x, y: float tensors of one dtype.
      rtol, atol: scalars; default ten times the dtype's precision.
      data, summarize, message, name: as in `assert_equal`.
    """
    message = message or ""
    with ops.name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        dtype = x.dtype.base_dtype
        if not dtype.is_floating:
            raise TypeError("Expected x and y to be floating, instead found: %s" % dtype)
        precision = 10 * np.finfo(dtype.as_numpy_dtype).eps
        rtol = ops.convert_to_tensor(precision if rtol is None else rtol, name="rtol", dtype=dtype)
        atol = ops.convert_to_tensor(precision if atol is None else atol, name="atol", dtype=dtype)
        if data is None:
            data = [
                message,
                "x and y not equal to tolerance rtol = %s, atol = %s" % (rtol, atol),
                "x (%s) = " % x.name, x,
                "y (%s) = " % y.name, y,
            ]  # fmt: skip
        allowed = apply("Mul", rtol, apply("Abs", y), name="mul")
        allowed = apply("AddV2", atol, allowed, name="add")
        difference = apply("Abs", apply("Sub", x, y, name="sub"))
        return Assert(_all(apply("Less", difference, allowed)), data, summarize=summarize)


_SIGN_TEXT = """An operation that fails unless x %s 0 for all elements.

    Args:
      x: numeric tensor.
      data: list of tensors for the error's text; default: a sentence and the value.
      summarize: elements shown of each; default 3.
      message: text in front.
      name: name of the scope.

    Raises:
      InvalidArgumentError: when run, or at once if the value is known.
    """


def _sign(symbol, check, zero_first, py_name):
    def function(x, data=None, summarize=None, message=None, name=None):
        message = message or ""
        with ops.name_scope(name, py_name, [x, data]):
            x = ops.convert_to_tensor(x, name="x")
            if data is None:
                data = [
                    message,
                    "Condition x %s 0 did not hold element-wise:" % symbol,
                    "x (%s) = " % x.name, x,
                ]  # fmt: skip
            zero = ops.convert_to_tensor(0, dtype=x.dtype.base_dtype)
            pair = (zero, x) if zero_first else (x, zero)
            return check(*pair, data=data, summarize=summarize)

    function.__name__ = function.__qualname__ = py_name
    function.__doc__ = _SIGN_TEXT % symbol
    return function


assert_positive = _sign(">", assert_less, True, "assert_positive")
assert_negative = _sign("<", assert_less, False, "assert_negative")
assert_non_negative = _sign(">=", assert_less_equal, True, "assert_non_negative")
assert_non_positive = _sign("<=", assert_less_equal, False, "assert_non_positive")


def _check_rank(x, ranks, static, dynamic, data, summarize):
    """None when the known ranks contradict, else an operation."""
    values = []
    for rank in ranks:
        assert_type(rank, dtypes.int32)
        value = tensor_util.constant_value(rank)
        if value is not None and np.ndim(value) != 0:
            raise ValueError("Rank must be a scalar.")
        values.append(value)
    own = x.get_shape().ndims
    if own is not None and all(v is not None for v in values):
        if not static(own, [int(v) for v in values]):
            return None
        return control_flow_ops.no_op("static_checks_determined_all_ok")
    condition = dynamic(array_ops.rank(x), ranks)
    for rank, value in zip(ranks, values):
        if value is None:
            scalar = assert_rank(rank, 0, data=["Rank must be a scalar. Received rank: ", rank])
            condition = control_flow_ops.with_dependencies([scalar], condition)
    return Assert(condition, data, summarize=summarize)


def _assert_ranks(kind, default_name, x, ranks, static, dynamic, data, summarize, message, name):
    message = message or ""
    with ops.name_scope(name, default_name, [x] + list(ranks) + list(data or [])):
        x = ops.convert_to_tensor(x, name="x")
        ranks = [ops.convert_to_tensor(r, name="rank") for r in ranks]
        if data is None:
            data = [message, "Tensor %s must have rank%s" % (x.name, kind)] + ranks
            data += ["Received shape: ", array_ops.shape(x)]
        checked = _check_rank(x, ranks, static, dynamic, data, summarize)
        if checked is None:
            wanted = [int(tensor_util.constant_value(r)) for r in ranks]
            raise ValueError(
                "%s.  Tensor %s must have rank%s %s.  Received rank %d, shape %s"
                % (message, x.name, kind, wanted[0] if kind != " in" else tuple(wanted),
                   x.get_shape().ndims, x.get_shape())
            )  # fmt: skip
        return checked


def assert_rank(x, rank, data=None, summarize=None, message=None, name=None):
    """An operation that fails unless x has the given rank.

    Args:
      x: Tensor.
      rank: int32 scalar.
      data, summarize, message, name: as in `assert_equal`.

    Raises:
      ValueError: if the known rank of x is another.
    """
    return _assert_ranks(
        "", "assert_rank", x, [rank],
        lambda own, wanted: own == wanted[0],
        lambda own, wanted: apply("Equal", own, wanted[0]),
        data, summarize, message, name,
    )  # fmt: skip


def assert_rank_at_least(x, rank, data=None, summarize=None, message=None, name=None):
    """An operation that fails unless x has at least the given rank; else as `assert_rank`."""
    return _assert_ranks(
        " at least", "assert_rank_at_least", x, [rank],
        lambda own, wanted: own >= wanted[0],
        lambda own, wanted: apply("GreaterEqual", own, wanted[0]),
        data, summarize, message, name,
    )  # fmt: skip


def _one_of(own, wanted):
    condition = None
    for equal in [apply("Equal", rank, own) for rank in wanted]:
        condition = equal if condition is None else apply("LogicalOr", condition, equal)
    return condition


def assert_rank_in(x, ranks, data=None, summarize=None, message=None, name=None):
    """An operation that fails unless the rank of x is among `ranks`; else as `assert_rank`."""
    return _assert_ranks(
        " in", "assert_rank_in", x, list(ranks),
        lambda own, wanted: own in wanted,
        _one_of,
        data, summarize, message, name,
    )  # fmt: skip


def assert_type(tensor, tf_type, message=None, name=None):
    """Raises TypeError unless the tensor has a dtype; returns an operation that does nothing."""
    message = message or ""
    with ops.name_scope(name, "assert_type", [tensor]):
        tensor = ops.convert_to_tensor(tensor, name="tensor")
        if tensor.dtype != tf_type:
            raise TypeError("%s  %s must be of type %s" % (message, tensor.name, tf_type))
        return control_flow_ops.no_op("statically_determined_correct_type")


def assert_integer(x, message=None, name=None):
    """Raises TypeError unless x has an integer dtype; returns an operation that does nothing."""
    message = message or ""
    with ops.name_scope(name, "assert_integer", [x]):
        x = ops.convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(
                '%s  Expected "x" to be integer type.  Found: %s of dtype %s'
                % (message, x.name, x.dtype)
            )
        return control_flow_ops.no_op("statically_determined_was_integer")


def assert_scalar(tensor, name=None, message=None):
    """The tensor, if its static shape is that of a scalar; ValueError otherwise."""
    with ops.name_scope(name, "assert_scalar", [tensor]) as scope:
        tensor = ops.convert_to_tensor(tensor, name=scope)
        shape = tensor.get_shape()
        if shape.ndims != 0:
            raise ValueError(
                "%sExpected scalar shape for %s, saw shape: %s."
                % (message or "", tensor.name, shape)
            )
        return tensor


def assert_same_float_dtype(tensors=None, dtype=None):
    """The float dtype that tensors have in common.

    Args:
      tensors: list of tensors and None, or None.
      dtype: what it must be; default: the first tensor's.

    Raises:
      ValueError: if dtypes differ or are not floating.
    """
    known = [t for t in tensors or [] if t is not None]
    first = None
    for tensor in known:
        own = tensor.dtype.base_dtype
        if dtype is None:
            dtype, first = own, tensor
        elif own != dtypes.as_dtype(dtype).base_dtype:
            raise ValueError(
                "%s, type=%s, must be of the same type (%s)%s."
                % (tensor.name, own, dtype, " as %s" % first.name if first is not None else "")
            )
    if dtype is None:
        return dtypes.float32
    dtype = dtypes.as_dtype(dtype).base_dtype
    if not dtype.is_floating:
        raise ValueError("Expected floating point type, got %s." % dtype)
    return dtype


def is_numeric_tensor(tensor):
    """Whether this is a Tensor of numbers."""
    return isinstance(tensor, Tensor) and tensor.dtype.base_dtype in NUMERIC_TYPES


def _monotonic(x, op_name, default_name, name):
    with ops.name_scope(name, default_name, [x]):
        x = array_ops.reshape(x, [-1])
        if not is_numeric_tensor(x):
            raise TypeError("Expected x to be numeric, instead found: %s" % x)
        steps = apply("Sub", x[1:], x[:-1], name="sub")
        zero = ops.convert_to_tensor(0, dtype=steps.dtype)
        return _all(apply(op_name, zero, steps))


def is_non_decreasing(x, name=None):
    """Whether no element is smaller than the one before it; bool scalar.

    Args:
      x: numeric tensor, read in row-major order.
      name: name of the scope.
    """
    return _monotonic(x, "LessEqual", "is_non_decreasing", name)


def is_strictly_increasing(x, name=None):
    """Whether each element is larger than the one before it; bool scalar."""
    return _monotonic(x, "Less", "is_strictly_increasing", name)


def assert_proper_iterable(values):
    """Raises TypeError for tensors, arrays and strings, and for what does not iterate."""
    improper = (Tensor, np.ndarray, bytes, str)
    if isinstance(values, improper) or tensor_util.is_tensor(values):
        raise TypeError(
            'Expected argument "values" to be a "proper" iterable.  Found: %s' % type(values)
        )
    if not hasattr(values, "__iter__"):
        raise TypeError('Expected argument "values" to be iterable.  Found: %s' % type(values))
