# SPDX-License-Identifier: Apache-2.0
"""Candidate samplers, sampled losses, CTC and N-D convolutions as functions of tf.nn."""

import numpy as np
import pytest

import caudal as tf


def run(*tensors):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(list(tensors))


CLASSES = np.int64([[1, 2], [3, 4]])


def test_samplers_draw_what_tensorflow_draws():
    node = tf.nn.log_uniform_candidate_sampler(CLASSES, 2, 6, True, 20, seed=5)
    with tf.Session() as sess:
        assert sess.run(node)[0].tolist() == [0, 4, 7, 6, 1, 15]
        assert sess.run(node)[0].tolist() == [6, 1, 4, 0, 14, 10]
    unigrams = [1.0, 2, 3, 4, 5, 6, 7, 8]
    node = tf.nn.fixed_unigram_candidate_sampler(
        CLASSES, 2, 4, True, 8, unigrams=unigrams, distortion=0.75, seed=5
    )
    with tf.Session() as sess:
        assert sess.run(node)[0].tolist() == [7, 5, 4, 1]
        assert sess.run(node)[0].tolist() == [3, 4, 2, 0]


def test_fixed_unigrams_from_a_file(tmp_path):
    path = tmp_path / "vocabulary.csv"
    path.write_text("a,1\nb,2.5\nc,x,3\n\nd,4\n")
    node = tf.nn.fixed_unigram_candidate_sampler(
        CLASSES, 2, 5, False, 4, vocab_file=str(path), seed=5
    )
    (sampled,) = run(node)
    assert set(sampled.sampled_candidates) <= {0, 1, 2, 3}
    np.testing.assert_allclose(
        sampled.true_expected_count, np.array([[2.5, 3], [4, 0]]) / 10.5 * 5, rtol=1e-5
    )


@pytest.mark.parametrize(
    "arguments, text",
    [
        (dict(unigrams=[1.0] * 7), "7 unigrams"),
        (dict(), "Must provide either"),
        (dict(unigrams=[1.0] * 8, vocab_file="x"), "Must only provide one"),
        (dict(unigrams=[1.0] * 8, num_shards=2, shard=2), "shard 2"),
        (dict(unigrams=[-1.0] * 8), "negative"),
    ],
)
def test_bad_unigrams(arguments, text):
    node = tf.nn.fixed_unigram_candidate_sampler(CLASSES, 2, 5, True, 8, **arguments)
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run(*node)


def test_a_missing_vocabulary():
    node = tf.nn.fixed_unigram_candidate_sampler(CLASSES, 2, 5, True, 8, vocab_file="/missing")
    with pytest.raises(tf.errors.NotFoundError):
        run(*node)


def test_unique_samples_of_a_small_range():
    node = tf.nn.uniform_candidate_sampler(CLASSES, 2, 50, True, 5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="range is too small"):
        run(*node)


@pytest.mark.parametrize("function", [tf.nn.nce_loss, tf.nn.sampled_softmax_loss])
def test_gradients_of_sampled_losses_stay_sparse(function):
    weights = tf.Variable(tf.random_normal([50, 4], seed=1))
    biases = tf.Variable(tf.zeros([50]))
    inputs = tf.constant(np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32))
    loss = function(weights, biases, CLASSES, inputs, 8, 50, num_true=2)
    slopes = tf.gradients(loss, [weights, biases])
    assert all(isinstance(g, tf.IndexedSlices) for g in slopes)
    values = run(loss, slopes[0].values, slopes[1].values)
    assert values[0].shape == (2,) and values[1].shape == (12, 4) and values[2].shape == (12,)


def test_all_samples_make_a_full_softmax():
    weights = tf.constant(np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32))
    inputs = tf.constant(np.random.default_rng(3).normal(size=(2, 3)).astype(np.float32))
    labels = tf.constant([[1], [4]], tf.int64)
    samples = tf.nn.all_candidate_sampler(labels, 1, 6, True)
    got = tf.nn.sampled_softmax_loss(
        weights, tf.zeros([6]), labels, inputs, 6, 6, sampled_values=samples
    )
    sparse = tf.contrib.nn.sampled_sparse_softmax_loss(
        weights, tf.zeros([6]), labels, inputs, 6, 6, sampled_values=samples
    )
    want = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=[1, 4], logits=tf.matmul(inputs, weights, transpose_b=True)
    )
    a, b, c = run(got, sparse, want)
    np.testing.assert_allclose(a, c, rtol=1e-5)
    np.testing.assert_allclose(b, c, rtol=1e-5)


# -- Connectionist temporal classification ---------------------------------------------------------

LOGITS = np.random.default_rng(5).normal(size=(4, 1, 3)).astype(np.float32)


def labels_of(values, indices=None):
    indices = [[0, i] for i in range(len(values))] if indices is None else indices
    return tf.SparseTensor(indices, np.int32(values), [1, 4])


@pytest.mark.parametrize(
    "values, length, text",
    [
        ([2, 0], 4, "Saw a non-null label"),
        ([-1, 0], 4, "nonnegative"),
        ([0, 1, 0], 2, "Not enough time"),
        ([0], 9, "sequence_length"),
    ],
)
def test_bad_labels(values, length, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run(tf.nn.ctc_loss(labels_of(values), LOGITS, [length]))


def test_labels_out_of_order():
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of order"):
        run(tf.nn.ctc_loss(labels_of([0, 1], [[0, 1], [0, 0]]), LOGITS, [4]))


def test_no_second_gradient_of_ctc():
    x = tf.constant(LOGITS)
    first = tf.gradients(tf.nn.ctc_loss(labels_of([0]), x, [4]), x)[0]
    with pytest.raises(LookupError, match="explicitly disabled"):
        tf.gradients(first, x)


def test_arguments_of_ctc():
    with pytest.raises(TypeError, match="SparseTensor"):
        tf.nn.ctc_loss(np.zeros([1, 1], np.int32), LOGITS, [4])
    with pytest.raises(ValueError, match="blank_index must be given"):
        tf.nn.ctc_loss_v2(labels_of([0]), LOGITS, None, [4])


def test_an_impossible_sequence_has_no_probability():
    # Two equal labels need a blank between them.
    (loss,) = run(tf.nn.ctc_loss(labels_of([0, 0]), LOGITS[:2], [2]))
    assert np.isinf(loss[0])


# -- Convolutions of any rank ----------------------------------------------------------------------


def test_dilation_through_interleaved_images():
    rng = np.random.default_rng(6)
    x = tf.constant(rng.normal(size=(2, 7, 6, 2)).astype(np.float32))
    f = tf.constant(rng.normal(size=(3, 2, 2, 3)).astype(np.float32))

    def op(parts, spatial, padding):
        assert spatial == 2
        return tf.nn.conv2d(parts, f, [1, 1, 1, 1], padding)

    for padding in ("SAME", "VALID"):
        a = tf.nn.with_space_to_batch(x, [2, 3], padding, op, filter_shape=[3, 2])
        b = tf.nn.convolution(x, f, padding, dilation_rate=[2, 3])
        np.testing.assert_allclose(*run(a, b), rtol=1e-4, atol=1e-5)


def test_channels_first_volumes():
    rng = np.random.default_rng(7)
    x, f = rng.normal(size=(1, 3, 4, 3, 2)), rng.normal(size=(2, 2, 1, 2, 3))
    turned = np.moveaxis(x, -1, 1)
    for dtype in (np.float32, np.float64):
        a = tf.nn.conv3d(x.astype(dtype), f.astype(dtype), [1, 1, 2, 1, 1], "SAME")
        b = tf.nn.conv3d(turned.astype(dtype), f.astype(dtype), [1, 1, 1, 2, 1], "SAME", "NCDHW")
        a, b = run(a, b)
        np.testing.assert_allclose(np.moveaxis(a, -1, 1), b, rtol=1e-4, atol=1e-5)


def test_transposes_choose_by_rank():
    x = np.ones((1, 2, 2, 2, 1), np.float32)
    y = tf.nn.conv_transpose(x, np.ones((2, 2, 2, 1, 1), np.float32), [1, 4, 4, 4, 1], 2)
    assert run(y)[0].sum() == 64
    with pytest.raises(ValueError, match="length 3, 4 or 5"):
        tf.nn.conv_transpose(x, x, [1, 2], 1)


def test_sizes_of_a_pool_may_be_fed():
    from caudal.framework.op_factory import apply

    x = tf.constant(np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1))
    size = tf.placeholder(tf.int32, [4])
    y = apply("MaxPoolV2", x, size, size, padding="VALID")
    slope = tf.gradients(y, x)[0]
    with tf.Session() as sess:
        for k in (2, 4):
            value, dx = sess.run([y, slope], {size: [1, k, k, 1]})
            assert value.shape == (1, 4 // k, 4 // k, 1) and dx.sum() == (4 // k) ** 2


def test_quantised_functions_are_refused():
    with pytest.raises(NotImplementedError, match="quantised"):
        tf.nn.quantized_relu_x(1, 2, 3, 4)
