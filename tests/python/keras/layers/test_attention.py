# SPDX-License-Identifier: Apache-2.0
"""Attention and LayerNormalization against NumPy."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.models import Model


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


SOURCE = np.random.RandomState(0)
QUERY, VALUE, KEY = (SOURCE.rand(2, n, 4).astype("f") for n in (3, 5, 5))
QUERY_MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)


def attended(scores, allowed, query_mask):
    weights = np.exp(scores) * allowed
    weights /= weights.sum(-1, keepdims=True)
    return weights @ VALUE * query_mask[..., None]


@pytest.mark.parametrize("use_key", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("use_scale", [False, True])
@pytest.mark.parametrize("cls", [layers.Attention, layers.AdditiveAttention])
def test_attention(cls, use_scale, causal, masked, use_key):
    layer = cls(use_scale=use_scale, causal=causal)
    inputs = [QUERY, VALUE, KEY] if use_key else [QUERY, VALUE]
    key = inputs[-1]
    tensors = [layers.Input(x.shape[1:]) for x in inputs]
    masks = [K.constant(QUERY_MASK, "bool"), K.constant(VALUE_MASK, "bool")]
    output = layer(tensors, mask=masks) if masked else layer(tensors)
    assert K.int_shape(output) == (None, 3, 4)
    scale = 1.0
    if use_scale:
        scale = SOURCE.rand(*K.int_shape(layer.scale)).astype("f") if cls is not layers.Attention \
            else np.float32(0.7)  # fmt: skip
        layer.set_weights([np.asarray(scale)])
    if cls is layers.Attention:
        scores = scale * np.einsum("bqd,bvd->bqv", QUERY, key)
    else:
        scores = (scale * np.tanh(QUERY[:, :, None] + key[:, None])).sum(-1)
    allowed = np.ones((2, 3, 5))
    if causal:
        allowed *= np.tril(np.ones((3, 5)))
    if masked:
        allowed *= VALUE_MASK[:, None]
    expected = attended(scores, allowed, QUERY_MASK if masked else np.ones((2, 3)))
    np.testing.assert_allclose(
        K.function(tensors, [output])(inputs)[0], expected, rtol=1e-5, atol=1e-6
    )
    again = cls.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("axis", [-1, [1, 2], [-1, 1], 1])
def test_layer_normalization(axis):
    x = SOURCE.rand(2, 3, 4, 5).astype("f")
    inputs = layers.Input(x.shape[1:])
    layer = layers.LayerNormalization(axis=axis)
    output = layer(inputs)
    axes = [a % 4 for a in (axis if isinstance(axis, list) else [axis])]
    assert K.int_shape(layer.gamma) == tuple(x.shape[a] for a in axes)
    gamma, beta = (SOURCE.rand(*K.int_shape(w)).astype("f") for w in (layer.gamma, layer.beta))
    layer.set_weights([gamma, beta])
    spread = [n if a in axes else 1 for a, n in enumerate(x.shape)]
    mean, variance = x.mean(tuple(axes), keepdims=True), x.var(tuple(axes), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 1e-3)
    expected = expected * gamma.reshape(spread) + beta.reshape(spread)
    np.testing.assert_allclose(Model(inputs, output).predict(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make, text", [
    (lambda: layers.LayerNormalization(axis="last"), "int or a list"),
    (lambda: layers.LayerNormalization(axis=5)(layers.Input((3,))), "invalid axis"),
    (lambda: layers.LayerNormalization(axis=[1, -1])(layers.Input((3,))), "duplicate axis"),
    (lambda: layers.LayerNormalization()(layers.Input((None,))), "known sizes"),
    (lambda: layers.Attention()(layers.Input((3, 4))), "list of inputs"),
    (lambda: layers.Attention()([layers.Input((3, 4))] * 4), "list of inputs"),
])  # fmt: skip
def test_refused(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()
