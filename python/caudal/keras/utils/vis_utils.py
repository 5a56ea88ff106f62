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


class _Flat:
    """The layers of a model as they are drawn, those of nested models in place of these.

    Attributes:
      layers: list of layers.
      owners: for each of them, the nested models that it is in, from the outside.
      edges: pairs of indices of layers.
      inputs, outputs: for each input and output of the model, the indices of the layers there.
    """

    def __init__(self, model, expand_nested=False, owners=()):
        from caudal.keras.models import Sequential

        if isinstance(model, Sequential) and not model.built:
            model.build()
        self.layers, self.owners, self.edges = [], [], []
        self.inputs, self.outputs = [], []
        self._entries, self._exits = {}, {}
        for layer in model.layers:
            if expand_nested and getattr(layer, "_is_graph_network", False):
                self._add_nested(layer, owners + (layer,))
            else:
                place = [[len(self.layers)]]
                self._entries[id(layer)] = self._exits[id(layer)] = place
                self.layers.append(layer)
                self.owners.append(owners)
        if getattr(model, "_is_graph_network", False):
            self._connect(model)
        else:  # the calls are those of Python code
            self.edges += [(i, i + 1) for i in range(len(self.layers) - 1)]

    def _add_nested(self, model, owners):
        inner, first = _Flat(model, True, owners), len(self.layers)
        self.layers += inner.layers
        self.owners += inner.owners
        self.edges += [(s + first, t + first) for s, t in inner.edges]
        for table, groups in ((self._entries, inner.inputs), (self._exits, inner.outputs)):
            table[id(model)] = [[place + first for place in group] for group in groups]

    def _connect(self, model):
        def group(table, layer, index):
            groups = table.get(id(layer), [])
            return groups[min(index, len(groups) - 1)] if groups else []

        readers = {}
        for nodes in model._nodes_by_depth.values():
            for node in nodes:
                for index, (source, _, output, _) in enumerate(node.sources()):
                    targets = group(self._entries, node.outbound_layer, index)
                    readers.setdefault(id(source), []).extend(targets)
                    sources = group(self._exits, source, output)
                    self.edges.extend((s, t) for s in sources for t in targets)
        self.edges = sorted(dict.fromkeys(self.edges))
        # A Sequential does not list its InputLayer: what reads it stands for it.
        self.inputs = [
            group(self._entries, layer, 0) or readers.get(id(layer), [])
            for layer in model._input_layers
        ]
        self.outputs = [group(self._exits, layer, i) for layer, _, i in model._output_coordinates]


def _pydot():
    try:
        import pydot
    except ImportError:
        return None
    return pydot


def model_to_dot(
    model,
    show_shapes=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=96,
    subgraph=False,
):
    """A model as a pydot graph.

    Args:
      model: Keras model.
      show_shapes: whether the boxes have the shapes of inputs and outputs.
      show_layer_names: whether the boxes have the names of layers.
      rankdir: "TB" draws downwards, "LR" to the right.
      expand_nested: whether the layers of nested models are drawn.
      dpi: dots per inch.
      subgraph: whether to return a pydot.Cluster.

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

    def cluster(owner):
        return pydot.Cluster("m%d" % id(owner), style="dashed", label=owner.name)

    dot = cluster(model) if subgraph else pydot.Dot()
    if not subgraph:
        dot.set("rankdir", rankdir)
        dot.set("concentrate", True)
        dot.set("dpi", dpi)
        dot.set_node_defaults(shape="record")
    flat = _Flat(model, expand_nested)
    clusters = {(): dot}
    for owners in dict.fromkeys(flat.owners):
        for depth in range(1, len(owners) + 1):
            if owners[:depth] not in clusters:
                clusters[owners[:depth]] = cluster(owners[depth - 1])
    for index, (layer, owners) in enumerate(zip(flat.layers, flat.owners)):
        label = _title(layer, show_layer_names)
        if show_shapes:
            shapes = (_input_shape_text(layer), output_shape_text(layer))
            label += "\n|{input:|output:}|{{%s}|{%s}}" % shapes
        clusters[owners].add_node(pydot.Node("n%d" % index, label=label))
    for owners in sorted(clusters, key=len, reverse=True)[:-1]:
        clusters[owners[:-1]].add_subgraph(clusters[owners])
    for source, target in flat.edges:
        dot.add_edge(pydot.Edge("n%d" % source, "n%d" % target))
    return dot


def model_svg(model, show_shapes=True, show_layer_names=True, rankdir="TB", expand_nested=False):
    """A model as SVG text, made without other packages.

    Args: as for `model_to_dot`.
    """
    flat = _Flat(model, expand_nested)
    boxes = []
    for layer in flat.layers:
        if show_layer_names:
            lines = [_name_of(layer), _class_of(layer)]
        else:
            lines = [_class_of(layer)]
        if show_shapes:
            lines.append("%s \u2192 %s" % (_input_shape_text(layer), output_shape_text(layer)))
        boxes.append(Box(lines, type(layer).__name__))
    return draw(boxes, flat.edges, rankdir)


def plot_model(
    model,
    to_file="model.png",
    show_shapes=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=96,
):
    """Writes a picture of a model to a file.

    Args:
      model: Keras model.
      to_file: path; its suffix is the kind of picture. ".svg" needs no other packages.
      show_shapes, show_layer_names, rankdir, expand_nested, dpi: as for `model_to_dot`.

    Raises:
      ImportError: for other suffixes, without pydot.
      OSError: for other suffixes, without the programs of Graphviz.
    """
    kind = os.path.splitext(to_file)[1][1:] or "png"
    has_graphviz = shutil.which("dot") is not None
    if has_graphviz and _pydot() is not None:
        dot = model_to_dot(model, show_shapes, show_layer_names, rankdir, expand_nested, dpi)
        dot.write(to_file, format=kind)
    elif kind == "svg":
        with open(to_file, "w", encoding="utf-8") as file:
            file.write(model_svg(model, show_shapes, show_layer_names, rankdir, expand_nested))
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
