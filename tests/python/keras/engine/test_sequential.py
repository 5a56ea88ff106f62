# SPDX-License-Identifier: Apache-2.0
"""Stacks of layers."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras.layers import Activation, Dense, Input, InputLayer, Lambda
from caudal.keras.models import Model, Sequential, clone_model


def test_add_and_pop():
    model = Sequential(name="stack")
    assert model.layers == [] and not model.built
    with pytest.raises(TypeError, match="There are no layers"):
        model.pop()
    model.add(Dense(4, input_dim=3, name="a"))
    model.add(Activation("relu"))
    model.add(Dense(2, name="b"))
    assert [layer.name for layer in model.layers] == ["a", "activation_1", "b"]
    assert model.input_names == ["a_input"] and model.output_names == ["b"]
    assert model.output_shape == (None, 2)
    model.pop()
    assert model.output_shape == (None, 4) and len(model.layers) == 2
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 4)))
    model.pop()
    model.pop()
    assert model.layers == [] and model.inputs is None
    model.add(Dense(1, input_dim=7))
    assert model.input_shape == (None, 7)


def test_only_layers_of_one_output():
    model = Sequential([Dense(1, input_dim=3)])
    with pytest.raises(TypeError, match="must be an instance of class Layer"):
        model.add("Dense")
    twice = Lambda(lambda t: [t, t], output_shape=lambda s: [s, s], name="twice")
    with pytest.raises(TypeError, match="single output tensor. Layer twice has 2"):
        model.add(twice)
    with pytest.raises(ValueError, match="Cannot add an empty model"):
        Sequential([Sequential()])


def test_shape_from_data():
    model = Sequential([Dense(4), Activation("tanh"), Dense(2)])
    assert model.weights == [] and not model.built
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
    assert model.input_shape == (None, 3) and len(model.weights) == 4
    config = model.get_config()
    assert config["build_input_shape"] == (None, 3)
    again = Sequential.from_config(config)
    again.set_weights(model.get_weights())
    x = np.random.rand(4, 3)
    np.testing.assert_allclose(again.predict(x), model.predict(x), rtol=1e-6)


def test_build():
    model = Sequential([Dense(4), Dense(2)])
    model.build((None, 10))
    assert model.count_params() == 44 + 10
    assert len(model.layers) == 2
    model.add(Dense(3))
    assert model.output_shape == (None, 3)


def test_deferred_model_as_a_layer():
    model = Sequential([Dense(4)])
    x = Input((3,))
    assert K.int_shape(model(x)) == (None, 4)


def test_input_layers_and_models_first():
    first = Sequential([InputLayer(input_shape=(3,), name="x"), Dense(2)])
    assert first.input_names == ["x"] and len(first.layers) == 1
    x = Input((3,))
    functional = Model(x, Dense(4)(x))
    for inner in (first, functional):
        outer = Sequential([inner, Dense(1)])
        assert outer.input_shape == (None, 3)
        data = np.random.rand(2, 3)
        weights = inner.get_weights() + outer.layers[1].get_weights()
        np.testing.assert_allclose(
            outer.predict(data), (data @ weights[0] + weights[1]) @ weights[2] + weights[3],
            rtol=1e-4,
        )  # fmt: skip


def test_config_forms():
    model = Sequential([Dense(2, input_dim=3, name="d")], name="s")
    config = model.get_config()
    assert config["name"] == "s" and [c["class_name"] for c in config["layers"]] == ["Dense"]
    for form in (config, config["layers"]):  # Keras up to 2.2.2 wrote a list
        assert Sequential.from_config(form).output_shape == (None, 2)


def test_classes_and_probabilities():
    model = Sequential([Dense(3, input_dim=3, activation="softmax")])
    model.set_weights([np.eye(3) * 9, np.zeros(3)])
    x = np.eye(3)[[2, 0, 1]]
    np.testing.assert_array_equal(model.predict_classes(x), [2, 0, 1])
    np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1, rtol=1e-6)
    single = Sequential([Dense(1, input_dim=1, activation="linear")])
    single.set_weights([np.array([[1.0]]), np.zeros(1)])
    np.testing.assert_array_equal(single.predict_classes(np.array([[0.2], [0.9]])), [[0], [1]])
    with pytest.warns(UserWarning, match="invalid probability"):
        single.predict_proba(np.array([[2.0]]))


def test_clones():
    model = Sequential([Dense(2, input_dim=3), Sequential([Dense(1, input_dim=2)])])
    copy = clone_model(model)
    copy.set_weights(model.get_weights())
    x = np.random.rand(4, 3)
    np.testing.assert_allclose(copy.predict(x), model.predict(x), rtol=1e-6)
    tensor = Input((3,))
    assert clone_model(model, tensor).inputs[0] is not model.inputs[0]
    with pytest.raises(ValueError, match="at most one tensor"):
        clone_model(model, [tensor, tensor])
