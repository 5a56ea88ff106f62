# SPDX-License-Identifier: Apache-2.0
"""Wrapper: a layer around another one. TimeDistributed: a layer for each step of a sequence."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.engine.network import Network
from caudal.keras.layers.core import Lambda
from caudal.keras.layers.recurrent import RNN
from caudal.keras.utils.generic_utils import has_arg, object_list_uid


class Wrapper(Layer):
    """A layer around another one, whose weights, losses and updates are its own.

    Args:
      layer: the layer inside.
    """

    def __init__(self, layer, **kwargs):
        if not isinstance(layer, Layer):
            # Layers of tf.layers are welcome, too.
            if not (hasattr(layer, "call") and hasattr(layer, "trainable_weights")):
                raise ValueError("%s needs a layer to wrap, got %r" % (type(self).__name__, layer))
        given = kwargs.get("trainable")
        super().__init__(**kwargs)
        self.layer = layer
        # Inputs of the wrapper (see object_list_uid) -> what the layer inside got for them.
        self._input_map = {}
        if given is not None:
            self.trainable = given

    def build(self, input_shape=None):
        self.built = True

    @property
    def activity_regularizer(self):
        """That of the layer inside; it acts on the output of the wrapper."""
        return getattr(self.__dict__.get("layer"), "activity_regularizer", None)

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer):
        self.layer.activity_regularizer = regularizer

    @property
    def trainable(self):
        inside = self.__dict__.get("layer")
        return self._trainable if inside is None else inside.trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = value
        if "layer" in self.__dict__:
            self.layer.trainable = value

    def _inner_inputs(self, inputs):
        """What the layer inside got where the wrapper was called on `inputs`."""
        return inputs if inputs is None else self._input_map.get(object_list_uid(inputs), inputs)

    def _listed_for(self, what, inputs):
        found = super()._listed_for(what, inputs)
        inner = self._inner_inputs(inputs)
        if inner is not inputs and isinstance(self.layer, Layer):
            found = found + self.layer._listed_for(what, inner)
        return found

    def get_config(self):
        inside = {"class_name": type(self.layer).__name__, "config": self.layer.get_config()}
        return {**super().get_config(), "layer": inside}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The wrapper that `get_config` described."""
        from caudal.keras.layers import deserialize

        config = dict(config)
        layer = deserialize(config.pop("layer"), custom_objects=custom_objects)
        return cls(layer, **config)


def _sizes(x, start, known):
    """The sizes of x from axis `start` on: numbers where `known` has them, else tensors."""
    sizes = list(known if known is not None else K.int_shape(x)[start:])
    if any(size is None for size in sizes):
        dynamic = K.shape(x)
        sizes = [dynamic[start + i] if s is None else s for i, s in enumerate(sizes)]
    return sizes


def _independent(layer):
    """Whether a layer treats the elements of a batch one by one, so that any batch will do.

    BatchNormalization counts as well: its averages are then those of all steps.
    """
    parts = layer.layers if isinstance(layer, Network) else [getattr(layer, "layer", None)]
    if isinstance(layer, (Network, Wrapper)):
        return all(_independent(part) for part in parts)
    module = type(layer).__module__
    known = module.startswith(("caudal.keras.layers.", "caudal.keras.engine.input_layer"))
    return known and not isinstance(layer, Lambda)


class TimeDistributed(Wrapper):
    """Applies a layer to every step of a sequence.

    Inputs [batch, time, ...]; the layer sees each step as an input [batch, ...]. All steps go
    through the layer at once, as one large batch, where the size of the batch is not known or does
    not matter to the layer; else one step after the other.

    Args:
      layer: the layer.
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 3:
            raise ValueError(
                "TimeDistributed layer %s expects inputs of at least 3 dimensions (batch, time, "
                "...), got shape %s" % (self.name, tuple(input_shape))
            )
        if self.layer.stateful:
            raise ValueError(
                "TimeDistributed layer %s cannot keep the states of %s, which is stateful"
                % (self.name, self.layer.name)
            )
        self.input_spec = InputSpec(shape=(None, None, *input_shape[2:]))
        if not self.layer.built:
            self.layer.build((input_shape[0], *input_shape[2:]))
            self.layer.built = True
        super().build()

    def compute_output_shape(self, input_shape):
        inside = self.layer.compute_output_shape((input_shape[0], *input_shape[2:]))
        return (inside[0], input_shape[1], *inside[1:])

    def call(self, inputs, training=None, mask=None):
        kwargs = {}
        if has_arg(self.layer.call, "training"):
            kwargs["training"] = training
        shape = K.int_shape(inputs)
        if self._takes(mask):
            kwargs["mask"] = K.reshape(mask, [-1, *_sizes(mask, 2, None)])
        if shape[0] and "mask" not in kwargs and not _independent(self.layer):
            return self._step_by_step(inputs, shape, kwargs)
        return self._all_at_once(inputs, shape, kwargs)

    def _takes(self, mask):
        if mask is None or not has_arg(self.layer.call, "mask"):
            return False
        # A mask over time alone says nothing about the steps inside a step.
        return K.ndim(mask) > 2 or not isinstance(self.layer, RNN)

    def _step_by_step(self, inputs, shape, kwargs):
        _, outputs, _ = K.rnn(
            lambda x, states: (self.layer.call(x, **kwargs), []),
            inputs,
            initial_states=[],
            input_length=shape[1],
        )
        return outputs

    def _all_at_once(self, inputs, shape, kwargs):
        steps = shape[1] if shape[1] else K.shape(inputs)[1]
        uid = object_list_uid(inputs)
        flat = K.reshape(inputs, [-1, *_sizes(inputs, 2, shape[2:])])
        flat._keras_shape = (None, *shape[2:])
        self._input_map[uid] = flat
        y = self.layer.call(flat, **kwargs)
        differs = getattr(y, "_uses_learning_phase", False)
        inside = self.layer.compute_output_shape((None, *shape[2:]))
        y = K.reshape(y, [-1, steps, *_sizes(y, 1, inside[1:])])
        y._uses_learning_phase = differs
        return y

    def compute_mask(self, inputs, mask=None):
        """The mask of the layer inside, with the time axis put back; None if it makes none.

        A mask over time alone, as wide as the one that came, goes on where the layer inside does
        not change it.
        """
        shape = K.int_shape(inputs)
        if shape[0]:  # each step was called by itself, masks are not told apart
            return mask
        steps = shape[1] if shape[1] else K.shape(inputs)[1]
        inner = self._inner_inputs(inputs)
        if inner is inputs:
            inner = K.reshape(inputs, [-1, *_sizes(inputs, 2, shape[2:])])
        inner_mask = None
        if mask is not None:
            inner_mask = K.reshape(mask, [-1, *_sizes(mask, 2, None)])
        output_mask = self.layer.compute_mask(inner, inner_mask)
        if output_mask is not None:
            return K.reshape(output_mask, [-1, steps, *_sizes(output_mask, 1, None)])
        if mask is None:
            return None
        # A step counts if any part of it does.
        for _ in range(2, K.ndim(mask)):
            mask = K.any(mask, axis=-1)
        return mask


__all__ = ["TimeDistributed", "Wrapper"]
