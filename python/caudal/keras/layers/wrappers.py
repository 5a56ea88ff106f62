# SPDX-License-Identifier: Apache-2.0
"""Layers around other layers."""

from caudal.keras.layers.wrappers_base import TimeDistributed, Wrapper
from caudal.keras.layers.wrappers_bidirectional import Bidirectional

__all__ = ["Bidirectional", "TimeDistributed", "Wrapper"]
