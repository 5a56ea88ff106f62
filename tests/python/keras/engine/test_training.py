# SPDX-License-Identifier: Apache-2.0
"""fit, evaluate, predict and their single batches: numbers, data of all kinds, messages."""

import numpy as np
import pytest

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from caudal.keras.engine import training_arrays
from caudal.keras.layers import (
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Input,
    Lambda,
    Masking,
    TimeDistributed,
)
from caudal.keras.models import Model, Sequential


@pytest.fixture(autouse=True)
def fresh():
    K.clear_session()
    np.random.seed(0)


def samples(count=20, inputs=4, classes=3):
    rng = np.random.RandomState(7)
    x = rng.randn(count, inputs).astype("float32").round(2)
    return x, np.eye(classes)[rng.randint(0, classes, count)], rng.rand(count).round(2), rng


def classifier(optimizer="sgd", loss="categorical_crossentropy", **kwargs):
    model = Sequential([Dense(5, activation="tanh", input_shape=(4,)),
                        Dense(3, activation="softmax", name="out")])  # fmt: skip
    model.compile(optimizer, loss, **kwargs)
    return model


# Keras 2.2.4 on the same data, batches of 8 in order, weighted, the last 30 % for validation.
HISTORIES = {
    "sgd": {
        "val_loss": [0.792216, 0.787941, 0.783699],
        "val_acc": [0.333333, 0.333333, 0.333333],
        "val_mean_absolute_error": [0.459613, 0.458985, 0.458358],
        "val_weighted_acc": [0.168333, 0.168333, 0.168333],
        "loss": [1.11045, 1.09706, 1.08375],
        "acc": [0.285714, 0.285714, 0.285714],
        "mean_absolute_error": [0.499575, 0.498407, 0.49715],
        "weighted_acc": [0.137143, 0.137143, 0.137143],
    },
    "rmsprop": {"val_loss": [0.789402, 0.784808, 0.780967], "loss": [1.10874, 1.09403, 1.08398]},
    "adagrad": {"val_loss": [0.774409, 0.761319, 0.751141], "loss": [1.10405, 1.05816, 1.02898]},
    "adadelta": {"val_loss": [0.792614, 0.788899, 0.785229], "loss": [1.10996, 1.10197, 1.0941]},
}


@pytest.mark.parametrize("optimizer", HISTORIES)
def test_histories_are_those_of_keras(optimizer):
    x, y, w, rng = samples()
    weights = [rng.randn(4, 5).round(2), np.zeros(5), rng.randn(5, 3).round(2), np.zeros(3)]
    model = classifier(optimizer, metrics=["accuracy", "mae"], weighted_metrics=["accuracy"])
    model.set_weights(weights)
    history = model.fit(
        x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, sample_weight=w,
        validation_split=0.3,
    ).history  # fmt: skip
    assert list(history) == list(HISTORIES["sgd"])  # in this order
    for name, values in HISTORIES[optimizer].items():
        np.testing.assert_allclose(history[name], values, rtol=2e-5, err_msg=name)


def test_a_step_follows_the_gradient():
    x, y, _, _ = samples()
    model = classifier(keras.optimizers.SGD(0.5))
    gradients = K.gradients(model.total_loss, model.trainable_weights)
    function = K.function(model._feed_inputs + model._feed_targets, gradients)
    expected = [w - 0.5 * g for w, g in zip(model.get_weights(), function([x, y]))]
    model.train_on_batch(x, y)
    for new, old in zip(model.get_weights(), expected):
        np.testing.assert_allclose(new, old, atol=1e-6)


def test_the_smaller_last_batch_counts_less():
    x, y, _, _ = samples(10)
    model = classifier(metrics=["acc"])
    whole = model.test_on_batch(x, y)
    np.testing.assert_allclose(model.evaluate(x, y, batch_size=4, verbose=0), whole, rtol=1e-6)
    frozen = classifier(keras.optimizers.SGD(0.0), metrics=["acc"])
    frozen.set_weights(model.get_weights())
    history = frozen.fit(x, y, batch_size=4, verbose=0).history
    np.testing.assert_allclose([history["loss"][0], history["acc"][0]], whole, rtol=1e-6)


def test_weights_of_classes_are_weights_of_samples():
    x, y, _, _ = samples()
    weight = {0: 1.0, 1: 2.0, 2: 0.0}
    each = np.array([weight[c] for c in y.argmax(1)])
    model = classifier(keras.optimizers.SGD(0.0))
    a = model.train_on_batch(x, y, class_weight=weight)
    b = model.test_on_batch(x, y, sample_weight=each)
    plain = model.predict(x)
    by_hand = -np.log(plain[np.arange(len(x)), y.argmax(1)])
    assert a == pytest.approx(b, rel=1e-6)
    # The mean is over the samples whose weight is not zero.
    assert a == pytest.approx((by_hand * each).sum() / (each != 0).sum(), rel=1e-5)
    with pytest.raises(ValueError, match=r"classes \{2\} exist in the data"):
        model.fit(x, y, class_weight={0: 1, 1: 1}, verbose=0)


def test_weights_of_timesteps():
    x = np.random.rand(6, 3, 2)
    y = np.random.rand(6, 3, 1)
    w = np.random.rand(6, 3)
    model = Sequential([TimeDistributed(Dense(1), input_shape=(3, 2))])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    error = (model.predict(x) - y)[..., 0] ** 2
    value = model.test_on_batch(x, y, sample_weight=w)
    assert value == pytest.approx((error * w).mean(), rel=1e-5)
    assert model.test_on_batch(x, y) == pytest.approx(error.mean(), rel=1e-5)
    with pytest.raises(ValueError, match="you should pass a 2D sample_weight array"):
        model.test_on_batch(x, y, sample_weight=w[:, 0])


def test_masked_steps_do_not_count():
    x = np.array([[[1.0], [1.0]], [[0.0], [0.0]]])
    model = Sequential([Masking(0, input_shape=(2, 1)),
                        TimeDistributed(Dense(1, kernel_initializer="ones"))])  # fmt: skip
    model.compile("sgd", "mse")
    assert model.train_on_batch(x, np.ones((2, 2, 1))) == 0


def test_two_inputs_two_outputs():
    x, y, _, _ = samples()
    a, b = Input((4,), name="a"), Input((4,), name="b")
    one = Dense(3, activation="softmax", name="one")(keras.layers.add([a, b]))
    two = Dense(1, activation="sigmoid", name="two")(b)
    model = Model([a, b], [one, two])
    model.compile("sgd", {"one": "categorical_crossentropy", "two": "binary_crossentropy"},
                  loss_weights={"two": 0.5},
                  metrics={"one": ["acc", "ce"], "two": "acc"})  # fmt: skip
    names = ["loss", "one_loss", "two_loss", "one_acc", "one_ce", "two_acc"]
    assert model.metrics_names == names
    targets = {"one": y, "two": y[:, :1]}
    values = model.evaluate({"a": x, "b": x[::-1]}, targets, verbose=0)
    assert values[0] == pytest.approx(values[1] + 0.5 * values[2], rel=1e-6)
    assert values[1] == pytest.approx(values[4], rel=1e-6)
    history = model.fit([x, x[::-1]], [y, y[:, :1]], epochs=2, verbose=0, validation_split=0.2)
    assert sorted(history.history) == sorted(names + ["val_" + n for n in names])
    first, second = model.predict([x, x], batch_size=7)
    assert first.shape == (20, 3) and second.shape == (20, 1)
    with pytest.raises(ValueError, match="Expected to see 2 array"):
        model.predict([x])
    with pytest.raises(ValueError, match='No data provided for "b"'):
        model.predict({"a": x})


def test_losses_and_metrics_of_layers():
    x = np.ones((4, 2), "float32")
    a = Input((2,))
    dense = Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.l2(0.5))
    output = dense(a)
    model = Model(a, output)
    model.add_loss(K.mean(output))
    dense.add_metric(K.sum(dense.kernel), name="size")
    model.compile("sgd", None)
    # 0.5 * (1 + 1) from the weights, 2 from the output
    assert model.metrics_names == ["loss", "size"]
    np.testing.assert_allclose(model.test_on_batch(x, None), [3.0, 2.0])


def test_only_training_drops():
    model = Sequential([Dropout(0.5, input_shape=(50,))])
    model.compile("sgd", "mse")
    x = np.ones((4, 50))
    assert (model.predict(x) == 1).all()
    assert model.evaluate(x, x, verbose=0) == 0
    frozen = Sequential([Dense(50, input_shape=(50,), trainable=False,
                               kernel_initializer="identity"), Dropout(0.5)])  # fmt: skip
    frozen.compile("sgd", "mse")
    assert frozen.train_on_batch(x, x) > 0.5


@pytest.mark.parametrize("dtype", ["float64", "uint8", "int32", "bool"])
@pytest.mark.parametrize("contiguous", [True, False])
def test_arrays_of_other_types(dtype, contiguous):
    x = (np.random.rand(33, 6) * 5).astype(dtype)
    y = np.random.randint(0, 3, 33)
    if not contiguous:
        x = np.asfortranarray(x)[::-1]
    model = Sequential([Dense(3, activation="softmax", input_shape=(6,))])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    exact = x.astype("float32")
    np.testing.assert_array_equal(model.predict(x), model.predict(exact))
    assert model.evaluate(x, y, verbose=0) == model.evaluate(exact, y.astype(float), verbose=0)
    weights = model.get_weights()
    np.random.seed(1)
    first = model.fit(x, y, epochs=2, batch_size=8, verbose=0).history
    model.set_weights(weights)
    np.random.seed(1)
    assert first == model.fit(exact, y, epochs=2, batch_size=8, verbose=0).history


def test_large_arrays_are_converted_batch_by_batch(monkeypatch):
    from caudal.keras.engine import training_batches

    x, y = np.random.rand(20, 4), np.random.rand(20, 1)
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse")
    weights = model.get_weights()
    np.random.seed(1)
    first = model.fit(x, y, epochs=2, verbose=0).history
    monkeypatch.setattr(training_batches, "_CONVERTED_BYTES", 0)
    model.set_weights(weights)
    np.random.seed(1)
    assert model.fit(x, y, epochs=2, verbose=0).history == first


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    x = sparse.random(20, 6, density=0.3, random_state=0).tocsr()
    y = np.random.rand(20, 2)
    model = Sequential([Dense(2, input_shape=(6,))])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(x), model.predict(x.toarray()))
    model.fit(x, y, verbose=0, validation_split=0.3)
    assert model.evaluate(x, y, verbose=0) == model.evaluate(x.toarray(), y, verbose=0)


class Stored:
    """Like an HDF5 dataset: takes lists of rising indices only."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __len__(self):
        return len(self.array)

    def __getitem__(self, key):
        if isinstance(key, list) and np.any(np.diff(key) <= 0):
            raise TypeError("Indexing elements must be in increasing order")
        return self.array[key]


def test_stored_arrays_take_whole_batches():
    x, y = np.random.rand(20, 4), np.random.rand(20, 1)
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse")
    model.fit(Stored(x), Stored(y), batch_size=6, shuffle="batch", epochs=2, verbose=0)
    np.testing.assert_array_equal(model.predict(Stored(x)), model.predict(x))
    with pytest.raises(TypeError, match='pass shuffle="batch"'):
        model.fit(Stored(x), Stored(y), batch_size=6, verbose=0)


def test_shuffled_epochs_take_every_sample_once():
    seen = []
    x = np.arange(10, dtype="float32")[:, None]

    def watched(y_true, y_pred):
        return tf.py_func(lambda y: seen.append(y.ravel().tolist()) or y.mean(1), [y_true],
                          tf.float32)  # fmt: skip

    model = Sequential([Dense(1, input_shape=(1,))])
    watched_loss = lambda a, b: K.mean(b, axis=-1) * 0 + watched(a, b)  # noqa: E731
    model.compile(keras.optimizers.SGD(0.0), watched_loss)
    model.fit(x, x, batch_size=4, epochs=2, verbose=0)
    for epoch in (seen[:3], seen[3:]):
        assert [len(batch) for batch in epoch] == [4, 4, 2]
        assert sorted(sum(epoch, [])) == list(range(10))
    assert seen[:3] != seen[3:]
    del seen[:]
    model.fit(x, x, batch_size=4, verbose=0, shuffle=False)
    assert sum(seen, []) == list(range(10))


def test_callbacks_hear_of_batches():
    x, y, _, _ = samples()
    calls = []
    callback = keras.callbacks.LambdaCallback(
        on_batch_begin=lambda i, logs: calls.append(("begin", i, dict(logs))),
        on_batch_end=lambda i, logs: calls.append(("end", i, sorted(logs))),
    )
    model = classifier(metrics=["acc"])
    model.fit(x, y, batch_size=8, verbose=0, callbacks=[callback])
    assert calls == [
        ("begin", 0, {"batch": 0, "size": 8}), ("end", 0, ["acc", "batch", "loss", "size"]),
        ("begin", 1, {"batch": 1, "size": 8}), ("end", 1, ["acc", "batch", "loss", "size"]),
        ("begin", 2, {"batch": 2, "size": 4}), ("end", 2, ["acc", "batch", "loss", "size"]),
    ]  # fmt: skip


class Stop(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 1


def test_a_callback_ends_training():
    x, y, _, _ = samples()
    model = classifier()
    history = model.fit(x, y, batch_size=4, epochs=5, verbose=0, callbacks=[Stop()],
                        validation_split=0.2)  # fmt: skip
    assert history.epoch == [0] and list(history.history) == ["loss"]


@pytest.mark.parametrize("interval", [0.0, 1e9])
def test_the_bar_shows_the_means(capsys, monkeypatch, interval):
    monkeypatch.setattr(training_arrays, "_SHOW_SECONDS", interval)
    x, y, _, _ = samples()
    model = classifier(keras.optimizers.SGD(0.0), metrics=["acc"])
    loss, accuracy = model.evaluate(x, y, verbose=0)
    model.fit(x, y, batch_size=3)
    text = capsys.readouterr().out
    assert "Epoch 1/1" in text and "20/20 [====" in text
    assert text.rstrip().endswith("loss: %.4f - acc: %.4f" % (loss, accuracy))


def test_a_metric_with_a_state():
    class Count(keras.layers.Layer):
        def __init__(self, name="count", **kwargs):
            super().__init__(name=name, **kwargs)
            self.stateful = True
            self.count = K.variable(0, dtype="int32")

        def reset_states(self):
            K.set_value(self.count, 0)

        def __call__(self, y_true, y_pred):
            seen = K.shape(y_true)[0]
            before = self.count * 1
            self.add_update(K.update_add(self.count, seen), inputs=[y_true, y_pred])
            return before + seen

    x, y, _, _ = samples()
    model = classifier(metrics=[Count(), "acc"])
    assert model.metrics_names == ["loss", "count", "acc"]
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0, validation_split=0.25).history
    assert history["count"] == [15, 15] and history["val_count"] == [5, 5]


def test_subclasses_are_connected_by_their_first_data():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.hidden = Dense(4, activation="relu")
            self.drop = Dropout(0.5)
            self.out = Dense(3, activation="softmax")

        def call(self, inputs):
            return self.out(self.drop(self.hidden(inputs)))

    x, y, w, _ = samples()
    model = Net()
    model.compile("adam", "categorical_crossentropy", metrics=["acc"])
    assert sorted(model.fit(x, y, verbose=0, sample_weight=w).history) == ["acc", "loss"]
    assert model.predict(x).shape == (20, 3) and len(model.get_weights()) == 4
    with pytest.raises(ValueError, match="Please do not pass a dictionary"):
        Net().predict({"a": x})


def test_inputs_and_targets_that_are_tensors():
    x, y, _, _ = samples()
    model = classifier()
    target = K.variable(y)
    model.compile("sgd", "categorical_crossentropy", target_tensors=[target])
    model.train_on_batch(x, None)
    with pytest.raises(ValueError, match="expected no data"):
        model.train_on_batch(x, y)
    source = Input(tensor=K.variable(x))
    fed = Model(source, Dense(3, activation="softmax")(source))
    fed.compile("sgd", "categorical_crossentropy")
    fed.fit(None, y, batch_size=20, verbose=0)
    assert fed.predict(None, steps=2).shape == (40, 3)
    with pytest.raises(ValueError, match="`steps` argument"):
        fed.predict(None)
    symbolic = classifier()
    history = symbolic.fit(K.constant(x), K.constant(y), steps_per_epoch=3, verbose=0).history
    assert len(history["loss"]) == 1


def test_stateful_models_take_whole_batches():
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(4, 3, 1))])
    model.compile("sgd", "mse")
    x = np.random.rand(8, 3, 1)
    first = model.predict(x, batch_size=4)
    assert not np.allclose(first, model.predict(x, batch_size=4))
    model.reset_states()
    np.testing.assert_allclose(first, model.predict(x, batch_size=4), rtol=1e-6)
    with pytest.raises(ValueError, match="stateful network"):
        model.fit(np.random.rand(6, 3, 1), np.random.rand(6, 2), batch_size=4, verbose=0)


def test_optimizers_of_graphs():
    x, y, _, _ = samples()
    model = classifier(tf.train.AdamOptimizer(0.1))
    values = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert values[-1] < 0.7 * values[0]


def test_a_users_own_training_function():
    x, y, _, _ = samples()
    model = classifier()
    model._make_train_function()
    sizes = []

    def function(ins):
        sizes.append([np.shape(v) for v in ins])
        return [0.25]

    model.train_function = function
    assert model.fit(x, y, batch_size=16, verbose=0).history == {"loss": [0.25]}
    assert sizes == [[(16, 4), (16, 3), (16,)], [(4, 4), (4, 3), (4,)]]


def test_generated_data_and_sequences_in_fit():
    class Batches(keras.utils.Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            x, y, _, _ = samples(8)
            return x, y

    model = classifier(metrics=["acc"])
    history = model.fit(Batches(), epochs=2, verbose=0, validation_data=Batches()).history
    assert len(history["val_acc"]) == 2
    assert len(model.evaluate(Batches(), verbose=0)) == 2
    assert model.predict(Batches()).shape == (24, 3)


def message(function, *args, error=ValueError, **kwargs):
    with pytest.raises(error) as info:
        function(*args, **kwargs)
    return str(info.value)


def test_messages():
    x, y, w, _ = samples()
    model = classifier()
    text = message(model.fit, x[:, :3], y)
    name = model.input_names[0]
    assert text == (
        "Error when checking input: expected %s to have shape (4,) but got array with shape (3,)"
        % name
    )
    assert "expected %s to have 2 dimensions, but got array with shape" % name in message(
        model.predict, x[..., None]
    )
    assert "expected out to have shape (3,) but got array with shape (2,)" in message(
        model.fit, x, y[:, :2]
    )
    assert "Found 20 input samples and 10 target samples" in message(model.fit, x, y[:10])
    assert "Sample_weight arrays should have" not in message(
        model.fit, x, y, sample_weight=w[:5], verbose=0
    )
    assert "contain 2 (x_val, y_val) or 3" in message(model.fit, x, y, validation_data=(x,))
    assert "No targets were given" in message(model.fit, x, None)
    assert "must be an integer" in message(model.fit, x, y, error=TypeError, batch_size=2.5)
    assert "must be a list" in message(model.fit, x, y, error=TypeError, callbacks=5)
    assert "batch_size must be at least 1" in message(model.fit, x, y, batch_size=0)
    assert "Unrecognized keyword" in message(model.fit, x, y, error=TypeError, shuffled=1)
    fresh = Sequential([Dense(1, input_shape=(4,))])
    assert "You must compile" in message(fresh.fit, x, y, error=RuntimeError)
    assert "You must compile" in message(fresh.evaluate, x, None, error=RuntimeError)
    assert "no loss to optimize" in message(fresh.compile, "sgd", None)
    assert "Unknown entry in loss dictionary" in message(fresh.compile, "sgd", {"a": "mse"})
    assert "Unknown loss function" in message(fresh.compile, "sgd", "no_such_loss")
    sparse = classifier(loss="sparse_categorical_crossentropy")
    assert "Output out has 3 classes" in message(sparse.fit, x, y.argmax(1) + 1, verbose=0)
    assert "is a Numpy array" not in message(model.predict, "text", error=TypeError)


def test_embedding_and_text_like_input():
    model = Sequential([Embedding(20, 4, input_length=5), LSTM(3), Dense(1), Activation("sigmoid")])
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    x, y = np.random.randint(0, 20, (30, 5)), np.random.randint(0, 2, 30)
    history = model.fit(x, y, epochs=2, verbose=0).history
    assert history["acc"][0] == pytest.approx(np.mean((model.predict(x)[:, 0] > 0.5) == y), abs=0.6)


def test_outputs_that_are_the_inputs():
    x = np.random.rand(100, 2).astype("float32")
    a = Input((2,))
    model = Model(a, Lambda(lambda v: v)(a))
    np.testing.assert_array_equal(model.predict(x, batch_size=7), x)
