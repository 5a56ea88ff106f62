# SPDX-License-Identifier: Apache-2.0
"""TimeDistributed, Bidirectional and ConvLSTM2D beyond what was recorded from real Keras."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras import layers as L
from caudal.keras.models import Model, Sequential


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def randomised(layer, seed=0):
    source = np.random.RandomState(seed)
    weights = [source.uniform(-0.8, 0.8, w.shape).astype("f") for w in layer.get_weights()]
    layer.set_weights(weights)
    return weights


class Scaled(L.Layer):
    """Not one of Keras' own layers, so it may depend on the batch."""

    def build(self, input_shape):
        self.factor = self.add_weight(name="factor", shape=(), initializer="ones")
        self.built = True

    def call(self, inputs, training=None):
        return K.in_train_phase(lambda: inputs * self.factor * 2, inputs * self.factor, training)


@pytest.mark.parametrize("make", [lambda: L.Dense(3), Scaled, lambda: Sequential([L.Dense(3)])])
def test_step_by_step_is_all_at_once(make):
    data = np.random.RandomState(0).uniform(-1, 1, (2, 5, 4))
    results = []
    for batch in (None, 2):
        x = L.Input(batch_shape=(batch, 5, 4))
        layer = L.TimeDistributed(make())
        model = Model(x, layer(x))
        randomised(layer)
        model.compile("sgd", "mse")
        before = model.predict(data, batch_size=2)
        loss = model.train_on_batch(data, before * 0)
        results.append([before, loss, *layer.get_weights()])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_masks_reach_the_layer_for_each_step():
    for batch in (None, 2):
        x, kept = L.Input(batch_shape=(batch, 3, 4, 5)), L.Input(batch_shape=(batch, 3, 4))
        layer = L.TimeDistributed(L.LSTM(2))
        layer(x)
        randomised(layer)
        masked = layer.call(x, mask=K.cast(kept, "bool"))
        short = L.Input((2, 5))
        inside = Model(short, layer.layer(short))
        data = np.random.RandomState(0).uniform(-1, 1, (2, 3, 4, 5))
        run = K.function([x, kept], [masked])
        got = run([data, np.array([[[1, 1, 0, 0]] * 3] * 2)])[0]
        for t in range(3):
            np.testing.assert_allclose(got[:, t], inside.predict(data[:, t, :2]), atol=1e-5)


def test_averages_of_a_normalization_for_each_step():
    for batch in (None, 2):
        for inner in (L.BatchNormalization(), Sequential([L.Dense(5), L.BatchNormalization()])):
            x = L.Input(batch_shape=(batch, 3, 5))
            layer = L.TimeDistributed(inner)
            model = Model(x, layer(x))
            model.compile("sgd", "mse")
            before = layer.get_weights()[-1]
            data = np.random.RandomState(0).uniform(-1, 1, (2, 3, 5))
            model.train_on_batch(data, data)
            assert np.abs(layer.get_weights()[-1] - before).max() > 0


def test_normalization_inside_of_a_loop():
    x = L.Input(batch_shape=(2, 3, 5))

    class Inside(L.BatchNormalization):
        pass

    assert K.int_shape(L.TimeDistributed(Inside())(x)) == (2, 3, 5)


def test_time_distributed_says_what_it_needs():
    with pytest.raises(ValueError, match="at least 3 dimensions"):
        L.TimeDistributed(L.Dense(3))(L.Input((4,)))
    with pytest.raises(ValueError, match="needs a layer to wrap"):
        L.TimeDistributed(3)
    with pytest.raises(ValueError, match="cannot keep the states"):
        L.TimeDistributed(L.LSTM(2, stateful=True))(L.Input(batch_shape=(2, 3, 4, 5)))
    frozen = L.TimeDistributed(L.Dense(2, trainable=False))
    assert not frozen.trainable
    assert not L.TimeDistributed(L.Dense(2), trainable=False).layer.trainable


def test_losses_of_a_wrapped_layer_count_once():
    for batch in (None, 2):
        x = L.Input(batch_shape=(batch, 3, 4))
        dense = L.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
        model = Model(x, L.TimeDistributed(dense)(x))
        assert len(model.losses) == 2


def test_two_directions():
    x = L.Input((4, 5))
    layer = L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode=None)
    forward, backward = layer(x)
    weights = randomised(layer)
    single = L.GRU(3, return_sequences=True)
    other = L.GRU(3, return_sequences=True, go_backwards=True)
    model = Model(x, [forward, backward, single(x), other(x)])
    single.set_weights(weights[:3])
    other.set_weights(weights[3:])
    a, b, c, d = model.predict(np.random.RandomState(1).uniform(-1, 1, (2, 4, 5)))
    np.testing.assert_allclose(a, c, atol=1e-6)
    np.testing.assert_allclose(b, d[:, ::-1], atol=1e-6)


def test_bidirectional_takes_weights_and_states():
    shapes = [(5, 6), (2, 6), (6,)] * 2
    weights = [np.full(s, 0.1 * i) for i, s in enumerate(shapes)]
    layer = L.Bidirectional(L.GRU(2), weights=weights)
    x = L.Input((3, 5))
    values = [K.constant(np.ones((2, 2))), K.constant(np.zeros((2, 2)))]
    y = layer(x, initial_state=values)
    assert K.int_shape(y) == (None, 4)
    for a, b in zip(layer.get_weights(), weights):
        np.testing.assert_allclose(a, b)
    states = [L.Input((2,)) for _ in range(2)]
    symbolic = layer([x, *states])
    data = np.ones((2, 3, 5))
    np.testing.assert_allclose(
        Model(x, y).predict(data),
        Model([x, *states], symbolic).predict([data, np.ones((2, 2)), np.zeros((2, 2))]),
        atol=1e-6,
    )
    with pytest.raises(ValueError, match="containing the states of the underlying RNNs"):
        layer(x, initial_state=states[:1])
    with pytest.raises(ValueError, match="Invalid merge mode"):
        L.Bidirectional(L.GRU(2), merge_mode="max")
    with pytest.raises(ValueError, match="needs a recurrent layer"):
        L.Bidirectional(L.Dense(2))


def test_bidirectional_goes_on_from_its_states():
    x = L.Input(batch_shape=(2, 3, 4))
    layer = L.Bidirectional(L.LSTM(2, stateful=True))
    model = Model(x, layer(x))
    assert len(model.state_updates) == 4
    first, second = (model.predict(np.ones((2, 3, 4)), batch_size=2) for _ in range(2))
    assert np.abs(first - second).max() > 0
    model.reset_states()
    np.testing.assert_array_equal(first, model.predict(np.ones((2, 3, 4)), batch_size=2))


def test_bidirectional_leaves_the_layer_that_it_copies_alone():
    layer = L.LSTM(2)
    both = L.Bidirectional(layer, trainable=False)
    assert layer.name == "lstm_1" and both.forward_layer.name == "forward_lstm_1"
    x = L.Input((3, 4))
    both(x)
    assert not both.trainable_weights and len(both.non_trainable_weights) == 6
    both.trainable = True
    assert len(both.trainable_weights) == 6
    assert not layer._inbound_nodes
    assert both.get_config()["layer"]["config"]["name"] == "lstm_1"


IMAGES = (2, 3, 5, 4, 2)


def test_images_of_unknown_size():
    x = L.Input((None, None, None, 2))
    layer = L.ConvLSTM2D(3, 2, return_sequences=True)
    model = Model(x, layer(x))
    known = L.Input(IMAGES[1:])
    again = L.ConvLSTM2D(3, 2, return_sequences=True)
    other = Model(known, again(known))
    again.set_weights(randomised(layer))
    data = np.random.RandomState(0).uniform(-1, 1, IMAGES)
    np.testing.assert_allclose(model.predict(data), other.predict(data), atol=1e-6)


def test_images_as_states():
    x = L.Input(IMAGES[1:])
    encoder = L.ConvLSTM2D(3, 3, padding="same", return_state=True)
    _, *states = encoder(x)
    decoder = L.ConvLSTM2D(3, 3, padding="same")
    model = Model(x, decoder(x, initial_state=states))
    data = np.random.RandomState(0).uniform(-1, 1, IMAGES)
    first = model.predict(data)
    encoder.set_weights([w * 0.5 for w in encoder.get_weights()])
    assert np.abs(first - model.predict(data)).max() > 1e-5
    with pytest.raises(ValueError, match="not compatible with `cell.state_size`"):
        decoder(x, initial_state=[L.Input((5, 4, 2))] * 2)


def test_masked_images():
    x, kept = L.Input(IMAGES[1:]), L.Input((3,))
    layer = L.ConvLSTM2D(3, 2)
    layer(x)
    masked = layer.call(x, mask=K.cast(kept, "bool"))
    data = np.random.RandomState(0).uniform(-1, 1, IMAGES)
    run = K.function([x, kept], [masked, layer.call(x[:, :2])])
    a, b = run([data, np.array([[1, 1, 0]] * 2)])
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_convolutional_layers_say_what_they_need():
    x = L.Input(IMAGES[1:])
    with pytest.raises(TypeError, match="Unrolling isn't possible"):
        L.ConvRNN2D(L.ConvLSTM2DCell(3, 2), unroll=True)
    with pytest.raises(TypeError, match="stack convolutional cells"):
        L.ConvRNN2D([L.ConvLSTM2DCell(3, 2)])
    with pytest.raises(ValueError, match="channel dimension of the inputs should be defined"):
        L.ConvLSTM2D(3, 2)(L.Input((3, 4, 4, None)))
    with pytest.raises(ValueError, match="rows and columns"):
        L.ConvLSTM2D(3, 2, stateful=True)(x)
    with pytest.raises(ValueError, match="expected ndim=5, found ndim=3"):
        L.ConvLSTM2D(3, 2)(L.Input((3, 4)))
