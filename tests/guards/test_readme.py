# SPDX-License-Identifier: Apache-2.0
"""The README's Python blocks run, and print what they promise."""

import contextlib
import io
import re

import numpy as np
import pytest

BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.S)


@pytest.fixture
def digits(root, tmp_path, monkeypatch):
    """MNIST where Keras looks for it: the digits of the examples."""
    monkeypatch.syspath_prepend(str(root / "examples"))
    from mnist import load

    parts = zip(("train", "test"), load())
    arrays = {}
    for part, (images, labels) in parts:
        arrays["x_" + part] = (images[..., 0] * 255).round().astype("uint8")
        arrays["y_" + part] = labels.astype("uint8")
    (tmp_path / "datasets").mkdir()
    np.savez(tmp_path / "datasets" / "mnist.npz", **arrays)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    # The real file is four times as large: its hash is not that of this one.
    monkeypatch.setattr("caudal.keras.utils.data_utils_files.validate_file", lambda *a, **k: True)


def test_python_blocks(root, digits):
    pytest.importorskip("h5py")
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
