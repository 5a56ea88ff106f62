# SPDX-License-Identifier: Apache-2.0
"""Convolutional recurrent layers and their cells."""

from caudal.keras.layers.convolutional_recurrent_base import ConvRNN2D
from caudal.keras.layers.convolutional_recurrent_lstm import ConvLSTM2D, ConvLSTM2DCell

__all__ = ["ConvLSTM2D", "ConvLSTM2DCell", "ConvRNN2D"]


def __getattr__(name):
    """ConvRecurrent2D of Keras 1, which is made of the layers here."""
    if name != "ConvRecurrent2D":
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    from caudal.keras.layers.keras1 import ConvRecurrent2D

    return ConvRecurrent2D
