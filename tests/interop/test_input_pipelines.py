# SPDX-License-Identifier: Apache-2.0
"""Meta graphs of input pipelines run elsewhere than where they were made; see input_pipelines.py.

With CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>, TensorFlow runs what caudal wrote
and the other way round.
"""

import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.no_graph
SCRIPT = pathlib.Path(__file__).parent / "input_pipelines.py"


def run(python, engine, action, folder):
    done = subprocess.run(
        [str(python), str(SCRIPT), engine, action, str(folder)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert action == "make" or done.stdout.count(" ok ") == 6, done.stdout


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipelines") / "ours"
    run(sys.executable, "caudal", "make", folder)
    return folder


@pytest.fixture(scope="module")
def tensorflow():
    python = os.environ.get("CAUDAL_TF_PYTHON")
    if not python:
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    return python


def test_another_process_runs_them(ours):
    run(sys.executable, "caudal", "continue", ours)


@pytest.mark.interop
def test_tensorflow_runs_them(ours, tensorflow):
    run(tensorflow, "tensorflow", "continue", ours)


@pytest.mark.interop
def test_caudal_runs_tensorflows(tensorflow, tmp_path):
    run(tensorflow, "tensorflow", "make", tmp_path / "theirs")
    run(sys.executable, "caudal", "continue", tmp_path / "theirs")
