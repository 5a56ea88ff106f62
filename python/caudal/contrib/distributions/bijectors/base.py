# SPDX-License-Identifier: Apache-2.0
"""The base class of bijectors: differentiable maps with an inverse."""

import contextlib
import re

from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.ops import array_ops, check_ops, math_ops

__all__ = ["Bijector", "ConditionalBijector"]


class Bijector:
    """A map of tensors, its inverse, and how both change volumes.

    A subclass implements what it can of `_forward`, `_inverse`, `_forward_log_det_jacobian` and
    `_inverse_log_det_jacobian`; one of the last two follows from the other.

    Args:
      graph_parents: tensors that the bijector depends on.
      is_constant_jacobian: whether the jacobian does not depend on the argument.
      validate_args: whether arguments are checked when run.
      dtype: of the arguments; None: any.
      forward_min_event_ndims: rank of the smallest argument of `forward`.
      inverse_min_event_ndims: rank of the smallest argument of `inverse`.
      name: default: from the class.
    """

    _TF_MODULE_IGNORED_PROPERTIES = frozenset()

    def __init__(self, graph_parents=None, is_constant_jacobian=False, validate_args=False,
                 dtype=None, forward_min_event_ndims=None, inverse_min_event_ndims=None,
                 name=None):  # fmt: skip
        if forward_min_event_ndims is None and inverse_min_event_ndims is None:
            raise ValueError(
                "Must specify at least one of `forward_min_event_ndims` and "
                "`inverse_min_event_ndims`."
            )
        if forward_min_event_ndims is None:
            forward_min_event_ndims = inverse_min_event_ndims
        if inverse_min_event_ndims is None:
            inverse_min_event_ndims = forward_min_event_ndims
        for which, ndims in (
            ("forward_min_event_ndims", forward_min_event_ndims),
            ("inverse_min_event_ndims", inverse_min_event_ndims),
        ):
            if ndims < 0:
                raise ValueError("%s must be a non-negative integer." % which)
        for i, t in enumerate(graph_parents or []):
            if t is None or not tensor_util.is_tensor(t):
                raise ValueError("Graph parent item %d is not a Tensor; %s." % (i, t))
        self._graph_parents = graph_parents or []
        self._is_constant_jacobian = is_constant_jacobian
        self._validate_args = validate_args
        self._dtype = dtype
        self._forward_min_event_ndims = forward_min_event_ndims
        self._inverse_min_event_ndims = inverse_min_event_ndims
        self._from_x = {}
        self._from_y = {}
        words = re.findall("[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", type(self).__name__)
        snake = "_".join(words)
        self._name = name or snake.lower()

    @property
    def graph_parents(self):
        return self._graph_parents

    @property
    def forward_min_event_ndims(self):
        return self._forward_min_event_ndims

    @property
    def inverse_min_event_ndims(self):
        return self._inverse_min_event_ndims

    @property
    def is_constant_jacobian(self):
        return self._is_constant_jacobian

    @property
    def _is_injective(self):
        return True

    @property
    def validate_args(self):
        return self._validate_args

    @property
    def dtype(self):
        return self._dtype

    @property
    def name(self):
        return self._name

    # Shapes ------------------------------------------------------------------------------------

    def forward_event_shape_tensor(self, input_shape, name="forward_event_shape_tensor"):
        """The shape of `forward` of one event, an int32 vector."""
        with self._name_scope(name, [input_shape]):
            input_shape = ops.convert_to_tensor(input_shape, dtypes.int32, name="input_shape")
            return self._forward_event_shape_tensor(input_shape)

    def forward_event_shape(self, input_shape):
        """The static shape of `forward` of one event."""
        return self._forward_event_shape(tensor_shape.TensorShape(input_shape))

    def inverse_event_shape_tensor(self, output_shape, name="inverse_event_shape_tensor"):
        """The shape of `inverse` of one event, an int32 vector."""
        with self._name_scope(name, [output_shape]):
            output_shape = ops.convert_to_tensor(output_shape, dtypes.int32, name="output_shape")
            return self._inverse_event_shape_tensor(output_shape)

    def inverse_event_shape(self, output_shape):
        """The static shape of `inverse` of one event."""
        return self._inverse_event_shape(tensor_shape.TensorShape(output_shape))

    def _forward_event_shape_tensor(self, input_shape):
        return input_shape

    def _forward_event_shape(self, input_shape):
        return input_shape

    def _inverse_event_shape_tensor(self, output_shape):
        return output_shape

    def _inverse_event_shape(self, output_shape):
        return output_shape

    # Values ------------------------------------------------------------------------------------

    def forward(self, x, name="forward"):
        """The map of `x`."""
        return self._call_forward(x, name)

    def inverse(self, y, name="inverse"):
        """What `forward` maps to `y`; a tuple if there are several."""
        return self._call_inverse(y, name)

    def inverse_log_det_jacobian(self, y, event_ndims, name="inverse_log_det_jacobian"):
        """The logarithm of the absolute determinant of the inverse's jacobian at `y`.

        Args:
          event_ndims: int, at least `inverse_min_event_ndims`: how many last axes are one event.
        """
        return self._call_inverse_log_det_jacobian(y, event_ndims, name)

    def forward_log_det_jacobian(self, x, event_ndims, name="forward_log_det_jacobian"):
        """The logarithm of the absolute determinant of the jacobian at `x`.

        Args:
          event_ndims: int, at least `forward_min_event_ndims`: how many last axes are one event.
        """
        return self._call_forward_log_det_jacobian(x, event_ndims, name)

    def _forward(self, x):
        raise NotImplementedError("forward not implemented.")

    def _inverse(self, y):
        raise NotImplementedError("inverse not implemented")

    def _inverse_log_det_jacobian(self, y):
        raise NotImplementedError("inverse_log_det_jacobian not implemented.")

    def _forward_log_det_jacobian(self, x):
        raise NotImplementedError("forward_log_det_jacobian not implemented.")

    # What is known of a pair x, y is kept: the inverse of a sample costs nothing.

    @staticmethod
    def _key(tensor, kwargs):
        return id(tensor), tuple(sorted((k, id(v)) for k, v in kwargs.items()))

    def _remember(self, x, y, kwargs):
        pair = (x, y, kwargs)
        self._from_x[self._key(x, kwargs)] = pair
        self._from_y[self._key(y, kwargs)] = pair

    def _call_forward(self, x, name, **kwargs):
        with self._name_scope(name, [x]):
            x = ops.convert_to_tensor(x, name="x")
            self._assert_dtype(x)
            if not self._is_injective:
                return self._forward(x, **kwargs)
            known = self._from_x.get(self._key(x, kwargs))
            if known is not None:
                return known[1]
            y = self._forward(x, **kwargs)
            self._remember(x, y, kwargs)
            return y

    def _call_inverse(self, y, name, **kwargs):
        with self._name_scope(name, [y]):
            y = ops.convert_to_tensor(y, name="y")
            self._assert_dtype(y)
            if not self._is_injective:
                return self._inverse(y, **kwargs)
            known = self._from_y.get(self._key(y, kwargs))
            if known is not None:
                return known[0]
            x = self._inverse(y, **kwargs)
            self._remember(x, y, kwargs)
            return x

    def _call_inverse_log_det_jacobian(self, y, event_ndims, name, **kwargs):
        with self._name_scope(name, [y]):
            with ops.control_dependencies(
                self._check_event_ndims(self.inverse_min_event_ndims, event_ndims)
            ):
                y = ops.convert_to_tensor(y, name="y")
            self._assert_dtype(y)
            ndims = self.inverse_min_event_ndims
            if not self._is_injective:
                parts = self._inverse_log_det_jacobian(y, **kwargs)
                return tuple(self._reduce(y, part, ndims, event_ndims) for part in parts)
            try:
                found = self._inverse_log_det_jacobian(y, **kwargs)
            except NotImplementedError as missing:
                known = self._from_y.get(self._key(y, kwargs))
                try:
                    x = known[0] if known else self._inverse(y, **kwargs)
                    found = -self._forward_log_det_jacobian(x, **kwargs)
                except NotImplementedError:
                    raise missing from None
            return self._reduce(y, found, ndims, event_ndims)

    def _call_forward_log_det_jacobian(self, x, event_ndims, name, **kwargs):
        if not self._is_injective:
            raise NotImplementedError(
                "forward_log_det_jacobian cannot be implemented for non-injective transforms."
            )
        with self._name_scope(name, [x]):
            with ops.control_dependencies(
                self._check_event_ndims(self.forward_min_event_ndims, event_ndims)
            ):
                x = ops.convert_to_tensor(x, name="x")
            self._assert_dtype(x)
            try:
                found = self._forward_log_det_jacobian(x, **kwargs)
            except NotImplementedError as missing:
                known = self._from_x.get(self._key(x, kwargs))
                try:
                    y = known[1] if known else self._forward(x, **kwargs)
                    found = -self._inverse_log_det_jacobian(y, **kwargs)
                except NotImplementedError:
                    raise missing from None
            return self._reduce(x, found, self.forward_min_event_ndims, event_ndims)

    # For subclasses ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def _name_scope(self, name=None, values=None):
        with ops.name_scope(self.name):
            with ops.name_scope(name, values=(values or []) + self.graph_parents) as scope:
                yield scope

    def _assert_dtype(self, x):
        if self.dtype is not None and x.dtype.base_dtype != self.dtype:
            raise TypeError("Input had dtype %s but expected %s." % (self.dtype, x.dtype))

    def _reduce(self, value, log_det, min_event_ndims, event_ndims):
        """`log_det`, of the smallest events, summed over whole events."""
        ndims = tensor_util.constant_value(ops.convert_to_tensor(event_ndims))
        rank = value.shape.ndims
        if ndims is not None and rank is not None and int(ndims) == min_event_ndims:
            if log_det.shape.ndims is not None and log_det.shape.ndims <= rank - min_event_ndims:
                return log_det
        dynamic_rank = array_ops.rank(value)
        over = array_ops.shape(value)[dynamic_rank - event_ndims : dynamic_rank - min_event_ndims]
        ones = array_ops.ones(over, log_det.dtype)
        if ndims is not None:
            axes = [-1 - i for i in range(int(ndims) - min_event_ndims)]
        else:
            axes = array_ops.range(-(event_ndims - min_event_ndims), 0)
        reduced = math_ops.reduce_sum(ones * log_det, axis=axes)
        if ndims is not None and rank is not None and log_det.shape.ndims is not None:
            full = value.shape[: rank - min_event_ndims]
            try:
                shape = array_ops.broadcast_static_shape(full, log_det.shape)
                reduced.set_shape(shape[: shape.ndims - (int(ndims) - min_event_ndims)])
            except ValueError:
                pass
        return reduced

    def _check_event_ndims(self, min_event_ndims, event_ndims):
        event_ndims = ops.convert_to_tensor(event_ndims, name="event_ndims")
        if not event_ndims.dtype.is_integer:
            raise ValueError("Expected integer dtype, got dtype %s" % event_ndims.dtype)
        known = tensor_util.constant_value(event_ndims)
        if known is not None:
            if known.ndim:
                raise ValueError("Expected scalar, got shape %s" % (event_ndims.shape,))
            if min_event_ndims > known:
                raise ValueError(
                    "event_ndims (%d) must be larger than min_event_ndims (%d)"
                    % (known, min_event_ndims)
                )
            return []
        if self.validate_args:
            return [check_ops.assert_greater_equal(event_ndims, min_event_ndims)]
        return []


class ConditionalBijector(Bijector):
    """A bijector whose methods take further arguments, by name, for its subclass."""

    def forward(self, x, name="forward", **condition_kwargs):
        """See `Bijector.forward`."""
        return self._call_forward(x, name, **condition_kwargs)

    def inverse(self, y, name="inverse", **condition_kwargs):
        """See `Bijector.inverse`."""
        return self._call_inverse(y, name, **condition_kwargs)

    def inverse_log_det_jacobian(self, y, event_ndims, name="inverse_log_det_jacobian",
                                 **condition_kwargs):  # fmt: skip
        """See `Bijector.inverse_log_det_jacobian`."""
        return self._call_inverse_log_det_jacobian(y, event_ndims, name, **condition_kwargs)

    def forward_log_det_jacobian(self, x, event_ndims, name="forward_log_det_jacobian",
                                 **condition_kwargs):  # fmt: skip
        """See `Bijector.forward_log_det_jacobian`."""
        return self._call_forward_log_det_jacobian(x, event_ndims, name, **condition_kwargs)
