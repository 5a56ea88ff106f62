# SPDX-License-Identifier: Apache-2.0
"""What records of Keras do not show: errors, saved functions, shapes that are not known."""

import json

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.models import Model, Sequential, model_from_json


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def run(layer, *arrays, **call):
    inputs = [layers.Input(x.shape[1:], dtype=str(x.dtype)) for x in arrays]
    output = layer(inputs if len(inputs) > 1 else inputs[0], **call)
    return Model(inputs, output).predict(list(arrays))


ROWS = np.arange(24, dtype="float32").reshape(2, 3, 4)


@pytest.mark.parametrize("make, text", [
    (lambda: layers.Dense(2, name="top")(layers.Input((None,))), "last dimension"),
    (lambda: layers.Dense(2, name="top")(K.placeholder((3,))), "top"),
    (lambda: layers.Dense(2, activation="nothing"), "Unknown activation function:nothing"),
    (lambda: layers.Dense(2, size=3), "size"),
    (lambda: layers.Reshape((5,), name="top")(layers.Input((2, 3))), r"top.*\(2, 3\).*\(5,\)"),
    (lambda: layers.Reshape((-1, -1))(layers.Input((2, 3))), "one unknown"),
    (lambda: layers.Permute((1, 3)), "permutation"),
    (lambda: layers.Permute((2, 1))(layers.Input((2,))), "permute_.*ndim"),
    (lambda: layers.Flatten()(layers.Input((None, 3))), "not fully defined"),
    (lambda: layers.RepeatVector(3)(layers.Input((2, 3))), "repeat_vector_.*ndim=2"),
    (lambda: layers.SpatialDropout2D(0.5, "channels_middle"), "channels_middle"),
    (lambda: layers.SpatialDropout1D(0.5)(layers.Input((2,))), "spatial_dropout1d_"),
    (lambda: layers.Lambda(3), "callable"),
    (lambda: layers.Lambda(abs, output_shape=3), "output_shape"),
    (lambda: layers.Lambda(abs, output_shape=lambda s: 3)(layers.Input((2,))), "output_shape"),
    (lambda: layers.Embedding(3, 2, input_length=4)(layers.Input((5,))), "input_length"),
    (lambda: layers.Embedding(3, 2, input_length=4)(layers.Input((4, 4))), "input_length"),
    (lambda: layers.Dense("a"), "dense_.*`units` must be an int of at least 0, got 'a'"),
    (lambda: layers.Dropout("a"), "dropout_.*`rate` must be a number, got 'a'"),
    (lambda: layers.RepeatVector(-1), "repeat_vector_.*`n` must be an int of at least 0, got -1"),
    (lambda: layers.Embedding(0, 3), "embedding_.*`input_dim`"),
    (lambda: layers.Reshape((1.5, 2)), "reshape_.*`target_shape`.*got 1.5"),
    (lambda: layers.Lambda(lambda x: 3)(layers.Input((3,))), "lambda_.*returned 3"),
    (lambda: layers.Activation("relu")([1.0]), "activation_.*symbolic"),
])  # fmt: skip
def test_refused(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


def test_an_integer_that_has_no_vector():
    model = Sequential([layers.Embedding(3, 2, input_length=1)])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[0, 3\)"):
        model.predict(np.array([[3]]))


def test_shapes_that_are_not_known():
    x = layers.Input((None, 4))
    assert K.int_shape(layers.Reshape((-1, 2))(x)) == (None, None, 2)
    np.testing.assert_array_equal(run(layers.Reshape((-1, 2)), ROWS), ROWS.reshape(2, 6, 2))
    model = Model(x, layers.Reshape((-1, 2))(x))
    np.testing.assert_array_equal(model.predict(ROWS), ROWS.reshape(2, 6, 2))
    assert K.int_shape(layers.Dense(3)(x)) == (None, None, 3)
    assert K.int_shape(layers.Permute((2, 1))(x)) == (None, 4, None)


def test_flatten_takes_matrices():
    np.testing.assert_array_equal(run(layers.Flatten(), ROWS[:, 0]), ROWS[:, 0])


def test_dropout_scales_what_it_keeps():
    dropped = run(layers.Dropout(0.25, seed=3), np.ones((50, 40), "float32"), training=True)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((dropped == 0).mean() - 0.25) < 0.03
    assert run(layers.Dropout(0.25), np.ones((5, 4), "float32")).min() == 1


@pytest.mark.parametrize("layer, axes", [
    (layers.SpatialDropout1D(0.5), (1,)),
    (layers.SpatialDropout2D(0.5), (1, 2)),
    (layers.SpatialDropout2D(0.5, "channels_first"), (2, 3)),
    (layers.SpatialDropout3D(0.5), (1, 2, 3)),
    (layers.SpatialDropout3D(0.5, "channels_first"), (2, 3, 4)),
])  # fmt: skip
def test_channels_are_dropped_as_a_whole(layer, axes):
    shape = (6,) + (5,) * (layer.input_spec.ndim - 1)
    dropped = run(layer, np.ones(shape, "float32"), training=True)
    first = dropped.min(axis=axes)
    np.testing.assert_array_equal(first, dropped.max(axis=axes))
    assert set(np.unique(first)) == {0, 2}


def test_learning_phase_chooses():
    x = layers.Input((40,))
    y = layers.Dropout(0.5)(x)
    assert y._uses_learning_phase
    f = K.function([x, K.learning_phase()], [y])
    ones = np.ones((4, 40))
    assert f([ones, 0])[0].min() == 1
    assert f([ones, 1])[0].min() == 0
    fixed = layers.Dropout(0.5)(x, training=False)
    assert not fixed._uses_learning_phase


# Lambda -----------------------------------------------------------------------------------------


def named(x):
    return K.concatenate([x, 2 * x])


def saved_and_loaded(model, **custom_objects):
    copy = model_from_json(json.dumps(json.loads(model.to_json())), custom_objects)
    np.testing.assert_array_equal(copy.predict(ROWS), model.predict(ROWS))
    return copy


def test_lambda_functions_are_saved():
    factor = 3
    model = Sequential()
    model.add(layers.Lambda(named, input_shape=(3, 4)))
    model.add(layers.Lambda(lambda x, shift: x * factor + shift, arguments={"shift": 2}))
    model.add(layers.Lambda(lambda x: tf.reverse(x, [1]) - np.pi))
    model.add(layers.Lambda(lambda x: K.sum(x, 1), output_shape=lambda s: (s[0], s[2])))
    assert model.output_shape == (None, 8)
    saved_and_loaded(model)


def helper(x):
    return x + 1


def test_lambda_finds_its_own_names_again():
    saved_and_loaded(Sequential([layers.Lambda(lambda x: helper(x), input_shape=(3, 4))]))


def test_objects_that_can_be_called_are_saved_by_name():
    model = Sequential([layers.Lambda(abs, input_shape=(3, 4))])
    assert model.layers[0].get_config()["function_type"] == "function"
    saved_and_loaded(model, abs=abs)


def test_lambda_config_of_keras():
    config = {"name": "f", "trainable": True, "function": "abs", "function_type": "function",
              "output_shape": [4], "output_shape_type": "raw",
              "arguments": {}}  # fmt: skip
    layer = layers.Lambda.from_config(config, custom_objects={"abs": abs})
    assert layer.compute_output_shape((None, 3)) == (None, 4)
    array = {"a": {"type": "ndarray", "value": [1, 2]}}
    layer = layers.Lambda.from_config({**config, "arguments": array}, custom_objects={"abs": abs})
    assert isinstance(layer.arguments["a"], np.ndarray)
    with pytest.raises(TypeError, match="function type"):
        layers.Lambda.from_config({**config, "function_type": "code"})
    with pytest.raises(ValueError, match="Unknown function in Lambda layer:abs"):
        layers.Lambda.from_config(config)


def test_lambda_calls_its_function_once():
    calls = []

    def function(x):
        calls.append(x)
        return x[:, :2]

    layer = layers.Lambda(function)
    assert K.int_shape(layer(layers.Input((3, 4)))) == (None, 2, 4)
    assert len(calls) == 1
    # A shape that was not seen yet takes a call.
    assert layer.compute_output_shape((None, 5, 4)) == (None, 2, 4)
    assert len(calls) == 2


def test_lambda_gets_the_mask():
    seen = []
    x = layers.Masking()(layers.Input((3, 4)))
    y = layers.Lambda(lambda x, mask=None: seen.append(mask) or x * 1)(x)
    assert seen[0] is x._keras_mask is not None
    assert y._keras_mask is None


def test_embedding_masks_zeros():
    x = layers.Input((3,))
    y = layers.Embedding(4, 2, mask_zero=True)(x)
    assert K.int_shape(y) == (None, 3, 2)
    mask = K.function([x], [y._keras_mask])([[[0, 1, 0]]])[0]
    np.testing.assert_array_equal(mask, [[False, True, False]])


def test_embedding_with_the_shape_that_keras_saved():
    layer = layers.Embedding(4, 2, input_length=(None, 5))
    assert layer.batch_input_shape == (None, None, 5)
    config = {**layer.get_config(), "batch_input_shape": (None, (None, 5))}
    assert layers.Embedding.from_config(config).batch_input_shape == (None, None, 5)


@pytest.mark.parametrize("name", ["relu", "elu", "softmax"])
def test_layers_as_activations_are_frowned_upon(name):
    with pytest.warns(UserWarning, match="advanced activation"):
        layers.Dense(2, activation=layers.Activation(name))


def test_first_values_of_weights():
    table = np.arange(8.0).reshape(4, 2)
    model = Sequential([layers.Embedding(4, 2, weights=[table], trainable=False, input_length=1)])
    np.testing.assert_array_equal(model.predict(np.array([[3], [1]]))[:, 0], table[[3, 1]])
    assert model.trainable_weights == []
