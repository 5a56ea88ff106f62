# SPDX-License-Identifier: Apache-2.0
"""What the cells of recurrent layers share: arguments, weights, dropout and how steps are made."""

import inspect

from caudal.keras import activations, initializers
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.ops import array_ops

WEIGHTS = ("kernel", "recurrent", "bias")
WEIGHT_OPTIONS = tuple(
    "%s_%s" % (weight, kind)
    for kind in ("initializer", "regularizer", "constraint")
    for weight in WEIGHTS
)


def weight_options_config(layer):
    """The plain description of the options of all weights."""
    return {option: layer._lookup.serialized(getattr(layer, option)) for option in WEIGHT_OPTIONS}


# The order in which constructors take the options, and configurations give them.
_ORDER = (
    "units", "activation", "recurrent_activation", "use_bias", *WEIGHT_OPTIONS[:3],
    "unit_forget_bias", *WEIGHT_OPTIONS[3:6], "activity_regularizer", *WEIGHT_OPTIONS[6:],
    "dropout", "recurrent_dropout", "implementation",
)  # fmt: skip


def in_order(options):
    """A dict of options in the order of constructors: those of all cells where they belong."""
    first = [name for name in options if name not in _ORDER and name != "reset_after"]
    rest = [name for name in (*_ORDER, "reset_after") if name in options]
    return {name: options[name] for name in first + rest}


# Arguments of a recurrent layer that say how its cell is run. The others are the cell's.
RUN_OPTIONS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")
_NOT_OF_CELL = {"self", "__class__", "kwargs", "activity_regularizer", *RUN_OPTIONS}


def cell_arguments(arguments):
    """Those of the arguments of a recurrent layer that its cell takes."""
    return {name: value for name, value in arguments.items() if name not in _NOT_OF_CELL}


def of_cell(*more):
    """Class decorator: a layer has the arguments of its cell as attributes, and those in `more`."""

    def decorate(cls):
        for name in (*cell_arguments(inspect.signature(cls.__init__).parameters), *more):
            setattr(cls, name, property(lambda self, name=name: getattr(self.cell, name)))
        return cls

    return decorate


def gate_properties(gates):
    """Class decorator: `kernel_i`, `recurrent_kernel_i`, `bias_i`... are the gates' columns."""

    def column(weight, index):
        def get(self):
            whole = getattr(self, weight)
            size = whole.shape.as_list()[-1] // len(gates) if whole is not None else None
            return None if whole is None else whole[..., index * size : (index + 1) * size]

        return property(get)

    def decorate(cls):
        for index, gate in enumerate(gates):
            for weight in ("kernel", "recurrent_kernel", "bias"):
                setattr(cls, "%s_%s" % (weight, gate), column(weight, index))
        return cls

    return decorate


def forget_bias(initializer, units, before, after):
    """An initializer of biases: ones for the forget gate.

    Args:
      initializer: of all others.
      before, after: how many gates come before and after the forget gate.
    """

    def bias(shape, *args, **kwargs):
        parts = [
            initializer((units * before,), *args, **kwargs),
            initializers.Ones()((units,), *args, **kwargs),
            initializer((units * after,), *args, **kwargs),
        ]
        return K.concatenate([part for part, n in zip(parts, (before, 1, after)) if n])

    return bias


def _generate_dropout_mask(ones, rate, training=None, count=1):
    """Ones of which dropout has been taken while training.

    Args:
      ones: tensor of ones.
      rate: share to drop.
      training: bool, or None: the learning phase.
      count: how many independent masks.

    Returns:
      The mask, or a list of `count` masks if that is more than one.
    """
    masks = [
        K.in_train_phase(lambda: K.dropout(ones, rate), ones, training=training)
        for _ in range(count)
    ]
    return masks if count > 1 else masks[0]


def is_rate(rate):
    """Whether this rate of dropout drops some but not all."""
    return 0.0 < rate < 1.0


def masked_product(product, x, kernel, masks, axis=-1):
    """`product(x * mask, columns of the kernel)` for each mask, side by side.

    Args:
      product: function (x, kernel) -> tensor.
      kernel: tensor, or the list of its blocks of columns.
      masks: None, one mask for all columns, or one for each block of columns.
      axis: of the product, along which the blocks lie.
    """
    if not masks:
        return product(x, kernel)
    if len(masks) == 1:
        return product(x * masks[0], kernel)
    blocks = kernel if isinstance(kernel, list) else split_last(kernel, len(masks))
    return K.concatenate([product(x * m, block) for m, block in zip(masks, blocks)], axis=axis)


def split_last(x, parts, axis=-1):
    """The tensor in equal parts along its last axis, or another one."""
    return array_ops.split(x, parts, axis=axis)


def add_bias(x, bias):
    """x + bias along the last axis."""
    return K.bias_add(x, bias, data_format="channels_last")


def dot(x, kernel):
    """x @ kernel over the last axis of x, which may have a time axis before it."""
    return K.dot(x, kernel)


class SteppedCell(Layer):
    """A cell whose work on the inputs can be done for all steps at once.

    A subclass says in `recurrence` how. `dropout` and `recurrent_dropout` are rates; the masks of
    one pass over a sequence serve all of its steps.
    """

    _open = None
    _dropout_mask = None
    _recurrent_dropout_mask = None

    def recurrence(self, inputs, training=None):
        """The two parts of a pass over a sequence.

        Args:
          inputs: the inputs of one step.
          training: bool, or None: the learning phase.

        Returns:
          (project, step): `project(x)` is the part that depends on inputs alone, for one step or
          for all of them with time first; `step(projected, states)` gives (output, new states).
        """
        raise NotImplementedError

    def begin_pass(self, inputs, training=None):
        """Draws the masks of a pass; until `end_pass`, `call` uses what is made here."""
        self.reset_dropout_masks()
        self._open = self.recurrence(inputs, training)
        return self._open

    def end_pass(self):
        """Ends a pass."""
        self._open = None
        self.reset_dropout_masks()

    def reset_dropout_masks(self):
        """The next call draws new masks."""
        self._dropout_mask = self._recurrent_dropout_mask = None

    def call(self, inputs, states, training=None):
        """One step: (output, new states).

        Args:
          inputs: [batch, size].
          states: list of tensors, those of the step before.
          training: bool, or None: the learning phase.
        """
        project, step = self._open or self.recurrence(inputs, training)
        output, states = step(project(inputs), states)
        if self.drops and training is None:
            output._uses_learning_phase = True
        return output, states

    @property
    def drops(self):
        """Whether training and testing differ."""
        return is_rate(self.dropout) or is_rate(self.recurrent_dropout)

    def _masks(self, inputs, state_like, count, training):
        """(masks of the inputs, masks of the state), each None or a list."""
        if is_rate(self.dropout) and self._dropout_mask is None:
            ones = K.ones_like(inputs)
            self._dropout_mask = _generate_dropout_mask(ones, self.dropout, training, count)
        if is_rate(self.recurrent_dropout) and self._recurrent_dropout_mask is None:
            self._recurrent_dropout_mask = _generate_dropout_mask(
                state_like(), self.recurrent_dropout, training, count
            )
        pair = (self._dropout_mask, self._recurrent_dropout_mask)
        return [m if m is None or isinstance(m, list) else [m] for m in pair]


class RecurrentCell(SteppedCell):
    """Cell with a kernel for the inputs, one for the state, and a bias.

    Args:
      units: size of the output and of each state.
      activation: function or its name; None: the identity.
      use_bias: whether there is a bias.
      kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
        recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
        bias_constraint: of the variables "kernel", "recurrent_kernel" and "bias".
      dropout: share of the inputs that is dropped while training.
      recurrent_dropout: share of the state that is dropped while training.
    """

    _blocks = 1  # blocks of `units` columns in the kernels
    _states = 1
    _options = ()  # names of further arguments, for the configuration

    def __init__(self, units, activation="tanh", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal",
                 bias_initializer="zeros", kernel_regularizer=None, recurrent_regularizer=None,
                 bias_regularizer=None, kernel_constraint=None, recurrent_constraint=None,
                 bias_constraint=None, dropout=0.0, recurrent_dropout=0.0, **kwargs):  # fmt: skip
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._take_weight_options(locals(), *WEIGHTS)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.state_size = units if self._states == 1 else (units,) * self._states
        self.output_size = units

    def build(self, input_shape):
        size = input_shape[-1]
        if size is None:
            raise ValueError(
                "%s: the last dimension of the inputs must be known, got shape %s"
                % (self.name, tuple(input_shape))
            )
        columns = self._blocks * self.units
        self._make("kernel", (size, columns), "kernel")
        self._make("recurrent_kernel", (self.units, columns), "recurrent")
        self.bias = None
        if self.use_bias:
            self._make("bias", self._bias_shape(columns), "bias", self._bias_start())
        self.built = True

    def _make(self, name, shape, options, initializer=None):
        weight = self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer or getattr(self, options + "_initializer"),
            regularizer=getattr(self, options + "_regularizer"),
            constraint=getattr(self, options + "_constraint"),
        )
        setattr(self, name, weight)

    def _bias_shape(self, columns):
        return (columns,)

    def _bias_start(self):
        return self.bias_initializer

    def _mask_count(self):
        """How many independent masks there are for the inputs, and for the state."""
        return 1

    def recurrence(self, inputs, training=None):
        masks, state_masks = self._masks(
            inputs,
            lambda: array_ops.ones([K.shape(inputs)[0], self.units], self.kernel.dtype.base_dtype),
            self._mask_count(),
            training,
        )

        def plain(x):
            return self._projected(dot(x, self.kernel))

        def project(x):
            if masks is None:
                return plain(x)
            # While testing there is one product for all blocks.
            return K.in_train_phase(
                lambda: self._projected(masked_product(dot, x, self.kernel, masks)),
                lambda: plain(x),
                training=training,
            )

        return project, self._stepper(state_masks)

    def _projected(self, x):
        return add_bias(x, self.bias) if self.use_bias else x

    def _stepper(self, masks):
        """step(projected, states) -> (output, new states), with these masks of the state."""
        raise NotImplementedError

    def options_config(self):
        """The arguments of the constructor beyond those of every layer."""
        config = {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_options_config(self),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }
        for name in self._options:
            value = getattr(self, name)
            config[name] = activations.serialize(value) if callable(value) else value
        return in_order(config)

    def get_config(self):
        return {**super().get_config(), **self.options_config()}


_SHARED = tuple(inspect.signature(RecurrentCell.__init__).parameters)[1:-1]


def shared_arguments(arguments):
    """Those of the arguments of a cell that RecurrentCell takes."""
    return {name: arguments[name] for name in _SHARED}
