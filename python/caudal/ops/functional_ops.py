# SPDX-License-Identifier: Apache-2.0
"""Loops over the rows of tensors: map_fn, scan, foldl, foldr."""

from caudal.framework import nest, ops, tensor_shape
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, control_flow_ops, variable_scope
from caudal.ops.tensor_array_ops import TensorArray


class _rows_cached:
    """Variables read in the body are read once, before the loop, as in TensorFlow."""

    def __enter__(self):
        self._scope = variable_scope.get_variable_scope()
        self._set = self._scope.caching_device is None
        if self._set:
            self._scope.set_caching_device(lambda op: op.device)

    def __exit__(self, *_):
        if self._set:
            self._scope.set_caching_device(None)


def _rows(tensor):
    """The number of rows: an int if it is known, else a scalar tensor."""
    dims = tensor.shape.dims
    known = None if dims is None else dims[0].value
    return known if known is not None else array_ops.shape(tensor)[0]


def _static_rows(tensors):
    rows = tensor_shape.Dimension(None)
    for t in tensors:
        dims = t.shape.with_rank_at_least(1)
        rows = rows.merge_with(dims.dims[0] if dims.dims is not None else None)
    return rows.value


def _as_tensors(elems, what="elem"):
    flat = [ops.convert_to_tensor(e, name=what) for e in nest.flatten(elems)]
    return flat


def _unstacked(flat, rows):
    arrays = [TensorArray(e.dtype, size=rows, dynamic_size=False, infer_shape=True) for e in flat]
    return [array.unstack(e) for array, e in zip(arrays, flat)]


def map_fn(
    fn,
    elems,
    dtype=None,
    parallel_iterations=None,
    back_prop=True,
    swap_memory=False,
    infer_shape=True,
    name=None,
):
    """Applies `fn` to each row of `elems` and stacks the results.

    Args:
      fn: function of one row of `elems` (in the structure of `elems`).
      elems: tensor of rank 1 or more, or a (nested) sequence of them with as many rows each.
      dtype: dtypes of what `fn` returns, in its structure; needed if it differs from `elems`.
      parallel_iterations: accepted as in TensorFlow.
      back_prop: if false, no gradient flows through.
      swap_memory: accepted as in TensorFlow.
      infer_shape: whether all results of one output have the same shape.
      name: name scope.

    Returns:
      Tensors in the structure that `fn` returns, with one row for each row of `elems`.

    Raises:
      TypeError: if `fn` is not callable or its results differ in structure from `dtype`.
      ValueError: for scalars.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    if isinstance(elems, SparseTensor):
        raise TypeError(
            "To perform a map on the values of a sparse tensor use either "
            " SparseTensor(input.indices, fn(input.values), input.dense_shape) or "
            " SparseTensor(input.indices, map_fn(fn, input.values), input.dense_shape)"
        )
    single = not nest.is_sequence(elems)
    sequence_result = nest.is_sequence(dtype) if dtype is not None else not single
    with ops.name_scope(name, "map", nest.flatten(elems)), _rows_cached():
        flat = _as_tensors(elems)
        types = [e.dtype.base_dtype for e in flat] if dtype is None else nest.flatten(dtype)
        if flat[0].shape.rank == 0:
            if single:
                raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
            raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
        rows = _rows(flat[0])
        sources = _unstacked(flat, rows)
        start = ops.convert_to_tensor(0)
        results = [
            TensorArray(t, size=rows, dynamic_size=False, infer_shape=infer_shape) for t in types
        ]

        def structured(values, like, is_sequence):
            return nest.pack_sequence_as(like, values) if is_sequence else values[0]

        def body(i, arrays):
            row = structured([s.read(i) for s in sources], elems, not single)
            value = fn(row)
            nest.assert_same_structure(dtype if dtype is not None else elems, value)
            arrays = [a.write(i, v) for a, v in zip(arrays, nest.flatten(value))]
            return i + 1, arrays

        _, results = control_flow_ops.while_loop(
            lambda i, _: i < rows,
            body,
            (start, results),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=rows,
        )
        stacked = [r.stack() for r in results]
        count = _static_rows(flat)
        for r in stacked:
            r.set_shape(tensor_shape.TensorShape([count]).concatenate(r.shape[1:]))
        return structured(stacked, dtype if dtype is not None else elems, sequence_result)


def _fold(fn, elems, initializer, options, name, default_name, order):
    if not callable(fn):
        raise TypeError("fn must be callable.")
    single = not nest.is_sequence(elems)
    with ops.name_scope(name, default_name, nest.flatten(elems)), _rows_cached():
        flat = _as_tensors(elems)
        if flat[0].shape.rank == 0:
            raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
        rows = _rows(flat[0])
        sources = _unstacked(flat, rows)

        def row(i):
            values = [s.read(i) for s in sources]
            return values[0] if single else nest.pack_sequence_as(elems, values)

        return order(fn, rows, row, initializer, single, elems, options)


def foldl(
    fn,
    elems,
    initializer=None,
    parallel_iterations=10,
    back_prop=True,
    swap_memory=False,
    name=None,
):
    """Reduces the rows of `elems` from the first to the last.

    Args:
      fn: function of the value so far and of one row; returns the next value.
      elems: tensor of rank 1 or more, or a (nested) sequence of them.
      initializer: the value to begin with; default the first row.
      parallel_iterations, swap_memory: accepted as in TensorFlow.
      back_prop: if false, no gradient flows through.
      name: name scope.

    Raises:
      TypeError: if `fn` is not callable.
    """

    def first_to_last(fn, rows, row, start, single, elems, options):
        i = ops.convert_to_tensor(0 if start is not None else 1)
        value = row(0) if start is None else nest.map_structure(ops.convert_to_tensor, start)
        _, value = control_flow_ops.while_loop(
            lambda i, _: i < rows,
            lambda i, value: (i + 1, fn(value, row(i))),
            (i, value),
            maximum_iterations=rows,
            **options,
        )
        return value

    return _fold(
        fn, elems, initializer, _options(parallel_iterations, back_prop, swap_memory), name,
        "foldl", first_to_last,
    )  # fmt: skip


def foldr(
    fn,
    elems,
    initializer=None,
    parallel_iterations=10,
    back_prop=True,
    swap_memory=False,
    name=None,
):
    """Reduces the rows of `elems` from the last to the first; otherwise as `tf.foldl`."""

    def last_to_first(fn, rows, row, start, single, elems, options):
        count = ops.convert_to_tensor(rows)
        i = count if start is not None else count - 1
        value = row(i) if start is None else nest.map_structure(ops.convert_to_tensor, start)

        def body(i, value):
            i = i - 1
            return i, fn(value, row(i))

        _, value = control_flow_ops.while_loop(
            lambda i, _: i > 0, body, (i, value), maximum_iterations=rows, **options
        )
        return value

    return _fold(
        fn, elems, initializer, _options(parallel_iterations, back_prop, swap_memory), name,
        "foldr", last_to_first,
    )  # fmt: skip


def _options(parallel_iterations, back_prop, swap_memory):
    return {
        "parallel_iterations": parallel_iterations,
        "back_prop": back_prop,
        "swap_memory": swap_memory,
    }


def scan(
    fn,
    elems,
    initializer=None,
    parallel_iterations=10,
    back_prop=True,
    swap_memory=False,
    infer_shape=True,
    reverse=False,
    name=None,
):
    """All intermediate values of a fold over the rows of `elems`, stacked.

    Args:
      fn: function of the value so far and of one row; returns the next value.
      elems: tensor of rank 1 or more, or a (nested) sequence of them.
      initializer: the value to begin with; default the first row, which then is also the first
        result.
      parallel_iterations, swap_memory: accepted as in TensorFlow.
      back_prop: if false, no gradient flows through.
      infer_shape: whether all values have the same shape.
      reverse: if true, goes from the last row to the first.
      name: name scope.

    Raises:
      TypeError: if `fn` is not callable, or returns another structure.
      ValueError: for scalars.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    single = not nest.is_sequence(elems)
    single_value = single if initializer is None else not nest.is_sequence(initializer)
    with ops.name_scope(name, "scan", nest.flatten(elems)), _rows_cached():
        flat = _as_tensors(elems)
        if flat[0].shape.rank == 0:
            raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
        rows = _rows(flat[0])
        sources = [
            TensorArray(
                e.dtype, size=rows, dynamic_size=False, element_shape=e.shape[1:],
                infer_shape=True,
            ).unstack(e)
            for e in flat
        ]  # fmt: skip

        def row(i):
            values = [s.read(i) for s in sources]
            return values[0] if single else nest.pack_sequence_as(elems, values)

        like = elems if initializer is None else initializer
        if initializer is None:
            first = rows - 1 if reverse else 0
            values, done = [s_read for s_read in nest.flatten(row(first))], 1
        else:
            values, done = _as_tensors(initializer, "elem"), 0
        arrays = [
            TensorArray(
                v.dtype,
                size=rows,
                dynamic_size=False,
                element_shape=v.shape if infer_shape else None,
                infer_shape=infer_shape,
            )
            for v in values
        ]
        if initializer is None:
            arrays = [a.write(first, v) for a, v in zip(arrays, values)]

        def body(i, values, arrays):
            so_far = values[0] if single_value else nest.pack_sequence_as(like, values)
            result = fn(so_far, row(i))
            nest.assert_same_structure(like, result)
            values = [ops.convert_to_tensor(v) for v in nest.flatten(result)]
            arrays = [a.write(i, v) for a, v in zip(arrays, values)]
            return (i - 1 if reverse else i + 1), values, arrays

        start = ops.convert_to_tensor((rows - 1 - done) if reverse else done)
        condition = (lambda i, *_: i >= 0) if reverse else (lambda i, *_: i < rows)
        _, _, arrays = control_flow_ops.while_loop(
            condition,
            body,
            (start, values, arrays),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=rows,
        )
        stacked = [a.stack() for a in arrays]
        count = _static_rows(flat)
        for r in stacked:
            r.set_shape(tensor_shape.TensorShape([count]).concatenate(r.shape[1:]))
        return stacked[0] if single_value else nest.pack_sequence_as(like, stacked)
