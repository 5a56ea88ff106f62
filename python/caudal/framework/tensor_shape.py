# SPDX-License-Identifier: Apache-2.0
"""Static shapes: Dimension and TensorShape, with unknown sizes and unknown rank."""


class Dimension:
    """The size of one axis; `value` is None when it is not known.

    Arithmetic with an unknown size is unknown; comparisons with one give None.
    """

    __slots__ = ("_value",)

    def __init__(self, value):
        if value is None:
            self._value = None
        elif type(value) is int:
            if value < 0:
                raise ValueError("Dimension %d must be >= 0" % value)
            self._value = value
        elif isinstance(value, Dimension):
            self._value = value._value
        else:
            from caudal.framework import dtypes

            if isinstance(value, dtypes.DType):
                raise TypeError("Cannot convert %s to Dimension" % value)
            number = int(value)
            if not isinstance(value, (str, bytes)) and number != value:
                raise ValueError("Ambiguous dimension: %s" % (value,))
            if number < 0:
                raise ValueError("Dimension %d must be >= 0" % number)
            self._value = number

    @property
    def value(self):
        return self._value

    def is_compatible_with(self, other):
        other = as_dimension(other)
        return self._value is None or other._value is None or self._value == other._value

    def assert_is_compatible_with(self, other):
        if not self.is_compatible_with(other):
            raise ValueError("Dimensions %s and %s are not compatible" % (self, other))

    def merge_with(self, other):
        other = as_dimension(other)
        self.assert_is_compatible_with(other)
        return Dimension(other._value if self._value is None else self._value)

    def __repr__(self):
        return "Dimension(%r)" % self._value

    def __str__(self):
        return "?" if self._value is None else str(self._value)

    def __eq__(self, other):
        return self._compare(other, lambda a, b: a == b, NotImplemented)

    def __ne__(self, other):
        return self._compare(other, lambda a, b: a != b, NotImplemented)

    def __lt__(self, other):
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other):
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other):
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other):
        return self._compare(other, lambda a, b: a >= b)

    def _compare(self, other, test, otherwise=None):
        if otherwise is NotImplemented:
            try:
                other = as_dimension(other)
            except (TypeError, ValueError):
                return NotImplemented
        else:
            other = as_dimension(other)
        if self._value is None or other._value is None:
            return None
        return test(self._value, other._value)

    def __hash__(self):
        return hash(self._value)

    def __bool__(self):
        return bool(self._value)

    def __int__(self):
        return self._value

    def __index__(self):
        return self._value

    def __long__(self):
        return self._value

    def _combine(self, other, fn):
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or other._value is None:
            return Dimension(None)
        return Dimension(fn(self._value, other._value))

    def __add__(self, other):
        return self._combine(other, lambda a, b: a + b)

    def __radd__(self, other):
        return self._combine(other, lambda a, b: b + a)

    def __sub__(self, other):
        return self._combine(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._combine(other, lambda a, b: b - a)

    def __mul__(self, other):
        return self._combine(other, lambda a, b: a * b)

    def __rmul__(self, other):
        return self._combine(other, lambda a, b: b * a)

    def __floordiv__(self, other):
        return self._combine(other, lambda a, b: a // b)

    def __rfloordiv__(self, other):
        return self._combine(other, lambda a, b: b // a)

    def __div__(self, other):
        return self // other

    def __truediv__(self, other):
        raise TypeError(
            "unsupported operand type(s) for /: 'Dimension' and '%s', please use // instead"
            % type(other).__name__
        )

    def __rtruediv__(self, other):
        raise TypeError(
            "unsupported operand type(s) for /: '%s' and 'Dimension', please use // instead"
            % type(other).__name__
        )

    def __mod__(self, other):
        return self._combine(other, lambda a, b: a % b)

    def __rmod__(self, other):
        return self._combine(other, lambda a, b: b % a)

    def __reduce__(self):
        return Dimension, (self._value,)


def as_dimension(value):
    return value if isinstance(value, Dimension) else Dimension(value)


def dimension_value(dimension):
    """The int (or None) of a Dimension, or the argument itself."""
    return dimension._value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape, index):
    return Dimension(None) if shape.rank is None else shape.dims[index]


class TensorShape:
    """The static shape of a tensor: known, partly known (`[None, 3]`) or of unknown rank (None).

    Indexing gives a Dimension; `as_list()` gives ints and Nones.
    """

    __slots__ = ("_sizes",)  # None, or a tuple of int and None

    def __init__(self, dims):
        if dims is None:
            self._sizes = None
        elif isinstance(dims, TensorShape):
            self._sizes = dims._sizes
        elif isinstance(dims, (list, tuple)):
            self._sizes = tuple(
                d if d is None or (type(d) is int and d >= 0) else as_dimension(d)._value
                for d in dims
            )
        elif hasattr(dims, "dim") and hasattr(dims, "unknown_rank"):  # TensorShapeProto
            if dims.unknown_rank:
                self._sizes = None
            else:
                self._sizes = tuple(d.size if d.size != -1 else None for d in dims.dim)
        elif isinstance(dims, (str, bytes)):
            raise TypeError(
                "A string is ambiguous as a TensorShape, give a list or an int: %s" % dims
            )
        else:
            try:
                items = iter(dims)
            except TypeError:
                self._sizes = (as_dimension(dims)._value,)
            else:
                self._sizes = tuple(as_dimension(d)._value for d in items)

    @classmethod
    def _from_core(cls, sizes):
        """From None or a tuple of ints with -1 for unknown."""
        self = object.__new__(cls)
        if sizes is not None and -1 in sizes:
            sizes = tuple(None if s < 0 else s for s in sizes)
        self._sizes = sizes
        return self

    def _to_core(self):
        sizes = self._sizes
        if sizes is None or None not in sizes:
            return sizes
        return tuple(-1 if s is None else s for s in sizes)

    @property
    def rank(self):
        return None if self._sizes is None else len(self._sizes)

    ndims = rank

    @property
    def dims(self):
        return None if self._sizes is None else [Dimension(s) for s in self._sizes]

    @property
    def _dims(self):
        return self.dims

    def as_proto(self):
        """The shape as a TensorShapeProto."""
        from caudal import proto

        if self._sizes is None:
            return proto.TensorShapeProto(unknown_rank=True)
        return proto.TensorShapeProto(
            dim=[proto.TensorShapeProto.Dim(size=-1 if n is None else n) for n in self._sizes]
        )

    def as_list(self):
        if self._sizes is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._sizes)

    def num_elements(self):
        """Number of elements, or None when it is not known."""
        if not self.is_fully_defined():
            return None
        count = 1
        for size in self._sizes:
            count *= size
        return count

    def is_fully_defined(self):
        return self._sizes is not None and None not in self._sizes

    def assert_is_fully_defined(self):
        if not self.is_fully_defined():
            raise ValueError("Shape %s is not fully defined" % self)

    def is_compatible_with(self, other):
        mine, theirs = self._sizes, as_shape(other)._sizes
        if mine is None or theirs is None:
            return True
        if len(mine) != len(theirs):
            return False
        return all(a is None or b is None or a == b for a, b in zip(mine, theirs))

    def assert_is_compatible_with(self, other):
        if not self.is_compatible_with(other):
            raise ValueError("Shapes %s and %s are incompatible" % (self, other))

    def most_specific_compatible_shape(self, other):
        mine, theirs = self._sizes, as_shape(other)._sizes
        if mine is None or theirs is None or len(mine) != len(theirs):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(mine, theirs)])

    def merge_with(self, other):
        """The shape that knows what both know; ValueError if they contradict."""
        other = as_shape(other)
        mine, theirs = self._sizes, other._sizes
        if mine is None:
            return other
        if theirs is None:
            return self
        if not self.is_compatible_with(other):
            raise ValueError("Shapes %s and %s are not compatible" % (self, other))
        return TensorShape([b if a is None else a for a, b in zip(mine, theirs)])

    def concatenate(self, other):
        mine, theirs = self._sizes, as_shape(other)._sizes
        if mine is None or theirs is None:
            return TensorShape(None)
        return TensorShape(mine + theirs)

    def __add__(self, other):
        if not isinstance(other, TensorShape):
            other = TensorShape(other)
        return self.concatenate(other)

    def __radd__(self, other):
        if not isinstance(other, TensorShape):
            other = TensorShape(other)
        return other.concatenate(self)

    def assert_same_rank(self, other):
        other = as_shape(other)
        if self.rank is not None and other.rank is not None and self.rank != other.rank:
            raise ValueError("Shapes %s and %s must have the same rank" % (self, other))

    def assert_has_rank(self, rank):
        if self.rank not in (None, rank):
            raise ValueError("Shape %s must have rank %d" % (self, rank))

    def with_rank(self, rank):
        try:
            return self.merge_with(unknown_shape(rank=rank))
        except ValueError:
            raise ValueError("Shape %s must have rank %d" % (self, rank)) from None

    def with_rank_at_least(self, rank):
        if self.rank is not None and self.rank < rank:
            raise ValueError("Shape %s must have rank at least %d" % (self, rank))
        return self

    def with_rank_at_most(self, rank):
        if self.rank is not None and self.rank > rank:
            raise ValueError("Shape %s must have rank at most %d" % (self, rank))
        return self

    def __repr__(self):
        return "TensorShape(%r)" % (self.dims,)

    def __str__(self):
        if self._sizes is None:
            return "<unknown>"
        sizes = ["?" if s is None else str(s) for s in self._sizes]
        return "(%s,)" % sizes[0] if len(sizes) == 1 else "(%s)" % ", ".join(sizes)

    def __len__(self):
        if self._sizes is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._sizes)

    def __bool__(self):
        return self._sizes is not None

    def __iter__(self):
        if self._sizes is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self.dims)

    def __getitem__(self, key):
        sizes = self._sizes
        if sizes is not None:
            if isinstance(key, slice):
                return TensorShape(sizes[key])
            return Dimension(sizes[key])
        if not isinstance(key, slice):
            return Dimension(None)
        start = key.start if key.start is not None else 0
        if key.step is not None:
            raise ValueError("Steps are not yet handled")
        if key.stop is None or key.stop < 0 or start < 0:
            return unknown_shape()
        return unknown_shape(rank=max(key.stop - start, 0))

    def __eq__(self, other):
        try:
            other = as_shape(other)
        except TypeError:
            return NotImplemented
        if self is other or self._sizes is None:
            return self._sizes == other._sizes
        # As with Dimension, an unknown size equals nothing.
        return None not in self._sizes and self._sizes == other._sizes

    def __ne__(self, other):
        try:
            other = as_shape(other)
        except TypeError:
            return NotImplemented
        if self._sizes is None or other._sizes is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return not self == other

    def __hash__(self):
        return hash(self._sizes)

    def __reduce__(self):
        return TensorShape, (self._sizes,)


def as_shape(shape):
    """`shape` as a TensorShape."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank=None, **kwargs):
    """A shape of unknown sizes, of `rank` axes if that is given."""
    if rank is None:
        rank = kwargs.get("ndims")
    return TensorShape(None) if rank is None else TensorShape([None] * rank)


def scalar():
    """The shape of a scalar."""
    return TensorShape([])


def vector(length):
    """The shape of a vector."""
    return TensorShape([length])


def matrix(rows, cols):
    """The shape of a matrix."""
    return TensorShape([rows, cols])
