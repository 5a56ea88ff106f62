# SPDX-License-Identifier: Apache-2.0
"""Cells that TensorFlow computes with one op each; here plans fuse what they are made of."""

from caudal.contrib.rnn.fused import FusedRNNCell
from caudal.framework import dtypes, ops
from caudal.layers import base, rnn
from caudal.layers.rnn_cell_base import LayerRNNCell, LSTMStateTuple, input_depth
from caudal.ops import (
    array_ops,
    clip_ops,
    init_ops,
    math_ops,
    matmul_ops,
    nn_ops,
)


def _lstm_step(x, c, h, kernel, bias, peepholes, forget_bias, cell_clip):
    """(new c, new h). `peepholes`: vectors for input, forget and output gate, or None."""
    sigmoid = math_ops.sigmoid
    gates = matmul_ops.matmul(array_ops.concat([x, h], 1), kernel)
    i, j, f, o = array_ops.split(value=nn_ops.bias_add(gates, bias), num_or_size_splits=4, axis=1)
    f = f + forget_bias
    if peepholes is not None:
        w_i, w_f, w_o = peepholes
        i, f = i + w_i * c, f + w_f * c
    c = sigmoid(f) * c + sigmoid(i) * math_ops.tanh(j)
    if cell_clip > 0:
        # TensorFlow's gradient of the whole cell passes through the clip.
        clipped = clip_ops.clip_by_value(c, -cell_clip, cell_clip)
        c = c + array_ops.stop_gradient(clipped - c)
    if peepholes is not None:
        o = o + w_o * c
    return c, sigmoid(o) * math_ops.tanh(c)


def _make_lstm_variables(layer, depth, num_units, use_peephole):
    """Sets kernel, bias and peepholes of a layer."""
    layer._kernel = layer.add_variable("kernel", [depth + num_units, 4 * num_units])
    layer._bias = layer.add_variable(
        "bias", [4 * num_units], initializer=init_ops.constant_initializer(0.0)
    )
    layer._peepholes = None
    if use_peephole:
        layer._peepholes = [
            layer.add_variable(name, [num_units]) for name in ("w_i_diag", "w_f_diag", "w_o_diag")
        ]


class LSTMBlockCell(LayerRNNCell):
    """LSTM; its weights fit LSTMCell and BasicLSTMCell of the same name.

    Args:
      num_units: size of output and of both parts of the state.
      forget_bias: added to the forget gate.
      cell_clip: if given and positive, the memory is clipped to [-cell_clip, cell_clip].
      use_peephole: whether the gates see the memory.
      dtype: of the variables.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
    """

    def __init__(self, num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, dtype=None,
                 reuse=None, name="lstm_cell"):  # fmt: skip
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._use_peephole = use_peephole
        self._cell_clip = cell_clip if cell_clip is not None else -1
        self.input_spec = base.InputSpec(ndim=2)

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        _make_lstm_variables(self, input_depth(inputs_shape), self._num_units, self._use_peephole)
        self.built = True

    def call(self, inputs, state):
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        c, h = _lstm_step(
            inputs, *state, self._kernel, self._bias, self._peepholes, self._forget_bias,
            self._cell_clip,
        )  # fmt: skip
        return h, LSTMStateTuple(c, h)


class GRUBlockCellV2(LayerRNNCell):
    """GRU; its weights fit GRUCell.

    Args:
      num_units, cell_size: size of state and output, under one of two names.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
    """

    _names = (("gates/kernel", "gates/bias"), ("candidate/kernel", "candidate/bias"))

    def __init__(self, num_units=None, cell_size=None, reuse=None, name="gru_cell"):
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size = num_units if num_units is not None else cell_size
        self.input_spec = base.InputSpec(ndim=2)

    @property
    def state_size(self):
        return self._cell_size

    @property
    def output_size(self):
        return self._cell_size

    def build(self, input_shape):
        depth, n = input_depth(input_shape), self._cell_size
        made = []
        for (kernel, bias), count, start in zip(self._names, (2 * n, n), (1.0, 0.0)):
            made.append(self.add_variable(kernel, [depth + n, count]))
            made.append(
                self.add_variable(bias, [count], initializer=init_ops.constant_initializer(start))
            )
        self._gate_kernel, self._gate_bias, self._candidate_kernel, self._candidate_bias = made
        self.built = True

    def call(self, inputs, h_prev):
        gates = matmul_ops.matmul(array_ops.concat([inputs, h_prev], 1), self._gate_kernel)
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self._gate_bias))
        reset, update = array_ops.split(gates, 2, 1)
        joined = array_ops.concat([inputs, reset * h_prev], 1)
        candidate = matmul_ops.matmul(joined, self._candidate_kernel)
        candidate = math_ops.tanh(nn_ops.bias_add(candidate, self._candidate_bias))
        new_h = update * h_prev + (1 - update) * candidate
        return new_h, new_h


class GRUBlockCell(GRUBlockCellV2):
    """GRUBlockCellV2 with older names of the variables."""

    _names = (("w_ru", "b_ru"), ("w_c", "b_c"))


class LSTMBlockWrapper(base.Layer):
    """Base class of layers that run an LSTM over a whole time-major sequence.

    A subclass defines `num_units` and `_call_cell(inputs, c, h, dtype, sequence_length)`.
    """

    @property
    def num_units(self):
        raise NotImplementedError

    def _call_cell(self, inputs, initial_cell_state, initial_output, dtype, sequence_length):
        """Returns (memories, outputs), both [time, batch, num_units]."""
        raise NotImplementedError

    def call(self, inputs, initial_state=None, dtype=None, sequence_length=None):
        """Runs the LSTM.

        Args:
          inputs: [time, batch, size], or a list of `time` matrices.
          initial_state: (c, h), each [batch, num_units]; default zeros of `dtype`.
          dtype: needed without `initial_state`.
          sequence_length: int vector [batch]; default: all steps.

        Returns:
          (outputs in the form of `inputs`, (last c, last h)).
        """
        is_list = isinstance(inputs, list)
        if is_list:
            inputs = array_ops.stack(inputs)
        shape = inputs.get_shape().with_rank(3)
        if not shape[2].value:
            raise ValueError("Expecting inputs_shape[2] to be set: %s" % shape)
        batch_size = shape[1].value
        if batch_size is None:
            batch_size = array_ops.shape(inputs)[1]
        steps = shape[0].value
        if steps is None:
            steps = array_ops.shape(inputs)[0]
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            zeros = array_ops.zeros(array_ops.stack([batch_size, self.num_units]), dtype=dtype)
            initial_state = zeros, zeros
        else:
            if len(initial_state) != 2:
                raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
            if dtype is None:
                dtype = initial_state[0].dtype
        if sequence_length is not None:
            sequence_length = math_ops.to_int32(sequence_length)
        memories, outputs = self._call_cell(inputs, *initial_state, dtype, sequence_length)
        if sequence_length is not None:
            mask = array_ops.transpose(
                array_ops.sequence_mask(sequence_length, steps, dtype=outputs.dtype), [1, 0]
            )
            outputs = outputs * array_ops.expand_dims(mask, [-1])
            # Row t of these is the state after t steps.
            after_c = array_ops.concat([[initial_state[0]], memories], 0)
            after_h = array_ops.concat([[initial_state[1]], outputs], 0)
            where = array_ops.stack([sequence_length, array_ops.range(batch_size)], axis=1)
            final = (array_ops.gather_nd(after_c, where), array_ops.gather_nd(after_h, where))
        else:
            final = (memories[-1], outputs[-1])
        if is_list:
            outputs = array_ops.unstack(outputs)
        return outputs, LSTMStateTuple(*final)


class LSTMBlockFusedCell(LSTMBlockWrapper, FusedRNNCell):
    """LSTM over a whole time-major sequence.

    Args:
      num_units: size of output and of both parts of the state.
      forget_bias: added to the forget gate.
      cell_clip: if given and positive, the memory is clipped to [-cell_clip, cell_clip].
      use_peephole: whether the gates see the memory.
      reuse: whether to reuse variables that exist.
      dtype: of the variables.
      name: name of the layer.
    """

    def __init__(self, num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, reuse=None,
                 dtype=None, name="lstm_fused_cell"):  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._cell_clip = cell_clip if cell_clip is not None else -1
        self._use_peephole = use_peephole
        self.input_spec = base.InputSpec(ndim=3)

    @property
    def num_units(self):
        return self._num_units

    def build(self, input_shape):
        _make_lstm_variables(self, input_depth(input_shape), self._num_units, self._use_peephole)
        self.built = True

    def _call_cell(self, inputs, initial_cell_state=None, initial_output=None, dtype=None,
                   sequence_length=None):  # fmt: skip
        step = _Step(self)
        state = (
            ops.convert_to_tensor(initial_cell_state, dtype=dtypes.as_dtype(dtype)),
            ops.convert_to_tensor(initial_output, dtype=dtypes.as_dtype(dtype)),
        )
        # Steps beyond the longest sequence are not run; TensorFlow leaves them at zero, too.
        outputs, _ = rnn._loop(step, inputs, state, sequence_length, 32, False, dtype)
        return outputs


class _Step:
    """One step of a fused cell, as the loop of dynamic_rnn takes it; its outputs are c and h."""

    def __init__(self, layer):
        self._layer = layer
        self.output_size = (layer.num_units, layer.num_units)

    def __call__(self, x, state):
        layer = self._layer
        new = _lstm_step(
            x, *state, layer._kernel, layer._bias, layer._peepholes, layer._forget_bias,
            layer._cell_clip,
        )  # fmt: skip
        return new, new
