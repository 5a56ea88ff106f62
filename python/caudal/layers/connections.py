# SPDX-License-Identifier: Apache-2.0
"""What a layer says of its connections, and the values of its weights."""

import numpy as np

from caudal.framework import ops


class Connected:
    """Part of Layer: get_weights, set_weights, input, output and their shapes."""

    # Values of the weights ----------------------------------------------------------------------

    def _weights_session(self):
        session = ops.get_default_session()
        if session is None:
            raise ValueError("Values of weights need a default session: `with sess.as_default():`")
        return session

    def _read(self, variables):
        return self._weights_session().run(variables)

    def _write(self, values):
        session = self._weights_session()
        for variable, value in values:
            variable.load(value, session)

    def get_weights(self):
        """The values of all weights, a list of NumPy arrays."""
        weights = self.weights
        return self._read(list(weights)) if weights else []

    def set_weights(self, weights):
        """Sets the values of all weights.

        Args:
          weights: arrays with the shapes that `get_weights` gives.

        Raises:
          ValueError: for another number of arrays or other shapes.
        """
        targets = self.weights
        if len(targets) != len(weights):
            raise ValueError(
                'You called `set_weights(weights)` on layer "%s" with a  weight list of length %d, '
                "but the layer was expecting %d weights. Provided weights: %s..."
                % (self.name, len(weights), len(targets), str(weights)[:50])
            )
        for variable, value in zip(targets, weights):
            if not variable.shape.is_compatible_with(np.shape(value)):
                raise ValueError(
                    "%s of layer %s: Layer weight shape %s not compatible with provided weight "
                    "shape %s" % (variable.name, self.name, variable.shape, np.shape(value))
                )
        self._write(list(zip(targets, weights)))

    # Connections --------------------------------------------------------------------------------

    @property
    def inbound_nodes(self):
        return self._inbound_nodes

    @property
    def outbound_nodes(self):
        return self._outbound_nodes

    def _get_node_attribute_at_index(self, node_index, attr, attr_name):
        if not self._inbound_nodes:
            raise RuntimeError(
                "The layer has never been called and thus has no defined %s." % attr_name
            )
        if not len(self._inbound_nodes) > node_index:
            raise ValueError(
                "Asked to get %s at node %d, but the layer has only %d inbound nodes."
                % (attr_name, node_index, len(self._inbound_nodes))
            )
        values = getattr(self._inbound_nodes[node_index], attr)
        return values[0] if isinstance(values, list) and len(values) == 1 else values

    def get_input_shape_at(self, node_index):
        return self._get_node_attribute_at_index(node_index, "input_shapes", "input shape")

    def get_output_shape_at(self, node_index):
        return self._get_node_attribute_at_index(node_index, "output_shapes", "output shape")

    def get_input_at(self, node_index):
        return self._get_node_attribute_at_index(node_index, "input_tensors", "input")

    def get_output_at(self, node_index):
        return self._get_node_attribute_at_index(node_index, "output_tensors", "output")

    @property
    def input(self):
        """The input tensors of a layer that was connected once."""
        if len(self._inbound_nodes) > 1:
            raise AttributeError(
                "Layer " + self.name + " has multiple inbound nodes, "
                'hence the notion of "layer input" is ill-defined. Use `get_input_at(node_index)` '
                "instead."
            )
        if not self._inbound_nodes:
            raise AttributeError("Layer " + self.name + " is not connected, no input to return.")
        return self.get_input_at(0)

    @property
    def output(self):
        """The output tensors of a layer that was connected once."""
        if not self._inbound_nodes:
            raise AttributeError("Layer " + self.name + " has no inbound nodes.")
        if len(self._inbound_nodes) > 1:
            raise AttributeError(
                "Layer " + self.name + " has multiple inbound nodes, "
                'hence the notion of "layer output" is ill-defined. Use '
                "`get_output_at(node_index)` instead."
            )
        return self.get_output_at(0)

    def _common_shape(self, attribute, what):
        if not self._inbound_nodes:
            raise AttributeError(
                "The layer has never been called and thus has no defined %s." % what
            )
        shapes = [getattr(node, attribute) for node in self._inbound_nodes]
        if any(str(s) != str(shapes[0]) for s in shapes):
            raise AttributeError(
                'The layer "%s" has multiple inbound nodes, with different %ss. Hence the notion '
                'of "%s" is ill-defined for the layer. Use `get_%s_at(node_index)` instead.'
                % (self.name, what, what, what.replace(" ", "_"))
            )
        return self._get_node_attribute_at_index(0, attribute, what)

    @property
    def input_shape(self):
        return self._common_shape("input_shapes", "input shape")

    @property
    def output_shape(self):
        return self._common_shape("output_shapes", "output shape")
