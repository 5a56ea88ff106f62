# SPDX-License-Identifier: Apache-2.0
"""Callbacks: when they are called, what they do, what they write."""

import csv
import sys
import types
import warnings

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K
from caudal.keras import callbacks, layers, models

X = np.linspace(-1, 1, 40).reshape(10, 4).astype("f")
Y = X[:, :1]


def model_of(optimizer="sgd"):
    model = models.Sequential([layers.Dense(1, input_shape=(4,), name="only")])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


class Noted(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("train")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append("epoch %d" % epoch)

    def on_batch_end(self, batch, logs=None):
        self.calls.append("batch %d: %s" % (batch, sorted(logs)))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(sorted(logs))

    def on_train_end(self, logs=None):
        self.calls.append("end")


def test_hooks_in_order():
    noted = Noted()
    model_of().fit(X, Y, batch_size=5, epochs=1, verbose=0, callbacks=[noted],
                   validation_data=(X, Y))  # fmt: skip
    batch = "['batch', 'loss', 'mean_absolute_error', 'size']"
    assert noted.calls == [
        "train", "epoch 0", "batch 0: " + batch, "batch 1: " + batch,
        ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"], "end",
    ]  # fmt: skip
    assert [a.shape for a in noted.validation_data] == [(10, 4), (10, 1), (10,)]
    assert noted.params["epochs"] == 1 and noted.params["samples"] == 10


def test_only_what_is_overridden_is_called():
    class Batches(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):  # the name in tf.keras
            self.seen = batch

    batches, function = Batches(), callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    listed = callbacks.CallbackList([callbacks.Callback(), batches, function])
    hooks = ["on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end",
             "on_batch_begin", "on_batch_end"]  # fmt: skip
    assert [h for h in hooks if listed.has(h)] == ["on_epoch_end", "on_batch_end"]
    listed.on_batch_end(7, {})
    assert batches.seen == 7
    listed.append(Noted())
    assert listed.has("on_train_begin") and len(list(listed)) == 4
    function.on_epoch_begin = lambda epoch, logs: listed.append("later")
    listed.on_epoch_begin(0)
    assert "later" in listed.callbacks


def test_slow_callbacks_are_named(monkeypatch):
    from caudal.keras import callbacks_base

    monkeypatch.setattr(callbacks_base, "_SLOW", 0.002)
    clock = iter(np.arange(0, 100, 0.01))
    monkeypatch.setattr(callbacks_base.time, "perf_counter", lambda: next(clock))
    listed = callbacks.CallbackList([Noted()])
    listed.on_epoch_begin(0)
    with pytest.warns(UserWarning, match=r"on_batch_\w+\(\) is slow compared to the batch update"):
        for batch in range(3):
            listed.on_batch_begin(batch, {})
            listed.on_batch_end(batch, {})


def test_history_is_recorded_and_shown():
    history = model_of().fit(X, Y, epochs=3, verbose=0, validation_data=(X, Y))
    assert history.epoch == [0, 1, 2] and len(history.history["val_loss"]) == 3
    assert "3 epochs" in repr(history) and "loss" in repr(history)
    page = history._repr_html_()
    assert page.count("<svg") == 2 and page.count("<polyline") == 4
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    figure = history.plot()
    assert [ax.get_title() for ax in figure.axes] == ["loss", "mean_absolute_error"]
    assert len(figure.axes[0].lines) == 2 and len(history.plot(["loss"]).axes) == 1
    with pytest.raises(ValueError, match="no such metric in the history: acc; there are loss"):
        history.plot(["acc"])
    with pytest.raises(ValueError, match="nothing to plot"):
        callbacks.History().plot()
    history.history["loss"][1] = float("nan")
    history._repr_html_()
    matplotlib.pyplot.close("all")


def test_checkpoint_survives_a_failing_save(tmp_path, monkeypatch):
    from caudal.keras.utils import io_utils

    path = tmp_path / "best.h5"
    model = model_of()
    model.fit(X, Y, verbose=0, callbacks=[callbacks.ModelCheckpoint(path)])
    before = path.read_bytes()

    def full(self, name, value):
        raise OSError("no space left on device")

    monkeypatch.setattr(io_utils.H5Dict, "__setitem__", full)
    with pytest.raises(OSError, match="no space"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.ModelCheckpoint(path)])
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["best.h5"]
    with pytest.raises(NotImplementedError, match="save_freq"):
        callbacks.ModelCheckpoint("x", save_freq=100)


def test_checkpoint_of_the_best(tmp_path, capsys):
    saved = []
    model = types.SimpleNamespace(save=lambda path, overwrite: saved.append(path))
    keeper = callbacks.ModelCheckpoint(
        str(tmp_path / "{epoch:02d}-{val_acc:.1f}"), "val_acc", verbose=1, save_best_only=True
    )
    keeper.model = model
    for epoch, value in enumerate([0.5, 0.4, 0.9]):
        keeper.on_epoch_end(epoch, {"val_acc": value})
    assert [p.rsplit("/")[-1] for p in saved] == ["01-0.5", "03-0.9"]
    assert "did not improve from 0.5" in capsys.readouterr().out
    with pytest.warns(RuntimeWarning, match="val_acc"):
        callbacks.ModelCheckpoint("x", "val_acc", save_best_only=True).on_epoch_end(0, {})
    with pytest.warns(RuntimeWarning, match="mode most is unknown, fallback to auto"):
        callbacks.ModelCheckpoint("x", mode="most")


def test_early_stopping_gives_the_best_weights_back():
    model = model_of()
    losses = iter([3.0, 1.0, 2.0, 2.0])
    watched = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.__setitem__("watched", next(losses))
    )
    kept = []
    keeper = callbacks.LambdaCallback(on_epoch_end=lambda e, l: kept.append(model.get_weights()))
    stop = callbacks.EarlyStopping("watched", patience=2, restore_best_weights=True)
    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[watched, keeper, stop])
    assert len(history.epoch) == 4 and stop.stopped_epoch == 3
    np.testing.assert_array_equal(model.get_weights()[0], kept[1][0])
    with pytest.warns(RuntimeWarning, match="`val_loss` which is not available.*loss"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])


def test_learning_rates():
    model = model_of()
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)])  # fmt: skip
    np.testing.assert_allclose(history.history["lr"], [0.005, 0.0025, 0.00125], rtol=1e-6)
    with pytest.raises(ValueError, match="should be float"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e: 1)])
    plateau = callbacks.ReduceLROnPlateau("loss", 0.1, 1, min_delta=1e9, min_lr=1e-4, cooldown=1)
    K.set_value(model.optimizer.lr, 0.01)
    history = model.fit(X, Y, epochs=6, verbose=0, callbacks=[plateau])
    np.testing.assert_allclose(history.history["lr"][-1], 1e-4, rtol=1e-5)
    with pytest.raises(ValueError, match="factor >= 1.0"):
        callbacks.ReduceLROnPlateau(factor=1.0)
    with pytest.raises(TypeError, match="delta"):
        callbacks.ReduceLROnPlateau(delta=1)
    model.compile(tf.train.GradientDescentOptimizer(0.1), "mse")
    with pytest.raises(ValueError, match='must have a "lr" attribute'):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e: 0.1)])


def test_training_ends_at_a_loss_that_is_no_number(capsys):
    history = model_of().fit(X * np.nan, Y, epochs=5, verbose=0,
                             callbacks=[callbacks.TerminateOnNaN()])  # fmt: skip
    assert len(history.epoch) == 1
    assert "Batch 0: Invalid loss" in capsys.readouterr().out


def test_csv(tmp_path):
    path = tmp_path / "log.csv"
    logger = callbacks.CSVLogger(path, append=True)
    model = model_of()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[logger])
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[logger])
    with open(path) as file:
        rows = list(csv.DictReader(file))
    assert [r["epoch"] for r in rows] == ["0", "1", "0"]
    assert list(rows[0]) == ["epoch", "loss", "mean_absolute_error"]
    logger.on_train_begin()
    logger.model = types.SimpleNamespace(stop_training=True)
    logger.on_epoch_end(3, {"loss": np.array([1.0, 2.0])})
    logger.on_train_end()
    assert path.read_text().splitlines()[-1] == '3,"""[1.0, 2.0]""",NA'


def test_remote_monitor(monkeypatch):
    sent = []
    fake = types.ModuleType("requests")
    fake.exceptions = types.SimpleNamespace(RequestException=KeyError)
    fake.post = lambda url, **kwargs: sent.append((url, kwargs))
    monkeypatch.setitem(sys.modules, "requests", fake)
    monitor = callbacks.RemoteMonitor("http://a", "/b", send_as_json=True)
    monitor.on_epoch_end(2, {"loss": np.float32(0.5)})
    assert sent == [("http://a/b", {"headers": None, "json": {"epoch": 2, "loss": 0.5}})]
    callbacks.RemoteMonitor("http://a").on_epoch_end(2, {"loss": 1})
    assert sent[1][1]["data"] == {"data": '{"epoch": 2, "loss": 1}'}
    fake.post = lambda url, **kwargs: {}["unreachable"]
    with pytest.warns(UserWarning, match="could not reach"):
        monitor.on_epoch_end(3, {})
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(ImportError, match="pip install requests"):
        monitor.on_epoch_end(3, {})


def events(folder):
    found = {}
    for path in folder.glob("events*"):
        for event in tf.train.summary_iterator(str(path)):
            if event.graph_def:
                found.setdefault("graph", []).append(event)
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value))
    return found


@pytest.mark.parametrize("update_freq", ["epoch", "batch", 10])
def test_tensorboard_metrics(tmp_path, update_freq):
    board = callbacks.TensorBoard(tmp_path, update_freq=update_freq)
    history = model_of().fit(X, Y, batch_size=5, epochs=3, verbose=0, callbacks=[board])
    found = events(tmp_path)
    steps = [step for step, _ in found["loss"]]
    assert steps == {"epoch": [0, 1, 2], "batch": [5, 10, 10, 15, 20, 20, 25, 30, 30],
                     10: [10, 10, 20, 20, 30, 30]}[update_freq]  # fmt: skip
    last = found["mean_absolute_error"][-1][1].simple_value
    np.testing.assert_allclose(last, history.history["mean_absolute_error"][-1], rtol=1e-6)
    graph = tf.GraphDef.FromString(found["graph"][0].graph_def)
    assert any(node.name == "only/kernel" for node in graph.node)


def test_tensorboard_histograms_images_and_gradients(tmp_path):
    model = models.Sequential(
        [
            layers.Conv2D(2, 3, input_shape=(5, 5, 1), name="conv"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(1, name="out"),
        ]
    )
    model.compile("sgd", "mse")
    x, y = np.random.RandomState(0).rand(7, 5, 5, 1), np.ones((7, 1))
    for _ in range(2):  # a model may be trained and watched again
        board = callbacks.TensorBoard(tmp_path, histogram_freq=2, batch_size=4, write_grads=True,
                                      write_images=True, write_graph=False)  # fmt: skip
        model.fit(x, y, epochs=3, verbose=0, callbacks=[board], validation_data=(x, y))
    found = events(tmp_path)
    assert "graph" not in found
    for tag in ("conv/kernel_0", "conv/kernel_0_grad", "out/bias_0", "conv_out", "drop_out"):
        step, value = found[tag][0]
        assert value.histo.num > 0, tag
    # Two epochs, two batches each, twice.
    assert [step for step, _ in found["out/kernel_0"]] == [0, 0, 2, 2] * 2
    assert found["out_out"][0][1].histo.num == 4 and found["out_out"][1][1].histo.num == 3
    image = found["out/kernel_0_1/image/0"][0][1].image
    assert (image.height, image.width) == (18, 1) and image.encoded_image_string[1:4] == b"PNG"
    with pytest.raises(ValueError, match="validation_data must be provided"):
        model.fit(x, y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path, histogram_freq=1)])


def test_tensorboard_embeddings(tmp_path):
    model = models.Sequential([layers.Embedding(6, 3, input_length=2, name="words"),
                               layers.Flatten(), layers.Dense(1)])  # fmt: skip
    model.compile("sgd", "mse")
    x = np.arange(10).reshape(5, 2) % 6
    board = callbacks.TensorBoard(tmp_path, batch_size=2, embeddings_freq=1, embeddings_data=x,
                                  embeddings_metadata="words.tsv")  # fmt: skip
    model.fit(x, np.ones((5, 1)), epochs=2, verbose=0, callbacks=[board])
    prefix = tf.train.latest_checkpoint(str(tmp_path))
    assert prefix.endswith("keras_embedding.ckpt-1")
    saved = tf.train.load_checkpoint(prefix).get_tensor("words_embedding")
    np.testing.assert_allclose(saved, model.get_weights()[0][x].reshape(5, 6), rtol=1e-6)
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert "words_embedding:0" in config and "words.tsv" in config
    with pytest.raises(ValueError, match="embeddings_data must be provided"):
        model.fit(x, np.ones((5, 1)), verbose=0,
                  callbacks=[callbacks.TensorBoard(tmp_path, embeddings_freq=1)])  # fmt: skip


def test_progress_bars(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model_of().fit(X, Y, batch_size=5, epochs=2, verbose=2)
        model_of().fit(X, Y, batch_size=5, epochs=1, verbose=1)
    shown = capsys.readouterr().out
    assert shown.count("Epoch ") == 3 and "10/10" in shown and "loss: " in shown
    with pytest.raises(ValueError, match="count_mode"):
        callbacks.ProgbarLogger("epochs")
