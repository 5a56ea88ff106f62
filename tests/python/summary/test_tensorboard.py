# SPDX-License-Identifier: Apache-2.0
"""TensorBoard itself shows what is written: asked through its HTTP interface."""

import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import wave

import numpy as np
import pytest

import caudal as tf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="no tensorboard"),
]
STEPS = 12
TRACED = 7


def train(folder):
    """Writes a run; returns the losses and the last kernel of the dense layer."""
    rng = np.random.default_rng(0)
    images = rng.uniform(size=[32, 6, 6, 1]).astype(np.float32)
    x = tf.placeholder(tf.float32, [None, 6, 6, 1], name="x")
    tf.summary.image("inputs", x, max_outputs=2)
    with tf.variable_scope("net"):
        hidden = tf.layers.dense(tf.layers.flatten(x), 5, tf.nn.tanh, name="hidden")
        with tf.device("/cpu:0"):
            out = tf.layers.dense(hidden, 1, name="out")
    loss = tf.reduce_mean(tf.square(out - 1), name="mse")
    kernel = tf.get_default_graph().get_tensor_by_name("net/hidden/kernel/read:0")
    tf.summary.scalar("loss", loss)
    tf.summary.histogram("kernel", kernel)
    tone = tf.sin(tf.range(400, dtype=tf.float32)) * 0.5
    tf.summary.audio("tone", tone[None], 8000, max_outputs=1)
    tf.summary.text("note", tf.constant("some **bold** words"))
    merged = tf.summary.merge_all()
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    losses = []
    with tf.Session() as sess, tf.summary.FileWriter(folder, sess.graph) as writer:
        sess.run(tf.global_variables_initializer())
        for i in range(STEPS):
            options = metadata = None
            if i == TRACED:
                options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
                metadata = tf.RunMetadata()
            summary, value, last = sess.run(
                [merged, loss, kernel], {x: images}, options=options, run_metadata=metadata
            )
            losses.append(float(value))
            writer.add_summary(summary, i)
            if metadata is not None:
                writer.add_run_metadata(metadata, "traced", i)
            sess.run(step, {x: images})
        points = rng.normal(size=[8, 3])
        np.savetxt(os.path.join(folder, "points.tsv"), points, delimiter="\t")
        with open(os.path.join(folder, "labels.tsv"), "w") as file:
            file.write("".join("p%d\n" % i for i in range(8)))
        config = tf.contrib.tensorboard.plugins.projector.ProjectorConfig()
        config.embeddings.add(
            tensor_name="points", tensor_path="points.tsv", metadata_path="labels.tsv"
        )
        tf.contrib.tensorboard.plugins.projector.visualize_embeddings(writer, config)
    return {"losses": losses, "kernel": last, "images": images, "points": points}


class Board:
    """A TensorBoard that shows one folder."""

    def __init__(self, folder, log):
        self._log = open(log, "w+")  # noqa: SIM115 - closed with the process
        options = "--port 0 --host 127.0.0.1 --load_fast=false --reload_interval 1".split()
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", folder, *options]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        self.address = self._wait(self._find_address)

    def _wait(self, look):
        for _ in range(1200):
            found = look()
            if found:
                return found
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(self._text())

    def _text(self):
        self._log.seek(0)
        return self._log.read()

    def _find_address(self):
        found = re.search(r"at (http://127\.0\.0\.1:\d+)", self._text())
        return found and found.group(1)

    def get(self, path, **query):
        address = f"{self.address}/data/{path}?{urllib.parse.urlencode(query)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=30) as answer:
            return answer.read()

    def json(self, path, **query):
        return json.loads(self.get(path, **query))

    def wait_for(self, path, good):
        """What `path` gives once `good` is true of it: files are read bit by bit."""

        def look():
            value = self.json(path)
            return value if good(value) else None

        return self._wait(look)

    def close(self):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


def query_of(shown):
    return dict(urllib.parse.parse_qsl(shown["query"]))


def test_everything_is_shown(tmp_path):
    folder = str(tmp_path / "logs")
    run = train(folder)
    board = Board(folder, tmp_path / "log")
    try:
        check(board, run)
    finally:
        board.close()


def check(board, run):
    board.wait_for("plugin/graphs/info", lambda v: v.get(".", {}).get("tags"))
    board.wait_for("plugin/text/tags", lambda v: v.get("."))

    points = board.json("plugin/scalars/scalars", run=".", tag="loss")
    assert [p[1] for p in points] == list(range(STEPS))
    np.testing.assert_allclose([p[2] for p in points], run["losses"], rtol=1e-6)

    *_, (_, last, buckets) = board.json("plugin/histograms/histograms", run=".", tag="kernel")
    assert last == STEPS - 1 and sum(b[2] for b in buckets) == pytest.approx(run["kernel"].size)
    assert buckets[0][0] >= run["kernel"].min() - 1e-6
    assert buckets[-1][1] <= run["kernel"].max() + 1e-6
    assert board.json("plugin/distributions/distributions", run=".", tag="kernel")

    tags = board.json("plugin/images/tags")["."]
    assert sorted(tags) == ["inputs/image/0", "inputs/image/1"]
    shown = board.json("plugin/images/images", run=".", tag="inputs/image/1", sample=0)[-1]
    assert shown["step"] == STEPS - 1
    png = board.get("plugin/images/individualImage", **query_of(shown))
    with tf.Session() as sess:
        pixels = sess.run(tf.image.decode_png(png))
    wanted = run["images"][1] / run["images"][1].max() * 255
    assert np.abs(pixels - wanted).max() <= 1

    sound = board.json("plugin/audio/audio", run=".", tag="tone/audio", sample=0)[-1]
    data = board.get("plugin/audio/individualAudio", **query_of(sound))
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, 400)

    note = board.json("plugin/text/text", run=".", tag="note")[-1]
    assert note["text"] == "<p>some <strong>bold</strong> words</p>"

    graph = board.get("plugin/graphs/graph", run=".", conceptual="false").decode()
    nodes = dict(re.findall(r'node \{\n  name: "([^"]+)"\n(.*?)\n\}', graph, re.S))
    assert 'op: "MatMul"' in nodes["net/hidden/MatMul"]
    assert "size: 5" in nodes["net/hidden/MatMul"]  # the shape
    assert 'device: "/device:CPU:0"' in nodes["net/out/MatMul"]
    assert board.json("plugin/graphs/info")["."]["tags"]["traced"]["profile"]
    trace = board.get("plugin/graphs/run_metadata", run=".", tag="traced").decode()
    traced = set(re.findall(r'node_name: "([^"]+)"', trace))
    assert "device:CPU:0" in trace and traced & set(nodes)

    assert board.json("plugin/projector/runs") == ["."]
    (info,) = board.json("plugin/projector/info", run=".")["embeddings"]
    assert info["tensorShape"] == [8, 3] and info["metadataPath"] == "labels.tsv"
    values = np.frombuffer(board.get("plugin/projector/tensor", run=".", name="points"), np.float32)
    np.testing.assert_allclose(values.reshape(8, 3), run["points"], rtol=1e-6)
    labels = board.get("plugin/projector/metadata", run=".", name="points").decode().split()
    assert labels == ["p%d" % i for i in range(8)]
