# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of real TensorFlow: restored, evaluated, trained on, and written again."""

import json
import pathlib
import tarfile

import numpy as np
import pytest

import caudal as tf

DATA = pathlib.Path(__file__).parents[2] / "data" / "tensorflow_files.tar.xz"
NAMES = (
    "bn_dropout_seeded dtypes history lenet_momentum lstm_unrolled mlp_adam partitioned renamed "
    "rnn_while shapes sharded softmax_sgd"
).split()
MODELS = [f"checkpoints/{name}" for name in NAMES] + [
    f"checkpoints_tf115/{name}"
    for name in [*NAMES, "tf1_layers_cnn", "tf1_lstm_dynamic", "tf1_static_rnn"]
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tensorflow")
    with tarfile.open(DATA) as archive:
        archive.extractall(folder)
    return folder


class Model:
    def __init__(self, folder):
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.prefix = str(folder / self.manifest["checkpoint"])
        with np.load(folder / "expected.npz") as file:
            self.expected = dict(file)

    def value(self, key, dtype):
        if dtype == "string":
            lengths = self.expected[key + "#len"]
            raw, ends = self.expected[key + "#bytes"].tobytes(), np.cumsum(lengths)
            texts = [raw[e - n : e] for n, e in zip(lengths.flat, ends)]
            return np.array(texts, object).reshape(lengths.shape)
        return self.expected[key]

    def feeds(self):
        return {f["name"]: self.value("feed/" + f["name"], f["dtype"])
                for f in self.manifest["feeds"]}  # fmt: skip

    def check_variables(self, session, kind, **tolerance):
        for v in self.manifest["variables"]:
            found = session.run(v["name"] + ":0")
            found = np.array(found, object) if v["dtype"] == "string" else found
            wanted = self.value(f"{kind}/{v['name']}", v["dtype"])
            if v["dtype"] == "bfloat16":
                found = found.view(np.uint16)
            if tolerance and found.dtype.kind == "f":
                np.testing.assert_allclose(found, wanted, err_msg=v["name"], **tolerance)
            else:
                np.testing.assert_array_equal(found, wanted, err_msg=v["name"])
            assert list(found.shape) == v["shape"]


def session_of_two_devices():
    return tf.Session(config=tf.ConfigProto(device_count={"CPU": 2}, allow_soft_placement=True))


@pytest.mark.parametrize("name", MODELS)
def test_restores_and_trains_on(name, files):
    model = Model(files / name)
    manifest, feeds = model.manifest, model.feeds()
    tolerance = {"rtol": manifest["rtol"], "atol": manifest["atol"]}
    saver = tf.train.import_meta_graph(model.prefix + ".meta")
    with session_of_two_devices() as session:
        saver.restore(session, model.prefix)
        model.check_variables(session, "var")
        for fetch in manifest["fetches"]:
            found = session.run(fetch["name"], feeds)
            wanted = model.value("fetch/" + fetch["name"], fetch["dtype"])
            if fetch["dtype"] == "string":
                assert np.array(found, object).tolist() == wanted.tolist()
            elif fetch["dtype"] == "bfloat16":
                np.testing.assert_array_equal(found.view(np.uint16), wanted)
            else:
                np.testing.assert_allclose(found, wanted, **tolerance)
        if "train_op" in manifest:
            losses = [session.run(manifest["loss"], feeds)]
            for _ in range(5):
                session.run(manifest["train_op"], feeds)
                losses.append(session.run(manifest["loss"], feeds))
            np.testing.assert_allclose(losses, model.expected["losses"], **tolerance)
            model.check_variables(session, "final", **tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_is_written_as_tensorflow_writes_it(name, files, tmp_path):
    """Index and data are the same bytes; the graph, written and read again, restores them."""
    model = Model(files / name)
    saver = tf.train.import_meta_graph(model.prefix + ".meta")
    with session_of_two_devices() as session:
        saver.restore(session, model.prefix)
        prefix = saver.save(session, str(tmp_path / "again"))
    parts = sorted(p.name for p in tmp_path.glob("again.[id]*"))
    assert [p.replace("again", pathlib.Path(model.prefix).name) for p in parts] == sorted(
        p.name for p in (files / name).glob(pathlib.Path(model.prefix).name + ".[id]*")
    )
    for part in parts:
        original = pathlib.Path(part.replace("again", model.prefix))
        assert (tmp_path / part).read_bytes() == original.read_bytes(), part
    with tf.Graph().as_default(), session_of_two_devices() as session:
        tf.train.import_meta_graph(prefix + ".meta").restore(session, prefix)
        model.check_variables(session, "var")
