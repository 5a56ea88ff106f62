# SPDX-License-Identifier: Apache-2.0
"""Models and weights in files: round trips, conversions, damaged files."""

import io
import json
import os
import warnings

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K
from caudal.keras import layers, models, optimizers
from caudal.keras.engine import saving
from caudal.keras.utils.io_utils import H5Dict, load_from_binary_h5py, save_to_binary_h5py

h5py = pytest.importorskip("h5py")
X = np.linspace(-1, 1, 20).reshape(5, 4).astype("f")
Y = np.eye(3, dtype="f")[[0, 1, 2, 1, 0]]


def model_of(trained=True):
    model = models.Sequential(
        [
            layers.Dense(6, activation="relu", input_shape=(4,), name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(3, activation="softmax", name="last"),
        ]
    )
    model.compile(optimizers.Adam(lr=0.05), "categorical_crossentropy", metrics=["accuracy"])
    if trained:
        model.train_on_batch(X, Y)
    return model


def same(a, b):
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    for _ in range(2):  # the second loss shows the state of the optimizer
        one, other = a.train_on_batch(X, Y), b.train_on_batch(X, Y)
        np.testing.assert_array_equal(one, other)


def test_paths_streams_groups_and_dicts(tmp_path):
    model = model_of()
    model.save(tmp_path / "model.h5")
    same(model, models.load_model(tmp_path / "model.h5"))
    stream = io.BytesIO()
    model.save(stream)
    stream.seek(0)
    same(model, models.load_model(stream))
    store = {}
    models.save_model(model, store)
    same(model, models.load_model(store))
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        group = file.create_group("model")
        for _ in range(2):  # a group may be written again
            models.save_model(model, group)
        same(model, models.load_model(group))
    stream = io.BytesIO()
    save_to_binary_h5py(lambda file: models.save_model(model, file), stream)
    stream.seek(0)
    same(model, load_from_binary_h5py(models.load_model, stream))
    with pytest.raises(TypeError, match="Required Group, str, binary stream or dict"):
        model.save(3)


def test_layout_is_that_of_keras(tmp_path):
    model_of().save(str(tmp_path / "m.h5"))
    with h5py.File(tmp_path / "m.h5", "r") as file:
        assert sorted(file) == ["model_weights", "optimizer_weights"]
        assert file.attrs["keras_version"] == "2.2.4" and file.attrs["backend"] == "tensorflow"
        weights = file["model_weights"]
        assert weights.attrs["layer_names"].tolist() == [b"first", b"norm", b"last"]
        assert weights["last"].attrs["weight_names"].tolist() == [b"last/kernel:0", b"last/bias:0"]
        assert weights["last/last/kernel:0"].shape == (6, 3)
        training = json.loads(file.attrs["training_config"])
        assert training["optimizer_config"]["class_name"] == "Adam"
        assert training["metrics"] == ["accuracy"]
        names = file["optimizer_weights"].attrs["weight_names"].tolist()
        assert names[0] == b"Adam/iterations:0" and len(names) == 1 + 3 * 6


def test_without_optimizer_or_compilation(tmp_path):
    path = str(tmp_path / "m.h5")
    model_of().save(path, include_optimizer=False)
    with pytest.warns(UserWarning, match="the model was \\*not\\* compiled"):
        loaded = models.load_model(path)
    assert loaded.optimizer is None
    model_of().save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert models.load_model(path, compile=False).optimizer is None
    model = model_of(trained=False)
    model.compile(tf.train.AdamOptimizer(), "mse")
    with pytest.warns(UserWarning, match="TensorFlow optimizers do not make it possible"):
        model.save(path)


def test_a_save_that_fails_leaves_the_last_file(tmp_path):
    path = tmp_path / "m.h5"
    model = model_of()
    model.save(path)
    before = path.read_bytes()
    model.loss = object()  # cannot be written
    with pytest.raises(TypeError, match="Not JSON Serializable"):
        model.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["m.h5"]
    with pytest.raises(OSError):
        model.save_weights(tmp_path / "missing" / "w.h5")
    link = tmp_path / "link.h5"
    link.symlink_to(path)
    model.save_weights(link)
    assert link.is_symlink() and path.read_bytes() != before


def test_asks_before_a_file_is_replaced(tmp_path, monkeypatch):
    path = tmp_path / "w.h5"
    model = model_of()
    model.save_weights(path)
    answers = iter(["maybe", "n", "y"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    monkeypatch.delitem(__import__("sys").modules, "six.moves", raising=False)
    before = path.stat().st_mtime_ns
    model.save_weights(path, overwrite=False)
    assert path.stat().st_mtime_ns == before
    model.save_weights(path, overwrite=False)
    assert path.stat().st_mtime_ns != before


# Damaged files -----------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "m.h5"
    model_of().save(path)
    return path


def test_files_that_are_cut_off_or_none(saved):
    whole = saved.read_bytes()
    for size in [0, 1, 7, 100, 511, 2048, len(whole) // 2, len(whole) - 1]:
        saved.write_bytes(whole[:size])
        with pytest.raises((OSError, ValueError), match="m.h5"):
            models.load_model(saved)
    saved.write_text("no such thing")
    with pytest.raises(OSError, match="cannot read .*m.h5"):
        models.load_model(str(saved))
    with pytest.raises(FileNotFoundError):
        models.load_model(str(saved) + "x")


def damaged(change):
    def drop(file, name):
        del file[name]

    def attribute(group, name, value):
        group.attrs[name] = value

    return {
        "no config": lambda f: f.attrs.__delitem__("model_config"),
        "no weights": lambda f: drop(f, "model_weights"),
        "config is no JSON": lambda f: attribute(f, "model_config", b"{"),
        "config is a number": lambda f: attribute(f, "model_config", 3),
        "unknown layer": lambda f: attribute(
            f, "model_config", f.attrs["model_config"].replace('"Dense"', '"Sparse"').encode()
        ),
        "no layer names": lambda f: f["model_weights"].attrs.__delitem__("layer_names"),
        "layer names are text": lambda f: attribute(f["model_weights"], "layer_names", b"first"),
        "a layer is missing": lambda f: drop(f["model_weights"], "last"),
        "a layer is a dataset": lambda f: (
            drop(f["model_weights"], "last"),
            f["model_weights"].create_dataset("last", data=1.0),
        ),
        "no weight names": lambda f: f["model_weights/last"].attrs.__delitem__("weight_names"),
        "a dataset is missing": lambda f: drop(f["model_weights/last/last"], "kernel:0"),
        "a dataset is a group": lambda f: (
            drop(f["model_weights/last/last"], "kernel:0"),
            f["model_weights/last/last"].create_group("kernel:0"),
        ),
        "other shape": lambda f: (
            drop(f["model_weights/last/last"], "kernel:0"),
            f["model_weights/last/last"].create_dataset("kernel:0", data=np.zeros((2, 3), "f")),
        ),
        "claims to be huge": lambda f: (
            drop(f["model_weights/last/last"], "kernel:0"),
            f["model_weights/last/last"].create_dataset("kernel:0", (1 << 40, 1 << 20), "f"),
        ),
        "no optimizer": lambda f: attribute(f, "training_config", b'{"loss": "mse"}'),
    }[change]


@pytest.mark.parametrize(
    "change, message",
    [
        ("no config", "No model found in config"),
        ("no weights", "no group model_weights"),
        ("config is no JSON", "model_config in the file cannot be read"),
        ("config is a number", "model_config in the file cannot be read: expected text"),
        ("unknown layer", "Unknown layer: Sparse"),
        ("no layer names", "lacks the attribute layer_names"),
        ("layer names are text", "expected a list of names"),
        ("a layer is missing", 'no group of layer "last"'),
        ("a layer is a dataset", 'no group of layer "last"'),
        ("no weight names", "lacks the attribute weight_names"),
        ("a dataset is missing", 'no dataset "last/kernel:0" of layer "last"'),
        ("a dataset is a group", 'no dataset "last/kernel:0" of layer "last"'),
        ("other shape", r'"last"\), weight last.*/kernel:0 has shape \(6, 3\).*shape \(2, 3\)'),
        ("claims to be huge", "0 bytes stand for an array"),
        ("no optimizer", "lacks an optimizer or a loss"),
    ],
)
def test_damaged_contents(saved, change, message):
    with h5py.File(saved, "r+") as file:
        damaged(change)(file)
    with pytest.raises(ValueError, match=message):
        models.load_model(saved)


def test_a_foreign_state_of_the_optimizer_is_left_out(saved):
    with h5py.File(saved, "r+") as file:
        names = file["optimizer_weights"].attrs["weight_names"]
        file["optimizer_weights"].attrs["weight_names"] = names[:5]
    with pytest.warns(UserWarning, match="starting with a freshly initialized optimizer.*5.*19"):
        model = models.load_model(saved)
    assert K.get_value(model.optimizer.iterations) == 0


def test_weights_stay_when_loading_fails(saved):
    model = models.Sequential(
        [layers.Dense(6, input_shape=(4,), name="first"), layers.Dense(3, name="last"),
         layers.Dense(4, name="norm")]
    )  # fmt: skip
    before = model.get_weights()
    for by_name in (False, True):
        with pytest.raises(ValueError, match="norm"):
            model.load_weights(saved, by_name=by_name)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="containing 3 layers into a model with 1 layers"):
        models.Sequential([layers.Dense(6, input_shape=(4,))]).load_weights(saved)
    with pytest.raises(ValueError, match="set by_name=True"):
        model.load_weights(saved, skip_mismatch=True)


# Other formats -----------------------------------------------------------------------------------


def test_weights_in_checkpoints(tmp_path):
    model = model_of()
    prefix = str(tmp_path / "cp.ckpt")
    model.save_weights(prefix)
    assert tf.train.latest_checkpoint(str(tmp_path)) == prefix
    found = dict(tf.train.list_variables(prefix))
    assert found["last/kernel"] == [6, 3] or tuple(found["last/kernel"]) == (6, 3)
    model.save_weights(str(tmp_path / "other"), save_format="tf")
    expected = model.get_weights()
    model.set_weights([np.zeros_like(w) for w in expected])
    model.load_weights(prefix)
    for a, b in zip(expected, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    # Another model of the same form has variables of other names.
    again = models.Sequential([layers.Dense(6, input_shape=(4,)), layers.BatchNormalization(),
                               layers.Dense(3)])  # fmt: skip
    again.load_weights(str(tmp_path / "other"))
    for a, b in zip(expected, again.get_weights()):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="holds 8 weights, model"):
        models.Sequential([layers.Dense(6, input_shape=(4,))]).load_weights(prefix)
    with pytest.raises(ValueError, match="looks like an HDF5 file"):
        model.save_weights("w.h5", save_format="tf")
    with pytest.raises(ValueError, match="Unknown format"):
        model.save_weights("w.h5", save_format="csv")


def test_json_and_yaml():
    model = model_of()
    described = json.loads(model.to_json())
    assert list(described) == ["class_name", "config", "keras_version", "backend"]
    again = models.model_from_json(model.to_json(indent=1))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for refused in (model.to_yaml, lambda: models.model_from_yaml("a: 1")):
        with pytest.raises(NotImplementedError, match="JSON"):
            refused()
    with pytest.raises(TypeError, match="Sequential.from_config"):
        models.model_from_config([])
    with pytest.raises(ValueError):
        models.model_from_json("{")


def test_words_of_tf_keras():
    config = {
        "class_name": "Functional",
        "config": {
            "name": "m",
            "layers": [
                {"class_name": "InputLayer", "name": "i", "inbound_nodes": [],
                 "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False,
                            "ragged": False, "name": "i"}},
                {"class_name": "BatchNormalizationV1", "name": "b",
                 "inbound_nodes": [[["i", 0, 0, {}]]],
                 "config": {"name": "b", "axis": [1], "dtype": {
                     "class_name": "Policy", "config": {"name": "float32"}}}},
            ],
            "input_layers": [["i", 0, 0]],
            "output_layers": [["b", 0, 0]],
        },
    }  # fmt: skip
    model = models.model_from_json(json.dumps(config))
    assert isinstance(model, models.Model) and model.get_layer("b").axis == 1
    config["config"]["layers"][0]["config"]["ragged"] = True
    with pytest.raises(TypeError, match="ragged"):
        models.model_from_config(config)
    with pytest.raises(NotImplementedError, match="mixed_float16"):
        saving.adapt_config({"class_name": "Dense", "config": {"dtype": "mixed_float16"}})


def test_losses_and_metrics_that_were_objects():
    adapt = saving.adapt_training_config
    optimizer = {"class_name": "SGD", "config": {}}
    loss = {"class_name": "BinaryCrossentropy",
            "config": {"from_logits": False, "reduction": "auto", "name": "b"}}  # fmt: skip
    metric = {"class_name": "MeanMetricWrapper",
              "config": {"name": "acc", "dtype": "float32", "fn": "binary_accuracy"}}  # fmt: skip
    found = adapt({"optimizer_config": optimizer, "loss": {"out": loss}, "metrics": [metric]})
    assert found["loss"] == {"out": "binary_crossentropy"}
    assert found["metrics"] == ["binary_accuracy"]
    loss["config"]["from_logits"] = True
    with pytest.raises(ValueError, match="BinaryCrossentropy.*from_logits.*custom_objects"):
        adapt({"optimizer_config": optimizer, "loss": loss})

    def mine(a, b):
        return K.mean(a - b)

    found = adapt({"optimizer_config": optimizer, "loss": "mine", "metrics": ["mse", "mine"]},
                  {"mine": mine})  # fmt: skip
    assert found["loss"] is mine and found["metrics"] == ["mse", mine]


# Conversions -------------------------------------------------------------------------------------


def built(layer, shape):
    models.Sequential([layers.InputLayer(shape), layer])
    return layer


def test_weights_of_keras_1():
    convert = saving.preprocess_weights_for_loading
    r = np.random.RandomState(0)
    gates = [r.rand(*s) for _ in range(4) for s in ((3, 2), (2, 2), (2,))]
    kernel, recurrent, bias = convert(built(layers.LSTM(2), (5, 3)), gates, "1")
    order = [0, 2, 1, 3]
    np.testing.assert_array_equal(kernel, np.hstack([gates[3 * g] for g in order]))
    np.testing.assert_array_equal(recurrent, np.hstack([gates[3 * g + 1] for g in order]))
    np.testing.assert_array_equal(bias, np.hstack([gates[3 * g + 2] for g in order]))
    kernel, _, _ = convert(built(layers.GRU(2), (5, 3)), gates[:9], "1")
    np.testing.assert_array_equal(kernel, np.hstack([gates[3 * g] for g in range(3)]))
    old = r.rand(4, 1, 3, 2)
    kernel, _ = convert(built(layers.Conv1D(2, 4), (9, 3)), [old, np.zeros(2)], "1")
    np.testing.assert_array_equal(kernel, old[:, 0])
    kernel, _ = convert(built(layers.Conv1D(2, 4), (9, 3)), [r.rand(2, 3, 4, 1), np.zeros(2)], "1")
    assert kernel.shape == (4, 3, 2)
    with pytest.raises(ValueError, match="with 2 filters of length 4.*shape"):
        convert(built(layers.Conv1D(2, 4), (9, 3)), [r.rand(5, 5, 5, 5), np.zeros(2)], "1")
    mirrored = r.rand(3, 3, 1, 2)
    kernel, _ = convert(built(layers.Conv2D(2, 3), (9, 9, 1)), [mirrored, np.zeros(2)], "2",
                        "theano")  # fmt: skip
    np.testing.assert_array_equal(kernel, mirrored[::-1, ::-1])


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_cudnn_weights_and_back(kind):
    more = {"reset_after": True} if kind == "GRU" else {}
    plain = built(getattr(layers, kind)(3, recurrent_activation="sigmoid", **more), (5, 4))
    fast = built(getattr(layers, "CuDNN" + kind)(3), (5, 4))
    weights = [np.random.RandomState(2).rand(*w.shape) for w in plain.get_weights()]
    there = saving.preprocess_weights_for_loading(fast, weights)
    assert [w.shape for w in there] == [w.shape for w in fast.get_weights()]
    back = saving.preprocess_weights_for_loading(plain, there)
    for a, b in zip(weights, back):
        np.testing.assert_allclose(a, b)
    bad = [*weights[:2], np.zeros(5)]
    with pytest.raises(ValueError, match=r"Invalid bias shape: \(5,\)"):
        saving.preprocess_weights_for_loading(plain, bad)


def test_groups_that_were_written_by_hand(tmp_path):
    dense = built(layers.Dense(2, name="d"), (3,))
    with h5py.File(tmp_path / "w.h5", "w") as file:
        saving.save_weights_to_hdf5_group(file, [dense])
        assert saving.load_attributes_from_hdf5_group(file, "layer_names") == ["d"]
        names = [b"x" * 40000, b"y" * 40000, b"z"]
        saving.save_attributes_to_hdf5_group(file, "long", names)
        assert "long" not in file.attrs and "long0" in file.attrs
        assert saving.load_attributes_from_hdf5_group(file, "long") == [n.decode() for n in names]
        with pytest.raises(RuntimeError, match="larger than 64512 bytes"):
            H5Dict(file)["longer"] = [b"x" * 70000]
        expected = dense.get_weights()
        dense.set_weights([w + 1 for w in expected])
        saving.load_weights_from_hdf5_group(file, [dense])
        np.testing.assert_array_equal(dense.get_weights()[0], expected[0])
