# SPDX-License-Identifier: Apache-2.0
"""Where the data of a model comes in."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.layers.node import Node

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The entry of a model: a placeholder, or a tensor that exists already.

    Args:
      input_shape: tuple without the size of the batch.
      batch_size: int or None.
      batch_input_shape: tuple with the size of the batch.
      dtype: string; default: `K.floatx()`, or that of `input_tensor`.
      input_tensor: tensor to use in place of a placeholder.
      sparse: whether the placeholder is sparse.
      name: string.

    Raises:
      ValueError: without a shape, or with both shapes.
    """

    def __init__(self, input_shape=None, batch_size=None, batch_input_shape=None, dtype=None,
                 input_tensor=None, sparse=False, name=None):  # fmt: skip
        if not name:
            name = "input_%d" % K.get_uid("input")
        if input_shape is not None and batch_input_shape is not None:
            raise ValueError(
                "Only provide the input_shape OR batch_input_shape argument to InputLayer %s, not "
                "both at the same time." % name
            )
        if batch_input_shape is None and input_shape is not None:
            batch_input_shape = (batch_size, *input_shape)
        if batch_input_shape is None and input_tensor is None:
            raise ValueError("InputLayer %s needs an input_shape or batch_input_shape." % name)
        if batch_input_shape is None:
            batch_input_shape = K.int_shape(input_tensor)
        if dtype is None:
            dtype = K.floatx() if input_tensor is None else K.dtype(input_tensor)
        super().__init__(name=name, dtype=dtype)
        self.trainable = False
        self.built = True
        self.sparse = sparse
        self.supports_masking = True
        self.batch_input_shape = tuple(batch_input_shape)
        self.is_placeholder = input_tensor is None
        if input_tensor is None:
            input_tensor = K.placeholder(
                shape=self.batch_input_shape, dtype=dtype, sparse=sparse, name=name
            )
        else:
            input_tensor._keras_shape = self.batch_input_shape
        input_tensor._uses_learning_phase = False
        input_tensor._keras_history = (self, 0, 0)
        shapes = [self.batch_input_shape]
        Node(self, [], [], [], [input_tensor], [input_tensor], [None], [None], shapes, shapes)

    def get_config(self):
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def Input(shape=None, batch_shape=None, name=None, dtype=None, sparse=False, tensor=None,
          batch_size=None):  # fmt: skip
    """The entry of a functional model.

    Args:
      shape: tuple without the size of the batch: `shape=(32,)` expects batches of vectors of 32.
      batch_shape: tuple with the size of the batch, which may be None.
      name: of the layer, unique in a model.
      dtype: string; default: `K.floatx()`.
      sparse: whether the placeholder is sparse.
      tensor: existing tensor to use in place of a placeholder.
      batch_size: int, with `shape`.

    Returns:
      A tensor.

    Raises:
      ValueError: without shape and tensor.
    """
    if batch_shape is None and shape is None and tensor is None:
        raise ValueError(
            "Please provide to Input either a `shape` or a `batch_shape` argument. Note that "
            "`shape` does not include the batch dimension."
        )
    if shape is not None and batch_shape is None:
        batch_shape = (batch_size, *((shape,) if isinstance(shape, int) else shape))
    layer = InputLayer(
        batch_input_shape=batch_shape, name=name, dtype=dtype, sparse=sparse, input_tensor=tensor
    )
    return layer._inbound_nodes[0].output_tensors[0]
