# SPDX-License-Identifier: Apache-2.0
"""Writes expected/*.txt: run it with a Python that has TensorFlow."""

import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
(here / "expected").mkdir(exist_ok=True)
for program in sorted((here / "programs").glob("*.py")):
    command = [sys.executable, str(here / "run_with_tensorflow.py"), str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (here / "expected" / f"{program.stem}.txt").write_text(done.stdout)
    print(program.stem, len(done.stdout))
