# SPDX-License-Identifier: Apache-2.0
"""Layer as Keras has it: called on tensors it leaves a record from which models are traced."""

from caudal.framework import dtypes, tensor_shape
from caudal.keras import backend as K
from caudal.keras.engine import lookup
from caudal.keras.legacy.interfaces import adapt_layer_class, legacy_add_weight_support
from caudal.keras.utils.generic_utils import has_arg, to_list, unpack_singleton
from caudal.layers import engine
from caudal.layers.input_spec import InputSpec, check_inputs
from caudal.layers.node import Node, record_call
from caudal.ops.ref_variable import Variable

__all__ = ["InputSpec", "Layer", "Node"]

_KWARGS = frozenset(
    "input_shape batch_input_shape batch_size dtype name trainable weights input_dtype "
    "activity_regularizer input_dim input_length dynamic autocast".split()
)


def _ids(inputs):
    """What tells calls apart for losses and updates: None stands for "does not depend on any"."""
    if inputs is None or (isinstance(inputs, (list, tuple)) and not inputs):
        return None
    return tuple(id(x) for x in to_list(inputs))


def _settable(known, attribute):
    """A property of the base that can be assigned as well."""
    return known.setter(lambda self, value: setattr(self, attribute, value))


class Layer(engine.Layer):
    """A function of tensors that owns variables.

    A subclass makes its variables in `build(input_shape)`, with `add_weight`, and its operations
    in `call(inputs)`. It says the shape of its output in `compute_output_shape(input_shape)`, where
    shapes are tuples with None for sizes that are not known; without that method, the shape is
    what the graph knows of the output.

    Args:
      input_shape, batch_input_shape, batch_size: shape of the inputs of a first layer, without and
        with the size of the batch.
      dtype: of the weights and of the inputs of a first layer; default: `K.floatx()`.
      name: string; default: from the name of the class, with a number.
      trainable: whether its weights are for optimizers.
      weights: list of arrays, the first values of the weights.

    Raises:
      TypeError: for other keyword arguments.
    """

    _lookup = lookup

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        adapt_layer_class(cls)

    def __init__(self, **kwargs):
        for kwarg in kwargs:
            if kwarg not in _KWARGS:
                raise TypeError("Keyword argument not understood:", kwarg)
        super().__init__(
            trainable=kwargs.get("trainable", True),
            name=kwargs.get("name"),
            activity_regularizer=kwargs.get("activity_regularizer"),
        )
        # (item, ids of the inputs that it depends on or None, layer)
        self._listed = {"losses": [], "updates": []}
        self._metrics = []
        self._initial_weights = kwargs.get("weights")
        dtype = kwargs.get("dtype") or kwargs.get("input_dtype")
        shape = kwargs.get("batch_input_shape")
        if shape is None:
            sizes = kwargs.get("input_shape")
            if sizes is None and kwargs.get("input_dim") is not None:
                sizes = (kwargs["input_dim"],)
                if "input_length" in kwargs:
                    sizes = (kwargs["input_length"],) + sizes
            if sizes is not None:
                sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
                shape = (kwargs.get("batch_size"),) + sizes
        if shape is not None:
            self.batch_input_shape = tuple(shape)
            dtype = dtype or K.floatx()
        if dtype is not None:
            self.dtype = dtype

    def _init_set_name(self, name):
        prefix = engine.snake_case(type(self).__name__)
        self._name = name or engine.numbered_layer_name(prefix, lambda: K.get_uid(prefix))

    # Plain attributes of Keras ------------------------------------------------------------------

    name = _settable(engine.Layer.name, "_name")
    # Layers inside keep their own flag: they count only while all around them are trainable.
    trainable = _settable(engine.Layer.trainable, "_trainable")
    trainable_weights = _settable(engine.Layer.trainable_weights, "_trainable_weights")
    non_trainable_weights = _settable(engine.Layer.non_trainable_weights, "_non_trainable_weights")

    @property
    def dtype(self):
        """Name of the type of the weights, or None: that of the first input."""
        return self._dtype

    @dtype.setter
    def dtype(self, value):
        self._dtype = None if value is None else dtypes.as_dtype(value).name

    # For subclasses -----------------------------------------------------------------------------

    def compute_output_shape(self, input_shape):
        """The shape of the output for inputs of a shape: a tuple, or a list of tuples."""
        return input_shape

    @legacy_add_weight_support
    def add_weight(self, name=None, shape=None, dtype=None, initializer=None, regularizer=None,
                   trainable=True, constraint=None, **kwargs):  # fmt: skip
        """Makes a variable that belongs to this layer.

        Args:
          name: string.
          shape: tuple of int.
          dtype: default: `K.floatx()`.
          initializer, regularizer, constraint: objects, functions or names.
          trainable: whether optimizers change it.
        """
        for kwarg in kwargs:
            if kwarg not in ("synchronization", "aggregation", "use_resource", "getter",
                             "partitioner", "collections", "experimental_autocast"):  # fmt: skip
                raise TypeError("Unknown keyword argument:", kwarg)
        trainable = self._wanted_trainable(trainable, kwargs.get("synchronization"))
        dtype = dtype or self.dtype or K.floatx()
        initializer = self._lookup.initializer(initializer)
        if initializer is None:
            initializer = self._default_initializer(name, dtypes.as_dtype(dtype))
        weight = Variable(
            self._initial_value(initializer, tuple(shape or ()), dtype),
            dtype=dtypes.as_dtype(dtype),
            name=name,
            constraint=self._lookup.constraint(constraint),
            trainable=trainable,
        )
        weight._keras_shape = tuple(weight.shape.as_list())
        weight._uses_learning_phase = False
        regularizer = self._lookup.regularizer(regularizer)
        if regularizer is not None:
            with K.name_scope("weight_regularizer"):
                self.add_loss(regularizer(weight))
        self._own_variable(weight, trainable)
        return weight

    @staticmethod
    def _initial_value(initializer, shape, dtype):
        if isinstance(initializer, type):
            initializer = initializer()
        return (
            initializer(shape, dtype=dtype) if has_arg(initializer, "dtype") else initializer(shape)
        )

    def add_loss(self, losses, inputs=None):
        """Adds scalars to what a model minimises.

        Args:
          losses: tensor or list of tensors.
          inputs: tensors that the losses depend on; None: only on weights.
        """
        self._add(self._listed["losses"], losses, inputs)

    def add_update(self, updates, inputs=None):
        """Adds operations that run beside every training step.

        Args:
          updates: list of operations, or of (variable, new value).
          inputs: tensors that the updates depend on; None: on none.
        """
        self._add(self._listed["updates"], updates, inputs)

    def _add(self, listed, items, inputs):
        key = _ids(inputs)
        for item in items if isinstance(items, list) else [items]:
            if item is not None and not (isinstance(item, list) and not item):
                listed.append((item, key, self))

    def add_metric(self, value, aggregation=None, name=None):
        """Adds a scalar tensor that `fit` and `evaluate` report under a name.

        Args:
          value: tensor; its mean is reported.
          aggregation: None or "mean".
          name: string.
        """
        if aggregation not in (None, "mean"):
            raise ValueError(
                'Layer %s: `aggregation` must be None or "mean", got %r' % (self.name, aggregation)
            )
        self._metrics.append((name or "%s_metric_%d" % (self.name, len(self._metrics) + 1),
                              K.mean(value)))  # fmt: skip

    # Losses and updates -------------------------------------------------------------------------

    def get_updates_for(self, inputs=None):
        """The updates that depend on `inputs`; None: those that depend on no inputs."""
        if not self._updates_run():
            return []
        return [
            u
            for u, owner in self._listed_for("updates", inputs)
            if owner.trainable or owner.stateful
        ]

    def get_losses_for(self, inputs=None):
        """The losses that depend on `inputs`; None: those that depend on no inputs."""
        return [loss for loss, _ in self._listed_for("losses", inputs)]

    def _updates_run(self):
        """A frozen layer keeps its averages as they are."""
        return self.trainable or self.stateful

    def _listed_for(self, what, inputs):
        key = _ids(inputs)
        return [(item, owner) for item, k, owner in self._nested(what) if k == key]

    def _nested(self, what):
        """(item, ids of the inputs that it depends on, layer) of this layer and those inside."""
        found = list(self._listed[what])
        for layer in self._sublayers():
            if isinstance(layer, Layer):
                found.extend(layer._nested(what))
            else:
                found.extend((item, None, layer) for item in getattr(layer, what))
        return found

    @property
    def losses(self):
        return [loss for loss, _, _ in self._nested("losses")]

    @property
    def updates(self):
        if not self._updates_run():
            return []
        return [u for u, _, owner in self._nested("updates") if owner.trainable or owner.stateful]

    # Calling ------------------------------------------------------------------------------------

    def __call__(self, inputs, **kwargs):
        """Builds the layer if that was not done, calls it, and records the call.

        Args:
          inputs: tensor, or list of tensors.
          **kwargs: further arguments of `call`.

        Raises:
          ValueError: for inputs that are no tensors, or that do not fit `input_spec`.
        """
        if isinstance(inputs, (list, tuple)):
            inputs = list(inputs)
        training = kwargs.get("training")
        if training is None and engine.current_call() is not None:
            training = engine.current_call().training
            if training is not None and self._accepts_named("training"):
                kwargs["training"] = training
        with engine.open_call(self, inputs, training), K.name_scope(self.name):
            self.assert_input_compatibility(inputs)
            self._build_for(inputs)
            return self._called(inputs, kwargs)

    def assert_input_compatibility(self, inputs):
        """Raises ValueError if inputs are no tensors, or do not fit `input_spec`."""
        self._check_symbolic(inputs)
        check_inputs(self.input_spec, inputs, self.name)

    def _check_symbolic(self, inputs):
        if isinstance(inputs, list) and not inputs:
            raise ValueError("Layer %s was called on an empty list of inputs" % self.name)
        for x in to_list(inputs):
            try:
                K.is_keras_tensor(x)
            except ValueError:
                raise ValueError(
                    "Layer %s was called with an input that isn't a symbolic tensor. Received "
                    "type: %s. Full input: %s. All inputs to the layer should be tensors."
                    % (self.name, type(x), inputs)
                ) from None

    def _accepts_named(self, argument):
        return argument in self._signature()[0]

    def _build_for(self, inputs):
        if self.built:
            return
        self.build(unpack_singleton([K.int_shape(x) for x in to_list(inputs)]))
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None
        check_inputs(self.input_spec, inputs, self.name)

    def _called(self, inputs, kwargs):
        flat = to_list(inputs)
        masks = unpack_singleton([getattr(x, "_keras_mask", None) for x in flat])
        arguments = dict(kwargs)
        if any(m is not None for m in to_list(masks)) and self._accepts("mask"):
            kwargs.setdefault("mask", masks)
        outputs = self.call(inputs, **kwargs)
        if outputs is None:
            raise ValueError(
                "A layer's `call` method should return a tensor or a list of tensors, not None "
                "(layer: %s)." % self.name
            )
        output_mask = self.compute_mask(inputs, masks)
        # A tensor that is handed on is copied, so that each has one origin.
        taken = {id(x) for x in flat}
        outputs = [K.identity(y) if id(y) in taken else y for y in to_list(outputs, True)]
        self._regularize_activity(inputs, outputs)
        record_call(
            self,
            inputs,
            outputs,
            masks,
            output_mask if isinstance(output_mask, list) else [output_mask] * len(outputs),
            self._output_shapes(flat, outputs),
            arguments,
        )
        return unpack_singleton(outputs)

    def _output_shapes(self, inputs, outputs):
        """Tuples: what `compute_output_shape` says where there is such a method."""
        shapes = [K.int_shape(x) for x in inputs]
        if any(s is None for s in shapes) or self._asks_graph():
            return [K.int_shape(y) for y in outputs]
        computed = self.compute_output_shape(unpack_singleton(shapes))
        computed = [computed] if not isinstance(computed, list) else computed
        if len(computed) != len(outputs):
            return [K.int_shape(y) for y in outputs]
        return [None if s is None else tuple(tensor_shape.as_shape(s).as_list()) for s in computed]

    def _asks_graph(self):
        return type(self).compute_output_shape is Layer.compute_output_shape

    def _regularize_activity(self, inputs, outputs):
        regularizer = getattr(self, "activity_regularizer", None)
        if regularizer is not None:
            with K.name_scope("activity_regularizer"):
                self.add_loss([regularizer(y) for y in outputs], inputs=inputs)

    def compute_mask(self, inputs, mask=None):
        """The mask of the output: that of the input for layers that support masks."""
        if not self.supports_masking:
            if mask is not None and any(m is not None for m in to_list(mask)):
                raise TypeError(
                    "Layer %s does not support masking, but was passed an input_mask: %s"
                    % (self.name, mask)
                )
            return None
        return mask

    # Connections --------------------------------------------------------------------------------

    def get_input_mask_at(self, node_index):
        return self._get_node_attribute_at_index(node_index, "input_masks", "input mask")

    def get_output_mask_at(self, node_index):
        return self._get_node_attribute_at_index(node_index, "output_masks", "output mask")

    @property
    def input_mask(self):
        """The mask of the input of a layer that was connected once."""
        return self._only_node("input_masks", "input mask")

    @property
    def output_mask(self):
        """The mask of the output of a layer that was connected once."""
        return self._only_node("output_masks", "output mask")

    def _only_node(self, attribute, what):
        if len(self._inbound_nodes) != 1:
            raise AttributeError(
                "Layer %s has multiple inbound nodes, or none; its %s is ill-defined. Use "
                "`get_%s_at(node_index)` instead." % (self.name, what, what.replace(" ", "_"))
            )
        return self._get_node_attribute_at_index(0, attribute, what)

    # Values and configuration -------------------------------------------------------------------

    def _read(self, variables):
        return K.batch_get_value(variables)

    def _write(self, values):
        K.batch_set_value(values)

    def count_params(self):
        """Number of elements in all weights. Raises: RuntimeError before the layer is built."""
        if not self.built and not self._build_alone():
            raise RuntimeError(
                "You tried to call `count_params` on %s, but the layer isn't built. You can build "
                "it manually via: `%s.build(batch_input_shape)`." % (self.name, self.name)
            )
        return super().count_params()

    def _build_alone(self):
        return False

    def get_config(self):
        """The arguments that make an equal layer, as plain Python values."""
        config = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "batch_input_shape"):
            config["batch_input_shape"] = self.batch_input_shape
        if self.dtype is not None:
            config["dtype"] = self.dtype
        return config
