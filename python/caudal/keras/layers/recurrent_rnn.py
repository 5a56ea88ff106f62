# SPDX-License-Identifier: Apache-2.0
"""RNN: a cell run over a sequence."""

import numpy as np

from caudal.framework import tensor_shape
from caudal.keras import backend as K
from caudal.keras import regularizers
from caudal.keras.backend.rnn import projected_rnn
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.layers.recurrent_cell import (
    RUN_OPTIONS,
    SteppedCell,
    cell_arguments,
    in_order,
)
from caudal.keras.layers.recurrent_stacked import StackedRNNCells, state_sizes
from caudal.keras.utils.generic_utils import has_arg, to_list
from caudal.ops import array_ops

_NO_UNROLL = (
    "Cannot unroll a RNN if the time dimension is undefined or equal to 1. Layer %s got inputs of "
    "shape %s. \n- If using a Sequential model, specify the time dimension by passing an "
    "`input_shape` or `batch_input_shape` argument to your first layer. If your first layer is an "
    "Embedding, you can also use the `input_length` argument.\n- If using the functional API, "
    "specify the time dimension by passing a `shape` or `batch_shape` argument to your Input layer."
)
_NO_BATCH_SIZE = (
    "If a RNN is stateful, it needs to know its batch size. Layer %s got inputs of shape %s. "
    "Specify the batch size of your input tensors: \n- If using a Sequential model, specify the "
    "batch size by passing a `batch_input_shape` argument to your first layer.\n- If using the "
    "functional API, specify the batch size by passing a `batch_shape` argument to your Input "
    "layer."
)
_MIXED = (
    "The initial state or constants of an RNN layer cannot be specified with a mix of Keras "
    'tensors and non-Keras tensors (a "Keras tensor" is a tensor that was returned by a Keras '
    "layer, or by `Input`). Layer %s got %s."
)


def _standardize_args(inputs, initial_state, constants, num_constants):
    """Takes apart what may come as one list: (inputs, initial state, constants).

    Args:
      inputs: tensor, or list of the inputs, the initial state and the constants.
      initial_state, constants: tensor, list or tuple of tensors, or None.
      num_constants: how many of the list are constants, None for none.

    Returns:
      The inputs, and two lists or None.

    Raises:
      ValueError: if the list holds what an argument gives as well.
    """
    if isinstance(inputs, (list, tuple)) and len(inputs) > 1:
        if initial_state is not None or constants is not None:
            raise ValueError(
                "The initial state and the constants come either in the list of inputs or as "
                "arguments. Got a list of %d inputs, initial_state=%s and constants=%s."
                % (len(inputs), initial_state, constants)
            )
        rest = list(inputs[1:])
        count = num_constants or 0
        constants = rest[len(rest) - count :] or None
        initial_state = rest[: len(rest) - count] or None
    if isinstance(inputs, (list, tuple)):
        if not inputs:
            raise ValueError("A recurrent layer was called on an empty list of inputs")
        inputs = inputs[0]

    def listed(value):
        return None if value is None else to_list(value, allow_tuple=True) or None

    return inputs, listed(initial_state), listed(constants)


def call_with_extras(layer, call, inputs, initial_state, constants, kwargs):
    """Calls a layer so that its initial state and constants are inputs of the model.

    Args:
      layer: has `input_spec`.
      call: function (inputs, **kwargs), the plain call of the layer.
      initial_state, constants: lists, or None.

    Raises:
      ValueError: if some of them come from layers and others do not.
    """
    extras = (initial_state or []) + (constants or [])
    if not extras:
        return call(inputs, **kwargs)
    from_layers = {bool(K.is_keras_tensor(x)) for x in extras}
    if len(from_layers) > 1:
        raise ValueError(_MIXED % (layer.name, extras))
    if not from_layers.pop():
        if initial_state is not None:
            kwargs["initial_state"] = initial_state
        if constants is not None:
            kwargs["constants"] = constants
        return call(inputs, **kwargs)
    own = layer.input_spec
    try:
        layer.input_spec = to_list(own) + [InputSpec(shape=K.int_shape(x)) for x in extras]
        return call([inputs, *extras], **kwargs)
    finally:
        # Building may have told more about the inputs.
        layer.input_spec = to_list(layer.input_spec)[: len(to_list(own))]


class RNN(Layer):
    """A cell run over a sequence.

    A cell is an object with

    - `call(inputs, states)`, or `call(inputs, states, constants)`, for one step: inputs
      [batch, ...] and a list of states give (output, list of new states);
    - `state_size`: size of the state, or a list or tuple of sizes, one for each state;
    - `output_size`: size of the output; by default that of the first state.

    Inputs: [batch, time, ...]. Output: [batch, size], or [batch, time, size] with
    `return_sequences`; with `return_state` a list of it and the last states. Steps that a mask
    [batch, time] leaves out keep state and output as they were.

    Args:
      cell: a cell, or a list of cells that are stacked.
      return_sequences: whether the output has all steps, not only the last one.
      return_state: whether to return the last states, too.
      go_backwards: whether to run from the last step to the first; outputs are in that order.
      stateful: whether each batch goes on from the last states of the batch before; needs a fixed
        size of the batch. `reset_states` starts anew.
      unroll: whether the graph has every step instead of a loop; needs a known number of steps.

    The call takes `initial_state` (tensors, one for each state) and `constants` (tensors for the
    cell); they may also come in a list: [inputs, *initial_state, *constants].

    Raises:
      ValueError: if the cell has no `call` or no `state_size`.
    """

    _batch_message = _NO_BATCH_SIZE

    def __init__(self, cell, return_sequences=False, return_state=False, go_backwards=False,
                 stateful=False, unroll=False, **kwargs):  # fmt: skip
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(list(cell))
        if not hasattr(cell, "call"):
            raise ValueError("`cell` should have a `call` method. The RNN was passed:", cell)
        if not hasattr(cell, "state_size"):
            raise ValueError(
                "The RNN cell should have an attribute `state_size` (integer or tuple of integers, "
                "one integer per RNN state). The RNN was passed: %s" % (cell,)
            )
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self.input_spec = [InputSpec(ndim=3)]
        self.state_spec = None
        self._states = None
        self.constants_spec = None
        self._num_constants = None

    @property
    def states(self):
        """The variables of a stateful layer, else a list of None."""
        return [None] * len(state_sizes(self.cell)) if self._states is None else self._states

    @states.setter
    def states(self, states):
        self._states = states

    # Shapes -------------------------------------------------------------------------------------

    def _state_shapes(self, input_shape):
        """The shape of each state for inputs of a shape."""
        return [(input_shape[0], size) for size in state_sizes(self.cell)]

    def _step_shape(self, input_shape):
        """The shape of one step's output."""
        size = getattr(self.cell, "output_size", None)
        if size is None:
            return self._state_shapes(input_shape)[0]
        sizes = tensor_shape.as_shape(size if hasattr(size, "__len__") else [size]).as_list()
        return (input_shape[0], *sizes)

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        output = self._step_shape(input_shape)
        if self.return_sequences:
            output = (output[0], input_shape[1], *output[1:])
        return [output, *self._state_shapes(input_shape)] if self.return_state else output

    def compute_mask(self, inputs, mask=None):
        if isinstance(mask, list):
            mask = mask[0]
        output_mask = mask if self.return_sequences else None
        return [output_mask] + [None] * len(self.states) if self.return_state else output_mask

    # Building -----------------------------------------------------------------------------------

    def build(self, input_shape):
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        constants = [spec.shape for spec in self.constants_spec or ()]
        if not constants and self._num_constants and len(shapes) > self._num_constants:
            constants = shapes[-self._num_constants :]
        input_shape = shapes[0]
        self.input_spec[0] = self._known_input(input_shape)
        if isinstance(self.cell, Layer) and not self.cell.built:
            step_shape = (input_shape[0], *input_shape[2:])
            self.cell.build([step_shape, *constants] if constants else step_shape)
            self.cell.built = True
        if self.state_spec is None:
            self.state_spec = self._own_state_spec()
        if self.stateful:
            self.reset_states()
        self.built = True

    def _known_input(self, shape):
        batch_size = shape[0] if self.stateful else None
        return InputSpec(shape=(batch_size, None, *shape[2:]))

    def _own_state_spec(self):
        return [InputSpec(shape=(None, size)) for size in state_sizes(self.cell)]

    def _check_state_spec(self, specs):
        """ValueError unless an initial state of these shapes fits the cell."""
        sizes = state_sizes(self.cell)
        given = [spec.shape[-1] if spec.shape else None for spec in specs]
        if len(given) != len(sizes) or any(
            a is not None and a != self._last(b) for a, b in zip(given, sizes)
        ):
            raise ValueError(
                "An `initial_state` was passed that is not compatible with `cell.state_size`. "
                "Layer %s received `state_spec`=%s; however `cell.state_size` is %s"
                % (self.name, specs, self.cell.state_size)
            )

    @staticmethod
    def _last(size):
        return size[-1] if hasattr(size, "__len__") else size

    # Calling ------------------------------------------------------------------------------------

    def get_initial_state(self, inputs):
        """Zeros: a list of tensors [batch, size], one for each state."""
        batch_size = K.shape(inputs)[0]
        known = K.int_shape(inputs)[0]
        states = []
        for size in state_sizes(self.cell):
            state = array_ops.zeros(array_ops.stack([batch_size, size]), self._state_dtype(inputs))
            state.set_shape([known, size])
            states.append(state)
        return states

    @staticmethod
    def _state_dtype(inputs):
        return inputs.dtype.base_dtype if inputs.dtype.base_dtype.is_floating else K.floatx()

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        inputs, initial_state, constants = _standardize_args(
            inputs, initial_state, constants, self._num_constants
        )
        if constants is not None:
            self._take_constants(constants)
        if initial_state is not None:
            specs = [InputSpec(shape=K.int_shape(x)) for x in initial_state]
            self._check_state_spec(specs)
            self.state_spec = specs
        return call_with_extras(self, super().__call__, inputs, initial_state, constants, kwargs)

    def _take_constants(self, constants):
        if not has_arg(self.cell.call, "constants"):
            raise ValueError(
                "RNN cell does not support constants: layer %s got %s, but `call` of %s has no "
                "argument `constants`" % (self.name, constants, type(self.cell).__name__)
            )
        self.constants_spec = [InputSpec(shape=K.int_shape(x)) for x in constants]
        self._num_constants = len(constants)

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        inputs, listed_state, listed_constants = _standardize_args(
            inputs, None, None, self._num_constants
        )
        initial_state = listed_state or initial_state
        constants = listed_constants or constants
        mask = mask[0] if isinstance(mask, list) else mask
        shape = K.int_shape(inputs)
        if self.unroll and shape[1] in (None, 1):
            raise ValueError(_NO_UNROLL % (self.name, shape))
        if initial_state is None:
            initial_state = self.states if self.stateful else self.get_initial_state(inputs)
        initial_state = to_list(initial_state, allow_tuple=True)
        if len(initial_state) != len(self.states):
            raise ValueError(
                "Layer %s has %d states but was passed %d initial states."
                % (self.name, len(self.states), len(initial_state))
            )
        last, outputs, states, differs = self._run(inputs, initial_state, constants, mask, training)
        states = to_list(states, allow_tuple=True)
        if self.stateful:
            self.add_update([K.update(old, new) for old, new in zip(self.states, states)], inputs)
        output = outputs if self.return_sequences else last
        if any(output is state for state in states):
            output = K.identity(output)  # each tensor has one place among the outputs
        if differs:
            for x in [output, *states]:
                x._uses_learning_phase = True
        return [output, *states] if self.return_state else output

    def _run(self, inputs, initial_state, constants, mask, training):
        """(last output, all outputs, last states, whether training and testing differ)."""
        opened = [c for c in _leaves(self.cell) if isinstance(c, SteppedCell)]
        at_once = len(opened) == 1 and opened[0] is self.cell and _is_plain(self.cell)
        # Masks of dropout are made here, outside of the loop, so that all steps share them.
        passes = [self._begin(cell, inputs, training) for cell in opened]
        try:
            project, step = passes[0] if at_once else (None, self._step(constants, training))
            last, outputs, states = projected_rnn(
                project,
                step,
                inputs,
                initial_state,
                go_backwards=self.go_backwards,
                mask=mask,
                unroll=self.unroll,
            )
        finally:
            for cell in opened:
                cell.end_pass()
        differs = training is None and any(cell.drops for cell in opened)
        return last, outputs, states, differs or getattr(last, "_uses_learning_phase", False)

    def _begin(self, cell, inputs, training):
        first = inputs[:, 0]
        if cell is not self.cell:  # inputs of this cell are outputs of another one
            shape = array_ops.stack([K.shape(inputs)[0], cell.kernel.shape.as_list()[0]])
            first = array_ops.zeros(shape, inputs.dtype.base_dtype)
        return cell.begin_pass(first, training)

    def _step(self, constants, training):
        call = self.cell.call
        kwargs = {}
        if has_arg(call, "training") or isinstance(self.cell, StackedRNNCells):
            kwargs["training"] = training
        if constants:
            kwargs["constants"] = constants
        return lambda inputs, states: call(inputs, states, **kwargs)

    # States -------------------------------------------------------------------------------------

    def reset_states(self, states=None):
        """Sets the states of a stateful layer.

        Args:
          states: array or list of arrays; default: zeros.

        Raises:
          AttributeError: if the layer is not stateful.
          ValueError: if the size of the batch is not known, or for arrays that do not fit.
        """
        if not self.stateful:
            raise AttributeError("Layer must be stateful. Layer %s is not." % self.name)
        spec = to_list(self.input_spec)[0]
        shapes = None if spec.shape is None else self._state_shapes(spec.shape)
        if shapes is None or any(None in shape for shape in shapes):
            raise ValueError(self._batch_message % (self.name, spec.shape))
        if self._states is None:
            self.states = [K.zeros(shape) for shape in shapes]
            if states is None:
                return
        if states is None:
            values = [np.zeros(shape) for shape in shapes]
        else:
            values = to_list(states, allow_tuple=True)
        if len(values) != len(shapes):
            raise ValueError(
                "Layer %s expects %d states, but it received %d state values. Input received: %s"
                % (self.name, len(shapes), len(values), values)
            )
        for index, (value, shape) in enumerate(zip(values, shapes)):
            if np.shape(value) != shape:
                raise ValueError(
                    "State %d is incompatible with layer %s: expected shape=%s, found shape=%s"
                    % (index, self.name, shape, np.shape(value))
                )
        K.batch_set_value(list(zip(self.states, values)))

    def _listed_for(self, what, inputs):
        if what == "updates" and isinstance(inputs, (list, tuple)) and inputs:
            inputs = inputs[0]  # what comes after it are states and constants
        return super()._listed_for(what, inputs)

    # Configuration ------------------------------------------------------------------------------

    def get_config(self):
        config = {**super().get_config(), **self._flags()}
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        config["cell"] = {
            "class_name": type(self.cell).__name__,
            "config": self.cell.get_config(),
        }
        return config

    def _flags(self):
        return {
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The layer that `get_config` described."""
        from caudal.keras.layers import deserialize

        config = dict(config)
        cell = deserialize(config.pop("cell"), custom_objects=custom_objects)
        num_constants = config.pop("num_constants", None)
        layer = cls(cell, **config)
        layer._num_constants = num_constants
        return layer


def _leaves(cell):
    """The cells that a cell is made of."""
    if isinstance(cell, StackedRNNCells):
        for part in cell.cells:
            yield from _leaves(part)
    else:
        yield cell


def _is_plain(cell):
    """Whether a step of the cell is what `recurrence` says: `call` was not replaced."""
    return type(cell).call is SteppedCell.call and "call" not in vars(cell)


class CellLayer(RNN):
    """An RNN whose cell is made from the layer's own arguments.

    Args:
      make_cell: the class of the cell.
      arguments: dict, `locals()` of the layer's constructor, whose `kwargs` are for the base.
    """

    def __init__(self, make_cell, arguments):
        run = {name: arguments[name] for name in RUN_OPTIONS if name in arguments}
        super().__init__(make_cell(**cell_arguments(arguments)), **run, **arguments["kwargs"])
        self.activity_regularizer = regularizers.get(arguments["activity_regularizer"])

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        options = self.cell.options_config()
        options["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return {**config, **in_order(options)}

    @classmethod
    def from_config(cls, config):
        """The layer that `get_config` described."""
        if config.get("implementation") == 0:
            config = {**config, "implementation": 1}
        return cls(**config)


__all__ = ["RNN"]
