# SPDX-License-Identifier: Apache-2.0
"""Layers that give the elements of an example another shape: Reshape, Permute, Flatten, ..."""

import numpy as np

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.layers.utils import whole_number

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Reshape(Layer):
    """Gives each example another shape.

    Args:
      target_shape: tuple without the size of the batch; one size may be -1: what is left.

    Raises:
      ValueError: when called, if the numbers of elements differ.
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        self.target_shape = tuple(
            whole_number(self, "target_shape", size, -1) for size in target_shape
        )

    def _full_shape(self, sizes):
        """The target shape for examples of known sizes, without -1."""
        target = list(self.target_shape)
        total = int(np.prod(sizes, dtype=np.int64))
        unknown = [i for i, size in enumerate(target) if size < 0]
        known = int(np.prod([size for size in target if size >= 0], dtype=np.int64))
        if len(unknown) > 1:
            raise ValueError("Can only specify one unknown dimension.")
        fits = known and total % known == 0 if unknown else total == known
        if not fits:
            raise ValueError(
                "Layer %s: total size of new array must be unchanged; the input has the shape %s "
                "per example, the target shape is %s" % (self.name, tuple(sizes), tuple(target))
            )
        if unknown:
            target[unknown[0]] = total // known
        return tuple(target)

    def compute_output_shape(self, input_shape):
        if None in input_shape[1:]:
            return (input_shape[0], *(None if s == -1 else s for s in self.target_shape))
        return (input_shape[0], *self._full_shape(input_shape[1:]))

    def call(self, inputs):
        shape = K.int_shape(inputs)
        if shape is not None and None not in shape[1:]:
            target = self._full_shape(shape[1:])
            if 0 not in target:
                return K.reshape(inputs, (-1, *target))
        return K.reshape(inputs, (K.shape(inputs)[0], *self.target_shape))

    def get_config(self):
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Changes the order of the axes of each example.

    Args:
      dims: tuple of int: the old numbers of the axes, from 1, in the new order. (2, 1) swaps the
        first two axes behind that of the batch.

    Raises:
      ValueError: if `dims` is no order of 1, ..., n.
    """

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                "Invalid permutation `dims` for Permute Layer %s: %s. The set of indices in `dims` "
                "must be consecutive and start from 1." % (self.name, dims)
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def call(self, inputs):
        return K.permute_dimensions(inputs, (0, *self.dims))

    def get_config(self):
        return {**super().get_config(), "dims": self.dims}


class Flatten(Layer):
    """Makes a vector of each example.

    Args:
      data_format: "channels_first" puts the channels last before, so that the order of the weights
        behind this layer is that of "channels_last"; default: `K.image_data_format()`.
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=2)

    def compute_output_shape(self, input_shape):
        if not all(input_shape[1:]):
            raise ValueError(
                'The shape of the input to "Flatten" (layer %s) is not fully defined (got %s). '
                'Make sure to pass a complete "input_shape" or "batch_input_shape" argument to the '
                "first layer in your model." % (self.name, input_shape[1:])
            )
        return input_shape[0], int(np.prod(input_shape[1:]))

    def call(self, inputs):
        rank = K.ndim(inputs)
        if self.data_format == "channels_first" and rank > 2:
            inputs = K.permute_dimensions(inputs, (0, *range(2, rank), 1))
        return K.batch_flatten(inputs)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}


class RepeatVector(Layer):
    """Makes a sequence of equal vectors of each vector.

    Args:
      n: length of the sequence.

    Input: (batch, features). Output: (batch, n, features).
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = whole_number(self, "n", n, 0)
        self.input_spec = InputSpec(ndim=2)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.n, input_shape[1]

    def call(self, inputs):
        return K.repeat(inputs, self.n)

    def get_config(self):
        return {**super().get_config(), "n": self.n}
