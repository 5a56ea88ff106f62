# SPDX-License-Identifier: Apache-2.0
"""Convolutions and their relatives: sizes, orders of channels, unknown sizes, messages.

The numbers of all layers are compared with records in test_recorded.py.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from caudal.keras import layers as L


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def results(layer, array, unknown=False):
    """(array of the output, computed shape) of a layer; `unknown`: sizes are not known."""
    shape = array.shape[1:]
    if unknown:
        axis = 0 if getattr(layer, "data_format", "") == "channels_first" else len(shape) - 1
        shape = tuple(n if i == axis else None for i, n in enumerate(shape))
    x = L.Input(shape)
    y = layer(x)
    assert K.int_shape(y) == layer.compute_output_shape(K.int_shape(x))
    return K.function([x], [y])([array])[0], K.int_shape(y)


def channels_first(array):
    return np.moveaxis(array, -1, 1)


# class name, whether it has filters, rank
FAMILY = [
    ("Conv1D", True, 1), ("Conv2D", True, 2), ("Conv3D", True, 3),
    ("SeparableConv1D", True, 1), ("SeparableConv2D", True, 2), ("DepthwiseConv2D", False, 2),
    ("Conv2DTranspose", True, 2), ("Conv3DTranspose", True, 3),
]  # fmt: skip


@pytest.mark.parametrize("name, filters, rank", FAMILY)
@given(data=st.data())
def test_sizes_and_orders_of_channels(name, filters, rank, data):
    K.clear_session()
    kwargs = {
        "kernel_size": tuple(data.draw(st.integers(1, 3)) for _ in range(rank)),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "use_bias": data.draw(st.booleans()),
        "bias_initializer": "random_uniform",
    }
    if filters:
        kwargs["filters"] = data.draw(st.integers(1, 3))
    one_stride = "Separable" in name or "Depthwise" in name
    strides = [data.draw(st.integers(1, 3)) for _ in range(rank)]
    kwargs["strides"] = (strides[0],) * rank if one_stride else tuple(strides)
    if "Transpose" not in name and max(strides) == 1:
        kwargs["dilation_rate"] = data.draw(st.integers(1, 2))
    # An even kernel with "same" has no size to which padding could be added.
    fits = kwargs["padding"] == "valid" or all(k % 2 for k in kwargs["kernel_size"])
    if "Transpose" in name and fits and data.draw(st.booleans()):
        kwargs["output_padding"] = tuple(data.draw(st.integers(0, s - 1)) for s in strides)
    sizes = [data.draw(st.integers(5, 7)) for _ in range(rank)]
    array = np.random.RandomState(0).rand(2, *sizes, 2).astype("float32")

    layer = getattr(L, name)(**kwargs)
    output, shape = results(layer, array)
    assert output.shape[1:] == shape[1:]

    unknown = getattr(L, name)(**kwargs)
    unknown.build((None, *sizes, 2))
    unknown.set_weights(layer.get_weights())
    again, _ = results(unknown, array, unknown=True)
    np.testing.assert_allclose(again, output, rtol=1e-5, atol=1e-5)

    first = getattr(L, name)(data_format="channels_first", **kwargs)
    first.build((None, 2, *sizes))
    first.set_weights(layer.get_weights())
    other, _ = results(first, channels_first(array))
    np.testing.assert_allclose(other, channels_first(output), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["MaxPooling", "AveragePooling"])
@given(data=st.data())
def test_sizes_of_pools(kind, rank, data):
    K.clear_session()
    kwargs = {
        "pool_size": tuple(data.draw(st.integers(1, 3)) for _ in range(rank)),
        "strides": tuple(data.draw(st.integers(1, 3)) for _ in range(rank)),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
    }
    cls = getattr(L, "%s%dD" % (kind, rank))
    sizes = [data.draw(st.integers(3, 6)) for _ in range(rank)]
    array = np.random.RandomState(0).randn(2, *sizes, 2).astype("float32")
    output, shape = results(cls(**kwargs), array)
    assert output.shape[1:] == shape[1:]
    again, _ = results(cls(**kwargs), array, unknown=True)
    np.testing.assert_array_equal(again, output)
    first = cls(data_format="channels_first", **kwargs)
    other, _ = results(first, channels_first(array))
    np.testing.assert_allclose(other, channels_first(output), rtol=1e-6)


@pytest.mark.parametrize("name, argument", [
    ("UpSampling2D", {"size": (2, 3)}), ("UpSampling3D", {"size": (2, 1, 2)}),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear"}),
    ("ZeroPadding2D", {"padding": ((1, 0), (0, 2))}), ("ZeroPadding3D", {"padding": (0, 1, 2)}),
    ("Cropping2D", {"cropping": ((1, 0), (0, 2))}), ("Cropping3D", {"cropping": (0, 1, 1)}),
    ("GlobalMaxPooling2D", {}), ("GlobalAveragePooling3D", {}),
])  # fmt: skip
def test_changed_sizes(name, argument):
    rank = int(name[-2])
    array = np.random.RandomState(0).randn(2, *(4, 3, 5)[:rank], 2).astype("float32")
    output, shape = results(getattr(L, name)(**argument), array)
    assert output.shape[1:] == shape[1:]
    again, _ = results(getattr(L, name)(**argument), array, unknown=True)
    np.testing.assert_allclose(again, output, rtol=1e-6)
    first = getattr(L, name)(data_format="channels_first", **argument)
    other, _ = results(first, channels_first(array))
    np.testing.assert_allclose(other, channels_first(output), rtol=1e-5)


def test_the_default_order_of_channels():
    K.set_image_data_format("channels_first")
    try:
        for name, kwargs in [("Conv2D", {"filters": 2, "kernel_size": 3}), ("MaxPooling2D", {}),
                             ("ZeroPadding2D", {}), ("GlobalMaxPooling2D", {})]:  # fmt: skip
            assert getattr(L, name)(**kwargs).data_format == "channels_first"
        # Those of sequences do not follow it.
        assert L.Conv1D(2, 3).data_format == "channels_last"
        assert L.SeparableConv1D(2, 3).data_format == "channels_last"
        assert L.LocallyConnected1D(2, 3).compute_output_shape((None, 7, 4)) == (None, 5, 2)
    finally:
        K.set_image_data_format("channels_last")


def test_dilated_depthwise_convolution():
    array = np.random.RandomState(0).rand(1, 5, 5, 2).astype("float32")
    layer = L.DepthwiseConv2D(2, dilation_rate=2, depth_multiplier=2, use_bias=False)
    output, shape = results(layer, array)
    assert shape == (None, 3, 3, 4)
    kernel = layer.get_weights()[0]
    expected = sum(
        array[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3, :, None] * kernel[i, j]
        for i in range(2)
        for j in range(2)
    )
    np.testing.assert_allclose(output, expected.reshape(1, 3, 3, 4), rtol=1e-5)


@pytest.mark.parametrize("name", ["Conv1D", "SeparableConv1D"])
def test_causal_outputs_do_not_depend_on_the_future(name):
    layer = getattr(L, name)(2, 3, padding="causal", dilation_rate=2)
    array = np.random.RandomState(0).rand(1, 8, 3).astype("float32")
    changed = array.copy()
    changed[:, 5:] = 0.0
    x = L.Input((8, 3))
    run = K.function([x], [layer(x)])
    a, b = run([array])[0], run([changed])[0]
    assert a.shape == (1, 8, 2)
    np.testing.assert_array_equal(a[:, :5], b[:, :5])
    assert np.abs(a[:, 5:] - b[:, 5:]).max() > 0


def test_no_more_operations_than_by_hand():
    x = L.Input((8, 8, 3))
    before = set(tf.get_default_graph().get_operations())
    layer = L.Conv2D(4, 3, activation="relu")
    layer.build((None, 8, 8, 3))
    built = set(tf.get_default_graph().get_operations())
    layer(x)
    made = [op.type for op in tf.get_default_graph().get_operations() if op not in built]
    assert before < built
    assert made == ["Conv2D", "BiasAdd", "Relu"]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_batches_without_elements(rank):
    sizes = (5, 6, 4)[:rank]
    array = np.zeros((0, *sizes, 2), "float32")
    for layer in (getattr(L, "Conv%dD" % rank)(3, 2), getattr(L, "MaxPooling%dD" % rank)(2)):
        output, shape = results(layer, array)
        assert output.shape == (0, *shape[1:])


def test_double_precision():
    K.set_floatx("float64")
    try:
        array = np.random.RandomState(0).rand(2, 5, 5, 3)
        output, _ = results(L.Conv2D(2, 3), array)
        assert output.dtype == np.float64
        output, _ = results(L.LocallyConnected2D(2, 3), array)
        assert output.dtype == np.float64
    finally:
        K.set_floatx("float32")


IMAGE = (5, 5, 3)


@pytest.mark.parametrize("make, shape, words", [
    (lambda: L.Conv2D(2, 3), (5, 5), ["conv2d_1", "expected ndim=4, found ndim=3"]),
    (lambda: L.Conv2D(2, 3), (5, 5, None), ["channel dimension", "conv2d_1", "(None, 5, 5, None)"]),
    (lambda: L.Conv2D(2, 9), IMAGE, ["Negative dimension size", "9 from 5", "conv2d_1"]),
    (lambda: L.Conv2D(2, 3, strides=2, dilation_rate=2), IMAGE, ["strides > 1"]),
    (lambda: L.Conv2D(2, (3, 3, 3)), IMAGE, ["`kernel_size`", "tuple of 2 integers", "(3, 3, 3)"]),
    (lambda: L.Conv2D(2, 3, padding="full"), IMAGE, ["`padding`", "full"]),
    (lambda: L.Conv2D(2, 3, padding="causal"), IMAGE, ["Causal padding", "Conv1D"]),
    (lambda: L.Conv2D(2, 3, data_format="last"), IMAGE, ["`data_format`", "last"]),
    (lambda: L.Conv2D(-2, 3), IMAGE, ["-2"]),
    (lambda: L.Conv2D(2, 3, strides=0), IMAGE, []),
    (lambda: L.DepthwiseConv2D(3), (5, 5, None), ["`DepthwiseConv2D`", "channel dimension"]),
    (lambda: L.Conv2DTranspose(2, 3, strides=(1, 3), output_padding=(0, 3)), IMAGE,
     ["Stride (1, 3) must be greater than output padding (0, 3)"]),
    (lambda: L.Conv2DTranspose(2, 3), (5, 5), ["conv2d_transpose_1", "expected ndim=4"]),
    (lambda: L.SeparableConv1D(2, 3), (None, None), ["channel dimension"]),
    (lambda: L.MaxPooling2D(6), IMAGE, ["Negative dimension size", "max_pooling2d_1"]),
    (lambda: L.GlobalMaxPooling2D(), (5, 5), ["global_max_pooling2d_1", "expected ndim=4"]),
    (lambda: L.UpSampling2D(interpolation="cubic"), IMAGE, ['"nearest" or "bilinear"', "cubic"]),
    (lambda: L.UpSampling2D((1, 2, 3)), IMAGE, ["`size`", "(1, 2, 3)"]),
    (lambda: L.ZeroPadding2D((1, 2, 3)), IMAGE, ["`padding` should have two elements", "(1, 2"]),
    (lambda: L.ZeroPadding2D(-1), IMAGE, ["must not be negative", "-1"]),
    (lambda: L.ZeroPadding3D((1, 2)), IMAGE, ["`padding` should have 3 elements"]),
    (lambda: L.ZeroPadding2D(((1, 2), (3, 4, 5))), IMAGE, ["2nd entry of padding", "(3, 4, 5)"]),
    (lambda: L.Cropping2D(None), IMAGE, ["`cropping` should be either an int", "None"]),
    (lambda: L.Cropping2D(3), IMAGE, ["cropping2d_1", "(3, 3)", "size 5 of axis 1"]),
    (lambda: L.LocallyConnected2D(2, 3), (None, 5, 3), ["locally_connected2d_1", "fully-defined",
                                                        "(None, None, 5, 3)"]),
    (lambda: L.LocallyConnected2D(2, 6), IMAGE, ["locally_connected2d_1", "(6, 6)"]),
    (lambda: L.LocallyConnected2D(2, 3, padding="same"), IMAGE, ["only \"valid\"", "same"]),
    (lambda: L.LocallyConnected1D(2, 3, data_format="channels_first"), (3, 5), ["channels_last"]),
])  # fmt: skip
def test_messages(make, shape, words):
    with pytest.raises(ValueError) as raised:
        make()(L.Input(shape))
    text = str(raised.value)
    for word in words:
        assert word in text, text


def test_another_number_of_channels_later():
    layer = L.Conv2D(2, 3)
    layer(L.Input(IMAGE))
    with pytest.raises(ValueError, match="conv2d_1.*-1.*3"):
        layer(L.Input((5, 5, 4)))


def test_unknown_arguments():
    with pytest.raises(TypeError, match="not understood"):
        L.Conv2D(2, 3, strdies=2)
    with pytest.raises(TypeError, match="kernel_size"):
        L.Conv2D(2)


def test_arguments_of_keras_1():
    with pytest.warns(UserWarning, match="Keras 2 API"):
        layer = L.Convolution2D(8, 3, 3, border_mode="same", subsample=(2, 2), dim_ordering="th",
                                init="normal", W_regularizer="l2", bias=False)  # fmt: skip
    assert layer.kernel_size == (3, 3)
    assert layer.padding == "same"
    assert layer.strides == (2, 2)
    assert layer.data_format == "channels_first"
    assert not layer.use_bias
    with pytest.warns(UserWarning):
        assert L.MaxPooling1D(pool_length=3, stride=2).strides == (2,)
    with pytest.warns(UserWarning):
        assert L.Conv1D(4, filter_length=3, subsample_length=2).strides == (2,)


@pytest.mark.parametrize("name, args", [
    ("Conv2D", (2, 3)), ("LocallyConnected2D", (2, 3)), ("ZeroPadding2D", (1,)),
    ("MaxPooling2D", (2,)), ("GlobalMaxPooling2D", ()),
])  # fmt: skip
def test_shapes_of_tensors_will_do(name, args):
    layer, shape = getattr(L, name)(*args), (None, 5, 6, 3)
    layer.build(tf.TensorShape(shape))
    computed = layer.compute_output_shape(tf.TensorShape(shape))
    assert type(computed) is tuple
    assert computed == layer.compute_output_shape(shape)


def test_families_of_classes():
    assert isinstance(L.DepthwiseConv2D(3), L.Conv2D)
    assert isinstance(L.Conv2DTranspose(2, 3), L.Conv2D)
    assert isinstance(L.Conv3DTranspose(2, 3), L.Conv3D)
    assert L.Deconvolution2D is L.Conv2DTranspose
    assert keras.layers.convolutional.MaxPooling2D is L.MaxPooling2D


def test_subclass_with_another_kernel():
    class Masked(L.Conv2D):
        def build(self, input_shape):
            super().build(input_shape)
            self.mask = K.constant(np.eye(3)[:, :, None, None])

        def call(self, inputs):
            y = K.conv2d(inputs, self.kernel * self.mask, self.strides, self.padding)
            return self.activation(K.bias_add(y, self.bias))

    array = np.random.RandomState(0).rand(2, 5, 5, 3).astype("float32")
    layer = Masked(2, 3, activation="relu")
    output, _ = results(layer, array)
    kernel, _ = layer.get_weights()
    plain = L.Conv2D(2, 3, activation="relu")
    plain.build((None, 5, 5, 3))
    plain.set_weights([kernel * np.eye(3)[:, :, None, None], np.zeros(2)])
    np.testing.assert_allclose(output, results(plain, array)[0], rtol=1e-5)
    assert layer.get_config() == {**plain.get_config(), "name": layer.name}


def test_masks_end_at_a_mean():
    x = L.Input((4, 3))
    masked = L.Masking()(x)
    y = L.GlobalAveragePooling1D()(masked)
    assert getattr(y, "_keras_mask", None) is None
    with pytest.raises(TypeError, match="global_max_pooling1d_1 does not support masking"):
        L.GlobalMaxPooling1D()(masked)
