# SPDX-License-Identifier: Apache-2.0
"""Data to learn from, and the check of layers."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.engine.base_layer import Layer
from caudal.keras.utils.test_utils import get_test_data, keras_test, layer_test


def test_data():
    (x, y), (test_x, test_y) = get_test_data(20, 5, (3, 2), num_classes=4)
    assert x.shape == (20, 3, 2) and test_x.shape == (5, 3, 2)
    assert y.shape == (20,) and test_y.shape == (5,) and set(y) <= {0, 1, 2, 3}
    (x, y), _ = get_test_data(20, 5, (3,), (2, 2), classification=False)
    assert y.shape == (20, 2, 2) and y.dtype == np.float32


class WrongShape(Layer):
    def compute_output_shape(self, input_shape):
        return (input_shape[0], 7)


class Forgetful(Layer):
    def __init__(self, factor=1, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


@keras_test
def test_broken_promises():
    layer_test(Forgetful, {}, (2, 3))
    with pytest.raises(AssertionError):
        layer_test(WrongShape, {}, (2, 3))
    with pytest.raises(AssertionError):
        layer_test(Forgetful, {"factor": 2}, (2, 3))
    with pytest.raises(AssertionError, match="float32"):
        layer_test(Forgetful, {}, (2, 3), expected_output_dtype="int32")
    with pytest.raises(AssertionError):
        layer_test(Forgetful, {}, (2, 3), expected_output=np.zeros((2, 3)))
    with pytest.raises(ValueError):
        layer_test(Forgetful)


@keras_test
@pytest.mark.parametrize("fixed", [False, True])
def test_a_good_layer(fixed):
    data = np.ones((2, 3, 2), "float32")
    output = layer_test(layers.Flatten, input_data=data, fixed_batch_size=fixed,
                        expected_output=np.ones((2, 6)))  # fmt: skip
    assert output.shape == (2, 6)
    assert K.get_uid("flatten") > 1
