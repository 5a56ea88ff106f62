# SPDX-License-Identifier: Apache-2.0
"""Layers of models: as a table of text, and with their weights in another order of axes."""

import numpy as np

from caudal.keras import backend as K
from caudal.keras.engine.layer_graph import get_source_inputs
from caudal.keras.utils.conv_utils import convert_kernel

__all__ = [
    "convert_all_kernels_in_model",
    "convert_dense_weights_data_format",
    "count_params",
    "get_source_inputs",
    "print_summary",
]

_PLAIN = (65, (0.45, 0.85, 1.0), ("Layer (type)", "Output Shape", "Param #"))
_CONNECTED = (
    98,
    (0.33, 0.55, 0.67, 1.0),
    ("Layer (type)", "Output Shape", "Param #", "Connected to"),
)


def count_params(weights):
    """How many numbers the weights hold; a weight that comes twice counts once."""
    return int(sum(np.prod(K.int_shape(weight)) for weight in {id(w): w for w in weights}.values()))


def _graph_nodes(model):
    """The calls of layers that make up a model; None for a subclass, whose calls are its own."""
    if not getattr(model, "_is_graph_network", False):
        return None
    return [node for nodes in model._nodes_by_depth.values() for node in nodes]


def _is_chain(model, nodes):
    """Whether each layer is called once, on what the layer before it gave."""
    if nodes is None or type(model).__name__ == "Sequential":
        return True
    if any(len(level) > 1 for level in model._nodes_by_depth.values()):
        return False
    if any(len(node.inbound_layers) > 1 for node in nodes):
        return False
    calls = [node.outbound_layer for node in nodes]
    return len({id(layer) for layer in calls}) == len(calls)


def output_shape_text(layer):
    """The output shape of a layer; "multiple" where its calls differ or are not known."""
    try:
        return str(layer.output_shape)
    except (AttributeError, RuntimeError):
        return "multiple"


def _connections(layer, nodes):
    """layer[call][output] of all that a layer is called on."""
    members = {id(node) for node in nodes}
    return [
        "%s[%d][%d]" % (source.name, call, output)
        for node in layer._inbound_nodes
        if id(node) in members
        for source, call, output, _ in node.sources()
        if source is not None
    ]


def print_summary(model, line_length=None, positions=None, print_fn=None):
    """Prints a line for each layer: name, output shape, number of weights, and sources.

    The sources are left out where each layer follows the one before it.

    Args:
      model: a built model.
      line_length: of the lines; default: 65, and 98 with sources.
      positions: ends of the columns, as shares of a line or in characters.
      print_fn: takes each line; default: print.
    """
    print_fn = print_fn or print
    nodes = _graph_nodes(model)
    is_chain = _is_chain(model, nodes)
    length, shares, titles = _PLAIN if is_chain else _CONNECTED
    line_length = line_length or length
    ends = list(positions or shares)
    if ends[-1] <= 1:
        ends = [int(line_length * share) for share in ends]

    def row(fields):
        line = ""
        for index, (field, end) in enumerate(zip(fields, ends)):
            if index:
                line = line[:-1] + " "
            line = (line + str(field))[:end].ljust(end)
        print_fn(line)

    print_fn("_" * line_length)
    row(titles)
    print_fn("=" * line_length)
    layers = model.layers
    for layer in layers:
        fields = [
            "%s (%s)" % (layer.name, type(layer).__name__),
            output_shape_text(layer),
            layer.count_params(),
        ]
        first, *others = ([] if is_chain else _connections(layer, nodes)) or [""]
        row(fields if is_chain else [*fields, first])
        for source in others:
            row(["", "", "", source])
        print_fn(("=" if layer is layers[-1] else "_") * line_length)

    trainable, others = weight_counts(model)
    print_fn(f"Total params: {trainable + others:,}")
    print_fn(f"Trainable params: {trainable:,}")
    print_fn(f"Non-trainable params: {others:,}")
    print_fn("_" * line_length)


def weight_counts(model):
    """(weights that training changes, others); of a compiled model those it was compiled with."""
    if hasattr(model, "_check_trainable_weights_consistency"):
        model._check_trainable_weights_consistency()
    trainable = getattr(model, "_collected_trainable_weights", None)
    if trainable is None:
        trainable = model.trainable_weights
    return count_params(trainable), count_params(model.non_trainable_weights)


def convert_all_kernels_in_model(model):
    """Turns the kernels of all convolutions by 180 degrees: from Theano to TensorFlow and back."""
    kinds = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")
    K.batch_set_value(
        [
            (layer.kernel, convert_kernel(K.get_value(layer.kernel)))
            for layer in model.layers
            if type(layer).__name__ in kinds
        ]
    )


def convert_dense_weights_data_format(
    dense, previous_feature_map_shape, target_data_format="channels_first"
):
    """Reorders the weights of a Dense layer after a Flatten, for the other data_format.

    Args:
      dense: the layer.
      previous_feature_map_shape: shape of one image before the Flatten, in the target format.
      target_data_format: "channels_first" or "channels_last".

    Raises:
      ValueError: for another format.
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise ValueError("Unknown data_format: %s" % (target_data_format,))
    kernel, *bias = dense.get_weights()
    a, b, c = previous_feature_map_shape
    to_first = target_data_format == "channels_first"
    old_shape, axes = ((b, c, a), (2, 0, 1, 3)) if to_first else ((c, a, b), (1, 2, 0, 3))
    turned = kernel.reshape(old_shape + (-1,)).transpose(axes).reshape(kernel.shape)
    dense.set_weights([turned, *bias])
