# SPDX-License-Identifier: Apache-2.0
"""TF1 programs print the same under caudal as under real TensorFlow.

expected/ holds what TensorFlow 2.21 (compat.v1) printed; record.py writes it anew. Those of
ONLY_WITH_TF1 were recorded with 1.15: TensorFlow 2 derives seeds of ops in another way, and has
neither cells of recurrent networks nor contrib. With
CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>, TensorFlow runs here, too.
"""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.no_graph
HERE = pathlib.Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)(?![\w.])")


def output_of(*command):
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, cwd=HERE / "programs"
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def assert_same_output(ours, theirs):
    """The same words, and numbers that agree to float32 rounding."""
    our_lines, their_lines = ours.splitlines(), theirs.splitlines()
    for number, (a, b) in enumerate(zip(our_lines, their_lines), 1):
        where = f"line {number}\nours:   {a}\ntheirs: {b}"
        assert re.sub(r"\s+", "", NUMBER.sub("#", a)) == re.sub(r"\s+", "", NUMBER.sub("#", b)), (
            where
        )
        x = np.array([float(v) for v in NUMBER.findall(a)])
        y = np.array([float(v) for v in NUMBER.findall(b)])
        np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-5, err_msg=where)
    assert len(our_lines) == len(their_lines)


ONLY_WITH_TF1 = {
    "image",
    "graph_seeds", "strings", "sparse_tensors", "parsing", "rnn_cells", "dynamic_rnn", "seq2seq",
    "contrib_rnn", "contrib_optimizers", "dtypes", "layers", "contrib_layers", "slim_nets",
    "mnist_batches", "control_flow_structures",
    "adversarial", "agents", "checks_and_loops", "classic_loops", "gradient_corners", "model_zoo",
    "reuse_of_variables", "schedules_and_metrics", "seeded_training", "sequence_models",
    "speech_labels", "state_models",
}  # fmt: skip
PARAMS = [pytest.param(p, id=p.stem) for p in PROGRAMS]


@pytest.mark.parametrize("program", PARAMS)
def test_prints_what_tensorflow_printed(program):
    expected = (HERE / "expected" / f"{program.stem}.txt").read_text()
    assert_same_output(output_of(sys.executable, program), expected)


@pytest.mark.interop
@pytest.mark.parametrize("program", PARAMS)
def test_prints_what_tensorflow_prints(program):
    python = os.environ.get("CAUDAL_TF_PYTHON")
    if not python:
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    if program.stem in ONLY_WITH_TF1:
        pytest.skip("TensorFlow 2 is different here")
    theirs = output_of(python, HERE / "run_with_tensorflow.py", program)
    assert_same_output(output_of(sys.executable, program), theirs)


def test_programs_are_real_programs():
    assert len(PROGRAMS) >= 10
    for program in PROGRAMS:
        assert len(program.read_text().splitlines()) >= 30, program
