# SPDX-License-Identifier: Apache-2.0
"""Writes .pyi files from the live package, so that editors know functions that the registry makes.

The build runs it: write_stubs.py --package SOURCE --core EXTENSION --output FOLDER
"""

import argparse
import enum
import importlib.util
import inspect
import keyword
import pathlib
import sys
import types

# Users import names from the package, not from these folders.
INTERNAL = {"framework", "ops", "client"}
HEADER = "# SPDX-License-Identifier: Apache-2.0\n# Written by the build from the live package.\n"


def load(package, core):
    """Imports the package from `package` (its folder) with the extension file `core`."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(pathlib.Path(package).resolve().parent))
    spec = importlib.util.spec_from_file_location("caudal._core", core)
    extension = importlib.util.module_from_spec(spec)
    sys.modules["caudal._core"] = extension
    spec.loader.exec_module(extension)
    import caudal

    return caudal


def _default(value):
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return repr(value)
    return "..."


def signature(function):
    """Parameters as text; "*args, **kwargs" where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "*args, **kwargs"
    parts, star, slash = [], False, False
    for p in parameters:
        if p.kind is p.POSITIONAL_ONLY:
            slash = True
        elif slash:
            parts.append("/")
            slash = False
        text = p.name
        if p.kind is p.VAR_POSITIONAL:
            text, star = "*" + text, True
        elif p.kind is p.VAR_KEYWORD:
            text = "**" + text
        elif p.kind is p.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        if p.default is not p.empty:
            text += "=" + _default(p.default)
        parts.append(text)
    if slash:
        parts.append("/")
    return ", ".join(parts)


def _doc(item, indent):
    text = inspect.cleandoc(getattr(item, "__doc__", None) or "")
    if not text or not isinstance(item.__doc__, str):
        return f"{indent}...\n"
    text = text.replace("\\", "\\\\").replace('"""', "'''").replace("\n", "\n" + indent)
    if text.endswith('"'):
        text += " "
    lines = [line.rstrip() for line in f'{indent}"""{text}"""'.split("\n")]
    return "\n".join(lines) + f"\n{indent}...\n"


def _function(name, item, indent=""):
    return f"{indent}def {name}({signature(item)}):\n{_doc(item, indent + '    ')}"


def _class(name, item):
    out = [f"class {name}:\n"]
    body = []
    if isinstance(item.__doc__, str) and item.__doc__:
        body.append(_doc(item, "    ").rsplit("    ...\n", 1)[0])
    for key in sorted({k for base in item.__mro__[:-1] for k in vars(base)}):
        special = key.startswith("__") and key.endswith("__") and key != "__init__"
        if special or (key.startswith("_") and key != "__init__") or not _usable(key):
            continue
        value = inspect.getattr_static(item, key)
        if isinstance(value, property):
            body.append(f"    @property\n    def {key}(self):\n{_doc(value, '        ')}")
        elif isinstance(value, staticmethod):
            body.append("    @staticmethod\n" + _function(key, value.__func__, "    "))
        elif isinstance(value, classmethod):
            body.append("    @classmethod\n" + _function(key, value.__func__, "    "))
        elif inspect.isfunction(value):
            body.append(_function(key, value, "    "))
        else:
            body.append(f"    {key}: object\n")
    return "".join(out + (body or ["    ...\n"]))


def _usable(name):
    return name.isidentifier() and not keyword.iskeyword(name)


def _entry(name, item, package):
    if inspect.isclass(item):
        foreign = item.__module__.split(".")[0] != package
        return f"{name}: type\n" if foreign or issubclass(item, enum.Enum) else _class(name, item)
    if callable(item) and not hasattr(item, "dtype"):
        return _function(name, item)
    kind = type(item).__name__
    known = type(item).__module__ == "builtins" or kind in vars(sys.modules[package])
    return f"{name}: {kind if known and item is not None else 'object'}\n"


def text_of(module, package):
    """One module's stub; submodules of `package` become imports."""
    out, imports = [], []
    for name in sorted(vars(module)):
        if name.startswith("_") or not _usable(name):
            continue
        item = vars(module)[name]
        if isinstance(item, types.ModuleType):
            if item.__name__.startswith(package + "."):
                head, _, tail = item.__name__.rpartition(".")
                imports.append(f"from {head} import {tail} as {name}\n")
            continue
        try:
            out.append(_entry(name, item, package))
        except NotImplementedError as error:  # a public name without its op: a guard's business
            print(f"{module.__name__}.{name}: {error}", file=sys.stderr)
    return HEADER + "".join(sorted(set(imports))) + "".join(out)


def public_modules(package):
    """Modules that a user can reach from the package by public names."""
    seen, waiting = {}, [package]
    while waiting:
        module = waiting.pop()
        if module.__name__ in seen:
            continue
        seen[module.__name__] = module
        for name in getattr(vars(module).get("__getattr__"), "names", ()):
            getattr(module, name)  # loads what comes late
        for name, item in vars(module).items():
            inside = isinstance(item, types.ModuleType) and item.__name__.startswith(
                package.__name__ + "."
            )
            if inside and not name.startswith("_") and getattr(item, "__file__", None):
                if not item.__name__.endswith("._core"):
                    waiting.append(item)
    return seen


def write(package, output):
    output = pathlib.Path(output)
    root = pathlib.Path(package.__file__).parent
    count = 0
    for module in public_modules(package).values():
        source = pathlib.Path(module.__file__)
        if not source.is_relative_to(root) or source.relative_to(root).parts[0] in INTERNAL:
            continue
        target = output / source.relative_to(root).with_suffix(".pyi")
        text = text_of(module, package.__name__)
        compile(text, str(target), "exec")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        count += 1
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", required=True)
    parser.add_argument("--core", required=True)
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    print("stub files:", write(load(args.package, args.core), args.output))


if __name__ == "__main__":
    main()
