# SPDX-License-Identifier: Apache-2.0
"""Who may include or import whom: the rules of cpp/README.md."""

import ast
import re

import pytest

pytestmark = pytest.mark.no_graph

# Public headers, by the layer that owns them.
HEADERS = {
    "base": {"version", "dtype", "shape", "error"},
    "tensor": {"tensor", "attr"},
    "graph": {"graph", "graph_def", "op_def", "gradients", "ops"},
    "kernels": {"kernel"},
    "io": {"io"},
    "runtime": {"session", "caudal"},
    "model": {"meta_graph"},
}
# A layer sees itself and these.
SEES = {
    "base": {"base"},
    "tensor": {"base", "tensor"},
    "graph": {"base", "tensor", "graph"},
    "ops": {"base", "tensor", "graph", "ops"},
    "kernels": {"base", "tensor", "io", "kernels"},
    "io": {"base", "tensor", "io"},
    "runtime": {"base", "tensor", "graph", "ops", "kernels", "io", "runtime"},
    "model": {"base", "tensor", "graph", "io", "runtime", "model"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
# Python: a folder sees folders of its own and lower levels. Modules beside the folders (nn.py,
# math.py, ...) only collect names for users: they see everything, and no folder imports them.
LEVELS = [
    {"framework", "platform", "proto"},
    {"ops"},
    {"client", "train", "layers", "losses", "metrics", "summary", "data", "io", "saved_model"},
    {"keras", "contrib", "compat", "examples", "python", "tools", "core"},
]
CORE_USERS = {"framework", "client", "io"}
# Keras is a program of TensorFlow's public API, as the original is, and loads after all of it.
API_USERS = {"keras"}


def includes(path):
    return [(kind == '"', name) for kind, name in INCLUDE.findall(path.read_text())]


def test_engine_layers(root):
    source = root / "cpp" / "src"
    owner = {f"caudal/{name}.h": layer for layer, names in HEADERS.items() for name in names}
    wrong = []
    for path in sorted([*source.rglob("*.cpp"), *source.rglob("*.h")]):
        layer = path.relative_to(source).parts[0]
        for quoted, name in includes(path):
            if not quoted:
                continue
            target = owner.get(name) or name.split("/")[0]
            if target not in SEES[layer]:
                wrong.append(f"{path.relative_to(root)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_libraries_stay_in_their_files(root):
    wrong = []
    for path in sorted((root / "cpp" / "src").rglob("*.[ch]*")):
        for _, name in includes(path):
            onednn = "dnnl" in name and not path.name.startswith("onednn_")
            blas = re.search(r"cblas|lapack", name) and not path.name.startswith("blas_")
            if onednn or blas or "Python.h" in name or "pybind11" in name:
                wrong.append(f"{path.relative_to(root)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_public_headers_are_closed(root):
    folder = root / "cpp" / "include" / "caudal"
    wrong = [
        f"{path.name} includes {name}"
        for path in folder.glob("*.h")
        for quoted, name in includes(path)
        if (quoted and not (folder.parent / name).exists()) or (not quoted and "." in name)
    ]
    assert not wrong, "\n".join(wrong)


def test_bindings_use_public_headers(root):
    folder = root / "cpp" / "bindings"
    wrong = [
        f"{path.name} includes {name}"
        for path in [*folder.glob("*.cpp"), *folder.glob("*.h")]
        for quoted, name in includes(path)
        if quoted and not name.startswith("caudal/") and not (folder / name).exists()
    ]
    assert not wrong, "\n".join(wrong)


def imports(path, package):
    """Modules of caudal that a file imports, as paths below the package: "ops.math_ops"."""
    own = ("caudal", *path.relative_to(package).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(filter(None, [*own[: len(own) - node.level], base]))
            found = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            if name == "caudal" or name.startswith("caudal."):
                yield name.removeprefix("caudal").removeprefix(".")


def test_python_layers(root):
    package = root / "python" / "caudal"
    level = {name: i for i, names in enumerate(LEVELS) for name in names}
    level.update((path.stem, len(LEVELS)) for path in package.glob("*.py"))
    wrong = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts == ("__init__",):
            continue
        assert parts[0] in level, f"{path}: a folder without a level in this guard"
        for target in imports(path, package):
            head = target.split(".")[0]
            if head == "_core":
                if parts[0] not in CORE_USERS:
                    wrong.append(f"{path.relative_to(root)} imports the extension")
            elif head in level and level[head] > level[parts[0]]:
                wrong.append(f"{path.relative_to(root)} imports {target}")
            elif head == "" and parts[0] not in API_USERS:
                wrong.append(f"{path.relative_to(root)} imports the whole package")
    assert not wrong, "\n".join(wrong)
