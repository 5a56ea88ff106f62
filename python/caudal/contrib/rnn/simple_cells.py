# SPDX-License-Identifier: Apache-2.0
"""Cells with few gates: UGRNN, intersection, SRU, IndRNN and its relatives, NAS."""

from caudal.contrib.rnn.linear import Linear
from caudal.framework import ops
from caudal.layers import base, lookup
from caudal.layers.rnn_cell_base import (
    LayerRNNCell,
    LSTMStateTuple,
    RNNCell,
    input_depth,
)
from caudal.ops import array_ops, init_ops, math_ops, matmul_ops, nn_ops, variable_scope


def _known_size(inputs, with_rank=True):
    shape = inputs.get_shape().with_rank(2) if with_rank else inputs.get_shape()
    if shape[1].value is None:
        raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
    return shape[1].value


class _OneSize:
    """For cells whose state and output both have the size `_num_units`."""

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units


class UGRNNCell(_OneSize, RNNCell):
    """Update gate RNN (Collins et al. 2016): one gate that mixes the state with a new one.

    Args:
      num_units: size of state and output.
      initializer: of the kernel.
      forget_bias: added to the gate.
      activation: of the new state.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, initializer=None, forget_bias=1.0, activation=math_ops.tanh,
                 reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation

    def call(self, inputs, state):
        _known_size(inputs)
        scope = variable_scope.get_variable_scope()
        with variable_scope.variable_scope(scope, initializer=self._initializer):
            cell_inputs = array_ops.concat([inputs, state], 1)
            product = Linear(cell_inputs, 2 * self._num_units, True)(cell_inputs)
            gate, new = array_ops.split(value=product, num_or_size_splits=2, axis=1)
            new = self._activation(new)
            gate = math_ops.sigmoid(gate + self._forget_bias)
            new_state = gate * state + (1.0 - gate) * new
        return new_state, new_state


class IntersectionRNNCell(_OneSize, RNNCell):
    """The +RNN (Collins et al. 2016): gates along time and along depth.

    Args:
      num_units: size of state and output.
      num_in_proj: if given, inputs are projected to this size, which must be `num_units`.
      initializer: of the kernels.
      forget_bias: added to both gates.
      y_activation: of the output.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, num_in_proj=None, initializer=None, forget_bias=1.0,
                 y_activation=nn_ops.relu, reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._num_input_proj = num_in_proj
        self._y_activation = y_activation

    def call(self, inputs, state):
        size, n = _known_size(inputs), self._num_units
        scope = variable_scope.get_variable_scope()
        with variable_scope.variable_scope(scope, initializer=self._initializer):
            if size != n:
                if self._num_input_proj != n:
                    raise ValueError(
                        "Must have input size == output size for Intersection RNN. To get it, "
                        "give num_in_proj == num_units"
                    )
                with variable_scope.variable_scope("in_projection"):
                    inputs = Linear(inputs, self._num_input_proj, True)(inputs)
            cell_inputs = array_ops.concat([inputs, state], 1)
            product = Linear(cell_inputs, 4 * n, True)(cell_inputs)
            gate_h, h, gate_y, y = (product[:, i * n : (i + 1) * n] for i in range(4))
            h = math_ops.tanh(h)
            y = self._y_activation(y)
            gate_h = math_ops.sigmoid(gate_h + self._forget_bias)
            gate_y = math_ops.sigmoid(gate_y + self._forget_bias)
            new_state = gate_h * state + (1.0 - gate_h) * h
            new_y = gate_y * inputs + (1.0 - gate_y) * y
        return new_y, new_state


class SRUCell(_OneSize, LayerRNNCell):
    """Simple recurrent unit (Lei et al. 2017): the gates do not see the state.

    Args:
      num_units: size of state and output.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
    """

    def __init__(self, num_units, activation=None, reuse=None, name=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, **kwargs)
        self._num_units = num_units
        self._activation = lookup.activation(activation) if activation else math_ops.tanh
        self.input_spec = base.InputSpec(ndim=2)

    def build(self, inputs_shape):
        depth, n = _depth(inputs_shape), self._num_units
        self._kernel = self.add_variable("kernel", shape=[depth, 4 * n])
        self._bias = self.add_variable(
            "bias", shape=[2 * n], initializer=init_ops.zeros_initializer
        )
        self.built = True

    def call(self, inputs, state):
        product = matmul_ops.matmul(inputs, self._kernel)
        new, forget, reset, residual = array_ops.split(value=product, num_or_size_splits=4, axis=1)
        gates = nn_ops.bias_add(array_ops.concat([forget, reset], 1), self._bias)
        forget, reset = array_ops.split(value=math_ops.sigmoid(gates), num_or_size_splits=2, axis=1)
        c = forget * state + (1.0 - forget) * new
        h = reset * self._activation(c) + (1.0 - reset) * residual
        return h, c


def _depth(inputs_shape):
    try:
        return input_depth(inputs_shape)
    except ValueError:
        raise ValueError(
            "Expected inputs.shape[-1] to be known, saw shape: %s" % (inputs_shape,)
        ) from None


def _recurrent():
    return init_ops.random_uniform_initializer(minval=-1, maxval=1)


class IndRNNCell(_OneSize, LayerRNNCell):
    """Independently recurrent network (Li et al. 2018): the recurrent weights are a vector.

    Args:
      num_units: size of state and output.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      name: name of the layer.
      dtype: of the variables.
    """

    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None):
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = lookup.activation(activation) if activation else math_ops.tanh

    def build(self, inputs_shape):
        depth, n = _depth(inputs_shape), self._num_units
        self._kernel_w = self.add_variable("kernel_w", shape=[depth, n])
        self._kernel_u = self.add_variable("kernel_u", shape=[1, n], initializer=_recurrent())
        self._bias = self.add_variable(
            "bias", shape=[n], initializer=init_ops.zeros_initializer(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs, state):
        gate = matmul_ops.matmul(inputs, self._kernel_w) + state * self._kernel_u
        output = self._activation(nn_ops.bias_add(gate, self._bias))
        return output, output


class IndyGRUCell(_OneSize, LayerRNNCell):
    """GRU whose recurrent weights are vectors.

    Args:
      num_units: size of state and output.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      kernel_initializer, bias_initializer: initializers; the bias of the gates starts at 1.
      name: name of the layer.
      dtype: of the variables.
    """

    def __init__(self, num_units, activation=None, reuse=None, kernel_initializer=None,
                 bias_initializer=None, name=None, dtype=None):  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = lookup.activation(activation) if activation else math_ops.tanh
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    def build(self, inputs_shape):
        depth, n = _depth(inputs_shape), self._num_units

        def variables(scope, kernel, count, bias):
            if self._bias_initializer is not None:
                bias = self._bias_initializer
            return (
                self.add_variable(
                    "%s/%s" % (scope, kernel),
                    shape=[depth, count],
                    initializer=self._kernel_initializer,
                ),
                self.add_variable(
                    "%s/kernel_u" % scope, shape=[1, count], initializer=_recurrent()
                ),
                self.add_variable("%s/bias" % scope, shape=[count], initializer=bias),
            )

        self._gate_kernel_w, self._gate_kernel_u, self._gate_bias = variables(
            "gates", "kernel_w", 2 * n, init_ops.constant_initializer(1.0, dtype=self.dtype)
        )
        self._candidate_kernel_w, self._candidate_kernel_u, self._candidate_bias = variables(
            "candidate", "kernel", n, init_ops.zeros_initializer(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs, state):
        gates = matmul_ops.matmul(inputs, self._gate_kernel_w)
        gates = gates + array_ops.tile(state, [1, 2]) * self._gate_kernel_u
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self._gate_bias))
        reset, update = array_ops.split(value=gates, num_or_size_splits=2, axis=1)
        reset_state = reset * state
        candidate = matmul_ops.matmul(inputs, self._candidate_kernel_w)
        candidate = candidate + reset_state * self._candidate_kernel_u
        candidate = self._activation(nn_ops.bias_add(candidate, self._candidate_bias))
        new_state = update * state + (1 - update) * candidate
        return new_state, new_state


class IndyLSTMCell(LayerRNNCell):
    """LSTM whose recurrent weights are a vector (Gonnet and Deselaers 2019).

    Args:
      num_units: size of output and of both parts of the state.
      forget_bias: added to the forget gate.
      activation: function or its name; default tanh.
      reuse: whether to reuse variables that exist.
      kernel_initializer, bias_initializer: initializers.
      name: name of the layer.
      dtype: of the variables.
    """

    def __init__(self, num_units, forget_bias=1.0, activation=None, reuse=None,
                 kernel_initializer=None, bias_initializer=None, name=None,
                 dtype=None):  # fmt: skip
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self.input_spec = base.InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._activation = lookup.activation(activation) if activation else math_ops.tanh
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        depth, n = _depth(inputs_shape), self._num_units
        self._kernel_w = self.add_variable(
            "kernel_w", shape=[depth, 4 * n], initializer=self._kernel_initializer
        )
        self._kernel_u = self.add_variable("kernel_u", shape=[1, 4 * n], initializer=_recurrent())
        bias = self._bias_initializer
        if bias is None:
            bias = init_ops.zeros_initializer(dtype=self.dtype)
        self._bias = self.add_variable("bias", shape=[4 * n], initializer=bias)
        self.built = True

    def call(self, inputs, state):
        one = ops.convert_to_tensor(1, name="Const")
        c, h = state
        gates = matmul_ops.matmul(inputs, self._kernel_w)
        gates = gates + array_ops.tile(h, [1, 4]) * self._kernel_u
        gates = nn_ops.bias_add(gates, self._bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = ops.convert_to_tensor(self._forget_bias, dtype=f.dtype, name="Const")
        sigmoid, add, multiply = math_ops.sigmoid, math_ops.add, math_ops.multiply
        new_c = add(
            multiply(c, sigmoid(add(f, forget_bias))), multiply(sigmoid(i), self._activation(j))
        )
        new_h = multiply(self._activation(new_c), sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h)


class NASCell(LayerRNNCell):
    """The cell that architecture search found (Zoph and Le 2017).

    Args:
      num_units: size of the memory.
      num_proj: if given, the output is projected to this size.
      use_bias: whether there is a bias.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, num_proj=None, use_bias=False, reuse=None, **kwargs):
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias
        self._output_size = num_units if num_proj is None else num_proj

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._output_size)

    @property
    def output_size(self):
        return self._output_size

    def build(self, inputs_shape):
        depth, n = input_depth(inputs_shape), self._num_units
        self._recurrent_kernel = self.add_variable("recurrent_kernel", [self._output_size, 8 * n])
        self._kernel = self.add_variable("kernel", [depth, 8 * n])
        if self._use_bias:
            self._bias = self.add_variable("bias", [8 * n], initializer=init_ops.zeros_initializer)
        if self._num_proj is not None:
            self._projection_weights = self.add_variable("projection_weights", [n, self._num_proj])
        self.built = True

    def call(self, inputs, state):
        sigmoid, tanh, relu = math_ops.sigmoid, math_ops.tanh, nn_ops.relu
        c, h = state
        from_state = matmul_ops.matmul(h, self._recurrent_kernel)
        from_inputs = matmul_ops.matmul(inputs, self._kernel)
        if self._use_bias:
            from_state = nn_ops.bias_add(from_state, self._bias)
        s = array_ops.split(axis=1, num_or_size_splits=8, value=from_state)
        x = array_ops.split(axis=1, num_or_size_splits=8, value=from_inputs)
        first = [
            sigmoid(x[0] + s[0]),
            relu(x[1] + s[1]),
            sigmoid(x[2] + s[2]),
            relu(x[3] * s[3]),
            tanh(x[4] + s[4]),
            sigmoid(x[5] + s[5]),
            tanh(x[6] + s[6]),
            sigmoid(x[7] + s[7]),
        ]
        second = [
            tanh(first[0] * first[1]),
            tanh(first[2] + first[3]),
            tanh(first[4] * first[5]),
            sigmoid(first[6] + first[7]),
        ]
        # The memory comes in here.
        second[0] = tanh(second[0] + c)
        new_c = second[0] * second[1]
        new_h = tanh(new_c * tanh(second[2] + second[3]))
        if self._num_proj is not None:
            new_h = matmul_ops.matmul(new_h, self._projection_weights)
        return new_h, LSTMStateTuple(new_c, new_h)
