# SPDX-License-Identifier: Apache-2.0
"""Layers, networks of layers, models that train."""

from caudal.keras.engine.base_layer import InputSpec, Layer, Node
from caudal.keras.engine.input_layer import Input, InputLayer
from caudal.keras.engine.network import Network, get_source_inputs
from caudal.keras.engine.training import Model
