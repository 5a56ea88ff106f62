# SPDX-License-Identifier: Apache-2.0
"""Pictures of models: with pydot and Graphviz where they are installed, else as SVG text."""

import html
import os
import shutil

from caudal.framework.graph_display import Box, draw
from caudal.keras.utils.layer_utils import output_shape_text, print_summary, weight_counts

__all__ = ["model_html", "model_svg", "model_to_dot", "plot_model"]

_MOST_LAYERS = 400  # that are drawn in a notebook


def _class_of(layer):
    """Name of the layer's class, with that of the layer that it wraps."""
    from caudal.keras.layers.wrappers import Wrapper

    name = type(layer).__name__
    return "%s(%s)" % (name, type(layer.layer).__name__) if isinstance(layer, Wrapper) else name


def _name_of(layer):
    from caudal.keras.layers.wrappers import Wrapper

    return "%s(%s)" % (layer.name, layer.layer.name) if isinstance(layer, Wrapper) else layer.name


def _title(layer, show_layer_names):
    if show_layer_names:
        return "%s: %s" % (_name_of(layer), _class_of(layer))
    return _class_of(layer)


def _input_shape_text(layer):
    try:
        return str(layer.input_shape)
    except (AttributeError, RuntimeError):
        return "multiple"


def _layers_and_edges(model):
    """The layers, and pairs of indices of a layer and one that reads it."""
    from caudal.keras.models import Sequential

    if isinstance(model, Sequential) and not model.built:
        model.build()
    layers = list(model.layers)
    if not getattr(model, "_is_graph_network", False):
        return layers, [(i, i + 1) for i in range(len(layers) - 1)]
    places = {id(layer): i for i, layer in enumerate(layers)}
    edges = []
    for nodes in model._nodes_by_depth.values():
        for node in nodes:
            target = places.get(id(node.outbound_layer))
            sources = [places.get(id(layer)) for layer in node.inbound_layers]
            edges.extend((s, target) for s in sources if s is not None and target is not None)
    return layers, sorted(dict.fromkeys(edges))


def _pydot():
    try:
        import pydot
    except ImportError:
        return None
    return pydot


def model_to_dot(model, show_shapes=False, show_layer_names=True, rankdir="TB"):
    """A model as a pydot graph.

    Args:
      model: Keras model.
      show_shapes: whether the boxes have the shapes of inputs and outputs.
      show_layer_names: whether the boxes have the names of layers.
      rankdir: "TB" draws downwards, "LR" to the right.

    Returns:
      pydot.Dot.

    Raises:
      ImportError: without pydot.
    """
    pydot = _pydot()
    if pydot is None:
        raise ImportError(
            "model_to_dot needs pydot, which is not installed: pip install pydot. "
            'plot_model(model, to_file="model.svg") does without it.'
        )
    dot = pydot.Dot()
    dot.set("rankdir", rankdir)
    dot.set("concentrate", True)
    dot.set_node_defaults(shape="record")
    layers, edges = _layers_and_edges(model)
    for layer in layers:
        label = _title(layer, show_layer_names)
        if show_shapes:
            shapes = (_input_shape_text(layer), output_shape_text(layer))
            label += "\n|{input:|output:}|{{%s}|{%s}}" % shapes
        dot.add_node(pydot.Node(str(id(layer)), label=label))
    for source, target in edges:
        dot.add_edge(pydot.Edge(str(id(layers[source])), str(id(layers[target]))))
    return dot


def model_svg(model, show_shapes=True, show_layer_names=True, rankdir="TB"):
    """A model as SVG text, made without other packages.

    Args: as for `model_to_dot`.
    """
    layers, edges = _layers_and_edges(model)
    boxes = []
    for layer in layers:
        if show_layer_names:
            lines = [_name_of(layer), _class_of(layer)]
        else:
            lines = [_class_of(layer)]
        if show_shapes:
            lines.append("%s \u2192 %s" % (_input_shape_text(layer), output_shape_text(layer)))
        boxes.append(Box(lines, type(layer).__name__))
    return draw(boxes, edges, rankdir)


def plot_model(model, to_file="model.png", show_shapes=False, show_layer_names=True, rankdir="TB"):
    """Writes a picture of a model to a file.

    Args:
      model: Keras model.
      to_file: path; its suffix is the kind of picture. ".svg" needs no other packages.
      show_shapes, show_layer_names, rankdir: as for `model_to_dot`.

    Raises:
      ImportError: for other suffixes, without pydot.
      OSError: for other suffixes, without the programs of Graphviz.
    """
    kind = os.path.splitext(to_file)[1][1:] or "png"
    has_graphviz = shutil.which("dot") is not None
    if has_graphviz and _pydot() is not None:
        dot = model_to_dot(model, show_shapes, show_layer_names, rankdir)
        dot.write(to_file, format=kind)
    elif kind == "svg":
        with open(to_file, "w", encoding="utf-8") as file:
            file.write(model_svg(model, show_shapes, show_layer_names, rankdir))
    else:
        missing = "pydot (pip install pydot)" if _pydot() is None else "Graphviz"
        if not has_graphviz and missing != "Graphviz":
            missing += " and Graphviz"
        raise (ImportError if _pydot() is None else OSError)(
            "A picture of kind .%s needs %s (https://www.graphviz.org/ for the program `dot`). "
            "With a name that ends in .svg, such as %r, plot_model does without."
            % (kind, missing, os.path.splitext(to_file)[0] + ".svg")
        )


def model_html(model):
    """A model as HTML for notebooks: its size, a picture, and the table of `summary`."""
    kind = html.escape("%s %r" % (type(model).__name__, model.name))
    if not model.built:
        return "<div><b>%s</b>: not built yet, %d layers</div>" % (kind, len(model.layers))
    lines = []
    print_summary(model, print_fn=lines.append)
    trainable, others = weight_counts(model)
    picture = ""
    if len(model.layers) <= _MOST_LAYERS:
        picture = '<div style="overflow:auto;max-height:600px">%s</div>' % model_svg(model)
    return (
        "<div><b>%s</b>: %d layers, %s parameters (%s trained)%s"
        "<details><summary>Table</summary><pre>%s</pre></details></div>"
        % (
            kind,
            len(model.layers),
            format(trainable + others, ","),
            format(trainable, ","),
            picture,
            html.escape("\n".join(lines)),
        )
    )
