# SPDX-License-Identifier: Apache-2.0
"""The decoder that samples one sequence for each row, as its helper says."""

import collections

from caudal.contrib.seq2seq import decoder
from caudal.contrib.seq2seq.helper import Helper
from caudal.framework import nest, ops, tensor_shape
from caudal.layers import engine
from caudal.layers.rnn_cell_base import as_sizes, assert_like_rnncell

BasicDecoderOutput = collections.namedtuple("BasicDecoderOutput", ("rnn_output", "sample_id"))
BasicDecoderOutput.__doc__ = "What BasicDecoder puts out: outputs of the cell, and sampled ids."


def layer_output_size(layer, size):
    """Sizes (without the batch) of what a layer makes of outputs of nested sizes."""
    if layer is None:
        return size
    with_batch = nest.map_structure(
        lambda s: tensor_shape.TensorShape([None]).concatenate(as_sizes(s)), size
    )
    made = layer.compute_output_shape(with_batch)
    return nest.map_structure(lambda s: tensor_shape.as_shape(s)[1:], made)


class BasicDecoder(decoder.Decoder):
    """Runs a cell on what a helper gives it.

    Args:
      cell: an RNNCell.
      helper: a Helper.
      initial_state: state of the cell to begin with.
      output_layer: a layer for the outputs, or None.

    Raises:
      TypeError: for arguments of other types.
    """

    def __init__(self, cell, helper, initial_state, output_layer=None):
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError("helper must be a Helper, received: %s" % type(helper))
        if output_layer is not None and not isinstance(output_layer, engine.Layer):
            raise TypeError("output_layer must be a Layer, received: %s" % type(output_layer))
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self):
        return self._helper.batch_size

    def _rnn_output_size(self):
        return layer_output_size(self._output_layer, self._cell.output_size)

    @property
    def output_size(self):
        return BasicDecoderOutput(
            rnn_output=self._rnn_output_size(), sample_id=self._helper.sample_ids_shape
        )

    @property
    def output_dtype(self):
        dtype = nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(
            nest.map_structure(lambda _: dtype, self._rnn_output_size()),
            self._helper.sample_ids_dtype,
        )

    def initialize(self, name=None):
        """Returns (finished, first inputs, first state)."""
        return self._helper.initialize() + (self._initial_state,)

    def step(self, time, inputs, state, name=None):
        """Returns (BasicDecoderOutput, next state, next inputs, finished)."""
        with ops.name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            sample_ids = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )
        return BasicDecoderOutput(outputs, sample_ids), next_state, next_inputs, finished
