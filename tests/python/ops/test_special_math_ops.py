# SPDX-License-Identifier: Apache-2.0
"""Special functions, counts, segments, searches, slices that are assigned, quantisation."""

import numpy as np
import pytest

import caudal as tf
from caudal.ops import search_ops, special_math_ops


def run(fetches, feeds=None):
    with tf.Session() as sess:
        return sess.run(fetches, feeds)


def slope(function, x, h=1e-6):
    """The gradient of the sum of function(x), and finite differences."""
    t = tf.constant(x)
    with tf.Session() as sess:
        g = sess.run(tf.gradients(function(t), t)[0])
        wanted = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            d = np.zeros_like(x)
            d[i] = h
            up, down = sess.run([tf.reduce_sum(function(x + d)), tf.reduce_sum(function(x - d))])
            wanted[i] = (up - down) / (2 * h)
    return g, wanted


def test_betainc_has_a_gradient_towards_x_only():
    x = np.array([[0.2, 0.7], [0.5, 0.9]])
    g, wanted = slope(lambda v: tf.betainc(np.float64(1.5), np.float64(2.5), v), x)
    np.testing.assert_allclose(g, wanted, rtol=1e-6)
    a = tf.constant([1.0, 2.0])
    assert tf.gradients(tf.betainc(a, a, [0.1, 0.2]), a) == [None]


def test_igamma_has_second_gradients_towards_x():
    x = tf.constant(np.array([0.5, 2.0]))
    first = tf.gradients(tf.igamma(np.array([1.5, 3.0]), x), x)[0]
    second = run(tf.gradients(first, x)[0])
    assert np.isfinite(second).all()


def test_outside_of_the_domain_is_nan():
    low, high = run([tf.igamma([-1.0, 2.0, 1.0], [1.0, -1.0, 0.0]), tf.betainc(1.0, 1.0, 2.0)])
    np.testing.assert_array_equal(low, [np.nan, np.nan, 0])
    assert np.isnan(high)


def test_bincount_lengths():
    got = run([
        tf.bincount([1, 1, 3]), tf.bincount([1, 5], maxlength=3), tf.bincount([0], minlength=3),
        tf.bincount(tf.constant([], tf.int32)), tf.math.bincount([0, 1, 1], [1.0, 2.0, 0.5]),
    ])  # fmt: skip
    for a, b in zip(got, ([0, 2, 0, 1], [0, 1, 0], [1, 0, 0], [], [1, 2.5])):
        np.testing.assert_array_equal(a, b)


def test_bucketize_wants_sorted_boundaries():
    assert run(special_math_ops.bucketize([-1, 3, 9], [0.0, 5.0])).tolist() == [0, 1, 2]
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="sorted boundaries"):
        run(special_math_ops.bucketize([1], [2.0, 1.0]))


def test_bessel_keeps_sparse_tensors():
    x = tf.SparseTensor([[0], [2]], [0.0, 1.0], [3])
    values = run(tf.math.bessel_i0e(x).values)
    np.testing.assert_allclose(values, [1, 0.46575961], rtol=1e-6)


def test_nth_element_shares_ties():
    x = tf.constant([[1.0, 5, 3], [2, 2, 0]])
    y = special_math_ops.nth_element(x, 1)
    values, g = run([y, tf.gradients(y, x)[0]])
    assert values.tolist() == [3, 2]
    np.testing.assert_array_equal(g, [[0, 0, 1], [0.5, 0.5, 0]])


@pytest.mark.parametrize("name", ["prod", "min", "max", "sum"])
def test_unsorted_segments_of_unknown_rank(name):
    reduce = getattr(tf, "unsorted_segment_" + name)
    data = np.array([[1.0, 2], [0, 3], [4, 4], [5, 0]])
    known = tf.constant(data)
    x = tf.placeholder_with_default(data, None)
    ids = tf.placeholder_with_default(np.array([1, 0, -1, 1], np.int32), None)
    loose, strict = reduce(x, ids, 2), reduce(known, [1, 0, -1, 1], 2)
    a, b = run([tf.gradients(loose, x)[0], tf.gradients(strict, known)[0]])
    np.testing.assert_array_equal(a, b)


def test_gather_with_an_axis_from_a_tensor():
    data = np.arange(24.0).reshape(2, 3, 4)
    x = tf.constant(data)
    axis = tf.placeholder(tf.int32, [])
    y = tf.gather(x, [[2, 0], [1, 2]], axis=axis)
    weights = tf.placeholder(tf.float64)
    g = tf.gradients(y, x, weights)[0]
    with tf.Session() as sess:
        for at in (1, -2, 2):
            w = np.random.RandomState(0).rand(*np.take(data, [[2, 0], [1, 2]], at).shape)
            fixed = tf.gradients(tf.gather(x, [[2, 0], [1, 2]], axis=at), x, w)[0]
            np.testing.assert_allclose(sess.run(g, {axis: at, weights: w}), sess.run(fixed))


def test_gather_and_tile_of_unknown_rank_have_gradients():
    data = np.arange(24.0).reshape(2, 3, 4)
    x = tf.placeholder_with_default(data, None)
    batched = tf.gather(x, tf.placeholder_with_default([[0], [2]], None), axis=1, batch_dims=1)
    spread = tf.tile(x, tf.placeholder_with_default([2, 1, 3], [None]))
    a, b = run([tf.gradients(batched, x)[0], tf.gradients(spread, x)[0]])
    wanted = np.zeros_like(data)
    wanted[0, 0] = wanted[1, 2] = 1
    np.testing.assert_array_equal(a, wanted)
    np.testing.assert_array_equal(b, np.full_like(data, 6))


def test_tile_of_many_axes():
    data = np.arange(6.0).reshape(1, 2, 1, 3, 1)
    x = tf.placeholder(tf.float64, [None] * 5)
    g = tf.gradients(tf.tile(x, [2, 1, 3, 2, 1]), x)[0]
    np.testing.assert_array_equal(run(g, {x: data}), np.full_like(data, 12))


def test_searchsorted():
    rows, values = [[1, 3, 3], [4, 5, 9]], [[3, 0], [9, 10]]
    left, right = run([tf.searchsorted(rows, values), tf.searchsorted(rows, values, "right")])
    assert left.tolist() == [[1, 0], [2, 3]] and right.tolist() == [[3, 0], [3, 3]]
    with pytest.raises(ValueError, match="side must be either"):
        tf.searchsorted(rows, values, side="middle")


def test_edit_distance_wants_sparse_tensors():
    a = tf.SparseTensor([[0, 0]], [1], [1, 1])
    with pytest.raises(TypeError, match="Truth must be a SparseTensor"):
        tf.edit_distance(a, [[1]])
    value = tf.SparseTensorValue([[0, 0], [0, 1]], [1, 2], [1, 2])
    assert run(tf.edit_distance(a, value)).tolist() == [0.5]


def test_extract_image_patches_takes_the_old_name():
    x = np.zeros((1, 3, 3, 1), np.float32)
    one = [1, 1, 1, 1]
    y = tf.extract_image_patches(x, sizes=[1, 2, 2, 1], strides=one, rates=one, padding="VALID")
    assert y.shape.as_list() == [1, 2, 2, 4]
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.extract_image_patches(x, one, one, one, "VALID", sizes=one)


def test_slices_of_variables_can_be_assigned():
    v = tf.Variable(np.arange(12.0).reshape(3, 4), name="v")
    with tf.Session() as sess:
        sess.run(v.initializer)
        sess.run(v[1, 1:3].assign([-1.0, -2.0]))
        result = sess.run(v[..., 0].assign([7.0, 8.0, 9.0]))
        np.testing.assert_array_equal(result[:, 0], [7, 8, 9])
        np.testing.assert_array_equal(sess.run(v)[1], [8, -1, -2, 7])
        with pytest.raises(tf.errors.UnimplementedError, match="broadcasting"):
            sess.run(v[0].assign(1.0))
    with pytest.raises(ValueError, match="only supported for variables"):
        tf.constant([1, 2])[0].assign(3)


def test_raw_ops_take_keywords():
    y = tf.raw_ops.Add(x=1, y=2, name="three")
    assert y.op.name == "three" and run(y) == 3
    with pytest.raises(TypeError, match="missing arguments: y"):
        tf.raw_ops.Add(x=1)
    with pytest.raises(AttributeError):
        tf.raw_ops.NoSuchOp  # noqa: B018


def test_fake_quantisation_checks_its_attrs_in_the_run():
    x = tf.constant([1.0])
    for arguments in (dict(min=2, max=1), dict(num_bits=1)):
        y = tf.quantization.fake_quant_with_min_max_args(x, **arguments)
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(y)


def test_fake_quantisation_passes_gradients_inside_the_range():
    x = tf.constant([-9.0, -1.0, 0.3, 9.0])
    low, high = tf.constant(-2.0), tf.constant(2.0)
    fake = tf.quantization
    y = fake.fake_quant_with_min_max_vars(x, low, high)
    g = run(tf.gradients(y, [x, low, high]))
    assert g[0].tolist() == [0, 1, 1, 0] and g[1] == 1 and g[2] == 1
    y = fake.fake_quant_with_min_max_args(x, -2.0, 2.0)
    assert run(tf.gradients(y, x)[0]).tolist() == [0, 1, 1, 0]
    x = tf.constant([[-9.0, 1.0], [1.0, 9.0]])
    low, high = tf.constant([-2.0, 0.0]), tf.constant([2.0, 2.0])
    y = fake.fake_quant_with_min_max_vars_per_channel(x, low, high)
    g = run(tf.gradients(y * [[1.0, 2], [3, 4]], [x, low, high]))
    assert g[0].tolist() == [[0, 2], [3, 0]]
    assert g[1].tolist() == [1, 0] and g[2].tolist() == [0, 4]


def test_quantize_and_dequantize_passes_gradients():
    x = tf.constant([-3.0, 0.1, 2.0])
    y = tf.quantization.quantize_and_dequantize(x, -1.0, 1.0, range_given=True)
    third = tf.raw_ops.QuantizeAndDequantizeV3(input=x, input_min=-1.0, input_max=1.0, num_bits=8)
    first = tf.raw_ops.QuantizeAndDequantize(
        input=x, input_min=-1.0, input_max=1.0, range_given=True
    )
    for rounded in (y, third, first):
        value, g = run([rounded, tf.gradients(rounded, x)[0]])
        np.testing.assert_allclose(value, [-1.0078740, 0.1023622, 1], atol=1e-5)
        assert g.tolist() == [1, 1, 1]


def test_assert_shapes():
    x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None])
    check = tf.debugging.assert_shapes({x: ("N", 3), y: ("N",)})
    with tf.Session() as sess:
        sess.run(check, {x: np.zeros((2, 3)), y: np.zeros(2)})
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(check, {x: np.zeros((2, 3)), y: np.zeros(3)})
    with pytest.raises(ValueError):
        tf.debugging.assert_shapes({x: ("N", 4)})
    with pytest.raises(ValueError):
        tf.debugging.assert_shapes({x: ("N",)})


def test_fingerprint_and_roll():
    assert run(search_ops.fingerprint(["abc"])).tolist() == [
        [105, 243, 231, 116, 160, 179, 165, 36]
    ]
    assert run(tf.roll(["a", "b", "c"], -1, 0)).tolist() == [b"b", b"c", b"a"]


@pytest.mark.parametrize("size", [3, 20])
def test_vectorized_map(size):
    x = np.arange(2.0 * size).reshape(size, 2)
    doubled, total = tf.vectorized_map(lambda v: (v * 2, tf.reduce_sum(v)), tf.constant(x))
    a, b = run([doubled, total])
    np.testing.assert_array_equal(a, 2 * x)
    np.testing.assert_array_equal(b, x.sum(1))


def test_tensordot_with_axes_from_a_tensor():
    x = np.arange(24.0).reshape(2, 3, 4)
    axes = tf.placeholder_with_default([[0, 1], [0, -2]], [2, 2])
    open_x = tf.placeholder_with_default(x, None)
    both = [tf.tensordot(x, x, axes), tf.tensordot(open_x, open_x, [[0, 1], [0, 1]])]
    for value in run(both):
        np.testing.assert_allclose(value, np.tensordot(x, x, [[0, 1], [0, 1]]))


def test_matrix_diagonals_beside_the_main_one():
    x = np.arange(12.0).reshape(3, 4)
    band = tf.linalg.diag_part(x, k=(-1, 1), padding_value=-1)
    made = tf.linalg.diag([1.0, 2.0], k=1, padding_value=9)
    replaced = tf.linalg.set_diag(x, tf.zeros([2], tf.float64), k=2)
    a, b, c = run([band, made, replaced])
    assert a.tolist() == [[1, 6, 11], [0, 5, 10], [4, 9, -1]]
    assert b.tolist() == [[9, 1, 9], [9, 9, 2], [9, 9, 9]]
    assert c[0, 2] == 0 and c[1, 3] == 0 and c[2, 3] == 11
    assert tf.linalg.diag([1.0]).op.type == "MatrixDiag"
