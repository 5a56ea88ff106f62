# SPDX-License-Identifier: Apache-2.0
"""What pip installed: runs in an empty environment, is small, carries a usable C++ package."""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import numpy as np
import pytest

import caudal as tf
from caudal import _core

PACKAGE = pathlib.Path(tf.__file__).parent
LIBRARIES = ("libcaudal.so", "libdnnl.so.3", "libscipy_openblas.so", "libgomp.so.1")
installed = pytest.mark.skipif(
    not (PACKAGE / "libcaudal.so").exists(), reason="caudal runs from its source tree"
)


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@installed
def test_bundled_libraries():
    names = [p.name for p in PACKAGE.iterdir()]
    for library in LIBRARIES:
        assert names.count(library) == 1
    assert not [n for n in names if n.startswith("libdnnl") and n != "libdnnl.so.3"]
    for library in [*LIBRARIES, next(n for n in names if n.startswith("_core"))]:
        assert not (PACKAGE / library).is_symlink()


@installed
def test_compressed_size(tmp_path):
    archive = tmp_path / "caudal.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in PACKAGE.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                file.write(path)
    assert archive.stat().st_size <= 35 * 2**20


@installed
def test_runs_in_an_empty_environment(tmp_path):
    """The package and numpy in a folder of their own: no other package, no compiler on the PATH."""
    for name in ("caudal", "numpy", "numpy.libs"):
        source = PACKAGE.parent / name
        if name.startswith("numpy"):
            import numpy

            source = pathlib.Path(numpy.__file__).parent.parent / name
        if source.exists():
            (tmp_path / name).symlink_to(source)
    code = (
        "import caudal as tf; x = tf.placeholder(tf.float32, [None, 3]);"
        "y = tf.matmul(x, tf.ones([3, 2])); s = tf.Session();"
        "print(s.run(y, {x: [[1, 2, 3]]}).tolist());"
        "maps = open('/proc/self/maps').read().split();"
        "print(*{m for m in maps if 'libgomp' in m}, sep='\\n')"
    )
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/nonexistent"}
    out = run(sys.executable, "-S", "-c", code, env=environment, cwd=tmp_path)
    result, openmp = out.split("\n", 1)
    assert result == "[[6.0, 6.0]]"
    assert "caudal" in openmp, f"OpenMP came from the system: {openmp}"


@pytest.mark.parametrize("level", ["v2", "v3", "v4"])
def test_processor_levels(level):
    code = (
        "import caudal as tf, numpy as np; from caudal import _core;"
        "x = np.linspace(-4, 4, 1000, dtype='f'); s = tf.Session();"
        "np.testing.assert_allclose(s.run(tf.tanh(x) * 2 + 1), np.tanh(x) * 2 + 1, rtol=1e-5,"
        " atol=1e-6); print(_core.isa_level())"
    )
    environment = {**os.environ, "CAUDAL_MAX_ISA": level}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    if "no kernels for this processor" in done.stderr:
        pytest.skip(f"this build or processor has no level at or below {level}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() <= level


def test_import_time():
    """Importing costs at most half as much again as NumPy alone; the best of several runs."""

    def seconds(module):
        clock = "time.perf_counter()"
        code = f"import time; t = {clock}; import {module}; print({clock} - t)"
        return float(run(sys.executable, "-c", code))

    times = [(seconds("numpy"), seconds("caudal")) for _ in range(15)]
    ratio = min(t for _, t in times) / min(t for t, _ in times)
    assert ratio <= 1.5, f"import caudal takes {ratio:.2f} times as long as import numpy"


def test_import_loads_what_most_programs_need():
    code = (
        "import sys, numpy; before = set(sys.modules); import caudal;"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = run(sys.executable, "-c", code).split()
    foreign = {"ml_dtypes", "unittest", "scipy", "urllib.request", "google.protobuf"}
    assert not foreign & {*loaded}
    late = ("contrib", "layers", "losses", "metrics", "keras", "data", "summary", "examples")
    late = tuple("caudal." + name for name in late)
    assert not [m for m in loaded if m.startswith(late)]
    assert len([m for m in loaded if m.startswith("caudal")]) <= 100, loaded


def cmake():
    folders = [sysconfig.get_path("scripts"), os.environ.get("PATH", "")]
    return shutil.which("cmake", path=os.pathsep.join(folders))


ROWS = "import model; [print(*point) for point in model.three_clouds()[0][:3]]"


def build_and_train(root, folder, package):
    source, binary = root / "examples" / "cpp_project", folder / "build"
    run(
        cmake(), "-S", source, "-B", binary, f"-Dcaudal_DIR={package}", "-DCMAKE_BUILD_TYPE=Release"
    )
    run(cmake(), "--build", binary)
    out = run(binary / "xor")
    results = [float(line.split("=")[1]) for line in out.splitlines() if "xor" in line]
    assert [round(r) for r in results] == [0, 1, 1, 0], out
    printed = run(sys.executable, source / "model.py", folder / "model").splitlines()
    expected = [[float(p) for p in row.split()] for row in printed[-3:]]
    rows = run(sys.executable, "-c", ROWS, cwd=source)
    for model in ("checkpoints", "saved_model"):
        arguments = [binary / "serve", folder / "model" / model, "x:0", "probabilities:0"]
        done = subprocess.run(
            [str(a) for a in arguments], input=rows, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        served = [[float(p) for p in row.split()] for row in done.stdout.splitlines()]
        np.testing.assert_allclose(served, expected, rtol=1e-5, atol=1e-7)


@installed
@pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")
def test_cmake_project_against_the_wheel(root, tmp_path):
    build_and_train(root, tmp_path, tf.get_cmake_dir())


@installed
@pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")
def test_cmake_package_can_be_moved(root, tmp_path):
    moved = tmp_path / "elsewhere" / "caudal"
    shutil.copytree(PACKAGE, moved, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    build_and_train(root, tmp_path, moved / "cmake")


@installed
def test_editor_stubs():
    stub = (PACKAGE / "__init__.pyi").read_text()
    for name in ("def placeholder(", "def reduce_sum(", "class Session", "def map_fn("):
        assert name in stub
    assert "def dynamic_rnn(" in (PACKAGE / "nn.pyi").read_text()


@installed
def test_versions_agree():
    assert importlib.metadata.version("caudal") == _core.version()
