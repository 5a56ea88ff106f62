# SPDX-License-Identifier: Apache-2.0
"""Shapes that are not known, and arguments that do not fit."""

import numpy as np
import pytest

from caudal.keras import backend as K


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def _value(tensor, feeds):
    return K.function(list(feeds), [tensor])(list(feeds.values()))[0]


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_transposed_convolution_of_a_batch_of_any_size(layout, dimensions):
    shape = (4, 5, 3)[:dimensions]
    sizes = [2 * n for n in shape]
    x_shape, out = ((*shape, 3), (*sizes, 2))
    if layout == "channels_first":
        x_shape, out = (3, *shape), (2, *sizes)
    x = K.placeholder((None, *x_shape))
    kernel = K.constant(np.ones((3,) * dimensions + (2, 3)))
    function = K.conv2d_transpose if dimensions == 2 else K.conv3d_transpose
    for batch in (None, K.shape(x)[0]):
        y = function(
            x, kernel, (batch, *out), strides=(2,) * dimensions, padding="same", data_format=layout
        )
        for n in (1, 3):
            assert _value(y, {x: np.ones((n, *x_shape))}).shape == (n, *out)


def test_local_convolutions_of_a_batch_of_any_size():
    x = K.placeholder((None, 6, 7, 3))
    kernel = np.random.RandomState(0).rand(2, 3, 3, 4).astype("float32")
    everywhere = np.tile(kernel.reshape(1, 18, 4), (5 * 5, 1, 1))
    local = K.local_conv2d(x, K.constant(everywhere), (2, 3), (1, 1), (5, 5))
    feeds = {x: np.random.RandomState(1).rand(3, 6, 7, 3)}
    shared = K.conv2d(x, K.constant(kernel))
    np.testing.assert_allclose(_value(local, feeds), _value(shared, feeds), rtol=1e-5)
    assert K.int_shape(local) == (None, 5, 5, 4)
    steps = K.placeholder((None, 6, 3))
    kernel = kernel[0]
    local = K.local_conv1d(
        steps, K.constant(np.tile(kernel.reshape(1, 9, 4), (4, 1, 1))), (3,), (1,)
    )
    feeds = {steps: np.random.RandomState(1).rand(3, 6, 3)}
    shared = K.conv1d(steps, K.constant(kernel))
    np.testing.assert_allclose(_value(local, feeds), _value(shared, feeds), rtol=1e-5)
    assert K.int_shape(local) == (None, 4, 4)


def test_static_shapes_are_kept():
    x = K.placeholder((None, 4, None, 3))
    assert K.int_shape(K.resize_images(x, 2, 3, "channels_last")) == (None, 8, None, 3)
    assert K.int_shape(K.resize_images(x, 2, 3, "channels_first")) == (None, 4, None, 9)
    assert K.int_shape(K.repeat_elements(x, 2, 1)) == (None, 8, None, 3)
    assert K.int_shape(K.repeat_elements(x, 2, -2)) == (None, 4, None, 3)
    assert K.int_shape(K.spatial_2d_padding(x)) == (None, 6, None, 3)
    assert K.int_shape(K.spatial_2d_padding(x, data_format="channels_first")) == (None, 4, None, 5)
    volumes = K.placeholder((None, 2, 3, None, 1))
    assert K.int_shape(K.spatial_3d_padding(volumes)) == (None, 4, 5, None, 1)
    assert K.int_shape(K.batch_flatten(K.placeholder((None, 2, 3)))) == (None, 6)
    assert K.int_shape(K.dot(x, K.constant(np.ones((3, 5))))) == (None, 4, None, 5)
    assert K.int_shape(K.in_train_phase(x, x)) == (None, 4, None, 3)


def test_batch_dot_is_a_product_for_each_element():
    source = np.random.RandomState(0)
    x, y = source.rand(3, 4, 5).astype("float32"), source.rand(3, 6, 5).astype("float32")
    for axes in (2, -1, (2, 2), (-1, -1), [2, -1]):
        value = K.eval(K.batch_dot(K.constant(x), K.constant(y), axes=axes))
        np.testing.assert_allclose(value, np.einsum("bij,bkj->bik", x, y), rtol=1e-5)
    with pytest.raises(ValueError, match="Multiple target dimensions"):
        K.batch_dot(K.constant(x), K.constant(y), axes=[(1, 2), (1, 2)])


def test_arange_of_tensors():
    for n, expected in ((3, [0, 1, 2]), (0, []), (-2, [])):
        assert K.eval(K.arange(K.constant(n, dtype="int32"))).tolist() == expected


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x, v: K.conv2d(x, v, padding="twice"), ValueError, "Invalid padding: twice"),
        (lambda x, v: K.conv2d(x, v, data_format="middle"), ValueError, "data_format"),
        (lambda x, v: K.pool2d(x, (2, 2), pool_mode="median"), ValueError, "pooling mode: median"),
        (lambda x, v: K.resize_images(x, 2, 2, "middle"), ValueError, "data_format"),
        (lambda x, v: K.resize_images(x, 2, 2, "channels_last", "cubic"), ValueError, "nearest"),
        (lambda x, v: K.bias_add(x, K.constant(np.ones((2, 3)))), ValueError, "expect to be 1 or"),
        (lambda x, v: K.dropout(x, -0.5), ValueError, "1.5|-0.5"),
        (lambda x, v: K.repeat(x, 2), ValueError, "takes a matrix"),
        (lambda x, v: K.slice(x, [0], [1]), ValueError, "should match"),
        (lambda x, v: K.switch(x > 0, v, v), ValueError, "Rank of `condition`"),
        (lambda x, v: K.categorical_crossentropy(x, x, axis=7), ValueError, "channels axis 7"),
        (lambda x, v: K.sparse_categorical_crossentropy(x, x, axis=7), ValueError, "axis 7"),
        (lambda x, v: K.spatial_2d_padding(x, ((1, 1),)), AssertionError, "2 pairs"),
        (lambda x, v: K.temporal_padding(x, (1,)), AssertionError, "1 pair"),
    ],
)
def test_wrong_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call(K.placeholder((None, 4, 4, 3)), K.constant(np.ones(3)))


def test_moments_of_images_are_the_same_in_both_precisions():
    x = np.random.RandomState(0).rand(2, 3, 4, 5)
    found = []
    for dtype in ("float32", "float64"):
        results = K.normalize_batch_in_training(K.constant(x, dtype), None, None, [0, 1, 2])
        assert [K.dtype(r) for r in results] == [dtype] * 3
        found.append(K.batch_get_value(results))
    np.testing.assert_allclose(found[1][2], x.reshape(-1, 5).var(0, ddof=1), rtol=1e-6)
    for single, double in zip(*found):
        np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)
