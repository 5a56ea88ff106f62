# SPDX-License-Identifier: Apache-2.0
"""Compiles tests/cpp against the installed library and runs it."""

import pathlib
import shutil
import subprocess

import pytest

import caudal as tf

PACKAGE = pathlib.Path(tf.__file__).parent
COMPILER = shutil.which("c++")


@pytest.mark.skipif(not COMPILER, reason="needs a C++ compiler")
@pytest.mark.skipif(not (PACKAGE / "libcaudal.so").exists(), reason="needs an installed caudal")
def test_cpp(root, tmp_path):
    tests = sorted((root / "tests" / "cpp").glob("*.cpp"))
    internal = set()
    for test in tests:
        for line in test.read_text().splitlines():
            if line.startswith("// sources: "):
                internal.update(line.removeprefix("// sources: ").split())
    program = tmp_path / "caudal_tests"
    command = [
        COMPILER, "-std=c++20", "-O1", "-fopenmp",
        "-I", PACKAGE / "include", "-I", root / "cpp" / "src",
        *tests, *[root / "cpp" / "src" / name for name in sorted(internal)],
        f"-L{PACKAGE}", "-lcaudal", f"-Wl,-rpath,{PACKAGE}", "-pthread", "-o", program,
    ]  # fmt: skip
    built = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    done = subprocess.run([str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
