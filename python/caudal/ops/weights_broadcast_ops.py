# SPDX-License-Identifier: Apache-2.0
"""Weights of elements: a scalar, or the rank of the values with each dimension equal or 1."""

from caudal.framework import ops
from caudal.ops import array_ops, control_flow_ops, math_ops, shape_ops
from caudal.ops.logging_ops import Assert

__all__ = ["assert_broadcastable", "broadcast_weights"]

_REFUSED = "weights can not be broadcast to values."


def _text(shape):
    return "[%s]" % " ".join(str(d) for d in shape.as_list())


def _static_check(weights, values):
    """None if the shapes are not known well enough, else whether the weights are a scalar."""
    weights_shape, values_shape = weights.shape, values.shape
    weights_rank, values_rank = weights_shape.rank, values_shape.rank
    if weights_rank == 0:
        return True
    if weights_rank is None or values_rank is None:
        return None
    if weights_rank != values_rank:
        raise ValueError(
            "%s values.rank=%s. weights.rank=%s. values.shape=%s. weights.shape=%s."
            % (_REFUSED, values_rank, weights_rank, _text(values_shape), _text(weights_shape))
        )
    known = True
    for d, (have, size) in enumerate(zip(weights_shape.as_list(), values_shape.as_list())):
        if have is None:
            known = False
        elif have != 1 and size is not None and have != size:
            raise ValueError(
                "%s Mismatch at dim %s. values.shape=%s weights.shape=%s."
                % (_REFUSED, d, _text(values_shape), _text(weights_shape))
            )
        elif have != 1 and size is None:
            known = False
    return False if known else None


def _dimensions_fit(weights_shape, values_shape):
    with ops.name_scope("has_invalid_dims"):
        return math_ops.reduce_all(
            math_ops.logical_or(
                math_ops.equal(weights_shape, values_shape), math_ops.equal(weights_shape, 1)
            )
        )


def assert_broadcastable(weights, values):
    """An operation that fails unless `weights` can be multiplied to the elements of `values`.

    Weights are a scalar, or have the rank of the values and in every dimension their size or 1.

    Raises:
      ValueError: where the static shapes tell that it will fail.
    """
    with ops.name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        with ops.name_scope(None, "weights", (weights,)) as weights_scope:
            weights = ops.convert_to_tensor(weights, name=weights_scope)
            weights_shape = array_ops.shape(weights, name="shape")
            weights_rank = shape_ops.rank(weights, name="rank")
        with ops.name_scope(None, "values", (values,)) as values_scope:
            values = ops.convert_to_tensor(values, name=values_scope)
            values_shape = array_ops.shape(values, name="shape")
            values_rank = shape_ops.rank(values, name="rank")
        scalar = _static_check(weights, values)
        if scalar is not None:
            return control_flow_ops.no_op(
                name="static_scalar_check_success" if scalar else "static_dims_check_success"
            )
        is_scalar = math_ops.equal(0, weights_rank, name="is_scalar")
        fits = control_flow_ops.cond(
            is_scalar,
            lambda: ops.convert_to_tensor(True),
            lambda: control_flow_ops.cond(
                math_ops.equal(values_rank, weights_rank, name="is_same_rank"),
                lambda: _dimensions_fit(weights_shape, values_shape),
                lambda: ops.convert_to_tensor(False),
                name="has_valid_nonscalar_shape",
            ),
            name="is_valid_shape",
        )
        data = [
            _REFUSED,
            "weights.shape=",
            weights.name,
            weights_shape,
            "values.shape=",
            values.name,
            values_shape,
            "is_scalar=",
            is_scalar,
        ]
        return Assert(fits, data, name=scope)


def broadcast_weights(weights, values):
    """`weights` in the shape of `values`, see `assert_broadcastable`."""
    with ops.name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = ops.convert_to_tensor(values, name="values")
        weights = ops.convert_to_tensor(weights, dtype=values.dtype.base_dtype, name="weights")
        if (
            weights.shape.is_fully_defined()
            and values.shape.is_fully_defined()
            and weights.shape.is_compatible_with(values.shape)
        ):
            return weights
        with ops.control_dependencies((assert_broadcastable(weights, values),)):
            return math_ops.multiply(weights, array_ops.ones_like(values), name=scope)
