# SPDX-License-Identifier: Apache-2.0
"""The public API: names, argument order and defaults of TensorFlow 1.15 (data/tf1_api.tsv)."""

import ast
import csv
import inspect
import pathlib

import pytest

import caudal as tf

with open(pathlib.Path(__file__).parent / "data" / "tf1_api.tsv", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


def resolve(symbol):
    item = tf
    for part in symbol.split("."):
        item = getattr(item, part)
    return item


def test_every_symbol_exists():
    missing = []
    for row in ROWS:
        try:
            resolve(row["symbol"])
        except AttributeError:
            missing.append(row["symbol"])
    assert not missing, f"{len(missing)} symbols are missing: {missing}"


def _wanted(text):
    """[(name, default or None)] of a signature's text; names with their stars."""
    text = text.replace("=...", "=__unspecified__").replace("tf.", "tf_")
    arguments = ast.parse(f"def f{text}: pass").body[0].args
    names = [a.arg for a in arguments.args]
    defaults = [None] * (len(names) - len(arguments.defaults)) + arguments.defaults
    out = list(zip(names, defaults))
    for star, rest in (("*", arguments.vararg), ("**", arguments.kwarg)):
        if rest:
            out.append((star + rest.arg, None))
    return out


def _same_default(ours, wanted):
    if isinstance(wanted, ast.Name):
        if wanted.id == "__unspecified__":
            return True
        return isinstance(ours, tf.DType) and ours.name == wanted.id[3:]
    value = ast.literal_eval(wanted)
    if isinstance(value, (list, tuple)):
        return list(ours or []) == list(value)
    return ours == value


def _parameters(item, kind):
    target = item.__init__ if inspect.isclass(item) and "__signature__" not in vars(item) else item
    parameters = list(inspect.signature(target).parameters.values())
    bound_first = kind in ("class", "method") and parameters and parameters[0].name == "self"
    return parameters[1:] if bound_first else parameters


def difference(row):
    """What differs from TensorFlow's signature, or None. We may have more arguments at the end."""
    try:
        item = resolve(row["symbol"])
        ours = _parameters(item, row["kind"])
    except (AttributeError, TypeError, ValueError):
        return None  # missing ones are reported above; C-level callables have no signature
    if any(p.kind is p.VAR_POSITIONAL for p in ours) and "*" not in row["signature"]:
        return "takes *args"
    have = {p.name: p for p in ours}
    order = [p.name for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    wanted = [w for w in _wanted(row["signature"]) if not w[0].startswith("*")]
    names = [name for name, _ in wanted]
    if order[: len(names)] != names:
        return f"arguments are {order}, TensorFlow has {names}"
    for name, default in wanted:
        ours_default = have[name].default
        if default is None:
            continue
        if ours_default is inspect.Parameter.empty:
            return f"{name} has no default"
        if not _same_default(ours_default, default):
            return f"{name}={ours_default!r}, TensorFlow has {ast.unparse(default)}"
    return None


# These are made by the graph, never by users.
INTERNAL = {"Operation", "Tensor", "VariableScope"}
SIGNED = [r for r in ROWS if r["signature"] and r["symbol"] not in INTERNAL]


@pytest.mark.parametrize("row", [pytest.param(r, id=r["symbol"]) for r in SIGNED])
def test_signature(row):
    if "*args" in row["signature"] or "self" in row["signature"]:
        return  # the symbol exists; its arguments are free
    problem = difference(row)
    assert problem is None, f"tf.{row['symbol']}: {problem}"


def test_every_public_function_has_its_op():
    """Functions that the registry makes ask for their op when their signature is read."""
    without = []
    for module in (tf, tf.nn, tf.math, tf.random, tf.train, tf.linalg, tf.initializers):
        for name, item in vars(module).items():
            if callable(item) and not name.startswith("_"):
                try:
                    inspect.signature(item)
                except NotImplementedError:
                    without.append(f"{module.__name__}.{name}")
                except (TypeError, ValueError):
                    pass  # written in C, or without a constructor of its own
    assert not without, without


def test_reports_a_version_that_tf1_code_accepts():
    major, minor = (int(part) for part in tf.__version__.split(".")[:2])
    assert (major, minor) == (1, 15)
