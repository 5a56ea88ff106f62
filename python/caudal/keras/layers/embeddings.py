# SPDX-License-Identifier: Apache-2.0
"""Embedding: a vector for each of a set of integers."""

from caudal.keras import backend as K
from caudal.keras import constraints, initializers, regularizers
from caudal.keras.engine.base_layer import Layer
from caudal.keras.utils.generic_utils import to_list
from caudal.layers.utils import whole_number

__all__ = ["Embedding"]


class Embedding(Layer):
    """Looks up a vector for each integer; as the first layer of a model only.

    Args:
      input_dim: number of integers: 0, ..., input_dim - 1.
      output_dim: size of the vectors.
      embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the weight
        "embeddings", (input_dim, output_dim).
      activity_regularizer: function from the output to a loss.
      mask_zero: whether 0 stands for padding; the output then has a mask.
      input_length: number of integers in an example, where it is fixed; needed for Flatten and
        Dense behind this layer. A tuple for examples of several axes.

    Input: (batch, length), further axes are allowed. Output: (batch, length, output_dim).
    Source: Gal and Ghahramani 2016, arXiv 1512.05287.
    """

    def __init__(self, input_dim, output_dim, embeddings_initializer="uniform",
                 embeddings_regularizer=None, activity_regularizer=None,
                 embeddings_constraint=None, mask_zero=False, input_length=None,
                 **kwargs):  # fmt: skip
        if "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            lengths = input_length if isinstance(input_length, (list, tuple)) else (input_length,)
            kwargs["input_shape"] = tuple(lengths)
        elif isinstance((kwargs.get("batch_input_shape") or (None,))[-1], (list, tuple)):
            # Keras 2.2.4 saves a tuple of lengths as one item of the shape.
            batch, lengths = kwargs["batch_input_shape"]
            kwargs["batch_input_shape"] = (batch, *lengths)
        super().__init__(**kwargs)
        self.input_dim = whole_number(self, "input_dim", input_dim, 1)
        self.output_dim = whole_number(self, "output_dim", output_dim, 0)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.input_length = input_length

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            dtype=self.dtype,
        )
        self.built = True

    def compute_mask(self, inputs, mask=None):
        return K.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        if self.input_length is None:
            return (*input_shape, self.output_dim)
        wanted = to_list(self.input_length, allow_tuple=True)
        given = input_shape[1:]
        if len(wanted) != len(given) or any(
            a is not None and b is not None and a != b for a, b in zip(wanted, given)
        ):
            raise ValueError(
                'Layer %s: "input_length" is %s, but received input has shape %s'
                % (self.name, self.input_length, input_shape)
            )
        sizes = (a if b is None else b for a, b in zip(wanted, given))
        return (input_shape[0], *sizes, self.output_dim)

    def call(self, inputs):
        if K.dtype(inputs) not in ("int32", "int64"):
            inputs = K.cast(inputs, "int32")
        return K.gather(self.embeddings, inputs)

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }
