# SPDX-License-Identifier: Apache-2.0
"""conv_utils: arithmetic of sizes; multi_gpu_model on devices that stand for GPUs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from caudal.keras import layers as L
from caudal.keras.utils import conv_utils, multi_gpu_utils

small = st.integers(1, 5)


@given(st.integers(5, 30), small, small, st.sampled_from(["valid", "full"]))
def test_input_length_is_the_smallest(length, kernel, stride, padding):
    out = conv_utils.conv_output_length(length, kernel, padding, stride)
    smallest = conv_utils.conv_input_length(out, kernel, padding, stride)
    assert smallest <= length
    assert conv_utils.conv_output_length(smallest, kernel, padding, stride) == out


@given(st.integers(1, 12), small, small, small)
def test_transposed_sizes_fit(length, kernel, stride, dilation):
    size = conv_utils.deconv_length(length, stride, kernel, "valid", None, dilation)
    assert conv_utils.conv_output_length(size, kernel, "valid", stride, dilation) == length
    size = conv_utils.deconv_length(length, stride, kernel, "same", None)
    assert conv_utils.conv_output_length(size, kernel, "same", stride) == length


def test_unknown_sizes_and_wrong_paddings():
    assert conv_utils.conv_output_length(None, 3, "valid", 1) is None
    assert conv_utils.conv_input_length(None, 3, "valid", 1) is None
    assert conv_utils.deconv_length(None, 1, 3, "valid", None) is None
    for function in (conv_utils.conv_output_length, conv_utils.conv_input_length):
        with pytest.raises(AssertionError, match="diagonal"):
            function(7, 3, "diagonal", 1)


@pytest.mark.parametrize("shape", [(3, 2, 4), (3, 5, 2, 4), (2, 3, 5, 2, 4)])
def test_reversed_kernels(shape):
    kernel = np.arange(np.prod(shape)).reshape(shape)
    flipped = conv_utils.convert_kernel(kernel)
    np.testing.assert_array_equal(conv_utils.convert_kernel(flipped), kernel)
    np.testing.assert_array_equal(
        flipped[(0,) * (len(shape) - 2)], kernel[(-1,) * (len(shape) - 2)]
    )
    with pytest.raises(ValueError, match="Invalid kernel shape"):
        conv_utils.convert_kernel(np.zeros((3, 4)))


@pytest.fixture
def two_gpus(monkeypatch):
    """Devices that exist only in the list; operations run on the CPU in their place."""
    K.clear_session()
    names = ["/device:CPU:0", "/device:GPU:0", "/device:GPU:1"]
    monkeypatch.setattr(multi_gpu_utils, "_get_available_devices", lambda: names)
    K.set_session(tf.Session(config=tf.ConfigProto(allow_soft_placement=True)))
    yield
    K.clear_session()


def two_ends():
    a, b = L.Input((4,)), L.Input((2,))
    both = L.concatenate([a, b])
    return keras.models.Model([a, b], [L.Dense(3, name="p")(both), L.Dense(2, name="q")(b)])


@pytest.mark.parametrize("kwargs", [{}, {"cpu_merge": False}, {"cpu_relocation": True}])
def test_model_on_two_gpus(two_gpus, kwargs):
    model = two_ends()
    parallel = multi_gpu_utils.multi_gpu_model(model, gpus=2, **kwargs)
    assert parallel.output_names == ["p", "q"]
    source = np.random.RandomState(0)
    arrays = [source.rand(5, 4), source.rand(5, 2)]
    for ours, expected in zip(parallel.predict(arrays), model.predict(arrays)):
        np.testing.assert_allclose(ours, expected, rtol=1e-6)
    devices = {
        op.device for op in tf.get_default_graph().get_operations() if "replica_1" in op.name
    }
    assert any("GPU:1" in device.upper() for device in devices)
    if "cpu_relocation" not in kwargs:
        before = model.get_weights()
        parallel.compile("sgd", "mse")
        parallel.train_on_batch(arrays, [np.ones((5, 3)), np.ones((5, 2))])
        assert all(np.abs(a - b).max() > 0 for a, b in zip(model.get_weights(), before))


def test_gpus_that_are_not_there(two_gpus):
    model = two_ends()
    with pytest.raises(ValueError, match=r"we expect .*'/gpu:2'.* only has: .*'/gpu:1'"):
        multi_gpu_utils.multi_gpu_model(model, gpus=3)
    for gpus in (1, [0], 0):
        with pytest.raises(ValueError, match=">= 2"):
            multi_gpu_utils.multi_gpu_model(model, gpus=gpus)
