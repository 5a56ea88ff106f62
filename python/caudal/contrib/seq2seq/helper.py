# SPDX-License-Identifier: Apache-2.0
"""Where a BasicDecoder takes its inputs from: given ones, its own outputs, or some of both."""

import abc

from caudal.framework import dtypes, nest, ops, tensor_shape
from caudal.layers import rnn
from caudal.ops import (
    array_ops,
    control_flow_ops,
    embedding_ops,
    math_ops,
    random_ops,
    tensor_array_ops,
)


def _as_embedding(embedding):
    """A function from ids to vectors, from one or from a table."""
    if callable(embedding):
        return embedding
    return lambda ids: embedding_ops.embedding_lookup(embedding, ids)


def _bernoulli(probs, shape, seed, dtype):
    """Draws `shape` + the shape of `probs`: true with the probability `probs`."""
    shape = array_ops.concat([array_ops.reshape(shape, [-1]), array_ops.shape(probs)], 0)
    uniform = random_ops.random_uniform(shape, seed=seed, dtype=probs.dtype)
    return math_ops.cast(math_ops.less(uniform, probs), dtype)


def _categorical(logits, seed):
    """One int32 id for each row of logits [batch, classes]."""
    logits = ops.convert_to_tensor(logits, name="logits")
    draw = random_ops.multinomial(logits, 1, seed=seed, output_dtype=dtypes.int32)
    return array_ops.reshape(draw, array_ops.shape(logits)[:-1])


class Helper(metaclass=abc.ABCMeta):
    """Interface: samples ids of outputs, and makes the inputs of the next step."""

    @property
    @abc.abstractmethod
    def batch_size(self):
        """Batch size, an int32 scalar tensor."""
        raise NotImplementedError("batch_size has not been implemented")

    @property
    @abc.abstractmethod
    def sample_ids_shape(self):
        """Shape of the ids of a step, without the batch."""
        raise NotImplementedError("sample_ids_shape has not been implemented")

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self):
        """Dtype of the ids."""
        raise NotImplementedError("sample_ids_dtype has not been implemented")

    @abc.abstractmethod
    def initialize(self, name=None):
        """Returns (finished [batch], first inputs)."""

    @abc.abstractmethod
    def sample(self, time, outputs, state, name=None):
        """Returns ids."""

    @abc.abstractmethod
    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """Returns (finished, next inputs, next state)."""


class CustomHelper(Helper):
    """A helper made of functions.

    Args:
      initialize_fn: () -> (finished, first inputs).
      sample_fn: (time, outputs, state) -> ids.
      next_inputs_fn: (time, outputs, state, sample_ids) -> (finished, next inputs, next state).
      sample_ids_shape: shape of the ids, without the batch; default scalar.
      sample_ids_dtype: default int32.
    """

    def __init__(self, initialize_fn, sample_fn, next_inputs_fn, sample_ids_shape=None,
                 sample_ids_dtype=None):  # fmt: skip
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = None
        self._sample_ids_shape = tensor_shape.TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or dtypes.int32

    @property
    def batch_size(self):
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self):
        return self._sample_ids_dtype

    def initialize(self, name=None):
        with ops.name_scope(name, "%sInitialize" % type(self).__name__):
            finished, inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = array_ops.size(finished)
        return finished, inputs

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "%sSample" % type(self).__name__, (time, outputs, state)):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(name, "%sNextInputs" % type(self).__name__, (time, outputs, state)):
            return self._next_inputs_fn(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )


class _IdHelper(Helper):
    """Ids are int32 scalars for each row."""

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return tensor_shape.TensorShape([])

    @property
    def sample_ids_dtype(self):
        return dtypes.int32


def _in_array(x):
    """A tensor [time, ...] as a TensorArray."""
    return tensor_array_ops.TensorArray(
        dtype=x.dtype, size=array_ops.shape(x)[0], element_shape=x.get_shape()[1:]
    ).unstack(x)


class TrainingHelper(_IdHelper):
    """Takes the inputs from a tensor, whatever the outputs are.

    Args:
      inputs: [batch, time, ...] ([time, batch, ...] if `time_major`), or nested.
      sequence_length: int32 vector [batch].
      time_major: layout of `inputs`.
      name: name scope.
    """

    def __init__(self, inputs, sequence_length, time_major=False, name=None):
        with ops.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            inputs = nest.map_structure(lambda x: ops.convert_to_tensor(x, name="inputs"), inputs)
            self._inputs = inputs
            if not time_major:
                inputs = nest.map_structure(rnn.transpose_batch_time, inputs)
            self._input_tas = nest.map_structure(_in_array, inputs)
            self._sequence_length = ops.convert_to_tensor(sequence_length, name="sequence_length")
            if self._sequence_length.get_shape().ndims != 1:
                raise ValueError(
                    "Expected sequence_length to be a vector, but received shape: %s"
                    % self._sequence_length.get_shape()
                )
            self._zero_inputs = nest.map_structure(lambda x: array_ops.zeros_like(x[0, :]), inputs)
            self._batch_size = array_ops.size(self._sequence_length)

    @property
    def inputs(self):
        return self._inputs

    @property
    def sequence_length(self):
        return self._sequence_length

    def _read(self, time, all_finished):
        return control_flow_ops.cond(
            all_finished,
            lambda: self._zero_inputs,
            lambda: nest.map_structure(self._read_one(time), self._input_tas, self._zero_inputs),
        )

    @staticmethod
    def _read_one(time):
        def read(array, like):
            value = array.read(time)
            value.set_shape(like.get_shape())
            return value

        return read

    def initialize(self, name=None):
        with ops.name_scope(name, "TrainingHelperInitialize"):
            finished = math_ops.equal(0, self._sequence_length)
            return finished, self._read(0, math_ops.reduce_all(finished))

    def sample(self, time, outputs, name=None, **unused_kwargs):
        with ops.name_scope(name, "TrainingHelperSample", [time, outputs]):
            return math_ops.cast(math_ops.argmax(outputs, axis=-1), dtypes.int32)

    def next_inputs(self, time, outputs, state, name=None, **unused_kwargs):
        with ops.name_scope(name, "TrainingHelperNextInputs", [time, outputs, state]):
            next_time = time + 1
            finished = next_time >= self._sequence_length
            next_inputs = self._read(next_time, math_ops.reduce_all(finished))
            return finished, next_inputs, state


def _mixed(chosen, sampled_fn, given):
    """Rows `sampled_fn(indices)` where the vector `chosen` is true, rows of `given` elsewhere."""
    where = math_ops.cast(array_ops.where(chosen), dtypes.int32)
    where_not = math_ops.cast(array_ops.where(math_ops.logical_not(chosen)), dtypes.int32)
    sampled = sampled_fn(where)
    kept = array_ops.gather_nd(given, where_not)
    shape = array_ops.shape(given)
    mixed = array_ops.scatter_nd(indices=where, updates=sampled, shape=shape)
    mixed = mixed + array_ops.scatter_nd(indices=where_not, updates=kept, shape=shape)
    mixed.set_shape(given.get_shape())
    return mixed


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Takes some inputs from a tensor, others from sampled ids (Bengio et al. 2015).

    Args:
      inputs, sequence_length, time_major: as for TrainingHelper.
      embedding: table, or function from ids to vectors.
      sampling_probability: float scalar, or vector [batch]: how often to sample.
      seed: of the ids.
      scheduling_seed: of the choice of rows.
      name: name scope.
    """

    def __init__(self, inputs, sequence_length, embedding, sampling_probability, time_major=False,
                 seed=None, scheduling_seed=None, name=None):  # fmt: skip
        with ops.name_scope(
            name, "ScheduledEmbeddingSamplingWrapper", [embedding, sampling_probability]
        ):
            self._embedding_fn = _as_embedding(embedding)
            self._sampling_probability = ops.convert_to_tensor(
                sampling_probability, name="sampling_probability"
            )
            if self._sampling_probability.get_shape().ndims not in (0, 1):
                raise ValueError(
                    "sampling_probability must be either a scalar or a vector. saw shape: %s"
                    % self._sampling_probability.get_shape()
                )
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(
                inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name
            )

    def initialize(self, name=None):
        return super().initialize(name=name)

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "ScheduledEmbeddingTrainingHelperSample", [time, outputs, state]):
            rank = self._sampling_probability.get_shape().ndims
            chosen = _bernoulli(
                self._sampling_probability,
                self.batch_size if rank == 0 else ops.convert_to_tensor([], dtypes.int32),
                self._scheduling_seed,
                dtypes.bool,
            )
            ids = _categorical(outputs, self._seed)
            return array_ops.where(
                chosen, ids, array_ops.fill([self.batch_size], ops.convert_to_tensor(-1))
            )

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(
            name, "ScheduledEmbeddingTrainingHelperNextInputs", [time, outputs, state, sample_ids]
        ):
            finished, given, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name
            )

            def mixed():
                return _mixed(
                    sample_ids > -1,
                    lambda where: self._embedding_fn(array_ops.gather_nd(sample_ids, where)),
                    given,
                )

            all_finished = math_ops.reduce_all(finished)
            return finished, control_flow_ops.cond(all_finished, lambda: given, mixed), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Takes some inputs from a tensor, others from the outputs of the last step.

    Args:
      inputs, sequence_length, time_major: as for TrainingHelper; `inputs` one tensor.
      sampling_probability: float scalar: how often to take an output.
      seed: of the choice of rows.
      next_inputs_fn: function from outputs to inputs; default the identity.
      auxiliary_inputs: tensor like `inputs` that is appended to the inputs of each step.
      name: name scope.
    """

    def __init__(self, inputs, sequence_length, sampling_probability, time_major=False, seed=None,
                 next_inputs_fn=None, auxiliary_inputs=None, name=None):  # fmt: skip
        with ops.name_scope(
            name, "ScheduledOutputTrainingHelper", [inputs, auxiliary_inputs, sampling_probability]
        ):
            self._sampling_probability = ops.convert_to_tensor(
                sampling_probability, name="sampling_probability"
            )
            if self._sampling_probability.get_shape().ndims not in (0, 1):
                raise ValueError(
                    "sampling_probability must be either a scalar or a vector. saw shape: %s"
                    % self._sampling_probability.get_shape()
                )
            self._auxiliary_input_tas = None
            joined = inputs
            if auxiliary_inputs is not None:
                inputs = ops.convert_to_tensor(inputs, name="inputs")
                auxiliary = ops.convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                joined = nest.map_structure(
                    lambda x, y: array_ops.concat((x, y), -1), inputs, auxiliary
                )
                if not time_major:
                    auxiliary = nest.map_structure(rnn.transpose_batch_time, auxiliary)
                self._auxiliary_input_tas = nest.map_structure(_in_array, auxiliary)
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn
            super().__init__(
                inputs=joined, sequence_length=sequence_length, time_major=time_major, name=name
            )

    def initialize(self, name=None):
        return super().initialize(name=name)

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "ScheduledOutputTrainingHelperSample", [time, outputs, state]):
            return _bernoulli(self._sampling_probability, self.batch_size, self._seed, dtypes.int32)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(
            name, "ScheduledOutputTrainingHelperNextInputs", [time, outputs, state, sample_ids]
        ):
            finished, given, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name
            )
            chosen = math_ops.cast(sample_ids, dtypes.bool)

            def with_auxiliary(values, where=None):
                if self._auxiliary_input_tas is None:
                    return values
                extra = nest.map_structure(lambda a: a.read(time + 1), self._auxiliary_input_tas)
                if where is not None:
                    extra = array_ops.gather_nd(extra, where)
                return nest.map_structure(lambda x, y: array_ops.concat((x, y), -1), values, extra)

            def mixed():
                if self._next_inputs_fn is None:
                    return array_ops.where(chosen, with_auxiliary(outputs), given)
                return _mixed(
                    chosen,
                    lambda where: with_auxiliary(
                        self._next_inputs_fn(array_ops.gather_nd(outputs, where)), where
                    ),
                    given,
                )

            all_given = math_ops.logical_or(
                math_ops.reduce_all(finished), math_ops.logical_not(math_ops.reduce_any(chosen))
            )
            return finished, control_flow_ops.cond(all_given, lambda: given, mixed), state


class GreedyEmbeddingHelper(_IdHelper):
    """Feeds back the most likely id of each step.

    Args:
      embedding: table, or function from ids to vectors.
      start_tokens: int32 vector [batch].
      end_token: int32 scalar; a row that samples it is finished.
    """

    def __init__(self, embedding, start_tokens, end_token):
        self._embedding_fn = _as_embedding(embedding)
        self._start_tokens = ops.convert_to_tensor(
            start_tokens, dtype=dtypes.int32, name="start_tokens"
        )
        self._end_token = ops.convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if self._start_tokens.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = array_ops.size(self._start_tokens)
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    def initialize(self, name=None):
        return array_ops.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time, outputs, state, name=None):
        if not isinstance(outputs, ops.Tensor):
            raise TypeError("Expected outputs to be a single Tensor, got: %s" % type(outputs))
        return math_ops.argmax(outputs, axis=-1, output_type=dtypes.int32)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        finished = math_ops.equal(sample_ids, self._end_token)
        next_inputs = control_flow_ops.cond(
            math_ops.reduce_all(finished),
            # What they are does not matter any more.
            lambda: self._start_inputs,
            lambda: self._embedding_fn(sample_ids),
        )
        return finished, next_inputs, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Feeds back ids drawn from the distributions that the outputs are.

    Args:
      embedding, start_tokens, end_token: as for GreedyEmbeddingHelper.
      softmax_temperature: float; larger is more random.
      seed: int.
    """

    def __init__(self, embedding, start_tokens, end_token, softmax_temperature=None, seed=None):
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time, outputs, state, name=None):
        if not isinstance(outputs, ops.Tensor):
            raise TypeError("Expected outputs to be a single Tensor, got: %s" % type(outputs))
        if self._softmax_temperature is not None:
            outputs = outputs / self._softmax_temperature
        return _categorical(outputs, self._seed)


class InferenceHelper(Helper):
    """Feeds back what a function samples.

    Args:
      sample_fn: function from outputs to samples.
      sample_shape: shape of a sample, without the batch.
      sample_dtype: dtype of a sample.
      start_inputs: first inputs.
      end_fn: function from samples to a bool vector: what is finished.
      next_inputs_fn: function from samples to inputs; default the identity.
    """

    def __init__(self, sample_fn, sample_shape, sample_dtype, start_inputs, end_fn,
                 next_inputs_fn=None):  # fmt: skip
        self._sample_fn = sample_fn
        self._end_fn = end_fn
        self._sample_shape = tensor_shape.TensorShape(sample_shape)
        self._sample_dtype = sample_dtype
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = array_ops.shape(start_inputs)[0]
        self._start_inputs = ops.convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return self._sample_shape

    @property
    def sample_ids_dtype(self):
        return self._sample_dtype

    def initialize(self, name=None):
        return array_ops.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time, outputs, state, name=None):
        return self._sample_fn(outputs)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        next_inputs = sample_ids
        if self._next_inputs_fn is not None:
            next_inputs = self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), next_inputs, state
