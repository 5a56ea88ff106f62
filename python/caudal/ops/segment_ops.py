# SPDX-License-Identifier: Apache-2.0
"""Reductions over groups of rows."""

from caudal.framework.op_factory import apply, public

segment_max = public("SegmentMax")
segment_mean = public("SegmentMean")
segment_min = public("SegmentMin")
segment_prod = public("SegmentProd")
unsorted_segment_max = public("UnsortedSegmentMax")
unsorted_segment_min = public("UnsortedSegmentMin")
unsorted_segment_prod = public("UnsortedSegmentProd")


def _sparse_segment(op_name, data, indices, segment_ids, name, num_segments):
    if num_segments is not None:
        return apply(op_name + "WithNumSegments", data, indices, segment_ids, num_segments,
                     name=name)  # fmt: skip
    return apply(op_name, data, indices, segment_ids, name=name)


def sparse_segment_sum(data, indices, segment_ids, name=None, num_segments=None):
    """Sums of picked rows by segment. Ops: SparseSegmentSum, SparseSegmentSumWithNumSegments.

    Args:
      data: a tensor, at least 1-D.
      indices: int vector of rows of `data`.
      segment_ids: int32 vector like `indices`, sorted.
      num_segments: int scalar; by default one more than the last id.
    """
    return _sparse_segment("SparseSegmentSum", data, indices, segment_ids, name, num_segments)


def sparse_segment_mean(data, indices, segment_ids, name=None, num_segments=None):
    """Means of picked rows by segment. Ops: SparseSegmentMean, SparseSegmentMeanWithNumSegments.

    Args:
      data, indices, segment_ids, num_segments: as in `sparse_segment_sum`.
    """
    return _sparse_segment("SparseSegmentMean", data, indices, segment_ids, name, num_segments)


def sparse_segment_sqrt_n(data, indices, segment_ids, name=None, num_segments=None):
    """Sums of picked rows by segment over the square roots of the numbers of rows. Ops:
    SparseSegmentSqrtN, SparseSegmentSqrtNWithNumSegments.

    Args:
      data, indices, segment_ids, num_segments: as in `sparse_segment_sum`.
    """
    return _sparse_segment("SparseSegmentSqrtN", data, indices, segment_ids, name, num_segments)
