# SPDX-License-Identifier: Apache-2.0
"""Batches: the rows of arrays that one run of a function takes."""

import numpy as np

from caudal.keras import backend as K

# Arrays of other types are converted as a whole up to this many bytes, above batch by batch.
_CONVERTED_BYTES = 1 << 29


def is_sparse_matrix(x):
    """Whether a value is a matrix of scipy.sparse."""
    return hasattr(x, "tocsr") and hasattr(x, "toarray")


class _Whole:
    """A value that every batch takes as it is, such as the learning phase."""

    def __init__(self, value):
        self.value = value

    def rows(self, start, stop):
        return self.value

    def take(self, ids):
        return self.value


class _Array:
    """A NumPy array. `take` gathers into one of two buffers, in turn."""

    def __init__(self, array, dtype, repeated):
        self.dtype = array.dtype if dtype is None else dtype
        if array.dtype != self.dtype and repeated:
            if array.size * self.dtype.itemsize <= _CONVERTED_BYTES:
                array = array.astype(self.dtype)
        self.array = array
        self.converts = array.dtype != self.dtype
        self.buffers = (None, None)

    def rows(self, start, stop):
        rows = self.array[start:stop]
        return rows.astype(self.dtype) if self.converts else rows

    def take(self, ids):
        array, size = self.array, len(ids)
        if self.converts:
            return array[ids].astype(self.dtype)
        buffer, other = self.buffers
        if buffer is None or len(buffer) < size:
            buffer = np.empty((size, *array.shape[1:]), array.dtype)
        self.buffers = (other, buffer)
        # Indices are known to be in range; "raise" would gather into a copy first.
        return np.take(array, ids, 0, buffer[:size], "clip")


class _Sparse:
    """A matrix of scipy.sparse, for a dense or a sparse placeholder."""

    def __init__(self, matrix, dense):
        self.matrix = matrix if hasattr(matrix, "indptr") else matrix.tocsr()
        self.dense = dense

    def rows(self, start, stop):
        return self.take(slice(start, stop))

    def take(self, ids):
        rows = self.matrix[ids]
        return rows.toarray() if self.dense else rows


class _Indexed:
    """Anything with `shape` that takes lists of indices, such as an HDF5Matrix."""

    def __init__(self, source):
        self.source = source
        self.sliceable = type(source).__name__ in ("HDF5Matrix", "Dataset")

    def rows(self, start, stop):
        if self.sliceable:
            return np.asarray(self.source[start:stop])
        return self.take(np.arange(start, stop))

    def take(self, ids):
        if self.sliceable and ids[-1] - ids[0] == len(ids) - 1 and np.all(np.diff(ids) == 1):
            return np.asarray(self.source[int(ids[0]) : int(ids[-1]) + 1])
        try:
            return np.asarray(self.source[ids.tolist()])
        except TypeError as error:
            raise TypeError(
                'TypeError while preparing batch. If using HDF5 input data, pass shuffle="batch".'
            ) from error


class Batches:
    """Rows of the values that a function takes, one list per batch.

    Args:
      function: a `K.Function`, or any function of a list of arrays.
      values: arrays (NumPy, SciPy sparse, HDF5) with one row per sample; numbers, which go into
        every batch; and None for what is not fed.
      tensors: what the values are for.
      repeated: whether the rows will be used more than once.

    Attributes:
      call: the function, for what `rows` and `take` return.

    The arrays of a batch are valid until the next but one batch is taken.
    """

    def __init__(self, function, values, tensors, repeated=False):
        self._function = function
        self._given = [i for i, x in enumerate(values) if x is not None]
        self._columns = [self._column(x, t, repeated) for x, t in zip(values, tensors)]
        self._all_columns = self._columns
        self.bind()

    def bind(self):
        """Makes `call` for the session that is used now."""
        bound = None
        if isinstance(self._function, K.Function):
            bound = self._function.bound(self._given)
        self.call = bound or self._function
        columns = self._all_columns
        self._columns = columns if bound is None else [columns[i] for i in self._given]

    @staticmethod
    def _column(value, tensor, repeated):
        dtype = getattr(tensor, "dtype", None)
        dtype = None if dtype is None else np.dtype(dtype.base_dtype.as_numpy_dtype)
        if value is None or isinstance(value, (bool, int, float, np.number)):
            return _Whole(value if value is None or dtype is None else np.asarray(value, dtype))
        if isinstance(value, np.ndarray) and value.ndim:
            return _Array(value, dtype if value.dtype.kind in "fiub" else None, repeated)
        if is_sparse_matrix(value):
            return _Sparse(value, dense=not K.is_sparse(tensor))
        if not hasattr(value, "shape"):
            value = np.asarray(value)
        return _Indexed(value)

    def rows(self, start, stop):
        """The samples from `start` up to `stop`."""
        return [c.rows(start, stop) for c in self._columns]

    def take(self, ids):
        """The samples of an array of indices."""
        return [c.take(ids) for c in self._columns]
