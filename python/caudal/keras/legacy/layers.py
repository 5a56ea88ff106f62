# SPDX-License-Identifier: Apache-2.0
"""Contents of `keras.legacy.layers`."""

from caudal.keras.layers.keras1 import (
    AtrousConv1D,
    AtrousConv2D,
    AtrousConvolution1D,
    AtrousConvolution2D,
    ConvRecurrent2D,
    Highway,
    MaxoutDense,
    Merge,
    Recurrent,
)

__all__ = [
    "AtrousConv1D",
    "AtrousConv2D",
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "ConvRecurrent2D",
    "Highway",
    "MaxoutDense",
    "Merge",
    "Recurrent",
]
