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


def test_every_example_is_tested(root):
    text = (root / "tests" / "python" / "test_examples.py").read_text()
    for path in (root / "examples").glob("*.py"):
        assert f'"{path.name}"' in text or path.name == "mnist.py", path.name
