# SPDX-License-Identifier: Apache-2.0
"""Attention layers of tf.keras."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.ops import array_ops, math_ops, matmul_ops

__all__ = ["AdditiveAttention", "Attention"]


class _Attention(Layer):
    """Means of values, weighted by how well their keys fit the queries.

    A subclass says how well in `_scores(query, key)`: (batch, queries, values).
    """

    def __init__(self, use_scale, causal=False, **kwargs):
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.causal = causal
        self.supports_masking = True
        self.scale = None

    def _check(self, inputs, mask=None):
        if not isinstance(inputs, list) or len(inputs) not in (2, 3):
            raise ValueError(
                "Layer %s must be called on a list of inputs, namely [query, value] or [query, "
                "value, key]; got %s" % (self.name, inputs)
            )
        if mask is not None and (not isinstance(mask, list) or not 2 <= len(mask) <= len(inputs)):
            raise ValueError(
                "Layer %s: mask must be a list, namely [query_mask, value_mask]; got %s"
                % (self.name, mask)
            )

    def build(self, input_shape):
        self._check(input_shape)
        self.built = True

    def _allowed(self, scores, value_mask):
        """Which values a query may see, or None for all."""
        allowed = None if value_mask is None else K.expand_dims(value_mask, 1)
        if self.causal:
            size = array_ops.shape(scores)[1:]
            past = array_ops.matrix_band_part(array_ops.ones(size, "int32"), -1, 0)
            past = K.expand_dims(K.cast(past, "bool"), 0)
            allowed = past if allowed is None else allowed & past
        return allowed

    def call(self, inputs, mask=None):
        self._check(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) == 3 else value
        query_mask, value_mask = mask[:2] if mask else (None, None)
        scores = self._scores(query, key)
        allowed = self._allowed(scores, value_mask)
        if allowed is not None:
            # A number that the softmax turns into 0.
            scores -= 1e9 * K.cast(math_ops.logical_not(allowed), K.dtype(scores))
        result = matmul_ops.matmul(K.softmax(scores), value)
        if query_mask is not None:
            result *= K.cast(K.expand_dims(query_mask, -1), K.dtype(result))
        return result

    def compute_mask(self, inputs, mask=None):
        """The mask of the queries."""
        self._check(inputs, mask)
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        query, value = input_shape[:2]
        return (*query[:-1], value[-1])

    def get_config(self):
        return {**super().get_config(), "use_scale": self.use_scale, "causal": self.causal}


class Attention(_Attention):
    """Means of values by the inner product of query and key.

    Args:
      use_scale: whether the products are scaled by a weight.
      causal: whether a query sees only the values up to its own position.

    Inputs: [query (batch, Tq, size), value (batch, Tv, size)] and, if it is not the value, key
    (batch, Tv, size); masks [(batch, Tq), (batch, Tv)]. Output: (batch, Tq, size).
    Source: Luong and others 2015, arXiv 1508.04025.
    """

    def __init__(self, use_scale=False, **kwargs):
        super().__init__(use_scale, **kwargs)

    def build(self, input_shape):
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        super().build(input_shape)

    def _scores(self, query, key):
        scores = matmul_ops.matmul(query, key, transpose_b=True)
        return scores if self.scale is None else scores * self.scale


class AdditiveAttention(_Attention):
    """Means of values by sum(scale * tanh(query + key)).

    Args:
      use_scale: whether there is a weight "scale" of the size of a query.
      causal: whether a query sees only the values up to its own position.

    Inputs and output: as for Attention.
    Source: Bahdanau and others 2014, arXiv 1409.0473.
    """

    def __init__(self, use_scale=True, **kwargs):
        super().__init__(use_scale, **kwargs)

    def build(self, input_shape):
        self._check(input_shape)
        if self.use_scale:
            shape = (input_shape[0][-1],)
            self.scale = self.add_weight(name="scale", shape=shape, initializer="glorot_uniform")
        super().build(input_shape)

    def _scores(self, query, key):
        fit = K.tanh(K.expand_dims(query, 2) + K.expand_dims(key, 1))
        return K.sum(fit if self.scale is None else self.scale * fit, axis=-1)
