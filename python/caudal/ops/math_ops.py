# SPDX-License-Identifier: Apache-2.0
"""Arithmetic, comparisons, reductions and scans; the operators of Tensor."""

import functools

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape
from caudal.framework.op_factory import apply, public
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops.matmul_ops import (  # noqa: F401 - users find them here
    batch_matmul,
    matmul,
    sparse_matmul,
    tensordot,
    trace,
)

# -- One op each -----------------------------------------------------------------------------------

acos = public("Acos")
acosh = public("Acosh")
add = public("Add")
add_v2 = public("AddV2")
asin = public("Asin")
asinh = public("Asinh")
atan = public("Atan")
atan2 = public("Atan2")
atanh = public("Atanh")
ceil = public("Ceil")
cos = public("Cos")
cosh = public("Cosh")
digamma = public("Digamma")
erf = public("Erf")
erfc = public("Erfc")
exp = public("Exp")
expm1 = public("Expm1")
floor = public("Floor")
floor_div = public("FloorDiv")
floormod = mod = floor_mod = public("FloorMod", "floormod")
is_finite = public("IsFinite")
is_inf = public("IsInf")
is_nan = public("IsNan")
lgamma = public("Lgamma")
linspace = lin_space = public("LinSpace", "linspace")
log = public("Log")
log1p = public("Log1p")
logical_and = public("LogicalAnd")
logical_not = public("LogicalNot")
logical_or = public("LogicalOr")
maximum = public("Maximum")
minimum = public("Minimum")
multiply = public("Mul", "multiply")
negative = neg = public("Neg", "negative")
polygamma = public("Polygamma")
realdiv = public("RealDiv", "realdiv")
reciprocal = public("Reciprocal")
rint = public("Rint")
rsqrt = public("Rsqrt")
sign = public("Sign")
sin = public("Sin")
sinh = public("Sinh")
sqrt = public("Sqrt")
square = public("Square")
squared_difference = public("SquaredDifference")
subtract = public("Sub", "subtract")
tan = public("Tan")
tanh = public("Tanh")
truncatediv = public("TruncateDiv", "truncatediv")
truncatemod = public("TruncateMod", "truncatemod")
xdivy = public("Xdivy")
xlogy = public("Xlogy")
zeta = public("Zeta")

less = public("Less")
less_equal = public("LessEqual")
greater = public("Greater")
greater_equal = public("GreaterEqual")
equal = public("Equal", drop=("incompatible_shape_error",))
not_equal = public("NotEqual", drop=("incompatible_shape_error",))
approximate_equal = public("ApproximateEqual")


def logical_xor(x, y, name="LogicalXor"):
    """Element-wise exclusive or of two bool tensors. Ops: LogicalAnd, LogicalOr, LogicalNot."""
    either = logical_or(x, y)
    return logical_and(either, logical_not(logical_and(x, y)), name=name)


# -- Functions with a rule of their own for dtypes -------------------------------------------------


def abs(x, name=None):  # noqa: A001 - TensorFlow's name
    """Absolute value of each element. Ops: Abs, and ComplexAbs for complex numbers."""
    with ops.name_scope(name, "Abs", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return apply("ComplexAbs", x, Tout=x.dtype.real_dtype, name=scope)
        return apply("Abs", x, name=scope)


def round(x, name=None):  # noqa: A001
    """Each element rounded to the nearest integer, halves to even; integers pass. Op: Round."""
    x = ops.convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else apply("Round", x, name=name)


def pow(x, y, name=None):  # noqa: A001
    """x to the power of y, with broadcasting. Op: Pow."""
    with ops.name_scope(name, "Pow", [x]) as scope:
        return apply("Pow", x, y, name=scope)


def sigmoid(x, name=None):
    """1 / (1 + exp(-x)) of a float tensor. Op: Sigmoid."""
    with ops.name_scope(name, "Sigmoid", [x]) as scope:
        return apply("Sigmoid", ops.convert_to_tensor(x, name="x"), name=scope)


def log_sigmoid(x, name=None):
    """log(sigmoid(x)), computed as -softplus(-x) so that it does not overflow."""
    with ops.name_scope(name, "LogSigmoid", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        return apply("Neg", apply("Softplus", apply("Neg", x)), name=scope)


def conj(x, name=None):
    """Complex conjugate; real tensors pass. Raises TypeError for other dtypes."""
    with ops.name_scope(name, "Conj", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return apply("Conj", x, name=scope)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError("Expected numeric or variant tensor, got dtype %r" % x.dtype)


def complex(real, imag, name=None):  # noqa: A001
    """Complex numbers real + i imag. Op: Complex.

    Args:
      real, imag: float32 (gives complex64) or float64 (gives complex128) tensors of one shape.

    Raises:
      TypeError: for other dtypes or two different ones.
    """
    real = ops.convert_to_tensor(real, name="real")
    imag = ops.convert_to_tensor(imag, name="imag")
    with ops.name_scope(name, "Complex", [real, imag]) as scope:
        whole = {
            (dtypes.float64, dtypes.float64): dtypes.complex128,
            (dtypes.float32, dtypes.float32): dtypes.complex64,
        }.get((real.dtype.base_dtype, imag.dtype.base_dtype))
        if whole is None:
            raise TypeError(
                "real and imag have incorrect types: %s %s" % (real.dtype.name, imag.dtype.name)
            )
        return apply("Complex", real, imag, Tout=whole, name=scope)


def real(input, name=None):  # noqa: A002
    """Real part; real tensors pass."""
    with ops.name_scope(name, "Real", [input]) as scope:
        input = ops.convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return apply("Real", input, Tout=input.dtype.real_dtype, name=scope)
        return input


def imag(input, name=None):  # noqa: A002
    """Imaginary part; zeros for real tensors."""
    with ops.name_scope(name, "Imag", [input]) as scope:
        input = ops.convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return apply("Imag", input, Tout=input.dtype.real_dtype, name=scope)
        return apply("ZerosLike", input, name="zeros_like")


def angle(input, name=None):  # noqa: A002
    """Argument of complex numbers; zeros for real tensors."""
    with ops.name_scope(name, "Angle", [input]) as scope:
        input = ops.convert_to_tensor(input, name="input")
        if input.dtype.is_complex:
            return apply("Angle", input, Tout=input.dtype.real_dtype, name=scope)
        return apply("ZerosLike", input, name="zeros_like")


def cast(x, dtype, name=None):
    """Converts the elements to another dtype; a tensor of that dtype passes. Op: Cast.

    Args:
      x: a tensor, IndexedSlices or SparseTensor.
      dtype: the wanted dtype. Floats are cut off towards zero to become integers.
    """
    base = dtypes.as_dtype(dtype).base_dtype
    if isinstance(x, ops.Tensor) and x.dtype is base:
        return x
    with ops.name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, ops.IndexedSlices):
            values = cast(x.values, base, name=scope)
            return ops.IndexedSlices(values, x.indices, x.dense_shape)
        if isinstance(x, SparseTensor):
            return SparseTensor(x.indices, cast(x.values, base, name=scope), x.dense_shape)
        x = ops.convert_to_tensor(x, name="x")
        return x if x.dtype.base_dtype is base else apply("Cast", x, DstT=base, name=scope)


def _bound(dtype, within, largest):
    """The largest (smallest) number of `dtype` that `within` can hold too."""
    limit = dtype.max if largest else dtype.min
    if not within.is_floating or dtype.is_floating:
        return limit
    number = within.as_numpy_dtype(limit)
    beyond = int(number) > limit if largest else int(number) < limit
    return np.nextafter(number, within.as_numpy_dtype(0)) if beyond else number


def saturate_cast(value, dtype, name=None):
    """`cast` that maps numbers outside of the range of `dtype` to its ends."""
    with ops.name_scope(name, "saturate_cast", [value]) as scope:
        value = ops.convert_to_tensor(value, name="value")
        dtype = dtypes.as_dtype(dtype).base_dtype
        own = value.dtype.base_dtype
        if own.min < dtype.min:
            low = ops.convert_to_tensor(_bound(dtype, own, False), dtype=own, name="min")
            value = maximum(value, low)
        if own.max > dtype.max:
            high = ops.convert_to_tensor(_bound(dtype, own, True), dtype=own, name="max")
            value = minimum(value, high)
        return cast(value, dtype, name=scope)


def _caster(function, dtype, scope):
    def convert(x, name=scope):
        return cast(x, dtype, name=name)

    convert.__name__ = convert.__qualname__ = function
    convert.__doc__ = "Casts a tensor to %s. Op: Cast." % dtype.name
    return convert


to_float = _caster("to_float", dtypes.float32, "ToFloat")
to_double = _caster("to_double", dtypes.float64, "ToDouble")
to_int32 = _caster("to_int32", dtypes.int32, "ToInt32")
to_int64 = _caster("to_int64", dtypes.int64, "ToInt64")
to_bfloat16 = _caster("to_bfloat16", dtypes.bfloat16, "ToBFloat16")
to_complex64 = _caster("to_complex64", dtypes.complex64, "ToComplex64")
to_complex128 = _caster("to_complex128", dtypes.complex128, "ToComplex128")

# -- Division --------------------------------------------------------------------------------------

# What integers become before a true division.
_QUOTIENT = {
    dtypes.uint8: dtypes.float32,
    dtypes.int8: dtypes.float32,
    dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32,
    dtypes.int32: dtypes.float64,
    dtypes.int64: dtypes.float64,
}


def truediv(x, y, name=None):
    """x / y as in Python 3: integers are divided as floats. Op: RealDiv.

    Args:
      x, y: tensors of one dtype, which broadcast. 8- and 16-bit integers become float32, others
        float64.

    Raises:
      TypeError: if the dtypes differ.
    """
    with ops.name_scope(name, "truediv", [x, y]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, dtype_hint=x.dtype.base_dtype, name="y")
        _same_dtype(x, y)
        dtype = x.dtype.base_dtype
        quotient = _QUOTIENT.get(dtype)
        if quotient is not None:
            x, y = cast(x, quotient), cast(y, quotient)
        elif not (dtype.is_floating or dtype.is_complex):
            raise TypeError("Invalid dtype %r in __truediv__" % dtype)
        return apply("RealDiv", x, y, name=scope)


def _same_dtype(x, y):
    if x.dtype.base_dtype is not y.dtype.base_dtype:
        raise TypeError(
            "x and y must have the same dtype, got %r != %r"
            % (x.dtype.base_dtype, y.dtype.base_dtype)
        )


def div(x, y, name=None):
    """x / y as in Python 2: integers are divided with rounding down. Ops: RealDiv, FloorDiv."""
    with ops.name_scope(name, "div", [x, y]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        real_numbers = x.dtype.is_floating or x.dtype.is_complex
        return apply("RealDiv" if real_numbers else "FloorDiv", x, y, name=scope)


def divide(x, y, name=None):
    """x / y with the rules of the operator; two Python numbers give a number."""
    return x / y if name is None else truediv(x, y, name)


def floordiv(x, y, name=None):
    """The quotient rounded down. Op: FloorDiv."""
    with ops.name_scope(name, "floordiv", [x, y]) as scope:
        return apply("FloorDiv", x, y, name=scope)


def div_no_nan(x, y, name=None):
    """x / y, and 0 where y is 0. Op: DivNoNan."""
    with ops.name_scope(name, "div_no_nan", [x, y]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        return apply("DivNoNan", x, y, name=scope)


divide_no_nan = div_no_nan


def multiply_no_nan(x, y, name=None):
    """x * y, and 0 where y is 0, even if x is infinite or NaN. Op: MulNoNan."""
    with ops.name_scope(name, "multiply_no_nan", [x, y]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        return apply("MulNoNan", x, y, name=scope)


def reciprocal_no_nan(x, name=None):
    """1 / x, and 0 where x is 0."""
    with ops.name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        one = ops.convert_to_tensor(1, dtype=x.dtype.base_dtype, name="one")
        return apply("DivNoNan", one, x, name=scope)


# -- Sums of several tensors -----------------------------------------------------------------------


def scalar_mul(scalar, x, name=None):
    """A number or rank-0 tensor times a tensor or IndexedSlices. Op: Mul."""
    scalar = ops.convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    rank = scalar.shape.rank
    if rank not in (None, 0):
        raise ValueError("Only scalar multiply works, got shape %s" % scalar.shape)
    if isinstance(x, ops.IndexedSlices):
        return ops.IndexedSlices(multiply(scalar, x.values, name), x.indices, x.dense_shape)
    return multiply(scalar, x, name)


def add_n(inputs, name=None):
    """The sum of tensors of one shape and dtype. Op: AddN; a single tensor passes.

    Raises:
      ValueError: for an empty list, or shapes that differ.
    """
    message = (
        "inputs must be a list of at least one Tensor/IndexedSlices with the same dtype and shape"
    )
    if not inputs or not isinstance(inputs, (list, tuple)):
        raise ValueError(message)
    inputs = ops.convert_n_to_tensor_or_indexed_slices(inputs)
    if not all(isinstance(x, (ops.Tensor, ops.IndexedSlices)) for x in inputs):
        raise ValueError(message)
    if len(inputs) == 1:
        value = ops.convert_to_tensor(inputs[0])
        return apply("Identity", value, name=name) if name else value
    return apply("AddN", inputs, name=name)


def accumulate_n(inputs, shape=None, tensor_dtype=None, name=None):
    """As `add_n`; `shape` and `tensor_dtype` are checked. Op: AccumulateNV2."""
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not inputs or not isinstance(inputs, (list, tuple)):
        raise ValueError(message)
    inputs = ops.convert_n_to_tensor_or_indexed_slices(inputs)
    if not all(isinstance(x, ops.Tensor) for x in inputs):
        raise ValueError(message)
    if not all(x.dtype.base_dtype is inputs[0].dtype.base_dtype for x in inputs):
        raise ValueError(message)
    shape = tensor_shape.as_shape(shape)
    for x in inputs:
        shape = shape.merge_with(x.shape)
    if tensor_dtype is not None and tensor_dtype != inputs[0].dtype:
        raise TypeError(
            "tensor_dtype is %s, but input is of type %s" % (tensor_dtype, inputs[0].dtype)
        )
    if len(inputs) == 1:
        return inputs[0] if name is None else apply("Identity", inputs[0], name=name)
    return apply("AccumulateNV2", inputs, shape=shape, name=name)


# -- Slices ----------------------------------------------------------------------------------------


def _as_indexed_slices(x, optimize=True):
    """All slices of a tensor as IndexedSlices; IndexedSlices stay what they are."""
    if isinstance(x, ops.IndexedSlices):
        return x
    if not isinstance(x, ops.Tensor):
        raise TypeError("Not a Tensor or IndexedSlices: %s" % type(x))
    from caudal.ops import array_ops

    shape = array_ops.shape_internal(x, optimize=optimize)
    return ops.IndexedSlices(x, array_ops.range(0, shape[0]), shape)


def _as_indexed_slices_list(inputs, optimize=True):
    """`_as_indexed_slices` of each input, with indices of one dtype."""
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Expected a list or tuple, not a %s" % type(inputs))
    slices = [_as_indexed_slices(x, optimize) for x in inputs]
    if all(s.indices.dtype == slices[0].indices.dtype for s in slices):
        return slices
    return [
        ops.IndexedSlices(s.values, cast(s.indices, dtypes.int64), s.dense_shape) for s in slices
    ]


# -- Reductions ------------------------------------------------------------------------------------


def deprecated_argument_lookup(new_name, new_value, old_name, old_value):
    """The value of an argument that has an old name too.

    Raises:
      ValueError: both names were given.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError("Cannot specify both '%s' and '%s'" % (old_name, new_name))
    return old_value


def _reduction_axes(x, axis, reduction_indices=None):
    """The axes to reduce; all of them for None."""
    axis = deprecated_argument_lookup("axis", axis, "reduction_indices", reduction_indices)
    if axis is not None:
        return axis
    if not isinstance(x, ops.Tensor):
        from caudal.ops import shape_ops

        return apply("Range", 0, shape_ops.rank(x), 1, name="range")
    rank = x.shape.rank
    if rank is not None:
        return ops.convert_to_tensor(np.arange(rank, dtype=np.int32), name="Const")
    return apply("Range", 0, apply("Rank", x), 1, name="range")


def _reduce(op_name, input_tensor, axis, keepdims, name, reduction_indices=None, keep_dims=None):
    keep = deprecated_argument_lookup("keepdims", keepdims, "keep_dims", keep_dims)
    axes = _reduction_axes(input_tensor, axis, reduction_indices)
    result = apply(op_name, input_tensor, axes, keep_dims=bool(keep), name=name)
    if axis is None and reduction_indices is None and not keep:
        result.set_shape(())  # known even where the rank of x is not
    return result


_REDUCTION_DOC = """%s along axes. Op: %s.

    Args:
      input_tensor: a tensor of %s.
      axis: an int, a list of ints or an int tensor; negative ones count from the end. None: all.
      keepdims: if true, reduced axes stay with size 1.
      reduction_indices, keep_dims: old names of axis and keepdims.
    """


def _reduction(function, op_name, what, takes="numbers"):
    def reduce(
        input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
    ):
        return _reduce(op_name, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)

    reduce.__name__ = reduce.__qualname__ = function
    reduce.__doc__ = _REDUCTION_DOC % (what, op_name, takes)
    return reduce


reduce_sum = reduce_sum_v1 = _reduction("reduce_sum", "Sum", "Sum of the elements")
reduce_mean = reduce_mean_v1 = _reduction(
    "reduce_mean", "Mean", "Mean of the elements (of integers: rounded towards zero)"
)
reduce_prod = _reduction("reduce_prod", "Prod", "Product of the elements")
reduce_max = _reduction("reduce_max", "Max", "Largest element (NaN if there is one)")
reduce_min = _reduction("reduce_min", "Min", "Smallest element (NaN if there is one)")
reduce_all = _reduction("reduce_all", "All", "Logical and of the elements", "bool")
reduce_any = _reduction("reduce_any", "Any", "Logical or of the elements", "bool")


def reduce_euclidean_norm(input_tensor, axis=None, keepdims=False, name=None):
    """Root of the sum of squares along axes. Op: EuclideanNorm."""
    return _reduce("EuclideanNorm", input_tensor, axis, bool(keepdims), name)


def reduce_logsumexp(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """log(sum(exp(x))) along axes, without overflow. Arguments as for `reduce_sum`."""
    axis = deprecated_argument_lookup("axis", axis, "reduction_indices", reduction_indices)
    keepdims = bool(deprecated_argument_lookup("keepdims", keepdims, "keep_dims", keep_dims))
    with ops.name_scope(name, "ReduceLogSumExp", [input_tensor]):
        x = ops.convert_to_tensor(input_tensor, name="input_tensor")
        largest = reduce_max(x, axis, keepdims=True)
        finite = apply(
            "Select", is_finite(largest), largest, apply("ZerosLike", largest, name="zeros_like")
        )
        shift = apply("StopGradient", finite)
        result = log(reduce_sum(exp(subtract(x, shift)), axis, keepdims=keepdims))
        if not keepdims:
            shift = apply("Reshape", shift, apply("Shape", result))
        return add(result, shift)


def reduce_variance(input_tensor, axis=None, keepdims=False, name=None):
    """Variance along axes: the mean squared distance from the mean."""
    with ops.name_scope(name or "reduce_variance"):
        x = ops.convert_to_tensor(input_tensor, name="input_tensor")
        distance = x - reduce_mean(x, axis=axis, keepdims=True)
        return reduce_mean(square(distance), axis=axis, keepdims=keepdims)


def reduce_std(input_tensor, axis=None, keepdims=False, name=None):
    """Standard deviation along axes."""
    with ops.name_scope(name or "reduce_std"):
        return sqrt(reduce_variance(input_tensor, axis=axis, keepdims=keepdims))


def count_nonzero(
    input_tensor=None, axis=None, keepdims=None, dtype=dtypes.int64, name=None,
    reduction_indices=None, keep_dims=None, input=None,  # noqa: A002
):  # fmt: skip
    """How many elements are not zero (not empty, for strings), along axes.

    Args:
      input_tensor: a tensor of numbers, bool or strings; `input` is a second name for it.
      axis, keepdims, reduction_indices, keep_dims: as for `reduce_sum`.
      dtype: dtype of the result.
    """
    keepdims = deprecated_argument_lookup("keepdims", keepdims, "keep_dims", keep_dims)
    x = deprecated_argument_lookup("input", input, "input_tensor", input_tensor)
    axis = deprecated_argument_lookup("axis", axis, "reduction_indices", reduction_indices)
    with ops.name_scope(name, "count_nonzero", [x]):
        x = ops.convert_to_tensor(x, name="input_tensor")
        base = x.dtype.base_dtype
        zero = b"" if base is dtypes.string else base.as_numpy_dtype(0)
        zero = ops.convert_to_tensor(zero, dtype=base, name="zeros")
        hits = cast(not_equal(x, zero), dtypes.int64)
        return cast(reduce_sum(hits, axis=axis, keepdims=keepdims), dtype)


def argmax(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):  # noqa: A002
    """Index of the largest element along an axis, the first of equals. Op: ArgMax.

    Args:
      input: a tensor of numbers.
      axis: an int or int scalar; 0 when None. `dimension` is its old name.
      output_type: tf.int32 or tf.int64.
    """
    axis = deprecated_argument_lookup("axis", axis, "dimension", dimension)
    return apply("ArgMax", input, 0 if axis is None else axis, output_type=output_type, name=name)


def argmin(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):  # noqa: A002
    """Index of the smallest element along an axis; arguments as for `argmax`. Op: ArgMin."""
    axis = deprecated_argument_lookup("axis", axis, "dimension", dimension)
    return apply("ArgMin", input, 0 if axis is None else axis, output_type=output_type, name=name)


arg_max = public("ArgMax", "arg_max")
arg_min = public("ArgMin", "arg_min")


def cumsum(x, axis=0, exclusive=False, reverse=False, name=None):
    """Running sums along an axis. Op: Cumsum.

    Args:
      x: a tensor of numbers.
      axis: an int or int scalar.
      exclusive: if true, an element is not part of its own sum, and the first is 0.
      reverse: if true, sums run from the end.
    """
    return _scan("Cumsum", x, axis, exclusive, reverse, name)


def cumprod(x, axis=0, exclusive=False, reverse=False, name=None):
    """Running products along an axis; arguments as for `cumsum`. Op: Cumprod."""
    return _scan("Cumprod", x, axis, exclusive, reverse, name)


def _scan(op_name, x, axis, exclusive, reverse, name):
    with ops.name_scope(name, op_name, [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        return apply(op_name, x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def lbeta(x, name=None):
    """Logarithm of the multivariate beta function along the last axis."""
    with ops.name_scope(name, "lbeta", [x]):
        x = ops.convert_to_tensor(x, name="x")
        total = reduce_sum(x, axis=[-1])
        return reduce_sum(lgamma(x), axis=[-1]) - lgamma(total)


def polyval(coeffs, x, name=None):
    """The polynomial with these coefficients (a list, highest power first) at x."""
    with ops.name_scope(name, "polyval", [x]):
        x = ops.convert_to_tensor(x, name="x")
        if not coeffs:
            return apply("ZerosLike", x, name="zeros_like")
        value = ops.convert_to_tensor(coeffs[0], dtype=x.dtype.base_dtype, name="coeff")
        for coefficient in coeffs[1:]:
            value = coefficient + value * x
        return value


# -- Operators -------------------------------------------------------------------------------------


def _forward(function, name, op_name=None):
    """`tensor <op> y`, where y may be anything that becomes a tensor."""
    reflected = "__r%s__" % name

    def operator(x, y):
        if op_name is not None and type(y) is ops.Tensor and x.dtype is not dtypes.string:
            return apply(op_name, x, y, name=name)  # the usual case needs no scope
        with ops.name_scope(None, name, [x, y]) as scope:
            if type(y) is not ops.Tensor:
                try:
                    y = ops.convert_to_tensor(y, dtype_hint=x.dtype.base_dtype, name="y")
                except TypeError:
                    # Perhaps y knows how to combine itself with tensors.
                    if hasattr(type(y), reflected):
                        return NotImplemented
                    raise
            return function(x, y, scope)

    return operator


def _reflected(function, name):
    """`x <op> tensor`, where x is not a tensor."""

    def operator(y, x):
        with ops.name_scope(None, name, [x, y]) as scope:
            x = ops.convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
            return function(x, y, scope)

    return operator


def _truediv(x, y, scope):
    # The operator casts integers of one kind; a float beside an integer is an error.
    _same_dtype(x, y)
    return truediv(x, y, scope)


def _apply_node(op_name, x, y, scope):
    if op_name == "AddV2" and x.dtype is dtypes.string:
        op_name = "Add"  # the only one of the two that joins strings
    return apply(op_name, x, y, name=scope)


_NODES = {
    "add": "AddV2",
    "sub": "Sub",
    "mul": "Mul",
    "floordiv": "FloorDiv",
    "mod": "FloorMod",
    "pow": "Pow",
    "and": "LogicalAnd",
    "or": "LogicalOr",
}
_FUNCTIONS = {
    "div": div,
    "truediv": _truediv,
    "xor": logical_xor,
    "matmul": lambda x, y, scope: matmul(x, y, name=scope),
}
_COMPARISONS = {"lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}
_UNARY = {"neg": "Neg", "abs": "Abs", "invert": "LogicalNot"}


def override_operators(tensor_class):
    """Gives Tensor Python's operators; == stays identity."""

    def define(name, function):
        function.__name__ = function.__qualname__ = name = "__%s__" % name
        tensor_class._override_operator(name, function)

    for name, op_name in _NODES.items():
        function = functools.partial(_apply_node, op_name)
        define(name, _forward(function, name, op_name))
        define("r" + name, _reflected(function, name))
    for name, function in _FUNCTIONS.items():
        define(name, _forward(function, name))
        define("r" + name, _reflected(function, name))
    for name, op_name in _COMPARISONS.items():
        define(name, lambda x, y, name=None, _op=op_name: apply(_op, x, y, name=name))
    for name, op_name in _UNARY.items():
        define(name, lambda x, name=None, _op=op_name: apply(_op, x, name=name))


override_operators(ops.Tensor)
