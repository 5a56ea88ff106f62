# SPDX-License-Identifier: Apache-2.0
"""Tables of layers, weights in another order of axes."""

import numpy as np
import pytest

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.models import Model, Sequential
from caudal.keras.utils import convert_all_kernels_in_model, get_source_inputs, layer_utils


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def table(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return lines


CHAIN = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
dense_1 (Dense)              (None, 3)                 15        
_________________________________________________________________
batch_normalization_1 (Batch (None, 3)                 12        
=================================================================
Total params: 27
Trainable params: 21
Non-trainable params: 6
_________________________________________________________________"""  # noqa: W291

CONNECTED = """\
__________________________________________________________________________________________________
Layer (type)                    Output Shape         Param #     Connected to                     
==================================================================================================
input_1 (InputLayer)            (None, 8)            0                                            
__________________________________________________________________________________________________
dense_1 (Dense)                 (None, 8)            72          input_1[0][0]                    
                                                                 add_1[0][0]                      
__________________________________________________________________________________________________
add_1 (Add)                     (None, 8)            0           dense_1[0][0]                    
                                                                 input_1[0][0]                    
__________________________________________________________________________________________________
dense_2 (Dense)                 (None, 4)            36          dense_1[1][0]                    
__________________________________________________________________________________________________
inner (Sequential)              (None, 3)            15          dense_2[0][0]                    
==================================================================================================
Total params: 123
Trainable params: 123
Non-trainable params: 0
__________________________________________________________________________________________________\
"""  # noqa: W291


def test_chain():
    model = Sequential([layers.Dense(3, input_shape=(4,)), layers.BatchNormalization()])
    assert "\n".join(table(model)) == CHAIN


def nested():
    x = layers.Input((8,))
    dense = layers.Dense(8)
    y = dense(layers.add([dense(x), x]))
    inner = Sequential([layers.Dense(3, input_shape=(4,), name="top")], name="inner")
    return Model(x, [y, inner(layers.Dense(4)(y))])


def test_connections():
    assert "\n".join(table(nested())) == CONNECTED


def test_positions():
    model = Sequential([layers.Dense(3, input_shape=(4,))])
    assert table(model, line_length=20, positions=[10, 15, 20])[1:4:2] == [
        "Layer (ty Outp Param",
        "dense_1 ( (Non 15   ",
    ]
    assert table(model, line_length=40, positions=[0.5, 0.8, 1.0])[1] == (
        "Layer (type)        Output Shap Param # "
    )


def test_subclass_and_frozen_layers():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    with pytest.raises(ValueError, match="never been called"):
        model.summary()
    model(layers.Input((3,)))
    assert any("dense" in line and "8" in line for line in table(model))
    model = Sequential([layers.Dense(3, input_shape=(4,), trainable=False), layers.Dense(1)])
    assert table(model)[-4:-1] == [
        "Total params: 19", "Trainable params: 4", "Non-trainable params: 15",
    ]  # fmt: skip


def test_weights_count_once():
    w = K.variable(np.zeros((2, 3)))
    assert layer_utils.count_params([w, w, K.variable(1.0)]) == 7
    assert layer_utils.count_params([]) == 0


def test_sources():
    a, b = layers.Input((2,)), layers.Input((2,))
    assert get_source_inputs(layers.add([layers.Dense(2)(a), b])) == [a, b]


def test_kernels_turn():
    model = Sequential([layers.Conv2D(2, (2, 3), input_shape=(5, 5, 1)), layers.Flatten(),
                        layers.Dense(2)])  # fmt: skip
    before = model.get_weights()
    convert_all_kernels_in_model(model)
    after = model.get_weights()
    np.testing.assert_array_equal(after[0], before[0][::-1, ::-1])
    np.testing.assert_array_equal(after[2], before[2])


@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_after_flatten(use_bias):
    x = np.random.RandomState(0).rand(1, 2, 3, 4).astype("float32")  # channels last
    dense = layers.Dense(5, use_bias=use_bias)
    model = Sequential([layers.Flatten(input_shape=(24,)), dense])
    expected = model.predict(x.reshape(1, 24))
    first = x.transpose(0, 3, 1, 2)
    layer_utils.convert_dense_weights_data_format(dense, first.shape[1:], "channels_first")
    np.testing.assert_allclose(model.predict(first.reshape(1, 24)), expected, rtol=1e-5)
    layer_utils.convert_dense_weights_data_format(dense, x.shape[1:], "channels_last")
    np.testing.assert_allclose(model.predict(x.reshape(1, 24)), expected, rtol=1e-5)
    with pytest.raises(ValueError):
        layer_utils.convert_dense_weights_data_format(dense, x.shape[1:], "other")
