# SPDX-License-Identifier: Apache-2.0
"""Batch normalization computes statistics only while training; noise; activations with weights."""

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.models import Model, Sequential


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def executed(model, x, phase, fetches):
    """Names of the operations of a step."""
    session, metadata = K.get_session(), tf.RunMetadata()
    options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    feeds = {model.input: x, K.learning_phase(): phase}
    session.run(fetches, feeds, options=options, run_metadata=metadata)
    nodes = metadata.step_stats.dev_stats[0].node_stats
    return [n.timeline_label.split(" = ")[1].split("(")[0] for n in nodes]


def test_inference_has_no_moments():
    model = Sequential([layers.BatchNormalization(input_shape=(6,))])
    x = np.random.RandomState(0).rand(5, 6)
    model.predict(x)
    assert "Mean" not in executed(model, x, False, model.output)
    assert executed(model, x, True, [model.output, model.updates]).count("Mean") == 2


def test_averages_of_the_first_steps():
    model = Sequential([layers.BatchNormalization(input_shape=(3,), momentum=0.9)])
    model.compile("sgd", "mse")
    x = np.random.RandomState(0).normal(2, 3, (8, 3))
    unbiased = 8 / (8 - 1.001)
    for _ in range(3):
        # Corrected for the start: the same batch always gives the same averages.
        model.train_on_batch(x, x)
        mean, variance = model.get_weights()[2:]
        np.testing.assert_allclose(mean, x.mean(0), rtol=1e-5)
        np.testing.assert_allclose(variance, x.var(0) * unbiased, rtol=1e-5)


def test_updates_belong_to_inputs():
    layer = layers.BatchNormalization()
    x, y = layers.Input((3,)), layers.Input((3,))
    layer(x)
    layer(y)
    layer(x, training=False)
    assert len(layer.updates) == 4
    assert len(layer.get_updates_for(x)) == 2
    assert layer.get_updates_for(None) == []
    layer.trainable = False
    assert layer.updates == []


def test_a_batch_of_one():
    model = Sequential([layers.BatchNormalization(input_shape=(3,))])
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((1, 3)), np.ones((1, 3)))
    assert np.all(np.isfinite(np.concatenate(model.get_weights())))


def test_fixed_learning_phase():
    for phase in (0, 1):
        K.clear_session()
        K.set_learning_phase(phase)
        layer = layers.BatchNormalization()
        layer(layers.Input((3,)))
        assert len(layer.updates) == 2  # a training moves the averages in any case


@pytest.mark.parametrize("make, text", [
    (lambda: layers.BatchNormalization(name="top")(layers.Input((None,))), "Axis -1.*top"),
    (lambda: layers.BatchNormalization(axis=3)(layers.Input((2,))), "axis 3 does not exist"),
    (lambda: layers.BatchNormalization(axis=[1, 2]), "must be one int"),
    (lambda: layers.PReLU(name="top")(layers.Input((None, 3))), "top.*shared_axes"),
    (lambda: layers.ReLU(max_value=-1), "max_value of ReLU layer"),
    (lambda: layers.ReLU(negative_slope=-1), "negative_slope of ReLU layer"),
    (lambda: layers.BatchNormalization(renorm=True), "does not know `renorm`"),
    (lambda: layers.PReLU(shared_axes=4)(layers.Input((3,))), "no axis 4"),
    (lambda: layers.Softmax()(K.placeholder((3,))), "1D"),
])  # fmt: skip
def test_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize("shape", [(3,), (3, 4, 2)])
def test_float64(shape):
    K.set_floatx("float64")
    try:
        model = Sequential([layers.BatchNormalization(input_shape=shape)])
        model.compile("sgd", "mse")
        x = np.random.RandomState(0).rand(4, *shape)
        model.train_on_batch(x, x)
        axes = tuple(range(len(shape)))
        np.testing.assert_allclose(model.get_weights()[2], x.mean(axes), rtol=1e-12)
    finally:
        K.set_floatx("float32")


def test_axis_as_tf_keras_saves_it():
    layer = layers.BatchNormalization(axis=[3], fused=True, virtual_batch_size=None)
    assert layer.get_config()["axis"] == 3


def test_relu_is_one_operation():
    x = layers.Input((3,))
    for arguments, op in (({}, "Relu"), ({"max_value": 6}, "Relu6"),
                          ({"negative_slope": 0.2}, "LeakyRelu")):  # fmt: skip
        assert layers.ReLU(**arguments)(x).op.type == op


def noise(layer):
    x = layers.Input((100,))
    y = layer(x)
    f = K.function([x, K.learning_phase()], [y])
    ones = np.ones((100, 100))
    assert y._uses_learning_phase
    np.testing.assert_array_equal(f([ones, 0])[0], ones)
    assert not np.array_equal(f([ones, 1])[0], f([ones, 1])[0])
    return f([ones, 1])[0]


def test_noise():
    values = noise(layers.GaussianNoise(0.5))
    assert abs(values.mean() - 1) < 0.03 and abs(values.std() - 0.5) < 0.03
    values = noise(layers.GaussianDropout(0.2))
    assert abs(values.mean() - 1) < 0.03 and abs(values.std() - 0.5) < 0.03


def test_alpha_dropout_keeps_mean_and_variance():
    x = layers.Input((100,))
    y = layers.AlphaDropout(0.3)(x, training=True)
    inputs = np.random.RandomState(0).normal(size=(200, 100))
    values = Model(x, y).predict(inputs)
    assert abs(values.mean()) < 0.03 and abs(values.std() - 1) < 0.03
    shared = layers.AlphaDropout(0.3, noise_shape=(1, 100))(x, training=True)
    values = Model(x, shared).predict(np.zeros((4, 100)))
    np.testing.assert_array_equal(values, np.tile(values[:1], (4, 1)))
