# SPDX-License-Identifier: Apache-2.0
"""What all cells of recurrent networks share: state sizes, zero states, where variables live."""

import collections

from caudal.framework import dtypes, nest, ops, tensor_shape, tensor_util
from caudal.framework.tensor import Tensor
from caudal.layers import base
from caudal.ops import array_ops, variable_scope

WEIGHTS_NAME = "kernel"
BIAS_NAME = "bias"


class LSTMStateTuple(collections.namedtuple("LSTMStateTuple", ("c", "h"))):
    """State of an LSTM cell: `c`, what it remembers, and `h`, what it puts out."""

    __slots__ = ()

    @property
    def dtype(self):
        c, h = self
        if c.dtype != h.dtype:
            raise TypeError("Inconsistent internal state: %s vs %s" % (str(c.dtype), str(h.dtype)))
        return c.dtype


def initializer_config(initializer):
    """What describes an initializer, for `get_config`."""
    if initializer is None or not hasattr(initializer, "get_config"):
        return getattr(initializer, "__name__", None)
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


def _as_vector(value, which):
    """A shape vector from a size, a list of sizes or an int32 tensor."""
    if isinstance(value, Tensor):
        if value.shape.ndims == 0:
            return array_ops.expand_dims(value, 0)
        if value.shape.ndims != 1:
            raise ValueError(
                "%s tensor must be either a scalar or vector, but saw tensor: %s" % (which, value)
            )
        return value
    shape = tensor_shape.as_shape(value)
    if not shape.is_fully_defined():
        return None
    return ops.convert_to_tensor(shape.as_list(), dtypes.int32)


def _static(value):
    if isinstance(value, Tensor):
        known = tensor_util.constant_value(value)
        if known is None:
            return tensor_shape.unknown_shape(
                1 if value.shape.ndims == 0 else value.shape[0].value if value.shape.ndims else None
            )
        value = known.tolist()
    if isinstance(value, (int, tensor_shape.Dimension)):
        return tensor_shape.TensorShape([value])
    return tensor_shape.as_shape(value)


def as_sizes(value):
    """A TensorShape from a size, a list of sizes or a shape."""
    if isinstance(value, (int, tensor_shape.Dimension)):
        return tensor_shape.TensorShape([value])
    return tensor_shape.as_shape(value)


def batched_shape(batch_size, size):
    """The vector [batch_size] + size as a tensor."""
    if not isinstance(batch_size, Tensor):
        batch_size = as_sizes(batch_size)
    if not isinstance(size, Tensor):
        size = as_sizes(size)
    prefix = _as_vector(batch_size, "prefix")
    suffix = _as_vector(size, "suffix")
    if prefix is None or suffix is None:
        raise ValueError("Provided a prefix or suffix of None: %s and %s" % (batch_size, size))
    return array_ops.concat((prefix, suffix), 0)


def static_batched_shape(batch_size, size):
    """The shape [batch_size] + size as far as it is known."""
    # TensorFlow makes these vectors here, too: the number of nodes decides later seeds.
    for value, text in ((batch_size, "prefix"), (size, "suffix")):
        _as_vector(value if isinstance(value, Tensor) else as_sizes(value), text)
    return _static(batch_size).concatenate(_static(size))


def zero_state_tensors(state_size, batch_size, dtype):
    """Zeros of shape [batch_size] + size for every size of a nested structure."""

    def zeros(size):
        state = array_ops.zeros(batched_shape(batch_size, size), dtype=dtype)
        state.set_shape(static_batched_shape(batch_size, size))
        return state

    return nest.map_structure(zeros, state_size)


def assert_like_rnncell(cell_name, cell):
    """TypeError unless `cell` has what the functions of tf.nn ask of a cell."""
    missing = [
        text
        for holds, text in (
            (hasattr(cell, "output_size"), "'output_size' property is missing"),
            (hasattr(cell, "state_size"), "'state_size' property is missing"),
            (
                hasattr(cell, "zero_state") or hasattr(cell, "get_initial_state"),
                "either 'zero_state' or 'get_initial_state' method is required",
            ),
            (callable(cell), "is not callable"),
        )
        if not holds
    ]
    if missing:
        raise TypeError(
            "The argument %r (%s) is not an RNNCell: %s." % (cell_name, cell, ", ".join(missing))
        )


class RNNCell(base.Layer):
    """Base class of recurrent cells: `cell(input, state)` returns (output, next state).

    A subclass defines `call(inputs, state)`, `state_size` and `output_size`, which are ints,
    TensorShapes or nested tuples of them, without the batch.

    Args:
      trainable: whether variables go to GraphKeys.TRAINABLE_VARIABLES.
      name: name of the layer.
      dtype: of the variables; default: that of the first input.
    """

    def __init__(self, trainable=True, name=None, dtype=None, **kwargs):
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._is_tf_rnn_cell = True
        self._rnncell_scope = None

    def __call__(self, inputs, state, scope=None):
        """Runs one step.

        Args:
          inputs: tensor [batch, input size], or a nested structure of such.
          state: tensors [batch, size] in the structure of `state_size`.
          scope: VariableScope or name for the variables; default: by the class.

        Returns:
          (output [batch, output_size], new state).
        """
        if scope is not None:
            with variable_scope.variable_scope(
                scope, custom_getter=self._rnn_get_variable
            ) as opened:
                return super().__call__(inputs, state, scope=opened)
        if self._rnncell_scope is None:
            self._rnncell_scope = variable_scope.variable_scope(
                variable_scope.get_variable_scope(), custom_getter=self._rnn_get_variable
            )
        with self._rnncell_scope:
            return super().__call__(inputs, state)

    def _rnn_get_variable(self, getter, *args, **kwargs):
        """Notes the variables that `call` makes with tf.get_variable as the cell's own."""
        variable = getter(*args, **kwargs)
        # A partitioned variable counts by its parts.
        parts = getattr(variable, "_get_variable_list", None)
        for part in [variable] if parts is None else parts():
            held = self._trainable_weights if part.trainable else self._non_trainable_weights
            if all(part is not v for v in held):
                held.append(part)
        return variable

    @property
    def state_size(self):
        """Size or nested sizes of the state, without the batch."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self):
        """Size or nested sizes of the output, without the batch."""
        raise NotImplementedError("Abstract method")

    def build(self, _):
        # Variables come from `call`, unless a subclass makes them here.
        pass

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        """`zero_state` for the batch size and dtype of `inputs`, or for those given."""
        if inputs is not None:
            inputs = ops.convert_to_tensor(inputs, name="inputs")
            if batch_size is not None:
                if isinstance(batch_size, Tensor):
                    known = tensor_util.constant_value(batch_size, partial=True)
                else:
                    known = batch_size
                if inputs.shape.dims[0].value != known:
                    raise ValueError(
                        "batch size from input tensor is different from the input param. Input "
                        "tensor batch: %s, batch_size: %s"
                        % (inputs.shape.dims[0].value, batch_size)
                    )
            if dtype is not None and inputs.dtype != dtype:
                raise ValueError(
                    "dtype from input tensor is different from the input param. Input tensor "
                    "dtype: %s, dtype: %s" % (inputs.dtype, dtype)
                )
            batch_size = inputs.shape.dims[0].value or array_ops.shape(inputs)[0]
            dtype = inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                "batch_size=%s, dtype=%s" % (batch_size, dtype)
            )
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size, dtype):
        """Zeros in the structure of `state_size`.

        Args:
          batch_size: int or int32 scalar tensor.
          dtype: dtype of the state.
        """
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return zero_state_tensors(self.state_size, batch_size, dtype)

    def get_config(self):
        return super().get_config()


class LayerRNNCell(RNNCell):
    """A cell that makes its variables in `build`, as other layers do."""

    def __call__(self, inputs, state, scope=None, *args, **kwargs):
        """Runs one step, see RNNCell."""
        return base.Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)


def input_depth(inputs_shape):
    """Size of the last axis of the inputs; ValueError if it is not known."""
    sizes = tuple(tensor_shape.as_shape(inputs_shape).as_list())
    if sizes[-1] is None:
        raise ValueError("Expected inputs.shape[-1] to be known, saw shape: %s" % str(sizes))
    return sizes[-1]


def check_supported_dtypes(dtype):
    if dtype is None:
        return
    dtype = dtypes.as_dtype(dtype)
    if not (dtype.is_floating or dtype.is_complex):
        raise ValueError("RNN cell only supports floating point inputs, but saw dtype: %s" % dtype)
