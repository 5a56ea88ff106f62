# SPDX-License-Identifier: Apache-2.0
"""A cell with attention over a memory."""

import collections

from caudal.contrib.seq2seq.attention import AttentionMechanism
from caudal.framework import dtypes, nest, ops, tensor_shape
from caudal.layers.rnn_cell_base import RNNCell, assert_like_rnncell, zero_state_tensors
from caudal.ops import array_ops, check_ops, matmul_ops, tensor_array_ops

_TILE_HINT = (
    "Are you using the BeamSearchDecoder?  You may need to tile your %s via the "
    "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
)


class AttentionWrapperState(
    collections.namedtuple(
        "AttentionWrapperState",
        (
            "cell_state",
            "attention",
            "time",
            "alignments",
            "alignment_history",
            "attention_state",
        ),
    )
):
    """State of an AttentionWrapper."""

    def clone(self, **kwargs):
        """A copy with other fields; tensors must have the shapes of those they replace."""

        def with_same_shape(old, new):
            if isinstance(old, ops.Tensor) and isinstance(new, ops.Tensor):
                if not old.shape.is_compatible_with(new.shape):
                    raise ValueError(
                        "The shape of the AttentionWrapperState is expected to be same as the one "
                        "that it replaces: %s, not %s" % (old.shape, new.shape)
                    )
                new.set_shape(old.shape)
            return new

        return nest.map_structure(with_same_shape, self, super()._replace(**kwargs))


def _compute_attention(attention_mechanism, cell_output, attention_state, attention_layer):
    """(attention, alignments, next state) of one mechanism."""
    alignments, next_state = attention_mechanism(cell_output, state=attention_state)
    # [batch, 1, time] x [batch, time, size]
    context = matmul_ops.matmul(array_ops.expand_dims(alignments, 1), attention_mechanism.values)
    context = array_ops.squeeze(context, [1])
    if attention_layer is None:
        return context, alignments, next_state
    return attention_layer(array_ops.concat([cell_output, context], 1)), alignments, next_state


class AttentionWrapper(RNNCell):
    """Runs a cell on inputs joined with the last attention, then attends with its output.

    Args:
      cell: an RNNCell.
      attention_mechanism: an AttentionMechanism, or a list of them.
      attention_layer_size: size of a linear layer on [output, context], for each mechanism;
        default none: the attention is the context.
      alignment_history: whether the state keeps the alignments of all steps in a TensorArray.
      cell_input_fn: function (inputs, attention) -> inputs of the cell; default joins them.
      output_attention: whether the output is the attention; else that of the cell.
      initial_cell_state: for `zero_state`.
      name: name of the layer.
      attention_layer: layer, or list of them, instead of `attention_layer_size`.
      attention_fn: function (mechanism, output, state, layer) -> (attention, alignments, state).
      dtype: of the layers.
    """

    def __init__(self, cell, attention_mechanism, attention_layer_size=None,
                 alignment_history=False, cell_input_fn=None, output_attention=True,
                 initial_cell_state=None, name=None, attention_layer=None, attention_fn=None,
                 dtype=None):  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        mechanisms = attention_mechanism if self._is_multi else (attention_mechanism,)
        for mechanism in mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                raise TypeError(
                    (
                        "attention_mechanism must contain only instances of AttentionMechanism, "
                        "saw type: %s"
                        if self._is_multi
                        else "attention_mechanism must be an AttentionMechanism or list of "
                        "multiple AttentionMechanism instances, saw type: %s"
                    )
                    % type(mechanism).__name__
                )
        if cell_input_fn is None:
            cell_input_fn = lambda inputs, attention: array_ops.concat(  # noqa: E731
                [inputs, attention], -1
            )
        elif not callable(cell_input_fn):
            raise TypeError(
                "cell_input_fn must be callable, saw type: %s" % type(cell_input_fn).__name__
            )
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        self._attention_mechanisms = tuple(mechanisms)
        self._make_layers(cell, attention_layer_size, attention_layer, dtype)
        self._attention_fn = attention_fn or _compute_attention
        self._cell = cell
        self._cell_input_fn = cell_input_fn
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        with ops.name_scope(name, "AttentionWrapperInit"):
            if initial_cell_state is None:
                self._initial_cell_state = None
            else:
                final = nest.flatten(initial_cell_state)[-1]
                batch = final.shape[0].value or array_ops.shape(final)[0]
                message = (
                    "When constructing AttentionWrapper %s: Non-matching batch sizes between the "
                    "memory (encoder output) and initial_cell_state. " % self._base_name
                ) + _TILE_HINT % "initial state"
                with ops.control_dependencies(self._batch_size_checks(batch, message)):
                    self._initial_cell_state = nest.map_structure(
                        lambda s: array_ops.identity(s, name="check_initial_cell_state"),
                        initial_cell_state,
                    )

    def _make_layers(self, cell, sizes, layers, dtype):
        mechanisms = self._attention_mechanisms
        for given, what in ((sizes, "attention_layer_size"), (layers, "attention_layer")):
            if isinstance(given, (list, tuple)) and len(given) != len(mechanisms):
                raise ValueError(
                    "If provided, %s must contain exactly one %s per attention_mechanism, saw: "
                    "%d vs %d"
                    % (
                        what,
                        "integer" if given is sizes else "layer",
                        len(given),
                        len(mechanisms),
                    )
                )
        depths = [m.values.get_shape()[-1].value for m in mechanisms]
        if sizes is not None:
            sizes = tuple(sizes) if isinstance(sizes, (list, tuple)) else (sizes,)
            if len(sizes) != len(mechanisms):
                raise ValueError(
                    "If provided, attention_layer_size must contain exactly one integer per "
                    "attention_mechanism, saw: %d vs %d" % (len(sizes), len(mechanisms))
                )
            self._attention_layers = tuple(_attention_layer(size, dtype) for size in sizes)
            self._attention_layer_size = sum(sizes)
        elif layers is not None:
            layers = tuple(layers) if isinstance(layers, (list, tuple)) else (layers,)
            self._attention_layers = layers
            self._attention_layer_size = sum(
                tensor_shape.as_shape(layer.compute_output_shape([None, cell.output_size + depth]))[
                    -1
                ].value
                for layer, depth in zip(layers, depths)
            )
        else:
            self._attention_layers = None
            self._attention_layer_size = sum(depths)

    def _batch_size_checks(self, batch_size, message):
        return [
            check_ops.assert_equal(batch_size, mechanism.batch_size, message=message)
            for mechanism in self._attention_mechanisms
        ]

    def _item_or_tuple(self, items):
        items = tuple(items)
        return items if self._is_multi else items[0]

    @property
    def output_size(self):
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self):
        """The sizes of the state as an AttentionWrapperState."""
        mechanisms = self._attention_mechanisms
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=tensor_shape.TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(m.alignments_size for m in mechanisms),
            attention_state=self._item_or_tuple(m.state_size for m in mechanisms),
            alignment_history=self._item_or_tuple(
                m.alignments_size if self._alignment_history else () for m in mechanisms
            ),
        )

    def zero_state(self, batch_size, dtype):
        """An AttentionWrapperState to begin with.

        Args:
          batch_size: int or int32 scalar tensor.
          dtype: dtype of the state.

        Raises:
          InvalidArgumentError (at run time or before): if the memory has another batch size.
        """
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            if self._initial_cell_state is not None:
                cell_state = self._initial_cell_state
            else:
                cell_state = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            message = (
                "When calling zero_state of AttentionWrapper %s: Non-matching batch sizes between "
                "the memory (encoder output) and the requested batch size.  " % self._base_name
            ) + _TILE_HINT % "encoder output"
            with ops.control_dependencies(self._batch_size_checks(batch_size, message)):
                cell_state = nest.map_structure(
                    lambda s: array_ops.identity(s, name="checked_cell_state"), cell_state
                )
            mechanisms = self._attention_mechanisms
            alignments = [m.initial_alignments(batch_size, dtype) for m in mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=array_ops.zeros([], dtype=dtypes.int32),
                attention=zero_state_tensors(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in mechanisms
                ),
                alignment_history=self._item_or_tuple(
                    tensor_array_ops.TensorArray(
                        dtype, size=0, dynamic_size=True, element_shape=a.shape
                    )
                    if self._alignment_history
                    else ()
                    for a in alignments
                ),
            )

    def call(self, inputs, state):
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. Received type %s instead."
                % type(state)
            )
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        cell_output, next_cell_state = self._cell(cell_inputs, state.cell_state)
        batch = cell_output.shape[0].value or array_ops.shape(cell_output)[0]
        message = (
            "When applying AttentionWrapper %s: Non-matching batch sizes between the memory "
            "(encoder output) and the query (decoder output).  " % self.name
        ) + _TILE_HINT % "memory input"
        with ops.control_dependencies(self._batch_size_checks(batch, message)):
            cell_output = array_ops.identity(cell_output, name="checked_cell_output")
        if self._is_multi:
            previous_states, history = state.attention_state, state.alignment_history
        else:
            previous_states, history = [state.attention_state], [state.alignment_history]
        attentions, alignments, states, histories = [], [], [], []
        for i, mechanism in enumerate(self._attention_mechanisms):
            attention, alignment, next_state = self._attention_fn(
                mechanism,
                cell_output,
                previous_states[i],
                self._attention_layers[i] if self._attention_layers else None,
            )
            histories.append(
                history[i].write(state.time, alignment) if self._alignment_history else ()
            )
            attentions.append(attention)
            alignments.append(alignment)
            states.append(next_state)
        attention = array_ops.concat(attentions, 1)
        next_state = AttentionWrapperState(
            time=state.time + 1,
            cell_state=next_cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(histories),
        )
        return (attention if self._output_attention else cell_output), next_state


def _attention_layer(size, dtype):
    from caudal.layers import core

    return core.Dense(size, name="attention_layer", use_bias=False, dtype=dtype)
