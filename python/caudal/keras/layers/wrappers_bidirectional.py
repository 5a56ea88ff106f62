# SPDX-License-Identifier: Apache-2.0
"""Bidirectional: a recurrent layer run over a sequence from both ends."""

import copy

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.keras.layers.recurrent_rnn import _standardize_args, call_with_extras
from caudal.keras.layers.wrappers_base import Wrapper
from caudal.keras.utils.generic_utils import has_arg, to_list

_MERGES = {
    "concat": lambda a, b: K.concatenate([a, b]),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2,
    "mul": lambda a, b: a * b,
}


class Bidirectional(Wrapper):
    """A recurrent layer run over a sequence from its start, and a copy of it from the end.

    Args:
      layer: RNN, such as LSTM.
      merge_mode: "concat", "sum", "mul" or "ave": how the outputs become one; None: both are
        returned.
      weights: list of arrays, the first values of the weights.

    The states of a call (`initial_state`, `return_state`) are those of the first layer, then those
    of the copy.

    Raises:
      ValueError: for another merge_mode, or a layer that is not recurrent.
    """

    def __init__(self, layer, merge_mode="concat", weights=None, **kwargs):
        if merge_mode is not None and merge_mode not in _MERGES:
            raise ValueError(
                'Invalid merge mode. Merge mode should be one of {"sum", "mul", "ave", '
                '"concat", None}, got %r' % (merge_mode,)
            )
        if not isinstance(layer, Layer) or not hasattr(layer, "return_sequences"):
            raise ValueError("Bidirectional needs a recurrent layer to wrap, got %r" % (layer,))
        super().__init__(layer, **kwargs)
        self.forward_layer = copy.copy(layer)
        self.forward_layer.name = "forward_" + layer.name
        self.forward_layer._inbound_nodes, self.forward_layer._outbound_nodes = [], []
        self.forward_layer.input_spec = list(to_list(layer.input_spec))
        config = layer.get_config()
        config["go_backwards"] = not config.get("go_backwards", layer.go_backwards)
        self.backward_layer = type(layer).from_config(config)
        self.backward_layer.name = "backward_" + layer.name
        self.merge_mode = merge_mode
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self._num_constants = getattr(layer, "_num_constants", None)
        self._initial_weights = weights
        self.input_spec = list(to_list(layer.input_spec))

    @property
    def _both(self):
        return [self.forward_layer, self.backward_layer]

    def _sublayers(self):
        # The wrapped layer itself is only the pattern of the two.
        return [layer for layer in super()._sublayers() if layer is not self.layer]

    @property
    def trainable(self):
        inside = self.__dict__.get("forward_layer")
        return self._trainable if inside is None else self._trainable and inside.trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = value
        for name in ("layer", "forward_layer", "backward_layer"):
            if name in self.__dict__:
                self.__dict__[name].trainable = value

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        shapes = self.forward_layer.compute_output_shape(input_shape)
        shapes = shapes if isinstance(shapes, list) else [shapes]
        output, states = tuple(shapes[0]), shapes[1:]
        if self.merge_mode == "concat":
            output = (*output[:-1], None if output[-1] is None else output[-1] * 2)
        outputs = [output] if self.merge_mode else [output, output]
        outputs += states + states
        return outputs if len(outputs) > 1 else output

    def build(self, input_shape):
        for layer in self._both:
            if not layer.built:
                with K.name_scope(layer.name):
                    layer.build(input_shape)
                layer.built = True
        self.built = True

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        inputs, initial_state, constants = _standardize_args(
            inputs, initial_state, constants, self._num_constants
        )
        if initial_state is not None and len(initial_state) != 2 * len(self.layer.states):
            raise ValueError(
                "When passing `initial_state` to a Bidirectional RNN, the state should be a list "
                "containing the states of the underlying RNNs. Layer %s expected %d tensors. "
                "Found: %s" % (self.name, 2 * len(self.layer.states), initial_state)
            )
        if constants is not None:
            for layer in self._both:
                layer._take_constants(constants)
            self._num_constants = len(constants)
        return call_with_extras(self, super().__call__, inputs, initial_state, constants, kwargs)

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        inputs, listed_state, listed_constants = _standardize_args(
            inputs, None, None, self._num_constants
        )
        initial_state = listed_state or initial_state
        constants = listed_constants or constants
        results = []
        for index, layer in enumerate(self._both):
            given = {"mask": mask, "training": training, "constants": constants}
            if initial_state is not None:
                half = len(initial_state) // 2
                given["initial_state"] = initial_state[index * half : (index + 1) * half]
            kwargs = {
                name: value
                for name, value in given.items()
                if value is not None and has_arg(layer.call, name)
            }
            results.append(to_list(layer.call(inputs, **kwargs)))
        (y, *states), (y_back, *back_states) = results
        # What is taken from a layer that was told of the learning phase depends on it, too.
        differs = any(getattr(x, "_uses_learning_phase", False) for x in (y, y_back))
        if self.return_sequences:
            y_back = K.reverse(y_back, 1)
        outputs = [_MERGES[self.merge_mode](y, y_back)] if self.merge_mode else [y, y_back]
        if self.return_state:
            outputs += states + back_states
        if differs:
            for x in outputs:
                x._uses_learning_phase = True
        return outputs if len(outputs) > 1 else outputs[0]

    def compute_mask(self, inputs, mask=None):
        if isinstance(mask, list):
            mask = mask[0]
        mask = mask if self.return_sequences else None
        masks = [mask] if self.merge_mode else [mask, mask]
        if self.return_state:
            masks += [None] * (2 * len(self.layer.states))
        return masks if len(masks) > 1 else mask

    def _listed_for(self, what, inputs):
        found = super()._listed_for(what, inputs)
        if what == "updates" and isinstance(inputs, (list, tuple)) and len(inputs) > 1:
            # The layers inside got the states and constants apart from the inputs.
            found = found + super()._listed_for(what, inputs[0])
        return found

    @property
    def constraints(self):
        """{weight: its constraint} of the weights that have one."""
        return {w: w.constraint for w in self.weights if w.constraint is not None}

    def reset_states(self):
        """Sets the states of both layers to zero."""
        for layer in self._both:
            layer.reset_states()

    def get_config(self):
        config = {**super().get_config(), "merge_mode": self.merge_mode}
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The wrapper that `get_config` described."""
        config = dict(config)
        num_constants = config.pop("num_constants", None)
        wrapper = super().from_config(config, custom_objects=custom_objects)
        wrapper._num_constants = num_constants
        return wrapper


__all__ = ["Bidirectional"]
