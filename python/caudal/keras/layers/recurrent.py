# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers and their cells."""

from caudal.keras.layers.recurrent_cell import _generate_dropout_mask  # noqa: F401
from caudal.keras.layers.recurrent_gru import GRU, GRUCell
from caudal.keras.layers.recurrent_lstm import LSTM, LSTMCell
from caudal.keras.layers.recurrent_rnn import RNN, _standardize_args  # noqa: F401
from caudal.keras.layers.recurrent_simple import SimpleRNN, SimpleRNNCell
from caudal.keras.layers.recurrent_stacked import StackedRNNCells

__all__ = [
    "GRU",
    "GRUCell",
    "LSTM",
    "LSTMCell",
    "RNN",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
]


def __getattr__(name):
    """Recurrent of Keras 1, which is made of the layers here."""
    if name != "Recurrent":
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    from caudal.keras.layers.keras1 import Recurrent

    return Recurrent
