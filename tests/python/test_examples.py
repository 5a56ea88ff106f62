# SPDX-License-Identifier: Apache-2.0
"""Every example runs to its end and learns something."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.no_graph


def run(root, name, *arguments):
    done = subprocess.run(
        [sys.executable, root / "examples" / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "Agg"},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def last_number(text, before):
    return float(re.findall(before + r"\s*([-\d.]+)", text)[-1])


def test_mnist_lenet(root, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "curves.png"
    out = run(root, "mnist_lenet.py", "--epochs", 3, "--picture", picture)
    assert "10000 training digits, 2000 test digits" in out
    assert re.search(r"epoch  3/3 \[=+\] loss [\d.]+ +accuracy +[\d.]+ % +\d+ steps/s", out)
    assert last_number(out, "final test accuracy:") >= 94
    assert picture.stat().st_size > 10000


def write_idx(path, array):
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(b"\0\0\x08" + bytes([array.ndim]) + sizes + array.tobytes())


def test_mnist_lenet_takes_plain_idx_files(root, tmp_path):
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 100), ("t10k", 20)):
        images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 10)
    out = run(root, "mnist_lenet.py", "--data", tmp_path, "--epochs", 1, "--picture", "")
    assert "100 training digits, 20 test digits" in out


def test_mnist_lenet_says_what_is_wrong_with_the_data(root, tmp_path):
    command = [sys.executable, root / "examples" / "mnist_lenet.py", "--data", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "train-images-idx3-ubyte" in done.stderr


def test_linear_regression(root):
    slope, offset = re.search(
        r"y = ([\d.]+) x \+ ([\d.]+)", run(root, "linear_regression.py")
    ).groups()
    assert abs(float(slope) - 3) < 0.05 and abs(float(offset) - 2) < 0.05


def test_logistic_regression(root):
    out = run(root, "logistic_regression.py")
    assert last_number(out, "test RMSE") < 0.32
    assert last_number(out, "test accuracy") > 88


def test_softmax_regression(root):
    assert last_number(run(root, "softmax_regression.py", "--epochs", 4), "test accuracy") > 84


def test_iris_mlp(root):
    pytest.importorskip("sklearn")
    out = run(root, "iris_mlp.py")
    rates = re.findall(r"learning rate +([\d.]+): .* test accuracy ([\d.]+) %", out)
    assert [float(rate) for rate, _ in rates] == [0.1, 1.0, 10.0]
    assert float(rates[1][1]) > 90


def test_xor(root):
    results = re.findall(r"(\d) xor (\d) = ([\d.]+)", run(root, "xor.py"))
    assert [round(float(value)) for _, _, value in results] == [0, 1, 1, 0]


def test_autoencoder(root):
    out = run(root, "autoencoder.py", "--epochs", 3)
    assert last_number(out, "RMSE of a test pixel") < 0.17


def test_two_devices(root):
    out = run(root, "two_devices.py")
    assert "CPU:0" in out and "CPU:1" in out
    assert last_number(out, "largest error of a weight:") < 0.01


def test_mnist_input_data(root):
    out = run(root, "mnist_input_data.py", "--steps", 900)
    assert "epoch  9" in out  # 9,000 digits beside the validation set, batches of 100
    assert last_number(out, "test accuracy:") > 91


def test_slim_lenet(root):
    out = run(root, "slim_lenet.py", "--steps", 200)
    assert "LeNet/conv1/weights" in out
    assert last_number(out, "test accuracy:") > 92


def test_layers_batch_norm(root):
    assert last_number(run(root, "layers_batch_norm.py", "--steps", 150), "test accuracy:") > 85


def test_mnist_lstm(root):
    out = run(root, "mnist_lstm.py", "--steps", 120)
    results = re.findall(r"(\w+) +LSTM, +(\d+) nodes, .* test accuracy ([\d.]+) %", out)
    assert [name for name, _, _ in results] == ["static", "dynamic"]
    assert all(float(accuracy) > 70 for _, _, accuracy in results)
    assert int(results[0][1]) > 5 * int(results[1][1])  # the loop is in the graph once


def test_char_rnn(root):
    assert last_number(run(root, "char_rnn.py"), "sentences of the language:") > 80


def test_word2vec(root):
    assert last_number(run(root, "word2vec.py", "--steps", 3000), "of the same topic:") > 90


def test_vae(root):
    assert last_number(run(root, "vae.py", "--steps", 600), "test loss:") < 185


def test_gan(root):
    out = run(root, "gan.py")
    assert abs(last_number(out, "radius") - 2) < 0.3
    assert last_number(out, "that are covered:") >= 9


def test_kmeans(root):
    out = run(root, "kmeans.py")
    assert last_number(out, "largest error of a centre:") < 0.1
    assert last_number(out, "points in their own cluster:") > 99


def test_seq2seq_attention(root):
    out = run(root, "seq2seq_attention.py", "--steps", 500)
    assert last_number(out, "greedy, without a mistake:") > 90
    assert last_number(out, "beam, without a mistake:") > 90


def test_every_example_is_tested(root):
    text = (root / "tests" / "python" / "test_examples.py").read_text()
    for path in (root / "examples").glob("*.py"):
        assert f'"{path.name}"' in text or path.name == "mnist.py", path.name


def test_keras_mnist(root):
    out = run(root, "keras_mnist.py", "--epochs", 2)
    results = re.findall(r"(\w+): 2 epochs, test loss [\d.]+, test accuracy ([\d.]+) %", out)
    assert [name for name, _ in results] == ["stacked", "functional"]
    assert all(float(accuracy) > 90 for _, accuracy in results)
    assert out.count("Trainable params: 52,754") == 2


def test_keras_two_inputs(root):
    out = run(root, "keras_two_inputs.py")
    scores = dict(re.findall(r"(\w+) ([\d.]+)", re.findall(r"test: (.*)", out)[0]))
    total = last_number(out, r"price_loss \+ 0.5 sold_loss =")
    assert abs(float(scores["loss"]) - total) < 2e-4
    assert last_number(out, "mean error of a price") < 0.1
    assert last_number(out, "sales foreseen") > 93


def test_keras_shared_layers(root):
    out = run(root, "keras_shared_layers.py", "--epochs", 4)
    assert "in the model once: True" in out
    assert last_number(out, "pairs told apart:") > 80
    assert last_number(out, "nearest neighbour in the code:") > 78


def test_keras_nested_model(root):
    pytest.importorskip("h5py")
    out = run(root, "keras_nested_model.py", "--epochs", 8)
    worth = re.findall(r"what a digit is worth: (.*)", out)[0].split()
    assert np.abs(np.array(worth, float) - np.arange(10)).max() < 1
    assert last_number(out, "sums that are right:") > 30
    assert float(re.findall(r"largest difference ([\d.e+-]+)", out)[0]) < 1e-5
    assert last_number(out, "its reader alone:") > 80


def test_keras_autoencoder(root):
    out = run(root, "keras_autoencoder.py", "--epochs", 4)
    assert last_number(out, "simple: 32 numbers, RMSE of a test pixel") < 0.21
    apart = last_number(out, "layer by layer, RMSE of a test pixel")
    together = last_number(out, "trained together, RMSE of a test pixel")
    assert together < apart < 0.25


def test_keras_reviews_lstm(root):
    out = run(root, "keras_reviews_lstm.py", "--epochs", 6)
    assert last_number(out, "test accuracy:") > 95
    assert last_number(out, "'the cast was not dull':") > 0.8
    assert last_number(out, "the plot was not clever':") < 0.2


def test_keras_transfer(root):
    pytest.importorskip("h5py")
    out = run(root, "keras_transfer.py", "--epochs", 3)
    assert "trainable weights: 4 of 8" in out and "stayed as it was: True" in out
    assert last_number(out, "frozen base, 150 examples: test accuracy") > 82
    assert last_number(out, "fine-tuned: test accuracy") > 84


def test_keras_in_session(root):
    assert last_number(run(root, "keras_in_session.py"), "test accuracy") > 90


def test_checkpoints(root, tmp_path):
    out = run(root, "checkpoints.py", "--folder", tmp_path, "--epochs", 1)
    saved, restored = (re.search(when + ": (.*)", out)[1] for when in ("saved", "restored"))
    assert saved == restored
    assert last_number(out, "continued: step 200, test accuracy") >= 85
    assert last_number(out, "served: test accuracy") >= 85
    assert last_number(out, "frozen graph:") < 1e-4
    assert {"checkpoint", "frozen.pb", "served"} <= {p.name for p in tmp_path.iterdir()}


def test_tensorboard(root, tmp_path):
    out = run(root, "tensorboard.py", "--logdir", tmp_path, "--epochs", 2)
    assert last_number(out, "test accuracy") >= 80
    written = {p.name for p in (tmp_path / "train").iterdir()}
    assert {"codes.tsv", "labels.tsv", "digits.png", "projector_config.pbtxt"} <= written
    assert len(list(tmp_path.glob("*/events.out.tfevents.*"))) == 2


def test_input_pipeline(root, tmp_path):
    out = run(root, "input_pipeline.py", "--folder", tmp_path)
    assert "400 steps were all" in out
    assert last_number(out, "accuracy on 2000 test digits:") >= 85
    assert len(list(tmp_path.glob("train-*"))) == 4
    out = run(root, "input_pipeline.py", "--folder", tmp_path, "--epochs", 1)  # from those files
    assert "200 steps were all" in out
