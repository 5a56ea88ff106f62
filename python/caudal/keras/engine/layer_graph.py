# SPDX-License-Identifier: Apache-2.0
"""The graph of layers between inputs and outputs: which calls it has, and in what order."""

from collections import Counter

from caudal.keras.utils.generic_utils import to_list

__all__ = ["LayerGraph", "get_source_inputs", "node_key"]


def node_key(layer_name, node_index):
    """Names call number `node_index` of a layer."""
    return "%s_ib-%d" % (layer_name, node_index)


def _node_of(tensor):
    layer, node_index, _ = tensor._keras_history
    return layer._inbound_nodes[node_index]


def _inbound_tensors(node):
    return [x for layer, _, _, x in node.sources() if layer is not None]


def _walk(outputs):
    """Nodes that `outputs` need, each after those that it needs; and layers as they are met.

    Raises:
      ValueError: if the calls form a circle.
    """
    done, open_nodes, order, layers = set(), set(), [], {}
    for tensor in outputs:
        stack = []

        def enter(tensor, stack=stack):
            node = _node_of(tensor)
            if node in open_nodes:
                raise ValueError(
                    'The tensor %s at layer "%s" is part of a cycle.'
                    % (tensor, node.outbound_layer.name)
                )
            if node in done:
                return
            layers.setdefault(node.outbound_layer, len(layers))
            open_nodes.add(node)
            stack.append((node, iter(_inbound_tensors(node))))

        enter(tensor)
        while stack:
            node, pending = stack[-1]
            for source in pending:
                # An input's node names itself as its source: there are no inbound layers.
                enter(source)
                if stack[-1][0] is not node:
                    break
            else:
                stack.pop()
                open_nodes.discard(node)
                done.add(node)
                order.append(node)
    return order, layers


class LayerGraph:
    """The calls and layers from `inputs` to `outputs`.

    Attributes:
      nodes_by_depth, layers_by_depth: {depth: list}; the outputs' depth is 0, a call is deeper than
        all that need it, and a layer as deep as its deepest call.
      layers: all layers, the deepest first.
      nodes: set of keys, see `node_key`.

    Raises:
      ValueError: if an output needs a tensor that does not follow from the inputs, or if two layers
        have one name.
    """

    def __init__(self, inputs, outputs):
        order, met = _walk(outputs)
        depths, layer_depths = {}, {}
        for node in reversed(order):
            depth = max(depths.get(node, 0), layer_depths.get(node.outbound_layer, 0))
            depths[node] = layer_depths[node.outbound_layer] = depth
            for tensor in _inbound_tensors(node):
                source = _node_of(tensor)
                depths[source] = max(depth + 1, depths.get(source, 0))
        for tensor in inputs:
            layer = tensor._keras_history[0]
            if layer not in layer_depths:  # an input that nothing reads
                node = _node_of(tensor)
                depths[node] = layer_depths[layer] = 0
                met[layer] = -1
        self.nodes_by_depth, self.layers_by_depth = {}, {}
        for node, depth in depths.items():
            self.nodes_by_depth.setdefault(depth, []).append(node)
        for layer, depth in layer_depths.items():
            self.layers_by_depth.setdefault(depth, []).append(layer)
        self.layers = []
        for depth in sorted(self.layers_by_depth, reverse=True):
            self.layers_by_depth[depth].sort(key=met.get)
            self.layers.extend(self.layers_by_depth[depth])
        self.nodes = {
            node_key(node.outbound_layer.name, node.outbound_layer._inbound_nodes.index(node))
            for node in depths
        }
        self._check_sources(inputs)
        self._check_names()

    def in_order(self):
        """The nodes, each after those that it needs."""
        for depth in sorted(self.nodes_by_depth, reverse=True):
            yield from self.nodes_by_depth[depth]

    def _check_sources(self, inputs):
        known = {id(x) for x in inputs}
        reached = []
        for node in self.in_order():
            for layer, _, _, tensor in node.sources():
                if layer is not None and id(tensor) not in known:
                    raise ValueError(
                        'Graph disconnected: cannot obtain value for tensor %s at layer "%s". The '
                        "following previous layers were accessed without issue: %s"
                        % (tensor, node.outbound_layer.name, reached)
                    )
            if not node.inbound_layers and not any(id(x) in known for x in node.output_tensors):
                raise ValueError(
                    'Graph disconnected: input layer "%s" is needed but is not among the inputs '
                    "of the model. The following layers were accessed without issue: %s"
                    % (node.outbound_layer.name, reached)
                )
            known.update(id(x) for x in node.output_tensors)
            reached.append(node.outbound_layer.name)

    def _check_names(self):
        for name, count in Counter(layer.name for layer in self.layers).items():
            if count > 1:
                raise ValueError(
                    'The name "%s" is used %d times in the model. All layer names should be unique.'
                    % (name, count)
                )


def get_source_inputs(tensor, layer=None, node_index=None):
    """The tensors of inputs that a tensor is computed from.

    Args:
      tensor: a tensor that a layer made.
      layer, node_index: its origin; default: as recorded.

    Returns:
      List of tensors.
    """
    if not hasattr(tensor, "_keras_history"):
        return [tensor]
    if layer is None or node_index:
        layer, node_index, _ = tensor._keras_history
    if not layer._inbound_nodes:
        return [tensor]
    node = layer._inbound_nodes[node_index or 0]
    if not _inbound_tensors(node):
        return to_list(node.input_tensors)
    found = []
    for source in _inbound_tensors(node):
        found.extend(x for x in get_source_inputs(source) if not any(x is y for y in found))
    return found
