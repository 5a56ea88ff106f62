# SPDX-License-Identifier: Apache-2.0
"""Layer as `tf.layers` has it: variables by `tf.get_variable`, losses and updates in collections.

RNN cells stand on it as well.
"""

from caudal.framework import dtypes, ops
from caudal.layers import engine
from caudal.layers.input_spec import InputSpec
from caudal.ops import variable_scope as vs
from caudal.ops.ref_variable import VariableAggregation, VariableSynchronization

__all__ = ["InputSpec", "Layer"]


def _add_missing(items, key):
    """Adds to a collection what is not in it."""
    held = ops.get_collection_ref(key)
    known = {id(item) for item in held}
    for item in items:
        if id(item) not in known:
            known.add(id(item))
            held.append(item)


class Layer(engine.Layer):
    """Base class of the layers of `tf.layers`.

    Its variables are found or made by `tf.get_variable` in a variable scope that the first call
    opens, so that reuse, custom getters, and defaults of scopes around it apply. Losses of
    regularizers go to GraphKeys.REGULARIZATION_LOSSES, updates to GraphKeys.UPDATE_OPS.

    Args:
      trainable: whether its variables go to GraphKeys.TRAINABLE_VARIABLES.
      name: string: name of the scope. Default: from the name of the class, made unique.
      dtype: of the weights; default: that of the first input.
      **kwargs: `_scope`: variable scope, or its name, to use; `_reuse`: whether the variables must
        exist; `activity_regularizer`.
    """

    _tracks_attributes = False

    def __init__(self, trainable=True, name=None, dtype=None, **kwargs):
        # Parts of TensorFlow's own libraries ask for both by these names.
        self._reuse = kwargs.pop("_reuse", None)
        scope = kwargs.pop("_scope", None)
        self._scope = None
        self._current_scope = None
        self._reused_scope = None
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._takes_scope = "scope" in self._signature()[0]
        if scope:
            with vs.variable_scope(scope) as captured:
                self._scope = captured

    def _init_set_name(self, name):
        self._base_name = name
        self._name = name
        if not name:
            self._base_name = engine.snake_case(type(self).__name__)
            self._name = engine.unique_layer_name(self._base_name)

    @property
    def graph(self):
        return None

    @property
    def scope_name(self):
        """Name of the variable scope. Raises: ValueError before the first call."""
        if not self._scope:
            raise ValueError(
                'No name available for layer scope because the layer "' + self._name + '" has not '
                "been used yet. The scope name  is determined the first time the layer instance is "
                "called. You must therefore call the layer before querying `scope_name`."
            )
        return self._scope.name

    def _set_scope(self, scope=None):
        if self._scope is not None:
            return
        if self._reuse:
            context = vs.variable_scope(self._base_name if scope is None else scope)
        else:
            context = vs.variable_scope(scope, default_name=self._base_name)
        with context as captured:
            self._scope = captured

    def _name_scope(self):
        return self._current_scope.original_name_scope

    def add_weight(self, name, shape, dtype=None, initializer=None, regularizer=None,
                   trainable=None, constraint=None, use_resource=None,
                   synchronization=VariableSynchronization.AUTO,
                   aggregation=VariableAggregation.NONE, partitioner=None, **kwargs):  # fmt: skip
        """Finds or makes a variable in the layer's scope.

        Args:
          name: string.
          shape: list of int or TensorShape.
          dtype: default: the layer's, else float32.
          initializer: default: that of the variable scope, else Glorot-uniform for floating types
            and zeros for others.
          regularizer: function from the variable to a loss; applied when the variable is new.
          trainable: default True, False with synchronization ON_READ.
          constraint: function that optimizers apply after an update.
          partitioner, use_resource, synchronization, aggregation: as for `tf.get_variable`.

        Returns:
          The Variable.
        """
        for kwarg in kwargs:
            if kwarg not in ("experimental_autocast", "caching_device", "getter"):
                raise TypeError("Unknown keyword argument:", kwarg)
        trainable = self._wanted_trainable(trainable, synchronization) and self.trainable
        dtype = dtypes.as_dtype(dtype or self.dtype or dtypes.float32)
        self._set_scope(None)
        regularizer = self._lookup.regularizer(regularizer)
        existing = set()
        if regularizer is not None:
            existing.update(map(id, ops.get_collection_ref(ops.GraphKeys.GLOBAL_VARIABLES)))
        reuse = self.built or self._reuse
        before = self._current_scope
        with vs.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            try:
                with ops.name_scope(self._name_scope()):
                    initializer = self._lookup.initializer(initializer) or scope.initializer
                    variable = vs.get_variable(
                        name,
                        shape=shape,
                        dtype=dtype,
                        initializer=initializer or self._default_initializer(name, dtype),
                        trainable=trainable,
                        constraint=self._lookup.constraint(constraint),
                        partitioner=partitioner,
                        use_resource=use_resource,
                        synchronization=synchronization,
                        aggregation=aggregation,
                    )
                    # A custom getter may have made it otherwise.
                    self._own_variable(variable, trainable and getattr(variable, "trainable", True))
                    if regularizer is not None and not self._is_old(variable, existing):
                        self._handle_weight_regularization(name, variable, regularizer)
            finally:
                self._current_scope = before if before is not None else scope
        return variable

    @staticmethod
    def _is_old(variable, existing):
        parts = variable if hasattr(variable, "_get_variable_list") else [variable]
        return any(id(part) in existing for part in parts)

    def add_loss(self, losses, inputs=None):
        """Adds losses, see the base class, also to GraphKeys.REGULARIZATION_LOSSES."""
        first = len(self._losses)
        super().add_loss(losses, inputs=inputs)
        self._evaluated_losses()
        new = [loss for loss, _ in self._losses[first:] if loss is not None]
        _add_missing(new, ops.GraphKeys.REGULARIZATION_LOSSES)

    def __call__(self, inputs, *args, **kwargs):
        """Builds the layer if that was not done, then calls it.

        Args:
          inputs: tensors.
          *args, **kwargs: further arguments of `call`; `scope`: variable scope, or its name, for a
            layer that has none yet.
        """
        self._set_scope(kwargs.pop("scope", None))
        if self.built:
            if self._reused_scope is None:
                self._reused_scope = vs.variable_scope(
                    self._scope, reuse=True, auxiliary_name_scope=False
                )
            context = self._reused_scope
        else:
            context = vs.variable_scope(self._scope, reuse=self._reuse, auxiliary_name_scope=False)
        with context as scope:
            self._current_scope = scope
            if self._takes_scope:
                kwargs["scope"] = scope
            outputs = super().__call__(inputs, *args, **kwargs)
        if self._updates:
            _add_missing(self.updates, ops.GraphKeys.UPDATE_OPS)
        return outputs
