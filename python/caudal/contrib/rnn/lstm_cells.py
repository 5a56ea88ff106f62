# SPDX-License-Identifier: Apache-2.0
"""LSTMs with something more or less: layer norm, coupled gates, phases, groups, convolutions."""

from caudal.contrib.rnn.linear import Linear
from caudal.framework import tensor_shape
from caudal.framework.op_factory import apply
from caudal.layers.rnn_cell_base import LSTMStateTuple, RNNCell
from caudal.ops import (
    array_ops,
    clip_ops,
    init_ops,
    math_ops,
    matmul_ops,
    nn_impl,
    nn_ops,
    variable_scope,
)
from caudal.platform import tf_logging as logging


def sharded_variable(name, shape, dtype, num_shards, initializer=None):
    """A variable in `num_shards` parts "<name>_0", "<name>_1", ..., joined along the first axis."""
    if num_shards > shape[0]:
        raise ValueError("Too many shards: shape=%s, num_shards=%d" % (shape, num_shards))
    each, extra = divmod(shape[0], num_shards)
    parts = [
        variable_scope.get_variable(
            name + "_%d" % i,
            [each + (i < extra)] + list(shape[1:]),
            dtype=dtype,
            initializer=initializer,
        )
        for i in range(num_shards)
    ]
    if len(parts) == 1:
        return parts[0]
    return array_ops.concat(parts, 0, name=name + "/concat")


def layer_norm(inputs, scope, gain, shift):
    """Normalizes the last axis of a matrix, with variables `gamma` and `beta` under `scope`."""
    shape = inputs.get_shape()[-1:]
    gamma_start = init_ops.constant_initializer(gain)
    beta_start = init_ops.constant_initializer(shift)
    with variable_scope.variable_scope(scope):
        gamma = variable_scope.get_variable("gamma", shape=shape, initializer=gamma_start)
        beta = variable_scope.get_variable("beta", shape=shape, initializer=beta_start)
    with variable_scope.variable_scope(scope, reuse=True):
        mean, variance = nn_impl.moments(inputs, [1], keep_dims=True)
        epsilon = 1e-3 if inputs.dtype.size == 2 else 1e-12
        normalized = nn_impl.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
    normalized.set_shape(inputs.get_shape())
    return normalized


class CoupledInputForgetGateLSTMCell(RNNCell):
    """LSTM whose input gate is 1 - forget gate (Greff et al. 2015).

    Args:
      num_units: size of the memory.
      use_peepholes: whether the gates see the memory.
      initializer: of the weights.
      num_proj: if given, the output is projected to this size.
      proj_clip: with `num_proj`: the projection is clipped to [-proj_clip, proj_clip].
      num_unit_shards, num_proj_shards: number of variables that the weights are divided among.
      forget_bias: added to the forget gate.
      state_is_tuple: True: the state is LSTMStateTuple(c, h); False: both in one tensor.
      activation: function.
      reuse: whether to reuse variables that exist.
      layer_norm: whether gates and memory are normalized, which replaces the bias.
      norm_gain, norm_shift: gain and shift of the norm at first.
    """

    def __init__(self, num_units, use_peepholes=False, initializer=None, num_proj=None,
                 proj_clip=None, num_unit_shards=1, num_proj_shards=1, forget_bias=1.0,
                 state_is_tuple=True, activation=math_ops.tanh, reuse=None, layer_norm=False,
                 norm_gain=1.0, norm_shift=0.0):  # fmt: skip
        super().__init__(_reuse=reuse)
        if not state_is_tuple:
            logging.warning("%s: Using a concatenated state is slower.", self)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation
        self._reuse = reuse
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift
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

    def _norm(self, x, scope):
        return layer_norm(x, scope, self._norm_gain, self._norm_shift)

    def call(self, inputs, state):
        sigmoid, size = math_ops.sigmoid, self._num_units
        if self._state_is_tuple:
            c, h = state
        else:
            c = array_ops.slice(state, [0, 0], [-1, size])
            h = array_ops.slice(state, [0, size], [-1, self._output_size])
        dtype = inputs.dtype
        depth = inputs.get_shape().with_rank(2)[1].value
        if depth is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        if self._initializer is not None:
            variable_scope.get_variable_scope().set_initializer(self._initializer)
        weights = sharded_variable(
            "W", [depth + self._output_size, 3 * size], dtype, self._num_unit_shards
        )
        biases = variable_scope.get_variable(
            "B", shape=[3 * size], initializer=init_ops.zeros_initializer(), dtype=dtype
        )
        gates = matmul_ops.matmul(array_ops.concat([inputs, h], 1), weights)
        if not self._layer_norm:
            gates = nn_ops.bias_add(gates, biases)
        j, f, o = array_ops.split(value=gates, num_or_size_splits=3, axis=1)
        if self._layer_norm:
            j = self._norm(j, "transform")
            f = self._norm(f, "forget")
            o = self._norm(o, "output")
        if self._use_peepholes:
            w_f = variable_scope.get_variable("W_F_diag", shape=[size], dtype=dtype)
            w_o = variable_scope.get_variable("W_O_diag", shape=[size], dtype=dtype)
            forget = sigmoid(f + self._forget_bias + w_f * c)
        else:
            forget = sigmoid(f + self._forget_bias)
        new_c = forget * c + (1 - forget) * self._activation(j)
        if self._layer_norm:
            new_c = self._norm(new_c, "state")
        new_h = sigmoid(o + w_o * new_c if self._use_peepholes else o) * self._activation(new_c)
        if self._num_proj is not None:
            projection = sharded_variable(
                "W_P", [size, self._num_proj], dtype, self._num_proj_shards
            )
            new_h = matmul_ops.matmul(new_h, projection)
            if self._proj_clip is not None:
                new_h = clip_ops.clip_by_value(new_h, -self._proj_clip, self._proj_clip)
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, array_ops.concat([new_c, new_h], 1)


class LayerNormBasicLSTMCell(RNNCell):
    """LSTM with layer normalization (Ba et al. 2016) and dropout of the new memory.

    Args:
      num_units: size of output and of both parts of the state.
      forget_bias: added to the forget gate.
      input_size: not used.
      activation: function.
      layer_norm: whether to normalize, which replaces the bias.
      norm_gain, norm_shift: gain and shift of the norm at first.
      dropout_keep_prob: share of the new memory that stays, float or scalar tensor.
      dropout_prob_seed: seed of the dropout.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, forget_bias=1.0, input_size=None, activation=math_ops.tanh,
                 layer_norm=True, norm_gain=1.0, norm_shift=0.0, dropout_keep_prob=1.0,
                 dropout_prob_seed=None, reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        if input_size is not None:
            logging.warning("%s: The input_size parameter is deprecated.", self)
        self._num_units = num_units
        self._activation = activation
        self._forget_bias = forget_bias
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        return self._num_units

    def _norm(self, x, scope):
        if not self._layer_norm:
            return x
        return layer_norm(x, scope, self._norm_gain, self._norm_shift)

    def call(self, inputs, state):
        c, h = state
        args = array_ops.concat([inputs, h], 1)
        dtype, size = args.dtype, 4 * self._num_units
        weights = variable_scope.get_variable("kernel", [args.get_shape()[-1], size], dtype=dtype)
        gates = matmul_ops.matmul(args, weights)
        if not self._layer_norm:
            bias = variable_scope.get_variable("bias", [size], dtype=dtype)
            gates = nn_ops.bias_add(gates, bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=1)
        i = self._norm(i, "input")
        j = self._norm(j, "transform")
        f = self._norm(f, "forget")
        o = self._norm(o, "output")
        new = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            new = nn_ops.dropout(new, self._keep_prob, seed=self._seed)
        new_c = c * math_ops.sigmoid(f + self._forget_bias) + math_ops.sigmoid(i) * new
        new_c = self._norm(new_c, "state")
        new_h = self._activation(new_c) * math_ops.sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


def _straight_through_mod(x, y):
    """x mod y, whose gradient towards x is 1 and towards y is 0."""
    return array_ops.stop_gradient(math_ops.mod(x, y) - x) + x


class PhasedLSTMCell(RNNCell):
    """LSTM whose units are open at times of their own (Neil et al. 2016).

    Its inputs are (time [batch, 1], features [batch, size]).

    Args:
      num_units: size of output and of both parts of the state.
      use_peepholes: whether the gates see the memory.
      leak: how far units are open in the closed phase.
      ratio_on: share of the period in which units are open, at first.
      trainable_ratio_on: whether that share is trained.
      period_init_min, period_init_max: bounds of the periods at first.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, use_peepholes=False, leak=0.001, ratio_on=0.1,
                 trainable_ratio_on=True, period_init_min=1.0, period_init_max=1000.0,
                 reuse=None):  # fmt: skip
        # A layer takes one dtype and one rank for all inputs; here they differ.
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._leak = leak
        self._ratio_on = ratio_on
        self._trainable_ratio_on = trainable_ratio_on
        self._period_init_min = period_init_min
        self._period_init_max = period_init_max

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        return self._num_units

    def _openness(self, time, phase, ratio_on, period):
        """How far each unit is open, between the leak and 1."""
        shifted = time - phase
        cycle = _straight_through_mod(shifted, period) / period
        rising = 2 * cycle / ratio_on
        falling = 2 - rising
        closed = self._leak * cycle
        k = array_ops.where(cycle < ratio_on, falling, closed)
        return array_ops.where(cycle < 0.5 * ratio_on, rising, k)

    def call(self, inputs, state):
        c, h = state
        time, x = inputs
        n = self._num_units
        seen = [x, h, c] if self._use_peepholes else [x, h]
        with variable_scope.variable_scope("mask_gates"):
            gates = math_ops.sigmoid(Linear(seen, 2 * n, True)(seen))
            input_gate, forget_gate = array_ops.split(axis=1, num_or_size_splits=2, value=gates)
        with variable_scope.variable_scope("new_input"):
            new_input = math_ops.tanh(Linear([x, h], n, True)([x, h]))
        new_c = c * forget_gate + input_gate * new_input
        seen = [x, h, new_c] if self._use_peepholes else [x, h]
        with variable_scope.variable_scope("output_gate"):
            output_gate = math_ops.sigmoid(Linear(seen, n, True)(seen))
        new_h = math_ops.tanh(new_c) * output_gate
        get = variable_scope.get_variable
        dtype = time.dtype
        period = get("period", [n], initializer=self._initial_period, dtype=dtype)
        phase = get(
            "phase",
            [n],
            initializer=init_ops.random_uniform_initializer(0.0, period.initial_value),
            dtype=dtype,
        )
        ratio_on = get(
            "ratio_on",
            [n],
            initializer=init_ops.constant_initializer(self._ratio_on),
            trainable=self._trainable_ratio_on,
            dtype=dtype,
        )
        k = self._openness(time, phase, ratio_on, period)
        new_c = k * new_c + (1 - k) * c
        new_h = k * new_h + (1 - k) * h
        return new_h, LSTMStateTuple(new_c, new_h)

    def _initial_period(self, shape, dtype=None, partition_info=None):
        """Periods whose logarithms are uniform."""
        low, high = math_ops.log(self._period_init_min), math_ops.log(self._period_init_max)
        draw = init_ops.random_uniform_initializer(low, high)
        return math_ops.exp(draw(shape, dtype=dtype))


class GLSTMCell(RNNCell):
    """LSTM in groups that see parts of inputs and state (Kuchaiev and Ginsburg 2017).

    Args:
      num_units: size of the memory.
      initializer: of the weights.
      num_proj: if given, the output is projected to this size.
      number_of_groups: divides `num_units`, `num_proj` and the size of the inputs.
      forget_bias: added to the forget gate.
      activation: function.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, initializer=None, num_proj=None, number_of_groups=1,
                 forget_bias=1.0, activation=math_ops.tanh, reuse=None):  # fmt: skip
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._num_proj = num_proj
        self._forget_bias = forget_bias
        self._activation = activation
        self._number_of_groups = number_of_groups
        if num_units % number_of_groups != 0:
            raise ValueError("num_units must be divisible by number_of_groups")
        if num_proj and num_proj % number_of_groups != 0:
            raise ValueError("num_proj must be divisible by number_of_groups")
        self._output_size = num_proj if num_proj else num_units
        self._state_size = LSTMStateTuple(num_units, self._output_size)

    @property
    def state_size(self):
        return self._state_size

    @property
    def output_size(self):
        return self._output_size

    def _part(self, tensor, group, size):
        return array_ops.slice(
            tensor, [0, group * size], [-1, size], name="GLSTM_group%d_input_generation" % group
        )

    def call(self, inputs, state):
        c, h = state
        groups, n = self._number_of_groups, self._num_units
        depth = inputs.shape[1].value or inputs.get_shape().with_rank(2)[1].value
        if depth is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        if depth % groups:
            raise ValueError("The size of the inputs must be divisible by number_of_groups")
        dtype = inputs.dtype
        scope = variable_scope.get_variable_scope()
        with variable_scope.variable_scope(scope, initializer=self._initializer):
            parts = [[], [], [], []]
            for group in range(groups):
                with variable_scope.variable_scope("group%d" % group):
                    x = array_ops.concat(
                        [
                            self._part(inputs, group, depth // groups),
                            self._part(h, group, self._output_size // groups),
                        ],
                        axis=1,
                    )
                    product = Linear(x, 4 * (n // groups), False)(x)
                    for part, gate in zip(parts, array_ops.split(product, 4, 1)):
                        part.append(gate)
            biases = [
                variable_scope.get_variable(
                    "bias_" + gate,
                    shape=[n],
                    dtype=dtype,
                    initializer=init_ops.constant_initializer(0.0, dtype=dtype),
                )
                for gate in "ijfo"
            ]
            i, j, f, o = (
                nn_ops.bias_add(array_ops.concat(part, axis=1), bias)
                for part, bias in zip(parts, biases)
            )
        new_c = math_ops.sigmoid(f + self._forget_bias) * c + math_ops.sigmoid(
            i
        ) * self._activation(j)
        new_h = math_ops.sigmoid(o) * self._activation(new_c)
        if self._num_proj is not None:
            with variable_scope.variable_scope("projection"):
                new_h = Linear(new_h, self._num_proj, False)(new_h)
        return new_h, LSTMStateTuple(new_c, new_h)


class ConvLSTMCell(RNNCell):
    """LSTM whose linear maps are convolutions (Shi et al. 2015).

    Args:
      conv_ndims: 1, 2 or 3.
      input_shape: list: shape of the inputs without batch, channels last.
      output_channels: int.
      kernel_shape: list of the sizes of the kernel.
      use_bias: whether there is a bias.
      skip_connection: whether inputs are appended to outputs.
      forget_bias: added to the forget gate.
      initializers: not used, as in TensorFlow.
      name: name of the layer.
    """

    def __init__(self, conv_ndims, input_shape, output_channels, kernel_shape, use_bias=True,
                 skip_connection=False, forget_bias=1.0, initializers=None,
                 name="conv_lstm_cell"):  # fmt: skip
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        self._conv_ndims = conv_ndims
        self._input_shape = input_shape
        self._output_channels = output_channels
        self._kernel_shape = list(kernel_shape)
        self._use_bias = use_bias
        self._forget_bias = forget_bias
        self._skip_connection = skip_connection
        self._total_output_channels = output_channels
        if skip_connection:
            self._total_output_channels += input_shape[-1]
        state_size = tensor_shape.TensorShape(list(input_shape[:-1]) + [output_channels])
        self._state_size = LSTMStateTuple(state_size, state_size)
        self._output_size = tensor_shape.TensorShape(
            list(input_shape[:-1]) + [self._total_output_channels]
        )

    @property
    def output_size(self):
        return self._output_size

    @property
    def state_size(self):
        return self._state_size

    def call(self, inputs, state, scope=None):
        c, h = state
        gates = self._convolve([inputs, h], 4 * self._output_channels)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=self._conv_ndims + 1)
        new_c = math_ops.sigmoid(f + self._forget_bias) * c
        new_c = new_c + math_ops.sigmoid(i) * math_ops.tanh(j)
        output = math_ops.tanh(new_c) * math_ops.sigmoid(o)
        if self._skip_connection:
            output = array_ops.concat([output, inputs], axis=-1)
        return output, LSTMStateTuple(new_c, output)

    def _convolve(self, args, num_features):
        ranks = [len(a.get_shape().as_list()) for a in args]
        if any(rank != ranks[0] for rank in ranks):
            raise ValueError(
                "Inconsistent number of dimensions: %s" % [a.get_shape().as_list() for a in args]
            )
        if not 3 <= ranks[0] <= 5:
            raise ValueError("Conv Linear expects 3D, 4D or 5D arguments, got rank %d" % ranks[0])
        rank = ranks[0]
        channels = sum(a.get_shape()[-1].value for a in args)
        kernel = variable_scope.get_variable(
            "kernel", self._kernel_shape + [channels, num_features], dtype=args[0].dtype
        )
        joined = array_ops.concat(axis=rank - 1, values=args)
        if rank == 3:
            result = nn_ops.conv1d(joined, kernel, 1, padding="SAME")
        elif rank == 4:
            result = nn_ops.conv2d(joined, kernel, [1] * 4, padding="SAME")
        else:
            result = apply("Conv3D", joined, kernel, strides=[1] * 5, padding="SAME")
        if not self._use_bias:
            return result
        bias = variable_scope.get_variable(
            "biases",
            [num_features],
            dtype=args[0].dtype,
            initializer=init_ops.constant_initializer(0.0, dtype=args[0].dtype),
        )
        return result + bias


class Conv1DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell over sequences."""

    def __init__(self, name="conv_1d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell over images."""

    def __init__(self, name="conv_2d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell over volumes."""

    def __init__(self, name="conv_3d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=3, name=name, **kwargs)
