# SPDX-License-Identifier: Apache-2.0
"""What every layer does: build once, then call; keep weights, losses and updates.

`Layer` here follows the conventions of `tf.keras` (weights are Variables under a name scope,
layers and variables that are attributes count as parts). `layers.base.Layer` puts the conventions
of `tf.layers` (variable scopes and collections) on top of it.
"""

import contextlib
import copy
import inspect
import re
import threading

import numpy as np

from caudal.framework import dtypes, nest, ops, tensor_shape, tensor_util
from caudal.layers import lookup
from caudal.layers.connections import Connected
from caudal.layers.input_spec import InputSpec, check_inputs
from caudal.layers.node import is_layer_tensor, record_call
from caudal.ops import array_ops, init_ops, math_ops
from caudal.ops.ref_variable import Variable, VariableAggregation, VariableSynchronization
from caudal.ops.variable_store import graph_singleton

_NAMES_KEY = ("__layer_names",)
_NUMBERED_KEY = ("__numbered_layer_names",)
_WORD = re.compile(r"(?<=.)(?=[A-Z][a-z0-9]+)|(?<=[a-z])(?=[A-Z])")
_KWARGS = {"input_shape", "batch_input_shape", "batch_size", "weights", "activity_regularizer",
           "autocast", "input_dim", "input_dtype"}  # fmt: skip


def snake_case(name):
    """BasicLSTMCell -> basic_lstm_cell; a leading underscore becomes "private_"."""
    text = _WORD.sub("_", name).lower()
    text = re.sub("_+", "_", text) if not text.startswith("_") else "private" + text
    return text


def unique_layer_name(name, zero_based=False, avoid=()):
    """`name` with the next number that no layer of the graph has: "dense_1", "dense_2".

    Args:
      zero_based: the first name goes without a number.
      avoid: names that are taken otherwise.
    """
    counts = graph_singleton(_NAMES_KEY, dict)
    numbered = graph_singleton(_NUMBERED_KEY, set)
    while True:
        number = counts.get(name, 0)
        counts[name] = number + 1
        if not zero_based:
            number += 1
        candidate = "%s_%d" % (name, number) if number else name
        if candidate not in avoid and candidate not in numbered:
            return candidate


def numbered_layer_name(prefix, next_number):
    """`prefix` with the next of the numbers that `next_number()` gives which no layer has."""
    taken = graph_singleton(_NAMES_KEY, dict).get(prefix, 0)
    number = next_number()
    while number <= taken:
        number = next_number()
    name = "%s_%d" % (prefix, number)
    graph_singleton(_NUMBERED_KEY, set).add(name)
    return name


def reset_layer_names():
    """Starts the numbers of layers in the current graph anew."""
    graph_singleton(_NAMES_KEY, dict).clear()


class _Calls(threading.local):
    """The layers that are being called in this thread, outermost first."""

    def __init__(self):
        self.stack = []


class CallFrame:
    """One open call of a layer."""

    __slots__ = ("layer", "inputs", "training")

    def __init__(self, layer, inputs, training):
        self.layer = layer
        self.inputs = inputs
        self.training = training


_calls = _Calls()


def current_call():
    """The CallFrame of the layer that is being called, or None."""
    return _calls.stack[-1] if _calls.stack else None


@contextlib.contextmanager
def open_call(layer, inputs, training):
    """While a layer is called: `current_call` finds it, and calls inside inherit `training`."""
    _calls.stack.append(CallFrame(layer, inputs, training))
    try:
        yield
    finally:
        _calls.stack.pop()


def reachable(inputs, targets):
    """Those of `targets` (Tensors, Operations) that depend on one of the tensors `inputs`."""
    sources = set()
    for x in inputs:
        if isinstance(x, (ops.Tensor, ops.Operation)):
            sources.add(x)
        elif isinstance(x, Variable):
            sources.update((x._ref(), x.value()))
        elif hasattr(x, "_to_components") or hasattr(x, "indices"):
            sources.update(t for t in nest.flatten(x, expand_composites=True))
    known = {}

    def depends(target):
        op = target if isinstance(target, ops.Operation) else getattr(target, "op", None)
        if target in sources or op in sources:
            return True
        if op is None:
            return False
        pending, path = [op], []
        while pending:
            op = pending.pop()
            if op in known:
                if known[op]:
                    return True
                continue
            known[op] = False
            path.append(op)
            for t in op.inputs:
                if t in sources or t.op in sources:
                    for visited in path:
                        known.pop(visited, None)
                    return True
                pending.append(t.op)
        return False

    return [t for t in targets if depends(t)]


def _flat_attribute(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from _flat_attribute(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat_attribute(item)
    else:
        yield value


def _is_layer_like(value):
    return (
        not isinstance(value, type)
        and hasattr(value, "trainable_weights")
        and hasattr(value, "non_trainable_weights")
    )


def unique_objects(items):
    """The items without repetitions, compared by identity."""
    seen, out = set(), []
    for item in items:
        if id(item) not in seen:
            seen.add(id(item))
            out.append(item)
    return out


class Layer(Connected):
    """A function of tensors that owns variables.

    A subclass makes its variables in `build(input_shape)`, with `add_weight`, and its operations in
    `call(inputs)`. Calling the layer runs `build` before the first `call`.

    Args:
      trainable: whether its variables are for optimizers.
      name: string; default: from the name of the class, with a number.
      dtype: of the weights; default: that of the first input.
      **kwargs: input_shape, batch_input_shape, batch_size, weights, activity_regularizer.

    Raises:
      TypeError: for other keyword arguments.
    """

    # Whether layers and variables that are attributes belong to this layer.
    _tracks_attributes = True
    # Names of attributes that are never searched for layers and variables.
    _untracked = frozenset()
    # Where arguments that are given by name are looked up.
    _lookup = lookup
    built = False

    def __init__(self, trainable=True, name=None, dtype=None, dynamic=False, **kwargs):
        for kwarg in kwargs:
            if kwarg not in _KWARGS:
                raise TypeError("Keyword argument not understood:", kwarg)
        self._maybe_tracked = {}
        self._trainable_weights = []
        self._non_trainable_weights = []
        self._trainable = trainable
        self._dynamic = dynamic
        self.stateful = False
        self.supports_masking = False
        self._init_set_name(name)
        self._activity_regularizer = self._lookup.regularizer(
            kwargs.pop("activity_regularizer", None)
        )
        self._updates = []  # (update, whether it depends on no input)
        self._losses = []  # (loss or function that makes it, whether it depends on no input)
        self._dtype = None if dtype is None else dtypes.as_dtype(dtype).name
        self._input_spec = None
        self._inbound_nodes = []
        self._outbound_nodes = []
        self._initial_weights = kwargs.get("weights")
        if "input_dim" in kwargs and "input_shape" not in kwargs:
            kwargs["input_shape"] = (kwargs["input_dim"],)
        if "batch_input_shape" in kwargs:
            self._batch_input_shape = tuple(kwargs["batch_input_shape"])
        elif "input_shape" in kwargs:
            self._batch_input_shape = (kwargs.get("batch_size"), *kwargs["input_shape"])

    # For subclasses -----------------------------------------------------------------------------

    def build(self, input_shape):
        """Makes the variables. `input_shape`: TensorShape, or a structure of them."""
        self.built = True

    def call(self, inputs, **kwargs):
        """Makes the operations; returns tensors."""
        return inputs

    def compute_output_shape(self, input_shape):
        """The shape of the output for inputs of a shape."""
        raise NotImplementedError("%s does not say its output shape" % type(self).__name__)

    def compute_mask(self, inputs, mask=None):
        """The mask of the output: that of the input for layers that support masks."""
        if not self.supports_masking:
            if any(m is not None for m in nest.flatten(mask)):
                raise TypeError(
                    "Layer %s does not support masking, but was passed an input_mask: %s"
                    % (self.name, mask)
                )
            return None
        return mask

    def add_weight(self, name=None, shape=None, dtype=None, initializer=None, regularizer=None,
                   trainable=None, constraint=None, partitioner=None, use_resource=None,
                   synchronization=VariableSynchronization.AUTO,
                   aggregation=VariableAggregation.NONE, **kwargs):  # fmt: skip
        """Makes a variable that belongs to this layer.

        Args:
          name: string.
          shape: list of int or TensorShape.
          dtype: default: the layer's, else float32.
          initializer: default: Glorot-uniform for floating types, zeros for integers and bool.
          regularizer: function from the variable to a loss.
          trainable: default True, False with synchronization ON_READ.
          constraint: function that optimizers apply after an update.

        Raises:
          ValueError: if `trainable` contradicts, or an initializer is needed.
        """
        for kwarg in kwargs:
            if kwarg not in ("getter", "collections", "experimental_autocast", "caching_device"):
                raise TypeError("Unknown keyword argument:", kwarg)
        dtype = dtypes.as_dtype(dtype or self.dtype or dtypes.float32)
        trainable = self._wanted_trainable(trainable, synchronization)
        variable = self._make_variable(
            name,
            () if shape is None else shape,
            dtype,
            self._lookup.initializer(initializer) or self._default_initializer(name, dtype),
            trainable,
            self._lookup.constraint(constraint),
            **kwargs,
        )
        self._own_variable(variable, trainable)
        regularizer = self._lookup.regularizer(regularizer)
        if regularizer is not None:
            self._handle_weight_regularization(name, variable, regularizer)
        return variable

    def add_variable(self, *args, **kwargs):
        """Old name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    @staticmethod
    def _wanted_trainable(trainable, synchronization):
        if synchronization == VariableSynchronization.ON_READ:
            if trainable:
                raise ValueError(
                    "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                    "variables with trainable=False"
                )
            return False
        return True if trainable is None else trainable

    def _default_initializer(self, name, dtype):
        if dtype.is_floating:
            return init_ops.glorot_uniform_initializer()
        if dtype.is_integer or dtype.is_bool:
            return init_ops.zeros_initializer()
        raise ValueError(
            "An initializer for variable %s of type %s is required for layer %s"
            % (name, dtype.base_dtype, self.name)
        )

    def _make_variable(self, name, shape, dtype, initializer, trainable, constraint, getter=None,
                       collections=None, **unused):  # fmt: skip
        shape = tensor_shape.as_shape(shape).as_list()
        if getter is not None:
            return getter(
                name=name, shape=shape, dtype=dtype, initializer=initializer, trainable=trainable
            )
        if isinstance(initializer, type):
            initializer = initializer()
        by_value = not callable(initializer)
        return Variable(
            initial_value=initializer if by_value else lambda: initializer(shape, dtype=dtype),
            name=name,
            dtype=dtype,
            trainable=trainable,
            constraint=constraint,
            collections=collections,
        )

    def _own_variable(self, variable, trainable):
        (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)

    def _handle_weight_regularization(self, name, variable, regularizer):
        parts = list(variable) if hasattr(variable, "_get_variable_list") else [variable]
        for part in parts:

            def loss(part=part):
                with ops.init_scope(), ops.name_scope(name + "/Regularizer"):
                    return regularizer(part)

            self.add_loss(loss)

    def add_loss(self, losses, inputs=None):
        """Adds losses: tensors, or functions of no arguments that make them.

        Args:
          inputs: None for losses that do not depend on the inputs of the layer.
        """
        for loss in nest.flatten(losses):
            if loss is None:
                continue
            if not callable(loss) and not tensor_util.is_tensor(loss):
                loss = ops.convert_to_tensor(loss, dtype=dtypes.float32)
            self._losses.append((loss, inputs is None or callable(loss)))

    def _evaluated_losses(self):
        """(tensor, unconditional) of every own loss; functions are called once."""
        out = []
        for i, (loss, unconditional) in enumerate(self._losses):
            if callable(loss):
                loss = loss()
                self._losses[i] = (loss, unconditional)
            if loss is not None:
                out.append((loss, unconditional))
        return out

    def add_update(self, updates, inputs=None):
        """Adds operations that are to run beside the training step.

        Args:
          updates: Operations, Tensors or functions of no arguments that make them.
          inputs: what the updates depend on is found by itself.
        """
        frame = current_call()
        if frame is not None:
            relevant = nest.flatten(frame.inputs)
        else:
            relevant = [t for n in self._inbound_nodes for t in nest.flatten(n.input_tensors)]
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            if callable(update):
                update = update()
            if update is None:
                continue
            if isinstance(update, Variable):
                update = update.value()
            elif not isinstance(update, ops.Operation) and hasattr(update, "op"):
                update = update.op
            elif not isinstance(update, ops.Operation):
                update = ops.convert_to_tensor(update)
            self._updates.append((update, not reachable(relevant, [update])))

    # Calling ------------------------------------------------------------------------------------

    def __call__(self, inputs, *args, **kwargs):
        """Builds the layer if that was not done, then calls it."""
        if any(isinstance(x, (np.ndarray, float, int)) for x in nest.flatten(inputs)):
            inputs = nest.map_structure(
                lambda x: (
                    ops.convert_to_tensor(x) if isinstance(x, (np.ndarray, float, int)) else x
                ),
                inputs,
            )
        masks = self._collect_input_masks(inputs, args, kwargs)
        if masks is not None and self._accepts("mask") and not self._passed("mask", args, kwargs):
            kwargs["mask"] = masks
        training = self._training_argument(args, kwargs)
        with open_call(self, inputs, training), ops.name_scope(self._name_scope()):
            check_inputs(self.input_spec, inputs, self.name)
            self._maybe_build(inputs)
            outputs = self.call(inputs, *args, **kwargs)
            if outputs is None:
                raise ValueError(
                    "A layer's `call` method should return a Tensor or a list of Tensors, not "
                    "None (layer: " + self.name + ")."
                )
            self._handle_activity_regularization(inputs, outputs)
            self._set_mask_metadata(inputs, outputs, masks)
            return self._connect(inputs, outputs, args, kwargs)

    def apply(self, inputs, *args, **kwargs):
        """Same as calling the layer."""
        return self.__call__(inputs, *args, **kwargs)

    def _name_scope(self):
        return self.name

    def _connect(self, inputs, outputs, args, kwargs):
        """Records the call where the inputs come from layers of a model.

        An output that is one of the inputs is copied first, so that each has one origin.
        """
        flat = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if args or not any(is_layer_tensor(x) for x in flat):
            return outputs
        taken = {id(x) for x in flat}
        listed = isinstance(outputs, (list, tuple))
        copies = [
            array_ops.identity(y) if id(y) in taken else y
            for y in (outputs if listed else [outputs])
        ]
        masks = [getattr(y, "_keras_mask", None) for y in copies]
        record_call(self, inputs, copies, None, masks, None, kwargs)
        return copies if listed else copies[0]

    def _default_training(self):
        """Value of `training` where neither the caller nor an outer layer gives one."""
        return None

    def _maybe_build(self, inputs):
        if self.built:
            return
        flat = nest.flatten(inputs)
        if flat and self._dtype is None and hasattr(flat[0], "dtype"):
            self._dtype = dtypes.as_dtype(flat[0].dtype).base_dtype.name
        shapes = None
        if all(hasattr(x, "shape") for x in flat):
            shapes = nest.map_structure(lambda x: x.shape, inputs)
        self.build(shapes)
        self.built = True
        if self._initial_weights is not None:
            weights, self._initial_weights = self._initial_weights, None
            self.set_weights(weights)

    def _signature(self):
        call = type(self).__dict__.get("call") or type(self).call
        cached = type(self).__dict__.get("_call_signature")
        if cached is None or cached[0] is not call:
            parameters = list(inspect.signature(call).parameters.values())[1:]
            names = [
                p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            ]
            cached = (call, names, any(p.kind is p.VAR_KEYWORD for p in parameters))
            type(self)._call_signature = cached
        return cached[1], cached[2]

    def _accepts(self, argument):
        names, any_keyword = self._signature()
        return argument in names or any_keyword

    def _passed(self, argument, args, kwargs):
        if argument in kwargs:
            return True
        return argument in self._signature()[0][1 : 1 + len(args)]

    def _training_argument(self, args, kwargs):
        names, _ = self._signature()
        frame = current_call()
        outer = frame.training if frame is not None else None
        if "training" not in names:
            return outer
        if "training" in kwargs:
            given = kwargs["training"]
        elif self._passed("training", args, kwargs):
            given = args[names.index("training") - 1]
        else:
            given = None
            value = outer if outer is not None else self._default_training()
            if value is not None:
                kwargs["training"] = given = value
        return given

    def _collect_input_masks(self, inputs, args, kwargs):
        if "mask" in kwargs:
            return kwargs["mask"]
        flat = [getattr(x, "_keras_mask", None) for x in nest.flatten(inputs)]
        if all(m is None for m in flat):
            return None
        return nest.pack_sequence_as(inputs, flat)

    def _set_mask_metadata(self, inputs, outputs, masks):
        if not (self.supports_masking or type(self).compute_mask is not Layer.compute_mask):
            return
        flat = nest.flatten(outputs)
        if getattr(self, "_compute_output_and_mask_jointly", False):
            return
        mask = self.compute_mask(inputs, masks)
        flat_masks = nest.flatten(mask) if mask is not None else [None] * len(flat)
        for tensor, m in zip(flat, flat_masks):
            try:
                tensor._keras_mask = m
            except AttributeError:
                pass

    def _handle_activity_regularization(self, inputs, outputs):
        if not self._activity_regularizer:
            return
        with ops.name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                batch = math_ops.cast(array_ops.shape(output)[0], loss.dtype)
                self.add_loss(loss / batch, inputs=inputs)

    # Properties ---------------------------------------------------------------------------------

    def _init_set_name(self, name):
        self._name = name or unique_layer_name(snake_case(type(self).__name__), zero_based=True)

    @property
    def name(self):
        return self._name

    @property
    def dtype(self):
        """Name of the type of the weights, or None before it is known."""
        return self._dtype

    @property
    def dynamic(self):
        return self._dynamic

    @property
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = value
        for layer in self._sublayers():
            layer.trainable = value

    @property
    def activity_regularizer(self):
        """Function from an output to a loss, or None."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer):
        self._activity_regularizer = regularizer

    @property
    def input_spec(self):
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value):
        for spec in nest.flatten(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(f"Layer input_spec must be an instance of InputSpec. Got: {spec}")
        self._input_spec = value

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        if name[:1] == "_" and name not in self.__dict__.get("_maybe_tracked", ()):
            if not isinstance(value, (Layer, Variable)):
                return
        if self._tracks_attributes and "_maybe_tracked" in self.__dict__:
            if isinstance(value, (list, tuple, dict, Variable)) or _is_layer_like(value):
                self._maybe_tracked[name] = True

    def __delattr__(self, name):
        object.__delattr__(self, name)
        self._maybe_tracked.pop(name, None)

    def _tracked(self):
        if not self._tracks_attributes:
            return
        own = self.__dict__
        for name in list(self._maybe_tracked):
            if name not in self._untracked:
                yield from _flat_attribute(own.get(name))

    def _sublayers(self):
        """Layers that are attributes of this one, or in its lists and dicts."""
        return unique_objects(v for v in self._tracked() if v is not self and _is_layer_like(v))

    def _own_weights(self, trainable):
        listed = list(self._trainable_weights if trainable else self._non_trainable_weights)
        others = self._non_trainable_weights if trainable else self._trainable_weights
        for v in self._tracked():
            if isinstance(v, Variable) and bool(getattr(v, "trainable", True)) == trainable:
                if not any(v is o for o in others):
                    listed.append(v)
        return listed

    @property
    def trainable_weights(self):
        if not self.trainable:
            return []
        nested = [w for layer in self._sublayers() for w in layer.trainable_weights]
        return unique_objects(self._own_weights(True) + nested)

    @property
    def non_trainable_weights(self):
        own = self._own_weights(False)
        if self.trainable:
            nested = [w for layer in self._sublayers() for w in layer.non_trainable_weights]
        else:
            own = self._own_weights(True) + own
            nested = [w for layer in self._sublayers() for w in layer.weights]
        return unique_objects(own + nested)

    @property
    def weights(self):
        """All variables, those for training first."""
        return unique_objects(self.trainable_weights + self.non_trainable_weights)

    @property
    def variables(self):
        return self.weights

    @property
    def trainable_variables(self):
        return self.trainable_weights

    @property
    def non_trainable_variables(self):
        return self.non_trainable_weights

    @property
    def updates(self):
        if not self.trainable and not self.stateful:
            return []
        nested = [u for layer in self._sublayers() for u in getattr(layer, "updates", [])]
        return [u for u, _ in self._updates] + nested

    @property
    def losses(self):
        nested = [loss for layer in self._sublayers() for loss in getattr(layer, "losses", [])]
        return [loss for loss, _ in self._evaluated_losses()] + nested

    def _all_marked(self, own, attribute):
        marked = list(own(self))
        for layer in self._sublayers():
            if isinstance(layer, Layer):
                marked.extend(layer._all_marked(own, attribute))
            else:
                marked.extend((item, True) for item in getattr(layer, attribute, []))
        return marked

    def get_updates_for(self, inputs):
        """The updates that depend on `inputs`; None: those that depend on no inputs."""
        if inputs is None and not self.trainable and not self.stateful:
            return []
        return self._for_inputs(self._all_marked(lambda layer: layer._updates, "updates"), inputs)

    def get_losses_for(self, inputs):
        """The losses that depend on `inputs`; None: those that depend on no inputs."""
        own = self._all_marked(lambda layer: layer._evaluated_losses(), "losses")
        return self._for_inputs(own, inputs)

    @staticmethod
    def _for_inputs(marked, inputs):
        if inputs is None:
            return [item for item, unconditional in marked if unconditional]
        conditional = [item for item, unconditional in marked if not unconditional]
        return reachable(nest.flatten(inputs), conditional)

    def count_params(self):
        """Number of elements in all weights. Raises: ValueError before the layer is built."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. You "
                f"can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return int(sum(np.prod(w.shape.as_list()) for w in self.weights))

    # Configuration ------------------------------------------------------------------------------

    def get_config(self):
        """The arguments that make an equal layer, as plain Python values."""
        config = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "_batch_input_shape"):
            config["batch_input_shape"] = self._batch_input_shape
        config["dtype"] = self.dtype
        if self._dynamic:
            config["dynamic"] = True
        return config

    def _take_weight_options(self, arguments, *weights):
        """Sets `kernel_initializer` and so on of the named weights from a dict of arguments."""
        for weight in weights:
            for kind in ("initializer", "regularizer", "constraint"):
                option = "%s_%s" % (weight, kind)
                setattr(self, option, getattr(self._lookup, kind)(arguments[option]))

    def _kernel_config(self):
        """The part of the configuration that layers with an activation, kernel and bias share."""
        names = (
            "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
            "activity_regularizer", "kernel_constraint", "bias_constraint",
        )  # fmt: skip
        return {
            "activation": self._lookup.activation_name(self.activation),
            "use_bias": self.use_bias,
            **{name: self._lookup.serialized(getattr(self, name)) for name in names},
        }

    @classmethod
    def from_config(cls, config):
        """The layer that `get_config` described."""
        return cls(**config)

    def __deepcopy__(self, memo):
        """A copy with the same variables, tensors and scopes."""
        duplicate = type(self).__new__(type(self))
        memo[id(self)] = duplicate
        for key, value in self.__dict__.items():
            object.__setattr__(duplicate, key, _copied(value, memo))
        return duplicate


def _copied(value, memo):
    if isinstance(value, list):
        return [_copied(v, memo) for v in value]
    if isinstance(value, dict):
        return {k: _copied(v, memo) for k, v in value.items()}
    if isinstance(value, tuple):
        copies = [_copied(v, memo) for v in value]
        return type(value)(*copies) if hasattr(value, "_fields") else type(value)(copies)
    if isinstance(value, Layer):
        return memo[id(value)] if id(value) in memo else copy.deepcopy(value, memo)
    return value


__all__ = ["Layer", "current_call", "reachable", "snake_case", "unique_layer_name"]
