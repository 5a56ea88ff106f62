# SPDX-License-Identifier: Apache-2.0
"""An internal path of TensorFlow that programs use."""
# ruff: noqa: F401

from caudal.contrib.rnn.linear import Linear as _Linear
from caudal.contrib.rnn.linear import linear as _linear
from caudal.contrib.rnn.wrappers import (
    EmbeddingWrapper,
    InputProjectionWrapper,
    OutputProjectionWrapper,
)
from caudal.layers.rnn_cell import (
    BasicLSTMCell,
    BasicRNNCell,
    DeviceWrapper,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
)
