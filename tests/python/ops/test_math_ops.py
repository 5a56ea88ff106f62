# SPDX-License-Identifier: Apache-2.0
"""Behaviour of tf.math functions and operators beyond the values that the catalog checks."""

import numpy as np
import pytest

import caudal as tf

X = np.array([[0.5, -1.25, 2.0], [3.5, -0.75, 0.25]], np.float32)


def run(value, feed=None):
    with tf.Session() as session:
        return session.run(value, feed)


def feed(shape=(2, 3), dtype=tf.float32):
    return tf.placeholder(dtype, shape)


# -- Operators -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "python, name, op",
    [
        (lambda x: x + x, "add", "AddV2"),
        (lambda x: x - 1.0, "sub", "Sub"),
        (lambda x: 2.0 * x, "mul", "Mul"),
        (lambda x: x / x, "truediv", "RealDiv"),
        (lambda x: x // 2.0, "floordiv", "FloorDiv"),
        (lambda x: x % 2.0, "mod", "FloorMod"),
        (lambda x: x**2, "pow", "Pow"),
        (lambda x: -x, "Neg", "Neg"),
        (lambda x: abs(x), "Abs", "Abs"),
        (lambda x: x < 1, "Less", "Less"),
        (lambda x: 1 >= x, "LessEqual", "LessEqual"),
        (lambda x: x @ tf.transpose(x), "matmul", "MatMul"),
        (lambda x: (x > 0) ^ (x > 1), "xor", "LogicalAnd"),
        (lambda x: ~(x > 0), "LogicalNot", "LogicalNot"),
    ],
)
def test_operator_nodes(python, name, op):
    y = python(feed())
    assert (y.op.name, y.op.type) == (name, op)


def test_operator_values():
    x = tf.constant(X)
    got = run([1 - x, 1 / x, 5.0 % abs(x), 7 // abs(x), 2**x, np.float32(3) * x, X + x])
    a = np.abs(X)
    want = [1 - X, 1 / X, 5 % a, 7 // a, 2**X, 3 * X, X + X]
    for g, w in zip(got, want):
        np.testing.assert_allclose(g, w, rtol=1e-6)
    logical = tf.constant([True, False])
    assert run([True & logical, logical | True, False ^ logical])[2].tolist() == [True, False]


def test_integer_division():
    i, j = tf.constant([7, -7, 7]), tf.constant([2, 2, -2])
    quotient = i / j
    assert quotient.dtype == tf.float64
    got = run([quotient, i // j, i % j, tf.truncatediv(i, j), tf.truncatemod(i, j), tf.div(i, j)])
    want = [[3.5, -3.5, -3.5], [3, -4, -4], [1, 1, -1], [3, -3, -3], [1, -1, 1], [3, -4, -4]]
    assert [g.tolist() for g in got] == want
    assert (tf.constant([1], tf.uint8) / tf.constant([2], tf.uint8)).dtype == tf.float32


@pytest.mark.parametrize("divide", [tf.floordiv, tf.mod, tf.truncatediv, tf.truncatemod])
@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_integer_division_by_zero(divide, dtype):
    y = feed((2,), dtype)
    with pytest.raises(tf.errors.InvalidArgumentError, match="ivision by zero"):
        run(divide(tf.constant([1, 2], dtype), y), {y: [1, 0]})


def test_integer_power():
    y = feed((2,), tf.int32)
    power = tf.pow(tf.constant([2, -3]), y)
    assert run(power, {y: [3, 2]}).tolist() == [8, 9]
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative integer powers"):
        run(power, {y: [3, -1]})


def test_equality_is_identity():
    x, y = feed(), feed()
    assert x == x and x != y and len({x, y, x}) == 2


def test_operator_errors():
    x, i = feed(), feed(dtype=tf.int32)
    with pytest.raises(TypeError, match="does not match type float32"):
        x + i
    with pytest.raises(TypeError, match="int32"):
        1.5 + i
    with pytest.raises(TypeError, match="must have the same dtype"):
        x / i
    with pytest.raises(TypeError, match="bool"):
        x & x
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 4"):
        x + feed((2, 4))
    with pytest.raises(tf.errors.InvalidArgumentError):
        u, v = feed(None), feed(None)
        run(u * v, {u: np.ones(3), v: np.ones(4)})


def test_foreign_operand_takes_over():
    class Matrix:
        def __radd__(self, other):
            return "mine"

    assert feed() + Matrix() == "mine"


# -- Dtypes ----------------------------------------------------------------------------------------


def test_cast_keeps_same_dtype_and_truncates():
    x = tf.constant(X)
    assert tf.cast(x, tf.float32) is x
    assert run(tf.cast(x, tf.int32)).tolist() == [[0, -1, 2], [3, 0, 0]]
    assert run(tf.to_int64(x)).dtype == np.int64
    slices = tf.IndexedSlices(x, tf.constant([0, 1]))
    assert tf.cast(slices, tf.float64).values.dtype == tf.float64
    y = tf.cast(x, tf.float64)
    (gradient,) = tf.gradients(y * y, x)
    np.testing.assert_allclose(run(gradient), 2 * X)
    assert tf.gradients(tf.cast(tf.cast(x, tf.int32), tf.float32), x) == [None]


def test_saturate_cast():
    values = [1e10, -1e10, 300.7, -1.0, 17.9]
    x = tf.constant(values)
    assert run(tf.saturate_cast(x, tf.uint8)).tolist() == [255, 0, 255, 0, 17]
    assert run(tf.saturate_cast(x, tf.int32))[:2].tolist() == [2147483520, -2147483648]
    assert run(tf.saturate_cast(tf.constant([-5, 300]), tf.uint8)).tolist() == [0, 255]


def test_real_numbers_pass_complex_functions():
    x = tf.constant(X)
    assert tf.conj(x) is x and tf.real(x) is x
    assert not run(tf.imag(x)).any()
    i = tf.constant([1, 2])
    assert tf.round(i) is i
    with pytest.raises(TypeError, match="numeric"):
        tf.conj(tf.constant("a"))


# -- Reductions ------------------------------------------------------------------------------------


def test_reduction_names_and_axes():
    x = feed()
    assert tf.reduce_sum(x, 1).op.name == "Sum"
    assert tf.reduce_mean(x).op.inputs[1].op.name == "Const"
    assert tf.reduce_max(x, axis=[-1], keepdims=True).shape.as_list() == [2, 1]
    assert tf.reduce_sum(x, []).shape.as_list() == [2, 3]
    assert tf.reduce_sum(feed(None)).shape.as_list() == []
    assert tf.reduce_sum(x, reduction_indices=0, keep_dims=True).shape.as_list() == [1, 3]


def test_reduction_argument_errors():
    x = feed()
    with pytest.raises(ValueError, match="Cannot specify both 'reduction_indices' and 'axis'"):
        tf.reduce_sum(x, 0, reduction_indices=0)
    with pytest.raises(ValueError, match="Cannot specify both 'keep_dims' and 'keepdims'"):
        tf.reduce_sum(x, keepdims=True, keep_dims=True)
    with pytest.raises(ValueError, match="Invalid reduction dimension 2 for input with 2"):
        tf.reduce_prod(x, [0, 2])
    with pytest.raises(TypeError, match="bool"):
        tf.reduce_sum(tf.constant([True]))


@pytest.mark.parametrize("shape", [(2, 3), (None, None), None])
def test_fed_axes(shape):
    x, axes = feed(shape), feed((None,), tf.int32)
    total, mean = tf.reduce_sum(x, axes), tf.reduce_mean(x * x, axes)
    gradient = tf.gradients([total, mean], x)[0]
    values, slope = run([total, gradient], {x: X, axes: [1]})
    np.testing.assert_allclose(values, X.sum(1))
    np.testing.assert_allclose(slope, 1 + 2 * X / 3, rtol=1e-6)
    np.testing.assert_allclose(run(total, {x: X, axes: [-1, 0]}), X.sum())


def test_empty_reductions():
    x = feed((None, 2))
    none = np.zeros((0, 2))
    got = run([f(x, 0) for f in (tf.reduce_sum, tf.reduce_prod, tf.reduce_max)], {x: none})
    assert [g.tolist() for g in got] == [[0, 0], [1, 1], [-np.inf, -np.inf]]
    assert np.isnan(run(tf.reduce_mean(x), {x: none}))
    assert run(tf.reduce_max(tf.zeros([0], tf.int32))) == np.iinfo(np.int32).min


def test_long_float_sum_is_accurate():
    ones = np.full(3_000_001, 0.1, np.float32)
    x = feed((None,))
    np.testing.assert_allclose(run(tf.reduce_sum(x), {x: ones}), 0.1 * ones.size, rtol=1e-6)
    np.testing.assert_allclose(run(tf.reduce_mean(x), {x: ones}), 0.1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3), None])
def test_gradient_of_product_with_zeros(shape):
    values = np.array([[2.0, 0, 3], [0, 5, 0]], np.float32)
    x = feed(shape)
    (gradient,) = tf.gradients(tf.reduce_prod(x, 1), x)
    assert run(gradient, {x: values}).tolist() == [[0, 6, 0], [0, 0, 0]]


def test_gradient_of_max_is_shared_by_ties():
    x = tf.constant([[1.0, 1, 0], [2, 3, 3]])
    (gradient,) = tf.gradients(tf.reduce_max(x, 1), x)
    assert run(gradient).tolist() == [[0.5, 0.5, 0], [0, 0.5, 0.5]]


def test_logsumexp_does_not_overflow():
    x = tf.constant([[1000.0, 1000.0], [-np.inf, -np.inf]])
    got = run(tf.reduce_logsumexp(x, 1))
    np.testing.assert_allclose(got, [1000 + np.log(2), -np.inf])


def test_statistics():
    x = tf.constant(X)
    got = run([tf.math.reduce_std(x, 1), tf.math.reduce_variance(x), tf.count_nonzero(x > 0, 1)])
    np.testing.assert_allclose(got[0], X.std(1), rtol=1e-6)
    np.testing.assert_allclose(got[1], X.var(), rtol=1e-6)
    assert got[2].tolist() == [2, 2] and got[2].dtype == np.int64
    assert run(tf.count_nonzero(["", "a", "bc"])) == 2


def test_argmax():
    x = tf.constant([[np.nan, 1, 3, 3], [np.nan] * 4])
    assert run(tf.argmax(x, 1)).tolist() == [2, 0]
    assert run(tf.argmin(x, axis=1, output_type=tf.int32)).dtype == np.int32
    assert tf.argmax(x, dimension=0).shape.as_list() == [4]
    with pytest.raises(ValueError, match="Cannot specify both 'dimension' and 'axis'"):
        tf.argmax(x, 0, dimension=0)
    empty = feed((None, 3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Reduction axis 0 is empty"):
        run(tf.argmax(empty, 0), {empty: np.zeros((0, 3))})


def test_scan_axis_errors():
    x = feed()
    words = r"scan axis in the range \[-2, 2\), but got 2"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        run(tf.cumsum(x, 2), {x: X})
    axis = feed((), tf.int32)
    y = tf.cumsum(x, axis, reverse=True)
    np.testing.assert_allclose(run(y, {x: X, axis: 1}), X[:, ::-1].cumsum(1)[:, ::-1], rtol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="but got 7"):
        run(y, {x: X, axis: 7})


# -- Sums and products -----------------------------------------------------------------------------


def test_add_n():
    x, y = tf.constant(X), tf.constant(2 * X)
    assert tf.add_n([x]) is x and tf.accumulate_n([x]) is x
    np.testing.assert_allclose(run(tf.add_n([x, y] * 20)), 60 * X, rtol=1e-5)
    np.testing.assert_allclose(run(tf.accumulate_n([x, y], shape=[2, 3])), 3 * X)
    for function in (tf.add_n, tf.accumulate_n):
        with pytest.raises(ValueError, match="at least one Tensor"):
            function([])
        with pytest.raises(ValueError):
            function([x, feed((3, 2))])
    with pytest.raises(TypeError, match="don't all match"):
        tf.add_n([x, feed(dtype=tf.int32)])


def test_scalar_mul():
    x = tf.constant(X)
    slices = tf.IndexedSlices(x, tf.constant([0, 1]))
    assert isinstance(tf.scalar_mul(2.0, slices), tf.IndexedSlices)
    with pytest.raises(ValueError, match="Only scalar multiply works"):
        tf.scalar_mul(tf.constant([1.0]), x)


def test_matmul_chooses_its_op():
    a, b = feed((2, 3)), feed((4, 2, 3))
    assert tf.matmul(a, a, transpose_b=True).op.type == "MatMul"
    assert tf.matmul(b, b, adjoint_a=True).op.type == "BatchMatMulV2"
    assert tf.matmul(b, a, transpose_b=True).shape.as_list() == [4, 2, 2]
    assert tf.matmul(a, a, transpose_a=True, a_is_sparse=True).shape.as_list() == [3, 3]
    with pytest.raises(ValueError, match="Only one of transpose_a and adjoint_a"):
        tf.matmul(a, a, transpose_a=True, adjoint_a=True)
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 2"):
        tf.matmul(a, a)


@pytest.mark.parametrize("known", ["all", "rank"])
@pytest.mark.parametrize("axes", [0, 1, [[2, 0], [0, 1]], [1, 2], [[-1], [0]]])
def test_tensordot(axes, known):
    rng = np.random.default_rng(0)
    va, vb = rng.normal(size=(3, 4, 2)), rng.normal(size=(2, 3, 4))
    a, b = (feed(v.shape if known == "all" else [None] * 3, tf.float64) for v in (va, vb))
    got = run(tf.tensordot(a, b, axes), {a: va, b: vb})
    np.testing.assert_allclose(got, np.tensordot(va, vb, axes), atol=1e-12)


def test_tensordot_of_unknown_rank_and_errors():
    a, b = feed(None), feed((3, 2))
    np.testing.assert_allclose(
        run(tf.tensordot(a, b, 1), {a: X, b: X.T}), np.tensordot(X, X.T, 1), rtol=1e-6
    )
    with pytest.raises(ValueError, match="out of bounds"):
        tf.tensordot(b, b, [[2], [0]])
    with pytest.raises(ValueError, match="Different number of contraction axes"):
        tf.tensordot(b, b, [[0, 1], [0]])


# -- Functions that guard against zero -------------------------------------------------------------


def test_no_nan_functions():
    zero, x = tf.zeros([2]), tf.constant([np.inf, 2.0])
    assert run(tf.div_no_nan(x, zero)).tolist() == [0, 0]
    assert run(tf.math.multiply_no_nan(x, zero)).tolist() == [0, 0]
    assert run(tf.math.reciprocal_no_nan(tf.constant([0.0, 4.0]))).tolist() == [0, 0.25]
    assert run(tf.math.xlogy(zero, tf.constant([0.0, np.nan]))).tolist() == [0, 0]
    (gradient,) = tf.gradients(tf.pow(x * 0 + 2, tf.constant([0.0, 0.0])), x)
    assert run(gradient)[1] == 0


def test_gradient_of_power_at_zero():
    x, y = tf.constant([0.0, 2.0]), tf.constant([2.0, 0.0])
    dx, dy = run(tf.gradients(x**y, [x, y]))
    np.testing.assert_allclose(dx, [0, 0])
    np.testing.assert_allclose(dy, [0, np.log(2)], rtol=1e-6)


# -- Clipping --------------------------------------------------------------------------------------


def test_clip_by_value():
    x = tf.constant(X)
    np.testing.assert_allclose(run(tf.clip_by_value(x, -1, 1)), X.clip(-1, 1))
    slices = tf.clip_by_value(tf.IndexedSlices(x, tf.constant([0, 1])), -1.0, 1.0)
    assert isinstance(slices, tf.IndexedSlices)
    with pytest.raises(ValueError):
        tf.clip_by_value(tf.constant([1.0, 2.0]), np.zeros((3, 2), np.float32), 1.0)


def test_clip_by_norm():
    x = tf.constant(X)
    norm = np.linalg.norm(X)
    np.testing.assert_allclose(run(tf.clip_by_norm(x, 2.0)), X * 2 / norm, rtol=1e-6)
    np.testing.assert_allclose(run(tf.clip_by_norm(x, 100.0)), X, rtol=1e-6)
    rows = np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(run(tf.clip_by_norm(x, 1.0, [1])), X / rows, rtol=1e-6)
    zeros = tf.zeros([3])
    assert not run(tf.gradients(tf.clip_by_norm(zeros, 1.0) * 2, zeros)[0] - 2).any()
    average = X * min(1.0, 0.1 * X.size / norm)
    np.testing.assert_allclose(run(tf.clip_by_average_norm(x, 0.1)), average, rtol=1e-6)


def test_clip_by_global_norm():
    x, v = tf.constant(X), tf.constant([3.0, 4.0])
    norm = np.sqrt((X**2).sum() + 25)
    clipped, got_norm = tf.clip_by_global_norm([x, None, v], 1.0)
    assert clipped[1] is None
    got = run([clipped[0], clipped[2], got_norm])
    np.testing.assert_allclose(got[0], X / norm, rtol=1e-6)
    np.testing.assert_allclose(got[1], np.array([3, 4]) / norm, rtol=1e-6)
    np.testing.assert_allclose(got[2], norm, rtol=1e-6)
    infinite, _ = tf.clip_by_global_norm([tf.constant([np.inf, 1.0])], 1.0)
    assert np.isnan(run(infinite[0])).all()
    with pytest.raises(TypeError, match="t_list should be a sequence"):
        tf.clip_by_global_norm(x, 1.0)


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64"])
def test_sorting_integers_and_unknown_ranks(direction, dtype):
    values = np.array([[5, 3, 9], [2, 7, 1]], dtype)
    x = tf.placeholder(dtype)
    wanted = np.sort(values, 0)
    with tf.Session() as sess:
        known = sess.run(tf.sort(tf.constant(values), 0, direction))
        unknown = sess.run(tf.sort(x, 0, direction), {x: values})
    np.testing.assert_array_equal(known, wanted if direction == "ASCENDING" else wanted[::-1])
    np.testing.assert_array_equal(known, unknown)


def test_shapes_that_do_not_broadcast_in_the_run():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    with (
        tf.Session() as sess,
        pytest.raises(
            tf.errors.InvalidArgumentError, match=r"Incompatible shapes: \[3\] vs. \[2\]"
        ),
    ):
        sess.run(x + y, {x: [1, 2, 3], y: [1, 2]})


def test_truncated_division_of_floats_does_not_round():
    x = np.array([7.5, -7.0], np.float32)
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(tf.truncatediv(x, np.float32(2))), x / 2)


def test_segment_ids_below_zero():
    for make in (tf.segment_sum, tf.segment_max):
        with (
            tf.Session() as sess,
            pytest.raises(
                tf.errors.InvalidArgumentError, match=r"Segment id -1 out of range \[0, 1\)"
            ),
        ):
            sess.run(make([1.0, 2.0], [-1, 0]))


@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64, tf.complex64])
@pytest.mark.parametrize("function", [tf.sqrt, tf.rsqrt, tf.reciprocal])
def test_no_gradient_stays_none_where_the_slope_is_infinite(function, dtype):
    x = tf.constant([0.0] * 9 + [4.0], dtype)
    dy = tf.concat([tf.zeros([9], dtype), tf.ones([1], dtype)], 0)
    grad = tf.gradients(function(x), x, grad_ys=dy)[0]
    chosen = tf.where(tf.abs(x) > 1, function(x), tf.zeros_like(x))
    with tf.Session() as sess:
        values = sess.run([grad, tf.gradients(chosen, x, grad_ys=tf.ones_like(x))[0]])
    for value in values:
        assert not value[:9].any() and value[9] != 0
