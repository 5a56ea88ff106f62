# SPDX-License-Identifier: Apache-2.0
"""Attention mechanisms: how much of each part of a memory a query wants."""

import functools
import math

import numpy as np

from caudal.framework import dtypes, nest, ops
from caudal.layers import engine
from caudal.layers.rnn_cell_base import zero_state_tensors
from caudal.ops import (
    array_ops,
    check_ops,
    clip_ops,
    functional_ops,
    init_ops,
    math_ops,
    matmul_ops,
    nn_ops,
    random_ops,
    variable_scope,
)


class AttentionMechanism:
    """Interface: `mechanism(query, state)` returns (alignments, next state)."""

    @property
    def alignments_size(self):
        raise NotImplementedError

    @property
    def state_size(self):
        raise NotImplementedError


def _prepare_memory(memory, lengths, check_inner_dims_defined):
    """The memory, with zeros beyond the lengths."""
    memory = nest.map_structure(lambda m: ops.convert_to_tensor(m, name="memory"), memory)
    if lengths is not None:
        lengths = ops.convert_to_tensor(lengths, name="memory_sequence_length")
    flat = nest.flatten(memory)
    if check_inner_dims_defined:
        for m in flat:
            if not m.get_shape()[2:].is_fully_defined():
                raise ValueError(
                    "Expected memory %s to have fully defined inner dims, but saw shape: %s"
                    % (m.name, m.get_shape())
                )
    if lengths is None:
        return memory, None
    mask = array_ops.sequence_mask(lengths, maxlen=array_ops.shape(flat[0])[1], dtype=flat[0].dtype)

    def masked(m):
        inner = m.get_shape().with_rank_at_least(2).ndims - 2
        shape = array_ops.concat((array_ops.shape(mask), array_ops.ones([inner], dtypes.int32)), 0)
        return m * array_ops.reshape(mask, shape)

    return nest.map_structure(masked, memory), lengths


def _masked_score(score, lengths, value):
    """The scores, with `value` beyond the lengths."""
    if lengths is None:
        return score
    message = "All values in memory_sequence_length must greater than zero."
    with ops.control_dependencies([check_ops.assert_positive(lengths, message=message)]):
        mask = array_ops.sequence_mask(lengths, maxlen=array_ops.shape(score)[1])
        return array_ops.where(mask, score, value * array_ops.ones_like(score))


class _Mechanism(AttentionMechanism):
    """Holds memory, keys and layers.

    Args:
      query_layer, memory_layer: layers with a `units` attribute, or None.
      memory: [batch, time, ...], or nested.
      probability_fn: function (score, last alignments) -> alignments.
      memory_sequence_length: int vector [batch], or None.
      check_inner_dims_defined: whether sizes of the memory must be known.
      score_mask_value: score of what lies beyond the lengths; default -inf.
      custom_key_value_fn: function (keys, values) -> (keys, values).
      name: name scope.
    """

    def __init__(self, query_layer, memory, probability_fn, memory_sequence_length=None,
                 memory_layer=None, check_inner_dims_defined=True, score_mask_value=None,
                 custom_key_value_fn=None, name=None):  # fmt: skip
        for which, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, engine.Layer):
                raise TypeError("%s is not a Layer: %s" % (which, type(layer).__name__))
        if not callable(probability_fn):
            raise TypeError("probability_fn must be callable, saw type: %s" % type(probability_fn))
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        with ops.name_scope(name, "BaseAttentionMechanismInit", nest.flatten(memory)):
            values, self._lengths = _prepare_memory(
                memory, memory_sequence_length, check_inner_dims_defined
            )
            keys = values
            if memory_layer is not None:
                keys = memory_layer(values)
            if custom_key_value_fn is not None:
                keys, values = custom_key_value_fn(keys, values)
            self._values, self._keys = values, keys
            self.dtype = nest.flatten(keys)[0].dtype
            if score_mask_value is None:
                score_mask_value = self.dtype.as_numpy_dtype(-np.inf)
            self._probability_fn = lambda score, previous: probability_fn(
                _masked_score(score, self._lengths, score_mask_value), previous
            )
            first = nest.flatten(keys)[0]
            shape = first.get_shape()
            self._batch_size = shape[0].value
            if self._batch_size is None:
                self._batch_size = array_ops.shape(first)[0]
            self._alignments_size = shape[1].value
            if self._alignments_size is None:
                self._alignments_size = array_ops.shape(first)[1]

    @property
    def memory_layer(self):
        return self._memory_layer

    @property
    def query_layer(self):
        return self._query_layer

    @property
    def values(self):
        return self._values

    @property
    def keys(self):
        return self._keys

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def alignments_size(self):
        return self._alignments_size

    @property
    def state_size(self):
        return self._alignments_size

    def initial_alignments(self, batch_size, dtype):
        """Zeros [batch, time]."""
        return zero_state_tensors(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size, dtype):
        """The initial alignments."""
        return self.initial_alignments(batch_size, dtype)


def _dense(units, name, dtype):
    from caudal.layers import core

    return core.Dense(units, name=name, use_bias=False, dtype=dtype)


def _luong_score(query, keys, scale):
    """query . key for each key, times a number."""
    depth, key_units = query.get_shape()[-1], keys.get_shape()[-1]
    if depth.value != key_units.value:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys: %s has %s units, %s "
            "has %s; num_units must be the depth of the query" % (query, depth, keys, key_units)
        )
    score = matmul_ops.matmul(array_ops.expand_dims(query, 1), keys, transpose_b=True)
    score = array_ops.squeeze(score, [1])
    return score if scale is None else scale * score


def _bahdanau_score(query, keys, attention_v, attention_g=None, attention_b=None):
    """v . tanh(query + key + b), with v normalized to the length g where g is given."""
    query = array_ops.expand_dims(query, 1)
    if attention_g is None:
        return math_ops.reduce_sum(attention_v * math_ops.tanh(keys + query), [2])
    squares = math_ops.reduce_sum(math_ops.square(attention_v))
    normed_v = attention_g * attention_v * math_ops.rsqrt(squares)
    return math_ops.reduce_sum(normed_v * math_ops.tanh(keys + query + attention_b), [2])


class _ScoredMechanism(_Mechanism):
    """Alignments are a function of `_score(query)`, whose variables lie in the scope `_scope`."""

    _scope = None

    def __call__(self, query, state):
        with variable_scope.variable_scope(None, self._scope, [query]):
            alignments = self._probability_fn(self._score(query), state)
        return alignments, alignments


class _LuongBase(_ScoredMechanism):
    def __init__(self, num_units, memory, scale, dtype, **kwargs):
        dtype = dtypes.float32 if dtype is None else dtype
        super().__init__(
            query_layer=None,
            memory_layer=_dense(num_units, "memory_layer", dtype),
            memory=memory,
            **kwargs,
        )
        self._num_units = num_units
        self._scale = scale

    def _score(self, query):
        g = None
        if self._scale:
            g = variable_scope.get_variable(
                "attention_g", dtype=query.dtype, initializer=init_ops.ones_initializer, shape=()
            )
        return _luong_score(query, self._keys, g)


class _BahdanauBase(_ScoredMechanism):
    def __init__(self, num_units, memory, normalize, dtype, **kwargs):
        dtype = dtypes.float32 if dtype is None else dtype
        super().__init__(
            query_layer=_dense(num_units, "query_layer", dtype),
            memory_layer=_dense(num_units, "memory_layer", dtype),
            memory=memory,
            **kwargs,
        )
        self._num_units = num_units
        self._normalize = normalize

    def _score(self, query):
        query = self.query_layer(query) if self.query_layer else query
        get, dtype = variable_scope.get_variable, query.dtype
        v = get("attention_v", [self._num_units], dtype=dtype)
        if not self._normalize:
            return _bahdanau_score(query, self._keys, v)
        length = math.sqrt(1.0 / self._num_units)
        g = get(
            "attention_g",
            dtype=dtype,
            initializer=init_ops.constant_initializer(length),
            shape=(),
        )
        b = get(
            "attention_b",
            [self._num_units],
            dtype=dtype,
            initializer=init_ops.zeros_initializer(),
        )
        return _bahdanau_score(query, self._keys, v, g, b)


def _softmax_like(probability_fn):
    function = nn_ops.softmax if probability_fn is None else probability_fn
    return lambda score, _: function(score)


class LuongAttention(_LuongBase):
    """Multiplicative attention (Luong et al. 2015).

    Args:
      num_units: size of the keys, which must be that of the query.
      memory: [batch, time, ...].
      memory_sequence_length: int vector [batch]: what lies beyond is not attended to.
      scale: whether a trained number scales the scores.
      probability_fn: function from scores to alignments; default softmax.
      score_mask_value: score beyond the lengths; default -inf.
      dtype: of the layers; default float32.
      custom_key_value_fn: function (keys, values) -> (keys, values).
      name: name scope.
    """

    _scope = "luong_attention"

    def __init__(self, num_units, memory, memory_sequence_length=None, scale=False,
                 probability_fn=None, score_mask_value=None, dtype=None,
                 custom_key_value_fn=None, name="LuongAttention"):  # fmt: skip
        super().__init__(
            num_units,
            memory,
            scale,
            dtype,
            probability_fn=_softmax_like(probability_fn),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._name = name


class BahdanauAttention(_BahdanauBase):
    """Additive attention (Bahdanau et al. 2015).

    Args:
      num_units: size of the layer of query and keys.
      memory: [batch, time, ...].
      memory_sequence_length: int vector [batch]: what lies beyond is not attended to.
      normalize: whether the energy vector has a trained length, and there is a bias.
      probability_fn: function from scores to alignments; default softmax.
      score_mask_value: score beyond the lengths; default -inf.
      dtype: of the layers; default float32.
      custom_key_value_fn: function (keys, values) -> (keys, values).
      name: name scope.
    """

    _scope = "bahdanau_attention"

    def __init__(self, num_units, memory, memory_sequence_length=None, normalize=False,
                 probability_fn=None, score_mask_value=None, dtype=None,
                 custom_key_value_fn=None, name="BahdanauAttention"):  # fmt: skip
        super().__init__(
            num_units,
            memory,
            normalize,
            dtype,
            probability_fn=_softmax_like(probability_fn),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._name = name


def safe_cumprod(x, *args, **kwargs):
    """Cumulative product of numbers in [0, 1] that survives zeros; arguments as for cumsum."""
    with ops.name_scope(None, "SafeCumprod", [x]):
        x = ops.convert_to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        logs = math_ops.log(clip_ops.clip_by_value(x, tiny, 1))
        return math_ops.exp(math_ops.cumsum(logs, *args, **kwargs))


def monotonic_attention(p_choose_i, previous_attention, mode):
    """Alignments that only move forward (Raffel et al. 2017).

    Args:
      p_choose_i: [batch, time]: probability of stopping at each part of the memory.
      previous_attention: [batch, time].
      mode: "recursive" (exact), "parallel" (fast) or "hard" (probabilities are 0 or 1).

    Returns:
      [batch, time].
    """
    p = ops.convert_to_tensor(p_choose_i, name="p_choose_i")
    previous = ops.convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        batch_size = p.get_shape()[0].value or array_ops.shape(p)[0]
        ones = array_ops.ones((batch_size, 1), dtype=p.dtype)
        not_before = array_ops.concat([ones, 1 - p[:, :-1]], 1)
        swapped = functional_ops.scan(
            lambda x, yz: array_ops.reshape(yz[0] * x + yz[1], (batch_size,)),
            [array_ops.transpose(not_before), array_ops.transpose(previous)],
            array_ops.zeros((batch_size,), dtype=p.dtype),
        )
        attention = p * array_ops.transpose(swapped)
    elif mode == "parallel":
        passed = safe_cumprod(1 - p, axis=1, exclusive=True)
        ratio = previous / clip_ops.clip_by_value(passed, 1e-10, 1.0)
        attention = p * passed * math_ops.cumsum(ratio, axis=1)
    elif mode == "hard":
        p = p * math_ops.cumsum(previous, axis=1)
        attention = p * math_ops.cumprod(1 - p, axis=1, exclusive=True)
    else:
        raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")
    return attention


def _monotonic_probability_fn(score, previous_alignments, sigmoid_noise, mode, seed=None):
    if sigmoid_noise > 0:
        noise = random_ops.random_normal(array_ops.shape(score), dtype=score.dtype, seed=seed)
        score = score + sigmoid_noise * noise
    if mode == "hard":
        p = math_ops.cast(score > 0, score.dtype)
    else:
        p = math_ops.sigmoid(score)
    return monotonic_attention(p, previous_alignments, mode)


class _Monotonic:
    """Starts at the first part of the memory; a trained number is added to the scores."""

    def initial_alignments(self, batch_size, dtype):
        """One-hot [batch, time] at time 0."""
        return array_ops.one_hot(
            array_ops.zeros((batch_size,), dtype=dtypes.int32), self._alignments_size, dtype=dtype
        )

    def _score(self, query):
        score = super()._score(query)
        bias = variable_scope.get_variable(
            "attention_score_bias", dtype=query.dtype, initializer=self._score_bias_init
        )
        return score + bias


class BahdanauMonotonicAttention(_Monotonic, _BahdanauBase):
    """Monotonic attention with the scores of BahdanauAttention.

    Args:
      num_units, memory, memory_sequence_length, normalize, score_mask_value, dtype, name: as for
        BahdanauAttention.
      sigmoid_noise: standard deviation of noise on the scores.
      sigmoid_noise_seed: seed of it.
      score_bias_init: start of the number that is added to the scores.
      mode: as for `monotonic_attention`.
    """

    _scope = "bahdanau_monotonic_attention"

    def __init__(self, num_units, memory, memory_sequence_length=None, normalize=False,
                 score_mask_value=None, sigmoid_noise=0.0, sigmoid_noise_seed=None,
                 score_bias_init=0.0, mode="parallel", dtype=None,
                 name="BahdanauMonotonicAttention"):  # fmt: skip
        super().__init__(
            num_units,
            memory,
            normalize,
            dtype,
            probability_fn=functools.partial(
                _monotonic_probability_fn,
                sigmoid_noise=sigmoid_noise,
                mode=mode,
                seed=sigmoid_noise_seed,
            ),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._name = name
        self._score_bias_init = score_bias_init


class LuongMonotonicAttention(_Monotonic, _LuongBase):
    """Monotonic attention with the scores of LuongAttention.

    Args:
      num_units, memory, memory_sequence_length, scale, score_mask_value, dtype, name: as for
        LuongAttention.
      sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode: as for
        BahdanauMonotonicAttention.
    """

    _scope = "luong_monotonic_attention"

    def __init__(self, num_units, memory, memory_sequence_length=None, scale=False,
                 score_mask_value=None, sigmoid_noise=0.0, sigmoid_noise_seed=None,
                 score_bias_init=0.0, mode="parallel", dtype=None,
                 name="LuongMonotonicAttention"):  # fmt: skip
        super().__init__(
            num_units,
            memory,
            scale,
            dtype,
            probability_fn=functools.partial(
                _monotonic_probability_fn,
                sigmoid_noise=sigmoid_noise,
                mode=mode,
                seed=sigmoid_noise_seed,
            ),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._name = name
        self._score_bias_init = score_bias_init


def hardmax(logits, name=None):
    """One-hot of the largest element along the last axis."""
    with ops.name_scope(name, "Hardmax", [logits]):
        logits = ops.convert_to_tensor(logits, name="logits")
        depth = logits.get_shape()[-1].value
        if depth is None:
            depth = array_ops.shape(logits)[-1]
        return array_ops.one_hot(math_ops.argmax(logits, -1), depth, dtype=logits.dtype)
