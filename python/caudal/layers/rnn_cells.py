# SPDX-License-Identifier: Apache-2.0
"""The cells of tf.nn.rnn_cell that compute: plain, GRU and LSTM."""

from caudal.framework import ops
from caudal.layers import base, lookup
from caudal.layers.rnn_cell_base import (
    BIAS_NAME,
    WEIGHTS_NAME,
    LayerRNNCell,
    LSTMStateTuple,
    check_supported_dtypes,
    initializer_config,
    input_depth,
)
from caudal.ops import array_ops, clip_ops, init_ops, math_ops, matmul_ops, nn_ops
from caudal.platform import tf_logging as logging


def _shards(count):
    """A partitioner into `count` parts along the first axis."""
    if count is None:
        return None
    return lambda shape, dtype, **kwargs: [count] + [1] * (len(shape) - 1)


def activation_name(function):
    return getattr(function, "__name__", str(function))


class BasicRNNCell(LayerRNNCell):
    """output = state = activation(W [input, state] + b).

    Args:
      num_units: size of state and output.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
      dtype: of the variables; default: that of the inputs.
    """

    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None, **kwargs):
        check_supported_dtypes(dtype)
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = lookup.activation(activation) if activation else math_ops.tanh

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        depth = input_depth(inputs_shape)
        check_supported_dtypes(self.dtype)
        self._kernel = self.add_variable(
            WEIGHTS_NAME, shape=[depth + self._num_units, self._num_units]
        )
        self._bias = self.add_variable(
            BIAS_NAME,
            shape=[self._num_units],
            initializer=init_ops.zeros_initializer(dtype=self.dtype),
        )
        self.built = True

    def call(self, inputs, state):
        gate = matmul_ops.matmul(array_ops.concat([inputs, state], 1), self._kernel)
        output = self._activation(nn_ops.bias_add(gate, self._bias))
        return output, output

    def get_config(self):
        config = {
            "num_units": self._num_units,
            "activation": activation_name(self._activation),
            "reuse": self._reuse,
        }
        return {**super().get_config(), **config}


class GRUCell(LayerRNNCell):
    """Gated recurrent unit (Cho et al. 2014).

    Args:
      num_units: size of state and output.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      kernel_initializer, bias_initializer: initializers; the bias of the gates starts at 1.
      name: name of the layer.
      dtype: of the variables; default: that of the inputs.
    """

    def __init__(self, num_units, activation=None, reuse=None, kernel_initializer=None,
                 bias_initializer=None, name=None, dtype=None, **kwargs):  # fmt: skip
        check_supported_dtypes(dtype)
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = lookup.activation(activation) if activation else math_ops.tanh
        self._kernel_initializer = lookup.initializer(kernel_initializer)
        self._bias_initializer = lookup.initializer(bias_initializer)

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        depth = input_depth(inputs_shape) + self._num_units
        check_supported_dtypes(self.dtype)
        size = self._num_units

        def variables(name, count, bias):
            if self._bias_initializer is not None:
                bias = self._bias_initializer
            return (
                self.add_variable(
                    name + "/" + WEIGHTS_NAME,
                    shape=[depth, count],
                    initializer=self._kernel_initializer,
                ),
                self.add_variable(name + "/" + BIAS_NAME, shape=[count], initializer=bias),
            )

        self._gate_kernel, self._gate_bias = variables(
            "gates", 2 * size, init_ops.constant_initializer(1.0, dtype=self.dtype)
        )
        self._candidate_kernel, self._candidate_bias = variables(
            "candidate", size, init_ops.zeros_initializer(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs, state):
        gates = matmul_ops.matmul(array_ops.concat([inputs, state], 1), self._gate_kernel)
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self._gate_bias))
        reset, update = array_ops.split(gates, num_or_size_splits=2, axis=1)
        candidate = matmul_ops.matmul(
            array_ops.concat([inputs, reset * state], 1), self._candidate_kernel
        )
        candidate = self._activation(nn_ops.bias_add(candidate, self._candidate_bias))
        new_state = update * state + (1 - update) * candidate
        return new_state, new_state

    def get_config(self):
        config = {
            "num_units": self._num_units,
            "kernel_initializer": initializer_config(self._kernel_initializer),
            "bias_initializer": initializer_config(self._bias_initializer),
            "activation": activation_name(self._activation),
            "reuse": self._reuse,
        }
        return {**super().get_config(), **config}


def _warn_of_joined_state(cell):
    logging.warning(
        "%s: Using a concatenated state is slower and will soon be deprecated. Use "
        "state_is_tuple=True.",
        cell,
    )


class BasicLSTMCell(LayerRNNCell):
    """LSTM without peepholes, clipping or projection (Zaremba et al. 2014).

    Args:
      num_units: size of output and of both parts of the state.
      forget_bias: added to the forget gate; 0 to load weights trained by CudnnLSTM.
      state_is_tuple: True: the state is LSTMStateTuple(c, h); False: both in one tensor.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
      dtype: of the variables; default: that of the inputs.
    """

    def __init__(self, num_units, forget_bias=1.0, state_is_tuple=True, activation=None,
                 reuse=None, name=None, dtype=None, **kwargs):  # fmt: skip
        check_supported_dtypes(dtype)
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        if not state_is_tuple:
            _warn_of_joined_state(self)
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = lookup.activation(activation) if activation else math_ops.tanh

    @property
    def state_size(self):
        if self._state_is_tuple:
            return LSTMStateTuple(self._num_units, self._num_units)
        return 2 * self._num_units

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        depth = input_depth(inputs_shape)
        check_supported_dtypes(self.dtype)
        self._kernel = self.add_variable(
            WEIGHTS_NAME, shape=[depth + self._num_units, 4 * self._num_units]
        )
        self._bias = self.add_variable(
            BIAS_NAME,
            shape=[4 * self._num_units],
            initializer=init_ops.zeros_initializer(dtype=self.dtype),
        )
        self.built = True

    def call(self, inputs, state):
        one = ops.convert_to_tensor(1, name="Const")
        if self._state_is_tuple:
            c, h = state
        else:
            c, h = array_ops.split(value=state, num_or_size_splits=2, axis=one)
        gates = matmul_ops.matmul(array_ops.concat([inputs, h], 1), self._kernel)
        gates = nn_ops.bias_add(gates, self._bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = ops.convert_to_tensor(self._forget_bias, dtype=f.dtype, name="Const")
        sigmoid, add, multiply = math_ops.sigmoid, math_ops.add, math_ops.multiply
        new_c = add(
            multiply(c, sigmoid(add(f, forget_bias))), multiply(sigmoid(i), self._activation(j))
        )
        new_h = multiply(self._activation(new_c), sigmoid(o))
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, array_ops.concat([new_c, new_h], 1)

    def get_config(self):
        config = {
            "num_units": self._num_units,
            "forget_bias": self._forget_bias,
            "state_is_tuple": self._state_is_tuple,
            "activation": activation_name(self._activation),
            "reuse": self._reuse,
        }
        return {**super().get_config(), **config}


class LSTMCell(LayerRNNCell):
    """LSTM with optional peepholes, clipping and projection (Sak et al. 2014).

    Args:
      num_units: size of the cell's memory.
      use_peepholes: whether the gates see the memory.
      cell_clip: if given, the memory is clipped to [-cell_clip, cell_clip].
      initializer: of the weights.
      num_proj: if given, the output is projected to this size.
      proj_clip: with `num_proj`: the projection is clipped to [-proj_clip, proj_clip].
      num_unit_shards, num_proj_shards: old; use a partitioner of the variable scope.
      forget_bias: added to the forget gate.
      state_is_tuple: True: the state is LSTMStateTuple(c, h); False: both in one tensor.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
      dtype: of the variables; default: that of the inputs.
    """

    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None,
                 num_proj=None, proj_clip=None, num_unit_shards=None, num_proj_shards=None,
                 forget_bias=1.0, state_is_tuple=True, activation=None, reuse=None, name=None,
                 dtype=None, **kwargs):  # fmt: skip
        check_supported_dtypes(dtype)
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        if not state_is_tuple:
            _warn_of_joined_state(self)
        if num_unit_shards is not None or num_proj_shards is not None:
            logging.warning(
                "%s: The num_unit_shards and proj_unit_shards parameters are deprecated: a "
                "variable scope with a partitioner does the same",
                self,
            )
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = lookup.initializer(initializer)
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = lookup.activation(activation) if activation else math_ops.tanh
        self._output_size = num_proj if num_proj else num_units
        if state_is_tuple:
            self._state_size = LSTMStateTuple(num_units, self._output_size)
        else:
            self._state_size = num_units + self._output_size

    @property
    def state_size(self):
        return self._state_size

    @property
    def output_size(self):
        return self._output_size

    def build(self, inputs_shape):
        depth = input_depth(inputs_shape)
        check_supported_dtypes(self.dtype)
        size = self._num_units
        self._kernel = self.add_variable(
            WEIGHTS_NAME,
            shape=[depth + self._output_size, 4 * size],
            initializer=self._initializer,
            partitioner=_shards(self._num_unit_shards),
        )
        self._bias = self.add_variable(
            BIAS_NAME, shape=[4 * size], initializer=init_ops.zeros_initializer(dtype=self.dtype)
        )
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = [
                self.add_variable(name, shape=[size], initializer=self._initializer)
                for name in ("w_f_diag", "w_i_diag", "w_o_diag")
            ]
        if self._num_proj is not None:
            self._proj_kernel = self.add_variable(
                "projection/" + WEIGHTS_NAME,
                shape=[size, self._num_proj],
                initializer=self._initializer,
                partitioner=_shards(self._num_proj_shards),
            )
        self.built = True

    def call(self, inputs, state):
        sigmoid, size = math_ops.sigmoid, self._num_units
        if self._state_is_tuple:
            c, h = state
        else:
            c = array_ops.slice(state, [0, 0], [-1, size])
            h = array_ops.slice(state, [0, size], [-1, self._output_size])
        if inputs.get_shape().with_rank(2)[1].value is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        gates = matmul_ops.matmul(array_ops.concat([inputs, h], 1), self._kernel)
        gates = nn_ops.bias_add(gates, self._bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=1)
        if self._use_peepholes:
            new_c = sigmoid(f + self._forget_bias + self._w_f_diag * c) * c + sigmoid(
                i + self._w_i_diag * c
            ) * self._activation(j)
        else:
            new_c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            new_c = clip_ops.clip_by_value(new_c, -self._cell_clip, self._cell_clip)
        if self._use_peepholes:
            new_h = sigmoid(o + self._w_o_diag * new_c) * self._activation(new_c)
        else:
            new_h = sigmoid(o) * self._activation(new_c)
        if self._num_proj is not None:
            new_h = matmul_ops.matmul(new_h, self._proj_kernel)
            if self._proj_clip is not None:
                new_h = clip_ops.clip_by_value(new_h, -self._proj_clip, self._proj_clip)
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, array_ops.concat([new_c, new_h], 1)

    def get_config(self):
        config = {
            "num_units": self._num_units,
            "use_peepholes": self._use_peepholes,
            "cell_clip": self._cell_clip,
            "initializer": initializer_config(self._initializer),
            "num_proj": self._num_proj,
            "proj_clip": self._proj_clip,
            "num_unit_shards": self._num_unit_shards,
            "num_proj_shards": self._num_proj_shards,
            "forget_bias": self._forget_bias,
            "state_is_tuple": self._state_is_tuple,
            "activation": activation_name(self._activation),
            "reuse": self._reuse,
        }
        return {**super().get_config(), **config}
