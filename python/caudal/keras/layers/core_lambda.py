# SPDX-License-Identifier: Apache-2.0
"""Lambda: any function of tensors as a layer."""

import types

import numpy as np

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.keras.utils.generic_utils import (
    deserialize_keras_object,
    func_dump,
    func_load,
    has_arg,
    to_list,
)

__all__ = ["Lambda"]

# The global names that a loaded function of a Lambda can use without `custom_objects`.
_GLOBALS = {"K": K, "keras": keras, "np": np, "tf": tf}
# Code -> the global names of the function that it was taken from, for copies in the same process.
_origins = {}


def _described(function):
    """(description, kind) of a function, or of a plain value."""
    if isinstance(function, types.FunctionType):
        dumped = func_dump(function)
        _origins[dumped[0]] = function.__globals__
        return dumped, "lambda"
    if callable(function):
        return function.__name__, "function"
    return function, "raw"


def _restored(description, kind, what, custom_objects):
    if kind == "function":
        return deserialize_keras_object(
            description, custom_objects=custom_objects, printable_module_name=what
        )
    if kind == "lambda":
        origin = _origins.get(description[0], {})
        names = {"__builtins__": __builtins__, **_GLOBALS, **origin, **(custom_objects or {})}
        return func_load(description, globs=names)
    if kind == "raw":
        return description
    raise TypeError("Unknown function type:", kind)


class Lambda(Layer):
    """Calls a function of tensors.

    Args:
      function: takes the input as its first argument; an argument `mask` gets the mask.
      output_shape: shape of the output without the size of the batch, or function from the input
        shape to the output shape; default: what the graph knows.
      mask: mask of the output, or function from (inputs, mask) to it.
      arguments: dict of further arguments of the function.

    The byte code of a function written in Python is part of the configuration: only the same
    version of Python can load it, and another process gives it no global names but K, keras, np,
    tf and those of `custom_objects`.
    """

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **kwargs):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError("Layer %s: `function` must be callable, got %r" % (self.name, function))
        self.function = function
        self.arguments = arguments if arguments else {}
        self.supports_masking = mask is not None
        self.mask = mask
        if isinstance(output_shape, (tuple, list)):
            output_shape = tuple(output_shape)
        elif output_shape is not None and not callable(output_shape):
            raise TypeError("In Lambda, `output_shape` must be a list, a tuple, or a function.")
        self._output_shape = output_shape
        self._input_dtypes = None
        self._seen_shapes = {}  # shapes of inputs -> shape, or shapes, of the output

    def _from_call(self, input_shape):
        """The output's shape as the graph has it; for shapes that were not called, by calling."""
        listed = isinstance(input_shape, list)
        shapes = tuple(input_shape) if listed else (input_shape,)
        if shapes not in self._seen_shapes:
            kinds = self._input_dtypes or (None,) * len(shapes)
            inputs = [K.placeholder(shape=s, dtype=d) for s, d in zip(shapes, kinds)]
            self.call(inputs if listed else inputs[0])
        return self._seen_shapes[shapes]

    def compute_output_shape(self, input_shape):
        shape = self._output_shape
        if shape is None:
            return self._from_call(input_shape)
        if callable(shape):
            shape = shape(input_shape)
            if not isinstance(shape, (list, tuple)):
                raise ValueError(
                    "Layer %s: `output_shape` function must return a tuple or a list of tuples, "
                    "got %r" % (self.name, shape)
                )
            plain = not shape or shape[0] is None or isinstance(shape[0], (int, np.integer))
            return tuple(shape) if plain else list(shape)
        batch = input_shape[0][0] if isinstance(input_shape, list) else input_shape[0]
        return (batch, *shape)

    def call(self, inputs, mask=None):
        arguments = dict(self.arguments)
        if has_arg(self.function, "mask"):
            arguments["mask"] = mask
        outputs = self.function(inputs, **arguments)
        wrong = [y for y in to_list(outputs, allow_tuple=True) if not K.is_tensor(y)]
        if wrong:
            raise ValueError(
                "Layer %s: the function returned %r, which is no tensor" % (self.name, wrong[0])
            )
        flat = to_list(inputs)
        self._input_dtypes = tuple(K.dtype(x) for x in flat)
        if self._output_shape is None:
            shapes = [K.int_shape(y) for y in to_list(outputs, allow_tuple=True)]
            self._seen_shapes[tuple(K.int_shape(x) for x in flat)] = (
                shapes if isinstance(outputs, (list, tuple)) else shapes[0]
            )
        return outputs

    def compute_mask(self, inputs, mask=None):
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self):
        function, function_type = _described(self.function)
        output_shape, output_shape_type = _described(self._output_shape)
        return {
            **super().get_config(),
            "function": function,
            "function_type": function_type,
            "output_shape": output_shape,
            "output_shape_type": output_shape_type,
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for key in ("function", "output_shape"):
            kind = config.pop(key + "_type", "raw")
            if key == "function" and kind == "raw":
                raise TypeError("Unknown function type:", kind)
            what = key + " in Lambda layer"
            config[key] = _restored(config.get(key), kind, what, custom_objects)
        if config.get("arguments"):
            # Arrays are saved as {"type": "ndarray", "value": list}.
            config["arguments"] = {
                key: np.array(value["value"])
                if isinstance(value, dict) and value.get("type") == "ndarray"
                else value
                for key, value in config["arguments"].items()
            }
        return cls(**config)
