# SPDX-License-Identifier: Apache-2.0
"""Graphs of layers: which layers a model has, models as layers, configurations, errors."""

import json
import lzma

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras.engine import Network, get_source_inputs
from caudal.keras.layers import (
    LSTM,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    Lambda,
    TimeDistributed,
    add,
    concatenate,
)
from caudal.keras.models import Model, Sequential, clone_model


def test_random_graphs_are_as_in_keras(root):
    """Layers, their order, configuration, losses, updates: recorded from Keras 2.2.4."""
    from interop import keras_graphs

    path = root / "tests" / "data" / "keras_graphs.json.xz"
    recorded = json.loads(lzma.decompress(path.read_bytes()))
    assert len(recorded) == keras_graphs.COUNT
    for seed, expected in enumerate(recorded):
        K.clear_session()
        assert keras_graphs.described("caudal.keras", seed) == expected, seed


def test_weights_of_models_in_models_go_back_as_they_came():
    x = Input((3,))
    shared = Dense(3)
    inner = Model(x, Dense(2)(BatchNormalization()(shared(x))))
    a = Input((3,))
    model = Model(a, Dense(1)(concatenate([inner(a), shared(a)])))
    values = [np.random.RandomState(i).rand(*w.shape) for i, w in enumerate(model.get_weights())]
    values[-4:-2] = values[:2]  # the shared layer is in two places
    model.set_weights(values)
    for value, found in zip(values, model.get_weights()):
        np.testing.assert_allclose(found, value, rtol=1e-6)
    with pytest.raises(ValueError, match="list of length 1"):
        model.set_weights(values[:1])
    with pytest.raises(ValueError, match="kernel.*shape"):
        model.set_weights([v.T for v in values])


def test_a_graph_is_what_is_between_the_ends():
    a = Input((3,), name="a")
    b = Dense(4, name="b")(a)
    c = Dense(5, name="c")(b)
    Dense(6, name="unused")(b)
    whole, head = Model(a, c), Model(a, b)
    assert [layer.name for layer in whole.layers] == ["a", "b", "c"]
    assert [layer.name for layer in head.layers] == ["a", "b"]
    assert whole.layers[1] is head.layers[1]
    assert get_source_inputs(c) == [a]


def test_errors_of_graphs():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    both = add([a, b])
    with pytest.raises(ValueError, match="(?s)Graph disconnected.*b"):
        Model(a, both)
    with pytest.raises(ValueError, match='made by the layer "add_1"'):
        Model([a, both], Dense(1)(both))
    with pytest.raises(ValueError, match="redundant"):
        Model([a, b, a], both)
    with pytest.raises(ValueError, match="missing previous layer metadata"):
        Model(K.placeholder((None, 3)), both)
    with pytest.raises(ValueError, match="Output tensors to a Model must be the output of a Keras"):
        Model([a, b], K.identity(both))
    with pytest.raises(ValueError, match='The name "same" is used 2 times'):
        Model(a, Dense(1, name="same")(Dense(1, name="same")(a)))
    with pytest.warns(UserWarning, match="redundant"):
        Model([a, b], [both, both])
    model = Model([a, b], both, name="m")
    with pytest.raises(ValueError, match="expects 2 inputs, but it received 1"):
        model(a)


def test_long_chains_do_not_overflow():
    x = y = Input((1,))
    layer = Lambda(lambda t: t)
    for _ in range(1500):
        y = layer(y)
    assert len(Model(x, y).layers) == 2


def test_get_layer():
    model = Sequential([Dense(1, input_dim=2, name="d")])
    assert model.get_layer("d") is model.get_layer(index=0) is model.layers[0]
    for wrong in (dict(index=5), dict(), dict(name="conv")):
        with pytest.raises(ValueError):
            model.get_layer(**wrong)


def test_models_as_layers():
    i = Input((4,))
    inner = Model(i, BatchNormalization()(Dense(3, activity_regularizer="l2")(i)), name="inner")
    a, b = Input((4,)), Input((4,))
    outer = Model([a, b], Dense(2)(concatenate([inner(a), inner(b)])))
    assert len(inner.losses) == 1 and len(outer.losses) == 2
    assert len(inner.updates) == 2 and len(outer.updates) == 4
    assert len(outer.weights) == 8 and outer.count_params() == 12 + 3 + 4 * 3 + 12 + 2
    assert outer.compute_output_shape([(7, 4), (7, 4)]) == (7, 2)
    again = Model.from_config(outer.get_config())
    again.set_weights(outer.get_weights())
    x = [np.random.rand(5, 4), np.random.rand(5, 4)]
    np.testing.assert_allclose(again.predict(x), outer.predict(x), rtol=1e-6)
    inner.trainable = False
    assert len(outer.trainable_weights) == 2 and outer.updates == []
    assert inner.layers[1].trainable


def test_layers_frozen_after_the_call_keep_their_averages():
    i = Input((4,))
    normal = BatchNormalization()
    inner = Model(i, normal(i))
    x = Input((4,))
    model = Model(x, Dense(1)(inner(x)))
    normal.trainable = False
    assert model.updates == []
    model.compile("sgd", "mse")
    before = normal.get_weights()
    model.train_on_batch(np.random.rand(8, 4), np.ones((8, 1)))
    for old, new in zip(before, normal.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_calls_are_remembered():
    i = Input((4,))
    model = Model(i, Dense(3)(i))
    x = Input((4,))
    count = len(K.get_session().graph.get_operations())
    first = model(x)
    grown = len(K.get_session().graph.get_operations())
    assert model.call(x) is model.call(x) is first and grown > count
    assert model.input is i  # also after further calls
    assert model.input_shape == (None, 4) and model.output_shape == (None, 3)


def test_arguments_of_calls_survive():
    x = Input((5,))
    model = Model(x, Dropout(0.5)(x, training=True))
    assert not model.uses_learning_phase
    again = Model.from_config(json.loads(json.dumps(model.get_config())))
    assert (again.predict(np.ones((1, 5))) != 1).any()
    other = Input((5,))
    assert not model(other)._uses_learning_phase
    mask = K.placeholder((None, 5))
    strange = Lambda(lambda t, m: t * m)
    model = Model(x, strange(x, m=mask)) if False else Model(x, Dense(1)(x))
    assert model.get_config()["layers"][1]["inbound_nodes"] == [[[x.op.name, 0, 0, {}]]]


def test_layers_shared_at_different_depths():
    x = Input((5,))
    a, b = Dense(5, name="a"), Dense(5, name="b")
    model = Model(x, a(b(a(b(x)))))
    data = np.random.rand(4, 5)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(data), model.predict(data), rtol=1e-6)


def test_broken_configs():
    x = Input((5,), name="x")
    config = Model(x, Dense(1, name="d")(x)).get_config()
    wrong = json.loads(json.dumps(config))
    wrong["output_layers"] = [["nowhere", 0, 0]]
    with pytest.raises(ValueError, match="Improperly formatted model config.*nowhere"):
        Model.from_config(wrong)
    wrong = json.loads(json.dumps(config))
    wrong["layers"][1]["inbound_nodes"] = [[["d", 0, 0, {}]]]
    with pytest.raises(ValueError, match="wait for each other"):
        Model.from_config(wrong)
    wrong["layers"][1]["inbound_nodes"] = [[["unknown", 0, 0, {}]]]
    with pytest.raises(ValueError, match="a call of layer d names"):
        Model.from_config(wrong)


def test_subclassing():
    class Net(Model):
        def __init__(self):
            super().__init__(name="net")
            self.hidden = Dense(8, activation="relu")
            self.drop = Dropout(0.5)
            self.blocks = [Dense(4), Dense(2)]

        def call(self, x, training=None):
            x = self.drop(self.hidden(x), training=training)
            for block in self.blocks:
                x = block(x)
            return x

    net = Net()
    with pytest.raises(ValueError, match="has never been called"):
        net.summary()
    with pytest.raises(NotImplementedError, match="net is a subclass"):
        net.get_config()
    with pytest.raises(ValueError, match="cannot be cloned"):
        clone_model(net)
    net.compile("adam", "mse")
    x = np.random.rand(32, 3)
    losses = net.fit(x, x[:, :2], epochs=60, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and len(net.weights) == 6
    assert [layer.name for layer in net.layers][:2] == ["dense_1", "dropout_1"]
    np.testing.assert_array_equal(net.predict(x), net.predict(x))


def test_subclassing_needs_the_base():
    class Forgot(Model):
        def __init__(self):
            self.layer = Dense(1)

    with pytest.raises(RuntimeError, match="forgot to call"):
        Forgot()


def test_a_network_alone():
    x = Input((3,))
    network = Network(x, Dense(2)(x))
    assert network.name == "network_1" and not hasattr(network, "fit")
    y = Input((3,))
    model = Model(y, Dense(1)(network(y)))
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((1, 3)), np.ones((1, 1)))


def test_stateful_layers():
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(3, 4, 5))])
    assert model.stateful and len(model.state_updates) == 2
    x = np.random.rand(3, 4, 5)
    first, second = model.predict(x), model.predict(x)
    assert (first != second).any()
    model.reset_states()
    np.testing.assert_allclose(model.predict(x), first, rtol=1e-6)


def test_clones():
    i = Input((4,), name="i")
    shared = Dense(4, name="shared")
    inner = Sequential([Dense(3, input_dim=4)], name="inner")
    model = Model(i, inner(Dropout(0.3)(add([shared(i), shared(shared(i))]))))
    copy = clone_model(model)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert not {id(w) for w in copy.weights} & {id(w) for w in model.weights}
    copy.set_weights(model.get_weights())
    data = np.random.rand(5, 4)
    np.testing.assert_allclose(copy.predict(data), model.predict(data), rtol=1e-6)
    constant = K.variable(data)
    onto = clone_model(model, input_tensors=constant)
    onto.set_weights(model.get_weights())
    np.testing.assert_allclose(K.eval(onto.output), model.predict(data), rtol=1e-6)
    with pytest.raises(ValueError, match="has 1 inputs, 2 input tensors"):
        clone_model(model, input_tensors=[i, i])
    with pytest.raises(ValueError, match="Expected `model`"):
        clone_model("model")


def test_summary():
    lines = []
    inner = Sequential([Flatten(input_shape=(2, 2)), Dense(3)], name="inner")
    model = Sequential([TimeDistributed(inner, input_shape=(5, 2, 2)), LSTM(2)])
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "(None, 5, 3)" in text and "Total params: 63" in text
