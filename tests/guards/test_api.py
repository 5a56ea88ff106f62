# SPDX-License-Identifier: Apache-2.0
"""The public API: names, argument order and defaults of TensorFlow 1.15 (data/tf1_api.tsv)."""

import csv
import inspect
import pathlib
from functools import partial

import pytest

import caudal as tf
from caudal.framework import absent
from guards import signatures

with open(pathlib.Path(__file__).parent / "data" / "tf1_api.tsv", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


resolve = partial(signatures.resolve, tf)


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


# Tensors are made by the graph, never by users.
SIGNED = [r for r in ROWS if r["signature"] and r["symbol"] != "Tensor"]


@pytest.mark.parametrize("row", [pytest.param(r, id=r["symbol"]) for r in SIGNED])
def test_signature(row):
    problem = signatures.difference(tf, row)
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
     "contrib.cudnn_rnn.CudnnLSTM"],
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
