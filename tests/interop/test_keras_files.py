# SPDX-License-Identifier: Apache-2.0
"""Files of models: of caudal for caudal, Keras and tf.keras, and theirs for caudal.

The files that Keras 2.2.4 and the tf.keras of TensorFlow 1.15 wrote are in tests/data/keras_files.
With CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>, they are written and read anew; an
environment without `keras`, or with Keras 3, takes part as far as it can.
"""

import os
import pathlib
import subprocess
import sys
import tarfile

import pytest

pytest.importorskip("h5py")
pytestmark = pytest.mark.no_graph
SCRIPT = pathlib.Path(__file__).parent / "keras_files.py"
RECORDED = pathlib.Path(__file__).parents[1] / "data" / "keras_files.tar.xz"
MODELS = 9


def run(engine, action, folder):
    python = sys.executable if engine == "caudal" else os.environ["CAUDAL_TF_PYTHON"]
    command = [python, SCRIPT, engine, action, folder]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=280)
    if "No module named" in done.stderr and engine != "caudal":
        pytest.skip("CAUDAL_TF_PYTHON has no %s" % done.stderr.rsplit("named", 1)[1].strip())
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    return done.stdout.count("ok")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    with tarfile.open(RECORDED) as archive:
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **safe)
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    run("caudal", "make", folder)
    return folder


@pytest.mark.parametrize("engine", ["keras", "tf"])
def test_recorded_files(engine, recorded):
    assert run("caudal", "use", recorded / engine) == MODELS


def test_own_files(own):
    assert run("caudal", "use", own) == MODELS


@pytest.mark.interop
@pytest.mark.parametrize("engine", ["keras", "tf"])
@pytest.mark.parametrize("direction", ["from_caudal", "to_caudal"])
def test_exchange(engine, direction, own, tmp_path):
    if not os.environ.get("CAUDAL_TF_PYTHON"):
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    if direction == "from_caudal":
        assert run(engine, "use", own) >= 1  # Keras 3 takes one of them
    else:
        probe = "import tensorflow as tf; print(tf.keras.__version__)"
        python = os.environ["CAUDAL_TF_PYTHON"]
        version = subprocess.run([python, "-c", probe], capture_output=True, text=True).stdout
        if version.startswith("3"):
            pytest.skip("Keras 3 writes files that Keras 2 does not read")
        run(engine, "make", tmp_path)
        assert run("caudal", "use", tmp_path) == MODELS
