# SPDX-License-Identifier: Apache-2.0
"""Cells made of other cells: stacked, with dropout, with a residual connection, on a device."""

import hashlib
import numbers

from caudal.framework import nest, ops, tensor_util
from caudal.framework.tensor import Tensor
from caudal.layers.rnn_cell_base import (
    LSTMStateTuple,
    RNNCell,
    as_sizes,
    assert_like_rnncell,
)
from caudal.ops import array_ops, math_ops, nn_ops, random_ops, variable_scope
from caudal.platform import tf_logging as logging


class MultiRNNCell(RNNCell):
    """Cells one above the other: the output of one is the input of the next.

    Args:
      cells: list of RNNCells.
      state_is_tuple: True: the state is a tuple of the cells' states; False: all in one tensor.

    Raises:
      TypeError, ValueError: if `cells` is no list, is empty, or has nested states that
        `state_is_tuple=False` cannot join.
    """

    def __init__(self, cells, state_is_tuple=True):
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_sequence(cells):
            raise TypeError("cells must be a list or tuple, but saw: %s." % cells)
        if len({id(cell) for cell in cells}) < len(cells):
            logging.log_first_n(
                logging.WARN,
                "At least two cells provided to MultiRNNCell are the same object and will share "
                "weights.",
                1,
            )
        self._cells = cells
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(nest.is_sequence(c.state_size) for c in cells):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set.  "
                "State sizes are: %s" % str([c.state_size for c in cells])
            )

    @property
    def state_size(self):
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        return self._cells[-1].output_size

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            # All states in one tensor.
            return super().zero_state(batch_size, dtype)

    @property
    def trainable_weights(self):
        if not self.trainable:
            return []
        return [w for c in self._cells for w in getattr(c, "trainable_weights", ())]

    @property
    def non_trainable_weights(self):
        weights = [w for c in self._cells for w in getattr(c, "non_trainable_weights", ())]
        if not self.trainable:
            weights = [
                w for c in self._cells for w in getattr(c, "trainable_weights", ())
            ] + weights
        return weights

    def call(self, inputs, state):
        position = 0
        current = inputs
        new_states = []
        for index, cell in enumerate(self._cells):
            with variable_scope.variable_scope("cell_%d" % index):
                if self._state_is_tuple:
                    if not nest.is_sequence(state):
                        raise ValueError(
                            "Expected state to be a tuple of length %d, but received: %s"
                            % (len(self.state_size), state)
                        )
                    own = state[index]
                else:
                    own = array_ops.slice(state, [0, position], [-1, cell.state_size])
                    position += cell.state_size
                current, new_state = cell(current, own)
                new_states.append(new_state)
        if self._state_is_tuple:
            return current, tuple(new_states)
        return current, array_ops.concat(new_states, 1)


class RNNCellWrapper(RNNCell):
    """A cell that passes everything on to `cell`, without a scope or weights of its own."""

    def __init__(self, cell, **kwargs):
        super().__init__(**kwargs)
        assert_like_rnncell("cell", cell)
        self._wrapped = cell

    @property
    def cell(self):
        return self._wrapped

    @property
    def wrapped_cell(self):
        return self._wrapped

    @property
    def state_size(self):
        return self._wrapped.state_size

    @property
    def output_size(self):
        return self._wrapped.output_size

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._wrapped.zero_state(batch_size, dtype)

    def __call__(self, inputs, state, scope=None):
        """Runs one step of the wrapped cell, see RNNCell."""
        return self._call_wrapped_cell(inputs, state, self._wrapped.__call__, scope=scope)

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        raise NotImplementedError


def _default_dropout_state_filter(substate):
    """Leaves the memory `c` of LSTMs alone."""
    from caudal.ops import tensor_array_ops

    if isinstance(substate, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(substate, tensor_array_ops.TensorArray)


def _enumerated_map_up_to(shallow, function, *structures):
    """`nest.map_structure_up_to` whose function gets the number of the leaf first."""
    counter = iter(range(len(nest.flatten(shallow))))
    return nest.map_structure_up_to(shallow, lambda *xs: function(next(counter), *xs), *structures)


class DropoutWrapper(RNNCellWrapper):
    """A cell with dropout on its inputs, state and outputs.

    Args:
      cell: an RNNCell.
      input_keep_prob, output_keep_prob, state_keep_prob: floats in [0, 1] or scalar tensors: the
        share of values that stays; 1 adds no dropout.
      variational_recurrent: if true, the same mask is used at every step.
      input_size: with a variational input mask: size of the inputs, or nested TensorShapes.
      dtype: with `variational_recurrent`: dtype of inputs, state and outputs.
      seed: int.
      dropout_state_filter_visitor: function from a part of the state to True, False or a
        structure of them: whether dropout applies. Default: not to `c` of LSTMs.

    Raises:
      TypeError: if `cell` is not a cell, or the visitor cannot be called.
      ValueError: if a probability is not in [0, 1], or `dtype` or `input_size` are missing.
    """

    def __init__(self, cell, input_keep_prob=1.0, output_keep_prob=1.0, state_keep_prob=1.0,
                 variational_recurrent=False, input_size=None, dtype=None, seed=None,
                 dropout_state_filter_visitor=None, **kwargs):  # fmt: skip
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._dropout_state_filter = dropout_state_filter_visitor or _default_dropout_state_filter
        with ops.name_scope("DropoutWrapperInit"):

            def as_known(argument, value):
                probability = ops.convert_to_tensor(value)
                known = tensor_util.constant_value(probability)
                if known is None:
                    return probability
                if not 0 <= known <= 1:
                    raise ValueError("Parameter %s must be between 0 and 1: %d" % (argument, known))
                # A plain float, unless the caller wants its dtype.
                return float(value) if isinstance(value, numbers.Real) else known.item()

            self._input_keep_prob = as_known("input_keep_prob", input_keep_prob)
            self._state_keep_prob = as_known("state_keep_prob", state_keep_prob)
            self._output_keep_prob = as_known("output_keep_prob", output_keep_prob)
        self._variational_recurrent = variational_recurrent
        self._input_size = input_size
        self._seed = seed
        self._recurrent_input_noise = None
        self._recurrent_state_noise = None
        self._recurrent_output_noise = None
        if variational_recurrent:
            self._make_masks(cell, input_size, dtype)

    def _make_masks(self, cell, input_size, dtype):
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")

        def noise(salt):
            def draw(index, size):
                shape = array_ops.concat(([1], as_sizes(size).as_list()), 0)
                return random_ops.random_uniform(
                    shape, seed=self._gen_seed(salt, index), dtype=dtype
                )

            return draw

        if not _is_one(self._input_keep_prob):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, "
                    "input_size must be provided"
                )
            self._recurrent_input_noise = _enumerated_map_up_to(
                input_size, noise("input"), input_size
            )
        self._recurrent_state_noise = _enumerated_map_up_to(
            cell.state_size, noise("state"), cell.state_size
        )
        self._recurrent_output_noise = _enumerated_map_up_to(
            cell.output_size, noise("output"), cell.output_size
        )

    def _gen_seed(self, salt_prefix, index):
        """A seed of its own for each tensor that dropout applies to."""
        if self._seed is None:
            return None
        text = (str(self._seed) + "%s_%d" % (salt_prefix, index)).encode("utf-8")
        return int(hashlib.md5(text).hexdigest()[:8], 16) & 0x7FFFFFFF

    @staticmethod
    def _mask(value, noise, keep_prob):
        keep = math_ops.floor(keep_prob + noise)
        kept = math_ops.div(value, keep_prob) * keep
        kept.set_shape(value.get_shape())
        return kept

    def _dropout(self, values, salt_prefix, recurrent_noise, keep_prob, shallow=None):
        """`values` with dropout where `shallow` has True; everywhere if it is None."""
        if shallow is None:
            shallow = nest.map_structure(lambda _: True, values)

        def drop(index, wanted, value, *noise):
            from caudal.ops import tensor_array_ops

            if wanted is not True or isinstance(value, tensor_array_ops.TensorArray):
                return value
            if noise:
                return self._mask(value, noise[0], keep_prob)
            return nn_ops.dropout_v2(
                value, rate=1.0 - keep_prob, seed=self._gen_seed(salt_prefix, index)
            )

        noises = [recurrent_noise] if self._variational_recurrent else []
        return _enumerated_map_up_to(shallow, drop, shallow, values, *noises)

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        if not _is_one(self._input_keep_prob):
            inputs = self._dropout(
                inputs, "input", self._recurrent_input_noise, self._input_keep_prob
            )
        output, new_state = cell_call_fn(inputs, state, **kwargs)
        if not _is_one(self._state_keep_prob):
            shallow = nest.get_traverse_shallow_structure(self._dropout_state_filter, new_state)
            new_state = self._dropout(
                new_state, "state", self._recurrent_state_noise, self._state_keep_prob, shallow
            )
        if not _is_one(self._output_keep_prob):
            output = self._dropout(
                output, "output", self._recurrent_output_noise, self._output_keep_prob
            )
        return output, new_state


def _is_one(probability):
    return not isinstance(probability, Tensor) and probability >= 1


class ResidualWrapper(RNNCellWrapper):
    """A cell whose inputs are added to its outputs.

    Args:
      cell: an RNNCell.
      residual_fn: function (inputs, outputs) that joins them; default: their sum, for which they
        must have the same structure and shapes.
    """

    def __init__(self, cell, residual_fn=None, **kwargs):
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        outputs, new_state = cell_call_fn(inputs, state, **kwargs)
        join = self._residual_fn or _add_inputs
        joined = join(inputs, outputs)
        nest.map_structure(
            lambda new, old: new.get_shape().assert_is_compatible_with(old.get_shape()),
            joined,
            outputs,
        )
        return joined, new_state


def _add_inputs(inputs, outputs):
    def check(a, b):
        a.get_shape().assert_is_compatible_with(b.get_shape())

    nest.assert_same_structure(inputs, outputs)
    nest.map_structure(check, inputs, outputs)
    return nest.map_structure(lambda a, b: a + b, inputs, outputs)


class DeviceWrapper(RNNCellWrapper):
    """A cell that runs on a device.

    Args:
      cell: an RNNCell.
      device: device string or function, as for tf.device.
    """

    def __init__(self, cell, device, **kwargs):
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size, dtype):
        with ops.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            with ops.device(self._device):
                return self.cell.zero_state(batch_size, dtype)

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        with ops.device(self._device):
            return cell_call_fn(inputs, state, **kwargs)
