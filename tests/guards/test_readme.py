# SPDX-License-Identifier: Apache-2.0
"""The README's Python blocks run, and print what they promise."""

import contextlib
import io
import re

import pytest

BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.S)


def test_python_blocks(root):
    blocks = BLOCK.findall((root / "README.md").read_text())
    ran = 0
    for index, (language, code) in enumerate(blocks):
        if language != "python":
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"README.md block {index}", "exec"), {"__name__": "readme"})
        ran += 1
        following = blocks[index + 1] if index + 1 < len(blocks) else ("", "")
        if following[0] == "text":
            assert out.getvalue().strip() == following[1].strip()
    assert ran, "the README has no Python block"


@pytest.mark.no_graph
def test_local_links_exist(root):
    for page in ("README.md", "CONTRIBUTING.md", "cpp/README.md"):
        text = (root / page).read_text()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert ((root / page).parent / target).exists(), f"{page}: {target}"


@pytest.mark.no_graph
def test_map_names_real_folders(root):
    text = (root / "README.md").read_text() + (root / "cpp" / "README.md").read_text()
    for name in re.findall(r"^\| `([a-z][\w./-]*)` \|", text, re.M):
        assert any((root / base / name).exists() for base in (".", "cpp", "cpp/src")), name
