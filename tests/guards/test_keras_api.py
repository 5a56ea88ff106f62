# SPDX-License-Identifier: Apache-2.0
"""The public API of Keras 2.2.4 (data/keras_api.tsv): names, argument order and defaults."""

import contextlib
import csv
import importlib
import inspect
import pathlib

import numpy as np
import pytest

import caudal
from caudal import keras
from guards import signatures

with open(pathlib.Path(__file__).parent / "data" / "keras_api.tsv", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))

# Attributes that instances have, by class.
INSTANCES = {
    "keras.callbacks.History": lambda: _trained(),
    "keras.models.Model": lambda: _trained().model,
    "keras.preprocessing.text.Tokenizer": lambda: _fitted_tokenizer(),
}


def _trained():
    model = keras.Sequential([keras.layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    return model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)


def _fitted_tokenizer():
    tokenizer = keras.preprocessing.text.Tokenizer()
    tokenizer.fit_on_texts(["some words"])
    return tokenizer


@pytest.fixture(scope="module", autouse=True)
def modules():
    """`keras.a.b` can be imported, as scripts do; owners that are classes cannot."""
    for owner in {row["symbol"].rpartition(".")[0] for row in ROWS}:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module("caudal." + owner)


def test_every_symbol_exists():
    missing = []
    for row in ROWS:
        symbol, owner = row["symbol"], row["symbol"].rpartition(".")[0]
        try:
            if row["kind"] == "instance_attribute":
                getattr(INSTANCES[owner](), symbol.rpartition(".")[2])
                continue
            item = signatures.resolve(caudal, symbol)
        except AttributeError:
            missing.append(symbol)
            continue
        if row["kind"] == "class" and not inspect.isclass(item):
            missing.append(symbol + ", a class")
        if row["kind"] in ("function", "method") and not callable(item):
            missing.append(symbol + ", which can be called")
    assert not missing, f"{len(missing)} symbols are missing: {missing}"


@pytest.mark.parametrize("row", [pytest.param(r, id=r["symbol"]) for r in ROWS if r["signature"]])
def test_signature(row):
    problem = signatures.difference(caudal, row)
    assert problem is None, f"{row['symbol']}: {problem}"


def test_version():
    assert keras.__version__ == "2.2.4"
    assert caudal.keras is keras
