# SPDX-License-Identifier: Apache-2.0
"""Special functions, counts and bins."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply, public
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, math_ops

betainc = public("Betainc")
cross = public("Cross")
igamma = public("Igamma")
igammac = public("Igammac")
nextafter = next_after = public("NextAfter", "nextafter")
random_gamma_grad = public("RandomGammaGrad")
igamma_grad_a = public("IgammaGradA")
compare_and_bitpack = public("CompareAndBitpack")


def _bessel(op_name, default_name, x, name):
    with ops.name_scope(name, default_name, [x]) as scope:
        if isinstance(x, SparseTensor):
            values = apply(op_name, x.values, name=scope)
            return SparseTensor(x.indices, values, x.dense_shape)
        return apply(op_name, x, name=scope)


def bessel_i0e(x, name=None):
    """exp(-|x|) times the modified Bessel function of order 0. Op: BesselI0e."""
    return _bessel("BesselI0e", "bessel_i0e", x, name)


def bessel_i1e(x, name=None):
    """exp(-|x|) times the modified Bessel function of order 1. Op: BesselI1e."""
    return _bessel("BesselI1e", "bessel_i1e", x, name)


def bessel_i0(x, name=None):
    """The modified Bessel function of order 0. Op: BesselI0e."""
    with ops.name_scope(name, "bessel_i0", [x]):
        x = ops.convert_to_tensor(x, name="x")
        return math_ops.exp(math_ops.abs(x)) * bessel_i0e(x)


def bessel_i1(x, name=None):
    """The modified Bessel function of order 1. Op: BesselI1e."""
    with ops.name_scope(name, "bessel_i1", [x]):
        x = ops.convert_to_tensor(x, name="x")
        return math_ops.exp(math_ops.abs(x)) * bessel_i1e(x)


def cumulative_logsumexp(x, axis=0, exclusive=False, reverse=False, name=None):
    """log(sum(exp)) of everything up to each element. Op: CumulativeLogsumexp.

    Args:
      x: a float tensor.
      axis: int scalar.
      exclusive: leave the element itself out; the first result is the lowest number.
      reverse: from the end.
    """
    with ops.name_scope(name, "CumulativeLogsumexp", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        return apply(
            "CumulativeLogsumexp", x, axis, exclusive=exclusive, reverse=reverse, name=scope
        )


def bincount(
    arr, weights=None, minlength=None, maxlength=None, dtype=dtypes.int32, name=None
):  # fmt: skip
    """How often each integer occurs. Op: Bincount, or UnsortedSegmentSum of weights.

    Args:
      arr: int32 tensor of values that are not negative.
      weights: a tensor like `arr`: what each element counts.
      minlength: least length of the result.
      maxlength: largest length; greater values are not counted.
      dtype: dtype of the counts when there are no weights.

    Returns:
      A vector, by default one longer than the largest value.
    """
    with ops.name_scope("bincount" if name is None else name):
        arr = ops.convert_to_tensor(arr, name="arr", dtype=dtypes.int32)
        nonempty = math_ops.reduce_prod(array_ops.shape(arr)) > 0
        size = math_ops.cast(nonempty, dtypes.int32) * (math_ops.reduce_max(arr) + 1)
        if minlength is not None:
            minlength = ops.convert_to_tensor(minlength, name="minlength", dtype=dtypes.int32)
            size = math_ops.maximum(minlength, size)
        if maxlength is not None:
            maxlength = ops.convert_to_tensor(maxlength, name="maxlength", dtype=dtypes.int32)
            size = math_ops.minimum(maxlength, size)
        if weights is not None:
            weights = ops.convert_to_tensor(weights, name="weights")
            return array_ops.unsorted_segment_sum(weights, arr, size)
        return apply("Bincount", arr, size, ops.convert_to_tensor([], dtype=dtype))


def histogram_fixed_width_bins(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """The number of the bin of each value, for bins of equal width.

    Args:
      values: a number tensor.
      value_range: [low, high]; values outside fall into the first or the last bin.
      nbins: int32 scalar.
      dtype: not used; the result is int32.
    """
    with ops.name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = ops.convert_to_tensor(values, name="values")
        shape = array_ops.shape(values)
        values = array_ops.reshape(values, [-1])
        value_range = ops.convert_to_tensor(value_range, name="value_range")
        nbins = ops.convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins")
        count = math_ops.cast(nbins, values.dtype)
        scaled = math_ops.truediv(
            values - value_range[0], value_range[1] - value_range[0], name="scaled_values"
        )
        places = math_ops.floor(math_ops.cast(count, scaled.dtype) * scaled, name="indices")
        last = math_ops.cast(count, scaled.dtype) - 1
        zero = math_ops.cast(0, scaled.dtype)
        places = math_ops.minimum(math_ops.maximum(places, zero), last)
        return array_ops.reshape(math_ops.cast(places, dtypes.int32), shape)


def histogram_fixed_width(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """How many values fall into each of `nbins` bins of equal width. Op: HistogramFixedWidth.

    Args:
      values: a tensor of int32, int64, float32 or float64.
      value_range: [low, high] of the dtype of `values`; values outside fall into the outer bins.
      nbins: int32 scalar.
      dtype: int32 or int64.
    """
    with ops.name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as scope:
        return apply("HistogramFixedWidth", values, value_range, nbins, dtype=dtype, name=scope)


def bucketize(input, boundaries, name=None):  # noqa: A002
    """The number of boundaries that are not above each element. Op: Bucketize.

    Args:
      input: a number tensor.
      boundaries: a sorted list of floats.
    """
    return apply("Bucketize", input, boundaries=list(boundaries), name=name)


def nth_element(input, n, reverse=False, name=None):  # noqa: A002
    """The n-th smallest element (from 0) along the last axis. Op: NthElement.

    Args:
      input: a tensor of numbers, at least 1-D.
      n: int32 scalar, below the size of the last axis.
      reverse: the n-th largest.
    """
    return apply("NthElement", input, n, reverse=reverse, name=name)
