# SPDX-License-Identifier: Apache-2.0
"""IndexedSlices: a tensor of which only some slices along axis 0 are stored."""

import collections
import warnings

from caudal.framework import tensor_shape
from caudal.framework.tensor import Tensor

_MANY_ELEMENTS = 100_000_000  # from here on making them dense is warned of

IndexedSlicesValue = collections.namedtuple(
    "IndexedSlicesValue", ["values", "indices", "dense_shape"]
)


class IndexedSlices:
    """Slices `values[i]` of a larger tensor at positions `indices[i]` of its axis 0.

    Gradients of `tf.gather` have this form. `dense_shape` may be None.
    """

    def __init__(self, values, indices, dense_shape=None):
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    values = property(lambda self: self._values)
    indices = property(lambda self: self._indices)
    dense_shape = property(lambda self: self._dense_shape)
    name = property(lambda self: self._values.name)
    device = property(lambda self: self._values.device)
    op = property(lambda self: self._values.op)
    dtype = property(lambda self: self._values.dtype)
    graph = property(lambda self: self._values.graph)
    _graph = property(lambda self: self._values.graph)

    @property
    def shape(self):
        if self._dense_shape is None:
            return tensor_shape.TensorShape(None)
        from caudal.framework import tensor_util

        return tensor_util.constant_value_as_shape(self._dense_shape)

    def get_shape(self):
        return self.shape

    def consumers(self):
        """The Operations that have the values as an input."""
        return self._values.consumers()

    def __neg__(self):
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __str__(self):
        return "IndexedSlices(indices=%s, values=%s%s)" % (
            self._indices,
            self._values,
            "" if self._dense_shape is None else ", dense_shape=%s" % (self._dense_shape,),
        )

    __repr__ = __str__


def to_dense(value, dtype=None, name=None, as_ref=False):
    """The dense tensor; slices of equal index add up."""
    from caudal.framework.op_factory import apply

    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            "Tensor conversion requested dtype %s for IndexedSlices with dtype %s"
            % (dtype.name, value.dtype.name)
        )
    if value.dense_shape is None:
        raise ValueError(
            "Tensor conversion requested for IndexedSlices without dense_shape: %s" % value
        )
    from caudal.framework.scopes import name_scope

    _warn_of_size(value.shape.num_elements())
    with name_scope(name, "IndexedSlicesToTensor", [value.values]) as scope:
        rows = apply(
            "StridedSlice", value.dense_shape, [0], [1], [1], shrink_axis_mask=1, name="num_rows"
        )
        return apply("UnsortedSegmentSum", value.values, value.indices, rows, name=scope)


def _warn_of_size(elements):
    if elements is None:
        what = "of unknown shape"
    elif elements >= _MANY_ELEMENTS:
        what = "with %d elements" % elements
    else:
        return
    warnings.warn(
        "Converting sparse IndexedSlices to a dense Tensor %s. This may consume a large amount of "
        "memory." % what,
        stacklevel=2,
    )


def is_indexed_slices(value):
    return isinstance(value, IndexedSlices)


__all__ = ["IndexedSlices", "IndexedSlicesValue", "Tensor", "to_dense"]
