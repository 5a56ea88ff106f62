# SPDX-License-Identifier: Apache-2.0
"""nn: arguments, errors and numbers that the op catalog does not reach."""

import numpy as np
import pytest

import caudal as tf


def run(fetches, feed_dict=None):
    with tf.Session() as session:
        return session.run(fetches, feed_dict)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# -- Arguments and errors --------------------------------------------------------------------------


def test_strides_may_be_an_int_or_lists_of_1_2_4():
    x, f = tf.placeholder(tf.float32, [2, 9, 8, 3]), tf.constant(normal(3, 3, 3, 4))
    for strides in (2, [2], [2, 2], [1, 2, 2, 1]):
        assert tf.nn.conv2d(x, f, strides, "SAME").shape.as_list() == [2, 5, 4, 4]
    with pytest.raises(ValueError, match="strides should be of length 1, 2 or 4 but was 3"):
        tf.nn.conv2d(x, f, [1, 1, 1], "SAME")


@pytest.mark.parametrize(
    "input_shape, filter_shape, padding, words",
    [
        ([1, 3, 3, 1], [5, 5, 1, 1], "VALID", "Negative dimension size caused by sub"),
        ([1, 3, 3, 3], [2, 2, 4, 1], "SAME", r"Depth of input \(3\) is not a multiple"),
        ([1, 3, 3], [2, 2, 4, 1], "SAME", "Shape must be rank 4 but is rank 3"),
        ([1, 3, 3, 1], [2, 2, 1, 1], "FOO", "not in"),
    ],
)  # fmt: skip
def test_conv2d_errors(input_shape, filter_shape, padding, words):
    x, f = tf.placeholder(tf.float32, input_shape), tf.placeholder(tf.float32, filter_shape)
    with pytest.raises(ValueError, match=words):
        tf.nn.conv2d(x, f, [1, 1, 1, 1], padding)


def test_unknown_sizes_stay_unknown():
    x, f = tf.placeholder(tf.float32, [None, 9, None, 3]), tf.placeholder(tf.float32, [3, 3, 3, 4])
    assert tf.nn.conv2d(x, f, 2, "VALID").shape.as_list() == [None, 4, None, 4]
    assert tf.nn.max_pool(x, 2, 2, "SAME").shape.as_list() == [None, 5, None, 3]
    unknown = tf.nn.conv2d(tf.placeholder(tf.float32), f, 1, "SAME")
    assert unknown.shape.as_list() == [None] * 3 + [4]


def test_cross_entropies_want_names():
    x = tf.placeholder(tf.float32, [2, 3])
    for function in (
        tf.nn.softmax_cross_entropy_with_logits,
        tf.nn.sparse_softmax_cross_entropy_with_logits,
        tf.nn.sigmoid_cross_entropy_with_logits,
    ):
        with pytest.raises(ValueError, match="named arguments"):
            function(x, x)
        with pytest.raises(ValueError, match="Both labels and logits must be provided"):
            function(labels=x)


def test_sparse_cross_entropy_errors():
    logits = tf.placeholder(tf.float32, [2, 10])
    with pytest.raises(ValueError, match="Rank mismatch"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1], [2]], logits=logits)
    with pytest.raises(ValueError, match="Shape mismatch"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 2, 3], logits=logits)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[10, -1], logits=logits)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"valid range of \[0, 10\)"):
        run(loss, {logits: np.zeros((2, 10))})


def test_old_and_new_names_exclude_each_other():
    x = tf.placeholder(tf.float32, [2, 3])
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.nn.softmax(x, axis=1, dim=1)
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.nn.dropout(x, 0.5, rate=0.5)


def test_fused_batch_norm_takes_no_statistics_in_training():
    x, v = tf.placeholder(tf.float32, [1, 2, 2, 3]), tf.constant([1.0, 1, 1])
    with pytest.raises(ValueError, match="must be None if is_training"):
        tf.nn.fused_batch_norm(x, v, v, v, v)


# -- Numbers ---------------------------------------------------------------------------------------


def test_softmax_along_any_axis():
    x = normal(2, 3, 4)
    for axis in (0, 1, 2, -1, -3):
        want = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(run(tf.nn.softmax(tf.constant(x), axis=axis)), want, rtol=1e-5)
        np.testing.assert_allclose(
            run(tf.nn.log_softmax(tf.constant(x), axis=axis)), np.log(want), rtol=1e-4, atol=1e-5
        )


def test_softmax_of_infinities():
    x = np.array([[1, 2, np.inf], [-np.inf, 2, 3], [np.nan, 1, 2], [-np.inf] * 3], np.float32)
    y = run(tf.nn.softmax(tf.constant(x)))
    assert np.isnan(y[[0, 2, 3]]).all()
    np.testing.assert_allclose(y[1], [0, 0.26894143, 0.7310586], rtol=1e-6)


def test_labels_get_gradients_in_v2_only():
    logits = tf.constant(normal(4, 5))
    labels = tf.constant(np.full((4, 5), 0.2, np.float32))
    old = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    new = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
    assert tf.gradients(old, labels) == [None]
    (towards_labels,) = tf.gradients(new, labels)
    got, want = run([towards_labels, -tf.nn.log_softmax(logits)])
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_max_pool_ignores_nan_and_prefers_the_first_maximum():
    x = tf.constant(np.array([np.nan, 1, 2, np.nan, 3, 3], np.float32).reshape(1, 1, 6, 1))
    y = tf.nn.max_pool(x, [1, 2], [1, 2], "SAME")
    np.testing.assert_array_equal(run(y).ravel(), [1, 2, 3])
    np.testing.assert_array_equal(run(tf.gradients(y, x)[0]).ravel(), [1, 0, 1, 0, 1, 0])


def test_pool_over_depth():
    x = tf.constant(np.arange(16, dtype=np.float32).reshape(1, 1, 2, 8))
    y = tf.nn.max_pool(x, [1, 1, 1, 2], [1, 1, 1, 2], "SAME")
    np.testing.assert_array_equal(run(y).ravel(), [1, 3, 5, 7, 9, 11, 13, 15])


def test_top_k_prefers_the_first_of_equals():
    values, indices = run(tf.nn.top_k(tf.constant([[1.0, 3, 3, 2, 3]]), 3))
    assert values.tolist() == [[3, 3, 3]] and indices.tolist() == [[1, 2, 4]]


def test_in_top_k_of_bad_rows_is_false():
    scores = [[0.1, 0.9, 0.3], [0.5] * 3, [np.nan, 1, 2], [1, np.inf, 2], [3, 2, 1], [3, 2, 1]]
    hits = run(tf.nn.in_top_k(tf.constant(scores, tf.float32), tf.constant([1, 2, 1, 0, 5, -1]), 1))
    assert hits.tolist() == [True, True, False, False, False, False]


def test_dropout_scales_what_it_keeps():
    x = tf.ones([100, 100])
    y = run(tf.nn.dropout(x, rate=0.25, seed=1))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    rows = run(tf.nn.dropout(x, rate=0.5, noise_shape=[100, 1]))
    assert (rows.std(axis=1) == 0).all()
    assert tf.nn.dropout(x, 1.0) is x
    for bad in (dict(rate=1.0), dict(keep_prob=0.0), dict(rate=-0.1), {}):
        with pytest.raises(ValueError):
            tf.nn.dropout(x, **bad)


def test_dilated_pool_matches_plain_windows():
    x = normal(2, 7, 8, 3)
    y = run(tf.nn.pool(tf.constant(x), [2, 2], "MAX", "VALID", dilation_rate=[2, 3]))
    want = np.max([x[:, a : a + 5, b : b + 5] for a in (0, 2) for b in (0, 3)], axis=0)
    np.testing.assert_array_equal(y, want)


def test_fused_epilogues_equal_separate_ops():
    """Bias and activation ride on the product; fetching the parts forbids that."""
    x, w, b = tf.constant(normal(30, 40)), tf.constant(normal(40, 25)), tf.constant(normal(25))
    images, taps = tf.constant(normal(4, 9, 9, 3)), tf.constant(normal(3, 3, 3, 25))
    for product in (tf.matmul(x, w), tf.nn.conv2d(images, taps, 1, "SAME")):
        biased = tf.nn.bias_add(product, b)
        for activation in (tf.nn.relu, tf.nn.relu6, tf.nn.elu, tf.nn.selu, tf.nn.softplus,
                           tf.sigmoid, tf.tanh, tf.nn.leaky_relu):  # fmt: skip
            y = activation(biased)
            together = run(y)
            separate = run([y, biased, product])[0]
            np.testing.assert_allclose(together, separate, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("sizes", [(3, 4, 5), (64, 64, 64), (50, 400, 120), (1, 3000, 2)])
def test_matmul_sizes_and_dtypes(sizes):
    m, k, n = sizes
    for dtype in (np.float32, np.float64, np.int32, np.int64):
        a = (normal(m, k) * 10).astype(dtype)
        b = (normal(k, n, seed=1) * 10).astype(dtype)
        want = a.astype(np.float64) @ b.astype(np.float64)
        for ta in (False, True):
            for tb in (False, True):
                got = run(tf.matmul(a.T.copy() if ta else a, b.T.copy() if tb else b, ta, tb))
                assert got.dtype == dtype
                np.testing.assert_allclose(got, want, rtol=1e-3, atol=0.05)


def test_moments_and_their_parts():
    x = normal(4, 5, 3) + 1
    mean, variance = run(tf.nn.moments(tf.constant(x), [0, 1]))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(variance, x.var(axis=(0, 1)), rtol=1e-4)
    parts = tf.nn.sufficient_statistics(tf.constant(x), [0, 1], shift=tf.constant(1.0))
    again = run(tf.nn.normalize_moments(*parts))
    np.testing.assert_allclose(again[0], mean, rtol=1e-4)
    np.testing.assert_allclose(again[1], variance, rtol=1e-4)


def test_zero_fraction_and_l2_normalize():
    x = np.array([[0.0, 3, 4], [0, 0, 2]], np.float32)
    assert run(tf.nn.zero_fraction(x)) == 0.5
    np.testing.assert_allclose(run(tf.nn.l2_normalize(x, 1)), [[0, 0.6, 0.8], [0, 0, 1]], rtol=1e-6)


def test_what_no_run_accepts_is_refused_by_the_run():
    image, volume = np.ones([1, 4, 4, 2], np.float32), np.ones([1, 4, 4, 4, 2], np.float32)
    with tf.Graph().as_default(), tf.Session() as sess:
        for y in (
            tf.nn.conv2d(image, tf.ones([1, 1, 2, 2]), [2, 1, 1, 1], "SAME"),
            tf.nn.conv3d(volume, tf.ones([1, 1, 1, 2, 2]), [1, 1, 1, 1, 2], "SAME"),
        ):
            with pytest.raises(tf.errors.InvalidArgumentError, match="strides in the batch and"):
                sess.run(y)
        for ksize, stride, message in (
            ([1, 2, 2, 2], 2, "exactly one of pooling across depth"),
            ([1, 1, 1, 2], 1, "depth window to equal the depth stride"),
            ([1, 1, 1, 3], 3, "evenly divide"),
        ):
            pooled = tf.nn.max_pool(tf.ones([1, 2, 2, 4]), ksize, [1, 1, 1, stride], "SAME")
            with pytest.raises(tf.errors.UnimplementedError, match=message):
                sess.run(pooled)
        with pytest.raises(tf.errors.UnimplementedError, match="not yet supported on the batch"):
            tf.nn.avg_pool(image, [1, 1, 1, 1], [2, 1, 1, 1], "SAME")
        none = tf.zeros([0, 3, 3, 3, 1])
        peak = tf.nn.max_pool3d(none, [1, 2, 2, 2, 1], [1] * 5, "VALID")
        assert sess.run(tf.gradients(peak, none))[0].shape == (0, 3, 3, 3, 1)


def test_pools_and_dilations_check_their_lists():
    x, taps = np.ones([1, 4, 4, 2], np.float32), np.ones([2, 2, 3, 1], np.float32)
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="1 <= num_spatial_dims <= 3"):
            tf.nn.pool(np.ones([1] * 6, np.float32), [1] * 4, "MAX", "SAME")
        with pytest.raises(ValueError, match=r"len\(strides\)=1 but should be 2"):
            tf.nn.pool(x, [2, 2], "MAX", "SAME", strides=[1])
        with pytest.raises(ValueError, match="does not match corresponding dimension.*2 != 3"):
            tf.nn.atrous_conv2d(x, taps, 2, "SAME")
        back = tf.nn.atrous_conv2d_transpose
        for sizes, padding, message in (
            ([1, 4, 4, 3], "FULL", "either VALID or SAME"),
            ([1, 4, 4], "SAME", r"must have shape \(4,\)"),
            ([1, 4, 4, 9], "SAME", "output channels, 9 != 3"),
        ):
            with pytest.raises(ValueError, match=message):
                back(x[..., :1], taps, sizes, 2, padding)
        with pytest.raises(ValueError, match="both 'filter' and 'filters'"):
            tf.nn.conv2d(x, taps, 1, "SAME", filters=taps)
        doubled = tf.nn.with_space_to_batch(
            x, [3, 2], "VALID", lambda part, *_: 2.0 * part, spatial_dims=[1, 3]
        )
        assert doubled.shape.as_list() == [1, 4, 4, 2]


def test_bias_of_second_dimension_and_of_complex_numbers():
    x = np.arange(12.0).reshape([2, 2, 3])
    bias = np.array([1.0, 10.0])
    with tf.Graph().as_default(), tf.Session() as sess:
        value, added = tf.constant(x), tf.constant(bias)
        y = tf.nn.bias_add(value, added, data_format="NCHW")
        np.testing.assert_array_equal(sess.run(y), x + bias[:, None])
        grad = tf.gradients(y * y, added)[0]
        np.testing.assert_allclose(sess.run(grad), 2 * (x + bias[:, None]).sum(axis=(0, 2)))
        for kind in (np.complex64, np.complex128):
            number, more = (1j * x).astype(kind), (bias - 2j).astype(kind)
            y = tf.nn.bias_add(number, more, data_format="NC...")
            np.testing.assert_array_equal(sess.run(y), number + more[:, None])
            back = tf.raw_ops.BiasAddGrad(out_backprop=number, data_format="NHWC")
            np.testing.assert_array_equal(sess.run(back), number.sum(axis=(0, 1)))


def test_zero_fraction_of_any_values():
    with tf.Graph().as_default(), tf.Session() as sess:
        assert sess.run(tf.nn.zero_fraction([[True, False]])) == 0.5
        assert sess.run(tf.nn.zero_fraction(["", "a", "", "b"])) == 0.5


def test_cross_entropy_twice_derived():
    labels, start = np.eye(3)[[0, 2]], np.array([[0.3, 1.0, -2.0], [0.0, 0.5, 0.1]])
    with tf.Graph().as_default(), tf.Session() as sess:
        flat = tf.constant(start.ravel())
        loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels, tf.reshape(flat, [2, 3]))
        second = sess.run(tf.hessians(loss, flat)[0])
        want = np.zeros([6, 6])
        for i, row in enumerate(np.exp(start) / np.exp(start).sum(axis=1, keepdims=True)):
            want[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = np.diag(row) - np.outer(row, row)
        np.testing.assert_allclose(second, want, atol=1e-12)
        with pytest.raises(ValueError, match="axis 2 is not one of"):
            tf.nn.softmax_cross_entropy_with_logits_v2(labels, start, axis=2)


def test_windows_larger_than_the_image():
    patches = tf.image.extract_image_patches
    with tf.Graph().as_default():
        image = tf.zeros([1, 3, 3, 1])
        none = patches(image, [1, 4, 4, 1], [1] * 4, [1] * 4, "VALID")
        assert none.shape.as_list() == [1, 0, 0, 16]
        with pytest.raises(ValueError, match="output size would be negative: -5"):
            patches(image, [1, 9, 9, 1], [1] * 4, [1] * 4, "VALID")


def test_explicit_paddings_and_the_attr_that_names_them():
    image, taps = np.ones([1, 4, 4, 2], np.float32), np.ones([2, 2, 2, 3], np.float32)
    with tf.Graph().as_default():
        for padding, paddings, message in (
            ("EXPLICIT", [0] * 6, "must contain 8 values, but got: 6"),
            ("VALID", [0] * 8, "must be empty if the padding"),
            ("EXPLICIT", [0, 0, -1, 0, 0, 0, 0, 0], "must be nonnegative"),
            ("EXPLICIT", [1, 0, 0, 0, 0, 0, 0, 0], "Nonzero explicit padding in the batch"),
        ):
            with pytest.raises(ValueError, match=message):
                tf.raw_ops.Conv2D(
                    input=image, filter=taps, strides=[1] * 4, padding=padding,
                    explicit_paddings=paddings,
                )  # fmt: skip


def test_means_of_integers_are_cut_after_the_sum():
    with tf.Graph().as_default(), tf.Session() as sess:
        back = tf.raw_ops.FractionalAvgPoolGrad(
            orig_input_tensor_shape=np.array([1, 1, 3, 1]),
            out_backprop=tf.ones([1, 1, 2, 1], tf.int32),
            row_pooling_sequence=np.array([0, 1]),
            col_pooling_sequence=np.array([0, 1, 3]),
            overlapping=True,
        )
        assert sess.run(back).ravel().tolist() == [0, 1, 0]
