# SPDX-License-Identifier: Apache-2.0
"""No input of any op crashes or hangs the interpreter: see hostile.py."""

import os
import pathlib
import subprocess
import sys

import pytest

from caudal import _core

CHUNKS = 12
TRIALS = int(os.environ.get("CAUDAL_HOSTILE_TRIALS", "12"))
FIRST = int(os.environ.get("CAUDAL_HOSTILE_SEED", "0"))


@pytest.mark.no_graph
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_op_survives(chunk, tmp_path):
    ops = sorted(_core.all_ops())[chunk::CHUNKS]
    log = tmp_path / "last"
    script = pathlib.Path(__file__).parent / "hostile.py"
    command = [sys.executable, script, str(FIRST), str(TRIALS), log, *ops]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=280
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"hangs: {log.read_text().strip()}")
    last = log.read_text().strip() if log.exists() else "nothing"
    assert done.returncode == 0, f"crashed at {last}:\n{done.stderr[-3000:]}"
    assert not done.stdout, done.stdout[-6000:]
