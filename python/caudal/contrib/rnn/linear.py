# SPDX-License-Identifier: Apache-2.0
"""The linear map that most cells of contrib.rnn are made of."""

from caudal.framework import nest, ops
from caudal.layers.rnn_cell_base import BIAS_NAME, WEIGHTS_NAME
from caudal.ops import array_ops, init_ops, matmul_ops, nn_ops, variable_scope


def last_sizes(tensors):
    """Sum of the last sizes of matrices; ValueError if one is no matrix or its size is unknown."""
    total = 0
    for shape in [t.get_shape() for t in tensors]:
        if shape.ndims != 2:
            raise ValueError("linear is expecting 2D arguments: %s" % [t.shape for t in tensors])
        if shape[1].value is None:
            raise ValueError(
                "linear expects shape[1] to be provided for shape %s, but saw %s"
                % (shape, shape[1])
            )
        total += shape[1].value
    return total


class Linear:
    """[x, y, ...] W + b, with `kernel` and `bias` from the variable scope that is open.

    Args:
      args: tensor [batch, n], or a list of them.
      output_size: int.
      build_bias: whether there is a bias.
      bias_initializer: default zeros.
      kernel_initializer: default that of the scope.

    Raises:
      ValueError: for no args, or args of unknown shapes.
    """

    def __init__(self, args, output_size, build_bias, bias_initializer=None,
                 kernel_initializer=None):  # fmt: skip
        if args is None or (nest.is_sequence(args) and not args):
            raise ValueError("`args` must be specified")
        self._is_sequence = nest.is_sequence(args)
        args = list(args) if self._is_sequence else [args]
        dtype = args[0].dtype
        # The scopes that are opened anew take names, as TensorFlow's do.
        with variable_scope.variable_scope(variable_scope.get_variable_scope()) as scope:
            self._weights = variable_scope.get_variable(
                WEIGHTS_NAME,
                [last_sizes(args), output_size],
                dtype=dtype,
                initializer=kernel_initializer,
            )
            self._biases = None
            if build_bias:
                with variable_scope.variable_scope(scope):
                    if bias_initializer is None:
                        bias_initializer = init_ops.constant_initializer(0.0, dtype=dtype)
                    self._biases = variable_scope.get_variable(
                        BIAS_NAME, [output_size], dtype=dtype, initializer=bias_initializer
                    )

    def __call__(self, args):
        args = list(args) if self._is_sequence else [args]
        joined = args[0]
        if len(args) > 1:
            joined = array_ops.concat(args, ops.convert_to_tensor(1))
        result = matmul_ops.matmul(joined, self._weights)
        return result if self._biases is None else nn_ops.bias_add(result, self._biases)


def linear(args, output_size, bias, bias_initializer=None, kernel_initializer=None):
    """Linear(...) called at once."""
    return Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)
