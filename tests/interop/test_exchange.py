# SPDX-License-Identifier: Apache-2.0
"""What one engine wrote another goes on with: graphs, checkpoints, SavedModels, input pipelines.

Each script beside this file is run twice, to write and to go on. With CAUDAL_TF_PYTHON=<python of
an environment with TensorFlow>, TensorFlow goes on with what caudal wrote and the other way round.
"""

import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.no_graph
FOLDER = pathlib.Path(__file__).parent
# The word for going on, and how many things there are to go on with.
SCRIPTS = {
    "graph_files": ("continue", 11),
    "served_models": ("use", 4),
    "input_pipelines": ("continue", 6),
    "control_flow_graphs": ("use", 14),
}


def run(script, engine, action, folder):
    python = sys.executable if engine == "caudal" else os.environ["CAUDAL_TF_PYTHON"]
    command = [python, FOLDER / f"{script}.py", engine, action, folder]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    return done.stdout.count("ok")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that a script's files of an engine are in, made when first asked for."""
    folders = {}

    def folder_of(script, engine):
        if (script, engine) not in folders:
            folder = tmp_path_factory.mktemp(script) / engine
            run(script, engine, "make", folder)
            folders[script, engine] = folder
        return folders[script, engine]

    return folder_of


def needs_tensorflow():
    if not os.environ.get("CAUDAL_TF_PYTHON"):
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    "writer, reader",
    [
        ("caudal", "caudal"),
        pytest.param("caudal", "tensorflow", marks=pytest.mark.interop),
        pytest.param("tensorflow", "caudal", marks=pytest.mark.interop),
    ],
)
def test_goes_on(script, writer, reader, written):
    if "tensorflow" in (writer, reader):
        needs_tensorflow()
    action, count = SCRIPTS[script]
    assert run(script, reader, action, written(script, writer)) >= count


@pytest.mark.interop
def test_caudal_runs_functional_control_flow(written):
    needs_tensorflow()
    folder = written("control_flow_graphs", "functional")
    assert run("control_flow_graphs", "caudal", "use", folder) >= 11
