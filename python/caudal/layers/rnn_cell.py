# SPDX-License-Identifier: Apache-2.0
"""Cells of recurrent networks: the table of contents of `nn.rnn_cell`."""
# ruff: noqa: F401

from caudal.layers.rnn_cell_base import BIAS_NAME as _BIAS_VARIABLE_NAME
from caudal.layers.rnn_cell_base import WEIGHTS_NAME as _WEIGHTS_VARIABLE_NAME
from caudal.layers.rnn_cell_base import LSTMStateTuple, RNNCell
from caudal.layers.rnn_cells import BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell
from caudal.layers.rnn_wrappers import (
    DeviceWrapper,
    DropoutWrapper,
    MultiRNNCell,
    ResidualWrapper,
)
