# SPDX-License-Identifier: Apache-2.0
"""SparseTensor: indices, values and dense shape of a tensor with few elements."""

import collections

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.tensor import Tensor

SparseTensorValue = collections.namedtuple(
    "SparseTensorValue", ["indices", "values", "dense_shape"]
)


class SparseTensor:
    """A tensor of which only some elements are stored.

    Args:
      indices: int64, shape [n, rank]: where the elements are.
      values: any dtype, shape [n].
      dense_shape: int64, shape [rank].
    """

    def __init__(self, indices, values, dense_shape):
        with ops.name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = ops.convert_to_tensor(indices, dtypes.int64, name="indices")
            self._values = ops.convert_to_tensor(values, name="values")
            self._dense_shape = ops.convert_to_tensor(dense_shape, dtypes.int64, name="dense_shape")
        rows = self._indices.shape.with_rank(2)
        count = self._values.shape.with_rank(1)
        rank = self._dense_shape.shape.with_rank(1)
        rows[0].merge_with(count[0])
        rows[1].merge_with(rank[0])

    @classmethod
    def from_value(cls, sparse_tensor_value):
        if not is_sparse(sparse_tensor_value) and not isinstance(
            sparse_tensor_value, SparseTensorValue
        ):
            raise TypeError("Neither a SparseTensor nor SparseTensorValue: %s." % (
                sparse_tensor_value,))  # fmt: skip
        v = sparse_tensor_value
        return cls(v.indices, v.values, v.dense_shape)

    indices = property(lambda self: self._indices)
    values = property(lambda self: self._values)
    dense_shape = property(lambda self: self._dense_shape)
    op = property(lambda self: self._values.op)
    name = property(lambda self: self._values.name)
    device = property(lambda self: self._values.device)
    dtype = property(lambda self: self._values.dtype)
    graph = property(lambda self: self._indices.graph)
    _graph = property(lambda self: self._indices.graph)

    @property
    def shape(self):
        return tensor_util.constant_value_as_shape(self._dense_shape)

    def get_shape(self):
        return self.shape

    def eval(self, feed_dict=None, session=None):
        """The SparseTensorValue, computed by `session` or the default session."""
        indices, values, dense_shape = (
            ops.get_default_session().run([self.indices, self.values, self.dense_shape], feed_dict)
            if session is None
            else session.run([self.indices, self.values, self.dense_shape], feed_dict)
        )
        return SparseTensorValue(indices, values, dense_shape)

    def consumers(self):
        return [op for t in self._to_components() for op in t.consumers()]

    def _to_components(self):
        return [self._indices, self._values, self._dense_shape]

    def _from_components(self, tensors):
        return SparseTensor(*tensors)

    def _with_dense(self, op_name, scope_name, dense):
        """An elementwise op with a dense tensor that broadcasts to this shape."""
        from caudal.framework.op_factory import apply

        with ops.name_scope(None, scope_name, [self._values, dense]) as scope:
            values = self._values
            kind = values.dtype.base_dtype
            dense = ops.convert_to_tensor(dense, dtype=kind, name="y")
            if scope_name == "truediv" and kind.is_integer:
                wide = dtypes.float64 if kind.size >= 4 else dtypes.float32
                values = apply("Cast", values, DstT=wide)
                dense = apply("Cast", dense, DstT=wide)
            values = apply(op_name, self._indices, values, self._dense_shape, dense, name=scope)
        return SparseTensor(self._indices, values, self._dense_shape)

    def __mul__(self, dense):
        return self._with_dense("SparseDenseCwiseMul", "mul", dense)

    def __truediv__(self, dense):
        return self._with_dense("SparseDenseCwiseDiv", "truediv", dense)

    def __div__(self, dense):
        return self._with_dense("SparseDenseCwiseDiv", "div", dense)

    def __str__(self):
        return "SparseTensor(indices=%s, values=%s, dense_shape=%s)" % (
            self._indices, self._values, self._dense_shape)  # fmt: skip

    __repr__ = __str__


def is_sparse(x):
    """True for a SparseTensor or a SparseTensorValue."""
    return isinstance(x, (SparseTensor, SparseTensorValue))


def convert_to_tensor_or_sparse_tensor(value, dtype=None, name=None):
    """`convert_to_tensor` that lets sparse tensors pass."""
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if isinstance(value, SparseTensor):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise RuntimeError(
                "Sparse dtype: requested = %s, actual = %s"
                % (dtypes.as_dtype(dtype).name, value.dtype.name)
            )
        return value
    return ops.convert_to_tensor(value, dtype=dtype, name=name)


def convert_n_to_tensor_or_sparse_tensor(values, dtype=None, name=None):
    if not isinstance(values, (list, tuple)):
        raise TypeError("values must be a list or tuple.")
    return [
        convert_to_tensor_or_sparse_tensor(v, dtype, None if name is None else "%s_%d" % (name, i))
        for i, v in enumerate(values)
    ]


__all__ = ["SparseTensor", "SparseTensorValue", "Tensor", "is_sparse"]
