# SPDX-License-Identifier: Apache-2.0
"""Sequential: a stack of layers."""

import copy

from caudal.keras import backend as K
from caudal.keras.engine.input_layer import Input, InputLayer
from caudal.keras.engine.training import Model
from caudal.keras.utils.generic_utils import to_list, unpack_singleton
from caudal.layers import engine

__all__ = ["Sequential"]


def _first_layer(layer):
    """The layer that takes the data: of a model its first one."""
    while isinstance(layer, Model) and layer.layers:
        layer = layer._layers[0]
    return layer


class Sequential(Model):
    """A stack of layers, each of one input and one output.

    The first layer says the shape of the data (`input_shape`, `input_dim`, `batch_input_shape`);
    without that the model is built when it first sees data, or by `build`.

    Args:
      layers: list of layers.
      name: string.
    """

    def __init__(self, layers=None, name=None):
        self._base_init(name=name)
        object.__setattr__(self, "_is_graph_network", True)
        self._build_input_shape = None
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self):
        """The layers, without the one that `input_shape` implies."""
        if self._layers and isinstance(self._layers[0], InputLayer):
            return self._layers[1:]
        return self._layers[:]

    @property
    def model(self):
        """The model itself, which Keras 1 kept apart."""
        return self

    def _sublayers(self):
        return self.layers

    def add(self, layer):
        """Puts a layer on top.

        Args:
          layer: Layer.

        Raises:
          TypeError: if it is no layer.
          ValueError: if it has several outputs.
        """
        if not isinstance(layer, engine.Layer):
            raise TypeError("The added layer must be an instance of class Layer. Found: %s" % layer)
        self.built = False
        if not self._layers:
            if not isinstance(layer, InputLayer) and not self._begin(layer):
                self._layers.append(layer)
                return
            if isinstance(layer, InputLayer):
                self._layers.append(layer)
            self._take_outputs(layer)
        elif self.outputs:
            output = layer(self.outputs[0])
            if isinstance(output, list):
                raise TypeError(
                    "All layers in a Sequential model should have a single output tensor. Layer %s "
                    "has %d. For multi-output layers, use the functional API."
                    % (layer.name, len(output))
                )
            self.outputs = [output]
            self._layers.append(layer)
        else:
            self._layers.append(layer)
            return
        self.build()

    def _begin(self, layer):
        """Calls the first layer on an Input of its own; False if it does not say a shape."""
        first = _first_layer(layer)
        if isinstance(layer, Model) and not layer._layers:
            raise ValueError(
                "Cannot add an empty model to a `Sequential` model: %s has no layers" % layer.name
            )
        shape = getattr(first, "batch_input_shape", None)
        if shape is None:
            shape = getattr(first, "_batch_input_shape", None)
        if shape is None:
            return False
        dtype = first.dtype
        x = Input(batch_shape=shape, dtype=dtype, name=layer.name + "_input")
        self._layers.append(x._keras_history[0])
        layer(x)
        self._layers.append(layer)
        return True

    def _take_outputs(self, layer):
        node = layer._inbound_nodes[-1]
        if len(node.output_tensors) != 1:
            raise ValueError(
                "All layers in a Sequential model should have a single output tensor. Layer %s has "
                "%d. For multi-output layers, use the functional API."
                % (layer.name, len(node.output_tensors))
            )
        self.outputs = list(node.output_tensors)
        self.inputs = self._layers[0]._inbound_nodes[0].output_tensors

    def pop(self):
        """Takes the topmost layer off. Raises: TypeError: if there is none."""
        if not self.layers:
            raise TypeError("There are no layers in the model.")
        self._layers.pop()
        self.built = False
        if not self.layers:
            self.inputs = self.outputs = None
            self._layers = []
        elif self.outputs:
            top = self._layers[-1]
            top._outbound_nodes = []
            self.outputs = list(top._inbound_nodes[-1].output_tensors)
            self.build()

    def build(self, input_shape=None):
        """Connects the layers.

        Args:
          input_shape: tuple with the size of the batch, for a model that does not say it.
        """
        if input_shape and not self.inputs:
            self._build_input_shape = tuple(input_shape)
            layers, self._layers = self._layers, []
            x = Input(batch_shape=self._build_input_shape, dtype=K.floatx(),
                      name=self.name + "_input")  # fmt: skip
            self.inputs = [x]
            for layer in layers:
                x = layer(x)
            self.outputs = [x]
            self._layers = layers
        if self.inputs:
            layers = self._layers
            self._init_graph_network(self.inputs, self.outputs, name=self.name)
            if self._build_input_shape is None:
                self._layers = layers
            else:
                self._layers = [self.inputs[0]._keras_history[0], *layers]
            self.built = True

    def _build_alone(self):
        self.build()
        return self.built

    def call(self, inputs, mask=None, training=None):
        if not self.built:
            x = unpack_singleton(to_list(inputs))
            self.build(K.int_shape(x))
        return super().call(inputs, mask, training)

    def predict_proba(self, x, batch_size=32, verbose=0):
        """Probabilities of the classes, as `predict` gives them; warns where they are none."""
        import warnings

        predictions = self.predict(x, batch_size, verbose)
        if predictions.size and (predictions.min() < 0.0 or predictions.max() > 1.0):
            warnings.warn(
                "Network returning invalid probability values. The last layer might not normalize "
                "predictions into probabilities (like softmax or sigmoid would).", stacklevel=2
            )  # fmt: skip
        return predictions

    def predict_classes(self, x, batch_size=32, verbose=0):
        """The most likely class of each sample.

        Returns:
          int array: the index of the largest output, or 0 and 1 for a single one.
        """
        predictions = self.predict(x, batch_size=batch_size, verbose=verbose)
        if predictions.shape[-1] > 1:
            return predictions.argmax(axis=-1)
        return (predictions > 0.5).astype("int32")

    def get_config(self):
        layers = [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in self.layers
        ]
        config = {"name": self.name, "layers": copy.deepcopy(layers)}
        if self._build_input_shape:
            config["build_input_shape"] = self._build_input_shape
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described; the bare list of layers of old files works too."""
        from caudal.keras.layers import deserialize

        if not isinstance(config, dict):
            config = {"layers": config}
        model = cls(name=config.get("name"))
        for data in config["layers"]:
            model.add(deserialize(data, custom_objects))
        if not model.inputs and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model
