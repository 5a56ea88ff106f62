# SPDX-License-Identifier: Apache-2.0
"""Layers say and compute what those of real Keras 2.2.4 did.

The cases and the way of measuring are in tests/interop/keras_layer_cases, the records in
tests/data/keras_layers (made by tests/interop/record_keras.py).
"""

import numpy as np
import pytest

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from interop import keras_layer_cases as oracle

CASES = [
    pytest.param(module, name, id=module + "-" + name)
    for module in oracle.MODULES
    if (oracle.DATA / (module + ".npz")).exists()
    for name in oracle.load(oracle.DATA / (module + ".npz"))
]
_records = {}


def case_and_record(module, name):
    if module not in _records:
        _records[module] = (
            oracle.cases_of(module),
            oracle.load(oracle.DATA / (module + ".npz")),
        )
    cases, records = _records[module]
    return cases[name], records[name]


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def close(case, a, b, what):
    tolerance = case.options.get("tolerance", 2e-5)
    assert np.shape(a) == np.shape(b), what
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=tolerance, err_msg=what)


@pytest.mark.parametrize("module", oracle.MODULES)
def test_every_case_is_recorded(module):
    assert oracle.cases_of(module).keys() == oracle.load(oracle.DATA / (module + ".npz")).keys()


@pytest.mark.parametrize("module, name", CASES)
def test_as_recorded(module, name):
    case, (facts, arrays) = case_and_record(module, name)
    our_facts, our_arrays = oracle.measure(keras, tf, case)
    for key in facts:
        assert our_facts.get(key) == facts[key], key
    assert sorted(our_arrays) == sorted(arrays)
    for key, expected in arrays.items():
        close(case, our_arrays[key], expected, key)


@pytest.mark.parametrize("module, name", CASES)
def test_made_again_from_its_config(module, name):
    case, (_, arrays) = case_and_record(module, name)
    if case.options.get("no_config"):
        pytest.skip("the configuration holds code")
    layer = oracle.make_layer(keras, case)
    inputs, given, outputs = oracle.connect(keras, case, layer)
    names = [(w.op.name, K.int_shape(w)) for w in layer.weights]
    values = oracle.drawn_weights(case, names)

    # As a layer by itself, through the registry.
    described = keras.layers.serialize(layer)
    again = keras.layers.deserialize(described)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()

    # As a model, through its JSON.
    model = keras.models.Model(inputs, outputs)
    copies = [keras.models.model_from_json(model.to_json())]
    if not case.several and not case.options.get("call") and len(outputs) == 1:
        sequence = keras.models.Sequential()
        shape = case.shapes[0]
        shape = shape if case.options.get("fixed_batch") else (None, *shape[1:])
        first = {"batch_input_shape": shape}
        if "mask" in case.options:
            sequence.add(keras.layers.Masking(mask_value=0.0, **first))
            first = {}
        config = {**described["config"], **first}
        sequence.add(keras.layers.deserialize({**described, "config": config}))
        copies += [sequence, keras.models.Sequential.from_config(sequence.get_config())]
    for copy in copies:
        copy.layers[-1].set_weights(values)
        results = oracle.listed(copy.predict_on_batch(case.arrays()))
        for i, result in enumerate(results):
            close(case, result, arrays["output/%d" % i], "output")
