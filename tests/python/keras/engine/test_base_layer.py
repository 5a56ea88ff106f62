# SPDX-License-Identifier: Apache-2.0
"""Layer: names, weights, shapes, masks, losses and updates of calls."""

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K
from caudal.keras.engine import InputSpec, Layer
from caudal.keras.layers import Dense, Dropout, Embedding, Input, Lambda, Masking, concatenate
from caudal.keras.models import Model, Sequential


class Scale(Layer):
    """x * factor, with a weight; says nothing of its shape."""

    def __init__(self, factor_name="factor", **kwargs):
        super().__init__(**kwargs)
        self.factor_name = factor_name

    def build(self, input_shape):
        assert isinstance(input_shape, tuple)
        self.factor = self.add_weight(
            self.factor_name, (input_shape[-1],), initializer="ones", regularizer="l2"
        )
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.factor


def test_names_count_from_one():
    assert [Dense(1).name for _ in range(2)] == ["dense_1", "dense_2"]
    assert Scale().name == "scale_1" and Dense(1, name="mine").name == "mine"
    K.clear_session()
    assert Dense(1).name == "dense_1"


def test_names_of_tf_layers_do_not_meet():
    names = [tf.layers.Flatten().name, Dense(1).name]
    x = Input((3,))
    names += [tf.layers.Dense(1)(x)._keras_history[0].name for _ in range(3)]
    names.append(Dense(1).name)
    assert len(set(names)) == len(names)


def test_weights():
    layer = Scale(name="s")
    assert not layer.built and layer.weights == []
    x = Input((4,))
    y = layer(x)
    assert layer.built and [w.name for w in layer.weights] == ["s/factor:0"]
    assert y._keras_shape == (None, 4) and layer.output_shape == (None, 4)
    assert layer.count_params() == 4
    layer.set_weights([np.arange(4)])
    np.testing.assert_array_equal(layer.get_weights()[0], [0, 1, 2, 3])
    with pytest.raises(ValueError, match="weight list of length 2, but the layer was expecting 1"):
        layer.set_weights([1, 2])
    with pytest.raises(ValueError, match=r"s/factor:0 of layer s: .* shape \(4,\).*\(3,\)"):
        layer.set_weights([np.ones(3)])
    assert float(K.eval(layer.losses[0])) == pytest.approx(0.01 * 14)


def test_first_values_of_weights():
    layer = Dense(2, weights=[np.full((3, 2), 7.0), np.ones(2)])
    layer(Input((3,)))
    assert layer.get_weights()[0].sum() == 42


def test_frozen_weights_are_not_in_the_collection():
    layer = Layer(name="own")
    layer.add_weight("a", (1,), initializer="zeros", trainable=False)
    layer.add_weight("b", (2,), initializer="zeros", dtype="float64")
    assert [v.dtype.base_dtype.name for v in layer.weights] == ["float64", "float32"]
    assert tf.trainable_variables() == layer.trainable_weights == [layer.weights[0]]
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 2


def test_arguments_of_a_first_layer():
    assert Dense(1, input_dim=3).batch_input_shape == (None, 3)
    assert Dense(1, input_shape=(2, 3), batch_size=5).batch_input_shape == (5, 2, 3)
    layer = Embedding(5, 2, input_length=3)
    assert layer.batch_input_shape == (None, 3)
    with pytest.raises(TypeError, match="Keyword argument not understood"):
        Dense(1, nonsense=2)


def test_shapes_come_from_the_method_or_from_the_graph():
    class Two(Layer):
        def call(self, x):
            return [x, K.concatenate([x, x])]

    class Said(Layer):
        def call(self, x):
            return K.reshape(x, (-1, 2))

        def compute_output_shape(self, shape):
            return (None, 2)

    x = Input((6,))
    a, b = Two()(x)
    assert (a._keras_shape, b._keras_shape) == ((None, 6), (None, 12))
    assert a is not x  # handed on, but with an origin of its own
    assert K.int_shape(Said()(x)) == (None, 2)


def test_inputs_are_checked():
    layer = Dense(2, name="d")
    with pytest.raises(ValueError, match="Layer d was called with an input that isn't a symbolic"):
        layer(np.ones((2, 3)))
    layer(Input((3,)))
    with pytest.raises(ValueError, match="(?s)layer d.*axis -1.*value 3.*shape"):
        layer(Input((4,)))

    class Fussy(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.input_spec = [InputSpec(ndim=2), InputSpec(ndim=3)]

        def call(self, inputs):
            return inputs[0]

    fussy = Fussy(name="f")
    with pytest.raises(ValueError, match="Layer f expects 2 inputs"):
        fussy(Input((3,)))
    with pytest.raises(ValueError, match="layer f.*expected ndim=3, found ndim=2"):
        fussy([Input((3,)), Input((3,))])


def test_a_layer_must_return_something():
    class Nothing(Layer):
        def call(self, inputs):
            pass

    with pytest.raises(ValueError, match="should return a tensor.*nothing_1"):
        Nothing()(Input((3,)))


def test_masks_travel():
    x = Input((4, 3))
    masked = Masking()(x)
    assert masked._keras_mask is not None
    kept = Dropout(0.5)(masked)
    assert kept._keras_mask is masked._keras_mask

    class Sees(Layer):
        supports_masking = False

        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs, mask=None):
            self.seen = mask
            return inputs

        def compute_mask(self, inputs, mask=None):
            return None

    layer = Sees()
    y = layer(kept)
    assert layer.seen is kept._keras_mask and y._keras_mask is None
    assert layer.input_mask is kept._keras_mask and layer.output_mask is None
    with pytest.raises(TypeError, match="Layer scale_1 does not support masking"):
        Scale()(kept)


def test_losses_and_updates_of_calls():
    layer = Dense(1, activity_regularizer="l1", kernel_regularizer="l2")
    a, b = Input((2,)), Input((2,))
    layer(a)
    layer(b)
    assert len(layer.losses) == 3
    assert len(layer.get_losses_for(a)) == len(layer.get_losses_for(b)) == 1
    assert len(layer.get_losses_for(None)) == 1
    counter = K.variable(0)
    layer.add_update(K.update_add(counter, 1), inputs=a)
    layer.add_update([K.update_add(counter, 1)])
    assert len(layer.updates) == 2 and len(layer.get_updates_for(b)) == 0
    layer.trainable = False
    assert layer.updates == [] and layer.get_updates_for(a) == []


def test_layers_inside_a_layer():
    class Block(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = Dense(3, kernel_regularizer="l2")
            self.more = [Dense(3), Dense(2)]

        def call(self, x):
            x = self.first(x)
            for layer in self.more:
                x = layer(x)
            return x

    block = Block(name="block")
    x = Input((4,))
    model = Model(x, block(x))
    assert len(model.trainable_weights) == 6 and len(model.losses) == 1
    assert block.weights[0].name.startswith("block/dense_1/kernel")
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    assert all((a != b).any() for a, b in zip(before, model.get_weights()))
    block.more[0].trainable = False
    assert len(model.trainable_weights) == 4


def test_training_reaches_inner_layers():
    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.drop = Dropout(0.5)

        def call(self, x, training=None):
            return self.drop(x)

    x = Input((100,))
    on, off = Outer()(x, training=True), Outer()(x, training=False)
    values = K.function([x], [on, off])([np.ones((1, 100))])
    assert (values[0] == 0).any() and (values[1] == 1).all()
    assert not on._uses_learning_phase
    assert Outer()(x)._uses_learning_phase


def test_shared_layers_have_no_single_input():
    layer = Dense(2, name="d")
    a, b = Input((3,)), Input((3,))
    first, _ = layer(a), layer(b)
    with pytest.raises(AttributeError, match="d has multiple inbound nodes"):
        layer.input  # noqa: B018
    assert layer.get_input_at(1) is b and layer.get_output_at(0) is first
    assert layer.input_shape == (None, 3)
    with pytest.raises(ValueError, match="Asked to get input at node 2"):
        layer.get_input_at(2)
    with pytest.raises(AttributeError, match="not connected"):
        Dense(1).input  # noqa: B018


def test_config():
    layer = Dense(2, input_shape=(3,), name="d", trainable=False)
    config = layer.get_config()
    assert config["batch_input_shape"] == (None, 3) and config["dtype"] == "float32"
    assert config["trainable"] is False
    again = Dense.from_config(config)
    assert again.get_config() == config
    assert "dtype" not in Dense(2).get_config()


def test_metrics_of_layers():
    class Watch(Layer):
        def call(self, x):
            self.add_metric(K.max(x), name="largest", aggregation="mean")
            return x

    model = Sequential([Watch(input_shape=(2,)), Dense(1)])
    model.compile("sgd", "mse")
    assert model.metrics_names == ["loss", "largest"]
    x = np.array([[1, 5], [2, 3]])
    assert model.evaluate(x, np.zeros((2, 1)), verbose=0)[1] == 5
    with pytest.raises(ValueError, match="`aggregation` must be"):
        Layer(name="l").add_metric(K.variable(1), aggregation="sum")


def test_layers_of_tf_in_a_model():
    x = Input((4,))
    y = tf.layers.Dense(3, activation=tf.nn.relu, name="first")(x)
    y = tf.layers.Dropout(0.5)(y)
    y = concatenate([y, Lambda(lambda t: 2 * t)(y)])
    model = Model(x, Dense(1)(y))
    assert [w.name for w in model.weights][:2] == ["first/kernel:0", "first/bias:0"]
    model.compile("adam", "mse")
    losses = model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
