# SPDX-License-Identifier: Apache-2.0
"""Cells that compute what cuDNN's layers do, with weights in the layout of other cells."""

from caudal.contrib.rnn.block_cells import LSTMBlockCell
from caudal.layers.rnn_cell_base import input_depth
from caudal.layers.rnn_cells import GRUCell
from caudal.ops import array_ops, init_ops, math_ops, matmul_ops, nn_ops


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """LSTMBlockCell without a forget bias, peepholes or clipping.

    Args:
      num_units: size of output and of both parts of the state.
      reuse: whether to reuse variables that exist.
    """

    def __init__(self, num_units, reuse=None):
        super().__init__(
            num_units,
            forget_bias=0,
            cell_clip=None,
            use_peephole=False,
            reuse=reuse,
            name="cudnn_compatible_lstm_cell",
        )


class CudnnCompatibleGRUCell(GRUCell):
    """GRU whose reset gate acts on the state after its linear map, which has a bias of its own.

    Args:
      num_units: size of state and output.
      reuse: whether to reuse variables that exist.
      kernel_initializer: initializer of the weights.
    """

    def __init__(self, num_units, reuse=None, kernel_initializer=None):
        super().__init__(
            num_units, activation=None, reuse=reuse, kernel_initializer=kernel_initializer
        )

    def build(self, inputs_shape):
        depth, size = input_depth(inputs_shape), self._num_units

        def kernel(name, rows, columns):
            return self.add_variable(
                name + "/kernel", shape=[rows, columns], initializer=self._kernel_initializer
            )

        def bias(name, count, start):
            return self.add_variable(
                name + "/bias",
                shape=[count],
                initializer=init_ops.constant_initializer(start, dtype=self.dtype),
            )

        into, over = "candidate/input_projection", "candidate/hidden_projection"
        self._gate_kernel = kernel("gates", depth + size, 2 * size)
        self._gate_bias = bias("gates", 2 * size, 1.0)
        self._candidate_input_kernel = kernel(into, depth, size)
        self._candidate_hidden_kernel = kernel(over, size, size)
        self._candidate_input_bias = bias(into, size, 0.0)
        self._candidate_hidden_bias = bias(over, size, 0.0)
        self.built = True

    def call(self, inputs, state):
        gates = matmul_ops.matmul(array_ops.concat([inputs, state], 1), self._gate_kernel)
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self._gate_bias))
        reset, update = array_ops.split(value=gates, num_or_size_splits=2, axis=1)
        of_inputs = nn_ops.bias_add(
            matmul_ops.matmul(inputs, self._candidate_input_kernel), self._candidate_input_bias
        )
        of_state = nn_ops.bias_add(
            matmul_ops.matmul(state, self._candidate_hidden_kernel), self._candidate_hidden_bias
        )
        candidate = self._activation(of_inputs + reset * of_state)
        new_state = (1 - update) * candidate + update * state
        return new_state, new_state
