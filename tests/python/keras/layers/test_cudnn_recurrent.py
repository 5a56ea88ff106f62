# SPDX-License-Identifier: Apache-2.0
"""CuDNNLSTM and CuDNNGRU compute what LSTM and GRU do with the same matrices."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras import layers as L
from caudal.keras.models import Model


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def matrix(kernel, gates):
    """cuDNN keeps [units, size] for each gate, in memory that the weights show as [size, units]."""
    blocks = np.split(kernel, gates, axis=1)
    return np.concatenate([b.reshape(b.shape[::-1]).T for b in blocks], axis=1)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_as_the_layer_without_cudnn(kind, backwards):
    units, size = 3, 5
    gates = 4 if kind == "LSTM" else 3
    more = {} if kind == "LSTM" else {"reset_after": True}
    flags = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    fast = getattr(L, "CuDNN" + kind)(units, **flags)
    plain = getattr(L, kind)(units, recurrent_activation="sigmoid", **flags, **more)
    x = L.Input((4, size))
    states = [L.Input((units,)) for _ in range(2 if kind == "LSTM" else 1)]
    model = Model([x, *states], fast(x, initial_state=states) + plain(x, initial_state=states))
    source = np.random.RandomState(0)
    kernel, recurrent, bias = (source.uniform(-1, 1, w.shape) for w in fast.get_weights())
    fast.set_weights([kernel, recurrent, bias])
    two = bias.reshape(2, -1)
    plain.set_weights(
        [matrix(kernel, gates), matrix(recurrent, gates), two if more else two.sum(0)]
    )
    data = [source.uniform(-1, 1, (2, 4, size))] + [
        source.uniform(-1, 1, (2, units)) for _ in states
    ]
    outputs = model.predict(data)
    half = len(outputs) // 2
    for a, b in zip(outputs[:half], outputs[half:]):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_arguments_and_weights():
    layer = L.CuDNNLSTM(3)
    layer(L.Input((None, 5)))
    assert [w.shape for w in layer.get_weights()] == [(5, 12), (3, 12), (24,)]
    np.testing.assert_array_equal(layer.get_weights()[2], [0] * 15 + [1] * 3 + [0] * 6)
    config = layer.get_config()
    assert not {"unroll", "activation", "dropout", "cell"} & set(config)
    assert L.CuDNNLSTM.from_config(config).get_config() == config
    for refused in ("unroll", "dropout", "implementation"):
        with pytest.raises(TypeError, match="not understood"):
            L.CuDNNGRU(3, **{refused: 1})
    with pytest.raises(ValueError, match="Masking is not supported for CuDNN"):
        L.CuDNNGRU(3)(L.Masking()(L.Input((4, 5))))


def test_between_two_ends_and_stateful():
    x = L.Input(batch_shape=(2, 4, 5))
    model = Model(x, L.Bidirectional(L.CuDNNGRU(3))(x))
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((2, 4, 5)), np.ones((2, 6)))
    layer = L.CuDNNGRU(3, stateful=True)
    model = Model(x, layer(x))
    first, second = (model.predict(np.ones((2, 4, 5)), batch_size=2) for _ in range(2))
    assert np.abs(first - second).max() > 0
    model.reset_states()
    np.testing.assert_array_equal(first, model.predict(np.ones((2, 4, 5)), batch_size=2))
