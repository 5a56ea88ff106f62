# SPDX-License-Identifier: Apache-2.0
"""Network: layers that are connected, as one layer. `training.Model` adds training to it."""

import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.engine import network_config
from caudal.keras.engine.base_layer import Layer, Node
from caudal.keras.engine.input_layer import Input, InputLayer
from caudal.keras.engine.layer_graph import LayerGraph, get_source_inputs, node_key
from caudal.keras.legacy.interfaces import legacy_model_constructor_support
from caudal.keras.utils.generic_utils import to_list, unpack_singleton
from caudal.layers import engine

__all__ = ["Input", "InputLayer", "Network", "get_source_inputs"]


def _same_tensors(a, b):
    return len(a) == len(b) and all(x is y for x, y in zip(a, b))


class Network(Layer):
    """Connected layers as one layer.

    `Network(inputs, outputs)` takes what is between tensors of `Input` and the outputs. A subclass
    may instead make layers in `__init__`, keep them as attributes and connect them in `call`.

    Args:
      inputs, outputs: tensors or lists of tensors.
      name: string.

    Raises:
      ValueError: if the outputs do not follow from the inputs.
    """

    # The layers of a graph are known from the graph; a subclass' are its attributes.
    _tracks_attributes = False

    @legacy_model_constructor_support
    def __init__(self, *args, **kwargs):
        if len(args) == 2 or ("outputs" in kwargs and (len(args) == 1 or "inputs" in kwargs)):
            self._init_graph_network(*args, **kwargs)
        else:
            self._init_subclassed_network(*args, **kwargs)

    def _base_init(self, name=None, trainable=True):
        Layer.__init__(self, name=name, trainable=trainable)
        self._layers = []
        self._is_compiled = False
        self.optimizer = None
        self.input_names = self.output_names = None
        self.inputs = self.outputs = None

    def _init_subclassed_network(self, name=None, **kwargs):
        object.__setattr__(self, "_tracks_attributes", True)
        self._base_init(name=name, **kwargs)
        self._is_graph_network = False

    def _init_graph_network(self, inputs, outputs, name=None, **kwargs):
        object.__setattr__(self, "_is_graph_network", True)
        if "_layers" not in self.__dict__:
            self._base_init(name=name, **kwargs)
        self.inputs = to_list(inputs, allow_tuple=True)
        self.outputs = to_list(outputs, allow_tuple=True)
        self._check_ends()
        self.built = True
        self._input_coordinates = [x._keras_history for x in self.inputs]
        self._output_coordinates = [x._keras_history for x in self.outputs]
        self._input_layers = [layer for layer, _, _ in self._input_coordinates]
        self._output_layers = [layer for layer, _, _ in self._output_coordinates]
        graph = LayerGraph(self.inputs, self.outputs)
        self._graph = graph
        self._network_nodes = graph.nodes
        self._nodes_by_depth = graph.nodes_by_depth
        self._layers_by_depth = graph.layers_by_depth
        self._layers = graph.layers
        self._computed = []  # what calls gave: (inputs, masks, training, outputs, masks)
        fed = [(layer, x) for layer, x in zip(self._input_layers, self.inputs)
               if getattr(layer, "is_placeholder", False)]  # fmt: skip
        self._feed_input_names = [layer.name for layer, _ in fed]
        self._feed_inputs = [x for _, x in fed]
        self._feed_input_shapes = [K.int_shape(x) for x in self._feed_inputs]
        self.input_names = [layer.name for layer in self._input_layers]
        self.output_names = self._names_of_outputs()
        shapes = [[K.int_shape(x) for x in xs] for xs in (self.inputs, self.outputs)]
        masks = [getattr(x, "_keras_mask", None) for x in self.outputs]
        del self._inbound_nodes[:]
        Node(self, [], [], [], self.inputs, self.outputs, [None] * len(self.inputs), masks, *shapes)

    def _names_of_outputs(self):
        return [layer.name for layer in self._output_layers]

    def _check_ends(self):
        if len({id(x) for x in self.inputs}) != len(self.inputs):
            raise ValueError(
                "The list of inputs passed to the model is redundant. All inputs should only "
                "appear once. Found: %s" % (self.inputs,)
            )
        if len({id(x) for x in self.outputs}) != len(self.outputs):
            warnings.warn(
                "The list of outputs passed to the model is redundant. All outputs should only "
                "appear once. Found: %s" % (self.outputs,), stacklevel=4
            )  # fmt: skip
        for x in self.inputs:
            if not hasattr(x, "_keras_history"):
                raise ValueError(
                    "Input tensors to a %s must come from `keras.layers.Input`. Received: %s "
                    "(missing previous layer metadata)." % (type(self).__name__, x)
                )
            layer = x._keras_history[0]
            if not isinstance(layer, InputLayer):
                raise ValueError(
                    "%s inputs must come from `keras.layers.Input`, they cannot be the output of "
                    "another layer. Here, a tensor specified as input to your model was made by "
                    'the layer "%s". The tensor is: %s' % (type(self).__name__, layer.name, x)
                )
        for x in self.outputs:
            if not hasattr(x, "_keras_history"):
                raise ValueError(
                    "Output tensors to a %s must be the output of a Keras `Layer` (thus holding "
                    "past layer metadata). Found: %s" % (type(self).__name__, x)
                )

    def __setattr__(self, name, value):
        if "_is_graph_network" not in self.__dict__ and isinstance(value, engine.Layer):
            raise RuntimeError(
                "It looks like you are subclassing `Model` and you forgot to call "
                "`super(YourClass, self).__init__()`. Always start with this line."
            )
        super().__setattr__(name, value)

    # Parts --------------------------------------------------------------------------------------

    @property
    def layers(self):
        """The layers: of a graph those nearest to the inputs first."""
        return self._layers if self._is_graph_network else self._sublayers()

    def _sublayers(self):
        return self._layers if self._is_graph_network else super()._sublayers()

    def get_layer(self, name=None, index=None):
        """A layer by its unique name, or by its index in `layers`.

        Raises:
          ValueError: where there is no such layer.
        """
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    "Was asked to retrieve layer at index %d but model only has %d layers."
                    % (index, len(self.layers))
                )
            return self.layers[index]
        if not name:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            "No such layer: %s. The model has: %s" % (name, [layer.name for layer in self.layers])
        )

    @property
    def trainable_weights(self):
        if not self.trainable:
            return []
        return engine.unique_objects(
            [w for layer in self.layers for w in layer.trainable_weights] + self._own_weights(True)
        )

    @property
    def non_trainable_weights(self):
        others = [w for layer in self.layers for w in layer.non_trainable_weights]
        others += self._own_weights(False)
        if not self.trainable:
            inner = [w for layer in self.layers for w in layer.trainable_weights]
            others = inner + self._own_weights(True) + others
        return engine.unique_objects(others)

    def _weights_by_layer(self):
        """The weights of each layer in turn; those of a layer in two places come twice."""
        of_layers = [w for layer in self.layers for w in layer.weights]
        own = self._own_weights(True) + self._own_weights(False)
        return of_layers + [w for w in own if not any(w is other for other in of_layers)]

    def get_weights(self):
        """The values of all weights, layer by layer."""
        return K.batch_get_value(self._weights_by_layer())

    def set_weights(self, weights):
        """Sets the values of all weights, in the order of `get_weights`. Raises: ValueError."""
        targets = self._weights_by_layer()
        if len(targets) != len(weights):
            raise ValueError(
                'You called `set_weights(weights)` on model "%s" with a list of length %d, but the '
                "model has %d weights." % (self.name, len(weights), len(targets))
            )
        weights = [np.asarray(w) for w in weights]
        for target, value in zip(targets, weights):
            if K.int_shape(target) != value.shape:
                raise ValueError(
                    '%s of model "%s": the weight has the shape %s, the given value has %s'
                    % (target.name, self.name, K.int_shape(target), value.shape)
                )
        K.batch_set_value(list(zip(targets, weights)))

    @property
    def stateful(self):
        return any(getattr(layer, "stateful", False) for layer in self.__dict__.get("_layers", ()))

    @stateful.setter
    def stateful(self, value):
        # Follows from the layers; the base class sets it once.
        pass

    def reset_states(self):
        """Forgets the states of stateful layers."""
        for layer in self.layers:
            if hasattr(layer, "reset_states") and getattr(layer, "stateful", False):
                layer.reset_states()

    @property
    def state_updates(self):
        """The updates of stateful layers, which run in `predict` as well."""
        return [u for layer in self.layers if getattr(layer, "stateful", False)
                for u in layer.updates]  # fmt: skip

    @property
    def uses_learning_phase(self):
        """Whether the outputs differ between training and testing."""
        outputs = self.__dict__.get("outputs")
        return any(getattr(x, "_uses_learning_phase", False) for x in outputs or ())

    # Losses and updates -------------------------------------------------------------------------

    def _own_nodes(self, layer):
        for i, node in enumerate(layer._inbound_nodes):
            if node_key(layer.name, i) in self._network_nodes:
                yield node

    def _collected(self, what):
        """What layers have for the calls that are part of this model, and for no call."""
        getter = "get_%s_for" % what
        found = []
        for layer in self.layers:
            for node in self._own_nodes(layer):
                if node.inbound_layers:
                    found += getattr(layer, getter)(node.input_tensors)
            found += getattr(layer, getter)(None)
        found += [item for item, key, _ in self._listed[what] if key is None]
        # Each tensor once, but numbers as often as they were added.
        numbers = [item for item in found if isinstance(item, (int, float))]
        return engine.unique_objects(x for x in found if not isinstance(x, (int, float))) + numbers

    def _nested(self, what):
        found = list(self._listed[what])
        for layer in self.layers:
            if not self._is_graph_network and isinstance(layer, Layer):
                found.extend(layer._nested(what))
            else:
                items = getattr(layer, "get_%s_for" % what)(None)
                found.extend((item, None, layer) for item in items)
        return found

    @property
    def losses(self):
        if not self._is_graph_network:
            return engine.unique_objects(Layer.losses.fget(self))
        return self._collected("losses")

    @property
    def updates(self):
        if not self._updates_run():
            return []
        if not self._is_graph_network:
            return engine.unique_objects(Layer.updates.fget(self))
        return self._collected("updates")

    # Calling ------------------------------------------------------------------------------------

    @property
    def input_spec(self):
        """What the inputs must be like; None for a model whose inputs are not known yet."""
        if not self.__dict__.get("_is_graph_network") or not self.__dict__.get("inputs"):
            return None
        specs = [
            spec
            for layer in self._input_layers
            for spec in (to_list(layer.input_spec) if layer.input_spec is not None else [None])
        ]
        return unpack_singleton(specs)

    @input_spec.setter
    def input_spec(self, value):
        # Follows from the inputs; the base class sets it once.
        pass

    def call(self, inputs, mask=None, training=None):
        """Connects the same layers to other inputs.

        Args:
          inputs: tensor or list of tensors.
          mask: tensor, or list of tensors and None.
          training: handed to the layers that know this argument.

        Returns:
          Tensor or list of tensors.
        """
        return unpack_singleton(self._run(inputs, mask, training)[0])

    def compute_mask(self, inputs, mask=None):
        """The masks of the outputs for masks of the inputs."""
        if not self._is_graph_network:
            return None
        frame = engine.current_call()
        own_call = frame is not None and frame.layer is self
        if not own_call and mask is None and _same_tensors(to_list(inputs), self.inputs):
            # Known since the layers were connected; another run would repeat their losses.
            return unpack_singleton([getattr(y, "_keras_mask", None) for y in self.outputs])
        training = frame.training if own_call else None
        return unpack_singleton(self._run(inputs, mask, training)[1])

    def _run(self, inputs, masks, training):
        inputs = to_list(inputs, allow_tuple=True)
        masks = [None] * len(inputs) if masks is None else to_list(masks, allow_tuple=True)
        if len(inputs) != len(self.inputs):
            raise ValueError(
                "Model %s expects %d inputs, but it received %d: %s"
                % (self.name, len(self.inputs), len(inputs), inputs)
            )
        for known in self._computed:
            if (_same_tensors(known[0], inputs) and _same_tensors(known[1], masks)
                    and known[2] is training):  # fmt: skip
                return known[3], known[4]
        outputs, output_masks = self._run_graph(inputs, masks, training)
        self._computed.append((inputs, masks, training, outputs, output_masks))
        return outputs, output_masks

    def run_internal_graph(self, inputs, masks=None):
        """Connects the layers to lists of inputs and masks.

        Returns:
          Lists of outputs, their masks and their shapes.
        """
        outputs, output_masks = self._run(inputs, masks, None)
        return outputs, output_masks, [K.int_shape(y) for y in outputs]

    def _run_graph(self, inputs, masks, training):
        values = {id(x): (y, m) for x, y, m in zip(self.inputs, inputs, masks)}
        for node in self._graph.in_order():
            if not node.inbound_layers or not all(id(x) in values for x in node.input_tensors):
                continue
            arrived = [values[id(x)] for x in node.input_tensors]
            outputs, output_masks = self._run_node(
                node, [x for x, _ in arrived], [m for _, m in arrived], training
            )
            for x, y, m in zip(node.output_tensors, outputs, output_masks):
                values[id(x)] = (y, m)
        self._adopt(values, inputs)
        results = [values[id(x)] for x in self.outputs]
        return [y for y, _ in results], [m for _, m in results]

    @staticmethod
    def _run_node(node, inputs, masks, training):
        layer, arguments = node.outbound_layer, dict(node.arguments)
        if any(m is not None for m in masks) and layer._accepts("mask"):
            arguments.setdefault("mask", unpack_singleton(masks))
        given = arguments.get("training", training)
        if given is not None and "training" in layer._signature()[0]:
            arguments["training"] = given
        with engine.open_call(layer, inputs, given), K.name_scope(layer.name):
            outputs = to_list(layer.call(unpack_singleton(inputs), **arguments), allow_tuple=True)
            output_masks = layer.compute_mask(unpack_singleton(inputs), unpack_singleton(masks))
            if isinstance(layer, Layer):
                layer._regularize_activity(inputs, outputs)
                shapes = layer._output_shapes(inputs, outputs)
            else:
                shapes = [K.int_shape(y) for y in outputs]
        if not isinstance(output_masks, list):
            output_masks = [output_masks] * len(outputs)
        phase = any(getattr(x, "_uses_learning_phase", False) for x in inputs)
        for y, shape in zip(outputs, shapes):
            y._keras_shape = shape
            y._uses_learning_phase = getattr(y, "_uses_learning_phase", False) or phase
        return outputs, output_masks

    def _adopt(self, values, inputs):
        """Losses and updates of the calls that were just made depend on these inputs."""
        for layer in self.layers:
            for node in self._own_nodes(layer):
                if node.inbound_layers and all(id(x) in values for x in node.input_tensors):
                    computed = [values[id(x)][0] for x in node.input_tensors]
                    if _same_tensors(computed, node.input_tensors):
                        continue
                    for what in ("losses", "updates"):
                        if isinstance(layer, Layer):
                            listed = layer._listed_for(what, computed)
                        else:
                            items = getattr(layer, "get_%s_for" % what)(computed)
                            listed = [(item, layer) for item in items]
                        for item, owner in listed:
                            self._listed[what].append((item, tuple(map(id, inputs)), owner))

    def _output_shapes(self, inputs, outputs):
        return [K.int_shape(y) for y in outputs]

    def compute_output_shape(self, input_shape):
        """The shapes of the outputs for shapes of the inputs: a tuple, or a list of tuples."""
        if not self._is_graph_network:
            raise NotImplementedError(
                "Model %s does not say its output shape: it is known after a call" % self.name
            )
        given = to_list(input_shape)
        if len(given) != len(self.inputs):
            raise ValueError(
                "Invalid input_shape argument %s: model has %d tensor inputs."
                % (input_shape, len(self.inputs))
            )
        shapes = {id(x): shape for x, shape in zip(self.inputs, given)}
        for node in self._graph.in_order():
            if not node.inbound_layers:
                continue
            arrived = unpack_singleton([shapes[id(x)] for x in node.input_tensors])
            computed = node.outbound_layer.compute_output_shape(arrived)
            computed = computed if isinstance(computed, list) else [computed]
            for x, shape in zip(node.output_tensors, computed):
                shapes[id(x)] = tuple(shape)
        return unpack_singleton([shapes[id(x)] for x in self.outputs])

    @property
    def input(self):
        """The input tensor, or the list of them."""
        return unpack_singleton(list(self._known("inputs")))

    @property
    def output(self):
        """The output tensor, or the list of them."""
        return unpack_singleton(list(self._known("outputs")))

    @property
    def input_shape(self):
        return unpack_singleton([K.int_shape(x) for x in self._known("inputs")])

    @property
    def output_shape(self):
        return unpack_singleton([K.int_shape(x) for x in self._known("outputs")])

    def _known(self, ends):
        tensors = getattr(self, ends)
        if not tensors:
            raise AttributeError(
                "Model %s has no defined %s: it has never been called." % (self.name, ends)
            )
        return tensors

    # Configuration ------------------------------------------------------------------------------

    def get_config(self):
        """Layers and connections as plain Python values. Raises: NotImplementedError."""
        if not self._is_graph_network:
            raise NotImplementedError(
                "Model %s is a subclass that connects its layers in `call`: it has no config."
                % self.name
            )
        return network_config.config_of(self)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described, with new weights.

        Args:
          config: dict.
          custom_objects: {name: class or function} of what Keras does not know.
        """
        return network_config.model_from(cls, config, custom_objects)

    def _updated_config(self):
        from caudal.keras import __version__

        return {
            "class_name": type(self).__name__,
            "config": self.get_config(),
            "keras_version": __version__,
            "backend": K.backend(),
        }

    # Files and display: see `saving` and `utils` -------------------------------------------------

    def save(self, filepath, overwrite=True, include_optimizer=True, **kwargs):
        """Saves layers, weights and optimizer, see `keras.models.save_model`."""
        from caudal.keras.engine import saving

        saving.save_model(self, filepath, overwrite, include_optimizer, **kwargs)

    def save_weights(self, filepath, overwrite=True, **kwargs):
        """Saves the weights, see `keras.engine.saving.save_weights`."""
        from caudal.keras.engine import saving

        saving.save_weights(self, filepath, overwrite, **kwargs)

    def load_weights(self, filepath, by_name=False, skip_mismatch=False, reshape=False):
        """Loads weights, see `keras.engine.saving.load_weights`."""
        from caudal.keras.engine import saving

        return saving.load_weights(self, filepath, by_name, skip_mismatch, reshape)

    def to_json(self, **kwargs):
        """The configuration as JSON text; `kwargs` are those of `json.dumps`."""
        from caudal.keras.engine import saving

        return saving.model_to_json(self, **kwargs)

    def to_yaml(self, **kwargs):
        """Refused, see `keras.models.model_from_yaml`."""
        from caudal.keras.engine import saving

        return saving.model_to_yaml(self, **kwargs)

    def __getstate__(self):
        from caudal.keras.engine import saving

        return saving.pickle_model(self)

    def __setstate__(self, state):
        from caudal.keras.engine import saving

        self.__dict__.update(saving.unpickle_model(state).__dict__)

    def __deepcopy__(self, memo):
        duplicate = type(self).__new__(type(self))
        memo[id(self)] = duplicate
        duplicate.__setstate__(self.__getstate__())
        return duplicate

    def summary(self, line_length=None, positions=None, print_fn=None):
        """Prints the layers, their output shapes and numbers of weights.

        Args:
          line_length: of the lines.
          positions: of the columns, shares of a line or columns.
          print_fn: function that takes each line; default: print.
        """
        from caudal.keras.utils.layer_utils import print_summary

        if not self.built:
            raise ValueError(
                "This model has never been called, thus its weights have not yet been created, so "
                "no summary can be displayed. Build the model first (e.g. by calling it on some "
                "test data)."
            )
        print_summary(self, line_length=line_length, positions=positions, print_fn=print_fn)

    def _repr_html_(self):
        from caudal.keras.utils import vis_utils

        return vis_utils.model_html(self)
