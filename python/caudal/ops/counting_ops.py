# SPDX-License-Identifier: Apache-2.0
"""Repetition, counts of pairs of classes, means over segments."""

from caudal.framework import dtypes, ops
from caudal.ops import array_ops, check_ops, control_flow_ops, math_ops


def repeat(input, repeats, axis=None, name=None):  # noqa: A002
    """Every slice along an axis several times in a row, as numpy.repeat.

    Args:
      input: a tensor.
      repeats: int scalar, or int vector with one count per slice.
      axis: a Python int; None flattens `input` first.
    """
    with ops.name_scope(name, "Repeat", [input, repeats]):
        data = ops.convert_to_tensor(input, name="data")
        counts = ops.convert_to_tensor(repeats, dtype_hint=dtypes.int32, name="repeats")
        counts = math_ops.maximum(math_ops.cast(counts, dtypes.int32), 0)
        if axis is None:
            data, axis = array_ops.reshape(data, [-1]), 0
        elif data.shape.rank is not None:
            if not -data.shape.rank <= axis < data.shape.rank:
                raise ValueError("axis %d is out of range for %r" % (axis, data))
            axis %= data.shape.rank
        sizes = array_ops.shape(data)
        most = math_ops.reduce_max(counts) if counts.shape.rank != 0 else counts
        inner = array_ops.ones_like(sizes[axis + 1 :])
        times = array_ops.concat([array_ops.ones_like(sizes[: axis + 1]), [most], inner], 0)
        copies = array_ops.tile(array_ops.expand_dims(data, axis + 1), times)
        if counts.shape.rank == 0:
            whole = array_ops.concat([sizes[:axis], [-1], sizes[axis + 1 :]], 0)
            return array_ops.reshape(copies, whole)
        counts = array_ops.broadcast_to(counts, sizes[axis : axis + 1])
        return array_ops.boolean_mask(copies, array_ops.sequence_mask(counts, most), axis=axis)


def confusion_matrix(
    labels, predictions, num_classes=None, dtype=dtypes.int32, name=None, weights=None
):
    """How often each class (row) was predicted as each class (column). Op: ScatterNd.

    Args:
      labels, predictions: int vectors of classes, of equal length.
      num_classes: rows and columns; by default one more than the largest class.
      dtype: dtype of the result.
      weights: what each pair counts, by default 1.

    Returns:
      A tensor [num_classes, num_classes].

    Raises:
      InvalidArgumentError: when run, for a negative class or one that is not below num_classes.
    """
    with ops.name_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        kinds = dtypes.int64
        checked = []
        for what, value in (("labels", labels), ("predictions", predictions)):
            value = math_ops.cast(ops.convert_to_tensor(value, name=what), kinds)
            value.shape.with_rank_at_most(2)
            if value.shape.rank == 2:
                value = array_ops.squeeze(value, [-1])
            message = "`%s` contains negative values" % what
            positive = check_ops.assert_non_negative(value, message=message)
            checked.append(control_flow_ops.with_dependencies([positive], value))
        labels, predictions = checked
        if num_classes is None:
            largest = math_ops.maximum(
                math_ops.reduce_max(predictions), math_ops.reduce_max(labels)
            )
            num_classes = largest + 1
        else:
            num_classes = math_ops.cast(num_classes, kinds)
            bounded = [
                check_ops.assert_less(value, num_classes, message="`%s` out of bound" % what)
                for what, value in (("labels", labels), ("predictions", predictions))
            ]
            labels = control_flow_ops.with_dependencies(bounded[:1], labels)
            predictions = control_flow_ops.with_dependencies(bounded[1:], predictions)
        if weights is None:
            weights = array_ops.ones_like(predictions, dtype)
        else:
            weights = math_ops.cast(ops.convert_to_tensor(weights), dtype)
            predictions.shape.assert_is_compatible_with(weights.shape)
        pairs = array_ops.stack([labels, predictions], axis=1)
        return array_ops.scatter_nd(pairs, weights, array_ops.stack([num_classes, num_classes]))


def _segment_sums(data, segment_ids, num_segments):
    """(the sums, the sizes of the segments, at least 1, shaped to divide the sums)."""
    ids = ops.convert_to_tensor(segment_ids)
    data = ops.convert_to_tensor(data)
    sums = array_ops.unsorted_segment_sum(data, ids, num_segments)
    flat = array_ops.reshape(ids, [-1])
    ones = array_ops.ones_like(flat, data.dtype)
    sizes = array_ops.unsorted_segment_sum(ones, flat, num_segments)
    inner = array_ops.rank(data) - array_ops.rank(ids)
    shape = array_ops.concat([array_ops.shape(sizes), array_ops.ones([inner], dtypes.int32)], 0)
    return sums, array_ops.reshape(math_ops.maximum(sizes, 1), shape)


def unsorted_segment_mean(data, segment_ids, num_segments, name=None):
    """Means of the rows of `data` by segment, 0 where a segment is empty.

    Args:
      data: a float tensor whose shape starts with that of segment_ids.
      segment_ids: an int tensor; rows with negative ids are left out.
      num_segments: number of segments.
    """
    with ops.name_scope(name, "UnsortedSegmentMean"):
        sums, sizes = _segment_sums(data, segment_ids, num_segments)
        return sums / sizes


def unsorted_segment_sqrt_n(data, segment_ids, num_segments, name=None):
    """Sums of the rows of `data` by segment over the square roots of the numbers of rows.

    Args:
      data, segment_ids, num_segments: as in `unsorted_segment_mean`.
    """
    with ops.name_scope(name, "UnsortedSegmentSqrtN"):
        sums, sizes = _segment_sums(data, segment_ids, num_segments)
        return sums / math_ops.sqrt(sizes)
