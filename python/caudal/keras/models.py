# SPDX-License-Identifier: Apache-2.0
"""Models: Sequential, functional, from files, copies."""

from caudal.keras import backend as K
from caudal.keras.engine.input_layer import Input, InputLayer
from caudal.keras.engine.saving import (
    load_model,
    model_from_config,
    model_from_json,
    model_from_yaml,
    save_model,
)
from caudal.keras.engine.sequential import Sequential
from caudal.keras.engine.training import Model
from caudal.keras.utils.generic_utils import to_list, unpack_singleton

__all__ = ["Input", "InputLayer", "Model", "Sequential", "clone_model", "load_model",
           "model_from_config", "model_from_json", "model_from_yaml", "save_model"]  # fmt: skip


def _new_input(layer):
    return Input(
        batch_shape=layer.batch_input_shape,
        dtype=layer.dtype,
        sparse=layer.sparse,
        name=layer.name,
    )


def _inputs_for(model, input_tensors, old_layers):
    if input_tensors is None:
        return [_new_input(layer) for layer in old_layers]
    tensors = to_list(input_tensors)
    if len(tensors) != len(old_layers):
        raise ValueError(
            "Model %s has %d inputs, %d input tensors were given"
            % (model.name, len(old_layers), len(tensors))
        )
    return [
        x if K.is_keras_tensor(x) else Input(tensor=x, name="input_wrapper_for_" + old.name)
        for x, old in zip(tensors, old_layers)
    ]


def _clone(layer):
    return type(layer).from_config(layer.get_config())


def _clone_functional(model, input_tensors):
    values = {}
    for x, new in zip(model.inputs, _inputs_for(model, input_tensors, model._input_layers)):
        values[id(x)] = new
    copies = {}
    for node in model._graph.in_order():
        if not node.inbound_layers:
            continue
        layer = node.outbound_layer
        if layer not in copies:
            copies[layer] = clone_model(layer) if isinstance(layer, Model) else _clone(layer)
        arrived = unpack_singleton([values[id(x)] for x in node.input_tensors])
        outputs = to_list(copies[layer](arrived, **node.arguments))
        values.update((id(x), y) for x, y in zip(node.output_tensors, outputs))
    inputs = [values[id(x)] for x in model.inputs]
    return Model(inputs, [values[id(x)] for x in model.outputs], name=model.name)


def _clone_sequential(model, input_tensors):
    layers = [clone_model(layer) if isinstance(layer, Model) else _clone(layer)
              for layer in model.layers]  # fmt: skip
    if input_tensors is None:
        return type(model)(layers=layers, name=model.name)
    if len(to_list(input_tensors)) != 1:
        raise ValueError(
            "To clone a `Sequential` model, give at most one tensor as `input_tensors`."
        )
    (x,) = _inputs_for(model, input_tensors, model._input_layers)
    origin = x._keras_history[0]
    if not isinstance(origin, InputLayer):
        x = Input(tensor=x, name="input_wrapper_for_" + origin.name)
        origin = x._keras_history[0]
    return type(model)(layers=[origin, *layers], name=model.name)


def clone_model(model, input_tensors=None):
    """A model of new layers with the same configuration and connections, and new weights.

    Args:
      model: Model or Sequential.
      input_tensors: tensors to connect it to; default: new inputs.

    Raises:
      ValueError: for what is no such model, or for another number of tensors.
    """
    if not isinstance(model, Model):
        raise ValueError("Expected `model` argument to be a `Model` instance, got %s" % (model,))
    if not model._is_graph_network:
        raise ValueError(
            "Model %s is a subclass that connects its layers in `call`: it cannot be cloned."
            % model.name
        )
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors)
    return _clone_functional(model, input_tensors)
