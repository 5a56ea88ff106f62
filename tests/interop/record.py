# SPDX-License-Identifier: Apache-2.0
"""Writes expected/*.txt: record.py [PROGRAM ...], run with a Python that has TensorFlow."""

import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
(here / "expected").mkdir(exist_ok=True)
for program in [pathlib.Path(p) for p in sys.argv[1:]] or sorted((here / "programs").glob("*.py")):
    command = [sys.executable, str(here / "run_with_tensorflow.py"), str(program)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    (here / "expected" / f"{program.stem}.txt").write_text(done.stdout)
    print(program.stem, len(done.stdout))
