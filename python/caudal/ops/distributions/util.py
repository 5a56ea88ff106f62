# SPDX-License-Identifier: Apache-2.0
"""What distributions share."""

import contextlib
import hashlib

import numpy as np

from caudal.framework import ops
from caudal.ops import array_ops, check_ops, control_flow_ops, math_ops, nn_ops, shape_ops
from caudal.ops.distributions.distribution import Distribution

__all__ = [
    "ScalarBatch",
    "counting",
    "gen_new_seed",
    "get_logits_and_probs",
    "nan_unless_above",
    "positive",
]


def gen_new_seed(seed, salt):
    """Another seed for another draw; None stays None."""
    if seed is None:
        return None
    digest = hashlib.md5((str(seed) + salt).encode()).hexdigest()
    return int(digest[:8], 16) & 0x7FFFFFFF


def positive(checked, *tensors, message=None):
    """The tensors; with `checked`, behind an assertion that all their elements are above 0."""
    checks = [check_ops.assert_positive(t, message=message) for t in tensors] if checked else []
    with ops.control_dependencies(checks):
        return [array_ops.identity(t) for t in tensors]


def counting(checked, tensor):
    """The tensor; with `checked`, behind assertions that it holds natural numbers."""
    if not checked:
        return tensor
    below = check_ops.assert_non_negative(tensor, message="%r must be non-negative." % str(tensor))
    whole = check_ops.assert_equal(
        tensor,
        math_ops.round(tensor),
        message="%r cannot contain fractional components." % str(tensor),
    )
    return control_flow_ops.with_dependencies([below, whole], tensor)


def nan_unless_above(dist, value, limit, parameters, messages):
    """`value` with NaN where a parameter is not above `limit`, or assertions that none is so."""
    limit = np.array(limit, dist.dtype.as_numpy_dtype)
    if dist.allow_nan_stats:
        nan = array_ops.ones_like(value) * np.array(np.nan, dist.dtype.as_numpy_dtype)
        for parameter in parameters:
            value = array_ops.where_v2(parameter <= limit, nan, value)
        return value
    checks = [
        check_ops.assert_less(array_ops.ones([], dist.dtype) * limit, parameter, message=message)
        for parameter, message in zip(parameters, messages)
    ]
    return control_flow_ops.with_dependencies(checks, value)


def get_logits_and_probs(logits=None, probs=None, multidimensional=False, validate_args=False,
                         name="get_logits_and_probs"):  # fmt: skip
    """(logits, probabilities) from whichever of both is given.

    With `multidimensional` the last axis holds classes, else each element is one probability.
    """
    with ops.name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = ops.convert_to_tensor(logits, name="logits")
            if not logits.dtype.is_floating:
                raise TypeError("logits must having floating type.")
            if multidimensional:
                return logits, nn_ops.softmax(logits, name="probs")
            return logits, math_ops.sigmoid(logits, name="probs")
        probs = ops.convert_to_tensor(probs, name="probs")
        if not probs.dtype.is_floating:
            raise TypeError("probs must having floating type.")
        checks = []
        if validate_args:
            checks = [check_ops.assert_non_negative(probs)]
            one = ops.convert_to_tensor(1.0, dtype=probs.dtype)
            if multidimensional:
                total = math_ops.reduce_sum(probs, -1)
                ones = array_ops.ones_like(total)
                checks.append(
                    check_ops.assert_near(total, ones, message="probs does not sum to 1.")
                )
            else:
                checks.append(
                    check_ops.assert_less_equal(
                        probs, one, message="probs has components greater than 1."
                    )
                )
        with ops.control_dependencies(checks):
            probs = array_ops.identity(probs)
        with ops.name_scope("logits"):
            if multidimensional:
                return math_ops.log(probs), probs
            return math_ops.log(probs) - math_ops.log1p(-1.0 * probs), probs


class ScalarBatch(Distribution):
    """Distributions over scalars whose parameters broadcast to the shape of the batch."""

    def _arguments(self):
        """The tensors that broadcast."""
        return self._graph_parents

    def _batch_shape_tensor(self):
        shape = array_ops.shape(self._arguments()[0])
        for t in self._arguments()[1:]:
            shape = shape_ops.broadcast_dynamic_shape(shape, array_ops.shape(t))
        return shape

    def _batch_shape(self):
        shape = self._arguments()[0].get_shape()
        for t in self._arguments()[1:]:
            shape = shape_ops.broadcast_static_shape(shape, t.get_shape())
        return shape

    def _full(self, value):
        """`value` in the shape of the batch."""
        return value * array_ops.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _draws(self, n):
        """The shape of n samples."""
        return array_ops.concat([[n], self.batch_shape_tensor()], 0)

    def _support_value(self, value, smallest=None):
        """`value`; when arguments are validated, checked to be at least `smallest` (above 0)."""
        if not self.validate_args:
            return value
        check = check_ops.assert_positive if smallest is None else check_ops.assert_non_negative
        with ops.control_dependencies([check(value)]):
            return array_ops.identity(value)


@contextlib.contextmanager
def scope_of(name, values):
    """The scope in which a constructor converts its arguments; gives the distribution's name."""
    with ops.name_scope(name, values=values) as scope:
        yield scope
