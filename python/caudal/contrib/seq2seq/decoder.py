# SPDX-License-Identifier: Apache-2.0
"""Decoding step by step: the interface of decoders and the loop that runs one."""

import abc

from caudal.framework import dtypes, nest, ops, tensor_shape, tensor_util
from caudal.layers import rnn
from caudal.ops import (
    array_ops,
    control_flow_ops,
    math_ops,
    tensor_array_ops,
    variable_scope,
)


class Decoder(metaclass=abc.ABCMeta):
    """Interface of what `dynamic_decode` runs."""

    @property
    def batch_size(self):
        """Batch size of the inputs."""
        raise NotImplementedError

    @property
    def output_size(self):
        """Sizes of the outputs of a step, nested, without the batch."""
        raise NotImplementedError

    @property
    def output_dtype(self):
        """Dtypes in the structure of `output_size`."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name=None):
        """Returns (finished [batch], first inputs, first state)."""
        raise NotImplementedError

    @abc.abstractmethod
    def step(self, time, inputs, state, name=None):
        """Returns (outputs, next state, next inputs, finished)."""
        raise NotImplementedError

    def finalize(self, outputs, final_state, sequence_lengths):
        """Returns (outputs, state) made of those of all steps."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self):
        """Whether `step` knows what was finished before, as beam search does, which reorders."""
        return False


def _zero_outputs(size, dtype, batch_size):
    def zeros(s, d):
        if isinstance(s, tensor_shape.TensorShape):
            s = s.as_list()
        shape = array_ops.concat(
            (
                array_ops.expand_dims(ops.convert_to_tensor(batch_size), 0),
                ops.convert_to_tensor(s if isinstance(s, list) else [s], dtypes.int32),
            ),
            axis=0,
        )
        return array_ops.zeros(shape, dtype=d)

    return nest.map_structure(zeros, size, dtype)


def _element_shape(batch_size, size):
    if not isinstance(size, tensor_shape.TensorShape) or size.ndims is None:
        return tensor_shape.TensorShape(None)
    batch = tensor_util.constant_value(ops.convert_to_tensor(batch_size, name="batch_size"))
    return tensor_shape.TensorShape([batch]).concatenate(size)


def dynamic_decode(decoder, output_time_major=False, impute_finished=False,
                   maximum_iterations=None, parallel_iterations=32, swap_memory=False, scope=None,
                   **kwargs):  # fmt: skip
    """Runs a decoder until all of its batch is finished.

    Args:
      decoder: a Decoder.
      output_time_major: whether outputs are [time, batch, ...] instead of [batch, time, ...].
      impute_finished: whether finished rows give zeros and keep their state.
      maximum_iterations: int or scalar tensor; default no limit.
      parallel_iterations, swap_memory: accepted as in TensorFlow.
      scope: VariableScope or name; default "decoder".

    Returns:
      (outputs, last state, lengths [batch]).

    Raises:
      TypeError: if `decoder` is not a Decoder.
      ValueError: if `maximum_iterations` is not a scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError("Expected decoder to be type Decoder, but saw: %s" % type(decoder))
    with variable_scope.variable_scope(scope, "decoder") as varscope:
        rnn._set_cache(varscope)
        if maximum_iterations is not None:
            maximum_iterations = ops.convert_to_tensor(
                maximum_iterations, dtype=dtypes.int32, name="maximum_iterations"
            )
            if maximum_iterations.get_shape().ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize()
        zero_outputs = _zero_outputs(decoder.output_size, decoder.output_dtype, decoder.batch_size)
        if maximum_iterations is not None:
            finished = math_ops.logical_or(finished, 0 >= maximum_iterations)
        lengths = array_ops.zeros_like(finished, dtype=dtypes.int32)
        time = ops.convert_to_tensor(0, dtype=dtypes.int32, name="Const")

        def array(size, dtype):
            return tensor_array_ops.TensorArray(
                dtype=dtype,
                size=0,
                dynamic_size=True,
                element_shape=_element_shape(decoder.batch_size, size),
            )

        arrays = nest.map_structure(array, decoder.output_size, decoder.output_dtype)

        def condition(time, arrays, state, inputs, finished, lengths):
            return math_ops.logical_not(math_ops.reduce_all(finished))

        def body(time, arrays, state, inputs, finished, lengths):
            outputs, next_state, next_inputs, now_finished = decoder.step(time, inputs, state)
            if decoder.tracks_own_finished:
                next_finished = now_finished
            else:
                next_finished = math_ops.logical_or(now_finished, finished)
            next_lengths = array_ops.where(
                math_ops.logical_not(finished),
                array_ops.fill(array_ops.shape(lengths), time + 1),
                lengths,
            )
            nest.assert_same_structure(state, next_state)
            nest.assert_same_structure(arrays, outputs)
            nest.assert_same_structure(inputs, next_inputs)
            emit = outputs
            if impute_finished:
                emit = nest.map_structure(
                    lambda new, zero: array_ops.where(finished, zero, new), outputs, zero_outputs
                )
                next_state = nest.map_structure(
                    lambda new, old: _keep_finished(finished, new, old), next_state, state
                )
            arrays = nest.map_structure(lambda a, e: a.write(time, e), arrays, emit)
            return time + 1, arrays, next_state, next_inputs, next_finished, next_lengths

        _, arrays, final_state, _, _, final_lengths = control_flow_ops.while_loop(
            condition,
            body,
            loop_vars=(time, arrays, state, inputs, finished, lengths),
            parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )
        outputs = nest.map_structure(lambda a: a.stack(), arrays)
        try:
            outputs, final_state = decoder.finalize(outputs, final_state, final_lengths)
        except NotImplementedError:
            pass
        if not output_time_major:
            outputs = nest.map_structure(rnn.transpose_batch_time, outputs)
    return outputs, final_state, final_lengths


def _keep_finished(finished, new, old):
    if isinstance(old, tensor_array_ops.TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else array_ops.where(finished, old, new)
