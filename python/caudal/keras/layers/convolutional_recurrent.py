# SPDX-License-Identifier: Apache-2.0
"""Convolutional recurrent layers and their cells."""

from caudal.keras.layers.convolutional_recurrent_base import ConvRNN2D
from caudal.keras.layers.convolutional_recurrent_lstm import ConvLSTM2D, ConvLSTM2DCell

__all__ = ["ConvLSTM2D", "ConvLSTM2DCell", "ConvRNN2D"]
