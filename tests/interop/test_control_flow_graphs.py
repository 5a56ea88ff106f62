# SPDX-License-Identifier: Apache-2.0
"""Branches and loops run where another process, or real TensorFlow, wrote them as GraphDefs.

With CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>, TensorFlow reads what caudal
wrote (If and While) and the other way round (Switch, Merge, Enter, Exit; also If and While).
"""

import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.no_graph
SCRIPT = pathlib.Path(__file__).parent / "control_flow_graphs.py"


def run(python, engine, action, folder):
    done = subprocess.run(
        [str(python), str(SCRIPT), engine, action, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert done.stdout.count("ok ") == (11 if engine == "functional" else 14), done.stdout


@pytest.mark.parametrize(
    "writer, reader",
    [
        ("caudal", "caudal"),
        pytest.param("caudal", "tensorflow", marks=pytest.mark.interop),
        pytest.param("tensorflow", "caudal", marks=pytest.mark.interop),
        pytest.param("functional", "caudal", marks=pytest.mark.interop),
    ],
)
def test_written_graphs_run(writer, reader, tmp_path):
    tensorflow = os.environ.get("CAUDAL_TF_PYTHON")
    pythons = {"caudal": sys.executable, "tensorflow": tensorflow, "functional": tensorflow}
    if not pythons[writer] or not pythons[reader]:
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    run(pythons[writer], writer, "make", tmp_path)
    run(pythons[reader], reader, "use", tmp_path)
