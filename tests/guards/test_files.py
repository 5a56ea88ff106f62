# SPDX-License-Identifier: Apache-2.0
"""Every source file: licence line, size, headers that say what they are; a short top level."""

import subprocess

import pytest

pytestmark = pytest.mark.no_graph
LIMIT = 800
SUFFIXES = {".py", ".h", ".cpp", ".cu", ".cmake"}
TOP = {
    "README.md", "pyproject.toml", "CMakeLists.txt", "cpp", "python", "tests", "examples",
    "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
}  # fmt: skip


def sources(root):
    for folder in ("cpp", "python", "tests", "examples"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and "build" not in path.parts:
                yield path


def test_size(root):
    big = {str(p): n for p in sources(root) if (n := len(p.read_text().splitlines())) > LIMIT}
    assert not big, big


def test_licence_line(root):
    without = []
    for path in sources(root):
        if path.suffix == ".cmake":
            continue
        mark = "# " if path.suffix == ".py" else "// "
        if not path.read_text().startswith(mark + "SPDX-License-Identifier: Apache-2.0\n"):
            without.append(str(path))
    assert not without, without


def test_headers_introduce_themselves(root):
    silent = []
    for path in sources(root):
        if path.suffix == ".h":
            lines = path.read_text().splitlines()[1:12]
            words = ("// Owns:", "// Called by:", "// Must not know:")
            if not all(any(line.startswith(w) for line in lines) for w in words):
                silent.append(str(path))
    assert not silent, silent


def test_top_level(root):
    tracked = subprocess.run(
        ["git", "-C", str(root), "ls-tree", "--name-only", "HEAD"], capture_output=True, text=True
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    extra = {n for n in tracked.stdout.split() if not n.startswith(".")} - TOP
    assert not extra, extra


def test_nothing_left_to_do(root):
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    left = [
        f"{path}: {mark}" for path in sources(root) for mark in marks if mark in path.read_text()
    ]
    assert not left, left
