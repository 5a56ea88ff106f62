# SPDX-License-Identifier: Apache-2.0
"""Initializers, activations, regularizers and constraints give what real Keras 2.2.4 gave."""

import json

import numpy as np
import pytest

from caudal import keras
from caudal.keras import activations, constraints, initializers, regularizers
from caudal.keras import backend as K
from interop import keras_functions as oracle


@pytest.fixture(scope="module")
def records():
    with np.load(oracle.DATA) as file:
        facts = json.loads(file["facts"].tobytes().decode())
        values = {name: file[name] for name in file.files}
    keyed = {key: (fact, values["value/%d" % i]) for i, (key, fact) in enumerate(facts.items())}
    weights = [values["weight/%d" % i] for i in range(len(values) - len(facts) - 1)]
    yield keyed, weights
    K.clear_session()


ROWS = [(kind, row) for kind, rows in oracle.SETS.items() for row in rows]


@pytest.mark.parametrize("kind, row", ROWS, ids=[oracle.key(*row) for row in ROWS])
def test_as_recorded(records, kind, row):
    fact, value = records[0][oracle.key(kind, row)]
    our_fact, our_value = oracle.measure(keras, kind, row)
    assert our_fact == fact
    np.testing.assert_allclose(our_value, value, rtol=2e-6, atol=1e-7)
    module = getattr(keras, kind)
    assert module.serialize(module.deserialize(our_fact)) == fact


def test_the_seed_of_numpy_decides_the_weights_of_a_model(records):
    weights = oracle.weights_of_seeded_model(keras)
    assert len(weights) == len(records[1])
    for ours, theirs in zip(weights, records[1]):
        np.testing.assert_allclose(ours, theirs, rtol=2e-6)


MODULES = [activations, constraints, initializers, regularizers]


@pytest.mark.parametrize("module", MODULES)
def test_unknown_names_and_other_objects_are_refused(module):
    for wrong in ("no_such_name", 6, [1]):
        with pytest.raises(ValueError, match="(?i)unknown|could not interpret"):
            module.get(wrong)
    with pytest.raises(ValueError):
        module.deserialize({"class_name": "no_such_name"})


@pytest.mark.parametrize("module", MODULES)
def test_functions_stay_what_they_are(module):
    def function(x):
        return x

    assert module.get(function) is function
    assert module.get(None) in (None, activations.linear)


def test_classes_are_instantiated():
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    assert isinstance(constraints.get("nonneg"), constraints.NonNeg)


def test_what_tf_keras_saved():
    assert initializers.deserialize(
        {"class_name": "GlorotUniform", "config": {"seed": 4, "dtype": "float32"}}
    ).get_config() == {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": 4}
    scaling = {"scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal", "seed": None}
    made = initializers.get({"class_name": "VarianceScaling", "config": {**scaling, "dtype": "f"}})
    assert made.get_config() == {**scaling, "distribution": "normal"}


@pytest.mark.parametrize("distribution", ["untruncated_normal", "normal", "uniform"])
def test_variance_of_scaled_values(distribution):
    init = initializers.VarianceScaling(2.0, "fan_in", distribution, seed=1)
    assert abs(K.eval(init((200, 100))).std() - 0.1) < 2e-3
    K.clear_session()


@pytest.mark.parametrize("shape, fans", [
    ((3, 4), (3, 4)), ((5, 3, 4), (15, 20)), ((2, 5, 3, 4), (30, 40)), ((7,), (7**0.5,) * 2),
])  # fmt: skip
def test_connections_of_a_unit(shape, fans):
    assert initializers._compute_fans(shape) == pytest.approx(fans)
    turned = shape if len(shape) < 3 else (shape[-1], shape[-2], *shape[:-2])
    assert initializers._compute_fans(turned, "channels_first") == pytest.approx(fans)


@pytest.mark.parametrize("make", [
    lambda: initializers.VarianceScaling(scale=0),
    lambda: initializers.VarianceScaling(mode="fan"),
    lambda: initializers.VarianceScaling(distribution="cauchy"),
    lambda: initializers.Identity()((2, 3)),
    lambda: initializers.Identity()((2, 2, 2)),
    lambda: initializers.Orthogonal()((3,)),
    lambda: initializers._compute_fans((1, 2, 3), "channels_middle"),
    lambda: activations.softmax(K.placeholder(ndim=1)),
    lambda: activations.serialize(3),
])  # fmt: skip
def test_refused_arguments(make):
    with pytest.raises(ValueError):
        make()
    K.clear_session()


def test_norms_after_a_constraint():
    weights = K.variable(np.random.RandomState(0).uniform(-5, 5, (30, 20)))
    norms = lambda c: np.sqrt(np.sum(K.eval(c(weights)) ** 2, axis=0))
    assert np.all(norms(constraints.MaxNorm(1.5)) < 1.5001)
    np.testing.assert_allclose(norms(constraints.UnitNorm()), 1, rtol=1e-5)
    low_high = norms(constraints.MinMaxNorm(2.0, 3.0))
    assert np.all((low_high > 1.999) & (low_high < 3.001))
    assert K.eval(constraints.NonNeg()(weights)).min() == 0
    K.clear_session()
