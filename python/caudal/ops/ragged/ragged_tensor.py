# SPDX-License-Identifier: Apache-2.0
"""RaggedTensor: rows of different lengths, as values one behind the other and where rows begin."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape, tensor_util
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, check_ops, control_flow_ops, math_ops, search_ops

__all__ = ["RaggedTensor", "RaggedTensorValue", "is_ragged"]


class RaggedTensorValue:
    """What a RaggedTensor holds: NumPy values and row splits."""

    def __init__(self, values, row_splits):
        if not (isinstance(row_splits, (np.ndarray, np.generic)) and row_splits.ndim == 1):
            raise TypeError("row_splits must be a 1-D numpy array of int32 or int64")
        if row_splits.dtype not in (np.int32, np.int64):
            raise TypeError("row_splits must be a 1-D numpy array of int32 or int64")
        if not isinstance(values, (np.ndarray, np.generic, RaggedTensorValue)):
            raise TypeError("values must be a numpy array or a RaggedTensorValue")
        self._values = values
        self._row_splits = row_splits

    values = property(lambda self: self._values)
    row_splits = property(lambda self: self._row_splits)
    dtype = property(lambda self: self._values.dtype)

    @property
    def flat_values(self):
        values = self._values
        return values.flat_values if isinstance(values, RaggedTensorValue) else values

    @property
    def nested_row_splits(self):
        inner = self._values
        rest = inner.nested_row_splits if isinstance(inner, RaggedTensorValue) else ()
        return (self._row_splits, *rest)

    @property
    def ragged_rank(self):
        return len(self.nested_row_splits)

    @property
    def shape(self):
        return (len(self._row_splits) - 1, None, *self._values.shape[1:])

    def _feed_parts(self):
        """What is fed for the parts of a RaggedTensor."""
        return [self.flat_values, *self.nested_row_splits]

    def to_list(self):
        """The rows as nested lists."""
        inner = self._values
        items = inner.to_list() if isinstance(inner, RaggedTensorValue) else inner.tolist()
        splits = self._row_splits
        return [items[a:b] for a, b in zip(splits[:-1], splits[1:])]

    def __eq__(self, other):
        if isinstance(other, RaggedTensorValue):
            return self.to_list() == other.to_list()
        return NotImplemented

    __hash__ = None

    def __repr__(self):
        return "tf.RaggedTensorValue(values=%r, row_splits=%r)" % (self._values, self._row_splits)

    def __str__(self):
        return "<tf.RaggedTensorValue %s>" % self.to_list()


def is_ragged(value):
    """True for a RaggedTensor or a RaggedTensorValue."""
    return isinstance(value, (RaggedTensor, RaggedTensorValue))


def _to_values(values, name="values"):
    if isinstance(values, RaggedTensor):
        return values
    if isinstance(values, RaggedTensorValue):
        return RaggedTensor.from_row_splits(values.values, values.row_splits, validate=False)
    return ops.convert_to_tensor(values, name=name)


def _partition(tensor, name):
    """A vector of int32 or int64 that tells where rows are."""
    whole = isinstance(tensor, (list, tuple)) or (
        isinstance(tensor, np.ndarray) and tensor.dtype not in (np.int32, np.int64)
    )
    tensor = ops.convert_to_tensor(tensor, dtype=dtypes.int64 if whole else None, name=name)
    tensor.shape.assert_has_rank(1)
    return tensor


def _behind(checks, *tensors):
    return [control_flow_ops.with_dependencies(checks, t) for t in tensors] if checks else tensors


class RaggedTensor:
    """Rows of different lengths: row i is values[row_splits[i]:row_splits[i + 1]].

    It is made by the functions `from_...`; `values` may be ragged itself.
    """

    def __init__(
        self, values, row_splits, cached_row_lengths=None, cached_value_rowids=None,
        cached_nrows=None, internal=False,
    ):  # fmt: skip
        if not internal:
            raise ValueError(
                "RaggedTensor constructor is private; please use one of the factory methods "
                "instead (e.g., RaggedTensor.from_row_lengths())"
            )
        if not isinstance(values, RaggedTensor):
            values.shape.with_rank_at_least(1)
        row_splits.shape.assert_has_rank(1)
        self._values = values
        self._row_splits = row_splits
        self._row_lengths = cached_row_lengths
        self._value_rowids = cached_value_rowids
        self._nrows = cached_nrows

    # -- Made from --------------------------------------------------------------------------------

    @classmethod
    def from_row_splits(cls, values, row_splits, name=None, validate=True):
        """Rows between neighbouring splits, which begin with 0 and ascend."""
        if isinstance(row_splits, (list, tuple)) and not row_splits:
            raise ValueError("row_splits tensor may not be empty.")
        with ops.name_scope(name, "RaggedFromRowSplits", [values, row_splits]):
            values, row_splits = _to_values(values), _partition(row_splits, "row_splits")
            if row_splits.shape.as_list() == [0]:
                raise ValueError("row_splits tensor may not be empty.")
            checks = []
            if validate:
                size = math_ops.cast(_nrows_of(values), row_splits.dtype)
                message = "Arguments to from_row_splits do not form a valid RaggedTensor"
                zero = array_ops.zeros([], row_splits.dtype)
                checks = [
                    check_ops.assert_equal(row_splits[0], zero, message=message),
                    check_ops.assert_less_equal(row_splits[:-1], row_splits[1:], message=message),
                    check_ops.assert_equal(row_splits[-1], size, message=message),
                ]
            (row_splits,) = _behind(checks, row_splits)
            return cls(values, row_splits, internal=True)

    @classmethod
    def from_row_lengths(cls, values, row_lengths, name=None, validate=True):
        """Rows of the given lengths, one behind the other."""
        with ops.name_scope(name, "RaggedFromRowLengths", [values, row_lengths]):
            values, lengths = _to_values(values), _partition(row_lengths, "row_lengths")
            checks = []
            if validate:
                message = "Arguments to from_row_lengths do not form a valid RaggedTensor"
                size = math_ops.cast(_nrows_of(values), lengths.dtype)
                checks = [
                    check_ops.assert_non_negative(lengths, message=message),
                    check_ops.assert_equal(math_ops.reduce_sum(lengths), size, message=message),
                ]
            (lengths,) = _behind(checks, lengths)
            splits = array_ops.concat([[0], math_ops.cumsum(lengths)], 0)
            return cls(values, splits, cached_row_lengths=lengths, internal=True)

    @classmethod
    def from_row_starts(cls, values, row_starts, name=None, validate=True):
        """Rows that begin at the given places; the last one ends with the values."""
        with ops.name_scope(name, "RaggedFromRowStarts", [values, row_starts]):
            values, starts = _to_values(values), _partition(row_starts, "row_starts")
            size = math_ops.cast(_nrows_of(values), starts.dtype)
            splits = array_ops.concat([starts, [size]], 0)
            return cls.from_row_splits(values, splits, validate=validate)

    @classmethod
    def from_row_limits(cls, values, row_limits, name=None, validate=True):
        """Rows that end before the given places; the first one begins with the values."""
        with ops.name_scope(name, "RaggedFromRowLimits", [values, row_limits]):
            values, limits = _to_values(values), _partition(row_limits, "row_limits")
            zero = array_ops.zeros([1], limits.dtype)
            return cls.from_row_splits(
                values, array_ops.concat([zero, limits], 0), validate=validate
            )

    @classmethod
    def from_value_rowids(cls, values, value_rowids, nrows=None, name=None, validate=True):
        """Rows by the row of each value, which ascend; `nrows` by default the last one plus 1."""
        with ops.name_scope(name, "RaggedFromValueRowIds", [values, value_rowids, nrows]):
            values, rowids = _to_values(values), _partition(value_rowids, "value_rowids")
            values.shape[:1].assert_is_compatible_with(rowids.shape)
            if nrows is None:
                last = rowids[-1:]
                nrows = math_ops.reduce_sum(last) + math_ops.cast(
                    array_ops.size(last), rowids.dtype
                )
            else:
                nrows = ops.convert_to_tensor(nrows, rowids.dtype, name="nrows")
                known = tensor_util.constant_value(nrows)
                if known is not None and known < 0:
                    raise ValueError("Expected nrows >= 0; got %d" % known)
                nrows.shape.assert_has_rank(0)
            checks = []
            if validate:
                message = "Arguments to from_value_rowids do not form a valid RaggedTensor"
                size = math_ops.cast(_nrows_of(values), rowids.dtype)
                ids = array_ops.size(rowids, out_type=rowids.dtype)
                checks = [
                    check_ops.assert_equal(ids, size, message=message),
                    check_ops.assert_non_negative(rowids[:1], message=message),
                    check_ops.assert_less_equal(rowids[:-1], rowids[1:], message=message),
                    check_ops.assert_less(rowids, nrows, message=message),
                ]
            rowids, nrows = _behind(checks, rowids, nrows)
            ones = array_ops.ones_like(rowids)
            lengths = apply("UnsortedSegmentSum", ones, rowids, nrows)
            zero = array_ops.zeros([1], rowids.dtype)
            splits = array_ops.concat([zero, math_ops.cumsum(lengths)], 0)
            return cls(
                values, splits, cached_row_lengths=lengths, cached_value_rowids=rowids,
                cached_nrows=nrows, internal=True,
            )  # fmt: skip

    @classmethod
    def _nested(cls, make, flat_values, partitions, what):
        if isinstance(partitions, ops.Tensor):
            raise TypeError("%s must be a list of Tensors" % what)
        result = flat_values
        for partition in reversed(list(partitions)):
            result = make(result, partition)
        return result

    @classmethod
    def from_nested_row_splits(cls, flat_values, nested_row_splits, name=None, validate=True):
        """`from_row_splits` for several ragged dimensions, the outermost first."""
        with ops.name_scope(name, "RaggedFromNestedRowSplits"):
            return cls._nested(
                lambda v, p: cls.from_row_splits(v, p, validate=validate),
                flat_values, nested_row_splits, "nested_row_splits",
            )  # fmt: skip

    @classmethod
    def from_nested_row_lengths(cls, flat_values, nested_row_lengths, name=None, validate=True):
        """`from_row_lengths` for several ragged dimensions, the outermost first."""
        with ops.name_scope(name, "RaggedFromNestedRowlengths"):
            return cls._nested(
                lambda v, p: cls.from_row_lengths(v, p, validate=validate),
                flat_values, nested_row_lengths, "nested_row_lengths",
            )  # fmt: skip

    @classmethod
    def from_nested_value_rowids(
        cls, flat_values, nested_value_rowids, nested_nrows=None, name=None, validate=True
    ):
        """`from_value_rowids` for several ragged dimensions, the outermost first."""
        rowids = list(nested_value_rowids)
        rows = [None] * len(rowids) if nested_nrows is None else list(nested_nrows)
        if len(rows) != len(rowids):
            raise ValueError("nested_nrows must have the same length as nested_value_rowids")
        with ops.name_scope(name, "RaggedFromNestedValueRowIds"):
            return cls._nested(
                lambda v, p: cls.from_value_rowids(v, p[0], p[1], validate=validate),
                flat_values, list(zip(rowids, rows)), "nested_value_rowids",
            )  # fmt: skip

    @classmethod
    def from_tensor(
        cls, tensor, lengths=None, padding=None, ragged_rank=1, name=None,
        row_splits_dtype=dtypes.int64,
    ):  # fmt: skip
        """The rows of a dense tensor.

        Args:
          tensor: of rank above `ragged_rank`.
          lengths: how many elements of each row count, by default all.
          padding: scalar; elements like it at the end of a row do not count.
          ragged_rank: number of ragged dimensions.
          name: prefix of the nodes.
          row_splits_dtype: int32 or int64.
        """
        splits_dtype = dtypes.as_dtype(row_splits_dtype)
        if lengths is not None and padding is not None:
            raise ValueError("Specify lengths or padding, but not both")
        if not isinstance(ragged_rank, int):
            raise TypeError("ragged_rank expected int, got %r" % (ragged_rank,))
        if ragged_rank <= 0:
            raise ValueError("ragged_rank must be greater than 0; got %s" % ragged_rank)
        with ops.name_scope(name, "RaggedFromTensor", [tensor, lengths, padding]):
            tensor = ops.convert_to_tensor(tensor, name="tensor")
            tensor.shape.with_rank_at_least(ragged_rank + 1)
            shape = array_ops.shape(tensor, out_type=splits_dtype)
            if ragged_rank > 1:
                flat = array_ops.concat([[-1], shape[ragged_rank:]], 0)
                inner = cls.from_tensor(
                    array_ops.reshape(tensor, flat), lengths, padding, 1,
                    row_splits_dtype=splits_dtype,
                )  # fmt: skip
                for axis in reversed(range(1, ragged_rank)):
                    count = math_ops.reduce_prod(shape[:axis])
                    steps = array_ops.range(0, count + 1, dtype=splits_dtype)
                    inner = cls(inner, steps * shape[axis], internal=True)
                return inner
            rows, columns = shape[0], shape[1]
            if lengths is not None:
                lengths = math_ops.cast(ops.convert_to_tensor(lengths), splits_dtype)
                lengths = math_ops.maximum(math_ops.minimum(lengths, columns), 0)
            elif padding is not None:
                padding = ops.convert_to_tensor(padding, dtype=tensor.dtype)
                counts = math_ops.not_equal(tensor, padding)
                for axis in reversed(range(2, tensor.shape.rank)):
                    counts = math_ops.reduce_any(counts, axis=axis)
                places = array_ops.range(1, columns + 1, dtype=splits_dtype)
                used = math_ops.cast(counts, splits_dtype) * places
                lengths = math_ops.maximum(math_ops.reduce_max(used, axis=1), 0)
            flat = array_ops.concat([[-1], shape[2:]], 0)
            if lengths is None:
                splits = array_ops.range(0, rows + 1, dtype=splits_dtype) * columns
                values = array_ops.reshape(tensor, flat)
                values.set_shape([None, *(tensor.shape.as_list()[2:])])
                return cls(values, splits, internal=True)
            mask = array_ops.sequence_mask(lengths, columns)
            values = array_ops.boolean_mask(tensor, mask)
            return cls.from_row_lengths(values, lengths, validate=False)

    @classmethod
    def from_sparse(cls, st_input, name=None, row_splits_dtype=dtypes.int64):
        """The rows of a sparse matrix whose elements stand at the left, without gaps."""
        splits_dtype = dtypes.as_dtype(row_splits_dtype)
        if not isinstance(st_input, SparseTensor):
            raise TypeError("Expected SparseTensor, got %s" % type(st_input).__name__)
        with ops.name_scope(name, "RaggedFromSparse", [st_input.indices]):
            rank = st_input.dense_shape.shape.as_list()[0]
            if rank is not None and rank != 2:
                raise ValueError("rank(st_input) must be 2")
            message = "SparseTensor is not right-ragged"
            ids, places = st_input.indices[:, 0], st_input.indices[:, 1]
            result = cls.from_value_rowids(
                st_input.values, ids, st_input.dense_shape[0], validate=False
            )
            wanted = array_ops.range(array_ops.size(ids, out_type=dtypes.int64)) - array_ops.gather(
                result.row_splits, ids
            )
            check = check_ops.assert_equal(places, wanted, message=message)
            with ops.control_dependencies([check]):
                splits = math_ops.cast(array_ops.identity(result.row_splits), splits_dtype)
            return cls(result.values, splits, internal=True)

    # -- What it is -------------------------------------------------------------------------------

    values = property(lambda self: self._values)
    row_splits = property(lambda self: self._row_splits)
    dtype = property(lambda self: self._values.dtype)

    @property
    def shape(self):
        """The static shape; None for ragged dimensions."""
        rows = tensor_shape.TensorShape(
            [tensor_shape.dimension_value(self._row_splits.shape[0] - 1), None]
        )
        return rows.concatenate(self._values.shape[1:])

    @property
    def ragged_rank(self):
        return len(self.nested_row_splits)

    @property
    def flat_values(self):
        inner = self._values
        return inner.flat_values if isinstance(inner, RaggedTensor) else inner

    @property
    def nested_row_splits(self):
        inner = self._values
        rest = inner.nested_row_splits if isinstance(inner, RaggedTensor) else ()
        return (self._row_splits, *rest)

    def value_rowids(self, name=None):
        """The row of each value."""
        if self._value_rowids is not None:
            return self._value_rowids
        with ops.name_scope(name, "RaggedValueRowIds"):
            places = array_ops.range(self._row_splits[-1])
            after = search_ops.searchsorted(self._row_splits, places, side="right")
            return math_ops.cast(after, self._row_splits.dtype) - 1

    def nrows(self, out_type=None, name=None):
        """The number of rows."""
        out_type = self._row_splits.dtype if out_type is None else dtypes.as_dtype(out_type)
        if self._nrows is not None:
            return math_ops.cast(self._nrows, out_type)
        with ops.name_scope(name, "RaggedNRows"):
            return array_ops.shape(self._row_splits, out_type=out_type)[0] - 1

    def row_starts(self, name=None):
        with ops.name_scope(name, "RaggedRowStarts"):
            return self._row_splits[:-1]

    def row_limits(self, name=None):
        with ops.name_scope(name, "RaggedRowLimits"):
            return self._row_splits[1:]

    def row_lengths(self, axis=1, name=None):
        """The lengths of the rows in a ragged dimension, itself ragged for an inner one."""
        if self._row_lengths is not None and axis == 1:
            return self._row_lengths
        with ops.name_scope(name, "RaggedRowLengths"):
            if axis < 0:
                axis += self.shape.rank
            if axis == 0:
                return self.nrows()
            if axis == 1:
                return self._row_splits[1:] - self._row_splits[:-1]
            if isinstance(self._values, RaggedTensor):
                return self.with_values(self._values.row_lengths(axis - 1))
            shape = array_ops.shape(self._values, out_type=self._row_splits.dtype)
            return self.with_values(
                array_ops.ones(shape[: axis - 1], shape.dtype) * shape[axis - 1]
            )

    def nested_row_lengths(self, name=None):
        with ops.name_scope(name, "RaggedNestedRowLengths"):
            splits = self.nested_row_splits
            return tuple([s[1:] - s[:-1] for s in splits])

    def nested_value_rowids(self, name=None):
        with ops.name_scope(name, "RaggedNestedValueRowIds"):
            inner = self._values
            rest = inner.nested_value_rowids() if isinstance(inner, RaggedTensor) else ()
            return (self.value_rowids(), *rest)

    def bounding_shape(self, axis=None, name=None, out_type=None):
        """The smallest dense shape that holds all rows, or one of its sizes."""
        out_type = self._row_splits.dtype if out_type is None else dtypes.as_dtype(out_type)
        with ops.name_scope(name, "RaggedBoundingBox"):
            sizes = [self.nrows(out_type)]
            for lengths in self.nested_row_lengths():
                largest = math_ops.maximum(math_ops.reduce_max(lengths), 0)
                sizes.append(math_ops.cast(largest, out_type))
            inner = array_ops.shape(self.flat_values, out_type=out_type)[1:]
            shape = array_ops.concat([array_ops.stack(sizes), inner], 0)
            return shape if axis is None else array_ops.gather(shape, axis)

    def with_values(self, new_values):
        """The same rows of other values."""
        new_values = _to_values(new_values)
        return RaggedTensor(new_values, self._row_splits, internal=True)

    def with_flat_values(self, new_values):
        """The same rows of other innermost values."""
        inner = self._values
        if isinstance(inner, RaggedTensor):
            return self.with_values(inner.with_flat_values(new_values))
        return self.with_values(new_values)

    # -- Made into --------------------------------------------------------------------------------

    def to_tensor(self, default_value=None, name=None):
        """A dense tensor, with `default_value` (0, "") where rows are short."""
        with ops.name_scope(name, "RaggedToTensor", [default_value]):
            values = self._values
            if isinstance(values, RaggedTensor):
                values = values.to_tensor(default_value)
            if default_value is None:
                default_value = "" if self.dtype == dtypes.string else 0
            default_value = ops.convert_to_tensor(default_value, self.dtype, name="default_value")
            starts, lengths = self._row_splits[:-1], self.row_lengths()
            width = math_ops.maximum(math_ops.reduce_max(lengths), 0)
            places = array_ops.range(width)
            # One row more than there are values: that of the default.
            inner = array_ops.shape(values)[1:]
            filler = array_ops.fill(array_ops.concat([[1], inner], 0), 0)
            filler = array_ops.zeros_like(filler, dtype=dtypes.int32)
            default = array_ops.fill(array_ops.shape(filler), default_value)
            padded = array_ops.concat([values, default], 0)
            here = places[None, :] < lengths[:, None]
            at = starts[:, None] + places[None, :]
            behind = array_ops.ones_like(at) * self._row_splits[-1]
            result = array_ops.gather(padded, array_ops.where(here, at, behind))
            result.set_shape(
                tensor_shape.TensorShape([self.shape.as_list()[0], None]).concatenate(
                    values.shape[1:]
                )
            )
            return result

    def to_sparse(self, name=None):
        """A SparseTensor with the rows' elements at the left."""
        with ops.name_scope(name, "RaggedToSparse"):
            ids = self.nested_value_rowids()
            flat = self.flat_values
            columns = []
            for depth, (rowids, splits) in enumerate(zip(ids, self.nested_row_splits)):
                places = array_ops.range(array_ops.size(rowids, out_type=splits.dtype))
                place = places - array_ops.gather(splits, rowids)
                columns = [array_ops.gather(c, rowids) for c in columns]
                if depth == 0:
                    columns = [rowids]
                columns.append(place)
            indices = math_ops.cast(array_ops.stack(columns, 1), dtypes.int64)
            if flat.shape.rank is not None and flat.shape.rank > 1:
                shape = array_ops.shape(flat, out_type=dtypes.int64)
                inner = array_ops.where(array_ops.ones(shape, dtypes.bool))
                indices = array_ops.concat(
                    [array_ops.gather(indices, inner[:, 0]), inner[:, 1:]], 1
                )
                flat = array_ops.reshape(flat, [-1])
            return SparseTensor(indices, flat, self.bounding_shape(out_type=dtypes.int64))

    # -- Parts ------------------------------------------------------------------------------------

    def __getitem__(self, key):
        """Row `i`, rows `a:b:step`, or `[rows, ...]` with what to take of each row."""
        keys = list(key) if isinstance(key, tuple) else [key]
        if not keys:
            return self
        first, rest = keys[0], keys[1:]
        if first is Ellipsis:
            if len(rest) > 0 and len(rest) < (self.shape.rank or 0):
                keys = [slice(None)] * (self.shape.rank - len(rest)) + rest
                return self[tuple(keys)]
            return self if not rest else self[tuple(rest)]
        if not isinstance(first, slice):
            if first is None:
                raise ValueError("new axes are not made of ragged tensors")
            splits = self._row_splits
            if isinstance(first, int) and first < 0:
                row = self._values[splits[first - 1] : splits[first]]
            else:
                row = self._values[splits[first] : splits[first + 1]]
            return row[tuple(rest)] if rest else row
        rows = self._rows(first)
        if not rest:
            return rows
        return rows._columns(rest)

    def _rows(self, rows):
        if rows == slice(None):
            return self
        picked = array_ops.range(self.nrows())[rows]
        starts, lengths = (
            array_ops.gather(v, picked) for v in (self.row_starts(), self.row_lengths())
        )
        return _rows_of(self._values, starts, lengths, 1)

    def _columns(self, rest):
        first, inner = rest[0], rest[1:]
        if isinstance(first, slice):
            step = 1 if first.step is None else first.step
            if not isinstance(step, int) or step < 1:
                raise NotImplementedError("steps of ragged columns are positive numbers")
            lengths = self.row_lengths()
            zero = array_ops.zeros_like(lengths)

            def bound(value, default):
                if value is None:
                    return default
                value = math_ops.cast(value, lengths.dtype) + zero
                value = array_ops.where(value < 0, value + lengths, value)
                return math_ops.minimum(math_ops.maximum(value, zero), lengths)

            begin, end = bound(first.start, zero), bound(first.stop, lengths)
            count = math_ops.maximum((end - begin + step - 1) // step, zero)
            result = _rows_of(self._values, self.row_starts() + begin, count, step)
            if not inner:
                return result
            return result.with_values(result.values[(slice(None), *inner)])
        raise ValueError("Cannot index into an inner ragged dimension.")

    # -- Elementwise ------------------------------------------------------------------------------

    def _with(self, function, other, swap=False):
        if is_ragged(other):
            other = other.flat_values
        elif isinstance(other, (ops.Tensor, np.ndarray)) and np.ndim(other) > 0:
            raise NotImplementedError("dense tensors do not broadcast to ragged ones")
        flat = self.flat_values
        return self.with_flat_values(function(other, flat) if swap else function(flat, other))

    def __add__(self, other):
        return self._with(lambda x, y: x + y, other)

    def __radd__(self, other):
        return self._with(lambda x, y: x + y, other, True)

    def __sub__(self, other):
        return self._with(lambda x, y: x - y, other)

    def __rsub__(self, other):
        return self._with(lambda x, y: x - y, other, True)

    def __mul__(self, other):
        return self._with(lambda x, y: x * y, other)

    def __rmul__(self, other):
        return self._with(lambda x, y: x * y, other, True)

    def __truediv__(self, other):
        return self._with(lambda x, y: x / y, other)

    def __floordiv__(self, other):
        return self._with(lambda x, y: x // y, other)

    def __mod__(self, other):
        return self._with(lambda x, y: x % y, other)

    def __neg__(self):
        return self.with_flat_values(-self.flat_values)

    def __lt__(self, other):
        return self._with(lambda x, y: x < y, other)

    def __gt__(self, other):
        return self._with(lambda x, y: x > y, other)

    def __bool__(self):
        raise TypeError("RaggedTensor may not be used as a boolean.")

    def __repr__(self):
        return "tf.RaggedTensor(values=%s, row_splits=%s)" % (self._values, self._row_splits)

    # -- Sessions ---------------------------------------------------------------------------------

    def eval(self, feed_dict=None, session=None):
        """The RaggedTensorValue, computed by `session` or the default session."""
        session = session or ops.get_default_session()
        return session.run(self, feed_dict)

    def _session_parts(self):
        """The tensors that a session fetches, and what makes a value of theirs."""

        def value(arrays):
            result = arrays[0]
            for splits in reversed(arrays[1:]):
                result = RaggedTensorValue(result, splits)
            return result

        return [self.flat_values, *self.nested_row_splits], value


def _nrows_of(values):
    if isinstance(values, RaggedTensor):
        return values.nrows()
    return array_ops.shape(values, out_type=dtypes.int64)[0]


def _rows_of(values, starts, lengths, step):
    """Rows that begin at `starts`, of every `step`-th value."""
    splits = array_ops.concat([[0], math_ops.cumsum(lengths)], 0)
    result = RaggedTensor(starts, splits, cached_row_lengths=lengths, internal=True)
    ids = result.value_rowids()
    places = array_ops.range(splits[-1]) - array_ops.gather(splits, ids)
    at = array_ops.gather(starts, ids) + places * step
    if isinstance(values, RaggedTensor):
        picked = _rows_of(
            values.values,
            array_ops.gather(values.row_starts(), at),
            array_ops.gather(values.row_lengths(), at),
            1,
        )
    else:
        picked = array_ops.gather(values, at)
    return RaggedTensor(picked, splits, internal=True)
