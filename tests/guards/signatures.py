# SPDX-License-Identifier: Apache-2.0
"""Compares signatures with those of the library whose API we follow."""

import ast
import inspect

from caudal import DType


def resolve(root, symbol):
    """The object with a dotted name below a module."""
    item = root
    for part in symbol.split("."):
        item = getattr(item, part)
    return item


def _wanted(text):
    """([(name, default or None)], whether there is *args, whether there is **kwargs)."""
    text = text.replace("=...", "=__unspecified__").replace("tf.", "tf_")
    arguments = ast.parse(f"def f{text}: pass").body[0].args
    names = [a.arg for a in arguments.args]
    defaults = [None] * (len(names) - len(arguments.defaults)) + arguments.defaults
    named = list(zip(names, defaults))
    named += zip([a.arg for a in arguments.kwonlyargs], arguments.kw_defaults)
    return named, arguments.vararg is not None, arguments.kwarg is not None


def _same_default(ours, wanted):
    if isinstance(wanted, ast.Name):
        if wanted.id == "__unspecified__":
            return True
        return isinstance(ours, DType) and ours.name == wanted.id[3:]
    value = ast.literal_eval(wanted)
    if isinstance(value, (list, tuple)):
        return list(ours or []) == list(value)
    return ours == value and isinstance(ours, bool) == isinstance(value, bool)


def _parameters(root, symbol, item):
    """Parameters as a caller sees them: classes by what makes them, methods without self."""
    parameters = list(inspect.signature(item).parameters.values())
    owner, _, name = symbol.rpartition(".")
    holder = resolve(root, owner) if owner else root
    if inspect.isclass(holder) and inspect.isfunction(inspect.getattr_static(holder, name)):
        return parameters[1:]
    return parameters


def difference(root, row):
    """What differs from the original's signature, or None. We may have more arguments at the end.

    Args:
      root: module that holds the symbol.
      row: dict with "symbol" and "signature", the original's as Python text; a default of "..." is
        not compared.
    """
    ours = _parameters(root, row["symbol"], resolve(root, row["symbol"]))
    wanted, stars, double_stars = _wanted(row["signature"])
    if stars and double_stars and not wanted:
        return None  # the original takes anything
    for kind, has, text in (
        (inspect.Parameter.VAR_POSITIONAL, stars, "*args"),
        (inspect.Parameter.VAR_KEYWORD, double_stars, "**kwargs"),
    ):
        if any(p.kind is kind for p in ours) < has:
            return f"does not take {text}"
    if any(p.kind is p.VAR_POSITIONAL for p in ours) and not stars:
        return "takes *args"
    have = {p.name: p for p in ours}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    order = [p.name for p in ours if p.kind in by_name]
    names = [name for name, _ in wanted]
    if order[: len(names)] != names:
        return f"arguments are {order}, not {names}"
    required = [n for n in order[len(names) :] if have[n].default is inspect.Parameter.empty]
    if required:
        return f"needs {required}, which the original does not have"
    for name, default in wanted:
        ours_default = have[name].default
        if default is None:
            continue
        if ours_default is inspect.Parameter.empty:
            return f"{name} has no default"
        if not _same_default(ours_default, default):
            return f"{name}={ours_default!r}, not {ast.unparse(default)}"
    return None
