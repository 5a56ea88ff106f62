# SPDX-License-Identifier: Apache-2.0
"""tf.layers: signatures, shapes, training with batch normalization, arguments that do not fit."""

import inspect

import numpy as np
import pytest

import caudal as tf

L = tf.layers


def test_functions_have_the_arguments_of_their_classes():
    for name, cls in (("dense", L.Dense), ("conv2d", L.Conv2D), ("conv1d", L.Conv1D)):
        of_class = list(inspect.signature(cls).parameters)[:-1]
        of_function = list(inspect.signature(getattr(L, name)).parameters)
        assert of_function == ["inputs", *of_class, "reuse"]
    assert list(inspect.signature(L.max_pooling2d).parameters) == [
        "inputs", "pool_size", "strides", "padding", "data_format", "name",
    ]  # fmt: skip
    with pytest.raises(TypeError, match="unexpected keyword"):
        L.dense(tf.ones([1, 2]), 3, wrong=1)
    with pytest.raises(TypeError, match="multiple values"):
        L.dense(tf.ones([1, 2]), 3, units=4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_shapes_are_what_the_layer_says(rank, data_format):
    spatial = [5, 6, 7][:rank]
    shape = [2, 3, *spatial] if data_format == "channels_first" else [2, *spatial, 3]
    x = tf.placeholder(tf.float32, shape)
    conv = (L.Conv1D, L.Conv2D, L.Conv3D)[rank - 1]
    pool = (L.MaxPooling1D, L.MaxPooling2D, L.MaxPooling3D)[rank - 1]
    for padding in "same", "valid":
        made = [
            conv(4, 2, strides=2, padding=padding, data_format=data_format),
            pool(2, 2, padding=padding, data_format=data_format),
        ]
        if rank > 1:
            transpose = (L.Conv2DTranspose, L.Conv3DTranspose)[rank - 2]
            made.append(transpose(4, 3, 2, padding=padding, data_format=data_format))
        for layer in made:
            assert layer(x).shape == layer.compute_output_shape(x.shape)


def test_channels_first_computes_what_channels_last_does():
    value = np.random.RandomState(0).randn(2, 5, 6, 3).astype("f")
    x = tf.constant(value)
    y = tf.constant(value.transpose(0, 3, 1, 2))
    layers = {
        "conv": lambda v, f: L.conv2d(v, 4, 3, data_format=f, name="conv", padding="same"),
        "separable": lambda v, f: L.separable_conv2d(v, 4, 3, data_format=f, name="sep"),
        "transpose": lambda v, f: L.conv2d_transpose(v, 4, 3, 2, data_format=f, name="tr"),
        "pool": lambda v, f: L.average_pooling2d(v, 2, 2, data_format=f),
        "flatten": lambda v, f: L.flatten(v, data_format=f),
    }
    pairs = []
    for make in layers.values():
        with tf.variable_scope("v", reuse=tf.AUTO_REUSE):
            last, first = make(x, "channels_last"), make(y, "channels_first")
        pairs.append((last, first))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for last, first in sess.run(pairs):
            if last.ndim == 4:
                first = first.transpose(0, 2, 3, 1)
            np.testing.assert_allclose(last, first, rtol=1e-4, atol=1e-5)


def test_training_with_batch_normalization_and_dropout():
    rng = np.random.RandomState(0)
    data = rng.randn(64, 8).astype("f")
    labels = (data[:, :1] > 0).astype("f")
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 8])
    training = tf.placeholder_with_default(False, [])
    h = L.dense(x, 16, use_bias=False)
    h = tf.nn.relu(L.batch_normalization(h, training=training, momentum=0.8))
    h = L.dropout(h, 0.2, training=training)
    loss = tf.reduce_mean(tf.squared_difference(L.dense(h, 1), labels))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.AdamOptimizer(0.02).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = sess.run(loss, {x: data})
        for _ in range(60):
            sess.run(train, {x: data, training: True})
        after, again = sess.run(loss, {x: data}), sess.run(loss, {x: data})
    assert after < 0.3 * before and after == again


def test_moving_averages_change_only_with_their_updates():
    x = tf.random_normal([8, 3], mean=2.0, seed=1)
    y = L.batch_normalization(x, training=True)
    mean = tf.global_variables()[2]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(y)
        assert not sess.run(mean).any()
        sess.run(updates)
        assert sess.run(mean).all()


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda x: L.conv2d(x, 2, 3, padding="wrong"), ValueError, "padding"),
        (lambda x: L.conv2d(x, 2, 3, data_format="wrong"), ValueError, "data_format"),
        (lambda x: L.conv2d(x, 2, (1, 2, 3)), ValueError, "tuple of 2 integers"),
        (lambda x: L.conv2d(x, 2, ("a", 2)), ValueError, "including element a"),
        (lambda x: L.conv2d(x, 2, 2, strides=2, dilation_rate=2), ValueError, "not supported"),
        (lambda x: L.conv2d(x, 2, 9), ValueError, "Negative dimension"),
        (lambda x: L.conv2d(x[0], 2, 3), ValueError, "expected ndim=4"),
        (lambda x: L.max_pooling2d(x, 2, 0), ValueError, "[Ss]tride"),
        (lambda x: L.max_pooling2d(x, 2, None), ValueError, "strides"),
        (lambda x: L.batch_normalization(x, axis=9), ValueError, "Invalid axis: 9"),
        (lambda x: L.batch_normalization(x, axis="a"), TypeError, "axis must be int or list"),
        (lambda x: L.batch_normalization(x, axis=[1, 1]), ValueError, "Duplicate axis"),
        (lambda x: L.batch_normalization(x, virtual_batch_size=0), ValueError, "positive integer"),
        (lambda x: L.batch_normalization(x, renorm=True, renorm_clipping={"a": 1}), ValueError,
         "renorm_clipping"),
        (lambda x: L.dropout(x, 1.5, training=True), ValueError, "rate"),
        (lambda x: L.dense(x, 2, kernel_initializer="wrong"), ValueError, "Unknown initializer"),
        (lambda x: L.dense(x, 2, activation="wrong"), ValueError, "Unknown activation"),
        (lambda x: L.dropout(x, training="yes"), TypeError, "must be a Tensor, or a Python bool"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit(make, error, text):
    with pytest.raises(error, match=text):
        make(tf.ones([2, 5, 6, 3]))


def test_names_of_initializers_and_activations():
    y = L.dense(tf.ones([1, 2]), 3, activation="relu", kernel_initializer="ones",
                kernel_regularizer="l2")  # fmt: skip
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(y), [[2, 2, 2]])
        assert sess.run(tf.get_collection("regularization_losses")) == [np.float32(0.06)]
