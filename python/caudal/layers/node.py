# SPDX-License-Identifier: Apache-2.0
"""Node: one call of a layer, an edge bundle of the graph of layers."""

__all__ = ["Node", "is_layer_tensor", "record_call"]


def _listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def is_layer_tensor(x):
    """Whether a layer or an Input made this tensor, so that models can be traced through it."""
    return hasattr(x, "_keras_history")


class Node:
    """One call of `outbound_layer` on tensors that other layers made.

    Attributes:
      outbound_layer: the layer that was called.
      inbound_layers, node_indices, tensor_indices: for each input: the layer that made it, which
        call of that layer, and which output of the call; None where no layer made it.
      input_tensors, output_tensors, input_masks, output_masks, input_shapes, output_shapes: lists.
      arguments: dict, the further arguments of the call.
    """

    def __init__(self, outbound_layer, inbound_layers, node_indices, tensor_indices, input_tensors,
                 output_tensors, input_masks, output_masks, input_shapes, output_shapes,
                 arguments=None):  # fmt: skip
        self.outbound_layer = outbound_layer
        self.inbound_layers = inbound_layers
        self.node_indices = node_indices
        self.tensor_indices = tensor_indices
        self.input_tensors = input_tensors
        self.output_tensors = output_tensors
        self.input_masks = input_masks
        self.output_masks = output_masks
        self.input_shapes = input_shapes
        self.output_shapes = output_shapes
        self.arguments = arguments or {}
        for layer in inbound_layers:
            if layer is not None:
                layer._outbound_nodes.append(self)
        outbound_layer._inbound_nodes.append(self)

    def get_config(self):
        """Names and indices, for messages and tests."""
        return {
            "outbound_layer": self.outbound_layer.name if self.outbound_layer else None,
            "inbound_layers": [layer.name if layer else None for layer in self.inbound_layers],
            "node_indices": self.node_indices,
            "tensor_indices": self.tensor_indices,
        }

    def sources(self):
        """(layer, node index, tensor index, tensor) of every input."""
        return zip(self.inbound_layers, self.node_indices, self.tensor_indices, self.input_tensors)


def shape_tuple(x):
    """The shape of a tensor as far as it is known, a tuple with None; None for unknown rank."""
    known = getattr(x, "_keras_shape", None)
    if known is not None:
        return known
    shape = x.shape
    return None if shape.ndims is None else tuple(shape.as_list())


def record_call(layer, inputs, outputs, input_masks=None, output_masks=None, output_shapes=None,
                arguments=None):  # fmt: skip
    """Makes the Node of a call and marks its outputs with where they come from.

    Args:
      inputs, outputs: tensors, or lists of them.
      input_masks, output_masks: as many as there are inputs and outputs, or None.
      output_shapes: list of tuples; default: what the tensors know.
      arguments: dict of the further arguments of the call.
    """
    inputs, outputs = _listed(inputs), _listed(outputs)
    histories = [getattr(x, "_keras_history", (None, None, None)) for x in inputs]
    shapes = [shape_tuple(x) for x in outputs] if output_shapes is None else output_shapes
    masks = [None] * len(outputs) if output_masks is None else _listed(output_masks)
    phase = getattr(layer, "uses_learning_phase", False) or any(
        getattr(x, "_uses_learning_phase", False) for x in inputs
    )
    node_index = len(layer._inbound_nodes)
    Node(
        layer,
        [h[0] for h in histories],
        [h[1] for h in histories],
        [h[2] for h in histories],
        inputs,
        outputs,
        [None] * len(inputs) if input_masks is None else _listed(input_masks),
        masks,
        [shape_tuple(x) for x in inputs],
        shapes,
        arguments,
    )
    for i, (tensor, shape, mask) in enumerate(zip(outputs, shapes, masks)):
        tensor._keras_shape = shape
        tensor._uses_learning_phase = getattr(tensor, "_uses_learning_phase", False) or phase
        tensor._keras_mask = mask
        tensor._keras_history = (layer, node_index, i)
