# SPDX-License-Identifier: Apache-2.0
"""Models as plain Python values, and back."""

import copy
import json
import warnings

import numpy as np

from caudal.keras.engine.layer_graph import node_key
from caudal.keras.utils.generic_utils import to_list, unpack_singleton

__all__ = ["config_of", "model_from"]


def _plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError("Not JSON Serializable: %r" % (value,))


def _arguments_of(layer, node):
    if not node.arguments:
        return {}
    try:
        return json.loads(json.dumps(node.arguments, default=_plain))
    except TypeError:
        warnings.warn(
            "Layer %s was passed non-serializable keyword arguments: %s. They will not be "
            "included in the serialized model (and thus will be missing at deserialization time)."
            % (layer.name, node.arguments),
            stacklevel=4,
        )
        return {}


def config_of(model):
    """Layers, their calls and the ends of a model: the value of `get_config`."""
    numbers = {}  # of the calls that belong to the model
    for layer in model.layers:
        own = [i for i in range(len(layer._inbound_nodes))
               if node_key(layer.name, i) in model._network_nodes]  # fmt: skip
        # The first node of a model is not a call: it links its own inputs and outputs.
        first = 1 if hasattr(layer, "_is_graph_network") else 0
        numbers.update({(id(layer), i): new for new, i in enumerate(own, first)})

    def place(layer, node_index, tensor_index):
        return [layer.name, numbers[id(layer), node_index], tensor_index]

    layers = []
    for layer in model.layers:
        calls = []
        for i, node in enumerate(layer._inbound_nodes):
            if (id(layer), i) not in numbers or not node.inbound_layers:
                continue
            arguments = _arguments_of(layer, node)
            calls.append(
                [place(*source[:3]) + [arguments] for source in node.sources() if source[0]]
            )
        layers.append(
            {
                "name": layer.name,
                "class_name": type(layer).__name__,
                "config": layer.get_config(),
                "inbound_nodes": calls,
            }
        )
    return copy.deepcopy(
        {
            "name": model.name,
            "layers": layers,
            "input_layers": [place(*c) for c in model._input_coordinates],
            "output_layers": [place(*c) for c in model._output_coordinates],
        }
    )


def _source(made, place):
    """The tensor at [layer, call, output] of the layers that were made; None if not yet there."""
    layer, node_index, tensor_index = made[place[0]], place[1], place[2]
    if node_index >= len(layer._inbound_nodes):
        return None
    return layer._inbound_nodes[node_index].output_tensors[tensor_index]


def _call(made, layer, call):
    """Repeats one call of a layer; False if an input is not there yet."""
    inputs, arguments = [], {}
    for place in [call] if isinstance(call[0], str) else call:
        if len(place) not in (3, 4) or place[0] not in made:
            raise ValueError(
                "Improperly formatted model config: a call of layer %s names %s"
                % (layer.name, place)
            )
        arguments = place[3] if len(place) == 4 else {}
        tensor = _source(made, place)
        if tensor is None:
            return False
        inputs.append(tensor)
    layer(unpack_singleton(inputs), **arguments)
    return True


def _ends(config, made, key):
    places = config[key]
    if places and isinstance(places[0], str):
        places = [places]
    tensors = []
    for place in places:
        tensor = _source(made, place) if place[0] in made else None
        if tensor is None:
            raise ValueError(
                "Improperly formatted model config: no tensor at %s of %s" % (place, key)
            )
        tensors.append(tensor)
    return tensors


def model_from(cls, config, custom_objects=None):
    """The model that `config_of` described.

    Raises:
      ValueError: for a config that does not fit together.
    """
    from caudal.keras.layers import deserialize

    made, waiting = {}, []
    for data in config["layers"]:
        layer = deserialize(
            {"class_name": data["class_name"], "config": data["config"]}, custom_objects
        )
        layer.name = data["name"]
        made[data["name"]] = layer
        waiting.extend((layer, call) for call in to_list(data["inbound_nodes"]))
    while waiting:
        # Calls of one layer are repeated in their order, or their numbers would change.
        later, blocked = [], set()
        for layer, call in waiting:
            if id(layer) in blocked or not _call(made, layer, call):
                blocked.add(id(layer))
                later.append((layer, call))
        if len(later) == len(waiting):
            raise ValueError(
                "Improperly formatted model config: layers %s wait for each other's outputs"
                % sorted({layer.name for layer, _ in later})
            )
        waiting = later
    return cls(
        inputs=_ends(config, made, "input_layers"),
        outputs=_ends(config, made, "output_layers"),
        name=config.get("name"),
    )
