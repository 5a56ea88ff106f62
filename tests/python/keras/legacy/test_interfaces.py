# SPDX-License-Identifier: Apache-2.0
"""Arguments and layers of Keras 1."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras import layers, models
from caudal.keras.legacy import interfaces
from caudal.keras.legacy.layers import Merge, Recurrent


@pytest.mark.parametrize(
    "old, new",
    [
        (lambda: layers.Dense(output_dim=2, init="zero", bias=False, name="x"),
         lambda: layers.Dense(2, kernel_initializer="zero", use_bias=False, name="x")),
        (lambda: layers.Convolution2D(5, 3, 4, subsample=(2, 2), border_mode="same",
                                      dim_ordering="tf", name="x"),
         lambda: layers.Conv2D(5, (3, 4), strides=(2, 2), padding="same",
                               data_format="channels_last", name="x")),
        (lambda: layers.Conv2D(5, nb_row=3, nb_col=4, name="x"),
         lambda: layers.Conv2D(5, (3, 4), name="x")),
        (lambda: layers.Conv3D(5, 3, kernel_dim2=4, kernel_dim3=5, name="x"),
         lambda: layers.Conv3D(5, (3, 4, 5), name="x")),
        (lambda: layers.Conv1D(nb_filter=5, filter_length=3, input_dim=2, input_length=9, name="x"),
         lambda: layers.Conv1D(5, 3, input_shape=(9, 2), name="x")),
        (lambda: layers.LSTM(output_dim=3, inner_init="zero", forget_bias_init="one",
                             consume_less="gpu", dropout_U=0.5, name="x"),
         lambda: layers.LSTM(3, recurrent_initializer="zero", unit_forget_bias=True,
                             implementation=2, recurrent_dropout=0.5, name="x")),
        (lambda: layers.ZeroPadding2D({"top_pad": 1, "left_pad": 2}, name="x"),
         lambda: layers.ZeroPadding2D(((1, 0), (2, 0)), name="x")),
        (lambda: layers.AtrousConv2D(5, 3, 3, atrous_rate=2, name="x"),
         lambda: layers.Conv2D(5, (3, 3), dilation_rate=2, name="x")),
        (lambda: layers.MaxPooling1D(pool_length=3, stride=2, name="x"),
         lambda: layers.MaxPooling1D(3, 2, name="x")),
    ],
)  # fmt: skip
def test_old_names(old, new):
    with pytest.warns(UserWarning):
        made = old()
    assert made.get_config() == new().get_config()


def test_the_warning_shows_the_new_call():
    with pytest.warns(UserWarning) as told:
        layers.Dropout(p=0.25, name="drop")
    assert str(told[0].message) == (
        'Update your `Dropout` call to the Keras 2 API: `Dropout(name="drop", rate=0.25)`'
    )
    assert told[0].filename == __file__


def test_contradictions():
    with pytest.raises(TypeError, match="both the legacy keyword argument `p`.*`rate`"):
        layers.Dropout(p=0.5, rate=0.5)
    with pytest.raises(ValueError, match="both `kernel_size` and `strides` as integer"):
        layers.Conv2D(3, 3, 2, padding="same")
    with pytest.raises(TypeError, match="mode=1"):
        layers.BatchNormalization(mode=1)
    with pytest.raises(TypeError):
        layers.Dense(nb_filter=3)
    with pytest.raises(NotImplementedError, match="functional API and `keras.layers.concatenate`"):
        Merge([], mode="concat")


def test_layers_outside_of_the_package():
    class Mine(layers.Layer):
        @interfaces.legacy_dense_support
        def __init__(self, units, **kwargs):
            self.units = units
            super().__init__(**kwargs)

    with pytest.warns(UserWarning, match="Update your `Mine` call"):
        assert Mine(output_dim=4).units == 4

    class Dense(layers.Layer):  # the same name as a class of the table
        def __init__(self, output_dim, **kwargs):
            self.units = output_dim
            super().__init__(**kwargs)

    assert Dense(output_dim=3).units == 3

    class Function:
        @interfaces.generate_legacy_method_interface(conversions=[("nb_epoch", "epochs")])
        def fit(self, epochs=1):
            return epochs

    with pytest.warns(UserWarning, match="Update your `fit` call"):
        assert Function().fit(nb_epoch=3) == 3


def test_highway_and_maxout_compute():
    x = np.random.RandomState(1).randn(3, 2).astype("f")
    with pytest.warns(UserWarning, match="is deprecated"):
        maxout = layers.MaxoutDense(4, nb_feature=3, input_shape=(2,))
        highway = layers.Highway(activation="tanh", input_shape=(2,))
    model = models.Sequential([maxout])
    w, b = [np.random.RandomState(2).randn(*a.shape) for a in model.get_weights()]
    model.set_weights([w, b])
    np.testing.assert_allclose(
        model.predict(x), (np.einsum("ni,fio->nfo", x, w) + b).max(axis=1), rtol=1e-4, atol=1e-5
    )
    model = models.Sequential([highway])
    w, wc, b, bc = [np.random.RandomState(2).randn(*a.shape) for a in model.get_weights()]
    model.set_weights([w, wc, b, bc])
    share = 1 / (1 + np.exp(-(x @ wc + bc)))
    np.testing.assert_allclose(
        model.predict(x), np.tanh(x @ w + b) * share + (1 - share) * x, rtol=1e-4, atol=1e-5
    )
    again = models.model_from_json(model.to_json())
    assert again.layers[0].get_config() == highway.get_config()


class Steps(Recurrent):
    """A recurrent layer as they were written before cells."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        batch = input_shape[0] if self.stateful else None
        self.input_spec[0] = layers.InputSpec(shape=(batch, None, input_shape[2]))
        self.states = [None]
        if self.stateful:
            self.reset_states()
        self.kernel = self.add_weight("kernel", (input_shape[2], self.units), initializer="ones")
        self.built = True

    def get_constants(self, inputs, training=None):
        return [K.constant(0.5)]

    def step(self, inputs, states):
        last, half = states
        output = half * last + K.dot(inputs, self.kernel)
        return output, [output]


def test_recurrent_layers_of_their_own():
    x = np.array([[[1.0], [2.0], [3.0]], [[0.0], [0.0], [4.0]]], "f")
    model = models.Sequential([Steps(2, input_shape=(3, 1), return_sequences=True)])
    expected = np.array([[1.0, 2.5, 4.25], [0.0, 0.0, 4.0]])
    np.testing.assert_allclose(model.predict(x), np.repeat(expected[..., None], 2, -1))
    model = models.Sequential([Steps(2, batch_input_shape=(2, 3, 1), stateful=True)])
    np.testing.assert_allclose(model.predict(x)[:, 0], expected[:, 2])
    np.testing.assert_allclose(model.predict(x)[:, 0], expected[:, 2] + expected[:, 2] / 8)
    model.reset_states()
    np.testing.assert_allclose(model.predict(x)[:, 0], expected[:, 2])


def test_weights_and_models_as_they_were_made():
    class Mine(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[1], 3), "w", initializer="ones")
            self.built = True

        def call(self, x):
            return K.dot(x, self.w)

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 3)

    x = layers.Input((2,))
    with pytest.warns(UserWarning, match="Update your `Model` call"):
        model = models.Model(input=x, output=Mine()(x))
    assert model.predict(np.ones((1, 2))).tolist() == [[2.0, 2.0, 2.0]]
    assert model.weights[0].name.endswith("/w:0")
