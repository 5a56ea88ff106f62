# SPDX-License-Identifier: Apache-2.0
"""Old home of layers and networks."""

from caudal.keras.engine.base_layer import InputSpec, Layer, Node
from caudal.keras.engine.input_layer import Input, InputLayer
from caudal.keras.engine.network import Network, get_source_inputs

Container = Network

__all__ = ["Container", "Input", "InputLayer", "InputSpec", "Layer", "Network", "Node",
           "get_source_inputs"]  # fmt: skip
