# SPDX-License-Identifier: Apache-2.0
"""The public API: names, argument order and defaults of TensorFlow 1.15 (data/tf1_api.tsv)."""

import ast
import csv
import inspect
import pathlib

import pytest

import caudal as tf
from caudal.framework import absent

with open(pathlib.Path(__file__).parent / "data" / "tf1_api.tsv", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


def resolve(symbol):
    item = tf
    for part in symbol.split("."):
        item = getattr(item, part)
    return item


def _built(layer, inputs):
    with tf.Graph().as_default():
        layer.build(inputs)
    return layer


# Attributes that instances have, by class.
INSTANCES = {
    "ConfigProto": tf.ConfigProto,
    "RunMetadata": tf.RunMetadata,
    "Summary": tf.Summary,
    "contrib.tensorboard.plugins.projector.ProjectorConfig": lambda: (
        tf.contrib.tensorboard.plugins.projector.ProjectorConfig()
    ),
    "train.Example": tf.train.Example,
    "layers.BatchNormalization": lambda: _built(tf.layers.BatchNormalization(), [2, 3]),
    "layers.Conv2DTranspose": lambda: _built(tf.layers.Conv2DTranspose(2, 3), [1, 8, 8, 3]),
    "layers.Conv3D": lambda: _built(tf.layers.Conv3D(2, 3), [1, 8, 8, 8, 3]),
    "layers.Conv3DTranspose": lambda: _built(tf.layers.Conv3DTranspose(2, 3), [1, 8, 8, 8, 3]),
    "layers.Dense": lambda: _built(tf.layers.Dense(4), [2, 3]),
    "layers.SeparableConv2D": lambda: _built(tf.layers.SeparableConv2D(2, 3), [1, 8, 8, 3]),
}


def test_every_symbol_exists():
    missing = []
    for row in ROWS:
        symbol, owner = row["symbol"], row["symbol"].rpartition(".")[0]
        try:
            if row["kind"] == "instance_attribute":
                getattr(INSTANCES[owner](), symbol.rpartition(".")[2])
                continue
            item = resolve(symbol)
        except AttributeError:
            missing.append(symbol)
            continue
        if row["kind"] == "class" and not inspect.isclass(item):
            missing.append(symbol + ", a class")
        if row["kind"] == "module" and not hasattr(item, "__dict__"):
            missing.append(symbol + ", a module")
        if row["kind"] in ("function", "method") and not callable(item):
            missing.append(symbol + ", which can be called")
    assert not missing, f"{len(missing)} symbols are missing: {missing}"


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
        return isinstance(ours, tf.DType) and ours.name == wanted.id[3:]
    value = ast.literal_eval(wanted)
    if isinstance(value, (list, tuple)):
        return list(ours or []) == list(value)
    return ours == value and isinstance(ours, bool) == isinstance(value, bool)


def _parameters(symbol, item):
    """Parameters as a caller sees them: classes by what makes them, methods without self."""
    parameters = list(inspect.signature(item).parameters.values())
    owner, _, name = symbol.rpartition(".")
    holder = resolve(owner) if owner else tf
    if inspect.isclass(holder) and inspect.isfunction(inspect.getattr_static(holder, name)):
        return parameters[1:]
    return parameters


def difference(row):
    """What differs from TensorFlow's signature, or None. We may have more arguments at the end."""
    ours = _parameters(row["symbol"], resolve(row["symbol"]))
    wanted, stars, double_stars = _wanted(row["signature"])
    if stars and double_stars and not wanted:
        return None  # TensorFlow takes anything
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
        return f"arguments are {order}, TensorFlow has {names}"
    required = [n for n in order[len(names) :] if have[n].default is inspect.Parameter.empty]
    if required:
        return f"needs {required}, which TensorFlow does not have"
    for name, default in wanted:
        ours_default = have[name].default
        if default is None:
            continue
        if ours_default is inspect.Parameter.empty:
            return f"{name} has no default"
        if not _same_default(ours_default, default):
            return f"{name}={ours_default!r}, TensorFlow has {ast.unparse(default)}"
    return None


# Tensors are made by the graph, never by users.
SIGNED = [r for r in ROWS if r["signature"] and r["symbol"] != "Tensor"]


@pytest.mark.parametrize("row", [pytest.param(r, id=r["symbol"]) for r in SIGNED])
def test_signature(row):
    problem = difference(row)
    assert problem is None, f"tf.{row['symbol']}: {problem}"


def _listed(table):
    """[(module, name)] of a table of names by module."""
    return [(module, name) for module, names in table.items() for name in names.split()]


def test_absent_names_say_so():
    for module, name in _listed(absent.NAMES):
        holder = resolve(module) if module else tf
        assert not hasattr(holder, name), f"tf.{module}.{name} is there: framework/absent.py"
        with pytest.raises(AttributeError, match=f"caudal does not have tf.*{name} yet"):
            getattr(holder, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        tf.contrib.nonsense  # noqa: B018


@pytest.mark.parametrize(
    "symbol",
    ["GradientTape", "function", "contrib.eager", "contrib.tensor_forest", "contrib.boosted_trees",
     "contrib.cudnn_rnn.CudnnLSTM", "contrib.cudnn_rnn.python"],
)  # fmt: skip
def test_what_is_out_says_so(symbol):
    module, _, name = symbol.rpartition(".")
    holder = resolve(module) if module else tf
    assert not hasattr(holder, name)
    with pytest.raises(AttributeError, match=f"tf.{symbol} is not part of caudal, which"):
        getattr(holder, name)


def test_eager_execution_is_out():
    assert hasattr(tf, "enable_eager_execution") and not tf.executing_eagerly()
    with pytest.raises(NotImplementedError, match="Eager execution is not part of caudal"):
        tf.enable_eager_execution()


def test_old_names_lead_to_new_ones():
    for module, text in absent.RENAMED.items():
        pairs = text.split()
        for old, new in zip(pairs[::2], pairs[1::2]):
            holder = resolve(module) if module else tf
            with pytest.raises(AttributeError, match=f"{old} was renamed tf.{new} in TensorFlow"):
                getattr(holder, old)
            known = new.split(".")[0] in absent.NAMES[""].split()  # a module that is to come
            try:
                resolve(new)
            except AttributeError as error:
                assert known or "yet" in str(error), new


def test_modules_list_what_loads_late():
    for module, name in [(tf, "map_fn"), (tf, "contrib"), (tf, "test"), (tf.nn, "dynamic_rnn"),
                         (tf.contrib, "rnn"), (tf.contrib.rnn, "NASCell"), (tf.losses, "log_loss"),
                         (tf.linalg, "svd"), (tf.train, "AdamOptimizer")]:  # fmt: skip
        assert name in dir(module), name
    for module in (tf, tf.nn, tf.math, tf.layers, tf.contrib, tf.contrib.seq2seq):
        for name in dir(module):
            getattr(module, name)


def test_every_public_function_has_its_op():
    """Functions that the registry makes ask for their op when their signature is read."""
    without = []
    for module in (tf, tf.nn, tf.math, tf.random, tf.train, tf.linalg, tf.initializers):
        for name in dir(module):
            item = getattr(module, name)
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
