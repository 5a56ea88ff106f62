# SPDX-License-Identifier: Apache-2.0
"""Training gives the numbers, names and texts of real Keras 2.2.4.

The cases and the way of measuring are in tests/interop/keras_training_cases.py, the records in
tests/data/keras_training.npz (made by tests/interop/record_keras.py).
"""

import numpy as np
import pytest

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from interop import keras_training_cases as oracle
from interop.keras_layer_cases import load

RECORDS = load(oracle.DATA) if oracle.DATA.exists() else {}


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def test_every_case_is_recorded():
    assert oracle.cases().keys() == RECORDS.keys()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", RECORDS)
def test_as_recorded(name):
    facts, arrays = RECORDS[name]
    our_facts, our_arrays = oracle.measure(keras, tf, name)
    for key, expected in facts.items():
        assert our_facts.get(key) == expected, key
    assert our_facts.keys() == facts.keys()
    assert our_arrays.keys() == arrays.keys()
    for key, expected in arrays.items():
        np.testing.assert_allclose(our_arrays[key], expected, rtol=2e-5, atol=2e-6, err_msg=key)
